"""Workers that run chunks: in this process, in processes, in threads, on a cluster."""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import logging
import os
import platform
import signal
import socket
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cxsim._version import __version__
from cxsim.messages import hint
from cxsim.runs.components import Components
from cxsim.study.study import Model

# -- Where chunks are played: in this process, in processes, in threads, on a cluster ----------


#: Seconds after which idle worker processes end.
IDLE = 20


class PoolError(RuntimeError):
    """Workers that cannot be had, or do not stay alive."""


class Pool:
    """An executor, and what a runner has to know of it.

    Parameters
    ----------
    make : callable
        Gives an executor; called again where its workers have died.
    workers : int
    local : bool
        Whether the workers see the files of this machine.
    renewable : bool
        Whether ``make`` gives a new executor after the first one broke.
    close : callable
        Takes the executor; called at the end.
    lost : callable
        Takes an error, and says what is gone for good if that is its cause; None if it is not.
    """

    def __init__(
        self,
        make: Callable[[], Executor],
        workers: int,
        *,
        local: bool,
        renewable: bool = True,
        close: Callable[[Executor], None],
        lost: Callable[[BaseException], str | None] = lambda _: None,
    ):
        self._make, self._close, self.lost = make, close, lost
        self.workers = max(1, workers)
        self.local = local
        self.renewable = renewable
        self._executor: Executor | None = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Hand work to a worker."""
        if self._executor is None:
            self._executor = self._make()
        try:
            return self._executor.submit(function, *arguments)
        except BrokenExecutor as error:  # found dead before the work was taken
            broken: Future[Any] = Future()
            broken.set_exception(error)
            return broken

    def renew(self) -> None:
        """Take new workers for those that died.

        Raises
        ------
        PoolError
            If the executor came from outside and cannot be made anew.
        """
        if not self.renewable:
            raise PoolError(
                "a worker process died, and the executor that was handed in cannot be started "
                "again: what was finished is stored, call sweep again with a new executor"
            )
        if self._executor is not None:
            with contextlib.suppress(Exception):
                self._executor.shutdown(wait=False)
        self._executor = None

    def close(self) -> None:
        """Let the workers go."""
        if self._executor is not None:
            self._close(self._executor)
            self._executor = None


class Inline(Executor):
    """Runs work where it is handed in: for few runs, and for looking into one."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do the work now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed on, as every executor does
            future.set_exception(error)
        return future


class Wanted(NamedTuple):
    """What is asked of an executor: runs at a time, an address, and what names a user's code."""

    jobs: int
    address: str | None
    code: str


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_pool(
    executor: Executor | str | None,
    jobs: int | None,
    address: str | None = None,
    code: str = "",
) -> Pool:
    """Return a pool of workers.

    Parameters
    ----------
    executor : Executor, str or None
        A name of :data:`EXECUTORS` (default: ``"processes"``), or any executor with the
        interface of :mod:`concurrent.futures`, which stays open.
    jobs : int, optional
        Runs at a time; default: the processors there are.
    address : str, optional
        Of a Dask scheduler; default: a cluster on this machine.
    code : str
        What names a user's own code: processes that imported another are not taken again.

    Raises
    ------
    ValueError
        If the name is unknown.
    PoolError
        If Dask is not installed or its scheduler does not answer.
    """
    count = cores() if jobs is None else jobs
    if count < 1:
        raise ValueError(f"jobs: expected a whole number of at least 1, found {jobs!r}")
    if executor is None:
        executor = "processes"
    if isinstance(executor, str) and executor in EXECUTORS:
        return EXECUTORS[executor](Wanted(count, address, code))
    if isinstance(executor, Executor):
        said = getattr(executor, "_max_workers", None)
        width = jobs or (said if isinstance(said, int) else count)
        given = executor
        return Pool(lambda: given, width, local=False, renewable=False, close=_keep)
    near = hint(executor, EXECUTORS) if isinstance(executor, str) else ""
    raise ValueError(
        f"executor: expected {', '.join(EXECUTORS)} or an executor, found {executor!r}{near}"
    )


def loky_processes(count: int, code: str = "") -> Executor:
    """Return loky's processes: they stay for the next sweep, and take functions of a notebook."""
    from loky import get_reusable_executor

    # Kernels are serial; threads of linear algebra would only get in each other's way.
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    one |= {"CXSIM_CODE": code} if code else {}  # with another environment they start anew
    try:
        return get_reusable_executor(max_workers=count, timeout=IDLE, env=one)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.ENOENT, errno.ENOSYS):
            raise
        reason = (error.strerror or str(error)).lower()
        raise PoolError(
            f"worker processes: expected shared memory that can be written (/dev/shm), found "
            f"{reason} (--executor threads does without)"
        ) from error


def _keep(_: Executor) -> None:
    """Leave an executor open."""


def _end(executor: Executor) -> None:
    executor.shutdown(wait=True, cancel_futures=True)


def _processes(wanted: Wanted) -> Pool:
    make = partial(loky_processes, wanted.jobs, wanted.code)
    return Pool(make, wanted.jobs, local=True, close=_keep)


def _threads(wanted: Wanted) -> Pool:
    return Pool(lambda: ThreadPoolExecutor(wanted.jobs), wanted.jobs, local=True, close=_end)


def _inline(_: Wanted) -> Pool:
    return Pool(Inline, 1, local=True, close=_keep)


def _dask(wanted: Wanted) -> Pool:
    address, count = wanted.address, wanted.jobs
    try:
        from distributed import Client, LocalCluster
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise PoolError(
            "dask: expected the package distributed, found none (pip install 'cxsim[dask]')"
        ) from None
    import dask

    own = address in (None, "local")
    try:
        cluster = None
        if own:
            # A run that kills its worker is found by halving its chunk: one death tells enough.
            with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
                cluster = LocalCluster(
                    n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None
                )
        client = Client(cluster or address, timeout="15s", set_as_default=False)
        threads = client.nthreads()
        if not own and not threads:
            client.wait_for_workers(1, timeout=60)
            threads = client.nthreads()
    except (OSError, TimeoutError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PoolError(f"dask: expected a scheduler at {address}, found none ({reason})") from None
    quiet = _quiet()

    def close(executor: Executor) -> None:
        with contextlib.suppress(
            Exception
        ):  # where the scheduler is gone, nothing is left to close
            executor.shutdown(wait=False)
        with contextlib.suppress(Exception):
            client.close(timeout=5)
        if cluster is not None:
            cluster.close()
        quiet.close()

    where = str(getattr(client.scheduler, "address", address))

    def lost(error: BaseException) -> str | None:
        if isinstance(error, (CommClosedError, CancelledError)) or not _answers(where):
            return f"the scheduler at {where} is gone"
        return None

    width = sum(threads.values())
    return Pool(lambda: client.get_executor(pure=False), width, local=own, close=close, lost=lost)


#: Executors that can be asked for by name.
EXECUTORS: dict[str, Callable[[Wanted], Pool]] = {
    "processes": _processes,
    "threads": _threads,
    "dask": _dask,
    "inline": _inline,
}


def _answers(address: str) -> bool:
    """Whether somebody listens at an address such as ``tcp://host:8786``."""
    place = urlsplit(address)
    if place.hostname is None or place.port is None:
        return True  # of a kind that cannot be asked
    try:
        socket.create_connection((place.hostname, place.port), timeout=2).close()
    except OSError:
        return False
    return True


def _quiet() -> contextlib.ExitStack:
    """Keep distributed from telling of a lost scheduler in dozens of lines; closed, it talks."""
    stack = contextlib.ExitStack()
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    for name in ("distributed", "tornado.application", "asyncio", *names):
        logger = logging.getLogger(name)
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
    return stack


# -- What a worker does: play the runs of a chunk, one after the other, and say how each went


#: Seconds that a run past its time has to notice, before its process is ended.
GRACE = 5.0


#: Lines of a stack trace that are kept, from its end.
LINES = 40


class RunTimeoutError(Exception):
    """A run that took longer than it may."""


@dataclass(frozen=True)
class Task:
    """One run to do: its digest, what the point changes, and the seed.

    ``facts`` is what the results say of it beside its outputs; workers do not get it.
    """

    run: str
    changes: dict[str, Any]
    seed: int
    facts: dict[str, Any] = field(default_factory=dict, compare=False)
    cell: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Outcome:
    """Outcome of one run: ``ok``, ``failed``, ``timeout`` or ``killed``, and its outputs."""

    status: str
    values: dict[str, Any]
    seconds: float = float("nan")
    message: str = ""
    traceback: str = ""
    worker: str = ""
    finished: float = 0.0
    code: str = ""  # digest of the code that made it, as the worker found it
    proof: dict[str, Any] = field(default_factory=dict)  # what that code is, where it is another


@dataclass(frozen=True)
class Chunk:
    """A chunk of runs that is sent to a worker.

    Attributes
    ----------
    model : bytes
        The model as cloudpickle makes it.
    name : str
        Name under which a worker keeps the model.
    tasks : list of (changes, seed)
    timeout : float or None
        Seconds that a run may take.
    parent : str
        Process that sent it; another one may be ended when a run hangs.
    journal : str or None
        File in which the worker notes the run it is at.
    codes : list of str
        Digest of the code that each task is asked of.
    """

    model: bytes
    name: str
    tasks: list[tuple[dict[str, Any], int]]
    timeout: float | None
    parent: str
    journal: str | None
    codes: list[str] = field(default_factory=list)


_models: dict[str, Model] = {}


def process_name() -> str:
    """Return host and number of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def play(chunk: Chunk) -> tuple[list[Outcome], float]:
    """Play a chunk.

    Returns
    -------
    outcomes : list of Outcome
        One for each task, in order.
    seconds : float
        What the whole chunk took, once the model was ready.
    """
    model = _models.get(chunk.name)
    if model is None:
        import cloudpickle

        _models.clear()  # one study at a time
        model = cloudpickle.loads(chunk.model)
        with contextlib.suppress(Exception):  # what is wrong shows in the runs
            model.warm()
        _models[chunk.name] = model
    me = process_name()
    outcomes = []
    start = time.perf_counter()
    with _journal(chunk.journal) as note:
        for number, (changes, seed) in enumerate(chunk.tasks):
            note(number)
            code, proof = _proof(model, changes, chunk.codes[number])
            if proof:
                outcomes.append(Outcome("refused", {}, worker=me, code=code, proof=proof))
            else:
                outcome = _played(model, changes, seed, chunk, me)
                outcomes.append(replace(outcome, code=code))
    return outcomes, time.perf_counter() - start


def _proof(model: Model, changes: dict[str, Any], asked: str) -> tuple[str, dict[str, Any]]:
    """Return the digest of the code here, and what it is if another was asked for."""
    problem = ""
    try:
        code = model.code(changes)
    except (ValueError, TypeError) as error:  # no such scenario, or nothing to fingerprint
        code, problem = Components(), str(error)
    if code.digest == asked:
        return code.digest, {}
    import numpy as np

    versions = {"cxsim": __version__, "Python": platform.python_version()}
    return code.digest, {
        "components": code.named,
        "problem": problem,
        "versions": versions | {"NumPy": np.__version__},
    }


def _played(model: Model, changes: dict[str, Any], seed: int, chunk: Chunk, me: str) -> Outcome:
    try:
        with _limited(chunk.timeout, may_end=chunk.parent != me) as check:
            values, seconds = model.run(changes, seed, check)
    except RunTimeoutError as error:
        text = f"not done after {chunk.timeout:g} seconds"
        return _fault("timeout", text, error, me)
    except Exception as error:  # noqa: BLE001 - whatever a run fails of is a row of the results
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return _fault("failed", text[:500], error, me)
    return Outcome("ok", values, seconds, worker=me, finished=time.time())


def _fault(status: str, message: str, error: BaseException, me: str) -> Outcome:
    lines = "".join(traceback.format_exception(error)).splitlines()[-LINES:]
    return Outcome(
        status, {}, message=message, traceback="\n".join(lines), worker=me, finished=time.time()
    )


@contextlib.contextmanager
def _limited(timeout: float | None, *, may_end: bool) -> Iterator[Callable[[], None]]:
    """Give a function that raises once the time is over, and see to it that a run does end.

    In the main thread a signal interrupts whatever Python does. Where that does not help
    and the process is a worker's, the process is ended: the runner notes the run.
    """
    if timeout is None:
        yield _nothing
        return
    deadline = time.monotonic() + timeout

    def check(*_: object) -> None:
        if time.monotonic() >= deadline:
            raise RunTimeoutError

    alarm = hasattr(signal, "setitimer") and (threading.current_thread() is threading.main_thread())
    with contextlib.ExitStack() as stack:
        if may_end:
            nowhere = stack.enter_context(tempfile.TemporaryFile())
            faulthandler.dump_traceback_later(timeout + GRACE, exit=True, file=nowhere)
            stack.callback(faulthandler.cancel_dump_traceback_later)
        if alarm:
            before = signal.signal(signal.SIGALRM, check)
            stack.callback(signal.signal, signal.SIGALRM, before)
            stack.callback(signal.setitimer, signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_REAL, timeout)
        yield check


def _nothing() -> None:
    """Let a run take what it takes."""


@contextlib.contextmanager
def _journal(path: str | None) -> Iterator[Callable[[int], None]]:
    """Give a function that notes which run is played, for those who find the process dead."""
    handle = None
    if path is not None:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    if handle is None:
        yield lambda _: None
        return
    try:
        yield lambda number: _note(handle, number)
    finally:
        os.close(handle)


def _note(handle: int, number: int) -> None:
    with contextlib.suppress(OSError):  # a full disk is not the run's fault
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, b"%8d" % number)


# -- How a sweep goes: what is done, what failed, and how much of the time was simulation ------


@dataclass
class Report:
    """Counts of a sweep: runs, failures and times.

    Attributes
    ----------
    total : int
        Runs of the study (or of the shard).
    stored : int
        Of these, runs that were in the store already.
    done, failed : int
        Runs done now; those of them that failed, took too long or killed their worker.
    seconds : float
        Of the sweep, from the first chunk to the last file.
    simulating : float
        Spent inside simulations, over all workers.
    workers : int
    deaths : int
        How often workers died.
    """

    total: int = 0
    stored: int = 0
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    simulating: float = 0.0
    workers: int = 1
    deaths: int = 0
    superseded: str = ""
    rounds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def overhead(self) -> float:
        """Workers' time that was not spent inside simulations, over the time that was."""
        if self.simulating <= 0:
            return float("nan")
        return self.workers * self.seconds / self.simulating - 1.0

    def sentence(self) -> str:
        """Return the report in words."""
        text = f"{self.done:,} runs in {self.seconds:,.1f} s on {self.workers} workers"
        if self.simulating > 0.2:  # in less, to start the workers is nearly all there is
            text += f", overhead {100 * self.overhead:.0f} % of the time inside simulations"
        if self.stored:
            text += f"; {self.stored:,} were stored already"
        if self.superseded:
            text += f"; {self.superseded}"
        if self.failed:
            text += f"; {self.failed:,} failed"
        if self.deaths:
            text += f"; workers died {self.deaths:,} times"
        return text
