"""The arrays that passes name: columns, parameters, draw keys and accumulators."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from cxsim.engine.name_registry import check_arrays, check_axes, taken_names
from cxsim.engine.parameter_tables import Tables
from cxsim.engine.schedule import LiveRange, Step, offsets, parameters_of
from cxsim.files.sealed import put_back
from cxsim.messages import hint
from cxsim.model.mechanism import TILE, Column, Mechanism
from cxsim.numerics.draws import period_keys, static_key

# -- The arrays that passes name: columns, parameters, draw keys and accumulators ---------------


class Workspace:
    """The arrays of one run, found by the names of passes' arguments.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : sequence of Mechanism
        Those that take part.
    seed : int
    block : int
        Customers per block.
    scratch_across_barriers : collection of str
        Scratch columns that have to outlive their block, because passes on both sides of a
        look at the whole population use them.
    live_ranges : mapping of str to tuple
        First and last phase, by number, in which passes use a column that may share memory.

    Raises
    ------
    ValueError
        If two mechanisms bring one name, or one names an axis that is not there.
    """

    def __init__(
        self,
        scenario: Any,
        mechanisms: tuple[Mechanism, ...],
        seed: int,
        block: int,
        scratch_across_barriers: Collection[str] = (),
        live_ranges: Mapping[str, LiveRange] | None = None,
    ):
        taken = taken_names(mechanisms)
        check_axes(mechanisms, scenario)
        self.tables = Tables(scenario, mechanisms)
        firms, segments = self.tables.firms, self.tables.segments
        self.sizes = {
            "firm": len(firms),
            "option": len(firms) + 1,
            "previous_supplier": len(firms) + 1,
            "segment": len(segments),
            "need": self.tables.needs,
            "member": max(m.members(scenario) for m in mechanisms),
            **{axis: len(names) for axis, names in self.tables.axes.items()},
        }
        own = {f"n_{axis}": len(names) for axis, names in self.tables.axes.items()}
        self._counts = {"n_firms": len(firms), "n_customers": int(scenario.customers), **own}
        columns = tuple(
            replace(column, state=True)
            if column.name in scratch_across_barriers and not column.state
            else column
            for m in mechanisms
            for column in m.columns
        )
        self.columns = {column.name: column for column in columns}
        self.outlive = frozenset(c.name for m in mechanisms for c in m.columns if c.state)
        self.population = Population(int(scenario.customers), columns, self.sizes, block)
        self._scratch = tuple(column for column in columns if not column.state)
        self._live_ranges = live_ranges or {}
        self.clock = np.zeros(1, dtype=np.int64)
        self.own: dict[str, np.ndarray] = {}
        made: dict[Any, Any] = {}
        for mechanism in mechanisms:
            for table in mechanism.tables:
                name, axes = (table, ("firm",)) if isinstance(table, str) else table
                self.own[name] = np.zeros(shape_of(axes, self.sizes))
            if mechanism.setup is not None:
                arrays = mechanism.setup(scenario, seed)
                check_arrays(taken, mechanism, arrays, made)
                self.own.update(arrays)
        self._make_keys(mechanisms, seed)
        self._make_totals(mechanisms)
        self._link()

    def _link(self) -> None:
        """Cut the arrays that passes name out of those that own the memory."""
        self._shared: dict[str, np.ndarray] = {
            **self.tables.arrays,
            "clock": self.clock,
            **self.own,
        }
        for name, (place, shape) in self._key_places.items():
            self._shared[f"key_{name}"] = self._keys[place].reshape(shape)
        tiles = len(self._totals)
        self.sums = {
            f"sum_{name}": self._totals[:, place].reshape(tiles, *shape)
            for name, (place, shape) in self.total_places.items()
        }

    def state(self) -> dict[str, Any]:
        """Return the state between periods, as plain data: columns, parameters, tables."""
        return {
            "columns": self.population.arrays,
            "parameters": self.tables.own_arrays,
            "tables": self._changing(),
        }

    def _changing(self) -> dict[str, np.ndarray]:
        """Return tables that passes may write; others follow from scenario and seed."""
        return {name: table for name, table in self.own.items() if table.flags.writeable}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what :meth:`state` has returned.

        Parameters
        ----------
        state : mapping of str to object
        """
        put_back(self.population.arrays, state["columns"])
        put_back(self.tables.own_arrays, state["parameters"])
        put_back(self._changing(), state["tables"])

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_shared", "sums")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._link()

    def _make_keys(self, mechanisms: tuple[Mechanism, ...], seed: int) -> None:
        names: dict[str, tuple[Any, ...]] = {
            "firm": self.tables.firms,
            "option": (*self.tables.firms, "outside"),  # a seed of its stream, not its name
            "segment": self.tables.segments,
            "need": tuple(range(self.sizes["need"])),
            "member": tuple(range(self.sizes["member"])),
            **self.tables.axes,
        }
        static: list[int] = []
        self._key_places: dict[str, tuple[slice, tuple[int, ...]]] = {}
        for mechanism in mechanisms:
            for draw in mechanism.draws:
                lists = [range(a) if isinstance(a, int) else names[a] for a in draw.axes]
                parts: list[tuple[Any, ...]] = [()]
                for values in lists:
                    parts = [(*head, value) for head in parts for value in values]
                place = slice(len(static), len(static) + len(parts))
                self._key_places[draw.name] = (place, tuple(len(v) for v in lists) or (1,))
                static += [static_key(seed, draw.stream or draw.name, *p) for p in parts]
        self._static_keys = np.array(static, dtype=np.uint64)
        self._keys = np.zeros_like(self._static_keys)

    def _make_totals(self, mechanisms: tuple[Mechanism, ...]) -> None:
        tiles = -(-self.population.customers // TILE)
        self.total_places: dict[str, tuple[slice, tuple[int, ...]]] = {}
        width = 0
        for mechanism in mechanisms:
            for total in mechanism.accumulators:
                shape = shape_of(total.axes, self.sizes)
                self.total_places[total.name] = (slice(width, width + prod(shape)), shape)
                width += prod(shape)
        self._totals = np.zeros((tiles, width))

    def begin_period(self, period: int, key_period: int | None = None) -> None:
        """Set the clock, the draw keys of the period, and totals to zero.

        Parameters
        ----------
        period : int
            What ``clock[0]`` shows.
        key_period : int, optional
            Period of the random numbers, where it is another.
        """
        self.clock[0] = period
        period_keys(self._static_keys, period if key_period is None else key_period, self._keys)
        self.clear_totals()

    def clear_totals(self) -> None:
        """Set totals to zero."""
        self._totals.fill(0.0)

    def totals(self) -> np.ndarray:
        """Return the totals of the period over all customers, one row of the books.

        Returns
        -------
        ndarray, shape (k,)
            Sums over tiles, each accumulator at its place in ``total_places``, in its unit.
        """
        return self._totals.sum(axis=0)

    def scratch(self, *, sharing: bool = False) -> dict[str, np.ndarray]:
        """Return a fresh set of scratch columns, one block wide.

        With ``sharing``, those that are never in use together stand in the same memory, and
        what one holds is gone once passes turn to another.

        Parameters
        ----------
        sharing : bool

        Returns
        -------
        dict of str to ndarray, shape (axes..., block)
            Each in the unit of its column.
        """
        block = self.population.block
        shapes = {c.name: (*shape_of(c.axes, self.sizes), block) for c in self._scratch}
        sizes = {c.name: np.dtype(c.dtype).itemsize * prod(shapes[c.name]) for c in self._scratch}
        begins, size = offsets(sizes, self._live_ranges if sharing else {})
        memory = aligned((size,), 0, "u1")
        columns = {}
        for column in self._scratch:
            begin = begins[column.name]
            part = memory[begin : begin + sizes[column.name]]
            columns[column.name] = part.view(column.dtype).reshape(shapes[column.name])
            if column.fill:
                columns[column.name].fill(column.fill)
        return columns

    def arguments(self, step: Step, block: int, scratch: dict[str, np.ndarray]) -> tuple[Any, ...]:
        """Return the arguments of a pass for one block of customers.

        Parameters
        ----------
        step : Step
        block : int
            Number of the block.
        scratch : dict of str to ndarray, shape (axes..., block)
            Scratch columns of the caller (:meth:`scratch`).

        Returns
        -------
        tuple
            In the order of the pass's arguments; arrays are views, shapes (axes..., n) of columns
            and (tiles, axes...) of accumulators, in their units.

        Raises
        ------
        ValueError
            If an argument names nothing that is known.
        """
        first, end = self.population.bounds(block)
        return tuple(
            self._find(name, step, block, first, end, scratch) for name in parameters_of(step)
        )

    def _find(
        self,
        name: str,
        step: Step,
        block: int,
        first: int,
        end: int,
        scratch: dict[str, np.ndarray],
    ) -> Any:
        if name == "n":
            return end - first
        if name == "first":
            return first
        if name in self._counts:
            return self._counts[name]
        if name in self._shared:
            return self._shared[name]
        if name in self.population.columns:
            return self.population.part(name, block)
        if name in scratch:
            return scratch[name]
        if name.startswith("all_") and self.population.shares(name[4:]):
            return self.population.whole(name[4:])
        if name in self.sums:
            return self.sums[name][first // TILE : -(-end // TILE)]
        raise self._unknown(name, step, [*self.population.columns, *scratch, *self.sums])

    def population_arguments(self, step: Step) -> tuple[Any, ...]:
        """Return the arguments of a pass over the whole population.

        Parameters
        ----------
        step : Step
            Of a population pass.

        Returns
        -------
        tuple
            In the order of the pass's arguments; columns have the shape (axes..., customers),
            totals (axes...).

        Raises
        ------
        ValueError
            If an argument names nothing that is known.
        """
        found: list[Any] = []
        for name in parameters_of(step):
            if name == "n":
                found.append(self.population.customers)
            elif name in self._counts:
                found.append(self._counts[name])
            elif name in self._shared:
                found.append(self._shared[name])
            elif name in self.population.columns:
                found.append(self.population.whole(name))
            elif name in self.sums:
                found.append(self.sums[name])
            elif name.startswith("total_") and name[6:] in self.total_places:
                place, shape = self.total_places[name[6:]]
                found.append(self._totals[:, place].sum(axis=0).reshape(shape))
            else:
                raise self._unknown(name, step, [*self.population.columns])
        return tuple(found)

    def _unknown(self, name: str, step: Step, names: list[str]) -> ValueError:
        near = hint(name, [*names, *self._shared], listed=0)
        return ValueError(
            f"pass {step.name!r}: expected names of columns, parameters, keys or accumulators as "
            f"arguments, found {name!r}{near}"
        )


# -- Customers as columns, stored by blocks so that a block's part of a column is contiguous ---


#: Bytes of a cache line, and of the longest registers.
LINE = 64


class Population:
    """The state columns of all customers.

    Parameters
    ----------
    customers : int
    columns : sequence of Column
        State columns; others are left out.
    sizes : dict of str to int
        Length of each named axis.
    block : int
        Customers per block, rounded up to a multiple of the tile.

    Notes
    -----
    A column without further axes is one array of all customers, and so is a shared one.
    Others with further axes are stored as (blocks, *axes, block), so that every block is
    contiguous.
    """

    def __init__(
        self, customers: int, columns: tuple[Column, ...], sizes: dict[str, int], block: int
    ):
        self.customers = customers
        self.block = -(-min(block, customers) // TILE) * TILE
        self.blocks = -(-customers // self.block)
        self.columns = {column.name: column for column in columns if column.state}
        self._arrays = {}
        for column in self.columns.values():
            axes = shape_of(column.axes, sizes)
            whole = column.shared or not axes
            shape = (*axes, customers) if whole else (self.blocks, *axes, self.block)
            self._arrays[column.name] = aligned(shape, column.fill, column.dtype)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name, array in self._arrays.items():  # a copy begins anywhere
            self._arrays[name] = aligned(array.shape, 0, array.dtype.str)
            self._arrays[name][...] = array

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The columns as they are stored, to save and to put back.

        By name, in the units of the columns; shapes as in the notes above.
        """
        return dict(self._arrays)

    def bounds(self, block: int) -> tuple[int, int]:
        """Return the first customer of a block and the first after it.

        Parameters
        ----------
        block : int
            Number of the block.

        Returns
        -------
        first, end : int
            Numbers of customers.
        """
        first = block * self.block
        return first, min(first + self.block, self.customers)

    def part(self, name: str, block: int) -> np.ndarray:
        """Return a block's part of a column, as a view; the customer is the last axis.

        Parameters
        ----------
        name : str
            Of a state column.
        block : int
            Number of the block.

        Returns
        -------
        ndarray, shape (axes..., n)
            In the unit of the column.
        """
        array = self._arrays[name]
        if array.ndim == 1 or self.shares(name):
            first, end = self.bounds(block)
            return array[..., first:end]
        return array[block]

    def whole(self, name: str) -> np.ndarray:
        """Return a column of all customers, the customer last.

        A view of one without axes or shared, else a copy.

        Parameters
        ----------
        name : str
            Of a state column.

        Returns
        -------
        ndarray, shape (axes..., customers)
            In the unit of the column.
        """
        array = self._arrays[name]
        if array.ndim == 1 or self.shares(name):
            return array
        joined = np.moveaxis(array, 0, -2)
        return joined.reshape(*joined.shape[:-2], -1)[..., : self.customers]

    def shares(self, name: str) -> bool:
        """Return whether a column is one that customers see of each other."""
        return name in self.columns and self.columns[name].shared

    @property
    def nbytes(self) -> int:
        """Bytes that the columns take."""
        return sum(array.nbytes for array in self._arrays.values())


def shape_of(axes: tuple[str | int, ...], sizes: dict[str, int]) -> tuple[int, ...]:
    """Return the lengths of named axes.

    Parameters
    ----------
    axes : tuple of str or int
        Names, or lengths.
    sizes : dict of str to int
        Lengths by name.

    Returns
    -------
    tuple of int
    """
    return tuple(axis if isinstance(axis, int) else sizes[axis] for axis in axes)


def aligned(shape: tuple[int, ...], fill: float, dtype: str) -> np.ndarray:
    """Return a filled array that begins with a cache line.

    Several customers' numbers at a time then come from one line rather than from two.

    Parameters
    ----------
    shape : tuple of int
    fill : float
    dtype : str

    Returns
    -------
    ndarray, shape ``shape``
        Its address is a multiple of :data:`LINE` bytes.
    """
    size = np.dtype(dtype).itemsize * int(np.prod(shape))
    memory = np.empty(size + LINE, dtype=np.uint8)
    begin = -memory.ctypes.data % LINE
    array = memory[begin : begin + size].view(dtype).reshape(shape)
    array.fill(fill)
    return array
