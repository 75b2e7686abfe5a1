"""A number that came out of an experiment, with its interval over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxsim.plot.numbers import FIXED_SPACE, number
from cxsim.study.statistics import half_width, mean_and_error

__all__ = ["CONFIDENCE", "Estimate", "with_unit"]

CONFIDENCE = 0.95


def with_unit(value: float, unit: str, *, signed: bool = False, digits: int = 3) -> str:
    """Return a number with its unit, for sentences."""
    said = number(value, digits, signed=signed)
    if unit == "points" and said.lstrip("+−") == "1":
        unit = "point"
    return f"{said}{FIXED_SPACE if unit else ''}{unit}"


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95 % interval; exact where both ends are the value.

    Attributes
    ----------
    value, lower, upper : float
        The ends are NaN if there was one seed only.
    """

    value: float
    lower: float
    upper: float

    @classmethod
    def over(cls, values: Sequence[float] | np.ndarray) -> Estimate:
        """Return mean and interval of one value per seed."""
        array = np.asarray(values, float)
        mean, error = mean_and_error(array)
        half = float(half_width(error, len(array), CONFIDENCE))
        return cls(float(mean), float(mean) - half, float(mean) + half)

    @classmethod
    def exactly(cls, value: float) -> Estimate:
        """Return a number that is computed and not simulated."""
        return cls(float(value), float(value), float(value))

    @property
    def half(self) -> float:
        """Half the width of the interval; 0 where there is none."""
        half = (self.upper - self.lower) / 2
        return half if np.isfinite(half) else 0.0

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.lower) and np.isfinite(self.upper))

    @property
    def sure(self) -> bool:
        """Whether the interval excludes zero."""
        return self.known and (self.lower > 0 or self.upper < 0)

    def holds(self, value: float) -> bool:
        """Return whether a number lies within the interval."""
        return self.known and self.lower <= value <= self.upper

    def brief(self) -> str:
        """Return value and interval for a table that says what brackets mean."""
        if not self.known or self.lower == self.upper:
            return number(self.value)
        return f"{number(self.value)} ({number(self.lower)} to {number(self.upper)})"

    def text(self, unit: str = "", *, signed: bool = False) -> str:
        """Return value and interval in words."""
        if not np.isfinite(self.value):
            return "no value, for want of customers to measure it on"
        said = with_unit(self.value, unit, signed=signed)
        if self.lower == self.upper:
            return said
        if not self.known:
            return f"{said} (one seed, so no interval)"
        ends = " to ".join(number(end, signed=signed) for end in (self.lower, self.upper))
        return f"{said} (95{FIXED_SPACE}% interval {ends})"
