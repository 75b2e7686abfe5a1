"""The commands of studies: sweep, sensitivity, replay and store."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cxsim.cli.run_and_compare import brief_options, check_brief, export_brief
from cxsim.cli.terminal import (
    SECONDS,
    Bar,
    UserError,
    count_option,
    print_table,
    say,
    say_lines,
    within_memory,
)  # fmt: skip
from cxsim.messages import hint
from cxsim.model.mechanism_registry import BY_WORD
from cxsim.scenario import ScenarioError

# -- Commands about many runs: sweep, and replay of one of them --------------------------------


#: Seconds of work below which starting processes costs more than they save.
SHORT = 8.0


_STORE = click.option(
    "--store", metavar="DIR", help="Folder of the store [default: results/sweep-NAME]."
)


@click.command()
@click.argument("study", metavar="STUDY")
@_STORE
@count_option(
    "-j", "--jobs", high=4096, metavar="N",
    help="Worker processes [default: one per processor, none for short work].",
)  # fmt: skip
@click.option(
    "--executor",
    default="processes",
    show_default=True,
    metavar="KIND",
    help="What runs the study: processes, threads of one process, or the address of a Dask "
    "scheduler; 'local' starts a Dask cluster here.",
)
@click.option("--shard", metavar="I/N", help="Run only part I of N, for array jobs.")
@count_option("--seeds", high=1_000_000, metavar="N", help="Override the number of paired seeds.")
@click.option("--timeout", type=SECONDS, metavar="SECONDS", help="Time limit per run.")
@click.option("--retry-failed", is_flag=True, help="Retry runs that failed before.")
@click.option("--dry-run", is_flag=True, help="Show what would be run, without running it.")
@click.option("--report", is_flag=True, help="Write a report of the results.")
@click.option("--firm", metavar="NAME", help="With --report: my firm.")
@click.option(
    "--goal",
    type=click.Choice(tuple(BY_WORD), case_sensitive=False),
    help="With --report: what my firm wants more of.",
)
@brief_options
def sweep(study: str, **options: Any) -> int:
    """Run a STUDY: a base scenario at many design points, over paired seeds.

    Stored runs are not repeated, so a study that was stopped continues where it was.
    """  # fmt: skip
    from cxsim.study.study import Study
    from cxsim.study.sweep import default_store
    from cxsim.study.workers import cores

    heading = check_brief(options)
    if options["exports"] and not options["report"]:
        raise UserError("--export: expected --report with it, found none")
    plan = Study.load(study)
    if options["seeds"]:
        plan = plan.with_seeds(options["seeds"])
    shard = _shard(options["shard"])
    folder = options["store"] or str(default_store(plan))
    jobs = options["jobs"] or cores()
    kind = _kind(options["executor"])
    seconds = _forecast(plan, folder, options, jobs, kind, shard)
    if options["dry_run"]:
        return 0
    if kind == "processes" and options["jobs"] is None and seconds * jobs < SHORT:
        kind, jobs = "inline", 1
    try:
        result = _sweep(plan, folder, kind, options, jobs, shard)
    except KeyboardInterrupt:
        say("cxsim: stopped; finished runs are stored, start again to continue", err=True)
        return 1
    failed = _print(result)
    if options["report"]:
        _report(study, {**options, **heading}, folder)
    return 1 if failed else 0


@click.command()
@click.argument("study", metavar="STUDY")
@_STORE
@count_option("-j", "--jobs", high=4096, metavar="N", help="Worker processes.")
@click.option(
    "-a", "--analysis", "analyses", multiple=True, metavar="NAME",
    help="Analysis to run instead of those that the study names. May be repeated.",
)  # fmt: skip
@click.option(
    "--output", "outputs", multiple=True, metavar="NAME",
    help="Output to analyse, as in market_share.Tailor [default: all]. May be repeated.",
)  # fmt: skip
def sensitivity(study: str, store: str | None, jobs: int | None, **options: Any) -> int:
    """Analyse which inputs drive the results of a STUDY; missing runs are made first."""
    from cxsim.study.study import Study
    from cxsim.study.sweep import sweep as run

    plan = Study.load(study)
    if not (plan.analysis or options["analyses"]):
        raise UserError(f"{study}: expected analyses in the study or by -a, found none")
    with SweepScreen(f"cxsim sensitivity {plan.name}") as screen:
        result = run(plan, store=store, jobs=jobs, progress=screen)
    try:
        found = result.findings(options["analyses"] or None, options["outputs"] or None)
    except (ImportError, ValueError) as error:
        raise UserError(str(error)) from None
    without = [f"{output}: {name}: {why}" for (output, name), why in found.items()
               if isinstance(why, str)]  # fmt: skip
    if len(without) == len(found):
        raise UserError("\n".join(without))
    for line in without:
        say(f"cxsim: left out: {line}", err=True)
    for finding in found.values():
        if isinstance(finding, str):
            continue
        say_lines(f"{finding.output}: {finding.sentence}", after="\n")
        say(finding.frame.head(12).to_string(index=False, float_format="{:.4g}".format))
        say()
    return 1 if len(result.failed) else 0


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--store", required=True, metavar="DIR", help="Store that holds the run.")
@click.option("-o", "--output", metavar="DIR", help="Folder to save the run in.")
def replay(run: str, store: str, output: str | None) -> int:
    """Repeat one RUN of a store exactly, and check that its outputs are identical to the bit.

    RUN is the digest of the run or the beginning of it. Exit code 1 if an output differs.
    """
    from cxsim.study.stored_runs import recompute
    from cxsim.study.stored_runs import replay as again

    place = _opened(store)
    row = place.row(run)
    say(f"run {row['run']}: seed {row['seed']}, {row['overrides']}", err=True)
    _, made_by = place.record(row["run"])
    if made_by is not None:
        versions = ", ".join(f"{k} {v}" for k, v in made_by["versions"].items() if v)
        say(f"made {made_by['time']} by {versions}, {made_by['platform']}", err=True)
    try:
        outputs = recompute(row["run"], store=place)
        saved = again(row["run"], store=place).save(output) if output else None
    except ScenarioError:
        raise
    except Exception as error:
        if type(error).__name__ == "StoreError":
            raise
        traceback.print_exc()  # a replay is asked for to see this
        return 1
    if row["status"] != "ok":
        say(f"stored as {row['status']}: {row['message']}; this time it succeeded")
        return 1
    lines = [
        [
            each["output"] if each["period"] < 0 else f"{each['output']} {each['period']}",
            f"{each['stored']!r}", f"{each['again']!r}", "" if each["equal"] else "differs",
        ]
        for each in outputs.to_dict("records")
    ]  # fmt: skip
    print_table(["output", "stored", "again", ""], lines, left=1)
    wrong = outputs.loc[~outputs["equal"], "output"]
    if len(wrong):
        names = ", ".join(dict.fromkeys(wrong))
        say(f"\n{len(wrong)} of {len(outputs)} numbers differ: {names}")
    else:
        say(f"\nAll {len(outputs)} numbers are equal to the bit.")
    if saved:
        say(f"\nSaved: {saved}")
    return 1 if len(wrong) else 0


def _kind(executor: str) -> str:
    """Return the kind of an executor, of which a Dask cluster is named by its address."""
    if executor in ("processes", "threads"):
        return executor
    if executor == "local" or ":" in executor:
        return "dask"
    near = hint(executor, ("processes", "threads", "local"), listed=0)
    raise UserError(
        "--executor: expected processes, threads, local or the address of a Dask scheduler "
        f"(tcp://HOST:PORT), found {executor!r}{near}"
    )


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    part, slash, parts = text.partition("/")
    if slash and part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts):
        return int(part), int(parts)
    raise UserError(f"--shard: expected I/N with I from 1 to N (3/20), found {text!r}")


def _opened(folder: str) -> Any:
    """Return a store that is there already."""
    from cxsim.study.store import Store

    if not (Path(folder) / "store.json").is_file():
        raise UserError(f"{folder}: expected a store of runs, found none")
    return Store(folder)


def _forecast(
    plan: Any, folder: str, options: Mapping[str, Any], jobs: int, kind: str, shard: Any
) -> float:
    """Print what a sweep will take, and return the seconds."""
    from cxsim.study.stored_runs import forecast

    there = _opened(folder) if (Path(folder) / "store.json").is_file() else None
    said = forecast(
        plan, there, workers=jobs, processes=kind == "processes", shard=shard,
        retry_failed=options["retry_failed"],
    )  # fmt: skip
    say(f"cxsim sweep {plan.name}: {said.sentence()}", err=True)
    if said.estimate is not None and kind != "dask":
        within_memory(said.estimate)
    return 0.0 if said.estimate is None else said.estimate.seconds


def _sweep(
    plan: Any, folder: str, kind: str, options: Mapping[str, Any], jobs: int, shard: Any
) -> Any:
    from cxsim.study.sweep import sweep as run

    with SweepScreen(f"cxsim sweep {plan.name}") as screen:
        return run(
            plan, store=folder, executor=kind, jobs=jobs, shard=shard,
            address=options["executor"] if kind == "dask" else None,
            timeout=options["timeout"], retry_failed=options["retry_failed"], progress=screen,
        )  # fmt: skip


class SweepScreen(Bar):
    """Progress of a sweep, called with a :class:`~cxsim.study.workers.SweepProgress`."""

    _said = 0

    def __call__(self, report: Any) -> None:
        """Show done, failed, rate and remaining time."""
        from cxsim.study.sweep import status_line

        if self._live:
            self._draw(report)
            return
        # In a log: when it begins, at each tenth, at the end.
        known = report.stored + report.done
        tenth = 10 * known // max(report.total, 1)
        if self._said == 0 or tenth >= self._said:
            self._said = tenth + 1
            say(f"{self._title}: {status_line(report)}", err=True)

    def _draw(self, report: Any) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                desc=self._title, total=report.total, initial=report.stored, unit=" runs",
                file=sys.stderr, leave=False, dynamic_ncols=True,
            )  # fmt: skip
        self._bar.total = report.total
        if report.failed:
            self._bar.set_postfix_str(f"{report.failed} failed", refresh=False)
        self._bar.n = report.stored + report.done
        self._bar.refresh()


def _print(result: Any) -> int:
    """Print a summary and the runs that failed; return the number of failed runs."""
    say(result.report.sentence())
    for each in result.report.rounds:
        say(
            f"{each['seeds']} of at most {each['budget']} seeds: {each['too_wide']} points have "
            f"an interval that is too wide (widest half width {each['widest']:.4g})"
        )
    failed = result.failed
    if len(failed):
        say(f"\n{len(failed):,} runs failed; the first of them:\n")
        rows = [
            [row["run"], row["status"], str(row["seed"]), row["message"]]
            for row in failed.head(5).to_dict("records")
        ]
        print_table(["run", "status", "seed", "message"], rows, left=4)
        first = failed.iloc[0]["run"]
        say(f"\nRepeat: cxsim replay {first} --store {result.store.folder}")
    say(f"\nStore: {result.store.folder}")
    return len(failed)


def _report(study: str, options: Mapping[str, Any], folder: str) -> None:
    from cxsim.cli.terminal import Screen
    from cxsim.report.notebook_run import run_notebook
    from cxsim.report.notebooks import find_notebook

    given = {"study": study, "seeds": options["seeds"] or 0, "store": str(Path(folder).resolve())}
    names = ("firm", "goal", "byline")
    given |= {name: options[name] for name in names if options.get(name)}
    with Screen("cxsim sweep: report") as screen:
        result = run_notebook(
            find_notebook("sweep"), given, output_folder=f"{folder}-report", progress=screen
        )
    say(f"Report: {result.report}")
    export_brief(result, options["exports"])


# -- Commands about stores of runs, and packages of them -------------------------------------------


@click.command()
@click.argument("folder", metavar="STORE")
@click.option("-o", "--output", metavar="DIR", help="The package [default: STORE-package].")
@click.option("--title", metavar="TEXT", help="Title [default: that of the first study].")
@click.option("--author", metavar="TEXT", help="Author of the package [default: not stated].")
@click.option(
    "--license", "licence", default="CC-BY-4.0", show_default=True, metavar="SPDX",
    help="Licence of the package, by its SPDX identifier.",
)  # fmt: skip
@click.option("--date", metavar="YYYY-MM-DD", help="Day of publication [default: today].")
def archive(folder: str, output: str | None, **options: Any) -> int:
    """Make the package of a STORE that a journal or repository takes (RO-Crate).

    Runs merged, studies, scenarios with all defaults, model description after ODD (HTML, DOCX),
    codebook, versions, lock file with hashes, container file, licence, citation, checksums.
    """
    from cxsim.study.archive import archive as archived

    given = {name: value for name, value in options.items() if value is not None}
    try:
        made = archived(_opened(folder), output or f"{folder.rstrip('/')}-package", **given)
    except FileExistsError as error:
        raise UserError(str(error)) from None
    say(made.sentence())
    say(f"Licence: {options['licence']}; author: {options['author'] or 'not stated (--author)'}")
    say(f"Check it anywhere: cxsim verify {made.folder} --sample 20")
    return 0


@click.command("verify")
@click.argument("package", metavar="PACKAGE")
@count_option(
    "--sample", low=0, high=1_000_000, default=20, show_default=True, metavar="N",
    help="Number of runs that are repeated as a sample.",
)  # fmt: skip
def verify_package(package: str, sample: int) -> int:
    """Check the files of a PACKAGE by their checksums, and repeat a sample of its runs.

    Exit code 1 if a file was changed or a run is not equal to the bit.
    """
    from cxsim.study.archive import verify as verified

    result = verified(package, sample=sample)
    for line in result.problems:
        say_lines(line)
    say(result.sentence())
    return 0 if result.holds else 1


@click.group()
def store() -> None:
    """Maintain stores of runs: status, compact, verify, adopt."""


@store.command()
@click.argument("folder", metavar="STORE")
def status(folder: str) -> int:
    """Show how far the studies of a STORE are: runs done and failed, who works, time left."""
    from cxsim.study.store_upkeep import status as found
    from cxsim.study.sweep import clock

    state = found(_opened(folder))
    rows = [
        [each.name, *(f"{n:,}" for n in (each.runs, each.done, each.runs - each.done, each.failed))]
        if each.done >= 0
        else [each.name, "not known (of a function)", "", "", ""]
        for each in state.studies
    ]
    print_table(["study", "runs", "done", "missing", "failed"], rows, left=1)
    say(f"\n{state.runs:,} runs in {state.files:,} files, {state.failed:,} failed")
    if state.workers:
        who = ", ".join(f"{name} ({runs:,})" for name, runs in state.workers.items())
        say(f"Finished within the last five minutes, by worker: {who}")
        left = f", {clock(state.seconds_left)} left" if state.missing else ""
        say(f"{state.rate:.3g} runs a second{left}")
    elif state.missing:
        say("Nobody works on it at the moment.")
    return 0


@store.command()
@click.argument("folder", metavar="STORE")
def compact(folder: str) -> int:
    """Merge the many small files of a STORE into few; a sweep may go on meanwhile."""
    from cxsim.study.store_upkeep import compact as compacted

    say(compacted(_opened(folder)).sentence())
    return 0


@store.command()
@click.argument("folder", metavar="STORE")
@count_option(
    "--sample", low=0, high=1_000_000, default=20, show_default=True, metavar="N",
    help="Number of runs that are repeated as a sample.",
)  # fmt: skip
def verify(folder: str, sample: int) -> int:
    """Check that all files of a STORE are as written, and repeat a sample of its runs.

    Exit code 1 if a file was damaged or a run is not equal to the bit.
    """
    from cxsim.study.store_upkeep import verify as verified

    result = verified(_opened(folder), sample=sample)
    for line in result.problems:
        say_lines(line)
    say(result.sentence())
    return 0 if result.holds else 1


@store.command()
@click.argument("folder", metavar="STORE")
@count_option(
    "--sample", high=1_000_000, default=20, show_default=True, metavar="N",
    help="Number of runs of each study that are repeated as a sample.",
)  # fmt: skip
def adopt(folder: str, sample: int) -> int:
    """Accept the runs of a STORE for changed code, if a repeated sample is identical to the bit.

    For changes of code that do not change numbers, such as optimizations.
    """
    from cxsim.study.stored_runs import adopt as adopted
    from cxsim.study.study import Study

    place = _opened(folder)
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
