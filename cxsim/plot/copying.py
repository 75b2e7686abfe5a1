"""A rival that copies: what it changes, by the conditions under which it does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxsim.plot.columns import need
from cxsim.plot.layout import finish, new, short
from cxsim.plot.palette import GREY, INK, OKABE_ITO
from cxsim.plot.picture import Picture
from cxsim.plot.style import styled

__all__ = ["copying"]

#: Panels: outcome, heading, and whether its value with the copy is shown, not the difference.
_PANELS = (
    ("lost", "Lead in retention\nof tenured customers\nthat is lost", False),
    ("fresh", "Retention after a\nfirst purchase,\nchange", False),
    ("newcomers", "Newcomers' purchases:\npart of the copied firm,\nwith the copy", True),
    ("lead", "Lead in share in the\nlast year: without (ring)\nand with the copy", True),
)


@styled
def copying(
    found: pd.DataFrame,
    *,
    limit: float = 0.1,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw what copying the one-to-one firm does, condition by condition.

    Parameters
    ----------
    found : DataFrame
        As :func:`cxsim.study.copying.copying` returns.
    limit : float
        Part of the lead in retention from which on the claim that tenured customers stay is
        taken to be refuted.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        A row for each condition, a panel for each outcome, with intervals: of paired
        differences, or of what is there with the copy.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    wanted = ["without", "copied", "copied_lower", "copied_upper", "difference", "lower", "upper"]
    need(found, ["condition", "outcome", *wanted], name="found")
    names = list(dict.fromkeys(found["condition"]))
    figure = new(size, (12.6, 3.0 + 0.38 * len(names)))
    panels = figure.subplots(1, len(_PANELS))
    blue, red = OKABE_ITO["blue"], OKABE_ITO["vermillion"]
    for k, (axes, (outcome, heading, level)) in enumerate(zip(panels, _PANELS, strict=True)):
        part = found[found["outcome"] == outcome].set_index("condition").loc[names]
        for row, name in enumerate(names):
            one = part.loc[name]
            low, value, high = (
                (one["copied_lower"], one["copied"], one["copied_upper"]) if level
                else (one["lower"], one["difference"], one["upper"])
            )  # fmt: skip
            if not np.isfinite(value):
                axes.text(
                    0.98, row, "no lead to lose", transform=axes.get_yaxis_transform(),
                    ha="right", va="center", fontsize=8, color=GREY,
                )  # fmt: skip
                continue
            bad = outcome == "lost" and one["lower"] > limit
            color = red if bad else blue
            axes.plot([100 * low, 100 * high], [row, row], color=color, lw=2)
            axes.plot(100 * value, row, "o", color=color, ms=6.5)
            if outcome == "lead":
                axes.plot(100 * one["without"], row, "o", mfc="white", mec=GREY, ms=6.5)
        mark = {"lost": 100 * limit, "newcomers": 50.0}.get(outcome, 0.0)
        axes.axvline(mark, color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=1)
        axes.margins(x=0.07)
        axes.set_ylim(len(names) - 0.5, -0.6)
        axes.set_yticks(*((range(len(names)), [short(n, 30) for n in names]) if k == 0 else ([],)))
        axes.set_title(heading, fontsize=9.5, color=INK)
        axes.set_xlabel("%" if outcome in ("lost", "newcomers") else "percentage points")
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    lost = found[found["outcome"] == "lost"].set_index("condition").loc[names]
    first = lost.iloc[0]
    failing = [name for name in names if lost.loc[name, "lower"] > limit]
    if title is None:
        holds = (
            "lose their supplier's hold" if first["lower"] > limit
            else "stay with it" if first["upper"] <= limit
            else "may or may not stay with it"
        )  # fmt: skip
        lead = found[(found["outcome"] == "lead") & (found["condition"] == names[0])].iloc[0]
        title = (
            f"Tenured customers of the firm that is copied {holds}, but its lead in share goes "
            f"from {100 * lead['without']:.0f} to {100 * lead['copied']:.0f} points"
        )
        if failing:
            title += f". Tenured customers go, too, where {_or(failing)}"
    said = "; ".join(
        f"{name}: lost {100 * lost.loc[name, 'difference']:.0f} % "
        f"({100 * lost.loc[name, 'lower']:.0f} to {100 * lost.loc[name, 'upper']:.0f})"
        if np.isfinite(lost.loc[name, "difference"])
        else f"{name}: no lead to lose"
        for name in names
    )
    return finish(
        figure,
        title=title,
        note=(
            "Intervals of means over seeds, those of changes paired. Left: share of the lead over "
            f"the copying firm; dashed: {100 * limit:.0f} %, from which the claim is refuted; red: "
            "surely beyond it."
        ),
        alt=f"Part of the lead in retention lost to a firm that copies, by condition: {said}.",
    )


def _or(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
