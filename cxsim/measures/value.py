"""Net present value: what a run's profits are worth, within its horizon and with what follows."""

from __future__ import annotations

import math

import numpy as np

from cxsim.measures.books import Books
from cxsim.measures.customer_value import customer_equity
from cxsim.measures.making import per_last_year
from cxsim.measures.money import profit
from cxsim.mechanisms.base import Measure

__all__ = ["MEASURES", "VALUES", "by_horizon", "turn_beyond", "turns", "weights", "year_of"]

#: Periods of a year, by what a period is called.
_YEARS = {"day": 365, "week": 52, "fortnight": 26, "month": 12, "quarter": 4, "year": 1}

#: Periods that stand for the last year where it is not known how long a period is.
_UNKNOWN = 12

#: The measures of value: within the horizon, and two ways to value what lies beyond it.
VALUES = ("net_present_value", "net_present_value_perpetuity", "net_present_value_equity")


def year_of(period_length: str) -> int:
    """Return the periods of a year; 12 where a period is no length of time that is known.

    Examples
    --------
    >>> year_of("week"), year_of("month"), year_of("purchase")
    (52, 12, 12)
    """
    return _YEARS.get(period_length.strip().lower().removesuffix("s"), _UNKNOWN)


# --- of any path of profits ---------------------------------------------------------


def weights(periods: int, discount_rate: float) -> np.ndarray:
    """Return what money of each period is worth in period 0, (1 + d)^-t, shape (periods,)."""
    # Products in one order: powers differ between processors.
    return np.cumprod([1.0, *[1.0 / (1.0 + discount_rate)] * (periods - 1)])


def by_horizon(profit: np.ndarray, discount_rate: float) -> np.ndarray:
    """Return net present value by horizon: entry t values the periods 0 to t.

    Parameters
    ----------
    profit : ndarray, shape (T, ...)
        By period, currency.
    discount_rate : float
        Per period.
    """
    shape = (-1, *[1] * (profit.ndim - 1))
    return np.cumsum(weights(len(profit), discount_rate).reshape(shape) * profit, axis=0)


def turns(profit: np.ndarray, discount_rate: float) -> list[int]:
    """Return at which horizons, in periods, net present value changes its sign.

    Parameters
    ----------
    profit : ndarray, shape (T,)
        By period, currency; or a difference of profits.
    discount_rate : float
        Per period.

    Examples
    --------
    >>> turns(np.array([-3.0, 1.0, 1.0, 2.0, 2.0]), 0.0)
    [4]
    """
    value = by_horizon(np.asarray(profit, dtype=float), discount_rate)
    signed = np.flatnonzero(value != 0.0)
    sign = np.sign(value[signed])
    return [int(signed[k]) + 1 for k in np.flatnonzero(sign[1:] != sign[:-1]) + 1]


def turn_beyond(profit: np.ndarray, discount_rate: float, year: int) -> float:
    """Return the horizon at which net present value turns if the last year's profit goes on.

    Parameters
    ----------
    profit : ndarray, shape (T,)
        By period, currency; or a difference of profits.
    discount_rate : float
        Per period.
    year : int
        Periods whose mean profit goes on.

    Returns
    -------
    float
        In periods from period 0, more than T; infinite if it never turns.

    Examples
    --------
    >>> turn_beyond(np.array([-5.0, 1.0, 1.0]), 0.0, 2)
    6.0
    """
    profit = np.asarray(profit, dtype=float)
    value = float(by_horizon(profit, discount_rate)[-1])
    later = float(profit[-year:].mean()) * float(weights(len(profit) + 1, discount_rate)[-1])
    if np.sign(value) * np.sign(later) >= 0.0:
        return math.inf
    periods = -value / later  # if nothing were discounted
    if 1.0 + discount_rate == 1.0:
        return len(profit) + periods
    used = periods * (discount_rate / (1.0 + discount_rate))
    # Of 1 - used itself nothing would be left at a small rate.
    return len(profit) - math.log1p(-used) / math.log1p(discount_rate) if used < 1.0 else math.inf


# --- measures of a run --------------------------------------------------------------


def _weights(b: Books) -> np.ndarray:
    """Weights of the periods of the books, (T, 1)."""
    return weights(b.first + b.periods, b.market["market_discount_rate"])[b.first :, None]


def _discounted(b: Books) -> np.ndarray:
    return _weights(b) * profit(b)


def net_present_value(b: Books) -> np.ndarray:
    """Profit of period 0 to this period, discounted to period 0; nothing of what follows."""
    return b.summed("discounted profit", _discounted)


def perpetuity(b: Books) -> np.ndarray:
    """Net present value, and the mean profit of the last year for ever after, discounted."""
    rate = b.market["market_discount_rate"]
    if rate == 0.0:
        return np.full((b.periods, len(b.firms)), np.nan)
    return net_present_value(b) + _weights(b) * per_last_year(profit(b), b.year) / rate


def with_equity(b: Books) -> np.ndarray:
    """Net present value, and customer equity as it then stands, discounted to period 0.

    No customer yet to be won counts, and no fixed cost yet to be paid.
    """
    return net_present_value(b) + _weights(b) * customer_equity(b)


MEASURES = (
    Measure(
        "net_present_value",
        "Net present value of profit",
        "currency",
        net_present_value,
        summary="to_date",
        key=True,
        also=("npv",),
    ),
    Measure(
        "net_present_value_perpetuity",
        "Net present value, last year's profit for ever",
        "currency",
        perpetuity,
        summary="to_date",
        cumulative=True,
    ),
    Measure(
        "net_present_value_equity",
        "Net present value and customer equity",
        "currency",
        with_equity,
        summary="to_date",
    ),
)
