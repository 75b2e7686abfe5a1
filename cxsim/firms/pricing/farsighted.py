"""Prices of two firms that look ahead: today's price is also tomorrow's customer base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from cxsim.analytic.duopoly import loyalty_prices
from cxsim.analytic.posted import posted_prices
from cxsim.firms.knowledge import Knowledge
from cxsim.firms.policy import PolicyError, PricingPolicy
from cxsim.parameters import parameter

__all__ = ["Farsighted"]

#: What events may change: the game is solved for the parameters as they stand.
_MAY_CHANGE = {
    "quality", "unit_cost", "customization_cost", "interaction_cost", "cost_to_serve",
    "switching_cost", "outside_value", "capability_cost",
}  # fmt: skip


class Farsighted(PricingPolicy):
    """Ask the Markov-perfect price of a duopoly whose customers have switching costs.

    A benchmark: it knows demand and how customers are split between the two firms, which is
    the state of the game (:func:`cxsim.analytic.posted_prices`), and takes its rival to play
    the same game. With ``buyers: one`` there is a single customer (``customers: 1``) and each
    firm asks what suits whose customer it is (:func:`cxsim.analytic.loyalty_prices`).
    """

    information = "full"

    discount_factor: float | None = parameter(
        None,
        doc="What a unit of currency next period is worth today (default: 1 / (1 + discount_rate))",
        unit="1",
        ge=0,
        lt=1,
    )
    buyers: Literal["many", "one"] = parameter(
        "many", doc="Many customers at one posted price, or a single one (customers: 1)"
    )

    def decide(self, known: Knowledge) -> float:
        """Return the price, given how customers are split."""
        market = known.market
        (rival,) = (name for name in known.public if name != known.firm)
        base = market.base()
        if base[None] > 0.0:
            raise PolicyError(
                "expected a supplier for every customer (initial shares that sum to 1), found "
                f"none for {base[None]:.4g} of them"
            )
        if not known.public[rival].active or not known.public[known.firm].active:
            raise PolicyError("expected both firms in the market, found one")
        segment = f"segments.{market.segments[0]}"
        volume = market.value(f"{segment}.volume")
        sensitivity = market.value(f"{segment}.price_sensitivity")
        loyalty = sensitivity * market.value(f"{segment}.switching_cost")
        ahead = self.discount_factor
        if ahead is None:
            ahead = 1.0 / (1.0 + market.value("discount_rate"))
        costs = [_cost(market, firm, volume) for firm in (known.firm, rival)]
        try:
            if self.buyers == "one":
                asked = loyalty_prices(
                    loyalty,
                    price_sensitivity=sensitivity * volume,
                    discount_factor=ahead,
                    cost=costs[0],
                )
                return float(asked.own if base[known.firm] == 1.0 else asked.rival)
            outside = market.value(f"{segment}.outside_value") / volume
            game = posted_prices(
                loyalty,
                base=base[known.firm],
                price_sensitivity=sensitivity * volume,
                discount_factor=ahead,
                cost=costs,
                quality=[market.value(f"firms.{firm}.quality") for firm in (known.firm, rival)],
                outside=outside if market.value("outside_option") > 0.5 else None,
                form="bonus" if market.value("switching_cost_form") > 0.5 else "cost",
                purchase_rate=market.value(f"{segment}.purchase_rate"),
            )
        except ValueError as error:
            raise PolicyError(str(error)) from error
        return float(game.own)

    def refuses(self, scenario: Any) -> str | None:
        """Refuse every market but the one that is solved, naming what is in the way."""
        found = list(_in_the_way(scenario))
        if self.buyers == "one":
            found += _more_than_one(scenario)
        if not found:
            return None
        return (
            "expected two firms and one segment of customers alike, without fit, tastes, learning, "
            f"turnover or other mechanisms, found {', '.join(found)}"
        )


def _cost(market: Any, firm: str, volume: float) -> float:
    """Return what a unit costs a firm that knows nobody."""

    def of(name: str) -> float:
        return float(market.value(f"firms.{firm}.{name}"))

    unit = of("unit_cost") + of("customization_cost") * of("customization")
    return unit + (of("interaction_cost") * of("interaction") + of("cost_to_serve")) / volume


def _in_the_way(scenario: Any) -> Iterator[str]:
    """Name what the game does not have."""
    if len(scenario.firms) != 2:
        yield f"{len(scenario.firms)} firms"
    if len(scenario.segments) != 1:
        yield f"{len(scenario.segments)} segments"
    yield from (
        f"mechanism {each.name}"
        for each in scenario.mechanisms
        if not each.core and each.name != "policies"
    )
    for segment in scenario.segments.values():
        for name in ("fit_weight", "hassle", "brand_taste_sd", "price_sensitivity_cv", "turnover"):
            value = getattr(segment, name)
            values = value.values() if isinstance(value, dict) else [value]
            if any(each != 0 for each in values):
                yield name
        if segment.brand_taste != "normal":
            yield f"brand_taste {segment.brand_taste}"
        for name in ("turnover_beta", "purchase_rate_shape"):
            if getattr(segment, name) is not None:
                yield name
        if segment.price_sensitivity == 0 or segment.purchase_rate == 0:
            yield "customers whom no price moves"
        told = scenario.learning_rate * segment.disclosure
        if told > 0 and any(each.interaction > 0 for each in scenario.firms.values()):
            yield "learning (interaction)"
    if any(start.knowledge > 0 for start in scenario.initial.values()):
        yield "initial knowledge"
    if any(each.promotions.chance > 0 for each in scenario.firms.values()):
        yield "promotions"
    changed = {str(change.keys[0]) for change in scenario.changes} - _MAY_CHANGE
    yield from (f"an event that sets {name}" for name in sorted(changed))


def _more_than_one(scenario: Any) -> list[str]:
    """Name what the game over a single buyer does not have."""
    found = []
    if scenario.customers != 1:
        found.append(f"{scenario.customers} customers (buyers: one)")
    if scenario.outside_option:
        found.append("an outside option (buyers: one)")
    if any(segment.purchase_rate != 1 for segment in scenario.segments.values()):
        found.append("a purchase_rate below 1 (buyers: one)")
    names = ("quality", "unit_cost", "customization_cost", "interaction_cost", "cost_to_serve")
    if len({tuple(getattr(each, name) for name in names) for each in scenario.firms.values()}) > 1:
        found.append("firms that differ (buyers: one)")
    return found
