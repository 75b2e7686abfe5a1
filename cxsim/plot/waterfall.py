"""From revenue to profit: every line of cost takes its part, one panel a firm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxsim.plot.by_firm import panels_by_firm
from cxsim.plot.columns import chosen, need, words_of
from cxsim.plot.layout import finish, short
from cxsim.plot.numbers import Scale, scale_for
from cxsim.plot.palette import GREY, INK, OKABE_ITO, looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["profit_waterfall"]

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
        ``firm, line, label, amount``, as :func:`cxsim.measures.statement.profit_statement`
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
