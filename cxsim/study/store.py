"""The store: a folder of Parquet files to which runs are added and from which none is lost.

A lease is a lock on one byte of a file that the processes share. The system gives it back
when its process ends, however it ends, so that nothing has to be cleaned up after a kill.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cxsim.files.sealed import DamagedError, digest_name
from cxsim.messages import hint
from cxsim.study.store_folder import (
    StoreError,
    StoreFolder,
    joined,
    new_name,
    packed,
    read_runs,
    said,
    sessions_of,
    words,
)

if TYPE_CHECKING:
    import pandas as pd

# -- The store: a folder of Parquet files to which runs are added and from which none is lost


#: Runs learned of one by one before they are sorted in among the others.
_TAIL = 20_000


class Store(StoreFolder):
    """Finished runs, one row each, in files that appear whole or not at all.

    Parameters
    ----------
    folder : str or Path
        A new or empty folder, or an earlier store.

    Attributes
    ----------
    folder : Path

    Raises
    ------
    StoreError
        If the folder holds something else, or cannot be made.

    Notes
    -----
    ``runs/*.parquet`` holds the runs, ``scenarios/`` the base scenarios, ``studies/`` the
    studies that were run, ``sessions/`` what wrote them, ``codebooks/`` what columns hold.
    Each run has a digest of all that determines its result, so what is there is not run again.
    Every file carries a digest of its bytes and is verified before it is read; a damaged one is
    moved into ``damaged/`` with a :class:`~cxsim.files.sealed.DamagedWarning` that names it, and
    its runs are missing. Read the store with pandas (``pd.read_parquet("STORE/runs")``) or DuckDB
    (``read_parquet('STORE/runs/*.parquet', union_by_name=true)``).
    """

    def __init__(self, folder: str | Path):
        super().__init__(folder)
        self._ok = _Known()
        self._faulty = _Known()
        self._seen: set[str] = set()
        self._looked = -1
        self._columns: dict[str, dict[str, Any]] = {}
        self._session = ""

    # -- writing ---------------------------------------------------------------------

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add runs, as one file.

        Parameters
        ----------
        rows : sequence of mapping
            Values by column; ``run``, ``status`` and ``finished`` in each.

        Raises
        ------
        StoreError
            If the file cannot be written (a full disk); nothing is left of it then.
        """
        if not rows:
            return
        if not self._session:
            self._session = self._begin(rows[0])
        data = packed(rows, self._session)
        name = digest_name(new_name(), data, ".parquet")
        self.put_runs(name, data)
        self._seen.add(name)
        self._learn([row["run"] for row in rows], [row["status"] == "ok" for row in rows])

    def put_runs(self, name: str, data: bytes) -> None:
        """Write a file of runs.

        Parameters
        ----------
        name : str
            With the digest of its content.
        data : bytes
            From :func:`~cxsim.study.store_folder.as_parquet`.

        Raises
        ------
        StoreError
            If it cannot be written; nothing is left of it then.
        """
        self._put(self._runs / name, data)

    def describe(self, columns: Mapping[str, Mapping[str, Any]]) -> None:
        """Say what columns hold that will be written; the store keeps it with the first of them.

        Parameters
        ----------
        columns : mapping of str to mapping
            From :func:`~cxsim.study.outputs.codebook`.
        """
        self._columns |= {name: dict(facts) for name, facts in columns.items()}

    def _begin(self, row: Mapping[str, Any]) -> str:
        """Say who writes here, before the first runs are written."""
        from cxsim.runs.execution import origin

        others = {name for name in row if name not in self._columns}
        plain = {"kind": "output", "label": "", "unit": "", "definition": "Of the study's function"}
        columns = {**self._columns, **{name: {**plain, "label": name} for name in sorted(others)}}
        return self._keep_session({**origin(), "codebook": self._keep_codebook(columns)})

    def _learn(self, runs: Sequence[str], ok: Sequence[bool]) -> None:
        keys, good = words(runs), np.asarray(ok, bool)
        self._ok.add(keys[good])
        self._faulty.add(keys[~good])

    def record(self, run: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return what was written of a run, and the session that wrote it, if that is known.

        Parameters
        ----------
        run : str
            Its whole digest.

        Returns
        -------
        dict
            Values by column, without those that other runs have and this one has not.
        dict or None
        """
        best: tuple[dict[str, Any], dict[str, Any] | None] = ({}, None)
        for path, few in self._read_all(["run"]):
            if run not in few.column("run").to_pylist():
                continue
            for _, table in self.read([path]):
                place = table.column("run").to_pylist().index(run)
                (row,) = table.slice(place, 1).to_pylist()
                who = self.sessions().get(sessions_of(table)[place])
                best = {k: v for k, v in row.items() if v is not None}, who
            if best[0].get("status") == "ok":
                break
        return best

    # -- reading ---------------------------------------------------------------------

    def refresh(self) -> None:
        """Learn which runs other processes have added since.

        Raises
        ------
        StoreError
            If the folder of runs cannot be read.
        """
        try:
            changed = self._runs.stat().st_mtime_ns
        except OSError as error:
            raise self._unreadable(error) from None
        if changed == self._looked:
            return
        self._looked = changed
        for path, table in self._read_all(["run", "status"], self._seen):
            self._seen.add(path.name)
            status = table.column("status").to_pylist()
            self._learn(table.column("run").to_pylist(), [each == "ok" for each in status])

    def paths(self) -> list[Path]:
        """Return the files of runs, in the order in which they were begun."""
        return sorted(self._runs.glob("*.parquet"))

    def _read_all(
        self, columns: Sequence[str] | None, known: Iterable[str] = ()
    ) -> Iterable[tuple[Path, Any]]:
        """Read all files but those whose names are known.

        Where some vanish meanwhile, another process has merged them: what it made of them is
        read, so that no run is missing, and some come twice.
        """
        done = set(known)
        while True:
            new = [path for path in self.paths() if path.name not in done]
            read = 0
            for path, table in self.read(new, columns):
                done.add(path.name)
                read += 1
                yield path, table
            if read == len(new) or all(path.exists() or path.name in done for path in new):
                return

    def read(
        self, paths: Iterable[Path], columns: Sequence[str] | None = None
    ) -> Iterable[tuple[Path, Any]]:
        """Read files of runs; one that is damaged is put aside and left out.

        Parameters
        ----------
        paths : iterable of Path
            From :meth:`paths`.
        columns : sequence of str, optional
            Default: all.

        Yields
        ------
        Path
        Table

        Raises
        ------
        StoreError
            If one cannot be read.
        """
        for path in paths:
            try:
                yield path, read_runs(path, columns)
            except DamagedError as error:
                self._put_aside(path, error, "its runs are missing, and are run again")
            except FileNotFoundError:
                continue  # another process has just put it aside, or merged it with others
            except OSError as error:
                raise self._unreadable(error) from None

    def _unreadable(self, error: OSError) -> StoreError:
        return StoreError(f"{error.filename or self.folder}: could not be read ({said(error)})")

    def has(self, run: str, *, retry_failed: bool = False) -> bool:
        """Return whether a run is there, as of the last :meth:`refresh`.

        Parameters
        ----------
        run : str
            Its digest.
        retry_failed : bool
            Whether one that failed counts as missing.
        """
        key = int(run, 16)
        return key in self._ok or (not retry_failed and key in self._faulty)

    def has_each(self, runs: Sequence[str], *, retry_failed: bool = False) -> np.ndarray:
        """Return for each of many runs whether it is there, as of the last :meth:`refresh`.

        Parameters
        ----------
        runs : sequence of str
            Their digests.
        retry_failed : bool
            Whether those that failed count as missing.

        Returns
        -------
        ndarray of bool, shape (runs,)
            In the order of ``runs``, a truth value for each; no unit.
        """
        keys = words(runs)
        there = self._ok.has_each(keys)
        return there if retry_failed else there | self._faulty.has_each(keys)

    def __len__(self) -> int:
        self.refresh()
        return len(np.union1d(self._ok.sorted(), self._faulty.sorted()))

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all runs, each once: one that went well before one that failed.

        Parameters
        ----------
        columns : sequence of str, optional
            Default: all.

        Raises
        ------
        StoreError
            If a file cannot be read. Damaged ones are put aside, with a warning.
        """
        import pandas as pd

        wanted = (
            None if columns is None else [*dict.fromkeys(["run", "status", "finished", *columns])]
        )
        tables = [table for _, table in self._read_all(wanted)]
        if not tables:
            return pd.DataFrame(columns=wanted or ["run", "status", "finished"])
        frame = joined(tables).to_pandas()
        frame["_bad"] = frame["status"] != "ok"
        frame = frame.sort_values(["_bad", "finished"], kind="stable").drop_duplicates("run")
        return frame.drop(columns="_bad").sort_values("run", ignore_index=True)

    def file_with_text(self, column: str) -> Path | None:
        """Return the first file that holds text in a column; None if none does.

        Parameters
        ----------
        column : str
        """
        for path, table in self._read_all([column]):
            if column in table.column_names and str(table.schema.field(column).type) == "string":
                return path
        return None

    def row(self, run: str) -> dict[str, Any]:
        """Return one run by its digest, or by the beginning of it, without columns that it lacks.

        Parameters
        ----------
        run : str
            A digest, or its first characters.

        Raises
        ------
        StoreError
            If there is none, or more than one.
        """
        known = self.frame(["run"])["run"]
        found = known[known.str.startswith(run)] if len(known) else known
        if len(found) != 1:
            what = f"{len(found)} runs" if len(found) else "no run"
            near = hint(run, known) if len(found) == 0 else ""
            raise StoreError(f"{self.folder}: expected one run {run!r}, found {what}{near}")
        return self.record(found.iloc[0])[0]

    def __repr__(self) -> str:
        return f"<Store {str(self.folder)!r}: {len(self)} runs>"


class _Known:
    """Digests that are known: most of them sorted, the latest in a set.

    A word each, so that millions take little memory; sorting in only now and then makes adding
    a file take the same time however many there are.
    """

    def __init__(self) -> None:
        self._sorted = np.empty(0, np.uint64)
        self._latest: set[int] = set()

    def add(self, keys: np.ndarray) -> None:
        self._latest.update(keys.tolist())
        if len(self._latest) > max(_TAIL, len(self._sorted) // 8):
            self.sorted()

    def sorted(self) -> np.ndarray:
        if self._latest:
            latest = np.fromiter(self._latest, np.uint64, len(self._latest))
            self._sorted = np.union1d(self._sorted, latest)
            self._latest = set()
        return self._sorted

    def has_each(self, keys: np.ndarray) -> np.ndarray:
        return _in_sorted(self.sorted(), keys)

    def __contains__(self, key: int) -> bool:
        if key in self._latest:
            return True
        return bool(_in_sorted(self._sorted, np.array([key], np.uint64))[0])


def _in_sorted(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    if not len(known):
        return np.zeros(len(keys), bool)
    return known[np.searchsorted(known, keys).clip(max=len(known) - 1)] == keys


# -- Leases: which process works on which point of a study, so that no two do the same ---------


@dataclass
class _Shared:
    """State shared by all leases of this process on one file.

    Locks are a process's: another one of the same process would be granted too, and closing any
    handle of the file would give all of them back. So there is one handle, and a list.
    """

    file: IO[bytes]
    taken: set[str] = field(default_factory=set)
    users: int = 0


_shared: dict[tuple[int, Path], _Shared] = {}  # by process: a fork inherits no lock


_guard = threading.Lock()


class Leases:
    """Leases of one sweep in one store.

    Parameters
    ----------
    path : Path
        The file whose bytes are locked.

    Notes
    -----
    Where the file system knows no locks, everything can be leased that nobody in this process
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

    def acquire(self, name: str) -> bool:
        """Lease a name; False if another sweep has it, here or in another process."""
        with _guard:
            if name in self._mine:
                return True
            if name in self._all.taken or not _lock(self._all.file.fileno(), _place(name)):
                return False
            self._all.taken.add(name)
            self._mine.add(name)
            return True

    def release(self, name: str) -> None:
        """Let others lease a name."""
        with _guard:
            if name in self._mine:
                self._mine.remove(name)
                self._all.taken.remove(name)
                _unlock(self._all.file.fileno(), _place(name))

    def close(self) -> None:
        """Release everything."""
        for name in list(self._mine):
            self.release(name)
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
