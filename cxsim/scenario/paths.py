"""Dotted paths into a scenario: ``firms.Tailor.price``, ``firms.*.price``, ``periods``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cxsim.messages import MISSING, Place, Problem, ScenarioError, found, hint, one_line
from cxsim.parameters import Parameters
from cxsim.scenario.fields import Spec

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Target:
    """One place that a dotted path names: its keys, what may stand there, whether it is fixed."""

    keys: Path
    spec: Spec
    fixed: bool


def resolve(root: Spec, raw: Mapping[str, Any], path: str, place: Place) -> tuple[Target, ...]:
    """Find the parameter that a dotted path names.

    Parameters
    ----------
    root : Spec
        What a scenario may contain.
    raw : mapping
        The scenario's data, for the names of firms and segments in it.
    path : str
        Keys joined by dots; ``*`` stands for every name there is. A new name under
        ``firms``, ``segments`` or ``initial`` can end the path, not continue it.
    place : Place
        Where the path stands, for messages.

    Returns
    -------
    tuple of Target
        In order of name; more than one only where the path has a ``*``.

    Raises
    ------
    ScenarioError
        If the path names nothing; the message speaks of the first key that fails.
    """
    if not isinstance(path, str) or not path:
        raise ScenarioError(Problem(place, (), f"expected a dotted path, found {found(path)}"))
    return tuple(_Walk(raw, path, place).below(root, raw, path.split("."), (), False))


class _Walk:
    """One walk along a dotted path."""

    def __init__(self, raw: Mapping[str, Any], path: str, place: Place) -> None:
        firms = raw.get("firms")
        self.firms = list(firms) if isinstance(firms, Mapping) else []
        self.path, self.place = path, place

    def fail(self, text: str) -> ScenarioError:
        return ScenarioError(Problem(self.place, (self.path,), text))

    def below(
        self, spec: Spec, raw: Any, rest: list[str], done: Path, fixed: bool
    ) -> Iterator[Target]:
        fixed = fixed or spec.fixed
        if not rest:
            yield Target(done, spec, fixed)
            return
        key, *rest = rest
        if spec.fields is not None and key in spec.fields:
            yield from self.below(spec.fields[key], _under(raw, key), rest, (*done, key), fixed)
        elif spec.values is not None and spec.values.kinds == {"any"}:
            # The paths inside an event have dots of their own.
            yield Target((*done, ".".join([key, *rest])), spec.values, fixed)
        elif spec.values is not None:
            for name in self.names(spec, raw, key, rest, done):
                below = _under(raw, name)
                yield from self.below(spec.values, below, rest, (*done, name), fixed)
        elif spec.items is not None:
            if not key.isascii() or not key.isdigit() or len(key) > 9:
                raise self.fail(f"expected the number of an item (0, 1, ...), found {key!r}")
            index = int(key)
            yield from self.below(spec.items, _under(raw, index), rest, (*done, index), fixed)
        elif spec.fields is not None:
            raise self.fail(unknown_key(spec, key, done))
        else:
            raise self.fail(f"expected nothing below {'.'.join(map(str, done))}, found {key!r}")

    def names(self, spec: Spec, raw: Any, key: str, rest: list[str], done: Path) -> list[str]:
        """Return the names that ``key`` stands for: itself, or all for ``*``."""
        named_by_firm = spec.by_firm or done == ("initial",)
        names = self.firms if named_by_firm else list(raw) if isinstance(raw, Mapping) else []
        if key == "*":
            if not names:
                raise self.fail(f"expected {done[-1]} for * to stand for, found none")
            return sorted(names)
        # A new firm, segment or entry may be given whole, but there is nothing below it yet.
        if key not in names and (rest or named_by_firm):
            section = "firms" if named_by_firm else str(done[-1])
            what = _ONE_OF.get(section, f"an entry of {section}")
            raise self.fail(f"expected the name of {what}, found {key!r}{hint(key, names)}")
        return [key]


_ONE_OF = {"firms": "a firm", "segments": "a segment"}


def _under(raw: Any, key: str | int) -> Any:
    if isinstance(raw, Mapping):
        return raw.get(key, MISSING)
    if isinstance(raw, tuple) and isinstance(key, int) and key < len(raw):
        return raw[key]
    return MISSING


def unknown_key(spec: Spec, key: Any, path: Path) -> str:
    """Say that ``key`` is not among the fields of a group.

    Parameters
    ----------
    spec : Spec
        Of the group.
    key : object
        As found.
    path : tuple of str or int
        Of the group.

    Returns
    -------
    str
        ``expected ..., found ... (did you mean ...?)``.
    """
    if not path:
        what = "a parameter or section of a scenario"
    elif len(path) == 2 and path[0] in ("firms", "segments"):
        what = f"a parameter of a {str(path[0])[:-1]}"
    else:
        what = f"a parameter of {path[-1] if not isinstance(path[-1], int) else path[-2]}"
    shown = found(key) if isinstance(key, str) else one_line(str(key))
    return f"expected {what}, found {shown}{hint(key, spec.fields or ())}"


def held(model: Any, keys: Path) -> Any:
    """Return the value of a validated model at ``keys``; None below parts that were left out.

    Parameters
    ----------
    model : Parameters
        Validated.
    keys : tuple of str or int

    Returns
    -------
    object

    Raises
    ------
    KeyError, IndexError
        If a mapping or list has no such entry.
    """
    for key in keys:
        if isinstance(model, Parameters):
            model = getattr(model, str(key))
        elif isinstance(model, (dict, tuple)):
            model = model[key]  # type: ignore[index]
        elif model is None:
            return None
        # else: one number for all firms is each firm's number
    return model


def put(raw: Any, keys: Path, value: Any, spec: Spec, *, needs: int, firms: tuple[str, ...]) -> Any:
    """Return scenario data with ``value`` at ``keys``; the data itself stays as it was.

    A number given for all firms is spread over them when one firm's is set; a list
    by need that was left to its default is written out as zeros first.

    Parameters
    ----------
    raw
        Data that ``spec`` describes, ``MISSING`` or ``None`` where there is none.
    keys : tuple
        As in :class:`Target`.
    value
        What to put there; ``None`` under a mapping by name takes the name out.
    spec : Spec
        What may stand where ``raw`` stands.
    needs : int
        Dimensions of need, for lists left to their default.
    firms : tuple of str
        Names of the firms, over which a number for all is spread.

    Raises
    ------
    LookupError
        If a list is too short for a key, or there is no such name to take out.
    """
    if not keys:
        return value
    key, *rest = keys
    child = spec.child(key)
    assert child is not None
    if isinstance(key, int):
        items = list(raw) if isinstance(raw, tuple) else []
        if not items and spec.axes == ("need",):
            items = [0.0] * needs
        if key >= len(items):
            raise IndexError(f"expected the number of an item below {len(items)}, found {key}")
        items[key] = put(items[key], tuple(rest), value, child, needs=needs, firms=firms)
        return tuple(items)
    if isinstance(raw, Mapping):
        data = dict(raw)
    elif spec.by_firm and spec.fields is None:
        whole = spec.default if raw is MISSING else raw
        data = dict.fromkeys(firms, whole)
    elif isinstance(raw, str) and spec.values is not None:
        data = {"name": raw}  # a name alone is short for a mapping of it
    else:
        data = {}
    if value is None and not rest and spec.values is not None and not child.nullable:
        if key not in data:
            text = f"expected a name to take out, found {key!r}{hint(key, data)}"
            raise LookupError(text)
        del data[key]
    else:
        below = data.get(key, MISSING)
        data[key] = put(below, tuple(rest), value, child, needs=needs, firms=firms)
    return data
