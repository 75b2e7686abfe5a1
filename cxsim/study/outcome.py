"""What a study keeps of one run: each measure in one number, and the course of some."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cxsim.measures import measures
from cxsim.measures.summary import summarize
from cxsim.runs.provenance import provenance

__all__ = ["Outcome", "outcome_of"]


#: Periods up to which means can be taken over a part of a run: of longer ones they are not kept.
LONGEST = 2000


@dataclass(frozen=True)
class Outcome:
    """One run, boiled down.

    Attributes
    ----------
    summary : dict of str to dict
        Each measure summarized over the run, by firm and for the market.
    courses : dict of str to ndarray
        Measures by period and firm, (T, F), firms in the order of the scenario: those marked
        ``series``, and those of which a run's summary is a mean.
    market : dict of str to ndarray
        Measures of the market of which a run's summary is a mean, by period, (T,).
    provenance : dict
    """

    summary: dict[str, dict[str, float]]
    courses: dict[str, np.ndarray]
    provenance: dict[str, Any]
    market: dict[str, np.ndarray] = field(default_factory=dict)


def outcome_of(simulation: Any) -> Outcome:
    """Boil a finished simulation down."""
    books = simulation.books
    order = [books.firms.index(name) for name in simulation.scenario.firms]
    courses = {
        m.name: m.function(books)[:, order]
        for m in measures("firm", simulation.mechanisms)
        if m.series or (m.summary == "mean" and books.periods <= LONGEST)
    }
    market = {
        m.name: m.function(books)
        for m in measures("market", simulation.mechanisms)
        if m.summary == "mean" and books.periods <= LONGEST
    }
    return Outcome(summarize(simulation), courses, provenance(simulation), market)
