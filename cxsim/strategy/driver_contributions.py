"""Driver contributions: each term of utility switched off in turn, in both scenarios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from cxsim.messages import choice
from cxsim.model.mechanism import Column, Mechanism, Pass, add_passes
from cxsim.runs.measures.measure_registry import summarize
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.study.comparison import divided
from cxsim.study.paired_seeds import Progress, contrast, sampling
from cxsim.study.value_of_lead import estimate


def terms(*scenarios: Scenario) -> dict[str, str]:
    """Return the terms of the choice in any of the scenarios: name of the pass and words."""
    return {name: words for each in scenarios for name, words in add_passes(each.mechanisms)}


def set_aside(n, value, worth_aside):  # type: ignore[no-untyped-def]
    """Note what options are worth before the term."""
    for e in range(len(value)):
        for o in range(len(value[e])):
            for i in range(n):
                worth_aside[e, o, i] = value[e, o, i]


def put_back(n, value, worth_aside):  # type: ignore[no-untyped-def]
    """Let options be worth what they were before it."""
    for e in range(len(value)):
        for o in range(len(value[e])):
            for i in range(n):
                value[e, o, i] = worth_aside[e, o, i]


def muted(term: str) -> Callable[[Any, tuple[Mechanism, ...]], Mechanism]:
    """Return a probe that switches off one driver of choice: for ``probes`` of a simulation.

    Parameters
    ----------
    term : str
        Name of a pass that adds a term, one of :func:`terms`. A scenario without that
        pass is left as it is.
    """

    def mute(_: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
        names = [name for name, _ in add_passes(mechanisms)]
        if term not in names:
            return Mechanism("mute")
        k = names.index(term)
        return Mechanism(
            "mute",
            doc=f"Driver of choice switched off: {term}",
            columns=(Column("worth_aside", ("member", "option"), "f8", state=False),),
            passes=(
                Pass(set_aside, "add", after=tuple(names[:k]), before=(term,)),
                Pass(put_back, "add", after=(term,), before=tuple(names[k + 1 :])),
            ),
        )

    return mute


def driver_contributions(
    baseline: Scenario,
    other: Scenario,
    *,
    firm: str,
    measure: str = "market_share",
    seeds: int | Sequence[int] = 5,
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Take a difference apart: how much of it disappears when a driver of choice is switched off.

    Both scenarios are run again without each term of the choice in turn, over paired seeds.
    Terms work together, so that their parts need not add up to the difference.

    Parameters
    ----------
    baseline, other : Scenario
    firm : str
        A firm of both.
    measure : str
        Name of a measure of firms.
    seeds : int or sequence of int
    confidence : float
        Of the intervals.
    progress : callable, optional
        Called with (runs done, runs).

    Returns
    -------
    DataFrame
        Of a mean over periods, that of those from the event on that sets the scenarios apart.
        A row per term, the largest part first: ``term`` (in words), ``difference`` (all
        terms on), ``without`` (this one off), ``part`` (their difference: what the term
        accounts for), ``se``, ``lower``, ``upper`` of the part.

    Raises
    ------
    ValueError
        If a scenario has no such firm or measure.

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("baseline", {"customers": 200, "periods": 12})
    >>> dearer = market.override({"firms.Tailor.price": 22})
    >>> parts = driver_contributions(market, dearer, firm="Tailor", seeds=2)
    >>> parts["term"].iloc[0]
    'price'
    """
    seeds, confidence = sampling(seeds, confidence)
    found, start = terms(baseline, other), divided(baseline, other)
    scenarios = {
        (blind, side): scenario
        for blind in ("", *found)
        for side, scenario in (("baseline", baseline), ("other", other))
    }

    def statistic(simulation: Simulation) -> float:
        summary = summarize(simulation, start)
        choice(firm, "firm", summary)
        return summary[firm][choice(measure, "measure", summary[firm])]

    blind = {key: [muted(key[0])] for key in scenarios if key[0]}
    made = contrast(scenarios, statistic, seeds, probes=blind, progress=progress)
    apart = {name: made[name, "other"] - made[name, "baseline"] for name in ("", *found)}
    rows = [
        {
            "term": words,
            "difference": float(apart[""].mean()),
            "without": float(apart[name].mean()),
            **estimate(apart[""] - apart[name], confidence).row("part"),
        }
        for name, words in found.items()
    ]
    frame = pd.DataFrame(rows)
    return frame.sort_values("part", key=abs, ascending=False, ignore_index=True)
