"""A store of a million runs: written, opened, resumed, analysed, merged, all from one command.

``python -m lab.benchmarks.store_size`` prints a table; ``--runs 100000`` takes a tenth of the
time. Rows are what a sweep writes, with random numbers, and go through the store's public
writer on two processes at once; the study that asks for them is real, and resuming it is the
package's own sweep, which finds every run there.
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

import numpy as np

#: What is asked of a million runs: seconds to resume, seconds to analyse.
GOALS = {"resume": 20, "analysis": 30}

SEEDS = 100
ROWS = 200  # of a file, as a sweep of runs of 10 ms writes them


def study(runs: int) -> Any:
    """Return a study of so many runs: one factor, a hundred seeds a point."""
    import cxsim as cx

    return cx.Study.from_dict(
        {
            "scenario": "baseline",
            "overrides": {"customers": 1000, "periods": 60},
            "factors": {"firms.Tailor.price": {"low": 15, "high": 30}},
            "design": {"kind": "latin_hypercube", "size": runs // SEEDS},
            "seeds": SEEDS,
            "outputs": ["market_share", "profit"],
        },
        name="million",
    )


def write(folder: str, runs: int, part: int, parts: int) -> None:
    """Write every n-th point of the study, as a shard of a sweep does."""
    from cxsim.study.outputs import codebook
    from cxsim.study.store import Store
    from cxsim.study.stored_runs import DesignCells

    plan = study(runs)
    store = Store(folder)
    store.keep_scenario(plan.base)
    store.keep_study(plan.name, plan.digest, plan.to_dict())
    store.describe(codebook(plan))
    cells = DesignCells(plan, plan.model(None), (part, parts))
    code = cells.code(0)
    store.keep_code(code.digest, lambda: code.named)
    names = [name for output in plan.outputs for name in output.columns(tuple(plan.base.firms))]
    random = np.random.default_rng(part)
    rows: list[dict[str, Any]] = []
    for cell in cells:
        facts = {**cells.facts(cell), "code": code.digest}
        drawn = random.random((SEEDS, len(names)))
        for seed in plan.seeds:
            values = dict(zip(names, drawn[seed].tolist(), strict=True))
            rows.append(
                {"run": cells.run(cell, seed), "status": "ok", "seed": seed, **facts, **values,
                 "task": cells.task(cell, seed), "message": None, "traceback": None,
                 "seconds": 0.01, "worker": f"{part}", "finished": time.time()}
            )  # fmt: skip
        while len(rows) >= ROWS:
            store.write(rows[:ROWS])
            del rows[:ROWS]
    store.write(rows)
    _say({})


def resume(folder: str, runs: int) -> None:
    """Start the sweep again, and see that there is nothing to do."""
    import cxsim as cx
    from cxsim.study.store import Store

    plan = study(runs)
    cx.sweep({**_small(), "seeds": 1}, store=f"{folder}-small", executor="inline")  # compiles
    before = time.process_time(), time.perf_counter()
    store = Store(folder)
    assert len(store) == runs
    opened = time.process_time() - before[0]
    report = cx.sweep(plan, store=store, executor="inline").report
    assert (report.stored, report.done) == (runs, 0), report
    _say({"opened": opened, "cpu": time.process_time() - before[0],
          "seconds": time.perf_counter() - before[1]})  # fmt: skip


def _small() -> dict[str, Any]:
    return {
        "scenario": "baseline",
        "overrides": {"customers": 1000, "periods": 60},
        "factors": {"firms.Tailor.price": [20]},
        "outputs": ["market_share", "profit"],
    }


def analyse(folder: str, runs: int) -> None:
    """Average outputs by point and give their standard errors: DuckDB over the store's files."""
    import duckdb

    before = time.process_time(), time.perf_counter()
    query = f"""
        SELECT scenario, count(*) AS n, avg("market_share.Tailor") AS share,
               stddev_samp("profit.Tailor") / sqrt(count(*)) AS error
        FROM read_parquet('{folder}/runs/*.parquet', union_by_name = true)
        WHERE status = 'ok' GROUP BY scenario ORDER BY share
    """
    table = duckdb.connect().execute(query).df()
    assert table["n"].sum() == runs
    _say({"cpu": time.process_time() - before[0], "seconds": time.perf_counter() - before[1]})


def merge(folder: str, runs: int) -> None:
    """Merge the store's files."""
    from cxsim.study.store import Store
    from cxsim.study.store_upkeep import compact

    before = time.process_time()
    done = compact(Store(folder))
    assert done.runs == runs
    _say({"cpu": time.process_time() - before, "files": done.after})


def _say(facts: dict[str, float]) -> None:
    own = resource.getrusage(resource.RUSAGE_SELF)
    cpu = own.ru_utime + own.ru_stime
    print(json.dumps({"all_cpu": cpu, "memory": own.ru_maxrss * 1024, **facts}))


def _child(what: str, *words: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lab.benchmarks.store_size", "--child", what, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _ended(process: subprocess.Popen[str]) -> dict[str, float]:
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(process.returncode)
    return json.loads(out.splitlines()[-1])


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=1_000_000)
    words.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.child:
        what, folder, *numbers = given.child
        globals()[what](folder, *map(int, numbers))
        return
    runs = given.runs // SEEDS * SEEDS
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = f"{place}/store"
        start = time.perf_counter()
        made = [_ended(each) for each in [_child("write", folder, runs, n, 2) for n in (1, 2)]]
        wall = time.perf_counter() - start
        files = len(list(Path(folder, "runs").iterdir()))
        tenth = _tenth(place, runs)
        _row("written by two processes", f"{runs:,} runs in {files:,} files, {wall:,.0f} s")
        _row("processor time of a writer", f"{1e6 * made[0]['all_cpu'] / (runs / 2):,.0f} us a run")
        _row("its peak of memory", f"{made[0]['memory'] / 2**20:,.0f} MiB; with a tenth of the "
             f"runs {tenth / 2**20:,.0f}")  # fmt: skip
        first, again = (_ended(_child("resume", folder, runs)) for _ in range(2))
        _row("opened", f"{again['opened']:.1f} s of processor time")
        _row("resumed for the first time", f"{first['cpu']:.1f} s (finds the digests of points)")
        _row("resumed", f"{again['cpu']:.1f} s of processor time (goal: {GOALS['resume']}), "
             f"{again['memory'] / 2**20:,.0f} MiB")  # fmt: skip
        found = _ended(_child("analyse", folder, runs))
        _row("means by point, DuckDB", f"{found['cpu']:.1f} s (goal: {GOALS['analysis']}), "
             f"{found['memory'] / 2**20:,.0f} MiB")  # fmt: skip
        merged = _ended(_child("merge", folder, runs))
        _row("merged", f"into {merged['files']} files in {merged['cpu']:.1f} s, "
             f"{merged['memory'] / 2**20:,.0f} MiB")  # fmt: skip
        last = _ended(_child("resume", folder, runs))
        _row("resumed after that", f"{last['cpu']:.1f} s, opened in {last['opened']:.1f} s")
        found = _ended(_child("analyse", folder, runs))
        _row("means by point after that", f"{found['cpu']:.1f} s")
    print(f"load after: {os.getloadavg()[0]:.1f}")


def _tenth(place: str, runs: int) -> float:
    few = runs // 10 // SEEDS * SEEDS
    return _ended(_child("write", f"{place}/few", few, 1, 2))["memory"] if few else 0.0


def _row(what: str, value: str) -> None:
    print(f"{what:34}  {value}", flush=True)


if __name__ == "__main__":
    main()
