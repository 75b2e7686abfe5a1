"""What must hold between the parts of a scenario, beyond each parameter's own range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from cxsim.scenario.messages import found, hint
from cxsim.scenario.schema import Schema
from cxsim.scenario.translate import shape_problems

__all__ = ["check_parts"]

Keys = tuple[str | int, ...]

#: Characters that paths, overrides on the command line and file names need for themselves.
RESERVED = ".*/\\="
#: Names of what a customer may choose or have beside firms.
TAKEN = ("outside", "none")


def check_parts(schema: Schema, model: Any) -> list[tuple[Keys, str]]:
    """Return what is wrong between the parts of a valid model, as ``(keys, text)``."""
    problems = list(_names("firms", model.firms))
    problems += _names("segments", model.segments)
    problems += _shares(model)
    problems += shape_problems(schema.root, model, needs=model.needs, firms=tuple(model.firms))
    problems += _initial(model)
    problems += _rates(model)
    for mechanism in schema.mechanisms:
        problems += mechanism.check(model)
    return problems


def _names(section: str, named: Any) -> Iterator[tuple[Keys, str]]:
    for name in named:
        keys = (section, name)
        bad = sorted({c for c in name if c in RESERVED or not c.isprintable()})
        if not name:
            yield keys, "expected a name, found an empty one"
        elif name != name.strip():
            yield keys, f"expected a name without blanks around it, found {found(name)}"
        elif bad:
            shown = " ".join(found(c)[1:-1] for c in bad)
            yield keys, f"expected a name without any of . * / \\ =, found {shown}"
        elif name.casefold() in TAKEN:
            yield keys, f"expected a name other than {' and '.join(TAKEN)}, found {found(name)}"


def _shares(model: Any) -> Iterator[tuple[Keys, str]]:
    shares = [s.share for s in model.segments.values() if hasattr(s, "share")]
    if not shares:
        return  # mechanisms without shares: nothing to sum
    total = math.fsum(shares)
    if abs(total - 1) > 1e-9 * len(shares):
        yield ("segments",), f"expected shares that sum to 1, found a sum of {total:.10g}"


def _initial(model: Any) -> Iterator[tuple[Keys, str]]:
    if not model.initial:
        return
    firms = tuple(model.firms)
    for name in model.initial:
        if name not in model.firms:
            text = f"expected the name of a firm, found {name!r}{hint(name, firms)}"
            yield ("initial", name), text
    total = math.fsum(start.share for start in model.initial.values())
    if total > 1 + 1e-9 * len(model.initial):
        yield ("initial",), f"expected shares that sum to at most 1, found a sum of {total:.10g}"
    if model.warm_up > 0:
        text = f"expected no initial customers with a warm_up, found a warm_up of {model.warm_up}"
        yield ("initial",), text


def _rates(model: Any) -> Iterator[tuple[Keys, str]]:
    for name, segment in model.segments.items():
        yield from segment_rates(segment, ("segments", name))


def segment_rates(segment: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Check rates that are chances unless a distribution makes them means."""
    rate = getattr(segment, "purchase_rate", 0.0)
    if rate > 1 and getattr(segment, "purchase_rate_shape", None) is None:
        text = "expected a number from 0 to 1 (per period) unless purchase_rate_shape is given"
        yield (*keys, "purchase_rate"), f"{text}, found {found(rate)}"
    for number, value in enumerate(getattr(segment, "turnover_beta", None) or ()):
        if not value > 0:
            text = f"expected a number above 0, found {found(value)}"
            yield (*keys, "turnover_beta", number), text
