"""Policies by name: those that come with the package, registered ones, and ``module:Class``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any

from cxsim.firms.policy import CapabilityPolicy, Policy, PricingPolicy
from cxsim.mechanisms.policies import FIXED

__all__ = [
    "BUILT_IN",
    "GROUP",
    "KINDS",
    "UnknownPolicyError",
    "from_installed",
    "installed",
    "named",
    "policy_class",
    "policy_names",
    "register_policy",
    "registered_policies",
]

#: Entry points by which installed packages offer policies.
GROUP = "cxsim.policies"

#: The base class of each kind of policy.
KINDS: dict[str, type[Policy]] = {"pricing": PricingPolicy, "capability": CapabilityPolicy}  # type: ignore[type-abstract]

#: Policies that come with the package, beside ``fixed``: module and class, by kind and name.
BUILT_IN: dict[str, dict[str, str]] = {
    "pricing": {
        "adaptive": "cxsim.firms.pricing.adaptive:Adaptive",
        "best_response": "cxsim.firms.pricing.best_response:BestResponse",
        "farsighted": "cxsim.firms.pricing.farsighted:Farsighted",
    },
    "capability": {
        "adaptive": "cxsim.firms.capability.adaptive:Adaptive",
        "imitate": "cxsim.firms.capability.imitate:Imitate",
        "roadmap": "cxsim.firms.capability.roadmap:Roadmap",
    },
}

_registered: dict[str, type[Policy]] = {}


class UnknownPolicyError(LookupError):
    """No policy goes by that name.

    Attributes
    ----------
    text : str
        ``"expected ..., found ..."``.
    wrong : str
        The part of the name that is wrong.
    known : tuple of str
        Names that would have been right.
    """

    def __init__(self, text: str, wrong: str = "", known: tuple[str, ...] = ()):
        super().__init__(text)
        self.text, self.wrong, self.known = text, wrong, known


def register_policy(policy: type[Policy]) -> type[Policy]:
    """Make a policy known under the name of its class, so that scenarios may name it.

    A class of the same name and module, as from a notebook cell that was run again, takes
    the place of the one before. Use it as a decorator or call it.

    Parameters
    ----------
    policy : type
        A class derived from :class:`~cxsim.PricingPolicy` or :class:`~cxsim.CapabilityPolicy`.

    Raises
    ------
    TypeError
        If it is no class derived from a pricing or capability policy.
    ValueError
        If another policy goes by that name.

    Examples
    --------
    >>> @register_policy
    ... class Patient(PricingPolicy):
    ...     '''Wait for the twelfth period, then ask a tenth more.'''
    ...     def decide(self, known):
    ...         return known.own["price"] * 1.1 if known.period == 12 else None
    >>> policy_class("pricing", "Patient").__name__
    'Patient'
    """
    if not (isinstance(policy, type) and issubclass(policy, tuple(KINDS.values()))):
        raise TypeError(
            "expected a class derived from cxsim.PricingPolicy or cxsim.CapabilityPolicy, "
            f"found {policy!r}"
        )
    name = policy.__name__
    if isabstract(policy):
        raise TypeError(f"{name}: expected a method decide, found none")
    before = _registered.get(name)
    taken = name == FIXED or name in BUILT_IN[policy.kind]
    if taken or (before is not None and before.__module__ != policy.__module__):
        raise ValueError(f"a policy named {name!r} is registered already")
    _registered[name] = policy
    return policy


def registered_policies() -> Mapping[str, type[Policy]]:
    """Return the registered policies by name."""
    return dict(_registered)


def policy_names(kind: str) -> tuple[str, ...]:
    """Return the names of policies of a kind, ``fixed`` first."""
    own = (name for name, policy in _registered.items() if policy.kind == kind)
    return (FIXED, *BUILT_IN[kind], *own)


def named(given: Any) -> tuple[Any, dict[str, Any]]:
    """Return the name and the parameters in what a scenario gives for a policy."""
    if isinstance(given, Mapping):
        return given.get("name"), {key: value for key, value in given.items() if key != "name"}
    return given, {}


def policy_class(kind: str, name: str) -> type[Policy] | None:
    """Return the class of a policy by name, None for ``fixed``; imports no code of a folder.

    Parameters
    ----------
    kind : {"pricing", "capability"}
    name : str
        A name: of the package's own policies, registered ones, and those that installed
        packages offer as entry points of the group ``cxsim.policies``.

    Raises
    ------
    UnknownPolicyError
        If there is none.
    """
    if name == FIXED:
        return None
    found = _registered.get(name)
    if found is not None and found.kind == kind:
        return found
    path = BUILT_IN[kind].get(name)
    if path is not None:
        module, _, own = path.partition(":")
        built_in: type[Policy] = getattr(importlib.import_module(module), own)
        return built_in
    if name in installed():
        return from_installed(kind, name)
    known = (*policy_names(kind), *installed())
    text = f"expected a {kind} policy (a name, or module:Class), found {name!r}"
    raise UnknownPolicyError(text, name, known)


@cache
def installed() -> dict[str, EntryPoint]:
    """Return the policies that installed packages offer, by name; imports nothing."""
    return {each.name: each for each in entry_points(group=GROUP)}


def from_installed(kind: str, name: str) -> type[Policy]:
    """Return a policy that an installed package offers.

    Raises
    ------
    UnknownPolicyError
        If it cannot be imported, or is no policy of this kind.
    """
    entry = installed()[name]
    try:
        found = entry.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        text = f"expected a policy that can be imported, found {entry.value!r} ({reason})"
        raise UnknownPolicyError(text) from error
    if not (isinstance(found, type) and issubclass(found, KINDS[kind]) and not isabstract(found)):
        raise UnknownPolicyError(f"expected a {kind} policy, found {name!r} ({entry.value})")
    policy: type[Policy] = found
    return policy
