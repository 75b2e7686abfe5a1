"""One number beside what it should be, and whether chance can account for the difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, Literal

import numpy as np

__all__ = [
    "STORED", "TOLERANCE", "Check", "assert_agrees", "at_most", "exactly", "measured", "pooled",
    "printed", "proportions",
]  # fmt: skip

#: Standard errors that a single number may be off by chance.
TOLERANCE = 4.0
#: Relative error of one number stored in 32 bits.
STORED = 2.0**-24


@dataclass(frozen=True)
class Check:
    """One number and what was expected of it.

    Attributes
    ----------
    what : str
        Name of the number.
    expected, obtained : float
    error : float
        The Monte-Carlo standard error if the claim holds; 0 for what chance does not touch.
    rounding : float
        What finite precision may add: of 32 bits where results are stored, or of the digits
        that a source prints.
    sense : {"=", "<=", ">="}
        Whether the number should be the expected one, at most or at least that.
    limit : float
        Standard errors that it may be off by chance.
    """

    what: str
    expected: float
    obtained: float
    error: float = 0.0
    rounding: float = 0.0
    sense: Literal["=", "<=", ">="] = "="
    limit: float = TOLERANCE

    @property
    def off(self) -> float:
        """By how much the number misses what was expected, 0 on the right side of a bound."""
        off = self.obtained - self.expected
        if (self.sense == "<=" and off < 0.0) or (self.sense == ">=" and off > 0.0):
            return 0.0
        return off

    @property
    def holds(self) -> bool:
        """Whether chance and finite precision account for the difference."""
        return abs(self.off) <= self.limit * self.error + self.rounding

    @property
    def errors_off(self) -> float | None:
        """The difference in standard errors; None for what chance does not touch."""
        return self.off / self.error if self.error else None

    def __str__(self) -> str:
        errors = f", {self.errors_off:+.1f} standard errors" if self.error else ""
        sense = {"=": "", "<=": "at most ", ">=": "at least "}[self.sense]
        expected = f"{sense}{self.expected:.6g}"
        return f"{self.what}: expected {expected}, obtained {self.obtained:.6g}{errors}"


def assert_agrees(checks: Sequence[Check]) -> None:
    """Fail with one line for each number that chance and rounding do not account for.

    Raises
    ------
    AssertionError
        If a check does not hold, or there is none.
    """
    assert checks, "no number was checked"
    wrong = [str(check) for check in checks if not check.holds]
    assert not wrong, "\n" + "\n".join(wrong)


def exactly(what: str, expected: float, obtained: float) -> Check:
    """A number that chance does not touch: equal but for a few roundings to 32 bits."""
    return Check(what, expected, obtained, rounding=16 * STORED * max(abs(expected), 1e-3))


def printed(what: str, expected: float, obtained: float, *, digits: int) -> Check:
    """A number that a source gives with so many digits after the point."""
    return Check(what, expected, float(obtained), rounding=0.5000001 * 10.0**-digits)


def at_most(what: str, limit: float, obtained: float, *, error: float = 0.0) -> Check:
    """A number that should not be above a limit."""
    return Check(what, limit, float(obtained), error=error, sense="<=")


def proportions(what: str, expected: Iterable[float], counts: np.ndarray) -> list[Check]:
    """Check counts of independent customers against the chances of each outcome."""
    n = counts.sum()
    return [
        Check(f"{what} {k}", float(p), float(counts[k] / n), error=sqrt(p * (1.0 - p) / n))
        for k, p in enumerate(expected)
    ]


def measured(simulation: Any, name: str, firm: int = 0) -> float:
    """Return a firm measure of the last period."""
    return float(simulation.latest("firm", name)[firm])


def pooled(
    reduction: Callable[..., list[Check]], *, seeds: Sequence[int], **setting: Any
) -> list[Check]:
    """Run a reduction with several seeds and average each number over them.

    Parameters
    ----------
    reduction : callable
        Takes ``seed`` and the setting, returns checks of the same names for every seed.
    seeds : sequence of int
    **setting
        Passed on.

    Returns
    -------
    list of Check
        Means of expected and obtained; the standard error is that of the mean of independent runs.
        What chance does not touch shows the seed that is farthest off.

    Raises
    ------
    ValueError
        If seeds give checks of different names.
    """
    by_name: dict[str, list[Check]] = defaultdict(list)
    for seed in seeds:
        for check in reduction(seed=seed, **setting):
            by_name[check.what].append(check)
    result = []
    for what, checks in by_name.items():
        if len(checks) != len(seeds):
            raise ValueError(f"{what}: expected one number a seed, found {len(checks)}")
        if checks[0].error == 0.0:
            result.append(max(checks, key=lambda check: abs(check.off)))
            continue
        result.append(
            replace(
                checks[0],
                expected=float(np.mean([check.expected for check in checks])),
                obtained=float(np.mean([check.obtained for check in checks])),
                error=sqrt(sum(check.error**2 for check in checks)) / len(checks),
                rounding=float(np.mean([check.rounding for check in checks])),
            )
        )
    return result
