"""The order of one period: passes by phase, strung together as far as blocks allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from types import FunctionType

from cxsim.engine.rules import exchanged, names_of_rules, source_digest
from cxsim.mechanisms.base import PHASES, Mechanism, Pass

__all__ = ["Leg", "Schedule", "Step"]


@dataclass(frozen=True)
class Step:
    """One pass in its place: its name (``"learning.learn"``), phase and function."""

    name: str
    phase: str
    function: FunctionType
    whole: bool
    term: str


@dataclass(frozen=True)
class Leg:
    """Steps between which nobody needs to see the whole population, or one that does."""

    steps: tuple[Step, ...]
    whole: bool


class Schedule:
    """All passes of the mechanisms taking part, in order.

    Parameters
    ----------
    mechanisms : sequence of Mechanism
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, by name (``"learning.learned"``).

    Raises
    ------
    ValueError
        If a rule's name is unknown, or passes demand an impossible order.
    """

    def __init__(self, mechanisms: tuple[Mechanism, ...], rules: Mapping[str, Callable] | None = None):
        rules = dict(rules or {})
        named = {f"{m.name}.{p.function.__name__}": p for m in mechanisms for p in m.passes}
        _check_rules(rules, named)
        self.steps = tuple(
            Step(name, p.phase, exchanged(p.function, rules), p.whole, p.term)
            for name, p in _ordered(_replaced(named))
        )
        self.digest = source_digest([step.function for step in self.steps])

    def legs(self, phases: tuple[str, ...] = PHASES) -> tuple[Leg, ...]:
        """Return the legs of some phases of the period (all by default)."""
        legs: list[Leg] = []
        run: list[Step] = []
        for step in self.steps:
            if step.phase not in phases:
                continue
            if step.whole:
                if run:
                    legs.append(Leg(tuple(run), whole=False))
                    run = []
                legs.append(Leg((step,), whole=True))
            else:
                run.append(step)
        if run:
            legs.append(Leg(tuple(run), whole=False))
        return tuple(legs)


def _check_rules(rules: Mapping[str, Callable], named: Mapping[str, Pass]) -> None:
    known = names_of_rules([p.function for p in named.values()])
    for name in rules:
        if name not in known:
            near = get_close_matches(name, sorted(known), 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(f"rules: expected the name of a rule, found {name!r}{hint}")


def _replaced(named: dict[str, Pass]) -> dict[str, Pass]:
    """Let passes that replace others stand where those stood, in their order."""
    substitutes = {p.replaces: (name, p) for name, p in named.items() if p.replaces}
    for missing in set(substitutes) - set(named):
        raise ValueError(
            f"pass {substitutes[missing][0]!r} replaces {missing!r}, which is not there"
        )
    out = {}
    for name, p in named.items():
        if name in substitutes:
            other, substitute = substitutes[name]
            out[other] = replace(
                substitute, after=substitute.after + p.after, before=substitute.before + p.before
            )
        elif not p.replaces:
            out[name] = p
    return out


def _ordered(named: dict[str, Pass]) -> list[tuple[str, Pass]]:
    """Sort passes by phase, within a phase by what they ask for, else as they came."""
    stands_for = {p.replaces: name for name, p in named.items() if p.replaces}
    result = []
    for phase in PHASES:
        here = [name for name, p in named.items() if p.phase == phase]
        place = {name: k for k, name in enumerate(here)}
        after: dict[str, set[str]] = {name: set() for name in here}
        for name in here:
            for other in named[name].after:
                other = stands_for.get(other, other)
                if other in after:
                    after[name].add(other)
            for other in named[name].before:
                other = stands_for.get(other, other)
                if other in after:
                    after[other].add(name)
        sorter = TopologicalSorter(after)
        try:
            sorter.prepare()
        except CycleError as problem:
            raise ValueError(f"passes of phase {phase!r} ask for a circle: {problem.args[1]}") from None
        ready: list[str] = []
        while sorter.is_active():
            ready.extend(sorter.get_ready())
            ready.sort(key=place.__getitem__, reverse=True)
            name = ready.pop()
            result.append((name, named[name]))
            sorter.done(name)
    return result
