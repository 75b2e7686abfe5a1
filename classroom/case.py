"""One student's case of a lesson: the market, the seeds, and what has been computed of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

from classroom.variant import Variant
from cxsim import Simulation
from cxsim.charts import FIXED_SPACE, Words, number
from cxsim.report import split_overrides, tell_progress
from cxsim.runs import Run, run, settings_attrs, simulate
from cxsim.scenario import Scenario
from cxsim.study import (
    Comparison,
    Outcome,
    Value,
    half_width,
    mean_and_error,
    outcome_of,
    side_by_side,
    value_of,
)

__all__ = ["CONFIDENCE", "Case", "Estimate", "Firm", "minus", "once", "with_unit"]


# -- One student's case of a lesson: the market, the seeds, and what has been computed of it ---


T = TypeVar("T")
_EQUITY = "customer_equity"
#: A firm of one of the lesson's markets.
Firm = tuple[Scenario, str]


class Case:
    """A student's case: seeds, variant and runs, the argument of a lesson's functions.

    Parameters
    ----------
    student : int
        0 for the book's numbers.
    seeds : int
        Paired seeds behind every result.
    overrides : str
        Other values in all markets of the lesson, with commas between.

    Attributes
    ----------
    variant : Variant
    seeds : list of int
    """

    def __init__(self, student: int = 0, *, seeds: int = 8, overrides: str = ""):
        self.variant = Variant(student)
        self.seeds = self.variant.seeds(seeds)
        self._changes = split_overrides(overrides)
        self._kept: dict[Any, Any] = {}
        self._used: dict[str, Scenario] = {}

    def market(self, name: str = "baseline", changes: Mapping[str, Any] | None = None) -> Scenario:
        """Return a scenario with changes by dotted path, and the lesson's overrides on top.

        ``changes`` may hold ``name``, by which figures and tables call it.
        """
        made = Scenario.load(name)
        made = made.override(dict(changes)) if changes else made
        made = made.override(self._changes) if self._changes else made
        self._used.setdefault(made.digest, made)
        return made

    @property
    def markets(self) -> list[Scenario]:
        """The scenarios asked for so far."""
        return list(self._used.values())

    @property
    def words(self) -> Words:
        """Labels of period and currency in the lesson's first market."""
        return Words.of(settings_attrs(self.markets[0])) if self._used else Words()

    @property
    def engine(self) -> str:
        """The compiled engine; that of agents, with the same numbers, where numba is missing."""
        return "columnar" if find_spec("numba") else "agents"

    def simulate(self, market: Scenario, seed: int) -> Simulation:
        """Return a simulation at its end."""
        return simulate(market, seed=seed, engine=self.engine)

    def run(self, market: Scenario, seed: int, *, probes: Iterable[str] = ()) -> Run:
        """Return a run with all its frames."""
        return run(market, seed=seed, engine=self.engine, probes=probes)

    def outcomes(self, market: Scenario) -> list[Outcome]:
        """Return one outcome per seed; run once and remembered."""
        key = ("outcomes", market.digest)
        if key not in self._kept:
            tell, made = tell_progress(), []
            for seed in self.seeds:
                made.append(outcome_of(self.simulate(market, seed)))
                if tell is not None:
                    tell(len(made), len(self.seeds))
            self._kept[key] = made
        return self._kept[key]

    def compared(self, *markets: Scenario) -> Comparison:
        """Return markets side by side over the paired seeds, the first as the baseline."""
        key = ("compared", *(market.digest for market in markets))
        if key not in self._kept:
            runs = [self.outcomes(market) for market in markets]
            self._kept[key] = side_by_side(markets, runs, seeds=self.seeds)
        return self._kept[key]

    def values(self, market: Scenario, measure: str, firm: str = "(market)") -> np.ndarray:
        """Return a measure, summarized over each run, by seed, shape (seeds,)."""
        return np.array([each.summary[firm][measure] for each in self.outcomes(market)])

    def mean(self, market: Scenario, measure: str, firm: str, *, times: float = 1.0) -> Estimate:
        """Return a measure of a firm with its interval, in multiples (100 for percent)."""
        return Estimate.over(times * self.values(market, measure, firm))

    def average(self, market: Scenario, measure: str, firm: str) -> float:
        """Return the mean of a measure of a firm over seeds."""
        return float(self.values(market, measure, firm).mean())

    def averages(self, market: Scenario, measure: str, *, times: float = 1.0) -> dict[str, float]:
        """Return the mean of a measure over seeds, by firm, in multiples."""
        return {firm: times * self.average(market, measure, firm) for firm in market.firms}

    def between(
        self, market: Scenario, measure: str, firm: str, other: str, *, times: float = 1.0
    ) -> Estimate:
        """Return a firm's measure less another firm's, in the same market and seeds."""
        a, b = (self.values(market, measure, name) for name in (firm, other))
        return Estimate.over(times * (a - b))

    def percent(self, market: Scenario, measure: str, firm: str, other: str) -> Estimate:
        """Return a firm's measure less another firm's, in percent of the other's mean."""
        mean = self.average(market, measure, other)
        return self.between(market, measure, firm, other, times=100 / mean)

    def change(
        self, before: Scenario, after: Scenario, measure: str, firm: str, *, times: float = 1.0
    ) -> Estimate:
        """Return a firm's measure in one market less that in another, paired by seed."""
        a, b = (self.values(market, measure, firm) for market in (before, after))
        return Estimate.over(times * (b - a))

    def relative(self, before: Scenario, after: Scenario, measure: str, firm: str) -> Estimate:
        """Return that change in percent of the firm's mean in the first market."""
        mean = abs(self.average(before, measure, firm))
        return self.change(before, after, measure, firm, times=100 / mean)

    def value(self, ours: Firm, theirs: Firm) -> Value:
        """Return the difference of two firms' net present values, paired by seed.

        The two are firms of one market, or one firm in two markets of the same length.
        """
        (here, firm), (there, other) = ours, theirs
        equity = [self.values(*of) for of in ((here, _EQUITY, firm), (there, _EQUITY, other))]
        return value_of(
            self._profits(here, firm) - self._profits(there, other), equity[0] - equity[1],
            discount_rate=float(here.discount_rate), period=str(here.period_length),
            currency=str(here.currency), confidence=CONFIDENCE,
        )  # fmt: skip

    def worth(self, ours: Firm, theirs: Firm) -> str:
        """Return that lead in words, within the horizon and beyond, and where its sign turns."""
        (here, firm), (there, other) = ours, theirs
        if here.digest == there.digest:
            subject = f"In money, {firm}'s lead over {other} in net present value"
        else:
            against = f"against the market “{there.name}”"
            subject = f"In money, the change of {firm}'s net present value {against}"
        return minus(self.value(ours, theirs).sentence(subject))

    def _profits(self, market: Scenario, firm: str) -> np.ndarray:
        at = list(market.firms).index(firm)
        return np.array([each.courses["profit"][:, at] for each in self.outcomes(market)])


def once(function: Callable[[Case], T]) -> Callable[[Case], T]:
    """Make a function of a case compute once for each case."""

    @wraps(function)
    def remembered(case: Case) -> T:
        key = (function.__module__, function.__qualname__)
        if key not in case._kept:
            case._kept[key] = function(case)
        return case._kept[key]

    return remembered


# -- A result of an experiment, with its interval over seeds ------------------------------------


CONFIDENCE = 0.95


def minus(text: str) -> str:
    """Return a text in which numbers below zero have a minus sign and no hyphen."""
    return re.sub(r"(?<![\w.−-])-(?=\d)", "−", text)


def with_unit(value: float, unit: str, *, signed: bool = False, digits: int = 3) -> str:
    """Return a number with its unit, for sentences."""
    said = number(value, digits, signed=signed)
    if unit == "points" and said.lstrip("+−") == "1":
        unit = "point"
    return f"{said}{FIXED_SPACE if unit else ''}{unit}"


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95 % interval; exact where both ends are the value.

    Attributes
    ----------
    value, lower, upper : float
        The ends are NaN if there was one seed only.
    """

    value: float
    lower: float
    upper: float

    @classmethod
    def over(cls, values: Sequence[float] | np.ndarray) -> Estimate:
        """Return mean and interval of one value per seed."""
        array = np.asarray(values, float)
        mean, error = mean_and_error(array)
        half = float(half_width(error, len(array), CONFIDENCE))
        return cls(float(mean), float(mean) - half, float(mean) + half)

    @classmethod
    def exactly(cls, value: float) -> Estimate:
        """Return a number that is computed and not simulated."""
        return cls(float(value), float(value), float(value))

    @property
    def half(self) -> float:
        """Half the width of the interval; 0 where there is none."""
        half = (self.upper - self.lower) / 2
        return half if np.isfinite(half) else 0.0

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.lower) and np.isfinite(self.upper))

    @property
    def sure(self) -> bool:
        """Whether the interval excludes zero."""
        return self.known and (self.above or self.below)

    @property
    def above(self) -> bool:
        """Whether the interval lies above zero."""
        return self.lower > 0

    @property
    def below(self) -> bool:
        """Whether the interval lies below zero."""
        return self.upper < 0

    def holds(self, value: float) -> bool:
        """Return whether a number lies within the interval."""
        return self.known and self.lower <= value <= self.upper

    def brief(self) -> str:
        """Return value and interval for a table that says what brackets mean."""
        if not self.known or self.lower == self.upper:
            return number(self.value)
        return f"{number(self.value)} ({number(self.lower)} to {number(self.upper)})"

    def text(self, unit: str = "", *, signed: bool = False) -> str:
        """Return value and interval in words."""
        if not np.isfinite(self.value):
            return "no value, because no customers are left to measure it"
        said = with_unit(self.value, unit, signed=signed)
        if self.lower == self.upper:
            return said
        if not self.known:
            return f"{said} (one seed, so no interval)"
        ends = " to ".join(number(end, signed=signed) for end in (self.lower, self.upper))
        return f"{said} (95{FIXED_SPACE}% interval {ends})"
