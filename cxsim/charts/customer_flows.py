"""The brand-switching matrix: from whom to whom customers' purchases go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations, product
from typing import Any, NamedTuple, Unpack

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.typing import ColorType

from cxsim.charts.labels import Scale, chosen, joined, need, number, scale_for, window_of, words_of
from cxsim.charts.layout import Chart, EndLabel, Shared, charted, end_labels, short, tag, top_label
from cxsim.charts.style import GREY, INK, Look, Picture, ink_on, looks
from cxsim.model.mechanism import NO_PURCHASE, NO_SUPPLIER

__all__ = ["Cell", "brand_switching", "customer_flows", "draw_cells", "net_flows",
           "retention_by_tenure"]  # fmt: skip


# -- The brand-switching matrix: from whom to whom customers' purchases go ---------------------


#: Colour for a row from which nobody buys.
_EMPTY = "#F2F2F2"


@charted("period", "origin", "destination", "purchases")
def brand_switching(
    switching: pd.DataFrame, *, periods: tuple[int, int] | None = None, **_: Unpack[Shared]
) -> Chart:
    """Draw, for the customers of each supplier, which options their next purchases go to.

    Parameters
    ----------
    switching : DataFrame
        ``period, origin, destination, purchases``, as ``run.brand_switching`` has.
    periods : (int, int), optional
        First and last period counted; by default all.

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
    word = words_of(switching).period
    first, last = window_of(switching, periods)
    counts = _without_empty(_table(switching[switching["period"].between(first, last)]))
    share = counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)
    when = f"{word}s {first} to {last}" if last > first else f"{word} {first}"

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        draw_cells(axes, len(share.columns), _cells(counts, share))
        _names(axes, list(counts.index), list(counts.columns))

    return Chart(
        draw,
        size=(2.9 + 1.05 * len(counts.columns), 2.1 + 0.72 * len(counts)),
        title=_finding(share, when),
        alt=_alt(share, when),
        note=f"Percent of row; below: choices in {when}. Framed: same supplier again.",
    )


def _table(switching: pd.DataFrame) -> pd.DataFrame:
    """Return purchases by supplier before (rows) and option taken (columns)."""
    return switching.pivot_table(
        index="origin", columns="destination", values="purchases", aggfunc="sum", sort=False
    )


def _without_empty(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out customers without a supplier and no purchases if there are none."""
    if NO_SUPPLIER in table.index and not table.loc[NO_SUPPLIER].sum():
        table = table.drop(index=NO_SUPPLIER)
    if NO_PURCHASE in table.columns and not table[NO_PURCHASE].sum():
        table = table.drop(columns=NO_PURCHASE)
    return table


class Cell(NamedTuple):
    """A cell of a matrix: what it says, a number below in small, its ground, whether framed."""

    text: str
    below: str = ""
    ground: ColorType = _EMPTY
    framed: bool = False


def draw_cells(
    axes: Axes, columns: int, cells: Iterable[Cell], *, size: float = 12.5, bold: bool = False
) -> None:
    """Draw a matrix row by row, its columns named at the top; framed cells in bold if wanted."""
    row = 0
    for k, cell in enumerate(cells):
        row, column = divmod(k, columns)
        place = (column - 0.5, row - 0.5)
        axes.add_patch(Rectangle(place, 1, 1, fc=cell.ground, ec="white", lw=1.5))
        ink = GREY if cell.ground == _EMPTY else ink_on(cell.ground)
        style: Any = {"ha": "center", "va": "center", "color": ink}
        weight = "bold" if bold and cell.framed else "normal"
        up = 0.1 if cell.below else 0.0
        axes.text(column, row - up, cell.text, fontsize=size, fontweight=weight, **style)
        axes.text(column, row + 0.27, cell.below, fontsize=8, **style)
        if cell.framed:
            place = (column - 0.47, row - 0.47)
            axes.add_patch(Rectangle(place, 0.94, 0.94, fill=False, ec=INK, lw=2.0, zorder=4))
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(row + 0.5, -0.5))
    axes.grid(visible=False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)


def _cells(counts: pd.DataFrame, share: pd.DataFrame) -> Iterator[Cell]:
    top = max(float(share.max().max()), 1e-9)
    for origin, destination in product(share.index, share.columns):
        value, count = share.loc[origin, destination], counts.loc[origin, destination]
        if not np.isfinite(value):
            yield Cell("–")
            continue
        below = f"{count / 1e6:,.2f} m" if count >= 1e6 else number(count)
        ground = colormaps["Blues"](0.03 + 0.55 * value / top)
        yield Cell(f"{100 * value:.0f}\u00a0%", below, ground, origin == destination)


def _names(axes: Axes, origins: list[str], destinations: list[str]) -> None:
    said = {NO_SUPPLIER: "new customer", NO_PURCHASE: "no purchase"}
    axes.set_xticks(range(len(destinations)), [short(said.get(n, n), 12) for n in destinations])
    axes.set_yticks(range(len(origins)), [short(said.get(n, n), 20) for n in origins])
    axes.set_xlabel("Chosen supplier", fontweight="bold")
    axes.set_ylabel("Previous supplier", fontweight="bold")
    styles = looks([n for n in origins if n != NO_SUPPLIER])
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
        return f"No customer of a firm made a choice in {when}"
    (most, high), (least, low) = kept[0], kept[-1]
    text = f"{most}'s customers choose it again {100 * high:.0f}\u00a0% of the time"
    if f"{100 * high:.0f}" == f"{100 * low:.0f}":
        level = "" if len(kept) == 1 else ", as do those of every firm"
        return text + level
    return f"{text}, {least}'s {100 * low:.0f}\u00a0%"


def _alt(share: pd.DataFrame, when: str) -> str:
    kept = [f"{name} {100 * value:.0f} %" for name, value in _repeats(share)]
    ways = [
        (float(share.loc[a, b]), str(a), str(b))
        for a in share.index for b in share.columns
        if a not in (b, NO_SUPPLIER) and np.isfinite(share.loc[a, b])
    ]  # fmt: skip
    way = ""
    if ways:
        most, origin, to = max(ways)
        way = f" The largest other flow: {100 * most:.0f} % from {origin} to {to}."
    return (
        f"Brand-switching matrix in {when}, previous by chosen supplier, percent of rows. "
        f"To the same supplier again: {joined(kept or ['no firm'])}.{way}"
    )


# -- Who takes customers from whom: net flows between each two firms ---------------------------


#: Neither wins customers.
_NO_FIRM = (NO_SUPPLIER, NO_PURCHASE)


def net_flows(switching: pd.DataFrame) -> pd.DataFrame:
    """Return net flows of customers between each two firms, the largest first.

    Parameters
    ----------
    switching : DataFrame
        ``period, origin, destination, purchases``, as ``run.brand_switching`` has, or part of it.

    Returns
    -------
    DataFrame
        ``winner, loser, won, lost, net``: customers who moved to the winner, back, and the
        difference.

    Raises
    ------
    ValueError
        If a column is missing or there are not two firms.
    """
    need(switching, ["period", "origin", "destination", "purchases"], name="switching")
    table = _table(switching)
    names = [n for n in table.index if n not in _NO_FIRM and n in table.columns]
    if len(names) < 2:
        raise ValueError(f"switching: expected two firms or more, found {len(names)}")
    rows = []
    for a, b in combinations(names, 2):
        to_a, to_b = float(table.loc[b, a]), float(table.loc[a, b])
        winner, loser, won, lost = (a, b, to_a, to_b) if to_a >= to_b else (b, a, to_b, to_a)
        rows.append((winner, loser, won, lost, won - lost))
    made = pd.DataFrame(rows, columns=["winner", "loser", "won", "lost", "net"])
    made = made.sort_values("net", ascending=False, kind="stable", ignore_index=True)
    made.attrs.update(switching.attrs)
    return made


@charted("period", "origin", "destination", "purchases")
def customer_flows(
    switching: pd.DataFrame, *, periods: tuple[int, int] | None = None, **_: Unpack[Shared]
) -> Chart:
    """Draw flows of customers between firms: both directions thin, the net flow thick.

    Parameters
    ----------
    switching : DataFrame
        ``period, origin, destination, purchases``, as ``run.brand_switching`` has.
    periods : (int, int), optional
        First and last period counted; by default all.

    Returns
    -------
    Figure
        One row for each two firms, the largest net flow on top; the bar has the colour of the
        firm that wins.

    Raises
    ------
    ValueError
        If a column is missing, no period is left, or there are not two firms.
    """
    first, last = window_of(switching, periods)
    flows = net_flows(switching[switching["period"].between(first, last)])
    styles = looks([n for n in dict.fromkeys(switching["origin"]) if n not in _NO_FIRM])
    when = f"{words_of(switching).period}s {first} to {last}"
    said = [
        f"{r.winner} {number(r.net)} from {r.loser} ({number(r.won)} against {number(r.lost)})"
        for r in flows.itertuples()
    ]

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        top = float(flows["won"].max()) or 1.0
        for k, row in enumerate(flows.itertuples()):
            _flow(axes, k, row, styles[row.winner], styles[row.loser], top)
        axes.axvline(0, color=INK, lw=0.8)
        axes.set(ylim=(len(flows) - 0.4, -1.0), xlim=(-1.36 * top, 1.64 * top))
        for x, text, side in _HEADINGS:
            axes.text(x * top, -0.75, text, ha=side, va="center", fontsize=8.5, color=GREY)
        axes.set_yticks([])
        ticks = np.array([t for t in axes.get_xticks() if -top <= t <= top])
        axes.set_xticks(ticks, [number(abs(t)) for t in ticks])
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Customers who switched")

    return Chart(
        draw,
        size=(8.2, 1.9 + 0.52 * len(flows)),
        title=_flow_finding(flows),
        alt=f"Net flows of customers in {when}: {joined(said)}.",
        note=f"Pale: customers who switched in either direction in {when}; solid: the difference.",
    )


#: Headings of the columns, placed by the largest flow.
_HEADINGS = (
    (-1.34, "net winner", "left"), (1.62, "net loser", "right"),
    (-0.5, "to the loser", "center"), (0.5, "to the winner", "center"),
)  # fmt: skip


def _flow(axes: Axes, k: int, row: Any, winner: Look, loser: Look, top: float) -> None:
    axes.barh(k, row.won, height=0.66, color=winner.color, alpha=0.25)
    axes.barh(k, -row.lost, height=0.66, color=loser.color, alpha=0.25)
    axes.barh(k, row.net, height=0.66, color=winner.color)
    bold: Any = {"fontweight": "bold", "color": winner.ink}
    tag(axes, f"net {number(row.net)}", (row.won, k), (4, 0), fontsize=9, **bold)
    axes.text(-1.34 * top, k, row.winner, ha="left", va="center", fontsize=10, **bold)
    axes.text(1.62 * top, k, row.loser, color=loser.ink, ha="right", va="center", fontsize=10)


def _flow_finding(flows: pd.DataFrame) -> str:
    won, lost = (flows.groupby(side)["net"].sum() for side in ("winner", "loser"))
    balance = won.sub(lost, fill_value=0.0)
    best, lead = balance.idxmax(), flows.iloc[0]
    text = f"{best} wins {number(balance[best])} customers from rivals, net of losses"
    if len(flows) == 1:
        return text
    return f"{text}; the largest net flow is from {lead.loser} to {lead.winner}"


# -- Retention by tenure: whether those who have bought longer stay rather ---------------------


#: A band with a smaller share of a firm's customers says little and is left out.
_FEW = 0.01


@charted("period", "firm", "tenure", "customers", "stayed")
def retention_by_tenure(
    tenure: pd.DataFrame, *, periods: tuple[int, int] | None = None, **_: Unpack[Shared]
) -> Chart:
    """Draw the share of customers who stay for another period, by tenure.

    Parameters
    ----------
    tenure : DataFrame
        ``period, firm, tenure, customers, stayed``, as ``run.tenure`` has; bands of
        tenure in their order.
    periods : (int, int), optional
        First and last period pooled; by default all.

    Returns
    -------
    Figure
        Bands with less than one in a hundred of a firm's customers are left out.

    Raises
    ------
    ValueError
        If a column is missing or no period is left.
    """
    words = words_of(tenure)
    if periods is not None:
        tenure = need(tenure[tenure["period"].between(*periods)], [], name="tenure in periods")
    names = chosen(tenure["firm"], None)
    bands = [str(band) for band in tenure["tenure"].unique()]
    sums = tenure.groupby(["firm", "tenure"], sort=False)[["customers", "stayed"]].sum()
    held, stayed = (
        sums[column].unstack("tenure").reindex(index=names, columns=bands).to_numpy(float)
        for column in ("customers", "stayed")
    )
    enough = (held > 0) & (held >= _FEW * np.nansum(held, axis=1, keepdims=True))
    rate = np.divide(stayed, held, out=np.full_like(held, np.nan), where=enough)
    scale = scale_for("share per period", rate.ravel(), words=words)

    def draw(figure: Picture) -> Callable[[], None]:
        axes = figure.add_subplot()
        told = max(int(np.isfinite(rate).any(axis=0).nonzero()[0].max(initial=0)) + 1, 2)
        axes.set_xticks(np.arange(told), bands[:told])
        axes.set_xlim(-0.2, told - 0.8)
        ends = []
        for (name, look), row in zip(looks(names).items(), rate, strict=True):
            there = np.flatnonzero(np.isfinite(row))
            if there.size:
                axes.plot(
                    there, row[there], color=look.color, linestyle=look.linestyle,
                    marker=look.marker, markersize=7, markeredgecolor="white", clip_on=False,
                )  # fmt: skip
                x, y = float(there[-1]), float(row[there[-1]])
                ends.append(EndLabel(x, y, f"{short(name)} {scale.brief(y)}", look.ink))
        shown = rate[np.isfinite(rate)]
        low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
        room = 0.08 * (high - low) or 0.05
        axes.set_ylim(max(low - room, 0.0), min(high + room, 1.005))
        axes.yaxis.set_major_formatter(scale.ticks)
        axes.set_xlabel("Tenure (purchases since joining the supplier)")
        top_label(axes, scale.axis("Retention"))
        return partial(end_labels, axes, ends)

    return Chart(
        draw,
        size=(8.6, 4.8),
        title=_tenure_finding(names, bands, rate, scale, words.period),
        alt=_tenure_alt(names, bands, rate, scale),
        note=f"All {words.period}s pooled, without bands of under 1\u00a0% of a firm's customers. "
        "A rise may show learning, or selection: customers who prefer the firm stay longer.",
    )


def _tenure_finding(
    names: Sequence[str], bands: Sequence[str], rate: np.ndarray, scale: Scale, period: str
) -> str:
    """Tell of the firm whose retention rises most from its first band to its last."""
    best: tuple[float, str] | None = None
    for k, name in enumerate(names):
        there = np.flatnonzero(np.isfinite(rate[k]))
        if there.size > 1:
            low, high = rate[k, there[0]], rate[k, there[-1]]
            text = (
                f"{name} retains {scale.text(low)} of its customers per {period} at tenure "
                f"{bands[there[0]]} and {scale.text(high)} at tenure {bands[there[-1]]}"
            )
            if best is None or high - low > best[0]:
                best = (float(high - low), text)
    return best[1] if best else f"Retention by tenure: too few {period}s to compare"


def _tenure_alt(names: Sequence[str], bands: Sequence[str], rate: np.ndarray, scale: Scale) -> str:
    said = []
    for k, name in enumerate(names):
        there = [int(j) for j in np.flatnonzero(np.isfinite(rate[k]))]
        steps = ", ".join(f"{scale.text(rate[k, j])} at {bands[j]}" for j in there)
        said.append(f"{name} {steps}" if steps else f"{name} without customers")
    return f"Retention per period by tenure (purchases since joining): {'; '.join(said)}."
