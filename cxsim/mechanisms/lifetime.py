"""Lifetime: how many stay, by what their supplier knows of them and for how long it has."""

from __future__ import annotations

from cxsim.mechanisms.base import Column, Mechanism, Pass, Total, chunk, listed
from cxsim.mechanisms.people import has_lapsed

#: What the tenure bands are called: purchases since joining the supplier.
TENURE_BANDS = ("1", "2-3", "4-7", "8-15", "16-31", "32+")

#: What customers who have a supplier do in a period, by number.
ACTIVITY = ("stays active", "goes to a rival", "lapses", "comes back", "is lapsed already")


# --- rules ------------------------------------------------------------------------


def knowledge_band(knowledge: float) -> int:
    """Return the number of the knowledge band, 0 to 4."""
    band = int(knowledge * 5.0)
    return min(4, band)


def tenure_band(tenure: int) -> int:
    """Return the number of the tenure band, 0 (one purchase) to 5 (32 and more)."""
    return (tenure > 1) + (tenure > 3) + (tenure > 7) + (tenure > 15) + (tenure > 31)


def activity_of(repeats: bool, buys: bool, lapsed_before: bool, lapsed_now: bool) -> int:
    """Return the number of what a customer does: a place in :data:`ACTIVITY`."""
    if lapsed_before:
        return 3 if repeats else 4
    if repeats:
        return 0
    if buys:
        return 1
    return 2 if lapsed_now else 0


# --- passes -----------------------------------------------------------------------


def count(
    n, n_firms, supplier, choice, tenure, known, stays, knowledge_bands, tenure_bands, sum_stay,
):  # fmt: skip
    """Count who had a supplier before the choice, and who of them still has the same."""
    for i in range(n):
        c = choice[i]
        stays[i] = 1 if (c == supplier[i]) | (c == -1) | (c == n_firms) else 0
        knowledge_bands[i] = knowledge_band(known[i])
        tenure_bands[i] = tenure_band(tenure[i])
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_stay[chunk(i), s, stays[i], knowledge_bands[i], tenure_bands[i]] += 1.0


def activity(
    n, n_firms, clock, supplier, choice, purchase_rate, last_bought, fate, market_lapse_after,
    sum_activity,
):  # fmt: skip
    """Count active customers who stay active, go to a rival or lapse, and who comes back."""
    for i in range(n):
        c = choice[i]
        silent = clock[0] - last_bought[i]
        before = has_lapsed(silent - 1, purchase_rate[i], market_lapse_after[0])
        now = has_lapsed(silent, purchase_rate[i], market_lapse_after[0])
        fate[i] = activity_of(c == supplier[i], (c >= 0) & (c < n_firms), before, now)
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_activity[chunk(i), s, fate[i]] += 1.0


def repeat(n, buyer, seller, supplier, tenure_bands, sum_repeats):
    """Count purchases from the supplier, by tenure before them."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        if seller[k] == supplier[i]:
            sum_repeats[chunk(i), seller[k], tenure_bands[i]] += 1.0


LIFETIME = Mechanism(
    "lifetime",
    doc="Retention by knowledge and by tenure",
    core=True,
    columns=(
        Column("stays", (), "i4", kept=False, doc="1 for who keeps the supplier"),
        Column("knowledge_bands", (), "i4", kept=False, doc="Number of the knowledge band"),
        Column("tenure_bands", (), "i4", kept=False, doc="Number of the tenure band"),
        Column("fate", (), "i4", kept=False, doc="What an active or lapsed customer does"),
    ),
    totals=(
        Total(
            "stay",
            ("firm", 2, 5, 6),
            doc="Customers before the choice, by whether they stay, knowledge and tenure band",
        ),
        Total(
            "activity",
            ("firm", 5),
            doc="Customers before the choice, by what they do: stay active, go to a rival, "
            "lapse, come back, are lapsed already",
        ),
        Total("repeats", ("firm", 6), doc="Purchases from the supplier, by tenure band"),
    ),
    passes=(
        Pass(count, "pay"),
        Pass(activity, "pay", after=("lifetime.count",)),
        Pass(repeat, "pay", after=("lifetime.count", "choice.buy")),
    ),
)
