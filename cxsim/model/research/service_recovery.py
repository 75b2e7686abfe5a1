"""Recovery: who tells of a bad contact is made up to."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np

from cxsim.model.mechanism import Accumulator, Measure, Mechanism, Pass, tile
from cxsim.parameters import Ask, Parameters, parameter

# -- Recovery: who tells of a bad contact is made up to ----------------------------------------


class Recovery(Parameters):
    """What a firm does for a customer who tells of a bad contact."""

    threshold: float = parameter(
        3.0, doc="Performance told of, at or below which the firm acts", unit="score 0-10"
    )
    effect: float = parameter(
        0.1,
        doc="Experience that is added",
        unit="experience",
        ge=0,
        source="de Matos, Henrique & Rossi 2007: recovery raises satisfaction; its size is an "
        "assumption",
    )
    cost: float = parameter(
        0.0,
        doc="Cost of making up to one customer",
        unit="currency per customer",
        ge=0,
        ask=Ask(free="service recovery"),
    )


class FirmParameters(Parameters):
    """Whether a firm makes up for what went wrong."""

    recovery: Recovery | None = parameter(
        None, doc="What is done for customers who tell of a bad contact (event-based listening)"
    )


def _heard(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, firm in scenario.firms.items():
        listening = firm.listening
        if firm.recovery is not None and (listening is None or listening.event_based is None):
            text = "expected listening.event_based beside it, found none"
            yield ("firms", name, "recovery"), text


# --- rules ------------------------------------------------------------------------


def recovered(experience: float, effect: float) -> float:
    """Return the experience of a customer whom the firm has made up to."""
    return experience + effect


# --- passes -----------------------------------------------------------------------


def recover(
    n, supplier, complaint, experience, firm_recovery_threshold, firm_recovery_effect,
    firm_recovery_cost, sum_recovered, sum_recovery_cost,
):  # fmt: skip
    """Make up to those who told of a contact as bad as the threshold."""
    for i in range(n):
        s = max(0, supplier[i])
        if complaint[i] <= firm_recovery_threshold[s] and supplier[i] >= 0:
            experience[s, i] = recovered(experience[s, i], firm_recovery_effect[s])
            sum_recovered[tile(i), s] += 1.0
            sum_recovery_cost[tile(i), s] += firm_recovery_cost[s]


def recovered_customers(b: Any) -> np.ndarray:
    """Customers whom the firm made up to."""
    return b.total("recovered")


def recovery_cost(b: Any) -> np.ndarray:
    """Cost of making up to customers."""
    return b.total("recovery_cost")


RECOVERY = Mechanism(
    "recovery",
    doc="Making up for bad contacts",
    firm=FirmParameters,
    accumulators=(
        Accumulator("recovered", "Customers made up to"),
        Accumulator("recovery_cost", "Cost of it, currency"),
    ),
    passes=(Pass(recover, "survey", after=("tracking_survey.track",)),),
    measures=(
        Measure("recovered", "Customers made up to", "per period", recovered_customers),
        Measure(
            "recovery_cost",
            "Cost of recovery",
            "currency per period",
            recovery_cost,
            summary="sum",
            cost="contribution",
        ),
    ),
    check=_heard,
    active=lambda scenario: (
        scenario.journey is not None
        and any(firm.recovery is not None for firm in scenario.firms.values())
    ),
)


# -- Improvement: firms spend on what they believe is worst, and what they mended wears off ----


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


class ImprovementParameters(Parameters):
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


def decayed(gained: float, decay: float) -> float:
    """Return what is left of a gain after a period."""
    return gained * (1.0 - decay)


# --- passes -----------------------------------------------------------------------


def improve(
    met_at, belief, performance, gained, market_journey_importance, firm_active,
    firm_improvement_budget, firm_improvement_effect, firm_improvement_decay, sum_improvement_cost,
):  # fmt: skip
    """Each firm mends what it believes is worst; it is felt from the next period on."""
    for f in np.flatnonzero(np.isfinite(firm_improvement_budget) & (firm_active > 0.5)):
        gained[f] = decayed(gained[f], firm_improvement_decay[f])
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
    firm=ImprovementParameters,
    accumulators=(Accumulator("improvement_cost", "Spending on touchpoints, currency"),),
    passes=(Pass(improve, "close", population=True, after=("surveys.update_estimates",)),),
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
