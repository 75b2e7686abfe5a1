"""The commands `cxsim game ...`."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from classroom.game.game_file import Game, shipped_games
from classroom.game.ledger import GameError, Ledger
from cxsim import __version__
from cxsim.files import whole_file, whole_folder
from cxsim.messages import cells, visible

if TYPE_CHECKING:
    from classroom.game.server import RunningGame

__all__ = ["game"]

PORT = 8765


class _Wrong(click.ClickException):
    """Invalid input: one line, exit code 2."""

    exit_code = 2


def _opened(path: str) -> Ledger:
    try:
        return Ledger(path)
    except GameError as error:
        raise _Wrong(str(error)) from None


def _members(path: str) -> dict[str, list[str]]:
    """Return members by team, of a table with these columns."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"team", "member"} <= set(rows[0]):
        raise _Wrong(f"{path}: expected columns team and member, found others")
    made: dict[str, list[str]] = {}
    for row in rows:
        made.setdefault((row["team"] or "").strip(), []).append(row["member"] or "")
    return made


def _named(files: Sequence[str]) -> dict[str, Ledger]:
    """Return ledgers by the names of their pages: none where there is one file only."""
    found: list[Path] = []
    for file in files:
        if Path(file).is_dir():
            inside = sorted(Path(file).glob("*.db"))
            if not inside:
                raise _Wrong(f"{file}: expected files of games (*.db) in the folder, found none")
            found += inside
        else:
            found.append(Path(file))
    if len(found) == 1:
        return {"": _opened(str(found[0]))}
    made: dict[str, Ledger] = {}
    for path in found:
        name = re.sub(r"[^\w-]+", "-", path.stem, flags=re.ASCII).strip("-") or "game"
        if name in made or name in ("games", "static"):
            raise _Wrong(f"{path}: expected files whose names differ, found another {name!r}")
        made[name] = _opened(str(path))
    return made


def _say(text: str) -> None:
    click.echo(visible(text))


@click.group()
def game() -> None:
    """Play a market in class: teams run rival firms, round by round.

    \b
    cxsim game new first_hour class.db --teams 4
    cxsim game serve class.db --lan
    cxsim game collect class.db shared
    cxsim game replay class.db
    cxsim game export class.db results
    cxsim game grades class.db -o grades.csv
    cxsim game practice first_hour
    """  # noqa: D301 (the backslash is click's)


@game.command()
@click.argument("rules", metavar="GAME")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False))
@click.option(
    "--teams", "count", type=click.IntRange(1, 26), help="Number of teams [default: all seats]."
)
@click.option("--team", "names", multiple=True, metavar="NAME", help="Name of a team (repeat).")
@click.option(
    "--seed", type=click.IntRange(0, 2**62), help="Seed of the market [default: drawn at random]."
)
@click.option(
    "--members",
    metavar="CSV",
    type=click.Path(exists=True, dir_okay=False),
    help="Table with columns team and member: each member gets a link of its own.",
)
def new(
    rules: str,
    file: str,
    count: int | None,
    names: tuple[str, ...],
    seed: int | None,
    members: str | None,
) -> None:
    """Create FILE, the ledger of a game by the rules of GAME (a file, or a game that ships)."""
    if count is not None and names:
        raise _Wrong("new: expected --teams or --team, found both")
    read = Game.load(rules)
    listed = _members(members) if members else {}
    if listed and count is None:
        names = names or tuple(listed)
    named = names or tuple(f"Team {k + 1}" for k in range(count or len(read.seats)))
    try:
        ledger = Ledger.create(file, read, named, seed=seed, members=listed)
    except ValueError as error:
        raise _Wrong(str(error)) from None
    state = ledger.state
    _say(f"{file}: {read.rules.title}, {read.rounds} rounds of {read.per_round} "
         f"{read.scenario.period_length}s")  # fmt: skip
    for team, firm in state.seats.items():
        _say(f"  {team} runs {firm}")
    empty = [firm for firm in read.scenario.firms if firm not in state.seats.values()]
    if empty:
        _say(f"  {', '.join(empty)}: run by the computer")
    _say(f"Play it: cxsim game serve {file}")


@game.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.argument("rules", metavar="GAME...", nargs=-1, required=True)
@click.option("--teams", "count", type=click.IntRange(2, 400), help="Number of teams.")
@click.option("--team", "names", multiple=True, metavar="NAME", help="Name of a team (repeat).")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**62),
    help="Seed of the assignment and of the markets [default: drawn at random].",
)
def experiment(
    folder: str, rules: tuple[str, ...], count: int | None, names: tuple[str, ...], seed: int | None
) -> None:
    """Assign teams at random to treatments, the GAMEs, and create their ledgers in DIR."""
    from classroom.game.experiment import create_experiment

    if (count is None) == (not names):
        raise _Wrong("experiment: expected either --teams or --team, found both or neither")
    games = {Path(each).stem: Game.load(each) for each in rules}
    if len(games) < len(rules):
        raise _Wrong("experiment: expected games whose names differ, found a repeated one")
    named = names or tuple(f"Team {k + 1}" for k in range(count or 0))
    try:
        ledgers = create_experiment(folder, games, named, seed=seed)
    except ValueError as error:
        raise _Wrong(str(error)) from None
    for name, ledger in ledgers.items():
        _say(f"{Path(folder) / name}.db: {', '.join(ledger.state.seats)}")
    _say(f"Play it: cxsim game serve {folder}")


@game.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--lan", is_flag=True, help="Listen on all addresses, not on this machine alone.")
@click.option("--host", default="", help="Name or address of this machine in printed links.")
def serve(files: tuple[str, ...], port: int, lan: bool, host: str) -> None:
    """Serve the pages of the games in FILEs until Ctrl-C; start it again and they go on.

    A folder stands for the games in it. Several games have a list for the instructor.
    """
    from classroom.game.server import RunningGame

    ledgers = _named(files)
    _serve([RunningGame(ledger, name=name) for name, ledger in ledgers.items()], port, lan, host)
    text = " ".join(visible(file) for file in files)
    _say(f"{text}: the games are kept there, and cxsim game serve {text} goes on with them")


@game.command()
@click.argument("rules", metavar="GAME")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option(
    "--seed", type=click.IntRange(0, 2**62), help="Seed of the market [default: drawn at random]."
)
@click.option("--keep", metavar="FILE", help="Keep the ledger in FILE [default: a temporary one].")
@click.option(
    "--exam",
    metavar="NUMBER",
    help="Play the market of this student's number, and write a record for the instructor.",
)
def practice(rules: str, port: int, seed: int | None, keep: str | None, exam: str | None) -> None:
    """Play GAME alone against policies: a round closes as soon as you have decided."""
    read = Game.load(rules)
    if exam is not None:
        if seed is not None:
            raise _Wrong("practice: expected --seed or --exam, found both")
        _exam(read, port, keep, exam)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = keep or str(Path(folder) / "practice.db")
        try:
            ledger = Ledger.create(path, read, ["You"], seed=seed, practice=True)
        except ValueError as error:
            raise _Wrong(str(error)) from None
        _serve_one(ledger, port)


def _exam(read: Game, port: int, keep: str | None, number: str) -> None:
    """Play an exam, or go on with it, and write its record once it is over."""
    from classroom.game.exam import exam_record, exam_seed, team_of_exam

    try:
        seed = exam_seed(number)
        path = Path(keep or f"exam_{number}.db")
        if path.is_file():
            ledger = _opened(str(path))
            if ledger.state.exam != number:
                raise _Wrong(f"{path}: expected the exam of {number}, found another game")
        else:
            ledger = Ledger.create(
                path, read, [team_of_exam(number)], seed=seed, practice=True, exam=number
            )
    except ValueError as error:
        raise _Wrong(str(error)) from None
    _serve_one(ledger, port)
    if not ledger.state.over:
        _say(f"{path}: {ledger.state.played} of {read.rounds} rounds are played; the same command "
             "goes on with it")  # fmt: skip
        return
    record = path.with_suffix(".json")
    record.write_text(json.dumps(exam_record(ledger), indent=1) + "\n", encoding="utf-8")
    _say(f"{record}: the record of the exam, for the instructor")


@game.command()
@click.argument("rules", metavar="GAME")
@click.argument("records", metavar="RECORD...", nargs=-1, required=True)
def verify(rules: str, records: tuple[str, ...]) -> int:
    """Play exams again by the instructor's own GAME; exit code 1 if a RECORD does not agree."""
    from classroom.game.exam import read_record, verified
    from classroom.game.market import Market

    read, wrong = Game.load(rules), 0
    for path in records:
        try:
            record = read_record(path)
            state, problems = verified(record, read)
        except ValueError as error:
            state, problems = None, [str(error)]
        wrong += bool(problems)
        if problems or state is None:
            _say(f"{path}: NOT VERIFIED")
            for problem in problems:
                _say(f"  {problem}")
            continue
        results = Market(state.game).of(state)
        measure = read.rules.goal.measure
        (firm,) = state.seats.values()
        value = results.values(measure)[firm][-1] if results is not None else float("nan")
        _say(f"{path}: {record['exam']}, verified, {measure} {value:,.0f}")
    return 1 if wrong else 0


@game.command()
@click.argument("file", metavar="FILE")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--close", is_flag=True, help="Close the round then, whoever is missing, and open the next."
)
def collect(file: str, folder: str, close: bool) -> int:
    """Play FILE without a server: read decisions from DIR/round_N/TEAM.json, write teams' pages.

    In a game with foundings, those in DIR/founding/TEAM.json come first.
    A team's page, DIR/TEAM/page.html, saves its decision as a file; it is for that team alone.
    The exit code is 1 if a file was refused, and nothing is closed then.
    """
    from classroom.game.folder import collect as read

    try:
        made = read(_opened(file), folder, close=close)
    except GameError as error:
        raise _Wrong(str(error)) from None
    for line in made.refused:
        _say(line)
    for word, teams in (
        ("stored", made.stored), ("stored before", made.same), ("missing", made.missing)
    ):  # fmt: skip
        if teams:
            what = f"round {made.round}" if made.round else "founding"
            _say(f"{what}, {word}: {', '.join(teams)}")
    _say(made.stage)
    return 1 if made.refused else 0


@game.command()
@click.argument("file", metavar="FILE")
def replay(file: str) -> int:
    """Play all closed rounds of FILE again; exit code 1 if a round comes out differently."""
    from classroom.game.market import Market
    from classroom.game.market import replay as again

    state = _opened(file).state
    same = again(state, Market(state.game))
    if not same:
        _say(f"{file}: no round has been played")
        return 0
    for number, fine in same.items():
        _say(f"  round {number}: {'the same to the bit' if fine else 'DIFFERENT'}")
    wrong = [str(number) for number, fine in same.items() if not fine]
    if wrong:
        _say(f"{file}: rounds {', '.join(wrong)} differ; the game was created with cxsim "
             f"{state.version}, this is {__version__}")  # fmt: skip
        return 1
    _say(f"{file}: all {len(same)} rounds come out as they did")
    return 0


@game.command()
@click.argument("file", metavar="FILE")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--seeds",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="Other seeds beside the one that was played.",
)
@click.option("--pdf", is_flag=True, help="Print the pages to PDF too, by Chromium or Chrome.")
def export(file: str, folder: str, seeds: int, pdf: bool) -> None:
    """Write decisions, results, counterfactuals and the debrief of FILE to the folder DIR.

    The debrief has a page for the class and one for each team. Of a folder of games in place of
    FILE, the tables of all of them, with game and treatment.
    """
    from classroom.game.debrief import export as write
    from classroom.game.debrief import write_tables
    from classroom.game.experiment import experiment_frames
    from classroom.game.printing import find_browser, print_pages
    from classroom.game.server import debrief_page

    if pdf:
        try:
            find_browser()
        except GameError as error:
            raise _Wrong(str(error)) from None
    ledgers = _named([file])
    others = {name: _other_seeds(ledger, seeds) for name, ledger in ledgers.items()}
    try:
        if "" in ledgers:
            with whole_folder(folder, sign="events.json") as draft:
                write(ledgers[""], draft, others[""], render=debrief_page)
                if pdf:
                    print_pages(sorted(draft.glob("debrief*.html")))
        else:
            with whole_folder(folder, sign="games.csv") as draft:
                write_tables(experiment_frames(ledgers, others), draft)
    except (FileExistsError, GameError) as error:
        raise _Wrong(str(error)) from None
    _say(f"{folder}: {', '.join(sorted(path.name for path in Path(folder).iterdir()))}")


def _other_seeds(ledger: Ledger, seeds: int) -> list[dict[str, dict[str, float]]]:
    """Return the values of other seeds, and show how far they are."""
    from classroom.game.debrief import values_of_seeds

    if not seeds or not ledger.state.played:
        return []
    with click.progressbar(length=seeds, label="other seeds", file=sys.stderr) as bar:
        return values_of_seeds(ledger, seeds, progress=lambda: bar.update(1))


@game.command()
@click.argument("file", metavar="FILE")
@click.option(
    "-o",
    "--output",
    default="grades.csv",
    show_default=True,
    type=click.Path(dir_okay=False),
    help="Table to write: .csv or .json.",
)
@click.option(
    "--seeds",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="Seeds over which results are compared, beside the one that was played.",
)
@click.option(
    "--scores",
    metavar="CSV",
    help="Your scores of written reasons: columns team, member (or empty), score (0 to 100).",
)
def grades(file: str, output: str, seeds: int, scores: str | None) -> None:
    """Write the grades of FILE: results, forecasts and reasons by team and member."""
    from classroom.game.grading import grades as graded
    from classroom.game.grading import read_scores
    from classroom.game.market import Market

    if Path(output).suffix not in (".csv", ".json"):
        raise _Wrong(f"{output}: expected a name that ends with .csv or .json, found another")
    ledger = _opened(file)
    state = ledger.state
    results = Market(state.game).of(state)
    if results is None:
        raise _Wrong(f"{file}: expected a round that is closed, found none")
    try:
        given = None if scores is None else read_scores(scores, state)
    except GameError as error:
        raise _Wrong(str(error)) from None
    frame = graded(state, results, _other_seeds(ledger, seeds), given)
    if output.endswith(".csv"):
        text = cells(frame).to_csv(index=False, lineterminator="\n")
    else:
        text = frame.to_json(orient="records", indent=1, force_ascii=False) + "\n"
    with whole_file(output) as draft:
        draft.write_text(text, encoding="utf-8")
    for row in frame[frame["member"] == ""].itertuples(index=False):
        left = f"; {row.missing}" if row.missing else ""
        _say(f"  {row.team}: {row.points:.2f} of {row.points_possible:.2f}{left}")
    _say(f"{output}: {len(frame)} rows")


@game.command()
@click.argument("files", nargs=-1, required=True, metavar="GAME...")
def check(files: tuple[str, ...]) -> None:
    """Validate game files, and show errors with file, line and key."""
    for file in files:
        print_facts(file)


def print_facts(file: str) -> None:
    """Print of a game file that is valid what it is called, and some facts.

    Parameters
    ----------
    file : str

    Raises
    ------
    ScenarioError
        With file, line and key of what is wrong.
    """
    read = Game.load(file)
    _say(f"{file}: ok")
    _say(f"  title   {read.rules.title}")
    _say(f"  seats   {', '.join(read.seats)}")
    _say(f"  time    {read.rounds} rounds of {read.per_round} {read.scenario.period_length}s")
    _say(f"  decide  {', '.join(read.labels.values())}")


@game.command("list")
def list_() -> None:
    """List the games that ship."""
    for name, path in shipped_games().items():
        read = Game.load(path)
        _say(f"{name:16}  {read.rules.title}: {len(read.seats)} seats, {read.rounds} rounds, "
             f"{len(read.fields)} decisions")  # fmt: skip


def _serve_one(ledger: Ledger, port: int) -> None:
    from classroom.game.server import RunningGame

    _serve([RunningGame(ledger)], port, False, "")


def _serve(games: Sequence[RunningGame], port: int, lan: bool, host: str) -> None:
    from classroom.game.server import Server, addresses

    async def run() -> None:
        server = Server(games)
        try:
            found = await server.start(port, "" if lan else "127.0.0.1")
        except OSError as error:
            raise _Wrong(f"port {port}: {(error.strerror or str(error)).lower()}") from None
        names = [host] if host else (addresses() if lan else [])
        base = f"http://{names[0] if names else '127.0.0.1'}:{found}"
        for game in games:
            root = f"{base}/{game.name}" if game.name else base
            if game.name:
                _say(f"{game.name}: {game.ledger.state.game.rules.title}")
            for name, link in game.links(base).items():
                if not (game.ledger.state.practice and name == "instructor"):
                    _say(f"{name:16}  {link}")
            _say(f"{'projector':16}  {root}/screen/")
        for name, link in server.links(base).items():
            _say(f"{name:16}  {link}")
        if lan:
            _say("Whoever can reach this machine sees the projector's page; give each team its "
                 "own link only. Without --lan the pages are for this machine alone.")  # fmt: skip
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM"):
            if os.name != "nt":
                loop.add_signal_handler(getattr(signal, name), ended.set)
        await ended.wait()
        await server.stop()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())
    _say("stopped")
