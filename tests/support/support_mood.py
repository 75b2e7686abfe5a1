"""A mechanism for tests: purchases feel as good or bad as a firm's parameter says."""

from __future__ import annotations

from contextlib import contextmanager

import cxsim as cx
from cxsim.model.mechanism import Mechanism, Pass
from cxsim.model.mechanism_registry import unregister
from cxsim.parameters import Parameters, parameter


class FirmParameters(Parameters):
    mood: float = parameter(0.0, doc="How a purchase feels", ge=-1, le=1)
    mood_memory: float = parameter(1.0, doc="Weight of the last purchase", ge=0, le=1)


# --- rules ------------------------------------------------------------------------


def felt(experience: float, mood: float, memory: float) -> float:
    return experience + memory * (mood - experience)


# --- passes -----------------------------------------------------------------------


def feel(n, n_firms, choice, experience, firm_mood, firm_mood_memory):
    for i in range(n):
        f = choice[i]
        if 0 <= f < n_firms:
            experience[f, i] = felt(experience[f, i], firm_mood[f], firm_mood_memory[f])


MOOD = Mechanism(
    "mood",
    doc="Purchases feel like something",
    firm=FirmParameters,
    passes=(Pass(feel, "update"),),
    active=lambda scenario: scenario.word_of_mouth is not None,
)


@contextmanager
def moods():
    """Let scenarios say how purchases feel."""
    cx.register(MOOD)
    try:
        yield
    finally:
        unregister("mood")
