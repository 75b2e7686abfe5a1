"""Regular prices and price cuts, read off a series of prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Cuts", "price_cuts"]

#: Cuts smaller than this share of the price are noise about one price.
_SMALLEST = 0.05
#: Share of the prices' variance that the split must explain to be one.
_EXPLAINED = 0.4


@dataclass(frozen=True)
class Cuts:
    """Two prices that stand for a series.

    Attributes
    ----------
    price : float
        Regular price, currency.
    chance : float
        Share of occasions at the cut price.
    depth : float
        What a cut takes off, as a share of the price.
    cut : ndarray of bool, shape (N,)
        Occasions at the cut price.
    """

    price: float
    chance: float
    depth: float
    cut: np.ndarray


def price_cuts(prices: np.ndarray) -> Cuts:
    """Split prices into regular and cut ones, where the variance left is least.

    Mean prices of the two parts become the regular and the cut price, so that the mean
    price is kept (a threshold after Otsu 1979, which is 2-means on a line).

    Parameters
    ----------
    prices : ndarray, shape (N,)
        Prices of one firm, currency.

    Returns
    -------
    Cuts
        Without cuts if the two parts are closer than 5 % of the price, or explain less
        than 40 % of the variance.
    """
    ordered = np.sort(prices)
    n = len(ordered)
    mean = float(ordered.mean())
    none = Cuts(mean, 0.0, 0.0, np.zeros(n, dtype=bool))
    edges = np.flatnonzero(np.diff(ordered) > 0) + 1
    if not len(edges) or mean <= 0.0:
        return none
    below = np.cumsum(ordered)[edges - 1]
    low = below / edges
    high = (ordered.sum() - below) / (n - edges)
    between = edges * (n - edges) / n**2 * (high - low) ** 2
    best = int(between.argmax())
    depth = 1.0 - float(low[best] / high[best])
    if depth < _SMALLEST or between[best] < _EXPLAINED * ordered.var():
        return none
    cut = prices < ordered[edges[best]]
    return Cuts(float(high[best]), float(cut.mean()), depth, cut)
