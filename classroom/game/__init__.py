"""A market played in class: teams run rival firms, round by round, in browsers.

The state of a game is a market, a seed and the decisions of its teams, and every answer is a
replay of them:

- :mod:`~classroom.game.game_file`: the rules, a YAML file: market, rounds, fields, budget, news;
- :mod:`~classroom.game.decision` and :mod:`~classroom.game.budget`: the check of a decision;
- :mod:`~classroom.game.ledger`: the events of a game, one SQLite file that only grows;
- :mod:`~classroom.game.market`: from a ledger to results, to the bit;
- :mod:`~classroom.game.views`: what a team may see, what all see, what the instructor sees;
- :mod:`~classroom.game.debrief`: what would have been with other decisions;
- :mod:`~classroom.game.grading`, :mod:`~classroom.game.exam`, :mod:`~classroom.game.experiment`:
  grades, exams and treatments;
- :mod:`~classroom.game.notebook`: what ``notebooks/debrief.ipynb`` shows;
- :mod:`~classroom.game.server`: pages of teams, instructor and projector;
- :mod:`~classroom.game.folder`: the same without a server, by files;
- :mod:`~classroom.game.jupyter`: the same pages below the address of a Jupyter server;
- :mod:`~classroom.game.commands`: ``cxsim game``.

>>> from classroom.game import Game, Ledger, Market
>>> game = Game.load("first_hour")
>>> game.seats
('Amber', 'Cobalt', 'Jade', 'Sienna')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classroom.game.game_file import Game
    from classroom.game.ledger import Ledger
    from classroom.game.market import Market

#: Public names and the modules they live in; modules are imported when a name is used.
_HOME = {"Game": "game_file", "Ledger": "ledger", "Market": "market"}

__all__ = ["Game", "Ledger", "Market"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"classroom.game.{_HOME[name]}"), name)
    raise AttributeError(f"module 'classroom.game' has no attribute {name!r}")
