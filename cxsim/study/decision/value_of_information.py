"""What it would be worth to know, before deciding, what is uncertain now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.study.analysis.ranking import cube_of

__all__ = ["EVERYTHING", "switches", "value_of_information"]

#: What the row is called that is about knowing all factors.
EVERYTHING = "everything"

#: Parts of the points: each is decided on by what the others show.
FOLDS = 10

#: A factor with so few values is known by its values, not by a curve.
FEW = 5

Array = NDArray[np.float64]


def value_of_information(
    frame: pd.DataFrame,
    factors: Sequence[str],
    options: Sequence[str],
    *,
    output: str,
    confidence: float = 0.95,
    resamples: int = 2000,
    rng: int = 0,
) -> pd.DataFrame:
    """Return what knowing each factor, or everything, would add to an output before deciding.

    Parameters
    ----------
    frame : DataFrame
        One row per run: ``point``, ``strategy``, ``seed``, the factors and outputs; every
        option at every point and seed. Points are draws of what is uncertain.
    factors : sequence of str
    options : sequence of str
        Strategies to choose from.
    output : str
        More of it is better.
    confidence : float
    resamples : int
        Bootstrap samples of points behind the intervals.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    DataFrame
        ``factor``, ``value``, ``lower``, ``upper``, ``share`` (of the value of knowing
        everything), the most valuable first; the row ``"everything"`` on top.

    Raises
    ------
    ValueError
        If a column is missing, or no point has all options.

    Notes
    -----
    The expected value of perfect information is the mean over points of the best option's
    output there, less the best option's mean (Raiffa & Schlaifer 1961). That of one factor is
    the same with outputs averaged over all else given the factor; the averages are regressions
    of the options' advantages on the factor, as in Strong, Oakley & Brennan (2014): a cubic
    (a line under 30 points), or means by value where it has few values.

    Choosing by numbers that hold chance makes knowledge look more valuable than it is. So each
    choice is made on other runs than it is valued on: at a point by the other seeds, along a
    factor by a regression on other points (ten folds). What is left is a little too low, never
    the value of knowing the dice. With one seed the first cannot be done: then the value of
    knowing everything holds the luck of the seed.

    References
    ----------
    Raiffa & Schlaifer (1961), Applied statistical decision theory; Strong, Oakley & Brennan
    (2014), Estimating multiparameter partial expected value of perfect information from a
    probabilistic sensitivity analysis sample, Medical Decision Making 34 (3).
    """
    values, _ = cube_of(frame, list(options), output)
    places = _factors_at(frame, factors, options, output)
    mean = values.mean(axis=2)
    best = int(mean.mean(axis=1).argmax())
    gains = {EVERYTHING: _gain_of_everything(values, best)}
    for name in factors:
        gains[name] = _gain_of_one(places[name].to_numpy(float), mean, best, rng)
    draw = np.random.default_rng(rng)
    count = mean.shape[1]
    picks = draw.integers(count, size=(resamples, count))
    tail = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    rows = []
    for name, gain in gains.items():
        low, high = np.quantile(gain[picks].mean(axis=1), tail)
        rows.append((name, max(0.0, float(gain.mean())), max(0.0, low), max(0.0, high)))
    result = pd.DataFrame(rows, columns=["factor", "value", "lower", "upper"])
    total = result["value"].iloc[0]
    result["share"] = result["value"] / total if total > 0 else np.nan
    rest = result.iloc[1:].sort_values("value", ascending=False, kind="stable")
    return pd.concat([result.iloc[:1], rest], ignore_index=True)


def switches(
    frame: pd.DataFrame,
    factors: Sequence[str],
    options: Sequence[str],
    *,
    output: str,
    steps: int = 200,
) -> pd.DataFrame:
    """Return at which values of a factor, known alone, another option would be the best.

    Parameters
    ----------
    frame, factors, options, output
        As in :func:`value_of_information`.
    steps : int
        Places looked at along each factor's range.

    Returns
    -------
    DataFrame
        ``factor``, ``at``, ``below`` and ``above``: the best option on either side, by the
        regressions that the value of information rests on; no row where one option is best
        throughout.
    """
    values, _ = cube_of(frame, list(options), output)
    places, mean = _factors_at(frame, factors, options, output), values.mean(axis=2)
    rows: list[dict[str, Any]] = []
    for name in factors:
        x = places[name].to_numpy(float)
        grid = np.unique(x) if _is_few(x) else np.linspace(x.min(), x.max(), steps)
        chosen = _predict(x, mean, grid).argmax(axis=0)
        rows.extend(
            {
                "factor": name,
                "at": float(grid[k] + grid[k + 1]) / 2,
                "below": options[chosen[k]],
                "above": options[chosen[k + 1]],
            }
            for k in np.flatnonzero(np.diff(chosen))
        )
    return pd.DataFrame(rows, columns=["factor", "at", "below", "above"])


def _factors_at(
    frame: pd.DataFrame, factors: Sequence[str], options: Sequence[str], output: str
) -> pd.DataFrame:
    """Return the factors at the points that have every option and seed, in order."""
    wide = frame.pivot(index="point", columns=["strategy", "seed"], values=output).astype(float)
    wide = wide[list(options)]
    whole = wide.index[np.isfinite(wide.to_numpy()).all(axis=1)].sort_values()
    return frame.drop_duplicates("point").set_index("point").loc[whole, list(factors)]


def _gain_of_everything(values: Array, best: int) -> Array:
    """Return, by point, how much more the best option there gives than the best on average."""
    seeds = values.shape[2]
    if seeds == 1:
        return np.asarray(values[..., 0].max(axis=0) - values[best, :, 0])
    total = values.sum(axis=2)
    points = np.arange(values.shape[1])
    gains = [
        values[(total - values[:, :, s]).argmax(axis=0), points, s] - values[best, :, s]
        for s in range(seeds)
    ]
    return np.asarray(np.mean(gains, axis=0))


def _gain_of_one(x: Array, mean: Array, best: int, rng: int) -> Array:
    """Return, by point, what choosing by one factor adds; each point by the others' curve."""
    count = len(x)
    order = np.random.default_rng(rng).permutation(count)
    gain = np.zeros(count)
    for fold in range(min(FOLDS, count)):
        out = order[fold::FOLDS]
        rest = np.setdiff1d(order, out)
        chosen = _predict(x[rest], mean[:, rest], x[out]).argmax(axis=0)
        gain[out] = mean[chosen, out] - mean[best, out]
    return gain


def _is_few(x: Array) -> bool:
    return len(np.unique(x)) <= FEW


def _predict(x: Array, mean: Array, at: Array) -> Array:
    """Return each option's mean given the factor, (options, places), by least squares."""
    if _is_few(x):
        levels = np.unique(x)
        means = np.stack([mean[:, x == level].mean(axis=1) for level in levels], axis=1)
        return np.asarray(means[:, np.abs(at[:, None] - levels).argmin(axis=1)])
    low, span = x.min(), np.ptp(x)
    degree = 3 if len(x) >= 30 else 1
    basis = np.polynomial.legendre.legvander(2 * (x - low) / span - 1, degree)
    there = np.clip(2 * (at - low) / span - 1, -1, 1)
    # Only differences between options decide; what moves all of them alike is left out.
    known, *_ = np.linalg.lstsq(basis, (mean - mean.mean(axis=0)).T, rcond=None)
    return np.asarray((np.polynomial.legendre.legvander(there, degree) @ known).T)
