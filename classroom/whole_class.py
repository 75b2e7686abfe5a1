"""The notebook that leads through the course: its lessons, and what a class predicted."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from classroom import widgets
from classroom.commitment import COLUMNS, rows_of
from classroom.lessons import LESSONS, plan_of
from cxsim.charts import GREY, OKABE_ITO, Picture, finish, need, new, readable, short, styled
from cxsim.files import is_file

__all__ = ["class_figure", "class_predictions", "contents", "overview", "pool"]


# -- The notebook that leads through the course: its lessons, and what a class predicted -------


NOTEBOOK = "00_the_course"


def contents() -> Any:
    """Return the lessons with their minutes and predictions, as a table."""
    cell = 'style="text-align:left;padding:0.3em 1em 0.3em 0;vertical-align:top"'
    rows = ""
    for name in LESSONS:
        plan = plan_of(name)
        asked = "; ".join(_first_up(each.label) for each in plan.questions)
        rows += (
            f"<tr><td {cell}>{int(name[:2])}</td>"
            f'<td {cell}><a href="{name}.ipynb">{escape(plan.title)}</a></td>'
            f"<td {cell}>{plan.minutes}&nbsp;min</td><td {cell}>{escape(asked)}</td></tr>"
        )
    heads = "".join(f"<th {cell}>{each}</th>" for each in ("", "Lesson", "Time", "You predict"))
    return widgets.piece(
        f'<table style="font-size:15px"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def overview(class_folder: str = "", *, output: str = "") -> Any:
    """Return the predictions of a class and the results, as a figure.

    Parameters
    ----------
    class_folder : str
        Folder with the files of predictions; empty for a word on how to name one.
    output : str
        Folder for ``summary.json``; empty to write none.

    Raises
    ------
    ValueError
        If the folder holds no predictions, or a file that is none.
    """
    rows: Any = []
    if class_folder:
        rows = pool(class_folder)
        shown = widgets.as_html(class_figure(class_folder))
    else:
        shown = widgets.note("Name the folder of a class above and run the cell again.")
    if output:
        from cxsim.report import Report
        from cxsim.scenario import Scenario

        report = Report(NOTEBOOK, {"class_folder": class_folder}, output=output)
        report.use(Scenario.load("baseline"))
        report.finish(title="The course", lessons=list(LESSONS), rows=rows)
    return widgets.piece(shown)


# -- A class's predictions: the files of a folder as one frame and one figure ------------------


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
    """Draw a class's predictions against the results.

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


# -- Figures of the course: answers over a parameter, and a class's predictions ----------------


_SHADE = "#FBE9E0"


@styled  # type: ignore[untyped-decorator]  # faces load when asked
def class_predictions(
    frame: pd.DataFrame,
    *,
    titles: dict[tuple[str, str], str] | None = None,
    columns: int = 2,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw the predictions of a class against the results, a panel for each question.

    Parameters
    ----------
    frame : DataFrame
        ``lesson, question, unit, student, predicted, result, lower, upper``; result and ends NaN
        where the experiment has not run.
    titles : dict, optional
        Words for (lesson, question).
    columns : int
        Panels side by side.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        A dot for each student; on the diagonal the prediction was exact. Shaded: the wrong
        direction. Hollow: the interval contains zero.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(frame, ["lesson", "question", "unit", "student", "predicted", "result", "lower", "upper"])
    groups = list(frame.groupby(["lesson", "question"], sort=True))
    columns = min(columns, len(groups))
    rows = -(-len(groups) // columns)
    figure = new(size, (max(6.4, 4.9 * columns), 1.0 + 4.1 * rows))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in grid[len(groups) :]:
        panel.remove()
    said = []
    for axes, (key, part) in zip(grid, groups, strict=False):
        words = (titles or {}).get(key, f"{key[0]}: {key[1]}")
        said.append(f"{words}: {_class_panel(axes, part, words)}")
    students = frame["student"].nunique()
    done = frame["result"].notna().any()
    title = f"{students} students, {len(groups)} questions: " + (
        "predictions and results" if done else "predictions; results follow"
    )
    note = (
        "Each dot: a student, with the 95 % interval of the result of the student's own market. On "
        "the dashed line the prediction was exact; shaded: the wrong direction; hollow: the "
        "interval contains zero. Strokes: no result yet."
    )
    return finish(figure, title=title, note=note, alt=f"{title}. {' '.join(said)}")


def _class_panel(axes: Axes, part: pd.DataFrame, words: str) -> str:
    """Draw one question; return in words how the class did."""
    unit = str(part["unit"].iloc[0])
    known = part[part["result"].notna()]
    span = np.nanmax(np.abs(part[["predicted", "result", "lower", "upper"]].to_numpy(float)))
    span = 1.12 * float(span) if np.isfinite(span) and span > 0 else 1.0
    axes.fill([-span, 0, 0, -span], [0, 0, span, span], color=_SHADE, lw=0, zorder=0)
    axes.fill([0, span, span, 0], [-span, -span, 0, 0], color=_SHADE, lw=0, zorder=0)
    axes.plot([-span, span], [-span, span], color=GREY, lw=1.0, ls=(0, (4, 2)), zorder=1)
    for line in (axes.axhline, axes.axvline):
        line(0, color=GREY, lw=0.9, zorder=1)
    color = OKABE_ITO["blue"]
    for row in known.itertuples(index=False):
        clear = row.lower > 0 or row.upper < 0
        axes.plot([row.predicted] * 2, [row.lower, row.upper], color=color, lw=1.2, alpha=0.7)
        axes.plot(
            row.predicted, row.result, "o", ms=7, mec=readable(color), alpha=0.85,
            mfc=color if clear else "white", zorder=3,
        )  # fmt: skip
    open_yet = part.loc[part["result"].isna(), "predicted"].to_numpy(float)
    axes.plot(open_yet, np.zeros(len(open_yet)), "|", color=color, ms=22, mew=1.8)
    axes.set_xlim(-span, span)
    axes.set_ylim(-span, span)
    axes.grid(visible=False)
    told = _told(known, len(part))
    axes.set_title(f"{short(words, 44)}\n{told}", fontsize=10.5)
    axes.set_xlabel(f"Predicted ({unit})")
    axes.set_ylabel(f"Came out ({unit})")
    return f"{told}."


def _told(known: pd.DataFrame, number_of_students: int) -> str:
    clear = known[(known["lower"] > 0) | (known["upper"] < 0)]
    if known.empty:
        return f"{number_of_students} predicted, no result yet"
    if clear.empty:
        return f"all {len(known)} intervals contain zero"
    right = int((np.sign(clear["predicted"]) == np.sign(clear["result"])).sum())
    return f"{right} of {len(clear)} had the direction right"
