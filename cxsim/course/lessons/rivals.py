"""Lesson 5: a rival copies the capabilities, a rival cuts the price, and an answer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cxsim.course import html
from cxsim.course.case import Case
from cxsim.course.estimate import Estimate
from cxsim.course.exhibits import courses, frame_of, sweep, table_of
from cxsim.course.lessons.rivals_results import (
    CONDITIONS,
    LEAVING,
    OTHERS,
    attacked,
    by_reply,
    copied,
    copy_worth,
    cut_to,
    grown,
    lead,
    lead_gone,
    leaving,
    losses,
    margin,
    market,
    match_worth,
    needed,
    relative,
    share_lost,
    varied,
    why_copy,
    why_match,
    why_share,
    worst,
)
from cxsim.course.plan import Exercise, Plan, Question
from cxsim.plot.numbers import number

__all__ = ["PLAN"]


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
    from cxsim.plot.course import estimates

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
    return html.surprise(
        "The claim is about customers who are <i>in</i> a relationship. Those of long standing "
        f"{stay}: {old.text('points', signed=True)} of retention a month. But customers come and "
        "go, and newcomers have taught nobody anything yet; of Tailor's lead in share over Mass "
        f"{lead_gone(case).text('%')} is gone in the last year. What was protected is customers, "
        "and not share. And who copies pays for both capabilities at a price that it has not "
        "raised:"
    )


def _leavers(case: Case, conditions: Sequence[str], title: str) -> Any:
    from cxsim.plot.course import estimates

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
    from cxsim.plot.course import estimates

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
    from cxsim.plot.course import response

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
