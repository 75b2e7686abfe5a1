"""The folder of a store: its parts, its format, and its small files, each verified when read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim._version import __version__
from cxsim.files.sealed import (
    DamagedError,
    digest_name,
    parsed_json,
    put_aside,
    read_named,
    read_text,
    sealed_bytes,
    sealed_json,
    sealed_text,
    unsealed,
    unsealed_bytes,
)
from cxsim.files.whole import on_disk
from cxsim.identity import text_digest
from cxsim.scenario import Scenario
from cxsim.scenario.loading import read_yaml

if TYPE_CHECKING:
    import pyarrow as pa

# -- The folder of a store: its parts, its format, and its small files, each verified when read


_SIGN = "store.json"


_PARTS = ("runs", "scenarios", "studies", "sessions", "codebooks", "codes", "drafts")


_ASIDE = "damaged"


#: Beginning of the names of files that say which code a study runs.
_AGREED = "study-"


#: Beginning of the names of files that hold the text of a module of a user's own.
_SOURCE = "source-"


_FORMAT = 2


#: The sign of a store of the first format, whose files carried no digests.
_FIRST = json.dumps({"made_by": "cxsim", "kind": "store of runs", "format": 1}).encode()


_FIRST_RUNS = re.compile(r"\d{20}-[0-9a-f]{8}\.parquet")


#: What a file of digests of cells says that it is.
_CELLS = "digests of cells"


#: Drafts older than this many seconds are left from a process that was killed.
_STALE = 86_400


class StoreError(RuntimeError):
    """A store that cannot be read or written."""


class StoreFolder:
    """A store's folder, made if need be.

    Parameters
    ----------
    folder : str or Path
        A new or empty folder, or an earlier store.

    Raises
    ------
    StoreError
        If the folder holds something else, or cannot be made.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        try:
            self._open()
        except OSError as error:
            what = f"expected a folder for a store, found {said(error)}"
            raise StoreError(f"{folder}: {what}") from None
        self._clean()

    @property
    def _runs(self) -> Path:
        return self.folder / "runs"

    @property
    def leases_file(self) -> Path:
        """The file by which processes say what they work on."""
        return self.folder / "claims.lock"  # by this name, processes of any version find it

    # -- opening ---------------------------------------------------------------------

    def _open(self) -> None:
        sign = self.folder / _SIGN
        if not sign.is_file():
            # Its own parts without a sign: another sweep is just about to put it there.
            if self.folder.exists() and self._others():
                raise self._no_store()
            self._make_parts()
            try:
                self._put_sign()
            except StoreError:
                if not sign.is_file():  # else another user's sweep has just put it there
                    raise
        data = sign.read_bytes()
        try:
            facts = {"format": 1} if data == _FIRST else parsed_json(unsealed(data, sign), sign)
        except DamagedError as error:
            if self._others() or not self._runs.is_dir():
                raise self._no_store() from None
            self._put_aside(sign, error, "it is written anew")
            facts = {"format": 1}
        self._make_parts()
        if facts.get("format") == 1:
            self._carry_over()
        elif facts.get("format") != _FORMAT:
            raise StoreError(
                f"{self.folder}: expected a store of format {_FORMAT} or 1, "
                f"found format {facts.get('format')}"
            )

    def _others(self) -> bool:
        """Whether the folder holds what no store has."""
        mine = {*_PARTS, _SIGN, _ASIDE, self.leases_file.name}
        return any(each.name not in mine for each in self.folder.iterdir())

    def _no_store(self) -> StoreError:
        return StoreError(
            f"{self.folder}: expected a new folder or an earlier store, found other files"
        )

    def _make_parts(self) -> None:
        for part in (self.folder / name for name in _PARTS):
            if not part.is_dir():
                part.mkdir(parents=True, exist_ok=True)
                _open_to_others(part, like=self.folder)
        if not self.leases_file.exists():
            self.leases_file.touch()
            _open_to_others(self.leases_file, like=self.folder)

    def _put_sign(self) -> None:
        facts = {"made_by": "cxsim", "kind": "store of runs", "format": _FORMAT}
        self._put(self.folder / _SIGN, sealed_json(facts))

    def _carry_over(self) -> None:
        """Give the files of a store of the first format their digests.

        Whoever is stopped in the middle of it, or does it beside another process, finds the rest
        to do: what has a digest already is left alone, and the sign comes last.
        """
        for path in self._runs.glob("*.parquet"):
            if _FIRST_RUNS.fullmatch(path.name):
                with contextlib.suppress(FileNotFoundError):
                    name = digest_name(path.stem, path.read_bytes(), ".parquet")
                    path.replace(path.with_name(name))
        for part, seal in (("scenarios", _sealed_yaml), ("studies", _sealed_study)):
            for path in (self.folder / part).iterdir():
                data = path.read_bytes()
                with contextlib.suppress(DamagedError):
                    unsealed(data, path)
                    continue
                try:
                    self._put(path, seal(data, path))
                except (DamagedError, UnicodeDecodeError) as error:
                    self._put_aside(path, error, "the store goes on without it")
        self._put_sign()

    def _clean(self) -> None:
        """Take away drafts of processes that were killed long ago."""
        for draft in (self.folder / "drafts").glob("*"):
            try:
                if time.time() - draft.stat().st_mtime > _STALE:
                    draft.unlink()
            except OSError:
                continue

    # -- files -----------------------------------------------------------------------

    def _put(self, path: Path, data: bytes) -> None:
        """Write a file that appears whole or not at all, and outlasts a power cut once it does.

        If it cannot be written (a full disk), nothing is left of it.
        """
        draft = self.folder / "drafts" / uuid.uuid4().hex
        try:
            draft.write_bytes(data)
            on_disk(draft)
            draft.replace(path)
            on_disk(path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise StoreError(
                f"{self.folder}: a file could not be written ({said(error)})"
            ) from error

    def _put_aside(self, path: Path, error: Exception, meaning: str) -> None:
        """Move a damaged file, which the error names, out of the way, and warn of it."""
        put_aside(path, self.folder / _ASIDE, error, meaning)

    def _keep(self, path: Path, data: bytes) -> None:
        """Write a file that is the same whoever writes it, unless it is there already and whole.

        In a folder open to all (``/tmp``) nobody can replace another user's file: where one was
        quicker, it is there.
        """
        if self._content(path) is not None:
            return
        try:
            self._put(path, data)
        except StoreError:
            if self._content(path) is None:
                raise

    def _content(self, path: Path) -> str | None:
        """Return a small file as it was written; None if it is missing or now put aside."""
        try:
            return read_text(path)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self._put_aside(path, error, "the store goes on without it")
            return None

    def _facts(self, path: Path) -> dict[str, Any]:
        """Return what a JSON file holds, nothing if it is missing or damaged."""
        text = self._content(path)
        return parsed_json(text, path) if text else {}

    def _all(self, part: str) -> dict[str, dict[str, Any]]:
        found = {
            path.stem: self._facts(path) for path in sorted((self.folder / part).glob("*.json"))
        }
        return {name: facts for name, facts in found.items() if facts}

    # -- scenarios and studies -------------------------------------------------------

    def keep_scenario(self, scenario: Scenario) -> None:
        """Keep a base scenario, so that its runs can be replayed.

        Parameters
        ----------
        scenario : Scenario
        """
        path = self.folder / "scenarios" / f"{scenario.digest}.yaml"
        self._keep(path, sealed_text(scenario.to_yaml()))

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
        path = self.folder / "scenarios" / f"{digest}.yaml"
        if not path.is_file():
            raise StoreError(f"{self.folder}: expected scenario {digest}, found no such file")
        if self._content(path) is None:
            raise StoreError(
                f"{path}: expected a scenario, found a damaged file "
                "(run the study again: the scenario is kept anew, and no run is done twice)"
            )
        return Scenario.from_dict(read_yaml(path)[0], name=path.stem)

    def keep_study(self, name: str, digest: str, facts: Mapping[str, Any]) -> None:
        """Keep a study as it was written, with versions.

        Parameters
        ----------
        name : str
        digest : str
        facts : mapping
            The study and the versions it ran with.
        """
        kept = {"name": name, "digest": digest, "cxsim": __version__, "study": facts}
        self._keep(self.folder / "studies" / f"{digest}.json", sealed_json(kept))

    def studies(self) -> dict[str, dict[str, Any]]:
        """Return the studies that are kept here, by digest."""
        return self._all("studies")

    def keep_cells(self, key: str, digests: np.ndarray) -> None:
        """Keep the digests of a study's cells, which take long to find.

        Parameters
        ----------
        key : str
            What names the study and the code that it runs.
        digests : ndarray of uint64, shape (cells,)
            Zero where one is not known.
        """
        self._put(self._cells_file(key), sealed_bytes(_CELLS, digests.astype("<u8").tobytes()))

    def cells(self, key: str, count: int) -> np.ndarray:
        """Return the digests of a study's cells as they were kept.

        Parameters
        ----------
        key : str
        count : int
            Cells of the study.

        Returns
        -------
        ndarray of uint64, shape (count,)
            Words without a unit, zero where one is not known.
        """
        path = self._cells_file(key)
        try:
            data = unsealed_bytes(_CELLS, path.read_bytes(), path)
        except FileNotFoundError:
            return np.zeros(count, np.uint64)
        except DamagedError as error:
            self._put_aside(path, error, "what it held is found anew")
            return np.zeros(count, np.uint64)
        found = np.frombuffer(data, "<u8").astype(np.uint64)
        return found if len(found) == count else np.zeros(count, np.uint64)

    def _cells_file(self, key: str) -> Path:
        return self.folder / "studies" / f"{key}.cells"

    # -- who wrote runs, and what their columns hold ---------------------------------

    def _keep_session(self, facts: Mapping[str, Any]) -> str:
        """Keep what a process that writes here is, under a name of its own, and return that."""
        name = new_name()
        self._put(self.folder / "sessions" / f"{name}.json", sealed_json(facts))
        return name

    def sessions(self) -> dict[str, dict[str, Any]]:
        """Return the writing processes: versions, platform, commit, command, time."""
        return self._all("sessions")

    def _keep_codebook(self, columns: Mapping[str, Mapping[str, Any]]) -> str:
        """Keep what columns hold, in a file named by its content, and return the name."""
        data = sealed_json({"columns": columns})
        path = self.folder / "codebooks" / f"{hashlib.sha256(data).hexdigest()[:16]}.json"
        self._keep(path, data)
        return path.stem

    def codebook(self) -> dict[str, dict[str, Any]]:
        """Return the description of each column of the runs: kind, label, unit and definition.

        Where processes differ, who wrote last counts.
        """
        books = {name: book["columns"] for name, book in self._all("codebooks").items()}
        order = [str(each.get("codebook")) for each in self.sessions().values()]
        return {k: v for name in (*books, *order) for k, v in books.get(name, {}).items()}

    # -- the code that runs were made by ---------------------------------------------

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
            self._keep(self._code_file(digest), sealed_json(facts))

    def keep_sources(self, texts: Mapping[str, str]) -> None:
        """Keep the texts of modules of a user's own, to be read; nothing here executes them.

        Parameters
        ----------
        texts : mapping of str to str
            By name of the module.
        """
        for name, text in texts.items():
            digest = text_digest(text)
            facts = {"module": name, "digest": digest, "text": text}
            self._keep(self._code_file(f"{_SOURCE}{name}-{digest}"), sealed_json(facts))

    def sources(self) -> dict[str, str]:
        """Return the texts of modules of a user's own, the latest of each name."""
        paths = (self.folder / "codes").glob(f"{_SOURCE}*.json")
        found = map(self._facts, sorted(paths, key=lambda path: path.stat().st_mtime_ns))
        return {facts["module"]: facts["text"] for facts in found if facts}

    def codes(self) -> set[str]:
        """Return the digests of all code that runs of the store were made by."""
        names = {path.stem for path in (self.folder / "codes").glob("*.json")}
        return {name for name in names if not name.startswith((_AGREED, _SOURCE))}

    def code(self, digest: str) -> dict[str, str]:
        """Return what some runs were made by, digests by name; empty if it is not kept.

        Parameters
        ----------
        digest : str
        """
        return dict(self._facts(self._code_file(digest)).get("components", {}))

    def agree(self, study: str, facts: Mapping[str, str]) -> None:
        """Keep which code the shards of a study run; what was said before stays where it is.

        Parameters
        ----------
        study : str
            What names it, whatever its code.
        facts : mapping
            ``code`` and ``worker``.
        """
        if self.agreed(study).get("code") != facts["code"]:
            kept = sealed_json({**facts, "cxsim": __version__})
            self._put(self._code_file(f"{_AGREED}{study}-{new_name()}"), kept)

    def agreed(self, study: str) -> dict[str, str]:
        """Return which code the shards of a study run, by what was said last; empty if nobody said.

        Parameters
        ----------
        study : str
            What names it, whatever its code.
        """
        paths = sorted((self.folder / "codes").glob(f"{_AGREED}{study}-*.json"), reverse=True)
        return next(filter(None, map(self._facts, paths)), {})

    def _code_file(self, name: str) -> Path:
        return self.folder / "codes" / f"{name}.json"


def new_name() -> str:
    """Return a name of a file that nobody else takes; later ones sort behind earlier ones."""
    return f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"


def said(error: OSError) -> str:
    """Return what the system says of an error, in lower case."""
    return (error.strerror or str(error)).lower()


def _sealed_yaml(data: bytes, path: Path) -> bytes:  # noqa: ARG001 - as the other takes it
    return sealed_text(data.decode())


def _sealed_study(data: bytes, path: Path) -> bytes:
    return sealed_json(parsed_json(data, path))


def _open_to_others(path: Path, *, like: Path) -> None:
    """Let those write who may write to the folder of the store: a group, or everybody."""
    shared = like.stat().st_mode & 0o3022
    with contextlib.suppress(OSError):  # it is somebody else's, who has seen to it
        path.chmod(path.stat().st_mode | (shared if path.is_dir() else shared & 0o022))


# -- Files of runs: rows as Parquet with page checksums, and back, with all that is odd refused


_TEXTS = ("run", "status", "message", "traceback", "scenario", "base", "overrides",
          "strategy", "worker", "code", "task", "adopted")  # fmt: skip


_NUMBERS = ("seconds", "finished")


#: Key of a file's metadata under which it says who wrote it.
SESSION = b"cxsim session"


#: Columns that every run has.
_ALWAYS = ("run", "status", "finished")


#: What a digest of a run looks like.
_DIGEST = "^[0-9a-f]{16}$"


def packed(rows: Sequence[Mapping[str, Any]], session: str = "") -> bytes:
    """Return rows as a Parquet file; columns that some rows lack are null there.

    Parameters
    ----------
    rows : sequence of mapping
        Values by column.
    session : str
        Who wrote them, kept in the file's metadata.
    """
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = []
    for name in names:
        values = [row.get(name) for row in rows]
        arrays.append(pa.array(values, type=_type(name, values)))
    return as_parquet(pa.table(arrays, names=names), [session] * len(rows))


def as_parquet(table: pa.Table, sessions: Sequence[str]) -> bytes:
    """Return a table of runs as a Parquet file.

    Parameters
    ----------
    table : Table
    sessions : sequence of str, shape (runs,)
        Who wrote each run, kept in the file's metadata.
    """
    import pyarrow.parquet as pq

    blocks = [[name, len(list(rows))] for name, rows in groupby(sessions)]
    kept = str(blocks[0][0]) if len(blocks) == 1 else json.dumps(blocks)
    buffer = io.BytesIO()
    table = table.replace_schema_metadata({SESSION: kept.encode()})
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


def sessions_of(table: pa.Table) -> list[str]:
    """Return who wrote each run of a file, "" where that is not known.

    Parameters
    ----------
    table : Table
        All rows of the file.
    """
    kept = (table.schema.metadata or {}).get(SESSION, b"").decode()
    if not kept.startswith("["):
        return [kept] * len(table)
    return [name for name, rows in json.loads(kept) for _ in range(rows)]


def words(runs: Sequence[str]) -> np.ndarray:
    """Return digests of runs as one number each.

    Parameters
    ----------
    runs : sequence of str
        16 hex digits each.

    Returns
    -------
    ndarray of uint64, shape (runs,)
    """
    return np.frombuffer(bytes.fromhex("".join(runs)), ">u8").astype(np.uint64)


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


def read_runs(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the runs of a file, verified before Parquet sees a byte of it.

    Parameters
    ----------
    path : Path
        Its name holds its digest.
    columns : sequence of str, optional
        Default: all. Those that it does not have are left out.

    Raises
    ------
    DamagedError
        If it is not as it was written, or holds something else than runs.
    OSError
        If it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = read_named(path)
    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        if columns is not None:
            there = set(file.schema_arrow.names)
            columns = [name for name in dict.fromkeys([*_ALWAYS, *columns]) if name in there]
        table = file.read(columns=columns)
        table.validate(full=True)
        odd = _odd(table)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        odd = " ".join(str(error).split())
    if odd:
        raise DamagedError(f"{path}: expected runs in Parquet, found {odd}")
    return table


def _odd(table: pa.Table) -> str | None:
    """Say what is odd about a table of runs, None if nothing is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = table.schema.names
    if len(set(names)) < len(names):
        return f"two columns {next(n for n in names if names.count(n) > 1)!r}"
    wanted = {**dict.fromkeys(_TEXTS, pa.string()), **dict.fromkeys(_NUMBERS, pa.float64()),
              "seed": pa.int64()}  # fmt: skip
    for name in _ALWAYS:
        if name not in names:
            return f"no column {name!r}"
        if table.column(name).null_count:
            return f"rows without {name!r}"
    for name in names:
        kind = table.schema.field(name).type
        if name in wanted and kind not in (wanted[name], pa.null()):
            return f"column {name!r} of {kind}"
        if name not in wanted and not _plain(kind):
            return f"column {name!r} of {kind}"
    fits = pc.match_substring_regex(table.column("run"), _DIGEST)
    if not pc.all(fits, min_count=0).as_py():
        return "a column 'run' with other things than digests"
    return None


def _plain(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return kind in (pa.null(), pa.float64(), pa.bool_(), pa.string(), pa.list_(pa.float64()))


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return tables of runs as one; a column of several types becomes text.

    Parameters
    ----------
    tables : sequence of Table
        At least one.
    """
    import pyarrow as pa

    types: dict[str, set[Any]] = {}
    for table in tables:
        for field in table.schema:
            if field.type != pa.null():
                types.setdefault(field.name, set()).add(field.type)
    mixed = {name for name, kinds in types.items() if len(kinds) > 1}
    if mixed:
        tables = [_with_texts(table, mixed) for table in tables]
    return pa.concat_tables(tables, promote_options="permissive")


def _with_texts(table: pa.Table, names: set[str]) -> pa.Table:
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if field.name in names and field.type != pa.string():
            texts = [None if v is None else str(v) for v in table.column(place).to_pylist()]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table
