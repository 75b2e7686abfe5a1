"""What an unquoted word of YAML means."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

__all__ = ["MERGE", "plain_scalar", "whole"]

#: The key that brings another mapping's entries in, as in ``<<: *alike``.
MERGE = "<<"

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCT = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INF = re.compile(r"[-+]?\.(inf|Inf|INF)")
#: Largest whole number that is a double.
_MOST = int(sys.float_info.max)
_NAN = re.compile(r"\.nan|\.NaN|\.NAN")


def plain_scalar(text: str) -> Any:
    """Return what an unquoted word means by the core schema of YAML 1.2.

    Examples
    --------
    >>> plain_scalar("12"), plain_scalar("1e3"), plain_scalar("yes"), plain_scalar("null")
    (12, 1000.0, 'yes', None)
    """
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return whole(int(text)) if len(text) <= 400 else float(text)  # Python reads no longer ones
    if _OCT.fullmatch(text) or _HEX.fullmatch(text):
        return whole(int(text, 0))
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INF.fullmatch(text):
        return float("-inf") if text.startswith("-") else float("inf")
    if _NAN.fullmatch(text):
        return float("nan")
    return text


def whole(value: int) -> int | float:
    """Return a whole number; one that no double can hold is infinite, as decimals are.

    Examples
    --------
    >>> whole(12), whole(-(10**400))
    (12, -inf)
    """
    if -_MOST <= value <= _MOST:
        return value
    return math.inf if value > 0 else -math.inf
