"""Figures of a decision: cumulative cash with its payback, response to a price, tornado."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxsim.charts.labels import Scale, Words, joined, number, scale_for, words_of
from cxsim.charts.layout import (
    Chart,
    EndLabel,
    Shared,
    charted,
    end_labels,
    named_rows,
    short,
    tag,
)
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, readable

__all__ = ["cumulative_cash", "price_response", "threshold", "tornado"]

_BLUE, _RED = OKABE_ITO["blue"], OKABE_ITO["vermillion"]

#: Line styles of several alternatives.
_LINES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.4, 1.2, 1.4)))


# -- Cumulative cash: what has come in so far, and when it has paid ----------------------------


@charted("period", "name", "value")
def cumulative_cash(
    flows: pd.DataFrame,
    *,
    what: str = "Discounted cumulative cash flow",
    paid: Mapping[str, float] | None = None,
    signed: bool = True,
    **_: Unpack[Shared],
) -> Chart:
    """Draw discounted cash so far by period, and the period in which it has paid for good.

    Parameters
    ----------
    flows : DataFrame
        ``period, name, value``: for each alternative the discounted sum up to each period,
        currency.
    what : str
        Label of the vertical axis and of the title, without its unit; it says whether sums are
        discounted.
    paid : mapping of str to float, optional
        The first period of each alternative from which on its sum is positive for good; what
        has none is left out.
    signed : bool
        Whether sums are differences, whose sign is written out.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    names = list(dict.fromkeys(flows["name"]))
    words = words_of(flows)
    scale = scale_for("currency", flows["value"], words=words)
    start = flows["period"].min()
    known = {name: at for name, at in (paid or {}).items() if np.isfinite(at) and at > start}

    def draw(figure: Picture) -> object:
        axes = figure.subplots()
        ends = []
        for k, name in enumerate(names):
            part = flows[flows["name"] == name]
            color = _BLUE if k == 0 else GREY
            x, y = part["period"].to_numpy(float), part["value"].to_numpy(float)
            axes.plot(x, y, color=color, lw=2.2, ls=_LINES[k % len(_LINES)])
            if k == 0:
                axes.fill_between(x, y, 0.0, where=y < 0, color=_RED, alpha=0.12, lw=0)
            label = scale.text(y[-1], signed=signed)
            label = f"{short(name, 16)}\n{label}" if len(names) > 1 else label
            ends.append(EndLabel(float(x[-1]), float(y[-1]), label, readable(color)))
            if name in known:
                _mark_payback(axes, known[name], words.period, readable(color))
        axes.axhline(0.0, color=INK, lw=0.9, zorder=0.8)
        axes.margins(x=0.0, y=0.16)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(scale.ticks)
        axes.set(xlabel=words.period.capitalize(), ylabel=fill(scale.axis(what), 28))
        return lambda: end_labels(axes, ends)

    last = {name: flows.loc[flows["name"] == name, "value"].iloc[-1] for name in names}
    return Chart(
        draw,  # type: ignore[arg-type]
        size=(7.6, 3.9),
        title=_cash_title(what, last, known, names, scale, words, signed=signed),
        alt=f"{what} by {words.period}: "
        + "; ".join(f"{name} ends at {scale.text(last[name], signed=signed)}" for name in names)
        + "".join(f"; {n} has paid from {words.period} {at:.0f} on" for n, at in known.items())
        + ".",
        note="Discounted to the start; means over the seeds."
        + (" Dot: positive for good from here on." if known else "")
        + (" Shaded: below zero." if flows["value"].min() < 0 else ""),
    )


def _mark_payback(axes: Axes, at: float, period: str, ink: str) -> None:
    axes.plot([at], [0.0], "o", color=ink, ms=8, zorder=4)
    tag(
        axes, f"payback: {period} {at:.0f}", (at, 0.0), (0, 9), va="baseline", ha="center",
        color=ink, fontsize=9, fontweight="bold",
        bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 0.8},
    )  # fmt: skip


def _cash_title(
    what: str,
    last: Mapping[str, float],
    paid: Mapping[str, float],
    names: Sequence[str],
    scale: Scale,
    words: Words,
    *,
    signed: bool,
) -> str:
    first = names[0]
    amount = scale.text(last[first], signed=signed)
    end = f"{first}: {amount} of {what[:1].lower()}{what[1:]} at the end"
    if first in paid:
        return f"{end}, positive for good from {words.period} {paid[first]:.0f} on"
    return f"{end}, not paid back within the run" if last[first] < 0 else end


# -- Response to a price: profit against it, with the best value and its interval --------------


@charted("value", "mean", "lower", "upper")
def price_response(
    means: pd.DataFrame,
    *,
    name: str,
    what: str,
    unit: str = "",
    best: tuple[float, float, float] | None = None,
    today: float | None = None,
    axis_unit: str = "",
    **_: Unpack[Shared],
) -> Chart:
    """Draw an output against the one factor of a study, with the best value and its interval.

    Parameters
    ----------
    means : DataFrame
        ``value`` of the factor, ``mean``, ``lower`` and ``upper`` of the output.
    name, what : str
        The factor and the output in words.
    unit : str
        Of the output, as measures declare it.
    best : (float, float, float), optional
        The best value of the factor and the ends of its interval.
    today : float, optional
        Its value in the scenario.
    axis_unit : str
        Unit of the factor.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    rows = means.sort_values("value")
    scale = scale_for(unit, rows[["mean", "lower", "upper"]].to_numpy().ravel(),
                      words=words_of(means))  # fmt: skip
    x, y = rows["value"].to_numpy(float), rows["mean"].to_numpy(float)
    tail = f" {axis_unit}".rstrip()

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        axes.fill_between(x, rows["lower"].to_numpy(float), rows["upper"].to_numpy(float),
                          color=_BLUE, alpha=0.16, lw=0)  # fmt: skip
        axes.plot(x, y, "o-", color=_BLUE, lw=2.0, ms=5)
        axes.margins(x=0.06, y=0.22)
        top = axes.get_xaxis_transform()
        if best is not None:
            at, low, high = best
            axes.axvspan(low, high, color=OKABE_ITO["bluish green"], alpha=0.16, lw=0, zorder=0.4)
            axes.axvline(at, color=OKABE_ITO["bluish green"], lw=1.8, zorder=0.9)
            right = at > 0.5 * (x[0] + x[-1])
            tag(
                axes, f"best: {number(at)}{tail}", (at, 1.0), (-5 if right else 5, -4),
                xycoords=top, ha="right" if right else "left", va="top", fontsize=9.5,
                color=readable(OKABE_ITO["bluish green"]), fontweight="bold",
            )  # fmt: skip
        if today is not None:
            axes.axvline(today, color=GREY, lw=1.2, ls=(0, (4, 2)), zorder=0.8)
            left = today > 0.5 * (x[0] + x[-1])
            tag(
                axes, f"today: {number(today)}{tail}", (today, 0.0), (-5 if left else 5, 6),
                xycoords=top, ha="right" if left else "left", va="baseline", fontsize=9, color=GREY,
            )  # fmt: skip
        axes.yaxis.set_major_formatter(scale.ticks)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set(xlabel=f"{name} ({axis_unit})" if axis_unit else name, ylabel=scale.axis(what))

    top = int(y.argmax())
    said = f"{what} is highest at {name} {number(x[top])}{tail}: {scale.text(y[top])}"
    if best is not None:
        said = (
            f"The best {name} is {number(best[0])}{tail} ({number(best[1])} to {number(best[2])})"
        )
    return Chart(
        draw,
        size=(7.6, 4.2),
        title=said,
        alt=f"{what} against {name}: "
        + "; ".join(f"{number(a)}{tail}: {scale.text(b)}" for a, b in zip(x, y, strict=True))
        + f". {said}.",
        note="Dots: means over paired seeds, band: their intervals. Green: the best value and its "
        "interval. Dashed: value in the scenario.",
    )


# -- Threshold: the value of a parameter at which an output meets a level ----------------------


@charted("value", "mean", "lower", "upper")
def threshold(
    curve: pd.DataFrame,
    *,
    name: str,
    what: str,
    unit: str = "",
    level: float = 0.0,
    level_name: str = "break-even",
    found: tuple[float, float, float] | None = None,
    today: float | None = None,
    axis_unit: str = "",
    **_: Unpack[Shared],
) -> Chart:
    """Draw an output against a parameter, and where it meets a level: break-even, or a target.

    Parameters
    ----------
    curve : DataFrame
        ``value`` of the parameter, ``mean``, ``lower`` and ``upper`` of the output.
    name, what : str
        The parameter and the output in words.
    unit : str
        Of the output, as measures declare it.
    level : float
        In the unit of the output.
    level_name : str
        What it is called.
    found : (float, float, float), optional
        The value that meets it and the ends of its interval, in the unit of the parameter.
    today : float, optional
        Value of the parameter in the scenario.
    axis_unit : str
        Unit of the parameter.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    rows = curve.sort_values("value")
    scale = scale_for(unit, [*rows[["mean", "lower", "upper"]].to_numpy().ravel(), level],
                      words=words_of(curve))  # fmt: skip
    x, y = rows["value"].to_numpy(float), rows["mean"].to_numpy(float)
    tail, green = f" {axis_unit}".rstrip(), OKABE_ITO["bluish green"]

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        axes.fill_between(x, rows["lower"].to_numpy(float), rows["upper"].to_numpy(float),
                          color=_BLUE, alpha=0.16, lw=0)  # fmt: skip
        axes.plot(x, y, "o-", color=_BLUE, lw=2.0, ms=5)
        axes.margins(x=0.06, y=0.22)
        axes.axhline(level, color=INK, lw=1.0, zorder=0.8)
        top = axes.get_xaxis_transform()
        if found is not None:
            at, low, high = found
            if np.isfinite(low):
                axes.axvspan(low, high, color=green, alpha=0.16, lw=0, zorder=0.4)
            axes.axvline(at, color=green, lw=1.8, zorder=0.9)
            right = at > 0.5 * (x[0] + x[-1])
            tag(
                axes, f"{level_name}: {number(at)}{tail}", (at, 1.0), (-5 if right else 5, -4),
                xycoords=top, ha="right" if right else "left", va="top", fontsize=9.5,
                color=readable(green), fontweight="bold",
            )  # fmt: skip
        if today is not None and x[0] <= today <= x[-1]:
            axes.axvline(today, color=GREY, lw=1.2, ls=(0, (4, 2)), zorder=0.8)
            left = today > 0.5 * (x[0] + x[-1])
            tag(
                axes, f"today: {number(today)}{tail}", (today, 0.0), (-5 if left else 5, 6),
                xycoords=top, ha="right" if left else "left", va="baseline", fontsize=9, color=GREY,
            )  # fmt: skip
        axes.yaxis.set_major_formatter(scale.ticks)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set(xlabel=f"{name} ({axis_unit})" if axis_unit else name, ylabel=scale.axis(what))

    if found is None:
        side = "above" if y.min() > level else "below"
        said = f"{what} is {side} {scale.text(level)} throughout"
    else:
        around = f" ({number(found[1])} to {number(found[2])})" if np.isfinite(found[1]) else ""
        said = f"{what} is {scale.text(level)} at {name} {number(found[0])}{tail}{around}"
    return Chart(
        draw,
        size=(7.6, 4.2),
        title=said,
        alt=f"{what} against {name}: "
        + "; ".join(f"{number(a)}{tail}: {scale.text(b)}" for a, b in zip(x, y, strict=True))
        + f". {said}.",
        note=f"Dots: means over paired seeds, band: their intervals. Line: {scale.text(level)}."
        + (f" Green: {level_name} and its interval." if found is not None else "")
        + (" Dashed: value in the scenario." if today is not None else ""),
    )


#: Share of the variance below which straight lines do not describe an output.
LINEAR = 0.5


# -- Tornado: how far each factor moves the answer over its range ------------------------------


@charted("name", "low", "high", "effect", "lower", "upper")
def tornado(
    effects: pd.DataFrame, *, what: str, unit: str = "", explained: float | None = None,
    **_: Unpack[Shared],
) -> Chart:  # fmt: skip
    """Draw how an output changes from the low to the high end of each factor's range.

    Parameters
    ----------
    effects : DataFrame
        ``name`` of a factor in words, ``low`` and ``high``, the ends of its range as text with
        unit, ``effect``, the change of the output over the range, ``lower`` and ``upper``.
    what : str
        The output in words.
    unit : str
        Of the output, as measures declare it.
    explained : float, optional
        Share of the variance that the effects account for.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    order = effects["effect"].abs().sort_values(ascending=False).index
    rows = effects.loc[order].head(12).to_dict("records")
    numbers = effects[["effect", "lower", "upper"]].to_numpy().ravel()
    scale = scale_for(unit, numbers, words=words_of(effects), difference=True)

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        for place, row in enumerate(rows):
            sure = row["lower"] > 0 or row["upper"] < 0
            color = (_BLUE if row["effect"] > 0 else _RED) if sure else GREY
            axes.barh(place, row["effect"], height=0.5, color=color, alpha=0.85 if sure else 0.5)
            axes.plot([row["lower"], row["upper"]], [place] * 2, color=INK, lw=1.2)
            right = row["effect"] >= 0
            end = max(row["effect"], row["upper"]) if right else min(row["effect"], row["lower"])
            tag(
                axes, scale.bare(row["effect"], signed=True), (end, place), (6 if right else -6, 0),
                ha="left" if right else "right", fontsize=9, color=readable(color),
            )  # fmt: skip
        axes.axvline(0.0, color=INK, lw=1.0)
        names = [f"{short(r['name'], 30, lines=1)}\n{r['low']} to {r['high']}" for r in rows]
        named_rows(axes, names, below=0.6)
        axes.margins(x=0.22)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(scale.ticks)
        axes.set_xlabel(scale.axis(f"Change of {what[:1].lower()}{what[1:]}"), fontsize=9)

    first = rows[0]
    title = (
        f"{what} depends most on {first['name']}: "
        f"{scale.text(first['effect'], signed=True)} over its range"
    )
    if explained is not None and explained < LINEAR:
        title = f"{what} does not change along straight lines: read the means by design point"
    share = "" if explained is None else f"{100 * explained:.0f} % of the variance"
    rest = f" Straight lines explain {share}." if share else ""
    return Chart(
        draw,
        size=(7.8, 1.8 + 0.55 * len(rows)),
        title=title,
        alt=f"Tornado of {what}: "
        + joined(
            f"{row['name']} from {row['low']} to {row['high']} "
            f"{scale.text(row['effect'], signed=True)}"
            for row in rows
        )
        + ".",
        note="Bars: change from the lowest to the highest value of a factor, the others in the "
        f"middle of their ranges. Lines: intervals. Grey: not significant.{rest}",
    )
