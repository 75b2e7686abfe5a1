"""Lesson 7: when one-to-one loses money, for everybody or for those who value it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

import cxsim as cx
from classroom.case import Case, Estimate, with_unit
from classroom.exhibits import table_of
from classroom.numbers import Numbers, best_of, margin_of, swept, upkeep_of
from classroom.plan_file import read_plan
from cxsim.charts import number
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

FIRMS = ("Mass", "Everyone", "Focus")
VARIANCES = (0.1, 0.6, 1.1, 1.6)
WEIGHTS = (0.0, 0.8, 1.6, 2.4)
COSTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.8)
#: Seeds behind a point of the map: it has many points.
FEW = 4


def market(case: Case, name: str = "one to one", **more: Any) -> Scenario:
    """Return the baseline with the student's cost of customizing, and more changes."""
    cost = case.variant.pick("customization cost", 1.5, [1.25, 1.75, 2.0])
    return case.market("baseline", {"firms.*.customization_cost": cost, **more, "name": name})


def plain(case: Case) -> Scenario:
    """Return the same market in which Tailor serves everybody alike."""
    alike = {"firms.Tailor.interaction": 0.1, "firms.Tailor.customization": 0.1}
    return market(case, "everybody alike", **alike)


def sweet(case: Case, cost: float | None = None) -> Scenario:
    """Return the market of those who serve everybody individually, some, or nobody."""
    if cost is None:
        cost = case.variant.pick("individual cost", 0.5, [0.4, 0.45, 0.55, 0.6])
    served = ("Everyone", "Focus")
    changes = {f"firms.{firm}.value_tiers.individual_cost": cost for firm in served}
    return case.market("sweet_spot", changes)


def individual_cost(case: Case) -> float:
    """Return the cost of serving a customer individually in the second market, EUR a month."""
    firm: Any = sweet(case).firms["Focus"]
    return firm.value_tiers.individual_cost


def varied(case: Case) -> Mapping[str, str]:
    """Return the student's own values."""
    firm: Any = market(case).firms["Tailor"]
    second = "In the second market, cost of serving a customer individually, besides contacts"
    return {
        "Cost of customizing a unit completely": with_unit(firm.customization_cost, "EUR"),
        second: with_unit(individual_cost(case), "EUR a month"),
    }


# -- what the lesson computes --------------------------------------------------------------


def against(firm: str, other: str) -> Any:
    """Return a firm's net present value against another's, percent, as a function of a market."""
    return lambda case, here: case.percent(here, "net_present_value", firm, other)


def margin(here: Scenario) -> float:
    """Return Tailor's contribution margin, EUR per purchase."""
    firm: Any = here.firms["Tailor"]
    a, c = firm.interaction, firm.customization
    return margin_of(firm, price=firm.price, interaction=a, customization=c)


def fixed(here: Scenario) -> float:
    """Return the cost of Tailor's capabilities, EUR a month."""
    return upkeep_of(here.firms["Tailor"])


def sold_enough(case: Case) -> Estimate:
    """Return the purchases a month at which one-to-one leaves Tailor as much as before."""
    before, after = plain(case), market(case)
    sold = case.values(before, "purchases", "Tailor")
    more = margin(before) * sold + fixed(after) - fixed(before)
    return Estimate.over(more / margin(after))


def month(case: Case) -> dict[str, float]:
    """Return Tailor's monthly sales and profit, before and after, and results of mistakes."""
    before, after = plain(case), market(case)
    sold, sells = (case.average(here, "purchases", "Tailor") for here in (before, after))
    more, left = fixed(after) - fixed(before), margin(before) * sold
    return {
        "sold": sold, "sells": sells, "before": margin(before), "after": margin(after),
        "more": more, "left": left, "without upkeep": left / margin(after),
        "same margin": sold + more / margin(after),
    }  # fmt: skip


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


def focus_ahead(case: Case) -> dict[str, float]:
    """Return the lead of Focus over Everyone at an individual cost of 0 and of 0.5, EUR."""
    costs = {"free": 0.0, "costly": 0.5}
    return {
        name: case.between(sweet(case, cost), "net_present_value", "Focus", "Everyone").value
        for name, cost in costs.items()
    }


def richest(case: Case) -> tuple[str, ...]:
    """Return the firm of the second market that earns most, and any level with it."""
    here = sweet(case)
    return best_of({firm: case.values(here, "net_present_value", firm) for firm in FIRMS})


def largest(case: Case) -> dict[str, str]:
    """Return the remark on the firm with the largest market share, by firm."""
    shares = case.averages(sweet(case), "market_share")
    most = max(FIRMS, key=lambda firm: shares[firm])
    said = " It has the largest market share, but at a cost."
    return {firm: said if firm == most else "" for firm in FIRMS}


def table(case: Case) -> str:
    """Show Tailor in both markets."""
    rows: dict[str, list[str]] = {}
    for here in (plain(case), market(case)):
        rows[here.name] = [
            case.mean(here, "market_share", "Tailor", times=100).brief(),
            number(case.average(here, "purchases", "Tailor"), 4),
            number(margin(here)),
            number(fixed(here)),
            number(case.average(here, "net_present_value", "Tailor")),
        ]
    names = [
        "Market share (%)", "Purchases a month", "Contribution margin (EUR per purchase)",
        "Overhead of capabilities (EUR a month)", "Net present value (EUR)",
    ]  # fmt: skip
    caption = f"Tailor, twice: means over {len(case.seeds)} seeds, 95 % interval in brackets"
    return table_of(pd.DataFrame(rows, index=names), caption)


def pays(case: Case) -> Any:
    """Draw the break-even line, simulated and by the closed form."""
    from cxsim.strategy import profit_map

    here: Any = market(case)
    cost = float(here.firms["Tailor"].customization_cost)
    found = profit_map(
        here, need_variance=VARIANCES, fit_weight=WEIGHTS,
        customization_cost=(cost / 2, cost), seeds=case.seeds[:FEW],
    )  # fmt: skip
    return cx.plot.one_to_one_profit_map(found, size=(9.4, 7.6))


NUMBERS: Numbers = Numbers(
    market, plain, sweet, individual_cost, sold_enough, month, turning, focus_ahead, richest,
    largest, table, pays,
    alone=lambda case: case.relative(plain(case), market(case), "net_present_value", "Tailor"),
    won=lambda case: case.change(plain(case), market(case), "market_share", "Tailor", times=100),
    focus=lambda case: against("Focus", "Everyone")(case, sweet(case)),
    focus_mass=lambda case: against("Focus", "Mass")(case, sweet(case)),
    everyone_mass=lambda case: against("Everyone", "Mass")(case, sweet(case)),
    both_below=lambda case: all(
        NUMBERS.find(case, name).below for name in ("focus_mass", "everyone_mass")
    ),
    share_lead=lambda case: case.between(
        sweet(case), "market_share", "Focus", "Everyone", times=100
    ),
    share_apart=lambda case: abs(NUMBERS.find(case, "share_lead.value")),
    share_less=lambda case: NUMBERS.find(case, "share_lead.value") < 0,
    turns=lambda case: turning(case).value > 0,
    never_turns=lambda case: focus_ahead(case)["free"] > 0,
    worth=lambda case: case.averages(sweet(case), "net_present_value"),
    others=lambda case: " and ".join(richest(case)[1:]),
    by_cost=swept(
        COSTS, sweet,
        {"than Everyone": against("Focus", "Everyone"), "than Mass": against("Focus", "Mass")},
    ),
)  # fmt: skip


PLAN = read_plan(__file__, NUMBERS, market=market, varied=varied)
