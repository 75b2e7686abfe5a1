"""Experiments: teams assigned at random to treatments, each a game file, and tidy frames.

Teams are drawn into markets of all treatments in blocks. The markets of a block share their
seed, and so customers and random events, which makes treatments comparable block by block.
"""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from classroom.game.debrief import debrief_frames
from classroom.game.game_file import Game
from classroom.game.ledger import Ledger
from classroom.game.market import Market

__all__ = ["assigned", "create_experiment", "experiment_frames"]


def assigned(
    teams: Sequence[str], treatments: Mapping[str, int], seed: int
) -> dict[tuple[str, int], list[str]]:
    """Assign teams at random to markets, as evenly as they go.

    Parameters
    ----------
    teams : sequence of str
    treatments : mapping of str to int
        Seats of each treatment.
    seed : int
        Of the assignment.

    Returns
    -------
    dict of (str, int) to list of str
        Teams by treatment and block, from 1 on.

    Raises
    ------
    ValueError
        If there are fewer than two treatments, or fewer teams than treatments.
    """
    if len(treatments) < 2:
        raise ValueError(f"treatments: expected at least two, found {len(treatments)}")
    if len(teams) < len(treatments):
        raise ValueError(
            f"teams: expected at least {len(treatments)} (one for each treatment), "
            f"found {len(teams)}"
        )
    order = list(teams)
    random.Random(f"{seed} treatments").shuffle(order)
    blocks = math.ceil(len(order) / (len(treatments) * min(treatments.values())))
    markets = [(name, block) for block in range(1, blocks + 1) for name in treatments]
    made: dict[tuple[str, int], list[str]] = {market: [] for market in markets}
    for k, team in enumerate(order):
        made[markets[k % len(markets)]].append(team)
    return made


def create_experiment(
    folder: str | Path, games: Mapping[str, Game], teams: Sequence[str], *, seed: int | None = None
) -> dict[str, Ledger]:
    """Create the games of an experiment in a folder, with the assignment in each ledger.

    Parameters
    ----------
    folder : str or Path
    games : mapping of str to Game
        By name of the treatment.
    teams : sequence of str
    seed : int, optional
        Of the assignment and of the markets; default: drawn at random.

    Returns
    -------
    dict of str to Ledger
        By name of the file, without its ending.

    Raises
    ------
    ValueError
        If teams or treatments are too few, or a file is there already.
    """
    number = secrets.randbelow(2**48) if seed is None else seed
    plan = assigned(teams, {name: len(game.seats) for name, game in games.items()}, number)
    files = {market: f"{market[0]}_{market[1]}" for market in plan}
    where = {team: files[market] for market, seated in plan.items() for team in seated}
    place = Path(folder)
    there = [name for name in files.values() if (place / f"{name}.db").exists()]
    if there:
        raise ValueError(f"{place / there[0]}.db: expected no file, found one")
    place.mkdir(parents=True, exist_ok=True)
    made = {}
    for (name, block), seated in plan.items():
        treatment = {"name": name, "block": block, "seed": number, "assignment": where}
        made[files[name, block]] = Ledger.create(
            place / f"{files[name, block]}.db", games[name], seated,
            seed=random.Random(f"{number} block {block}").getrandbits(48), treatment=treatment,
        )  # fmt: skip
    return made


def experiment_frames(
    ledgers: Mapping[str, Ledger],
    others: Mapping[str, Sequence[Mapping[str, Mapping[str, float]]]] | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the frames of several games as one set, with the game and its treatment.

    Parameters
    ----------
    ledgers : mapping of str to Ledger
        By name of the game.
    others : mapping, optional
        Values of other seeds, by game.

    Returns
    -------
    dict of str to DataFrame
        As :func:`classroom.game.debrief.debrief_frames`, with ``game, treatment, block`` in front,
        and ``games``: a row for each game with ``seed``, ``cxsim``, ``rounds`` played and
        ``teams``. Games without a round closed are in ``games`` alone.
    """
    rows: list[dict[str, Any]] = []
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, ledger in ledgers.items():
        state = ledger.state
        where: dict[str, Any] = {
            "game": name, "treatment": state.treatment.get("name", ""),
            "block": state.treatment.get("block"),
        }  # fmt: skip
        rows.append(
            {**where, "title": state.game.rules.title, "seed": state.seed, "cxsim": state.version,
             "rounds": state.played, "teams": len(state.seats)}
        )  # fmt: skip
        if not state.played:
            continue
        market = Market(state.game)
        for kind, frame in debrief_frames(state, market, (others or {}).get(name, ())).items():
            parts.setdefault(kind, []).append(pd.DataFrame({**where, **frame}))
    made = {"games": pd.DataFrame(rows)}
    for kind, frames in parts.items():
        full = [frame for frame in frames if len(frame)]
        made[kind] = pd.concat(full or frames[:1], ignore_index=True)
    return made
