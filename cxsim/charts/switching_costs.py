"""What customers would lose by leaving: switching costs by part, and over customers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import Scale, chosen, joined, moment, need, scale_for, words_of
from cxsim.charts.layout import finish, head, new, row_names, short, spread_above
from cxsim.charts.style import GREY, INK, Picture, ink_on, looks, styled

__all__ = ["switching_cost_distribution", "switching_costs"]

#: Column, name, colour and hatch of each part: greys and a sand, for colours are firms'.
_PARTS = (
    ("switching_procedural", "Procedural", "#4A5560", ""),
    ("switching_financial", "Financial", "#D9C9A3", "////"),
    ("switching_relational", "Relational", "#A9B4BF", ""),
)


@styled
def switching_costs(
    firms: pd.DataFrame,
    *,
    period: int | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw mean switching costs of firms' customers, stacked by part.

    Parameters
    ----------
    firms : DataFrame
        ``period, firm, switching_procedural, switching_financial, switching_relational``,
        as ``run.firms`` has; ``switching_cost_share`` is told if it is there.
    period : int, optional
        The one shown, by default the last.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Negative parts stand left of zero; the total is told beside each bar.

    Raises
    ------
    ValueError
        If a column is missing or the frame does not have the period.
    """
    columns = [part[0] for part in _PARTS]
    need(firms, ["period", "firm", *columns])
    names = chosen(firms["firm"], None)
    period = moment(firms, period)
    words = words_of(firms)
    now = firms[firms["period"] == period].set_index("firm").reindex(names)
    parts = now[columns].to_numpy(dtype=float)
    total = parts.sum(axis=1)
    scale = scale_for("currency", parts.ravel(), words=words)
    if title is None:
        title = _finding(names, total, scale, f"{words.period} {period}")

    figure = new(size, (8.6, 1.9 + 0.52 * len(names)))
    axes = figure.add_subplot()
    rows = np.arange(len(names), dtype=float)
    high, low = np.zeros(len(names)), np.zeros(len(names))
    where: list[tuple[float, str, str]] = []  # centre in the first bar that has the part
    for k, (_, part, color, hatch) in enumerate(_PARTS):
        width = np.nan_to_num(parts[:, k])
        left = np.where(width >= 0, high, low)
        axes.barh(
            rows, width, left=left, height=0.62, color=color, hatch=hatch, edgecolor="white",
            linewidth=0.8, label=part,
        )  # fmt: skip
        if np.any(width):
            first = int(np.flatnonzero(np.isfinite(total))[0])
            where.append((left[first] + width[first] / 2, part, color))
        high, low = high + np.maximum(width, 0), low + np.minimum(width, 0)
    span = float(high.max() - low.min()) or 1.0
    axes.set_xlim(low.min() - (0.02 * span if low.min() < 0 else 0), high.max() + 0.02 * span)
    axes.set_ylim(len(names) - 0.45, -0.55)
    for k in range(len(names)):
        _inside(axes, k, parts[k], scale, span)
        axes.annotate(
            _told(total[k], now.iloc[k], scale), (high[k], rows[k]), xytext=(6, 0),
            textcoords="offset points", va="center", fontweight="bold", annotation_clip=False,
        )  # fmt: skip
        if low[k] < 0 and np.isfinite(total[k]):
            axes.plot(total[k], rows[k] - 0.39, "v", color=INK, markersize=7, clip_on=False)
    axes.axvline(0, color=GREY, linewidth=0.9)
    _dress(axes, names, scale.axis("Mean switching cost of a customer"))
    none = [part for column, part, *_ in _PARTS if not np.nan_to_num(now[column]).any()]
    note = "Lost by moving to a twin of the supplier that knows nothing of the customer yet."
    if none:
        note += f" No part here: {joined(none).lower()}."
    if (low < 0).any():
        note += " Triangle: total where a part is negative."
    head(figure, title=title, note=note)
    spread_above(axes, where)
    alt = _alt(names, parts, total, scale, f"{words.period} {period}")
    return finish(figure, title=title, alt=alt, note=note)


def _inside(axes: Axes, row: int, parts: np.ndarray, scale: Scale, span: float) -> None:
    """Write a part's value into its bar where there is room."""
    high = low = 0.0
    for value, (_, _, color, _) in zip(parts, _PARTS, strict=True):
        if not np.isfinite(value):
            return
        start = high if value >= 0 else low
        text = scale.bare(value)
        if abs(value) > 0.014 * (len(text) + 1) * span:
            axes.text(
                start + value / 2, row, text, ha="center", va="center", fontsize=9,
                color=ink_on(color), bbox={"boxstyle": "square,pad=0.15", "fc": color, "lw": 0},
            )  # fmt: skip
        high, low = high + max(value, 0.0), low + min(value, 0.0)


def _told(total: float, row: pd.Series, scale: Scale) -> str:
    if not np.isfinite(total):
        return "no customers"
    share = row.get("switching_cost_share", np.nan)
    return scale.text(total) + (
        f" ({100 * share:.0f}\u00a0% of the amount paid)" if np.isfinite(share) else ""
    )


def _dress(axes: Axes, names: Sequence[str], label: str) -> None:
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    row_names(axes, names)
    axes.set_xlabel(label)


def _finding(names: list[str], total: np.ndarray, scale: Scale, when: str) -> str:
    there = [k for k in np.argsort(-total, kind="stable") if np.isfinite(total[k])]
    if not there:
        return f"Nobody has customers in {when}"
    most, least = there[0], there[-1]
    text = f"Leaving {names[most]} would cost its customers {scale.text(total[most])} on average"
    if scale.text(total[most]) == scale.text(total[least]):
        if len(there) == 1:
            return text
        return f"Leaving any firm would cost its customers {scale.text(total[most])} on average"
    return f"{text}, leaving {names[least]} {scale.text(total[least])}"


def _alt(names: list[str], parts: np.ndarray, total: np.ndarray, scale: Scale, when: str) -> str:
    said = []
    for name, values, sum_ in zip(names, parts, total, strict=True):
        if not np.isfinite(sum_):
            said.append(f"{name} has no customers")
            continue
        pieces = joined(
            f"{part.lower()} {scale.bare(v)}"
            for (_, part, *_), v in zip(_PARTS, values, strict=True)
        )
        said.append(f"{name} {scale.text(sum_)} ({pieces})")
    unit = f" in {scale.unit}" if scale.unit else ""
    return f"Bars of mean switching costs{unit} by part in {when}: {'; '.join(said)}."


@styled
def switching_cost_distribution(
    customers: pd.DataFrame,
    *,
    firms: Sequence[str] | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw how switching costs differ between the customers of each firm.

    Parameters
    ----------
    customers : DataFrame
        ``supplier, switching_cost``, as ``run.customers`` has (``detail=["customers"]``).
    firms : sequence of str, optional
        Firms to show, in order; by default as the ``knowledge_...`` columns name them.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        One histogram a firm on a common axis, each to its own height, its median marked.

    Raises
    ------
    TypeError
        If customers were not kept.
    ValueError
        If a column is missing or nobody has a supplier.
    """
    need(customers, ["supplier", "switching_cost"], name="customers")
    known = [c.removeprefix("knowledge_") for c in customers if str(c).startswith("knowledge_")]
    present = [name for name in customers["supplier"].unique() if name != "none"]
    names = chosen(known or sorted(present), firms)
    if not set(names) & set(present):
        raise ValueError("customers: expected somebody with a supplier, found nobody")
    values = [
        customers.loc[customers["supplier"] == name, "switching_cost"].dropna().to_numpy(float)
        for name in names
    ]
    everything = np.concatenate(values)
    scale = scale_for("currency", everything, words=words_of(customers))
    edges = np.histogram_bin_edges(everything, bins=48)
    medians = np.array([np.median(v) if v.size else np.nan for v in values])

    figure = new(size, (8.6, 2.0 + 0.78 * len(names)))
    axes = figure.add_subplot()
    styles = looks(names)
    for k, (name, value) in enumerate(zip(names, values, strict=True)):
        look, base = styles[name], len(names) - 1 - k
        axes.axhline(base, color="#D0D0D0", linewidth=0.8, zorder=0.9)
        if not value.size:
            continue
        height = np.histogram(value, edges)[0] / max(np.histogram(value, edges)[0].max(), 1)
        axes.stairs(
            base + 0.78 * height, edges, baseline=base, fill=True, facecolor=look.color, alpha=0.75,
            edgecolor=look.ink, linewidth=0.8,
        )  # fmt: skip
        axes.plot([medians[k]] * 2, [base, base + 0.84], color=INK, linewidth=1.6)
        axes.annotate(
            f"median {scale.brief(medians[k])}", (medians[k], base + 0.84), xytext=(3, -1),
            textcoords="offset points", fontsize=8.5, va="bottom",
        )  # fmt: skip
    if edges[0] < 0 < edges[-1]:
        axes.axvline(0, color=GREY, linewidth=0.9)
    axes.set_ylim(-0.08, len(names) + 0.15)
    axes.set_xlim(min(edges[0], 0.0) if edges[0] < 0.4 * edges[-1] else edges[0], edges[-1])
    _dress(axes, [], scale.axis("Switching cost of a customer"))
    counts = [f"{short(n)}\n{v.size:,} customers" for n, v in zip(names, values, strict=True)]
    row_names(axes, counts, places=[len(names) - 0.7 - k for k in range(len(names))], names=names)
    said = joined(
        f"{n} median {scale.text(m)}, middle half {scale.bare(np.quantile(v, 0.25))} to "
        f"{scale.bare(np.quantile(v, 0.75))}" if v.size else f"{n} without customers"
        for n, m, v in zip(names, medians, values, strict=True)
    )  # fmt: skip
    return finish(
        figure,
        title=_spread(names, medians, scale) if title is None else title,
        alt=f"Histograms of customers' switching costs by supplier: {said}.",
        note="Simulated customers at the end of the run, by supplier; "
        "each histogram to its own height.",
    )


def _spread(names: list[str], medians: np.ndarray, scale: Scale) -> str:
    there = [k for k in np.argsort(-medians, kind="stable") if np.isfinite(medians[k])]
    most, least = there[0], there[-1]
    text = f"Half of {names[most]}'s customers would lose at least {scale.text(medians[most])}"
    if scale.text(medians[most]) == scale.text(medians[least]):
        return f"{text} by leaving"
    return f"{text} by leaving, half of {names[least]}'s at least {scale.text(medians[least])}"
