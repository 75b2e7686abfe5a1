"""Belief: what a firm thinks its touchpoints are like, which need not be what they are.

Without listening a firm believes its design: what its touchpoints were like at the start,
and what it fancies beyond that. Nothing that happens to customers changes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import Measure, Mechanism, Pass, Total

#: How far off a design is taken to be: no answers stand behind it.
UNKNOWN = np.nan


# --- passes -----------------------------------------------------------------------


def form(n_firms, n_touchpoint, belief, performance, firm_touchpoints_blind_spot):
    """Before anybody has told it anything, a firm believes its design."""
    for f in range(n_firms):
        for t in range(n_touchpoint):
            if belief[f, t] != belief[f, t]:
                belief[f, t] = performance[f, t] + firm_touchpoints_blind_spot[f, t]


def report(
    n_firms, n_touchpoint, belief, belief_error, performance, total_contacts, total_score,
    market_journey_importance, sum_belief, sum_belief_error, sum_delivered, sum_perception_gap,
):  # fmt: skip
    """Note what firms believed in the period, and how far that was from what customers met."""
    sum_belief[0] = belief
    sum_belief_error[0] = belief_error
    sum_delivered[0] = performance
    for f in range(n_firms):
        gap = 0.0
        weights = 0.0
        for t in range(n_touchpoint):
            contacts = total_contacts[f, t].sum()
            if contacts > 0.0:
                weight = market_journey_importance[0, t]
                gap += weight * (belief[f, t] - total_score[f, t].sum() / contacts)
                weights += weight
        sum_perception_gap[0, f] = gap / weights if weights > 0.0 else np.nan


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    shape = len(scenario.firms), len(scenario.journey)
    return {"belief": np.full(shape, np.nan), "belief_error": np.full(shape, UNKNOWN)}


# --- measures ---------------------------------------------------------------------


def perception_gap(b: Any) -> np.ndarray:
    """What the firm believes less what customers met, weighted by importance."""
    return b.count("perception_gap")


BELIEF = Mechanism(
    "belief",
    doc="What firms believe of themselves",
    setup=_setup,
    totals=(
        Total("belief", ("firm", "touchpoint"), doc="Performance that the firm believes in"),
        Total("belief_error", ("firm", "touchpoint"), doc="Standard error of what it was told"),
        Total("delivered", ("firm", "touchpoint"), doc="Mean performance of the touchpoint"),
        Total("perception_gap", doc="Belief less what customers met, weighted by importance"),
    ),
    passes=(
        Pass(form, "events", whole=True, after=("touchpoints.set_up",)),
        Pass(report, "close", whole=True, before=("listening.conclude", "improvement.improve")),
    ),
    measures=(
        Measure("perception_gap", "Perception gap", "score 0-10", perception_gap, summary="last"),
    ),
    active=lambda scenario: scenario.journey is not None,
)
