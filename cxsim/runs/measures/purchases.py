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


def _active_before(b: Ledger) -> np.ndarray:
    """Active customers at the start of the period, before anybody leaves the market."""
    return b.total("left_active") + b.total("activity")[:, :, : _LAPSE + 1].sum(axis=2)


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
    ended a subscription without taking another.
    """
    return ratio(b.total("activity")[:, :, _LAPSE] + _ended(b), _active_before(b))


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
    Measure(
        "market_share",
        "Market share",
        "share",
        market_share,
        key=True,
        series=True,
        reported=True,
    ),
    Measure(
        "customer_share",
        "Customer share",
        "share",
        customer_share,
    ),
    Measure(
        "customers",
        "Customers",
        "customers",
        customers,
        summary="last",
        series=True,
        own_ledger=True,
        reported=True,
    ),
    Measure("purchases", "Purchases", "per period", purchases, own_ledger=True),
    Measure(
        "customers_acquired",
        "Customers acquired",
        "per period",
        customers_acquired,
        own_ledger=True,
    ),
    Measure(
        "customers_lost_to_rivals",
        "Customers lost to rivals",
        "per period",
        customers_lost_to_rivals,
        own_ledger=True,
    ),
    Measure(
        "customers_left_market",
        "Customers who left the market",
        "per period",
        customers_left_market,
        own_ledger=True,
    ),
    Measure(
        "retention_rate",
        "Retention rate",
        "share per period",
        retention_rate,
        source=LAPSE_SOURCE,
        key=True,
        series=True,
        own_ledger=True,
        reported=True,
    ),
    Measure(
        "churn",
        "Churn rate",
        "share per period",
        churn,
        source=LAPSE_SOURCE,
        series=True,
        own_ledger=True,
        also=("attrition", "churn_rate", "defection"),
    ),
    Measure("churn_rivals", "Churn to rivals", "share per period", churn_rivals),
    Measure("churn_lapsed", "Churn by lapsing", "share per period", churn_lapsed),
    Measure("churn_left", "Churn by leaving the market", "share per period", churn_left),
    Measure(
        "active_customers",
        "Active customers",
        "customers",
        active_customers,
        summary="last",
        source=LAPSE_SOURCE,
        own_ledger=True,
    ),
    Measure("returned", "Customers won back", "per period", returned, own_ledger=True),
    Measure("stayed", "Customers not lost to rivals", "share per period", stayed),
    Measure(
        "repeat_purchase_rate",
        "Repeat purchase rate",
        "share",
        repeat_purchase_rate,
        own_ledger=True,
        also=("repurchase_rate",),
    ),
    Measure("penetration", "Penetration", "share", penetration),
)


# -- Measures made directly of a total of the ledger or of a parameter --------------------------


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

    measure.__doc__ = f"Mean over the firm's customers at the period's end of {what}."
    return measure


def total(name: str, what: str) -> Callable[[Ledger], np.ndarray]:
    """Return the measure of a total; ``what`` names the quantity.

    Parameters
    ----------
    name : str
        Of an accumulator by firm.
    what : str
        For the definition of the measure.

    Returns
    -------
    callable
        Of a ledger; returns an ndarray of shape (T, F), in the unit of the accumulator per period.
    """

    def measure(b: Ledger) -> np.ndarray:
        return b.total(name)

    measure.__doc__ = f"{what} in the period, whole market."
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
        reported=True,
    ),
    Measure(
        "fit_gap",
        "Fit gap",
        "squared distance",
        per_customer(
            "fit_gap",
            "the fit gap, the squared distance between their need and their offer",
        ),
    ),
    Measure("ordering_effort", "Ordering effort", "currency per purchase", ordering_effort),
    Measure("onboarding_effort", "Onboarding effort", "currency per purchase", onboarding_effort),
    Measure(
        "switching_cost",
        "Switching cost",
        "currency",
        switching_cost,
        summary="last",
        key=True,
        series=True,
        reported=True,
    ),
    Measure(
        "switching_procedural",
        "Procedural switching cost",
        "currency",
        per_customer(
            "switching_procedural",
            "the procedural part of their switching cost: the change and onboarding effort",
        ),
        summary="last",
    ),
    Measure(
        "switching_financial",
        "Financial switching cost",
        "currency",
        per_customer(
            "switching_financial",
            "the financial part of their switching cost: points, exit fees and premiums",
        ),
        summary="last",
    ),
    Measure(
        "switching_relational",
        "Relational switching cost",
        "currency",
        per_customer(
            "switching_relational",
            "the relational part of their switching cost: fit, ordering effort and experience",
        ),
        summary="last",
    ),
    Measure(
        "switching_cost_sd",
        "Switching cost, standard deviation",
        "currency",
        switching_cost_sd,
        summary="last",
    ),
    Measure(
        "switching_cost_to_price",
        "Switching cost relative to amount paid",
        "share",
        switching_cost_to_price,
        summary="last",
    ),
    Measure(
        "recognition_rate", "Identify: recognition rate", "share", recognition_rate, own_ledger=True
    ),
    Measure(
        "need_variance_explained",
        "Differentiate: need variance explained",
        "share",
        need_variance_explained,
    ),
    Measure(
        "need_variance_resolved",
        "Interact: unknown need variance resolved",
        "share",
        need_variance_resolved,
        own_ledger=True,
    ),
    Measure("fit_gap_closed", "Customize: fit gap closed", "share", fit_gap_closed, summary="last"),
    Measure(
        "interaction",
        "Interaction",
        "share",
        parameter("interaction"),
        summary="last",
        series=True,
        reported=True,
    ),
    Measure(
        "customization",
        "Customization",
        "share",
        parameter("customization"),
        summary="last",
        series=True,
        reported=True,
    ),
)
