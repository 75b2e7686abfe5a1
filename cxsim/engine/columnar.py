"""The columnar engine: compiled passes, strung over blocks that stay in cache."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cxsim.engine.compiling import compiled_pass
from cxsim.engine.schedule import Leg
from cxsim.engine.workspace import Workspace

__all__ = ["ColumnarEngine"]


class ColumnarEngine:
    """Runs legs of the schedule over blocks of customers.

    Parameters
    ----------
    workspace : Workspace
    threads : int
        Blocks are dealt to this many threads; kernels release the GIL.
    """

    def __init__(self, workspace: Workspace, *, threads: int = 1):
        self._workspace = workspace
        self._threads = max(1, min(threads, workspace.population.blocks))
        self._passing = [workspace.passing() for _ in range(self._threads)]
        self._pool: ThreadPoolExecutor | None = None
        self._bound: dict[Leg, list[list[tuple[Any, tuple]]]] = {}

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
                _play(shares[0])
            else:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(self._threads)
                list(self._pool.map(_play, shares))

    def _bind(self, leg: Leg) -> list[list[tuple[Any, tuple]]]:
        """Compile the passes and tie them to their arrays, once per run."""
        shares: list[list[tuple[Any, tuple]]] = [[] for _ in range(self._threads)]
        for block in range(self._workspace.population.blocks):
            thread = block % self._threads
            for step in leg.steps:
                arguments = self._workspace.arguments(step, block, self._passing[thread])
                shares[thread].append((compiled_pass(step.function, arguments), arguments))
        return shares


def _play(calls: list[tuple[Any, tuple]]) -> None:
    for function, arguments in calls:
        function(*arguments)
