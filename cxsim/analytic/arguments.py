"""Arguments as arrays, refused by name where a formula does not hold for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["numbers"]


def numbers(
    value: ArrayLike, *, name: str, at_least: float | None = None, at_most: float | None = None
) -> NDArray[np.float64]:
    """Return finite numbers as an array of doubles.

    Parameters
    ----------
    value : array_like
    name : str
        What the caller calls the argument.
    at_least, at_most : float, optional
        Ends of the range, which belong to it; an upper one only with a lower one.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If anything in ``value`` is no number, not finite, or out of range.

    Examples
    --------
    >>> numbers(1.2, name="retention", at_least=0, at_most=1)
    Traceback (most recent call last):
    ...
    ValueError: retention: expected numbers from 0 to 1, found 1.2
    """
    expected = _range(at_least, at_most)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected {expected}, found {value!r}") from None
    outside = ~np.isfinite(array)
    if at_least is not None:
        outside |= array < at_least
    if at_most is not None:
        outside |= array > at_most
    if outside.any():
        raise ValueError(f"{name}: expected {expected}, found {array[outside].flat[0]:g}")
    return array


def _range(at_least: float | None, at_most: float | None) -> str:
    if at_least is None:
        return "finite numbers"
    if at_most is None:
        return f"finite numbers of at least {at_least:g}"
    return f"numbers from {at_least:g} to {at_most:g}"
