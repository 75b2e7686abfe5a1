"""The commands check, list, new, lab, warm, schema, cache and trust: files and this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pkgutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from cxsim.cli.terminal import TITLE, UserError, say, say_lines
from cxsim.files import trust as trusting
from cxsim.files.whole import is_file
from cxsim.messages import Place, Problem, visible
from cxsim.scenario import Scenario, ScenarioError, shipped_scenarios
from cxsim.scenario.loading import read_yaml
from cxsim.scenario.named_policies import checked_code, code_of
from cxsim.scenario.unstated import defaults_line, free_line, inherited_line

# -- The commands check, list, new, lab, warm and schema ----------------------------------------


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def check(files: tuple[str, ...]) -> int:
    """Validate FILES of scenarios, studies, games and markets: errors with file, line and key."""
    wrong = 0
    for file in files:
        try:
            if file.lower().endswith(".xlsx"):
                _check_market(file)
                continue
            if special := next((check for key, check in _CHECKS.items() if _has(file, key)), None):
                special(file)
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
        time = f"{scenario.periods} periods of one {scenario.period_length}"
        _print_facts(file, scenario, firms=", ".join(scenario.firms), time=time)
        for line in (free_line(scenario), defaults_line(scenario), inherited_line(scenario)):
            if line:
                say_lines(line, first="  ", rest="  ")
        for note in notes:
            say(f"  note    {note}")
    if wrong and len(files) > 1:
        say(f"cxsim: {wrong} of {len(files)} files are invalid", err=True)
    return 2 if wrong else 0


def _has(file: str, key: str) -> bool:
    """Return whether a YAML file has a key at its top."""
    if not is_file(file):
        return False
    raw, _ = read_yaml(Path(file))
    return isinstance(raw, Mapping) and key in raw


def _check_game(file: str) -> None:
    pkgutil.resolve_name("classroom.game.commands:print_facts")(file)


def _check_study(file: str) -> None:
    from cxsim.messages import LibraryMissingError
    from cxsim.study.study import Study

    try:
        study = Study.load(file)
        points = len(study.points)
        notes = _study_notes(study)
    except LibraryMissingError as error:
        raise ScenarioError(Problem(Place(file), (), str(error))) from error
    varies = ", ".join(factor.name for factor in study.factors)
    _print_facts(file, study, varies=varies, runs=f"{study.runs:,} at {points:,} points")
    for note in notes:
        say(f"  note    {note}")


def _check_market(file: str) -> None:
    from cxsim.cli.guided_market import print_market

    print_market(file)


#: Checks of files that are no scenarios, by a key that only such a file has.
_CHECKS: dict[str, Callable[[str], None]] = {
    "factors": _check_study, "rounds": _check_game, "my_firm": _check_market,
}  # fmt: skip


def _print_facts(file: str, what: Any, **facts: str) -> None:
    """Print of a scenario or a study that is valid what it is called, some facts and its digest."""
    say(f"{file}: ok")
    title = visible(what.title or what.name, longest=TITLE)
    for name, text in {"title": title, **facts, "digest": what.digest}.items():
        say(f"  {name:6}  {text}")


def _study_notes(study: Any) -> list[str]:
    """Return notes on code of a study's strategies that was not loaded."""
    return list(dict.fromkeys(note for each in study.examples() for note in code_notes(each)))


@click.command("list")
@click.argument("parameter", metavar="[PARAMETER]", required=False)
def list_(parameter: str | None) -> None:
    """List the scenarios, studies and notebooks of the package.

    With a PARAMETER, such as interaction or firms.*.price: its meaning, unit, range and default,
    and the five levels of those between 0 and 1 that have them.
    """
    if parameter is not None:
        _explain(parameter)
        return
    from cxsim.report.notebooks import read_notebook, shipped_notebooks, title_of
    from cxsim.scenario.loading import shipped_studies

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


def _explain(parameter: str) -> None:
    """Print what a parameter means, by its whole path or the end of it."""
    from cxsim.messages import found, hint

    table = Scenario.parameters().set_index("path")
    paths = [each for each in table.index if each == parameter or each.endswith(f".{parameter}")]
    if not paths:
        names = [*table.index, *(path.rpartition(".")[2] for path in table.index)]
        raise UserError(
            f"list: expected a parameter, found {found(parameter)}{hint(parameter, names)}"
        )
    for path in paths:
        row = table.loc[path]
        ends = {"at least": row["minimum"], "at most": row["maximum"]}
        limits = [f"{words} {end:g}" for words, end in ends.items() if end == end]
        say(f"{path}: {row['description']}")
        say(f"  unit    {row['unit'] if row['unit'] != '1' else 'none'}")
        say(f"  range   {', '.join(limits) or 'any'}")
        say(f"  default {found(row['default']) if row['default'] != 'required' else 'required'}")
        for level in filter(None, row["levels"].split("\n")):
            say_lines(level, first="  ", rest="       ")


@click.command()
@click.argument("folder", metavar="DIR")
@click.argument("file", metavar="[FILE.yaml]", required=False)
@click.option("--xlsx", metavar="FILE.xlsx", help="With market: a workbook to fill in.")
@click.option(
    "--ask", is_flag=True, help="With market: ask in the terminal for what must be known."
)
@click.option(
    "--mechanism", metavar="NAME",
    help="Module, scenario, test and page of a mechanism of your own, instead of a project.",
)  # fmt: skip
def new(folder: str, file: str | None, xlsx: str | None, ask: bool, mechanism: str | None) -> None:
    """Create a project folder DIR with notebooks and scenario files.

    `cxsim new market` creates questions about a market of your own instead: a YAML file, or a
    workbook with --xlsx. (A folder of that name: ./market.) `cxsim new organization FILE.yaml`
    creates a self-assessment of an organization. With --mechanism, DIR gets a mechanism of your
    own that runs and can be changed.
    """
    if mechanism is not None:
        _new_mechanism(folder, mechanism, (file, xlsx, ask))
        return
    if folder == "organization" and file:
        from cxsim.calibration.self_assessment import write_form

        try:
            made_form = write_form(file)
        except FileExistsError:
            raise UserError(f"{file}: expected a new file, found one") from None
        say(f"{made_form}: created with twenty questions; cx.calibration.self_assessment reads it")
        return
    if folder == "market":
        from cxsim.cli.guided_market import new_market

        new_market(file, xlsx, ask=ask)
        return
    if file or xlsx or ask:
        raise UserError(f"new {folder}: expected market before a file, --xlsx or --ask, found DIR")
    from cxsim.report.notebooks import lay_out

    made = lay_out(folder)
    say(f"{made}: created with notebooks/ and params/; open them with")
    say(f"  cxsim lab {made}")


def _new_mechanism(folder: str, name: str, others: tuple[Any, ...]) -> None:
    from cxsim.cli.own_mechanism import lay_out_mechanism

    if any(others):
        raise UserError("new: expected --mechanism alone, found a file, --xlsx or --ask with it")
    files = lay_out_mechanism(folder, name)
    say(f"{folder}: created {', '.join(path.name for path in files)}; the module is a program:")
    say(f"  {trusting.advice(folder)}")
    say(f"  cxsim compare baseline {files[1]} --seeds 5")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[DIR] [JUPYTER OPTIONS]")
def lab(words: tuple[str, ...]) -> None:
    """Open JupyterLab on the notebooks in DIR [default: the current folder].

    If DIR has no notebooks/, a project folder cxsim-lab is created in it first, as by
    `cxsim new`. The files of the package stay unchanged.
    """
    from cxsim.report.notebooks import workplace

    named = bool(words) and not words[0].startswith("-")
    folder, options = (words[0], words[1:]) if named else (".", words)
    place, is_new = workplace(folder)
    if is_new:
        say(f"{place}: created with notebooks/ and params/", err=True)
    quiet = "--LabApp.news_url=None"  # else JupyterLab asks to fetch news of its own
    start = "notebooks/00_start_here.ipynb"
    command = [sys.executable, "-m", "jupyterlab", quiet, *options, start]
    os.chdir(place)
    sys.stdout.flush()
    if os.name == "nt":
        import subprocess

        raise SystemExit(subprocess.call(command))
    os.execv(command[0], command)


@click.command()
@click.option(
    "--folder", metavar="DIR",
    help="Folder for compiled code [default: CXSIM_CACHE_DIR, else your cache folder].",
)  # fmt: skip
def warm(folder: str | None) -> None:
    """Compile the code of all scenarios in advance, so that first runs start quickly.

    One such folder can be shared, read-only, by a class or a cluster: set
    CXSIM_CACHE_DIR to it (or to several folders, separated as in PATH).
    """
    from cxsim.cli.terminal import Screen

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
@click.option("--study", is_flag=True, help="Print the schema of study files.")
def schema(study: bool) -> None:
    """Print the JSON schema of scenario files, for completion in editors."""
    import json

    from cxsim.study.study_file import study_schema

    made = study_schema() if study else Scenario.json_schema()
    say(json.dumps(made, indent=2))


# -- Compilation in advance --------------------------------------------------------------------


@dataclass(frozen=True)
class Warmth:
    """Result of warming: passes in use, those compiled now, seconds, and the folder."""

    passes: int
    compiled: int
    seconds: float
    folder: Path


@contextlib.contextmanager
def kept_in(folder: str | None) -> Iterator[None]:
    """Use a folder for compiled code within the context; None keeps the usual folder.

    Parameters
    ----------
    folder : str or None
    """
    name = "CXSIM_CACHE_DIR"
    before = os.environ.get(name)
    if folder is not None:
        os.environ[name] = folder
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def warm_up(*, progress: Callable[[int, int], None] | None = None) -> Warmth:
    """Compile the passes of every shipped scenario, with all probes.

    Parameters
    ----------
    progress : callable, optional
        Called with (passes done, passes) after every pass.

    Raises
    ------
    PermissionError
        If code was compiled and none of the cache folders could keep it.
    """
    from cxsim.engine.code_folders import cache_folders, refusal

    refused = {folder: refusal(folder) for folder in cache_folders()}
    folders = [folder for folder, reason in refused.items() if reason is None]
    if not folders:
        raise PermissionError("; ".join(str(reason) for reason in refused.values()))
    if not any(_usable(folder) for folder in folders):
        raise _none_usable(folders)
    start, before = time.monotonic(), _kept(folders)
    shares = _processes_to_compile()
    copies = [_copied(partial(_compile, share, shares)) for share in range(1, shares)]
    passes = _compile(0, shares, progress)
    for share, copy in enumerate(copies, 1):
        if os.waitpid(copy, 0)[1] != 0:  # it was stopped, or had no memory
            _compile(share, shares)
    new = _kept(folders) - before
    kept = next((folder for folder in folders if _kept([folder])), None)
    if kept is None:
        raise _none_usable(folders)
    return Warmth(len(passes), len(new), time.monotonic() - start, kept)


def _compile(
    share: int, shares: int, progress: Callable[[int, int], None] | None = None
) -> set[str]:
    """Compile one share of the passes of every shipped scenario; return all of them.

    The baseline comes first: whoever starts meanwhile needs most of its passes.
    """
    from cxsim.engine.schedule import PhaseGroup
    from cxsim.model.mechanism_registry import PROBES
    from cxsim.runs.simulation import Simulation
    from cxsim.scenario import Scenario, shipped_scenarios

    found = shipped_scenarios()
    names = sorted(found, key=lambda name: name != "baseline")
    observers, small = tuple(PROBES), {"customers": 64, "warm_up": 0}
    passes: set[str] = set()
    done = 0
    for number, name in enumerate(names):
        simulation = Simulation(Scenario.load(found[name], small), observers=observers)
        simulation.workspace.begin_period(0)
        steps = simulation.schedule.steps
        total = done + len(steps) * (len(names) - number)
        for step in steps:
            mine = int(hashlib.sha256(step.code.encode()).hexdigest(), 16) % shares == share
            if mine and step.phase not in ("arrive", "begin"):  # these ran while it was made
                simulation.engine.run([PhaseGroup((step,), population=step.population)])
            if not step.population:
                passes.add(step.code)
            done += 1
            if progress is not None:
                progress(done, total)
    return passes


def _processes_to_compile() -> int:
    """Return how many processes compile at once: one a processor, where a process can be copied."""
    from cxsim.study.workers import cores

    alone = threading.active_count() == 1
    return min(4, cores()) if alone and sys.platform == "linux" else 1


def _copied(work: Callable[[], object]) -> int:
    """Do some work in a copy of this process, and return the number of the copy."""
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def _usable(folder: Path) -> bool:
    """Return whether a folder may hold compiled code or can be made to."""
    if folder.is_dir():
        return True  # what it holds may be all that is needed
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


def _none_usable(folders: list[Path]) -> PermissionError:
    names = ", ".join(map(str, folders))
    return PermissionError(f"{names}: expected a folder that can be written, found none")


def _kept(folders: list[Path]) -> set[Any]:
    """Return the files of compiled passes in the folders, without the function that runs them."""
    found = {file for folder in folders if folder.is_dir() for file in folder.glob("*.nbc")}
    return {file for file in found if not file.name.startswith("run_passes-")}


# -- The command cache: show, verify or delete compiled code on disk ---------------------------


@click.command()
@click.option("--verify", is_flag=True, help="Check every file; exit code 1 if one is damaged.")
@click.option(
    "--clear", is_flag=True, help="Delete the compiled code; it is compiled again when needed."
)
def cache(verify: bool, clear: bool) -> int:
    """Show the folders of compiled code (CXSIM_CACHE_DIR, else your cache folder)."""
    from cxsim.engine.code_folders import cache_folders, look_into

    wrong = 0
    for folder in map(look_into, cache_folders()):
        say(f"{folder.path}: {len(folder.files):,} compiled passes, {folder.bytes / 2**20:.1f} MiB")
        if folder.old:
            say(f"  {len(folder.old):,} of earlier versions, not used (--clear deletes them)")
        if folder.refusal is not None:
            wrong += verify
            say(f"  not used: {folder.refusal}")
        if verify:
            damaged = folder.damaged()
            wrong += len(damaged)
            for line in damaged:
                say(f"  {line}")
            say(f"  {len(folder.files) - len(damaged):,} of {len(folder.files):,} are whole")
        if clear:
            say(f"  {folder.clear():,} files deleted")
    return 1 if wrong and not clear else 0


# -- The command trust: folders whose code may be imported; notes of `check` on such code ------


@click.command()
@click.argument("folders", nargs=-1, metavar="[FOLDER...]")
@click.option("--remove", is_flag=True, help="Remove the folders from the list.")
def trust(folders: tuple[str, ...], remove: bool) -> None:
    """Allow scenarios and studies in FOLDER to import their own code; alone, list such folders.

    A file may name a policy as module:Class. Such a policy is a program that can do anything you
    can do. It is imported when a run starts, from the file's own folder (not from folders below
    or above), and only if you trust that folder, so read it first. The list is kept for you on
    this machine. For batch work, the environment variable CXSIM_TRUST lists folders, separated as
    in PATH.
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
    """Return a note for each policy whose code was not loaded; check the code where it is trusted.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of str
        Empty where all code is loaded.

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
