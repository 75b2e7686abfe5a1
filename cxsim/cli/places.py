"""Commands about files and this machine: check, list, new, lab, warm, schema."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import click

from cxsim.cli.failing import UserError
from cxsim.cli.tables import WIDTH
from cxsim.files import is_file
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
        except ScenarioError as error:
            wrong += 1
            for line in str(error).splitlines():
                click.echo(f"cxsim: {line}", err=True)
            continue
        click.echo(f"{file}: ok")
        click.echo(f"  title   {scenario.title or scenario.name}")
        click.echo(f"  firms   {', '.join(scenario.firms)}")
        click.echo(f"  time    {scenario.periods} periods, one is a {scenario.period_length}")
        click.echo(f"  digest  {scenario.digest}")
        for line in (free_line(scenario), defaults_line(scenario), inherited_line(scenario)):
            if line:
                click.echo(textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="  "))
    if wrong and len(files) > 1:
        click.echo(f"cxsim: {wrong} of {len(files)} files are not right", err=True)
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
    except LibraryMissingError as error:
        raise ScenarioError(Problem(Place(file), (), str(error))) from error
    click.echo(f"{file}: ok")
    click.echo(f"  title   {study.title or study.name}")
    click.echo(f"  varies  {', '.join(factor.name for factor in study.factors)}")
    click.echo(f"  runs    {study.runs:,} at {points:,} points")
    click.echo(f"  digest  {study.digest}")


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
        click.echo(heading)
        for name, title in titles.items():
            click.echo(f"  {name:{width}}  {title}".rstrip())


@click.command()
@click.argument("folder", metavar="DIR")
def new(folder: str) -> None:
    """Lay out notebooks and scenario files for work of your own in DIR."""
    from cxsim.notebook.workplace import lay_out

    made = lay_out(folder)
    click.echo(f"{made}: notebooks/ and params/ are there; open them with")
    click.echo(f"  cxsim lab {made}")


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
        click.echo(f"{place}: laid out with notebooks/ and params/", err=True)
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
    from cxsim.cli.warming import warm_up

    if folder is not None:
        os.environ["CXSIM_CACHE_DIR"] = folder
    with Screen("cxsim warm") as screen:
        try:
            result = warm_up(progress=lambda done, total: screen("compiling", done, total))
        except PermissionError as error:
            raise UserError(str(error)) from None
    click.echo(
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

        click.echo(json.dumps(study_schema(), indent=2))
        return
    click.echo(json.dumps(Scenario.json_schema(), indent=2))


COMMANDS = (check, list_, new, lab, warm, schema)
