"""The agents engine: the same passes, one Mesa agent at a time.

Slow and readable: a customer is an object with attributes to look at and methods
to override. State stands in the population's columns, rounded to 32 bits where it
is stored, so that both engines hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mesa
import numpy as np

from cxsim.engine.schedule import Leg, Step, parameters_of
from cxsim.engine.workspace import Workspace
from cxsim.mechanisms.base import CHUNK, NONE

__all__ = ["AgentsEngine", "Customer"]


class Customer(mesa.Agent):
    """One customer.

    A period calls the methods below in the order in which they stand here. Each
    runs the passes of its phase for this customer alone; override one to change
    what a customer does, as in::

        class Faithful(Customer):
            def decide(self):
                super().decide()
                if self.tenure >= 5 and self.choice is not None:
                    self.choice = self.supplier
    """

    def __init__(self, model: mesa.Model, engine: AgentsEngine, number: int):
        super().__init__(model)
        self.number = number
        self._engine = engine

    # what a customer does in a period, phase by phase

    def begin(self) -> None:
        """Be given a state at the start of the run."""
        self._engine.play(self, "begin")

    def leave(self) -> None:
        """Leave the market for good, perhaps."""
        self._engine.play(self, "leave")

    def arrive(self) -> None:
        """Be somebody else, if the one before has left."""
        self._engine.play(self, "arrive")

    def drift(self) -> None:
        """Come to need something else."""
        self._engine.play(self, "drift")

    def contact(self) -> None:
        """Be contacted."""
        self._engine.play(self, "contact")

    def prepare(self) -> None:
        """Find out what each firm knows and offers."""
        self._engine.play(self, "prepare")

    def adjust(self) -> None:
        """Let mechanisms change what was prepared."""
        self._engine.play(self, "adjust")

    def ask(self) -> None:
        """Ask for prices."""
        self._engine.play(self, "ask")

    def add(self) -> None:
        """Add up what each option is worth."""
        self._engine.play(self, "add")

    def decide(self) -> None:
        """Take the best option."""
        self._engine.play(self, "decide")

    def pay(self) -> None:
        """Pay, and cause costs."""
        self._engine.play(self, "pay")

    def update(self) -> None:
        """Teach, be forgotten, feel."""
        self._engine.play(self, "update")

    def join(self) -> None:
        """Become the customer of whom one bought from."""
        self._engine.play(self, "join")

    def tell(self) -> None:
        """Tell others."""
        self._engine.play(self, "tell")

    def survey(self) -> None:
        """Answer surveys."""
        self._engine.play(self, "survey")

    def account(self) -> None:
        """Be counted."""
        self._engine.play(self, "account")

    def hear(self) -> None:
        """Listen to what others tell."""
        self._engine.play(self, "hear")

    # no part of a period

    def expect(self) -> None:
        """Be reckoned with, by a firm that knows demand (after ``prepare`` to ``add``)."""
        self._engine.play(self, "expect")

    # who a customer is

    def __getattr__(self, name: str) -> Any:
        """Look attributes up in the population's columns (``need``, ``tenure``, ...)."""
        engine = self.__dict__.get("_engine")
        if engine is None or name.startswith("_"):
            raise AttributeError(name)
        return engine.read(self, name)

    @property
    def supplier(self) -> str | None:
        """Name of the firm whose customer this is."""
        return self._engine.firm_name(int(self._engine.read(self, "supplier")))

    @property
    def segment(self) -> str:
        """Name of the segment."""
        return self._engine.segments[int(self._engine.read(self, "segment"))]

    @property
    def knowledge(self) -> dict[str, float]:
        """What each firm knows of the customer, 0 to 1."""
        uncertainty = self._engine.read(self, "uncertainty")
        return {f: 1.0 - float(u) for f, u in zip(self._engine.firms, uncertainty, strict=True)}

    @property
    def choice(self) -> str | None:
        """What was taken this period: a firm, ``"outside"``, or None; may be set in ``decide``."""
        return self._engine.firm_name(self._engine.choice_of(self))

    @choice.setter
    def choice(self, name: str | None) -> None:
        self._engine.place(self, "choice")[0] = self._engine.option_number(name)


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
        self._chosen = np.full(workspace.population.customers, NONE)
        self._link()
        self.customers = [
            customer_class(model, self, number) for number in range(workspace.population.customers)
        ]

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
            for customer in self.customers:
                self._turn = customer
                for phase in self._steps:
                    getattr(customer, phase)()
                if chooses:
                    self._chosen[customer.number] = self.choice_of(customer)
            self._turn = None

    def play(self, customer: Customer, phase: str) -> None:
        """Run the passes of a phase for one customer."""
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

    def read(self, customer: Customer, name: str) -> Any:
        """Return a customer's part of a column: a number, or an array where it has axes."""
        population = self._workspace.population
        if name not in population.columns:
            raise AttributeError(f"a customer has no attribute {name!r}")
        block, place = divmod(customer.number, population.block)
        value = population.part(name, block)[..., place]
        return value.item() if np.ndim(value) == 0 else value.copy()

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

    def option_number(self, name: str | None) -> int:
        """Return the number of an option."""
        return -1 if name is None else (*self.firms, "outside").index(name)
