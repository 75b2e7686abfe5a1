"""A simulation: a scenario, a seed, and the order of one period."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cxsim.engine.parameter_tables import Tables
from cxsim.engine.schedule import Schedule, live_ranges
from cxsim.engine.workspace import Workspace
from cxsim.files.sealed import in_memory
from cxsim.firms.policy import PolicyError
from cxsim.messages import ScenarioError, whole
from cxsim.model.core.choice import DEMAND, DEMAND_RULES
from cxsim.model.core.money import beyond_limit, price_limit
from cxsim.model.ledger import Ledger, year_of
from cxsim.model.mechanism import PHASES, Mechanism
from cxsim.model.mechanism_registry import PROBES, registered
from cxsim.numerics.draws import INITIAL
from cxsim.runs.components import Components, check_names, of_code, of_measures
from cxsim.runs.firm_decisions import Decisions, ExpectedDemand, Insolvency, demand_schedule
from cxsim.runs.measures.measure_registry import measures
from cxsim.scenario.named_policies import policies_of

#: Customers per block: few enough that their scratch columns stay in a core's cache together.
BLOCK = 1024

#: The same where every pass of every block is a call from Python (the engine ``"plain"``).
PLAIN_BLOCK = 4096


class Simulation:
    """One market, moved period by period.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        Same seed, same numbers, whatever the engine, threads or blocks.
    engine : callable, optional
        Makes an engine from the workspace; default the columnar one.
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, by name (``"learning.learned"``).
    observers : sequence of str or callable, optional
        Names of what to measure beside the measures of every run; or functions of the
        scenario and the mechanisms taking part that return one more mechanism.
    block : int, optional
        Customers per block; shows in speed only. Default: what suits the columnar engine.
    schedule : Schedule, optional
        That of an earlier simulation with the same mechanisms and rules, and no observers:
        saves making it anew.
    debug : bool, optional
        True to check that no pass reads or writes outside of its arrays; for an engine of one's
        own, say so where that is made. Default: the environment variable ``CXSIM_DEBUG``.

    Attributes
    ----------
    period : int
        The next period; negative during the warm-up.
    ledger : Ledger
        Totals of the periods from 0 on.
    """

    def __init__(
        self,
        scenario: Any,
        *,
        seed: int = 0,
        engine: Callable[[Workspace], Any] | None = None,
        rules: Mapping[str, Callable[..., Any]] | None = None,
        observers: tuple[str | Callable[..., Mechanism], ...] = (),
        block: int | None = None,
        schedule: Schedule | None = None,
        debug: bool | None = None,
    ):
        self.scenario = scenario
        self.seed = whole(seed, "seed")
        taking_part = (
            *(m for m in registered() if m.core and m.active(scenario)),
            *(m for m in registered() if not m.core and m.active(scenario)),
        )
        self.mechanisms = (
            *taking_part,
            *(
                (PROBES[each] if isinstance(each, str) else each)(scenario, taking_part)
                for each in observers
            ),
        )
        check_names(self.mechanisms)
        benchmarks = any(p.information == "full" for *_, p in policies_of(scenario))
        asked = (DEMAND,) if benchmarks else ()
        period_rules = {
            name: rule
            for name, rule in (rules or {}).items()
            if not (benchmarks and name in DEMAND_RULES)
        }
        self.schedule = Schedule(self.mechanisms, period_rules) if schedule is None else schedule
        foresight = demand_schedule(taking_part, rules) if benchmarks else None
        schedules = [self.schedule, foresight] if foresight else [self.schedule]
        self.workspace = Workspace(
            scenario,
            (*self.mechanisms, *asked),
            self.seed,
            block or _usual_block(),
            scratch_across_barriers=frozenset().union(
                *(each.scratch_across_barriers() for each in schedules)
            ),
            live_ranges=live_ranges(
                (step for each in schedules for step in each.steps), taking_part
            ),
        )
        self.engine = engine(self.workspace) if engine else _columnar(self.workspace, debug)
        self.period = -int(scenario.warm_up)
        self._groups = self.schedule.groups(
            tuple(p for p in PHASES if p not in ("begin", "expect"))
        )
        tables = self.workspace.tables
        self._events = _Events(scenario, tables)
        self._insolvency = Insolvency(len(tables.firms))
        self._price_limit = price_limit(scenario)
        self._checked = b""
        self._look_up()
        self.decisions = Decisions(scenario, self.seed, tables, self._firm_books())
        self._demand = ExpectedDemand(self.workspace, self.engine, foresight) if foresight else None
        self.ledger = Ledger(
            tables.firms,
            scale=scenario.market_size / scenario.customers,
            total_places=self.workspace.total_places,
            row_names=tables.firm_row_names,
            start_rows=tables.firm_rows,
            market={
                k: float(v[0])
                for k, v in tables.arrays.items()
                if k.startswith("market_") and v.shape == (1,)
            },
            costs=tuple(m for each in self.mechanisms for m in each.measures if m.cost),
            year=year_of(str(scenario.period_length)),
        )
        self._populate()

    def _look_up(self) -> None:
        """Find the measures by name."""
        self._measures = {
            level: {m.name: m for m in measures(level, self.mechanisms)}
            for level in ("firm", "market")
        }
        self._latest: dict[tuple[str, str], Any] = {}
        self._latest_period: int | None = None

    def _firm_books(self) -> tuple[str, ...]:
        """Return the measures that a firm finds in its own books."""
        return tuple(m.name for m in self._measures["firm"].values() if m.own_ledger or m.cost)

    def state(self) -> dict[str, Any]:
        """Return all that a run needs to go on from between two periods, as plain data.

        Random numbers are a function of seed and period and need no state; what is compiled,
        and what follows from the scenario, is made anew.
        """
        return {
            "period": self.period,
            "workspace": self.workspace.state(),
            "books": self.ledger.state(),
            "ramps": self._events.starts,
            "insolvency": self._insolvency.state(),
            "decisions": self.decisions.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` of a simulation of the same run has returned.

        Parameters
        ----------
        state : mapping

        Raises
        ------
        DamagedError
            If it is of another run.
        """
        self.period = state["period"]
        self.workspace.restore(state["workspace"])
        self.ledger.restore(state["books"])
        self._events.starts = in_memory(state["ramps"])
        self._insolvency.restore(state["insolvency"])
        self.decisions.restore(state["decisions"])
        self._latest, self._latest_period = {}, None

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_measures", "_latest")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._look_up()

    def _populate(self) -> None:
        """Let everybody arrive, with attributes that do not depend on when the run starts."""
        self.workspace.begin_period(self.period - 1, key_period=INITIAL)
        self.engine.run(self.schedule.groups(("arrive",)))
        self.engine.run(self.schedule.groups(("begin",)))

    def step(self) -> None:
        """Move the market by one period, and write its books unless it is warming up."""
        if self.period >= 0:
            self._events.apply(self.period)
            self._let_go()
            if self.decisions:
                self.decisions.decide(self.period, self._demand)
            self._check_prices()
        self.workspace.begin_period(self.period)
        self.engine.run(self._groups)
        if self.period >= 0:
            self.ledger.write(self.workspace.totals(), self.workspace.tables.firm_rows)
        self.period += 1
        if self.period > 0 and self.decisions:
            own = self.workspace.own
            perceived = None
            if "perceived_performance" in own:
                perceived = own["perceived_performance"], own["perceived_performance_se"]
            self.decisions.remember(self.latest, perceived)

    def _check_prices(self) -> None:
        """Stop before a period in which a firm charges more than any customer can spend."""
        arrays = self.workspace.tables.arrays
        if "firm_price" not in arrays:
            return
        price, premium = arrays["firm_price"], arrays["firm_personal_premium"]
        now = price.tobytes() + premium.tobytes()
        if now == self._checked:  # in most periods nobody changes a price
            return
        asked = price * (1.0 + premium)
        if not np.maximum.reduce(asked) <= self._price_limit:  # NaN is beyond, too
            row = int(np.argmin(asked <= self._price_limit))
            text = beyond_limit(float(asked[row]), self._price_limit)
            firm = self.workspace.tables.firms[row]
            raise PolicyError(f"firm {firm!r}, period {self.period}: {text}")
        self._checked = now

    def _let_go(self) -> None:
        """Take firms that have been insolvent for too long out of the market, for good."""
        arrays = self.workspace.tables.arrays
        if "firm_credit_limit" not in arrays:
            return
        if self.period > 0:
            rows = ("active", "credit_limit", "insolvency_periods")
            self._insolvency.close(
                self.latest("firm", "cash"),
                *(self.ledger.firm(name)[-1] for name in rows),
            )
        arrays["firm_active"][self._insolvency.gone] = 0.0
        self.workspace.own["gone"][:] = self._insolvency.gone

    def set(self, path: str, value: Any) -> None:
        """Set a parameter from the next period on, as an event of that period would.

        Parameters
        ----------
        path : str
            Dotted path, as ``"firms.Tailor.price"``.
        value
            What an event could set it to.

        Raises
        ------
        ValueError
            If no event could.
        """
        event = {"at": 0, "set": {path: value}}
        try:
            changed = self.scenario.override({"events": [event]})
        except ScenarioError as error:
            raise ValueError(f"{path}: {error.problems[0].text}") from None
        new = [c for c in changed.changes if c.at == 0 and c.path == path][-1].value
        array, index = self.workspace.tables.place(path)
        before = np.array(array[index])
        array[index] = self.workspace.tables.number(path, new)
        try:
            self._check_prices()
        except PolicyError as error:
            array[index] = before
            raise ValueError(str(error)) from None

    def warm_up(self) -> None:
        """Run the periods before 0."""
        while self.period < 0:
            self.step()

    def latest(self, level: str, name: str) -> Any:
        """Return a measure as of the last period: by firm in name order, or of the market.

        NaN before the first period.

        Parameters
        ----------
        level : {"firm", "market"}
        name : str
            Name of the measure.

        Raises
        ------
        KeyError
            If there is no measure of that name.
        """
        measure = self._measures[level][name]
        if self.ledger.periods == 0:
            return np.full(len(self.ledger.firms), np.nan) if level == "firm" else np.nan
        if self._latest_period != self.period:
            self._latest, self._latest_period = {}, self.period
        if (level, name) not in self._latest:
            ledger = self.ledger if measure.cumulative else self.ledger.last()
            self._latest[level, name] = measure.function(ledger)[-1]
        return self._latest[level, name]

    @property
    def finished(self) -> bool:
        """Whether the scenario's periods are over."""
        return self.period >= self.scenario.periods

    @functools.cached_property
    def code(self) -> Components:
        """Components that advance this market: rules, passes, mechanisms, policies and engine.

        Raises
        ------
        IdentityError
            If code or data behind one of them has no fingerprint.
        """
        return of_code(
            self.schedule,
            self.mechanisms,
            self.decisions.classes,
            self._demand.schedule if self._demand else None,
        )

    @functools.cached_property
    def measuring(self) -> Components:
        """Components that turn the ledger into outputs: measures and their summaries."""
        return of_measures(
            (level, measure)
            for level, named in self._measures.items()
            for measure in named.values()
        )

    @property
    def rules_digest(self) -> str:
        """Fingerprint of :attr:`code`."""
        return self.code.digest

    def customers(self, name: str) -> np.ndarray:
        """Return a column of the population, the customer in the last axis.

        Parameters
        ----------
        name : str
            A column that is kept, such as ``"tenure"``.

        Returns
        -------
        ndarray, shape (axes..., customers)
            In the unit of the column.
        """
        return self.workspace.population.whole(name)


def _usual_block() -> int:
    from cxsim.engine.columnar import plays_plainly

    return PLAIN_BLOCK if plays_plainly() else BLOCK


def _columnar(workspace: Workspace, debug: bool | None) -> Any:
    from cxsim.engine.columnar import ColumnarEngine

    return ColumnarEngine(workspace, debug=debug)


def first_step(simulation: Simulation) -> bool:
    """Let compiled code load in a first period that nobody looks at.

    Returns
    -------
    bool
        Whether it came to its end. A policy that fails is no reason to stop other work: the
        run that it belongs to fails of it, and says so.
    """
    try:
        simulation.step()
    except PolicyError:
        return False
    return True


class _Events:
    """Scheduled changes of parameters, as steps or linear ramps."""

    def __init__(self, scenario: Any, tables: Tables):
        self._tables = tables
        self._changes = scenario.changes
        self.starts: dict[int, Any] = {}

    def apply(self, period: int) -> None:
        for number, change in enumerate(self._changes):
            if not change.at <= period <= change.at + change.over:
                continue
            array, index = self._tables.place(change.path)
            target = np.asarray(self._tables.number(change.path, change.value), dtype=float)
            if change.over == 0:
                array[index] = target
                continue
            start = self.starts.setdefault(number, np.array(array[index]))
            array[index] = start + (target - start) * ((period - change.at) / change.over)
