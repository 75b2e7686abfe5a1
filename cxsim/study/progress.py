"""What a waiting user sees of a sweep in a live notebook."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from cxsim.study.tally import Report

__all__ = ["live", "remaining", "status_line"]


def remaining(report: Report) -> float:
    """Return the seconds that are left at the present rate, NaN while it is unknown."""
    if report.done == 0 or report.seconds <= 0:
        return float("nan")
    left = report.total - report.stored - report.done
    return max(0, left) * report.seconds / report.done


def status_line(report: Report) -> str:
    """Return done, failed, rate and remaining time in one line; the time taken at the end."""
    known = report.stored + report.done
    text = f"{known:,} of {report.total:,} runs"
    if report.failed:
        text += f", {report.failed:,} failed"
    if report.done:
        text += f", {report.done / max(report.seconds, 1e-9):,.0f} a second"
        if known < report.total:
            text += f", {_clock(remaining(report))} left"
        else:
            text += f", in {_clock(report.seconds)}"
    return text


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def live() -> Callable[[Report], None] | None:
    """Return a function that shows a report in the present cell; None outside a live notebook."""
    if "IPython" not in sys.modules or os.environ.get("CXSIM_PROGRESS_FILE"):
        return None
    from IPython import get_ipython
    from IPython.display import HTML, display

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    handle: Any = display(HTML("<p>starting</p>"), display_id=True)
    last = [0.0]

    def show(report: Report) -> None:
        now = time.monotonic()
        known = report.stored + report.done
        if now - last[0] < 0.5 and known < report.total:
            return
        last[0] = now
        bar = f'<progress value="{known}" max="{max(report.total, 1)}"></progress>'
        handle.update(HTML(f"<p>{bar} {status_line(report)}</p>"))

    return show
