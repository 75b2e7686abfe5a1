"""The agents engine: the same passes, one Mesa agent at a time.

Slow and readable: a customer is an object with attributes to look at and methods
to override. State stands in the population's columns, rounded to 32 bits where it
is stored, so that both engines hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import mesa
import numpy as np

from cxsim.engine.customer import Customer
from cxsim.engine.schedule import Leg, Step, parameters_of
from cxsim.engine.workspace import Workspace
from cxsim.mechanisms.base import CHUNK, NONE

__all__ = ["AgentsEngine", "Customer", "ReleasedModel"]


class ReleasedModel(mesa.Model):
    """A Mesa model that is freed once nobody holds it, and numbers its agents from 1.

    Mesa before 3.4 counts agents in a dictionary of the class of all agents, under the
    model, and so keeps every model for ever.
    """

    def register_agent(self, agent: Any) -> None:
        """Register an agent, with the next number as its ``unique_id``."""
        counters = getattr(mesa.Agent, "_ids", None)
        if counters is not None:
            counters.pop(self, None)
            self.__dict__["_last_id"] = self.__dict__.get("_last_id", 0) + 1
            agent.unique_id = self.__dict__["_last_id"]
        super().register_agent(agent)


class AgentsEngine:
    """Runs legs of the schedule customer by customer.

    Parameters
    ----------
    workspace : Workspace
    model : mesa.Model
        The model that customers live in.
    customer_class : type, optional
        A subclass of :class:`Customer`.
    """

    #: What a run's provenance calls it.
    name = "agents"

    def __init__(
        self, workspace: Workspace, *, model: mesa.Model, customer_class: type[Customer] = Customer
    ):
        self._workspace = workspace
        self.firms = workspace.tables.firms
        self.segments = workspace.tables.segments
        self.passing = {name: array[..., :1] for name, array in workspace.passing().items()}
        self._steps: dict[str, list[Step]] = {}
        self._turn: Customer | None = None
        self._phase, self._played = "", False
        self._chosen = np.full(workspace.population.customers, NONE)
        self._link()
        self.names = (*workspace.population.columns, *self.passing)
        self.customers: list[Customer] = []  # whoever makes one later finds that there are some
        self.customers = [
            customer_class(model, self, number) for number in range(workspace.population.customers)
        ]

    def refuse_columns(self, kind: type[Customer], own: Mapping[str, Any]) -> None:
        """Refuse a class, or an object, that hides columns behind attributes of its own."""
        mine = {name for each in kind.__mro__ for name in vars(each)} - set(dir(Customer))
        for name in self.names:
            if name in mine or name in own:
                raise TypeError(
                    f"{kind.__name__}: expected attributes that are no columns of the population, "
                    f"found {name!r}: set it in arrive(), after super().arrive()"
                )

    def _link(self) -> None:
        """Make views of arrays; plans of arguments follow as passes are met."""
        self._views = {name: memoryview(array) for name, array in self.passing.items()}
        self._plans: dict[str, list[tuple[str, Any]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_views", "_plans")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._link()

    def run(self, legs: Sequence[Leg]) -> None:
        """Run legs in order; every customer finishes one leg before any starts the next."""
        for leg in legs:
            if leg.whole:
                for step in leg.steps:
                    step.function(*self._workspace.whole_arguments(step))
                continue
            self._steps = {}
            for step in leg.steps:
                self._steps.setdefault(step.phase, []).append(step)
            chooses = "decide" in self._steps
            try:
                for customer in self.customers:
                    self._turn = customer
                    for phase in self._steps:
                        self._phase, self._played = phase, False
                        getattr(customer, phase)()
                        if not self._played:
                            self._refuse_left_out(customer)
                    if chooses:
                        self._chosen[customer.number] = self.choice_of(customer)
            finally:
                self._turn = None

    def _refuse_left_out(self, customer: Customer) -> None:
        """Refuse a method that leaves its phase out: later ones would read another's numbers."""
        who, phase = type(customer).__name__, self._phase
        raise RuntimeError(f"{who}.{phase}: expected a call of super().{phase}(), found none")

    def play(self, customer: Customer, phase: str) -> None:
        """Run the passes of a phase for one customer, in its turn and once.

        Raises
        ------
        RuntimeError
            If it is not the customer's turn, or the phase has been run.
        """
        if customer is not self._turn or phase != self._phase:
            raise RuntimeError(
                f"{phase}: expected to be part of a customer's turn, found a call from elsewhere: "
                "customers act when the market steps, call market.step()"
            )
        if self._played:
            raise RuntimeError(f"{phase}: expected one call in a customer's turn, found a second")
        self._played = True
        for step in self._steps[phase]:
            step.function(*self._arguments(step, customer.number))

    def _arguments(self, step: Step, number: int) -> list[Any]:
        plan = self._plans.get(step.name)
        if plan is None:
            plan = self._plans[step.name] = self._plan(step)
        block, place = divmod(number, self._workspace.population.block)
        arguments = []
        for kind, thing in plan:
            if kind == "same":
                arguments.append(thing)
            elif kind == "first":
                arguments.append(number)
            elif kind == "column":
                part = self._workspace.population.part(thing, block)
                arguments.append(memoryview(part[..., place : place + 1]))
            else:
                chunk = number // CHUNK
                arguments.append(memoryview(thing[chunk : chunk + 1]))
        return arguments

    def _plan(self, step: Step) -> list[tuple[str, Any]]:
        """Sort a pass's arguments into those that stay and those that change by customer."""
        plan: list[tuple[str, Any]] = []
        known = self._workspace.arguments(step, 0, self.passing)
        for name, array in zip(parameters_of(step), known, strict=True):
            if name == "n":
                plan.append(("same", 1))
            elif name == "first":
                plan.append(("first", None))
            elif name in self._views:
                plan.append(("same", self._views[name]))
            elif name in self._workspace.population.columns:
                plan.append(("column", name))
            elif name.startswith("sum_"):
                plan.append(("sum", self._workspace.sums[name]))
            else:
                plan.append(("same", memoryview(array) if isinstance(array, np.ndarray) else array))
        return plan

    def has(self, name: str) -> bool:
        """Return whether there is a column of a name, kept or passing."""
        return name in self._workspace.population.columns or name in self.passing

    def read(self, customer: Customer, name: str) -> Any:
        """Return a customer's part of a column: a number, or an array to read, where it has axes.

        Raises
        ------
        AttributeError
            If there is no such column, or it passes and it is not the customer's turn.
        """
        if not self.has(name):
            near = get_close_matches(name, self.names, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise AttributeError(f"a customer has no attribute {name!r}{hint}")
        value = self._part(customer, name)[..., 0]
        if np.ndim(value) == 0:
            return value.item()
        copied = value.copy()
        copied.flags.writeable = False  # a change would be lost
        return copied

    def write(self, customer: Customer, name: str, value: Any) -> None:
        """Store a value in a customer's part of a column, rounded as the column is.

        Raises
        ------
        AttributeError
            If the column is a mechanism's own, or passes and it is not the customer's turn.
        ValueError
            If the column cannot hold the value.
        """
        if not self.customers:
            raise AttributeError(
                f"{name}: expected to be set once the customer has arrived: in arrive(), after "
                "super().arrive()"
            )
        part = self._part(customer, name)
        part[..., 0] = self.checked(name, value, part.shape[:-1], name)

    def checked(self, name: str, value: Any, shape: tuple[int, ...], words: str) -> Any:
        """Return what a column may hold, or say what it may."""
        column = self._workspace.columns[name]
        low, high = column.ge, column.le
        whole = np.dtype(column.dtype).kind in "iu"
        if whole and low is None and high is None:
            raise AttributeError(f"{words}: expected to be set by the model alone")
        try:
            new = np.broadcast_to(np.asarray(value, dtype=np.float64), shape)
        except (TypeError, ValueError):
            what = f"{' by '.join(map(str, shape))} numbers" if shape else "a number"
            raise ValueError(f"{words}: expected {what}, found {value!r}") from None
        largest = float(np.iinfo(column.dtype).max if whole else np.finfo(column.dtype).max)
        low = -largest if low is None else low
        high = largest if high is None else high
        if not ((new >= low) & (new <= high)).all() or (whole and (new % 1.0 != 0.0).any()):
            kind = "whole numbers" if whole else "numbers"
            raise ValueError(f"{words}: expected {kind} from {low:g} to {high:g}, found {value!r}")
        return new

    def _part(self, customer: Customer, name: str) -> np.ndarray:
        """Return a customer's part of a column, as a view."""
        if name not in self._workspace.outlive and customer is not self._turn:
            raise AttributeError(f"{name}: expected the customer's own turn, where alone it is")
        return self.place(customer, name)

    def hand_over(self, customer: Customer, name: str | None) -> None:
        """Make a customer a firm's, or nobody's, without a purchase: tenure 0, no contract."""
        number = -1 if name is None else self.firm_number(name, "supplier")
        if number >= 0 and self._workspace.tables.arrays["firm_active"][number] < 0.5:
            raise ValueError(f"supplier: expected a firm in the market or None, found {name!r}")
        if number == self.place(customer, "supplier")[0]:
            return
        self.place(customer, "supplier")[0] = number
        for other in ("tenure", "contract_left"):
            if other in self._workspace.population.columns:
                self.place(customer, other)[0] = 0

    def choose(self, customer: Customer, name: str | None) -> None:
        """Let a customer whose turn it is take another option."""
        number = self.option_number(name, "choice")
        if customer is not self._turn or self._phase != "decide" or not self._played:
            raise AttributeError("choice: expected to be set in decide(), after super().decide()")
        self.place(customer, "choice")[0] = number

    def choice_of(self, customer: Customer) -> int:
        """Return the number of the option that a customer takes, or took last.

        A passing column is about the customer whose turn it is and nobody else.
        """
        if customer is self._turn or "choice" not in self.passing:
            return int(self.place(customer, "choice")[0])
        return int(self._chosen[customer.number])

    def place(self, customer: Customer, name: str) -> np.ndarray:
        """Return the place of a customer in a column, kept or passing, as a view."""
        if name in self.passing:
            return self.passing[name]
        block, place = divmod(customer.number, self._workspace.population.block)
        return self._workspace.population.part(name, block)[..., place : place + 1]

    def firm_name(self, number: int) -> str | None:
        """Return the name of an option."""
        return None if number < 0 else (*self.firms, "outside")[number]

    def firm_number(self, name: str | None, words: str) -> int:
        """Return the number of a firm.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        number = self.option_number(name, words)
        if not 0 <= number < len(self.firms):
            raise ValueError(f"{words}: expected the name of a firm, found {name!r}")
        return number

    def option_number(self, name: str | None, words: str) -> int:
        """Return the number of an option.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        options = (*self.firms, "outside")
        if name is None:
            return -1
        if name not in options:
            near = get_close_matches(str(name), options, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            known = ", ".join(options)
            raise ValueError(f"{words}: expected any of {known} or None, found {name!r}{hint}")
        return options.index(name)
