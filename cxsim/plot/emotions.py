"""Emotion clusters over time: how many customers destroy, and how many advocate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from cxsim.plot.by_firm import mark_panels, panels_by_firm
from cxsim.plot.columns import words_of
from cxsim.plot.courses import Courses, courses_of
from cxsim.plot.layout import EndLabel, Event, described, end_labels_of, head
from cxsim.plot.numbers import number, scale_for
from cxsim.plot.palette import readable
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["emotion_clusters"]

#: Clusters from worst to best, with colours that colour-blind readers tell apart.
_COLORS = {
    "destroying": "#D55E00",
    "attention": "#F2C48D",
    "recommendation": "#A6D0EC",
    "advocacy": "#0072B2",
}


@styled
def emotion_clusters(
    firms: pd.DataFrame,
    *,
    show: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw the shares of customers in each emotion cluster by period, one panel a firm.

    Parameters
    ----------
    firms : DataFrame
        ``period, firm, destroying, attention, recommendation, advocacy``, as ``run.firms`` has,
        or a series over seeds of one scenario.
    show : sequence of str, optional
        Firms to show, in order.
    events : iterable of (period, label)
        Marked in all panels, labelled in the first.
    title : str, optional
        In place of the one computed.
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
    courses = {name: courses_of(firms, name, firms=show) for name in _COLORS}
    words = words_of(firms)
    some = courses["destroying"]
    scale = scale_for("share", np.array([0.0, 1.0]), words=words)
    figure, panels = panels_by_firm(some.names, size, height=2.4)
    labels: list[list[EndLabel]] = []
    for k, axes in enumerate(panels):
        values = [np.nan_to_num(course.value[:, k]) for course in courses.values()]
        axes.stackplot(
            some.periods, values, colors=list(_COLORS.values()), edgecolor="white", linewidth=0.4
        )
        axes.set_ylim(0, 1)
        axes.set_xlim(float(some.periods[0]), float(max(some.periods[-1], some.periods[0] + 1)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(scale.ticks)
        axes.set_xlabel(words.period.capitalize())
        base, ends = 0.0, []
        for (name, color), value in zip(_COLORS.items(), values, strict=True):
            middle = base + value[-1] / 2
            base += value[-1]
            text = f"{name} {scale.brief(value[-1])}"
            ends.append(EndLabel(float(some.periods[-1]), middle, text, readable(color)))
        labels.append(ends)
    mark_panels(panels, some.names, events)
    panels[0].set_ylabel(scale.axis("Share of customers"))
    if title is None:
        title = _finding(courses)
    note = "How customers feel about their supplier. " + (
        "Means over seeds." if "measure" in firms else "One run: compare several seeds."
    )
    head(figure, title=title, note=note)
    end_labels_of(list(zip(panels, labels, strict=True)), fontsize=8.5)
    return described(figure, _alt(courses, words.period))


def _net(courses: dict[str, Courses]) -> np.ndarray:
    """Return the net promoter score of the last period by firm, in points."""
    return 100 * (courses["advocacy"].value[-1] - courses["destroying"].value[-1])


def _finding(courses: dict[str, Courses]) -> str:
    net, names = _net(courses), courses["advocacy"].names
    if not np.isfinite(net).any():
        return "Emotions: nobody has a customer at the end"
    best, worst = int(np.nanargmax(net)), int(np.nanargmin(net))
    said = f"{names[best]} ends with a net promoter score of {_points(net[best])}"
    return said + (f", {names[worst]} with {_points(net[worst])}" if best != worst else "")


def _points(value: float) -> str:
    return number(round(value), 3, signed=True)


def _alt(courses: dict[str, Courses], period: str) -> str:
    said = []
    for k, name in enumerate(courses["advocacy"].names):
        parts = ", ".join(
            f"{cluster} {course.value[0, k]:.0%} to {course.value[-1, k]:.0%}"
            for cluster, course in courses.items()
            if np.isfinite(course.value[[0, -1], k]).all()
        )
        said.append(f"{name}: {parts}" if parts else f"{name} without customers")
    last = courses["advocacy"].periods[-1]
    return f"Shares of customers by emotion cluster, first {period} to {period} {last}. " + (
        "; ".join(said) + "."
    )
