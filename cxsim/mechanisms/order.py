"""The order of passes: by phase, within a phase by what they ask for, else as they came."""

from __future__ import annotations

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from cxsim.mechanisms.base import PHASES, Mechanism, Pass

__all__ = ["add_passes", "ordered"]


def ordered(mechanisms: tuple[Mechanism, ...]) -> list[tuple[str, Pass]]:
    """Return the passes of mechanisms taking part, with their names, in order.

    Raises
    ------
    ValueError
        If passes ask for an impossible order, if one replaces another that is not there, or if
        two replace the same.
    """
    named = {f"{m.name}.{p.function.__name__}": p for m in mechanisms for p in m.passes}
    return _sorted(_replaced(named))


def add_passes(mechanisms: tuple[Mechanism, ...]) -> list[tuple[str, str]]:
    """Return the passes that add terms to options' worth, with the terms' names, in order."""
    return [(name, p.term or name) for name, p in ordered(mechanisms) if p.phase == "add"]


def _replaced(named: dict[str, Pass]) -> dict[str, Pass]:
    """Let passes that replace others stand where those stood, in their order."""
    substitutes: dict[str, tuple[str, Pass]] = {}
    for name, p in named.items():
        if p.replaces is None:
            continue
        if p.replaces not in named:
            raise ValueError(f"pass {name!r} replaces {p.replaces!r}, which is not there")
        if named[p.replaces].replaces:
            raise ValueError(
                f"pass {name!r} replaces {p.replaces!r}, which itself stands in for "
                f"{named[p.replaces].replaces!r}: expected one pass that replaces another"
            )
        if p.replaces in substitutes:
            raise ValueError(
                f"passes {substitutes[p.replaces][0]!r} and {name!r} both replace "
                f"{p.replaces!r}: expected one that does"
            )
        substitutes[p.replaces] = name, p
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


def _sorted(named: dict[str, Pass]) -> list[tuple[str, Pass]]:
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
            raise ValueError(
                f"passes of phase {phase!r} ask for a circle: {problem.args[1]}"
            ) from None
        ready: list[str] = []
        while sorter.is_active():
            ready.extend(sorter.get_ready())
            ready.sort(key=place.__getitem__, reverse=True)
            name = ready.pop()
            result.append((name, named[name]))
            sorter.done(name)
    return result
