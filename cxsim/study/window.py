"""Where an event divides a run: from which period on a summary answers the question."""

from __future__ import annotations

from typing import Any

from cxsim.scenario import Scenario
from cxsim.scenario.world import TEXTS

__all__ = ["divided", "first_change"]

#: Keys of a scenario that say something to readers and nothing to the simulation.
_WORDS = (*TEXTS, "labels", "currency")


def first_change(scenario: Scenario) -> int:
    """Return the period of a scenario's first event, 0 where it has none."""
    return min((change.at for change in scenario.changes), default=0)


def divided(a: Scenario, b: Scenario) -> int:
    """Return the first period in which two scenarios can differ.

    0 where they differ from the start, or not at all; else that of the first event that only
    one of them has.
    """
    if _start(a) != _start(b):
        return 0
    here, there = ({repr(change): change.at for change in each.changes} for each in (a, b))
    own = [at for each, at in (here | there).items() if (each in here) != (each in there)]
    return min(own, default=0)


def _start(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario without its events and its words."""
    given = scenario.to_dict()
    return {key: value for key, value in given.items() if key not in (*_WORDS, "events")}
