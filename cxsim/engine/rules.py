"""Exchange of rules: functions rebuilt with other rules.

Passes and rules are plain Python functions that call each other by name. To
exchange a rule, or to compile, a function is built anew over the same code with
other globals, and so are all that call it; nothing is edited in place.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from cxsim.identity.trees import text_of
from cxsim.messages import hint, renamed


@functools.cache
def _names(code: CodeType) -> tuple[str, ...]:
    """Global names that code uses, in itself or in functions nested in it, in order."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(_names(constant))
    return tuple(sorted(names))


def callees(function: FunctionType) -> dict[str, FunctionType]:
    """Return the plain Python functions that a function calls by global name.

    Parameters
    ----------
    function : function

    Returns
    -------
    dict of str to function
        By the name that the function has for each.
    """
    found = {name: function.__globals__.get(name) for name in _names(function.__code__)}
    return {name: f for name, f in found.items() if isinstance(f, FunctionType)}


def rule_name(function: FunctionType) -> str:
    """Return the name a rule is exchanged by: ``"learning.learned"``.

    Raises
    ------
    TypeError
        If the function belongs to no module, as one made by ``exec`` may.
    """
    if not function.__module__:
        raise TypeError(
            f"rule {function.__name__!r}: expected a function of a module, found one made "
            "outside of any (give it a __module__)"
        )
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def rebuilt(
    function: FunctionType,
    replacements: Mapping[str, Any],
    closure: tuple[CellType, ...] | None = None,
) -> FunctionType:
    """Return the function over other globals, and over another closure where one is given.

    Parameters
    ----------
    function : function
    replacements : mapping of str to object
        New values of globals.
    closure : tuple of cell, optional

    Returns
    -------
    function
        With defaults, annotations and attributes of the first.
    """
    made = FunctionType(
        function.__code__,
        {**function.__globals__, **replacements},
        function.__name__,
        function.__defaults__,
        function.__closure__ if closure is None else closure,
    )
    made.__kwdefaults__ = function.__kwdefaults__ and dict(function.__kwdefaults__)
    made.__dict__.update(function.__dict__)
    made.__module__ = function.__module__
    made.__qualname__ = function.__qualname__
    made.__doc__ = function.__doc__
    made.__annotations__ = dict(function.__annotations__)
    return made


def exchanged(function: Any, rules: Mapping[str, Callable[..., Any]]) -> FunctionType:
    """Return a function in which rules are exchanged by name, at any depth of calls.

    Parameters
    ----------
    function : function
    rules : mapping of str to callable
        Functions of the same number of arguments, by the name of the rule (:func:`rule_name`).

    Returns
    -------
    function
        The same one where it calls none of the rules.

    Raises
    ------
    TypeError
        If a rule is no plain function, or takes another number of arguments.
    """
    if not rules:
        return function
    replacements = {}
    for name, callee in callees(function).items():
        substitute = rules.get(rule_name(callee))
        if substitute is None:
            substitute = exchanged(callee, rules)
        else:
            _check_signature(rule_name(callee), callee, substitute)
            substitute = _annotated_like(callee, widened(substitute))
        if substitute is not callee:
            replacements[name] = substitute
    return rebuilt(function, replacements) if replacements else function


def _annotated_like(rule: FunctionType, substitute: FunctionType) -> FunctionType:
    """Give a user's rule the types of the one it stands in for (both take the same numbers)."""
    made = rebuilt(substitute, {})
    types = list(rule.__annotations__.items())
    parameters = list(inspect.signature(rule).parameters)
    own = list(inspect.signature(substitute).parameters)
    renamed = dict(zip(parameters, own, strict=True))
    made.__annotations__ = {renamed.get(name, name): kind for name, kind in types}
    return made


def _check_signature(name: str, rule: Callable[..., Any], substitute: Callable[..., Any]) -> None:
    wanted = list(inspect.signature(rule).parameters)
    if not isinstance(substitute, FunctionType):
        raise TypeError(f"rule {name!r}: expected a plain function, found {substitute!r}")
    got = list(inspect.signature(substitute).parameters)
    if len(got) != len(wanted):
        raise TypeError(
            f"rule {name!r}: expected a function of ({', '.join(wanted)}), "
            f"found one of ({', '.join(got)})"
        )


def rules_of(functions: Iterable[Any]) -> dict[str, FunctionType]:
    """Return all rules that functions call, at any depth, by name.

    Parameters
    ----------
    functions : iterable of function

    Returns
    -------
    dict of str to function
    """
    found: dict[str, FunctionType] = {}
    for function in functions:
        for callee in callees(function).values():
            found[rule_name(callee)] = callee
            found |= rules_of([callee])
    return found


def names_of_rules(functions: Iterable[FunctionType]) -> set[str]:
    """Return the names of all rules that functions call, at any depth."""
    return set(rules_of(functions))


def near_rule(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'X'?)`` for an unknown name of a rule: its present name."""
    names = sorted(known)
    function = name.rpartition(".")[2]
    moved = [each for each in names if each.endswith(f".{function}")]
    now = renamed(name, names) or renamed(function, names)
    if now is None and len(moved) == 1:
        now = moved[0]
    return hint(name, names, listed=0) if now is None else f" (did you mean {now!r}?)"


# --- constants --------------------------------------------------------------------


def widened(function: Any) -> FunctionType:
    """Return a user's function over constants as wide as those of rules: doubles, 64-bit numbers.

    A NumPy scalar or array of fewer bits would be widened by the compiler, and would narrow
    what it meets in the interpreter.

    Parameters
    ----------
    function : function

    Raises
    ------
    TypeError
        If a narrow number is asked of a module, where it cannot be widened.
    """
    return _widened(function, {})


def _widened(function: FunctionType, seen: dict[int, FunctionType]) -> FunctionType:
    if id(function) in seen or (function.__module__ or "").partition(".")[0] == "cxsim":
        return seen.get(id(function), function)
    _check_modules(function)
    seen[id(function)] = function  # a rule that calls itself keeps doing so
    replaced = {}
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        wide = _widened(value, seen) if isinstance(value, FunctionType) else _wide(value)
        if wide is not value:
            replaced[name] = wide
    cells = function.__closure__ or ()
    held = [_content(cell) for cell in cells]
    inside = [_widened(v, seen) if isinstance(v, FunctionType) else _wide(v) for v in held]
    defaults = _wide(function.__defaults__)
    if not replaced and defaults is function.__defaults__ and _same(held, inside):
        return function
    made = rebuilt(function, replaced)
    made.__defaults__ = defaults
    if not _same(held, inside):
        new = tuple(
            cell if old is value else CellType(value)
            for cell, old, value in zip(cells, held, inside, strict=True)
        )
        made = rebuilt(made, {}, new)
    seen[id(function)] = made
    return made


def _same(one: list[Any], other: list[Any]) -> bool:
    return all(a is b for a, b in zip(one, other, strict=True))


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing is in it yet
        return None


def _wide(value: Any) -> Any:
    """Return a constant in 64 bits; what is as wide already, or no number, as it is."""
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating) and value.dtype.itemsize <= 8:
        return float(value)
    if isinstance(value, np.ndarray) and value.dtype.itemsize < 8:
        wide = {"f": np.float64, "i": np.int64, "u": np.int64}.get(value.dtype.kind)
        return value if wide is None else value.astype(wide)
    if type(value) is tuple:
        wides = tuple(map(_wide, value))
        return value if all(a is b for a, b in zip(value, wides, strict=True)) else wides
    return value


def _check_modules(function: FunctionType) -> None:
    """Refuse numbers of fewer than 64 bits that a function asks a module for."""
    for root, *rest in text_of(function.__code__, function.__globals__).chains:
        value = function.__globals__.get(root)
        for attribute in rest:
            if not isinstance(value, ModuleType):
                break
            value = getattr(value, attribute, None)
        if rest and isinstance(value, (np.generic, np.ndarray)) and value.dtype.itemsize < 8:
            text = f"{'.'.join([root, *rest])}: expected a number of 64 bits, found {value.dtype}"
            raise TypeError(f"rule {rule_name(function)!r}: {text}")
