"""Break-even: at which value of a parameter a changed scenario earns what the baseline earns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxsim.arguments import number, seeds_of, whole
from cxsim.measures.summary import summarize
from cxsim.runs import simulate
from cxsim.scenario import Scenario
from cxsim.study.statistics import half_width, mean_and_error

__all__ = ["BreakEven", "break_even"]


@dataclass(frozen=True)
class BreakEven:
    """Where a difference from the baseline changes its sign.

    Attributes
    ----------
    path : str
        The parameter that was moved.
    points : tuple of (float, float)
        Each value at which the mean difference is zero, with its standard error.
    curve : DataFrame
        ``value, difference, se, lower, upper`` at all values tried, in order.
    """

    path: str
    points: tuple[tuple[float, float], ...]
    curve: pd.DataFrame

    def sentence(self, unit: str = "") -> str:
        """Return the result in words."""
        low, high = self.curve["value"].iloc[[0, -1]]
        unit = f" {unit}" if unit else ""
        if not self.points:
            ahead = "ahead of" if self.curve["difference"].mean() > 0 else "behind"
            return f"No break-even from {low:g} to {high:g}{unit}: {ahead} the baseline throughout."
        said = " and ".join(f"{value:.4g} (± {error:.2g})" for value, error in self.points)
        start = "ahead" if self.curve["difference"].iloc[0] > 0 else "behind"
        return f"Break-even at {said}{unit}; below it {start} of the baseline."


def break_even(
    baseline: Scenario,
    other: Scenario,
    path: str,
    *,
    firm: str,
    low: float,
    high: float,
    measure: str = "net_present_value",
    seeds: int | Sequence[int] = 5,
    confidence: float = 0.95,
    points: int = 9,
    progress: Callable[[int, int], None] | None = None,
) -> BreakEven:
    """Find where a measure of a firm equals that of the baseline, over paired seeds.

    The seeds stay the same for every value tried, so that the difference is a function of
    the value; it is tried at evenly spaced values, then each change of sign is closed in
    on by Brent's method.

    Parameters
    ----------
    baseline, other : Scenario
        ``path`` is moved in ``other``.
    path : str
        Dotted path of a number, such as ``"firms.Tailor.price"``.
    firm : str
        A firm of both.
    low, high : float
        Where to look.
    measure : str
        Name of a measure of firms.
    seeds : int or sequence of int
    confidence : float
        Of the intervals.
    points : int
        Values tried first.
    progress : callable, optional
        Called with (values tried, values to try).

    Raises
    ------
    ScenarioError
        If the path or a value is not valid.

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("baseline", {"customers": 200, "periods": 12})
    >>> better = market.override({"firms.Tailor.quality": 28})
    >>> found = break_even(
    ...     market, better, "firms.Tailor.unit_cost", firm="Tailor", low=8, high=16, seeds=2
    ... )
    >>> len(found.points)
    1
    """
    from scipy.optimize import brentq

    numbers, points = seeds_of(seeds), whole(points, "points", low=2)
    low, high = number(low, "low"), number(high, "high")
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    base = [summarize(simulate(baseline, seed=seed))[firm][measure] for seed in numbers]
    tried: dict[float, tuple[float, float]] = {}

    def difference(value: float) -> float:
        value = float(value)
        if value not in tried:
            moved = other.override({path: value})
            runs = [summarize(simulate(moved, seed=seed))[firm][measure] for seed in numbers]
            mean, error = mean_and_error(np.array(runs) - np.array(base))
            tried[value] = float(mean), float(error)
            if progress is not None:
                progress(len(tried), max(len(tried), points))
        return tried[value][0]

    grid = np.linspace(low, high, points)
    heights = [difference(value) for value in grid]
    found = []
    for k in range(points - 1):
        if heights[k] == 0.0 or heights[k] * heights[k + 1] < 0.0:
            left, right = float(grid[k]), float(grid[k + 1])
            step = 1e-3 * (high - low)
            value = left if heights[k] == 0.0 else float(brentq(difference, left, right, xtol=step))
            difference(value)
            slope = abs(heights[k + 1] - heights[k]) / (right - left)
            found.append((value, tried[value][1] / slope if slope > 0 else np.nan))
    values = sorted(tried)
    mean = np.array([tried[value][0] for value in values])
    error = np.array([tried[value][1] for value in values])
    half = half_width(error, len(numbers), confidence)
    curve = pd.DataFrame(
        {
            "value": values,
            "difference": mean,
            "se": error,
            "lower": mean - half,
            "upper": mean + half,
        }
    )
    return BreakEven(path, tuple(found), curve)
