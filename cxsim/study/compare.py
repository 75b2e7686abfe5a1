"""Comparison of scenarios, paired by seed: the same customers meet the same chance in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cxsim.arguments import number, seeds_of, whole
from cxsim.runs import simulate
from cxsim.scenario import Scenario
from cxsim.study.comparison import Comparison, side_by_side
from cxsim.study.outcome import Outcome, outcome_of

__all__ = ["compare"]


def compare(
    baseline: Scenario | str | Path,
    *others: Scenario | str | Path,
    seeds: int | Sequence[int] = 20,
    overrides: Mapping[str, Any] | Iterable[str] | None = None,
    confidence: float = 0.95,
    engine: str = "columnar",
    rules: Mapping[str, Callable[..., Any]] | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare scenarios over paired seeds.

    Parameters
    ----------
    baseline, *others : Scenario, str or Path
        Scenarios, their files, or names of some that ship with the package.
    seeds : int or sequence of int
        How many seeds (from 0 on), or which.
    overrides : mapping or iterable of str, optional
        Changed parameters by dotted path, in all scenarios.
    confidence : float
        Of the intervals, in (0, 1).
    engine : {"columnar", "plain", "agents"}
        Compiled columns, or one Mesa agent per customer; the numbers are the same.
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, in all scenarios.
    jobs : int
        Runs at a time.
    progress : callable, optional
        Called with (runs done, runs) after every run.

    Returns
    -------
    Comparison

    Raises
    ------
    ScenarioError
        If a scenario or an override is not valid.
    ValueError
        If there is nothing to compare, or the scenarios differ in their periods.

    Examples
    --------
    >>> small = {"customers": 300, "periods": 36}
    >>> result = compare("baseline", "copycat", seeds=3, overrides=small)
    >>> shares = result.table.query("measure == 'share'").set_index("firm")
    >>> shares["difference"].round(3).to_dict()
    {'Mass': 0.04, 'Niche': -0.016, 'Targeted': -0.011, 'Tailor': -0.013}
    """
    scenarios = [_loaded(given, overrides) for given in (baseline, *others)]
    numbers, jobs = seeds_of(seeds), whole(jobs, "jobs", low=1)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    _check(scenarios)
    tasks = [(k, seed) for seed in numbers for k in range(len(scenarios))]
    done: dict[tuple[int, int], Outcome] = {}

    def outcome(task: tuple[int, int]) -> None:
        simulation = simulate(scenarios[task[0]], seed=task[1], engine=engine, rules=rules)
        done[task] = outcome_of(simulation)
        if progress is not None:
            progress(len(done), len(tasks))

    if jobs == 1:
        for task in tasks:
            outcome(task)
    else:
        outcome(tasks[0])  # compiles before threads start
        with ThreadPoolExecutor(jobs) as pool:
            for _ in pool.map(outcome, tasks[1:]):
                pass
    runs = [[done[k, seed] for seed in numbers] for k in range(len(scenarios))]
    return side_by_side(scenarios, runs, seeds=numbers, confidence=confidence)


def _loaded(given: Scenario | str | Path, overrides: Any) -> Scenario:
    scenario = given if isinstance(given, Scenario) else Scenario.load(given)
    return scenario.override(overrides) if overrides else scenario


def _check(scenarios: list[Scenario]) -> None:
    if len(scenarios) < 2:
        raise ValueError("compare: expected at least two scenarios, found one")
    periods = {scenario.name: int(scenario.periods) for scenario in scenarios}
    if len({scenario.periods for scenario in scenarios}) > 1:
        raise ValueError(
            f"periods: expected the same in all scenarios, found {periods} "
            "(set it for all with -s periods=N)"
        )
