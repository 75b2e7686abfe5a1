"""The commands run, compare and diff: simulate scenarios, and show how their parameters differ."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import click

from cxsim.cli.terminal import (
    SECONDS,
    Screen,
    UserError,
    count_option,
    print_table,
    say,
    say_lines,
    within_memory,
)  # fmt: skip
from cxsim.files.whole import file_name
from cxsim.messages import Problem, found, hint
from cxsim.model.mechanism_registry import BY_WORD
from cxsim.report.notebook_parameters import join_overrides
from cxsim.report.notebooks import find_notebook, shipped_notebooks
from cxsim.scenario import Scenario, ScenarioError, shipped_scenarios

# -- The commands run, compare and diff --------------------------------------------------------


#: Options of every command that writes a report.
OVERRIDES = click.option(
    "-s", "--set", "overrides", multiple=True, metavar="PATH=VALUE",
    help="Override a parameter, as in firms.Tailor.price=12. May be repeated.",
)  # fmt: skip

OUTPUT = click.option(
    "-o", "--output", metavar="DIR", help="Folder for the results [default: results/...]."
)

TIMEOUT = click.option("--timeout", type=SECONDS, metavar="SECONDS", help="Time limit.")


#: Options of every command whose report opens with a brief.
BRIEF = (
    click.option(
        "--export", "exports", multiple=True, metavar="FILE",
        help="Also write the brief as slides (.pptx) or as a workbook (.xlsx). May be repeated.",
    ),
    click.option("--author", metavar="TEXT", help="Author in the heading of the report."),
    click.option("--date", metavar="TEXT", help="Date in the heading of the report."),
    click.option("--logo", metavar="FILE", help="Picture in the heading: a PNG or JPEG file."),
)  # fmt: skip


def brief_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options :data:`BRIEF`."""
    for option in reversed(BRIEF):
        command = option(command)
    return command


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that run and compare have in common."""
    options = [
        click.option("--firm", metavar="NAME", help="My firm: the answer is about it "
                     "[default: that of the scenario's perspective, or one that is named]."),
        click.option("--goal", type=click.Choice(tuple(BY_WORD), case_sensitive=False),
                     help="What my firm wants more of [default: the perspective's, or profit]."),
        click.option("--seeds", metavar="N", help="Number of seeds, 1 to 10000."),
        OVERRIDES,
        click.option(
            "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
            help="Set a parameter of the notebook, as in svg=true. May be repeated.",
        ),
        OUTPUT,
        TIMEOUT,
        *BRIEF,
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO")
@_shared
@click.option("--seed", metavar="N", help="First seed.")
@click.option("--all", "every", is_flag=True, help="Run several scenarios, with a report for each.")
@count_option(
    "-j", "--jobs", "together", high=256, default=1, metavar="N",
    help="With --all: number of notebooks run in parallel.",
)  # fmt: skip
@click.option(
    "--checkpoint", metavar="FILE",
    help="One long run without a report, saved to FILE; it continues from FILE if that exists.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="With --checkpoint: FILE must exist.")
@click.option(
    "--vary", "varied", multiple=True, metavar="NAME=VALUES",
    help="One notebook and report for each value of a parameter, as in "
    "firms.Tailor.price=16..24/5 (five values) or seeds=5,20; or a file of values. May be "
    "repeated: all combinations are run. What is there already is not run again.",
)  # fmt: skip
def run(scenarios: tuple[str, ...], **options: Any) -> int:
    """Run a SCENARIO or a notebook, and write a report.

    Prints the key figures of every firm with their standard errors.
    """  # fmt: skip
    if options["exports"] and (options["every"] or options["checkpoint"]):
        raise UserError("--export: expected one report, found --all or --checkpoint")
    if options["varied"]:
        return run_varied(scenarios, options)
    if options["every"]:
        _check_firm(options["firm"], scenarios, options["overrides"])
        return run_all(scenarios, _given(options), options)
    if len(scenarios) > 1:
        what = f"expected one scenario, found {len(scenarios)} (--all runs several)"
        raise UserError(f"run: {what}")
    if options["checkpoint"] or options["resume"]:
        return run_long(scenarios[0], options)
    _run_one(scenarios[0], options)
    return 0


def _run_one(scenario: str, options: Mapping[str, Any]) -> None:
    """Run one scenario or notebook, and print its key figures."""
    given = _given(options)
    notebook = _notebook_meant(scenario)
    name = scenario if notebook is None else notebook.stem
    if notebook is None:
        notebook, given["scenario"] = find_notebook("scenario"), scenario
        _check_firm(options["firm"], [scenario], options["overrides"])
        announce([scenario], options["overrides"], *_size(given, seeds=5))
    place, title = named_place("run", [name]), f"cxsim run {scenario}"
    result = run_shown(notebook, given, options, place, title, meanwhile=_load_tables)
    _print_firms(result)
    print_end(result)
    export_brief(result, options["exports"])


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="BASELINE OTHER...")
@_shared
@click.option(
    "--confidence", metavar="SHARE", help="Confidence level of the intervals [default: 0.95]."
)
@click.option(
    "--draws", metavar="FILE",
    help="Draws of estimated parameters (CSV, Parquet), as cxsim calibrate writes: every scenario "
    "runs with every draw.",
)  # fmt: skip
@click.option("-j", "--jobs", metavar="N", help="Number of parallel runs.")
def compare(scenarios: tuple[str, ...], **options: Any) -> None:
    """Compare scenarios with the first one over paired seeds, and write a report.

    Paired seeds give all scenarios the same customers and the same random events, so that
    differences are due to the scenarios. Prints differences with confidence intervals.
    """
    if len(scenarios) < 2:
        raise UserError(f"compare: expected two or more scenarios, found only {scenarios[0]!r}")
    for name in scenarios:
        if "," in name:
            raise UserError(f"compare: expected a name without commas, found {name!r}")
    given = {**_given(options), "scenarios": ",".join(scenarios)}
    title = f"cxsim compare {' '.join(scenarios)}"
    notebook = find_notebook("compare")
    _check_firm(options["firm"], scenarios, options["overrides"])
    seeds, jobs = _size(given, seeds=20)
    announce(scenarios, options["overrides"], seeds * _rows(given.get("draws")), jobs)
    result = run_shown(notebook, given, options, named_place("compare", scenarios), title)
    _print_differences(result)
    print_end(result)
    export_brief(result, options["exports"])


@click.command()
@click.argument("left")
@click.argument("right")
@click.option("-s", "--set", "overrides", multiple=True, metavar="PATH=VALUE",
              help="Override a parameter in both.")  # fmt: skip
def diff(left: str, right: str, overrides: tuple[str, ...]) -> None:
    """Show the parameters in which two scenarios differ."""
    a, b = Scenario.load(left, overrides), Scenario.load(right, overrides)
    rows = [[_shown(cell) for cell in row] for row in a.diff(b).values.tolist()]
    if not rows:
        say(f"{left} and {right} have the same parameters")
        return
    print_table(["parameter", left, right], rows, left=3)


def _shown(value: Any) -> str:
    return "null" if value is None else str(value)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the notebook's parameters that the options set, as text."""
    given: dict[str, Any] = {}
    for text in options["parameters"]:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UserError(f"-p: expected NAME=VALUE, found {text!r}")
        given[name.strip()] = value
    for name in ("seed", "seeds", "confidence", "draws", "jobs", "firm", "goal"):
        if options.get(name) is not None:
            given[name] = options[name]
    if options["overrides"]:
        given["overrides"] = join_overrides(options["overrides"])
    return given | check_brief(options)


def check_brief(options: Mapping[str, Any]) -> dict[str, str]:
    """Refuse exports and a logo that cannot be, before any work; return the heading.

    Parameters
    ----------
    options : mapping
        Of a command with the options :data:`BRIEF`.
    """
    for name in options.get("exports") or ():
        if Path(name).suffix.lower() not in (".pptx", ".xlsx"):
            raise UserError(f"--export: expected a file .pptx or .xlsx, found {name!r}")
        if not Path(name).absolute().parent.is_dir():
            raise UserError(f"--export: expected a folder that is there, found none for {name!r}")
    logo = options.get("logo")
    if logo and not Path(logo).is_file():
        raise UserError(f"--logo: expected a PNG or JPEG file, found none called {logo!r}")
    parts = [options.get("author") or "", options.get("date") or ""]
    if any(";" in part for part in parts):
        raise UserError("--author and --date: expected a text without semicolons, found one")
    parts.append(str(Path(logo).resolve()) if logo else "")
    return {"byline": "; ".join(parts)} if any(parts) else {}


def export_brief(result: Any, exports: Iterable[str]) -> None:
    """Write the brief of a notebook's result to the files asked for, and say where.

    Parameters
    ----------
    result : NotebookResult
    exports : iterable of str
        Names that end in .pptx or .xlsx.
    """
    for name in exports:
        from cxsim.report.brief import Brief

        say(f"Export: {Brief.load(result.folder).export(name)}")


def _check_firm(firm: str | None, scenarios: Iterable[str], overrides: Iterable[str]) -> None:
    """Refuse a firm that a scenario does not have."""
    for name in scenarios if firm else ():
        market = Scenario.load(name, list(overrides))
        if firm not in market.firms:
            near = hint(firm, market.firms)
            raise UserError(f"--firm: expected a firm of {market.name}, found {found(firm)}{near}")


def _size(given: Mapping[str, Any], *, seeds: int) -> tuple[int, int]:
    """Return the numbers of seeds and jobs asked for, or defaults where they are not numbers."""

    def number(name: str, default: int) -> int:
        text = str(given.get(name, default))
        return int(text) if text.isdigit() and 0 < int(text) <= 10_000 else default

    return number("seeds", seeds), number("jobs", 1)


def _rows(draws: str | None) -> int:
    """Return how many draws a file holds, 1 without one or in a file that is not text."""
    if draws is None:
        return 1
    if not Path(draws).is_file():
        raise UserError(f"--draws: expected a file, found none called {draws!r}")
    if not draws.endswith(".csv"):
        return 1
    lines = Path(draws).read_bytes().splitlines()
    return max(sum(not line.startswith(b"#") for line in lines) - 1, 1)


def _notebook_meant(text: str) -> Path | None:
    """Return the notebook that a text means, None if it means a scenario."""
    scenarios, notebooks = shipped_scenarios(), shipped_notebooks()
    if text.endswith(".ipynb"):
        return find_notebook(text)
    if text in scenarios or Path(text).exists() or text.endswith((".yaml", ".yml")):
        return None
    if text in notebooks:
        return notebooks[text]
    near = hint(text, [*scenarios, *notebooks], listed=20)
    raise UserError(f"{text}: expected a scenario, a notebook or a file of one, found none{near}")


def named_place(verb: str, names: Iterable[str]) -> str:
    """Return ``results/VERB-NAMES`` with what a file name can hold.

    Parameters
    ----------
    verb : str
        Name of the command.
    names : iterable of str
        Of scenarios or notebooks.

    Returns
    -------
    str
        A folder, relative to the current one.
    """
    return str(Path("results") / file_name("-".join([verb, *(Path(name).stem for name in names)])))


def run_shown(
    notebook: Path,
    given: dict[str, Any],
    options: Mapping[str, Any],
    place: str,
    title: str,
    meanwhile: Callable[[], object] | None = None,
) -> Any:
    """Run a notebook with its progress on the screen.

    Parameters
    ----------
    notebook : Path
    given : dict
        Its parameters.
    options : mapping
        Of the command: ``output`` in place of ``place``, and ``timeout``.
    place : str
        Where results go.
    title : str
        What the screen calls it.
    meanwhile : callable, optional
        Called once while the kernel starts: work that would cost time later.
    """
    from cxsim.report.notebook_run import run_notebook

    with Screen(title) as screen:
        return run_notebook(
            notebook,
            given,
            output_folder=options["output"] or place,
            timeout=options["timeout"],
            progress=screen,
            meanwhile=meanwhile,
        )


def _load_tables() -> None:
    """Import what printing needs, which takes a second or two."""
    import cxsim.report.tables  # noqa: F401


def _print_differences(result: Any) -> None:
    """Print what the notebook found, which its summary holds as text."""
    found = result.summary["in_words"]
    say_lines(found["headline"], after="\n")
    say_lines(found["worth"])
    baseline, percent = found["baseline"], f"{100 * found['confidence']:g} %"
    for (name,), here in _grouped(found["differences"], "scenario").items():
        say(
            f"\n{name} against {baseline}: {len(result.summary['seeds'])} paired seeds, "
            f"standard errors in brackets, {percent} intervals\n"
        )
        lines: list[list[str]] = []
        for what, part in _grouped(here, "measure", "unit", "summary").items():
            unit = f"{what[1]}, " if what[1] else ""
            lines.append([f"{what[0]} ({unit}{what[2]})"])
            lines += [
                [
                    f"  {row['firm']}",
                    f"{row['baseline']} ({row['baseline_se']})",
                    f"{row['other']} ({row['other_se']})",
                    row["difference"],
                    f"{row['lower']} to {row['upper']}",
                    "*" if row["sure"] else "",
                ]
                for row in part
            ]
        heading = ["", baseline, name, "difference", f"{percent} interval", ""]
        print_table(heading, lines, left=1)
    say(f"\n* statistically significant (the {percent} confidence interval excludes zero)")


def _grouped(
    rows: Iterable[Mapping[str, Any]], *names: str
) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    """Return rows by their values of some columns, in the order in which these first occur."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups


def print_end(result: Any) -> None:
    """Print verdicts on claims, values of programmes, parameters not stated, and the report's path.

    Parameters
    ----------
    result : NotebookResult
        Of the notebook that was run.
    """
    print_verdicts(result.summary)
    for line in result.summary.get("programmes", ()):
        say()
        say_lines(line)
    print_unstated(result)
    say(f"\nReport: {result.report}")


def print_unstated(result: Any) -> None:
    """Print which costs and other parameters the scenarios of a report do not state."""
    for line in result.summary.get("unstated", ()):
        say()
        say_lines(line)


def _print_firms(result: Any) -> None:
    """Print the key figures, if the notebook wrote some."""
    if "means" not in result.summary:
        return
    import pandas as pd

    from cxsim.charts.labels import Words
    from cxsim.report.tables import firm_rows

    words = Words(**result.summary["words"])
    # One seed has no standard error: null in the summary.
    means = pd.DataFrame(result.summary["means"]).astype({"mean": float, "se": float})
    periods = result.summary.get("periods")
    parts = means.groupby("scenario", sort=False) if "scenario" in means else [("", means)]
    tables = {name: firm_rows(here, words=words, periods=periods) for name, here in parts}
    rows = pd.concat(tables.values())
    labels = rows.drop_duplicates("measure")
    heads = [
        "\n".join([*textwrap.wrap(row["label"], 16), f"({row['unit']})" if row["unit"] else ""])
        for row in labels.to_dict("records")
    ]
    answer = words.say(result.summary["answer"], keep=labels["firm"])
    answer = f"{answer} Standard errors in brackets."
    say_lines(answer, after="\n")
    if result.summary.get("worth"):
        say_lines(words.say(result.summary["worth"], keep=labels["firm"]), after="\n")
    print_table(
        ["", *heads],
        [
            line
            for scenario, table in tables.items()
            for line in [[scenario]] * (len(tables) > 1) + _lines_of_firms(table)
        ],
        left=1,
    )
    say()
    for row in labels.to_dict("records"):
        say_lines(f"{row['label']} ({row['summary']}): {row['definition']}", rest="  ")


def _lines_of_firms(rows: Any) -> list[list[str]]:
    """Return a line for each firm: its name, and means with standard errors, as text."""
    return [
        [firm, *(f"{row['mean']} ({row['se']})" for _, row in here.iterrows())]
        for firm, here in rows.groupby("firm", sort=False)
    ]


# -- Before long work: what it will take, or why it cannot be done here ------------------------


#: Customers times periods times runs from which on work is called long (about a minute).
LONG = 400_000_000


#: Customers from which on memory is looked at, however short the work.
MANY = 5_000_000


def announce(names: Iterable[str], overrides: Iterable[str], seeds: int, jobs: int) -> None:
    """Say how long work will take and refuse what memory cannot hold; silent for short work.

    Parameters
    ----------
    names : iterable of str
        Scenarios, each run once per seed.
    overrides : iterable of str
        ``"PATH=VALUE"`` texts.
    seeds, jobs : int

    Raises
    ------
    UserError
        If memory cannot hold it.
    ScenarioError
        If a scenario or an override is not valid.
    """
    scenarios = [Scenario.load(name, list(overrides)) for name in names]
    work = sum(s.customers * (s.periods + s.warm_up) for s in scenarios) * seeds
    if work < LONG and max(s.customers for s in scenarios) < MANY:
        return
    from cxsim.study.pilot import estimate

    one, *others = [estimate(scenario, seeds, jobs) for scenario in scenarios]
    for other in others:
        one = one + other
    within_memory(one)
    say(f"This will take {one.sentence()}.", err=True)


# -- Several notebooks at a time, and one long run that can be stopped -------------------------


def run_all(scenarios: Sequence[str], given: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """Execute one notebook per scenario, some at a time; return 1 if any failed.

    All scenarios are checked before the first one starts. A notebook that fails leaves the
    others alone.

    Parameters
    ----------
    scenarios : sequence of str
        Names or files.
    given : mapping of str to object
        Parameters of the notebook.
    options : mapping of str to object
        Of the command.

    Returns
    -------
    int
        Exit code.
    """
    from cxsim.report.notebook_run import NotebookError, run_notebook

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


def run_varied(scenarios: Sequence[str], options: Mapping[str, Any]) -> int:
    """Execute one notebook for each value of what is varied; return 1 if any failed.

    Parameters
    ----------
    scenarios : sequence of str
        One scenario or notebook.
    options : mapping of str to object
        Of the command.

    Returns
    -------
    int
        Exit code.
    """
    from cxsim.report.notebook_sweep import vary

    for name in ("every", "checkpoint", "exports"):
        if options[name]:
            raise UserError(f"--vary: expected it without --{_OPTIONS.get(name, name)}, found both")
    if len(scenarios) > 1:
        raise UserError(f"--vary: expected one scenario or notebook, found {len(scenarios)}")
    given, notebook = _given(options), _notebook_meant(scenarios[0])
    if notebook is None:
        notebook, given["scenario"] = find_notebook("scenario"), scenarios[0]
        _check_firm(options["firm"], scenarios, options["overrides"])
    values = _values(options["varied"])
    place = options["output"] or named_place("vary", [Path(scenarios[0]).stem])
    with Screen(f"cxsim run {scenarios[0]} --vary") as screen:
        result = vary(
            notebook, values, parameters=given, folder=place, timeout=options["timeout"],
            progress=lambda name, done, total: screen(name or "notebooks", done, total),
        )  # fmt: skip
    rows = [
        [*map(str, point.values()), result.failed.get(number) or str(folder / "report.html")]
        for number, (point, folder) in enumerate(zip(result.points, result.folders, strict=True))
    ]
    print_table([*result.points[0], "report"], rows, left=len(rows[0]))
    say(f"\n{result.sentence()}.")
    say(f"Side by side: {result.index}")
    return 1 if result.failed else 0


#: Names of options in the words of the command line, where Python has others.
_OPTIONS = {"every": "all", "exports": "export"}


def _values(varied: Sequence[str]) -> Any:
    """Return the values that options name, or the one file of them."""
    from cxsim.report.notebook_sweep import values_of

    if len(varied) == 1 and "=" not in varied[0]:
        return varied[0]
    values: dict[str, list[Any]] = {}
    for name, listed in map(values_of, varied):
        values[name] = values.get(name, []) + listed
    return values


def run_long(scenario: str, options: Mapping[str, Any]) -> int:
    """Run one scenario once with checkpoints; print its last period."""
    from cxsim.report.notebook_parameters import declared
    from cxsim.runs import run
    from cxsim.runs.execution import Checkpoint, CheckpointError

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
            held = f"{file} holds the last saved state" if there else "nothing was saved yet"
            say(f"cxsim: stopped; {held}", err=True)
            return 1
    place = result.save(
        options["output"] or Path("results", file_name(f"long-{Path(scenario).stem}"))
    )
    last = result.firms[result.firms["period"] == result.firms["period"].max()]
    names = ["market_share", "retention_rate", "switching_cost", "profit"]
    rows = [
        [row["firm"], *(f"{row[name]:,.4g}" for name in names)] for row in last.to_dict("records")
    ]
    print_table([f"period {int(last['period'].iloc[0])}", *names], rows, left=1)
    say(f"\nSaved: {place}")
    return 0


# -- Claims and their verdicts, in the terminal ------------------------------------------------


def print_verdicts(summary: dict[str, Any]) -> None:
    """Print the claims of a report with their verdicts; nothing where no claim was tested."""
    for each in summary.get("verdicts", ()):
        title = f"Claim of {each['scenario']}, over {each['seeds']} paired seeds: "
        say()
        say_lines(title + " ".join(each["claim"].split()))
        for line in each["lines"]:
            say_lines(line, first="  ", rest="    ")
