"""Main effects and pairwise interactions: a linear model of the factors."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import pi, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.messages import minus, needed, part_of_variance
from cxsim.numerics.statistics import student
from cxsim.study.analysis.points import Finding, Points, amount, names_of, points_of, whole_blocks

# -- Main effects and pairwise interactions: a linear model of the factors ---------------------


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
        over a nonlinear response.

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
    return Finding("main_effects", output, result, _effects_sentence(output, result, facts), facts)


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


def _effects_sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    main = frame[frame["kind"] == "main"]
    top = main.loc[main["effect"].abs().idxmax()]
    pairs = frame[frame["kind"] == "interaction"]
    clear = int(((pairs["lower"] > 0) | (pairs["upper"] < 0)).sum())
    more = (
        f"; {clear} of {len(pairs)} interactions are statistically significant"
        if len(pairs)
        else ""
    )
    effect, low, high = (amount(top[name], signed=True) for name in ("effect", "lower", "upper"))
    return (
        f"{output} depends most on {top['factor']}: {effect} from its lowest to its highest value "
        f"({low} to {high}){more}. The model explains "
        f"{100 * facts['explained']:.0f} % of the variance between points ({facts['points']})."
    )


# -- Morris screening: which factors matter at all, from few runs ------------------------------


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
        effect varies: by nonlinearity or interactions). ``facts["noise"]`` is the noise floor: the
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
    return Finding("morris", output, result, _screening_sentence(output, result, facts), facts)


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


def _screening_sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    top, noise = frame.iloc[0], facts["noise"]
    if np.isnan(noise):
        above = "with one seed, effects cannot be separated from Monte-Carlo error"
    else:
        quiet = frame.loc[frame["upper"] <= noise, "factor"]
        above = (
            f"{len(quiet)} of {len(frame)} factors stay within Monte-Carlo error ({amount(noise)})"
            if len(quiet)
            else f"all exceed Monte-Carlo error ({amount(noise)})"
        )
    return (
        f"{output} depends most on {top['factor']}: {amount(top['mu_star'])} over its range "
        f"({amount(top['lower'])} to {amount(top['upper'])}); {above} ({facts['points']})."
    )


# -- Sobol indices: which share of the variance of an output each factor accounts for ----------


def sobol(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    confidence: float = 0.95,
    resamples: int = 500,
    rng: int = 0,
) -> Finding:
    """Return first-order, total and, where the design allows, second-order Sobol indices.

    Parameters
    ----------
    frame : DataFrame
        One row per run of a Saltelli design (``SALib.sample.sobol``), points in its order.
    problem : mapping
        ``names`` of the factors, in the order of the design.
    output : str
    confidence : float
    resamples : int
        Bootstrap samples behind the intervals.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    Finding
        Frame with ``kind`` (first, total, second), ``factor``, ``other``, ``index``, ``lower``,
        ``upper``. ``facts["noise"]`` is the noise floor: the share of the variance between
        points that comes from the seeds. It raises total indices by at most as much, so
        that a total index below it says nothing. NaN with one seed.

    Raises
    ------
    ValueError
        If the points are no Saltelli design, too many are missing, or the output is constant.

    Notes
    -----
    The output is averaged over paired seeds first. A block of the design (all points made from
    one base sample) is left out whole where one of its points has failed.

    References
    ----------
    Saltelli et al. (2010), Variance based sensitivity analysis of model output; SALib
    (Herman & Usher 2017; Iwanaga, Usher & Herman 2022).
    """
    salib = needed("SALib.analyze.sobol", by="sobol")
    names = names_of(problem)
    points = points_of(frame, factors=names, output=output)
    mean, second = _blocks(points, len(names))
    if np.ptp(mean) == 0.0:
        raise ValueError(f"{output}: expected an output that varies, found {mean[0]:g} only")
    found = salib.analyze(
        {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)},
        mean,
        calc_second_order=second,
        num_resamples=resamples,
        conf_level=confidence,
        seed=1 + rng,  # SALib takes 0 for no seed
    )
    rows: list[tuple[Any, ...]] = [
        (kind, name, None, found[key][k], found[f"{key}_conf"][k])
        for kind, key in (("first", "S1"), ("total", "ST"))
        for k, name in enumerate(names)
    ]
    if second:
        rows += [
            ("second", names[i], names[j], found["S2"][i, j], found["S2_conf"][i, j])
            for i, j in combinations(range(len(names)), 2)
        ]
    result = pd.DataFrame(rows, columns=["kind", "factor", "other", "index", "half"])
    result["lower"], result["upper"] = (
        result["index"] - result["half"],
        result["index"] + result["half"],
    )
    noise = points.noise_share
    facts = {"noise": noise, "points": points.said(), "confidence": confidence}
    result = result.drop(columns="half")
    return Finding("sobol", output, result, _variance_sentence(output, result, facts), facts)


def _blocks(points: Points, width: int) -> tuple[NDArray[np.float64], bool]:
    """Return means of whole blocks, in order, and whether they allow second-order indices."""
    for step, second in ((2 * width + 2, True), (width + 2, False)):
        design = whole_blocks(points, points.factors.to_numpy(dtype=np.float64), step)
        if len(design) and _is_saltelli(design, second=second):
            mean = whole_blocks(points, points.mean[:, None], step)
            if len(mean) < 2:
                raise ValueError(f"runs: expected two whole blocks of {step} points, found one")
            return np.asarray(mean.ravel(), dtype=np.float64), second
    raise ValueError(
        f"runs: expected a Saltelli design (blocks of {width + 2} or {2 * width + 2} points for "
        f"{width} factors), found {len(points.number)} points of another"
    )


def _is_saltelli(blocks: NDArray[np.float64], *, second: bool) -> bool:
    """Whether every block is A, A with one column of B each, (B with one of A each,) and B."""
    width = blocks.shape[2]
    first, last = blocks[:, 0], blocks[:, -1]
    for k in range(width):
        mixed = first.copy()
        mixed[:, k] = last[:, k]
        if not np.array_equal(blocks[:, 1 + k], mixed):
            return False
        if second:
            mixed = last.copy()
            mixed[:, k] = first[:, k]
            if not np.array_equal(blocks[:, 1 + width + k], mixed):
                return False
    return True


def _variance_sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    total = frame[frame["kind"] == "total"].sort_values("index", ascending=False)
    top = total.iloc[0]
    alone = frame[frame["kind"] == "first"]["index"].sum()
    noise = facts["noise"]
    floor = (
        "the noise floor is unknown with one seed"
        if np.isnan(noise)
        else f"the noise floor is {noise:.2g}"
    )
    most = part_of_variance(top["index"])
    low, high = (minus(f"{100 * top[name]:.0f}") for name in ("lower", "upper"))
    return (
        f"{top['factor']} accounts for {most} of the variance of {output}, "
        f"interactions included ({low} to {high}); all "
        f"factors by themselves for {part_of_variance(alone)}; {floor} ({facts['points']})."
        f"{_OUTSIDE if not (top['index'] <= 1.0 and 0.0 <= alone <= 1.0) else ''}"
    )


#: Why an index can lie where no share can.
_OUTSIDE = (
    " Indices are estimates of shares and may fall outside of 0 to 1 where points are few: a "
    "design of twice the size gives narrower intervals."
)
