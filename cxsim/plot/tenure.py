"""Retention by tenure: whether those who have bought longer stay rather."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cxsim.plot.columns import chosen, need, words_of
from cxsim.plot.layout import EndLabel, described, end_labels, head, new, short, top_label
from cxsim.plot.numbers import Scale, scale_for
from cxsim.plot.palette import looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["retention_by_tenure"]

#: A band with a smaller share of a firm's customers says little and is left out.
_FEW = 0.01


@styled
def retention_by_tenure(
    tenure: pd.DataFrame,
    *,
    periods: tuple[int, int] | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw the share of customers who stay for another period, by tenure.

    Parameters
    ----------
    tenure : DataFrame
        ``period, firm, tenure, customers, stayed``, as ``run.tenure`` has; bands of
        tenure in their order.
    periods : (int, int), optional
        First and last period pooled; by default all.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Bands with less than one in a hundred of a firm's customers are left out.

    Raises
    ------
    ValueError
        If a column is missing or no period is left.
    """
    need(tenure, ["period", "firm", "tenure", "customers", "stayed"], name="tenure")
    words = words_of(tenure)
    if periods is not None:
        tenure = need(tenure[tenure["period"].between(*periods)], [], name="tenure in periods")
    names = chosen(tenure["firm"], None)
    bands = [str(band) for band in tenure["tenure"].unique()]
    sums = tenure.groupby(["firm", "tenure"], sort=False)[["customers", "stayed"]].sum()
    held, stayed = (
        sums[column].unstack("tenure").reindex(index=names, columns=bands).to_numpy(float)
        for column in ("customers", "stayed")
    )
    enough = (held > 0) & (held >= _FEW * np.nansum(held, axis=1, keepdims=True))
    rate = np.divide(stayed, held, out=np.full_like(held, np.nan), where=enough)
    scale = scale_for("share per period", rate.ravel(), words=words)

    figure = new(size, (8.6, 4.8))
    axes = figure.add_subplot()
    styles = looks(names)
    places = np.arange(len(bands), dtype=float)
    told = max(int(np.isfinite(rate).any(axis=0).nonzero()[0].max(initial=0)) + 1, 2)
    axes.set_xticks(places[:told], bands[:told])
    axes.set_xlim(-0.2, told - 0.8)
    ends = []
    for k, name in enumerate(names):
        there = np.flatnonzero(np.isfinite(rate[k]))
        if not there.size:
            continue
        look = styles[name]
        axes.plot(
            places[there], rate[k, there], color=look.color, linestyle=look.linestyle,
            marker=look.marker, markersize=7, markeredgecolor="white", clip_on=False,
        )  # fmt: skip
        x, y = float(places[there[-1]]), float(rate[k, there[-1]])
        ends.append(EndLabel(x, y, f"{short(name)} {scale.brief(y)}", look.ink))
    shown = rate[np.isfinite(rate)]
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
    room = 0.08 * (high - low) or 0.05
    axes.set_ylim(max(low - room, 0.0), min(high + room, 1.005))
    axes.yaxis.set_major_formatter(scale.ticks)
    axes.set_xlabel("Tenure (purchases since joining the supplier)")
    top_label(axes, scale.axis("Retention"))
    if title is None:
        title = _finding(names, bands, rate, scale, words.period)
    note = (
        f"All {words.period}s pooled, without bands of under 1\u00a0% of a firm's customers. "
        "A rise may be learning, or sorting: those who stay are those who liked the firm all along."
    )
    head(figure, title=title, note=note)
    end_labels(axes, ends)
    return described(figure, _alt(names, bands, rate, scale))


def _finding(
    names: Sequence[str], bands: Sequence[str], rate: np.ndarray, scale: Scale, period: str
) -> str:
    """Tell of the firm whose retention rises most from its first band to its last."""
    best: tuple[float, str] | None = None
    for k, name in enumerate(names):
        there = np.flatnonzero(np.isfinite(rate[k]))
        if there.size > 1:
            low, high = rate[k, there[0]], rate[k, there[-1]]
            text = (
                f"{name} keeps {scale.text(low)} of its customers a {period} at tenure "
                f"{bands[there[0]]} and {scale.text(high)} at tenure {bands[there[-1]]}"
            )
            if best is None or high - low > best[0]:
                best = (float(high - low), text)
    return best[1] if best else f"Retention by tenure: too few {period}s to tell"


def _alt(names: Sequence[str], bands: Sequence[str], rate: np.ndarray, scale: Scale) -> str:
    said = []
    for k, name in enumerate(names):
        there = [int(j) for j in np.flatnonzero(np.isfinite(rate[k]))]
        steps = ", ".join(f"{scale.text(rate[k, j])} at {bands[j]}" for j in there)
        said.append(f"{name} {steps}" if steps else f"{name} without customers")
    return f"Retention per period by tenure (purchases since joining): {'; '.join(said)}."
