"""Emotions: how customers feel about their supplier, in four clusters from destroying to advocacy.

The clusters are those of Shaw (2007, *The DNA of Customer Experience*); where one ends and
the next begins is set by cut points on the experience stock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from cxsim.mechanisms.base import Measure, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.experience import EXPERIENCE
from cxsim.mechanisms.measuring import ratio
from cxsim.parameters import Parameters, parameter

#: Clusters from worst to best.
CLUSTERS = ("destroying", "attention", "recommendation", "advocacy")


class MarketParameters(Parameters):
    """Where one emotion ends and the next begins."""

    emotion_cut_points: tuple[float, float, float] = parameter(
        (0.0, 0.15, 0.35),
        doc="Experience at which attention, recommendation and advocacy begin (by default what "
        "a performance of 5, 6.5 and 8.5 out of 10 feels like in the long run to someone who "
        "expects it)",
        unit="experience",
        axes=(3,),
    )


def _rising(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    cuts = scenario.emotion_cut_points
    if list(cuts) != sorted(cuts):
        yield ("emotion_cut_points",), f"expected numbers that rise, found {list(cuts)}"


# --- rules ------------------------------------------------------------------------


def cluster(experience: float, attention: float, recommendation: float, advocacy: float) -> int:
    """Return the number of the emotion cluster, 0 (destroying) to 3 (advocacy)."""
    return (experience >= attention) + (experience >= recommendation) + (experience >= advocacy)


# --- passes -----------------------------------------------------------------------


def count(
    n, supplier, experience, market_emotion_cut_points, sum_emotions, sum_experience
):  # fmt: skip
    """Count how customers feel about their supplier."""
    low = market_emotion_cut_points[0, 0]
    middle = market_emotion_cut_points[0, 1]
    high = market_emotion_cut_points[0, 2]
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_emotions[chunk(i), s, cluster(experience[s, i], low, middle, high)] += 1.0
            sum_experience[chunk(i), s] += experience[s, i]


# --- measures ---------------------------------------------------------------------


def experience(b: Any) -> np.ndarray:
    """Mean experience of the firm among its customers."""
    return ratio(b.count("experience"), b.count("emotions").sum(axis=2))


def _share(number: int) -> Callable[[Any], np.ndarray]:
    def share(b: Any) -> np.ndarray:
        emotions = b.count("emotions")
        return ratio(emotions[:, :, number], emotions.sum(axis=2))

    share.__doc__ = f"Share of the firm's customers in the {CLUSTERS[number]} cluster."
    return share


def net_promoter(b: Any) -> np.ndarray:
    """Share of the firm's customers who are its advocates less share who destroy it."""
    emotions = b.count("emotions")
    return ratio(emotions[:, :, 3] - emotions[:, :, 0], emotions.sum(axis=2))


EMOTIONS = Mechanism(
    "emotions",
    doc="How customers feel about their supplier",
    market=MarketParameters,
    totals=(
        Total("emotions", ("firm", len(CLUSTERS)), doc="Customers by emotion cluster"),
        Total("experience", doc="Experience of the supplier, summed over customers"),
    ),
    passes=(Pass(count, "account"),),
    measures=(
        Measure("experience", "Experience of customers", "experience", experience, summary="last"),
        *(
            Measure(name, f"Customers in {name}", "share", _share(number), summary="last")
            for number, name in enumerate(CLUSTERS)
        ),
        Measure(
            "net_promoter",
            "Net promoter score",
            "share",
            net_promoter,
            summary="last",
            also=("nps",),
        ),
    ),
    check=_rising,
    active=EXPERIENCE.active,
)
