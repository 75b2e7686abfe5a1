"""Lesson 5: a rival copies the capabilities, a rival cuts the price, and an answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from classroom.case import Case, Estimate, once, with_unit
from classroom.exhibits import table_of
from classroom.numbers import Numbers, best_of, margin_of, swept
from classroom.plan_file import read_plan
from cxsim.charts import number
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

OTHERS = ("Niche", "Targeted", "Tailor")
SINCE = 24
#: Markets in which the copy is tried, in words; and who may leave in them.
CONDITIONS = {"as it stands": {}, "profiles portable": {"profile_portability": 1.0}}
LEAVING = ("retention_long_tenured", "retention_new")
ANSWERS = (17.0, 18.0, 19.0, 20.0, 21.0, 22.0)


def market(case: Case) -> Scenario:
    """Return the baseline, in which nobody attacks."""
    return case.market("baseline", {"name": "nobody attacks"})


def copied(case: Case) -> Scenario:
    """Return the market in which Mass takes on Tailor's capabilities."""
    at = case.variant.pick("month of the copy", SINCE, [18, 21, 27, 30])
    copy = {"firms.Mass.interaction": 0.8, "firms.Mass.customization": 0.8}
    event = {"at": at, "label": "Mass copies Tailor", "set": copy}
    return case.market("copycat", {"name": "Mass copies Tailor", "replace_events": [event]})


def attacked(case: Case, *, reply: float | None = None) -> Scenario:
    """Return the market in which Mass cuts its price; Tailor may set another a month later."""
    cut = {"firms.Mass.price": cut_to(case)}
    events: list[dict[str, Any]] = [{"at": SINCE, "label": "Mass cuts its price", "set": cut}]
    name = "Mass cuts its price"
    if reply is not None:
        events.append({"at": SINCE + 1, "set": {"firms.Tailor.price": reply}})
        name = f"Tailor answers with {reply:g} EUR"
    return case.market("price_attack", {"name": name, "replace_events": events})


def matched(case: Case) -> Scenario:
    """Return the market in which Tailor cuts to the same price."""
    return attacked(case, reply=cut_to(case))


def cut_to(case: Case) -> float:
    """Return the price to which Mass goes down, EUR."""
    return case.variant.pick("price of the attack", 17.0, [16.0, 16.5, 17.5, 18.0])


def copied_at(case: Case) -> int:
    """Return the month of the copy."""
    return copied(case).changes[0].at


def varied(case: Case) -> Mapping[str, str]:
    """Return the student's own values."""
    attack = f"In month {SINCE}, in another market, Mass cuts its price to"
    return {
        "Mass copies Tailor's capabilities in": f"month {copied_at(case)}",
        attack: with_unit(cut_to(case), "EUR"),
    }


# -- what the lesson computes --------------------------------------------------------------


def gained(case: Case, firm: str) -> Estimate:
    """Return the effect of the copy on a firm's market share, points."""
    return case.change(market(case), copied(case), "market_share", firm, times=100)


def copy_worth(case: Case) -> dict[str, Estimate]:
    """Return the effect of the copy on firms' net present values, percent."""
    pair = market(case), copied(case)
    return {firm: case.relative(*pair, "net_present_value", firm) for firm in pair[0].firms}


def against_holding(case: Case, here: Scenario) -> Estimate:
    """Return Tailor's net present value with a response to the cut, against none, percent."""
    return case.relative(attacked(case), here, "net_present_value", "Tailor")


def share_won(case: Case, here: Scenario) -> Estimate:
    """Return the share that Tailor wins by an answer to the cut, points."""
    return case.change(attacked(case), here, "market_share", "Tailor", times=100)


def lead(case: Case, here: Scenario) -> np.ndarray:
    """Return Tailor's share less Mass's in the last year, points, by seed."""
    names = list(here.firms)
    place = [names.index("Tailor"), names.index("Mass")]
    last = [each.courses["market_share"][-12:, place].mean(axis=0) for each in case.outcomes(here)]
    return 100 * np.array([own - other for own, other in last])


def lead_gone(case: Case) -> Estimate:
    """Return the part of Tailor's lead that is lost in the last year, percent."""
    before, after = lead(case, market(case)), lead(case, copied(case))
    return Estimate.over(100 * (1 - after / before.mean()))


def lead_left(case: Case) -> dict[str, float]:
    """Return that lead without and with the copy, points; points gone, and percent kept."""
    before, after = (float(lead(case, here).mean()) for here in (market(case), copied(case)))
    return {
        "before": before, "after": after, "gone": before - after, "kept": after / before * 100
    }  # fmt: skip


def copying(case: Case) -> dict[str, float]:
    """Return the costs of the copy to Mass: once, per month, and per purchase, EUR."""
    firm: Any = market(case).firms["Mass"]
    rise = 0.8 - firm.interaction
    return {
        "once": firm.capability_investment * 2 * rise,
        "month": firm.capability_cost * 2 * (0.8**2 - firm.interaction**2),
        "purchase": (firm.customization_cost + firm.interaction_cost) * rise,
    }


def margin(case: Case, price: float) -> float:
    """Return the contribution margin of Mass at a price, EUR per purchase."""
    firm: Any = market(case).firms["Mass"]
    a, c = firm.interaction, firm.customization
    return margin_of(firm, price=price, interaction=a, customization=c)


def cut(case: Case) -> dict[str, float]:
    """Return prices and margins of Mass's cut, EUR, the growth it needs, and what mistakes give."""
    before, to = float(market(case).firms["Mass"].price), cut_to(case)
    old, new = margin(case, before), margin(case, to)
    return {
        "from": before, "to": to, "old": old, "new": new, "needed": 100 * (old / new - 1),
        "itself": 100 * (1 - to / before), "revenue": 100 * (before / to - 1),
        "given up": 100 * (1 - new / old),
    }  # fmt: skip


def grown(case: Case) -> Estimate:
    """Return by how much Mass's sales do grow, percent, in the months with the lower price."""
    months = float(market(case).periods)
    sold = [case.values(each, "purchases", "Mass") for each in (market(case), attacked(case))]
    after = months / (months - SINCE)  # before the cut the two markets are the same
    return Estimate.over(100 * after * (sold[1] - sold[0]) / sold[0].mean())


def losses(case: Case) -> dict[str, Estimate]:
    """Return the effect of the price attack on contributions, percent, by firm."""
    pair = market(case), attacked(case)
    return {firm: case.relative(*pair, "contribution_margin", firm) for firm in ("Mass", *OTHERS)}


def worst(case: Case) -> tuple[str, ...]:
    """Return the firm with the largest loss, and any that do not differ significantly."""
    by = {
        f: [case.values(m(case), "contribution_margin", f) for m in (market, attacked)]
        for f in OTHERS
    }
    return best_of(
        {firm: -((after - before) / before.mean()) for firm, (before, after) in by.items()}
    )


def worst_words(case: Case) -> str:
    """Return the firm or firms with the largest loss, with percentages."""
    each = (f"{f} ({number(losses(case)[f].value, signed=True)} %)" for f in worst(case))
    level = " They do not differ significantly." if len(worst(case)) > 1 else ""
    return f"{', '.join(each)}.{level}"


def most_euros(case: Case) -> dict[str, Any]:
    """Return the firm with the largest loss in money by the attack, and the loss, EUR."""
    pair = market(case), attacked(case)
    lost = {firm: -case.change(*pair, "contribution_margin", firm).value for firm in OTHERS}
    firm = max(lost, key=lambda firm: lost[firm])
    return {"firm": firm, "lost": lost[firm]}


@once
def leaving(case: Case) -> dict[str, dict[str, Estimate]]:
    """Return the effect of the copy on Tailor's retention, points a month, by condition, tenure."""
    from cxsim.strategy import copying_effects

    at, pair = copied_at(case), (market(case), copied(case))
    found = copying_effects(*pair, since=at, conditions=CONDITIONS, seeds=case.seeds)
    ends = found.set_index(["condition", "outcome"])[["difference", "lower", "upper"]]

    def estimate(condition: str, outcome: str) -> Estimate:
        return Estimate(*(100 * float(end) for end in ends.loc[(condition, outcome)]))

    return {each: {who: estimate(each, who) for who in LEAVING} for each in CONDITIONS}


def table(case: Case) -> str:
    """Show leads and shares in the three markets."""
    rows = {}
    for here in (market(case), copied(case), attacked(case)):
        ahead, share = (
            Estimate.over(lead(case, here)),
            case.mean(here, "market_share", "Mass", times=100),
        )
        sold = case.average(here, "purchases", "Mass")
        rows[here.name] = [ahead.brief(), share.brief(), number(sold, 4)]
    names = [
        "Tailor's lead over Mass, last year (points)", "Market share of Mass, five years (%)",
        "Mass's purchases a month",
    ]  # fmt: skip
    caption = f"Three markets: means over {len(case.seeds)} seeds, 95 % intervals in brackets"
    return table_of(pd.DataFrame(rows, index=names), caption)


NUMBERS: Numbers = Numbers(
    market, copied, attacked, matched, cut_to, copied_at, copy_worth, lead_gone, lead_left, copying,
    cut, grown, losses, worst, worst_words, most_euros, leaving, table,
    share_lost=lambda case: gained(case, "Tailor"),
    gained=lambda case: gained(case, "Mass"),
    lost_points=lambda case: -gained(case, "Tailor").value,
    most_lost=lambda case: min(copy_worth(case), key=lambda firm: copy_worth(case)[firm].value),
    match_worth=lambda case: against_holding(case, matched(case)),
    won=lambda case: share_won(case, matched(case)),
    price_less=lambda case: float(market(case).firms["Tailor"].price) - cut_to(case),
    worst_firms=lambda case: " or ".join(worst(case)),
    by_reply=swept(
        ANSWERS,
        lambda case, price: attacked(case, reply=price),
        {"Market share (points)": share_won, "Net present value (%)": against_holding},
    ),
    best_reply=lambda case: max(
        NUMBERS.find(case, "by_reply[Net present value (%)]"), key=lambda point: point[1].value
    )[0],
)  # fmt: skip


PLAN = read_plan(__file__, NUMBERS, market=market, varied=varied)
