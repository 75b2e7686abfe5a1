"""Policies that come with the package: roadmap, imitator, trial and error."""

from __future__ import annotations

import numpy as np
import pytest
from markets import firm, market
from playing import played
from test_policies import prices, pricing


def test_a_roadmap_reaches_its_targets_on_time():
    targets = [
        {"at": 1, "over": 2, "interaction": 0.6},
        {"at": 3, "customization": 0.9},
    ]
    policy = {"capability": {"name": "roadmap", "targets": targets}}
    scenario = market({"Ann": firm(interaction=0.2, policy=policy), "Bob": firm()}, periods=5)
    books = played(scenario).ledger
    assert books.firm("interaction")[:, 0] == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.6])
    assert books.firm("customization")[:, 0].tolist() == [0.0, 0.0, 0.0, 0.9, 0.9]


def test_a_roadmap_moves_as_an_event_over_the_same_periods_does():
    policy = {
        "capability": {"name": "roadmap", "targets": [{"at": 1, "over": 3, "interaction": 1.0}]}
    }
    events = [{"at": 1, "over": 3, "set": {"firms.Ann.interaction": 1.0}}]
    by_plan = played(market({"Ann": firm(policy=policy), "Bob": firm()}))
    by_event = played(market({"Ann": firm(), "Bob": firm()}, events=events))
    np.testing.assert_array_equal(
        by_plan.ledger.firm("interaction"), by_event.ledger.firm("interaction")
    )


@pytest.mark.parametrize(("pace", "first"), [(1.0, 0.8), (0.5, 0.4)])
def test_an_imitator_copies_who_leads_as_it_was_a_while_ago(pace, first):
    leader = firm(quality=20.0, interaction=0.8, customization=0.6)
    policy = {"capability": {"name": "imitate", "lag": 2, "pace": pace}}
    scenario = market(
        {"Ann": leader, "Bob": firm(policy=policy), "Cy": firm(interaction=0.1)},
        events=[{"at": 2, "set": {"firms.Ann.interaction": 0.2}}],
        customers=500,
        periods=5,
    )
    # Shares are known from period 1 on: period 3 copies period 1, before Ann changed.
    got = played(scenario).ledger.firm("interaction")[:, 1]
    assert got[:4] == pytest.approx([0.0, 0.0, 0.0, first])
    assert got[4] == pytest.approx(0.2 if pace == 1.0 else 0.5 * (first + 0.2))


def test_a_leader_imitates_nobody():
    policy = {"capability": {"name": "imitate", "lag": 0}}
    scenario = market(
        {"Ann": firm(quality=20.0, policy=policy), "Bob": firm(interaction=0.9)}, customers=500
    )
    assert (played(scenario).ledger.firm("interaction")[:, 0] == 0.0).all()


@pytest.mark.parametrize("start", [1.4, 4.0])
def test_trial_and_error_finds_the_price_that_knowing_demand_would(start):
    scenario = market(
        {
            "Ann": {"price": start, "quality": 1.0, "unit_cost": 1.0,
                    "policy": pricing("adaptive", step=0.05, patience=2)},
            "Bob": {"price": 2.2, "quality": 1.0, "unit_cost": 1.0},
        },
        {"All": {"share": 1.0, "price_sensitivity": 1.0}},
        no_purchase_option=True,
        customers=20_000,
        periods=160,
    )  # fmt: skip
    knowing = scenario.override(
        {"firms.Ann.policy.pricing": "best_response", "periods": 2, "customers": 2000}
    )
    best = prices(played(knowing))[-1, 0]
    assert best == pytest.approx(2.224, abs=0.01)
    assert prices(played(scenario))[-60:, 0].mean() == pytest.approx(best, rel=0.05)


def test_adaptive_capabilities_rise_where_they_pay_and_fall_where_they_cost():
    def settled(worth, cost):
        policy = {"capability": {"name": "adaptive", "step": 0.2, "patience": 2, "payback": 12}}
        able = firm(quality=12.0, interaction=0.5, customization=0.5, capability_cost=cost,
                    policy=policy)  # fmt: skip
        scenario = market(
            {"Ann": able, "Bob": firm()},
            {"All": {"share": 1.0, "price_sensitivity": 0.5, "fit_weight": worth,
                     "need_sd": 1.5, "exit_rate": 0.02}},
            customers=20_000,
            periods=160,
        )  # fmt: skip
        books = played(scenario).ledger
        return (books.firm("customization") + books.firm("interaction"))[-40:, 0].mean()

    assert settled(worth=2.0, cost=0.0) > 1.4
    assert settled(worth=0.0, cost=200_000.0) < 0.6
