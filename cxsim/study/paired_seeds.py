"""Comparison of scenarios, paired by seed: the same customers meet the same chance in each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from cxsim.messages import Place, Problem, found, number, seeds_of, whole
from cxsim.model.ledger import year_of
from cxsim.numerics.statistics import mean_and_error
from cxsim.runs import Run, run, settings_attrs, simulate
from cxsim.runs.measures.frames import statement_by_year, statement_lines
from cxsim.runs.measures.measure_registry import measures, summarize
from cxsim.runs.measures.profit import by_horizon, weights
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario, ScenarioError
from cxsim.study.claim_test import Books
from cxsim.study.comparison import Comparison, RunSummary, build_comparison, run_summary
from cxsim.study.value_of_lead import Value, interval, money_of, value_of

#: Called with how much is done, and how much there is to do.
Progress = Callable[[int, int], None]

#: What stands for a scenario in a contrast: its name, or the point that it is at.
Key = TypeVar("Key", bound=Hashable)

#: What is kept of a run.
Kept = TypeVar("Kept")


# -- A statistic of scenarios over the same seeds: what every comparison starts from -----------


def loaded(given: Scenario | str | Path, overrides: Any = None) -> Scenario:
    """Return a scenario, its file's or that of a name, with other values if any are given."""
    scenario = given if isinstance(given, Scenario) else Scenario.load(given)
    return scenario.override(overrides) if overrides else scenario


def sampling(seeds: int | Sequence[int], confidence: float) -> tuple[list[int], float]:
    """Return on which seeds to run, and how sure intervals are to be; what is neither is refused.

    Raises
    ------
    ValueError
        If ``seeds`` are none, or the confidence is not in (0, 1).
    """
    numbers = seeds_of(seeds)
    return numbers, number(confidence, "confidence", low=0, high=1, strict=True)


def counted(progress: Progress | None, tasks: int) -> Callable[[], None]:
    """Return what says, each time it is called, that one more of so many tasks is done."""
    done = count(1)

    def step() -> None:
        if progress is not None:
            progress(next(done), tasks)

    return step


def simulated(
    scenarios: Mapping[Key, Scenario],
    kept: Callable[[Simulation], Kept],
    seeds: Sequence[int],
    *,
    progress: Progress | None = None,
    probes: Mapping[Key, Sequence[Any]] | None = None,
    jobs: int = 1,
    **how: Any,
) -> dict[Key, list[Kept]]:
    """Simulate scenarios on the same seeds, and keep something of each run.

    Parameters
    ----------
    scenarios : mapping of hashable to Scenario
        By whatever names them.
    kept : callable
        Called with each finished simulation; what it returns is kept, nothing else is.
    seeds : sequence of int
    progress : callable, optional
        Called with (runs done, runs) after every run.
    probes : mapping of hashable to sequence, optional
        What one scenario is run with beside its own mechanisms.
    jobs : int
        Runs at a time.
    **how
        As for :func:`cxsim.runs.simulate`, for all runs.

    Returns
    -------
    dict of hashable to list
        By scenario, in the order of the seeds.
    """
    tasks = [(key, seed) for seed in seeds for key in scenarios]
    step, extra = counted(progress, len(tasks)), probes or {}
    found: dict[tuple[Key, int], Kept] = {}

    def one(task: tuple[Key, int]) -> None:
        key, seed = task
        found[task] = kept(simulate(scenarios[key], seed=seed, probes=extra.get(key, ()), **how))
        step()

    one(tasks[0])  # compiles before threads start
    if jobs == 1:
        for task in tasks[1:]:
            one(task)
    else:
        with ThreadPoolExecutor(jobs) as pool:
            for _ in pool.map(one, tasks[1:]):
                pass
    return {key: [found[key, seed] for seed in seeds] for key in scenarios}


def contrast(
    scenarios: Mapping[Key, Scenario],
    statistic: Callable[[Simulation], Any],
    seeds: int | Sequence[int],
    *,
    progress: Progress | None = None,
    probes: Mapping[Key, Sequence[Any]] | None = None,
) -> dict[Key, Any]:
    """Return a statistic of scenarios by seed, to be subtracted seed by seed.

    The same customers meet the same chance in each scenario, so that chance which two of them
    share cancels in their difference (common random numbers):
    ``estimate(found["with"] - found["without"])`` is that difference with its interval.

    Parameters
    ----------
    scenarios : mapping of hashable to Scenario
        By whatever names them: words, or the point of a map that they are at.
    statistic : callable
        Called with each finished simulation: returns a number, an array of shape (...), or a
        mapping of names to such. :func:`summary_of` and :func:`paths_of` make some.
    seeds : int or sequence of int
    progress : callable, optional
        Called with (runs done, runs) after every run.
    probes : mapping of hashable to sequence, optional
        What one scenario is run with beside its own mechanisms.

    Returns
    -------
    dict of hashable to ndarray of shape (S, ...), or to dict of str to such
        The statistic by scenario, in its own unit; seeds along the first axis.

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("baseline", {"customers": 200, "periods": 6})
    >>> dear = market.override({"firms.Mass.price": 30})
    >>> markets = {"as it is": market, "dear": dear}
    >>> found = contrast(markets, summary_of("Mass", ["market_share"]), 3)
    >>> (found["dear"]["market_share"] < found["as it is"]["market_share"]).tolist()
    [True, True, True]
    """
    made = simulated(scenarios, statistic, seeds_of(seeds), progress=progress, probes=probes)
    return {key: _stacked(values) for key, values in made.items()}


def _stacked(values: list[Any]) -> Any:
    if isinstance(values[0], Mapping):
        return {name: np.array([each[name] for each in values]) for name in values[0]}
    return np.array(values)


def framed(rows: Iterable[Mapping[str, Any]], scenario: Scenario, **facts: Any) -> pd.DataFrame:
    """Return rows as a frame that tells figures what the scenario calls things."""
    frame = pd.DataFrame(rows)
    frame.attrs.update(settings_attrs(scenario), **facts)
    return frame


# -- Draws of parameters: the uncertainty of estimates, carried into a comparison --------------

#: Draws of a calibration that are used where nobody says how many.
DRAWS = 40


def read_draws(given: Any, *, count: int = DRAWS) -> pd.DataFrame | None:
    """Return draws of parameters: a column per dotted path, a row per draw; None of nothing.

    Parameters
    ----------
    given : DataFrame, str, Path, Calibration, MomentMatch or None
        Draws, a table of them (CSV or Parquet), or a calibration that has some.
    count : int
        How many of a calibration's.

    Raises
    ------
    ValueError
        If it has fewer than two rows, or values that are no numbers, or no such file is there.
    TypeError
        If it is none of these.

    Examples
    --------
    >>> prices = pd.DataFrame({"firms.Mass.price": [18.0, 19.0]})
    >>> read_draws(prices).shape
    (2, 1)
    """
    if given is None or (isinstance(given, str) and not given):
        return None
    if isinstance(given, (str, Path)):
        from cxsim.study.designs import table_of_file

        path = Path(given)
        if path.suffix not in (".csv", ".parquet"):
            raise ValueError(f"draws: expected a file .csv or .parquet, found {found(str(given))}")
        try:
            table = table_of_file(path.parent, path.name, "a table of draws")
        except ValueError as error:
            raise ValueError(f"draws: {error}") from None
    elif isinstance(given, pd.DataFrame):
        table = given
    elif isinstance(getattr(given, "draws", None), pd.DataFrame):  # of a MomentMatch
        table = given.draws.head(count)
    elif callable(getattr(given, "sample", None)):  # of a Calibration
        table = given.sample(count)
    else:
        text = f"expected a frame, a file of one or a calibration, found {found(given)}"
        raise TypeError(f"draws: {text}")
    table = table.reset_index(drop=True).rename(columns=str)
    if len(table) < 2 or not len(table.columns):
        text = f"found {len(table)} rows of {len(table.columns)} columns"
        raise ValueError(f"draws: expected two rows or more of one column or more, {text}")
    for path in table.columns:
        numbers = pd.to_numeric(table[path], errors="coerce").to_numpy(dtype=float)
        if not np.isfinite(numbers).all():
            row = int(np.flatnonzero(~np.isfinite(numbers))[0])
            text = f"expected a number, found {found(table[path].iloc[row])}"
            raise ValueError(f"draws: row {row}: {path}: {text}")
        table[path] = numbers
    return table


def drawn_scenarios(scenarios: Sequence[Scenario], draws: pd.DataFrame) -> list[list[Scenario]]:
    """Return each scenario at each draw of the parameters, by scenario.

    Parameters
    ----------
    scenarios : sequence of Scenario
    draws : DataFrame
        As :func:`read_draws` returns.

    Raises
    ------
    ScenarioError
        If a path names nothing or a value is not allowed, with its row; or if the scenarios
        differ in a parameter of the draws, which would undo the difference.
    """
    rows = [{str(k): float(v) for k, v in row.items()} for row in draws.to_dict("records")]
    made = []
    for scenario in scenarios:
        of_one = []
        for place, row in enumerate(rows):
            try:
                of_one.append(scenario.override(row))
            except ScenarioError as error:
                first = error.problems[0]
                keys = (f"row {place}", *first.path)
                raise ScenarioError(Problem(Place("draws"), keys, first.text)) from None
        made.append(of_one)
    for path in draws.columns:
        held = [repr(scenario.value(path)) for scenario in scenarios]
        other = next((k for k, each in enumerate(held) if each != held[0]), None)
        if other is not None:
            text = (
                f"expected a parameter in which the scenarios agree, found {held[0]} in "
                f"{scenarios[0].name} and {held[other]} in {scenarios[other].name} (a draw would "
                "undo the difference; leave its column out)"
            )
            raise ScenarioError(Problem(Place("draws"), (path,), text))
    return made


def summary_of(firm: str, names: Sequence[str]) -> Callable[[Simulation], dict[str, float]]:
    """Return a statistic: measures of a firm, each summarized over the run, by name."""

    def statistic(simulation: Simulation) -> dict[str, float]:
        of_firm = summarize(simulation)[firm]
        return {name: of_firm[name] for name in names}

    return statistic


def paths_of(firm: str, names: Sequence[str]) -> Callable[[Simulation], dict[str, np.ndarray]]:
    """Return a statistic: measures of a firm by period, each (T,), by name."""

    def statistic(simulation: Simulation) -> dict[str, np.ndarray]:
        books = simulation.ledger
        known = {each.name: each for each in measures("firm", simulation.mechanisms)}
        place = books.firms.index(firm)
        return {name: known[name].function(books)[:, place] for name in names}

    return statistic


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
    draws: pd.DataFrame | str | Path | Any = None,
    progress: Progress | None = None,
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
    draws : DataFrame, str, Path, Calibration or MomentMatch, optional
        Draws of estimated parameters (a column per dotted path, a row per draw), a file of
        them, or a calibration, of which 40 are taken. Every scenario runs with every draw on
        every seed. Intervals then hold the uncertainty of the estimates too, and columns
        separate it from chance.
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
    >>> shares = result.table.query("measure == 'market_share'").set_index("firm")
    >>> shares["difference"].round(3).to_dict()
    {'Mass': 0.04, 'Niche': -0.016, 'Targeted': -0.011, 'Tailor': -0.013}
    """
    scenarios = [loaded(given, overrides) for given in (baseline, *others)]
    numbers, confidence = sampling(seeds, confidence)
    jobs = whole(jobs, "jobs", low=1)
    _check(scenarios)
    how: dict[str, Any] = {
        "jobs": jobs, "progress": progress, "engine": engine, "rules": rules
    }  # fmt: skip
    drawn = read_draws(draws)
    if drawn is None:
        books: dict[tuple[str, int], Books] = {}

        def kept(simulation: Simulation) -> RunSummary:
            summary = run_summary(simulation)
            if simulation.seed in numbers[:BOOKS]:
                books[summary.provenance["digest"], simulation.seed] = Books.of(simulation)
            return summary

        made = simulated(dict(enumerate(scenarios)), kept, numbers, **how)
        result = build_comparison(
            scenarios, list(made.values()), seeds=numbers, confidence=confidence
        )
        result.books = books
        return result
    seeds_with_draws(numbers)
    at = drawn_scenarios(scenarios, drawn)
    if overrides:
        _apart(loaded(baseline), scenarios[0], drawn)
    points = {(k, n): each for k, those in enumerate(at) for n, each in enumerate(those)}
    found = simulated(points, run_summary, numbers, **how)
    runs = [[run for n in range(len(drawn)) for run in found[k, n]] for k in range(len(at))]
    return build_comparison(scenarios, runs, seeds=numbers, confidence=confidence, draws=drawn)


#: Seeds of which a comparison keeps the books: as many as claims are tested on in reports.
BOOKS = 20


def seeds_with_draws(seeds: Sequence[int]) -> None:
    """Refuse one seed where draws are to be separated from chance.

    Raises
    ------
    ValueError
    """
    if len(seeds) < 2:
        raise ValueError(
            "seeds: expected two or more with draws, found one: it cannot separate the "
            "uncertainty of the estimates from chance"
        )


def _apart(given: Scenario, changed: Scenario, draws: pd.DataFrame) -> None:
    """Refuse overrides of what is drawn, which the draws would undo."""
    for path in draws.columns:
        if repr(given.value(path)) != repr(changed.value(path)):
            text = f"expected a parameter that is not drawn, found {path} among the draws too"
            raise ScenarioError(Problem(Place("overrides"), (path,), text))


def _check(scenarios: list[Scenario]) -> None:
    if len(scenarios) < 2:
        raise ValueError("compare: expected at least two scenarios, found one")
    periods = {scenario.name: int(scenario.periods) for scenario in scenarios}
    if len({scenario.periods for scenario in scenarios}) > 1:
        raise ValueError(
            f"periods: expected the same in all scenarios, found {periods} "
            "(set it for all with -s periods=N)"
        )


# -- One scenario over several seeds: means, their errors, and time series with bands ----------


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
    statement : DataFrame
        The income statement by year: ``firm, line, label, year, amount, se``, in currency, 0 for
        the whole run.
    profit : ndarray, shape (seeds, periods, firms)
        Firms in the order of the scenario.
    equity : ndarray, shape (seeds, firms)
        Customer equity at the end.
    """

    first: Run
    seeds: list[int]
    means: pd.DataFrame
    series: pd.DataFrame
    statement: pd.DataFrame
    profit: np.ndarray = field(repr=False)
    equity: np.ndarray = field(repr=False)

    @property
    def firms(self) -> list[str]:
        """Names, in the order of the scenario."""
        return list(self.first.scenario.firms)

    def lead(self, confidence: float = 0.95) -> tuple[str, str, Value]:
        """Return the firm that earns most within the horizon, the firm it leads, and the lead.

        The other is the firm that earns most with the last year's profit in perpetuity, if it
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
        money = money_of(settings)
        rate, year = money["discount_rate"], year_of(money["period"])
        mean = self.profit.mean(axis=0)
        within = by_horizon(mean, rate)[-1]
        beyond = within.copy()
        if rate:
            beyond += weights(len(mean), rate)[-1] * mean[-year:].mean(axis=0) / rate
        order = within.argsort()[::-1]
        best, later = int(order[0]), int(beyond.argmax())
        other = later if later != best else int(order[1])
        profit, equity = (each[..., best] - each[..., other] for each in (self.profit, self.equity))
        value = value_of(profit, equity, confidence=confidence, **money)
        return self.firms[best], self.firms[other], value


def replicate(
    scenario: Scenario,
    *,
    seed: int = 0,
    seeds: int = 5,
    confidence: float = 0.95,
    panel: int = 0,
    progress: Progress | None = None,
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
        Of the bands around time series.
    panel : int
        Households in the purchase panel of the first run; 0 for none.
    progress : callable, optional
        Called with (runs done, runs) after every run.
    """
    seed, seeds = whole(seed, "seed", low=0), whole(seeds, "seeds", low=1)
    numbers = list(range(seed, seed + seeds))
    step = counted(progress, seeds)
    runs: list[Run] = []
    for k in numbers:
        runs.append(run(scenario, seed=k, panel=0 if runs else panel))
        step()
    return Replications(
        runs[0], numbers, _means(runs), _series(runs, confidence), _statement(runs),
        profit=_of_firms(runs, "profit"), equity=_of_firms(runs, "customer_equity")[:, -1],
    )  # fmt: skip


def _of_firms(runs: list[Run], measure: str) -> np.ndarray:
    """Return a measure by seed, period and firm."""
    firms = list(runs[0].scenario.firms)
    wide = (each.firms.pivot(index="period", columns="firm", values=measure) for each in runs)
    return np.array([each[firms].to_numpy() for each in wide])


def _means(runs: list[Run]) -> pd.DataFrame:
    frame = runs[0].summary()[["measure", "firm"]]
    mean, error = mean_and_error(np.array([each.summary()["value"].to_numpy() for each in runs]))
    return frame.assign(mean=mean, se=error)


def _statement(runs: list[Run]) -> pd.DataFrame:
    lines = [line.name for line, _ in statement_lines(runs[0].firms.columns)]
    settings = runs[0].scenario
    amounts = {name: _of_firms(runs, name) for name in lines}
    year = year_of(settings.period_length)
    return statement_by_year(amounts, list(settings.firms), year, mean_and_error)


def _series(runs: list[Run], confidence: float) -> pd.DataFrame:
    keys = ["firm", "period"]
    first = runs[0].firms[keys]
    names: list[Any] = list(runs[0].firms.drop(columns=keys).select_dtypes("number").columns)
    values = np.array([each.firms[names].to_numpy() for each in runs])  # (S, T * F, M)
    found = interval(values, confidence)
    frames = [
        first.assign(measure=name, **{column: each[:, k] for column, each in found.items()})
        for k, name in enumerate(names)
    ]
    return pd.concat(frames, ignore_index=True)
