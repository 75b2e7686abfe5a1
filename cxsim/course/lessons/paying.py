"""Lesson 7: when one-to-one loses money, for everybody or for those who value it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxsim.course import html
from cxsim.course.case import Case, once
from cxsim.course.exhibits import firm_table, frame_of, sweep, table_of
from cxsim.course.lessons.paying_results import (
    FEW,
    FIRMS,
    VARIANCES,
    WEIGHTS,
    against,
    alone,
    by_cost,
    fixed,
    focus,
    margin,
    market,
    plain,
    richest,
    sold_enough,
    sweet,
    turning,
    varied,
    why_alone,
    why_focus,
)
from cxsim.course.plan import Exercise, Plan, Question
from cxsim.plot.numbers import number

__all__ = ["PLAN"]


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
    from cxsim.study.paying import paying_map

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
    from cxsim.plot.course import estimates

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
    told = html.surprise(
        f"{said}: {first.text('%', signed=True)}. Now look at the firm that nobody asked about. "
        "A claim compares with something, and it matters with what."
    )
    figure = estimates(
        frame_of(rows), label="Net present value, against the other firm's (%)", title=said + more
    )
    return [told, figure]


def counter(case: Case) -> Any:
    """Draw where to serve everybody is better after all."""
    from cxsim.plot.course import response

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
