"""A firm as a Mesa agent: its parameters to read and set, its measures to read."""

from __future__ import annotations

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

    def __init__(self, model: mesa.Model, name: str):
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
            return float(value) if value.ndim == 0 else value.copy()
        return self.measure(name)

    def __setattr__(self, name: str, value: Any) -> None:
        model = self.__dict__.get("model")
        tables = (
            model.simulation.workspace.tables
            if model is not None and "name" in self.__dict__
            else None
        )
        if tables is not None and f"firm_{name}" in tables.arrays:
            tables.arrays[f"firm_{name}"][self._row()] = value
        else:
            super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"<Firm {self.name}>"
