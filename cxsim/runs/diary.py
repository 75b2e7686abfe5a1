"""The diary of one customer: what firms knew and offered at each occasion, and the choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.engine.agents import AgentsEngine, Customer, ReleasedModel
from cxsim.engine.schedule import Step
from cxsim.engine.workspace import Workspace
from cxsim.messages import argument_hints, whole
from cxsim.model.mechanism import NO_PURCHASE
from cxsim.runs.execution import settings_attrs
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario

#: Scratch columns by firm, and what the diary calls them.
_BY_FIRM = {"knowledge_shown": "knowledge", "fit_gap": "fit_gap", "price_asked": "price_asked"}

#: Parts of the switching cost, which a customer has towards its supplier only, after the choice.
_SWITCHING = ("switching_procedural", "switching_financial", "switching_relational")

#: Column for the value of no purchase, which no term adds.
BASIS = "no purchase value"


class _Watching(AgentsEngine):
    """The agents engine, with notes of one customer's turns."""

    watched = -1  # nobody, until the market has its first customers
    since: int
    rows: list[dict[str, Any]]
    period: Callable[[], int]

    def run_step(self, customer: Customer, step: Step) -> None:
        """Run a pass; of the customer watched, note what it adds to the value of each option."""
        if customer.number != self.watched:
            super().run_step(customer, step)
            return
        before = np.array(self.scratch["value"][0, :, 0], dtype=float)
        if step.name == "switching.count":  # which reads the parts, so that they are there
            for row in self._now:
                if row["option"] == customer.supplier:
                    row |= {name: float(self.scratch[name][0]) for name in _SWITCHING}
        super().run_step(customer, step)
        if step.phase == "arrive" and self.scratch["arriving"][0]:
            self.since = self.period()
        elif step.phase == "prepare":
            self._now: list[dict[str, Any]] = []
            self._terms: dict[str, np.ndarray] = {}
            self._before: dict[str, Any] = {
                "since": self.since, "supplier": customer.supplier,
                "tenure": int(self.place(customer, "tenure")[0]),
            }  # fmt: skip
        elif step.phase == "add":
            self._terms.setdefault(BASIS, before)
            term = step.term or step.name
            added = self.scratch["value"][0, :, 0] - before
            self._terms[term] = self._terms.get(term, 0.0) + added

    def note(self, customer: Customer, period: int) -> None:
        """Note an occasion: the options of the customer watched, once it has chosen."""
        if not self.scratch["in_market"][0]:
            return
        chosen = self.choice_of(customer)
        for option, name in enumerate((*self.firms, NO_PURCHASE)):
            firm = name != NO_PURCHASE
            row: dict[str, Any] = {"period": period, **self._before, "option": name}
            row["open"] = bool(self.scratch["open_option"][option, 0])
            row |= {
                called: float(self.scratch[column][option, 0]) if firm else np.nan
                for column, called in _BY_FIRM.items()
            }
            row |= {term: float(added[option]) for term, added in self._terms.items()}
            row["worth"] = float(self.scratch["value"][0, option, 0])
            row |= dict.fromkeys(_SWITCHING, np.nan)
            row["chosen"] = option == chosen
            self._now.append(row)
        self.rows += self._now


class _Diarist(Customer):
    """A customer whose decisions are noted if it is the one watched."""

    def decide(self) -> None:
        """Choose, and note the occasion."""
        super().decide()
        engine: _Watching = self._engine
        if self.number == engine.watched:
            engine.note(self, engine.period())


@argument_hints
def diary(
    scenario: Scenario | str | Path,
    *,
    customer: int = 0,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Return each occasion of one customer: what each firm knew, and what each option was worth.

    The market is played by the agents engine, so that all other customers are there, too; a few
    hundred of them (``customers``) give a diary in seconds. Numbers are those of ``cx.run`` with
    the same scenario and seed.

    Parameters
    ----------
    scenario : Scenario, str or Path
    customer : int
        Number of the customer, from 0. Where a customer leaves the market, the one that takes its
        place goes on with the diary; ``since`` says from which period.
    seed : int
    overrides : mapping, optional
        Changed parameters by dotted path.

    Returns
    -------
    DataFrame
        A row for each option of each period in which the customer was in the market: ``period``,
        ``since`` (period in which this customer entered), ``supplier`` and ``tenure`` (purchases)
        before the choice, ``option``, ``open`` (whether it could be chosen); ``knowledge`` (share)
        that the firm used, ``fit_gap`` (squared distance), ``price_asked`` (currency per unit);
        the terms of its value by name, and their sum ``worth``, all in currency; parts of the
        switching cost (``switching_procedural``, ``switching_financial``,
        ``switching_relational``, currency) of the supplier after the choice; and ``chosen``. The
        random part of utility, which differs at each occasion, is not in ``worth``: the option
        chosen is not always the one worth most.

    Raises
    ------
    ScenarioError
        If the scenario or an override is not valid.
    ValueError
        If there is no such customer, or several people decide for an account.

    Examples
    --------
    >>> import cxsim as cx
    >>> told = cx.diary("baseline", customer=3, overrides={"customers": 20, "periods": 12})
    >>> told.loc[told["chosen"], ["period", "option"]].head(2).shape
    (2, 2)
    """
    market = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    market = market.override(overrides) if overrides else market
    number = whole(customer, "customer", low=0)
    if number >= market.customers:
        raise ValueError(
            f"customer: expected a number from 0 to {market.customers - 1}, found {number}"
        )
    simulation = Simulation(market, seed=seed, engine=_engine)
    members = max(each.members(market) for each in simulation.mechanisms)
    if members > 1:
        raise ValueError(f"diary: expected accounts of one member each, found up to {members}")
    engine = simulation.engine
    engine.watched, engine.rows, engine.since = number, [], simulation.period
    engine.period = lambda: simulation.period
    simulation.warm_up()
    engine.rows.clear()
    while not simulation.finished:
        simulation.step()
    told = pd.DataFrame(engine.rows)
    told.attrs.update(settings_attrs(market), customer_number=number)
    return told


def terms_of(told: pd.DataFrame) -> list[str]:
    """Return the columns of a diary that are terms of the value of options.

    Parameters
    ----------
    told : DataFrame
        As :func:`diary` returns.
    """
    names = list(told.columns)
    return names[names.index("price_asked") + 1 : names.index("worth")]


def _engine(workspace: Workspace) -> AgentsEngine:
    return _Watching(workspace, model=ReleasedModel(rng=1), customer_class=_Diarist)
