"""Numbers as people write them: percent, thousands, three digits that matter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import FuncFormatter

from cxsim.plot.words import PLAIN, Words

__all__ = ["Scale", "Words", "joined", "number", "plain", "scale_for"]

#: From which amount on money is shown in which unit.
_SIZES = ((1e9, 1e9, "billion"), (1e6, 1e6, "million"), (1e4, 1e3, "thousand"))

#: Keeps a number and its unit on one line.
FIXED_SPACE = "\u00a0"


def number(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """Return a number with so many significant digits, and never an exponent.

    Examples
    --------
    >>> number(1234.5), number(0.01234), number(-7.0)
    ('1,230', '0.0123', '−7')
    """
    if not math.isfinite(value):
        return "no value"
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    text = f"{abs(rounded):,.{max(places, 0)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    sign = "−" if rounded < 0 else "+" if signed and rounded > 0 else ""
    return sign + text


@dataclass(frozen=True)
class Scale:
    """How the values of one axis are written.

    Attributes
    ----------
    factor : float
        From the value in the frame to the number shown.
    unit : str
        For the axis label; empty for pure numbers.
    suffix : str
        After a number in running text.
    decimals : int or None
        Fixed places after the point; None for three significant digits.
    """

    factor: float = 1.0
    unit: str = ""
    suffix: str = ""
    decimals: int | None = None

    def bare(self, value: float, *, signed: bool = False) -> str:
        """Return the number shown, without its unit."""
        shown = value * self.factor
        if self.decimals is None or not math.isfinite(shown):
            return number(shown, signed=signed)
        rounded = round(shown, self.decimals) or 0.0
        sign = "−" if rounded < 0 else "+" if signed and rounded > 0 else ""
        return f"{sign}{abs(rounded):,.{self.decimals}f}"

    def text(self, value: float, *, signed: bool = False) -> str:
        """Return the number with its unit, for sentences and labels."""
        if not math.isfinite(value):
            return "no value"
        space = FIXED_SPACE if self.suffix else ""
        return f"{self.bare(value, signed=signed)}{space}{self.suffix}"

    def brief(self, value: float, *, signed: bool = False) -> str:
        """Return the number for a label beside an axis that says the unit."""
        percent = self.suffix == "%" and math.isfinite(value)
        return self.bare(value, signed=signed) + (f"{FIXED_SPACE}%" if percent else "")

    @property
    def ticks(self) -> FuncFormatter:
        """Formatter of an axis on which values stand as in the frame."""
        return FuncFormatter(lambda value, _: number(round(value * self.factor, 9), 6))

    def axis(self, label: str) -> str:
        """Return the label of an axis with its unit."""
        return f"{label} ({self.unit})" if self.unit else label


def scale_for(
    unit: str, values: Iterable[float], *, words: Words = PLAIN, difference: bool = False
) -> Scale:
    """Return how to write values of a unit.

    Parameters
    ----------
    unit : str
        As measures declare it; shares are shown in percent, large sums of money in
        thousands or more.
    values : iterable of float
        What will be shown; decides how many digits are needed.
    words : Words
        What the currency and a period are called.
    difference : bool
        Differences of shares are percentage points.
    """
    shown = np.asarray(list(values), dtype=float)
    shown = shown[np.isfinite(shown)]
    top = float(np.abs(shown).max()) if shown.size else 0.0
    said = unit.replace("per period", f"per {words.period}")
    kind = unit.partition(" ")[0]
    if kind == "share":
        span = top if difference else float(np.ptp(shown)) if shown.size else 0.0
        name, suffix = ("percentage points", "points") if difference else ("%", "%")
        whole = not difference and bool(np.allclose(shown * 100, np.round(shown * 100)))
        return Scale(100.0, said.replace("share", name), suffix, 0 if span >= 0.1 or whole else 1)
    if unit in ("", "1", "index"):
        return Scale()
    if kind != "currency":
        return Scale(unit=said)
    said = said.replace("currency", words.currency or "currency units")
    for least, factor, word in _SIZES:
        if top >= least:
            return Scale(1 / factor, f"{word} {said}", f"{word} {words.currency}".strip())
    return Scale(1.0, said, words.currency, 2 if top < 100 else 1 if top < 1000 else 0)


def joined(parts: Iterable[str]) -> str:
    """Return ``a, b and c``."""
    *most, last = list(parts)
    return f"{', '.join(most)} and {last}" if most else last


def plain(text: str) -> str:
    """Return text on one line with ordinary spaces, for descriptions read aloud."""
    return " ".join(text.replace(FIXED_SPACE, " ").split())
