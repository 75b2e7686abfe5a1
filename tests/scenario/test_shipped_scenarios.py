"""Every scenario that ships says what it tests, runs, and keeps its promises."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.scenario import shipped_scenarios

#: All but those that rest on a panel, which ``tests/calibration`` compares with it.
NAMES = sorted(set(shipped_scenarios()) - {"catsup", "yogurt"})
SEEDS = range(4)


@pytest.mark.parametrize("name", NAMES)
def test_it_names_its_claim_what_would_refute_it_and_how_numbers_were_chosen(name):
    scenario = cx.load(name)
    for text in (scenario.title, scenario.claim, scenario.refuted_by, scenario.notes):
        assert len(text) > 20


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_to_its_end(name):
    result = cx.run(name, overrides={"customers": 300})
    assert len(result.firms) == 60 * len(result.scenario.firms)
    assert np.isfinite(result.firms["profit"]).all()


def test_firms_of_the_baseline_differ_in_capabilities_only():
    firms = [dict(firm) for firm in cx.load("baseline").firms.values()]
    different = {key for key in firms[0] if len({str(firm[key]) for firm in firms}) > 1}
    assert different == {"interaction", "customization"}
    quadrants = cx.run("baseline", overrides={"periods": 1}).firms["quadrant"]
    assert sorted(quadrants) == ["I mass", "II niche", "III targeted", "IV one-to-one"]


@pytest.fixture(scope="module")
def late():
    """The baseline after its first two years, over seeds."""
    runs = [cx.run("baseline", seed=seed, probes=["price_elasticity"]).firms for seed in SEEDS]
    return pd.concat(runs).query("period >= 24")


def test_the_mean_own_price_elasticity_lies_between_minus_2_and_minus_3(late):
    weighted = (late["own_price_elasticity"] * late["purchases"]).sum() / late["purchases"].sum()
    assert -3 < weighted < -2
    assert late["own_price_elasticity"].between(-3, -2).all()


def test_retention_after_two_years_is_plausible_for_every_firm_and_not_the_same_for_all(late):
    retention = late.groupby("firm")["retention_rate"].mean()
    assert retention.between(0.60, 0.95).all()
    assert retention.max() - retention.min() > 0.03


def test_the_copycat_copies_exactly_at_period_24():
    firms = cx.run("copycat", overrides={"customers": 200}).firms.set_index(["firm", "period"])
    for name in ("interaction", "customization"):
        assert firms.loc[("Mass", 23), name] == 0.1
        assert firms.loc[("Mass", 24), name] == firms.loc[("Tailor", 24), name]


def test_the_two_roads_start_and_end_at_the_same_places():
    firms = cx.run("two_roads", overrides={"customers": 200}).firms.set_index(["firm", "period"])
    place = ["interaction", "customization"]
    for period, expected in ((0, [0.1, 0.1]), (59, [0.8, 0.8])):
        for name in ("ViaNiche", "ViaTargeted"):
            assert firms.loc[(name, period), place].tolist() == pytest.approx(expected)
    assert firms.loc[("ViaNiche", 24), "quadrant"] == "II niche"
    assert firms.loc[("ViaTargeted", 24), "quadrant"] == "III targeted"


def test_the_points_are_matched_exactly_at_period_24():
    firms = cx.run("points", overrides={"customers": 400}).firms.set_index(["firm", "period"])
    assert firms.loc["MatchesCollector"]["points_issued"][:24].sum() == 0
    assert firms.loc[("MatchesCollector", 24), "points_issued"] > 0
    for name in ("interaction", "customization"):
        assert firms.loc[("MatchesTailor", 24), name] == firms.loc[("Tailor", 24), name]


def test_firms_learn_less_after_the_privacy_shock_and_the_same_before():
    def known(name):
        return (
            cx.run(name).firms.query("firm == 'Tailor'").set_index("period")["customer_knowledge"]
        )

    before, after = known("baseline"), known("privacy_shock")
    assert (before[:24] == after[:24]).all()
    assert after[59] < before[59] - 0.1


def test_accounts_of_the_b2b_market_differ_in_who_decides_only():
    segments = [dict(each) for each in cx.load("b2b_suppliers").segments.values()]
    centers = [dict(each.pop("buying_center")) for each in segments]
    assert all(each == segments[0] for each in segments)
    assert [each.pop("members") for each in centers] == [1, 2, 3, 6]
    assert all(each == centers[0] for each in centers)


def test_each_broken_loop_lacks_one_step():
    firms = cx.load("broken_loop").firms
    whole = firms["Whole"]
    for name, step in {
        "NoIdentify": "identification",
        "NoDifferentiate": "segment_insight",
        "NoInteract": "interaction",
        "NoCustomize": "customization",
    }.items():
        different = {k for k, v in dict(firms[name]).items() if v != getattr(whole, k)}
        assert different == {step}
        assert getattr(firms[name], step) == 0


def test_the_two_firms_of_the_blind_spot_differ_in_listening_only():
    firms = cx.load("blind_spot").firms
    listener, believer = (dict(firms[name]) for name in ("Listener", "Believer"))
    assert {key for key in listener if listener[key] != believer[key]} == {"surveys"}


def test_outsourced_service_is_run_by_partners_who_cost_less():
    firms = cx.load("bad_service").firms
    own, handed = firms["InHouse"].touchpoints, firms["Outsourced"].touchpoints
    partners = {name for name, place in handed.items() if place.run_by == "partner"}
    assert partners == {"delivery", "hotline"}
    for name, place in own.items():
        assert place.run_by == "own"
        assert (handed[name].cost < place.cost) == (name in partners)


def test_as_many_move_between_streaming_services_as_are_reported_to():
    rates = [cx.run("streaming", seed=seed).market["brand_switching_rate"][24:] for seed in SEEDS]
    assert 0.018 < np.mean(rates) < 0.053


def test_as_many_readers_move_between_news_services_as_newspapers_report_to_lose():
    """3.8 to 4.6 % a month (Medill Subscriber Engagement Index 2021); nothing was fitted to it."""
    rates = [cx.run("digital_news", seed=s).market["brand_switching_rate"][24:] for s in SEEDS]
    assert 0.038 < np.mean(rates) < 0.046


def test_firms_of_the_full_baseline_have_the_capabilities_of_the_baseline():
    plain, full = cx.load("baseline"), cx.load("baseline_full")
    for name, firm in full.firms.items():
        for capability in ("interaction", "customization", "price", "quality"):
            assert getattr(firm, capability) == getattr(plain.firms[name], capability)
    assert full.firms["Tailor"] == plain.firms["Tailor"]


def test_the_targeted_firm_of_the_full_baseline_has_points_offers_look_alikes_and_add_ons():
    targeted = cx.load("baseline_full").firms["Targeted"]
    assert targeted.loyalty_programme is not None
    assert targeted.promotions.chance > 0
    assert targeted.acquisition.targeting == "predictive"
    assert targeted.next_best_offer is not None
    firms = cx.run("baseline_full").firms.groupby("firm", observed=True).sum(numeric_only=True)
    for sign in ("customers_acquired_by_contact", "cross_sell_margin", "points_issued"):
        assert firms.loc["Targeted", sign] > 0
        assert firms[sign].sum() == firms.loc["Targeted", sign]


@pytest.mark.parametrize("name", ["detergent", "running_shoes", "airline", "digital_news"])
def test_firms_of_an_industry_differ_in_capabilities_and_programmes_only(name):
    firms = [dict(firm) for firm in cx.load(name).firms.values()]
    different = {key for key in firms[0] if len({str(firm[key]) for firm in firms}) > 1}
    assert different <= {"interaction", "customization", "loyalty_programme"}


def test_rivals_on_the_two_roads_imitate_and_reprice():
    firms = cx.run("two_roads_rivals", overrides={"customers": 500}).firms
    last = firms[firms["period"] == 59].set_index("firm")
    for capability in ("interaction", "customization"):
        assert last.loc["Follows", capability] == pytest.approx(0.8, abs=0.1)
    assert firms.groupby("firm")["price"].nunique().gt(2).all()


def test_who_does_not_interact_recognizes_customers_and_gets_no_signal():
    run = cx.run("broken_loop", overrides={"customers": 500, "periods": 12})
    mean = run.firms.groupby("firm")[["recognition_rate", "need_variance_resolved"]].mean()
    assert mean["recognition_rate"]["NoInteract"] > 0.8
    assert mean["need_variance_resolved"]["NoInteract"] == 0.0
    assert mean["need_variance_resolved"]["Whole"] > 0.0
