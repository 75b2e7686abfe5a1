"""What lesson 6 computes: belief, performance, and what asking costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxsim.course.case import Case, once
from cxsim.course.estimate import Estimate, with_unit
from cxsim.plot.numbers import number
from cxsim.runs import run
from cxsim.scenario import Scenario

__all__ = [
    "PLACES",
    "SINCE",
    "VISITS",
    "WITHIN",
    "answers_needed",
    "at",
    "by_visits",
    "favourite",
    "for_free",
    "gap_lead",
    "market",
    "market_with",
    "price_of_asking",
    "touchpoints",
    "varied",
    "why_gap",
    "why_worth",
    "worth_lead",
    "worth_of",
]


PLACES = ("site", "order", "delivery", "product", "hotline")
SINCE = 24
VISITS = (0.1, 0.2, 0.3, 0.5, 0.8)
#: Two standard errors of a net promoter score are to be so much, as a share.
WITHIN = 0.05


def market(case: Case) -> Scenario:
    """Return two equal firms, one of which asks its customers."""
    return market_with(case)


def market_with(case: Case, **more: Any) -> Scenario:
    """Return the market with other values by dotted path."""
    worth = case.variant.pick("what experience is worth", 8.0, [6.0, 7.0, 9.0, 10.0])
    down = case.variant.pick("delivery gets worse to", 3.0, [2.5, 2.75, 3.25, 3.5])
    event = {
        "at": SINCE,
        "label": "Delivery gets worse",
        "set": {
            f"firms.{firm}.touchpoints.delivery.mean": down for firm in ("Listener", "Believer")
        },
    }
    changes = {"segments.*.experience_value": worth, "replace_events": [event], **more}
    return case.market("blind_spot", changes)


def varied(case: Case) -> Mapping[str, str]:
    """Return what is the student's own."""
    here: Any = market(case)
    worth = next(iter(here.segments.values())).experience_value
    return {
        "A unit of experience is worth to customers": with_unit(worth, "EUR a purchase"),
        f"In month {SINCE} delivery gets worse for both, to": f"{here.changes[0].value:g} of 10",
    }


# -- results ---------------------------------------------------------------------------


def gap_lead(case: Case) -> Estimate:
    """Return Listener's perception gap less Believer's in the last month, points of 10."""
    return case.between(market(case), "perception_gap", "Listener", "Believer")


def worth_of(case: Case, here: Scenario) -> Estimate:
    """Return what Listener earns against Believer, percent of what Believer earns."""
    base = float(case.values(here, "net_present_value", "Believer").mean())
    return case.between(here, "net_present_value", "Listener", "Believer", times=100 / base)


def worth_lead(case: Case) -> Estimate:
    """Return what listening does to what a firm earns, percent."""
    return worth_of(case, market(case))


def for_free(case: Case) -> Scenario:
    """Return the market in which surveys cost nothing."""
    free = {
        f"firms.Listener.listening.{kind}.cost": 0.0 for kind in ("event_based", "tracking")
    }  # fmt: skip
    return market_with(case, name="surveys for nothing", **free)


@once
def touchpoints(case: Case) -> pd.DataFrame:
    """Return touchpoints by firm: the last year's means over seeds, and what was at the start."""
    here = market(case)
    frames = [pd.DataFrame(run(here, seed=seed).touchpoints) for seed in case.seeds]
    every = pd.concat(frames, ignore_index=True)
    by = ["firm", "touchpoint"]
    late = every[every["period"] >= here.periods - 12]
    score = (late["performance"].fillna(0.0) * late["contacts"]).groupby([late[b] for b in by])
    contacts = late.groupby(by)["contacts"]
    made = late.groupby(by)[["belief", "delivered", "importance"]].mean()
    made["performance"] = score.sum() / contacts.sum()
    made["contacts"] = contacts.mean()
    made["before"] = every[every["period"] == 0].groupby(by)["delivered"].mean()
    order = pd.MultiIndex.from_product([list(here.firms), PLACES], names=by)
    return made.reindex(order).reset_index()


def at(case: Case, firm: str, place: str, column: str) -> float:
    """Return a column of :func:`touchpoints` at one firm's touchpoint."""
    frame = touchpoints(case).set_index(["firm", "touchpoint"])
    return float(frame.loc[(firm, place), column])


def favourite(case: Case) -> str:
    """Return the touchpoint that Believer has improved most."""
    rise = {p: at(case, "Believer", p, "delivered") - at(case, "Believer", p, "before")
            for p in PLACES}  # fmt: skip
    return max(rise, key=lambda place: rise[place])


def answers_needed(case: Case) -> Estimate:
    """Return how many answers a net promoter score needs to be known to five points."""
    p, d = (case.values(market(case), name, "Listener") for name in ("advocacy", "destroying"))
    return Estimate.over((2 / WITHIN) ** 2 * (p + d - (p - d) ** 2))


def price_of_asking(case: Case) -> Estimate:
    """Return what surveys for nothing would add to Listener's result, points of percent."""
    here, free = market(case), for_free(case)
    base = float(case.values(here, "net_present_value", "Believer").mean())
    return case.change(here, free, "net_present_value", "Listener", times=100 / base)


def why_gap(case: Case) -> str:
    """Say what the gap comes from."""
    return (
        f"delivery has been worse since month {SINCE}. Customers meet "
        f"{number(at(case, 'Believer', 'delivery', 'performance'), 2)} of 10 at Believer, who "
        f"still believes its design: {number(at(case, 'Believer', 'delivery', 'belief'), 2)}. "
        "Listener heard of it and mended it: customers meet "
        f"{number(at(case, 'Listener', 'delivery', 'performance'), 2)}, and it believes "
        f"{number(at(case, 'Listener', 'delivery', 'belief'), 2)}."
    )


def why_worth(case: Case) -> str:
    """Say where the money went."""
    here, place = market(case), favourite(case)
    cost = float(case.values(here, "survey_cost", "Listener").mean())
    used = at(case, "Believer", place, "contacts") / at(case, "Believer", "hotline", "contacts")
    felt = case.between(here, "experience", "Listener", "Believer")
    end = (
        "To be less blind is not yet to be better."
        if felt.value < 0
        else "To be less blind made it better."
    )
    return (
        f"surveys cost {number(cost)} EUR in five years. And Believer, who is wrong about itself, "
        f"put its money into the {place}, which it believed to fall shortest; customers use it "
        f"{number(used, 2)} times as often as the hotline. The experience that customers end up "
        f"with differs by {felt.text(signed=True)}. {end}"
    )


@once
def by_visits(case: Case) -> list[tuple[float, Estimate, Estimate]]:
    """Return what listening is worth by how often customers need the hotline."""
    found = []
    for rate in VISITS:
        here = market_with(case, **{"journey.hotline.visit_rate": rate})
        share = case.between(here, "share", "Listener", "Believer", times=100)
        found.append((rate, worth_of(case, here), share))
    return found
