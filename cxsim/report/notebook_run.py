"""Running a notebook from outside: check, run, judge, and leave a folder that is whole.

A command executes the cells in a copy of its own process (:mod:`cxsim.report.notebook_cells`).
Where there can be none, or ``CXSIM_KERNEL`` is set, papermill runs them in a kernel. Papermill
marks every cell of a notebook whose kernel was killed as completed, and its way of stopping at
Ctrl-C prints a stack trace. So it works in a thread here; the main thread watches the clock,
passes on progress, and takes Ctrl-C; whoever has to stop the kernel kills its process.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import math
import os
import re
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
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
    read_notebook,
    read_progress,
    title_of,
)
from cxsim.scenario.display import templates

# -- Running a notebook from outside: check, run, judge, and leave a folder that is whole ------


#: What the last step of a notebook writes; without it a run has not come to its end.
SENTINEL = "summary.json"


#: Sign of a folder that holds what a failed run left.
FAILED_SIGN = "error.txt"


#: Environment variable: anything in it has notebooks run in a kernel.
KERNEL = "CXSIM_KERNEL"


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
        Called once, before or while the notebook's Python starts: imports for later.
    kernel : bool
        Whether the notebook runs in a kernel.
    """

    timeout: float
    progress: Progress
    meanwhile: Callable[[], object]
    kernel: bool = True


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
    kernel: bool | None = None,
    identity: str = "",
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
        Called once, before or while the notebook's Python starts: imports for later.
    kernel : bool, optional
        Whether the notebook runs in a kernel, or in a copy of this process, which is quicker.
        Default: a copy, if this is Linux, the process has one thread, and ``CXSIM_KERNEL`` is not
        set.
    identity : str
        What determines the results, as a digest; kept in ``summary.json``.

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
        _in_kernel() if kernel is None else kernel,
    )
    try:
        with _draft(folder) as draft:
            if keeps_data:
                values["output"] = str(draft.resolve())
            _produce(source, values, draft, folder, watch, identity)
    except FileExistsError as error:
        raise NotebookInputError(str(error)) from None
    failed = _failed(folder)
    if (failed / FAILED_SIGN).is_file():
        shutil.rmtree(failed, ignore_errors=True)
    summary = json.loads((folder / SENTINEL).read_text(encoding="utf-8"))
    return NotebookResult(folder, folder / source.name, folder / "report.html", summary)


def _in_kernel() -> bool:
    return bool(os.environ.get(KERNEL)) or not can_copy()


def _produce(
    source: Path, values: dict[str, Any], draft: Path, folder: Path, watch: Watch, identity: str
) -> None:
    """Fill a draft folder: the executed notebook, what it writes, and the report."""
    executed, scratch = draft / source.name, draft / ".scratch"
    scratch.mkdir()
    try:
        execute(source, executed, values, scratch=scratch, watch=watch)
    except CellError as error:
        where = _keep_failed(executed, draft, folder, str(error))
        raise CellError(f"{error}{where}") from error.__cause__
    shutil.rmtree(scratch)
    content = _tidied(executed, draft, folder)
    summary = _verdict(draft, content, source, values)
    _name(content, summary.get("words", {}))
    _write(content, executed)
    watch.progress("writing the report", 0, 0)
    (draft / "report.html").write_text(to_html(executed), encoding="utf-8")
    if identity:
        summary["identity"] = identity
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


def _name(content: dict[str, Any], words: Mapping[str, str]) -> None:
    """Use the market's labels in the texts of a notebook, which are the same for all markets."""
    if all(word == name for name, word in words.items() if name not in ("period", "currency")):
        return  # nothing has a label, so that charts need not be imported
    from cxsim.charts.labels import Words

    labels = Words(**words)
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            lines = "".join(cell["source"]).splitlines(keepends=True)
            cell["source"] = [x if "`" in x else labels.say(x) for x in lines]


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


# -- Running a notebook's cells, with a verdict that can be trusted ----------------------------


#: Seconds between two looks at the notebook's process.
TICK = 0.1


class NotebookError(RuntimeError):
    """A notebook that did not come to its end."""


class CellError(NotebookError):
    """A notebook with a cell that raised an error."""


def execute(
    source: Path, target: Path, parameters: Mapping[str, Any], *, scratch: Path, watch: Watch
) -> None:
    """Run a notebook and write the executed one, as papermill does.

    Parameters
    ----------
    source, target : Path
        The notebook, and where the executed one goes.
    parameters : mapping
        Plain values by name.
    scratch : Path
        A folder for what the notebook's process says of itself.
    watch : Watch
        When to give up, and whom to tell.

    Raises
    ------
    CellError
        If a cell raises an error; the notebook up to there is in ``target``.
    NotebookError
        If the process dies, does not start, or takes too long.
    OSError
        If the notebook cannot be written.
    KeyboardInterrupt
        If the user stops it; the process is gone then.
    """
    way: type[Execution] = _InCopy
    if watch.kernel:
        from cxsim.report.notebook_kernel import InKernel

        way = InKernel
    run = way(source, target, parameters, scratch)
    run.watch(watch)
    did_not_start = run.error is not None and not run.started
    # A port taken by somebody else between choosing and using it: rare, and gone at once.
    if watch.kernel and did_not_start and not isinstance(run.error, OSError):
        run = way(source, target, parameters, scratch)
        run.watch(replace(watch, meanwhile=lambda: None))
    if run.error is not None:
        raise run.reason() from run.error


class Execution(ABC):
    """One attempt: a process that runs the cells, and what became of it."""

    def __init__(self, source: Path, target: Path, parameters: Mapping[str, Any], scratch: Path):
        self.started = False
        self.error: BaseException | None = None
        self._source, self._target, self._parameters = source, target, dict(parameters)
        self._log, self._told = scratch / "kernel.log", scratch / "progress"
        self._cell = self._injected = 0
        self._verdict = ""

    def watch(self, asked: Watch) -> None:
        """Wait for the end, tell how far it is, and stop the process where it takes too long."""
        start = time.monotonic()
        told = ("starting Python", 0, 0)
        try:
            asked.progress(*told)
            self._start(asked.meanwhile)
            while self._goes_on():
                told = read_progress(self._told) or told
                asked.progress(*told)
                if time.monotonic() - start > asked.timeout and not self._verdict:
                    self._verdict = f"not done after {asked.timeout:g} seconds, so it was stopped"
                    self._stop()
        except BaseException:
            with _no_interrupts():
                self._stop()
                self._end()
            raise
        self._end()

    def reason(self) -> Exception:
        """Say in one line what went wrong."""
        name, error = self._source.name, self.error
        if (failed := self._failed_cell()) is not None:
            index, kind, text = failed
            what = " ".join(f"{kind}: {text}".split())
            what = what if len(what) <= 300 else what[:297] + "..."
            return CellError(f"{name}: cell {self._number(index)} failed: {what}")
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

    @abstractmethod
    def _start(self, meanwhile: Callable[[], object]) -> None:
        """Start the process; call ``meanwhile`` where there is time to wait."""

    @abstractmethod
    def _goes_on(self) -> bool:
        """Wait for a moment, and return whether the process is still at work."""

    @abstractmethod
    def _stop(self) -> None:
        """Kill the process, and what it may have started."""

    @abstractmethod
    def _end(self) -> None:
        """See that nothing is left of it."""

    @abstractmethod
    def _failed_cell(self) -> tuple[int, str, str] | None:
        """Return index and error of the cell that failed, None if none did."""


class _InCopy(Execution):
    """A copy of this process that runs the cells."""

    _copy: Copy | None = None

    def _start(self, meanwhile: Callable[[], object]) -> None:
        meanwhile()  # what is imported now need not be imported twice
        content, told = read_notebook(self._source), {VARIABLE: str(self._told)}
        self._copy = Copy(content, self._parameters, self._target, self._log, told)

    def _goes_on(self) -> bool:
        assert self._copy is not None
        goes_on = self._copy.wait(TICK)
        for what, *more in self._copy.said:
            if what == "cell":
                self.started, self._cell = True, more[0]
                self._injected = self._injected or int(more[1])
        del self._copy.said[:-1]
        ended = bool(self._copy.said) and self._copy.said[-1][0] != "cell"
        return goes_on and not ended

    def _stop(self) -> None:
        if self._copy is not None:
            self._copy.stop()

    def _end(self) -> None:
        if self._copy is None:
            return
        self._copy.end()
        what, *more = self._copy.said[-1] if self._copy.said else ["killed"]
        if self._verdict or what not in ("done", "unwritten"):
            self.error = RuntimeError(what)
        elif what == "unwritten":
            self.error = OSError(*more)

    def _failed_cell(self) -> tuple[int, str, str] | None:
        what, *more = self._copy.said[-1] if self._copy and self._copy.said else ["killed"]
        return (int(more[0]), str(more[1]), str(more[2])) if what == "failed" else None


def can_copy() -> bool:
    """Return whether a copy of this process is sure to work: on Linux, and with one thread.

    Elsewhere system libraries may not survive a copy; of several threads a copy has one.
    """
    return sys.platform == "linux" and threading.active_count() == 1


class Copy:
    """A copy of this process that executes a notebook.

    Parameters
    ----------
    content : dict
        A notebook of format 4.
    parameters : mapping
        Plain values by name.
    target : Path
        Where the executed notebook goes.
    log : Path
        Where goes what is written past Python's streams.
    variables : mapping
        Of the environment.

    Attributes
    ----------
    said : list of list
        What the copy said: a word, and more about it.
    """

    def __init__(
        self,
        content: dict[str, Any],
        parameters: Mapping[str, Any],
        target: Path,
        log: Path,
        variables: Mapping[str, str],
    ):
        self.said: list[list[Any]] = []
        self._rest = b""
        self._hears, says = os.pipe()
        lives, self._life = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._number = os.fork()
        if self._number:
            os.close(says)
            os.close(lives)
            return
        with contextlib.suppress(BaseException):
            os.close(self._hears)
            os.close(self._life)
            from cxsim.report.notebook_cells import live

            live(lives, says, content, parameters, target, log, variables)
        os._exit(0)

    def wait(self, seconds: float) -> bool:
        """Listen to the copy for some seconds at most; return whether it goes on."""
        if not select.select([self._hears], [], [], seconds)[0]:
            # What it started may hold the pipe open longer than it lives.
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self._number, flags) is None
        text = os.read(self._hears, 65536)
        *lines, self._rest = (self._rest + text).split(b"\n")
        self.said += map(json.loads, lines)
        return bool(text)

    def stop(self) -> None:
        """Kill the copy, and what it may have started."""
        with contextlib.suppress(OSError):
            os.killpg(self._number, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.kill(self._number, signal.SIGKILL)

    def end(self) -> None:
        """See that nothing is left of the copy."""
        self.stop()
        with contextlib.suppress(OSError):
            os.waitpid(self._number, 0)
        os.close(self._hears)
        os.close(self._life)


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


# -- An executed notebook as one HTML file: no code, nothing from elsewhere, readable offline --

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
    content = json.loads(notebook.read_text(encoding="utf-8"))
    pieces: Any = templates(Path(__file__).parent).get_template("pieces.html").module
    open_cells: list[dict[str, Any]] = []
    folded: list[dict[str, Any]] = []
    for cell in _shown(content):
        (folded if FOLD in cell["metadata"].get("tags", ()) else open_cells).append(cell)
    body = _body(content, open_cells, pieces)
    if folded:
        body += str(pieces.fold(_body(content, folded, pieces)))
    body = _IMAGE.sub(_sized, body)
    name = title or title_of(content)
    if title is None and (brief := _TITLE.search(body)):
        market, question = (re.sub(r"<.*?>", "", unescape(each)).strip() for each in brief.groups())
        name = f"{question} – {market}" if market else question
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    byline = _BYLINE.search(body)
    started = str(content["metadata"].get("papermill", {}).get("start_time") or "")[:10]
    style += _margins(name, unescape(byline[1]) if byline else "", started)
    return str(pieces.page(name, style, body))


_BYLINE = re.compile(r'<span class="cx-byline">(.*?)</span>', re.DOTALL)


def _margins(title: str, byline: str, day: str) -> str:
    """Return the style of a printed page's margins: title, author, day of the run, page number."""
    boxes = {
        "top-left": _css(title if len(title) <= 90 else title[:89] + "…"),
        "top-right": _css(byline),
        "bottom-left": _css(f"Run on {day}" if day else ""),
        "bottom-right": '"Page " counter(page) " of " counter(pages)',
    }
    look = "font: 7.5pt sans-serif; color: #555; white-space: nowrap"
    inner = " ".join(f"@{place} {{ content: {text}; {look} }}" for place, text in boxes.items())
    return f"\n@page {{ margin: 16mm 15mm; {inner} }}\n"


def _css(text: str) -> str:
    """Return a text as CSS quotes it, without anything that could end the quote or the style."""
    shown = "".join(c if c.isalnum() or c == " " else f"\\{ord(c):06x} " for c in text)
    return f'"{shown}"'


def _body(content: Mapping[str, Any], cells: list[dict[str, Any]], pieces: Any) -> str:
    """Return what some of a notebook's cells show, as HTML."""
    try:
        return str(pieces.cells([_in_html(cell) for cell in cells]))
    except _UnusualError:
        from cxsim.report.notebook_kernel import converted

        return converted({**content, "cells": cells})


def _shown(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the cells that belong into a report: texts, and code that shows something."""
    for cell in content["cells"]:
        outputs = [each for each in cell.get("outputs", ()) if each.get("name") != "stderr"]
        if ONLY_IN_NOTEBOOK in cell["metadata"].get("tags", ()):
            continue
        if cell["cell_type"] != "code" or cell.get("outputs"):
            yield {**cell, "outputs": outputs} if cell["cell_type"] == "code" else cell


# -- What notebooks usually show, by a template -------------------------------------------------


class _UnusualError(Exception):
    """Something that only nbconvert knows how to show."""


#: Kinds of content, the best first; of others nbconvert decides.
_KINDS = ("text/html", "text/markdown", "image/svg+xml", "image/png", "text/plain")

#: Kinds that nbconvert would show in place of some of these, or in ways of its own.
_OTHERS = ("application/vnd.jupyter.widget-view+json", "application/javascript", "text/latex")

#: What in a text has a meaning beyond plain Markdown: formulas, code of a language.
_MORE = re.compile(r"\$|\\[\[(]|\\begin|```|~~~")


def _in_html(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of a cell.

    Raises
    ------
    _UnusualError
        If a template is not enough.
    """
    if cell.get("attachments") or cell["cell_type"] == "raw":
        raise _UnusualError
    if cell["cell_type"] == "markdown":
        return {"id": cell.get("id", ""), "text": _markdown("".join(cell["source"]))}
    return {"id": cell.get("id", ""), "outputs": [_output(each) for each in cell["outputs"]]}


def _output(output: Mapping[str, Any]) -> dict[str, str]:
    """Return an output's kind and content."""
    if output["output_type"] == "stream":
        return {"kind": "stdout", "content": _plain("".join(output["text"]))}
    data = output.get("data", {})
    kind = next((each for each in _KINDS if each in data), None)
    if kind is None or any(each in data for each in _OTHERS) or _isolated(output, kind):
        raise _UnusualError
    content = "".join(data[kind])
    if kind == "text/markdown":
        content = _markdown(content)
    elif kind == "text/plain":
        content = _plain(content)
    elif kind == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode("ascii")
    return {"kind": kind, "content": content.replace("\n", "") if kind == "image/png" else content}


def _isolated(output: Mapping[str, Any], kind: str) -> bool:
    return bool(output.get("metadata", {}).get(kind))


def _plain(text: str) -> str:
    if "\x1b" in text:  # colours of a terminal
        raise _UnusualError
    return text


def _markdown(text: str) -> str:
    if _MORE.search(text):
        raise _UnusualError
    import mistune

    convert = mistune.create_markdown(
        escape=False, plugins=["strikethrough", "table", "url", "task_lists", "def_list"]
    )
    return str(convert(text))
