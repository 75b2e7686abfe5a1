"""Which strategy to choose under uncertainty: by mean, by regret, by worst case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.messages import choice
from cxsim.study.analysis.points import Finding, column, strategies_of

#: What strategies are ranked by, in the order of the frame's rows.
CRITERIA = ("mean", "mean_regret", "largest_regret", "worst", "best_share")


def ranking(
    frame: pd.DataFrame,
    problem: Mapping[str, Any] | None = None,
    *,
    output: str,
    better: Literal["higher", "lower"] = "higher",
    confidence: float = 0.95,
    resamples: int = 2000,
    rng: int = 0,
) -> Finding:
    """Rank strategies over the design points of a study, which are its uncertain inputs.

    Parameters
    ----------
    frame : DataFrame
        One row per run, with a column ``strategy``; every strategy at every point and seed.
    problem : mapping, optional
        Not needed; taken so that all analyses are called alike.
    output : str
    better : {"higher", "lower"}
    confidence : float
    resamples : int
        Bootstrap samples behind the intervals.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    Finding
        Frame with a row per criterion and strategy: ``criterion``, ``strategy``, ``value``,
        ``lower``, ``upper``, ``rank`` (1 is best) and ``first`` (share of resamples in which the
        strategy is the best one). Criteria: ``mean`` of the output over points; ``mean_regret``
        and ``largest_regret``, how much less than the best strategy at a point; ``worst`` value at
        any point; ``best_share``, the share of points at which it is best. Values of a point are
        means over seeds.

    Raises
    ------
    ValueError
        If a column is missing, there is one strategy only, or no point has them all.

    Notes
    -----
    Means and shares are over points drawn from what is uncertain, and over seeds: points and
    seeds are resampled, each independently of the other (Owen 2007). A worst case or largest
    regret is that of the points which were run: seeds alone are resampled, and the interval says
    nothing of points between them. The worst of many noisy means looks worse than it is; more
    seeds lessen that.

    References
    ----------
    Savage (1951), The theory of statistical decision; Wald (1950), Statistical decision
    functions; Owen (2007), The pigeonhole bootstrap.
    """
    del problem
    choice(better, "better", ("higher", "lower"))
    names = strategies_of(frame)
    if len(names) < 2:
        raise ValueError(f"strategy: expected two to rank, found {names[0] if names else 'none'}")
    values, left_out = cube_of(frame, names, output)
    sign = 1.0 if better == "higher" else -1.0
    draw = np.random.default_rng(rng)
    count, seeds = values.shape[1:]
    found = _criteria(sign * values.mean(axis=2))
    over_both = np.empty((resamples, len(CRITERIA), len(names)))
    over_seeds = np.empty_like(over_both)
    for b in range(resamples):
        mean = sign * values[:, :, draw.integers(seeds, size=seeds)].mean(axis=2)
        over_seeds[b] = _criteria(mean)
        over_both[b] = _criteria(mean[:, draw.integers(count, size=count)])
    extreme = np.isin(CRITERIA, ("largest_regret", "worst"))
    drawn = np.where(extreme[None, :, None], over_seeds, over_both)
    tail = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    ends = np.quantile(drawn, tail, axis=0)
    if seeds == 1:
        ends[:, extreme] = np.nan
    rows = []
    for c, criterion in enumerate(CRITERIA):
        smaller = "regret" in criterion  # is better
        order = found[c] if smaller else -found[c]
        wins = _wins(drawn[:, c] if smaller else -drawn[:, c])
        turned = sign if criterion in ("mean", "worst") else 1.0
        for k, name in enumerate(names):
            low, high = sorted(turned * ends[:, c, k])
            rank = 1 + int((order < order[k]).sum())
            rows.append((criterion, name, turned * found[c, k], low, high, rank, wins[k]))
    columns = ["criterion", "strategy", "value", "lower", "upper", "rank", "first"]
    result = pd.DataFrame(rows, columns=columns)
    left = f"; {left_out} points with failed or missing runs left out" if left_out else ""
    facts = {
        "points": f"{count:,} points, {seeds} paired seed{'s' if seeds > 1 else ''}{left}",
        "confidence": confidence, "better": better, "strategies": names,
    }  # fmt: skip
    return Finding("ranking", output, result, _sentence(output, result, facts), facts)


def cube_of(frame: pd.DataFrame, names: list[str], output: str) -> tuple[NDArray[np.float64], int]:
    """Return the output by strategy, point and seed, at points that have them all.

    Parameters
    ----------
    frame : DataFrame
        Runs: ``strategy``, ``point``, ``seed`` and the output.
    names : list of str
        Strategies, in the order of the first axis.
    output : str
        Name of a column.

    Returns
    -------
    cube : ndarray, shape (strategy, point, seed)
        In the unit of the output.
    left_out : int
        Points without a run of every strategy and seed.

    Raises
    ------
    ValueError
        If a column is missing, or no point has them all.
    """
    for name in ("point", "seed", output):
        column(frame, name, what="runs")
    wide = frame.pivot(index=["strategy", "point"], columns="seed", values=output).astype(float)
    points = wide.index.get_level_values("point").unique().sort_values()
    cube = np.stack([wide.loc[name].reindex(points).to_numpy(dtype=np.float64) for name in names])
    whole = np.isfinite(cube).all(axis=(0, 2))
    if not whole.any():
        raise ValueError(f"{output}: expected a point with every strategy and seed, found none")
    return cube[:, whole], int((~whole).sum())


def _criteria(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return every criterion by strategy, from values by strategy and point; higher is better."""
    regret = mean.max(axis=0) - mean
    best = regret == 0.0
    return np.stack(
        [
            mean.mean(axis=1),
            regret.mean(axis=1),
            regret.max(axis=1),
            mean.min(axis=1),
            (best / best.sum(axis=0)).mean(axis=1),  # a tie is shared
        ]
    )


def _wins(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of rows in which each column is smallest; a tie is shared."""
    smallest = values == values.min(axis=1, keepdims=True)
    return np.asarray((smallest / smallest.sum(axis=1, keepdims=True)).mean(axis=0))


def _sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    said = {"mean": "mean", "largest_regret": "maximum regret", "worst": "worst case"}
    best = {}
    for criterion in said:
        part = frame[frame["criterion"] == criterion]
        best[criterion] = part.loc[part["rank"].idxmin()]
    names = {row["strategy"] for row in best.values()}
    if len(names) == 1:
        row = best["mean"]
        how = f"{row['strategy']} is best in {output} by mean, maximum regret and worst case"
    else:
        how = f"Best in {output}: " + ", ".join(
            f"by {words} {best[criterion]['strategy']}" for criterion, words in said.items()
        )
    shares = frame[frame["criterion"] == "best_share"]
    top = shares.loc[shares["value"].idxmax()]
    return (
        f"{how}; {top['strategy']} is best at {100 * top['value']:.0f} % of points "
        f"({100 * top['lower']:.0f} to {100 * top['upper']:.0f}; {facts['points']})."
    )
