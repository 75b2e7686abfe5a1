"""The last lesson in a notebook: a market of one's own, judged by a marks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from cxsim.course import html, panel
from cxsim.course import rubric as marks
from cxsim.course.estimate import Estimate
from cxsim.course.industry import INPUTS, Industry, read_sources
from cxsim.course.lesson import Lesson
from cxsim.course.lessons.own import NAME, plan_for
from cxsim.course.lessons.own_results import OwnIndustry
from cxsim.notebook.parameters import split_overrides
from cxsim.scenario.overriding import parse_override

__all__ = ["Capstone"]

#: How near the market has to come to what is known: for both points, and for one.
ELASTICITY_NEAR = (0.4, 0.8)
REPEAT_NEAR = (5.0, 10.0)


class Capstone(Lesson):
    """A lesson about one's own industry.

    Parameters
    ----------
    industry : Industry
    sources : str
        Where numbers come from: ``price=price list 2025; rest=assumption``.
    claim, refuted_by : str
        What is put to the test, and what would refute it.
    known_repeat : float
        How many purchases in a hundred go where the customer's last one went; 0 if unknown.
    counter : str
        Other values at which the result is meant to turn: ``segments.*.fit_weight=0.2``.
    assessed : str
        Points one gives oneself: ``limits=2, plain=1``.
    save_as : str
        File for the scenario with the move; beside it lies the one without. Empty: not saved.
    **given
        As for :class:`~cxsim.course.lesson.Lesson`, without ``name`` and ``plan``.

    Raises
    ------
    ValueError
        If an input, a source or a prediction is not what is expected; in one line.
    """

    def __init__(
        self,
        industry: Industry,
        *,
        sources: str = "",
        claim: str = "",
        refuted_by: str = "",
        known_repeat: float = 0.0,
        counter: str = "",
        assessed: str = "",
        save_as: str = "",
        **given: Any,
    ):
        super().__init__(NAME, plan=plan_for(industry), **given)
        self.own = OwnIndustry(industry)
        self.industry = self.own.industry(self.case)
        self.sources = read_sources(sources)
        self.assessed = marks.assessed(assessed)
        self._claim, self._refuted_by = claim, refuted_by
        self._known_repeat = float(known_repeat)
        self._counter = dict(parse_override(each) for each in split_overrides(counter))
        self._counter_words = counter
        self._save_as = save_as

    @classmethod
    def of(cls, numbers: Mapping[str, Any], industry: str = "", **given: Any) -> Capstone:
        """Return the lesson for an industry given by numbers, and others in a text on top."""
        return cls(Industry.of(numbers, industry), **given)

    def inputs(self) -> Any:
        """Show what was entered and where it comes from."""
        shown = html.facts(self.industry.facts(self.sources))
        said = {"Claim": self._claim or "none yet", "Refuted by": self._refuted_by or "nothing yet"}
        return panel.piece(shown + html.facts(said))

    def check(self) -> Any:
        """Check the market without the move against what is known, before anything is predicted."""
        rows = [self._elasticity_row(), self._repeat_row()]
        texts = [f"<b>{escape(row.words)}.</b> {escape(row.why)}" for row in rows]
        good = all(row.points for row in rows)
        head = "The market is like yours so far." if good else "Look at this first."
        advice = "" if good else (
            "Where the two differ, your inputs do not fit together: change what you know least, "
            "or find out what you entered as 0."
        )  # fmt: skip
        return panel.piece(html.box("right" if good else "wait", head, *texts, advice))

    def rubric(self) -> Any:
        """Show the rubric: points computed, points one gives oneself, and their sum."""
        if not self.live:
            return panel.piece(marks.rubric_html(self.rows(), self.assessed))
        import ipywidgets as w

        grades = [("no", 0), ("in part", 1), ("yes", 2)]
        pickers = {
            name: w.ToggleButtons(
                options=grades, value=self.assessed.get(name), style={"button_width": "auto"}
            )
            for name in marks.ASSESSED
        }
        asked = [
            w.VBox([w.HTML(f'<div style="font-size:15px">{escape(words)}</div>'), pickers[name]])
            for name, words in marks.ASSESSED.items()
        ]
        button = w.Button(
            description="Count my points", button_style="primary", layout=w.Layout(width="auto")
        )
        shown = w.HTML()

        def count(_: Any) -> None:
            if not self.open:
                shown.value = html.box("wait", "", "First commit to your predictions above.")
                return
            shown.value = html.box("wait", "", panel.WORKING)
            self.assessed = {n: int(p.value) for n, p in pickers.items() if p.value is not None}
            shown.value = marks.rubric_html(self.rows(), self.assessed)

        button.on_click(count)
        layout = w.Layout(align_items="flex-start")
        return panel.Piece("", w.VBox([*asked, button, shown], layout=layout))

    def rows(self) -> list[marks.Row]:
        """Return the rows that are computed."""
        case, own = self.case, self.own
        questions = self.plan.questions
        results = [(each.result(case), each.step) for each in questions]
        verdict = self._verdicts.get("B")
        there = own.counter(case, self._counter) if self._counter else None
        return [
            marks.sources(self.sources),
            self._elasticity_row(),
            self._repeat_row(),
            marks.claim(self._claim, self._refuted_by),
            marks.committed(sum(self.book.find(each.name) is not None for each in questions)),
            marks.told_from_chance(results),
            marks.robust(verdict["right"] if verdict else None),
            marks.counter_example(results[1][0], there, self._counter_words),
        ]

    def finish(self) -> None:
        """Save the scenarios, if a file is named, and keep what was predicted and answered."""
        if self._save_as:
            path = Path(self._save_as)
            named = {"claim": self._claim, "refuted_by": self._refuted_by}
            given = {name: text for name, text in named.items() if text}
            notes = "; ".join(f"{name}: {self.sources.get(name, 'no source')}" for name in INPUTS)
            texts = {**given, "notes": f"Sources of the inputs: {notes}."}
            path.parent.mkdir(parents=True, exist_ok=True)
            self.own.moved(self.case, {**texts, "name": path.stem}).save(path)
            before = path.with_name(f"{path.stem}-without{path.suffix}")
            self.own.market(self.case, {**texts, "name": before.stem}).save(before)
        super().finish()

    def _results(self) -> dict[str, Any]:
        rows = self.rows()
        judged = {row.words: {"points": row.points, "why": row.why} for row in rows}
        total = sum(row.points for row in rows) + sum(self.assessed.values())
        return {
            **super()._results(),
            "rubric": {"computed": judged, "assessed": dict(self.assessed), "points": total},
        }

    def _elasticity_row(self) -> marks.Row:
        found: Estimate = self.own.elasticity(self.case)
        full, half = ELASTICITY_NEAR
        return marks.near(
            "The market repeats the price elasticity that you gave", self.industry.elasticity,
            found, "% for 1 %", full=full, half=half,
        )  # fmt: skip

    def _repeat_row(self) -> marks.Row:
        full, half = REPEAT_NEAR
        return marks.near(
            "The market repeats how often customers buy where they bought last", self._known_repeat,
            self.own.repeat_rate(self.case), "in a hundred", full=full, half=half,
        )  # fmt: skip
