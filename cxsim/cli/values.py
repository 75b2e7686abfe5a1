"""Kinds of values that options take."""

from __future__ import annotations

import math
from typing import Any

import click

__all__ = ["SECONDS"]


class _Seconds(click.FloatRange):
    """A finite time above 0: click itself lets through what is not a number."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"expected a number of seconds above 0, found {value!r}", param, ctx)
        return seconds


#: What ``--timeout`` takes.
SECONDS = _Seconds(0, min_open=True)
