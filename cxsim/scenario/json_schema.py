"""The JSON schema of scenario files, for completion and checks while typing."""

from __future__ import annotations

from typing import Any

from cxsim.scenario.policies import policy_schema
from cxsim.scenario.schema import Schema

__all__ = ["json_schema"]


def json_schema(schema: Schema) -> dict[str, Any]:
    """Return the schema of a scenario file (draft 2020-12).

    Units and sources stand in ``unit`` and ``source``. A file that extends another
    need not give what is required, and may take firms and segments out by ``null``.
    """
    result = schema.scenario.model_json_schema()
    definitions = result["$defs"]
    properties = result["properties"]
    required: dict[str, Any] = {}
    for section in ("firms", "segments"):
        named = properties[section]
        reference = named["additionalProperties"]["$ref"]
        definition = definitions[reference.rsplit("/", 1)[1]]
        named["additionalProperties"] = {"anyOf": [{"$ref": reference}, {"type": "null"}]}
        required[section] = {
            "additionalProperties": {"type": "object", "required": definition.pop("required", [])}
        }
    for kind, place in definitions.get("Policies", {}).get("properties", {}).items():
        place["anyOf"] = policy_schema(kind)
    properties["extends"] = {
        "type": "string",
        "title": "Extends",
        "description": "A file beside this one, or the name of a scenario that ships",
    }
    properties["replace_events"] = {
        **{key: value for key, value in properties["events"].items() if key != "default"},
        "title": "Replace events",
        "description": "In a file that extends another: events in place of all that it has",
    }
    properties["events"]["description"] += "; in a file that extends another, further ones"
    result["if"] = {"not": {"required": ["extends"]}}
    result["then"] = {"required": result.pop("required"), "properties": required}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **result,
        "title": "cxsim scenario",
        "description": "A scenario of the customer strategy laboratory",
    }
