"""What one run of a study is: a scenario simulated, or any function of a point and a seed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from cxsim.components import Components, of_measures, of_model, of_passes
from cxsim.engine.schedule import Schedule
from cxsim.identity import learn
from cxsim.scenario import Scenario
from cxsim.scenario.policies import named_policies
from cxsim.simulation import Simulation, first_step
from cxsim.study.outputs import (
    Output,
    known_measures,
    modules_of_outputs,
    observers_of,
    output_values,
)

__all__ = ["FunctionModel", "Model", "ScenarioModel"]

#: Called now and then during a run; raises where the run has had its time.
Check = Callable[[], None]


class Model(Protocol):
    """What a runner can run; picklable.

    Attributes
    ----------
    kept : str
        What is kept of a run, as far as its digest does not say.
    """

    kept: str

    def code(self, changes: Mapping[str, Any]) -> Components:
        """Return what the numbers of a run rest on beside its parameters.

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
    """What simulations with the same mechanisms, policies and rules share."""

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

    def task(self, changes: Mapping[str, Any]) -> str:
        """Return the digest of scenario and outputs, whatever the code."""
        return _hash(f"{self.scenario(changes).digest} {self._facts}")

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
        """Return what the function rests on."""
        return self._code

    def task(self, changes: Mapping[str, Any]) -> str:
        """Return the digest of the point."""
        return _hash(json.dumps(dict(changes), sort_keys=True, default=str))

    def warm(self) -> None:
        """Do nothing: a function is ready."""

    def digest(self, changes: Mapping[str, Any]) -> str:
        """Return the digest of the point and of the function's code."""
        return _hash(json.dumps(dict(changes), sort_keys=True, default=str) + self._code.digest)

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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
