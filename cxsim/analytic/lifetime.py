"""Customer lifetime value at constant margin and retention."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers

__all__ = ["lifetime_multiple"]


def lifetime_multiple(retention: ArrayLike, *, discount_rate: ArrayLike) -> NDArray[np.float64]:
    """Return how many times a period's margin a customer is worth, r / (1 + d - r).

    The present value, at a purchase, of all later ones: sum over t = 1, 2, ... of
    (r / (1 + d))^t. The purchase itself is not in it.

    Parameters
    ----------
    retention : array_like
        Chance that a customer of one period is still one in the next, r.
    discount_rate : array_like
        Discount rate per period, d.

    Returns
    -------
    ndarray
        Periods' margins.

    Raises
    ------
    ValueError
        If a retention is not in [0, 1] or a discount rate negative, or where the sum has no
        end: retention 1 at discount rate 0.

    References
    ----------
    Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1).

    Examples
    --------
    >>> lifetime_multiple(0.9, discount_rate=[0.10, 0.12, 0.14, 0.16]).round(2)
    array([4.5 , 4.09, 3.75, 3.46])
    """
    r = numbers(retention, name="retention", at_least=0, at_most=1)
    d = numbers(discount_rate, name="discount_rate", at_least=0)
    lost = d + (1.0 - r)
    if (lost == 0.0).any():
        raise ValueError("discount_rate: expected numbers above 0 at retention 1, found 0")
    return r / lost
