"""One number per measure and firm for a whole run, as the measure declares."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from cxsim.measures import Books, Measure, measures

__all__ = ["MARKET", "summarize", "summarized", "window_words"]

#: Where market measures stand among the firms' of a summary.
MARKET = "(market)"


def summarized(values: np.ndarray, how: str) -> np.ndarray:
    """Summarize values by period (first axis) into one.

    Parameters
    ----------
    values : ndarray, shape (T, ...)
    how : {"last", "mean", "sum", "to_date"}
        ``mean`` leaves out periods without a value.
    """
    if how in ("last", "to_date"):
        return values[-1]
    if how == "sum":
        return values.sum(axis=0)
    if how == "mean":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a firm that never had a customer
            return np.nanmean(values, axis=0)
    raise ValueError(f"summary: expected last, mean, sum or to_date, found {how!r}")


def window_words(how: str, first: int, last: int, period: str = "period") -> str:
    """Return in words over which periods a run is summarized in one number.

    Parameters
    ----------
    how : {"last", "mean", "sum", "to_date"}
    first, last : int
        Periods, both included.
    period : str
        What a period is called.

    Examples
    --------
    >>> window_words("mean", 24, 59, "month"), window_words("last", 0, 59, "month")
    ('mean over months 24-59', 'month 59, the last')
    """
    if how == "last":
        return f"{period} {last}, the last"
    over = f"{period} {last}" if first == last else f"{period}s {first}-{last}"
    return over if how == "to_date" else f"{how} over {over}"


def summarize(simulation: Any, start: int = 0) -> dict[str, dict[str, float]]:
    """Return measure values by firm name, in the scenario's order, and for :data:`MARKET`.

    Parameters
    ----------
    simulation : Simulation
        Finished.
    start : int
        First period of means.
    """
    books = simulation.books
    result: dict[str, dict[str, float]] = {name: {} for name in simulation.scenario.firms}
    for measure in measures("firm", simulation.mechanisms):
        values = summarized(_from(start, measure, books), measure.summary)
        for name, of_firm in result.items():
            of_firm[measure.name] = float(values[books.firms.index(name)])
    result[MARKET] = {
        measure.name: float(summarized(_from(start, measure, books), measure.summary))
        for measure in measures("market", simulation.mechanisms)
    }
    return result


def _from(start: int, measure: Measure, books: Books) -> np.ndarray:
    """Return a measure by period, means from a period on."""
    values = np.asarray(measure.function(books))
    return values[start:] if measure.summary == "mean" else values
