"""The journey map: what customers meet at each touchpoint beside what they expect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxsim.charts.labels import Scale, chosen, need, number, scale_for, words_of
from cxsim.charts.layout import (
    Chart,
    EndLabel,
    Event,
    Shared,
    charted,
    columns_for,
    end_labels_of,
    firm_panels,
    mark_panels,
    named_rows,
    panels_size,
    short,
    tag,
)
from cxsim.charts.style import GREY, INK, Look, Picture, looks, readable
from cxsim.charts.time_series import TimeSeries, series_of

# -- The journey map: what customers meet at each touchpoint beside what they expect -----------


@charted(
    "period", "firm", "touchpoint", "responsible_firm", "importance", "contacts", "performance",
    "expectation",
)  # fmt: skip
def customer_journey_map(
    touchpoints: pd.DataFrame,
    *,
    periods: tuple[int, int] | None = None,
    firms: Sequence[str] | None = None,
    **_: Unpack[Shared],
) -> Chart:
    """Draw performance at each touchpoint in the order of the journey, one panel a firm.

    Parameters
    ----------
    touchpoints : DataFrame
        ``period, firm, touchpoint, responsible_firm, importance, contacts, performance,
        expectation``, as ``run.touchpoints`` has.
    periods : (int, int), optional
        First and last period pooled; by default the last quarter.
    firms : sequence of str, optional
        Firms to show, in order.

    Returns
    -------
    Figure
        Filled points are touchpoints that the firm runs itself, hollow ones a partner's; grey
        bars are importance; the broken line is what customers expect of the firm. At required
        touchpoints (``abandoned_purchases``), purchases given up in a period stand at the foot.

    Raises
    ------
    ValueError
        If a column is missing or no period is left.
    """
    if periods is None:
        first, last = int(touchpoints["period"].min()), int(touchpoints["period"].max())
        periods = (last - (last - first) // 4, last)
    part = touchpoints[touchpoints["period"].between(*periods)]
    part = need(part, [], name="touchpoints in periods")
    names = chosen(part["firm"], firms)
    places = [str(name) for name in part["touchpoint"].unique()]
    pooled = _pooled(part)
    period = words_of(touchpoints).period
    span = f"{period} {periods[0]} to {periods[1]}"
    lost = f" At the foot: purchases given up there per {period}." if pooled["lost"].any() else ""

    def draw(figure: Picture) -> None:
        panels = firm_panels(figure, names)
        low, high = _extent(pooled[["performance", "expectation"]].to_numpy(float))
        top = float(part["importance"].max()) or 1.0
        for axes, (name, look) in zip(panels, looks(names).items(), strict=True):
            axes.set(ylim=(low, high), xlim=(-0.6, len(places) - 0.4))
            axes.set_xticks(range(len(places)), [short(p, 10) for p in places])
            own = pooled[pooled.index == name].set_index("touchpoint").reindex(places)
            _journey_panel(axes, own, look, top, high - low)
        for axes in panels[:: columns_for(len(names))]:
            axes.set_ylabel("Performance, 0 to 10")

    return Chart(
        draw,
        size=panels_size(len(names), 0.62 * max(len(places), 6) + 1.0, 2.7),
        title=_journey_finding(pooled),
        alt=_journey_alt(pooled, names, period, span),
        note=f"Means over {span}. Filled points: run by the firm; hollow: by a partner. Grey bars: "
        f"importance. Dashed line: what the firm's customers expect.{lost}",
    )


def _extent(values: np.ndarray) -> tuple[float, float]:
    """Return limits for scores, at whole numbers and with some room."""
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 10.0
    return float(np.floor(values.min() - 0.5)), float(np.ceil(values.max() + 0.3))


def _pooled(part: pd.DataFrame) -> pd.DataFrame:
    """Return one row per firm and touchpoint: performance by contact, purchases lost a period."""
    given_up = part.get("abandoned_purchases", 0.0)
    part = part.assign(
        score=part["performance"].fillna(0.0) * part["contacts"],
        lost=given_up / part["period"].nunique(),
    )
    sums = part.groupby(["firm", "touchpoint"], sort=False).agg(
        score=("score", "sum"),
        contacts=("contacts", "sum"),
        expectation=("expectation", "mean"),
        importance=("importance", "first"),
        responsible_firm=("responsible_firm", "first"),
        lost=("lost", "sum"),
    )
    sums["performance"] = sums["score"] / sums["contacts"].where(sums["contacts"] > 0)
    return sums.reset_index("touchpoint")


def _journey_panel(axes: Axes, rows: pd.DataFrame, look: Look, top: float, height: float) -> None:
    bottom = axes.get_ylim()[0]
    bars = rows["importance"].fillna(0.0).to_numpy(float) / top * 0.22 * height
    axes.bar(range(len(rows)), bars, bottom=bottom, width=0.5, color="#DDDDDD", zorder=1)
    y = rows["performance"].to_numpy(float)
    axes.plot(range(len(rows)), y, color=look.color, linewidth=1.6, zorder=3)
    for k in np.flatnonzero(np.isfinite(y)):
        partner = rows["responsible_firm"].iloc[k] == "partner"
        axes.plot(
            k, y[k], marker="o", markersize=8, zorder=4, color=look.color,
            markerfacecolor="white" if partner else look.color, markeredgewidth=1.6,
        )  # fmt: skip
        tag(
            axes, number(y[k], 2), (k, y[k]), (0, 8), va="baseline", fontsize=8.5, color=look.ink,
            zorder=5, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
        )  # fmt: skip
    for k in np.flatnonzero(rows["lost"].fillna(0.0).to_numpy(float) > 0.0):
        tag(
            axes, f"−{number(rows['lost'].iloc[k], 2)}", (k, bottom), (0, 3), va="baseline",
            ha="center", fontsize=8.5, color=INK, zorder=5,
        )  # fmt: skip
    expected = rows["expectation"].dropna()
    if len(expected):
        level = float(expected.iloc[0])
        axes.axhline(level, color=INK, linewidth=1.1, linestyle=(0, (5, 2)), zorder=2)
        below = abs(y[-1] - level) < 0.08 * height  # the last point's number stands above the line
        tag(
            axes, f"expected {number(level, 2)}", (1.0, level), (-2, -16 if below else 3),
            xycoords=("axes fraction", "data"), va="baseline", fontsize=8, color=GREY,
        )  # fmt: skip


def _journey_finding(pooled: pd.DataFrame) -> str:
    """Tell of the touchpoint that falls shortest of what is expected."""
    gap = (pooled["performance"] - pooled["expectation"]).to_numpy(float)
    if not np.isfinite(gap).any():
        return "No customer met a touchpoint"
    worst = int(np.nanargmin(gap))
    row, firm = pooled.iloc[worst], pooled.index[worst]
    met, expected = number(row["performance"], 2), number(row["expectation"], 2)
    place = row["touchpoint"]
    if gap[worst] >= 0:
        return f"Every touchpoint meets expectations; {firm}'s {place} exceeds them least"
    return (
        f"{firm} falls furthest short of expectations at its {place}: {met} out of 10 "
        f"against {expected} expected"
    )


def _journey_alt(pooled: pd.DataFrame, names: Sequence[str], period: str, span: str) -> str:
    said = []
    for name in (name for name in names if name in pooled.index):
        rows = pooled.loc[[name]]
        steps = ", ".join(
            f"{row.touchpoint} {number(row.performance, 2)}"
            + (" (partner)" if row.responsible_firm == "partner" else "")
            + (f" ({number(row.lost, 2)} purchases given up a {period})" if row.lost > 0 else "")
            for row in rows.itertuples()
        )
        said.append(f"{name}: {steps}; expected {number(float(rows['expectation'].iloc[0]), 2)}")
    return f"Journey map, mean performance 0 to 10 by touchpoint, {span}. {'. '.join(said)}."


# -- Emotion clusters over time: how many customers destroy, and how many advocate -------------


#: Clusters from worst to best, with colours that colour-blind readers tell apart.
_COLORS = {
    "destroying": "#D55E00",
    "attention": "#F2C48D",
    "recommendation": "#A6D0EC",
    "advocacy": "#0072B2",
}


@charted()
def emotion_clusters(
    firms: pd.DataFrame,
    *,
    show: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    **_: Unpack[Shared],
) -> Chart:
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

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    series = {name: series_of(firms, name, firms=show) for name in _COLORS}
    words = words_of(firms)
    names, periods = series["destroying"].names, series["destroying"].periods
    scale = scale_for("share", [0.0, 1.0], words=words)
    one_run = "One run: compare several seeds before drawing conclusions."
    over = "Means over seeds." if "measure" in firms else one_run

    def draw(figure: Picture) -> Callable[[], None]:
        panels = firm_panels(figure, names)
        labels = []
        for k, axes in enumerate(panels):
            values = [np.nan_to_num(each.value[:, k]) for each in series.values()]
            labels.append((axes, _stack(axes, periods, values, scale)))
            axes.set_ylim(0, 1)
            axes.set_xlim(float(periods[0]), float(max(periods[-1], periods[0] + 1)))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.yaxis.set_major_formatter(scale.ticks)
            axes.set_xlabel(words.period.capitalize())
        mark_panels(panels, names, events)
        panels[0].set_ylabel(scale.axis("Share of customers"))
        return partial(end_labels_of, labels, fontsize=8.5)

    return Chart(
        draw,
        size=panels_size(len(names), height=2.4),
        title=_finding(series),
        alt=_alt(series, words.period),
        note=f"Emotion clusters of each firm's customers. {over}",
    )


def _stack(
    axes: Axes, periods: np.ndarray, values: list[np.ndarray], scale: Scale
) -> list[EndLabel]:
    """Draw shares on top of each other; return the names of what they are shares of."""
    axes.stackplot(periods, values, colors=list(_COLORS.values()), edgecolor="white", linewidth=0.4)
    base, ends = 0.0, []
    for (name, color), value in zip(_COLORS.items(), values, strict=True):
        text = f"{name} {scale.brief(value[-1])}"
        ends.append(EndLabel(float(periods[-1]), base + value[-1] / 2, text, readable(color)))
        base += value[-1]
    return ends


def _finding(series: dict[str, TimeSeries]) -> str:
    """State the highest and the lowest net promoter score of the last period, in points."""
    net = 100 * (series["advocacy"].value[-1] - series["destroying"].value[-1])
    if not np.isfinite(net).any():
        return "Emotions: no firm has customers at the end"
    best, worst = int(np.nanargmax(net)), int(np.nanargmin(net))
    names = series["advocacy"].names
    high, low = (number(round(net[k]), 3, signed=True) for k in (best, worst))
    said = f"{names[best]} ends with a net promoter score of {high}"
    return said + (f", {names[worst]} with {low}" if best != worst else "")


def _alt(series: dict[str, TimeSeries], period: str) -> str:
    said = []
    for k, name in enumerate(series["advocacy"].names):
        parts = ", ".join(
            f"{cluster} {each.value[0, k]:.0%} to {each.value[-1, k]:.0%}"
            for cluster, each in series.items()
            if np.isfinite(each.value[[0, -1], k]).all()
        )
        said.append(f"{name}: {parts}" if parts else f"{name} without customers")
    last = series["advocacy"].periods[-1]
    span = f"first {period} to {period} {last}"
    return f"Shares of customers by emotion cluster, {span}. {'; '.join(said)}."


# -- The perception gap: what firms believe of themselves beside what customers meet -----------


@charted(
    "period",
    "firm",
    "importance",
    "contacts",
    "performance",
    "perceived_performance",
    "perceived_performance_se",
)
def perception_gap(
    touchpoints: pd.DataFrame,
    *,
    firms: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    **_: Unpack[Shared],
) -> Chart:
    """Draw, by period, performance as firms believe it and as customers met it.

    Parameters
    ----------
    touchpoints : DataFrame
        ``period, firm, importance, contacts, performance, perceived_performance,
        perceived_performance_se``, as ``run.touchpoints`` has.
    firms : sequence of str, optional
        Firms to show, in order.
    events : iterable of (period, label)
        Marked in all panels, labelled in the first.

    Returns
    -------
    Figure
        Both are means over touchpoints by importance. Bars are two standard errors of what
        surveys said; a firm that asks nobody has none.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    period = words_of(touchpoints).period
    names = chosen(touchpoints["firm"], firms)
    table = {name: _means(touchpoints[touchpoints["firm"] == name]) for name in names}
    known = {name: there for name, own in table.items() if len(there := own.dropna())}

    def draw(figure: Picture) -> Callable[[], None]:
        panels = firm_panels(figure, names)
        every = pd.concat(table.values())[["met", "perceived_performance"]].to_numpy(float)
        every = every[np.isfinite(every)]
        low, high = (every.min(), every.max()) if every.size else (0.0, 10.0)
        room = 0.12 * (high - low) or 0.5
        labels = []
        for axes, (name, look) in zip(panels, looks(names).items(), strict=True):
            axes.set_ylim(low - room, high + room)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            labels.append((axes, _gap(axes, table[name], look)))
            axes.set_xlabel(period.capitalize())
        mark_panels(panels, names, events)
        panels[0].set_ylabel("Performance, 0 to 10")
        return partial(end_labels_of, labels, fontsize=8.5)

    return Chart(
        draw,
        size=panels_size(len(names)),
        title=_perception_finding(known),
        alt=_perception_alt(known, period),
        note="Solid: actual performance. Dashed: performance as the firm perceives it, with two "
        "standard errors of its surveys; without surveys, its design. Weighted by importance.",
    )


def _gap(axes: Axes, own: pd.DataFrame, look: Look) -> list[EndLabel]:
    """Draw performance as believed by one firm and as met by its customers; return both labels."""
    axes.plot(own.index, own["met"], color=look.color, linewidth=2.2, zorder=3)
    axes.plot(own.index, own["perceived_performance"], color=INK, linestyle=(0, (4, 2)), zorder=4)
    told = own[own["error"] > 0]
    some = told.iloc[:: max(1, len(told) // 12)]
    if len(some):
        axes.errorbar(
            some.index, some["perceived_performance"], 2 * some["error"], fmt="none", ecolor=INK,
            elinewidth=1.1, capsize=2.5, zorder=4,
        )  # fmt: skip
    believed = float(own["perceived_performance"].iloc[-1])
    ends = [EndLabel(float(own.index[-1]), believed, f"perceived {number(believed, 2)}", INK)]
    met = own["met"].dropna()
    if len(met):
        y = float(met.iloc[-1])
        ends.append(EndLabel(float(met.index[-1]), y, f"actual {number(y, 2)}", look.ink))
    return ends


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return, by period, means over touchpoints by importance: met, believed, and its error."""
    there = rows[rows["contacts"] > 0]
    weight = there["importance"].astype(float)
    sums = pd.DataFrame(
        {
            "met": weight * there["performance"],
            "perceived_performance": weight * there["perceived_performance"],
            "error": (weight * there["perceived_performance_se"].fillna(0.0)) ** 2,
            "weight": weight,
        }
    ).groupby(there["period"]).sum()  # fmt: skip
    sums["error"] = np.sqrt(sums["error"])
    total = sums.pop("weight")
    return sums.div(total.where(total > 0), axis=0).reindex(np.sort(rows["period"].unique()))


def _perception_finding(known: dict[str, pd.DataFrame]) -> str:
    """State which firm has the largest perception gap at the end, and which the smallest."""
    ends = {}
    for name, there in known.items():
        tail = there.tail(max(1, len(there) // 10))
        ends[name] = float((tail["perceived_performance"] - tail["met"]).mean())
    if not ends:
        return "Perception gap: no customer met a touchpoint"
    worst, best = (pick(ends, key=lambda name: abs(ends[name])) for pick in (max, min))
    verb = "overestimates" if ends[worst] > 0 else "underestimates"
    said = f"{worst} {verb} its performance by {number(abs(ends[worst]), 2)} points"
    return said if best == worst else f"{said}; the gap of {best} is {number(abs(ends[best]), 2)}"


def _perception_alt(known: dict[str, pd.DataFrame], period: str) -> str:
    said = []
    for name, there in known.items():
        a, b = there.iloc[0], there.iloc[-1]
        before, after = (number(row["perceived_performance"], 2) for row in (a, b))
        said.append(
            f"{name} perceives {before} in {period} {there.index[0]} and "
            f"{after} in {period} {there.index[-1]}; actual "
            f"{number(a['met'], 2)} and {number(b['met'], 2)}"
        )
    return f"Perceived and actual performance by {period}, one panel per firm. {'; '.join(said)}."


# -- Three views of one experience: what the firm believes, what it delivers, what customers meet


@charted("firm", "touchpoint", "perceived_performance", "performance", "before")
def experience_views(
    frame: pd.DataFrame,
    *,
    firms: Sequence[str] | None = None,
    note: str = "",
    **_: Unpack[Shared],
) -> Chart:
    """Draw belief and performance at each touchpoint, one panel a firm.

    Parameters
    ----------
    frame : DataFrame
        ``firm, touchpoint, perceived_performance, performance``, one row for each firm and
        touchpoint in the order of the journey; and ``before``, what the touchpoint delivered at
        the start.
    firms : sequence of str, optional
        Firms to show, in order.
    note : str
        Put before the explanation of the marks.

    Returns
    -------
    Figure
        Squares: what the firm believes; dots: what customers meet; bars between them are the
        gap; small ticks: what was delivered at the start.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    names = chosen(frame["firm"], firms)
    places = [str(name) for name in frame["touchpoint"].unique()]
    table = {
        name: frame[frame["firm"] == name].set_index("touchpoint").reindex(places) for name in names
    }

    def draw(figure: Picture) -> None:
        values = frame[["perceived_performance", "performance", "before"]].to_numpy(float)
        low, high = np.nanmin(values) - 0.6, np.nanmax(values) + 0.6
        panels = firm_panels(figure, names)
        for axes, (name, look) in zip(panels, looks(names).items(), strict=True):
            _panel(axes, table[name], look)
            axes.set(xlim=(low, high), xlabel="Score, 0 to 10")
            named_rows(axes, [short(place, 12) for place in places], above=0.8, line=True)

    said = "; ".join(f"{name} is {_furthest(own)}" for name, own in table.items())
    marks = "Squares: perceived performance. Dots: actual performance. Ticks: actual at the start."
    return Chart(
        draw,
        size=panels_size(len(names), 4.4, 0.55 * len(places) + 0.6),
        title=said,
        alt=f"Perceived and actual performance by touchpoint, one panel per firm. {said}.",
        note=f"{note} {marks}".strip(),
    )


def _furthest(own: pd.DataFrame) -> str:
    place = (own["perceived_performance"] - own["performance"]).abs().idxmax()
    perceived, met = own.loc[place, ["perceived_performance", "performance"]]
    return f"furthest off at {place}: perceived {number(perceived, 2)}, actual {number(met, 2)}"


def _panel(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    for k, row in enumerate(rows.itertuples(index=False)):
        axes.plot(
            [row.perceived_performance, row.performance], [k, k], color="#BBBBBB", lw=4, zorder=1
        )
        axes.plot([row.before], [k], "|", color=INK, ms=11, mew=1.2, zorder=2)
        axes.plot(row.performance, k, "o", color=look.color, ms=9, zorder=4)
        axes.plot(row.perceived_performance, k, "s", mfc="white", mec=INK, mew=1.5, ms=8, zorder=3)
        off = row.performance - row.perceived_performance
        for value, outwards, color in (
            (row.performance, off, look.ink),
            (row.perceived_performance, -off, INK),
        ):
            if color != INK or abs(off) >= 0.35:
                shift = (8 if outwards >= 0 else -8, 0)
                tag(axes, number(value, 2), (value, k), shift, fontsize=9, color=color)
