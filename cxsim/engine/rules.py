"""Functions with their rules exchanged, fingerprinted and compiled.

Passes and rules are plain Python functions that call each other by name. To
exchange a rule, or to compile, a function is built anew over the same code with
other globals, and so are all that call it; nothing is edited in place.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

import numpy as np

__all__ = ["code_digest", "exchanged", "names_of_rules", "source_digest"]


@functools.cache
def _names(code: CodeType) -> tuple[str, ...]:
    """Global names that code uses, in itself or in functions nested in it, in order."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(_names(constant))
    return tuple(sorted(names))


def callees(function: FunctionType) -> dict[str, FunctionType]:
    """Return the plain Python functions that a function calls by global name."""
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


def rebuilt(function: FunctionType, replacements: Mapping[str, Any]) -> FunctionType:
    """Return the function over other globals."""
    made = FunctionType(
        function.__code__,
        {**function.__globals__, **replacements},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__module__ = function.__module__
    made.__qualname__ = function.__qualname__
    made.__doc__ = function.__doc__
    made.__annotations__ = dict(function.__annotations__)
    return made


def exchanged(function: Any, rules: Mapping[str, Callable[..., Any]]) -> FunctionType:
    """Return a function in which rules are exchanged by name, at any depth of calls."""
    if not rules:
        return function
    replacements = {}
    for name, callee in callees(function).items():
        substitute = rules.get(rule_name(callee))
        if substitute is None:
            substitute = exchanged(callee, rules)
        else:
            _check_signature(rule_name(callee), callee, substitute)
            substitute = _annotated_like(callee, substitute)  # type: ignore[arg-type]
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


def names_of_rules(functions: list[FunctionType]) -> set[str]:
    """Return the names of all rules that functions call, at any depth."""
    names: set[str] = set()
    for function in functions:
        for callee in callees(function).values():
            names.add(rule_name(callee))
            names |= names_of_rules([callee])
    return names


# --- fingerprints -----------------------------------------------------------------


def _constant(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return hashlib.sha256(value.tobytes()).hexdigest()
    return repr(value)


def _dependencies(function: FunctionType) -> list[str]:
    """Describe the constants that a function reads: globals that are data, and its closure."""
    found = []
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        if isinstance(value, (int, float, str, tuple, list, dict, frozenset, np.ndarray)):
            found.append(f"{name}={_constant(value)}")
    closure = [_constant(cell.cell_contents) for cell in function.__closure__ or ()]
    return found + closure


@functools.cache
def _code_text(code: CodeType) -> str:
    constants = [_code_text(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return repr((code.co_code, constants, code.co_names, code.co_varnames))


def _walk(
    function: FunctionType, describe: Callable[[FunctionType], str], seen: dict[Any, Any]
) -> None:
    if id(function) in seen:
        return
    seen[id(function)] = "\n".join(
        [rule_name(function), describe(function), *_dependencies(function)]
    )
    for callee in callees(function).values():
        _walk(callee, describe, seen)


def _digest(functions: list[FunctionType], describe: Callable[[FunctionType], str]) -> str:
    seen: dict[int, str] = {}
    for function in functions:
        _walk(function, describe, seen)
    return hashlib.sha256("\n\n".join(sorted(seen.values())).encode()).hexdigest()[:16]


def code_digest(function: FunctionType) -> str:
    """Return a fingerprint of what a function does, callees included, for this interpreter.

    It sees the code in memory and never the file, which may have changed since.
    """
    return _digest([function], lambda f: _code_text(f.__code__))


@functools.cache
def _source(code: CodeType) -> str:
    try:
        return textwrap.dedent(inspect.getsource(code))
    except (OSError, TypeError):
        return _code_text(code)


def source_digest(functions: list[FunctionType]) -> str:
    """Return a fingerprint of functions' source, callees included, the same on every Python.

    Two lambdas may share a line of source, so theirs adds the code in memory.
    """

    def describe(function: FunctionType) -> str:
        text = _source(function.__code__)
        return text + _code_text(function.__code__) if "<lambda>" in function.__name__ else text

    return _digest(functions, describe)
