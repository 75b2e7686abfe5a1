"""Policies: who decides on a firm's prices and capabilities while the market runs.

What a policy may be called and what it may be told is known where policies live
(:mod:`cxsim.firms`); here a scenario merely names them.
"""

from __future__ import annotations

from typing import Any

from cxsim.mechanisms.base import Mechanism
from cxsim.parameters import Parameters, parameter

__all__ = ["FIXED", "POLICIES", "Policies"]

#: The policy that decides nothing: parameters stay as the scenario and its events set them.
FIXED = "fixed"


class Policies(Parameters):
    """A firm's policies: a name, or a mapping of ``name`` and the policy's own parameters."""

    pricing: str | dict[str, Any] = parameter(
        FIXED, doc="What sets the price: a policy's name, or its name and parameters", fixed=True
    )
    capability: str | dict[str, Any] = parameter(
        FIXED,
        doc="What sets the capabilities: a policy's name, or its name and parameters",
        fixed=True,
    )


class FirmParameters(Parameters):
    """Who decides for the firm."""

    policy: Policies = parameter(Policies(), doc="What the firm decides by", fixed=True)


def _any(scenario: Any) -> bool:
    """Whether any firm has a policy that decides anything."""
    given = (
        policy
        for firm in scenario.firms.values()
        for policy in (firm.policy.pricing, firm.policy.capability)
    )
    return any((p.get("name") if isinstance(p, dict) else p) != FIXED for p in given)


POLICIES = Mechanism(
    "policies",
    doc="Policies that set prices and capabilities",
    firm=FirmParameters,
    active=_any,
)
