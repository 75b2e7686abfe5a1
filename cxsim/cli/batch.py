"""Several notebooks at a time, and one long run that can be stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from cxsim.cli.failing import UserError
from cxsim.cli.saying import say
from cxsim.cli.screen import Screen
from cxsim.cli.tables import print_table
from cxsim.files import file_name
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.messages import Problem, found

__all__ = ["run_all", "run_long"]


def run_all(scenarios: Sequence[str], given: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """Execute one notebook per scenario, some at a time; return 1 if any failed.

    All scenarios are checked before the first one starts. A notebook that fails leaves the
    others alone.
    """
    from cxsim.notebook.catalogue import find_notebook
    from cxsim.notebook.kernel import NotebookError
    from cxsim.notebook.runner import run_notebook

    _check(scenarios, options["overrides"])
    folder = Path(options["output"] or "results")
    notebook = find_notebook("scenario")

    def one(name: str) -> Any:
        return run_notebook(
            notebook, {**given, "scenario": name},
            output_folder=folder / file_name(f"run-{Path(name).stem}"), timeout=options["timeout"],
        )  # fmt: skip

    ended: dict[str, str] = {}
    wrong = 0
    title = f"cxsim run --all: {len(scenarios)} notebooks"
    with Screen(title) as screen, ThreadPoolExecutor(options["together"]) as pool:
        futures = {pool.submit(one, name): name for name in scenarios}
        screen("running", 0, len(futures))
        try:
            for future in as_completed(futures):
                name = futures[future]
                try:
                    ended[name] = str(future.result().report)
                except (NotebookError, OSError, ValueError) as error:
                    wrong += 1
                    ended[name] = f"failed: {error}"
                screen("running", len(ended), len(futures))
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    print_table(["scenario", "report"], [[name, ended[name]] for name in scenarios], left=2)
    return 1 if wrong else 0


def _check(scenarios: Sequence[str], overrides: Sequence[str]) -> None:
    """Check every scenario, and that no two reports would go to one folder."""
    problems: list[Problem] = []
    for name in scenarios:
        try:
            Scenario.load(name, list(overrides))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    stems = [file_name(Path(name).stem) for name in scenarios]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise UserError(f"run --all: expected scenarios of different names, found {twice[0]} twice")


def run_long(scenario: str, options: Mapping[str, Any]) -> int:
    """Run one scenario once, saving it now and then; print its last period."""
    from cxsim.checkpoint import Checkpoint, CheckpointError
    from cxsim.notebook.catalogue import find_notebook
    from cxsim.notebook.parameters import declared
    from cxsim.runs import run

    file = options["checkpoint"]
    if file is None:
        raise UserError("--resume: expected --checkpoint FILE with it")
    if options["seeds"] not in (None, "1"):
        raise UserError("--checkpoint: expected one run (--seed N says which), found --seeds")
    if options["resume"] and not Checkpoint(file).exists():
        raise UserError(f"--resume: expected a checkpoint, found no file {file}")
    text = options["seed"] or "0"
    expected = declared(find_notebook("scenario"))["seed"]  # what a report would take
    try:
        seed = expected.value(text)
    except ValueError:
        raise UserError(f"--seed: expected {expected.expected}, found {found(text)}") from None
    settings = Scenario.load(scenario, options["overrides"])
    with Screen(f"cxsim run {scenario}") as screen:
        try:
            result = run(
                settings, seed=seed, checkpoint=file,
                progress=lambda done, total: screen("simulating", done, total),
            )  # fmt: skip
        except CheckpointError as error:
            raise UserError(str(error)) from None
        except KeyboardInterrupt:
            there = Checkpoint(file).exists()
            held = f"{file} holds the last save" if there else "it was too early for a save"
            say(f"cxsim: stopped; {held}", err=True)
            return 1
    place = result.save(
        options["output"] or Path("results", file_name(f"long-{Path(scenario).stem}"))
    )
    last = result.firms[result.firms["period"] == result.firms["period"].max()]
    names = ["share", "retention", "switching_cost", "profit"]
    rows = [
        [row["firm"], *(f"{row[name]:,.4g}" for name in names)] for row in last.to_dict("records")
    ]
    print_table([f"period {int(last['period'].iloc[0])}", *names], rows, left=1)
    say(f"\nSaved: {place}")
    return 0
