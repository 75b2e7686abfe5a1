"""Numbers with their intervals: below each other, over a parameter, and of a calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import PLAIN, Words, joined, need, number, scale_for
from cxsim.charts.layout import (
    Chart,
    EndLabel,
    Shared,
    charted,
    columns_for,
    end_labels,
    grid_of,
    named_rows,
    panels_size,
    row_grid,
    row_names,
    short,
    tag,
    top_label,
)
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, looks, readable, styled
from cxsim.messages import minus

# -- One number with its interval --------------------------------------------------------------


def clear(row: Any) -> Any:
    """Return whether intervals, ``lower`` to ``upper``, exclude zero: of one row or of a frame."""
    return (row["lower"] > 0) | (row["upper"] < 0)


def draw_estimate(
    axes: Axes,
    y: float,
    estimate: tuple[float, float, float],
    *,
    color: str,
    ink: str | None = None,
    filled: bool = True,
    marker: str = "o",
    width: float = 2.0,
    **style: Any,
) -> None:
    """Draw a dot in its interval on a row of the axes.

    Parameters
    ----------
    axes : Axes
    y : float
        The row.
    estimate : (float, float, float)
        Lower end, value and upper end; without an interval the ends are NaN.
    color, ink : str
        Of the dot, and of its edge and the interval (the same by default).
    filled : bool
        Whether the dot is, or else hollow.
    marker : str
    width : float
        Of the interval, in points.
    **style
        Of the dot.
    """
    low, value, high = estimate
    axes.plot([low, high], [y, y], color=ink or color, lw=width)
    axes.plot(value, y, marker, mfc=color if filled else "white", mec=ink or color, **style)


def limits_around_zero(axes: Axes, values: np.ndarray, room: float) -> None:
    """Set the horizontal limits so that all values and zero are in sight, and some room.

    Parameters
    ----------
    axes : Axes
    values : ndarray, of any shape
        In the unit of the axis; NaN is left out.
    room : float
        Share of the range that is left free on either side.
    """
    shown = np.append(values[np.isfinite(values)], 0.0)
    room = room * float(np.ptp(shown)) or 1.0
    axes.set_xlim(shown.min() - room, shown.max() + room)


@styled
def estimates(
    frame: pd.DataFrame,
    *,
    label: str,
    title: str,
    note: str = "Means over paired seeds with their 95 % intervals; filled: excludes zero.",
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
    values = frame[["lower", "value", "upper"]].to_numpy(float)
    numbers = [number(value, signed=True) for value in frame["value"]]

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        for k, (estimate, filled) in enumerate(zip(values, clear(frame), strict=True)):
            draw_estimate(
                axes, k, estimate, color=OKABE_ITO["blue"], ink=INK, filled=filled,
                width=2.2 if filled else 1.4, ms=8, zorder=3,
            )  # fmt: skip
            tag(axes, numbers[k], (estimate[1], k), (0, 7), fontsize=9.5, fontweight="bold")
        axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
        rows = [short(str(each), 28) for each in frame["name"]]
        named_rows(axes, rows, above=0.7, line=True)
        limits_around_zero(axes, values, 0.12)
        axes.set_xlabel(label)

    said = joined(f"{name} {text}" for name, text in zip(frame["name"], numbers, strict=True))
    chart = Chart(draw, (7.4, 1.5 + 0.5 * len(frame)), title, f"{label}: {said}.", note)
    return chart.picture(size=size)


@styled
def response_curve(
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
    groups = frame.groupby("name", sort=False)
    parts = {str(name): part.sort_values("x") for name, part in groups}

    def draw(figure: Picture) -> Callable[[], None]:
        axes = figure.add_subplot()
        ends = []
        for (name, part), look in zip(parts.items(), looks(parts).values(), strict=True):
            x, y = part["x"], part["value"]
            axes.fill_between(x, part["lower"], part["upper"], color=look.color, alpha=0.22, lw=0)
            axes.plot(x, y, look.marker, ls="-", color=look.color, ms=5)
            ends.append(EndLabel(x.iloc[-1], y.iloc[-1], short(name, 18), look.ink))
        if frame["lower"].min() < 0.3 * frame["value"].abs().max():  # else zero is far away
            axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
        if mark is not None:
            axes.axvline(mark[0], color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=0.9)
            tag(
                axes, mark[1], (mark[0], 1.0), (3, 3), xycoords=axes.get_xaxis_transform(),
                fontsize=9, color=GREY, annotation_clip=False,
            )  # fmt: skip
        if ticks is not None:
            axes.set_xticks(list(ticks), list(ticks.values()))
        axes.set_xlabel(by)
        top_label(axes, label, rows=1 if mark else 0)
        return partial(end_labels, axes, ends if len(parts) > 1 else [])

    ways = [f"{name}: {_at(part, 0)}, {_at(part, -1)}" for name, part in parts.items()]
    alt = f"{label} by {by}. {'; '.join(ways)}."
    return Chart(draw, (7.6, 4.6), title, alt, note).picture(size=size)


@styled
def response_panels(
    frame: pd.DataFrame,
    *,
    by: str,
    title: str,
    words: Words = PLAIN,
    difference: bool = False,
    note: str = "Lines: means over seeds; bands: their 95 % intervals.",
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw how several measures depend on a parameter, a panel for each and a line for each firm.

    Parameters
    ----------
    frame : DataFrame
        ``panel, unit, name, x, value, lower, upper``.
    by : str
        What the parameter is.
    title, note : str
    words : Words
        What the currency and a period are called.
    difference : bool
        Whether values are differences.
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
    need(frame, ["panel", "unit", "name", "x", "value", "lower", "upper"])
    panels = {str(panel): part for panel, part in frame.groupby("panel", sort=False)}
    known = looks(list(dict.fromkeys(frame["name"].astype(str))))
    scales = {
        panel: scale_for(
            str(part["unit"].iloc[0]), part["value"], words=words, difference=difference
        )
        for panel, part in panels.items()
    }

    def draw(figure: Picture) -> Callable[[], None]:
        ends: dict[Axes, list[EndLabel]] = {}
        grid = grid_of(figure, len(panels), columns_for(len(panels), 2), sharex=True)
        for axes, (panel, part) in zip(grid, panels.items(), strict=True):
            ends[axes] = []
            for name, line in part.sort_values("x").groupby("name", sort=False):
                x, y, look = line["x"], line["value"], known[str(name)]
                axes.fill_between(
                    x, line["lower"], line["upper"], color=look.color, alpha=0.22, lw=0
                )
                axes.plot(x, y, look.marker, ls="-", color=look.color, ms=4)
                ends[axes].append(EndLabel(x.iloc[-1], y.iloc[-1], short(str(name), 14), look.ink))
            if difference:
                axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
            axes.yaxis.set_major_formatter(scales[panel].ticks)
            axes.tick_params(labelbottom=True)
            axes.set_xlabel(by)
            top_label(axes, scales[panel].axis(panel))

        def label_ends() -> None:
            for axes, labels in ends.items():
                end_labels(axes, labels)

        return label_ends

    ways = [
        f"{panel}, {name}: {scales[panel].text(line['value'].iloc[0])} at "
        f"{number(line['x'].iloc[0])}, {scales[panel].text(line['value'].iloc[-1])} at "
        f"{number(line['x'].iloc[-1])}"
        for panel, part in panels.items()
        for name, line in part.sort_values("x").groupby("name", sort=False)
    ]
    alt = f"By {by}. {'; '.join(ways)}."
    width, height = panels_size(len(panels), 4.6, 3.0)
    return Chart(draw, (width, height), title, alt, note).picture(size=size)


def _at(part: pd.DataFrame, k: int) -> str:
    row = part.iloc[k]
    return f"{number(row['value'], signed=True)} at {number(row['x'])}"


# -- Calibration in two pictures: what looks like loyalty, and what was predicted --------------


_BLUE, _ORANGE = OKABE_ITO["blue"], OKABE_ITO["vermillion"]


#: 95 % of a normal distribution.
_Z = 1.96


@charted("model", "order", "loyalty", "lower", "upper")
def loyalty_estimates(loyalty: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw loyalty as estimated with and without tastes, as bought and in random order.

    Parameters
    ----------
    loyalty : DataFrame
        ``model, order, loyalty, lower, upper``, as ``calibration.loyalty`` has; where there
        is a column ``source``, a panel for each.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    loyalty = _with_source(loyalty)
    return _by_source(
        loyalty,
        _estimates,
        label="state dependence, utils",
        title=_finding(loyalty),
        alt=_alt(loyalty),
        note="Dots: estimates with 95 % intervals. Shuffled: each customer's purchases in random "
        "order.",
    )


def _with_source(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a source: the one that it says it is from, if it has none."""
    if "source" in frame:
        return frame
    return frame.assign(source=frame.attrs.get("source", ""))


def _by_source(
    frame: pd.DataFrame,
    draw_rows: Callable[[Axes, pd.DataFrame], list[str]],
    *,
    label: str,
    sharex: bool = False,
    **words: str,
) -> Chart:
    """Return a chart with a panel for each source; ``draw_rows`` returns the rows' names."""
    parts = dict(list(frame.groupby("source", sort=False)))

    def draw(figure: Picture) -> None:
        panels = figure.subplots(1, len(parts), squeeze=False, sharex=sharex)[0]
        for k, (axes, (source, part)) in enumerate(zip(panels, parts.items(), strict=True)):
            names = draw_rows(axes, part)
            named_rows(axes, [""] * len(part) if k else names)
            axes.set_title(str(source), fontsize=10.5)
            axes.set_xlabel(label, fontsize=9)

    rows = max(len(part) for part in parts.values())
    return Chart(draw, size=(2.2 + 3.2 * len(parts), 1.5 + 0.5 * rows), **words)


def _estimates(axes: Axes, part: pd.DataFrame) -> list[str]:
    for y, row in enumerate(part.to_dict("records")):
        color = _BLUE if row["model"] == "with tastes" else _ORANGE
        estimate = (row["lower"], row["loyalty"], row["upper"])
        draw_estimate(
            axes, y, estimate, color=color, filled=row["order"] == "as bought", width=2.2,
            ms=7.5, zorder=3,
        )  # fmt: skip
        text = minus(f"{row['loyalty']:.2f}".replace("-0.00", "0.00"))
        tag(axes, text, (row["loyalty"], y), fontsize=9, color=readable(color))
    axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
    low, high = min(float(part["lower"].min()), 0.0), float(part["upper"].max())
    axes.set_xlim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    axes.set_yticks(range(len(part)))
    for tick, model in zip(axes.get_yticklabels(), part["model"], strict=True):
        tick.set_color(readable(_BLUE if model == "with tastes" else _ORANGE))
    return [f"{row['model']},\n{row['order']}" for row in part.to_dict("records")]


def _value(part: pd.DataFrame, model: str, order: str) -> float | None:
    found = part[(part["model"] == model) & (part["order"] == order)]["loyalty"]
    return None if found.empty else float(found.iloc[0])


def _finding(loyalty: pd.DataFrame) -> str:
    said = []
    for source, part in loyalty.groupby("source", sort=False):
        real, seeming = (_value(part, f"{how} tastes", "as bought") for how in ("with", "without"))
        if real is not None and seeming is not None and seeming > 0:
            taste = 100 * max(0.0, 1 - real / seeming)
            said.append(f"{taste:.0f} %{_named(source, loyalty)}")
    if not said:
        return "Loyalty by estimation method"
    return f"Brand preference explains {' and '.join(said)} of apparent loyalty"


def _named(source: Any, frame: pd.DataFrame) -> str:
    """Return the source in brackets if the frame has several."""
    return f" ({str(source).split(' (')[0]})" if frame["source"].nunique() > 1 else ""


def _alt(loyalty: pd.DataFrame) -> str:
    said = [
        f"{row['source']} {row['model']}, {row['order']}: ".lstrip()
        + minus(f"{row['loyalty']:.2f} ({row['lower']:.2f} to {row['upper']:.2f})")
        for row in loyalty.to_dict("records")
    ]
    return f"Estimates of state dependence in utils with 95 % intervals. {'; '.join(said)}."


#: Quantities of classes that are shown, with their axes.
_OF_CLASSES = {
    "share": "share of customers, %",
    "price sensitivity": "price sensitivity, 1 / {currency}",
    "worth of loyalty": "worth of loyalty, {currency}",
}


@charted("class", "quantity", "estimate", "lower", "upper")
def latent_classes(classes: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw the share, the price sensitivity and the worth of loyalty of classes of customers.

    Parameters
    ----------
    classes : DataFrame
        ``class, quantity, estimate, lower, upper``, as ``calibration.classes.table`` has.

    Returns
    -------
    Figure
        Where utils cannot be stated in money, loyalty is shown in utils.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    shown, currency = dict(_OF_CLASSES), str(classes.attrs.get("currency", "currency"))
    worth = classes[classes["quantity"] == "worth of loyalty"]["estimate"]
    if not np.isfinite(worth.to_numpy(dtype=float)).all():
        shown = {name: text for name, text in shown.items() if name != "worth of loyalty"}
        shown["loyalty"] = "loyalty, utils"
    names = [str(name) for name in classes["class"].drop_duplicates()]
    rows = classes.set_index(["quantity", "class"])

    def draw(figure: Picture) -> None:
        panels = figure.subplots(1, len(shown), squeeze=False)[0]
        for number_, (axes, (what, text)) in enumerate(zip(panels, shown.items(), strict=True)):
            factor = 100.0 if what == "share" else 1.0
            for y, name in enumerate(names):
                low, value, high = (
                    factor * float(rows.loc[(what, name), end])
                    for end in ("lower", "estimate", "upper")
                )
                draw_estimate(axes, y, (low, value, high), color=_BLUE, width=2.2, ms=7.5, zorder=3)
                said = f"{value:.0f}" if what == "share" else minus(f"{value:.2f}")
                tag(axes, said, (value, y), fontsize=9, color=readable(_BLUE))
            axes.axvline(0, color=GREY, linewidth=1.0, zorder=0.9)
            axes.margins(x=0.12)
            named_rows(axes, [""] * len(names) if number_ else names)
            axes.set_xlabel(text.format(currency=currency), fontsize=9)

    last = list(shown)[-1]
    said = [
        f"{name}: " + ", ".join(_of_class(what, rows.loc[(what, name)], currency) for what in shown)
        for name in names
    ]
    loyal = rows.loc[last]["estimate"].astype(float)
    share = 100 * float(rows.loc[("share", loyal.idxmax()), "estimate"])
    unit = "utils" if last == "loyalty" else currency
    title = f"Loyalty is worth most to {loyal.idxmax()}, {share:.0f} % of customers: "
    title += minus(f"{loyal.max():.2f} {unit}")
    if len(names) > 1:
        title += minus(f", against {loyal.min():.2f} {unit} for {loyal.idxmin()}")
    return Chart(
        draw,
        size=(2.6 + 2.6 * len(shown), 1.7 + 0.5 * len(names)),
        title=title,
        alt=f"Classes of customers with 95 % intervals. {'; '.join(said)}.",
        note="Dots: estimates with 95 % intervals. Within a class customers do not differ.",
    )


def _of_class(what: str, row: pd.Series, currency: str) -> str:
    """Return one quantity of a class with its interval, in words."""
    factor, digits = (100.0, 0) if what == "share" else (1.0, 2)
    low, value, high = (f"{factor * row[end]:.{digits}f}" for end in ("lower", "estimate", "upper"))
    units = {"share": " %", "price sensitivity": "", "loyalty": " utils"}
    return minus(f"{what} {value}{units.get(what, f' {currency}')} ({low} to {high})")


_CALLED = {
    "observed": "observed",
    "scenario": "calibrated\nscenario",
    "tastes only": "the same without\nstate dependence",
    "zero order": "shares alone\n(zero order)",
}


@charted("model", "quantity", "value", "se")
def predicted_repeat_purchases(predictions: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw repeat rates of purchases left out, as observed and as predicted.

    Parameters
    ----------
    predictions : DataFrame
        ``model, quantity, firm, value, se``, as ``prediction.table`` has; where there is a
        column ``source``, a panel for each.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    rates = _with_source(predictions)
    rates = rates[rates["quantity"] == "repeat rate"]
    return _by_source(
        rates,
        _rates,
        label="repeat purchases, %",
        sharex=True,
        title=_nearest(rates),
        alt=_said(rates),
        note="Out of sample: the last third of each customer's purchases. Band: observed rate with "
        "its 95 % interval over customers.",
    )


def _rates(axes: Axes, part: pd.DataFrame) -> list[str]:
    seen = part[part["model"] == "observed"].iloc[0]
    low, high = (100 * (seen["value"] + sign * _Z * seen["se"]) for sign in (-1, 1))
    axes.axvspan(low, high, color=GREY, alpha=0.2, lw=0)
    for y, row in enumerate(part.to_dict("records")):
        color = {"observed": INK, "scenario": _BLUE}.get(row["model"], _ORANGE)
        value = 100 * row["value"]
        axes.plot([100 * seen["value"], value], [y, y], color=color, lw=1.4, alpha=0.7)
        axes.plot(value, y, "o", ms=7.5, color=color, zorder=3)
        tag(axes, f"{value:.0f}", (value, y), fontsize=9, color=readable(color))
    axes.set_xlim(0, 100)
    return [_CALLED.get(model, model) for model in part["model"]]


def _nearest(rates: pd.DataFrame) -> str:
    ours, theirs = [], []
    for source, part in rates.groupby("source", sort=False):
        values = part.set_index("model")["value"]
        if not {"scenario", "zero order"} <= set(values.index):
            return "Repeat purchase rates out of sample, observed and predicted"
        off = 100 * (values - values["observed"]).abs()
        ours.append(f"{off['scenario']:.0f}{_named(source, rates)}")
        theirs.append(f"{off['zero order']:.0f}")
    points = "point" if ours == ["1"] else "points"
    return (
        f"Out of sample, the scenario misses the repeat purchase rate by {' and '.join(ours)} "
        f"{points}, shares alone by {' and '.join(theirs)}"
    )


def _said(rates: pd.DataFrame) -> str:
    said = [
        f"{row['source']} {row['model']} {100 * row['value']:.1f} %"
        for row in rates.to_dict("records")
    ]
    what = "Repeat purchase rates out of sample, observed and predicted"
    return f"{what}. {'; '.join(said)}."


# -- An order log before anything is estimated --------------------------------------------------


#: Shares of a brand's price variance within periods: up to the first a log shows price response,
#: above the second it does not.
_LIMITS = (0.2, 0.5)


@charted("brand", "within")
def log_prices(brands: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw how much of a log's price differences lies within periods, brand by brand.

    Parameters
    ----------
    brands : DataFrame
        ``brand, within``, as ``cx.panel_from_log(...).brands`` has: share of the variance of
        prices between customers of the same period.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    shares = brands["within"].to_numpy(dtype=float)
    names = [str(name) for name in brands["brand"]]
    known = shares[np.isfinite(shares)]
    scale = scale_for("share", shares)

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        for k, (share, look) in enumerate(zip(shares, looks(names).values(), strict=True)):
            text = scale.brief(share) if np.isfinite(share) else "constant"
            share = np.nan_to_num(share)
            axes.barh(k, share, color=look.color, height=0.6)
            tag(axes, text, (share, k), (4, 0))
        for limit in _LIMITS:
            axes.axvline(limit, color=GREY, linewidth=1.0, linestyle=":")
        row_grid(axes)
        row_names(axes, names)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.12)
        axes.xaxis.set_major_formatter(scale.ticks)
        axes.set_xlabel(scale.axis("Price variance within a period"))

    worst = known.max() if known.size else np.nan
    if not known.size:
        title = "Prices never change, so the log shows no price response"
    elif worst <= _LIMITS[0]:
        title = f"Customers of a period see the same prices ({scale.brief(worst)} of variance)"
    else:
        title = f"Up to {scale.brief(worst)} of price differences lie between customers of a period"
    said = joined(
        f"{name} {scale.brief(share) if np.isfinite(share) else 'constant'}"
        for name, share in zip(names, shares, strict=True)
    )
    return Chart(
        draw,
        size=(7.0, 1.7 + 0.45 * len(names)),
        title=title,
        alt=f"Share of price variance within periods by brand: {said}.",
        note="Up to 20 % (first dotted line) price response can be estimated; above 50 % (second) "
        "customers saw other prices than those that the log holds.",
    )


@charted("period", "purchases", "new_customers")
def log_purchases(purchases: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw purchases and customers seen for the first time, by period of a log.

    Parameters
    ----------
    purchases : DataFrame
        ``period, purchases, new_customers``, as ``cx.panel_from_log(...).purchases`` has.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.
    """
    length = str(purchases.attrs.get("period_length", "period"))
    bought, new = purchases["purchases"].to_numpy(), purchases["new_customers"].to_numpy()
    mean = float(bought.mean())

    def draw(figure: Picture) -> Callable[[], None]:
        axes = figure.add_subplot()
        axes.plot(purchases["period"], bought, color=_BLUE)
        axes.plot(purchases["period"], new, color=_ORANGE)
        axes.set_ylim(0, 1.1 * max(bought.max(), 1))
        axes.set_xlabel(length.capitalize())
        axes.set_ylabel(f"Number per {length}")
        ends = [("purchases", _BLUE, bought), ("customers\nseen first", _ORANGE, new)]
        x = float(purchases["period"].iloc[-1])
        labels = [EndLabel(x, float(v[-1]), name, readable(color)) for name, color, v in ends]
        return partial(end_labels, axes, labels)

    return Chart(
        draw,
        size=(7.6, 3.4),
        title=f"{mean:,.0f} purchases per {length}; the log has {bought.sum():,} in all",
        alt=f"Lines of purchases ({bought.min():,} to {bought.max():,} per {length}) and of "
        f"customers seen first ({new[0]:,} in the first {length}, {new[-1]:,} in the last).",
        note="In the first periods nearly everybody is seen for the first time: these are not new "
        "customers.",
    )


# -- A panel beside panels simulated from its estimates -----------------------------------------


#: Groups of statistics that the figure of a predictive check shows, and what a row of them is
#: called; switching between single firms and paths of shares stay in the table.
_CHECKED = {
    "stays after so many in a row": "stays after {} in a row",
    "stays after a gap of periods": "stays after a gap of {}",
    "returns after a move": "returns {}",
    "repeats at purchase": "repeats at purchase {}",
    "occasions between purchases": "buys again after {}",
}

_MODELS = {
    "no loyalty": OKABE_ITO["vermillion"],
    "constant loyalty": OKABE_ITO["blue"],
    "learning": OKABE_ITO["bluish green"],
}


@charted("model", "group", "statistic", "observed", "lower", "mean", "upper", "z")
def predictive_intervals(checks: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw what a panel shows beside intervals of panels simulated from its estimates.

    Parameters
    ----------
    checks : DataFrame
        ``model, group, statistic, observed, lower, mean, upper, z``, as ``table`` of
        ``calibration.predictive_check()`` has.

    Raises
    ------
    ValueError
        If a column is missing, or there is no statistic to show.
    """
    shown = checks[checks["group"].isin(_CHECKED) & checks["z"].notna()]
    if shown.empty:
        raise ValueError("checks: expected statistics of repeat purchases, found none")
    keys = list(dict.fromkeys(zip(shown["group"], shown["statistic"], strict=True)))
    models = list(dict.fromkeys(shown["model"]))
    rows = shown.set_index(["model", "group", "statistic"])
    observed = shown.drop_duplicates(["group", "statistic"])
    observed = observed.set_index(["group", "statistic"])["observed"]

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        heights = np.linspace(-0.24, 0.24, len(models)) if len(models) > 1 else [0.0]
        for y, key in enumerate(keys):
            for model, height in zip(models, heights, strict=True):
                if (model, *key) not in rows.index:
                    continue
                row = rows.loc[(model, *key)]
                color = _MODELS.get(model, GREY)
                axes.plot(
                    [100 * row["lower"], 100 * row["upper"]], [y + height] * 2, color=color,
                    lw=4.5, alpha=0.65, solid_capstyle="butt",
                )  # fmt: skip
            axes.plot(100 * observed[key], y, "o", ms=6.5, color=INK, zorder=3)
            if y and key[0] != keys[y - 1][0]:
                axes.axhline(y - 0.5, color=GREY, lw=0.6, zorder=0.5)
        for k, model in enumerate(models):
            color = readable(_MODELS.get(model, GREY))
            axes.text(
                0.0 + k * 0.3, 1.01, model, transform=axes.transAxes, color=color,
                fontweight="bold", fontsize=9.5, va="bottom",
            )  # fmt: skip
        axes.text(
            len(models) * 0.3, 1.01, "\u25cf observed", transform=axes.transAxes, color=INK,
            fontsize=9.5, va="bottom",
        )  # fmt: skip
        named_rows(axes, [_CHECKED[group].format(name) for group, name in keys])
        ends = 100 * shown[["observed", "lower", "upper"]].to_numpy(float)
        room = 0.04 * float(np.ptp(ends)) or 1.0
        axes.set_xlim(ends.min() - room, ends.max() + room)
        axes.set_xlabel("share of purchases, %", fontsize=9)

    return Chart(
        draw,
        (7.6, 1.7 + 0.36 * len(keys)),
        _fits(shown, models[-1]),
        _check_alt(shown, models),
        "Dots: observed. Bars: the middle 95 % of panels simulated from the estimates, with the "
        "panel's own customers, prices and times.",
    )


def _fits(shown: pd.DataFrame, model: str) -> str:
    part = shown[shown["model"] == model]
    worst = part.loc[part["z"].abs().idxmax()]
    what = _CHECKED[worst["group"]].format(worst["statistic"])
    if abs(worst["z"]) <= 2.5:
        return f"The model with {model} reproduces how customers stay, move and return"
    return (
        f"The model with {model} misses most where a customer {what}: "
        f"{100 * worst['observed']:.0f} % observed, {100 * worst['mean']:.0f} % simulated"
    )


def _check_alt(shown: pd.DataFrame, models: list[str]) -> str:
    said = []
    for (group, name), part in shown.groupby(["group", "statistic"], sort=False):
        ways = [
            f"{row['model']} {100 * row['lower']:.0f} to {100 * row['upper']:.0f} %"
            for row in part.to_dict("records")
        ]
        observed = 100 * part["observed"].iloc[0]
        said.append(
            f"{_CHECKED[str(group)].format(name)}: observed {observed:.0f} %, {', '.join(ways)}"
        )
    return (
        "Observed shares beside the middle 95 % of panels simulated from models with "
        f"{joined(models)}. {'; '.join(said)}."
    )
