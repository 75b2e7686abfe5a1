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

from cxsim.arguments import choice, names_of, whole
from cxsim.engine.agents import AgentsEngine, Customer
from cxsim.engine.workspace import Workspace
from cxsim.firms.firm import Firm
from cxsim.measures import measures
from cxsim.scenario import Scenario
from cxsim.simulation import Simulation

__all__ = ["Market", "market_class"]


def _measure_of_firm(name: str, agent: mesa.Agent) -> float | None:
    """Report a firm's measure, and nothing for a customer."""
    return agent.measure(name) if isinstance(agent, Firm) else None


class Market(mesa.Model):
    """Customers and competing firms, moved by one period per step.

    Parameters
    ----------
    config : str, Path or Scenario
        A scenario, its file, or the name of one that ships with the package.
    overrides : mapping, optional
        Changed parameters by dotted path (``{"firms.Tailor.price": 12}``).
    engine : {"columnar", "agents"}
        Compiled columns, or one Mesa agent per customer; the numbers are the same.
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
        engine: str = "columnar",
        rng: int | str | None = None,
    ):
        rng = None if rng is None else whole(rng, "rng")  # SolaraViz hands over what was typed
        super().__init__(rng=rng)
        self.seed = int(self.rng.integers(2**31)) if rng is None else rng
        engine = choice(engine, "engine", ("columnar", "agents"))
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
                m.name: m.name for m in measures("market", self.simulation.mechanisms)
            },
            agent_reporters={
                m.name: partial(_measure_of_firm, m.name)
                for m in measures("firm", self.simulation.mechanisms)
                if m.reported
            },
        )
        self.running = True
        self.datacollector.collect(self)  # step 0: the state before the first period

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
        self.simulation.step()
        self.datacollector.collect(self)

    def __getattr__(self, name: str) -> Any:
        """Look measures of the market's last period up by name (``market.concentration``)."""
        simulation = self.__dict__.get("simulation")
        if simulation is None or name.startswith("_"):
            raise AttributeError(name)
        try:
            return float(simulation.latest("market", name))
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute or measure {name!r}"
            ) from None


def market_class(
    config: str | Path | Scenario = "baseline",
    sliders: Sequence[str] = (),
    *,
    engine: str = "columnar",
) -> type[Market]:
    """Return a model class whose keyword parameters are parameters of a scenario.

    Parameters
    ----------
    config : str, Path or Scenario
    sliders : sequence of str
        Dotted paths; ``"firms.Tailor.price"`` becomes the keyword ``firms_Tailor_price``.
    engine : {"columnar", "agents"}

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
    return _make_class(base, tuple(paths), engine)


class _MarketClass(type(Market)):  # type: ignore[misc]
    """Class of the classes made by :func:`market_class`, so that they pickle by their recipe."""


def _recipe(made: Any) -> tuple[Any, ...]:
    return _make_class, made.recipe


copyreg.pickle(_MarketClass, _recipe)


def _make_class(base: Scenario, sliders: tuple[str, ...], engine: str) -> type[Market]:
    names = {path.replace(".", "_"): path for path in sliders}

    def __init__(  # noqa: N807 - it becomes a method
        self: Market, *, rng: int | str | None = None, **settings: Any
    ) -> None:
        changes = {names.get(name, name): value for name, value in settings.items()}
        Market.__init__(self, base, overrides=changes, engine=engine, rng=rng)

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
        "recipe": (base, sliders, engine),
    }
    return _MarketClass("Market", (Market,), body)
