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

#: Where the definition of an active customer is from.
LAPSE_SOURCE = (
    "lapse by silence in a setting without contracts: Schmittlein, Morrison & Colombo 1987; "
    "Reinartz & Kumar 2000; hiatus heuristic: Wuebben & Wangenheim 2008"
)


def by_firm(b: Books) -> np.ndarray:
    """Purchases from firms, by supplier before (none, firms) and firm bought from: (T, F+1, F)."""
    return b.total("purchases")[:, :, :-1]


def _own(b: Books) -> np.ndarray:
    """Purchases by a firm's own customers, (T, F)."""
    return np.diagonal(by_firm(b)[:, 1:, :], axis1=1, axis2=2)


def purchases(b: Books) -> np.ndarray:
    """Purchases from the firm in the period, whole market."""
    return by_firm(b).sum(axis=1)


def share(b: Books) -> np.ndarray:
    """Of the purchases from all firms in the period, the share that were made from this firm."""
    return ratio(purchases(b), purchases(b).sum(axis=1, keepdims=True))


def acquisitions(b: Books) -> np.ndarray:
    """Customers who bought from the firm in the period and had another supplier, or none."""
    return purchases(b) - _own(b)


def losses(b: Books) -> np.ndarray:
    """The firm's customers, lapsed ones too, who bought from a rival in the period."""
    return by_firm(b)[:, 1:, :].sum(axis=2) - _own(b)


def _ended(b: Books) -> np.ndarray | float:
    """Relationships that customers ended for the outside option, where they can."""
    return b.total("ended") if b.has("ended") else 0.0


def customers(b: Books) -> np.ndarray:
    """Customers at the end of the period whose last purchase was from the firm; lapsed ones too."""
    return b.total("holders")[:, 1:] + acquisitions(b) - losses(b) - _ended(b)


def relationship_share(b: Books) -> np.ndarray:
    """Of the customers who have a supplier at the period's end, the share who have this one."""
    return ratio(customers(b), customers(b).sum(axis=1, keepdims=True))


def stayed(b: Books) -> np.ndarray:
    """Share of the customers still in the market, silent ones too, whom no rival has taken."""
    held = b.total("holders")[:, 1:]
    return ratio(held - losses(b) - _ended(b), held)


#: Numbers of what customers do: ``cxsim.mechanisms.lifetime.ACTIVITY``.
_STAY, _SWITCH, _LAPSE, _RETURN = range(4)


def _active_before(b: Books) -> np.ndarray:
    """Active customers at the start of the period, before anybody leaves the market."""
    return b.total("left_active") + b.total("activity")[:, :, : _LAPSE + 1].sum(axis=2)


def active_customers(b: Books) -> np.ndarray:
    """Customers at the end of the period who are not silent for longer than expected."""
    done = b.total("activity")
    return done[:, :, _STAY] + done[:, :, _RETURN] + acquisitions(b) - _ended(b)


def churn_rivals(b: Books) -> np.ndarray:
    """Share of the customers active at the period's start who bought from a rival in it."""
    return ratio(b.total("activity")[:, :, _SWITCH], _active_before(b))


def churn_lapsed(b: Books) -> np.ndarray:
    """Share of the customers active at the period's start who lapsed in it.

    They have now been silent for ``lapse_after`` mean intervals between occasions to buy, or
    ended a subscription without taking another.
    """
    return ratio(b.total("activity")[:, :, _LAPSE] + _ended(b), _active_before(b))


def churn_left(b: Books) -> np.ndarray:
    """Share of the customers active at the period's start who left the market for good in it."""
    return ratio(b.total("left_active"), _active_before(b))


def churn(b: Books) -> np.ndarray:
    """Share of the customers active at the period's start whom the firm lost in it.

    To a rival, by lapsing, or because they left the market: the three causes add up to it.
    """
    return churn_rivals(b) + churn_lapsed(b) + churn_left(b)


def retention(b: Books) -> np.ndarray:
    """Share of the customers active at the period's start who are so at its end: 1 - churn.

    Who buys from nobody for a while is kept: it can be high though most of a period's buyers
    switch, which is what the repeat purchase rate and the switching rate measure.
    """
    return 1.0 - churn(b)


def returned(b: Books) -> np.ndarray:
    """Lapsed customers who bought from the firm again in the period."""
    return b.total("activity")[:, :, _RETURN]


def repeat_rate(b: Books) -> np.ndarray:
    """Share of the firm's customers who bought in the period, from any firm, who bought from it."""
    return ratio(_own(b), by_firm(b)[:, 1:, :].sum(axis=2))


def penetration(b: Books) -> np.ndarray:
    """Share of all customers who bought from the firm in the period."""
    everybody = b.total("holders").sum(axis=1, keepdims=True)
    return ratio(purchases(b), everybody)


def left(b: Books) -> np.ndarray:
    """The firm's customers who left the market for good in the period."""
    return b.total("left")[:, 1:]


def held_and_kept(b: Books, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Return customers before the choice and who of them stay, (T, F, bands)."""
    choice(by, "by", ("knowledge", "tenure"))
    stay = b.total("stay").sum(axis=4 if by == "knowledge" else 3)  # (T, F, stays, bands)
    return stay.sum(axis=2), stay[:, :, 1]


MEASURES = (
    Measure(
        "share",
        "Share of purchases",
        "share",
        share,
        key=True,
        series=True,
        reported=True,
        also=("market_share",),
    ),
    Measure(
        "relationship_share",
        "Share of customers with a supplier",
        "share",
        relationship_share,
        also=("customer_share",),
    ),
    Measure(
        "customers",
        "Customers",
        "customers",
        customers,
        summary="last",
        series=True,
        own_books=True,
        reported=True,
    ),
    Measure("purchases", "Purchases", "per period", purchases, own_books=True),
    Measure("acquisitions", "Customers won", "per period", acquisitions, own_books=True),
    Measure("losses", "Customers lost to rivals", "per period", losses, own_books=True),
    Measure("left", "Customers who left the market", "per period", left, own_books=True),
    Measure(
        "retention",
        "Retention",
        "share per period",
        retention,
        source=LAPSE_SOURCE,
        key=True,
        series=True,
        own_books=True,
        reported=True,
        also=("retention_rate",),
    ),
    Measure(
        "churn",
        "Churn",
        "share per period",
        churn,
        source=LAPSE_SOURCE,
        series=True,
        own_books=True,
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
        own_books=True,
    ),
    Measure("returned", "Lapsed customers who came back", "per period", returned, own_books=True),
    Measure("stayed", "Customers not taken by rivals", "share per period", stayed),
    Measure(
        "repeat_rate",
        "Repeat purchase rate among buyers",
        "share",
        repeat_rate,
        own_books=True,
        also=("repurchase_rate", "repeat_purchase_rate"),
    ),
    Measure("penetration", "Penetration in a period", "share", penetration),
)
