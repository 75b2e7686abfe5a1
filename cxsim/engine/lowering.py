"""Functions that the compiler is given in other words than the interpreter, with the same bits.

Each stands for a plain function of :mod:`cxsim.elementary`. A call to the C library would keep a
loop from running over several customers at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["LOWERED"]


def split(x: float) -> tuple[float, int]:
    """Return fraction and exponent of a positive, normal double, read off its bits."""
    bits = np.float64(x).view(np.uint64)
    exponent = np.int64((bits >> np.uint64(52)) & np.uint64(0x7FF)) - 1022
    half = np.uint64(0x3FE0000000000000)  # the exponent of numbers in [0.5, 1)
    fraction = np.uint64((bits & np.uint64(0x800FFFFFFFFFFFFF)) | half).view(np.float64)
    return fraction, exponent  # type: ignore[return-value] # compiled, they are these


#: By the names of the rules they stand for.
LOWERED: dict[str, Callable[..., Any]] = {"elementary.split": split}
