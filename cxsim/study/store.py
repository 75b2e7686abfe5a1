"""The store: a folder of Parquet files to which runs are added and from which none is lost."""

from __future__ import annotations

import contextlib
import io
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim._version import __version__
from cxsim.scenario import Scenario
from cxsim.scenario.messages import hint

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Store", "StoreError"]

_SIGN = "store.json"
_PARTS = ("runs", "scenarios", "studies", "codes", "drafts")
_FORMAT = 1
#: Drafts older than this many seconds are left from a process that was killed.
_STALE = 86_400


class StoreError(RuntimeError):
    """A store that cannot be read or written."""


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
    studies that were run. Each run has a digest of all that determines its result, so what
    is there is not run again. Read it with pandas (``pd.read_parquet("STORE/runs")``) or
    DuckDB (``read_parquet('STORE/runs/*.parquet', union_by_name=true)``).
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        try:
            self._open()
        except OSError as error:
            what = (error.strerror or str(error)).lower()
            raise StoreError(
                f"{self.folder}: expected a folder for a store, found {what}"
            ) from None
        self._ok = np.empty(0, np.uint64)
        self._faulty = np.empty(0, np.uint64)
        self._seen: set[str] = set()
        self._looked = -1
        self._clean()

    def _open(self) -> None:
        sign = self.folder / _SIGN
        if not sign.is_file():
            # Its own parts without a sign: another sweep is just about to put it there.
            mine = {*_PARTS, _SIGN, self.claims_file.name}
            if self.folder.exists() and any(e.name not in mine for e in self.folder.iterdir()):
                raise StoreError(
                    f"{self.folder}: expected a new folder or an earlier store, found other files"
                )
            for part in _PARTS:
                (self.folder / part).mkdir(parents=True, exist_ok=True)
                _open_to_others(self.folder / part, like=self.folder)
            self.claims_file.touch()
            _open_to_others(self.claims_file, like=self.folder)
            facts = {"made_by": "cxsim", "kind": "store of runs", "format": _FORMAT}
            self._put(sign, json.dumps(facts).encode())
        try:
            facts = json.loads(sign.read_text(encoding="utf-8"))
        except ValueError:
            facts = {}
        if facts.get("format") != _FORMAT:
            raise StoreError(f"{self.folder}: expected a store of format {_FORMAT}, found another")

    def _clean(self) -> None:
        """Take away drafts of processes that were killed long ago."""
        for draft in (self.folder / "drafts").glob("*"):
            try:
                if time.time() - draft.stat().st_mtime > _STALE:
                    draft.unlink()
            except OSError:
                continue

    # -- writing ---------------------------------------------------------------------

    def _put(self, path: Path, data: bytes) -> None:
        """Write a file that appears whole or not at all."""
        draft = self.folder / "drafts" / uuid.uuid4().hex
        try:
            with draft.open("wb") as file:
                file.write(data)
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            what = (error.strerror or str(error)).lower()
            raise StoreError(f"{self.folder}: a file could not be written ({what})") from error

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add runs, as one file.

        Parameters
        ----------
        rows : sequence of mapping
            Values by column; ``run`` and ``status`` in each.

        Raises
        ------
        StoreError
            If the file cannot be written (a full disk); nothing is left of it then.
        """
        import pyarrow.parquet as pq

        if not rows:
            return
        buffer = io.BytesIO()
        pq.write_table(_table(rows), buffer, compression="zstd")
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}.parquet"
        self._put(self.folder / "runs" / name, buffer.getvalue())
        self._seen.add(name)
        self._learn((row["run"] for row in rows), [row["status"] == "ok" for row in rows])

    def _learn(self, runs: Iterable[str], ok: Sequence[bool]) -> None:
        keys = np.array([int(run, 16) for run in runs], np.uint64)
        good = np.asarray(ok, bool)
        self._ok = np.union1d(self._ok, keys[good])
        self._faulty = np.union1d(self._faulty, keys[~good])

    def keep_scenario(self, scenario: Scenario) -> None:
        """Keep a base scenario, so that its runs can be replayed.

        Parameters
        ----------
        scenario : Scenario
        """
        path = self.folder / "scenarios" / f"{scenario.digest}.yaml"
        if not path.exists():
            self._put(path, scenario.to_yaml().encode())

    def scenario(self, digest: str) -> Scenario:
        """Return a base scenario by its digest.

        Parameters
        ----------
        digest : str

        Raises
        ------
        StoreError
            If it is not kept here.
        """
        path = self.folder / "scenarios" / f"{digest}.yaml"
        if not path.is_file():
            raise StoreError(f"{self.folder}: expected scenario {digest}, found no such file")
        return Scenario.load(path)

    def keep_study(self, name: str, digest: str, facts: Mapping[str, Any]) -> None:
        """Keep a study as it was written, with versions.

        Parameters
        ----------
        name : str
        digest : str
        facts : mapping
            The study and the versions it ran with.
        """
        path = self.folder / "studies" / f"{digest}.json"
        if not path.exists():
            facts = {"name": name, "digest": digest, "cxsim": __version__, "study": facts}
            self._put(path, json.dumps(facts, indent=1, default=str).encode())

    def keep_code(self, digest: str, components: Callable[[], Mapping[str, str]]) -> None:
        """Keep what runs were made by: column ``code`` of runs names it.

        Parameters
        ----------
        digest : str
        components : callable
            Returns digests by name; asked where they are not kept yet.
        """
        path = self.folder / "codes" / f"{digest}.json"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)  # an earlier store has no such folder
            facts = {"code": digest, "cxsim": __version__, "components": dict(components())}
            self._put(path, json.dumps(facts, indent=0).encode())

    def agree(self, study: str, facts: Mapping[str, str]) -> None:
        """Keep which code the shards of a study run.

        Parameters
        ----------
        study : str
            Its digest.
        facts : mapping
            ``code`` and ``worker``.
        """
        path = self.folder / "codes" / f"study-{study}.txt"
        text = json.dumps({**facts, "cxsim": __version__})
        if self.agreed(study).get("code") != facts["code"]:
            self._put(path, text.encode())

    def agreed(self, study: str) -> dict[str, str]:
        """Return which code the shards of a study run, empty if nobody said.

        Parameters
        ----------
        study : str
            Its digest.
        """
        try:
            text = (self.folder / "codes" / f"study-{study}.txt").read_text(encoding="utf-8")
            found = json.loads(text)
            return {name: str(found[name]) for name in ("code", "worker", "cxsim")}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def codes(self) -> set[str]:
        """Return the digests of all code that runs of the store were made by."""
        return {path.stem for path in (self.folder / "codes").glob("*.json")}

    def code(self, digest: str) -> dict[str, str]:
        """Return what some runs were made by, digests by name; empty if it is not kept.

        Parameters
        ----------
        digest : str
        """
        try:
            text = (self.folder / "codes" / f"{digest}.json").read_text(encoding="utf-8")
            return {str(k): str(v) for k, v in json.loads(text)["components"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    # -- reading ---------------------------------------------------------------------

    @property
    def claims_file(self) -> Path:
        """The file by which processes say what they work on."""
        return self.folder / "claims.lock"

    def refresh(self) -> None:
        """Learn which runs other processes have added since."""
        runs = self.folder / "runs"
        changed = runs.stat().st_mtime_ns
        if changed == self._looked:
            return
        self._looked = changed
        for path in sorted(runs.glob("*.parquet")):
            if path.name not in self._seen:
                table = _read(path, ["run", "status"])
                self._seen.add(path.name)
                status = table.column("status").to_pylist()
                self._learn(table.column("run").to_pylist(), [each == "ok" for each in status])

    def has(self, run: str, *, retry: bool = False) -> bool:
        """Return whether a run is there, as of the last :meth:`refresh`.

        Parameters
        ----------
        run : str
            Its digest.
        retry : bool
            Whether one that failed counts as missing.
        """
        key = np.uint64(int(run, 16))
        return _holds(self._ok, key) or (not retry and _holds(self._faulty, key))

    def __len__(self) -> int:
        self.refresh()
        return len(np.union1d(self._ok, self._faulty))

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all runs, each once: one that went well before one that failed.

        Parameters
        ----------
        columns : sequence of str, optional
            Default: all.
        """
        import pandas as pd
        import pyarrow as pa

        wanted = (
            None if columns is None else [*dict.fromkeys(["run", "status", "finished", *columns])]
        )
        tables = [_read(path, wanted) for path in sorted((self.folder / "runs").glob("*.parquet"))]
        if not tables:
            return pd.DataFrame(columns=wanted or ["run", "status", "finished"])
        frame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
        frame["_bad"] = frame["status"] != "ok"
        frame = frame.sort_values(["_bad", "finished"], kind="stable").drop_duplicates("run")
        return frame.drop(columns="_bad").sort_values("run", ignore_index=True)

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
        found = frame[frame["run"].str.startswith(run)]
        if len(found) != 1:
            what = f"{len(found)} runs" if len(found) else "no run"
            near = hint(run, frame["run"]) if len(found) == 0 else ""
            raise StoreError(f"{self.folder}: expected one run {run!r}, found {what}{near}")
        return found.iloc[0].to_dict()

    def __repr__(self) -> str:
        return f"<Store {str(self.folder)!r}: {len(self)} runs>"


def _open_to_others(path: Path, *, like: Path) -> None:
    """Let those write who may write to the folder of the store: a group, or everybody."""
    shared = like.stat().st_mode & 0o3022
    with contextlib.suppress(OSError):  # it is somebody else's, who has seen to it
        path.chmod(path.stat().st_mode | (shared if path.is_dir() else shared & 0o022))


def _holds(keys: np.ndarray, key: np.uint64) -> bool:
    place = int(np.searchsorted(keys, key))
    return place < len(keys) and bool(keys[place] == key)


_TEXTS = ("run", "status", "message", "traceback", "scenario", "base", "overrides",
          "strategy", "worker", "code", "task", "adopted")  # fmt: skip


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows as a table; columns that some rows lack are null there."""
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = []
    for name in names:
        values = [row.get(name) for row in rows]
        arrays.append(pa.array(values, type=_type(name, values)))
    return pa.table(arrays, names=names)


def _type(name: str, values: list[Any]) -> Any:
    import pyarrow as pa

    if name in _TEXTS:
        return pa.string()
    if name == "seed":
        return pa.int64()
    if name.endswith("@period"):
        return pa.list_(pa.float64())
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:
        return pa.float64()  # one type in all files, however whole the numbers of one may be
    if len(kinds) > 1 or not kinds <= {bool, str}:
        values[:] = [None if value is None else str(value) for value in values]
        return pa.string()
    return None


def _read(path: Path, columns: list[str] | None) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if columns is not None:
            there = set(pq.read_schema(path).names)
            columns = [name for name in columns if name in there]
        return pq.ParquetFile(path).read(columns=columns)
    except (OSError, pa.ArrowInvalid) as error:
        reason = " ".join(str(error).split())
        raise StoreError(
            f"{path}: expected runs in Parquet, found {reason} "
            "(take the file away, and its runs are run again)"
        ) from None
