"""Capabilities by imitation: copy whoever leads the market."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cxsim.firms.knowledge import Knowledge, Public
from cxsim.firms.policy import CapabilityPolicy
from cxsim.parameters import parameter

__all__ = ["Imitate"]


class Imitate(CapabilityPolicy):
    """Copy the capabilities of the rival with the largest share, while that is above the own.

    Profits are not public, shares are. A copy takes `lag` periods: what is copied is what the
    leader's capabilities were then. What the leader knows of its customers cannot be copied.
    """

    lag: int = parameter(6, doc="Age of what is copied", unit="periods", ge=0)
    pace: float = parameter(
        1.0, doc="Share of the distance to the leader covered per period", unit="share", gt=0, le=1
    )

    def begin(self) -> None:
        """Nothing was seen yet."""
        self.seen: list[dict[str, Public]] = []

    def get_state(self) -> dict[str, Any]:
        """Return what was seen, as plain data."""
        seen = [{name: asdict(public) for name, public in then.items()} for then in self.seen]
        return {**super().get_state(), "seen": seen}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what was seen."""
        super().set_state(state)
        self.seen = [
            {name: Public(**facts) for name, facts in then.items()} for then in state["seen"]
        ]

    def decide(self, known: Knowledge) -> dict[str, float] | None:
        """Return the capabilities, nearer to those of the leader of some time ago."""
        self.seen.append(dict(known.public))
        if len(self.seen) <= self.lag:
            return None
        then = self.seen.pop(0)
        shares = {n: p.share for n, p in then.items() if p.active and p.share == p.share}
        if not shares:
            return None
        leader = max(shares, key=lambda name: (shares[name], name == known.firm))
        if leader == known.firm or not known.public[leader].active:
            return None
        goal = then[leader]
        own = {name: float(known.own[name]) for name in ("interaction", "customization")}
        if self.pace == 1.0:
            return {name: getattr(goal, name) for name in own}
        return {n: value + self.pace * (getattr(goal, n) - value) for n, value in own.items()}
