"""Break-even: at which value of a parameter a changed scenario earns what the baseline earns."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Unpack

import numpy as np
import pandas as pd

from cxsim.charts.labels import joined, scale_for, words_of
from cxsim.charts.layout import Chart, Shared, charted, tag
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture
from cxsim.messages import choice, minus, number, whole
from cxsim.numerics.statistics import half_width, over_draws
from cxsim.runs.measures.measure_registry import firm_measure, summarize
from cxsim.runs.measures.profit import VALUES, by_horizon, profit
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.scenario.named_policies import named_policies
from cxsim.strategy.options import programme_changes, programme_terms
from cxsim.study.paired_seeds import (
    Progress,
    contrast,
    drawn_scenarios,
    framed,
    paths_of,
    read_draws,
    sampling,
    seeds_with_draws,
)
from cxsim.study.value_of_lead import (
    CONTINUED,
    Estimate,
    Value,
    estimate,
    interval,
    money_of,
    value_of,
)

# -- Break-even: at which value of a parameter a changed scenario earns what the baseline earns


@dataclass(frozen=True)
class BreakEven:
    """The value at which a difference from the baseline changes its sign.

    Attributes
    ----------
    path : str
        The parameter that was moved.
    points : tuple of (float, float)
        Each value at which the mean difference is zero, with its standard error.
    curve : DataFrame
        ``value, difference, se, lower, upper`` at all values tried, in order; for net present
        value also ``perpetuity`` and ``equity``, the mean differences with the last year's
        profit in perpetuity and with customer equity at the end.
    programmes : mapping of str to str
        Programmes of the firm that the baseline lacks, with their costs in words.
    by_draw : DataFrame or None
        With draws of parameters: ``draw, value, se``, the first value at which each breaks even,
        with its Monte-Carlo standard error; NaN where none does.
    uncertainty : mapping of str to float
        With draws: of the value, ``mean``, ``se`` (Monte-Carlo standard error), ``estimate_sd``
        (standard deviation between draws that chance does not explain), ``lower`` and ``upper``
        with both; and ``share_of_draws``, the share that breaks even. ``points`` then holds the
        mean with both errors, and the curve is the mean over draws, with its ``estimate_sd``.
    """

    path: str
    points: tuple[tuple[float, float], ...]
    curve: pd.DataFrame
    programmes: Mapping[str, str] = field(default_factory=dict)
    by_draw: pd.DataFrame | None = None
    uncertainty: Mapping[str, float] = field(default_factory=dict)

    def continued(self, column: str) -> list[float]:
        """Return the interpolated zero of the curve of ``perpetuity`` or ``equity``.

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
        for column, words in CONTINUED.items():
            if column not in self.curve or self.curve[column].isna().any():
                continue
            at = " and ".join(minus(f"{value:.4g}") for value in self.continued(column))
            ahead = "ahead" if self.curve[column].mean() > 0 else "behind"
            where = f"break-even is at {at}{unit}" if at else f"it is {ahead} throughout"
            said.append(f"{words}, {where}")
        return f"This counts profit within the run only; {'; '.join(said)}." if said else ""

    def sentence(self, unit: str = "") -> str:
        """Return the result in words."""
        low, high = self.curve["value"].iloc[[0, -1]]
        unit = f" {unit}" if unit else ""
        if self.by_draw is not None and self.uncertainty["share_of_draws"]:
            return self._over_draws(unit)
        if not self.points:
            ahead = "ahead of" if self.curve["difference"].mean() > 0 else "behind"
            ends = f"{minus(f'{low:g}')} to {minus(f'{high:g}')}{unit}"
            return f"No break-even from {ends}: {ahead} the baseline throughout.{self._terms}"
        said = " and ".join(
            minus(f"{value:.4g}") + f" (± {error:.2g})" for value, error in self.points
        )
        start = "ahead of" if self.curve["difference"].iloc[0] > 0 else "behind"
        below = f"Below it, the firm is {start} the baseline."
        return f"Break-even at {said}{unit}. {below}{self._terms}"

    def _over_draws(self, unit: str) -> str:
        count = 0 if self.by_draw is None else len(self.by_draw)
        share = f"in {100 * self.uncertainty['share_of_draws']:.0f} % of {count} draws"
        if not self.points:
            return f"Break-even {share} of the estimates, too few to say where.{self._terms}"
        found = {name: minus(f"{value:.4g}") for name, value in self.uncertainty.items()}
        start = "ahead of" if self.curve["difference"].iloc[0] > 0 else "behind"
        return (
            f"Break-even at {found['mean']}{unit}, {share} of the estimates (standard deviation "
            f"{found['estimate_sd']} from the estimates, Monte-Carlo error {found['se']}). Below "
            f"it, the firm is {start} the baseline on average.{self._terms}"
        )

    @property
    def _terms(self) -> str:
        """The costs of programmes in words, without those whose terms are moved."""
        return _terms(
            {
                name: words
                for name, words in self.programmes.items()
                if f".programmes.{name}." not in self.path
            }
        )


# -- The programmes that an investment consists of ---------------------------------------------


def _added(firm: str, without: Scenario, invested: Scenario) -> dict[str, str]:
    """Return the programmes that only the second scenario has, with their costs in words."""
    known = without.firms[firm].programmes
    return {
        name: programme_terms(each, invested)
        for name, each in invested.firms[firm].programmes.items()
        if each != known.get(name)
    }


def _whose(firm: str, programmes: Mapping[str, str]) -> str:
    if not programmes:
        return f"{firm}'s investment"
    plural = "s" if len(programmes) > 1 else ""
    return f"{firm}'s programme{plural} {joined(programmes)}"


def _terms(programmes: Mapping[str, str]) -> str:
    return "".join(f" Programme {name}: {words}." for name, words in programmes.items())


# -- Break-even computed -----------------------------------------------------------------------


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
    draws: Any = None,
    progress: Progress | None = None,
) -> BreakEven:
    """Find the value at which a firm's measure equals that of the baseline, over paired seeds.

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
    draws : DataFrame, str, Path, Calibration or MomentMatch, optional
        Draws of estimated parameters, as for :func:`cxsim.compare`: the value is found for each
        draw, on the same seeds.
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
    seeds, confidence = sampling(seeds, confidence)
    points = whole(points, "points", low=2)
    low, high = number(low, "low"), number(high, "high")
    for scenario in (baseline, other):
        choice(firm, "firm", scenario.firms)
        firm_measure(measure, scenario.mechanisms)
    kept = VALUES if measure == VALUES[0] else (measure,)
    search: dict[str, Any] = {
        "path": path, "firm": firm, "seeds": seeds, "kept": kept,
        "grid": np.linspace(low, high, points),
    }  # fmt: skip
    drawn = read_draws(draws)
    if drawn is not None:
        seeds_with_draws(seeds)
        if path in drawn.columns:
            raise ValueError(f"path: expected a parameter that is not drawn, found {path} in draws")
        pairs = list(zip(*drawn_scenarios((baseline, other), drawn), strict=True))
        return _of_draws(pairs, search, confidence, _added(firm, baseline, other), progress)
    tried, zeros = _searched(baseline, other, **search, progress=progress)
    found = {value: interval(tried[value], confidence, "difference") for value in sorted(tried)}
    at = tuple((value, float(found[value]["se"][0]) / abs(slope)) for value, slope in zeros)
    curve = pd.DataFrame(
        {column: each[0] for column, each in one.items()} for one in found.values()
    )
    curve.insert(0, "value", list(found))
    if len(kept) > 1:
        curve[list(CONTINUED)] = [one["difference"][1:] for one in found.values()]
    return BreakEven(path, at, curve, _added(firm, baseline, other))


def _searched(
    baseline: Scenario,
    other: Scenario,
    *,
    path: str,
    firm: str,
    seeds: Sequence[int],
    kept: Sequence[str],
    grid: np.ndarray,
    progress: Progress | None = None,
) -> tuple[dict[float, np.ndarray], list[tuple[float, float]]]:
    """Return differences from the baseline by value tried, (S, measures), and the zeros."""

    def measured(simulation: Simulation) -> list[float]:
        of_firm = summarize(simulation)[firm]
        return [of_firm[name] for name in kept]

    base = contrast({"": baseline}, measured, seeds)[""]
    tried: dict[float, np.ndarray] = {}  # differences from the baseline, (S, measures)

    def difference(value: float) -> float:
        value = float(value)
        if value not in tried:
            there = other.override({path: value})
            tried[value] = contrast({"": there}, measured, seeds)[""] - base
            if progress is not None:
                progress(len(tried), max(len(tried), len(grid)))
        return float(tried[value].mean(axis=0)[0])

    zeros = _zeros(difference, grid)
    return tried, zeros


def _of_draws(
    pairs: Sequence[tuple[Scenario, Scenario]],
    search: Mapping[str, Any],
    confidence: float,
    programmes: Mapping[str, str],
    progress: Progress | None,
) -> BreakEven:
    """Return the break-even of pairs of scenarios, one for each draw of the parameters.

    The value at which one seed breaks even is, to first order, the draw's less the seed's
    difference there over the slope.
    """
    grid, done = search["grid"], 0
    rows, by_seed, curves = [], [], []

    def tell(tried: int, _: int) -> None:
        if progress is not None:
            progress(done + tried, max(len(pairs) * len(grid), done + tried))

    for place, (baseline, other) in enumerate(pairs):
        tried, zeros = _searched(baseline, other, **search, progress=tell)
        done += len(tried)
        curves.append([tried[float(value)] for value in grid])
        row = {"draw": place, "value": np.nan, "se": np.nan}
        if zeros:
            value, slope = zeros[0]
            off = tried[value][:, 0] - tried[value][:, 0].mean()
            by_seed.append(value - off / slope)
            error = interval(tried[value][:, 0], confidence)["se"] / abs(slope)
            row |= {"value": value, "se": float(error)}
        rows.append(row)
    values = np.array(curves).transpose(0, 2, 1, 3)  # (D, S, values, measures)
    found = over_draws(values, confidence)
    curve = pd.DataFrame(
        {"difference" if name == "mean" else name: each[:, 0] for name, each in found.items()}
    )
    curve.insert(0, "value", grid)
    if values.shape[-1] > 1:
        curve[list(CONTINUED)] = found["mean"][:, 1:]
    uncertainty = {"share_of_draws": len(by_seed) / len(pairs)}
    at: tuple[tuple[float, float], ...] = ()
    if len(by_seed) > 1:
        of_value = {k: float(v) for k, v in over_draws(np.array(by_seed), confidence).items()}
        uncertainty = {**of_value, **uncertainty}
        at = ((of_value["mean"], float(np.hypot(of_value["se"], of_value["estimate_sd"]))),)
    return BreakEven(
        search["path"], at, curve, programmes, by_draw=pd.DataFrame(rows), uncertainty=uncertainty
    )


def _zeros(difference: Callable[[float], float], grid: np.ndarray) -> list[tuple[float, float]]:
    """Return the zeros of a function and its slopes there: NaN if it is flat."""
    from scipy.optimize import brentq

    heights, step = [difference(value) for value in grid], 1e-3 * (grid[-1] - grid[0])
    found = []
    for k in range(len(grid) - 1):
        (left, right), (here, there) = map(float, grid[k : k + 2]), heights[k : k + 2]
        if here == 0.0 or here * there < 0.0:
            value = left if here == 0.0 else float(brentq(difference, left, right, xtol=step))
            difference(value)
            found.append((value, (there - here) / (right - left) or np.nan))
    return found


# -- Payback: when a capability that was built has earned what it cost -------------------------


@dataclass(frozen=True)
class Payback:
    """When an investment has paid for itself.

    Attributes
    ----------
    firm : str
    start : int
        First period in which the two scenarios' profits differ.
    periods : float
        Periods from ``start`` until the mean lead in cumulative profit is positive for good;
        infinite if it is not by the end.
    lower, upper : float
        The same for the upper and the lower end of the lead's interval: the payback period is
        between them, period by period with the confidence asked for.
    paid : float
        Share of seeds on which it has paid by the end.
    curve : DataFrame
        ``period, difference, se, lower, upper``: the lead in cumulative profit, discounted.
    value : Value or None
        What the lead is worth within the periods, and with what follows them.
    programmes : mapping of str to str
        Programmes that the investment consists of, with their costs in words.
    """

    firm: str
    start: int
    periods: float
    lower: float
    upper: float
    paid: float
    curve: pd.DataFrame
    value: Value | None = None
    programmes: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, word: str = "period") -> str:
        """Return in words when it has paid for itself."""
        whose = _whose(self.firm, self.programmes)
        do = "" if len(self.programmes) > 1 else "s"
        if not np.isfinite(self.periods):
            last = int(self.curve["period"].iloc[-1]) - self.start + 1
            text = f"{whose} {'does' if do else 'do'} not pay back within {last} {word}s"
        else:
            text = f"{whose} pay{do} back after {self.periods:.0f} {word}s"
        ends = [f"{v:.0f}" if np.isfinite(v) else "never" for v in (self.lower, self.upper)]
        interval = "" if ends == ["never", "never"] else f"interval {ends[0]} to {ends[1]}; "
        paid = f"({interval}paid back in {100 * self.paid:.0f} % of runs)"
        return f"{text} {paid}.{_terms(self.programmes)}"

    def worth(self) -> str:
        """Return in words what it is worth within the periods and beyond, if that is known."""
        if self.value is None:
            return ""
        whose = _whose(self.firm, self.programmes)
        return self.value.sentence(f"The gain in net present value from {whose}")


def payback(
    without: Scenario,
    invested: Scenario,
    *,
    firm: str,
    seeds: int | Sequence[int] = 20,
    confidence: float = 0.95,
) -> Payback:
    """Find when a firm's cumulative profit catches up with that of not having invested.

    Parameters
    ----------
    without, invested : Scenario
        Alike but for the investment; run on the same seeds.
    firm : str
        A firm of both.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).

    Raises
    ------
    ValueError
        If the firm is not in both, the scenarios differ in periods, or nothing differs.

    Notes
    -----
    Profits are discounted at the scenario's rate to period 0. The investment itself, its
    running cost, and what rivals do about it are all in the difference.

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("baseline", {"customers": 200, "periods": 12})
    >>> road = {"at": 3, "set": {"firms.Niche.interaction": 0.5}}
    >>> found = payback(market, market.override({"events": [road]}), firm="Niche", seeds=2)
    >>> found.start
    3
    """
    for scenario in (without, invested):
        choice(firm, "firm", scenario.firms)
    if without.periods != invested.periods:
        raise ValueError(
            f"periods: expected the same in both, found {without.periods} and {invested.periods}"
        )
    seeds, confidence = sampling(seeds, confidence)
    earned = paths_of(firm, ["profit", "customer_equity"])
    made = contrast({"without": without, "invested": invested}, earned, seeds)
    lead, equity = (made["invested"][name] - made["without"][name] for name in made["without"])
    if not lead.any():
        raise ValueError(f"invested: expected {firm}'s profit to differ, found it does not")
    start = int(np.flatnonzero(lead.any(axis=0))[0])
    money = money_of(without)
    so_far = by_horizon(lead.T, money["discount_rate"]).T
    found = interval(so_far, confidence, "difference")
    curve = framed(pd.DataFrame(found).rename_axis(index="period").reset_index(), without)
    paid = {name: _paid(lead, start) for name, lead in found.items()}
    return Payback(
        firm,
        start,
        periods=paid["difference"],
        lower=paid["upper"],
        upper=paid["lower"],
        paid=float((so_far[:, -1] > 0).mean()),
        curve=curve,
        value=value_of(lead, equity[:, -1], confidence=confidence, **money),
        programmes=_added(firm, without, invested),
    )


def _paid(lead: np.ndarray, start: int) -> float:
    """Return the periods from the start until the lead is positive for good."""
    behind = np.flatnonzero(~(lead[start:] > 0))
    after = int(behind[-1]) + 1 if len(behind) else 0
    return float(after) + 1.0 if start + after < len(lead) else float("inf")


# -- Payback drawn: the lead in cumulative profit of a firm that invested ----------------------


@charted()
def payback_curve(found: Payback, **_: Unpack[Shared]) -> Chart:
    """Draw the lead in cumulative profit of a firm that invested, until it has paid.

    Parameters
    ----------
    found : Payback
        As :func:`cxsim.strategy.break_even.payback` returns.
    """
    curve, blue = found.curve, OKABE_ITO["blue"]
    words, period = words_of(curve), curve["period"]
    scale = scale_for("currency", curve["difference"].abs(), words=words)

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        axes.fill_between(period, curve["lower"], curve["upper"], color=blue, alpha=0.25, lw=0)
        axes.plot(period, curve["difference"], color=blue, lw=2)
        axes.axhline(0, color=INK, lw=0.8)
        if np.isfinite(found.periods):
            at = found.start + found.periods - 1
            axes.axvline(at, color=GREY, lw=0.9, ls=(0, (4, 2)))
            text = f"payback: {found.periods:.0f} {words.period}s"
            tag(axes, text, (at, 0), (6, -14), va="baseline", color=GREY, fontsize=9)
        axes.set_xlabel(words.period.capitalize())
        axes.set_ylabel(scale.axis("Lead in cumulative profit"))
        axes.yaxis.set_major_formatter(scale.ticks)

    said = found.sentence(words.period)
    title = said.split(". ")[0].split(" (")[0]
    end = f"At the end the lead is {scale.text(curve['difference'].iloc[-1], signed=True)}."
    return Chart(
        draw,
        size=(7.8, 4.2),
        title=title,
        note="Discounted lead over the same market without the investment, over paired seeds. "
        "Band: confidence interval of the mean.",
        alt=f"{said} {end}",
    )


# -- Smallest market in which an investment pays: fixed costs do not grow with customers --------


@dataclass(frozen=True)
class SmallestMarket:
    """The market size from which on an investment pays.

    Attributes
    ----------
    firm : str
    now : float
        Customers in the market as it is.
    size : float
        Customers from which on the mean lead in net present value is positive: 0 if it is in a
        market of any size, infinite if it is in none.
    lower, upper : float
        Ends of its confidence interval (Fieller 1954); 0 and infinite where it has no end.
    fixed : float
        The part of the lead that does not grow with the market, currency.
    per_customer : float
        The rest of the lead for each customer in the market, currency.
    simulated : Estimate
        The lead in a market of that size, simulated on the same seeds; NaN where there is none.
    curve : DataFrame
        ``market_size, difference, se, lower, upper``: the lead by market size.
    programmes : mapping of str to str
        Programmes that the investment consists of, with their costs in words.
    """

    firm: str
    now: float
    size: float
    lower: float
    upper: float
    fixed: float
    per_customer: float
    simulated: Estimate
    curve: pd.DataFrame
    programmes: Mapping[str, str] = field(default_factory=dict)

    def sentence(self) -> str:
        """Return the result in words."""
        many = len(self.programmes) > 1
        pays = f"{_whose(self.firm, self.programmes)} {'pay' if many else 'pays'}"
        terms = _terms(self.programmes)
        if self.size == 0.0:
            return f"{pays} in a market of any size.{terms}"
        if not np.isfinite(self.size):
            return f"{pays} in a market of no size: each further customer costs money.{terms}"
        it, do, pay = ("they", "do", "pay") if many else ("it", "does", "pays")
        here = pay if self.now >= self.size else f"{do} not pay"
        ends = f"{size_words(self.lower)} to {size_words(self.upper)}"
        return (
            f"{pays} from {size_words(self.size)} customers on (interval {ends}); "
            f"{it} {here} in the market of {self.now:,.0f}.{terms}"
        )


def size_words(customers: float) -> str:
    """Return a market size in words, to three digits.

    Parameters
    ----------
    customers : float
        Infinite where there is none.
    """
    return f"{float(f'{customers:.3g}'):,.0f}" if np.isfinite(customers) else "no upper limit"


def smallest_market(
    without: Scenario,
    invested: Scenario,
    *,
    firm: str,
    seeds: int | Sequence[int] = 20,
    confidence: float = 0.95,
) -> SmallestMarket:
    """Find the market size from which on an investment pays within the horizon.

    Parameters
    ----------
    without, invested : Scenario
        Alike but for the investment (a programme, say); run on the same seeds.
    firm : str
        A firm of both.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).

    Raises
    ------
    ValueError
        If the firm is not in both, the scenarios differ in periods or market size, or a firm's
        decisions depend on the size of the market (policies, credit limits).

    Notes
    -----
    Simulated customers stand for a market of any size, so that the lead in net present value is
    a + b N: costs that are stated for the whole market make a, everything that customers pay and
    cause makes b N, and the size is -a / b. It is then simulated.

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("baseline", {"customers": 300, "periods": 24})
    >>> crm = {"changes": {"identification": 1.0}, "one_off": 20_000, "running": 500}
    >>> found = smallest_market(
    ...     market, market.override({"firms.Tailor.programmes.crm": crm}), firm="Tailor", seeds=2
    ... )
    >>> found.size < 100_000
    True
    """
    for scenario in (without, invested):
        choice(firm, "firm", scenario.firms)
        _check_size_free(scenario)
    for name in ("periods", "market_size"):
        one, other = getattr(without, name), getattr(invested, name)
        if one != other:
            raise ValueError(f"{name}: expected the same in both, found {one} and {other}")
    seeds, confidence = sampling(seeds, confidence)
    now, rate = float(without.market_size), float(without.discount_rate)
    value = _value_by_size(firm, rate)
    pair = {"without": without, "invested": invested}
    made = contrast(pair, value, seeds)
    at_one, at_two = (made["invested"][:, k] - made["without"][:, k] for k in (0, 1))
    growing = at_two - at_one  # b N of the market as it is; the rest is a, but for rounding
    fixed = np.where(np.isclose(growing, at_one, rtol=1e-9, atol=0.0), 0.0, at_one - growing)
    size, lower, upper = _root(fixed, growing, confidence)
    simulated = Estimate(np.nan, np.nan, np.nan)
    if np.isfinite(size) and size > 0.0:
        there = {key: each.override({"market_size": size * now}) for key, each in pair.items()}
        again = contrast(there, value, seeds)
        simulated = estimate((again["invested"] - again["without"])[:, 0], confidence)
    top = 2.0 * max(1.0, size if np.isfinite(size) else 1.0)
    sizes = np.linspace(0.0, top, 41)
    found = interval(fixed[:, None] + growing[:, None] * sizes, confidence, "difference")
    curve = framed(pd.DataFrame({"market_size": sizes * now, **found}), without)
    return SmallestMarket(
        firm,
        now,
        size=now * size,
        lower=now * lower,
        upper=now * upper,
        fixed=float(fixed.mean()),
        per_customer=float(growing.mean()) / now,
        simulated=simulated,
        curve=curve,
        programmes=_added(firm, without, invested),
    )


def _check_size_free(scenario: Scenario) -> None:
    """Refuse firms whose decisions depend on the size of the market."""
    for name, firm in scenario.firms.items():
        decides = next((kind for owner, kind, _ in named_policies(scenario) if owner == name), "")
        found_here = f"a {decides} policy" if decides else ""
        if firm.credit_limit is not None:
            found_here = "a credit limit"
        if found_here:
            raise ValueError(
                f"firms.{name}: expected decisions that do not depend on the size of the market, "
                f"found {found_here}: compare markets of several sizes instead (market_size)"
            )


def _value_by_size(firm: str, rate: float) -> Callable[[Simulation], np.ndarray]:
    """Return a statistic: net present value in the market as it is, and in one twice as large."""

    def statistic(simulation: Simulation) -> np.ndarray:
        ledger, twice = simulation.ledger, copy.copy(simulation.ledger)
        twice.scale *= 2.0
        place = ledger.firms.index(firm)
        return np.array([by_horizon(profit(b)[:, place], rate)[-1] for b in (ledger, twice)])

    return statistic


def _root(fixed: np.ndarray, growing: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Return where the mean of a + b n turns positive, with Fieller's interval.

    Parameters
    ----------
    fixed, growing : ndarray, shape (S,)
        a and b by seed, currency.
    confidence : float

    Returns
    -------
    size, lower, upper : float
        Relative to the market as it is.
    """
    a, b = float(fixed.mean()), float(growing.mean())
    if a >= 0.0 and b >= 0.0:
        return 0.0, 0.0, 0.0
    if b <= 0.0:
        return np.inf, np.inf, np.inf
    size, n = -a / b, len(fixed)
    if n < 2:
        return size, np.nan, np.nan
    spread = np.cov(fixed, growing) / n
    t = float(half_width(np.array(1.0), n, confidence)) ** 2
    square = b * b - t * spread[1, 1]
    line = a * b - t * spread[0, 1]
    rest = a * a - t * spread[0, 0]
    inside = line * line - square * rest
    if square <= 0.0 or inside < 0.0:
        return size, 0.0, np.inf
    ends = sorted((-line + sign * np.sqrt(inside)) / square for sign in (-1.0, 1.0))
    return size, max(0.0, float(ends[0])), max(0.0, float(ends[1]))


# -- What each programme of a market is worth: with and without it, payback, smallest market ---


def programme_values(
    scenario: Scenario, *, seeds: int | Sequence[int] = 5, confidence: float = 0.95
) -> pd.DataFrame:
    """Return for each programme what its firm earns with and without it.

    Parameters
    ----------
    scenario : Scenario
    seeds : int or sequence of int
        Paired.
    confidence : float
        Of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        A row per programme: ``firm, programme, changes`` (in words), ``one_off`` (currency),
        ``running`` (currency per period), ``build`` (periods), ``terms`` (all three in words);
        net present value of the firm ``with`` and ``without`` it, their paired ``difference``
        with ``se, lower, upper`` (currency); ``payback``, periods until it has paid, infinite if
        it has not by the end; ``smallest_market``, customers from which on it pays, NaN where a
        firm's decisions depend on the size of the market.
    """
    seeds, confidence = sampling(seeds, confidence)
    rows = []
    for firm, group in scenario.firms.items():
        for name, each in group.programmes.items():
            without = scenario.override({f"firms.{firm}.programmes.{name}": None})
            rows.append(
                {
                    "firm": firm, "programme": name, "changes": programme_changes(each),
                    "one_off": each.one_off, "running": each.running, "build": each.build,
                    "terms": programme_terms(each, scenario),
                    **_worth_of(without, scenario, firm, seeds, confidence),
                }
            )  # fmt: skip
    return framed(pd.DataFrame(rows), scenario)


def _worth_of(
    without: Scenario, invested: Scenario, firm: str, seeds: Sequence[int], confidence: float
) -> dict[str, float]:
    """Return what a firm earns with and without an investment, payback and smallest market."""

    def earned(simulation: Simulation) -> float:
        return float(summarize(simulation)[firm][VALUES[0]])

    made = contrast({"with": invested, "without": without}, earned, seeds)
    lead = made["with"] - made["without"]
    found = {name: float(value.mean()) for name, value in made.items()}
    found |= estimate(lead, confidence).row("difference")
    pays, size = np.inf, np.nan
    if lead.any():
        pays = payback(without, invested, firm=firm, seeds=seeds, confidence=confidence).periods
        with suppress(ValueError):  # a firm's decisions depend on the size of the market
            size = smallest_market(
                without, invested, firm=firm, seeds=seeds, confidence=confidence
            ).size
    return {**found, "payback": pays, "smallest_market": size}


@charted()
def market_size_curve(found: SmallestMarket, **_: Unpack[Shared]) -> Chart:
    """Draw an investment's lead in net present value by market size.

    Parameters
    ----------
    found : SmallestMarket
        As :func:`cxsim.strategy.break_even.smallest_market` returns.
    title : str, optional
        Replaces the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
    """
    curve, blue = found.curve, OKABE_ITO["blue"]
    scale = scale_for("currency", curve["difference"].abs(), words=words_of(curve))

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        thousands = curve["market_size"] / 1e3
        axes.fill_between(thousands, curve["lower"], curve["upper"], color=blue, alpha=0.25, lw=0)
        axes.plot(thousands, curve["difference"], color=blue, lw=2)
        axes.axhline(0, color=INK, lw=0.8)
        for at, text in ((found.now, "market today"), (found.size, "break-even")):
            if np.isfinite(at) and at > 0.0:
                axes.axvline(at / 1e3, color=GREY, lw=0.9, ls=(0, (4, 2)))
                tag(axes, text, (at / 1e3, axes.get_ylim()[1]), (4, -12), color=GREY, fontsize=9)
        axes.set_xlabel("Customers in the market (thousand)")
        axes.set_ylabel(scale.axis("Lead in net present value"))
        axes.yaxis.set_major_formatter(scale.ticks)

    said = found.sentence()
    return Chart(
        draw,
        size=(7.8, 4.2),
        title=said.split(". ")[0].split(" (")[0],
        note="Lead over the same market without the investment, over paired seeds. Costs stated "
        "for the whole market do not grow with it. Band: confidence interval of the mean.",
        alt=said,
    )
