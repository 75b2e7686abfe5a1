"""Outputs: the numbers that a study keeps of each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import MinLen
from pydantic import Field, SkipValidation

from cxsim.identity import modules
from cxsim.messages import found, hint
from cxsim.model.mechanism import Measure, Mechanism
from cxsim.model.mechanism_registry import PROBES
from cxsim.numerics.statistics import half_width, mean_and_error
from cxsim.runs.measures.measure_registry import measures, near, summarized
from cxsim.scenario import Scenario
from cxsim.scenario.fields import Expected, Keyed
from cxsim.scenario.loading import Source
from cxsim.scenario.validation import Keys, wrong

# -- Outputs: the numbers that a study keeps of each run ---------------------------------------


#: What is kept where a study does not say.
DEFAULT = ("market_share", "retention_rate", "switching_cost", "profit", "net_present_value")


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
        """Return the names of its columns: ``market_share.Tailor``, ``market.concentration``."""
        tail = "@period" if self.by_period else ""
        if self.level == _MARKET:
            return [f"{_MARKET}.{self.measure}{tail}"]
        return [f"{self.measure}.{firm}{tail}" for firm in self.firms or firms]

    def facts(self) -> list[Any]:
        """Return what determines its values, as plain data."""
        return [self.measure, self.level, list(self.firms), self.by_period]


class GivenOutput(Keyed):
    """A measure in a study file, if it is more than a name."""

    called: ClassVar[str] = "an output"
    measure: Annotated[str, Expected("the name of a measure")]
    firms: Annotated[tuple[SkipValidation[str], ...], Expected("a list of firms")] = ()
    by: Annotated[Literal["period", "run"], Expected("period or run")] = "run"


#: Measures as they stand in a file: by name or with more.
GivenOutputs = Annotated[
    tuple[Annotated[str | GivenOutput, Expected("the name of a measure")], ...],
    MinLen(1),
    Expected("a list of measures"),
]


def outputs_of(
    source: Source, given: tuple[str | GivenOutput, ...], base: Scenario
) -> tuple[Output, ...]:
    """Return the measures that a study keeps.

    Each is the name of a measure (``market_share``: of every firm), one firm's
    (``market_share.Tailor``), the market's (``market.concentration``), or a mapping ``{measure,
    firms, by: period}``. Measures of probes count (``own_price_elasticity``): runs have those that
    are needed.

    Raises
    ------
    ScenarioError
        If there is no such measure or firm.
    """
    watched = (*base.mechanisms, *observed(base).values())
    of = {m.name for m in measures("firm", watched)}
    market = {m.name for m in measures("market", watched)}

    def output(keys: Keys, each: GivenOutput) -> Output:
        name, firms, by_period = each.measure, each.firms, each.by == "period"
        for number, firm in enumerate(firms):
            if firm not in list(base.firms):
                text = f"expected the name of a firm, found {found(firm)}"
                near_firm = hint(firm, base.firms, listed=12)
                raise wrong(source, (*keys, "firms", number), text + near_firm)
        head, _, tail = name.partition(".")
        if head == _MARKET and tail in market:
            return Output(tail, _MARKET, (), by_period)
        if name in of:
            return Output(name, "firm", firms, by_period)
        if head in of and tail in base.firms and not firms:
            return Output(head, "firm", (tail,), by_period)
        if head in of and tail:
            text = f"expected the name of a firm, found {tail!r}{hint(tail, base.firms)}"
            raise wrong(source, keys, text)
        if name in market:
            return Output(name, _MARKET, (), by_period)
        known = [*of, *market, *(f"{_MARKET}.{each}" for each in market)]
        known += [f"{each}.{tail}" for each in of if tail in base.firms]
        text = f"expected the name of a measure, found {found(name)}{near(name, known)}"
        raise wrong(source, keys, text)

    full = (GivenOutput(measure=each) if isinstance(each, str) else each for each in given)
    made = (output(("outputs", number), each) for number, each in enumerate(full))
    return tuple(dict.fromkeys(made))


def observed(scenario: Scenario) -> dict[str, Mechanism]:
    """Return the observers that measure something in a scenario, by name."""
    made = {name: make(scenario, scenario.mechanisms) for name, make in PROBES.items()}
    return {name: observer for name, observer in made.items() if observer.measures}


def output_of(column: str, known: Mapping[tuple[str, str], Measure]) -> Output | None:
    """Return the output that a column of a store holds; None if it is something else.

    Parameters
    ----------
    column : str
        Such as ``"market_share.Tailor"`` or ``"market.profit@period"``.
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
    """Return the outputs of a finished simulation, by column.

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


class Stopping(Keyed):
    """When a point has had enough seeds.

    Attributes
    ----------
    output : str
        Column of the results, as ``market_share.Tailor``.
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

    called: ClassVar[str] = "a stopping rule"
    output: SkipValidation[str]
    of: SkipValidation[str] = ""
    against: SkipValidation[str] = ""
    half_width: float = Field(gt=0)
    confidence: float = Field(0.95, gt=0, lt=1)
    step: int = Field(10, ge=1, le=100_000)
    budget: int = Field(200, ge=2, le=1_000_000)

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


def stopping_of(
    source: Source,
    rule: Stopping,
    outputs: tuple[Output, ...],
    base: Scenario | None,
    strategies: Mapping[str, Any],
) -> Stopping:
    """Return a stopping rule, checked against the study that it is for.

    Raises
    ------
    ScenarioError
        If the output or a strategy is unknown.
    """
    keys, said = ("stopping",), rule.model_fields_set
    firms = tuple(base.firms) if base else ()
    columns = [c for o in outputs if not o.by_period for c in o.columns(firms)]
    if not (rule.output in columns if base else isinstance(rule.output, str)):
        what = "expected an output of the study for one firm or the market"
        text = f"{what}, found {found(rule.output)}{hint(rule.output, columns, listed=12)}"
        raise wrong(source, (*keys, "output"), text)
    if not said & {"of", "against"} and len(strategies) == 1:
        return rule.model_copy(update={"of": next(iter(strategies))})
    for key in ("of", "against"):
        name = getattr(rule, key)
        if name not in list(strategies):
            text = f"expected a strategy as {key}, found {found(name)}"
            at = (*keys, key) if key in said else keys
            raise wrong(source, at, text + hint(name, strategies, listed=12))
    if rule.of == rule.against:
        raise wrong(source, (*keys, "against"), "expected another strategy, found the same")
    return rule
