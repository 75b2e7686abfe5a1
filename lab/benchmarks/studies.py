"""Ten thousand runs through the store: overhead, memory of the parent, gain of a second core.

``python -m lab.benchmarks.studies`` prints a table; ``--runs 2000`` takes a fifth of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cxsim.study.workers import loky_processes

#: What the runner is meant to reach: overhead at most, MiB of the parent at most, gain at least.
GOALS = {"overhead": 0.25, "memory": 500, "gain": 1.8}

SEEDS = 10


def plan(runs: int) -> dict[str, Any]:
    """Return a study of so many runs: 1,000 customers, 60 periods, 4 firms."""
    return {
        "scenario": "baseline",
        "overrides": {"customers": 1000, "periods": 60},
        "factors": {
            "firms.Tailor.price": [18, 26],
            "learning_rate": {"low": 0.05, "high": 0.5, "scale": "log"},
            "copy": {
                "paths": ["firms.Mass.interaction", "firms.Mass.customization"],
                "low": 0.1,
                "high": 0.9,
            },
        },
        "design": {"kind": "latin_hypercube", "size": max(1, runs // SEEDS)},
        "seeds": SEEDS,
        "outputs": [
            "market_share",
            "retention_rate",
            "switching_cost",
            "profit",
            "net_present_value",
        ],
    }


def sweep_once(runs: int, jobs: int) -> dict[str, float]:
    """Run the study here, on so many processes (1: in this one), and measure it."""
    import cxsim as cx

    with tempfile.TemporaryDirectory() as folder:
        cx.sweep(plan(SEEDS), store=f"{folder}/first", executor="inline")  # imports, compiles
        start = time.process_time()
        executor = "processes" if jobs > 1 else "inline"
        result = cx.sweep(plan(runs), store=f"{folder}/store", executor=executor, jobs=jobs)
        report = result.report
        disk = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        own = time.process_time() - start
        files = len(list(Path(folder, "store", "runs").iterdir()))
    workers = _cpu_of_workers(jobs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "runs": report.done,
        "failed": report.failed,
        "seconds": report.seconds,
        "simulating": report.simulating,
        "overhead": report.overhead,
        "memory": peak,
        "cpu_parent": own,
        "cpu_workers": workers,
        "disk": disk,
        "files": files,
    }


def _cpu_of_workers(jobs: int) -> float:
    """Return processor seconds of workers, their start included; they are ended for that."""
    if jobs > 1:
        loky_processes(jobs).shutdown(wait=True)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def measured(runs: int, jobs: int) -> dict[str, float]:
    """Measure in a process of its own, so that its peak of memory is the sweep's."""
    command = [sys.executable, "-m", "lab.benchmarks.studies", "--child", str(runs), str(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=10_000)
    words.add_argument("--jobs", type=int, default=2)
    words.add_argument("--child", nargs=2, type=int, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.child:
        print(json.dumps(sweep_once(*given.child)))
        return
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    small = max(200, given.runs // 10)
    before = measured(small, 1)
    one = measured(given.runs, given.jobs)
    after = measured(small, 1)
    alone = (before["runs"] + after["runs"]) / (before["seconds"] + after["seconds"])
    rate = one["runs"] / one["seconds"]
    spent = (one["cpu_parent"] + one["cpu_workers"]) / one["runs"]
    spent_alone = (before["cpu_parent"] + after["cpu_parent"]) / (before["runs"] + after["runs"])
    few = measured(small, given.jobs)
    goal = {name: f"(goal: {value:g})" for name, value in GOALS.items()}
    each, single = (
        1e3 * one["simulating"] / one["runs"],
        1e3 * before["simulating"] / before["runs"],
    )
    lines = {
        "one process, before and after": f"{alone:,.0f} runs a second",
        f"{given.jobs} processes": f"{rate:,.0f} runs a second, {one['seconds']:,.1f} s",
        "gain over one process": f"{rate / alone:.2f} {goal['gain']}",
        "overhead, by the clock": f"{one['overhead']:.3f} {goal['overhead']}",
        "time inside simulation": f"{each:.2f} ms a run; {single:.2f} ms in one process",
        "gain by processor time": f"{given.jobs * spent_alone / spent:.2f} if nobody else computes",
        "processor time of the parent": f"{1e3 * one['cpu_parent'] / one['runs']:.2f} ms a run",
        "peak memory of the parent, MiB": f"{one['memory'] / 2**20:,.0f} {goal['memory']}",
        f"with {few['runs']:,} runs, MiB": f"{few['memory'] / 2**20:,.0f}",
        "store": f"{one['disk'] / one['runs']:,.0f} bytes a run, {one['files']} files",
    }
    for what, value in lines.items():
        print(f"{what:34}  {value}")
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
