"""The walk through code and data: what a function or an object rests on, as one digest."""

from __future__ import annotations

import builtins
import enum
import functools
import hashlib
import importlib
import os
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from cxsim.identity.trees import (
    Text,
    hashed,
    is_dynamic,
    is_library,
    names_in,
    qualified,
    reads_elsewhere,
    text_of,
    version_of,
)

#: Where :func:`cxsim.inputs` keeps what a function declares.
INPUTS = "__cxsim_inputs__"
#: Things visited before a walk gives up: what is that large is no constant of a model.
MOST = 1_000_000
#: Parts of this package that functions of a project's own are followed into; of all others the
#: whole model counts.
FOLLOWED = ("analytic", "firms", "identity", "model", "numerics", "parameters", "runs.measures")

#: What a class holds that says nothing of what it does.
_INCIDENTAL = frozenset(
    ("__module__", "__doc__", "__dict__", "__weakref__", "__qualname__", "__firstlineno__",
     "__static_attributes__", "__annotate__", "__annotate_func__", "__annotations_cache__",
     "__abstractmethods__", "_abc_impl", "__orig_bases__", "__parameters__", "__signature__",
     "__dataclass_params__", "__match_args__", "__class_vars__", "__private_attributes__",
     "__attrs_own_setattr__", "__classcell__", "__slotnames__", "__protocol_attrs__",
     "__non_callable_proto_members__")
)  # fmt: skip
_GENERATED = ("<string>", "<attrs generated", "<makefun", "<namedtuple")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_ATOMS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented))
_BUILT_IN = (types.BuiltinFunctionType, types.MethodWrapperType, types.MethodDescriptorType,
             types.WrapperDescriptorType, types.ClassMethodDescriptorType,
             types.GetSetDescriptorType, types.MemberDescriptorType, np.ufunc)  # fmt: skip


#: What keeps what it holds.
_STILL = (ModuleType, property, classmethod, staticmethod, types.MethodType)

#: What ``functools.cache`` makes of a function.
_CACHED = type(functools.cache(lambda: None))


#: Containers by how they are read.
_CONTAINERS: dict[type, bytes] = {
    tuple: b"tuple", list: b"list", dict: b"dict", types.MappingProxyType: b"dict",
    set: b"set", frozenset: b"set",
}  # fmt: skip


class IdentityError(TypeError):
    """Code or data that has no fingerprint: what it is, and how to declare it."""


def label_of(value: Any) -> str:
    """Return the short name of a function or class, ``"learning.learned"``.

    Parameters
    ----------
    value : function or type
    """
    module, name = qualified(value)
    return f"{module.rpartition('.')[2]}.{name}".replace(".<locals>", "")


class Walk:
    """One walk: things visited once, in an order of their own.

    Parameters
    ----------
    shallow : bool
        Name the functions and classes of a project met on the way, instead of going into them.
    labels : mapping of int to str, optional
        Names in place of :func:`label_of`, by ``id``.
    whole : callable
        Returns the digest of this package's whole model.
    """

    def __init__(
        self,
        *,
        shallow: bool = False,
        labels: Mapping[int, str] | None = None,
        whole: Callable[[], bytes],
    ):
        self._shallow = shallow
        self._labels = labels or {}
        self._whole = whole
        self._done: dict[int, tuple[Any, bytes]] = {}
        self._open: dict[int, int] = {}
        self._lowest = sys.maxsize
        self._visited = 0
        self._ours = True  # whether the code that is looked at is this package's
        self._allowed: tuple[frozenset[str], bool] = (frozenset(), False)
        self._way: list[str] = []
        #: Own functions and classes met, and data by the name that code has for it.
        self.code: dict[int, Any] = {}
        self.data: dict[str, Any] = {}
        self._trail: list[tuple[Any, Any, str, Any]] = []  # where names were looked up
        self._movable = False
        self._watched: set[int] = set()  # data that may change, with what it holds in the trail

    def holds(self) -> bool:
        """Return whether all names met stand for what they stood for, and no more is to be asked.

        False as soon as there was data that can change in place.
        """
        return not self._movable and all(
            look(holder, name, _Missing) is found for look, holder, name, found in self._trail
        )

    def of(self, value: Any, name: str) -> bytes:
        """Return the digest of a thing.

        Parameters
        ----------
        value : object
        name : str
            What to call it in messages.

        Raises
        ------
        IdentityError
            If it, or anything it rests on, has no stable form.
        """
        self._way = [name]
        module = qualified(value)[0] if callable(value) else type(value).__module__
        self._ours = module.partition(".")[0] == "cxsim"
        try:
            return self._of(value, top=True)
        except RecursionError:
            raise self._refusal("something nested too deeply") from None

    # -- any value -------------------------------------------------------------------

    def _of(self, value: Any, top: bool = False) -> bytes:
        kind = type(value)
        if kind in _ATOMS:
            return _atom(value)
        if isinstance(value, np.generic) and not isinstance(value, np.void):
            return hashed(b"scalar", value.dtype.str.encode(), value.tobytes())
        if isinstance(value, _BUILT_IN) and not _bound(value):
            return self._library(value)
        known = self._done.get(id(value))
        if known is not None:
            return known[1]
        if self._shallow and not top and _is_code(value) and not _is_outside(value):
            return hashed(b"named", self._label(value).encode())
        at = self._open.get(id(value))
        if at is not None:  # a circle: how far up it closes
            self._lowest = min(self._lowest, at)
            return hashed(b"circle", str(len(self._open) - at).encode())
        self._movable |= not _stays(value) and id(value) not in self._watched
        self._visited += 1
        if self._visited > MOST:
            raise self._refusal(f"more than {MOST:,} parts")
        depth = self._open[id(value)] = len(self._open)
        above, self._lowest = self._lowest, sys.maxsize
        try:
            made = self._compound(value)
        finally:
            del self._open[id(value)]
        if self._lowest >= depth:  # nothing in it rests on what is still open
            self._done[id(value)] = (value, made)
            self._lowest = above
        else:
            self._lowest = min(above, self._lowest)
        return made

    def _compound(self, value: Any) -> bytes:
        kind = type(value)
        if kind in _CONTAINERS:
            return hashed(_CONTAINERS[kind], *self._held(value))
        if isinstance(value, np.ndarray):
            return self._array(value)
        if kind is FunctionType:
            return self._code(value, self._function_parts)
        if isinstance(value, type):
            return self._code(value, self._class_parts)
        if kind is types.MethodType:
            return hashed(b"method", self._of(value.__self__), self._of(value.__func__))
        if isinstance(value, ModuleType):
            return self._module(value)
        if isinstance(value, (property, classmethod, staticmethod, functools.cached_property)):
            parts = [getattr(value, n, None) for n in ("fget", "fset", "fdel", "__func__", "func")]
            return hashed(kind.__name__.encode(), *map(self._of, parts))
        if isinstance(value, _BUILT_IN):
            owner = getattr(value, "__self__", None)
            return hashed(b"bound", value.__name__.encode(), self._of(owner))
        inner = getattr(value, "py_func", None) or getattr(value, "__wrapped__", None)
        if isinstance(inner, FunctionType) and is_library(kind.__module__):
            if kind is _CACHED:
                self._trail.append((getattr, value, "__wrapped__", inner))
            return hashed(b"wrapped", kind.__qualname__.encode(), self._of(inner))
        return self._instance(value)

    def _part(self, name: str, value: Any) -> bytes:
        """Return the digest of a part, by its name in messages."""
        self._way.append(name)
        made = self._of(value)
        self._way.pop()
        return made

    def _held(self, value: Any) -> Iterator[bytes]:
        """Yield what containers and numbers hold, and objects derived from them."""
        if isinstance(value, (tuple, list)):
            yield from map(self._of, value)
        elif isinstance(value, (dict, types.MappingProxyType)):
            for key, held in value.items():
                yield from (self._of(key), self._part(f"[{key!r}]", held))
        elif isinstance(value, (set, frozenset)):
            yield from sorted(map(self._of, value))
        elif isinstance(value, _ATOMS[1:7]):
            yield _atom(value)

    def _array(self, value: np.ndarray) -> bytes:
        if isinstance(value, np.ma.MaskedArray):
            return hashed(b"masked", self._of(value.data), self._of(np.ma.getmaskarray(value)))
        dtype = repr(value.dtype.descr if value.dtype.names else value.dtype.str).encode()
        shape = repr(value.shape).encode()
        if value.dtype.hasobject:
            return hashed(b"array", dtype, shape, *map(self._of, value.ravel().tolist()))
        return hashed(b"array", dtype, shape, np.ascontiguousarray(value).tobytes())

    def _instance(self, value: Any) -> bytes:
        kind = type(value)
        if isinstance(value, enum.Enum):
            own = (value.name, value.value)
            return hashed(b"enum", label_of(kind).encode(), *map(self._of, own))
        if value is os.environ:
            self._reads("os.environ")
        if _is_outside(kind):
            return self._foreign(value)
        parts = [self._of(kind), *self._held(value)]
        for name, held in sorted(_state(value).items()):
            parts += [name.encode(), self._part(f".{name}", held)]
        return hashed(b"object", *parts)

    def _foreign(self, value: Any) -> bytes:
        """Return the digest of a library's object: of what it would be pickled by."""
        kind = type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if kind.__module__.partition(".")[0] == "pandas" and hasattr(value, "to_numpy"):
            return self._pandas(value)
        if kind.__module__ == "typing" or kind in (types.GenericAlias, types.UnionType):
            return hashed(b"type", _ADDRESS.sub("", repr(value)).encode())
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:  # noqa: BLE001 - whatever it says: it has no form to keep
            raise self._refusal(f"{_described(value)}, which has no stable form") from None
        if isinstance(reduced, str):  # a name in its module
            return hashed(b"global", kind.__module__.encode(), reduced.encode())
        making, given, *rest = reduced
        if getattr(making, "__name__", "") in ("__newobj__", "_reconstructor", "__newobj_ex__"):
            given = tuple(a for a in given if a is not kind)  # the class itself is named below
        parts = [self._of(making), self._of(tuple(given))]
        for more in rest:
            if isinstance(more, Iterator):
                more = tuple(more)
            parts.append(self._of(more))
        return hashed(b"foreign", name.encode(), *parts)

    def _pandas(self, value: Any) -> bytes:
        kind = type(value).__qualname__.encode()
        if hasattr(value, "columns"):
            columns = (value.iloc[:, k] for k in range(value.shape[1]))
            facts = [list(value.columns), value.index, *columns]
        elif hasattr(value, "index") and hasattr(value, "iloc"):
            facts = [str(value.dtype), value.name, value.index, value.to_numpy()]
        else:
            facts = [str(value.dtype), list(getattr(value, "names", ())), value.to_numpy()]
        return hashed(kind, *map(self._of, facts))

    # -- code ------------------------------------------------------------------------

    def _library(self, value: Any) -> bytes:
        """Return the digest of a library's object: its name, and its version where it counts.

        This package's own numbers are the same with every version it allows, as its tests hold;
        the results of other code may depend on a library's version.
        """
        module, name = qualified(value)
        full = f"{module}.{name}" if module else name
        self._reads(full)
        return self._named_library(module, full)

    def _named_library(self, module: str, full: str) -> bytes:
        version = "" if self._ours else version_of(module)
        if version:
            top = module.partition(".")[0]
            self.data.setdefault(f"library {top}", version)
        return hashed(b"library", full.encode(), version.encode())

    def _reads(self, full: str) -> None:
        if self._ours or self._allowed[1] or not reads_elsewhere(full):
            return
        short = full.removeprefix("builtins.").removeprefix("_io.")
        if is_dynamic(full):
            raise self._refusal(f"{short}, whose code is known only when it runs")
        raise self._refusal(f"{short}, which reads what no fingerprint of code can see")

    def _code(self, value: Any, parts: Callable[[Any], Iterator[bytes]]) -> bytes:
        """Return the digest of a function or class, by its parts if it is to be followed into."""
        if _is_outside(value):
            return self._library(value)
        module = value.__module__ or ""
        if not self._ours and _unfollowed(module):
            self.data.setdefault("cxsim", self._whole())
            return hashed(b"cxsim", value.__qualname__.encode(), self._whole())
        self.code[id(value)] = value
        outer = self._ours, self._allowed
        self._ours = module.partition(".")[0] == "cxsim"
        self._way.append(label_of(value))
        try:
            return hashed(*parts(value))
        finally:
            self._ours, self._allowed = outer
            self._way.pop()

    def _function_parts(self, function: FunctionType) -> Iterator[bytes]:
        code = function.__code__
        for name in ("__code__", "__defaults__", "__kwdefaults__"):
            self._trail.append((getattr, function, name, getattr(function, name)))
        if type(keywords := function.__kwdefaults__) is dict:
            named = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
            self._trail += [(dict.get, keywords, n, keywords.get(n, _Missing)) for n in named]
            self._watched.add(id(keywords))
        text = text_of(code, function.__globals__)
        declared = function.__dict__.get(INPUTS)
        if declared is not None:
            self._allowed = (frozenset(n for n, _ in declared), True)
        yield from (b"function", function.__name__.encode(), text.digest)
        yield repr(sorted(_annotations(function).items())).encode()
        yield self._of(function.__defaults__)
        yield self._of(function.__kwdefaults__)
        for name, value in declared or ():
            yield from (name.encode(), self._input(name, value))
        for name, value in sorted(function.__dict__.items()):
            if name not in (INPUTS, "__wrapped__", "__signature__", "__type_params__"):
                yield from (name.encode(), self._of(value))
        for name in text.attributes:
            self._reads(name)
        for name in text.files:
            if not self._ours and not self._allowed[1] and Path(name).is_file():
                raise self._refusal(f"the name of the file {name}, which may be read")
        for name, found in self._references(function, code, text):
            yield name.encode()
            if name.partition(".")[0] in self._allowed[0] or name in self._allowed[0]:
                continue  # what is declared stands for it
            is_data = not isinstance(found, (bytes, ModuleType, *_BUILT_IN, FunctionType, type))
            if is_data and self._shallow:
                continue  # it has a name of its own
            made = found if isinstance(found, bytes) else self._part(name, found)
            yield made
            if is_data:
                module = (function.__module__ or "").rpartition(".")[2]
                self.data[f"{module}.{name}"] = made

    def _input(self, name: str, value: Any) -> bytes:
        """Return the digest of what a function declares: of a file's bytes, or of a value."""
        made = _file_digest(value) if isinstance(value, Path) else self._of(value)
        if made is None:
            raise self._refusal(f"no file {value} (declared as an input)")
        self.data[f"inputs.{name}"] = made
        return made

    def _references(
        self, function: FunctionType, code: CodeType, text: Text
    ) -> Iterator[tuple[str, Any]]:
        """Yield what a function takes from outside, by the name it has for it."""
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        names = names_in(code)
        shown = set()
        for root, *rest in text.chains:
            if root in text.imports:
                where, attribute, level = text.imports[root]
                package = function.__globals__.get("__package__") or ""
                found = self._imported(where, attribute, level, package)
                yield self._followed_chain(root, found, rest)
                continue
            if root not in names:
                continue  # a variable of its own
            closed = root in cells
            look: Any = _content if closed else dict.get
            holder = cells[root] if closed else function.__globals__
            found = look(holder, root, _Missing)
            self._trail.append((look, holder, root, found))
            if found is _Missing and not closed:
                found = getattr(builtins, root, _Missing)
            if not isinstance(found, ModuleType):
                if root in shown:
                    continue
                shown.add(root)
                if found is not _Missing:
                    yield root, found
            elif text.exact:
                yield self._followed_chain(root, found, rest)
            else:
                yield from self._anything_asked_of(root, found, names)

    def _followed_chain(self, root: str, found: Any, rest: list[str]) -> tuple[str, Any]:
        """Go from a module to what is asked of it."""
        name, through = root, None
        for attribute in rest:
            if not isinstance(found, ModuleType):
                break
            through, found = found, getattr(found, attribute, _Missing)
            self._trail.append((getattr, through, attribute, found))
            name = f"{name}.{attribute}"
        if found is _Missing:
            return name, b"missing"
        if through is not None and is_library(through.__name__) and not _is_code(found):
            # A library's own object or constant.
            full = f"{through.__name__}.{name.rpartition('.')[2]}"
            self._reads(full)
            if type(found) in _ATOMS or isinstance(found, ModuleType):
                return name, found
            return name, self._named_library(through.__name__, full)
        return name, found

    def _anything_asked_of(
        self, root: str, module: ModuleType, names: frozenset[str]
    ) -> Iterator[tuple[str, Any]]:
        """Yield what code without a tree may ask of a module: all of it that it has names for."""
        yield root, module.__name__.encode()
        for attribute in sorted(names):
            found = vars(module).get(attribute, _Missing)
            if isinstance(found, ModuleType):
                if attribute != root and not is_library(found.__name__):
                    yield from self._anything_asked_of(attribute, found, names - {attribute})
            elif found is not _Missing:
                yield f"{root}.{attribute}", found

    def _imported(self, where: str, attribute: str | None, level: int, package: str) -> Any:
        if level:
            where = importlib.util.resolve_name("." * level + where, package)
        if where not in sys.modules and is_library(where):
            self._reads(f"{where}.{attribute}" if attribute else where)
            return self._named_library(where, f"{where}.{attribute or ''}")
        try:
            found: Any = importlib.import_module(where)
            if attribute is not None:
                if not hasattr(found, attribute):
                    return importlib.import_module(f"{where}.{attribute}")
                found = getattr(found, attribute)
        except ImportError:
            return b"missing"
        return found

    def _module(self, module: ModuleType) -> bytes:
        if is_library(module.__name__):
            return self._named_library(module.__name__, module.__name__)
        if module.__name__.partition(".")[0] == "cxsim":
            return hashed(b"cxsim", self._whole())
        raise self._refusal(
            f"the module {module.__name__} as a value, of which anything may be used"
        )

    def _class_parts(self, cls: type) -> Iterator[bytes]:
        yield from (b"class", cls.__name__.encode(), *map(self._of, cls.__bases__))
        yield self._of(type(cls))
        if issubclass(cls, enum.Enum):
            yield self._of([(member.name, member.value) for member in cls])
        fields = cls.__dict__.get("__pydantic_fields__") or {}
        for name, info in fields.items():
            facts = (str(info.annotation), info.default, info.default_factory, repr(info.metadata))
            yield from (name.encode(), self._of(facts))
        for name, value in sorted(vars(cls).items()):
            if _says_nothing(cls, name, value):
                continue
            yield name.encode()
            if name in ("__annotations__", "__dataclass_fields__"):
                yield self._of([(n, _field(f)) for n, f in value.items()])
            elif isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType)):
                continue
            else:
                yield self._of(value)

    # -- labels in messages ----------------------------------------------------------

    def _label(self, value: Any) -> str:
        return self._labels.get(id(value)) or label_of(value)

    def _refusal(self, what: str) -> IdentityError:
        way = " > ".join(dict.fromkeys(self._way))
        name = self._way[-1].strip(".[]'\"")
        declare = name if name.isidentifier() else "NAME"
        return IdentityError(
            f"{way}: expected code and data that can be fingerprinted, found {what} "
            f"(declare it: @cxsim.inputs('FILE') or @cxsim.inputs({declare}='what it is'))"
        )


class _Missing:
    """Stands for a name without a value."""


def _atom(value: Any) -> bytes:
    if isinstance(value, bytes):
        return hashed(b"bytes", value)
    if isinstance(value, str):
        return hashed(b"str", str.__str__(value).encode("utf-8", "surrogatepass"))
    for kind in (bool, int, float, complex):
        if isinstance(value, kind):
            return hashed(kind.__name__.encode(), kind.__repr__(value).encode())
    return hashed(b"atom", repr(value).encode())


def _is_code(value: Any) -> bool:
    return isinstance(value, (FunctionType, type))


def _stays(value: Any) -> bool:
    """Whether what is walked through holds what it holds for as long as the process lives."""
    if isinstance(value, type):
        return _is_outside(value) or value.__module__.startswith("cxsim.")
    if isinstance(value, _CACHED):  # what it returned before is not part of its identity
        return isinstance(getattr(value, "__wrapped__", None), FunctionType)
    return isinstance(value, (tuple, frozenset, FunctionType, *_STILL))


def _is_outside(value: Any) -> bool:
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and is_library(module)


def _unfollowed(module: str) -> bool:
    """Whether a module is of this package, and of those that are not followed into."""
    top, _, rest = module.partition(".")
    return top == "cxsim" and not f"{rest}.".startswith(tuple(f"{each}." for each in FOLLOWED))


def _bound(value: Any) -> bool:
    owner = getattr(value, "__self__", None)
    return owner is not None and not isinstance(owner, (ModuleType, type))


def _content(cell: Any, *_: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _Missing


def _annotations(function: FunctionType) -> dict[str, str]:
    """Return what is annotated, as text; a type says its name, however it was written."""
    if sys.version_info >= (3, 14):
        import annotationlib

        found = annotationlib.get_annotations(function, format=annotationlib.Format.STRING)
    else:
        found = function.__annotations__
    return {n: _annotation(a) for n, a in found.items()}


def _annotation(given: Any) -> str:
    if isinstance(given, str):
        return given
    if type(given) is type:
        return given.__name__
    return _ADDRESS.sub("", repr(given))


def _says_nothing(cls: type, name: str, value: Any) -> bool:
    if name in _INCIDENTAL or name.startswith(("__pydantic", "_pydantic")):
        return True
    if name == "__annotations__" and not value:  # Python makes it when somebody asks for it
        return True
    if name.startswith("model_") and "__pydantic_fields__" in vars(cls):
        return True
    if issubclass(cls, enum.Enum) and (name.startswith("_") or name in cls.__members__):
        return True
    made = getattr(getattr(value, "__wrapped__", value), "__code__", None)
    return made is not None and made.co_filename.startswith(_GENERATED)


def _field(given: Any) -> Any:
    """Return what a class says of an attribute: its annotation, and what dataclasses make of it."""
    if not hasattr(given, "default_factory"):
        return _annotation(given)
    facts = (given.default, given.default_factory)
    flags = (given.init, given.compare, given.hash, given.kw_only)
    missing = [f if not type(f).__name__.startswith("_MISSING") else "missing" for f in facts]
    return (_annotation(given.type), *missing, *flags)


def _state(value: Any) -> dict[str, Any]:
    """Return the attributes of an object, without what is computed when first asked for."""
    state: dict[str, Any] = {}
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                state[name] = getattr(value, name)
    for name, held in getattr(value, "__dict__", {}).items():
        if not isinstance(getattr(type(value), name, None), functools.cached_property):
            state[str(name)] = held
    return state


def _described(value: Any) -> str:
    if hasattr(value, "fileno") or type(value).__module__ in ("_io", "io"):
        return "an open file"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _file_digest(path: Path) -> bytes | None:
    """Return the digest of a file's bytes, or of all files in a folder; None if it is not there."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        names = [os.fsencode(p.relative_to(path).as_posix()) for p in files]
        bodies = [_file_digest(p) or b"" for p in files]
        return hashed(b"folder", *names, *bodies)
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()[:16]
