"""Lesson 6: experience as designed, as lived, as measured; and whether asking pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxsim.course import html
from cxsim.course.case import Case
from cxsim.course.exhibits import firm_table, frame_of, sweep
from cxsim.course.lessons.blindness_results import (
    PLACES,
    SINCE,
    WITHIN,
    answers_needed,
    at,
    by_visits,
    favourite,
    for_free,
    gap_lead,
    market,
    price_of_asking,
    touchpoints,
    varied,
    why_gap,
    why_worth,
    worth_lead,
    worth_of,
)
from cxsim.course.plan import Exercise, Plan, Question
from cxsim.plot.numbers import number
from cxsim.runs import run

__all__ = ["PLAN"]


# -- exhibits --------------------------------------------------------------------------


def views(case: Case) -> Any:
    """Draw what firms believe and what customers meet, by touchpoint, in the last year."""
    from cxsim.plot.views import three_views

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
    from cxsim.plot.course import estimates

    rows = {"surveys paid": worth_lead(case), "surveys for nothing": worth_of(case, for_free(case))}
    paid = rows["surveys paid"]
    title = (
        "Here listening does not pay" if paid.upper < 0
        else "Here listening pays" if paid.lower > 0
        else "Seeds cannot tell whether listening pays here"
    )  # fmt: skip
    seen, felt = gap_lead(case), case.between(market(case), "experience", "Listener", "Believer")
    told = html.surprise(
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
    from cxsim.plot.course import response

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
