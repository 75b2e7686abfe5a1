"""Learning relationships: how well a customer is known, and how well the offer then fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers

__all__ = ["knowledge_after", "mean_misfit", "steady_uncertainty"]


def knowledge_after(contacts: ArrayLike, *, precision: ArrayLike) -> NDArray[np.float64]:
    """Return what a firm knows of a customer after equal signals, K = n r / (1 + n r).

    Half of everything after 1 / r contacts.

    Parameters
    ----------
    contacts : array_like
        Contacts in which the customer was recognized, n.
    precision : array_like
        Precision of a contact's signal relative to the prior's, r = rho A w.

    Returns
    -------
    ndarray
        Share of the variance of the need that is resolved, from 0 up to 1.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Notes
    -----
    Precisions add up: the prior's 1 / v and n signals' r / v each leave the variance
    P v with P = 1 / (1 + n r) (DeGroot 1970, Optimal Statistical Decisions, 9.5).

    Examples
    --------
    >>> knowledge_after([0, 1, 4], precision=1.0)
    array([0. , 0.5, 0.8])
    """
    heard = numbers(contacts, name="contacts", at_least=0) * numbers(
        precision, name="precision", at_least=0
    )
    return heard / (1.0 + heard)


def mean_misfit(
    knowledge: ArrayLike,
    *,
    customization: ArrayLike,
    dimensions: ArrayLike = 2,
    need_variance: ArrayLike = 1.0,
    gap: ArrayLike = 0.0,
    segment_insight: ArrayLike = 0.0,
    recognition: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    """Return the mean misfit of a firm's offers to a segment of customers it knows equally well.

    Parameters
    ----------
    knowledge : array_like
        Share of the variance of needs that the firm has resolved, K.
    customization : array_like
        How far it bends its offer to what it believes, C.
    dimensions : array_like of int
        Dimensions of needs, D.
    need_variance : array_like
        Variance of needs in each dimension, v, squared distance.
    gap : array_like
        How far the segment's mean need is from the standard offer, ``|need_mean - p|``, distance.
    segment_insight : array_like
        How far the firm tells the segment's mean need, S.
    recognition : array_like
        Chance to be recognized, r; knowledge serves only those who are.

    Returns
    -------
    ndarray
        Mean squared distance of offers from needs.

    Raises
    ------
    ValueError
        If a share is not in [0, 1], a distance or variance is negative, or there is no
        dimension.

    Notes
    -----
    For a recognized customer the offer is p + C (mu - p), and the belief mu is the mean of
    the prior q = p + S (need_mean - p) and what was told, weighted 1 - K and K. Taking the
    mean over needs and over the noise of what was told leaves::

        D v (1 - C (2 - C) K) + (1 - C + C (1 - S) (1 - K))^2 gap^2.

    With S = 1 or no gap the first term also holds for needs that drift, with K as it
    stands: errors of the best estimate do not correlate with the estimate.

    Examples
    --------
    >>> round(float(mean_misfit(0.8, customization=0.8, dimensions=3)), 3)
    0.696
    """
    K = numbers(knowledge, name="knowledge", at_least=0, at_most=1)
    C = numbers(customization, name="customization", at_least=0, at_most=1)
    D = numbers(dimensions, name="dimensions", at_least=1)
    v = numbers(need_variance, name="need_variance", at_least=0)
    distance = numbers(gap, name="gap", at_least=0)
    S = numbers(segment_insight, name="segment_insight", at_least=0, at_most=1)
    r = numbers(recognition, name="recognition", at_least=0, at_most=1)

    def misfit(K: NDArray[np.float64]) -> NDArray[np.float64]:
        missed = 1.0 - C + C * (1.0 - S) * (1.0 - K)
        return D * v * (1.0 - C * (2.0 - C) * K) + (missed * distance) ** 2

    return r * misfit(K) + (1.0 - r) * misfit(np.zeros_like(K))


def steady_uncertainty(precision: ArrayLike, *, drift: ArrayLike) -> NDArray[np.float64]:
    """Return the share of variance a firm cannot resolve of needs that drift.

    Each period needs drift first, P <- P + d (1 - P), then one contact teaches,
    P <- P / (1 + r P); P is read after learning.

    Parameters
    ----------
    precision : array_like
        Precision of a contact's signal relative to the prior's, r = rho A w.
    drift : array_like
        Share of the variance of needs that is new each period, d.

    Returns
    -------
    ndarray
        Steady uncertainty P, from 0 to 1: the limit for a customer not known at first.

    Raises
    ------
    ValueError
        If a precision is negative, or a drift not in [0, 1].

    Notes
    -----
    P is the positive root of (1 - d) r P^2 + d (1 + r) P - d = 0, written so that
    nothing cancels, and d only as its square root, so that it is exact down to d = 0.
    It is the steady state of the Kalman filter of an AR(1) seen with noise (Kalman 1960).

    Examples
    --------
    >>> steady_uncertainty(1.0, drift=[0.1, 0.3, 0.8]).round(4)
    array([0.2403, 0.3539, 0.4721])
    """
    r, d = np.broadcast_arrays(
        numbers(precision, name="precision", at_least=0),
        numbers(drift, name="drift", at_least=0, at_most=1),
    )
    root = np.sqrt(d)
    linear = root * (1.0 + r)
    bottom = linear + np.hypot(linear, 2.0 * np.sqrt(1.0 - d) * np.sqrt(r))
    # Nothing heard and nothing new: the firm stays as it was, knowing nothing.
    nothing = bottom == 0.0
    return np.where(nothing, 1.0, 2.0 * root / np.where(nothing, 1.0, bottom))
