"""The compiled engine against the agents engine: same rules, same results, time per customer."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np

import cxsim as cx
from benchmarks.markets import five_firms
from benchmarks.plan import Plan
from benchmarks.timing import Timing, forget_mesa_models, in_turn, ratio, say
from cxsim.engine.agents import AgentsEngine
from cxsim.engine.columnar import ColumnarEngine

__all__ = ["engines"]

#: Periods of the compiled engine timed for one of the agents engine.
MANY = 10


def engines(plan: Plan) -> dict[str, Any]:
    """Return the time of either engine in ns per customer and period, and their ratio.

    Raises
    ------
    AssertionError
        If their totals differ in a single digit.
    """
    n = plan.engine_customers
    scenario = five_firms(customers=n)
    say(f"engines: {n:,} customers arrive in either engine")
    columnar = cx.Simulation(scenario, engine=lambda w: ColumnarEngine(w, threads=1))
    agents = cx.Simulation(scenario, engine=lambda w: AgentsEngine(w, model=mesa.Model(rng=0)))
    for _ in range(3):  # until most have a supplier
        columnar.step()
        agents.step()
        np.testing.assert_array_equal(columnar.workspace.totals(), agents.workspace.totals())

    def compiled() -> None:
        for _ in range(MANY):
            columnar.step()

    times = in_turn(
        {"columnar": compiled, "agents": agents.step}, rounds=plan.engine_rounds, label="engines"
    )
    del agents
    forget_mesa_models()
    return {
        "customers": n,
        "firms": len(scenario.firms),
        "columnar": Timing.of(times["columnar"], 1e9 / n / MANY),
        "agents": Timing.of(times["agents"], 1e9 / n),
        "ratio": ratio(times["agents"], times["columnar"], MANY),
    }
