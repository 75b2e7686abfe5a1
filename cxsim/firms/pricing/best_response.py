"""The price that is best this period, by a firm that knows demand."""

from __future__ import annotations

from typing import Any

from cxsim.firms.knowledge import Knowledge
from cxsim.firms.policy import PolicyError, PricingPolicy

__all__ = ["BestResponse"]

_DOUBLINGS = 60


class BestResponse(PricingPolicy):
    """Ask the price at which this period's expected profit is at its peak, given rivals' prices.

    A benchmark: it knows what every customer would do. It solves the first-order condition

        sum of rate P dpaid/dp + rate dP/dp margin = 0

    over customers in their present state, going uphill from the price that stands. It looks
    at no later period. Where awareness counts, it decides before this period's advertising:
    who will only then hear of the firm is not reckoned with.

    References
    ----------
    Berry (1994), Estimating discrete-choice models of product differentiation.
    """

    information = "full"

    def decide(self, known: Knowledge) -> float | None:
        """Return the price; None where nobody would buy at any price near.

        Where so few buy that it rounds to nobody, nothing is gained by another price either:
        a zero that is no peak. Steps that end there are halved until somebody buys.
        """
        from scipy.optimize import brentq

        def gain(price: float) -> float:
            return float(known.market.at(known.firm, price).gain)

        start = float(known.own["price"])
        here = known.market.at(known.firm, start)
        # The margin that demand at hand would bear is a good guess, and mostly a step too far.
        step = here.gain / -here.response if here.response < 0.0 else max(start, 1.0)
        if abs(here.gain) <= 1e-14 * here.purchases or here.purchases == 0.0:
            return None
        near, far = start, start
        for _ in range(_DOUBLINGS):
            near, far, step = far, max(0.0, far + step), 2.0 * step
            there = known.market.at(known.firm, far)
            while there.purchases == 0.0 and far - near > 1e-9 * far:
                far = 0.5 * (near + far)
                there = known.market.at(known.firm, far)
            if there.gain * here.gain <= 0.0:
                return float(brentq(gain, near, far, xtol=1e-12, rtol=1e-12))
            if far == 0.0:
                return 0.0
        raise PolicyError("expected demand that some price ends, found none")

    def refuses(self, scenario: Any) -> str | None:
        """Refuse buying centers, whose votes are no logit, and money that is no price.

        What points, redemptions, exit fees, trial discounts and add-ons add to a price, and
        subscribers who pay without choosing, are not in the condition that is solved. Nor is
        there a best price for customers whom no price moves, or who have no alternative.
        """
        for name, segment in scenario.segments.items():
            if segment.share > 0 and segment.purchase_rate > 0 and segment.price_sensitivity == 0:
                return (
                    "expected customers whom prices move, or there is no best price, found a "
                    f"price_sensitivity of 0 (segments.{name})"
                )
        if len(scenario.firms) == 1 and not scenario.outside_option:
            return (
                "expected a rival or an outside option, or there is no best price, found one "
                "firm alone (outside_option: true lets customers buy from nobody)"
            )
        for each in scenario.mechanisms:
            if each.name in ("loyalty", "contracts", "acquisition", "next_best_offer"):
                return f"expected customers who pay prices only, found {each.doc.lower()}"
        members = max(each.evaluators(scenario) for each in scenario.mechanisms)
        if members > 1:
            return f"expected accounts of one member each, found {members}"
        return None
