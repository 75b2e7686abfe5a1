"""Measures of what the books or the scenario hold as it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxsim.measures.books import Books
from cxsim.measures.buying import customers
from cxsim.mechanisms.measuring import ratio

__all__ = ["parameter", "per_customer", "total"]


def per_customer(name: str) -> Callable[[Books], np.ndarray]:
    """Return the measure of a total per customer of the firm."""

    def measure(b: Books) -> np.ndarray:
        return ratio(b.total(name), customers(b))

    measure.__doc__ = f"Mean {name.replace('_', ' ')} over the firm's customers."
    return measure


def total(name: str) -> Callable[[Books], np.ndarray]:
    """Return the measure of a total."""

    def measure(b: Books) -> np.ndarray:
        return b.total(name)

    measure.__doc__ = f"Total {name.replace('_', ' ')}."
    return measure


def parameter(name: str) -> Callable[[Books], np.ndarray]:
    """Return the measure of a parameter of firms."""

    def measure(b: Books) -> np.ndarray:
        return b.firm(name)

    measure.__doc__ = f"The firm's {name.replace('_', ' ')} as it stood in the period."
    return measure
