"""The columnar engine: compiled passes, strung over blocks that stay in cache."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any

import numpy as np

from cxsim.engine.compiling import compiled_pass, compiled_player, kind_of
from cxsim.engine.schedule import Leg, Step, parameters_of
from cxsim.engine.workspace import Workspace
from cxsim.population import LINE

__all__ = ["ColumnarEngine", "NumbaMissingError"]


#: Blocks that a thread takes at a time: a few milliseconds' work, so that a thread that the
#: machine holds up does not keep the others waiting.
HANDFUL = 32


class NumbaMissingError(ModuleNotFoundError):
    """The compiled engine was asked for where there is nothing to compile with."""


class ColumnarEngine:
    """Runs legs of the schedule over blocks of customers.

    Parameters
    ----------
    workspace : Workspace
    threads : int
        Threads that take a handful of blocks after the other, as long as there are some.

    Raises
    ------
    NumbaMissingError
        If numba is not installed, or not to be had, as in a browser.
    """

    def __init__(self, workspace: Workspace, *, threads: int = 1):
        try:
            importlib.import_module("numba")
        except ImportError as missing:
            raise NumbaMissingError(
                "engine 'columnar': expected numba to compile with, found none: install numba, or "
                "choose engine='agents' (slower, the same numbers; a hundred customers or so)"
            ) from missing
        self._workspace = workspace
        self._threads = max(1, min(threads, workspace.population.blocks))
        self._passing = [workspace.passing(sharing=True) for _ in range(self._threads)]
        self._pool: ThreadPoolExecutor | None = None
        self._bound: dict[Leg, list[_Worker]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bound": {}, "_pool": None, "_passing": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)  # what is left out is made anew, where it is used
        self._passing = [self._workspace.passing(sharing=True) for _ in range(self._threads)]

    def run(self, legs: Sequence[Leg]) -> None:
        """Run legs in order; every customer finishes one leg before any starts the next."""
        blocks = self._workspace.population.blocks
        for leg in legs:
            if leg.whole:
                for step in leg.steps:
                    step.function(*self._workspace.whole_arguments(step))
                continue
            workers = self._bound.get(leg)
            if workers is None:
                workers = self._bound[leg] = [
                    _Worker(self._workspace, leg.steps, passing) for passing in self._passing
                ]
            if self._threads == 1:
                workers[0].play(0, blocks)
                continue
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads)
            handful = min(HANDFUL, -(-blocks // self._threads))
            starts = iter(range(0, blocks, handful))  # each number is handed out once
            list(self._pool.map(_Worker.play_all, workers, repeat(starts), repeat(handful)))


class _Worker:
    """What a thread needs for a leg: its own passing columns, and frames that name them."""

    def __init__(
        self, workspace: Workspace, steps: tuple[Step, ...], passing: dict[str, np.ndarray]
    ):
        from cxsim.engine.entry import words

        self._steps, self._play = steps, compiled_player()
        blocks = range(workspace.population.blocks)
        entries: list[int] = []
        starts: list[int] = []
        frame: list[int] = []
        for step in steps:
            arguments = workspace.arguments(step, blocks[0], passing)
            kinds = tuple(
                kind_of(argument, strided=name.startswith("sum_"))
                for name, argument in zip(parameters_of(step), arguments, strict=True)
            )
            entries.append(compiled_pass(step.function, kinds, step.code))
            starts.append(len(frame))
            frame += words(arguments)

        def frame_of(block: int) -> list[int]:
            return [
                word for step in steps for word in words(workspace.arguments(step, block, passing))
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
        self._blocks = len(blocks)

    def play(self, first: int, end: int) -> None:
        """Run all steps for blocks ``first`` to before ``end``."""
        failed = self._play(
            self._entries, self._places, self._frame, self._frames, self._lines,
            first, end, self._blocks,
        )  # fmt: skip
        if failed >= 0:
            raise RuntimeError(f"pass {self._steps[failed].name!r} failed")

    def play_all(self, starts: Iterator[int], handful: int) -> None:
        """Run all steps for one handful of blocks after the other."""
        for first in starts:
            self.play(first, min(first + handful, self._blocks))


def _lines(workspace: Workspace, steps: tuple[Step, ...]) -> np.ndarray:
    """Return addresses of the lines of the first block's kept columns, and their growth."""
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
