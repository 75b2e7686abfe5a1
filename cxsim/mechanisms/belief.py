"""Belief: what a firm thinks its touchpoints are like, which need not be what they are.

Without listening a firm believes its design: what its touchpoints were like at the start,
and what it fancies beyond that. Nothing that happens to customers changes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import Measure, Mechanism, Pass, Total
from cxsim.mechanisms.touchpoints import given_or

# --- passes -----------------------------------------------------------------------


def form(belief, performance, firm_touchpoints_blind_spot):
    """Before anybody has told it anything, a firm believes its design."""
    if np.isnan(belief).any():
        belief[:] = given_or(belief, performance + firm_touchpoints_blind_spot)


def report(
    belief, belief_error, performance, total_contacts, total_score, market_journey_importance,
    sum_belief, sum_belief_error, sum_delivered, sum_perception_gap,
):  # fmt: skip
    """Note what firms believed in the period, and how far that was from what customers met."""
    sum_belief[0] = belief
    sum_belief_error[0] = belief_error
    sum_delivered[0] = performance
    contacts = total_contacts.sum(axis=2)
    met = contacts > 0
    gaps = belief - total_score.sum(axis=2) / np.where(met, contacts, 1.0)
    weights = market_journey_importance * met
    total = weights.sum(axis=1)
    gap = np.where(met, weights * gaps, 0.0).sum(axis=1)
    sum_perception_gap[0] = np.where(total > 0, gap / np.where(total > 0, total, 1.0), np.nan)


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    shape = len(scenario.firms), len(scenario.journey)
    return {"belief": np.full(shape, np.nan), "belief_error": np.full(shape, np.nan)}


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
