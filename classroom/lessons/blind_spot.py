"""Lesson 6: experience as designed, delivered and measured; and whether asking pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

import cxsim as cx
from classroom.case import Case, Estimate, once, with_unit
from classroom.numbers import Numbers, first_segment, surely_above, swept
from classroom.plan_file import read_plan
from cxsim.charts import number
from cxsim.runs import run
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

PLACES = ("site", "order", "delivery", "product", "hotline")
SINCE = 24
VISITS = (0.1, 0.2, 0.3, 0.5, 0.8)
#: Two standard errors of a net promoter score are to be so much, as a share.
WITHIN = 0.05


def market(case: Case, **more: Any) -> Scenario:
    """Return two equal firms, one of which asks its customers, with more changes."""
    worth = case.variant.pick("what experience is worth", 8.0, [6.0, 7.0, 9.0, 10.0])
    down = case.variant.pick("delivery gets worse to", 3.0, [2.5, 2.75, 3.25, 3.5])
    firms = ("Listener", "Believer")
    worse = {f"firms.{firm}.touchpoints.delivery.mean": down for firm in firms}
    event = {"at": SINCE, "label": "Delivery gets worse", "set": worse}
    changes = {"segments.*.experience_value": worth, "replace_events": [event], **more}
    return case.market("blind_spot", changes)


def free(case: Case) -> Scenario:
    """Return the market in which surveys cost nothing."""
    kinds = ("event_based", "tracking")
    costs = {f"firms.Listener.surveys.{kind}.cost": 0.0 for kind in kinds}
    return market(case, name="surveys for nothing", **costs)


def varied(case: Case) -> Mapping[str, str]:
    """Return the student's own values."""
    here: Any = market(case)
    worth = first_segment(here).experience_value
    return {
        "A unit of experience is worth to customers": with_unit(worth, "EUR a purchase"),
        f"In month {SINCE} delivery gets worse for both, to": f"{here.changes[0].value:g} of 10",
    }


# -- what the lesson computes --------------------------------------------------------------


def lead(case: Case, here: Scenario) -> Estimate:
    """Return the net present value of Listener against Believer, percent of Believer's."""
    return case.percent(here, "net_present_value", "Listener", "Believer")


def share_lead(case: Case, here: Scenario) -> Estimate:
    """Return Listener's market share less Believer's, points."""
    return case.between(here, "market_share", "Listener", "Believer", times=100)


def price_of_asking(case: Case) -> Estimate:
    """Return the effect of free surveys on Listener's result, percentage points."""
    here = market(case)
    base = case.average(here, "net_present_value", "Believer")
    return case.change(here, free(case), "net_present_value", "Listener", times=100 / base)


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
    made = late.groupby(by)[
        ["perceived_performance", "underlying_performance", "importance"]
    ].mean()
    made["performance"] = score.sum() / contacts.sum()
    made["contacts"] = contacts.mean()
    made["before"] = every[every["period"] == 0].groupby(by)["underlying_performance"].mean()
    order = pd.MultiIndex.from_product([list(here.firms), PLACES], names=by)
    return made.reindex(order).reset_index()


def places(case: Case, firm: str) -> dict[str, dict[str, float]]:
    """Return the columns of a firm's touchpoints, by touchpoint."""
    frame = touchpoints(case).set_index(["firm", "touchpoint"]).loc[firm]
    return {place: {str(k): float(v) for k, v in frame.loc[place].items()} for place in PLACES}


def favourite(case: Case) -> str:
    """Return the touchpoint that Believer has improved most."""
    there = places(case, "Believer")
    return max(
        PLACES, key=lambda place: there[place]["underlying_performance"] - there[place]["before"]
    )


def times_used(case: Case) -> float:
    """Return how many times as often as the hotline customers use that touchpoint."""
    there = places(case, "Believer")
    return there[favourite(case)]["contacts"] / there["hotline"]["contacts"]


def answers_needed(case: Case) -> Estimate:
    """Return how many answers a net promoter score needs to be known to five points."""
    p, d = (case.values(market(case), name, "Listener") for name in ("advocacy", "destroying"))
    return Estimate.over(needed(p + d - (p - d) ** 2))


def needed(variance: Any) -> Any:
    """Return how many answers two standard errors of five points take, by variance of one."""
    return (2 / WITHIN) ** 2 * variance


def survey(case: Case) -> dict[str, float]:
    """Return advocates p and destroyers d, what follows from them, and what mistakes lead to."""
    here = market(case)
    p, d = (case.average(here, name, "Listener") for name in ("advocacy", "destroying"))
    return {
        "p": p, "d": d, "variance": p + d - (p - d) ** 2,
        "one error": answers_needed(case).value / 4, "no square": needed(p + d),
        "worst": 1 / WITHIN**2, "answers": case.average(here, "survey_responses", "Listener"),
    }  # fmt: skip


def suffering(case: Case) -> dict[str, str]:
    """Return the remark on touchpoints where customers are served badly, by touchpoint."""
    said = dict.fromkeys(PLACES, "")
    for place in ("delivery", "hotline"):
        belief = number(places(case, "Believer")[place]["perceived_performance"], 2)
        said[place] = (
            f" Customers are served badly there, but Believer believes in a performance of "
            f"{belief}, better than elsewhere."
        )
    return said


def views(case: Case) -> Any:
    """Draw performance as believed and as delivered, by touchpoint, in the last year."""
    from cxsim.charts import experience_views

    note = f"Means over {len(case.seeds)} seeds and the last twelve months."
    return experience_views(touchpoints(case), firms=list(market(case).firms), note=note)


def gap_over_time(case: Case) -> Any:
    """Draw the gap over time, in one run."""
    one = run(market(case), seed=case.seeds[0])
    events = [(SINCE, "Delivery gets worse")]
    return cx.plot.perception_gap(one.touchpoints, events=events, size=(9.0, 3.9))


NUMBERS: Numbers = Numbers(
    market, price_of_asking, favourite, times_used, answers_needed, survey, suffering, views,
    gap_over_time,
    since=lambda _: SINCE,
    gap=lambda case: case.between(market(case), "perception_gap", "Listener", "Believer"),
    felt=lambda case: case.between(market(case), "experience", "Listener", "Believer"),
    worse=lambda case: NUMBERS.find(case, "felt").value < 0,
    worth=lambda case: lead(case, market(case)),
    worth_free=lambda case: lead(case, free(case)),
    surveys=lambda case: case.average(market(case), "survey_cost", "Listener"),
    listener=lambda case: places(case, "Listener"),
    believer=lambda case: places(case, "Believer"),
    improved=lambda case: places(case, "Believer")[favourite(case)],
    visits=lambda case: market(case).journey["hotline"].visit_rate,
    by_visits=swept(
        VISITS,
        lambda case, rate: market(case, **{"journey.hotline.visit_rate": rate}),
        {"Net present value (%)": lead, "Market share (points)": share_lead},
    ),
    pays=lambda case: [
        100 * rate for rate in surely_above(NUMBERS.find(case, "by_visits[Net present value (%)]"))
    ],
)  # fmt: skip


PLAN = read_plan(__file__, NUMBERS, market=market, varied=varied)
