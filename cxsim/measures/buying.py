"""Who buys from whom: purchases, customers, shares, retention."""

from __future__ import annotations

import numpy as np

from cxsim.arguments import choice
from cxsim.measures.books import Books
from cxsim.mechanisms.base import Measure
from cxsim.mechanisms.measuring import ratio

__all__ = [
    "MEASURES",
    "by_firm",
    "customers",
    "held_and_kept",
    "left",
    "losses",
    "purchases",
    "share",
]


def by_firm(b: Books) -> np.ndarray:
    """Purchases from firms, by supplier before (none, firms) and firm bought from: (T, F+1, F)."""
    return b.total("purchases")[:, :, :-1]


def _own(b: Books) -> np.ndarray:
    """Purchases by a firm's own customers, (T, F)."""
    return np.diagonal(by_firm(b)[:, 1:, :], axis1=1, axis2=2)


def purchases(b: Books) -> np.ndarray:
    """Purchases from the firm."""
    return by_firm(b).sum(axis=1)


def share(b: Books) -> np.ndarray:
    """Share of the purchases from firms."""
    return ratio(purchases(b), purchases(b).sum(axis=1, keepdims=True))


def acquisitions(b: Books) -> np.ndarray:
    """Customers won, from rivals or from nobody."""
    return purchases(b) - _own(b)


def losses(b: Books) -> np.ndarray:
    """Customers lost to rivals."""
    return by_firm(b)[:, 1:, :].sum(axis=2) - _own(b)


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
    return ratio(_own(b), by_firm(b)[:, 1:, :].sum(axis=2))


def penetration(b: Books) -> np.ndarray:
    """Share of all customers who bought from the firm in the period."""
    everybody = b.total("holders").sum(axis=1, keepdims=True)
    return ratio(purchases(b), everybody)


def left(b: Books) -> np.ndarray:
    """Customers who left the market for good."""
    return b.total("left")[:, 1:]


def held_and_kept(b: Books, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Return customers before the choice and who of them stay, (T, F, bands)."""
    choice(by, "by", ("knowledge", "tenure"))
    stay = b.total("stay").sum(axis=4 if by == "knowledge" else 3)  # (T, F, stays, bands)
    return stay.sum(axis=2), stay[:, :, 1]


MEASURES = (
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
)
