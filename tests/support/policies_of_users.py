"""Policies as a user would write them, in a module of their own."""

from __future__ import annotations

import cxsim as cx


class Undercut(cx.PricingPolicy):
    """Charge less than the cheapest rival did."""

    by: float = 0.5

    def decide(self, known):
        """Return the price."""
        return min(rival.price for rival in known.rivals.values()) - self.by


class Ratchet(cx.PricingPolicy):
    """Raise the price by chance, and count how often; a policy with a memory."""

    chance: float = cx.parameter(0.5, doc="Chance to raise the price", unit="share", ge=0, le=1)

    def begin(self):
        """Start with no rise."""
        self.rises = 0

    def decide(self, known):
        """Return the price."""
        self.rises += known.uniform() < self.chance
        return {"price": known.own["price"] * 1.01**self.rises, "personal_premium": 0.01}


class Climb(cx.CapabilityPolicy):
    """Raise interaction by as much as last period's profit was worth, up to 1."""

    step: float = cx.parameter(doc="Rise per period", unit="share", gt=0, le=1)

    def decide(self, known):
        """Return the capabilities."""
        if known.last("profit", 0.0) < 0.0:
            return None
        return {"interaction": min(1.0, known.own["interaction"] + self.step)}


class NotAPolicy:
    """Something else."""
