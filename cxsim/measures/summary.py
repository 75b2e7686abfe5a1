"""One number per measure and firm for a whole run, as the measure declares."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from cxsim.measures import measures

__all__ = ["MARKET", "summarize", "summarized"]

#: Where market measures stand among the firms' of a summary.
MARKET = "(market)"


def summarized(values: np.ndarray, how: str, discount_rate: float) -> np.ndarray:
    """Summarize values by period (first axis) into one.

    Parameters
    ----------
    values : ndarray, shape (T, ...)
    how : {"last", "mean", "sum", "present_value"}
        ``mean`` leaves out periods without a value; ``present_value`` discounts
        period t by (1 + d)^-t.
    discount_rate : float
        Per period.
    """
    if how == "last":
        return values[-1]
    if how == "sum":
        return values.sum(axis=0)
    if how == "present_value":
        # Products and sums in one order: powers and matrix products differ between processors.
        weights = np.cumprod([1.0, *[1.0 / (1.0 + discount_rate)] * (len(values) - 1)])
        return (weights.reshape(-1, *[1] * (values.ndim - 1)) * values).sum(axis=0)
    if how == "mean":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a firm that never had a customer
            return np.nanmean(values, axis=0)
    raise ValueError(f"summary: expected last, mean, sum or present_value, found {how!r}")


def summarize(simulation: Any) -> dict[str, dict[str, float]]:
    """Return measure values by firm name, in the scenario's order, and for :data:`MARKET`."""
    books = simulation.books
    rate = float(simulation.scenario.discount_rate)
    result: dict[str, dict[str, float]] = {name: {} for name in simulation.scenario.firms}
    for measure in measures("firm", simulation.mechanisms):
        values = summarized(measure.function(books), measure.summary, rate)
        for name, of_firm in result.items():
            of_firm[measure.name] = float(values[books.firms.index(name)])
    result[MARKET] = {
        measure.name: float(summarized(measure.function(books), measure.summary, rate))
        for measure in measures("market", simulation.mechanisms)
    }
    return result
