"""A notebook's cells, executed by IPython in a copy of this process, which has imports already.

A kernel is a new Python that imports everything again, and papermill with its libraries takes as
long once more. A copy (``os.fork``) is there at once, has a namespace of its own, and can be
killed like a kernel. What is written is what papermill writes of the same notebook.
"""

from __future__ import annotations

import io
import json
import math
import os
import signal
import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

# -- The notebook before and after: parameters put in, and the format of the file ---------------


#: What papermill puts into a notebook with a cell that failed.
_LOUD = (
    'style="color:red; font-family:Helvetica Neue, Helvetica, Arial, sans-serif; font-size:2em;"'
)
_BANNER = (
    f"<span {_LOUD}>An Exception was encountered at "
    "'<a href=\"#papermill-error-cell\">In [%s]</a>'.</span>"
)
_ANCHOR = (
    f'<span id="papermill-error-cell" {_LOUD}>'
    "Execution using papermill encountered an exception here and stopped:</span>"
)
_ERROR_TAG = "papermill-error-cell-tag"

#: What kernels say of their language.
_LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": ".".join(map(str, sys.version_info[:3])),
}


def tags(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.get("metadata", {}).get("tags", ()))


def with_parameters(content: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook with a cell of parameters, as papermill injects it.

    Parameters
    ----------
    content : dict
        A notebook of format 4.
    parameters : mapping
        Texts, numbers and truth values by name; without any there is no such cell.

    Returns
    -------
    dict
        Cells have their sources as one text, and no outputs.
    """
    cells = [_blank(cell) for cell in content["cells"] if _ERROR_TAG not in tags(cell)]
    if parameters:
        lines = [
            "# Parameters",
            *(f"{name} = {_code(value)}" for name, value in parameters.items()),
        ]
        injected = _cell("code", "\n".join([*lines, ""]), ["injected-parameters"])
        first = {tag: next((k for k, c in enumerate(cells) if tag in tags(c)), -1)
                 for tag in ("injected-parameters", "parameters")}  # fmt: skip
        if (old := first["injected-parameters"]) >= 0:
            cells[old] = injected
        else:
            cells.insert(first["parameters"] + 1, injected)
    return {
        **content,
        "cells": cells,
        "metadata": {**content.get("metadata", {}), "language_info": _LANGUAGE},
        "nbformat_minor": max(5, content.get("nbformat_minor", 5)),
    }


def _blank(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell that was not executed."""
    about = {**cell.get("metadata", {}), "tags": tags(cell)}
    made = {**cell, "metadata": about, "source": "".join(cell.get("source", ""))}
    made.setdefault("id", uuid.uuid4().hex[:8])
    if cell["cell_type"] == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def _cell(kind: str, source: str, tagged: list[str]) -> dict[str, Any]:
    made = {"cell_type": kind, "id": uuid.uuid4().hex[:8], "source": source}
    return _blank({**made, "metadata": {"tags": tagged}})


def _code(value: object) -> str:
    """Return a plain value as Python's code, in papermill's words."""
    if isinstance(value, str):
        text = value.encode("unicode_escape").decode("utf-8").replace('"', r"\"")
        return f'"{text}"'
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return f"{value}"


def _on_disk(content: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook as files have it: long texts as lists of lines."""
    cells = []
    for cell in content["cells"]:
        made = {**cell, "source": _lines(cell["source"])}
        if "outputs" in cell:
            made["outputs"] = [_output_on_disk(output) for output in cell["outputs"]]
        cells.append(made)
    return {**content, "cells": cells}


def _output_on_disk(output: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(output)
    if "text" in made:
        made["text"] = _lines(made["text"])
    if "data" in made:
        made["data"] = {
            kind: _lines(value) if isinstance(value, str) and _is_text(kind) else value
            for kind, value in made["data"].items()
        }
    return made


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml")


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


# -- The shell: IPython's own, whose outputs are kept as a notebook has them --------------------


class _Outputs:
    """Outputs of the cell that is being executed.

    Attributes
    ----------
    kept : list of dict
        In the format of notebooks.
    """

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self._named: dict[str, list[dict[str, Any]]] = {}
        self._to_clear = False

    def begin(self, kept: list[dict[str, Any]]) -> None:
        """Keep what comes in another list."""
        self.kept, self._to_clear = kept, False

    def add(self, output: dict[str, Any], name: str | None = None) -> None:
        """Keep an output, under the name by which it may be changed later."""
        if self._to_clear:
            self.kept.clear()
            self._to_clear = False
        self.kept.append(output)
        if name is not None:
            self._named.setdefault(name, []).append(output)

    def change(self, name: str | None, data: Any, about: Any) -> None:
        """Put other content into the outputs of a name."""
        for output in self._named.get(name or "", ()):
            output.update(data=data, metadata=about)

    def write(self, stream: str, text: str) -> None:
        """Keep a text that was printed, with what was printed just before."""
        last = self.kept[-1] if self.kept and not self._to_clear else {}
        if last.get("output_type") == "stream" and last["name"] == stream:
            last["text"] += text
        else:
            self.add({"output_type": "stream", "name": stream, "text": text})

    def clear(self, *, wait: bool) -> None:
        """Forget what there is, at once or when something else comes."""
        if wait:
            self._to_clear = True
        else:
            self.kept.clear()


class _Stream(io.TextIOBase):
    """What cells print to."""

    encoding = "UTF-8"

    def __init__(self, name: str, outputs: _Outputs, number: int):
        self.name, self._outputs, self._number = name, outputs, number

    def write(self, text: str) -> int:
        """Keep a text."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if text:
            self._outputs.write(self.name, text)
        return len(text)

    def fileno(self) -> int:
        """Return where programs that a cell starts write to."""
        return self._number

    def writable(self) -> bool:
        """Return True."""
        return True


def _shell(outputs: _Outputs) -> Any:
    """Return an IPython shell with an empty namespace, which gives its outputs away."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        def start_displayhook(self) -> None:
            self._is_active = True

        def write_output_prompt(self) -> None:
            pass

        def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
            output = {"output_type": "execute_result", "execution_count": self.prompt_count}
            outputs.add({**output, "data": _as_json(format_dict), "metadata": md_dict or {}})

        def finish_displayhook(self) -> None:
            self._is_active = False

    class Publisher(DisplayPublisher):
        def publish(
            self,
            data: Any,
            metadata: Any = None,
            *_: Any,
            transient: Any = None,
            update: bool = False,
            **__: Any,
        ) -> None:
            data, metadata = _as_json(data), metadata or {}
            name = (transient or {}).get("display_id")
            if update:
                outputs.change(name, data, metadata)
            else:
                outputs.add(
                    {"output_type": "display_data", "data": data, "metadata": metadata}, name
                )

        def clear_output(self, wait: bool = False) -> None:
            outputs.clear(wait=wait)

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
            about = {"ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)}
            outputs.add({"output_type": "error", **about})

        def enable_gui(self, gui: Any = None) -> None:
            pass

    InteractiveShell.clear_instance()
    settings = Config()
    settings.HistoryManager.enabled = False  # commands leave no trace in the user's history
    settings.InteractiveShell.colors = "linux"
    return Shell.instance(config=settings, user_module=ModuleType("__main__"))


def _as_json(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is shown, with the bytes of images as text."""
    import base64

    return {
        kind: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for kind, value in data.items()
    }


# -- Executing the cells, one after the other ---------------------------------------------------


class CellFailedError(Exception):
    """A cell that raised an error: its index among the cells, and the error in words."""

    def __init__(self, index: int, name: str, value: str):
        super().__init__(index, name, value)
        self.index, self.name, self.value = index, name, value


def run_cells(content: dict[str, Any], started: Callable[[int, bool], object]) -> None:
    """Execute the cells of a notebook, in place, until one fails.

    Parameters
    ----------
    content : dict
        As :func:`with_parameters` returns it.
    started : callable
        Called with a cell's index, and whether it is that of the parameters, before it runs.

    Raises
    ------
    CellFailedError
        If a cell raises an error that it is not tagged to raise.
    """
    import asyncio

    outputs = _Outputs()
    shell = _shell(outputs)
    sys.stdout, sys.stderr = (
        _Stream(name, outputs, number) for name, number in (("stdout", 1), ("stderr", 2))
    )
    loop = asyncio.new_event_loop()  # within which kernels run cells, too
    asyncio.set_event_loop(loop)
    about = content["metadata"]["papermill"]
    began = _began(about)
    for cell in content["cells"]:
        cell["metadata"]["papermill"] = dict(_NOT_YET)
    failed = None
    for index, cell in enumerate(content["cells"]):
        own = cell["metadata"]["papermill"]
        start = _began(own)
        started(index, "injected-parameters" in tags(cell))
        if cell["cell_type"] == "code" and cell["source"].strip():
            outputs.begin(cell["outputs"])
            cell["execution_count"] = shell.execution_count
            loop.run_until_complete(_run(shell, cell["source"]))
            errors = [each for each in cell["outputs"] if each["output_type"] == "error"]
            if errors and "raises-exception" not in tags(cell):
                failed = CellFailedError(index, errors[0]["ename"], errors[0]["evalue"])
        own.update(exception=failed is not None, status="failed" if failed else "completed")
        _ended(own, start)
        if failed is not None:
            about["exception"] = True
            break
    _ended(about, began)
    if failed is not None:
        count = content["cells"][failed.index]["execution_count"]
        content["cells"].insert(failed.index, _cell("markdown", _ANCHOR, [_ERROR_TAG]))
        content["cells"].insert(0, _cell("markdown", _BANNER % count, [_ERROR_TAG]))
        raise failed


_NOT_YET: dict[str, Any] = dict.fromkeys(("duration", "end_time", "exception", "start_time"))
_NOT_YET["status"] = "pending"


async def _run(shell: Any, source: str) -> None:
    """Execute a cell's code as a kernel does."""
    wrong = None
    try:
        code = shell.transform_cell(source)
    except Exception:  # noqa: BLE001 (the shell shows it)
        code, wrong = source, sys.exc_info()
    result = await shell.run_cell_async(
        source, store_history=True, transformed_cell=code, preprocessing_exc_tuple=wrong
    )
    shell.events.trigger("post_execute")
    shell.events.trigger("post_run_cell", result)


def _began(about: dict[str, Any]) -> datetime:
    now = datetime.now(UTC)
    about["start_time"] = now.isoformat()
    return now


def _ended(about: dict[str, Any], start: datetime) -> None:
    now = datetime.now(UTC)
    about.update(end_time=now.isoformat(), duration=(now - start).total_seconds())


# -- A copy of this process that executes a notebook and says how it goes ------------------------


def live(
    lives: int,
    says: int,
    content: dict[str, Any],
    parameters: Mapping[str, Any],
    target: Path,
    log: Path,
    variables: Mapping[str, str],
) -> None:
    """Be a copy: execute a notebook, write it, and say how it goes.

    Parameters
    ----------
    lives, says : int
        Pipes: from the process that this is a copy of, which ends with it, and to it.
    content, parameters, target, log, variables
        As for :class:`cxsim.report.notebook_run.Copy`.
    """
    _settle(lives, log, variables)
    _report(content, parameters, target, lambda *what: _say(says, what))


def _say(pipe: int, what: Iterable[Any]) -> None:
    text = json.dumps(list(what)).encode() + b"\n"
    while text:
        text = text[os.write(pipe, text) :]


def _settle(lives: int, log: Path, variables: Mapping[str, str]) -> None:
    """Turn a copy of a command into a process of its own, as a kernel is one."""
    os.setsid()
    for name in ("SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with, args=(lives,), daemon=True).start()
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, written, written)):
        os.dup2(stream, number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (as long as the process)
    os.environ.update(variables)
    sys.argv = [""]
    if "" not in sys.path:
        sys.path.insert(0, "")
    _usual_warnings()
    _drawn_inline()


def _end_with(lives: int) -> None:
    """End the process, and what it started, where the one that it is a copy of has gone."""
    os.read(lives, 1)
    os.killpg(0, signal.SIGKILL)


def _usual_warnings() -> None:
    """Show warnings as a new Python does, whatever the command did with them."""
    warnings.showwarning = getattr(warnings, "_showwarning_orig", warnings.showwarning)
    warnings.resetwarnings()
    for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", kind)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")


def _drawn_inline() -> None:
    """Let figures of pyplot be shown below their cells, as in kernels."""
    backend = os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].use(backend, force=False)


def _report(
    content: dict[str, Any],
    parameters: Mapping[str, Any],
    target: Path,
    say: Callable[..., object],
) -> None:
    """Execute a notebook, write it, and say how it goes."""
    book = with_parameters(content, parameters)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    book["metadata"].setdefault("kernelspec", kernel)
    book["metadata"]["papermill"] = {
        "default_parameters": {},
        "environment_variables": {},
        "exception": None,
        "parameters": dict(parameters),
        "version": metadata.version("papermill"),
    }
    failure = None
    try:
        run_cells(book, lambda index, injected: say("cell", index, injected))
    except CellFailedError as failed:
        failure = failed
    try:
        text = json.dumps(_on_disk(book), indent=1, ensure_ascii=False, sort_keys=True)
        target.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        say("unwritten", error.errno, error.strerror, error.filename)
        return
    say("failed", *failure.args) if failure is not None else say("done")
