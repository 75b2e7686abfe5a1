"""The store: a folder of Parquet files to which runs are added and from which none is lost.

A claim is a lock on one byte of a file that the processes share. The system gives it back
when its process ends, however it ends, so that nothing has to be cleaned up after a kill.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cxsim._version import __version__
from cxsim.files.sealed import DamagedError, digest_name
from cxsim.messages import hint
from cxsim.scenario import Scenario
from cxsim.study.store_folder import (
    SESSION,
    StoreError,
    StoreFolder,
    joined,
    packed,
    read_runs,
    said,
)

if TYPE_CHECKING:
    import pandas as pd

# -- The store: a folder of Parquet files to which runs are added and from which none is lost


#: Runs learned of one by one before they are sorted in among the others.
_TAIL = 20_000


class Store:
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
        self.folder = Path(folder)
        self._files = StoreFolder(self.folder)
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
        stem = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        name = digest_name(stem, data, ".parquet")
        self._files.put(self._files.runs / name, data)
        self._seen.add(name)
        self._learn([row["run"] for row in rows], [row["status"] == "ok" for row in rows])

    def describe(self, columns: Mapping[str, Mapping[str, Any]]) -> None:
        """Say what columns hold that will be written; the store keeps it with the first of them.

        Parameters
        ----------
        columns : mapping of str to mapping
            From :func:`~cxsim.study.store_folder.codebook`.
        """
        self._columns |= {name: dict(facts) for name, facts in columns.items()}

    def _begin(self, row: Mapping[str, Any]) -> str:
        """Say who writes here, before the first runs are written."""
        from cxsim.runs.execution import origin

        others = {name for name in row if name not in self._columns}
        plain = {"kind": "output", "label": "", "unit": "", "definition": "Of the study's function"}
        columns = {**self._columns, **{name: {**plain, "label": name} for name in sorted(others)}}
        return self._files.keep_session(
            {**origin(), "codebook": self._files.keep_codebook(columns)}
        )

    def _learn(self, runs: Sequence[str], ok: Sequence[bool]) -> None:
        keys = [int(run, 16) for run in runs]
        self._ok.add(key for key, good in zip(keys, ok, strict=True) if good)
        self._faulty.add(key for key, good in zip(keys, ok, strict=True) if not good)

    def keep_scenario(self, scenario: Scenario) -> None:
        """Keep a base scenario, so that its runs can be replayed.

        Parameters
        ----------
        scenario : Scenario
        """
        self._files.keep_scenario(scenario)

    def scenario(self, digest: str) -> Scenario:
        """Return a base scenario by its digest.

        Code that it names is looked for in the current folder, never in the store.

        Parameters
        ----------
        digest : str

        Raises
        ------
        StoreError
            If it is not kept here, or damaged.
        """
        return self._files.scenario(digest)

    def keep_study(self, name: str, digest: str, facts: Mapping[str, Any]) -> None:
        """Keep a study as it was written, with versions.

        Parameters
        ----------
        name : str
        digest : str
        facts : mapping
            The study and the versions it ran with.
        """
        facts = {"name": name, "digest": digest, "cxsim": __version__, "study": facts}
        self._files.keep_study(digest, facts)

    def studies(self) -> dict[str, dict[str, Any]]:
        """Return the studies that are kept here, by digest."""
        return self._files.studies()

    def sessions(self) -> dict[str, dict[str, Any]]:
        """Return the writing processes: versions, platform, commit, command, time."""
        return self._files.sessions()

    def codebook(self) -> dict[str, dict[str, Any]]:
        """Return the description of each column of the runs: kind, label, unit and definition."""
        return self._files.codebook()

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
        for _, table in self._read(self._paths(), None):
            runs = table.column("run").to_pylist()
            if run not in runs:
                continue
            (row,) = table.slice(runs.index(run), 1).to_pylist()
            name = (table.schema.metadata or {}).get(SESSION, b"").decode()
            best = {k: v for k, v in row.items() if v is not None}, self.sessions().get(name)
            if row["status"] == "ok":
                break
        return best

    def keep_code(self, digest: str, components: Callable[[], Mapping[str, str]]) -> None:
        """Keep what runs were made by: column ``code`` of runs names it.

        Parameters
        ----------
        digest : str
        components : callable
            Returns digests by name; asked where they are not kept yet.
        """
        if digest not in self.codes():
            facts = {"code": digest, "cxsim": __version__, "components": dict(components())}
            self._files.keep_code(digest, facts)

    def codes(self) -> set[str]:
        """Return the digests of all code that runs of the store were made by."""
        return self._files.codes()

    def code(self, digest: str) -> dict[str, str]:
        """Return what some runs were made by, digests by name; empty if it is not kept.

        Parameters
        ----------
        digest : str
        """
        return dict(self._files.code(digest).get("components", {}))

    def agree(self, study: str, facts: Mapping[str, str]) -> None:
        """Keep which code the shards of a study run.

        Parameters
        ----------
        study : str
            What names it, whatever its code.
        facts : mapping
            ``code`` and ``worker``.
        """
        if self.agreed(study).get("code") != facts["code"]:
            self._files.agree(study, {**facts, "cxsim": __version__})

    def agreed(self, study: str) -> dict[str, str]:
        """Return which code the shards of a study run, empty if nobody said.

        Parameters
        ----------
        study : str
            What names it, whatever its code.
        """
        return self._files.agreed(study)

    # -- reading ---------------------------------------------------------------------

    @property
    def claims_file(self) -> Path:
        """The file by which processes say what they work on."""
        return self._files.claims

    def refresh(self) -> None:
        """Learn which runs other processes have added since.

        Raises
        ------
        StoreError
            If the folder of runs cannot be read.
        """
        try:
            changed = self._files.runs.stat().st_mtime_ns
        except OSError as error:
            raise self._unreadable(error) from None
        if changed == self._looked:
            return
        self._looked = changed
        for _, table in self._read_new():
            status = table.column("status").to_pylist()
            self._learn(table.column("run").to_pylist(), [each == "ok" for each in status])

    def _read_new(self) -> Iterable[tuple[Path, Any]]:
        for path in self._paths():
            if path.name not in self._seen:
                self._seen.add(path.name)
                yield from self._read([path], ["run", "status"])

    def _paths(self) -> list[Path]:
        return sorted(self._files.runs.glob("*.parquet"))

    def _read(
        self, paths: Iterable[Path], columns: Sequence[str] | None
    ) -> Iterable[tuple[Path, Any]]:
        """Read files of runs; one that is damaged is put aside and left out."""
        for path in paths:
            try:
                yield path, read_runs(path, columns)
            except DamagedError as error:
                self._files.put_aside(path, error, "its runs are missing, and are run again")
            except FileNotFoundError:
                continue  # another process has just put it aside
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
        tables = [table for _, table in self._read(self._paths(), wanted)]
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
        for path, table in self._read(self._paths(), [column]):
            if column in table.column_names and str(table.schema.field(column).type) == "string":
                return path
        return None

    def row(self, run: str) -> dict[str, Any]:
        """Return one run by its digest, or by the beginning of it.

        Parameters
        ----------
        run : str
            A digest, or its first characters.

        Raises
        ------
        StoreError
            If there is none, or more than one.
        """
        frame = self.frame()
        found = frame[frame["run"].str.startswith(run)] if len(frame) else frame
        if len(found) != 1:
            what = f"{len(found)} runs" if len(found) else "no run"
            near = hint(run, frame["run"]) if len(found) == 0 else ""
            raise StoreError(f"{self.folder}: expected one run {run!r}, found {what}{near}")
        return found.iloc[0].to_dict()

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

    def add(self, keys: Iterable[int]) -> None:
        self._latest.update(keys)
        if len(self._latest) > max(_TAIL, len(self._sorted) // 8):
            self.sorted()

    def sorted(self) -> np.ndarray:
        if self._latest:
            latest = np.fromiter(self._latest, np.uint64, len(self._latest))
            self._sorted = np.union1d(self._sorted, latest)
            self._latest = set()
        return self._sorted

    def __contains__(self, key: int) -> bool:
        if key in self._latest:
            return True
        word = np.uint64(key)
        place = int(np.searchsorted(self._sorted, word))
        return place < len(self._sorted) and bool(self._sorted[place] == word)


# -- Claims: which process works on which point of a study, so that no two do the same ---------


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
