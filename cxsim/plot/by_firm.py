"""Panels that share their axes, one a firm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes

from cxsim.plot.layout import Event, mark_events, new, short
from cxsim.plot.palette import looks
from cxsim.plot.picture import Picture

__all__ = ["mark_panels", "panels_by_firm"]


def panels_by_firm(
    names: Sequence[str], size: tuple[float, float] | None, *, width: float = 4.6,
    height: float = 2.5,
) -> tuple[Picture, list[Axes]]:  # fmt: skip
    """Return a figure and a panel for each firm, with its name in its colour."""
    columns = min(len(names), 2 if len(names) in (2, 4) else 3)
    rows = -(-len(names) // columns)
    figure = new(size, (max(width * columns + 0.4, 6.4), 1.2 + height * rows))
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for panel in grid.flat[len(names) :]:
        panel.remove()
    panels = list(grid.flat[: len(names)])
    styles = looks(names)
    for axes, name in zip(panels, names, strict=True):
        axes.set_title(short(name, 34), color=styles[name].ink)
        axes.tick_params(labelbottom=True)
    return figure, panels


def mark_panels(panels: Sequence[Axes], names: Sequence[str], events: Iterable[Event]) -> None:
    """Mark events in all panels, labelled in the first; limits have to be final."""
    events = list(events)
    rows = [
        mark_events(axes, events if k == 0 else [(at, "") for at, _ in events])
        for k, axes in enumerate(panels)
    ]
    styles = looks(names)
    for axes, name in zip(panels, names, strict=True):
        pad = 6 + 12 * max(rows, default=0)
        axes.set_title(short(name, 34), color=styles[name].ink, pad=pad)
