"""Multinomial logit: what customers choose, and what the choice is worth to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers

__all__ = ["logit_shares", "logit_worth"]


def logit_shares(
    value: ArrayLike, *, price_sensitivity: ArrayLike = 1.0, outside: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the share of customers who take each option, exp(a v_j) over the sum of these.

    Parameters
    ----------
    value : array_like, shape (..., J)
        Worth of each firm's offer, currency: all but chance, price included.
    price_sensitivity : array_like, shape (...)
        Utility per unit of currency, a; 0 is pure chance.
    outside : array_like, shape (...), optional
        Worth of buying from nobody, currency. Default: there is no such option.

    Returns
    -------
    ndarray, shape (..., J), or (..., J + 1) with the outside option last
        Shares, which sum to 1.

    Raises
    ------
    ValueError
        If a value is not finite, there is no firm, or a price sensitivity is negative.

    References
    ----------
    McFadden (1974), Conditional logit analysis of qualitative choice behavior.

    Examples
    --------
    >>> logit_shares([1.0, 0.7], outside=0.0).round(4)
    array([0.4742, 0.3513, 0.1745])
    """
    utility = _utilities(value, price_sensitivity, outside)
    weight = np.exp(utility - utility.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def logit_worth(
    value: ArrayLike, *, price_sensitivity: ArrayLike = 1.0, outside: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return what the best option is worth on average, chance included, in currency.

    With standard Gumbel shocks this is (ln sum_j exp(a v_j) + gamma) / a, where gamma
    = .5772... is the mean of a shock. Only differences between markets mean something.

    Parameters
    ----------
    value, price_sensitivity, outside
        As for :func:`logit_shares`, but for a price sensitivity above 0.

    Returns
    -------
    ndarray, shape (...)
        Currency per choice.

    Raises
    ------
    ValueError
        As for :func:`logit_shares`, and if a price sensitivity is 0.

    References
    ----------
    Small & Rosen (1981), Applied welfare economics with discrete choice models.

    Examples
    --------
    >>> better = logit_worth([1.2, 0.7]) - logit_worth([1.0, 0.7])
    >>> round(float(better), 4)
    0.1197
    """
    utility = _utilities(value, price_sensitivity, outside)
    sensitivity = np.asarray(price_sensitivity, dtype=np.float64)
    if (sensitivity == 0.0).any():
        raise ValueError("price_sensitivity: expected finite numbers above 0, found 0")
    top = utility.max(axis=-1)
    return (top + np.log(np.exp(utility - top[..., None]).sum(axis=-1)) + np.euler_gamma) / (
        sensitivity
    )


def _utilities(
    value: ArrayLike, price_sensitivity: ArrayLike, outside: ArrayLike | None
) -> NDArray[np.float64]:
    """Return a v, the outside option last where there is one."""
    worth = numbers(value, name="value")
    if worth.ndim == 0 or worth.shape[-1] == 0:
        raise ValueError(f"value: expected one number per firm, found shape {worth.shape}")
    sensitivity = numbers(price_sensitivity, name="price_sensitivity", at_least=0)
    if outside is not None:
        nothing = numbers(outside, name="outside")
        shape = np.broadcast_shapes(worth.shape[:-1], nothing.shape)
        worth = np.concatenate(
            [
                np.broadcast_to(worth, (*shape, worth.shape[-1])),
                np.broadcast_to(nothing, shape)[..., None],
            ],
            axis=-1,
        )
    return sensitivity[..., None] * worth
