"""A team's pages: what it knows, the form of its decision, drafts within the team, the debrief."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classroom.game.decision import LONGEST_REASON, Checked
from classroom.game.ledger import GameError
from classroom.game.server.rendering import costs_of
from classroom.game.server.requests import Page, Socket
from classroom.game.server.screen import DebriefPage

__all__ = ["Decide", "TeamDebrief", "TeamPage", "TeamSocket"]


class TeamPage(Page):
    """A team's page: what it knows, and the form of its decision."""

    @property
    def place(self) -> str:
        """Address of the team's pages."""
        return f"{self.root}/team/{self.path_args[0]}/"

    def get(self, _: str) -> None:
        """Show it."""
        self.show_team()

    def show_team(self, status: int = 200, given: Mapping[str, str] | None = None,
                  checked: Checked | None = None, late: str = "") -> None:  # fmt: skip
        """Show the page, with what is wrong with a decision if there was one.

        Parameters
        ----------
        status : int
        given : mapping of str to str, optional
            What the form held.
        checked : Checked, optional
        late : str
            Why a decision was not counted.
        """
        server, team = self.game, self.team
        mine = server.view(team)
        draft = given or server.drafts.get(team) or {}
        state = server.ledger.state
        if checked is None:
            plain = {k: v for k, v in draft.items() if k in state.game.fields}
            checked = server.checked(state, team, plain, schema=False)
            told: Mapping[str, str] = {}
        else:
            told = checked.problems
        self.show(
            "team.html", status, mine=mine, draft=draft, costs=costs_of(state.game.scenario.currency, checked),
            problems=told, labels=state.game.labels, late=late, longest=LONGEST_REASON,
            socket=f"{self.place}socket", action=f"{self.place}decide",
        )  # fmt: skip


class Decide(TeamPage):
    """Where the form of a decision is sent to."""

    def post(self, _: str) -> None:
        """Keep a decision, or show what is wrong with it."""
        team = self.team
        given = {
            name: self.get_body_argument(name)
            for name in self.request.body_arguments
            if name not in ("_xsrf", "round")
        }
        try:
            round_number = int(self.get_body_argument("round", "0"))
        except ValueError:
            round_number = 0
        try:
            checked = self.game.decide(team, round_number, given)
        except GameError as error:
            self.show_team(409, late=str(error))
            return
        if checked.problems:
            self.show_team(422, given, checked)
            return
        self.redirect(self.place, status=303)

    def get(self, _: str) -> None:
        """Go back to the page, where the address was opened again."""
        self.redirect(self.place)


class TeamDebrief(DebriefPage):
    """The debrief, for a team."""

    def get(self, number: str) -> None:
        """Show it."""
        self.show_debrief(f"/team/{number}/socket", mine=self.team)


class TeamSocket(Socket):
    """A team's page: drafts are shared within the team and answered with their cost."""

    def admitted(self) -> str | None:
        """Return the team, if the page has its cookie."""
        return self.game.team_of(self.path_args[0], self.current_user)

    def heard(self, given: dict[str, Any]) -> None:
        """Share a draft with the team and tell what it costs."""
        server, team = self.game, self.seat
        state = server.ledger.state
        values = given.get("values")
        if given.get("kind") != "draft" or not isinstance(values, dict) or state.phase != "open":
            return
        known = (*state.game.fields, "reason", "forecast")
        draft = {k: str(v)[:LONGEST_REASON] for k, v in values.items() if k in known}
        server.drafts[team] = draft
        checked = server.checked(state, team, draft, schema=False)
        answer = {
            "kind": "draft",
            "values": draft,
            **costs_of(state.game.scenario.currency, checked),
        }
        page = str(given.get("page", ""))[:20]
        server.tell({**answer, "page": page}, to=team)
