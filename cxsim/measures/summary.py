"""One number per measure and firm for a whole run, as the measure declares."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from cxsim.measures import measures

__all__ = ["MARKET", "summarize", "summarized"]

#: Where market measures stand among the firms' of a summary.
MARKET = "(market)"


def summarized(values: np.ndarray, how: str) -> np.ndarray:
    """Summarize values by period (first axis) into one.

    Parameters
    ----------
    values : ndarray, shape (T, ...)
    how : {"last", "mean", "sum"}
        ``mean`` leaves out periods without a value.
    """
    if how == "last":
        return values[-1]
    if how == "sum":
        return values.sum(axis=0)
    if how == "mean":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a firm that never had a customer
            return np.nanmean(values, axis=0)
    raise ValueError(f"summary: expected last, mean or sum, found {how!r}")


def summarize(simulation: Any) -> dict[str, dict[str, float]]:
    """Return measure values by firm name, in the scenario's order, and for :data:`MARKET`."""
    books = simulation.books
    result: dict[str, dict[str, float]] = {name: {} for name in simulation.scenario.firms}
    for measure in measures("firm", simulation.mechanisms):
        values = summarized(measure.function(books), measure.summary)
        for name, of_firm in result.items():
            of_firm[measure.name] = float(values[books.firms.index(name)])
    result[MARKET] = {
        measure.name: float(summarized(measure.function(books), measure.summary))
        for measure in measures("market", simulation.mechanisms)
    }
    return result
