"""What pages that programs write have in common: where they stand, tables, figures, parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DOCS", "ROOT", "Images", "cell", "joined", "table", "write"]

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], *, left: int | None = None
) -> str:
    """Return a Markdown table.

    Parameters
    ----------
    heads : sequence of str
    rows : iterable of sequence
        Cells, shown as text.
    left : int, optional
        How many columns are set left, the first ones; others are set right. Default: all.
    """
    rule = ["---" if left is None or k < left else "---:" for k in range(len(heads))]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in [heads, rule, *rows])


def cell(text: str) -> str:
    """Return text that may stand in a cell of a table."""
    return text.replace("|", "\\|")


def joined(parts: Iterable[str]) -> str:
    """Return the parts of a page as one text, with an empty line between them."""
    return "\n".join(part.rstrip() + "\n" for part in parts)


class Images:
    """The folder of a page's figures, ``images/NAME`` beside it.

    Parameters
    ----------
    docs : Path
        Folder of the page.
    name : str
    """

    def __init__(self, docs: Path, name: str):
        self._docs, self._folder = docs, docs / "images" / name
        self._folder.mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Remove what an earlier run drew."""
        for old in self._folder.glob("*.png"):
            old.unlink()

    def add(self, figure: Figure, name: str) -> str:
        """Save a figure and return what shows it, with its text alternative, in Markdown."""
        from cxsim.charts.style import (
            alternative_text,
            save,
        )  # pages of tables start without matplotlib

        path = self._folder / f"{name}.png"
        save(figure, path)
        return f"![{alternative_text(figure)}]({path.relative_to(self._docs).as_posix()})"


def write(path: Path, text: str) -> Path:
    """Write a page, with the same line ends on every system, and return its path."""
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
