"""Figures of verdicts: at how many points claims hold, and the factors that decide them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from scipy.stats import t

from cxsim.charts.layout import finish, new
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, styled
from lab.validation.claims.page import Tested

__all__ = ["paying", "turns", "where"]

_COLORS = {"yes": OKABE_ITO["blue"], "open": "#D9D9D9", "no": OKABE_ITO["vermillion"]}
_WORDS = {"yes": "holds", "open": "open", "no": "fails"}
_MARKERS = {"yes": "o", "open": "D", "no": "s"}

#: Panels in a row, and at most.
ROW, MOST = 3, 18


@styled
def where(tested: Sequence[Tested]) -> Picture:
    """Draw at which share of points each part of each claim holds, is open and fails."""
    lines = sum(len(each.findings) + 1.3 for each in tested)
    figure = new(None, (9.6, 1.6 + 0.27 * lines))
    axes = figure.subplots()
    place, words = 0.0, []
    ticks, labels = [], []
    for number, each in enumerate(tested, 1):
        says = textwrap.shorten(f"{number}. {each.claim.says}", 92, placeholder="…")
        axes.text(0.0, place, says, color=INK, fontsize=9, fontweight="bold", va="center")
        place += 1.0
        for part, found, word in zip(each.claim.parts, each.findings, each.words(), strict=True):
            left = 0.0
            for kind, color in _COLORS.items():
                share = found.facts[kind]
                axes.barh(place, share, left=left, color=color, height=0.78, lw=0)
                if share >= 0.07:
                    ink = INK if kind == "open" else "white"
                    axes.text(left + share / 2, place, f"{100 * share:.0f}", ha="center",
                              va="center", color=ink, fontsize=8)  # fmt: skip
                left += share
            axes.plot(found.facts["yes_interval"], [place] * 2, color=INK, lw=1.1)
            axes.text(1.015, place, word, va="center", fontsize=9, color=INK)
            words.append(word)
            ticks.append(place)
            labels.append(part.says)
            place += 1.0
        place += 0.3
    axes.set_yticks(ticks, labels, fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(place - 0.4, -1.8)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100 %"])
    axes.set_xlabel("share of points")
    for at, kind in ((0.0, "yes"), (0.5, "open"), (1.0, "no")):
        side = {0.0: "left", 0.5: "center", 1.0: "right"}[at]
        axes.text(at, -1.2, _WORDS[kind], ha=side, fontsize=9, fontweight="bold",
                  color=GREY if kind == "open" else _COLORS[kind])  # fmt: skip
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    kinds = {word: words.count(word) for word in ("holds", "depends", "open", "fails")}
    title = (
        f"Of {len(words)} parts of claims, {kinds['holds']} hold throughout, "
        f"{kinds['depends']} depend on circumstances, {kinds['fails']} fail throughout"
        + (f", {kinds['open']} remain open" if kinds["open"] else "")
        + f" and {words.count('by construction')} follow from assumptions"
    )
    return finish(
        figure, title=title, alt=f"{title}.",
        note="Points of a study where the 95 % interval over paired seeds lies above 0 (holds), at "
        "or below it (fails), or reaches over it (open). Line: Wilson's 95 % interval of the share "
        "that holds. Ranges of parameters stand below.",
    )  # fmt: skip


@styled
def paying(frame: pd.DataFrame, margin: np.ndarray, shipped: Mapping[str, float]) -> Picture:
    """Draw where a firm earns more than every rival: over fit and cost, by size and horizon.

    Parameters
    ----------
    frame : DataFrame
        One row per run: ``point``, ``seed``, ``periods``, ``market_size``,
        ``customization_cost``, ``fit_weight``.
    margin : ndarray
        The firm's lead over its best rival in each run, EUR.
    shipped : mapping of str to float
        The point that is shipped, marked by a ring.
    """
    names = ["periods", "market_size", "customization_cost", "fit_weight"]
    runs = frame.assign(margin=margin).groupby(names)["margin"]
    points = pd.DataFrame({"mean": runs.mean(), "se": runs.sem(), "seeds": runs.count()})
    half = points["se"] * t.ppf(0.975, points["seeds"] - 1)
    points["kind"] = np.select(
        [points["mean"] - half > 0, points["mean"] + half <= 0], ["yes", "no"], "open"
    )
    points = points.reset_index()
    horizons, sizes = sorted(points["periods"].unique()), sorted(points["market_size"].unique())
    figure = new(None, (1.4 + 3.0 * len(sizes), 1.7 + 2.9 * len(horizons)))
    grid = figure.subplots(len(horizons), len(sizes), squeeze=False, sharex=True, sharey=True)
    for row, horizon in enumerate(horizons):
        for column, size in enumerate(sizes):
            axes = grid[row, column]
            part = points[(points["periods"] == horizon) & (points["market_size"] == size)]
            for kind, color in _COLORS.items():
                here = part[part["kind"] == kind]
                axes.plot(here["customization_cost"], here["fit_weight"], _MARKERS[kind],
                          color=color, ms=9, mec=GREY if kind == "open" else color)  # fmt: skip
            if (horizon, size) == (shipped["periods"], shipped["market_size"]):
                axes.plot(shipped["customization_cost"], shipped["fit_weight"], "o", ms=17,
                          mfc="none", mec=INK, mew=1.6)  # fmt: skip
            share = 100 * float((part["kind"] == "yes").mean())
            axes.set_title(f"{horizon} months, {size:,.0f} customers: {share:.0f} %", fontsize=9.5)
            axes.set_xlim(-0.3, 3.3)
            axes.set_ylim(-0.35, 3.35)
            axes.grid(visible=False)
            if row == len(horizons) - 1:
                axes.set_xlabel("Cost of customization, EUR per unit", fontsize=9)
            if column == 0:
                axes.set_ylabel("Value of personalization, EUR per sq. unit", fontsize=9)
    of = points.groupby(["periods", "market_size"])["kind"].apply(lambda k: (k == "yes").mean())
    (low, least), (high, most) = of.idxmin(), of.idxmax()
    title = (
        f"One-to-one earns more than every rival at {100 * of.min():.0f} % of points with "
        f"{least:,.0f} customers over {low} months, at {100 * of.max():.0f} % with {most:,.0f} "
        f"over {high}"
    )
    return finish(
        figure, title=title, alt=f"{title}.",
        note="Round, blue: Tailor's net present value is above that of every rival (95 % interval "
        "over paired seeds); square, red: it is not; grey: open. Ring: the market as shipped. All "
        "else is as shipped. In titles: share of points at which it earns most.",
    )  # fmt: skip


@styled
def turns(tested: Sequence[Tested]) -> Picture | None:
    """Draw the deciding factors: the number of the claim over the factor, point by point."""
    shown = [
        (number, each, part, found)
        for number, each in enumerate(tested, 1)
        for part, found in zip(each.claim.parts, each.findings, strict=True)
        if found.facts["factor"] is not None and not part.assumed
    ][:MOST]
    if not shown:
        return None
    rows = -(-len(shown) // ROW)
    figure = new(None, (10.0, 1.2 + 2.75 * rows))
    panels = figure.subplots(rows, ROW, squeeze=False)
    for axes in panels.flat[len(shown) :]:
        axes.set_axis_off()
    for axes, (number, each, part, found) in zip(panels.flat, shown, strict=False):
        frame, facts = found.frame, found.facts
        factor = facts["factor"]
        low, high = facts["value_interval"]
        axes.axvspan(low, high, color="#EEEEEE", lw=0)
        axes.axvline(facts["value"], color=GREY, lw=1.0)
        axes.axhline(0.0, color=INK, lw=0.8)
        for kind, color in _COLORS.items():
            part_of = frame[frame["holds"] == kind]
            edge = GREY if kind == "open" else color
            axes.plot(part_of[factor], part_of["mean"], _MARKERS[kind], color=color, ms=4.2,
                      mec=edge, mew=0.7)  # fmt: skip
        if next(f for f in each.study.factors if f.name == factor).log:
            axes.set_xscale("log")
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        span = np.ptp(frame["mean"]) or 1.0
        axes.set_ylim(frame["mean"].min() - 0.06 * span, frame["mean"].max() + 0.06 * span)
        axes.set_title("\n".join(textwrap.wrap(f"{number}. {part.says}", 32)), fontsize=9,
                       loc="left")  # fmt: skip
        axes.set_xlabel(factor.replace("_", " "), fontsize=8.5)
        axes.set_ylabel(part.unit, fontsize=8.5)
        axes.tick_params(labelsize=8)
        if np.abs(axes.get_ylim()).max() >= 1e4:
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    title = f"{len(shown)} parts of claims turn on one factor"
    said = "; ".join(
        f"{number}. {part.says}: {found.facts['factor']} at {found.facts['value']:.3g}"
        for number, _, part, found in shown
    )
    return finish(
        figure, title=title, alt=f"{title}: {said}.",
        note="Each mark is a design point: the mean of the number of the claim. Round, blue: "
        "holds; square, red: fails; grey: open. Line: the split that best separates points above 0 "
        "from others; band: its 95 % interval over resamples of points.",
    )  # fmt: skip
