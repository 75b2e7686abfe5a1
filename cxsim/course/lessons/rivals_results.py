"""What lesson 5 computes: the copy, the price cut, and answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cxsim.course.case import Case, once
from cxsim.course.estimate import Estimate, with_unit
from cxsim.plot.numbers import number
from cxsim.scenario import Scenario

__all__ = [
    "ANSWERS",
    "CONDITIONS",
    "LEAVING",
    "OTHERS",
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
    from cxsim.study.copying import copying

    pair = (market(case), copied(case))
    at = pair[1].changes[0].at
    found = copying(*pair, since=at, conditions=CONDITIONS, seeds=case.seeds)
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
