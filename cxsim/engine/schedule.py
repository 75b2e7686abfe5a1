"""The order of one period: passes by phase, combined as far as blocks allow.

Scratch columns then stay in a core's cache, which state columns stream through.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType
from typing import Any

from cxsim.engine.name_registry import check_passes
from cxsim.engine.rules import exchanged, names_of_rules, near_rule, rule_name, widened
from cxsim.identity import identified
from cxsim.model.core.choice import DEMAND
from cxsim.model.mechanism import PHASES, Mechanism, ordered
from cxsim.model.mechanism_registry import PACKAGE, registered

# -- The order of one period: passes by phase, combined as far as blocks allow -----------------


@dataclass(frozen=True)
class Step:
    """One pass in its place: its name (``"learning.learn"``), phase and function."""

    name: str
    phase: str
    function: FunctionType
    population: bool
    term: str

    @cached_property
    def code(self) -> str:
        """Fingerprint of what the pass does, as it was when first asked for."""
        return identified({rule_name(self.function): self.function}).digest


@dataclass(frozen=True, eq=False)  # told apart as objects: engines look them up every period
class PhaseGroup:
    """Steps that run block by block, or one step over the whole population."""

    steps: tuple[Step, ...]
    population: bool


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
            Step(name, p.phase, exchanged(widened(p.function), rules), p.population, p.term)
            for name, p in passes
        )
        #: Fingerprints of the passes and of what they depend on.
        self.identity = identified({step.name: step.function for step in self.steps})
        self._groups: dict[tuple[str, ...], tuple[PhaseGroup, ...]] = {}
        self._across_barriers: frozenset[str] | None = None

    def groups(self, phases: tuple[str, ...] = PHASES) -> tuple[PhaseGroup, ...]:
        """Return the phase groups of some phases of the period (all by default).

        A phase group ends before a look at the whole population, and between passes of which one
        may write what the other reads of everybody (``NAME`` and ``all_NAME``).

        Parameters
        ----------
        phases : tuple of str
            Of :data:`~cxsim.model.mechanism.PHASES`.

        Returns
        -------
        tuple of PhaseGroup
            In the order of the period.
        """
        if phases not in self._groups:
            self._groups[phases] = self._cut(phases)
        return self._groups[phases]

    def _cut(self, phases: tuple[str, ...]) -> tuple[PhaseGroup, ...]:
        groups: list[PhaseGroup] = []
        run: list[Step] = []
        named: set[str] = set()
        looked_at: set[str] = set()
        for step in self.steps:
            if step.phase not in phases:
                continue
            names = set(parameters_of(step))
            looks_at = {name[4:] for name in names if name.startswith("all_")}
            waits = looks_at & named or looked_at & names
            if run and (step.population or waits):
                groups.append(PhaseGroup(tuple(run), population=False))
                run, named, looked_at = [], set(), set()
            if step.population:
                groups.append(PhaseGroup((step,), population=True))
            else:
                run.append(step)
                named |= names
                looked_at |= looks_at
        if run:
            groups.append(PhaseGroup(tuple(run), population=False))
        return tuple(groups)

    def scratch_across_barriers(self) -> frozenset[str]:
        """Return the names that passes of several phase groups of a period use."""
        if self._across_barriers is None:
            self._across_barriers = self._named_twice()
        return self._across_barriers

    def _named_twice(self) -> frozenset[str]:
        groups = self.groups(tuple(p for p in PHASES if p != "begin"))
        counts = Counter(
            name
            for group in groups
            if not group.population
            for name in {name for step in group.steps for name in parameters_of(step)}
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
            near = near_rule(name, known)
            raise ValueError(f"rules: expected the name of a rule, found {name!r}{near}")


# -- Sharing memory between scratch columns that are never in use together ----------------------


#: First and last phase, by number, in which a column is in use.
LiveRange = tuple[int, int]


ALWAYS: LiveRange = (0, len(PHASES))


def live_ranges(steps: Iterable[Step], mechanisms: Iterable[Mechanism]) -> dict[str, LiveRange]:
    """Return from which phase to which passes name a column, for those that may share memory.

    They are columns of this package's mechanisms: their passes write what they read. Columns
    that others bring, or that start from a value of their own, may be read as they are.

    Parameters
    ----------
    steps : iterable of Step
    mechanisms : iterable of Mechanism

    Returns
    -------
    dict of str to (int, int)
        First and last phase, by number.
    """
    own = {c.name for m in mechanisms if m in PACKAGE for c in m.columns if not c.fill}
    found: dict[str, LiveRange] = {}
    for step in steps:
        phase = PHASES.index(step.phase)
        for name in own.intersection(parameters_of(step)):
            first, last = found.get(name, (phase, phase))
            found[name] = min(first, phase), max(last, phase)
    return found


def offsets(
    sizes: Mapping[str, int], live_ranges: Mapping[str, LiveRange]
) -> tuple[dict[str, int], int]:
    """Return the offset of each column, and the memory of all.

    The largest first, each in the first gap between those in use together with it.

    Parameters
    ----------
    sizes : mapping of str to int
        What each column takes up.
    live_ranges : mapping of str to tuple
        When it is in use; one that is left out always is.
    """
    return _offsets(tuple(sorted(sizes.items())), tuple(sorted(live_ranges.items())))


@functools.lru_cache(maxsize=64)
def _offsets(
    sizes: tuple[tuple[str, int], ...], live_ranges: tuple[tuple[str, LiveRange], ...]
) -> tuple[dict[str, int], int]:
    when = dict(live_ranges)
    taken: list[tuple[int, int, LiveRange]] = []
    begins: dict[str, int] = {}
    for name, size in sorted(sizes, key=lambda each: (-each[1], each[0])):
        first, last = live = when.get(name, ALWAYS)
        begin = 0
        for low, high, (start, end) in sorted(taken):
            if start <= last and first <= end:
                if begin + size <= low:
                    break
                begin = max(begin, high)
        begins[name] = begin
        taken.append((begin, begin + size, live))
    return begins, max((high for _, high, _ in taken), default=0)
