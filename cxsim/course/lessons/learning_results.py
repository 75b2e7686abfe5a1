"""Lesson 4, what comes out: switching costs in money, and what retention rests on."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.analytic import knowledge_after
from cxsim.course.case import Case, once
from cxsim.course.estimate import Estimate, with_unit
from cxsim.measures.buying import held_and_kept
from cxsim.mechanisms.learning import precision
from cxsim.mechanisms.lifetime import TENURE_BANDS
from cxsim.mechanisms.switching import barrier
from cxsim.plot.numbers import number
from cxsim.scenario import Scenario

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

__all__ = [
    "BANDS",
    "PARTS",
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
        books = case.simulate(here, seed).books
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
    told = precision(float(here.learning_rate), float(firm.interaction), float(segment.disclosure))
    return 100 * float(knowledge_after(purchases(case), precision=told))


def procedural(case: Case) -> float:
    """Return the procedural switching cost then, in EUR."""
    segment, firm = a_segment(case), market(case).firms["Tailor"]
    return barrier(
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
