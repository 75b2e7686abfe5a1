"""Entries: every compiled pass behind one signature, so that machine code strings them.

A *frame* is a row of 64-bit words with all that one call of a pass needs: for an array
its address, shape and strides, for a number the number. An *entry* takes the address of
a frame, and calls its pass. :func:`run_passes` calls entry after entry, a whole phase group of a
period at a time, without coming back to the interpreter or holding its lock.

Functions of :mod:`cxsim.numerics.elementary` that LLVM has an instruction for are lowered to it: a
call to the C library would keep a loop from running over several customers at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils, compiler
from numba.core.compiler import Compiler
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

# -- Entries: every compiled pass behind one signature, so that machine code strings them ------


_WORD = ir.IntType(64)


_STATUS = ir.IntType(32)


_POINTER = cgutils.voidptr_t


def pack(arguments: Sequence[Any]) -> list[int]:
    """Return the frame of a call with these arguments.

    Parameters
    ----------
    arguments : sequence of ndarray or int

    Returns
    -------
    list of int
        Of an array: address, lengths, strides in bytes.
    """
    frame: list[int] = []
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            frame += [argument.ctypes.data, *argument.shape, *argument.strides]
        else:
            frame.append(int(argument))
    return frame


def compiled(function: FunctionType, kinds: Sequence[Any], options: dict[str, Any]) -> Any:
    """Compile a pass, to be called by entries only."""
    flags = compiler.Flags()
    settings = {"nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, **options}
    cpu_target.options.parse_as_flags(flags, settings)
    return compiler.compile_extra(
        cpu_target.typing_context, cpu_target.target_context, function, tuple(kinds), None,
        flags, {}, pipeline_class=DisjointCompiler,
    )  # fmt: skip


def wrapper_for(made: Any, kinds: Sequence[Any]) -> Any:
    """Return what an entry calls: it unpacks a frame and calls the pass compiled as ``made``.

    Parameters
    ----------
    made : compile result
        Of :func:`compiled`.
    kinds : sequence of numba type
        Of its arguments.

    Returns
    -------
    numba intrinsic
        Of the address of a frame (:func:`pack`).
    """

    @intrinsic
    def call(typing: Any, frame: Any) -> Any:  # noqa: ARG001 - what numba hands over
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
            frame = builder.inttoptr(arguments[0], _WORD.as_pointer())
            place = iter(range(1 << 16))

            def word() -> Any:
                return builder.load(builder.gep(frame, [ir.Constant(_WORD, next(place))]))

            values = []
            for kind in kinds:
                if not isinstance(kind, types.Array):
                    values.append(word())
                    continue
                array = make_array(kind)(context, builder)
                element = context.get_data_type(kind.dtype)
                populate_array(
                    array,
                    data=builder.inttoptr(word(), element.as_pointer()),
                    shape=[word() for _ in range(kind.ndim)],
                    strides=[word() for _ in range(kind.ndim)],
                    itemsize=context.get_abi_sizeof(element),
                    meminfo=None,
                )
                values.append(array._getvalue())
            context.add_linking_libs([made.library])
            context.call_internal(builder, made.fndesc, made.signature, values)
            return context.get_dummy_value()

        return types.void(types.int64), generate

    return call


def address_of(result: Any) -> int:
    """Return the address of the machine code of a compiled entry."""
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)


@intrinsic
def _enter(typing: Any, address: Any, frame: Any) -> Any:  # noqa: ARG001 - what numba hands over
    """Call the entry at an address; not 0 if it failed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        kind = ir.FunctionType(_STATUS, [_POINTER.as_pointer(), _POINTER.as_pointer(), _WORD])
        entry = builder.inttoptr(arguments[0], kind.as_pointer())
        result = cgutils.alloca_once(builder, _POINTER)
        problem = cgutils.alloca_once(builder, _POINTER)
        return builder.zext(builder.call(entry, [result, problem, arguments[1]]), _WORD)

    return types.int64(types.int64, types.int64), generate


@intrinsic
def _fetch(typing: Any, address: Any) -> Any:  # noqa: ARG001 - what numba hands over
    """Have the line of memory at an address brought near, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        kind = ir.FunctionType(ir.VoidType(), [_POINTER, _STATUS, _STATUS, _STATUS])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", (_POINTER,), kind)
        reading, second_level, data = (ir.Constant(_STATUS, value) for value in (0, 2, 1))
        place = builder.inttoptr(arguments[0], _POINTER)
        builder.call(prefetch, [place, reading, second_level, data])
        return context.get_dummy_value()

    return types.void(types.int64), generate


#: To a type checker an intrinsic takes what the compiler hands over as well.
_call_entry: Any = _enter


prefetch: Any = _fetch


def run_passes(
    entries: Any,
    places: Any,
    frame: Any,
    frames: Any,
    lines: Any,
    first: int,
    end: int,
    blocks: int,
) -> int:
    """Call all entries for some blocks of customers, one block after the other.

    Parameters
    ----------
    entries, places : int64 array
        Addresses of entries, and of their parts of ``frame``.
    frame : int64 array
        What entries read.
    frames : int64 array, shape (3, words)
        Of the first block, what it grows by from block to block, of the last block.
    lines : int64 array, shape (2, lines)
        Addresses of the lines of memory that hold the first block's state columns, and what they
        grow by from block to block. While one block is worked on, the next one's are fetched,
        some before every entry.
    first, end : int
        Blocks from ``first`` to before ``end``.
    blocks : int
        All there are.

    Returns
    -------
    int
        Number of the entry that failed, -1 if none did.
    """
    for block in range(first, end):
        for k in range(len(frame)):
            if block == blocks - 1:
                frame[k] = frames[2, k]
            else:
                frame[k] = frames[0, k] + block * frames[1, k]
        ahead = lines.shape[1] if block + 1 < end else 0
        for k in range(len(entries)):
            for j in range(ahead * k // len(entries), ahead * (k + 1) // len(entries)):
                prefetch(lines[0, j] + (block + 1) * lines[1, j])
            if _call_entry(entries[k], places[k]) != 0:
                return k
    return -1


# -- Functions that the compiler is given in other words than the interpreter, with the same bits


def split(x: float) -> tuple[float, int]:
    """Return fraction and exponent of a positive, normal double, read off its bits.

    Parameters
    ----------
    x : float

    Returns
    -------
    m : float
        In [1/2, 1).
    e : int
        With x = m 2**e.
    """
    bits = np.float64(x).view(np.uint64)
    exponent = np.int64((bits >> np.uint64(52)) & np.uint64(0x7FF)) - 1022
    half = np.uint64(0x3FE0000000000000)  # the exponent of numbers in [0.5, 1)
    fraction = np.uint64((bits & np.uint64(0x800FFFFFFFFFFFFF)) | half).view(np.float64)
    return fraction, exponent  # type: ignore[return-value] # compiled, they are these


#: By the names of the rules they stand for.
LOWERED: dict[str, Callable[..., Any]] = {"elementary.split": split}


# -- How passes are compiled: knowing that no two of their arrays share memory -----------------


class DisjointCompiler(Compiler):
    """numba's compiler, told that arguments do not overlap.

    Every argument of a pass is an array (or part of one) of its own. Without knowing
    that, a loop over more than a few arrays is never turned into one over several
    customers at a time.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.state.flags.noalias = True
