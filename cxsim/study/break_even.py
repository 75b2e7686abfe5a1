"""Break-even: at which value of a parameter a changed scenario earns what the baseline earns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxsim.arguments import choice, number, seeds_of, whole
from cxsim.measures import firm_measure
from cxsim.measures.summary import summarize
from cxsim.measures.value import VALUES
from cxsim.runs import simulate
from cxsim.scenario import Scenario
from cxsim.study.statistics import half_width, mean_and_error

__all__ = ["BreakEven", "break_even"]

#: Columns of the curve that value what follows the run, and their words.
_CONTINUED = {
    "perpetuity": "with the last year's profit for ever",
    "equity": "with customer equity at the end",
}


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
        ``value, difference, se, lower, upper`` at all values tried, in order; for net present
        value also ``perpetuity`` and ``equity``, the mean differences with the last year's
        profit for ever and with customer equity at the end.
    """

    path: str
    points: tuple[tuple[float, float], ...]
    curve: pd.DataFrame

    def continued(self, column: str) -> list[float]:
        """Return where the curve of ``perpetuity`` or ``equity`` crosses zero, interpolated.

        Parameters
        ----------
        column : {"perpetuity", "equity"}
        """
        x, y = self.curve["value"].to_numpy(), self.curve[column].to_numpy()
        return [
            float(x[k] - y[k] * (x[k + 1] - x[k]) / (y[k + 1] - y[k]))
            for k in range(len(x) - 1)
            if y[k] * y[k + 1] < 0.0
        ]

    def worth(self, unit: str = "") -> str:
        """Return in words where it breaks even with what follows the run; empty if not known.

        Parameters
        ----------
        unit : str
            Of the parameter.
        """
        unit = f" {unit}" if unit else ""
        said = []
        for column, words in _CONTINUED.items():
            if column not in self.curve or self.curve[column].isna().any():
                continue
            at = " and ".join(f"{value:.4g}" for value in self.continued(column))
            ahead = "ahead" if self.curve[column].mean() > 0 else "behind"
            said.append(f"{words} {f'at {at}{unit}' if at else f'{ahead} throughout'}")
        return f"That is within the run; {', '.join(said)}." if said else ""

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
    ValueError
        If there is no such firm or measure.

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
    for scenario in (baseline, other):
        choice(firm, "firm", scenario.firms)
        firm_measure(measure, scenario.mechanisms)
    kept = VALUES if measure == VALUES[0] else (measure,)

    def measured(scenario: Scenario) -> np.ndarray:
        """Return the measures kept, by seed."""
        runs = [summarize(simulate(scenario, seed=seed))[firm] for seed in numbers]
        return np.array([[each[name] for name in kept] for each in runs])

    base = measured(baseline)
    tried: dict[float, tuple[float, float]] = {}
    later: dict[float, np.ndarray] = {}

    def difference(value: float) -> float:
        value = float(value)
        if value not in tried:
            mean, error = mean_and_error(measured(other.override({path: value})) - base)
            tried[value], later[value] = (float(mean[0]), float(error[0])), mean[1:]
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
    if len(kept) > 1:
        curve[list(_CONTINUED)] = np.array([later[value] for value in values])
    return BreakEven(path, tuple(found), curve)
