"""Lesson 1: who is the customer, and what is a customer experience."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxsim.course import html
from cxsim.course.case import Case, once
from cxsim.course.estimate import Estimate
from cxsim.course.exhibits import firm_table, sweep
from cxsim.course.lessons.customer_results import (
    SIZES,
    WORTHS,
    after,
    bought,
    buys_most,
    decisions,
    felt_contact,
    group_gap,
    market,
    market_with,
    profit_lead,
    score,
    share_lead,
    varied,
    why_group,
    why_profit,
    why_share,
)
from cxsim.course.plan import Exercise, Plan, Question
from cxsim.plot.numbers import number

__all__ = ["PLAN"]


# -- exhibits --------------------------------------------------------------------------


@once
def journey(case: Case) -> Any:
    """Draw what customers meet along the journey, in the first run."""
    from cxsim.plot import journey_map

    touchpoints = case.run(market(case), case.seeds[0]).touchpoints
    assert touchpoints is not None
    return journey_map(touchpoints)


def table(case: Case) -> str:
    """Show what customers live through and what firms earn."""
    names = (
        "performance", "expectation", "experience", "share", "retention", "purchases",
        "contribution", "net_present_value",
    )  # fmt: skip
    return firm_table(case, market(case), names, "Two firms that make the same promise")


def surprise(case: Case) -> str:
    """Say what partners cost and what they earn."""
    share, worth = share_lead(case), profit_lead(case)
    start = f"Partners change the firm's share by {share.text('points', signed=True)} and what it "
    start += f"earns by {worth.text('%', signed=True)}."
    if share.upper < 0 < worth.lower:
        end = "They lose it customers, and earn it money all the same."
    elif worth.upper < 0:
        end = "What they save is less than what the experience costs."
    else:
        end = "Whether they pay is not settled by these seeds."
    return html.surprise(
        f"{start} {end} “You can contract out the task but not the responsibility” is "
        "right about customers. Whether it is right about profit is a question of how much the "
        "experience is worth to them."
    )


def groups(case: Case) -> Any:
    """Draw how many accounts agree and buy."""
    from cxsim.plot import group_decisions

    return group_decisions(decisions(case))


@once
def by_worth(case: Case) -> dict[str, Any]:
    """Return leads of the firm with partners by what experience is worth to customers."""
    found: dict[str, Any] = {"Share (points)": [], "Net present value (%)": []}
    for worth in WORTHS:
        here = market_with(case, **{"segments.*.experience_value": worth})
        share = case.between(here, "share", "Outsourced", "InHouse", times=100)
        found["Share (points)"].append((worth, share))
        lead = case.percent(here, "net_present_value", "Outsourced", "InHouse")
        found["Net present value (%)"].append((worth, lead))
    return found


def counter(case: Case) -> Any:
    """Draw where handing service to partners pays."""
    from cxsim.plot.course import response

    found = by_worth(case)
    pays = [x for x, each in found["Net present value (%)"] if each.lower > 0]
    title = (
        f"Of these markets, partners surely pay up to an experience worth {number(max(pays))} EUR"
        if pays else "In none of these markets do partners surely pay"
    )  # fmt: skip
    worth = float(next(iter(market(case).segments.values())).experience_value)
    return response(
        sweep(found), by="What a unit of experience is worth to customers (EUR)",
        label="Outsourced less InHouse", title=title, mark=(worth, "this market"),
        note="Means over paired seeds with 95 % intervals. Above zero Outsourced is ahead.",
        size=(8.6, 4.8),
    )  # fmt: skip


# -- exercises -------------------------------------------------------------------------


def _felt_parts(case: Case) -> tuple[float, float, float]:
    here, firm = market(case), market(case).firms["InHouse"]
    by_itself = (score(case) - float(here.neutral)) / 10
    short = (score(case) - float(firm.brand_promise)) / 10
    return by_itself, short, float(here.loss_aversion)


def _felt_solution(case: Case) -> str:
    by_itself, short, aversion = _felt_parts(case)
    return (
        f"By itself ({number(score(case))} − 5) / 10 = {number(by_itself)}; against what was "
        f"promised {number(aversion)} × ({number(score(case))} − 6.5) / 10 = "
        f"{number(aversion * short)}. Together {number(felt_contact(case))}. A firm that had "
        f"promised {number(score(case))} would have been felt as {number(by_itself)} for the very "
        "same call: what is lived through is performance as perceived."
    )


def _felt_mistakes(case: Case) -> Mapping[Any, str]:
    by_itself, short, aversion = _felt_parts(case)
    return {
        by_itself: "You left out what the customer had expected.",
        aversion * short: "You left out how the call was by itself, against neutral (5).",
        by_itself + short: "Falling short of an expectation counts 2.25 times.",
        10 * felt_contact(case): "Scores are 0 to 10, what is felt is a tenth of it.",
    }


def _after_solution(case: Case) -> str:
    memory = float(market(case).experience_memory)
    return (
        f"(1 − {number(memory)}) × 0 + {number(memory)} × {number(felt_contact(case))} = "
        f"{number(after(case))}. An experience adds up over time: one bad call weighs a fifth, and "
        "as much of it fades with the next month of contacts."
    )


def _most_mistakes(case: Case) -> Mapping[Any, str]:
    rates = {SIZES[size]: float(each.mean()) for size, each in bought(case).items()}
    return {
        name: f"Where {name.lower()} decide{'s' if name == 'One' else ''}, {number(rate)} % of "
        "accounts without a supplier buy in a month in which they look. Others buy more often."
        for name, rate in rates.items()
    }


PLAN = Plan(
    name="01_who_is_the_customer",
    title="Who is the customer, and what is a customer experience?",
    minutes=60,
    market=market,
    varied=varied,
    questions=(
        Question(
            "share",
            "share of the firm with partners, less the other's",
            "Outsourced hands delivery and hotline to partners. They score lower (see above) and "
            "cost half as much; product, price and promise are those of InHouse. Compared with "
            "InHouse's, the share of purchases of Outsourced …",
            unit="points",
            largest=40,
            step=1,
            result=share_lead,
            why=why_share,
            signs=("is lower", "is about the same", "is higher"),
        ),
        Question(
            "profit",
            "what the firm with partners earns, against the other",
            "And what Outsourced <i>earns</i> over five years (net present value of profit), "
            "compared with InHouse, …",
            unit="%",
            largest=60,
            step=1,
            result=profit_lead,
            why=why_profit,
            signs=("is lower", "is about the same", "is higher"),
            valued=lambda case: ((market(case), "Outsourced"), (market(case), "InHouse")),
        ),
        Question(
            "group",
            "accounts that buy where six decide, less where one does",
            "Now the customer is a company. Some accounts leave the decision to one person, others "
            "to six, who vote; in all else they are alike. Of accounts without a supplier that are "
            "looking for one, the share that buys where <i>six</i> decide, compared with where "
            "<i>one</i> does, …",
            unit="points",
            largest=80,
            step=1,
            result=group_gap,
            why=why_group,
            signs=("is lower", "is about the same", "is higher"),
        ),
    ),
    exhibits={
        "journey": journey,
        "table": table,
        "surprise": surprise,
        "groups": groups,
        "counter": counter,
    },
    exercises=(
        Exercise(
            "A",
            lambda case: (
                "A customer was promised 6.5 and meets a hotline that scores "
                f"{number(score(case))}. What does the call feel like? By itself a contact is felt "
                "as (score − 5) / 10; to this comes (score − promise) / 10, which counts 2.25 "
                "times if it falls short. To two places."
            ),
            answer=lambda case: Estimate.exactly(felt_contact(case)),
            solution=_felt_solution,
            tolerance=0.006,
            mistakes=_felt_mistakes,
            hint="Add the two parts; the second one falls short, so it counts 2.25 times.",
        ),
        Exercise(
            "B",
            "The customer had no experience with the firm before (0). A month with contacts renews "
            "a fifth of an experience. What is it after the call of exercise A? To three places.",
            answer=lambda case: Estimate.exactly(after(case)),
            solution=_after_solution,
            tolerance=0.002,
            mistakes=lambda case: {
                felt_contact(case): "That is the call alone. An experience is what has added up "
                "over time: only a fifth of it is renewed.",
                0.8 * felt_contact(case): "A fifth is new, four fifths are what was there before.",
            },
            hint="Four fifths of what was there before (0), one fifth of the call.",
        ),
        Exercise(
            "C",
            "Which accounts without a supplier buy most often when they look for one: those where "
            "one, two, three or six people decide?",
            answer=buys_most,
            solution=lambda case: (
                f"{' or '.join(buys_most(case))}. {why_group(case)[:1].upper()}"
                f"{why_group(case)[1:]}"
            ),
            choices=tuple(SIZES.values()),
            mistakes=_most_mistakes,
        ),
    ),
)
