"""Service recovery for customers who report a bad contact, and improvement of touchpoints."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any, Literal

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
        Measure.of(service_recoveries, "Service recoveries", "per period"),
        Measure.of(
            service_recovery_cost,
            "Service recovery cost",
            "currency per period",
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
    rule: Literal["importance", "contacts"] = parameter(
        "importance",
        doc="Which touchpoint is improved. importance: largest importance times shortfall, with "
        "importance known; contacts: largest importance times contacts times shortfall, with "
        "importance as far as needs research asked for it",
        fixed=True,
    )
    segment: str | None = parameter(
        None,
        doc="Segment whose contacts and importance count under the rule contacts (default: all)",
        fixed=True,
    )


class ImprovementParameters(Parameters):
    """Improvement of touchpoints by a firm."""

    improvement: Improvement | None = parameter(
        None,
        doc="Improvement of the touchpoint with the largest perceived shortfall, weighted by "
        "importance",
    )


def known_segments(scenario: Any, group: str) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong with the segments that firms name in a group of theirs.

    Parameters
    ----------
    scenario : Scenario
    group : {"improvement", "reposition"}

    Yields
    ------
    path, text
    """
    for name, firm in scenario.firms.items():
        given = getattr(firm, group)
        segment = None if given is None else given.segment
        if segment is not None and segment not in scenario.segments:
            text = f"expected a segment ({', '.join(scenario.segments)}), found {segment!r}"
            yield ("firms", name, group, "segment"), text


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


def rank_by_importance(priority, perceived_performance, market_journey_importance):
    """Rank touchpoints by perceived shortfall and importance."""
    priority[:] = shortfall(market_journey_importance[0], perceived_performance)


def improve(
    met_at, priority, performance, gained, firm_active, firm_improvement_budget,
    firm_improvement_effect, firm_improvement_decay, sum_touchpoint_improvement_cost,
):  # fmt: skip
    """Improve each firm's touchpoint of highest priority, from the next period on."""
    for f in np.flatnonzero(np.isfinite(firm_improvement_budget) & (firm_active > 0.5)):
        gained[f] = decayed(gained[f], firm_improvement_decay[f])
        if met_at[f].any():
            target = np.argmax(np.where(met_at[f], priority[f], -np.inf))
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
    tables=(("priority", ("firm", "touchpoint")),),
    accumulators=(
        Accumulator(
            "touchpoint_improvement_cost", "Spending on improvement of touchpoints, currency"
        ),
    ),
    passes=(
        Pass(rank_by_importance, "close", population=True, after=("surveys.update_estimates",)),
        Pass(improve, "close", population=True, after=("improvement.rank_by_importance",)),
    ),
    measures=(
        Measure.of(
            touchpoint_improvement_cost,
            "Touchpoint improvement cost",
            "currency per period",
            summary="sum",
            cost="profit",
        ),
    ),
    check=lambda scenario: known_segments(scenario, "improvement"),
    active=lambda scenario: (
        scenario.journey is not None
        and any(firm.improvement is not None for firm in scenario.firms.values())
    ),
)


# -- Improvement where contacts are most frequent ------------------------------------------------


# --- rules ------------------------------------------------------------------------


def weight_of_contacts(importance: Any, contacts: Any) -> Any:
    """Return the weight of a touchpoint in customers' experience, i N.

    Parameters
    ----------
    importance : float or ndarray, shape (segment, touchpoint)
        i, as the firm believes it.
    contacts : float or ndarray, shape (segment, touchpoint)
        N, contacts of the firm's customers in the period.

    Returns
    -------
    float or ndarray, shape (segment, touchpoint)
        Contacts, weighted.
    """
    return importance * contacts


# --- passes -----------------------------------------------------------------------


def count_contacts(n, n_touchpoint, segment, supplier, visitor, visitors, sum_segment_contacts):
    """Count contacts of the firm's customers by segment and touchpoint."""
    for t in range(n_touchpoint):
        for k in range(visitors[t, 0]):
            i = visitor[t, k]
            sum_segment_contacts[tile(i), supplier[i], segment[i], t] += 1.0


def rank_by_contacts(
    priority, perceived_performance, believed_importance, improved_for, total_segment_contacts,
    firm_improvement_rule,
):  # fmt: skip
    """Rank touchpoints by believed importance, contacts and perceived shortfall."""
    weights = weight_of_contacts(believed_importance, total_segment_contacts)
    for f in np.flatnonzero(firm_improvement_rule == BY_CONTACTS):
        priority[f] = shortfall(weights[f, improved_for[f]].sum(axis=0), perceived_performance[f])


#: Number of the rule ``contacts`` among those of :class:`Improvement`.
BY_CONTACTS = 1


def _improved_for(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return the segments that each firm's improvement is for: (firm, segment)."""
    segments = sorted(scenario.segments)
    chosen = [scenario.firms[name].improvement for name in sorted(scenario.firms)]
    return {
        "improved_for": np.array(
            [
                [each is None or each.segment in (None, segment) for segment in segments]
                for each in chosen
            ]
        )
    }


def improves_by_contacts(scenario: Any) -> bool:
    """Return whether a firm improves touchpoints by the rule contacts."""
    return scenario.journey is not None and any(
        firm.improvement is not None and firm.improvement.rule == "contacts"
        for firm in scenario.firms.values()
    )


IMPROVEMENT_BY_CONTACTS = Mechanism(
    "improvement_by_contacts",
    doc="Improvement where contacts are most frequent",
    setup=_improved_for,
    accumulators=(
        Accumulator(
            "segment_contacts",
            "Contacts of the firm's customers by segment",
            ("firm", "segment", "touchpoint"),
        ),
    ),
    passes=(
        Pass(count_contacts, "join", after=("journey.visit",)),
        Pass(
            rank_by_contacts,
            "close",
            population=True,
            after=("improvement.rank_by_importance", "stated_importance.estimate_importance"),
            before=("improvement.improve",),
        ),
    ),
    active=improves_by_contacts,
)
