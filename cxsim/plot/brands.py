"""The brand-switching matrix: from whom to whom customers' purchases go."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cxsim.plot.columns import need, window_of, words_of
from cxsim.plot.layout import finish, new, short
from cxsim.plot.numbers import joined, number
from cxsim.plot.palette import GREY, INK, ink_on, looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["brand_switching"]

#: What the frame calls those without a supplier, and the outside option.
_NOBODY, _OUTSIDE = "none", "outside"

#: Colour for a row from which nobody buys.
_EMPTY = "#F2F2F2"


@styled
def brand_switching(
    switching: pd.DataFrame,
    *,
    periods: tuple[int, int] | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw, for the customers of each supplier, which options their next purchases go to.

    Parameters
    ----------
    switching : DataFrame
        ``period, origin, destination, purchases``, as ``run.switching`` has.
    periods : (int, int), optional
        First and last period counted; by default all.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Rows: supplier before; columns: option taken. Cells: percent of the row, choices
        below. Repeat purchases are framed.

    Raises
    ------
    ValueError
        If a column is missing or no period is left.
    """
    need(switching, ["period", "origin", "destination", "purchases"], name="switching")
    word = words_of(switching).period
    first, last = window_of(switching, periods)
    part = switching[switching["period"].between(first, last)]
    table = part.pivot_table(
        index="origin", columns="destination", values="purchases", aggfunc="sum", sort=False
    )
    counts = _without_empty(table)
    share = counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)
    when = f"{word}s {first} to {last}" if last > first else f"{word} {first}"

    rows, columns = len(counts), len(counts.columns)
    figure = new(size, (2.9 + 1.05 * columns, 2.1 + 0.72 * rows))
    axes = figure.add_subplot()
    _cells(axes, counts, share)
    _names(axes, list(counts.index), list(counts.columns))
    note = f"Percent of a row; below, choices in {when}. Framed: the same supplier again."
    return finish(
        figure,
        title=_finding(share, when) if title is None else title,
        alt=_alt(share, when),
        note=note,
    )


def _without_empty(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out those without a supplier and the outside option if there are none."""
    if _NOBODY in table.index and not table.loc[_NOBODY].sum():
        table = table.drop(index=_NOBODY)
    if _OUTSIDE in table.columns and not table[_OUTSIDE].sum():
        table = table.drop(columns=_OUTSIDE)
    return table


def _cells(axes: Axes, counts: pd.DataFrame, share: pd.DataFrame) -> None:
    values = share.to_numpy(dtype=float)
    colors = colormaps["Blues"]
    top = np.nanmax(values) if np.isfinite(values).any() else 1.0
    axes.set_xlim(-0.5, len(share.columns) - 0.5)
    axes.set_ylim(len(share) - 0.5, -0.5)
    axes.grid(visible=False)
    for i, origin in enumerate(share.index):
        for j, destination in enumerate(share.columns):
            value = values[i, j]
            there = np.isfinite(value)
            ground = colors(0.03 + 0.55 * value / max(top, 1e-9)) if there else _EMPTY
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fc=ground, ec="white", lw=1.5))
            ink = ink_on(ground) if there else GREY
            text = f"{100 * value:.0f}\u00a0%" if there else "–"
            axes.text(
                j,
                i - (0.1 if there else 0),
                text,
                ha="center",
                va="center",
                fontsize=12.5,
                color=ink,
            )
            if there:
                count = counts.loc[origin, destination]
                below = f"{count / 1e6:,.2f} m" if count >= 1e6 else number(count)
                axes.text(j, i + 0.27, below, ha="center", va="center", fontsize=8, color=ink)
    for i, origin in enumerate(share.index):
        if origin in share.columns and np.isfinite(values[i]).any():
            j = list(share.columns).index(origin)
            axes.add_patch(
                Rectangle((j - 0.47, i - 0.47), 0.94, 0.94, fill=False, ec=INK, lw=2.0, zorder=4)
            )


def _names(axes: Axes, origins: list[str], destinations: list[str]) -> None:
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    said = {_NOBODY: "nobody yet", _OUTSIDE: "outside option"}
    axes.set_xticks(range(len(destinations)), [short(said.get(n, n), 12) for n in destinations])
    axes.set_yticks(range(len(origins)), [short(said.get(n, n), 20) for n in origins])
    axes.set_xlabel("Option taken", fontweight="bold")
    axes.set_ylabel("Supplier before", fontweight="bold")
    styles = looks([n for n in origins if n != _NOBODY])
    for ticks, names in ((axes.get_xticklabels(), destinations), (axes.get_yticklabels(), origins)):
        for tick, name in zip(ticks, names, strict=True):
            if name in styles:
                tick.set_color(styles[name].ink)
                tick.set_fontweight("bold")


def _repeats(share: pd.DataFrame) -> list[tuple[str, float]]:
    """Return firms and the share of their customers' choices that they win, highest first."""
    kept = [
        (str(name), float(share.loc[name, name]))
        for name in share.index
        if name in share.columns and np.isfinite(share.loc[name, name])
    ]
    return sorted(kept, key=lambda pair: -pair[1])


def _finding(share: pd.DataFrame, when: str) -> str:
    kept = _repeats(share)
    if not kept:
        return f"Nobody bought a second time in {when}"
    (most, high), (least, low) = kept[0], kept[-1]
    text = f"{most} wins {100 * high:.0f}\u00a0% of its own customers' choices"
    if f"{100 * high:.0f}" == f"{100 * low:.0f}":
        level = "" if len(kept) == 1 else ", as every firm does"
        return text + level
    return f"{text}, {least} {100 * low:.0f}\u00a0%"


def _alt(share: pd.DataFrame, when: str) -> str:
    kept = [f"{name} {100 * value:.0f} %" for name, value in _repeats(share)]
    ways = [
        (float(share.loc[a, b]), str(a), str(b))
        for a in share.index for b in share.columns
        if a not in (b, _NOBODY) and np.isfinite(share.loc[a, b])
    ]  # fmt: skip
    most = max(ways, default=None)
    way = (
        f" The largest other flow: {100 * most[0]:.0f} % from {most[1]} to {most[2]}."
        if most
        else ""
    )
    return (
        f"Brand-switching matrix in {when}, supplier before by option taken, percent of rows. "
        f"To the same supplier again: {joined(kept or ['nobody'])}.{way}"
    )
