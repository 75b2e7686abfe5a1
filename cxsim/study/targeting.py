"""What targeting is worth: lift of each rule, by how far attributes tell of needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.arguments import number, seeds_of
from cxsim.runs import simulate
from cxsim.scenario import Scenario
from cxsim.study.statistics import half_width, mean_and_error

__all__ = ["look_alike_lift", "service_lift"]

RULES = ("random", "analytics", "predictive")


def look_alike_lift(
    scenario: Scenario | str | Path,
    firm: str,
    *,
    correlations: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95),
    seeds: int = 8,
    confidence: float = 0.95,
    overrides: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return the lift of a firm's contacts by targeting rule and correlation of attributes.

    Every rule meets the same customers, seed by seed, under the same correlation of both kinds
    of attributes with needs.

    Parameters
    ----------
    scenario : Scenario, str or Path
        One in which the firm has ``acquisition``.
    firm : str
    correlations : sequence of float
        Values of ``attributes.firmographic`` and ``attributes.behavioural``.
    seeds : int
        How many, from 0 on.
    confidence : float
        Of the intervals, in (0, 1).
    overrides : mapping or iterable of str, optional
        Changed parameters by dotted path, in all runs.
    progress : callable, optional
        Called with (runs done, runs) after every run.

    Returns
    -------
    DataFrame
        ``correlation, rule, lift, lower, upper``; rules are random, analytics, predictive,
        oracle (who knows what customers are worth) and "predictive - analytics", the paired
        difference. Attribute ``firm`` says whose contacts.

    Raises
    ------
    ValueError
        If the firm contacts nobody.
    """
    base = _loaded(scenario, overrides)
    if firm not in base.firms or base.firms[firm].acquisition is None:
        raise ValueError(f"firm: expected one with acquisition, found {firm!r}")
    points = [
        (
            {"correlation": rho},
            {
                "attributes": {"firmographic": rho, "behavioural": rho},
                f"firms.{firm}.acquisition.targeting": rule,
            },
            rule,
        )
        for rho in map(float, correlations)
        for rule in RULES
    ]
    totals = ("value_contacted", "contacts_made", "value_prospects", "prospects")
    return _lifts(
        base, firm, points, (*totals, "value_best_prospects"), seeds, confidence, progress
    )


def service_lift(
    scenario: Scenario | str | Path,
    firm: str,
    *,
    capacities: Sequence[float] = (0.05, 0.1, 0.2, 0.4),
    seeds: int = 8,
    confidence: float = 0.95,
    overrides: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return the lift of whom a firm serves individually, by rule and contact capacity.

    As :func:`look_alike_lift`, with a column ``capacity`` in place of ``correlation`` and the
    rule "random" for ``goes_to: everyone``.

    Raises
    ------
    ValueError
        If the firm has no ``value_tiers``.
    """
    base = _loaded(scenario, overrides)
    if firm not in base.firms or base.firms[firm].value_tiers is None:
        raise ValueError(f"firm: expected one with value_tiers, found {firm!r}")
    path = f"firms.{firm}.value_tiers"
    points = [
        (
            {"capacity": share},
            {
                f"{path}.contact_capacity": share,
                f"{path}.goes_to": "everyone" if rule == "random" else rule,
            },
            rule,
        )
        for share in map(float, capacities)
        for rule in RULES
    ]
    totals = ("value_served", "served", "value_ranked", "ranked", "value_best")
    return _lifts(base, firm, points, totals, seeds, confidence, progress)


def _loaded(given: Scenario | str | Path, overrides: Any) -> Scenario:
    scenario = given if isinstance(given, Scenario) else Scenario.load(given)
    return scenario.override(overrides) if overrides else scenario


def _lifts(
    base: Scenario,
    firm: str,
    points: list[tuple[dict[str, float], dict[str, Any], str]],
    totals: tuple[str, ...],
    seeds: int,
    confidence: float,
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    """Play every point with every seed and put lifts side by side."""
    numbers = seeds_of(seeds)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    place = sorted(base.firms).index(firm)
    found: dict[tuple[float, str], list[float]] = {}
    done = 0
    for where, changes, rule in points:
        (at,) = where.values()
        scenario = base.override(changes)
        for seed in numbers:
            books = simulate(scenario, seed=seed).books
            sums = [float(books.count(name)[:, place].sum()) for name in totals]
            value, many, value_all, everybody, best = sums
            mean = value_all / everybody if everybody else np.nan
            found.setdefault((at, rule), []).append(value / many / mean if many else np.nan)
            if rule == "predictive":
                found.setdefault((at, "oracle"), []).append(best / many / mean if many else np.nan)
            done += 1
            if progress is not None:
                progress(done, len(points) * len(numbers))
    (axis,) = points[0][0]
    for at in dict.fromkeys(at for at, _ in found):
        pair = zip(found[at, "predictive"], found[at, "analytics"], strict=True)
        found[at, "predictive - analytics"] = [a - b for a, b in pair]
    rows = []
    for (at, rule), values in found.items():
        center, error = mean_and_error(np.array(values))
        half = half_width(error, len(values), confidence)
        row = {"lift": center, "lower": center - half, "upper": center + half}
        rows.append({axis: at, "rule": rule, **row})
    frame = pd.DataFrame(rows).sort_values(axis, kind="stable", ignore_index=True)
    frame.attrs.update(firm=firm, seeds=seeds, confidence=confidence)
    return frame
