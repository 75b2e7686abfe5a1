"""The command group `cxsim`: help, version, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from cxsim._version import __version__
from cxsim.cli import calibrate_and_decide, project, run_and_compare, sweep
from cxsim.cli.terminal import finish, say
from cxsim.messages import hint

__all__ = ["run"]


class _Group(click.Group):
    """A command group that suggests the nearest command where one is misspelt."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None:
            what = f"expected a command, found {args[0]!r}{hint(args[0], self.commands, listed=20)}"
            raise click.UsageError(what, ctx)
        return super().resolve_command(ctx, args)


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
@click.pass_context
def cli(context: click.Context) -> None:
    """A laboratory for customer strategy.

    \b
    cxsim list                          list scenarios, studies and notebooks
    cxsim compare baseline copycat      compare two scenarios over paired seeds
    cxsim run baseline -s firms.Tailor.price=21
    cxsim sweep prices -j 4             run a study: many design points, many seeds
    cxsim calibrate purchases.csv       estimate a scenario from a purchase panel
    cxsim decide baseline --firm Mass   recommend an option under uncertainty
    cxsim check my_scenario.yaml        validate a file

    A SCENARIO is a YAML file or a name from `cxsim list`. Exit codes: 0 success,
    2 invalid input, 1 a run failed.
    """  # noqa: D301 (the backslash is click's)
    if context.invoked_subcommand is None:
        say(context.get_help())


for _command in (
    *run_and_compare.COMMANDS,
    *sweep.COMMANDS,
    *calibrate_and_decide.COMMANDS,
    *project.COMMANDS,
):
    cli.add_command(_command)


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
    return finish(lambda: cli.main(words, prog_name="cxsim", standalone_mode=False), debug)
