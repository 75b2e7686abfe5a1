"""When one-to-one pays: a map with the break-even line, simulated and by the closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm

from cxsim.plot.columns import need, words_of
from cxsim.plot.layout import finish, new
from cxsim.plot.numbers import scale_for
from cxsim.plot.palette import INK, OKABE_ITO
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["paying"]

_AXES = ["need_variance", "fit_weight", "customization_cost"]


@styled
def paying(
    found: pd.DataFrame, *, title: str | None = None, size: tuple[float, float] | None = None
) -> Picture:
    """Draw what one-to-one adds to profit over need variance, weight on fit and cost.

    Parameters
    ----------
    found : DataFrame
        As :func:`cxsim.study.paying.paying_map` returns.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        A column for each customizing cost; above simulated, below the closed form. The line
        is where nothing is gained. A dot: the simulated gain's interval spans zero.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(found, [*_AXES, "gain", "lower", "upper", "worth", "agree"], name="found")
    costs = sorted(found["customization_cost"].unique())
    words = words_of(found)
    both = found[["gain", "worth"]].to_numpy().ravel()
    scale = scale_for("currency per period", both, words=words)
    reach = float(np.abs(both).max())
    norm = TwoSlopeNorm(0.0, -reach, reach)
    figure = new(size, (1.5 + 3.4 * len(costs), 7.0))
    grid = figure.subplots(2, len(costs), squeeze=False, sharex=True, sharey=True)
    for k, cost in enumerate(costs):
        part = found[found["customization_cost"] == cost]
        for row, (column, name) in enumerate((("gain", "Simulated"), ("worth", "Closed form"))):
            axes = grid[row, k]
            table = part.pivot(index="fit_weight", columns="need_variance", values=column)
            shown = axes.pcolormesh(
                table.columns, table.index, table, cmap="PuOr", norm=norm, shading="nearest"
            )
            _line(axes, table)
            if column == "gain":
                unsure = part[(part["lower"] < 0) & (part["upper"] > 0)]
                axes.plot(unsure["need_variance"], unsure["fit_weight"], "o", color=INK, ms=4)
            axes.set_title(f"{name}: customizing {cost:g} {words.currency} a unit", fontsize=10)
            axes.grid(visible=False)
            if row == 1:
                axes.set_xlabel("Variance of needs (squared distance)")
            if k == 0:
                axes.set_ylabel(f"Weight on fit ({words.currency or 'currency'} per sq. distance)")
    bar = figure.colorbar(shown, ax=grid, shrink=0.7, pad=0.02)
    bar.ax.yaxis.set_major_formatter(scale.ticks)
    bar.set_label(scale.axis("What one-to-one adds to profit"))
    agree = 100 * float(found["agree"].mean())
    loses = 100 * float((found["upper"] < 0).mean())
    if title is None:
        title = (
            f"One-to-one loses money at {loses:.0f} % of points: where needs are alike, fit "
            f"counts little or customizing is dear. The closed form agrees at {agree:.0f} %"
        )
    return finish(
        figure,
        title=title,
        note=(
            "Line: break-even; purple: one-to-one earns more than mass service, orange: less. "
            "Dots: the interval of the simulated gain spans zero. Agrees: the same sign. The "
            "closed form is first order: sales stay as they are, and who stays longer is not in it."
        ),
        alt=(
            f"Maps of what one-to-one adds to profit, simulated and by the closed form; it loses "
            f"at {loses:.0f} % of points, and signs agree at "
            f"{agree:.0f} %."
        ),
    )


def _line(axes: Axes, table: pd.DataFrame) -> None:
    values = table.to_numpy()
    if values.min() < 0 < values.max():
        axes.contour(
            table.columns, table.index, values, levels=[0.0], colors=[OKABE_ITO["black"]],
            linewidths=2.2,
        )  # fmt: skip
