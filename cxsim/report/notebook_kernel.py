"""What takes long to import: notebooks run by papermill in a kernel, and pages by nbconvert.

Commands need neither for the notebooks of the package, where they may copy their own process.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cxsim.report.notebook_run import TICK, Execution
from cxsim.report.notebooks import VARIABLE


class InKernel(Execution):
    """A thread that runs papermill, and a kernel that can be stopped."""

    def __init__(self, source: Path, target: Path, parameters: Mapping[str, Any], scratch: Path):
        super().__init__(source, target, parameters, scratch)
        self._managers: list[Any] = []
        self._thread = threading.Thread(target=self._work, name=f"papermill {source.stem}")
        self._thread.daemon = True

    # -- in the main thread ----------------------------------------------------------

    def _start(self, meanwhile: Callable[[], object]) -> None:
        self._thread.start()
        meanwhile()

    def _goes_on(self) -> bool:
        self._thread.join(TICK)
        return self._thread.is_alive()

    def _end(self) -> None:
        self._thread.join(10)

    def _failed_cell(self) -> tuple[int, str, str] | None:
        from papermill.exceptions import PapermillExecutionError

        error = self.error
        if isinstance(error, PapermillExecutionError):
            return int(error.cell_index or 0), str(error.ename), str(error.evalue)
        return None

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


def converted(content: dict[str, Any]) -> str:
    """Return cells and outputs of any kind as HTML, without code.

    Parameters
    ----------
    content : dict
        A notebook of format 4.
    """
    import nbformat
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        config=Config({"HTMLExporter": {"mathjax_url": "", "require_js_url": ""}}),
    )
    node = nbformat.reads(json.dumps(content), as_version=4)
    body, _ = exporter.from_notebook_node(node)
    return str(body)
