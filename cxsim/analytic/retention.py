"""How long customers stay who differ in their chance to leave: the shifted beta-geometric."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers

__all__ = ["SurvivalFit", "fit_survival", "survival"]


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
        Shares; 1 at t = 0.

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
