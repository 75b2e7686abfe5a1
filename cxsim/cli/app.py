"""The command group `cxsim`: help, version, and the exit code."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from cxsim._version import __version__
from cxsim.cli.terminal import finish, say
from cxsim.messages import hint

#: Commands by name, and where they are defined; a module is imported when its command is used.
_HOME = {
    "archive": "cxsim.cli.sweep:archive",
    "cache": "cxsim.cli.project:cache",
    "calibrate": "cxsim.cli.calibrate_and_decide:calibrate",
    "check": "cxsim.cli.project:check",
    "compare": "cxsim.cli.run_and_compare:compare",
    "decide": "cxsim.cli.calibrate_and_decide:decide",
    "diff": "cxsim.cli.run_and_compare:diff",
    "game": "classroom.game.commands:game",
    "lab": "cxsim.cli.project:lab",
    "list": "cxsim.cli.project:list_",
    "market": "cxsim.cli.guided_market:market",
    "new": "cxsim.cli.project:new",
    "panel": "cxsim.cli.calibrate_and_decide:panel",
    "replay": "cxsim.cli.sweep:replay",
    "run": "cxsim.cli.run_and_compare:run",
    "schema": "cxsim.cli.project:schema",
    "sensitivity": "cxsim.cli.sweep:sensitivity",
    "store": "cxsim.cli.sweep:store",
    "sweep": "cxsim.cli.sweep:sweep",
    "trust": "cxsim.cli.project:trust",
    "verify": "cxsim.cli.sweep:verify_package",
    "warm": "cxsim.cli.project:warm",
}


#: Environment variable by which processes that a command starts import the same modules.
_IMPORT = "CXSIM_IMPORT"


class _Group(click.Group):
    """A command group that imports a command when it is used, and suggests the nearest one."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(_HOME)

    def get_command(self, _: click.Context | None, cmd_name: str) -> click.Command | None:
        return pkgutil.resolve_name(_HOME[cmd_name]) if cmd_name in _HOME else None

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with what they do, which is read without importing them."""
        room = formatter.width - 6 - max(map(len, _HOME))
        with formatter.section("Commands"):
            formatter.write_dl([(name, _does(home, room)) for name, home in _HOME.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _HOME:
            what = f"expected a command, found {args[0]!r}{hint(args[0], _HOME, listed=20)}"
            raise click.UsageError(what, ctx)
        return super().resolve_command(ctx, args)


def _does(home: str, room: int) -> str:
    """Return what a command does in one line: the beginning of its docstring."""
    module, _, name = home.partition(":")
    return click.Command(name, help=_docstrings(module)[name]).get_short_help_str(room)


@functools.cache
def _docstrings(module: str) -> dict[str, str | None]:
    """Return the docstrings of a module's functions, read from its file."""
    package, *inside = module.split(".")
    found = importlib.util.find_spec(package)
    folder = Path(__file__ if found is None or found.origin is None else found.origin).parent
    tree = ast.parse(folder.joinpath(*inside).with_suffix(".py").read_bytes())
    functions = [each for each in tree.body if isinstance(each, ast.FunctionDef)]
    return {each.name: ast.get_docstring(each) for each in functions}


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(
    __version__, "-V", "--version", prog_name="cxsim", message="%(prog)s %(version)s"
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the stack trace of an error.")
@click.option(
    "--import", "modules", multiple=True, expose_value=False, metavar="MODULE",
    help="Import a module of your own first (mechanisms, policies): a file in a trusted folder, or "
    "what an installed package offers. May be repeated, and follow the command.",
)  # fmt: skip
@click.pass_context
def cli(context: click.Context) -> None:
    """A laboratory for customer strategy.

    \b
    cxsim list                          list scenarios, studies and notebooks
    cxsim compare baseline copycat      compare two scenarios over paired seeds
    cxsim run baseline -s firms.Tailor.price=21
    cxsim sweep prices -j 4             run a study: many design points, many seeds
    cxsim panel orders.csv              make a purchase panel of an order log
    cxsim calibrate purchases.csv       estimate a scenario from a purchase panel
    cxsim new market --xlsx mine.xlsx   a workbook to describe your own market
    cxsim market mine.xlsx              a calibrated scenario of it
    cxsim decide baseline --firm Mass   recommend an option under uncertainty
    cxsim check my_scenario.yaml        validate a file

    A SCENARIO is a YAML file or a name from `cxsim list`. Exit codes: 0 success,
    2 invalid input, 1 a run failed.
    """  # noqa: D301 (the backslash is click's)
    if context.invoked_subcommand is None:
        say(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows "?"
    debug = "--debug" in arguments  # taken anywhere, not only before the command
    words = [word for word in arguments if word != "--debug"]

    def main() -> Any:
        rest = _with_imports(words)
        return cli.main(rest, prog_name="cxsim", standalone_mode=False)

    with _kept_environment():
        return finish(main, debug)


@contextlib.contextmanager
def _kept_environment() -> Iterator[None]:
    """Let what ``--import`` puts into the environment end with the command."""
    before = os.environ.get(_IMPORT)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_IMPORT, None)
        else:
            os.environ[_IMPORT] = before


def _with_imports(words: list[str]) -> list[str]:
    """Import what ``--import`` names, wherever it stands; return the other words."""
    rest, named = [], []
    left = iter(words)
    for word in left:
        option, is_set, value = word.partition("=")
        if option != "--import":
            rest.append(word)
            continue
        module = value if is_set else next(left, "")
        if not module or module.startswith("-"):
            raise click.UsageError(f"--import: expected a module, found {module or 'nothing'}")
        named.append(module)
    if named:
        from cxsim.scenario.imports import add_to_environment, follow_environment

        for module in named:
            add_to_environment(module)
        follow_environment()
    return rest
