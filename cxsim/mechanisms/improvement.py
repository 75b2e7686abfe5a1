"""Improvement: firms spend on what they believe is worst, and what they mended wears off."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from cxsim.mechanisms.base import Measure, Mechanism, Pass, Total
from cxsim.parameters import Parameters, parameter


class Improvement(Parameters):
    """What a firm spends on its touchpoints."""

    budget: float = parameter(
        0.0, doc="Spending on touchpoints (whole market)", unit="currency per period", ge=0
    )
    effect: float = parameter(
        0.005,
        doc="Rise of performance at a touchpoint that is as bad as can be, times the square "
        "root of the budget; in proportion less the nearer it is to 10",
        unit="score per root of currency",
        ge=0,
    )
    decay: float = parameter(
        0.02, doc="Share of what was gained that is lost again", unit="per period", ge=0, le=1
    )


class FirmParameters(Parameters):
    """How a firm improves."""

    improvement: Improvement | None = parameter(
        None,
        doc="Spending on the touchpoint with the largest shortfall, weighted by importance, "
        "that the firm believes in",
    )


# --- rules ------------------------------------------------------------------------


def shortfall(importance: float, belief: float) -> float:
    """Return how much a touchpoint leaves to be desired, by its weight in the journey."""
    return importance * (10.0 - belief)


def gain(performance: float, effect: float, budget: float) -> float:
    """Return what a budget adds to performance, effect sqrt(budget) (10 - mean) / 10."""
    return effect * sqrt(budget) * max(0.0, 10.0 - performance) * 0.1


def worn(gained: float, decay: float) -> float:
    """Return what is left of a gain after a period."""
    return gained * (1.0 - decay)


# --- passes -----------------------------------------------------------------------


def improve(
    met_at, belief, performance, gained, market_journey_importance, firm_active,
    firm_improvement_budget, firm_improvement_effect, firm_improvement_decay, sum_improvement_cost,
):  # fmt: skip
    """Each firm mends what it believes is worst; it is felt from the next period on."""
    for f in np.flatnonzero(np.isfinite(firm_improvement_budget) & (firm_active > 0.5)):
        gained[f] = worn(gained[f], firm_improvement_decay[f])
        if met_at[f].any():
            lack = shortfall(market_journey_importance[0], belief[f])
            target = np.argmax(np.where(met_at[f], lack, -np.inf))
            budget = firm_improvement_budget[f]
            gained[f, target] += gain(performance[f, target], firm_improvement_effect[f], budget)
            sum_improvement_cost[0, f] = budget


def improvement_cost(b: Any) -> np.ndarray:
    """Spending on improving touchpoints in the period."""
    return b.count("improvement_cost")  # a budget is that of the whole market


IMPROVEMENT = Mechanism(
    "improvement",
    doc="Spending on touchpoints",
    firm=FirmParameters,
    totals=(Total("improvement_cost", doc="Spending on touchpoints, currency"),),
    passes=(Pass(improve, "close", whole=True, after=("listening.conclude",)),),
    measures=(
        Measure(
            "improvement_cost",
            "Spending on touchpoints",
            "currency per period",
            improvement_cost,
            summary="sum",
            cost="profit",
        ),
    ),
    active=lambda scenario: (
        scenario.journey is not None
        and any(firm.improvement is not None for firm in scenario.firms.values())
    ),
)
