"""Recovery: who tells of a bad contact is made up to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cxsim.mechanisms.base import Measure, Mechanism, Pass, Total, chunk
from cxsim.parameters import Ask, Parameters, parameter


class Recovery(Parameters):
    """What a firm does for a customer who tells of a bad contact."""

    threshold: float = parameter(
        3.0, doc="Performance told of, at or below which the firm acts", unit="score 0-10"
    )
    effect: float = parameter(
        0.1,
        doc="Experience that is added",
        unit="experience",
        ge=0,
        source="de Matos, Henrique & Rossi 2007: recovery raises satisfaction; its size is an "
        "assumption",
    )
    cost: float = parameter(
        0.0,
        doc="Cost of making up to one customer",
        unit="currency per customer",
        ge=0,
        ask=Ask(free="service recovery"),
    )


class FirmParameters(Parameters):
    """Whether a firm makes up for what went wrong."""

    recovery: Recovery | None = parameter(
        None, doc="What is done for customers who tell of a bad contact (event-based listening)"
    )


def _heard(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, firm in scenario.firms.items():
        listening = firm.listening
        if firm.recovery is not None and (listening is None or listening.event_based is None):
            text = "expected listening.event_based beside it, found none"
            yield ("firms", name, "recovery"), text


# --- rules ------------------------------------------------------------------------


def recovered(experience: float, effect: float) -> float:
    """Return the experience of a customer whom the firm has made up to."""
    return experience + effect


# --- passes -----------------------------------------------------------------------


def recover(
    n, supplier, complaint, experience, firm_recovery_threshold, firm_recovery_effect,
    firm_recovery_cost, sum_recovered, sum_recovery_cost,
):  # fmt: skip
    """Make up to those who told of a contact as bad as the threshold."""
    for i in range(n):
        s = max(0, supplier[i])
        if complaint[i] <= firm_recovery_threshold[s] and supplier[i] >= 0:
            experience[s, i] = recovered(experience[s, i], firm_recovery_effect[s])
            sum_recovered[chunk(i), s] += 1.0
            sum_recovery_cost[chunk(i), s] += firm_recovery_cost[s]


def recovered_customers(b: Any) -> np.ndarray:
    """Customers whom the firm made up to."""
    return b.total("recovered")


def recovery_cost(b: Any) -> np.ndarray:
    """Cost of making up to customers."""
    return b.total("recovery_cost")


RECOVERY = Mechanism(
    "recovery",
    doc="Making up for bad contacts",
    firm=FirmParameters,
    totals=(
        Total("recovered", doc="Customers made up to"),
        Total("recovery_cost", doc="Cost of it, currency"),
    ),
    passes=(Pass(recover, "survey", after=("tracking.track",)),),
    measures=(
        Measure("recovered", "Customers made up to", "per period", recovered_customers),
        Measure(
            "recovery_cost",
            "Cost of recovery",
            "currency per period",
            recovery_cost,
            summary="sum",
            cost="contribution",
        ),
    ),
    check=_heard,
    active=lambda scenario: (
        scenario.journey is not None
        and any(firm.recovery is not None for firm in scenario.firms.values())
    ),
)
