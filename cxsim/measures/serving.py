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
    """Mean effort of ordering, over the period's purchases from the firm."""
    return ratio(b.total("hassle"), purchases(b))


def effort(b: Books) -> np.ndarray:
    """Mean effort spent on telling the firm one's needs, over the period's purchases from it."""
    return ratio(b.total("effort"), purchases(b))


def switching_cost(b: Books) -> np.ndarray:
    """Mean over the firm's customers of what moving to a twin firm that knows nothing would cost.

    The sum of its procedural, financial and relational parts.
    """
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
    """Mean switching cost of the firm's customers over the mean amount paid per purchase."""
    return ratio(switching_cost(b), ratio(b.total("revenue"), purchases(b)))


def recognized(b: Books) -> np.ndarray:
    """Share of the period's purchase contacts in which the customer was recognized."""
    return ratio(b.total("recognized"), purchases(b))


def differentiated(b: Books) -> np.ndarray:
    """Share of the variance of needs across the firm's customers that its picture explains.

    The picture is what the firm takes a customer to need: its segment's need as far as the firm
    tells segments apart, and what contacts taught, as far as the customer is recognized.
    """
    held = customers(b)
    missed = ratio(b.total("picture_error"), held) - _square_of_mean(b, "picture_miss")
    varied = ratio(b.total("need_square"), held) - _square_of_mean(b, "need")
    alike = varied <= 1e-9 * ratio(b.total("need_square"), held)  # nobody to tell apart
    return 1.0 - ratio(missed, np.where(alike, 0.0, varied))


def _square_of_mean(b: Books, name: str) -> np.ndarray:
    """Squared length of a mean over customers, (T, F)."""
    mean = ratio(b.total(name), customers(b)[:, :, None])
    return (mean * mean).sum(axis=2)


def learned(b: Books) -> np.ndarray:
    """Share of what the firm did not know of the buyers it met that these contacts taught it.

    What is not known is the variance of a customer's need that is not resolved; contacts in
    which the customer was not recognized teach nothing.
    """
    return ratio(b.total("resolved"), b.total("unknown"))


def misfit_removed(b: Books) -> np.ndarray:
    """Share of the standard offer's misfit, over the firm's customers, that customizing removes."""
    return 1.0 - ratio(b.total("misfit"), b.total("misfit_standard"))


MEASURES = (
    Measure(
        "knowledge",
        "Knowledge of customers",
        "share",
        per_customer(
            "knowledge", "the share of the variance of their needs that the firm has resolved"
        ),
        series=True,
        reported=True,
    ),
    Measure(
        "misfit",
        "Misfit of the offer",
        "squared distance",
        per_customer(
            "misfit", "the squared distance between their need and the offer that they would get"
        ),
    ),
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
        per_customer(
            "switching_procedural",
            "the procedural part of their switching cost: moving, and teaching a twin firm anew",
        ),
        summary="last",
    ),
    Measure(
        "switching_financial",
        "Financial switching cost",
        "currency",
        per_customer(
            "switching_financial",
            "the financial part of their switching cost: balances, fees and premiums",
        ),
        summary="last",
    ),
    Measure(
        "switching_relational",
        "Relational switching cost",
        "currency",
        per_customer(
            "switching_relational",
            "the relational part of their switching cost: fit, effort saved and experience",
        ),
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
    Measure(
        "differentiated", "Differentiate: variance of needs explained", "share", differentiated
    ),
    Measure(
        "learned",
        "Interact: unknown needs learned in a contact",
        "share",
        learned,
        own_books=True,
        also=("signals",),
    ),
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
