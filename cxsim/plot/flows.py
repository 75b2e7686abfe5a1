"""Who takes customers from whom: net flows between each two firms."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from cxsim.plot.columns import need, window_of, words_of
from cxsim.plot.layout import finish, new
from cxsim.plot.numbers import joined, number
from cxsim.plot.palette import GREY, INK, looks
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["customer_flows", "net_flows"]

#: What a frame calls those without a supplier, and the outside option: neither wins customers.
_NO_FIRM = ("none", "outside")


def net_flows(switching: pd.DataFrame) -> pd.DataFrame:
    """Return net flows of customers between each two firms, the largest first.

    Parameters
    ----------
    switching : DataFrame
        ``period, origin, destination, purchases``, as ``run.switching`` has, or part of it.

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
    table = switching.pivot_table(
        index="origin", columns="destination", values="purchases", aggfunc="sum", sort=False
    )
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


@styled
def customer_flows(
    switching: pd.DataFrame,
    *,
    periods: tuple[int, int] | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw who wins customers from whom: both ways thin, the net flow thick.

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
        One row for each two firms, the largest net flow on top; the bar has the colour of the
        firm that wins.

    Raises
    ------
    ValueError
        If a column is missing, no period is left, or there are not two firms.
    """
    need(switching, ["period", "origin", "destination", "purchases"], name="switching")
    first, last = window_of(switching, periods)
    part = switching[switching["period"].between(first, last)]
    flows = net_flows(part)
    words = words_of(switching)
    styles = looks([n for n in dict.fromkeys(switching["origin"]) if n not in _NO_FIRM])
    figure = new(size, (8.2, 1.9 + 0.52 * len(flows)))
    axes = figure.add_subplot()
    top = float(flows["won"].max()) or 1.0
    for k, row in enumerate(flows.itertuples()):
        winner, loser = styles[row.winner], styles[row.loser]
        axes.barh(k, row.won, height=0.66, color=winner.color, alpha=0.25)
        axes.barh(k, -row.lost, height=0.66, color=loser.color, alpha=0.25)
        axes.barh(k, row.net, height=0.66, color=winner.color)
        axes.annotate(
            f"net {number(row.net)}", (row.won, k), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=9, color=winner.ink, fontweight="bold",
        )  # fmt: skip
        axes.text(-1.34 * top, k, row.winner, color=winner.ink, ha="left", va="center",
                  fontweight="bold", fontsize=10)  # fmt: skip
        axes.text(1.62 * top, k, row.loser, color=loser.ink, ha="right", va="center", fontsize=10)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_ylim(len(flows) - 0.4, -1.0)
    axes.set_xlim(-1.36 * top, 1.64 * top)
    for x, text, side in (
        (-1.34, "wins from", "left"), (1.62, "loses", "right"),
        (-0.5, "moved back", "center"), (0.5, "moved to the winner", "center"),
    ):  # fmt: skip
        axes.text(x * top, -0.75, text, ha=side, va="center", fontsize=8.5, color=GREY)
    axes.set_yticks([])
    ticks = np.array([t for t in axes.get_xticks() if -top <= t <= top])
    axes.set_xticks(ticks, [number(abs(t)) for t in ticks])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("Customers who moved")
    when = f"{words.period}s {first} to {last}"
    lead = flows.iloc[0]
    balance = flows.groupby("winner")["net"].sum().sub(
        flows.groupby("loser")["net"].sum(), fill_value=0.0
    )  # fmt: skip
    said = [
        f"{r.winner} {number(r.net)} from {r.loser} ({number(r.won)} against {number(r.lost)})"
        for r in flows.itertuples()
    ]
    if title is None:
        best = balance.idxmax()
        title = f"{best} wins {number(balance[best])} customers from rivals, net of those it loses"
        if len(flows) > 1:
            title += f"; the largest net flow is from {lead.loser} to {lead.winner}"
    return finish(
        figure,
        title=title,
        note=f"Pale: customers who moved one way and the other in {when}; full: the difference.",
        alt=f"Net flows of customers in {when}: {joined(said)}.",
    )
