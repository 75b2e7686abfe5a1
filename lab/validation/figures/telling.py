"""Word of mouth: how a product spreads, and what news does to the chance to buy."""

from __future__ import annotations

import numpy as np

from cxsim.analytic import bass_diffusion
from cxsim.charts.layout import finish, new
from cxsim.charts.style import GREY, OKABE_ITO, Picture, styled
from lab.validation.checks import Check
from lab.validation.reductions.telling import ADOPTION

__all__ = ["adoption", "news"]


@styled
def adoption(checks: dict[str, Check]) -> Picture:
    """Draw adopters by period beside Bass's discrete model."""
    figure = new(None, (8.4, 4.0))
    axes = figure.subplots()
    found = list(checks.values())
    periods = np.arange(len(found))
    curve = 100 * bass_diffusion(len(found), **ADOPTION)
    ads = 100 * bass_diffusion(len(found), **{**ADOPTION, "message_rate": 0.0})
    axes.plot(periods, curve, "-", color=GREY, lw=1.6)
    axes.plot(periods, ads, "--", color=OKABE_ITO["vermillion"], lw=1.4)
    axes.errorbar(
        periods, [100 * c.obtained for c in found], yerr=[196 * c.error for c in found], fmt="o",
        color=OKABE_ITO["blue"], ms=5, capsize=2.5,
    )  # fmt: skip
    axes.annotate("Bass, discrete", (10, curve[10]), xytext=(10, 6), textcoords="offset points",
                  color=GREY)  # fmt: skip
    axes.annotate("advertising alone", (19, ads[19]), xytext=(0, 6), textcoords="offset points",
                  color=OKABE_ITO["vermillion"])  # fmt: skip
    axes.set_xlabel("period")
    axes.set_ylabel("customers who adopt, %")
    axes.set_xlim(-0.4, periods[-1] + 0.4)
    axes.set_ylim(0, None)
    top = max(found, key=lambda c: c.obtained)
    title = "Word of mouth makes adoption rise to a peak and die away, as Bass's model says"
    return finish(
        figure,
        title=title,
        note="Dots: simulation with 95 % intervals. Lines: closed form.",
        alt=f"{title}. Most adopt {top.what.removeprefix('adopt ')}: {100 * top.obtained:.1f} "
        f"percent of customers, {100 * top.expected:.1f} expected.",
    )


@styled
def news(checks: dict[str, Check]) -> Picture:
    """Draw the effects of positive and negative messages on the purchase probability, over it."""
    figure = new(None, (8.4, 4.0))
    axes = figure.subplots()
    p = np.linspace(0.01, 0.99, 99)
    colors = {"good": OKABE_ITO["blue"], "bad": OKABE_ITO["vermillion"]}
    for kind, sign in (("good", 1.0), ("bad", -1.0)):
        odds = p / (1 - p) * np.exp(sign)
        axes.plot(p, 100 * sign * (odds / (1 + odds) - p), "-", color=colors[kind], lw=1.4)
        for chance in (0.2, 0.5, 0.8):
            check = checks[f"shift by {kind} news at {chance:g}"]
            axes.errorbar(
                chance, 100 * sign * check.obtained, yerr=196 * check.error, fmt="o",
                color=colors[kind], ms=6, capsize=3,
            )  # fmt: skip
    axes.annotate("good news raises it", (0.19, 22), ha="right", color=colors["good"])
    axes.annotate("bad news lowers it", (0.81, 22), ha="left", color=colors["bad"])
    axes.axvline(0.5, color=GREY, lw=0.8, ls=":")
    axes.set_xlabel("chance to buy before")
    axes.set_ylabel("change of the chance, points")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 25)
    good, bad = checks["shift by good news at 0.2"], checks["shift by bad news at 0.2"]
    title = "Bad news weighs more than good only where the purchase was likely"
    return finish(
        figure,
        title=title,
        note="News worth one util either way. Lines: logit. Dots: simulation, 95 % intervals.",
        alt=f"{title}. At a chance of .2 good news adds {100 * good.obtained:.1f} points and bad "
        f"news takes {-100 * bad.obtained:.1f}.",
    )
