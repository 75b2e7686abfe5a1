"""The report of a notebook: one object that shows, explains and saves results."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cxsim.charts.labels import Words
from cxsim.charts.labels import number as number_text
from cxsim.files.whole import file_name, whole_file
from cxsim.messages import AttributeHints
from cxsim.report import tables
from cxsim.report.brief_lead import INCOME, called_by_title
from cxsim.report.notebook_parameters import (
    as_command,
    as_papermill,
    as_python,
    loaded,
    split_names,
)
from cxsim.report.notebook_sweep import record
from cxsim.report.notebooks import plain, tell_progress, versions
from cxsim.report.tables import difference_rows, piece, show, unstated_lines, unstated_section
from cxsim.runs import settings_attrs
from cxsim.runs.measures.measure_registry import MARKET, window_words
from cxsim.scenario import Scenario, shipped_scenarios
from cxsim.scenario.events import split_overrides
from cxsim.study.claim_test import Verdict, verdict_of
from cxsim.study.comparison import Comparison, first_change
from cxsim.study.paired_seeds import Replications
from cxsim.study.study import Study

if TYPE_CHECKING:
    from cxsim.report.brief import Brief

#: Seeds over which claims are tested at most.
TESTED = 20

#: The IDIC scorecard.
IDIC = ("recognition_rate", "need_variance_explained", "need_variance_resolved", "fit_gap_closed")


class Report(AttributeHints):
    """A report in a notebook: shows tables and figures, and keeps them if there is a folder.

    Parameters
    ----------
    notebook : str
        Name of the notebook, for the commands that make the report again.
    parameters : mapping
        What the notebook was given.
    output : str
        Folder for data; empty to write nothing.
    svg : bool
        Also keep figures as SVG, in ``output``.
    """

    def __init__(
        self,
        notebook: str,
        parameters: Mapping[str, Any],
        *,
        output: str = "",
        svg: bool = False,
    ):
        self._notebook = notebook
        self._output = Path(output) if output else None
        self._svg = svg
        self._parameters = dict(parameters)
        self._scenarios: list[Scenario] = []
        self._verdicts: dict[str, Verdict | None] = {}
        self._brief: Brief | None = None
        self._books: Mapping[tuple[str, int], Any] = {}
        self._firm = ""
        self.progress: Callable[[int, int], None] | None = tell_progress()

    # -- beginning -------------------------------------------------------------------

    def load(self, names: str, overrides: str = "") -> list[Scenario]:
        """Return the scenarios of a text such as ``baseline,copycat``, with overrides put in.

        Parameters
        ----------
        names : str
            Names or files, with commas between them.
        overrides : str
            Each ``PATH=VALUE``, with commas between them.

        Returns
        -------
        list of Scenario

        Raises
        ------
        ScenarioError
            If one is not there or not valid.
        """
        changes = split_overrides(overrides)
        self._scenarios = [loaded(name, changes) for name in split_names(names)]
        return self._scenarios

    def use(self, *scenarios: Scenario) -> None:
        """Speak of these scenarios, made in the notebook rather than loaded."""
        self._scenarios = list(scenarios)

    def study(self, name: str, seeds: int = 0) -> Study:
        """Return a study, with another number of seeds if one is given.

        Parameters
        ----------
        name : str
            Name or file.
        seeds : int
            0 for those of the study.

        Returns
        -------
        Study

        Raises
        ------
        ScenarioError
            If it is not there or not valid.
        """
        plan = Study.load(name)
        plan = plan.with_seeds(seeds) if seeds else plan
        self._scenarios = plan.examples()
        return plan

    def sweep_progress(self) -> Callable[[Any], None] | None:
        """Return a function of a sweep's report that tells whoever runs the notebook."""
        tell = self.progress
        if tell is None:
            return None
        return lambda report: tell(report.stored + report.done, report.total)

    @property
    def labels(self) -> Words:
        """Labels of the first scenario."""
        return Words.of(settings_attrs(self._scenarios[0]))

    def labelled(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame that tells figures what things are called."""
        frame = frame.copy()
        frame.attrs.update(self.labels.attrs())
        if self._firm:
            frame.attrs["my_firm"] = self._firm
        return frame

    def time_series(self, series: pd.DataFrame, scenario: str | None = None) -> pd.DataFrame:
        """Return means over seeds as figures of one run take them: a column per measure.

        Parameters
        ----------
        series : DataFrame
            ``firm, period, measure, mean``, of one scenario or with a column ``scenario``.
        scenario : str, optional
            Which of several.
        """
        if scenario is not None:
            series = series[series["scenario"] == scenario]
        firms = list(dict.fromkeys(series["firm"]))
        wide = series.pivot(index=["period", "firm"], columns="measure", values="mean")
        wide = wide.reindex(firms, level="firm").reset_index().rename_axis(columns=None)
        return self.labelled(wide)

    def _names(self) -> list[str]:
        """Names in which no word is replaced."""
        return [n for each in self._scenarios for n in (each.name, *each.firms, *each.segments)]

    # -- showing ---------------------------------------------------------------------

    def answer(self, text: str, *, seeds: Iterable[int]) -> Any:
        """Show the answer, and below it how much stands behind it."""
        text = self.labels.say(text, keep=self._names()).replace(" %", "\u00a0%")
        return show(piece("answer", text, self._behind(len(list(seeds))), self.caution()))

    def _behind(self, number: int) -> str:
        """Return how much stands behind an answer, from so many seeds."""
        first = self._scenarios[0]
        paired = "paired " if len(self._scenarios) > 1 else ""
        facts = (
            f"{_count(number, paired + 'seed')}, {_count(first.periods, first.period_length)}, "
            f"{_count(first.customers, 'simulated customer')} representing "
            f"{first.market_size:,.0f}"
        )
        if self._parameters.get("overrides"):
            facts += f"; changed: {self._parameters['overrides']}"
        left_out = [f"{each.name}: {each.left_out}" for each in self._scenarios if each.left_out]
        return self.labels.say("; ".join([facts, *left_out]), keep=self._names())

    def brief(
        self,
        result: Any,
        *,
        seeds: Iterable[int] = (),
        firm: str = "",
        goal: str = "",
        byline: str = "",
    ) -> None:
        """Show the brief of a result: the answer for a firm and its goal, and what carries it.

        Parameters
        ----------
        result : Replications, Comparison, Decision or StudyResult
        seeds : iterable of int
            Behind the result; claims are tested on them.
        firm, goal : str
            Empty for those of the scenario's perspective, else for the default.
        byline : str
            Author, date and a PNG or JPEG file, with semicolons between; each may be empty.

        Raises
        ------
        ScenarioError
            If there is no such firm.
        ValueError
            If there is no such goal, or the logo is no picture.
        """
        from IPython.display import display

        from cxsim.report.brief import Drawing
        from cxsim.report.brief_answers import brief_of

        author, date, logo = ([each.strip() for each in byline.split(";")] + ["", "", ""])[:3]
        made, figures = brief_of(result, scenarios=self._scenarios, firm=firm, goal=goal)
        numbers, drawn = list(seeds), {name: draw() for name, draw in figures.items()}
        self._firm = made.firm
        self._books = getattr(result, "books", {})
        keep = self._names()
        made = made.said(lambda text: self.labels.say(text, keep=keep))
        self._brief = replace(
            made,
            verdict=tuple(self._verdict_lines(numbers[:TESTED])),
            facts=made.facts or self._behind(len(numbers)),
            figures=tuple(Drawing.of(each) for each in drawn.values()),
            author=author,
            date=date,
            logo=_picture(logo),
        )
        display(show(self._brief.html()))
        if drawn:
            display(show(piece("heading", "The answer in figures", 2)))
        for name, figure in drawn.items():
            self.figure(figure, name)

    def _verdict_lines(self, seeds: Sequence[int]) -> list[str]:
        """Return the verdict on each claim that can be tested, in a sentence."""
        said = []
        for scenario in self._scenarios if seeds else ():
            verdict = self._verdict(scenario, seeds)
            if verdict is not None:
                claim = " ".join(scenario.claim.split())
                title = f"“{scenario.title}”" if scenario.title else scenario.name
                name = f"{title}: " if len(self._scenarios) > 1 else ""
                over = _count(verdict.seeds, "paired seed")
                said.append(f"{name}{verdict.word.capitalize()}, over {over}: “{claim}”")
        return said

    def text(self, *sentences: str) -> Any:
        """Show a paragraph for each text."""
        said = [self.labels.say(text, keep=self._names()) for text in sentences]
        return show(piece("paragraphs", said))

    def table(self, frame: pd.DataFrame, *, first: int = 24, none: str = "None.") -> Any:
        """Show the first rows of a frame, numbers with four digits; words if it has none."""
        if frame.empty:
            return show(piece("paragraphs", [none]))
        shown = frame.head(first).dropna(axis=1, how="all")
        table = shown.to_html(index=False, float_format=_cell, na_rep="–")
        more = len(frame) - first
        return show(table + piece("paragraphs", [f"and {more:,} more rows."] if more > 0 else []))

    def market_leader(self, runs: Replications) -> str:
        """Return in one sentence whose share is highest and whose profit is."""
        means = runs.means.set_index(["measure", "firm"])["mean"]
        share = means["market_share"].drop(MARKET, errors="ignore")
        worth = means["net_present_value"].drop(MARKET, errors="ignore")
        sells, earns = str(share.idxmax()), str(worth.idxmax())
        market = runs.first.scenario
        last, start = int(market.periods) - 1, first_change(market)
        if start:  # what an event changed is answered by what comes after it
            late = runs.series[runs.series["period"] >= start]
            late = late[late["measure"] == "market_share"]
            share = late.groupby("firm", sort=False)["mean"].mean()
            sells = str(share.idxmax())
        window = window_words("mean", start, last, str(market.period_length))
        sold = f"{sells} has the highest market share ({100 * share.max():.1f} %, {window})"
        within = _count(runs.first.scenario.periods, runs.first.scenario.period_length)
        if sells == earns:
            return f"{sold} and earns most within {within}."
        return f"{sold}; {earns} earns most within {within}."

    def worth(self, runs: Replications) -> str:
        """Return the value of the leading firm's lead in profit, within the run and beyond."""
        if len(runs.firms) < 2:
            return ""
        best, other, value = runs.lead()
        return value.sentence(f"{best}'s lead over {other} in net present value")

    def questions(self, seeds: Iterable[int] = ()) -> Any:
        """Show each scenario's claim, its verdict, and the result that would refute it.

        Parameters
        ----------
        seeds : iterable of int
            Paired seeds for the runs that a claim's test asks for, of which the first
            :data:`TESTED` are used; none: claims are shown and not tested.
        """
        numbers = list(seeds)[:TESTED]
        parts = []
        for scenario in self._scenarios:
            verdict = self._verdict(scenario, numbers) if numbers else None
            found = [] if verdict is None else self._said_lines(verdict)
            parts.append(_question(scenario, verdict, found, asked=bool(numbers)))
        return show("".join(parts))

    def _said_lines(self, verdict: Verdict) -> list[str]:
        """Return the lines of a verdict with the market's labels."""
        return [self.labels.say(line, keep=self._names()) for line in verdict.lines()]

    def _verdict_facts(self) -> list[dict[str, Any]]:
        """Return what was found about each claim that was tested."""
        return [
            {"claim": each.claim, **verdict.facts(), "lines": self._said_lines(verdict)}
            for each in self._scenarios
            if (verdict := self._verdicts.get(each.digest)) is not None
        ]

    def _verdict(self, scenario: Scenario, seeds: Sequence[int]) -> Verdict | None:
        """Return the verdict on a scenario's claim, which is computed once."""
        if scenario.digest not in self._verdicts:
            self._verdicts[scenario.digest] = verdict_of(scenario, seeds, made=self._books)
        return self._verdicts[scenario.digest]

    def figure(self, figure: Any, name: str) -> None:
        """Show a figure with its description; keep it as SVG if that was asked for."""
        from cxsim.charts.style import show

        show(figure)
        self._keep(figure, name)

    def _keep(self, figure: Any, name: str) -> None:
        from cxsim.charts.style import save

        if self._output is not None and self._svg:
            save(figure, self._output / f"{file_name(name)}.svg")

    def side_by_side(self, figures: Mapping[str, Any], name: str) -> Any:
        """Show figures of several scenarios, named, side by side where there is room."""
        for scenario, figure in figures.items():
            self._keep(figure, f"{name}-{scenario}")
        drawn = {scenario: figure._repr_html_() for scenario, figure in figures.items()}
        return show(piece("side_by_side", drawn))

    def firms(self) -> Any:
        """Show the parameters in which firms differ, and those in which they agree."""
        table, alike = tables.firms(self._scenarios[0])
        return show(table.to_html() + piece("alike", alike))

    def key_figures(self, runs: Replications) -> Any:
        """Show the main measures of every firm with their standard errors.

        Parameters
        ----------
        runs : Replications

        Returns
        -------
        HTML
            Means over seeds, in the units of the measures.
        """
        return self._measured("Key figures by firm", runs)

    def scorecard(self, runs: Replications) -> Any:
        """Show how far each firm gets in each of the four steps of IDIC.

        Parameters
        ----------
        runs : Replications

        Returns
        -------
        HTML
            Shares, in percent.
        """
        return self._measured("IDIC by firm", runs, IDIC)

    def _measured(self, what: str, runs: Replications, names: Sequence[str] | None = None) -> Any:
        caption = self.labels.say(_caption(what, len(runs.seeds)))
        periods = int(runs.first.scenario.periods)
        return tables.measured(runs.means, caption, names=names, words=self.labels, periods=periods)

    def income_statement(self) -> Any:
        """Show my firm's income statement by year, or its change; nothing where there is none."""
        held = self._brief.tables if self._brief is not None else ()
        for sheet in held:
            if sheet.name == INCOME:
                return tables.income_statement(
                    sheet.frame, sheet.title, sheet.definitions, self.labels
                )
        return None

    def differences(self, result: Comparison) -> Any:
        """Show paired differences with their intervals, a table per scenario compared."""
        made = tables.differences(
            result.table,
            baseline=result.scenarios[0],
            confidence=result.confidence,
            words=self.labels,
        )
        note = tables.defined(difference_rows(result.table, words=self.labels), "measure")
        return show("\n".join([*(table.to_html() for table in made), note]))

    def in_words(self, result: Comparison) -> dict[str, Any]:
        """Return a comparison as the command line prints it: sentences, and numbers as text."""
        names = [*result.scenarios, *result.table["firm"].unique()]
        return {
            "headline": " ".join(self._brief.answer)
            if self._brief is not None
            else self.labels.say(result.headline(), keep=names),
            "worth": self.labels.say(
                result.worth(self._firm, called_by_title(self._scenarios)), keep=self._names()
            ),
            "baseline": result.scenarios[0],
            "confidence": result.confidence,
            "differences": difference_rows(result.table, words=self.labels),
        }

    def caution(self) -> list[str]:
        """Return costs that are zero because they are not stated, and other defaults."""
        return unstated_lines(self._scenarios)

    def unstated(self) -> Any:
        """Show which costs and other parameters the scenarios do not state themselves."""
        return unstated_section(self._scenarios)

    def changed_settings(self) -> Any:
        """Show how the scenario differs from the baseline that ships with the package."""
        scenario = self._scenarios[0]
        rows = Scenario.load("baseline").diff(scenario)
        if rows.empty:
            return show(piece("paragraphs", ["All parameters are those of the baseline."]))
        rows.columns = ["path", "baseline", "here"]
        what = "1 parameter differs" if len(rows) == 1 else f"{len(rows)} parameters differ"
        return self.settings(rows, f"{what} from the baseline")

    def settings(self, rows: pd.DataFrame, caption: str) -> Any:
        """Show parameters that differ: columns ``path`` and one per scenario."""
        if rows.empty:
            return show(piece("paragraphs", ["No parameter differs."]))
        return tables.settings(rows, caption)

    def provenance(self) -> Any:
        """Show the provenance of the results."""
        caption = "The same digest, seeds and version give the same numbers."
        return tables.facts(self._facts(), caption)

    def _facts(self) -> list[tuple[str, Any]]:
        facts = [(f"scenario {each.name}", f"digest {each.digest}") for each in self._scenarios]
        facts += [(name, version) for name, version in versions().items() if version]
        return [*facts, ("made", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))]

    def how_to_reproduce(self) -> Any:
        """Show how to make the same numbers again, in a shell, by papermill and in Python."""
        ways = {"In a shell": as_command, "By papermill": as_papermill, "In Python": as_python}
        given = self._notebook, self._parameters
        return show(piece("again", {what: way(*given) for what, way in ways.items()}))

    # -- ending ----------------------------------------------------------------------

    def finish(self, *, title: str, result: Any = None, **numbers: Any) -> Any:
        """Keep the data and, as the very last step, ``summary.json``, which says that all is well.

        Parameters
        ----------
        title : str
            Of the report.
        result : Run or Comparison, optional
            Saved to a folder of its own beside the summary.
        **numbers
            What the summary holds beside parameters, versions and digests.

        Returns
        -------
        Recorded
            Whether data was kept, in a sentence; the notebook holds the summary beside it.
        """
        summary = {
            "status": "ok",
            "made_by": "cxsim",
            "notebook": self._notebook,
            "title": title,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "parameters": self._parameters,
            "words": asdict(self.labels),
            "unstated": unstated_lines(self._scenarios),
            "digests": {each.name: each.digest for each in self._scenarios},
            "versions": versions(),
            "verdicts": plain(self._verdict_facts()),
            **{name: plain(value) for name, value in numbers.items()},
        }
        if self._brief is not None:
            summary.setdefault("answer", " ".join(self._brief.answer))
        if self._output is None:
            text = "No data was written: set output to a folder to keep tables, figures and data."
            return Recorded(summary, piece("paragraphs", [text]))
        self._output.mkdir(parents=True, exist_ok=True)
        if result is not None:
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(result).__name__)
            result.save(self._output / words.lower())
        if self._brief is not None:
            facts = tuple((name, str(value)) for name, value in self._facts())
            replace(self._brief, provenance=facts).save(self._output)
        with whole_file(self._output / "summary.json") as draft:
            draft.write_text(json.dumps(summary, indent=1, allow_nan=False) + "\n", "utf-8")
        text = "The data is kept in the folder of results."
        return Recorded(summary, piece("paragraphs", [text]))


class Recorded:
    """What a notebook shows at its end: a sentence, and beside it its results as data.

    Parameters
    ----------
    summary : dict
    html : str
    """

    def __init__(self, summary: dict[str, Any], html: str):
        self._summary, self._html = summary, html

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return record(self._summary, self._html)


def _cell(value: float) -> str:
    """Return a number of a table: four digits that matter, without an exponent."""
    return number_text(value, 4)


def _picture(path: str) -> bytes:
    """Return the bytes of a picture file; none of no path."""
    if not path:
        return b""
    file = Path(path)
    data = file.read_bytes() if file.is_file() else b""
    if not data.startswith((b"\x89PNG", b"\xff\xd8")):
        what = "another file" if data else "no such file"
        raise ValueError(f"logo: expected a PNG or JPEG file, found {what} ({path})")
    return data


def list_scenarios() -> Any:
    """Return the scenarios that ship with the package, each with what it claims."""
    found = {name: Scenario.load(path) for name, path in shipped_scenarios().items()}
    rows = {name: (each.title, each.claim) for name, each in found.items()}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["title", "claim"])
    return tables.styled(frame, "Scenarios by name", words_in=["title", "claim"])


def _question(
    scenario: Scenario, verdict: Verdict | None, lines: Sequence[str], *, asked: bool
) -> str:
    found = "\n".join(lines)
    if verdict is None and asked and scenario.claim:
        found = "Not tested: the scenario names no rules for its claim (test)."
    rows = (
        ("Claim", scenario.claim),
        (f"Verdict over {_count(verdict.seeds, 'paired seed')}" if verdict else "Verdict", found),
        ("Refuted if", scenario.refuted_by),
        ("Description", scenario.description),
    )
    said = [(what, text.strip().split("\n")) for what, text in rows if text]
    return piece("question", scenario.title or scenario.name, said)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def _caption(what: str, seeds: int) -> str:
    if seeds == 1:
        return f"{what}. One seed, so no standard errors."
    return f"{what}: means over {seeds} seeds, Monte-Carlo standard errors in brackets."
