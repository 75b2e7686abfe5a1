"""Prices against loyalty, with and without foresight."""

from __future__ import annotations

import numpy as np

from cxsim.analytic import loyalty_prices, posted_prices
from cxsim.charts.layout import EndLabel, end_labels, finish, new
from cxsim.charts.style import GREY, OKABE_ITO, Picture, readable, styled
from lab.validation.checks import Check

__all__ = ["prices_by_loyalty"]

_AHEAD, _MYOPIC = OKABE_ITO["blue"], OKABE_ITO["vermillion"]


@styled
def prices_by_loyalty(checks: dict[str, Check]) -> Picture:
    """Draw mean margins by loyalty: one price for each customer, and one posted for all."""
    figure = new(None, (9.2, 4.4))
    left, right = figure.subplots(1, 2)
    loyalty = np.linspace(0.0, 10.0, 201)
    labels = []
    for B, color, name in ((0.9, _AHEAD, "looking\nahead"), (0.0, _MYOPIC, "myopic")):
        paid = loyalty_prices(loyalty, discount_factor=B).paid
        left.plot(loyalty, paid, "-", color=color, lw=1.8)
        shown = {w: c for w, c in checks.items() if w.startswith(f"a (E[p] - c), B = {B:g}, ")}
        at = [float(w.rsplit(" ", 1)[1]) for w in shown]
        left.plot(at, [c.expected for c in shown.values()], "o", color=color, ms=5)
        labels.append(EndLabel(10, float(paid[-1]), name, readable(color)))
    posted = np.linspace(0.0, 1.6, 33)
    for B, color in ((0.9, _AHEAD), (0.0, _MYOPIC)):
        price = [float(posted_prices(g, discount_factor=B).own) for g in posted]
        right.plot(posted, price, "-", color=color, lw=1.8)
        right.annotate(
            "myopic" if B == 0.0 else "looking ahead", (posted[20], price[20]),
            xytext=(-8, 8) if B == 0.0 else (4, -14), textcoords="offset points",
            ha="right" if B == 0.0 else "left", color=readable(color), fontsize=9.5,
        )  # fmt: skip
    for axes, heading, room in (
        (left, "a price for each customer: mean paid", (0, 8.6)),
        (right, "one posted price, equal customer bases", (1.5, 3.6)),
    ):
        axes.axhline(2.0, color=GREY, lw=1.0, ls=(0, (4, 2)))
        axes.set_title(heading, fontsize=10.5, loc="left")
        axes.set_xlabel("what loyalty is worth to a customer, g (utils)")
        axes.set_ylim(*room)
    left.set_ylabel("margin x price sensitivity")
    left.set_xlim(0, 10.2)
    right.set_xlim(0, 1.65)
    lowest = float(loyalty_prices(loyalty, discount_factor=0.9).paid.min())
    title = "Firms that look ahead compete switching costs away; firms that do not live off them"
    finish(
        figure,
        title=title,
        note="Discount factor .9 or 0. Lines: solver. Dots: table of row 2.1. Dashed: without "
        "switching costs.",
        alt=f"{title}. With a price for each customer the margin is 2 without loyalty; with "
        f"foresight it falls to {lowest:.2f} and then rises slowly, without it rises to 8.16 at "
        "loyalty 10. With one posted price foresight lowers it to 1.82 at a loyalty of .5.",
    )
    end_labels(left, labels)
    return figure
