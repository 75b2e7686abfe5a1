"""Need drift, which makes customer knowledge outdated, and discovery of one's own needs.

A customer perceives its need x as z. In the choice, offers are valued at z, and firms are told z;
the product is used at x. Beliefs are spread as widely as needs: customers who know little of
themselves take their needs for more usual than they are. Were beliefs spread wider, an offer
tailored to them would seem better than one tailored to needs, for no reason but the spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import sqrt
from typing import Any

import numpy as np

from cxsim.model.core.people import scatter
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import Accumulator, Column, Draw, Measure, Mechanism, Pass, tile
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
        doc="Standard deviation of a newcomer's error about its own need, in each dimension; at "
        "most that of needs",
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


def _settings(scenario: Any, suffix: str) -> Iterator[tuple[tuple[str | int, ...], float]]:
    """Yield path and value of events that set a parameter whose path ends so."""
    for number, event in enumerate(scenario.events):
        for path, value in event.set.items():
            if path.endswith(suffix) and isinstance(value, int | float):
                yield ("events", number, "set", path), float(value)


def _errors_within_needs(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """Check that errors about needs have no wider spread than the needs of any segment."""
    if scenario.self_discovery is None:
        return
    errors = {
        ("self_discovery", "initial_error_sd"): scenario.self_discovery.initial_error_sd,
        **dict(_settings(scenario, "self_discovery.initial_error_sd")),
    }
    for path, error in errors.items():
        for name, segment in scenario.segments.items():
            if 0.0 < segment.need_sd < error:
                sd = f"the need_sd of {name}, {segment.need_sd:g}"
                yield path, f"expected at most {sd}, found {error:g}"
                break
    largest = max(errors.values())
    for path, spread in _settings(scenario, ".need_sd"):
        if 0.0 < spread < largest:
            found = f"found {spread:g}"
            yield path, f"expected 0 or at least the initial_error_sd, {largest:g}, {found}"


# --- rules ------------------------------------------------------------------------


def initial_ignorance(error_sd: float, need_sd: float) -> float:
    """Return the share of the spread of needs that a newcomer's error has, s / sd, at most 1.

    Parameters
    ----------
    error_sd : float
        s, standard deviation of a newcomer's error, distance.
    need_sd : float
        sd, standard deviation of needs in the segment, distance.

    Returns
    -------
    float
        Share; 0 where needs do not differ, so that there is nothing to be wrong about.
    """
    return min(1.0, error_sd / need_sd) if need_sd > 0.0 else 0.0


def misjudged(need: float, mean: float, ignorance: float, noise: float) -> float:
    """Return perceived need less need, u n - (1 - c)(x - m) with c = sqrt(1 - u^2).

    The perceived need m + c (x - m) + u n has mean and variance of the needs of the segment.

    Parameters
    ----------
    need : float
        x, distance.
    mean : float
        m, of the segment, distance.
    ignorance : float
        u, standard deviation of the error relative to that of needs, share.
    noise : float
        n, normal with the standard deviation of needs, distance.

    Returns
    -------
    float
        Distance, signed; 0 at u = 0.
    """
    return ignorance * noise - (1.0 - sqrt(1.0 - ignorance * ignorance)) * (need - mean)


def remaining_error(error: float, discovery_rate: float, feedback: float) -> float:
    """Return the error after a purchase, u (1 - min(1, rate (1 + feedback))).

    Parameters
    ----------
    error : float
        u, standard deviation of the error relative to that of needs, share.
    discovery_rate : float
        Share of the error that a purchase removes, without feedback.
    feedback : float
        Relative increase of the rate through what the firm tells the customer.

    Returns
    -------
    float
        Share.
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
    n, first, arriving, segment, ignorance, self_noise, key_self_error, segment_need_sd,
    market_self_discovery_initial_error_sd,
):  # fmt: skip
    """Draw the errors of newcomers about their own needs."""
    for i in range(n):
        if arriving[i] == 0:
            continue
        sd = segment_need_sd[segment[i]]
        ignorance[i] = initial_ignorance(market_self_discovery_initial_error_sd[0], sd)
        for d in range(len(self_noise)):
            self_noise[d, i] = scatter(0.0, sd, normal(key_self_error[d], first + i))


def perceive(n, segment, need, ignorance, self_noise, self_error, segment_need_mean):
    """Set perceived needs, once needs have changed."""
    for d in range(len(need)):
        for i in range(n):
            self_error[d, i] = misjudged(
                need[d, i], segment_need_mean[segment[i], d], ignorance[i], self_noise[d, i]
            )


def discover(
    n, n_firms, choice, segment, need, ignorance, self_noise, self_error, firm_feedback,
    segment_need_mean, market_self_discovery_discovery_rate,
):  # fmt: skip
    """Reduce the errors of buyers about their own needs."""
    for i in range(n):
        f = choice[i]
        if 0 <= f < n_firms:
            ignorance[i] = remaining_error(
                ignorance[i], market_self_discovery_discovery_rate[0], firm_feedback[f]
            )
            for d in range(len(self_error)):
                self_error[d, i] = misjudged(
                    need[d, i], segment_need_mean[segment[i], d], ignorance[i], self_noise[d, i]
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
    columns=(
        Column(
            "ignorance",
            doc="Standard deviation of the error about own needs relative to that of needs",
            ge=0,
            le=1,
        ),
        Column("self_noise", ("need",), doc="Error of a customer who knows nothing of its needs"),
    ),
    draws=(Draw("self_error", ("need",)),),
    accumulators=(
        Accumulator(
            "self_error",
            "Squared errors about own needs, and customers",
            ("previous_supplier", 2),
        ),
    ),
    passes=(
        Pass(draw_self_error, "arrive", after=("people.arrive",)),
        Pass(perceive, "drift", after=("need_drift.drift",)),
        Pass(discover, "update", after=("learning.learn",)),
        Pass(count, "account"),
    ),
    measures=(
        Measure.of(self_knowledge_error, "Error about own needs", "distance", summary="last"),
        Measure(
            "self_knowledge_error",
            "Error about own needs",
            "distance",
            market_self_knowledge_error,
            level="market",
            summary="last",
        ),
    ),
    check=_errors_within_needs,
    active=lambda scenario: scenario.self_discovery is not None,
)
