"""Claims: which process works on which point of a study, so that no two do the same.

A claim is a lock on one byte of a file that the processes share. The system gives it back
when its process ends, however it ends, so that nothing has to be cleaned up after a kill.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

__all__ = ["Claims"]


@dataclass
class _Shared:
    """What all claims of this process on one file share.

    Locks are a process's: another one of the same process would be granted too, and closing any
    handle of the file would give all of them back. So there is one handle, and a list.
    """

    file: IO[bytes]
    taken: set[str] = field(default_factory=set)
    users: int = 0


_shared: dict[tuple[int, Path], _Shared] = {}  # by process: a fork inherits no lock
_guard = threading.Lock()


class Claims:
    """Claims of one sweep in one store.

    Parameters
    ----------
    path : Path
        The file whose bytes are locked.

    Notes
    -----
    Where the file system knows no locks, everything can be claimed that nobody in this process
    has: two processes may then do the same runs, which costs time and harms nothing.
    """

    def __init__(self, path: Path):
        self._key = (os.getpid(), path.resolve())
        self._mine: set[str] = set()
        self._closed = False
        with _guard:
            if self._key not in _shared:
                _shared[self._key] = _Shared(_opened(path))
            self._all = _shared[self._key]
            self._all.users += 1

    def take(self, name: str) -> bool:
        """Claim a name; False if another sweep has it, here or in another process."""
        with _guard:
            if name in self._mine:
                return True
            if name in self._all.taken or not _lock(self._all.file.fileno(), _place(name)):
                return False
            self._all.taken.add(name)
            self._mine.add(name)
            return True

    def give_back(self, name: str) -> None:
        """Let others claim a name."""
        with _guard:
            if name in self._mine:
                self._mine.remove(name)
                self._all.taken.remove(name)
                _unlock(self._all.file.fileno(), _place(name))

    def close(self) -> None:
        """Give everything back."""
        for name in list(self._mine):
            self.give_back(name)
        with _guard:
            if self._closed:
                return
            self._closed = True
            self._all.users -= 1
            if self._all.users == 0:
                self._all.file.close()
                del _shared[self._key]


def _opened(path: Path) -> IO[bytes]:
    """Open the file, and make it only where it is not there.

    Asking for one that is somebody else's to be made is refused in folders like /tmp.
    """
    try:
        return path.open("rb+")
    except FileNotFoundError:
        return path.open("ab+")


def _place(name: str) -> int:
    """Return the byte that stands for a name (31 bits fit every system's offsets)."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


if os.name == "nt":  # pragma: no cover
    import msvcrt

    def _lock(handle: int, place: int) -> bool:
        os.lseek(handle, place, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True

    def _unlock(handle: int, place: int) -> None:
        os.lseek(handle, place, os.SEEK_SET)
        with contextlib.suppress(OSError):
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]

else:
    import errno
    import fcntl

    def _lock(handle: int, place: int) -> bool:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError as error:
            return error.errno not in (errno.EACCES, errno.EAGAIN)
        return True

    def _unlock(handle: int, place: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.lockf(handle, fcntl.LOCK_UN, 1, place)
