"""Trust in code that lies beside scenarios: which folders it may come from, as the user decided.

Reading, checking and comparing files imports nothing of theirs. Code of a folder is imported
when a run starts, from that folder alone, and only if the user trusted the folder: by
``cxsim trust FOLDER`` (remembered), by the environment variable ``CXSIM_TRUST``, or in the
process that sent the work here.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import re
import shlex
import stat
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from cxsim.files.whole import is_file, whole_file

#: Environment variable: folders that are trusted, separated as in PATH.
VARIABLE = "CXSIM_TRUST"

#: Name of a module: letters, digits and underscores, dots between; so never a path.
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")

#: Folders whose trust came along with work from another process of the user's.
_adopted: set[str] = set()


class NotTrustedError(PermissionError):
    """Code of a folder that the user did not trust."""


# --- what was decided -------------------------------------------------------------------


def remembered_file() -> Path:
    """Return the file in which trusted folders are remembered, one for each user."""
    import platformdirs

    return platformdirs.user_data_path("cxsim", appauthor=False) / "trusted.json"


def remembered() -> list[str]:
    """Return the folders that the user trusted, as real paths in order.

    Raises
    ------
    NotTrustedError
        If the file is damaged, or somebody else could have written it.
    """
    path = remembered_file()
    if not is_file(path):
        return []
    if is_open_to_others(path):
        raise NotTrustedError(
            f"{path}: expected a file that only you can write, found one that others can "
            "(look into it, then delete it or take their rights away)"
        )
    try:
        folders = json.loads(path.read_text(encoding="utf-8"))["folders"]
        good = isinstance(folders, list) and all(isinstance(each, str) for each in folders)
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise NotTrustedError(
            f"{path}: expected a list of trusted folders, found something else (delete the file "
            "and trust your folders again)"
        )
    return sorted(folders)


def remember(folder: str | Path) -> str:
    """Trust a folder from now on, and return its real path.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    NotADirectoryError
        If there is no such folder.
    """
    place = _real(folder)
    if not os.path.isdir(place):  # noqa: PTH112 - takes any name
        raise NotADirectoryError(f"{folder}: expected a folder, found none")
    _write(sorted({*remembered(), place}))
    return place


def forget(folder: str | Path) -> bool:
    """Trust a folder no longer; return whether it was remembered.

    Parameters
    ----------
    folder : str or Path
        Need not be there any more.
    """
    place, before = _real(folder), remembered()
    if place in before:
        _write([each for each in before if each != place])
    return place in before


def _write(folders: list[str]) -> None:
    path = remembered_file()
    with whole_file(path) as draft:
        draft.write_text(json.dumps({"folders": folders}, indent=1) + "\n", encoding="utf-8")
    path.chmod(0o600)


def trusted() -> dict[str, str]:
    """Return the origin of trust in each folder: this file, the environment, a sender of work."""
    named = [part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    return {
        **dict.fromkeys(sorted(_adopted), "the process that sent the work"),
        **dict.fromkeys(map(_real, named), VARIABLE),
        **dict.fromkeys(remembered(), "cxsim trust"),
    }


def is_trusted(folder: str | Path) -> bool:
    """Whether code of a folder may be imported; the folder counts by its real path.

    Parameters
    ----------
    folder : str or Path
    """
    return _real(folder) in trusted()


def adopt(folders: tuple[str, ...]) -> None:
    """Take over, for this process, what the process that sends it work was allowed.

    Parameters
    ----------
    folders : tuple of str
        Real paths.
    """
    _adopted.update(folders)


def require(folder: str | Path, what: str, file: str | Path) -> None:
    """Refuse code of a folder that was not trusted.

    Parameters
    ----------
    folder : str or Path
    what : str
        What is asked for, such as ``"policy my_module:Mine"``.
    file : str or Path
        What would be imported.

    Raises
    ------
    NotTrustedError
        ``"expected ..., found ..."``, with what would be imported and how to allow it.
    """
    if not is_trusted(folder):
        raise NotTrustedError(
            f"expected code of a trusted folder, found {what}, which would import {file} "
            f"(to allow it: {advice(folder)})"
        )


def advice(folder: str | Path) -> str:
    """Return the command that trusts a folder.

    Parameters
    ----------
    folder : str or Path
    """
    return f"cxsim trust {shlex.quote(str(folder))}"


def is_open_to_others(path: str | Path) -> bool:
    """Whether somebody else owns a file or folder, or anybody may write it.

    Parameters
    ----------
    path : str or Path
    """
    if os.name == "nt":
        return False  # rights lie elsewhere there; a user's own folders are closed to others
    about = Path(path).stat()
    return about.st_uid not in (os.getuid(), 0) or bool(about.st_mode & stat.S_IWOTH)


def _real(folder: str | Path) -> str:
    return os.path.realpath(folder)


# --- code of a folder -------------------------------------------------------------------


def code_file(module: str, folder: str | Path) -> Path | None:
    """Return the file of a module in a folder, without importing anything; None if there is none.

    Parameters
    ----------
    module : str
        ``"name"``, or ``"package.name"`` of a package in the folder.
    folder : str or Path
    """
    if not _MODULE.fullmatch(module):
        return None
    stem = Path(folder, *module.split("."))
    candidates = (stem / "__init__.py", stem.with_name(f"{stem.name}.py"))
    return next((path for path in candidates if is_file(path)), None)


def loaded(module: str, file: Path | None) -> ModuleType | None:
    """Return a module that this process has imported already, None if it has not.

    Parameters
    ----------
    module : str
    file : Path, optional
        The file that is meant, where a folder holds one.

    Raises
    ------
    ImportError
        If a module of that name came from elsewhere.
    """
    there = sys.modules.get(module)
    if there is None or file is None:
        return there
    origin = getattr(there, "__file__", None)
    if origin is None or os.path.realpath(origin) != os.path.realpath(file):
        raise ImportError(
            f"a module {module!r} is in use already, from {origin or 'Python itself'}: "
            "call the file otherwise"
        )
    return there


def imported(module: str, folder: str | Path) -> ModuleType:
    """Import a module from a trusted folder, and from nowhere else.

    What the module imports itself is found as everywhere, and in the folder last.

    Parameters
    ----------
    module : str
    folder : str or Path

    Raises
    ------
    NotTrustedError
        If the folder was not trusted.
    ImportError
        If the folder holds no such module, or one of its name is in use.
    Exception
        Whatever the module raises.
    """
    file = code_file(module, folder)
    if file is None:
        raise ImportError(f"no module {module!r} in {folder}")
    there = loaded(module, file)
    if there is not None:
        return there
    require(folder, module, file)
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        raise ImportError(f"Python has a module {top!r} of its own: call the file otherwise")
    names = module.split(".")
    importlib.invalidate_caches()  # the file may have been written a moment ago
    with _searched_last(str(folder)):
        search, made = [str(folder)], None
        for depth in range(1, len(names) + 1):
            made = _one(".".join(names[:depth]), search)
            search = list(getattr(made, "__path__", []))
    assert made is not None
    return made


def _one(name: str, search: list[str]) -> ModuleType:
    """Import a module or package from the folders named, whatever else goes by its name."""
    spec = PathFinder.find_spec(name, search)
    if spec is None:
        raise ImportError(f"no module {name!r} in {os.pathsep.join(search) or 'a plain module'}")
    there = loaded(name, Path(spec.origin) if spec.origin else None)
    if there is not None:
        return there
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    try:
        if spec.loader is not None:
            spec.loader.exec_module(made)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return made


@contextlib.contextmanager
def _searched_last(folder: str) -> Iterator[None]:
    if folder in sys.path:
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)
