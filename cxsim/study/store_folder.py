"""The folder of a store: its parts, its format, and its small files, each verified when read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim.files.sealed import (
    DamagedError,
    digest_name,
    parsed_json,
    put_aside,
    read_named,
    read_text,
    sealed_json,
    sealed_text,
    unsealed,
)
from cxsim.files.whole import on_disk
from cxsim.scenario import Scenario
from cxsim.scenario.fields import Spec
from cxsim.scenario.loading import read_yaml
from cxsim.study.designs import Factor
from cxsim.study.outputs import known_measures, observed
from cxsim.study.study import Study

if TYPE_CHECKING:
    import pyarrow as pa

# -- The folder of a store: its parts, its format, and its small files, each verified when read


_SIGN = "store.json"


_PARTS = ("runs", "scenarios", "studies", "sessions", "codebooks", "codes", "drafts")


_ASIDE = "damaged"


#: Beginning of the names of files that say which code a study runs.
_AGREED = "study-"


_FORMAT = 2


#: The sign of a store of the first format, whose files carried no digests.
_FIRST = json.dumps({"made_by": "cxsim", "kind": "store of runs", "format": 1}).encode()


_FIRST_RUNS = re.compile(r"\d{20}-[0-9a-f]{8}\.parquet")


#: Drafts older than this many seconds are left from a process that was killed.
_STALE = 86_400


class StoreError(RuntimeError):
    """A store that cannot be read or written."""


class StoreFolder:
    """A store's folder, made if need be.

    Parameters
    ----------
    path : Path
        A new or empty folder, or an earlier store.

    Raises
    ------
    StoreError
        If the folder holds something else, or cannot be made.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self._open()
        except OSError as error:
            what = f"expected a folder for a store, found {said(error)}"
            raise StoreError(f"{path}: {what}") from None
        self._clean()

    @property
    def runs(self) -> Path:
        """The folder of the files of runs."""
        return self.path / "runs"

    @property
    def claims(self) -> Path:
        """The file by which processes say what they work on."""
        return self.path / "claims.lock"

    # -- opening ---------------------------------------------------------------------

    def _open(self) -> None:
        sign = self.path / _SIGN
        if not sign.is_file():
            # Its own parts without a sign: another sweep is just about to put it there.
            if self.path.exists() and self._others():
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
            if self._others() or not self.runs.is_dir():
                raise self._no_store() from None
            self.put_aside(sign, error, "it is written anew")
            facts = {"format": 1}
        self._make_parts()
        if facts.get("format") == 1:
            self._carry_over()
        elif facts.get("format") != _FORMAT:
            raise StoreError(
                f"{self.path}: expected a store of format {_FORMAT} or 1, "
                f"found format {facts.get('format')}"
            )

    def _others(self) -> bool:
        """Whether the folder holds what no store has."""
        mine = {*_PARTS, _SIGN, _ASIDE, self.claims.name}
        return any(each.name not in mine for each in self.path.iterdir())

    def _no_store(self) -> StoreError:
        return StoreError(
            f"{self.path}: expected a new folder or an earlier store, found other files"
        )

    def _make_parts(self) -> None:
        for part in (self.path / name for name in _PARTS):
            if not part.is_dir():
                part.mkdir(parents=True, exist_ok=True)
                _open_to_others(part, like=self.path)
        if not self.claims.exists():
            self.claims.touch()
            _open_to_others(self.claims, like=self.path)

    def _put_sign(self) -> None:
        facts = {"made_by": "cxsim", "kind": "store of runs", "format": _FORMAT}
        self.put(self.path / _SIGN, sealed_json(facts))

    def _carry_over(self) -> None:
        """Give the files of a store of the first format their digests.

        Whoever is stopped in the middle of it, or does it beside another process, finds the rest
        to do: what has a digest already is left alone, and the sign comes last.
        """
        for path in self.runs.glob("*.parquet"):
            if _FIRST_RUNS.fullmatch(path.name):
                with contextlib.suppress(FileNotFoundError):
                    name = digest_name(path.stem, path.read_bytes(), ".parquet")
                    path.replace(path.with_name(name))
        for part, seal in (("scenarios", _sealed_yaml), ("studies", _sealed_study)):
            for path in (self.path / part).iterdir():
                data = path.read_bytes()
                with contextlib.suppress(DamagedError):
                    unsealed(data, path)
                    continue
                try:
                    self.put(path, seal(data, path))
                except (DamagedError, UnicodeDecodeError) as error:
                    self.put_aside(path, error, "the store goes on without it")
        self._put_sign()

    def _clean(self) -> None:
        """Take away drafts of processes that were killed long ago."""
        for draft in (self.path / "drafts").glob("*"):
            try:
                if time.time() - draft.stat().st_mtime > _STALE:
                    draft.unlink()
            except OSError:
                continue

    # -- files -----------------------------------------------------------------------

    def put(self, path: Path, data: bytes) -> None:
        """Write a file that appears whole or not at all, and outlasts a power cut once it does.

        Parameters
        ----------
        path : Path
        data : bytes

        Raises
        ------
        StoreError
            If it cannot be written (a full disk); nothing is left of it then.
        """
        draft = self.path / "drafts" / uuid.uuid4().hex
        try:
            draft.write_bytes(data)
            on_disk(draft)
            draft.replace(path)
            on_disk(path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise StoreError(f"{self.path}: a file could not be written ({said(error)})") from error

    def put_aside(self, path: Path, error: Exception, meaning: str) -> None:
        """Move a damaged file out of the way, and warn of it.

        Parameters
        ----------
        path : Path
        error : Exception
            Its message names the file.
        meaning : str
            What follows for the user.
        """
        put_aside(path, self.path / _ASIDE, error, meaning)

    def keep_scenario(self, scenario: Scenario) -> None:
        """Keep a base scenario, if it is not there already and whole.

        Parameters
        ----------
        scenario : Scenario
        """
        path = self.path / "scenarios" / f"{scenario.digest}.yaml"
        if self._content(path) is None:
            self._keep(path, sealed_text(scenario.to_yaml()))

    def scenario(self, digest: str) -> Scenario:
        """Return a base scenario by its digest.

        Parameters
        ----------
        digest : str

        Raises
        ------
        StoreError
            If it is not kept here, or damaged.
        """
        path = self.path / "scenarios" / f"{digest}.yaml"
        if not path.is_file():
            raise StoreError(f"{self.path}: expected scenario {digest}, found no such file")
        if self._content(path) is None:
            raise StoreError(
                f"{path}: expected a scenario, found a damaged file "
                "(run the study again: the scenario is kept anew, and no run is done twice)"
            )
        # Code that it names is looked for in the current folder, never in the store.
        return Scenario.from_dict(read_yaml(path)[0], name=path.stem)

    def keep_study(self, digest: str, facts: Mapping[str, Any]) -> None:
        """Keep a study, if it is not there already and whole.

        Parameters
        ----------
        digest : str
        facts : mapping
        """
        path = self.path / "studies" / f"{digest}.json"
        if self._content(path) is None:
            self._keep(path, sealed_json(facts))

    def keep_session(self, facts: Mapping[str, Any]) -> str:
        """Keep what a process that writes here is, under a name of its own, and return that.

        Parameters
        ----------
        facts : mapping
        """
        name = _new_name()
        self.put(self.path / "sessions" / f"{name}.json", sealed_json(facts))
        return name

    def keep_codebook(self, columns: Mapping[str, Mapping[str, Any]]) -> str:
        """Keep what columns hold, in a file named by its content, and return the name.

        Parameters
        ----------
        columns : mapping of str to mapping
        """
        data = sealed_json({"columns": columns})
        path = self.path / "codebooks" / f"{hashlib.sha256(data).hexdigest()[:16]}.json"
        if self._content(path) is None:
            self._keep(path, data)
        return path.stem

    def codebook(self) -> dict[str, Any]:
        """Return what the columns of all runs hold, by column, as who wrote last says."""
        books = {name: book["columns"] for name, book in self._all("codebooks").items()}
        order = [str(each.get("codebook")) for each in self.sessions().values()]
        return {k: v for name in (*books, *order) for k, v in books.get(name, {}).items()}

    def sessions(self) -> dict[str, dict[str, Any]]:
        """Return which processes have written here, by name, in order of their beginning."""
        return self._all("sessions")

    def studies(self) -> dict[str, dict[str, Any]]:
        """Return the studies that are kept here, by digest."""
        return self._all("studies")

    def _all(self, part: str) -> dict[str, dict[str, Any]]:
        paths = sorted((self.path / part).glob("*.json"))
        found = {path.stem: self._content(path) for path in paths}
        return {digest: parsed_json(text, Path(digest)) for digest, text in found.items() if text}

    def keep_code(self, name: str, facts: Mapping[str, Any]) -> None:
        """Keep what runs were made by, if it is not there already and whole.

        Parameters
        ----------
        name : str
        facts : mapping
        """
        path = self.path / "codes" / f"{name}.json"
        if self._content(path) is None:
            self._keep(path, sealed_json(facts))

    def agree(self, study: str, facts: Mapping[str, Any]) -> None:
        """Keep which code a study runs from now on; what was said before stays where it is.

        Parameters
        ----------
        study : str
        facts : mapping
        """
        path = self.path / "codes" / f"{_AGREED}{study}-{_new_name()}.json"
        self.put(path, sealed_json(facts))

    def agreed(self, study: str) -> dict[str, Any]:
        """Return which code a study runs, by what was said last; nothing if nobody said.

        Parameters
        ----------
        study : str
        """
        names = sorted(p.stem for p in (self.path / "codes").glob(f"{_AGREED}{study}-*.json"))
        return next((facts for name in reversed(names) if (facts := self.code(name))), {})

    def codes(self) -> set[str]:
        """Return the names of all code that is kept."""
        names = {path.stem for path in (self.path / "codes").glob("*.json")}
        return {name for name in names if not name.startswith(_AGREED)}

    def code(self, name: str) -> dict[str, Any]:
        """Return what is kept of some code, nothing if it is missing or damaged."""
        path = self.path / "codes" / f"{name}.json"
        text = self._content(path)
        return parsed_json(text, path) if text else {}

    def _keep(self, path: Path, data: bytes) -> None:
        """Write a file that is the same whoever writes it.

        In a folder open to all (``/tmp``) nobody can replace another user's file: where one was
        quicker, it is there.
        """
        try:
            self.put(path, data)
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
            self.put_aside(path, error, "the store goes on without it")
            return None


def _new_name() -> str:
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
    import pyarrow.parquet as pq

    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = []
    for name in names:
        values = [row.get(name) for row in rows]
        arrays.append(pa.array(values, type=_type(name, values)))
    buffer = io.BytesIO()
    table = pa.table(arrays, names=names, metadata={SESSION: session.encode()})
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


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


# -- The codebook of a store: what each column of its runs holds -------------------------------


#: Columns that every store has: label, unit, definition.
BOOKKEEPING = {
    "run": ("Run", "", "Digest of all that determines the run's numbers; the key of the store"),
    "status": ("Status", "", "ok, failed, timeout (not done in time) or killed (its process died)"),
    "seed": ("Seed", "", "Seed of the random numbers; runs of one seed are paired"),
    "scenario": ("Scenario", "", "Digest of scenario and rules, the seed left out"),
    "base": ("Base", "", "Digest of the base scenario, kept as scenarios/DIGEST.yaml"),
    "overrides": ("Overrides", "", "What the run changes in the base scenario, as JSON"),
    "strategy": ("Strategy", "", "Name of the study's strategy that the run follows"),
    "code": ("Code", "", "Digest of the code that made the run (codes/DIGEST.json)"),
    "task": ("Task", "", "Digest of what was to be run, whatever the code"),
    "adopted": ("Adopted", "", "Digest of the run that these numbers were taken over from"),
    "message": ("Message", "", "What went wrong, for runs that failed"),
    "traceback": ("Traceback", "", "Where it went wrong, for runs that failed"),
    "seconds": ("Seconds", "s", "Time that the simulation took"),
    "worker": ("Worker", "", "Host and process that did the run"),
    "finished": ("Finished", "s", "When the run ended, in seconds since 1970-01-01 UTC"),
}


def codebook(study: Study) -> dict[str, dict[str, Any]]:
    """Return what the columns of a study's runs hold, by name.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict
        By column: ``kind`` (``bookkeeping``, ``factor`` or ``output``), ``label``, ``unit``,
        ``definition``; of outputs also ``summary``, how a run is summarized in one number.
        Outputs of a function are known by their names only, and are not in it.
    """
    columns = {name: _entry("bookkeeping", *words) for name, words in BOOKKEEPING.items()}
    columns |= {factor.name: _factor(factor, study.base) for factor in study.factors}
    if study.base is not None:
        columns |= _outputs(study, study.base)
    return columns


def _entry(kind: str, label: str, unit: str, definition: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "label": label, "unit": unit, "definition": definition, **more}


def _factor(factor: Factor, base: Scenario | None) -> dict[str, Any]:
    paths = [move.path for move in factor.moves]
    specs = [_spec(base, path) for path in paths] if base is not None else []
    docs = list(dict.fromkeys(spec.doc for spec in specs if spec is not None))
    units = list(dict.fromkeys(spec.unit for spec in specs if spec is not None))
    words = "; ".join(docs) or "A factor of the study"
    if [factor.name] != paths:
        words = f"{words} (moves {', '.join(paths)})"
    return _entry("factor", factor.name, units[0] if len(units) == 1 else "", words)


def _spec(base: Scenario, path: str) -> Spec | None:
    """Return what a dotted path names in the schema."""
    found: Spec | None = base.schema.root
    for part in path.split("."):
        if found is None:
            return None
        found = found.child(int(part) if part.isdigit() and found.items is not None else part)
    return found


def _outputs(study: Study, base: Scenario) -> dict[str, dict[str, Any]]:
    known = known_measures((*base.mechanisms, *observed(base).values()))
    columns = {}
    for output in study.outputs:
        measure = known.get((output.level, output.measure))
        if measure is None:
            continue
        summary = "a number a period" if output.by_period else measure.summary
        for column in output.columns(_firms(study, base)):
            columns[column] = _entry(
                "output", measure.label, measure.unit, measure.definition, summary=summary
            )
    return columns


def _firms(study: Study, base: Scenario) -> tuple[str, ...]:
    """Return the firms of the base scenario, and those that strategies add."""
    added: Iterable[str] = (
        path.split(".")[1]
        for changes in study.strategies.values()
        for path in changes
        if path.startswith("firms.") and "*" not in path
    )
    return tuple(dict.fromkeys([*base.firms, *added]))
