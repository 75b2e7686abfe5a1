"""Spending that a decision commits a firm to in a round, in closed form, and the check of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["COST_PARAMETERS", "SPENDING", "spending"]

#: Survey programmes that may be fields.
_PROGRAMMES = ("deep_dive", "event_based", "tracking")

#: Fields whose spending is known, the free ones included.
SPENDING = frozenset(
    {
        "customization", "identification", "improvement.budget", "interaction",
        "personal_premium", "price", "segment_insight",
        *(f"surveys.{name}.sample" for name in _PROGRAMMES),
    }
)  # fmt: skip

#: Parameters of firms behind the closed form, which no event may change.
COST_PARAMETERS = frozenset(
    {
        "capability_cost", "capability_investment", "improvement.budget", "interaction",
        "customization", "surveys.deep_dive.every",
        *(f"surveys.{name}.{of}" for name in _PROGRAMMES for of in ("cost", "sample")),
    }
)  # fmt: skip


# --- rules ------------------------------------------------------------------------


def overhead(capability_cost: float, interaction: float, customization: float) -> float:
    """Return the fixed cost of capabilities in a period, c (A² + C²), currency."""
    return capability_cost * (interaction * interaction + customization * customization)


def investment(cost: float, before: float, after: float) -> float:
    """Return the one-off cost of raising a capability, currency; lowering it returns nothing."""
    return cost * max(after - before, 0.0)


def survey_bound(cost: float, sample: float, market_size: float, contacts: float) -> float:
    """Return the cost of a survey if all of the market were the firm's customers, currency.

    Parameters
    ----------
    cost : float
        Per customer or contact asked, currency.
    sample : float
        Share of customers or contacts asked.
    market_size : float
        Customers of the whole market.
    contacts : float
        Occasions to ask each of them in the round, at most.
    """
    return cost * sample * market_size * contacts


# --- the round --------------------------------------------------------------------


def spending(
    scenario: Any,
    firm: str,
    before: Mapping[str, float],
    after: Mapping[str, float],
    *,
    first: int,
    periods: int,
) -> dict[str, float]:
    """Return what a firm's decision commits it to in a round, by item.

    Parameters
    ----------
    scenario : Scenario
        Its costs are those at the start.
    firm : str
    before, after : mapping of str to float
        Values of the fields in the round before, and those decided.
    first : int
        First period of the round.
    periods : int
        Of the round.

    Returns
    -------
    dict of str to float
        Currency in the round: ``capability_overhead``, ``capability_investment``,
        ``improvement`` and ``surveys`` (an upper bound); items that the market lacks are left out.
    """
    own = scenario.firms[firm]

    def value(name: str, of: Mapping[str, float]) -> float:
        return of.get(name, float(getattr(own, name)))

    made = {
        "capability_overhead": periods
        * overhead(own.capability_cost, value("interaction", after), value("customization", after)),
        "capability_investment": sum(
            investment(own.capability_investment, value(name, before), value(name, after))
            for name in ("interaction", "customization")
        ),
    }
    if own.improvement is not None:
        made["improvement"] = periods * after.get("improvement.budget", own.improvement.budget)
    if own.surveys is not None:
        made["surveys"] = _surveys(scenario, own, after, first, periods)
    return made


def _surveys(
    scenario: Any, own: Any, after: Mapping[str, float], first: int, periods: int
) -> float:
    total = 0.0
    for name in _PROGRAMMES:
        programme = getattr(own.surveys, name)
        if programme is None:
            continue
        sample = after.get(f"surveys.{name}.sample", programme.sample)
        if sample is None:
            sample = 1.0  # what the firm's organization implies is at most that
        times = float(periods)
        if name == "deep_dive":
            times = float(sum((first + k) % programme.every == 0 for k in range(periods)))
        elif name == "event_based":
            times *= len(own.touchpoints)
        total += survey_bound(programme.cost, sample, scenario.market_size, times)
    return total
