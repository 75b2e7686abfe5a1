"""Repeat buying of customers who differ in tastes and in how often they buy: NBD-Dirichlet."""

from __future__ import annotations

from math import comb, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.choice import numbers

# -- Repeat buying of customers who differ in tastes and in how often they buy: NBD-Dirichlet


class RepeatBuying(NamedTuple):
    """Penetration and purchase frequency of each firm's product.

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


# -- How long customers stay who differ in their chance to leave: the shifted beta-geometric ---


class SurvivalFit(NamedTuple):
    """The beta distribution of leaving that makes a cohort's survivors likeliest.

    Parameters
    ----------
    alpha, beta : float
        Its parameters: customers leave with a mean chance of alpha / (alpha + beta) a period.
    log_likelihood : float
    """

    alpha: float
    beta: float
    log_likelihood: float


def survival(periods: ArrayLike, *, alpha: ArrayLike, beta: ArrayLike) -> NDArray[np.float64]:
    """Return the share of a cohort still there, S(t) = B(alpha, beta + t) / B(alpha, beta).

    Every customer leaves with a chance per period that stays the same; between customers
    it is spread as Beta(alpha, beta). Nobody changes, yet retention rises with tenure,
    because those who leave easily have left.

    Parameters
    ----------
    periods : array_like
        Periods since the cohort began, t.
    alpha, beta : array_like
        Parameters of the distribution of chances to leave.

    Returns
    -------
    ndarray
        Shares; 1 at t = 0. Of the common shape of the arguments, which broadcast.

    Raises
    ------
    ValueError
        If a number is not finite, a period negative, or a parameter not above 0.

    References
    ----------
    Fader & Hardie (2007), How to project customer retention, Journal of Interactive
    Marketing 21(1).

    Examples
    --------
    >>> survival([1, 2, 3, 12], alpha=0.668, beta=3.806).round(3)
    array([0.851, 0.747, 0.67 , 0.378])
    """
    from scipy.special import betaln

    t = numbers(periods, name="periods", at_least=0)
    parameters = []
    for name, value in [("alpha", alpha), ("beta", beta)]:
        array = numbers(value, name=name, at_least=0)
        if (array == 0.0).any():
            raise ValueError(f"{name}: expected finite numbers above 0, found 0")
        parameters.append(array)
    a, b = parameters
    return np.asarray(np.exp(betaln(a, b + t) - betaln(a, b)), dtype=np.float64)


def fit_survival(survivors: ArrayLike) -> SurvivalFit:
    """Fit the shifted beta-geometric to a cohort by maximum likelihood.

    Parameters
    ----------
    survivors : array_like, shape (T + 1,)
        Customers left after 0, 1, ..., T periods, as counts: standard errors and the
        likelihood depend on how many they are.

    Returns
    -------
    SurvivalFit
        ``alpha``, ``beta`` and ``log_likelihood``.

    Raises
    ------
    ValueError
        If there are fewer than three counts, one is negative, not finite or above the one
        before, or no parameters are the likeliest: where nobody leaves after the first
        period, and where retention does not rise with tenure, so that customers who are all
        alike fit best.

    Notes
    -----
    Retention from period t - 1 to t is r_t = (beta + t - 1) / (alpha + beta + t - 1), and the
    log likelihood the sum of n_t ln r_t + (n_(t-1) - n_t) ln(1 - r_t). With the mean chance
    to leave p = alpha / (alpha + beta) and the spread s = 1 / (alpha + beta) this is
    r_t = (1 - p + (t - 1) s) / (1 + (t - 1) s): at s = 0 all are alike, and whether the
    likelihood rises from there says whether it has a peak.

    References
    ----------
    Fader & Hardie (2007), as for :func:`survival`.

    Examples
    --------
    >>> fit = fit_survival([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> round(fit.alpha, 3), round(fit.beta, 3), round(fit.log_likelihood, 2)
    (0.668, 3.806, -1611.16)
    """
    from scipy.optimize import minimize

    stayed, left = _counts(survivors)
    tenure = np.arange(len(stayed))

    def loss(log_parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        alpha, beta = np.exp(log_parameters)
        total = alpha + beta + tenure
        value = stayed @ np.log((beta + tenure) / total) + left @ np.log(alpha / total)
        both = ((stayed + left) / total).sum()
        slope = [left.sum() - alpha * both, beta * ((stayed / (beta + tenure)).sum() - both)]
        return -float(value), -np.array(slope)

    scale = (stayed + left).sum()
    leaving = left.sum() / scale
    found = minimize(
        lambda x: tuple(each / scale for each in loss(x)),
        np.log([leaving, 1.0 - leaving]),
        jac=True,
        method="BFGS",
        options={"gtol": 1e-11, "maxiter": 2000},
    )
    alpha, beta = np.exp(found.x)
    return SurvivalFit(float(alpha), float(beta), -loss(found.x)[0])


def _counts(survivors: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many stayed and left in each period, if they determine a curve."""
    counts = numbers(survivors, name="survivors", at_least=0)
    if counts.ndim != 1:
        raise ValueError(f"survivors: expected one row of counts, found shape {counts.shape}")
    if len(counts) < 3:
        raise ValueError(f"survivors: expected counts at three times or more, found {len(counts)}")
    stayed, left = counts[1:], -np.diff(counts)
    if (left < 0).any():
        after = int((left < 0).argmax())
        raise ValueError(
            "survivors: expected counts that never rise, "
            f"found {counts[after + 1]:g} after {counts[after]:g}"
        )
    if left[1:].sum() == 0.0:
        raise ValueError("survivors: expected customers who leave after the first period")
    # The slope of the log likelihood in the spread s, at s = 0 and the likeliest p.
    tenure = np.arange(len(stayed))
    kept = stayed.sum() / (stayed.sum() + left.sum())
    slope = tenure @ (stayed / max(kept, 1e-300) - stayed - left)
    if slope <= 1e-9 * counts.sum():
        raise ValueError(
            "survivors: expected a retention that rises with tenure; customers all alike fit best"
        )
    return stayed, left


# -- Customer lifetime value at constant margin and retention ----------------------------------


def lifetime_multiple(retention: ArrayLike, *, discount_rate: ArrayLike) -> NDArray[np.float64]:
    """Return how many times a period's margin a customer is worth, r / (1 + d - r).

    The present value, at a purchase, of all later ones: sum over t = 1, 2, ... of
    (r / (1 + d))^t. The purchase itself is not in it.

    Arguments broadcast; the result has their common shape.

    Parameters
    ----------
    retention : array_like
        Chance that a customer of one period is still one in the next, r.
    discount_rate : array_like
        Discount rate per period, d.

    Returns
    -------
    ndarray
        Periods' margins.

    Raises
    ------
    ValueError
        If a retention is not in [0, 1] or a discount rate negative, or where the sum has no
        end: retention 1 at discount rate 0.

    References
    ----------
    Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1).

    Examples
    --------
    >>> lifetime_multiple(0.9, discount_rate=[0.10, 0.12, 0.14, 0.16]).round(2)
    array([4.5 , 4.09, 3.75, 3.46])
    """
    r = numbers(retention, name="retention", at_least=0, at_most=1)
    d = numbers(discount_rate, name="discount_rate", at_least=0)
    lost = d + (1.0 - r)
    if (lost == 0.0).any():
        raise ValueError("discount_rate: expected numbers above 0 at retention 1, found 0")
    return r / lost


# -- How a new product spreads by advertising and by word of mouth -----------------------------


def bass_diffusion(
    periods: int,
    *,
    reach: ArrayLike,
    message_rate: ArrayLike,
    contacts: ArrayLike = 1,
    market: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    """Return how many adopt in each period, in a large market that is well mixed.

    Everybody who has not adopted is reached by advertising with chance p, and meets others
    at random, of whom those who have adopted each tell with chance q. Who hears, adopts.

    Parameters
    ----------
    periods : int
        Number of periods, T; nobody has adopted before the first.
    reach : array_like, shape (...)
        Chance per period to be reached by advertising, p.
    message_rate : array_like, shape (...)
        Chance that an adopter who is met tells, q.
    contacts : array_like, shape (...)
        People met per period, k.
    market : array_like, shape (...)
        Number of people, m. Default: 1, for shares.

    Returns
    -------
    ndarray, shape (..., T)
        Adopters new in each period, in the unit of ``market``.

    Raises
    ------
    ValueError
        If a chance is not in [0, 1], a number of people negative or not finite, or the number
        of periods not a whole one.

    Notes
    -----
    With F the share that has adopted before, m (1 - F) h adopt, where
    h = 1 - (1 - p)(1 - q F)^k. As periods become short, h tends to Bass's p + q k F.

    References
    ----------
    Bass (1969), A new product growth for model consumer durables; Goldenberg, Libai & Muller
    (2001), Talk of the network.

    Examples
    --------
    >>> bass_diffusion(4, reach=0.1, message_rate=0.5, contacts=2, market=100).round(2)
    array([10.  , 16.9 , 23.82, 24.57])
    """
    if numbers(periods, name="periods").ndim > 0 or periods != int(periods) or periods < 0:
        raise ValueError(f"periods: expected a whole number of at least 0, found {periods!r}")
    p, q, k, m = np.broadcast_arrays(
        numbers(reach, name="reach", at_least=0, at_most=1),
        numbers(message_rate, name="message_rate", at_least=0, at_most=1),
        numbers(contacts, name="contacts", at_least=0),
        numbers(market, name="market", at_least=0),
    )
    new = np.empty((*p.shape, int(periods)))
    adopted = np.zeros(p.shape)
    for t in range(int(periods)):
        new[..., t] = (1.0 - adopted) * (1.0 - (1.0 - p) * (1.0 - q * adopted) ** k)
        adopted = np.minimum(adopted + new[..., t], 1.0)
    return m[..., None] * new


def bass_peak(innovation: ArrayLike, *, imitation: ArrayLike) -> NDArray[np.float64]:
    """Return when most adopt in Bass's model in continuous time, ln(q / p) / (p + q).

    Arguments broadcast; the result has their common shape.

    Parameters
    ----------
    innovation : array_like
        Rate of adopting unprompted, p, per period.
    imitation : array_like
        Rate of adopting through others when all others have, q, per period.

    Returns
    -------
    ndarray
        Periods from the start; 0 where q is not above p.

    Raises
    ------
    ValueError
        If a rate is negative or not finite, or the rate of innovation 0: nothing would start.

    Notes
    -----
    The rate (1 - F)(p + q F) at which people adopt is highest at F = (q - p) / (2 q), which
    F(t) = (1 - e^(-(p + q) t)) / (1 + (q / p) e^(-(p + q) t)) reaches where e^((p + q) t) = q / p.

    References
    ----------
    Bass (1969), A new product growth for model consumer durables.

    Examples
    --------
    >>> round(float(bass_peak(0.03, imitation=0.38)), 2)
    6.19
    """
    p = numbers(innovation, name="innovation", at_least=0)
    if (p == 0.0).any():
        raise ValueError("innovation: expected finite numbers above 0, found 0")
    q = numbers(imitation, name="imitation", at_least=0)
    return np.log(np.maximum(q / p, 1.0)) / (p + q)


# -- Orders given up at a required touchpoint ---------------------------------------------------


def expected_abandonment(
    mean: ArrayLike, *, sd: ArrayLike, abandonment: ArrayLike = 1.0, neutral: ArrayLike = 5.0
) -> NDArray[np.float64]:
    """Return the share of orders given up at a required touchpoint, a E[clip((N - y) / N, 0, 1)].

    Performance is y = m + sd z, z a sum of four uniform variates of mean 0 and variance 1, all
    but normal. Arguments broadcast; the result has their common shape.

    Parameters
    ----------
    mean : array_like
        Mean performance at the touchpoint, m, score 0-10.
    sd : array_like
        Its standard deviation between contacts, score.
    abandonment : array_like
        Chance to give up in a contact with performance 0, a.
    neutral : array_like
        Performance from which on nobody gives up, N, score above 0.

    Returns
    -------
    ndarray
        Share of the orders that reach the touchpoint.

    Raises
    ------
    ValueError
        If a number is not finite, ``sd``, ``abandonment`` or ``neutral`` negative or ``neutral`` 0.

    Notes
    -----
    The mean of a clipped variate is the difference of two stop-loss transforms E[(k - S)+]; that
    of four uniform variates is a sum of fifth powers (Irwin 1927; Hall 1927).

    Examples
    --------
    >>> expected_abandonment([2.5, 5.0, 8.0], sd=1.5).round(3)
    array([0.5  , 0.121, 0.002])
    """
    m, spread = numbers(mean, name="mean"), numbers(sd, name="sd", at_least=0)
    a, limit = numbers(abandonment, name="abandonment", at_least=0), _positive(neutral, "neutral")
    unit = np.where(spread > 0.0, spread * sqrt(3.0), 1.0)

    def stop_loss(level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return E[(level - y)+]."""
        k = np.where(spread > 0.0, 2.0 + (level - m) / unit, 0.0)
        terms = [(-1) ** j * comb(4, j) * np.maximum(0.0, k - j) ** 5 / 120.0 for j in range(5)]
        shortfall = np.where(k >= 4.0, k - 2.0, sum(terms))
        certain = np.maximum(0.0, level - m)
        return np.where(spread > 0.0, unit * shortfall, certain)

    return np.asarray(a * (stop_loss(limit) - stop_loss(np.zeros(()))) / limit, dtype=np.float64)
