"""Trust follows experience and decides what customers tell; good relationships sell more units."""

from __future__ import annotations

import numpy as np
import pytest
from journeys import duel, lived
from markets import ADD_ON

import cxsim as cx
from cxsim import ScenarioError
from cxsim.analytic import steady_trust, trust_after
from cxsim.model.experience.relationship import (
    betrayed,
    entrusted,
    trusting,
    units_sold,
    warranted,
)

SMALL = {"customers": 300, "periods": 7}
BREACH = [{"at": 4, "label": "data leak", "set": {"firms.Tailor.breaches": 1}}]


def trusted(weight=0.8, **changes):
    """A market with a journey in which data sharing depends on trust."""
    return lived(**SMALL).override({"segments.*.trust_weight": weight} | changes)


def steady(mean=6.0, **changes):
    """A market of one mind: every customer uses A's product every period, always as well.

    With a memory of one period its experience is the same from the first contact on.
    """
    alone = {
        "firms.*.touchpoints": {"place": {"mean": mean, "sd": 0.0}},
        "experience_memory": 1.0,
        "segments.*.trust_weight": 0.5,
        "segments.*.exit_rate": 0.0,
        "segments.*.purchase_rate": 0.0,
        "initial": {"A": {"share": 1.0, "tenure": 1, "knowledge": 0.0}},
        "warm_up": 0,
        "customers": 20,
    }
    return duel(periods=9).override(alone | changes)


def of_firm(run, measure, firm="A"):
    return run.firms.query("firm == @firm")[measure].to_numpy()


def gains(first, second, *measures, firm="Tailor", seeds=3):
    """A row per seed: a firm's means over the run in the second market less those in the first."""
    means = [
        [
            [np.nanmean(of_firm(run, measure, firm)) for measure in measures]
            for run in (cx.run(each, seed=seed) for seed in range(seeds))
        ]
        for each in (first, second)
    ]
    return np.array(means[1]) - np.array(means[0])


# -- Trust --------------------------------------------------------------------------------------


def test_experience_warrants_trust_within_its_scale():
    assert [warranted(e, 0.2) for e in (-0.9, -0.2, 0.0, 0.1, 0.2, 0.9)] == [0, 0, 0.5, 0.75, 1, 1]


def test_trust_moves_by_a_share_of_its_distance_and_is_lost_by_a_share_of_itself():
    assert trusting(0.5, 1.0, 0.1) == pytest.approx(0.55)
    assert betrayed(0.5, 0.3, 1.0) == pytest.approx(0.35)
    assert betrayed(0.5, 0.6, 2.0) == 0.0


def test_who_trusts_nobody_withholds_the_weight_of_trust():
    assert entrusted(0.8, 0.25, 1.0) == 0.8
    assert entrusted(0.8, 0.25, 0.0) == pytest.approx(0.6)


def test_a_weight_of_zero_is_the_market_without_trust_to_the_bit():
    plain, off = (cx.run(lived(**SMALL)), cx.run(trusted(0.0, trust_loss=0.9)))
    assert off.firms.equals(plain.firms)


def test_trust_that_does_not_matter_to_a_segment_changes_no_bit_for_it():
    contacts = {
        "firms.*.acquisition": {"contacts": 0.4, "rest": 0},
        "segments.*.contact_tolerance": 0.5,
        "segments.Near.share": 0.0,
        "segments.Far.share": 1.0,
    }
    measures = ["purchases", "customer_knowledge", "profit"]
    plain, on = (
        cx.run(lived(**SMALL).override(contacts | more)).firms[measures]
        for more in ({}, {"segments.Near.trust_weight": 1.0})
    )
    assert on.equals(plain)


@pytest.mark.parametrize("mean", [4.5, 6.0, 9.0])
def test_trust_under_constant_experience_is_the_closed_form(mean):
    run = cx.run(steady(mean, trust_adaptation=0.3, initial_trust=0.2))
    experience = (mean - 5.0) / 10.0
    path = trust_after(np.arange(1, 10), experience=experience, initial=0.2, adaptation=0.3)
    np.testing.assert_allclose(of_firm(run, "trust"), path, rtol=1e-6)


def test_trust_ends_at_what_experience_warrants():
    assert trust_after(400, experience=0.05) == pytest.approx(steady_trust(0.05))
    assert steady_trust(0.05) == pytest.approx(warranted(0.05, 0.2))


def test_trust_with_broken_promises_is_the_closed_form_on_average():
    noisy = {
        "firms.*.touchpoints": {"place": {"mean": 6.0, "sd": 1.5}},
        "firms.*.brand_promise": 8.0,
        "trust_tolerance": 1.5,
        "performance_weight": 0.0,
        "loss_aversion": 0.0,
        "trust_scale": 1e6,  # experience varies, and warrants one half all the same
        "customers": 4000,
        "periods": 30,
    }
    run = cx.run(steady(**noisy))
    chance = of_firm(run, "broken_promises").sum() / of_firm(run, "contacts").sum()
    assert 0.6 < chance < 0.65
    path = trust_after(np.arange(1, 31), experience=0.0, lost=0.3 * chance)
    np.testing.assert_allclose(of_firm(run, "trust"), path, atol=0.01)


def test_knowledge_under_constant_trust_is_that_of_as_many_weaker_signals():
    bought = {
        "segments.*.purchase_rate": 1.0,
        "segments.*.switching_cost": 1e6,
        "firms.*.interaction": 0.5,
        "learning_rate": 0.8,
        "trust_adaptation": 0.0,
        "initial_trust": 0.3,
    }
    run = cx.run(steady(**bought), probes=["customers"])
    sharing = 1.0 - 0.5 * (1.0 - 0.3)
    np.testing.assert_allclose(of_firm(run, "data_sharing"), sharing, rtol=1e-6)
    known = run.customers["knowledge_A"].to_numpy()
    np.testing.assert_allclose(known, 1 - 1 / (1 + 9 * 0.8 * 0.5 * sharing), rtol=1e-5)


def test_a_breach_costs_its_share_of_trust_once_and_only_with_that_firm():
    events = [{"at": 4, "set": {"firms.A.breaches": 1}}]
    still = {"trust_adaptation": 0.0, "initial_trust": 0.8, "trust_loss": 0.25}
    run = cx.run(steady(**still, events=events), probes=["customers"])
    expected = [0.8] * 4 + [0.6] * 5
    np.testing.assert_allclose(of_firm(run, "trust"), expected, rtol=1e-6)
    np.testing.assert_allclose(run.customers["trust_B"], 0.8, rtol=1e-6)


def test_breaches_from_the_start_were_before_the_market():
    run = cx.run(steady(**{"firms.A.breaches": 2, "trust_adaptation": 0.0}))
    np.testing.assert_allclose(of_firm(run, "trust"), 0.5, rtol=1e-6)


def test_a_breach_lowers_trust_and_the_knowledge_gained_after_it():
    quiet, breach = trusted(), trusted(events=BREACH)
    assert (gains(quiet, breach, "trust", "customer_knowledge") < 0).all()


def test_a_bad_product_lowers_data_sharing_through_trust_and_with_it_fit():
    # Experience moves nothing else here, so that without trust the product changes no knowledge.
    bad = {"firms.Tailor.touchpoints.product.mean": 1.0, "segments.*.experience_value": 0.0}
    bad |= {"segments.*.spend_response": 0.0}
    good = bad | {"firms.Tailor.touchpoints.product.mean": 7.0}
    learned = ["customer_knowledge", "fit_gap_closed"]
    lost = gains(trusted(**good), trusted(**bad), "trust", "data_sharing", *learned)
    assert (lost < 0).all()
    assert (gains(trusted(0.0, **good), trusted(0.0, **bad), *learned, seeds=1) == 0).all()


def test_contacts_beyond_tolerance_lower_data_sharing_through_trust_only():
    contacts = {
        "firms.Mass.acquisition": {"contacts": 0.9, "rest": 0},
        "segments.*.contact_tolerance": 0.2,
        "segments.*.contact_resentment": 0.0,
    }
    reserved = [
        cx.run(trusted(**contacts, **{"segments.*.contact_reserve": reserve})).firms
        for reserve in (0.0, 5.0)
    ]
    assert reserved[0].equals(reserved[1])
    tolerant = trusted(**contacts | {"segments.*.contact_tolerance": 100.0})
    assert (gains(tolerant, trusted(**contacts), "trust", firm="Mass") < 0).all()


def test_trust_of_prospects_follows_what_they_see():
    looks = {"place": {"stage": "discover", "visit_rate": 1.0}}
    shops = {"journey": looks, "segments.*.purchase_rate": 1.0, "segments.*.switching_cost": 1e6}
    run = cx.run(steady(9.0, **shops, trust_adaptation=0.3), probes=["customers"])
    expected = trust_after(9, experience=0.4, adaptation=0.3)
    np.testing.assert_allclose(run.customers["trust_B"], expected, rtol=1e-5)


def test_trust_without_a_journey_is_refused():
    with pytest.raises(ScenarioError, match=r"Comfort\.trust_weight: expected 0 without a journey"):
        cx.load("price_attack").override({"segments.*.trust_weight": 0.5})


def test_a_breach_of_a_trust_that_does_not_matter_is_refused():
    with pytest.raises(ScenarioError, match="breaches: expected a trust_weight above 0 in some"):
        trusted(0.0, events=BREACH)


# -- Units --------------------------------------------------------------------------------------


def sold(**changes):
    """A market with a journey in which units respond."""
    return lived(**SMALL).override(changes)


def test_units_follow_experience_and_knowledge_within_the_wallet():
    assert units_sold(2.0, 0.5, 0.2, 0.25, 0.8, np.nan) == pytest.approx(2.6)
    assert units_sold(2.0, 0.5, 0.2, 0.25, 0.8, 2.5) == 2.5
    assert units_sold(2.0, 5.0, -0.9, 0.0, 0.8, 2.5) == 0.0


def test_no_response_and_no_wallet_are_the_market_without_them_to_the_bit():
    plain = cx.run(sold()).firms
    none = cx.run(sold(**{"segments.*.wallet": 1e9})).firms
    assert none[plain.columns].drop(columns="firm").equals(plain.drop(columns="firm"))


def test_a_relationship_sells_units_and_does_not_change_the_choice_among_firms():
    both = {
        "segments.*.volume_response_experience": 0.8,
        "segments.*.volume_response_knowledge": 0.5,
    }
    plain, more = cx.run(sold()).firms, cx.run(sold(**both)).firms
    assert more["purchases"].equals(plain["purchases"])
    tailor = more["firm"] == "Tailor"
    assert more["revenue"][tailor].sum() > plain["revenue"][tailor].sum()


def test_better_experience_sells_more_units():
    response = {"segments.*.volume_response_experience": 0.8, "segments.*.experience_value": 0.0}
    response |= {"segments.*.spend_response": 0.0}
    worse, better = (
        sold(**response, **{"firms.Tailor.touchpoints.product.mean": mean}) for mean in (4.0, 8.0)
    )
    gained = gains(worse, better, "sales_volume", "purchases")
    assert (gained[:, 0] > 0).all()
    assert (gained[:, 1] == 0).all()


def test_better_knowledge_sells_more_units():
    response = {"segments.*.volume_response_knowledge": 0.8}
    assert (gains(sold(), sold(**response), "revenue", seeds=1) > 0).all()
    mean = [cx.run(sold(**response | {"learning_rate": rate})).firms for rate in (0.1, 2.0)]
    per_purchase = [f["sales_volume"].sum() / f["purchases"].sum() for f in mean]
    assert per_purchase[1] > per_purchase[0]


def test_share_of_wallet_is_what_customers_buy_from_their_firm_of_what_they_could():
    captive = {
        "segments.*.purchase_rate": 1.0,
        "segments.*.switching_cost": 1e6,
        "segments.*.trust_weight": 0.0,
        "segments.*.volume_response_experience": 0.5,
        "segments.*.wallet": 4.0,
    }
    run = cx.run(steady(9.0, **captive))
    units = 1.0 + 0.5 * np.array([0.0] + [0.4] * 8)  # bought before the first experience
    np.testing.assert_allclose(of_firm(run, "share_of_wallet"), units / 4.0, rtol=1e-6)
    np.testing.assert_allclose(
        of_firm(run, "sales_volume"), units * of_firm(run, "purchases"), rtol=1e-6
    )


def test_points_are_earned_on_units_and_redeemed_for_their_value_at_most():
    points = {"points_per_currency": 1.0, "point_value": 0.05, "redemption_threshold": 0}
    loyal = {
        "segments.*.purchase_rate": 1.0,
        "segments.*.switching_cost": 1e6,
        "segments.*.trust_weight": 0.0,
        "segments.*.volume_response_experience": 0.5,
        "firms.A.loyalty_programme": points,
    }
    run = cx.run(steady(9.0, **loyal))
    revenue, price = of_firm(run, "revenue"), run.scenario.firms["A"].price
    amounts = of_firm(run, "sales_volume") * price
    np.testing.assert_allclose(revenue + of_firm(run, "redemptions"), amounts, rtol=1e-6)
    np.testing.assert_allclose(of_firm(run, "points_issued"), 0.05 * revenue, rtol=1e-6)
    np.testing.assert_allclose(
        of_firm(run, "redemptions")[1:], of_firm(run, "points_issued")[:-1], rtol=1e-5
    )


def test_customers_of_good_experience_accept_more_offers():
    offers = {"firms.Tailor.next_best_offer": ADD_ON}
    plain = sold(**offers)
    path = "firms.Tailor.next_best_offer.experience_response"
    assert cx.run(sold(**offers, **{path: 0.0})).firms.equals(cx.run(plain).firms)
    better = {"firms.Tailor.touchpoints.product.mean": 9.0, path: 0.5}
    assert (gains(plain, sold(**offers, **better), "cross_sell_acceptance_rate") > 0).all()


def test_a_firm_that_knows_demand_prices_for_the_units_that_it_will_sell():
    # Twice the units share one service cost: the best price is that at half the service cost.
    def best_price(cost_to_serve, response):
        served = {
            "no_purchase_option": True,
            "initial": {"A": {"share": 1.0, "tenure": 1, "knowledge": 0.75}},
            "firms.A.policy": {"pricing": "best_response"},
            "firms.A.cost_to_serve": cost_to_serve,
            "segments.*.price_sensitivity": 0.4,
            "segments.*.volume_response_knowledge": response,
            "segments.*.trust_weight": 0.0,
            "segments.*.purchase_rate": 1.0,
        }
        return of_firm(cx.run(steady(**served, periods=1)), "price")[0]

    assert best_price(4.0, 4 / 3) == pytest.approx(best_price(2.0, 0.0), rel=1e-9)
    assert best_price(4.0, 0.0) > best_price(2.0, 0.0) + 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"segments.*.wallet": 0.5}, r"wallet: expected at least the volume \(1\), found 0.5"),
        (
            {"segments.*.volume_response_experience": 0.5},
            "volume_response_experience: expected 0 without a journey",
        ),
        (
            {"firms.*.next_best_offer": ADD_ON | {"experience_response": 0.5}},
            "experience_response: expected 0 without a journey",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(ScenarioError, match=message):
        cx.load("price_attack").override(changes)


# -- Engines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_both_engines_agree(seed):
    on = trusted(
        customers=120,
        periods=6,
        events=BREACH,
        **{
            "segments.*.volume_response_experience": 0.8,
            "segments.*.volume_response_knowledge": 0.5,
            "segments.Near.wallet": 1.2,
            "firms.Tailor.next_best_offer": ADD_ON | {"experience_response": 0.4},
            "firms.Mass.acquisition": {"contacts": 0.5, "rest": 0},
            "segments.*.contact_tolerance": 0.3,
        },
    )
    columnar, agents = (cx.run(on, seed=seed, engine=engine) for engine in ("columnar", "agents"))
    assert columnar.firms.equals(agents.firms)
