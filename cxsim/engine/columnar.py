"""The columnar engine: compiled passes over blocks of customers that stay in cache.

There are two ways to run compiled passes, with the same numbers. The fast one strings passes
together in machine code and keeps them on disk; it reaches below numba's public interface. The
plain one compiles each by ``numba.njit`` and calls it from Python block by block: it needs
only numba's public interface, keeps nothing on disk, and replaces the fast one where a name that
:mod:`cxsim.engine.native` needs is missing, as may happen with a new numba.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any

import numpy as np

from cxsim.engine.compiling import compiled_pass, compiled_runner, kind_of, plain_pass
from cxsim.engine.schedule import PhaseGroup, Step, parameters_of
from cxsim.engine.workspace import LINE, Workspace

# -- The columnar engine: compiled passes over blocks of customers that stay in cache -----------


#: Blocks that a thread takes at a time: a few milliseconds' work, so that a thread delayed by
#: the machine does not keep the others waiting.
BLOCKS_PER_BATCH = 32


#: Why the fast way is not available in this process, once that is known.
_lacking: list[str] = []


class NumbaMissingError(ModuleNotFoundError):
    """The compiled engine was requested, but numba is not available."""


class ColumnarEngine:
    """Runs phase groups of the schedule over blocks of customers.

    Parameters
    ----------
    workspace : Workspace
    threads : int
        Threads that take a batch of blocks after the other, as long as there are some.
    plain : bool, optional
        True to run passes the plain way. Default: where the fast one is not available, or the
        environment variable ``CXSIM_ENGINE`` is ``plain``.
    debug : bool, optional
        True to check that no pass reads or writes outside of its arrays: slower, the same
        numbers. Default: where the environment variable ``CXSIM_DEBUG`` is ``1``.

    Attributes
    ----------
    name : str
        ``"columnar"``, or ``"plain"`` where passes run the plain way.

    Raises
    ------
    NumbaMissingError
        If numba is not installed, or not available, as in a browser.
    ValueError
        If an environment variable has another value.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        threads: int = 1,
        plain: bool | None = None,
        debug: bool | None = None,
    ):
        try:
            importlib.import_module("numba")
        except ImportError as missing:
            raise NumbaMissingError(
                "engine 'columnar': expected numba to compile with, found none: install numba, or "
                "choose engine='agents' (slower, the same numbers; a hundred customers or so)"
            ) from missing
        self._workspace = workspace
        self._plain = plays_plainly() if plain is None else plain
        self._debug = _chosen("CXSIM_DEBUG", "0", "1") if debug is None else debug
        self._threads = max(1, min(threads, workspace.population.blocks))
        self._scratch = [workspace.scratch(sharing=True) for _ in range(self._threads)]
        self._pool: ThreadPoolExecutor | None = None
        self._bound: dict[PhaseGroup, list[_Worker | PlainWorker]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bound": {}, "_pool": None, "_scratch": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)  # what is left out is made anew, where it is used
        self._scratch = [self._workspace.scratch(sharing=True) for _ in range(self._threads)]

    @property
    def name(self) -> str:
        """Name of the engine: ``"columnar"`` or ``"plain"``."""
        return "plain" if self._plain or _lacking else "columnar"  # as of now

    def run(self, groups: Sequence[PhaseGroup]) -> None:
        """Run phase groups in order; every customer finishes one before any starts the next.

        Parameters
        ----------
        groups : sequence of PhaseGroup
            As :meth:`Schedule.groups` returns them.

        Raises
        ------
        IndexError
            If a pass reads or writes outside of an array and indices are checked.
        RuntimeError
            If a pass raises anything else.
        """
        blocks = self._workspace.population.blocks
        for group in groups:
            if group.population:
                for step in group.steps:
                    step.function(*self._workspace.population_arguments(step))
                continue
            workers = self._bound.get(group)
            if workers is None:
                workers = self._bound[group] = self._workers(group)
            if self._threads == 1:
                workers[0].play(0, blocks)
                continue
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads)
            batch = min(BLOCKS_PER_BATCH, -(-blocks // self._threads))
            starts = iter(range(0, blocks, batch))  # each number is handed out once
            list(self._pool.map(_play_all, workers, repeat(starts), repeat(batch)))

    def _workers(self, group: PhaseGroup) -> list[_Worker | PlainWorker]:
        """Bind a phase group's passes to arrays, the fast way if available."""
        problem = None
        if self.name == "columnar":
            try:
                return [
                    _Worker(self._workspace, group.steps, scratch, checked=self._debug)
                    for scratch in self._scratch
                ]
            except Exception as failure:  # noqa: BLE001 - what moved in numba may fail in any way
                problem = failure

        made: list[_Worker | PlainWorker] = [
            PlainWorker(self._workspace, group.steps, scratch, checked=self._debug)
            for scratch in self._scratch
        ]
        if problem is not None:  # a mistake in a pass or rule would have been raised above again
            _without_the_fast_way(problem)
        return made


def _play_all(worker: _Worker | PlainWorker, starts: Iterator[int], batch: int) -> None:
    """Run all steps of a phase group for one batch of blocks after the other."""
    for first in starts:
        worker.play(first, min(first + batch, worker.blocks))


def plays_plainly() -> bool:
    """Return whether passes run the plain way by default."""
    return _chosen("CXSIM_ENGINE", "columnar", "plain") or bool(_lacking)


def _chosen(variable: str, usual: str, other: str) -> bool:
    """Return whether an environment variable chooses the value that is not the default."""
    value = os.environ.get(variable) or usual
    if value not in (usual, other):
        raise ValueError(f"{variable}: expected {usual!r} or {other!r}, found {value!r}")
    return value == other


def _without_the_fast_way(problem: Exception) -> None:
    """Record that the fast way is not available, and warn once."""
    if _lacking:
        return
    import numba

    what = f"{type(problem).__name__}: {str(problem).strip().partition(chr(10))[0]}"
    _lacking.append(what)
    warnings.warn(
        f"numba {numba.__version__} is not as the columnar engine needs it ({what}): passes are "
        "compiled by its public interface alone (engine='plain'), which gives the same numbers, "
        "takes longer and keeps nothing on disk",
        RuntimeWarning,
        stacklevel=5,
    )


class _Worker:
    """One thread's part of a phase group: its own scratch columns, and frames that name them."""

    def __init__(
        self,
        workspace: Workspace,
        steps: tuple[Step, ...],
        scratch: dict[str, np.ndarray],
        *,
        checked: bool = False,
    ):
        from cxsim.engine.native import pack

        self._steps, self._play, self._checked = steps, compiled_runner(), checked
        blocks = range(workspace.population.blocks)
        entries: list[int] = []
        starts: list[int] = []
        frame: list[int] = []
        for step in steps:
            arguments = workspace.arguments(step, blocks[0], scratch)
            kinds = tuple(
                kind_of(argument, strided=name.startswith("sum_"))
                for name, argument in zip(parameters_of(step), arguments, strict=True)
            )
            entries.append(compiled_pass(step.function, kinds, step.code, checked=checked))
            starts.append(len(frame))
            frame += pack(arguments)

        def frame_of(block: int) -> list[int]:
            return [
                word for step in steps for word in pack(workspace.arguments(step, block, scratch))
            ]

        # Words grow from block to block by equal steps, but to the last, which may be smaller.
        first = np.array(frame, dtype=np.int64)
        second, last = (
            np.array(frame_of(block), dtype=np.int64) if len(blocks) > 1 else first
            for block in (blocks[:2][-1], blocks[-1])
        )
        self._frames = np.array([first, second - first, last])
        self._lines = _lines(workspace, steps)
        self._frame = first
        self._places = first.ctypes.data + 8 * np.array(starts, dtype=np.int64)
        self._entries = np.array(entries, dtype=np.int64)
        self.blocks = len(blocks)

    def play(self, first: int, end: int) -> None:
        """Run all steps for blocks ``first`` to before ``end``."""
        failed = self._play(
            self._entries, self._places, self._frame, self._frames, self._lines,
            first, end, self.blocks,
        )  # fmt: skip
        if failed >= 0:
            name = self._steps[failed].name
            if self._checked:
                raise IndexError(f"pass {name!r} failed: an index lies outside of its array")
            raise RuntimeError(f"pass {name!r} failed")


def _lines(workspace: Workspace, steps: tuple[Step, ...]) -> np.ndarray:
    """Return addresses of the lines of the first block's state columns, and their growth."""
    population = workspace.population
    found = [np.zeros((2, 0), dtype=np.int64)]
    if population.blocks == 1:
        return found[0]
    for name in sorted({name for step in steps for name in parameters_of(step)}):
        if name not in population.columns:
            continue
        part, following = (population.part(name, block) for block in (0, 1))
        growth = following.ctypes.data - part.ctypes.data
        for place in np.ndindex(part.shape[:-1]):
            begin = part[place].ctypes.data
            lines = np.arange(begin, begin + part[place].nbytes, LINE)
            found.append(np.array([lines, np.full_like(lines, growth)]))
    return np.concatenate(found, axis=1)


# -- The plain way to run passes ----------------------------------------------------------------


class PlainWorker:
    """One thread's part of a phase group: compiled passes, and their arguments for every block.

    Parameters
    ----------
    workspace : Workspace
    steps : tuple of Step
    scratch : dict of str to ndarray
        The thread's own scratch columns.
    checked : bool
        True to check that no index lies outside of its array.
    """

    def __init__(
        self,
        workspace: Workspace,
        steps: tuple[Step, ...],
        scratch: dict[str, np.ndarray],
        *,
        checked: bool = False,
    ):
        self._steps = steps
        self.blocks = workspace.population.blocks
        self._bounds = workspace.population.bounds
        self._calls: list[list[tuple[Callable[..., None], tuple[Any, ...]]]] = []
        for block in range(self.blocks):
            known: dict[str, Any] = {}  # passes that name one array share one view of it
            calls = []
            for number, step in enumerate(steps):
                names = parameters_of(step)
                if not known.keys() >= set(names):
                    arguments = workspace.arguments(step, block, scratch)
                    known |= {n: a for n, a in zip(names, arguments, strict=True) if n not in known}
                shared = tuple(known[name] for name in names)
                if block == 0:
                    kinds = tuple(_kind(n, a) for n, a in zip(names, shared, strict=True))
                    made = plain_pass(step.function, kinds, step.code, checked=checked)
                else:
                    made = self._calls[0][number][0]
                calls.append((made, shared))
            self._calls.append(calls)

    def play(self, first: int, end: int) -> None:
        """Run all steps for blocks ``first`` to before ``end``.

        Raises
        ------
        IndexError
            If a pass reads or writes outside of an array and indices are checked.
        RuntimeError
            If a pass raises anything else.
        """
        for block in range(first, end):
            for number, (run, arguments) in enumerate(self._calls[block]):
                try:
                    run(*arguments)
                except Exception as problem:
                    low, high = self._bounds(block)
                    kind = IndexError if isinstance(problem, IndexError) else RuntimeError
                    raise kind(
                        f"pass {self._steps[number].name!r} failed at customers {low} to "
                        f"{high - 1}: {problem}"
                    ) from problem


def _kind(name: str, argument: Any) -> tuple[Any, ...]:
    """Return what decides an argument's type where numba looks at it: also if it is read only."""
    kind = kind_of(argument, strided=name.startswith("sum_"))
    if isinstance(argument, np.ndarray) and not argument.flags.writeable:
        return (*kind, "readonly")
    return kind
