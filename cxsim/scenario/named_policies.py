"""Policies that a scenario names: their parameters, and checks that they fit the scenario."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cxsim.firms.policy import Policy
from cxsim.firms.policy_registry import (
    KINDS,
    PolicyCode,
    UnknownPolicyError,
    named,
    policy_class,
    policy_names,
    resolve,
    sent_along,
)
from cxsim.messages import MISSING, Problem, ScenarioError, found, hint
from cxsim.model.mechanism_registry import FIXED
from cxsim.scenario.fields import spec_of
from cxsim.scenario.loading import Source
from cxsim.scenario.paths import unknown_key
from cxsim.scenario.validation import validate

Keys = tuple[str | int, ...]


def _given(model: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield firm, kind and what is given, for each policy of a scenario."""
    for firm, parameters in model.firms.items():
        policies = getattr(parameters, "policy", None)
        if policies is not None:
            for kind in KINDS:
                yield firm, kind, getattr(policies, kind)


def named_policies(scenario: Any) -> list[tuple[str, str, str]]:
    """Return firm, kind and name of the policies that decide anything; imports nothing.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of (str, str, str)
        Sorted.
    """
    given = ((firm, kind, named(each)[0]) for firm, kind, each in _given(scenario))
    return sorted(each for each in given if each[2] != FIXED)


def _folder(source: Source, firm: str, kind: str) -> str:
    """Return the folder of the file that names a firm's policy: only its code may be meant."""
    return source.folder_of(("firms", firm, "policy", kind, "name"))


def code_of(scenario: Any) -> list[tuple[str, str, PolicyCode]]:
    """Return firm, kind and name of the policies whose code this process has not imported.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of (str, str, PolicyCode)
    """
    found = []
    for firm, kind, name in named_policies(scenario):
        policy = resolve(kind, name, _folder(scenario._source, firm, kind))
        if isinstance(policy, PolicyCode):
            found.append((firm, kind, policy))
    return found


def policy_problems(model: Any, source: Source, *, load: bool = False) -> list[tuple[Keys, str]]:
    """Return problems of policies' names and parameters, as ``(keys, text)``.

    Parameters
    ----------
    model
        The scenario's parameters.
    source : Source
        Where they were written.
    load : bool
        Import the code of folders that are trusted. Otherwise nothing of a folder is imported,
        and what only its code can tell is left open.
    """
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
            policy = resolve(kind, name, _folder(source, firm, kind))
            if load and isinstance(policy, PolicyCode):
                policy = policy.load()
        except UnknownPolicyError as error:
            advice = hint(error.wrong, error.known) if error.known else ""
            problems.append((at, error.text + advice))
            continue
        except PermissionError as error:  # the folder of the code is not trusted
            problems.append((at, str(error)))
            continue
        problems += [((*keys, *inner), text) for inner, text in _settings(name, settings, policy)]
    return problems


def _settings(
    name: str, settings: dict[str, Any], policy: type[Policy] | PolicyCode | None
) -> list[tuple[Keys, str]]:
    """Return problems of a policy's parameters, as far as its class is known."""
    if policy is None:
        return [((key,), f"expected no parameters with {FIXED}, found {key!r}") for key in settings]
    if isinstance(policy, PolicyCode):
        return []
    spec = spec_of(policy.parameters)
    known = {key: value for key, value in settings.items() if key in policy.parameters.model_fields}
    unknown: list[tuple[Keys, str]] = [
        ((key,), unknown_key(spec, key, (name,))) for key in settings if key not in known
    ]
    _, wrong = validate(policy.parameters, known, spec)
    return unknown + [(tuple(inner), text) for inner, text in wrong]


def policies_of(scenario: Any) -> list[tuple[str, str, str, Policy]]:
    """Make the policies that a scenario names: firm, kind, name and policy of each.

    Here a run starts: code of the scenario's folder is imported, and what only it can tell
    is checked.

    Parameters
    ----------
    scenario : Scenario

    Raises
    ------
    ScenarioError
        If the folder was not trusted, or its code and the scenario do not fit together.
    """
    scenario._checked_code  # noqa: B018 - once for each scenario
    made = []
    for firm, kind, given in sorted(_given(scenario), key=lambda each: each[:2]):
        name, settings = named(given)
        policy = resolve(kind, name, _folder(scenario._source, firm, kind))
        if isinstance(policy, PolicyCode):
            policy = policy.load()
        if policy is not None:
            made.append((firm, kind, name, policy(**settings)))
    return made


def checked_code(scenario: Any) -> None:
    """Import the code that a scenario names, and check what could not be checked without it.

    Raises
    ------
    ScenarioError
        One line per problem.
    """
    if not code_of(scenario):
        return
    source: Source = scenario._source
    problems = policy_problems(scenario._model, source, load=True)
    problems = problems or policy_refusals(scenario)
    if problems:
        raise ScenarioError([Problem(source.at(keys), keys, text) for keys, text in problems])


def policy_refusals(scenario: Any) -> list[tuple[Keys, str]]:
    """Return policies that cannot decide in this scenario, and reasons, as ``(keys, text)``.

    Those whose code was not imported yet are asked when a run starts.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of (tuple, str)
    """
    problems: list[tuple[Keys, str]] = []
    for firm, kind, given in sorted(_given(scenario), key=lambda each: each[:2]):
        name, settings = named(given)
        policy = resolve(kind, name, _folder(scenario._source, firm, kind))
        if policy is None or isinstance(policy, PolicyCode):
            continue
        made = policy(**settings)
        text = made.refuses(scenario)
        if made.solves_for_profit and scenario.firms[firm].objective is not None:
            text = "expected a firm that maximizes profit, found an objective"
        if text:
            problems.append((("firms", firm, "policy", kind), f"{name}: {text}"))
    return problems


def completed(policies: Any) -> dict[str, Any]:
    """Return a firm's policies that decide anything, with their parameters, for the digest.

    A policy called by its name has its defaults in it. Those of ``module:Class`` are code, which
    need not be here to tell two scenarios apart: a run's digest has the code itself.

    Parameters
    ----------
    policies : Policies
        Of one firm.

    Returns
    -------
    dict of str to dict
        ``name`` and parameters, by kind.
    """
    result: dict[str, Any] = {}
    for kind in KINDS:
        name, settings = named(getattr(policies, kind))
        if ":" in str(name):
            result[kind] = {"name": name, **{k: _number(v) for k, v in settings.items()}}
            continue
        policy = policy_class(kind, name)
        if policy is not None:
            result[kind] = {"name": name, **policy.parameters(**settings).model_dump()}
    return result


def _number(value: Any) -> Any:
    """Return 1 as 1.0: which of them a parameter is, its code would know."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return float(value) if whole else value


def taken_along(scenario: Any) -> tuple[dict[str, type[Policy]], tuple[str, ...]]:
    """Return the policies of this process, and the trusted folders, that work of it needs.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    policies : dict of str to type of Policy
        By the name that the scenario has for each.
    folders : tuple of str
        Sorted.
    """
    policies: dict[str, type[Policy]] = {}
    folders = set()
    for firm, kind, name in named_policies(scenario):
        policy, folder = sent_along(kind, name, _folder(scenario._source, firm, kind))
        if policy is not None:
            policies[name] = policy
        if folder is not None:
            folders.add(folder)
    return policies, tuple(sorted(folders))


def policy_schema(kind: str) -> list[dict[str, Any]]:
    """Return the JSON schema of a kind of policy."""
    names = policy_names(kind)
    alternatives: list[dict[str, Any]] = [
        {"enum": list(names), "description": "A policy of the package, by name"},
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
