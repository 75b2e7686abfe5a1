"""Repeat buying of customers who differ in tastes and in how often they buy: NBD-Dirichlet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers

__all__ = ["RepeatBuying", "dirichlet_buying", "dirichlet_switching"]


class RepeatBuying(NamedTuple):
    """How many buy each firm's product at all, and how often those do.

    Parameters
    ----------
    penetration : ndarray, shape (..., J)
        Share of customers who buy from the firm at least once.
    frequency : ndarray, shape (..., J)
        Purchases from the firm per customer who buys from it.
    """

    penetration: NDArray[np.float64]
    frequency: NDArray[np.float64]


def dirichlet_buying(
    taste_shape: ArrayLike, *, purchases: ArrayLike, purchase_rate_shape: ArrayLike
) -> RepeatBuying:
    """Return penetration and purchase frequency in a market without state dependence.

    Parameters
    ----------
    taste_shape : array_like, shape (..., J)
        Shape of each firm's log-gamma tastes, offers being worth the same but for these.
        Shares of purchases are in proportion to them, s_j = shape_j / S; their sum S is low
        where customers differ much.
    purchases : array_like, shape (...)
        Mean purchases per customer, of all firms, in the time looked at, M.
    purchase_rate_shape : array_like, shape (...)
        Shape of the gamma distribution of customers' purchase rates, K.

    Returns
    -------
    RepeatBuying
        ``penetration`` and ``frequency``, each of shape (..., J).

    Raises
    ------
    ValueError
        If a number is not finite or not above 0, or there is no firm.

    Notes
    -----
    Utilities th_j + e_j with standard Gumbel e_j and th_j = ln Gamma(shape_j, 1) make
    choice probabilities Dirichlet distributed. A customer with probability y of firm j and
    rate m buys nothing there with chance exp(-m y); the mean over the gamma distribution of m
    is (1 + y M / K)^(-K), and over y ~ Beta(shape_j, S - shape_j) Euler's integral

        1 - penetration = 2F1(K, shape_j; S; -M / K),    frequency = M s_j / penetration,

    computed as the integral, where nothing cancels however few buy.

    References
    ----------
    Goodhardt, Ehrenberg & Chatfield (1984), The Dirichlet: a comprehensive model of buying
    behaviour, Journal of the Royal Statistical Society A 147(5).

    Examples
    --------
    >>> market = dirichlet_buying([0.6, 0.3, 0.1], purchases=4.0, purchase_rate_shape=1.0)
    >>> market.penetration.round(3), market.frequency.round(2)
    (array([0.619, 0.383, 0.149]), array([3.88, 3.13, 2.69]))
    """
    shape, total = _shapes(taste_shape)
    M = _positive(purchases, "purchases")[..., None]
    K = _positive(purchase_rate_shape, "purchase_rate_shape")[..., None]
    if shape.shape[-1] == 1:  # a firm alone has everybody who buys at all
        penetration = -np.expm1(-K * np.log1p(M / K)) * np.ones(shape.shape)
    else:
        penetration = _penetration(*np.broadcast_arrays(shape, total - shape, M, K))
    return RepeatBuying(penetration, M * (shape / total) / penetration)


def dirichlet_switching(taste_shape: ArrayLike) -> NDArray[np.float64]:
    """Return the brand-switching matrix of two purchases of a customer, without any loyalty.

    Customers who differ in taste look loyal: they come back more often than chance.

    Parameters
    ----------
    taste_shape : array_like, shape (..., J)
        As for :func:`dirichlet_buying`.

    Returns
    -------
    ndarray, shape (..., J, J)
        Chances; row: firm of one purchase, column: of another. Rows sum to 1.

    Raises
    ------
    ValueError
        If a shape is not finite or not above 0, or there is no firm.

    Notes
    -----
    Having bought from i once, a customer's probabilities are Dirichlet with shape_i one
    higher: (S s_j + 1{i = j}) / (S + 1). How often customers buy must not go with their tastes.

    References
    ----------
    Goodhardt, Ehrenberg & Chatfield (1984), as for :func:`dirichlet_buying`.

    Examples
    --------
    >>> dirichlet_switching([0.6, 0.4])
    array([[0.8, 0.2],
           [0.3, 0.7]])
    """
    shape, total = _shapes(taste_shape)
    return (shape[..., None, :] + np.eye(shape.shape[-1])) / (total[..., None] + 1.0)


def _penetration(
    shape: NDArray[np.float64],
    others: NDArray[np.float64],
    purchases: NDArray[np.float64],
    rate_shape: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean of 1 - (1 + y M / K)^(-K) over y ~ Beta(shape, others)."""
    a, b, M, K = (each[..., None] for each in (shape, others, purchases, rate_shape))
    # Trapezoids in x, with ln(y / (1 - y)) a hyperbolic sine of x around the bulk of the
    # distribution: fine there, and so wide that even shapes near 0 lose no mass. SciPy's
    # hyp2f1 is off by 1e-3, or not a number, for some ordinary markets.
    x, step = np.linspace(-36.0, 36.0, 4501), np.minimum(1.0, np.sqrt(1.0 / a + 1.0 / b))
    logit = np.log((a + 1.0) / (b + 1.0)) + step * np.sinh(x)
    to_one = np.logaddexp(0.0, -logit)  # -ln y
    density = -a * to_one - b * np.logaddexp(0.0, logit)
    weight = np.exp(density - density.max(axis=-1, keepdims=True)) * np.cosh(x)
    buys = -np.expm1(-K * np.log1p(M / K * np.exp(-to_one)))
    return np.asarray((weight * buys).sum(axis=-1) / weight.sum(axis=-1), dtype=np.float64)


def _shapes(taste_shape: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shapes by firm, and their sum on the same axis."""
    shape = _positive(taste_shape, "taste_shape")
    if shape.ndim == 0 or shape.shape[-1] == 0:
        raise ValueError(f"taste_shape: expected one number per firm, found shape {shape.shape}")
    return shape, np.asarray(shape.sum(axis=-1, keepdims=True), dtype=np.float64)


def _positive(value: ArrayLike, name: str) -> NDArray[np.float64]:
    array = numbers(value, name=name, at_least=0)
    if (array == 0.0).any():
        raise ValueError(f"{name}: expected finite numbers above 0, found 0")
    return array
