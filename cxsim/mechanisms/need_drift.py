"""Needs drift: what customers need changes, and what firms know of it ages."""

from __future__ import annotations

from math import sqrt

from cxsim.draws import normal
from cxsim.mechanisms.base import Draw, Mechanism, Pass
from cxsim.parameters import Parameters, parameter


class SegmentParameters(Parameters):
    """How fast needs change."""

    need_drift: float | None = parameter(
        None,
        doc="Share of the variance of needs that is new each period (AR(1) around the mean)",
        unit="share per period",
        ge=0,
        le=1,
    )


# --- rules ------------------------------------------------------------------------


def drifted(need: float, mean: float, sd: float, drift: float, z: float) -> float:
    """Return the need after one period of an AR(1) that renews share ``drift`` of its variance."""
    return mean + sqrt(1.0 - drift) * (need - mean) + sqrt(drift) * sd * z


def aged(uncertainty: float, drift: float) -> float:
    """Return the share of variance unresolved once share ``drift`` of it is new."""
    return uncertainty + drift * (1.0 - uncertainty)


# --- passes -----------------------------------------------------------------------


def drift(
    n, first, n_firms, segment, need, uncertainty, key_need_drift, segment_need_drift,
    segment_need_mean, segment_need_sd,
):  # fmt: skip
    """Needs move before the choice; every firm's knowledge ages with them."""
    for i in range(n):
        g = segment[i]
        d = segment_need_drift[g]
        if not d > 0.0:
            continue
        for k in range(len(need)):
            need[k, i] = drifted(
                need[k, i],
                segment_need_mean[g, k],
                segment_need_sd[g],
                d,
                normal(key_need_drift[k], first + i),
            )
        for f in range(n_firms):
            uncertainty[f, i] = aged(uncertainty[f, i], d)


NEED_DRIFT = Mechanism(
    "need_drift",
    doc="Needs drift",
    segment=SegmentParameters,
    draws=(Draw("need_drift", ("need",)),),
    passes=(Pass(drift, "drift"),),
    active=lambda scenario: any(s.need_drift is not None for s in scenario.segments.values()),
)
