"""The one style of all figures, put on for the time of drawing and never left behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib.style

from cxsim.plot.relabelling import relabelled

__all__ = ["style", "styled"]

_FILE = Path(__file__).with_name("cxsim.mplstyle")

P = ParamSpec("P")
R = TypeVar("R")


def style() -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws in the style of the package."""
    return matplotlib.style.context(_FILE)


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in the style of the package, in the words of its frame's scenario."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with style():
            made = function(*args, **kwargs)
            return relabelled(made, [*args, *kwargs.values()])

    return inside
