"""The JSON schema of study files, for completion and checks while typing."""

from __future__ import annotations

from typing import Any

from cxsim.measures import measures
from cxsim.measures.observers import OBSERVERS
from cxsim.study.designs import DESIGNS
from cxsim.study.parts import ANALYSES

__all__ = ["study_schema"]

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_FLAG = {"type": "boolean"}
_CHANGES = {"type": ["object", "null"], "description": "New values by dotted path"}


def _whole(low: int, doc: str = "") -> dict[str, Any]:
    return {"type": "integer", "minimum": low, **({"description": doc} if doc else {})}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(required),
        "additionalProperties": False,
    }  # fmt: skip


def study_schema() -> dict[str, Any]:
    """Return the schema of a study file (draft 2020-12).

    It knows keys, kinds and forms. Whether a path names a parameter, a firm is there or a
    measure belongs to the scenario is checked when the study is read.
    """
    scenario = {
        "description": "Name or file of a scenario, or one written out",
        "anyOf": [_TEXT, {"type": "object"}],
    }
    properties = {
        "title": _TEXT,
        "description": _TEXT,
        "scenario": scenario,
        "overrides": {**_CHANGES, "description": "New values by dotted path, in every run"},
        "factors": {
            "description": "What is varied, by dotted path or by a name of its own",
            "anyOf": [
                {"type": "object", "additionalProperties": _factor(), "minProperties": 1},
                {"type": "array", "items": _TEXT, "minItems": 1},
            ],
        },
        "design": _design(),
        "seeds": {
            "description": "Paired: every point and strategy is run with the same ones",
            "anyOf": [_whole(1), _object({"first": _whole(0), "count": _whole(1)})],
        },
        "strategies": {
            "type": ["object", "null"],
            "description": "Overrides by strategy, compared at every point",
            "additionalProperties": _CHANGES,
            "minProperties": 2,
        },
        "outputs": {"type": "array", "items": _output(), "minItems": 1},
        "stopping": {"anyOf": [_stopping(), {"type": "null"}]},
        "analysis": {"type": "array", "items": {"enum": list(ANALYSES)}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cxsim study",
        "description": "A study: what is varied, over which points and seeds, what is kept",
        **_object(properties, "scenario", "factors"),
    }


def _factor() -> dict[str, Any]:
    move = _object({"times": _NUMBER, "plus": _NUMBER})
    fields = {
        "path": {**_TEXT, "description": "Dotted path; default: the name of the factor"},
        "paths": {
            "description": "Several parameters that one factor moves",
            "anyOf": [
                {"type": "array", "items": _TEXT, "minItems": 1},
                {"type": "object", "additionalProperties": {"anyOf": [move, {"type": "null"}]}},
            ],
        },
        "low": _NUMBER,
        "high": _NUMBER,
        "values": {"type": "array", "minItems": 1},
        "scale": {"enum": ["linear", "log"]},
        "integer": _FLAG,
        "levels": _whole(2, "Values that a grid takes of a range"),
    }
    # In a list design the table has the values, and a factor may say nothing.
    return {"anyOf": [{"type": "array", "minItems": 1}, _object(fields), {"type": "null"}]}


def _design() -> dict[str, Any]:
    fields: dict[str, Any] = {
        "points": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        "file": {**_TEXT, "pattern": r"\.(csv|parquet)$"},
        "size": _whole(1),
        "seed": _whole(0),
        "second_order": _FLAG,
        "levels": _whole(2),
    }
    kinds = [
        _object(
            {"kind": {"const": kind}, **{name: fields[name] for name in names}},
            "kind",
            *(["size"] if "size" in names else []),
        )
        for kind, names in DESIGNS.items()
    ]
    return {"anyOf": [{"const": "grid"}, *kinds]}


def _output() -> dict[str, Any]:
    known = [
        measure.name
        for level in ("firm", "market")
        for measure in (*measures(level), *_observed(level))
    ]
    fields = {
        "measure": _TEXT,
        "firms": {"type": "array", "items": _TEXT},
        "by": {"enum": ["period", "run"]},
    }
    named = {
        **_TEXT,
        "description": "A measure (share), of a firm (share.Tailor), or market.MEASURE",
        "examples": sorted(set(known)),
    }
    return {"anyOf": [named, _object(fields, "measure")]}


def _observed(level: str) -> list[Any]:
    from cxsim.scenario import Scenario

    scenario = Scenario.load("bad_service")  # where all of them have something to watch
    made = (observer(scenario, scenario.mechanisms) for observer in OBSERVERS.values())
    return [m for each in made for m in each.measures if m.level == level]


def _stopping() -> dict[str, Any]:
    fields = {
        "output": _TEXT,
        "of": _TEXT,
        "against": _TEXT,
        "half_width": {"type": "number", "exclusiveMinimum": 0},
        "confidence": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "step": _whole(1),
        "budget": _whole(2),
    }
    return _object(fields, "output", "half_width")
