"""The market as a Mesa model, which Mesa's own tools take as it is."""

from __future__ import annotations

import copyreg
import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import mesa
from mesa import DataCollector

from cxsim.engine.agents import AgentsEngine, Customer, ReleasedModel
from cxsim.engine.workspace import Workspace
from cxsim.messages import choice, hint, names_of, whole
from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario

# -- The market as a Mesa model, which Mesa's own tools take as it is --------------------------


def _measure_of_firm(name: str, agent: mesa.Agent) -> float | None:
    """Report a firm's measure, and nothing for a customer."""
    return agent.measure(name) if isinstance(agent, Firm) else None


class Market(ReleasedModel):
    """Customers and competing firms, moved by one period per step.

    Parameters
    ----------
    config : str, Path or Scenario
        A scenario, its file, or the name of one that ships with the package.
    overrides : mapping, optional
        Changed parameters by dotted path (``{"firms.Tailor.price": 12}``).
    engine : {"columnar", "agents"}, optional
        Compiled columns, or one Mesa agent per customer; the numbers are the same. Default:
        columns, agents where there is a ``customer_class``.
    customer_class : type, optional
        Subclass of :class:`Customer` for the agents engine (default: the class attribute of
        that name).
    rng : int, optional
        Seed; drawn and kept in :attr:`seed` if none is given.

    Attributes
    ----------
    agents : AgentSet
        The firms; with ``engine="agents"`` the customers too.
    datacollector : mesa.DataCollector
        Measures of the market, and of firms among the agents, from period 0 on.
    simulation : Simulation
        What does the work.

    Examples
    --------
    >>> market = Market("baseline", overrides={"customers": 100}, rng=1)
    >>> for _ in range(12):
    ...     market.step()
    >>> len(market.datacollector.get_model_vars_dataframe())
    13
    """

    #: Class of the customers of the agents engine; subclasses may name their own.
    customer_class = Customer

    def __init__(
        self,
        config: str | Path | Scenario = "baseline",
        *,
        overrides: Mapping[str, Any] | None = None,
        engine: str | None = None,
        customer_class: type[Customer] | None = None,
        rng: int | str | None = None,
    ):
        rng = None if rng is None else whole(rng, "rng")  # SolaraViz hands over what was typed
        super().__init__(rng=rng)
        self.seed = int(self.rng.integers(2**31)) if rng is None else rng
        if customer_class is not None:
            self.customer_class = customer_class
        engine = self._engine_for(engine)
        settings = config if isinstance(config, Scenario) else Scenario.load(config)
        self.settings = settings.override(overrides) if overrides else settings
        self.engine = engine
        self.simulation = Simulation(
            self.settings,
            seed=self.seed,
            engine=self._agents_engine if engine == "agents" else None,
        )
        self.firms = {name: Firm(self, name) for name in self.settings.firms}
        self.simulation.warm_up()
        self.datacollector = DataCollector(
            model_reporters={
                "seed": "seed",
                **{m.name: m.name for m in measures("market", self.simulation.mechanisms)},
            },
            agent_reporters={
                m.name: partial(_measure_of_firm, m.name)
                for m in measures("firm", self.simulation.mechanisms)
                if m.reported
            },
        )
        self.running = True
        self.datacollector.collect(self)  # step 0: the state before the first period

    def _engine_for(self, engine: str | None) -> str:
        """Return the engine for the class of customers, or refuse one that has no use for it."""
        kind = self.customer_class
        if not (isinstance(kind, type) and issubclass(kind, Customer)):
            raise TypeError(f"customer_class: expected a subclass of cx.Customer, found {kind!r}")
        if engine is not None:
            engine = choice(engine, "engine", ("columnar", "agents"))
        if kind is Customer:
            return engine or "columnar"
        if engine == "columnar":
            raise ValueError(
                "engine: expected 'agents', which alone has customers of a class of one's own "
                f"({kind.__name__}), found 'columnar'"
            )
        return "agents"

    def _agents_engine(self, workspace: Workspace) -> AgentsEngine:
        return AgentsEngine(workspace, model=self, customer_class=self.customer_class)

    def step(self) -> None:
        """Move the market by one period.

        A step after the last period moves nothing and turns :attr:`running` False, so
        that every version of Mesa's batch runner reports the last period.
        """
        if self.simulation.finished:
            self.running = False
            return
        self._check_agents()
        self.simulation.step()
        self.datacollector.collect(self)

    def _check_agents(self) -> None:
        """Refuse to go on where somebody took agents out of, or put some into, Mesa's lists."""
        population = self.simulation.engine.customers if self.engine == "agents" else ()
        for kind, there in ((Customer, len(population)), (Firm, len(self.firms))):
            found = sum(len(s) for k, s in self.agents_by_type.items() if issubclass(k, kind))
            if found != there:
                raise NotImplementedError(
                    f"agents: expected the {there} {kind.__name__.lower()}s of the scenario, found "
                    f"{found}: they cannot be removed from a market or added to it (set "
                    "customer.purchase_rate = 0, firm.active = False)"
                )
        listed = sum(len(agents) for agents in self.agents_by_type.values())
        if len(self.agents) != listed:
            raise NotImplementedError(
                f"agents: expected {listed} in market.agents, found {len(self.agents)}: agents "
                "cannot be removed from a market or added to it; market.agents.select(...) makes "
                "a set of your own"
            )

    def __getattr__(self, name: str) -> Any:
        """Look measures of the last period and parameters of the market up by name."""
        simulation = self.__dict__.get("simulation")
        if simulation is None or name.startswith("_"):
            raise AttributeError(name)
        try:
            return float(simulation.latest("market", name))
        except KeyError:
            value = simulation.workspace.tables.arrays.get(f"market_{name}")
            if value is not None and value.shape == (1,):
                return float(value[0])
            near = hint(name, [m.name for m in measures("market", simulation.mechanisms)], listed=0)
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute or measure {name!r}{near}"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a parameter of the market from the next period on, or an attribute of one's own.

        Raises
        ------
        AttributeError
            If the name is that of a measure, which is only read.
        ValueError
            If no event could set the parameter to the value.
        """
        simulation = self.__dict__.get("simulation")
        if simulation is None or name.startswith("_") or name in self.__dict__:
            super().__setattr__(name, value)
        elif f"market_{name}" in simulation.workspace.tables.arrays:
            simulation.set(name, value)
        elif name in {m.name for m in measures("market", simulation.mechanisms)}:
            raise AttributeError(
                f"{name}: expected a parameter, found a measure, which is only read"
            )
        else:
            super().__setattr__(name, value)


def market_class(
    config: str | Path | Scenario = "baseline",
    sliders: Sequence[str] = (),
    *,
    engine: str | None = None,
    customer_class: type[Customer] | None = None,
) -> type[Market]:
    """Return a model class whose keyword parameters are parameters of a scenario.

    Parameters
    ----------
    config : str, Path or Scenario
    sliders : sequence of str
        Dotted paths; ``"firms.Tailor.price"`` becomes the keyword ``firms_Tailor_price``.
    engine : {"columnar", "agents"}, optional
    customer_class : type, optional
        As for :class:`Market`.

    Returns
    -------
    type
        A subclass of :class:`Market` for ``batch_run`` (which may name the dotted
        paths themselves as names of parameters) and ``SolaraViz``. It pickles, so that
        other processes can run it.

    Raises
    ------
    ScenarioError
        If a path names no parameter.
    ValueError
        If a path makes no Python name.

    Examples
    --------
    >>> Model = market_class("baseline", ["firms.Tailor.price"])
    >>> Model(firms_Tailor_price=12, rng=1).simulation.scenario.firms["Tailor"].price
    12.0
    """
    base = config if isinstance(config, Scenario) else Scenario.load(config)
    paths = names_of(sliders, "sliders")
    for path in paths:
        base.value(path)
        if not path.replace(".", "_").isidentifier():
            raise ValueError(f"sliders: expected a path that makes a Python name, found {path!r}")
    return _make_class(base, tuple(paths), engine, customer_class)


class _MarketClass(type(Market)):  # type: ignore[misc]
    """Class of the classes made by :func:`market_class`, so that they pickle by their recipe."""


def _recipe(made: Any) -> tuple[Any, ...]:
    return _make_class, made.recipe


copyreg.pickle(_MarketClass, _recipe)


def _make_class(
    base: Scenario,
    sliders: tuple[str, ...],
    engine: str | None,
    customer_class: type[Customer] | None,
) -> type[Market]:
    names = {path.replace(".", "_"): path for path in sliders}

    def __init__(  # noqa: N807 - it becomes a method
        self: Market, *, rng: int | str | None = None, **settings: Any
    ) -> None:
        changes = {names.get(name, name): value for name, value in settings.items()}
        Market.__init__(
            self,
            base,
            overrides=changes,
            engine=engine,
            customer_class=customer_class,
            rng=rng,
        )

    keywords = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=base.value(path))
        for name, path in names.items()
    ]
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    seed = inspect.Parameter("rng", inspect.Parameter.KEYWORD_ONLY, default=None)
    __init__.__signature__ = inspect.Signature([first, *keywords, seed])  # type: ignore[attr-defined]
    body = {
        "__init__": __init__,
        "__doc__": f"Market of scenario {base.name!r} with parameters {', '.join(names)}.",
        "__module__": __name__,
        "recipe": (base, sliders, engine, customer_class),
    }
    return _MarketClass("Market", (Market,), body)


# -- A firm as a Mesa agent: its parameters to read and set, its measures to read --------------


class Firm(mesa.Agent):
    """A firm of the market.

    Its parameters are attributes, to read and to set: ``firm.price *= 0.9`` holds from
    the next period on. Its measures of the last period are attributes to read:
    ``firm.share``. Where a parameter and a measure share a name, they share the value.

    Parameters
    ----------
    model : Market
    name : str
    """

    def __init__(self, model: mesa.Model, name: str = ""):
        if name not in model.settings.firms or name in getattr(model, "firms", ()):
            raise NotImplementedError(
                "firms cannot be added to a market: name them in the scenario, "
                "cx.Market(..., overrides={'firms.New': {...}})"
            )
        super().__init__(model)
        self.name = name

    def _row(self) -> int:
        return self.model.simulation.workspace.tables.firms.index(self.name)

    def measure(self, name: str) -> float:
        """Return a measure of the last period, NaN before the first.

        Parameters
        ----------
        name : str
            A measure of firms, such as ``"market_share"``.

        Raises
        ------
        AttributeError
            If there is no such measure.
        """
        simulation = self.model.simulation
        try:
            return float(simulation.latest("firm", name)[self._row()])
        except KeyError:
            near = hint(name, [m.name for m in measures("firm", simulation.mechanisms)], listed=0)
            raise AttributeError(f"a firm has no parameter or measure {name!r}{near}") from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "name" not in self.__dict__:
            raise AttributeError(name)
        array = self.model.simulation.workspace.tables.arrays.get(f"firm_{name}")
        if array is not None:
            value = array[self._row()]
            if value.ndim == 0:
                return float(value)
            copied = value.copy()
            copied.flags.writeable = False  # a change would be lost
            return copied
        return self.measure(name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a parameter, from the next period on, as an event would.

        Raises
        ------
        AttributeError
            If the name is that of a measure, or of nothing that a firm has.
        ValueError
            If no event could set the parameter to the value.
        """
        if "name" not in self.__dict__ or name.startswith("_"):
            object.__setattr__(self, name, value)
            return
        if name in ("model", "name", "unique_id"):
            raise AttributeError(f"{name}: expected no other {name} than the firm has already")
        simulation = self.model.simulation
        if f"firm_{name}" in simulation.workspace.tables.arrays:
            simulation.set(f"firms.{self.name}.{self._path(name)}", value)
            return
        if name in self.__dict__ or hasattr(type(self), name):
            object.__setattr__(self, name, value)
            return
        try:
            self.measure(name)
        except AttributeError:
            names = [n[5:] for n in simulation.workspace.tables.arrays if n.startswith("firm_")]
            near = hint(name, names, listed=0)
            raise AttributeError(f"a firm has no parameter {name!r}{near}") from None
        raise AttributeError(f"{name}: expected a parameter, found a measure, which is only read")

    def _path(self, name: str) -> str:
        """Return the dotted path of a parameter that arrays know by a name without dots."""
        for path, _ in self.model.simulation.scenario.schema.spec("firm").parameters():
            if "_".join(path) == name:
                return ".".join(path)
        raise AttributeError(f"{name}: expected to be set by an event, by its dotted path")

    def step(self) -> None:
        """Refuse: firms act when the market steps, each once a period.

        Raises
        ------
        RuntimeError
            Always.
        """
        raise RuntimeError("firms act when the market steps: call market.step()")

    def remove(self) -> None:
        """Refuse: a firm that has left is still in the books.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(
            f"a firm cannot be removed from a market: firm.active = False lets {self.name} leave it"
        )

    def __repr__(self) -> str:
        return f"<Firm {self.name}>"
