"""Long runs: nothing grows but the books, and a late period takes no longer than an early one."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from markets import lively

from cxsim.runs.measures.profit import cash, cumulative_profit, profit
from cxsim.runs.simulation import Simulation
from lab.benchmarks.soak import MARKETS, soak

CHANGES = {
    "firms.*.capability_cost": 50.0,
    "firms.*.initial_cash": 1e3,
    "events": [{"at": 5, "set": {"firms.Mass.price": 12.0}}],
}


@pytest.mark.parametrize("every", [1, 7, 100])
def test_sums_since_the_start_are_the_same_however_often_they_are_asked_for(every):
    simulation = Simulation(lively(customers=300, periods=40).override(CHANGES), seed=3)
    asked = {}
    while not simulation.finished:
        simulation.step()
        if simulation.period % every == 0 or simulation.finished:
            latest = [simulation.latest("firm", name) for name in ("cash", "cumulative_profit")]
            asked[simulation.period - 1] = latest
    ledger = simulation.ledger
    np.testing.assert_array_equal(cumulative_profit(ledger), np.cumsum(profit(ledger), axis=0))
    for period, (cash_then, profit_then) in asked.items():
        np.testing.assert_array_equal(cash_then, cash(ledger)[period])
        np.testing.assert_array_equal(profit_then, cumulative_profit(ledger)[period])


def test_a_sum_asked_for_in_every_period_costs_one_page_a_period():
    simulation = Simulation(lively(customers=50, periods=60))
    pages = []

    def counted(ledger):
        pages.append(ledger.periods)
        return profit(ledger)

    while not simulation.finished:
        simulation.step()
        simulation.ledger.last().summed("counted", counted)
    assert max(pages) == 1
    assert len(pages) < 2 * 60


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("market", "periods"),
    [(name, 100_000 if name == "baseline" else 20_000) for name in MARKETS],
)
def test_a_long_run_is_flat(market, periods):
    soaked = soak(market, periods)
    assert soaked.is_flat, soaked
    assert soaked.bytes_per_period < 20_000
