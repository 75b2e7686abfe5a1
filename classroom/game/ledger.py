"""The ledger of a game: one SQLite file of events that are added and never changed.

The state of a game is what follows from its ledger alone: the market and the seed that the first
event holds, and the decisions. Everything shown is computed from them, so that a server that was
killed goes on from the last event.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classroom.game.game_file import Game
from cxsim import __version__
from cxsim.messages import hint

__all__ = ["Decision", "Event", "Founded", "GameError", "Ledger", "State", "state_of"]

#: Marks a SQLite file as a ledger ("cxsg").
_APPLICATION = 0x63787367
_FORMAT = 2

#: Kinds of events that the first format did not have; a file with one is of the second.
_LATER = frozenset({"founded", "joined", "handed_over", "taken_back"})

_TABLES = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    round INTEGER,
    team TEXT,
    by TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE secret (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE computed (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TRIGGER kept BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are kept'); END;
CREATE TRIGGER there BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are kept'); END;
"""


class GameError(ValueError):
    """What the state of a game does not allow, or a file that is no ledger."""


# -- Events, and the state that follows from them ----------------------------------------------


@dataclass(frozen=True)
class Event:
    """One line of a ledger.

    Attributes
    ----------
    number : int
        From 1 on, without gaps in meaning: later events have higher numbers.
    at : str
        Time in UTC, ISO 8601.
    kind : str
        ``created``, ``joined``, ``founded``, ``opened``, ``extended``, ``decided``,
        ``handed_over``, ``taken_back``, ``closed``, ``reopened``, ``noted`` or ``revealed``.
    round : int or None
    team : str or None
    by : str
        ``"instructor"``, ``"team"``, ``"policy"``, ``"rule"`` (of the game file) or ``"clock"``.
    body : dict
    """

    number: int
    at: str
    kind: str
    round: int | None
    team: str | None
    by: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """A team's decision for a round.

    Attributes
    ----------
    values : dict of str to float
        All fields of the game.
    reason : str
    forecast : float or None
        Own market share expected, share.
    at : str
        When it was made, UTC.
    forecast_profit : float or None
        Own profit expected, currency.
    by : str
        ``"team"`` or ``"policy"``.
    member : str
        Who sent it, where that is known.
    """

    values: Mapping[str, float]
    reason: str = ""
    forecast: float | None = None
    at: str = ""
    forecast_profit: float | None = None
    by: str = "team"
    member: str = ""


@dataclass(frozen=True)
class Founded:
    """What a team decided before the first round.

    Attributes
    ----------
    name : str
        Name of the firm as pages show it; empty for that of the scenario.
    choice : str
        One of the choices of the game file; empty for the firm as it is.
    strategy : str
        In one sentence.
    member : str
        Who sent it, where that is known.
    """

    name: str = ""
    choice: str = ""
    strategy: str = ""
    member: str = ""


@dataclass(frozen=True)
class State:
    """The state of a game.

    Attributes
    ----------
    game : Game
    seed : int
    seats : dict of str to str
        Firm by team.
    practice : bool
        Whether one team plays against policies, without an instructor.
    round : int
        The present round, 0 before the first.
    phase : {"waiting", "open", "closed", "revealed"}
    deadline : float or None
        End of the open round, seconds since 1970.
    decisions : dict of (int, str) to Decision
        By round and team: the last one before the round closed.
    hashes : dict of int to str
        Digest of the results of each closed round.
    notes : tuple of (int, str)
        News of the instructor, by round.
    number : int
        Of the last event.
    version : str
        Of cxsim, when the game was created.
    hidden : dict of str to float
        Parameters of the market that were drawn for this game, by path.
    listed : dict of str to tuple of str
        Members with a link of their own, by team.
    members : dict of str to tuple of str
        Members who have joined under a name, by team.
    founded : dict of str to Founded
        By team.
    away : dict of str to int
        Teams whose firm a policy runs, and the first round that it decides.
    treatment : dict
        ``name`` of the treatment, ``block``, and how teams were assigned; empty without.
    exam : str
        Number of the student whose exam the game is; empty without.
    """

    game: Game
    seed: int
    seats: Mapping[str, str]
    practice: bool = False
    round: int = 0
    phase: str = "waiting"
    deadline: float | None = None
    decisions: Mapping[tuple[int, str], Decision] = field(default_factory=dict)
    hashes: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[tuple[int, str], ...] = ()
    number: int = 1
    version: str = ""
    hidden: Mapping[str, float] = field(default_factory=dict)
    listed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    founded: Mapping[str, Founded] = field(default_factory=dict)
    away: Mapping[str, int] = field(default_factory=dict)
    treatment: Mapping[str, Any] = field(default_factory=dict)
    exam: str = ""

    @property
    def names(self) -> dict[str, str]:
        """Names of firms as pages show them, by name in the scenario."""
        made = {firm: firm for firm in self.game.scenario.firms}
        for team, founded in self.founded.items():
            made[self.seats[team]] = founded.name or self.seats[team]
        return made

    @property
    def played(self) -> int:
        """Rounds that are closed."""
        return self.round - (self.phase == "open")

    @property
    def over(self) -> bool:
        """Whether all rounds are closed."""
        return self.played == self.game.rounds

    def decided(self, round_number: int) -> tuple[str, ...]:
        """Return the teams that have decided in a round, in order of seats.

        Parameters
        ----------
        round_number : int
        """
        return tuple(team for team in self.seats if (round_number, team) in self.decisions)

    def standing(self, round_number: int) -> dict[str, dict[str, float]]:
        """Return the values of all fields in a round, by team: decided, or held from before.

        Parameters
        ----------
        round_number : int
            0: before the first.
        """
        start = self.game.start
        made = {team: dict(start[firm]) for team, firm in self.seats.items()}
        for (number, team), decision in sorted(self.decisions.items(), key=lambda each: each[0]):
            if number <= round_number:
                made[team] |= decision.values
        return made

    def foundings(self) -> dict[tuple[int, str], Mapping[str, Any]]:
        """Return what was chosen before the first round, as moves of round 0."""
        choices = self.game.rules.founding.choices if self.game.rules.founding else {}
        return {
            (0, self.seats[team]): choices[founded.choice]
            for team, founded in self.founded.items()
            if founded.choice
        }

    def moves(self) -> dict[tuple[int, str], Mapping[str, Any]]:
        """Return decided values by round and firm, as the market takes them."""
        decided = {
            (number, self.seats[team]): decision.values
            for (number, team), decision in self.decisions.items()
        }
        return {**self.foundings(), **decided}

    def missed(self, team: str) -> int:
        """Return the rounds in a row, up to the last closed one, that a team did not decide.

        Parameters
        ----------
        team : str
        """
        count = 0
        for number in range(self.played, 0, -1):
            if (number, team) in self.decisions:
                break
            count += 1
        return count


def state_of(events: Sequence[Event]) -> State:
    """Return the state that events lead to.

    Parameters
    ----------
    events : sequence of Event
        All of a ledger, in order.

    Raises
    ------
    GameError
        If the first does not create a game.
    """
    if not events or events[0].kind != "created":
        raise GameError("ledger: expected an event that creates the game, found none")
    body = events[0].body
    state = State(
        Game.from_mapping(body["game"], name="game"), int(body["seed"]), dict(body["seats"]),
        practice=bool(body.get("practice")), version=str(body["cxsim"]),
        hidden=dict(body["hidden"]), treatment=dict(body.get("treatment") or {}),
        exam=str(body.get("exam") or ""),
        listed={team: tuple(names) for team, names in (body.get("members") or {}).items()},
    )  # fmt: skip
    for event in events[1:]:
        state = after(state, event)
    return state


def after(state: State, event: Event) -> State:
    """Return the state after one more event.

    Parameters
    ----------
    state : State
    event : Event
        One that :func:`allowed` lets pass.
    """
    number, body = event.round or 0, event.body
    made: dict[str, Any] = {"number": event.number}
    if event.kind == "opened":
        made |= {"round": number, "phase": "open", "deadline": body.get("deadline")}
    elif event.kind == "extended":
        made |= {"deadline": body.get("deadline")}
    elif event.kind == "decided" and event.team is not None:
        decision = Decision(
            body["values"], body["reason"], body["forecast"], event.at,
            body.get("forecast_profit"), event.by, body.get("member", ""),
        )  # fmt: skip
        made |= {"decisions": {**state.decisions, (number, event.team): decision}}
    elif event.kind == "closed":
        hashes = {**state.hashes, number: body["hash"]}
        made |= {"phase": "closed", "deadline": None, "hashes": hashes}
    elif event.kind == "reopened":
        hashes = {k: v for k, v in state.hashes.items() if k != number}
        made |= {"phase": "open", "deadline": body.get("deadline"), "hashes": hashes}
    elif event.kind == "joined" and event.team is not None:
        members = (*state.members.get(event.team, ()), body["member"])
        made |= {"members": {**state.members, event.team: members}}
    elif event.kind == "founded" and event.team is not None:
        made |= {"founded": {**state.founded, event.team: Founded(**body)}}
    elif event.kind == "handed_over" and event.team is not None:
        made |= {"away": {**state.away, event.team: body["first"]}}
    elif event.kind == "taken_back":
        made |= {"away": {team: n for team, n in state.away.items() if team != event.team}}
    elif event.kind == "noted":
        made |= {"notes": (*state.notes, (number, body["text"]))}
    elif event.kind == "revealed":
        made |= {"phase": "revealed"}
    return replace(state, **made)


def allowed(state: State, kind: str, number: int | None, team: str | None) -> None:
    """Refuse an event that the state does not allow.

    Parameters
    ----------
    state : State
    kind : str
    number : int or None
        Round that it speaks of.
    team : str or None

    Raises
    ------
    GameError
    """
    now = f"round {state.round} {state.phase}" if state.round else "the game before round 1"
    wanted = {
        "opened": (
            state.phase in ("waiting", "closed") and state.round < state.game.rounds,
            state.round + 1,
        ),
        "extended": (state.phase == "open", state.round),
        "decided": (state.phase == "open", state.round),
        "closed": (state.phase == "open", state.round),
        "reopened": (state.phase == "closed", state.round),
        "revealed": (state.phase == "closed", state.round),
        "noted": (True, state.round),
        "joined": (True, state.round),
        "founded": (state.phase == "waiting", state.round),
        "handed_over": (state.phase != "revealed" and team not in state.away, state.round),
        "taken_back": (team in state.away, state.round),
    }
    if kind not in wanted:
        raise GameError(f"expected a kind of event, found {kind!r}{hint(kind, wanted)}")
    fine, right = wanted[kind]
    if not fine or number != right:
        raise GameError(f"{kind} in round {number}: not possible, found {now}")
    if kind in ("decided", *_LATER) and team not in state.seats:
        raise GameError(f"expected a team of the game, found {team!r}{hint(team, state.seats)}")


def checked_members(
    teams: Collection[str], members: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Return members by team, if all of them can be told apart.

    Parameters
    ----------
    teams : collection of str
    members : mapping of str to sequence of str

    Raises
    ------
    ValueError
        If a team is none of the game, or a name is empty, too long or repeated in its team.
    """
    made = {}
    for team, names in members.items():
        if team not in teams:
            raise ValueError(f"members: expected a team of the game, found {team!r}"
                             f"{hint(team, teams)}")  # fmt: skip
        made[team] = [member_name(name) for name in names]
        folded = [name.casefold() for name in made[team]]
        if len(set(folded)) < len(folded):
            raise ValueError(f"members of {team}: expected names that differ, found a repeated one")
    return made


def member_name(text: str) -> str:
    """Return a name with its blanks in order.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        If it is empty, longer than 40 characters, or cannot be printed.
    """
    name = " ".join(text.split())
    if not 1 <= len(name) <= 40 or not name.isprintable():
        raise ValueError(f"name: expected 1 to 40 printable characters, found {len(name)}")
    return name


# -- The file ----------------------------------------------------------------------------------


class Ledger:
    """A game's file: events that are added whole and stay.

    Parameters
    ----------
    path : str or Path
        A file that :meth:`create` has made.

    Raises
    ------
    GameError
        If it is no ledger, or of a later version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise GameError(f"{path}: expected the file of a game, found none")
        self._base = sqlite3.connect(self.path, isolation_level=None, timeout=10.0)
        try:
            self._base.execute("PRAGMA synchronous = FULL")
            (application,) = self._base.execute("PRAGMA application_id").fetchone()
            (version,) = self._base.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError:
            application = version = 0
        if application != _APPLICATION:
            self._base.close()
            raise GameError(f"{path}: expected the file of a game, found another one")
        if not 1 <= version <= _FORMAT:
            self._base.close()
            raise GameError(f"{path}: expected a ledger of format 1 to {_FORMAT}, found {version}")
        self._state: State | None = None

    @classmethod
    def create(
        cls,
        path: str | Path,
        game: Game,
        teams: Sequence[str],
        *,
        seed: int | None = None,
        practice: bool = False,
        members: Mapping[str, Sequence[str]] | None = None,
        treatment: Mapping[str, Any] | None = None,
        exam: str = "",
    ) -> Ledger:
        """Make the file of a new game.

        Parameters
        ----------
        path : str or Path
            Where there is no file yet.
        game : Game
        teams : sequence of str
            Their names; seats are drawn at random.
        seed : int, optional
            Default: drawn at random, and not shown to anybody before the game ends.
        practice : bool
            Whether one team plays against policies, without an instructor.
        members : mapping of str to sequence of str, optional
            Members who get a link of their own, by team.
        treatment : mapping, optional
            Name of the treatment and how teams were assigned to it.
        exam : str
            Number of the student whose exam it is.

        Raises
        ------
        GameError
            If there is a file.
        ValueError
            If there are too many teams, or none, or members of no team.
        """
        path = Path(path)
        number = secrets.randbelow(2**48) if seed is None else seed
        raw, seats = game.seated(teams, number)
        listed = checked_members(seats, members or {})
        body = {
            "cxsim": __version__, "game": raw, "seed": number, "seats": seats,
            "practice": practice, "hidden": game.drawn(number), "members": listed,
            "treatment": dict(treatment or {}), "exam": exam,
        }  # fmt: skip
        try:  # others on the machine must not read the seed
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            raise GameError(f"{path}: expected no file, found one") from None
        with closing(sqlite3.connect(path, isolation_level=None)) as base:
            base.executescript(
                f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_FORMAT};{_TABLES}"
            )
            names = ["instructor", "cookies", *(f"team {team}" for team in teams)]
            names += [f"member {team}\n{name}" for team in listed for name in listed[team]]
            tokens = [(name, secrets.token_urlsafe(16)) for name in names]
            base.executemany("INSERT INTO secret VALUES (?, ?)", tokens)
            _insert(base, "created", None, None, "instructor", body)
        return cls(path)

    @property
    def events(self) -> list[Event]:
        """All events, in order."""
        rows = self._base.execute("SELECT id, at, kind, round, team, by, body FROM event")
        return [
            Event(number, at, kind, of, team, by, json.loads(body))
            for number, at, kind, of, team, by, body in sorted(rows)
        ]

    @property
    def state(self) -> State:
        """The present state; other processes may have added to it."""
        (last,) = self._base.execute("SELECT MAX(id) FROM event").fetchone()
        if self._state is None:
            self._state = state_of(self.events)
        elif last != self._state.number:
            for event in self.events[self._state.number :]:
                self._state = after(self._state, event)
        return self._state

    def token(self, name: str) -> str:
        """Return a secret of 128 bits: of ``"instructor"``, ``"cookies"`` or ``"team NAME"``.

        Members with a link have one by ``"member TEAM"`` and, in a second line, their name.

        Parameters
        ----------
        name : str
        """
        row = self._base.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise GameError(f"expected a holder of a token, found {name!r}")
        return str(row[0])

    def add(
        self,
        kind: str,
        *,
        round_number: int | None = None,
        team: str | None = None,
        by: str = "instructor",
        **body: Any,
    ) -> State:
        """Add an event if the state allows it, and return the state after it.

        Once this returns, the event is on disk.

        Parameters
        ----------
        kind : str
            As in :class:`Event`.
        round_number : int, optional
            Round that it speaks of; default: the one that it must speak of.
        team : str, optional
        by : str
        **body
            What it says, as plain data.

        Raises
        ------
        GameError
            If the state does not allow it.
        """
        self._base.execute("BEGIN IMMEDIATE")
        try:
            state = self.state
            if round_number is None:
                round_number = state.round + (kind == "opened")
            allowed(state, kind, round_number, team)
            if kind in _LATER:
                self._base.execute(f"PRAGMA user_version = {_FORMAT}")
            _insert(self._base, kind, round_number, team, by, body)
            self._base.execute("COMMIT")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        return self.state

    def keep(self, name: str, value: Any) -> None:
        """Keep something that follows from the events and took long to compute.

        Parameters
        ----------
        name : str
        value : object
            Plain data.
        """
        text = json.dumps(value, allow_nan=False)
        self._base.execute("INSERT OR REPLACE INTO computed VALUES (?, ?)", (name, text))

    def kept(self, name: str) -> Any:
        """Return what was kept under a name; None if nothing was.

        Parameters
        ----------
        name : str
        """
        row = self._base.execute("SELECT value FROM computed WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def close(self) -> None:
        """Close the file."""
        self._base.close()


def _insert(
    base: sqlite3.Connection,
    kind: str,
    number: int | None,
    team: str | None,
    by: str,
    body: Mapping[str, Any],
) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    text = json.dumps(body, allow_nan=False, ensure_ascii=False)
    base.execute(
        "INSERT INTO event (at, kind, round, team, by, body) VALUES (?, ?, ?, ?, ?, ?)",
        (at, kind, number, team, by, text),
    )
