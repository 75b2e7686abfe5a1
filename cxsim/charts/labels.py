"""Numbers as people write them: percent, thousands, three digits that matter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter

from cxsim.messages import hint
from cxsim.runs.measures.measure_registry import measures

# -- What a scenario calls things: a period, its currency, customers, firms, purchases, prices --


#: Words that a scenario's ``labels`` replace, with their plurals.
_NAMED = {
    "customer": "customers", "purchase": "purchases", "price": "prices", "firm": "firms",
    "profit": "profits",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """The scenario's labels of a period and its currency; no currency if it is not known.

    ``customer``, ``purchase``, ``price``, ``firm`` and ``profit`` are its labels for these: one
    word, or singular and plural with a stroke between them (``"child/children"``).
    """

    period: str = "period"
    currency: str = ""
    customer: str = "customer"
    purchase: str = "purchase"
    price: str = "price"
    firm: str = "firm"
    profit: str = "profit"

    @classmethod
    def of(cls, said: Mapping[Any, Any]) -> Words:
        """Return the words that the ``attrs`` of a frame give.

        Parameters
        ----------
        said : mapping
            ``attrs`` of a frame; what is missing has the usual words.

        Returns
        -------
        Words
        """
        named = {"period": said.get("period_length"), **{k: said.get(k) for k in _OTHERS}}
        return cls(**{name: str(word) for name, word in named.items() if word})

    def attrs(self) -> dict[str, str]:
        """Return the texts in a frame's ``attrs``."""
        own = {k: v for k, v in asdict(self).items() if k in _NAMED and v != k}
        return {"period_length": self.period, "currency": self.currency, **own}

    @cached_property
    def _renamed(self) -> dict[str, str]:
        renamed: dict[str, str] = {}
        for word, plural in _NAMED.items():
            one, _, many = getattr(self, word).partition("/")
            if one != word:
                renamed |= {word: one, plural: many or _plural(one)}
        return renamed

    def say(self, text: str, *, keep: Iterable[str] = ()) -> str:
        """Return a text in which customers, purchases, prices, firms, profit have their labels.

        Options of the command line and dotted paths stay as they are.

        Parameters
        ----------
        text : str
        keep : iterable of str
            Names in which nothing is replaced: those of firms and scenarios.

        Examples
        --------
        >>> Words(customer="patient").say("Customers won from other customers")
        'Patients won from other patients'
        """
        if not self._renamed:
            return text
        names = sorted((re.escape(name) for name in keep if name), key=len, reverse=True)
        known = "|".join(map(re.escape, self._renamed))
        pattern = "|".join(
            [*(f"(?:{name})" for name in names), rf"(?<!-)(?<![\w.])(?P<word>{known})\b(?!\.\w)"]
        )

        def replaced(match: re.Match[str]) -> str:
            found = match.group("word")
            if found is None:
                return match.group()
            said = self._renamed[found.lower()]
            return said[:1].upper() + said[1:] if found[:1].isupper() else said

        return re.sub(pattern, replaced, text, flags=re.IGNORECASE)


#: What things are called if nobody said.
PLAIN = Words()


_OTHERS = [field.name for field in fields(Words) if field.name != "period"]


def _plural(word: str) -> str:
    """Return the plural of a regular English noun."""
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(s|x|ch|sh)$", word) else f"{word}s"


# -- Numbers as people write them: percent, thousands, three digits that matter ----------------


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
    text = fixed(value, digits - 1 - math.floor(math.log10(abs(value))), signed=signed)
    return text.rstrip("0").rstrip(".") if "." in text else text


def fixed(value: float, places: int, *, signed: bool = False) -> str:
    """Return a finite number rounded to so many places after the point, or before it if below 0."""
    rounded = round(value, places) or 0.0
    sign = "−" if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,.{max(places, 0)}f}"


@dataclass(frozen=True)
class Scale:
    """Number format of one axis.

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
        return fixed(shown, self.decimals, signed=signed)

    def text(self, value: float, *, signed: bool = False) -> str:
        """Return the number with its unit, for sentences and labels.

        Parameters
        ----------
        value : float
            As in the frame.
        signed : bool
            Whether positive numbers have a sign.

        Returns
        -------
        str
            ``"no value"`` for what is not finite.
        """
        if not math.isfinite(value):
            return "no value"
        space = FIXED_SPACE if self.suffix else ""
        return f"{self.bare(value, signed=signed)}{space}{self.suffix}"

    def brief(self, value: float, *, signed: bool = False) -> str:
        """Return the number for a label beside an axis that says the unit.

        Parameters
        ----------
        value : float
            As in the frame.
        signed : bool
            Whether positive numbers have a sign.

        Returns
        -------
        str
            With ``%`` where the unit is that, else the bare number.
        """
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
    """Return ``a, b and c``.

    Parameters
    ----------
    parts : iterable of str
        At least one.

    Returns
    -------
    str
    """
    *most, last = list(parts)
    return f"{', '.join(most)} and {last}" if most else last


def plain(text: str) -> str:
    """Return text on one line with ordinary spaces, for descriptions read aloud."""
    return " ".join(text.replace(FIXED_SPACE, " ").split())


# -- What a figure needs of a frame, and the words and order it takes from it ------------------


def need(frame: Any, columns: Iterable[str], *, name: str = "frame") -> pd.DataFrame:
    """Return the frame if it has rows and the columns.

    Parameters
    ----------
    frame : object
        Should be a DataFrame.
    columns : iterable of str
        That it needs.
    name : str
        What messages call it.

    Returns
    -------
    DataFrame
        The same.

    Raises
    ------
    TypeError
        If it is no DataFrame.
    ValueError
        If a column is missing (the nearest one is named), or there is no row.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"{name}: expected a DataFrame, found {_kind(frame)}")
    for column in columns:
        if column not in frame.columns:
            near = hint(column, frame.columns, listed=60)
            raise ValueError(f"{name}: expected a column {column!r}, found none{near}")
    if frame.empty:
        raise ValueError(f"{name}: expected at least one row, found none")
    return frame


def _kind(value: Any) -> str:
    if value is None:
        return "None (customers are kept by probes=['customers'], a panel by panel=N)"
    return f"a {type(value).__name__}"


def one_of(value: Any, known: Iterable[Any], *, name: str) -> Any:
    """Return the value if it is known.

    Parameters
    ----------
    value : object
    known : iterable
        What is allowed.
    name : str
        What messages call it.

    Returns
    -------
    object
        The same.

    Raises
    ------
    ValueError
        If it is not; the nearest one is named.
    """
    known = list(known)
    if value not in known:
        raise ValueError(f"{name}: expected one that is there, found {value!r}{hint(value, known)}")
    return value


def window_of(frame: pd.DataFrame, periods: tuple[int, int] | None) -> tuple[int, int]:
    """Return the first and the last period to show: those asked for, as far as they are there.

    Parameters
    ----------
    frame : DataFrame
        With a column ``period``.
    periods : (int, int) or None
        First and last wanted; None for all.

    Returns
    -------
    first, last : int

    Raises
    ------
    ValueError
        If none of them is.
    """
    first, last = int(frame["period"].min()), int(frame["period"].max())
    if periods is None:
        return first, last
    low, high = periods
    if low > high or high < first or low > last:
        raise ValueError(f"periods: expected two from {first} to {last}, found {periods!r}")
    return max(first, int(low)), min(last, int(high))


def chosen(present: Iterable[Any], firms: Sequence[str] | None) -> list[str]:
    """Return the firms to show, in order: of first appearance, or as given.

    A firm keeps its look if ``firms`` lists all firms of the scenario, in its order.

    Parameters
    ----------
    present : iterable
        Firms in a frame.
    firms : sequence of str or None
        Those wanted.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If none of the firms given is there.
    """
    there = [str(name) for name in dict.fromkeys(present)]
    if firms is None:
        return there
    if isinstance(firms, str) or not set(firms) & set(there):
        raise ValueError(f"firms: expected a list of firms that are there, found {firms!r}")
    return list(firms)


def moment(frame: pd.DataFrame, period: int | None) -> int:
    """Return the period, or the last one.

    Parameters
    ----------
    frame : DataFrame
        With a column ``period``.
    period : int or None

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the frame does not have it.
    """
    there = np.sort(frame["period"].unique())
    if period is None:
        return int(there[-1])
    if period not in there:
        raise ValueError(f"period: expected {there[0]} to {there[-1]}, found {period!r}")
    return int(period)


def words_of(frame: pd.DataFrame) -> Words:
    """Return the labels in a frame's ``attrs``."""
    return Words.of(frame.attrs)


def label_and_unit(measure: str) -> tuple[str, str]:
    """Return a measure's words and unit as declared; other columns speak for themselves.

    Parameters
    ----------
    measure : str
        Name of a measure or column.

    Returns
    -------
    label, unit : str
        The unit is empty for other columns.
    """
    known = {m.name: m for m in measures("firm")}
    if measure not in known:
        return measure.replace("_", " ").capitalize(), ""
    return known[measure].label, known[measure].unit
