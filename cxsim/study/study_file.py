"""A study file as checked pieces: every problem with its file, line, key and the nearest name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim.files.whole import is_file
from cxsim.messages import Place, Problem, ScenarioError, found, hint
from cxsim.model.mechanism_registry import PROBES
from cxsim.runs.measures.measure_registry import measures
from cxsim.scenario import Scenario
from cxsim.scenario.events import FrozenDict, freeze
from cxsim.scenario.loading import Reader, Source, find, read_yaml, shipped_studies
from cxsim.study.designs import DESIGNS, MOST, Design, Factor, overridden, read_design, read_factor
from cxsim.study.outputs import DEFAULT, Output, Stopping, read_outputs, read_stopping

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ONLY",
    "Parts",
    "Reader",
    "find_study",
    "read_parts",
    "read_study",
    "study_schema",
]


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
    from cxsim.scenario.loading import shown_path

    raw, where = read_yaml(path)
    place = Place(shown_path(path))
    if not isinstance(raw, Mapping):
        what = "an empty file" if raw is None else found(raw)
        raise ScenarioError(Problem(place, (), f"expected a mapping of a study, found {what}"))
    return Source(dict(raw), where, path.stem, place)


# -- The pieces of a study file, each read and checked -----------------------------------------


_KEYS = (
    "title", "description", "scenario", "overrides", "factors", "design", "seeds", "strategies",
    "outputs", "stopping", "analysis",
)  # fmt: skip


#: Keys that a study of a function does not have.
_OF_SCENARIO = ("scenario", "overrides", "outputs")


#: What can be made of a finished study.
ANALYSES = ("main_effects", "sobol", "morris", "regional", "discovery", "ranking")


#: Name of the strategy of a study that compares none.
ONLY = "base"


#: Columns of the results that a factor cannot be called.
RESERVED = ("run", "point", "strategy", "seed", "status", "message", "traceback", "scenario",
            "base", "overrides", "seconds", "worker", "finished")  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """The checked pieces of a study file."""

    title: str
    description: str
    base: Scenario | None
    factors: tuple[Factor, ...]
    design: Design
    seeds: tuple[int, int]
    strategies: Mapping[str, Mapping[str, Any]]
    outputs: tuple[Output, ...]
    stopping: Stopping | None
    analysis: tuple[str, ...]


def read_parts(reader: Reader, folder: Path, of_scenario: bool) -> Parts:
    """Read and check all pieces of a study.

    Parameters
    ----------
    reader : Reader
    folder : Path
        What relative paths start from.
    of_scenario : bool
        Whether a scenario is studied, not a function.

    Raises
    ------
    ScenarioError
        If a piece is missing or not valid.
    """
    keys = _KEYS if of_scenario else tuple(k for k in _KEYS if k not in _OF_SCENARIO)
    raw = reader.known(reader.source.raw, (), keys, "a study")
    for key in ("scenario", "factors") if of_scenario else ("factors",):
        if key not in raw:
            raise reader.problem((), f"expected {key}, found none")
    base = _base(reader, raw, folder) if of_scenario else None
    design = read_design(reader, raw.get("design", "grid"), folder)
    strategies = _strategies(reader, raw, base)
    factors = _factors(reader, raw, design, base)
    points = design.count(factors)
    if points * len(factors) > MOST:
        text = (
            f"expected at most {MOST:,} values (points times factors), "
            f"found {found(points)} points of {len(factors):,}"
        )
        raise reader.problem(("design",) if "design" in raw else ("factors",), text)
    outputs = read_outputs(reader, raw.get("outputs", DEFAULT), base) if base else ()
    analysis = raw.get("analysis", ())
    if not isinstance(analysis, tuple):
        raise reader.problem(("analysis",), f"expected a list, found {found(analysis)}")
    for number, each in enumerate(analysis):
        reader.one_of(each, ("analysis", number), ANALYSES, "the name of an analysis")
    stopping = None
    if raw.get("stopping") is not None:
        stopping = read_stopping(reader, raw["stopping"], outputs, base, strategies)
    return Parts(
        reader.text(raw.get("title", ""), ("title",)),
        reader.text(raw.get("description", ""), ("description",)),
        base, factors, design, _seeds(reader, raw.get("seeds", 10)), strategies, outputs,
        stopping, analysis,
    )  # fmt: skip


def _base(reader: Reader, raw: Mapping[str, Any], folder: Path) -> Scenario:
    given = raw["scenario"]
    if isinstance(given, Mapping):
        base = Scenario.from_dict(given, name=f"{reader.source.name}: scenario", folder=folder)
    else:
        name = reader.text(given, ("scenario",))
        asked = (reader.source.at(("scenario",)), ("scenario",))
        base = Scenario.load(find(name, folder=folder, asked=asked)).beside(folder)
    given = raw.get("overrides") or {}
    changes = reader.mapping(given, ("overrides",), "a mapping of dotted paths to values")
    return overridden(reader, changes, ("overrides",), base)


def _strategies(
    reader: Reader, raw: Mapping[str, Any], base: Scenario | None
) -> Mapping[str, Mapping[str, Any]]:
    keys = ("strategies",)
    if raw.get("strategies") is None:
        return FrozenDict({ONLY: FrozenDict()})
    given = reader.mapping(raw["strategies"], keys, "a mapping of names to overrides")
    if len(given) < 2:
        raise reader.problem(keys, f"expected two strategies or more, found {len(given)}")
    for name, changes in given.items():
        changes = {} if changes is None else changes
        reader.mapping(changes, (*keys, name), "a mapping of dotted paths to values")
        if base is not None:
            overridden(reader, changes, (*keys, name), base)
    return freeze({name: changes or {} for name, changes in given.items()})


def _factors(
    reader: Reader, raw: Mapping[str, Any], design: Design, base: Scenario | None
) -> tuple[Factor, ...]:
    keys = ("factors",)
    given = raw["factors"]
    if design.kind == "list" and isinstance(given, tuple):  # names alone: the table has the values
        given = {reader.text(name, (*keys, k)): {} for k, name in enumerate(given)}
    given = reader.mapping(given, keys, "a mapping of factors")
    if not given:
        raise reader.problem(keys, "expected a factor or more, found none")
    factors: list[Factor] = []
    moved: dict[str, str] = {}
    for name, ranges in given.items():
        if name in RESERVED:
            text = f"expected another name, as results have a column {name!r} already"
            raise reader.problem((*keys, name), text)
        if design.table is not None:
            ranges = _listed(reader, name, ranges, design.table)
        factor = read_factor(reader, name, ranges, base, design.kind == "grid")
        for move in factor.moves:
            if move.path in moved:
                text = f"expected each path once, found {move.path} in {moved[move.path]} too"
                raise reader.problem((*keys, name), text)
            moved[move.path] = name
        factors.append(factor)
    return tuple(factors)


def _listed(reader: Reader, name: str, given: Any, table: pd.DataFrame) -> Any:
    """Give a factor of a list design the values of its column."""
    if name not in table.columns:
        columns = [str(column) for column in table.columns]
        text = f"expected a column of the points, found none of this name{hint(name, columns)}"
        raise reader.problem(("factors", name), text)
    given = reader.known({} if given is None else given, ("factors", name),
                         ("path", "paths"), "a factor of a list design")  # fmt: skip
    values = tuple({repr(value): value for value in table[name].tolist()}.values())
    return {**given, "values": values}


def _seeds(reader: Reader, given: Any) -> tuple[int, int]:
    """Return the first seed and how many there are."""
    keys = ("seeds",)
    if not isinstance(given, Mapping):
        return 0, reader.whole(given, keys, 1, 1_000_000)
    fields = reader.known(given, keys, ("first", "count"), "seeds")
    first = reader.whole(fields.get("first", 0), (*keys, "first"), 0, 2**62)
    return first, reader.whole(fields.get("count", 10), (*keys, "count"), 1, 1_000_000)


# -- The JSON schema of study files, for completion and checks while typing --------------------


_TEXT = {"type": "string"}


_NUMBER = {"type": "number"}


_FLAG = {"type": "boolean"}


_CHANGES = {"type": ["object", "null"], "description": "New values by dotted path"}


def _whole(low: int, doc: str = "") -> dict[str, Any]:
    return {"type": "integer", "minimum": low, **({"description": doc} if doc else {})}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(required),
        "additionalProperties": False,
    }  # fmt: skip


def study_schema() -> dict[str, Any]:
    """Return the schema of a study file (draft 2020-12).

    It knows keys, kinds and forms. Whether a path names a parameter, a firm is there or a
    measure belongs to the scenario is checked when the study is read.
    """
    scenario = {
        "description": "Name or file of a scenario, or one written out",
        "anyOf": [_TEXT, {"type": "object"}],
    }
    properties = {
        "title": _TEXT,
        "description": _TEXT,
        "scenario": scenario,
        "overrides": {**_CHANGES, "description": "New values by dotted path, in every run"},
        "factors": {
            "description": "What is varied, by dotted path or by a name of its own",
            "anyOf": [
                {"type": "object", "additionalProperties": _factor(), "minProperties": 1},
                {"type": "array", "items": _TEXT, "minItems": 1},
            ],
        },
        "design": _design(),
        "seeds": {
            "description": "Paired: every point and strategy is run with the same ones",
            "anyOf": [_whole(1), _object({"first": _whole(0), "count": _whole(1)})],
        },
        "strategies": {
            "type": ["object", "null"],
            "description": "Overrides by strategy, compared at every point",
            "additionalProperties": _CHANGES,
            "minProperties": 2,
        },
        "outputs": {"type": "array", "items": _output(), "minItems": 1},
        "stopping": {"anyOf": [_stopping(), {"type": "null"}]},
        "analysis": {"type": "array", "items": {"enum": list(ANALYSES)}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cxsim study",
        "description": "A study: what is varied, over which points and seeds, what is kept",
        **_object(properties, "scenario", "factors"),
    }


def _factor() -> dict[str, Any]:
    move = _object({"times": _NUMBER, "plus": _NUMBER})
    fields = {
        "path": {**_TEXT, "description": "Dotted path; default: the name of the factor"},
        "paths": {
            "description": "Several parameters that one factor moves",
            "anyOf": [
                {"type": "array", "items": _TEXT, "minItems": 1},
                {"type": "object", "additionalProperties": {"anyOf": [move, {"type": "null"}]}},
            ],
        },
        "low": _NUMBER,
        "high": _NUMBER,
        "values": {"type": "array", "minItems": 1},
        "scale": {"enum": ["linear", "log"]},
        "integer": _FLAG,
        "levels": _whole(2, "Values that a grid takes of a range"),
    }
    # In a list design the table has the values, and a factor may say nothing.
    return {"anyOf": [{"type": "array", "minItems": 1}, _object(fields), {"type": "null"}]}


def _design() -> dict[str, Any]:
    fields: dict[str, Any] = {
        "points": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        "file": {**_TEXT, "pattern": r"\.(csv|parquet)$"},
        "size": _whole(1),
        "seed": _whole(0),
        "second_order": _FLAG,
        "levels": _whole(2),
    }
    kinds = [
        _object(
            {"kind": {"const": kind}, **{name: fields[name] for name in names}},
            "kind",
            *(["size"] if "size" in names else []),
        )
        for kind, names in DESIGNS.items()
    ]
    return {"anyOf": [{"const": "grid"}, *kinds]}


def _output() -> dict[str, Any]:
    known = [
        measure.name
        for level in ("firm", "market")
        for measure in (*measures(level), *_observed(level))
    ]
    fields = {
        "measure": _TEXT,
        "firms": {"type": "array", "items": _TEXT},
        "by": {"enum": ["period", "run"]},
    }
    named = {
        **_TEXT,
        "description": "A measure (share), of a firm (share.Tailor), or market.MEASURE",
        "examples": sorted(set(known)),
    }
    return {"anyOf": [named, _object(fields, "measure")]}


def _observed(level: str) -> list[Any]:
    from cxsim.scenario import Scenario

    scenario = Scenario.load("bad_service")  # where all of them have something to watch
    made = (observer(scenario, scenario.mechanisms) for observer in PROBES.values())
    return [m for each in made for m in each.measures if m.level == level]


def _stopping() -> dict[str, Any]:
    fields = {
        "output": _TEXT,
        "of": _TEXT,
        "against": _TEXT,
        "half_width": {"type": "number", "exclusiveMinimum": 0},
        "confidence": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "step": _whole(1),
        "budget": _whole(2),
    }
    return _object(fields, "output", "half_width")
