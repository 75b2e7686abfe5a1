"""What benchmarks are shown beside what firms know: the market, with expected demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from cxsim.engine.rules import names_of_rules
from cxsim.engine.schedule import Schedule
from cxsim.engine.workspace import Workspace
from cxsim.mechanisms.base import Mechanism
from cxsim.mechanisms.demand import DEMAND

__all__ = ["Demand", "Expected", "foreseeing"]

#: Phases that lead to what options are worth to a customer, without any draw.
_WORTH = ("prepare", "adjust", "ask", "add", "expect")


def foreseeing(
    mechanisms: tuple[Mechanism, ...], rules: Mapping[str, Callable[..., Any]] | None = None
) -> Schedule:
    """Return the passes of a market with those that reckon with everybody in place of draws.

    Parameters
    ----------
    mechanisms : tuple of Mechanism
        Those that take part, observers left out.
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones; those of observers do not matter here.
    """
    whole = (*mechanisms, DEMAND)
    passes: list[Any] = [each.function for mechanism in whole for each in mechanism.passes]
    known = names_of_rules(passes)
    return Schedule(whole, {name: rule for name, rule in (rules or {}).items() if name in known})


class Expected(NamedTuple):
    """What a firm can expect of the period ahead at some price, over simulated customers.

    Parameters
    ----------
    purchases : float
        Expected purchases.
    margin : float
        Expected contribution: prices paid less what purchases cause, currency.
    response : float
        Change of purchases with the price.
    gain : float
        Change of the contribution with the price.
    """

    purchases: float
    margin: float
    response: float
    gain: float


class Demand:
    """The market as benchmarks see it.

    Customers are taken as the period before left them: turnover, drift and contacts of the
    period ahead are still to come. No promotion is reckoned with. A firm's rivals keep their
    parameters as they stand.

    Parameters
    ----------
    workspace : Workspace
        With the columns and totals of :data:`~cxsim.mechanisms.demand.DEMAND`.
    engine : object
        Runs the passes.
    schedule : Schedule
        Of :func:`foreseeing`.
    """

    def __init__(self, workspace: Workspace, engine: Any, schedule: Schedule):
        self._workspace = workspace
        self._engine = engine
        self._legs = schedule.legs(_WORTH)
        self.schedule = schedule

    def at(self, firm: str, price: float) -> Expected:
        """Return what a firm can expect of the period ahead at a price."""
        tables, row = self._workspace.tables, self._workspace.tables.firms.index(firm)
        prices = tables.arrays["firm_price"]
        stood = prices[row]
        for name in ("discount", "display"):
            self._workspace.own[name].fill(0.0)
        prices[row] = price
        self._workspace.clear_totals()
        try:
            self._engine.run(self._legs)
            totals = self._workspace.totals()
        finally:
            prices[row] = stood
            self._workspace.clear_totals()
        places = self._workspace.total_places
        names = ("purchases", "margin", "response", "gain")
        return Expected(*(float(totals[places[f"expected_{n}"][0]][row]) for n in names))

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of the segments."""
        return self._workspace.tables.segments

    def base(self) -> dict[str | None, float]:
        """Return the share of customers by supplier; None stands for nobody's."""
        firms = self._workspace.tables.firms
        supplier = self._workspace.population.whole("supplier")
        counts = np.bincount(supplier + 1, minlength=len(firms) + 1)
        names: tuple[str | None, ...] = (None, *firms)
        return {name: int(k) / len(supplier) for name, k in zip(names, counts, strict=True)}

    def value(self, path: str) -> float:
        """Return a parameter as it stands, by dotted path.

        Raises
        ------
        KeyError
            If the path names no parameter of a mechanism taking part.
        """
        array, index = self._workspace.tables.place(path)
        return float(array[index])
