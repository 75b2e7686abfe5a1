"""Values by period and firm, taken out of a tidy frame and freed from the jitter of one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxsim.plot.columns import chosen, need, one_of

__all__ = ["Courses", "courses_of", "smoothed", "window_for"]


@dataclass(frozen=True)
class Courses:
    """Values of one measure by period and name.

    Attributes
    ----------
    periods : ndarray, shape (T,)
    names : list of str
    value, lower, upper : ndarray, shape (T, N)
        NaN where there is no value; ``lower`` and ``upper`` are None without a band.
    """

    periods: np.ndarray
    names: list[str]
    value: np.ndarray
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None

    @property
    def banded(self) -> bool:
        """Whether there is an interval anywhere."""
        return self.lower is not None and bool(np.isfinite(self.lower).any())

    def everything(self) -> np.ndarray:
        """Return all values that will be drawn, in a row."""
        parts = [part for part in (self.value, self.lower, self.upper) if part is not None]
        return np.concatenate([part.ravel() for part in parts])


def courses_of(
    frame: pd.DataFrame,
    measure: str,
    *,
    band: tuple[str, str] | None = None,
    firms: Sequence[str] | None = None,
) -> Courses:
    """Take a measure out of a frame with a column for it, or out of a series over seeds.

    A series has columns ``measure``, ``mean`` and, for a band, ``lower`` and ``upper``.

    Raises
    ------
    ValueError
        If a column or the measure is missing, or a series holds several scenarios.
    """
    need(frame, ["period", "firm"])
    value = measure
    if "measure" in frame.columns and "mean" in frame.columns:
        one_of(measure, frame["measure"].unique(), name="measure")
        frame = frame[frame["measure"] == measure]
        if "scenario" in frame.columns and frame["scenario"].nunique() > 1:
            found = ", ".join(map(str, frame["scenario"].unique()))
            raise ValueError(
                f"frame: expected one scenario, found {found}: keep one, or use paths()"
            )
        value = "mean"
        if band is None and {"lower", "upper"} <= set(frame.columns):
            band = ("lower", "upper")
    need(frame, [value, *(band or ())])
    names = chosen(frame["firm"], firms)
    if frame.duplicated(["period", "firm"]).any():
        raise ValueError("frame: expected one row per period and firm, found several")
    periods = np.sort(frame["period"].unique())

    def table(column: str) -> np.ndarray:
        wide = frame.pivot(index="period", columns="firm", values=column)
        return wide.reindex(index=periods, columns=names).to_numpy(dtype=float)

    if band is None:
        return Courses(periods, names, table(value))
    return Courses(periods, names, table(value), table(band[0]), table(band[1]))


def window_for(value: np.ndarray) -> int:
    """Return over how many periods to take means: 1 where courses are smooth or short.

    Chance alone turns a course around in two of three periods; a course of steps or
    trends turns rarely.
    """
    periods = len(value)
    if periods < 12:
        return 1
    with np.errstate(invalid="ignore"):
        steps = np.sign(np.diff(value, axis=0))
    turns = ((steps[1:] * steps[:-1]) < 0).mean(axis=0)
    if not turns.size or np.median(turns) < 0.3:
        return 1
    return int(np.clip(periods // 12, 3, 25)) | 1


def smoothed(
    value: np.ndarray, window: int, *, periods: np.ndarray, breaks: Iterable[float] = ()
) -> np.ndarray:
    """Return centred moving means, over fewer periods at the ends and at breaks.

    Parameters
    ----------
    value : ndarray, shape (T, N)
        NaN stays NaN.
    window : int
        Odd number of periods.
    periods : ndarray, shape (T,)
    breaks : iterable of float
        Periods that a mean does not reach across: what was before an event is not
        mixed with what came after.
    """
    if window == 1:
        return value
    spans = np.searchsorted(np.sort(np.asarray(list(breaks), float)), periods, side="right")
    table = pd.DataFrame(value)
    means = table.groupby(spans).transform(
        lambda part: part.rolling(window, center=True, min_periods=1).mean()
    )
    return means.where(table.notna()).to_numpy()
