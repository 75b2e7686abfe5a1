"""Compiling passes with numba, and keeping the machine code where later processes find it.

numba's own cache asks whether the *file* of a function changed. A pass calls
rules of other files, and rules can be exchanged, so here the key is a digest of
the code of the pass and of everything it calls: a changed rule has another key
and can never meet stale machine code.
"""

from __future__ import annotations

import functools
import hashlib
import os
import warnings
from pathlib import Path
from types import FunctionType
from typing import Any

from cxsim.engine.rules import callees, code_digest, rebuilt, rule_name

__all__ = ["cache_folders", "compiled_pass"]

_TYPES = {"float": "float64", "int": "int64", "Word": "uint64", "bool": "boolean"}
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
#: Rules go into the pass whole: a call costs more than most of them compute.
_RULE_OPTIONS: dict[str, Any] = {**_OPTIONS, "forceinline": True}
_NAMING = "code digest, disjoint"
_rules: dict[str, Any] = {}
_passes: dict[tuple[str, Any], Any] = {}


def cache_folders() -> list[Path]:
    """Return the folders searched for machine code; the first that is writable is written.

    ``CXSIM_CACHE_DIR`` names one or more (separated like ``PATH``); a read-only one
    may stand among them, as on a classroom's shared disk. Default: the user's cache.
    """
    named = os.environ.get("CXSIM_CACHE_DIR")
    if named:
        return [Path(part) for part in named.split(os.pathsep) if part]
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [Path(base) / "cxsim"]


def compiled_pass(function: FunctionType, arguments: tuple) -> Any:
    """Return the compiled form of a pass for arguments of these types.

    Machine code found on disk is used as it is; the rules that a pass calls are
    compiled only when the pass itself has to be.
    """
    import numba

    from cxsim.engine.pipeline import DisjointCompiler

    types = tuple(numba.typeof(argument) for argument in arguments)
    digest = f"{code_digest(function)}-{_how()}"
    made = _passes.get((digest, types))
    if made is None:
        made = numba.njit(**_OPTIONS)(function)
        if not _load(made, digest, types):
            made = numba.njit(pipeline_class=DisjointCompiler, **_OPTIONS)(
                _with_compiled_rules(function)
            )
            _keep(made, digest)
            made.compile(types)
        _passes[digest, types] = made
    return made


@functools.cache
def _how() -> str:
    """Fingerprint of how passes are compiled."""
    from cxsim.engine.lowering import FINGERPRINT

    settings = repr((_OPTIONS, _RULE_OPTIONS, _NAMING, FINGERPRINT))
    return hashlib.sha256(settings.encode()).hexdigest()[:8]


def _with_compiled_rules(function: FunctionType) -> FunctionType:
    """Return the function over compiled callees, under a name of its own.

    numba names machine code by qualified name and a counter that starts anew in every
    process. Code that different processes put on disk may meet in a third, so the
    name has to tell apart whatever differs.
    """
    made = rebuilt(
        function, {name: _compiled_rule(callee) for name, callee in callees(function).items()}
    )
    made.__qualname__ = f"{function.__name__}_{code_digest(function)}"
    return made


def _compiled_rule(function: FunctionType) -> Any:
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

        dispatcher._cache = DigestCache(dispatcher.py_func, digest, cache_folders())
    except (ImportError, AttributeError, TypeError) as problem:  # numba's internals moved
        warnings.warn(f"compiled code is not kept on disk: {problem}", stacklevel=2)
        return None
    return dispatcher._cache


def _load(dispatcher: Any, digest: str, types: tuple) -> bool:
    cache = _keep(dispatcher, digest)
    found = cache.load_overload(types, dispatcher.targetctx) if cache else None
    if found is None:
        return False
    dispatcher.targetctx.insert_user_function(found.entry_point, found.fndesc, [found.library])
    dispatcher.add_overload(found)
    return True
