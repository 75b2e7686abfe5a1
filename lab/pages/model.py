"""Write the tables of the model page from the schema, the schedule and the measures.

``python -m lab.pages.model`` puts them between the markers of ``docs/model.md``::

    <!-- table: parameters learning -->
    ...
    <!-- end -->

and ``make docs`` does so first. A test fails where page and package differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from cxsim.firms.policy_registry import BUILT_IN, policy_class
from cxsim.messages import MISSING
from cxsim.model.mechanism import PHASE_MEANINGS, ordered
from cxsim.model.mechanism_registry import registered
from cxsim.runs.measures.measure_registry import measures
from cxsim.scenario.display import level_value, moves, scale_table
from cxsim.scenario.events import thaw
from cxsim.scenario.fields import Spec, kind_of, spec_of_field
from cxsim.scenario.schema import schema_for
from lab.pages.page import DOCS, cell, table, write

PAGE = DOCS / "model.md"
MARKED = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)

#: Sections of a scenario file, and how the table calls what a parameter belongs to.
OWNERS = {"firms": "firm", "segments": "segment", "initial": "firm, at the start"}
WORDS = {"a number": "any", "a whole number": "whole", "true or false": "true, false"}


def code(text: Any) -> str:
    """Return text as code that may stand in a cell."""
    return f"`{text}`"


# ------------------------------------------------------------------- parameters


def _parameters() -> Iterator[tuple[str, str, tuple[str, ...], Spec]]:
    """Yield mechanism, owner, path below the owner, and spec of each parameter."""
    for path, spec in schema_for().root.parameters():
        owner = OWNERS.get(path[0], "market" if path[0] != "events" else "event")
        below = path[2:] if path[0] in (*OWNERS, "events") else path
        yield spec.mechanism, owner, below, spec


def _range(spec: Spec) -> str:
    if spec.choices:
        return ", ".join(map(code, spec.choices))
    low = spec.bounds.get("ge", spec.bounds.get("gt"))
    high = spec.bounds.get("le", spec.bounds.get("lt"))
    if low is None and high is None:
        words = kind_of(spec)
        return WORDS.get(words, words)
    whole = "whole, " if "integer" in spec.kinds and "number" not in spec.kinds else ""
    if high is None:
        return f"{whole}{'≥' if 'ge' in spec.bounds else '>'} {low:g}"
    if low is None:
        return f"{whole}{'≤' if 'le' in spec.bounds else '<'} {high:g}"
    left, right = "(["["ge" in spec.bounds], ")]"["le" in spec.bounds]
    return f"{whole}{left}{low:,g}, {high:,g}{right}"


def _default(spec: Spec) -> str:
    if spec.default is MISSING:
        return "required"
    value = thaw(spec.default)
    if value is None or value in ("", {}, []):
        return "none"
    return code(str(value).lower() if isinstance(value, bool) else value)


def parameters(mechanism: str) -> str:
    """Return the parameters that a mechanism declares (``scenario``: those of every scenario)."""
    rows = [
        (
            code(".".join("NAME" if key == "*" else key for key in path))
            + (" †" if spec.fixed else " ‡" if spec.newcomers else ""),
            owner,
            _default(spec),
            _range(spec),
            spec.unit if spec.unit != "1" else "",
            spec.doc if spec.source in ("", "assumption") else f"{spec.doc} ({spec.source})",
        )
        for name, owner, path, spec in _parameters()
        if name == mechanism
    ]
    if not rows:
        raise LookupError(f"docs/model.md: mechanism {mechanism!r} has no parameters")
    return table(("parameter", "of", "default", "range", "unit", "meaning (source)"), rows)


def policies() -> str:
    """Return the parameters of the policies that come with the package."""
    rows = []
    for kind, names in BUILT_IN.items():
        for name in names:
            policy = policy_class(kind, name)
            for key, info in policy.parameters.model_fields.items():
                spec = spec_of_field(info)
                unit = spec.unit if spec.unit != "1" else ""
                row = (code(name), kind, code(key), _default(spec), _range(spec), unit, spec.doc)
                rows.append(row)
    return table(("policy", "kind", "parameter", "default", "range", "unit", "meaning"), rows)


def with_parameters() -> list[str]:
    """Return the names of mechanisms that declare parameters."""
    return list(dict.fromkeys(name for name, *_ in _parameters()))


# ------------------------------------------------------- states, order, measures


def states() -> str:
    """Return what a customer carries from one period to the next."""
    rows = (
        (
            code(column.name),
            " × ".join(map(str, column.axes)),
            f"**{mechanism.name}**" if mechanism.core else mechanism.name,
            column.doc,
        )
        for mechanism in registered()
        for column in mechanism.columns
        if column.state
    )
    return table(("state", "by", "mechanism", "meaning"), rows)


def order() -> str:
    """Return the passes of a period in the order in which they run, all mechanisms taking part."""
    core = {mechanism.name for mechanism in registered() if mechanism.core}
    rows = []
    for phase, passes in groupby(ordered(registered()), key=lambda each: each[1].phase):
        names = []
        for name, each in passes:
            first, second = (each.replaces, name) if each.replaces else (name, "")
            text = f"**`{first}`**" if first.split(".")[0] in core else code(first)
            text += f" (or `{second}`)" if second else ""
            names.append(text + (" §" if each.population else ""))
        rows.append((code(phase), PHASE_MEANINGS[phase], ", ".join(names)))
    return table(("phase", "what happens", "passes, in order"), rows)


def measured(level: str) -> str:
    """Return the measures of a level, ``firm`` or ``market``."""
    rows = (
        (
            code(each.name),
            cell(f"{each.label}: {each.definition}".removesuffix(".")),
            each.unit if each.unit != "1" else "",
            each.summary.replace("_", " "),
        )
        for each in measures(level)
    )
    return table(("measure", "meaning", "unit", "a run in one number"), rows)


def scaled() -> str:
    """Return the scales of capabilities."""
    names = scale_table().groupby(["level", "value", "meaning"], sort=False)["parameter"]
    said: dict[str, dict[int, str]] = {}
    for (level, _, meaning), which in names:
        said.setdefault(", ".join(map(code, which)), {})[level] = meaning
    rows = (
        (name, level, f"{level_value(level):g}", cell(text))
        for name, levels in said.items()
        for level, text in levels.items()
    )
    return table(("parameter", "level", "value", "what it means"), rows)


def menu() -> str:
    """Return the menu of moves."""
    rows = (
        (
            code(each.name),
            each.does,
            ", ".join(map(code, each.given)) or f"refused: {each.missing}",
            each.size,
            each.cost,
            ", ".join([*map(code, each.base), *map(code, each.needs)]),
        )
        for each in moves().values()
    )
    return table(("move", "what it is", "changes", "size", "unit cost", "needs beforehand"), rows)


TABLES: dict[str, Callable[..., str]] = {
    "parameters": parameters,
    "policies": policies,
    "states": states,
    "order": order,
    "measures": measured,
    "scales": scaled,
    "moves": menu,
}


def written(page: str) -> str:
    """Return the page with its tables made anew."""

    def fill(found: re.Match[str]) -> str:
        kind, *arguments = found[2].split()
        return f"{found[1]}\n{TABLES[kind](*arguments)}\n\n{found[3]}"

    return MARKED.sub(fill, page)


if __name__ == "__main__":
    write(PAGE, written(PAGE.read_text(encoding="utf-8")))
