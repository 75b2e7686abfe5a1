"""A small game, as a file, and ledgers of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classroom.game import Game, Ledger, Market
from classroom.game.ledger import State
from classroom.game.market import results_digest

__all__ = ["FIRMS", "TEXT", "game_file", "ledger_of", "play"]

#: Firms that teams can play.
FIRMS = ("Amber", "Cobalt")

TEXT = """\
title: A small game
scenario:
  extends: blind_spot
  customers: 200
  replace_events: []
  firms:
    Listener: null
    Believer: null
    Amber: &alike
      interaction: 0.2
      customization: 0.2
      initial_cash: 20000
      quality: 24.0
      price: 20.0
      unit_cost: 11.0
      cost_to_serve: 1.0
      capability_cost: 15000
      capability_investment: 100000
      touchpoints:
        site: {mean: 6.5, sd: 1.5, cost: 0.05}
        delivery: {mean: 4.5, sd: 2.0, cost: 1.0, blind_spot: 2.5}
      improvement: {budget: 1000.0, effect: 0.005, decay: 0.05}
      surveys:
        deep_dive: {every: 2, sample: 0.1, response_rate: 0.5, cost: 2.0}
    Cobalt: *alike
    House: *alike
rounds: 3
periods_per_round: 2
goal: {text: Earn most.}
budget: {credit: 30000}
fields:
  price: {low: 15, high: 25, step: 0.5}
  customization: {low: 0, high: 1, step: 0.1, change: 0.3}
  surveys.deep_dive.sample: {low: 0, high: 0.5, step: 0.1, label: Customers surveyed}
  improvement.budget: {low: 0, high: 10000, step: 1000}
firms:
  House: {policy: {pricing: adaptive}}
empty_seats: {pricing: adaptive}
news:
  - {round: 2, text: A rival has moved.}
"""


def game_file(folder: Path, text: str = TEXT, **changes: tuple[str, str]) -> Path:
    """Write the file of the small game, with some of its text changed.

    Parameters
    ----------
    folder : Path
    text : str
    **changes
        Old and new text.
    """
    for old, new in changes.values():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def ledger_of(folder: Path, game: Game | None = None, **settings: Any) -> Ledger:
    """Return the ledger of a new small game of the teams Otters and Herons.

    Parameters
    ----------
    folder : Path
    game : Game, optional
    **settings
        As for :meth:`Ledger.create`.
    """
    made = game or Game.load(game_file(folder))
    settings = {"seed": 7, **settings}
    return Ledger.create(folder / "small.db", made, ["Otters", "Herons"], **settings)


def play(ledger: Ledger, market: Market, decisions: dict[str, dict[str, float]]) -> State:
    """Play one round with what some teams decide, and return the state after it.

    Parameters
    ----------
    ledger : Ledger
    market : Market
    decisions : dict of str to dict
        Values by team.
    """
    state = ledger.add("opened", deadline=None)
    for team, values in decisions.items():
        whole = {**state.standing(state.round - 1)[team], **values}
        state = ledger.add("decided", team=team, by="team", values=whole, reason="", forecast=None)
    results = market.results(state.moves(), state.round, seed=state.seed)
    return ledger.add("closed", hash=results_digest(state.game, results, state.round))
