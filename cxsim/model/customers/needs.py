"""Need drift, which makes customer knowledge outdated, and discovery of one's own needs.

A customer perceives its need x as z = x + error. In the choice, offers are valued at z, and firms
are told z; the product is used at x. Where needs drift the error stays: the customer notices the
change and is wrong by as much as before.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from cxsim.model.core.people import scatter
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import Accumulator, Draw, Measure, Mechanism, Pass, tile
from cxsim.numerics.draws import normal
from cxsim.parameters import Parameters, parameter

# -- Need drift, which makes customer knowledge outdated ----------------------------------------


class SegmentParameters(Parameters):
    """Speed of need drift in a segment."""

    need_drift: float | None = parameter(
        None,
        doc="Share of the variance of needs renewed each period (AR(1) around the mean)",
        unit="share per period",
        ge=0,
        le=1,
    )


# --- rules ------------------------------------------------------------------------


def drifted(need: float, mean: float, sd: float, drift: float, z: float) -> float:
    """Return the need after one period of an AR(1) that renews share d of its variance.

    x' = m + sqrt(1 - d) (x - m) + sqrt(d) sd z, which keeps mean and variance of the segment.

    Parameters
    ----------
    need : float
        x, distance.
    mean : float
        m, of the segment, distance.
    sd : float
        Standard deviation of needs in the segment, distance.
    drift : float
        d, share of the variance renewed per period.
    z : float
        Standard normal variate.

    Returns
    -------
    float
        Distance.
    """
    return mean + sqrt(1.0 - drift) * (need - mean) + sqrt(drift) * sd * z


def unresolved_after_drift(uncertainty: float, drift: float) -> float:
    """Return the share of variance unresolved once share d of it is new, P + d (1 - P).

    Parameters
    ----------
    uncertainty : float
        P, share unresolved before.
    drift : float
        d, share of the variance renewed.

    Returns
    -------
    float
        Share.
    """
    return uncertainty + drift * (1.0 - uncertainty)


# --- passes -----------------------------------------------------------------------


def drift(
    n, first, n_firms, segment, need, uncertainty, key_need_drift, segment_need_drift,
    segment_need_mean, segment_need_sd,
):  # fmt: skip
    """Change needs before the choice, and reduce every firm's knowledge accordingly."""
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
            uncertainty[f, i] = unresolved_after_drift(uncertainty[f, i], d)


NEED_DRIFT = Mechanism(
    "need_drift",
    doc="Needs change over time",
    segment=SegmentParameters,
    draws=(Draw("need_drift", ("need",)),),
    passes=(Pass(drift, "drift"),),
    active=lambda scenario: any(s.need_drift is not None for s in scenario.segments.values()),
)


# -- Self-discovery: customers learn their own needs by buying ----------------------------------


class SelfDiscovery(Parameters):
    """Errors of customers about their own needs, and speed of learning."""

    initial_error_sd: float = parameter(
        0.5,
        doc="Standard deviation of a newcomer's error about its own need, in each dimension",
        unit="distance",
        newcomers=True,
        ge=0,
    )
    discovery_rate: float = parameter(
        0.2,
        doc="Share of the error removed by a purchase from a firm without feedback",
        unit="share per purchase",
        ge=0,
        le=1,
    )


class MarketParameters(Parameters):
    """Uncertainty of customers about their own needs."""

    self_discovery: SelfDiscovery | None = parameter(
        None, "Self-discovery: customers learn their own needs by buying"
    )


class FirmParameters(Parameters):
    """Feedback by which a firm helps customers to learn their own needs."""

    feedback: float = parameter(
        0.0,
        doc="Relative increase of what a purchase teaches customers about their own needs",
        unit="share",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def remaining_error(error: float, discovery_rate: float, feedback: float) -> float:
    """Return the error after a purchase, e (1 - min(1, rate (1 + feedback))).

    Parameters
    ----------
    error : float
        e, perceived need less need, distance.
    discovery_rate : float
        Share of the error that a purchase removes, without feedback.
    feedback : float
        Relative increase of the rate through what the firm tells the customer.

    Returns
    -------
    float
        Distance, signed.
    """
    found = discovery_rate * (1.0 + feedback)
    return error * (1.0 - min(1.0, found))


def squared(error: float) -> float:
    """Return the square of an error.

    Parameters
    ----------
    error : float
        Distance.

    Returns
    -------
    float
        Squared distance.
    """
    return error * error


# --- passes -----------------------------------------------------------------------


def draw_self_error(
    n, first, arriving, self_error, key_self_error, market_self_discovery_initial_error_sd
):
    """Draw the errors of newcomers about their own needs."""
    for i in range(n):
        if arriving[i] == 0:
            continue
        for d in range(len(self_error)):
            self_error[d, i] = scatter(
                0.0, market_self_discovery_initial_error_sd[0], normal(key_self_error[d], first + i)
            )


def discover(n, n_firms, choice, self_error, firm_feedback, market_self_discovery_discovery_rate):
    """Reduce the errors of buyers about their own needs."""
    for i in range(n):
        f = choice[i]
        if 0 <= f < n_firms:
            for d in range(len(self_error)):
                self_error[d, i] = remaining_error(
                    self_error[d, i], market_self_discovery_discovery_rate[0], firm_feedback[f]
                )


def count(n, supplier, self_error, sum_self_error):
    """Add up squared errors, by supplier."""
    for i in range(n):
        total = 0.0
        for d in range(len(self_error)):
            total += squared(self_error[d, i])
        sum_self_error[tile(i), supplier[i] + 1, 0] += total
        sum_self_error[tile(i), supplier[i] + 1, 1] += 1.0


# --- measures ---------------------------------------------------------------------


def self_knowledge_error(b: Any) -> np.ndarray:
    """Root mean square distance between need and perceived need of the firm's customers."""
    total = b.total("self_error")[:, 1:]
    return np.sqrt(ratio(total[..., 0], total[..., 1]))


def market_self_knowledge_error(b: Any) -> np.ndarray:
    """Root mean square distance between need and perceived need of all customers."""
    total = b.total("self_error").sum(axis=1)
    return np.sqrt(ratio(total[..., 0], total[..., 1]))


SELF_DISCOVERY = Mechanism(
    "self_discovery",
    doc="Customers learn their own needs",
    market=MarketParameters,
    firm=FirmParameters,
    draws=(Draw("self_error", ("need",)),),
    accumulators=(
        Accumulator(
            "self_error",
            "Squared errors about own needs, and customers",
            ("previous_supplier", 2),
        ),
    ),
    passes=(
        Pass(draw_self_error, "arrive"),
        Pass(discover, "update", after=("learning.learn",)),
        Pass(count, "account"),
    ),
    measures=(
        Measure(
            "self_knowledge_error",
            "Error about own needs",
            "distance",
            self_knowledge_error,
            summary="last",
        ),
        Measure(
            "self_knowledge_error",
            "Error about own needs",
            "distance",
            market_self_knowledge_error,
            level="market",
            summary="last",
        ),
    ),
    active=lambda scenario: scenario.self_discovery is not None,
)
