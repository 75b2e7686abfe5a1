"""Means, standard errors and intervals over seeds."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

# -- Means, standard errors and intervals over seeds -------------------------------------------


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and Monte-Carlo standard error over the first axis; no error from one value.

    Parameters
    ----------
    values : ndarray, shape (n, ...)
        Independent values along the first axis.

    Returns
    -------
    mean, error : ndarray, shape (...)
        In the unit of the values; the error is NaN for one value.
    """
    n = len(values)
    mean = values.mean(axis=0)
    if n < 2:
        return mean, np.full_like(mean, np.nan)
    return mean, values.std(axis=0, ddof=1) / np.sqrt(n)


def half_width(error: np.ndarray, n: int, confidence: float) -> np.ndarray:
    """Return half the width of Student's confidence interval of a mean of n values.

    Parameters
    ----------
    error : ndarray
        Standard errors of means.
    n : int
        Values behind each mean.
    confidence : float
        Share of repetitions in which the interval covers the true mean.

    Returns
    -------
    ndarray
        Of the shape and unit of ``error``.
    """
    if n < 2:
        return np.full_like(np.asarray(error, float), np.nan)
    return error * stdtrit(n - 1, 0.5 + confidence / 2)


def student(error: np.ndarray, freedom: np.ndarray, confidence: float) -> np.ndarray:
    """Return half the width of Student's interval by its degrees of freedom.

    Parameters
    ----------
    error : ndarray
        Standard errors.
    freedom : ndarray
        Degrees of freedom, of the shape of ``error``.
    confidence : float
        Share of repetitions in which the interval covers the true value.

    Returns
    -------
    ndarray
        Of the shape and unit of ``error``.
    """
    return error * stdtrit(freedom, 0.5 + confidence / 2)


def paired(a: np.ndarray, b: np.ndarray, confidence: float) -> dict[str, np.ndarray]:
    """Compare paired values over the first axis.

    Parameters
    ----------
    a, b : ndarray, shape (n, ...)
        Values of the same seeds, in one unit.
    confidence : float
        Share of repetitions in which the interval covers the true difference.

    Returns
    -------
    dict of str to ndarray, shape (...)
        ``difference`` (b - a), ``se``, ``lower``, ``upper``, and ``width_ratio``: how many
        times wider the interval would be had the seeds not been paired; NaN where
        the paired difference does not vary at all.
    """
    difference, error = mean_and_error(b - a)
    _, error_a = mean_and_error(a)
    _, error_b = mean_and_error(b)
    apart = np.sqrt(error_a**2 + error_b**2)
    width_ratio = np.full_like(difference, np.nan)
    np.divide(apart, error, out=width_ratio, where=error > 0)
    half = half_width(error, len(a), confidence)
    return {
        "difference": difference,
        "se": error,
        "lower": difference - half,
        "upper": difference + half,
        "width_ratio": width_ratio,
    }


def over_draws(values: np.ndarray, confidence: float) -> dict[str, np.ndarray]:
    """Separate chance from uncertain parameters, for draws of parameters by the same seeds.

    Parameters
    ----------
    values : ndarray, shape (D, S, ...)
        Draws along the first axis, two or more; seeds, the same for each draw, along the second,
        two or more.
    confidence : float
        Share of repetitions in which the interval covers the value at the true parameters.

    Returns
    -------
    dict of str to ndarray, shape (...)
        ``mean``, over draws and seeds. ``se``, its Monte-Carlo standard error, which further
        seeds and draws reduce. ``estimate_sd``, the standard deviation between draws that chance
        does not explain, which they do not reduce: the uncertainty of the estimates. ``lower``
        and ``upper``, with both. ``share_of_draws``, the share of draws whose mean over seeds has
        the sign of the mean.

    Notes
    -----
    With v = mean + a_draw + b_seed + e, analysis of variance estimates var(a) as the variance of
    the means by draw less that of e over the seeds, or zero (Searle, Casella & McCulloch 1992,
    section 4.3). The interval is Student's; Satterthwaite (1946) gives its degrees of freedom.
    """
    count, seeds = values.shape[:2]
    mean = values.mean(axis=(0, 1))
    by_draw, by_seed = values.mean(axis=1), values.mean(axis=0)
    rest = values - by_draw[:, None] - by_seed[None] + mean
    noise = (rest**2).sum(axis=(0, 1)) / ((count - 1) * (seeds - 1))
    between = np.maximum(by_draw.var(axis=0, ddof=1) - noise / seeds, 0.0)
    chance = by_seed.var(axis=0, ddof=1) / seeds
    error = chance + between / count
    total = error + between
    parts = (between * (1.0 + 1.0 / count)) ** 2 / (count - 1) + chance**2 / (seeds - 1)
    freedom = np.full_like(mean, count - 1.0)
    np.divide(total**2, parts, out=freedom, where=parts > 0)
    half = student(np.sqrt(total), freedom, confidence)
    return {
        "mean": mean,
        "se": np.sqrt(error),
        "estimate_sd": np.sqrt(between),
        "lower": mean - half,
        "upper": mean + half,
        "share_of_draws": (np.sign(by_draw) == np.sign(mean)).mean(axis=0),
    }


# -- Intervals of shares -----------------------------------------------------------------------


def wilson(hits: int, count: int, confidence: float) -> tuple[float, float]:
    """Return Wilson's (1927) interval of a share; 0 to 1 of nothing.

    Parameters
    ----------
    hits, count : int
    confidence : float
        Share of repetitions in which the interval covers the true share.

    Returns
    -------
    low, high : float
        Shares.
    """
    from scipy.special import ndtri

    if count == 0:
        return 0.0, 1.0
    z, p = float(ndtri(0.5 + confidence / 2.0)), hits / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
