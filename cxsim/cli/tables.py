"""Tables for a terminal: aligned, and no wider than 100 columns."""

from __future__ import annotations

from collections.abc import Sequence

from cxsim.cli.saying import say

__all__ = ["WIDTH", "print_table"]

#: Columns that every table fits into.
WIDTH = 100


def print_table(heading: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> None:
    """Print a table whose first ``left`` columns are words and whose others are numbers.

    A heading may take several lines. A row of one cell is a heading within the table.
    Words that do not fit are cut.
    """
    stacked = [text.split("\n") for text in heading]
    depth = max(map(len, stacked))
    stacked = [[""] * (depth - len(lines)) + lines for lines in stacked]
    tops = [[lines[k] for lines in stacked] for k in range(depth)]
    full = [row for row in [*tops, *rows] if len(row) == len(heading)]
    widths = [max(len(row[k]) for row in full) for k in range(len(heading))]
    over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
    for k in sorted(range(len(widths)), key=lambda k: -widths[k]):
        least = 12 if k < left else max((len(row[k]) for row in full[depth:]), default=0)
        cut = min(max(over, 0), max(widths[k] - least, 0))
        widths[k] -= cut
        over -= cut
    for number, row in enumerate([*tops, *rows], 1):
        if len(row) < len(heading):
            say(_cut(row[0], WIDTH))
            continue
        cells = [_cut(text, width) for text, width in zip(row, widths, strict=True)]
        placed = [
            text.ljust(width) if k < left else text.rjust(width)
            for k, (text, width) in enumerate(zip(cells, widths, strict=True))
        ]
        say("  ".join(placed).rstrip())
        if number == depth:
            say("-" * min(WIDTH, sum(widths) + 2 * (len(widths) - 1)))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
