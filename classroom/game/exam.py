"""A game alone as an exam: the market follows from the student's number, a replay proves the play.

Everybody who has the game file can compute the market of a number, the student included. The
record shows that the decisions keep to the rules and that the results are theirs; it cannot show
who made them, or how often somebody began anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classroom.game.decision import check
from classroom.game.game_file import Game
from classroom.game.ledger import Event, Ledger, State, after
from classroom.game.market import Market, results_digest
from classroom.game.views import cash_of

__all__ = ["exam_record", "exam_seed", "read_record", "record_digest", "team_of_exam", "verified"]

#: Kinds of events that a record keeps.
_KEPT = ("created", "opened", "decided", "closed", "revealed")


def exam_seed(number: str) -> int:
    """Return the seed of a student's market.

    Parameters
    ----------
    number : str
        Of the student: 1 to 30 letters, digits, ``-``, ``_`` or ``.``.

    Raises
    ------
    ValueError
        If the number is none.
    """
    if not re.fullmatch(r"[\w.-]{1,30}", number, flags=re.ASCII):
        raise ValueError(
            f"exam: expected a number of 1 to 30 letters, digits, -, _ or ., found {number!r}"
        )
    return int(hashlib.sha256(f"exam {number}".encode()).hexdigest()[:12], 16)


def team_of_exam(number: str) -> str:
    """Return the name of the one team of an exam.

    Parameters
    ----------
    number : str
    """
    return f"Student {number}"


# -- The record --------------------------------------------------------------------------------


def exam_record(ledger: Ledger) -> dict[str, Any]:
    """Return the record of an exam: all that a replay needs, and a digest of it.

    Parameters
    ----------
    ledger : Ledger
        Of an exam.

    Raises
    ------
    ValueError
        If the game is no exam, or is not over.
    """
    state = ledger.state
    if not state.exam:
        raise ValueError(f"{ledger.path}: expected an exam, found another game")
    if not state.over:
        raise ValueError(
            f"{ledger.path}: expected all {state.game.rounds} rounds played, found {state.played}"
        )
    first, *events = [event for event in ledger.events if event.kind in _KEPT]
    made = {
        "exam": state.exam,
        "cxsim": state.version,
        "begun": first.at,
        "game": record_digest(first.body["game"]),
        "events": [
            {"at": e.at, "kind": e.kind, "round": e.round, "body": dict(e.body)} for e in events
        ],
    }
    return {"sha256": record_digest(made), **made}


def record_digest(data: Any) -> str:
    """Return the digest of plain data.

    Parameters
    ----------
    data : object
        The record without its digest, or the game of one.
    """
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_record(path: str | Path) -> dict[str, Any]:
    """Read the record of an exam.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    ValueError
        If it is none, or is not as it was written.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = None
    if not isinstance(record, dict) or not {"sha256", "exam", "events"} <= set(record):
        raise ValueError(f"{path}: expected the record of an exam, found something else")
    rest = {key: value for key, value in record.items() if key != "sha256"}
    if record_digest(rest) != record["sha256"]:
        raise ValueError(f"{path}: expected a record as it was written, found a changed one")
    return record


# -- Its verification --------------------------------------------------------------------------


def verified(record: Mapping[str, Any], game: Game) -> tuple[State | None, list[str]]:
    """Play an exam again by the instructor's own game file, and return what does not agree.

    Parameters
    ----------
    record : mapping
        As :func:`read_record` returns it.
    game : Game
        Of the instructor's file.

    Returns
    -------
    state : State or None
        Of the game as it was played again; None where it could not be.
    problems : list of str
        Empty if market, decisions and results are as recorded.
    """
    number, seed = str(record["exam"]), exam_seed(str(record["exam"]))
    raw, seats = game.seated([team_of_exam(number)], seed)
    if record_digest(raw) != record["game"]:
        return None, ["the game is not the one of this file, or not the market of this number"]
    problems: list[str] = []
    state = State(Game.from_mapping(raw), seed, seats, practice=True, exam=number)
    ((team, firm),) = seats.items()
    market = Market(state.game)
    decided: dict[int, Mapping[str, Any]] = {}
    hashes: dict[int, str] = {}
    for event in record["events"]:
        if event["kind"] == "decided":
            decided[event["round"]] = event["body"]
        elif event["kind"] == "closed":
            hashes[event["round"]] = event["body"]["hash"]
    return _played_again(state, market, team, firm, decided, hashes, problems), problems


def _played_again(
    state: State,
    market: Market,
    team: str,
    firm: str,
    decided: Mapping[int, Mapping[str, Any]],
    hashes: Mapping[int, str],
    problems: list[str],
) -> State:
    """Check each decision by the rules of the round it was made in, and each result."""
    results = None
    for number in range(1, state.game.rounds + 1):
        state = after(state, Event(0, "", "opened", number, None, "team", {}))
        body = decided.get(number)
        if body is not None:
            before = state.standing(number - 1)[team]
            found = check(
                state.game, firm, body["values"], before, round_number=number,
                cash=cash_of(state, results, firm),
            )  # fmt: skip
            problems += [f"round {number}: {name}: {text}" for name, text in found.problems.items()]
            whole = {"reason": "", "forecast": None, **body}
            state = after(state, Event(0, "", "decided", number, team, "team", whole))
        results = market.results(state.moves(), number, seed=state.seed)
        digest = results_digest(state.game, results, number)
        if digest != hashes.get(number):
            problems.append(f"round {number}: its results are not those of the decisions")
        state = after(state, Event(0, "", "closed", number, None, "team", {"hash": digest}))
    return state
