"""Lesson 7: when one-to-one loses money, for everybody or for those who value it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from classroom import widgets
from classroom.case import Case, Estimate, once, with_unit
from classroom.plan import Exercise, Plan, Question, firm_table, frame_of, sweep, table_of
from cxsim.charts import number
from cxsim.scenario import Scenario

__all__ = [
    "COSTS",
    "FEW",
    "FIRMS",
    "PLAN",
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


# -- What lesson 7 computes: one-to-one with and without, for all, some or nobody --------------


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


# -- Lesson 7: when one-to-one loses money, for everybody or for those who value it ------------


# -- exhibits --------------------------------------------------------------------------


def table(case: Case) -> str:
    """Show Tailor in both markets."""
    rows: dict[str, list[str]] = {}
    for here in (plain(case), market(case)):
        rows[here.name] = [
            case.mean(here, "share", "Tailor", times=100).brief(),
            number(float(case.values(here, "purchases", "Tailor").mean()), 4),
            number(margin(here)),
            number(fixed(here)),
            number(float(case.values(here, "net_present_value", "Tailor").mean())),
        ]
    names = [
        "Share of purchases (%)", "Purchases a month", "What a purchase leaves (EUR)",
        "What the capabilities cost a month (EUR)", "Net present value (EUR)",
    ]  # fmt: skip
    caption = f"Tailor, twice: means over {len(case.seeds)} seeds, 95 % interval in brackets"
    return table_of(pd.DataFrame(rows, index=names), caption)


@once
def _map(case: Case) -> pd.DataFrame:
    from cxsim.strategy import paying_map

    firm: Any = market(case).firms["Tailor"]
    cost = float(firm.customization_cost)
    return paying_map(
        market(case), need_variance=VARIANCES, fit_weight=WEIGHTS,
        customization_cost=(cost / 2, cost), seeds=case.seeds[:FEW],
    )  # fmt: skip


def pays(case: Case) -> Any:
    """Draw the break-even line, simulated and by the closed form."""
    from cxsim.plot import paying

    return paying(_map(case), size=(9.4, 7.6))


def three(case: Case) -> str:
    """Show the three firms of the second market."""
    names = ("share", "retention", "customers", "contribution", "net_present_value")
    return firm_table(case, sweet(case), names, "Everybody, some, or nobody individually")


def money(case: Case) -> Any:
    """Draw what the three earn against each other."""
    from cxsim.charts import estimates

    here = sweet(case)
    rows = {
        "Focus, against Everyone": focus(case),
        "Focus, against Mass": against(case, "Focus", "Mass", here),
        "Everyone, against Mass": against(case, "Everyone", "Mass", here),
    }
    first = rows["Focus, against Everyone"]
    said = (
        "Focus earns more than Everyone" if first.lower > 0
        else "Focus earns less than Everyone" if first.upper < 0
        else "Focus and Everyone may be level"
    )  # fmt: skip
    below = all(each.upper < 0 for each in list(rows.values())[1:])
    more = ", and both earn less than the firm that serves nobody individually" if below else ""
    told = widgets.surprise(
        f"{said}: {first.text('%', signed=True)}. Now look at the firm that nobody asked about. "
        "A claim compares with something, and it matters with what."
    )
    figure = estimates(
        frame_of(rows), label="Net present value, against the other firm's (%)", title=said + more
    )
    return [told, figure]


def counter(case: Case) -> Any:
    """Draw where to serve everybody is better after all."""
    from cxsim.charts import response

    found = by_cost(case)
    at: Any = sweet(case).firms["Focus"]
    title = (
        f"Below {number(turning(case).value, 2)} EUR it is better to serve everybody individually"
        if found[0][1].upper < 0
        else "Even where it costs nothing, serving everybody is not surely better"
    )
    lines = {
        "than Everyone": [(cost, worth) for cost, worth, _ in found],
        "than Mass": [(cost, worth) for cost, _, worth in found],
    }
    return response(
        sweep(lines),
        by="What serving a customer individually costs, beside the contact (EUR a month)",
        label="Focus earns more (%)",
        title=title,
        mark=(at.value_tiers.individual_cost, "this market"),
        size=(8.6, 4.8),
    )


# -- exercises -------------------------------------------------------------------------


def _enough_mistakes(case: Case) -> Mapping[Any, str]:
    before, after = plain(case), market(case)
    sold = float(case.values(before, "purchases", "Tailor").mean())
    more = fixed(after) - fixed(before)
    return {
        margin(before) * sold / margin(after): "You left out what the capabilities cost a month.",
        sold + more / margin(after): "The margin falls for the purchases, too, that would have "
        "been made anyway.",
        float(case.values(after, "purchases", "Tailor").mean()): "That is what it sells. How much "
        "would it have to sell?",
    }


def _enough_solution(case: Case) -> str:
    before, after = plain(case), market(case)
    sold = float(case.values(before, "purchases", "Tailor").mean())
    does = float(case.values(after, "purchases", "Tailor").mean())
    more = fixed(after) - fixed(before)
    return (
        f"Serving everybody alike leaves {number(margin(before))} × {number(sold, 4)} = "
        f"{number(margin(before) * sold)} EUR a month. With {number(more)} EUR more of fixed costs "
        f"and {number(margin(after))} EUR a purchase it takes ({number(margin(before) * sold)} + "
        f"{number(more)}) / {number(margin(after))} = {number(sold_enough(case).value, 4)} "
        f"purchases. It sells {number(does, 4)}. (What building the capabilities "
        "costs at the start is not in this number.)"
    )


def _richest_mistakes(case: Case) -> Mapping[Any, str]:
    here = sweet(case)
    texts = {
        firm: "Its net present value is "
        f"{number(float(case.values(here, 'net_present_value', firm).mean()))} EUR. "
        "Look for a higher one."
        for firm in FIRMS
    }
    most = max(FIRMS, key=lambda firm: case.values(here, "share", firm).mean())
    texts[most] += " It has the largest share, and pays for it."
    return texts


def _richest_solution(case: Case) -> str:
    first = richest(case)
    level = f" {' and '.join(first[1:])} may be level with it." if first[1:] else ""
    return (
        f"{first[0]}.{level} That serving those who value it beats serving everybody says nothing "
        "of either against serving nobody individually: a claim compares with something, and it "
        "matters with what."
    )


def _turning_solution(case: Case) -> str:
    ends = [
        float(np.mean(case.values(sweet(case, cost), "net_present_value", "Focus")
                      - case.values(sweet(case, cost), "net_present_value", "Everyone")))
        for cost in (0.0, 0.5)
    ]  # fmt: skip
    return (
        "Customers do not notice that cost, so what firms earn falls linearly in it. Focus less "
        f"Everyone: {number(ends[0], signed=True)} EUR where it is 0, "
        f"{number(ends[1], signed=True)} EUR where it is 0.5; on the line between them "
        f"zero lies at {turning(case).text('EUR')}."
        + (" There is no such cost: even free, Focus earns more." if ends[0] > 0 else "")
    )


PLAN = Plan(
    name="07_when_one_to_one_loses",
    title="When one-to-one loses money",
    minutes=75,
    market=market,
    varied=varied,
    questions=(
        Question(
            "alone",
            "what one-to-one does to what Tailor earns",
            "Take Tailor as it is, and take it with both capabilities at 0.1 as Mass has them, all "
            "else alike. What it earns over the five years (net present value) with one-to-one "
            "service, compared with serving everybody alike, …",
            unit="%",
            largest=60,
            step=1,
            result=alone,
            why=why_alone,
            signs=("is lower", "is about the same", "is higher"),
            valued=lambda case: ((market(case), "Tailor"), (plain(case), "Tailor")),
        ),
        Question(
            "focus",
            "what Focus earns against Everyone",
            "In the second market half of the customers care much for fit and half care little. "
            "Focus serves only those individually who care; Everyone serves all. What Focus earns, "
            "compared with Everyone, …",
            unit="%",
            largest=60,
            step=1,
            result=focus,
            why=why_focus,
            signs=("is lower", "is about the same", "is higher"),
            valued=lambda case: ((sweet(case), "Focus"), (sweet(case), "Everyone")),
        ),
    ),
    exhibits={
        "table": table,
        "pays": pays,
        "three": three,
        "money": money,
        "counter": counter,
    },
    exercises=(
        Exercise(
            "A",
            "Use the first table. How many purchases a month must Tailor sell with one-to-one "
            "service for its monthly profit to be what it was when it served everybody alike?",
            answer=sold_enough,
            solution=_enough_solution,
            unit="purchases",
            tolerance=60,
            mistakes=_enough_mistakes,
            hint="What it earned a month before, plus what the capabilities cost more, divided by "
            "what a purchase leaves now.",
        ),
        Exercise(
            "B",
            "Who earns most in the second market?",
            answer=richest,
            solution=_richest_solution,
            choices=FIRMS,
            mistakes=_richest_mistakes,
        ),
        Exercise(
            "C",
            "At which individual cost (EUR a month) do Focus and Everyone earn the same? Read it "
            "from the last figure, to two places.",
            answer=turning,
            solution=_turning_solution,
            unit="EUR",
            tolerance=0.03,
            hint="Where does the line 'than Everyone' cross zero?",
        ),
    ),
)
