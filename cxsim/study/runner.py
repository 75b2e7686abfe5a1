"""The runner: chunks of runs handed to workers, results to the store, whatever dies on the way."""

from __future__ import annotations

import contextlib
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from pathlib import Path
from typing import Any

from cxsim.runs.components import changed
from cxsim.study.study import Model
from cxsim.study.workers import (
    GRACE,
    Chunk,
    Outcome,
    Pool,
    PoolError,
    Report,
    Task,
    play,
    process_name,
)

#: Seconds of work in a chunk, and between two files of the store.
CHUNK_SECONDS = 1.5
WRITE_SECONDS = 2.0
#: Runs in a chunk at most.
LONGEST = 2_000
#: Times that workers may die in a row without having begun a run.
DEATHS = 6


class OtherCodeError(PoolError):
    """A worker that runs other code than the process that sent it work."""


class Runner:
    """Plays tasks on a pool of workers.

    Parameters
    ----------
    pool : Pool
    model : Model
    write : callable
        Takes a list of (task, outcome); called every few seconds.
    timeout : float, optional
        Seconds that a run may take.
    tick : callable
        Called often with the report.
    report : Report
    """

    def __init__(
        self,
        pool: Pool,
        model: Model,
        *,
        write: Callable[[list[tuple[Task, Outcome]]], None],
        timeout: float | None = None,
        tick: Callable[[Report], None],
        report: Report,
    ):
        import cloudpickle

        self._pool, self._write, self._timeout, self._tick = pool, write, timeout, tick
        self._model, self._model_here = cloudpickle.dumps(model), model
        self._name = uuid.uuid4().hex  # workers look at their code anew for every sweep
        self.report = report
        self._again: deque[Task] = deque()  # tasks that were cut off without being at fault
        self._suspects: deque[list[Task]] = deque()  # played alone, to see who kills workers
        self._pending: dict[Future[Any], tuple[list[Task], Path | None]] = {}
        self._rows: list[tuple[Task, Outcome]] = []
        self._written = time.monotonic()
        self._each = 0.0  # seconds that a run takes, framework included
        self._idle_deaths = 0
        self._journals = 0
        self._ended = False

    def run(self, tasks: Iterator[Task | None]) -> None:
        """Play all tasks; ``None`` among them means that there is none at the moment.

        Raises
        ------
        PoolError
            If workers die before they begin, or run other code.
        StoreError
            If results cannot be written.
        """
        with tempfile.TemporaryDirectory(prefix="cxsim-", ignore_cleanup_errors=True) as folder:
            self._folder = Path(folder)
            try:
                self._loop(tasks)
            except BaseException:
                for future in self._pending:
                    future.cancel()
                self._save_what_came_in()
                raise
            self._flush()

    def _loop(self, tasks: Iterator[Task | None]) -> None:
        while True:
            while self._suspects and not self._pending:
                self._try_alone(self._suspects.popleft())
            if not self._suspects:
                self._fill(tasks)
            if self._pending:
                self._take_what_is_done()
            elif self._ended and not self._again and not self._suspects:
                return
            elif not self._again and not self._suspects:
                self._flush()  # all that is left is in the hands of another process
                time.sleep(0.2)
            if time.monotonic() - self._written >= WRITE_SECONDS:
                self._flush()
            self._tick(self.report)

    def _fill(self, tasks: Iterator[Task | None]) -> None:
        """Hand out chunks until every worker has one to do and one to come."""
        while len(self._pending) < 2 * self._pool.workers:
            chunk: list[Task] = []
            length = self._length()
            while len(chunk) < length and (task := self._next(tasks)) is not None:
                chunk.append(task)
            if not chunk:
                return
            self._submit(chunk)

    def _next(self, tasks: Iterator[Task | None]) -> Task | None:
        """Return the next task, None if there is none (at the moment, or any more)."""
        if self._again:
            return self._again.popleft()
        if not self._ended:
            try:
                return next(tasks)
            except StopIteration:
                self._ended = True
        return None

    def _length(self) -> int:
        """Return how many runs make a chunk: a second or two of work, less towards the end."""
        if self._each <= 0:
            return 1
        left = self.report.total - self.report.stored - self.report.done
        share = max(1, left // (3 * self._pool.workers))
        return max(1, min(int(CHUNK_SECONDS / self._each), share, LONGEST))

    def _submit(self, tasks: list[Task]) -> Future[Any]:
        journal = None
        if self._pool.local:
            self._journals += 1
            journal = self._folder / str(self._journals)
        chunk = Chunk(
            self._model, self._name, [(task.changes, task.seed) for task in tasks],
            self._timeout, process_name(), None if journal is None else str(journal),
            [task.facts.get("code", "") for task in tasks],
        )  # fmt: skip
        future = self._pool.submit(play, chunk)
        self._pending[future] = (tasks, journal)
        return future

    # -- what comes back -------------------------------------------------------------

    def _take_what_is_done(self) -> None:
        """Wait a moment for chunks, and hold none of them afterwards.

        A cluster does a chunk again whose result it lost while somebody still holds its future.
        """
        for future in wait(self._pending, timeout=0.2, return_when=FIRST_COMPLETED).done:
            if future in self._pending:
                self._take(future)

    def _take(self, future: Future[Any]) -> None:
        tasks, journal = self._pending.pop(future)
        try:
            outcomes, seconds = future.result()
        except BrokenExecutor:
            self._pending[future] = (tasks, journal)
            self._mourn()
            return
        except Exception as error:
            if not _is_killed_worker(error):
                raise
            self.report.deaths += 1
            self._halve(tasks)
            return
        self._idle_deaths = 0
        self._keep(tasks, outcomes)
        each = seconds / len(tasks)
        self._each = each if self._each == 0 else 0.7 * self._each + 0.3 * each
        if journal is not None:
            journal.unlink(missing_ok=True)

    def _keep(self, tasks: list[Task], outcomes: list[Outcome]) -> None:
        for task, outcome in zip(tasks, outcomes, strict=True):
            if outcome.worker:
                self._check(task, outcome)
        for task, outcome in zip(tasks, outcomes, strict=True):
            self._rows.append((task, outcome))
            self.report.done += 1
            if outcome.status == "ok":
                self.report.simulating += outcome.seconds
            else:
                self.report.failed += 1

    def _check(self, task: Task, outcome: Outcome) -> None:
        """Refuse what other code made than the digest of a run says.

        Raises
        ------
        OtherCodeError
            Naming the worker, its versions and the first part that differs.
        """
        code = getattr(outcome, "code", "")  # a worker of an earlier version says nothing
        if code == task.facts.get("code", "") and outcome.status != "refused":
            return
        proof = getattr(outcome, "proof", {})
        versions = ", ".join(f"{name} {v}" for name, v in proof.get("versions", {}).items())
        ours = self._model_here.code(task.changes).named
        what = changed(ours, proof.get("components", {}), most=1) if proof else "no digest of it"
        if proof.get("problem"):
            what = proof["problem"]
        raise OtherCodeError(
            f"worker {outcome.worker} ({versions or 'an earlier version of cxsim'}): expected the "
            f"code of this process, found another ({what}); nothing of what it did is stored"
        )

    def _mourn(self) -> None:
        """Sort out what was under way when workers died: all of it is cut off together."""
        self.report.deaths += 1
        begun = False
        for future, (tasks, journal) in list(self._pending.items()):
            del self._pending[future]
            if future.done() and not future.cancelled() and future.exception() is None:
                outcomes, _ = future.result()
                self._keep(tasks, outcomes)
                begun = True
                continue
            future.cancel()
            at = _read_journal(journal)
            if at is None and self._pool.local:
                self._again.extend(tasks)
            elif at is None:  # nobody tells: the chunk is halved until one run is left
                begun = True
                self._halve(tasks)
            else:
                begun = True
                self._again.extend(tasks[:at] + tasks[at + 1 :])
                self._suspects.append([tasks[at]])
        self._idle_deaths = 0 if begun else self._idle_deaths + 1
        if self._idle_deaths >= DEATHS:
            raise PoolError("worker processes die before they begin a run (too little memory?)")
        self._pool.renew()

    def _halve(self, tasks: list[Task]) -> None:
        """Put both halves of a chunk aside to be retried alone: one of its runs is at fault."""
        half = (len(tasks) + 1) // 2
        self._suspects.extend(part for part in (tasks[:half], tasks[half:]) if part)

    def _try_alone(self, tasks: list[Task]) -> None:
        """Run tasks that were put aside, with nothing else under way, to find the run at fault."""
        start = time.monotonic()
        future = self._submit(tasks)
        while not wait([future], timeout=0.2).done:
            self._tick(self.report)
        _, journal = self._pending.pop(future)
        try:
            outcomes, _ = future.result()
        except BrokenExecutor:
            self.report.deaths += 1
            self._pool.renew()
            at = _read_journal(journal)
            if len(tasks) == 1:
                self._keep(tasks, [self._killed(start)])
            elif at is None:
                self._halve(tasks)
            else:
                self._again.extend(tasks[:at] + tasks[at + 1 :])
                self._keep([tasks[at]], [self._killed(start)])
        except Exception as error:
            if not _is_killed_worker(error):
                raise
            self.report.deaths += 1
            if len(tasks) == 1:
                self._keep(tasks, [self._killed(start)])
            else:
                self._halve(tasks)
        else:
            self._keep(tasks, outcomes)

    def _killed(self, start: float) -> Outcome:
        """Return the outcome of a run whose process ended."""
        if self._timeout is not None and time.monotonic() - start >= self._timeout + GRACE / 2:
            text = f"not done after {self._timeout:g} seconds; its process was ended"
            return Outcome("timeout", {}, message=text, finished=time.time())
        text = "its process was killed, often for want of memory (or see: cxsim cache --verify)"
        return Outcome("killed", {}, message=text, finished=time.time())

    # -- what is written -------------------------------------------------------------

    def _flush(self) -> None:
        self._written = time.monotonic()
        rows, self._rows = self._rows, []
        if rows:
            self._write(rows)

    def _save_what_came_in(self) -> None:
        """Write what is there already, on the way out because of something else."""
        from cxsim.study.store_folder import StoreError

        for future, (tasks, _) in self._pending.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                with contextlib.suppress(OtherCodeError):
                    self._keep(tasks, future.result()[0])
        try:
            self._flush()
        except StoreError:
            return  # that is what we are on the way out for


def _is_killed_worker(error: Exception) -> bool:
    """Whether it is what Dask says of a task whose workers died."""
    return type(error).__name__ == "KilledWorker"


def _read_journal(journal: Path | None) -> int | None:
    """Return the number of the run that a worker was at, None if it had not begun."""
    if journal is None or not journal.is_file():
        return None
    text = journal.read_bytes().strip()
    return int(text) if text else None
