"""Arguments of public functions: numbers, seeds and names as people give them, or one clear line.

Arguments come from scripts, forms, schedulers and command lines, and so sometimes as text.
A text that is a number is that number; anything else is refused by name. Nothing is cut,
rounded or taken apart letter by letter.
"""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Iterable
from typing import Any

__all__ = ["choice", "hint", "names_of", "nearest", "number", "seeds_of", "whole"]

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
    >>> names_of("cohorts, elasticity", "detail"), names_of("cohorts", "detail")
    (['cohorts', 'elasticity'], ['cohorts'])
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


def nearest(name: Any, known: Iterable[str]) -> str | None:
    """Return the name among ``known`` that was probably meant, if any is near."""
    names = sorted(str(each) for each in known)
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
