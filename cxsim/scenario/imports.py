"""Modules of a user's own that scenarios and studies import: mechanisms and policies.

A name under ``imports:`` is a module beside the file that says so, or an entry point of the group
``cxsim.imports`` of an installed package. Code of a folder is imported only if the user trusts the
folder. Other processes receive the mechanisms by value and need neither file nor trust.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from cxsim.files import trust
from cxsim.firms.policy_registry import registered_policies
from cxsim.identity import Identity, learn
from cxsim.identity.trees import is_library
from cxsim.messages import Place, Problem, ScenarioError, found, hint
from cxsim.model.mechanism import Mechanism
from cxsim.model.mechanism_registry import PACKAGE, add, registered, unregister
from cxsim.scenario.loading import Source, real_folder

#: Entry points by which installed packages offer modules.
GROUP = "cxsim.imports"

#: Environment variable: files of modules, or names of entry points, separated as in PATH.
VARIABLE = "CXSIM_IMPORT"

#: Modules imported so far, with their folders ("" for those of an installed package).
_brought: dict[str, str] = {}

#: What came from other processes: names of mechanisms, and the modules they were imported by.
_received: dict[str, bytes] = {}
_received_modules: set[str] = set()

#: Value of the environment variable that was followed last.
_followed = [""]


# -- Importing -----------------------------------------------------------------------------


def bring_all(source: Source, folder: str | Path | None = None) -> None:
    """Import what a scenario or study names under ``imports``, in its order.

    Parameters
    ----------
    source : Source
        What is no list of texts is left to validation.
    folder : str or Path, optional
        Where modules are looked for; default: beside the file that names each.

    Raises
    ------
    ScenarioError
        If one is missing, not trusted, cannot be imported or registers nothing.
    """
    names = source.raw.get("imports")
    for number, name in enumerate(names if isinstance(names, tuple) else ()):
        keys = ("imports", number)
        if isinstance(name, str):
            place = source.folder_of(keys) if folder is None else real_folder(folder)
            _bring(name, place, Problem(source.at(keys), keys, ""))


def bring_named(names: str) -> None:
    """Import what a text names: files of modules or names of entry points, separated as in PATH.

    Parameters
    ----------
    names : str

    Raises
    ------
    ScenarioError
        As :func:`bring_all`.
    """
    for name in filter(None, names.split(os.pathsep)):
        path = Path(name)
        plain = path.name.removesuffix(".py")
        _bring(plain, real_folder(path.parent), Problem(Place("import"), (plain,), ""))


def follow_environment() -> None:
    """Import what the environment variable names, once for each value of it."""
    named = os.environ.get(VARIABLE, "")
    if named != _followed[0]:
        _followed[0] = named  # before: a module may read scenarios when it is imported
        try:
            bring_named(named)
        except ScenarioError:
            _followed[0] = ""
            raise


def add_to_environment(name: str) -> None:
    """Let this process, and those it starts, import a module first.

    Parameters
    ----------
    name : str
        Name or path of a module, from the current folder on, or name of an entry point.
    """
    path = Path(name)
    folder = real_folder(path.parent)
    file = trust.code_file(path.name.removesuffix(".py"), folder)
    full = name if file is None and name in installed() else str(Path(folder, path.name))
    before = os.environ.get(VARIABLE, "")
    if full not in before.split(os.pathsep):
        os.environ[VARIABLE] = os.pathsep.join(filter(None, [before, full]))


@cache
def installed() -> dict[str, EntryPoint]:
    """Return the modules that installed packages offer, by name; imports nothing."""
    return {each.name: each for each in entry_points(group=GROUP)}


def _bring(name: str, folder: str, problem: Problem) -> None:
    """Import one module; what is wrong is said at the place of ``problem``."""
    if name in _received_modules:
        return
    try:
        place = _import(name, folder)
    except _WrongError as error:
        text = str(error)
    except trust.NotTrustedError as error:
        text = str(error)
    except ScenarioError:  # of a scenario that the module reads
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a module does
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        text = f"expected a module that can be imported, found {found(name)} ({reason})"
    else:
        _brought[name] = place
        return
    raise ScenarioError(Problem(problem.place, problem.path, text))


class _WrongError(ValueError):
    """What is wrong with a name under ``imports``."""


def _import(name: str, folder: str) -> str:
    """Import a module, and return the folder that it came from, "" if from no folder."""
    file = trust.code_file(name, folder)
    if file is None and name in installed():
        installed()[name].load()
        return ""
    if file is None:
        if _in_use(name):
            return ""
        near = hint(name, [*_modules(folder), *installed()])
        raise _WrongError(
            f"expected a module in {folder} or of an installed package, found {found(name)}{near}"
        )
    if trust.loaded(name, file) is not None:
        return folder
    trust.require(folder, f"import {name}", file)
    before = (registered(), registered_policies())
    made = trust.imported(name, folder)
    if (registered(), registered_policies()) == before and not _registers(made):
        sys.modules.pop(name, None)
        raise _WrongError(
            f"expected a module that registers something, found {found(name)} ({_forgotten(made)})"
        )
    return folder


def _in_use(name: str) -> bool:
    """Whether a module of the user's session, which came from elsewhere, registered something."""
    there = sys.modules.get(name)
    return there is not None and not is_library(name) and _registers(there)


def _registers(module: ModuleType) -> bool:
    """Whether a module holds a mechanism or policy that is registered."""
    known = {*map(id, registered()), *map(id, registered_policies().values())}
    return any(id(each) in known for each in vars(module).values())


def _forgotten(module: ModuleType) -> str:
    names = [name for name, each in vars(module).items() if isinstance(each, Mechanism)]
    return f"add cx.register({names[0]})" if names else "cx.register or cx.register_policy does"


def _modules(folder: str) -> list[str]:
    try:
        return sorted(path.stem for path in Path(folder).glob("*.py"))
    except OSError:
        return []


def sources() -> dict[str, str]:
    """Return the texts of the modules imported from folders so far, by name, for a store."""
    texts: dict[str, str] = {}
    for name, folder in _brought.items():
        file = trust.code_file(name, folder) if folder else None
        if file is not None:
            texts[name] = file.read_text(encoding="utf-8", errors="replace")
    return texts


# -- Mechanisms in other processes ---------------------------------------------------------


class Sent(NamedTuple):
    """Mechanisms on their way to another process of the user.

    Attributes
    ----------
    names : tuple of str
        Of the mechanisms.
    data : bytes
        The mechanisms as cloudpickle makes them: code of the user's own by value, that of
        installed packages by name.
    modules : tuple of str
        What they were imported by.
    texts : dict
        What their functions say, as their files are not there to be read.
    """

    names: tuple[str, ...]
    data: bytes
    modules: tuple[str, ...]
    texts: dict[bytes, Any]


def packed() -> Sent | None:
    """Return the registered mechanisms that are not the package's; None if there are none."""
    ours = set(map(id, PACKAGE))
    own = [each for each in registered() if id(each) not in ours]
    if not own:
        return None
    import cloudpickle

    modules = list(_by_value(own))
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        data = cloudpickle.dumps(own)
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
    code = {f"{each.name} {n}": c for each in own for n, c in enumerate(_code_of(each))}
    return Sent(tuple(each.name for each in own), data, tuple(_brought), Identity(code).texts())


def unpack(sent: Sent) -> None:
    """Register the mechanisms that another process of the user sent.

    Those that this process registered itself stay; earlier ones of a sender are replaced.

    Parameters
    ----------
    sent : Sent
        Of :func:`packed`.
    """
    names, data, modules, texts = sent
    known = {each.name for each in registered()}
    if all(name in known and _received.get(name, data) == data for name in names):
        return
    import cloudpickle

    learn(texts)
    _followed[0] = os.environ.get(VARIABLE, "")
    _received_modules.update(modules)
    for mechanism in cloudpickle.loads(data):
        if mechanism.name in _received:
            unregister(mechanism.name)
        elif any(each.name == mechanism.name for each in registered()):
            continue  # of this process; the digest of the code says whether it is the same
        add(mechanism)
        _received[mechanism.name] = data


def _by_value(mechanisms: list[Mechanism]) -> Iterator[ModuleType]:
    """Yield modules of a user's own that mechanisms are made of, with those beside them."""
    roots = {_root(name) for each in mechanisms for name in _homes(each)} - {None}
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and _root(name) in roots:
            yield module


def _code_of(mechanism: Mechanism) -> Iterator[Any]:
    """Yield the functions that a mechanism consists of."""
    yield from (each.function for each in mechanism.passes)
    yield from (each.function for each in mechanism.measures)
    more = (mechanism.setup, mechanism.check, mechanism.members, mechanism.axes, mechanism.active)
    yield from (each for each in (*more, *mechanism.frames.values()) if callable(each))


def _homes(mechanism: Mechanism) -> Iterator[str]:
    """Yield the names of modules in which code of a mechanism is defined."""
    groups = (mechanism.market, mechanism.segment, mechanism.firm)
    yield from (each.__module__ for each in (*_code_of(mechanism), *filter(None, groups)))


def _root(name: str) -> str | None:
    """Return the folder that a module of a user's own is imported from; None for any other."""
    top = name.partition(".")[0]
    if top in ("cxsim", "__main__", "__mp_main__") or is_library(name):
        return None
    file = getattr(sys.modules.get(top), "__file__", None)
    if file is None:
        return None
    path = Path(os.path.realpath(file))
    return str(path.parent.parent if path.name == "__init__.py" else path.parent)
