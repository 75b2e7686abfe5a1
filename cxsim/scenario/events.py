"""Scheduled changes: what a scenario's events set, one change for each parameter they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxsim.parameters import Parameters
from cxsim.scenario.checks import segment_rates
from cxsim.scenario.frozen import freeze
from cxsim.scenario.loading import Source
from cxsim.scenario.messages import Place, Problem, ScenarioError, found
from cxsim.scenario.paths import Target, held, put, resolve
from cxsim.scenario.schema import Schema
from cxsim.scenario.translate import shape_problems, validate

__all__ = ["Change", "changes_of"]


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

    def value_at(self, period: int, before: Any) -> Any:
        """Return the parameter's value in ``period``, on or after ``at``.

        Parameters
        ----------
        period : int
            The period.
        before
            The value it had before the change: that of period ``at - 1``.

        Returns
        -------
        float or other value
            With ``over`` 0 the new value from ``at`` on; else the straight line that
            leaves ``before`` at period ``at`` and arrives at period ``at + over``.
        """
        if period >= self.at + self.over:
            return self.value
        return before + (self.value - before) * ((period - self.at) / self.over)


def changes_of(schema: Schema, source: Source, model: Any) -> tuple[Change, ...]:
    """Check a scenario's events and return what they change, in order of period.

    Each event is applied, in order, to the parameters as earlier ones left them, and
    the group it changes is validated again: an event can set only what a file could.

    Raises
    ------
    ScenarioError
        With all problems found.
    """
    problems: list[Problem] = []
    changes: list[Change] = []
    state = _State(schema, source, model)
    for number in sorted(range(len(model.events)), key=lambda i: (model.events[i].at, i)):
        event = model.events[number]
        here = ("events", number)
        if event.at >= model.periods:
            place = source.at((*here, "at"))
            text = f"expected a period below {model.periods} (periods), found {event.at}"
            problems.append(Problem(place, (*here, "at"), text))
            continue
        for path, value in event.set.items():
            keys = (*here, "set", path)
            place = source.at(keys)
            try:
                for target in resolve(schema.root, source.raw, path, place):
                    changed = state.apply(target, value, event.over, place, keys)
                    changes.append(Change(event.at, event.over, *changed, label=event.label))
            except ScenarioError as error:
                shift = [Problem(p.place, keys, p.text) for p in error.problems]
                problems.extend(shift)
    if problems:
        raise ScenarioError(problems)
    return tuple(changes)


class _State:
    """The parameters as the events so far have left them."""

    def __init__(self, schema: Schema, source: Source, model: Any) -> None:
        self.schema, self.source, self.model = schema, source, model
        self.firms = tuple(model.firms)
        self.raw: dict[tuple[str, str], dict[str, Any]] = {}

    def apply(
        self, target: Target, value: Any, over: int, place: Place, keys: tuple[str | int, ...]
    ) -> tuple[str, str, tuple[str | int, ...], Any]:
        """Set one parameter; return its level, owner, keys and validated value."""
        level, name, inner, group = self._owner(target, place, keys)
        if target.fixed:
            text = f"expected a parameter that may change during a run, found {found(keys[-1])}"
            raise ScenarioError(Problem(place, keys, text))
        group_spec = self.schema.spec(level)
        before = self.raw.get((level, name))
        if before is None:
            before = self._start(level, name)
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
