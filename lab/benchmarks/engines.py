"""The compiled engine, its plain way and the agents engine: same rules, same results, time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mesa
import numpy as np

import cxsim as cx
from cxsim.engine.agents import AgentsEngine
from cxsim.engine.columnar import ColumnarEngine
from cxsim.runs.simulation import PLAIN_BLOCK
from lab.benchmarks.markets import five_firms
from lab.benchmarks.plan import Plan
from lab.benchmarks.timing import Timing, forget_mesa_models, in_turn, ratio, say

__all__ = ["engines"]

#: Periods of the compiled engine timed for one of the agents engine.
MANY = 10


def engines(plan: Plan) -> dict[str, Any]:
    """Return the time of each engine in ns per customer and period, and ratios to the compiled.

    Raises
    ------
    AssertionError
        If their totals differ in a single digit.
    """
    n = plan.engine_customers
    scenario = five_firms(customers=n)
    say(f"engines: {n:,} customers arrive in either engine")
    columnar = cx.Simulation(scenario, engine=lambda w: ColumnarEngine(w, threads=1))
    plain = cx.Simulation(
        scenario, engine=lambda w: ColumnarEngine(w, threads=1, plain=True), block=PLAIN_BLOCK
    )
    agents = cx.Simulation(scenario, engine=lambda w: AgentsEngine(w, model=mesa.Model(rng=0)))
    for _ in range(3):  # until most have a supplier
        for each in (columnar, plain, agents):
            each.step()
            np.testing.assert_array_equal(columnar.workspace.totals(), each.workspace.totals())

    def steps(simulation: cx.Simulation) -> Callable[[], None]:
        def play() -> None:
            for _ in range(MANY):
                simulation.step()

        return play

    times = in_turn(
        {"columnar": steps(columnar), "plain": steps(plain), "agents": agents.step},
        rounds=plan.engine_rounds,
        label="engines",
    )
    del agents
    forget_mesa_models()
    return {
        "customers": n,
        "firms": len(scenario.firms),
        "columnar": Timing.of(times["columnar"], 1e9 / n / MANY),
        "agents": Timing.of(times["agents"], 1e9 / n),
        "plain": Timing.of(times["plain"], 1e9 / n / MANY),
        "plain_ratio": ratio(times["plain"], times["columnar"]),
        "ratio": ratio(times["agents"], times["columnar"], MANY),
    }
