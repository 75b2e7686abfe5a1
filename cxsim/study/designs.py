"""Factors: what a study varies, by dotted path, within what the schema allows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.files.whole import check_size, is_file
from cxsim.messages import Problem, ScenarioError, found, hint, needed
from cxsim.scenario import Scenario
from cxsim.scenario.fields import Spec, words_for
from cxsim.scenario.loading import Keys, Reader
from cxsim.scenario.validation import MOST as LARGEST

__all__ = [
    "DESIGNS",
    "MOST",
    "Design",
    "Factor",
    "Move",
    "overridden",
    "problem_of",
    "read_design",
    "read_factor",
]


# -- Factors: what a study varies, by dotted path, within what the schema allows ---------------


_KEYS = ("path", "paths", "low", "high", "values", "scale", "integer", "levels")


@dataclass(frozen=True)
class Move:
    """How a factor moves one parameter: to ``plus + times * value``."""

    path: str
    times: float = 1.0
    plus: float = 0.0

    def value(self, value: Any) -> Any:
        """Return what the parameter becomes."""
        if self.times == 1.0 and self.plus == 0.0:
            return value
        return self.plus + self.times * value


@dataclass(frozen=True)
class Factor:
    """One thing that a study varies.

    Attributes
    ----------
    name : str
        Column of the results: the dotted path, or a name of its own.
    moves : tuple of Move
        The parameters it moves together.
    low, high : float
        Range; NaN if the factor is a list of values.
    values : tuple
        The values it takes, empty if it has a range.
    log : bool
        Whether the range is covered evenly in logarithms.
    integer : bool
        Whether values are rounded to whole numbers.
    levels : int
        Values of a range on a grid.
    """

    name: str
    moves: tuple[Move, ...]
    low: float = math.nan
    high: float = math.nan
    values: tuple[Any, ...] = ()
    log: bool = False
    integer: bool = False
    levels: int = 5

    def at(self, unit: np.ndarray) -> np.ndarray:
        """Return the factor's values at places in its range.

        Parameters
        ----------
        unit : ndarray, shape (n,)
            From 0 to 1.
        """
        if self.values:
            place = np.minimum((unit * len(self.values)).astype(int), len(self.values) - 1)
            return np.array(self.values, dtype=_dtype(self.values))[place]
        if self.integer:  # every whole number has the same share of the range
            steps = np.floor(unit * (self.high - self.low + 1))
            return (self.low + np.minimum(steps, self.high - self.low)).astype(int)
        if self.log:
            a, b = math.log(self.low), math.log(self.high)
            return np.clip(np.exp(a + unit * (b - a)), self.low, self.high)
        return np.clip(self.low + unit * (self.high - self.low), self.low, self.high)

    def grid(self) -> np.ndarray:
        """Return its values on a grid: those listed, or levels from low to high."""
        if self.values:
            return np.array(self.values, dtype=_dtype(self.values))
        if self.log:
            return np.geomspace(self.low, self.high, self.levels)
        values = np.linspace(self.low, self.high, self.levels)
        return np.unique(np.round(values)).astype(int) if self.integer else values

    def said(self) -> str:
        """Return its values in words."""
        if self.values:
            shown = ", ".join(str(value) for value in self.values[:8])
            return f"{shown}, ... ({len(self.values)})" if len(self.values) > 8 else shown
        how = ", in logarithms" if self.log else ", whole numbers" if self.integer else ""
        return f"{self.low:g} to {self.high:g}{how}"

    def overrides(self, value: Any) -> dict[str, Any]:
        """Return new values by dotted path for one value of the factor."""
        return {move.path: move.value(value) for move in self.moves}


def _dtype(values: Sequence[Any]) -> Any:
    kinds = {type(value) for value in values}
    return None if kinds <= {int, float} or kinds == {bool} else object


def read_factor(reader: Reader, name: str, given: Any, base: Scenario | None, grid: bool) -> Factor:
    """Read one factor and check it against the schema.

    Parameters
    ----------
    reader : Reader
    name : str
        Its key: a dotted path, or a name if the paths are given below it.
    given
        ``[low, high]``, a list of values, or a mapping.
    base : Scenario or None
        None if a function is studied, which has no schema.
    grid : bool
        Whether two numbers in brackets are two values rather than a range.

    Raises
    ------
    ScenarioError
        If a path names nothing, or a value is not allowed there.
    """
    keys: Keys = ("factors", name)
    if isinstance(given, (list, tuple)):
        ranged = len(given) == 2 and not grid and all(_is_number(v) for v in given)
        given = {"low": given[0], "high": given[1]} if ranged else {"values": given}
    fields = reader.known(given, keys, _KEYS, "a factor")
    moves = _moves(reader, name, fields, keys)
    if "values" in fields:
        for other in ("low", "high", "scale", "levels"):
            if other in fields:
                text = "expected values or a range, found both"
                raise reader.problem((*keys, other), text)
        values = fields["values"]
        if not isinstance(values, tuple) or not values:
            text = f"expected a list of values, found {found(values)}"
            raise reader.problem((*keys, "values"), text)
        factor = Factor(name, moves, values=values)
    else:
        factor = _range(reader, name, fields, keys, moves)
    if base is not None:
        _check(reader, factor, fields, keys, base)
    return factor


def _moves(reader: Reader, name: str, fields: Mapping[str, Any], keys: Keys) -> tuple[Move, ...]:
    if "path" in fields and "paths" in fields:
        raise reader.problem((*keys, "paths"), "expected path or paths, found both")
    if "path" in fields:
        return (Move(reader.text(fields["path"], (*keys, "path"))),)
    if "paths" not in fields:
        return (Move(name),)
    paths, here = fields["paths"], (*keys, "paths")
    if isinstance(paths, tuple) and paths:
        return tuple(Move(reader.text(path, (*here, k))) for k, path in enumerate(paths))
    if isinstance(paths, Mapping) and paths:
        moves = []
        for path, how in paths.items():
            at = (*here, path)
            how = reader.known({} if how is None else how, at, ("times", "plus"), "a move")
            numbers = {
                key: reader.number(value, (*at, key), above=-math.inf) for key, value in how.items()
            }
            moves.append(Move(path, **numbers))
        return tuple(moves)
    text = f"expected a list of dotted paths, or a mapping of them, found {found(paths)}"
    raise reader.problem(here, text)


def _range(
    reader: Reader, name: str, fields: Mapping[str, Any], keys: Keys, moves: tuple[Move, ...]
) -> Factor:
    ends: dict[str, Any] = {}
    for end in ("low", "high"):
        value = fields.get(end)
        if not _is_number(value) or not math.isfinite(value):  # type: ignore[arg-type]
            what = "nothing" if end not in fields else found(value)
            text = f"expected low and high, or values; {end} is {what}"
            raise reader.problem((*keys, end) if end in fields else keys, text)
        ends[end] = value
    if not ends["low"] < ends["high"]:
        text = f"expected low below high, found {found(ends['low'])} and {found(ends['high'])}"
        raise reader.problem(keys, text)
    scale = fields.get("scale", "linear")
    log = reader.one_of(scale, (*keys, "scale"), ("linear", "log"), "linear or log") == "log"
    if log and ends["low"] <= 0:
        text = f"expected a number above 0 where scale is log, found {found(ends['low'])}"
        raise reader.problem((*keys, "low"), text)
    integer = fields.get("integer", False)
    if not isinstance(integer, bool):
        text = f"expected true or false, found {found(integer)}"
        raise reader.problem((*keys, "integer"), text)
    levels = reader.whole(fields.get("levels", 5), (*keys, "levels"), 2, 1_000_000)
    if integer and (ends["low"] != int(ends["low"]) or ends["high"] != int(ends["high"])):
        raise reader.problem(keys, "expected whole numbers as low and high of an integer factor")
    if integer and log:
        raise reader.problem((*keys, "scale"), "expected linear for whole numbers, found 'log'")
    return Factor(name, moves, float(ends["low"]), float(ends["high"]), (), log, integer, levels)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check(
    reader: Reader, factor: Factor, fields: Mapping[str, Any], keys: Keys, base: Scenario
) -> None:
    """Check values against the schema at every path that the factor moves."""
    for move in factor.moves:
        for target in base.targets(move.path, reader.source.at(keys), keys):
            kinds = target.spec.kinds
            whole = "integer" in kinds and "number" not in kinds
            if whole and not factor.values and not factor.integer:
                text = f"expected integer: true, as {move.path} is a whole number"
                raise reader.problem(keys, text)
            ends = (
                [((*keys, "values", k), v) for k, v in enumerate(factor.values)]
                if factor.values
                else [((*keys, end), getattr(factor, end)) for end in ("low", "high")]
            )
            for at, value in ends:
                shift = move.times != 1.0 or move.plus != 0.0
                if shift and not _is_number(value):
                    raise reader.problem(at, f"expected a number to move, found {found(value)}")
                moved = move.value(value)
                if not _allowed(target.spec, moved):
                    becomes = f" for {move.path}" if move.path != factor.name else ""
                    what = f"expected {words_for(target.spec)}{becomes}, found {found(moved)}"
                    raise reader.problem(at if at[2] in fields else keys, what)


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
    bounds = spec.bounds
    return -LARGEST <= value <= LARGEST and (
        value >= bounds.get("ge", -math.inf)
        and value <= bounds.get("le", math.inf)
        and (value > bounds["gt"] if "gt" in bounds else True)
        and (value < bounds["lt"] if "lt" in bounds else True)
    )


def overridden(
    reader: Reader, overrides: Mapping[str, Any], keys: Keys, base: Scenario
) -> Scenario:
    """Return the base with overrides; what is wrong names the study file and the line.

    Raises
    ------
    ScenarioError
    """

    def told(problem: Problem) -> Problem:
        if problem.place.source != "override":
            return problem
        dotted = ".".join(map(str, problem.path))
        near = [path for path in overrides if dotted == path or dotted.startswith(f"{path}.")]
        at = (*keys, near[0]) if near else keys
        return Problem(reader.source.at(at), problem.path, problem.text)

    try:
        return base.override(overrides) if overrides else base
    except ScenarioError as error:
        raise ScenarioError(told(problem) for problem in error.problems) from None


# -- Designs: which points of the factors' ranges a study runs ---------------------------------


#: Most numbers that the points of a study may be: points times factors.
MOST = 10_000_000


@dataclass(frozen=True)
class Design:
    """Which points are run.

    Attributes
    ----------
    kind : str
        ``grid``, ``list``, ``latin_hypercube``, ``sobol``, ``saltelli`` or ``morris``.
    size : int
        Points (``latin_hypercube``, ``sobol``), base samples (``saltelli``) or
        trajectories (``morris``).
    seed : int
        Of the sample.
    second_order : bool
        Whether ``saltelli`` includes what second-order indices need.
    levels : int
        Levels of ``morris``.
    table : DataFrame or None
        The points of a ``list``, a column per factor.
    """

    kind: str
    size: int = 0
    seed: int = 0
    second_order: bool = True
    levels: int = 4
    table: pd.DataFrame | None = field(default=None, compare=False)

    def unit(self, factors: Sequence[Factor]) -> np.ndarray | None:
        """Return the sample in the unit cube, (points, factors); None for grid and list."""
        make = _UNIT.get(self.kind)
        return None if make is None else make(self, factors)

    def points(self, factors: Sequence[Factor]) -> pd.DataFrame:
        """Return the points, a row each and a column per factor."""
        names = [factor.name for factor in factors]
        if self.kind == "list":
            assert self.table is not None
            return self.table[names].reset_index(drop=True)
        if self.kind == "grid":
            rows = list(itertools.product(*(factor.grid().tolist() for factor in factors)))
            return pd.DataFrame(rows, columns=names)
        unit = self.unit(factors)
        assert unit is not None
        return pd.DataFrame({f.name: f.at(unit[:, k]) for k, f in enumerate(factors)})

    def count(self, factors: Sequence[Factor]) -> int:
        """Return how many points there are, without making them."""
        sizes = {
            "grid": lambda: math.prod(len(f.values) or f.levels for f in factors),
            "list": lambda: 0 if self.table is None else len(self.table),
            "saltelli": lambda: self.size * (2 + len(factors) * (1 + self.second_order)),
            "morris": lambda: self.size * (1 + len(factors)),
        }
        return int(sizes.get(self.kind, lambda: self.size)())

    def facts(self) -> dict[str, Any]:
        """Return what determines the points, beside the factors, as plain data."""
        facts: dict[str, Any] = {"kind": self.kind}
        if self.kind not in ("grid", "list"):
            facts |= {"size": self.size, "seed": self.seed}
        if self.kind == "saltelli":
            facts["second_order"] = self.second_order
        if self.kind == "morris":
            facts["levels"] = self.levels
        return facts


def problem_of(factors: Sequence[Factor]) -> dict[str, Any]:
    """Return the problem that SALib's samplers and analyses take, over the unit cube."""
    return {
        "num_vars": len(factors),
        "names": [factor.name for factor in factors],
        "bounds": [[0.0, 1.0]] * len(factors),
    }


def _latin(design: Design, factors: Sequence[Factor]) -> np.ndarray:
    from scipy.stats import qmc

    return qmc.LatinHypercube(len(factors), rng=design.seed).random(design.size)


def _sobol(design: Design, factors: Sequence[Factor]) -> np.ndarray:
    from scipy.stats import qmc

    return qmc.Sobol(len(factors), rng=design.seed).random_base2(int(math.log2(design.size)))


def _saltelli(design: Design, factors: Sequence[Factor]) -> np.ndarray:
    sobol = needed("SALib.sample.sobol", by="a saltelli design")

    return sobol.sample(
        problem_of(factors), design.size, calc_second_order=design.second_order, seed=design.seed
    )


def _morris(design: Design, factors: Sequence[Factor]) -> np.ndarray:
    morris = needed("SALib.sample.morris", by="a morris design")

    return morris.sample(
        problem_of(factors), design.size, num_levels=design.levels, seed=design.seed
    )


_UNIT: dict[str, Callable[[Design, Sequence[Factor]], np.ndarray]] = {
    "latin_hypercube": _latin,
    "sobol": _sobol,
    "saltelli": _saltelli,
    "morris": _morris,
}


#: What each kind of design may say beside its kind, and what its size is called.
DESIGNS: dict[str, tuple[str, ...]] = {
    "grid": (),
    "list": ("points", "file"),
    "latin_hypercube": ("size", "seed"),
    "sobol": ("size", "seed"),
    "saltelli": ("size", "seed", "second_order"),
    "morris": ("size", "seed", "levels"),
}


def read_design(reader: Reader, given: Any, folder: Path) -> Design:
    """Read the design of a study; its points need the factors, so they come later.

    Raises
    ------
    ScenarioError
        If the kind is unknown or a value does not fit it.
    """
    keys = ("design",)
    fields = {"kind": given} if isinstance(given, str) else reader.mapping(given, keys, "a mapping")
    if "kind" not in fields:
        text = f"expected a kind ({', '.join(DESIGNS)}), found none"
        raise reader.problem(keys, text)
    kind = reader.one_of(fields["kind"], (*keys, "kind"), DESIGNS, "a kind of design")
    fields = reader.known(fields, keys, ("kind", *DESIGNS[kind]), f"a {kind} design")
    if kind == "list":
        return Design("list", table=_table(reader, fields, folder))
    if kind == "grid":
        return Design("grid")
    if "size" not in fields:
        raise reader.problem(keys, f"expected size in a {kind} design, found none")
    size = reader.whole(fields["size"], (*keys, "size"), 1, 10_000_000)
    if kind in ("sobol", "saltelli") and size & (size - 1):
        low = 2 ** int(math.log2(size))
        text = f"expected a power of two (such as {low} or {2 * low}), found {size}"
        raise reader.problem((*keys, "size"), text)
    second = fields.get("second_order", True)
    if not isinstance(second, bool):
        text = f"expected true or false, found {found(second)}"
        raise reader.problem((*keys, "second_order"), text)
    levels = reader.whole(fields.get("levels", 4), (*keys, "levels"), 2, 1000)
    if levels % 2:
        raise reader.problem((*keys, "levels"), f"expected an even number, found {levels}")
    seed = reader.whole(fields.get("seed", 0), (*keys, "seed"), 0, 2**32 - 1)
    return Design(kind, size, seed, second, levels)


def _table(reader: Reader, fields: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    if ("points" in fields) == ("file" in fields):
        raise reader.problem(("design",), "expected either points or file in a list design")
    if "file" in fields:
        return _table_of_file(reader, fields["file"], folder)
    points, keys = fields["points"], ("design", "points")
    if not isinstance(points, tuple) or not points:
        raise reader.problem(keys, f"expected a list of points, found {found(points)}")
    columns: list[str] = []
    for number, point in enumerate(points):
        row = reader.mapping(point, (*keys, number), "a mapping of factors to values")
        columns = columns or list(row)
        if set(row) != set(columns):
            odd = min(set(row) ^ set(columns))
            text = f"expected the same factors in every point, found {found(odd)} in some"
            raise reader.problem((*keys, number), text)
    return pd.DataFrame(list(points))


def _table_of_file(reader: Reader, name: Any, folder: Path) -> pd.DataFrame:
    keys = ("design", "file")
    path = folder / reader.text(name, keys)
    if path.suffix not in (".csv", ".parquet"):
        text = f"expected a file .csv or .parquet, found {found(name)}"
        raise reader.problem(keys, text)
    if not is_file(path):
        try:
            near = [each.name for each in path.parent.iterdir() if each.suffix == path.suffix]
        except (OSError, ValueError):
            near = []
        text = f"expected a table of points, found no file {found(name)}{hint(path.name, near)}"
        raise reader.problem(keys, text)
    try:
        check_size(path)
        read = pd.read_csv if path.suffix == ".csv" else pd.read_parquet
        table = read(BytesIO(path.read_bytes()))
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise reader.problem(keys, f"expected a table of points, found {reason}") from None
    if table.empty:
        raise reader.problem(keys, "expected a point or more, found an empty table")
    return table
