"""Lesson 4: learning relationships and switching costs; what holds a customer, in money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import cxsim as cx
from classroom.case import Case, Estimate, once, with_unit
from classroom.numbers import Numbers, best_of, first_segment
from classroom.plan_file import read_plan
from cxsim.analytic import knowledge_after
from cxsim.runs import TENURE_BANDS, held_and_kept, rule, settings_attrs
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

#: Purchases since joining, as far as customers get in five years.
BANDS = TENURE_BANDS[:4]
TAKEN = {
    "no value of fit": {"segments.*.fit_weight": 0.0},
    "no effort of the change itself": {"segments.*.switching_cost": 0.0},
    "no learning": {"learning_rate": 0.0},
    "no ordering effort": {"segments.*.ordering_effort": 0.0},
    "no onboarding effort": {"segments.*.onboarding_effort": 0.0},
    "no brand preferences": {"segments.*.brand_taste_sd": 0.0},
}
PARTS = ("Procedural", "Financial", "Relational")


def market(case: Case, **more: Any) -> Scenario:
    """Return the baseline with the student's onboarding effort, and more changes."""
    # The word seeds the draw: another one would give students other numbers.
    effort = case.variant.pick("teaching_effort", 3.0, [2.0, 4.0, 5.0])
    return case.market("baseline", {"segments.*.onboarding_effort": effort, **more})


def purchases(case: Case) -> int:
    """Return the number of purchases of the exercises."""
    return case.variant.pick("purchases", 3, [2, 4, 5, 6])


def varied(case: Case) -> dict[str, str]:
    """Return the student's own values."""
    effort = first_segment(market(case)).onboarding_effort
    return {
        "Specifying oneself completely to a new firm is an effort worth": with_unit(effort, "EUR"),
        "Purchases in exercises A and B": str(purchases(case)),
    }


# -- what the lesson computes --------------------------------------------------------------


def without(case: Case, what: str) -> Estimate:
    """Return the change of Tailor's retention with one driver switched off, in points."""
    changed = market(case, **TAKEN[what])
    return case.change(market(case), changed, "retention_rate", "Tailor", times=100)


def taken(case: Case) -> dict[str, Estimate]:
    """Return the change of retention for each driver switched off, the largest loss first."""
    found = {what: without(case, what) for what in TAKEN}
    return dict(sorted(found.items(), key=lambda item: item[1].value))


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
        "with learning": _by_tenure(case, market(case)),
        "no learning": _by_tenure(case, market(case, learning_rate=0.0)),
    }


def rise(case: Case, where: str) -> Estimate:
    """Return the rise of retention from 1 to 8-15 purchases, in points."""
    rates = tenured(case)[where]
    return Estimate.over(100 * (rates[:, BANDS.index("8-15")] - rates[:, 0]))


def by_tenure(case: Case) -> dict[str, list[tuple[int, Estimate]]]:
    """Return retention by tenure in percent, as lines of a figure."""
    return {
        name: [(k, Estimate.over(100 * rates[:, k])) for k in range(len(BANDS))]
        for name, rates in tenured(case).items()
    }


def contact(case: Case) -> dict[str, float]:
    """Return Tailor's customer knowledge after the purchases of the exercises, and its parts."""
    here, n = market(case), purchases(case)
    a, w = float(here.firms["Tailor"].interaction), float(first_segment(here).disclosure)
    precision = rule("learning.precision")(float(here.learning_rate), a, w)
    known = 100 * float(knowledge_after(n, precision=precision))
    return {
        "purchases": n, "interaction": a, "disclosure": w,
        "precision": a * w * float(here.learning_rate),
        "known": known, "unknown": 100 - known, "undisclosed": 100 * n * a / (1 + n * a),
        "compounded": 100 * (1 - (1 - a * w) ** n),
    }  # fmt: skip


def procedural(case: Case) -> dict[str, float]:
    """Return the procedural switching cost then, EUR, its parts, and what mistakes lead to."""
    segment, known = first_segment(market(case)), contact(case)["known"] / 100
    k, h, c = (
        float(each)
        for each in (
            segment.switching_cost, segment.onboarding_effort,
            market(case).firms["Tailor"].customization,
        )
    )  # fmt: skip
    return {
        "whole": rule("switching.barrier")(k, h, c, known, 0.0), "moving": k, "effort": h,
        "customization": c, "known": known, "all told": k + h, "all used": k + h * known,
        "teaching": h * c * known,
    }  # fmt: skip


def parts(case: Case) -> dict[str, float]:
    """Return the mean parts of Tailor's switching cost over customers, in EUR."""
    return {p: case.average(market(case), f"switching_{p.lower()}", "Tailor") for p in PARTS}


def parts_ahead(case: Case) -> dict[str, float]:
    """Return those parts less Mass's."""
    mass = {p: case.average(market(case), f"switching_{p.lower()}", "Mass") for p in PARTS}
    return {part: own - mass[part] for part, own in parts(case).items()}


def largest(case: Case) -> tuple[str, ...]:
    """Return the largest part of Tailor's mean switching cost, and any that do not differ."""
    here = market(case)
    return best_of({p: case.values(here, f"switching_{p.lower()}", "Tailor") for p in PARTS})


def costs_by_part(case: Case) -> Any:
    """Draw switching costs by part."""
    here = market(case)
    columns = [*(f"switching_{part.lower()}" for part in PARTS), "switching_cost_to_price"]
    frame = pd.DataFrame(
        {name: list(case.averages(here, name).values()) for name in columns}
    ).assign(period=int(here.periods) - 1, firm=list(here.firms))  # fmt: skip
    frame.attrs.update(settings_attrs(here))
    return cx.plot.switching_costs(frame)


def spread(case: Case) -> Any:
    """Draw switching costs over customers, in the first run."""
    customers = case.run(market(case), case.seeds[0], probes=["customers"]).customers
    return cx.plot.switching_cost_distribution(customers)


NUMBERS: Numbers = Numbers(
    market, taken, by_tenure, contact, procedural, parts, parts_ahead, largest, costs_by_part,
    spread,
    money=lambda case: case.between(market(case), "switching_cost", "Tailor", "Mass"),
    of_price=lambda case: case.averages(market(case), "switching_cost_to_price", times=100),
    effort=lambda case: without(case, "no onboarding effort"),
    unlearned=lambda case: without(case, "no learning"),
    unfit=lambda case: without(case, "no value of fit"),
    effort_lost=lambda case: -without(case, "no onboarding effort").value,
    learning_lost=lambda case: -without(case, "no learning").value,
    learning_holds=lambda case: without(case, "no onboarding effort").value
    > without(case, "no learning").value,
    first=lambda case: next(iter(taken(case))),
    sorting=lambda case: rise(case, "no learning"),
    rise=lambda case: rise(case, "with learning"),
    sorted_part=lambda case: 100 * rise(case, "no learning").value
    / rise(case, "with learning").value,
    bands=lambda _: dict(enumerate(BANDS)),
    largest_words=lambda case: " or ".join(largest(case)),
)  # fmt: skip


PLAN = read_plan(__file__, NUMBERS, market=market, varied=varied)
