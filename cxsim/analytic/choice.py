"""Choice between firms, repeat buying without loyalty, diffusion, and orders given up."""

from __future__ import annotations

from math import comb, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# -- Arguments as arrays, refused by name where a formula does not hold for them ---------------


def numbers(
    value: ArrayLike, *, name: str, at_least: float | None = None, at_most: float | None = None
) -> NDArray[np.float64]:
    """Return finite numbers as an array of doubles.

    The result has the shape and the unit of ``value``.

    Parameters
    ----------
    value : array_like
    name : str
        What the caller calls the argument.
    at_least, at_most : float, optional
        Ends of the range, which belong to it; an upper one only with a lower one.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If anything in ``value`` is no number, not finite, or out of range.

    Examples
    --------
    >>> numbers(1.2, name="retention", at_least=0, at_most=1)
    Traceback (most recent call last):
    ...
    ValueError: retention: expected numbers from 0 to 1, found 1.2
    """
    expected = _range(at_least, at_most)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected {expected}, found {value!r}") from None
    outside = ~np.isfinite(array)
    if at_least is not None:
        outside |= array < at_least
    if at_most is not None:
        outside |= array > at_most
    if outside.any():
        raise ValueError(f"{name}: expected {expected}, found {array[outside].flat[0]:g}")
    return array


def _range(at_least: float | None, at_most: float | None) -> str:
    if at_least is None:
        return "finite numbers"
    if at_most is None:
        return f"finite numbers of at least {at_least:g}"
    return f"numbers from {at_least:g} to {at_most:g}"


# -- Multinomial logit: what customers choose, and what the choice is worth to them ------------


def logit_shares(
    value: ArrayLike, *, price_sensitivity: ArrayLike = 1.0, no_purchase: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the share of customers who take each option, exp(a v_j) over the sum of these.

    Parameters
    ----------
    value : array_like, shape (..., J)
        Worth of each firm's offer, currency: all but chance, price included.
    price_sensitivity : array_like, shape (...)
        Utility per unit of currency, a; 0 is pure chance.
    no_purchase : array_like, shape (...), optional
        Worth of buying from nobody, currency. Default: there is no such option.

    Returns
    -------
    ndarray, shape (..., J), or (..., J + 1) with the no-purchase option last
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
    >>> logit_shares([1.0, 0.7], no_purchase=0.0).round(4)
    array([0.4742, 0.3513, 0.1745])
    """
    utility = _utilities(value, price_sensitivity, no_purchase)
    weight = np.exp(utility - utility.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def logit_worth(
    value: ArrayLike, *, price_sensitivity: ArrayLike = 1.0, no_purchase: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the expected value of the best option, its random part included, in currency.

    With standard Gumbel shocks this is (ln sum_j exp(a v_j) + gamma) / a, where gamma
    = .5772... is the mean of a shock. Only differences between markets mean something.

    Parameters
    ----------
    value, price_sensitivity, no_purchase
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
    utility = _utilities(value, price_sensitivity, no_purchase)
    sensitivity = np.asarray(price_sensitivity, dtype=np.float64)
    if (sensitivity == 0.0).any():
        raise ValueError("price_sensitivity: expected finite numbers above 0, found 0")
    top = utility.max(axis=-1)
    return (top + np.log(np.exp(utility - top[..., None]).sum(axis=-1)) + np.euler_gamma) / (
        sensitivity
    )


def _utilities(
    value: ArrayLike, price_sensitivity: ArrayLike, no_purchase: ArrayLike | None
) -> NDArray[np.float64]:
    """Return a v, the no-purchase option last where there is one."""
    worth = numbers(value, name="value")
    if worth.ndim == 0 or worth.shape[-1] == 0:
        raise ValueError(f"value: expected one number per firm, found shape {worth.shape}")
    sensitivity = numbers(price_sensitivity, name="price_sensitivity", at_least=0)
    if no_purchase is not None:
        nothing = numbers(no_purchase, name="no_purchase")
        shape = np.broadcast_shapes(worth.shape[:-1], nothing.shape)
        worth = np.concatenate(
            [
                np.broadcast_to(worth, (*shape, worth.shape[-1])),
                np.broadcast_to(nothing, shape)[..., None],
            ],
            axis=-1,
        )
    return sensitivity[..., None] * worth


# -- Brand switching: a logit choice in which the supplier of the last purchase has an edge ----


def switching_chances(
    value: ArrayLike,
    *,
    switching_cost: ArrayLike,
    price_sensitivity: ArrayLike = 1.0,
    no_purchase: ArrayLike | None = None,
    form: Literal["cost", "bonus"] = "cost",
) -> NDArray[np.float64]:
    """Return choice probabilities by supplier.

    Parameters
    ----------
    value : array_like, shape (..., J)
        Worth of each firm's offer to somebody who need not switch, currency.
    switching_cost : array_like, shape (...)
        What stands between a customer and every rival, currency.
    price_sensitivity : array_like, shape (...)
        Utility per unit of currency.
    no_purchase : array_like, shape (...), optional
        Worth of buying from nobody, currency. Default: there is no such option.
    form : {"cost", "bonus"}
        Whether rivals are worth less by the switching cost, or the supplier more.
        The same without a no-purchase option, different with one.

    Returns
    -------
    ndarray, shape (..., J, J), or (..., J, J + 1) with the no-purchase option last
        Chances; row: the supplier so far, column: the option taken. Rows sum to 1.

    Raises
    ------
    ValueError
        If a number is not finite, a switching cost or price sensitivity is negative, or
        the form is unknown.

    References
    ----------
    Dube, Hitsch & Rossi (2010), State dependence and alternative explanations for
    consumer inertia.

    Examples
    --------
    >>> switching_chances([1.0, 0.7], switching_cost=1.2).round(4)
    array([[0.8176, 0.1824],
           [0.2891, 0.7109]])
    """
    worth = numbers(value, name="value")
    cost = numbers(switching_cost, name="switching_cost", at_least=0)
    if form not in ("cost", "bonus"):
        raise ValueError(f"form: expected 'cost' or 'bonus', found {form!r}")
    if worth.ndim == 0:
        raise ValueError(f"value: expected one number per firm, found shape {worth.shape}")
    own = np.eye(worth.shape[-1])
    edge = own if form == "bonus" else own - 1.0
    return logit_shares(
        worth[..., None, :] + cost[..., None, None] * edge,
        price_sensitivity=np.asarray(price_sensitivity)[..., None],
        no_purchase=None if no_purchase is None else np.asarray(no_purchase)[..., None],
    )


def switching_matrix(
    value: ArrayLike,
    *,
    switching_cost: ArrayLike,
    price_sensitivity: ArrayLike = 1.0,
    no_purchase: ArrayLike | None = None,
    form: Literal["cost", "bonus"] = "cost",
) -> NDArray[np.float64]:
    """Return the transition matrix of suppliers from one occasion to the next.

    As :func:`switching_chances`, but a customer who takes the no-purchase option keeps the
    supplier.

    Parameters
    ----------
    value, switching_cost, price_sensitivity, no_purchase, form
        As for :func:`switching_chances`.

    Returns
    -------
    ndarray, shape (..., J, J)
        Probabilities; row: supplier before, column: supplier after. Rows sum to 1.

    Raises
    ------
    ValueError
        As for :func:`switching_chances`.

    Examples
    --------
    >>> switching_matrix([1.0, 0.7], switching_cost=1.2, no_purchase=0.0).round(4)
    array([[0.8598, 0.1402],
           [0.2136, 0.7864]])
    """
    chances = switching_chances(
        value,
        switching_cost=switching_cost,
        price_sensitivity=price_sensitivity,
        no_purchase=no_purchase,
        form=form,
    )
    if no_purchase is None:
        return chances
    return chances[..., :-1] + chances[..., -1:] * np.eye(chances.shape[-2])


def stationary_shares(matrix: ArrayLike) -> NDArray[np.float64]:
    """Return the shares that a transition matrix leaves as they are.

    Grassmann, Taksar & Heyman's elimination, which never subtracts: shares come out
    exact to rounding however rarely customers switch.

    Parameters
    ----------
    matrix : array_like, shape (..., J, J)
        Chances of moving from row to column. Rows sum to 1, and every state can be
        reached from every other.

    Returns
    -------
    ndarray, shape (..., J)
        Shares, which sum to 1.

    Raises
    ------
    ValueError
        If the matrix is not square, a chance is not in [0, 1], a row does not sum to 1, or
        some states cannot be reached from others, so that shares depend on the start.

    References
    ----------
    Grassmann, Taksar & Heyman (1985), Regenerative analysis and steady state
    distributions for Markov chains.

    Examples
    --------
    >>> stationary_shares([[0.8176, 0.1824], [0.2891, 0.7109]]).round(4)
    array([0.6131, 0.3869])
    """
    chain = numbers(matrix, name="matrix", at_least=0, at_most=1).copy()
    if chain.ndim < 2 or chain.shape[-1] != chain.shape[-2] or chain.shape[-1] == 0:
        raise ValueError(f"matrix: expected as many rows as columns, found shape {chain.shape}")
    sums = chain.sum(axis=-1)
    if (abs(sums - 1.0) > 1e-9).any():
        worst = sums.flat[abs(sums - 1.0).argmax()]
        raise ValueError(f"matrix: expected rows that sum to 1, found one that sums to {worst:g}")
    states = chain.shape[-1]
    for k in range(states - 1, 0, -1):  # watch the chain only while it is in states 0..k-1
        away = chain[..., k, :k].sum(axis=-1)
        into = chain[..., :k, k].sum(axis=-1)
        if (away == 0.0).any() or (into == 0.0).any():
            raise ValueError(
                f"matrix: expected states that can all be reached from each other, found state {k} "
                "cut off"
            )
        chain[..., :k, k] /= away[..., None]
        chain[..., :k, :k] += chain[..., :k, k, None] * chain[..., k, None, :k]
    share = np.ones(chain.shape[:-1])
    for k in range(1, states):
        share[..., k] = (share[..., :k] * chain[..., :k, k]).sum(axis=-1)
    return share / share.sum(axis=-1, keepdims=True)


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
