"""The trials: a course in fast motion, kills, forgeries, and what a team is sent.

Each returns rows of what was asked, what was found, and whether it is so.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import ruamel.yaml

from classroom.game import Game, Ledger, Market
from classroom.game.game_file import find_game
from classroom.game.ledger import State
from classroom.game.market import Results, own_books, replay
from classroom.game.views import books_of_round, public_view, shown, team_view
from lab.game.client import Client, Served, until
from lab.game.forgeries import forgeries

__all__ = ["Row", "course", "forged", "killed", "numbers_shown", "secrets_of"]

#: The members of each team.
Seats = dict[str, list[Client]]

NAMES = ("Amber", "Cobalt", "Jade", "Sienna", "Umber", "Ochre", "Teal", "Plum")


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes
    ----------
    what : str
    asked : str
    found : str
    fine : bool
    timed : bool
        Whether it is a time or a size, which other work on the machine changes.
    """

    what: str
    asked: str
    found: str
    fine: bool
    timed: bool = False


# -- Markets -----------------------------------------------------------------------------------


def game_of(firms: int, customers: int, rounds: int, *, by_teams: bool = False) -> Game:
    """Return the course that ships with another number of firms, customers and rounds.

    Parameters
    ----------
    firms : int
        At most 8.
    customers : int
    rounds : int
    by_teams : bool
        Whether a round closes when all have decided.
    """
    raw = ruamel.yaml.YAML(typ="safe").load(find_game("strategy_course").read_text("utf-8"))
    scenario = raw["scenario"]
    alike = scenario["firms"]["Amber"]
    left_out = {name: None for name, firm in scenario["firms"].items() if firm is None}
    scenario["firms"] = left_out | dict.fromkeys(NAMES[:firms], alike)
    scenario["customers"] = customers
    news = [each for each in raw["news"] if each["round"] <= rounds]
    del raw["minutes"]
    rules = {"rounds": rounds, "news": news, "close_when_all_decided": by_teams}
    return Game.from_mapping(raw | rules)


@asynccontextmanager
async def playing(folder: Path, game: Game, members: int, *, sockets: bool = True) -> Any:
    """Serve a new game; yield the server, the instructor, and the members of each team."""
    teams = [f"Team {k + 1}" for k in range(len(game.seats))]
    file = folder / f"game-{len(list(folder.iterdir()))}.db"
    Ledger.create(file, game, teams).close()
    served = Served(file)
    everybody: list[Client] = []
    try:
        served.start()
        instructor = Client("instructor")
        seats = {team: [Client(f"{team} {k}") for k in range(members)] for team in teams}
        everybody = [instructor, *(each for team in seats.values() for each in team)]
        await instructor.look(served.links["instructor"])
        for team, clients in seats.items():
            for each in clients:
                await each.look(served.links[team])
        if sockets:
            for each in everybody:
                await each.listen()
        yield served, instructor, seats
    finally:
        for each in everybody:
            each.close()
        served.stop()


def opened(file: Path) -> State:
    """Return the state of a ledger."""
    ledger = Ledger(file)
    try:
        return ledger.state
    finally:
        ledger.close()


def events_of(file: Path) -> list[tuple[Any, ...]]:
    """Return the lines of a ledger, as they stand in the file."""
    with closing(sqlite3.connect(file)) as base:
        return base.execute(
            "SELECT id, kind, round, team, by, body FROM event ORDER BY id"
        ).fetchall()


def same(file: Path) -> Row:
    """Return whether a ledger, played again here, comes out as it did."""
    state = opened(file)
    rounds = replay(state, Market(state.game))
    wrong = [number for number, fine in rounds.items() if not fine]
    found = f"{len(rounds)} rounds, {len(wrong)} differ"
    return Row(
        "ledger played again in another process",
        "the same to the bit",
        found,
        not wrong and bool(rounds),
    )


# -- A course in fast motion -------------------------------------------------------------------


async def course(
    folder: Path, *, firms: int, members: int, customers: int, rounds: int, label: str, limit: float
) -> list[Row]:
    """Play a whole game with bots: drafts, decisions, news, debrief; and search what was sent.

    Parameters
    ----------
    folder : Path
    firms, members : int
        Teams, and pages that each of them has open.
    customers, rounds : int
    label : str
        What the rows call it.
    limit : float
        Seconds that the game may take, the debrief of the played seed included.
    """
    began = time.monotonic()
    game = game_of(firms, customers, rounds, by_teams=True)
    waits: list[float] = []
    async with playing(folder, game, members) as (served, instructor, seats):
        pages = [each for team in seats.values() for each in team]
        for number in range(1, rounds + 1):
            await instructor.act("open")
            await until(lambda: all(each.page.stage == (number, "open") for each in pages))  # noqa: B023
            await instructor.act("note", text=f"News of round {number}")
            for team, clients in seats.items():
                for each in clients:
                    await each.draft(each.move())
                first = clients[0]
                answer = await first.decide(f"secret of {team} in {number}")
                assert answer.status == 200, answer.status
            last = time.monotonic()
            await until(lambda: all(number in each.seen for each in pages))  # noqa: B023
            waits.append(max(each.seen[number] for each in pages) - last)
        before = {team: "\n".join(_without_costs(text) for each in clients for text in each.heard)
                  for team, clients in seats.items()}  # fmt: skip
        control = "\n".join(instructor.heard)
        revealed = time.monotonic()
        await instructor.act("reveal")
        await until(lambda: all(each.revealed for each in pages))
        while "had you held still" not in (await pages[0].ask(_debrief_of(pages[0]))).text:
            await asyncio.sleep(0.2)
        done = time.monotonic()
        memory, file = served.memory(), served.file
    size = f"{firms} teams x {members} pages, {customers:,} customers"
    rows = [
        Row(
            f"{label}: {size}, {rounds} rounds to the debrief",
            f"< {limit:.0f} s",
            f"{done - began:.1f} s",
            done - began < limit,
            timed=True,
        ),
        Row(
            f"{label}: last decision to results on all pages",
            "< 2 s",
            f"{np.median(waits):.2f} s median, {max(waits):.2f} s longest",
            max(waits) < 2.0,
            timed=True,
        ),
        Row(
            f"{label}: end of the game to counterfactuals",
            "",
            f"{done - revealed:.1f} s",
            True,
            timed=True,
        ),
        Row(
            f"{label}: memory of the server",
            "< 400 MB",
            f"{memory:.0f} MB",
            memory < 400.0,
            timed=True,
        ),
        same(file),
    ]
    state = opened(file)
    results = Market(state.game).of(state)
    assert results is not None
    found: list[str] = []
    searched = controls = 0
    for team, text in before.items():
        hidden = secrets_of(state, results, team)
        searched += len(hidden)
        found += held(text, hidden)
        controls += len(held(control, hidden))
    rows.append(
        Row(
            f"{label}: hidden numbers and texts in all that teams were sent",
            f"0 of {searched:,}",
            f"{len(found)}{shown_few(found)} (the instructor was sent {controls:,})",
            not found and controls > 0,
        )
    )
    return rows


def _without_costs(text: str) -> str:
    """Return a text without what a team's own drafts would cost, a closed form of what it typed."""
    if text.startswith("{"):
        told = json.loads(text)
        return json.dumps({k: v for k, v in told.items() if k not in ("items", "total", "budget")})
    text = re.sub(r'<div class="cost".*?</div>\s*<details', "<details", text, flags=re.DOTALL)
    return re.sub(r"expected spending of at most [^<]*", "", text)


def _debrief_of(client: Client) -> str:
    return client.page.address.rsplit("/", 1)[0] + "/debrief"


def _numbers(text: str) -> set[str]:
    """Return the numbers that stand in a text, without what groups their digits."""
    plain = re.sub(r"(?<=\d)[,\u202f\u00a0](?=\d{3})", "", text)
    # Not the digits of a token or a color, which stand between letters.
    return set(re.findall(r"(?<![\w.|])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w|])", plain))


def secrets_of(state: State, results: Results, team: str) -> set[str]:
    """Return numbers and texts that a team must not be sent before the debrief.

    Seed, parameters drawn for this game, all measures of rivals and the true ones of its own firm
    in every period, rivals' decisions, reasons and forecasts; without what the team may see, and
    without numbers of fewer than six digits that say something, which stand in a page by chance.

    Parameters
    ----------
    state : State
    results : Results
        Of all rounds played.
    team : str
    """
    hidden = {str(state.seed)}
    for value in state.hidden.values():
        hidden |= _written(value)
    for name in _measured(results):
        for values in results.values(name).values():
            hidden.update(*map(_written, values))
    left = hidden - numbers_shown(state, results, team)
    kept = {each for each in left if _digits(each) >= 6}
    reasons = {d.reason for (_, whose), d in state.decisions.items() if whose != team}
    return kept | (reasons - {""})


def numbers_shown(state: State, results: Results, team: str) -> set[str]:
    """Return the numbers that a team's own pages show in some round, as they may be written.

    Parameters
    ----------
    state : State
    results : Results
        Of all rounds played.
    team : str
    """
    firm = state.seats[team]
    visible: set[str] = set()
    for each in own_books(state.game.scenario):
        visible.update(*map(_written, results.values(each.name)[firm]))
    for name in results.public.columns.drop(["period", "firm"]):
        visible.update(*map(_written, results.public[name].astype(float)))
    views: list[Any] = [team_view(state, results, team), public_view(state, results)]
    # Pages of earlier rounds showed sums of the own books, one of which may equal a rival's number.
    views += [books_of_round(state, results, firm, k + 1) for k in range(state.played)]
    return visible | _numbers(json.dumps(views, default=str))


def _measured(results: Results) -> list[str]:
    return [str(name) for name in results.firms.select_dtypes("number").columns.drop("period")]


def _digits(number: str) -> int:
    """Return how many digits of a number say something: 120000 has two, as 0.0012."""
    plain = number.partition("e")[0]
    digits = plain.replace(".", "").strip("0") if "." in plain else plain.strip("0")
    return len(digits)


def _written(value: float) -> set[str]:
    """Return a number as pages, exports and programs may write it."""
    if not np.isfinite(value):
        return set()
    texts = (
        repr(float(value)),
        f"{value:.6g}",
        f"{value:.2f}",
        f"{value:.5f}",
        shown(float(value)),
    )
    return {text.replace(",", "").lstrip("-\u2212") for text in texts}


def held(text: str, secrets: Iterable[str]) -> set[str]:
    """Return which secrets stand in a text, numbers as whole numbers.

    Parameters
    ----------
    text : str
    secrets : iterable of str
    """
    numbers = _numbers(text)
    return {each for each in secrets if each in numbers or (not each[0].isdigit() and each in text)}


# -- Kills -------------------------------------------------------------------------------------


async def killed(folder: Path, *, kills: int, forgeries_too: int = 0, seed: int = 1) -> list[Row]:
    """Kill a server at random moments while teams decide and the instructor closes rounds.

    Parameters
    ----------
    folder : Path
    kills : int
    forgeries_too : int
        Forged submissions that the same server is sent afterwards.
    seed : int
        Of the moments.
    """
    rounds = 40
    async with playing(folder, game_of(4, 500, rounds), 1) as (served, instructor, seats):
        rows = await _killed(served, instructor, seats, kills, rounds, random.Random(seed))
        if forgeries_too:
            await instructor.look()
            if instructor.page.stage[0] == rounds:
                await instructor.act("reopen")
            rows += await _forged(served, instructor, seats, forgeries_too)
    return [*rows, same(served.file)]


async def _killed(
    served: Served, instructor: Client, seats: Seats, kills: int, rounds: int, draws: random.Random
) -> list[Row]:
    confirmed: list[str] = []
    sent: list[str] = []
    back: list[float] = []
    again: list[float] = []
    stuck = 0
    ended = asyncio.Event()

    async def team(client: Client) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            reason = f"{client.name} says {number}"
            sent.append(reason)
            if (await client.look()).status == 200:
                shown_again.setdefault(client.name, time.monotonic())
            answer = await client.decide(reason)
            if answer.status == 200 and "Stored at" in answer.text and reason in answer.text:
                confirmed.append(reason)
            if answer.status == 200:
                last.setdefault(client.name, time.monotonic())
            await asyncio.sleep(draws.uniform(0.0, 0.1))

    async def run_rounds() -> None:
        while not ended.is_set():
            number, phase = (await instructor.look()).stage
            if phase == "closed" and number == rounds:
                await instructor.act("reopen")
            elif phase in ("", "closed"):
                await instructor.act("open")
            elif "open. 0 of" not in instructor.page.text and draws.random() < 0.15:
                await instructor.act("close")
            await asyncio.sleep(0.1)

    shown_again: dict[str, float] = {}
    last: dict[str, float] = {}
    clients = [each for team_ in seats.values() for each in team_]
    tasks = [asyncio.create_task(team(each)) for each in clients]
    tasks.append(asyncio.create_task(run_rounds()))
    for _ in range(kills):
        await asyncio.sleep(draws.uniform(0.0, 1.5))
        down = time.monotonic()
        served.kill()
        shown_again.clear()
        last.clear()
        await asyncio.to_thread(served.start)
        stuck += not await until(lambda: len(last) == len(clients), 30.0)
        back.append(max(shown_again.values(), default=np.nan) - down)
        again.append(max(last.values(), default=np.nan) - down)
        before = len(confirmed)  # so that the next kill hits a round that is being played
        await until(lambda: len(confirmed) > before, 10.0)  # noqa: B023
    ended.set()
    await asyncio.gather(*tasks)
    await instructor.act("close")
    stored = Counter(
        json.loads(body)["reason"]
        for _, kind, *_, body in events_of(served.file)
        if kind == "decided"
    )
    lost = sum(stored[reason] == 0 for reason in confirmed)
    doubled = sum(count > 1 for count in stored.values())
    unknown = len(set(stored) - set(sent))
    return [
        Row(
            f"{kills} kills: confirmed decisions lost",
            "0",
            f"{lost} of {len(confirmed):,}",
            lost == 0,
        ),
        Row(
            f"{kills} kills: decisions stored twice, or that nobody sent",
            "0",
            f"{doubled + unknown}",
            doubled + unknown == 0,
        ),
        Row(f"{kills} kills: teams that never went on", "0", f"{stuck}", stuck == 0),
        Row(
            f"{kills} kills: from the kill until every team has its page again",
            "< 10 s",
            f"{np.nanmedian(back):.1f} s median, {np.nanmax(back):.1f} s longest",
            bool(np.nanmax(back) < 10.0),
            timed=True,
        ),
        Row(
            f"{kills} kills: from the kill until every team can decide again",
            "",
            f"{np.nanmedian(again):.1f} s median, {np.nanmax(again):.1f} s longest",
            True,
            timed=True,
        ),
    ]


# -- Forgeries ---------------------------------------------------------------------------------


async def forged(folder: Path, *, count: int) -> list[Row]:
    """Send malformed and forged submissions, all of which must be refused and change nothing.

    Parameters
    ----------
    folder : Path
    count : int
    """
    async with playing(folder, game_of(4, 500, 3), 1, sockets=False) as (served, instructor, seats):
        rows = await _forged(served, instructor, seats, count)
    return [*rows, same(served.file)]


async def _forged(served: Served, instructor: Client, seats: Seats, count: int) -> list[Row]:
    clients = [each for team in seats.values() for each in team]
    await instructor.act("open")
    await clients[0].decide("before")
    for each in clients:
        await each.look()
    before, seen = events_of(served.file), [_plain(each) for each in clients]
    taken: list[str] = []
    statuses: Counter[int] = Counter()
    began = time.monotonic()
    pages = [each.fields() for each in clients[:4]]  # after some rounds teams have other bounds
    bounds = {
        name: {
            **field,
            "min": min((each[name]["min"] for each in pages), key=float),
            "max": max((each[name]["max"] for each in pages), key=float),
        }
        for name, field in pages[0].items()
    }
    right = f"round {clients[0].form()['round']!r}"
    wrong = (each for each in forgeries(bounds, count + 1) if each[0] != right)
    for k, (name, forgery) in enumerate(islice(wrong, count)):
        mine, other = clients[k % 4], clients[(k + 1) % 4]
        answer = await forgery(mine, other)
        while answer.status == 429:
            await asyncio.sleep(0.5)
            answer = await forgery(mine, other)
        statuses[answer.status] += 1
        if answer.status < 400:
            taken.append(name)
    took = time.monotonic() - began
    for each in clients:
        await each.look()
    after = events_of(served.file)
    changed = sum(_plain(each) != old for each, old in zip(clients, seen, strict=True))
    alive = (await clients[1].decide("after")).status == 200
    await instructor.act("close")
    told = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    return [
        Row(
            f"{count:,} malformed or forged submissions that were taken",
            "0",
            f"{len(taken)}{shown_few(taken)} ({told})",
            not taken,
        ),
        Row(
            "lines that they added to the ledger, pages that they changed",
            "0",
            f"{len(after) - len(before)}, {changed}",
            after == before and not changed,
        ),
        Row("a right decision afterwards", "stored", "stored" if alive else "refused", alive),
        Row(
            "time of a refusal, one after the other",
            "< 0.2 s",
            f"{took / count:.3f} s mean",
            took / count < 0.2,
            timed=True,
        ),
    ]


def shown_few(found: Sequence[str]) -> str:
    """Return the first of what should not have been found."""
    return f": {'; '.join(found[:5])}" if found else ""


def _plain(client: Client) -> str:
    """Return the page of a client without what changes each time it is shown."""
    return re.sub(r'name="_xsrf" value="[^"]*"|data-now="[^"]*"', "", client.page.text)


def failed(rows: Sequence[Row]) -> Iterator[Row]:
    """Return the rows that are not as asked, times and sizes apart."""
    return (row for row in rows if not row.fine and not row.timed)
