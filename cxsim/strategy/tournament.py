"""A tournament of policies: each against each, on the same seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes

from cxsim.charts.capability_matrix import draw_quadrants, way_of
from cxsim.charts.customer_flows import Cell, draw_cells
from cxsim.charts.intervals import draw_estimate
from cxsim.charts.labels import Scale, joined, need, scale_for, words_of
from cxsim.charts.layout import (
    Chart,
    Shared,
    charted,
    columns_for,
    grid_of,
    short,
    tag,
    top_label,
)
from cxsim.charts.style import GREY, OKABE_ITO, Picture, looks
from cxsim.messages import choice, minus
from cxsim.runs.measures.measure_registry import firm_measure
from cxsim.runs.measures.profit import VALUES
from cxsim.scenario import Scenario
from cxsim.study.paired_seeds import contrast, framed, loaded, sampling, summary_of
from cxsim.study.value_of_lead import CONTINUED, estimate

# -- A tournament of policies: each against each, on the same seeds ----------------------------


@dataclass(frozen=True)
class Tournament:
    """Results of a tournament of policies.

    Attributes
    ----------
    matches : DataFrame
        ``policy, rival, value, se, lower, upper, seeds``: what the first player earns by its
        policy when the second plays the rival's.
    table : DataFrame
        ``policy, value, se, lower, upper``: mean over rivals' policies, best first; ``behind``
        with ``behind_lower, behind_upper``: what it earns less than the best, seed by seed;
        ``worst``: the least that it earns against any; ``best_against``: against how many
        rivals' policies no other policy earns more. Where the measure is net present value,
        ``perpetuity`` and ``equity`` too: means with the last year's profit in perpetuity, and
        with customer equity at the end. Where the first player has an objective, ``profit``, its
        mean per period in currency, and ``within_budget``; policies beyond it come last.
    players : tuple of str
    measure : str
    """

    matches: pd.DataFrame
    table: pd.DataFrame
    players: tuple[str, str]
    measure: str


def tournament(
    scenario: Scenario | str,
    policies: Mapping[str, Mapping[str, Any]],
    *,
    players: tuple[str, str],
    seeds: int | Sequence[int] = 10,
    measure: str = "",
    confidence: float = 0.95,
) -> Tournament:
    """Let each policy play each other, and itself, over paired seeds.

    Parameters
    ----------
    scenario : Scenario or str
        The market; firms beside the two players stay as they are.
    policies : mapping of str to mapping
        By the name that the tables show: a firm's section ``policy:``, such as
        ``{"copies": {"capability": "imitate"}}``.
    players : (str, str)
        The firm whose earnings count, and its rival.
    seeds : int or sequence of int
    measure : str
        A measure of firms; the more the better. Default: the goal of the first player's objective,
        or net present value.
    confidence : float
        Of the intervals, in (0, 1).

    Raises
    ------
    ValueError
        If a player is not in the scenario, or there is no policy.
    ScenarioError
        If a policy is not valid.

    Examples
    --------
    >>> import cxsim as cx
    >>> found = tournament(
    ...     cx.load("baseline", {"customers": 100, "periods": 12}),
    ...     {"fixed": {}, "copies": {"capability": "imitate"}},
    ...     players=("Mass", "Niche"),
    ...     seeds=2,
    ... )
    >>> list(found.table["policy"])
    ['fixed', 'copies']
    """
    base = loaded(scenario)
    for name in players:
        choice(name, "players", base.firms)
    objective = base.firms[players[0]].objective
    measure = measure or (objective.goal if objective else VALUES[0])
    firm_measure(measure, base.mechanisms)
    if players[0] == players[1] or not policies:
        found = players if policies else policies
        raise ValueError(f"tournament: expected two firms and a policy or more, found {found!r}")
    seeds, confidence = sampling(seeds, confidence)
    kept = VALUES if measure == VALUES[0] else (measure,)
    summed = dict.fromkeys((*kept, *(["profit"] if objective else [])))
    sections = [f"firms.{player}.policy" for player in players]
    scenarios = {
        match: base.override(
            dict(zip(sections, (dict(policies[name]) for name in match), strict=True))
        )
        for match in product(policies, repeat=2)
    }
    made = contrast(scenarios, summary_of(players[0], tuple(summed)), seeds)
    matches = [
        {"policy": own, "rival": rival, **estimate(earned[measure], confidence).row("value"),
         "seeds": len(seeds)}
        for (own, rival), earned in made.items()
    ]  # fmt: skip
    earned = {
        name: np.array([[made[own, rival][name] for rival in policies] for own in policies])
        for name in kept
    }
    table = framed(_standings(list(policies), earned, confidence), base)
    order = ["value"]
    if objective:
        profits = [
            np.mean([made[own, rival]["profit"] for rival in policies]) / base.periods
            for own in policies
        ]
        table["profit"] = profits
        table["within_budget"] = table["profit"] >= -objective.budget
        order = ["within_budget", "value"]
    table = table.sort_values(order, ascending=False, ignore_index=True)
    return Tournament(framed(matches, base), table, players, measure)


def _standings(
    names: Sequence[str], earned: Mapping[str, np.ndarray], confidence: float
) -> list[dict[str, Any]]:
    """Return how each policy did over all rivals' policies.

    ``earned`` has for each measure, the one that counts first, what the first player earns by
    own policy, rival's policy and seed, (P, P, S).
    """
    values, *beyond = earned.values()
    means, by_seed = values.mean(axis=2), values.mean(axis=1)
    behind = by_seed[by_seed.mean(axis=1).argmax()] - by_seed
    return [
        {
            "policy": name,
            **estimate(by_seed[i], confidence).row("value"),
            **estimate(behind[i], confidence).ends("behind"),
            "worst": means[i].min(),
            "best_against": int((means[i] == means.max(axis=0)).sum()),
            **dict(zip(CONTINUED, (each[i].mean() for each in beyond), strict=False)),
        }
        for i, name in enumerate(names)
    ]


# -- Policies side by side: ways through the capability matrix, what they earn, and payback ----


@charted()
def capability_paths(
    firms: pd.DataFrame, *, by: str = "policy", threshold: float = 0.5, **_: Unpack[Shared]
) -> Chart:
    """Draw the ways of firms through the capability matrix, a panel for each policy.

    Parameters
    ----------
    firms : DataFrame
        ``period, firm, interaction, customization`` and a column that says under which policy,
        such as several ``run.firms`` put together with ``assign(policy=...)``.
    by : str
        That column.
    threshold : float
        Where quadrants begin.

    Returns
    -------
    Figure
        A ring where a firm starts, its marker where it ends.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(firms, ["period", "firm", "interaction", "customization", by], name="firms")
    policies = [str(p) for p in dict.fromkeys(firms[by])]
    names = [str(n) for n in dict.fromkeys(firms["firm"])]
    ways: dict[str, dict[str, np.ndarray]] = {}
    for policy in policies:
        part = firms[firms[by].astype(str) == policy]
        ways[policy] = {name: way_of(part[part["firm"] == name]) for name in names}
    columns = columns_for(len(policies))

    def draw(figure: Picture) -> None:
        panels = grid_of(figure, len(policies), columns)
        for axes, (policy, there) in zip(panels, ways.items(), strict=True):
            draw_quadrants(axes, threshold)
            axes.set_xlabel("Interaction")
            top_label(axes, "Customization")
            axes.set_title(policy[:1].upper() + policy[1:], pad=22)
            _ways(axes, {n: w for n, w in there.items() if np.isfinite(w).all()}, looks(names))

    ends = []
    for policy, there in ways.items():
        moved = [f"{n} {w[-1][0]:.2g}, {w[-1][1]:.2g}" for n, w in there.items() if len(w) > 1]
        ends.append(f"{policy}: {joined(moved) if moved else 'no firm moves'}")
    return Chart(
        draw,
        size=(max(6.4, 4.1 * columns + 0.3), 1.2 + 4.2 * -(-len(policies) // columns)),
        title=f"Strategic paths through the capability matrix under {len(policies)} policies",
        alt="Capability matrices, one per policy, with paths of firms; those that move end at "
        f"(interaction, customization): {'; '.join(ends)}.",
        note="Rings: start; filled: end. Firms at the same position are drawn side by side.",
    )


def _ways(axes: Axes, ways: dict[str, np.ndarray], styles: dict[str, Any]) -> None:
    """Draw ways where they are; of equal ones the later are thinner, so that all can be seen."""
    taken: list[tuple[float, float, int]] = []
    for k, (name, way) in enumerate(ways.items()):
        look = styles[name]
        (x, y), rest = way.T, len(ways) - 1 - k
        axes.plot(x, y, color=look.color, lw=1.6 + 1.3 * rest, zorder=2, solid_capstyle="butt")
        axes.plot(x[0], y[0], "o", ms=6 + rest, mfc="white", mec=look.ink, mew=1.4, zorder=3)
        size = 8 + 2 * rest
        axes.plot(x[-1], y[-1], look.marker, ms=size, color=look.color, mec="white", zorder=4)
        near = [k for k, (a, b, _) in enumerate(taken) if abs(a - x[-1]) + abs(b - y[-1]) < 0.2]
        home = taken[near[0]] if near else (x[-1], y[-1], 0)
        taken.append((home[0], home[1], len(near)))
        right = home[0] > 0.6
        tag(
            axes, short(name, 14), home[:2], (-9 if right else 9, 9 + 11 * len(near)), va="center",
            fontsize=8.5, color=look.ink, fontweight="bold",
        )  # fmt: skip


@charted()
def policy_tournament(found: Any, **_: Unpack[Shared]) -> Chart:
    """Draw the result of each policy against each, and its mean.

    Parameters
    ----------
    found : Tournament
        As :func:`cxsim.strategy.tournament.tournament` returns.

    Returns
    -------
    Figure
        Left: a cell for each match, framed where no policy earns more against the rival's;
        right: means over rivals' policies with their intervals.
    """
    order = list(found.table["policy"])
    ends = found.matches.assign(half=lambda f: (f["upper"] - f["lower"]) / 2)
    values, half = (
        ends.pivot(index="policy", columns="rival", values=name).loc[order, order].to_numpy()
        for name in ("value", "half")
    )
    scale = scale_for("currency", values.ravel(), words=words_of(found.matches))
    n, (player, rival) = len(order), found.players

    def draw(figure: Picture) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[1.25 * n, 3.4])
        _matches(left, values, half, scale)
        left.set_xticks(range(n), [short(name, 12) for name in order])
        left.set_yticks(range(n), [short(name, 16) for name in order])
        left.set_xlabel(f"{rival} plays", fontweight="bold")
        left.set_ylabel(f"{player} plays", fontweight="bold")
        _behind(right, found.table, scale)

    top = found.table.iloc[0]
    policy = f"{top.policy[:1].upper()}{top.policy[1:]}"
    means = joined(f"{r.policy} {scale.text(r.value)}" for r in found.table.itertuples())
    return Chart(
        draw,
        size=(4.6 + 1.25 * n, 2.3 + 0.62 * n),
        title=f"{policy} earns {player} most: {scale.text(top.value)} on average",
        alt=f"Tournament of policies: {means}.",
        note=f"{found.measure.replace('_', ' ').capitalize()} of {player} with the interval of "
        "its mean over seeds. Framed: best response to a rival's policy. Right: paired by seed.",
    )


def _matches(axes: Axes, values: np.ndarray, half: np.ndarray, scale: Scale) -> None:
    """Draw a cell for each match, the best answers to a rival's policy framed."""
    n, blues = len(values), colormaps["Blues"]
    shade = 0.05 + 0.55 * (values - values.min()) / max(float(np.ptp(values)), 1e-9)
    best = values == values.max(axis=0)
    cells = (
        Cell(
            minus(f"{values[at] * scale.factor:.2f}"),
            f"± {half[at] * scale.factor:.2f}" if np.isfinite(half[at]) else "",
            blues(shade[at]),
            bool(best[at]),
        )
        for at in product(range(n), repeat=2)
    )
    draw_cells(axes, n, cells, size=11, bold=True)


def _behind(axes: Axes, table: pd.DataFrame, scale: Scale) -> None:
    """Draw how far each policy is behind the best, with intervals."""
    blue = OKABE_ITO["blue"]
    for k, row in enumerate(table.itertuples()):
        ends = (-row.behind_upper, -row.behind, -row.behind_lower)
        draw_estimate(axes, k, ends, color=blue, ms=7)
    axes.axvline(0, color=GREY, lw=0.8)
    axes.margins(x=0.08)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(scale.ticks)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel(scale.axis("Difference from the best policy"))
