"""Prices by trial and error: a firm that knows nothing but its own profit."""

from __future__ import annotations

from typing import Any

from cxsim.firms.knowledge import Knowledge
from cxsim.firms.policy import PricingPolicy
from cxsim.firms.trial import Trial
from cxsim.parameters import parameter

__all__ = ["Adaptive"]


class Adaptive(PricingPolicy):
    """Try a step of the price, and keep it if the own profit rose.

    Every `patience` periods the mean profit of the price at hand is taken, less what
    capabilities cost once: it has to do with the price by chance only.
    """

    step: float = parameter(0.02, doc="Size of a step", unit="share of price", gt=0, lt=1)
    patience: int = parameter(
        3, doc="Periods for which a price is watched before the next", unit="periods", ge=1
    )

    def begin(self) -> None:
        """Nothing was tried yet."""
        self.trial: Trial | None = None
        self.watched = 0

    def get_state(self) -> dict[str, Any]:
        """Return what was tried, as plain data."""
        trial = None if self.trial is None else self.trial.state()
        return {**super().get_state(), "trial": trial}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what was tried."""
        super().set_state(state)
        self.trial = None if state["trial"] is None else Trial.of(state["trial"])

    def decide(self, known: Knowledge) -> float | None:
        """Return the price, if it changes."""
        price = float(known.own["price"])
        if self.trial is None or price != self.trial.value:
            # The first period, or somebody else has set the price: begin anew from here.
            self.trial = Trial(price, 1 if known.uniform() < 0.5 else -1)
            self.watched = 0
            return None
        self.watched += 1
        if self.watched < self.patience:
            return None
        self.watched = 0
        last = slice(-self.patience, None)
        profit = known.books["profit"][last] + known.books["capability_investment"][last]
        return self.trial.next(float(profit.mean()), lambda p, way: p * (1.0 + way * self.step))
