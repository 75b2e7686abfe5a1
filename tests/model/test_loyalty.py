"""Points, contracts and subscriptions: the books close, and what binds customers is measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import firm, lively, market
from playing import assert_same, played
from random_scenarios import scenarios

import cxsim as cx
from cxsim.runs.measures.measure_registry import FIRM_MEASURES, measures
from cxsim.runs.simulation import Simulation
from examples import examples

PROGRAMME = {"points_per_currency": 2.0, "point_value": 0.05, "redemption_threshold": 40.0}


def bound(**world):
    """Return a lively market in which firms give points, bind and bill customers."""
    return lively(customers=1500, periods=10, **world).override(
        {
            "firms.Mass.loyalty_programme": PROGRAMME,
            "firms.Niche.loyalty_programme": {"point_value": 0.2},
            "firms.Niche.contracts": {"length": 4, "exit_fee": 2.0},
            "firms.Tailor.billing": "subscription",
            "firms.Tailor.contracts": {"length": 3, "exit_fee": 3.0},
        }
    )


@settings(max_examples=examples(60), deadline=None)
@given(scenario=scenarios(), seed=st.integers(0, 10**6))
def test_revenue_is_the_sum_of_prices_paid_in_every_period_whatever_takes_part(scenario, seed):
    simulation = Simulation(scenario, seed=seed, observers=("panel",))
    simulation.warm_up()
    names = sorted(scenario.segments)
    volume = np.array([scenario.segments[name].volume for name in names])
    while not simulation.finished:
        simulation.step()
        choice = simulation.customers("panel_choice")
        price = simulation.customers("panel_price")
        bought = volume[simulation.customers("segment")]
        got = simulation.ledger.count("revenue")[-1]
        for f in range(len(scenario.firms)):
            paid = (price[f] * bought)[choice == f].sum(dtype=float)
            assert got[f] == pytest.approx(paid, rel=1e-5, abs=1e-6)


@settings(max_examples=examples(60), deadline=None)
@given(scenario=scenarios(), seed=st.integers(0, 10**6))
def test_points_outstanding_are_those_given_less_those_redeemed_and_forfeited(scenario, seed):
    scenario = scenario.override({"warm_up": 0})
    if all(f.loyalty_programme is None for f in scenario.firms.values()):
        scenario = scenario.override(
            {"firms.*.loyalty_programme": PROGRAMME, "firms.*.policy.pricing": "fixed"}
        )
    ledger = played(scenario, seed=seed).ledger
    known = {m.name: m.function(ledger) for m in measures("firm") if m.name.startswith("points")}
    spent = ledger.total("redemptions") + known["points_forfeited"]
    rise = np.diff(known["points_liability"], axis=0, prepend=0.0)
    scale = 1e-5 * (1.0 + known["points_issued"] + known["points_liability"])
    assert (np.abs(rise - (known["points_issued"] - spent)) <= scale * scenario.market_size).all()


def test_profit_counts_redemptions_once_and_adds_exit_fees():
    firms = cx.run(bound()).firms
    costs = firms[["cost_of_goods_sold", "contact_cost", "service_cost"]].sum(axis=1)
    np.testing.assert_allclose(firms["profit"], firms["revenue"] - costs + firms["exit_fees"])
    assert firms["redemptions"].sum() > 0
    assert firms["exit_fees"].sum() > 0


def test_discounts_of_promotions_do_not_count_redemptions():
    always = {"firms.Mass.promotions": {"chance": 1.0, "depth": 0.2}}
    flat = {"firms.Mass.personal_premium": 0.0, "segments.Far.volume": 1.0}
    firms = cx.run(bound().override({**always, **flat})).firms
    mass = firms[firms["firm"] == "Mass"]
    np.testing.assert_allclose(mass["discounts"], 0.2 * 10.0 * mass["purchases"])
    assert mass["redemptions"].sum() > 0


def test_customers_of_a_period_are_the_holders_of_the_next_where_subscriptions_end():
    ledger = played(bound()).ledger
    after = {m.name: m.function(ledger) for m in FIRM_MEASURES}["customers"]
    before = ledger.total("customers_before")[1:, 1:] + ledger.total("left")[1:, 1:]
    np.testing.assert_allclose(after[:-1], before)
    assert ledger.count("ended").sum() > 0


def test_threads_and_blocks_do_not_show():
    scenario = bound().override({"customers": 5000})
    assert_same(played(scenario), played(scenario, block=1024, threads=2))


def test_subscribers_buy_every_period_and_reconsider_at_their_purchase_rate():
    scenario = market(
        {"Ann": firm(billing="subscription"), "Bob": firm(billing="subscription")},
        {"All": {"share": 1.0, "purchase_rate": 0.2}},
        customers=8000,
        periods=8,
    )
    run = cx.run(scenario)
    held = run.tenure.groupby("period")["customers"].sum()
    bought = run.firms.groupby("period")["purchases"].sum()
    assert (bought >= held).all()  # and some who had no supplier before
    moved = run.brand_switching.query("origin != 'no_supplier' and origin != destination")
    rate = moved["purchases"].sum() / held.sum()
    assert rate == pytest.approx(0.2 / 2, abs=0.01)  # to the other of two alike firms


def test_a_subscription_that_everybody_reconsiders_is_no_subscription():
    plain = lively().override(
        {
            "no_purchase_option": False,
            "segments.*.purchase_rate": 1.0,
            "segments.Far.purchase_rate_shape": None,
        }
    )
    a, b = played(plain), played(plain.override({"firms.*.billing": "subscription"}))
    for column in a.workspace.population.columns:
        np.testing.assert_array_equal(a.customers(column), b.customers(column), err_msg=column)


def test_a_balance_and_an_exit_fee_are_financial_switching_costs():
    base = cx.run(lively(customers=1500, periods=10)).firms
    firms = cx.run(bound()).firms
    last = firms["period"] == 9
    rise = (firms["switching_financial"] - base["switching_financial"])[last]
    assert (rise > 0).all()
    mass = firms[last & (firms["firm"] == "Mass")].iloc[0]
    assert rise[mass.name] == pytest.approx(mass["points_liability"] / mass["customers"], abs=0.05)


def test_what_keeps_customers_shows_among_the_terms_of_the_choice():
    losses = cx.run(bound(), probes=["churn_reasons"]).churn_reasons
    assert {"loyalty points", "exit fee"} <= set(losses["driver"])
    by = losses.groupby("driver")["customers"].sum()
    assert by["loyalty points"] > 0


def test_customers_bound_by_a_fee_stay_until_the_contract_ends():
    def losses(fee):
        scenario = market(
            {"Ann": firm(contracts={"length": 4, "exit_fee": fee}), "Bob": firm(price=99.0)},
            customers=3000,
            periods=6,
            events=[{"at": 1, "set": {"firms.Bob.price": 5.0}}],
        )
        ann = cx.run(scenario).firms.query("firm == 'Ann'")
        return ann.set_index("period")["customers_lost_to_rivals"] / 100_000

    free, tied = losses(0.0), losses(1000.0)
    assert free[1] > 0.9
    assert tied[[1, 2, 3]].sum() == 0
    assert tied[4] > 0.9


def test_points_of_a_firm_that_has_left_hold_nobody_and_are_lost():
    scenario = market(
        {"Ann": firm(loyalty_programme={"point_value": 50.0}), "Bob": firm(), "Cy": firm()},
        customers=2000,
        periods=4,
        events=[{"at": 2, "set": {"firms.Ann.active": False}}],
    )
    ann = cx.run(scenario).firms.query("firm == 'Ann'").set_index("period")
    assert ann["points_liability"][1] > 0
    assert ann["points_liability"][2] == 0
    assert ann["points_forfeited"][2] == pytest.approx(ann["points_liability"][1])
