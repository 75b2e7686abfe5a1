"""A game without a server: decisions are files that teams hand in, and views are files as well.

For a hub whose users cannot reach each other's ports, and for a class by mail. What is allowed,
checked and shown is what :class:`~classroom.game.server.RunningGame` allows, checks and shows.

In the folder of a game, ``TEAM/page.html`` and ``TEAM/view.json`` are for one team alone, and
``round_N/TEAM.json`` is its decision::

    {"round": 3, "token": "...", "decision": {"price": 18.5, "reason": "..."}}
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classroom.game.decision import LONGEST_REASON, Checked
from classroom.game.ledger import GameError, Ledger
from classroom.game.server import LARGEST, RunningGame, costs_of, stage_text
from classroom.game.server.rendering import PAGES, rendered
from cxsim.files import whole_file
from cxsim.messages import found, hint

__all__ = ["Collected", "collect", "hand_in"]

#: Parts of a decision that a ledger keeps.
_STORED = ("values", "reason", "forecast", "forecast_profit")


@dataclass
class Collected:
    """What was found in the folder of a round.

    Attributes
    ----------
    round : int
        0 if none was open.
    stored, same, missing : list of str
        Teams whose decision was stored, whose file says what is stored already, and which have
        neither a file nor a decision.
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

    Before the first round, that round is opened: firms are not founded by files.

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
        if state.phase in ("waiting", "closed") and not state.over:
            game.results = game.market.of(state)
            game.open()
            state = ledger.state
        elif state.phase != "open":
            raise GameError("collect: expected a round to play, found a game whose rounds are over")
        game.results = game.market.of(state)
        made = Collected(state.round)
        await game.stand_ins()
        wrong = _decisions(game, folder / f"round_{state.round}", made)
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
            _write_views(game, folder, team, *wrong.get(team, ({}, None)))
        now = ledger.state
        if now.phase == "open":
            (folder / f"round_{now.round}").mkdir(parents=True, exist_ok=True)
        return made
    finally:
        await game.end()


# -- Decisions ---------------------------------------------------------------------------------


def _decisions(
    game: RunningGame, folder: Path, made: Collected
) -> dict[str, tuple[dict[str, Any], Checked]]:
    """Read the files of a round; return what was given and what is wrong with it, by team."""
    names = {f"{file_name(game.teams, team)}.json": team for team in game.teams}
    wrong: dict[str, tuple[dict[str, Any], Checked]] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        place = f"{folder.name}/{path.name}"
        try:
            team = names.get(path.name)
            if team is None:
                near = hint(path.name, names, listed=26)
                raise GameError(f"expected the file of a team, found {found(path.name)}{near}")  # noqa: TRY301
            number, given = _given(path, game.ledger.token(f"team {team}"))
            stored = game.ledger.state.decisions.get((number, team))
            checked = game.checked(game.ledger.state, team, given)
            now = [getattr(checked, each) for each in _STORED]
            before = [getattr(stored, each) for each in _STORED] if stored else []
            if now == before and not checked.problems:
                made.same.append(team)
                continue
            checked = game.decide(team, number, given)
        except GameError as error:
            made.refused.append(f"{place}: {error}")
            continue
        if checked.problems:
            wrong[team] = given, checked
            made.refused += [f"{place}: {key}: {text}" for key, text in checked.problems.items()]
        else:
            made.stored.append(team)
    return wrong


def _given(path: Path, token: str) -> tuple[int, dict[str, Any]]:
    """Return the round and the decision that a file holds.

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
    if not isinstance(whole, dict) or not isinstance(whole.get("decision"), dict):
        raise GameError("decision: expected a mapping of decisions, found none")
    given = whole.get("token")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), token.encode()):
        raise GameError("token: expected that of the team's page, found another one")
    number = whole.get("round")
    if isinstance(number, bool) or not isinstance(number, int):
        raise GameError(f"round: expected the number of a round, found {found(number)}")
    return number, {str(key): value for key, value in whole["decision"].items()}


def hand_in(view: str | Path, decision: Mapping[str, Any]) -> Path:
    """Write a team's decision where the instructor collects it; for a notebook.

    Nothing is checked here; the instructor's next ``cxsim game collect`` says what is wrong.

    Parameters
    ----------
    view : str or Path
        The team's ``view.json``.
    decision : mapping
        By field of the game; ``reason`` and ``forecast`` (per cent) if wanted.

    Returns
    -------
    Path
        The file written.
    """
    view = Path(view)
    told = json.loads(view.read_text(encoding="utf-8"))
    path = view.parent.parent / f"round_{told['round']}" / f"{view.parent.name}.json"
    whole = {"round": told["round"], "token": told["token"], "decision": dict(decision)}
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


def _write_views(
    game: RunningGame, folder: Path, team: str, given: Mapping[str, Any], checked: Checked | None
) -> None:
    """Write a team's page and its view as JSON."""
    state, public, mine = game.ledger.state, game.view("public"), game.view(team)
    name = file_name(game.teams, team)
    token = game.ledger.token(f"team {team}")
    draft = {key: value for key, value in given.items() if isinstance(value, (str, int, float))}
    costs = costs_of(game, checked or game.checked(state, team, {}, schema=False))
    page = rendered(
        "by_file.html", mine=mine, public=public, stage=stage_text(public), draft=draft,
        costs=costs, problems=checked.problems if checked else {}, labels=state.game.labels,
        late="", longest=LONGEST_REASON, place="", xsrf="", token=token, file=f"{name}.json",
        drafters={}, css=(PAGES / "game.css").read_text(encoding="utf-8"),
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
