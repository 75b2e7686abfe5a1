"""What is measured in every run, by firm and period and for the market."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxsim.measures.books import Books
from cxsim.mechanisms.base import Measure
from cxsim.mechanisms.measuring import ratio

__all__ = ["FIRM_MEASURES", "MARKET_MEASURES", "ratio"]


# --- who buys from whom -----------------------------------------------------------


def _by_firm(b: Books) -> np.ndarray:
    """Purchases from firms, by supplier before (none, firms) and firm bought from: (T, F+1, F)."""
    return b.total("purchases")[:, :, :-1]


def _own(b: Books) -> np.ndarray:
    """Purchases by a firm's own customers, (T, F)."""
    return np.diagonal(_by_firm(b)[:, 1:, :], axis1=1, axis2=2)


def purchases(b: Books) -> np.ndarray:
    """Purchases from the firm."""
    return _by_firm(b).sum(axis=1)


def share(b: Books) -> np.ndarray:
    """Share of the purchases from firms."""
    return ratio(purchases(b), purchases(b).sum(axis=1, keepdims=True))


def acquisitions(b: Books) -> np.ndarray:
    """Customers won, from rivals or from nobody."""
    return purchases(b) - _own(b)


def losses(b: Books) -> np.ndarray:
    """Customers lost to rivals."""
    return _by_firm(b)[:, 1:, :].sum(axis=2) - _own(b)


def _ended(b: Books) -> np.ndarray | float:
    """Relationships that customers ended for the outside option, where they can."""
    return b.total("ended") if b.has("ended") else 0.0


def customers(b: Books) -> np.ndarray:
    """Customers at the end of the period."""
    return b.total("holders")[:, 1:] + acquisitions(b) - losses(b) - _ended(b)


def relationship_share(b: Books) -> np.ndarray:
    """Share of the customers who have a supplier."""
    return ratio(customers(b), customers(b).sum(axis=1, keepdims=True))


def retention(b: Books) -> np.ndarray:
    """Of last period's customers still in the market, the share with the same supplier now."""
    held = b.total("holders")[:, 1:]
    return ratio(held - losses(b) - _ended(b), held)


def repeat_rate(b: Books) -> np.ndarray:
    """Of the firm's customers who bought from any firm, the share who bought from it again."""
    return ratio(_own(b), _by_firm(b)[:, 1:, :].sum(axis=2))


def penetration(b: Books) -> np.ndarray:
    """Share of all customers who bought from the firm in the period."""
    everybody = b.total("holders").sum(axis=1, keepdims=True)
    return ratio(purchases(b), everybody)


def left(b: Books) -> np.ndarray:
    """Customers who left the market for good."""
    return b.total("left")[:, 1:]


# --- what firms know and do for customers -----------------------------------------


def _per_customer(name: str) -> Callable[[Books], np.ndarray]:
    def measure(b: Books) -> np.ndarray:
        return ratio(b.total(name), customers(b))

    measure.__doc__ = f"Mean {name.replace('_', ' ')} over the firm's customers."
    return measure


def _total(name: str) -> Callable[[Books], np.ndarray]:
    def measure(b: Books) -> np.ndarray:
        return b.total(name)

    measure.__doc__ = f"Total {name.replace('_', ' ')}."
    return measure


def _parameter(name: str) -> Callable[[Books], np.ndarray]:
    def measure(b: Books) -> np.ndarray:
        return b.firm(name)

    measure.__doc__ = f"The firm's {name.replace('_', ' ')} as it stood in the period."
    return measure


def hassle(b: Books) -> np.ndarray:
    """Mean effort of an order."""
    return ratio(b.total("hassle"), purchases(b))


def effort(b: Books) -> np.ndarray:
    """Mean effort spent on teaching, per purchase."""
    return ratio(b.total("effort"), purchases(b))


def switching_cost(b: Books) -> np.ndarray:
    """Mean switching cost of the firm's customers, the sum of its parts."""
    return ratio(
        b.total("switching_procedural")
        + b.total("switching_financial")
        + b.total("switching_relational"),
        customers(b),
    )


def switching_cost_sd(b: Books) -> np.ndarray:
    """Standard deviation of switching costs over the firm's customers."""
    mean = switching_cost(b)
    square = ratio(b.total("switching_square"), customers(b))
    return np.sqrt(np.maximum(square - mean * mean, 0.0))


def switching_cost_share(b: Books) -> np.ndarray:
    """Mean switching cost as a share of the mean amount paid per purchase."""
    return ratio(switching_cost(b), ratio(b.total("revenue"), purchases(b)))


def recognized(b: Books) -> np.ndarray:
    """Identify: share of contacts in which the customer was recognized."""
    return ratio(b.total("recognized"), purchases(b))


def differentiated(b: Books) -> np.ndarray:
    """Differentiate: share of the distance to segments' needs that the firm sees."""
    return 1.0 - ratio(b.total("gap_prior"), b.total("gap_standard"))


def signals(b: Books) -> np.ndarray:
    """Interact: contacts that taught the firm something, per customer and period."""
    return ratio(b.total("recognized"), customers(b))


def misfit_removed(b: Books) -> np.ndarray:
    """Customize: share of the standard offer's misfit that customization removes."""
    return 1.0 - ratio(b.total("misfit"), b.total("misfit_standard"))


def held_and_kept(b: Books, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Return customers before the choice and who of them stay, (T, F, bands)."""
    stay = b.total("stay").sum(axis=4 if by == "knowledge" else 3)  # (T, F, stays, bands)
    return stay.sum(axis=2), stay[:, :, 1]


# --- money ------------------------------------------------------------------------


def price_paid(b: Books) -> np.ndarray:
    """Mean amount paid per purchase."""
    return ratio(b.total("revenue"), purchases(b))


def contribution(b: Books) -> np.ndarray:
    """Revenue less the costs that purchases cause."""
    return (
        b.total("revenue")
        - b.total("production_cost")
        - b.total("contact_cost")
        - b.total("service_cost")
        - b.costs("contribution")
    )


def capability_cost(b: Books) -> np.ndarray:
    """Fixed cost of the capabilities, convex in each; none for a firm that is not active."""
    squares = b.firm("interaction") ** 2 + b.firm("customization") ** 2
    return b.firm("capability_cost") * squares * b.firm("active")


def capability_investment(b: Books) -> np.ndarray:
    """One-off cost of capabilities raised this period."""
    raised = sum(
        np.maximum(b.firm(name) - b.firm_before(name), 0.0)
        for name in ("interaction", "customization")
    )
    return b.firm("capability_investment") * raised


def profit(b: Books) -> np.ndarray:
    """Contribution less what capabilities and mechanisms cost."""
    return contribution(b) - capability_cost(b) - capability_investment(b) - b.costs("profit")


def cumulative_profit(b: Books) -> np.ndarray:
    """Profit since period 0."""
    return np.cumsum(profit(b), axis=0)


def cash(b: Books) -> np.ndarray:
    """Initial cash and profits since period 0."""
    return b.firm("initial_cash") + cumulative_profit(b)


def _lifetime_values(b: Books) -> np.ndarray:
    """Projected lifetime value by knowledge band, (T, F, bands)."""
    held, kept = held_and_kept(b, "knowledge")
    stayed = 1.0 - ratio(left(b), left(b) + b.total("holders")[:, 1:])
    margin = ratio(contribution(b), customers(b))
    r = ratio(kept, held) * stayed[:, :, None]
    return margin[:, :, None] * ratio(r, 1.0 + b.market["market_discount_rate"] - r)


def lifetime_value(b: Books) -> np.ndarray:
    """Projected lifetime value of a customer, m r / (1 + d - r) by knowledge band."""
    held, _ = held_and_kept(b, "knowledge")
    values = np.where(held > 0, _lifetime_values(b), 0.0)
    return ratio((values * held).sum(axis=2), held.sum(axis=2))


def customer_equity(b: Books) -> np.ndarray:
    """Sum of projected lifetime values over the firm's customers."""
    return lifetime_value(b) * customers(b)


# --- the market -------------------------------------------------------------------


def concentration(b: Books) -> np.ndarray:
    """Herfindahl-Hirschman index of shares of purchases."""
    return (share(b) ** 2).sum(axis=1)


def outside_share(b: Books) -> np.ndarray:
    """Share of customers in the market who took the outside option."""
    bought = b.total("purchases").sum(axis=1)
    return ratio(bought[:, -1], bought.sum(axis=1))


def switching_rate(b: Books) -> np.ndarray:
    """Of customers with a supplier who bought from a firm, the share who bought from a rival."""
    bought = _by_firm(b)[:, 1:, :].sum(axis=(1, 2))
    return ratio(losses(b).sum(axis=1), bought)


def market_price(b: Books) -> np.ndarray:
    """Mean amount paid per purchase in the market."""
    return ratio(b.total("revenue").sum(axis=1), purchases(b).sum(axis=1))


def market_purchases(b: Books) -> np.ndarray:
    """Purchases from all firms."""
    return purchases(b).sum(axis=1)


def market_profit(b: Books) -> np.ndarray:
    """Profit of all firms."""
    return profit(b).sum(axis=1)


def consumer_surplus(b: Books) -> np.ndarray:
    """Experienced worth of purchases relative to the outside value; meaningful as a difference."""
    return b.total("surplus")[:, 0]


FIRM_MEASURES = (
    Measure("share", "Share of purchases", "share", share),
    Measure(
        "relationship_share", "Share of customers with a supplier", "share", relationship_share
    ),
    Measure("customers", "Customers", "customers", customers, summary="last"),
    Measure("purchases", "Purchases", "per period", purchases),
    Measure("acquisitions", "Customers won", "per period", acquisitions),
    Measure("losses", "Customers lost to rivals", "per period", losses),
    Measure("left", "Customers who left the market", "per period", left),
    Measure("retention", "Retention", "share per period", retention),
    Measure("repeat_rate", "Repeat rate among buyers", "share", repeat_rate),
    Measure("penetration", "Penetration in a period", "share", penetration),
    Measure("knowledge", "Knowledge of customers", "share", _per_customer("knowledge")),
    Measure("misfit", "Misfit of the offer", "squared distance", _per_customer("misfit")),
    Measure("hassle", "Effort of an order", "currency per purchase", hassle),
    Measure("effort", "Effort of teaching", "currency per purchase", effort),
    Measure("switching_cost", "Switching cost", "currency", switching_cost, summary="last"),
    Measure(
        "switching_procedural",
        "Procedural switching cost",
        "currency",
        _per_customer("switching_procedural"),
        summary="last",
    ),
    Measure(
        "switching_financial",
        "Financial switching cost",
        "currency",
        _per_customer("switching_financial"),
        summary="last",
    ),
    Measure(
        "switching_relational",
        "Relational switching cost",
        "currency",
        _per_customer("switching_relational"),
        summary="last",
    ),
    Measure(
        "switching_cost_sd",
        "Spread of switching costs",
        "currency",
        switching_cost_sd,
        summary="last",
    ),
    Measure(
        "switching_cost_share",
        "Switching cost over amount paid",
        "share",
        switching_cost_share,
        summary="last",
    ),
    Measure("recognized", "Identify: contacts recognized", "share", recognized),
    Measure("differentiated", "Differentiate: segment differences seen", "share", differentiated),
    Measure("signals", "Interact: signals per customer", "per period", signals),
    Measure("misfit_removed", "Customize: misfit removed", "share", misfit_removed, summary="last"),
    Measure("interaction", "Interaction", "share", _parameter("interaction"), summary="last"),
    Measure("customization", "Customization", "share", _parameter("customization"), summary="last"),
    Measure("price", "Price", "currency per unit", _parameter("price")),
    Measure("price_paid", "Amount paid per purchase", "currency", price_paid),
    Measure("revenue", "Revenue", "currency per period", _total("revenue"), summary="sum"),
    Measure(
        "discounts",
        "Promotions (taken off revenue)",
        "currency per period",
        _total("discounts"),
        summary="sum",
    ),
    Measure(
        "production_cost",
        "Cost of units",
        "currency per period",
        _total("production_cost"),
        summary="sum",
    ),
    Measure(
        "contact_cost",
        "Cost of contacts",
        "currency per period",
        _total("contact_cost"),
        summary="sum",
    ),
    Measure(
        "service_cost",
        "Cost to serve",
        "currency per period",
        _total("service_cost"),
        summary="sum",
    ),
    Measure("contribution", "Contribution", "currency per period", contribution, summary="sum"),
    Measure(
        "capability_cost",
        "Fixed cost of capabilities",
        "currency per period",
        capability_cost,
        summary="sum",
    ),
    Measure(
        "capability_investment",
        "Investment in capabilities",
        "currency per period",
        capability_investment,
        summary="sum",
    ),
    Measure("profit", "Profit", "currency per period", profit, summary="sum"),
    Measure(
        "net_present_value",
        "Net present value of profit",
        "currency",
        profit,
        summary="present_value",
    ),
    Measure(
        "cumulative_profit",
        "Cumulative profit",
        "currency",
        cumulative_profit,
        summary="last",
        cumulative=True,
    ),
    Measure("cash", "Cash", "currency", cash, summary="last", cumulative=True),
    Measure(
        "lifetime_value",
        "Customer lifetime value",
        "currency per customer",
        lifetime_value,
        summary="last",
    ),
    Measure("customer_equity", "Customer equity", "currency", customer_equity, summary="last"),
)

MARKET_MEASURES = (
    Measure("concentration", "Concentration (HHI)", "index", concentration, level="market"),
    Measure("outside_share", "Share of the outside option", "share", outside_share, level="market"),
    Measure(
        "switching_rate", "Switching rate among buyers", "share", switching_rate, level="market"
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
    ),
)
