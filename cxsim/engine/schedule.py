"""The order of one period: passes by phase, strung together as far as blocks allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import FunctionType

from cxsim.engine.rules import exchanged, names_of_rules, source_digest
from cxsim.mechanisms.base import PHASES, Mechanism
from cxsim.mechanisms.order import ordered

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

    def __init__(
        self, mechanisms: tuple[Mechanism, ...], rules: Mapping[str, Callable] | None = None
    ):
        rules = dict(rules or {})
        passes = ordered(mechanisms)
        _check_rules(rules, [p.function for _, p in passes])
        self.steps = tuple(
            Step(name, p.phase, exchanged(p.function, rules), p.whole, p.term) for name, p in passes
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


def _check_rules(rules: Mapping[str, Callable], functions: list) -> None:
    known = names_of_rules(functions)
    for name in rules:
        if name not in known:
            near = get_close_matches(name, sorted(known), 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(f"rules: expected the name of a rule, found {name!r}{hint}")
