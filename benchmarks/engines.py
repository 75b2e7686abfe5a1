"""The compiled engine against the agents engine: same rules, same results, time per customer.

Run with ``make bench``. Both engines are timed in one process, in turn, several times;
medians and their ratio are printed. Machines differ; the ratio is what to read.
"""

from __future__ import annotations

import statistics
import time

import mesa
import numpy as np

import cxsim as cx
from cxsim.engine.agents import AgentsEngine
from cxsim.engine.columnar import ColumnarEngine

CUSTOMERS = 20_000
PERIODS = 3
REPEATS = 5


def five_firms() -> cx.Scenario:
    """Return the baseline with a fifth firm in the middle."""
    scenario = cx.load("baseline")
    fifth = {**scenario.to_dict()["firms"]["Tailor"], "interaction": 0.5, "customization": 0.5}
    return scenario.override({"firms.Middle": fifth, "customers": CUSTOMERS, "periods": PERIODS})


def nanoseconds(simulation: cx.Simulation, periods: int) -> float:
    """Return the time of a customer and period."""
    start = time.perf_counter()
    for _ in range(periods):
        simulation.step()
    return (time.perf_counter() - start) / periods / CUSTOMERS * 1e9


def main() -> None:
    """Time both engines side by side and print medians and ratio."""
    scenario = five_firms()
    columnar = cx.Simulation(scenario, engine=lambda w: ColumnarEngine(w, threads=1))
    agents = cx.Simulation(scenario, engine=lambda w: AgentsEngine(w, model=mesa.Model(rng=0)))
    columnar.step()  # compiles
    agents.step()
    np.testing.assert_array_equal(columnar.workspace.totals(), agents.workspace.totals())
    times: dict[str, list[float]] = {"columnar": [], "agents": []}
    for _ in range(REPEATS):
        times["columnar"].append(nanoseconds(columnar, 20))
        times["agents"].append(nanoseconds(agents, 1))
    fast, slow = (statistics.median(times[name]) for name in ("columnar", "agents"))
    print(f"{CUSTOMERS:,} customers, {len(scenario.firms)} firms, one thread, same totals")
    print(f"  columnar engine  {fast:12,.0f} ns per customer and period")
    print(f"  agents engine    {slow:12,.0f} ns per customer and period")
    print(f"  ratio            {slow / fast:12,.0f}")


if __name__ == "__main__":
    main()
