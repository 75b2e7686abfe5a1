"""Factors, which a study varies by dotted path, and designs, the points at which it does."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from annotated_types import MinLen
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator
from pydantic import ValidationInfo as Info

from cxsim.files.sealed import unsealed_if_sealed
from cxsim.files.whole import check_size, is_file
from cxsim.messages import found, hint, needed
from cxsim.scenario.fields import Expected, Keyed, optional

# -- Factors: what a study varies, by dotted path ----------------------------------------------


@dataclass(frozen=True)
class Move:
    """Effect of a factor on one parameter: ``plus + times * value``."""

    path: str
    times: float = 1.0
    plus: float = 0.0

    def value(self, value: Any) -> Any:
        """Return the new value of the parameter."""
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
        """Return its values on a grid: those listed, or levels from low to high.

        Returns
        -------
        ndarray, shape (levels,)
            In the unit of the parameter that the factor is named after.
        """
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
        """Return new values by dotted path for one value of the factor.

        Parameters
        ----------
        value : object
            One of the factor's values.

        Returns
        -------
        dict of str to object
            One entry for each parameter that the factor moves.
        """
        return {move.path: move.value(value) for move in self.moves}


def _dtype(values: Sequence[Any]) -> Any:
    kinds = {type(value) for value in values}
    return None if kinds <= {int, float} or kinds == {bool} else object


# -- Designs: which points of the factors' ranges a study runs ---------------------------------


#: Most numbers that the points of a study may be: points times factors.
MOST = 10_000_000


class Design(Keyed):
    """Which points of the factors' ranges a study runs."""

    kind: str

    def count(self, factors: Sequence[Factor]) -> int:
        """Return how many points there are, without making them.

        Parameters
        ----------
        factors : sequence of Factor

        Returns
        -------
        int

        Raises
        ------
        NotImplementedError
            Where a class of designs does not say how.
        """
        raise NotImplementedError

    def points_of(self, factors: Sequence[Factor]) -> pd.DataFrame:
        """Return the points, a row each and a column per factor.

        Parameters
        ----------
        factors : sequence of Factor

        Returns
        -------
        DataFrame
            In the units of the factors.

        Raises
        ------
        NotImplementedError
            Where a class of designs does not say how.
        """
        raise NotImplementedError


class Grid(Design):
    """Every combination of the factors' values."""

    called: ClassVar[str] = "a grid design"
    kind: Literal["grid"]

    def count(self, factors: Sequence[Factor]) -> int:
        """Return how many points there are, without making them."""
        return math.prod(len(f.values) or f.levels for f in factors)

    def points_of(self, factors: Sequence[Factor]) -> pd.DataFrame:
        """Return the points, a row each and a column per factor."""
        rows = list(itertools.product(*(factor.grid().tolist() for factor in factors)))
        return pd.DataFrame(rows, columns=[factor.name for factor in factors])


class Listed(Design):
    """Points as they are, written out or in a table."""

    called: ClassVar[str] = "a list design"
    kind: Literal["list"]
    points: Annotated[
        tuple[Annotated[dict[str, Any], Expected("a mapping of factors to values")], ...],
        MinLen(1),
        Expected("a list of points"),
    ] = optional()
    file: Annotated[
        str, Field(pattern=r"\.(csv|parquet)$"), Expected("a file .csv or .parquet")
    ] = optional()
    _table: pd.DataFrame = PrivateAttr()

    @model_validator(mode="after")
    def _read(self, info: Info) -> Listed:
        said = self.model_fields_set
        if ("points" in said) == ("file" in said):
            raise ValueError("expected either points or file in a list design")
        if "file" in said:
            try:
                self._table = table_of_file((info.context or {}).get("folder", Path()), self.file)
            except ValueError as error:
                raise ValueError(f"file: {error}") from None
            return self
        for number, point in enumerate(self.points):
            odd = set(point) ^ set(self.points[0])
            if odd:
                text = f"expected the same factors in every point, found {found(min(odd))} in some"
                raise ValueError(f"points.{number}: {text}")
        self._table = pd.DataFrame(list(self.points))
        return self

    @property
    def table(self) -> pd.DataFrame:
        """The points, with a column per factor and maybe others."""
        return self._table

    def column(self, name: str) -> tuple[Any, ...] | None:
        """Return the values that a factor takes, each once; None if it has no column."""
        if name not in self._table.columns:
            return None
        return tuple({repr(value): value for value in self._table[name].tolist()}.values())

    def count(self, factors: Sequence[Factor]) -> int:  # noqa: ARG002 - as many as there are
        """Return how many points there are."""
        return len(self._table)

    def points_of(self, factors: Sequence[Factor]) -> pd.DataFrame:
        """Return the points, a row each and a column per factor."""
        return self._table[[factor.name for factor in factors]].reset_index(drop=True)


def table_of_file(folder: Path, name: str, what: str = "a table of points") -> pd.DataFrame:
    """Return a table of points, or of draws of parameters; one that is sealed is checked.

    Parameters
    ----------
    folder : Path
    name : str
        Of a CSV or Parquet file.
    what : str
        What messages call it.

    Raises
    ------
    ValueError
        If there is no such file, or no table in it.
    """
    path = folder / name
    if not is_file(path):
        try:
            near = [each.name for each in path.parent.iterdir() if each.suffix == path.suffix]
        except (OSError, ValueError):
            near = []
        text = f"no file {found(name)}{hint(path.name, near)}"
        raise ValueError(f"expected {what}, found {text}")
    try:
        check_size(path)
        read = pd.read_csv if path.suffix == ".csv" else pd.read_parquet
        table = read(BytesIO(unsealed_if_sealed(path.read_bytes(), path)))
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"expected {what}, found {reason}") from None
    if table.empty:
        raise ValueError(f"expected {what}, found an empty table")
    return table


class Sample(Design):
    """Points spread over the unit cube, one dimension per factor."""

    size: int = Field(ge=1, le=10_000_000)
    seed: int = Field(0, ge=0, le=2**32 - 1)

    def unit(self, factors: Sequence[Factor]) -> np.ndarray:
        """Return the sample in the unit cube, (points, factors).

        Parameters
        ----------
        factors : sequence of Factor

        Returns
        -------
        ndarray, shape (points, factors)
            0 to 1, without a unit.

        Raises
        ------
        NotImplementedError
            Where a class of designs does not say how.
        """
        raise NotImplementedError

    def count(self, factors: Sequence[Factor]) -> int:  # noqa: ARG002 - the same for all
        """Return how many points there are, without making them."""
        return self.size

    def points_of(self, factors: Sequence[Factor]) -> pd.DataFrame:
        """Return the points, a row each and a column per factor."""
        unit = self.unit(factors)
        return pd.DataFrame({f.name: f.at(unit[:, k]) for k, f in enumerate(factors)})


def _power_of_two(size: int) -> int:
    if size & (size - 1):
        low = 2 ** int(math.log2(size))
        raise ValueError(f"expected a power of two (such as {low} or {2 * low}), found {size}")
    return size


def _even(levels: int) -> int:
    if levels % 2:
        raise ValueError(f"expected an even number, found {levels}")
    return levels


_BinarySize = Annotated[int, Field(ge=1, le=10_000_000), AfterValidator(_power_of_two)]


class LatinHypercube(Sample):
    """A point in each of as many slices of every factor's range."""

    called: ClassVar[str] = "a latin_hypercube design"
    kind: Literal["latin_hypercube"]

    def unit(self, factors: Sequence[Factor]) -> np.ndarray:
        """Return the sample in the unit cube, (points, factors)."""
        from scipy.stats import qmc

        return qmc.LatinHypercube(len(factors), rng=self.seed).random(self.size)


class Sobol(Sample):
    """Points of a scrambled Sobol sequence."""

    called: ClassVar[str] = "a sobol design"
    kind: Literal["sobol"]
    size: _BinarySize

    def unit(self, factors: Sequence[Factor]) -> np.ndarray:
        """Return the sample in the unit cube, (points, factors)."""
        from scipy.stats import qmc

        return qmc.Sobol(len(factors), rng=self.seed).random_base2(int(math.log2(self.size)))


class Saltelli(Sample):
    """The Saltelli design for Sobol indices: base samples, and each with one factor of another."""

    called: ClassVar[str] = "a saltelli design"
    kind: Literal["saltelli"]
    size: _BinarySize
    second_order: bool = True

    def count(self, factors: Sequence[Factor]) -> int:
        """Return how many points there are, without making them."""
        return self.size * (2 + len(factors) * (1 + self.second_order))

    def unit(self, factors: Sequence[Factor]) -> np.ndarray:
        """Return the sample in the unit cube, (points, factors)."""
        sobol = needed("SALib.sample.sobol", by="a saltelli design")
        cube, second = problem_of(factors), self.second_order
        return sobol.sample(cube, self.size, calc_second_order=second, seed=self.seed)


class Morris(Sample):
    """Trajectories along which one factor moves at a time."""

    called: ClassVar[str] = "a morris design"
    kind: Literal["morris"]
    levels: Annotated[int, AfterValidator(_even)] = Field(4, ge=2, le=1000)

    def count(self, factors: Sequence[Factor]) -> int:
        """Return how many points there are, without making them."""
        return self.size * (1 + len(factors))

    def unit(self, factors: Sequence[Factor]) -> np.ndarray:
        """Return the sample in the unit cube, (points, factors)."""
        morris = needed("SALib.sample.morris", by="a morris design")
        return morris.sample(problem_of(factors), self.size, num_levels=self.levels, seed=self.seed)


def problem_of(factors: Sequence[Factor]) -> dict[str, Any]:
    """Return the problem that SALib's samplers and analyses take, over the unit cube."""
    return {
        "num_vars": len(factors),
        "names": [factor.name for factor in factors],
        "bounds": [[0.0, 1.0]] * len(factors),
    }


#: A design of any kind; one that says no more may be written as the name of its kind.
AnyDesign = Annotated[
    Grid | Listed | LatinHypercube | Sobol | Saltelli | Morris,
    Field(discriminator="kind"),
    BeforeValidator(lambda given: {"kind": given} if isinstance(given, str) else given),
    Expected("a kind of design"),
]
