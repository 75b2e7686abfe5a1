"""A study: what is varied, over which points and seeds, and what is kept of each run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol

from cxsim.engine.schedule import Schedule
from cxsim.identity import learn, text_digest
from cxsim.messages import Place, whole
from cxsim.runs.components import Components, of_measures, of_model, of_passes
from cxsim.runs.simulation import Simulation, first_step
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.events import thaw
from cxsim.scenario.loading import Source, plain
from cxsim.scenario.named_policies import named_policies
from cxsim.study.designs import Design, Factor, problem_of
from cxsim.study.outputs import (
    Output,
    Stopping,
    known_measures,
    modules_of_outputs,
    observers_of,
    output_values,
)
from cxsim.study.study_file import ONLY, find_study, read_parts, read_study

if TYPE_CHECKING:
    import pandas as pd

# -- A study: what is varied, over which points and seeds, and what is kept of each run --------


class Study:
    """A study: a base scenario, factors, a design, paired seeds and outputs.

    A study is immutable and validated; get one from :meth:`load` or :meth:`from_dict`.

    Attributes
    ----------
    name, title, description : str
    base : Scenario or None
        The scenario with the study's overrides; None if a function is studied.
    function : callable or None
    factors : tuple of Factor
    design : Design
    seeds : list of int
        Paired: every point and strategy is run with the same ones.
    strategies : mapping of str to mapping
        Overrides by strategy, run at every point; one, ``"base"``, if the study names none.
    outputs : tuple of Output
    stopping : Stopping or None
    analysis : tuple of str
    """

    def __init__(
        self,
        source: Source,
        folder: Path = Path(),
        model: Callable[[dict[str, Any], int], Any] | None = None,
    ):
        parts = read_parts(source, folder, model is None)
        self.__dict__.update(
            _source=source, _folder=folder, function=model, name=source.name, **parts
        )

    if TYPE_CHECKING:
        _source: Source
        _folder: Path
        name: str
        title: str
        description: str
        base: Scenario | None
        function: Callable[[dict[str, Any], int], Any] | None
        factors: tuple[Factor, ...]
        design: Design
        seeds: list[int]
        strategies: Mapping[str, Mapping[str, Any]]
        outputs: tuple[Output, ...]
        stopping: Stopping | None
        analysis: tuple[str, ...]

    @classmethod
    def load(cls, name_or_path: str | Path) -> Study:
        """Read a study file, or one that ships by its name.

        Parameters
        ----------
        name_or_path : str or Path

        Raises
        ------
        ScenarioError
            One line per problem: file, line, key, what was expected and found.
        """
        path = find_study(name_or_path)
        return cls(read_study(path), path.parent)

    @classmethod
    def from_dict(
        cls,
        mapping: Mapping[str, Any],
        *,
        name: str = "study",
        model: Callable[[dict[str, Any], int], Any] | None = None,
    ) -> Study:
        """Make a study of a mapping with the structure of a study file.

        Parameters
        ----------
        mapping : mapping
        name : str
        model : callable, optional
            Studied in place of a scenario: ``model(point, seed)`` takes values by factor
            and returns a number, or numbers by name.

        Raises
        ------
        ScenarioError
            If it is not a valid study.
        """
        place = Place(name)
        return cls(Source(plain(dict(mapping), place), {}, name, place), model=model)

    def to_dict(self) -> dict[str, Any]:
        """Return the study as written, as plain dictionaries and lists."""
        return thaw(self._source.raw)

    @cached_property
    def points(self) -> pd.DataFrame:
        """The points, a row each and a column per factor."""
        return self.design.points_of(self.factors)

    def overrides(self, point: int, strategy: str = ONLY) -> dict[str, Any]:
        """Return new values by dotted path at a point, under a strategy.

        Parameters
        ----------
        point : int
            From 0.
        strategy : str
        """
        changes: dict[str, Any] = dict(self.strategies[strategy])
        for factor, values in zip(self.factors, self._values, strict=True):
            changes.update(factor.overrides(values[point]))
        return changes

    def factor_values(self, point: int) -> dict[str, Any]:
        """Return the values of the factors at a point, by name.

        Parameters
        ----------
        point : int
            From 0.
        """
        names = (factor.name for factor in self.factors)
        return dict(zip(names, (values[point] for values in self._values), strict=True))

    def model(self, rules: Mapping[str, Callable[..., Any]] | None = None) -> Model:
        """Return the strategies that run at each point.

        Parameters
        ----------
        rules : mapping of str to function, optional
            Rules that stand in for built-in ones, by name.
        """
        if self.function is not None:
            return FunctionModel(self.function)
        assert self.base is not None
        return ScenarioModel(self.base, self.outputs, rules)

    @cached_property
    def _values(self) -> list[list[Any]]:
        return [self.points[factor.name].tolist() for factor in self.factors]

    def scenario(self, point: int, strategy: str = ONLY) -> Scenario:
        """Return the scenario at a point, under a strategy.

        Parameters
        ----------
        point : int
            From 0.
        strategy : str
        """
        if self.base is None:
            raise ValueError(
                f"{self.name}: expected a study of a scenario, found one of a function"
            )
        return self.base.override(self.overrides(point, strategy))

    def example(self, strategy: str = ONLY) -> Scenario:
        """Return the scenario of a strategy at the first point that makes one.

        Runs at points that make none are failed rows; where no point makes one, it is the
        scenario without the factors' values.

        Parameters
        ----------
        strategy : str
        """
        for point in range(len(self.points)):
            try:
                return self.scenario(point, strategy)
            except ScenarioError:
                continue
        assert self.base is not None
        return self.base.override(self.strategies[strategy])

    def examples(self) -> list[Scenario]:
        """Return the example of each strategy; none of a study of a function."""
        return [] if self.base is None else [self.example(each) for each in self.strategies]

    def problem(self) -> dict[str, Any]:
        """Return the problem that SALib's analyses take, over the unit cube."""
        return problem_of(self.factors)

    @property
    def runs(self) -> int:
        """Number of runs: points by strategies by seeds."""
        return len(self.points) * len(self.strategies) * len(self.seeds)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that name everything that determines the study's results."""
        return text_digest(f"{self.place_digest}{self.seeds}")

    @cached_property
    def place_digest(self) -> str:
        """The digest without the seeds: two studies of one place differ in seeds alone."""
        facts = {
            "base": self.base.digest if self.base else self.model().digest({}),
            "points": self.points.to_csv(index=False),
            "moves": [[vars(move) for move in factor.moves] for factor in self.factors],
            "strategies": thaw(self.strategies),
            "outputs": [output.facts() for output in self.outputs],
        }
        return text_digest(_as_json(facts))

    def with_seeds(self, seeds: int) -> Study:
        """Return the study with another number of seeds.

        Parameters
        ----------
        seeds : int
            At least 1.
        """
        source = self._source
        count = whole(seeds, "seeds", low=1)
        raw = {**source.raw, "seeds": {"first": self.seeds[0], "count": count}}
        made = replace(source, raw=raw)
        return Study(made, self._folder, self.function)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("a study cannot be changed: make another one with from_dict")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Study) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return Study, (self._source, self._folder, self.function)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(f.name)}</td><td>{escape(f.said())}</td>"
            f"<td>{escape(', '.join(move.path for move in f.moves))}</td></tr>"
            for f in self.factors
        )
        strategies = ", ".join(self.strategies) if len(self.strategies) > 1 else "none compared"
        facts = (
            f"{self.design.kind} design, {len(self.points):,} points, {len(self.seeds):,} paired "
            f"seeds; strategies: {strategies}; digest {self.digest}"
        )
        return (
            f"<h4>{escape(self.title or self.name)}</h4><p>{escape(self.description)}</p>"
            f"<table><tr><th>factor</th><th>values</th><th>moves</th></tr>{rows}</table>"
            f"<p>{escape(facts)}</p>"
        )

    def __repr__(self) -> str:
        return (
            f"<Study {self.name!r}: {len(self.points)} points, {len(self.strategies)} strategies, "
            f"{len(self.seeds)} seeds, {self.runs} runs; {self.digest}>"
        )


# -- What one run of a study is: a scenario simulated, or any function of a point and a seed ---


#: Called now and then during a run; raises where the run has had its time.
Check = Callable[[], None]


class Model(Protocol):
    """A model that a runner can run; picklable.

    Attributes
    ----------
    kept : str
        What is kept of a run, as far as its digest does not say.
    """

    kept: str

    def code(self, changes: Mapping[str, Any]) -> Components:
        """Return the components behind the numbers of a run, besides its parameters.

        Raises
        ------
        ValueError
            If there is nothing to run at such a point.
        """

    def task(self, changes: Mapping[str, Any]) -> str:
        """Return what names a run whatever code it is made by, seed aside."""

    def warm(self) -> None:
        """Get ready in a worker, before the first run."""

    def digest(self, changes: Mapping[str, Any]) -> str:
        """Return 16 hex digits that name all that determines a result, but for the seed.

        Raises
        ------
        ValueError
            If there is nothing to run at such a point.
        """

    def run(self, changes: Mapping[str, Any], seed: int, check: Check) -> tuple[Any, float]:
        """Return the outputs by column, and the seconds spent inside the simulation."""


class Ready(NamedTuple):
    """Parts shared by simulations with the same mechanisms, policies and rules."""

    schedule: Schedule
    measures: Mapping[tuple[str, str], Any]
    moving: Components
    code: Components
    observers: tuple[str, ...]


class ScenarioModel:
    """Simulates a scenario at a point, on a path that builds nothing it does not keep.

    Parameters
    ----------
    base : Scenario
    outputs : tuple of Output
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, by name.
    """

    def __init__(
        self,
        base: Scenario,
        outputs: tuple[Output, ...],
        rules: Mapping[str, Callable[..., Any]] | None = None,
    ):
        self.base = base
        self.outputs = outputs
        self.rules = dict(rules or {})
        self._facts = json.dumps([output.facts() for output in outputs])
        self.measuring = _measuring(outputs, base)
        self.kept = f"{self._facts} {self.measuring.digest}"
        self._forget()

    def _forget(self) -> None:
        #: What is the same for all scenarios with the same mechanisms and policies.
        self._ready: dict[Any, Ready] = {}
        self._last: tuple[Mapping[str, Any], Scenario] | None = None
        self._nearest: tuple[Scenario, Ready] | None = None

    def __getstate__(self) -> dict[str, Any]:
        left = ("_ready", "_last", "_nearest", "measuring")
        texts = self.ready(self.base).moving.texts() | self.measuring.texts()
        return {k: v for k, v in self.__dict__.items() if k not in left} | {"texts": texts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        learn(state.pop("texts"))
        self.__dict__.update(state)
        self.measuring = _measuring(self.outputs, self.base)  # of the code that is here
        self._forget()

    def scenario(self, changes: Mapping[str, Any]) -> Scenario:
        """Return the scenario at a point; the last one is kept for the next seed."""
        if self._last is None or self._last[0] != changes:
            self._last = (dict(changes), self.base.override(changes))
        return self._last[1]

    def digest(self, changes: Mapping[str, Any]) -> str:
        """Return the digest of scenario and of the code that moves it."""
        scenario = self.scenario(changes)
        return scenario.digest_with(self.ready(scenario).moving.digest)

    def code(self, changes: Mapping[str, Any]) -> Components:
        """Return what moves the market, and what makes the outputs of its books."""
        return self.ready(self.scenario(changes)).code

    def own_code(self) -> bool:
        """Return whether code from outside of the package moved a scenario looked at so far."""
        return any(each.code.texts() for each in self._ready.values())

    def task(self, changes: Mapping[str, Any]) -> str:
        """Return the digest of scenario and outputs, whatever the code."""
        return text_digest(f"{self.scenario(changes).digest} {self._facts}")

    def warm(self) -> None:
        """Load compiled code."""
        watching = self.ready(self.base).observers
        few = self.base.override({"customers": 1})
        first_step(Simulation(few, rules=self.rules, observers=watching))

    def ready(self, scenario: Scenario) -> Ready:
        """Return what a scenario shares with others of the same mechanisms and policies."""
        if self._nearest is None or self._nearest[0] is not scenario:
            self._nearest = (scenario, self._ready_of(scenario))
        return self._nearest[1]

    def _ready_of(self, scenario: Scenario) -> Ready:
        key = (
            tuple(mechanism.name for mechanism in scenario.mechanisms),
            tuple(named_policies(scenario)),
        )
        if key not in self._ready:
            small = Simulation(scenario.override({"customers": 1}), rules=self.rules)
            moving, watching = small.code, tuple(observers_of(self.outputs, scenario))
            if watching:
                small = Simulation(small.scenario, rules=self.rules, observers=watching)
            known = known_measures(small.mechanisms)
            code = Components([moving, self.measuring])
            self._ready[key] = Ready(small.schedule, known, moving, code, watching)
        return self._ready[key]

    def run(
        self, changes: Mapping[str, Any], seed: int, check: Check
    ) -> tuple[dict[str, Any], float]:
        """Simulate and return the outputs by column, and the seconds of the simulation."""
        scenario = self.scenario(changes)
        ready = self.ready(scenario)
        start = time.perf_counter()
        simulation = Simulation(
            scenario, seed=seed, rules=self.rules, schedule=ready.schedule,
            observers=ready.observers,
        )  # fmt: skip
        while not simulation.finished:
            simulation.step()
            check()
        seconds = time.perf_counter() - start
        return output_values(simulation, self.outputs, ready.measures), seconds


def _measuring(outputs: tuple[Output, ...], base: Scenario) -> Components:
    """Return what makes outputs: measures, observers that watch for them, and the books."""
    watching = observers_of(outputs, base)
    known = known_measures((*base.mechanisms, *watching.values()))
    wanted = sorted({(output.level, output.measure) for output in outputs} & known.keys())
    observers = Components(of_passes(each.name, each.passes) for each in watching.values())
    measures = of_measures((key[0], known[key]) for key in wanted)
    return Components([measures, observers], modules_of_outputs())


class FunctionModel:
    """Calls a function with a point (values by factor) and a seed.

    Parameters
    ----------
    function : callable
        ``function(point, seed)`` returns a number, or numbers by name. All code and data behind
        it belong to the digest of a run.

    Raises
    ------
    IdentityError
        If something behind it has no fingerprint.
    """

    def __init__(self, function: Callable[[dict[str, Any], int], Any]):
        if not callable(function):
            raise TypeError(f"model: expected a function, found {function!r}")
        self.function = function
        self.kept = ""
        self._code = of_model(function)

    def __getstate__(self) -> dict[str, Any]:
        return {"function": self.function, "texts": self._code.texts()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        learn(state["texts"])
        self.__init__(state["function"])  # type: ignore[misc]  # of the code that is here

    def code(self, changes: Mapping[str, Any]) -> Components:  # noqa: ARG002 - the same for all
        """Return the components behind the function."""
        return self._code

    def task(self, changes: Mapping[str, Any]) -> str:
        """Return the digest of the point."""
        return text_digest(_as_json(changes))

    def warm(self) -> None:
        """Do nothing: a function is ready."""

    def digest(self, changes: Mapping[str, Any]) -> str:
        """Return the digest of the point and of the function's code."""
        return text_digest(_as_json(changes) + self._code.digest)

    def run(
        self, changes: Mapping[str, Any], seed: int, check: Check
    ) -> tuple[dict[str, Any], float]:
        """Call the function and return the numbers by name (``"y"`` for a single one)."""
        start = time.perf_counter()
        value = self.function(dict(changes), seed)
        seconds = time.perf_counter() - start
        check()
        if isinstance(value, Mapping):
            return {str(name): float(number) for name, number in value.items()}, seconds
        return {"y": float(value)}, seconds


def _as_json(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), sort_keys=True, default=str)
