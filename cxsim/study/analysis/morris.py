"""Morris screening: which factors matter at all, from few runs."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.study.analysis.finding import Finding, amount
from cxsim.study.analysis.optional import needed
from cxsim.study.analysis.points import Points, names_of, points_of, whole_blocks

__all__ = ["morris"]


def morris(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    levels: int = 4,
    confidence: float = 0.95,
    resamples: int = 1000,
    rng: int = 0,
) -> Finding:
    """Return Morris's measures of elementary effects.

    Parameters
    ----------
    frame : DataFrame
        One row per run of a Morris design (``SALib.sample.morris``), points in its order.
    problem : mapping
        ``names`` of the factors, in the order of the design.
    output : str
    levels : int
        Levels of the design.
    confidence : float
    resamples : int
        Bootstrap samples behind the intervals.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    Finding
        Frame with ``factor``, ``mu`` (mean effect of the factor over its whole range), ``mu_star``
        (mean of its size), ``lower`` and ``upper`` of ``mu_star``, and ``sigma`` (how much the
        effect varies: by bends or interactions). ``facts["noise"]`` is the noise floor: the
        ``mu_star`` of a factor that does nothing, from the seeds alone. NaN with one seed.

    Raises
    ------
    ValueError
        If the points are no Morris design, or too many are missing.

    References
    ----------
    Morris (1991), Factorial sampling plans for preliminary computational experiments;
    Campolongo, Cariboni & Saltelli (2007).
    """
    salib = needed("SALib.analyze.morris", by="morris")
    names = names_of(problem)
    points = points_of(frame, factors=names, output=output)
    place, mean = _trajectories(points, len(names))
    found = salib.analyze(
        {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)},
        place,
        mean,
        num_levels=levels,
        num_resamples=resamples,
        conf_level=confidence,
        seed=rng,
    )
    # An effect is a difference of two means over a step; the mean size of a normal variate.
    step = levels / (2.0 * (levels - 1))
    noise = sqrt(2.0 * points.noise) / step * sqrt(2.0 / pi)
    star, half = np.asarray(found["mu_star"], float), np.asarray(found["mu_star_conf"], float)
    result = pd.DataFrame(
        {
            "factor": names,
            "mu": np.asarray(found["mu"], float),
            "mu_star": star,
            "lower": star - half,
            "upper": star + half,
            "sigma": np.asarray(found["sigma"], float),
        }
    ).sort_values("mu_star", ascending=False, ignore_index=True)
    facts = {"noise": noise, "points": points.said(), "confidence": confidence}
    return Finding("morris", output, result, _sentence(output, result, facts), facts)


def _trajectories(points: Points, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return factors and means of whole trajectories, in order."""
    size = width + 1
    walks = whole_blocks(points, points.factors.to_numpy(dtype=np.float64), size)
    moved = np.diff(walks, axis=1) != 0.0
    if not len(walks) or not ((moved.sum(axis=2) == 1).all() and (moved.sum(axis=1) == 1).all()):
        raise ValueError(
            f"runs: expected a Morris design (trajectories of {size} points for {width} factors, "
            f"each step moving one), found {len(points.number)} points of another"
        )
    if len(walks) < 2:
        raise ValueError("runs: expected two whole trajectories, found one")
    return walks.reshape(-1, width), whole_blocks(points, points.mean[:, None], size).ravel()


def _sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    top, noise = frame.iloc[0], facts["noise"]
    if np.isnan(noise):
        above = "with one seed nothing tells effects from noise"
    else:
        quiet = frame.loc[frame["upper"] <= noise, "factor"]
        above = (
            f"{len(quiet)} of {len(frame)} factors do no more than noise would ({amount(noise)})"
            if len(quiet)
            else f"all do more than noise would ({amount(noise)})"
        )
    return (
        f"{output} moves most with {top['factor']}: by {amount(top['mu_star'])} over its range "
        f"({amount(top['lower'])} to {amount(top['upper'])}); {above} ({facts['points']})."
    )
