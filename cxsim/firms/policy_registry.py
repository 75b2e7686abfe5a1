"""Policies by name: those of the package, registered ones, and ``module:Class``."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from cxsim.firms.policy import CapabilityPolicy, Policy, PricingPolicy

#: The name for no policy: the firm keeps the values of the scenario.
FIXED = "fixed"


# -- Policies by name: those of the package, registered ones, and ``module:Class``


#: Entry points by which installed packages offer policies.
GROUP = "cxsim.policies"


#: The base class of each kind of policy.
KINDS: dict[str, type[Policy]] = {"pricing": PricingPolicy, "capability": CapabilityPolicy}  # type: ignore[type-abstract]


#: Policies that come with the package, beside ``fixed``: module and class, by kind and name.
BUILT_IN: dict[str, dict[str, str]] = {
    "pricing": {
        "adaptive": "cxsim.firms.policies:AdaptivePricing",
        "best_response": "cxsim.firms.policies:BestResponse",
        "farsighted": "cxsim.firms.policies:Farsighted",
        "match": "cxsim.firms.policies:Match",
        "relationship": "cxsim.firms.policies:Relationship",
        "undercut": "cxsim.firms.policies:Undercut",
    },
    "capability": {
        "adaptive": "cxsim.firms.policies:AdaptiveCapability",
        "answer": "cxsim.firms.policies:Answer",
        "imitate": "cxsim.firms.policies:Imitate",
        "roadmap": "cxsim.firms.policies:Roadmap",
    },
}


_registered: dict[str, type[Policy]] = {}


class UnknownPolicyError(LookupError):
    """There is no policy of that name.

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
    ...     '''Wait for the twelfth period, then charge a tenth more.'''
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


# -- Policies that a scenario names as ``module:Class``: read as text, imported when a run starts


_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


#: Policies of the main module of another process, received with its work.
_sent: dict[str, type[Policy]] = {}


class PolicyCode(NamedTuple):
    """A policy that a scenario names as ``module:Class``, not yet imported.

    Attributes
    ----------
    kind : {"pricing", "capability"}
    name : str
        ``module:Class``.
    folder : str
        The folder of the file that says so; its code is the only one that counts.
    """

    kind: str
    name: str
    folder: str

    @property
    def module(self) -> str:
        """The module."""
        return self.name.partition(":")[0]

    @property
    def file(self) -> Path | None:
        """The file that would be imported."""
        from cxsim.files import trust

        return trust.code_file(self.module, self.folder)

    def here(self) -> type[Policy] | None:
        """Return the class if this process has imported it already, None if it has not.

        Raises
        ------
        UnknownPolicyError
            If there is no such module in the folder, nor one in use; or if what is in use
            came from elsewhere, or has no such policy.
        """
        from cxsim.files import trust

        if self.name in _sent:
            return self._checked(_sent[self.name])
        try:
            module = trust.loaded(self.module, self.file)
        except ImportError as error:
            raise UnknownPolicyError(f"expected a module of {self.folder}, found {error}") from None
        if module is not None:
            return self._of(module)
        if self.file is None:
            text = (
                f"expected a module in {self.folder} or a policy of an installed package, "
                f"found {self.module!r}"
            )
            raise UnknownPolicyError(text, self.module, _modules(self.folder))
        return None

    def load(self) -> type[Policy]:
        """Return the class; its module is imported if the folder is trusted.

        Raises
        ------
        NotTrustedError
            If it is not.
        UnknownPolicyError
            If the module cannot be imported, or has no such policy.
        """
        from cxsim.files import trust

        found = self.here()
        if found is not None:
            return found
        trust.require(self.folder, f"{self.kind} policy {self.name}", str(self.file))
        try:
            module = trust.imported(self.module, self.folder)
        except (Exception, SystemExit) as error:  # whatever a user's module does when imported
            reason = f"{type(error).__name__}: {error}"
            text = f"expected a module that can be imported, found {self.module!r} ({reason})"
            raise UnknownPolicyError(text) from error
        return self._of(module)

    def _of(self, module: ModuleType) -> type[Policy]:
        base = KINDS[self.kind]
        own = self.name.partition(":")[2]
        policies = tuple(
            name
            for name, thing in vars(module).items()
            if isinstance(thing, type) and issubclass(thing, base) and thing is not base
        )
        if own not in policies:
            text = f"expected a {self.kind} policy of module {self.module}, found {own!r}"
            raise UnknownPolicyError(text, own, policies)
        return self._checked(getattr(module, own))

    def _checked(self, found: type[Policy]) -> type[Policy]:
        if isabstract(found):
            raise UnknownPolicyError(f"{self.name}: expected a method decide, found none")
        return found


def resolve(kind: str, name: str, folder: str) -> type[Policy] | PolicyCode | None:
    """Return a policy's class, None for ``fixed``, or what names its code; imports none of it.

    Parameters
    ----------
    kind : {"pricing", "capability"}
    name : str
    folder : str
        Of the file that names it.

    Raises
    ------
    UnknownPolicyError
        If there is no such policy.
    """
    if ":" not in name:
        return policy_class(kind, name)
    if not _PATH.fullmatch(name):
        raise UnknownPolicyError(f"expected module:Class, found {name!r}")
    if name in BUILT_IN[kind].values():
        short = next(short for short, path in BUILT_IN[kind].items() if path == name)
        return policy_class(kind, short)
    for short, entry in installed().items():
        if entry.value == name:
            return from_installed(kind, short)
    code = PolicyCode(kind, name, folder)
    return code.here() or code


def sent_along(kind: str, name: str, folder: str) -> tuple[type[Policy] | None, str | None]:
    """Return the data that another process of the user needs for a policy of this process.

    Parameters
    ----------
    kind : {"pricing", "capability"}
    name : str
    folder : str

    Returns
    -------
    policy : type or None
        The class, where it came from the user's own session.
    folder : str or None
        The trusted folder that its code is in.
    """
    registered = registered_policies().get(name)
    if registered is not None:
        return registered, None
    if ":" not in name:
        return None, None
    from cxsim.files import trust

    code = PolicyCode(kind, name, folder)
    if code.file is not None and trust.is_trusted(folder):
        return None, folder
    try:
        found = resolve(kind, name, folder)
    except UnknownPolicyError:
        return None, None
    return (found, None) if isinstance(found, type) else (None, None)


def receive(policies: Mapping[str, type[Policy]]) -> None:
    """Register policies received with work from another process of the user.

    Parameters
    ----------
    policies : mapping of str to type
        Classes by the names that scenarios use.
    """
    for name, policy in policies.items():
        module, _, own = name.partition(":")
        if not own:
            register_policy(policy)
        elif not hasattr(sys.modules.get(module), own):  # else it is found where it is defined
            _sent[name] = policy


def _modules(folder: str) -> tuple[str, ...]:
    try:
        return tuple(path.stem for path in Path(folder).glob("*.py"))
    except OSError:
        return ()
