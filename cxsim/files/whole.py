"""Files and folders: names that every system takes, and writing whole or not at all."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

fcntl: Any
try:
    fcntl = importlib.import_module("fcntl")
except ImportError:  # Windows, browsers: what a killed process leaves stays there
    fcntl = None


#: End of the name of a file by which a process holds its draft of a folder.
_LOCK = ".lock"

#: Names that Windows keeps for devices, whatever their suffix.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)

#: Largest table that is read, in bytes when unpacked.
MAX_TABLE_BYTES = 256 << 20

#: Longest name made of other names, in bytes; no file system takes more than 255.
LONGEST = 120


def file_name(text: str, *, longest: int = LONGEST) -> str:
    """Return a name of a file or folder that every system takes, made of any text.

    Letters, digits, ``.``, ``_``, ``-`` and what is printable beyond ASCII stay; runs of
    anything else become ``_``. So no path comes out of it, whatever goes in.

    Parameters
    ----------
    text : str
    longest : int
        Bytes.

    Examples
    --------
    >>> file_name("a b/c"), file_name("../../x"), file_name("CON"), file_name("été 1.")
    ('a_b_c', '_.._x', '_CON', 'été_1')
    """
    kept = [
        c if c.isalnum() or c in "._-" or (c > "\x7f" and c.isprintable()) else "\0" for c in text
    ]
    name = re.sub("\0+", "_", "".join(kept))
    name = name.encode("utf-8")[:longest].decode("utf-8", errors="ignore")
    name = name.strip(".") or "_"  # dots hide files at the start; at the end Windows drops them
    return f"_{name}" if _DEVICES.fullmatch(name) else name


def is_file(path: str | Path) -> bool:
    """Whether there is such a file; False too for names that no system takes, or lets us see."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


@contextmanager
def whole_file(path: str | Path, *, mode: int = 0o666, sync: bool = True) -> Iterator[Path]:
    """Give a draft to write to, which takes the final name once the block ends without error.

    Parameters
    ----------
    path : str or Path
        Final name; its folder is made if need be.
    mode : int
        Who may read and write it, as far as the user's mask lets them.
    sync : bool
        Whether to wait until it is on the disk, so that no power cut leaves a file that is empty
        or half there.

    Yields
    ------
    Path
        The draft, of the same suffix, in the same folder.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{_start(path)}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(mode & ~_umask())
        if sync:
            on_disk(draft)
        draft.replace(path)
        if sync:
            on_disk(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path, *, sign: str) -> Iterator[Path]:
    """Give a draft folder to fill, which takes the final name once the block ends without error.

    Drafts that killed processes left are removed, those of living ones never.

    Parameters
    ----------
    path : str or Path
        Final name. A folder of that name is replaced if it is empty or holds ``sign``.
    sign : str
        Name of a file by which a folder of this kind is known.

    Raises
    ------
    FileExistsError
        If a folder of that name holds something else.
    """
    path = Path(path)
    if path.exists() and not (path / sign).exists() and (path.is_file() or any(path.iterdir())):
        raise FileExistsError(
            f"{path}: expected a new folder or an earlier result, found other files"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_drafts(path)
    handle, name = tempfile.mkstemp(prefix=f".{_start(path)}-", suffix=_LOCK, dir=path.parent)
    _lock(handle)  # until this process ends, however it does
    draft = Path(name.removesuffix(_LOCK))
    try:
        draft.mkdir()
        yield draft
        draft.chmod(0o777 & ~_umask())
        for each in (*draft.rglob("*"), draft):
            on_disk(each)
        aside = draft.with_name(f"{draft.name}-old")
        if path.exists():
            path.replace(aside)  # moved, not deleted: an end between the two moves leaves a copy
        draft.replace(path)
        on_disk(path.parent)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.close(handle)
        Path(name).unlink(missing_ok=True)


def _remove_left_drafts(path: Path) -> None:
    """Remove drafts of a folder whose processes were killed: nobody holds their locks."""
    for lock in path.parent.glob(f".*{_LOCK}"):
        draft = lock.with_name(lock.name.removesuffix(_LOCK))
        if not lock.name.startswith(f".{_start(path)}-") or not draft.is_dir():
            continue
        with contextlib.suppress(OSError), lock.open("rb+") as file:
            if _lock(file.fileno()):
                shutil.rmtree(draft, ignore_errors=True)
                lock.unlink(missing_ok=True)


def _lock(handle: int) -> bool:
    """Take the lock of a file for as long as it is open; return whether it could be had."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def keep_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as Parquet.

    Parameters
    ----------
    frame : DataFrame
        Its index is left out.
    path : Path
        In any encoding: Parquet's library itself opens files only where the name is Unicode.
    """
    with path.open("wb") as file:
        frame.to_parquet(file, index=False)


def on_disk(path: Path) -> None:
    """Wait until what was written to a file, or which names a folder holds, is on the disk.

    Parameters
    ----------
    path : Path
        A file or a folder.

    Raises
    ------
    OSError
        If a file could not be written after all (a full disk may be noticed only here).
    """
    if path.is_dir():
        with contextlib.suppress(OSError):  # not every system lets folders be waited for
            _sync(path, os.O_RDONLY)
    elif path.is_file():
        _sync(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)


def _sync(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class TooLargeError(ValueError):
    """A table that is larger than what is read; says how large."""


def check_size(path: str | Path) -> None:
    """Refuse a table that is too large once it is unpacked, without unpacking it.

    Parameters
    ----------
    path : str or Path
        XLSX and Parquet files say what is in them; of any other file its size counts.

    Raises
    ------
    TooLargeError
        If it is larger than ``MAX_TABLE_BYTES``.
    OSError, ValueError, zipfile.BadZipFile
        If it cannot be read, or is no such file.
    """
    size = _unpacked(Path(path))
    if size > MAX_TABLE_BYTES:
        most = MAX_TABLE_BYTES >> 20
        raise TooLargeError(f"{size / 2**20:,.0f} MiB of data, more than the {most} that are read")


def _unpacked(path: Path) -> int:
    kind = path.suffix.lower()
    if kind == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            return sum(each.file_size for each in archive.infolist())
    if kind == ".parquet":
        import pyarrow.parquet as pq

        with path.open("rb") as file:  # it takes no name that is not Unicode
            about = pq.ParquetFile(file).metadata
        packed = sum(about.row_group(k).total_byte_size for k in range(about.num_row_groups))
        return int(max(packed, 8 * about.num_rows * about.num_columns))
    return path.stat().st_size


def _start(path: Path) -> str:
    """Return the start of a draft's name, which is longer than the final one by some letters."""
    return file_name(path.stem, longest=60)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
