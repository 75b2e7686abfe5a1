"""From a scenario as written to its validated model and its schedule of changes."""

from __future__ import annotations

from typing import Any

from cxsim.scenario.checks import check_parts
from cxsim.scenario.events import Change, changes_of
from cxsim.scenario.frozen import freeze
from cxsim.scenario.loading import Source
from cxsim.scenario.messages import Problem, ScenarioError
from cxsim.scenario.policies import policy_problems
from cxsim.scenario.schema import Schema
from cxsim.scenario.translate import validate

__all__ = ["validated"]


def validated(schema: Schema, source: Source) -> tuple[Any, tuple[Change, ...]]:
    """Validate a scenario.

    Returns
    -------
    model
        Instance of ``schema.scenario``, with everything in it immutable.
    changes : tuple of Change
        What its events set, in order of period.

    Raises
    ------
    ScenarioError
        With all problems of the first kind that occurs: in single values, between
        values, in events.
    """
    raw = source.raw
    if raw.get("name", "") == "":
        raw = {**raw, "name": source.name}
    needs = raw.get("needs", 2)
    needs = needs if isinstance(needs, int) and 1 <= needs <= 8 else None
    model, problems = validate(schema.scenario, raw, schema.root, needs=needs)
    if not problems:
        problems = check_parts(schema, model) + policy_problems(model, source)
    if problems:
        found = [Problem(source.at(keys), keys, text) for keys, text in problems]
        raise ScenarioError(sorted(found, key=lambda problem: problem.place.order))
    model = freeze(model)
    return model, changes_of(schema, source, model)
