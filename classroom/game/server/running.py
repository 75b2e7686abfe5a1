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
from collections.abc import Awaitable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from classroom.game.decision import Checked, check
from classroom.game.founding import founding
from classroom.game.ledger import GameError, Ledger, State, member_name
from classroom.game.market import SEEDS, Market, Results, results_digest
from classroom.game.server.limits import ADDRESS_RATE, SEAT_RATE, Allowance
from classroom.game.server.rendering import stage_text
from classroom.game.views import cash_of, instructor_view, public_view, team_view
from cxsim.messages import one_line

__all__ = ["Listener", "RunningGame"]


#: Names that may join a team.
MOST_MEMBERS = 30


class Listener(Protocol):
    """A page that is open: whose it is, and how to tell it something."""

    seat: str

    def send(self, text: str) -> None:
        """Send a message."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the line."""


# -- What a thread computes; imported there, so that no page waits for it -----------------------


def _by_policy(market: Market, state: State, team: str) -> dict[str, float]:
    from classroom.game.stand_in import policy_decision

    return policy_decision(market, state, team)


def _told(state: State, market: Market, *others: Any) -> dict[str, Any]:
    from classroom.game.debrief import debrief_frames, debrief_view

    return debrief_view(state, debrief_frames(state, market, *others))


# -- The game ----------------------------------------------------------------------------------


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
        self.drafters: dict[str, dict[str, str]] = {}
        self.allowances: dict[str, Allowance] = {}
        self.trouble = ""
        self.results: Results | None = None
        self._warming: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._standing_in: asyncio.Task[None] | None = None
        self.told: dict[str, Any] | None = None
        self.waiting = "The counterfactuals are being computed."
        self._revealing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="market")
        self._views: dict[tuple[str, int, bool], dict[str, Any]] = {}
        self._ticker: asyncio.Task[None] | None = None

    # -- life ------------------------------------------------------------------------

    async def begin(self) -> None:
        """Go on from the ledger; :meth:`ready` waits until what has been played is computed."""
        state = self.ledger.state
        self._warming = asyncio.get_running_loop().create_task(self._warm(state))
        self._ticker = asyncio.get_running_loop().create_task(self._tick())
        if state.phase == "open" and state.deadline is not None:
            # Who could not reach the server in the last moments gets a minute.
            soonest = round(time.time() + 60.0, 1)
            if state.deadline < soonest:
                self.ledger.add("extended", by="clock", deadline=soonest)
        self._stand_in()
        if state.phase == "revealed":
            self._reveal()
        if state.practice and state.phase in ("waiting", "closed") and not state.over:
            self.open()

    async def _warm(self, state: State) -> None:
        """Compute what has been played, while pages show what the ledger holds already."""

        def compute() -> Results | None:
            results = self.market.of(state)
            if results is None:
                # Compiled, and each field once through the schema, before anybody waits.
                first = {(1, firm): values for firm, values in state.game.start.items()}
                self.market.results(first, 1, seed=state.seed)
            return results

        try:
            self.results = await self._aside(compute)
        except Exception as error:  # noqa: BLE001 - whatever it is, the instructor must read it
            self.trouble = one_line(f"What has been played could not be computed: {error}")
        finally:
            self._warming = None
        self.changed()

    async def ready(self) -> None:
        """Wait until what has been played is computed."""
        if self._warming is not None:
            await asyncio.wait([self._warming])

    @property
    def computing(self) -> bool:
        """Whether rounds are closed whose results are not there (any more, or yet)."""
        return self.results is None and self.ledger.state.played > 0

    async def end(self) -> None:
        """End all that runs; what was decided is in the ledger."""
        for each in list(self.sockets):
            each.close(1001, "the server stops")
        if self._closing is not None:
            await self._closing
        for task in (self._warming, self._ticker, self._standing_in, self._revealing):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._thread.shutdown(wait=True, cancel_futures=True)

    # -- who may come in -------------------------------------------------------------

    def links(self, base: str) -> dict[str, str]:
        """Return the secret link of each team, of members with one, and of the instructor.

        Parameters
        ----------
        base : str
            Such as ``"http://192.0.2.1:8765"``.
        """
        root = f"{base}/{self.name}" if self.name else base
        return {label: f"{root}/join/{self.ledger.token(key)}" for label, key, _ in self._holders()}

    def holder(self, token: str) -> str:
        """Return whose token it is: ``"instructor"``, or ``"team NUMBER"`` and a member's name.

        Parameters
        ----------
        token : str

        Returns
        -------
        str
            As cookies hold it; empty if it is nobody's.
        """
        whose = ""
        for _, key, seat in self._holders():
            if hmac.compare_digest(self.ledger.token(key).encode(), token.encode()):
                whose = seat
        return whose

    def _holders(self) -> Iterator[tuple[str, str, str]]:
        """Yield a label, the name of the token, and the seat of everybody with a link."""
        listed = self.ledger.state.listed
        for number, team in enumerate(self.teams, 1):
            yield team, f"team {team}", f"team {number}"
            for name in listed.get(team, ()):
                yield f"{team}, {name}", f"member {team}\n{name}", f"team {number} {name}"
        yield "instructor", "instructor", "instructor"

    def join(self, team: str, member: str, *, listed: bool = False) -> str:
        """Note that a member of a team has joined, and return the name.

        Parameters
        ----------
        team : str
        member : str
        listed : bool
            Whether the member came by a link of its own.

        Raises
        ------
        ValueError
            If the name is none, or that of a member with a link.
        """
        name, state = member_name(member), self.ledger.state
        own = {each.casefold() for each in state.listed.get(team, ())}
        if not listed and name.casefold() in own:
            raise ValueError(f"name: expected one without a link of its own, found {name!r}")
        if name not in state.members.get(team, ()):
            if len(state.members.get(team, ())) >= MOST_MEMBERS:
                raise ValueError(f"name: expected at most {MOST_MEMBERS} members, found one more")
            self.ledger.add("joined", team=team, by="team", member=name)
            self.changed(team)
            self.changed("\0instructor")
        return name

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
        whose = " ".join((seat or "").split(" ", 2)[:2])
        if whose != f"team {number}" or not 1 <= int(number) <= len(self.teams):
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
        self.drafters.clear()
        limit = rules.stand_in.after if rules.stand_in is not None else None
        if limit is not None:
            state = self.ledger.state
            for team in self.teams:
                if team not in state.away and state.missed(team) >= limit:
                    self._hand_over(team, "rule")
        self._stand_in()
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

    def found(self, team: str, given: Mapping[str, str], member: str = "") -> dict[str, str]:
        """Keep what a team decides before the first round; return what is wrong with it.

        Parameters
        ----------
        team : str
        given : mapping of str to str
            As for :func:`classroom.game.founding.founding`.
        member : str
            Who sent it.

        Raises
        ------
        GameError
            If the first round has been opened.
        """
        values, problems = founding(self.ledger.state, team, given)
        if not problems:
            body: dict[str, Any] = {"member": member, **values}
            self.ledger.add("founded", team=team, by="team", **body)
            self.changed()
        return problems

    def hand_over(self, team: str) -> None:
        """Let the game's policy run a team's firm, from the open round on or from the next.

        Parameters
        ----------
        team : str

        Raises
        ------
        GameError
            If the game has no policy for it, or one runs the firm already.
        """
        if self.ledger.state.game.stand_in is None:
            raise GameError(
                "hand over: expected stand_in or empty_seats in the game file, found neither"
            )
        self._hand_over(team, "instructor")
        self._stand_in()
        self.changed()

    def _hand_over(self, team: str, by: str) -> None:
        state = self.ledger.state
        first = state.round + (state.phase != "open" or (state.round, team) in state.decisions)
        self.ledger.add("handed_over", team=team, by=by, first=first, policy=state.game.stand_in)

    def take_back(self, team: str) -> None:
        """Give a team its firm back; what the policy decided stands until it is replaced.

        Parameters
        ----------
        team : str
        """
        self.ledger.add("taken_back", team=team)
        self.changed()

    def _stand_in(self) -> None:
        """Start to compute decisions of policies, where any is due."""
        if self._standing_in is None and self._due(self.ledger.state):
            self._standing_in = asyncio.get_running_loop().create_task(self._policies())

    async def stand_ins(self) -> None:
        """Wait until policies have decided for the teams whose firms they run."""
        self._stand_in()
        if self._standing_in is not None:
            await asyncio.wait([self._standing_in])

    @staticmethod
    def _due(state: State) -> list[str]:
        """Return the teams whose policy has to decide in the open round."""
        if state.phase != "open":
            return []
        return [team for team in state.away if (state.round, team) not in state.decisions]

    async def _policies(self) -> None:
        """Ask policies for their decisions and put them into the ledger."""
        failed: set[tuple[int, str]] = set()
        try:
            while True:
                state = self.ledger.state
                due = [team for team in self._due(state) if (state.round, team) not in failed]
                if not due:
                    break
                team = due[0]
                try:
                    values = await self._aside(_by_policy, self.market, state, team)
                except Exception as error:  # noqa: BLE001 - whatever it is, it must be read
                    failed.add((state.round, team))
                    self.trouble = one_line(f"{team} holds its values: its policy failed: {error}")
                    continue
                now = self.ledger.state
                if now.round == state.round and team in self._due(now):
                    self.ledger.add(
                        "decided", round_number=state.round, team=team, by="policy",
                        values=values, reason="", forecast=None,
                    )  # fmt: skip
                    self._after_decision(team)
        finally:
            self._standing_in = None
        self.changed()

    def decide(
        self, team: str, round_number: int, given: Mapping[str, Any], member: str = ""
    ) -> Checked:
        """Check a decision and keep it if nothing is wrong with it.

        Parameters
        ----------
        team : str
        round_number : int
            The round that it was made for.
        given : mapping
            As for :func:`classroom.game.decision.check`.
        member : str
            Who sent it.

        Raises
        ------
        GameError
            If the round is not open any more, a policy runs the firm, or its cash is not known
            because what has been played is still being computed.
        """
        state = self.ledger.state
        if state.phase != "open" or state.round != round_number or self.closing:
            raise GameError(
                f"Round {round_number} is closed: this decision came too late and was not counted."
            )
        if team in state.away:
            raise GameError(
                "A policy runs your firm: this decision was not counted. "
                "The instructor can give the firm back to you."
            )
        if self.computing and state.game.rules.budget is not None:
            raise GameError(
                "Your cash is still being computed: this decision was not counted. "
                "Send it again in a moment."
            )
        checked = self.checked(state, team, given)
        if checked.problems:
            return checked
        self.ledger.add(
            "decided", round_number=round_number, team=team, by="team", member=member,
            values=dict(checked.values), reason=checked.reason, forecast=checked.forecast,
            forecast_profit=checked.forecast_profit,
        )  # fmt: skip
        self.drafts.pop(team, None)
        self.drafters.pop(team, None)
        self._after_decision(team)
        return checked

    def _after_decision(self, team: str) -> None:
        """Tell pages of a decision; close the round if it was the last one and the game says so."""
        state = self.ledger.state
        everybody = len(state.decided(state.round)) == len(state.seats)
        if everybody and (state.practice or state.game.rules.close_when_all_decided):
            self.close("team")
        self.changed(team)
        self.changed("\0instructor")
        self.tell({"kind": "stage", "text": stage_text(self.view("public"))})

    def draft(self, team: str, values: Mapping[str, str], member: str = "") -> dict[str, str]:
        """Keep a draft of a team's decision, and return who changed which field last.

        Parameters
        ----------
        team : str
        values : mapping of str to str
            By field.
        member : str
            Whose page it comes from.
        """
        before, by = self.drafts.get(team), self.drafters.setdefault(team, {})
        if before is None:
            state = self.ledger.state
            now = state.standing(state.round)[team]
            before = {name: f"{value:g}" for name, value in now.items()}
        for name, value in values.items():
            if member and value != before.get(name, ""):
                by[name] = member
        self.drafts[team] = dict(values)
        return by

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
        await self.ready()
        if self._standing_in is not None:
            await asyncio.wait([self._standing_in])
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
        await self.ready()
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
            self.told = await self._aside(_told, state, self.market)
            self.waiting = f"Markets like this one ({self.seeds} other seeds) follow."
            self.changed()
            if self.seeds:
                others = await self._other_seeds()
                self.told = await self._aside(_told, state, self.market, others)
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
        from classroom.game.debrief import values_of_seeds

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
        now = {"closing": self.closing, "computing": self.computing, "now": time.time()}
        return {**self._views[key], **now}

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
