"""Running a notebook from outside: check, run, judge, and leave a folder that is whole.

Papermill marks every cell of a notebook whose kernel was killed as completed, and its
way of stopping at Ctrl-C prints a stack trace. So papermill works in a thread here; the
main thread watches the clock, passes on progress, and takes Ctrl-C; whoever has to stop
the kernel kills its process.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import logging
import math
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

from cxsim.files.whole import whole_folder
from cxsim.report.notebook_parameters import checked, declared
from cxsim.report.notebooks import (
    VARIABLE,
    NotebookInputError,
    find_notebook,
    read_progress,
    title_of,
)
from cxsim.scenario.display import templates

# -- Running a notebook from outside: check, run, judge, and leave a folder that is whole ------


#: What the last step of a notebook writes; without it a run has not come to its end.
SENTINEL = "summary.json"


#: Sign of a folder that holds what a failed run left.
FAILED_SIGN = "error.txt"


#: What other programs leave in any folder they look into.
_LITTER = {".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "desktop.ini"}


Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Watch:
    """Options of a caller who waits for a notebook.

    Attributes
    ----------
    timeout : float
        Seconds after which the kernel is stopped; infinite for never.
    progress : callable
        Called with (stage, done, total) ten times a second; total 0 where nothing is counted.
    meanwhile : callable
        Called once while the kernel starts: work that would cost time later.
    """

    timeout: float
    progress: Progress
    meanwhile: Callable[[], object]


@dataclass(frozen=True)
class NotebookResult:
    """Folder and files of a notebook's results.

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
    watch = Watch(
        math.inf if timeout is None else timeout,
        progress or (lambda *_: None),
        meanwhile or (lambda: None),
    )
    try:
        with _draft(folder) as draft:
            if keeps_data:
                values["output"] = str(draft.resolve())
            _produce(source, values, draft, folder, watch)
    except FileExistsError as error:
        raise NotebookInputError(str(error)) from None
    failed = _failed(folder)
    if (failed / FAILED_SIGN).is_file():
        shutil.rmtree(failed, ignore_errors=True)
    summary = json.loads((folder / SENTINEL).read_text(encoding="utf-8"))
    return NotebookResult(folder, folder / source.name, folder / "report.html", summary)


def _produce(source: Path, values: dict[str, Any], draft: Path, folder: Path, watch: Watch) -> None:
    """Fill a draft folder: the executed notebook, what it writes, and the report."""
    executed, scratch = draft / source.name, draft / ".scratch"

    def load() -> None:
        import nbconvert  # noqa: F401 - takes a second, which the kernel takes to start anyway

        watch.meanwhile()

    scratch.mkdir()
    try:
        execute(source, executed, values, scratch=scratch, watch=replace(watch, meanwhile=load))
    except CellError as error:
        where = _keep_failed(executed, draft, folder, str(error))
        raise CellError(f"{error}{where}") from error.__cause__
    shutil.rmtree(scratch)
    content = _tidied(executed, draft, folder)
    summary = _verdict(draft, content, source, values)
    _write(content, executed)
    watch.progress("writing the report", 0, 0)
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


def _tidied(executed: Path, draft: Path, folder: Path) -> dict[str, Any]:
    """Return an executed notebook that names its final place, and no draft."""
    content: dict[str, Any] = json.loads(executed.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if "injected-parameters" in cell.get("metadata", {}).get("tags", ()):
            text = "".join(cell["source"]).replace(str(draft.resolve()), str(folder))
            cell["source"] = text.splitlines(keepends=True)
    facts = content["metadata"].get("papermill", {})
    facts.get("parameters", {}).pop("output", None)
    facts.update(input_path=executed.name, output_path=executed.name)
    return content


def _write(content: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


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
        failed = _failed(folder)
        with whole_folder(failed, sign=FAILED_SIGN) as kept:
            _write(_tidied(executed, draft, folder), kept / executed.name)
            (kept / FAILED_SIGN).write_text(message + "\n", encoding="utf-8")
    except (OSError, ValueError):
        return ""
    return f" (see {failed / executed.name})"


# -- Running a notebook in a kernel, with a verdict that can be trusted ------------------------


#: Seconds between two looks at the kernel.
TICK = 0.1


class NotebookError(RuntimeError):
    """A notebook that did not come to its end."""


class CellError(NotebookError):
    """A notebook with a cell that raised an error."""


def execute(
    source: Path, target: Path, parameters: Mapping[str, Any], *, scratch: Path, watch: Watch
) -> None:
    """Run a notebook by papermill and write the executed one.

    Parameters
    ----------
    source, target : Path
        The notebook, and where the executed one goes.
    parameters : mapping
        Plain values by name.
    scratch : Path
        A folder for what the kernel says of itself.
    watch : Watch
        When to give up, and whom to tell.

    Raises
    ------
    CellError
        If a cell raises an error; the notebook up to there is in ``target``.
    NotebookError
        If the kernel dies, does not start, or takes too long.
    OSError
        If the notebook cannot be written.
    KeyboardInterrupt
        If the user stops it; the kernel is gone then.
    """
    run = _Execution(source, target, dict(parameters), scratch)
    run.watch(watch)
    # A port taken by somebody else between choosing and using it: rare, and gone at once.
    if run.error is not None and not run.started and not isinstance(run.error, OSError):
        run = _Execution(source, target, dict(parameters), scratch)
        run.watch(replace(watch, meanwhile=lambda: None))
    if run.error is not None:
        raise run.reason() from run.error


class _Execution:
    """One attempt: a thread that runs papermill, and a kernel that can be stopped."""

    def __init__(self, source: Path, target: Path, parameters: dict[str, Any], scratch: Path):
        self.started = False
        self.error: BaseException | None = None
        self._source, self._target, self._parameters = source, target, parameters
        self._log, self._told = scratch / "kernel.log", scratch / "progress"
        self._cell = self._injected = 0
        self._managers: list[Any] = []
        self._verdict = ""
        self._thread = threading.Thread(target=self._work, name=f"papermill {source.stem}")
        self._thread.daemon = True

    # -- in the main thread ----------------------------------------------------------

    def watch(self, asked: Watch) -> None:
        """Wait for the end, tell how far it is, and stop the kernel where it takes too long."""
        start = time.monotonic()
        told = ("starting Python", 0, 0)
        try:
            asked.progress(*told)
            self._thread.start()
            asked.meanwhile()
            while self._thread.is_alive():
                self._thread.join(TICK)
                told = read_progress(self._told) or told
                asked.progress(*told)
                if time.monotonic() - start > asked.timeout and not self._verdict:
                    self._verdict = f"not done after {asked.timeout:g} seconds, so it was stopped"
                    self._stop()
        except BaseException:
            with _no_interrupts():
                self._stop()
                self._thread.join(10)
            raise

    def reason(self) -> Exception:
        """Say in one line what went wrong."""
        from papermill.exceptions import PapermillExecutionError

        name, error = self._source.name, self.error
        if isinstance(error, PapermillExecutionError):
            what = " ".join(f"{error.ename}: {error.evalue}".split())
            what = what if len(what) <= 300 else what[:297] + "..."
            return CellError(f"{name}: cell {self._number(error.cell_index)} failed: {what}")
        if isinstance(error, OSError):
            return error
        if self._verdict:
            return NotebookError(f"{name}: {self._verdict} (at cell {self._number(self._cell)})")
        last = self._last_words()
        if self.started:
            cell = self._number(self._cell)
            what = (
                f"its Python was killed at cell {cell}, often for want of memory, now and then by "
                "damaged compiled code (cxsim cache --verify)"
            )
        else:
            what = "its Python did not start"
            last = last or " ".join(str(error).split())
        return NotebookError(f"{name}: {what}" + (f" ({last})" if last else ""))

    def _number(self, index: int) -> int:
        """Return which cell of the user's notebook it is: papermill puts one in."""
        return index + 1 - self._injected

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
            lines = [line.strip() for line in lines if line.strip()]
            return lines[-1][:200] if lines else ""
        return ""

    def _stop(self) -> None:
        """Kill the kernel, and what it may have started."""
        for manager in self._managers:
            process = getattr(manager.provisioner, "process", None)
            if process is None:
                continue
            with contextlib.suppress(OSError):
                if hasattr(os, "killpg") and os.getpgid(process.pid) == process.pid:
                    os.killpg(process.pid, signal.SIGKILL)
                process.kill()

    # -- in the thread ---------------------------------------------------------------

    def _work(self) -> None:
        try:
            import papermill

            # What goes wrong is told once, by us.
            logging.getLogger("papermill").addHandler(logging.NullHandler())
            with self._log.open("w", encoding="utf-8") as log:
                papermill.execute_notebook(
                    _literal(self._source),
                    _literal(self._target),
                    self._parameters,
                    kernel_name="python3",
                    progress_bar=False,
                    autosave_cell_every=0,
                    kernel_manager_class=_manager_class(self._managers, log, self._told),
                    on_cell_start=self._cell_started,
                    shutdown_kernel="immediate",
                )
        except BaseException as error:  # noqa: BLE001 (handed to the main thread)
            self.error = error

    def _cell_started(self, cell: Any, cell_index: int) -> None:
        self.started, self._cell = True, cell_index
        if "injected-parameters" in cell.metadata.get("tags", ()):
            self._injected = 1


def _literal(path: Path) -> str:
    """Papermill reads braces in a path as places for parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _manager_class(made: list[Any], log: Any, told: Path) -> type:
    """Return a kernel manager class that starts this interpreter and keeps its handle."""
    import zmq
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    spec = KernelSpec(**get_kernel_dict())
    spec.argv = [sys.executable, *spec.argv[1:]]
    more = {
        VARIABLE: str(told),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else a debugger that nobody uses says it is slow
    }

    class Manager(AsyncKernelManager):
        # Whatever kernels called python3 are installed: results come from this environment.
        kernel_spec = property(lambda _: spec)

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            made.append(self)
            # Encrypted where the platform can; without this ipykernel warns on every run.
            if self.has_trait("transport_encryption") and zmq.has("curve"):
                self.transport_encryption = "auto"
            environment = {**os.environ, **more}
            await super().start_kernel(env=environment, stdout=log, stderr=log, **options)

    return Manager


@contextlib.contextmanager
def _no_interrupts() -> Any:
    """Let nobody stop the tidying up, which takes a second."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# -- An executed notebook as one HTML file: no code, nothing from elsewhere, readable offline


#: Tag of cells that speak of the notebook and have no place in its report.
ONLY_IN_NOTEBOOK = "only-in-notebook"


#: Tag of cells that a report folds away: parameters, digests, versions, ways to repeat.
FOLD = "fold"


_TITLE = re.compile(r'<p class="cx-market">(.*?)(?:<span.*?)?</p>.*?<h1>(.*?)</h1>', re.DOTALL)


_IMAGE = re.compile(r'<img (?![^>]*width=)(?=[^>]*src="data:image/png;base64,([\w+/=]{44}))')


#: Pixels of a figure for one of the page: figures are drawn with 150 pixels an inch.
_FINENESS = 1.5


def _sized(found: re.Match[str]) -> str:
    """Show each figure as wide as it was drawn: letters have one size in all of them."""
    width = int.from_bytes(base64.b64decode(found[1])[16:20], "big")
    return f'<img width="{round(width / _FINENESS)}" '


def to_html(notebook: Path, *, title: str | None = None) -> str:
    """Return an executed notebook as a self-contained HTML page.

    Parameters
    ----------
    notebook : Path
    title : str, optional
        Default: question and market of the notebook's brief, else its first heading.
    """
    import nbformat
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    node = nbformat.read(notebook, as_version=4)
    # Code is left out; a cell that shows nothing then leaves an empty box.
    node.cells = [
        cell
        for cell in node.cells
        if (cell.cell_type == "markdown" or cell.get("outputs"))
        and ONLY_IN_NOTEBOOK not in cell.metadata.get("tags", ())
    ]
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        config=Config({"HTMLExporter": {"mathjax_url": "", "require_js_url": ""}}),
    )
    folded = [each for each in node.cells if FOLD in each.metadata.get("tags", ())]
    node.cells = [each for each in node.cells if each not in folded]
    name = title or title_of(node)
    body, _ = exporter.from_notebook_node(node)
    pieces = templates(Path(__file__).parent).get_template("pieces.html").module
    if folded:
        node.cells = folded
        body += str(pieces.fold(exporter.from_notebook_node(node)[0]))  # type: ignore[attr-defined]
    body = _IMAGE.sub(_sized, body)
    if title is None and (brief := _TITLE.search(body)):
        market, question = (re.sub(r"<.*?>", "", unescape(each)).strip() for each in brief.groups())
        name = f"{question} – {market}" if market else question
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return str(pieces.page(name, style, body))  # type: ignore[attr-defined]
