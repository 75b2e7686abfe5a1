"""The registry of names: every name has one owner, and unknown names are refused.

Passes receive arrays by the names of their arguments, runs report measures by name, passes ask
for an order by name. A second owner of a name would silently replace the first, and a
misspelt name would silently have no effect: both are refused here, in one line with the owners and
the nearest valid name. What a mechanism alone determines is checked when it is registered; what a
scenario determines (axes, arrays made once, probes) when a run begins.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from cxsim.engine.rules import names_of_rules
from cxsim.messages import hint
from cxsim.model.mechanism import PHASES, Mechanism, Pass
from cxsim.parameters import Parameters, group_in

#: Arguments available to passes of all mechanisms, with their meaning.
_GIVEN = {
    "n": "the number of customers in a block",
    "first": "the number of a block's first customer",
    "clock": "the period",
    "n_firms": "the number of firms",
    "n_customers": "the number of customers",
}
#: Arguments that begin so are made from names of another kind.
_PREFIXES = {
    "firm_": "parameters of firms",
    "segment_": "parameters of segments",
    "market_": "parameters of the market",
    "key_": "keys of draws",
    "sum_": "accumulators",
    "total_": "totals",
    "all_": "shared columns",
    "n_": "sizes of axes",
}
#: Axes of every market.
_AXES = ("firm", "option", "previous_supplier", "segment", "need", "member")
#: Owner of what every market has.
CORE = "the package"

#: The key of a name: where it is looked up, and the name there.
Key = tuple[str, str]


@dataclass(frozen=True)
class Name:
    """A name in use: its kind (``"column"``), the name, its owner, its key."""

    kind: str
    name: str
    owner: str
    keys: tuple[Key, ...]


# --- one owner for each name --------------------------------------------------------


def taken_names(
    mechanisms: tuple[Mechanism, ...], reserved: tuple[Name, ...] = ()
) -> dict[Key, Name]:
    """Return the names that mechanisms bring, by what they are found by.

    Parameters
    ----------
    mechanisms : tuple of Mechanism
    reserved : tuple of Name
        What belongs to others: the package's own measures and frames.

    Raises
    ------
    ValueError
        If two have one name.
    """
    key = id(reserved), *map(id, mechanisms)
    found = _taken.get(key)
    if found is None:
        taken = {key: name for name in (*_given(), *reserved) for key in name.keys}
        for mechanism in mechanisms:
            for name in _names_of(mechanism):
                _take(name, taken)
        found = (reserved, mechanisms), taken
        if len(_taken) >= 64:
            _taken.clear()
        _taken[key] = found
    return found[1]


#: By addresses, which stay those of their objects as long as these stand here themselves.
_taken: dict[tuple[int, ...], tuple[Any, dict[Key, Name]]] = {}


def check_arrays(
    taken: Mapping[Key, Name], mechanism: Mechanism, names: Iterable[str], made: dict[Key, Name]
) -> None:
    """Refuse arrays of a mechanism's ``setup`` that have another's name.

    Parameters
    ----------
    taken : mapping
        Of :func:`taken_names`.
    mechanism : Mechanism
    names : iterable of str
        Of the arrays. A table of the mechanism's own may be among them, to start from values.
    made : dict
        Names of what other mechanisms made; its own are added.

    Raises
    ------
    ValueError
        If a name is another's, or one that passes know otherwise.
    """
    own = {table if isinstance(table, str) else table[0] for table in mechanism.tables}
    for name in names:
        if name not in own:
            _take(Name("array", name, _of(mechanism), (("argument", name),)), made, taken)


def check_axes(mechanisms: Iterable[Mechanism], scenario: Any) -> None:
    """Refuse axes that two mechanisms bring, and columns, draws and totals along unknown ones.

    Parameters
    ----------
    mechanisms : iterable of Mechanism
    scenario : Scenario

    Raises
    ------
    ValueError
        With the owners, or the nearest axis.
    """
    mechanisms = tuple(mechanisms)
    taken = dict(taken_names(mechanisms))
    for axis in _AXES:
        taken["axis", axis] = Name("axis", axis, CORE, ())
    for mechanism in mechanisms:
        for axis in mechanism.axes(scenario):
            keys = (("axis", axis), ("argument", f"n_{axis}"))
            _take(Name("axis", axis, _of(mechanism), keys), taken)
    known = {name for kind, name in taken if kind == "axis"}
    for mechanism in mechanisms:
        for kind, name, axes in _with_axes(mechanism):
            usable = known - {"previous_supplier"} if kind == "draw" else known
            for each in axes:
                if isinstance(each, str) and each not in usable:
                    raise ValueError(
                        f"{_of(mechanism)}: {kind} {name!r}: expected axes of the market, "
                        f"found {each!r}{hint(each, usable)}"
                    )


def _with_axes(mechanism: Mechanism) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    for kind, each in _declared(mechanism):
        yield kind, each.name, each.axes
    for table in mechanism.tables:
        if not isinstance(table, str):
            yield "table", *table


def _declared(mechanism: Mechanism) -> Iterator[tuple[str, Any]]:
    yield from (("column", each) for each in mechanism.columns)
    yield from (("draw", each) for each in mechanism.draws)
    yield from (("accumulator", each) for each in mechanism.accumulators)


def _take(name: Name, taken: dict[Key, Name], *more: Mapping[Key, Name]) -> None:
    """Give a name to its owner, unless it is another's."""
    for key in name.keys:
        other = next((each[key] for each in (taken, *more) if key in each), None)
        if other is not None:
            raise ValueError(
                f"{name.owner}: {name.kind} {name.name!r}: expected a name of its own, found "
                f"that of {_named(other)}{_free(name, taken, *more)}"
            )
    if name.kind in ("column", "table", "array"):
        for prefix, meaning in _PREFIXES.items():
            if name.name.startswith(prefix):
                raise ValueError(
                    f"{name.owner}: {name.kind} {name.name!r}: expected a name that does not "
                    f"begin with {prefix!r}, by which passes know {meaning} of {CORE} and of "
                    f"mechanisms{_free(name, taken, *more)}"
                )
    taken.update(dict.fromkeys(name.keys, name))


def _named(other: Name) -> str:
    if other.kind == "argument":
        return f"{_GIVEN[other.name]}, which every pass knows"
    called = f" {other.name!r}" if ("argument", other.name) not in other.keys else ""
    article = "an" if other.kind[0] in "aeiou" else "a"
    return f"{article} {other.kind}{called} of {other.owner}"


def _free(name: Name, *taken: Mapping[Key, Name]) -> str:
    """Return the nearest name that is free: with the mechanism's own before it."""
    own = name.owner.split("'")[1]
    rest = name.name
    for prefix in _PREFIXES:
        rest = rest.removeprefix(prefix)
    free = f"{own}_{rest}"
    keys = [(where, key.replace(name.name, free)) for where, key in name.keys]
    usable = not any(key in each for key in keys for each in taken)
    return f" (did you mean {free!r}?)" if usable else ""


def _of(mechanism: Mechanism) -> str:
    return f"mechanism {mechanism.name!r}"


def _given() -> Iterator[Name]:
    """Yield the arguments that every pass may have."""
    for name in _GIVEN:
        yield Name("argument", name, CORE, (("argument", name),))


def _names_of(mechanism: Mechanism) -> Iterator[Name]:
    """Names that a mechanism brings to every market it takes part in."""
    owner = _of(mechanism)
    for level in ("market", "segment", "firm"):
        for name in _parameters(getattr(mechanism, level), level):
            yield Name("parameter", name, owner, (("argument", name),))
    for column in mechanism.columns:
        also = ((("argument", f"all_{column.name}")),) if column.shared else ()
        yield Name("column", column.name, owner, (("argument", column.name), *also))
    for draw in mechanism.draws:
        keys = (("argument", f"key_{draw.name}"), ("stream", draw.stream or draw.name))
        yield Name("draw", draw.name, owner, keys)
    for total in mechanism.accumulators:
        keys = (("argument", f"sum_{total.name}"), ("argument", f"total_{total.name}"))
        yield Name("accumulator", total.name, owner, keys)
    for table in mechanism.tables:
        name = table if isinstance(table, str) else table[0]
        yield Name("table", name, owner, (("argument", name),))
    for measure in mechanism.measures:
        yield Name("measure", measure.name, owner, ((measure.level, measure.name),))
    for frame in mechanism.frames:
        yield Name("frame", frame, owner, (("frame", frame),))
    for each in mechanism.passes:
        name = getattr(each.function, "__name__", repr(each.function))
        yield Name("pass", name, owner, (("pass", f"{mechanism.name}.{name}"),))


def _parameters(group: type[Parameters] | None, key: str) -> Iterator[str]:
    """Names of the arrays that parameters become, those of groups below them too."""
    for name, field in group.model_fields.items() if group else ():
        below = group_in(field.annotation)
        if below is None:
            yield f"{key}_{name}"
        else:
            yield from _parameters(below, f"{key}_{name}")


# --- passes and the names that they ask for -----------------------------------------


def check_passes(
    mechanisms: Iterable[Mechanism], known: Iterable[Mechanism], *, later: bool = False
) -> None:
    """Refuse passes that are no functions of a module, or name a phase or pass that nobody has.

    Parameters
    ----------
    mechanisms : iterable of Mechanism
        Whose passes are looked at.
    known : iterable of Mechanism
        Whose passes they may name beside their own, whether those take part or not.
    later : bool
        True to let names of other mechanisms be, which may come to be known.

    Raises
    ------
    ValueError
        With the owner and the nearest name.
    TypeError
        If a pass, or a rule that it calls, is no plain function of a module.
    """
    mechanisms = tuple(mechanisms)
    phases = {
        f"{m.name}.{each.function.__name__}": each.phase
        for m in (*known, *mechanisms)
        for each in m.passes
        if isinstance(each.function, FunctionType)
    }
    owners = {name.partition(".")[0] for name in phases}
    for mechanism in mechanisms:
        for each in mechanism.passes:
            where = f"{_of(mechanism)}: {_function_of(each, _of(mechanism))}"
            if each.phase not in PHASES:
                raise ValueError(
                    f"{where}: expected a phase of the period, found {each.phase!r}"
                    f"{hint(each.phase, PHASES)}"
                )
            asked = [("before", n) for n in each.before] + [("after", n) for n in each.after]
            asked += [("replaces", each.replaces)] if each.replaces else []
            for how, other in asked:
                if other in phases:
                    _check_order(where, each, how, other, phases[other])
                elif not later or other.partition(".")[0] in owners | {mechanism.name}:
                    raise ValueError(
                        f"{where}: {how}: expected a pass of a mechanism that is registered, "
                        f"found {other!r}{_near_pass(other, phases)}"
                    )


def _function_of(each: Pass, owner: str) -> str:
    """Return what a pass is called in messages, if it is a function that can be compiled."""
    function = each.function
    if not isinstance(function, FunctionType):
        raise TypeError(f"{owner}: passes: expected plain functions, found {function!r}")
    if not function.__module__:
        raise TypeError(
            f"{owner}: pass {function.__name__!r}: expected a function of a module, found one "
            "made outside of any (give it a __module__)"
        )
    _rules_of(function)
    return f"pass {function.__name__!r}"


@functools.lru_cache(maxsize=1024)
def _rules_of(function: FunctionType) -> set[str]:
    """Return the names of the rules that a pass calls, which have to have names."""
    return names_of_rules([function])


def _check_order(where: str, each: Pass, how: str, other: str, phase: str) -> None:
    """Refuse an order that the phases make impossible."""
    own, its = PHASES.index(each.phase), PHASES.index(phase)
    if (how == "before" and its < own) or (how == "after" and its > own):
        raise ValueError(
            f"{where}: {how}: expected a pass that phase {each.phase!r} can be {how}, found "
            f"{other!r} of phase {phase!r}, which comes {'first' if its < own else 'later'}"
        )


def _near_pass(name: str, known: Collection[str]) -> str:
    """Return the nearest pass; of the mechanism named, if that is known."""
    of = [each for each in known if each.partition(".")[0] == name.partition(".")[0]]
    return hint(name, known, listed=0) or hint(name, of)
