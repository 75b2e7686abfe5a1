"""Bytes at rest: files that carry a SHA-256 of what is in them, and are checked before use.

Three forms, one rule. A *sealed file* begins with a line that holds the digest of all that
follows; in texts behind a ``#`` (YAML, lists) or as the first key of a mapping (JSON), so that
the file stays what its name says. A file *named by its digest* (Parquet) has it in its name. A
*sealed folder* has a list of its files' digests, ``SHA256SUMS``, which ``sha256sum -c``
understands. What is read is handed on only after the digest was found right; anything else is a
:class:`DamagedError` that names the file.

The file begins with a line of its kind and the SHA-256 of all that follows; then comes a line of
JSON, which holds the tree, and the bytes of its arrays. Nothing in it is code, and reading it
runs none. Arrays are read only when they are asked for, so that a large state is not in memory
twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import IO, Any

import numpy as np

from cxsim.files.whole import on_disk, whole_file

# -- Bytes at rest: files that carry a SHA-256 of what is in them, and are checked before use


#: The list of digests in a sealed folder.
SUMS = "SHA256SUMS"


#: The first line of a sealed text: as a comment, or as the first key of a JSON object.
_COMMENT = re.compile(rb"# sha256: ([0-9a-f]{64})\n")


_KEY = re.compile(rb'\{"sha256": "([0-9a-f]{64})",\n')


#: The first line of a sealed file of bytes.
_HEAD = re.compile(rb"cxsim ([a-z ]+) ([0-9a-f]{64})\n")


#: Digits of a digest in a file's name: 128 bits, so that two digests never agree by chance.
NAMED = 32


_NAME = re.compile(rf"-([0-9a-f]{{{NAMED}}})\.[a-z0-9]+")


class DamagedError(ValueError):
    """A file that is not as it was written; says which, and what was found."""


class DamagedWarning(UserWarning):
    """A file that is not as it was written, and what was done without it."""


# --- bytes ------------------------------------------------------------------------


def head(kind: str, digest: str) -> bytes:
    """Return the first line of a sealed file of bytes.

    Parameters
    ----------
    kind : str
        What kind of file it is, in small letters.
    digest : str
        SHA-256 of all that follows, 64 hex digits.
    """
    return f"cxsim {kind} {digest}\n".encode()


def digest_in(line: bytes, kind: str, path: Path) -> str:
    """Return the digest in the first line of a sealed file of bytes.

    Parameters
    ----------
    line : bytes
    kind : str
    path : Path
        For the message.

    Raises
    ------
    DamagedError
        If it is no such line.
    """
    found = _HEAD.fullmatch(line)
    if found is None or found[1].decode() != kind:
        raise DamagedError(f"{path}: expected a {kind}, found another file")
    return found[2].decode()


def sealed_bytes(kind: str, data: bytes) -> bytes:
    """Return bytes behind a line that holds their kind and their digest.

    Parameters
    ----------
    kind : str
    data : bytes
    """
    return head(kind, _sha256(data)) + data


def unsealed_bytes(kind: str, data: bytes, path: Path) -> bytes:
    """Return bytes as they were given, once their digest was found right.

    Parameters
    ----------
    kind : str
    data : bytes
    path : Path
        For the message.

    Raises
    ------
    DamagedError
        If they are of another kind, or other bytes.
    """
    line, _, rest = data.partition(b"\n")
    if digest_in(line + b"\n", kind, path) != _sha256(rest):
        raise DamagedError(f"{path}: expected what was written, found other bytes")
    return rest


# --- texts ------------------------------------------------------------------------


def sealed_text(text: str) -> bytes:
    """Return a text of lines, such as YAML, behind a comment that holds its digest.

    Parameters
    ----------
    text : str
    """
    data = text.encode()
    return f"# sha256: {_sha256(data)}\n".encode() + data


def sealed_json(facts: Mapping[str, Any]) -> bytes:
    """Return a mapping as JSON whose first key, ``sha256``, is the digest of all that follows.

    Parameters
    ----------
    facts : mapping
        Plain data; it must not be empty.
    """
    text = json.dumps(facts, indent=1, default=str).removeprefix("{\n")
    data = text.encode() + b"\n"
    return f'{{"sha256": "{_sha256(data)}",\n'.encode() + data


def unsealed(data: bytes, path: Path) -> bytes:
    """Return a sealed text as it was given, once its digest was found right.

    Parameters
    ----------
    data : bytes
    path : Path
        For the message.

    Raises
    ------
    DamagedError
        If there is no digest, or it is that of other bytes.
    """
    for form, start in ((_COMMENT, b""), (_KEY, b"{\n")):
        if (line := form.match(data)) is not None:
            rest = data[line.end() :]
            if _sha256(rest) != line[1].decode():
                raise DamagedError(f"{path}: expected what was written, found other bytes")
            return start + rest
    raise DamagedError(f"{path}: expected a digest in the first line, found none")


def unsealed_if_sealed(data: bytes, path: Path) -> bytes:
    """Return a text without the line that holds its digest, checked; one without it as it is.

    Parameters
    ----------
    data : bytes
    path : Path
        For the message.

    Raises
    ------
    DamagedError
        If there is a digest, and it is that of other bytes.
    """
    return unsealed(data, path) if data.startswith(b"# sha256:") else data


def write_text(path: str | Path, text: str) -> None:
    """Write a sealed text, whole or not at all.

    Parameters
    ----------
    path : str or Path
    text : str
    """
    with whole_file(path) as draft:
        draft.write_bytes(sealed_text(text))


def read_text(path: str | Path) -> str:
    """Return a sealed text.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    DamagedError
        If it is not as it was written.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    return unsealed(path.read_bytes(), path).decode()


def parsed_json(text: str | bytes, path: Path) -> dict[str, Any]:
    """Return a JSON object, or say that a file holds none."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise DamagedError(f"{path}: expected a JSON object, found something else")
    return facts


# --- files named by their digest --------------------------------------------------


def digest_name(stem: str, data: bytes, suffix: str) -> str:
    """Return a name that holds the digest of a file's bytes.

    Parameters
    ----------
    stem : str
        How it begins.
    data : bytes
    suffix : str
        With its dot.
    """
    return f"{stem}-{_sha256(data)[:NAMED]}{suffix}"


def read_named(path: Path) -> bytes:
    """Return the bytes of a file that has their digest in its name.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DamagedError
        If the name holds no digest, or that of other bytes.
    OSError
        If it cannot be read.
    """
    name = _NAME.search(path.name)
    if name is None or name.end() != len(path.name):
        raise DamagedError(f"{path}: expected a digest in the file's name, found none")
    data = path.read_bytes()
    if _sha256(data)[:NAMED] != name[1]:
        raise DamagedError(f"{path}: expected what was written, found other bytes")
    return data


# --- folders ----------------------------------------------------------------------


def seal_folder(folder: Path) -> None:
    """Write down the digests of all files of a folder, those below it too.

    Parameters
    ----------
    folder : Path
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [
        f"{_sha256(path.read_bytes())}  {path.relative_to(folder).as_posix()}\n" for path in files
    ]
    write_text(folder / SUMS, "".join(lines))


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the files of a sealed folder, by name.

    What else lies there (a note that somebody added) is left alone.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to bytes

    Raises
    ------
    DamagedError
        If one of them is missing or not as it was written, or there is no list of them.
    OSError
        If one cannot be read.
    """
    try:
        lines = read_text(folder / SUMS).splitlines()
    except FileNotFoundError:
        raise DamagedError(
            f"{folder}: expected {SUMS} with the digests of its files, found none "
            "(an earlier version wrote none: save it again)"
        ) from None
    found = {}
    for line in lines:
        digest, _, name = line.partition("  ")
        path = folder / name
        try:
            data = path.read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            raise DamagedError(f"{path}: expected what was written, found no such file") from None
        if _sha256(data) != digest:
            raise DamagedError(f"{path}: expected what was written, found other bytes")
        found[name] = data
    return found


# --- what is done with damage -----------------------------------------------------


def put_aside(path: Path, folder: Path, error: Exception, meaning: str) -> None:
    """Move a damaged file into a folder, and warn of it.

    Parameters
    ----------
    path : Path
    folder : Path
        Made if it is not there.
    error : Exception
        What is wrong with the file; its message names it.
    meaning : str
        What follows for the user.

    Notes
    -----
    Where it cannot be moved (a read-only disk, another process was quicker) it is left, and the
    warning is the same: whoever reads goes on without it.
    """
    try:
        folder.mkdir(exist_ok=True)
        path.replace(folder / path.name)
        where = f"put aside into {folder.name}/"
    except OSError:
        where = "left where it is"
    warnings.warn(f"{error} ({where}; {meaning})", DamagedWarning, stacklevel=3)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# -- A tree of plain data and arrays in one file, verified before any of it is read ------------


#: Arrays begin at multiples of this many bytes.
_LINE = 64


#: Bytes hashed at a time.
_CHUNK = 1 << 20


_KINDS = "biuf"


_ODD = "plain data (None, numbers, text, lists, tuples, mappings, arrays of numbers)"


class NotPlainError(TypeError):
    """A value that is no plain data; says where it stands and what it is.

    Attributes
    ----------
    place : str
        The path to it.
    text : str
        What was expected and what was found.
    """

    def __init__(self, place: str, text: str):
        super().__init__(f"{place}: {text}")
        self.place, self.text = place, text


class ArrayOnDisk:
    """An array of a snapshot, read whenever NumPy asks for it (``np.copyto(here, it)``).

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    """

    def __init__(self, file: IO[bytes], facts: dict[str, Any], start: int):
        self._file, self._begin = file, start + facts["at"]
        self.shape, self.dtype = tuple(facts["shape"]), np.dtype(facts["dtype"])
        self._order: Any = facts["order"]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        made = np.empty(self.shape, self.dtype, order=self._order)
        flat = made.reshape(-1, order=self._order).view(np.uint8)
        self._file.seek(self._begin)
        self._file.readinto(memoryview(flat))  # type: ignore[attr-defined]
        return made if dtype is None else made.astype(dtype)


def plain(value: Any, place: str, arrays: list[np.ndarray]) -> Any:
    """Return plain data as JSON can hold it, arrays taken out.

    Tuples, mappings whose keys are no text, and NumPy's numbers are marked, so that all of them
    come back as what they were.

    Arrays keep their shape, type and unit, whatever they are.

    Parameters
    ----------
    value : plain data
    place : str
        How messages call it.
    arrays : list of ndarray
        Where arrays are put.

    Raises
    ------
    NotPlainError
        If something in it is no plain data, or stands in it twice: of two names for one
        list, a copy would make two lists.
    """
    return _plain(value, place, arrays, {})


def check_plain(value: Any, place: str) -> None:
    """Refuse what a snapshot could not bring back as it is.

    Parameters
    ----------
    value : object
    place : str
        How messages call it.

    Raises
    ------
    NotPlainError
        If something in it is no plain data, or two arrays in it share memory.
    """
    arrays: list[np.ndarray] = []
    plain(value, place, arrays)
    for one, other in combinations(arrays, 2):
        if np.may_share_memory(one, other):
            raise NotPlainError(place, "expected arrays of their own, found two that share memory")


def _plain(value: Any, place: str, arrays: list[np.ndarray], seen: dict[int, str]) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in _KINDS:
        return {"$number": [value.dtype.str, value.tobytes().hex()]}
    if id(value) in seen:
        raise NotPlainError(place, f"expected data of its own, found the same as {seen[id(value)]}")
    if kind is not tuple:
        seen[id(value)] = place
    if kind is np.ndarray and value.dtype.kind in _KINDS:
        arrays.append(value)
        return {"$array": len(arrays) - 1}
    if kind in (list, tuple):
        held = [_plain(each, f"{place}[{k}]", arrays, seen) for k, each in enumerate(value)]
        return held if kind is list else {"$tuple": held}
    if kind is dict:
        values = {k: _plain(v, f"{place}[{k!r}]", arrays, seen) for k, v in value.items()}
        if all(type(key) is str and not key.startswith("$") for key in values):
            return values
        keys = [_plain(key, f"{place}: a key", arrays, seen) for key in values]
        return {"$dict": [list(pair) for pair in zip(keys, values.values(), strict=True)]}
    raise NotPlainError(place, f"expected {_ODD}, found {kind.__name__}")


def _restored(tree: Any, arrays: list[ArrayOnDisk]) -> Any:
    if isinstance(tree, list):
        return [_restored(each, arrays) for each in tree]
    if not isinstance(tree, dict):
        return tree
    if len(tree) == 1:
        ((mark, held),) = tree.items()
        if mark == "$array":
            return arrays[held]
        if mark == "$tuple":
            return tuple(_restored(held, arrays))
        if mark == "$number":
            return np.frombuffer(bytes.fromhex(held[1]), held[0])[0]
        if mark == "$dict":
            return {_restored(k, arrays): _restored(v, arrays) for k, v in held}
    return {key: _restored(each, arrays) for key, each in tree.items()}


def in_memory(value: Any) -> Any:
    """Return plain data with its arrays read.

    Parameters
    ----------
    value : plain data
    """
    if isinstance(value, ArrayOnDisk):
        return np.asarray(value)
    if isinstance(value, (list, tuple)):
        return type(value)(in_memory(each) for each in value)
    if isinstance(value, dict):
        return {key: in_memory(each) for key, each in value.items()}
    return value


def restore_arrays(here: Mapping[str, np.ndarray], kept: Mapping[str, Any]) -> None:
    """Put arrays of a snapshot into those that a new object has made for them.

    Parameters
    ----------
    here : mapping of str to ndarray
    kept : mapping of str to ArrayOnDisk

    Raises
    ------
    DamagedError
        If they are others, or of another shape.
    """
    for name in sorted({*here, *kept}):
        if name not in here or name not in kept:
            raise DamagedError(f"expected the arrays of this run, {name!r} is in one of both only")
        if (here[name].shape, here[name].dtype) != (kept[name].shape, kept[name].dtype):
            raise DamagedError(
                f"expected {name!r} of {here[name].dtype}{here[name].shape}, "
                f"found {kept[name].dtype}{kept[name].shape}"
            )
        np.copyto(here[name], kept[name])


def write_snapshot(path: Path, kind: str, state: Any, *, keep: Callable[[], None]) -> None:
    """Write plain data to a file, whole or not at all.

    Parameters
    ----------
    path : Path
    kind : str
        What kind of file it is, in small letters.
    state : plain data
    keep : callable
        Called once all is on the disk, before the file takes its name: the moment to move away
        what has that name now.

    Raises
    ------
    NotPlainError
        If something in it is no plain data.
    OSError
        If it cannot be written.
    """
    arrays: list[np.ndarray] = []
    tree = plain(state, "state", arrays)
    facts, end = [], 0
    for array in arrays:
        order: Any = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        facts.append(
            {"at": end, "dtype": array.dtype.str, "shape": list(array.shape), "order": order}
        )
        end += -(-array.nbytes // _LINE) * _LINE
    header = json.dumps({"arrays": facts, "state": tree}).encode() + b"\n"
    with whole_file(path) as draft:
        with draft.open("wb") as file:
            file.write(head(kind, "0" * 64))
            digest = hashlib.sha256(header)
            file.write(header)
            for array, fact in zip(arrays, facts, strict=True):
                flat = array.reshape(-1, order=fact["order"]).view(np.uint8)
                for part in (memoryview(flat), bytes(-len(flat) % _LINE)):
                    digest.update(part)
                    file.write(part)
            file.seek(0)
            file.write(head(kind, digest.hexdigest()))
        on_disk(draft)
        keep()


@contextlib.contextmanager
def open_snapshot(path: Path, kind: str) -> Iterator[Any]:
    """Give the plain data of a file; its arrays can be read as long as the block lasts.

    Parameters
    ----------
    path : Path
    kind : str

    Raises
    ------
    DamagedError
        If it is no such file, or not as it was written.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        written = digest_in(file.readline(200), kind, path)
        begin = file.tell()
        digest = hashlib.sha256()
        while part := file.read(_CHUNK):
            digest.update(part)
        if digest.hexdigest() != written:
            raise DamagedError(f"{path}: expected what was written, found other bytes")
        file.seek(begin)
        header = json.loads(file.readline())
        start = file.tell()
        arrays = [ArrayOnDisk(file, facts, start) for facts in header["arrays"]]
        yield _restored(header["state"], arrays)
