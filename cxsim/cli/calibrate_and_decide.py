"""The commands panel and calibrate (a scenario from data) and decide (a recommendation)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cxsim.cli.run_and_compare import (
    OUTPUT,
    OVERRIDES,
    TIMEOUT,
    brief_options,
    check_brief,
    export_brief,
    named_place,
    print_end,
    run_shown,
)
from cxsim.cli.terminal import Screen, UserError, count_option, print_table, say, say_lines
from cxsim.files.whole import file_name
from cxsim.messages import cells
from cxsim.model.mechanism_registry import BY_WORD, OF_FIRMS
from cxsim.report.notebook_parameters import join_overrides
from cxsim.report.notebooks import find_notebook

# -- How a table is read where it can be read in two ways --------------------------------------


#: Options of commands that read a table; none of them is needed where it has one reading.
TABLE_OPTIONS = (
    click.option("--encoding", metavar="NAME", help="Encoding of a text table, such as cp1252."),
    click.option(
        "--separator", type=click.Choice(["comma", "semicolon", "tab", "bar", "blank"]),
        help="What separates columns.",
    ),
    click.option("--sheet", metavar="NAME", help="Sheet of a workbook."),
    click.option(
        "--header", type=click.IntRange(1), metavar="LINE", help="Line with the column names."
    ),
    click.option(
        "--total", type=click.Choice(["drop", "keep"]),
        help="What to do with a last row that may be a total.",
    ),
    click.option("--decimal", type=click.Choice(["point", "comma"]), help="Decimal sign."),
    click.option(
        "--dates", metavar="FORMAT", help="day-first, month-first, or a format such as %d/%m/%Y."
    ),
)  # fmt: skip


#: Options of commands that read a panel: its columns, and what cells mean.
PANEL_OPTIONS = (
    click.option("--customer", metavar="COLUMN", help="Column of customers."),
    click.option(
        "--period", metavar="COLUMN",
        help='Column of periods; "none" if rows are in order of purchase.',
    ),
    click.option("--choice", metavar="COLUMN", help="Column of the chosen firm."),
    click.option("--price", metavar="NAME", help="Price column, or the prefix of price columns."),
    click.option(
        "--no-purchase", metavar="VALUE", help="Value of the choice column for no purchase."
    ),
    click.option(
        "--period-length", metavar="LENGTH",
        help="Length of a period: of dates, day, week, month or quarter [default: the longest of "
        "the first three in which no customer buys twice].",
    ),
    click.option(
        "--returns", type=click.Choice(["drop", "keep"]),
        help="What to do with rows of negative quantity.",
    ),
    click.option(
        "--blank-prices", type=click.Choice(["drop", "not on offer"]),
        help="Where a price is missing: leave out the purchase (drop), or take that firm's offer "
        "as not available.",
    ),
)  # fmt: skip


TABLE_NAMES = ("encoding", "separator", "sheet", "header", "total", "decimal", "dates")


PANEL_NAMES = (
    "customer", "period", "choice", "price", "no_purchase", "period_length", "returns",
    "blank_prices",
)  # fmt: skip


def table_options(command: Any) -> Any:
    """Give a command the options that say how its table is read."""
    for option in reversed(TABLE_OPTIONS):
        command = option(command)
    return command


def panel_options(command: Any) -> Any:
    """Give a command the options that say what a panel's columns are and how it is read."""
    for option in reversed((*PANEL_OPTIONS, *TABLE_OPTIONS)):
        command = option(command)
    return command


def reading(options: dict[str, Any]) -> dict[str, Any]:
    """Return what was given of ``TABLE_OPTIONS``, as ``read_table`` takes it."""
    return {name: options[name] for name in TABLE_NAMES if options[name] is not None}


def say_decisions(decisions: tuple[str, ...], data: str) -> None:
    """Print how a table was read, a line each."""
    for each in decisions:
        say_lines(f"{data}: {each}", first="  ", rest="    ")
    if decisions:
        say()


# -- The command panel: an order log becomes a purchase panel ----------------------------------


@click.command()
@click.argument("log")
@click.option(
    "-o", "--output", metavar="FILE", help="Table to write [default: results/panel-LOG.csv]."
)
@click.option(
    "--own", is_flag=True,
    help="The log of one firm alone: write targets of repeat purchases in place of a panel.",
)  # fmt: skip
@click.option(
    "--model", type=click.Choice(["sbg", "bg-bb", "bg-nbd", "pareto-nbd"]),
    help="With --own: purchase model, sbg for contracts [default: by what the log is].",
)  # fmt: skip
@click.option("--firm", metavar="NAME", help="With --own: name of the firm in a scenario.")
@click.option(
    "--scenario", metavar="FILE",
    help="With --own: also write a scenario of the firm and its customers.",
)  # fmt: skip
@click.option(
    "--new-after", type=click.IntRange(0), metavar="N",
    help="With --own: customers are new if they do not buy in the first N periods.",
)  # fmt: skip
@click.option("--customer", metavar="COLUMN", help="Column of customers.")
@click.option("--date", metavar="COLUMN", help="Column of dates, or of numbers of periods.")
@click.option("--brand", metavar="COLUMN", help="Column of what was bought.")
@click.option(
    "--quantity", metavar="COLUMN", help='Column of units; "none" if each line is one unit.'
)
@click.option("--amount", metavar="COLUMN", help="Column of what was paid.")
@click.option("--store", metavar="COLUMN", help='Column of stores; "none" for none.')
@click.option("--list-price", metavar="COLUMN", help="Column of prices before coupons.")
@click.option(
    "--period", type=click.Choice(["day", "week", "month"]),
    help="Length of a period [default: the shortest that fits].",
)  # fmt: skip
@click.option(
    "--amount-is", type=click.Choice(["line", "unit"]), help="What the amount is paid for."
)
@click.option(
    "--returns", type=click.Choice(["cancel", "drop", "refuse"]), default="cancel",
    show_default=True, help="Cancel the purchases that returns belong to, or leave returns out.",
)  # fmt: skip
@click.option(
    "--small", type=click.Choice(["other", "drop"]), default="other", show_default=True,
    help="Small brands: one brand together, or left out.",
)  # fmt: skip
@click.option(
    "--least-share", type=click.FloatRange(0, 1), default=0.02, show_default=True,
    help="Share of purchases from which on a brand is not small.",
)  # fmt: skip
@count_option(
    "--most-brands", low=2, high=50, default=8, show_default=True,
    help="Most brands that are not small.",
)  # fmt: skip
@click.option(
    "--prices", metavar="FILE", help="Price list: date, brand, price and where wanted store."
)
@click.option(
    "--bought", type=click.Choice(["offered", "paid"]), default="offered", show_default=True,
    help="Price of the brand bought: as for the other brands, or as paid.",
)  # fmt: skip
@count_option(
    "--carry", low=0, high=1000, default=4, show_default=True,
    help="Periods over which a brand's last price holds where nobody bought it.",
)  # fmt: skip
@click.option(
    "--missing", type=click.Choice(["drop", "blank"]), default="drop", show_default=True,
    help="Occasions at which a brand was not on offer: left out, or with a blank price.",
)  # fmt: skip
@click.option("--outside", is_flag=True, help="Add a row for each period without a purchase.")
@count_option(
    "--minimum-purchases", low=1, high=1000, default=2, show_default=True,
    help="Customers with fewer are left out of the panel.",
)  # fmt: skip
@click.option(
    "--last-period", type=click.Choice(["cut", "keep"]), default="cut", show_default=True,
    help="A last period that the log does not cover to its end.",
)  # fmt: skip
@click.option("--sample", type=click.IntRange(2), metavar="N", help="Customers drawn at random.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the sample.")
@click.option("--currency", metavar="LABEL", default="EUR", show_default=True)
@table_options
def panel(
    log: str, output: str | None, own: bool, model: str | None, firm: str | None,
    scenario: str | None, new_after: int | None, **options: Any,
) -> None:  # fmt: skip
    """Make a purchase panel of LOG, an order log, for `cxsim calibrate`.

    LOG is a table with a row per line of an order: customer, date, brand, amount paid, and
    where there are quantity (negative for returns) and store. Rows may stand in any order.
    Prints every decision with its count and the option that changes it, and what can be
    learned from the log before anything is estimated.
    """
    from cxsim.calibration import CalibrationError, own_log, panel_from_log

    place = output or Path("results") / f"{file_name(f'panel-{Path(log).stem}')}.csv"
    for name, value in (("model", model), ("firm", firm), ("scenario", scenario)):
        if value is not None and not own:
            raise UserError(f"--{name}: expected --own beside it, found none")
    read = reading(options)
    given = {k: v for k, v in options.items() if k not in TABLE_NAMES} | read
    try:
        if own:
            rules = {k: given[k] for k in ("period", "returns", "last_period", "seed")}
            columns = {k: given[k] for k in ("customer", "date", "quantity", "amount") if given[k]}
            made: Any = own_log(
                log, **rules, **columns, **read, new_after=new_after, model=model
            )  # fmt: skip
        else:
            made = panel_from_log(log, **given)
        _print_log(made)
        if own:
            alone = {"firm": firm or "Firm", "alone": True} if scenario else {"firm": firm}
            path = made.save(place, **{k: v for k, v in alone.items() if v is not None})
        else:
            path = made.save(place)
        say(f"{'Targets' if own else 'Panel'}: {path}")
        if scenario is not None:
            say(f"Scenario: {made.save_scenario(scenario, firm=firm or 'Firm')}")
    except CalibrationError as error:
        raise UserError(str(error)) from error
    if not own:
        _next_step(made, path)


def _print_log(made: Any) -> None:
    """Print headline, what was read, every decision, and what can be learned."""
    say_lines(made.headline(), after="\n")
    rows = [
        [row["rule"], f"{row['count']:,}", f"{row['of']:,}", row["decision"],
         f"--{row['option'].replace('_', '-')}" if row["option"] else ""]
        for row in made.decisions.to_dict("records")
    ]  # fmt: skip
    for rule, count, of, decision, option in rows:
        say_lines(f"{rule}: {count} of {of}; {decision}{f' ({option})' if option else ''}",
                  first="  ", rest="      ")  # fmt: skip
    say()
    if hasattr(made, "verdict"):
        for text in [*made.diagnosis(), *made.verdict()]:
            say_lines(text, rest="  ")
    else:
        for text in made.sentences():
            say_lines(text, rest="  ")
        say()
        rows = [
            [row["statistic"], f"{row['value']:.3f}", f"{row['se']:.3f}", f"{row['customers']:,}"]
            for row in made.statistics.to_dict("records")
        ]
        print_table(["statistic", "value", "se", "new customers"], rows, left=1)
        if made.fit is not None:
            say()
            rows = [
                [row["rate"], f"{row['value']:.4f}", f"{row['se']:.4f}"]
                for row in made.rates.to_dict("records")
            ]
            print_table([f"per {made.period_length}", "value", "se"], rows, left=1)
    say()


def _next_step(made: Any, path: Path) -> None:
    """Print the command that comes next, and how long it takes where it takes long."""
    with Screen(f"a pilot of the estimation for {path}"):
        _say_plan(made.frame, "--sample 1000", {})
    say(f"Next: cxsim calibrate {path} --period-length {made.period_length}")


def _say_plan(panel: Any, way: str, how: dict[str, Any]) -> None:
    """Print how long an estimation takes, and how exact a sample would be, where it takes long."""
    from cxsim.calibration import Panel
    from cxsim.calibration.log_panel import MANY, estimation_plan

    if (panel.occasions if isinstance(panel, Panel) else len(panel)) <= MANY:
        return
    for row in estimation_plan(panel, **how).to_dict("records")[1:]:
        say_lines(
            f"Estimation on {row['customers']:,} customers: about {row['seconds'] / 60:.0f} "
            f"minutes, loyalty with a standard error of {row['loyalty_se']:.2f}"
        )
    say(f"A sample of customers: {way} (seed 0)")


# -- The command calibrate: a scenario from data -----------------------------------------------


def _power_of_two(context: click.Context, option: click.Parameter, value: int) -> int:
    """Refuse other numbers of draws before anything is read."""
    from cxsim.calibration.estimate import power_of_two

    try:
        return power_of_two(value)
    except ValueError as error:
        raise click.BadParameter(str(error).removeprefix("draws: "), context, option) from None


def _classes(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Refuse other numbers of classes before anything is read."""
    from cxsim.calibration.latent_classes import asked_classes

    try:
        asked_classes("1" if value is None else value)
    except ValueError as error:
        text = str(error).removeprefix("classes: ")
        raise click.BadParameter(text, context, option) from None
    return value


def _price_response(
    context: click.Context, option: click.Parameter, value: str | None
) -> tuple[float, float] | None:
    """Refuse what is no price response before anything is read."""
    from cxsim.calibration.calibrate import price_response_of

    try:
        return None if value is None else price_response_of(value)
    except ValueError as error:
        text = str(error).removeprefix("price_response: ")
        raise click.BadParameter(text, context, option) from None


def stated_price_response(command: Any) -> Any:
    """Give a command the options of a price response that is stated."""
    ignored = click.option(
        "--ignore-prices", is_flag=True, help="With --price-response: also where prices show one."
    )
    response = click.option(
        "--price-response",
        metavar='"5%: 8"',
        callback=_price_response,
        help="Stated where prices do not show it: a price 5 % higher loses 8 of 100 customers "
        "within a year.",
    )
    return response(ignored(command))


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
@click.option(
    "--export", "exports", multiple=True, metavar="FILE",
    help="Also write a brief as slides (.pptx) or as a workbook (.xlsx). May be repeated.",
)  # fmt: skip
@click.option(
    "--customers", type=click.IntRange(2), metavar="N",
    help="Estimate on N customers drawn at random (--seed).",
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
@click.option("--firm", metavar="COLUMN", help="Column of firms in a long panel.")
@click.option(
    "--feature", "features", metavar="NAME", multiple=True,
    help='Feature to use; "none" for none [default: all that every firm has].',
)  # fmt: skip
@panel_options
@click.option(
    "--initial-purchases", "initial_purchases",
    type=click.Choice(["wooldridge", "equation", "use", "drop"]), default="wooldridge",
    show_default=True,
    help="Each customer's first purchase in the data: let brand preference depend on it "
    "(wooldridge), explain it by an equation of its own (equation), use "
    "it where the panel starts with the customers' first purchases (use), or take it as given "
    "(drop).",
)  # fmt: skip
@click.option(
    "--learning", type=click.Choice(["no", "test", "yes"]), default="no", show_default=True,
    help="Loyalty that grows with purchases, as firms learn: leave it out (no), estimate it "
    "where a test finds it (test), or always (yes).",
)  # fmt: skip
@click.option(
    "--start", type=click.Choice(["first purchase"]),
    help="For learning: the panel has each customer from the very first purchase [default: "
    "customers who come after a quiet stretch are used].",
)  # fmt: skip
@click.option(
    "--tastes", type=click.Choice(["independent", "correlated", "none"]), default="independent",
    show_default=True, help="How brand preferences differ between customers.",
)  # fmt: skip
@click.option(
    "--classes", metavar="N|bic", callback=_classes,
    help="Latent classes of customers, 1 to 4, or the number with the least BIC: they become the "
    "scenario's segments.",
)  # fmt: skip
@click.option(
    "--cost", metavar="NAME", multiple=True,
    help="Columns by firm that move prices and not demand, such as cost for cost.Ann, cost.Bob: "
    "correct the price coefficient for prices that answer demand.",
)  # fmt: skip
@click.option(
    "--instrument", type=click.Choice(["lagged"]),
    help="Correct it by prices of the period before, if costs last and demand shocks do not.",
)  # fmt: skip
@stated_price_response
@count_option(
    "--bootstrap", low=0, high=1000, default=0, show_default=True,
    help="With --cost or --instrument: samples of periods for errors of both stages.",
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
    "--draws", low=1, high=4096, default=256, show_default=True, callback=_power_of_two,
    help="Draws of brand preferences per customer in the simulated likelihood, a power of two.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--currency", metavar="LABEL", help="Label of the currency.")
@click.option("--title", help="Title of the scenario.")
def calibrate(data: str, **options: Any) -> int:  # fmt: skip
    """Estimate a scenario from DATA: a purchase panel, or target moments.

    DATA is a table (CSV, Parquet, XLSX) with a row per purchase: customer, period or date,
    choice and a price per firm (price.Ann, price.Bob), or in long form: customer, period,
    firm, chosen, price. How it was read is printed; what can be read in two ways is refused
    with the option that settles it. The published panels Yogurt and Catsup come with the
    extra "data".

    Or DATA is a YAML file of targets (shares, retention, prices, with standard errors) and
    of free parameters, for a scenario given by --base. Standard errors may be counts (n) in
    place of errors, and the targets a table: churn, market shares, NPS by firm. Targets that
    are not met end with exit code 1 and the reason.

    Warnings come first. Exit code 1: the results are not to be used as they are.
    """
    from cxsim.calibration import CalibrationError

    check_brief(options)
    try:
        if Path(data).suffix.lower() in (".yaml", ".yml"):
            return _from_targets(data, options)
        return _from_panel(data, options)
    except CalibrationError as error:
        raise UserError(str(error)) from error


def _place(data: str) -> Path:
    """Return ``results/calibrate-DATA.yaml`` with what a file name can hold."""
    return Path("results") / f"{file_name(f'calibrate-{Path(data).stem}')}.yaml"


#: Options that are handed on where they are given.
_HOW = (
    "initial_purchases", "form", "classes", "learning", "start", "tastes", "cost", "instrument",
    "price_response", "ignore_prices", "bootstrap", "permutations", "draws", "seed",
)  # fmt: skip


def _from_panel(data: str, options: dict[str, Any]) -> int:
    from cxsim.calibration import CalibrationError, Columns, calibrate, read_panel, real_panel
    from cxsim.calibration.log_panel import drawn_customers
    from cxsim.calibration.price_endogeneity import with_cost_columns

    cost = options["cost"] or None
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
            else read_panel(
                data,
                columns=with_cost_columns(columns, cost),
                **{
                    name: options[name]
                    for name in ("currency", "period_length", "returns", "blank_prices")
                },
                **reading(options),
            )
        )
        how = {name: options[name] for name in _HOW if options[name] not in (None, ())}
        if options["customers"] is not None:
            everybody = panel.customers
            panel = drawn_customers(panel, options["customers"], seed=options["seed"])
            said = f"{panel.customers:,} of {everybody:,} customers, drawn at random (--customers)"
            panel = replace(panel, decisions=(*panel.decisions, said))
        else:
            _say_plan(panel, "--customers 1000", how)
        try:
            result = calibrate(panel, **how, progress=screen)
        except CalibrationError:
            raise
        except ValueError as error:
            raise UserError(f"--{error}".replace("_", "-", 1)) from error
    say_decisions(panel.decisions, panel.source)
    for warning in result.warnings:
        say_lines(warning.sentence, rest="  ", after="\n")
    say_lines(result.headline(), after="\n")
    if result.learning is not None:
        say_lines(result.learning.sentence(), after="\n")
    _print_estimates(result)
    if result.classes is not None:
        _print_classes(result)
    path = result.save(options["output"] or _place(data), title=options["title"])
    _print_places(path, options, result.table, result.sample)
    _export(result, path, options["exports"])
    return 1 if any(warning.serious for warning in result.warnings) else 0


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


def _export(result: Any, scenario: Path, exports: tuple[str, ...]) -> None:
    """Write the brief of a calibration to the files asked for, and say where."""
    for name in exports:
        from cxsim.report.brief_answers import brief

        say(f"Export: {brief(result, scenario).export(name)}")


def _from_targets(data: str, options: dict[str, Any]) -> int:
    from cxsim.calibration import match_moments

    if options["price_response"] is not None:
        raise UserError("--price-response: expected a purchase panel, found targets")
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
    for each in result.targets.decisions:
        say_lines(each, first="  ", rest="    ")
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
    _export(result, path, options["exports"])
    for reason in result.reasons():
        say_lines(reason)
    return 0 if result.met else 1


def _print_estimates(result: Any) -> None:
    panel = result.panel
    unused = f"; not used: {', '.join(panel.ignored)}" if panel.ignored else ""
    stated = "" if panel.stated is None else "price_sensitivity"
    found = f"{panel.occasions} occasions, {panel.customers} customers, {len(panel.firms)} firms"
    say_lines(found + unused, after="\n")
    rows = [
        [
            row["parameter"] + (" (stated)" if row["parameter"] == stated else ""),
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


def _print_classes(result: Any) -> None:
    """Print classes, how well they are separated, numbers of classes, and what is not held."""
    from cxsim.calibration.scenario_writing import class_notes

    classes = result.classes
    say()
    say_lines(classes.sentence(), after="\n")
    table = classes.table
    cell = {
        (row["quantity"], row["class"]): "" if row["estimate"] != row["estimate"]
        else f"{row['estimate']:.3f} ({row['se']:.2g})" for row in table.to_dict("records")
    }  # fmt: skip
    rows = [
        [what, *(cell[what, name] for name in classes.names)]
        for what in table["quantity"].drop_duplicates()
    ]
    rows.append(["mean chance of members", *(f"{chance:.2f}" for chance in classes.separation)])
    print_table(["estimate (se)", *classes.names], rows, left=1)
    say()
    rows = [
        [str(row["classes"]), *_fit_of(row), f"{row['found']} of {row['starts']}"]
        for row in classes.numbers.to_dict("records")
    ]
    heads = ["classes", "log-likelihood", "parameters", "BIC", "entropy R2", "maximum found from"]
    print_table(heads, rows, left=1)
    say()
    normal = result.estimates
    say_lines(
        f"With normal brand preferences in place of classes: log-likelihood "
        f"{normal.loglikelihood:.1f}, {len(normal.values)} parameters, BIC {normal.bic:.1f}."
    )
    for sentence in class_notes(result.panel, classes, result.initial_purchases):
        say_lines(sentence)


def _fit_of(row: dict[str, Any]) -> list[str]:
    """Return the fit of a number of classes, with blanks where there is none."""
    forms = {"loglikelihood": ".1f", "parameters": ".0f", "bic": ".1f", "entropy_r2": ".2f"}
    return ["" if row[name] != row[name] else f"{row[name]:{form}}" for name, form in forms.items()]


# -- The command decide: a recommendation under uncertainty ------------------------------------


@click.command()
@click.argument("scenario", required=False, default="baseline")
@click.option(
    "--firm", metavar="NAME",
    help="My firm, which decides [default: that of the scenario's perspective, or the first].",
)  # fmt: skip
@click.option(
    "--goal", type=click.Choice(tuple(OF_FIRMS), case_sensitive=False),
    help="What my firm wants more of [default: the perspective's, or profit].",
)  # fmt: skip
@click.option(
    "--hold", metavar="TARGET",
    help="Find what a target costs instead, such as 'market_share>=0.40'; with --by. A "
    "report is written with --output or --export.",
)  # fmt: skip
@click.option(
    "--by", metavar="PATH=LOW:HIGH",
    help="With --hold: the parameter that is moved, and where to look; or the size of a programme, "
    "firms.NAME.programmes.NAME.size [default: 0:1].",
)  # fmt: skip
@click.option(
    "--panel", metavar="DATA", help="Purchase panel to calibrate to, instead of a scenario."
)
@panel_options
@stated_price_response
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
@brief_options
def decide(
    scenario: str, overrides: tuple[str, ...], output: str | None, timeout: float | None,
    **options: Any,
) -> None:  # fmt: skip
    """Recommend an option for one firm of a SCENARIO under uncertainty, and write a report.

    Every option is simulated in the same futures. Options and uncertainties are YAML files, or
    YAML itself. Prints the recommendation, whether it is robust, and the mean, regret and worst
    future of every option.

    With --hold and --by, finds the smallest size of a programme, or the price or other parameter,
    at which a measure of the firm reaches a target, and what that costs.
    """
    target, by = options.pop("hold"), options.pop("by")
    if target or by:
        options |= {"output": output, "timeout": timeout}
        _hold(scenario, target, by, overrides, options)
        return
    heading, exports = check_brief(options), options.pop("exports")
    for name in ("author", "date", "logo"):
        options.pop(name)
    response, ignored = options.pop("price_response"), options.pop("ignore_prices")
    given = {name: value for name, value in options.items() if value is not None} | heading
    table = {name: given.pop(name) for name in (*PANEL_NAMES, *TABLE_NAMES) if name in given}
    if response is not None:
        table["price_response"] = "{:g}%: {:g}".format(*(100 * each for each in response))
    if ignored:
        table["ignore_prices"] = True
    if table and "panel" not in given:
        name = next(iter(table)).replace("_", "-")
        raise UserError(f"--{name}: expected --panel DATA beside it, found none")
    if goal := given.pop("goal", None):
        given["firm"] = f"{given.get('firm', '')}; {goal}"
    if table:
        given["panel"] += "; " + json.dumps(table, ensure_ascii=False)[1:-1]
    given["scenario"] = scenario
    if overrides:
        given["overrides"] = join_overrides(overrides)
    _check(given)
    name = str(given.get("panel") or scenario)
    how, place = {"output": output, "timeout": timeout}, named_place("decide", [name])
    result = run_shown(find_notebook("decide"), given, how, place, f"cxsim decide {name}")
    _print(result)
    print_end(result)
    export_brief(result, exports)


#: Options of decide that count with --hold.
_HOLD = ("firm", "seeds", "confidence", "output", "exports", "timeout", "author", "date", "logo")


def _hold(
    scenario: str, target: str | None, by: str | None, overrides: tuple[str, ...],
    options: dict[str, Any],
) -> None:  # fmt: skip
    """Print at which value of a parameter a target is reached, and what it costs."""
    for name, beside, form in (
        ("hold", target, "a target such as 'market_share>=0.40'"),
        ("by", by, "PATH=LOW:HIGH"),
    ):
        if not beside:
            raise UserError(f"--{name}: expected {form}, found none")
    other = next((k for k, v in options.items() if v and k not in _HOLD), None)
    if other is not None:
        raise UserError(f"--hold: expected no --{other.replace('_', '-')} beside it, found one")
    assert target is not None
    assert by is not None
    heading = check_brief(options)
    words = {word.lower(): measure for word, measure in BY_WORD.items()}
    name = re.split(r"[<>=]|\bat (?:least|most)\b", target)[0].strip()
    target = words.get(name.lower(), name) + target.strip()[len(name) :] if name else target
    if options["output"] or options["exports"]:
        _hold_report(scenario, target, by, overrides, options, heading)
        return
    from cxsim.strategy.hold import hold, moved
    from cxsim.study.paired_seeds import loaded

    try:
        path, low, high = moved(by)
        with Screen(f"cxsim decide {scenario} --hold") as screen:
            found = hold(
                loaded(scenario, list(overrides)), target, path, low=low, high=high,
                firm=options.get("firm") or "", seeds=_whole_or(options.get("seeds"), 20),
                confidence=options.get("confidence") or 0.95,
                progress=lambda done, total: screen("values tried", done, total),
            )  # fmt: skip
    except ValueError as error:
        what, colon, rest = str(error).partition(":")
        flag = {"low": "--by", "high": "--by", "by": "--by", "target": "--hold"}.get(what, what)
        raise UserError(f"{flag}{colon}{rest}") from error
    _print_hold(found.sentence(), found.measure, path, found.curve.to_dict("records"))


def _hold_report(
    scenario: str, target: str, by: str, overrides: tuple[str, ...], options: dict[str, Any],
    heading: dict[str, str],
) -> None:  # fmt: skip
    """Find what a target costs in the notebook, and leave its report and exports."""
    given = {"scenario": scenario, "target": target, "by": by, **heading}
    given |= {k: options[k] for k in ("firm", "seeds", "confidence") if options.get(k)}
    if overrides:
        given["overrides"] = join_overrides(overrides)
    title = f"cxsim decide {scenario} --hold"
    place = named_place("hold", [scenario])
    result = run_shown(find_notebook("hold"), given, options, place, title)
    found = result.summary
    _print_hold(found["answer"], found["measure"], found["path"], found["curve"])
    print_end(result)
    export_brief(result, options["exports"])


def _print_hold(said: str, measure: str, path: str, curve: list[dict[str, Any]]) -> None:
    say_lines(said, after="\n")
    rows = [
        [f"{row['value']:.5g}", *(f"{row[each]:.4g}" for each in ("mean", "lower", "upper")),
         "yes" if row["reaches"] else "", f"{row['net_present_value']:,.0f}"]
        for row in curve
    ]  # fmt: skip
    heads = [path, measure, "lower", "upper", "reaches", "change of\nnet present value"]
    print_table(heads, rows, left=0)


def _whole_or(text: str | None, default: int) -> int:
    from cxsim.messages import whole

    return default if text is None else whole(text, "seeds", low=1)


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
        from cxsim.calibration import CalibrationError
        from cxsim.calibration.panel_reading import panel_and_estimation

        try:
            panel_and_estimation(values["panel"])
        except CalibrationError as error:
            raise UserError(str(error)) from None
        return
    from cxsim.report.decision_tables import firm_and_measure
    from cxsim.scenario.events import split_overrides
    from cxsim.strategy.decide import plan_decision

    mine = firm_and_measure(values.get("firm", ""))
    plan_decision(
        values["scenario"], mine["firm"], measure=mine["measure"],
        options=values.get("options", ""),
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
    form = ",.0f" if frame[list(_COLUMNS)].abs().to_numpy().max() >= 1000 else ".4g"
    rows = [
        [
            row["option"],
            *(f"{row[name]:{form}}" for name in _COLUMNS),
            f"{100 * row['best_share']:.0f} %",
        ]
        for row in frame.to_dict("records")
    ]
    print_table(["", *(name.replace("_", " ") for name in _COLUMNS), "best in"], rows, left=1)


_COLUMNS = ("mean", "lower", "upper", "largest_regret", "worst")
