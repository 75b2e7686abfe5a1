"""Service recovery for customers who report a bad contact, and improvement of touchpoints."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np

from cxsim.model.mechanism import Accumulator, Measure, Mechanism, Pass, tile
from cxsim.parameters import Ask, Parameters, parameter

# -- Service recovery for customers who report a bad contact -----------------------------------


class Recovery(Parameters):
    """Threshold, effect and cost of service recovery."""

    threshold: float = parameter(
        3.0, "Reported performance at or below which the firm acts", "score 0-10"
    )
    effect: float = parameter(
        0.1,
        doc="Increase of experience by service recovery",
        unit="experience",
        ge=0,
        source="de Matos, Henrique & Rossi 2007: recovery raises satisfaction; its size is an "
        "assumption",
    )
    cost: float = parameter(
        0.0,
        doc="Cost of service recovery for one customer",
        unit="currency per customer",
        ge=0,
        ask=Ask(free="service recovery"),
    )


class FirmParameters(Parameters):
    """Service recovery of a firm."""

    recovery: Recovery | None = parameter(
        None, "Service recovery for customers who report a bad contact (event-based surveys)"
    )


def _heard(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, firm in scenario.firms.items():
        surveys = firm.surveys
        if firm.recovery is not None and (surveys is None or surveys.event_based is None):
            text = "expected surveys.event_based beside it, found none"
            yield ("firms", name, "recovery"), text


# --- rules ------------------------------------------------------------------------


def recovered(experience: float, effect: float) -> float:
    """Return the experience of a customer after service recovery, E + effect.

    Service recovery after a bad contact: Hart, Heskett & Sasser 1990; de Matos, Henrique & Rossi
    2007.

    Parameters
    ----------
    experience : float
        E, about -1 to 1.
    effect : float
        Rise in experience.

    Returns
    -------
    float
        Experience.
    """
    return experience + effect


# --- passes -----------------------------------------------------------------------


def recover(
    n, supplier, complaint, experience, firm_recovery_threshold, firm_recovery_effect,
    firm_recovery_cost, sum_recovered, sum_service_recovery_cost,
):  # fmt: skip
    """Apply service recovery to customers who reported a contact at or below the threshold."""
    for i in range(n):
        s = max(0, supplier[i])
        if complaint[i] <= firm_recovery_threshold[s] and supplier[i] >= 0:
            experience[s, i] = recovered(experience[s, i], firm_recovery_effect[s])
            sum_recovered[tile(i), s] += 1.0
            sum_service_recovery_cost[tile(i), s] += firm_recovery_cost[s]


def service_recoveries(b: Any) -> np.ndarray:
    """Customers who received service recovery from the firm in the period."""
    return b.total("recovered")


def service_recovery_cost(b: Any) -> np.ndarray:
    """Cost of service recovery in the period."""
    return b.total("service_recovery_cost")


RECOVERY = Mechanism(
    "recovery",
    doc="Service recovery for bad contacts",
    firm=FirmParameters,
    accumulators=(
        Accumulator("recovered", "Customers who received service recovery"),
        Accumulator("service_recovery_cost", "Cost of service recovery, currency"),
    ),
    passes=(Pass(recover, "survey", after=("tracking_survey.track",)),),
    measures=(
        Measure("service_recoveries", "Service recoveries", "per period", service_recoveries),
        Measure(
            "service_recovery_cost",
            "Service recovery cost",
            "currency per period",
            service_recovery_cost,
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


# -- Improvement of the touchpoint with the largest perceived shortfall; gains decay ------------


class Improvement(Parameters):
    """Budget and effect of improvement of touchpoints."""

    budget: float = parameter(
        0.0, "Budget for improvement of touchpoints (whole market)", "currency per period", ge=0
    )
    effect: float = parameter(
        0.005,
        doc="Increase of performance at a touchpoint of score 0 per square root of the budget; "
        "proportionally less the nearer the score is to 10",
        unit="score per root of currency",
        ge=0,
    )
    decay: float = parameter(0.02, "Share of a gain that is lost again", "per period", ge=0, le=1)


class ImprovementParameters(Parameters):
    """Improvement of touchpoints by a firm."""

    improvement: Improvement | None = parameter(
        None,
        doc="Improvement of the touchpoint with the largest perceived shortfall, weighted by "
        "importance",
    )


# --- rules ------------------------------------------------------------------------


def shortfall(importance: float, perceived_performance: float) -> float:
    """Return the shortfall of a touchpoint from 10, weighted by its importance, i (10 - y).

    Parameters
    ----------
    importance : float
        i, of the touchpoint to customers.
    perceived_performance : float
        y, perceived performance, score 0-10.

    Returns
    -------
    float
        Weighted score.
    """
    return importance * (10.0 - perceived_performance)


def gain(performance: float, effect: float, budget: float) -> float:
    """Return the gain in performance from a budget, effect sqrt(budget) (10 - mean) / 10.

    Parameters
    ----------
    performance : float
        Mean performance at the touchpoint, score 0-10.
    effect : float
        Score per root of currency.
    budget : float
        Currency per period, whole market.

    Returns
    -------
    float
        Score; nothing at a performance of 10.
    """
    return effect * sqrt(budget) * max(0.0, 10.0 - performance) * 0.1


def decayed(gained: float, decay: float) -> float:
    """Return the part of a gain that remains after a period, g (1 - d).

    Parameters
    ----------
    gained : float
        g, score.
    decay : float
        d, share lost per period.

    Returns
    -------
    float
        Score.
    """
    return gained * (1.0 - decay)


# --- passes -----------------------------------------------------------------------


def improve(
    met_at, perceived_performance, performance, gained, market_journey_importance, firm_active,
    firm_improvement_budget, firm_improvement_effect, firm_improvement_decay,
    sum_touchpoint_improvement_cost,
):  # fmt: skip
    """Improve each firm's touchpoint of largest perceived shortfall, from the next period on."""
    for f in np.flatnonzero(np.isfinite(firm_improvement_budget) & (firm_active > 0.5)):
        gained[f] = decayed(gained[f], firm_improvement_decay[f])
        if met_at[f].any():
            lack = shortfall(market_journey_importance[0], perceived_performance[f])
            target = np.argmax(np.where(met_at[f], lack, -np.inf))
            budget = firm_improvement_budget[f]
            gained[f, target] += gain(performance[f, target], firm_improvement_effect[f], budget)
            sum_touchpoint_improvement_cost[0, f] = budget


def touchpoint_improvement_cost(b: Any) -> np.ndarray:
    """Spending on improvement of touchpoints in the period, whole market."""
    return b.count("touchpoint_improvement_cost")  # a budget is that of the whole market


IMPROVEMENT = Mechanism(
    "improvement",
    doc="Improvement of touchpoints",
    firm=ImprovementParameters,
    accumulators=(
        Accumulator(
            "touchpoint_improvement_cost", "Spending on improvement of touchpoints, currency"
        ),
    ),
    passes=(Pass(improve, "close", population=True, after=("surveys.update_estimates",)),),
    measures=(
        Measure(
            "touchpoint_improvement_cost",
            "Touchpoint improvement cost",
            "currency per period",
            touchpoint_improvement_cost,
            summary="sum",
            cost="profit",
        ),
    ),
    active=lambda scenario: (
        scenario.journey is not None
        and any(firm.improvement is not None for firm in scenario.firms.values())
    ),
)
