"""From revenue to profit: every line of cost takes its part, one panel a firm."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import Scale, chosen, joined, need, scale_for, words_of
from cxsim.charts.layout import finish, short
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, looks, readable, styled
from cxsim.charts.time_series import panels_by_firm
from cxsim.runs.measures.frames import CAUSES

__all__ = ["equity_causes", "profit_waterfall"]


# -- From revenue to profit: every line of cost takes its part, one panel a firm ---------------


_LOSS = OKABE_ITO["vermillion"]


@styled
def profit_waterfall(
    statement: pd.DataFrame,
    *,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw how revenue becomes profit, firm by firm.

    Parameters
    ----------
    statement : DataFrame
        ``firm, line, label, amount``, as :func:`cxsim.runs.measures.frames.profit_statement`
        returns.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        One panel a firm; lines from left to right, each beginning where the one before ends.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(statement, ["firm", "line", "label", "amount"], name="statement")
    names = chosen(statement["firm"], None)
    lines = list(dict.fromkeys(statement["line"]))
    labels = statement.drop_duplicates("line").set_index("line")["label"]
    table = statement.pivot(index="firm", columns="line", values="amount").loc[names, lines]
    scale = scale_for("currency", table.to_numpy().ravel(), words=words_of(statement))
    styles = looks(names)
    figure, panels = panels_by_firm(names, size, width=4.9, height=2.9)
    for axes, name in zip(panels, names, strict=True):
        amounts = table.loc[name].to_numpy()
        level = 0.0
        for k, (line, amount) in enumerate(zip(lines, amounts, strict=True)):
            total = line in ("revenue", "profit")
            bottom = 0.0 if total else level
            color = styles[name].color if total or amount > 0 else GREY
            color = _LOSS if line == "profit" and amount < 0 else color
            axes.bar(k, amount, bottom=bottom, color=color, width=0.72, alpha=1 if total else 0.75)
            above = max(bottom, bottom + amount)
            axes.annotate(
                scale.bare(amount), (k, above), xytext=(0, 2), textcoords="offset points",
                ha="center", va="bottom", fontsize=8.5, color=INK,
                fontweight="bold" if total else "normal",
            )  # fmt: skip
            if not total:
                axes.plot([k - 1, k], [level, level], color=GREY, lw=0.7, zorder=0)
            level = bottom + amount
        axes.axhline(0, color=INK, lw=0.8)
        axes.set_xticks(
            range(len(lines)), [short(labels[n], 12, lines=3) for n in lines], fontsize=7.5
        )
        axes.tick_params(axis="x", length=0)
        axes.yaxis.set_major_formatter(scale.ticks)
        axes.grid(visible=False, axis="x")
    # All panels share the height: room above the tallest bar for its number.
    running = table.drop(columns="profit").cumsum(axis=1).to_numpy()
    low, high = min(0.0, float(running.min()), float(table["profit"].min())), float(running.max())
    panels[0].set_ylim(low - 0.05 * (high - low) * (low < 0), high + 0.13 * (high - low))
    panels[0].set_ylabel(scale.axis("Amount"))
    return finish(
        figure,
        title=_finding(table) if title is None else title,
        note="Sums over the run. Revenue is what was paid: discounts and redeemed points are off.",
        alt=_alt(table, labels, scale),
    )


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
        return f"{said}, and keeps most of its revenue: {100 * margin[top]:.0f}\u00a0%"
    return (
        f"{said}; {top} keeps most of its revenue, {100 * margin[top]:.0f}\u00a0% "
        f"against {100 * margin[best]:.0f}\u00a0%"
    )


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
        As :func:`cxsim.runs.measures.frames.equity_changes` returns.
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
        title=_equity_finding(changes, total, scale) if title is None else title,
        note=(
            f"Line: customer equity. Bars: its change over {over} {words.period}s by cause; they "
            "add up to the change exactly. Retention: customers who went, and how long those who "
            "are there will stay."
        ),
        alt=_equity_alt(changes, total, scale),
    )


def _key(axes: Axes) -> None:
    for place, (cause, color) in enumerate(_COLORS.items()):
        axes.annotate(
            cause.capitalize(), (0.985, 0.03 + 0.085 * place), xycoords="axes fraction",
            ha="right", va="bottom", fontsize=9, fontweight="bold", color=readable(color),
            bbox={"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 0.5},
        )  # fmt: skip


def _equity_finding(changes: pd.DataFrame, total: pd.DataFrame, scale: Scale) -> str:
    last = changes[changes["period"] == changes["period"].max()].set_index("firm")["equity"]
    best = last.idxmax()
    cause = total.loc[best].abs().drop("acquisition").idxmax()
    gained = total.loc[best, "acquisition"]
    return (
        f"{best} ends with the largest customer equity, {scale.text(last[best])}: "
        f"{scale.text(gained, signed=True)} by acquisition, "
        f"{scale.text(total.loc[best, cause], signed=True)} by {cause}"
    )


def _equity_alt(changes: pd.DataFrame, total: pd.DataFrame, scale: Scale) -> str:
    last = changes[changes["period"] == changes["period"].max()].set_index("firm")["equity"]
    said = []
    for name in total.index:
        parts = joined(f"{c} {scale.text(total.loc[name, c], signed=True)}" for c in CAUSES)
        said.append(f"{name} {scale.text(last[name])} at the end ({parts})")
    return f"Customer equity by firm with its changes by cause over the run: {'; '.join(said)}."
