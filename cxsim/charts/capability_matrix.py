"""The capability matrix: how well firms interact, how far they customize, who buys from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import Scale, chosen, joined, moment, scale_for, words_of
from cxsim.charts.layout import Chart, Shared, charted, lay_out, short, top_label, write_note
from cxsim.charts.style import INK, Picture, ink_on, looks
from cxsim.runs.measures.frames import quadrant

# -- The capability matrix: how well firms interact, how far they customize, who buys from them


_ASIDE = " Overlapping bubbles are drawn side by side; a cross marks the true position."


_CORNERS = {
    "I mass": (0.012, 0.012, "left", "bottom"),
    "II niche": (0.012, 0.988, "left", "top"),
    "III targeted": (0.988, 0.012, "right", "bottom"),
    "IV one-to-one": (0.988, 0.988, "right", "top"),
}


@charted("period", "firm", "interaction", "customization", "market_share")
def capability_matrix(
    firms: pd.DataFrame,
    *,
    period: int | None = None,
    threshold: float = 0.5,
    trail: bool = True,
    **_: Unpack[Shared],
) -> Chart:
    """Draw firms as bubbles in the capability matrix, their area the market share.

    Parameters
    ----------
    firms : DataFrame
        ``period, firm, interaction, customization, market_share``, as ``run.firms`` has.
    period : int, optional
        The one shown, by default the last.
    threshold : float
        Between low and high, on both axes.
    trail : bool
        Draw the way of firms that moved since the first period.

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
    names = chosen(firms["firm"], None)
    period = moment(firms, period)
    now = firms[firms["period"] == period].set_index("firm").reindex(names)
    places = now[["interaction", "customization"]].to_numpy(dtype=float)
    share = now["market_share"].to_numpy(dtype=float)
    past = firms[firms["period"] <= period]
    ways = [way_of(past[past["firm"] == name]) for name in names]
    seen = [k for k in range(len(names)) if np.isfinite(places[k]).all()]
    placed = _Placed(
        names,
        places,
        share,
        scale_for("share", share),
        {names[k]: quadrant(places[k, 0], places[k, 1], threshold) for k in seen},
        {names[k]: quadrant(ways[k][0, 0], ways[k][0, 1], threshold) for k in seen},
        f"{words_of(firms).period} {period}",
    )
    note = f"Bubble area: market share in {placed.when}."
    if trail and any(len(way) > 1 for way in ways):
        note += " Arrows: path from the start (ring)."

    def draw(figure: Picture) -> Callable[[], None]:
        axes = figure.add_subplot()
        draw_quadrants(axes, threshold)

        def place_bubbles() -> None:
            # They are laid out in points, so all that takes room has to be there first.
            write_note(figure, note + _ASIDE)
            figure.draw_without_rendering()  # places axes of equal aspect too
            bubbles = Bubbles(axes, names, places, np.nan_to_num(share))
            bubbles.draw(share, placed.scale)
            for k, way in enumerate(ways if trail else []):
                bubbles.draw_way(k, way)
            if not bubbles.moved:
                write_note(figure, note)
            lay_out(figure)

        return place_bubbles

    return Chart(draw, size=(7.4, 6.9), title=placed.finding(), alt=placed.alt(), note=note)


def draw_quadrants(axes: Axes, threshold: float) -> None:
    """Draw the empty matrix with its quadrants."""
    axes.set(xlim=(-0.12, 1.12), ylim=(-0.12, 1.12), aspect="equal")
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


def way_of(past: pd.DataFrame) -> np.ndarray:
    """Return the places a firm has been at, in order, without standing still.

    Parameters
    ----------
    past : DataFrame
        ``period``, ``interaction``, ``customization`` of one firm.

    Returns
    -------
    ndarray, shape (n, 2)
        Shares of interaction and customization; NaN where it has been nowhere.
    """
    path = past.sort_values("period")[["interaction", "customization"]].to_numpy(dtype=float)
    path = path[np.isfinite(path).all(axis=1)]
    if not len(path):
        return np.full((1, 2), np.nan)
    step = np.abs(np.diff(path, axis=0)).sum(axis=1) > 1e-9
    return path[np.concatenate([[True], step])]


@dataclass(frozen=True)
class _Placed:
    """Positions of firms, now and at the start, for title and description."""

    names: list[str]
    places: np.ndarray
    share: np.ndarray
    scale: Scale
    labels: dict[str, str]
    starts: dict[str, str]
    when: str

    def finding(self) -> str:
        buyers = np.nan_to_num(self.share)
        if not (buyers > 0).any():
            return f"No firm sells anything in {self.when}"
        top = self.scale.text(buyers.max())
        best = [n for n, s in zip(self.names, buyers, strict=True) if self.scale.text(s) == top]
        if len(best) == 1:
            quadrant = _plain(self.labels[best[0]]) if best[0] in self.labels else "no position"
            verb = "leads with" if len(self.names) > 1 else "has"
            text = f"{best[0]} ({quadrant}) {verb} {top} of purchases in {self.when}"
        else:
            text = f"{joined(best)} have {top} of purchases each in {self.when}"
        movers = [name for name in self.labels if self.labels[name] != self.starts[name]]
        if len(movers) == 1:
            text += f"; {movers[0]} moved to {_plain(self.labels[movers[0]])}"
        elif movers:
            text += f"; {len(movers)} firms changed quadrant"
        return text

    def alt(self) -> str:
        parts = []
        for name, (a, c), s in zip(self.names, self.places, self.share, strict=True):
            if name not in self.labels:
                parts.append(f"{name} has no position")
                continue
            label, start = self.labels[name], self.starts[name]
            came = f", from {start}" if start != label else ""
            bought = (
                f"{self.scale.text(s)} of purchases"
                if np.isfinite(s)
                else "no purchases in the market"
            )
            place = f"at interaction {a:.2g} and customization {c:.2g} ({label}{came})"
            parts.append(f"{name} {place}, {bought}")
        return f"Capability matrix in {self.when}, firms as bubbles: {'; '.join(parts)}."


def _plain(quadrant: str) -> str:
    """Return the name of a quadrant without its numeral."""
    return quadrant.split(" ", 1)[-1]


# -- Firms as bubbles that give way to each other, and places for their names ------------------


#: Radius of a bubble with all purchases, as a share of the axes' width.
_FULL = 0.18


Box = tuple[float, float, float, float]


def apart(
    centers: np.ndarray, radii: np.ndarray, *, frame: Box | None = None, gap: float = 2.0
) -> np.ndarray:
    """Move circles until none covers another, each as little as need be.

    Parameters
    ----------
    centers : ndarray, shape (n, 2)
    radii : ndarray, shape (n,)
        In the unit of the centres.
    frame : (left, bottom, right, top), optional
        Where circles that move must stay.
    gap : float
        Least distance between two circles.

    Returns
    -------
    ndarray, shape (n, 2)
        Those that overlap nobody stay where they are. Coincident ones part in
        directions fixed by their order, so that the same data give the same picture.
    """
    placed = np.array(centers, dtype=float)
    angle = 2.399963 * np.arange(len(placed))  # golden angle: no two directions alike
    nudge = 1e-3 * np.column_stack([np.cos(angle), np.sin(angle)])
    home = placed.copy()
    placed = placed + nudge
    for step in range(400):
        moved = False
        for i in range(len(placed)):
            for j in range(i + 1, len(placed)):
                between = placed[j] - placed[i]
                distance = float(np.hypot(*between))
                overlap = radii[i] + radii[j] + gap - distance
                if overlap > 1e-6:
                    weight = radii[j] / (radii[i] + radii[j])  # the small one moves more
                    push = between / max(distance, 1e-9) * overlap
                    placed[i] -= push * weight
                    placed[j] += push * (1 - weight)
                    moved = True
        if not moved:
            break
        if frame is not None:
            left, bottom, right, top = frame
            placed[:, 0] = np.clip(placed[:, 0], left + radii, right - radii)
            placed[:, 1] = np.clip(placed[:, 1], bottom + radii, top - radii)
        if step < 300:  # drawn home while they sort themselves out
            placed += 0.02 * (home - placed)
    still = np.hypot(*(placed - home).T) < 1.0
    placed[still] = home[still]
    return placed


def name_places(
    centers: np.ndarray, radii: np.ndarray, sizes: Sequence[tuple[float, float]], frame: Box
) -> list[tuple[float, float]]:
    """Find a place for each circle's name: inside if it fits, else beside, where it is free.

    Parameters
    ----------
    centers : ndarray, shape (n, 2)
    radii : ndarray, shape (n,)
    sizes : sequence of (width, height)
        Of the names.
    frame : (left, bottom, right, top)
        Where names should stay.

    Returns
    -------
    list of (float, float)
        Centres of the names, all in one unit.
    """
    taken: list[Box] = []
    places: list[tuple[float, float]] = []
    for k, (width, height) in enumerate(sizes):
        x, y = centers[k]
        r = radii[k]
        if np.hypot(width, height) <= 2 * r + 4:
            best = (x, y)
        else:
            side, above = r + 4 + width / 2, r + 3 + height / 2
            options = [
                (x + side, y), (x - side, y), (x, y - above), (x, y + above),
                (x + side * 0.8, y + above * 0.8), (x - side * 0.8, y + above * 0.8),
                (x + side * 0.8, y - above * 0.8), (x - side * 0.8, y - above * 0.8),
            ]  # fmt: skip
            costs = [
                _cost(_box(*option, width, height), k, centers, radii, taken, frame) + 0.01 * n
                for n, option in enumerate(options)
            ]
            best = options[int(np.argmin(costs))]
        taken.append(_box(*best, width, height))
        places.append((float(best[0]), float(best[1])))
    return places


def _box(x: float, y: float, width: float, height: float) -> Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _cost(
    box: Box, own: int, centers: np.ndarray, radii: np.ndarray, taken: list[Box], frame: Box
) -> float:
    """Return how much of a box lies on other things, in area."""
    cost = sum(
        _common(box, _box(x, y, 2 * radii[k], 2 * radii[k]))
        for k, (x, y) in enumerate(centers)
        if k != own
    )
    cost += 2 * sum(_common(box, other) for other in taken)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return cost + 4 * (area - _common(box, frame))


def _common(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


class Bubbles:
    """Firms as bubbles in axes, laid out in points so that none covers another.

    Parameters
    ----------
    axes : Axes
        With limits and all that takes room around them, laid out.
    names : list of str, length n
    places : ndarray, shape (n, 2)
        In data coordinates; NaN for a firm that has no place.
    share : ndarray, shape (n,)
        Area of each, 1 for the largest there can be.
    """

    def __init__(self, axes: Axes, names: list[str], places: np.ndarray, share: np.ndarray):
        self.axes = axes
        self.names = names
        self.looks = looks(names)
        figure: Any = axes.figure
        self.pixels = figure.dpi / 72
        left, bottom, right, top = (v / self.pixels for v in axes.get_window_extent().extents)
        self.frame = (left, bottom, right, top)
        self.radii = np.maximum((right - left) * _FULL * np.sqrt(share), 4.0)
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

    def data(self, point: Sequence[float] | np.ndarray) -> tuple[float, float]:
        """Return the data coordinates of a place in points.

        Parameters
        ----------
        point : sequence of float or ndarray, shape (2,)
            Points from the left and the bottom of the figure.

        Returns
        -------
        x, y : float
            In the units of the axes.
        """
        x, y = self.axes.transData.inverted().transform(np.asarray(point) * self.pixels)
        return float(x), float(y)

    def draw(self, share: np.ndarray, scale: Scale) -> None:
        """Draw bubbles, crosses at true places, and names with shares.

        Parameters
        ----------
        share : ndarray, shape (firm,)
            Market shares.
        scale : Scale
            How shares are written.
        """
        shown = [int(k) for k in np.flatnonzero(self.there)]
        notes = []
        for k in shown:
            look = self.looks[self.names[k]]
            x, y = self.data(self.centers[k])
            self.axes.scatter(
                [x], [y], s=(2 * self.radii[k]) ** 2, zorder=3 + 0.01 * k, clip_on=False,
                facecolor=look.color if share[k] > 0 else "none", edgecolor=look.ink, linewidth=1.2,
            )  # fmt: skip
            if self.displaced[k]:
                self._point_home(k)
            text = f"{short(self.names[k], 16)}\n{scale.text(share[k])}"
            note = self.axes.annotate(
                text, (x, y), ha="center", va="center", fontsize=9.5, fontweight="bold",
                linespacing=1.1, zorder=7,
            )  # fmt: skip
            notes.append(note)
        boxes = [note.get_window_extent() for note in notes]
        sizes = [(b.width / self.pixels, b.height / self.pixels) for b in boxes]
        spots = name_places(self.centers[shown], self.radii[shown], sizes, self.frame)
        for k, note, spot in zip(shown, notes, spots, strict=True):
            look = self.looks[self.names[k]]
            inside = share[k] > 0 and np.allclose(spot, self.centers[k])
            note.set_position(self.data(spot))
            note.set_color(ink_on(look.color) if inside else look.ink)

    def _point_home(self, k: int) -> None:
        """Mark the true place of a bubble, with a line to it if it is not near."""
        home = self.data(self.home[k])
        way = self.centers[k] - self.home[k]
        length = float(np.hypot(*way))
        if length > self.radii[k] + 1:
            edge = self.data(self.home[k] + way * (1 - self.radii[k] / length))
            self.axes.plot(*zip(home, edge, strict=True), color=INK, linewidth=0.9, zorder=5)
        self.axes.plot(
            [home[0]], [home[1]], "+", color=INK, markersize=8, markeredgewidth=1.4, zorder=6
        )

    def draw_way(self, k: int, way: np.ndarray) -> None:
        """Draw the path of a firm: a ring at the start, an arrow to its bubble.

        Parameters
        ----------
        k : int
            Number of the firm.
        way : ndarray, shape (n, 2)
            Places it has been at, shares of interaction and customization.
        """
        if len(way) < 2:
            return
        look = self.looks[self.names[k]]
        points = self.axes.transData.transform(way) / self.pixels
        away = np.hypot(*(points - self.centers[k]).T)
        outside = np.flatnonzero(away > self.radii[k] + 8)
        if not outside.size:
            return
        last = int(outside[-1])
        self.axes.plot(*way[: last + 1].T, color=look.ink, linewidth=1.6, zorder=2.5)
        start = (float(way[last, 0]), float(way[last, 1]))
        self.axes.annotate(
            "", self.data(self.centers[k]), xytext=start, zorder=2.5,
            arrowprops={"arrowstyle": "-|>", "color": look.ink, "lw": 1.6, "shrinkA": 0,
                        "shrinkB": self.radii[k] + 1},
        )  # fmt: skip
        self.axes.plot(
            *way[0], "o", markersize=7, markerfacecolor="white", markeredgecolor=look.ink,
            markeredgewidth=1.6, zorder=2.6,
        )  # fmt: skip
