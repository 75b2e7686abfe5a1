"""An insolvent firm leaves for good: its customers choose anew, and the books close."""

from __future__ import annotations

import numpy as np
import policies_of_users  # noqa: F401 - what this process has imported needs no trust
import pytest
from markets import firm, lively, market
from playing import assert_same, played

from cxsim.runs.firm_decisions import Insolvency
from cxsim.runs.measures.measure_registry import measures

#: Loses 5 on every unit.
LOSING = firm(price=5.0, unit_cost=10.0)


def broke(limit=100_000.0, wait=2, **world):
    """Ann loses about 250,000 a period on half of 100,000 customers."""
    return market(
        {"Ann": {**LOSING, "credit_limit": limit, "insolvency_periods": wait}, "Bob": firm()},
        {"All": {"share": 1.0, "price_sensitivity": 0.0, "switching_cost": 1.0}},
        customers=500,
        periods=8,
        **world,
    )


def measure(simulation, name):
    (found,) = (m for m in measures("firm", simulation.mechanisms) if m.name == name)
    return found.function(simulation.ledger)


def test_a_firm_leaves_after_so_many_periods_below_its_credit_limit():
    simulation = played(broke())
    cash = measure(simulation, "cash")[:, 0]
    assert (cash[:2] < -100_000).all(), "below the limit in periods 0 and 1"
    assert simulation.ledger.firm("active")[:, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert (cash[2:] == cash[1]).all(), "what has gone earns and spends nothing"


def test_nobody_buys_from_it_again_and_its_customers_have_no_supplier():
    simulation = played(broke())
    ledger = simulation.ledger
    assert ledger.count("purchases")[2:, :, 0].sum() == 0
    assert ledger.count("released")[:, 0].tolist() == [
        0, 0,
        ledger.count("customers_before")[1, 1]
        + measure(simulation, "customers_acquired")[1, 0] / 200
        - measure(simulation, "customers_lost_to_rivals")[1, 0] / 200, 0, 0, 0, 0, 0,
    ]  # fmt: skip
    assert (simulation.customers("supplier") == 1).all()
    assert ledger.count("customers_before")[2, 1] == 0


def test_cash_that_recovers_in_time_saves_the_firm():
    saved = [{"at": 1, "set": {"firms.Ann.price": 30.0}}]
    assert played(broke(wait=2, events=saved)).ledger.firm("active").all()


def test_an_event_does_not_bring_back_who_has_gone():
    back = [{"at": 4, "set": {"firms.Ann.active": True}}]
    assert (played(broke(events=back)).ledger.firm("active")[2:, 0] == 0).all()


def test_a_firm_without_credit_limit_may_owe_any_amount():
    alone = market({"Ann": LOSING, "Bob": firm()}, customers=500, periods=8)
    assert played(alone).ledger.firm("active").all()
    assert "market_exit" not in [m.name for m in played(alone).mechanisms]


def test_an_event_may_set_a_limit():
    scenario = broke(limit=None, events=[{"at": 3, "set": {"firms.Ann.credit_limit": 0.0}}])
    assert played(scenario).ledger.firm("active")[:, 0].tolist() == [1, 1, 1, 1, 1, 0, 0, 0]


def test_a_limit_that_nobody_reaches_changes_nothing():
    scenario = lively(customers=300)
    far = scenario.override({"firms.*.credit_limit": 1e12})
    a, b = played(scenario), played(far)
    for name in a.workspace.total_places:
        np.testing.assert_array_equal(a.ledger.count(name), b.ledger.count(name), err_msg=name)


def test_a_policy_of_a_firm_that_has_gone_decides_nothing():
    policy = {"capability": {"name": "policies_of_users:Climb", "step": 0.1}}
    scenario = broke().override({"firms.Ann.policy": policy, "firms.Ann.interaction": 0.0})
    costly = scenario.override({"firms.Ann.capability_investment": 10.0})
    assert (measure(played(costly), "capability_investment")[2:, 0] == 0).all()


def test_both_engines_let_the_same_firms_go():
    assert_same(played(broke()), played(broke(), engine="agents"))


def test_entry_by_event_a_newcomer_finds_customers():
    late = [{"at": 3, "set": {"firms.Cy.active": True}}]
    scenario = market(
        {"Ann": firm(), "Bob": firm(), "Cy": firm(active=False)}, events=late, customers=900
    )
    share = measure(played(scenario), "market_share")[:, 2]
    assert (share[:3] == 0).all()
    assert share[3:] == pytest.approx(1 / 3, abs=0.1)


def test_one_period_within_the_limit_starts_the_count_anew():
    insolvency = Insolvency(1)
    one = np.ones(1)
    gone = [
        bool(insolvency.close(np.array([c]), one, one * 5.0, one * 2)[0])
        for c in (-6.0, -5.0, -6.0, -7.0, 9.0)
    ]
    assert gone == [False, False, False, True, True]
