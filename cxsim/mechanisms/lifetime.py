"""Lifetime: how many stay, by what their supplier knows of them and for how long it has."""

from __future__ import annotations

from cxsim.mechanisms.base import Column, Mechanism, Pass, Total, chunk

#: What the tenure bands are called: purchases since joining the supplier.
TENURE_BANDS = ("1", "2-3", "4-7", "8-15", "16-31", "32+")


# --- rules ------------------------------------------------------------------------


def knowledge_band(knowledge: float) -> int:
    """Return the number of the knowledge band, 0 to 4."""
    band = int(knowledge * 5.0)
    return min(4, band)


def tenure_band(tenure: int) -> int:
    """Return the number of the tenure band, 0 (one purchase) to 5 (32 and more)."""
    return (tenure > 1) + (tenure > 3) + (tenure > 7) + (tenure > 15) + (tenure > 31)


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


LIFETIME = Mechanism(
    "lifetime",
    doc="Retention by knowledge and by tenure",
    core=True,
    columns=(
        Column("stays", (), "i4", kept=False, doc="1 for who keeps the supplier"),
        Column("knowledge_bands", (), "i4", kept=False, doc="Number of the knowledge band"),
        Column("tenure_bands", (), "i4", kept=False, doc="Number of the tenure band"),
    ),
    totals=(
        Total(
            "stay",
            ("firm", 2, 5, 6),
            doc="Customers before the choice, by whether they stay, knowledge and tenure band",
        ),
    ),
    passes=(Pass(count, "pay"),),
)
