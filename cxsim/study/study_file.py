"""A study file as checked pieces: every problem with its file, line, key and the nearest name."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import MinLen
from pydantic import Field, model_validator

from cxsim.files.whole import is_file
from cxsim.messages import Place, Problem, ScenarioError, found, hint
from cxsim.scenario import Scenario
from cxsim.scenario.events import FrozenDict, freeze
from cxsim.scenario.fields import Expected, Keyed, Spec, optional, words_for
from cxsim.scenario.imports import bring_all
from cxsim.scenario.loading import Source, find, read_yaml, shipped_studies, shown_path
from cxsim.scenario.validation import MOST as LARGEST
from cxsim.scenario.validation import Keys, read_as, wrong
from cxsim.study.designs import MOST, AnyDesign, Design, Factor, Grid, Listed, Move
from cxsim.study.outputs import (
    DEFAULT,
    GivenOutputs,
    Output,
    Stopping,
    known_measures,
    observed,
    outputs_of,
    stopping_of,
)

# -- A study file as checked pieces: every problem with its file, line, key and the nearest name


def find_study(name_or_path: str | Path) -> Path:
    """Return the file of a study: a path, or the name of one that ships.

    Raises
    ------
    ScenarioError
        If it is neither; with the nearest name.
    """
    path, shipped = Path(name_or_path), shipped_studies()
    if is_file(path):
        return path
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    what = "a folder" if os.path.isdir(path) else "neither"  # noqa: PTH112 - takes any name
    near = hint(str(name_or_path), shipped, listed=20)
    text = f"expected a study file or the name of a study, found {what}{near}"
    raise ScenarioError(Problem(Place(str(name_or_path)), (), text))


def read_study(path: Path) -> Source:
    """Read a study file as data with the place of every key."""
    raw, where = read_yaml(path)
    place = Place(shown_path(path))
    if not isinstance(raw, Mapping):
        what = "an empty file" if raw is None else found(raw)
        raise ScenarioError(Problem(place, (), f"expected a mapping of a study, found {what}"))
    return Source(dict(raw), where, path.stem, place)


# -- What may stand in a study file ------------------------------------------------------------


#: Name of the strategy of a study that compares none.
ONLY = "base"


#: Columns of the results that a factor cannot be called.
RESERVED = ("run", "point", "strategy", "seed", "status", "message", "traceback", "scenario",
            "base", "overrides", "seconds", "worker", "finished")  # fmt: skip


#: New values by dotted path.
Changes = Annotated[dict[str, Any] | None, Expected("a mapping of dotted paths to values")]


#: What can be made of a finished study.
_Analysis = Literal[
    "main_effects", "sobol", "morris", "delta", "pawn", "features", "regional", "discovery",
    "ranking",
]  # fmt: skip


class GivenMove(Keyed):
    """Effect of a factor on one parameter: plus + times * value."""

    called: ClassVar[str] = "a move"
    times: float = 1.0
    plus: float = 0.0


class FactorKeys(Keyed):
    """A factor in a study file, if it is more than its values."""

    called: ClassVar[str] = "a factor"
    path: str = optional("Dotted path; default: the name of the factor")
    paths: Annotated[
        Annotated[tuple[str, ...], MinLen(1)] | Annotated[dict[str, GivenMove | None], MinLen(1)],
        Expected("a list of dotted paths, or a mapping of them"),
    ] = optional("Several parameters that one factor moves")
    low: Annotated[int | float, Expected("low and high, or values; low is {}")] = optional()
    high: Annotated[int | float, Expected("low and high, or values; high is {}")] = optional()
    values: Annotated[tuple[Any, ...], MinLen(1), Expected("a list of values")] = optional()
    scale: Annotated[Literal["linear", "log"], Expected("linear or log")] = "linear"
    integer: bool = False
    levels: int = Field(5, ge=2, le=1_000_000, description="Values that a grid takes of a range")

    @model_validator(mode="after")
    def _fits(self) -> FactorKeys:
        said = self.model_fields_set
        if {"path", "paths"} <= said:
            raise ValueError("paths: expected path or paths, found both")
        for other in ("low", "high", "scale", "levels"):
            if {"values", other} <= said:
                raise ValueError(f"{other}: expected values or a range, found both")
        if {"low", "high"} <= said:
            self._is_a_range()
        return self

    def _is_a_range(self) -> None:
        ends, log = (self.low, self.high), self.scale == "log"
        if not self.low < self.high:
            raise ValueError(f"expected low below high, found {' and '.join(map(found, ends))}")
        if log and self.low <= 0:
            what = "a number above 0 where scale is log"
            raise ValueError(f"low: expected {what}, found {found(self.low)}")
        if self.integer and any(end != int(end) for end in ends):
            raise ValueError("expected whole numbers as low and high of an integer factor")
        if self.integer and log:
            raise ValueError("scale: expected linear for whole numbers, found 'log'")

    def moves(self, name: str) -> tuple[Move, ...]:
        """Return the parameters that a factor of this name sets."""
        if "paths" not in self.model_fields_set:
            return (Move(self.path if "path" in self.model_fields_set else name),)
        if isinstance(self.paths, tuple):
            return tuple(map(Move, self.paths))
        given = {path: how or GivenMove() for path, how in self.paths.items()}
        return tuple(Move(path, how.times, how.plus) for path, how in given.items())


#: A factor as it stands in a file: a list is its values, or the ends of its range. In a list
#: design, whose points have the values, it may be null.
GivenFactor = Annotated[
    FactorKeys | Annotated[tuple[Any, ...], MinLen(1)] | None,
    Expected("a list of values or a mapping"),
]


class Seeds(Keyed):
    """The first seed, and how many there are."""

    called: ClassVar[str] = "seeds"
    first: int = Field(0, ge=0, le=2**62)
    count: int = Field(10, ge=1, le=1_000_000)


class FunctionStudy(Keyed):
    """A study of a function of a point and a seed."""

    called: ClassVar[str] = "a study"
    title: str = ""
    description: str = ""
    imports: Annotated[tuple[str, ...], Expected("a list of modules")] = Field(
        (), description="Modules of your own to import first: beside the file, or installed"
    )
    factors: Annotated[
        Annotated[dict[str, GivenFactor], MinLen(1)]
        | Annotated[tuple[Annotated[str, Expected("the name of a factor")], ...], MinLen(1)],
        Expected("a mapping of factors"),
    ] = Field(description="What is varied, by dotted path or by a name of its own")
    design: AnyDesign = Grid(kind="grid")
    seeds: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | Seeds,
        Expected("a whole number from 1 to 1000000"),
    ] = Field(10, description="Paired: every point and strategy is run with the same ones")
    strategies: Annotated[
        Annotated[dict[str, Changes], MinLen(2)] | None,
        Expected("two strategies or more, overrides by name"),
    ] = Field(None, description="Overrides by strategy, compared at every point")
    stopping: Stopping | None = None
    analysis: Annotated[
        tuple[Annotated[_Analysis, Expected("the name of an analysis")], ...], Expected("a list")
    ] = ()


class ScenarioStudy(FunctionStudy):
    """A study: what is varied, over which points and seeds, what is kept."""

    scenario: Annotated[
        str | dict[str, Any], Expected("a file or the name of a scenario, or one written out")
    ] = Field(description="Name or file of a scenario, or one written out")
    overrides: Changes = Field(None, description="New values by dotted path, in every run")
    outputs: GivenOutputs = DEFAULT


def study_schema() -> dict[str, Any]:
    """Return the JSON schema of a study file (draft 2020-12), for completion while typing.

    It knows keys, kinds and forms. Whether a path names a parameter, a firm is there or a
    measure belongs to the scenario is checked when the study is read.
    """
    schema = ScenarioStudy.model_json_schema()
    keys = schema["properties"]
    keys["design"] = {"anyOf": [{"const": "grid"}, keys["design"]]}
    watching = observed(Scenario.load("bad_service"))  # where all have something to watch
    keys["outputs"]["items"]["anyOf"][0] |= {
        "description": "A measure (market_share), of a firm (market_share.Tailor), "
        "or market.MEASURE",
        "examples": sorted({name for _, name in known_measures(tuple(watching.values()))}),
    }
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, **schema, "title": "cxsim study"}


# -- What a study holds: the pieces of its file, checked against its scenario ------------------


def read_parts(source: Source, folder: Path, of_scenario: bool) -> dict[str, Any]:
    """Return the content of a study, by the names of its attributes.

    Parameters
    ----------
    source : Source
    folder : Path
        What relative paths start from.
    of_scenario : bool
        Whether a scenario is studied, not a function.

    Raises
    ------
    ScenarioError
        If a piece is missing or not valid.
    """
    if source.raw.get("imports"):
        bring_all(source, folder)
    context = {"folder": folder}
    base: Scenario | None = None
    outputs: tuple[Output, ...] = ()
    file: FunctionStudy
    if of_scenario:
        file = of = read_as(ScenarioStudy, source.raw, source, context=context)
        base = _base(source, of, folder)
        outputs = outputs_of(source, of.outputs, base)
    else:
        file = read_as(FunctionStudy, source.raw, source, context=context)
    strategies = _strategies(source, file.strategies, base)
    factors = _factors(source, file, base)
    points = file.design.count(factors)
    if points * len(factors) > MOST:
        text = (
            f"expected at most {MOST:,} values (points times factors), "
            f"found {found(points)} points of {len(factors):,}"
        )
        raise wrong(source, ("design" if "design" in source.raw else "factors",), text)
    stopping = file.stopping and stopping_of(source, file.stopping, outputs, base, strategies)
    seeds = file.seeds if isinstance(file.seeds, Seeds) else Seeds(count=file.seeds)
    return {
        "title": file.title, "description": file.description, "base": base, "factors": factors,
        "design": file.design, "seeds": list(range(seeds.first, seeds.first + seeds.count)),
        "strategies": strategies, "outputs": outputs, "stopping": stopping,
        "analysis": file.analysis,
    }  # fmt: skip


def _base(source: Source, file: ScenarioStudy, folder: Path) -> Scenario:
    if isinstance(file.scenario, str):
        asked = (source.at(("scenario",)), ("scenario",))
        base = Scenario.load(find(file.scenario, folder=folder, asked=asked)).beside(folder)
    else:
        name = f"{source.name}: scenario"
        base = Scenario.from_dict(file.scenario, name=name, folder=folder)
    more = [name for name in file.imports if name not in base.imports]
    if more:  # so that a stored scenario says what a replay has to import
        base = base.override({"imports": [*base.imports, *more]})
    return _overridden(source, ("overrides",), base, file.overrides)


def _overridden(
    source: Source, keys: Keys, base: Scenario, overrides: Mapping[str, Any] | None
) -> Scenario:
    """Return the base with overrides; what is wrong names the study file and the line."""

    def told(problem: Problem) -> Problem:
        if problem.place.source != "override":
            return problem
        dotted = ".".join(map(str, problem.path))
        near = [path for path in overrides or () if f"{dotted}.".startswith(f"{path}.")]
        at = (*keys, near[0]) if near else keys
        return Problem(source.at(at), problem.path, problem.text)

    try:
        return base.override(overrides) if overrides else base
    except ScenarioError as error:
        raise ScenarioError(told(problem) for problem in error.problems) from None


def _strategies(
    source: Source, given: Mapping[str, Mapping[str, Any] | None] | None, base: Scenario | None
) -> Mapping[str, Mapping[str, Any]]:
    if given is None:
        return FrozenDict({ONLY: FrozenDict()})
    for name, changes in given.items():
        if base is not None:
            _overridden(source, ("strategies", name), base, changes)
    return freeze({name: changes or {} for name, changes in given.items()})


def _factors(source: Source, file: FunctionStudy, base: Scenario | None) -> tuple[Factor, ...]:
    given: Mapping[str, Any]
    if isinstance(file.factors, dict):
        given = file.factors
    elif isinstance(file.design, Listed):
        given = dict.fromkeys(file.factors)  # names alone: the table has the values
    else:
        text = f"expected a mapping of factors, found {found(file.factors)}"
        raise wrong(source, ("factors",), text)
    factors: list[Factor] = []
    moved: dict[str, str] = {}
    for name, ranges in given.items():
        keys = ("factors", name)
        if name in RESERVED:
            text = f"expected another name, as results have a column {name!r} already"
            raise wrong(source, keys, text)
        factor = _factor_of(source, name, ranges, file.design, base)
        for move in factor.moves:
            if move.path in moved:
                text = f"expected each path once, found {move.path} in {moved[move.path]} too"
                raise wrong(source, keys, text)
            moved[move.path] = name
        factors.append(factor)
    return tuple(factors)


def _factor_of(
    source: Source,
    name: str,
    given: FactorKeys | tuple[Any, ...] | None,
    design: Design,
    base: Scenario | None,
) -> Factor:
    """Return one factor, checked against the schema; a function that is studied has none.

    On a grid two numbers in brackets are two values, elsewhere a range.
    """
    keys: Keys = ("factors", name)
    if isinstance(design, Listed):
        keyed = _with_column(source, keys, given, design)
    else:
        keyed = _in_full(source, keys, given, ranged=not isinstance(design, Grid))
    factor = _of_keys(source, keys, keyed)
    if base is not None:
        _check(source, factor, keys, base)
    return factor


def _in_full(source: Source, keys: Keys, given: Any, *, ranged: bool) -> FactorKeys:
    """Return the keys of a factor that a list may stand for."""
    if given is None:
        raise wrong(source, keys, "expected a list of values or a mapping, found null")
    if isinstance(given, FactorKeys):
        return given
    if ranged and len(given) == 2 and all(map(_is_number, given)):
        return read_as(FactorKeys, {"low": given[0], "high": given[1]}, source, keys)
    return FactorKeys(values=given)


def _with_column(source: Source, keys: Keys, given: Any, design: Listed) -> FactorKeys:
    """Return the keys of a factor with the values that the points of a list have."""
    if isinstance(given, tuple):
        raise wrong(source, keys, f"expected a mapping, found {found(given)}")
    known, keyed = ("path", "paths"), given or FactorKeys()
    more = keyed.model_fields_set.difference(known)
    for key in filter(more.__contains__, FactorKeys.model_fields):
        what = f"a key of a factor of a list design, found {found(key)}"
        raise wrong(source, (*keys, key), f"expected {what}{hint(key, known)}")
    values = design.column(str(keys[-1]))
    if values is None:
        near = hint(keys[-1], map(str, design.table.columns))
        text = f"expected a column of the points, found none of this name{near}"
        raise wrong(source, keys, text)
    return keyed.model_copy(update={"values": values})


def _of_keys(source: Source, keys: Keys, given: FactorKeys) -> Factor:
    name, said = str(keys[-1]), given.model_fields_set
    moves = given.moves(name)
    if "values" in said:
        return Factor(name, moves, values=given.values)
    for end in ("low", "high"):
        if end not in said:
            text = f"expected low and high, or values; {end} is nothing"
            raise wrong(source, keys, text)
    low, high, log = float(given.low), float(given.high), given.scale == "log"
    return Factor(name, moves, low, high, (), log, given.integer, given.levels)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check(source: Source, factor: Factor, keys: Keys, base: Scenario) -> None:
    """Check values against the schema at every path that the factor moves."""
    for move in factor.moves:
        for target in base.targets(move.path, source.at(keys), keys):
            kinds = target.spec.kinds
            whole = "integer" in kinds and "number" not in kinds
            if whole and not factor.values and not factor.integer:
                text = f"expected integer: true, as {move.path} is a whole number"
                raise wrong(source, keys, text)
            ends = (
                [((*keys, "values", k), v) for k, v in enumerate(factor.values)]
                if factor.values
                else [((*keys, end), getattr(factor, end)) for end in ("low", "high")]
            )
            for at, value in ends:
                shift = move.times != 1.0 or move.plus != 0.0
                if shift and not _is_number(value):
                    text = f"expected a number to move, found {found(value)}"
                    raise wrong(source, at, text)
                moved = move.value(value)
                if not _allowed(target.spec, moved):
                    becomes = f" for {move.path}" if move.path != factor.name else ""
                    what = f"expected {words_for(target.spec)}{becomes}, found {found(moved)}"
                    raise wrong(source, at, what)


def _allowed(spec: Spec, value: Any) -> bool:
    """Whether a single value lies within a parameter's kind, choices and bounds."""
    if spec.choices and value in spec.choices:
        return True
    if value is None:
        return spec.nullable
    if isinstance(value, bool):
        return bool(spec.kinds & {"boolean", "any"})
    if isinstance(value, str):
        return bool(spec.kinds & {"text", "any"}) and not spec.choices
    if not _is_number(value):
        return spec.fields is not None or spec.items is not None or spec.values is not None
    if not spec.kinds & {"number", "integer", "any"}:
        return False
    if "number" not in spec.kinds and "integer" in spec.kinds and value != int(value):
        return False
    return -LARGEST <= value <= LARGEST and all(
        within(value, spec.bounds[name]) for name, within in _WITHIN.items() if name in spec.bounds
    )


_WITHIN = {"ge": operator.ge, "le": operator.le, "gt": operator.gt, "lt": operator.lt}
