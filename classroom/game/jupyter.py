"""Classroom games below the address of a Jupyter server, for a hub that opens no other port.

    jupyter server extension enable classroom.game.jupyter

Who runs the server opens ``/cxsim-game/`` in it, starts the game of a ledger that lies in the
server's folder, and finds the links there. Teams open their links without an account on that
server: a game admits by its own tokens, as :class:`~classroom.game.server.RunningGame` does.
"""

from __future__ import annotations

import asyncio
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import tornado.httputil
import tornado.routing
import tornado.web
from jupyter_server.base.handlers import JupyterHandler

from classroom.game.ledger import GameError, Ledger
from classroom.game.server import LARGEST, RunningGame, make_application

__all__ = ["Below", "Games"]

PLACE = "cxsim-game"


class Below(tornado.routing.Router):
    """Pages of a game as a part of a Jupyter server, which admits larger requests than a game.

    Parameters
    ----------
    application : tornado.web.Application
    """

    def __init__(self, application: tornado.web.Application) -> None:
        self._application = application

    def find_handler(self, request: tornado.httputil.HTTPServerRequest, **_: Any) -> Any:
        """Return what answers a request."""
        length = request.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in request.headers or not length.isdigit() or int(length) > LARGEST:
            wrong = {"status_code": 413}
            return self._application.get_handler_delegate(request, tornado.web.ErrorHandler, wrong)
        return self._application.find_handler(request)


class Games:
    """The games that a Jupyter server serves.

    Parameters
    ----------
    application : tornado.web.Application
        Of the Jupyter server.
    folder : Path
        Where ledgers lie.
    base : str
        Address of the Jupyter server's pages, such as ``/user/ada/``.
    """

    def __init__(self, application: tornado.web.Application, folder: Path, base: str) -> None:
        self.folder, self.prefix = folder, f"{base.rstrip('/')}/{PLACE}"
        self.running: dict[str, RunningGame] = {}
        self._application = application
        self._lock = asyncio.Lock()

    def ledgers(self) -> list[str]:
        """Return the names of files that may be ledgers."""
        return sorted(path.name for path in self.folder.glob("*.db"))

    async def start(self, name: str) -> RunningGame:
        """Serve a game, if it is not being served.

        Parameters
        ----------
        name : str
            Of a ledger in the folder.

        Raises
        ------
        GameError
            If there is no ledger of that name.
        """
        if name not in self.ledgers():
            raise GameError(f"expected a ledger in the server's folder, found {name!r}")
        async with self._lock:
            if name not in self.running:
                game = RunningGame(Ledger(self.folder / name))
                await game.begin()
                place = f"{self.prefix}/{quote(name, safe='')}"
                below = Below(make_application([game], base=place))
                # First, because Jupyter's own way to add handlers takes none but its own.
                at = tornado.routing.PathMatches(re.escape(place) + "/.*")
                self._application.default_router.rules.insert(0, tornado.routing.Rule(at, below))
                self.running[name] = game
        return self.running[name]

    async def stop(self) -> None:
        """Stop all games; what was decided is in their ledgers."""
        for game in self.running.values():
            await game.end()


class GamesPage(JupyterHandler):
    """The page of whoever runs the Jupyter server: ledgers, and links of the games served."""

    def initialize(self, games: Games) -> None:
        """Keep the games; Tornado calls this."""
        self.games = games

    @tornado.web.authenticated
    async def get(self) -> None:
        """Show ledgers and links."""
        self._show()

    @tornado.web.authenticated
    async def post(self) -> None:
        """Serve the game of a ledger."""
        try:
            await self.games.start(self.get_body_argument("file", ""))
        except GameError as error:
            self.set_status(422)
            self._show(str(error))
            return
        self.redirect(f"{self.games.prefix}/")

    def _show(self, problem: str = "") -> None:
        token = self.xsrf_form_html()
        rows = []
        for name in self.games.ledgers():
            game = self.games.running.get(name)
            place = f"{self.games.prefix}/{quote(name, safe='')}"
            if game is None:
                rows.append(
                    f'<form method="post">{token}<input type="hidden" name="file" '
                    f'value="{escape(name)}"><button>Serve {escape(name)}</button></form>'
                )
                continue
            base = f"{self.request.protocol}://{self.request.host}{place}"
            links = {**game.links(base), "projector": f"{base}/screen/"}
            items = "".join(
                f'<li>{escape(who)}: <a href="{escape(link)}">{escape(link)}</a></li>'
                for who, link in links.items()
            )
            rows.append(f"<h2>{escape(name)}</h2><ul>{items}</ul>")
        told = "".join(rows) or "<p>No ledger (*.db) lies in the server's folder.</p>"
        wrong = f'<p role="alert">{escape(problem)}</p>' if problem else ""
        self.finish(
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            "<title>Classroom games</title></head><body><main><h1>Classroom games</h1>"
            f"{wrong}{told}</main></body></html>"
        )


# -- What Jupyter asks for ---------------------------------------------------------------------


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Return where the extension is; Jupyter asks."""
    return [{"module": "classroom.game.jupyter"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Add the page of the games to a Jupyter server."""
    application = serverapp.web_app
    base = unquote(application.settings["base_url"])
    games = Games(application, Path(serverapp.root_dir), base)
    application.add_handlers(".*$", [(re.escape(games.prefix) + "/", GamesPage, {"games": games})])
    serverapp.cxsim_games = games
