"""Libraries that only some analyses need."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["LibraryMissingError", "needed"]


class LibraryMissingError(ImportError):
    """An optional library that is not installed; the message says how to install it."""


def needed(module: str, *, by: str) -> Any:
    """Return a module of an optional library.

    Raises
    ------
    LibraryMissingError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        library = {"sklearn": "scikit-learn"}.get(name := module.split(".", maxsplit=1)[0], name)
        raise LibraryMissingError(
            f"{by}: needs {library}, which is not installed: pip install 'cxsim[study]'"
        ) from None
