"""The claim of a scenario put to its test: the rules in its file, over paired seeds.

A part of a claim holds by the margin between the two sides of its rule, one number a seed.
If the interval of the mean margin lies above zero the part holds, below zero it is refuted,
else it is open. A margin that is the same in every run, by rounding, owes nothing to chance:
what it says is so by construction.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxsim.messages import Problem, minus, number, seeds_of
from cxsim.model.ledger import year_of
from cxsim.runs import simulate
from cxsim.runs.execution import provenance
from cxsim.runs.measures.measure_registry import near, summarized
from cxsim.runs.measures.profit import VALUES, net_present_value
from cxsim.scenario import EventsLeftOutWarning, Scenario, ScenarioError
from cxsim.scenario.claim_rule import MARKET, OTHERS, Rule, Term, absent_firms, parse_rule
from cxsim.study.outputs import known_measures, measures_by_observer

HOLDS, REFUTED, OPEN = "holds", "refuted", "open"
BY_CONSTRUCTION, NO_DIFFERENCE = "true by construction", "no difference by construction"

#: Worst first: a claim is as good as the worst of its parts.
ORDER = (REFUTED, OPEN, NO_DIFFERENCE, HOLDS, BY_CONSTRUCTION)

#: Differences below this part of the numbers' own size are rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Part:
    """One condition of a claim, and what became of it.

    Attributes
    ----------
    says : str
        What has to hold.
    word : str
        ``"holds"``, ``"refuted"``, ``"open"``, ``"true by construction"`` or ``"no difference by
        construction"``.
    margin, lower, upper : float
        By how much it holds, mean over seeds, and its interval; NaN where there is none.
    sentence : str
        The finding in words, with numbers, interval and periods.
    """

    says: str
    word: str
    margin: float
    lower: float
    upper: float
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """The verdict on a scenario's claim.

    Attributes
    ----------
    scenario : str
        Its name.
    word : str
        That of the worst part.
    parts : tuple of Part
    seeds : int
        Paired seeds behind it.
    """

    scenario: str
    word: str
    parts: tuple[Part, ...]
    seeds: int

    def lines(self) -> list[str]:
        """Return the verdict in plain words, a line per part, the word first."""
        return [f"{part.word.capitalize()}: {part.sentence}" for part in self.parts]

    def facts(self) -> dict[str, Any]:
        """Return it as plain data, for ``summary.json``."""
        return {
            "scenario": self.scenario, "word": self.word, "seeds": self.seeds,
            "lines": self.lines(), "parts": [vars(part) for part in self.parts],
        }  # fmt: skip


@dataclass(frozen=True)
class Books:
    """What remains of a run for rules to be tested on.

    Attributes
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
    ledger : Ledger
    """

    scenario: Scenario
    mechanisms: tuple[Any, ...]
    ledger: Any

    @classmethod
    def of(cls, simulation: Any) -> Books:
        """Take them from a finished simulation, whose customers need not be kept."""
        return cls(simulation.scenario, simulation.mechanisms, simulation.ledger)


#: Books by the digest of a run (:func:`cxsim.runs.execution.provenance`) and its seed.
Shelf = Mapping[tuple[str, int], Books]


def verdict_of(
    scenario: Scenario,
    seeds: int | Iterable[int] = 5,
    *,
    confidence: float = 0.95,
    progress: Callable[[int, int], None] | None = None,
    made: Shelf | None = None,
) -> Verdict | None:
    """Put a scenario's claim to the test that its file names.

    Parameters
    ----------
    scenario : Scenario
    seeds : int or iterable of int
        Paired: every run that the rules speak of has the same ones.
    confidence : float
        Of the intervals.
    progress : callable, optional
        Called with (runs done, runs).
    made : mapping of (str, int) to Books, optional
        Of runs that were made already, such as :attr:`Comparison.books`: those of the same
        scenario, code and seed are not made again.

    Returns
    -------
    Verdict or None
        None where the scenario names no test.

    Raises
    ------
    ScenarioError
        If the overrides of a run are not valid.

    Examples
    --------
    >>> from cxsim import load
    >>> small = load("baseline", {"customers": 200, "periods": 24})
    >>> verdict = verdict_of(small, 3)
    >>> [part.says for part in verdict.parts][2]
    'the one-to-one firm earns more than each of the others'
    """
    conditions = scenario.test
    if not conditions:
        return None
    numbers = seeds_of(seeds)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    rules = [parse_rule(condition.rule) for condition in conditions]
    runs = _Runs(scenario, conditions, rules, made or {})
    sides: list[list[dict[str, tuple[float, float]]]] = [[] for _ in rules]
    for done, seed in enumerate(numbers, start=1):
        taken = runs.of(seed)
        for k, (condition, rule) in enumerate(zip(conditions, rules, strict=True)):
            sides[k].append(taken.sides(k, condition, rule))
        if progress is not None:
            progress(done, len(numbers))
    parts = tuple(
        _part(scenario, condition, rule, values, runs.unit(rule), confidence)
        for condition, rule, values in zip(conditions, rules, sides, strict=True)
    )
    word = min((part.word for part in parts), key=ORDER.index)
    return Verdict(scenario.name, word, parts, len(numbers))


def check_test(scenario: Scenario) -> None:
    """Refuse rules that name measures which there are not, and runs that cannot be made.

    Parameters
    ----------
    scenario : Scenario

    Raises
    ------
    ScenarioError
        One line per problem, with file, line and key.
    """
    problems = []
    for number_, condition in enumerate(scenario.test):
        made = {"": scenario}
        for name, changes in condition.runs.items():
            keys: tuple[str | int, ...] = ("test", number_, "runs", name)
            try:
                made[name] = _quietly(scenario, changes)
            except ScenarioError as error:
                problems += [Problem(scenario.place(keys), keys, p.text) for p in error.problems]
        keys = ("test", number_, "rule")
        for term in parse_rule(condition.rule).terms:
            known = _known(made.get(term.run, scenario))
            if (term.level, term.measure) not in known:
                names = [name for of, name in known if of == term.level]
                what = "the market" if term.level == MARKET else "firms"
                text = f"expected a measure of {what}, found {term.measure!r}"
                text += near(term.measure, names)
                problems.append(Problem(scenario.place(keys), keys, text))
                break
    if problems:
        raise ScenarioError(problems)


def _quietly(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EventsLeftOutWarning)
        return scenario.override(dict(changes))


def _known(scenario: Scenario) -> dict[tuple[str, str], str]:
    """Return all measures of a scenario by level and name, and who observes them."""
    return measures_by_observer(scenario) | dict.fromkeys(known_measures(scenario.mechanisms), "")


class _Runs:
    """The runs that rules speak of, seed by seed."""

    def __init__(
        self,
        scenario: Scenario,
        conditions: Iterable[Any],
        rules: Iterable[Rule],
        shelf: Shelf,
    ):
        self.scenario, self._shelf = scenario, shelf
        self._digests: dict[str, str] = {}  # with the code, which a scenario's first run tells
        self.scenarios: dict[tuple[int, str], Scenario] = {}
        terms: dict[str, set[tuple[str, str]]] = {}
        for k, (condition, rule) in enumerate(zip(conditions, rules, strict=True)):
            if absent_firms(rule, scenario.firms, condition.runs):
                continue  # of another market: there is nothing to run
            for term in rule.terms:
                made = (
                    _quietly(scenario, condition.runs[term.run])
                    if term.run in condition.runs
                    else scenario
                )
                self.scenarios[k, term.run] = made
                terms.setdefault(made.digest, set()).add((term.level, term.measure))
        self.observers = {}
        for made in self.scenarios.values():
            known = _known(made)
            asked = {known.get(each, "") for each in terms[made.digest]}
            self.observers[made.digest] = sorted(asked - {""})

    def of(self, seed: int) -> _Taken:
        """Run what has to be run with a seed, each scenario once."""
        books: dict[str, Any] = {}
        for made in self.scenarios.values():
            if made.digest not in books:
                books[made.digest] = self._found(made, seed) or self._run(made, seed)
        return _Taken(self, books)

    def _found(self, made: Scenario, seed: int) -> Books | None:
        """Return the books of a run that was made already, if nothing more is asked of it."""
        if self.observers[made.digest]:
            return None
        return self._shelf.get((self._digests.get(made.digest, ""), seed))

    def _run(self, made: Scenario, seed: int) -> Any:
        simulation = simulate(made, seed=seed, probes=self.observers[made.digest])
        if self._shelf and made.digest not in self._digests:
            self._digests[made.digest] = provenance(simulation)["digest"]
        return simulation

    def unit(self, rule: Rule) -> tuple[str, str]:
        """Return label and unit of a rule's first measure."""
        term = rule.terms[0]
        measure = known_measures(self.scenario.mechanisms).get((term.level, term.measure))
        return (measure.label, measure.unit) if measure else (term.measure.replace("_", " "), "")


@dataclass(frozen=True)
class _Taken:
    """Measurements of the runs of one seed."""

    runs: _Runs
    simulations: Mapping[str, Any]

    def sides(self, k: int, condition: Any, rule: Rule) -> dict[str, tuple[float, float]]:
        """Return the sides of a rule, the one that should be higher first, by the other firm.

        One entry for each firm that ``others`` stands for, one without a name if it does not
        occur.
        """
        if not any(number_ == k for number_, _ in self.runs.scenarios):
            return {"": (math.nan, math.nan)}
        window = window_of(self.runs.scenario, condition.window)

        def value(term: Term, other: str) -> float:
            simulation = self.simulations[self.runs.scenarios[k, term.run].digest]
            firm = other if term.firm == OTHERS and OTHERS not in simulation.scenario.firms \
                else term.firm  # fmt: skip
            return _measured(simulation, term.measure, firm, window)

        if not any(term.firm == OTHERS for term in rule.terms):
            return {"": rule.sides(lambda term: value(term, ""))}
        named = {term.firm for term in rule.terms}
        others = [firm for firm in self.runs.scenario.firms if firm not in named]
        return {o: rule.sides(lambda term, o=o: value(term, o)) for o in others}  # type: ignore[misc]


def _measured(simulation: Any, measure: str, firm: str, window: slice | None) -> float:
    """Return a measure summarized over a window; NaN where there is none."""
    books = simulation.ledger
    level = MARKET if firm == MARKET else "firm"
    found = known_measures(simulation.mechanisms).get((level, measure))
    if found is None or window is None or (level == "firm" and firm not in books.firms):
        return math.nan
    values = np.asarray(found.function(books), dtype=float)
    if window.start > 0:  # what was earned before the window is not of it
        if measure in VALUES and level == "firm":
            values = values - net_present_value(books)[window.start - 1]
        elif measure == "cumulative_profit":
            values = values - values[window.start - 1]
    values = values[:, books.firms.index(firm)] if level == "firm" else values
    return float(summarized(values[window], found.summary))


def window_of(scenario: Scenario, name: str) -> slice | None:
    """Return the periods that a condition speaks of; None if the run does not have them."""
    last = int(scenario.periods)
    if name == "last_period":
        return slice(last - 1, last)
    if name == "last_year":
        return slice(max(0, last - year_of(scenario.period_length)), last)
    if name == "after_event":
        changes = [change.at for change in scenario.changes]
        return slice(min(changes), last) if changes else None
    return slice(0, last)


# --- words ------------------------------------------------------------------------


def _part(
    scenario: Scenario,
    condition: Any,
    rule: Rule,
    values: list[dict[str, tuple[float, float]]],
    said: tuple[str, str],
    confidence: float,
) -> Part:
    """Judge one condition by its sides, seed by seed."""
    nothing = math.nan
    says = condition.says.strip().rstrip(".")
    window = window_of(scenario, condition.window)
    if window is None or not values[0]:
        why = (
            "the event that it refers to is not part of this run" if window is None
            else "this market has no other firm"
        )  # fmt: skip
        return Part(condition.says, OPEN, nothing, nothing, nothing, f"{says}: {why}.")
    names = list(values[0])
    table = np.array([[row[name] for name in names] for row in values])  # (seeds, others, 2)
    margins = (table[:, :, 0] - table[:, :, 1]).min(axis=1)
    if not np.isfinite(margins).all():
        absent = " or ".join(absent_firms(rule, scenario.firms, condition.runs))
        why = "this market lacks something that the rule compares"
        why += f" (there is no {absent})" if absent else ""
        return Part(condition.says, OPEN, nothing, nothing, nothing, f"{says}: {why}.")
    size = float(np.abs(table).max())
    margins = np.where(np.abs(margins) <= ROUNDING * size, 0.0, margins)
    from cxsim.numerics.statistics import half_width, mean_and_error  # checking needs no SciPy

    mean, error = (float(each) for each in mean_and_error(margins))
    half = float(half_width(np.asarray(error), len(margins), confidence))
    word = _word(margins, mean, half, ROUNDING * size, strict=rule.strict)
    nearest = int((table[:, :, 0] - table[:, :, 1]).mean(axis=0).argmin())
    sentence = _sentence(
        scenario, rule, names[nearest], table[:, nearest].mean(axis=0), mean, half, said, says
    )
    return Part(
        condition.says, word, mean, mean - half, mean + half,
        f"{sentence}, {_periods(scenario, window)}{_why(word, len(margins))}.",
    )  # fmt: skip


def _word(margins: np.ndarray, mean: float, half: float, room: float, *, strict: bool) -> str:
    """Return the verdict of a margin."""
    if len(margins) < 2:
        return OPEN
    if np.ptp(margins) <= room:  # chance has no part in it
        if mean == 0.0:
            return NO_DIFFERENCE if strict else BY_CONSTRUCTION
        return BY_CONSTRUCTION if mean > 0 else REFUTED
    if mean - half > 0:
        return HOLDS
    return REFUTED if mean + half < 0 else OPEN


def _why(word: str, seeds: int) -> str:
    if word != OPEN:
        return ""
    return "; one seed, so no interval" if seeds < 2 else "; the interval does not exclude zero"


def _sentence(
    scenario: Scenario, rule: Rule, other: str, sides: np.ndarray, mean: float, half: float,
    said: tuple[str, str], says: str,
) -> str:  # fmt: skip
    """Return the result in words: a difference if a rule compares one measure."""
    high, low = rule.side("high"), rule.side("low")
    label, unit = said
    simple = (
        high is not None and low is not None and high[0] == low[0] == 1.0
        and high[1].measure == low[1].measure and high[1].run == low[1].run
    )  # fmt: skip
    if simple and mean != 0.0:
        assert high is not None
        assert low is not None
        first, second = (high, low) if rule.written_first == "high" else (low, high)
        above = (mean > 0) == (rule.written_first == "high")
        firm, rival = (other if t[1].firm == OTHERS else t[1].firm for t in (first, second))
        size = _amount(abs(mean), half, unit, scenario.currency)
        word = "above" if above else "below"
        return f"{firm}'s {_small(label)} is {size} {word} {rival}'s"
    left, right = (sides[0], sides[1]) if rule.written_first == "high" else (sides[1], sides[0])
    shown = math.isfinite(half) and half > ROUNDING * abs(mean)
    from cxsim.study.analysis.points import amount  # checking needs no pandas

    interval = f", {amount(mean - half)} to {amount(mean + half)}" if shown else ""
    return f"{says}: {amount(left)} against {amount(right)} (margin {amount(mean)}{interval})"


def _amount(mean: float, half: float, unit: str, currency: str) -> str:
    """Return a difference with its unit and interval."""
    share, money = unit.startswith("share"), unit.startswith("currency")
    factor = 100.0 if share else 1.0
    mean, half = mean * factor, half * factor
    fine = half if math.isfinite(half) and half > 0 else abs(mean)
    places = 0 if fine >= 50 else int(np.clip(1 - math.floor(math.log10(fine or 1.0)), 0, 6))
    word = " points" if share else f" {currency}" if money else ""
    places = max(places, 2) if money and abs(mean) < 100 else places
    text = minus(f"{mean:,.{places}f}") + word
    if not math.isfinite(half) or half <= ROUNDING * abs(mean):  # no chance in it
        return text
    ends = minus(f"{mean - half:,.{places}f} to {mean + half:,.{places}f}")
    return f"{text} ({ends})"


def _small(label: str) -> str:
    return label[:1].lower() + label[1:] if not label[:2].isupper() else label


def _periods(scenario: Scenario, window: slice) -> str:
    if window.stop - window.start == 1:
        return f"{scenario.period_length} {window.start}"
    return f"{scenario.period_length}s {window.start} to {window.stop - 1}"
