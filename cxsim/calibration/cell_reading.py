"""Cells as people write them: numbers of two ways of writing, yes and no, and dates.

What has one reading is read; what has two is told to :mod:`cxsim.calibration.table_reading`, which
knows the table and the option that settles it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

# -- Numbers as people write them --------------------------------------------------------------


TRUTHS = {
    **dict.fromkeys(("1", "1.0", "true", "t", "yes", "y", "ja", "wahr", "oui", "si", "sí"), 1),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n", "nein", "falsch", "non"), 0),
}


#: What stands in cells in which nothing stands.
_NOTHING = frozenset(
    {"", "-", "–", "—", "na", "n/a", "#n/a", "nan", "null", "none", "k. a.", "k.a."}
)


_WHOLE = re.compile(r"[0-9]+")


#: One point, and no way to take it for a mark of thousands.
_POINT = re.compile(r"[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})|(?:0+|[0-9]{4,})\.[0-9]{3}|[0-9]+\.")


#: One comma, likewise.
_COMMA = re.compile(_POINT.pattern.replace(r"\.", ","))


_EXPONENT = re.compile(r"(.*[0-9.,])[eE]([+-]?[0-9]{1,3})")


@dataclass
class Numbers:
    """Different values of a column, with a decimal point and with a decimal comma; NaN: neither."""

    point: np.ndarray
    comma: np.ndarray
    percent: np.ndarray
    blank: np.ndarray
    currencies: set[str]
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def fits(self, way: str) -> bool:
        """Whether each value is a number in this way of writing."""
        values = self.point if way == "point" else self.comma
        return bool((np.isfinite(values) | self.blank).all())


def read_numbers(unique: Sequence[Any]) -> Numbers:
    """Return cells as numbers, in both ways of writing.

    Parameters
    ----------
    unique : sequence
        Different values of a column: texts, or numbers as they are.
    """
    n = len(unique)
    read = Numbers(
        np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, bool), np.zeros(n, bool), set()
    )
    for k, value in enumerate(unique):
        if not isinstance(value, str):
            try:
                read.point[k] = read.comma[k] = float(value)
            except (TypeError, ValueError, OverflowError):
                read.blank[k] = bool(pd.isna(value)) if np.isscalar(value) else False
            continue
        text = value.strip()
        if _WHOLE.fullmatch(text):
            read.point[k] = read.comma[k] = float(text)
        elif _POINT.fullmatch(text):
            read.point[k] = float(text)
        elif _COMMA.fullmatch(text):
            read.comma[k] = float(text.replace(",", "."))
        elif text.casefold() in _NOTHING:
            read.blank[k] = True
        else:
            _read_number(text, k, read)
    return read


def _read_number(text: str, k: int, read: Numbers) -> None:
    """Read one text without its sign, currency and %."""
    core = text.replace("\u2212", "-").replace("%", "", 1).strip()
    percent = core != text.replace("\u2212", "-").strip()
    core, currency = _without_currency(core)
    sign = 1.0
    for start, end in (("(", ")"), ("-", ""), ("", "-"), ("+", "")):
        if core.startswith(start) and core.endswith(end) and len(core) > len(start + end):
            inner = core[len(start) : len(core) - len(end)].strip()
            sign = 1.0 if start == "+" else -1.0
            core, more = _without_currency(inner)
            currency = currency or more
            break
    core = re.sub(r"(?<=[0-9])[\s'’](?=[0-9]{3}(?![0-9]))", "", core)
    power = 1.0
    if match := _EXPONENT.fullmatch(core):
        core, power = match[1], float(f"1e{match[2]}")
    if not re.fullmatch(r"[0-9.,]*[0-9][0-9.,]*", core):
        return
    for way, values in (("point", read.point), ("comma", read.comma)):
        values[k] = sign * power * _strict(core, way)
    read.percent[k] = percent
    if currency and np.isfinite([read.point[k], read.comma[k]]).any():
        read.currencies.add(currency)


@lru_cache(maxsize=1 << 16)
def _strict(text: str, way: str) -> float:
    """Return a number without sign, NaN if marks of thousands do not stand where they should."""
    from babel.numbers import NumberFormatError, parse_decimal

    if _WHOLE.fullmatch(text):
        return float(text)
    mark = "." if way == "point" else ","
    if mark in (text[0], text[-1]) and text.count(mark) == 1:
        text = f"0{text}" if text[0] == mark else text[:-1]
    for locale in ("en_US", "en_IN") if way == "point" else ("de",):
        try:
            return float(parse_decimal(text, locale=locale, strict=True))
        except (NumberFormatError, ArithmeticError):
            continue
    return np.nan


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset({*list_currencies(), "kr", "Fr.", "zł", "Kč", "Ft", "lei", "CHF", "euro"})


_AT_START = re.compile(r"([^\W\d_]{0,4}[^0-9.,()+\-\s]?\.?)\s*(.*)")
_AT_END = re.compile(r"(.*?[0-9.,)\-])\s*([^\W\d_]{0,4}[^0-9.,()+\-\s]?\.?)")


def _without_currency(text: str) -> tuple[str, str]:
    """Return a text without the currency at its start or end, and the currency."""
    for pattern in (_AT_START, _AT_END):
        if match := pattern.fullmatch(text):
            word, rest = match.groups() if pattern is _AT_START else match.groups()[::-1]
            if word in _currencies() or any(unicodedata.category(c) == "Sc" for c in word):
                return rest, word
    return text, ""


# -- Dates as people write them ----------------------------------------------------------------


#: First and last year of dates; numbers beyond it are no dates.
_YEARS = (1990, 2035)


#: Formats by the length of time that a value stands for; all are tried.
_FORMATS = {
    "day": "%Y-%m-%d|%Y/%m/%d|%Y.%m.%d|%Y%m%d|%d.%m.%Y|%d.%m.%y|%d/%m/%Y|%m/%d/%Y|%d/%m/%y|%m/%d/%y"
    "|%d-%m-%Y|%m-%d-%Y|%d-%m-%y|%m-%d-%y|%d %b %Y|%d-%b-%Y|%d-%b-%y|%d %B %Y|%b %d, %Y|%B %d, %Y"
    "|%d%m%Y",
    "week": "%G-W%V|%GW%V|%G-%V|%G%V|W%V/%G|W%V %G|%V/%G",
    "month": "%Y-%m|%Y/%m|%m/%Y|%m.%Y|%Y%m|%b %Y|%B %Y|%b-%y|%b-%Y|%YM%m|%Y-M%m",
    "quarter": "%Y-Q%q|%YQ%q|%Y Q%q|Q%q %Y|Q%q-%Y|Q%q/%Y",
}


_MONTH_FIRST = ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m-%d-%y")
_DAY_FIRST = ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d-%m-%y")


_TIME = re.compile(
    r"(?P<date>.*?[0-9])[T ]+(?P<h>[0-9]{1,2}):(?P<m>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?(?:\s?UTC)?"
)


#: Days from here are what Excel counts; 1 is 1 January 1900, and 1900 was no leap year.
_EXCEL = np.datetime64("1899-12-30", "s")


@dataclass(frozen=True)
class Dates:
    """Dates, and which length of time each stands for.

    Attributes
    ----------
    values : ndarray of datetime64[s], shape (N,)
    unit : {"second", "day", "week", "month", "quarter"}
    said : str
        How they were read.
    """

    values: np.ndarray
    unit: str
    said: str


def named_like(column: str, *words: str) -> bool:
    """Whether one of the words stands in the name of a column."""
    name = column.casefold()
    return any(word in name for word in words)


def are_dates(raw: pd.Series) -> bool:
    """Whether all that a column holds are Python's dates.

    Parameters
    ----------
    raw : Series
    """
    import datetime as dt

    if raw.dtype != object:
        return False
    kinds = set(map(type, raw.dropna()))
    return bool(kinds) and all(issubclass(kind, dt.date) for kind in kinds)


def unit_of(values: np.ndarray) -> str:
    """Return ``day`` if no time has a clock, else ``second``.

    Parameters
    ----------
    values : ndarray of datetime64, shape (N,)
        Points in time.
    """
    return "day" if (values == values.astype("datetime64[D]")).all() else "second"


def day_of(value: np.datetime64) -> str:
    """Return a date as ISO 8601 writes it.

    Parameters
    ----------
    value : datetime64
    """
    return str(value.astype("datetime64[D]"))


def option_of(read: Dates) -> str:
    """Return the option of the command line that asks for this reading.

    Parameters
    ----------
    read : Dates
    """
    form = read.said.rsplit(" ", 1)[-1]
    if form in _DAY_FIRST:
        return "--dates day-first"
    return "--dates month-first" if form in _MONTH_FIRST else f'--dates "{form}"'


def _formats(given: str | None) -> list[tuple[str, str]]:
    """Return formats with the unit of their values; those that are given, or all."""
    known = [(form, unit) for unit, forms in _FORMATS.items() for form in forms.split("|")]
    if given is None:
        return known
    if given in ("day-first", "month-first"):
        against = _MONTH_FIRST if given == "day-first" else _DAY_FIRST
        return [each for each in known if each[0] not in against]
    return [(given, dict(known).get(given, "day"))]


def formats_of(texts: np.ndarray, given: str | None) -> list[tuple[str, str]]:
    """Return the formats that the first text has, in an array of shape (N,) of dates or periods."""
    return [each for each in _formats(given) if not np.isnat(_by_format(texts[:1], each[0]))[0]]


def first_unread(texts: np.ndarray, formats: list[tuple[str, str]]) -> int:
    """Return the index of the first text (shape (N,)) that has none of the formats."""
    bad = np.ones(len(texts), bool)
    for form, _ in formats:
        bad &= np.isnat(_by_format(texts, form))
    return int(bad.argmax())


def readings_of(unique: np.ndarray, column: str, given: str | None) -> list[Dates]:
    """Return the ways in which all values, of shape (N,), are points in time of plausible years."""
    whole = all(re.fullmatch(r"[0-9]+", text) for text in unique[:50])
    timed = named_like(column, *TIME_WORDS)
    if whole and given is None and all(re.fullmatch(r"[0-9]+", text) for text in unique):
        length = set(map(len, unique))
        if length == {5} and timed:
            values = _EXCEL + np.array([int(text) for text in unique]).astype("timedelta64[D]")
            return _within([Dates(values, "day", "days as Excel counts them")])
        if length in ({10}, {13}) and timed:
            seconds = np.array([int(text[:10]) for text in unique]).astype("datetime64[s]")
            return _within([Dates(seconds, unit_of(seconds), "seconds since 1970 (Unix time)")])
        if length != {8} and not (length == {6} and timed):
            return []
    texts, clock, said = unique, np.zeros(len(unique), "timedelta64[s]"), ""
    if any(":" in text for text in unique[:50]):
        split = [_TIME.fullmatch(text) for text in unique]
        if not all(split):
            return []
        texts = np.array([match["date"].strip() for match in split if match], dtype=object)
        clock = np.array([_seconds(match) for match in split if match]).astype("timedelta64[s]")
        if any(match["zone"] not in (None, "Z") for match in split if match):
            said = ", in UTC"
    made = []
    for form, unit in _formats(given):
        if not (_shape(form).fullmatch(texts[0]) and _shape(form).fullmatch(texts[-1])):
            continue
        values = _by_format(texts, form)
        if not np.isnat(values).any():
            values = values + clock
            unit = unit if unit != "day" or not clock.any() else unit_of(values)
            made.append(Dates(values, unit, f"dates{said} of the form {form}"))
    made = _within(made)
    if len({each.unit for each in made}) > 1:
        # 202404: a month, or a week? The name of the column says so, or nobody.
        like = [each for each in made if named_like(column, each.unit, _GERMAN.get(each.unit, "?"))]
        iso = [each for each in made if not each.said.endswith("%G-%V")]  # weeks have a W there
        made = like or iso
    return made


_GERMAN = {"week": "woche", "month": "monat", "quarter": "quartal"}


#: Words in the names of columns that tell the time.
TIME_WORDS = (
    "date", "day", "datum", "tag", "week", "woche", "month", "monat", "quarter", "quartal", "year",
    "jahr", "time", "zeit", "when", "period", "_at", "fecha", "jour", "mois",
)  # fmt: skip


def _within(made: list[Dates]) -> list[Dates]:
    low, high = (np.datetime64(f"{year}-01-01", "s") for year in (_YEARS[0], _YEARS[1] + 1))
    return [each for each in made if bool(((each.values >= low) & (each.values < high)).all())]


def _seconds(match: re.Match[str]) -> int:
    hour = int(match["h"])
    if half := match["half"]:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    made = hour * 3600 + int(match["m"]) * 60 + int(match["s"] or 0)
    zone = match["zone"]
    if zone and zone != "Z":
        offset = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        made -= offset if zone[0] == "+" else -offset
    return made


_SHAPES = {
    "%Y": "[0-9]{4}", "%G": "[0-9]{4}", "%y": "[0-9]{2}", "%m": "[0-9]{1,2}", "%d": "[0-9]{1,2}",
    "%V": "[0-9]{1,2}", "%q": "[1-4]", "%b": "[A-Za-z]{3}", "%B": "[A-Za-z]{3,9}",
}  # fmt: skip


@lru_cache(maxsize=256)
def _shape(form: str) -> re.Pattern[str]:
    """Return what texts of a format look like, which is quickly seen; anything where unknown."""
    parts = re.findall("%.|[^%]+", form)
    if any(part.startswith("%") and part not in _SHAPES for part in parts):
        return re.compile(".*", re.DOTALL)
    return re.compile("".join(_SHAPES.get(part) or re.escape(part) for part in parts))


def _by_format(texts: np.ndarray, form: str) -> np.ndarray:
    """Return dates of a format, NaT where a text has another: datetime64[s], shape (n,)."""
    series = pd.Series(texts, dtype=object)
    if "%q" in form:
        parts = series.str.extract(
            "^" + form.replace("%Y", "(?P<y>[0-9]{4})").replace("%q", "(?P<q>[1-4])") + "$"
        )
        months = 3 * pd.to_numeric(parts["q"]) - 2
        made = parts["y"] + "-" + months.map("{:02.0f}".format, na_action="ignore")
        series, form = made, "%Y-%m"
    elif "%G" in form:
        series, form = series.where(series.str.len() >= 6) + " 1", form + " %u"
    digits = {"%Y%m": 6, "%Y%m%d": 8, "%d%m%Y": 8, "%G%V %u": 8}
    if form in digits:  # else 2024111 is a date, too
        series = series.where(series.str.len() == digits[form])
    try:
        made = pd.to_datetime(series, format=form, errors="coerce")
    except (ValueError, TypeError, OverflowError):
        return np.full(len(texts), np.datetime64("NaT", "s"))
    return made.to_numpy().astype("datetime64[s]")
