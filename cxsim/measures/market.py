"""The market as a whole."""

from __future__ import annotations

import numpy as np

from cxsim.measures.books import Books
from cxsim.measures.buying import by_firm, losses, purchases, share
from cxsim.measures.money import profit
from cxsim.mechanisms.base import Measure
from cxsim.mechanisms.measuring import ratio

__all__ = ["MEASURES"]


def concentration(b: Books) -> np.ndarray:
    """Herfindahl-Hirschman index of shares of purchases."""
    return (share(b) ** 2).sum(axis=1)


def outside_share(b: Books) -> np.ndarray:
    """Of the customers in the market in the period, the share who bought from nobody."""
    bought = b.total("purchases").sum(axis=1)
    return ratio(bought[:, -1], bought.sum(axis=1))


def switching_rate(b: Books) -> np.ndarray:
    """Of the period's buyers who had a supplier, the share who bought from another firm.

    Those who bought from nobody do not count: retention counts them as kept.
    """
    bought = by_firm(b)[:, 1:, :].sum(axis=(1, 2))
    return ratio(losses(b).sum(axis=1), bought)


def market_price(b: Books) -> np.ndarray:
    """Mean amount paid per purchase in the market."""
    return ratio(b.total("revenue").sum(axis=1), purchases(b).sum(axis=1))


def market_purchases(b: Books) -> np.ndarray:
    """Purchases from all firms in the period."""
    return purchases(b).sum(axis=1)


def market_profit(b: Books) -> np.ndarray:
    """Sum of the profits of all firms in the period."""
    return profit(b).sum(axis=1)


def consumer_surplus(b: Books) -> np.ndarray:
    """Experienced worth of purchases relative to the outside value; meaningful as a difference."""
    return b.total("surplus")[:, 0]


MEASURES = (
    Measure(
        "concentration",
        "Concentration (HHI)",
        "index",
        concentration,
        level="market",
        also=("hhi",),
    ),
    Measure(
        "outside_share",
        "Share of the outside option",
        "share",
        outside_share,
        level="market",
        key=True,
    ),
    Measure(
        "switching_rate",
        "Switching rate among buyers",
        "share",
        switching_rate,
        level="market",
        key=True,
    ),
    Measure("price_paid", "Amount paid per purchase", "currency", market_price, level="market"),
    Measure("purchases", "Purchases", "per period", market_purchases, level="market"),
    Measure(
        "profit",
        "Profit of all firms",
        "currency per period",
        market_profit,
        level="market",
        summary="sum",
    ),
    Measure(
        "consumer_surplus",
        "Consumer surplus",
        "currency per period",
        consumer_surplus,
        level="market",
        summary="sum",
        key=True,
    ),
)
