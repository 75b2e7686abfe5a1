"""The perception gap: what firms believe of themselves beside what customers meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from cxsim.plot.by_firm import mark_panels, panels_by_firm
from cxsim.plot.columns import chosen, need, words_of
from cxsim.plot.layout import EndLabel, Event, described, end_labels_of, head
from cxsim.plot.numbers import number
from cxsim.plot.palette import INK, looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["perception_gap"]


@styled
def perception_gap(
    touchpoints: pd.DataFrame,
    *,
    firms: Sequence[str] | None = None,
    events: Iterable[Event] = (),
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw, by period, performance as firms believe it and as customers met it.

    Parameters
    ----------
    touchpoints : DataFrame
        ``period, firm, importance, contacts, performance, belief, belief_error``, as
        ``run.touchpoints`` has.
    firms : sequence of str, optional
        Firms to show, in order.
    events : iterable of (period, label)
        Marked in all panels, labelled in the first.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        Both are means over touchpoints by importance. Bars are two standard errors of what
        surveys said; a firm that asks nobody has none.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    columns = ["period", "firm", "importance", "contacts", "performance", "belief"]
    need(touchpoints, [*columns, "belief_error"], name="touchpoints")
    words = words_of(touchpoints)
    names = chosen(touchpoints["firm"], firms)
    table = {name: _means(touchpoints[touchpoints["firm"] == name]) for name in names}
    figure, panels = panels_by_firm(names, size, height=2.5)
    styles = looks(names)
    every = np.concatenate([part.to_numpy(float).ravel() for part in
                            (t[["met", "belief"]] for t in table.values())])  # fmt: skip
    every = every[np.isfinite(every)]
    low, high = (every.min(), every.max()) if every.size else (0.0, 10.0)
    room = 0.12 * (high - low) or 0.5
    labels: list[list[EndLabel]] = []
    for axes, name in zip(panels, names, strict=True):
        own, look = table[name], styles[name]
        axes.set_ylim(low - room, high + room)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.plot(own.index, own["met"], color=look.color, linewidth=2.2, zorder=3)
        axes.plot(own.index, own["belief"], color=INK, linestyle=(0, (4, 2)), zorder=4)
        told = own[own["error"] > 0]
        some = told.iloc[:: max(1, len(told) // 12)]
        if len(some):
            axes.errorbar(
                some.index, some["belief"], 2 * some["error"], fmt="none", ecolor=INK,
                elinewidth=1.1, capsize=2.5, zorder=4,
            )  # fmt: skip
        last = own.dropna(subset=["met"])
        ends = [EndLabel(float(own.index[-1]), float(own["belief"].iloc[-1]),
                         f"believed {number(own['belief'].iloc[-1], 2)}", INK)]  # fmt: skip
        if len(last):
            y = float(last["met"].iloc[-1])
            ends.append(EndLabel(float(last.index[-1]), y, f"met {number(y, 2)}", look.ink))
        labels.append(ends)
        axes.set_xlabel(words.period.capitalize())
    mark_panels(panels, names, events)
    panels[0].set_ylabel("Performance, 0 to 10")
    if title is None:
        title = _finding(table)
    note = (
        "Solid: what customers met. Broken: what the firm believes, with two standard errors of "
        "what surveys told it; without surveys it believes its design. By importance."
    )
    head(figure, title=title, note=note)
    end_labels_of(list(zip(panels, labels, strict=True)), fontsize=8.5)
    return described(figure, _alt(table, words.period))


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return, by period, means over touchpoints by importance: met, believed, and its error."""
    there = rows[rows["contacts"] > 0]
    weight = there["importance"].astype(float)
    error = (weight * there["belief_error"].fillna(0.0)) ** 2
    sums = pd.DataFrame(
        {
            "met": weight * there["performance"],
            "belief": weight * there["belief"],
            "error": error,
            "weight": weight,
        }
    ).groupby(there["period"]).sum()  # fmt: skip
    total = sums["weight"].where(sums["weight"] > 0)
    return pd.DataFrame(
        {
            "met": sums["met"] / total,
            "belief": sums["belief"] / total,
            "error": np.sqrt(sums["error"]) / total,
        }
    ).reindex(np.sort(rows["period"].unique()))


def _finding(table: dict[str, pd.DataFrame]) -> str:
    """Tell whose belief is furthest from the truth at the end, and whose is nearest."""
    ends = {}
    for name, own in table.items():
        there = own.dropna()
        if len(there):
            tail = there.tail(max(1, len(there) // 10))
            ends[name] = float((tail["belief"] - tail["met"]).mean())
    if not ends:
        return "Perception gap: nobody met anything"
    worst = max(ends, key=lambda name: abs(ends[name]))
    way = "better" if ends[worst] > 0 else "worse"
    said = (
        f"{worst} believes itself {number(abs(ends[worst]), 2)} points {way} than customers find it"
    )
    best = min(ends, key=lambda name: abs(ends[name]))
    if best != worst:
        said += f"; {best} is {number(abs(ends[best]), 2)} off"
    return said


def _alt(table: dict[str, pd.DataFrame], period: str) -> str:
    said = []
    for name, own in table.items():
        there = own.dropna()
        if len(there):
            a, b = there.iloc[0], there.iloc[-1]
            said.append(
                f"{name} believes {number(a['belief'], 2)} in {period} {there.index[0]} and "
                f"{number(b['belief'], 2)} in {period} {there.index[-1]}, where customers met "
                f"{number(a['met'], 2)} and {number(b['met'], 2)}"
            )
    return f"Performance believed and met by {period}, one panel a firm. {'; '.join(said)}."
