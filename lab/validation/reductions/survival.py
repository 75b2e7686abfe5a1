"""Reductions of leaving for good: customers who each leave at a rate of their own."""

from __future__ import annotations

from math import sqrt

import numpy as np

from cxsim.analytic import survival
from cxsim.runs import simulate
from lab.validation.checks import Check
from lab.validation.markets import market

__all__ = ["cohort_survival"]


def cohort_survival(
    *, alpha=0.668, beta=3.806, periods=12, customers=100_000, seed=21, rules=None
) -> list[Check]:
    """Row 7: nothing but ``exit_rate_beta``; the first cohort thins out.

    Everybody is there in period -1 and may leave from period 0 on.
    """
    still = []
    simulate(
        market(
            {"A": {"price": 1.0}},
            {"All": {"share": 1.0, "exit_rate_beta": [alpha, beta]}},
            customers=customers,
            periods=periods,
        ),
        seed=seed,
        rules=rules,
        each=lambda s: still.append(np.count_nonzero(s.customers("entry_period") < 0) / customers),
    )
    expected = survival(np.arange(1, periods + 1), alpha=alpha, beta=beta)
    return [
        Check(f"survivors after {t}", float(p), share, error=sqrt(p * (1.0 - p) / customers))
        for t, (p, share) in enumerate(zip(expected, still, strict=True), start=1)
    ]
