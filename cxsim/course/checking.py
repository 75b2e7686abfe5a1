"""Whether an answer to an exercise is right, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxsim.course.case import Case
from cxsim.course.estimate import Estimate, with_unit
from cxsim.course.plan import Exercise
from cxsim.course.prediction import read_number
from cxsim.scenario.messages import hint

__all__ = ["Verdict", "check", "room_for"]


@dataclass(frozen=True)
class Verdict:
    """Right or wrong, and why; the text says what was answered and leaves the verdict itself out.

    Attributes
    ----------
    right : bool
    text : str
    """

    right: bool
    text: str


def check(exercise: Exercise, given: str | float, case: Case) -> Verdict:
    """Judge an answer; what is right is computed from the model.

    A number is right if it is off by no more than the rounding asked for or the Monte-Carlo
    error of the answer (half its 95 % interval, at most a tenth of it), whichever is larger.

    Raises
    ------
    ValueError
        If the answer is not of the kind asked for.
    """
    truth = exercise.answer(case)
    mistakes = exercise.mistakes(case)
    if not isinstance(truth, Estimate):
        right = (truth,) if isinstance(truth, str) else truth
        return _choice(exercise, str(given), right, mistakes)
    what = f"answers: {exercise.name}"
    value = read_number(given, what=what) if isinstance(given, str) else float(given)
    room = room_for(exercise, truth)
    if abs(value - truth.value) <= room * (1 + 1e-9):
        why = "the Monte-Carlo error" if room > exercise.tolerance else "rounding"
        end = (
            f"Anything within {with_unit(room, exercise.unit)} of the model's answer counts ({why})"
        )
        return Verdict(True, f"{with_unit(value, exercise.unit)}. {end}.")
    return Verdict(
        False,
        f"{with_unit(value, exercise.unit)}. {_why(exercise, value, truth, mistakes)}",
    )


def room_for(exercise: Exercise, truth: Estimate) -> float:
    """Return how far off still counts."""
    return max(exercise.tolerance, min(truth.half, abs(truth.value) / 10), 1e-9)


def _choice(
    exercise: Exercise, given: str, truth: tuple[str, ...], mistakes: Mapping[Any, str]
) -> Verdict:
    near = {each.lower(): each for each in exercise.choices}
    if given.strip().lower() not in near:
        known = ", ".join(exercise.choices)
        raise ValueError(
            f"answers: {exercise.name}: expected one of {known}, found {given!r}"
            f"{hint(given, exercise.choices, listed=0)}"
        )
    chosen = near[given.strip().lower()]
    if chosen in truth:
        level = f" Seeds cannot tell {' and '.join(truth)} apart." if len(truth) > 1 else ""
        return Verdict(True, f"{chosen}.{level}")
    return Verdict(False, f"{chosen}. {mistakes.get(chosen, exercise.hint)}".strip())


def _why(exercise: Exercise, value: float, truth: Estimate, mistakes: Mapping[Any, str]) -> str:
    """Say what a wrong number looks like: a known mistake first, then sign, unit, size."""
    right = truth.value
    room = room_for(exercise, truth)
    for wrong, reason in mistakes.items():
        if abs(value - float(wrong)) <= room:
            return reason
    if abs(value + right) <= room:
        return "The size is right and the sign is not: which less which?"
    for factor, unit in ((100.0, "a share and percent"), (12.0, "a month and a year")):
        if abs(value * factor - right) <= factor * room or abs(value / factor - right) <= room:
            return f"It is off by a factor of {factor:g}: {unit} are mixed up."
    way = "too large" if value > right else "too small"
    return f"It is {way}. {exercise.hint}".strip()
