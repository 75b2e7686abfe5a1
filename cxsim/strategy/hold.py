"""The smallest size or value at which a firm's measure reaches a target, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.labels import scale_for, words_of
from cxsim.messages import choice, hint, minus, money, number, whole
from cxsim.runs.measures.measure_registry import firm_measure, measures, summarize
from cxsim.runs.measures.profit import VALUES
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.study.paired_seeds import Progress, contrast, framed, loaded, sampling
from cxsim.study.value_of_lead import Estimate, estimate, interval


@dataclass(frozen=True)
class Hold:
    """The value of a parameter from which on a firm's measure reaches a target, and its cost.

    Attributes
    ----------
    firm, measure, path : str
    target : float
        In the unit of the measure.
    at_least : bool
        Whether the target is reached from below; else it is a limit from above.
    value : float
        The value tried that is nearest to those that miss the target and whose mean reaches it;
        NaN where all values reach it or none does.
    lower, upper : float
        Ends of its confidence interval: the interval of the measure there over the slope.
    reached : Estimate
        The measure at that value.
    change : Estimate
        The firm's net present value there less that of the scenario as it is, currency; for the
        size of a programme, less that without the programme.
    curve : DataFrame
        ``value, mean, se, lower, upper`` of the measure and ``reaches`` at all values tried, in
        order, and ``net_present_value``, the mean change of it, currency.
    named : bool
        Whether the firm was named; else it is the one whose parameter is moved.
    """

    firm: str
    measure: str
    path: str
    target: float
    at_least: bool
    value: float
    lower: float
    upper: float
    reached: Estimate
    change: Estimate
    curve: pd.DataFrame
    named: bool = True

    def table(self) -> pd.DataFrame:
        """Return the values tried, with columns as readers call them."""
        unit, currency = self.curve.attrs["unit"], words_of(self.curve).currency
        label = str(self.curve.attrs["label"])
        names = {
            "value": self.path, "mean": f"{label} ({unit})" if unit else label,
            "reaches": "reaches the target",
            "net_present_value": f"change of net present value ({currency})",
        }  # fmt: skip
        words = {"reaches": self.curve["reaches"].map({True: "yes", False: "no"})}
        return self.curve.drop(columns="se").assign(**words).rename(columns=names)

    def sentence(self) -> str:
        """Return the result in words."""
        words, curve = words_of(self.curve), self.curve
        label, unit = self.curve.attrs["label"], self.curve.attrs["unit"]
        what = f"{self.firm}'s {label[:1].lower()}{label[1:]}"
        scale = scale_for(unit, [self.target, *curve["mean"]], words=words)

        def text(value: float) -> str:
            return scale.text(value).replace("\u00a0", " ")

        goal = f"{'at least' if self.at_least else 'at most'} {text(self.target)}"
        ends = f"{self.path} {' to '.join(_figure(v) for v in curve['value'].iloc[[0, -1]])}"
        if not np.isfinite(self.value):
            if curve["reaches"].all():
                return f"{what} is {goal} throughout {ends}: nothing has to change within it."
            best = curve.loc[curve["mean"].idxmax() if self.at_least else curve["mean"].idxmin()]
            most = "at most" if self.at_least else "at least"
            return (
                f"{what} is nowhere {goal} in {ends}: {most} {text(best['mean'])}, at "
                f"{_figure(best['value'])}."
            )
        side = "up to" if curve["reaches"].iloc[0] else "from"
        on = "" if curve["reaches"].iloc[0] else " on"
        around = ""
        if np.isfinite(self.lower):
            around = f" (interval {_figure(self.lower)} to {_figure(self.upper)})"
        said = f"{what} is {goal} {side} {self.path} {_figure(self.value)}{on}{around}"
        against = "without the programme" if _is_size(self.path) else "as it is"
        cost, better = self._cost(words.currency), self._better(words.currency)
        return f"{said}; {cost} against the market {against}.{better}"

    def _cost(self, currency: str) -> str:
        change = self.change
        if not change.mean:
            return "this changes no net present value"
        verb = "costs" if change.mean < 0 else "gains"
        said = f"this {verb} {money(abs(change.mean), currency)} of net present value"
        if not np.isfinite(change.lower):
            return f"{said} (one seed, so no interval)"
        ends = sorted((change.lower, change.upper), key=abs) if change.sign else (
            change.lower, change.upper
        )  # fmt: skip
        shown = [money(abs(end) if change.sign else end) for end in ends]
        sure = "" if change.sign else ", not statistically significant"
        return f"{said} (interval {' to '.join(shown)}{sure})"

    def _better(self, currency: str) -> str:
        """Name a value tried that reaches the target too, and earns more."""
        reaching = self.curve[self.curve["reaches"]]
        best = reaching.loc[reaching["net_present_value"].idxmax()]
        more = best["net_present_value"] - self.change.mean
        if best["value"] == self.value or more <= 0:
            return ""
        return (
            f" Of the values tried that reach it, {_figure(best['value'])} earns most, "
            f"{money(more, currency)} more on average."
        )


def _figure(value: float) -> str:
    return minus(f"{value:.4g}")


#: The part of a path that stands for the size of a programme.
SIZE = ".size"


def _is_size(path: str) -> bool:
    return re.fullmatch(r"firms\.[^.]+\.programmes\.[^.]+\.size", path) is not None


def sized(scenario: Scenario, path: str, size: float) -> dict[str, Any]:
    """Return overrides that put a value in a path, or give a programme another size.

    Parameters
    ----------
    scenario : Scenario
    path : str
        Dotted path of a number, or ``firms.NAME.programmes.NAME.size``.
    size : float
        The value; of a programme, the share of its changes and of its costs: 0 changes nothing
        and costs nothing, 1 is the programme as it is stated.

    Raises
    ------
    ValueError
        If there is no such programme, or it changes what is no number.
    """
    if not _is_size(path):
        return {path: size}
    parts = path.split(".")
    firm, name = choice(parts[1], "firm", scenario.firms), parts[3]
    programmes = scenario.firms[firm].programmes
    if name not in programmes:
        near = hint(name, programmes) if programmes else f" ({firm} has none)"
        raise ValueError(f"{path}: expected a programme of {firm}, found {name!r}{near}")
    programme, changes = programmes[name], {}
    for key, level in programme.changes.items():
        now = scenario.value(f"firms.{firm}.{key}")
        words = [each for each in (now, level) if type(each) not in (int, float)]
        if words:
            text = f"expected programme {name} to change numbers, found {key}: {words[0]!r}"
            raise ValueError(f"{path}: {text}")
        changes[key] = now + size * (level - now)
    place = path.removesuffix(SIZE)
    return {
        f"{place}.changes": changes,
        f"{place}.one_off": size * programme.one_off,
        f"{place}.running": size * programme.running,
    }


def hold(
    scenario: Scenario | str,
    target: str,
    path: str,
    *,
    low: float | str,
    high: float | str,
    firm: str = "",
    seeds: int | Sequence[int] = 20,
    confidence: float = 0.95,
    points: int = 7,
    progress: Progress | None = None,
) -> Hold:
    """Find the smallest size or value at which a firm's measure reaches a target, and its cost.

    Every value is run on the same seeds, so that the mean is a function of the value. It is tried
    at evenly spaced values; if it rises or falls throughout, the value at which it meets the
    target is closed in on by Brent's method.

    Parameters
    ----------
    scenario : Scenario or str
    target : str
        A measure of firms, ``>=`` or ``<=``, and a number: ``"market_share >= 0.40"`` or
        ``"churn <= 2 %"``. Measures by period are means over the run.
    path : str
        Dotted path of a number, such as ``"firms.Tailor.price"``, or the size of a programme,
        ``"firms.Tailor.programmes.app.size"`` (:func:`sized`).
    low, high : float
        Where to look.
    firm : str
        Whose measure; default: the firm that the path names.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).
    points : int
        Values tried first.
    progress : callable, optional
        Called with (values tried, values to try).

    Raises
    ------
    ScenarioError
        If the path or a value is not valid.
    ValueError
        If the target is not of this form, there is no such firm, measure or programme, or the
        measure neither rises nor falls throughout.

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("baseline", {"customers": 200, "periods": 12})
    >>> held = hold(market, "market_share >= 30 %", "firms.Mass.price", low=14, high=22, seeds=2)
    >>> 14 < held.value < 22
    True
    """
    from scipy.optimize import brentq

    market = loaded(scenario)
    name, at_least, goal = _target(target)
    firm_measure(name, market.mechanisms)
    parts = path.split(".")
    named = parts[1] if parts[0] == "firms" and len(parts) > 2 and parts[1] != "*" else ""
    given = bool(firm)
    firm = choice(firm or named, "firm", market.firms)
    seeds, confidence = sampling(seeds, confidence)
    low, points = number(low, "low"), whole(points, "points", low=2)
    high = number(high, "high", low=low, strict=True)

    def measured(simulation: Simulation) -> list[float]:
        of_firm = summarize(simulation)[firm]
        return [of_firm[name], of_firm[VALUES[0]]]

    start = market.override(sized(market, path, 0.0)) if _is_size(path) else market
    now = contrast({"": start}, measured, seeds)[""]
    tried: dict[float, np.ndarray] = {}  # measure and net present value, (S, 2)

    def gap(value: float) -> float:
        value = float(value)
        if value not in tried:
            there = market.override(sized(market, path, value))
            tried[value] = contrast({"": there}, measured, seeds)[""]
            if progress is not None:
                progress(len(tried), max(len(tried), points))
        return float(tried[value][:, 0].mean()) - goal

    def reaches(value: float) -> bool:
        return gap(value) >= 0.0 if at_least else gap(value) <= 0.0

    grid = [float(value) for value in np.linspace(low, high, points)]
    met = [reaches(value) for value in grid]
    _check_one_way(path, name, grid, [tried[value][:, 0] for value in grid], met, confidence)
    value = lower = upper = np.nan
    nothing = Estimate(np.nan, np.nan, np.nan)
    reached = change = nothing
    if any(met) and not all(met):
        k = next(k for k in range(points - 1) if met[k] != met[k + 1])
        brentq(gap, grid[k], grid[k + 1], xtol=5e-4 * (high - low))
        value = (max if met[0] else min)(each for each in tried if reaches(each))
        slope = (gap(grid[k + 1]) - gap(grid[k])) / (grid[k + 1] - grid[k])
        reached = estimate(tried[value][:, 0], confidence)
        change = estimate(tried[value][:, 1] - now[:, 1], confidence)
        half = (reached.upper - reached.mean) / abs(slope)
        lower, upper = value - half, value + half
    values = sorted(tried)
    known = {each.name: each for each in measures("firm", market.mechanisms)}[name]
    unit = known.unit.replace(" per period", "") if known.summary == "sum" else known.unit
    found = interval(np.stack([tried[each][:, 0] for each in values], axis=1), confidence)
    rows = {
        "value": values, **found, "reaches": [reaches(each) for each in values],
        VALUES[0]: [float((tried[each][:, 1] - now[:, 1]).mean()) for each in values],
    }  # fmt: skip
    curve = framed(pd.DataFrame(rows), market, label=known.label, unit=unit)
    return Hold(
        firm, name, path, goal, at_least, value, lower, upper, reached, change, curve, given
    )  # fmt: skip


def moved(text: str) -> tuple[str, str, str]:
    """Return path and ends of a text such as ``firms.Mass.price=16:24``.

    Parameters
    ----------
    text : str
        ``PATH=LOW:HIGH``, or a blank in place of the equals sign; the size of a programme needs no
        ends: 0 to 1.

    Raises
    ------
    ValueError
        If it is of another form.

    Examples
    --------
    >>> moved("firms.Mass.price=16:24")
    ('firms.Mass.price', '16', '24')
    """
    path, ends = [*re.split(r"\s*=\s*|\s+", text.strip(), maxsplit=1), ""][:2]
    low, colon, high = (ends or ("0:1" if path.endswith(SIZE) else "")).partition(":")
    if not colon:
        raise ValueError(f"by: expected PATH=LOW:HIGH, found {text!r}")
    return path, low.strip(), high.strip()


def _target(text: str) -> tuple[str, bool, float]:
    """Return measure, whether it has to be at least so much, and how much.

    >>> _target("market_share >= 40 %")
    ('market_share', True, 0.4)
    >>> _target("churn at most 0.02")
    ('churn', False, 0.02)
    """
    match = re.fullmatch(
        r"\s*(\w+)\s*(>=|<=|at least\b|at most\b)\s*([^\s%]+)\s*(%?)\s*", str(text)
    )
    if match is None:
        what = "expected a measure, >= or <=, and a number, such as market_share>=0.40"
        raise ValueError(f"target: {what}, found {text!r}")
    goal = number(match[3], "target")
    return match[1], match[2] in (">=", "at least"), goal / 100.0 if match[4] else goal


def _check_one_way(
    path: str,
    measure: str,
    grid: Sequence[float],
    values: Sequence[np.ndarray],
    met: Sequence[bool],
    confidence: float,
) -> None:
    """Refuse a measure that both rises and falls, significantly, or meets its target twice."""
    steps = [estimate(there - here, confidence) for here, there in pairwise(values)]
    ways = [step.sign if len(values[0]) > 1 else int(np.sign(step.mean)) for step in steps]
    at = {way: k for k, way in reversed(list(enumerate(ways)))}
    changes = [k for k in range(len(met) - 1) if met[k] != met[k + 1]]
    if len(changes) > 1:
        found = f"it meets the target {len(changes)} times"
    elif 1 in at and -1 in at:
        rises, falls = (
            f"{_figure(grid[at[way]])} to {_figure(grid[at[way] + 1])}" for way in (1, -1)
        )
        found = f"it rises from {rises} and falls from {falls}"
    else:
        return
    ends = f"{_figure(grid[0])} to {_figure(grid[-1])}"
    raise ValueError(
        f"{path}: expected {measure} to rise or fall throughout {ends}, found that {found} "
        "(narrow the range, or take more seeds)"
    )
