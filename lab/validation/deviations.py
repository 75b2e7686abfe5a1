"""Does a firm gain by another price? Prices are tried; no first-order condition is used."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cxsim.analytic import LoyaltyPrices, PostedPrices, logit_shares

__all__ = ["Deviation", "Plan", "best_loyalty_prices", "best_plan", "best_static_price"]


class Deviation(NamedTuple):
    """The best of many prices tried.

    Parameters
    ----------
    price : float
        The best price, currency.
    gain : float
        What it earns above the price in question, relative to what that earns.
    """

    price: float
    gain: float


class Plan(NamedTuple):
    """A firm's best plan of prices, by value iteration on a grid.

    Parameters
    ----------
    price, value : ndarray, shape (B,)
        Best price and present value at each customer base.
    """

    price: np.ndarray
    value: np.ndarray


def best_static_price(
    firm: int, prices: ArrayLike, *, quality: ArrayLike, cost: ArrayLike, **market: Any
) -> Deviation:
    """Try 20,001 prices of one firm against the others' in a logit market.

    Parameters
    ----------
    firm : int
    prices, quality, cost : array_like, shape (J,)
    **market
        Price sensitivity and no-purchase option, as for :func:`cxsim.analytic.logit_shares`.
    """
    price, quality, cost = (np.asarray(each, float) for each in (prices, quality, cost))
    tried = np.tile(price, (20_001, 1))
    tried[:, firm] = cost[firm] + np.linspace(0.0, 10.0, 20_001)

    def profit(prices: np.ndarray) -> np.ndarray:
        sold = logit_shares(quality - prices, **market)[..., firm]
        return np.asarray((prices[..., firm] - cost[firm]) * sold)

    earned = profit(tried)
    best = int(earned.argmax())
    return Deviation(float(tried[best, firm]), float(earned[best] / profit(price) - 1.0))


def best_loyalty_prices(
    found: LoyaltyPrices,
    loyalty: float,
    *,
    price_sensitivity: float,
    discount_factor: float,
    cost: float,
    tries: int = 1_200_001,
) -> tuple[Deviation, Deviation]:
    """Try prices for one customer once, of the firm that has the customer and of the other.

    What a firm is worth is added up from the flows of the prices in question, which are
    played from the next period on.

    Returns
    -------
    tuple of Deviation
        Of the owner, and of the rival.
    """
    B, own, rival = discount_factor, float(found.own), float(found.rival)

    def stays(own: Any, rival: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-(loyalty - price_sensitivity * (own - rival))))

    q = stays(own, rival)
    flows = [q * (own - cost), (1.0 - q) * (rival - cost)]
    has, lacks = np.linalg.solve(np.eye(2) - B * np.array([[q, 1 - q], [1 - q, q]]), flows)
    tried = np.linspace(-30.0, 30.0, tries)
    keeps, wins = stays(tried, rival), 1.0 - stays(own, tried)
    as_owner = keeps * (tried - cost + B * has) + (1.0 - keeps) * B * lacks
    as_rival = wins * (tried - cost + B * has) + (1.0 - wins) * B * lacks
    return (
        Deviation(float(tried[as_owner.argmax()]), float(as_owner.max() / has - 1.0)),
        Deviation(float(tried[as_rival.argmax()]), float(as_rival.max() / lacks - 1.0)),
    )


def best_plan(
    game: PostedPrices,
    bases: np.ndarray,
    loyalty: float,
    *,
    price_sensitivity: float,
    discount_factor: float,
    cost: float,
    rounds: int = 150,
) -> Plan:
    """Find a firm's best plan against the rival's posted prices, by value iteration.

    Parameters
    ----------
    game : PostedPrices
        At ``bases``.
    bases : ndarray, shape (B,)
        Customer bases from 0 to 1, a fine grid.
    loyalty, price_sensitivity, discount_factor, cost
        As for :func:`cxsim.analytic.posted_prices`.
    rounds : int
        Iterations; what is left of the start is the discount factor to that power.
    """
    tried = np.linspace(game.own.min() - 1.0, game.own.max() + 3.0, 801)
    n, dearer = bases[:, None], tried - game.rival[:, None]
    stay = 1.0 / (1.0 + np.exp(price_sensitivity * dearer - loyalty))
    come = 1.0 / (1.0 + np.exp(price_sensitivity * dearer + loyalty))
    share = n * stay + (1.0 - n) * come
    margin = (tried - cost) * share
    value = np.zeros(len(bases))
    for _ in range(rounds):
        outcome = margin + discount_factor * np.interp(share, bases, value)
        value = outcome.max(axis=1)
    return Plan(tried[outcome.argmax(axis=1)], value)
