"""Options of a firm under what it does not know, and what it would be worth to know."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cxsim.plot.layout import finish, new, row_names
from cxsim.plot.numbers import Scale, Words, scale_for
from cxsim.plot.palette import GREY, INK, OKABE_ITO, looks, readable
from cxsim.plot.picture import Picture
from cxsim.plot.sensitivity import begun
from cxsim.plot.style import styled

__all__ = ["information_value", "options_under_uncertainty"]

_PANELS = (
    ("mean", "mean over all futures"),
    ("worst", "worst future"),
    ("largest_regret", "largest regret"),
)


@styled
def options_under_uncertainty(decision: Any) -> Picture:
    """Draw options by mean, worst case and largest regret, with intervals.

    Parameters
    ----------
    decision : Decision
        As :func:`cxsim.study.decision.decide.decide` returns.

    Returns
    -------
    Figure
    """
    frame, names = decision.ranking.frame, list(decision.means()["option"])
    scale = _scale(decision, frame.loc[frame["criterion"] == "mean", "value"])
    styles = looks(decision.options)
    figure = new(None, (9.4, 2.0 + 0.5 * len(names)))
    panels = figure.subplots(1, 3)
    for k, (criterion, heading) in enumerate(_PANELS):
        part = frame[frame["criterion"] == criterion].set_index("strategy").loc[names]
        _panel(panels[k], part, styles, scale)
        panels[k].set_title(heading, fontsize=10.5)
        panels[k].set_xlabel(scale.unit or decision.output, fontsize=9)
        if k:
            panels[k].set_yticks(range(len(names)), [""] * len(names))
        else:
            row_names(panels[k], names)
            for tick, name in zip(panels[k].get_yticklabels(), names, strict=True):
                tick.set_color(styles[name].ink)
    lead, low, high = decision.lead
    sure = "earns most" if low > 0 else "is ahead, within chance,"
    size = _scale(decision, [lead, low, high])
    title = (
        f"{decision.choice!r} {sure} on average: {size.text(lead)} more than {decision.runner_up!r}"
    )
    note = (
        f"{begun(_said(decision))}. Regret: how much less than the best option in the same "
        f"future; less is better. Filled: the best. {100 * decision.confidence:.0f} % intervals, "
        "over futures and seeds for means, over seeds for extremes. "
        f"{decision.ranking.facts['points']}; the lead is {size.bare(low)} to {size.text(high)}."
    )
    return finish(figure, title=title, note=note, alt=decision.sentence())


def _panel(axes: Axes, part: Any, styles: Any, scale: Scale) -> None:
    for place, (name, row) in enumerate(part.iterrows()):
        look, best = styles[name], row["rank"] == 1
        if np.isfinite(row["lower"]):
            axes.plot([row["lower"], row["upper"]], [place] * 2, color=look.color, lw=2)
        axes.plot(
            row["value"], place, "o", color=look.color, markersize=7.5,
            markerfacecolor=look.color if best else "white",
        )  # fmt: skip
        axes.annotate(
            scale.bare(row["value"]), (row["value"], place), xytext=(0, 7), ha="center",
            textcoords="offset points", color=look.ink, fontsize=8.5,
            fontweight="bold" if best else "normal",
        )  # fmt: skip
    axes.xaxis.set_major_formatter(scale.ticks)
    axes.set_ylim(len(part) - 0.5, -0.7)
    axes.margins(x=0.14)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


@styled
def information_value(decision: Any) -> Picture:
    """Draw what knowing everything, and each uncertain factor, would be worth.

    Parameters
    ----------
    decision : Decision

    Returns
    -------
    Figure
    """
    rows = decision.information.head(13).to_dict("records")
    scale = _scale(decision, [row["upper"] for row in rows])
    figure = new(None, (8.4, 1.8 + 0.4 * len(rows)))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        color = INK if place == 0 else OKABE_ITO["blue"]
        axes.barh(place, row["value"], height=0.55, color=color, alpha=0.85 if place else 0.6)
        axes.plot([row["lower"], row["upper"]], [place] * 2, color=GREY, lw=1.6)
        axes.annotate(
            scale.bare(row["value"]), (max(row["value"], row["upper"]), place), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=9, color=readable(color),
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [str(row["factor"]) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.15 * max(row["upper"] for row in rows) or 1.0)
    axes.xaxis.set_major_formatter(scale.ticks)
    axes.set_xlabel(scale.axis("worth, on average, before deciding"))
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    top = next((row for row in rows[1:] if row["lower"] > 0), None)
    everything = scale.text(rows[0]["value"])
    if rows[0]["value"] <= 0:
        title = "No tested uncertainty changes the choice within its range"
    elif top is None:
        title = f"No single uncertainty is worth researching; perfect information: {everything}"
    else:
        title = (
            f"Research first: {top['factor']}, worth up to {scale.text(top['value'])} of the "
            f"{everything} of perfect information"
        )
    note = (
        f"Expected value of perfect information, in {_said(decision)}; below it that of each "
        f"factor alone. {100 * decision.confidence:.0f} % intervals over futures. Choices are "
        "valued on other runs than they are made on, so that chance does not count as information."
    )
    said = "; ".join(f"{row['factor']} {scale.text(row['value'])}" for row in rows)
    return finish(figure, title=title, note=note, alt=f"{title}. {said}.")


def _said(decision: Any) -> str:
    measure, _, firm = decision.output.rpartition(".")
    return f"{measure.replace('_', ' ')} of {firm}"


def _scale(decision: Any, values: Any) -> Scale:
    if not decision.facts["unit"]:
        return Scale()
    return scale_for("currency", values, words=Words(currency=decision.facts["unit"]))
