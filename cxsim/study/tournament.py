"""A tournament of policies: each against each, on the same seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from cxsim.arguments import choice, number, seeds_of
from cxsim.measures import firm_measure
from cxsim.measures.summary import summarize
from cxsim.measures.value import VALUES
from cxsim.runs import settings_attrs, simulate
from cxsim.scenario import Scenario
from cxsim.study.statistics import half_width, mean_and_error

__all__ = ["Tournament", "tournament"]


@dataclass(frozen=True)
class Tournament:
    """What policies earn against each other.

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
        ``perpetuity`` and ``equity`` too: means with the last year's profit for ever, and with
        customer equity at the end.
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
    measure: str = "net_present_value",
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
        A measure of firms; the more the better.
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
    base = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    for name in players:
        choice(name, "players", base.firms)
    firm_measure(measure, base.mechanisms)
    if players[0] == players[1] or not policies:
        found = players if policies else policies
        raise ValueError(f"tournament: expected two firms and a policy or more, found {found!r}")
    numbers = seeds_of(seeds)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    names = list(policies)
    kept = VALUES if measure == VALUES[0] else (measure,)
    every = np.empty((len(kept), len(names), len(names), len(numbers)))
    for (i, own), (j, other) in product(enumerate(names), repeat=2):
        sections = {
            f"firms.{player}.policy": dict(policies[name])
            for player, name in zip(players, (own, other), strict=True)
        }
        match = base.override(sections)
        for k, seed in enumerate(numbers):
            earned = summarize(simulate(match, seed=seed))[players[0]]
            every[:, i, j, k] = [earned[each] for each in kept]
    values = every[0]

    def row(sample: np.ndarray) -> dict[str, float]:
        mean, error = mean_and_error(sample)
        half = half_width(error, len(sample), confidence)
        return {"value": mean, "se": error, "lower": mean - half, "upper": mean + half}

    matches = pd.DataFrame(
        [
            {"policy": own, "rival": other, **row(values[i, j]), "seeds": len(numbers)}
            for (i, own), (j, other) in product(enumerate(names), repeat=2)
        ]
    )
    means = values.mean(axis=2)
    by_seed = values.mean(axis=1)  # over rivals' policies
    behind = by_seed[by_seed.mean(axis=1).argmax()] - by_seed
    table = pd.DataFrame(
        [
            {
                "policy": name,
                **row(by_seed[i]),
                "behind": row(behind[i])["value"],
                "behind_lower": row(behind[i])["lower"],
                "behind_upper": row(behind[i])["upper"],
                "worst": means[i].min(),
                "best_against": int((means[i] == means.max(axis=0)).sum()),
                **dict(zip(("perpetuity", "equity"), every[1:, i].mean(axis=(1, 2)), strict=False)),
            }
            for i, name in enumerate(names)
        ]
    ).sort_values("value", ascending=False, ignore_index=True)
    for frame in (matches, table):
        frame.attrs.update(settings_attrs(base))
    return Tournament(matches, table, players, measure)
