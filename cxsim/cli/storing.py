"""Commands about stores of runs."""

from __future__ import annotations

from pathlib import Path

import click

from cxsim.cli.failing import UserError
from cxsim.cli.saying import say

__all__ = ["COMMANDS"]


@click.group()
def store() -> None:
    """Look after stores of runs: adopt."""


@store.command()
@click.argument("folder", metavar="STORE")
@click.option(
    "--sample",
    type=click.IntRange(1, 1_000_000),
    default=20,
    show_default=True,
    metavar="N",
    help="Runs of each study that are done again.",
)
def adopt(folder: str, sample: int) -> int:
    """Let the runs of a STORE count for changed code, if a sample comes out equal to the bit.

    For code that was changed and numbers that were not, as by an optimization.
    """
    from cxsim.study.adopt import adopt as adopted
    from cxsim.study.plan import Study
    from cxsim.study.store import Store

    if not (Path(folder) / "store.json").is_file():
        raise UserError(f"{folder}: expected a store of runs, found none")
    place = Store(folder)
    failed = False
    for facts in place.studies().values():
        if "scenario" not in facts["study"]:
            say(f"{facts['name']}: a function's runs are adopted from Python (docs/studies)")
            continue
        study = Study.from_dict(facts["study"], name=facts["name"])
        result = adopted(study, place, sample=sample)
        failed |= bool(result.differs)
        say(f"{facts['name']}: {result.sentence()}")
    return 1 if failed else 0


COMMANDS = (store,)
