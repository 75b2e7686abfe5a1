"""A small market to start from, as the mapping of a scenario file."""

from __future__ import annotations

from typing import Any

from cxsim.scenario import Scenario

__all__ = ["firm", "market"]


def firm(**parameters: Any) -> dict[str, Any]:
    """Return a firm with a price."""
    return {"price": 10.0, "quality": 12.0, **parameters}


def market(
    firms: dict[str, dict[str, Any]] | None = None,
    segments: dict[str, dict[str, Any]] | None = None,
    **world: Any,
) -> Scenario:
    """Return a scenario of two firms and one segment, changed as told."""
    return Scenario.from_dict(
        {
            "periods": 6,
            "customers": 200,
            "firms": firms or {"Ann": firm(), "Bob": firm()},
            "segments": segments or {"All": {"share": 1.0}},
            **world,
        },
        name="test",
    )
