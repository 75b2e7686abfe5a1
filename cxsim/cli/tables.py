"""Tables for a terminal: aligned, and no wider than 100 columns."""

from __future__ import annotations

from collections.abc import Sequence

import click

__all__ = ["print_table"]

WIDTH = 100


def print_table(
    heading: Sequence[str], rows: Sequence[Sequence[str]], *, left: int, indent: int = 0
) -> None:
    """Print a table whose first ``left`` columns are words and whose others are numbers.

    A first column that says what the row above says is left empty. Words that do not
    fit are cut.
    """
    lines = [list(heading), *(list(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(heading))]
    over = indent + sum(widths) + 2 * (len(widths) - 1) - WIDTH
    for k in sorted(range(left), key=lambda k: -widths[k]):
        cut = min(max(over, 0), max(widths[k] - 12, 0))
        widths[k] -= cut
        over -= cut
    before = ""
    for number, line in enumerate(lines):
        cells = []
        for k, text in enumerate(line):
            if k == 0 and number > 1 and text == before:
                text = ""
            text = text if len(text) <= widths[k] else text[: widths[k] - 1] + "…"
            cells.append(text.ljust(widths[k]) if k < left else text.rjust(widths[k]))
        before = line[0]
        click.echo(" " * indent + "  ".join(cells).rstrip())
        if number == 0:
            click.echo(" " * indent + "-" * min(WIDTH - indent, sum(widths) + 2 * (len(widths) - 1)))
