"""Text from files and names, made harmless where it is shown: on terminals and in spreadsheets."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell", "cells", "from_cell", "visible"]

#: Longest line that is printed, in characters.
LINE = 4000

#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

#: Joiners that scripts need; every other mark without a shape is written out.
_JOINERS = "\u200c\u200d"


def visible(text: str, *, longest: int = LINE) -> str:
    r"""Return text that does nothing to a terminal but show: what would act is written out.

    Control characters and escape sequences (colours, titles, clipboards), marks that turn
    the direction of writing, and lines without end become visible; line ends and tabs stay.

    Parameters
    ----------
    text : str
    longest : int
        Characters of a line; a longer one loses its middle.

    Examples
    --------
    >>> print(visible("red: \x1b[31m, title: \x1b]0;hello\x07, back: \u202e."))
    red: \x1b[31m, title: \x1b]0;hello\x07, back: \u202e.
    >>> visible("a" * 50, longest=20)
    'aaaaaaa ... aaaaaaaa'
    """
    if len(text) <= longest and text.isascii() and text.isprintable():
        return text
    return "\n".join(_line(line, longest) for line in text.split("\n"))


def _line(line: str, longest: int) -> str:
    if len(line) > longest:
        kept = max(longest - 5, 2)
        line = f"{line[: kept // 2]} ... {line[-(kept - kept // 2) :]}"
    return "".join(c if _shows(c) else c.encode("unicode_escape").decode() for c in line)


def _shows(character: str) -> bool:
    if character.isprintable() or character == "\t" or character in _JOINERS:
        return True
    return unicodedata.category(character) == "Zs"  # spaces of other widths


def cell(value: object) -> object:
    """Return a cell of a spreadsheet: a text that would be run as a formula gets a quote in front.

    Numbers stay as they are, also those written as text.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> [cell(value) for value in ("=1+1", "+cmd|' '!A1", "@SUM(1)", "-2.5", "-", "Ann", -2.5)]
    ["'=1+1", "'+cmd|' '!A1", "'@SUM(1)", '-2.5', '-', 'Ann', -2.5]
    """
    if not isinstance(value, str) or len(value) < 2 or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def from_cell(value: str) -> str:
    """Return the text that :func:`cell` made a cell of.

    Parameters
    ----------
    value : str

    Examples
    --------
    >>> from_cell("'=1+1"), from_cell("'tis")
    ('=1+1', "'tis")
    """
    return value[1:] if value.startswith("'") and cell(value[1:]) == value else value


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts, names of columns among them, no spreadsheet runs.

    Every CSV and XLSX file is written from it.

    Parameters
    ----------
    frame : DataFrame
    """
    made = frame.rename(columns=cell)
    for name, kind in zip(made.columns, made.dtypes, strict=True):
        if kind.kind not in "biufcmM":
            made[name] = made[name].astype(object).map(cell, na_action="ignore")
    return made
