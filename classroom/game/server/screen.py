"""The projector's page, which needs no cookie, and the debrief on it."""

from __future__ import annotations

from typing import Any

import tornado.web

from classroom.game.server.requests import Page, Socket

__all__ = ["DebriefPage", "ScreenDebrief", "ScreenPage", "ScreenSocket"]


class DebriefPage(Page):
    """The debrief, once the game has ended."""

    def show_debrief(self, place: str, **values: Any) -> None:
        """Show the debrief.

        Parameters
        ----------
        place : str
            Address of the page's socket, below the game's.
        **values
        """
        if self.game.ledger.state.phase != "revealed":
            raise tornado.web.HTTPError(403, reason="The debrief follows when the game has ended.")
        self.show(
            "debrief.html", told=self.game.told, waiting=self.game.waiting,
            socket=f"{self.root}{place}", **{"mine": "", "screen": False, **values},
        )  # fmt: skip


class ScreenPage(Page):
    """The projector's page: what is public, large."""

    def get(self) -> None:
        """Show it."""
        over = self.game.ledger.state.phase == "revealed"
        self.show(
            "screen.html", socket=f"{self.root}/screen/socket", waiting=self.game.waiting,
            told=self.game.told if over else None,
        )  # fmt: skip


class ScreenDebrief(DebriefPage):
    """The debrief of all teams, for the room."""

    def get(self) -> None:
        """Show it."""
        self.show_debrief("/screen/socket", screen=True)


class ScreenSocket(Socket):
    """The projector's page."""
