"""Lesson 4: learning relationships and switching costs; what holds a customer, in money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from classroom import widgets
from classroom.case import Case, Estimate, once, with_unit
from classroom.plan import Exercise, Plan, Question, firm_table, frame_of, sweep
from cxsim.analytic import knowledge_after
from cxsim.charts import number
from cxsim.runs import TENURE_BANDS, held_and_kept, rule, settings_attrs
from cxsim.scenario import Scenario

__all__ = [
    "BANDS",
    "PARTS",
    "PLAN",
    "TAKEN",
    "a_segment",
    "effort",
    "known",
    "largest",
    "market",
    "market_with",
    "money",
    "part_mean",
    "procedural",
    "purchases",
    "sorting",
    "tenured",
    "varied",
    "why_effort",
    "why_money",
    "why_sorting",
    "without",
]


# -- Lesson 4, what comes out: switching costs in money, and what retention rests on -----------


#: Purchases since joining, as far as customers get in five years.
BANDS = TENURE_BANDS[:4]


TAKEN = {
    "fit counts for nothing": {"segments.*.fit_weight": 0.0},
    "moving itself costs nothing": {"segments.*.switching_cost": 0.0},
    "nobody learns": {"learning_rate": 0.0},
    "orders take no effort": {"segments.*.hassle": 0.0},
    "teaching takes no effort": {"segments.*.teaching_effort": 0.0},
    "no tastes for brands": {"segments.*.brand_taste_sd": 0.0},
}


PARTS = ("Procedural", "Financial", "Relational")


def market(case: Case) -> Scenario:
    """Return the baseline with the student's effort of teaching."""
    return market_with(case)


def market_with(case: Case, **more: Any) -> Scenario:
    """Return the market with more changes."""
    effort = case.variant.pick("teaching effort", 3.0, [2.0, 4.0, 5.0])
    return case.market("baseline", {"segments.*.teaching_effort": effort, **more})


def varied(case: Case) -> dict[str, str]:
    """Return what is the student's own."""
    return {
        "Specifying oneself completely to a new firm is an effort worth": with_unit(
            a_segment(case).teaching_effort, "EUR"
        ),
        "Purchases in exercises A and B": str(purchases(case)),
    }


def a_segment(case: Case) -> Any:
    """Return a segment; in what the lesson needs they are alike."""
    return next(iter(market(case).segments.values()))


def purchases(case: Case) -> int:
    """Return the number of purchases of the exercises."""
    return case.variant.pick("purchases", 3, [2, 4, 5, 6])


# -- results ---------------------------------------------------------------------------


def money(case: Case) -> Estimate:
    """Return by how much more a customer of Tailor would lose than one of Mass, in EUR."""
    return case.between(market(case), "switching_cost", "Tailor", "Mass")


def without(case: Case, what: str) -> Estimate:
    """Return how Tailor's retention changes where something is taken away, in points."""
    changed = market_with(case, **TAKEN[what])
    return case.change(market(case), changed, "retention", "Tailor", times=100)


def effort(case: Case) -> Estimate:
    """Return how Tailor's retention changes where teaching takes no effort, in points."""
    return without(case, "teaching takes no effort")


def _by_tenure(case: Case, here: Scenario) -> np.ndarray:
    """Return Tailor's retention by tenure band from the third year on, (seeds, bands)."""
    found = []
    for seed in case.seeds:
        books = case.simulate(here, seed).ledger
        held, kept = held_and_kept(books, "tenure")
        place, since = books.firms.index("Tailor"), books.periods * 2 // 5
        held, kept = (each[since:, place, : len(BANDS)].sum(axis=0) for each in (held, kept))
        found.append(kept / np.where(held > 0, held, np.nan))
    return np.array(found)


@once
def tenured(case: Case) -> dict[str, np.ndarray]:
    """Return retention by tenure with learning and without, (seeds, bands)."""
    return {
        "Tailor learns": _by_tenure(case, market(case)),
        "nobody learns": _by_tenure(case, market_with(case, learning_rate=0.0)),
    }


def sorting(case: Case) -> Estimate:
    """Return the rise of retention from 1 to 8-15 purchases where nobody learns, in points."""
    frozen = tenured(case)["nobody learns"]
    return Estimate.over(100 * (frozen[:, BANDS.index("8-15")] - frozen[:, 0]))


def known(case: Case) -> float:
    """Return what Tailor knows after the purchases of the exercises, in percent."""
    here = market(case)
    firm, segment = here.firms["Tailor"], a_segment(case)
    told = rule("learning.precision")(
        float(here.learning_rate), float(firm.interaction), float(segment.disclosure)
    )
    return 100 * float(knowledge_after(purchases(case), precision=told))


def procedural(case: Case) -> float:
    """Return the procedural switching cost then, in EUR."""
    segment, firm = a_segment(case), market(case).firms["Tailor"]
    return rule("switching.barrier")(
        float(segment.switching_cost), float(segment.teaching_effort),
        float(firm.customization), known(case) / 100, 0.0,
    )  # fmt: skip


def largest(case: Case) -> tuple[str, ...]:
    """Return the largest part of Tailor's mean switching cost, and any that may be level."""
    by = {p: case.values(market(case), f"switching_{p.lower()}", "Tailor") for p in PARTS}
    best = max(PARTS, key=lambda part: by[part].mean())
    level = [p for p in PARTS if p != best and not Estimate.over(by[best] - by[p]).sure]
    return (best, *level)


def part_mean(case: Case, part: str, firm: str = "Tailor") -> float:
    """Return the mean of a part of the switching cost over customers, in EUR."""
    return float(case.values(market(case), f"switching_{part.lower()}", firm).mean())


def why_money(case: Case) -> str:
    """Return what the switching cost consists of."""
    own = {part: part_mean(case, part) - part_mean(case, part, "Mass") for part in PARTS}
    said = ", ".join(f"{part.lower()} {number(each, signed=True)}" for part, each in own.items())
    share = float(case.values(market(case), "switching_cost_share", "Tailor").mean())
    return (
        f"against a customer of Mass (in EUR): {said}. All in all a customer of Tailor would lose "
        f"{number(100 * share, 2)} % of the price of a purchase by moving to a firm just as good."
    )


def why_effort(case: Case) -> str:
    """Return what holds customers rather than the effort of teaching."""
    fit, learn = (without(case, what) for what in ("fit counts for nothing", "nobody learns"))
    return (
        "what a customer would have to explain again is a small part of what it would lose. "
        f"Without learning retention changes by {number(learn.value, signed=True)} points, where "
        f"fit counts for nothing by {number(fit.value, signed=True)}: it is held by what Tailor "
        "does with what it knows, more than by the trouble of telling somebody else."
    )


def why_sorting(case: Case) -> str:
    """Return how much of the rise is there without learning."""
    learns = tenured(case)["Tailor learns"]
    rise = Estimate.over(100 * (learns[:, BANDS.index("8-15")] - learns[:, 0]))
    share = 100 * sorting(case).value / rise.value
    return (
        "those whom Tailor suits anyway stay, the others leave early: what is left is sorted. "
        f"With learning the rise is {number(rise.value)} points: a rise {number(share, 2)} % as "
        "large is there where nobody learns anything."
    )


# -- Lesson 4: learning relationships and switching costs; what holds a customer, in money -----


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
    from cxsim.charts import estimates

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
    return widgets.surprise(
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
    from cxsim.charts import response

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
