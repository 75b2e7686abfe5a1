"""Strategies under uncertainty: which is best by what measure, and where one loses."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cxsim.plot.layout import finish, new, row_names
from cxsim.plot.numbers import number
from cxsim.plot.palette import INK, OKABE_ITO, looks
from cxsim.plot.picture import Picture
from cxsim.plot.sensitivity import begun
from cxsim.plot.style import styled

__all__ = ["draw_discovery", "draw_ranking"]

_CASE, _REST = OKABE_ITO["vermillion"], OKABE_ITO["sky blue"]

_PANELS = {
    "mean": "mean over points",
    "worst": "worst case",
    "largest_regret": "largest regret",
}


@styled
def draw_ranking(finding: Any) -> Picture:
    """Draw strategies by mean, worst case and largest regret, with intervals."""
    frame, names = finding.frame, finding.facts["strategies"]
    styles = looks(names)
    figure = new(None, (9.2, 1.9 + 0.5 * len(names)))
    panels = figure.subplots(1, 3)
    for k, (criterion, heading) in enumerate(_PANELS.items()):
        axes = panels[k]
        part = frame[frame["criterion"] == criterion].set_index("strategy")
        for place, name in enumerate(names):
            row = part.loc[name]
            if np.isfinite(row["lower"]):
                axes.plot([row["lower"], row["upper"]], [place] * 2, color=styles[name].color, lw=2)
            axes.plot(
                row["value"], place, "o", color=styles[name].color, markersize=7.5,
                markerfacecolor=styles[name].color if row["rank"] == 1 else "white",
            )  # fmt: skip
            axes.annotate(
                number(row["value"]), (row["value"], place), xytext=(0, 7), ha="center",
                textcoords="offset points", color=styles[name].ink, fontsize=8.5,
                fontweight="bold" if row["rank"] == 1 else "normal",
            )  # fmt: skip
        axes.set_title(heading, fontsize=10.5)
        axes.set_ylim(len(names) - 0.5, -0.7)
        axes.margins(x=0.12)
        axes.set_xlabel(finding.output, fontsize=9)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        if k:
            axes.set_yticks(range(len(names)), [""] * len(names))
        else:
            row_names(axes, names)
    first = {c: frame[(frame["criterion"] == c) & (frame["rank"] == 1)].iloc[0] for c in _PANELS}
    winners = {row["strategy"] for row in first.values()}
    title = (
        f"{first['mean']['strategy']} is best in {finding.output} by mean, worst case and regret"
        if len(winners) == 1
        else f"{first['mean']['strategy']} is best in {finding.output} by mean, "
        f"{first['worst']['strategy']} in the worst case"
    )
    note = (
        f"{finding.output}: {finding.facts['better']} is better; regret: how much worse than the "
        f"best strategy at a point. Filled: the best. {100 * finding.facts['confidence']:.0f} % "
        f"intervals: over points and seeds for means, over seeds for extremes. "
        f"{finding.facts['points']}."
    )
    return finish(figure, title=title, note=note, alt=finding.sentence)


@styled
def draw_discovery(finding: Any) -> Picture:
    """Draw points of interest and boxes, over the two factors that limit boxes most."""
    values, facts, frame = finding.facts["values"], finding.facts, finding.frame
    names = [name for name in values.columns if name != "of_interest"]
    limits = {
        name: int(np.isfinite(frame[[f"{name}.low", f"{name}.high"]].to_numpy()).sum())
        for name in names
    }
    order = sorted(names, key=lambda name: -limits[name])
    x, y = order[0], order[1] if len(order) > 1 else order[0]
    figure = new(None, (7.8, 5.4))
    axes = figure.subplots()
    cases = values["of_interest"].to_numpy()
    size = float(np.clip(9000 / len(values), 6, 40))
    for part, color, marker in ((~cases, _REST, "o"), (cases, _CASE, "X")):
        axes.scatter(values.loc[part, x], values.loc[part, y], s=size, c=color, marker=marker, lw=0)
    _frame_of(axes, values[x].to_numpy(), values[y].to_numpy())
    for box in frame.to_dict("records")[:4]:
        _box(axes, box, x, y)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=False)
    if frame.empty:
        title = f"No region stands out in which {finding.output} is {facts['condition']}"
    else:
        top = frame.iloc[0]
        title = (
            f"{begun(finding.output)} is {facts['condition']} at {100 * facts['base']:.0f} % of "
            f"points, in box 1 at {100 * top['density']:.0f} %"
        )
    note = (
        f"Crosses: points where it is; dots: where it is not. Boxes cover "
        f"{100 * facts['coverage']:.0f} % of the crosses, measured on points that they were not "
        f"found on; limits in other factors do not show. {facts['points']}."
    )
    return finish(figure, title=title, note=note, alt=finding.sentence)


def _frame_of(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    for values, put in ((x, axes.set_xlim), (y, axes.set_ylim)):
        room = 0.03 * float(np.ptp(values)) or 1.0
        put(values.min() - room, values.max() + room)


def _box(axes: Axes, box: dict[str, Any], x: str, y: str) -> None:
    left, right = (float(v) for v in np.clip([box[f"{x}.low"], box[f"{x}.high"]], *axes.get_xlim()))
    low, high = (float(v) for v in np.clip([box[f"{y}.low"], box[f"{y}.high"]], *axes.get_ylim()))
    axes.add_patch(
        Rectangle((left, low), right - left, high - low, fill=False, edgecolor=INK, lw=2.0)
    )
    axes.annotate(
        f"box {box['box']}: {100 * box['density']:.0f} % of its points, "
        f"{100 * box['coverage']:.0f} % of all such",
        (left, high), xytext=(5, -5), textcoords="offset points", va="top", fontsize=8.5,
        color=INK, bbox={"facecolor": "white", "alpha": 0.88, "lw": 0, "pad": 1.5},
    )  # fmt: skip
