"""Measures of purchases, customers, market share, churn, knowledge and switching costs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxsim.model.ledger import Ledger, by_firm, customers_at_end, ratio
from cxsim.model.mechanism import Measure

# -- Purchases, customers, market share, retention and churn -----------------------------------


#: Where the definition of an active customer is from.
LAPSE_SOURCE = (
    "lapse in a setting without contracts: Schmittlein, Morrison & Colombo 1987; "
    "Reinartz & Kumar 2000; hiatus heuristic: Wuebben & Wangenheim 2008"
)


def _own(b: Ledger) -> np.ndarray:
    """Purchases by a firm's own customers, (T, F)."""
    return np.diagonal(by_firm(b)[:, 1:, :], axis1=1, axis2=2)


def purchases(b: Ledger) -> np.ndarray:
    """Purchases from the firm in the period, whole market."""
    return by_firm(b).sum(axis=1)


def market_share(b: Ledger) -> np.ndarray:
    """Share of the period's purchases from all firms that were made from this firm."""
    return ratio(purchases(b), purchases(b).sum(axis=1, keepdims=True))


def customers_acquired(b: Ledger) -> np.ndarray:
    """Customers who bought from the firm in the period and had another supplier, or none."""
    return purchases(b) - _own(b)


def customers_lost_to_rivals(b: Ledger) -> np.ndarray:
    """The firm's customers, including lapsed ones, who bought from a rival in the period."""
    return by_firm(b)[:, 1:, :].sum(axis=2) - _own(b)


def _ended(b: Ledger) -> np.ndarray | float:
    """Relationships that customers ended by choosing the no-purchase option, where they can."""
    return b.total("ended") if b.has("ended") else 0.0


def customers(b: Ledger) -> np.ndarray:
    """Customers at the period's end who last bought from the firm, including lapsed ones."""
    return customers_at_end(b)


def customer_share(b: Ledger) -> np.ndarray:
    """Share of the customers with a supplier at the period's end whose supplier is this firm."""
    return ratio(customers(b), customers(b).sum(axis=1, keepdims=True))


def stayed(b: Ledger) -> np.ndarray:
    """Share of the firm's customers still in the market, lapsed ones too, not lost in the period.

    Lost to a rival, or because they ended the relationship. A customer who does not buy is kept.
    """
    held = b.total("customers_before")[:, 1:]
    return ratio(held - customers_lost_to_rivals(b) - _ended(b), held)


#: Numbers of customers' activities: ``cxsim.model.core.people.ACTIVITY``.
_STAY, _SWITCH, _LAPSE, _RETURN = range(4)


def _ended_by_emotion(b: Ledger) -> np.ndarray | float:
    """Active customers who ended the relationship because of their emotion cluster."""
    return b.total("emotion_lapsed_active") if b.has("emotion_lapsed_active") else 0.0


def _active_before(b: Ledger) -> np.ndarray:
    """Active customers at the start of the period, before anybody leaves the market."""
    done = b.total("left_active") + b.total("activity")[:, :, : _LAPSE + 1].sum(axis=2)
    return done + _ended_by_emotion(b)


def active_customers(b: Ledger) -> np.ndarray:
    """Customers with this firm as supplier at the end of the period who have not lapsed."""
    done = b.total("activity")
    return done[:, :, _STAY] + done[:, :, _RETURN] + customers_acquired(b) - _ended(b)


def churn_rivals(b: Ledger) -> np.ndarray:
    """Share of the customers active at the period's start who bought from a rival in it."""
    return ratio(b.total("activity")[:, :, _SWITCH], _active_before(b))


def churn_lapsed(b: Ledger) -> np.ndarray:
    """Share of the customers active at the period's start who lapsed in it.

    They have not bought for ``lapse_after`` mean intervals between occasions to buy, or have
    ended a subscription without taking another, or the relationship because of their emotions.
    """
    lapsed = b.total("activity")[:, :, _LAPSE] + _ended(b) + _ended_by_emotion(b)
    return ratio(lapsed, _active_before(b))


def churn_left(b: Ledger) -> np.ndarray:
    """Share of the customers active at the period's start who left the market in it."""
    return ratio(b.total("left_active"), _active_before(b))


def churn(b: Ledger) -> np.ndarray:
    """Share of the customers active at the period's start whom the firm lost in it.

    To rivals, by lapsing, or because they left the market; the three causes add up to churn.
    """
    return churn_rivals(b) + churn_lapsed(b) + churn_left(b)


def retention_rate(b: Ledger) -> np.ndarray:
    """Share of the customers active at the period's start who are active at its end: 1 - churn.

    A customer who does not buy for a while is retained. Retention can therefore be high although
    most of a period's buyers switch, which the repeat purchase rate and brand switching measure.
    """
    return 1.0 - churn(b)


def returned(b: Ledger) -> np.ndarray:
    """Lapsed customers who bought from the firm again in the period."""
    return b.total("activity")[:, :, _RETURN]


def repeat_purchase_rate(b: Ledger) -> np.ndarray:
    """Share of the firm's customers who bought in the period, from any firm, who bought from it."""
    return ratio(_own(b), by_firm(b)[:, 1:, :].sum(axis=2))


def penetration(b: Ledger) -> np.ndarray:
    """Share of all customers who bought from the firm in the period."""
    everybody = b.total("customers_before").sum(axis=1, keepdims=True)
    return ratio(purchases(b), everybody)


def customers_left_market(b: Ledger) -> np.ndarray:
    """The firm's customers who left the market in the period, and do not come back."""
    return b.total("left")[:, 1:]


PURCHASE_MEASURES = (
    Measure.of(market_share, "Market share", "share", "key", "series", "reported"),
    Measure.of(customer_share, "Customer share", "share"),
    Measure.of(
        customers, "Customers", "customers", "series", "own_ledger", "reported", summary="last"
    ),
    Measure.of(purchases, "Purchases", "per period", "own_ledger"),
    Measure.of(customers_acquired, "Customers acquired", "per period", "own_ledger"),
    Measure.of(customers_lost_to_rivals, "Customers lost to rivals", "per period", "own_ledger"),
    Measure.of(customers_left_market, "Customers who left the market", "per period", "own_ledger"),
    Measure.of(
        retention_rate,
        "Retention rate",
        "share per period",
        "key",
        "series",
        "own_ledger",
        "reported",
        source=LAPSE_SOURCE,
    ),
    Measure.of(
        churn,
        "Churn rate",
        "share per period",
        "series",
        "own_ledger",
        source=LAPSE_SOURCE,
        also=("attrition", "churn_rate", "defection"),
    ),
    Measure.of(churn_rivals, "Churn to rivals", "share per period"),
    Measure.of(churn_lapsed, "Churn by lapsing", "share per period"),
    Measure.of(churn_left, "Churn by leaving the market", "share per period"),
    Measure.of(
        active_customers,
        "Active customers",
        "customers",
        "own_ledger",
        summary="last",
        source=LAPSE_SOURCE,
    ),
    Measure.of(returned, "Customers won back", "per period", "own_ledger"),
    Measure.of(stayed, "Customers not lost to rivals", "share per period"),
    Measure.of(
        repeat_purchase_rate,
        "Repeat purchase rate",
        "share",
        "own_ledger",
        also=("repurchase_rate",),
    ),
    Measure.of(penetration, "Penetration", "share"),
)


# -- Measures made directly of a total per customer or of a parameter ---------------------------


def per_customer(name: str, what: str) -> Callable[[Ledger], np.ndarray]:
    """Return the measure of a total per customer of the firm; ``what`` names the quantity.

    Parameters
    ----------
    name : str
        Of an accumulator by firm.
    what : str
        For the definition of the measure.

    Returns
    -------
    callable
        Of a ledger; returns an ndarray of shape (T, F), in the unit of the accumulator per
        customer.
    """

    def measure(b: Ledger) -> np.ndarray:
        return ratio(b.total(name), customers(b))

    measure.__name__ = name
    measure.__doc__ = f"Mean over the firm's customers at the period's end of {what}."
    return measure


def parameter(name: str) -> Callable[[Ledger], np.ndarray]:
    """Return the measure of a parameter of firms.

    Parameters
    ----------
    name : str
        Of a parameter of firms that is one number.

    Returns
    -------
    callable
        Of a ledger; returns an ndarray of shape (T, F), in the unit of the parameter.
    """

    def measure(b: Ledger) -> np.ndarray:
        return b.firm(name)

    measure.__name__ = name
    measure.__doc__ = f"The firm's {name.replace('_', ' ')} as it stood in the period."
    return measure


def over_last_year(values: np.ndarray, year: int) -> np.ndarray:
    """Return sums over the last year up to each period, (T, ...); fewer periods at the start.

    Parameters
    ----------
    values : ndarray, shape (T, ...)
        By period.
    year : int
        Periods of a year.

    Returns
    -------
    ndarray, shape (T, ...)
        In the unit of the values.
    """
    total = np.cumsum(values, axis=0)
    total[year:] -= total[:-year].copy()
    return total


def per_last_year(values: np.ndarray, year: int) -> np.ndarray:
    """Return means over the last year up to each period, (T, ...).

    Parameters
    ----------
    values : ndarray, shape (T, ...)
        By period.
    year : int
        Periods of a year.

    Returns
    -------
    ndarray, shape (T, ...)
        In the unit of the values.
    """
    length = np.minimum(np.arange(1, len(values) + 1), year)
    return over_last_year(values, year) / length.reshape(-1, *[1] * (values.ndim - 1))


# -- Customer knowledge, fit, effort and switching costs ---------------------------------------


def ordering_effort(b: Ledger) -> np.ndarray:
    """Mean ordering effort over the period's purchases from the firm."""
    return ratio(b.total("ordering_effort"), purchases(b))


def onboarding_effort(b: Ledger) -> np.ndarray:
    """Mean onboarding effort, of explaining needs, over the period's purchases from the firm."""
    return ratio(b.total("effort"), purchases(b))


def switching_cost(b: Ledger) -> np.ndarray:
    """Mean cost to the firm's customers of moving to an identical firm that knows nothing of them.

    Over its customers at the period's end; the sum of a procedural, a financial and a relational
    part.
    """
    return ratio(
        b.total("switching_procedural")
        + b.total("switching_financial")
        + b.total("switching_relational"),
        customers(b),
    )


def switching_cost_sd(b: Ledger) -> np.ndarray:
    """Standard deviation of switching costs over the firm's customers at the period's end."""
    mean = switching_cost(b)
    square = ratio(b.total("switching_square"), customers(b))
    return np.sqrt(np.maximum(square - mean * mean, 0.0))


def switching_cost_to_price(b: Ledger) -> np.ndarray:
    """Mean switching cost of the firm's customers divided by the mean amount paid per purchase."""
    return ratio(switching_cost(b), ratio(b.total("revenue"), purchases(b)))


def recognition_rate(b: Ledger) -> np.ndarray:
    """Share of the period's purchases from the firm in which it recognized the customer."""
    return ratio(b.total("recognized"), purchases(b))


def need_variance_explained(b: Ledger) -> np.ndarray:
    """Share of the variance of needs across the firm's customers that its estimates explain.

    The estimate for a customer is the segment's need, as far as the firm distinguishes segments,
    and what the firm learned in contacts, as far as it recognizes the customer.
    """
    held = customers(b)
    missed = ratio(b.total("estimate_error"), held) - _square_of_mean(b, "estimate_gap")
    varied = ratio(b.total("need_square"), held) - _square_of_mean(b, "need")
    alike = varied <= 1e-9 * ratio(b.total("need_square"), held)  # no differences to explain
    return 1.0 - ratio(missed, np.where(alike, 0.0, varied))


def _square_of_mean(b: Ledger, name: str) -> np.ndarray:
    """Squared length of a mean over customers, (T, F)."""
    mean = ratio(b.total(name), customers(b)[:, :, None])
    return (mean * mean).sum(axis=2)


def need_variance_resolved(b: Ledger) -> np.ndarray:
    """Share of the need variance, unresolved before purchase contacts, that the contacts resolve.

    Over the firm's buyers in the period. The firm learns nothing in contacts in which it does not
    recognize the customer.
    """
    return ratio(b.total("resolved"), b.total("unknown"))


def fit_gap_closed(b: Ledger) -> np.ndarray:
    """Share of the standard offer's fit gap, over the firm's customers, closed by customization."""
    return 1.0 - ratio(b.total("fit_gap"), b.total("fit_gap_standard"))


SERVICE_MEASURES = (
    Measure(
        "customer_knowledge",
        "Customer knowledge",
        "share",
        per_customer(
            "knowledge", "the share of the variance of their needs that the firm has resolved"
        ),
        series=True,
        own_ledger=True,
        reported=True,
    ),
    Measure.of(
        per_customer(
            "fit_gap",
            "the fit gap, the squared distance between their need and their offer",
        ),
        "Fit gap",
        "squared distance",
    ),
    Measure.of(ordering_effort, "Ordering effort", "currency per purchase"),
    Measure.of(onboarding_effort, "Onboarding effort", "currency per purchase"),
    Measure.of(
        switching_cost, "Switching cost", "currency", "key", "series", "reported", summary="last"
    ),
    Measure.of(
        per_customer(
            "switching_procedural",
            "the procedural part of their switching cost: the change and onboarding effort",
        ),
        "Procedural switching cost",
        "currency",
        summary="last",
    ),
    Measure.of(
        per_customer(
            "switching_financial",
            "the financial part of their switching cost: points, exit fees and premiums",
        ),
        "Financial switching cost",
        "currency",
        summary="last",
    ),
    Measure.of(
        per_customer(
            "switching_relational",
            "the relational part of their switching cost: fit, ordering effort and experience",
        ),
        "Relational switching cost",
        "currency",
        summary="last",
    ),
    Measure.of(switching_cost_sd, "Switching cost, standard deviation", "currency", summary="last"),
    Measure.of(
        switching_cost_to_price, "Switching cost relative to amount paid", "share", summary="last"
    ),
    Measure.of(recognition_rate, "Identify: recognition rate", "share", "own_ledger"),
    Measure.of(need_variance_explained, "Differentiate: need variance explained", "share"),
    Measure.of(
        need_variance_resolved, "Interact: unknown need variance resolved", "share", "own_ledger"
    ),
    Measure.of(fit_gap_closed, "Customize: fit gap closed", "share", summary="last"),
    Measure.of(
        parameter("interaction"), "Interaction", "share", "series", "reported", summary="last"
    ),
    Measure.of(
        parameter("customization"), "Customization", "share", "series", "reported", summary="last"
    ),
)
