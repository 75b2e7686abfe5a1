"""Folders of compiled code: their paths, permissions and content.

Compiled code runs as it is read, so a user who can write such a folder can run code in the name of
all its readers. A folder is used only if it belongs to the current user or to root, and no other
user can write it; the same holds for each file. (POSIX; elsewhere permissions are not looked at.)
"""

from __future__ import annotations

import os
import re
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

from cxsim.files.sealed import DamagedError, sealed_bytes, unsealed_bytes
from cxsim.files.whole import whole_file

_KIND = "file of compiled code"
_OURS = re.compile(r"[^.].*\.[0-9a-f]{16}\.nbc")
#: Suffixes of files of earlier versions, and of drafts of killed processes.
_OLD = (".nbc", ".nbi")


class UnsafeFolderWarning(UserWarning):
    """A folder of compiled code that other users can write, and that is therefore not used."""


def cache_folders() -> list[Path]:
    """Return the folders searched for machine code; the first that is writable is written.

    ``CXSIM_CACHE_DIR`` names one or more (separated like ``PATH``); a read-only one
    may stand among them, as on a classroom's shared disk. Default: the user's cache.
    """
    named = os.environ.get("CXSIM_CACHE_DIR")
    if named:
        return [Path(part) for part in named.split(os.pathsep) if part]
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [Path(base) / "cxsim"]


def usable_folders() -> list[Path]:
    """Return those of :func:`cache_folders` that may be used; warn of each of the others once."""
    usable = []
    for folder in cache_folders():
        reason = refusal(folder)
        if reason is None:
            usable.append(folder)
        else:
            warnings.warn(
                f"{reason}; it is not used, and code is compiled again", UnsafeFolderWarning,
                stacklevel=2,
            )  # fmt: skip
    return usable


def refusal(folder: Path) -> str | None:
    """Return why a folder of compiled code is not used, and how to fix that; None if it is used.

    Parameters
    ----------
    folder : Path
        Need not be there.
    """
    try:
        facts = folder.stat()
    except OSError:
        return None  # nothing to be read there
    odd = _open_to_others(facts)
    if odd is None:
        return None
    expected = f"{folder}: expected a cache that only its owner (you, or root) can write"
    return f"{expected}, found one {odd}"


def _open_to_others(facts: os.stat_result) -> str | None:
    if os.name == "nt":
        return None
    if facts.st_uid not in (0, os.getuid()):
        return f"of another user (number {facts.st_uid})"
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        who = "everybody" if facts.st_mode & stat.S_IWOTH else "a group"
        return f"that {who} can write (to fix it: chmod -R go-w)"
    return None


def keep_code(path: Path, code: bytes) -> None:
    """Write compiled code under its digest, for its owner alone to change.

    Parameters
    ----------
    path : Path
        Its folder is made if need be.
    code : bytes

    Raises
    ------
    OSError
        If it cannot be written.
    """
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o755, exist_ok=True)
    with whole_file(path, mode=0o644, sync=False) as draft:  # lost code is compiled again
        draft.write_bytes(sealed_bytes(_KIND, code))


def read_code(path: Path) -> bytes:
    """Return compiled code after a check of its owner and its digest.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DamagedError
        If it is not as written, or another user could have written it.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        odd = _open_to_others(os.fstat(file.fileno()))
        if odd is not None:
            raise DamagedError(
                f"{path}: expected code that only its owner (you, or root) can write, "
                f"found a file {odd}"
            )
        data = file.read()
    return unsealed_bytes(_KIND, data, path)


@dataclass(frozen=True)
class CodeFolder:
    """The content of a folder of compiled code.

    Attributes
    ----------
    path : Path
    files : tuple of Path
    old : tuple of Path
        Files of earlier versions or of a killed process; they are not used.
    bytes : int
    refusal : str or None
        Why it is not used.
    """

    path: Path
    files: tuple[Path, ...]
    old: tuple[Path, ...]
    bytes: int
    refusal: str | None

    def damaged(self) -> list[str]:
        """Read every file, and return a message for each that is damaged."""
        found = []
        for path in self.files:
            try:
                read_code(path)
            except DamagedError as error:
                found.append(str(error))
            except OSError as error:
                found.append(f"{path}: expected a file that can be read, found {error.strerror}")
        return found

    def clear(self) -> int:
        """Delete the compiled code, and return how many files that were.

        Raises
        ------
        OSError
            If a file cannot be deleted.
        """
        for path in (*self.files, *self.old):
            path.unlink(missing_ok=True)
        return len(self.files) + len(self.old)


def look_into(folder: Path) -> CodeFolder:
    """Return the compiled code in a folder, which need not exist.

    Parameters
    ----------
    folder : Path
    """
    try:
        there = sorted(path for path in folder.iterdir() if path.suffix in _OLD)
    except OSError:
        there = []
    files = tuple(path for path in there if _OURS.fullmatch(path.name))
    old = tuple(path for path in there if path not in files)
    return CodeFolder(
        folder, files, old, sum(path.stat().st_size for path in there), refusal(folder)
    )
