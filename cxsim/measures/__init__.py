"""What is measured, as tidy frames."""

from __future__ import annotations

from collections.abc import Iterable

from cxsim.measures import buying, customer_value, market, money, serving, value
from cxsim.measures.books import Books
from cxsim.mechanisms import registered
from cxsim.mechanisms.base import Measure, Mechanism
from cxsim.scenario.messages import hint

__all__ = [
    "FIRM_MEASURES",
    "MARKET_MEASURES",
    "Books",
    "Measure",
    "firm_measure",
    "key_measures",
    "measures",
    "near",
]

#: Measures of every run, by firm and for the market; mechanisms bring more.
FIRM_MEASURES = (
    *buying.MEASURES,
    *serving.MEASURES,
    *money.MEASURES,
    *customer_value.MEASURES,
    *value.MEASURES,
)
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


def firm_measure(name: object, mechanisms: tuple[Mechanism, ...]) -> str:
    """Return the name of a measure of firms, refused with the nearest if there is none.

    Parameters
    ----------
    name : object
        What was given.
    mechanisms : tuple of Mechanism
        Those of the market that is measured.

    Raises
    ------
    ValueError
        If a market with these mechanisms has no such measure.
    """
    known = [measure.name for measure in measures("firm", mechanisms)]
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"measure: expected a measure of firms, found {name!r}{near(name, known)}")
    return name


def near(name: object, known: Iterable[str]) -> str:
    """Return the end of a message on a measure that is not there: the names it may mean.

    Parameters
    ----------
    name : object
        What was found.
    known : iterable of str
        Names of measures that are there, the market's with or without ``market.`` before them.
    """
    names = list(known)
    every = (*measures("firm"), *measures("market"))
    meant = [m.name for m in every if str(name).lower() in m.also and m.name in names]
    if meant:
        return f" (did you mean {' or '.join(repr(each) for each in meant)}?)"
    return hint(name, names, listed=12)
