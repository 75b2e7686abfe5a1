"""Growth: time and memory against customers, firms, periods, threads, and what is switched on."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import cxsim as cx
from cxsim.engine.columnar import ColumnarEngine
from lab.benchmarks.child import in_child
from lab.benchmarks.machine import cores
from lab.benchmarks.markets import BESIDE, SWITCHES, five_firms, switched
from lab.benchmarks.plan import Plan
from lab.benchmarks.race import peer_growth
from lab.benchmarks.timing import Timing, in_turn, ratio, say

__all__ = ["bend", "growth"]


def growth(plan: Plan) -> dict[str, Any]:
    """Return all the tables of growth."""
    in_child(customers=64, periods=2)  # compiles, should that be needed
    return {
        "customers": _by_customers(plan),
        "peers": peer_growth(plan),
        "firms": _by_firms(plan),
        "periods": _by_periods(plan),
        "memory": _memory(plan),
        "threads": _by_threads(plan),
        "switches": _by_switches(plan),
    }


def bend(sizes: Iterable[float], times: Iterable[float]) -> float:
    """Return how far times stray from a straight line over sizes: the largest relative distance.

    The line (a fixed cost and one per unit) is fitted to relative distances.
    """
    x, t = np.array(list(sizes), float), np.array(list(times), float)
    design = np.column_stack([np.ones_like(x), x]) / t[:, None]
    line, *_ = np.linalg.lstsq(design, np.ones_like(t), rcond=None)
    return float(np.abs(design @ line - 1.0).max())


def _rounds(tasks: list[dict[str, Any]], rounds: int, label: str) -> list[dict[str, Any]]:
    """Run tasks in fresh processes, in turn; the largest once. Return medians."""
    results: list[list[dict[str, Any]]] = [[] for _ in tasks]
    for turn in range(rounds):
        for task, found in zip(tasks, results, strict=True):
            if turn and task["customers"] >= 10_000_000:
                continue
            words = ", ".join(f"{value:,} {name}" for name, value in task.items())
            say(f"{label}: {words} (round {turn + 1} of {rounds})")
            found.append(in_child(**task))
    return [
        task | {key: statistics.median(r[key] for r in found) for key in found[0]}
        for task, found in zip(tasks, results, strict=True)
    ]


def _by_customers(plan: Plan) -> dict[str, Any]:
    tasks = [
        {"customers": n, "periods": 60 if n <= 10_000 else 12 if n <= 1_000_000 else 6}
        for n in plan.growth_sizes
    ]
    rows = _rounds(tasks, plan.growth_rounds, "growth")
    return {
        "rows": rows,
        "bend": bend([r["customers"] for r in rows], [r["period"] for r in rows]),
    }


def _by_firms(plan: Plan) -> dict[str, Any]:
    n = plan.firm_customers
    tasks = [{"customers": n, "periods": 12, "firms": f} for f in plan.firm_counts]
    rows = _rounds(tasks, plan.growth_rounds, "growth")
    return {"rows": rows, "bend": bend([r["firms"] for r in rows], [r["period"] for r in rows])}


def _by_periods(plan: Plan) -> dict[str, Any]:
    tasks = [{"customers": plan.firm_customers, "periods": t} for t in plan.period_counts]
    rows = _rounds(tasks, 1, "growth")
    return {"rows": rows, "swelling": rows[-1]["peak"] / rows[0]["peak"]}


def _memory(plan: Plan) -> dict[str, Any]:
    return _rounds([{"customers": plan.memory_customers, "periods": 4, "firms": 8}], 1, "memory")[0]


def spinning() -> dict[str, Callable[[], Any]]:
    """Return actions that compute without memory: one thread does all, or each of two half.

    What two threads gain here is what the machine, and who else uses it, lets them gain.
    """
    import numba

    @numba.njit("int64(int64)", nogil=True)
    def spin(rounds):
        word = 1
        for k in range(rounds):
            word = (word * 6364136223846793005) ^ (word >> 7) ^ k
        return word

    pool, rounds = ThreadPoolExecutor(2), 50_000_000
    return {
        "spun by one": lambda: spin(rounds),
        "spun by two": lambda: list(pool.map(spin, [rounds // 2] * 2)),
    }


def _by_threads(plan: Plan) -> dict[str, Any]:
    n = plan.thread_customers
    rows = []
    for block in plan.thread_blocks:
        say(f"threads: {n:,} customers in blocks of {block:,}")
        simulations = {
            threads: cx.Simulation(
                five_firms(customers=n),
                engine=lambda w, threads=threads: ColumnarEngine(w, threads=threads),
                block=block,
            )
            for threads in (1, 2)
        }
        for simulation in simulations.values():
            simulation.step()
            simulation.step()
        actions = {str(threads): s.step for threads, s in simulations.items()}
        times = in_turn({**actions, **spinning()}, rounds=plan.thread_rounds)
        rows.append(
            {
                "block": block,
                "one": Timing.of(times["1"], 1e9 / n),
                "two": Timing.of(times["2"], 1e9 / n),
                "gain": ratio(times["1"], times["2"]),
                "machine": ratio(times["spun by one"], times["spun by two"]),
            }
        )
    return {"customers": n, "cores": cores(), "rows": rows}


def _by_switches(plan: Plan) -> dict[str, Any]:
    n = plan.switch_customers
    simulations = {"core": cx.Simulation(five_firms(customers=n))}
    for words, _, changes, observers in SWITCHES:
        simulations[words] = cx.Simulation(switched(changes, customers=n), observers=observers)
    for name, simulation in simulations.items():
        say(f"switches: {name}")
        for _ in range(4):
            simulation.step()
    times = in_turn(
        {name: s.step for name, s in simulations.items()},
        rounds=plan.switch_rounds,
        label="switches",
    )
    return {
        "customers": n,
        "rows": [
            {
                "name": name,
                "time": Timing.of(t, 1e9 / n),
                "ratio": ratio(t, times["core"]),
                "beside": ratio(t, times[BESIDE[name]]) if name in BESIDE else None,
            }
            for name, t in times.items()
        ],
    }
