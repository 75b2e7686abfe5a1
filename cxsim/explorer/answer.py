"""The answer to a what-if question: courses, key figures and one sentence, all of one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxsim.explorer.question import Question
from cxsim.notebook.cells import difference_rows
from cxsim.plot.numbers import Words
from cxsim.runs import simulate
from cxsim.scenario import Scenario
from cxsim.study.comparison import Comparison, side_by_side
from cxsim.study.outcome import Outcome, outcome_of

__all__ = ["Answer", "Answers"]

#: Key figures of the firm in focus.
FIGURES = (
    "share",
    "retention",
    "switching_cost",
    "lifetime_value_new",
    "customer_equity",
    "net_present_value",
)
#: Labels of those that the sentence speaks of.
SAID = ("Share of purchases", "Net present value of profit")
#: Outcomes remembered: a few hundred kilobytes each.
REMEMBERED = 400


@dataclass(frozen=True)
class Answer:
    """What came out, for one question.

    Attributes
    ----------
    question : Question
    comparison : Comparison
        The baseline against the what-if; the baseline against itself if nothing is asked.
    """

    question: Question
    comparison: Comparison

    @property
    def words(self) -> Words:
        """What a period and the currency are called."""
        return Words(self.question.base.period_length, self.question.base.currency)

    def rows(self) -> pd.DataFrame:
        """Return key figures of the firm in focus as text: before, after, difference, interval."""
        table = self.comparison.table
        mine = table[(table["firm"] == self.question.firm) & table["measure"].isin(FIGURES)]
        return difference_rows(mine, words=self.words, names=FIGURES)

    def sentence(self) -> str:
        """Return in plain words what changed for the firm in focus, and how sure that is."""
        firm, seeds = self.question.firm, len(self.comparison.seeds)
        if self.question.asks_nothing:
            return f"{firm} as it is: move a slider to ask what if."
        rows = self.rows().set_index("measure")
        share, worth = (rows.loc[label] for label in SAID)
        closing = (
            f"Both are beyond chance ({seeds} paired seeds)."
            if share["sure"] and worth["sure"]
            else f"What may be chance needs more than {seeds} paired seeds."
        )
        return (
            f"{self.question.words()}: {firm}'s {_change('share of purchases', share)}; "
            f"its {_change('net present value', worth)}. {closing}"
        )

    def worth(self) -> str:
        """Return what the change is worth to the firm within the run and beyond."""
        if self.question.asks_nothing:
            return ""
        name, firm = self.comparison.scenarios[1], self.question.firm
        value = self.comparison.value(name, firm)
        return value.sentence(f"The change of {firm}'s net present value")


def _change(what: str, row: Any) -> str:
    """Say how a key figure changes, in the digits that the table shows."""
    sign, size = row["difference"][:1], row["difference"][1:]
    if sign not in "+−":
        return f"{what} does not change"
    unit = "points" if row["unit"].startswith("%") else row["unit"]
    text = (
        f"{what} {'rises' if sign == '+' else 'falls'} by {size} {unit} "
        f"(95 % interval {row['lower']} to {row['upper']})"
    )
    return text if row["sure"] else f"{text}, which may be chance"


class Answers:
    """Answers questions over the same seeds, and remembers what it has run.

    Parameters
    ----------
    seeds : sequence of int
    """

    def __init__(self, seeds: Sequence[int] = range(5)):
        self.seeds = tuple(seeds)
        self._known: dict[tuple[str, int], Outcome] = {}

    def to(self, question: Question, *, confidence: float = 0.95) -> Answer:
        """Answer a question."""
        base = question.base.override({"name": "baseline"})
        other = question.scenario()
        runs = [[self._outcome(s, seed) for seed in self.seeds] for s in (base, other)]
        made = side_by_side((base, other), runs, seeds=self.seeds, confidence=confidence)
        return Answer(question, made)

    def _outcome(self, scenario: Scenario, seed: int) -> Outcome:
        key = (scenario.digest, seed)
        if key not in self._known:
            while len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[key] = outcome_of(simulate(scenario, seed=seed))
        return self._known[key]
