"""The explorer's panel: sliders and buttons of a notebook cell."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
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
    RIVAL,
    Answer,
    Answers,
    Lever,
    Question,
    at_first,
    levers,
    offered,
)
from cxsim.scenario import Scenario, ScenarioError, shipped_scenarios
from cxsim.strategy.break_even import BreakEven, break_even
from cxsim.strategy.driver_contributions import driver_contributions
from cxsim.strategy.options import firm_of

# -- The explorer's panel: sliders and buttons of a notebook cell ------------------------------


#: Seconds that a slider has to rest before the market is run.
REST = 0.05


NOBODY = "nobody"


#: Entry of the list of further sliders that shows none.
NO_MORE = "none"


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
        self._pending: asyncio.Task[Any] | None = None
        self._panel: Any = None
        self.question = Question(base, firm_of(base, firm))
        self.answer: Answer = self._answers.to(self.question)

    # -- asking ------------------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Answer a question and show the answer."""
        self.question = question
        self.answer = self._answers.to(question)
        if self._panel is not None:
            self._show()

    def _show(self) -> None:
        self._result.value = as_html(self.answer)

    # -- the panel ---------------------------------------------------------------------

    @property
    def widget(self) -> Any:
        """The panel, an ipywidgets box."""
        if self._panel is None:
            self._build()
        return self._panel

    def _build(self) -> None:
        import ipywidgets as w

        base = self.question.base
        names = list(shipped_scenarios())
        options = names if base.name in names else [base.name, *names]
        self._scenarios = w.Dropdown(options=options, value=base.name, description="Scenario")
        self._own = None if base.name in names else base
        self._firm = w.Dropdown(description="Firm")
        self._rival = w.Dropdown(description="Rival")
        self._sliders = w.VBox()
        self._result = w.HTML()
        self._more = w.HTML()
        self._file = w.Text(value="what-if.yaml", description="File")
        seeds = self._answers.seeds
        actions: tuple[tuple[str, str, Callable[[], str]], ...] = (
            ("Why?", "Contribution of each driver of choice",
             lambda: drivers(self.question, seeds)),
            ("Break-even price", "Price at which the change breaks even",
             lambda: break_even_price(self.question, seeds)),
            ("Compare over 20 seeds", "Narrower intervals",
             lambda: as_html(Answers(range(20)).to(self.question))),
            ("Save scenario", "Write the what-if as a scenario file",
             lambda: piece("paragraphs", [f"Saved: {self._save()}"])),
            ("Make report", "One HTML page over 20 seeds",
             lambda: piece("link", "Report", report(self.question, self._save()))),
            ("Start again", "Reset all sliders", self._reset),
        )  # fmt: skip
        self._scenarios.observe(self._new_scenario, "value")
        self._firm.observe(self._new_firm, "value")
        self._rival.observe(self._new_firm, "value")
        wrap = w.Layout(flex_flow="row wrap")
        buttons = w.HBox([self._button(*each) for each in actions], layout=wrap)
        left = w.VBox(
            [self._scenarios, self._firm, self._rival, self._sliders],
            layout=w.Layout(width="400px", flex="0 0 auto"),
        )
        right = w.VBox(
            [self._result, buttons, self._file, self._more],
            layout=w.Layout(flex="1 1 560px", min_width="0"),
        )
        self._panel = w.HBox([left, right], layout=w.Layout(flex_flow="row wrap"))
        self._offer_firms()
        self._show()

    def _button(self, text: str, tip: str, action: Callable[[], str]) -> Any:
        import ipywidgets as w

        button = w.Button(description=text, tooltip=tip, layout=w.Layout(width="auto"))

        def clicked(_: Any) -> None:
            self._more.value = piece("paragraphs", [f"{text} …"])
            try:
                self._more.value = action()
            except (ScenarioError, ValueError, OSError) as problem:
                self._more.value = piece("alert", problem)

        button.on_click(clicked)
        return button

    def _offer_firms(self) -> None:
        firms = list(self.question.base.firms)
        rivals = [name for name in firms if name != self.question.firm]
        self._deaf = True  # to what the lists say while they are filled
        self._firm.options, self._rival.options = firms, [NOBODY, *rivals]
        self._firm.value, self._rival.value = self.question.firm, NOBODY
        self._deaf = False
        self._offer_sliders()

    def _offer_sliders(self) -> None:
        import ipywidgets as w

        base, firm, rival = self.question.base, self._firm.value, self._rival.value
        groups = offered(base, firm)
        shown = at_first(groups)
        parts = [w.HTML(piece("strong", firm))]
        for heading, each in shown.items():
            parts += [w.HTML(heading), *map(self._slider, each)]
        parts += self._on_demand(groups, shown)
        if rival != NOBODY:
            parts.append(w.HTML(piece("strong", rival)))
            parts += [self._slider(each) for each in levers(base, rival, RIVAL)]
            copies = w.Checkbox(description=f"copies {firm}", indent=False)
            when = w.IntSlider(
                value=min(24, base.periods - 1), min=0, max=base.periods - 1,
                description=f"in {base.period_length}", continuous_update=False,
            )  # fmt: skip
            for each in (copies, when):
                each.observe(lambda _: self._copying(copies.value, when.value), "value")
            parts += [copies, when]
        self._sliders.children = parts

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
        more = w.Dropdown(options=[NO_MORE, *names], value=NO_MORE, description="More sliders")
        more.style.description_width = "180px"
        more.layout.width = "390px"
        place = w.VBox()

        def choose(change: Any) -> None:
            chosen = rest[names[change["new"]]] if change["new"] in names else []
            place.children = [self._slider(each) for each in chosen]

        more.observe(choose, "value")
        return [more, place]

    def _slider(self, lever: Lever) -> Any:
        import ipywidgets as w

        asked = self.question.changes.get(lever.path, lever.value)
        slider = w.FloatSlider(
            value=asked, min=lever.low, max=lever.high, step=lever.step,
            description=lever.label, continuous_update=False,
            readout_format=f",.{lever.decimals}f",
            style={"description_width": "180px"}, layout=w.Layout(width="390px"),
            tooltip=f"{lever.doc} ({lever.unit})" if lever.unit else lever.doc,
        )  # fmt: skip
        slider.observe(lambda change: self._moved(lever, change["new"]), "value")
        return slider

    # -- what the widgets do -------------------------------------------------------------

    def _moved(self, lever: Lever, value: float) -> None:
        moved = round(value) if lever.integer else round(value, 9)
        self.question = self.question.set(lever.path, moved)
        self._soon()

    def _copying(self, copies: bool, period: int) -> None:
        from dataclasses import replace

        rival = self._rival.value if copies else ""
        self.question = replace(self.question, copycat=rival, copies_at=period)
        self._soon()

    def _soon(self) -> None:
        """Answer once the sliders rest; a later move takes the place of an earlier one."""
        if self._pending is not None:
            self._pending.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no event loop: somebody moves sliders from a script
            self.ask(self.question)
            return
        self._pending = loop.create_task(self._after_rest())

    async def _after_rest(self) -> None:
        await asyncio.sleep(REST)
        try:
            self.ask(self.question)
        except (ScenarioError, ValueError) as problem:
            self._more.value = piece("alert", problem)

    def _new_scenario(self, change: Any) -> None:
        own = self._own if self._own is not None and change["new"] == self._own.name else None
        base = own or Scenario.load(change["new"])
        self.ask(Question(base, firm_of(base, "")))
        self._offer_firms()

    def _new_firm(self, change: Any) -> None:
        if self._deaf:
            return
        self.ask(Question(self.question.base, self._firm.value))
        if change["owner"] is self._firm:
            self._offer_firms()
        else:
            self._offer_sliders()

    # -- buttons -------------------------------------------------------------------------

    def _save(self) -> Path:
        return save(self.question, self._file.value)

    def _reset(self) -> str:
        self.ask(Question(self.question.base, self.question.firm))
        self._offer_firms()
        return ""

    # -- showing -------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        return as_html(self.answer)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        live = {} if nobody_watches() else self.widget._repr_mimebundle_()
        return {
            **live, "text/html": self._repr_html_(), "text/plain": self.answer.sentence(),
        }  # fmt: skip


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


def drivers(question: Question, seeds: Sequence[int]) -> str:
    """Return driver contributions to the change of market share, as HTML."""
    if question.asks_nothing:
        return piece("paragraphs", ["Nothing has been changed yet."])
    parts = driver_contributions(
        question.base, question.scenario(), firm=question.firm, seeds=seeds
    )
    return why_html(parts, firm=question.firm, measure="market share")


def break_even_price(question: Question, seeds: Sequence[int]) -> str:
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
    )
    return break_even_html(found, firm=question.firm, unit=question.base.currency)


def save(question: Question, path: str | Path) -> Path:
    """Write the what-if as a scenario file and return its path.

    Raises
    ------
    ValueError
        If the name has another ending than .yaml.
    ScenarioError
        If the file cannot be written.
    """
    path = Path(path)
    if path.suffix not in (".yaml", ".yml"):
        raise ValueError(f"file: expected a name that ends in .yaml, found {str(path)!r}")
    made = question.scenario(name=path.stem)
    said = f"{question.base.title or question.base.name}: {question.words().lower()}"
    return made.override({"title": said}).save(path)


def report(question: Question, saved: Path, *, seeds: int = 20) -> Path:
    """Make the report of a comparison with the base scenario and return the page's path.

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
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"report: {done.stderr.strip().splitlines()[-1]}")
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


def table_of(answer: Answer) -> str:
    """Return the key figures of the firm in focus as an HTML table.

    Parameters
    ----------
    answer : Answer

    Returns
    -------
    str
        HTML.
    """
    rows = answer.rows()
    shown = pd.DataFrame(
        {
            "baseline": rows["baseline"],
            "what-if": rows["other"],
            "difference": rows["difference"],
            "95 % interval": rows["lower"] + " to " + rows["upper"],
        }
    )
    unit = rows["unit"].where(rows["unit"] == "", rows["unit"] + ", ")
    shown.index = pd.Index(rows["measure"] + " (" + unit + rows["summary"] + ")")
    seeds = len(answer.comparison.seeds)
    caption = (
        f"{answer.question.firm}: means over {seeds} paired seeds; bold: statistically significant"
    )
    return str(styled(shown, caption, sure=rows["sure"]).to_html())


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
    cautions = unstated_lines([answer.question.scenario()])
    said = piece("answer", answer.sentence(), "", cautions, more=[answer.worth()])
    return f"{said}{figure_of(answer)._repr_html_()}{table_of(answer)}"


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
