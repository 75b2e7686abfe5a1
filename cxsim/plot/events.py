"""Events of a scenario, to mark them in figures."""

from __future__ import annotations

from typing import Any

from cxsim.plot.layout import Event

__all__ = ["events_of"]


def events_of(scenario: Any) -> list[Event]:
    """Return (period, label) for each event of a scenario, for the figures' ``events``.

    An event without a label is told by what it sets. One that takes several periods
    is marked where it starts.

    Parameters
    ----------
    scenario : Scenario
        For instance ``run.scenario``.
    """
    return [(float(event.at), event.label or _told(event.set)) for event in scenario.events]


def _told(changes: Any) -> str:
    told = [f"{path.removeprefix('firms.')} = {value}" for path, value in changes.items()]
    return ", ".join(told[:2]) + (", …" if len(told) > 2 else "")
