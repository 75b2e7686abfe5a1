"""The section of a notebook on what customers tell each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from cxsim.notebook.report import Report

__all__ = ["told"]

_HEADING = (
    "## What customers tell each other\n\nA reputation is what customers have been told of a firm, "
    "averaged over all of them: 0 for those who have heard nothing."
)


def told(
    report: Report, market: Any, series: pd.DataFrame, *, events: Iterable[tuple[float, str]] = ()
) -> None:
    """Show reputations, and awareness where it counts; nothing where nobody talks.

    Parameters
    ----------
    report : Report
    market : Scenario
    series : DataFrame
        Measures by period, over seeds.
    events : iterable of (period, label)
    """
    if market.word_of_mouth is None:
        return
    from IPython.display import Markdown, display

    from cxsim.plot import lines

    events = list(events)
    display(Markdown(_HEADING))
    report.figure(lines(series, measure="reputation", events=events), "reputation")
    if market.word_of_mouth.awareness:
        report.figure(lines(series, measure="awareness", events=events), "awareness")
