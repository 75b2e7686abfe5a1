"""Compiling passes with numba, and keeping the machine code where later processes find it.

numba's own cache asks whether the *file* of a function changed. A pass calls
rules of other files, and rules can be exchanged, so here the key is a digest of
the code of the pass and of everything it calls: a changed rule has another key
and can never meet stale machine code.
"""

from __future__ import annotations

import functools
import hashlib
import warnings
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import numpy as np

from cxsim.engine.code_folders import usable_folders
from cxsim.engine.rules import callees, code_digest, rebuilt, rule_name

__all__ = ["compiled_pass", "compiled_player", "compiled_rule", "kind_of"]

_TYPES = {"float": "float64", "int": "int64", "Word": "uint64", "bool": "boolean"}
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
#: Rules go into the pass whole: a call costs more than most of them compute.
_RULE_OPTIONS: dict[str, Any] = {**_OPTIONS, "forceinline": True}
_rules: dict[str, Any] = {}
_passes: dict[tuple[str, Any], tuple[int, Any]] = {}

#: What decides the type of an argument of a pass.
Kind = tuple[Any, ...]


def compiled_pass(function: FunctionType, kinds: tuple[Kind, ...], code: str | None = None) -> int:
    """Return the address of a pass compiled for arguments of these kinds, behind an entry.

    Machine code found on disk is used as it is; the pass, and the rules that it calls, are
    compiled only where there is none. ``code`` is the fingerprint of the function, where it
    is known already.
    """
    code = code_digest(function) if code is None else code
    found = _passes.get((code, kinds))
    if found is None:
        found = _passes[code, kinds] = _entry(function, code, kinds)
    return found[0]


def kind_of(argument: Any, *, strided: bool = False) -> Kind:
    """Return what decides an argument's type: whole number, or element, axes and order."""
    if not isinstance(argument, np.ndarray):
        return ("number",)
    order = "C" if argument.flags.c_contiguous and not strided else "A"
    return (argument.dtype.str, argument.ndim, order)


def _entry(function: FunctionType, code: str, kinds: tuple[Kind, ...]) -> tuple[int, Any]:
    """Return the address of an entry, and what keeps its machine code alive."""
    import numba

    from cxsim.engine.entry import address_of, compiled, entry_to

    signature = (numba.int64,)
    stub = cast(FunctionType, _stub)
    digest = hashlib.sha256(f"{code} {kinds} {_how()}".encode()).hexdigest()[:24]

    own = rebuilt(stub, {})
    own.__name__ = function.__name__
    made = numba.njit(**_OPTIONS)(own)
    found = _load(made, digest, signature)
    if found is None:
        types = [_numba_type(kind) for kind in kinds]
        call = entry_to(compiled(_with_compiled_rules(function), types, _OPTIONS), types)
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
    element, axes, order = kind
    return numba.types.Array(numba.from_dtype(np.dtype(element)), axes, order)


@functools.cache
def compiled_player() -> Any:
    """Return the compiled function that calls entry after entry, from disk if it is there."""
    import numba

    from cxsim.engine.entry import play

    row = numba.int64[::1]
    table = numba.int64[:, ::1]
    signature = (row, row, row, table, table, *[numba.int64] * 3)
    made = numba.njit(**_OPTIONS)(play)
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
    from cxsim.engine import entry, lowering

    sources = [Path(str(module.__file__)).read_bytes() for module in (entry, lowering)]
    settings = repr((_OPTIONS, _RULE_OPTIONS, sources))
    return hashlib.sha256(settings.encode()).hexdigest()[:8]


def _with_compiled_rules(function: FunctionType) -> FunctionType:
    """Return the function over compiled callees, under a name of its own.

    numba names machine code by qualified name and a counter that starts anew in every
    process. Code that different processes put on disk may meet in a third, so the
    name has to tell apart whatever differs.
    """
    made = rebuilt(
        function, {name: compiled_rule(callee) for name, callee in callees(function).items()}
    )
    made.__qualname__ = f"{function.__name__}_{code_digest(function)}"
    return made


def compiled_rule(function: FunctionType) -> Any:
    """Compile what a pass calls.

    A function with a return annotation is a rule: it is compiled for doubles (or
    what its annotations say), so that 32-bit columns widen before any arithmetic.
    """
    import numba

    from cxsim.engine.lowering import LOWERED

    if rule_name(function) in LOWERED:
        return LOWERED[rule_name(function)]
    digest = code_digest(function)
    if digest not in _rules:
        ready = _with_compiled_rules(function)
        signature = _signature(function)
        try:
            _rules[digest] = (
                numba.njit(**_RULE_OPTIONS)(ready)
                if signature is None
                else numba.njit(signature, **_RULE_OPTIONS)(ready)
            )
        except numba.core.errors.NumbaError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise TypeError(
                f"rule {rule_name(function)!r} cannot be compiled: expected arithmetic on "
                f"numbers, found {reason.strip()} (engine='agents' runs it as it is)"
            ) from problem
    return _rules[digest]


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
