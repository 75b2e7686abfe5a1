"""A real JupyterLab with a headless Chromium in front of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip
FOLDERS = (
    "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR",
)  # fmt: skip
NO_NEWS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}

RUN_ALL = """async () => {
  const app = window.jupyterapp; await app.restored;
  const panel = app.shell.currentWidget; await panel.context.ready;
  await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info;
  await app.commands.execute('notebook:run-all-cells');
}"""
SHUT_DOWN = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
NOT_RUN = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.cells, found = [];
  for (let i = 0; i < cells.length; i++) { const m = cells.get(i);
    if (m.type === 'code' && m.sharedModel.getSource().trim() && !m.executionCount) found.push(i); }
  return found; }"""
OUTPUTS = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.cells, found = [];
  for (let i = 0; i < cells.length; i++) { const m = cells.get(i); if (m.type !== 'code') continue;
    for (let j = 0; j < m.outputs.length; j++) { const o = m.outputs.get(j).toJSON();
      if (o.output_type === 'error' || o.output_type === 'stream')
        found.push([i, o.output_type, JSON.stringify(o).slice(0, 400)]); } }
  return found; }"""


class Lab:
    """JupyterLab on a copy of the notebooks, and a browser that looks at it."""

    def __init__(self, browser: Any, port: int, folder: Path, pictures: Path):
        self._browser, self._port, self.folder, self.pictures = browser, port, folder, pictures
        self.outside: list[str] = []
        self._opened = 0

    def open(self, notebook: str, *, wait: bool = True) -> Any:
        """Open a notebook, run all its cells, and return the page, at once if not to wait."""
        page = self._browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on("request", self._note)
        self._opened += 1  # a workspace of its own, so that no other notebook is restored
        place = f"lab/workspaces/w{self._opened}/tree/{notebook}"
        page.goto(f"http://127.0.0.1:{self._port}/{place}?token=t")
        page.wait_for_function(
            "window.jupyterapp && window.jupyterapp.shell.currentWidget"
            " && window.jupyterapp.shell.currentWidget.context",
            timeout=90_000,
        )
        if not wait:
            page.evaluate(f"() => {{ window.allRun = ({RUN_ALL})(); }}")
            return page
        page.evaluate(RUN_ALL)
        page.screenshot(path=self.pictures / f"{Path(notebook).stem}.png")
        return page

    def close(self, page: Any) -> None:
        """Close a notebook and its kernel, so that the next one has the machine to itself."""
        page.evaluate(SHUT_DOWN)
        page.close()

    def complaints(self, page: Any) -> list:
        """Return errors and streams among the outputs of the notebook on the page."""
        return page.evaluate(OUTPUTS)

    def not_run(self, page: Any) -> list[int]:
        """Return the numbers of cells that were not executed."""
        return page.evaluate(NOT_RUN)

    def _note(self, request: Any) -> None:
        if "127.0.0.1" not in request.url and not request.url.startswith(("data:", "blob:")):
            self.outside.append(request.url)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Return where screenshots go, to be looked at."""
    folder = ROOT / "results" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start a headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium here: make test-browser installs it")
    with sync_api.sync_playwright() as tool:
        started = tool.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, browser: Any, pictures: Path) -> Iterator[Lab]:
    """Serve a copy of the notebooks to a browser."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in FOLDERS:
        (home / name).mkdir()
        environment[name] = str(home / name)
    settings = home / "JUPYTER_CONFIG_DIR" / "labconfig"
    settings.mkdir()
    (settings / "default_setting_overrides.json").write_text(json.dumps(NO_NEWS))
    port = free_port()
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
                "--IdentityProvider.token=t", f"--ServerApp.root_dir={home / 'notebooks'}",
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--LabApp.extension_manager=readonly",
            ],
            env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token=t")
        yield Lab(browser, port, home / "notebooks", pictures)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address).close()
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.3)
