"""The digest of a scenario: 16 hex digits that name its parameters."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cxsim.scenario.messages import MISSING
from cxsim.scenario.policies import completed
from cxsim.scenario.world import TEXTS

if TYPE_CHECKING:
    from cxsim.scenario.scenario import Scenario

__all__ = ["canonical", "digest"]


def canonical(scenario: Scenario) -> str:
    """Return the parameters as canonical JSON: sorted keys, no texts, no spaces.

    All parameters of the mechanisms that take part are in it, defaults included;
    of the others those that differ from their default, so that a mechanism a
    scenario does not use leaves its digest alone.
    """
    model, schema = scenario._model, scenario.schema
    active = {each.name for each in scenario.mechanisms}
    payload: dict[str, Any] = {
        name: _plain_field(model, name)
        for name in type(model).model_fields
        if name not in (*TEXTS, "labels", "firms", "segments", "events")
        and _counts(model, name, schema.owner("market", name), active)
    }
    for section, level in (("firms", "firm"), ("segments", "segment")):
        payload[section] = {
            key: {
                name: _plain(getattr(group, name))
                for name in type(group).model_fields
                if _counts(group, name, schema.owner(level, name), active)
            }
            for key, group in getattr(model, section).items()
        }
    for key, group in payload["firms"].items():
        if "policy" in group:  # said briefly or in full, it is the same policy
            group["policy"] = _plain(completed(model.firms[key].policy))
            if not group["policy"]:
                del group["policy"]
    payload["events"] = sorted(
        ([c.at, c.path, number, c.over, _plain(c.value)] for number, c in _numbered(scenario)),
        key=lambda row: row[:3],
    )
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _numbered(scenario: Scenario) -> list[tuple[int, Any]]:
    """Number the changes of one parameter in one period: only their order matters."""
    seen: dict[tuple[int, str], int] = {}
    numbered = []
    for change in scenario.changes:
        key = (change.at, change.path)
        seen[key] = seen.get(key, -1) + 1
        numbered.append((seen[key], change))
    return numbered


def _counts(model: Any, name: str, owner: str, active: set[str]) -> bool:
    if owner == "scenario" or owner in active:
        return True
    info = type(model).model_fields[name]
    default = MISSING if info.is_required() else info.get_default(call_default_factory=True)
    return _plain(getattr(model, name)) != _plain(default)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain_field(value, name) for name in value.__dict__}
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(held) for held in value]
    if isinstance(value, float):
        return value + 0.0  # minus zero is zero
    return value


def _plain_field(model: BaseModel, name: str) -> Any:
    """Return a parameter as plain data; a mapping whose names make an axis keeps their order."""
    value = _plain(getattr(model, name))
    extra = type(model).model_fields[name].json_schema_extra
    axes = extra.get("axes") if isinstance(extra, dict) else None
    if isinstance(value, dict) and axes and axes != ["firm"]:
        return list(value.items())
    return value


def digest(text: str, rules: str) -> str:
    """Return the first 16 hex digits of SHA-256 over parameters and rules.

    The package's version is none of them: a release that changes no rule and no default
    changes no result.
    """
    return hashlib.sha256(f"{text}\n{rules}".encode()).hexdigest()[:16]
