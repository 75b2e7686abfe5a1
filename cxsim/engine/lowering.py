"""Functions that the compiler is given in machine terms rather than in Python's.

Each stands for a plain function of :mod:`cxsim.elementary` and returns the same bits. A
call to the C library would keep a loop from running over several customers at a time.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

__all__ = ["LOWERED"]

_WORD, _DOUBLE = ir.IntType(64), ir.DoubleType()
_EXPONENT, _FRACTION_AND_SIGN = 0x7FF, 0x800FFFFFFFFFFFFF
_HALF = 1022  # exponent field of numbers in [0.5, 1)


@intrinsic
def _split(typing: Any, x: Any) -> Any:  # noqa: ARG001 - what numba hands over
    """Lower ``elementary.split``: fraction and exponent of a normal double, from its bits."""
    signature = types.Tuple((types.float64, types.int64))(types.float64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def word(value: int) -> ir.Constant:
            return ir.Constant(_WORD, value)

        bits = builder.bitcast(arguments[0], _WORD)
        field = builder.and_(builder.lshr(bits, word(52)), word(_EXPONENT))
        fraction = builder.or_(builder.and_(bits, word(_FRACTION_AND_SIGN)), word(_HALF << 52))
        parts = [builder.bitcast(fraction, _DOUBLE), builder.sub(field, word(_HALF))]
        return context.make_tuple(builder, signature.return_type, parts)

    return signature, generate


#: By the names of the rules they stand for.
LOWERED: dict[str, Any] = {"elementary.split": _split}
