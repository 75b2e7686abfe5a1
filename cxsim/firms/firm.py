"""A firm as a Mesa agent: its parameters to read and set, its measures to read."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import mesa

__all__ = ["Firm"]


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
            A measure of firms, such as ``"share"``.

        Raises
        ------
        AttributeError
            If there is no such measure.
        """
        try:
            return float(self.model.simulation.latest("firm", name)[self._row()])
        except KeyError:
            raise AttributeError(f"a firm has no parameter or measure {name!r}") from None

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
            near = get_close_matches(name, names, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise AttributeError(f"a firm has no parameter {name!r}{hint}") from None
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
