"""Main effects and pairwise interactions: a linear model of the factors."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.study.analysis.finding import Finding, amount
from cxsim.study.analysis.points import names_of, points_of
from cxsim.study.statistics import student

__all__ = ["main_effects"]


def main_effects(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    interactions: bool = True,
    confidence: float = 0.95,
) -> Finding:
    """Return how an output changes with each factor, and with pairs of them.

    Parameters
    ----------
    frame : DataFrame
        One row per run; any design.
    problem : mapping
        ``names`` of the factors.
    output : str
    interactions : bool
        Whether pairs are looked at; left out anyway where there are too few points.
    confidence : float

    Returns
    -------
    Finding
        Frame with ``kind`` (main, interaction), ``factor``, ``other``, ``effect``, ``se``,
        ``lower``, ``upper``. A main effect is the change of the output from the lowest to the
        highest value of the factor that was run, the others at the middle of their ranges.
        An interaction is half of how much that change grows from the lowest to the
        highest value of the other factor. ``facts``: ``explained``, the share of the variance
        between points that the model accounts for: where it is low, effects are averages
        over a response that bends.

    Raises
    ------
    ValueError
        If a column is missing, a factor does not vary, or there are fewer points than effects.

    Notes
    -----
    Least squares on factors coded from -1 to 1. Errors are clustered by point (whatever the
    model misses there) and by seed (what a seed does at all points), added as in Cameron,
    Gelbach & Miller (2011), with Welch and Satterthwaite's degrees of freedom.

    References
    ----------
    Box, Hunter & Hunter (2005), Statistics for experimenters; Cameron, Gelbach & Miller (2011),
    Robust inference with multiway clustering.
    """
    names = names_of(problem)
    points = points_of(frame, factors=names, output=output)
    coded = _coded(points.factors)
    pairs = list(combinations(range(len(names)), 2)) if interactions else []
    if len(points.number) < 1 + len(names) + len(pairs):
        pairs = []
    if len(points.number) < 1 + len(names):
        raise ValueError(
            f"runs: expected at least {1 + len(names)} points for {len(names)} factors, "
            f"found {len(points.number)}"
        )
    terms = [coded[:, i] for i in range(len(names))]
    terms += [coded[:, i] * coded[:, j] for i, j in pairs]
    design = np.column_stack([np.ones(len(coded)), *terms])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        if not pairs:
            raise ValueError(
                "factors: expected a design that tells them apart, found one that mixes"
            )
        pairs, design = [], design[:, : 1 + len(names)]
    slope, variance, freedom = _fit(design, points.values)
    effect, error = 2.0 * slope[1:], 2.0 * np.sqrt(variance[1:])
    half = student(error, freedom[1:], confidence)
    fitted = design @ slope
    spread = float(points.mean.var())
    explained = 1.0 - float(((points.mean - fitted) ** 2).mean()) / spread if spread > 0 else np.nan
    result = pd.DataFrame(
        {
            "kind": ["main"] * len(names) + ["interaction"] * len(pairs),
            "factor": [*names, *(names[i] for i, _ in pairs)],
            "other": [None] * len(names) + [names[j] for _, j in pairs],
            "effect": effect,
            "se": error,
            "lower": effect - half,
            "upper": effect + half,
        }
    )
    facts = {"explained": explained, "points": points.said(), "confidence": confidence}
    return Finding("main_effects", output, result, _sentence(output, result, facts), facts)


def _coded(factors: pd.DataFrame) -> NDArray[np.float64]:
    low, high = factors.min(), factors.max()
    flat = low[low == high]
    if len(flat):
        raise ValueError(
            f"{flat.index[0]}: expected a factor that varies, found {flat.iloc[0]:g} only"
        )
    return ((2.0 * factors - low - high) / (high - low)).to_numpy(dtype=np.float64)


def _fit(
    design: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients, their variances clustered by point and by seed, and freedom."""
    (count, width), seeds = design.shape, values.shape[1]
    bread = np.linalg.inv(design.T @ design)
    slope = bread @ design.T @ values.mean(axis=1)
    rest = values - (design @ slope)[:, None]

    def spread(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(((scores @ bread / seeds) ** 2).sum(axis=0), dtype=np.float64)

    free = count - width
    by_point = np.zeros(width)
    if free > 0:
        by_point = spread(rest.sum(axis=1)[:, None] * design) * count / free
    by_seed = np.zeros(width)
    if seeds > 1:
        by_seed = spread(rest.T @ design) * seeds / (seeds - 1)
        if free > 0:
            both = (design[:, None, :] * rest[:, :, None]).reshape(-1, width)
            by_seed = np.maximum(by_seed - spread(both), 0.0)
    total = by_point + by_seed
    below = np.zeros(width)
    if free > 0:
        below += by_point**2 / free
    if seeds > 1:
        below += by_seed**2 / (seeds - 1)
    known = free > 0 or seeds > 1
    freedom = np.full(width, np.inf if known else np.nan)
    np.divide(total**2, below, out=freedom, where=below > 0)
    return slope, total if known else np.full(width, np.nan), freedom


def _sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    main = frame[frame["kind"] == "main"]
    top = main.loc[main["effect"].abs().idxmax()]
    pairs = frame[frame["kind"] == "interaction"]
    clear = int(((pairs["lower"] > 0) | (pairs["upper"] < 0)).sum())
    more = f"; {clear} of {len(pairs)} interactions are clearly not zero" if len(pairs) else ""
    effect, low, high = (amount(top[name], signed=True) for name in ("effect", "lower", "upper"))
    return (
        f"{output} moves most with {top['factor']}: {effect} from its lowest to its highest value "
        f"({low} to {high}){more}. The model explains "
        f"{100 * facts['explained']:.0f} % of the variance between points ({facts['points']})."
    )
