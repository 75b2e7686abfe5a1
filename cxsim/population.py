"""Customers as columns, stored by blocks so that a block's part of a column is contiguous."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import CHUNK, Column

__all__ = ["Population", "aligned"]

#: Bytes of a cache line, and of the longest registers.
LINE = 64


class Population:
    """The kept columns of all customers.

    Parameters
    ----------
    customers : int
    columns : sequence of Column
        Those kept; others are left out.
    sizes : dict of str to int
        Length of each named axis.
    block : int
        Customers per block, rounded up to a multiple of the chunk.

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
        self.block = -(-min(block, customers) // CHUNK) * CHUNK
        self.blocks = -(-customers // self.block)
        self.columns = {column.name: column for column in columns if column.kept}
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
        """The columns as they are stored, to save and to put back."""
        return dict(self._arrays)

    def bounds(self, block: int) -> tuple[int, int]:
        """Return the first customer of a block and the first after it."""
        first = block * self.block
        return first, min(first + self.block, self.customers)

    def part(self, name: str, block: int) -> np.ndarray:
        """Return a block's part of a column, as a view; the customer is the last axis."""
        array = self._arrays[name]
        if array.ndim == 1 or self.shares(name):
            first, end = self.bounds(block)
            return array[..., first:end]
        return array[block]

    def whole(self, name: str) -> np.ndarray:
        """Return a column of all customers, the customer last.

        A view of one without axes or shared, else a copy.
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
    """Return the lengths of named axes."""
    return tuple(axis if isinstance(axis, int) else sizes[axis] for axis in axes)


def aligned(shape: tuple[int, ...], fill: float, dtype: str) -> np.ndarray:
    """Return a filled array that begins with a cache line.

    Several customers' numbers at a time then come from one line rather than from two.
    """
    size = np.dtype(dtype).itemsize * int(np.prod(shape))
    memory = np.empty(size + LINE, dtype=np.uint8)
    begin = -memory.ctypes.data % LINE
    array = memory[begin : begin + size].view(dtype).reshape(shape)
    array.fill(fill)
    return array
