"""Own modules that scenarios name under ``imports``: mechanisms, measures and policies.

A module lies beside the file that names it, in a folder that the user trusted, or an installed
package offers it as an entry point of the group ``cxsim.mechanisms``. It is imported when the
scenario is read, because its parameters are part of what may stand there, and registers what it
has (``cx.register``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from cxsim.files import trust
from cxsim.messages import Place, Problem, ScenarioError, found, hint
from cxsim.model.mechanism import Mechanism
from cxsim.model.mechanism_registry import add, registered
from cxsim.scenario.events import Overrides, parse_override, split_overrides
from cxsim.scenario.loading import IMPORTS, Source

#: Entry points of installed packages: a module, or a function that registers.
GROUP = "cxsim.mechanisms"

#: Modules that have registered what they have, by name.
_used: dict[str, ModuleType] = {}


def bring_in(source: Source) -> bool:
    """Import the modules that a scenario names; return whether mechanisms came with them.

    Parameters
    ----------
    source : Source
        As written.

    Returns
    -------
    bool
        True where mechanisms are known now that were not before.

    Raises
    ------
    ScenarioError
        If a folder is not trusted, or there is no such module, or it cannot be imported, or
        registers none of its mechanisms.
    """
    names = source.raw.get(IMPORTS)
    if not isinstance(names, tuple) or not all(isinstance(each, str) for each in names):
        return False  # none, or something else that validation refuses
    before = len(registered())
    for number, name in enumerate(names):
        keys = (IMPORTS, number)
        try:
            _used[name] = _module(name, source.folder_of(keys))
        except _RefusedError as error:
            raise ScenarioError(Problem(source.at(keys), (IMPORTS,), str(error))) from error
    return len(registered()) != before


class _RefusedError(ValueError):
    """A module that cannot be had, with ``expected ..., found ...``."""


@cache
def installed() -> dict[str, EntryPoint]:
    """Return the modules of mechanisms that installed packages offer, by name."""
    return {each.name: each for each in entry_points(group=GROUP)}


def _module(name: str, folder: str) -> ModuleType:
    """Return a module, imported and registered."""
    if name in installed():
        return _registered(name, _loaded(name, installed()[name]))
    plain = name.removesuffix(".py")
    file = trust.code_file(plain, folder)
    if file is None:
        known = [*installed(), *(path.stem for path in _python_files(folder))]
        text = f"expected a module in {folder} or of an installed package, found {found(name)}"
        raise _RefusedError(text + hint(plain, known))
    try:
        made = trust.loaded(plain, file)
        if made is None:
            trust.require(folder, f"module {plain}", file)
            made = trust.imported(plain, folder)
    except trust.NotTrustedError as error:
        raise _RefusedError(str(error)) from None
    except (Exception, SystemExit) as error:  # whatever a user's module does when imported
        reason = f"{type(error).__name__}: {error}"
        text = f"expected a module that can be imported, found {found(name)} ({reason})"
        raise _RefusedError(text) from error
    return _registered(name, made)


def _loaded(name: str, entry: EntryPoint) -> ModuleType:
    try:
        made = entry.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        text = f"expected a module that can be imported, found {entry.value!r} ({reason})"
        raise _RefusedError(text) from error
    if not isinstance(made, ModuleType):
        raise _RefusedError(f"expected a module, found {name!r} ({entry.value})")
    return made


def _registered(name: str, module: ModuleType) -> ModuleType:
    """Return a module whose mechanisms are known; those that were forgotten come back."""
    own = [each for each in vars(module).values() if isinstance(each, Mechanism)]
    known = registered()
    missing = [each for each in own if not any(each is other for other in known)]
    if name in _used:
        for each in missing:
            add(each)
    elif missing and len(missing) == len(own):
        text = f"expected a module that registers its mechanisms (cx.register), found {found(name)}"
        raise _RefusedError(text)
    return module


def _python_files(folder: str) -> Iterable[Any]:
    from pathlib import Path

    try:
        return sorted(Path(folder).glob("*.py"))
    except OSError:
        return ()


# -- Modules named outside of files: they join those that a scenario names ---------------------


_OVERRIDE = Place("override")


def with_named(source: Source, overrides: Overrides) -> tuple[Source, Overrides]:
    """Return a source with the modules that overrides name, and the other overrides.

    Parameters
    ----------
    source : Source
    overrides : mapping or iterable of str
        ``imports`` of a mapping, or ``imports=NAME`` among texts.
    """
    if isinstance(overrides, str):
        overrides = split_overrides(overrides)
    if isinstance(overrides, Mapping):
        given = [overrides[IMPORTS]] if IMPORTS in overrides else []
        rest: Overrides = {key: value for key, value in overrides.items() if key != IMPORTS}
    else:
        texts = list(overrides)
        mine = [each for each in texts if re.match(rf"\s*{IMPORTS}\s*[:=]", each)]
        given = [parse_override(each)[1] for each in mine]
        rest = [each for each in texts if each not in mine]
    names = [name for each in given for name in ((each,) if isinstance(each, str) else each or ())]
    if not names:
        return source, overrides
    before = source.raw.get(IMPORTS, ())
    new = [name for name in dict.fromkeys(names) if name not in before]
    where = dict(source.where)
    where |= {(IMPORTS, len(before) + k): _OVERRIDE for k in range(len(new))}
    return replace(source, raw={**source.raw, IMPORTS: (*before, *new)}, where=where), rest
