"""Switching costs: by part, and their distribution over customers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import Scale, chosen, joined, moment, scale_for, words_of
from cxsim.charts.layout import (
    Chart,
    Shared,
    charted,
    row_grid,
    row_names,
    short,
    spread_above,
    tag,
)
from cxsim.charts.style import GREY, INK, Look, Picture, ink_on, looks
from cxsim.model.mechanism import NO_SUPPLIER

#: Column, name, colour and hatch of each part: greys and a sand, for colours are firms'.
_PARTS = (
    ("switching_procedural", "Procedural", "#4A5560", ""),
    ("switching_financial", "Financial", "#D9C9A3", "////"),
    ("switching_relational", "Relational", "#A9B4BF", ""),
)


@charted("period", "firm", *(part[0] for part in _PARTS))
def switching_costs(
    firms: pd.DataFrame, *, period: int | None = None, **_: Unpack[Shared]
) -> Chart:
    """Draw mean switching costs of firms' customers, stacked by part.

    Parameters
    ----------
    firms : DataFrame
        ``period, firm, switching_procedural, switching_financial, switching_relational``,
        as ``run.firms`` has; ``switching_cost_to_price`` is told if it is there.
    period : int, optional
        The one shown, by default the last.

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
    names = chosen(firms["firm"], None)
    period = moment(firms, period)
    words = words_of(firms)
    now = firms[firms["period"] == period].set_index("firm").reindex(names)
    parts = now[columns].to_numpy(dtype=float)
    scale = scale_for("currency", parts.ravel(), words=words)
    when = f"{words.period} {period}"
    note = "Loss from moving to an identical supplier that does not know the customer yet."
    none = [part for column, part, *_ in _PARTS if not np.nan_to_num(now[column]).any()]
    if none:
        note += f" Zero in this market: {joined(none).lower()}."
    if (parts < 0).any():
        note += " Triangle: total where a part is negative."

    def draw(figure: Picture) -> Callable[[], None]:
        axes = figure.add_subplot()
        where = _stacks(axes, parts, scale)
        told = [_told(row, scale) for _, row in now.assign(total=parts.sum(axis=1)).iterrows()]
        for k, text in enumerate(told):
            end = (np.maximum(np.nan_to_num(parts[k]), 0).sum(), k)
            tag(axes, text, end, (6, 0), fontweight="bold", annotation_clip=False)
        axes.axvline(0, color=GREY, linewidth=0.9)
        row_grid(axes)
        row_names(axes, names)
        axes.set_xlabel(scale.axis("Mean switching cost of a customer"))
        return partial(spread_above, axes, where)

    return Chart(
        draw,
        size=(8.6, 1.9 + 0.52 * len(names)),
        title=_finding(names, parts.sum(axis=1), scale, when),
        alt=_alt(names, parts, scale, when),
        note=note,
    )


def _stacks(axes: Axes, parts: np.ndarray, scale: Scale) -> list[tuple[float, str, str]]:
    """Draw a bar for each row; return the centre, name and colour of parts in the first one."""
    rows, total = np.arange(len(parts), dtype=float), parts.sum(axis=1)
    high, low = np.zeros(len(parts)), np.zeros(len(parts))
    where = []
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
    axes.set_ylim(len(parts) - 0.45, -0.55)
    for k in range(len(parts)):
        _inside(axes, k, parts[k], scale, span)
        if low[k] < 0 and np.isfinite(total[k]):
            axes.plot(total[k], rows[k] - 0.39, "v", color=INK, markersize=7, clip_on=False)
    return where


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


def _told(row: pd.Series, scale: Scale) -> str:
    if not np.isfinite(row["total"]):
        return "no customers"
    share = row.get("switching_cost_to_price", np.nan)
    return scale.text(row["total"]) + (
        f" ({100 * share:.0f}\u00a0% of the amount paid)" if np.isfinite(share) else ""
    )


def _finding(names: list[str], total: np.ndarray, scale: Scale, when: str) -> str:
    there = [k for k in np.argsort(-total, kind="stable") if np.isfinite(total[k])]
    if not there:
        return f"No firm has customers in {when}"
    most, least = there[0], there[-1]
    text = f"Leaving {names[most]} would cost its customers {scale.text(total[most])} on average"
    if scale.text(total[most]) == scale.text(total[least]):
        if len(there) == 1:
            return text
        return f"Leaving any firm would cost its customers {scale.text(total[most])} on average"
    return f"{text}, leaving {names[least]} {scale.text(total[least])}"


def _alt(names: list[str], parts: np.ndarray, scale: Scale, when: str) -> str:
    said = []
    for name, values, sum_ in zip(names, parts, parts.sum(axis=1), strict=True):
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


@charted("supplier", "switching_cost")
def switching_cost_distribution(
    customers: pd.DataFrame, *, firms: Sequence[str] | None = None, **_: Unpack[Shared]
) -> Chart:
    """Draw how switching costs differ between the customers of each firm.

    Parameters
    ----------
    customers : DataFrame
        ``supplier, switching_cost``, as ``run.customers`` has (``probes=["customers"]``).
    firms : sequence of str, optional
        Firms to show, in order; by default as the ``knowledge_...`` columns name them.

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
    known = [c.removeprefix("knowledge_") for c in customers if str(c).startswith("knowledge_")]
    present = [name for name in customers["supplier"].unique() if name != NO_SUPPLIER]
    names = chosen(known or sorted(present), firms)
    if not set(names) & set(present):
        raise ValueError("customers: expected somebody with a supplier, found nobody")
    values = [
        customers.loc[customers["supplier"] == name, "switching_cost"].dropna().to_numpy(float)
        for name in names
    ]
    everything = np.concatenate(values)
    scale = scale_for("currency", everything, words=words_of(customers))
    medians = np.array([np.median(v) if v.size else np.nan for v in values])

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        edges = np.histogram_bin_edges(everything, bins=48)
        bases = [float(k) for k in reversed(range(len(names)))]
        for base, value, look in zip(bases, values, looks(names).values(), strict=True):
            axes.axhline(base, color="#D0D0D0", linewidth=0.8, zorder=0.9)
            if value.size:
                _histogram(axes, base, value, edges, look, scale)
        if edges[0] < 0 < edges[-1]:
            axes.axvline(0, color=GREY, linewidth=0.9)
        axes.set_ylim(-0.08, len(names) + 0.15)
        axes.set_xlim(min(edges[0], 0.0) if edges[0] < 0.4 * edges[-1] else edges[0], edges[-1])
        row_grid(axes)
        axes.set_xlabel(scale.axis("Switching cost of a customer"))
        counts = [f"{short(n)}\n{v.size:,} customers" for n, v in zip(names, values, strict=True)]
        row_names(axes, counts, places=[base + 0.3 for base in bases], names=names)

    said = joined(
        f"{n} median {scale.text(m)}, interquartile range {scale.bare(np.quantile(v, 0.25))} to "
        f"{scale.bare(np.quantile(v, 0.75))}" if v.size else f"{n} without customers"
        for n, m, v in zip(names, medians, values, strict=True)
    )  # fmt: skip
    return Chart(
        draw,
        size=(8.6, 2.0 + 0.78 * len(names)),
        title=_spread(names, medians, scale),
        alt=f"Histograms of customers' switching costs by supplier: {said}.",
        note="Simulated customers at the end of the run, by supplier; "
        "each histogram has its own height.",
    )


def _histogram(
    axes: Axes, base: float, value: np.ndarray, edges: np.ndarray, look: Look, scale: Scale
) -> None:
    """Draw one histogram to a common height, and its median."""
    counts = np.histogram(value, edges)[0]
    axes.stairs(
        base + 0.78 * (counts / max(counts.max(), 1)), edges, baseline=base, fill=True,
        facecolor=look.color, alpha=0.75, edgecolor=look.ink, linewidth=0.8,
    )  # fmt: skip
    median = float(np.median(value))
    axes.plot([median] * 2, [base, base + 0.84], color=INK, linewidth=1.6)
    text = f"median {scale.brief(median)}"
    tag(axes, text, (median, base + 0.84), (3, -1), fontsize=8.5, va="bottom")


def _spread(names: list[str], medians: np.ndarray, scale: Scale) -> str:
    there = [k for k in np.argsort(-medians, kind="stable") if np.isfinite(medians[k])]
    most, least = there[0], there[-1]
    text = f"Half of {names[most]}'s customers would lose at least {scale.text(medians[most])}"
    if scale.text(medians[most]) == scale.text(medians[least]):
        return f"{text} by leaving"
    return f"{text} by leaving, half of {names[least]}'s at least {scale.text(medians[least])}"
