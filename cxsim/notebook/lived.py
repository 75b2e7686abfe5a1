"""The section of a notebook on what customers live through and what firms make of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from cxsim.notebook.report import Report

__all__ = ["lived"]

_HEADING = (
    "## What customers live through\n\nThe journey and the perception gap are those of the first "
    "seed: what customers meet at each touchpoint, what they expect, and what the firm believes. "
    "Emotions are means over the seeds."
)


def lived(
    report: Report, run: Any, series: pd.DataFrame, *, events: Iterable[tuple[float, str]] = ()
) -> None:
    """Show journey map, perception gap and emotion clusters; nothing without a journey.

    Parameters
    ----------
    report : Report
    run : Run
        Its touchpoints are shown.
    series : DataFrame
        Measures by period, over seeds.
    events : iterable of (period, label)
    """
    if run.touchpoints is None:
        return
    from IPython.display import Markdown, display

    from cxsim.plot import emotion_clusters, journey_map, perception_gap

    touchpoints, events = report.worded(run.touchpoints), list(events)
    display(Markdown(_HEADING))
    report.figure(journey_map(touchpoints), "journey")
    report.figure(perception_gap(touchpoints, events=events), "perception-gap")
    report.figure(emotion_clusters(series, events=events), "emotions")
