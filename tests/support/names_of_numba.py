"""Names of numba and llvmlite below their public interfaces, and how to take one from cxsim alone.

numba is left whole: a name is missing only where a module of cxsim asks for it, as if a new
release had moved it. Run as a script, it takes away the names given, one after the other, runs a
market each time, and prints the name, the engine, the warnings and a fingerprint.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import sys
import time
import types
import warnings

#: Imported from a module: module and name.
IMPORTED = [
    ("numba.core", "cgutils"),
    ("numba.core", "compiler"),
    ("numba.core.compiler", "CompileResult"),
    ("numba.core.compiler", "Compiler"),
    ("numba.core.registry", "cpu_target"),
    ("numba.core.runtime.nrt", "rtsys"),
    ("numba.core.serialize", "dumps"),
    ("numba.np.arrayobj", "make_array"),
    ("numba.np.arrayobj", "populate_array"),
    ("llvmlite", "ir"),
]
#: Looked up in a module that is imported: package, module and name.
OF_MODULES = [
    ("numba.core", "compiler", "compile_extra"),
    ("numba.core", "compiler", "Flags"),
    ("numba.core", "cgutils", "alloca_once"),
    ("numba.core", "cgutils", "voidptr_t"),
]
#: Attributes of classes and their objects: module, class (or object) and name.
OF_CLASSES = [
    ("numba.core.codegen", "JITCodeLibrary", "get_pointer_to_function"),
    ("numba.core.codegen", "CodeLibrary", "_final_module"),
    ("numba.core.compiler", "CompileResult", "library"),
    ("numba.core.compiler", "CompileResult", "fndesc"),
    ("numba.core.compiler", "CompileResult", "signature"),
    ("numba.core.compiler", "CompileResult", "_rebuild"),
    ("numba.core.compiler", "CompileResult", "_reduce"),
    ("numba.core.compiler", "CompileResult", "_replace"),
    ("numba.core.compiler", "Flags", "noalias"),
    ("numba.core.cpu", "CPUContext", "call_internal"),
    ("numba.core.cpu", "CPUContext", "refresh"),
    ("numba.core.base", "BaseContext", "insert_user_function"),
    ("numba.core.base", "BaseContext", "add_linking_libs"),
    ("numba.core.base", "BaseContext", "get_data_type"),
    ("numba.core.base", "BaseContext", "get_abi_sizeof"),
    ("numba.core.base", "BaseContext", "get_dummy_value"),
    ("numba.core.dispatcher", "Dispatcher", "_cache"),
    ("numba.core.dispatcher", "Dispatcher", "compile"),
    ("numba.core.dispatcher", "Dispatcher", "overloads"),
    ("numba.core.dispatcher", "Dispatcher", "add_overload"),
    ("numba.core.dispatcher", "Dispatcher", "targetctx"),
    ("numba.core.funcdesc", "FunctionDescriptor", "llvm_func_name"),
    ("numba.core.options", "TargetOptions", "parse_as_flags"),
    ("numba.core.registry", "CPUTarget", "options"),
    ("numba.core.registry", "CPUTarget", "typing_context"),
    ("numba.core.registry", "CPUTarget", "target_context"),
    ("numba.core.runtime.nrt", "rtsys", "initialize"),
]
NAMES = [
    *(".".join(name) for name in (*IMPORTED, *OF_MODULES, *OF_CLASSES)),
    "njit(forceinline)",
    "symbols of its functions",
]

#: What stands on those names.
FAST = ("cxsim.engine.disk_cache", "cxsim.engine.native")


def ours(depth: int = 2) -> bool:
    return sys._getframe(depth).f_globals.get("__name__", "").startswith("cxsim.")


class Hidden:
    """In the place of a class's attribute: there for numba, missing for cxsim."""

    def __init__(self, name, real):
        self.name, self.real = name, real

    def _refuse(self):
        if ours(3):
            raise AttributeError(f"no attribute {self.name!r}")

    def __get__(self, instance, owner=None):
        self._refuse()
        if instance is not None and not hasattr(type(self.real), "__set__"):
            with contextlib.suppress(AttributeError, KeyError, TypeError):
                return vars(instance)[self.name]
        if hasattr(type(self.real), "__get__"):
            return self.real.__get__(instance, owner)
        if self.real is None:
            raise AttributeError(self.name)
        return self.real

    def __set__(self, instance, value):
        self._refuse()
        if hasattr(type(self.real), "__set__"):
            self.real.__set__(instance, value)
        else:
            vars(instance)[self.name] = value


class Without(types.ModuleType):
    """A module but for one name."""

    def __init__(self, module, name, instead=None):
        super().__init__(module.__name__)
        self._real, self._hidden, self._instead = module, name, instead

    def __getattr__(self, name):
        if name == self._hidden:
            if self._instead is not None:
                return self._instead
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r}")
        return getattr(self._real, name)


@contextlib.contextmanager
def imports(changed):
    """Let cxsim's modules import something else: ``changed`` of path, names and what is there."""
    real = builtins.__import__

    def imported(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002
        found = real(name, globals, locals, fromlist, level)
        return changed(name, fromlist or (), found) if ours() else found

    builtins.__import__ = imported
    try:
        yield
    finally:
        builtins.__import__ = real


@contextlib.contextmanager
def replaced(thing, name, value):
    real = vars(thing).get(name)
    setattr(thing, name, value)
    try:
        yield
    finally:
        setattr(thing, name, real) if real is not None else delattr(thing, name)


def not_imported(path, name):
    """Return a context in which cxsim cannot import a name from a module."""

    def refuse(at, names, found):
        if at == path and name in names:
            raise ImportError(f"cannot import name {name!r} from {path!r}")
        return found

    return imports(refuse)


def not_in_module(package, module, name):
    """Return a context in which cxsim does not find a name in a module that it imports."""
    less = Without(importlib.import_module(f"{package}.{module}"), name)
    return imports(
        lambda at, names, found: (
            Without(found, module, less) if at == package and module in names else found
        )
    )


def taken(name: str):
    """Return a context in which cxsim does not find a name of :data:`NAMES`."""
    for each in IMPORTED:
        if name == ".".join(each):
            return not_imported(*each)
    for each in OF_MODULES:
        if name == ".".join(each):
            return not_in_module(*each)
    for each in OF_CLASSES:
        if name == ".".join(each):
            path, kind, attribute = each
            owner = getattr(importlib.import_module(path), kind)
            owner = owner if isinstance(owner, type) else type(owner)
            held = next((k for k in owner.__mro__ if attribute in vars(k)), owner)
            return replaced(held, attribute, Hidden(attribute, vars(held).get(attribute)))
    if name == "nothing":
        return contextlib.nullcontext()
    import numba

    if name == "njit(forceinline)":
        real = numba.njit

        def njit(*arguments, **options):
            if "forceinline" in options and ours():
                raise KeyError("Unrecognized options: forceinline")
            return real(*arguments, **options)

        return replaced(numba, "njit", njit)
    from cxsim.engine import disk_cache

    assert name == "symbols of its functions", name
    return replaced(disk_cache, "_AT_HAND", {"called_otherwise"})


def forget() -> None:
    """Have cxsim ask numba for its names anew, but keep what was compiled."""
    from cxsim.engine import columnar, compiling

    for module in FAST:
        sys.modules.pop(module, None)
        with contextlib.suppress(AttributeError):
            delattr(sys.modules["cxsim.engine"], module.rpartition(".")[2])
    columnar._lacking.clear()
    compiling.compiled_runner.cache_clear()
    compiling._how.cache_clear()


def new_rule(number: int):
    """Return a rule with the numbers of the built-in one, for which passes are compiled anew."""

    def learned(uncertainty, precision):
        return uncertainty / (1.0 + precision * uncertainty) + 0.0 * number

    return learned


def outcome(number: int) -> tuple[str, str]:
    """Run a market; return the engine that played it, and a fingerprint of what came out."""
    import pandas as pd

    import cxsim as cx

    run = cx.run(
        "baseline",
        seed=3,
        overrides={"customers": 1500, "periods": 3, "warm_up": 1},
        rules={"learning.learned": new_rule(number)},
    )
    sums = [
        pd.util.hash_pandas_object(frame.astype(str)).sum() for frame in (run.firms, run.market)
    ]
    return run.provenance["engine"], f"{sums[0]:x}-{sums[1]:x}"


def anew(name: str):
    """Return a context in which what calls passes is compiled, where that alone needs the name."""
    from cxsim.engine import compiling

    if not name.startswith("numba.core.cgutils."):
        return contextlib.nullcontext()
    load = compiling._load
    return replaced(
        compiling,
        "_load",
        lambda made, digest, types: (
            None if digest.startswith("play-") else load(made, digest, types)
        ),
    )


def main(names: list[str]) -> None:

    for number, name in enumerate(names, time.time_ns() % 10**9):
        with taken(name), anew(name), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            engine, mark = outcome(number)
        about = [str(each.message) for each in said if "numba" in str(each.message)]
        about += [str(e.message) for e in said if "kept on disk" in str(e.message)]
        said_once = dict.fromkeys(about)
        sys.stdout.write(f"{name}\t{engine}\t{len(said_once)}\t{mark}\n")
        sys.stdout.flush()
        sys.stderr.write("".join(f"{each[:300]}\n" for each in said_once))
        forget()


if __name__ == "__main__":
    main(sys.argv[1:] or NAMES)
