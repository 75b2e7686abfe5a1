"""What firms know and do for customers, and what leaving them costs."""

from __future__ import annotations

import numpy as np

from cxsim.measures.books import Books
from cxsim.measures.buying import customers, purchases
from cxsim.measures.making import parameter, per_customer
from cxsim.mechanisms.base import Measure
from cxsim.mechanisms.measuring import ratio

__all__ = ["MEASURES", "switching_cost"]


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
    return ratio(b.total("signals"), customers(b))


def misfit_removed(b: Books) -> np.ndarray:
    """Customize: share of the standard offer's misfit that customization removes."""
    return 1.0 - ratio(b.total("misfit"), b.total("misfit_standard"))


MEASURES = (
    Measure(
        "knowledge",
        "Knowledge of customers",
        "share",
        per_customer("knowledge"),
        series=True,
        reported=True,
    ),
    Measure("misfit", "Misfit of the offer", "squared distance", per_customer("misfit")),
    Measure("hassle", "Effort of an order", "currency per purchase", hassle),
    Measure("effort", "Effort of teaching", "currency per purchase", effort),
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
        per_customer("switching_procedural"),
        summary="last",
    ),
    Measure(
        "switching_financial",
        "Financial switching cost",
        "currency",
        per_customer("switching_financial"),
        summary="last",
    ),
    Measure(
        "switching_relational",
        "Relational switching cost",
        "currency",
        per_customer("switching_relational"),
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
    Measure("recognized", "Identify: contacts recognized", "share", recognized, own_books=True),
    Measure("differentiated", "Differentiate: segment differences seen", "share", differentiated),
    Measure("signals", "Interact: signals per customer", "per period", signals, own_books=True),
    Measure("misfit_removed", "Customize: misfit removed", "share", misfit_removed, summary="last"),
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
