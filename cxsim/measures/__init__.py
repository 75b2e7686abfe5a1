"""What is measured, as tidy frames."""

from __future__ import annotations

from cxsim.measures.books import Books
from cxsim.measures.core import FIRM_MEASURES, MARKET_MEASURES
from cxsim.mechanisms import registered
from cxsim.mechanisms.base import Measure, Mechanism

__all__ = ["Books", "Measure", "measures"]


def measures(level: str, mechanisms: tuple[Mechanism, ...] | None = None) -> tuple[Measure, ...]:
    """Return the measures of a level, ``"firm"`` or ``"market"``, the core's first."""
    core = {"firm": FIRM_MEASURES, "market": MARKET_MEASURES}[level]
    more = tuple(
        measure
        for mechanism in (registered() if mechanisms is None else mechanisms)
        for measure in mechanism.measures
        if measure.level == level
    )
    return core + more
