"""Lesson 1: who is the customer, and what is a customer experience."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from classroom import widgets
from classroom.case import Case, Estimate, once
from classroom.plan import Exercise, Plan, Question, firm_table, sweep
from cxsim.charts import joined, number
from cxsim.runs import rule
from cxsim.scenario import Scenario

__all__ = [
    "PLAN",
    "SIZES",
    "WORTHS",
    "after",
    "bought",
    "buys_most",
    "decisions",
    "felt_contact",
    "group_gap",
    "margin",
    "market",
    "market_with",
    "profit_lead",
    "score",
    "share_lead",
    "varied",
    "why_group",
    "why_profit",
    "why_share",
]


# -- Lesson 1, what comes out: partners who deliver, and buying centers who decide -------------


#: What an experience is worth to customers, EUR per unit.
WORTHS = (0.0, 4.0, 8.0, 12.0, 16.0)


SIZES = {1: "One", 2: "Two", 3: "Three", 6: "Six"}


def market(case: Case) -> Scenario:
    """Return the market of two equal firms, one with partners; nobody tells anybody."""
    return market_with(case)


def market_with(case: Case, **more: Any) -> Scenario:
    """Return the market with more changes."""
    score = case.variant.pick("partner's score", 5.0, [4.5, 4.75, 5.25, 5.5])
    changes = {
        "word_of_mouth": None,
        "firms.Outsourced.touchpoints.delivery.mean": score,
        "firms.Outsourced.touchpoints.hotline.mean": score,
    }
    return case.market("bad_service", {**changes, **more})


def varied(case: Case) -> dict[str, str]:
    """Return what is the student's own."""
    partner: Any = market(case).firms["Outsourced"]
    own: Any = market(case).firms["InHouse"]
    mean, good = (each.touchpoints["delivery"].mean for each in (partner, own))
    return {
        "Score of delivery and hotline at the partner (0 to 10)": number(mean),
        "The same, run by the firm itself": number(good),
        "Score of the call in exercise A": number(score(case)),
    }


def score(case: Case) -> float:
    """Return the score of the contact in the exercises."""
    return case.variant.pick("score", 4.0, [2.5, 3.0, 3.5, 4.5])


# -- results ---------------------------------------------------------------------------


def share_lead(case: Case) -> Estimate:
    """Return the share of the firm with partners less that of the other, in points."""
    return case.between(market(case), "share", "Outsourced", "InHouse", times=100)


def profit_lead(case: Case) -> Estimate:
    """Return what the firm with partners earns, against the other, in percent."""
    return case.percent(market(case), "net_present_value", "Outsourced", "InHouse")


@once
def decisions(case: Case) -> pd.DataFrame:
    """Return how accounts decide, by number of members, of all seeds."""
    here = case.market("b2b_suppliers")
    frames = [case.run(here, s).frame("decisions").assign(seed=s) for s in case.seeds]
    made = pd.concat(frames, ignore_index=True)
    made.attrs.update(frames[0].attrs)
    return made


@once
def bought(case: Case) -> dict[int, np.ndarray]:
    """Return which share of accounts without a supplier buys, by members and seed, in percent."""
    free = decisions(case).query("not supplier")
    sums = free.groupby(["members", "seed"])[["accounts", "bought"]].sum()
    rate = (100 * sums["bought"] / sums["accounts"]).unstack("seed")
    return {int(size): rate.loc[size].to_numpy() for size in rate.index}


def group_gap(case: Case) -> Estimate:
    """Return how many more buy where six decide than where one does, in points."""
    return Estimate.over(bought(case)[6] - bought(case)[1])


def margin(case: Case, firm: str) -> float:
    """Return what a purchase leaves a firm, in EUR, from its books."""
    here = market(case)
    earned = case.values(here, "contribution", firm)
    sold = case.values(here, "purchases", firm) * float(here.periods)
    return float((earned / sold).mean())


def felt_contact(case: Case) -> float:
    """Return what the contact of the exercises feels like."""
    here, firm = market(case), market(case).firms["InHouse"]
    return rule("perception.contact_experience")(
        score(case), float(firm.brand_promise), float(here.performance_weight),
        float(here.neutral), float(here.loss_aversion),
    )  # fmt: skip


def after(case: Case) -> float:
    """Return the experience after that contact, from none, in a month without others."""
    return rule("perception.blended")(
        0.0, felt_contact(case), float(market(case).experience_memory)
    )


def buys_most(case: Case) -> tuple[str, ...]:
    """Return which accounts buy most often, and any that may be level with them."""
    rates = bought(case)
    best = max(rates, key=lambda size: rates[size].mean())
    level = [n for n in rates if n != best and not Estimate.over(rates[best] - rates[n]).sure]
    return tuple(SIZES[size] for size in (best, *level))


def why_share(case: Case) -> str:
    """Return why the shares came out as they did."""
    here = market(case)
    lived = [float(case.values(here, "experience", f).mean()) for f in here.firms]
    worth = float(next(iter(here.segments.values())).experience_value)
    return (
        f"customers' experience of InHouse is {number(lived[0], 2, signed=True)} on average, of "
        f"Outsourced {number(lived[1], 2, signed=True)}; at {number(worth)} EUR a unit that is "
        f"{number(worth * (lived[0] - lived[1]), 2)} EUR a purchase. They do not ask who runs the "
        "hotline: the task is handed over, the responsibility is not. Both firms promise the same, "
        "and falling short of a promise weighs more than twice as much as exceeding it."
    )


def why_profit(case: Case) -> str:
    """Return why profits came out as they did."""
    per = [margin(case, firm) for firm in ("InHouse", "Outsourced")]
    return (
        f"a purchase leaves InHouse {number(per[0])} EUR and Outsourced {number(per[1])} EUR, "
        "because partners cost half as much. Set that against the purchases lost."
    )


def why_group(case: Case) -> str:
    """Return why groups buy as often as they do."""
    rates = joined(f"{number(each.mean())} % with {n}" for n, each in bought(case).items())
    return (
        f"by the number of people who decide, of accounts without a supplier buy {rates}. A "
        "supplier needs strictly most votes and three in five members; people with different needs "
        "often want different suppliers, and then nothing is bought. Nothing in the model says "
        "that groups are reluctant."
    )


# -- Lesson 1: who is the customer, and what is a customer experience --------------------------


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
    return widgets.surprise(
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
    from cxsim.charts import response

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
