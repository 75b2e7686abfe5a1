"""How passes are compiled: knowing that no two of their arrays share memory."""

from __future__ import annotations

from typing import Any

from numba.core.compiler import Compiler

__all__ = ["DisjointCompiler"]


class DisjointCompiler(Compiler):
    """numba's compiler, told that arguments do not overlap.

    Every argument of a pass is an array (or part of one) of its own. Without knowing
    that, a loop over more than a few arrays is never turned into one over several
    customers at a time.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.state.flags.noalias = True
