"""Reputation: what a customer thinks of a firm by what others have told it."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import (
    BILLION,
    CHUNK,
    Column,
    Measure,
    Mechanism,
    Pass,
    Total,
    billionths,
    chunks,
)
from cxsim.parameters import Parameters, parameter


class SegmentParameters(Parameters):
    """What a firm's reputation is worth."""

    reputation_value: float = parameter(
        0.0,
        doc="Worth of a reputation of 1: of hearing only from customers whose experience is 1",
        unit="currency per purchase",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def moved(reputation: float, valence: float, weight: float) -> float:
    """Return the reputation after a message, R + weight (valence - R)."""
    return reputation + weight * (valence - reputation)


def esteem(value: float, reputation: float) -> float:
    """Return what a reputation adds to an option's worth, currency."""
    return value * reputation


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, reputation):
    """A newcomer has heard nothing."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                reputation[f, i] = 0.0


def appreciate(n, n_firms, segment, reputation, trust, value, segment_reputation_value):
    """Add what firms' reputations are worth."""
    for i in range(n):
        trust[i] = segment_reputation_value[segment[i]]
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] += esteem(trust[i], reputation[f, i])


def count(n, n_firms, reputation, sum_reputation):
    """Add up reputations as they stand after what was heard."""
    for f in range(n_firms):
        for c in range(chunks(n)):
            start = c * CHUNK
            total = 0
            for k in range(min(CHUNK, n - start)):
                total += billionths(reputation[f, start + k])
            sum_reputation[c, f] += total / BILLION


# --- measures ---------------------------------------------------------------------


def mean_reputation(b: Any) -> np.ndarray:
    """Mean reputation of the firm over all customers; 0 for those who have heard nothing."""
    return b.count("reputation") / b.count("holders").sum(axis=1, keepdims=True)


REPUTATION = Mechanism(
    "reputation",
    doc="What customers think of firms by what others tell",
    segment=SegmentParameters,
    columns=(
        Column("reputation", ("firm",), doc="Reputation R of a firm, about -1 to 1"),
        Column("trust", (), "f8", kept=False, doc="Worth of a reputation of 1, currency"),
    ),
    totals=(Total("reputation", doc="Reputation, summed over all customers"),),
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(appreciate, "add", term="word of mouth"),
        Pass(count, "hear", after=("word_of_mouth.listen",)),
    ),
    measures=(
        Measure(
            "reputation",
            "Reputation among all customers",
            "experience",
            mean_reputation,
            summary="last",
        ),
    ),
    active=lambda scenario: scenario.word_of_mouth is not None,
)
