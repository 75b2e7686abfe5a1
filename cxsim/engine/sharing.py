"""Sharing memory: passing columns that are never in use together stand in the same place.

What passes hand on then stays in a core's cache, which kept columns stream through.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from cxsim.engine.schedule import Step, parameters_of
from cxsim.mechanisms import PACKAGE
from cxsim.mechanisms.base import PHASES, Mechanism

__all__ = ["ALWAYS", "Span", "places", "spans"]

#: First and last phase, by number, in which a column is in use.
Span = tuple[int, int]
ALWAYS: Span = (0, len(PHASES))


def spans(steps: Iterable[Step], mechanisms: Iterable[Mechanism]) -> dict[str, Span]:
    """Return from which phase to which passes name a column, for those that may share memory.

    They are columns of this package's mechanisms: their passes write what they read. Columns
    that others bring, or that start from a value of their own, may be read as they are.
    """
    own = {c.name for m in mechanisms if m in PACKAGE for c in m.columns if not c.fill}
    found: dict[str, Span] = {}
    for step in steps:
        phase = PHASES.index(step.phase)
        for name in own.intersection(parameters_of(step)):
            first, last = found.get(name, (phase, phase))
            found[name] = min(first, phase), max(last, phase)
    return found


def places(sizes: Mapping[str, int], spans: Mapping[str, Span]) -> tuple[dict[str, int], int]:
    """Return where each column begins, and how much memory that takes in all.

    The largest first, each in the first gap between those in use together with it.

    Parameters
    ----------
    sizes : mapping of str to int
        What each column takes up.
    spans : mapping of str to tuple
        When it is in use; one that is left out always is.
    """
    return _places(tuple(sorted(sizes.items())), tuple(sorted(spans.items())))


@functools.lru_cache(maxsize=64)
def _places(
    sizes: tuple[tuple[str, int], ...], spans: tuple[tuple[str, Span], ...]
) -> tuple[dict[str, int], int]:
    when = dict(spans)
    taken: list[tuple[int, int, Span]] = []
    begins: dict[str, int] = {}
    for name, size in sorted(sizes, key=lambda each: (-each[1], each[0])):
        first, last = span = when.get(name, ALWAYS)
        begin = 0
        for low, high, (start, end) in sorted(taken):
            if start <= last and first <= end:
                if begin + size <= low:
                    break
                begin = max(begin, high)
        begins[name] = begin
        taken.append((begin, begin + size, span))
    return begins, max((high for _, high, _ in taken), default=0)
