"""Commands about trust: which folders may bring code; and what `check` says of code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from cxsim import trust as trusting
from cxsim.cli.failing import UserError
from cxsim.cli.saying import say
from cxsim.scenario.policies import checked_code, code_of

__all__ = ["COMMANDS", "code_notes"]


@click.command()
@click.argument("folders", nargs=-1, metavar="[FOLDER...]")
@click.option("--remove", is_flag=True, help="Trust them no longer.")
def trust(folders: tuple[str, ...], remove: bool) -> None:
    """Let scenarios and studies of FOLDER bring code of their own; alone, list such folders.

    A file may name a policy as module:Class. That is a program: it can do whatever you can. It
    is imported when a run starts, from the file's own folder (not from folders below or above),
    and only once you trusted that folder, so read it first. Remembered for you on this machine.
    For batch work, the environment variable CXSIM_TRUST lists folders, separated as in PATH.
    """
    if remove and not folders:
        raise UserError("trust --remove: expected a folder, found none")
    for folder in folders:
        _decide(folder, remove)
    if not folders:
        known = trusting.trusted()
        if not known:
            say("no folder is trusted: policies of the package and its plug-ins only")
        for place, by in known.items():
            gone = "" if Path(place).is_dir() else ", not there any more"
            say(f"{place}  ({by}{gone})")


def _decide(folder: str, remove: bool) -> None:
    try:
        if not remove:
            place = trusting.remember(folder)
            say(f"{place}: trusted from now on")
            if trusting.is_open_to_others(place):
                say(f"{place}: others can write here, so you trust them too", err=True)
        elif trusting.forget(folder):
            say(f"{os.path.realpath(folder)}: trusted no longer")
        else:
            raise UserError(f"{folder}: expected a trusted folder, found one that is not")
    except (NotADirectoryError, trusting.NotTrustedError) as error:
        raise UserError(str(error)) from None


def code_notes(scenario: Any) -> list[str]:
    """Return a note for each policy whose code was not loaded; check it where it may be.

    Raises
    ------
    ScenarioError
        If code of a trusted folder and the scenario do not fit together.
    """
    code = [each for _, _, each in code_of(scenario)]
    strange = [each for each in code if not trusting.is_trusted(each.folder)]
    if not strange:
        checked_code(scenario)
    return [
        f"policy {each.name} is code of {each.folder} and was not loaded; "
        f"{trusting.advice(each.folder)} to check it too"
        for each in dict.fromkeys(strange)
    ]


COMMANDS = (trust,)
