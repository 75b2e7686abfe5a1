"""The frame of every figure, and labels that keep out of each other's way.

How to write a figure: write a function of one or more tidy frames, and put ``@charted(...)`` with
the columns that it needs of the first one over it. Compute what the figure shows; define
``draw(figure)``, which adds axes and marks to an empty figure; and return a :class:`Chart` of both:
the drawing, its size, a title that states the finding, a note on what the marks mean, and what is
shown in words. Let ``draw`` return what has to wait until title and note have their place, such as
``partial(end_labels, axes, ends)`` for names at the ends of lines. Everything else is done for all
figures in :meth:`Chart.picture` and :func:`charted`: the style, the parameters ``title`` and
``size`` (``**_: Unpack[Shared]``) and their documentation, headings that fit, the layout, and the
words that the scenario has for customers, purchases and prices.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypedDict

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Annotation, Text
from matplotlib.transforms import ScaledTranslation

from cxsim.charts.labels import need, plain
from cxsim.charts.style import (
    GREY,
    INK,
    NARROW,
    Look,
    Picture,
    looks,
    narrow,
    on_phone,
    readable,
    styled,
)

# -- A figure before it is drawn ---------------------------------------------------------------


P = ParamSpec("P")


class Shared(TypedDict, total=False):
    """Parameters common to all public figures; see :meth:`Chart.picture`."""

    title: str | None
    size: tuple[float, float] | None


@dataclass(frozen=True)
class Chart:
    """The texts of a figure, and the function that draws it.

    Attributes
    ----------
    draw : callable
        Puts axes and marks into the empty figure that it is given. What needs to know the room
        that title and note leave (labels at the ends of lines) waits in a function that it
        returns, which then lays the figure out.
    size : (float, float)
        Width and height in inches.
    title : str
        The finding, with the number that matters.
    alt : str
        What is shown, in a sentence with its numbers, for those who cannot see it.
    note : str
        What the marks mean and what the numbers rest on; stands below the axes.
    """

    draw: Callable[[Picture], Callable[[], None] | None]
    size: tuple[float, float]
    title: str
    alt: str
    note: str = ""

    def picture(
        self, *, title: str | None = None, size: tuple[float, float] | None = None
    ) -> Picture:
        """Return the figure, drawn and laid out.

        Parameters
        ----------
        title : str, optional
            In place of the one computed.
        size : (float, float), optional
            Width and height in inches.
        """
        figure = new(size, self.size)
        later = self.draw(figure)
        if narrow():
            _wrap_axes(figure)
        head(figure, title=self.title if title is None else title, note=self.note)
        if later is None:
            lay_out(figure)  # and makes ticks while the style is on
        else:
            later()
        return described(figure, self.alt)


def charted(*columns: str) -> Callable[[Callable[P, Chart]], Callable[P, Picture]]:
    """Make a function that returns a chart return its picture, drawn in the style of the package.

    In place of ``**_: Unpack[Shared]``, which tells type checkers, its signature and its docstring
    show the parameters of :meth:`Chart.picture`.

    Parameters
    ----------
    *columns : str
        What the frame that it is given first must have.
    """

    def decorate(function: Callable[P, Chart]) -> Callable[P, Picture]:
        make: Callable[..., Chart] = function
        _, *asked = inspect.signature(Chart.picture).parameters.values()
        given_to = inspect.signature(function).parameters.values()
        own = [each for each in given_to if each.kind is not each.VAR_KEYWORD]
        shown = inspect.Signature([*own, *asked], return_annotation="Picture")

        @wraps(function)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> Picture:
            try:
                given = shown.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}") from None
            wanted = {each.name: given.arguments.pop(each.name, None) for each in asked}
            if columns:
                need(given.arguments[own[0].name], columns, name=own[0].name)
            chart = make(*given.args, **given.kwargs)
            figure = chart.picture(**wanted)
            figure.redraw = partial(_redrawn, make, given, wanted["title"])
            return figure

        drawn.__doc__ = _documented(inspect.getdoc(function) or "")
        drawn.__signature__ = shown  # type: ignore[attr-defined]
        return styled(drawn)

    return decorate


def _wrap_axes(figure: Picture) -> None:
    """Break long names of axes into lines, as they are to stand beside a narrow panel."""
    for axes in figure.axes:
        width, height = 38, max(14, int(15 * figure.get_figheight() / max(len(figure.axes), 1)))
        axes.set_xlabel(textwrap.fill(axes.get_xlabel(), width))
        axes.set_ylabel(textwrap.fill(axes.get_ylabel(), min(height, 28)))


def _redrawn(make: Callable[..., Chart], given: inspect.BoundArguments, title: Any) -> Picture:
    """Draw a chart for a phone: panels one below the other, as wide as the screen."""

    def draw(*args: Any, **kwargs: Any) -> Picture:
        chart = make(*args, **kwargs)
        said = chart.title if title is None else title
        lines = len(said) // 46 + len(chart.note) // 62
        return chart.picture(title=title, size=(NARROW, chart.size[1] + 0.16 * lines))

    with on_phone():
        return styled(draw)(*given.args, **given.kwargs)


def _documented(doc: str) -> str:
    """Add what :meth:`Chart.picture` takes to a section of parameters."""
    ours = (inspect.getdoc(Chart.picture) or "").partition("-\n")[2]
    said, *rest = re.split(r"\n\n(?=(?:Returns|Raises)\n)", doc, maxsplit=1)
    return "\n\n".join([f"{said}\n{ours}", *rest]) + "\n"


# -- Its parts: an empty figure, its headings, its layout --------------------------------------


def new(size: tuple[float, float] | None, default: tuple[float, float]) -> Picture:
    """Return an empty figure of a size in inches.

    Parameters
    ----------
    size : (float, float) or None
        Width and height, inches.
    default : (float, float)
        In place of None.

    Returns
    -------
    Picture
    """
    engine = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, wspace=0.04, hspace=0.06)
    return Picture(figsize=size or default, layout=engine)


def head(figure: Picture, *, title: str, note: str = "") -> None:
    """Write title and note into a figure, in lines that fit."""
    _wrapped(figure, figure.suptitle("", x=0.012, ha="left", va="top", color=INK), title, even=True)
    write_note(figure, note)


def write_note(figure: Picture, note: str) -> None:
    """Write the note below a figure, in place of one that is there."""
    text = figure.supxlabel("", x=0.012, ha="left", fontsize=8.5, color=GREY)
    _wrapped(figure, text, note)


def _wrapped(figure: Picture, text: Text, said: str, *, even: bool = False) -> None:
    """Write into as few lines as fit the figure, if wanted of much the same length."""
    room = 0.976 * figure.bbox.width

    def write(width: int) -> int:
        lines = textwrap.wrap(said, width, break_on_hyphens=False)
        text.set_text("\n".join(lines))
        return len(lines)

    width = max(len(said), 1)
    write(width)
    taken = text.get_window_extent().width
    if taken > room:  # lines of so many letters more than fit on average are too long for sure
        width = min(width, int(1.4 * width * room / taken) + 1)
    while (lines := write(width)) and width > 12 and text.get_window_extent().width > room:
        width -= 1
    while even and lines > 1 and width > 12 and write(width - 1) == lines:
        width -= 1
    write(width)


def lay_out(figure: Figure) -> None:
    """Give everything in a figure its place, without the cost of drawing it."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.laid_out = True  # type: ignore[attr-defined] # a Picture's


def finish(figure: Picture, *, title: str, alt: str, note: str = "") -> Picture:
    """Write title, note and description into a figure, lay it out and return it.

    Parameters
    ----------
    figure : Picture
    title : str
        The finding.
    alt : str
        Text alternative.
    note : str
        On the marks.

    Returns
    -------
    Picture
        The same.
    """
    head(figure, title=title, note=note)
    lay_out(figure)  # and makes ticks while the style is on
    return described(figure, alt)


def described(figure: Picture, alt: str) -> Picture:
    """Give a figure that is laid out its description and return it."""
    figure.set_label(plain(alt))
    figure.stale = False  # what changes from here on is laid out anew when it is saved
    return figure


def grid_of(
    figure: Picture, n: int, columns: int, *, sharex: bool = False, sharey: bool = False
) -> list[Axes]:
    """Return so many panels of a figure, row by row, that may share their axes.

    Parameters
    ----------
    figure : Picture
    n, columns : int
        Panels, and how many stand side by side.
    sharex, sharey : bool
        Whether panels share limits.

    Returns
    -------
    list of Axes
        n of them.
    """
    rows = -(-n // columns)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    for panel in grid.flat[n:]:
        panel.remove()
    return list(grid.flat[:n])


# -- Panels that share their axes, one a firm --------------------------------------------------


def columns_for(n: int, most: int | None = None) -> int:
    """Return how many of so many panels stand side by side: one on a phone, else at most so many.

    Parameters
    ----------
    n : int
        Panels.
    most : int, optional
        By default 2 of 2 or 4, else 3.
    """
    return 1 if narrow() else min(n, most or (2 if n in (2, 4) else 3))


def panels_size(n: int, width: float = 4.6, height: float = 2.5) -> tuple[float, float]:
    """Return the size of a figure of so many panels, each of a width and height in inches.

    Parameters
    ----------
    n : int
        Panels.
    width, height : float
        Of each, inches.

    Returns
    -------
    width, height : float
        Of the figure, inches.
    """
    columns = columns_for(n)
    return max(width * columns + 0.4, 6.4), 1.2 + height * -(-n // columns)


def firm_panels(figure: Picture, names: Sequence[str]) -> list[Axes]:
    """Return a panel of a figure for each firm, with its name in its colour."""
    panels = grid_of(figure, len(names), columns_for(len(names)), sharex=True, sharey=True)
    for axes, (name, look) in zip(panels, looks(names).items(), strict=True):
        axes.set_title(short(name, 34), color=look.ink)
        axes.tick_params(labelbottom=True)
    return panels


def mark_panels(panels: Sequence[Axes], names: Sequence[str], events: Iterable[Event]) -> None:
    """Mark events in all panels, labelled in the first; limits have to be final.

    Parameters
    ----------
    panels : sequence of Axes
        One for each firm.
    names : sequence of str
        Of the firms.
    events : iterable of (float, str)
        Periods and labels.
    """
    events = list(events)
    rows = [
        mark_events(axes, [(at, "" if k else text) for at, text in events])
        for k, axes in enumerate(panels)
    ]
    for axes, (name, look) in zip(panels, looks(names).items(), strict=True):
        axes.set_title(short(name, 34), color=look.ink, pad=6 + 12 * max(rows, default=0))


# -- Labels that keep out of each other's way --------------------------------------------------


#: Points between one line of small text and the next.
LINE = 12.0


#: An event of a figure: the period and what happened.
Event = tuple[float, str]


def short(name: str, width: int = 24, *, lines: int = 2) -> str:
    """Return a name on a few lines, cut with an ellipsis where it is longer.

    Parameters
    ----------
    name : str
    width : int
        Most characters of a line.
    lines : int
        Most lines.

    Returns
    -------
    str
    """
    words = [w if len(w) <= width else w[: width - 1] + "…" for w in name.split()]
    parts = textwrap.wrap(" ".join(words), width, break_on_hyphens=False)
    if len(parts) <= lines:
        return "\n".join(parts)
    last = parts[lines - 1].rstrip("…")
    return "\n".join([*parts[: lines - 1], last[: width - 1].rstrip() + "…"])


def dodge(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> np.ndarray:
    """Place things of a size along a line, as near to where they want to be as fits.

    Parameters
    ----------
    wanted : sequence of float, length n
        Centres wanted, in the unit of the line.
    sizes : sequence of float, length n
        Room that each needs, half of it on either side of its centre.
    low, high : float
        Ends of the line; what does not fit sticks out at the high end.

    Returns
    -------
    ndarray, shape (n,)
        Centres that keep the order of ``wanted`` and do not overlap, with the least sum
        of squared moves (pool adjacent violators).
    """
    order = np.argsort(np.asarray(wanted, float), kind="stable")
    size = np.asarray(sizes, float)[order]
    if not len(order):
        return size
    before = np.concatenate([[0.0], np.cumsum((size[:-1] + size[1:]) / 2)])
    level = _ascending(np.asarray(wanted, float)[order] - before)
    top = high - size[-1] / 2 - before[-1]
    level = np.maximum(np.minimum(level, top), low + size[0] / 2)
    placed = np.empty(len(order))
    placed[order] = level + before
    return placed


def _ascending(values: np.ndarray) -> np.ndarray:
    """Return the nearest numbers that never fall; importing scipy.optimize for it takes longer."""
    pools: list[tuple[float, int]] = []  # mean and size
    for value in values.tolist():
        mean, size = value, 1
        while pools and pools[-1][0] >= mean:
            left, many = pools.pop()
            mean, size = (left * many + mean * size) / (many + size), many + size
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])


@dataclass(frozen=True)
class EndLabel:
    """A label for a line's end: where the line ends (data), the text and its colour."""

    x: float
    y: float
    text: str
    color: str


def end_labels(axes: Axes, labels: Iterable[EndLabel], *, fontsize: float = 9.5) -> None:
    """Write labels right of the axes, each beside its line's end, without overlap.

    Call it when limits and all else are final: it lays the figure out to know its height.
    """
    end_labels_of([(axes, list(labels))], fontsize=fontsize)


def end_labels_of(
    labelled: Sequence[tuple[Axes, Sequence[EndLabel]]], *, fontsize: float = 9.5
) -> None:
    """Write the end labels of several axes of a figure, which is laid out once for all."""
    notes = [[_beside(axes, label, fontsize) for label in labels] for axes, labels in labelled]
    if labelled:
        lay_out(labelled[0][0].figure)  # type: ignore[arg-type]
    for (axes, labels), here in zip(labelled, notes, strict=True):
        _spread(axes, labels, here)


def _beside(axes: Axes, label: EndLabel, fontsize: float) -> Annotation:
    figure: Any = axes.figure
    shift = ScaledTranslation(9 / 72, 0, figure.dpi_scale_trans)
    return axes.annotate(
        label.text, (label.x, label.y), xytext=(1.0, label.y),
        textcoords=axes.get_yaxis_transform() + shift,
        color=label.color, fontsize=fontsize, va="center", ha="left", linespacing=1.05,
        annotation_clip=False,
        arrowprops={"arrowstyle": "-", "color": label.color, "lw": 0.7, "alpha": 0.6,
                    "shrinkA": 0, "shrinkB": 2, "relpos": (0.0, 0.5)},
    )  # fmt: skip


def _spread(axes: Axes, labels: Sequence[EndLabel], notes: Sequence[Annotation]) -> None:
    """Move labels up and down until none lies over another."""
    figure: Any = axes.figure
    box, pixels = axes.get_window_extent(), figure.dpi / 72
    heights = [note.get_window_extent().height + 2.5 * pixels for note in notes]
    ends = [float(axes.transData.transform((0.0, label.y))[1]) for label in labels]
    placed = dodge(ends, heights, box.y0 - 4 * pixels, box.y1 + 4 * pixels)
    for note, y in zip(notes, placed, strict=True):
        note.xyann = (1.0, float(axes.transData.inverted().transform((0.0, y))[1]))


def top_label(axes: Axes, text: str, *, rows: int = 0) -> None:
    """Write the label of the vertical axis above it, lying flat, over so many rows of text.

    Parameters
    ----------
    axes : Axes
    text : str
    rows : int
        Rows of event labels that are above the axes already.
    """
    axes.set_ylabel(text, rotation=0, ha="left", va="bottom")
    figure: Any = axes.figure
    up = ScaledTranslation(0, (6 + rows * LINE) / 72, figure.dpi_scale_trans)
    axes.yaxis.set_label_coords(0.0, 1.0, transform=axes.transAxes + up)


def mark_events(axes: Axes, events: Iterable[Event]) -> int:
    """Draw a thin line at each event, its label above the axes; return the rows labels take.

    Events outside the axes' limits are left out.

    Parameters
    ----------
    axes : Axes
        With final limits.
    events : iterable of (float, str)
        Periods and labels.

    Returns
    -------
    int
        Rows.
    """
    low, high = sorted(axes.get_xlim())
    shown = sorted((float(at), str(label)) for at, label in events if low <= float(at) <= high)
    figure: Any = axes.figure
    width = figure.get_figwidth() * 72 * 0.74  # of the axes in points, roughly
    taken: list[float] = []  # right end of the last label of each row
    placed = []
    for at, label in shown:
        text = textwrap.shorten(label, 60, placeholder=" …")
        start, length = (at - low) / max(high - low, 1e-9) * width, 4.9 * len(text) + 8
        left = start + length > width and start > length / 2
        start = start - length if left else start
        row = next((k for k, end in enumerate(taken) if end <= start), len(taken))
        taken[row : row + 1] = [start + length]
        placed.append((at, text, row, left))
    for at, text, row, left in placed:
        axes.axvline(at, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1.5)
        if text:
            axes.annotate(
                text, (at, 1.0), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                xytext=(-2 if left else 2, 3 + row * LINE), ha="right" if left else "left",
                va="bottom", fontsize=8.5, color=GREY, annotation_clip=False,
            )  # fmt: skip
    return len(taken) if any(text for _, text, _, _ in placed) else 0


def tag(
    axes: Axes, text: str, at: tuple[Any, Any], shift: tuple[float, float] = (0, 6), **style: Any
) -> None:
    """Write a text so many points off a place in the data: right or left of it, above or below.

    Parameters
    ----------
    axes : Axes
    text : str
    at : (object, object)
        Place in the units of the axes.
    shift : (float, float)
        To the right and upwards, points.
    **style
        Of :meth:`matplotlib.axes.Axes.annotate`.
    """
    right, up = shift
    style.setdefault("ha", "left" if right > 0 else "right" if right < 0 else "center")
    style.setdefault("va", "bottom" if up > 0 else "top" if up < 0 else "center")
    axes.annotate(text, at, xytext=shift, textcoords="offset points", **style)


def row_grid(axes: Axes, *, line: bool = False) -> None:
    """Make axes show rows: a grid across them, and a line at their left only if wanted."""
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(line)


def named_rows(
    axes: Axes, names: Sequence[str], *, below: float = 0.5, above: float = 0.6, line: bool = False
) -> None:
    """Name the rows 0, 1, ... of a chart, from the top, and show them as :func:`row_grid` does.

    ``below`` and ``above`` are the room under the last row and over the first.
    """
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 1 + below, -above)
    row_grid(axes, line=line)


def row_names(
    axes: Axes,
    labels: Sequence[str],
    *,
    places: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    looks_of: Mapping[str, Look] | None = None,
) -> None:
    """Name the rows of a chart after firms, in the firms' colours.

    ``places`` are those of the rows (0, 1, ... by default); ``names`` are the firms if
    the labels say more than their names; ``looks_of`` their looks if others than by the rows.
    """
    firms = list(labels if names is None else names)
    rows = list(range(len(firms))) if places is None else list(places)
    axes.set_yticks(rows, [label if names else short(label) for label in labels])
    styles = looks_of or looks(dict.fromkeys(firms))
    for tick, firm in zip(axes.get_yticklabels(), firms, strict=True):
        tick.set_color(styles[firm].ink)
        tick.set_fontweight("bold")


def spread_above(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write (place on the horizontal axis, text, colour) above the axes, none over another."""
    figure: Any = axes.figure
    raised = ScaledTranslation(0, 11 / 72, figure.dpi_scale_trans)
    up = [
        axes.annotate(
            text, (x, 1.0), xycoords=axes.get_xaxis_transform(), xytext=(x, 1.0),
            textcoords=axes.get_xaxis_transform() + raised,
            ha="center", va="bottom", fontsize=9.5, color=readable(color), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.7, "shrinkA": 1, "shrinkB": 0,
                        "relpos": (0.5, 0.0)},
        )
        for x, text, color in labels
    ]  # fmt: skip
    lay_out(figure)
    box = axes.get_window_extent()
    widths = [note.get_window_extent().width + 6 * figure.dpi / 72 for note in up]
    ends = [float(axes.transData.transform((x, 0.0))[0]) for x, *_ in labels]
    for note, x in zip(up, dodge(ends, widths, box.x0, box.x1), strict=True):
        note.xyann = (float(axes.transData.inverted().transform((x, 0.0))[0]), 1.0)
    lay_out(figure)  # for labels that moved beyond the axes


# -- Events of a scenario, to mark them in figures ---------------------------------------------


def scenario_events(scenario: Any) -> list[Event]:
    """Return (period, label) for each event of a scenario, for the figures' ``events``.

    An event without a label is told by what it sets. One that takes several periods
    is marked where it starts.

    Parameters
    ----------
    scenario : Scenario
        For instance ``run.scenario``.
    """
    return [(float(event.at), event.label or _told(event.set)) for event in scenario.events]


def _told(changes: Any) -> str:
    told = [f"{path.removeprefix('firms.')} = {value}" for path, value in changes.items()]
    return ", ".join(told[:2]) + (", …" if len(told) > 2 else "")
