"""Cohorts: how long customers who joined in the same period stay, and what they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.measures.books import Books
from cxsim.mechanisms.base import Column, Mechanism, Pass, Total, chunk

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cohort_frame", "cohorts"]


def leave_cohort(n, arriving, joined):
    """A newcomer belongs to no cohort."""
    for i in range(n):
        if arriving[i]:
            joined[i] = -1


def earn(n, supplier, choice, joined, margin, sum_cohort_margin):
    """Book what a cohort's purchases from its supplier bring after the period of joining."""
    for i in range(n):
        s = supplier[i]
        if s >= 0 and choice[i] == s and joined[i] >= 0:
            sum_cohort_margin[chunk(i), s, joined[i]] += margin[i]


def enter_cohort(n, n_firms, clock, choice, tenure, joined):
    """Who bought from a new supplier joins this period's cohort."""
    for i in range(n):
        if 0 <= choice[i] < n_firms and tenure[i] == 1:
            joined[i] = clock[0] if clock[0] >= 0 else -1


def count(n, supplier, joined, sum_cohort_size):
    """Count who is left of each cohort."""
    for i in range(n):
        if supplier[i] >= 0 and joined[i] >= 0:
            sum_cohort_size[chunk(i), supplier[i], joined[i]] += 1.0


def cohorts(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Observe cohorts by firm and period of joining."""
    periods = int(scenario.periods)
    return Mechanism(
        "cohorts",
        doc="Survival and realized value by cohort",
        columns=(Column("joined", dtype="i4", fill=-1, doc="Period of joining the supplier"),),
        totals=(
            Total("cohort_size", ("firm", periods), doc="Customers left, by period of joining"),
            Total("cohort_margin", ("firm", periods), doc="Margins earned, by period of joining"),
        ),
        passes=(
            Pass(leave_cohort, "arrive"),
            Pass(earn, "pay", after=("money.pay",)),
            Pass(enter_cohort, "join", after=("choice.join",)),
            Pass(count, "account"),
        ),
    )


def cohort_frame(books: Books, scenario: Any) -> pd.DataFrame:
    """Return one row per firm, cohort and age.

    Columns: ``firm``, ``cohort`` (period of joining), ``age`` (periods since), ``customers``,
    ``survival`` (share of the cohort left; who left the market counts as lost) and
    ``realized_value``: margins earned after the period of joining, discounted to it, per
    customer who joined. They add up with age.
    """
    import pandas as pd

    size, margin = books.total("cohort_size"), books.total("cohort_margin")  # (T, F, T)
    rate = float(scenario.discount_rate)
    frames = []
    for name in scenario.firms:
        f = books.firms.index(name)
        for cohort in range(books.periods):
            left = size[cohort:, f, cohort]
            ages = np.arange(len(left))
            with np.errstate(invalid="ignore", divide="ignore"):
                earned = np.cumsum(margin[cohort:, f, cohort] * (1.0 + rate) ** -ages) / left[0]
                survival = left / left[0]
            frames.append(
                pd.DataFrame(
                    {
                        "firm": name,
                        "cohort": cohort,
                        "age": ages,
                        "customers": left,
                        "survival": survival,
                        "realized_value": earned,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)
