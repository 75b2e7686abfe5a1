"""Scenarios compared over paired seeds: differences with intervals, and courses side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxsim.charts.labels import (
    Scale,
    Words,
    chosen,
    joined,
    label_and_unit,
    need,
    one_of,
    scale_for,
    words_of,
)
from cxsim.charts.layout import (
    EndLabel,
    Event,
    described,
    end_labels_of,
    finish,
    head,
    mark_events,
    new,
    row_names,
    short,
    top_label,
)
from cxsim.charts.style import GREY, Look, Picture, looks, readable, styled
from cxsim.charts.time_series import Courses, courses_of, draw_course, fit_limits
from cxsim.runs.measures.measure_registry import MARKET

__all__ = ["differences", "paths", "what_if"]


# -- Scenarios compared over paired seeds: differences with intervals, and courses side by side


#: Measures shown if none are chosen, where the table has them.
_USUAL = (
    "share",
    "retention",
    "knowledge",
    "switching_cost",
    "lifetime_value_new",
    "net_present_value",
)


#: Markers of several scenarios in one panel.
_MARKERS = ("o", "s", "^", "D", "v", "P")


@styled
def differences(
    table: pd.DataFrame,
    *,
    measures: Iterable[str] | None = None,
    firms: Sequence[str] | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw paired differences from the baseline with their confidence intervals.

    Parameters
    ----------
    table : DataFrame
        ``scenario, measure, firm, difference, lower, upper`` and, where known, ``label``
        and ``unit``, as ``comparison.table`` has.
    measures : iterable of str, optional
        Measures to show, one panel each; by default up to six that matter most.
    firms : sequence of str, optional
        Firms to show. Give all firms of the scenario, in its order, to keep colours
        where scenarios share some of them.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Filled dots: the interval excludes zero; hollow: it does not, or there is none.

    Raises
    ------
    ValueError
        If a column or measure is missing.
    """
    need(table, ["scenario", "measure", "firm", "difference", "lower", "upper"], name="table")
    there = list(dict.fromkeys(table["measure"]))
    wanted = [m for m in _USUAL if m in there] or there[:6] if measures is None else list(measures)
    for measure in wanted:
        one_of(measure, there, name="measures")
    names = chosen([f for f in table["firm"] if f != MARKET], firms)
    shown = table[table["measure"].isin(wanted) & table["firm"].isin([*names, MARKET])]
    firm_level = set(shown.loc[shown["firm"] != MARKET, "measure"])
    shown = shown[(shown["firm"] != MARKET) | ~shown["measure"].isin(firm_level)]
    scenarios = list(dict.fromkeys(shown["scenario"]))
    if not wanted or shown.empty:
        raise ValueError("measures: expected at least one that the table has for these firms")
    if title is None:
        title = _finding(shown, scenarios)

    columns = min(3, len(wanted))
    rows = -(-len(wanted) // columns)
    tall = 0.75 + 0.34 * len(_places(names, scenarios))
    width = 3.3 * columns + (1.0 if len(scenarios) == 1 else 2.0)
    figure = new(size, (max(width, 6.4), 1.1 + rows * max(tall, 1.5)))
    grid = figure.subplots(rows, columns, squeeze=False)
    for panel in grid.flat[len(wanted) :]:
        panel.remove()
    words = words_of(table)
    for k, measure in enumerate(wanted):
        part = shown[shown["measure"] == measure]
        _panel(grid.flat[k], part, names, scenarios, words, named=k % columns == 0)
    note = (
        "Dots: mean difference over paired seeds, with its confidence interval; "
        "filled: the interval excludes zero."
    )
    return finish(figure, title=title, alt=_alt(shown, scenarios, wanted, words), note=note)


def _places(firms: list[str], scenarios: list[str]) -> dict[tuple[str, str], float]:
    """Return a row for each firm and scenario, with a little room between firms."""
    room = 0.35 if len(scenarios) > 1 else 0.0
    step = len(scenarios) + room
    return {(f, s): i * step + j for i, f in enumerate(firms) for j, s in enumerate(scenarios)}


def _clear(rows: pd.DataFrame) -> np.ndarray:
    """Return which intervals exclude zero."""
    return ((rows["lower"] > 0) | (rows["upper"] < 0)).to_numpy()


def _words(part: pd.DataFrame) -> tuple[str, str]:
    """Return label and unit of the one measure of a part of the table."""
    row = part.iloc[0]
    name = str(row["measure"])
    label = str(row["label"]) if "label" in part else name.replace("_", " ").capitalize()
    return label, str(row["unit"]) if "unit" in part else ""


def _scale(part: pd.DataFrame, words: Words) -> Scale:
    values = part[["difference", "lower", "upper"]].to_numpy(dtype=float)
    return scale_for(_words(part)[1], values.ravel(), words=words, difference=True)


def _panel(
    axes: Axes,
    part: pd.DataFrame,
    firms: list[str],
    scenarios: list[str],
    words: Words,
    *,
    named: bool,
) -> None:
    scale = _scale(part, words)
    market = set(part["firm"]) == {MARKET}
    rows = [MARKET] if market else firms
    places = _places(rows, scenarios)
    styles = looks(firms)
    marks = {name: _MARKERS[k % len(_MARKERS)] for k, name in enumerate(scenarios)}
    for _, row in part.iterrows():
        y = places[row["firm"], row["scenario"]]
        ink = GREY if market else styles[row["firm"]].ink
        color = GREY if market else styles[row["firm"]].color
        if not np.isfinite(row["difference"]):
            axes.text(0, y, "no value", color=GREY, fontsize=8.5, va="center", ha="center")
            continue
        clear = row["lower"] > 0 or row["upper"] < 0
        if np.isfinite(row["lower"]):
            axes.plot([row["lower"], row["upper"]], [y, y], color=ink, lw=2.0 if clear else 1.3)
        axes.plot(
            row["difference"], y, marks[row["scenario"]], markersize=7 if clear else 6.5,
            markerfacecolor=color if clear else "white", markeredgecolor=ink, zorder=3,
        )  # fmt: skip
        axes.annotate(
            scale.bare(row["difference"], signed=True), (row["difference"], y), xytext=(0, 5),
            textcoords="offset points", ha="center", va="bottom", fontsize=8, color=ink,
            fontweight="bold" if clear else "normal",
        )  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    _limits(axes, part)
    axes.set_ylim(max(places.values()) + 0.6, -0.65)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(scale.ticks)
    heading = short(_words(part)[0], 34) + (" (market)" if market else "")
    axes.set_title(heading, fontsize=10.5)
    axes.set_xlabel(scale.unit, fontsize=9)
    if not named:
        axes.set_yticks(list(places.values()), [""] * len(places))
        return
    labels = [
        short("Market" if firm == MARKET else firm)
        + (f" · {short(scenario, 18, lines=1)}" if len(scenarios) > 1 else "")
        for firm, scenario in places
    ]
    row_names(axes, labels, places=list(places.values()), names=[firm for firm, _ in places])


def _limits(axes: Axes, part: pd.DataFrame) -> None:
    values = part[["difference", "lower", "upper"]].to_numpy(dtype=float)
    values = np.append(values[np.isfinite(values)], 0.0)
    room = 0.14 * float(np.ptp(values)) or 1.0
    axes.set_xlim(values.min() - room, values.max() + room)


def _finding(shown: pd.DataFrame, scenarios: list[str]) -> str:
    clear = int(_clear(shown).sum())
    known = shown[["lower", "upper"]].notna().all(axis=1)
    against = f"{joined(scenarios)} against the baseline"
    if not known.any():
        return f"{against}: differences without intervals, for want of seeds"
    return f"{against}: {clear} of {int(known.sum())} differences shown are clearly not zero"


def _alt(shown: pd.DataFrame, scenarios: list[str], measures: list[str], words: Words) -> str:
    said = []
    for measure in measures:
        part = shown[shown["measure"] == measure]
        scale = _scale(part, words)
        rows = part[_clear(part)]
        found = ", ".join(
            f"{row['firm']} {scale.text(row['difference'], signed=True)}"
            + (f" in {row['scenario']}" if len(scenarios) > 1 else "")
            for _, row in rows.iterrows()
        )
        said.append(f"{_words(part)[0]}: {found or 'no clear difference'}")
    return (
        f"Paired differences of {joined(scenarios)} from the baseline with confidence intervals. "
        f"Clear ones by measure: {'; '.join(said)}."
    )


# -- Courses of several scenarios in the same axes, one panel a firm ---------------------------


#: Scenarios: the baseline grey, others in colours that few firms have.
_COLORS = (GREY, "#000000", "#E69F00", "#56B4E9", "#CC79A7", "#009E73")


_STYLES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.4, 1.2, 1.4)), (0, (3, 1, 3, 3)), "-",
)  # fmt: skip


_PATH_MARKERS = ("o", "s", "^", "D", "v", "P")


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
        name: Look(_COLORS[k % 6], readable(_COLORS[k % 6]), _STYLES[k % 6], _PATH_MARKERS[k % 6])
        for k, name in enumerate(scenarios)
    }
    if title is None:
        title = _paths_finding(label, courses, names, scale)

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
    alt = _paths_alt(label, courses, names, scale, words.period)
    return described(figure, alt)


def _all_periods(courses: dict[str, Courses]) -> np.ndarray:
    return np.unique(np.concatenate([course.periods for course in courses.values()]))


def _paths_finding(label: str, courses: dict[str, Courses], names: list[str], scale: Scale) -> str:
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


def _paths_alt(
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


# -- Baseline against what-if: both in the same axes, one line a firm --------------------------


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
