"""Tracking: a share of customers says how it feels about the firm, and what that leaves open."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from cxsim.draws import uniform
from cxsim.mechanisms.base import Draw, Measure, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.emotions import cluster
from cxsim.mechanisms.listening import LISTENING, response_chance, squared
from cxsim.mechanisms.measuring import ratio

# --- rules ------------------------------------------------------------------------


def promoter_error(promoters: float, detractors: float, answers: float) -> float:
    """Return the standard error of a net promoter score, sqrt((p + d - (p - d)^2) / n)."""
    net = promoters - detractors
    return sqrt(max(0.0, promoters + detractors - net * net) / answers)


# --- passes -----------------------------------------------------------------------


def track(
    n, first, n_firms, supplier, experience, key_tracked, sampled,
    firm_listening_tracking_response_rate, firm_listening_response_bias,
    market_emotion_cut_points, sum_asked, sum_tracked,
):  # fmt: skip
    """Ask a share of customers how they feel about the firm."""
    tracking = False
    for f in range(n_firms):
        tracking = tracking or sampled[f, 2] > 0.0
    if not tracking:
        return
    for i in range(n):
        s = supplier[i]
        if s < 0:
            continue
        u = uniform(key_tracked[s], first + i)
        if u < sampled[s, 2]:
            c = chunk(i)
            e = experience[s, i]
            sum_asked[c, s, 2] += 1.0
            answers = response_chance(
                firm_listening_tracking_response_rate[s], firm_listening_response_bias[s], e
            )
            if u < sampled[s, 2] * answers:
                feeling = cluster(
                    e,
                    market_emotion_cut_points[0, 0],
                    market_emotion_cut_points[0, 1],
                    market_emotion_cut_points[0, 2],
                )
                sum_tracked[c, s, 0] += 1.0
                sum_tracked[c, s, 1] += e
                sum_tracked[c, s, 2] += squared(e)
                sum_tracked[c, s, 3] += feeling == 3
                sum_tracked[c, s, 4] += feeling == 0


# --- measures ---------------------------------------------------------------------


def answers(b: Any) -> np.ndarray:
    """Customers who told the firm how they feel about it."""
    return b.count("tracked")[:, :, 0]


def experience_surveyed(b: Any) -> np.ndarray:
    """Mean experience of the firm among those who answered."""
    return ratio(b.count("tracked")[:, :, 1], answers(b))


def experience_surveyed_error(b: Any) -> np.ndarray:
    """Standard error of the experience surveyed, sd / sqrt(n)."""
    n, mean = answers(b), experience_surveyed(b)
    square = ratio(b.count("tracked")[:, :, 2], n)
    variance = ratio(np.maximum(square - mean * mean, 0.0) * n, np.where(n > 1, n - 1, 0))
    return np.sqrt(ratio(variance, n))


def net_promoter_surveyed(b: Any) -> np.ndarray:
    """Share of advocates less share of destroyers among those who answered."""
    tracked = b.count("tracked")
    return ratio(tracked[:, :, 3] - tracked[:, :, 4], answers(b))


def net_promoter_surveyed_error(b: Any) -> np.ndarray:
    """Standard error of the net promoter score surveyed, sqrt((p + d - (p - d)^2) / n)."""
    tracked, n = b.count("tracked"), answers(b)
    p, d = ratio(tracked[:, :, 3], n), ratio(tracked[:, :, 4], n)
    return np.sqrt(ratio(np.maximum(p + d - (p - d) ** 2, 0.0), n))


TRACKING = Mechanism(
    "tracking",
    doc="What customers say of the firm as a whole",
    draws=(Draw("tracked", ("firm",)),),
    totals=(
        Total(
            "tracked",
            ("firm", 5),
            doc="Answers about the firm, their sum, sum of squares, advocates and destroyers",
        ),
    ),
    passes=(Pass(track, "survey"),),
    measures=(
        Measure("answers", "Answers to tracking", "per period", answers),
        Measure("experience_surveyed", "Experience as surveyed", "experience", experience_surveyed),
        Measure(
            "experience_surveyed_error",
            "Standard error of the experience surveyed",
            "experience",
            experience_surveyed_error,
        ),
        Measure(
            "net_promoter_surveyed",
            "Net promoter score as surveyed",
            "share",
            net_promoter_surveyed,
        ),
        Measure(
            "net_promoter_surveyed_error",
            "Standard error of the net promoter score surveyed",
            "share",
            net_promoter_surveyed_error,
        ),
    ),
    active=LISTENING.active,
)
