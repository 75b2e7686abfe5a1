"""The journey map: what customers meet at each touchpoint beside what they expect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.plot.by_firm import panels_by_firm
from cxsim.plot.columns import chosen, need, words_of
from cxsim.plot.layout import finish, short
from cxsim.plot.numbers import number
from cxsim.plot.palette import GREY, INK, Look, looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["journey_map"]


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
        _panel(axes, own.set_index("touchpoint").reindex(places), styles[name], top, high - low)
    for axes in panels[:: max(1, _columns(panels))]:
        axes.set_ylabel("Performance, 0 to 10")
    span = f"{words.period} {periods[0]} to {periods[1]}"
    if title is None:
        title = _finding(pooled)
    note = (
        f"Means over {span}. Filled points: run by the firm; hollow: by a partner. Grey bars: "
        "importance. Broken line: what the firm's customers expect of it."
    )
    return finish(figure, title=title, alt=_alt(pooled, names, span), note=note)


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


def _panel(axes: Axes, rows: pd.DataFrame, look: Look, top: float, height: float) -> None:
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


def _finding(pooled: pd.DataFrame) -> str:
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


def _alt(pooled: pd.DataFrame, names: Sequence[str], span: str) -> str:
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
