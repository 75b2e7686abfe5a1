"""From revenue to profit: every line of cost takes its part, one panel a firm."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import Scale, chosen, joined, scale_for, words_of
from cxsim.charts.layout import Chart, Shared, charted, firm_panels, panels_size, short, tag
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, looks, readable
from cxsim.messages import minus
from cxsim.runs.measures.frames import CAUSES

# -- From revenue to profit: every line of cost takes its part, one panel a firm ---------------


_LOSS = OKABE_ITO["vermillion"]


@charted("firm", "line", "label", "amount")
def profit_waterfall(statement: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw how revenue becomes profit, firm by firm.

    Parameters
    ----------
    statement : DataFrame
        ``firm, line, label, amount``, as :func:`cxsim.runs.measures.frames.profit_statement`
        returns.

    Returns
    -------
    Figure
        One panel a firm; lines from left to right, each beginning where the one before ends.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    names = chosen(statement["firm"], None)
    lines = list(dict.fromkeys(statement["line"]))
    labels = statement.drop_duplicates("line").set_index("line")["label"]
    table = statement.pivot(index="firm", columns="line", values="amount").loc[names, lines]
    scale = scale_for("currency", table.to_numpy().ravel(), words=words_of(statement))

    def draw(figure: Picture) -> None:
        panels = firm_panels(figure, names)
        for axes, (name, look) in zip(panels, looks(names).items(), strict=True):
            _falls(axes, table.loc[name], look.color, scale)
            said = [short(labels[line], 12, lines=3) for line in lines]
            axes.set_xticks(range(len(lines)), said, fontsize=7.5)
        # All panels share the height: room above the tallest bar for its number.
        running = table.drop(columns="profit").cumsum(axis=1).to_numpy()
        low, high = min(0.0, float(running.min()), float(table["profit"].min())), running.max()
        panels[0].set_ylim(low - 0.05 * (high - low) * (low < 0), high + 0.13 * (high - low))
        panels[0].set_ylabel(scale.axis("Amount"))

    return Chart(
        draw,
        size=panels_size(len(names), max(4.9, 0.78 * len(lines)), 2.9),
        title=_finding(table),
        note="Sums over the run, not discounted. Revenue is net of discounts and redeemed points.",
        alt=_alt(table, labels, scale),
    )


def _falls(axes: Axes, amounts: pd.Series, color: str, scale: Scale) -> None:
    """Draw the bars of one firm, each from where the one before ends."""
    level = 0.0
    for k, (line, amount) in enumerate(amounts.items()):
        total = line in ("revenue", "profit")
        bottom = 0.0 if total else level
        own = _LOSS if line == "profit" and amount < 0 else color if total or amount > 0 else GREY
        axes.bar(k, amount, bottom=bottom, color=own, width=0.72, alpha=1 if total else 0.75)
        weight = "bold" if total else "normal"
        top = (k, max(bottom, bottom + amount))
        tag(axes, scale.bare(amount), top, (0, 2), fontsize=8.5, color=INK, fontweight=weight)
        if not total:
            axes.plot([k - 1, k], [level, level], color=GREY, lw=0.7, zorder=0)
        level = bottom + amount
    axes.axhline(0, color=INK, lw=0.8)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_formatter(scale.ticks)
    axes.grid(visible=False, axis="x")


def _margin(table: pd.DataFrame) -> pd.Series:
    return (table["profit"] / table["revenue"].replace(0, np.nan)).dropna()


def _finding(table: pd.DataFrame) -> str:
    best = table["profit"].idxmax()
    margin = _margin(table)
    if len(table) == 1 or margin.empty:
        return f"{best}: from revenue to profit"
    top = margin.idxmax()
    said = f"{best} earns most"
    if top == best:
        return f"{said}, with the highest profit margin: {_percent(margin[top])}"
    return (
        f"{said}; {top} has the highest profit margin, {_percent(margin[top])} "
        f"against {_percent(margin[best])}"
    )


def _percent(share: float) -> str:
    return minus(f"{100 * share:.0f}\u00a0%")


def _alt(table: pd.DataFrame, labels: pd.Series, scale: Scale) -> str:
    said = []
    for name, row in table.iterrows():
        costs = {n: -row[n] for n in table.columns if n not in ("revenue", "profit")}
        most = max(costs, key=lambda n: costs[n], default=None)
        largest = f", largest cost {labels[most].lower()}" if most else ""
        said.append(
            f"{name} revenue {scale.text(row['revenue'])}, "
            f"profit {scale.text(row['profit'])}{largest}"
        )
    return f"Waterfall from revenue to profit by firm: {'; '.join(said)}."


# -- Customer equity over time, with what made it rise and fall --------------------------------


_COLORS = {
    "acquisition": OKABE_ITO["blue"],
    "retention": OKABE_ITO["orange"],
    "margin": OKABE_ITO["bluish green"],
}


@charted("period", "firm", "equity", *CAUSES)
def customer_equity_drivers(changes: pd.DataFrame, *, over: int = 12, **_: Unpack[Shared]) -> Chart:
    """Draw customer equity by firm, and its change by cause, some periods at a time.

    Parameters
    ----------
    changes : DataFrame
        As :func:`cxsim.runs.measures.frames.equity_changes` returns.
    over : int
        Periods whose changes stand in one bar.

    Returns
    -------
    Figure
        One panel a firm: equity as a line, changes as stacked bars, in one currency.

    Raises
    ------
    ValueError
        If a column is missing, or ``over`` is below 1.
    """
    if over < 1:
        raise ValueError(f"over: expected at least 1, found {over}")
    period = words_of(changes).period
    names = chosen(changes["firm"], None)
    scale = scale_for("currency", changes["equity"].abs(), words=words_of(changes))
    total = changes.groupby("firm", sort=False)[list(CAUSES)].sum().loc[names]
    last = changes[changes["period"] == changes["period"].max()].set_index("firm")["equity"]

    def draw(figure: Picture) -> None:
        panels = firm_panels(figure, names)
        for axes, name in zip(panels, names, strict=True):
            _causes(axes, changes[changes["firm"] == name], over)
            axes.set_xlabel(period.capitalize())
            axes.yaxis.set_major_formatter(scale.ticks)
        _key(panels[0])
        low, high = panels[0].get_ylim()
        panels[0].set_ylim(low - 0.22 * (high - low), high)  # room for the key
        panels[0].set_ylabel(scale.axis("Customer equity"))

    return Chart(
        draw,
        size=panels_size(len(names), 4.6, 2.9),
        title=_equity_finding(last, total, scale),
        note=f"Line: customer equity. Bars: its change over {over} {period}s by cause, "
        "which add up exactly. Retention: customers lost, and expected lifetimes of those who "
        "remain.",
        alt=_equity_alt(last, total, scale),
    )


def _causes(axes: Axes, own: pd.DataFrame, over: int) -> None:
    """Draw one firm's equity, and over it bars of what changed it."""
    axes.plot(own["period"], own["equity"], color=INK, lw=2)
    bars = own.groupby((own["period"] - 1) // over)[list(CAUSES)].sum()  # begin with period 1
    # Where the last bar has fewer periods, it is as much narrower.
    ends = np.minimum((bars.index.to_numpy() + 1) * over, int(own["period"].max()))
    starts = bars.index.to_numpy() * over
    up, down = np.zeros(len(bars)), np.zeros(len(bars))
    for cause, color in _COLORS.items():
        height = bars[cause].to_numpy()
        axes.bar(
            (starts + ends) / 2 + 0.5, height, bottom=np.where(height >= 0, up, down),
            width=(ends - starts) * 0.78, color=color, alpha=0.85, label=cause.capitalize(),
        )  # fmt: skip
        up, down = up + np.maximum(height, 0), down + np.minimum(height, 0)
    axes.axhline(0, color=INK, lw=0.8)


def _key(axes: Axes) -> None:
    for place, (cause, color) in enumerate(_COLORS.items()):
        axes.annotate(
            cause.capitalize(), (0.985, 0.03 + 0.085 * place), xycoords="axes fraction",
            ha="right", va="bottom", fontsize=9, fontweight="bold", color=readable(color),
            bbox={"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 0.5},
        )  # fmt: skip


def _equity_finding(last: pd.Series, total: pd.DataFrame, scale: Scale) -> str:
    best = last.idxmax()
    cause = total.loc[best].abs().drop("acquisition").idxmax()
    gained = total.loc[best, "acquisition"]
    return (
        f"{best} ends with the largest customer equity, {scale.text(last[best])}: "
        f"{scale.text(gained, signed=True)} from acquisition, "
        f"{scale.text(total.loc[best, cause], signed=True)} from {cause}"
    )


def _equity_alt(last: pd.Series, total: pd.DataFrame, scale: Scale) -> str:
    said = []
    for name in total.index:
        parts = joined(f"{c} {scale.text(total.loc[name, c], signed=True)}" for c in CAUSES)
        said.append(f"{name} {scale.text(last[name])} at the end ({parts})")
    return f"Customer equity by firm with its changes by cause over the run: {'; '.join(said)}."
