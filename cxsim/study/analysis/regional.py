"""Regional sensitivity: where in the factors' ranges an output of interest comes from."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, sqrt
from typing import Any

import numpy as np
import pandas as pd

from cxsim.study.analysis.cases import cases_of
from cxsim.study.analysis.finding import Finding, amount
from cxsim.study.analysis.points import names_of, points_of

__all__ = ["regional"]


def regional(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    at_least: float | None = None,
    at_most: float | None = None,
    confidence: float = 0.95,
    resamples: int = 500,
    rng: int = 0,
) -> Finding:
    """Compare, factor by factor, the points of interest with the rest.

    Parameters
    ----------
    frame : DataFrame
        One row per run, of a space-filling design (latin hypercube, Sobol).
    problem : mapping
        ``names`` of the factors.
    output : str
    at_least, at_most : float, optional
        Points are of interest (behavioural) where the output's mean over seeds lies within
        these; default: the lowest quarter.
    confidence : float
    resamples : int
        Bootstrap samples of points behind the intervals.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    Finding
        Frame with ``factor``, ``distance`` (Kolmogorov and Smirnov's: the largest gap between
        the two distribution functions of the factor), ``lower`` and ``upper``, ``p`` (of no
        difference, after Holm for all factors together), ``of_interest`` and ``rest`` (medians
        of the factor). Distances are at least 0 and above it by chance:
        ``facts["critical"]`` is the size that chance exceeds in 1 - ``confidence`` of cases.

    Raises
    ------
    ValueError
        If a column is missing, or all points or none are of interest.

    References
    ----------
    Spear & Hornberger (1980), Eutrophication in Peel Inlet II; Saltelli et al. (2008), Global
    sensitivity analysis, ch. 5.
    """
    from scipy.stats import ks_2samp

    names = names_of(problem)
    points = points_of(frame, factors=names, output=output)
    cases, said = cases_of(points.mean, at_least=at_least, at_most=at_most)
    draw = np.random.default_rng(rng)
    some, others = np.flatnonzero(cases), np.flatnonzero(~cases)
    picks = [
        (draw.choice(some, len(some)), draw.choice(others, len(others))) for _ in range(resamples)
    ]
    tail = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    rows = []
    for name in names:
        x = points.factors[name].to_numpy()
        test = ks_2samp(x[cases], x[~cases])
        again = [ks_2samp(x[a], x[b], method="asymp").statistic for a, b in picks]
        # A resample has ties and a larger distance: the basic interval turns that round.
        low, high = 2.0 * test.statistic - np.quantile(again, tail[::-1])
        rows.append(
            (name, test.statistic, max(0.0, low), min(1.0, high), test.pvalue,
             float(np.median(x[cases])), float(np.median(x[~cases])))
        )  # fmt: skip
    columns = ["factor", "distance", "lower", "upper", "p", "of_interest", "rest"]
    result = pd.DataFrame(rows, columns=columns)
    result["p"] = _holm(result["p"].to_numpy())
    result = result.sort_values("distance", ascending=False, ignore_index=True)
    n, m = len(some), len(others)
    critical = sqrt(-log((1.0 - confidence) / 2.0) / 2.0) * sqrt((n + m) / (n * m))
    facts = {
        "condition": said, "of_interest": n, "rest": m, "critical": critical,
        "points": points.said(), "confidence": confidence,
        "values": points.factors.assign(of_interest=cases),
    }  # fmt: skip
    return Finding("regional", output, result, _sentence(output, result, facts), facts)


def _holm(p: np.ndarray) -> np.ndarray:
    """Return p-values corrected for their number (Holm 1979)."""
    order = np.argsort(p)
    raised = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(raised, 1.0)
    return corrected


def _sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    clear = frame[frame["p"] < 1.0 - facts["confidence"]]
    where = f"{output} is {facts['condition']} in {facts['of_interest']} of {facts['points']}"
    if clear.empty:
        return f"{where}; no factor clearly sets these points apart."
    parts = [
        f"{row['factor']} (median {amount(row['of_interest'])} against {amount(row['rest'])})"
        for _, row in clear.iterrows()
    ]
    return f"{where}; what sets these points apart: {', '.join(parts)}."
