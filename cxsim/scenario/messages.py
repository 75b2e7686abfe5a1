"""What is wrong with a scenario, said in one line per problem.

Every message has one pattern::

    FILE:LINE: KEY.PATH: expected WHAT, found VALUE (did you mean 'X'?)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cxsim.arguments import hint, nearest

__all__ = ["MISSING", "Place", "Problem", "ScenarioError", "found", "hint", "nearest", "one_line"]

#: Problems shown in one message; the rest is counted.
SHOWN = 5

#: Longest piece of a value that a message repeats.
LONGEST = 60

#: Longest line of a message, in characters.
LINE = 1000


class _Missing:
    """Stands for a value that is not there (``null`` is a value)."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


@dataclass(frozen=True)
class Place:
    """Where a value came from: a file and a line in it, or ``"override"`` without a line."""

    source: str
    line: int | None = None

    @property
    def order(self) -> tuple[str, float]:
        """Sorts places by file and line; what has no line comes last."""
        return self.source, math.inf if self.line is None else self.line

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, under which key, and what was expected."""

    place: Place
    path: tuple[str | int, ...]
    text: str

    def __str__(self) -> str:
        path = ".".join(_cut(str(part)) for part in self.path)
        return one_line(": ".join(part for part in (str(self.place), path, self.text) if part))


class ScenarioError(ValueError):
    """A scenario that cannot be used, or cannot be found.

    ``str(error)`` has one line per problem, the first few of them, then a count.

    Attributes
    ----------
    problems : tuple of Problem
        All of them, in the order found.
    """

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        more = len(self.problems) - SHOWN
        if more > 0:
            lines.append(f"and {more} more {'problem' if more == 1 else 'problems'}")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


def one_line(text: str) -> str:
    """Return ``text`` on one line that any terminal and file can take, and no endless one."""
    if len(text) > LINE:
        text = f"{text[: LINE // 2]} ... {text[-LINE // 2 :]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def found(value: Any) -> str:
    """Return ``value`` the way the user would have written it, cut to a readable length."""
    if value is MISSING:
        return "nothing"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    if isinstance(value, int) and abs(value) >= 10**30:
        return "a number beyond all bounds"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return repr(_cut(value))
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)}" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        if not all(isinstance(item, (int, float, str, bool, type(None))) for item in value):
            return f"a list of {len(value)}"
        text = "[" + ", ".join(found(item) for item in value[:20]) + "]"
        return text if len(text) <= LONGEST and len(value) <= 20 else f"a list of {len(value)}"
    return f"a Python {type(value).__name__}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
