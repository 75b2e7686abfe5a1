"""Learning relationships: how well a customer is known, and how well the offer then fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.choice import numbers

# -- Learning relationships: how well a customer is known, and how well the offer then fits ----


def knowledge_after(contacts: ArrayLike, *, precision: ArrayLike) -> NDArray[np.float64]:
    """Return customer knowledge after equal signals, K = n r / (1 + n r).

    Half of everything after 1 / r contacts.

    Arguments broadcast; the result has their common shape.

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


def trust_after(
    periods: ArrayLike,
    *,
    experience: ArrayLike,
    initial: ArrayLike = 0.5,
    adaptation: ArrayLike = 0.1,
    scale: ArrayLike = 0.2,
    lost: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Return mean trust after periods of contacts with one experience, T* + (T0 - T*) k^n.

    Its limit T* is :func:`steady_trust`; a period leaves k = (1 - l) (1 - a) of a deviation from
    it.

    Arguments broadcast; the result has their common shape.

    Parameters
    ----------
    periods : array_like
        Periods with contacts, n.
    experience : array_like
        E, the same in all of them, about -1 to 1.
    initial : array_like
        T0, share.
    adaptation, scale, lost : array_like
        As for :func:`steady_trust`.

    Returns
    -------
    ndarray
        Share.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> trust_after([0, 1, 2], experience=0.2, initial=0.5, adaptation=0.5)
    array([0.5  , 0.75 , 0.875])
    """
    n = numbers(periods, name="periods", at_least=0)
    start = numbers(initial, name="initial", at_least=0, at_most=1)
    a = numbers(adaptation, name="adaptation", at_least=0, at_most=1)
    kept = (1.0 - numbers(lost, name="lost", at_least=0, at_most=1)) * (1.0 - a)
    rest = np.where(
        kept < 1.0,
        steady_trust(experience, adaptation=adaptation, scale=scale, lost=lost),
        start,
    )
    return rest + (start - rest) * kept**n


def steady_trust(
    experience: ArrayLike,
    *,
    adaptation: ArrayLike = 0.1,
    scale: ArrayLike = 0.2,
    lost: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Return the mean trust in the long run at one experience, (1 - l) a M / (1 - (1 - l) (1 - a)).

    M = (1 + clip(E / s, -1, 1)) / 2 is the trust that the experience warrants. Without losses
    T* = M: where no promise is broken, trust ends at what experience warrants.

    Arguments broadcast; the result has their common shape.

    Parameters
    ----------
    experience : array_like
        E, about -1 to 1.
    adaptation : array_like
        Share a of the distance to M that a period removes.
    scale : array_like
        Experience s of full trust, above 0.
    lost : array_like
        Mean share l of trust lost in a period after that: the chance of a broken promise times
        the share lost by one.

    Returns
    -------
    ndarray
        Share; NaN where neither experience nor losses move trust (a = 0 and l = 0).

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> steady_trust([-1.0, 0.0, 0.1])
    array([0.  , 0.5 , 0.75])
    """
    a = numbers(adaptation, name="adaptation", at_least=0, at_most=1)
    s = numbers(scale, name="scale", at_least=0)
    if (s == 0).any():
        raise ValueError("scale: expected numbers above 0, found 0")
    kept = 1.0 - numbers(lost, name="lost", at_least=0, at_most=1)
    warranted = 0.5 * (1.0 + np.clip(numbers(experience, name="experience") / s, -1.0, 1.0))
    with np.errstate(invalid="ignore"):
        return kept * a * warranted / (1.0 - kept * (1.0 - a))


def mean_fit_gap(
    knowledge: ArrayLike,
    *,
    customization: ArrayLike,
    dimensions: ArrayLike = 2,
    need_variance: ArrayLike = 1.0,
    gap: ArrayLike = 0.0,
    segment_insight: ArrayLike = 0.0,
    recognition: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    """Return the mean fit gap of a firm's offers to a segment of customers it knows equally well.

    Arguments broadcast; the result has their common shape.

    Parameters
    ----------
    knowledge : array_like
        Share of the variance of needs that the firm has resolved, K.
    customization : array_like
        How far it adapts its offer to what it believes, C.
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
    >>> round(float(mean_fit_gap(0.8, customization=0.8, dimensions=3)), 3)
    0.696
    """
    K = numbers(knowledge, name="knowledge", at_least=0, at_most=1)
    C = numbers(customization, name="customization", at_least=0, at_most=1)
    D = numbers(dimensions, name="dimensions", at_least=1)
    v = numbers(need_variance, name="need_variance", at_least=0)
    distance = numbers(gap, name="gap", at_least=0)
    S = numbers(segment_insight, name="segment_insight", at_least=0, at_most=1)
    r = numbers(recognition, name="recognition", at_least=0, at_most=1)

    def fit_gap(K: NDArray[np.float64]) -> NDArray[np.float64]:
        missed = 1.0 - C + C * (1.0 - S) * (1.0 - K)
        return D * v * (1.0 - C * (2.0 - C) * K) + (missed * distance) ** 2

    return r * fit_gap(K) + (1.0 - r) * fit_gap(np.zeros_like(K))


def steady_uncertainty(precision: ArrayLike, *, drift: ArrayLike) -> NDArray[np.float64]:
    """Return the share of variance a firm cannot resolve of needs that drift.

    Each period needs drift first, P <- P + d (1 - P), then one contact teaches,
    P <- P / (1 + r P); P is read after learning.

    Arguments broadcast; the result has their common shape.

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


# -- Individual service: what it is worth to a customer, what it costs, and whether it pays ----


#: Purchases of a customer counted at most; by then all but nothing has left or been forgotten.
_LONGEST = 2000


@dataclass(frozen=True)
class ServiceWorth:
    """Value of a purchase to the customer and its cost to the firm that depend on capabilities.

    Attributes
    ----------
    fit_gap, ordering_effort : ndarray
        Losses of the customer by fit gap and by ordering effort, currency per purchase.
    unit, contact, fixed : ndarray
        Costs of customization, of interaction and of the capabilities, currency per purchase.
    """

    fit_gap: NDArray[np.float64]
    ordering_effort: NDArray[np.float64]
    unit: NDArray[np.float64]
    contact: NDArray[np.float64]
    fixed: NDArray[np.float64]

    @property
    def net(self) -> NDArray[np.float64]:
        """Joint gain of customer and firm, currency per purchase (negative: a loss).

        The net worth of one set of capabilities less that of another is what moving from one to
        the other adds; where it is zero is the break-even.

        Of the common shape of what it was computed from.
        """
        return -(self.fit_gap + self.ordering_effort + self.unit + self.contact + self.fixed)


def relationship_knowledge(
    precision: ArrayLike,
    *,
    rate: ArrayLike,
    exit_rate: ArrayLike,
    forgetting: ArrayLike = 0.0,
    need_drift: ArrayLike = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much a firm knows at the n-th purchase, and how many purchases are n-th ones.

    Parameters
    ----------
    precision : array_like
        Mean precision of what a purchase teaches, relative to the prior's: rho A w, times the
        chance to be recognized.
    rate : array_like
        Purchases from the firm per customer of the market and period, above 0.
    exit_rate : array_like
        Chance that a customer leaves the market, per period.
    forgetting, need_drift : array_like
        Shares of what is known that are lost per period.

    Returns
    -------
    (ndarray, ndarray), shape (n, ...)
        Knowledge and weights, with the purchases n = 0, 1, ... as first axis; weights sum to 1.

    Raises
    ------
    ValueError
        If a share is not in [0, 1], or the rate not above 0.

    Notes
    -----
    Every customer of the market is taken to buy from the firm at the same mean rate, with or
    without purchases elsewhere in between. A purchase is followed by another with chance
    b / (b + t), so that in the long run purchases are n-th ones with geometric weights; between
    two lie 1 / b periods in which the share (1 - forgetting)(1 - drift) of what is known stays,
    each.
    """
    r = numbers(precision, name="precision", at_least=0)
    b = numbers(rate, name="rate", at_least=0)
    t = numbers(exit_rate, name="exit_rate", at_least=0, at_most=1)
    f = numbers(forgetting, name="forgetting", at_least=0, at_most=1)
    d = numbers(need_drift, name="need_drift", at_least=0, at_most=1)
    if (b == 0).any():
        raise ValueError("rate: expected numbers above 0, found 0")
    again = b / (b + t)
    kept = ((1.0 - f) * (1.0 - d)) ** (1.0 / b)
    r, again, kept = np.broadcast_arrays(r, again, kept)
    last = float(again.max())
    steps = _LONGEST if last >= 1.0 else min(_LONGEST, int(np.log(1e-9) / np.log(last)) + 2)
    uncertainty = np.ones_like(r)
    known, weight, share = [], [], np.ones_like(r)
    for _ in range(max(1, steps)):
        known.append(1.0 - uncertainty)
        weight.append(share)
        share = share * again
        uncertainty = 1.0 - kept * (1.0 - uncertainty / (1.0 + r * uncertainty))
    weights = np.array(weight)
    return np.array(known), weights / weights.sum(axis=0)


def service_worth(
    interaction: ArrayLike,
    customization: ArrayLike,
    *,
    rate: ArrayLike,
    customers: ArrayLike,
    need_variance: ArrayLike = 1.0,
    dimensions: ArrayLike = 2,
    gap: ArrayLike = 0.0,
    segment_insight: ArrayLike = 0.0,
    recognition: ArrayLike = 1.0,
    fit_weight: ArrayLike = 0.0,
    ordering_effort: ArrayLike = 0.0,
    volume: ArrayLike = 1.0,
    learning: ArrayLike = 1.0,
    exit_rate: ArrayLike = 0.0,
    forgetting: ArrayLike = 0.0,
    need_drift: ArrayLike = 0.0,
    customization_cost: ArrayLike = 0.0,
    interaction_cost: ArrayLike = 0.0,
    capability_cost: ArrayLike = 0.0,
) -> ServiceWorth:
    """Return the value of capabilities per purchase, at steady-state knowledge.

    Parameters
    ----------
    interaction, customization : array_like
        The capabilities A and C.
    rate : array_like
        Purchases from the firm per customer of the market and period.
    customers : array_like
        Of the whole market; over their purchases the fixed cost is spread.
    need_variance, dimensions, gap, segment_insight, recognition
        As for :func:`~cxsim.analytic.mean_fit_gap`.
    fit_weight : array_like
        Currency per squared distance and unit.
    ordering_effort : array_like
        Currency per order.
    volume : array_like
        Units per purchase.
    learning : array_like
        Precision of a contact's signal at full interaction, rho w.
    exit_rate, forgetting, need_drift : array_like
        Per period.
    customization_cost, interaction_cost : array_like
        Currency per unit, and per contact, at full capability.
    capability_cost : array_like
        Currency per period and squared capability, whole market.

    Returns
    -------
    ServiceWorth

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    A firm at its best price gains from a better service, to first order, as if it raised the
    price by what the service is worth and sold as much as before (the envelope theorem; Spence
    1975 for quality): so it pays where the sum of worth and cost rises, whatever demand looks
    like. At a price above the best one it pays sooner, below it later; and customers
    who stay longer are not in it.

    References
    ----------
    Spence (1975), Monopoly, quality, and regulation, Bell Journal of Economics 6(2).

    Examples
    --------
    >>> alike = {"rate": 0.1, "customers": 1000, "fit_weight": 1.5, "exit_rate": 0.01}
    >>> cost = {"customization_cost": 1.0}
    >>> one = service_worth(0.8, 0.8, **alike, **cost)
    >>> bool(one.net > service_worth(0.1, 0.1, **alike, **cost).net)
    True
    """
    A = numbers(interaction, name="interaction", at_least=0, at_most=1)
    C = numbers(customization, name="customization", at_least=0, at_most=1)
    b = numbers(rate, name="rate", at_least=0)
    n = numbers(customers, name="customers", at_least=0)
    r = numbers(recognition, name="recognition", at_least=0, at_most=1)
    units = numbers(volume, name="volume", at_least=0)
    known, weights = relationship_knowledge(
        numbers(learning, name="learning", at_least=0) * A * r,
        rate=b,
        exit_rate=exit_rate,
        forgetting=forgetting,
        need_drift=need_drift,
    )
    # Purchases stay the first axis, whatever the other arguments' shapes are.
    shape = np.broadcast_shapes(
        *(np.shape(v) for v in (A, C, b, n, need_variance, dimensions, gap, segment_insight, r))
    )
    fill = (len(known), *(1,) * max(0, len(shape) - known.ndim + 1), *known.shape[1:])
    known, weights = known.reshape(fill), weights.reshape(fill)
    fit_gap = mean_fit_gap(
        known,
        customization=C,
        dimensions=dimensions,
        need_variance=need_variance,
        gap=gap,
        segment_insight=segment_insight,
        recognition=r,
    )
    K = (weights * known).sum(axis=0)
    per_period = numbers(capability_cost, name="capability_cost", at_least=0) * (A**2 + C**2)
    parts = np.broadcast_arrays(
        numbers(fit_weight, name="fit_weight", at_least=0)
        * units
        * (weights * fit_gap).sum(axis=0),
        numbers(ordering_effort, name="ordering_effort", at_least=0) * (1.0 - r * A * K),
        numbers(customization_cost, name="customization_cost", at_least=0) * C * units,
        numbers(interaction_cost, name="interaction_cost", at_least=0) * A,
        per_period / (n * b),
    )
    return ServiceWorth(*parts)
