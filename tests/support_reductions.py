"""Reductions: markets so simple that a closed form says what must come out.

A reduction runs the columnar engine on such a market and returns what the closed form
expects beside what was obtained, each with its Monte-Carlo standard error. It takes rules to
exchange, so that tests can show that it fails when a rule is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

#: Standard errors that a single number may be off by chance.
TOLERANCE = 4.0
#: Relative error of one number stored in 32 bits.
STORED = 2.0**-24


@dataclass(frozen=True)
class Check:
    """One number of a reduction.

    ``error`` is the Monte-Carlo standard error if the closed form holds, 0 for what chance
    does not touch; ``rounding`` is what storing in 32 bits may add.
    """

    what: str
    expected: float
    obtained: float
    error: float = 0.0
    rounding: float = 0.0

    @property
    def holds(self) -> bool:
        return abs(self.obtained - self.expected) <= TOLERANCE * self.error + self.rounding

    def __str__(self) -> str:
        off = self.obtained - self.expected
        errors = f", {off / self.error:+.1f} standard errors" if self.error else ""
        return f"{self.what}: expected {self.expected:.6g}, obtained {self.obtained:.6g}{errors}"


def assert_agrees(checks: list[Check]) -> None:
    """Fail with one line for each number that chance and rounding do not account for."""
    wrong = [str(check) for check in checks if not check.holds]
    assert not wrong, "\n" + "\n".join(wrong)


def exactly(what, expected, obtained):
    """A number that chance does not touch: equal but for a few roundings to 32 bits."""
    return Check(what, expected, obtained, rounding=16 * STORED * max(abs(expected), 1e-3))


def proportions(what, expected, counts):
    """Check counts of independent customers against the chances of each outcome."""
    n = counts.sum()
    return [
        Check(f"{what} {k}", p, counts[k] / n, error=sqrt(p * (1.0 - p) / n))
        for k, p in enumerate(expected)
    ]


def measured(simulation, name, firm=0):
    """Return a firm measure of the last period."""
    return float(simulation.latest("firm", name)[firm])
