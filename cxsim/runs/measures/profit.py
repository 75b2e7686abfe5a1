"""Measures of revenue, costs, profit, net present value and customer lifetime value."""

from __future__ import annotations

import math

import numpy as np

from cxsim.model.core.people import TENURE_BANDS
from cxsim.model.ledger import Ledger, held_and_kept, ratio
from cxsim.model.mechanism import Measure
from cxsim.runs.measures.purchases import (
    customers,
    customers_left_market,
    over_last_year,
    parameter,
    per_last_year,
    purchases,
)

# -- Revenue, costs and profit -----------------------------------------------------------------


def price_paid(b: Ledger) -> np.ndarray:
    """Mean amount paid over the period's purchases from the firm."""
    return ratio(b.total("revenue"), purchases(b))


def contribution_margin(b: Ledger) -> np.ndarray:
    """Revenue of the period less the costs caused by purchases and contacts."""
    return (
        b.total("revenue")
        - b.total("cost_of_goods_sold")
        - b.total("contact_cost")
        - b.total("service_cost")
        - b.costs("contribution")
    )


def capability_overhead(b: Ledger) -> np.ndarray:
    """Fixed cost of interaction and customization in the period, quadratic in each.

    Zero for a firm that is not active. Investments in capabilities and costs by capability are
    separate.
    """
    squares = b.firm("interaction") ** 2 + b.firm("customization") ** 2
    return b.firm("capability_cost") * squares * b.firm("active")


def capability_investment(b: Ledger) -> np.ndarray:
    """One-off cost of raising interaction and customization in the period, whole market.

    What a programme raises has the programme's price instead.
    """
    raised = sum(
        np.maximum(b.firm(name) - b.firm_before(name), 0.0) * (1.0 - _of_programmes(b, number))
        for number, name in enumerate(("interaction", "customization"))
    )
    return b.firm("capability_investment") * raised


def _of_programmes(b: Ledger, capability: int) -> np.ndarray | float:
    """Return 1 where a programme moves interaction (0) or customization (1), (T, F)."""
    return b.count("programme_builds")[:, :, capability] if b.has("programme_builds") else 0.0


def profit(b: Ledger) -> np.ndarray:
    """Contribution margin of the period less overhead, investments and other costs.

    Not discounted.
    """
    return (
        contribution_margin(b)
        - capability_overhead(b)
        - capability_investment(b)
        - b.costs("profit")
    )


def cumulative_profit(b: Ledger) -> np.ndarray:
    """Sum of the profits of period 0 to this one, not discounted."""
    return b.summed("profit", profit)


def cash(b: Ledger) -> np.ndarray:
    """Initial cash plus the profits of period 0 to this one."""
    return b.firm("initial_cash") + cumulative_profit(b)


_PER_PERIOD = "currency per period"


def _booked(name: str, label: str, what: str) -> Measure:
    """Return the measure of an amount that the ledger keeps; ``what`` names it."""

    def measure(b: Ledger) -> np.ndarray:
        return b.total(name)

    measure.__name__ = name
    measure.__doc__ = f"{what} in the period, whole market."
    return Measure.of(measure, label, _PER_PERIOD, "own_ledger", summary="sum")


PROFIT_MEASURES = (
    Measure.of(parameter("price"), "Price", "currency per unit", "reported"),
    Measure.of(price_paid, "Amount paid per purchase", "currency", "own_ledger"),
    _booked(
        "revenue", "Revenue", "Amounts paid by customers, net of discounts and redeemed points,"
    ),
    _booked(
        "discounts",
        "Promotions (deducted from revenue)",
        "Price cuts in promotions, already deducted from revenue,",
    ),
    _booked("cost_of_goods_sold", "Cost of goods sold", "Cost of the units sold"),
    _booked("contact_cost", "Interaction cost", "Cost of contacts with individual customers"),
    _booked("service_cost", "Service cost", "Cost of handling purchases"),
    Measure.of(contribution_margin, "Contribution margin", _PER_PERIOD, summary="sum"),
    Measure.of(
        capability_overhead, "Overhead of capabilities", _PER_PERIOD, "own_ledger", summary="sum"
    ),
    Measure.of(
        capability_investment,
        "Investment in capabilities",
        _PER_PERIOD,
        "own_ledger",
        summary="sum",
    ),
    Measure.of(profit, "Profit", _PER_PERIOD, "series", "own_ledger", "reported", summary="sum"),
    Measure.of(
        cumulative_profit,
        "Cumulative profit",
        "currency",
        "series",
        "own_ledger",
        summary="to_date",
    ),
    Measure.of(cash, "Cash", "currency", "own_ledger", "reported", summary="last"),
)


# -- Net present value: discounted profit within the horizon, and with a continuation value ----


#: The measures of value: within the horizon, and with two kinds of continuation value.
VALUES = ("net_present_value", "net_present_value_perpetuity", "net_present_value_equity")


# --- of any path of profits ---------------------------------------------------------


def weights(periods: int, discount_rate: float) -> np.ndarray:
    """Return the discount factors (1 + d)^-t of the periods, shape (periods,).

    Parameters
    ----------
    periods : int
        T.
    discount_rate : float
        d, per period.

    Returns
    -------
    ndarray, shape (T,)
        Factors; 1 for period 0.
    """
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
    """Return the horizons, in periods, at which net present value changes its sign.

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
    """Return the horizon at which net present value changes its sign if last year's profit lasts.

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
    # 1 - used itself would lose all its digits at a small rate.
    return len(profit) - math.log1p(-used) / math.log1p(discount_rate) if used < 1.0 else math.inf


# --- measures of a run --------------------------------------------------------------


def _weights(b: Ledger) -> np.ndarray:
    """Discount factors of the periods of the ledger, (T, 1)."""
    return weights(b.first + b.periods, b.market["market_discount_rate"])[b.first :, None]


def _discounted(b: Ledger) -> np.ndarray:
    return _weights(b) * profit(b)


def net_present_value(b: Ledger) -> np.ndarray:
    """Profit of period 0 to this period, discounted to period 0, without a continuation value."""
    return b.summed("discounted profit", _discounted)


def net_present_value_perpetuity(b: Ledger) -> np.ndarray:
    """Net present value, plus the last year's mean profit in perpetuity, discounted to period 0."""
    rate = b.market["market_discount_rate"]
    if rate == 0.0:
        return np.full((b.periods, len(b.firms)), np.nan)
    return net_present_value(b) + _weights(b) * per_last_year(profit(b), b.year) / rate


def net_present_value_equity(b: Ledger) -> np.ndarray:
    """Net present value, plus customer equity at the end of the period, discounted to period 0.

    Future customers and future fixed costs are not counted.
    """
    return net_present_value(b) + _weights(b) * customer_equity(b)


VALUE_MEASURES = (
    Measure.of(
        net_present_value, "Net present value", "currency", "key", summary="to_date", also=("npv",)
    ),
    Measure.of(
        net_present_value_perpetuity,
        "Net present value with perpetuity",
        "currency",
        "cumulative",
        summary="to_date",
    ),
    Measure.of(
        net_present_value_equity,
        "Net present value with customer equity",
        "currency",
        summary="to_date",
    ),
)


# -- Customer lifetime value: of present customers, of new ones, and of new ones with returns --


def _by_knowledge(b: Ledger) -> np.ndarray:
    """Projected lifetime value by knowledge band, (T, F, bands)."""
    held, kept = held_and_kept(b, "knowledge")
    stayed = 1.0 - ratio(
        customers_left_market(b), customers_left_market(b) + b.total("customers_before")[:, 1:]
    )
    margin = ratio(contribution_margin(b), customers(b))
    r = ratio(kept, held) * stayed[:, :, None]
    return margin[:, :, None] * ratio(r, 1.0 + b.market["market_discount_rate"] - r)


def customer_lifetime_value_present(b: Ledger) -> np.ndarray:
    """Discounted contribution margin expected from a present customer until the customer is lost.

    Mean over the firm's customers in the period, projected from the period's retention by
    knowledge band: m r / (1 + d - r). It exceeds the CLV of a new customer, since loyal
    customers are more frequent among present ones.
    """
    held, _ = held_and_kept(b, "knowledge")
    values = np.where(held > 0, _by_knowledge(b), 0.0)
    return ratio((values * held).sum(axis=2), held.sum(axis=2))


def customer_equity(b: Ledger) -> np.ndarray:
    """CLV of a present customer times the firm's customers at the period's end.

    Zero for a firm that sold nothing in the last year.
    """
    sold = over_last_year(purchases(b), b.year) > 0
    return np.where(sold, customer_lifetime_value_present(b) * customers(b), 0.0)


def _margin(b: Ledger) -> np.ndarray:
    """Contribution per purchase over the last year, (T, F)."""
    return ratio(
        over_last_year(contribution_margin(b), b.year), over_last_year(purchases(b), b.year)
    )


def _survival(gone: np.ndarray, there: np.ndarray, b: Ledger) -> np.ndarray:
    """Discounted chance of still being in the market a period later, over the last year."""
    gone, there = over_last_year(gone, b.year), over_last_year(there, b.year)
    return (1.0 - ratio(gone, gone + there)) / (1.0 + b.market["market_discount_rate"])


#: Tenure band of a customer with n purchases, n = 1 .. 32 (which stands for more).
_BAND = tuple(np.searchsorted([1, 3, 7, 15, 31], np.arange(1, 33)).tolist())


def customer_lifetime_value_new(b: Ledger) -> np.ndarray:
    """Discounted contribution margin of a customer after the first purchase, until churn.

    An upper limit for the customer acquisition cost. Projected from the last year's rates of
    repeat purchase and of churn to rivals by tenure; a returning customer counts as a new one.
    """
    held, kept = (over_last_year(each, b.year) for each in held_and_kept(b, "tenure"))
    again = over_last_year(b.total("repeats"), b.year)
    pooled = [each.sum(axis=2, keepdims=True) for each in (held, kept, again)]
    empty = held == 0  # bands without customers: as the firm's others
    buys = np.where(empty, ratio(pooled[2], pooled[0]), ratio(again, held))
    goes = 1.0 - np.where(empty, ratio(pooled[1], pooled[0]), ratio(kept, held))
    margin, weight = (
        _margin(b),
        _survival(customers_left_market(b), b.total("customers_before")[:, 1:], b),
    )
    assert held.shape[2] == len(TENURE_BANDS)
    last = _BAND[-1]
    value = ratio(weight * buys[:, :, last] * margin, 1.0 - weight * (1.0 - goes[:, :, last]))
    for band in _BAND[-2::-1]:
        q, silent = buys[:, :, band], 1.0 - buys[:, :, band] - goes[:, :, band]
        value = ratio(weight * q * (margin + value), 1.0 - weight * silent)
    return value


def customer_lifetime_value_migration(b: Ledger) -> np.ndarray:
    """Discounted contribution margin of a customer after the first purchase, including returns.

    Customers who switch may come back. Projected by the brand-switching matrix of the last year,
    a Markov chain of the supplier, until the customer leaves the market.
    """
    before = over_last_year(b.total("customers_before")[:, 1:], b.year)
    bought = over_last_year(b.total("purchases")[:, 1:, :-1], b.year)
    chance = np.nan_to_num(ratio(bought, before[:, :, None]))  # (T, supplier, bought from)
    gone, everybody = b.total("left").sum(axis=1), b.total("customers_before").sum(axis=1)
    weight = _survival(gone, everybody - gone, b)  # newcomers have replaced those who left
    weight = weight[:, None, None]
    firms = len(b.firms)
    moves = chance.copy()
    for f in range(firms):  # a customer who does not buy keeps the supplier
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


CUSTOMER_VALUE_MEASURES = (
    Measure.of(
        customer_lifetime_value_present,
        "CLV of a present customer",
        _PER_CUSTOMER,
        summary="last",
        source="Gupta, Lehmann & Stuart 2004",
        also=("lifetime_value", "clv"),
    ),
    Measure.of(
        customer_lifetime_value_new,
        "CLV of a new customer",
        _PER_CUSTOMER,
        "cumulative",
        "key",
        summary="last",
        also=("lifetime_value", "clv"),
    ),
    Measure.of(
        customer_lifetime_value_migration,
        "CLV of a new customer, with returns",
        _PER_CUSTOMER,
        "cumulative",
        summary="last",
        source="Rust, Lemon & Zeithaml 2004",
    ),
    Measure.of(customer_equity, "Customer equity", "currency", summary="last"),
)
