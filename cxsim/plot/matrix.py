"""The capability matrix: how well firms interact, how far they customize, who buys from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.measures.frames import quadrant
from cxsim.plot.bubbles import Bubbles
from cxsim.plot.columns import chosen, moment, need, words_of
from cxsim.plot.layout import finish, head, new, top_label
from cxsim.plot.numbers import Scale, joined, scale_for
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["capability_matrix", "draw_quadrants", "way_of"]

_ASIDE = " Bubbles that would overlap stand side by side; a cross marks the true place."

_CORNERS = {
    "I mass": (0.012, 0.012, "left", "bottom"),
    "II niche": (0.012, 0.988, "left", "top"),
    "III targeted": (0.988, 0.012, "right", "bottom"),
    "IV one-to-one": (0.988, 0.988, "right", "top"),
}


@styled
def capability_matrix(
    firms: pd.DataFrame,
    *,
    period: int | None = None,
    threshold: float = 0.5,
    trail: bool = True,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw firms as bubbles in the capability matrix, their area the share of purchases.

    Parameters
    ----------
    firms : DataFrame
        ``period, firm, interaction, customization, share``, as ``run.firms`` has.
    period : int, optional
        The one shown, by default the last.
    threshold : float
        Between low and high, on both axes.
    trail : bool
        Draw the way of firms that moved since the first period.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Bubbles that would cover each other stand side by side, joined to a cross at their
        true place.

    Raises
    ------
    ValueError
        If a column is missing or the frame does not have the period.
    """
    need(firms, ["period", "firm", "interaction", "customization", "share"])
    names = chosen(firms["firm"], None)
    period = moment(firms, period)
    word = words_of(firms).period
    now = firms[firms["period"] == period].set_index("firm").reindex(names)
    places = now[["interaction", "customization"]].to_numpy(dtype=float)
    share = now["share"].to_numpy(dtype=float)
    scale = scale_for("share", share)

    past = firms[firms["period"] <= period]
    ways = [way_of(past[past["firm"] == name]) for name in names]
    seen = [k for k in range(len(names)) if np.isfinite(places[k]).all()]
    labels = {names[k]: _label(places[k], threshold) for k in seen}
    starts = {names[k]: _label(ways[k][0], threshold) for k in seen}
    if title is None:
        title = _finding(names, share, scale, labels, starts, f"{word} {period}")

    figure = new(size, (7.4, 6.9))
    axes = figure.add_subplot()
    draw_quadrants(axes, threshold)
    note = f"Area of a bubble: share of purchases in {word} {period}."
    if trail and any(len(way) > 1 for way in ways):
        note += " Arrows: the way from the start (ring)."
    # Bubbles are laid out in points, so all that takes room has to be there first.
    head(figure, title=title, note=note + _ASIDE)
    figure.draw_without_rendering()  # places axes of equal aspect too
    bubbles = Bubbles(axes, names, places, np.nan_to_num(share))
    bubbles.draw(share, scale)
    for k, way in enumerate(ways):
        if trail:
            bubbles.draw_way(k, way)
    return finish(
        figure,
        title=title,
        alt=_alt(names, places, share, scale, labels, starts, f"{word} {period}"),
        note=note + (_ASIDE if bubbles.moved else ""),
    )


def draw_quadrants(axes: Axes, threshold: float) -> None:
    """Draw the empty matrix with its quadrants."""
    axes.set_xlim(-0.12, 1.12)
    axes.set_ylim(-0.12, 1.12)
    axes.set_aspect("equal")
    axes.grid(visible=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    axes.axvline(threshold, color="#BDBDBD", linewidth=1.0, zorder=0.5)
    axes.axhline(threshold, color="#BDBDBD", linewidth=1.0, zorder=0.5)
    for label, (x, y, ha, va) in _CORNERS.items():
        axes.text(
            x, y, label, ha=ha, va=va, transform=axes.transAxes, color="#9A9A9A", fontsize=11,
            zorder=0.6,
        )  # fmt: skip
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xlabel("Interaction: how well the firm learns from a contact (0 to 1)")
    top_label(axes, "Customization: how far it can adapt its offer (0 to 1)")


def _label(place: np.ndarray, threshold: float) -> str:
    return quadrant(float(place[0]), float(place[1]), threshold)


def way_of(past: pd.DataFrame) -> np.ndarray:
    """Return the places a firm has been at, in order, without standing still: (n, 2)."""
    path = past.sort_values("period")[["interaction", "customization"]].to_numpy(dtype=float)
    path = path[np.isfinite(path).all(axis=1)]
    if not len(path):
        return np.full((1, 2), np.nan)
    step = np.abs(np.diff(path, axis=0)).sum(axis=1) > 1e-9
    return path[np.concatenate([[True], step])]


def _finding(
    names: list[str],
    share: np.ndarray,
    scale: Scale,
    labels: dict[str, str],
    starts: dict[str, str],
    when: str,
) -> str:
    movers = [name for name in labels if labels[name] != starts[name]]
    buyers = np.nan_to_num(share)
    if not (buyers > 0).any():
        return f"Nobody sells anything in {when}"
    top = scale.text(buyers.max())
    best = [n for n, s in zip(names, buyers, strict=True) if scale.text(s) == top]
    if len(best) == 1:
        text = f"{best[0]} ({labels.get(best[0], 'no place')}) has {top} of purchases in {when}"
    else:
        text = f"{joined(best)} have {top} of purchases each in {when}"
    text += ", the most" if len(best) == 1 < len(names) else ""
    if len(movers) == 1:
        text += f"; {movers[0]} moved to {labels[movers[0]]}"
    elif movers:
        text += f"; {len(movers)} firms changed quadrant"
    return text


def _alt(
    names: Sequence[str],
    places: np.ndarray,
    share: np.ndarray,
    scale: Scale,
    labels: dict[str, str],
    starts: dict[str, str],
    when: str,
) -> str:
    parts = []
    for name, (a, c), s in zip(names, places, share, strict=True):
        if name not in labels:
            parts.append(f"{name} has no place")
            continue
        came = f", from {starts[name]}" if starts[name] != labels[name] else ""
        bought = f"{scale.text(s)} of purchases" if np.isfinite(s) else "no purchases to share"
        place = f"at interaction {a:.2g} and customization {c:.2g} ({labels[name]}{came})"
        parts.append(f"{name} {place}, {bought}")
    return f"Capability matrix in {when}, firms as bubbles: {'; '.join(parts)}."
