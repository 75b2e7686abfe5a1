"""Decisions of buying centers, by their number of members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, Unpack

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from cxsim.charts.labels import Scale, joined, need, one_of, scale_for, words_of
from cxsim.charts.layout import Chart, EndLabel, Shared, charted, end_labels, top_label
from cxsim.charts.style import GREY, OKABE_ITO, Look, Picture, looks
from cxsim.messages import minus
from cxsim.model.mechanism import NO_SUPPLIER

# -- What buying centers decide, by the number of people who decide ----------------------------


#: Share that bought, by people who decide: CEB, in Schmidt, Adamson & Bird 2015.
PUBLISHED = {1: 0.81, 2: 0.55, 3: 0.60, 6: 0.31}


#: Change of consensus in buying groups by tailoring to the individual: Gartner 2024.
PUBLISHED_CHANGE = -0.59


_AGREE, _BUY = "#0072B2", "#D55E00"


@charted("members", "supplier", "accounts", "agreed", "bought")
def buying_center_decisions(
    decisions: pd.DataFrame,
    *,
    published: Mapping[int, float] = PUBLISHED,
    **_: Unpack[Shared],
) -> Chart:
    """Draw how many buying centers without a supplier agree, and buy, by their size.

    Parameters
    ----------
    decisions : DataFrame
        ``members, supplier, accounts, agreed, bought``, as ``run.frame("decisions")`` has;
        with a column ``seed``, of several runs: bars then span two standard errors.
    published : mapping of int to float
        Shares that buy, from elsewhere, by members; empty for none.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing, or no buying center was ever without a supplier.
    """
    new_ones = decisions[~decisions["supplier"].astype(bool)]
    mean, error = _shares(new_ones)
    if mean.empty:
        raise ValueError("decisions: expected accounts without a supplier, found none")
    scale = scale_for("share", mean.to_numpy().ravel(), words=words_of(decisions))

    parts = {name: (mean[by], error[by]) for name, by in (("agree", "agreed"), ("buy", "bought"))}
    label = "Accounts in the market without a supplier"
    note = f"Pooled over all periods.{_bars(new_ones)}"
    if published:
        note += " Published: share that buy, CEB in Schmidt, Adamson & Bird 2015; not fitted."
    said = joined(
        f"of {n} {scale.text(row.agreed)} agree and {scale.text(row.bought)} buy"
        for n, row in mean.iterrows()
    )
    return Chart(
        partial(_draw_by_members, parts=parts, label=label, scale=scale, published=published),
        size=(8.0, 4.6),
        title=_finding(mean["bought"], scale.text),
        alt=f"Lines of decisions by group size: {said}.",
        note=note,
    )


@charted("members", "tailoring", "accounts", "agreed", "bought")
def buying_center_consensus(
    decisions: pd.DataFrame,
    *,
    published: float | None = PUBLISHED_CHANGE,
    **_: Unpack[Shared],
) -> Chart:
    """Draw how often buying centers agree where offers are tailored to the account or the member.

    Parameters
    ----------
    decisions : DataFrame
        ``members, tailoring, accounts, agreed, bought``, as ``run.frame("decisions")`` has, of
        runs with both kinds of tailoring put together; ``seed`` as for
        :func:`buying_center_decisions`.
    published : float or None
        Relative change of consensus from elsewhere, for the note.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing, or one of the two kinds of tailoring.
    """
    several = decisions[decisions["members"] > 1]
    found = {}
    for kind in ("account", "member"):
        mean, error = _shares(several[several["tailoring"] == kind])
        if mean.empty:
            raise ValueError(f"decisions: expected tailoring to the {kind}, found none")
        found[f"to the {kind}"] = mean["agreed"], error["agreed"]
    account, member = (mean for mean, _ in found.values())
    totals = several.groupby("tailoring")[["agreed", "accounts"]].sum()
    rates = totals["agreed"] / totals["accounts"]
    change = rates["member"] / rates["account"] - 1.0
    scale = scale_for("share", [*account, *member], words=words_of(decisions))

    label = "Accounts in the market whose members agree"
    note = f"Pooled over all periods, with and without a supplier.{_bars(several)}"
    if published is not None:
        change_there = minus(f"{100 * published:+.0f}\u00a0%")
        note += f" Published: {change_there} (Gartner 2024), where members discuss; here they vote."
    said = joined(
        f"of {n}: {scale.text(a)} tailored to the account, {scale.text(m)} to the member"
        for n, a, m in zip(account.index, account, member, strict=False)
    )
    verb = "raises" if change > 0 else "lowers"
    return Chart(
        partial(_draw_by_members, parts=found, label=label, scale=scale),
        size=(8.0, 4.4),
        title=f"Tailoring to each member {verb} agreement by {100 * abs(change):.0f}\u00a0%",
        alt=f"Lines of agreement by group size, {said}.",
        note=note,
    )


def _draw_by_members(
    figure: Picture,
    *,
    parts: Mapping[str, tuple[pd.Series, pd.Series]],
    label: str,
    scale: Scale,
    published: Mapping[int, float] | None = None,
) -> None:
    """Draw shares by the number of members, with two standard errors, and published ones."""
    axes = figure.add_subplot()
    ends = []
    for (name, (mean, error)), color in zip(parts.items(), (_AGREE, _BUY), strict=True):
        bars = 2 * error.fillna(0.0)
        axes.errorbar(mean.index, mean, bars, color=color, marker="o", capsize=3, linewidth=1.8)
        ends.append((mean.index[-1], mean.iloc[-1], name, color))
    if published:
        sizes, shares = list(published), list(published.values())
        axes.plot(sizes, shares, color=GREY, marker="D", linestyle=(0, (4, 2)), linewidth=1.2)
        ends.append((sizes[-1], shares[-1], "published", GREY))
    members = [*mean.index, *(published or ())]
    axes.set(ylim=(0.0, 1.05), xlim=(min(members) - 0.15, max(members) + 0.15))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(scale.ticks)
    axes.set_xlabel("Members of the decision-making unit")
    top_label(axes, scale.axis(label))
    end_labels(axes, [EndLabel(x, y, f"{name} {scale.brief(y)}", c) for x, y, name, c in ends])


def _bars(decisions: pd.DataFrame) -> str:
    if "seed" not in decisions:
        return ""
    return f" Bars: two standard errors over {decisions['seed'].nunique()} seeds."


def _shares(decisions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return means of shares that agree and buy, by members, and standard errors over seeds."""
    by = ["members", "seed"] if "seed" in decisions else ["members"]
    sums = decisions.groupby(by)[["accounts", "agreed", "bought"]].sum()
    sums = sums[sums["accounts"] > 0]
    shares = sums[["agreed", "bought"]].div(sums["accounts"], axis=0).groupby("members")
    return shares.mean(), shares.sem() if "seed" in decisions else shares.mean() * np.nan


def _finding(bought: pd.Series, text: Callable[[float], str]) -> str:
    few, many = bought.index[0], bought.index[-1]
    if few == many:
        return f"{text(bought.iloc[0])} of buying centers of {few} buy from a new supplier"
    return (
        f"{text(bought.iloc[0])} of buying centers of {few} buy from a new supplier, "
        f"{text(bought.iloc[-1])} of those of {many}"
    )


# -- Who listens to whom: a sample of customers and their ties ---------------------------------


#: From worst to best, in colours that stay apart in grey too.
_EMOTIONS = {
    "destroying": OKABE_ITO["vermillion"],
    "attention": OKABE_ITO["orange"],
    "recommendation": OKABE_ITO["sky blue"],
    "advocacy": OKABE_ITO["blue"],
}


#: The value for customers without one, by what the colour of a customer shows.
_NOBODY = {"supplier": NO_SUPPLIER, "emotion_cluster": "none"}


_SAID = {NO_SUPPLIER: "no supplier"}


@charted()
def word_of_mouth_network(
    neighbours: pd.DataFrame,
    between: pd.DataFrame,
    *,
    color: Literal["supplier", "emotion_cluster"] = "supplier",
    **_: Unpack[Shared],
) -> Chart:
    """Draw a sample of customers and who listens to whom.

    Parameters
    ----------
    neighbours, between : DataFrame
        ``run.network_customers`` and ``run.network_edges`` (probe ``"network_sample"``).
    color : {"supplier", "emotion_cluster"}
        What the colour of a customer shows.

    Returns
    -------
    Figure
        Its title says how often neighbours are alike, and how often they would be by chance.

    Raises
    ------
    ValueError
        If a column is missing or nobody is tied to anybody.
    """
    import networkx as nx

    one_of(color, ("supplier", "emotion_cluster"), name="color")
    need(neighbours, ["customer", color])
    need(between, ["customer", "neighbour"])
    nobody = _NOBODY[color]
    graph = nx.Graph()
    graph.add_nodes_from(neighbours["customer"])
    graph.add_edges_from(between[["customer", "neighbour"]].itertuples(index=False))
    kind = dict(zip(neighbours["customer"], neighbours[color], strict=True))
    ends = [(kind[a], kind[b]) for a, b in graph.edges if nobody not in (kind[a], kind[b])]
    alike = float(np.mean([a == b for a, b in ends])) if ends else float("nan")
    shares = neighbours.loc[neighbours[color] != nobody, color].value_counts(normalize=True)
    chance = float((shares**2).sum())
    styles = _styles(neighbours[color], color)
    names = {name: _SAID.get(name, name) for name in styles}

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        place = nx.spring_layout(graph, seed=1, iterations=120, method="force")
        lines = [(place[a], place[b]) for a, b in graph.edges]
        axes.add_collection(LineCollection(lines, colors="#BBBBBB", linewidths=0.6, zorder=1))
        for name, look in styles.items():
            at = np.array([place[who] for who in kind if kind[who] == name])
            if at.size:
                axes.scatter(
                    at[:, 0], at[:, 1], s=26, color=look.color, marker=look.marker, lw=0.4,
                    edgecolor="white", zorder=2, clip_on=False, label=f"{names[name]} ({len(at)})",
                )  # fmt: skip
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
        axes.margins(0.04)
        axes.set_axis_off()
        axes.set_aspect("equal")

    found = (
        f"Connected customers share their {color.replace('_', ' ')} in {100 * alike:.0f} % of "
        f"ties, against {100 * chance:.0f} % by chance"
    )
    counts = ", ".join(
        f"{_SAID.get(name, name)} {(neighbours[color] == name).sum()}" for name in styles
    )
    return Chart(
        draw,
        size=(7.2, 6.2),
        title=found,
        alt=f"{found}. Customers: {counts}.",
        note=f"{len(neighbours)} customers around one of them, and the {len(between)} ties between "
        "them, at the end of the run. Ties to other customers are left out.",
    )


def _styles(column: pd.Series, color: str) -> dict[str, Look]:
    if color == "emotion_cluster":
        styles = {name: Look(code, code, "-", "o") for name, code in _EMOTIONS.items()}
    else:
        found = set(column) - {NO_SUPPLIER}
        order = column.cat.categories if hasattr(column, "cat") else sorted(found)
        styles = looks(name for name in order if name != NO_SUPPLIER)
    if (column == _NOBODY[color]).any():
        styles[_NOBODY[color]] = Look("#CCCCCC", GREY, "-", "o")
    return styles
