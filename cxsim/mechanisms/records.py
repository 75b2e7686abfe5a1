"""Records: what a firm has in its books about each customer who bought from it.

What firms rank customers by (:mod:`cxsim.mechanisms.value_tiers`) and look for others like
them by (:mod:`cxsim.mechanisms.acquisition`) is reckoned from these columns and nothing else.
"""

from __future__ import annotations

from typing import Any

from cxsim.mechanisms.base import Column, Mechanism, Pass, listed


def kept(scenario: Any) -> bool:
    """Whether any firm makes use of records of customers."""
    return any(
        f.value_tiers is not None or f.acquisition is not None for f in scenario.firms.values()
    )


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, first_purchase, last_purchase, frequency, paid, earned):
    """Nobody has a record of a newcomer."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                first_purchase[f, i] = 0
                last_purchase[f, i] = 0
                frequency[f, i] = 0
                paid[f, i] = 0.0
                earned[f, i] = 0.0


def record(
    n, clock, buyer, seller, revenue, margin, first_purchase, last_purchase, frequency, paid,
    earned,
):  # fmt: skip
    """Enter a purchase."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        if frequency[f, i] == 0:
            first_purchase[f, i] = clock[0]
        last_purchase[f, i] = clock[0]
        frequency[f, i] += 1
        paid[f, i] += revenue[k]
        earned[f, i] += margin[i]


RECORDS = Mechanism(
    "records",
    doc="What firms have in their books about each customer",
    columns=(
        Column("first_purchase", ("firm",), "i4", doc="Period of the first purchase from the firm"),
        Column("last_purchase", ("firm",), "i4", doc="Period of the last purchase from the firm"),
        Column("frequency", ("firm",), "i4", doc="Purchases from the firm, ever"),
        Column("paid", ("firm",), doc="Prices paid to the firm, ever, currency"),
        Column("earned", ("firm",), doc="Contribution of these purchases, currency"),
    ),
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(record, "update"),
    ),
    active=kept,
)
