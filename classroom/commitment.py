"""Predictions: read from a notebook's parameter, committed once, kept as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classroom.case import Estimate, with_unit
from classroom.plan import Question
from cxsim.charts import number
from cxsim.files import whole_file
from cxsim.messages import cell, from_cell, hint
from cxsim.report import split_overrides

__all__ = [
    "COLUMNS",
    "NONE",
    "OPEN",
    "RIGHT",
    "WRONG",
    "Feedback",
    "Kept",
    "PredictionBook",
    "feedback",
    "read_given",
    "read_number",
]


# -- Predictions: read from a notebook's parameter, committed once, kept as CSV ----------------


#: Columns of the file. One row per student, lesson and question.
COLUMNS = (
    "student", "lesson", "question", "unit", "predicted", "result", "lower", "upper", "seeds",
    "digest",
)  # fmt: skip


#: In place of predictions: go on without any.
NONE = "none"


def read_given(text: str, known: Sequence[str], *, what: str) -> dict[str, str]:
    """Return answers by name from a text such as ``share=-12, equity=3``.

    Parameters
    ----------
    text : str
    known : sequence of str
        Names that there are.
    what : str
        The parameter, for messages.

    Raises
    ------
    ValueError
        If a part is not of the form NAME=VALUE, or names nothing.
    """
    given = {}
    for part in split_overrides(text):
        name, sign, value = (each.strip() for each in part.partition("="))
        if not sign or not value:
            raise ValueError(f"{what}: expected NAME=VALUE, found {part!r}")
        if name not in known:
            raise ValueError(
                f"{what}: expected names of the lesson, found {name!r}{hint(name, known)}"
            )
        given[name] = value.strip("'\"")
    return given


def read_number(text: str, *, what: str) -> float:
    """Return a number as people write it.

    Raises
    ------
    ValueError
        If it is none, or not finite.
    """
    try:
        value = float(text.replace("−", "-").replace("\u00a0", "").replace(" ", ""))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise ValueError(f"{what}: expected a number such as 6.5, found {text!r}")
    return value


@dataclass(frozen=True)
class Kept:
    """A prediction in the file.

    Attributes
    ----------
    predicted : float
    result : Estimate or None
        None until the experiment has run.
    """

    predicted: float
    result: Estimate | None = None


class PredictionBook:
    """One student's predictions in one lesson, kept in one file of a folder.

    A class shares a folder: nobody else writes a student's file. It is written whole at every
    change, so that a kernel that is killed leaves all that was committed before.

    Parameters
    ----------
    folder : str or Path
        Empty to keep nothing.
    lesson : str
    student : int
    """

    def __init__(self, folder: str | Path, lesson: str, student: int):
        self.path = Path(folder) / f"{lesson}-student-{student}.csv" if str(folder) else None
        self._lesson, self._student = lesson, student
        self._rows: dict[str, dict[str, str]] = {}
        if self.path is not None and self.path.exists():
            self._rows = {row["question"]: row for row in rows_of(self.path)}

    def find(self, question: str) -> Kept | None:
        """Return the committed prediction, None if there is none."""
        row = self._rows.get(question)
        if row is None:
            return None
        ends = [row[name] for name in ("result", "lower", "upper")]
        result = Estimate(*(float(end or "nan") for end in ends)) if ends[0] else None
        return Kept(float(row["predicted"]), result)

    def commit(self, question: str, predicted: float, *, unit: str) -> None:
        """Keep a prediction; the first one counts and a later one is ignored.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        if question in self._rows:
            return
        self._rows[question] = {
            "student": str(self._student), "lesson": self._lesson, "question": question,
            "unit": unit, "predicted": _text(predicted),
            **dict.fromkeys(("result", "lower", "upper", "seeds", "digest"), ""),
        }  # fmt: skip
        self._write()

    def complete(self, question: str, result: Estimate, *, seeds: int, digest: str) -> None:
        """Add the result to a saved prediction."""
        row = self._rows.get(question)
        if row is None:
            return
        ends = {name: _text(getattr(result, name)) for name in ("lower", "upper")}
        new = {**row, "result": _text(result.value), **ends, "seeds": str(seeds), "digest": digest}
        if new != row:
            self._rows[question] = new
            self._write()

    def _write(self) -> None:
        if self.path is None:
            return
        with (
            whole_file(self.path) as draft,
            draft.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows({k: cell(v) for k, v in row.items()} for row in self._rows.values())


def _text(value: float) -> str:
    """Return a number with nine digits, which all machines agree on."""
    return f"{value:.9g}" if np.isfinite(value) else ""


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of predictions.

    Raises
    ------
    ValueError
        If it is none; with file, line and what was expected.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise ValueError(f"{path}: expected a column {missing[0]!r}, found none")
            rows = list(reader)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: expected text in UTF-8, found something else") from None
    for line, row in enumerate(rows, start=2):
        _check(row, f"{path}, line {line}")
    return [{name: from_cell(row[name]) for name in COLUMNS} for row in rows]


def _check(row: Mapping[str, str | None], where: str) -> None:
    for name in ("student", "predicted", "result", "lower", "upper"):
        text = row[name]
        if text == "" and name in ("result", "lower", "upper"):
            continue
        try:
            float(text or "nothing")
        except ValueError:
            raise ValueError(f"{where}: {name}: expected a number, found {text!r}") from None


# -- What a prediction was worth: right or wrong, how far off, and what cannot be told ---------


RIGHT, WRONG, OPEN = "right", "wrong", "open"


@dataclass(frozen=True)
class Feedback:
    """A verdict on a prediction.

    Attributes
    ----------
    verdict : {"right", "wrong", "open"}
        On its direction; open where the result is not statistically significant.
    text : str
        The verdict in words, with direction and size.
    """

    verdict: str
    text: str


def feedback(question: Question, predicted: float, result: Estimate) -> Feedback:
    """Compare a prediction with the result.

    A direction is right or wrong only where the interval excludes zero. Otherwise the difference
    is not statistically significant, and only sizes outside the interval are refuted. "About the
    same" is wrong where the whole interval lies beyond the step of the slider.

    Parameters
    ----------
    question : Question
    predicted : float
        In the question's unit, 0 for "about the same".
    result : Estimate
    """
    unit = question.unit
    said = question.sign(predicted)
    said += f" by {with_unit(abs(predicted), unit)}" if predicted else ""
    came = f"The result is {result.text(unit, signed=True)}"
    if not result.known:
        return Feedback(
            OPEN, f"You said that it {said}. {came}. More seeds are needed to judge it."
        )
    if not result.sure:
        return Feedback(*_open(question, predicted, result, f"You said that it {said}. {came}"))
    truth = question.sign(result.value)
    small = abs(result.value) + result.half < question.step
    if predicted == 0:
        if small:
            text = (
                f"It is statistically significant but smaller than {with_unit(question.step, unit)}"
            )
            return Feedback(RIGHT, f"You said that it {said}. {came}. {text}: you are right.")
        return Feedback(WRONG, f"You said that it {said}. {came}: it {truth}, significantly.")
    if (predicted > 0) != (result.value > 0):
        off = with_unit(abs(predicted - result.value), unit)
        text = f"The direction is wrong: it {truth}, significantly. You were {off} off"
        return Feedback(WRONG, f"You said that it {said}. {came}. {text}.")
    size = _size(question, predicted, result)
    return Feedback(RIGHT, f"You said that it {said}. {came}. The direction is right{size}.")


def _open(question: Question, predicted: float, result: Estimate, start: str) -> tuple[str, str]:
    """Judge against an interval that contains zero."""
    text = f"{start}: the interval contains zero, so these seeds do not show whether it "
    text += f"{question.signs[0]} or {question.signs[2]}"
    if predicted == 0:
        text += (
            ". \u201cAbout the same\u201d is not refuted; that it is exactly the same is not shown"
        )
        return OPEN, f"{text}."
    if result.holds(predicted):
        return OPEN, f"{text}. Your number lies within the interval and is not refuted."
    ends = " to ".join(number(end, signed=True) for end in (result.lower, result.upper))
    return WRONG, f"{text}. But your number lies outside {ends}: a change of that size is refuted."


def _size(question: Question, predicted: float, result: Estimate) -> str:
    """Return how good the size is, given that the sign is right."""
    if abs(predicted - result.value) <= max(question.step / 2, result.half):
        return ", and the size is right within the Monte-Carlo error"
    ratio = abs(predicted / result.value)
    off = with_unit(abs(predicted - result.value), question.unit)
    way = "large" if ratio > 1 else "small"
    many = ratio if ratio > 1 else 1 / ratio
    times = f"{number(many, 2)} times too {way}" if many >= 1.5 else f"a little too {way}"
    return f"; the size is {times} ({off} off)"
