"""Values by period and firm, taken out of a tidy frame and freed from the jitter of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator

from cxsim.charts.labels import (
    Scale,
    Words,
    chosen,
    joined,
    label_and_unit,
    need,
    one_of,
    scale_for,
    words_of,
)
from cxsim.charts.layout import (
    Chart,
    EndLabel,
    Event,
    Shared,
    charted,
    end_labels,
    mark_events,
    short,
    top_label,
)
from cxsim.charts.style import GREY, Look, Picture, looks

# -- Values by period and firm, taken out of a tidy frame and freed from the jitter of one run


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
        """Return all values that will be drawn, in a row.

        Returns
        -------
        ndarray, shape (k,)
            In the unit of the measure.
        """
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

    Parameters
    ----------
    frame : DataFrame
        ``period``, ``firm`` and the measure; or a series over seeds, ``mean``, ``lower`` and
        ``upper`` by measure.
    measure : str
    band : (str, str), optional
        Columns of the ends of an interval.
    firms : sequence of str, optional
        Those shown; default: all.

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

    Parameters
    ----------
    value : ndarray, shape (T, F)
        A measure by period and firm, in its unit.

    Returns
    -------
    int
        Periods.
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


# -- Measures by period, one line per firm: shares, retention, profit and any other ------------


#: Title by measure: of the one that ends highest, and of several that end level.
_TITLES = {
    "market_share": (
        "{who} ends with {value} of purchases{next}",
        "{who} end with {value} of purchases each",
    ),
    "customer_share": (
        "{who} ends with a customer share of {value}{next}",
        "{who} end with a customer share of {value} each",
    ),
    "retention_rate": (
        "{who} ends with a retention of {value} per {period}{next}",
        "{who} end with a retention of {value} per {period} each",
    ),
    "profit": (
        "{who} ends with a profit of {value} per {period}{next}",
        "{who} end with a profit of {value} per {period} each",
    ),
    "cumulative_profit": (
        "{who} earned {value} in total{next}",
        "{who} earned {value} each in total",
    ),
}


_OTHER = ("{label}: {who} ends highest, at {value}", "{label}: {who} end level, at {value}")


@charted()
def time_series(
    frame: pd.DataFrame,
    *,
    measure: str,
    events: Iterable[Event] = (),
    band: tuple[str, str] | None = None,
    window: int | None = None,
    firms: Sequence[str] | None = None,
    **_: Unpack[Shared],
) -> Chart:
    """Draw a measure by period, one line per firm, named at its end.

    Parameters
    ----------
    frame : DataFrame
        ``period``, ``firm`` and a column named as the measure (as ``run.firms`` has), or
        a series over seeds: ``period, firm, measure, mean, lower, upper`` of one scenario.
    measure : str
        Name of the measure.
    events : iterable of (period, label)
        Marked by thin vertical lines; see :func:`cxsim.plot.scenario_events`.
    band : (str, str), optional
        Columns with the lower and upper end of an interval, drawn as a band.
    window : int, optional
        Odd number of periods over which a centred mean is drawn over the single
        periods, not across events; 1 for none. By default courses that jitter get one,
        unless there is a band.
    firms : sequence of str, optional
        Firms to show. Give all firms of the scenario, in its order, to keep colours
        where a frame holds some of them.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column or measure is missing, or ``window`` is not odd.
    """
    courses = courses_of(frame, measure, band=band, firms=firms)
    return _lines(courses, measure, words_of(frame), events=list(events), window=window)


@charted()
def market_shares(
    firms: pd.DataFrame,
    *,
    measure: str = "market_share",
    band: tuple[str, str] | None = None,
    events: Iterable[Event] = (),
    window: int | None = None,
    **_: Unpack[Shared],
) -> Chart:
    """Draw shares of purchases, or ``measure="customer_share"``; see :func:`lines`.

    Parameters
    ----------
    firms : DataFrame
        ``period``, ``firm`` and the measure.
    measure : {"market_share", "customer_share"}
        Of purchases, or of customers with a supplier.
    band, events, window
        As for :func:`lines`.
    """
    courses = courses_of(firms, measure, band=band)
    return _lines(courses, measure, words_of(firms), events=list(events), window=window)


@charted()
def retention_rate(
    firms: pd.DataFrame,
    *,
    band: tuple[str, str] | None = None,
    events: Iterable[Event] = (),
    window: int | None = None,
    **_: Unpack[Shared],
) -> Chart:
    """Draw retention by period and firm; see :func:`lines`.

    Parameters
    ----------
    firms : DataFrame
        ``period``, ``firm`` and ``retention``, a share.
    band, events, window
        As for :func:`lines`.
    """
    courses = courses_of(firms, "retention_rate", band=band)
    return _lines(courses, "retention_rate", words_of(firms), events=list(events), window=window)


@charted()
def profit(
    firms: pd.DataFrame,
    *,
    cumulative: bool = False,
    band: tuple[str, str] | None = None,
    events: Iterable[Event] = (),
    window: int | None = None,
    **_: Unpack[Shared],
) -> Chart:
    """Draw profit per period, or since period 0, by firm; see :func:`lines`.

    Parameters
    ----------
    firms : DataFrame
        ``period``, ``firm`` and ``profit``, currency per period.
    cumulative : bool
        Whether to add up from period 0.
    band, events, window
        As for :func:`lines`.
    """
    measure = "cumulative_profit" if cumulative else "profit"
    courses = courses_of(firms, measure, band=band)
    return _lines(courses, measure, words_of(firms), events=list(events), window=window)


def _lines(
    courses: Courses, measure: str, words: Words, *, events: list[Event], window: int | None
) -> Chart:
    if window is None:
        window = 1 if courses.banded else window_for(courses.value)
    elif window < 1 or window % 2 == 0:
        raise ValueError(f"window: expected an odd number of periods, found {window!r}")
    bold = smoothed(courses.value, window, periods=courses.periods, breaks=[at for at, _ in events])
    label, unit = label_and_unit(measure)
    scale = scale_for(unit, courses.everything(), words=words)
    smooth = f" · bold: moving mean of {window} {words.period}s, thin: single {words.period}s"

    def draw(figure: Picture) -> Callable[[], None]:
        axes = figure.add_subplot()
        fit_limits(axes, courses)
        ends: list[EndLabel] = []
        for k, (name, look) in enumerate(looks(courses.names).items()):
            mean = bold[:, k] if window > 1 else None
            ends += draw_course(axes, courses, k, look, label=short(name), scale=scale, bold=mean)
        axes.set_xlabel(words.period.capitalize())
        axes.yaxis.set_major_formatter(scale.ticks)
        rows = mark_events(axes, events)
        top_label(axes, scale.axis(label) + (smooth if window > 1 else ""), rows=rows)
        return partial(end_labels, axes, ends)

    return Chart(
        draw,
        size=(8.6, 4.8),
        title=_finding(measure, label, courses, bold, scale, words.period),
        alt=_alt(label, courses, bold, scale, words.period, events),
        note=_note(courses),
    )


# --- pieces that other figures use too ----------------------------------------------


def fit_limits(axes: Axes, courses: Courses) -> None:
    """Set limits for the courses: zero is in sight where it is near, and has a line if crossed.

    Parameters
    ----------
    axes : Axes
    courses : Courses
        In the unit of the vertical axis.
    """
    first, last = float(courses.periods[0]), float(courses.periods[-1])
    axes.set_xlim((first, last) if last > first else (first - 0.5, first + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    values = courses.everything()
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if 0 < low < 0.5 * high or 0 < low == high:
        low = 0.0
    if 0.5 * low < high < 0 or low == high < 0:
        high = 0.0
    room = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set_ylim(low if low == 0 else low - room, high if high == 0 else high + room)
    if low < 0 < high:
        axes.axhline(0, color=GREY, linewidth=0.9, zorder=1.6)


def draw_course(
    axes: Axes,
    courses: Courses,
    k: int,
    look: Look,
    *,
    label: str,
    scale: Scale,
    bold: np.ndarray | None = None,
) -> list[EndLabel]:
    """Draw one course with its band, or thin under its moving mean in bold.

    Parameters
    ----------
    axes : Axes
    courses : Courses
    k : int
        Number of the firm.
    look : Look
    label : str
        At the end of the course.
    scale : Scale
        How its last value is written.
    bold : ndarray, shape (T,), optional
        Moving mean, in the unit of the measure.

    Returns
    -------
    list of EndLabel
        ``label`` and the last value, at the end of the course; none if it has no value.
    """
    periods, color = courses.periods, look.color
    if courses.banded and courses.lower is not None and courses.upper is not None:
        axes.fill_between(
            periods, courses.lower[:, k], courses.upper[:, k], color=color, alpha=0.18, linewidth=0
        )
    value = courses.value[:, k]
    if bold is not None:
        axes.plot(periods, value, color=color, alpha=0.35, linewidth=0.8, zorder=1.8)
        value = bold
    there = np.flatnonzero(np.isfinite(value))
    if not there.size:
        return []
    outline = [Stroke(linewidth=3.2, foreground=look.ink), Normal()] if look.pale else None
    axes.plot(
        periods, value, color=color, linestyle=look.linestyle, path_effects=outline,
        label=courses.names[k],
    )  # fmt: skip
    x, y = float(periods[there[-1]]), float(value[there[-1]])
    axes.plot(
        x, y, marker=look.marker, color=color, markersize=6.5, markeredgecolor="white",
        markeredgewidth=0.8, clip_on=False, zorder=5,
    )  # fmt: skip
    return [EndLabel(x, y, f"{label} {scale.brief(y)}", look.ink)]


def _finding(
    measure: str, label: str, courses: Courses, bold: np.ndarray, scale: Scale, period: str
) -> str:
    last = bold[-1]
    heading = label.rsplit(": ", maxsplit=1)[-1]
    heading = heading[:1].upper() + heading[1:]
    there = [k for k in np.argsort(-last, kind="stable") if np.isfinite(last[k])]
    if not there:
        return f"{heading}: no firm has a value in {period} {courses.periods[-1]}"
    said = [scale.text(last[k]) for k in there]
    level = [courses.names[k] for k, text in zip(there, said, strict=True) if text == said[0]]
    value, following = said[0], ""
    if len(level) == 1:
        if courses.banded and courses.lower is not None and courses.upper is not None:
            low, high = courses.lower[-1, there[0]], courses.upper[-1, there[0]]
            value += f" ({scale.bare(low)} to {scale.bare(high)})"
        if len(there) > 1:
            following = f", {courses.names[there[1]]} with {said[1]}"
    one, several = _TITLES.get(measure, _OTHER)
    if len(there) == 1 and measure not in _TITLES:
        one = "{label}: {who} ends at {value}"
    template = one if len(level) == 1 else several
    return template.format(
        who=joined(level), value=value, next=following, label=heading, period=period
    )


def _alt(
    label: str, courses: Courses, bold: np.ndarray, scale: Scale, period: str, events: list[Event]
) -> str:
    span = f"{period} {courses.periods[0]} to {courses.periods[-1]}"
    ways = []
    for k, name in enumerate(courses.names):
        there = np.flatnonzero(np.isfinite(bold[:, k]))
        if there.size:
            start, end = bold[there[0], k], bold[there[-1], k]
            ways.append(f"{name} from {scale.text(start)} to {scale.text(end)}")
        else:
            ways.append(f"{name} without a value")
    marked = "; ".join(f"{text or 'an event'} ({period} {at:g})" for at, text in events)
    band = " with intervals" if courses.banded else ""
    return f"Line chart of {label} by firm, {span}{band}: {joined(ways)}." + (
        f" Marked: {marked}." if marked else ""
    )


def _note(courses: Courses) -> str:
    silent = [
        name for k, name in enumerate(courses.names) if not np.isfinite(courses.value[:, k]).any()
    ]
    notes = [f"No value in any period: {joined(silent)}."] if silent else []
    if not courses.banded:
        notes.append("No intervals: compare several seeds before drawing conclusions.")
    return " ".join(notes)
