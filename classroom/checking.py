"""Whether an answer to an exercise is right, and why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import pandas as pd

from classroom.case import Case, Estimate, with_unit
from classroom.commitment import read_number
from classroom.lessons import LESSONS, plan_of
from classroom.plan import Exercise
from cxsim.messages import hint

__all__ = ["Verdict", "answers", "check", "room_for"]


# -- Whether an answer to an exercise is right, and why not ------------------------------------


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
        level = f" {' and '.join(truth)} do not differ significantly." if len(truth) > 1 else ""
        return Verdict(True, f"{chosen}.{level}")
    return Verdict(False, f"{chosen}. {mistakes.get(chosen, exercise.hint)}".strip())


def _why(exercise: Exercise, value: float, truth: Estimate, mistakes: Mapping[Any, str]) -> str:
    """Explain a wrong number: a known mistake first, then sign, unit, size."""
    right = truth.value
    room = room_for(exercise, truth)
    for wrong, reason in mistakes.items():
        if abs(value - float(wrong)) <= room:
            return reason
    if abs(value + right) <= room:
        return "The size is right and the sign is wrong: which value is subtracted from which?"
    for factor, unit in ((100.0, "a share and percent"), (12.0, "a month and a year")):
        if abs(value * factor - right) <= factor * room or abs(value / factor - right) <= room:
            return f"It is off by a factor of {factor:g}: {unit} are confused."
    way = "too large" if value > right else "too small"
    return f"It is {way}. {exercise.hint}".strip()


# -- What an instructor looks up: the results and answers of a student's own market ------------


def answers(
    student: int = 0,
    *,
    seeds: int = 8,
    lessons: Iterable[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return the results of each lesson and the answers to its exercises.

    Parameters
    ----------
    student : int
        0 for the book's own market.
    seeds : int
        As in the notebooks.
    lessons : iterable of str, optional
        Names of notebooks; all by default.
    progress : callable, optional
        Called with (lessons done, lessons).

    Returns
    -------
    DataFrame
        ``lesson, kind, name, label, answer, why``: a row for each question and exercise, all
        but the first three in words.

    Raises
    ------
    ValueError
        If there is no such lesson or student.

    Examples
    --------
    >>> frame = answers(17, seeds=2, lessons=["07_when_one_to_one_loses"])
    >>> frame["name"].tolist()
    ['alone', 'focus', 'A', 'B', 'C']
    """
    names = list(LESSONS if lessons is None else lessons)
    rows = []
    for done, name in enumerate(names, start=1):
        plan, case = plan_of(name), Case(student, seeds=seeds)
        for question in plan.questions:
            result = question.result(case)
            said = result.text(question.unit, signed=True)
            sign = question.sign(result.value) if result.sure else "not statistically significant"
            rows.append(
                (name, "prediction", question.name, question.label, f"{sign}: {said}",
                 _plain(question.reason(case)))
            )  # fmt: skip
        for task in plan.exercises:
            truth = task.answer(case)
            if isinstance(truth, Estimate):
                room = room_for(task, truth)
                said = with_unit(truth.value, task.unit)
                said += f" ± {with_unit(room, task.unit)}" if room else ""
            else:
                said = truth if isinstance(truth, str) else " or ".join(truth)
            text = _plain(task.words(case))
            rows.append((name, "exercise", task.name, text, said, _plain(task.solution(case))))
        if progress is not None:
            progress(done, len(names))
    return pd.DataFrame(rows, columns=["lesson", "kind", "name", "label", "answer", "why"])


def _plain(text: str) -> str:
    """Return HTML as plain text on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
