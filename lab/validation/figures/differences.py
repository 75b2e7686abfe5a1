"""All differences at once: as large as chance makes them, or larger or smaller."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxsim.charts.layout import finish, new
from cxsim.charts.style import GREY, OKABE_ITO, Picture, styled
from lab.validation.checks import TOLERANCE

__all__ = ["differences"]


@styled
def differences(errors_off: Sequence[float]) -> Picture:
    """Draw how differences in standard errors are distributed, beside the normal distribution."""
    off = np.asarray(errors_off, float)
    figure = new(None, (7.6, 3.8))
    axes = figure.subplots()
    edges = np.arange(-5.0, 5.01, 0.5)
    axes.hist(np.clip(off, -4.99, 4.99), edges, color=OKABE_ITO["sky blue"], rwidth=0.94)
    grid = np.linspace(-5.0, 5.0, 301)
    axes.plot(grid, len(off) * 0.5 * np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi), color="black")
    for side in (-TOLERANCE, TOLERANCE):
        axes.axvline(side, color=GREY, lw=1.0, ls=(0, (4, 2)))
    axes.set_xlim(-5, 5)
    axes.set_xlabel("difference from what was expected, standard errors")
    axes.set_ylabel("numbers")
    axes.grid(visible=False, axis="x")
    spread = float(np.sqrt((off**2).mean()))
    title = (
        f"{len(off)} differences spread like chance: {spread:.2f} standard errors, where 1 is "
        "expected"
    )
    return finish(
        figure,
        title=title,
        note="Line: standard normal. Dashed: where a row no longer holds. Numbers of one run go "
        "together, so that the bars are rougher than independent ones would be.",
        alt=f"{title}. The largest is {abs(off).max():.1f} standard errors.",
    )
