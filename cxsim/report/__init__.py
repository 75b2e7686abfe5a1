"""Notebooks: finding them, checking what they are given, running them, and their reports."""

from __future__ import annotations

from cxsim._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Explorer": "explorer",
        "Report": "report",
        "explore": "explorer",
        "firm_rows": "tables",
        "nobody_watches": "explorer",
        "styled": "tables",
        "split_overrides": "cxsim.scenario.events",
        "tell_progress": "notebooks",
    },
)
