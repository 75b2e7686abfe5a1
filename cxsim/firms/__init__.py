"""Policies of firms, and the information they decide by."""

from __future__ import annotations

from cxsim._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__, {"Belief": "policy", "FirmInformation": "policy", "Public": "policy"}
)
