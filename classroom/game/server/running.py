"""A game that is being played: rounds, decisions, what pages show; without the web.

The ledger is the only state; the market is computed in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import sys
import time
from collections.abc import Awaitable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from classroom.game.debrief import SEEDS, debrief_frames, debrief_view, values_of_seeds
from classroom.game.decision import Checked, check
from classroom.game.ledger import GameError, Ledger, State
from classroom.game.market import Market, Results, results_digest
from classroom.game.server.limits import ADDRESS_RATE, SEAT_RATE, Allowance
from classroom.game.server.rendering import stage_text
from classroom.game.views import cash_of, instructor_view, public_view, team_view
from cxsim.messages import one_line

__all__ = ["Listener", "RunningGame"]


class Listener(Protocol):
    """A page that is open: whose it is, and how to tell it something."""

    seat: str

    def send(self, text: str) -> None:
        """Send a message."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the line."""


class RunningGame:
    """A game that is being played, without its pages.

    Parameters
    ----------
    ledger : Ledger
    name : str
        First part of the addresses of its pages; none where a server has one game.
    engine : str
        As for :func:`cxsim.run`.
    seeds : int
        Other seeds of the debrief, computed in another process.
    """

    def __init__(
        self, ledger: Ledger, *, name: str = "", engine: str = "columnar", seeds: int = SEEDS
    ) -> None:
        self.ledger, self.name, self.seeds = ledger, name, seeds
        state = ledger.state
        self.market = Market(state.game, engine=engine)
        self.teams = tuple(state.seats)
        self.sockets: set[Listener] = set()
        self.drafts: dict[str, dict[str, Any]] = {}
        self.allowances: dict[str, Allowance] = {}
        self.trouble = ""
        self.results: Results | None = None
        self._closing: asyncio.Task[None] | None = None
        self.told: dict[str, Any] | None = None
        self.waiting = "The counterfactuals are being computed."
        self._revealing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="market")
        self._views: dict[tuple[str, int, bool], dict[str, Any]] = {}
        self._ticker: asyncio.Task[None] | None = None

    # -- life ------------------------------------------------------------------------

    async def begin(self) -> None:
        """Compute what has been played and go on from there."""
        state = self.ledger.state
        self.results = await self._aside(self.market.of, state)
        # Compiled, and every decision of the game once through the schema, before anybody waits.
        first = {(1, firm): values for firm, values in state.game.start.items()}
        await self._aside(lambda: self.market.results(first, 1, seed=state.seed))
        self._ticker = asyncio.get_running_loop().create_task(self._tick())
        if state.phase == "open" and state.deadline is not None:
            # Who could not reach the server in the last moments gets a minute.
            soonest = round(time.time() + 60.0, 1)
            if state.deadline < soonest:
                self.ledger.add("extended", by="clock", deadline=soonest)
        if state.phase == "revealed":
            self._reveal()
        if state.practice and state.phase in ("waiting", "closed") and not state.over:
            self.open()

    async def end(self) -> None:
        """End all that runs; what was decided is in the ledger."""
        for each in list(self.sockets):
            each.close(1001, "the server stops")
        if self._closing is not None:
            await self._closing
        for task in (self._ticker, self._revealing):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._thread.shutdown(wait=True, cancel_futures=True)

    # -- who may come in -------------------------------------------------------------

    def links(self, base: str) -> dict[str, str]:
        """Return the secret link of each team and of the instructor.

        Parameters
        ----------
        base : str
            Such as ``"http://192.0.2.1:8765"``.
        """
        root = f"{base}/{self.name}" if self.name else base
        made = {team: f"{root}/join/{self.ledger.token(f'team {team}')}" for team in self.teams}
        return {**made, "instructor": f"{root}/join/{self.ledger.token('instructor')}"}

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

    @property
    def secret(self) -> str:
        """What signs the cookies of this game, and of no other."""
        return self.ledger.token("cookies")

    def team_of(self, number: str, seat: str | None) -> str | None:
        """Return the team of a page, if the seat that a cookie names is that team's.

        Parameters
        ----------
        number : str
            Of the team, as in addresses.
        seat : str or None
        """
        if seat != f"team {number}" or not 1 <= int(number) <= len(self.teams):
            return None
        return self.teams[int(number) - 1]

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

    async def _tick(self) -> None:
        """Close rounds whose time is over."""
        while True:
            await asyncio.sleep(0.25)
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
