"""A what-if question: a scenario, what is changed in it, and whether a rival copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import floor, log10
from typing import Any

import pandas as pd

from cxsim.charts.labels import Words
from cxsim.messages import Place, minus
from cxsim.report.tables import difference_rows, unit_of
from cxsim.runs import simulate
from cxsim.scenario import Scenario
from cxsim.scenario.fields import Spec
from cxsim.study.comparison import Comparison, RunSummary, build_comparison, run_summary

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
        if value != value_at(self.base, path):
            changes[path] = value
        return replace(self, changes=changes)

    @property
    def asks_nothing(self) -> bool:
        """Whether nothing is changed."""
        return not self.changes and not self.copycat

    def scenario(self, name: str = "what-if") -> Scenario:
        """Return the scenario that the question describes."""
        overrides: dict[str, Any] = {"name": name, **self._overrides()}
        if self.copycat:
            overrides["events"] = [self._copying()]
        return self.base.override(overrides)

    def _overrides(self) -> dict[str, Any]:
        """Return the changes as overrides; those of a programme's changes in one piece."""
        made: dict[str, Any] = {}
        for path, value in self.changes.items():
            whole, mark, key = path.partition(_CHANGES)
            if mark:
                whole += mark.rstrip(".")
                made[whole] = made.get(whole, dict(self.base.value(whole))) | {key: value}
            else:
                made[path] = value
        return made

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
            what, before = self._named(path), value_at(self.base, path)
            said.append(f"{what} {minus(f'{value:g}')} instead of {minus(f'{before:g}')}")
        if self.copycat:
            said.append(
                f"{self.copycat} copying {self.firm} in {self.base.period_length} {self.copies_at}"
            )
        return "With " + ", ".join(said) if said else "As it is"

    def _named(self, path: str) -> str:
        """Return in words what a path names."""
        level, *rest = path.split(".")
        if level == "events":
            event = self.base.events[int(rest[0])]
            return f"event {event.label or rest[0]!r} in {self.base.period_length}"
        if level in ("firms", "segments"):
            owner, *rest = rest
            return f"{owner}'s {' '.join(rest).replace('_', ' ')}"
        return " ".join((level, *rest)).replace("_", " ")


#: Where a path goes on into what a programme changes; the rest is one key, dots included.
_CHANGES = ".changes."


def value_at(scenario: Scenario, path: str) -> Any:
    """Return the value at a dotted path, or the level that a programme builds.

    Parameters
    ----------
    scenario : Scenario
    path : str
    """
    whole, mark, key = path.partition(_CHANGES)
    return scenario.value(whole + mark.rstrip("."))[key] if mark else scenario.value(path)


# -- The answer to a what-if question: time series, key figures and one sentence, of one run ---


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
        self._known: dict[tuple[str, int], RunSummary] = {}

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
        made = build_comparison((base, other), runs, seeds=self.seeds, confidence=confidence)
        return Answer(question, made)

    def _outcome(self, scenario: Scenario, seed: int) -> RunSummary:
        key = (scenario.digest, seed)
        if key not in self._known:
            while len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[key] = run_summary(simulate(scenario, seed=seed))
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


#: What a strategist moves first of the features that set a scenario apart, by the last part of
#: the path; the first of these come first.
FEATURES = (
    "one_off", "running", "at", "mean", "sample", "budget", "message_weight", "reputation_value",
    "point_value", "points_per_currency", "exit_fee", "contact_capacity", "contacts",
    "trial_discount", "known_chance", "experience_value",
)  # fmt: skip


#: Sliders shown at first.
AT_FIRST = 10


#: Headings of levers, in the glossary's words, and the mechanisms below them. Mechanisms that are
#: not listed are below their own description.
HEADINGS = {
    "Capabilities": ("learning", "offer", "channels", "organization"),
    "Price and costs": ("money", "capability_costs"),
    "Programmes": ("programmes",),
    "Events": ("scenario",),
    "Touchpoints": ("touchpoints", "abandonment"),
    "Surveys and improvement": (
        "survey_programmes", "segment_picture", "repositioning", "recovery", "improvement",
    ),
    "Word of mouth": ("word_of_mouth", "reputation", "advertising"),
    "Loyalty programmes and contracts": ("loyalty", "contracts"),
    "Targeting": (
        "value_tiers", "acquisition", "next_best_offer", "observable_attributes",
        "contact_tolerance",
    ),
    "Customer experience": ("perception", "attachment", "emotions", "emotion_effects"),
    "Trust and share of wallet": ("trust", "volume_response"),
    "Customers and market": ("people", "choice", "switching", "ordering", "need_drift",
                             "portability", "buying_center", "self_discovery"),
}  # fmt: skip


#: Headings that every scenario has; all others are its own features.
_ALWAYS = ("Capabilities", "Price and costs", "Customers and market")


#: The last of them: levers that are not the firm's.
_OTHERS = _ALWAYS[-1]


#: Up to which share of the market's sales in a period a cost goes that is 0 (assumption).
OF_SALES = 0.1


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
    integer : bool
        Whether only whole numbers are values.
    """

    path: str
    label: str
    unit: str
    doc: str
    low: float
    high: float
    step: float
    value: float
    integer: bool = False

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


def offered(scenario: Scenario, firm: str) -> dict[str, tuple[Lever, ...]]:
    """Return all levers that a scenario has for a firm, by heading.

    They are the numbers of the firm, of segments and of the market in the mechanisms that the
    scenario uses, the levels that the firm's programmes build, and the periods of events.

    Parameters
    ----------
    scenario : Scenario
    firm : str

    Returns
    -------
    dict
        By heading, in the order of :data:`HEADINGS`; levers of the firm before others.
    """
    named = {name: heading for heading, names in HEADINGS.items() for name in names}
    used = {each.name: each.doc for each in scenario.mechanisms}
    # Costs of capabilities that are stated as 0 leave the mechanism out, and may be moved.
    used |= {"scenario": "", "capability_costs": ""}
    found: dict[str, list[Lever]] = {heading: [] for heading in HEADINGS}
    for keys, spec, value in scenario.schema.root.walk(scenario._model):
        of_other = keys[0] == "firms" and keys[1] != firm
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        path = ".".join(map(str, keys))
        if of_other or spec.mechanism not in used or _kept_out(scenario, path, spec.mechanism):
            continue
        heading = named.get(spec.mechanism) or used[spec.mechanism]
        if heading in _ALWAYS and keys[0] != "firms":
            heading = _OTHERS
        if number:
            found.setdefault(heading, []).append(_lever(scenario, path, spec))
        elif path.endswith(_CHANGES.rstrip(".")):
            for key, level in value.items():
                target = _target(scenario, f"firms.{firm}.{key}")
                if isinstance(level, (int, float)) and not isinstance(level, bool):
                    made = _lever(scenario, f"{path}.{key}", target)
                    found.setdefault(heading, []).append(made)
    return {name: tuple(sorted(each, key=_rank)) for name, each in found.items() if each}


#: What a touchpoint needs, so that a number of it matters.
_NEEDED = {"abandonment": "required", "trigger_chance": "triggers"}


def _kept_out(scenario: Scenario, path: str, mechanism: str) -> bool:
    """Whether a number is no lever: shares that add up to 1; of the scenario, all but events."""
    if mechanism == "scenario":
        return not (path.startswith("events.") and path.endswith(".at"))
    parent, _, name = path.rpartition(".")
    if path.startswith("journey.") and name in _NEEDED:
        return not getattr(scenario.journey[parent.removeprefix("journey.")], _NEEDED[name])
    return path.startswith("segments.") and path.endswith(".share")


def _rank(lever: Lever) -> tuple[int, int]:
    level, _, rest = lever.path.partition(".")
    name = rest.partition(".")[2]
    place = FOCUS.index(name) if name in FOCUS else len(FOCUS)
    return ("firms", "events").index(level) if level in ("firms", "events") else 2, place


def _feature(lever: Lever) -> int:
    name = lever.path.rpartition(".")[2]
    return FEATURES.index(name) if name in FEATURES else len(FEATURES)


def at_first(groups: Mapping[str, Sequence[Lever]]) -> dict[str, tuple[Lever, ...]]:
    """Return the levers that are shown at first, :data:`AT_FIRST` at most, by heading.

    Half of them are of what sets the scenario apart, heading by heading in turn; the others are
    the firm's own of :data:`FOCUS`.

    Parameters
    ----------
    groups : mapping
        As :func:`offered` returns.
    """
    features = [
        sorted(each, key=_feature) for heading, each in groups.items() if heading not in _ALWAYS
    ]
    longest = max(map(len, features), default=0)
    in_turn = [each[turn] for turn in range(longest) for each in features if turn < len(each)]
    chosen = in_turn[: AT_FIRST // 2]
    usual = [each for group in groups.values() for each in group if _rank(each)[1] < len(FOCUS)]
    usual = sorted((each for each in usual if each.path.startswith("firms.")), key=_rank)
    chosen += usual[: AT_FIRST - len(chosen)]
    shown = {heading: tuple(e for e in each if e in chosen) for heading, each in groups.items()}
    return {heading: each for heading, each in shown.items() if each}


def lever(scenario: Scenario, path: str) -> Lever:
    """Return the lever of one parameter.

    Its range is that of the schema; where that has no end, it goes up to twice the largest
    value among the firms, or, where all are zero, to the largest price (of amounts of money), to
    a tenth of the market's sales in a period (of amounts for the whole market), or to 1. Periods
    go up to the last one.

    Parameters
    ----------
    scenario : Scenario
    path : str
        Dotted path of a number.

    Raises
    ------
    ScenarioError
        If the path names no parameter.
    """
    return _lever(scenario, path, _target(scenario, path))


def _target(scenario: Scenario, path: str) -> Spec:
    spec: Spec = scenario.targets(path, Place("path"))[0].spec
    return spec


def _lever(scenario: Scenario, path: str, spec: Spec) -> Lever:
    value = float(value_at(scenario, path))
    integer = "integer" in spec.kinds and "number" not in spec.kinds
    high = spec.bounds.get("le", spec.bounds.get("lt"))
    if path.startswith("events.") or spec.unit in ("period", "periods"):
        high = min(high or scenario.periods, scenario.periods - 1)
    if high is None and spec.unit == "per period" and not integer and value <= 1.0:
        high = 1.0
    if high is None:
        largest = max((abs(each) for each in _alike(scenario, path)), default=abs(value))
        high = 2.0 * largest or _room(scenario, spec) or 1.0
    low = float(spec.bounds.get("ge", spec.bounds.get("gt", min(0.0, 2.0 * value))))
    high = max(float(high), value)
    step = _round_step((high - low) / STEPS) if high > low else 1.0
    step = max(1.0, step) if integer else step
    low += step if "gt" in spec.bounds else 0.0
    high -= step if "lt" in spec.bounds and high == spec.bounds["lt"] else 0.0
    unit = unit_of(spec.unit, scenario)
    label = _label(scenario, path)
    return Lever(
        path, label, unit, spec.doc, min(low, value), max(high, value), step, value, integer
    )


def _room(scenario: Scenario, spec: Spec) -> float:
    """Return up to which amount of money a slider goes whose value is 0; 0 of other units."""
    price = max(float(each.price) for each in scenario.firms.values())
    if "whole market" in spec.doc:
        bought = sum(each.share * each.purchase_rate for each in scenario.segments.values())
        return float(f"{OF_SALES * price * bought * scenario.market_size:.1g}")
    return price if spec.unit.startswith("currency") else 0.0


def _alike(scenario: Scenario, path: str) -> list[float]:
    """Return the values of a firm's parameter at all firms that have it as a number."""
    level, _, rest = path.partition(".")
    if level != "firms" or _CHANGES in path:
        return []
    found = []
    for firm in scenario.firms:
        value: Any = scenario.firms[firm]
        for key in rest.split(".")[1:]:
            value = value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
        if isinstance(value, (int, float)):
            found.append(float(value))
    return found


def _label(scenario: Scenario, path: str) -> str:
    """Return the name of a slider: ``Price``, ``hotline: mean``, ``Comfort: fit weight``."""
    level, *rest = path.split(".")
    if level == "events":
        event = scenario.events[int(rest[0])]
        return f"{event.label or f'Event {rest[0]}'}: {scenario.period_length}"
    if level in ("firms", "segments"):
        owner, *rest = rest
        parts = rest[1:] if len(rest) > 1 else rest
        parts = [each for each in parts if each != "changes"]
        parts = [owner, *parts] if level == "segments" else parts
    else:
        parts = rest or [level]
    said = ": ".join(each.replace("_", " ") for each in parts)
    return said if len(parts) > 1 else said[:1].upper() + said[1:]


def _round_step(step: float) -> float:
    """Return the nearest of 1, 2 or 5 times a power of ten that is not larger."""
    power = 10.0 ** floor(log10(step))
    return power * max(digit for digit in (1.0, 2.0, 5.0) if digit * power <= step * (1 + 1e-9))
