"""What a customer is worth: one of those there are, one newly won, and one who may come back."""

from __future__ import annotations

import numpy as np

from cxsim.measures.books import Books
from cxsim.measures.buying import customers, held_and_kept, left, purchases
from cxsim.measures.making import over_last_year
from cxsim.measures.money import contribution
from cxsim.mechanisms.base import Measure
from cxsim.mechanisms.lifetime import TENURE_BANDS
from cxsim.mechanisms.measuring import ratio

__all__ = ["MEASURES", "customer_equity", "lifetime_value_new", "lifetime_value_present"]


def _by_knowledge(b: Books) -> np.ndarray:
    """Projected lifetime value by knowledge band, (T, F, bands)."""
    held, kept = held_and_kept(b, "knowledge")
    stayed = 1.0 - ratio(left(b), left(b) + b.total("holders")[:, 1:])
    margin = ratio(contribution(b), customers(b))
    r = ratio(kept, held) * stayed[:, :, None]
    return margin[:, :, None] * ratio(r, 1.0 + b.market["market_discount_rate"] - r)


def lifetime_value_present(b: Books) -> np.ndarray:
    """Discounted contribution to come, per present customer, until it is lost for good.

    Projected from the period's rates of staying by knowledge band: m r / (1 + d - r). More than
    a customer newly won is worth, since those who stay are found among the present ones.
    """
    held, _ = held_and_kept(b, "knowledge")
    values = np.where(held > 0, _by_knowledge(b), 0.0)
    return ratio((values * held).sum(axis=2), held.sum(axis=2))


def customer_equity(b: Books) -> np.ndarray:
    """Lifetime value of a present customer, times the firm's customers.

    None for a firm that sold nothing in the last year.
    """
    sold = over_last_year(purchases(b), b.year) > 0
    return np.where(sold, lifetime_value_present(b) * customers(b), 0.0)


def _margin(b: Books) -> np.ndarray:
    """Contribution per purchase over the last year, (T, F)."""
    return ratio(over_last_year(contribution(b), b.year), over_last_year(purchases(b), b.year))


def _survival(gone: np.ndarray, there: np.ndarray, b: Books) -> np.ndarray:
    """Discounted chance to be in the market a period later, from those who left and remained."""
    gone, there = over_last_year(gone, b.year), over_last_year(there, b.year)
    return (1.0 - ratio(gone, gone + there)) / (1.0 + b.market["market_discount_rate"])


#: Tenure band of a customer with n purchases, n = 1 .. 32 (which stands for more).
_BAND = np.searchsorted([1, 3, 7, 15, 31], np.arange(1, 33))


def lifetime_value_new(b: Books) -> np.ndarray:
    """Discounted contribution of a customer after the purchase that won it, until it is lost.

    What winning a customer may cost. Projected from the last year's chances to buy again and to
    go to a rival by tenure (purchases since joining); who comes back is a customer newly won.
    """
    held, kept = (over_last_year(each, b.year) for each in held_and_kept(b, "tenure"))
    again = over_last_year(b.total("repeats"), b.year)
    pooled = [each.sum(axis=2, keepdims=True) for each in (held, kept, again)]
    empty = held == 0  # of bands without customers nothing is known: as the firm's others
    buys = np.where(empty, ratio(pooled[2], pooled[0]), ratio(again, held))
    goes = 1.0 - np.where(empty, ratio(pooled[1], pooled[0]), ratio(kept, held))
    margin, weight = _margin(b), _survival(left(b), b.total("holders")[:, 1:], b)
    assert held.shape[2] == len(TENURE_BANDS)
    last = _BAND[-1]
    value = ratio(weight * buys[:, :, last] * margin, 1.0 - weight * (1.0 - goes[:, :, last]))
    for band in _BAND[-2::-1]:
        q, silent = buys[:, :, band], 1.0 - buys[:, :, band] - goes[:, :, band]
        value = ratio(weight * q * (margin + value), 1.0 - weight * silent)
    return value


def lifetime_value_migration(b: Books) -> np.ndarray:
    """Discounted contribution of a customer after the purchase that won it, returns included.

    Customers who switch come back: projected by the brand-switching matrix of the last year, a
    Markov chain of the supplier, until the customer leaves the market.
    """
    holders = over_last_year(b.total("holders")[:, 1:], b.year)
    bought = over_last_year(b.total("purchases")[:, 1:, :-1], b.year)
    chance = np.nan_to_num(ratio(bought, holders[:, :, None]))  # (T, supplier, bought from)
    gone, everybody = b.total("left").sum(axis=1), b.total("holders").sum(axis=1)
    weight = _survival(gone, everybody - gone, b)  # newcomers have taken the places of the gone
    weight = weight[:, None, None]
    firms = len(b.firms)
    moves = chance.copy()
    for f in range(firms):  # who buys from nobody keeps the supplier
        moves[:, f, f] += 1.0 - chance[:, f].sum(axis=1)
    visits = _solved(np.eye(firms) - weight * moves, weight * chance)
    return _margin(b) * np.diagonal(visits, axis1=1, axis2=2)


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve matrix x = right for each period by elimination; the diagonal has to dominate.

    In one order of operations: those of a linear algebra library differ between machines.
    """
    a, x = matrix.copy(), right.copy()
    size = a.shape[1]
    for k in range(size):
        x[:, k] /= a[:, k, k, None]
        a[:, k] /= a[:, k, k, None].copy()
        for j in range(size):
            if j != k:
                factor = a[:, j, k, None].copy()
                x[:, j] -= factor * x[:, k]
                a[:, j] -= factor * a[:, k]
    return x


_PER_CUSTOMER = "currency per customer"

MEASURES = (
    Measure(
        "lifetime_value_present",
        "Lifetime value of a present customer",
        _PER_CUSTOMER,
        lifetime_value_present,
        summary="last",
        source="Gupta, Lehmann & Stuart 2004",
        also=("lifetime_value", "clv"),
    ),
    Measure(
        "lifetime_value_new",
        "Lifetime value of a customer newly won",
        _PER_CUSTOMER,
        lifetime_value_new,
        summary="last",
        cumulative=True,
        key=True,
        also=("lifetime_value", "clv"),
    ),
    Measure(
        "lifetime_value_migration",
        "Lifetime value of a customer newly won, with returns",
        _PER_CUSTOMER,
        lifetime_value_migration,
        summary="last",
        cumulative=True,
        source="Rust, Lemon & Zeithaml 2004",
    ),
    Measure("customer_equity", "Customer equity", "currency", customer_equity, summary="last"),
)
