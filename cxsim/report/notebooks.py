"""Which notebooks there are, and what a name or path of one means.

The kernel overwrites one short line in a small file; the runner looks at it now and then.
A notebook that runs by itself, in JupyterLab or by plain papermill, tells nobody.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from cxsim._version import __version__
from cxsim.messages import found, hint
from cxsim.scenario import shipped_root

# -- Which notebooks there are, and what a name or path of one means ---------------------------


class NotebookInputError(ValueError):
    """A notebook that is not there, or is given something it cannot take."""

    def _render_traceback_(self) -> list[str]:
        """Show an error in a notebook without its traceback."""
        return [f"{type(self).__name__}: {self}"]


def shipped_notebooks() -> dict[str, Path]:
    """Return the notebooks that ship with the package, by name; those of the course come last."""
    folder = shipped_root("notebooks")
    paths = [*sorted(folder.glob("*.ipynb")), *sorted((folder / "course").glob("*.ipynb"))]
    return {path.stem: path for path in paths}


def find_notebook(name_or_path: str | Path) -> Path:
    """Return the file of a notebook.

    Parameters
    ----------
    name_or_path : str or Path
        A file, or the name of a notebook that ships with the package.

    Raises
    ------
    NotebookInputError
        If it is neither; with the nearest name that exists.
    """
    text = str(name_or_path)
    path = Path(text)
    shipped = shipped_notebooks()
    if text and "\0" not in text:
        if path.is_file():
            return path
        if text.removesuffix(".ipynb") in shipped:
            return shipped[text.removesuffix(".ipynb")]
    near = [each.name for each in path.parent.glob("*.ipynb")] if path.parent.is_dir() else []
    message = "expected a notebook, found " + ("a folder" if path.is_dir() else "no such file")
    raise NotebookInputError(f"{text}: {message}{hint(path.name, [*near, *shipped], listed=20)}")


def read_notebook(path: Path) -> dict[str, Any]:
    """Return a notebook as dictionaries and lists.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        Of the notebook format, version 4.

    Raises
    ------
    NotebookInputError
        If the file cannot be read or holds no notebook of Python code.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotebookInputError(f"{path}: expected a notebook, found {error.strerror}") from None
    except ValueError as error:
        raise NotebookInputError(f"{path}: expected a notebook, found no JSON ({error})") from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookInputError(f"{path}: expected a notebook, found other JSON")
    language = content.get("metadata", {}).get("kernelspec", {}).get("language", "python")
    if str(language).lower() != "python":
        raise NotebookInputError(f"{path}: expected a notebook in Python, found {found(language)}")
    return content


def title_of(notebook: dict[str, Any]) -> str:
    """Return the first heading of a notebook, empty if there is none."""
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "markdown":
            for line in "".join(cell.get("source", "")).splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return ""


# -- A folder to work in: notebooks and scenario files of one's own ----------------------------


#: What a folder to work in has beside copies of what ships.
_BESIDE = Path(__file__).with_name("workplace")


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
        shutil.copytree(_BESIDE, draft, dirs_exist_ok=True, copy_function=shutil.copyfile)
        for made in [draft, *draft.rglob("*")]:
            made.chmod(0o755 if made.is_dir() else 0o644)
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


# -- What a summary keeps: versions, and values as JSON takes them -----------------------------


_PACKAGES = ("numpy", "pandas", "numba", "scipy", "mesa", "papermill")


def versions() -> dict[str, str | None]:
    """Return the versions of the package, of Python and of what the numbers rest on."""
    found: dict[str, str | None] = {"cxsim": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def plain(value: Any) -> Any:
    """Return a value as JSON takes it: frames as rows, what is no number as null.

    Parameters
    ----------
    value : object
        Numbers, frames, texts, or containers of them.

    Returns
    -------
    object
    """
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


# -- Progress of a notebook, reported by its kernel to the process that started it -------------


#: Environment variable that names the file.
VARIABLE = "CXSIM_PROGRESS_FILE"


def tell_progress(stage: str = "simulating") -> Callable[[int, int], None] | None:
    """Return a function of (done, total) for ``progress=`` of runs and comparisons.

    None where nobody listens.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    file, last = Path(name), [0.0]

    def write(done: int, total: int) -> None:
        with contextlib.suppress(OSError):  # a run does not fail for its progress bar
            file.write_text(f"{stage}\t{done}\t{total}\n", encoding="utf-8")

    def tell(done: int, total: int) -> None:
        now = time.monotonic()
        if now - last[0] >= 0.1 or done == total:
            last[0] = now
            write(done, total)

    write(0, 0)  # the stage begins; how much there is to do is not known yet
    return tell


def read_progress(file: Path) -> tuple[str, int, int] | None:
    """Return stage, done and total as last told, None if nothing whole is there.

    Parameters
    ----------
    file : Path
        As :func:`tell_progress` writes it.

    Returns
    -------
    (str, int, int) or None
    """
    try:
        text = file.read_text(encoding="utf-8")
        stage, done, total = text.removesuffix("\n").split("\t")
        return (stage, int(done), int(total)) if text.endswith("\n") else None
    except (OSError, ValueError):
        return None
