"""The columnar engine: compiled passes, strung over blocks that stay in cache."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from cxsim.engine.compiling import compiled_pass, compiled_player, kind_of
from cxsim.engine.schedule import Leg, Step, parameters_of
from cxsim.engine.workspace import Workspace

__all__ = ["ColumnarEngine"]


class ColumnarEngine:
    """Runs legs of the schedule over blocks of customers.

    Parameters
    ----------
    workspace : Workspace
    threads : int
        Blocks are dealt to this many threads, a run of neighbours to each.
    """

    def __init__(self, workspace: Workspace, *, threads: int = 1):
        self._workspace = workspace
        self._threads = max(1, min(threads, workspace.population.blocks))
        self._passing = [workspace.passing() for _ in range(self._threads)]
        self._pool: ThreadPoolExecutor | None = None
        self._bound: dict[Leg, list[_Share]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bound": {}, "_pool": None}  # made anew, where it is used

    def run(self, legs: Sequence[Leg]) -> None:
        """Run legs in order; every customer finishes one leg before any starts the next."""
        for leg in legs:
            if leg.whole:
                for step in leg.steps:
                    step.function(*self._workspace.whole_arguments(step))
                continue
            shares = self._bound.get(leg)
            if shares is None:
                shares = self._bound[leg] = self._bind(leg)
            if self._threads == 1:
                shares[0].play()
            else:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(self._threads)
                list(self._pool.map(_Share.play, shares))

    def _bind(self, leg: Leg) -> list[_Share]:
        """Compile the passes and tie them to their arrays, once per run."""
        blocks = self._workspace.population.blocks
        ends = [blocks * thread // self._threads for thread in range(self._threads + 1)]
        return [
            _Share(self._workspace, leg.steps, range(*bounds), passing)
            for bounds, passing in zip(pairwise(ends), self._passing, strict=True)
        ]


class _Share:
    """What one thread does in a leg: all steps for one block of customers after the other."""

    def __init__(
        self,
        workspace: Workspace,
        steps: tuple[Step, ...],
        blocks: range,
        passing: dict[str, np.ndarray],
    ):
        from cxsim.engine.entry import words

        self._steps, self._play = steps, compiled_player()
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

        self._frames = np.empty((len(blocks), len(frame)), dtype=np.int64)
        self._frames[0] = frame
        if len(blocks) > 2:  # words grow from block to block by equal steps
            growth = np.array(frame_of(blocks[1])) - self._frames[0]
            self._frames[:] = self._frames[0] + growth * np.arange(len(blocks))[:, None]
        if len(blocks) > 1:  # but to the last, which may be smaller
            self._frames[-1] = frame_of(blocks[-1])
        rows = self._frames.ctypes.data + self._frames.strides[0] * np.arange(len(blocks))
        self._places = (rows[:, None] + 8 * np.array(starts)).ravel()
        self._entries = np.tile(np.array(entries, dtype=np.int64), len(blocks))

    def play(self) -> None:
        """Run it."""
        done = self._play(self._entries, self._places)
        if done < len(self._entries):
            raise RuntimeError(f"pass {self._steps[done % len(self._steps)].name!r} failed")
