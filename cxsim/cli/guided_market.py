"""The command market, and the parts of new and check that belong to a guided market."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from cxsim.cli.terminal import Screen, UserError, count_option, print_table, say, say_lines

if TYPE_CHECKING:
    from cxsim.calibration.market_scenario import GuidedMarket, MarketFit

# -- The command market: from answers to a calibrated scenario -----------------------------------


@click.command()
@click.argument("answers", metavar="FILE")
@click.option(
    "-o", "--output", metavar="FILE",
    help="Scenario file to write [default: NAME.scenario.yaml beside FILE].",
)  # fmt: skip
@count_option(
    "--seeds", low=2, high=1000, default=4, show_default=True, help="Seeds to average over."
)
@count_option(
    "-j", "--jobs", high=256, default=1, show_default=True, help="Number of parallel runs."
)
@count_option("--customers", high=1_000_000, default=2000, show_default=True,
              help="Customers simulated.")  # fmt: skip
def market(answers: str, output: str | None, seeds: int, jobs: int, customers: int) -> int:
    """Make a calibrated scenario of a market from what its managers know.

    FILE holds answers, a workbook or YAML as written by `cxsim new market`. Writes the scenario,
    the targets and my firm's options beside it. Prints churn as stated and as simulated, and what
    is left open. Exit code 1 if churn or the number of customers is off.
    """
    from cxsim.calibration import CalibrationError
    from cxsim.calibration.market_scenario import checked_answers, fit_market, longest_minutes

    made = checked_answers(answers)
    print_open(made)
    start, kept = _names(answers, output)
    written = _written(made, answers, start, kept)
    minutes = longest_minutes(made, seeds=seeds, jobs=jobs, settings={"customers": customers})
    say(f"Calibration takes up to about {max(1.0, minutes):.0f} minutes on this machine.\n")
    try:
        with Screen(f"cxsim market {answers}") as screen:
            fit = fit_market(
                made, seeds=seeds, jobs=jobs, settings={"customers": customers}, progress=screen
            )
    except CalibrationError as error:
        raise UserError(str(error)) from error
    _print_fit(fit)
    path = fit.result.save(kept["scenario"])
    _write(kept["targets"], {"base": start.name, **fit.targets}, answers)
    say()
    for what, file in {**written, "targets": kept["targets"], "scenario": path}.items():
        say(f"{what.capitalize()}: {file}")
    say(f"\nNext: cxsim decide {path} --options {kept['options']}")
    return 1 if fit.reasons() else 0


def _names(answers: str, output: str | None) -> tuple[Path, dict[str, Path]]:
    """Return the file of the scenario to start from, and the other files to write."""
    given = Path(answers)
    stem = given.name.split(".", maxsplit=1)[0]
    names = {
        what: given.with_name(f"{stem}.{what}.yaml") for what in ("scenario", "targets", "options")
    }
    if output:
        names["scenario"] = Path(output)
    if given in names.values():
        raise UserError(f"{answers}: expected answers under another name, found a file to write")
    return given.with_name(f"{stem}.start.yaml"), names


def _written(
    made: GuidedMarket, answers: str, start: Path, names: Mapping[str, Path]
) -> dict[str, Path]:
    """Write the scenario to start from, the options and (of a workbook) the answers."""
    from cxsim.calibration.market_forms import answers_text
    from cxsim.files.whole import whole_file

    kept = start.with_name(start.name.replace(".start.", ".market."))
    workbook = answers.lower().endswith(".xlsx")
    if workbook and kept.exists() and not kept.read_text(encoding="utf-8").startswith(_DERIVED):
        text = "expected answers derived from a workbook, found a file of your own"
        raise UserError(f"{kept}: {text} (move it, or give the workbook another name)")
    written = {"start": start, "options": names["options"]}
    _write(start, made.scenario, answers)
    _write(names["options"], {"options": made.options}, answers)
    if workbook:
        with whole_file(kept) as draft:
            draft.write_text(_note(answers) + answers_text(made.answers), encoding="utf-8")
        written = {"answers": kept, **written}
    return written


def _write(path: Path, data: Mapping[str, Any], answers: str) -> None:
    """Write what is derived from answers as YAML, with a note that says so."""
    from cxsim.files.whole import whole_file
    from cxsim.scenario.yaml_text import to_yaml

    with whole_file(path) as draft:
        draft.write_text(_note(answers) + to_yaml(dict(data)), encoding="utf-8")


#: How files begin that are written anew each time.
_DERIVED = "# Derived from "


def _note(answers: str) -> str:
    return f"{_DERIVED}{Path(answers).name} by cxsim market: change the answers, not this.\n"


def print_open(made: GuidedMarket) -> None:
    """Print what nobody answered, and what was taken instead.

    Parameters
    ----------
    made : GuidedMarket
    """
    say("Left open, with what is taken and the range in decisions:")
    costs: dict[str, list[str]] = {}
    for each in made.open:
        if each.taken is None:
            costs.setdefault(each.path.split(".")[1], []).append(each.path.rpartition(".")[2])
            continue
        ends = "" if each.low is None else f", {each.low:.4g} to {each.high:.4g}"
        text = f"{each.text}: {each.taken:.4g}{ends} ({each.why})"
        say_lines(text, first="  ", rest="    ")
    for firm, names in costs.items():
        text = f"{firm}: no {', '.join(name.replace('_', ' ') for name in names)} stated"
        say_lines(f"{text}; a decision of the firm ranges over it", first="  ", rest="    ")
    say()


def _print_fit(fit: MarketFit) -> None:
    say_lines(fit.result.headline(), after="\n")
    rows = [
        [row["firm"], f"{100 * row['stated']:.2f} %", f"{100 * row['give_or_take']:.2g}",
         f"{100 * row['simulated']:.2f} %", "" if row["within"] else "off"]
        for row in fit.churn.to_dict("records")
    ]  # fmt: skip
    print_table(["total churn", "stated", "+-", "simulated", ""], rows, left=1)
    first, last = fit.customers
    say_lines(f"Customers of all firms: {first:,.0f} at the start, {last:,.0f} at the end.")
    if fit.by_firm:
        say_lines(
            "One switching cost for all cannot meet the churn of each firm: every firm has a "
            "leaving cost of its own."
        )
    say()
    say_lines(fit.price_words())
    say_lines(fit.unidentified())
    _print_history(fit)
    for reason in fit.reasons():
        say_lines(reason)


def _print_history(fit: MarketFit) -> None:
    """Print shares of earlier years as stated and as simulated, if any were stated."""
    if fit.history.empty:
        return
    say()
    rows = [
        [row["firm"], f"{row['years_ago']}", f"{100 * row['stated']:.1f} %",
         f"{100 * row['simulated']:.1f} %"]
        for row in fit.history.to_dict("records")
    ]  # fmt: skip
    print_table(["share", "years ago", "stated", "simulated"], rows, left=1)
    say_lines(fit.history_words())


# -- The parts of new and check ----------------------------------------------------------------


def print_market(file: str) -> None:
    """Check a file of answers or a workbook, and print what it leaves open.

    Parameters
    ----------
    file : str

    Raises
    ------
    ScenarioError
        If an answer is not valid.
    """
    from cxsim.calibration.market_scenario import checked_answers

    made = checked_answers(file)
    say(f"{file}: ok")
    say(f"  firms   {', '.join(made.answers.firms)}; my firm is {made.answers.my_firm}")
    say(f"  moves   {', '.join(made.answers.moves or {}) or 'none'}")
    print_open(made)


def new_market(file: str | None, workbook: str | None, *, ask: bool) -> None:
    """Write a file of answers, a workbook or both; ask in the terminal for what must be known.

    Parameters
    ----------
    file : str or None
        YAML file of answers; default ``my.market.yaml`` unless there is a workbook.
    workbook : str or None
    ask : bool
        Whether to ask.

    Raises
    ------
    UserError
        If a file exists already, or has another suffix.
    """
    from cxsim.calibration.market_forms import answers_text, write_workbook
    from cxsim.files.whole import whole_file

    if file is None and workbook is None:
        file = "my.market.yaml"
    for name, suffix in ((file, (".yaml", ".yml")), (workbook, (".xlsx",))):
        if name is not None and not name.lower().endswith(suffix):
            raise UserError(f"{name}: expected a file name that ends in {suffix[0]}, found another")
        if name is not None and Path(name).exists():
            raise UserError(f"{name}: expected a new file, found one that exists")
    given = _ask() if ask else {}
    if file is not None:
        with whole_file(file) as draft:
            draft.write_text(answers_text(given), encoding="utf-8")
        say(f"{file}: created; fill it in, then: cxsim market {file}")
    if workbook is not None:
        write_workbook(workbook, given)
        say(f"{workbook}: created; fill it in, then: cxsim market {workbook}")


#: Questions that need no answer and are asked in the terminal all the same.
_ASKED = ("churn", "price_response", "leaving", "contract_months")


def _ask() -> dict[str, Any]:
    """Ask for what must be known, and for churn and price response."""
    from cxsim.calibration.market_questions import Answers, FirmAnswers, questions

    made: dict[str, Any] = {}
    for each in questions(Answers):
        if not each.unknown or each.key in _ASKED:
            made[each.key] = _answer(Answers, each)
    names = click.prompt("Firms, separated by commas", type=str)
    made["firms"] = {}
    for name in filter(None, map(str.strip, names.split(","))):
        say(f"{name}:")
        made["firms"][name] = {
            each.key: _answer(FirmAnswers, each)
            for each in questions(FirmAnswers)
            if not each.unknown or each.key in _ASKED
        }
    return made


def _answer(of: Any, each: Any) -> Any:
    """Ask one question until the answer is valid; an empty answer is none where it may be."""
    from pydantic import TypeAdapter, ValidationError

    from cxsim.messages import found
    from cxsim.scenario.yaml_text import YamlError, parse

    info = of.model_fields[each.key]
    limited: Any = info.annotation
    for limit in info.metadata:
        limited = Annotated[limited, limit]
    kind: TypeAdapter[Any] = TypeAdapter(limited)
    unit = " or ".join(each.words) or each.unit
    while True:
        text = click.prompt(f"{each.text} ({unit})", default="" if each.unknown else None,
                            show_default=False, type=str)  # fmt: skip
        if not text and each.unknown:
            return None
        try:
            value = text if each.kind in ("text", "word") else parse(text).value
            return kind.validate_python(value, strict=True)
        except (ValidationError, YamlError):
            say(f"expected {unit}, found {found(text)}", err=True)
