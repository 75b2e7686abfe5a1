"""What a worker does: play the runs of a chunk, one after the other, and say how each went."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import platform
import signal
import socket
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cxsim._version import __version__
from cxsim.components import Components
from cxsim.study.models import Model

__all__ = ["GRACE", "Chunk", "Outcome", "RunTimeoutError", "Task", "play"]

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
    """How one run went: ``ok``, ``failed``, ``timeout`` or ``killed``, and what it gave."""

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
    """What is sent to a worker.

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
