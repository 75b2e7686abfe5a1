"""A study: what is varied, over which points and seeds, and what is kept of each run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cxsim.arguments import whole
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.frozen import thaw
from cxsim.scenario.loading import Source
from cxsim.study.designs import Design, problem_of
from cxsim.study.factors import Factor
from cxsim.study.models import FunctionModel, Model, ScenarioModel
from cxsim.study.outputs import Output
from cxsim.study.parts import ONLY, read_parts
from cxsim.study.reading import Reader, find_study, read_study
from cxsim.study.stopping import Stopping

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Study"]


class Study:
    """What a sweep runs: a base scenario, factors, a design, paired seeds and outputs.

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
        parts = read_parts(Reader(source), folder, model is None)
        self.__dict__.update(
            _source=source, _folder=folder, function=model, name=source.name, **vars(parts)
        )
        self.__dict__["seeds"] = list(range(parts.seeds[0], sum(parts.seeds)))

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
        return cls(Reader.of(mapping, name).source, model=model)

    def to_dict(self) -> dict[str, Any]:
        """Return the study as written, as plain dictionaries and lists."""
        return thaw(self._source.raw)

    @cached_property
    def points(self) -> pd.DataFrame:
        """The points, a row each and a column per factor."""
        return self.design.points(self.factors)

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
        """Return what is run at each point.

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
        """How many runs there are: points by strategies by seeds."""
        return len(self.points) * len(self.strategies) * len(self.seeds)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that name everything that determines the study's results."""
        return hashlib.sha256(f"{self.place_digest}{self.seeds}".encode()).hexdigest()[:16]

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
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

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
