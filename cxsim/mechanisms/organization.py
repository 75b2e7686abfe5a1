"""Organization: how a firm is run decides what its touchpoints are like unless they say so.

A firm may describe itself by four scores, 0 to 1, rather than touchpoint by touchpoint.
"""

from __future__ import annotations

from typing import Any

from cxsim.mechanisms.base import Mechanism
from cxsim.parameters import Parameters, parameter


class Organization(Parameters):
    """How well a firm is set up to deliver an experience."""

    processes: float = parameter(
        0.5,
        doc="How reliable its processes are: 2 (1 - processes / 2) is the default spread of "
        "performance at a touchpoint",
        unit="score 0-1",
        ge=0,
        le=1,
    )
    attitudes: float = parameter(
        0.5,
        doc="How its people meet customers: 5 + 4 (attitudes - 1/2) is the default "
        "performance where people work",
        unit="score 0-1",
        ge=0,
        le=1,
    )
    communication: float = parameter(
        0.5,
        doc="How truthfully it speaks of itself: what touchpoints are like plus "
        "2 (1 - communication) is the default promise",
        unit="score 0-1",
        ge=0,
        le=1,
    )
    evaluation: float = parameter(
        0.5,
        doc="How seriously it evaluates: evaluation / 10 is the default share of customers "
        "and contacts that surveys ask",
        unit="score 0-1",
        ge=0,
        le=1,
    )


class FirmParameters(Parameters):
    """How the firm is run."""

    organization: Organization | None = parameter(
        None,
        doc="Scores that stand for what a firm leaves open about its touchpoints and surveys "
        "(default: 0.5 each, and a promise that is kept)",
    )


# --- rules ------------------------------------------------------------------------


def usual_performance(attitudes: Any, staffed: Any) -> Any:
    """Return the performance of a touchpoint of which nothing is said, 0-10."""
    return 5.0 + staffed * 4.0 * (attitudes - 0.5)


def usual_spread(processes: Any) -> Any:
    """Return the spread of performance of a touchpoint of which nothing is said, 0-10."""
    return 2.0 * (1.0 - 0.5 * processes)


def usual_promise(performance: Any, communication: Any) -> Any:
    """Return what a firm promises that does not say what, 0-10."""
    return performance + 2.0 * (1.0 - communication)


def usual_sample(evaluation: Any) -> Any:
    """Return the share that a survey asks of which nothing is said."""
    return 0.1 * evaluation


ORGANIZATION = Mechanism(
    "organization",
    doc="How a firm is run",
    firm=FirmParameters,
    active=lambda scenario: scenario.journey is not None,
)
