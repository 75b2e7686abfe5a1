"""Scenarios compared over paired seeds: differences with intervals, and courses side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxsim.measures.summary import MARKET
from cxsim.plot.columns import chosen, need, one_of, words_of
from cxsim.plot.layout import finish, new, row_names, short
from cxsim.plot.numbers import Scale, Words, joined, scale_for
from cxsim.plot.palette import GREY, looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["differences"]

#: Measures shown if none are chosen, where the table has them.
_USUAL = (
    "share",
    "retention",
    "knowledge",
    "switching_cost",
    "lifetime_value_new",
    "net_present_value",
)

#: Markers of several scenarios in one panel.
_MARKERS = ("o", "s", "^", "D", "v", "P")


@styled
def differences(
    table: pd.DataFrame,
    *,
    measures: Iterable[str] | None = None,
    firms: Sequence[str] | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw paired differences from the baseline with their confidence intervals.

    Parameters
    ----------
    table : DataFrame
        ``scenario, measure, firm, difference, lower, upper`` and, where known, ``label``
        and ``unit``, as ``comparison.table`` has.
    measures : iterable of str, optional
        Measures to show, one panel each; by default up to six that matter most.
    firms : sequence of str, optional
        Firms to show. Give all firms of the scenario, in its order, to keep colours
        where scenarios share some of them.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Filled dots: the interval excludes zero; hollow: it does not, or there is none.

    Raises
    ------
    ValueError
        If a column or measure is missing.
    """
    need(table, ["scenario", "measure", "firm", "difference", "lower", "upper"], name="table")
    there = list(dict.fromkeys(table["measure"]))
    wanted = [m for m in _USUAL if m in there] or there[:6] if measures is None else list(measures)
    for measure in wanted:
        one_of(measure, there, name="measures")
    names = chosen([f for f in table["firm"] if f != MARKET], firms)
    shown = table[table["measure"].isin(wanted) & table["firm"].isin([*names, MARKET])]
    firm_level = set(shown.loc[shown["firm"] != MARKET, "measure"])
    shown = shown[(shown["firm"] != MARKET) | ~shown["measure"].isin(firm_level)]
    scenarios = list(dict.fromkeys(shown["scenario"]))
    if not wanted or shown.empty:
        raise ValueError("measures: expected at least one that the table has for these firms")
    if title is None:
        title = _finding(shown, scenarios)

    columns = min(3, len(wanted))
    rows = -(-len(wanted) // columns)
    tall = 0.75 + 0.34 * len(_places(names, scenarios))
    width = 3.3 * columns + (1.0 if len(scenarios) == 1 else 2.0)
    figure = new(size, (max(width, 6.4), 1.1 + rows * max(tall, 1.5)))
    grid = figure.subplots(rows, columns, squeeze=False)
    for panel in grid.flat[len(wanted) :]:
        panel.remove()
    words = words_of(table)
    for k, measure in enumerate(wanted):
        part = shown[shown["measure"] == measure]
        _panel(grid.flat[k], part, names, scenarios, words, named=k % columns == 0)
    note = (
        "Dots: mean difference over paired seeds, with its confidence interval; "
        "filled: the interval excludes zero."
    )
    return finish(figure, title=title, alt=_alt(shown, scenarios, wanted, words), note=note)


def _places(firms: list[str], scenarios: list[str]) -> dict[tuple[str, str], float]:
    """Return a row for each firm and scenario, with a little room between firms."""
    room = 0.35 if len(scenarios) > 1 else 0.0
    step = len(scenarios) + room
    return {(f, s): i * step + j for i, f in enumerate(firms) for j, s in enumerate(scenarios)}


def _clear(rows: pd.DataFrame) -> np.ndarray:
    """Return which intervals exclude zero."""
    return ((rows["lower"] > 0) | (rows["upper"] < 0)).to_numpy()


def _words(part: pd.DataFrame) -> tuple[str, str]:
    """Return label and unit of the one measure of a part of the table."""
    row = part.iloc[0]
    name = str(row["measure"])
    label = str(row["label"]) if "label" in part else name.replace("_", " ").capitalize()
    return label, str(row["unit"]) if "unit" in part else ""


def _scale(part: pd.DataFrame, words: Words) -> Scale:
    values = part[["difference", "lower", "upper"]].to_numpy(dtype=float)
    return scale_for(_words(part)[1], values.ravel(), words=words, difference=True)


def _panel(
    axes: Axes,
    part: pd.DataFrame,
    firms: list[str],
    scenarios: list[str],
    words: Words,
    *,
    named: bool,
) -> None:
    scale = _scale(part, words)
    market = set(part["firm"]) == {MARKET}
    rows = [MARKET] if market else firms
    places = _places(rows, scenarios)
    styles = looks(firms)
    marks = {name: _MARKERS[k % len(_MARKERS)] for k, name in enumerate(scenarios)}
    for _, row in part.iterrows():
        y = places[row["firm"], row["scenario"]]
        ink = GREY if market else styles[row["firm"]].ink
        color = GREY if market else styles[row["firm"]].color
        if not np.isfinite(row["difference"]):
            axes.text(0, y, "no value", color=GREY, fontsize=8.5, va="center", ha="center")
            continue
        clear = row["lower"] > 0 or row["upper"] < 0
        if np.isfinite(row["lower"]):
            axes.plot([row["lower"], row["upper"]], [y, y], color=ink, lw=2.0 if clear else 1.3)
        axes.plot(
            row["difference"], y, marks[row["scenario"]], markersize=7 if clear else 6.5,
            markerfacecolor=color if clear else "white", markeredgecolor=ink, zorder=3,
        )  # fmt: skip
        axes.annotate(
            scale.bare(row["difference"], signed=True), (row["difference"], y), xytext=(0, 5),
            textcoords="offset points", ha="center", va="bottom", fontsize=8, color=ink,
            fontweight="bold" if clear else "normal",
        )  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    _limits(axes, part)
    axes.set_ylim(max(places.values()) + 0.6, -0.65)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(scale.ticks)
    heading = short(_words(part)[0], 34) + (" (market)" if market else "")
    axes.set_title(heading, fontsize=10.5)
    axes.set_xlabel(scale.unit, fontsize=9)
    if not named:
        axes.set_yticks(list(places.values()), [""] * len(places))
        return
    labels = [
        short("Market" if firm == MARKET else firm)
        + (f" · {short(scenario, 18, lines=1)}" if len(scenarios) > 1 else "")
        for firm, scenario in places
    ]
    row_names(axes, labels, places=list(places.values()), names=[firm for firm, _ in places])


def _limits(axes: Axes, part: pd.DataFrame) -> None:
    values = part[["difference", "lower", "upper"]].to_numpy(dtype=float)
    values = np.append(values[np.isfinite(values)], 0.0)
    room = 0.14 * float(np.ptp(values)) or 1.0
    axes.set_xlim(values.min() - room, values.max() + room)


def _finding(shown: pd.DataFrame, scenarios: list[str]) -> str:
    clear = int(_clear(shown).sum())
    known = shown[["lower", "upper"]].notna().all(axis=1)
    against = f"{joined(scenarios)} against the baseline"
    if not known.any():
        return f"{against}: differences without intervals, for want of seeds"
    return f"{against}: {clear} of {int(known.sum())} differences shown are clearly not zero"


def _alt(shown: pd.DataFrame, scenarios: list[str], measures: list[str], words: Words) -> str:
    said = []
    for measure in measures:
        part = shown[shown["measure"] == measure]
        scale = _scale(part, words)
        rows = part[_clear(part)]
        found = ", ".join(
            f"{row['firm']} {scale.text(row['difference'], signed=True)}"
            + (f" in {row['scenario']}" if len(scenarios) > 1 else "")
            for _, row in rows.iterrows()
        )
        said.append(f"{_words(part)[0]}: {found or 'no clear difference'}")
    return (
        f"Paired differences of {joined(scenarios)} from the baseline with confidence intervals. "
        f"Clear ones by measure: {'; '.join(said)}."
    )
