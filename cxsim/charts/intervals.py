"""Calibration in two pictures: what looks like loyalty, and what was predicted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import joined, need, number
from cxsim.charts.layout import EndLabel, described, end_labels, finish, head, new, short, top_label
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, looks, readable, styled

__all__ = ["estimates", "loyalty_estimates", "predicted_repeats", "response"]


# -- Calibration in two pictures: what looks like loyalty, and what was predicted --------------


_BLUE, _ORANGE = OKABE_ITO["blue"], OKABE_ITO["vermillion"]


#: 95 % of a normal distribution.
_Z = 1.96


@styled
def loyalty_estimates(
    loyalty: pd.DataFrame, *, title: str | None = None, size: tuple[float, float] | None = None
) -> Picture:
    """Draw loyalty as estimated with and without tastes, as bought and in random order.

    Parameters
    ----------
    loyalty : DataFrame
        ``model, order, loyalty, lower, upper``, as ``calibration.loyalty`` has; where there
        is a column ``source``, a panel for each.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(loyalty, ["model", "order", "loyalty", "lower", "upper"], name="loyalty")
    if "source" not in loyalty:
        loyalty = loyalty.assign(source=loyalty.attrs.get("source", ""))
    groups = list(loyalty.groupby("source", sort=False))
    rows = max(len(part) for _, part in groups)
    figure = new(size, (2.2 + 3.2 * len(groups), 1.5 + 0.5 * rows))
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for k, (axes, (source, part)) in enumerate(zip(panels, groups, strict=True)):
        _estimates(axes, part, named=k == 0)
        axes.set_title(str(source), fontsize=10.5)
        axes.set_xlabel("worth of staying, utils", fontsize=9)
    note = (
        "Dots: estimates with 95 % intervals. Shuffled: each customer's purchases in random order."
    )
    return finish(figure, title=title or _finding(loyalty), alt=_alt(loyalty), note=note)


def _estimates(axes: Axes, part: pd.DataFrame, *, named: bool) -> None:
    for y, row in enumerate(part.to_dict("records")):
        color = _BLUE if row["model"] == "with tastes" else _ORANGE
        whole = row["order"] == "as bought"
        axes.plot([row["lower"], row["upper"]], [y, y], color=color, lw=2.2)
        axes.plot(
            row["loyalty"], y, "o", ms=7.5, markerfacecolor=color if whole else "white",
            markeredgecolor=color, zorder=3,
        )  # fmt: skip
        axes.annotate(
            f"{row['loyalty']:.2f}".replace("-0.00", "0.00"), (row["loyalty"], y), xytext=(0, 6),
            textcoords="offset points", ha="center", va="bottom", fontsize=9,
            color=readable(color),
        )  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
    low, high = min(float(part["lower"].min()), 0.0), float(part["upper"].max())
    axes.set_xlim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    axes.set_ylim(len(part) - 0.5, -0.6)
    labels = [f"{row['model']},\n{row['order']}" for row in part.to_dict("records")]
    axes.set_yticks(range(len(part)), labels if named else [""] * len(part))
    for tick, model in zip(axes.get_yticklabels(), part["model"], strict=True):
        tick.set_color(readable(_BLUE if model == "with tastes" else _ORANGE))
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def _value(part: pd.DataFrame, model: str, order: str) -> float | None:
    found = part[(part["model"] == model) & (part["order"] == order)]["loyalty"]
    return None if found.empty else float(found.iloc[0])


def _finding(loyalty: pd.DataFrame) -> str:
    said = []
    for source, part in loyalty.groupby("source", sort=False):
        real, seeming = (
            _value(part, model, "as bought") for model in ("with tastes", "without tastes")
        )
        if real is None or seeming is None or seeming <= 0:
            continue
        name = f" ({str(source).split(' (')[0]})" if loyalty["source"].nunique() > 1 else ""
        said.append(f"{100 * max(0.0, 1 - real / seeming):.0f} %{name}")
    if not said:
        return "Loyalty by way of estimating it"
    return f"Taste makes up {' and '.join(said)} of what looks like loyalty"


def _alt(loyalty: pd.DataFrame) -> str:
    said = [
        f"{row['source']} {row['model']}, {row['order']}: {row['loyalty']:.2f} "
        f"({row['lower']:.2f} to {row['upper']:.2f})".strip()
        for row in loyalty.to_dict("records")
    ]
    return f"Estimates of loyalty in utils with 95 % intervals. {'; '.join(said)}."


_CALLED = {
    "observed": "observed",
    "scenario": "calibrated\nscenario",
    "tastes only": "the same\nwithout loyalty",
    "zero order": "shares alone\n(zero order)",
}


@styled
def predicted_repeats(
    predictions: pd.DataFrame, *, title: str | None = None, size: tuple[float, float] | None = None
) -> Picture:
    """Draw repeat rates of purchases left out, as observed and as predicted.

    Parameters
    ----------
    predictions : DataFrame
        ``model, quantity, firm, value, se``, as ``prediction.table`` has; where there is a
        column ``source``, a panel for each.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(predictions, ["model", "quantity", "value", "se"], name="predictions")
    if "source" not in predictions:
        predictions = predictions.assign(source=predictions.attrs.get("source", ""))
    rates = predictions[predictions["quantity"] == "repeat rate"]
    groups = list(rates.groupby("source", sort=False))
    rows = max(len(part) for _, part in groups)
    figure = new(size, (2.2 + 3.2 * len(groups), 1.5 + 0.5 * rows))
    panels = figure.subplots(1, len(groups), squeeze=False, sharex=True)[0]
    for k, (axes, (source, part)) in enumerate(zip(panels, groups, strict=True)):
        _rates(axes, part, named=k == 0)
        axes.set_title(str(source), fontsize=10.5)
        axes.set_xlabel("purchases that repeat the last, %", fontsize=9)
    note = (
        "The last third of each customer's purchases. Band: observed, with its 95 % interval "
        "over customers."
    )
    return finish(figure, title=title or _nearest(rates), alt=_said(rates), note=note)


def _rates(axes: Axes, part: pd.DataFrame, *, named: bool) -> None:
    seen = part[part["model"] == "observed"].iloc[0]
    low, high = (100 * (seen["value"] + sign * _Z * seen["se"]) for sign in (-1, 1))
    axes.axvspan(low, high, color=GREY, alpha=0.2, lw=0)
    for y, row in enumerate(part.to_dict("records")):
        color = {"observed": INK, "scenario": _BLUE}.get(row["model"], _ORANGE)
        value = 100 * row["value"]
        axes.plot([100 * seen["value"], value], [y, y], color=color, lw=1.4, alpha=0.7)
        axes.plot(value, y, "o", ms=7.5, color=color, zorder=3)
        axes.annotate(
            f"{value:.0f}", (value, y), xytext=(0, 6), textcoords="offset points", ha="center",
            va="bottom", fontsize=9, color=readable(color),
        )  # fmt: skip
    axes.set_ylim(len(part) - 0.5, -0.6)
    axes.set_xlim(0, 100)
    labels = [_CALLED.get(model, model) for model in part["model"]]
    axes.set_yticks(range(len(part)), labels if named else [""] * len(part))
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def _off(part: pd.DataFrame) -> dict[str, float]:
    values = part.set_index("model")["value"]
    return {name: 100 * abs(values[name] - values["observed"]) for name in values.index}


def _nearest(rates: pd.DataFrame) -> str:
    many = rates["source"].nunique() > 1
    ours, theirs = [], []
    for source, part in rates.groupby("source", sort=False):
        off = _off(part)
        name = f" ({str(source).split(' (')[0]})" if many else ""
        ours.append(f"{off['scenario']:.0f}{name}")
        theirs.append(f"{off['zero order']:.0f}")
    points = "point" if ours == ["1"] else "points"
    return (
        f"Out of sample the scenario misses the repeat rate by {' and '.join(ours)} {points}, "
        f"shares alone by {' and '.join(theirs)}"
    )


def _said(rates: pd.DataFrame) -> str:
    said = [
        f"{row['source']} {row['model']} {100 * row['value']:.1f} %"
        for row in rates.to_dict("records")
    ]
    what = "Share of later purchases that repeat the last, observed and predicted"
    return f"{what}. {'; '.join(said)}."


@styled
def estimates(
    frame: pd.DataFrame,
    *,
    label: str,
    title: str,
    note: str = "Means over paired seeds with their 95 % intervals; filled: zero is excluded.",
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw one number with its interval for each of several things, one below the other.

    Parameters
    ----------
    frame : DataFrame
        ``name, value, lower, upper``; the ends may be NaN.
    label : str
        What the numbers are, with unit.
    title, note : str
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(frame, ["name", "value", "lower", "upper"])
    figure = new(size, (7.4, 1.5 + 0.5 * len(frame)))
    axes = figure.add_subplot()
    said = []
    for k, row in enumerate(frame.itertuples(index=False)):
        clear = row.lower > 0 or row.upper < 0
        axes.plot([row.lower, row.upper], [k, k], color=INK, lw=2.2 if clear else 1.4)
        axes.plot(
            row.value, k, "o", ms=8, mec=INK, zorder=3,
            mfc=OKABE_ITO["blue"] if clear else "white",
        )  # fmt: skip
        axes.annotate(
            number(row.value, signed=True), (row.value, k), xytext=(0, 7), ha="center",
            textcoords="offset points", va="bottom", fontsize=9.5, fontweight="bold",
        )  # fmt: skip
        said.append(f"{row.name} {number(row.value, signed=True)}")
    axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
    axes.set_yticks(range(len(frame)), [short(str(each), 28) for each in frame["name"]])
    axes.set_ylim(len(frame) - 0.5, -0.7)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    _room(axes, frame[["value", "lower", "upper"]].to_numpy(float))
    axes.set_xlabel(label)
    return finish(figure, title=title, note=note, alt=f"{label}: {joined(said)}.")


def _room(axes: Axes, values: np.ndarray) -> None:
    shown = np.append(values[np.isfinite(values)], 0.0)
    room = 0.12 * float(np.ptp(shown)) or 1.0
    axes.set_xlim(shown.min() - room, shown.max() + room)


@styled
def response(
    frame: pd.DataFrame,
    *,
    by: str,
    label: str,
    title: str,
    mark: tuple[float, str] | None = None,
    ticks: Mapping[float, str] | None = None,
    note: str = "Lines: means over paired seeds; bands: their 95 % intervals.",
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw how a number depends on a parameter, one line for each of several things.

    Parameters
    ----------
    frame : DataFrame
        ``name, x, value, lower, upper``.
    by : str
        What the parameter is, with unit.
    label : str
        What the number is, with unit.
    title, note : str
    mark : (float, str), optional
        A value of the parameter and its words, such as where the market stands.
    ticks : mapping of float to str, optional
        Words in place of numbers.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(frame, ["name", "x", "value", "lower", "upper"])
    figure = new(size, (7.6, 4.6))
    axes = figure.add_subplot()
    names = list(dict.fromkeys(frame["name"]))
    ends, said = [], []
    for name, look in looks(names).items():
        part = frame[frame["name"] == name].sort_values("x")
        axes.fill_between(
            part["x"], part["lower"], part["upper"], color=look.color, alpha=0.22, lw=0
        )
        axes.plot(part["x"], part["value"], look.marker, ls="-", color=look.color, ms=5)
        last = part.iloc[-1]
        ends.append(EndLabel(last["x"], last["value"], short(name, 18), look.ink))
        first = part.iloc[0]
        said.append(
            f"{name}: {number(first['value'], signed=True)} at {number(first['x'])}, "
            f"{number(last['value'], signed=True)} at {number(last['x'])}"
        )
    if frame["lower"].min() < 0.3 * frame["value"].abs().max():  # else zero is far away
        axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
    if mark is not None:
        axes.axvline(mark[0], color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=0.9)
        axes.annotate(
            mark[1], (mark[0], 1.0), xycoords=axes.get_xaxis_transform(), xytext=(3, 3),
            textcoords="offset points", fontsize=9, color=GREY, va="bottom",
            annotation_clip=False,
        )  # fmt: skip
    if ticks is not None:
        axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlabel(by)
    top_label(axes, label, rows=1 if mark else 0)
    head(figure, title=title, note=note)
    end_labels(axes, ends if len(names) > 1 else [])
    return described(figure, f"{label} by {by}. {'; '.join(said)}.")
