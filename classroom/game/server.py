"""The server of a game: pages of teams, of the instructor and for the projector.

One process. The ledger is the only state; the market is computed in a thread of its own; pages
are complete without scripts, and a socket tells them when to look again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import socket
import sys
import time
from collections.abc import Awaitable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import tornado.httpserver
import tornado.ioloop
import tornado.netutil
import tornado.web
import tornado.websocket

from classroom.game.debrief import (
    SEEDS,
    debrief_frames,
    debrief_view,
    values_of_seeds,
)
from classroom.game.decision import LONGEST_REASON, Checked, check
from classroom.game.ledger import GameError, Ledger, State
from classroom.game.market import Market, Results, results_digest
from classroom.game.views import (
    SPENDING_WORDS,
    cash_of,
    instructor_view,
    public_view,
    shown,
    team_view,
)
from cxsim.messages import one_line

__all__ = ["GameServer"]

#: Largest request and message, bytes.
LARGEST = 16384

#: Messages a second that one page may send.
RATE = 10.0

#: Requests a second of one seat, whose members have several pages, and of one address.
SEAT_RATE, ADDRESS_RATE = 40.0, 100.0

_PAGES = Path(__file__).with_name("pages")
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)  # fmt: skip


class Allowance:
    """What may still be sent: so many requests a second, of which three seconds can be saved.

    Parameters
    ----------
    rate : float
        Requests a second.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._left, self._at = rate, 3 * rate, time.monotonic()

    def take(self) -> bool:
        """Take one, and return whether there was one."""
        now = time.monotonic()
        self._left = min(3 * self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class GameServer:
    """A game that is being played.

    Parameters
    ----------
    ledger : Ledger
    engine : str
        As for :func:`cxsim.run`.
    seeds : int
        Other seeds of the debrief, computed in another process.
    """

    def __init__(self, ledger: Ledger, *, engine: str = "columnar", seeds: int = SEEDS) -> None:
        self.ledger, self.seeds = ledger, seeds
        state = ledger.state
        self.market = Market(state.game, engine=engine)
        self.teams = tuple(state.seats)
        self.sockets: set[Socket] = set()
        self.drafts: dict[str, dict[str, Any]] = {}
        self.allowances: dict[str, Allowance] = {}
        self.trouble = ""
        self.port = 0
        self.results: Results | None = None
        self._closing: asyncio.Task[None] | None = None
        self.told: dict[str, Any] | None = None
        self.waiting = "The counterfactuals are being computed."
        self._revealing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="market")
        self._views: dict[tuple[str, int, bool], dict[str, Any]] = {}
        self._server: tornado.httpserver.HTTPServer | None = None
        self._ticker: tornado.ioloop.PeriodicCallback | None = None

    # -- life ------------------------------------------------------------------------

    async def start(self, port: int = 8765, address: str = "127.0.0.1") -> int:
        """Compute what has been played, then listen; return the port.

        Parameters
        ----------
        port : int
            0 for any that is free.
        address : str
            ``""`` for all addresses of the machine.
        """
        state = self.ledger.state
        self.results = await self._aside(self.market.of, state)
        # Compiled, and every decision of the game once through the schema, before anybody waits.
        first = {(1, firm): values for firm, values in state.game.start.items()}
        await self._aside(lambda: self.market.results(first, 1, seed=state.seed))
        sockets = tornado.netutil.bind_sockets(port, address)
        self._server = tornado.httpserver.HTTPServer(
            self.application(), max_body_size=LARGEST, max_header_size=LARGEST,
            body_timeout=10.0, idle_connection_timeout=120.0,
        )  # fmt: skip
        self._server.add_sockets(sockets)
        self._ticker = tornado.ioloop.PeriodicCallback(self._tick, 250)
        self._ticker.start()
        if state.phase == "open" and state.deadline is not None:
            # Who could not reach the server in the last moments gets a minute.
            soonest = round(time.time() + 60.0, 1)
            if state.deadline < soonest:
                self.ledger.add("extended", by="clock", deadline=soonest)
        if state.phase == "revealed":
            self._reveal()
        if state.practice and state.phase in ("waiting", "closed") and not state.over:
            self.open()
        self.port = int(sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stop listening; what was decided is in the ledger."""
        if self._ticker is not None:
            self._ticker.stop()
        for each in list(self.sockets):
            each.close(1001, "the server stops")
        if self._closing is not None:
            await self._closing
        if self._revealing is not None:
            self._revealing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._revealing
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def application(self) -> tornado.web.Application:
        """Return the pages as an application of Tornado."""
        given = {"server": self}
        return tornado.web.Application(
            [
                (r"/", Front, given),
                (r"/join/([\w-]{16,64})", Join, given),
                (r"/team/(\d+)/", TeamPage, given),
                (r"/team/(\d+)/decide", Decide, given),
                (r"/team/(\d+)/debrief", TeamDebrief, given),
                (r"/team/(\d+)/socket", TeamSocket, given),
                (r"/instructor/", InstructorPage, given),
                (r"/instructor/act", Act, given),
                (r"/instructor/debrief", InstructorDebrief, given),
                (r"/instructor/socket", InstructorSocket, given),
                (r"/screen/", ScreenPage, given),
                (r"/screen/socket", ScreenSocket, given),
                (
                    r"/static/(game\.(?:css|js))",
                    tornado.web.StaticFileHandler,
                    {"path": str(_PAGES)},
                ),
            ],
            cookie_secret=self.ledger.token("cookies"),
            xsrf_cookies=True,
            xsrf_cookie_kwargs={"samesite": "Lax", "httponly": True},
            websocket_max_message_size=LARGEST,
            websocket_ping_interval=20,
            default_handler_class=Missing,
            default_handler_args=given,
            log_function=lambda _: None,
        )

    def links(self, base: str) -> dict[str, str]:
        """Return the secret link of each team and of the instructor.

        Parameters
        ----------
        base : str
            Such as ``"http://192.0.2.1:8765"``.
        """
        made = {team: f"{base}/join/{self.ledger.token(f'team {team}')}" for team in self.teams}
        return {**made, "instructor": f"{base}/join/{self.ledger.token('instructor')}"}

    def holder(self, token: str) -> str:
        """Return whose token it is: ``"instructor"``, a team's number as text, or nothing.

        Parameters
        ----------
        token : str
        """
        whose = ""
        given = token.encode()
        for name in ("instructor", *self.teams):
            key = name if name == "instructor" else f"team {name}"
            if hmac.compare_digest(self.ledger.token(key).encode(), given):
                whose = name if name == "instructor" else str(self.teams.index(name) + 1)
        return whose

    # -- rounds ----------------------------------------------------------------------

    @property
    def closing(self) -> bool:
        """Whether the results of the open round are being computed."""
        return self._closing is not None

    def open(self) -> None:
        """Open the next round, with the game's time for it.

        Raises
        ------
        GameError
            If a round is open or all are played.
        """
        rules = self.ledger.state.game.rules
        timed = "minutes" in rules.model_fields_set and not self.ledger.state.practice
        deadline = round(time.time() + 60 * rules.minutes, 1) if timed else None
        self.ledger.add("opened", deadline=deadline)
        self.drafts.clear()
        self.changed()

    def extend(self, minutes: float) -> None:
        """Give the open round more time, or one if it has none.

        Parameters
        ----------
        minutes : float
            From now or from the present end, whichever is later.
        """
        end = max(self.ledger.state.deadline or 0.0, time.time())
        self.ledger.add("extended", deadline=round(end + 60 * minutes, 1))
        self.changed()

    def decide(self, team: str, round_number: int, given: Mapping[str, Any]) -> Checked:
        """Check a decision and keep it if nothing is wrong with it.

        Parameters
        ----------
        team : str
        round_number : int
            The round that it was made for.
        given : mapping
            As for :func:`classroom.game.decision.check`.

        Raises
        ------
        GameError
            If the round is not open any more.
        """
        state = self.ledger.state
        if state.phase != "open" or state.round != round_number or self.closing:
            raise GameError(
                f"Round {round_number} is closed: this decision came too late and was not counted."
            )
        checked = self.checked(state, team, given)
        if checked.problems:
            return checked
        state = self.ledger.add(
            "decided", round_number=round_number, team=team, by="team",
            values=dict(checked.values), reason=checked.reason, forecast=checked.forecast,
        )  # fmt: skip
        self.drafts.pop(team, None)
        everybody = len(state.decided(state.round)) == len(state.seats)
        if everybody and (state.practice or state.game.rules.close_when_all_decided):
            self.close("team")
        self.changed(team)
        self.changed("\0instructor")
        self.tell({"kind": "stage", "text": stage_text(self.view("public"))})
        return checked

    def checked(
        self, state: State, team: str, given: Mapping[str, Any], *, schema: bool = True
    ) -> Checked:
        """Return a decision with all problems; nothing is kept.

        Parameters
        ----------
        state : State
        team : str
        given : mapping
        schema : bool
        """
        firm = state.seats[team]
        return check(
            state.game, firm, given, state.standing(state.played)[team],
            round_number=max(state.round, 1), cash=cash_of(state, self.results, firm),
            schema=schema,
        )  # fmt: skip

    def close(self, by: str) -> Awaitable[None]:
        """Close the open round: compute its results, then show them.

        Parameters
        ----------
        by : str
            ``"instructor"``, ``"team"`` or ``"clock"``.

        Raises
        ------
        GameError
            If none is open.
        """
        if self._closing is None:
            if self.ledger.state.phase != "open":
                raise GameError("close: expected an open round, found none")
            self._closing = asyncio.get_running_loop().create_task(self._close(by))
        return self._closing

    async def _close(self, by: str) -> None:
        state = self.ledger.state
        try:
            results = await self._aside(
                lambda: self.market.results(state.moves(), state.round, seed=state.seed)
            )
            digest = results_digest(state.game, results, state.round)
            self.ledger.add("closed", round_number=state.round, by=by, hash=digest)
        except Exception as error:  # noqa: BLE001 - whatever it is, the instructor must read it
            self.trouble = one_line(f"Round {state.round} stays open: {error}")
            if state.deadline is not None:
                self.ledger.add("extended", by="clock", deadline=None)
        else:
            self.results, self.trouble = results, ""
        finally:
            self._closing = None
        now = self.ledger.state
        if now.practice and now.phase == "closed":
            if now.over:
                self.reveal()
            else:
                self.open()
        self.changed()

    async def reopen(self) -> None:
        """Open the last round again; what was decided in it stands until it is replaced."""
        state = self.ledger.state
        results = None
        if state.phase == "closed" and state.round > 1:
            results = await self._aside(
                lambda: self.market.results(state.moves(), state.round - 1, seed=state.seed)
            )
        self.ledger.add("reopened", round_number=state.round, deadline=None)
        self.results = results
        self.changed()

    def reveal(self) -> None:
        """End the game: what was hidden and what would have been is shown to all."""
        self.ledger.add("revealed")
        self._reveal()
        self.changed()

    def _reveal(self) -> None:
        self._revealing = asyncio.get_running_loop().create_task(self._debrief())

    async def _debrief(self) -> None:
        """Compute the debrief: the seed played first, then other seeds in another process."""
        state = self.ledger.state
        try:
            frames = await self._aside(debrief_frames, state, self.market)
            self.told = debrief_view(state, frames)
            self.waiting = f"Markets like this one ({self.seeds} other seeds) follow."
            self.changed()
            if self.seeds:
                others = await self._other_seeds()
                frames = await self._aside(debrief_frames, state, self.market, others)
                self.told = debrief_view(state, frames)
        except Exception as error:  # noqa: BLE001 - whatever it is, the instructor must read it
            self.waiting = self.trouble = one_line(f"The debrief could not be computed: {error}")
        self.changed()

    async def _other_seeds(self) -> list[dict[str, dict[str, float]]]:
        """Return the values of other seeds, which another process puts into the ledger's file."""
        words = ("-m", "classroom.game.debrief", str(self.ledger.path), str(self.seeds))
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        if code:
            raise RuntimeError(f"the process for other seeds ended with code {code}")
        return values_of_seeds(self.ledger, self.seeds)

    def note(self, text: str) -> None:
        """Tell all teams something.

        Parameters
        ----------
        text : str
            At most 500 characters.
        """
        text = " ".join(text.split())
        if not 1 <= len(text) <= 500:
            raise GameError(f"news: expected 1 to 500 characters, found {len(text)}")
        self.ledger.add("noted", text=text)
        self.changed()

    async def _aside(self, function: Any, *arguments: Any) -> Any:
        """Return the result of a function that computes, from the thread that does."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def _tick(self) -> None:
        state = self.ledger.state
        due = state.phase == "open" and state.deadline is not None
        if due and time.time() >= (state.deadline or 0.0) and not self.closing:
            self.close("clock")
            self.changed()

    # -- what pages show -------------------------------------------------------------

    def view(self, of: str) -> dict[str, Any]:
        """Return what a page shows, remembered until something changes.

        Parameters
        ----------
        of : str
            ``"public"``, ``"instructor"`` or a team.
        """
        state = self.ledger.state
        key = (of, state.number, self.results is None)
        if key not in self._views:
            self._views = {k: v for k, v in self._views.items() if k[1] == state.number}
            results = self.results if state.played else None
            make = {"public": public_view, "instructor": instructor_view}.get(of)
            made = make(state, results) if make else team_view(state, results, of)
            self._views[key] = made
        return {**self._views[key], "closing": self.closing, "now": time.time()}

    def changed(self, to: str | None = None) -> None:
        """Tell pages to look again.

        Parameters
        ----------
        to : str, optional
            A seat; default: all pages.
        """
        self.tell({"kind": "changed", "number": self.ledger.state.number}, to)

    def tell(self, message: Mapping[str, Any], to: str | None = None) -> None:
        """Send a message to sockets.

        Parameters
        ----------
        message : mapping
            Plain data.
        to : str, optional
            A team; default: all sockets.
        """
        text = json.dumps(message, allow_nan=False)
        for each in list(self.sockets):
            if to is None or each.seat == to:
                each.send(text)

    def allowance(self, seat: str) -> Allowance:
        """Return how much a seat may still send.

        Parameters
        ----------
        seat : str
        """
        if len(self.allowances) > 10_000:
            self.allowances.clear()
        rate = ADDRESS_RATE if seat.startswith("address ") else SEAT_RATE
        return self.allowances.setdefault(seat, Allowance(rate))


def stage_text(public: Mapping[str, Any]) -> str:
    """Return where the game stands, in one or two sentences.

    Parameters
    ----------
    public : mapping
        The view of all.
    """
    where = f"Round {public['round']} of {public['rounds']}"
    if public["phase"] == "waiting":
        return "The game has not begun."
    if public["closing"]:
        return f"{where} is being computed."
    if public["phase"] == "open":
        have = "team has" if public["teams"] == 1 else "teams have"
        return f"{where} is open. {public['decided']} of {public['teams']} {have} decided."
    if public["phase"] == "revealed":
        return f"The game has ended after {where.lower()}. The debrief is open to all teams."
    if public["over"]:
        return f"All {public['rounds']} rounds are played."
    return f"{where} is closed. The next one opens soon."


def debrief_page(told: Mapping[str, Any]) -> str:
    """Return the debrief as one file that needs no other.

    Parameters
    ----------
    told : mapping
        As :func:`classroom.game.debrief.debrief_view` returns it.
    """
    css = (_PAGES / "game.css").read_text(encoding="utf-8")
    return _templates.get_template("debrief.html").render(
        told=told, waiting="", css=css, public={"title": told["title"]}
    )


def costs_of(server: GameServer, checked: Checked) -> dict[str, Any]:
    """Return spending and problems of a decision as pages show them.

    Parameters
    ----------
    server : GameServer
    checked : Checked
    """
    currency = server.ledger.state.game.scenario.currency
    room = None
    if checked.available is not None:
        most = max(checked.available, 1.0)
        room = {
            "text": f"{shown(checked.total)} of {shown(checked.available)} {currency}",
            "share": max(0.0, min(1.0, checked.total / most)),
            "over": checked.total > checked.available,
        }
    return {
        "items": [
            {"label": SPENDING_WORDS[name], "text": f"{shown(value)} {currency}"}
            for name, value in checked.spending.items()
        ],
        "total": f"{shown(checked.total)} {currency}",
        "budget": room,
        "problems": dict(checked.problems),
    }


# -- Requests ----------------------------------------------------------------------------------


class Page(tornado.web.RequestHandler):
    """A page: safe headers, a cookie for its path, and a check of where a request came from."""

    #: Name of the cookie; each seat's is scoped to its path, so that one browser can hold several.
    COOKIE = "seat"

    def initialize(self, server: GameServer) -> None:
        """Keep the server; Tornado calls this."""
        self.game = server

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
        """Refuse what another site's page has sent, and what comes too fast."""
        origin = self.request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc != self.request.host
        if self.request.method != "GET" and foreign:
            raise tornado.web.HTTPError(403, reason="Another site sent this request.")
        who = self.current_user or f"address {self.request.remote_ip}"
        if not self.game.allowance(who).take():
            raise tornado.web.HTTPError(429, reason="Too many requests; wait a moment.")

    def get_current_user(self) -> str | None:
        """Return the seat that the cookie of this path names."""
        value = self.get_signed_cookie(self.COOKIE)
        return value.decode() if value else None

    @cached_property
    def team(self) -> str:
        """The team whose page it is; refused without that team's cookie."""
        number = self.path_args[0]
        if self.current_user != f"team {number}" or not 1 <= int(number) <= len(self.game.teams):
            raise tornado.web.HTTPError(403, reason="Open the link of your team to join it.")
        return self.game.teams[int(number) - 1]

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
        text = _templates.get_template(page).render(
            **values, public=public, stage=stage_text(public), xsrf=self.xsrf_form_html()
        )
        self.finish(text)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Show an error as a page of one sentence."""
        self.set_default_headers()
        self.finish(
            _templates.get_template("message.html").render(
                heading=f"{status_code}", text=self._reason, public={"title": "Game"}
            )
        )


class Missing(Page):
    """Any other address."""

    def prepare(self) -> None:
        """Refuse it."""
        raise tornado.web.HTTPError(404, reason="There is no such page.")


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
        path = "/instructor/" if whose == "instructor" else f"/team/{whose}/"
        value = whose if whose == "instructor" else f"team {whose}"
        self.set_signed_cookie(
            self.COOKIE, value, path=path, httponly=True, samesite="Lax",
            secure=self.request.protocol == "https",
        )  # fmt: skip
        self.redirect(path)


class TeamPage(Page):
    """A team's page: what it knows, and the form of its decision."""

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
            "team.html", status, mine=mine, draft=draft, costs=costs_of(server, checked),
            problems=told, labels=state.game.labels, late=late, longest=LONGEST_REASON,
            socket=f"/team/{self.path_args[0]}/socket", action=f"/team/{self.path_args[0]}/decide",
        )  # fmt: skip


class Decide(TeamPage):
    """Where the form of a decision is sent to."""

    def post(self, number: str) -> None:
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
        self.redirect(f"/team/{number}/", status=303)

    def get(self, number: str) -> None:
        """Go back to the page, where the address was opened again."""
        self.redirect(f"/team/{number}/")


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
        base = f"{self.request.protocol}://{self.request.host}"
        links = {k: v for k, v in self.game.links(base).items() if k != "instructor"}
        self.show(
            "instructor.html", status, all=self.game.view("instructor"), links=links,
            seen=self.seen, problem=problem or self.game.trouble, socket="/instructor/socket",
            base=base,
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
            elif action == "note":
                server.note(self.get_body_argument("text", ""))
            else:
                raise GameError(f"expected a button of this page, found {escape(action)[:40]!r}")  # noqa: TRY301
        except (GameError, ValueError) as error:
            self.show_instructor(409, str(error))
            return
        self.redirect("/instructor/", status=303)

    def get(self) -> None:
        """Go back to the page."""
        self.redirect("/instructor/")


class DebriefPage(Page):
    """The debrief, once the game has ended."""

    def show_debrief(self, place: str) -> None:
        """Show the debrief.

        Parameters
        ----------
        place : str
            Address of the page's socket.
        """
        if self.game.ledger.state.phase != "revealed":
            raise tornado.web.HTTPError(403, reason="The debrief follows when the game has ended.")
        self.show("debrief.html", told=self.game.told, waiting=self.game.waiting, socket=place)


class TeamDebrief(DebriefPage):
    """The debrief, for a team."""

    def get(self, number: str) -> None:
        """Show it."""
        _ = self.team
        self.show_debrief(f"/team/{number}/socket")


class InstructorDebrief(DebriefPage):
    """The debrief, for the instructor."""

    def get(self) -> None:
        """Show it."""
        self.instructor()
        self.show_debrief("/instructor/socket")


class ScreenPage(Page):
    """The projector's page: what is public, large."""

    def get(self) -> None:
        """Show it."""
        self.show("screen.html", socket="/screen/socket")


# -- Sockets -----------------------------------------------------------------------------------


class Socket(tornado.websocket.WebSocketHandler):
    """A page that is open; it is told when to look again. Tornado refuses other origins."""

    seat = ""

    def initialize(self, server: GameServer) -> None:
        """Keep the server; Tornado calls this."""
        self.game = server
        self._allowance = Allowance(RATE)

    def get_current_user(self) -> str | None:
        """Return the seat that the cookie of this path names."""
        value = self.get_signed_cookie(Page.COOKIE)
        return value.decode() if value else None

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


class TeamSocket(Socket):
    """A team's page: drafts are shared within the team and answered with their cost."""

    def admitted(self) -> str | None:
        """Return the team, if the page has its cookie."""
        number = self.path_args[0]
        if self.current_user != f"team {number}" or not 1 <= int(number) <= len(self.game.teams):
            return None
        return self.game.teams[int(number) - 1]

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
        answer = {"kind": "draft", "values": draft, **costs_of(server, checked)}
        page = str(given.get("page", ""))[:20]
        server.tell({**answer, "page": page}, to=team)


class InstructorSocket(Socket):
    """The instructor's page."""

    def admitted(self) -> str | None:
        """Return the seat, if the page has the instructor's cookie."""
        return "\0instructor" if self.current_user == "instructor" else None


class ScreenSocket(Socket):
    """The projector's page."""


def addresses() -> list[str]:
    """Return the addresses under which others may reach this machine; nothing is sent for it."""
    try:
        found = socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        return []
    return [each for each in found if not each.startswith("127.")]
