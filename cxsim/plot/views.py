"""Three views of one experience: what the firm believes, what it delivers, what customers meet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.plot.by_firm import panels_by_firm
from cxsim.plot.columns import chosen, need
from cxsim.plot.layout import finish, short
from cxsim.plot.numbers import number
from cxsim.plot.palette import INK, Look, looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["three_views"]


@styled
def three_views(
    frame: pd.DataFrame,
    *,
    firms: Sequence[str] | None = None,
    title: str | None = None,
    note: str = "",
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw belief and performance at each touchpoint, one panel a firm.

    Parameters
    ----------
    frame : DataFrame
        ``firm, touchpoint, belief, performance``, one row for each firm and touchpoint in the
        order of the journey; and ``before``, what the touchpoint delivered at the start.
    firms : sequence of str, optional
        Firms to show, in order.
    title : str, optional
        In place of the one computed.
    note : str
        Put before the explanation of the marks.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Squares: what the firm believes; dots: what customers meet; bars between them are the
        gap; small ticks: what was delivered at the start.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(frame, ["firm", "touchpoint", "belief", "performance", "before"])
    names = chosen(frame["firm"], firms)
    places = [str(name) for name in frame["touchpoint"].unique()]
    figure, panels = panels_by_firm(names, size, width=4.4, height=0.55 * len(places) + 0.6)
    styles = looks(names)
    values = frame[["belief", "performance", "before"]].to_numpy(float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    gaps = {}
    for axes, name in zip(panels, names, strict=True):
        own = frame[frame["firm"] == name].set_index("touchpoint").reindex(places)
        _panel(axes, own, styles[name])
        axes.set_xlim(low - 0.6, high + 0.6)
        axes.set_ylim(len(places) - 0.5, -0.8)
        axes.set_yticks(range(len(places)), [short(place, 12) for place in places])
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Score, 0 to 10")
        gaps[name] = own["belief"] - own["performance"]
    worst = {name: gap.abs().idxmax() for name, gap in gaps.items()}
    said = [
        f"{name} is furthest off at {worst[name]}: believed "
        f"{number(_at(frame, name, worst[name], 'belief'), 2)}, met "
        f"{number(_at(frame, name, worst[name], 'performance'), 2)}"
        for name in names
    ]
    marks = (
        "Squares: what the firm believes. Dots: what customers meet. Ticks: delivered at the start."
    )
    return finish(
        figure,
        title=title or "; ".join(said),
        note=f"{note} {marks}".strip(),
        alt=f"Belief and performance by touchpoint, a panel for each firm. {'; '.join(said)}.",
    )


def _at(frame: pd.DataFrame, firm: str, place: str, column: str) -> float:
    rows = frame[(frame["firm"] == firm) & (frame["touchpoint"] == place)]
    return float(rows[column].iloc[0])


def _panel(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    for k, row in enumerate(rows.itertuples(index=False)):
        axes.plot([row.belief, row.performance], [k, k], color="#BBBBBB", lw=4, zorder=1)
        axes.plot([row.before], [k], "|", color=INK, ms=11, mew=1.2, zorder=2)
        axes.plot(row.performance, k, "o", color=look.color, ms=9, zorder=4)
        axes.plot(row.belief, k, "s", mfc="white", mec=INK, mew=1.5, ms=8, zorder=3)
        for value, other, ink in (
            (row.performance, row.belief, look.ink),
            (row.belief, row.performance, INK),
        ):
            if abs(row.performance - row.belief) < 0.35 and ink is INK:
                continue
            right = value >= other
            axes.annotate(
                number(value, 2), (value, k), xytext=(8 if right else -8, 0), va="center",
                ha="left" if right else "right", textcoords="offset points", fontsize=9, color=ink,
            )  # fmt: skip
