"""Figures of the course: answers over a parameter, and a class's predictions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.plot.columns import need
from cxsim.plot.layout import EndLabel, described, end_labels, finish, head, new, short, top_label
from cxsim.plot.numbers import joined, number
from cxsim.plot.palette import GREY, INK, OKABE_ITO, looks, readable
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["class_predictions", "estimates", "response"]

_SHADE = "#FBE9E0"


@styled
def estimates(
    frame: pd.DataFrame,
    *,
    label: str,
    title: str,
    note: str = "Means over paired seeds with their 95 % intervals; filled: zero is excluded.",
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw one number with its interval for each of several things, one below the other.

    Parameters
    ----------
    frame : DataFrame
        ``name, value, lower, upper``; the ends may be NaN.
    label : str
        What the numbers are, with unit.
    title, note : str
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(frame, ["name", "value", "lower", "upper"])
    figure = new(size, (7.4, 1.5 + 0.5 * len(frame)))
    axes = figure.add_subplot()
    said = []
    for k, row in enumerate(frame.itertuples(index=False)):
        clear = row.lower > 0 or row.upper < 0
        axes.plot([row.lower, row.upper], [k, k], color=INK, lw=2.2 if clear else 1.4)
        axes.plot(
            row.value, k, "o", ms=8, mec=INK, zorder=3,
            mfc=OKABE_ITO["blue"] if clear else "white",
        )  # fmt: skip
        axes.annotate(
            number(row.value, signed=True), (row.value, k), xytext=(0, 7), ha="center",
            textcoords="offset points", va="bottom", fontsize=9.5, fontweight="bold",
        )  # fmt: skip
        said.append(f"{row.name} {number(row.value, signed=True)}")
    axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
    axes.set_yticks(range(len(frame)), [short(str(each), 28) for each in frame["name"]])
    axes.set_ylim(len(frame) - 0.5, -0.7)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    _room(axes, frame[["value", "lower", "upper"]].to_numpy(float))
    axes.set_xlabel(label)
    return finish(figure, title=title, note=note, alt=f"{label}: {joined(said)}.")


def _room(axes: Axes, values: np.ndarray) -> None:
    shown = np.append(values[np.isfinite(values)], 0.0)
    room = 0.12 * float(np.ptp(shown)) or 1.0
    axes.set_xlim(shown.min() - room, shown.max() + room)


@styled
def response(
    frame: pd.DataFrame,
    *,
    by: str,
    label: str,
    title: str,
    mark: tuple[float, str] | None = None,
    ticks: Mapping[float, str] | None = None,
    note: str = "Lines: means over paired seeds; bands: their 95 % intervals.",
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw how a number depends on a parameter, one line for each of several things.

    Parameters
    ----------
    frame : DataFrame
        ``name, x, value, lower, upper``.
    by : str
        What the parameter is, with unit.
    label : str
        What the number is, with unit.
    title, note : str
    mark : (float, str), optional
        A value of the parameter and its words, such as where the market stands.
    ticks : mapping of float to str, optional
        Words in place of numbers.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(frame, ["name", "x", "value", "lower", "upper"])
    figure = new(size, (7.6, 4.6))
    axes = figure.add_subplot()
    names = list(dict.fromkeys(frame["name"]))
    ends, said = [], []
    for name, look in looks(names).items():
        part = frame[frame["name"] == name].sort_values("x")
        axes.fill_between(
            part["x"], part["lower"], part["upper"], color=look.color, alpha=0.22, lw=0
        )
        axes.plot(part["x"], part["value"], look.marker, ls="-", color=look.color, ms=5)
        last = part.iloc[-1]
        ends.append(EndLabel(last["x"], last["value"], short(name, 18), look.ink))
        first = part.iloc[0]
        said.append(
            f"{name}: {number(first['value'], signed=True)} at {number(first['x'])}, "
            f"{number(last['value'], signed=True)} at {number(last['x'])}"
        )
    if frame["lower"].min() < 0.3 * frame["value"].abs().max():  # else zero is far away
        axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
    if mark is not None:
        axes.axvline(mark[0], color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=0.9)
        axes.annotate(
            mark[1], (mark[0], 1.0), xycoords=axes.get_xaxis_transform(), xytext=(3, 3),
            textcoords="offset points", fontsize=9, color=GREY, va="bottom",
            annotation_clip=False,
        )  # fmt: skip
    if ticks is not None:
        axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlabel(by)
    top_label(axes, label, rows=1 if mark else 0)
    head(figure, title=title, note=note)
    end_labels(axes, ends if len(names) > 1 else [])
    return described(figure, f"{label} by {by}. {'; '.join(said)}.")


@styled
def class_predictions(
    frame: pd.DataFrame,
    *,
    titles: dict[tuple[str, str], str] | None = None,
    columns: int = 2,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw what a class predicted against what came out, a panel for each question.

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
        "what was predicted, and what came out" if done else "predicted; results are to come"
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
