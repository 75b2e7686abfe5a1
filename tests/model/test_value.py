"""Differentiation by value, acquisition, add-ons and contacts that are too many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journeys import lived
from markets import ADD_ON, firm, lively, market, valued
from playing import assert_same, played
from random_scenarios import SILENCE, scenarios

import cxsim as cx
from cxsim.model.targeting.differentiation import (
    DIGITS,
    best,
    best_of,
    fifths,
    likeness,
    log_odds,
    recency_frequency_value,
)
from cxsim.model.targeting.value_tiers import TIERS


def row(run, name):
    """Return a firm's rows."""
    return run.firms[run.firms["firm"] == name].set_index("period")


# --- both engines, threads, books -------------------------------------------------------


def test_both_engines_agree_where_firms_rank_contact_and_offer():
    scenario = valued(customers=120)
    assert_same(played(scenario), played(scenario, engine="agents"))


def test_engines_agree_where_contacts_make_known_and_are_resented():
    changes = {
        "word_of_mouth": {"awareness": True},
        "firms.*.acquisition": {"contacts": 0.3, "rest": 0},
        "segments.*.contact_tolerance": 0.2,
    }
    scenario = lived(customers=60, periods=4, **changes)
    assert {"acquisition_awareness", "resentment"} <= {m.name for m in scenario.mechanisms}
    assert_same(played(scenario), played(scenario, engine="agents"))


def test_threads_and_blocks_do_not_show():
    scenario = valued(customers=5000)
    assert_same(played(scenario), played(scenario, block=1024, threads=2))


def test_profit_is_what_revenue_add_ons_and_costs_leave():
    firms = cx.run(valued(customers=1500)).firms
    costs = ["cost_of_goods_sold", "contact_cost", "service_cost", "individual_service_cost"]
    left = firms["revenue"] + firms["cross_sell_margin"] - firms[costs].sum(axis=1)
    np.testing.assert_allclose(firms["profit"], left - firms["acquisition_spend"])
    assert (
        firms[["cross_sell_margin", "acquisition_spend", "individual_service_cost"]].sum() > 0
    ).all()


def test_trial_discounts_are_taken_off_prices_paid_once():
    scenario = market(
        firms={"Ann": firm(acquisition={"contacts": 1.0, "trial_discount": 0.25}), "Bob": firm()},
        periods=3,
        customers=2000,
    )
    ann = row(cx.run(scenario), "Ann")
    first = ann.loc[0]  # everybody is contacted and has never bought
    assert first["trial_discounts"] == pytest.approx(0.25 * 10.0 * first["purchases"])
    assert first["revenue"] == pytest.approx(0.75 * 10.0 * first["purchases"])
    np.testing.assert_allclose(ann["revenue"] + ann["trial_discounts"], 10.0 * ann["purchases"])


def test_win_back_contacts_former_customers_alone_and_costs_what_contacts_cost():
    rule = {
        "contacts": 1.0, "rest": 0, "trial_discount": 0.2, "cost_per_contact": 0.5,
        "prospects": "lapsed",
    }  # fmt: skip
    firms = {"Ann": firm(acquisition=rule), "Bob": firm(quality=13.0)}
    run = cx.run(market(firms, periods=8, customers=300, initial={}))
    ann = row(run, "Ann")
    assert ann.loc[0, "acquisition_contacts"] == 0  # nobody has bought before
    assert (ann.loc[2:, "acquisition_contacts"] > 0).all()
    np.testing.assert_allclose(ann["acquisition_spend"], 0.5 * ann["acquisition_contacts"])
    assert ann["trial_discounts"].sum() > 0
    everybody = row(
        cx.run(market({**firms, "Ann": firm(acquisition={**rule, "prospects": "all"})}, periods=8,
                      customers=300, initial={})),
        "Ann",
    )  # fmt: skip
    assert everybody["acquisition_contacts"].sum() > 1.2 * ann["acquisition_contacts"].sum()


def test_winning_back_raises_sales_to_former_customers():
    back = {"contacts": 1.0, "rest": 0, "trial_discount": 0.3, "prospects": "lapsed"}
    won = [
        row(cx.run(market({"Ann": firm(acquisition={**back, **more}), "Bob": firm()}, periods=10,
                          customers=2000)), "Ann")["purchases"][2:].sum()
        for more in ({}, {"trial_discount": 0.0})
    ]  # fmt: skip
    assert won[0] > 1.1 * won[1]


def test_a_trial_discount_is_offered_once():
    every = {"contacts": 1.0, "trial_discount": 0.25, "rest": 0}
    scenario = market({"Ann": firm(acquisition=every), "Bob": firm()}, periods=9, customers=2000)
    run = cx.run(scenario)
    newcomers = row(run, "Ann")["trial_discounts"].sum() / 2.5
    assert newcomers <= 100_000


def assert_at_most_the_best(ledger, chosen, best, many):
    """Nobody chooses better than who knows true values, which are compared to so many digits."""
    most = ledger.count(best) * (1.0 + 1e-9) + ledger.count(many) * 10.0**-DIGITS
    assert (ledger.count(chosen) <= most).all()


@settings(max_examples=30, deadline=None)
@given(scenario=scenarios(), seed=st.integers(0, 10**6))
def test_measures_of_value_keep_their_ranges_in_every_market(scenario, seed):
    taking_part = {m.name for m in scenario.mechanisms}
    ledger = played(scenario, seed=seed).ledger
    got = {m.name: m.function(ledger) for each in scenario.mechanisms for m in each.measures}
    if "value_tiers" in taking_part:
        assert not (got["individual_service_share"] > 1).any()
        assert_at_most_the_best(ledger, "value_served", "value_best", "served")
    if "acquisition" in taking_part:
        best = "value_best_prospects"
        assert_at_most_the_best(ledger, "value_contacted", best, "acquisition_contacts")
        assert (got["customers_acquired_by_contact"] <= got["acquisition_contacts"]).all()
    if "observable_attributes" in taking_part:
        bases = [
            got[f"need_variance_explained_{b}"] for b in ("firmographic", "behavioural", "segment")
        ]
        assert not (np.array(bases) > 1 + 1e-6).any()


# --- value tiers ----------------------------------------------------------------------


def test_a_firm_serves_its_share_of_customers_and_recognizes_nobody_else():
    half = {"contact_capacity": 0.5, "goes_to": "analytics"}
    base = lively(customers=3000)
    some = played(base.override({"firms.Tailor.value_tiers": half}))
    served, held = some.ledger.count("served")[:, 2], some.ledger.count("customers_before")[:, 3]
    assert (np.abs(served - 0.5 * held) <= 0.5).all()
    assert some.ledger.count("recognized")[-1, 2] < played(base).ledger.count("recognized")[-1, 2]


def test_without_room_only_strangers_are_recognized():
    none = {"firms.*.value_tiers": {"contact_capacity": 0.0}}
    ledger = played(lively(customers=2000).override(none)).ledger
    stayers = np.diagonal(ledger.count("purchases")[:, 1:, :-1], axis1=1, axis2=2)
    newcomers = ledger.count("purchases")[:, :, :-1].sum(axis=1) - stayers
    assert (ledger.count("recognized") <= newcomers).all()


def test_outside_the_focus_customers_get_the_standard_product():
    far = {"firms.Tailor.value_tiers": {"focus": ["Far"]}}
    focus, all_ = (played(lively(customers=2000).override(c)) for c in (far, {}))
    uncertainty = focus.customers("uncertainty")[2]
    near = focus.customers("segment") == 1  # in name order: Far, Near
    assert (uncertainty[near] == 1).all()
    assert (uncertainty[~near] < 1).any()
    assert focus.ledger.total("cost_of_goods_sold")[:, 2].sum() < (
        all_.ledger.total("cost_of_goods_sold")[:, 2].sum()
    )


def test_tiers_hold_their_shares_of_customers_and_all_that_customers_brought():
    run = cx.run(valued(customers=3000))
    tiers = run.frames["tiers"]
    assert set(tiers["tier"]) == {name for name, _ in TIERS}
    late = tiers[(tiers["firm"] == "Niche") & (tiers["period"] == 7)].set_index("tier")
    shares = late["customers"] / late["customers"].sum()
    np.testing.assert_allclose(
        shares[[name for name, _ in TIERS]], [0.05, 0.15, 0.3, 0.5], atol=0.01
    )


def test_ranking_by_a_model_beats_the_books_and_the_books_beat_the_lot_but_nobody_the_oracle():
    base = lively(customers=4000, periods=24).override(
        {"segments.*.purchase_rate_shape": 1.0, "firms.Tailor.value_tiers": {"refit_every": 4}}
    )
    found = {}
    for rule in ("everyone", "analytics", "predictive"):
        changes = {"contact_capacity": 0.2, "goes_to": rule, "refit_every": 4}
        tailor = row(cx.run(base.override({"firms.Tailor.value_tiers": changes})), "Tailor").loc[1:]
        found[rule] = tailor["service_lift"][10:].mean()
        assert (tailor["service_lift"] <= tailor["service_lift_oracle"] + 1e-9).all()
    assert found["everyone"] == pytest.approx(1.0, abs=0.05)
    assert found["analytics"] > 1.1
    assert found["predictive"] > found["analytics"]


# --- attributes and acquisition -------------------------------------------------------


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.8])
def test_attributes_are_as_correlated_with_needs_as_stated(correlation):
    scenario = lively(customers=20000, periods=1, attributes={"firmographic": correlation})
    simulation = played(scenario)
    need, seen = simulation.customers("need"), simulation.customers("firmographic")
    for d in range(2):
        assert np.corrcoef(need[d], seen[d])[0, 1] == pytest.approx(correlation, abs=0.03)
        assert seen[d].std() == pytest.approx(1.0, abs=0.03)
    ledger = cx.run(scenario).market
    assert ledger["need_variance_explained_firmographic"][0] == pytest.approx(
        correlation**2, abs=0.03
    )


def test_segments_explain_the_variance_between_them():
    scenario = market(
        segments={
            "A": {"share": 0.5, "need_mean": [-1.0, 0.0]},
            "B": {"share": 0.5, "need_mean": [1.0, 0.0]},
        },
        attributes={},
        customers=20000,
        periods=1,
    )
    explained = cx.run(scenario).market["need_variance_explained_segment"][0]
    assert explained == pytest.approx(1.0 / 3.0, abs=0.02)


def test_customers_of_the_firm_are_not_contacted_and_others_not_again_while_they_rest():
    scenario = market(
        {"Ann": firm(acquisition={"contacts": 1.0, "rest": 2}), "Bob": firm()},
        {"All": {"share": 1.0, "purchase_rate": 0.0}},
        initial={"Ann": {"share": 0.25}},
        customers=4000,
        periods=7,
    )
    made = played(scenario).ledger.count("acquisition_contacts")[:, 0]
    assert (made > 0).tolist() == [True, False, False, True, False, False, True]
    assert made[0] == pytest.approx(3000, abs=4 * np.sqrt(4000 * 0.25 * 0.75))


def test_contacts_make_a_firm_known():
    scenario = market(
        {"Ann": firm(acquisition={"contacts": 0.2, "rest": 0}), "Bob": firm()},
        word_of_mouth={"awareness": True, "message_rate": SILENCE},
        customers=3000,
        periods=4,
    )
    run = cx.run(scenario)
    known = row(run, "Ann")["awareness"]
    assert known[0] == pytest.approx(0.2, abs=0.02)
    assert known.is_monotonic_increasing
    assert (row(run, "Bob")["awareness"] == 0).all()


def test_look_alikes_are_found_by_attributes_that_tell_and_not_by_others():
    def lift(correlation):
        scenario = market(
            {
                "Ann": firm(
                    position=[1.5, 0.0],
                    acquisition={"contacts": 0.05, "targeting": "predictive", "refit_every": 4},
                ),
                "Bob": firm(position=[-1.5, 0.0]),
            },
            {
                "All": {
                    "share": 1.0,
                    "fit_weight": 1.0,
                    "price_sensitivity": 0.3,
                    "purchase_rate": 0.3,
                }
            },
            attributes={"firmographic": correlation},
            customers=4000,
            periods=16,
        )
        return row(cx.run(scenario), "Ann")["acquisition_lift"][4:].mean()

    # an order that stands meets some just when they have left the firm, hence not quite 1
    assert lift(0.0) == pytest.approx(1.0, abs=0.1)
    assert lift(0.8) > 1.3


def test_a_further_draw_of_a_lot_moves_nobody():
    base = market({"Ann": firm(), "Bob": firm()}, customers=2000)
    contacting = base.override({"firms.Ann.acquisition": {"contacts": 0.5}})
    np.testing.assert_array_equal(
        played(base).customers("supplier"), played(contacting).customers("supplier")
    )


# --- add-ons and tolerance ------------------------------------------------------------


def test_add_ons_are_taken_as_often_as_knowledge_says():
    scenario = market(
        {"Ann": firm(interaction=1.0, identification=0.7, next_best_offer=ADD_ON)},
        periods=4,
        customers=20000,
    )
    run = played(scenario)
    offers, taken = run.ledger.count("add_on_offers"), run.ledger.count("add_ons")
    np.testing.assert_array_equal(offers, run.ledger.count("recognized"))
    # after the first signal everybody recognized is half known: P = 1 / (1 + 1)
    chance = 0.1 + 0.5 * 0.5
    error = 4 * np.sqrt(chance * (1 - chance) / offers[0, 0])
    assert taken[0, 0] / offers[0, 0] == pytest.approx(chance, abs=error)
    assert taken[-1, 0] / offers[-1, 0] > taken[0, 0] / offers[0, 0]


def test_too_many_contacts_make_customers_tell_less():
    calls = {"firms.*.acquisition": {"contacts": 1.0, "rest": 0}}
    weary = {**calls, "segments.*.contact_tolerance": 0.5, "segments.*.contact_reserve": 0.3}
    a, b = (cx.run(lively(customers=2000, periods=10).override(c)) for c in (calls, weary))
    assert (
        row(b, "Tailor")["customer_knowledge"][2:] < row(a, "Tailor")["customer_knowledge"][2:]
    ).all()
    assert (b.market["over_contacted_share"] > 0.9).all()


def test_too_many_contacts_are_resented():
    calls = {"firms.Mass.acquisition": {"contacts": 1.0, "rest": 0}}
    weary = {**calls, "segments.*.contact_tolerance": 0.0, "segments.*.contact_resentment": 0.2}
    a, b = (played(lived(customers=1000, periods=4, **c)) for c in (calls, weary))
    mass, other = 0, 2
    assert b.customers("experience")[mass].mean() < a.customers("experience")[mass].mean() - 0.1
    assert b.customers("experience")[other].mean() == pytest.approx(
        a.customers("experience")[other].mean(), abs=0.05
    )


# --- ranking --------------------------------------------------------------------------


def test_ties_go_to_the_lower_number_and_the_last_places_decide_nothing():
    assert best(np.array([1.0, 2.0, 2.0 + 1e-9, 0.0]), 3).tolist() == [1, 2, 0]
    assert best_of(np.array([1.0, 1.0, 0.0]), np.array([0.1, 0.9, 0.5]), 2).tolist() == [1, 0]


few_numbers = st.lists(st.integers(-3, 3), min_size=1, max_size=60)


@given(scores=few_numbers, lots=st.randoms(use_true_random=False), data=st.data())
def test_the_front_of_customers_is_that_of_all_of_them_in_order(scores, lots, data):
    many = data.draw(st.integers(0, len(scores)))
    lot = np.array([lots.random() for _ in scores])
    for score in (np.array(scores), np.array(scores) / 7):
        by_place = sorted(range(len(score)), key=lambda i: (-score[i], i))
        by_lot = sorted(range(len(score)), key=lambda i: (-score[i], -lot[i]))
        assert best(score, many).tolist() == by_place[:many]
        assert best_of(score, lot, many).tolist() == by_lot[:many]


@given(values=few_numbers)
def test_a_fifth_is_where_the_middle_of_all_equal_values_lies(values):
    found = fifths(np.array(values))
    for value, fifth in zip(values, found, strict=True):
        middle = sum(v < value for v in values) + 0.5 * values.count(value)
        assert fifth == min(5, 1 + int(5 * middle / len(values)))


def test_recency_frequency_and_value_count_alike():
    score = recency_frequency_value(
        idle=np.array([0, 1, 2, 3, 4]),
        frequency=np.array([5, 4, 3, 2, 1]),
        paid=np.array([50.0, 36.0, 24.0, 14.0, 6.0]),
    )
    assert score.tolist() == [15.0, 12.0, 9.0, 6.0, 3.0]


def test_a_logistic_regression_finds_the_direction_in_which_customers_differ():
    rng = np.random.default_rng(1)
    traits = rng.normal(size=(2, 4000))
    own = rng.random(4000) < 1 / (1 + np.exp(-2.0 * traits[0]))
    assert log_odds(traits, own) == pytest.approx([2.0, 0.0], abs=0.25)
    assert log_odds(traits, np.zeros(4000, bool)) is None


def test_likeness_falls_with_the_distance_from_the_mean_of_the_models():
    traits = np.array([[0.0, 1.0, 3.0], [0.0, 0.0, 4.0]])
    models = np.array([[-1.0, 1.0], [0.0, 0.0]])
    assert likeness(traits, models).tolist() == [0.0, -1.0, -25.0]


# --- mistakes of users ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"firms.Mass.acquisition": {"targeting": "analytics"}},
            r"firms\.Mass\.acquisition\.targeting: expected attributes: .* found 'analytics'",
        ),
        (
            {"firms.Mass.value_tiers": {"focus": ["Nearby"]}},
            r"value_tiers\.focus\.0: expected a segment .* found 'Nearby'",
        ),
        (
            {"firms.Mass.next_best_offer": {"price": 1.0, "margin": 2.0}},
            r"next_best_offer\.margin: expected at most the price \(1\), found 2",
        ),
        (
            {"firms.Mass.value_tiers": {"contact_capacity": 2.0}},
            r"contact_capacity: expected .* found 2",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_a_line(changes, said):
    with pytest.raises(cx.ScenarioError, match=said):
        lively().override(changes)


def test_a_model_without_scikit_learn_is_refused_in_a_line(monkeypatch):
    monkeypatch.setattr("cxsim.model.targeting.value_tiers.is_there", lambda: False)
    with pytest.raises(cx.ScenarioError, match=r"expected scikit-learn .*cxsim\[study\]"):
        lively().override({"firms.Mass.value_tiers": {"goes_to": "predictive"}})
