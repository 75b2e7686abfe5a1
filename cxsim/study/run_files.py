"""Files of runs: rows as Parquet with page checksums, and back, with all that is odd refused."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim.sealed import DamagedError, read_named

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SESSION", "joined", "packed", "read_runs"]

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
