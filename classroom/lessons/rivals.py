"""Lesson 5: a rival copies the capabilities, a rival cuts the price, and an answer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from classroom import widgets
from classroom.case import Case, Estimate, once, with_unit
from classroom.plan import Exercise, Plan, Question, courses, frame_of, sweep, table_of
from cxsim.charts import number
from cxsim.scenario import Scenario

__all__ = [
    "ANSWERS",
    "CONDITIONS",
    "LEAVING",
    "OTHERS",
    "PLAN",
    "SINCE",
    "attacked",
    "by_reply",
    "copied",
    "copy_worth",
    "cut_to",
    "grown",
    "lead",
    "lead_gone",
    "leaving",
    "losses",
    "margin",
    "market",
    "match_worth",
    "needed",
    "relative",
    "share_lost",
    "varied",
    "why_copy",
    "why_match",
    "why_share",
    "worst",
]


# -- What lesson 5 computes: the copy, the price cut, and answers to it ------------------------


OTHERS = ("Niche", "Targeted", "Tailor")


SINCE = 24


#: Markets in which the copy is tried, in words.
CONDITIONS = {"as it stands": {}, "profiles portable": {"profile_portability": 1.0}}


#: Who may leave: words by outcome.
_ENDS = ("difference", "lower", "upper")


LEAVING = {"tenured": "8 purchases and more", "fresh": "a single purchase"}


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
    to = cut_to(case)
    events: list[dict[str, Any]] = [
        {"at": SINCE, "label": "Mass cuts its price", "set": {"firms.Mass.price": to}}
    ]
    name = "Mass cuts its price"
    if reply is not None:
        events.append({"at": SINCE + 1, "set": {"firms.Tailor.price": reply}})
        name = f"Tailor answers with {reply:g} EUR"
    return case.market("price_attack", {"name": name, "replace_events": events})


def cut_to(case: Case) -> float:
    """Return the price to which Mass goes down, EUR."""
    return case.variant.pick("price of the attack", 17.0, [16.0, 16.5, 17.5, 18.0])


def varied(case: Case) -> Mapping[str, str]:
    """Return what is the student's own."""
    at = copied(case).changes[0].at
    return {
        "Mass copies Tailor's capabilities in": f"month {at}",
        f"In month {SINCE}, in another market, Mass cuts its price to": with_unit(
            cut_to(case), "EUR"
        ),
    }


# -- results ---------------------------------------------------------------------------


def share_lost(case: Case) -> Estimate:
    """Return what the copy does to Tailor's share of purchases, points."""
    return case.change(market(case), copied(case), "share", "Tailor", times=100)


def relative(case: Case, after: Scenario, measure: str, firm: str, before: Scenario) -> Estimate:
    """Return a change in percent of what the firm had before."""
    base = float(case.values(before, measure, firm).mean())
    return case.change(before, after, measure, firm, times=100 / base)


def copy_worth(case: Case) -> Estimate:
    """Return what copying does to what Mass earns, percent."""
    return relative(case, copied(case), "net_present_value", "Mass", market(case))


def match_worth(case: Case) -> Estimate:
    """Return what matching the price does to what Tailor earns, percent."""
    hold, match = attacked(case), attacked(case, reply=cut_to(case))
    return relative(case, match, "net_present_value", "Tailor", hold)


def lead(case: Case, here: Scenario) -> np.ndarray:
    """Return Tailor's share less Mass's in the last year, points, by seed."""
    names = list(here.firms)
    place = [names.index("Tailor"), names.index("Mass")]
    last = [each.courses["share"][-12:, place].mean(axis=0) for each in case.outcomes(here)]
    return 100 * np.array([own - other for own, other in last])


def lead_gone(case: Case) -> Estimate:
    """Return which part of Tailor's lead in the last year is gone, percent."""
    before, after = lead(case, market(case)), lead(case, copied(case))
    return Estimate.over(100 * (1 - after / before.mean()))


def margin(case: Case, price: float) -> float:
    """Return what a purchase leaves Mass at a price, before fixed costs, EUR."""
    firm: Any = market(case).firms["Mass"]
    capable = (
        firm.customization_cost * firm.customization + firm.interaction_cost * firm.interaction
    )
    return float(price - firm.unit_cost - capable - firm.cost_to_serve)


def needed(case: Case) -> float:
    """Return by how much Mass's sales have to grow for the cut to pay for itself, percent."""
    before = float(market(case).firms["Mass"].price)
    return 100 * (margin(case, before) / margin(case, cut_to(case)) - 1)


def grown(case: Case) -> Estimate:
    """Return by how much Mass's sales do grow, percent, in the months with the lower price."""
    months = float(market(case).periods)
    sold = [case.values(each, "purchases", "Mass") for each in (market(case), attacked(case))]
    after = months / (months - SINCE)  # before the cut the two markets are the same
    return Estimate.over(100 * after * (sold[1] - sold[0]) / sold[0].mean())


def losses(case: Case) -> dict[str, Estimate]:
    """Return what the price attack does to contributions, percent, by firm."""
    after = attacked(case)
    return {f: relative(case, after, "contribution", f, market(case)) for f in OTHERS}


def worst(case: Case) -> tuple[str, ...]:
    """Return who loses the largest part, and any whose distance to it may be chance."""
    before, after = market(case), attacked(case)

    def lost(firm: str) -> np.ndarray:
        a, b = (case.values(each, "contribution", firm) for each in (before, after))
        return (b - a) / a.mean()

    first = min(OTHERS, key=lambda firm: lost(firm).mean())
    level = [
        f for f in OTHERS if f != first and not Estimate.over(lost(f) - lost(first)).sure
    ]  # fmt: skip
    return (first, *level)


def why_share(case: Case) -> str:
    """Say what a copy is not."""
    gone = lead_gone(case)
    return (
        "a copied capability is not copied knowledge. Mass starts with what it has learned as a "
        "mass firm, next to nothing, and newcomers find two firms that serve alike. In the last "
        f"year {gone.text('%')} of Tailor's lead over Mass is gone."
    )


def why_copy(case: Case) -> str:
    """Say what the copy wins and costs."""
    firm: Any = market(case).firms["Mass"]
    rise = 0.8**2 - firm.interaction**2
    fixed = firm.capability_cost * 2 * rise
    once_ = firm.capability_investment * 2 * (0.8 - firm.interaction)
    more = (firm.customization_cost + firm.interaction_cost) * (0.8 - firm.interaction)
    gained = case.change(market(case), copied(case), "share", "Mass", times=100)
    return (
        f"it wins {gained.text('points')} of share, and pays for it: {number(once_)} EUR at once, "
        f"{number(fixed)} EUR a month, and {number(more)} EUR more for every purchase at an "
        "unchanged price."
    )


def why_match(case: Case) -> str:
    """Say what matching wins and gives away."""
    hold, match = attacked(case), attacked(case, reply=cut_to(case))
    won = case.change(hold, match, "share", "Tailor", times=100)
    price = float(market(case).firms["Tailor"].price)
    return (
        f"matching wins {won.text('points', signed=True)} of share, but every purchase brings "
        f"{number(price - cut_to(case))} EUR less, those of customers included who would have "
        "stayed anyway."
    )


@once
def leaving(case: Case) -> dict[tuple[str, str], Estimate]:
    """Return what the copy does to Tailor's retention, points a month, by condition and tenure."""
    from cxsim.strategy import copying_effects

    pair = (market(case), copied(case))
    at = pair[1].changes[0].at
    found = copying_effects(*pair, since=at, conditions=CONDITIONS, seeds=case.seeds)
    found = found.set_index(["condition", "outcome"])
    return {
        (condition, outcome): Estimate(
            *(100 * float(found.loc[(condition, outcome), k]) for k in _ENDS)
        )
        for condition in CONDITIONS
        for outcome in LEAVING
    }


@once
def by_reply(case: Case) -> list[tuple[float, Estimate, Estimate]]:
    """Return what Tailor earns and sells by its answer to the cut, against holding its price."""
    hold = attacked(case)
    found = []
    for price in ANSWERS:
        here = attacked(case, reply=price)
        worth = relative(case, here, "net_present_value", "Tailor", hold)
        found.append((price, worth, case.change(hold, here, "share", "Tailor", times=100)))
    return found


# -- Lesson 5: a rival copies the capabilities, a rival cuts the price, and an answer to it ----


# -- exhibits --------------------------------------------------------------------------


def paths(case: Case) -> Any:
    """Draw shares with and without the copy."""
    from cxsim.plot import paths as draw

    at = copied(case).changes[0].at
    gained, lost = (
        case.change(market(case), copied(case), "share", f, times=100) for f in ("Mass", "Tailor")
    )
    return draw(
        courses(case, market(case), copied(case)),
        firms=["Mass", "Tailor"],
        events=[(at, "Mass copies Tailor")],
        title=f"The copy wins {number(gained.value)} points of share; "
        f"{number(-lost.value)} of them from the firm it copies",
        size=(9.0, 4.2),
    )


def money(case: Case) -> Any:
    """Draw what the copy does to what each firm earns."""
    from cxsim.charts import estimates

    rows = {
        firm: relative(case, copied(case), "net_present_value", firm, market(case))
        for firm in market(case).firms
    }
    most = min(rows, key=lambda firm: rows[firm].value)
    figure = estimates(
        frame_of(rows),
        label="Net present value with the copy, against without (%)",
        title=f"It is {most} that loses most by the copy",
    )
    return [_surprise(case), figure]


def _surprise(case: Case) -> str:
    """Tell customers, share and profit apart."""
    old = leaving(case)["as it stands", "tenured"]
    stay = "leave sooner as well" if old.upper < 0 else "hardly move"
    return widgets.surprise(
        "The claim is about customers who are <i>in</i> a relationship. Those of long standing "
        f"{stay}: {old.text('points', signed=True)} of retention a month. But customers come and "
        "go, and newcomers have taught nobody anything yet; of Tailor's lead in share over Mass "
        f"{lead_gone(case).text('%')} is gone in the last year. What was protected is customers, "
        "and not share. And who copies pays for both capabilities at a price that it has not "
        "raised:"
    )


def _leavers(case: Case, conditions: Sequence[str], title: str) -> Any:
    from cxsim.charts import estimates

    rows = {
        (f"{condition}: " if len(conditions) > 1 else "") + words: leaving(case)[condition, outcome]
        for condition in conditions
        for outcome, words in LEAVING.items()
    }
    return estimates(
        frame_of(rows),
        label="What the copy does to Tailor's retention (percentage points a month)",
        title=title,
        size=(8.0, 1.7 + 0.5 * len(rows)),
    )


def tenured(case: Case) -> Any:
    """Draw whose retention the copy lowers."""
    old, new = (leaving(case)["as it stands", outcome] for outcome in LEAVING)
    said = "leave, too" if old.upper < 0 else "stay, as far as seeds can tell"
    more = "; those of one purchase leave sooner" if new.upper < 0 else ""
    return _leavers(case, ["as it stands"], f"Customers of long standing {said}{more}")


def counter(case: Case) -> Any:
    """Draw the same where customers can take what a firm knows of them along."""
    there = leaving(case)["profiles portable", "tenured"]
    said = (
        f"they leave as well: {number(there.value, 2)} points a month"
        if there.upper < 0 else "even then no loss of theirs is beyond chance"
    )  # fmt: skip
    return _leavers(
        case, list(CONDITIONS), f"Where customers of long standing take their profile along, {said}"
    )


def attack(case: Case) -> Any:
    """Draw what the price cut does to the contribution of each firm."""
    from cxsim.charts import estimates

    rows = {"Mass": relative(case, attacked(case), "contribution", "Mass", market(case))}
    rows |= losses(case)
    first = worst(case)
    said = " or ".join(first)
    title = f"The attack costs {said} the largest part of its contribution, five years together"
    return estimates(
        frame_of(rows), label="Contribution with the attack, against without (%)", title=title
    )


def answers(case: Case) -> Any:
    """Draw Tailor's answers to the price cut."""
    from cxsim.charts import response

    found = by_reply(case)
    best = max(found, key=lambda each: each[1].value)
    lines = {
        "Share (points)": [(x, share) for x, _, share in found],
        "What it earns (%)": [(x, worth) for x, worth, _ in found],
    }
    return response(
        sweep(lines),
        by="Tailor's price after Mass has cut its own (EUR)",
        label="Tailor, against holding its price",
        title=f"Of these answers to {number(cut_to(case))} EUR, {number(best[0])} EUR earns most",
        mark=(cut_to(case), "Mass"),
        size=(8.6, 4.8),
    )


# -- exercises -------------------------------------------------------------------------


def _needed_mistakes(case: Case) -> Mapping[Any, str]:
    before = float(market(case).firms["Mass"].price)
    cut = 100 * (1 - cut_to(case) / before)
    return {
        cut: "That is the cut itself. What counts is what a purchase leaves, before and after.",
        100 * (before / cut_to(case) - 1): "That keeps revenue where it was. Costs per purchase "
        "stay, so the margin falls by more than the price, in percent.",
        100 * (1 - margin(case, cut_to(case)) / margin(case, before)): "That is the part of the "
        "margin that is given up. Sales have to make up for it from the smaller margin.",
    }


def _needed_solution(case: Case) -> str:
    before = float(market(case).firms["Mass"].price)
    return (
        f"A purchase leaves {number(margin(case, before))} EUR at {number(before)} EUR and "
        f"{number(margin(case, cut_to(case)))} EUR at {number(cut_to(case))} EUR: "
        f"{number(margin(case, before))} / {number(margin(case, cut_to(case)))} − 1 = "
        f"{number(needed(case))} %. Mass's sales did grow by {grown(case).text('%')}."
    )


def _gone_solution(case: Case) -> str:
    before, after = (float(lead(case, each).mean()) for each in (market(case), copied(case)))
    return (
        f"Without the copy Tailor leads by {number(before)} points in the last year, with it by "
        f"{number(after)}: 1 − {number(after)} / {number(before)} = "
        f"{number(lead_gone(case).value)} %."
    )


def _worst_mistakes(case: Case) -> Mapping[Any, str]:
    rows = losses(case)
    return {
        firm: f"{firm}'s contribution changes by {number(each.value, signed=True)} %. "
        "Somebody loses a larger part."
        for firm, each in rows.items()
    }


def _worst_solution(case: Case) -> str:
    rows, first = losses(case), worst(case)
    lost = {
        firm: case.change(market(case), attacked(case), "contribution", firm) for firm in OTHERS
    }
    euros = min(lost, key=lambda firm: lost[firm].value)
    each = ", ".join(f"{firm} ({number(rows[firm].value, signed=True)} %)" for firm in first)
    level = " Seeds cannot tell them apart." if len(first) > 1 else ""
    return (
        f"{each}.{level} In money {euros} loses most, {number(-lost[euros].value)} EUR: who has "
        "most customers has most to lose. The claim that a learning relationship protects the "
        "margin has to be shown in this number; see whether it does."
    )


def table(case: Case) -> str:
    """Show leads and shares in the three markets."""
    rows = {}
    for here in (market(case), copied(case), attacked(case)):
        ahead, share = Estimate.over(lead(case, here)), case.mean(here, "share", "Mass", times=100)
        sold = float(case.values(here, "purchases", "Mass").mean())
        rows[here.name] = [ahead.brief(), share.brief(), number(sold, 4)]
    names = [
        "Tailor's lead over Mass, last year (points of share)", "Mass's share, five years (%)",
        "Mass's purchases a month",
    ]  # fmt: skip
    caption = f"Three markets: means over {len(case.seeds)} seeds, 95 % intervals in brackets"
    return table_of(pd.DataFrame(rows, index=names), caption)


PLAN = Plan(
    name="05_copycat_and_price_war",
    title="The copycat and the price war",
    minutes=75,
    market=market,
    varied=varied,
    questions=(
        Question(
            "share",
            "what a copy does to Tailor's share",
            "Mass takes on exactly Tailor's two capabilities. Tailor's share of purchases, on "
            "average over the five years and compared with the market in which nobody copies, …",
            unit="points",
            largest=20,
            step=0.5,
            result=share_lost,
            why=why_share,
        ),
        Question(
            "copycat",
            "what copying does to what Mass earns",
            "And what <i>Mass</i>, the copycat, earns over the five years (net present value of "
            "profit), compared with not copying, …",
            unit="%",
            largest=60,
            step=1,
            result=copy_worth,
            why=why_copy,
            valued=lambda case: ((copied(case), "Mass"), (market(case), "Mass")),
        ),
        Question(
            "match",
            "what matching a price cut does to what Tailor earns",
            lambda case: (
                f"In another market Mass cuts its price from 20 to {number(cut_to(case))} EUR. A "
                "month later Tailor cuts to the same price. What Tailor earns over the five years, "
                "compared with holding its 20 EUR, …"
            ),
            unit="%",
            largest=60,
            step=1,
            result=match_worth,
            why=why_match,
            valued=lambda case: (
                (attacked(case, reply=cut_to(case)), "Tailor"),
                (attacked(case), "Tailor"),
            ),
        ),
    ),
    exhibits={
        "paths": paths,
        "money": money,
        "table": table,
        "attack": attack,
        "answers": answers,
        "tenured": tenured,
        "counter": counter,
    },
    exercises=(
        Exercise(
            "A",
            lambda case: (
                "A purchase costs Mass 11 EUR for the unit, 1 EUR for serving, 1.5 EUR times "
                "customization (0.1) and 1 EUR times interaction (0.1). By how many percent would "
                f"its sales have to grow for the cut from 20 to {number(cut_to(case))} EUR to pay "
                "for itself?"
            ),
            answer=lambda case: Estimate.exactly(needed(case)),
            solution=_needed_solution,
            unit="%",
            tolerance=0.6,
            mistakes=_needed_mistakes,
            hint="What does a purchase leave at the old price, and what at the new one?",
        ),
        Exercise(
            "B",
            "Read the table. Which part of its lead over Mass in the last year does Tailor lose "
            "to the copy?",
            answer=lead_gone,
            solution=_gone_solution,
            unit="%",
            tolerance=1.0,
            mistakes=lambda case: {
                lead(case, copied(case)).mean() / lead(case, market(case)).mean() * 100: "That is "
                "the part it keeps.",
                lead(case, market(case)).mean() - lead(case, copied(case)).mean(): "Those are the "
                "points that are gone. Which part of the lead is that?",
            },
            hint="Points of lead with the copy, divided by points without.",
        ),
        Exercise(
            "C",
            "To which firm does the price attack cost the largest part of its contribution?",
            answer=worst,
            solution=_worst_solution,
            choices=OTHERS,
            mistakes=_worst_mistakes,
        ),
    ),
)
