"""Customer equity over time, with what made it rise and fall."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.measures.equity import CAUSES
from cxsim.plot.by_firm import panels_by_firm
from cxsim.plot.columns import chosen, need, words_of
from cxsim.plot.layout import finish
from cxsim.plot.numbers import Scale, joined, scale_for
from cxsim.plot.palette import INK, OKABE_ITO, readable
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["equity_causes"]

_COLORS = {
    "acquisition": OKABE_ITO["blue"],
    "retention": OKABE_ITO["orange"],
    "margin": OKABE_ITO["bluish green"],
}


@styled
def equity_causes(
    changes: pd.DataFrame,
    *,
    over: int = 12,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw customer equity by firm, and its change by cause, some periods at a time.

    Parameters
    ----------
    changes : DataFrame
        As :func:`cxsim.measures.equity.equity_changes` returns.
    over : int
        Periods whose changes stand in one bar.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        One panel a firm: equity as a line, changes as stacked bars, in one currency.

    Raises
    ------
    ValueError
        If a column is missing, or ``over`` is below 1.
    """
    need(changes, ["period", "firm", "equity", *CAUSES], name="changes")
    if over < 1:
        raise ValueError(f"over: expected at least 1, found {over}")
    words = words_of(changes)
    names = chosen(changes["firm"], None)
    block = (changes["period"] - 1) // over  # changes begin with that of period 1
    sums = changes.assign(block=block).groupby(["firm", "block"])[list(CAUSES)].sum()
    scale = scale_for("currency", changes["equity"].abs(), words=words)
    figure, panels = panels_by_firm(names, size, width=4.6, height=2.9)
    for k, (axes, name) in enumerate(zip(panels, names, strict=True)):
        own = changes[changes["firm"] == name]
        axes.plot(own["period"], own["equity"], color=INK, lw=2)
        bars = sums.loc[name]
        # Where the last bar has fewer periods, it is as much narrower.
        ends = np.minimum((bars.index.to_numpy() + 1) * over, int(own["period"].max()))
        starts = bars.index.to_numpy() * over
        up, down = np.zeros(len(bars)), np.zeros(len(bars))
        for cause in CAUSES:
            height = bars[cause].to_numpy()
            axes.bar(
                (starts + ends) / 2 + 0.5, height, bottom=np.where(height >= 0, up, down),
                width=(ends - starts) * 0.78, color=_COLORS[cause], alpha=0.85,
                label=cause.capitalize(),
            )  # fmt: skip
            up, down = up + np.maximum(height, 0), down + np.minimum(height, 0)
        axes.axhline(0, color=INK, lw=0.8)
        axes.set_xlabel(words.period.capitalize())
        axes.yaxis.set_major_formatter(scale.ticks)
        if k == 0:
            _key(axes)
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low - 0.22 * (high - low), high)  # room for the key
    panels[0].set_ylabel(scale.axis("Customer equity"))
    total = changes.groupby("firm", sort=False)[list(CAUSES)].sum().loc[names]
    return finish(
        figure,
        title=_finding(changes, total, scale) if title is None else title,
        note=(
            f"Line: customer equity. Bars: its change over {over} {words.period}s by cause; they "
            "add up to the change exactly. Retention: customers who went, and how long those who "
            "are there will stay."
        ),
        alt=_alt(changes, total, scale),
    )


def _key(axes: Axes) -> None:
    for place, (cause, color) in enumerate(_COLORS.items()):
        axes.annotate(
            cause.capitalize(), (0.985, 0.03 + 0.085 * place), xycoords="axes fraction",
            ha="right", va="bottom", fontsize=9, fontweight="bold", color=readable(color),
            bbox={"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 0.5},
        )  # fmt: skip


def _finding(changes: pd.DataFrame, total: pd.DataFrame, scale: Scale) -> str:
    last = changes[changes["period"] == changes["period"].max()].set_index("firm")["equity"]
    best = last.idxmax()
    cause = total.loc[best].abs().drop("acquisition").idxmax()
    gained = total.loc[best, "acquisition"]
    return (
        f"{best} ends with the largest customer equity, {scale.text(last[best])}: "
        f"{scale.text(gained, signed=True)} by acquisition, "
        f"{scale.text(total.loc[best, cause], signed=True)} by {cause}"
    )


def _alt(changes: pd.DataFrame, total: pd.DataFrame, scale: Scale) -> str:
    last = changes[changes["period"] == changes["period"].max()].set_index("firm")["equity"]
    said = []
    for name in total.index:
        parts = joined(f"{c} {scale.text(total.loc[name, c], signed=True)}" for c in CAUSES)
        said.append(f"{name} {scale.text(last[name])} at the end ({parts})")
    return f"Customer equity by firm with its changes by cause over the run: {'; '.join(said)}."
