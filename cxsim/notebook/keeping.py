"""What a summary keeps: versions, and values as JSON takes them."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import pandas as pd

from cxsim._version import __version__

__all__ = ["plain", "versions"]

_PACKAGES = ("numpy", "pandas", "numba", "scipy", "mesa", "papermill")


def versions() -> dict[str, str | None]:
    """Return the versions of the package, of Python and of what the numbers rest on."""
    found: dict[str, str | None] = {"cxsim": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def plain(value: Any) -> Any:
    """Return a value as JSON takes it: frames as rows, what is no number as null."""
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not pd.notna(value):
        return None
    if value in (float("inf"), float("-inf")):
        return None
    return value
