"""Capabilities by plan: what is to be reached, and when."""

from __future__ import annotations

from cxsim.firms.knowledge import Knowledge
from cxsim.firms.policy import CapabilityPolicy
from cxsim.parameters import Parameters, parameter

__all__ = ["Roadmap", "Target"]

_CAPABILITIES = CapabilityPolicy.sets


class Target(Parameters):
    """A target of the plan; capabilities that it does not name stay."""

    at: int = parameter(doc="Period in which it is begun", unit="period", ge=0)
    over: int = parameter(
        0, doc="Periods until it is reached, by equal steps (0: at once)", unit="periods", ge=0
    )
    interaction: float | None = parameter(
        None, doc="Interaction to reach", unit="share", ge=0, le=1
    )
    customization: float | None = parameter(
        None, doc="Customization to reach", unit="share", ge=0, le=1
    )
    identification: float | None = parameter(
        None, doc="Identification to reach", unit="share", ge=0, le=1
    )
    segment_insight: float | None = parameter(
        None, doc="Segment insight to reach", unit="share", ge=0, le=1
    )


class Roadmap(CapabilityPolicy):
    """Follow a plan of targets, in the order given."""

    targets: tuple[Target, ...] = parameter(doc="What is to be reached, and when", min_length=1)

    def begin(self) -> None:
        """No target was begun yet."""
        self.starts: dict[int, dict[str, float]] = {}

    def decide(self, known: Knowledge) -> dict[str, float]:
        """Return the capabilities that targets under way set for the period."""
        decided: dict[str, float] = {}
        for number, target in enumerate(self.targets):
            if not target.at <= known.period <= target.at + target.over:
                continue
            goals = {name: getattr(target, name) for name in _CAPABILITIES}
            goals = {name: goal for name, goal in goals.items() if goal is not None}
            start = self.starts.setdefault(number, {n: float(known.own[n]) for n in goals})
            done = (known.period - target.at) / target.over if target.over else 1.0
            for name, goal in goals.items():
                decided[name] = goal if done == 1.0 else start[name] + (goal - start[name]) * done
        return decided
