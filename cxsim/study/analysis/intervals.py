"""Intervals of shares."""

from __future__ import annotations

import numpy as np

__all__ = ["wilson"]


def wilson(hits: int, count: int, confidence: float) -> tuple[float, float]:
    """Return Wilson's (1927) interval of a share; 0 to 1 of nothing."""
    from scipy.special import ndtri

    if count == 0:
        return 0.0, 1.0
    z, p = float(ndtri(0.5 + confidence / 2.0)), hits / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
