"""Who listens to whom: a sample of customers and their ties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection

from cxsim.arguments import choice
from cxsim.plot.columns import need, one_of
from cxsim.plot.layout import finish, new
from cxsim.plot.palette import GREY, OKABE_ITO, Look, looks
from cxsim.plot.style import styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ties"]

#: From worst to best, in colours that stay apart in grey too.
_EMOTIONS = {
    "destroying": OKABE_ITO["vermillion"],
    "attention": OKABE_ITO["orange"],
    "recommendation": OKABE_ITO["sky blue"],
    "advocacy": OKABE_ITO["blue"],
}


@styled
def ties(
    neighbours: pd.DataFrame,
    between: pd.DataFrame,
    *,
    color: Literal["supplier", "emotion"] = "supplier",
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Figure:
    """Draw a sample of customers and who listens to whom.

    Parameters
    ----------
    neighbours, between : DataFrame
        ``run.neighbours`` and ``run.ties`` (detail ``"network"``).
    color : {"supplier", "emotion"}
        What the colour of a customer shows.
    title : str, optional
        Default: how often neighbours are alike, and how often they would be by chance.
    size : tuple of float, optional
        Inches.

    Raises
    ------
    ValueError
        If a column is missing or nobody is tied to anybody.
    """
    import networkx as nx

    one_of(color, ("supplier", "emotion"), name="color")
    choice(color, "color", ("supplier", "emotion"))
    need(neighbours, ["customer", color])
    need(between, ["customer", "other"])
    if between.empty:
        raise ValueError("between: expected ties between customers, found none")
    graph = nx.Graph()
    graph.add_nodes_from(neighbours["customer"])
    graph.add_edges_from(between[["customer", "other"]].itertuples(index=False))
    place = nx.spring_layout(graph, seed=1, iterations=120, method="force")
    kind = dict(zip(neighbours["customer"], neighbours[color], strict=True))
    ends = [(kind[a], kind[b]) for a, b in graph.edges if "none" not in (kind[a], kind[b])]
    alike = float(np.mean([a == b for a, b in ends])) if ends else float("nan")
    shares = neighbours.loc[neighbours[color] != "none", color].value_counts(normalize=True)
    chance = float((shares**2).sum())

    figure = new(size, (7.2, 6.2))
    axes = figure.subplots()
    lines = [(place[a], place[b]) for a, b in graph.edges]
    axes.add_collection(LineCollection(lines, colors="#BBBBBB", linewidths=0.6, zorder=1))
    styles = _styles(neighbours[color], color)
    for name, look in styles.items():
        members = neighbours.loc[neighbours[color] == name, "customer"]
        if members.empty:
            continue
        at = np.array([place[who] for who in members])
        axes.scatter(
            at[:, 0], at[:, 1], s=26, color=look.color, marker=look.marker, lw=0.4,
            edgecolor="white", zorder=2, clip_on=False, label=f"{name} ({len(at)})",
        )  # fmt: skip
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes.margins(0.04)
    axes.set_axis_off()
    axes.set_aspect("equal")
    what = "supplier" if color == "supplier" else "emotion"
    found = (
        f"Neighbours share their {what} in {100 * alike:.0f} % of ties, by chance they would in "
        f"{100 * chance:.0f} %"
    )
    counts = ", ".join(f"{name} {(neighbours[color] == name).sum()}" for name in styles)
    return finish(
        figure,
        title=title or found,
        note=f"{len(neighbours)} customers around one of them, and the {len(between)} ties between "
        "them, at the end of the run. Ties to others are left out.",
        alt=f"{found}. Customers: {counts}.",
    )


def _styles(column: pd.Series, color: str) -> dict[str, Look]:
    if color == "emotion":
        styles = {name: Look(code, code, "-", "o") for name, code in _EMOTIONS.items()}
    else:
        found = set(column) - {"none"}
        order = column.cat.categories if hasattr(column, "cat") else sorted(found)
        styles = looks(name for name in order if name != "none")
    if (column == "none").any():
        styles["none"] = Look("#CCCCCC", GREY, "-", "o")
    return styles
