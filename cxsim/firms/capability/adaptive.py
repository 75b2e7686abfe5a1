"""Capabilities by trial and error: what pays is kept."""

from __future__ import annotations

from typing import Any

from cxsim.firms.knowledge import Knowledge
from cxsim.firms.policy import CapabilityPolicy
from cxsim.firms.trial import Trial
from cxsim.parameters import parameter

__all__ = ["Adaptive"]

#: The axes of the capability matrix, tried in turn.
AXES = ("interaction", "customization")


class Adaptive(CapabilityPolicy):
    """Try a step of one capability, then of the other, and keep what the own profit rose by.

    What a step costs once is spread over `payback` periods; learning relationships take time,
    so a step is watched for `patience` of them.
    """

    step: float = parameter(0.1, doc="Size of a step", unit="share", gt=0, le=1)
    patience: int = parameter(
        6, doc="Periods for which a step is watched before the next", unit="periods", ge=1
    )
    payback: int = parameter(
        24, doc="Periods over which what a step costs once is spread", unit="periods", ge=1
    )

    def begin(self) -> None:
        """Nothing was tried yet."""
        self.trials: dict[str, Trial] = {}
        self.turn = 0
        self.watched = 0

    def get_state(self) -> dict[str, Any]:
        """Return what was tried, as plain data."""
        trials = {name: trial.state() for name, trial in self.trials.items()}
        return {**super().get_state(), "trials": trials}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what was tried."""
        super().set_state(state)
        self.trials = {name: Trial.of(trial) for name, trial in state["trials"].items()}

    def decide(self, known: Knowledge) -> dict[str, float] | None:
        """Return the capability that changes, if one does."""
        own = {name: float(known.own[name]) for name in AXES}
        if any(name not in self.trials or self.trials[name].value != own[name] for name in AXES):
            # The first period, or somebody else has set a capability: begin anew from here.
            self.trials = {
                name: Trial(own[name], 1 if known.uniform(k) < 0.5 else -1)
                for k, name in enumerate(AXES)
            }
            self.watched = 0
            return None
        self.watched += 1
        if self.watched < self.patience:
            return None
        self.watched = 0
        last = slice(-self.patience, None)
        once = known.books["capability_investment"][last]
        running = (known.books["profit"][last] + once).mean()
        trial = self.trials[AXES[self.turn]]
        value = trial.next(float(running - once.sum() / self.payback), self._away)
        changed = {AXES[self.turn]: value}
        if value == trial.kept:  # a step was taken back, or none is left: the other one is next
            self.turn = 1 - self.turn
        return changed

    def _away(self, value: float, way: int) -> float:
        return min(1.0, max(0.0, value + way * self.step))
