"""What lesson 7 computes: one-to-one with and without, for all, some or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxsim.course.case import Case, once
from cxsim.course.estimate import Estimate, with_unit
from cxsim.plot.numbers import number
from cxsim.scenario import Scenario

__all__ = [
    "COSTS",
    "FEW",
    "FIRMS",
    "VARIANCES",
    "WEIGHTS",
    "against",
    "alone",
    "by_cost",
    "fixed",
    "focus",
    "margin",
    "market",
    "plain",
    "richest",
    "sold_enough",
    "sweet",
    "turning",
    "varied",
    "why_alone",
    "why_focus",
]


FIRMS = ("Mass", "Everyone", "Focus")
VARIANCES = (0.1, 0.6, 1.1, 1.6)
WEIGHTS = (0.0, 0.8, 1.6, 2.4)
COSTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.8)
#: Seeds behind a point of the map: it has many points.
FEW = 4


def market(case: Case) -> Scenario:
    """Return the baseline with the student's cost of customizing."""
    cost = case.variant.pick("customization cost", 1.5, [1.25, 1.75, 2.0])
    return case.market("baseline", {"firms.*.customization_cost": cost, "name": "one to one"})


def plain(case: Case) -> Scenario:
    """Return the same market in which Tailor serves everybody alike."""
    cost = case.variant.pick("customization cost", 1.5, [1.25, 1.75, 2.0])
    changes = {
        "firms.*.customization_cost": cost,
        "firms.Tailor.interaction": 0.1,
        "firms.Tailor.customization": 0.1,
        "name": "everybody alike",
    }
    return case.market("baseline", changes)


def sweet(case: Case, cost: float | None = None) -> Scenario:
    """Return the market of those who serve everybody individually, some, or nobody."""
    if cost is None:
        cost = case.variant.pick("individual cost", 0.5, [0.4, 0.45, 0.55, 0.6])
    served = ("Everyone", "Focus")
    changes = {f"firms.{firm}.value_tiers.individual_cost": cost for firm in served}
    return case.market("sweet_spot", changes)


def varied(case: Case) -> Mapping[str, str]:
    """Return what is the student's own."""
    first: Any = market(case).firms["Tailor"]
    second: Any = sweet(case).firms["Focus"]
    return {
        "Customizing a unit completely costs": with_unit(first.customization_cost, "EUR"),
        "In the second market, serving a customer individually costs beside the contact": with_unit(
            second.value_tiers.individual_cost, "EUR a month"
        ),
    }


# -- results ---------------------------------------------------------------------------


def alone(case: Case) -> Estimate:
    """Return what Tailor earns with its capabilities, against without, percent."""
    base = float(case.values(plain(case), "net_present_value", "Tailor").mean())
    return case.change(
        plain(case), market(case), "net_present_value", "Tailor", times=100 / base
    )  # fmt: skip


def against(case: Case, firm: str, other: str, here: Scenario) -> Estimate:
    """Return what a firm earns against another, percent of what that one earns."""
    base = float(case.values(here, "net_present_value", other).mean())
    return case.between(here, "net_present_value", firm, other, times=100 / base)


def focus(case: Case) -> Estimate:
    """Return what Focus earns against Everyone, percent."""
    return against(case, "Focus", "Everyone", sweet(case))


def margin(here: Scenario) -> float:
    """Return what a purchase leaves Tailor before fixed costs, EUR."""
    firm: Any = here.firms["Tailor"]
    capable = (
        firm.customization_cost * firm.customization + firm.interaction_cost * firm.interaction
    )
    return float(firm.price - firm.unit_cost - capable - firm.cost_to_serve)


def fixed(here: Scenario) -> float:
    """Return what Tailor's capabilities cost a month, EUR."""
    firm: Any = here.firms["Tailor"]
    return float(firm.capability_cost * (firm.interaction**2 + firm.customization**2))


def sold_enough(case: Case) -> Estimate:
    """Return the purchases a month at which one-to-one leaves Tailor as much as before."""
    before, after = plain(case), market(case)
    sold = case.values(before, "purchases", "Tailor")
    return Estimate.over(
        (margin(before) * sold + fixed(after) - fixed(before)) / margin(after)
    )  # fmt: skip


def turning(case: Case) -> Estimate:
    """Return the individual cost at which Focus and Everyone earn the same, EUR a month.

    What firms earn falls linearly in that cost, since customers do not notice it. Below 0 where
    Focus earns more though individual service costs nothing.
    """
    low, high = 0.0, 0.5
    ends = [
        case.values(here, "net_present_value", "Focus")
        - case.values(here, "net_present_value", "Everyone")
        for here in (sweet(case, low), sweet(case, high))
    ]
    return Estimate.over(low - ends[0] * (high - low) / (ends[1] - ends[0]))


def richest(case: Case) -> tuple[str, ...]:
    """Return the firm of the second market that earns most, and any level with it."""
    here = sweet(case)
    best = max(FIRMS, key=lambda firm: case.values(here, "net_present_value", firm).mean())
    others = [f for f in FIRMS if f != best]
    return (
        best,
        *(f for f in others if not case.between(here, "net_present_value", best, f).sure),
    )


def why_alone(case: Case) -> str:
    """Say what one-to-one wins and costs."""
    won = case.change(plain(case), market(case), "share", "Tailor", times=100)
    return (
        f"it wins {won.text('points')} of share, but a purchase leaves "
        f"{number(margin(market(case)))} EUR in place of {number(margin(plain(case)))}, and the "
        f"two capabilities cost {number(fixed(market(case)) - fixed(plain(case)))} EUR a month "
        "more."
    )


def why_focus(case: Case) -> str:
    """Say what serving some saves and gives up."""
    here = sweet(case)
    share = case.between(here, "share", "Focus", "Everyone", times=100)
    cost: Any = here.firms["Focus"]
    way = "less" if share.value < 0 else "more"
    at = turning(case).value
    turn = (
        f"Where that cost is below {number(at, 2)} EUR the order turns."
        if at > 0
        else "Even where that cost is 0 the order does not turn."
    )
    return (
        f"Focus has {number(abs(share.value))} points of share {way}"
        ", those of customers to whom individual service is worth little, and does not pay "
        f"{number(cost.value_tiers.individual_cost)} EUR a month for each of them. " + turn
    )


@once
def by_cost(case: Case) -> list[tuple[float, Estimate, Estimate]]:
    """Return what Focus earns against the two others, by what individual service costs."""
    found = []
    for cost in COSTS:
        here = sweet(case, cost)
        worth, beside = (against(case, "Focus", other, here) for other in ("Everyone", "Mass"))
        found.append((cost, worth, beside))
    return found
