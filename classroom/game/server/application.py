"""The server: pages of one or several games as an application of Tornado, on a port."""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
from collections.abc import Sequence
from typing import Any

import tornado.httpserver
import tornado.netutil
import tornado.web

from classroom.game.ledger import Ledger
from classroom.game.server import instructor, requests, screen, teams
from classroom.game.server.limits import LARGEST
from classroom.game.server.rendering import PAGES, rendered, stage_text
from classroom.game.server.running import RunningGame

__all__ = ["GameServer", "Server", "addresses", "make_application"]

#: Addresses of a game's pages and what answers them.
_PAGES: tuple[tuple[str, type], ...] = (
    (r"/", requests.Front),
    (r"/join/([\w-]{16,64})", requests.Join),
    (r"/team/(\d+)/", teams.TeamPage),
    (r"/team/(\d+)/decide", teams.Decide),
    (r"/team/(\d+)/found", teams.Found),
    (r"/team/(\d+)/name", teams.Name),
    (r"/team/(\d+)/debrief", teams.TeamDebrief),
    (r"/team/(\d+)/socket", teams.TeamSocket),
    (r"/instructor/", instructor.InstructorPage),
    (r"/instructor/act", instructor.Act),
    (r"/instructor/debrief", instructor.InstructorDebrief),
    (r"/instructor/links", instructor.Links),
    (r"/instructor/socket", instructor.InstructorSocket),
    (r"/screen/", screen.ScreenPage),
    (r"/screen/debrief", screen.ScreenDebrief),
    (r"/screen/socket", screen.ScreenSocket),
)


# -- Several games -----------------------------------------------------------------------------


def all_games_token(games: Sequence[RunningGame]) -> str:
    """Return the secret of the list of all games, which follows from those of instructors.

    Parameters
    ----------
    games : sequence of RunningGame
    """
    every = "\n".join(sorted(game.ledger.token("instructor") for game in games))
    return hashlib.sha256(f"all games\n{every}".encode()).hexdigest()[:32]


class AllGames(requests.SafePage):
    """The instructor's list of the games of a server."""

    def initialize(self, games: Sequence[RunningGame], base: str) -> None:
        """Keep the games; Tornado calls this."""
        self.games, self.base = games, base

    def get(self) -> None:
        """Show the list to whoever came by its link."""
        if requests.seat_in(self, all_games_token(self.games)) != "all games":
            raise tornado.web.HTTPError(403, reason="Open the link of all games.")
        here = f"{self.request.protocol}://{self.request.host}{self.base}"
        rows = []
        for game in self.games:
            public = game.view("public")
            rows.append(
                {
                    "name": game.name, "title": public["title"], "stage": stage_text(public),
                    "trouble": game.trouble, "link": game.links(here)["instructor"],
                    "screen": f"{here}/{game.name}/screen/",
                }
            )  # fmt: skip
        text = rendered("games.html", rows=rows, base=self.base, public={"title": "All games"})
        self.finish(text)


class JoinAllGames(AllGames):
    """The link of the list of all games."""

    def get(self, token: str = "") -> None:
        """Take the token."""
        secret = all_games_token(self.games)
        if not hmac.compare_digest(secret.encode(), token.encode()):
            raise tornado.web.HTTPError(403, reason="This link is of no game of this server.")
        self.let_in("all games", f"{self.base}/games/", secret)
        self.redirect(f"{self.base}/games/")


# -- The application ---------------------------------------------------------------------------


def make_application(games: Sequence[RunningGame], *, base: str = "/") -> tornado.web.Application:
    """Return the pages of games as an application of Tornado.

    Parameters
    ----------
    games : sequence of RunningGame
        With different names; a single one may have none, and its pages then begin at ``base``.
    base : str
        Address below which all pages stand, such as that of a Jupyter server.

    Raises
    ------
    ValueError
        If two games share a name.
    """
    names = [game.name for game in games]
    if len(set(names)) < len(names) or ("" in names and len(names) > 1):
        raise ValueError(f"games: expected names that differ, found {', '.join(names)}")
    base = base.rstrip("/")
    at = re.escape(base)
    routes: list[Any] = [
        (rf"{at}/static/(game\.(?:css|js))", tornado.web.StaticFileHandler, {"path": str(PAGES)})
    ]
    if "" not in names:
        given = {"games": games, "base": base}
        routes += [
            (rf"{at}/games/", AllGames, given),
            (rf"{at}/games/join/([\w-]{{16,64}})", JoinAllGames, given),
        ]
    for game in games:
        root = f"{base}/{game.name}" if game.name else base
        place = {"game": game, "base": base, "root": root}
        routes += [(re.escape(root) + path, handler, place) for path, handler in _PAGES]
    return tornado.web.Application(
        routes,
        websocket_max_message_size=LARGEST,
        websocket_ping_interval=20,
        default_handler_class=requests.Missing,
        default_handler_args={"base": base},
        log_function=lambda _: None,
    )


# -- The server --------------------------------------------------------------------------------


class Server:
    """Games that are being played, served on one port.

    Parameters
    ----------
    games : sequence of RunningGame
    """

    def __init__(self, games: Sequence[RunningGame]) -> None:
        self.games, self.port = tuple(games), 0
        self._server: tornado.httpserver.HTTPServer | None = None

    async def start(self, port: int = 8765, address: str = "127.0.0.1") -> int:
        """Listen, and compute what has been played meanwhile; return the port.

        Parameters
        ----------
        port : int
            0 for any that is free.
        address : str
            ``""`` for all addresses of the machine.
        """
        for game in self.games:
            await game.begin()
        sockets = tornado.netutil.bind_sockets(port, address)
        self._server = tornado.httpserver.HTTPServer(
            make_application(self.games), max_body_size=LARGEST, max_header_size=LARGEST,
            body_timeout=10.0, idle_connection_timeout=120.0,
        )  # fmt: skip
        self._server.add_sockets(sockets)
        self.port = int(sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stop listening; what was decided is in the ledgers."""
        for game in self.games:
            await game.end()
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()

    def links(self, base: str) -> dict[str, str]:
        """Return the link of the list of all games, if there is one.

        Parameters
        ----------
        base : str
            Such as ``"http://192.0.2.1:8765"``.
        """
        if not all(game.name for game in self.games):
            return {}
        return {"all games": f"{base}/games/join/{all_games_token(self.games)}"}


class GameServer(RunningGame):
    """One game with a server of its own.

    Parameters
    ----------
    ledger : Ledger
    **settings
        As for :class:`RunningGame`.
    """

    def __init__(self, ledger: Ledger, **settings: Any) -> None:
        super().__init__(ledger, **settings)
        self._server = Server([self])

    @property
    def port(self) -> int:
        """Port that the server listens on."""
        return self._server.port

    async def start(self, port: int = 8765, address: str = "127.0.0.1") -> int:
        """Begin and listen, as :meth:`Server.start`.

        Parameters
        ----------
        port : int
        address : str
        """
        return await self._server.start(port, address)

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop()

    def application(self) -> tornado.web.Application:
        """Return the pages as an application of Tornado."""
        return make_application([self])


def addresses() -> list[str]:
    """Return the addresses under which others may reach this machine; nothing is sent for it."""
    try:
        found = socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        return []
    return [each for each in found if not each.startswith("127.")]
