"""Runs as points: values by point and seed, and how much of what is seen is noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.messages import hint, minus
from cxsim.numerics.statistics import half_width

# -- Runs as points: values by point and seed, and how much of what is seen is noise -----------


@dataclass(frozen=True)
class Points:
    """One output at every point of a design.

    Attributes
    ----------
    number : ndarray of int, shape (P,)
        Numbers of the points, ascending; points without a value for every seed are left out.
    factors : DataFrame, P rows
        A column per factor.
    values : ndarray, shape (P, S)
        The output by point and seed.
    left_out : int
        Points left out because a run failed or is missing.
    """

    number: NDArray[np.int64]
    factors: pd.DataFrame
    values: NDArray[np.float64]
    left_out: int

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean over the paired seeds, in the unit of the output, shape (P,)."""
        return np.asarray(self.values.mean(axis=1), dtype=np.float64)

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return int(self.values.shape[1])

    @property
    def noise(self) -> float:
        """Variance of a point's mean that is due to the seeds; NaN with one seed.

        What all points share by having the same seeds moves none against another and is taken
        out: the residual variance of the additive model of points and seeds, over the seeds.
        """
        count, seeds = self.values.shape
        if seeds < 2 or count < 2:
            return float("nan")
        v = self.values
        rest = v - v.mean(axis=1, keepdims=True) - v.mean(axis=0) + v.mean()
        return float((rest**2).sum() / ((count - 1) * (seeds - 1)) / seeds)

    @property
    def noise_share(self) -> float:
        """Share of the variance between points' means that is noise; NaN with one seed."""
        spread = float(self.mean.var(ddof=1)) if len(self.mean) > 1 else 0.0
        if spread == 0.0 or self.seeds < 2:
            return float("nan")
        return min(1.0, self.noise / spread)

    def said(self) -> str:
        """Return how much was looked at, in words."""
        left = f"; {self.left_out} points with failed or missing runs left out"
        seeds = "1 seed" if self.seeds == 1 else f"{self.seeds} paired seeds"
        return f"{len(self.number):,} points, {seeds}{left if self.left_out else ''}"


def names_of(problem: Mapping[str, Any]) -> list[str]:
    """Return the names of a problem's factors.

    Raises
    ------
    ValueError
        If there are none.
    """
    names = [str(name) for name in problem.get("names", ())]
    if not names:
        raise ValueError("problem: expected names of factors, found none")
    return names


def column(frame: pd.DataFrame, name: str, *, what: str) -> pd.Series:
    """Return a column of runs.

    Raises
    ------
    ValueError
        If it is not there; the nearest name is given.
    """
    if name not in frame.columns:
        there = [str(each) for each in frame.columns]
        raise ValueError(
            f"{what}: expected a column of the runs, found {name!r}{hint(name, there)}"
        )
    return frame[name]


def points_of(frame: pd.DataFrame, *, factors: Sequence[str], output: str) -> Points:
    """Return an output by point and seed.

    Parameters
    ----------
    frame : DataFrame
        One row per run; see :mod:`cxsim.study.analysis`. At most one strategy.
    factors : sequence of str
    output : str

    Raises
    ------
    ValueError
        If a column is missing, a factor is not numeric, there are several strategies, a point
        and seed occur twice, a point's factors vary, or nothing is left.
    """
    for name in ("point", "seed"):
        column(frame, name, what="runs")
    column(frame, output, what="output")
    for name in factors:
        if not pd.api.types.is_numeric_dtype(column(frame, name, what="factor")):
            found = frame[name].iloc[0]
            raise ValueError(f"{name}: expected a factor of numbers, found {found!r}")
    if "strategy" in frame.columns and frame["strategy"].nunique() > 1:
        there = ", ".join(map(str, frame["strategy"].unique()[:6]))
        raise ValueError(f"strategy: expected one (choose rows, or take a contrast), found {there}")
    if frame.duplicated(["point", "seed"]).any():
        point, seed = frame.loc[frame.duplicated(["point", "seed"]), ["point", "seed"]].iloc[0]
        raise ValueError(f"runs: expected one of point {point} and seed {seed}, found two")
    wide = frame.pivot(index="point", columns="seed", values=output).astype(float)
    whole = np.isfinite(wide.to_numpy()).all(axis=1)
    if not whole.any():
        raise ValueError(f"{output}: expected a value for every seed at some point, found none")
    by_point = frame.groupby("point")[list(factors)]
    if (by_point.nunique(dropna=False) > 1).to_numpy().any():
        raise ValueError("point: expected the same factors in all runs of a point")
    return Points(
        number=wide.index[whole].to_numpy(dtype=np.int64),
        factors=by_point.first().loc[wide.index[whole]].astype(float).reset_index(drop=True),
        values=wide.to_numpy(dtype=np.float64)[whole],
        left_out=int((~whole).sum()),
    )


def whole_blocks(points: Points, table: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return rows of a table by block of a design, blocks with a missing point left out.

    Parameters
    ----------
    points : Points
    table : ndarray, shape (P, K)
        A row per point.
    size : int
        Points of a block: numbers 0 to size - 1 are the first, and so on.

    Returns
    -------
    ndarray, shape (B, size, K)
    """
    blocks = np.full((int(points.number[-1]) // size + 1, size, table.shape[1]), np.nan)
    blocks[points.number // size, points.number % size] = table
    return blocks[np.isfinite(blocks).all(axis=(1, 2))]


# -- Points of interest: those at which an output is beyond a limit ----------------------------


def cases_of(
    mean: NDArray[np.float64], *, at_least: float | None, at_most: float | None
) -> tuple[NDArray[np.bool_], str]:
    """Return the points of interest, and the condition in words.

    Parameters
    ----------
    mean : ndarray, shape (P,)
        Output by point, averaged over seeds.
    at_least, at_most : float, optional
        Limits. With neither, the lowest quarter of the points.

    Raises
    ------
    ValueError
        If all points are of interest, or none.
    """
    if at_least is None and at_most is None:
        at_most = float(np.quantile(mean, 0.25))
    low = -np.inf if at_least is None else at_least
    high = np.inf if at_most is None else at_most
    said = " and ".join(
        f"{words} {amount(value)}"
        for words, value in (("at least", at_least), ("at most", at_most))
        if value is not None
    )
    cases = (mean >= low) & (mean <= high)
    if cases.all() or not cases.any():
        which = "all" if cases.all() else "none"
        raise ValueError(
            f"limits: expected some points {said} and some not, found {which} of {len(mean)}"
        )
    return cases, said


# -- Two strategies against each other, point by point and seed by seed ------------------------


def strategies_of(frame: pd.DataFrame) -> list[str]:
    """Return the strategies of runs in the order of their first appearance."""
    return [str(name) for name in column(frame, "strategy", what="runs").unique()]


def contrast(
    frame: pd.DataFrame, output: str, *, strategy: str, against: str | None = None
) -> pd.DataFrame:
    """Return by how much one strategy gives more of an output, in every point and seed.

    Parameters
    ----------
    frame : DataFrame
        One row per run, with a column ``strategy``.
    output : str
    strategy : str
        The one to look at.
    against : str, optional
        The other; by default the best of all others in each point and seed, which only somebody
        who knows the future could choose.

    Returns
    -------
    DataFrame
        The runs of ``strategy`` without that column; ``output`` is the difference, NaN where
        either run is missing.

    Raises
    ------
    ValueError
        If a strategy or column is not there, or there is only one.
    """
    column(frame, output, what="output")
    there = strategies_of(frame)
    for name in (strategy, against):
        if name is not None and name not in there:
            raise ValueError(
                f"strategy: expected one that was run, found {name!r}{hint(name, there)}"
            )
    if len(there) < 2 or strategy == against:
        raise ValueError(f"strategy: expected two to compare, found {strategy!r} only")
    wide = frame.pivot(index=["point", "seed"], columns="strategy", values=output).astype(float)
    others = wide.drop(columns=strategy)
    rival = wide[against] if against is not None else others.max(axis=1, skipna=False)
    difference = (wide[strategy] - rival).rename(output)
    own = frame[frame["strategy"] == strategy].drop(columns=["strategy", output])
    return own.merge(difference.reset_index(), on=["point", "seed"], how="left")


# -- What an analysis returns ------------------------------------------------------------------


def amount(value: float, *, signed: bool = False) -> str:
    """Return a number in four digits, large ones in full: 0.1234, 21,805."""
    sign = "+" if signed else ""
    return minus(f"{value:{sign},.0f}" if abs(value) >= 1e4 else f"{value:{sign}.4g}")


@dataclass(frozen=True)
class AnalysisResult:
    """A tidy frame, and a sentence that says what it shows.

    Attributes
    ----------
    analysis : str
        Name of the analysis, ``"sobol"``.
    output : str
        The output that it is about.
    frame : DataFrame
    sentence : str
    facts : mapping of str to any
        What the sentence and the figure rest on beside the frame: points, seeds, noise.
    """

    analysis: str
    output: str
    frame: pd.DataFrame
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.sentence)}</p>{self.frame.to_html(index=False)}"


# -- The best value of one factor, with its interval -------------------------------------------


#: Bootstrap samples of seeds behind the interval of a best value.
SAMPLES = 1000


@dataclass(frozen=True)
class BestValue:
    """The value of a factor at which an output is highest on average.

    Attributes
    ----------
    value, lower, upper : float
        With the ends of its interval, in the unit of the factor.
    mean : float
        The output there, in its unit.
    edge : bool
        Whether it lies at an end of the range that was run.
    means : DataFrame
        The factor, ``mean``, ``lower`` and ``upper`` of the output by value of the factor,
        averaged over the other factors.
    """

    value: float
    lower: float
    upper: float
    mean: float
    edge: bool
    means: pd.DataFrame


def best_value(
    frame: pd.DataFrame, factor: str, output: str, confidence: float = 0.95
) -> BestValue | None:
    """Return at which value of a factor an output is highest; None with fewer than three values.

    Parameters
    ----------
    frame : DataFrame
        One row per run, with a column ``seed``; other factors are averaged over.
    factor, output : str
        Columns.
    confidence : float
        Of the interval, from samples of seeds (bootstrap).

    Returns
    -------
    BestValue or None

    Notes
    -----
    The top of the parabola through the highest mean and its two neighbors; at an end of the range
    the end itself.

    Examples
    --------
    >>> runs = pd.DataFrame({"seed": [0] * 3 + [1] * 3, "price": [1.0, 2.0, 4.0] * 2})
    >>> runs["profit"] = 5.0 - (runs["price"] - 2.2) ** 2 + runs["seed"]
    >>> found = best_value(runs, "price", "profit")
    >>> round(found.value, 6), found.edge
    (2.2, False)
    """
    wide = frame.pivot_table(index="seed", columns=factor, values=output, aggfunc="mean").dropna()
    x, y = wide.columns.to_numpy(dtype=float), wide.to_numpy(dtype=float)
    if len(x) < 3 or not len(y):
        return None
    mean, top = y.mean(axis=0), _top(x, y.mean(axis=0))
    draw = np.random.default_rng(0)
    picks = draw.integers(len(y), size=(SAMPLES, len(y)))
    tops = [_top(x, y[pick].mean(axis=0))[0] for pick in picks]
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(tops, [tail, 1.0 - tail])
    error = y.std(axis=0, ddof=1) / len(y) ** 0.5 if len(y) > 1 else np.full(len(x), np.nan)
    half = half_width(error, len(y), confidence)
    means = pd.DataFrame({factor: x, "mean": mean, "lower": mean - half, "upper": mean + half})
    edge = int(mean.argmax()) in (0, len(x) - 1)
    return BestValue(top[0], float(low), float(high), top[1], edge, means)


@dataclass(frozen=True)
class Crossing:
    """The value of a factor at which a mean output is zero.

    Attributes
    ----------
    value, lower, upper : float
        With the ends of its interval, in the unit of the factor; the interval is NaN where a
        sample of seeds has no such value.
    means : DataFrame
        The factor, ``mean``, ``lower`` and ``upper`` of the output by value of the factor,
        averaged over the other factors.
    """

    value: float
    lower: float
    upper: float
    means: pd.DataFrame


def crossing(
    frame: pd.DataFrame, factor: str, output: str, confidence: float = 0.95
) -> Crossing | None:
    """Return at which value of a factor an output is zero; None if it is so at no or several.

    Parameters
    ----------
    frame : DataFrame
        One row per run, with a column ``seed``; other factors are averaged over. With two
        strategies in a column ``strategy``, the output of the second less that of the first.
    factor, output : str
        Columns.
    confidence : float
        Of the interval, from samples of seeds (bootstrap).

    Notes
    -----
    Interpolated between the two neighboring values with means of unlike sign.

    Examples
    --------
    >>> runs = pd.DataFrame({"seed": [0] * 3 + [1] * 3, "unit_cost": [1.0, 2.0, 4.0] * 2})
    >>> runs["profit"] = 3.0 - runs["unit_cost"]
    >>> crossing(runs, "unit_cost", "profit").value
    3.0
    """

    def wide_of(part: pd.DataFrame) -> pd.DataFrame:
        return part.pivot_table(index="seed", columns=factor, values=output, aggfunc="mean")

    names = list(frame["strategy"].unique()) if "strategy" in frame else []
    if len(names) > 2:
        return None
    parts = [wide_of(frame[frame["strategy"] == name]) for name in names] or [wide_of(frame)]
    wide = (parts[1] - parts[0] if len(parts) == 2 else parts[0]).dropna()
    x, y = wide.columns.to_numpy(dtype=float), wide.to_numpy(dtype=float)
    if len(x) < 2 or not len(y):
        return None
    zeros = _zeros(x, y.mean(axis=0))
    if len(zeros) != 1:
        return None
    draw = np.random.default_rng(0)
    picks = draw.integers(len(y), size=(SAMPLES, len(y)))
    found = [_zeros(x, y[pick].mean(axis=0)) for pick in picks]
    tail = (1.0 - confidence) / 2.0
    low = high = np.nan
    if len(y) > 1 and all(len(each) == 1 for each in found):
        low, high = np.quantile([each[0] for each in found], [tail, 1.0 - tail])
    error = y.std(axis=0, ddof=1) / len(y) ** 0.5 if len(y) > 1 else np.full(len(x), np.nan)
    mean, half = y.mean(axis=0), half_width(error, len(y), confidence)
    means = pd.DataFrame({factor: x, "mean": mean, "lower": mean - half, "upper": mean + half})
    return Crossing(zeros[0], float(low), float(high), means)


def _zeros(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[float]:
    """Return where the line through the points changes its sign."""
    at = np.flatnonzero((y[:-1] > 0) != (y[1:] > 0))
    return [float(x[k] - y[k] * (x[k + 1] - x[k]) / (y[k + 1] - y[k])) for k in at]


def _top(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the top of the parabola through the highest point and its neighbors."""
    k = int(y.argmax())
    if k in (0, len(x) - 1):
        return float(x[k]), float(y[k])
    a, b, c = np.polyfit(x[k - 1 : k + 2] - x[k], y[k - 1 : k + 2], 2)
    shift = -b / (2.0 * a) if a < 0 else 0.0
    return float(x[k] + shift), float(c + b * shift + a * shift**2)
