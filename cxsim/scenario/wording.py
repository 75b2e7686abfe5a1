"""What may stand under a key, in words: kind, range and unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cxsim.scenario.specs import Spec

__all__ = ["kind_of", "words_for"]


def words_for(spec: Spec, needs: int | None = None) -> str:
    """Say what is expected, with range and unit.

    Parameters
    ----------
    spec : Spec
        What may stand there.
    needs : int, optional
        Dimensions of need, where known.

    Examples
    --------
    >>> from cxsim.scenario.specs import Spec
    >>> words_for(Spec(kinds=frozenset({"number"}), bounds={"ge": 0, "le": 1}, unit="share"))
    'a number from 0 to 1 (share)'
    """
    said: list[str] = []
    if spec.by_firm and spec.values is not None:
        said.append(f"{_one(spec.values)}, for all firms or for each by name")
    elif spec.choices or spec.kinds & {"number", "integer", "boolean", "text"}:
        said.append(_one(spec))
    if spec.items is not None:
        said.append(_several(spec, spec.items, needs))
    if spec.values is not None and not spec.by_firm:
        least = spec.bounds.get("min_length")
        said.append("a mapping by name" + (f" of at least {least}" if least else ""))
    if spec.fields is not None:
        some = ", ".join(list(spec.fields)[:3])
        said.append(f"a mapping of parameters ({some}{', ...' if len(spec.fields) > 3 else ''})")
    text = " or ".join(said) or "a value"
    if spec.unit not in ("1", ""):
        text = f"{text} ({spec.unit})"
    return f"{text} or null" if "null" in spec.kinds else text


def kind_of(spec: Spec) -> str:
    """Say what is expected without range and unit: ``a number``, ``true or false``, ..."""
    bare = replace(spec, bounds={}, unit="1")
    if spec.values is not None:
        bare = replace(bare, values=replace(spec.values, bounds={}))
    if spec.items is not None:
        bare = replace(bare, items=replace(spec.items, bounds={}))
    return words_for(bare)


def _one(spec: Spec) -> str:
    if spec.choices:
        return f"one of {', '.join(spec.choices)}"
    if "number" in spec.kinds:
        return "a number" + _range(spec.bounds)
    if "integer" in spec.kinds:
        return "a whole number" + _range(spec.bounds)
    return "true or false" if "boolean" in spec.kinds else "a text"


_PLURALS = {"number": "numbers", "integer": "whole numbers", "boolean": "truth values"}


def _several(spec: Spec, items: Spec, needs: int | None) -> str:
    by_need = spec.axes == ("need",)
    length = needs if by_need else spec.length
    if items.fields is not None or items.values is not None:
        plural = "mappings"
    else:
        plural = next((word for kind, word in _PLURALS.items() if kind in items.kinds), "texts")
        plural += _range(items.bounds)
    count = "" if length is None else f"{length} "
    return f"a list of {count}{plural}" + (", one for each need" if by_need else "")


def _range(bounds: Mapping[str, float]) -> str:
    low = high = ""
    if "ge" in bounds and "le" in bounds:
        return f" from {_number(bounds['ge'])} to {_number(bounds['le'])}"
    if "ge" in bounds:
        low = f"of at least {_number(bounds['ge'])}"
    if "gt" in bounds:
        low = f"above {_number(bounds['gt'])}"
    if "le" in bounds:
        high = (
            f"of at most {_number(bounds['le'])}" if not low else f"up to {_number(bounds['le'])}"
        )
    if "lt" in bounds:
        high = f"below {_number(bounds['lt'])}"
    both = " and ".join(part for part in (low, high) if part)
    return f" {both}" if both else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)
