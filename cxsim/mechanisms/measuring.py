"""What measures need more than once."""

from __future__ import annotations

import numpy as np

__all__ = ["ratio"]


def ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return top / bottom, NaN where there is nothing to divide by (or next to nothing)."""
    top, bottom = np.broadcast_arrays(np.asarray(top, float), np.asarray(bottom, float))
    out = np.full(top.shape, np.nan)
    with np.errstate(over="ignore"):
        np.divide(top, bottom, out=out, where=bottom != 0)
    out[np.isinf(out)] = np.nan
    return out
