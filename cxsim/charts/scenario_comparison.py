"""Scenarios compared over paired seeds: differences with intervals, and time series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxsim.charts.intervals import clear, draw_estimate, limits_around_zero
from cxsim.charts.labels import (
    Scale,
    Words,
    chosen,
    joined,
    label_and_unit,
    one_of,
    scale_for,
    words_of,
)
from cxsim.charts.layout import (
    Chart,
    EndLabel,
    Event,
    Shared,
    charted,
    columns_for,
    end_labels_of,
    grid_of,
    mark_events,
    panels_size,
    row_grid,
    row_names,
    short,
    tag,
    top_label,
)
from cxsim.charts.style import GREY, Look, Picture, looks, readable
from cxsim.charts.time_series import TimeSeries, draw_series, fit_limits, series_of
from cxsim.runs.measures.measure_registry import MARKET

# -- Scenarios compared over paired seeds: differences with intervals, and time series ---------


#: Measures shown if none are chosen, where the table has them.
_USUAL = (
    "market_share",
    "retention_rate",
    "customer_knowledge",
    "switching_cost",
    "customer_lifetime_value_new",
    "net_present_value",
)


#: Markers of several scenarios in one panel.
_MARKERS = ("o", "s", "^", "D", "v", "P")


@charted("scenario", "measure", "firm", "difference", "lower", "upper")
def scenario_differences(
    table: pd.DataFrame,
    *,
    measures: Iterable[str] | None = None,
    firms: Sequence[str] | None = None,
    **_: Unpack[Shared],
) -> Chart:
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

    Returns
    -------
    Figure
        Filled dots: the interval excludes zero; hollow: it does not, or there is none.

    Raises
    ------
    ValueError
        If a column or measure is missing.
    """
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
    words = words_of(table)
    parts = [shown[shown["measure"] == measure] for measure in wanted]
    columns = columns_for(len(wanted), 3)
    tall = 0.75 + 0.34 * len(_places(names, scenarios))
    width = 3.3 * columns + (1.0 if len(scenarios) == 1 else 2.0)

    def draw(figure: Picture) -> None:
        panels = grid_of(figure, len(wanted), columns)
        for k, (axes, part) in enumerate(zip(panels, parts, strict=True)):
            _panel(axes, part, names, scenarios, words, named=k % columns == 0)

    return Chart(
        draw,
        size=(max(width, 6.4), 1.1 + -(-len(wanted) // columns) * max(tall, 1.5)),
        title=_finding(shown, scenarios),
        alt=_alt(parts, scenarios, words),
        note="Dots: mean differences over paired seeds with confidence intervals; "
        "filled: the interval excludes zero.",
    )


def _places(firms: list[str], scenarios: list[str]) -> dict[tuple[str, str], float]:
    """Return a row for each firm and scenario, with a little room between firms."""
    room = 0.35 if len(scenarios) > 1 else 0.0
    step = len(scenarios) + room
    return {(f, s): i * step + j for i, f in enumerate(firms) for j, s in enumerate(scenarios)}


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
    places = _places([MARKET] if market else firms, scenarios)
    styles = {MARKET: Look(GREY, GREY, "-", "o"), **looks(firms)}
    for row in part.to_dict("records"):
        y = places[row["firm"], row["scenario"]]
        mark = _MARKERS[scenarios.index(row["scenario"]) % len(_MARKERS)]
        _difference(axes, y, row, styles[row["firm"]], mark, scale)
    axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
    row_grid(axes)
    limits_around_zero(axes, part[["difference", "lower", "upper"]].to_numpy(float), 0.14)
    axes.set_ylim(max(places.values()) + 0.6, -0.65)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(scale.ticks)
    axes.set_title(short(_words(part)[0], 34) + (" (market)" if market else ""), fontsize=10.5)
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


def _difference(
    axes: Axes, y: float, row: dict[str, Any], look: Look, mark: str, scale: Scale
) -> None:
    if not np.isfinite(row["difference"]):
        axes.text(0, y, "no value", color=GREY, fontsize=8.5, va="center", ha="center")
        return
    filled = clear(row)
    draw_estimate(
        axes, y, (row["lower"], row["difference"], row["upper"]), color=look.color, ink=look.ink,
        filled=filled, marker=mark, width=2.0 if filled else 1.3, ms=7 if filled else 6.5, zorder=3,
    )  # fmt: skip
    tag(
        axes, scale.bare(row["difference"], signed=True), (row["difference"], y), (0, 5),
        fontsize=8, color=look.ink, fontweight="bold" if filled else "normal",
        bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 0.4},
    )  # fmt: skip


def _finding(shown: pd.DataFrame, scenarios: list[str]) -> str:
    known = int(shown[["lower", "upper"]].notna().all(axis=1).sum())
    against = f"{joined(scenarios)} against the baseline"
    if not known:
        return f"{against}: differences without intervals (one seed)"
    significant = f"{clear(shown).sum()} of {known} differences"
    return f"{against}: {significant} are statistically significant"


def _alt(parts: list[pd.DataFrame], scenarios: list[str], words: Words) -> str:
    said = []
    for part in parts:
        scale = _scale(part, words)
        found = ", ".join(
            f"{row['firm']} {scale.text(row['difference'], signed=True)}"
            + (f" in {row['scenario']}" if len(scenarios) > 1 else "")
            for row in part[clear(part)].to_dict("records")
        )
        said.append(f"{_words(part)[0]}: {found or 'no significant difference'}")
    return (
        f"Paired differences of {joined(scenarios)} from the baseline with confidence intervals. "
        f"Significant differences by measure: {'; '.join(said)}."
    )


# -- Time series of several scenarios in the same axes, one panel a firm -----------------------


#: Scenarios: the baseline grey, others in colours that few firms have.
_COLORS = (GREY, "#000000", "#E69F00", "#56B4E9", "#CC79A7", "#009E73")


_STYLES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.4, 1.2, 1.4)), (0, (3, 1, 3, 3)), "-",
)  # fmt: skip


_LOOKS = [
    Look(color, readable(color), style, marker)
    for color, style, marker in zip(_COLORS, _STYLES, _MARKERS, strict=True)
]


@charted("scenario", "firm", "period", "measure", "mean")
def scenario_time_series(
    series: pd.DataFrame,
    *,
    measure: str = "market_share",
    firms: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    **_: Unpack[Shared],
) -> Chart:
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

    Returns
    -------
    Figure
        Panels share their axes; bands are the intervals of the series.

    Raises
    ------
    ValueError
        If a column or the measure is missing.
    """
    shown = _Measured.of(series, measure, firms, called="measure")
    label, by_scenario, scale, names = shown.label, shown.by_scenario, shown.scale, shown.names
    period, periods = words_of(series).period, shown.extent.periods
    events, columns = list(events), columns_for(len(names))

    def draw(figure: Picture) -> Callable[[], None]:
        panels = grid_of(figure, len(names), columns, sharex=True, sharey=True)
        labels, pad = [], 6
        for k, (axes, (name, look)) in enumerate(zip(panels, looks(names).items(), strict=True)):
            fit_limits(axes, shown.extent)
            labels.append((axes, _draw_scenarios(axes, by_scenario, k, scale)))
            pad += 12 * mark_events(axes, [(at, "" if k else text) for at, text in events])
            axes.set_title(short(name, 34), color=look.ink, pad=pad if k < columns else 6)
            axes.yaxis.set_major_formatter(scale.ticks)
            if k + columns >= len(names):
                axes.set_xlabel(period.capitalize())
                axes.tick_params(labelbottom=True)
        figure.supylabel(scale.axis(label), fontsize=10, fontweight="normal", color="#3A3A3A")
        return partial(end_labels_of, labels, fontsize=9)

    banded = any(each.banded for each in by_scenario.values())
    return Chart(
        draw,
        size=panels_size(len(names), 4.3, 2.1),
        title=_paths_finding(label, by_scenario, names, scale),
        alt=f"Line charts of {label} by firm, {period} {periods[0]} to {periods[-1]}, one line per "
        f"scenario: {_ends(by_scenario, names, scale)}.",
        note="Means over paired seeds; bands: their confidence intervals."
        if banded
        else "No intervals: compare several seeds before drawing conclusions.",
    )


@dataclass(frozen=True)
class _Measured:
    """A measure in several scenarios, the baseline first.

    ``extent`` holds all values and periods, for limits that fit all scenarios.
    """

    label: str
    names: list[str]
    by_scenario: dict[str, TimeSeries]
    extent: TimeSeries
    scale: Scale

    @classmethod
    def of(
        cls, series: pd.DataFrame, measure: str, firms: Sequence[str] | None, *, called: str
    ) -> _Measured:
        """Take a measure out of a series; ``called`` is the parameter that names it."""
        one_of(measure, series["measure"].unique(), name=called)
        part = series[series["measure"] == measure]
        names = chosen(part["firm"], firms)
        by_scenario = {
            str(name): series_of(part[part["scenario"] == name], measure, firms=names)
            for name in part["scenario"].unique()
        }
        periods = np.unique(np.concatenate([each.periods for each in by_scenario.values()]))
        every = np.concatenate([each.everything() for each in by_scenario.values()])
        label, unit = label_and_unit(measure)
        scale = scale_for(unit, every, words=words_of(series))
        return cls(label, names, by_scenario, TimeSeries(periods, names, every[:, None]), scale)


def _draw_scenarios(
    axes: Axes, by_scenario: dict[str, TimeSeries], k: int, scale: Scale
) -> list[EndLabel]:
    """Draw the series of one firm; return the labels of their ends."""
    ends = []
    for (scenario, each), look in zip(by_scenario.items(), cycle(_LOOKS), strict=False):
        ends += draw_series(axes, each, k, look, label=short(scenario, 14), scale=scale)
    return ends


def _paths_finding(
    label: str, by_scenario: dict[str, TimeSeries], names: list[str], scale: Scale
) -> str:
    """Tell of the firm and scenario that end farthest from the baseline."""
    baseline, *others = by_scenario
    best: tuple[float, str] | None = None
    for other in others:
        for k, name in enumerate(names):
            before, after = by_scenario[baseline].value[-1, k], by_scenario[other].value[-1, k]
            gap = abs(after - before)
            if np.isfinite(gap) and (best is None or gap > best[0]):
                text = (
                    f"{label}: {name} ends at {scale.text(after)} in {other}, "
                    f"{scale.text(before)} in {baseline}"
                )
                best = (float(gap), text)
    return best[1] if best else f"{label} by firm in {joined(by_scenario)}"


def _ends(by_scenario: dict[str, TimeSeries], names: list[str], scale: Scale) -> str:
    said = []
    for k, name in enumerate(names):
        ends = (
            f"{scale.text(each.value[-1, k])} in {where}" for where, each in by_scenario.items()
        )
        said.append(f"{name} ends at {joined(ends)}")
    return "; ".join(said)


# -- Baseline against what-if: both in the same axes, one line a firm --------------------------


@charted("scenario", "firm", "period", "measure", "mean")
def what_if(
    series: pd.DataFrame,
    *,
    measures: Sequence[str] = ("market_share", "cumulative_profit"),
    firms: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    columns: int = 2,
    **_: Unpack[Shared],
) -> Chart:
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

    Returns
    -------
    Figure
        Bands are the intervals of the what-if.

    Raises
    ------
    ValueError
        If a column or measure is missing.
    """
    scenarios = [str(name) for name in series["scenario"].unique()]
    baseline, other = scenarios[0], scenarios[-1]
    changed = baseline != other
    two = series[series["scenario"].isin([baseline, other])]
    pairs = [_Measured.of(two, measure, firms, called="measures") for measure in measures]
    columns = columns_for(len(measures), columns)
    rows = -(-len(measures) // columns)
    events = list(events)

    def draw(figure: Picture) -> Callable[[], None]:
        labels = []
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for k, (axes, pair) in enumerate(zip(panels, pairs, strict=False)):
            labels.append((axes, _draw_pair(axes, pair, dashed=changed)))
            axes.set_xlabel(words_of(series).period.capitalize())
            axes.yaxis.set_major_formatter(pair.scale.ticks)
            marked = mark_events(axes, [(at, "" if k else text) for at, text in events])
            top_label(axes, pair.scale.axis(pair.label), rows=marked)
        return partial(end_labels_of, labels, fontsize=9)

    said = "; ".join(map(_changes, pairs))
    return Chart(
        draw,
        size=((5.1 if columns > 1 else 6.2) * columns, 1.1 + 2.7 * rows),
        title=f"{other} against {baseline}" if changed else other,
        alt=f"Line charts, {baseline} and {other} in the same axes, at the end: {said}.",
        note="Solid: what-if, with the interval of its mean over seeds. Dashed: baseline."
        if changed
        else "Means over seeds with their intervals; no change so far.",
    )


def _both(pair: _Measured) -> tuple[TimeSeries, TimeSeries]:
    """Return the series of the baseline and the what-if, which may be the same."""
    series = list(pair.by_scenario.values())
    return series[0], series[-1]


def _changes(pair: _Measured) -> str:
    ways = zip(pair.names, *(each.value[-1] for each in _both(pair)), strict=True)
    text = pair.scale.text
    return f"{pair.label}: {joined(f'{n} {text(b)} ({text(a)} before)' for n, a, b in ways)}"


def _draw_pair(axes: Axes, pair: _Measured, *, dashed: bool) -> list[EndLabel]:
    """Draw a measure in both scenarios; return the labels of its ends in the later one."""
    (before, after), ends = _both(pair), []
    fit_limits(axes, pair.extent)
    for k, (name, look) in enumerate(looks(after.names).items()):
        if dashed:
            axes.plot(
                before.periods, before.value[:, k], color=look.color, linewidth=1.1,
                linestyle=(0, (4, 2)), alpha=0.9,
            )  # fmt: skip
        solid = replace(look, linestyle="-")  # for all firms: here dashes say which scenario it is
        ends += draw_series(axes, after, k, solid, label=short(name, 16), scale=pair.scale)
    return ends
