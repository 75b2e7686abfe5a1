"""Decisions of firms: policies see their firms' information and set parameters in the tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from cxsim.engine.parameter_tables import Tables
from cxsim.engine.rules import names_of_rules
from cxsim.engine.schedule import Schedule
from cxsim.engine.workspace import Workspace
from cxsim.files.sealed import in_memory, restore_arrays
from cxsim.firms.policy import Belief, FirmInformation, Policy, PolicyError, Public
from cxsim.model.core.choice import DEMAND
from cxsim.model.core.money import beyond_limit, price_limit
from cxsim.model.mechanism import Mechanism
from cxsim.numerics.draws import period_keys, static_key
from cxsim.scenario.named_policies import policies_of

# -- What firms decide: policies see what their firms know, and set parameters through the tables


class _Seat(NamedTuple):
    """A policy in its place."""

    firm: str
    kind: str
    name: str
    policy: Policy

    @property
    def title(self) -> str:
        return f"firm {self.firm!r}, {self.kind} policy {self.name!r}"

    def fail(self, period: int, text: str) -> PolicyError:
        return PolicyError(f"{self.title}, period {period}: {text}")


class Decisions:
    """The policies of a run and what they remember.

    All firms decide on the same information: the parameters as they stand once this period's
    events have happened, and the books of the periods before. Only then is any decision
    carried out, so that no firm sees what another decides. A policy has the last word over
    an event that sets the same parameter in the same period.

    Parameters
    ----------
    scenario : Scenario
    seed : int
    tables : Tables
    books : tuple of str
        Measures that firms find in their own books.
    """

    def __init__(self, scenario: Any, seed: int, tables: Tables, books: tuple[str, ...]):
        self._scenario = scenario
        self._tables = tables
        self._price_limit = price_limit(scenario)
        self._seats = [_Seat(*each) for each in policies_of(scenario)]
        self._keys = np.array(
            [static_key(seed, "policy", seat.kind, seat.firm) for seat in self._seats],
            dtype=np.uint64,
        )
        self._periods = 0
        self._names = books
        blank = np.empty((len(books), 0))
        self._books: dict[str, np.ndarray] = {s.firm: blank for s in self._seats}
        self._shares = dict.fromkeys(tables.firms, math.nan)
        self._beliefs: dict[str, Mapping[str, Belief]] = {}

    def __bool__(self) -> bool:
        return bool(self._seats)

    @property
    def classes(self) -> dict[str, type[Policy]]:
        """Classes of the policies by firm and kind, ``"policies.Tailor.pricing"``."""
        return {f"policies.{seat.firm}.{seat.kind}": type(seat.policy) for seat in self._seats}

    def state(self) -> dict[str, Any]:
        """Return firms' books and beliefs, and what policies remember, as plain data."""
        return {
            "books": {firm: pages[:, : self._periods] for firm, pages in self._books.items()},
            "shares": dict(self._shares),
            "beliefs": {
                firm: {name: [b.score, b.error] for name, b in beliefs.items()}
                for firm, beliefs in self._beliefs.items()
            },
            "policies": self.memories(),
        }

    def memories(self) -> dict[str, dict[str, Any]]:
        """Return the state of each policy, by its label in messages."""
        return {seat.title: seat.policy.get_state() for seat in self._seats}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what :meth:`state` has returned."""
        self._books = {firm: np.array(pages) for firm, pages in state["books"].items()}
        self._periods = max((pages.shape[1] for pages in self._books.values()), default=0)
        self._shares = dict(state["shares"])
        self._beliefs = {
            firm: {name: Belief(*numbers) for name, numbers in beliefs.items()}
            for firm, beliefs in state["beliefs"].items()
        }
        for seat in self._seats:
            seat.policy.set_state(in_memory(state["policies"][seat.title]))

    def remember(
        self, latest: Callable[[str, str], Any], beliefs: tuple[np.ndarray, np.ndarray] | None
    ) -> None:
        """Take a period that has ended into firms' books.

        Parameters
        ----------
        latest : callable
            Returns a firm measure of the last period, ``latest("firm", name)``.
        beliefs : tuple of ndarray, shape (firm, touchpoint), optional
            Perceived performance and its standard error, score 0-10, where there is a journey.
        """
        if beliefs is not None:
            names = self._tables.axes["touchpoint"]
            for firm, scores, errors in zip(self._tables.firms, *beliefs, strict=True):
                told = zip(names, scores.tolist(), errors.tolist(), strict=True)
                here = {t: Belief(s, e) for t, s, e in told if not math.isnan(s)}
                self._beliefs[firm] = here
        values = np.array([latest("firm", name) for name in self._names])
        for firm, books in self._books.items():
            if self._periods == books.shape[1]:  # full: go on in a book twice as thick
                more = np.empty((len(self._names), max(16, 2 * self._periods)))
                more[:, : self._periods] = books
                self._books[firm] = books = more
            books[:, self._periods] = values[:, self._tables.firms.index(firm)]
        self._periods += 1
        shares = latest("firm", "market_share")
        self._shares = {f: float(s) for f, s in zip(self._tables.firms, shares, strict=True)}

    def decide(self, period: int, market: Any = None) -> None:
        """Let every policy decide, then carry all decisions out.

        Parameters
        ----------
        period : int
            The period ahead.
        market : object, optional
            Shown to benchmarks alone.

        Raises
        ------
        PolicyError
            If a policy fails or decides what its firm cannot do.
        """
        keys = np.empty_like(self._keys)
        period_keys(self._keys, period, keys)
        public = MappingProxyType(
            {name: self._public(row, name) for row, name in enumerate(self._tables.firms)}
        )
        decided = []
        for seat, key in zip(self._seats, keys, strict=True):
            if not public[seat.firm].active:
                continue  # who is not in the market decides nothing
            full = seat.policy.information == "full"
            known = FirmInformation(
                firm=seat.firm,
                period=period,
                period_length=self._scenario.period_length,
                own=self._own(seat.firm),
                books=self._read(seat.firm),
                public=public,
                beliefs=MappingProxyType(self._beliefs.get(seat.firm, {})),
                objective=self._scenario.firms[seat.firm].objective,
                market=market if full else None,
                key=int(key),
            )
            try:
                decision = seat.policy.decide(known)
            except Exception as error:
                text = f"{error}" if isinstance(error, PolicyError) else _said(error)
                raise seat.fail(period, text) from error
            decided.append((seat, self._checked(seat, period, decision)))
        for seat, values in decided:
            for name, value in values.items():
                array, index = self._tables.place(f"firms.{seat.firm}.{name}")
                array[index] = value

    def _public(self, row: int, name: str) -> Public:
        values = {
            field: float(self._tables.arrays[f"firm_{field}"][row])
            for field in Public.__dataclass_fields__
            if f"firm_{field}" in self._tables.arrays
        }
        values["active"] = bool(values.get("active", 1.0))
        return Public(**values, share=self._shares[name])  # type: ignore[arg-type]

    def _own(self, firm: str) -> Mapping[str, Any]:
        """Return a firm's parameters: its numbers and its position, nothing by touchpoint.

        How its touchpoints really perform is what a firm has to find out.
        """
        row = self._tables.firms.index(firm)
        own: dict[str, Any] = dict(
            zip(self._tables.firm_row_names, self._tables.firm_rows[:, row].tolist(), strict=True)
        )
        own["position"] = self._tables.arrays["firm_position"][row].copy()
        return MappingProxyType(own)

    def _read(self, firm: str) -> Mapping[str, np.ndarray]:
        """Return a firm's own books so far, to read."""
        pages = self._books[firm][:, : self._periods]
        pages.flags.writeable = False
        return MappingProxyType(dict(zip(self._names, pages, strict=True)))

    def _checked(self, seat: _Seat, period: int, decision: Any) -> dict[str, float]:
        """Return a policy's decision as numbers by parameter, or raise an error about it."""
        sets = seat.policy.sets
        if decision is None:
            return {}
        if not isinstance(decision, Mapping):
            decision = {sets[0]: decision}
        level = self._scenario.schema.spec("firm")
        checked = {}
        for name, value in decision.items():
            if name not in sets:
                text = f"expected to set any of {', '.join(sets)}, found {name!r}"
                raise seat.fail(period, text)
            bounds = level.child(name).bounds
            low, high = bounds.get("ge", -math.inf), bounds.get("le", math.inf)
            try:
                number = float(value)
            except (TypeError, ValueError):
                number = math.nan
            if not (math.isfinite(number) and low <= number <= high):
                span = f"from {low:g} to {high:g}" if high < math.inf else f"of at least {low:g}"
                raise seat.fail(period, f"expected a {name} {span}, found {value!r}")
            checked[name] = number
        if seat.kind == "pricing" and checked:
            self._within_limit(seat, period, checked)
        return checked

    def _within_limit(self, seat: _Seat, period: int, decided: Mapping[str, float]) -> None:
        """Stop where a price, premium included, is above what anybody can spend."""
        row = self._tables.firms.index(seat.firm)
        price, premium = (
            decided.get(name, float(self._tables.arrays[f"firm_{name}"][row]))
            for name in ("price", "personal_premium")
        )
        asked = price * (1.0 + premium)
        if asked > self._price_limit:
            raise seat.fail(period, beyond_limit(asked, self._price_limit))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


# -- What benchmarks are shown beside what firms know: the market, with expected demand --------


#: Phases up to the utility of a customer's options, without any draw.
_WORTH = ("prepare", "adjust", "ask", "add", "expect")


def demand_schedule(
    mechanisms: tuple[Mechanism, ...], rules: Mapping[str, Callable[..., Any]] | None = None
) -> Schedule:
    """Return the passes of a market, with expectations over all customers in place of draws.

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


class DemandAtPrice(NamedTuple):
    """Expected demand of a firm in the period ahead at some price, over simulated customers.

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


class ExpectedDemand:
    """The market as benchmarks see it.

    Customers are taken as the period before left them: exits, drift and contacts of the
    period ahead are still to come. Promotions are not taken into account. Parameters of a
    firm's rivals stay as they are.

    Parameters
    ----------
    workspace : Workspace
        With the columns and totals of :data:`~cxsim.model.core.choice.DEMAND`.
    engine : object
        Runs the passes.
    schedule : Schedule
        Of :func:`demand_schedule`.
    """

    def __init__(self, workspace: Workspace, engine: Any, schedule: Schedule):
        self._workspace = workspace
        self._engine = engine
        self._groups = schedule.groups(_WORTH)
        self.schedule = schedule

    def at(self, firm: str, price: float) -> DemandAtPrice:
        """Return a firm's expected demand in the period ahead at a price.

        Parameters
        ----------
        firm : str
        price : float
            List price of the firm, currency per unit; those of rivals stand as they are.

        Returns
        -------
        DemandAtPrice
            Sums over simulated customers.

        Raises
        ------
        ValueError
            If there is no such firm.
        """
        tables, row = self._workspace.tables, self._workspace.tables.firms.index(firm)
        prices = tables.arrays["firm_price"]
        stood = prices[row]
        for name in ("discount", "display"):
            self._workspace.own[name].fill(0.0)
        prices[row] = price
        self._workspace.clear_totals()
        try:
            self._engine.run(self._groups)
            totals = self._workspace.totals()
        finally:
            prices[row] = stood
            self._workspace.clear_totals()
        places = self._workspace.total_places
        names = ("purchases", "margin", "response", "gain")
        return DemandAtPrice(*(float(totals[places[f"expected_{n}"][0]][row]) for n in names))

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

        Parameters
        ----------
        path : str
            As ``firms.Tailor.price``.

        Returns
        -------
        float
            In the unit of the parameter; NaN for null.

        Raises
        ------
        KeyError
            If the path names no parameter of a mechanism taking part.
        """
        array, index = self._workspace.tables.place(path)
        return float(array[index])


# -- Who has to leave: cash below minus the credit limit for some periods in a row -------------


class Insolvency:
    """Counts the periods for which firms have owed more than they can.

    Parameters
    ----------
    firms : int
        How many there are.

    Attributes
    ----------
    gone : ndarray of bool, shape (F,)
        Firms that have left; they never come back.
    """

    def __init__(self, firms: int):
        self.gone = np.zeros(firms, dtype=bool)
        self._periods = np.zeros(firms, dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Return firms that have exited, and how long others have exceeded their credit limit."""
        return {"gone": self.gone, "periods": self._periods}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what :meth:`state` has returned."""
        restore_arrays(self.state(), state)

    def close(
        self, cash: np.ndarray, active: np.ndarray, limit: np.ndarray, patience: np.ndarray
    ) -> np.ndarray:
        """Take a period's end into account and return who has gone.

        Parameters
        ----------
        cash, active, limit, patience : ndarray, shape (F,)
            Cash at the end of the period, currency; whether the firm was in the market;
            credit limit, NaN for none; periods that it may be below it.
        """
        below = (active > 0.5) & (cash < -limit)  # false where there is no limit
        self._periods = np.where(below, self._periods + 1, 0)
        self.gone |= self._periods >= patience
        return self.gone
