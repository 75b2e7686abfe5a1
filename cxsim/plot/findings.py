"""The figure of an analysis of a study."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cxsim.plot.columns import one_of
from cxsim.plot.picture import Picture
from cxsim.plot.sensitivity import draw_effects, draw_morris, draw_regional, draw_sobol
from cxsim.plot.strategies import draw_discovery, draw_ranking

__all__ = ["finding"]

_FIGURES: dict[str, Callable[[Any], Picture]] = {
    "main_effects": draw_effects,
    "sobol": draw_sobol,
    "morris": draw_morris,
    "regional": draw_regional,
    "discovery": draw_discovery,
    "ranking": draw_ranking,
}


def finding(found: Any) -> Picture:
    """Draw what an analysis of a study found.

    Parameters
    ----------
    found : Finding
        As :func:`cxsim.study.analysis.analyse` and the analyses return.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the analysis is none that has a figure.
    """
    return _FIGURES[one_of(found.analysis, _FIGURES, name="analysis")](found)
