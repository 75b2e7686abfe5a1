"""What is measured, as tidy frames."""

from __future__ import annotations

from cxsim.measures import buying, market, money, serving, value
from cxsim.measures.books import Books
from cxsim.mechanisms import registered
from cxsim.mechanisms.base import Measure, Mechanism

__all__ = ["FIRM_MEASURES", "MARKET_MEASURES", "Books", "Measure", "key_measures", "measures"]

#: Measures of every run, by firm and for the market; mechanisms bring more.
FIRM_MEASURES = (*buying.MEASURES, *serving.MEASURES, *money.MEASURES, *value.MEASURES)
MARKET_MEASURES = market.MEASURES


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


def key_measures(level: str) -> tuple[str, ...]:
    """Return the names of the measures that the tables of a first look show."""
    return tuple(measure.name for measure in measures(level) if measure.key)
