"""Compilation of passes with numba, and storage of the machine code for later processes.

numba's own cache asks whether the *file* of a function changed. A pass calls
rules of other files, and rules can be exchanged, so here the key is the fingerprint
of the pass, of everything it calls and of all data behind it (:mod:`cxsim.identity`): a
changed rule has another key and can never meet stale machine code.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import hashlib
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import numpy as np

from cxsim.engine.code_folders import usable_folders
from cxsim.engine.rules import callees, rebuilt, rule_name
from cxsim.identity import fingerprint

_TYPES = {
    "float": "float64",
    "int": "int64",
    "Word": "uint64",
    "bool": "boolean",
    "tuple[float, int]": "Tuple((float64, int64))",
}
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
#: Where passes are strung together, rules go into them whole: a call costs more than most of
#: them compute.
_INLINE: dict[str, Any] = {"forceinline": True}
_rules: dict[tuple[str, str], Any] = {}
_passes: dict[tuple[str, Any, bool], tuple[int, Any]] = {}
_plain_passes: dict[tuple[str, Any, bool], Any] = {}

#: What decides the type of an argument of a pass.
Kind = tuple[Any, ...]


def _options(*, checked: bool) -> dict[str, Any]:
    return {**_OPTIONS, "boundscheck": True} if checked else _OPTIONS


def compiled_pass(
    function: FunctionType,
    kinds: tuple[Kind, ...],
    code: str | None = None,
    *,
    checked: bool = False,
) -> int:
    """Return the address of a pass compiled for arguments of these kinds, behind an entry.

    Machine code found on disk is used as it is; the pass, and the rules that it calls, are
    compiled only where there is none. ``code`` is the fingerprint of the function, where it
    is known already. A ``checked`` pass fails where an index lies outside of its array.

    Parameters
    ----------
    function : function
        The pass.
    kinds : tuple
        What decides the type of each argument (:func:`kind_of`).
    code : str, optional
        Fingerprint of the function.
    checked : bool
        Whether indices are checked.

    Returns
    -------
    int
        Valid as long as the process lives.
    """
    code = fingerprint(function, rule_name(function)) if code is None else code
    found = _passes.get((code, kinds, checked))
    if found is None:
        found = _passes[code, kinds, checked] = _entry(function, code, kinds, checked=checked)
    return found[0]


def plain_pass(
    function: FunctionType,
    kinds: tuple[Kind, ...],
    code: str | None = None,
    *,
    checked: bool = False,
) -> Any:
    """Return a pass compiled for arguments of these kinds, to be called from Python.

    With numba's public interface only, and nothing kept on disk: numba's own cache would not
    see that a rule has changed.

    Parameters
    ----------
    function : function
        The pass.
    kinds : tuple
        What decides the type of each argument (:func:`kind_of`).
    code : str, optional
        Fingerprint of the function.
    checked : bool
        Whether indices are checked.

    Returns
    -------
    numba dispatcher
    """
    import numba

    code = fingerprint(function, rule_name(function)) if code is None else code
    found = _plain_passes.get((code, kinds, checked))
    if found is None:
        options = _options(checked=checked)
        signature = numba.void(*(_numba_type(kind) for kind in kinds))
        with _named("pass", function):
            found = numba.njit(signature, **options)(_with_compiled_rules(function, options))
        _plain_passes[code, kinds, checked] = found
    return found


def kind_of(argument: Any, *, strided: bool = False) -> Kind:
    """Return what decides an argument's type: whole number, or element, axes and order.

    Parameters
    ----------
    argument : ndarray or int
    strided : bool
        Whether an array is to count as one of any strides.

    Returns
    -------
    tuple
        ``("number",)`` or (type, number of axes, ``"C"`` or ``"A"``).
    """
    if not isinstance(argument, np.ndarray):
        return ("number",)
    order = "C" if argument.flags.c_contiguous and not strided else "A"
    return (argument.dtype.str, argument.ndim, order)


def _entry(
    function: FunctionType, code: str, kinds: tuple[Kind, ...], *, checked: bool
) -> tuple[int, Any]:
    """Return the address of an entry, and what keeps its machine code alive."""
    import numba

    from cxsim.engine.native import address_of, compiled, wrapper_for

    signature = (numba.int64,)
    stub = cast(FunctionType, _stub)
    options = _options(checked=checked)
    how = f"{_how()} checked" if checked else _how()
    digest = hashlib.sha256(f"{code} {kinds} {how}".encode()).hexdigest()[:24]

    own = rebuilt(stub, {})
    own.__name__ = function.__name__
    made = numba.njit(**_OPTIONS)(own)
    found = _load(made, digest, signature)
    if found is None:
        types = [_numba_type(kind) for kind in kinds]
        ready = _with_compiled_rules(function, {**options, **_INLINE})
        with _named("pass", function):
            call = wrapper_for(compiled(ready, types, options), types)
        own = rebuilt(stub, {"_call": call})
        own.__name__ = function.__name__
        own.__qualname__ = f"{function.__name__}_{digest}"
        made = numba.njit(**_OPTIONS)(own)
        _keep(made, digest)
        made.compile(signature)
        found = made.overloads[signature]
    return address_of(found), found


def _stub(frame: Any) -> None:
    _call(frame)


#: What a stub calls; each entry has its own.
_call: Any = None


def _numba_type(kind: Kind) -> Any:
    import numba

    if kind == ("number",):
        return numba.int64
    element, axes, order, *more = kind
    return numba.types.Array(
        numba.from_dtype(np.dtype(element)), axes, order, readonly="readonly" in more
    )


@functools.cache
def compiled_runner() -> Any:
    """Return the compiled function that calls entry after entry, from disk if it is there."""
    import numba

    from cxsim.engine.native import run_passes

    row = numba.int64[::1]
    table = numba.int64[:, ::1]
    signature = (row, row, row, table, table, *[numba.int64] * 3)
    made = numba.njit(**_OPTIONS)(run_passes)
    found = _load(made, f"play-{_how()}", signature)
    if found is None:
        made.compile(signature)
    else:
        made.targetctx.insert_user_function(found.entry_point, found.fndesc, [found.library])
        made.add_overload(found)
    return made


@functools.cache
def _how() -> str:
    """Fingerprint of how passes are compiled."""
    from cxsim.engine import native

    sources = [Path(str(module.__file__)).read_bytes() for module in (native,)]
    settings = repr((_OPTIONS, _INLINE, sources))
    return hashlib.sha256(settings.encode()).hexdigest()[:8]


def _with_compiled_rules(function: FunctionType, options: dict[str, Any]) -> FunctionType:
    """Return the function over compiled callees, under a name of its own.

    numba names machine code by qualified name and a counter that starts anew in every
    process. Code that different processes put on disk may meet in a third, so the
    name has to tell apart whatever differs.
    """
    rules = {name: compiled_rule(callee, options) for name, callee in callees(function).items()}
    made = rebuilt(function, rules)
    checked = "_checked" if "boundscheck" in options else ""
    made.__qualname__ = f"{function.__name__}_{fingerprint(function, rule_name(function))}{checked}"
    if made.__module__ not in sys.modules:  # it came by value: numba would import its module
        made.__module__ = None  # type: ignore[assignment]
    return made


def compiled_rule(function: FunctionType, options: dict[str, Any] | None = None) -> Any:
    """Compile what a pass calls, with options of ``numba.njit`` (default: those of fast passes).

    A function with a return annotation is a rule: it is compiled for doubles (or
    what its annotations say), so that 32-bit columns widen before any arithmetic.
    """
    import numba

    from cxsim.engine.native import LOWERED

    options = {**_OPTIONS, **_INLINE} if options is None else options
    key = fingerprint(function, rule_name(function)), repr(options)
    if key not in _rules:
        function = cast(FunctionType, LOWERED.get(rule_name(function), function))
        ready = _with_compiled_rules(function, options)
        signature = _signature(function)
        with _named("rule", function):
            _rules[key] = (
                numba.njit(**options)(ready)
                if signature is None
                else numba.njit(signature, **options)(ready)
            )
    return _rules[key]


@contextlib.contextmanager
def _named(kind: str, function: FunctionType) -> Iterator[None]:
    """Return the function that cannot be compiled, and the reason, in one line."""
    import numba

    try:
        yield
    except numba.NumbaError as problem:
        raise TypeError(
            f"{kind} {rule_name(function)!r} cannot be compiled: expected arithmetic on numbers, "
            f"found {_reason(problem)} in {_place(problem, function)} "
            "(engine='agents' runs it as it is)"
        ) from problem


#: What lines of numba's messages begin with that say where it was, not what it found.
_WHERE = ("Failed in", "During:", "File ", "<source", "Enable logging", "This error may", "-----")


def _reason(problem: Exception) -> str:
    """Return the first line of a message of numba's that says what it found."""
    lines = [line.strip() for line in str(problem).splitlines()]
    said = [line for line in lines if line.strip("~^ -") and not line.startswith(_WHERE)]
    if not said:
        return type(problem).__name__
    call = next((line.removeprefix(">>>") for line in said if line.startswith(">>>")), "")
    return said[0].partition(", defined at")[0].rstrip(" .:") + call.rstrip()


def _place(problem: Exception, function: FunctionType) -> str:
    """Return file and line of what a message of numba's is about."""
    said = re.search(r'File "([^"]+)", line (\d+)', str(problem))
    if said is not None:
        return f"{Path(said[1]).name}, line {said[2]}"
    code = function.__code__
    line = code.co_firstlineno
    unknown = re.search("name '(.+)' is not defined", str(problem))
    for step in dis.get_instructions(code) if unknown else ():
        line = step.starts_line or line
        if step.argval == unknown[1]:  # type: ignore[index]
            break
    return f"{Path(code.co_filename).name}, line {line}"


def _signature(function: FunctionType) -> str | None:
    annotations = function.__annotations__
    if "return" not in annotations:
        return None
    code = function.__code__
    arguments = code.co_varnames[: code.co_argcount]

    def kind(name: str) -> str:
        annotation = annotations.get(name, "float")
        return _TYPES[annotation if isinstance(annotation, str) else annotation.__name__]

    return f"{kind('return')}({', '.join(kind(name) for name in arguments)})"


def _keep(dispatcher: Any, digest: str) -> Any:
    """Give a dispatcher a cache on disk, keyed by digest; None where numba does not let us."""
    try:
        from cxsim.engine.disk_cache import DigestCache

        dispatcher._cache = DigestCache(dispatcher.py_func, digest, usable_folders())
    except (ImportError, AttributeError, TypeError) as problem:  # numba's internals moved
        warnings.warn(f"compiled code is not kept on disk: {problem}", stacklevel=2)
        return None
    return dispatcher._cache


def _load(dispatcher: Any, digest: str, types: tuple[Any, ...]) -> Any:
    cache = _keep(dispatcher, digest)
    return cache.load_overload(types, dispatcher.targetctx) if cache else None
