"""Prices of firms that each look at this period's profit only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers
from cxsim.analytic.logit import logit_shares

__all__ = ["PriceEquilibrium", "logit_bertrand"]


class PriceEquilibrium(NamedTuple):
    """Prices from which no firm gains by departing alone, and the shares they bring.

    Parameters
    ----------
    price : ndarray, shape (..., J)
        Currency per unit.
    share : ndarray, shape (..., J), or (..., J + 1) with the outside option last
        Shares of customers, which sum to 1.
    """

    price: NDArray[np.float64]
    share: NDArray[np.float64]


def logit_bertrand(
    cost: ArrayLike,
    *,
    quality: ArrayLike,
    price_sensitivity: ArrayLike = 1.0,
    outside: ArrayLike | None = None,
) -> PriceEquilibrium:
    """Return the static price equilibrium of firms with one product each, logit demand.

    Parameters
    ----------
    cost : array_like, shape (..., J) or one number for all firms
        Cost of a unit, c_j, currency.
    quality : array_like, shape (..., J)
        Worth of each firm's offer before its price, d_j, currency.
    price_sensitivity : array_like, shape (...)
        Utility per unit of currency, a.
    outside : array_like, shape (...), optional
        Worth of buying from nobody, currency. Default: there is no such option.

    Returns
    -------
    PriceEquilibrium
        ``price``, shape (..., J), and ``share``, as :func:`cxsim.analytic.logit_shares`
        returns it.

    Raises
    ------
    ValueError
        If a number is not finite, a price sensitivity is not above 0, or one firm is alone
        without an outside option: its price would have no limit.

    Notes
    -----
    A firm's profit (p - c) s is at its peak where p = c + 1 / (a (1 - s)). With D the sum of
    all exp(a (d - p)), the outside option's included, this reads
    ln s + 1 / (1 - s) = a (d - c) - ln D. The left side rises from minus to plus infinity, so
    that each s follows from D alone and falls in it, and just one D makes shares sum to 1:
    there is one equilibrium, found by Newton's method inside a shrinking bracket. Equal
    firms without an outside option: p = c + J / ((J - 1) a).

    References
    ----------
    Anderson, de Palma & Thisse (1992), Discrete choice theory of product differentiation,
    ch. 7; Nocke & Schutz (2018), Multiproduct-firm oligopoly: an aggregative games approach.

    Examples
    --------
    >>> price, share = logit_bertrand(1.0, quality=[1.0, 1.0], outside=0.0)
    >>> price.round(6), share.round(6)
    (array([2.226751, 2.226751]), array([0.184838, 0.184838, 0.630323]))
    """
    c = numbers(cost, name="cost")
    d = numbers(quality, name="quality")
    a = numbers(price_sensitivity, name="price_sensitivity", at_least=0)
    if (a == 0.0).any():
        raise ValueError("price_sensitivity: expected finite numbers above 0, found 0")
    if d.ndim == 0 or d.shape[-1] == 0:
        raise ValueError(f"quality: expected one number per firm, found shape {d.shape}")
    if d.shape[-1] == 1 and outside is None:
        raise ValueError("quality: expected two firms or more without an outside option, found 1")
    gain = a[..., None] * (d - c)
    nothing = np.array(-np.inf) if outside is None else a * numbers(outside, name="outside")
    shape = np.broadcast_shapes(gain.shape[:-1], nothing.shape)
    gain = np.broadcast_to(gain, (*shape, gain.shape[-1]))
    price = c + (1.0 + np.exp(_log_odds(gain, np.broadcast_to(nothing, shape)))) / a[..., None]
    share = logit_shares(d - price, price_sensitivity=a, outside=outside)
    return PriceEquilibrium(price, share)


def _log_odds(gain: NDArray[np.float64], nothing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(s / (1 - s)) of every firm, given a (d - c) and the outside option's utility."""
    from scipy.special import expit, logsumexp

    # No markup is below 1 / a, so that D is at most `high`. At `low` shares sum to 1 or more:
    # the outside option has it all, or the two best firms have half each or more.
    every = np.concatenate([gain - 1.0, nothing[..., None]], axis=-1)
    high = logsumexp(every, axis=-1)
    low = nothing
    if gain.shape[-1] > 1:
        low = np.maximum(nothing, np.sort(gain, axis=-1)[..., -2] + np.log(2.0) - 2.0)
    log_sum = 0.5 * (low + high)
    for _ in range(200):
        odds = _log_odds_at(gain - log_sum[..., None])
        share = expit(odds)
        others = np.exp(np.minimum(nothing - log_sum, 0.0))
        excess = share.sum(axis=-1) + others - 1.0
        low, high = np.where(excess >= 0, log_sum, low), np.where(excess <= 0, log_sum, high)
        fall = (share * (1.0 - share) / (expit(-odds) + np.exp(odds))).sum(axis=-1) + others
        step = log_sum + excess / np.maximum(fall, 1e-300)
        step = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
        done = abs(step - log_sum) <= 4e-16 * np.maximum(1.0, abs(log_sum))
        log_sum = step
        if done.all():
            break
    return _log_odds_at(gain - log_sum[..., None])


def _log_odds_at(gap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve ln s + 1 / (1 - s) = gap for w = ln(s / (1 - s))."""
    from scipy.special import expit

    # In w the left side is convex with a slope of at least 1, and the start is never
    # below the root: Newton's steps only fall, towards it.
    w = np.minimum(gap - 1.0, np.log(np.maximum(gap, 1.0)))
    for _ in range(60):
        step = (w - np.logaddexp(0.0, w) + 1.0 + np.exp(w) - gap) / (expit(-w) + np.exp(w))
        w = w - step
        if (abs(step) <= 4e-16 * np.maximum(1.0, abs(w))).all():
            break
    return w
