"""A customer as a Mesa agent: what it does in a period, and what can be read and written of it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

import mesa
import numpy as np

__all__ = ["Customer"]

#: What identifies a customer.
FIXED = ("model", "number", "unique_id")


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
            "customer.supplier = None and customer.turnover = 0 (nobody follows) end its purchases"
        )

    # who a customer is

    def __getattr__(self, name: str) -> Any:
        """Look attributes up in the population's columns (``need``, ``tenure``, ...)."""
        engine = self.__dict__.get("_engine")
        if engine is None or name.startswith("_"):
            raise AttributeError(name)
        return engine.read(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Write to the population's columns; what is no column is for subclasses to name.

        Raises
        ------
        AttributeError
            If the name is that of nothing that a customer has.
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
        """Refuse what looks like a misspelt column, and what nobody would ever read."""
        kind = type(self)
        if name in self.__dict__ or hasattr(kind, name) or _annotated(kind, name):
            return
        near = get_close_matches(name, columns, 1, 0.8)
        if near or kind is Customer:
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise AttributeError(
                f"a customer has no attribute {name!r}{hint}; name attributes of your own in the "
                f"body of a subclass of cx.Customer ({name} = None)"
            )

    @property
    def supplier(self) -> str | None:
        """Name of the firm whose customer this is; another one begins with tenure 0."""
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
        """What each firm knows of the customer, 0 to 1; assign a mapping to change some."""
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
        """What was taken this period: a firm, ``"outside"``, or None; may be set in ``decide``."""
        return self._engine.firm_name(self._engine.choice_of(self))

    @choice.setter
    def choice(self, name: str | None) -> None:
        self._engine.choose(self, name)


class _Known(dict[str, float]):
    """What firms know, to read: a change of the copy would be lost."""

    def __setitem__(self, firm: str, known: float) -> NoReturn:
        raise TypeError(
            "knowledge: expected a mapping to be assigned, found a change of one entry: "
            f"customer.knowledge = {{{firm!r}: {known!r}}}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _annotated(kind: type, name: str) -> bool:
    return any(name in vars(each).get("__annotations__", ()) for each in kind.__mro__)
