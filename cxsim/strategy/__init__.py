"""Questions of strategy: each with its statistic and its figure side by side."""

from __future__ import annotations

from cxsim._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "copying_effects": "copying",
        "payback": "break_even",
        "profit_map": "one_to_one",
    },
)
