"""What a figure needs of a frame, and the words and order it takes from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxsim.measures import measures
from cxsim.plot.numbers import Words
from cxsim.scenario.messages import hint

__all__ = ["chosen", "label_and_unit", "moment", "need", "one_of", "window_of", "words_of"]


def need(frame: Any, columns: Iterable[str], *, name: str = "frame") -> pd.DataFrame:
    """Return the frame if it has rows and the columns.

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
        return "None (customers are kept by detail=['customers'], a panel by panel=N)"
    return f"a {type(value).__name__}"


def one_of(value: Any, known: Iterable[Any], *, name: str) -> Any:
    """Return the value if it is known.

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
    """Return what things are called, as the frame says in its ``attrs``."""
    return Words.of(frame.attrs)


def label_and_unit(measure: str) -> tuple[str, str]:
    """Return a measure's words and unit as declared; other columns speak for themselves."""
    known = {m.name: m for m in measures("firm")}
    if measure not in known:
        return measure.replace("_", " ").capitalize(), ""
    return known[measure].label, known[measure].unit
