"""The market of a game, computed anew from its decisions whenever it is asked for."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classroom.game.game_file import Game
from classroom.game.ledger import State
from cxsim.firms import Public
from cxsim.runs import firm_measures, frames_of, simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SEEDS", "Market", "Results", "own_books", "replay"]

#: Seeds beside the one that was played.
SEEDS = 20

#: Decided values by round and firm; in round 0, what was chosen when the firm was founded.
Moves = Mapping[tuple[int, str], Mapping[str, Any]]

#: What is public of a firm, by column; the market share has its own column in a run.
PUBLIC = tuple(Public.__dataclass_fields__)


def own_books(scenario: Any) -> tuple[Any, ...]:
    """Return the measures that a firm finds in its own accounts, as policies do.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    tuple of Measure
    """
    return tuple(each for each in firm_measures(scenario) if each.own_ledger or each.cost)


@dataclass(frozen=True)
class Results:
    """Results of the rounds played; all of them, also what no team may see.

    Attributes
    ----------
    rounds : int
    firms : DataFrame
        ``period, firm`` and all measures.
    public : DataFrame
        ``period, firm`` and what is public of every firm (:data:`PUBLIC`).
    touchpoints : DataFrame or None
        True and perceived performance; None without a journey.
    """

    rounds: int
    firms: pd.DataFrame
    public: pd.DataFrame
    touchpoints: pd.DataFrame | None

    def values(self, measure: str) -> dict[str, np.ndarray]:
        """Return a measure of every firm by period, in its unit.

        Parameters
        ----------
        measure : str

        Returns
        -------
        dict of str to ndarray, shape (periods,)
        """
        names = self.firms["firm"].to_numpy()
        count = int((self.firms["period"].to_numpy() == 0).sum())
        table = self.firms[measure].to_numpy(float).reshape(-1, count)
        return {str(name): table[:, k] for k, name in enumerate(names[:count])}


class Market:
    """The market of a game: runs it for any decisions, and remembers some of the results.

    Parameters
    ----------
    game : Game
    engine : str
        As for :func:`cxsim.run`; the numbers are the same.
    kept : int
        Results that are remembered.
    """

    def __init__(self, game: Game, *, engine: str = "columnar", kept: int = 64) -> None:
        self.game = game
        self.engine, self._most = engine, kept
        self._kept: OrderedDict[str, Results] = OrderedDict()

    def scenario(
        self,
        moves: Moves,
        rounds: int,
        *,
        periods: int | None = None,
        policies: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Any:
        """Return the scenario of some rounds with decisions in it as events.

        Parameters
        ----------
        moves : mapping of (int, str) to mapping
            Values by round and firm.
        rounds : int
            Rounds to play; later decisions and events are left out.
        periods : int, optional
            Length, if it is not that of the rounds.
        policies : mapping of str to mapping, optional
            Policies in place of teams, by firm.

        Raises
        ------
        ScenarioError
            If the scenario does not allow a decision.
        """
        length = periods or rounds * self.game.per_round
        own = [
            event.model_dump(exclude_unset=True)
            for event in self.game.scenario.events
            if event.at < length
        ]
        made = [
            {
                "at": (number - 1) * self.game.per_round,
                "label": f"{firm}, round {number}",
                "set": {f"firms.{firm}.{name}": value for name, value in sorted(values.items())},
            }
            for (number, firm), values in sorted(moves.items())
            if 1 <= number <= rounds
        ]
        changes: dict[str, Any] = {"periods": length, "replace_events": own + made}
        for (number, firm), values in sorted(moves.items()):
            if number == 0:
                changes |= {f"firms.{firm}.{name}": value for name, value in values.items()}
        for firm, policy in (policies or {}).items():
            changes[f"firms.{firm}.policy"] = dict(policy)
        return self.game.scenario.override(changes)

    def results(
        self,
        moves: Moves,
        rounds: int,
        *,
        seed: int,
        policies: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Results:
        """Return the results of some rounds.

        Parameters
        ----------
        moves : mapping of (int, str) to mapping
        rounds : int
            At least 1.
        seed : int
        policies : mapping of str to mapping, optional
            Policies in place of teams, by firm.

        Raises
        ------
        ScenarioError
            If the scenario does not allow a decision.
        """
        counted = sorted((n, firm, sorted(v.items())) for (n, firm), v in moves.items())
        played = [each for each in counted if each[0] <= rounds]
        key = json.dumps([seed, rounds, played, dict(policies or {})])
        if key not in self._kept:
            scenario = self.scenario(moves, rounds, policies=policies)
            self._kept[key] = self._run(scenario, rounds, seed)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def of(self, state: State) -> Results | None:
        """Return the results of the rounds that are closed; None before the first is.

        Parameters
        ----------
        state : State
        """
        if not state.played:
            return None
        return self.results(state.moves(), state.played, seed=state.seed)

    def _run(self, scenario: Any, rounds: int, seed: int) -> Results:
        simulation = simulate(scenario, seed=seed, engine=self.engine)
        frames = frames_of(simulation, ())
        firms = frames["firms"]()
        ledger = simulation.ledger
        order = [ledger.firms.index(name) for name in scenario.firms]
        public = firms[["period", "firm"]].copy()
        for name in PUBLIC:
            if name == "share":
                public[name] = firms["market_share"]
            else:
                public[name] = ledger.firm(name)[:, order].ravel()
        public["active"] = public["active"] > 0.5
        touchpoints = frames["touchpoints"]() if "touchpoints" in frames else None
        return Results(rounds, firms, public, touchpoints)


# -- Replay ------------------------------------------------------------------------------------


def results_digest(game: Game, results: Results, round_number: int) -> str:
    """Return the digest of what the results of one round are, to the bit.

    Parameters
    ----------
    game : Game
    results : Results
    round_number : int
        From 1 on.

    Returns
    -------
    str
        16 hex digits: of accounts and market shares of all firms. Measures that a later version
        adds do not change it unless they are costs.
    """
    names = sorted({each.name for each in own_books(game.scenario)} | {"market_share"})
    rows = results.firms[results.firms["period"] // game.per_round + 1 == round_number]
    digest = hashlib.sha256()
    for name in names:
        values = np.ascontiguousarray(rows[name].to_numpy(float), dtype="<f8") + 0.0
        values[np.isnan(values)] = np.nan  # one of the many bit patterns that are no number
        digest.update(name.encode() + b"\0" + values.tobytes())
    return digest.hexdigest()[:16]


def replay(state: State, market: Market) -> dict[int, bool]:
    """Play all closed rounds again and say which of them come out as they did.

    Parameters
    ----------
    state : State
    market : Market

    Returns
    -------
    dict of int to bool
        By round: whether its results are the same to the bit.
    """
    results = market.of(state)
    if results is None:
        return {}
    return {
        number: results_digest(state.game, results, number) == kept
        for number, kept in sorted(state.hashes.items())
    }
