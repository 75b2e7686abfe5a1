"""Commands about files and this machine: check, list, new, lab, warm, schema."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cxsim.cli.failing import UserError
from cxsim.cli.saying import TITLE, say
from cxsim.cli.tables import WIDTH
from cxsim.cli.trusting import code_notes
from cxsim.files import is_file
from cxsim.plain_text import visible
from cxsim.scenario import Scenario, ScenarioError, shipped_scenarios
from cxsim.scenario.loading import read_yaml
from cxsim.scenario.messages import Place, Problem
from cxsim.scenario.unstated import defaults_line, free_line, inherited_line

__all__ = ["COMMANDS"]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def check(files: tuple[str, ...]) -> int:
    """Say whether files of scenarios and studies are right, and where they are not."""
    wrong = 0
    for file in files:
        try:
            if _is_study(file):
                _check_study(file)
                continue
            scenario = Scenario.load(file)
            if scenario.test:
                from cxsim.study.claim_test import check_test

                check_test(scenario)
            notes = code_notes(scenario)
        except ScenarioError as error:
            wrong += 1
            for line in str(error).splitlines():
                say(f"cxsim: {line}", err=True)
            continue
        say(f"{file}: ok")
        say(f"  title   {visible(scenario.title or scenario.name, longest=TITLE)}")
        say(f"  firms   {', '.join(scenario.firms)}")
        say(f"  time    {scenario.periods} periods, one is a {scenario.period_length}")
        say(f"  digest  {scenario.digest}")
        for line in (free_line(scenario), defaults_line(scenario), inherited_line(scenario)):
            if line:
                say(textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="  "))
        for note in notes:
            say(f"  note    {note}")
    if wrong and len(files) > 1:
        say(f"cxsim: {wrong} of {len(files)} files are not right", err=True)
    return 2 if wrong else 0


def _is_study(file: str) -> bool:
    """Whether a file is one of a study: no scenario has factors."""
    if not is_file(file):
        return False
    raw, _ = read_yaml(Path(file))
    return isinstance(raw, Mapping) and "factors" in raw


def _check_study(file: str) -> None:
    from cxsim.study.analysis.optional import LibraryMissingError
    from cxsim.study.plan import Study

    try:
        study = Study.load(file)
        points = len(study.points)
        notes = _study_notes(study)
    except LibraryMissingError as error:
        raise ScenarioError(Problem(Place(file), (), str(error))) from error
    say(f"{file}: ok")
    say(f"  title   {visible(study.title or study.name, longest=TITLE)}")
    say(f"  varies  {', '.join(factor.name for factor in study.factors)}")
    say(f"  runs    {study.runs:,} at {points:,} points")
    say(f"  digest  {study.digest}")
    for note in notes:
        say(f"  note    {note}")


def _study_notes(study: Any) -> list[str]:
    """Return what was not loaded of the code that a study's strategies name."""
    return list(dict.fromkeys(note for each in study.examples() for note in code_notes(each)))


@click.command("list")
def list_() -> None:
    """List the scenarios, studies and notebooks that come with the package."""
    from cxsim.notebook.catalogue import read_notebook, shipped_notebooks, title_of
    from cxsim.study.reading import shipped_studies

    scenarios = {}
    for name, path in shipped_scenarios().items():
        try:
            scenarios[name] = Scenario.load(path).title
        except ScenarioError:
            scenarios[name] = "(not right: cxsim check says why)"
    notebooks = {name: title_of(read_notebook(path)) for name, path in shipped_notebooks().items()}
    studies = {name: str(read_yaml(path)[0]["title"]) for name, path in shipped_studies().items()}
    width = max(map(len, [*scenarios, *studies, *notebooks]), default=0)
    shown = (("Scenarios", scenarios), ("Studies", studies), ("Notebooks", notebooks))
    for heading, titles in shown:
        say(heading)
        for name, title in titles.items():
            say(f"  {name:{width}}  {visible(title, longest=TITLE)}".rstrip())


@click.command()
@click.argument("folder", metavar="DIR")
def new(folder: str) -> None:
    """Lay out notebooks and scenario files for work of your own in DIR."""
    from cxsim.notebook.workplace import lay_out

    made = lay_out(folder)
    say(f"{made}: notebooks/ and params/ are there; open them with")
    say(f"  cxsim lab {made}")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[DIR] [JUPYTER OPTIONS]")
def lab(words: tuple[str, ...]) -> None:
    """Open JupyterLab on the notebooks in DIR (here, if not said).

    If DIR has no notebooks/, a folder cxsim-lab with notebooks and scenario files is laid out
    in it first, as `cxsim new` does; what comes with the package stays as it is.
    """
    from cxsim.notebook.workplace import workplace

    named = bool(words) and not words[0].startswith("-")
    folder, options = (words[0], words[1:]) if named else (".", words)
    place, is_new = workplace(folder)
    if is_new:
        say(f"{place}: laid out with notebooks/ and params/", err=True)
    command = [sys.executable, "-m", "jupyterlab", *options, "notebooks/00_start_here.ipynb"]
    os.chdir(place)
    sys.stdout.flush()
    if os.name == "nt":
        import subprocess

        raise SystemExit(subprocess.call(command))
    os.execv(command[0], command)


@click.command()
@click.option(
    "--folder", metavar="DIR",
    help="Where to keep the compiled code [default: CXSIM_CACHE_DIR, else your cache folder].",
)  # fmt: skip
def warm(folder: str | None) -> None:
    """Compile now what the scenarios need, so that nobody waits for it later.

    A folder warmed once can be shared, read-only, by a class or a cluster: set
    CXSIM_CACHE_DIR to it (or to several folders, separated as in PATH).
    """
    from cxsim.cli.screen import Screen
    from cxsim.cli.warming import kept_in, warm_up

    with Screen("cxsim warm") as screen, kept_in(folder):
        try:
            result = warm_up(progress=lambda done, total: screen("compiling", done, total))
        except PermissionError as error:
            raise UserError(str(error)) from None
    say(
        f"{result.passes} passes in {result.seconds:.1f} s: {result.compiled} compiled, "
        f"{result.passes - result.compiled} found in {result.folder}"
    )


@click.command()
@click.option("--study", is_flag=True, help="Of study files.")
def schema(study: bool) -> None:
    """Print the JSON schema of scenario files, for completion in editors."""
    import json

    if study:
        from cxsim.study.json_schema import study_schema

        say(json.dumps(study_schema(), indent=2))
        return
    say(json.dumps(Scenario.json_schema(), indent=2))


COMMANDS = (check, list_, new, lab, warm, schema)
