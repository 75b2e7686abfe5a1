"""Specifications of the values under each key, derived from the parameter definitions.

A :class:`Spec` describes one value of a scenario: a parameter, a group of them,
a mapping by name, or a list. Messages, overrides, events and tables of
parameters all walk the same tree of specs.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from cxsim.messages import MISSING
from cxsim.parameters import Ask, Parameters

# -- What files beside scenarios declare: their keys, and how messages speak of them -----------


@dataclass(frozen=True)
class Expected:
    """The expected value in words of messages, in place of kind and range.

    Parameters
    ----------
    words : str
        ``"the name of a firm"``. What was found follows, unless ``{}`` stands for it.
    """

    words: str


class Keyed(Parameters):
    """A group of keys of a study, of targets or of a decision."""

    #: What messages call it ("a stopping rule"); where empty, they list its keys.
    called: ClassVar[str] = ""


def optional(doc: str = "") -> Any:
    """Declare a key that may be left out: it is None then, and null is no value of it.

    Parameters
    ----------
    doc : str
        One line that says what it is.
    """
    return Field(
        None,
        description=doc or None,
        validate_default=False,
        json_schema_extra=lambda schema: schema.pop("default"),
    )


# -- Specifications of values, derived from the parameter definitions ---------------------------


_SCALARS = {bool: "boolean", int: "integer", float: "number", str: "text", type(None): "null"}


_BOUNDS = {Ge: "ge", Gt: "gt", Le: "le", Lt: "lt", MinLen: "min_length", MaxLen: "max_length"}


@dataclass(frozen=True)
class Spec:
    """The specification of one value.

    Parameters
    ----------
    kinds : frozenset of str
        Which of ``number``, ``integer``, ``boolean``, ``text``, ``null``, ``any`` it may be.
    choices : tuple of str
        The words allowed, where only some are.
    bounds : mapping
        ``ge``, ``gt``, ``le``, ``lt`` of the number or of each number in it;
        ``min_length``, ``max_length`` of the list or mapping.
    fields : mapping of str to Spec, optional
        What a group of parameters holds.
    values : Spec, optional
        What a mapping by name holds under each name.
    items : Spec, optional
        What a list holds.
    length : int, optional
        How many it holds.
    unit, source, doc : str
        As :func:`~cxsim.parameters.parameter` declares them.
    axes : tuple of str or int
        Shape where it is not one number.
    fixed, newcomers : bool
        What a change during a run may do; see :func:`~cxsim.parameters.parameter`.
    default
        Value where none is given, ``MISSING`` if one must be.
    of : str
        What it belongs to: ``"market"``, ``"firm"``, ``"segment"``, or a key.
    mechanism : str
        Name of the mechanism that declares it.
    ask : Ask, optional
        Where a scenario should state it.
    expected : str
        What messages say in place of all this, see :class:`Expected`.
    called : str, optional
        What messages call a :class:`Keyed` group; None for groups of parameters.
    tagged : mapping of str to Spec, optional
        Groups of which the key ``kind`` names one.
    """

    kinds: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()
    bounds: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[str, Spec] | None = None
    values: Spec | None = None
    items: Spec | None = None
    length: int | None = None
    unit: str = "1"
    source: str = ""
    doc: str = ""
    axes: tuple[str | int, ...] = ()
    fixed: bool = False
    newcomers: bool = False
    default: Any = MISSING
    of: str = ""
    mechanism: str = ""
    ask: Ask | None = None
    expected: str = ""
    called: str | None = None
    tagged: Mapping[str, Spec] | None = None

    @property
    def by_firm(self) -> bool:
        """Whether the value is one for all firms or a mapping by firm."""
        return "firm" in self.axes

    @property
    def is_parameter(self) -> bool:
        """Whether it is one parameter: not a group and not a mapping of groups."""
        if self.fields is not None:
            return False
        inner = self.values or self.items
        return inner is None or inner.is_parameter

    @property
    def nullable(self) -> bool:
        """Whether ``null`` is a value here."""
        return bool(self.kinds & {"null", "any"})

    def child(self, key: str | int) -> Spec | None:
        """Return the spec of what is under ``key``, or None if nothing can be.

        Parameters
        ----------
        key : str or int
            Name, or number in a list.

        Returns
        -------
        Spec or None
        """
        if isinstance(key, int):
            return self.items
        if self.fields is not None:
            return self.fields.get(key)
        return self.values

    def whole(self, value: Any) -> Any:
        """Return plain data in which whole numbers are so also where they are written as 1e3."""
        if isinstance(value, float):
            counts = "integer" in self.kinds and "number" not in self.kinds
            return int(value) if counts and value.is_integer() else value
        if isinstance(value, Mapping):
            return {k: v if (s := self.child(k)) is None else s.whole(v) for k, v in value.items()}
        if isinstance(value, tuple) and self.items is not None:
            return tuple(self.items.whole(each) for each in value)
        return value

    def mapped(self, new: Callable[[Spec], dict[str, Any]], **top: Any) -> Spec:
        """Return the same with other attributes, its own and those of everything in it.

        Parameters
        ----------
        new : callable
            Returns the attributes that change, of a spec.
        **top
            Attributes that change of this one alone.
        """
        inside: dict[str, Any] = {}
        if self.fields is not None:
            inside["fields"] = {name: spec.mapped(new) for name, spec in self.fields.items()}
        for name in ("values", "items"):
            if (spec := getattr(self, name)) is not None:
                inside[name] = spec.mapped(new)
        return replace(self, **inside, **new(self), **top)

    def parameters(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Spec]]:
        """Yield every parameter below with its path; ``*`` stands for any name or number.

        Parameters
        ----------
        path : tuple of str
            Path of this one.
        """
        if self.is_parameter:
            yield path, self
        elif self.fields is not None:
            for name, spec in self.fields.items():
                yield from spec.parameters((*path, name))
        else:
            inner = self.values or self.items
            assert inner is not None
            yield from inner.parameters((*path, "*"))

    def walk(
        self, value: Any, path: tuple[str | int, ...] = ()
    ) -> Iterator[tuple[tuple[str | int, ...], Spec, Any]]:
        """Yield ``(path, spec, value)`` of every parameter in a validated value.

        Parameters
        ----------
        value : object
            Validated: a model, or what one holds.
        path : tuple of str or int
            Path of this one.
        """
        if self.is_parameter or value is None:
            yield path, self, value
        elif self.fields is not None:
            for name, spec in self.fields.items():
                yield from spec.walk(getattr(value, name), (*path, name))
        elif self.values is not None and isinstance(value, Mapping):
            for name, held in value.items():
                yield from self.values.walk(held, (*path, name))
        elif self.items is not None:
            for number, held in enumerate(value):
                yield from self.items.walk(held, (*path, number))


def spec_of(annotation: Any, bounds: Mapping[str, float] | None = None, of: str = "") -> Spec:
    """Describe what a type annotation admits.

    Raises
    ------
    TypeError
        If a parameter group uses a type that scenarios have no words for.
    """
    bounds = dict(bounds or {})
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return Spec(kinds=frozenset({"any"}), of=of)
    if annotation in _SCALARS:
        return Spec(kinds=frozenset({_SCALARS[annotation]}), bounds=bounds, of=of)
    if origin is Annotated:
        spec = spec_of(arguments[0], bounds | _bounds(annotation.__metadata__), of)
        words = _expected(annotation.__metadata__)
        return replace(spec, expected=words) if words else spec
    if origin is Literal:
        return Spec(kinds=frozenset({"text"}), choices=tuple(map(str, arguments)), of=of)
    if origin in (Union, types.UnionType):
        merged = Spec(of=of)
        if all(isinstance(each, type) and issubclass(each, Keyed) for each in arguments):
            kinds = (get_args(each.model_fields["kind"].annotation)[0] for each in arguments)
            return replace(merged, tagged=dict(zip(kinds, map(spec_of, arguments), strict=True)))
        for each in arguments:
            spec = spec_of(each, bounds, of)
            merged = replace(
                merged,
                kinds=merged.kinds | spec.kinds,
                choices=merged.choices + spec.choices,
                bounds={**merged.bounds, **spec.bounds},
                fields=merged.fields or spec.fields,
                values=merged.values or spec.values,
                items=merged.items or spec.items,
                length=merged.length or spec.length,
                called=spec.called if merged.called is None else merged.called,
            )
        return merged
    if origin in (tuple, list):
        length = None if origin is list or arguments[-1] is Ellipsis else len(arguments)
        return Spec(items=spec_of(arguments[0], bounds, of), bounds=bounds, length=length, of=of)
    if origin is not None and issubclass(origin, Mapping):
        return Spec(values=spec_of(arguments[1], bounds, of), bounds=bounds, of=of)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if _bounds(info.metadata).keys() & {"ge", "gt", "le", "lt"} and not _simple(info):
                raise TypeError(
                    f"{annotation.__name__}.{name}: inside a nested group, put the bounds on the "
                    "number (Annotated[float, Ge(0)]), not on what contains it"
                )
        fields = {
            name: spec_of_field(info, of=of) for name, info in annotation.model_fields.items()
        }
        return Spec(fields=fields, of=of, called=getattr(annotation, "called", None))
    raise TypeError(f"a parameter cannot be of type {annotation!r}")


def _simple(info: FieldInfo) -> bool:
    """Whether a field is one number or null, to which pydantic can apply bounds itself."""
    return all(
        each in (int, float, type(None)) for each in get_args(info.annotation) or [info.annotation]
    )


def spec_of_field(info: FieldInfo, *, of: str = "", mechanism: str = "") -> Spec:
    """Describe one field of a parameter group, with its unit, source and default.

    Parameters
    ----------
    info : FieldInfo
        Of pydantic.
    of : str
        What a group of parameters is called in messages.
    mechanism : str
        Name of the one that declares the parameter.

    Returns
    -------
    Spec
    """
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    unit, fixed, newcomers = (extra.get(name) for name in ("unit", "fixed", "newcomers"))

    def shared(spec: Spec) -> dict[str, Any]:
        return {
            "mechanism": mechanism,
            "unit": spec.unit if spec.unit != "1" else str(unit or "1"),
            "fixed": spec.fixed or bool(fixed),
            "newcomers": spec.newcomers or bool(newcomers),
        }

    return spec_of(info.annotation, _bounds(info.metadata), of).mapped(
        shared,
        source=str(extra.get("source", "")),
        doc=info.description or "",
        axes=tuple(extra.get("axes", ())),  # type: ignore[arg-type]
        default=MISSING if info.is_required() else info.get_default(call_default_factory=True),
        of=of,
        ask=_ask(extra),
        expected=_expected(info.metadata),
    )


def _ask(extra: Mapping[str, Any]) -> Ask | None:
    given = extra.get("ask")
    return Ask(**{**given, "beside": tuple(given["beside"])}) if given else None


def _bounds(metadata: Any) -> dict[str, float]:
    return {
        name: getattr(each, name)
        for each in metadata
        for kind, name in _BOUNDS.items()
        if isinstance(each, kind)
    }


def _expected(metadata: Any) -> str:
    return next((each.words for each in metadata if isinstance(each, Expected)), "")


# -- Specifications in words: kind, range and unit ----------------------------------------------


def words_for(spec: Spec, needs: int | None = None) -> str:
    """Return the expected value in words, with range and unit.

    Parameters
    ----------
    spec : Spec
        What may stand there.
    needs : int, optional
        Dimensions of need, where known.

    Examples
    --------
    >>> from cxsim.scenario.fields import Spec
    >>> words_for(Spec(kinds=frozenset({"number"}), bounds={"ge": 0, "le": 1}, unit="share"))
    'a number from 0 to 1 (share)'
    """
    if spec.expected:
        return spec.expected
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
    if spec.called is not None:
        said.append("a mapping" if spec.called else f"a mapping of {', '.join(spec.fields or ())}")
    elif spec.fields is not None:
        some = ", ".join(list(spec.fields)[:3])
        said.append(f"a mapping of parameters ({some}{', ...' if len(spec.fields) > 3 else ''})")
    text = " or ".join(said) or "a value"
    if spec.unit not in ("1", ""):
        text = f"{text} ({spec.unit})"
    return f"{text} or null" if "null" in spec.kinds else text


def kind_of(spec: Spec) -> str:
    """Return the expected kind, without range and unit: ``a number``, ``true or false``, ..."""
    return words_for(spec.mapped(lambda _: {"bounds": {}}, unit="1"))


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
    if "ge" in bounds and "le" in bounds:
        return f" from {_number(bounds['ge'])} to {_number(bounds['le'])}"
    words = {"ge": "of at least", "gt": "above", "lt": "below",
             "le": "up to" if "gt" in bounds else "of at most"}  # fmt: skip
    said = [f"{word} {_number(bounds[name])}" for name, word in words.items() if name in bounds]
    return f" {' and '.join(said)}" if said else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)
