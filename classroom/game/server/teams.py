"""A team's pages: what it knows, the form of its decision, drafts within the team, the debrief."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classroom.game.decision import LONGEST_REASON, Checked
from classroom.game.founding import LONGEST_NAME, LONGEST_STRATEGY
from classroom.game.ledger import GameError
from classroom.game.server.rendering import costs_of
from classroom.game.server.requests import Page, Socket, member_in
from classroom.game.server.screen import DebriefPage

__all__ = ["Decide", "Found", "Name", "TeamDebrief", "TeamPage", "TeamSocket"]

#: What a decision holds beside the fields of the game, with labels.
BESIDE = {
    "reason": "Reason",
    "forecast": "Forecast of your market share",
    "forecast_profit": "Forecast of your profit",
}


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
                  checked: Checked | None = None, late: str = "",
                  founded: Mapping[str, str] | None = None,
                  wrong: Mapping[str, str] | None = None) -> None:  # fmt: skip
        """Show the page, with what is wrong with a decision if there was one.

        Parameters
        ----------
        status : int
        given : mapping of str to str, optional
            What the form held.
        checked : Checked, optional
        late : str
            Why a decision was not counted.
        founded : mapping of str to str, optional
            What the form of the founding or of the own name held, if something is wrong with it.
        wrong : mapping of str to str, optional
            What is wrong with it.
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
        costs = costs_of(server, checked)
        self.show(
            "team.html", status, mine=mine, draft=draft, costs=costs, problems=told, late=late,
            labels={**state.game.labels, **BESIDE}, longest=LONGEST_REASON, place=self.place,
            drafters=server.drafters.get(team, {}), member=self.member, founded=founded or {},
            wrong=wrong or {}, longest_strategy=LONGEST_STRATEGY, longest_name=LONGEST_NAME,
            socket=f"{self.place}socket",
        )  # fmt: skip

    def form(self, *apart: str) -> dict[str, str]:
        """Return what a form holds.

        Parameters
        ----------
        *apart : str
            Names to leave out.
        """
        return {
            name: self.get_body_argument(name)
            for name in self.request.body_arguments
            if name not in ("_xsrf", *apart)
        }


class Decide(TeamPage):
    """Where the form of a decision is sent to."""

    async def post(self, _: str) -> None:
        """Keep a decision, or show what is wrong with it."""
        team = self.team
        given = self.form("round")
        if self.game.computing and self.game.ledger.state.game.rules.budget is not None:
            await self.game.ready()  # after a restart: the budget rests on cash
        try:
            round_number = int(self.get_body_argument("round", "0"))
        except ValueError:
            round_number = 0
        try:
            checked = self.game.decide(team, round_number, given, self.member)
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


class Found(Decide):
    """Where the form of the founding is sent to."""

    async def post(self, _: str) -> None:
        """Keep what was decided, or show what is wrong with it."""
        team, given = self.team, self.form()
        try:
            problems = self.game.found(team, given, self.member)
        except GameError:
            self.show_team(409, late="Round 1 is open: the founding came too late.")
            return
        if problems:
            self.show_team(422, founded=given, wrong=problems)
            return
        self.redirect(self.place, status=303)


class Name(Decide):
    """Where a member's name is sent to."""

    async def post(self, number: str) -> None:
        """Take the name into the cookie, and note that the member has joined."""
        team, given = self.team, self.form()
        try:
            name = self.game.join(team, given.get("member", ""))
        except ValueError as error:
            self.show_team(422, founded=given, wrong={"member": str(error)})
            return
        self.let_in(f"team {number} {name}", self.place, self.game.secret)
        self.redirect(self.place, status=303)


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
        known = (*state.game.fields, *BESIDE)
        draft = {k: str(v)[:LONGEST_REASON] for k, v in values.items() if k in known}
        drafters = server.draft(team, draft, member_in(self.current_user))
        checked = server.checked(state, team, draft, schema=False)
        costs = costs_of(server, checked)
        answer = {"kind": "draft", "values": draft, "by": drafters, **costs}
        page = str(given.get("page", ""))[:20]
        server.tell({**answer, "page": page}, to=team)
