"""Outputs: the numbers that a study keeps of each run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxsim.identity import modules
from cxsim.measures import Measure, measures, near
from cxsim.measures.observers import OBSERVERS
from cxsim.measures.summary import summarized
from cxsim.mechanisms.base import Mechanism
from cxsim.scenario import Scenario
from cxsim.scenario.messages import found, hint
from cxsim.study.reading import Keys, Reader

__all__ = [
    "DEFAULT",
    "Output",
    "known_measures",
    "modules_of_outputs",
    "observed",
    "observers_of",
    "output_of",
    "output_values",
    "read_outputs",
]

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
    made = {name: make(scenario, scenario.mechanisms) for name, make in OBSERVERS.items()}
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
    books, scenario = simulation.books, simulation.scenario
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
