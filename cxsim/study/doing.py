"""Doing a study: which cells are claimed, what of them is written, and when it is enough."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cxsim.study.cells import Cells
from cxsim.study.claims import Claims
from cxsim.study.plan import Study
from cxsim.study.pools import Pool
from cxsim.study.runner import Runner
from cxsim.study.store import Store
from cxsim.study.tally import Report
from cxsim.study.work import Outcome, Task

__all__ = ["Doing"]

Progress = Callable[[Report], None]


class Doing:
    """The state of one sweep: which cells are claimed, and what of them is written."""

    def __init__(
        self,
        study: Study,
        store: Store,
        cells: Cells,
        pool: Pool,
        report: Report,
        timeout: float | None,
        retry: bool,
        progress: Progress | None,
    ):
        self.study, self.store, self.cells, self.report = study, store, cells, report
        self._retry, self._progress = retry, progress
        self._claims = Claims(store.claims_file)
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
        todo = list(self.cells)
        while todo:
            later = []
            for cell in todo:
                tasks = self._missing(cell, seeds_of(cell))
                if tasks is None:
                    later.append(cell)
                else:
                    yield from tasks
            if len(later) == len(todo):
                yield None
            todo = later

    def _missing(self, cell: int, seeds: list[int]) -> list[Task] | None:
        """Claim a cell and return its missing tasks, None if another process has it."""
        runs = [self.cells.run(cell, seed) for seed in seeds]
        if all(self.store.has(run, retry=self._retry) for run in runs):
            self.report.stored += len(runs)
            return []
        name = f"{self.study.place_digest}-{cell}"
        if not self._claims.take(name):
            return None
        self.store.refresh()
        missing = [
            (run, seed)
            for run, seed in zip(runs, seeds, strict=True)
            if not self.store.has(run, retry=self._retry)
        ]
        self.report.stored += len(runs) - len(missing)
        if not missing:
            self._claims.give_back(name)
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

    def _write(self, rows: list[tuple[Task, Outcome]]) -> None:
        self.store.write([_row(task, outcome) for task, outcome in rows])
        for task, _ in rows:
            self._open[task.cell] -= 1
            if self._open[task.cell] == 0:
                del self._open[task.cell]
                self._claims.give_back(f"{self.study.place_digest}-{task.cell}")
        self._tell(self.report, last=True)

    def _more_seeds(self) -> None:
        """Add seeds to the points whose interval is still too wide, up to the budget."""
        rule = self.study.stopping
        assert rule is not None
        first = self.study.seeds[0]
        strategies = list(self.study.strategies)
        wide = list(range(len(self.study.points)))
        before = len(self.study.seeds)
        for count in rule.rounds(before):
            if count > before:
                new = list(range(first + before, first + count))
                points = set(wide)
                ours = [c for c in self.cells if c // len(strategies) in points]
                self.report.total += len(ours) * len(new)
                self._run(lambda cell, p=points, n=new: n if cell // len(strategies) in p else [])  # type: ignore[misc]
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
        values = (
            dict(zip(frame["run"], frame.get(rule.output, np.nan), strict=True))
            if len(frame)
            else {}
        )
        strategies = list(self.study.strategies)
        found: dict[int, dict[str, dict[int, float]]] = {}
        for cell in self.cells:
            point, number = divmod(cell, len(strategies))
            of = found.setdefault(point, {}).setdefault(strategies[number], {})
            for seed in seeds:
                value = values.get(self.cells.run(cell, seed))
                if value is not None and np.isfinite(value):
                    of[seed] = value
        return {point: rule.width(of) for point, of in found.items()}

    def _tell(self, report: Report, *, last: bool = False) -> None:
        now = time.perf_counter()
        if self._progress is not None and (last or now - self._last > 0.2):
            self._last = now
            report.seconds = now - self._start
            self._progress(report)

    def close(self) -> None:
        """Give back what is claimed."""
        self._claims.close()


def _row(task: Task, outcome: Outcome) -> dict[str, Any]:
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
