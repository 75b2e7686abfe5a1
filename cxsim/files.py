"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole_file", "whole_folder"]


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a draft to write to, which takes the final name once the block ends without error.

    Parameters
    ----------
    path : str or Path
        Final name; its folder is made if need be.

    Yields
    ------
    Path
        The draft, of the same suffix, in the same folder.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(0o666 & ~_umask())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path, *, sign: str) -> Iterator[Path]:
    """Give a draft folder to fill, which takes the final name once the block ends without error.

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
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield draft
        draft.chmod(0o777 & ~_umask())
        aside = draft.with_name(f"{draft.name}-old")
        if path.exists():
            path.replace(aside)  # moved, not deleted: an end between the two moves loses nothing
        draft.replace(path)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
