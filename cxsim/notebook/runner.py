"""Running a notebook from outside: check, run, judge, and leave a folder that is whole."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxsim.files import whole_folder
from cxsim.notebook.catalogue import NotebookInputError, find_notebook
from cxsim.notebook.html import load_converter, to_html
from cxsim.notebook.kernel import CellError, NotebookError, execute
from cxsim.notebook.parameters import checked, declared

__all__ = ["NotebookError", "NotebookInputError", "NotebookResult", "run_notebook"]

#: What the last step of a notebook writes; without it a run has not come to its end.
SENTINEL = "summary.json"

#: Sign of a folder that holds what a failed run left.
FAILED_SIGN = "error.txt"

#: What other programs leave in any folder they look into.
_LITTER = {".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "desktop.ini"}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class NotebookResult:
    """Where the results of a notebook are.

    Attributes
    ----------
    folder, notebook, report : Path
        The folder, and in it the executed notebook and the HTML page.
    summary : dict
        What the notebook wrote to ``summary.json``: status, parameters, numbers, versions.
    """

    folder: Path
    notebook: Path
    report: Path
    summary: dict[str, Any]


def run_notebook(
    path_or_name: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    output_folder: str | Path,
    timeout: float | None = None,
    progress: Progress | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> NotebookResult:
    """Run a notebook and leave it, its report and its data in a folder.

    Names, types and ranges of the parameters are checked before a kernel starts, scenarios
    and overrides are loaded. The folder appears whole or not at all. It replaces an earlier
    result and nothing else. If a cell fails, the notebook with its error stays in
    ``<folder>.failed``.

    Parameters
    ----------
    path_or_name : str or Path
        A notebook, or the name of one that ships with the package.
    parameters : mapping, optional
        Values by name; texts stand for what they say, as on a command line.
    output_folder : str or Path
        Where the results go.
    timeout : float, optional
        Seconds after which the notebook is stopped.
    progress : callable, optional
        Called with (stage, done, total), often; total 0 where nothing is counted.
    meanwhile : callable, optional
        Called once while the kernel starts: work that would cost time later.

    Raises
    ------
    NotebookInputError, ScenarioError
        If the notebook, a parameter, a scenario or the output folder cannot be used.
    NotebookError
        If the notebook fails, its kernel dies, or it takes too long.
    OSError
        If results cannot be written (a full disk).
    """
    source = find_notebook(path_or_name)
    values = checked(source, parameters or {})
    folder = Path(output_folder)
    keeps_data = "output" in declared(source)
    _check_folder(folder)
    try:
        with _draft(folder) as draft:
            if keeps_data:
                values["output"] = str(draft.resolve())
            _produce(source, values, draft, folder, timeout, progress, meanwhile)
    except FileExistsError as error:
        raise NotebookInputError(str(error)) from None
    failed = _failed(folder)
    if (failed / FAILED_SIGN).is_file():
        shutil.rmtree(failed, ignore_errors=True)
    summary = json.loads((folder / SENTINEL).read_text(encoding="utf-8"))
    return NotebookResult(folder, folder / source.name, folder / "report.html", summary)


def _produce(
    source: Path,
    values: dict[str, Any],
    draft: Path,
    folder: Path,
    timeout: float | None,
    progress: Progress | None,
    meanwhile: Callable[[], object] | None,
) -> None:
    """Fill a draft folder: the executed notebook, what it writes, and the report."""
    executed, scratch = draft / source.name, draft / ".scratch"

    def load() -> None:
        load_converter()
        if meanwhile is not None:
            meanwhile()

    scratch.mkdir()
    try:
        execute(
            source, executed, values,
            scratch=scratch, timeout=timeout, progress=progress, meanwhile=load,
        )  # fmt: skip
    except CellError as error:
        where = _keep_failed(executed, draft, folder, str(error))
        raise CellError(f"{error}{where}") from error.__cause__
    shutil.rmtree(scratch)
    content = json.loads(executed.read_text(encoding="utf-8"))
    summary = _verdict(draft, content, source, values)
    _tidy(content, draft, folder, source)
    executed.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if progress is not None:
        progress("writing the report", 0, 0)
    (draft / "report.html").write_text(to_html(executed), encoding="utf-8")
    summary["files"] = sorted({SENTINEL, *(each.name for each in draft.iterdir())})
    (draft / SENTINEL).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


def _verdict(
    draft: Path, content: dict[str, Any], source: Path, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the summary of a notebook that has come to its end.

    Raises
    ------
    NotebookError
        If it has not. A notebook without the parameter ``output`` is believed to have
        if all of its cells were run.
    """
    if "output" in values:
        try:
            summary = json.loads((draft / SENTINEL).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            summary = {}
        if summary.get("status") != "ok":
            raise NotebookError(f"{source.name}: ended without writing {SENTINEL} with status ok")
        return summary
    for cell in content["cells"]:
        code = cell["cell_type"] == "code" and "".join(cell["source"]).strip()
        if code and cell.get("execution_count") is None:
            raise NotebookError(f"{source.name}: ended before all of its cells were run")
    return {"status": "ok", "made_by": "cxsim", "notebook": source.stem, "parameters": dict(values)}


def _tidy(content: dict[str, Any], draft: Path, folder: Path, source: Path) -> None:
    """Let an executed notebook name its final place, and no draft."""
    for cell in content["cells"]:
        if "injected-parameters" in cell.get("metadata", {}).get("tags", ()):
            text = "".join(cell["source"]).replace(str(draft.resolve()), str(folder))
            cell["source"] = text.splitlines(keepends=True)
    facts = content["metadata"].get("papermill", {})
    facts.get("parameters", {}).pop("output", None)
    facts.update(input_path=source.name, output_path=source.name)


# ------------------------------------------------------------------- the folder


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier result."""
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise NotebookInputError(f"{folder}: expected a folder for results, found a file")
        return
    inside = {each.name for each in folder.iterdir()}
    try:
        summary = json.loads((folder / SENTINEL).read_text(encoding="utf-8"))
        ours = set(summary["files"]) if summary["made_by"] == "cxsim" else set()
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    others = sorted(inside - ours - _LITTER)
    if others:
        raise NotebookInputError(
            f"{folder}: expected a new folder or an earlier result, found {others[0]} in it "
            "(choose another folder with -o)"
        )


def _draft(folder: Path) -> Any:
    """Return a context that gives a draft of the folder; check that there can be one."""
    missing = folder.absolute()
    while not missing.exists():
        missing = missing.parent
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder.parent).close()  # asking is no proof, for root least
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        what = "a file" if not missing.is_dir() else (error.strerror or str(error)).lower()
        raise NotebookInputError(
            f"{folder}: expected a folder that can be written, found {what}"
        ) from None
    return whole_folder(folder, sign=SENTINEL)


def _failed(folder: Path) -> Path:
    return folder.with_name(folder.name + ".failed")


def _keep_failed(executed: Path, draft: Path, folder: Path, message: str) -> str:
    """Keep the notebook with its error beside the folder; say where, or nothing if it cannot be."""
    try:
        content = json.loads(executed.read_text(encoding="utf-8"))
        failed = _failed(folder)
        with whole_folder(failed, sign=FAILED_SIGN) as kept:
            _tidy(content, draft, folder, executed)
            text = json.dumps(content, indent=1, ensure_ascii=False)
            (kept / executed.name).write_text(text, encoding="utf-8")
            (kept / FAILED_SIGN).write_text(message + "\n", encoding="utf-8")
    except (OSError, ValueError):
        return ""
    return f" (see {failed / executed.name})"
