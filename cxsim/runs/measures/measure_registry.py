"""Measures of firms and of the market by name, and one number of each for a whole run."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from cxsim.messages import hint
from cxsim.model.ledger import Ledger, by_firm, ratio
from cxsim.model.mechanism import Measure, Mechanism
from cxsim.model.mechanism_registry import registered
from cxsim.runs.measures.profit import (
    CUSTOMER_VALUE_MEASURES,
    PROFIT_MEASURES,
    VALUE_MEASURES,
    profit,
)
from cxsim.runs.measures.purchases import (
    PURCHASE_MEASURES,
    SERVICE_MEASURES,
    customers_lost_to_rivals,
    market_share,
    purchases,
)

# -- The market as a whole ---------------------------------------------------------------------


def concentration(b: Ledger) -> np.ndarray:
    """Herfindahl-Hirschman index: sum of the squared market shares of the period."""
    return (market_share(b) ** 2).sum(axis=1)


def no_purchase_share(b: Ledger) -> np.ndarray:
    """Share of the customers in the market in the period who took the no-purchase option."""
    bought = b.total("purchases").sum(axis=1)
    return ratio(bought[:, -1], bought.sum(axis=1))


def brand_switching_rate(b: Ledger) -> np.ndarray:
    """Share of the period's buyers with a supplier who bought from another firm.

    Customers who did not buy are not counted here; retention counts them as retained.
    """
    bought = by_firm(b)[:, 1:, :].sum(axis=(1, 2))
    return ratio(customers_lost_to_rivals(b).sum(axis=1), bought)


def market_price(b: Ledger) -> np.ndarray:
    """Mean amount paid over the period's purchases from all firms."""
    return ratio(b.total("revenue").sum(axis=1), purchases(b).sum(axis=1))


def market_purchases(b: Ledger) -> np.ndarray:
    """Purchases from all firms in the period."""
    return purchases(b).sum(axis=1)


def market_profit(b: Ledger) -> np.ndarray:
    """Sum of the profits of all firms in the period."""
    return profit(b).sum(axis=1)


def consumer_surplus(b: Ledger) -> np.ndarray:
    """Experienced value of the period's purchases relative to no purchase.

    Only differences between scenarios are meaningful.
    """
    return b.total("surplus")[:, 0]


MARKET_MEASURES = (
    Measure.of(concentration, "Concentration (HHI)", "index", level="market", also=("hhi",)),
    Measure.of(no_purchase_share, "Share of no purchase", "share", "key", level="market"),
    Measure.of(brand_switching_rate, "Brand switching rate", "share", "key", level="market"),
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
    Measure.of(
        consumer_surplus,
        "Consumer surplus",
        "currency per period",
        "key",
        level="market",
        summary="sum",
    ),
)


# -- Measures by level and name ----------------------------------------------------------------


#: Measures of every run, by firm and for the market; mechanisms bring more.
FIRM_MEASURES = (
    *PURCHASE_MEASURES,
    *SERVICE_MEASURES,
    *PROFIT_MEASURES,
    *CUSTOMER_VALUE_MEASURES,
    *VALUE_MEASURES,
)


def measures(level: str, mechanisms: tuple[Mechanism, ...] | None = None) -> tuple[Measure, ...]:
    """Return the measures of a level, ``"firm"`` or ``"market"``, the core's first.

    Parameters
    ----------
    level : {"firm", "market"}
    mechanisms : tuple of Mechanism, optional
        Those that take part; default: all that are registered.

    Returns
    -------
    tuple of Measure
    """
    core = {"firm": FIRM_MEASURES, "market": MARKET_MEASURES}[level]
    more = tuple(
        measure
        for mechanism in (registered() if mechanisms is None else mechanisms)
        for measure in mechanism.measures
        if measure.level == level
    )
    return core + more


def firm_measures(scenario: Any) -> tuple[Measure, ...]:
    """Return the measures of firms that a run of a scenario has, with labels, units and summaries.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    tuple of Measure
    """
    return measures("firm", scenario.mechanisms)


def key_measures(level: str) -> tuple[str, ...]:
    """Return the names of the key measures, which reports show first.

    Parameters
    ----------
    level : {"firm", "market"}

    Returns
    -------
    tuple of str
    """
    return tuple(measure.name for measure in measures(level) if measure.key)


def firm_measure(name: object, mechanisms: tuple[Mechanism, ...]) -> str:
    """Return the name of a measure of firms, refused with the nearest if there is none.

    Parameters
    ----------
    name : object
        Name as given.
    mechanisms : tuple of Mechanism
        Those of the market that is measured.

    Raises
    ------
    ValueError
        If a market with these mechanisms has no such measure.
    """
    known = [measure.name for measure in measures("firm", mechanisms)]
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"measure: expected a measure of firms, found {name!r}{near(name, known)}")
    return name


def near(name: object, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown measure: the names that may be meant.

    Parameters
    ----------
    name : object
        What was found.
    known : iterable of str
        Names of measures that are there, the market's with or without ``market.`` before them.
    """
    names = list(known)
    every = (*measures("firm"), *measures("market"))
    meant = [m.name for m in every if str(name).lower() in m.also and m.name in names]
    if meant:
        return f" (did you mean {' or '.join(repr(each) for each in meant)}?)"
    return hint(name, names, listed=12)


# -- One number per measure and firm for a whole run, as the measure declares ------------------


#: Name under which market measures stand among the firms in a summary.
MARKET = "(market)"


def summarized(values: np.ndarray, how: str) -> np.ndarray:
    """Summarize values by period (first axis) into one.

    Parameters
    ----------
    values : ndarray, shape (T, ...)
    how : {"last", "mean", "sum", "to_date"}
        ``mean`` leaves out periods without a value.
    """
    if how in ("last", "to_date"):
        return values[-1]
    if how == "sum":
        return values.sum(axis=0)
    if how == "mean":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a firm that never had a customer
            return np.nanmean(values, axis=0)
    raise ValueError(f"summary: expected last, mean, sum or to_date, found {how!r}")


def window_words(how: str, first: int, last: int, period: str = "period") -> str:
    """Return in words the periods over which a run is summarized in one number.

    Parameters
    ----------
    how : {"last", "mean", "sum", "to_date"}
    first, last : int
        Periods, both included.
    period : str
        What a period is called.

    Examples
    --------
    >>> window_words("mean", 24, 59, "month"), window_words("last", 0, 59, "month")
    ('mean over months 24-59', 'month 59, the last')
    """
    if how == "last":
        return f"{period} {last}, the last"
    over = f"{period} {last}" if first == last else f"{period}s {first}-{last}"
    return over if how == "to_date" else f"{how} over {over}"


def summarize(
    simulation: Any, start: int = 0, *, only: Collection[str] | None = None
) -> dict[str, dict[str, float]]:
    """Return measure values by firm name, in the scenario's order, and for :data:`MARKET`.

    Parameters
    ----------
    simulation : Simulation
        Finished.
    start : int
        First period of means.
    only : collection of str, optional
        Measures to compute; default: all.
    """
    ledger = simulation.ledger
    result: dict[str, dict[str, float]] = {name: {} for name in simulation.scenario.firms}
    for measure in measures("firm", simulation.mechanisms):
        if only is not None and measure.name not in only:
            continue
        values = summarized(_from(start, measure, ledger), measure.summary)
        for name, of_firm in result.items():
            of_firm[measure.name] = float(values[ledger.firms.index(name)])
    result[MARKET] = {
        measure.name: float(summarized(_from(start, measure, ledger), measure.summary))
        for measure in measures("market", simulation.mechanisms)
        if only is None or measure.name in only
    }
    return result


def _from(start: int, measure: Measure, ledger: Ledger) -> np.ndarray:
    """Return a measure by period, means from a period on."""
    values = np.asarray(measure.function(ledger))
    return values[start:] if measure.summary == "mean" else values
