"""Importance of factors from the runs of any design: delta, PAWN, and scores of an emulator."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from cxsim.messages import needed
from cxsim.study.analysis.points import AnalysisResult, names_of, points_of

#: Points below which conditional distributions say nothing.
_FEWEST = 30

#: Importance of each column of X for y, shape (columns).
_Measure = Callable[[NDArray[np.float64], NDArray[np.float64], int], NDArray[np.float64]]


def delta(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    confidence: float = 0.95,
    resamples: int = 100,
    rng: int = 0,
) -> AnalysisResult:
    """Return Borgonovo's delta: by how much a factor shifts the output's whole distribution.

    Parameters
    ----------
    frame : DataFrame
        One row per run; any design, also random or stored points.
    problem : mapping
        ``names`` of the factors.
    output : str
    confidence : float
    resamples : int
        Bootstrap samples behind bias correction and intervals.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    AnalysisResult
        Frame with ``factor``, ``index`` (0: independent, 1: it decides all), ``lower``, ``upper``.
        ``facts["noise"]`` is the noise floor: what a factor that does nothing reaches here.

    Raises
    ------
    ValueError
        If a column is missing, there are fewer than 30 points, or the output is constant.

    References
    ----------
    Borgonovo (2007), A new uncertainty importance measure; Plischke, Borgonovo & Smith (2013).
    """
    salib = needed("SALib.analyze.delta", by="delta")

    def measured(x: NDArray[np.float64], y: NDArray[np.float64]) -> Mapping[str, Any]:
        look = warnings.formatwarning
        try:
            with warnings.catch_warnings():  # SALib sets filters and form for everybody
                found: Mapping[str, Any] = salib.analyze(
                    _problem(x), x, y, num_resamples=resamples, conf_level=confidence, seed=1 + rng
                )
        finally:
            warnings.formatwarning = look
        return found

    names, x, y, said = _data(frame, problem, output)
    idle = np.random.default_rng(rng).permutation(x[:, :1])  # a factor that does nothing
    found = measured(np.hstack([x, idle]), y)
    key = "delta" if "delta" in found else "delta_raw"  # its name from SALib 1.6 on
    index, half = (np.asarray(found[each], float) for each in (key, f"{key}_conf"))
    rows = np.column_stack([index, index - half, index + half])[:-1]
    return _result("delta", output, names, rows, float(index[-1] + half[-1]), said, confidence)


def pawn(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    slices: int = 10,
    confidence: float = 0.95,
    resamples: int = 100,
    rng: int = 0,
) -> AnalysisResult:
    """Return PAWN indices: how far distributions of the output differ by values of a factor.

    Parameters
    ----------
    frame : DataFrame
        One row per run; any design.
    problem : mapping
        ``names`` of the factors.
    output : str
    slices : int
        Parts of each factor's range; the index is the median over them.
    confidence : float
    resamples : int
        Bootstrap samples behind the intervals and the noise floor.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    AnalysisResult
        As :func:`delta`; the index is a Kolmogorov-Smirnov distance.

    Raises
    ------
    ValueError
        As :func:`delta`.

    References
    ----------
    Pianosi & Wagener (2018), Distribution-based sensitivity analysis from a generic input-output
    sample.
    """
    salib = needed("SALib.analyze.pawn", by="pawn")

    def measured(x: NDArray[np.float64], y: NDArray[np.float64], _: int) -> NDArray[np.float64]:
        return np.asarray(salib.analyze(_problem(x), x, y, S=slices)["median"], float)

    return _bootstrapped("pawn", frame, problem, output, measured, confidence, resamples, rng)


def features(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    trees: int = 100,
    confidence: float = 0.95,
    resamples: int = 20,
    rng: int = 0,
) -> AnalysisResult:
    """Return feature scores: parts of the variation that extra trees explain by each factor.

    Parameters
    ----------
    frame : DataFrame
        One row per run; any design.
    problem : mapping
        ``names`` of the factors.
    output : str
    trees : int
    confidence : float
    resamples : int
        Bootstrap samples behind the intervals and the noise floor.
    rng : int
        Seed of trees and bootstrap.

    Returns
    -------
    AnalysisResult
        As :func:`delta`; indices sum to 1.

    Raises
    ------
    ValueError
        As :func:`delta`.

    References
    ----------
    Geurts, Ernst & Wehenkel (2006), Extremely randomized trees; Jaxa-Rozen & Kwakkel (2018).
    """
    ensemble = needed("sklearn.ensemble", by="features")

    def measured(x: NDArray[np.float64], y: NDArray[np.float64], n: int) -> NDArray[np.float64]:
        grown = ensemble.ExtraTreesRegressor(trees, min_samples_leaf=2, random_state=n, n_jobs=1)
        return np.asarray(grown.fit(x, y).feature_importances_, float)

    return _bootstrapped("features", frame, problem, output, measured, confidence, resamples, rng)


def _data(
    frame: pd.DataFrame, problem: Mapping[str, Any], output: str
) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64], str]:
    """Return names, factors and output's mean over seeds by point, and what was looked at."""
    names = names_of(problem)
    points = points_of(frame, factors=names, output=output)
    x, y = points.factors.to_numpy(dtype=np.float64), points.mean
    if len(y) < _FEWEST:
        raise ValueError(f"runs: expected at least {_FEWEST} points, found {len(y)}")
    if np.ptp(y) == 0.0:
        raise ValueError(f"{output}: expected an output that varies, found {y[0]:g} only")
    still = [name for name, values in zip(names, x.T, strict=True) if np.ptp(values) == 0.0]
    if still:
        raise ValueError(f"{still[0]}: expected a factor that varies, found one value only")
    return names, x, y, points.said()


def _bootstrapped(
    analysis: str,
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    output: str,
    measured: _Measure,
    confidence: float,
    resamples: int,
    rng: int,
) -> AnalysisResult:
    """Return indices, intervals by the bootstrap's standard error, and an idle factor's floor."""
    names, x, y, said = _data(frame, problem, output)
    random = np.random.default_rng(rng)
    index = measured(x, y, rng)
    drawn, idle = [], []
    for n in range(resamples):
        chosen = random.integers(len(y), size=len(y))
        drawn.append(measured(x[chosen], y[chosen], n))
        moved = x.copy()
        moved[:, n % x.shape[1]] = random.permutation(moved[:, n % x.shape[1]])
        idle.append(measured(moved, y, n)[n % x.shape[1]])
    # About the estimate: points drawn twice raise the indices themselves, percentiles with them.
    half = norm.ppf(0.5 + confidence / 2.0) * np.std(drawn, axis=0, ddof=1)
    rows = np.column_stack([index, index - half, index + half])
    floor = float(np.quantile(idle, confidence))
    return _result(analysis, output, names, rows, floor, said, confidence)


def _problem(x: NDArray[np.float64]) -> dict[str, Any]:
    count = x.shape[1]
    bounds = np.column_stack([x.min(axis=0), x.max(axis=0)]).tolist()
    return {"num_vars": count, "names": [str(k) for k in range(count)], "bounds": bounds}


#: What an index is, in words.
_WORDS = {
    "delta": "shift of the distribution (delta)",
    "pawn": "distance of distributions (PAWN)",
    "features": "feature score (extra trees)",
}


def _result(
    analysis: str,
    output: str,
    names: list[str],
    rows: NDArray[np.float64],
    floor: float,
    said: str,
    confidence: float,
) -> AnalysisResult:
    result = pd.DataFrame(rows, columns=["index", "lower", "upper"])
    result.insert(0, "factor", names)
    result = result.sort_values("index", ascending=False, ignore_index=True)
    top, above = result.iloc[0], int((result["lower"] > floor).sum())
    sentence = (
        f"{output} depends most on {top['factor']}: {_WORDS[analysis]} {top['index']:.2f} "
        f"({top['lower']:.2f} to {top['upper']:.2f}); {above} of {len(result)} factors exceed "
        f"{floor:.2f}, which a factor without effect reaches here ({said})."
    )
    facts = {"noise": floor, "points": said, "confidence": confidence, "index": _WORDS[analysis]}
    return AnalysisResult(analysis, output, result, sentence, facts)
