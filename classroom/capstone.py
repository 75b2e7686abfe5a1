"""The last lesson in a notebook: a market of one's own, judged by a marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from classroom import widgets
from classroom.case import Estimate
from classroom.commitment import read_given, read_number
from classroom.industry import INPUTS, Industry, read_sources
from classroom.lesson import Lesson
from classroom.lessons.own_industry import NAME, OwnIndustry, plan_for
from cxsim.charts import number
from cxsim.report import split_overrides
from cxsim.scenario import parse_override

__all__ = ["ASSESSED", "Capstone", "Row", "read_assessed", "rubric_html"]


# -- The last lesson in a notebook: a market of one's own, judged by a marks -------------------


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
        As for :class:`~classroom.lesson.Lesson`, without ``name`` and ``plan``.

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
        self.assessed = read_assessed(assessed)
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
        """Show the inputs and their sources."""
        shown = widgets.facts(self.industry.facts(self.sources))
        said = {"Claim": self._claim or "none yet", "Refuted by": self._refuted_by or "nothing yet"}
        return widgets.piece(shown + widgets.facts(said))

    def check(self) -> Any:
        """Check the market without the move against known numbers, before any prediction."""
        rows = [self._elasticity_row(), self._repeat_row()]
        texts = [f"<b>{escape(row.words)}.</b> {escape(row.why)}" for row in rows]
        good = all(row.points for row in rows)
        head = "So far the market agrees with yours." if good else "Check this first."
        advice = "" if good else (
            "Where the two differ, your inputs contradict each other: change those that you know "
            "least, or find the value that you entered as 0."
        )  # fmt: skip
        return widgets.piece(widgets.box("right" if good else "wait", head, *texts, advice))

    def rubric(self) -> Any:
        """Show the rubric: points computed, points one gives oneself, and their sum."""
        if not self.live:
            return widgets.piece(rubric_html(self.rows(), self.assessed))
        import ipywidgets as w

        grades = [("no", 0), ("in part", 1), ("yes", 2)]
        pickers = {
            name: w.ToggleButtons(
                options=grades, value=self.assessed.get(name), style={"button_width": "auto"}
            )
            for name in ASSESSED
        }
        asked = [
            w.VBox([w.HTML(f'<div style="font-size:15px">{escape(words)}</div>'), pickers[name]])
            for name, words in ASSESSED.items()
        ]
        button = w.Button(
            description="Count my points", button_style="primary", layout=w.Layout(width="auto")
        )
        shown = w.HTML()

        def count(_: Any) -> None:
            if not self.open:
                shown.value = widgets.box("wait", "", "First commit to your predictions above.")
                return
            shown.value = widgets.box("wait", "", widgets.WORKING)
            self.assessed = {n: int(p.value) for n, p in pickers.items() if p.value is not None}
            shown.value = rubric_html(self.rows(), self.assessed)

        button.on_click(count)
        layout = w.Layout(align_items="flex-start")
        return widgets.Piece("", w.VBox([*asked, button, shown], layout=layout))

    def rows(self) -> list[Row]:
        """Return the rows that are computed."""
        case, own = self.case, self.own
        questions = self.plan.questions
        results = [(each.result(case), each.step) for each in questions]
        verdict = self._verdicts.get("B")
        there = own.worth(case, self._counter) if self._counter else None
        return [
            sources(self.sources),
            self._elasticity_row(),
            self._repeat_row(),
            claim(self._claim, self._refuted_by),
            committed(sum(self.book.find(each.name) is not None for each in questions)),
            told_from_chance(results),
            robust(verdict["right"] if verdict else None),
            counter_example(results[1][0], there, self._counter_words),
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

    def _elasticity_row(self) -> Row:
        found: Estimate = self.own.elasticity(self.case)
        full, half = ELASTICITY_NEAR
        return near(
            "The market has the price elasticity that you entered", self.industry.elasticity,
            found, "% for 1 %", full=full, half=half,
        )  # fmt: skip

    def _repeat_row(self) -> Row:
        full, half = REPEAT_NEAR
        return near(
            "The market has the repeat purchase rate that you entered", self._known_repeat,
            self.own.repeat_rate(self.case), "in a hundred", full=full, half=half,
        )  # fmt: skip


# -- The rubric of the capstone: rows that are computed, and rows that one judges oneself ------


#: Rows that only the author can judge: by name, what earns both points.
ASSESSED = {
    "limits": "I have written down the limits of the model that could reverse the result.",
    "decision": "I have written down the decision, who takes it, and what would change it.",
    "evidence": "I have named the input that matters most, and the cheapest way to measure it.",
    "plain": "A person outside the course has understood my result from three sentences.",
}


MOST = 2


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes
    ----------
    words : str
        What is asked for.
    points : int
        From 0 to 2.
    why : str
        What was found.
    """

    words: str
    points: int
    why: str


def sources(given: Mapping[str, str]) -> Row:
    """Judge whether the sources of the inputs are stated."""
    real = [name for name, said in given.items() if said.lower() != "assumption"]
    missing = [name for name in INPUTS if name not in given]
    points = 0 if missing else 2 if len(real) >= 3 else 1
    why = f"{len(real)} inputs with a source, {len(given) - len(real)} marked as assumptions"
    if missing:
        why += f"; without any source: {', '.join(missing)}"
    words = "Every input has a source or is marked as assumption; three or more have a source"
    return Row(words, points, f"{why}.")


def near(words: str, given: float, found: Estimate, unit: str, *, full: float, half: float) -> Row:
    """Judge whether the market agrees with a number that is known of the industry."""
    if given == 0:
        return Row(words, 0, f"No number was given; the market has {number(found.value)} {unit}.")
    off = abs(found.value - given)
    points = 2 if off <= full else 1 if off <= half else 0
    said = f"You gave {number(given)} {unit}, the market has {number(found.value)} {unit}"
    return Row(words, points, f"{said}: a difference of {number(off, 2)}.")


def claim(said: str, refuted_by: str) -> Row:
    """Judge whether there is a claim that a result could refute."""
    points = sum(bool(text.strip()) for text in (said, refuted_by))
    why = {0: "Both are missing.", 1: "One of the two is missing.", 2: "Both are stated."}[points]
    return Row("A claim, and what would refute it, are stated before the run", points, why)


def committed(count: int) -> Row:
    """Judge whether predictions were committed; being right earns nothing."""
    return Row(
        "Both predictions were committed before the results", min(count, 2), f"{count} of 2."
    )


def told_from_chance(results: Sequence[tuple[Estimate, float]]) -> Row:
    """Judge precision: a statistically significant sign, or an interval within one step."""
    clear = sum(each.sure or (each.known and each.half < step) for each, step in results)
    return Row("There are enough seeds for both results to be precise", clear, f"{clear} of 2 are.")


def robust(right: bool | None) -> Row:
    """Judge whether the student knows how robust the result is to the assumptions."""
    why = {True: "The count is right.", False: "The count is wrong.", None: "Not answered."}[right]
    return Row("You know in how many other markets the result holds (exercise B)",
               2 if right else 0, why)  # fmt: skip


def counter_example(here: Estimate, there: Estimate | None, words: str) -> Row:
    """Judge whether a market was found in which the result is reversed."""
    asked = "A counter-example: other values at which the result is reversed"
    if there is None:
        return Row(asked, 0, "None was given.")
    said = f"With {words}: {there.text('%', signed=True)}, here {here.text('%', signed=True)}"
    if there.sure and here.sure and (there.value > 0) != (here.value > 0):
        return Row(asked, 2, f"{said}. It is reversed.")
    weaker = abs(there.value) < abs(here.value)
    if weaker:
        return Row(asked, 1, f"{said}. It is weaker, but not reversed significantly.")
    return Row(asked, 0, f"{said}. It is not reversed.")


def read_assessed(text: str) -> dict[str, int]:
    """Return points that one gave oneself, from text such as ``limits=2, plain=1``.

    Raises
    ------
    ValueError
        If a row is unknown, or points are not 0, 1 or 2.
    """
    made = {}
    for name, value in read_given(text, list(ASSESSED), what="assessed").items():
        points = read_number(value, what=f"assessed: {name}")
        if points not in (0, 1, 2):
            raise ValueError(f"assessed: {name}: expected 0, 1 or 2, found {value!r}")
        made[name] = int(points)
    return made


def rubric_html(rows: Sequence[Row], own: Mapping[str, int]) -> str:
    """Return the rubric as an HTML table with its sum."""
    cell = "padding:0.3em 0.7em;text-align:left;vertical-align:top;white-space:normal;border:0"
    edge = "border-top:1px solid #BBBBBB;"

    def line(words: str, points: int | None, why: str) -> str:
        said = "open" if points is None else f"{points} of {MOST}"
        return (
            f'<tr style="{edge}"><td style="{cell};max-width:24em">{escape(words)}</td>'
            f'<td style="{cell};font-weight:600;white-space:nowrap">{said}</td>'
            f'<td style="{cell};max-width:26em">{escape(why)}</td></tr>'
        )

    judged = "".join(line(row.words, row.points, row.why) for row in rows)
    mine = "".join(
        line(words, own.get(name), "You judge this yourself.") for name, words in ASSESSED.items()
    )
    most = MOST * (len(rows) + len(ASSESSED))
    total = sum(row.points for row in rows) + sum(own.values())
    return (
        '<table class="cx-rubric" style="font-size:15px;border-collapse:collapse;line-height:1.4">'
        '<caption style="text-align:left;caption-side:top;font-size:16px">'
        f"<strong>{total} of {most} points</strong>, {sum(r.points for r in rows)} of "
        f"{MOST * len(rows)} computed</caption>"
        f"<tbody>{judged}{mine}</tbody></table>"
    )
