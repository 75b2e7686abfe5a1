"""Which factors move an output: effects, Sobol and Morris indices, regions of interest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cxsim.charts.intervals import clear, draw_estimate
from cxsim.charts.labels import Scale, number, one_of
from cxsim.charts.layout import (
    Chart,
    Shared,
    charted,
    columns_for,
    grid_of,
    named_rows,
    row_names,
    short,
    tag,
)
from cxsim.charts.style import GREY, INK, OKABE_ITO, Look, Picture, looks, narrow, readable
from cxsim.messages import minus, part_of_variance

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


def _floor(axes: Axes, noise: float) -> None:
    """Mark what noise alone would show."""
    if np.isfinite(noise) and noise > 0.01 * axes.get_xlim()[1]:  # else it does not show
        axes.axvspan(0.0, noise, color=GREY, alpha=0.16, lw=0, zorder=0.5)
        place = axes.get_xaxis_transform()
        tag(axes, "noise", (noise, 1.0), (3, -2), xycoords=place, color=GREY, fontsize=8.5)


def _height(rows: int) -> float:
    return 1.7 + 0.42 * rows


def _effects(finding: Any) -> Chart:
    """Main effects and interactions with intervals, the largest first."""
    frame = finding.frame.assign(size=finding.frame["effect"].abs())
    frame = frame.sort_values(["kind", "size"], ascending=[False, False])
    pairs = frame["kind"] == "interaction"
    main = frame[~pairs].head(ROWS)
    frame = pd.concat([main, frame[pairs].head(max(0, ROWS - len(main)))])

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        names = []
        for place, row in enumerate(frame.to_dict("records")):
            mixed = row["kind"] == "interaction"
            color = RED if mixed else BLUE
            draw_estimate(
                axes, place, (row["lower"], row["effect"], row["upper"]), color=color,
                filled=clear(row), marker="s" if mixed else "o", ms=7,
            )  # fmt: skip
            tag(
                axes, number(row["effect"], signed=True), (row["effect"], place), va="baseline",
                color=readable(color), fontsize=8.5,
                bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 0.5},
            )  # fmt: skip
            both = f"{_last(row['factor'])} x {_last(row['other'])}"
            names.append(both if mixed else named(row["factor"]))
        axes.axvline(0.0, color=INK, lw=1.0)
        named_rows(axes, names, below=0.6)
        axes.margins(x=0.1)
        axes.set_xlabel("change in the output from the lowest to the highest value of a factor")

    return Chart(
        draw,
        size=(8.0, _height(len(frame))),
        title=f"{begun(finding.output)} depends most on {main.iloc[0]['factor']}",
        alt=finding.sentence,
        note="Dots: main effects; squares: interactions; filled: the interval excludes zero. The "
        f"model explains {100 * finding.facts['explained']:.0f} % of the variance between points "
        f"({finding.facts['points']}).",
    )


def _last(factor: Any) -> str:
    return str(factor).rpartition(".")[2]


def _sobol(finding: Any) -> Chart:
    """First-order and total Sobol indices with intervals and the noise floor."""
    frame, facts = finding.frame, finding.facts
    total = frame[frame["kind"] == "total"].sort_values("index", ascending=False).head(ROWS)
    first = frame[frame["kind"] == "first"].set_index("factor")

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        for place, row in enumerate(total.to_dict("records")):
            for each, up, marker, color in (
                (row, 0.13, "o", BLUE), (first.loc[row["factor"]], -0.13, "D", RED),
            ):  # fmt: skip
                estimate = (each["lower"], each["index"], each["upper"])
                draw_estimate(axes, place - up, estimate, color=color, marker=marker, ms=6.5)
            text, end = minus(f"{row['index']:.2f}"), (row["upper"], place - 0.13)
            tag(axes, text, end, (5, 0), color=readable(BLUE), fontsize=8.5)
        axes.axvline(0.0, color=INK, lw=1.0)
        named_rows(axes, [named(name) for name in total["factor"]], below=0.6)
        low = min(0.0, float(first["lower"].min()), float(total["lower"].min()))
        axes.set_xlim(low - 0.03, max(1.0, float(total["upper"].max()) + 0.08))
        _floor(axes, facts["noise"])
        axes.set_xlabel("share of the variance")

    top, floor = total.iloc[0], facts["noise"]
    noise = f"Grey: Monte-Carlo error, up to {floor:.2g}. " if np.isfinite(floor) else ""
    return Chart(
        draw,
        size=(8.0, _height(len(total))),
        title=f"{top['factor']} accounts for {part_of_variance(top['index'])} of the variance of "
        f"{finding.output}",
        alt=finding.sentence,
        note="Dots: total index, with interactions; diamonds: first-order index; "
        f"{100 * facts['confidence']:.0f} % intervals. {noise}{facts['points']}.",
    )


def _morris(finding: Any) -> Chart:
    """Return the mean size of elementary effects against how much they vary."""
    frame, facts, noise = finding.frame, finding.facts, finding.facts["noise"]
    known = np.isfinite(noise)

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        for k, row in enumerate(frame.to_dict("records")):
            color = BLUE if not known or row["upper"] > noise else GREY
            estimate = (row["lower"], row["mu_star"], row["upper"])
            draw_estimate(axes, row["sigma"], estimate, color=color, width=1.6, ms=7)
            if k < ROWS:
                tag(
                    axes, _last(row["factor"]), (row["mu_star"], row["sigma"]), (0, 8),
                    va="baseline", color=readable(color), fontsize=9.5,
                )  # fmt: skip
        right = float(max(frame["upper"].max(), noise if known else 0.0))
        above = float(max(frame["sigma"].max(), 0.25 * right)) or 1.0
        axes.set(xlim=(0, 1.12 * right or 1.0), ylim=(-0.04 * above, 1.2 * above))
        _floor(axes, noise)
        axes.grid(visible=True, axis="x")
        axes.set_xlabel("mean size of the effect over the factor's range")
        axes.set_ylabel("standard deviation of the effect")

    grey = "Grey: Monte-Carlo error alone. " if known else ""
    return Chart(
        draw,
        size=(7.6, 4.8),
        title=f"{begun(finding.output)} depends most on {frame.iloc[0]['factor']}",
        alt=finding.sentence,
        note=f"Further up: nonlinearity or interactions. Lines: {100 * facts['confidence']:.0f} % "
        f"intervals of the mean. {grey}{facts['points']}.",
    )


def _importance(finding: Any) -> Chart:
    """Draw an index of importance by factor with intervals and the noise floor."""
    facts, shown = finding.facts, finding.frame.head(ROWS)

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        for place, row in enumerate(shown.to_dict("records")):
            estimate = (row["lower"], row["index"], row["upper"])
            draw_estimate(axes, place, estimate, color=BLUE, marker="o", ms=6.5)
            text = minus(f"{row['index']:.2f}")
            tag(axes, text, (row["upper"], place), (5, 0), color=readable(BLUE), fontsize=8.5)
        axes.axvline(0.0, color=INK, lw=1.0)
        named_rows(axes, [named(name) for name in shown["factor"]], below=0.6)
        low = min(0.0, float(shown["lower"].min()))
        axes.set_xlim(low - 0.03, max(0.5, float(shown["upper"].max()) + 0.08))
        _floor(axes, facts["noise"])
        axes.set_xlabel(facts["index"])

    return Chart(
        draw,
        size=(8.0, _height(len(shown))),
        title=f"{finding.output} depends most on {shown.iloc[0]['factor']}",
        alt=finding.sentence,
        note=f"Grey: what a factor without effect reaches, up to {facts['noise']:.2g}. "
        f"Bars: {100 * facts['confidence']:.0f} % intervals, by the bootstrap over points. "
        f"{facts['points']}.",
    )


def _regional(finding: Any) -> Chart:
    """Distributions of factors at points of interest and at the rest."""
    facts, shown = finding.facts, finding.frame.head(PANELS)
    apart = shown["p"] < 1.0 - facts["confidence"]
    columns = columns_for(len(shown), 3)
    rows = -(-len(shown) // columns)

    def draw(figure: Picture) -> None:
        panels = grid_of(figure, len(shown), columns, sharey=True)
        rows = shown.assign(clear=apart).to_dict("records")
        for axes, row in zip(panels, rows, strict=True):
            _distributions(axes, facts["values"], row)
        for axes in panels[::columns]:
            axes.set_ylabel("% of points at or below")

    first = shown[apart].iloc[0]["factor"] if apart.any() else "No factor"
    return Chart(
        draw,
        size=(3.1 * columns + 0.6, 1.5 + 2.5 * rows),
        title=f"{first} distinguishes points where {finding.output} is {facts['condition']}",
        alt=finding.sentence,
        note=f"Solid: {facts['of_interest']} points of interest; dashed: the {facts['rest']} "
        "others. Grey: no significant difference (Kolmogorov-Smirnov distance, Holm correction; "
        f"by chance up to {facts['critical']:.2f} in {100 * facts['confidence']:.0f} % of cases).",
    )


def _distributions(axes: Axes, values: pd.DataFrame, row: dict[str, Any]) -> None:
    """Draw the share of points below each value of a factor, of interest and others."""
    cases = values["of_interest"].to_numpy()
    for part, color, line in ((cases, RED, "-"), (~cases, BLUE, (0, (4, 1.5)))):
        x = np.sort(values.loc[part, row["factor"]].to_numpy())
        axes.step(
            x, 100 * np.arange(1, len(x) + 1) / len(x), where="post", lw=1.8, ls=line,
            color=color if row["clear"] else GREY,
        )  # fmt: skip
    axes.set_title(named(row["factor"]), fontsize=9.5)
    level = f"p = {row['p']:.2g}" if row["p"] >= 1e-3 else "p < .001"
    axes.set_xlabel(f"distance {row['distance']:.2f}, {level}", fontsize=9)
    axes.set_ylim(0, 100)


# -- Strategies under uncertainty: which is best by what measure, and where one loses ----------


_CASE, _REST = OKABE_ITO["vermillion"], OKABE_ITO["sky blue"]


_PANELS = {
    "mean": "mean over points",
    "worst": "worst case",
    "largest_regret": "maximum regret",
}


def _ranking(finding: Any) -> Chart:
    """Strategies by mean, worst case and largest regret, with intervals."""
    frame, facts, names = finding.frame, finding.facts, finding.facts["strategies"]

    def draw(figure: Picture) -> None:
        draw_criteria(figure, frame, looks(names), headings=_PANELS, label=finding.output)

    first = frame[frame["rank"] == 1].drop_duplicates("criterion").set_index("criterion")
    best = first["strategy"]
    return Chart(
        draw,
        size=(9.2, 1.9 + 0.5 * len(names) * (4 if narrow() else 1)),
        title=f"{best['mean']} is best in {finding.output} by mean, "
        + (
            "worst case and regret"
            if best[list(_PANELS)].nunique() == 1
            else f"{best['worst']} in the worst case"
        ),
        alt=finding.sentence,
        note=f"{finding.output}: {facts['better']} is better; regret: shortfall against the best "
        f"strategy at a point. Filled: best. {100 * facts['confidence']:.0f} % intervals: over "
        f"points and seeds for means, over seeds for extremes. {facts['points']}.",
    )


def draw_criteria(
    figure: Picture,
    frame: pd.DataFrame,
    styles: Mapping[str, Look],
    *,
    headings: Mapping[str, str],
    label: str,
    scale: Scale | None = None,
    room: float = 0.12,
) -> Sequence[Axes]:
    """Draw strategies by several criteria, a panel for each, and return the panels.

    Parameters
    ----------
    figure : Picture
    frame : DataFrame
        ``criterion, strategy, value, lower, upper, rank``; the best of a criterion is filled.
    styles : mapping of str to Look
        By strategy, from the top.
    headings : mapping of str to str
        Of the panels, by criterion.
    label : str
        What values are, with unit.
    scale : Scale, optional
        Of their numbers; three digits by default.
    room : float
        Beside the values, as a share of their range.
    """
    scale, names, phone = scale or Scale(), list(styles), narrow()
    panels = grid_of(figure, len(headings), columns_for(len(headings), len(headings)))
    for axes, (criterion, heading) in zip(panels, headings.items(), strict=True):
        part = frame[frame["criterion"] == criterion].set_index("strategy")
        for place, (name, look) in enumerate(styles.items()):
            row = part.loc[name]
            estimate, best = (row["lower"], row["value"], row["upper"]), row["rank"] == 1
            draw_estimate(axes, place, estimate, color=look.color, filled=best, ms=7.5)
            tag(
                axes, scale.bare(row["value"]), (row["value"], place), (0, 7), va="baseline",
                color=look.ink, fontsize=8.5, fontweight="bold" if best else "normal",
            )  # fmt: skip
        axes.set_title(heading, fontsize=10.5)
        axes.margins(x=room)
        axes.set_xlabel(label, fontsize=9)
        named_rows(axes, [""] * len(names), above=0.7)
    for axes in panels if phone else panels[:1]:
        row_names(axes, names, looks_of=styles)
    return panels


def _discovery(finding: Any) -> Chart:
    """Points of interest and boxes, over the two factors that limit boxes most."""
    values, facts, frame = finding.facts["values"], finding.facts, finding.frame
    names = [name for name in values.columns if name != "of_interest"]
    limits = np.isfinite(frame[[f"{n}.{end}" for n in names for end in ("low", "high")]])
    number_of = {n: int(limits[[f"{n}.low", f"{n}.high"]].to_numpy().sum()) for n in names}
    order = sorted(names, key=lambda name: -number_of[name])
    x, y = order[0], order[min(1, len(order) - 1)]

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        cases = values["of_interest"].to_numpy()
        size = float(np.clip(9000 / len(values), 6, 40))
        for part, color, marker in ((~cases, _REST, "o"), (cases, _CASE, "X")):
            at = values.loc[part]
            axes.scatter(at[x], at[y], s=size, c=color, marker=marker, lw=0)
        _frame_of(axes, values[x].to_numpy(), values[y].to_numpy())
        for box in frame.to_dict("records")[:4]:
            _box(axes, box, x, y)
        axes.set(xlabel=x, ylabel=y)
        axes.grid(visible=False)

    title = f"No region stands out where {finding.output} is {facts['condition']}"
    if not frame.empty:
        title = (
            f"{begun(finding.output)} is {facts['condition']} at {100 * facts['base']:.0f} % of "
            f"points, but at {100 * frame.iloc[0]['density']:.0f} % of those in box 1"
        )
    return Chart(
        draw,
        size=(7.8, 5.4),
        title=title,
        alt=finding.sentence,
        note="Crosses: points where it is; dots: where it is not. Boxes cover "
        f"{100 * facts['coverage']:.0f} % of the crosses, measured on points not used to find "
        f"them; limits in other factors are not shown. {facts['points']}.",
    )


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
    tag(
        axes,
        f"box {box['box']}: {100 * box['density']:.0f} % of its points, "
        f"{100 * box['coverage']:.0f} % of all such",
        (left, high), (5, -5), fontsize=8.5, color=INK,
        bbox={"facecolor": "white", "alpha": 0.88, "lw": 0, "pad": 1.5},
    )  # fmt: skip


# -- The figure of an analysis of a study ------------------------------------------------------


_CHARTS: dict[str, Callable[[Any], Chart]] = {
    "main_effects": _effects,
    "sobol": _sobol,
    "morris": _morris,
    "delta": _importance,
    "pawn": _importance,
    "features": _importance,
    "regional": _regional,
    "discovery": _discovery,
    "ranking": _ranking,
}


@charted()
def analysis(found: Any, **_: Unpack[Shared]) -> Chart:
    """Draw the result of an analysis of a study.

    Parameters
    ----------
    found : AnalysisResult
        As :func:`cxsim.study.analysis.analyse` and the analyses return.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the analysis is none that has a figure.
    """
    return _CHARTS[one_of(found.analysis, _CHARTS, name="analysis")](found)
