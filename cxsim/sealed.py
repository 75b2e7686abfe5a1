"""Bytes at rest: files that carry a SHA-256 of what is in them, and are checked before use.

Three forms, one rule. A *sealed file* begins with a line that holds the digest of all that
follows; in texts behind a ``#`` (YAML, lists) or as the first key of a mapping (JSON), so that
the file stays what its name says. A file *named by its digest* (Parquet) has it in its name. A
*sealed folder* has a list of its files' digests, ``SHA256SUMS``, which ``sha256sum -c``
understands. What is read is handed on only after the digest was found right; anything else is a
:class:`DamagedError` that names the file.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxsim.files import whole_file

__all__ = [
    "SUMS",
    "DamagedError",
    "DamagedWarning",
    "digest_in",
    "digest_name",
    "head",
    "put_aside",
    "read_folder",
    "read_json",
    "read_named",
    "read_text",
    "seal_folder",
    "sealed_bytes",
    "sealed_json",
    "sealed_text",
    "unsealed",
    "unsealed_bytes",
    "write_json",
    "write_text",
]

#: The list of digests in a sealed folder.
SUMS = "SHA256SUMS"

#: The first line of a sealed text: as a comment, or as the first key of a JSON object.
_COMMENT = re.compile(rb"# sha256: ([0-9a-f]{64})\n")
_KEY = re.compile(rb'\{"sha256": "([0-9a-f]{64})",\n')

#: The first line of a sealed file of bytes.
_HEAD = re.compile(rb"cxsim ([a-z ]+) ([0-9a-f]{64})\n")

#: Digits of a digest in a file's name: 128 bits, more than chance will ever meet.
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


def write_text(path: str | Path, text: str) -> None:
    """Write a sealed text, whole or not at all.

    Parameters
    ----------
    path : str or Path
    text : str
    """
    with whole_file(path) as draft:
        draft.write_bytes(sealed_text(text))


def write_json(path: str | Path, facts: Mapping[str, Any]) -> None:
    """Write a sealed JSON object, whole or not at all.

    Parameters
    ----------
    path : str or Path
    facts : mapping
    """
    with whole_file(path) as draft:
        draft.write_bytes(sealed_json(facts))


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


def read_json(path: str | Path) -> dict[str, Any]:
    """Return a sealed JSON object.

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
    return parsed_json(read_text(path), Path(path))


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
