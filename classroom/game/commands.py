"""The commands `cxsim game ...`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

import click

from classroom.game.game_file import Game, shipped_games
from classroom.game.ledger import GameError, Ledger
from cxsim import __version__
from cxsim.files import whole_folder
from cxsim.messages import visible

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
def new(rules: str, file: str, count: int | None, names: tuple[str, ...], seed: int | None) -> None:
    """Create FILE, the ledger of a game by the rules of GAME (a file, or a game that ships)."""
    if count is not None and names:
        raise _Wrong("new: expected --teams or --team, found both")
    read = Game.load(rules)
    named = names or tuple(f"Team {k + 1}" for k in range(count or len(read.seats)))
    try:
        ledger = Ledger.create(file, read, named, seed=seed)
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
@click.argument("file", metavar="FILE")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--lan", is_flag=True, help="Listen on all addresses, not on this machine alone.")
@click.option("--host", default="", help="Name or address of this machine in printed links.")
def serve(file: str, port: int, lan: bool, host: str) -> None:
    """Serve the pages of the game in FILE until Ctrl-C; start it again and the game goes on."""
    _serve(_opened(file), port, lan, host)
    _say(f"{file} holds the game: cxsim game serve {file} goes on with it")


@game.command()
@click.argument("rules", metavar="GAME")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option(
    "--seed", type=click.IntRange(0, 2**62), help="Seed of the market [default: drawn at random]."
)
@click.option("--keep", metavar="FILE", help="Keep the ledger in FILE [default: a temporary one].")
def practice(rules: str, port: int, seed: int | None, keep: str | None) -> None:
    """Play GAME alone against policies: a round closes as soon as you have decided."""
    read = Game.load(rules)
    with tempfile.TemporaryDirectory() as folder:
        path = keep or str(Path(folder) / "practice.db")
        try:
            ledger = Ledger.create(path, read, ["You"], seed=seed, practice=True)
        except ValueError as error:
            raise _Wrong(str(error)) from None
        _serve(ledger, port, False, "")


@game.command()
@click.argument("file", metavar="FILE")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--close", is_flag=True, help="Close the round then, whoever is missing, and open the next."
)
def collect(file: str, folder: str, close: bool) -> int:
    """Play FILE without a server: read decisions from DIR/round_N/TEAM.json, write teams' pages.

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
            _say(f"round {made.round}, {word}: {', '.join(teams)}")
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
def export(file: str, folder: str, seeds: int) -> None:
    """Write decisions, results, counterfactuals and the debrief of FILE to the folder DIR."""
    from classroom.game.debrief import export as write
    from classroom.game.debrief import values_of_seeds
    from classroom.game.server import debrief_page

    ledger = _opened(file)
    others: list[dict[str, dict[str, float]]] = []
    if seeds and ledger.state.played:
        with click.progressbar(length=seeds, label="other seeds", file=sys.stderr) as bar:
            others = values_of_seeds(ledger, seeds, progress=lambda: bar.update(1))
    try:
        with whole_folder(folder, sign="events.json") as draft:
            write(ledger, draft, others, render=debrief_page)
    except FileExistsError as error:
        raise _Wrong(str(error)) from None
    _say(f"{folder}: {', '.join(sorted(path.name for path in Path(folder).iterdir()))}")


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


def _serve(ledger: Ledger, port: int, lan: bool, host: str) -> None:
    from classroom.game.server import GameServer, addresses

    async def run() -> None:
        server = GameServer(ledger)
        _say("computing ...")
        try:
            found = await server.start(port, "" if lan else "127.0.0.1")
        except OSError as error:
            raise _Wrong(f"port {port}: {(error.strerror or str(error)).lower()}") from None
        names = [host] if host else (addresses() if lan else [])
        base = f"http://{names[0] if names else '127.0.0.1'}:{found}"
        for name, link in server.links(base).items():
            if not (ledger.state.practice and name == "instructor"):
                _say(f"{name:16}  {link}")
        _say(f"{'projector':16}  {base}/screen/")
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
