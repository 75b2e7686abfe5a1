"""A sweep: a study's runs, as far as they are not stored yet."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from cxsim.files.whole import file_name
from cxsim.identity import text_digest
from cxsim.messages import argument_hints, number, whole
from cxsim.runs.components import changed
from cxsim.runs.simulation import Simulation, first_step
from cxsim.scenario.imports import sources
from cxsim.study.outputs import codebook, observers_of
from cxsim.study.results import StudyResult
from cxsim.study.runner import Runner
from cxsim.study.store import Leases, Store
from cxsim.study.store_folder import StoreError
from cxsim.study.stored_runs import DesignCells, superseded
from cxsim.study.study import Study
from cxsim.study.workers import (
    Pool,
    PoolError,
    RunOutcome,
    SweepProgress,
    Task,
    open_pool,
    process_name,
)

# -- A sweep: a study's runs, as far as they are not stored yet --------------------------------


@argument_hints
def sweep(
    study: Study | str | Path | Mapping[str, Any],
    *,
    store: str | Path | Store | None = None,
    executor: Executor | str | None = None,
    jobs: int | None = None,
    address: str | None = None,
    rules: Mapping[str, Callable[..., Any]] | None = None,
    timeout: float | None = None,
    retry_failed: bool = False,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> StudyResult:
    """Run a study, as far as its runs are not stored yet.

    Parameters
    ----------
    study : Study, str, Path or mapping
        A study, its file or name, or a mapping with the structure of a study file.
    store : str, Path or Store, optional
        Folder of the results; default ``results/sweep-NAME``.
    executor : Executor or str, optional
        ``"processes"`` (default), ``"threads"``, ``"dask"``, ``"inline"``, or an executor
        with the interface of :mod:`concurrent.futures`.
    jobs : int, optional
        Runs at a time; default: the processors there are.
    address : str, optional
        Of a Dask scheduler, for ``executor="dask"``; default: a cluster on this machine.
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, by name.
    timeout : float, optional
        Seconds that one run may take.
    retry_failed : bool
        Whether runs that failed before are done again.
    shard : (int, int), optional
        ``(i, n)``: only every n-th point, from the i-th (1 to n) on.
    progress : callable, optional
        Called with a :class:`SweepProgress` several times a second; default: a line in a live
        notebook, nothing elsewhere.

    Returns
    -------
    StudyResult

    Raises
    ------
    ScenarioError
        If the study is not valid.
    StoreError
        If the store cannot be read or written; what was written stays.
    PoolError
        If no workers are available, or the scheduler is lost; finished runs are stored.

    Examples
    --------
    >>> study = {
    ...     "scenario": "baseline",
    ...     "overrides": {"customers": 100, "periods": 12},
    ...     "factors": {"firms.Tailor.price": [18, 22]},
    ...     "design": "grid",
    ...     "seeds": 2,
    ...     "outputs": ["market_share.Tailor"],
    ... }
    >>> result = sweep(study, store="prices", executor="inline")
    >>> len(result.frame), len(result.failed)
    (4, 0)
    """
    if isinstance(study, Mapping):
        study = Study.from_dict(study)
    elif not isinstance(study, Study):
        study = Study.load(study)
    place = store if isinstance(store, Store) else Store(store or default_store(study))
    jobs = None if jobs is None else whole(jobs, "jobs", low=1)
    timeout = None if timeout is None else number(timeout, "timeout", low=0)
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise ValueError(f"shard: expected i/n with i from 1 to n, found {shard[0]}/{shard[1]}")
    if study.base is not None:
        place.keep_scenario(study.base)
    place.describe(codebook(study))
    place.keep_study(study.name, study.digest, study.to_dict())
    place.keep_sources(sources())
    _compile(study, rules)
    cells = DesignCells(study, study.model(rules), shard)
    own = _agree(study, cells, place, shard)
    pool = open_pool(executor, jobs, address, own)
    report = SweepProgress(workers=pool.workers)
    if len(place):
        cells.recall(place)
        report.superseded = superseded(cells, study.seeds, place)
    loop = SweepLoop(study, place, cells, pool, report, timeout, retry_failed, progress or live())
    try:
        loop.all()
    except Exception as error:
        gone = pool.lost(error)
        if gone is None:
            raise
        raise PoolError(
            f"{gone}; {report.stored + report.done:,} of {report.total:,} runs are stored; "
            "start again to go on"
        ) from error
    finally:
        loop.close()
        pool.close()
        cells.remember(place)
    return StudyResult(study, place, cells, report)


def default_store(study: Study) -> Path:
    """Return the folder of a study's results where none is named."""
    return Path("results") / file_name(f"sweep-{study.name}")


def _agree(study: Study, cells: DesignCells, store: Store, shard: tuple[int, int] | None) -> str:
    """See to it that the shards of a study that meet in one store run the same code.

    The first shard says what it runs; a sweep without shards says it anew.

    Returns
    -------
    str
        The digest of the code if some of it is a user's own, "" if none is.

    Raises
    ------
    StoreError
        If an earlier shard ran other code.
    """
    if not len(cells):
        return ""
    code = cells.code(0)  # the first of the whole study, whatever the shard
    asked = f"{cells.task(0, study.seeds[0])} {study.points.to_csv(index=False)}"
    key = text_digest(asked)  # the study's, whatever its code
    before = store.agreed(key)
    if shard is not None and before and before["code"] != code.digest:
        differs = changed(code.named, store.code(before["code"]), most=1)
        raise StoreError(
            f"{store.folder}: expected the code of the other shards of this study (by "
            f"{before['worker']}, cxsim {before['cxsim']}), found another "
            f"({differs or 'code'}): give another store, adopt it (cxsim store adopt), or run "
            "the study once without --shard"
        )
    store.keep_code(code.digest, lambda: code.named)
    store.agree(key, {"code": code.digest, "worker": process_name()})
    return code.digest if code.texts() else ""


def _compile(study: Study, rules: Mapping[str, Callable[..., Any]] | None) -> None:
    """Compile what the runs need before workers start: they find it on disk.

    Raises
    ------
    ValueError, TypeError
        If a rule has no such name, or cannot be compiled.
    """
    for scenario in study.examples():
        few = scenario.override({"customers": min(int(scenario.customers), 5000)})
        watching = tuple(observers_of(study.outputs, few))
        first_step(Simulation(few, rules=rules, observers=watching))


# -- The loop of a sweep: which cells it leases, what of them is written, and when it is enough --


Progress = Callable[[SweepProgress], None]


class SweepLoop:
    """The state of one sweep: which cells it has leased, and what of them is written."""

    def __init__(
        self,
        study: Study,
        store: Store,
        cells: DesignCells,
        pool: Pool,
        report: SweepProgress,
        timeout: float | None,
        retry_failed: bool,
        progress: Progress | None,
    ):
        self.study, self.store, self.cells, self.report = study, store, cells, report
        self._retry, self._progress = retry_failed, progress
        self._leases = Leases(store.leases_file)
        self._open: Counter[int] = Counter()  # tasks of a cell that are not written yet
        self._timeout, self._pool = timeout, pool
        self._last = 0.0
        self._start = time.perf_counter()

    def all(self) -> None:
        """Do all that is missing; with a stopping rule in rounds."""
        self.report.total = len(self.cells) * len(self.study.seeds)
        self._run(lambda _: self.study.seeds)
        if self.study.stopping is not None:
            self._more_seeds()
        self.report.seconds = time.perf_counter() - self._start
        self._tell(self.report, last=True)

    def _run(self, seeds_of: Callable[[int], list[int]]) -> None:
        runner = Runner(
            self._pool, self.cells.model,
            write=self._write, timeout=self._timeout, tick=self._tell, report=self.report,
        )  # fmt: skip
        runner.run(self._tasks(seeds_of))

    def _tasks(self, seeds_of: Callable[[int], list[int]]) -> Iterator[Task | None]:
        """Yield what is missing, cell by cell; what others work on comes at the end."""
        todo: Iterable[int] = self._not_stored(seeds_of)
        while True:
            later, asked = [], 0
            for cell in todo:
                asked += 1
                tasks = self._missing(cell, seeds_of(cell))
                if tasks is None:
                    later.append(cell)
                else:
                    yield from tasks
            if not later:
                return
            if len(later) == asked:
                yield None
            todo = later

    def _not_stored(self, seeds_of: Callable[[int], list[int]]) -> Iterator[int]:
        """Yield cells of which a run is missing; the others count as stored."""
        if len(self.store) == 0:
            yield from self.cells
            return
        for seeds, cells in groupby(self.cells, seeds_of):
            for block, there in self.cells.stored(self.store, seeds, self._retry, cells):
                whole = np.atleast_1d(there.all(axis=1))
                self.report.stored += int(whole.sum()) * len(seeds)
                yield from (cell for cell, every in zip(block, whole, strict=True) if not every)
                self._tell(self.report)

    def _missing(self, cell: int, seeds: list[int]) -> list[Task] | None:
        """Lease a cell and return its missing tasks, None if another process has it."""
        runs = [self.cells.run(cell, seed) for seed in seeds]
        if all(self.store.has(run, retry_failed=self._retry) for run in runs):
            self.report.stored += len(runs)
            return []
        name = f"{self.study.place_digest}-{cell}"
        if not self._leases.acquire(name):
            return None
        self.store.refresh()
        missing = [
            (run, seed)
            for run, seed in zip(runs, seeds, strict=True)
            if not self.store.has(run, retry_failed=self._retry)
        ]
        self.report.stored += len(runs) - len(missing)
        if not missing:
            self._leases.release(name)
            return []
        self._open[cell] += len(missing)
        changes, facts = self.cells.changes(cell), self.cells.facts(cell)
        code = self.cells.code(cell)
        self.store.keep_code(code.digest, lambda: code.named)
        facts["code"] = code.digest
        return [
            Task(run, changes, seed, {**facts, "task": self.cells.task(cell, seed)}, cell)
            for run, seed in missing
        ]

    def _write(self, rows: list[tuple[Task, RunOutcome]]) -> None:
        self.store.write([_row(task, outcome) for task, outcome in rows])
        for task, _ in rows:
            self._open[task.cell] -= 1
            if self._open[task.cell] == 0:
                del self._open[task.cell]
                self._leases.release(f"{self.study.place_digest}-{task.cell}")
        self.cells.remember(self.store, more=0.5)
        self._tell(self.report, last=True)

    def _more_seeds(self) -> None:
        """Add seeds to the points whose interval is still too wide, up to the budget."""
        rule = self.study.stopping
        assert rule is not None
        first = self.study.seeds[0]
        strategies = len(self.study.strategies)
        wide = list(range(len(self.study.points)))
        before = len(self.study.seeds)
        for count in rule.rounds(before):
            if count > before:
                new = list(range(first + before, first + count))
                points = set(wide)
                ours = [c for c in self.cells if c // strategies in points]
                self.report.total += len(ours) * len(new)
                self._run(lambda cell, p=points, n=new: n if cell // strategies in p else [])  # type: ignore[misc]
                before = count
            widths = self._widths(list(range(first, first + before)))
            wide = [p for p, width in widths.items() if width > rule.half_width]
            self.report.rounds.append(
                {"seeds": before, "too_wide": len(wide),
                 "widest": max(widths.values(), default=0.0), "budget": rule.budget}
            )  # fmt: skip
            if not wide:
                return

    def _widths(self, seeds: list[int]) -> dict[int, float]:
        """Return half the width of the interval of every point of this sweep."""
        rule = self.study.stopping
        assert rule is not None
        frame = self.store.frame(["run", rule.output])
        there = len(frame) and rule.output in frame
        values = dict(zip(frame["run"], frame[rule.output], strict=True)) if there else {}
        found: dict[int, dict[str, dict[int, float]]] = {}
        for cell in self.cells:
            point, strategy = self.cells.place(cell)
            of = found.setdefault(point, {}).setdefault(strategy, {})
            for seed in seeds:
                value = values.get(self.cells.run(cell, seed))
                if value is not None and np.isfinite(value):
                    of[seed] = value
        return {point: rule.width(of) for point, of in found.items()}

    def _tell(self, report: SweepProgress, *, last: bool = False) -> None:
        now = time.perf_counter()
        if self._progress is not None and (last or now - self._last > 0.2):
            self._last = now
            report.seconds = now - self._start
            self._progress(report)

    def close(self) -> None:
        """Release all leases."""
        self._leases.close()


def _row(task: Task, outcome: RunOutcome) -> dict[str, Any]:
    """Return a row of the store."""
    return {
        "run": task.run,
        "status": outcome.status,
        "seed": task.seed,
        **task.facts,
        **outcome.values,
        "message": outcome.message or None,
        "traceback": outcome.traceback or None,
        "seconds": outcome.seconds,
        "worker": outcome.worker,
        "finished": outcome.finished,
    }


# -- What a waiting user sees of a sweep in a live notebook ------------------------------------


def remaining(report: SweepProgress) -> float:
    """Return the seconds that are left at the present rate, NaN while it is unknown."""
    if report.done == 0 or report.seconds <= 0:
        return float("nan")
    left = report.total - report.stored - report.done
    return max(0, left) * report.seconds / report.done


def status_line(report: SweepProgress) -> str:
    """Return done, failed, rate and remaining time in one line; the time taken at the end."""
    known = report.stored + report.done
    text = f"{known:,} of {report.total:,} runs"
    if report.failed:
        text += f", {report.failed:,} failed"
    if report.done:
        rate = report.done / max(report.seconds, 1e-9)
        text += f", {rate:,.0f} a second" if rate >= 10 else f", {rate:.2g} a second"
        if known < report.total:
            text += f", {clock(remaining(report))} left"
        else:
            text += f", in {clock(report.seconds)}"
    return text


def clock(seconds: float) -> str:
    """Return seconds as hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def live() -> Callable[[SweepProgress], None] | None:
    """Return a function that shows a report in the present cell; None outside a live notebook."""
    if "IPython" not in sys.modules or os.environ.get("CXSIM_PROGRESS_FILE"):
        return None
    from IPython import get_ipython
    from IPython.display import HTML, display

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    handle: Any = display(HTML("<p>starting</p>"), display_id=True)
    last = [0.0]

    def show(report: SweepProgress) -> None:
        now = time.monotonic()
        known = report.stored + report.done
        if now - last[0] < 0.5 and known < report.total:
            return
        last[0] = now
        bar = f'<progress value="{known}" max="{max(report.total, 1)}"></progress>'
        handle.update(HTML(f"<p>{bar} {status_line(report)}</p>"))

    return show
