"""Firms with a goal other than profit, and a budget for it."""

from __future__ import annotations

import numpy as np
import pytest
from markets import firm, market

import cxsim as cx
from cxsim.firms.policies import AdaptivePricing
from cxsim.firms.policy import FirmInformation, objective_value
from cxsim.model.mechanism_registry import GOALS, Objective
from cxsim.runs.measures.measure_registry import firm_measure, measures
from cxsim.strategy.decide import decide
from cxsim.strategy.tournament import tournament

SERVES = {"goal": "purchases", "budget": 500.0}


def known(price, served, profit, objective=None):
    books = {
        "profit": np.array([profit] * 3),
        "capability_investment": np.zeros(3),
        "purchases": np.array([served] * 3),
    }
    return FirmInformation("Ann", own={"price": price}, books=books, objective=objective)


def test_any_result_within_the_budget_is_better_than_any_beyond_it():
    assert objective_value(10.0, -100.0, 100.0) == 10.0
    assert objective_value(0.0, -100.0, 100.0) > objective_value(1e9, -101.0, 100.0)
    assert objective_value(1.0, -300.0, 100.0) < objective_value(1.0, -200.0, 100.0)


@pytest.mark.parametrize(
    ("objective", "second"),
    [
        (None, 20.0),  # profit falls: the price goes back
        (Objective(goal="purchases", budget=100.0), 19.208),  # more served, within the budget
        (Objective(goal="purchases", budget=0.0), 20.0),  # more served, beyond it
    ],
)
def test_trial_and_error_keeps_a_step_that_serves_more_within_the_budget(objective, second):
    policy = AdaptivePricing(step=0.02, patience=1)
    policy.decide(known(20.0, 100.0, 0.0, objective))
    policy.trial.direction = -1
    assert policy.decide(known(20.0, 100.0, 0.0, objective)) == pytest.approx(19.6)
    assert policy.decide(known(19.6, 110.0, -50.0, objective)) == pytest.approx(second)


def test_a_firm_that_may_lose_money_serves_more_and_loses_no_more_than_its_budget():
    free = {"policy": {"pricing": {"name": "adaptive", "patience": 2, "step": 0.05}}}
    served, lost = [], []
    for objective in (None, {"goal": "purchases", "budget": 5000.0}):
        firms = {"Ann": firm(**free, objective=objective), "Bob": firm()}
        run = cx.run(market(firms, customers=400, periods=40))
        late = run.firms.query("firm == 'Ann' and period >= 20")
        served.append(late["purchases"].mean())
        lost.append(late["profit"].mean())
    assert served[1] > 1.1 * served[0]
    assert lost[1] < lost[0]


@pytest.mark.parametrize("name", ["best_response", "farsighted"])
def test_a_policy_that_solves_for_profit_is_refused(name):
    firms = {"Ann": firm(objective=SERVES, policy={"pricing": name}), "Bob": firm()}
    with pytest.raises(cx.ScenarioError, match="expected a firm that maximizes profit, found an"):
        market(firms)


def test_an_objective_alone_changes_no_run_and_no_objective_changes_no_digest():
    plain = market({"Ann": firm(), "Bob": firm()}, customers=100)
    aimed = market({"Ann": firm(objective=SERVES), "Bob": firm()}, customers=100)
    assert cx.run(plain).firms.equals(cx.run(aimed).firms)
    priced = {"policy": {"pricing": "adaptive"}}
    digests = {
        market({"Ann": firm(**priced, **more), "Bob": firm()}).digest
        for more in ({}, {"objective": None}, {"objective": SERVES})
    }
    assert len(digests) == 2


def test_every_goal_is_a_measure_and_those_of_objectives_are_in_a_firm_s_books():
    own = {each.name for each in measures("firm") if each.own_ledger}
    for goal in GOALS:
        if goal.firms:
            firm_measure(goal.measure, market().mechanisms)
        assert not goal.served or goal.measure in own


def test_a_decision_leaves_out_options_beyond_the_budget():
    firms = {"Ann": firm(objective=SERVES, unit_cost=5.0), "Bob": firm()}
    scenario = market(firms, customers=60, periods=6)
    options = {"stay": {}, "free": {"firms.Ann.price": 1.0}, "dear": {"firms.Ann.price": 15.0}}
    found = decide(scenario, "Ann", options=options, rival="none", points=4, seeds=2)
    assert found.output == "purchases.Ann"
    assert "free" not in found.options
    assert "beyond the firm's budget are left out" in found.sentence()
    with pytest.raises(ValueError, match=r"options: expected two or more within the budget of Ann"):
        decide(
            scenario, "Ann", options=dict(list(options.items())[:2]), rival="none", points=4,
            seeds=2,
        )  # fmt: skip


def test_a_tournament_is_about_the_objective_and_names_policies_beyond_the_budget():
    firms = {"Ann": firm(objective=SERVES, unit_cost=5.0), "Bob": firm()}
    scenario = market(firms, customers=60, periods=6)
    ruinous = {"pricing": {"name": "undercut", "by": 0.5, "lag": 0, "floor": 0.5}}
    found = tournament(scenario, {"fixed": {}, "ruinous": ruinous}, players=("Ann", "Bob"), seeds=2)
    assert found.measure == "purchases"
    assert list(found.table["policy"]) == ["fixed", "ruinous"]
    assert list(found.table["within_budget"]) == [True, False]
