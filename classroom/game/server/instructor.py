"""The instructor's pages: rounds, news, links and all measures of a game."""

from __future__ import annotations

from html import escape

from classroom.game.ledger import GameError
from classroom.game.server.rendering import qr_code
from classroom.game.server.requests import Page, Socket
from classroom.game.server.screen import DebriefPage

__all__ = ["Act", "InstructorDebrief", "InstructorPage", "InstructorSocket", "Links"]


class InstructorPage(Page):
    """The instructor's page."""

    def get(self) -> None:
        """Show it."""
        self.instructor()
        self.show_instructor()

    @property
    def seen(self) -> str:
        """Where the game stands, so that no button is obeyed twice."""
        state = self.game.ledger.state
        return f"{state.round} {state.phase}"

    def show_instructor(self, status: int = 200, problem: str = "") -> None:
        """Show the page.

        Parameters
        ----------
        status : int
        problem : str
            Why something was not done.
        """
        self.show(
            "instructor.html", status, all=self.game.view("instructor"), seen=self.seen,
            problem=problem or self.game.trouble, socket=f"{self.root}/instructor/socket",
        )  # fmt: skip


class Act(InstructorPage):
    """Where the instructor's buttons are sent to."""

    async def post(self) -> None:
        """Do what a button says, once."""
        self.instructor()
        server = self.game
        action = self.get_body_argument("action", "")
        try:
            if action != "note" and self.get_body_argument("seen", "") != self.seen:
                raise GameError("The game went on since this page was shown; nothing was done.")  # noqa: TRY301
            if action == "open":
                server.open()
            elif action == "close":
                await server.close("instructor")
            elif action == "extend":
                server.extend(max(1.0, min(120.0, float(self.get_body_argument("minutes", "2")))))
            elif action == "reopen":
                await server.reopen()
            elif action == "reveal":
                server.reveal()
            elif action == "hand_over":
                server.hand_over(self.get_body_argument("team", ""))
            elif action == "take_back":
                server.take_back(self.get_body_argument("team", ""))
            elif action == "note":
                server.note(self.get_body_argument("text", ""))
            else:
                raise GameError(f"expected a button of this page, found {escape(action)[:40]!r}")  # noqa: TRY301
        except (GameError, ValueError) as error:
            self.show_instructor(409, str(error))
            return
        self.redirect(f"{self.root}/instructor/", status=303)

    def get(self) -> None:
        """Go back to the page."""
        self.redirect(f"{self.root}/instructor/")


class Links(InstructorPage):
    """The links of teams and members, to be printed and cut apart."""

    def get(self) -> None:
        """Show them."""
        self.instructor()
        address = f"{self.request.protocol}://{self.request.host}"
        links = self.game.links(address + self.base)
        del links["instructor"]
        rows = [{"name": name, "link": link, "code": qr_code(link)} for name, link in links.items()]
        self.show("links.html", rows=rows, screen=f"{address}{self.root}/screen/")


class InstructorDebrief(DebriefPage):
    """The debrief, for the instructor."""

    def get(self) -> None:
        """Show it."""
        self.instructor()
        self.show_debrief("/instructor/socket")


class InstructorSocket(Socket):
    """The instructor's page."""

    def admitted(self) -> str | None:
        """Return the seat, if the page has the instructor's cookie."""
        return "\0instructor" if self.current_user == "instructor" else None
