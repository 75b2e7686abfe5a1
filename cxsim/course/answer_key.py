"""What an instructor looks up: the results and answers of a student's own market."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import unescape

import pandas as pd

from cxsim.course.case import Case
from cxsim.course.checking import room_for
from cxsim.course.estimate import Estimate, with_unit
from cxsim.course.lessons import LESSONS, plan_of

__all__ = ["answers"]


def answers(
    student: int = 0,
    *,
    seeds: int = 8,
    lessons: Iterable[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return what comes out in each lesson and what the exercises' answers are.

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
            sign = question.sign(result.value) if result.sure else "seeds cannot tell"
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
