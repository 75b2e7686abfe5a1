"""What a scenario says of policies: their names, their parameters, and whether they fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cxsim.firms.policy import Policy
from cxsim.firms.registry import (
    KINDS,
    UnknownPolicyError,
    named,
    policy_class,
    policy_names,
    registered_policies,
)
from cxsim.mechanisms.policies import FIXED
from cxsim.scenario.messages import MISSING, found, hint
from cxsim.scenario.paths import unknown_key
from cxsim.scenario.specs import spec_of
from cxsim.scenario.translate import validate

__all__ = ["policies_of", "policy_problems", "policy_refusals", "policy_schema", "used_policies"]

Keys = tuple[str | int, ...]


def _given(model: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield firm, kind and what is given, for each policy of a scenario."""
    for firm, parameters in model.firms.items():
        policies = getattr(parameters, "policy", None)
        if policies is not None:
            for kind in KINDS:
                yield firm, kind, getattr(policies, kind)


def policy_problems(model: Any) -> list[tuple[Keys, str]]:
    """Return what is wrong with policies' names and parameters, as ``(keys, text)``."""
    problems: list[tuple[Keys, str]] = []
    for firm, kind, given in _given(model):
        keys: Keys = ("firms", firm, "policy", kind)
        name, settings = named(given)
        if not isinstance(name, str):
            at = (*keys, "name") if isinstance(given, dict) and "name" in given else keys
            text = f"expected the policy's name under 'name', found {found(name or MISSING)}"
            problems.append((at, text))
            continue
        at = (*keys, "name") if isinstance(given, dict) else keys
        try:
            policy = policy_class(kind, name)
        except UnknownPolicyError as error:
            advice = hint(error.wrong, error.known) if error.known else ""
            problems.append((at, error.text + advice))
            continue
        if policy is None:
            problems += [
                ((*keys, key), f"expected no parameters with {FIXED}, found {key!r}")
                for key in settings
            ]
            continue
        spec = spec_of(policy.parameters)
        known = {
            key: value for key, value in settings.items() if key in policy.parameters.model_fields
        }
        problems += [
            ((*keys, key), unknown_key(spec, key, (name,))) for key in settings if key not in known
        ]
        _, wrong = validate(policy.parameters, known, spec)
        problems += [((*keys, *inner), text) for inner, text in wrong]
    return problems


def policies_of(scenario: Any) -> list[tuple[str, str, str, Policy]]:
    """Make the policies that a valid scenario names: firm, kind, name and policy of each."""
    made = []
    for firm, kind, given in sorted(_given(scenario), key=lambda each: each[:2]):
        name, settings = named(given)
        policy = policy_class(kind, name)
        if policy is not None:
            made.append((firm, kind, name, policy(**settings)))
    return made


def policy_refusals(scenario: Any) -> list[tuple[Keys, str]]:
    """Return which policies cannot decide in this scenario, and why, as ``(keys, text)``."""
    problems: list[tuple[Keys, str]] = []
    for firm, kind, name, policy in policies_of(scenario):
        text = policy.refuses(scenario)
        if text:
            problems.append((("firms", firm, "policy", kind), f"{name}: {text}"))
    return problems


def completed(policies: Any) -> dict[str, Any]:
    """Return a firm's policies that decide anything, with all their parameters, for the digest."""
    result: dict[str, Any] = {}
    for kind in KINDS:
        name, settings = named(getattr(policies, kind))
        policy = policy_class(kind, name)
        if policy is not None:
            result[kind] = {"name": name, **policy.parameters(**settings).model_dump()}
    return result


def used_policies(model: Any) -> tuple[type[Policy], ...]:
    """Return the registered policies that a scenario names, which have to travel with it."""
    names = {named(given)[0] for _, _, given in _given(model)}
    return tuple(p for name, p in registered_policies().items() if name in names)


def policy_schema(kind: str) -> list[dict[str, Any]]:
    """Return what may stand under a kind of policy, in JSON schema."""
    names = policy_names(kind)
    alternatives: list[dict[str, Any]] = [
        {"enum": list(names), "description": "A policy that comes with the package, by name"},
        {"type": "string", "pattern": ".+:.+", "description": "module:Class"},
    ]
    known: list[str] = []
    for name in names:
        policy = policy_class(kind, name)
        if policy is None:
            continue
        known.append(name)
        own = policy.parameters.model_json_schema()
        own["properties"] = {"name": {"const": name}, **own.get("properties", {})}
        own["required"] = ["name", *own.get("required", [])]
        own["description"] = (policy.__doc__ or "").partition("\n")[0]
        alternatives.append(own)
    other = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    if known:
        other["properties"]["name"] = {"type": "string", "not": {"enum": known}}  # type: ignore[index]
    return [*alternatives, other]
