"""Demand as benchmarks know it: what comes on average, its slopes, the best response to it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from markets import firm, lively, market
from playing import played

import cxsim as cx
from cxsim.runs.simulation import Simulation


def knowing(**world):
    scenario = lively(periods=4, **world).override({"firms.*.promotions.chance": 0.0})
    return scenario.override({"firms.Mass.policy.pricing": "best_response"})


def demand_of(simulation):
    return simulation._demand


def test_expected_demand_is_what_comes_on_average():
    scenario = knowing(customers=4000).override(
        {"segments.*.exit_rate": 0.0, "segments.Far.exit_rate_beta": None}
    )
    simulation = Simulation(scenario, seed=1)
    for _ in range(3):
        simulation.step()
    kept = pickle.dumps(simulation)
    simulation.decisions.decide(3, simulation._demand)
    asked = simulation.workspace.tables.arrays["firm_price"].copy()
    expected = [
        demand_of(simulation).at(f, p) for f, p in zip(simulation.ledger.firms, asked, strict=True)
    ]
    bought, earned = [], []
    for seed in range(40):
        again = pickle.loads(kept)
        fresh = Simulation(scenario, seed=1000 + seed)  # other shocks for the same customers
        again.workspace._static_keys[:] = fresh.workspace._static_keys
        again.step()
        bought.append(again.ledger.count("purchases")[-1, :, :-1].sum(axis=0))
        earned.append(
            sum(
                sign * again.ledger.count(name)[-1]
                for name, sign in (("revenue", 1), ("cost_of_goods_sold", -1),
                                   ("contact_cost", -1), ("service_cost", -1))
            )
        )  # fmt: skip
    for values, name in ((bought, "purchases"), (earned, "margin")):
        mean, error = np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / np.sqrt(40)
        off = (mean - [getattr(each, name) for each in expected]) / error
        assert (abs(off) < 4.0).all(), (name, off)


def test_the_slopes_of_expected_demand_are_its_differences():
    simulation = played(knowing(customers=2000))
    demand = demand_of(simulation)
    for name in simulation.ledger.firms:
        low, here, high = (demand.at(name, p) for p in (9.999, 10.0, 10.001))
        assert here.response == pytest.approx((high.purchases - low.purchases) / 0.002, rel=1e-5)
        assert here.gain == pytest.approx((high.margin - low.margin) / 0.002, rel=1e-4, abs=1e-3)


def test_no_other_price_is_a_better_response():
    simulation = played(knowing(customers=2000))
    simulation.decisions.decide(4, simulation._demand)
    best = simulation.workspace.tables.arrays["firm_price"][0]
    demand = demand_of(simulation)
    top = demand.at("Mass", best).margin
    tried = np.linspace(0.0, 3.0 * best, 120)
    assert max(demand.at("Mass", p).margin for p in tried) <= top


def test_asking_about_demand_changes_nothing():
    simulation = played(knowing(customers=1500))
    columns = simulation.workspace.population.columns
    before = {name: simulation.customers(name).copy() for name in columns}
    demand_of(simulation).at("Mass", 3.0)
    for name, values in before.items():
        np.testing.assert_array_equal(simulation.customers(name), values, err_msg=name)
    assert (simulation.workspace.tables.arrays["firm_price"][1:] == 10.0).all()


def test_a_firm_alone_without_outside_option_is_refused_a_best_price_as_there_is_none():
    alone = {"Only": firm(policy={"pricing": "best_response"})}
    with pytest.raises(cx.ScenarioError, match=r"firms\.Only\.policy\.pricing: .*one firm alone"):
        market(alone, customers=50)
