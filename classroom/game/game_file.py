"""A game file: market, firms, rounds, what teams decide within which bounds, budget and news."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import Field as PydanticField
from pydantic import model_validator

from classroom.game.budget import COST_PARAMETERS, SPENDING
from cxsim.files import is_file
from cxsim.messages import Place, Problem, found, hint
from cxsim.runs import firm_measures
from cxsim.scenario import (
    Expected,
    Keyed,
    Scenario,
    ScenarioError,
    Source,
    optional,
    policies_of,
    read_as,
    read_yaml,
    refusal,
    shipped_root,
    shown_path,
)

__all__ = ["Game", "find_game", "shipped_games"]

Keys = tuple[str | int, ...]


# -- What may stand in a game file -------------------------------------------------------------


class Field(Keyed):
    """A parameter of the own firm that teams decide on."""

    called: ClassVar[str] = "a decision"
    low: float
    high: float
    step: Annotated[float, Gt(0)]
    change: Annotated[float, Gt(0)] = optional("Largest change from one round to the next")
    label: Annotated[str, MaxLen(60)] = ""
    help: Annotated[str, MaxLen(300)] = ""

    @model_validator(mode="after")
    def _is_a_range(self) -> Field:
        if not self.low < self.high:
            ends = f"{found(self.low)} and {found(self.high)}"
            raise ValueError(f"low: expected low below high, found {ends}")
        if "change" in self.model_fields_set and self.change < self.step:
            raise ValueError(
                f"change: expected at least the step {found(self.step)}, found {found(self.change)}"
            )
        return self

    def on_step(self, value: float) -> bool:
        """Whether a value is a whole number of steps above the lowest."""
        steps = (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-6


class Budget(Keyed):
    """Limit of a round's spending: cash at its start plus a credit line."""

    called: ClassVar[str] = "a budget"
    credit: Annotated[float, Ge(0)] = 0.0


class News(Keyed):
    """A text that all teams read from a round on."""

    called: ClassVar[str] = "a piece of news"
    round: Annotated[int, Ge(1)]
    text: Annotated[str, MinLen(1), MaxLen(500)]


class Goal(Keyed):
    """What teams are to achieve, in words, and the measure that says how far they got."""

    called: ClassVar[str] = "a goal"
    measure: str = "cumulative_profit"
    text: Annotated[str, MinLen(1), MaxLen(500)]


class FirmKeys(Keyed):
    """Who plays a firm: a team, or always a policy."""

    called: ClassVar[str] = "a firm of a game"
    policy: Annotated[dict[str, Any], Expected("a policy (pricing, capability)")] = optional()


class Founding(Keyed):
    """What teams decide before the first round: a name, a strategy in one sentence, a start."""

    called: ClassVar[str] = "a founding"
    name: bool = True
    strategy: bool = True
    choices: Annotated[
        dict[str, Annotated[dict[str, Any], MinLen(1)]],
        Expected("a mapping of choices to parameters of a firm"),
    ] = PydanticField({})


class StandIn(Keyed):
    """The policy that takes over a seat whose team has left."""

    called: ClassVar[str] = "a stand-in"
    policy: Annotated[dict[str, Any], Expected("a policy (pricing, capability)")] = optional()
    after: Annotated[int, Ge(1)] = optional("Rounds missed in a row after which it takes over")


class Grading(Keyed):
    """Weights of the parts of a grade, and the gain that earns full marks."""

    called: ClassVar[str] = "grading"
    result: Annotated[float, Ge(0), Le(1)] = 0.3
    forecasts: Annotated[float, Ge(0), Le(1)] = 0.2
    reasons: Annotated[float, Ge(0), Le(1)] = 0.5
    full_gain: Annotated[float, Gt(0)] = 0.2
    benchmark: Annotated[dict[str, Any], Expected("a policy (pricing, capability)")] = optional()

    @model_validator(mode="after")
    def _is_whole(self) -> Grading:
        total = self.result + self.forecasts + self.reasons
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"expected weights that sum to 1, found {total:g}")
        return self


class GameKeys(Keyed):
    """A game: a market, its firms, and the rules of play."""

    called: ClassVar[str] = "a game"
    title: Annotated[str, MinLen(1), MaxLen(100)]
    description: str = ""
    scenario: Annotated[
        str | dict[str, Any], Expected("a file or the name of a scenario, or one written out")
    ]
    rounds: Annotated[int, Ge(1), Le(40)]
    periods_per_round: Annotated[int, Ge(1), Le(120)]
    minutes: Annotated[float, Gt(0), Le(1440)] = optional("Time for a round's decisions")
    close_when_all_decided: bool = False
    goal: Goal
    fields: Annotated[dict[str, Field], MinLen(1), MaxLen(12)]
    firms: Annotated[dict[str, FirmKeys | None], Expected("a mapping of firms")] = PydanticField({})
    empty_seats: Annotated[dict[str, Any], Expected("a policy (pricing, capability)")] = (
        PydanticField({})
    )
    budget: Budget | None = None
    founding: Founding | None = None
    stand_in: StandIn | None = None
    grading: Grading = PydanticField(default_factory=Grading)
    news: tuple[News, ...] = ()
    hidden: Annotated[
        dict[str, Annotated[float, Gt(0), Le(0.9)]], Expected("a mapping of paths to spreads")
    ] = PydanticField({})


# -- Finding and reading -----------------------------------------------------------------------


def shipped_games() -> dict[str, Path]:
    """Return the game files that ship, by name, in order of name."""
    return {path.stem: path for path in sorted((shipped_root() / "games").glob("*.yaml"))}


def find_game(name_or_path: str | Path) -> Path:
    """Return the file of a game: a path, or the name of one that ships.

    Raises
    ------
    ScenarioError
        If it is neither; with the nearest name.
    """
    text, shipped = str(name_or_path), shipped_games()
    if is_file(name_or_path):
        return Path(name_or_path)
    if text in shipped:
        return shipped[text]
    raise ScenarioError(
        Problem(Place(text), (), f"expected a game file or the name of a game, found neither"
                                 f"{hint(text, shipped, listed=20)}")
    )  # fmt: skip


class Game:
    """The rules of a game and the market it is played in; immutable.

    Get one from :meth:`load` (a file, before teams are seated) or :meth:`from_mapping` (what a
    ledger kept).

    Attributes
    ----------
    rules : GameKeys
        As in the file.
    scenario : Scenario
        The market, of ``rounds * periods_per_round`` periods.
    """

    def __init__(self, source: Source, folder: Path) -> None:
        self._source = source
        self.rules: GameKeys = read_as(GameKeys, source.raw, source)
        self.scenario = self._market(folder)
        self._check()

    @classmethod
    def load(cls, name_or_path: str | Path) -> Game:
        """Read a game file.

        Parameters
        ----------
        name_or_path : str or Path
            A YAML file, or the name of a game that ships.

        Raises
        ------
        ScenarioError
            One line per problem: file, line, key, what was expected and found.
        """
        path = find_game(name_or_path)
        raw, where = read_yaml(path)
        place = Place(shown_path(path))
        if not isinstance(raw, Mapping):
            what = "an empty file" if raw is None else found(raw)
            raise ScenarioError(Problem(place, (), f"expected a mapping of a game, found {what}"))
        return cls(Source(dict(raw), where, path.stem, place), path.parent)

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], *, name: str = "game") -> Game:
        """Return a game of a mapping with the structure of a game file.

        Parameters
        ----------
        data : mapping
        name : str
            What messages call it.
        """
        raw = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(Source(raw, {}, name, Place(name)), Path())

    # -- what it says ----------------------------------------------------------------

    @property
    def rounds(self) -> int:
        """Number of rounds."""
        return self.rules.rounds

    @property
    def per_round(self) -> int:
        """Periods of a round."""
        return self.rules.periods_per_round

    @property
    def seats(self) -> tuple[str, ...]:
        """The firms that teams can play, in the order of the scenario."""
        always = {name for name, keys in self.rules.firms.items() if self._policy(keys)}
        return tuple(name for name in self.scenario.firms if name not in always)

    @property
    def fields(self) -> Mapping[str, Field]:
        """What teams decide, by path below their firm."""
        return self.rules.fields

    @cached_property
    def labels(self) -> dict[str, str]:
        """Label of each field."""
        return {
            key: field.label or self._spec(key).doc.partition(" (")[0] or key
            for key, field in self.fields.items()
        }

    @cached_property
    def units(self) -> dict[str, str]:
        """Unit of each field, with the currency and the period of the scenario."""
        return {key: self.unit(self._spec(key).unit) for key in self.fields}

    def unit(self, unit: str) -> str:
        """Return a unit in the words of the scenario: its currency, and what a period is.

        Parameters
        ----------
        unit : str
        """
        named = unit.replace("currency", self.scenario.currency)
        return named.replace("period", self.scenario.period_length)

    @property
    def start(self) -> dict[str, dict[str, float]]:
        """Values of the fields before the first round, by firm."""
        return {
            firm: {key: float(self.scenario.value(f"firms.{firm}.{key}")) for key in self.fields}
            for firm in self.seats
        }

    @property
    def stand_in(self) -> dict[str, Any] | None:
        """Policy that can take over a seat: the file's, or that of empty seats; None without."""
        own = self.rules.stand_in.policy if self.rules.stand_in is not None else None
        return dict(own or self.rules.empty_seats) or None

    @property
    def benchmark(self) -> dict[str, Any] | None:
        """Policy that teams are graded against: the file's, or that of empty seats."""
        return dict(self.rules.grading.benchmark or self.rules.empty_seats) or None

    def news_of(self, round_number: int) -> list[str]:
        """Return the news of a round.

        Parameters
        ----------
        round_number : int
            From 1 on.
        """
        return [each.text for each in self.rules.news if each.round == round_number]

    # -- a game to play: teams seated, hidden parameters drawn ------------------------------

    def drawn(self, seed: int) -> dict[str, float]:
        """Return the hidden parameters of a game, by path: drawn evenly within their spread.

        Parameters
        ----------
        seed : int
            Of the market.
        """
        return {
            path: value * (1.0 + spread * random.Random(f"{seed} {path}").uniform(-1.0, 1.0))
            for path, value, spread in self._hidden()
        }

    def seated(self, teams: Sequence[str], seed: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Seat teams at random, draw hidden parameters, and give other seats their policy.

        Parameters
        ----------
        teams : sequence of str
            Names of the teams.
        seed : int
            Of the market; seats and hidden parameters follow from it.

        Returns
        -------
        game : dict
            As a mapping for :meth:`from_mapping`, complete in itself.
        seats : dict of str to str
            Firm of each team.

        Raises
        ------
        ValueError
            If there are more teams than seats, none, or two of one name.
        """
        if not 1 <= len(teams) <= len(self.seats):
            raise ValueError(
                f"teams: expected 1 to {len(self.seats)} (seats of the game), found {len(teams)}"
            )
        folded = [team.strip().casefold() for team in teams]
        if "" in folded or len(set(folded)) < len(folded):
            raise ValueError("teams: expected names that differ, found an empty or repeated one")
        if any(len(team) > 40 or not team.isprintable() for team in teams):
            raise ValueError("teams: expected printable names of at most 40 characters")
        seats = list(self.seats)
        random.Random(f"{seed} seats").shuffle(seats)
        taken = dict(zip(teams, seats, strict=False))
        changes: dict[str, Any] = dict(self.drawn(seed))
        if self.rules.empty_seats:
            changes |= {
                f"firms.{firm}.policy": dict(self.rules.empty_seats)
                for firm in self.seats
                if firm not in taken.values()
            }
        market = self.scenario.override(changes) if changes else self.scenario
        raw = self.rules.model_dump(exclude_unset=True, mode="json")
        # Whoever had no seat is now a firm like any other: no team can take it later.
        firms = {
            firm: {"policy": {"pricing": "fixed"}}
            for firm in self.scenario.firms
            if firm not in taken.values()
        }
        kept = {key: raw[key] for key in raw if key not in ("hidden", "empty_seats", "firms")}
        if computer := dict(self.rules.empty_seats):
            kept["stand_in"] = {"policy": computer, **kept.get("stand_in", {})}
            kept["grading"] = {"benchmark": computer, **kept.get("grading", {})}
        return {**kept, "scenario": market.to_dict(), "firms": firms}, taken

    def _hidden(self) -> Iterator[tuple[str, float, float]]:
        for path, spread in self.rules.hidden.items():
            values = self.scenario.value(path)
            each = values.items() if isinstance(values, Mapping) else [(path, values)]
            for target, value in each:
                yield target, value, spread

    # -- reading and checking ----------------------------------------------------------------

    def _spec(self, key: str) -> Any:
        path = f"firms.{self.seats[0]}.{key}"
        return self.scenario.targets(path, Place("field"))[0].spec

    @staticmethod
    def _policy(keys: FirmKeys | None) -> dict[str, Any]:
        return dict(keys.policy or {}) if keys is not None else {}

    def _market(self, folder: Path) -> Scenario:
        given = self.rules.scenario
        try:
            if isinstance(given, str):
                named = Path(folder) / given
                scenario = Scenario.load(named if is_file(named) else given)
            else:
                scenario = Scenario.from_dict(
                    copy.deepcopy(given), name=self._source.name, folder=folder
                )
        except ScenarioError as error:
            raise self._at(("scenario",), error) from None
        length = self.rules.rounds * self.rules.periods_per_round
        late = [event for event in scenario.events if event.at >= length]
        if late:
            text = (
                f"expected events before period {length} (rounds times periods_per_round), "
                f"found one at {late[0].at}"
            )
            raise refusal(self._source, [(("scenario",), text)])
        scenario = scenario.override({"periods": length})
        problems: list[tuple[Keys, str]] = []
        for name in self.rules.firms:
            if name not in scenario.firms:
                near = hint(name, scenario.firms)
                text = f"expected a firm of the scenario, found {name!r}{near}"
                problems.append((("firms", name), text))
        if problems:
            raise refusal(self._source, problems)
        for name, keys in self.rules.firms.items():
            policy = self._policy(keys)
            if not policy or policy == {"pricing": "fixed"}:
                continue
            try:
                scenario = scenario.override({f"firms.{name}.policy": policy})
            except ScenarioError as error:
                raise self._at(("firms", name, "policy"), error) from None
        return scenario

    def _at(self, keys: Keys, error: ScenarioError) -> ScenarioError:
        """Return an error of the scenario as one of the game file's, at the lines it has there."""
        made = []
        for problem in error.problems:
            inner = (*keys, *problem.path) if keys == ("scenario",) else keys
            known = problem.place.source not in ("override", self._source.name, "scenario")
            place = problem.place if known else self._source.at(inner)
            made.append(Problem(place, inner, problem.text))
        return ScenarioError(made)

    def _check(self) -> None:
        """Refuse what does not fit the scenario, all of it at once."""
        problems: list[tuple[Keys, str]] = []
        if not self.seats:
            problems.append((("firms",), "expected a firm without a policy, found none"))
        else:
            for key, field in self.fields.items():
                problems += self._field_problems(key, field)
        wrong = {keys[1] for keys, _ in problems if keys[0] == "fields"}
        problems += self._other_problems()
        problems += self._budget_problems(wrong)
        if problems:
            raise refusal(self._source, problems)
        self._try_bounds()
        self._try_hidden()
        self._try_choices()
        self._try_policies()

    def _field_problems(self, key: str, field: Field) -> Iterator[tuple[Keys, str]]:
        keys = ("fields", key)
        for firm in self.seats:
            path = f"firms.{firm}.{key}"
            try:
                (target,) = self.scenario.targets(path, self._source.at(keys), keys)
                value = self.scenario.value(path) if "number" in target.spec.kinds else None
            except ScenarioError as error:
                yield from ((keys, problem.text) for problem in error.problems)
                return
            except ValueError:
                yield keys, "expected the path of one parameter, found several"
                return
            if "number" not in target.spec.kinds or target.spec.items is not None:
                yield keys, "expected a parameter that is a number, found another kind"
                return
            if target.fixed:
                yield keys, f"expected a parameter that may change during a run, found {key!r}"
                return
            if not isinstance(value, (int, float)):
                yield keys, f"expected a value of {firm} at the start, found {found(value)}"
                return
            if not (field.low <= value <= field.high and field.on_step(value)):
                steps = f"steps of {field.step:g} from {field.low:g} to {field.high:g}"
                yield keys, f"expected {steps} that hold {firm}'s start, found {found(value)}"
                return

    def _other_problems(self) -> Iterator[tuple[Keys, str]]:
        known = [each.name for each in firm_measures(self.scenario)]
        if (name := self.rules.goal.measure) not in known:
            text = f"expected a measure of firms, found {name!r}{hint(name, known)}"
            yield ("goal", "measure"), text
        for number, each in enumerate(self.rules.news):
            if each.round > self.rounds:
                keys = ("news", number, "round")
                yield keys, f"expected a round up to {self.rounds}, found {each.round}"
        decided = set(self.fields)
        costs = COST_PARAMETERS if self.rules.budget is not None else frozenset()
        for change in self.scenario.changes:
            path = ".".join(map(str, change.keys))
            if change.level == "firm" and change.name in self.seats and path in decided:
                text = f"expected no event on what teams decide, found {change.path}"
                yield ("scenario", "events"), text
            elif change.level == "firm" and path in costs:
                text = f"expected no event on costs that a budget counts, found {change.path}"
                yield ("scenario", "events"), text
        for firm in self.seats:
            if getattr(self.scenario.firms[firm], "credit_limit", None) is not None:
                text = f"expected none (a team would leave for good), found one of {firm}"
                yield ("scenario", "firms", firm, "credit_limit"), text

    def _budget_problems(self, wrong: set[str | int]) -> Iterator[tuple[Keys, str]]:
        """Find fields whose spending a budget does not know; those that are wrong already aside."""
        for key in self.fields:
            if self.rules.budget is not None and key not in SPENDING and key not in wrong:
                text = f"expected a field whose spending a budget knows, found {key!r}"
                yield ("fields", key), f"{text}{hint(key, SPENDING, listed=0)}"

    def _try_bounds(self) -> None:
        """Let the scenario's own schema judge both ends of each field."""
        problems: list[Problem] = []
        for firm in self.seats:
            for key, field in self.fields.items():
                for end in ("low", "high"):
                    change = {f"firms.{firm}.{key}": getattr(field, end)}
                    try:
                        self.scenario.override({"events": [{"at": 0, "set": change}]})
                    except ScenarioError as error:
                        keys = ("fields", key, end)
                        place = self._source.at(keys)
                        problems += [Problem(place, keys, each.text) for each in error.problems]
            if problems:
                raise ScenarioError(problems)

    def _try_hidden(self) -> None:
        for path, spread in self.rules.hidden.items():
            keys = ("hidden", path)
            self.scenario.targets(path, self._source.at(keys), keys)
            values = self.scenario.value(path)
            each = values if isinstance(values, Mapping) else {path: values}
            wrong = [value for value in each.values() if not isinstance(value, float)]
            if wrong:
                text = f"expected the path of numbers, found {found(wrong[0])}"
                raise refusal(self._source, [(keys, text)])
            for factor in (1.0 - spread, 1.0 + spread):
                try:
                    self.scenario.override({name: v * factor for name, v in each.items()})
                except ScenarioError as error:
                    raise self._at(keys, error) from None

    def _try_choices(self) -> None:
        """Let the scenario judge the choices of the founding, for every seat."""
        founding = self.rules.founding
        for label, changes in founding.choices.items() if founding is not None else ():
            for path, value in changes.items():
                keys = ("founding", "choices", label, path)
                if path in {*self.fields, "policy", "active", "credit_limit"} or (
                    self.rules.budget is not None and path in {*COST_PARAMETERS, "initial_cash"}
                ):
                    text = "expected a parameter that neither fields nor the budget use"
                    raise refusal(self._source, [(keys, f"{text}, found {path!r}")])
                for firm in self.seats:
                    try:
                        self.scenario.override({f"firms.{firm}.{path}": value})
                    except ScenarioError as error:
                        raise self._at(keys, error) from None

    def _try_policies(self) -> None:
        """Let the scenario judge the policies of empty seats, of stand-ins and of grades."""
        rules = self.rules
        if rules.stand_in is not None and self.stand_in is None:
            text = "expected policy in a stand-in, or empty_seats, found none"
            raise refusal(self._source, [(("stand_in",), text)])
        given: list[tuple[Keys, dict[str, Any]]] = [
            (("empty_seats",), dict(rules.empty_seats)),
            (("grading", "benchmark"), dict(rules.grading.benchmark or {})),
            (("stand_in",), self.stand_in or {}),
        ]
        for keys, policy in given:
            if not policy or not self.seats:
                continue
            try:
                changed = self.scenario.override({f"firms.{self.seats[0]}.policy": policy})
            except ScenarioError as error:
                raise self._at(keys, error) from None
            full = [
                name
                for firm, _, name, each in policies_of(changed)
                if firm == self.seats[0] and each.information == "full"
            ]
            if full and rules.stand_in is not None and keys == ("stand_in",):
                text = f"expected a policy that knows what teams know, found {full[0]!r}"
                raise refusal(self._source, [(keys, text)])
