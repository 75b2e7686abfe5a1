"""A short game to look at a debrief with: the first hour, played by four simple rules."""

from __future__ import annotations

from pathlib import Path

from classroom.game.game_file import Game, find_game
from classroom.game.ledger import Ledger
from classroom.game.market import Market, results_digest
from cxsim.scenario import read_yaml

__all__ = ["example_ledger"]

#: Change of price and of customization in each round, forecast of the share, and reason, by team.
_RULES = {
    "Badgers": (-1.0, 0.0, 0.35, "A lower price brings customers."),
    "Herons": (0.5, 0.1, 0.25, "Customers pay for an offer that fits them."),
    "Otters": (0.0, 0.0, 0.25, "Customers stay where they are; so do we."),
    "Swifts": (1.0, 0.0, 0.20, "A higher price costs us few customers."),
}


def example_ledger(path: str | Path, *, customers: int = 500, seed: int = 1) -> Ledger:
    """Return the ledger of a game that is over, played by rules rather than by people.

    Parameters
    ----------
    path : str or Path
        Where there is no file yet.
    customers : int
    seed : int

    Raises
    ------
    GameError
        If there is a file.
    """
    raw, _ = read_yaml(find_game("first_hour"))
    raw["scenario"]["customers"] = customers
    ledger = Ledger.create(path, Game.from_mapping(raw), list(_RULES), seed=seed)
    state = ledger.state
    market = Market(state.game)
    for number in range(1, state.game.rounds + 1):
        state = ledger.add("opened", deadline=None)
        for team, (price, customization, share, reason) in _RULES.items():
            now = state.standing(number - 1)[team]
            values = {
                "price": now["price"] + price,
                "customization": round(now["customization"] + customization, 10),
            }
            state = ledger.add(
                "decided", team=team, by="team", values=values, reason=reason, forecast=share
            )
        results = market.results(state.moves(), number, seed=state.seed)
        state = ledger.add("closed", hash=results_digest(state.game, results, number))
    ledger.add("revealed")
    return ledger
