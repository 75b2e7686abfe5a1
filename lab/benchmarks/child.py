"""A run in a process of its own: ``python -m lab.benchmarks.child '{"customers": 1000}'``.

Prints one line of JSON: time per period and its peak memory, which only a fresh process
can tell.
"""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["in_child", "peak_memory"]

ROOT = Path(__file__).resolve().parents[2]


def peak_memory() -> int:
    """Return the most memory that this process ever held, in bytes; 0 if nobody says.

    Linux keeps it by program (VmHWM); what getrusage says includes the parent's.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text("utf-8"), re.MULTILINE)
        if found:
            return int(found.group(1)) * 1024
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """Let the peak start anew, where Linux allows it: compiling is not what is measured."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def in_child(**task: Any) -> dict[str, Any]:
    """Run a task (see :func:`measure`) in a fresh process and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "lab.benchmarks.child", json.dumps(task)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"a run in its own process failed:\n{done.stderr}")
    return json.loads(done.stdout)


def measure(customers: int, periods: int, firms: int = 5) -> dict[str, Any]:
    """Return seconds to set up, seconds of a period, and memory before and at its peak."""
    import cxsim as cx
    from lab.benchmarks.markets import five_firms, many_firms

    def scenario(n: int) -> cx.Scenario:
        changes = {"customers": n, "periods": periods}
        return five_firms(**changes) if firms == 5 else many_firms(firms, **changes)

    tiny = cx.Simulation(scenario(64))  # loads libraries and compiled code
    tiny.step()
    del tiny
    forget_peak()
    base = peak_memory()
    start = time.perf_counter()
    simulation = cx.Simulation(scenario(customers))
    setup = time.perf_counter() - start
    times = []
    while not simulation.finished:
        start = time.perf_counter()
        simulation.step()
        times.append(time.perf_counter() - start)
    return {
        "setup": setup,
        "period": statistics.median(times[len(times) // 3 :]),
        "peak": peak_memory(),
        "base": base,
        "columns": simulation.workspace.population.nbytes,
    }


if __name__ == "__main__":
    print(json.dumps(measure(**json.loads(sys.argv[1]))))
