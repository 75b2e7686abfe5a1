"""Lesson 1: who is the customer, and what is a customer experience."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import cxsim as cx
from classroom.case import Case, Estimate, once
from classroom.numbers import Numbers, best_of, first_segment, surely_above, swept
from classroom.plan_file import read_plan
from cxsim.charts import joined, number
from cxsim.runs import rule
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

#: Value of an experience to customers, EUR per unit.
WORTHS = (0.0, 4.0, 8.0, 12.0, 16.0)
SIZES = {1: "One", 2: "Two", 3: "Three", 6: "Six"}


def market(case: Case, **more: Any) -> Scenario:
    """Return the market of two equal firms, one with partners, without word of mouth."""
    score = case.variant.pick("partner's score", 5.0, [4.5, 4.75, 5.25, 5.5])
    places = ("delivery", "hotline")
    scores = {f"firms.Outsourced.touchpoints.{place}.mean": score for place in places}
    return case.market("bad_service", {"word_of_mouth": None, **scores, **more})


def score(case: Case) -> float:
    """Return the score of the contact in the exercises."""
    return case.variant.pick("score", 4.0, [2.5, 3.0, 3.5, 4.5])


def varied(case: Case) -> dict[str, str]:
    """Return the student's own values."""
    firms: Any = market(case).firms
    partner, own = (firms[name].touchpoints["delivery"].mean for name in ("Outsourced", "InHouse"))
    return {
        "Score of delivery and hotline at the partner (0 to 10)": number(partner),
        "The same, run by the firm itself": number(own),
        "Score of the call in exercise A": number(score(case)),
    }


# -- what the lesson computes --------------------------------------------------------------


def share_lead(case: Case, here: Scenario) -> Estimate:
    """Return the market share of Outsourced less that of InHouse, in points."""
    return case.between(here, "market_share", "Outsourced", "InHouse", times=100)


def profit_lead(case: Case, here: Scenario) -> Estimate:
    """Return the net present value of Outsourced against InHouse, in percent."""
    return case.percent(here, "net_present_value", "Outsourced", "InHouse")


def margin(case: Case) -> dict[str, float]:
    """Return the contribution margins of the firms, EUR per purchase, from their accounts."""
    here, found = market(case), {}
    for firm in here.firms:
        sold = case.values(here, "purchases", firm) * float(here.periods)
        found[firm] = float((case.values(here, "contribution_margin", firm) / sold).mean())
    return found


def experience(case: Case) -> dict[str, float]:
    """Return customers' experience of firms, and the value of the difference, EUR per purchase."""
    felt = case.averages(market(case), "experience")
    worth = float(first_segment(market(case)).experience_value)
    return {**felt, "unit": worth, "worth": worth * (felt["InHouse"] - felt["Outsourced"])}


def call(case: Case) -> dict[str, float]:
    """Return the experience of the call of the exercises, its parts, and that after it."""
    here: Any = market(case)
    promise, aversion, memory = (
        float(each)
        for each in (
            here.firms["InHouse"].brand_promise,
            here.loss_aversion,
            here.experience_memory,
        )
    )
    weight, neutral = float(here.performance_weight), float(here.neutral)
    felt = rule("perception.contact_experience")(score(case), promise, weight, neutral, aversion)
    itself, short = (score(case) - neutral) / 10, (score(case) - promise) / 10
    return {
        "felt": felt, "itself": itself, "short": aversion * short, "unweighted": itself + short,
        "tenfold": 10 * felt, "aversion": aversion, "memory": memory, "kept": 0.8 * felt,
        "after": rule("perception.blended")(0.0, felt, memory),
    }  # fmt: skip


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
    """Return the share of accounts without a supplier that buy, by members and seed, percent."""
    free = decisions(case).query("not supplier")
    sums = free.groupby(["members", "seed"])[["accounts", "bought"]].sum()
    rate = (100 * sums["bought"] / sums["accounts"]).unstack("seed")
    return {int(size): rate.loc[size].to_numpy() for size in rate.index}


NUMBERS: Numbers = Numbers(
    market, score, margin, experience, call,
    share=lambda case: share_lead(case, market(case)),
    profit=lambda case: profit_lead(case, market(case)),
    group=lambda case: Estimate.over(bought(case)[6] - bought(case)[1]),
    rates=lambda case: joined(
        f"{number(each.mean())} % with {size}" for size, each in bought(case).items()
    ),
    rate=lambda case: {SIZES[size]: float(each.mean()) for size, each in bought(case).items()},
    deciding=lambda _: {
        size: f"{size.lower()} decide{'s' if size == 'One' else ''}" for size in SIZES.values()
    },
    buys_most=lambda case: best_of({SIZES[size]: each for size, each in bought(case).items()}),
    most=lambda case: " or ".join(NUMBERS.find(case, "buys_most")),
    wins_money=lambda case: share_lead(case, market(case)).below
    and profit_lead(case, market(case)).above,
    by_worth=swept(
        WORTHS,
        lambda case, worth: market(case, **{"segments.*.experience_value": worth}),
        {"Market share (points)": share_lead, "Net present value (%)": profit_lead},
    ),
    pays=lambda case: surely_above(NUMBERS.find(case, "by_worth[Net present value (%)]"))[::-1],
    journey=lambda case: cx.plot.customer_journey_map(
        case.run(market(case), case.seeds[0]).touchpoints
    ),
    groups=lambda case: cx.plot.buying_center_decisions(decisions(case)),
)  # fmt: skip


PLAN = read_plan(__file__, NUMBERS, market=market, varied=varied)
