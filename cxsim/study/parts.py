"""The pieces of a study file, each read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim.scenario import Scenario
from cxsim.scenario.finding import find
from cxsim.scenario.frozen import FrozenDict, freeze
from cxsim.scenario.messages import found, hint
from cxsim.study.designs import MOST, Design, read_design
from cxsim.study.factors import Factor, overridden, read_factor
from cxsim.study.outputs import DEFAULT, Output, read_outputs
from cxsim.study.reading import Reader
from cxsim.study.stopping import Stopping, read_stopping

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ONLY", "Parts", "read_parts"]

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
