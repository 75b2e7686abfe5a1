"""Play a market to its end on either engine, and compare two such markets to the bit."""

from __future__ import annotations

import mesa
import numpy as np

from cxsim.engine.agents import AgentsEngine
from cxsim.engine.columnar import ColumnarEngine
from cxsim.runs.simulation import Simulation


def played(
    scenario, *, seed=0, engine="columnar", threads=1, block=4096, each=lambda _: None, **options
):
    """Play a scenario to its end, looking at it after each period."""
    makers = {
        "columnar": lambda w: ColumnarEngine(w, threads=threads),
        "agents": lambda w: AgentsEngine(w, model=mesa.Model(rng=1)),
    }
    simulation = Simulation(scenario, seed=seed, engine=makers[engine], block=block, **options)
    simulation.warm_up()
    while not simulation.finished:
        simulation.step()
        each(simulation)
    return simulation


def assert_same(a, b):
    """Same state of every customer, same totals of every period, to the bit."""
    for name in a.workspace.population.columns:
        np.testing.assert_array_equal(a.customers(name), b.customers(name), err_msg=name)
    for name in a.workspace.total_places:
        np.testing.assert_array_equal(a.ledger.count(name), b.ledger.count(name), err_msg=name)
