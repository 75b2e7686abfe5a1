"""Comparison of scenarios, paired by seed: the same customers meet the same chance in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.messages import number, seeds_of, whole
from cxsim.numerics.statistics import half_width, mean_and_error
from cxsim.runs import Run, run, simulate
from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.measures.profit import by_horizon, weights, year_of
from cxsim.scenario import Scenario
from cxsim.study.comparison import Comparison, Outcome, outcome_of, side_by_side
from cxsim.study.value_of_lead import Value, value_of

__all__ = ["Replications", "compare", "courses", "replicate"]


# -- Comparison of scenarios, paired by seed: the same customers meet the same chance in each


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


# -- Measures of scenarios run on the same seeds, as arrays to be subtracted -------------------


def courses(
    scenario: Scenario, wanted: Iterable[str], seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Run a scenario on seeds and return measures of firms, each (seeds, periods, firms).

    Firms stand in the order of the scenario.
    """
    made: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
    for seed in seeds:
        simulation = simulate(scenario, seed=seed)
        books = simulation.ledger
        order = [books.firms.index(name) for name in scenario.firms]
        for measure in measures("firm", simulation.mechanisms):
            if measure.name in made:
                made[measure.name].append(measure.function(books)[:, order])
    return {name: np.array(values) for name, values in made.items()}


# -- One scenario over several seeds: means, their errors, and courses with bands --------------


@dataclass(frozen=True)
class Replications:
    """Runs of one scenario that differ in chance only.

    Attributes
    ----------
    first : Run
        The run of the first seed, whole.
    seeds : list of int
    means : DataFrame
        ``measure, firm, mean, se``: each measure summarized over a run, its mean over
        seeds and Monte-Carlo standard error.
    series : DataFrame
        ``firm, period, measure, mean, se, lower, upper``.
    profit : ndarray, shape (seeds, periods, firms)
        Firms in the order of the scenario.
    equity : ndarray, shape (seeds, firms)
        Customer equity at the end.
    """

    first: Run
    seeds: list[int]
    means: pd.DataFrame
    series: pd.DataFrame
    profit: np.ndarray = field(repr=False)
    equity: np.ndarray = field(repr=False)

    @property
    def firms(self) -> list[str]:
        """Names, in the order of the scenario."""
        return list(self.first.scenario.firms)

    def lead(self, confidence: float = 0.95) -> tuple[str, str, Value]:
        """Return who earns most within the horizon, over whom, and what that lead is worth.

        The other is the firm that earns most with the last year's profit for ever where that
        is another one, else the next best.

        Parameters
        ----------
        confidence : float
            Of the intervals.

        Raises
        ------
        ValueError
            If there is one firm only.
        """
        if len(self.firms) < 2:
            raise ValueError(f"firms: expected two or more, found {', '.join(self.firms)}")
        settings = self.first.scenario
        rate = float(settings.discount_rate)
        mean = self.profit.mean(axis=0)
        order = by_horizon(mean, rate)[-1].argsort()[::-1]
        year = year_of(str(settings.period_length))
        beyond = by_horizon(mean, rate)[-1] + (
            weights(len(mean), rate)[-1] * mean[-year:].mean(axis=0) / rate if rate else 0.0
        )
        best, later = int(order[0]), int(beyond.argmax())
        other = later if later != best else int(order[1])
        value = value_of(
            self.profit[:, :, best] - self.profit[:, :, other],
            self.equity[:, best] - self.equity[:, other],
            discount_rate=rate, period=str(settings.period_length),
            currency=str(settings.currency), confidence=confidence,
        )  # fmt: skip
        return self.firms[best], self.firms[other], value


def replicate(
    scenario: Scenario,
    *,
    seed: int = 0,
    seeds: int = 5,
    confidence: float = 0.95,
    panel: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Replications:
    """Run a scenario with several seeds.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        The first seed; the others follow.
    seeds : int
        How many.
    confidence : float
        Of the bands around courses.
    panel : int
        Households in the purchase panel of the first run; 0 for none.
    progress : callable, optional
        Called with (runs done, runs) after every run.
    """
    seed, seeds = whole(seed, "seed", low=0), whole(seeds, "seeds", low=1)
    numbers = list(range(seed, seed + seeds))
    runs: list[Run] = []
    for k in numbers:
        runs.append(run(scenario, seed=k, panel=0 if runs else panel))
        if progress is not None:
            progress(len(runs), seeds)
    return Replications(
        runs[0], numbers, _means(runs), _series(runs, confidence),
        profit=_of_firms(runs, "profit"), equity=_of_firms(runs, "customer_equity")[:, -1],
    )  # fmt: skip


def _of_firms(runs: list[Run], measure: str) -> np.ndarray:
    """Return a measure by seed, period and firm."""
    firms = list(runs[0].scenario.firms)
    return np.array(
        [
            each.firms.pivot(index="period", columns="firm", values=measure)[firms].to_numpy()
            for each in runs
        ]
    )


def _means(runs: list[Run]) -> pd.DataFrame:
    frame = runs[0].summary()[["measure", "firm"]]
    values = np.array([each.summary()["value"].to_numpy() for each in runs])
    mean, error = mean_and_error(values)
    return frame.assign(mean=mean, se=error)


def _series(runs: list[Run], confidence: float) -> pd.DataFrame:
    keys = ["firm", "period"]
    names: list[Any] = list(runs[0].firms.drop(columns=keys).select_dtypes("number").columns)
    values = np.array([each.firms[names].to_numpy() for each in runs])  # (S, T * F, M)
    mean, error = mean_and_error(values)
    half = half_width(error, len(runs), confidence)
    frames = [
        runs[0]
        .firms[keys]
        .assign(
            measure=name,
            mean=mean[:, k],
            se=error[:, k],
            lower=mean[:, k] - half[:, k],
            upper=mean[:, k] + half[:, k],
        )
        for k, name in enumerate(names)
    ]
    return pd.concat(frames, ignore_index=True)
