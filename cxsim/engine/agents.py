"""The agents engine: the same passes, one Mesa agent at a time.

Slow and readable: a customer is an object with attributes to look at and methods
to override. State stands in the population's columns, rounded to 32 bits where it
is stored, so that both engines hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import mesa
import numpy as np

from cxsim.engine.schedule import PhaseGroup, Step, parameters_of
from cxsim.engine.workspace import Workspace
from cxsim.messages import hint
from cxsim.model.mechanism import NO_PURCHASE, NONE, TILE

# -- A customer as a Mesa agent -----------------------------------------------------------------


#: Attributes that identify a customer.
FIXED = ("model", "number", "unique_id")


class Customer(mesa.Agent):
    """One customer as a Mesa agent.

    A period calls the methods below in the order in which they stand here. Each
    runs the passes of its phase for this customer alone; override one to change
    what a customer does, as in::

        class Faithful(Customer):
            def decide(self):
                super().decide()
                if self.tenure >= 5 and self.choice is not None:
                    self.choice = self.supplier
    """

    def __init__(self, model: mesa.Model, engine: Any = None, number: int = -1):
        if engine is None or engine.customers:
            raise NotImplementedError(
                "customers cannot be added to a market: their number is the scenario's, "
                "cx.Market(..., overrides={'customers': 500})"
            )
        engine.refuse_columns(type(self), vars(self))
        super().__init__(model)
        self.number = number
        self._engine = engine

    # actions in a period, phase by phase

    def begin(self) -> None:
        """Get the initial state of the run."""
        self._engine.run_phase(self, "begin")

    def leave(self) -> None:
        """Leave the market, with the chance of the exit rate."""
        self._engine.run_phase(self, "leave")

    def arrive(self) -> None:
        """Draw a newcomer's attributes, if the previous customer has left."""
        self._engine.run_phase(self, "arrive")

    def drift(self) -> None:
        """Change the need, by need drift."""
        self._engine.run_phase(self, "drift")

    def contact(self) -> None:
        """Receive acquisition contacts and advertising."""
        self._engine.run_phase(self, "contact")

    def prepare(self) -> None:
        """Set what each firm knows and offers."""
        self._engine.run_phase(self, "prepare")

    def adjust(self) -> None:
        """Let mechanisms change what was prepared."""
        self._engine.run_phase(self, "adjust")

    def ask(self) -> None:
        """Get the price of each firm."""
        self._engine.run_phase(self, "ask")

    def add(self) -> None:
        """Add up the value of each option."""
        self._engine.run_phase(self, "add")

    def decide(self) -> None:
        """Choose the option of highest utility."""
        self._engine.run_phase(self, "decide")

    def pay(self) -> None:
        """Pay, visit touchpoints, and cause costs."""
        self._engine.run_phase(self, "pay")

    def update(self) -> None:
        """Update firms' knowledge and the customer's experience."""
        self._engine.run_phase(self, "update")

    def join(self) -> None:
        """Become a customer of the chosen firm."""
        self._engine.run_phase(self, "join")

    def tell(self) -> None:
        """Send messages to other customers."""
        self._engine.run_phase(self, "tell")

    def survey(self) -> None:
        """Answer surveys."""
        self._engine.run_phase(self, "survey")

    def account(self) -> None:
        """Add to the accumulators of the period."""
        self._engine.run_phase(self, "account")

    def hear(self) -> None:
        """Receive messages of other customers."""
        self._engine.run_phase(self, "hear")

    # not part of a period

    def expect(self) -> None:
        """Add to expected demand, for a firm that knows it (after ``prepare`` to ``add``)."""
        self._engine.run_phase(self, "expect")

    # what Mesa's agents do, and customers do not

    def step(self) -> None:
        """Refuse: customers act when the market steps, each once a period.

        Raises
        ------
        RuntimeError
            Always.
        """
        raise RuntimeError("customers act when the market steps: call market.step()")

    def remove(self) -> None:
        """Refuse: the population is columns of a fixed size.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(
            "a customer cannot be removed from a market of fixed size: customer.purchase_rate = 0, "
            "customer.supplier = None and customer.exit_rate = 0 (nobody follows) end its purchases"
        )

    # who a customer is

    def __getattr__(self, name: str) -> Any:
        """Look attributes up in the population's columns (``need``, ``tenure``, ...)."""
        engine = self.__dict__.get("_engine")
        if engine is None or name.startswith("_"):
            raise AttributeError(name)
        return engine.read(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Write to the population's columns; other attributes are for subclasses to declare.

        Raises
        ------
        AttributeError
            If a customer has no such attribute.
        ValueError
            If the column cannot hold the value.
        """
        engine = self.__dict__.get("_engine")
        if engine is None or name.startswith("_"):
            object.__setattr__(self, name, value)
        elif name in FIXED:
            raise AttributeError(f"{name}: expected no other {name} than a customer has already")
        elif isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
        elif engine.has(name):
            engine.write(self, name, value)
        else:
            self._check_own(name, engine.names)
            object.__setattr__(self, name, value)

    def _check_own(self, name: str, columns: tuple[str, ...]) -> None:
        """Refuse attributes that look like a misspelt column, or that nothing would read."""
        kind = type(self)
        if name in self.__dict__ or hasattr(kind, name) or _annotated(kind, name):
            return
        near = get_close_matches(name, columns, 1, 0.8)
        if near or kind is Customer:
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise AttributeError(
                f"a customer has no attribute {name!r}{meant}; name attributes of your own in the "
                f"body of a subclass of cx.Customer ({name} = None)"
            )

    @property
    def supplier(self) -> str | None:
        """Name of the supplier; a new one begins with tenure 0."""
        return self._engine.firm_name(int(self._engine.read(self, "supplier")))

    @supplier.setter
    def supplier(self, name: str | None) -> None:
        self._engine.hand_over(self, name)

    @property
    def segment(self) -> str:
        """Name of the segment."""
        return self._engine.segments[int(self._engine.read(self, "segment"))]

    @segment.setter
    def segment(self, name: str) -> None:  # noqa: ARG002 - a setter is given a value
        raise AttributeError(
            "segment: expected the one that the customer's attributes were drawn for; set "
            "attributes (need, purchase_rate, ...) one by one"
        )

    @property
    def knowledge(self) -> Mapping[str, float]:
        """Knowledge of the customer by firm, 0 to 1; assign a mapping to change some."""
        uncertainty = self._engine.read(self, "uncertainty")
        known = {f: 1.0 - float(u) for f, u in zip(self._engine.firms, uncertainty, strict=True)}
        return _Known(known)

    @knowledge.setter
    def knowledge(self, known: Mapping[str, float]) -> None:
        uncertainty = np.array(self._engine.read(self, "uncertainty"))
        for firm, value in dict(known).items():
            uncertainty[self._engine.firm_number(firm, "knowledge")] = 1.0 - self._engine.checked(
                "uncertainty", value, (), f"knowledge of {firm}"
            )
        self._engine.write(self, "uncertainty", uncertainty)

    @property
    def choice(self) -> str | None:
        """The period's choice: a firm, ``"no_purchase"``, or None; may be set in ``decide``."""
        return self._engine.firm_name(self._engine.choice_of(self))

    @choice.setter
    def choice(self, name: str | None) -> None:
        self._engine.choose(self, name)


class _Known(dict[str, float]):
    """Knowledge by firm, read only: a change of the copy would be lost."""

    def __setitem__(self, firm: str, known: float) -> NoReturn:
        raise TypeError(
            "knowledge: expected a mapping to be assigned, found a change of one entry: "
            f"customer.knowledge = {{{firm!r}: {known!r}}}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _annotated(kind: type, name: str) -> bool:
    return any(name in vars(each).get("__annotations__", ()) for each in kind.__mro__)


# -- The agents engine: the same passes, one Mesa agent at a time ------------------------------


class ReleasedModel(mesa.Model):
    """A Mesa model that is freed once nobody holds it, and numbers its agents from 1.

    Mesa before 3.4 counts agents in a dictionary of the class of all agents, with the
    model as key, and so never frees a model.
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
    """Runs phase groups of the schedule customer by customer.

    Parameters
    ----------
    workspace : Workspace
    model : mesa.Model
        The model that customers live in.
    customer_class : type, optional
        A subclass of :class:`Customer`.
    """

    #: Name of the engine in the provenance of a run.
    name = "agents"

    def __init__(
        self, workspace: Workspace, *, model: mesa.Model, customer_class: type[Customer] = Customer
    ):
        self._workspace = workspace
        self.firms = workspace.tables.firms
        self.segments = workspace.tables.segments
        self.scratch = {name: array[..., :1] for name, array in workspace.scratch().items()}
        self._steps: dict[str, list[Step]] = {}
        self._turn: Customer | None = None
        self._phase, self._played = "", False
        self._chosen = np.full(workspace.population.customers, NONE)
        self._link()
        self.names = (*workspace.population.columns, *self.scratch)
        self.customers: list[Customer] = []  # agents made later find that there are some
        self.customers = [
            customer_class(model, self, number) for number in range(workspace.population.customers)
        ]

    def refuse_columns(self, kind: type[Customer], own: Mapping[str, Any]) -> None:
        """Refuse a class, or an object, that hides columns behind attributes of its own.

        Parameters
        ----------
        kind : type of Customer
        own : mapping of str to object
            Attributes of the object.

        Raises
        ------
        TypeError
            If a name is that of a column.
        """
        mine = {name for each in kind.__mro__ for name in vars(each)} - set(dir(Customer))
        for name in self.names:
            if name in mine or name in own:
                raise TypeError(
                    f"{kind.__name__}: expected attributes that are no columns of the population, "
                    f"found {name!r}: set it in arrive(), after super().arrive()"
                )

    def _link(self) -> None:
        """Make views of arrays; plans of arguments follow as passes are met."""
        self._views = {name: memoryview(array) for name, array in self.scratch.items()}
        self._plans: dict[str, list[tuple[str, Any]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_views", "_plans")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._link()

    def run(self, groups: Sequence[PhaseGroup]) -> None:
        """Run phase groups in order; every customer finishes one before any starts the next."""
        for group in groups:
            if group.population:
                for step in group.steps:
                    step.function(*self._workspace.population_arguments(step))
                continue
            self._steps = {}
            for step in group.steps:
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
        """Refuse a method that skips its phase: later ones would use another one's numbers."""
        who, phase = type(customer).__name__, self._phase
        raise RuntimeError(f"{who}.{phase}: expected a call of super().{phase}(), found none")

    def run_phase(self, customer: Customer, phase: str) -> None:
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
            self.run_step(customer, step)

    def run_step(self, customer: Customer, step: Step) -> None:
        """Run one pass for the customer whose turn it is; override it to look at what it does.

        Parameters
        ----------
        customer : Customer
        step : Step
        """
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
                tile = number // TILE
                arguments.append(memoryview(thing[tile : tile + 1]))
        return arguments

    def _plan(self, step: Step) -> list[tuple[str, Any]]:
        """Split a pass's arguments into constant ones and those that change by customer."""
        plan: list[tuple[str, Any]] = []
        known = self._workspace.arguments(step, 0, self.scratch)
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
        """Return whether there is a column of a name, state or scratch."""
        return name in self._workspace.population.columns or name in self.scratch

    def read(self, customer: Customer, name: str) -> Any:
        """Return a customer's part of a column: a number, or an array to read, where it has axes.

        Parameters
        ----------
        customer : Customer
        name : str
            Of a column.

        Returns
        -------
        int, float or ndarray, shape (axes...)
            In the unit of the column; an array cannot be written to.

        Raises
        ------
        AttributeError
            If there is no such column, or it is scratch and it is not the customer's turn.
        """
        if not self.has(name):
            near = hint(name, self.names, listed=0)
            raise AttributeError(f"a customer has no attribute {name!r}{near}")
        value = self._part(customer, name)[..., 0]
        if np.ndim(value) == 0:
            return value.item()
        copied = value.copy()
        copied.flags.writeable = False  # a change would be lost
        return copied

    def write(self, customer: Customer, name: str, value: Any) -> None:
        """Store a value in a customer's part of a column, rounded as the column is.

        Parameters
        ----------
        customer : Customer
        name : str
            Of a column.
        value : float or array_like, shape (axes...)
            In the unit of the column.

        Raises
        ------
        AttributeError
            If the column is a mechanism's own, or is scratch and it is not the customer's turn.
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
        """Return what a column may hold, or say what it may.

        Parameters
        ----------
        name : str
            Of a column.
        value : float or array_like
            In the unit of the column.
        shape : tuple of int
            Of the customer's part of the column.
        words : str
            What messages call it.

        Returns
        -------
        ndarray, shape ``shape``

        Raises
        ------
        AttributeError
            If the column is the model's alone.
        ValueError
            If it cannot hold the value.
        """
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
        """Set a customer's supplier, or none, without a purchase: tenure 0, no contract.

        Parameters
        ----------
        customer : Customer
        name : str or None

        Raises
        ------
        ValueError
            If the firm is unknown or not in the market.
        """
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
        """Change the choice of the customer whose turn it is.

        Parameters
        ----------
        customer : Customer
        name : str or None

        Raises
        ------
        AttributeError
            If it is not the customer's turn to decide.
        ValueError
            If there is no such option.
        """
        number = self.option_number(name, "choice")
        if customer is not self._turn or self._phase != "decide" or not self._played:
            raise AttributeError("choice: expected to be set in decide(), after super().decide()")
        self.place(customer, "choice")[0] = number

    def choice_of(self, customer: Customer) -> int:
        """Return the number of the option that a customer chooses, or chose last.

        A scratch column holds the customer whose turn it is and no other.
        """
        if customer is self._turn or "choice" not in self.scratch:
            return int(self.place(customer, "choice")[0])
        return int(self._chosen[customer.number])

    def place(self, customer: Customer, name: str) -> np.ndarray:
        """Return the place of a customer in a column, state or scratch, as a view.

        Parameters
        ----------
        customer : Customer
        name : str
            Of a column.

        Returns
        -------
        ndarray, shape (axes..., 1)
            In the unit of the column.
        """
        if name in self.scratch:
            return self.scratch[name]
        block, place = divmod(customer.number, self._workspace.population.block)
        return self._workspace.population.part(name, block)[..., place : place + 1]

    def firm_name(self, number: int) -> str | None:
        """Return the name of an option."""
        return None if number < 0 else (*self.firms, NO_PURCHASE)[number]

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
        options = (*self.firms, NO_PURCHASE)
        if name is None:
            return -1
        if name not in options:
            known, near = ", ".join(options), hint(name, options, listed=0)
            raise ValueError(f"{words}: expected any of {known} or None, found {name!r}{near}")
        return options.index(name)
