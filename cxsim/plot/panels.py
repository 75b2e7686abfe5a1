"""Courses of several scenarios in the same axes, one panel a firm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from cxsim.plot.columns import chosen, label_and_unit, need, one_of, words_of
from cxsim.plot.courses import Courses, courses_of
from cxsim.plot.layout import (
    EndLabel,
    Event,
    described,
    end_labels_of,
    head,
    mark_events,
    new,
    short,
)
from cxsim.plot.line_charts import draw_course, fit_limits
from cxsim.plot.numbers import Scale, joined, scale_for
from cxsim.plot.palette import GREY, Look, looks, readable
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["paths"]

#: Scenarios: the baseline grey, others in colours that few firms have.
_COLORS = (GREY, "#000000", "#E69F00", "#56B4E9", "#CC79A7", "#009E73")
_STYLES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.4, 1.2, 1.4)), (0, (3, 1, 3, 3)), "-",
)  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P")


@styled
def paths(
    series: pd.DataFrame,
    *,
    measure: str = "share",
    firms: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw a measure by period in several scenarios, one panel for each firm.

    Parameters
    ----------
    series : DataFrame
        ``scenario, firm, period, measure, mean, lower, upper``, as ``comparison.series`` has;
        the baseline first.
    measure : str
        One that the series has.
    firms : sequence of str, optional
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
        Panels share their axes; bands are the intervals of the series.

    Raises
    ------
    ValueError
        If a column or the measure is missing.
    """
    need(series, ["scenario", "firm", "period", "measure", "mean"], name="series")
    one_of(measure, series["measure"].unique(), name="measure")
    part = series[series["measure"] == measure]
    names = chosen(part["firm"], firms)
    scenarios = [str(name) for name in part["scenario"].unique()]
    courses = {
        name: courses_of(part[part["scenario"] == name], measure, firms=names) for name in scenarios
    }
    words = words_of(series)
    label, unit = label_and_unit(measure)
    every = np.concatenate([each.everything() for each in courses.values()])
    scale = scale_for(unit, every, words=words)
    styles = {
        name: Look(_COLORS[k % 6], readable(_COLORS[k % 6]), _STYLES[k % 6], _MARKERS[k % 6])
        for k, name in enumerate(scenarios)
    }
    if title is None:
        title = _finding(label, courses, names, scale)

    columns = min(len(names), 2 if len(names) in (2, 4) else 3)
    rows = -(-len(names) // columns)
    figure = new(size, (max(4.3 * columns + 0.4, 6.4), 1.2 + 2.1 * rows))
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for panel in grid.flat[len(names) :]:
        panel.remove()
    firm_looks = looks(names)
    whole = Courses(_all_periods(courses), names, every[:, None])
    ends: list[list[EndLabel]] = []
    events, marked = list(events), 0
    for k, name in enumerate(names):
        axes = grid.flat[k]
        fit_limits(axes, whole)
        ends.append([])
        for scenario, course in courses.items():
            look = styles[scenario]
            end = draw_course(axes, course, k, course.value[:, k], look)
            if end is not None:
                text = f"{short(scenario, 14)} {scale.brief(end[1])}"
                ends[-1].append(EndLabel(*end, text, look.ink))
        labelled = mark_events(axes, events if k == 0 else [(at, "") for at, _ in events])
        marked = max(marked, labelled)
        pad = 6 + 12 * marked if k < columns else 6
        axes.set_title(short(name, 34), color=firm_looks[name].ink, pad=pad)
        axes.yaxis.set_major_formatter(scale.ticks)
        if k + columns >= len(names):
            axes.set_xlabel(words.period.capitalize())
            axes.tick_params(labelbottom=True)
    figure.supylabel(scale.axis(label), fontsize=10, fontweight="normal", color="#3A3A3A")
    banded = any(course.banded for course in courses.values())
    note = (
        "Means over paired seeds; bands: their confidence intervals."
        if banded
        else "Without intervals: compare several seeds before you conclude."
    )
    head(figure, title=title, note=note)
    end_labels_of(list(zip(grid.flat, ends, strict=False)), fontsize=9)
    alt = _alt(label, courses, names, scale, words.period)
    return described(figure, alt)


def _all_periods(courses: dict[str, Courses]) -> np.ndarray:
    return np.unique(np.concatenate([course.periods for course in courses.values()]))


def _finding(label: str, courses: dict[str, Courses], names: list[str], scale: Scale) -> str:
    """Tell of the firm and scenario that end farthest from the baseline."""
    baseline, *others = courses
    best: tuple[float, str] | None = None
    for other in others:
        for k, name in enumerate(names):
            before, after = courses[baseline].value[-1, k], courses[other].value[-1, k]
            gap = abs(after - before)
            if np.isfinite(gap) and (best is None or gap > best[0]):
                text = (
                    f"{label}: {name} ends at {scale.text(after)} in {other}, "
                    f"{scale.text(before)} in {baseline}"
                )
                best = (float(gap), text)
    return best[1] if best else f"{label} by firm in {joined(courses)}"


def _alt(
    label: str, courses: dict[str, Courses], names: list[str], scale: Scale, period: str
) -> str:
    said = []
    for k, name in enumerate(names):
        ends = joined(
            f"{scale.text(course.value[-1, k])} in {scenario}"
            for scenario, course in courses.items()
        )
        said.append(f"{name} ends at {ends}")
    every = _all_periods(courses)
    return (
        f"Line charts of {label} by firm, {period} {every[0]} to {every[-1]}, "
        f"one line per scenario: {'; '.join(said)}."
    )
