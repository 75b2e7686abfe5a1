"""Lesson 4: learning relationships and switching costs; what holds a customer, in money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxsim.course import html
from cxsim.course.case import Case, once
from cxsim.course.estimate import Estimate
from cxsim.course.exhibits import firm_table, frame_of, sweep
from cxsim.course.lessons.learning_results import (
    BANDS,
    PARTS,
    TAKEN,
    a_segment,
    effort,
    known,
    largest,
    market,
    money,
    part_mean,
    procedural,
    purchases,
    sorting,
    tenured,
    varied,
    why_effort,
    why_money,
    why_sorting,
    without,
)
from cxsim.course.plan import Exercise, Plan, Question
from cxsim.plot.numbers import number
from cxsim.runs import settings_attrs

__all__ = ["PLAN"]


# -- exhibits --------------------------------------------------------------------------


def parts(case: Case) -> Any:
    """Draw switching costs by part."""
    from cxsim.plot import switching_costs

    here = market(case)
    columns = [f"switching_{part.lower()}" for part in PARTS] + ["switching_cost_share"]
    frame = pd.DataFrame(
        {name: [float(case.values(here, name, firm).mean()) for firm in here.firms]
         for name in columns}
    ).assign(period=int(here.periods) - 1, firm=list(here.firms))  # fmt: skip
    frame.attrs.update(settings_attrs(here))
    return switching_costs(frame)


def table(case: Case) -> str:
    """Show switching costs and what they rest on."""
    names = (
        "knowledge", "switching_procedural", "switching_financial", "switching_relational",
        "switching_cost", "switching_cost_share", "retention",
    )  # fmt: skip
    said = "What moving would cost in the last month, and what that rests on"
    return firm_table(case, market(case), names, said)


@once
def spread(case: Case) -> Any:
    """Draw switching costs over customers, in the first run."""
    from cxsim.plot import switching_cost_distribution

    customers = case.run(market(case), case.seeds[0], detail=["customers"]).customers
    assert customers is not None
    return switching_cost_distribution(customers)


def held(case: Case) -> Any:
    """Draw how retention changes when one thing after the other is taken away."""
    from cxsim.plot.course import estimates

    rows = {what: without(case, what) for what in TAKEN}
    rows = dict(sorted(rows.items(), key=lambda item: item[1].value))
    title = f"Tailor loses most retention where {next(iter(rows))}"
    return estimates(
        frame_of(rows), label="Change of Tailor's retention (points per month)", title=title,
        note="One thing taken away at a time; the parts overlap and need not add up. Paired seeds, "
        "95 % intervals.",
        size=(8.2, 4.6),
    )  # fmt: skip


def surprise(case: Case) -> str:
    """Say what the trouble of explaining oneself is worth beside what is done with knowledge."""
    told, learn = effort(case), without(case, "nobody learns")
    return html.surprise(
        "The trouble of explaining oneself again, of which the textbook speaks, accounts for "
        f"{number(-told.value, 2)} points of retention a month; take learning away, and "
        f"{number(-learn.value, 2)} points go. What holds customers is what the firm does with "
        "what it knows."
        if told.value > learn.value else
        "Here the trouble of explaining oneself again holds customers more than what the firm "
        "does with what it knows."
    )  # fmt: skip


def tenure(case: Case) -> Any:
    """Draw retention by tenure with learning and without."""
    from cxsim.plot.course import response

    lines = {
        name: [(k, Estimate.over(100 * each[:, k])) for k in range(len(BANDS))]
        for name, each in tenured(case).items()
    }
    rise = sorting(case)
    title = (
        "Retention rises with tenure even where nobody learns" if rise.lower > 0
        else "Without learning retention does not surely rise with tenure"
    )  # fmt: skip
    return response(
        sweep(lines), by="Purchases since joining Tailor", label="Retention (% per month)",
        title=title, ticks=dict(enumerate(BANDS)), size=(8.0, 4.6),
    )  # fmt: skip


# -- exercises -------------------------------------------------------------------------


def _known_solution(case: Case) -> str:
    here, segment, n = market(case), a_segment(case), purchases(case)
    told = float(here.firms["Tailor"].interaction) * float(segment.disclosure)
    told *= float(here.learning_rate)
    return (
        f"A contact tells r = 1 × {number(here.firms['Tailor'].interaction)} × "
        f"{number(segment.disclosure)} = {number(told)}. K = n r / (1 + n r) = {n} × "
        f"{number(told)} / (1 + {n} × {number(told)}) = {number(known(case))} %. Each contact adds "
        "less than the one before: half is known after 1 / r contacts, and nothing is ever known "
        "completely."
    )


def _known_mistakes(case: Case) -> Mapping[Any, str]:
    here, segment, n = market(case), a_segment(case), purchases(case)
    a, w = float(here.firms["Tailor"].interaction), float(segment.disclosure)
    rest = 100 * (1 - (1 - a * w) ** n)
    return {
        100 - known(case): "That is what Tailor does not know yet (the uncertainty P).",
        100 * n * a / (1 + n * a): "You left out that customers disclose only part (0.8).",
        rest: "Each contact does not resolve the same share of what is left: it adds the same "
        "precision. K = n r / (1 + n r).",
    }


def _procedural_solution(case: Case) -> str:
    segment, firm = a_segment(case), market(case).firms["Tailor"]
    return (
        f"{number(segment.switching_cost)} + {number(segment.teaching_effort)} × "
        f"{number(firm.customization)} × {number(known(case) / 100)} = "
        f"{number(procedural(case))} EUR: the trouble of moving, and the effort of teaching a twin "
        "what Tailor knows already, as far as it could use it."
    )


def _procedural_mistakes(case: Case) -> Mapping[Any, str]:
    segment, firm = a_segment(case), market(case).firms["Tailor"]
    k, h, c = (
        float(each)
        for each in (segment.switching_cost, segment.teaching_effort, firm.customization)
    )
    K = known(case) / 100
    return {
        k: "That is the trouble of moving alone. What would have to be taught again?",
        k + h: "Not everything is known yet, and a firm uses only what it can customize.",
        k + h * K: "A firm needs to be told only what it can act on: customization is 0.8.",
        h * c * K: "You left out the trouble of moving itself.",
    }


def _largest_solution(case: Case) -> str:
    said = ", ".join(f"{part.lower()} {number(part_mean(case, part))} EUR" for part in PARTS)
    return (
        f"{' or '.join(largest(case))}: {said}. Procedural is the trouble of moving and "
        "of explaining oneself again, relational the worse service until the new firm knows as "
        "much. Financial is zero here: nobody collects points or is bound by a contract."
    )


PLAN = Plan(
    name="04_learning_relationships",
    title="Learning relationships and switching costs: what holds a customer, in money",
    minutes=75,
    market=market,
    varied=varied,
    questions=(
        Question(
            "money",
            "what Tailor's customers would lose by moving, less Mass's",
            "A purchase costs 20 EUR. Imagine a customer moves to an exact <i>twin</i> of its "
            "supplier that knows nothing of it yet. What a customer of the one-to-one firm Tailor "
            "would lose at the next purchase, compared with a customer of the mass firm, …",
            unit="EUR",
            largest=20,
            step=0.5,
            result=money,
            why=why_money,
            signs=("is less", "is about the same", "is more"),
        ),
        Question(
            "effort",
            "retention where teaching takes no effort",
            "Now suppose that explaining oneself to a new firm takes <i>no effort at all</i>. "
            "Tailor's retention, about 80 % a month, …",
            unit="points",
            largest=30,
            step=0.5,
            result=effort,
            why=why_effort,
        ),
        Question(
            "sorting",
            "rise of retention with tenure where nobody learns",
            "Now suppose that <i>no firm learns anything</i> about anybody. The retention of "
            "those who have bought 8 to 15 times from Tailor, compared with those who have bought "
            "once, …",
            unit="points",
            largest=40,
            step=1,
            result=sorting,
            why=why_sorting,
            signs=("is lower", "is about the same", "is higher"),
        ),
    ),
    exhibits={
        "parts": parts,
        "table": table,
        "spread": spread,
        "held": held,
        "surprise": surprise,
        "tenure": tenure,
    },
    exercises=(
        Exercise(
            "A",
            lambda case: (
                f"How much of a customer's need does Tailor know after {purchases(case)} "
                "purchases in which it recognized the customer? Interaction is 0.8, customers "
                "disclose 0.8 of what they are asked, the learning rate is 1. In percent, to one "
                "place."
            ),
            answer=lambda case: Estimate.exactly(known(case)),
            solution=_known_solution,
            unit="%",
            tolerance=0.5,
            mistakes=_known_mistakes,
            hint="One contact has precision r = learning rate × interaction × disclosure; after n "
            "contacts K = n r / (1 + n r).",
        ),
        Exercise(
            "B",
            "What is this customer's procedural switching cost? Moving itself costs 2.40 EUR; the "
            "effort of specifying oneself completely is in your variant above; customization is "
            "0.8. In EUR, to two places.",
            answer=lambda case: Estimate.exactly(procedural(case)),
            solution=_procedural_solution,
            unit="EUR",
            tolerance=0.02,
            mistakes=_procedural_mistakes,
            hint="Moving itself, plus effort × customization × knowledge.",
        ),
        Exercise(
            "C",
            "Which part of Tailor's mean switching cost is the largest?",
            answer=largest,
            solution=_largest_solution,
            choices=PARTS,
            mistakes=lambda case: {
                part: f"Its mean is {number(part_mean(case, part))} EUR. Another is larger."
                for part in PARTS
            },
        ),
    ),
)
