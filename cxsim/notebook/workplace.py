"""A folder to work in: notebooks and scenario files of one's own."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from cxsim.notebook.catalogue import NotebookInputError
from cxsim.scenario import shipped_root

__all__ = ["lay_out", "workplace"]

_MINE = """\
# A scenario of your own: it takes over everything from another one and changes some of it.
#   cxsim check params/mine.yaml
#   cxsim compare baseline params/mine.yaml
extends: baseline
title: What if Tailor asked a little more?
claim: >
  Customers in a learning relationship stay although the price rises by 5 %.
refuted_by: >
  Tailor's retention falls by more than a point.
firms:
  Tailor:
    price: 21.0
"""

_README = """\
# A place to work with cxsim

- `notebooks/`: copies to change as you like. Start with `00_start_here.ipynb`.
- `params/scenarios/`: copies of the scenarios that come with the package. By name
  (`cxsim run baseline`) you get the package's own, by path
  (`cxsim run params/scenarios/baseline.yaml`) yours.
- `params/mine.yaml`: a scenario to start from.
- `results/`: what `cxsim run` and `cxsim compare` write when started here.

Open it with `cxsim lab`.
"""


def lay_out(folder: str | Path) -> Path:
    """Copy notebooks and scenario files to a new folder, which appears whole or not at all.

    Raises
    ------
    NotebookInputError
        If the folder is there and not empty, or cannot be written.
    """
    folder = Path(folder)
    try:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            inside = "a file" if not folder.is_dir() else "other files in it"
            raise NotebookInputError(f"{folder}: expected a new or empty folder, found {inside}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _cannot(folder, error) from None
    try:
        skip = shutil.ignore_patterns(".*", "__pycache__", "results", "predictions")
        for kind in ("notebooks", "params"):
            # Plain copies: what is read-only in a shared installation is the user's own here.
            shutil.copytree(
                shipped_root(kind), draft / kind, ignore=skip, copy_function=shutil.copyfile
            )
        for made in [draft, *draft.rglob("*")]:
            made.chmod(0o755 if made.is_dir() else 0o644)
        (draft / "params" / "mine.yaml").write_text(_MINE, encoding="utf-8")
        (draft / "README.md").write_text(_README, encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        draft.replace(folder)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise _cannot(folder, error) from None
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _cannot(folder: Path, error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return error
    what = (error.strerror or str(error)).lower()
    return NotebookInputError(f"{folder}: expected a folder that can be written, found {what}")


def workplace(folder: str | Path = ".") -> tuple[Path, bool]:
    """Return a folder that has ``notebooks/``, and whether it was laid out for this.

    That is the folder itself, or ``cxsim-lab`` in it.

    Raises
    ------
    NotebookInputError
        If there is no such folder, or none can be laid out in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "a file" if folder.exists() else f"no folder (cxsim new {folder} makes one)"
        raise NotebookInputError(f"{folder}: expected a folder, found {what}")
    for place in (folder, folder / "cxsim-lab"):
        if (place / "notebooks" / "00_start_here.ipynb").is_file():
            return place, False
    return lay_out(folder / "cxsim-lab"), True
