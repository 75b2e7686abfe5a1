"""Running a notebook in a kernel, with a verdict that can be trusted.

Papermill marks every cell of a notebook whose kernel was killed as completed, and its
way of stopping at Ctrl-C prints a stack trace. So papermill works in a thread here; the
main thread watches the clock, passes on progress, and takes Ctrl-C; whoever has to stop
the kernel kills its process.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cxsim.notebook.progress import VARIABLE, read_progress

__all__ = ["CellError", "NotebookError", "execute"]

#: Seconds between two looks at the kernel.
TICK = 0.1


class NotebookError(RuntimeError):
    """A notebook that did not come to its end."""


class CellError(NotebookError):
    """A notebook with a cell that raised an error."""


def execute(
    source: Path,
    target: Path,
    parameters: Mapping[str, Any],
    *,
    scratch: Path,
    timeout: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    meanwhile: Callable[[], object] | None = None,
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
    timeout : float, optional
        Seconds after which the kernel is stopped.
    progress : callable, optional
        Called with (stage, done, total) ten times a second; total 0 where nothing is counted.
    meanwhile : callable, optional
        Called once while the kernel starts: work that would cost time later.

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
    for attempt in (1, 2):
        run = _Execution(source, target, dict(parameters), scratch)
        run.watch(timeout, progress, meanwhile if attempt == 1 else None)
        if run.error is None:
            return
        # A port taken by somebody else between choosing and using it: rare, and gone at once.
        if attempt == 1 and not run.started and not isinstance(run.error, OSError):
            continue
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

    def watch(
        self,
        timeout: float | None,
        progress: Callable[[str, int, int], None] | None,
        meanwhile: Callable[[], object] | None,
    ) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        told = ("starting Python", 0, 0)
        try:
            if progress is not None:
                progress(*told)
            self._thread.start()
            if meanwhile is not None:
                meanwhile()
            while self._thread.is_alive():
                self._thread.join(TICK)
                told = read_progress(self._told) or told
                if progress is not None:
                    progress(*told)
                if deadline is not None and time.monotonic() > deadline and not self._verdict:
                    self._verdict = f"not done after {timeout:g} seconds, so it was stopped"
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
