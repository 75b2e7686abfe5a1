"""Policies that a scenario names as ``module:Class``: read as text, imported when a run starts."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from cxsim import trust
from cxsim.firms.policy import Policy
from cxsim.firms.registry import (
    BUILT_IN,
    KINDS,
    UnknownPolicyError,
    from_installed,
    installed,
    policy_class,
    register_policy,
    registered_policies,
)

__all__ = ["PolicyCode", "receive", "resolve", "sent_along"]

_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")

#: Policies of another process's main module, which came with its work.
_sent: dict[str, type[Policy]] = {}


class PolicyCode(NamedTuple):
    """A policy that a scenario names as ``module:Class``: text, of which nothing was imported.

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
        return trust.code_file(self.module, self.folder)

    def here(self) -> type[Policy] | None:
        """Return the class if this process has imported it already, None if it has not.

        Raises
        ------
        UnknownPolicyError
            If there is no such module in the folder, nor one in use; or if what is in use
            came from elsewhere, or has no such policy.
        """
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
    """Return what another process of the user needs for a policy that this one may use.

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
    code = PolicyCode(kind, name, folder)
    if code.file is not None and trust.is_trusted(folder):
        return None, folder
    try:
        found = resolve(kind, name, folder)
    except UnknownPolicyError:
        return None, None
    return (found, None) if isinstance(found, type) else (None, None)


def receive(policies: Mapping[str, type[Policy]]) -> None:
    """Take policies that came along with work from another process of the user's.

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
