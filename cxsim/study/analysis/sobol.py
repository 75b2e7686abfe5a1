"""Sobol indices: which share of the variance of an output each factor accounts for."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.study.analysis.finding import Finding
from cxsim.study.analysis.optional import needed
from cxsim.study.analysis.points import Points, names_of, points_of, whole_blocks

__all__ = ["part_of_variance", "sobol"]


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
    return Finding("sobol", output, result, _sentence(output, result, facts), facts)


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


def _sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
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
    return (
        f"{top['factor']} accounts for {most} of the variance of {output}, "
        f"interactions included ({100 * top['lower']:.0f} to {100 * top['upper']:.0f}); all "
        f"factors by themselves for {part_of_variance(alone)}; {floor} ({facts['points']})."
        f"{_OUTSIDE if not (top['index'] <= 1.0 and 0.0 <= alone <= 1.0) else ''}"
    )


#: Why an index can lie where no share can.
_OUTSIDE = (
    " Indices are estimates of shares and may fall outside of 0 to 1 where points are few: a "
    "design of twice the size narrows them."
)


def part_of_variance(index: float) -> str:
    """Return in words which part of a variance an index is."""
    if index > 1.0:
        return f"practically all (estimate {index:.2f})"
    if index < 0.0:
        return f"practically none (estimate {index:.2f})"
    return f"{100 * index:.0f} %"
