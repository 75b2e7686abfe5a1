"""The server of games: pages of teams, of the instructor and for the projector.

One process. Ledgers are the only state; each market is computed in a thread of its own; pages
are complete without scripts, and a socket tells them when to look again.

- :mod:`~classroom.game.server.running`: a game that is being played, without the web;
- :mod:`~classroom.game.server.application`: addresses, ports, several games;
- :mod:`~classroom.game.server.requests`: headers, cookies, refusals and sockets of all pages;
- :mod:`~classroom.game.server.teams`, :mod:`~classroom.game.server.instructor` and
  :mod:`~classroom.game.server.screen`: pages by role;
- :mod:`~classroom.game.server.rendering` and :mod:`~classroom.game.server.limits`.
"""

from __future__ import annotations

from classroom.game.server.application import GameServer, Server, addresses, make_application
from classroom.game.server.limits import LARGEST
from classroom.game.server.rendering import costs_of, debrief_page, stage_text
from classroom.game.server.running import RunningGame

__all__ = [
    "LARGEST",
    "GameServer",
    "RunningGame",
    "Server",
    "addresses",
    "costs_of",
    "debrief_page",
    "make_application",
    "stage_text",
]
