"""Public names of a package, whose modules are imported when a name is first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def attach(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` for a package's ``__init__``.

    Parameters
    ----------
    package : str
        Its full name.
    homes : mapping of str to str
        The module that each public name lives in: of the package, or by its full name.
    """

    def get(name: str) -> Any:
        if name in homes:
            home = homes[name] if "." in homes[name] else f"{package}.{homes[name]}"
            return getattr(importlib.import_module(home), name)
        raise importlib.import_module("cxsim.messages").no_attribute(package, name, homes)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names, sorted(homes)
