"""The order of one period: passes by phase, strung together as far as blocks allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from types import FunctionType
from typing import Any

from cxsim.engine.registry import check_passes
from cxsim.engine.rules import exchanged, names_of_rules, rule_name, widened
from cxsim.identity import identified
from cxsim.mechanisms import registered
from cxsim.mechanisms.base import PHASES, Mechanism
from cxsim.mechanisms.demand import DEMAND
from cxsim.mechanisms.order import ordered

__all__ = ["Leg", "Schedule", "Step", "parameters_of"]


@dataclass(frozen=True)
class Step:
    """One pass in its place: its name (``"learning.learn"``), phase and function."""

    name: str
    phase: str
    function: FunctionType
    whole: bool
    term: str

    @cached_property
    def code(self) -> str:
        """Fingerprint of what the pass does, as it was when first asked for."""
        return identified({rule_name(self.function): self.function}).digest


@dataclass(frozen=True, eq=False)  # told apart as objects: engines look them up every period
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
        If a rule's name is unknown, a pass names a phase or pass that nobody has, or passes
        demand an impossible order.
    IdentityError
        If code or data behind a pass has no fingerprint.
    """

    def __init__(
        self,
        mechanisms: tuple[Mechanism, ...],
        rules: Mapping[str, Callable[..., Any]] | None = None,
    ):
        rules = dict(rules or {})
        check_passes(mechanisms, (*registered(), DEMAND))
        passes = ordered(mechanisms)
        if rules:
            _check_rules(rules, [p.function for _, p in passes])
        self.steps = tuple(
            Step(name, p.phase, exchanged(widened(p.function), rules), p.whole, p.term)
            for name, p in passes
        )
        #: What the passes are and rest on.
        self.identity = identified({step.name: step.function for step in self.steps})
        self._legs: dict[tuple[str, ...], tuple[Leg, ...]] = {}
        self._carried: frozenset[str] | None = None

    def legs(self, phases: tuple[str, ...] = PHASES) -> tuple[Leg, ...]:
        """Return the legs of some phases of the period (all by default).

        A leg ends before a look at the whole population, and between passes of which one
        may write what the other reads of everybody (``NAME`` and ``all_NAME``).
        """
        if phases not in self._legs:
            self._legs[phases] = self._cut(phases)
        return self._legs[phases]

    def _cut(self, phases: tuple[str, ...]) -> tuple[Leg, ...]:
        legs: list[Leg] = []
        run: list[Step] = []
        named: set[str] = set()
        looked_at: set[str] = set()
        for step in self.steps:
            if step.phase not in phases:
                continue
            names = set(parameters_of(step))
            looks_at = {name[4:] for name in names if name.startswith("all_")}
            waits = looks_at & named or looked_at & names
            if run and (step.whole or waits):
                legs.append(Leg(tuple(run), whole=False))
                run, named, looked_at = [], set(), set()
            if step.whole:
                legs.append(Leg((step,), whole=True))
            else:
                run.append(step)
                named |= names
                looked_at |= looks_at
        if run:
            legs.append(Leg(tuple(run), whole=False))
        return tuple(legs)

    def carried(self) -> frozenset[str]:
        """Return the names that passes of several legs of a period use."""
        if self._carried is None:
            self._carried = self._named_twice()
        return self._carried

    def _named_twice(self) -> frozenset[str]:
        legs = self.legs(tuple(p for p in PHASES if p != "begin"))
        counts = Counter(
            name
            for leg in legs
            if not leg.whole
            for name in {name for step in leg.steps for name in parameters_of(step)}
        )
        return frozenset(name for name, count in counts.items() if count > 1)


def parameters_of(step: Step) -> tuple[str, ...]:
    """Return the names of a pass's arguments."""
    code = step.function.__code__
    return code.co_varnames[: code.co_argcount]


def _check_rules(rules: Mapping[str, Callable[..., Any]], functions: list[Any]) -> None:
    known = names_of_rules(functions)
    for name in rules:
        if name not in known:
            near = get_close_matches(name, sorted(known), 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(f"rules: expected the name of a rule, found {name!r}{hint}")
