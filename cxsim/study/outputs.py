"""Outputs: the numbers that a study keeps of each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxsim.identity import modules
from cxsim.messages import found, hint
from cxsim.model.mechanism import Measure, Mechanism
from cxsim.model.mechanism_registry import PROBES
from cxsim.numerics.statistics import half_width, mean_and_error
from cxsim.runs.measures.measure_registry import measures, near, summarized
from cxsim.scenario import Scenario
from cxsim.scenario.loading import Keys, Reader

__all__ = [
    "DEFAULT",
    "Output",
    "Stopping",
    "known_measures",
    "modules_of_outputs",
    "observed",
    "observers_of",
    "output_of",
    "output_values",
    "read_outputs",
    "read_stopping",
]


# -- Outputs: the numbers that a study keeps of each run ---------------------------------------


#: What is kept where a study does not say.
DEFAULT = ("share", "retention", "switching_cost", "profit", "net_present_value")


_MARKET = "market"


@dataclass(frozen=True)
class Output:
    """One measure to keep, as one number a run or as one a period.

    Attributes
    ----------
    measure : str
    level : {"firm", "market"}
    firms : tuple of str
        Firms to keep it for, empty for all.
    by_period : bool
    """

    measure: str
    level: str = "firm"
    firms: tuple[str, ...] = ()
    by_period: bool = False

    def columns(self, firms: tuple[str, ...]) -> list[str]:
        """Return the names of its columns: ``share.Tailor``, ``market.concentration``."""
        tail = "@period" if self.by_period else ""
        if self.level == _MARKET:
            return [f"{_MARKET}.{self.measure}{tail}"]
        return [f"{self.measure}.{firm}{tail}" for firm in self.firms or firms]

    def facts(self) -> list[Any]:
        """Return what determines its values, as plain data."""
        return [self.measure, self.level, list(self.firms), self.by_period]


def read_outputs(reader: Reader, given: Any, base: Scenario) -> tuple[Output, ...]:
    """Read which measures a study keeps.

    Each is the name of a measure (``share``: of every firm), one firm's (``share.Tailor``),
    the market's (``market.concentration``), or a mapping ``{measure, firms, by: period}``.
    Measures of observers count (``own_elasticity``): runs are watched by those that are needed.

    Raises
    ------
    ScenarioError
        If there is no such measure or firm.
    """
    keys: Keys = ("outputs",)
    if not isinstance(given, tuple) or not given:
        raise reader.problem(keys, f"expected a list of measures, found {found(given)}")
    made: list[Output] = []
    for number, each in enumerate(given):
        output = _read(reader, each, (*keys, number), base)
        if output not in made:
            made.append(output)
    return tuple(made)


def _read(reader: Reader, given: Any, keys: Keys, base: Scenario) -> Output:
    by_period = False
    firms: tuple[str, ...] = ()
    name = given
    if isinstance(given, Mapping):
        reader.known(given, keys, ("measure", "firms", "by"), "an output")
        name = given.get("measure")
        if "by" in given:
            by = reader.one_of(given["by"], (*keys, "by"), ("period", "run"), "period or run")
            by_period = by == "period"
        if "firms" in given:
            listed = given["firms"]
            if not isinstance(listed, tuple):
                text = f"expected a list of firms, found {found(listed)}"
                raise reader.problem((*keys, "firms"), text)
            firms = tuple(
                reader.one_of(firm, (*keys, "firms", k), base.firms, "the name of a firm")
                for k, firm in enumerate(listed)
            )
    watched = (*base.mechanisms, *observed(base).values())
    of = {m.name for m in measures("firm", watched)}
    market = {m.name for m in measures("market", watched)}
    if isinstance(name, str):
        head, _, tail = name.partition(".")
        if head == _MARKET and tail in market:
            return Output(tail, _MARKET, (), by_period)
        if name in of:
            return Output(name, "firm", firms, by_period)
        if head in of and tail in base.firms and not firms:
            return Output(head, "firm", (tail,), by_period)
        if head in of and tail:
            text = f"expected the name of a firm, found {tail!r}{hint(tail, base.firms)}"
            raise reader.problem(keys, text)
        if name in market:
            return Output(name, _MARKET, (), by_period)
    known = [*of, *market, *(f"{_MARKET}.{each}" for each in market)]
    text = f"expected the name of a measure, found {found(name)}{near(name, known)}"
    raise reader.problem(keys, text)


def observed(scenario: Scenario) -> dict[str, Mechanism]:
    """Return the observers that measure something in a scenario, by name."""
    made = {name: make(scenario, scenario.mechanisms) for name, make in PROBES.items()}
    return {name: observer for name, observer in made.items() if observer.measures}


def output_of(column: str, known: Mapping[tuple[str, str], Measure]) -> Output | None:
    """Return the output that a column of a store holds; None if it is something else.

    Parameters
    ----------
    column : str
        Such as ``"share.Tailor"`` or ``"market.profit@period"``.
    known : mapping
        From :func:`known_measures`.
    """
    stem, _, period = column.partition("@")
    head, _, tail = stem.partition(".")
    if head == _MARKET and (_MARKET, tail) in known:
        return Output(tail, _MARKET, (), period == "period")
    if tail and ("firm", head) in known:
        return Output(head, "firm", (tail,), period == "period")
    return None


def observers_of(outputs: tuple[Output, ...], scenario: Scenario) -> dict[str, Mechanism]:
    """Return the observers that have to watch for some outputs, by name."""
    wanted = {(output.level, output.measure) for output in outputs}
    return {
        name: observer
        for name, observer in observed(scenario).items()
        if wanted & {(measure.level, measure.name) for measure in observer.measures}
    }


def measures_by_observer(scenario: Scenario) -> dict[tuple[str, str], str]:
    """Return who observes a measure that has to be asked for, by its level and name."""
    return {
        (measure.level, measure.name): name
        for name, observer in observed(scenario).items()
        for measure in observer.measures
    }


def modules_of_outputs() -> dict[str, str]:
    """Return the component that says how outputs are taken from a finished simulation."""
    return {"study.outputs": modules(["study.outputs"])["study.outputs"].hex()[:16]}


def known_measures(mechanisms: tuple[Mechanism, ...]) -> dict[tuple[str, str], Measure]:
    """Return the measures of some mechanisms by level and name."""
    return {(level, m.name): m for level in ("firm", _MARKET) for m in measures(level, mechanisms)}


def output_values(
    simulation: Any, outputs: tuple[Output, ...], known: Mapping[tuple[str, str], Measure]
) -> dict[str, Any]:
    """Return what a study keeps of a finished simulation, by column.

    Parameters
    ----------
    simulation : Simulation
    outputs : tuple of Output
    known : mapping
        From :func:`known_measures`.

    Returns
    -------
    dict
        A float, or a list of floats by period; NaN for a firm or measure that this
        scenario does not have.
    """
    books, scenario = simulation.ledger, simulation.scenario
    place = {name: k for k, name in enumerate(books.firms)}
    values: dict[str, Any] = {}
    for output in outputs:
        columns = output.columns(tuple(scenario.firms))
        measure = known.get((output.level, output.measure))
        if measure is None:
            nothing = [np.nan] * books.periods if output.by_period else np.nan
            values.update(dict.fromkeys(columns, nothing))
            continue
        whole = np.asarray(measure.function(books), dtype=float)
        kept = whole if output.by_period else summarized(whole, measure.summary)
        if output.level == _MARKET:
            values[columns[0]] = kept.tolist()
            continue
        for column, firm in zip(columns, output.firms or scenario.firms, strict=True):
            of_firm = kept[..., place[firm]] if firm in place else np.full(kept.shape[:-1], np.nan)
            values[column] = of_firm.tolist()
    return values


# -- Sequential stopping: more paired seeds until an interval is narrow enough -----------------


@dataclass(frozen=True)
class Stopping:
    """When a point has had enough seeds.

    Attributes
    ----------
    output : str
        Column of the results, as ``share.Tailor``.
    of, against : str
        Two strategies whose difference counts, or both empty: the output itself.
    half_width : float
        Half the width that the interval may have, in the unit of the output.
    confidence : float
    step : int
        Seeds added at a time.
    budget : int
        Seeds of a point at most.
    """

    output: str
    of: str
    against: str
    half_width: float
    confidence: float = 0.95
    step: int = 10
    budget: int = 200

    def width(self, values: Mapping[str, Mapping[int, float]]) -> float:
        """Return half the width of the interval, from values by strategy and seed.

        Infinite where fewer than two seeds have values, or a value is none.
        """
        one = values.get(self.of, {})
        if self.against:
            other = values.get(self.against, {})
            numbers = [one[seed] - other[seed] for seed in one if seed in other]
        else:
            numbers = list(one.values())
        there = np.array([number for number in numbers if np.isfinite(number)])
        if len(there) < 2:
            return float("inf")
        return float(half_width(mean_and_error(there)[1], len(there), self.confidence))

    def rounds(self, first: int) -> Iterator[int]:
        """Yield how many seeds a point has after each round, up to the budget."""
        seeds = first
        while seeds < self.budget:
            yield seeds
            seeds += self.step
        yield self.budget


def read_stopping(
    reader: Reader,
    given: Any,
    outputs: tuple[Output, ...],
    base: Scenario | None,
    strategies: Mapping[str, Any],
) -> Stopping:
    """Read a stopping rule.

    Raises
    ------
    ScenarioError
        If the output or a strategy is unknown, or a number does not fit.
    """
    keys = ("stopping",)
    names = ("output", "of", "against", "half_width", "confidence", "step", "budget")
    fields = reader.known(given, keys, names, "a stopping rule")
    firms = tuple(base.firms) if base else ()
    columns = [c for o in outputs if not o.by_period for c in o.columns(firms)]
    for needed in ("output", "half_width"):
        if needed not in fields:
            raise reader.problem(keys, f"expected {needed}, found none")
    output = fields["output"]
    if base is not None and output not in columns:
        near = hint(output, columns, listed=12)
        what = f"expected an output of the study for one firm or the market, found {found(output)}"
        raise reader.problem((*keys, "output"), what + near)
    of, against = fields.get("of", ""), fields.get("against", "")
    if "of" in fields or "against" in fields or len(strategies) > 1:
        for key, value in (("of", of), ("against", against)):
            at = (*keys, key) if key in fields else keys
            reader.one_of(value, at, strategies, f"a strategy as {key}")
        if of == against:
            raise reader.problem((*keys, "against"), "expected another strategy, found the same")
    else:
        (of,) = strategies
    return Stopping(
        output,
        of,
        against,
        reader.number(fields["half_width"], (*keys, "half_width"), above=0),
        reader.number(fields.get("confidence", 0.95), (*keys, "confidence"), above=0, below=1),
        reader.whole(fields.get("step", 10), (*keys, "step"), 1, 100_000),
        reader.whole(fields.get("budget", 200), (*keys, "budget"), 2, 1_000_000),
    )
