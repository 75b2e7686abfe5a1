"""Measures of what the books or the scenario hold as it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxsim.measures.books import Books
from cxsim.measures.buying import customers
from cxsim.mechanisms.measuring import ratio

__all__ = ["over_last_year", "parameter", "per_customer", "per_last_year", "total"]


def per_customer(name: str, what: str) -> Callable[[Books], np.ndarray]:
    """Return the measure of a total per customer of the firm; ``what`` says of what."""

    def measure(b: Books) -> np.ndarray:
        return ratio(b.total(name), customers(b))

    measure.__doc__ = f"Mean over the firm's customers at the period's end of {what}."
    return measure


def total(name: str, what: str) -> Callable[[Books], np.ndarray]:
    """Return the measure of a total; ``what`` says of what."""

    def measure(b: Books) -> np.ndarray:
        return b.total(name)

    measure.__doc__ = f"{what} in the period, whole market."
    return measure


def parameter(name: str) -> Callable[[Books], np.ndarray]:
    """Return the measure of a parameter of firms."""

    def measure(b: Books) -> np.ndarray:
        return b.firm(name)

    measure.__doc__ = f"The firm's {name.replace('_', ' ')} as it stood in the period."
    return measure


def over_last_year(values: np.ndarray, year: int) -> np.ndarray:
    """Return sums over the last year up to each period, (T, ...); fewer periods at the start."""
    total = np.cumsum(values, axis=0)
    total[year:] -= total[:-year].copy()
    return total


def per_last_year(values: np.ndarray, year: int) -> np.ndarray:
    """Return means over the last year up to each period, (T, ...)."""
    length = np.minimum(np.arange(1, len(values) + 1), year)
    return over_last_year(values, year) / length.reshape(-1, *[1] * (values.ndim - 1))
