"""The explorer: move a slider, see the market answer, beside the baseline and with its error."""

from __future__ import annotations

from cxsim.explorer.panel import Explorer, explore

__all__ = ["Explorer", "explore"]
