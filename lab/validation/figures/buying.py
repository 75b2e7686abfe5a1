"""Repeat buying without loyalty: double jeopardy, and switching that looks like loyalty."""

from __future__ import annotations

import numpy as np

from cxsim.analytic import dirichlet_buying
from cxsim.charts.layout import finish, new
from cxsim.charts.style import GREY, Picture, looks, styled
from lab.validation.checks import Check
from lab.validation.reductions.buying import TASTES

__all__ = ["double_jeopardy", "repeat_buying"]

_TOTAL = sum(TASTES.values())


@styled
def double_jeopardy(checks: dict[str, Check]) -> Picture:
    """Draw penetration and purchases per buyer by share of the market."""
    figure = new(None, (8.4, 4.2))
    panels = figure.subplots(1, 2)
    shares = np.linspace(0.01, 0.6, 60)
    curve = [
        dirichlet_buying(
            [s * _TOTAL, (1 - s) * _TOTAL], purchases=3.0, purchase_rate_shape=0.9
        )
        for s in shares
    ]  # fmt: skip
    lines = (
        ("penetration of {}", "customers who ever buy the brand, %", 100.0,
         [c.penetration[0] for c in curve]),
        ("purchases per buyer of {}", "purchases per customer who buys it", 1.0,
         [c.frequency[0] for c in curve]),
    )  # fmt: skip
    styles = looks(TASTES)
    for axes, (key, heading, scale, values) in zip(panels, lines, strict=True):
        axes.plot(100 * shares, scale * np.array(values), "-", color=GREY, lw=1.4)
        for name in TASTES:
            check, x = checks[key.format(name)], 100 * TASTES[name] / _TOTAL
            axes.errorbar(
                x, scale * check.obtained, yerr=1.96 * scale * check.error, fmt="o",
                color=styles[name].color, ms=7, capsize=3,
            )  # fmt: skip
            axes.annotate(
                name, (x, scale * check.obtained), xytext=(9, -11), textcoords="offset points",
                color=styles[name].ink, fontsize=9.5,
            )  # fmt: skip
        axes.set_title(heading, fontsize=10.5, loc="left")
        axes.set_xlabel("share of purchases, %")
        axes.set_xlim(0, 62)
        axes.set_ylim(0, None)
    title = "Small brands have fewer buyers, who buy less often, without anybody being loyal"
    said = "; ".join(
        f"{name}: {100 * checks[f'penetration of {name}'].obtained:.1f} percent of customers, "
        f"{checks[f'purchases per buyer of {name}'].obtained:.2f} purchases each"
        for name in TASTES
    )
    return finish(
        figure,
        title=title,
        note="Dots: simulation with 95 % intervals, mostly smaller than the dots. Lines: "
        "NBD-Dirichlet.",
        alt=f"{title}. {said}.",
    )


@styled
def repeat_buying(checks: dict[str, Check]) -> Picture:
    """Draw the switching matrix of customers' first two purchases beside what chance would give."""
    figure = new(None, (8.4, 4.4))
    axes = figure.subplots()
    names, styles = list(TASTES), looks(TASTES)
    width = 0.19
    for k, to in enumerate(names):
        for i, origin in enumerate(names):
            check, x = checks[f"from {origin} to {to}"], i + (k - 1.5) * width
            axes.bar(
                x, 100 * check.expected, width * 0.92, color=styles[to].color,
                alpha=1.0 if origin == to else 0.35, lw=0,
            )  # fmt: skip
            axes.errorbar(
                x, 100 * check.obtained, yerr=196 * check.error, fmt="o", color="black", ms=3.5,
                capsize=2.5, lw=1,
            )  # fmt: skip
            share = 100 * TASTES[to] / _TOTAL
            axes.plot([x - width / 2, x + width / 2], [share, share], color="black", lw=1.4)
            if origin == to:
                axes.annotate(
                    f"{100 * check.obtained:.0f} %", (x, 100 * check.obtained), xytext=(0, 6),
                    textcoords="offset points", ha="center", color=styles[to].ink, fontsize=9.5,
                )  # fmt: skip
    axes.set_xticks(range(len(names)), [f"after {name}" for name in names])
    for tick, name in zip(axes.get_xticklabels(), names, strict=True):
        tick.set_color(styles[name].ink)
    axes.set_ylabel("next purchase, % of customers")
    axes.set_ylim(0, 85)
    axes.set_xlim(-0.55, 3.55)
    axes.grid(visible=False, axis="x")
    title = "Customers who differ in taste look loyal: they come back more often than by chance"
    said = "; ".join(
        f"{name}: {100 * checks[f'from {name} to {name}'].obtained:.0f} percent come back, "
        f"{100 * TASTES[name] / _TOTAL:.0f} percent would by chance"
        for name in names
    )
    return finish(
        figure,
        title=title,
        note="Second purchase by first; bars from left to right Large, Medium, Small, Tiny. Bars: "
        "Dirichlet (full colour: the same brand again). Dots: simulation, 95 % intervals. "
        "Black lines: the brand's share, which is what chance alone would give.",
        alt=f"{title}. {said}.",
    )
