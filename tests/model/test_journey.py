"""The journey: what customers live through at touchpoints, and what they make of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journeys import JOURNEY, duel, lived, services
from markets import lively
from playing import assert_same, played

import cxsim as cx
from cxsim.model.experience.perception import contact_experience
from cxsim.model.experience.touchpoints import default_performance, default_promise, default_spread
from cxsim.scenario import ScenarioError
from examples import examples

NEUTRAL = {
    "segments.*.experience_value": 0.0,
    "segments.*.spend_response": 0.0,
    "firms.*.channel_integration": 1.0,
}


# --- engines, absence, neutrality -------------------------------------------------------


@pytest.mark.parametrize(("threads", "block"), [(1, 1024), (2, 1024), (2, 2048)])
def test_threads_and_blocks_do_not_show(threads, block):
    scenario = lived(customers=5001)
    assert_same(played(scenario), played(scenario, threads=threads, block=block))


def test_engines_agree_on_every_contact():
    scenario = lived(customers=400)
    assert_same(played(scenario), played(scenario, engine="agents"))


def test_an_experience_that_nobody_minds_changes_no_purchase():
    core, minded = played(lively(customers=900)), played(lived(customers=900, **NEUTRAL))
    for column in core.workspace.population.columns:
        np.testing.assert_array_equal(core.customers(column), minded.customers(column))
    for total in core.workspace.total_places:
        np.testing.assert_array_equal(core.ledger.count(total), minded.ledger.count(total))


def test_an_experience_that_matters_moves_purchases():
    core, minded = played(lively(customers=900)), played(lived(customers=900))
    assert (core.ledger.count("purchases") != minded.ledger.count("purchases")).any()


# --- what a contact feels like ----------------------------------------------------------


def test_a_fall_short_of_expectation_is_felt_more_than_a_gain():
    gain = contact_experience(8.0, 6.0, 1.0, 5.0, 2.25) - contact_experience(
        8.0, 8.0, 1.0, 5.0, 2.25
    )
    loss = contact_experience(8.0, 10.0, 1.0, 5.0, 2.25) - contact_experience(
        8.0, 8.0, 1.0, 5.0, 2.25
    )
    assert gain == pytest.approx(0.2)
    assert loss == pytest.approx(-0.45)


def follow_their_equations(*, mean=4.0, promise=8.0, rules=None):
    """Check experience and expectation of customers who never move against their recursion."""
    scenario = duel(
        **{
            "firms.*.touchpoints.place.mean": mean,
            "firms.*.brand_promise": promise,
            "segments.*.switching_cost": 1e6,  # nobody moves: contacts in every period
            "expectation_adaptation": 0.3,
            "performance_weight": 0.8,
            "experience_memory": 0.25,
        }
    )
    simulation = played(scenario, rules=rules)
    e, x = 0.0, promise
    for _ in range(scenario.periods):
        gap = (mean - x) / 10
        e = 0.75 * e + 0.25 * (0.8 * (mean - 5) / 10 + (gap if gap >= 0 else 2.25 * gap))
        x = x + 0.3 * (mean - x)
    supplier = simulation.customers("supplier")
    who = np.arange(len(supplier))
    np.testing.assert_allclose(simulation.customers("experience")[supplier, who], e, rtol=1e-5)
    np.testing.assert_allclose(simulation.customers("expectation")[supplier, who], x, rtol=1e-5)
    assert (simulation.customers("experience")[1 - supplier, who] == 0).all()
    assert np.isnan(simulation.customers("expectation")[1 - supplier, who]).all()


@pytest.mark.parametrize(("mean", "promise"), [(7.0, 5.0), (4.0, 8.0)])
def test_experience_and_expectation_follow_their_equations(mean, promise):
    follow_their_equations(mean=mean, promise=promise)


@pytest.mark.parametrize(
    ("rule", "broken"),
    {
        "journey.performed": lambda mean, sd, z: mean + sd * z + 0.1,
        "perception.surprise": lambda y, x, aversion: 0.1 * (y - x),
        "perception.contact_experience": lambda y, x, w, neutral, aversion: w * 0.1 * (y - neutral),
        "perception.adapted": lambda x, y, adaptation: x,
        "perception.blended": lambda e, felt, memory: felt,
    }.items(),
)
def test_a_wrong_rule_of_perception_shows(rule, broken):
    with pytest.raises(AssertionError):
        follow_their_equations(rules={rule: broken})


def test_touchpoints_count_by_their_importance():
    def experience(weight):
        scenario = duel(
            periods=1,
            journey={
                "good": {"stage": "use", "visit_rate": 1.0},
                "bad": {"stage": "use", "visit_rate": 1.0, "importance": weight},
            },
            expectation_adaptation=0.0,
            **{
                "firms.*.touchpoints": {"good": {"mean": 8, "sd": 0}, "bad": {"mean": 4, "sd": 0}},
                "firms.*.brand_promise": 5.0,
            },
        )
        return cx.run(scenario).firms["experience"].iloc[0] / 0.2

    felt_good, felt_bad = 0.3 + 0.3, -0.1 - 0.225
    for weight in (0.0, 1.0, 3.0):
        expected = (felt_good + weight * felt_bad) / (1 + weight)
        assert experience(weight) == pytest.approx(expected, rel=1e-5)


def test_a_better_performer_ends_with_the_higher_experience():
    scenario = lived(customers=3000, periods=30, **NEUTRAL)
    firms = cx.run(scenario.override({"firms.Mass.brand_promise": None})).firms
    last = firms[firms["period"] == 29].set_index("firm")["experience"]
    assert last["Tailor"] > last["Mass"] + 0.05
    assert last["Tailor"] > last["Niche"] + 0.05


def test_the_best_firm_met_raises_what_is_expected_of_the_others():
    def expected(spillover):
        scenario = lived(customers=2000, expectation_spillover=spillover, **NEUTRAL)
        result = cx.run(scenario.override({"firms.Mass.brand_promise": None}))
        last = result.firms[result.firms["period"] == 5].set_index("firm")
        return last["expectation"]

    assert expected(0.5)["Mass"] > expected(0.0)["Mass"] + 0.1


# --- the promise and who runs it --------------------------------------------------------


@settings(max_examples=examples(20), deadline=None)
@given(promise=st.floats(0, 10), other=st.floats(0, 10))
def test_a_promise_moves_expectations_and_never_performance(promise, other):
    scenario = lived(customers=300, **NEUTRAL)
    a, b = (played(scenario.override({"firms.*.brand_promise": each})) for each in (promise, other))
    for total in ("score", "contacts"):
        np.testing.assert_array_equal(a.ledger.count(total), b.ledger.count(total))


def test_too_high_a_promise_makes_for_a_worse_experience():
    honest, boastful = (
        cx.run(lived(customers=2000, **{**NEUTRAL, "firms.*.brand_promise": promise})).firms
        for promise in (6.0, 9.0)
    )
    assert (boastful["expectation"] > honest["expectation"]).all()
    assert (boastful["experience"] < honest["experience"]).all()


def test_customers_credit_the_firm_for_what_a_partner_does_and_the_saving_shows_in_the_books():
    own = lived(customers=1500, **{"firms.*.touchpoints": services(6.0, cost=1.0)})
    partner = own.override(
        {f"firms.Mass.touchpoints.{k}": {"mean": 6.0, "sd": 1.5, "cost": 0.25, "run_by": "partner"}
         for k in JOURNEY}
    )  # fmt: skip
    a, b = played(own), played(partner)
    np.testing.assert_array_equal(a.customers("experience"), b.customers("experience"))
    before, after = (cx.run(s).firms.set_index(["firm", "period"]) for s in (own, partner))
    saved = 0.75 * before.loc["Mass", "contacts"]
    change = after["profit"] - before["profit"]
    np.testing.assert_allclose(change.loc["Mass"], saved, rtol=1e-9)
    np.testing.assert_allclose(change.drop("Mass", level="firm"), 0.0, atol=1e-6)


# --- who goes where ---------------------------------------------------------------------


def test_prospects_are_met_at_the_discover_stage_and_nowhere_else():
    contacts = played(lived(customers=3000)).ledger.count("contacts")
    assert (contacts[:, :, 0, 1] > 0).all()
    assert (contacts[:, :, 1:, 1] == 0).all()


def test_each_stage_has_its_occasion():
    def met(stage):
        ledger = played(duel(stage, **{"segments.*.purchase_rate": 0.6})).ledger
        return ledger, ledger.count("contacts")[:, :, 0, :]

    ledger, contacts = met("buy")
    bought = ledger.count("purchases")[:, :, :2]
    np.testing.assert_array_equal(contacts[:, :, 0], bought.sum(axis=1))
    ledger, contacts = met("renew")
    again = np.diagonal(ledger.count("purchases")[:, 1:, :2], axis1=1, axis2=2)
    np.testing.assert_array_equal(contacts[:, :, 0], again)
    for stage in ("use", "support"):
        ledger, contacts = met(stage)
        np.testing.assert_array_equal(contacts[:, :, 0], ledger.count("emotions").sum(axis=2))
    ledger, contacts = met("discover")
    shoppers = ledger.count("purchases").sum(axis=(1, 2))
    np.testing.assert_array_equal(contacts.sum(axis=2), np.column_stack([shoppers, shoppers]))


def test_visits_come_at_their_rate():
    ledger = played(duel(customers=20000, journey={"place": {"visit_rate": 0.3}})).ledger
    n = ledger.count("emotions").sum()
    rate = ledger.count("contacts").sum() / n
    assert rate == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / n))


def test_a_segment_may_go_its_own_way():
    changes = {"segments.Near.journey": {"hotline": {"visit_rate": 0.0}}}
    changes["segments.Far.journey"] = changes["segments.Near.journey"]
    contacts = played(lived(customers=800, **changes)).ledger.count("contacts")
    assert contacts[:, :, 3].sum() == 0
    assert contacts[:, :, 4].sum() > 0


def test_nobody_meets_a_firm_at_a_touchpoint_that_it_does_not_have():
    simulation = played(lived(customers=800, **{"firms.Niche.touchpoints": {"site": {}}}))
    niche = simulation.ledger.firms.index("Niche")
    contacts = simulation.ledger.count("contacts").sum(axis=(0, 3))
    assert (contacts[niche, 1:] == 0).all()
    assert contacts[niche, 0] > 0


def test_a_new_customer_starts_with_nothing_lived_through():
    simulation = played(lived(customers=2000, **{"segments.*.exit_rate": 0.5}))
    fresh = simulation.customers("entry_period") == simulation.period - 1
    met = simulation.customers("experienced")[:, fresh] == 1
    assert (~met).any()
    assert (simulation.customers("experience")[:, fresh][~met] == 0).all()


# --- channels ---------------------------------------------------------------------------


def test_starting_again_in_another_channel_costs_performance():
    def mean(**changes):
        settings = {**NEUTRAL, "repeat_penalty": 2.0, **changes}
        firms = cx.run(lived(customers=4000, periods=12, **settings)).firms
        return firms.groupby("firm")["performance"].mean()["Mass"]

    whole = mean()
    broken = mean(**{"firms.*.channel_integration": 0.0})
    one = {f"journey.{name}.channel": "web" for name in JOURNEY}
    assert whole == pytest.approx(6.0, abs=0.05)
    assert broken < whole - 0.5
    assert mean(**one, **{"firms.*.channel_integration": 0.0}) == whole


def test_a_customer_from_another_channel_is_recognized_less_often():
    def recognized(integration):
        scenario = lived(customers=4000, **{"firms.*.channel_integration": integration})
        return cx.run(scenario).firms["recognition_rate"].mean()

    assert recognized(0.0) < 0.8 * recognized(1.0)


# --- what it is worth -------------------------------------------------------------------


def test_experience_is_a_term_of_the_choice_and_a_reason_for_losses():
    result = cx.run(lived(customers=3000), probes=["churn_reasons"])
    by_reason = result.churn_reasons.groupby("driver")["customers"].sum()
    assert by_reason["experience"] > 0


def test_a_price_by_best_response_reckons_with_how_often_pleased_customers_shop():
    scenario = duel(
        no_purchase_option=True,
        **{
            "firms.A.policy": {"pricing": "best_response"},
            "firms.A.unit_cost": 4.0,
            "firms.A.touchpoints.place.mean": 9.0,
            "segments.*.purchase_rate": 0.4,
            "segments.*.switching_cost": 2.0,  # those who hold to A are not those who hold to B
        },
    )

    def prices(response):
        changed = scenario.override({"segments.*.spend_response": response})
        return cx.run(changed).firms.query("firm == 'A'")["price"].to_numpy()

    assert (prices(0.0) != prices(3.0)).any()


def test_the_relational_switching_cost_includes_what_the_experience_is_worth():
    scenario = duel(**{"segments.*.experience_value": 7.0, "firms.*.brand_promise": 6.0})
    firms = cx.run(scenario).firms
    np.testing.assert_allclose(firms["switching_relational"], 7.0 * firms["experience"])
    assert (firms["experience"] > 0).all()


def test_pleased_customers_shop_more_often():
    def purchases(response):
        scenario = duel(
            customers=5000,
            **{
                "segments.*.purchase_rate": 0.4,
                "segments.*.spend_response": response,
                "firms.*.touchpoints.place.mean": 9.0,
            },
        )
        return cx.run(scenario).firms["purchases"].sum()

    assert purchases(1.0) > 1.05 * purchases(0.0)


def test_reach_counts_customers_to_whom_the_best_experience_is_worth_a_share_of_the_price():
    scenario = lived(customers=3000, **{"segments.*.experience_value": 12.0})
    simulation = played(scenario)
    supplier, e = simulation.customers("supplier"), simulation.customers("experience")
    held = np.flatnonzero(supplier >= 0)
    lead = e.max(axis=0)[held] - e[supplier[held], held]
    volume = np.array([2.0, 1.0])[simulation.customers("segment")[held]]  # Far buys two
    for number, share in enumerate((0.10, 0.15, 0.25)):
        many = simulation.ledger.count("experience_premium")[-1, :, number].sum()
        assert many == (12.0 * lead / (10.0 * volume) >= share).sum()
    assert simulation.ledger.count("experience_premium")[-1, :, 0].sum() > 0


# --- emotions ---------------------------------------------------------------------------


def test_customers_fall_into_four_clusters_by_cut_points():
    simulation = played(lived(customers=2000, emotion_cut_points=[-0.05, 0.0, 0.05]))
    supplier, e = simulation.customers("supplier"), simulation.customers("experience")
    held = np.flatnonzero(supplier >= 0)
    own = e[supplier[held], held].astype(float)
    counts = simulation.ledger.count("emotions")[-1].sum(axis=0)
    expected = np.histogram(own, [-np.inf, -0.05, 0.0, 0.05, np.inf])[0]
    np.testing.assert_array_equal(counts, expected)
    assert (counts > 0).all()
    firms = cx.run(lived(customers=2000)).firms
    np.testing.assert_allclose(firms["net_promoter_score"], firms["advocacy"] - firms["destroying"])


# --- what an organization is good for ---------------------------------------------------


def test_an_organization_stands_for_what_its_touchpoints_leave_open():
    scores = {"processes": 0.9, "attitudes": 0.8, "communication": 0.3}
    simulation = played(
        lived(
            **{
                "firms.Mass.touchpoints": {"site": {"mean": 4.0}, "store": {}},
                "firms.Mass.organization": scores,
                "firms.Mass.brand_promise": None,
            }
        )
    )
    find = simulation.workspace.own
    mass = simulation.ledger.firms.index("Mass")
    assert find["performance"][mass, :2].tolist() == [4.0, default_performance(0.8, 1.0)]
    assert (find["unevenness"][mass, :2] == default_spread(0.9)).all()
    mean = (4.0 + 2.0 * default_performance(0.8, 1.0)) / 3.0
    assert find["promise"][mass] == pytest.approx(default_promise(mean, 0.3))


# --- mistakes ---------------------------------------------------------------------------


def test_touchpoints_without_a_journey_and_unknown_ones_are_refused():
    with pytest.raises(ScenarioError, match=r"firms\.Mass\.touchpoints.*without a journey"):
        lively().override({"firms.Mass.touchpoints": services()})
    with pytest.raises(ScenarioError, match=r"expected a touchpoint.*hotline.*found 'hotlin'"):
        lived(**{"firms.Mass.touchpoints": {"hotlin": {}}})
    with pytest.raises(ScenarioError, match=r"segments\.Near\.journey\.web"):
        lived(**{"segments.Near.journey": {"web": {"visit_rate": 0.2}}})
    with pytest.raises(ScenarioError, match=r"emotion_cut_points.*rise"):
        lived(emotion_cut_points=[0.2, 0.1, 0.3])
