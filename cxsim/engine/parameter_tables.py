"""Parameters as arrays, which passes read, and events and policies change.

Firms and segments stand in name order, so that results cannot depend on the order
of a file. Enumerations become their number, booleans 0 or 1, absent values NaN.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import numpy as np
from pydantic.fields import FieldInfo

from cxsim.model.mechanism import Mechanism
from cxsim.parameters import Parameters, group_in


class Tables:
    """All numeric parameters of a scenario, by name, as they stand in the current period.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : sequence of Mechanism
        Those that take part.

    Attributes
    ----------
    firms, segments : tuple of str
        Names in the order of the rows.
    arrays : dict of str to ndarray
        ``firm_price`` (F,), ``segment_need_mean`` (G, D), ``market_learning_rate`` (1,), ...
    firm_rows : ndarray
        (k, F): the single-number parameters of firms, one row each; ``arrays`` holds
        views of it, so that one copy records a period.
    firm_row_names : tuple of str
    axes : dict of str to tuple of str
        Names of the places along the axes that mechanisms bring.
    """

    def __init__(self, scenario: Any, mechanisms: tuple[Mechanism, ...]):
        self.firms = tuple(sorted(scenario.firms))
        self.segments = tuple(sorted(scenario.segments))
        self.needs = int(scenario.needs)
        self.axes = {axis: names for m in mechanisms for axis, names in m.axes(scenario).items()}
        self._codes: dict[str, tuple[str, ...]] = {}
        self._named: dict[str, tuple[str, ...]] = {}
        self.arrays: dict[str, np.ndarray] = {}
        firms = [scenario.firms[name] for name in self.firms]
        segments = [scenario.segments[name] for name in self.segments]
        for mechanism in mechanisms:
            self._add("market", mechanism.market, [scenario])
            self._add("segment", mechanism.segment, segments)
            self._add("firm", mechanism.firm, firms)
        rows = [name for name, a in self.arrays.items() if name.startswith("firm_") and a.ndim == 1]
        self.firm_row_names = tuple(name.removeprefix("firm_") for name in rows)
        self.firm_rows = np.array([self.arrays[name] for name in rows]).reshape(
            len(rows), len(self.firms)
        )
        self._link()

    def _link(self) -> None:
        """Let single-number parameters of firms be rows of one array."""
        for k, name in enumerate(self.firm_row_names):
            self.arrays[f"firm_{name}"] = self.firm_rows[k]

    @property
    def own_arrays(self) -> dict[str, np.ndarray]:
        """The arrays that own their numbers: rows of ``firm_rows`` are in it as one.

        By name, shapes (firm, ...), (segment, ...) and (1, ...), in the units of the parameters;
        ``firm_rows`` has the shape (parameter, firm).
        """
        rows = {f"firm_{name}" for name in self.firm_row_names}
        own = {name: array for name, array in self.arrays.items() if name not in rows}
        return {"firm_rows": self.firm_rows, **own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._link()

    def _add(self, level: str, group: type[Parameters] | None, owners: list[Any]) -> None:
        if group is not None:
            for name, field in group.model_fields.items():
                values = [getattr(owner, name) for owner in owners]
                self._add_field(f"{level}_{name}", field, values, (len(owners),))

    def _add_field(
        self, key: str, field: FieldInfo, values: list[Any], shape: tuple[int, ...]
    ) -> None:
        """Store one parameter of all its owners, or those of a group below it.

        ``shape`` is that of the owners: firms, say, or firms by touchpoints.
        """
        extra: dict[str, Any] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]
        axes = extra.get("axes", [])
        group = group_in(field.annotation)
        if group is not None:
            if axes:  # a mapping by the names along an axis
                names = self._named[key] = self.axes[axes[0]]
                values = [(value or {}).get(name) for value in values for name in names]
                shape = (*shape, len(names))
            for name, below in group.model_fields.items():
                held = [None if value is None else getattr(value, name) for value in values]
                self._add_field(f"{key}_{name}", below, held, shape)
            return
        if get_origin(field.annotation) is Literal:
            self._codes[key] = get_args(field.annotation)
            values = [None if v is None else self._codes[key].index(v) for v in values]
        if any(_for_readers(v, axes) for v in values):
            return
        numbers = np.array([self._numbers(value, axes) for value in values], dtype=np.float64)
        self.arrays[key] = numbers.reshape(*shape, *numbers.shape[1:])

    def _numbers(self, value: Any, axes: list[Any]) -> Any:
        if axes == ["need"]:
            return [0.0] * self.needs if value is None else list(value)
        if axes == ["firm"]:
            if isinstance(value, dict):
                return [value.get(name, 0.0) for name in self.firms]
            return [np.nan if value is None else value] * len(self.firms)
        if axes:
            return [np.nan] * int(axes[0]) if value is None else list(value)
        return np.nan if value is None else float(value)

    def place(self, path: str) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the array and the index that a dotted path names.

        ``firms.Tailor.price``, ``segments.All.need_mean.0``, ``learning_rate``,
        ``firms.Tailor.promotions.depth``, ``segments.All.brand_taste_sd.Tailor``.

        Parameters
        ----------
        path : str

        Returns
        -------
        array : ndarray
            Of shape (firm, ...), (segment, ...) or (1, ...), in the unit of the parameter.
        index : tuple of int

        Raises
        ------
        KeyError
            If the path names no numeric parameter.
        """
        parts = path.split(".")
        if parts[0] == "firms" and len(parts) > 2:
            level, row, rest = "firm", self.firms.index(parts[1]), parts[2:]
        elif parts[0] == "segments" and len(parts) > 2:
            level, row, rest = "segment", self.segments.index(parts[1]), parts[2:]
        else:
            level, row, rest = "market", 0, parts
        key, index = self._key(level, rest)
        if key not in self.arrays:
            raise KeyError(path)
        return self.arrays[key], (row, *index)

    def _key(self, level: str, parts: list[str]) -> tuple[str, tuple[int, ...]]:
        """Return the name of the array that keys lead to, and the index among an owner's values.

        A part is the name of a parameter or group, of a place along an axis, or an index.
        """
        key, index, named = level, list[int](), False
        for part in parts:
            if key in self._named and not named:
                index.append(self._named[key].index(part))
                named = True  # the next part is a parameter again
            elif key in self.arrays:
                index.append(self.firms.index(part) if part in self.firms else int(part))
            else:
                key, named = f"{key}_{part}", False
        return key, tuple(index)

    def number(self, path: str, value: Any) -> Any:
        """Return a parameter's value as the number (or numbers) that stands in its array.

        Parameters
        ----------
        path : str
            As for :meth:`place`.
        value : object
            As a scenario has it.

        Returns
        -------
        float, list of float or tuple
            NaN for null; of a word, its number among those allowed.

        Raises
        ------
        ValueError
            If a word is not among those allowed.
        """
        parts = path.split(".")
        level = {"firms": "firm", "segments": "segment"}.get(parts[0], "market")
        key, _ = self._key(level, parts[2:] if level != "market" else parts)
        codes = self._codes.get(key)
        if codes is not None:
            return float(codes.index(value))
        if value is None:
            return np.nan
        if isinstance(value, dict):
            return [value.get(firm, 0.0) for firm in self.firms]
        return value


def _for_readers(value: Any, axes: list[Any]) -> bool:
    """Return whether a value is for readers only: texts, lists of texts, mappings."""
    if isinstance(value, tuple):
        return not axes
    return isinstance(value, str) or (isinstance(value, dict) and axes != ["firm"])
