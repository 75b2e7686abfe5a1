"""A what-if question: a scenario, what is changed in it, and whether a rival copies."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import floor, log10
from pathlib import Path
from typing import Any

import pandas as pd

from cxsim.charts.labels import Words
from cxsim.messages import Place, minus
from cxsim.report.tables import difference_rows, unit_of
from cxsim.runs import simulate
from cxsim.runs.measures.profit import VALUES
from cxsim.scenario import Scenario, ScenarioError, shipped_scenarios
from cxsim.scenario.fields import Spec
from cxsim.scenario.loading import find, read_yaml
from cxsim.scenario.schema import TEXTS
from cxsim.scenario.yaml_text import to_yaml, write_whole
from cxsim.study.comparison import Comparison, RunSummary, build_comparison, run_summary
from cxsim.study.paired_seeds import Progress, counted

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
    launch : int
        Period in which changes at rivals take effect; 0 from the start on.
    entrant : str
        The rival who is not in the market before it enters; empty for nobody.
    enters_at : int
        Period in which it enters.
    """

    base: Scenario
    firm: str
    changes: Mapping[str, float] = field(default_factory=dict)
    copycat: str = ""
    copies_at: int = 24
    launch: int = 0
    entrant: str = ""
    enters_at: int = 6

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

    def without_rivals(self) -> Question:
        """Return the question without what rivals do; the market and the firm stay changed."""
        mine = {
            path: value
            for path, value in self.changes.items()
            if not path.startswith("firms.") or path.startswith(f"firms.{self.firm}.")
        }
        return Question(self.base, self.firm, mine)

    @property
    def asks_nothing(self) -> bool:
        """Whether nothing is changed."""
        return not self.changes and not self.copycat and not self.entrant

    def scenario(self, name: str = "what-if") -> Scenario:
        """Return the scenario that the question describes."""
        return self.base.override({"name": name, **self.overrides()})

    def overrides(self) -> dict[str, Any]:
        """Return what is changed as overrides of the base."""
        made = self._parameters()
        events = [*self._launches(), *self._entry(), *self._copying()]
        if self.entrant:
            made[f"firms.{self.entrant}.active"] = False
        if events:
            made["events"] = events
        return made

    def launched(self, path: str) -> bool:
        """Whether a change takes effect with the rival's launch only.

        Parameters
        ----------
        path : str
            Dotted path of a change: of a rival's parameter that can change during a run.
        """
        level, _, rest = path.partition(".")
        if not self.launch or level != "firms" or rest.count(".") != 1:
            return False
        rival = rest.partition(".")[0]
        return rival != self.firm and not self.base.targets(path, Place("path"))[0].fixed

    def _parameters(self) -> dict[str, Any]:
        """Return changes from the start on; those of a programme's changes in one piece."""
        made: dict[str, Any] = {}
        for path, value in self.changes.items():
            whole, mark, key = path.partition(_CHANGES)
            if mark:
                whole += mark.rstrip(".")
                made[whole] = made.get(whole, dict(self.base.value(whole))) | {key: value}
            elif not self.launched(path):
                made[path] = value
        return made

    def _launches(self) -> list[dict[str, Any]]:
        """Return an event for each rival with a launch: its changes, all in one period."""
        found: dict[str, dict[str, float]] = {}
        for path, value in self.changes.items():
            if self.launched(path):
                found.setdefault(path.split(".")[1], {})[path] = value
        at = min(self.launch, self.base.periods - 1)
        return [
            {"at": at, "set": changes, "label": f"{rival}'s launch"}
            for rival, changes in found.items()
        ]

    def _entry(self) -> list[dict[str, Any]]:
        if not self.entrant:
            return []
        entry = {f"firms.{self.entrant}.active": True}
        at = min(self.enters_at, self.base.periods - 1)
        return [{"at": at, "set": entry, "label": f"{self.entrant} enters"}]

    def _copying(self) -> list[dict[str, Any]]:
        if not self.copycat:
            return []
        values = {
            f"firms.{self.copycat}.{what}": self.changes.get(
                f"firms.{self.firm}.{what}", self.base.value(f"firms.{self.firm}.{what}")
            )
            for what in COPIED
        }
        label = f"{self.copycat} copies {self.firm}"
        return [{"at": min(self.copies_at, self.base.periods - 1), "set": values, "label": label}]

    def words(self) -> str:
        """Return the question as a sentence."""
        said, period = [], self.base.period_length
        for path, value in self.changes.items():
            what, before = self._named(path), value_at(self.base, path)
            when = f" from {period} {self.launch}" if self.launched(path) else ""
            said.append(f"{what} {minus(f'{value:g}')} instead of {minus(f'{before:g}')}{when}")
        if self.entrant:
            said.append(f"{self.entrant} entering in {period} {self.enters_at}")
        if self.copycat:
            said.append(f"{self.copycat} copying {self.firm} in {period} {self.copies_at}")
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


#: Measures that are drawn by period.
DRAWN = ("market_share", "cumulative_profit")


#: Measures that an answer is computed from.
KEPT = frozenset((*FIGURES, *DRAWN, *VALUES, "profit"))


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

    @cached_property
    def _rows(self) -> pd.DataFrame:
        return _rows_of(self.comparison, self.question.firm, self.words)

    def rows(self) -> pd.DataFrame:
        """Return key figures of the firm in focus as text: before, after, difference, interval."""
        return self._rows

    def sentence(self) -> str:
        """Return in plain words what changed for the firm in focus, and how sure that is."""
        firm, seeds = self.question.firm, len(self.comparison.seeds)
        if self.question.asks_nothing:
            return f"Current situation of {firm}. Move a slider to test a change."
        return f"{self.question.words()}: {_changes_of(self.rows(), firm, seeds)}"

    def worth(self) -> str:
        """Return the value of the change to the firm within the run and beyond."""
        if self.question.asks_nothing:
            return ""
        name, firm = self.comparison.scenarios[1], self.question.firm
        value = self.comparison.value(name, firm)
        return value.sentence(f"The change of {firm}'s net present value")


@dataclass(frozen=True)
class Difference:
    """Two what-ifs of one market, A and B, over paired seeds.

    Attributes
    ----------
    first, second : Question
    comparison : Comparison
        B against A.
    """

    first: Question
    second: Question
    comparison: Comparison

    def rows(self) -> pd.DataFrame:
        """Return key figures of the firm in focus as text: A, B, B less A, interval."""
        base = self.second.base
        words = Words(base.period_length, base.currency)
        return _rows_of(self.comparison, self.second.firm, words)

    def sentence(self) -> str:
        """Return in plain words what B changes for the firm in focus against A."""
        changes = _changes_of(self.rows(), self.second.firm, len(self.comparison.seeds))
        return f"A: {self.first.words()}. B: {self.second.words()}. In B against A, {changes}"


def _rows_of(comparison: Comparison, firm: str, words: Words) -> pd.DataFrame:
    table = comparison.table
    mine = table[(table["firm"] == firm) & table["measure"].isin(FIGURES)]
    return difference_rows(mine, words=words, names=FIGURES, market=())


def _changes_of(rows: pd.DataFrame, firm: str, seeds: int) -> str:
    """Say how market share and net present value change, and how sure that is."""
    by_label = rows.set_index("measure")
    share, worth = (by_label.loc[label] for label in SAID)
    closing = (
        f"Both changes are statistically significant ({seeds} paired seeds)."
        if share["sure"] and worth["sure"]
        else f"More than {seeds} paired seeds may be needed for a significant result."
    )
    return (
        f"{firm}'s {_change('market share', share)}; "
        f"its {_change('net present value', worth)}. {closing}"
    )


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
    measures : collection of str, optional
        Measures of an answer; default: :data:`KEPT`. None for all.
    like : Answers, optional
        Others, whose runs are known here, too.
    """

    def __init__(
        self,
        seeds: Sequence[int] = range(5),
        *,
        measures: Collection[str] | None = KEPT,
        like: Answers | None = None,
    ):
        self.seeds = tuple(seeds)
        self._measures = measures
        self._known: dict[tuple[str, int], RunSummary] = {} if like is None else like._known

    def to(
        self, question: Question, *, confidence: float = 0.95, progress: Progress | None = None
    ) -> Answer:
        """Answer a question.

        Parameters
        ----------
        question : Question
        confidence : float
            Of the intervals, in (0, 1).
        progress : callable, optional
            Called with (runs done, runs) after every run; may raise, to stop.

        Returns
        -------
        Answer
        """
        base = question.base.override({"name": "baseline"})
        both = base, question.scenario()
        return Answer(question, self._compared(both, question.firm, confidence, progress))

    def between(
        self, first: Question, second: Question, *, progress: Progress | None = None
    ) -> Difference:
        """Compare two what-ifs over the same seeds.

        Parameters
        ----------
        first, second : Question
            Of one base scenario and firm.
        progress : callable, optional
            As for :meth:`to`.

        Returns
        -------
        Difference
        """
        both = first.scenario("A"), second.scenario("B")
        return Difference(first, second, self._compared(both, second.firm, 0.95, progress))

    def _compared(
        self,
        both: tuple[Scenario, Scenario],
        firm: str,
        confidence: float,
        progress: Progress | None,
    ) -> Comparison:
        step = counted(progress, 2 * len(self.seeds))
        runs = [[self._outcome(s, seed, step) for seed in self.seeds] for s in both]
        firms = None if self._measures is None else (firm,)
        return build_comparison(both, runs, seeds=self.seeds, confidence=confidence, firms=firms)

    def _outcome(self, scenario: Scenario, seed: int, step: Callable[[], None]) -> RunSummary:
        key = (scenario.digest, seed)
        found = self._known.get(key)
        if found is None:
            found = run_summary(simulate(scenario, seed=seed), only=self._measures)
            while len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[key] = found
        step()
        return found


# -- A what-if as a file: a scenario that extends its base, and says which state of it ----------


def save(question: Question, path: str | Path) -> Path:
    """Write the what-if as a scenario file that extends its base, and return its path.

    The file states the base's digest (``extends_digest``), so that it is refused where the base
    has changed. A base that has no file is written beside it.

    Parameters
    ----------
    question : Question
    path : str or Path

    Raises
    ------
    ValueError
        If the name has another ending than .yaml, or is that of the base.
    ScenarioError
        If the file cannot be written.
    """
    path, base = Path(path), question.base
    if path.suffix not in (".yaml", ".yml"):
        raise ValueError(f"file: expected a name that ends in .yaml, found {str(path)!r}")
    made = question.scenario()
    goal = {} if base.perspective is None else {"goal": base.perspective.goal}
    data = {
        "extends": _reference(base, path),
        "extends_digest": base.digest,
        "title": f"{base.title or base.name}: {_lower(question.words())}",
        "perspective": {"firm": question.firm, **goal},
        **_beyond(base, made),
    }
    return write_whole(path, to_yaml(data))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _reference(base: Scenario, path: Path) -> str:
    """Return what a file beside ``path`` extends: a scenario that ships, or a file."""
    if base.name in shipped_scenarios() and Scenario.load(base.name) == base:
        return base.name
    file = Path(base.source.place.source)
    if file.is_file():
        if file.resolve() == path.resolve():
            raise ValueError(f"file: expected another name than that of the base, found {path}")
        if Scenario.load(file) == base:
            return Path(os.path.relpath(file, path.parent)).as_posix()
    beside = path.with_name(f"{path.stem}-baseline.yaml")
    base.override({"name": beside.stem}).save(beside)
    return beside.name


def _beyond(base: Scenario, made: Scenario) -> dict[str, Any]:
    """Return what a scenario states beyond its base: parameters, then events."""
    before, after = ({k: v for k, v in each.to_dict().items() if k not in (*TEXTS, "perspective")}
                     for each in (base, made))  # fmt: skip
    known, events = (list(each.pop("events", ())) for each in (before, after))
    found = _different(before, after)
    if events[: len(known)] != known:
        found["replace_events"] = events
    elif events != known:
        found["events"] = events[len(known) :]
    return found


def _different(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = _different(old, value)
            if value:
                found[key] = value
        elif key not in before or old != value:
            found[key] = value
    return found


def read_what_if(path: str | Path) -> Question:
    """Read a what-if that :func:`save` has written.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    ScenarioError
        If it cannot be read, or its base is not the one that it was saved with.
    ValueError
        If it is another scenario, or its changes are not such as sliders make.
    """
    path = Path(path)
    made = Scenario.load(path)
    written, _ = read_yaml(path)
    if "extends_digest" not in written:
        raise ValueError(f"{path}: expected a what-if with extends_digest, found another scenario")
    base = Scenario.load(find(written["extends"], folder=path.parent))
    question = _question_of(base, made)
    if question is None or question.scenario() != made:
        what = "expected changes that sliders make, found others"
        raise ValueError(f"{path}: {what} (choose the file in the list of scenarios instead)")
    return question


def _question_of(base: Scenario, made: Scenario) -> Question | None:
    """Return the question that leads from one scenario to another; None if its events are none."""
    firm = made.perspective.firm if made.perspective else next(iter(base.firms))
    changes: dict[str, Any] = {}
    for row in base.diff(made).itertuples():
        if row.path.startswith("events."):
            continue
        if type(row.right) in (int, float):
            changes[row.path] = row.right
        elif row.path.endswith(_CHANGES.rstrip(".")) and isinstance(row.right, Mapping):
            old = base.value(row.path)
            moved = {key: level for key, level in row.right.items() if level != old.get(key)}
            changes |= {f"{row.path}.{key}": level for key, level in moved.items()}
    moves: dict[str, Any] = {}
    known = len(base.events)
    for number, (old, new) in enumerate(zip(base.events, made.events, strict=False)):
        if new.at != old.at:
            changes[f"events.{number}.at"] = new.at
    for event in made.events[known:]:
        rival = next(iter(event.set)).split(".")[1]
        if event.label == f"{rival}'s launch":
            changes |= event.set
            moves["launch"] = event.at
        elif event.label == f"{rival} enters":
            moves |= {"entrant": rival, "enters_at": event.at}
        elif event.label == f"{rival} copies {firm}":
            moves |= {"copycat": rival, "copies_at": event.at}
        else:
            return None
    return Question(base, firm, changes, **moves)


#: Folders whose scenario files are listed, seen from the working folder.
PLACES = (".", "params/scenarios", "../params/scenarios")


#: Files that are read for the list; others are named as left out.
AT_MOST = 50


def own_scenarios() -> dict[str, Scenario | str]:
    """Return the scenario files of the working folder, by name.

    A copy of a scenario that ships is left out. Of a file that is no scenario, the value says
    what is wrong with it.
    """
    found: dict[str, Scenario | str] = {}
    shipped = shipped_scenarios()
    files = [
        file
        for place in PLACES
        for file in sorted(Path(place).glob("*.y*ml"))
        if file.suffix in (".yaml", ".yml") and (place == "." or file.stem not in shipped)
    ]
    for file in files[:AT_MOST]:
        try:
            found[file.as_posix()] = Scenario.load(file)
        except ScenarioError as problem:
            found[f"{file.as_posix()} (not a scenario)"] = str(problem)
    if len(files) > AT_MOST:
        text = f"expected at most {AT_MOST} files in the working folder, found {len(files)}"
        found[f"{len(files) - AT_MOST} files more"] = text
    return found


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
        "service_levels",
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


def of_rival(scenario: Scenario, rival: str) -> tuple[Lever, ...]:
    """Return levers of a rival: its offer, the starts of its programmes, and its events.

    Parameters
    ----------
    scenario : Scenario
    rival : str

    Returns
    -------
    tuple of Lever
    """
    later = [
        each
        for group in offered(scenario, rival).values()
        for each in group
        if _starts(scenario, rival, each.path)
    ]
    return (*levers(scenario, rival, RIVAL), *later)


def _starts(scenario: Scenario, rival: str, path: str) -> bool:
    """Whether a path is the period in which a rival's programme starts, or its event is."""
    level, _, rest = path.partition(".")
    if level == "events":
        name = rest.partition(".")[0]
        return any(key.startswith(f"firms.{rival}.") for key in scenario.events[int(name)].set)
    return path.startswith(f"firms.{rival}.programmes.") and path.endswith(".start")


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
