"""What all pages share: safe headers, cookies by path, refusals, and sockets."""

from __future__ import annotations

import hmac
import json
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import tornado.web
import tornado.websocket

from classroom.game.server.limits import RATE, Allowance
from classroom.game.server.rendering import rendered, stage_text
from classroom.game.server.running import RunningGame

__all__ = ["Front", "Join", "Missing", "Page", "SafePage", "Socket"]

#: Name of the cookie; each seat's is scoped to its path, so that one browser can hold several.
COOKIE = "seat"

#: Days for which a cookie holds.
DAYS = 31


def seat_in(handler: tornado.web.RequestHandler, secret: str) -> str | None:
    """Return the seat that the cookie of a request's path names; None without a valid one.

    Parameters
    ----------
    handler : RequestHandler
    secret : str
        Of the game, so that the cookie of one game opens no other.
    """
    given = handler.get_cookie(COOKIE)
    value = tornado.web.decode_signed_value(secret, COOKIE, given or "", max_age_days=DAYS)
    return value.decode() if value else None


def member_in(seat: str | None) -> str:
    """Return the member's name in a seat as cookies hold it; empty without one.

    Parameters
    ----------
    seat : str or None
    """
    return " ".join((seat or "").split(" ")[2:])


class SafePage(tornado.web.RequestHandler):
    """A page with safe headers, which takes nothing from other sites."""

    #: Address of all pages of the server, without a slash at its end.
    base = ""

    def set_default_headers(self) -> None:
        """Forbid what pages do not need: other sites, frames, storage, addresses passed on."""
        host = self.request.host
        self.set_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
            f"connect-src 'self' ws://{host} wss://{host}; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'",
        )
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    def prepare(self) -> None:
        """Refuse what another site's page has sent."""
        origin = self.request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc != self.request.host
        if self.request.method != "GET" and foreign:
            raise tornado.web.HTTPError(403, reason="Another site sent this request.")

    def let_in(self, value: str, path: str, secret: str) -> None:
        """Give the browser a cookie for one path.

        Parameters
        ----------
        value : str
        path : str
        secret : str
            That signs it.
        """
        signed = tornado.web.create_signed_value(secret, COOKIE, value)
        self.set_cookie(
            COOKIE, signed, path=path, expires_days=DAYS, httponly=True, samesite="Lax",
            secure=self.request.protocol == "https",
        )  # fmt: skip

    def write_error(self, status_code: int, **_: Any) -> None:
        """Show an error as a page of one sentence."""
        self.set_default_headers()
        text = rendered(
            "message.html", heading=f"{status_code}", text=self._reason, base=self.base,
            public={"title": "Game"},
        )  # fmt: skip
        self.finish(text)


class Missing(SafePage):
    """Any other address."""

    def initialize(self, base: str) -> None:
        """Keep where the server's pages are; Tornado calls this."""
        self.base = base

    def prepare(self) -> None:
        """Refuse it."""
        raise tornado.web.HTTPError(404, reason="There is no such page.")


class Page(SafePage):
    """A page of a game: a cookie for its path, and no more requests than a class sends."""

    def initialize(self, game: RunningGame, base: str, root: str) -> None:
        """Keep the game and where its pages are; Tornado calls this."""
        self.game, self.base, self.root = game, base, root

    def prepare(self) -> None:
        """Refuse what another site's page has sent, and what comes too fast."""
        super().prepare()
        seat = " ".join((self.current_user or "").split(" ")[:2])  # without the member
        who = seat or f"address {self.request.remote_ip}"
        if not self.game.allowance(who).take():
            raise tornado.web.HTTPError(429, reason="Too many requests; wait a moment.")
        if self.request.method != "GET":
            given = self.get_body_argument("_xsrf", "")
            if not seat or not hmac.compare_digest(given.encode(), self.form_token.encode()):
                raise tornado.web.HTTPError(403, reason="Open the page again; its form is too old.")

    def get_current_user(self) -> str | None:
        """Return the seat that the cookie of this path names."""
        return seat_in(self, self.game.secret)

    @property
    def form_token(self) -> str:
        """What a form of this seat holds, so that no other site's page can send one.

        Not Tornado's own, which other software in the same process (JupyterHub) replaces.
        """
        seat = " ".join((self.current_user or "").split(" ")[:2])
        return hmac.new(self.game.secret.encode(), f"form {seat}".encode(), "sha256").hexdigest()

    @cached_property
    def team(self) -> str:
        """The team whose page it is; refused without that team's cookie."""
        team = self.game.team_of(self.path_args[0], self.current_user)
        if team is None:
            raise tornado.web.HTTPError(403, reason="Open the link of your team to join it.")
        return team

    @property
    def member(self) -> str:
        """Name of the team's member whose page it is; empty where that is not known."""
        return member_in(self.current_user)

    def instructor(self) -> None:
        """Refuse whoever is not the instructor."""
        if self.current_user != "instructor":
            raise tornado.web.HTTPError(403, reason="Open the instructor's link.")

    def show(self, page: str, status: int = 200, **values: Any) -> None:
        """Write a page.

        Parameters
        ----------
        page : str
            Name of the template.
        status : int
        **values
        """
        self.set_status(status)
        public = self.game.view("public")
        text = rendered(
            page, **values, public=public, stage=stage_text(public), base=self.base,
            root=self.root,
            xsrf=f'<input type="hidden" name="_xsrf" value="{self.form_token}">',
        )  # fmt: skip
        self.finish(text)


class Front(Page):
    """The address without anything: where to go."""

    def get(self) -> None:
        """Show what is open to all."""
        text = "Open the link that your instructor gave you."
        self.show("message.html", heading=self.game.ledger.state.game.rules.title, text=text)


class Join(Page):
    """A link with a token: it becomes a cookie for one path."""

    def get(self, token: str) -> None:
        """Take the token."""
        whose = self.game.holder(token)
        if not whose:
            raise tornado.web.HTTPError(403, reason="This link is of no team of this game.")
        seat, _, rest = whose.partition(" ")
        path = f"{self.root}/{seat}/"
        if seat == "team":
            number, _, member = rest.partition(" ")
            path = f"{self.root}/team/{number}/"
            if member:
                self.game.join(self.game.teams[int(number) - 1], member, listed=True)
        self.let_in(whose, path, self.game.secret)
        self.redirect(path)


class Socket(tornado.websocket.WebSocketHandler):
    """A page that is open; it is told when to look again. Tornado refuses other origins."""

    seat = ""

    def initialize(self, game: RunningGame, base: str, root: str) -> None:
        """Keep the game; Tornado calls this."""
        self.game, self.base, self.root = game, base, root
        self._allowance = Allowance(RATE)

    def get_current_user(self) -> str | None:
        """Return the seat that the cookie of this path names."""
        return seat_in(self, self.game.secret)

    def admitted(self) -> str | None:
        """Return the seat of the page; None refuses it."""
        return ""

    def prepare(self) -> None:
        """Refuse pages without their cookie before the socket opens."""
        seat = self.admitted()
        if seat is None:
            raise tornado.web.HTTPError(403)
        self.seat = seat

    def open(self, *_: str, **__: str) -> None:
        """Remember the page."""
        self.game.sockets.add(self)
        self.send(json.dumps({"kind": "hello", "number": self.game.ledger.state.number}))

    def on_close(self) -> None:
        """Forget the page."""
        self.game.sockets.discard(self)

    def send(self, text: str) -> None:
        """Send a message, if the page is still there.

        Parameters
        ----------
        text : str
        """
        try:
            self.write_message(text)
        except tornado.websocket.WebSocketClosedError:
            self.game.sockets.discard(self)

    def on_message(self, message: str | bytes) -> None:
        """Take a message; a page that sends too fast is closed."""
        if not self._allowance.take():
            self.close(1008, "too many messages")
            return
        try:
            given = json.loads(message)
        except ValueError:
            self.close(1003, "expected JSON")
            return
        if isinstance(given, dict):
            self.heard(given)

    def heard(self, given: dict[str, Any]) -> None:
        """Take what a page says; most say nothing.

        Parameters
        ----------
        given : dict
        """
