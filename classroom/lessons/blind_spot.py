"""Lesson 6: experience as designed, as lived, as measured; and whether asking pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from classroom import widgets
from classroom.case import Case, Estimate, once, with_unit
from classroom.plan import Exercise, Plan, Question, firm_table, frame_of, sweep
from cxsim.charts import number
from cxsim.runs import run
from cxsim.scenario import Scenario

__all__ = [
    "PLACES",
    "PLAN",
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


# -- What lesson 6 computes: belief, performance, and what asking costs ------------------------


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


# -- Lesson 6: experience as designed, as lived, as measured; and whether asking pays ----------


# -- exhibits --------------------------------------------------------------------------


def views(case: Case) -> Any:
    """Draw what firms believe and what customers meet, by touchpoint, in the last year."""
    from cxsim.charts import three_views

    note = f"Means over {len(case.seeds)} seeds and the last twelve months."
    return three_views(touchpoints(case), firms=list(market(case).firms), note=note)


def gap(case: Case) -> Any:
    """Draw the gap over time, in one run."""
    from cxsim.plot import perception_gap

    one = run(market(case), seed=case.seeds[0])
    events = [(SINCE, "Delivery gets worse")]
    return perception_gap(one.touchpoints, events=events, size=(9.0, 3.9))


def table(case: Case) -> str:
    """Show how customers feel and what firms earn."""
    names = (
        "share", "retention", "experience", "advocacy", "destroying", "perception_gap",
        "survey_cost", "net_present_value",
    )  # fmt: skip
    return firm_table(case, market(case), names, "To ask or to believe")


def money(case: Case) -> Any:
    """Draw what Listener earns against Believer, surveys paid and for nothing."""
    from cxsim.charts import estimates

    rows = {"surveys paid": worth_lead(case), "surveys for nothing": worth_of(case, for_free(case))}
    paid = rows["surveys paid"]
    title = (
        "Here listening does not pay" if paid.upper < 0
        else "Here listening pays" if paid.lower > 0
        else "Seeds cannot tell whether listening pays here"
    )  # fmt: skip
    seen, felt = gap_lead(case), case.between(market(case), "experience", "Listener", "Believer")
    told = widgets.surprise(
        f"Listening opens the eyes ({seen.text('points of 10', signed=True)} of blindness), and "
        "that is the easy half. Customers never see a firm's belief; they see what is done. Money "
        "put where many customers pass often, for the wrong reason, may do more for them than "
        "money put where few suffer much: the experience they end up with differs by "
        f"{felt.text(signed=True)}."
    )
    figure = estimates(
        frame_of(rows), label="What Listener earns, against Believer (%)", title=title
    )
    return [told, figure]


def counter(case: Case) -> Any:
    """Draw where listening pays."""
    from cxsim.charts import response

    found = by_visits(case)
    pays = [rate for rate, worth, _ in found if worth.lower > 0]
    title = (
        f"Listening surely pays where {number(100 * min(pays))} % of customers or more need the "
        "hotline in a month"
        if pays else "In none of these markets does listening surely pay"
    )  # fmt: skip
    lines = {
        "What it earns (%)": [(rate, worth) for rate, worth, _ in found],
        "Share (points)": [(rate, share) for rate, _, share in found],
    }
    here: Any = market(case)
    return response(
        sweep(lines),
        by="Share of customers who call the hotline in a month",
        label="Listener, against Believer",
        title=title,
        mark=(here.journey["hotline"].visit_rate, "this market"),
        size=(8.6, 4.8),
    )


# -- exercises -------------------------------------------------------------------------


def _needed_mistakes(case: Case) -> Mapping[Any, str]:
    p, d = (
        float(case.values(market(case), name, "Listener").mean())
        for name in ("advocacy", "destroying")
    )
    right = answers_needed(case).value
    return {
        right / 4: "That is for one standard error of five points; two were asked for.",
        (2 / WITHIN) ** 2
        * (p + d): "The square of the score has to be subtracted: p + d − (p − d)².",
        1 / WITHIN**2: "That holds for any share whatever, at the worst; use p and d.",
    }


def _needed_solution(case: Case) -> str:
    p, d = (
        float(case.values(market(case), name, "Listener").mean())
        for name in ("advocacy", "destroying")
    )
    got = float(case.values(market(case), "answers", "Listener").mean())
    return (
        f"p = {number(p, 2)} advocates, d = {number(d, 2)} who destroy: one answer has the "
        f"variance p + d − (p − d)² = {number(p + d - (p - d) ** 2)}. Its root over the root of n "
        "is the standard error; two of them are 0.05 at "
        f"n = {number(answers_needed(case).value)}. Listener's overall survey brings "
        f"{number(got, 2)} answers a month from the customers that are simulated: what it hears of "
        "its score in one month is mostly noise."
    )


def _favourite_mistakes(case: Case) -> Mapping[Any, str]:
    texts = {
        place: f"It delivers {number(at(case, 'Believer', place, 'delivered'), 2)} now and "
        f"{number(at(case, 'Believer', place, 'before'), 2)} at the start."
        for place in PLACES
    }
    for place in ("delivery", "hotline"):
        texts[place] += (
            f" That is where customers suffer; Believer believes it to be at "
            f"{number(at(case, 'Believer', place, 'belief'), 2)}, better than anything else."
        )
    return texts


def _favourite_solution(case: Case) -> str:
    place = favourite(case)
    return (
        f"The {place}: from {number(at(case, 'Believer', place, 'before'), 2)} to "
        f"{number(at(case, 'Believer', place, 'delivered'), 2)}. Money goes where the shortfall "
        "that a firm <i>believes in</i>, weighted by importance, is largest."
    )


def _asking_solution(case: Case) -> str:
    rows = (worth_lead(case), worth_of(case, for_free(case)))
    return (
        f"Surveys paid: {number(rows[0].value, signed=True)} %. For nothing: "
        f"{number(rows[1].value, signed=True)} %. The difference is what asking costs. "
        "What is left is what was done with the answers."
    )


PLAN = Plan(
    name="06_blind_spot",
    title="The blind spot: experience as designed, as lived, as measured",
    minutes=75,
    market=market,
    varied=varied,
    questions=(
        Question(
            "gap",
            "Listener's blindness less Believer's",
            "Take the distance between how good a firm believes it is and what customers meet "
            "(points of 10, over all touchpoints, last month). Listener's distance, compared with "
            "Believer's, …",
            unit="points of 10",
            largest=5,
            step=0.25,
            result=gap_lead,
            why=why_gap,
            signs=("is smaller", "is about the same", "is larger"),
        ),
        Question(
            "worth",
            "what listening does to what a firm earns",
            "And what Listener earns over the five years, its surveys paid (net present value), "
            "compared with Believer, …",
            unit="%",
            largest=30,
            step=1,
            result=worth_lead,
            why=why_worth,
            signs=("is lower", "is about the same", "is higher"),
            valued=lambda case: ((market(case), "Listener"), (market(case), "Believer")),
        ),
    ),
    exhibits={"views": views, "gap": gap, "table": table, "money": money, "counter": counter},
    exercises=(
        Exercise(
            "A",
            "A net promoter score is the share p of advocates less the share d of those who "
            "destroy. Read both from the table (Listener). How many answers does a survey need "
            "for two standard errors of the score to be 5 points (0.05)? One answer has the "
            "variance p + d − (p − d)².",
            answer=answers_needed,
            solution=_needed_solution,
            unit="answers",
            tolerance=8,
            mistakes=_needed_mistakes,
            hint="The standard error is the root of (variance / n); set twice that to 0.05.",
        ),
        Exercise(
            "B",
            "Both firms spend the same on improving touchpoints. Which one has Believer improved "
            "most?",
            answer=favourite,
            solution=_favourite_solution,
            choices=PLACES,
            mistakes=_favourite_mistakes,
        ),
        Exercise(
            "C",
            "How much of Listener's result does asking itself cost: by how many points of percent "
            "would it be higher if surveys were for nothing?",
            answer=price_of_asking,
            solution=_asking_solution,
            unit="points of percent",
            tolerance=0.1,
            mistakes=lambda case: {
                worth_lead(case).value: "That is the whole distance to Believer, surveys paid.",
                worth_of(
                    case, for_free(case)
                ).value: "That is the distance that is left when surveys cost nothing.",
            },
            hint="Subtract the two numbers of the last figure, with their signs.",
        ),
    ),
)
