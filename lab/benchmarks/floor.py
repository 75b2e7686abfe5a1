"""Two floors: streaming through the bytes of a period, and drawing its random numbers.

The first streams once through the bytes that one period must read and write.

Which bytes these are is read off the simulation: a state column counts as read if a pass
of the period (other than those for newcomers) names it, and as written if a period
without newcomers changes it. Columns that live for a block only stay in cache and do
not count. The second draws what a period draws, compares options, and does nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import cxsim as cx
from cxsim.engine.compiling import compiled_rule
from cxsim.engine.workspace import parameters_of
from cxsim.numerics import draws, elementary

__all__ = ["drawing", "streaming", "traffic"]

_FOR_NEWCOMERS = ("begin", "arrive")


def traffic(scenario: Any) -> dict[str, dict[str, float]]:
    """Return the bytes per customer that a period reads and writes, by state column."""
    calm = {f"segments.{name}.exit_rate": 0.0 for name in scenario.segments}
    simulation = cx.Simulation(scenario.override({**calm, "customers": 2048}))
    for _ in range(3):
        simulation.step()
    population = simulation.workspace.population
    named = {
        name
        for step in simulation.schedule.steps
        if step.phase not in _FOR_NEWCOMERS
        for name in parameters_of(step)
    }
    before = {name: population.whole(name).copy() for name in population.columns}
    simulation.step()
    result = {}
    for name in population.columns:
        now = population.whole(name)
        size = now.nbytes / population.customers
        changed = not np.array_equal(before[name], now)
        if name in named or changed:
            result[name] = {"read": size, "written": size if changed else 0.0}
    return result


def streaming(columns: dict[str, dict[str, float]], customers: int) -> Callable[[], None]:
    """Return an action that reads these bytes once, and writes back those that are written.

    Arrays of the columns' sizes, each walked in one compiled loop of 64-bit words with one
    operation per word: nothing that computes can be faster.
    """
    import numba

    @numba.njit(nogil=True)
    def read(words):
        result = np.uint64(0)
        for k in range(len(words)):
            result ^= words[k]
        return result

    @numba.njit(nogil=True)
    def write(words):
        for k in range(len(words)):
            words[k] ^= np.uint64(1)

    kinds = []
    for column in columns.values():
        words = np.ones(-(-int(column["read"] * customers) // 8), np.uint64)
        kinds.append((write if column["written"] else read, words))

    def once() -> None:
        for action, words in kinds:
            action(words)

    once()  # compiles
    return once


def drawing(customers: int, options: int, shoppers: int) -> Callable[[], None]:
    """Return an action that draws what a period draws and finds the largest shock.

    A uniform for leaving and one for entering the market for everybody; for each shopper one
    for being recognized, and a Gumbel shock per option, with the engine's own functions. Any
    engine that draws as the model says does at least this.
    """
    import numba

    uniform = compiled_rule(draws.uniform)
    gumbel = compiled_rule(elementary.gumbel)

    @numba.njit(nogil=True, error_model="numpy")
    def draw(drawn, best, taken):
        key = np.uint64(1)
        for i in range(customers):
            drawn[i] = uniform(key, i)
        for i in range(customers):
            drawn[i] += uniform(key + np.uint64(1), i)
        for k in range(shoppers):
            best[k] = uniform(key + np.uint64(2), k) - 1e9
        for o in range(options):
            for k in range(shoppers):
                drawn[k] = uniform(key + np.uint64(3 + o), k)
            for k in range(shoppers):
                drawn[k] = gumbel(drawn[k])
            for k in range(shoppers):
                shock, most = drawn[k], best[k]
                better = shock > most
                best[k] = shock if better else most
                taken[k] = o if better else taken[k]

    drawn, best, taken = np.empty(customers), np.empty(customers), np.zeros(customers, np.int32)

    def once() -> None:
        draw(drawn, best, taken)

    once()  # compiles
    return once
