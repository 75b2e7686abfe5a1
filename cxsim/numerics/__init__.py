"""Arithmetic that gives the same on every machine: elementary functions, draws, statistics."""

from __future__ import annotations

from cxsim._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "half_width": "statistics",
        "mean_and_error": "statistics",
    },
)
