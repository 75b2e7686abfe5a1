"""Perception: what a contact feels like, given what it was and what was expected of it.

Performance is felt by itself and against expectation, losses more than gains (Oliver 1980;
Kahneman & Tversky 1979). Expectations start at what the firm promises, follow what was
lived through, and rise with better firms.
"""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from cxsim.mechanisms.base import Column, Measure, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.measuring import ratio
from cxsim.parameters import Parameters, parameter


class MarketParameters(Parameters):
    """How performance is felt."""

    neutral: float = parameter(
        5.0, doc="Performance that is neither good nor bad", unit="score 0-10", ge=0, le=10
    )
    performance_weight: float = parameter(
        1.0,
        doc="How strongly performance counts by itself, relative to gains over expectation",
        ge=0,
        source="Churchill & Surprenant 1982: both count; the weight is an assumption",
    )
    loss_aversion: float = parameter(
        2.25,
        doc="How strongly a fall short of expectation is felt, relative to a gain",
        ge=0,
        source="Tversky & Kahneman 1992 (median, for money)",
    )
    experience_memory: float = parameter(
        0.2,
        doc="Share of the experience of a firm that a period with contacts renews",
        unit="share",
        ge=0,
        le=1,
    )
    expectation_adaptation: float = parameter(
        0.1,
        doc="Share of its distance to performance that expectation moves in a contact",
        unit="share",
        ge=0,
        le=1,
    )
    expectation_spillover: float = parameter(
        0.0,
        doc="Share of the lead of the best firm experienced in a period by which expectations "
        "of all other firms rise",
        unit="share",
        ge=0,
        le=1,
    )


class FirmParameters(Parameters):
    """What a firm lets customers expect."""

    brand_promise: float | None = parameter(
        None,
        doc="What customers expect of the firm before their first contact (default: what its "
        "touchpoints are like on average, or more where the organization communicates badly)",
        unit="score 0-10",
    )


# --- rules ------------------------------------------------------------------------


def surprise(performance: float, expectation: float, loss_aversion: float) -> float:
    """Return what falling short of or exceeding expectation adds: g(d) = d/10, or lambda d/10."""
    gap = 0.1 * (performance - expectation)
    return gap if gap >= 0.0 else loss_aversion * gap


def felt(
    performance: float, expectation: float, weight: float, neutral: float, loss_aversion: float
) -> float:
    """Return what a contact feels like, w (y - neutral) / 10 + g(y - X)."""
    return weight * 0.1 * (performance - neutral) + surprise(
        performance, expectation, loss_aversion
    )


def adapted(expectation: float, performance: float, adaptation: float) -> float:
    """Return the expectation after a contact, X + adaptation (y - X)."""
    return expectation + adaptation * (performance - expectation)


def raised(expectation: float, best: float, spillover: float) -> float:
    """Return the expectation of a firm once a better one was met, X + s max(0, best - X)."""
    lead = best - expectation
    return expectation + spillover * lead if lead > 0.0 else expectation


def blended(experience: float, felt: float, memory: float) -> float:
    """Return the experience after a period with contacts, (1 - m) E + m felt."""
    return (1.0 - memory) * experience + memory * felt


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, expectation):
    """A newcomer has met nobody and goes by what firms promise."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                expectation[f, i] = nan


def count(n, supplier, expectation, promise, sum_expectation):
    """Add up what customers expect of their supplier."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            x = expectation[s, i]
            sum_expectation[chunk(i), s] += x if x == x else promise[s]


# --- measures ---------------------------------------------------------------------


def expectation(b: Any) -> np.ndarray:
    """Mean of what customers expect of their supplier."""
    return ratio(b.count("expectation"), b.count("emotions").sum(axis=2))


PERCEPTION = Mechanism(
    "perception",
    doc="What contacts feel like",
    market=MarketParameters,
    firm=FirmParameters,
    columns=(
        Column(
            "expectation",
            ("firm",),
            fill=nan,
            doc="What the customer expects of a firm, score 0-10; nothing before the first "
            "contact, when the firm's promise stands for it",
            ge=0,
            le=10,
        ),
    ),
    totals=(Total("expectation", doc="Expectation of the supplier, summed over customers"),),
    passes=(Pass(forget, "arrive"), Pass(count, "account")),
    measures=(
        Measure(
            "expectation", "Expectation of customers", "score 0-10", expectation, summary="last"
        ),
    ),
    active=lambda scenario: scenario.journey is not None,
)
