"""Claims: which process works on which point of a study, so that no two do the same.

A claim is a lock on one byte of a file that the processes share. The system gives it back
when its process ends, however it ends, so that nothing has to be cleaned up after a kill.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

__all__ = ["Claims"]


class Claims:
    """Claims of this process in one store.

    Parameters
    ----------
    path : Path
        The file whose bytes are locked.

    Notes
    -----
    Where the file system knows no locks, everything can be claimed: two processes may then
    do the same runs, which costs time and harms nothing. So may two sweeps in one process,
    as locks are a process's, not a thread's.
    """

    def __init__(self, path: Path):
        self._file = path.open("ab+")

    def take(self, name: str) -> bool:
        """Claim a name; False if another process has it."""
        return _lock(self._file.fileno(), _place(name))

    def give_back(self, name: str) -> None:
        """Let others claim a name."""
        _unlock(self._file.fileno(), _place(name))

    def close(self) -> None:
        """Give everything back."""
        self._file.close()


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
