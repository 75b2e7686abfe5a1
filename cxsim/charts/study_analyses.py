"""Which factors move an output: effects, Sobol and Morris indices, regions of interest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cxsim.charts.labels import number, one_of
from cxsim.charts.layout import finish, new, row_names, short
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, looks, readable, styled
from cxsim.messages import part_of_variance

__all__ = [
    "begun",
    "draw_discovery",
    "draw_effects",
    "draw_morris",
    "draw_ranking",
    "draw_regional",
    "draw_sobol",
    "finding",
    "named",
]


# -- Which factors move an output: effects, Sobol and Morris indices, regions of interest ------


BLUE, RED = OKABE_ITO["blue"], OKABE_ITO["vermillion"]


#: Rows of a chart of effects or indices, and panels of distributions, at most.
ROWS, PANELS = 16, 6


def named(factor: str) -> str:
    """Return a factor's dotted path on two lines where it is long."""
    if len(factor) <= 20 or "." not in factor:
        return short(factor, 26)
    head, _, last = factor.rpartition(".")
    return f"{short(head, 30, lines=1)}\n{short(last, 30, lines=1)}"


def begun(output: str) -> str:
    """Return an output as a sentence begins: names stay as they are, phrases get a capital."""
    return output[:1].upper() + output[1:] if " " in output else output


def _rows(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def _floor(axes: Axes, noise: float) -> None:
    """Mark what noise alone would show."""
    if np.isfinite(noise) and noise > 0.01 * axes.get_xlim()[1]:  # else it does not show
        axes.axvspan(0.0, noise, color=GREY, alpha=0.16, lw=0, zorder=0.5)
        axes.annotate(
            "noise", (noise, 1.0), xycoords=axes.get_xaxis_transform(), xytext=(3, -2),
            textcoords="offset points", ha="left", va="top", color=GREY, fontsize=8.5,
        )  # fmt: skip


def _height(rows: int) -> float:
    return 1.7 + 0.42 * rows


@styled
def draw_effects(finding: Any) -> Picture:
    """Draw main effects and interactions with intervals, the largest first."""
    frame = finding.frame.copy()
    frame["size"] = frame["effect"].abs()
    frame = frame.sort_values(["kind", "size"], ascending=[False, False])
    pairs = frame["kind"] == "interaction"
    main = frame[~pairs].head(ROWS)
    frame = pd.concat([main, frame[pairs].head(max(0, ROWS - len(main)))])
    figure = new(None, (8.0, _height(len(frame))))
    axes = figure.subplots()
    names = []
    for place, row in enumerate(frame.to_dict("records")):
        mixed = row["kind"] == "interaction"
        color = RED if mixed else BLUE
        clear = row["lower"] > 0 or row["upper"] < 0
        if np.isfinite(row["lower"]):
            axes.plot([row["lower"], row["upper"]], [place] * 2, color=color, lw=2.0)
        axes.plot(
            row["effect"], place, "s" if mixed else "o", color=color, markersize=7,
            markerfacecolor=color if clear else "white",
        )  # fmt: skip
        axes.annotate(
            number(row["effect"], signed=True), (row["effect"], place), xytext=(0, 6), ha="center",
            textcoords="offset points", color=readable(color), fontsize=8.5,
            bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 0.5},
        )  # fmt: skip
        last = str(row["factor"]).rpartition(".")[2]
        other = str(row["other"]).rpartition(".")[2]
        names.append(f"{last} x {other}" if mixed else named(row["factor"]))
    axes.axvline(0.0, color=INK, lw=1.0)
    _rows(axes, names)
    axes.margins(x=0.1)
    axes.set_xlabel("change from the lowest to the highest value of a factor")
    top = main.iloc[0]
    title = f"{begun(finding.output)} moves most with {top['factor']}"
    note = (
        f"Dots: main effects; squares: interactions; filled: the interval excludes zero. The model "
        f"explains {100 * finding.facts['explained']:.0f} % of the variance between points "
        f"({finding.facts['points']})."
    )
    return finish(figure, title=title, note=note, alt=finding.sentence)


@styled
def draw_sobol(finding: Any) -> Picture:
    """Draw first-order and total Sobol indices with intervals and the noise floor."""
    frame = finding.frame
    total = frame[frame["kind"] == "total"].sort_values("index", ascending=False).head(ROWS)
    first = frame[frame["kind"] == "first"].set_index("factor")
    figure = new(None, (8.0, _height(len(total))))
    axes = figure.subplots()
    for place, row in enumerate(total.to_dict("records")):
        alone = first.loc[row["factor"]]
        for value, offset, marker, color in (
            (row, 0.13, "o", BLUE),
            (alone.to_dict(), -0.13, "D", RED),
        ):
            y = place - offset
            axes.plot([value["lower"], value["upper"]], [y, y], color=color, lw=2.0)
            axes.plot(value["index"], y, marker, color=color, markersize=6.5)
        axes.annotate(
            f"{row['index']:.2f}", (row["upper"], place - 0.13), xytext=(5, 0), va="center",
            textcoords="offset points", color=readable(BLUE), fontsize=8.5,
        )  # fmt: skip
    axes.axvline(0.0, color=INK, lw=1.0)
    _rows(axes, [named(name) for name in total["factor"]])
    low = min(0.0, float(first["lower"].min()), float(total["lower"].min()))
    axes.set_xlim(low - 0.03, max(1.0, float(total["upper"].max()) + 0.08))
    _floor(axes, finding.facts["noise"])
    axes.set_xlabel("share of the variance")
    top = total.iloc[0]
    title = (
        f"{top['factor']} accounts for {part_of_variance(top['index'])} of what moves "
        f"{finding.output}"
    )
    floor = finding.facts["noise"]
    noise = f"Noise of the seeds: up to {floor:.2g}, grey. " if np.isfinite(floor) else ""
    note = (
        "Dots: total index, with interactions; diamonds: first-order, alone; "
        f"{100 * finding.facts['confidence']:.0f} % intervals. {noise}{finding.facts['points']}."
    )
    return finish(figure, title=title, note=note, alt=finding.sentence)


@styled
def draw_morris(finding: Any) -> Picture:
    """Draw the mean size of elementary effects against how much they vary."""
    frame, noise = finding.frame, finding.facts["noise"]
    figure = new(None, (7.6, 4.8))
    axes = figure.subplots()
    for k, row in enumerate(frame.to_dict("records")):
        matters = not np.isfinite(noise) or row["upper"] > noise
        color = BLUE if matters else GREY
        axes.plot([row["lower"], row["upper"]], [row["sigma"]] * 2, color=color, lw=1.6)
        axes.plot(row["mu_star"], row["sigma"], "o", color=color, markersize=7)
        if k < ROWS:
            axes.annotate(
                str(row["factor"]).rpartition(".")[2], (row["mu_star"], row["sigma"]),
                xytext=(0, 8), textcoords="offset points", ha="center",
                color=readable(color), fontsize=9.5,
            )  # fmt: skip
    right = float(max(frame["upper"].max(), noise if np.isfinite(noise) else 0.0))
    above = float(max(frame["sigma"].max(), 0.25 * right)) or 1.0
    axes.set_xlim(0, 1.12 * right or 1.0)
    axes.set_ylim(-0.04 * above, 1.2 * above)
    _floor(axes, noise)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("mean size of the effect, over a factor's range")
    axes.set_ylabel("standard deviation of the effect")
    top = frame.iloc[0]
    title = f"{begun(finding.output)} moves most with {top['factor']}"
    grey = "Grey: what noise of the seeds alone would show. " if np.isfinite(noise) else ""
    note = (
        f"Further up: bends or interactions. Lines: {100 * finding.facts['confidence']:.0f} % "
        f"intervals of the mean. {grey}{finding.facts['points']}."
    )
    return finish(figure, title=title, note=note, alt=finding.sentence)


@styled
def draw_regional(finding: Any) -> Picture:
    """Draw how factors are distributed at points of interest and at the rest."""
    shown = finding.frame.head(PANELS)
    values, facts = finding.facts["values"], finding.facts
    cases = values["of_interest"].to_numpy()
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = new(None, (3.1 * columns + 0.6, 1.5 + 2.5 * rows))
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for panel in grid.flat[len(shown) :]:
        panel.remove()
    for k, row in enumerate(shown.to_dict("records")):
        axes = grid.flat[k]
        clear = row["p"] < 1.0 - facts["confidence"]
        for part, color in ((cases, RED if clear else GREY), (~cases, BLUE if clear else GREY)):
            x = np.sort(values.loc[part, row["factor"]].to_numpy())
            axes.step(
                x, 100 * np.arange(1, len(x) + 1) / len(x), where="post", color=color, lw=1.8,
                ls="-" if part is cases else (0, (4, 1.5)),
            )  # fmt: skip
        axes.set_title(named(row["factor"]), fontsize=9.5)
        level = f"p = {row['p']:.2g}" if row["p"] >= 1e-3 else "p < .001"
        axes.set_xlabel(f"distance {row['distance']:.2f}, {level}", fontsize=9)
        axes.set_ylim(0, 100)
    for axes in grid[:, 0]:
        axes.set_ylabel("% of points at or below")
    clear = shown[shown["p"] < 1.0 - facts["confidence"]]
    title = (
        f"{clear.iloc[0]['factor']} sets apart where {finding.output} is {facts['condition']}"
        if len(clear)
        else f"No factor sets apart where {finding.output} is {facts['condition']}"
    )
    note = (
        f"Solid: {facts['of_interest']} points of interest; dashed: the {facts['rest']} others. "
        "Grey: no clear difference (Kolmogorov and Smirnov's distance, Holm's correction; by "
        f"chance up to {facts['critical']:.2f} in {100 * facts['confidence']:.0f} % of cases)."
    )
    return finish(figure, title=title, note=note, alt=finding.sentence)


# -- Strategies under uncertainty: which is best by what measure, and where one loses ----------


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


# -- The figure of an analysis of a study ------------------------------------------------------


_FIGURES: dict[str, Callable[[Any], Picture]] = {
    "main_effects": draw_effects,
    "sobol": draw_sobol,
    "morris": draw_morris,
    "regional": draw_regional,
    "discovery": draw_discovery,
    "ranking": draw_ranking,
}


def finding(found: Any) -> Picture:
    """Draw what an analysis of a study found.

    Parameters
    ----------
    found : Finding
        As :func:`cxsim.study.analysis.analyse` and the analyses return.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the analysis is none that has a figure.
    """
    return _FIGURES[one_of(found.analysis, _FIGURES, name="analysis")](found)
