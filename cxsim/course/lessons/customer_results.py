"""Lesson 1, what comes out: partners who deliver, and buying centers who decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cxsim.course.case import Case, once
from cxsim.course.estimate import Estimate
from cxsim.mechanisms.perception import blended, felt
from cxsim.plot.numbers import joined, number
from cxsim.scenario import Scenario

#: What an experience is worth to customers, EUR per unit.
WORTHS = (0.0, 4.0, 8.0, 12.0, 16.0)
SIZES = {1: "One", 2: "Two", 3: "Three", 6: "Six"}

__all__ = [
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
    return felt(
        score(case), float(firm.brand_promise), float(here.performance_weight),
        float(here.neutral), float(here.loss_aversion),
    )  # fmt: skip


def after(case: Case) -> float:
    """Return the experience after that contact, from none, in a month without others."""
    return blended(0.0, felt_contact(case), float(market(case).experience_memory))


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
