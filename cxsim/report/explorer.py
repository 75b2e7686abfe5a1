"""The explorer's panel: sliders and buttons of a notebook cell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from cxsim.charts.layout import scenario_events
from cxsim.charts.scenario_comparison import what_if
from cxsim.charts.style import Picture
from cxsim.files.whole import file_name
from cxsim.messages import minus, whole
from cxsim.report.notebooks import VARIABLE
from cxsim.report.tables import piece, styled, unstated_lines
from cxsim.report.what_if import (
    Answer,
    Answers,
    Difference,
    Lever,
    Question,
    at_first,
    of_rival,
    offered,
    own_scenarios,
    read_what_if,
    save,
)
from cxsim.scenario import Scenario, ScenarioError, shipped_scenarios
from cxsim.strategy.break_even import BreakEven, break_even
from cxsim.strategy.driver_contributions import driver_contributions
from cxsim.strategy.options import firm_of
from cxsim.study.comparison import Comparison
from cxsim.study.paired_seeds import Progress

# -- The explorer's panel: sliders and buttons of a notebook cell ------------------------------


#: Seconds that a slider has to rest before the market is run.
REST = 0.05


NOBODY = "nobody"


#: Entry of the list of further sliders that shows none.
NO_MORE = "none"


#: Mark before the files of the working folder in the list of scenarios.
OWN = "own: "


#: Seeds of a comparison on demand.
MANY = 20


#: What stands below the pictures: one of these at a time.
VIEWS = ("Key figures", "A and B", "Result")


class Explorer:
    """Sliders for a firm and a rival, and the market's answer beside the baseline.

    Shows itself as the last line of a cell. Where nothing can be clicked (papermill, a
    saved page) it shows the answer as it stands.

    Parameters
    ----------
    scenario : Scenario, str or Path
    firm : str, optional
        The firm in focus (default: that of the scenario's perspective, or the first).
    seeds : int
        Paired seeds behind every answer.

    Attributes
    ----------
    question : Question
        What is being asked; set by the sliders.
    answer : Answer
        The answer shown.
    kept : Question or None
        The what-if kept as A.
    """

    def __init__(
        self, scenario: Scenario | str | Path = "baseline", *, firm: str = "", seeds: int = 5
    ):
        self._answers = Answers(range(whole(seeds, "seeds", low=1)))
        base = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
        firms = list(base.firms)
        if firm and firm not in firms:
            raise ValueError(f"firm: expected one of {', '.join(firms)}, found {firm!r}")
        self._deaf = False
        self._panel: Any = None
        self._past: list[Question] = []
        self._future: list[Question] = []
        self.kept: Question | None = None
        self._difference: Difference | None = None
        self._answer_of_a: Answer | None = None
        self.question = Question(base, firm_of(base, firm))
        self.answer: Answer = self._answers.to(self.question)

    # -- asking ------------------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Answer a question and show the answer; :meth:`undo` goes back to the one before it."""
        self._note(question)
        self._take(self._compute(question))

    def comparison(self) -> Comparison:
        """Return the comparison of the question with its base, with all measures."""
        return Answers(self._answers.seeds, measures=None).to(self.question).comparison

    def undo(self) -> None:
        """Go back to the question before the last move."""
        self._travel(self._past, self._future)

    def redo(self) -> None:
        """Take the last move that was undone again."""
        self._travel(self._future, self._past)

    def keep(self) -> None:
        """Keep the what-if as A; what is asked from now on is B."""
        self.kept = self.question
        self._soon()

    def _travel(self, source: list[Question], target: list[Question]) -> None:
        if source:
            target.append(self.question)
            before, self.question = self.question, source.pop()
            if self._panel is not None:
                self._follow(before)
            self._soon()

    def _note(self, question: Question) -> None:
        """Take a question over as the next move; one without an answer is no step of its own."""
        if question != self.question:
            if self.question == self.answer.question:
                self._past.append(self.question)
            self._future.clear()
        if self.kept is not None and self.kept.base != question.base:
            self.kept = None
        self.question = question

    def _compute(
        self, question: Question, progress: Progress | None = None
    ) -> tuple[Answer, Answer | None, Difference | None]:
        answer, kept = self._answers.to(question, progress=progress), self.kept
        if kept is None:
            return answer, None, None
        kept = replace(kept, firm=question.firm)
        first = self._answers.to(kept, progress=progress)
        return answer, first, self._answers.between(kept, question, progress=progress)

    def _take(self, result: Any) -> None:
        """Show what a question has brought: an answer, or what was wrong with it."""
        if isinstance(result, Exception):
            self._say(piece("alert", result))
            return
        self.answer, self._answer_of_a, self._difference = result
        if self._panel is not None:
            self._show()

    def _soon(self) -> None:
        """Answer once the sliders rest; a later move takes the place of an earlier one."""
        question = self.question
        if self._panel is None:
            self._take(self._compute(question))
            return
        self._moves.ask(lambda progress: self._compute(question, progress), self._take)

    # -- the panel ---------------------------------------------------------------------

    @property
    def widget(self) -> Any:
        """The panel, an ipywidgets box."""
        if self._panel is None:
            self._build()
        return self._panel

    def _build(self) -> None:
        import ipywidgets as w

        from cxsim.report.workbench import Board, Moves, Work

        self._board, self._moves = Board.of(self.answer), Moves(REST)
        self._work = Work(self._say)
        self._levers: dict[str, Any] = {}
        self._scenarios = w.Dropdown(description="Scenario")
        self._firm = w.Dropdown(description="Firm")
        self._rival = w.Dropdown(description="Rival")
        self._list_scenarios(self.question.base)
        self._tabs = w.Tab([w.VBox(), w.VBox(), w.VBox()], titles=("Firm", "Rival", "More"))
        for box in self._tabs.children:
            box.add_class("cx-levers")
        self._result, self._table, self._ab, self._more = (w.HTML() for _ in range(4))
        self._scenarios.observe(self._new_scenario, "value")
        self._firm.observe(self._new_firm, "value")
        self._rival.observe(self._new_firm, "value")
        self._views = w.ToggleButtons(options=VIEWS)
        stack = w.Stack([self._table, self._ab, self._more], selected_index=0)
        w.jslink((self._views, "index"), (stack, "selected_index"))
        left = w.VBox([self._scenarios, self._firm, self._tabs, self._files()])
        right = w.VBox(
            [
                self._result, self._bar(), self._board, w.HBox([self._views]), stack,
                self._work.row, self._buttons(),
            ]
        )  # fmt: skip
        for box, name in ((left, "cx-left"), (right, "cx-right"), (self._result, "cx-said"),
                          (self._tabs, "cx-tabs"), (stack, "cx-more"),
                          (right.children[3], "cx-row")):  # fmt: skip
            box.add_class(name)
        self._panel = w.Box([left, right])
        self._panel.add_class("cx-bench")
        self._offer_firms()
        self._show()

    def _bar(self) -> Any:
        """Return the row of buttons that go back and forth and keep a what-if."""
        import ipywidgets as w

        self._undo = self._button("Undo", "Take the last move back", self.undo)
        self._redo = self._button("Redo", "Take the move again", self.redo)
        others = (
            self._button("Start again", "Reset all sliders", self._reset),
            self._button("Keep as A", "Keep this what-if, to compare the next one (B)", self._keep),
        )
        bar = w.HBox([self._undo, self._redo, *others])
        bar.add_class("cx-row")
        return bar

    def _buttons(self) -> Any:
        """Return the row of buttons for long work."""
        import ipywidgets as w

        long: tuple[tuple[str, str, Callable[[Question, Progress], str]], ...] = (
            ("Why?", "Contribution of each driver of choice",
             lambda q, report: drivers(q, self._answers.seeds, report)),
            ("Break-even price", "Price at which the change breaks even",
             lambda q, report: break_even_price(q, self._answers.seeds, report)),
            (f"Compare over {MANY} seeds", "Narrower intervals",
             lambda q, report: as_text(Answers(range(MANY), like=self._answers).to(
                 q, progress=report))),
            ("Decide", "Stay, A or this what-if, under uncertainty",
             lambda q, report: decision(q, self.kept, report)),
        )  # fmt: skip
        made = [self._working(*each) for each in long]
        made.append(self._button("Make report", f"One HTML page over {MANY} seeds", self._report))
        row = w.HBox(made)
        row.add_class("cx-row")
        return row

    def _files(self) -> Any:
        """Return the row that saves and opens what-ifs."""
        import ipywidgets as w

        self._file = w.Text(value="what-if.yaml", description="File")
        row = w.HBox(
            [
                self._file,
                self._button("Save", "Write the what-if as a scenario file", self._save),
                self._button("Open", "Open a what-if that was saved here", self._open),
            ]
        )
        row.add_class("cx-row")
        return row

    def _button(self, text: str, tip: str, action: Callable[[], Any]) -> Any:
        import ipywidgets as w

        button = w.Button(description=text, tooltip=tip)

        def clicked(_: Any) -> None:
            try:
                action()
            except (ScenarioError, ValueError, OSError) as problem:
                self._say(piece("alert", problem))

        button.on_click(clicked)
        return button

    def _working(self, text: str, tip: str, action: Callable[[Question, Progress], str]) -> Any:
        def start() -> None:
            question = self.question
            self._work.start(text, lambda report: action(question, report))

        return self._button(text, tip, start)

    def _say(self, html: str) -> None:
        """Show a result below the pictures."""
        if self._panel is not None:
            self._more.value = html
            self._views.index = VIEWS.index("Result")

    def _show(self) -> None:
        self._result.value = said_html(self.answer, brief=True)
        worth = piece("paragraphs", [self.answer.worth()])
        self._table.value = table_of(self.answer, brief=True) + worth
        self._ab.value = ab_html(self._difference)
        self._board.show(self.answer, self._answer_of_a)
        self._undo.disabled, self._redo.disabled = not self._past, not self._future

    # -- lists and sliders ---------------------------------------------------------------

    def _list_scenarios(self, base: Scenario) -> None:
        """List shipped scenarios, files of the working folder, and the base if it is neither."""
        own = own_scenarios()
        choices: dict[str, Any] = {name: name for name in shipped_scenarios()}
        at = base.name if choices.get(base.name) and Scenario.load(base.name) == base else ""
        for file, scenario in own.items():
            choices[f"{OWN}{file}"] = scenario
            at = at or (f"{OWN}{file}" if scenario == base else "")
        if not at:
            at = f"{base.name} (as given)"
            choices = {at: base, **choices}
        self._choices, self._deaf = choices, True
        self._scenarios.options, self._scenarios.value = list(choices), at
        self._deaf = False

    def _offer_firms(self) -> None:
        """Fill the lists of firms, and the sliders, for the question."""
        firms, firm = list(self.question.base.firms), self.question.firm
        rivals = [name for name in firms if name != firm]
        self._deaf = True  # to what the lists say while they are filled
        self._firm.options, self._rival.options = firms, [NOBODY, *rivals]
        self._firm.value, self._rival.value = firm, rival_of(self.question) or NOBODY
        self._deaf = False
        self._offer_sliders()

    def _offer_sliders(self) -> None:
        import ipywidgets as w

        base, firm = self.question.base, self.question.firm
        self._levers.clear()
        groups = offered(base, firm)
        shown = at_first(groups)
        parts: list[Any] = []
        for heading, each in shown.items():
            parts += [w.HTML(heading), *map(self._slider, each)]
        of_firm, of_rivals, further = self._tabs.children
        of_firm.children = parts
        further.children = self._on_demand(groups, shown)
        self._tabs.set_title(0, firm)
        of_rivals.children = [self._rival, *self._of_rival()]

    def _on_demand(
        self, groups: dict[str, tuple[Lever, ...]], shown: dict[str, tuple[Lever, ...]]
    ) -> list[Any]:
        """Return a list of headings, and the place for the sliders of the one that is chosen."""
        import ipywidgets as w

        rest = {
            heading: [lever for lever in each if lever not in shown.get(heading, ())]
            for heading, each in groups.items()
        }
        names = {f"{heading} ({len(each)})": heading for heading, each in rest.items() if each}
        self._headings = w.Dropdown(options=[NO_MORE, *names], value=NO_MORE, description="Sliders")
        place = w.VBox()
        place.add_class("cx-levers")

        def choose(change: Any) -> None:
            chosen = rest[names[change["new"]]] if change["new"] in names else []
            place.children = [self._slider(each) for each in chosen]

        self._headings.observe(choose, "value")
        return [self._headings, place]

    def _of_rival(self) -> list[Any]:
        """Return the sliders of the rival, and when it launches, enters and copies."""
        import ipywidgets as w

        rival, asked = self._rival.value, self.question
        if rival == NOBODY:
            return [
                w.HTML("Choose a rival to move its sliders, or to let it launch, enter or copy.")
            ]
        base, period = asked.base, asked.base.period_length
        last = base.periods - 1

        def when(words: str, value: int) -> Any:
            slider = w.IntSlider(
                value=min(value, last), min=0, max=last, description=words,
                continuous_update=False,
            )  # fmt: skip
            slider.add_class("cx-lever")
            return slider

        self._launch = when(f"Launch in {period}", asked.launch)
        self._launch.tooltip = "When changes by its sliders take effect; 0: from the start"
        self._enters = w.Checkbox(asked.entrant == rival, description="enters later", indent=False)
        self._enters_at = when(f"Enters in {period}", asked.enters_at)
        self._copies = w.Checkbox(
            asked.copycat == rival, description=f"copies {asked.firm}", indent=False
        )
        self._copies_at = when(f"Copies in {period}", asked.copies_at)
        entry = [self._enters, self._enters_at] if base.firms[rival].active else []
        moves = [self._launch, *entry, self._copies, self._copies_at]
        for each in moves:
            each.observe(self._rival_moved, "value")
        return [*map(self._slider, of_rival(base, rival)), *moves]

    def _slider(self, lever: Lever) -> Any:
        import ipywidgets as w

        asked = self.question.changes.get(lever.path, lever.value)
        slider = w.FloatSlider(
            value=asked, min=lever.low, max=lever.high, step=lever.step,
            description=f"{lever.label} ({lever.unit})" if lever.unit else lever.label,
            continuous_update=False, readout_format=f",.{lever.decimals}f", tooltip=lever.doc,
        )  # fmt: skip
        slider.add_class("cx-lever")
        slider.observe(lambda change: self._moved(lever, change["new"]), "value")
        self._levers[lever.path] = (lever, slider)
        return slider

    def _follow(self, before: Question) -> None:
        """Set lists and sliders to the question, after another one."""
        now, rival = self.question, rival_of(self.question)
        if now.base is not before.base:
            self._list_scenarios(now.base)
        if (now.base, now.firm) != (before.base, before.firm) or (
            rival and rival != self._rival.value
        ):
            self._offer_firms()
            return
        self._deaf = True
        for path, (lever, slider) in self._levers.items():
            slider.value = now.changes.get(path, lever.value)
        if self._rival.value != NOBODY:
            self._launch.value = now.launch
            self._enters.value = now.entrant == self._rival.value
            self._copies.value = now.copycat == self._rival.value
            self._enters_at.value, self._copies_at.value = now.enters_at, now.copies_at
        self._deaf = False

    # -- what the widgets do -------------------------------------------------------------

    def _moved(self, lever: Lever, value: float) -> None:
        if not self._deaf:
            moved = round(value) if lever.integer else round(value, 9)
            self._move(self.question.set(lever.path, moved))

    def _rival_moved(self, _: Any) -> None:
        if self._deaf:
            return
        rival = self._rival.value
        self._move(
            replace(
                self.question,
                launch=self._launch.value,
                entrant=rival if self._enters.value else "",
                enters_at=self._enters_at.value,
                copycat=rival if self._copies.value else "",
                copies_at=self._copies_at.value,
            )
        )

    def _move(self, question: Question) -> None:
        """Take a question over, and answer it soon; widgets are set already."""
        self._note(question)
        self._soon()

    def _jump(self, question: Question) -> None:
        """Take a question over, set the widgets, and answer it soon."""
        before = self.question
        self._note(question)
        self._follow(before)
        self._soon()

    def _new_scenario(self, change: Any) -> None:
        if self._deaf:
            return
        chosen = self._choices[change["new"]]
        base = Scenario.load(chosen) if chosen in shipped_scenarios() else chosen
        if isinstance(base, str):  # a file that is no scenario: what is wrong with it
            self._list_scenarios(self.question.base)
            self._say(piece("alert", base))
            return
        self._note(Question(base, firm_of(base, "")))
        self._offer_firms()
        self._soon()

    def _new_firm(self, change: Any) -> None:
        if self._deaf:
            return
        if change["owner"] is self._firm:
            self._note(Question(self.question.base, self._firm.value))
            self._offer_firms()
        else:
            self._note(self.question.without_rivals())
            self._offer_sliders()
        self._soon()

    # -- buttons -------------------------------------------------------------------------

    def _keep(self) -> None:
        self.keep()
        self._views.index = VIEWS.index("A and B")

    def _save(self) -> None:
        saved = save(self.question, self._file.value)
        self._list_scenarios(self.question.base)
        self._say(piece("paragraphs", [f"Saved: {saved}"]))

    def _open(self) -> None:
        self._jump(read_what_if(self._file.value))
        self._say(piece("paragraphs", [f"Opened: {self._file.value}"]))

    def _report(self) -> None:
        question, saved = self.question, save(self.question, self._file.value)
        self._work.start(
            "Make report",
            lambda progress: piece("link", "Report", report(question, saved, progress=progress)),
        )

    def _reset(self) -> None:
        self._jump(Question(self.question.base, self.question.firm))

    # -- showing -------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        return as_html(self.answer)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        live = {} if nobody_watches() else self.widget._repr_mimebundle_()
        return {
            **live, "text/html": self._repr_html_(), "text/plain": self.answer.sentence(),
        }  # fmt: skip


def rival_of(question: Question) -> str:
    """Return the rival whose moves a question asks about; empty if none."""
    moved = [path.split(".")[1] for path in question.changes if path.startswith("firms.")]
    others = [name for name in moved if name != question.firm]
    return next(iter((*filter(None, (question.copycat, question.entrant)), *others)), "")


def explore(
    scenario: Scenario | str | Path = "baseline", *, firm: str = "", seeds: int = 5
) -> Explorer:
    """Explore a scenario with sliders; see :class:`Explorer`.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A scenario, its file, or the name of one that ships with the package.
    firm : str
        The firm whose levers are shown; by default the first one.
    seeds : int
        Paired seeds of what is shown.

    Examples
    --------
    >>> import cxsim as cx
    >>> panel = cx.explore(cx.load("baseline", {"customers": 100, "periods": 6}), firm="Tailor")
    >>> panel.question.firm
    'Tailor'
    """
    return Explorer(scenario, firm=firm, seeds=seeds)


# -- What the explorer's buttons do: why, break-even, save, report -----------------------------


def nobody_watches() -> bool:
    """Whether a notebook runs in batch, so that a slider would move nothing."""
    return bool(os.environ.get(VARIABLE))


def drivers(question: Question, seeds: Sequence[int], progress: Progress | None = None) -> str:
    """Return driver contributions to the change of market share, as HTML."""
    if question.asks_nothing:
        return piece("paragraphs", ["Nothing has been changed yet."])
    parts = driver_contributions(
        question.base, question.scenario(), firm=question.firm, seeds=seeds, progress=progress
    )
    return why_html(parts, firm=question.firm, measure="market share")


def break_even_price(
    question: Question, seeds: Sequence[int], progress: Progress | None = None
) -> str:
    """Return at which price the firm in focus earns what it earns in the baseline, as HTML."""
    path, other = f"firms.{question.firm}.price", question.scenario()
    price = float(other.value(path)) or 1.0
    found = break_even(
        question.base,
        other,
        path,
        firm=question.firm,
        low=0.5 * price,
        high=2.0 * price,
        seeds=seeds,
        progress=progress,
    )
    return break_even_html(found, firm=question.firm, unit=question.base.currency)


def decision(
    question: Question, kept: Question | None = None, progress: Progress | None = None
) -> str:
    """Return which what-if the firm in focus should choose under uncertainty, as HTML.

    Parameters
    ----------
    question : Question
    kept : Question, optional
        Another what-if of the same base and firm, A.
    progress : callable, optional
        Called with (runs done, runs) after every run; may raise, to stop.
    """
    from cxsim.strategy.decide import decide

    asked = {"A": kept, "what-if": question}
    options = {
        name: each.overrides() for name, each in asked.items() if each and not each.asks_nothing
    }
    if not options:
        return piece("paragraphs", ["Nothing has been changed yet."])

    def tell(status: Any) -> None:
        if progress is not None:
            progress(status.done, status.total)

    found = decide(
        question.base, question.firm, options={"stay": {}, **options}, rival="none", progress=tell
    )
    return piece("paragraphs", found.sentences)


def report(
    question: Question, saved: Path, *, seeds: int = MANY, progress: Progress | None = None
) -> Path:
    """Make the report of a comparison with the base scenario and return the page's path.

    Parameters
    ----------
    question : Question
    saved : Path
        Its scenario file.
    seeds : int
    progress : callable, optional
        Called while the report is made; may raise, to stop.

    Raises
    ------
    ValueError
        If the report fails, with the reason.
    """
    base = saved.with_name(f"{saved.stem}-baseline.yaml")
    question.base.override({"name": base.stem}).save(base)
    folder = Path("results") / file_name(f"what-if-{saved.stem}")
    command = [sys.executable, "-m", "cxsim", "compare", str(base), str(saved)]
    command += ["--seeds", str(seeds), "-o", str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while True:
                try:
                    _, said = process.communicate(timeout=0.2)
                    break
                except subprocess.TimeoutExpired:
                    if progress is not None:
                        progress(0, 0)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise ValueError(f"report: {said.strip().splitlines()[-1]}")
    return folder / "report.html"


# -- An answer as HTML: the sentence, the figure, the key figures, all of one answer -----------


def figure_of(answer: Answer) -> Picture:
    """Return the figure of an answer: shares and profit, baseline and what-if in the same axes."""
    question = answer.question
    series = answer.comparison.series
    if question.asks_nothing:
        series = series[series["scenario"] == answer.comparison.scenarios[0]]
        series.attrs.update(answer.comparison.series.attrs)
        title = "The market as it is"
    else:
        title = f"{question.words()}: effect on {question.firm}"
    events = scenario_events(question.scenario())
    figure = what_if(series, events=events, title=title, columns=1)
    figure.set_layout_engine("none")  # it stays as it is: laying it out again takes time
    return figure


def table_of(answer: Answer, *, brief: bool = False) -> str:
    """Return the key figures of the firm in focus as an HTML table.

    Parameters
    ----------
    answer : Answer
    brief : bool
        Say which periods a figure is of only where its name is pointed at.

    Returns
    -------
    str
        HTML.
    """
    seeds = len(answer.comparison.seeds)
    caption = f"{answer.question.firm}: means over {seeds} paired seeds"
    names = {"baseline": "baseline", "other": "what-if", "difference": "difference"}
    return _table(answer.rows(), caption, names, brief=brief)


def _table(rows: pd.DataFrame, caption: str, names: dict[str, str], *, brief: bool) -> str:
    """Return differences as an HTML table, with other names for their columns."""
    shown = rows[list(names)].rename(columns=names)
    shown["95 % interval"] = rows["lower"] + " to " + rows["upper"]
    caption += "; bold: statistically significant"
    if brief:
        labels = (rows["measure"] + " (" + rows["unit"] + ")").str.removesuffix(" ()")
        windows = dict(zip(labels, rows["summary"], strict=True))
    else:
        unit = rows["unit"].where(rows["unit"] == "", rows["unit"] + ", ")
        labels, windows = rows["measure"] + " (" + unit + rows["summary"] + ")", {}
    shown.index = pd.Index(labels)
    return str(styled(shown, caption, definitions=windows, sure=rows["sure"]).to_html())


def as_html(answer: Answer) -> str:
    """Return sentence, figure and key figures as one piece of HTML.

    Parameters
    ----------
    answer : Answer

    Returns
    -------
    str
        HTML.
    """
    return f"{said_html(answer)}{figure_of(answer)._repr_html_()}{table_of(answer)}"


def said_html(answer: Answer, *, brief: bool = False) -> str:
    """Return the sentence of an answer, and cautions, as HTML; what it is worth unless brief."""
    cautions = unstated_lines([answer.question.scenario()])
    more = () if brief else (answer.worth(),)
    return piece("answer", answer.sentence(), "", cautions, more=more)


def as_text(answer: Answer) -> str:
    """Return sentence and key figures as HTML, without a figure."""
    return f"{said_html(answer)}{table_of(answer)}"


def ab_html(difference: Difference | None) -> str:
    """Return how two what-ifs differ as HTML; without two, how to keep one."""
    if difference is None:
        said = "No what-if has been kept: Keep as A keeps this one, and the next is B."
        return piece("paragraphs", [said])
    rows, seeds = difference.rows(), len(difference.comparison.seeds)
    caption = f"{difference.second.firm}: means over {seeds} paired seeds; difference: B less A"
    names = {"baseline": "A", "other": "B", "difference": "difference"}
    table = _table(rows, caption, names, brief=True)
    return piece("paragraphs", [difference.sentence()]) + table


def why_html(parts: pd.DataFrame, *, firm: str, measure: str) -> str:
    """Return the contribution of each driver of choice as an HTML table.

    Parameters
    ----------
    parts : DataFrame
        As :func:`cxsim.strategy.driver_contributions.driver_contributions` returns for a measure
        in shares.
    firm, measure : str
        For the caption.
    """
    points = (parts[["part", "lower", "upper"]] * 100).map("{:+.2f}".format)
    shown = pd.DataFrame(
        {
            "contribution (points)": points["part"],
            "95 % interval": points["lower"] + " to " + points["upper"],
        }
    ).map(minus)
    shown.index = pd.Index(list(parts["term"]))
    whole = minus(f"{100 * parts['difference'].iloc[0]:+.2f}")
    caption = (
        f"{firm}'s {measure} changes by {whole} points: contribution of each driver of choice. "
        "Because drivers interact, contributions do not sum to the total."
    )
    return str(styled(shown, caption).to_html())


def break_even_html(found: BreakEven, *, firm: str, unit: str) -> str:
    """Return in words at which price a firm breaks even with the baseline."""
    return piece("break_even", firm, found.sentence(unit), found.worth(unit))
