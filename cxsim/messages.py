"""Arguments of public functions: numbers, seeds and names as people give them, or one clear line.

Arguments come from scripts, forms, schedulers and command lines, and so sometimes as text.
A text that is a number is that number; anything else is refused by name. Nothing is cut,
rounded or taken apart letter by letter.

Every message has one pattern::

    FILE:LINE: KEY.PATH: expected WHAT, found VALUE (did you mean 'X'?)
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import json
import math
import operator
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MISSING",
    "AttributeHints",
    "LibraryMissingError",
    "Place",
    "Problem",
    "ScenarioError",
    "argument_hints",
    "cell",
    "cells",
    "choice",
    "former_names",
    "found",
    "from_cell",
    "hint",
    "minus",
    "money",
    "names_of",
    "nearest",
    "needed",
    "no_attribute",
    "number",
    "one_line",
    "part_of_variance",
    "renamed",
    "seeds_of",
    "visible",
    "whole",
]


# -- Arguments of public functions: numbers, seeds and names as people give them, or one clear line


P = ParamSpec("P")
R = TypeVar("R")

#: Longest value that a message repeats.
LONGEST = 60


def number(
    value: Any, name: str, *, low: float = -math.inf, high: float = math.inf, strict: bool = False
) -> float:
    """Return a finite number.

    Parameters
    ----------
    value
        A number, or a text of one.
    name : str
        What the caller calls the argument.
    low, high : float
        Ends of its range.
    strict : bool
        Whether the ends lie outside of the range.

    Raises
    ------
    ValueError
        If it is no number or out of range.

    Examples
    --------
    >>> number("0.9", "confidence", low=0, high=1)
    0.9
    """
    try:
        made = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        made = math.nan
    inside = low < made < high if strict else low <= made <= high
    if not (math.isfinite(made) and inside):
        expected = f"a number{_range(low, high, strict)}"
        raise ValueError(f"{name}: expected {expected}, found {_shown(value)}")
    return made


def whole(value: Any, name: str, *, low: float = -math.inf, high: float = math.inf) -> int:
    """Return a whole number.

    Parameters
    ----------
    value
        A whole number, also one written as ``1e3``, or a text of one.
    name : str
        What the caller calls the argument.
    low, high : float
        Ends of its range, which belong to it.

    Raises
    ------
    ValueError
        If it is no whole number or out of range.

    Examples
    --------
    >>> whole("12", "seeds"), whole(1e3, "customers")
    (12, 1000)
    >>> whole("five", "seeds", low=1)
    Traceback (most recent call last):
    ...
    ValueError: seeds: expected a whole number of at least 1, found 'five'
    """
    made = _whole(value)
    if made is None or not low <= made <= high:
        expected = f"a whole number{_range(low, high)}"
        raise ValueError(f"{name}: expected {expected}, found {_shown(value)}")
    return made


def _whole(value: Any) -> int | None:
    """Return a whole number; None if it is none."""
    if isinstance(value, bool):
        return None
    try:
        return int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError):
        pass
    try:
        made = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return int(made) if made.is_integer() else None


def seeds_of(seeds: Any, name: str = "seeds") -> list[int]:
    """Return seeds: so many from 0 on, or those of a list.

    Parameters
    ----------
    seeds : int, str or iterable of int
        A text is a number of seeds, as it is on a command line.
    name : str
        What the caller calls the argument.

    Raises
    ------
    ValueError
        If there is none, one is no whole number, or one comes twice.

    Examples
    --------
    >>> seeds_of("3"), seeds_of([7, 8])
    ([0, 1, 2], [7, 8])
    """
    if isinstance(seeds, (str, bytes, float)) or not isinstance(seeds, Iterable):
        count = _whole(seeds)
        if count is None or count < 1:
            expected = "a number of seeds of at least 1, or a list of them"
            raise ValueError(f"{name}: expected {expected}, found {_shown(seeds)}")
        return list(range(count))
    made = [whole(seed, name) for seed in seeds]
    if not made:
        raise ValueError(f"{name}: expected at least one seed, found none")
    if len(set(made)) < len(made):
        raise ValueError(f"{name}: expected each seed once, found one twice")
    return made


def names_of(names: Any, name: str) -> list[str]:
    """Return names: one, several in a text with commas between, or a list of them.

    Parameters
    ----------
    names : str, iterable of str, or None
    name : str
        What the caller calls the argument.

    Raises
    ------
    ValueError
        If anything in it is no text.

    Examples
    --------
    >>> names_of("cohorts, price_elasticity", "probes"), names_of("cohorts", "probes")
    (['cohorts', 'price_elasticity'], ['cohorts'])
    """
    if names is None:
        return []
    if isinstance(names, str):
        return [part.strip() for part in names.split(",") if part.strip()]
    made = list(names) if isinstance(names, Iterable) else [names]
    wrong = [each for each in made if not isinstance(each, str)]
    if wrong:
        raise ValueError(f"{name}: expected names, found {_shown(wrong[0])}")
    return made


def choice(value: Any, name: str, known: Iterable[str]) -> str:
    """Return one of several words.

    Parameters
    ----------
    value
        What was given.
    name : str
        What the caller calls the argument.
    known : iterable of str
        The words that there are.

    Raises
    ------
    ValueError
        If it is none of them; with the nearest one.

    Examples
    --------
    >>> choice("smal_world", "network", ["small_world", "scale_free"])
    Traceback (most recent call last):
    ...
    ValueError: network: expected one of small_world, scale_free, found 'smal_world' (did you
    mean 'small_world'?)
    """
    words = list(known)
    if isinstance(value, str) and value in words:
        return value
    expected, near = f"one of {', '.join(words)}", hint(value, words, listed=0)
    raise ValueError(f"{name}: expected {expected}, found {_shown(value)}{near}")


@functools.cache
def former_names() -> dict[str, list[str]]:
    """Return present names by former ones, of whatever kind: rules, measures, parameters, options.

    The table is ``former_names.json``, so that a name which no longer exists is refused with
    the one that does.
    """
    table = Path(__file__).with_name("former_names.json")
    return dict(json.loads(table.read_text(encoding="utf-8")))


def renamed(name: Any, known: Iterable[str]) -> str | None:
    """Return the name among ``known`` that ``name`` was changed to, if it was.

    Of a dotted name (``share.Tailor``) one part may have been changed.
    """
    table, parts = former_names(), str(name).split(".")
    today = set(table.get(str(name), []))
    for k, part in enumerate(parts):
        today |= {".".join([*parts[:k], new, *parts[k + 1 :]]) for new in table.get(part, [])}
    return next((each for each in known if each in today), None)


def nearest(name: Any, known: Iterable[str]) -> str | None:
    """Return the name among ``known`` that was probably meant: a new name, or one that is near."""
    names = sorted(str(each) for each in known)
    if (today := renamed(name, names)) is not None:
        return today
    near = difflib.get_close_matches(str(name)[:200], names, n=1, cutoff=0.6)
    if not near:
        # Letter case is the one difference that difflib counts as a different letter.
        near = [each for each in names if each.casefold() == str(name).casefold()]
    return near[0] if near and near[0] != name else None


def hint(name: Any, known: Iterable[str], *, listed: int = 6) -> str:
    """Return `` (did you mean 'X'?)``, or the known names if there are few, or nothing.

    Parameters
    ----------
    name
        What was written.
    known
        The names that would have been right.
    listed
        Longest list of known names shown where none of them is near.
    """
    names = sorted(str(each) for each in known)
    near = nearest(name, names)
    if near is not None:
        return f" (did you mean {near!r}?)"
    if 0 < len(names) <= listed:
        return f" (known: {', '.join(names)})"
    return ""


def no_attribute(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """Return the error for a name that a module lacks, with the one that was probably meant."""
    near = "" if name.startswith("_") else hint(name, known, listed=0)
    return AttributeError(f"module {module!r} has no attribute {name!r}{near}")


class AttributeHints:
    """Objects that refuse an unknown attribute with the name that was probably meant."""

    if not TYPE_CHECKING:  # else a type checker would take any attribute

        def __getattr__(self, name: str) -> Any:
            if hasattr(type(self), name):  # a property failed, which says itself why
                return object.__getattribute__(self, name)
            near = "" if name.startswith("_") else hint(name, dir(self), listed=0)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{near}")


def argument_hints(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function refuse an unknown argument with the name that was probably meant.

    Examples
    --------
    >>> argument_hints(seeds_of)(count=3)
    Traceback (most recent call last):
    ...
    TypeError: seeds_of() got an unexpected keyword argument 'count'
    """
    known = inspect.signature(function).parameters

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                what = f"{function.__name__}() got an unexpected keyword argument {name!r}"
                raise TypeError(f"{what}{hint(name, known, listed=0)}")
        return function(*args, **kwargs)

    return called


def _range(low: float, high: float, strict: bool = False) -> str:
    if high < math.inf and low > -math.inf:
        return (
            f" between {low:.10g} and {high:.10g}" if strict else f" from {low:.10g} to {high:.10g}"
        )
    if low > -math.inf:
        return f" above {low:.10g}" if strict else f" of at least {low:.10g}"
    return ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


# -- What is wrong with a scenario, said in one line per problem -------------------------------


#: Problems shown in one message; the rest is counted.
SHOWN = 5


#: Longest piece of a value that a message repeats.
LONGEST_VALUE = 60


#: Longest line of a message, in characters.
LONGEST_LINE = 1000


class _Missing:
    """Stands for a value that is not there (``null`` is a value)."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


@dataclass(frozen=True)
class Place:
    """Origin of a value: a file and a line in it, or ``"override"`` without a line."""

    source: str
    line: int | None = None

    @property
    def order(self) -> tuple[str, float]:
        """Sorts places by file and line; what has no line comes last."""
        return self.source, math.inf if self.line is None else self.line

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, under which key, and what was expected."""

    place: Place
    path: tuple[str | int, ...]
    text: str

    def __str__(self) -> str:
        path = ".".join(_cut(str(part)) for part in self.path)
        return one_line(": ".join(part for part in (str(self.place), path, self.text) if part))


class EventsLeftOutWarning(UserWarning):
    """A run was shortened, and events that would come after its end are left out."""


class ScenarioError(ValueError):
    """A scenario that cannot be used, or cannot be found.

    ``str(error)`` has one line per problem, the first few of them, then a count.

    Attributes
    ----------
    problems : tuple of Problem
        All of them, in the order found.
    """

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        more = len(self.problems) - SHOWN
        if more > 0:
            lines.append(f"and {more} more {'problem' if more == 1 else 'problems'}")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


def one_line(text: str) -> str:
    """Return ``text`` on one line that any terminal and file can take, and no endless one."""
    if len(text) > LONGEST_LINE:
        text = f"{text[: LONGEST_LINE // 2]} ... {text[-LONGEST_LINE // 2 :]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def found(value: Any) -> str:
    """Return ``value`` the way the user would have written it, cut to a readable length."""
    if value is MISSING:
        return "nothing"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    if isinstance(value, int) and abs(value) >= 10**30:
        return "a number beyond all bounds"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return repr(_cut(value))
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)}" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        if not all(isinstance(item, (int, float, str, bool, type(None))) for item in value):
            return f"a list of {len(value)}"
        text = "[" + ", ".join(found(item) for item in value[:20]) + "]"
        return (
            text if len(text) <= LONGEST_VALUE and len(value) <= 20 else f"a list of {len(value)}"
        )
    return f"a Python {type(value).__name__}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


# -- Libraries that only some analyses need ----------------------------------------------------


class LibraryMissingError(ImportError):
    """An optional library that is not installed; the message says how to install it."""


def needed(module: str, *, by: str) -> Any:
    """Return a module of an optional library.

    Raises
    ------
    LibraryMissingError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        library = {"sklearn": "scikit-learn"}.get(name := module.split(".", maxsplit=1)[0], name)
        raise LibraryMissingError(
            f"{by}: needs {library}, which is not installed: pip install 'cxsim[study]'"
        ) from None


# -- Text from files and names, made harmless where it is shown: on terminals and in spreadsheets


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


_SIZES = ((1e9, "billion"), (1e6, "million"), (1e4, "thousand"))


def money(value: float, unit: str = "") -> str:
    """Return an amount in three digits: 2.35 million EUR."""
    tail = f" {unit}" if unit else ""
    for size, word in _SIZES:
        if abs(value) >= size:
            scaled = value / (1e3 if word == "thousand" else size)
            return f"{_three(scaled)} {word}{tail}"
    return f"{_three(value)}{tail}"


def _three(value: float) -> str:
    return minus(f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}")


def minus(number: str) -> str:
    """Return a formatted number with the typographic minus that all numbers in sentences have.

    Examples
    --------
    >>> minus(f"{-2.14:+.1f}")
    '−2.1'
    """
    return number.replace("-", "\u2212")


def part_of_variance(index: float) -> str:
    """Return in words which part of a variance an index is."""
    if index > 1.0:
        return f"practically all (estimate {index:.2f})"
    if index < 0.0:
        return f"practically none (estimate {minus(f'{index:.2f}')})"
    return f"{100 * index:.0f} %"
