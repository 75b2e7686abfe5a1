"""The capability matrix: how well firms interact, how far they customize, who buys from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.measures.frames import quadrant
from cxsim.plot.bubbles import apart, name_places
from cxsim.plot.columns import chosen, moment, need, words_of
from cxsim.plot.layout import finish, head, new, short, top_label
from cxsim.plot.numbers import Scale, joined, scale_for
from cxsim.plot.palette import INK, Look, ink_on, looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["capability_matrix"]

#: Radius of a bubble with all purchases, as a share of the axes' width.
_FULL = 0.18

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
    ways = [_way(past[past["firm"] == name]) for name in names]
    seen = [k for k in range(len(names)) if np.isfinite(places[k]).all()]
    labels = {names[k]: quadrant(*places[k], threshold) for k in seen}
    starts = {names[k]: quadrant(*ways[k][0], threshold) for k in seen}
    if title is None:
        title = _finding(names, share, scale, labels, starts, f"{word} {period}")

    figure = new(size, (7.4, 6.9))
    axes = figure.add_subplot()
    _quadrants(axes, threshold)
    note = f"Area of a bubble: share of purchases in {word} {period}."
    if trail and any(len(way) > 1 for way in ways):
        note += " Arrows: the way from the start (ring)."
    # Bubbles are laid out in points, so all that takes room has to be there first.
    head(figure, title=title, note=note + _ASIDE)
    figure.draw_without_rendering()
    bubbles = _Bubbles(axes, names, places, np.nan_to_num(share))
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


def _quadrants(axes: Axes, threshold: float) -> None:
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


def _way(past: pd.DataFrame) -> np.ndarray:
    """Return the places a firm has been at, in order, without standing still: (n, 2)."""
    path = past.sort_values("period")[["interaction", "customization"]].to_numpy(dtype=float)
    path = path[np.isfinite(path).all(axis=1)]
    if not len(path):
        return np.full((1, 2), np.nan)
    step = np.abs(np.diff(path, axis=0)).sum(axis=1) > 1e-9
    return path[np.concatenate([[True], step])]


class _Bubbles:
    """Bubbles of the firms, laid out in points so that none covers another."""

    def __init__(self, axes: Axes, names: list[str], places: np.ndarray, share: np.ndarray):
        self.axes = axes
        self.names = names
        self.looks = looks(names)
        figure: Any = axes.figure
        self.pixels = figure.dpi / 72
        box = axes.get_window_extent()
        self.frame = (
            box.x0 / self.pixels,
            box.y0 / self.pixels,
            box.x1 / self.pixels,
            box.y1 / self.pixels,
        )
        width = self.frame[2] - self.frame[0]
        self.radii = np.maximum(width * _FULL * np.sqrt(share), 4.0)
        self.home = axes.transData.transform(places) / self.pixels
        self.there = np.isfinite(self.home).all(axis=1)
        self.centers = self.home.copy()
        self.centers[self.there] = apart(
            self.home[self.there], self.radii[self.there], frame=self.frame
        )
        away = np.hypot(*(self.centers - self.home).T)
        self.displaced = self.there & (away > 1.0)

    @property
    def moved(self) -> bool:
        """Whether any bubble stands beside its true place."""
        return bool(self.displaced.any())

    def data(self, points: np.ndarray) -> np.ndarray:
        """Return data coordinates of places in points."""
        return self.axes.transData.inverted().transform(np.asarray(points) * self.pixels)

    def draw(self, share: np.ndarray, scale: Scale) -> None:
        """Draw bubbles, crosses at true places, and names."""
        shown = np.flatnonzero(self.there)
        notes = []
        for k in shown:
            look = self.looks[self.names[k]]
            nobody = not share[k] > 0
            self.axes.scatter(
                *self.data(self.centers[k]), s=(2 * self.radii[k]) ** 2, zorder=3 + 0.01 * k,
                facecolor="none" if nobody else look.color, edgecolor=look.ink, linewidth=1.2,
                clip_on=False, gid=f"bubble-{self.names[k]}",
            )  # fmt: skip
            if self.displaced[k]:
                way = self.centers[k] - self.home[k]
                length = float(np.hypot(*way))
                if length > self.radii[k] + 1:
                    edge = self.home[k] + way * (1 - self.radii[k] / length)
                    ends = self.data(np.array([self.home[k], edge]))
                    self.axes.plot(*ends.T, color=INK, linewidth=0.9, zorder=5)
                self.axes.plot(
                    *self.data(self.home[k]),
                    "+",
                    color=INK,
                    markersize=8,
                    markeredgewidth=1.4,
                    zorder=6,
                )
            text = f"{short(self.names[k], 16)}\n{scale.text(share[k])}"
            notes.append(
                self.axes.annotate(
                    text,
                    self.data(self.centers[k]),
                    ha="center",
                    va="center",
                    fontsize=9.5,
                    fontweight="bold",
                    linespacing=1.1,
                    zorder=7,
                )
            )
        boxes = [note.get_window_extent() for note in notes]
        sizes = [(b.width / self.pixels, b.height / self.pixels) for b in boxes]
        spots = name_places(self.centers[shown], self.radii[shown], sizes, self.frame)
        for k, note, spot in zip(shown, notes, spots, strict=True):
            note.set_position(tuple(self.data(np.array(spot))))
            inside = np.allclose(spot, self.centers[k])
            nobody = not share[k] > 0
            look = self.looks[self.names[k]]
            note.set_color(ink_on(look.color) if inside and not nobody else look.ink)

    def draw_way(self, k: int, way: np.ndarray) -> None:
        """Draw where a firm came from: a ring at the start, an arrow to its bubble."""
        if len(way) < 2:
            return
        look: Look = self.looks[self.names[k]]
        points = self.axes.transData.transform(way) / self.pixels
        away = np.hypot(*(points - self.centers[k]).T)
        outside = np.flatnonzero(away > self.radii[k] + 8)
        if not outside.size:
            return
        last = int(outside[-1])
        self.axes.plot(*way[: last + 1].T, color=look.ink, linewidth=1.6, zorder=2.5)
        self.axes.annotate(
            "", self.data(self.centers[k]), xytext=tuple(way[last]), zorder=2.5,
            arrowprops={"arrowstyle": "-|>", "color": look.ink, "lw": 1.6, "shrinkA": 0,
                        "shrinkB": self.radii[k] + 1},
        )  # fmt: skip
        self.axes.plot(
            *way[0], "o", markersize=7, markerfacecolor="white", markeredgecolor=look.ink,
            markeredgewidth=1.6, zorder=2.6,
        )  # fmt: skip


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
        text = f"{best[0]} ({labels.get(best[0], 'no place')}) has {top} of purchases"
    else:
        text = f"{joined(best)} have {top} of purchases each"
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
