"""Bubbles that give way to each other, and places for their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["apart", "name_places"]

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
    cost = 0.0
    for k, (x, y) in enumerate(centers):
        if k != own:
            cost += _common(box, _box(x, y, 2 * radii[k], 2 * radii[k]))
    cost += 2 * sum(_common(box, other) for other in taken)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return cost + 4 * (area - _common(box, frame))


def _common(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
