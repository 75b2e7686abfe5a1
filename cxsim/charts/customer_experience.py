"""The journey map: what customers meet at each touchpoint beside what they expect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxsim.charts.labels import chosen, need, number, scale_for, words_of
from cxsim.charts.layout import EndLabel, Event, described, end_labels_of, finish, head, short
from cxsim.charts.style import GREY, INK, Look, Picture, looks, readable, styled
from cxsim.charts.time_series import Courses, courses_of, mark_panels, panels_by_firm

__all__ = ["emotion_clusters", "journey_map", "perception_gap", "three_views"]


# -- The journey map: what customers meet at each touchpoint beside what they expect -----------


@styled
def journey_map(
    touchpoints: pd.DataFrame,
    *,
    periods: tuple[int, int] | None = None,
    firms: Sequence[str] | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw performance at each touchpoint in the order of the journey, one panel a firm.

    Parameters
    ----------
    touchpoints : DataFrame
        ``period, firm, touchpoint, run_by, importance, contacts, performance, expectation``, as
        ``run.touchpoints`` has.
    periods : (int, int), optional
        First and last period pooled; by default the last quarter.
    firms : sequence of str, optional
        Firms to show, in order.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Filled points are touchpoints that the firm runs itself, hollow ones a partner's; grey
        bars are importance; the broken line is what customers expect of the firm.

    Raises
    ------
    ValueError
        If a column is missing or no period is left.
    """
    columns = ["period", "firm", "touchpoint", "run_by", "importance", "contacts"]
    need(touchpoints, [*columns, "performance", "expectation"], name="touchpoints")
    words = words_of(touchpoints)
    first, last = int(touchpoints["period"].min()), int(touchpoints["period"].max())
    if periods is None:
        periods = (last - (last - first) // 4, last)
    part = touchpoints[touchpoints["period"].between(*periods)]
    part = need(part, [], name="touchpoints in periods")
    names = chosen(part["firm"], firms)
    places = [str(name) for name in part["touchpoint"].unique()]
    pooled = _pooled(part)
    top = float(part["importance"].max()) or 1.0
    values = np.concatenate([pooled["performance"], pooled["expectation"]]).astype(float)
    values = values[np.isfinite(values)]
    low = float(np.floor(values.min() - 0.5)) if values.size else 0.0
    high = float(np.ceil(values.max() + 0.3)) if values.size else 10.0

    figure, panels = panels_by_firm(names, size, width=0.62 * max(len(places), 6) + 1.0, height=2.7)
    styles = looks(names)
    for axes, name in zip(panels, names, strict=True):
        axes.set_ylim(low, high)
        axes.set_xlim(-0.6, len(places) - 0.4)
        axes.set_xticks(range(len(places)), [short(p, 10) for p in places])
        own = pooled.loc[[name]] if name in pooled.index else pooled.iloc[:0]
        _journey_panel(
            axes, own.set_index("touchpoint").reindex(places), styles[name], top, high - low
        )
    for axes in panels[:: max(1, _columns(panels))]:
        axes.set_ylabel("Performance, 0 to 10")
    span = f"{words.period} {periods[0]} to {periods[1]}"
    if title is None:
        title = _journey_finding(pooled)
    note = (
        f"Means over {span}. Filled points: run by the firm; hollow: by a partner. Grey bars: "
        "importance. Broken line: what the firm's customers expect of it."
    )
    return finish(figure, title=title, alt=_journey_alt(pooled, names, span), note=note)


def _columns(panels: Sequence[Axes]) -> int:
    return int(panels[0].get_subplotspec().get_gridspec().ncols)  # type: ignore[union-attr]


def _pooled(part: pd.DataFrame) -> pd.DataFrame:
    """Return one row per firm and touchpoint, performance by contact."""
    part = part.assign(score=part["performance"].fillna(0.0) * part["contacts"])
    sums = part.groupby(["firm", "touchpoint"], sort=False).agg(
        score=("score", "sum"),
        contacts=("contacts", "sum"),
        expectation=("expectation", "mean"),
        importance=("importance", "first"),
        run_by=("run_by", "first"),
    )
    sums["performance"] = sums["score"] / sums["contacts"].where(sums["contacts"] > 0)
    return sums.reset_index("touchpoint")


def _journey_panel(axes: Axes, rows: pd.DataFrame, look: Look, top: float, height: float) -> None:
    bottom = axes.get_ylim()[0]
    x = np.arange(len(rows), dtype=float)
    bars = rows["importance"].fillna(0.0).to_numpy(float) / top * 0.22 * height
    axes.bar(x, bars, bottom=bottom, width=0.5, color="#DDDDDD", zorder=1)
    y = rows["performance"].to_numpy(float)
    axes.plot(x, y, color=look.color, linewidth=1.6, zorder=3)
    for k in np.flatnonzero(np.isfinite(y)):
        partner = rows["run_by"].iloc[k] == "partner"
        axes.plot(
            x[k], y[k], marker="o", markersize=8, zorder=4, color=look.color,
            markerfacecolor="white" if partner else look.color, markeredgewidth=1.6,
        )  # fmt: skip
        axes.annotate(
            number(y[k], 2), (x[k], y[k]), xytext=(0, 8), textcoords="offset points", ha="center",
            fontsize=8.5, color=look.ink, zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
        )  # fmt: skip
    expected = rows["expectation"].dropna()
    if len(expected):
        level = float(expected.iloc[0])
        axes.axhline(level, color=INK, linewidth=1.1, linestyle=(0, (5, 2)), zorder=2)
        below = abs(y[-1] - level) < 0.08 * height  # the last point's number stands above the line
        axes.annotate(
            f"expected {number(level, 2)}", (1.0, level), xycoords=("axes fraction", "data"),
            xytext=(-2, -16 if below else 3), textcoords="offset points", ha="right", fontsize=8,
            color=GREY,
        )  # fmt: skip


def _journey_finding(pooled: pd.DataFrame) -> str:
    """Tell of the touchpoint that falls shortest of what is expected."""
    gap = (pooled["performance"] - pooled["expectation"]).to_numpy(float)
    if not np.isfinite(gap).any():
        return "Nobody met anything"
    worst = int(np.nanargmin(gap))
    row, firm = pooled.iloc[worst], pooled.index[worst]
    met, expected = number(row["performance"], 2), number(row["expectation"], 2)
    if gap[worst] >= 0:
        return (
            f"Every touchpoint is as good as expected or better; {firm}'s {row['touchpoint']} least"
        )
    return (
        f"{firm} falls furthest short at its {row['touchpoint']}: {met} out of 10 where "
        f"{expected} is expected"
    )


def _journey_alt(pooled: pd.DataFrame, names: Sequence[str], span: str) -> str:
    said = []
    for name in names:
        if name not in pooled.index:
            continue
        rows = pooled.loc[[name]]
        steps = ", ".join(
            f"{place} {number(value, 2)}" + (" (partner)" if by == "partner" else "")
            for place, value, by in zip(
                rows["touchpoint"], rows["performance"], rows["run_by"], strict=True
            )
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


# -- The perception gap: what firms believe of themselves beside what customers meet -----------


@styled
def perception_gap(
    touchpoints: pd.DataFrame,
    *,
    firms: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw, by period, performance as firms believe it and as customers met it.

    Parameters
    ----------
    touchpoints : DataFrame
        ``period, firm, importance, contacts, performance, belief, belief_error``, as
        ``run.touchpoints`` has.
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
        Both are means over touchpoints by importance. Bars are two standard errors of what
        surveys said; a firm that asks nobody has none.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    columns = ["period", "firm", "importance", "contacts", "performance", "belief"]
    need(touchpoints, [*columns, "belief_error"], name="touchpoints")
    words = words_of(touchpoints)
    names = chosen(touchpoints["firm"], firms)
    table = {name: _means(touchpoints[touchpoints["firm"] == name]) for name in names}
    figure, panels = panels_by_firm(names, size, height=2.5)
    styles = looks(names)
    every = np.concatenate([part.to_numpy(float).ravel() for part in
                            (t[["met", "belief"]] for t in table.values())])  # fmt: skip
    every = every[np.isfinite(every)]
    low, high = (every.min(), every.max()) if every.size else (0.0, 10.0)
    room = 0.12 * (high - low) or 0.5
    labels: list[list[EndLabel]] = []
    for axes, name in zip(panels, names, strict=True):
        own, look = table[name], styles[name]
        axes.set_ylim(low - room, high + room)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.plot(own.index, own["met"], color=look.color, linewidth=2.2, zorder=3)
        axes.plot(own.index, own["belief"], color=INK, linestyle=(0, (4, 2)), zorder=4)
        told = own[own["error"] > 0]
        some = told.iloc[:: max(1, len(told) // 12)]
        if len(some):
            axes.errorbar(
                some.index, some["belief"], 2 * some["error"], fmt="none", ecolor=INK,
                elinewidth=1.1, capsize=2.5, zorder=4,
            )  # fmt: skip
        last = own.dropna(subset=["met"])
        ends = [EndLabel(float(own.index[-1]), float(own["belief"].iloc[-1]),
                         f"believed {number(own['belief'].iloc[-1], 2)}", INK)]  # fmt: skip
        if len(last):
            y = float(last["met"].iloc[-1])
            ends.append(EndLabel(float(last.index[-1]), y, f"met {number(y, 2)}", look.ink))
        labels.append(ends)
        axes.set_xlabel(words.period.capitalize())
    mark_panels(panels, names, events)
    panels[0].set_ylabel("Performance, 0 to 10")
    if title is None:
        title = _perception_finding(table)
    note = (
        "Solid: what customers met. Broken: what the firm believes, with two standard errors of "
        "what surveys told it; without surveys it believes its design. By importance."
    )
    head(figure, title=title, note=note)
    end_labels_of(list(zip(panels, labels, strict=True)), fontsize=8.5)
    return described(figure, _perception_alt(table, words.period))


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return, by period, means over touchpoints by importance: met, believed, and its error."""
    there = rows[rows["contacts"] > 0]
    weight = there["importance"].astype(float)
    error = (weight * there["belief_error"].fillna(0.0)) ** 2
    sums = pd.DataFrame(
        {
            "met": weight * there["performance"],
            "belief": weight * there["belief"],
            "error": error,
            "weight": weight,
        }
    ).groupby(there["period"]).sum()  # fmt: skip
    total = sums["weight"].where(sums["weight"] > 0)
    return pd.DataFrame(
        {
            "met": sums["met"] / total,
            "belief": sums["belief"] / total,
            "error": np.sqrt(sums["error"]) / total,
        }
    ).reindex(np.sort(rows["period"].unique()))


def _perception_finding(table: dict[str, pd.DataFrame]) -> str:
    """Tell whose belief is furthest from the truth at the end, and whose is nearest."""
    ends = {}
    for name, own in table.items():
        there = own.dropna()
        if len(there):
            tail = there.tail(max(1, len(there) // 10))
            ends[name] = float((tail["belief"] - tail["met"]).mean())
    if not ends:
        return "Perception gap: nobody met anything"
    worst = max(ends, key=lambda name: abs(ends[name]))
    way = "better" if ends[worst] > 0 else "worse"
    said = (
        f"{worst} believes itself {number(abs(ends[worst]), 2)} points {way} than customers find it"
    )
    best = min(ends, key=lambda name: abs(ends[name]))
    if best != worst:
        said += f"; {best} is {number(abs(ends[best]), 2)} off"
    return said


def _perception_alt(table: dict[str, pd.DataFrame], period: str) -> str:
    said = []
    for name, own in table.items():
        there = own.dropna()
        if len(there):
            a, b = there.iloc[0], there.iloc[-1]
            said.append(
                f"{name} believes {number(a['belief'], 2)} in {period} {there.index[0]} and "
                f"{number(b['belief'], 2)} in {period} {there.index[-1]}, where customers met "
                f"{number(a['met'], 2)} and {number(b['met'], 2)}"
            )
    return f"Performance believed and met by {period}, one panel a firm. {'; '.join(said)}."


# -- Three views of one experience: what the firm believes, what it delivers, what customers meet


@styled
def three_views(
    frame: pd.DataFrame,
    *,
    firms: Sequence[str] | None = None,
    title: str | None = None,
    note: str = "",
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw belief and performance at each touchpoint, one panel a firm.

    Parameters
    ----------
    frame : DataFrame
        ``firm, touchpoint, belief, performance``, one row for each firm and touchpoint in the
        order of the journey; and ``before``, what the touchpoint delivered at the start.
    firms : sequence of str, optional
        Firms to show, in order.
    title : str, optional
        In place of the one computed.
    note : str
        Put before the explanation of the marks.
    size : (float, float), optional
        Width and height in inches.

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
    need(frame, ["firm", "touchpoint", "belief", "performance", "before"])
    names = chosen(frame["firm"], firms)
    places = [str(name) for name in frame["touchpoint"].unique()]
    figure, panels = panels_by_firm(names, size, width=4.4, height=0.55 * len(places) + 0.6)
    styles = looks(names)
    values = frame[["belief", "performance", "before"]].to_numpy(float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    gaps = {}
    for axes, name in zip(panels, names, strict=True):
        own = frame[frame["firm"] == name].set_index("touchpoint").reindex(places)
        _panel(axes, own, styles[name])
        axes.set_xlim(low - 0.6, high + 0.6)
        axes.set_ylim(len(places) - 0.5, -0.8)
        axes.set_yticks(range(len(places)), [short(place, 12) for place in places])
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Score, 0 to 10")
        gaps[name] = own["belief"] - own["performance"]
    worst = {name: gap.abs().idxmax() for name, gap in gaps.items()}
    said = [
        f"{name} is furthest off at {worst[name]}: believed "
        f"{number(_at(frame, name, worst[name], 'belief'), 2)}, met "
        f"{number(_at(frame, name, worst[name], 'performance'), 2)}"
        for name in names
    ]
    marks = (
        "Squares: what the firm believes. Dots: what customers meet. Ticks: delivered at the start."
    )
    return finish(
        figure,
        title=title or "; ".join(said),
        note=f"{note} {marks}".strip(),
        alt=f"Belief and performance by touchpoint, a panel for each firm. {'; '.join(said)}.",
    )


def _at(frame: pd.DataFrame, firm: str, place: str, column: str) -> float:
    rows = frame[(frame["firm"] == firm) & (frame["touchpoint"] == place)]
    return float(rows[column].iloc[0])


def _panel(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    for k, row in enumerate(rows.itertuples(index=False)):
        axes.plot([row.belief, row.performance], [k, k], color="#BBBBBB", lw=4, zorder=1)
        axes.plot([row.before], [k], "|", color=INK, ms=11, mew=1.2, zorder=2)
        axes.plot(row.performance, k, "o", color=look.color, ms=9, zorder=4)
        axes.plot(row.belief, k, "s", mfc="white", mec=INK, mew=1.5, ms=8, zorder=3)
        for value, other, ink in (
            (row.performance, row.belief, look.ink),
            (row.belief, row.performance, INK),
        ):
            if abs(row.performance - row.belief) < 0.35 and ink is INK:
                continue
            right = value >= other
            axes.annotate(
                number(value, 2), (value, k), xytext=(8 if right else -8, 0), va="center",
                ha="left" if right else "right", textcoords="offset points", fontsize=9, color=ink,
            )  # fmt: skip
