"""Which notebooks there are, and what a name or path of one means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cxsim.scenario.messages import found, hint
from cxsim.scenario.shipped import shipped_root

__all__ = ["NotebookInputError", "find_notebook", "read_notebook", "shipped_notebooks", "title_of"]


class NotebookInputError(ValueError):
    """A notebook that is not there, or is given something it cannot take."""

    def _render_traceback_(self) -> list[str]:
        """Show what is wrong in a notebook without the stack that leads to it."""
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
