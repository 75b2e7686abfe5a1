"""A what-if question: a scenario, what is changed in it, and whether a rival copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import floor, log10
from typing import Any

import pandas as pd

from cxsim.charts.labels import Words
from cxsim.report.tables import difference_rows, unit_of
from cxsim.runs import simulate
from cxsim.scenario import Scenario
from cxsim.study.comparison import Comparison, Outcome, outcome_of, side_by_side

# -- A what-if question: a scenario, what is changed in it, and whether a rival copies ---------


#: What a rival copies.
COPIED = ("interaction", "customization")


@dataclass(frozen=True)
class Question:
    """A what-if question: changed parameters, and a rival that may copy the firm in focus.

    Attributes
    ----------
    base : Scenario
    firm : str
        The firm in focus.
    changes : mapping of str to float
        New values by dotted path.
    copycat : str
        The rival who copies; empty for nobody.
    copies_at : int
        Period in which it has copied both capabilities.
    """

    base: Scenario
    firm: str
    changes: Mapping[str, float] = field(default_factory=dict)
    copycat: str = ""
    copies_at: int = 24

    def set(self, path: str, value: float) -> Question:
        """Return the question with one more change, or one less if it is the base's own value.

        Parameters
        ----------
        path : str
            Dotted path of a parameter.
        value : float
            In the unit of the parameter.

        Returns
        -------
        Question
        """
        changes = {k: v for k, v in self.changes.items() if k != path}
        if value != self.base.value(path):
            changes[path] = value
        return replace(self, changes=changes)

    @property
    def asks_nothing(self) -> bool:
        """Whether nothing is changed."""
        return not self.changes and not self.copycat

    def scenario(self, name: str = "what-if") -> Scenario:
        """Return the scenario that the question describes."""
        overrides: dict[str, Any] = {"name": name, **self.changes}
        if self.copycat:
            overrides["events"] = [self._copying()]
        return self.base.override(overrides)

    def _copying(self) -> dict[str, Any]:
        values = {
            f"firms.{self.copycat}.{what}": self.changes.get(
                f"firms.{self.firm}.{what}", self.base.value(f"firms.{self.firm}.{what}")
            )
            for what in COPIED
        }
        label = f"{self.copycat} copies {self.firm}"
        return {"at": min(self.copies_at, self.base.periods - 1), "set": values, "label": label}

    def words(self) -> str:
        """Return the question as a sentence."""
        said = []
        for path, value in self.changes.items():
            _, firm, name = path.split(".", 2)
            what = f"{firm}'s {name.replace('_', ' ')}"
            said.append(f"{what} {value:g} instead of {self.base.value(path):g}")
        if self.copycat:
            said.append(
                f"{self.copycat} copying {self.firm} in {self.base.period_length} {self.copies_at}"
            )
        return "With " + ", ".join(said) if said else "As it is"


# -- The answer to a what-if question: courses, key figures and one sentence, all of one run ---


#: Key figures of the firm in focus.
FIGURES = (
    "market_share",
    "retention_rate",
    "switching_cost",
    "customer_lifetime_value_new",
    "customer_equity",
    "net_present_value",
)


#: Labels of those that the sentence speaks of.
SAID = ("Market share", "Net present value")


#: Outcomes remembered: a few hundred kilobytes each.
REMEMBERED = 400


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

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
        """Labels of a period and the currency."""
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
            return f"Current situation of {firm}. Move a slider to test a change."
        rows = self.rows().set_index("measure")
        share, worth = (rows.loc[label] for label in SAID)
        closing = (
            f"Both changes are statistically significant ({seeds} paired seeds)."
            if share["sure"] and worth["sure"]
            else f"More than {seeds} paired seeds may be needed for a significant result."
        )
        return (
            f"{self.question.words()}: {firm}'s {_change('market share', share)}; "
            f"its {_change('net present value', worth)}. {closing}"
        )

    def worth(self) -> str:
        """Return the value of the change to the firm within the run and beyond."""
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
    return text if row["sure"] else f"{text}, not statistically significant"


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
        """Answer a question.

        Parameters
        ----------
        question : Question
        confidence : float
            Of the intervals, in (0, 1).

        Returns
        -------
        Answer
        """
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


# -- Levers: parameters that a slider can move, read off the schema ----------------------------


#: What a strategist moves first of the firm in focus, and of a rival.
FOCUS = (
    "interaction",
    "customization",
    "identification",
    "segment_insight",
    "price",
    "unit_cost",
    "customization_cost",
    "interaction_cost",
    "capability_cost",
    "capability_investment",
)


RIVAL = ("interaction", "customization", "price")


#: Steps from one end of a slider to the other, roughly.
STEPS = 50


@dataclass(frozen=True)
class Lever:
    """One parameter with the range of its slider.

    Attributes
    ----------
    path : str
        Dotted path.
    label, unit, doc : str
        In words; the unit with the scenario's own currency and period.
    low, high, step : float
    value : float
        Where it stands in the scenario.
    """

    path: str
    label: str
    unit: str
    doc: str
    low: float
    high: float
    step: float
    value: float

    @property
    def decimals(self) -> int:
        """Places after the point that one step needs."""
        return max(0, -floor(log10(self.step) + 1e-9))


def levers(scenario: Scenario, firm: str, names: Sequence[str] = FOCUS) -> tuple[Lever, ...]:
    """Return levers of a firm, those of ``names`` that are numbers in this scenario.

    Parameters
    ----------
    scenario : Scenario
    firm : str
    names : sequence of str
        Of firm parameters.

    Returns
    -------
    tuple of Lever
    """
    return tuple(
        lever(scenario, f"firms.{firm}.{name}")
        for name in names
        if isinstance(getattr(scenario.firms[firm], name, None), (int, float))
    )


def lever(scenario: Scenario, path: str) -> Lever:
    """Return the lever of one firm parameter.

    Its range is that of the schema; where that has no end, it goes up to twice the largest
    value among the firms, or, where all are zero, to the largest price.

    Raises
    ------
    ScenarioError
        If the path names no parameter.
    """
    value = float(scenario.value(path))
    _, _, name = path.split(".", 2)
    spec = scenario.schema.spec("firm").child(name)
    assert spec is not None
    low = float(spec.bounds.get("ge", spec.bounds.get("gt", 0.0)))
    high = spec.bounds.get("le", spec.bounds.get("lt"))
    if high is None:
        largest = max(float(getattr(each, name)) for each in scenario.firms.values())
        high = 2.0 * largest or max(float(each.price) for each in scenario.firms.values()) or 1.0
    step = _round_step((float(high) - low) / STEPS)
    label, unit = name.replace("_", " ").capitalize(), unit_of(spec.unit, scenario)
    return Lever(path, label, unit, spec.doc, low, max(float(high), value), step, value)


def _round_step(step: float) -> float:
    """Return the nearest of 1, 2 or 5 times a power of ten that is not larger."""
    power = 10.0 ** floor(log10(step))
    return power * max(digit for digit in (1.0, 2.0, 5.0) if digit * power <= step * (1 + 1e-9))
