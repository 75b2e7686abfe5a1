"""Designs: which points of the factors' ranges a study runs."""

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

from cxsim.files import check_size, is_file
from cxsim.scenario.messages import found, hint
from cxsim.study.analysis.optional import needed
from cxsim.study.factors import Factor
from cxsim.study.reading import Reader

__all__ = ["DESIGNS", "MOST", "Design", "problem_of", "read_design"]

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
