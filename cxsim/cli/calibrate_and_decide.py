"""The commands calibrate (a scenario from data) and decide (a recommendation)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cxsim.cli.run_and_compare import OUTPUT, OVERRIDES, TIMEOUT, named_place, print_end, run_shown
from cxsim.cli.terminal import Screen, UserError, count_option, print_table, say, say_lines
from cxsim.files.whole import file_name
from cxsim.messages import cells
from cxsim.report.notebook_parameters import join_overrides
from cxsim.report.notebooks import find_notebook

# -- The command calibrate: a scenario from data -----------------------------------------------


@click.command()
@click.argument("data")
@click.option(
    "-o", "--output", metavar="FILE",
    help="Scenario file to write [default: results/calibrate-DATA.yaml].",
)  # fmt: skip
@click.option("--estimates", metavar="FILE", help="Also write the estimates, as CSV.")
@click.option(
    "--sample", metavar="FILE",
    help="Also write 200 draws of the parameters, as CSV, to use as design points of a study.",
)  # fmt: skip
@click.option("--base", metavar="SCENARIO", help="With targets: scenario to start from.")
@click.option(
    "--posterior", is_flag=True,
    help="With targets: draws of the posterior by simulation-based inference.",
)  # fmt: skip
@count_option(
    "--seeds", low=2, high=1000, default=4, show_default=True,
    help="With targets: number of seeds to average over.",
)  # fmt: skip
@count_option(
    "-j", "--jobs", high=256, default=1, show_default=True,
    help="With targets: number of parallel runs.",
)  # fmt: skip
@click.option("--customer", metavar="COLUMN", help="Column of customers.")
@click.option(
    "--period", metavar="COLUMN", help='Column of periods; "none" if rows are in order of purchase.'
)
@click.option("--choice", metavar="COLUMN", help="Column of the chosen firm.")
@click.option("--firm", metavar="COLUMN", help="Column of firms in a long panel.")
@click.option("--price", metavar="NAME", help="Price column, or the prefix of price columns.")
@click.option(
    "--feature", "features", metavar="NAME", multiple=True,
    help='Feature to use; "none" for none [default: all that every firm has].',
)  # fmt: skip
@click.option("--no-purchase", metavar="VALUE", help="Value of the choice column for no purchase.")
@click.option(
    "--initial-purchases", type=click.Choice(["drop", "use"]), default="drop", show_default=True,
    help="Initial purchases: condition on them (drop), or use them where the panel starts "
    "with each customer's first purchase.",
)  # fmt: skip
@click.option(
    "--form", type=click.Choice(["cost", "bonus"]), default="cost", show_default=True,
    help="How state dependence enters utility: cost of switching or bonus for staying.",
)  # fmt: skip
@count_option(
    "--permutations", low=0, high=1000, default=5, show_default=True,
    help="Random permutations of purchases in the control for spurious state dependence.",
)  # fmt: skip
@count_option(
    "--draws", low=10, high=10_000, default=200, show_default=True,
    help="Draws of brand preferences per customer in the simulated likelihood.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--currency", metavar="LABEL", help="Label of the currency.")
@click.option("--title", help="Title of the scenario.")
def calibrate(data: str, **options: Any) -> None:  # fmt: skip
    """Estimate a scenario from DATA: a purchase panel, or target moments.

    DATA is a table (CSV, Parquet, XLSX) with a row per purchase: customer, period, choice
    and a price per firm (price.Ann, price.Bob), or in long form: customer, period, firm,
    chosen, price. The published panels Yogurt and Catsup come with the extra "data".

    Or DATA is a YAML file of targets (shares, retention, prices, with standard errors) and
    of free parameters, for a scenario given by --base.
    """
    from cxsim.calibration import CalibrationError

    try:
        if Path(data).suffix.lower() in (".yaml", ".yml"):
            _from_targets(data, options)
        else:
            _from_panel(data, options)
    except CalibrationError as error:
        raise UserError(str(error)) from error


def _place(data: str) -> Path:
    """Return ``results/calibrate-DATA.yaml`` with what a file name can hold."""
    return Path("results") / f"{file_name(f'calibrate-{Path(data).stem}')}.yaml"


def _from_panel(data: str, options: dict[str, Any]) -> None:
    from cxsim.calibration import Columns, calibrate, read_panel, real_panel

    features = options["features"] or None
    columns = Columns(
        **{name: options[name] for name in ("customer", "period", "choice", "firm", "price")},
        features=() if features == ("none",) else features,
        no_purchase=options["no_purchase"],
    )
    with Screen(f"cxsim calibrate {data}") as screen:
        named = not Path(data).suffix and not Path(data).exists()
        panel = (
            real_panel(data)
            if named
            else read_panel(data, columns=columns, currency=options["currency"])
        )
        result = calibrate(
            panel,
            **{
                name: options[name]
                for name in ("initial_purchases", "form", "permutations", "draws", "seed")
            },
            progress=screen,
        )
    say_lines(result.headline(), after="\n")
    _print_estimates(result)
    path = result.save(options["output"] or _place(data), title=options["title"])
    _print_places(path, options, result.table, result.sample)


def _print_places(path: Path, options: dict[str, Any], table: Any, sample: Any) -> None:
    """Write draws and further files asked for, and print the paths of all files."""
    from cxsim.files.sealed import write_text
    from cxsim.files.whole import whole_file

    say()
    for what, frame in (("estimates", lambda: table), ("sample", sample)):
        if options[what]:
            with whole_file(options[what]) as draft:
                cells(frame()).to_csv(draft, index=False)
            say(f"{what.capitalize()}: {options[what]}")
    draws = path.with_suffix(".draws.csv")
    write_text(draws, sample().to_csv(index=False))
    say(f"Draws of the estimates: {draws} (for --draws of compare and decide)")
    say(f"Scenario: {path}")


def _from_targets(data: str, options: dict[str, Any]) -> None:
    from cxsim.calibration import match_moments

    with Screen(f"cxsim calibrate {data}") as screen:
        result = match_moments(
            data,
            base=options["base"],
            seed=options["seed"],
            seeds=options["seeds"],
            jobs=options["jobs"],
            posterior=options["posterior"],
            progress=screen,
        )
    say_lines(result.headline(), after="\n")
    rows = [
        [row["measure"], row["firm"], f"{row['target']:.4g}", f"{row['se']:.2g}",
         f"{row['model']:.4g}", f"{row['model_se']:.2g}", f"{row['z']:+.1f}"]
        for row in result.moments.to_dict("records")
    ]  # fmt: skip
    print_table(["target", "firm", "value", "se", "model", "se", "z"], rows, left=2)
    say()
    rows = [
        [row["path"], f"{row['estimate']:.4g}", f"{row['se']:.2g}", f"{row['low']:g}",
         f"{row['high']:g}", "" if row["pinned"] else "not identified",
         "at its bound" if row["at_bound"] else ""]
        for row in result.parameters.to_dict("records")
    ]  # fmt: skip
    print_table(["parameter", "estimate", "se", "lowest", "highest", "", ""], rows, left=1)
    path = result.save(options["output"] or _place(data), title=options["title"])
    _print_places(path, options, result.parameters, lambda: result.draws)


def _print_estimates(result: Any) -> None:
    panel = result.panel
    unused = f"; not used: {', '.join(panel.ignored)}" if panel.ignored else ""
    found = f"{panel.occasions} occasions, {panel.customers} customers, {len(panel.firms)} firms"
    say_lines(found + unused, after="\n")
    rows = [
        [
            row["parameter"],
            f"{row['estimate']:.3f}",
            f"{row['se']:.3f}",
            f"{row['robust_se']:.3f}",
            "" if row["worth"] != row["worth"] else f"{row['worth']:.3g} ({row['worth_se']:.2g})",
            "" if row["percent"] != row["percent"] else f"{row['percent']:.1f}",
        ]
        for row in result.table.to_dict("records")
    ]
    heads = ["", "estimate", "se", "robust se", f"value\n({panel.currency})", "% of\nmean price"]
    print_table(heads, rows, left=1)
    rows = [
        [row["model"], row["order"], f"{row['loyalty']:.2f}", f"{row['se']:.2f}"]
        for row in result.loyalty.to_dict("records")
    ]
    say()
    print_table(["state dependence", "order of purchases", "utils", "se"], rows, left=2)


# -- The command decide: a recommendation under uncertainty ------------------------------------


@click.command()
@click.argument("scenario", required=False, default="baseline")
@click.option("--firm", metavar="NAME", help="The firm that decides [default: the first].")
@click.option(
    "--panel", metavar="DATA", help="Purchase panel to calibrate to, instead of a scenario."
)
@click.option(
    "--options", metavar="FILE", help="Strategic options [default: capabilities, timing, price]."
)
@click.option(
    "--uncertainties", metavar="FILE",
    help="Uncertain inputs and their ranges [default: stated in the report].",
)  # fmt: skip
@click.option(
    "--draws", metavar="FILE",
    help="Draws of estimated parameters (CSV, Parquet), a row per future.",
)  # fmt: skip
@click.option("--rival", metavar="NAME", help='Rival that copies the firm; "none" for none.')
@click.option(
    "--points", metavar="N", help="Number of design points, called futures [default: 48]."
)
@click.option("--seeds", metavar="N", help="Paired seeds per future [default: 3].")
@click.option(
    "--confidence", metavar="SHARE", help="Confidence level of the intervals [default: 0.95]."
)
@OVERRIDES
@click.option("-j", "--jobs", metavar="N", help="Number of parallel runs.")
@OUTPUT
@TIMEOUT
def decide(
    scenario: str, overrides: tuple[str, ...], output: str | None, timeout: float | None,
    **options: Any,
) -> None:  # fmt: skip
    """Recommend an option for one firm of a SCENARIO under uncertainty, and write a report.

    Every option is simulated in the same futures. Options and uncertainties are YAML files, or
    YAML itself. Prints the recommendation, whether it is robust, and the mean, regret and worst
    future of every option.
    """
    given = {name: value for name, value in options.items() if value is not None}
    given["scenario"] = scenario
    if overrides:
        given["overrides"] = join_overrides(overrides)
    _check(given)
    name = str(given.get("panel") or scenario)
    how, place = {"output": output, "timeout": timeout}, named_place("decide", [name])
    result = run_shown(find_notebook("decide"), given, how, place, f"cxsim decide {name}")
    _print(result)
    print_end(result)


def _check(given: dict[str, Any]) -> None:
    """Check options and uncertainties before a kernel starts.

    Raises
    ------
    ScenarioError, UserError
        If they, or the panel, are not valid.
    """
    from cxsim.report.notebook_parameters import checked

    values = checked(find_notebook("decide"), given)
    if values.get("panel"):
        from cxsim.calibration import CalibrationError, load_panel

        try:
            load_panel(values["panel"])
        except CalibrationError as error:
            raise UserError(str(error)) from None
        return
    from cxsim.scenario.events import split_overrides
    from cxsim.strategy.decide import plan_decision

    plan_decision(
        values["scenario"], values.get("firm", ""), options=values.get("options", ""),
        uncertainties=values.get("uncertainties", ""), rival=values.get("rival", ""),
        points=values.get("points", 48) if values.get("draws") else 16, draws=values.get("draws"),
        overrides=split_overrides(values.get("overrides", "")),
    )  # fmt: skip


def _print(result: Any) -> None:
    import pandas as pd

    say_lines(result.summary["answer"], after="\n")
    if result.summary.get("worth"):
        say_lines(result.summary["worth"], after="\n")
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
