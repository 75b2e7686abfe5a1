"""A class on one machine: memory and time of kernels that work at once on a read-only cache.

``python -m lab.benchmarks.classroom`` starts eight kernels, lets each run a lesson, and prints what
one more kernel costs; ``--kernels 4 --notebook notebooks/compare.ipynb --given ""`` for another
notebook. Linux only: it reads ``/proc``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier

import nbformat
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from lab.benchmarks.machine import machine

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "notebooks" / "course" / "05_copycat_and_price_war.ipynb"
#: What a lesson does first: import, load compiled code, simulate.
FIRST_RUN = "import cxsim as cx; cx.run('baseline')"
MIB = 2**20

#: Root may write what is read-only, unless it gives that right up.
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@dataclass
class Stage:
    """Memory and time of a kernel at the end of a stage: bytes and seconds."""

    rss: float
    pss: float
    private: float
    waited: float
    processor: float


@dataclass
class Pupil:
    """One kernel, and its stages by name."""

    stages: dict[str, Stage] = field(default_factory=dict)


def memory_of(process: int) -> tuple[int, int, int]:
    """Return resident, proportional and private bytes of a process."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    lines = re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)
    size = {name: int(kb) * 1024 for name, kb in lines}
    return size["Rss"], size["Pss"], size["Private_Clean"] + size["Private_Dirty"]


def processor_seconds(process: int) -> float:
    """Return the processor time of a process so far."""
    words = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write in a folder away for a while."""
    inside = [folder, *folder.rglob("*")]
    modes = [path.stat().st_mode for path in inside]
    for path, mode in zip(inside, modes, strict=True):
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in zip(inside, modes, strict=True):
            path.chmod(mode)


def command_for(arguments: list[str]) -> list[str]:
    """Return a command that respects read-only folders even where we are root."""
    if os.geteuid() == 0:
        if shutil.which(AS_ANYBODY[0]) is None:
            raise SystemExit("root writes what is read-only: install setpriv (util-linux)")
        return [*AS_ANYBODY, *arguments]
    return arguments


def start(environment: dict[str, str]) -> tuple[KernelManager, BlockingKernelClient, int]:
    """Start a kernel and wait until it answers; return it with its process."""
    manager = KernelManager(kernel_name="python3")
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager.kernel_spec.argv = command_for(kernel)
    manager.start_kernel(env=environment, cwd=str(ROOT), stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=300)
    return manager, client, manager.provisioner.process.pid


def execute(client: BlockingKernelClient, code: str) -> None:
    """Run code in a kernel.

    Raises
    ------
    RuntimeError
        If it fails there.
    """
    reply = client.execute_interactive(code, timeout=600, output_hook=id)  # shown nowhere
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"{reply['content']['ename']}: {reply['content']['evalue']}")


def work(environment: dict[str, str], cells: list[str], together: Barrier) -> Pupil:
    """Be one of the class: start, import, run all cells."""
    pupil = Pupil()
    before = time.perf_counter()
    manager, client, process = start(environment)

    def over(name: str) -> None:
        nonlocal before
        waited, used = time.perf_counter() - before, processor_seconds(process)
        together.wait()  # memory is read while all have come as far, and none goes on
        pupil.stages[name] = Stage(*memory_of(process), waited, used)
        together.wait()
        before = time.perf_counter()

    try:
        over("kernel started")
        execute(client, FIRST_RUN)
        over("first run")
        for code in cells:
            execute(client, code)
        over("notebook run")
    except BaseException:
        together.abort()  # nobody waits for who has failed
        raise
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return pupil


def class_of(
    kernels: int, cells: list[str], cache: Path, home: Path, *, home_read_only: bool
) -> list[Pupil]:
    """Let so many kernels work at once, and return what each of them took."""
    together = Barrier(kernels)
    with contextlib.ExitStack() as stack:
        stack.enter_context(read_only(cache))
        homes = [home / f"{kernels}-{number}" for number in range(kernels)]
        for each in homes:
            each.mkdir(parents=True)
            if home_read_only:
                stack.enter_context(read_only(each))
        with ThreadPoolExecutor(kernels) as pool:
            return list(pool.map(lambda each: work(settings(cache, each), cells, together), homes))


def settings(cache: Path, home: Path) -> dict[str, str]:
    """Return the environment of a pupil: a home of its own, the cache of all."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "MPL", "IPYTHON"))}
    return {**kept, "HOME": str(home), "CXSIM_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}


def server_memory() -> tuple[int, int, int]:
    """Return what a server of JupyterLab holds: with a hub, each user has one."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
        environment = {**os.environ, "HOME": folder, "JUPYTER_RUNTIME_DIR": folder}
        with subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server:
            try:
                deadline = time.monotonic() + 60
                while not list(Path(folder).glob("jpserver-*.json")):
                    if time.monotonic() > deadline or server.poll() is not None:
                        raise RuntimeError("JupyterLab did not start")
                    time.sleep(0.2)
                time.sleep(2)
                return memory_of(server.pid)
            finally:
                server.terminate()


def show(pupils: list[Pupil]) -> None:
    """Print a row for each stage: medians over kernels."""

    def median(stage: str, name: str) -> float:
        return statistics.median(getattr(pupil.stages[stage], name) for pupil in pupils)

    print(f"\n{len(pupils)} kernels at once   seconds  processor s   RSS MiB   PSS MiB   own MiB")
    for stage in pupils[0].stages:
        print(
            f"{stage:22}{median(stage, 'waited'):10.1f}{median(stage, 'processor'):13.1f}"
            f"{median(stage, 'rss') / MIB:10.0f}{median(stage, 'pss') / MIB:10.0f}"
            f"{median(stage, 'private') / MIB:10.0f}"
        )


def main() -> None:
    """Measure a single kernel, then several at once, and extrapolate to thirty."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", type=int, default=8)
    parser.add_argument("--notebook", type=Path, default=LESSON)
    parser.add_argument(
        "--given", default='predictions = "none"', help="code to run after the parameters"
    )
    parser.add_argument("--cache", type=Path, help="a warmed folder (default: one made now)")
    parser.add_argument("--read-only-home", action="store_true")
    chosen = parser.parse_args()
    notebook = nbformat.read(chosen.notebook, as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    cells.insert(1, chosen.given)  # so that nothing waits for a click
    with tempfile.TemporaryDirectory() as folder:
        cache = chosen.cache or Path(folder, "cache")
        warm = [sys.executable, "-m", "cxsim", "warm", "--folder", str(cache)]
        subprocess.run(warm, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
        files = [path for path in cache.rglob("*") if path.is_file()]
        print(f"cache: {len(files)} files, {sum(f.stat().st_size for f in files) / MIB:.0f} MiB")
        print(", ".join(f"{name} {value}" for name, value in machine().items()))
        print(f"{chosen.notebook.name}, {len(cells) - 1} code cells")
        for number in sorted({1, chosen.kernels}):
            home = Path(folder, "home")
            pupils = class_of(number, cells, cache, home, home_read_only=chosen.read_only_home)
            show(pupils)
        rss, _, own = (size / MIB for size in server_memory())
        print(
            f"\nserver of JupyterLab, one for each user of a hub: RSS {rss:.0f} MiB, "
            f"own {own:.0f} MiB"
        )
        last = [pupil.stages["notebook run"] for pupil in pupils]
        each = statistics.median(stage.private for stage in last) / MIB
        shared = statistics.median(stage.rss - stage.private for stage in last) / MIB
        print(
            f"thirty users: {30 * (each + own) + shared + rss - own:,.0f} MiB "
            f"(30 kernels x {each:.0f} + {shared:.0f} shared, 30 servers x {own:.0f})"
        )


if __name__ == "__main__":
    main()
