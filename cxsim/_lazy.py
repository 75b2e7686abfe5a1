"""Public names of a package, whose modules are imported when a name is first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["attach", "no_attribute"]


def no_attribute(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """Return the error for a name that a module lacks, with the one that was probably meant."""
    from cxsim.messages import hint

    near = "" if name.startswith("_") else hint(name, known, listed=0)
    return AttributeError(f"module {module!r} has no attribute {name!r}{near}")


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
        raise no_attribute(package, name, homes)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names, sorted(homes)
