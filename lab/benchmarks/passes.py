"""The profile: what each pass of a period costs."""

from __future__ import annotations

import statistics
import time
from typing import Any

import cxsim as cx
from cxsim.engine.schedule import PhaseGroup
from lab.benchmarks.floor import drawing
from lab.benchmarks.markets import five_firms
from lab.benchmarks.timing import say, seconds_of

__all__ = ["passes"]

PERIODS = 200


def passes() -> dict[str, Any]:
    """Return ns per customer and period by pass, in the order of the period.

    One block of customers, whose columns stay in cache, and every pass timed by itself:
    what is left is computation.
    """
    say("profile: passes one by one")
    customers = cx.Simulation(five_firms(customers=100_000)).workspace.population.block
    simulation = cx.Simulation(five_firms(customers=customers))
    for _ in range(SETTLE):
        simulation.step()
    groups = [
        (step.name, PhaseGroup((step,), population=step.population))
        for step in simulation.schedule.steps
        if step.phase != "begin"
    ]
    times: dict[str, list[float]] = {name: [] for name, _ in groups}
    for period in range(SETTLE, SETTLE + PERIODS):
        simulation.workspace.begin_period(period)
        for name, group in groups:
            start = time.perf_counter()
            simulation.engine.run([group])
            times[name].append(time.perf_counter() - start)
    rows = [
        {"name": name, "time": statistics.median(t) / customers * 1e9} for name, t in times.items()
    ]
    scenario = simulation.scenario
    options = len(scenario.firms) + int(scenario.no_purchase_option)
    in_market = int(simulation.customers("purchase_rate").mean() * customers)
    draw = drawing(customers, options, in_market)
    drawn = [seconds_of(draw) for _ in range(PERIODS)]
    return {
        "customers": customers,
        "rows": rows,
        "drawing": statistics.median(drawn) / customers * 1e9,
    }


SETTLE = 5
