"""Baseline against what-if: both in the same axes, one line a firm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

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
    top_label,
)
from cxsim.plot.line_charts import draw_course, fit_limits
from cxsim.plot.numbers import joined, scale_for
from cxsim.plot.palette import looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["what_if"]


@styled
def what_if(
    series: pd.DataFrame,
    *,
    measures: Sequence[str] = ("share", "cumulative_profit"),
    firms: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    columns: int = 2,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw measures by period in two scenarios: what-if in full, the baseline as thin dashes.

    Parameters
    ----------
    series : DataFrame
        ``scenario, firm, period, measure, mean, lower, upper`` as ``comparison.series`` has;
        the baseline first. One scenario alone is drawn as it is.
    measures : sequence of str
        One panel each.
    firms : sequence of str, optional
        Firms to show, in order.
    events : iterable of (period, label)
        Marked in all panels, labelled in the first.
    columns : int
        Panels side by side.
    title : str, optional
        In place of a description.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Bands are the intervals of the what-if.

    Raises
    ------
    ValueError
        If a column or measure is missing.
    """
    need(series, ["scenario", "firm", "period", "measure", "mean"], name="series")
    scenarios = [str(name) for name in series["scenario"].unique()]
    baseline, other = scenarios[0], scenarios[-1]
    words = words_of(series)
    columns = min(columns, len(measures))
    rows = -(-len(measures) // columns)
    figure = new(size, ((5.1 if columns > 1 else 6.2) * columns, 1.1 + 2.7 * rows))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()[: len(measures)]
    events, said, labels = list(events), [], []
    for axes, measure in zip(grid, measures, strict=True):
        one_of(measure, series["measure"].unique(), name="measures")
        part = series[series["measure"] == measure]
        names = chosen(part["firm"], firms)
        before = courses_of(part[part["scenario"] == baseline], measure, firms=names)
        after = courses_of(part[part["scenario"] == other], measure, firms=names)
        label, unit = label_and_unit(measure)
        every = np.concatenate([before.everything(), after.everything()])
        fit_limits(axes, Courses(after.periods, names, every[:, None]))
        scale = scale_for(unit, every, words=words)
        # Solid for all firms: here dashes say which scenario it is.
        styles = {name: replace(look, linestyle="-") for name, look in looks(names).items()}
        ends = []
        for k, name in enumerate(names):
            if baseline != other:
                axes.plot(
                    before.periods, before.value[:, k], color=styles[name].color,
                    linewidth=1.1, linestyle=(0, (4, 2)), alpha=0.9,
                )  # fmt: skip
            end = draw_course(axes, after, k, after.value[:, k], styles[name])
            if end is not None:
                text = f"{short(name, 16)} {scale.brief(end[1])}"
                ends.append(EndLabel(*end, text, styles[name].ink))
        axes.set_xlabel(words.period.capitalize())
        axes.yaxis.set_major_formatter(scale.ticks)
        marked = mark_events(axes, events if axes is grid[0] else [(at, "") for at, _ in events])
        top_label(axes, scale.axis(label), rows=marked)
        labels.append((axes, ends))
        ways = zip(names, before.value[-1], after.value[-1], strict=True)
        ends_at = (f"{name} {scale.text(b)} ({scale.text(a)} before)" for name, a, b in ways)
        said.append(f"{label}: {joined(ends_at)}")
    if title is None:
        title = f"{other} against {baseline}" if baseline != other else other
    note = "Solid: what-if, with the interval of its mean over seeds; dashed: baseline."
    if baseline == other:
        note = "Means over seeds with their intervals; nothing has been changed yet."
    head(figure, title=title, note=note)
    end_labels_of(labels, fontsize=9)
    alt = f"Line charts, {baseline} and {other} in the same axes, at the end: {'; '.join(said)}."
    return described(figure, alt)
