"""Profit and what customers are worth."""

from __future__ import annotations

import numpy as np

from cxsim.measures.books import Books
from cxsim.measures.buying import purchases
from cxsim.measures.making import parameter, total
from cxsim.mechanisms.base import Measure
from cxsim.mechanisms.measuring import ratio

__all__ = ["MEASURES", "contribution", "profit"]


def price_paid(b: Books) -> np.ndarray:
    """Mean amount paid over the period's purchases from the firm."""
    return ratio(b.total("revenue"), purchases(b))


def contribution(b: Books) -> np.ndarray:
    """Revenue of the period less the costs that purchases and contacts cause."""
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
    """One-off cost of capabilities raised in the period, whole market."""
    raised = sum(
        np.maximum(b.firm(name) - b.firm_before(name), 0.0)
        for name in ("interaction", "customization")
    )
    return b.firm("capability_investment") * raised


def profit(b: Books) -> np.ndarray:
    """Contribution of the period less what capabilities and mechanisms cost; not discounted."""
    return contribution(b) - capability_cost(b) - capability_investment(b) - b.costs("profit")


def cumulative_profit(b: Books) -> np.ndarray:
    """Profits of period 0 to this one, not discounted."""
    return b.summed("profit", profit)


def cash(b: Books) -> np.ndarray:
    """Initial cash and profits of period 0 to this one."""
    return b.firm("initial_cash") + cumulative_profit(b)


MEASURES = (
    Measure("price", "Price", "currency per unit", parameter("price"), reported=True),
    Measure("price_paid", "Amount paid per purchase", "currency", price_paid, own_books=True),
    Measure(
        "revenue",
        "Revenue",
        "currency per period",
        total("revenue", "What customers paid the firm"),
        summary="sum",
        own_books=True,
    ),
    Measure(
        "discounts",
        "Promotions (taken off revenue)",
        "currency per period",
        total("discounts", "Price cuts of promotions, already taken off revenue,"),
        summary="sum",
        own_books=True,
    ),
    Measure(
        "production_cost",
        "Cost of units",
        "currency per period",
        total("production_cost", "Cost of the units sold"),
        summary="sum",
        own_books=True,
    ),
    Measure(
        "contact_cost",
        "Cost of contacts",
        "currency per period",
        total("contact_cost", "Cost of contacts with individual customers"),
        summary="sum",
        own_books=True,
    ),
    Measure(
        "service_cost",
        "Cost to serve",
        "currency per period",
        total("service_cost", "Cost of handling purchases"),
        summary="sum",
        own_books=True,
    ),
    Measure("contribution", "Contribution", "currency per period", contribution, summary="sum"),
    Measure(
        "capability_cost",
        "Fixed cost of capabilities",
        "currency per period",
        capability_cost,
        summary="sum",
        own_books=True,
    ),
    Measure(
        "capability_investment",
        "Investment in capabilities",
        "currency per period",
        capability_investment,
        summary="sum",
        own_books=True,
    ),
    Measure(
        "profit",
        "Profit",
        "currency per period",
        profit,
        summary="sum",
        series=True,
        own_books=True,
        reported=True,
    ),
    Measure(
        "cumulative_profit",
        "Cumulative profit",
        "currency",
        cumulative_profit,
        summary="to_date",
        series=True,
        own_books=True,
    ),
    Measure("cash", "Cash", "currency", cash, summary="last", own_books=True, reported=True),
)
