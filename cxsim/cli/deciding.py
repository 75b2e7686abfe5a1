"""The command that decides: decide."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from cxsim.cli.failing import UserError
from cxsim.cli.saying import say
from cxsim.cli.screen import Screen
from cxsim.cli.studies import named_place, print_unstated
from cxsim.cli.tables import WIDTH, print_table
from cxsim.cli.values import SECONDS
from cxsim.cli.verdicts import print_verdicts
from cxsim.notebook.catalogue import find_notebook
from cxsim.notebook.parameters import join_overrides

__all__ = ["COMMANDS"]


@click.command()
@click.argument("scenario", required=False, default="baseline")
@click.option("--firm", metavar="NAME", help="The firm that decides [default: the first].")
@click.option("--panel", metavar="DATA", help="Purchases to calibrate to, in place of a scenario.")
@click.option(
    "--options", metavar="FILE", help="Strategic options [default: capabilities, timing, price]."
)
@click.option(
    "--uncertainties",
    metavar="FILE",
    help="Uncertain inputs and their ranges [default: stated in the report].",
)
@click.option("--rival", metavar="NAME", help='Who copies the firm; "none" for nobody.')
@click.option("--points", metavar="N", help="Futures [default: 48].")
@click.option("--seeds", metavar="N", help="Paired seeds of each future [default: 3].")
@click.option("--confidence", metavar="SHARE", help="Of the intervals [default: 0.95].")
@click.option(
    "-s",
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Another value, as in firms.Tailor.price=12. May come more than once.",
)
@click.option("-j", "--jobs", metavar="N", help="Runs at a time.")
@click.option("-o", "--output", metavar="DIR", help="Where results go [default: results/...].")
@click.option(
    "--timeout",
    type=SECONDS,
    metavar="SECONDS",
    help="Give up after this time.",
)
def decide(
    scenario: str, overrides: tuple[str, ...], output: str | None, timeout: float | None,
    **options: Any,
) -> None:  # fmt: skip
    """Recommend an option for a firm of a SCENARIO under uncertainty, and write a report.

    Every option runs in the same futures: options and uncertainties are files of YAML, or
    YAML itself. Prints the recommendation, whether it is robust, and options by mean, regret and
    worst future.
    """
    given = {name: value for name, value in options.items() if value is not None}
    given["scenario"] = scenario
    if overrides:
        given["overrides"] = join_overrides(overrides)
    _check(given)
    from cxsim.notebook.runner import run_notebook

    name = str(given.get("panel") or scenario)
    with Screen(f"cxsim decide {name}") as screen:
        result = run_notebook(
            find_notebook("decide"), given, output_folder=output or named_place("decide", [name]),
            timeout=timeout, progress=screen,
        )  # fmt: skip
    _print(result)
    print_verdicts(result.summary)
    print_unstated(result)
    say(f"\nReport: {result.report}")


def _check(given: dict[str, Any]) -> None:
    """Find what is wrong with options and uncertainties before a kernel starts.

    Raises
    ------
    ScenarioError, UserError
        If they, or the panel, are not valid.
    """
    from cxsim.notebook.parameters import checked

    values = checked(find_notebook("decide"), given)
    if values.get("panel"):
        from cxsim.calibration import CalibrationError, panel_or_example

        try:
            panel_or_example(values["panel"])
        except CalibrationError as error:
            raise UserError(str(error)) from None
        return
    from cxsim.notebook.parameters import split_overrides
    from cxsim.study.decision.decide import plan_decision

    plan_decision(
        values["scenario"], values.get("firm", ""), options=values.get("options", ""),
        uncertainties=values.get("uncertainties", ""), rival=values.get("rival", ""), points=16,
        overrides=split_overrides(values.get("overrides", "")),
    )  # fmt: skip


def _print(result: Any) -> None:
    import pandas as pd

    say(textwrap.fill(result.summary["answer"], WIDTH) + "\n")
    if result.summary.get("worth"):
        say(textwrap.fill(result.summary["worth"], WIDTH) + "\n")
    frame = pd.DataFrame(result.summary["options"])
    rows = [
        [
            row["option"],
            *(f"{row[name]:,.0f}" for name in _COLUMNS),
            f"{100 * row['best_share']:.0f} %",
        ]
        for row in frame.to_dict("records")
    ]
    print_table(["", *(name.replace("_", " ") for name in _COLUMNS), "best in"], rows, left=1)


_COLUMNS = ("mean", "lower", "upper", "largest_regret", "worst")

COMMANDS = (decide,)
