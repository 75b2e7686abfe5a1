"""What a study keeps of one run: each measure in one number, and the course of some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cxsim.measures import measures
from cxsim.measures.summary import summarize
from cxsim.runs.provenance import provenance

__all__ = ["COURSES", "Outcome", "outcome_of"]

#: Measures whose course over the periods is kept.
COURSES = (
    "share",
    "customers",
    "retention",
    "knowledge",
    "switching_cost",
    "profit",
    "cumulative_profit",
    "interaction",
    "customization",
)


@dataclass(frozen=True)
class Outcome:
    """One run, boiled down.

    Attributes
    ----------
    summary : dict of str to dict
        Each measure summarized over the run, by firm and for the market.
    courses : dict of str to ndarray
        Measures by period and firm, (T, F), firms in the order of the scenario.
    provenance : dict
    """

    summary: dict[str, dict[str, float]]
    courses: dict[str, np.ndarray]
    provenance: dict[str, Any]


def outcome_of(simulation: Any) -> Outcome:
    """Boil a finished simulation down."""
    books = simulation.books
    order = [books.firms.index(name) for name in simulation.scenario.firms]
    courses = {
        m.name: m.function(books)[:, order]
        for m in measures("firm", simulation.mechanisms)
        if m.name in COURSES
    }
    return Outcome(summarize(simulation), courses, provenance(simulation, "columnar"))
