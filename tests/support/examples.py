"""How many random examples a test tries."""

from __future__ import annotations

import os

__all__ = ["examples"]


def examples(all_of_them: int) -> int:
    """Return a quarter of them, or all where ``make test-slow`` asks for that."""
    return all_of_them if os.environ.get("CXSIM_ALL_EXAMPLES") else -(-all_of_them // 4)
