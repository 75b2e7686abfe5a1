"""Identity: fingerprints of code and data, and what differs between two of them."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

from cxsim.identity.trees import Text, learn, texts_of, tree_of_file
from cxsim.identity.walk import INPUTS, IdentityError, Walk, label_of

__all__ = ["Identity", "IdentityError", "fingerprint", "identified", "inputs", "learn",
           "modules", "text_digest", "whole_model"]  # fmt: skip

#: Goes up where fingerprints are made in another way: what is stored under earlier ones counts
#: as another's.
FORMAT = 1

F = TypeVar("F", bound=Callable[..., Any])


class Identity:
    """All that determines a result: named things and their dependencies.

    Two are equal if no code and no data behind the things differs. Names are for messages.

    Parameters
    ----------
    things : mapping of str to object
        Functions, classes, objects and data by name (``"measures.market_share"``).

    Attributes
    ----------
    digest : str
        16 hex digits.

    Raises
    ------
    IdentityError
        If something has no fingerprint.
    """

    def __init__(self, things: Mapping[str, Any]):
        self._things = dict(sorted(things.items()))
        self._walk: Walk | None = None
        self._walked()

    def _walked(self) -> Walk:
        if self._walk is None:
            self._walk = Walk(whole=whole_model)
            made = hashlib.sha256(f"{FORMAT}".encode())
            for name, thing in self._things.items():
                made.update(f"\n{name} {self._walk.of(thing, name).hex()}".encode())
            self.digest = made.hexdigest()[:16]
        return self._walk

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_walk": None}

    def holds(self) -> bool:
        """Return whether all names that the things use still stand for what they stood for.

        False where that cannot be told at a glance: lists, arrays and objects may have changed.
        """
        return self._walk is not None and self._walk.holds()

    def texts(self) -> dict[bytes, Text]:
        """Return what a project's own functions say, for processes that lack their files."""
        code = [f.__code__ for f in self._walked().code.values() if isinstance(f, FunctionType)
                and not (f.__module__ or "").startswith("cxsim.")]  # fmt: skip
        return texts_of(code)

    @functools.cached_property
    def components(self) -> dict[str, str]:
        """Digests by name: of each thing, and of each function, class and constant behind it.

        Each is of its own text alone, so that a changed function shows once, and not in all
        that call it.
        """
        labels = {id(t): n for n, t in self._things.items() if isinstance(t, (FunctionType, type))}
        walk = Walk(shallow=True, labels=labels, whole=whole_model)
        found = {name: walk.of(thing, name).hex()[:16] for name, thing in self._things.items()}
        for key, value in self._walked().code.items():
            name = labels.get(key) or label_of(value)
            made = walk.of(value, name).hex()[:16]
            number = 2
            while found.get(name, made) != made:
                name, number = f"{name.partition('#')[0]}#{number}", number + 1
            found[name] = made
        for name, data in self._walked().data.items():
            found.setdefault(name, data.hex()[:16] if isinstance(data, bytes) else str(data))
        return dict(sorted(found.items()))


_identified: dict[tuple[Any, ...], tuple[Identity, list[Any]]] = {}


def identified(things: Mapping[str, Any]) -> Identity:
    """Return the identity of things, as it was found before if nothing behind them moved.

    Parameters
    ----------
    things : mapping of str to object

    Raises
    ------
    IdentityError
        If something has no fingerprint.
    """
    key = tuple((name, id(thing)) for name, thing in things.items())
    known = _identified.get(key)
    if known is None or not known[0].holds():
        if len(_identified) > 5_000:
            _identified.clear()
        known = _identified[key] = (Identity(things), list(things.values()))
    return known[0]


def fingerprint(thing: Any, name: str = "function") -> str:
    """Return 16 hex digits that name all code and data behind a thing.

    Parameters
    ----------
    thing : object
    name : str
        What to call it in messages.

    Raises
    ------
    IdentityError
        If something behind it has no fingerprint.
    """
    return Identity({name: thing}).digest


def inputs(*files: str | Path, **values: Any) -> Callable[[F], F]:
    """Declare what a function takes in that its code does not show.

    Digests of runs rest on the code and data behind a function. A file that it reads, or an
    object without a stable form (a connection, a service), is refused unless it is declared.

    Parameters
    ----------
    *files : str or Path
        Files and folders that the function reads; their bytes count.
    **values : object
        What stands for the global, closure variable or attribute of that name, such as a version
        or a date: its fingerprint takes the place of the thing itself.

    Returns
    -------
    callable
        Marks the function, and returns it.

    Examples
    --------
    >>> @inputs(SERVICE="price list of 2024-05")
    ... def model(point, seed):
    ...     return SERVICE.price(point["a"])
    """
    declared = [(Path(file).name, Path(file)) for file in files] + list(values.items())

    def mark(function: F) -> F:
        setattr(function, INPUTS, (*getattr(function, INPUTS, ()), *declared))
        return function

    return mark


def text_digest(text: str) -> str:
    """Return 16 hex digits that name a text.

    Parameters
    ----------
    text : str
    """
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def modules(names: Iterable[str]) -> dict[str, bytes]:
    """Return digests of whole modules of this package, by name.

    Parameters
    ----------
    names : iterable of str
        Without ``cxsim.``; they need not be imported.
    """
    return {name: _module(name) for name in names}


def _module(name: str) -> bytes:
    file = Path(__file__).parents[1].joinpath(*name.split(".")).with_suffix(".py")
    codes = []
    full = f"cxsim.{name}"
    for value in vars(sys.modules[full]).values() if full in sys.modules else ():
        if getattr(value, "__module__", None) == full:
            held = vars(value).values() if isinstance(value, type) else (value,)
            codes += [f.__code__ for f in held if isinstance(f, FunctionType)]
    return tree_of_file(str(file), [c for c in codes if c.co_filename == str(file)])


@functools.cache
def whole_model() -> bytes:
    """Return the digest of all of this package that numbers may rest on."""
    folder = Path(__file__).parents[1]
    skipped = {"charts", "cli", "identity", "plot.py", "report"}
    paths = [
        path
        for path in sorted(folder.rglob("*.py"))
        if path.relative_to(folder).parts[0] not in {*skipped, "_version.py", "__main__.py"}
    ]
    made = hashlib.sha256()
    for path in paths:
        made.update(os.fsencode(path.relative_to(folder).as_posix()))
        made.update(tree_of_file(str(path), ()))
    places = (folder / "_shipped" / "params", folder.parent / "params")  # installed, a checkout
    for path in sorted(next((p for p in places if p.is_dir()), folder).rglob("*.yaml")):
        made.update(os.fsencode(path.name) + path.read_bytes())
    return made.digest()[:16]
