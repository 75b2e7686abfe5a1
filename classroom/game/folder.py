"""A game without a server: decisions are files that teams hand in, and views are files as well.

For a hub whose users cannot reach each other's ports, and for a class by mail. What is allowed,
checked and shown is what :class:`~classroom.game.server.RunningGame` allows, checks and shows.

In the folder of a game, ``TEAM/page.html`` and ``TEAM/view.json`` are for one team alone, and
``round_N/TEAM.json`` is its decision::

    {"round": 3, "token": "...", "member": "Ada", "decision": {"price": 18.5, "reason": "..."}}

Where a game asks for foundings, they come first, in ``founding/TEAM.json``::

    {"round": 0, "token": "...", "founding": {"name": "North", "strategy": "..."}}

A member's name may be left out. It is what the file says: whoever has the team's token writes it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classroom.game.decision import LONGEST_REASON, Checked
from classroom.game.founding import LONGEST_NAME, LONGEST_STRATEGY, founding
from classroom.game.ledger import GameError, Ledger, State, member_name
from classroom.game.server import LARGEST, RunningGame, costs_of, stage_text
from classroom.game.server.rendering import PAGES, rendered
from cxsim.files import whole_file
from cxsim.messages import found, hint

__all__ = ["Collected", "collect", "hand_in"]

#: Folder of foundings, and what they are called in a file.
FOUNDING = "founding"

#: Parts of a decision that a ledger keeps.
_STORED = ("values", "reason", "forecast", "forecast_profit")


@dataclass
class Collected:
    """What was found in the folder of a round.

    Attributes
    ----------
    round : int
        0 where firms are founded.
    stored, same, missing : list of str
        Teams whose decision (or founding) was stored, whose file says what is stored already, and
        which have neither a file nor a decision.
    refused : list of str
        A line for each thing that is wrong: file, key, what was expected and found.
    stage : str
        Where the game stands after it, in words.
    """

    round: int = 0
    stored: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    stage: str = ""


def collect(ledger: Ledger, folder: str | Path, *, close: bool = False) -> Collected:
    """Read the decisions of the open round into the ledger, and write what each team may see.

    Before the first round, that round is opened. In a game with foundings these are read first, and
    the round is opened once all teams have founded their firms, or with ``close``.

    Parameters
    ----------
    ledger : Ledger
    folder : str or Path
        Is created if it is not there.
    close : bool
        Whether to close the round then, if nothing was refused, and to open the next one. Whoever
        has not decided holds its last values.

    Returns
    -------
    Collected

    Raises
    ------
    GameError
        If all rounds are played, or the market cannot be computed.
    """

    def run() -> Collected:
        own = Ledger(ledger.path)  # a connection belongs to its thread
        try:
            return asyncio.run(_collect(own, Path(folder), close))
        finally:
            own.close()

    # In a thread of its own, because a notebook has a running event loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


async def _collect(ledger: Ledger, folder: Path, close: bool) -> Collected:
    game = RunningGame(ledger, seeds=0)
    state = ledger.state
    try:
        wrong: dict[str, _Wrong] = {}
        if _founding(state):
            made = Collected()
            wrong = _read(game, folder / FOUNDING, made, _found)
            made.missing = [team for team in game.teams if team not in ledger.state.founded]
            if not made.refused and (close or not made.missing):
                game.open()
                await game.stand_ins()
        else:
            if state.phase in ("waiting", "closed") and not state.over:
                game.results = game.market.of(state)
                game.open()
                state = ledger.state
            elif state.phase != "open":
                raise GameError(
                    "collect: expected a round to play, found a game whose rounds are over"
                )
            game.results = game.market.of(state)
            made = Collected(state.round)
            await game.stand_ins()
            wrong = _read(game, folder / f"round_{state.round}", made, _decide)
            decided = ledger.state.decided(state.round)
            made.missing = [team for team in game.teams if team not in decided]
            if game.closing or (close and not made.refused):
                number = state.round
                await game.close("instructor")
                if game.trouble:
                    raise GameError(game.trouble)
                if number < state.game.rounds:
                    game.open()
                    await game.stand_ins()
        made.stage = stage_text(game.view("public"))
        for team in game.teams:
            _write_views(game, folder, team, wrong.get(team, _Wrong()))
        now = ledger.state
        if now.phase == "open" or _founding(now):
            place = FOUNDING if _founding(now) else f"round_{now.round}"
            (folder / place).mkdir(parents=True, exist_ok=True)
        return made
    finally:
        await game.end()


def _founding(state: State) -> bool:
    """Return whether teams found their firms."""
    return state.phase == "waiting" and state.game.rules.founding is not None


# -- Decisions and foundings -------------------------------------------------------------------


@dataclass
class _Wrong:
    """What a team's file held, if something is wrong with it."""

    given: Mapping[str, Any] = field(default_factory=dict)
    checked: Checked | None = None
    problems: Mapping[str, str] = field(default_factory=dict)


def _read(
    game: RunningGame,
    folder: Path,
    made: Collected,
    take: Callable[[RunningGame, str, _File, Collected], _Wrong],
) -> dict[str, _Wrong]:
    """Read the files of a round; return what was given and what is wrong with it, by team."""
    names = {f"{file_name(game.teams, team)}.json": team for team in game.teams}
    wrong: dict[str, _Wrong] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        place = f"{folder.name}/{path.name}"
        try:
            team = names.get(path.name)
            if team is None:
                near = hint(path.name, names, listed=26)
                raise GameError(f"expected the file of a team, found {found(path.name)}{near}")  # noqa: TRY301
            key = FOUNDING if folder.name == FOUNDING else "decision"
            given = _given(path, game.ledger.token(f"team {team}"), key)
            if given.member:
                game.join(team, given.member, listed=True)
            found_wrong = take(game, team, given, made)
        except (GameError, ValueError) as error:
            made.refused.append(f"{place}: {error}")
            continue
        if found_wrong.problems:
            wrong[team] = found_wrong
            made.refused += [f"{place}: {k}: {text}" for k, text in found_wrong.problems.items()]
    return wrong


def _decide(game: RunningGame, team: str, file: _File, made: Collected) -> _Wrong:
    """Keep a decision, and say what is wrong with it."""
    stored = game.ledger.state.decisions.get((file.round, team))
    checked = game.checked(game.ledger.state, team, file.given)
    now = [getattr(checked, each) for each in _STORED]
    before = [getattr(stored, each) for each in _STORED] if stored else []
    if now == before and not checked.problems:
        made.same.append(team)
        return _Wrong()
    checked = game.decide(team, file.round, file.given, file.member)
    if not checked.problems:
        made.stored.append(team)
    return _Wrong(file.given, checked, checked.problems)


def _found(game: RunningGame, team: str, file: _File, made: Collected) -> _Wrong:
    """Keep a founding, and say what is wrong with it."""
    if file.round != 0:
        raise GameError(f"round: expected 0 where firms are founded, found {file.round}")
    values, problems = founding(game.ledger.state, team, file.given)
    stored = game.ledger.state.founded.get(team)
    if stored and not problems and all(getattr(stored, k) == v for k, v in values.items()):
        made.same.append(team)
        return _Wrong()
    if not problems:
        game.found(team, file.given, file.member)
        made.stored.append(team)
    return _Wrong(file.given, None, problems)


@dataclass(frozen=True)
class _File:
    """What a team's file says."""

    round: int
    given: dict[str, Any]
    member: str


def _given(path: Path, token: str, key: str) -> _File:
    """Return the round, the decision or founding, and the member's name that a file holds.

    Raises
    ------
    GameError
        If it holds something else, or another token than its team's.
    """
    if path.is_symlink() or not path.is_file():
        raise GameError("expected a plain file, found something else")
    size = path.stat().st_size
    if size > LARGEST:
        raise GameError(f"expected at most {LARGEST:,} bytes, found {size:,}")
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        line = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
        raise GameError(f"{line}expected JSON, found something else") from None
    if not isinstance(whole, dict) or not isinstance(whole.get(key), dict):
        what = "decisions" if key == "decision" else "name, strategy and choice"
        raise GameError(f"{key}: expected a mapping of {what}, found none")
    given = whole.get("token")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), token.encode()):
        raise GameError("token: expected that of the team's page, found another one")
    number = whole.get("round")
    if isinstance(number, bool) or not isinstance(number, int):
        raise GameError(f"round: expected the number of a round, found {found(number)}")
    member = whole.get("member", "")
    if not isinstance(member, str):
        raise GameError(f"member: expected a name, found {found(member)}")
    try:
        member = member_name(member) if member.strip() else ""
    except ValueError as error:
        raise GameError(f"member: {str(error).removeprefix('name: ')}") from None
    return _File(number, {str(name): value for name, value in whole[key].items()}, member)


def hand_in(view: str | Path, decision: Mapping[str, Any], *, member: str = "") -> Path:
    """Write a team's decision where the instructor collects it; for a notebook.

    Nothing is checked here; the instructor's next ``cxsim game collect`` says what is wrong.

    Parameters
    ----------
    view : str or Path
        The team's ``view.json``.
    decision : mapping
        By field of the game; ``reason`` and ``forecast`` (per cent) if wanted. Before the first
        round of a game with foundings: ``name``, ``strategy`` and ``choice``, as far as asked for.
    member : str
        Who decides, if the team wants to say so.

    Returns
    -------
    Path
        The file written.
    """
    view = Path(view)
    told = json.loads(view.read_text(encoding="utf-8"))
    number = told["round"]
    key, place = ("decision", f"round_{number}") if number else (FOUNDING, FOUNDING)
    path = view.parent.parent / place / f"{view.parent.name}.json"
    whole: dict[str, Any] = {"round": number, "token": told["token"], key: dict(decision)}
    if member:
        whole["member"] = member
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    return path


def file_name(teams: tuple[str, ...], team: str) -> str:
    """Return the name of a team's folder and file: its own, without what names of files lack.

    Parameters
    ----------
    teams : tuple of str
    team : str
    """
    plain = [re.sub(r"[^\w -]", "_", each).strip() for each in teams]
    mine = plain[teams.index(team)]
    alike = sum(each.casefold() == mine.casefold() for each in plain) > 1
    return f"{mine} {teams.index(team) + 1}" if alike else mine


def _write(path: Path, text: str) -> None:
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


# -- Views -------------------------------------------------------------------------------------


def _write_views(game: RunningGame, folder: Path, team: str, wrong: _Wrong) -> None:
    """Write a team's page and its view as JSON."""
    state, public, mine = game.ledger.state, game.view("public"), game.view(team)
    name = file_name(game.teams, team)
    token = game.ledger.token(f"team {team}")
    draft = {k: value for k, value in wrong.given.items() if isinstance(value, (str, int, float))}
    costs = costs_of(game, wrong.checked or game.checked(state, team, {}, schema=False))
    founds = public["founding"]
    page = rendered(
        "by_file.html", mine=mine, public=public, stage=stage_text(public), draft=draft,
        costs=costs, problems={} if founds else wrong.problems, labels=state.game.labels,
        founded=draft if founds else {}, wrong=wrong.problems if founds else {},
        late="", longest=LONGEST_REASON, longest_name=LONGEST_NAME,
        longest_strategy=LONGEST_STRATEGY, place="", xsrf="", token=token, file=f"{name}.json",
        where=FOUNDING if founds else f"round_{state.round}", drafters={},
        css=(PAGES / "game.css").read_text(encoding="utf-8"),
    )  # fmt: skip
    mine_alone = folder / name
    mine_alone.mkdir(parents=True, exist_ok=True)
    _write(mine_alone / "page.html", page)
    view = {
        "round": state.round, "token": token, "stage": stage_text(public),
        "mine": {k: v for k, v in mine.items() if k != "now"},
        "public": {k: v for k, v in public.items() if k not in ("now", "charts")},
    }  # fmt: skip
    text = json.dumps(view, indent=1, ensure_ascii=False, allow_nan=False, default=str)
    _write(mine_alone / "view.json", text + "\n")
