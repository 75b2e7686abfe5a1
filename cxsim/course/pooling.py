"""A class's predictions: the files of a folder as one frame and one figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from cxsim.course.lessons import LESSONS, plan_of
from cxsim.course.prediction import COLUMNS, rows_of
from cxsim.files import is_file

__all__ = ["class_figure", "pool"]


def pool(folder: str | Path) -> pd.DataFrame:
    """Read the predictions of a class.

    Parameters
    ----------
    folder : str or Path
        With one file for each student and lesson, as lessons write them; looked through with
        the folders in it.

    Returns
    -------
    DataFrame
        ``student, lesson, question, unit, predicted, result, lower, upper, seeds, digest``, one
        row per student, lesson and question; results NaN where the experiment has not run.

    Raises
    ------
    ValueError
        If there is no such folder or nothing in it, a file is none of predictions, or two files
        say something else for the same student, lesson and question.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected a folder of predictions, found none")
    found: dict[tuple[str, str, str], tuple[Path, dict[str, str]]] = {}
    for path in sorted(folder.rglob("*.csv")):
        if path.name.startswith(".") or not is_file(path):  # a draft of somebody who is writing
            continue
        for row in rows_of(path):
            key = (row["student"], row["lesson"], row["question"])
            if key in found and found[key][1]["predicted"] != row["predicted"]:
                raise ValueError(
                    f"{path}: expected one prediction of student {key[0]} for {key[2]} in "
                    f"{key[1]}, found another in {found[key][0]}"
                )
            found.setdefault(key, (path, row))
    if not found:
        raise ValueError(f"{folder}: expected files of predictions, found none")
    frame = pd.DataFrame([row for _, row in found.values()], columns=list(COLUMNS))
    numbers = ["predicted", "result", "lower", "upper", "seeds"]
    frame[numbers] = frame[numbers].apply(pd.to_numeric)
    frame["student"] = frame["student"].astype(int)
    return frame.sort_values(["lesson", "question", "student"], ignore_index=True)


def class_figure(folder: str | Path, lesson: str | None = None) -> Any:
    """Draw a class's predictions against what came out.

    Parameters
    ----------
    folder : str or Path
    lesson : str, optional
        Name of the notebook; all lessons by default.

    Raises
    ------
    ValueError
        As :func:`pool`; or if nobody has predicted in the lesson.
    """
    from cxsim.plot.course import class_predictions

    frame = pool(folder)
    if lesson is not None:
        frame = frame[frame["lesson"] == lesson]
        if frame.empty:
            raise ValueError(f"{folder}: expected predictions in {lesson}, found none")
    titles = {
        (name, question.name): f"Lesson {int(name[:2])}: {question.label}"
        for name in dict.fromkeys(frame["lesson"])
        if name in LESSONS
        for question in plan_of(name).questions
    }
    return class_predictions(frame, titles=titles)
