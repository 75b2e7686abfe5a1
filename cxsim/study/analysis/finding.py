"""What an analysis returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pandas as pd

__all__ = ["Finding", "amount"]


def amount(value: float, *, signed: bool = False) -> str:
    """Return a number in four digits, large ones in full: 0.1234, 21,805."""
    sign = "+" if signed else ""
    return f"{value:{sign},.0f}" if abs(value) >= 1e4 else f"{value:{sign}.4g}"


@dataclass(frozen=True)
class Finding:
    """A tidy frame, and a sentence that says what it shows.

    Attributes
    ----------
    analysis : str
        Name of the analysis, ``"sobol"``.
    output : str
        The output that it is about.
    frame : DataFrame
    sentence : str
    facts : mapping of str to any
        What the sentence and the figure rest on beside the frame: points, seeds, noise.
    """

    analysis: str
    output: str
    frame: pd.DataFrame
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.sentence)}</p>{self.frame.to_html(index=False)}"
