"""Prices of two firms that look ahead, and know whose customer they are quoting to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers

__all__ = ["LoyaltyPrices", "loyalty_prices"]


class LoyaltyPrices(NamedTuple):
    """What two firms ask of a customer who is loyal to one of them.

    Parameters
    ----------
    own : ndarray
        Price asked by the firm the customer bought from last, currency.
    rival : ndarray
        Price asked by the other, currency.
    paid : ndarray
        Mean price paid, currency.
    repeat : ndarray
        Chance that the customer buys from the same firm again.
    """

    own: NDArray[np.float64]
    rival: NDArray[np.float64]
    paid: NDArray[np.float64]
    repeat: NDArray[np.float64]


def loyalty_prices(
    loyalty: ArrayLike,
    *,
    price_sensitivity: ArrayLike = 1.0,
    discount_factor: ArrayLike = 0.9,
    cost: ArrayLike = 0.0,
) -> LoyaltyPrices:
    """Return the Markov-perfect prices of two equal firms, one price for each customer.

    One myopic customer buys from either firm every period; there is no outside option.

    Parameters
    ----------
    loyalty : array_like
        What the customer gives for staying, g, utils: `price_sensitivity` times a switching
        cost in currency.
    price_sensitivity : array_like
        Utility per unit of currency, a.
    discount_factor : array_like
        What a firm gives today for one unit of currency next period, B, below 1.
    cost : array_like
        Cost of a unit, c, currency.

    Returns
    -------
    LoyaltyPrices
        ``own``, ``rival``, ``paid`` and ``repeat``, each of the shape to which the arguments
        broadcast.

    Raises
    ------
    ValueError
        If a number is not finite, a loyalty negative, a price sensitivity not above 0, or a
        discount factor not in [0, 1).

    Notes
    -----
    Let the customer stay with chance q, odds x = q / (1 - q), and let V be what having the
    customer next period is worth beyond not having it. Both firms' first-order conditions,

        own = c + (1 + x) / a - B V,    rival = c + (1 + 1 / x) / a - B V,

    leave the owner x / a a period, the other 1 / (a x), and so V = (x - 1 / x) / a, while
    ln x = g - a (own - rival) becomes g = ln x + x - 1 / x. The mean price paid,
    c + ((1 - B) x + (1 + B) / x) / a, falls in g until x = sqrt((1 + B) / (1 - B)), where the
    mean margin is (2 / a) sqrt(1 - B^2), then rises.

    References
    ----------
    The setting is that of Dube, Hitsch & Rossi (2009), Do switching costs make markets less
    competitive?, but for prices that differ between customers; the formulas follow from the
    first-order conditions above.

    Examples
    --------
    >>> loyalty_prices([0.0, 1.0, 5.0, 10.0], discount_factor=0.9).paid.round(4)
    array([2.    , 1.5059, 0.8773, 1.0403])
    """
    g = numbers(loyalty, name="loyalty", at_least=0)
    a = numbers(price_sensitivity, name="price_sensitivity", at_least=0)
    if (a == 0.0).any():
        raise ValueError("price_sensitivity: expected finite numbers above 0, found 0")
    B = numbers(discount_factor, name="discount_factor", at_least=0, at_most=1)
    if (B == 1.0).any():
        raise ValueError("discount_factor: expected numbers from 0 to below 1, found 1")
    c = numbers(cost, name="cost")
    g, a, B, c = np.broadcast_arrays(g, a, B, c)
    x = np.exp(_log_odds(g))
    ahead = B * (x - 1.0 / x)
    return LoyaltyPrices(
        own=c + (1.0 + x - ahead) / a,
        rival=c + (1.0 + 1.0 / x - ahead) / a,
        paid=c + ((1.0 - B) * x + (1.0 + B) / x) / a,
        repeat=x / (1.0 + x),
    )


def _log_odds(loyalty: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve g = z + 2 sinh z for z = ln x."""
    # The right side is convex for z >= 0 and the start is not below the root: Newton's
    # steps fall towards it.
    z = np.arcsinh(0.5 * loyalty)
    for _ in range(50):
        step = (z + 2.0 * np.sinh(z) - loyalty) / (1.0 + 2.0 * np.cosh(z))
        z = z - step
        if (abs(step) <= 4e-16 * z).all():
            break
    return z
