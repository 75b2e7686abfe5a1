"""Events as scheduled changes of parameters, validated models, and overrides by dotted path."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import BaseModel

from cxsim.messages import Place, Problem, ScenarioError, found
from cxsim.parameters import Parameters
from cxsim.scenario.calendar import ADD, REPLACE, Entry, added, fitted, periods_of
from cxsim.scenario.loading import Source, plain
from cxsim.scenario.named_policies import named_policies, policy_problems
from cxsim.scenario.paths import Target, held, put, resolve
from cxsim.scenario.schema import Schema
from cxsim.scenario.validation import check_parts, refusal, segment_rates, shape_problems, validate
from cxsim.scenario.yaml_text import YamlError, parse

# -- Events as scheduled changes, one for each parameter they name


@dataclass(frozen=True)
class Change:
    """One parameter that an event moves to a new value.

    Attributes
    ----------
    at : int
        Period of the change, before anything else happens in it.
    over : int
        Periods until it has moved all the way; 0 is at once.
    level : {"market", "firm", "segment"}
        Whose parameter it is.
    name : str
        Name of the firm or segment; empty for the market.
    keys : tuple of str or int
        The parameter's name, then keys into it where only a part of it changes
        (a firm's name for values by firm, a number for lists, a name for groups).
    value
        The new value, validated (numbers are floats where the parameter is one).
    label : str
        The event's label.
    """

    at: int
    over: int
    level: str
    name: str
    keys: tuple[str | int, ...]
    value: Any
    label: str = ""

    @property
    def path(self) -> str:
        """Dotted path of what changes."""
        start = () if self.level == "market" else (f"{self.level}s", self.name)
        return ".".join(map(str, (*start, *self.keys)))


def changes_of(schema: Schema, source: Source, model: Any) -> tuple[Change, ...]:
    """Check a scenario's events and programmes; return what they change, in order of period.

    Each is applied, in order, to the parameters as earlier ones left them, and the group it
    changes is validated again: an event or a programme can set only what a file could.

    Raises
    ------
    ScenarioError
        With all problems found.
    """
    problems: list[Problem] = []
    changes: list[Change] = []
    state = _State(schema, source, model)
    owners = _Owners(model)
    for step in sorted([*_events(model), *_programmes(model)], key=lambda step: step.at):
        if step.at >= model.periods and not step.owner:
            place = source.at((*step.keys, "at"))
            text = f"expected a period below {model.periods} (periods), found {step.at}"
            problems.append(Problem(place, (*step.keys, "at"), text))
            continue
        for path, value in step.set.items():
            keys = (*step.keys, step.word, path)
            place = source.at(keys)
            whole = f"{step.owner}.{path}" if step.owner else path
            try:
                for target in resolve(schema.root, source.raw, whole, place):
                    if step.restores:
                        value = state.former[step.keys, path]
                    elif step.owner:
                        state.former[step.keys, path] = state.value(target)
                    changed = state.apply(target, value, step.over, place, keys)
                    owners.take(step, target.keys, place, keys)
                    changes.append(Change(step.at, step.over, *changed, label=step.label))
            except ScenarioError as error:
                shift = [Problem(p.place, keys, p.text) for p in error.problems]
                problems.extend(shift)
    if problems:
        raise ScenarioError(problems)
    return tuple(changes)


@dataclass(frozen=True)
class _Step:
    """Parameters that an event sets, or that a programme moves or restores.

    ``owner`` is the path of the programme's firm, empty for events; ``until`` is the first
    period in which the step no longer decides about its parameters.
    """

    at: int
    over: int
    set: Mapping[str, Any]
    keys: tuple[str | int, ...]
    label: str
    until: float
    word: str = "set"
    owner: str = ""
    restores: bool = False


def _events(model: Any) -> Iterator[_Step]:
    for number, event in enumerate(model.events):
        until = event.at + event.over + 1
        yield _Step(event.at, event.over, event.set, ("events", number), event.label, until)


def _programmes(model: Any) -> Iterator[_Step]:
    """Yield what programmes move: from their start or at the end of building, and back."""
    for firm, group in model.firms.items():
        for name, each in (getattr(group, "programmes", None) or {}).items():
            keys = ("firms", firm, "programmes", name)
            linear = each.path == "linear"
            at = each.start if linear else each.start + each.build
            over = each.build if linear else 0
            until = math.inf if each.retire is None else each.retire
            label, owner = f"{firm}: {name}", f"firms.{firm}"
            starts = _Step(at, over, each.changes, keys, label, until, "changes", owner)
            if at < model.periods:
                yield starts
            if each.retire is not None and each.retire < model.periods:
                label = f"{firm}: end of {name}"
                yield dataclasses.replace(
                    starts, at=each.retire, over=0, label=label, restores=True
                )


class _Owners:
    """Who decides about a parameter, and when: a programme's parameters are its own meanwhile."""

    def __init__(self, model: Any) -> None:
        self._decided: dict[tuple[str | int, ...], str] = {
            ("firms", firm, key): f"the {kind} policy"
            for firm, kind, _ in named_policies(model)
            for key in {"pricing": ("price",), "capability": ("interaction", "customization")}[kind]
        }
        self._taken: list[tuple[_Step, tuple[str | int, ...]]] = []

    def take(
        self, step: _Step, parameter: tuple[str | int, ...], place: Place, keys: tuple[Any, ...]
    ) -> None:
        """Let a step decide about a parameter.

        Raises
        ------
        ScenarioError
            If a programme or a policy does so at the same time.
        """
        if step.restores:
            return
        for other, taken in self._taken:
            shared = min(len(taken), len(parameter))
            if (
                taken[:shared] == parameter[:shared]
                and (step.owner or other.owner)
                and step.at < other.until
                and other.at < step.until
            ):
                clash = f"{_dotted(parameter)}, which {_called(other)} changes from {other.at} on"
                text = f"expected a parameter that nothing else changes then, found {clash}"
                raise ScenarioError(Problem(place, keys, text))
        policy = self._decided.get(parameter[:3]) if step.owner else None
        if policy is not None:
            found_here = f"{_dotted(parameter)} ({policy})"
            text = f"expected a parameter that no policy decides about, found {found_here}"
            raise ScenarioError(Problem(place, keys, text))
        self._taken.append((step, parameter))


def _dotted(keys: tuple[str | int, ...]) -> str:
    return ".".join(map(str, keys))


def _called(step: _Step) -> str:
    return f"programme {step.keys[-1]!r}" if step.owner else f"event {step.keys[-1]}"


class _State:
    """The parameters as the events so far have left them."""

    def __init__(self, schema: Schema, source: Source, model: Any) -> None:
        self.schema, self.source, self.model = schema, source, model
        self.firms = tuple(model.firms)
        self.raw: dict[tuple[str, str], dict[str, Any]] = {}
        self.former: dict[tuple[Any, str], Any] = {}

    def value(self, target: Target) -> Any:
        """Return the parameter's value as it stands, as plain data."""
        section, name, *inner = target.keys
        level = str(section)[:-1]
        raw = self.raw.get((level, str(name)), self._start(level, str(name)))
        group = getattr(self.schema, level).model_validate(raw)
        return thaw(held(group, tuple(inner)))

    def apply(
        self, target: Target, value: Any, over: int, place: Place, keys: tuple[str | int, ...]
    ) -> tuple[str, str, tuple[str | int, ...], Any]:
        """Set one parameter; return its level, owner, keys and validated value."""
        level, name, inner, group = self._owner(target, place, keys)
        if target.fixed:
            text = f"expected a parameter that may change during a run, found {found(keys[-1])}"
            raise ScenarioError(Problem(place, keys, text))
        group_spec = self.schema.spec(level)
        before = self.raw.get((level, name), self._start(level, name))
        needs = self.model.needs
        try:
            raw = put(
                before, inner, target.spec.whole(value), group_spec, needs=needs, firms=self.firms
            )
        except LookupError as error:
            raise ScenarioError(Problem(place, keys, error.args[0])) from None
        after, problems = validate(group, raw, group_spec, needs=needs)
        if after is not None:
            problems = shape_problems(group_spec, after, needs=needs, firms=self.firms)
            problems += segment_rates(after)
        if problems:
            raise ScenarioError([Problem(place, keys, text) for _, text in problems])
        new = freeze(held(after, inner))
        if over and not _is_number(new):
            text = f"expected a number to change over {over} periods, found {found(value)}"
            raise ScenarioError(Problem(place, keys, text))
        if over and not _is_number(old := held(group.model_validate(before), inner)):
            text = f"expected a number before the change over {over} periods, found {found(old)}"
            raise ScenarioError(Problem(place, keys, text))
        self.raw[(level, name)] = raw
        return level, name, inner, new

    def _owner(
        self, target: Target, place: Place, keys: tuple[str | int, ...]
    ) -> tuple[str, str, tuple[str | int, ...], type[Parameters]]:
        first, *rest = target.keys
        if first in ("firms", "segments"):
            if len(rest) >= 2 and target.spec.is_parameter:
                level = str(first)[:-1]
                return level, str(rest[0]), tuple(rest[1:]), getattr(self.schema, level)
        elif target.spec.is_parameter or target.fixed:
            return "market", "", target.keys, self.schema.market
        text = f"expected the path of one parameter, found {found(keys[-1])}"
        raise ScenarioError(Problem(place, keys, text))

    def _start(self, level: str, name: str) -> dict[str, Any]:
        raw = self.source.raw
        if level == "market":
            return {key: raw[key] for key in self.schema.market.model_fields if key in raw}
        return raw[f"{level}s"][name]


def _is_number(value: Any) -> bool:
    return isinstance(value, float)  # validated whole numbers stay whole: they only step


# -- From a scenario as written to its validated model and its schedule of changes -------------


def validated(schema: Schema, source: Source) -> tuple[Any, tuple[Change, ...]]:
    """Validate a scenario.

    Returns
    -------
    model
        Instance of ``schema.scenario``, with everything in it immutable.
    changes : tuple of Change
        What its events set, in order of period.

    Raises
    ------
    ScenarioError
        With all problems of the first kind that occurs: in single values, between
        values, in events.
    """
    raw = source.raw
    if raw.get("name", "") == "":
        raw = {**raw, "name": source.name}
    model, problems = validate(schema.scenario, raw, schema.root, needs=_needs(raw))
    if not problems:
        problems = check_parts(schema, model) + policy_problems(model, source)
    if problems:
        raise refusal(source, problems)
    model = freeze(model)
    return model, changes_of(schema, source, model)


def _needs(raw: Mapping[str, Any]) -> int | None:
    """Return the dimensions of need that data ask for; None if that is no number of them."""
    needs = raw.get("needs", 2)
    return needs if isinstance(needs, int) and 1 <= needs <= 8 else None


# -- Immutable values ---------------------------------------------------------------------------


class FrozenDict(dict[Any, Any]):
    """An immutable mapping."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a scenario cannot be changed: use scenario.override({path: value})")

    __setitem__ = __delitem__ = _refuse
    __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def __copy__(self) -> FrozenDict:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenDict:
        return self

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def freeze(value: Any) -> Any:
    """Return ``value`` with mappings frozen and lists made tuples, models included in place.

    Parameters
    ----------
    value : object

    Returns
    -------
    object
    """
    if isinstance(value, BaseModel):
        # The models are frozen already; only what they hold is put in its final form.
        for name, held in value.__dict__.items():
            value.__dict__[name] = freeze(held)
        return value
    if isinstance(value, dict):
        return FrozenDict({key: freeze(held) for key, held in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(freeze(held) for held in value)
    return value


def thaw(value: Any) -> Any:
    """Return a plain copy: dictionaries, lists, texts, numbers (models become dictionaries).

    Parameters
    ----------
    value : object
        As :func:`freeze` returns it.

    Returns
    -------
    object
    """
    if isinstance(value, BaseModel):
        return {name: thaw(held) for name, held in value.__dict__.items()}
    if isinstance(value, dict):
        return {key: thaw(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [thaw(held) for held in value]
    return value


# -- Other values for a scenario, by dotted path -----------------------------------------------


#: New values by dotted path, or texts ``PATH=VALUE``.
Overrides = Mapping[str, Any] | Iterable[str]


_OVERRIDE = Place("override")


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``PATH=VALUE`` as on the command line, or ``PATH: VALUE``; the value is read as YAML.

    Parameters
    ----------
    text : str

    Returns
    -------
    path : str
        Dotted path.
    value : object
        Plain data.

    Raises
    ------
    ScenarioError
        If nothing stands between path and value, or the value is not YAML.

    Examples
    --------
    >>> parse_override("firms.Tailor.price=12")
    ('firms.Tailor.price', 12)
    """
    colon, equals = text.find(": "), text.find("=")
    named = 0 < colon < equals or equals < 0 < colon
    path, between, value = text.partition(": " if named else "=")
    path = path.strip()
    if not between or not path:
        message = f"expected PATH=VALUE (firms.Tailor.price=12), found {found(text)}"
        raise ScenarioError(Problem(_OVERRIDE, (), message))
    try:
        return path, parse(value).value
    except YamlError as problem:
        raise ScenarioError(Problem(_OVERRIDE, (path,), problem.reason)) from None


def split_overrides(text: str) -> list[str]:
    """Return overrides that stand in one text, with commas or new lines between them.

    Commas within brackets and quotation marks belong to a value.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        Each ``PATH=VALUE``.

    Examples
    --------
    >>> split_overrides("firms.Tailor.price=12, segments.All.need_mean=[1, 2]")
    ['firms.Tailor.price=12', 'segments.All.need_mean=[1, 2]']
    """
    parts, start, depth, quote, before = [], 0, 0, "", "="
    for position, character in enumerate(text):
        if quote:
            closes = character == quote and (quote == "'" or before != "\\")
            quote = "" if closes else quote
        elif character in "\"'" and before in "=,[{:":  # elsewhere it is an apostrophe
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character in ",\n" and depth <= 0:
            parts.append(text[start:position])
            start = position + 1
        before = before if character == " " and not quote else character
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def overridden(schema: Schema, source: Source, overrides: Overrides) -> Source:
    """Return a source with values put in by dotted path.

    ``events`` adds events, ``replace_events`` replaces all; where ``periods`` shortens the
    run, events that were there before and come after its end are left out.

    Parameters
    ----------
    schema : Schema
    source : Source
    overrides : mapping or iterable of str
        New values by dotted path, or texts ``PATH=VALUE``.

    Returns
    -------
    Source
        With the places of the new values.

    Raises
    ------
    ScenarioError
        If a path leads nowhere, or a text is no override.
    """
    if isinstance(overrides, str):
        overrides = split_overrides(overrides)
    if isinstance(overrides, Mapping):
        pairs = list(overrides.items())
    else:
        pairs = [parse_override(text) for text in overrides]
    raw, where, late = source.raw, dict(source.where), source.late
    before, stated = periods_of(raw), set[int]()
    for path, given in pairs:
        value = plain(given, _OVERRIDE, (str(path),))
        if path in (ADD, REPLACE):
            value = schema.root.whole({ADD: value})[ADD]
            listed = isinstance(value, tuple)
            new = [Entry(event, {(): _OVERRIDE}) for event in value] if listed else value
            replace = path == REPLACE
            raw, where, numbers = added(raw, where, new, replace=replace, place=_OVERRIDE, key=path)
            late = () if replace else late
            stated = {*(() if replace else stated), *numbers}
            continue
        needs = _needs(raw) or 1
        for target in resolve(schema.root, raw, path, _OVERRIDE):
            firms = tuple(raw["firms"]) if isinstance(raw.get("firms"), Mapping) else ()
            try:
                at = target.spec.whole(value)
                raw = put(raw, target.keys, at, schema.root, needs=needs, firms=firms)
            except LookupError as error:
                raise ScenarioError(Problem(_OVERRIDE, (path,), error.args[0])) from None
            depth = len(target.keys)
            where = {keys: at for keys, at in where.items() if keys[:depth] != target.keys}
            where[target.keys] = _OVERRIDE
            if target.keys[0] == ADD and isinstance(target.keys[1], int):
                stated.add(target.keys[1])
    if before is not None:
        raw, where, late = fitted(raw, where, late, before=before, stated=stated)
    return dataclasses.replace(source, raw=raw, where=where, late=late)
