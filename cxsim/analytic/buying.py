"""Customers of one firm: how long they stay, what they are worth, how often they buy again.

Customers buy by chance and leave by chance, and differ in both. Four models say when:

- ``sbg``: contracts; customers pay in every period until they leave, with beta distributed chances
  (the shifted beta-geometric, Fader & Hardie 2007).
- ``bg-bb``: in periods; each has a chance to leave and a chance to buy, both beta distributed
  (Fader, Hardie & Shang 2010).
- ``bg-nbd``: at any time, at gamma distributed rates; customers leave right after a purchase, with
  beta distributed chances (Fader, Hardie & Lee 2005).
- ``pareto-nbd``: at any time, and customers leave at any time, both at gamma distributed rates
  (Schmittlein, Morrison & Colombo 1987).

A customer's history is its number of purchases after the first one, the time of the last of them
and the time observed, both counted from the first purchase.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.choice import numbers

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


# -- Histories, and how likely they are ---------------------------------------------------------


def _history(
    purchases: ArrayLike, last: ArrayLike, observed: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return histories as arrays of one shape, if they can be.

    Raises
    ------
    ValueError
        If a last purchase comes after the end, or without purchases.
    """
    x, at, n = np.broadcast_arrays(
        *(
            np.atleast_1d(numbers(each, name=name, at_least=0))
            for name, each in (("purchases", purchases), ("last", last), ("observed", observed))
        )
    )
    if ((at > n) | ((x == 0) & (at > 0)) | ((x > 0) & (at == 0))).any():
        raise ValueError("last: expected a time from 0 to the time observed, and 0 for none")
    return x, at, n


def contract_log_likelihood(
    purchases: ArrayLike,
    last: ArrayLike,
    observed: ArrayLike,
    *,
    leave_alpha: float,
    leave_beta: float,
) -> NDArray[np.float64]:
    """Return the log likelihood of contracts under the shifted beta-geometric.

    Parameters
    ----------
    purchases : array_like of int, shape (N,)
        Not used: customers pay in every period.
    last : array_like of int, shape (N,)
        Periods from a customer's first payment to the last.
    observed : array_like of int, shape (N,)
        Periods observed after the first payment; contracts go on where it is ``last``.
    leave_alpha, leave_beta : float
        Of the beta distribution of chances to leave, above 0.

    Returns
    -------
    ndarray, shape (N,)

    Raises
    ------
    ValueError
        If a last payment comes after the end.

    Notes
    -----
    S(n) of those who are there at the end, S(t) - S(t + 1) of those who paid last after t periods,
    with S as in :func:`survival`.

    References
    ----------
    Fader & Hardie (2007), How to project customer retention, Journal of Interactive
    Marketing 21(1).

    Examples
    --------
    >>> found = contract_log_likelihood([1, 1], [1, 3], [3, 3], leave_alpha=1.0, leave_beta=1.0)
    >>> np.exp(found).round(3)
    array([0.167, 0.25 ])
    """
    from scipy.special import betaln

    _, t, n = _history(purchases, last, observed)
    gone = t < n
    a, b = leave_alpha + gone, leave_beta + np.where(gone, t, n)
    return np.asarray(betaln(a, b) - betaln(leave_alpha, leave_beta), dtype=np.float64)


def repeat_log_likelihood(
    purchases: ArrayLike,
    last: ArrayLike,
    observed: ArrayLike,
    *,
    buy_alpha: float,
    buy_beta: float,
    leave_alpha: float,
    leave_beta: float,
) -> NDArray[np.float64]:
    """Return the log likelihood of purchase histories under the beta-geometric/beta-Bernoulli.

    At the beginning of each period a customer leaves for good with a chance of its own; one who
    is there buys with a chance of its own. Both are beta distributed, independently.

    Parameters
    ----------
    purchases : array_like of int, shape (N,)
        Periods with a purchase after the first one, x.
    last : array_like of int, shape (N,)
        Period of the last of them, counted from the first purchase; 0 for none.
    observed : array_like of int, shape (N,)
        Periods observed after the first purchase, n.
    buy_alpha, buy_beta, leave_alpha, leave_beta : float
        Above 0.

    Returns
    -------
    ndarray, shape (N,)

    Raises
    ------
    ValueError
        If x > last, last > n, or a purchase lacks its period.

    Notes
    -----
    With A(m) = B(a + x, b + m - x) / B(a, b), the mean chance of one order of x purchases in m
    periods, L = A(n) B(c, d + n) / B(c, d) + sum over m from last to n - 1 of
    A(m) B(c + 1, d + m) / B(c, d): alive to the end, or left after m periods. The sums for all
    customers are read from one table of cumulated terms by x and m.

    References
    ----------
    Fader, Hardie & Shang (2010), Customer-base analysis in a discrete-time noncontractual
    setting, Marketing Science 29(6), equation 7.

    Examples
    --------
    >>> alike = {"buy_alpha": 1.0, "buy_beta": 1.0, "leave_alpha": 1.0, "leave_beta": 1.0}
    >>> np.exp(repeat_log_likelihood([0, 1], [0, 1], [1, 1], **alike)).round(3)
    array([0.75, 0.25])
    """
    from scipy.special import betaln

    x, at, n = (each.astype(int) for each in _history(purchases, last, observed))
    if (x > at).any():
        raise ValueError("last: expected purchases <= last <= periods, and 0 for none")
    most = int(n.max(initial=0))
    count, m = np.arange(int(x.max(initial=0)) + 1)[:, None], np.arange(most + 1)
    missed = np.maximum(m - count, 0)
    order = betaln(buy_alpha + count, buy_beta + missed) - betaln(buy_alpha, buy_beta)
    whole = betaln(leave_alpha, leave_beta)
    left = np.exp(order + betaln(leave_alpha + 1, leave_beta + m) - whole)
    left[m < count] = 0.0
    after = np.zeros((len(count), most + 2))  # terms from m on, summed from the small end
    after[:, :-1] = np.cumsum(left[:, ::-1], axis=1)[:, ::-1]
    alive = np.exp(order[x, n] + betaln(leave_alpha, leave_beta + n) - whole)
    return np.asarray(np.log(alive + after[x, at] - after[x, n]), dtype=np.float64)


def bg_nbd_log_likelihood(
    purchases: ArrayLike,
    last: ArrayLike,
    observed: ArrayLike,
    *,
    r: float,
    alpha: float,
    a: float,
    b: float,
) -> NDArray[np.float64]:
    """Return the log likelihood of purchase histories under the BG/NBD.

    Customers buy at rates drawn from Gamma(r, rate alpha) and leave after each purchase with a
    chance drawn from Beta(a, b).

    Parameters
    ----------
    purchases : array_like of int, shape (N,)
        After the first one, x.
    last, observed : array_like, shape (N,)
        Times of the last of them, t, and of the end, T, since the first purchase.
    r, alpha, a, b : float
        Above 0; alpha in the unit of time.

    Returns
    -------
    ndarray, shape (N,)

    Raises
    ------
    ValueError
        If t > T, or a purchase lacks its time.

    Notes
    -----
    L = G(r + x) alpha^r / G(r) [B(a, b + x) / B(a, b) (alpha + T)^-(r + x)
    + 1{x > 0} B(a + 1, b + x - 1) / B(a, b) (alpha + t)^-(r + x)].

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2),
    equation 6.

    Examples
    --------
    >>> published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> bg_nbd_log_likelihood([2, 1], [30.43, 1.71], [38.86, 38.86], **published).round(3)
    array([-9.459, -4.469])
    """
    from scipy.special import betaln, gammaln

    x, t, end = _history(purchases, last, observed)
    stays = betaln(a, b + x) - (r + x) * np.log(alpha + end)
    some = np.maximum(x, 1.0)
    gone = betaln(a + 1.0, b + some - 1.0) - (r + x) * np.log(alpha + t)
    scale = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    return np.asarray(scale + np.logaddexp(stays, np.where(x > 0, gone, -inf)), dtype=np.float64)


def pareto_nbd_log_likelihood(
    purchases: ArrayLike,
    last: ArrayLike,
    observed: ArrayLike,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
) -> NDArray[np.float64]:
    """Return the log likelihood of purchase histories under the Pareto/NBD.

    Customers buy at rates drawn from Gamma(r, rate alpha) and leave, at any time, at rates drawn
    from Gamma(s, rate beta).

    Parameters
    ----------
    purchases, last, observed : array_like, shape (N,)
        As for :func:`bg_nbd_log_likelihood`.
    r, alpha, s, beta : float
        Above 0; alpha and beta in the unit of time.

    Returns
    -------
    ndarray, shape (N,)

    Raises
    ------
    ValueError
        As for :func:`bg_nbd_log_likelihood`.

    Notes
    -----
    L = G(r + x) alpha^r beta^s / G(r) [(alpha + T)^-(r + x) (beta + T)^-s + s (I(t) - I(T))]: there
    to the end, or left at a time between, with I(t) the integral from t on of
    (alpha + u)^-(r + x) (beta + u)^-(s + 1). In Euler's form, in which no term is large,

        I(t) = (alpha + t)^-(r + x) (beta + t)^-s / (r + s + x) h(t),

    h(t) = 2F1(r + x, 1; r + s + x + 1; (alpha - beta) / (alpha + t)) where alpha >= beta, and
    (alpha + t) / (beta + t) 2F1(s + 1, 1; r + s + x + 1; (beta - alpha) / (beta + t)) elsewhere.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Counting your customers, Management Science 33(1);
    Fader & Hardie (2005), A note on deriving the Pareto/NBD model.

    Examples
    --------
    >>> published = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    >>> pareto_nbd_log_likelihood([2, 1], [30.43, 1.71], [38.86, 38.86], **published).round(3)
    array([-9.554, -4.45 ])
    """
    from scipy.special import gammaln

    x, t, end = _history(purchases, last, observed)
    stays, gone = _pareto_parts(x, t, end, r, alpha, s, beta)
    scale = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return np.asarray(scale + np.logaddexp(stays, gone), dtype=np.float64)


def _pareto_parts(
    x: NDArray[np.float64],
    t: NDArray[np.float64],
    end: NDArray[np.float64],
    r: float,
    alpha: float,
    s: float,
    beta: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return logs of the two terms of the Pareto/NBD: there to the end, and left before."""
    from scipy.special import hyp2f1

    def tail(u: NDArray[np.float64]) -> Any:
        total = r + s + x
        if alpha >= beta:
            rest = hyp2f1(r + x, 1.0, total + 1.0, (alpha - beta) / (alpha + u))
        else:
            rest = hyp2f1(s + 1.0, 1.0, total + 1.0, (beta - alpha) / (beta + u))
            rest = rest * (alpha + u) / (beta + u)
        return np.log(rest / total) - (r + x) * np.log(alpha + u) - s * np.log(beta + u)

    early, late = tail(t), tail(end)
    with np.errstate(divide="ignore"):
        between = early + np.log(-np.expm1(np.minimum(late - early, 0.0)))
    stays = -(r + x) * np.log(alpha + end) - s * np.log(beta + end)
    return stays, np.log(s) + between


# -- What the models predict --------------------------------------------------------------------


def expected_purchases(
    model: str, time: ArrayLike, parameters: dict[str, float]
) -> NDArray[np.float64]:
    """Return a new customer's expected purchases within a time after the first one.

    Parameters
    ----------
    model : {"sbg", "bg-bb", "bg-nbd", "pareto-nbd"}
    time : array_like
        Whole periods for ``sbg`` and ``bg-bb``.
    parameters : dict of str to float
        By the names in :data:`PURCHASE_MODELS`.

    Returns
    -------
    ndarray
        Of the shape of ``time``.

    Raises
    ------
    ValueError
        If a number is not finite or negative.

    Notes
    -----
    The mean rate times the mean time there: E p sum_k S(k) for ``bg-bb``, with p = 1 ``sbg``;
    r / alpha times the integral of S for ``pareto-nbd``, where buying and leaving are
    independent; for ``bg-nbd`` equation 9 of Fader, Hardie & Lee (2005).

    Examples
    --------
    >>> alike = {"buy_alpha": 1.0, "buy_beta": 1.0, "leave_alpha": 1.0, "leave_beta": 1.0}
    >>> expected_purchases("bg-bb", [0, 1, 2], alike).round(3)
    array([0.   , 0.25 , 0.417])
    """
    from scipy.special import exprel, hyp2f1

    t, p = numbers(time, name="time", at_least=0), parameters
    if model in _IN_PERIODS:
        k = t.astype(int)
        stays = still_there(model, np.arange(1, k.max(initial=0) + 1), p)
        made = np.concatenate([[0.0], np.cumsum(stays)])[k] * _mean_rate(model, p)
    elif model == "bg-nbd":
        r, alpha, a, b = p["r"], p["alpha"], p["a"], p["b"]
        a += 1e-9 * (a == 1.0)  # a removable singularity
        total = a + b - 1.0
        rest = hyp2f1(r, b, total, t / (alpha + t)) * (alpha / (alpha + t)) ** r
        made = total / (a - 1.0) * (1.0 - rest)
    else:
        grown = np.log1p(t / p["beta"])
        made = p["r"] * p["beta"] / p["alpha"] * grown * exprel((1.0 - p["s"]) * grown)
    return np.asarray(made, dtype=np.float64)


def still_there(model: str, time: ArrayLike, parameters: dict[str, float]) -> NDArray[np.float64]:
    """Return the share of new customers still there after a time, S(t).

    Parameters
    ----------
    model, time, parameters
        As for :func:`expected_purchases`.

    Returns
    -------
    ndarray
        Shares, of the shape of ``time``.

    Notes
    -----
    :func:`survival` for ``sbg`` and ``bg-bb``, (beta / (beta + t))^s for ``pareto-nbd``, and for
    ``bg-nbd`` the mean of exp(-rate p t), 2F1(r, a; a + b; -t / alpha).

    Examples
    --------
    >>> published = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    >>> still_there("pareto-nbd", [0, 39], published).round(3)
    array([1.   , 0.411])
    """
    from scipy.special import hyp2f1

    t, p = numbers(time, name="time", at_least=0), parameters
    if model in _IN_PERIODS:
        return survival(t, alpha=p["leave_alpha"], beta=p["leave_beta"])
    if model == "pareto-nbd":
        return np.asarray(np.exp(-p["s"] * np.log1p(t / p["beta"])), dtype=np.float64)
    r, alpha, a, b = p["r"], p["alpha"], p["a"], p["b"]  # Pfaff's form, for arguments below 1
    rest = hyp2f1(r, b, a + b, t / (alpha + t))
    return np.asarray(rest * (alpha / (alpha + t)) ** r, dtype=np.float64)


def chance_alive(
    model: str,
    purchases: ArrayLike,
    last: ArrayLike,
    observed: ArrayLike,
    parameters: dict[str, float],
) -> NDArray[np.float64]:
    """Return the chance that customers with these histories are still there at the end.

    Parameters
    ----------
    model : {"sbg", "bg-bb", "bg-nbd", "pareto-nbd"}
    purchases, last, observed : array_like, shape (N,)
        As for the log likelihoods.
    parameters : dict of str to float

    Returns
    -------
    ndarray, shape (N,)

    Raises
    ------
    ValueError
        If a history cannot be.

    Examples
    --------
    >>> published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> chance_alive("bg-nbd", [2, 0], [30.43, 0.0], [38.86, 38.86], published).round(3)
    array([0.727, 1.   ])
    """
    from scipy.special import betaln

    x, t, end = _history(purchases, last, observed)
    p = parameters
    if model == "sbg":
        return np.asarray(t == end, dtype=np.float64)
    if model == "bg-bb":
        a, b, c, d = (p[name] for name in PURCHASE_MODELS[model].names)
        stays = betaln(a + x, b + end - x) - betaln(a, b) + betaln(c, d + end) - betaln(c, d)
        return np.asarray(np.exp(stays - repeat_log_likelihood(x, t, end, **p)), dtype=np.float64)
    if model == "bg-nbd":
        r, alpha, a, b = p["r"], p["alpha"], p["a"], p["b"]
        odds = a / (b + np.maximum(x, 1.0) - 1.0) * ((alpha + end) / (alpha + t)) ** (r + x)
        return np.asarray(1.0 / (1.0 + np.where(x > 0, odds, 0.0)), dtype=np.float64)
    stays, gone = _pareto_parts(x, t, end, p["r"], p["alpha"], p["s"], p["beta"])
    return np.asarray(1.0 / (1.0 + np.exp(gone - stays)), dtype=np.float64)


def _mean_rate(model: str, p: dict[str, float]) -> float:
    """Return the mean number of purchases per unit of time of customers who are there."""
    if model == "sbg":
        return 1.0
    if model == "bg-bb":
        return p["buy_alpha"] / (p["buy_alpha"] + p["buy_beta"])
    return p["r"] / p["alpha"]


# -- Maximum likelihood -------------------------------------------------------------------------


class PurchaseModel(NamedTuple):
    """A model of purchase histories.

    Parameters
    ----------
    names : tuple of str
        Of its parameters, all above 0.
    times : tuple of str
        Those that are in units of time.
    log_likelihood : callable
    text : str
        What it says, for tables.
    """

    names: tuple[str, ...]
    times: tuple[str, ...]
    log_likelihood: Callable[..., NDArray[np.float64]]
    text: str


#: Models by the name that the command line has for them.
PURCHASE_MODELS = {
    "sbg": PurchaseModel(
        ("leave_alpha", "leave_beta"), (), contract_log_likelihood,
        "sBG: customers pay in every period until they leave",
    ),
    "bg-bb": PurchaseModel(
        ("buy_alpha", "buy_beta", "leave_alpha", "leave_beta"), (), repeat_log_likelihood,
        "BG/BB: customers buy and leave in periods",
    ),
    "bg-nbd": PurchaseModel(
        ("r", "alpha", "a", "b"), ("alpha",), bg_nbd_log_likelihood,
        "BG/NBD: customers buy at any time and leave after a purchase",
    ),
    "pareto-nbd": PurchaseModel(
        ("r", "alpha", "s", "beta"), ("alpha", "beta"), pareto_nbd_log_likelihood,
        "Pareto/NBD: customers buy and leave at any time",
    ),
}  # fmt: skip

#: Models whose time is counted in whole periods.
_IN_PERIODS = ("sbg", "bg-bb")

#: Parameters to start from, in units of time of which the mean customer is observed for 40.
_STARTS = {
    "sbg": (1.0, 5.0),
    "bg-bb": (0.5, 1.5, 0.5, 5.0),
    "bg-nbd": (0.5, 5.0, 0.8, 2.5),
    "pareto-nbd": (0.5, 10.0, 0.6, 12.0),
}


class PurchaseFit(NamedTuple):
    """The parameters that make purchase histories likeliest.

    Parameters
    ----------
    model : {"sbg", "bg-bb", "bg-nbd", "pareto-nbd"}
    values : dict of str to float
        Parameters by name.
    covariance : ndarray, shape (P, P)
        Of the logs of the parameters; NaN where the likelihood has no peak.
    log_likelihood : float
    customers : int
    """

    model: str
    values: dict[str, float]
    covariance: NDArray[np.float64]
    log_likelihood: float
    customers: int

    @property
    def errors(self) -> dict[str, float]:
        """Standard errors of the logs of the parameters, by name: about those in per cent."""
        return dict(zip(self.values, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    def standard_error(self, function: Callable[[dict[str, float]], float]) -> float:
        """Return the standard error of a function of the parameters, by the delta method.

        Parameters
        ----------
        function : callable
            Of a dict like ``values``; returns a number.
        """
        slopes = []
        for name, value in self.values.items():
            high, low = (
                function(self.values | {name: value * factor})
                for factor in (np.exp(1e-4), np.exp(-1e-4))
            )
            slopes.append((high - low) / 2e-4)
        variance = float(np.array(slopes) @ self.covariance @ np.array(slopes))
        return float(np.sqrt(variance)) if variance >= 0.0 else float("nan")

    def rate(self) -> tuple[float, float]:
        """Return mean purchases per unit of time of customers who are there, with the error."""
        return _mean_rate(self.model, self.values), self.standard_error(
            lambda p: _mean_rate(self.model, p)
        )

    def leaving(self, time: float = 1.0) -> tuple[float, float]:
        """Return the share of new customers who leave within a time, with the standard error.

        Parameters
        ----------
        time : float
        """

        def lost(p: dict[str, float]) -> float:
            return 1.0 - float(still_there(self.model, time, p))

        return lost(self.values), self.standard_error(lost)


def fit_purchases(
    model: str, purchases: ArrayLike, last: ArrayLike, observed: ArrayLike
) -> PurchaseFit:
    """Fit a model to purchase histories by maximum likelihood.

    Parameters
    ----------
    model : {"sbg", "bg-bb", "bg-nbd", "pareto-nbd"}
    purchases, last, observed : array_like, shape (N,)
        As for the log likelihoods; whole numbers of periods for ``bg-bb``.

    Returns
    -------
    PurchaseFit

    Raises
    ------
    ValueError
        If the model is unknown, a history cannot be, or nobody, or everybody in all periods,
        buys again.

    Notes
    -----
    L-BFGS on the logs of the parameters; their covariance is the inverse of the numerical
    Hessian. Histories that are alike are computed once.

    Examples
    --------
    >>> fit = fit_purchases("bg-bb", [0, 0, 1, 2, 3, 3], [0, 0, 2, 3, 3, 3], [4, 4, 4, 4, 4, 4])
    >>> fit.customers, 0.3 < fit.rate()[0] < 0.9
    (6, True)
    """
    from scipy.optimize import minimize

    if model not in PURCHASE_MODELS:
        raise ValueError(f"model: expected one of {', '.join(PURCHASE_MODELS)}, found {model!r}")
    known = PURCHASE_MODELS[model]
    x, at, n = _history(purchases, last, observed)
    if model == "sbg" and not ((at < n).any() and (at > 0).any()):
        raise ValueError("last: expected some customers who leave and some who stay")
    if not x.sum() or (model == "bg-bb" and x.sum() == n.sum()):
        raise ValueError("purchases: expected some periods with a purchase and some without")
    # Times in units in which the mean customer is observed for 40.
    unit = 1.0 if model in _IN_PERIODS else float(n.mean()) / 40.0
    cells, weight = np.unique(np.stack([x, at / unit, n / unit]), axis=1, return_counts=True)

    def loss(logs: NDArray[np.float64]) -> float:
        values = np.exp(np.clip(logs, -12.0, 12.0))
        each = known.log_likelihood(*cells, **dict(zip(known.names, values, strict=True)))
        total = float(weight @ each) / weight.sum()
        return -total if np.isfinite(total) else 1e6

    found = minimize(loss, np.log(_STARTS[model]), method="L-BFGS-B",
                     options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500})  # fmt: skip
    step = 1e-3 * np.eye(len(known.names))
    curved = np.array(
        [[loss(found.x + u + v) - loss(found.x + u - v) - loss(found.x - u + v)
          + loss(found.x - u - v) for v in step] for u in step]
    ) / 4e-6  # fmt: skip
    roots = np.linalg.eigvalsh(curved)
    spread = np.full_like(curved, np.nan)
    if roots[0] > 1e-9 * roots[-1]:
        spread = np.linalg.inv(curved * weight.sum())
    scale = np.array([unit if name in known.times else 1.0 for name in known.names])
    values = dict(zip(known.names, (np.exp(found.x) * scale).tolist(), strict=True))
    # Densities of times are per unit of time: each purchase has one.
    log_likelihood = -loss(found.x) * weight.sum() - float(x.sum()) * np.log(unit)
    return PurchaseFit(model, values, spread, float(log_likelihood), len(x))
