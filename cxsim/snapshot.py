"""A tree of plain data and arrays in one file, verified before any of it is read.

The file begins with a line of its kind and the SHA-256 of all that follows; then comes a line of
JSON, which holds the tree, and the bytes of its arrays. Nothing in it is code, and reading it
runs none. Arrays are read only when they are asked for, so that a large state is not in memory
twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import IO, Any

import numpy as np

from cxsim.files import on_disk, whole_file
from cxsim.sealed import DamagedError, digest_in, head

__all__ = [
    "ArrayOnDisk",
    "NotPlainError",
    "check_plain",
    "in_memory",
    "open_snapshot",
    "plain",
    "put_back",
    "write_snapshot",
]

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


def put_back(here: Mapping[str, np.ndarray], kept: Mapping[str, Any]) -> None:
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
