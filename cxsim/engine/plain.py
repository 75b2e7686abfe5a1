"""The plain way to play passes: each compiled by ``numba.njit``, called from Python block by block.

Nothing but numba's public interface, so that a release of numba in which an internal name moves
stops nobody: the columnar engine turns to it where the fast way (:mod:`cxsim.engine.entry`) is not
to be had. The numbers are the same to the bit; nothing is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cxsim.engine.compiling import kind_of, plain_pass
from cxsim.engine.schedule import Step, parameters_of
from cxsim.engine.workspace import Workspace

__all__ = ["PlainWorker"]


class PlainWorker:
    """What a thread needs for a leg: compiled passes, and their arguments for every block.

    Parameters
    ----------
    workspace : Workspace
    steps : tuple of Step
    passing : dict of str to ndarray
        The thread's own passing columns.
    checked : bool
        True to check that no index lies outside of its array.
    """

    def __init__(
        self,
        workspace: Workspace,
        steps: tuple[Step, ...],
        passing: dict[str, np.ndarray],
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
                    arguments = workspace.arguments(step, block, passing)
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
