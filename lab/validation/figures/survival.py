"""Survival of a cohort of customers."""

from __future__ import annotations

import numpy as np

from cxsim.analytic import fit_survival, survival
from cxsim.charts.layout import EndLabel, end_labels, finish, new, top_label
from cxsim.charts.style import GREY, OKABE_ITO, Picture, readable, styled
from lab.validation.checks import Check
from lab.validation.data import SURVIVORS

__all__ = ["survivors"]

_COLORS = {"High End": "blue", "Regular": "vermillion"}


@styled
def survivors(checks: dict[str, Check]) -> Picture:
    """Draw survivors by year: published counts, the fit to seven years, the simulated cohort."""
    figure = new(None, (7.6, 4.6))
    axes = figure.subplots()
    years = np.arange(13)
    labels, said = [], []
    for name, color in _COLORS.items():
        fit = fit_survival(SURVIVORS[name][:8])
        curve = survival(years, alpha=fit.alpha, beta=fit.beta)
        simulated = [1.0] + [checks[f"{name}: survivors after {t}"].obtained for t in years[1:]]
        ink = OKABE_ITO[color]
        axes.plot(years, 100 * curve, "-", color=ink, lw=1.6)
        axes.plot(years, 100 * np.array(simulated), "o", color=ink, ms=5.5)
        axes.plot(years, np.array(SURVIVORS[name]) / 10, "x", color="black", ms=6.5, mew=1.4)
        labels.append(EndLabel(12, 100 * float(curve[-1]), name, readable(ink)))
        said.append(
            f"{name}: {SURVIVORS[name][-1] / 10:.1f} percent counted in year 12, "
            f"{100 * simulated[-1]:.1f} simulated"
        )
    axes.axvspan(7, 12.4, color=GREY, alpha=0.10, lw=0)
    axes.text(9.6, 93, "not used in the fit", ha="center", color=GREY, fontsize=9.5)
    axes.set_ylim(0, 102)
    axes.set_xlim(-0.3, 12.4)
    axes.set_xlabel("years")
    top_label(axes, "customers left, %")
    title = "Seven years of leaving, each customer at an own rate, predict twelve"
    finish(
        figure,
        title=title,
        note="Crosses: counts published by Fader & Hardie (2007). Lines: shifted beta-geometric, "
        "fitted to years 0-7. Dots: simulated cohort at the published parameters.",
        alt=f"{title}. {'; '.join(said)}.",
    )
    end_labels(axes, labels)
    return figure
