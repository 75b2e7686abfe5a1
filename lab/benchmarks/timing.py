"""Timing: in turn, several times, medians with the range, ratios by round."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Timing", "forget_mesa_models", "in_turn", "ratio", "say", "seconds_of"]

_start = time.monotonic()


def say(message: str) -> None:
    """Print a line of progress with the time since the start."""
    print(f"[{time.monotonic() - _start:6.1f} s] {message}", flush=True)


@dataclass(frozen=True)
class Timing:
    """Repeated measurements of one thing: median, smallest, largest, how many."""

    median: float
    low: float
    high: float
    repeats: int

    @classmethod
    def of(cls, values: list[float], scale: float = 1.0) -> dict[str, Any]:
        """Return the summary of measurements, each times ``scale``, as a plain mapping."""
        scaled = [value * scale for value in values]
        return asdict(cls(statistics.median(scaled), min(scaled), max(scaled), len(scaled)))


def seconds_of(action: Callable[[], Any]) -> float:
    """Return the time that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turn(
    actions: Mapping[str, Callable[[], Any]], *, rounds: int, label: str = ""
) -> dict[str, list[float]]:
    """Time actions one after the other, all of them in every round: A B C, A B C, ...

    What disturbs the machine for a while disturbs all alike, so ratios within a round
    hold better than times do. The garbage collector runs between rounds only.
    """
    times: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds):
        if label:
            say(f"{label}: round {number + 1} of {rounds}")
        gc.collect()
        gc.disable()
        try:
            for name, action in actions.items():
                times[name].append(seconds_of(action))
        finally:
            gc.enable()
    return times


def forget_mesa_models() -> None:
    """Let go of Mesa's models: Mesa 3.3 never releases one, and collecting slows down."""
    import mesa

    getattr(mesa.Agent, "_ids", {}).clear()
    gc.collect()


def ratio(top: list[float], bottom: list[float], scale: float = 1.0) -> dict[str, Any]:
    """Return the ratio of times taken in the same rounds: median and range."""
    return Timing.of([a / b for a, b in zip(top, bottom, strict=True)], scale)
