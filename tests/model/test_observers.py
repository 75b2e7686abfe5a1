"""What is measured on request watches and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from markets import firm, lively, market
from playing import played

import cxsim as cx
from cxsim.model.mechanism_registry import PROBES


@pytest.fixture(scope="module")
def result():
    return cx.run(
        lively(customers=2000, periods=24),
        seed=1,
        probes=["churn_reasons", "cohorts", "customers"],
    )


@pytest.mark.parametrize("name", PROBES)
def test_watching_changes_nothing(name):
    scenario = lively(customers=500)
    plain, watched = played(scenario), played(scenario, observers=(name,))
    for total in plain.workspace.total_places:
        np.testing.assert_array_equal(plain.ledger.count(total), watched.ledger.count(total))
    for column in plain.workspace.population.columns:
        np.testing.assert_array_equal(plain.customers(column), watched.customers(column))


def test_losses_have_a_row_per_term_of_the_choice_and_for_chance(result):
    assert set(result.churn_reasons["driver"]) == {
        "quality",
        "brand taste",
        "fit",
        "ordering effort",
        "switching cost",
        "price",
        "chance",
    }
    assert (result.churn_reasons["customers"] <= result.churn_reasons["churned"]).all()


def test_losses_agree_with_the_measure(result):
    losses = result.churn_reasons.groupby(["period", "firm"])["churned"].first()
    expected = result.firms.set_index(["period", "firm"])["customers_lost_to_rivals"]
    np.testing.assert_allclose(losses[expected.index], expected)


def test_nobody_is_lost_for_want_of_a_switching_cost(result):
    assert (result.churn_reasons.query("driver == 'switching cost'")["customers"] == 0).all()


def test_where_only_chance_moves_customers_chance_decides_every_loss():
    scenario = market(
        customers=2000,
        firms={"Ann": firm(), "Bob": firm()},
        segments={"All": {"share": 1.0, "switching_cost": 0.5}},
    )
    losses = cx.run(scenario, probes=["churn_reasons"]).churn_reasons
    chance = losses.query("driver == 'chance' and churned > 0")
    np.testing.assert_allclose(chance["customers"], chance["churned"])


def test_where_a_price_cut_moves_customers_the_price_decides():
    scenario = market(
        customers=4000,
        segments={"All": {"share": 1.0, "price_sensitivity": 3.0}},
        events=[{"at": 3, "set": {"firms.Bob.price": 5.0}}],
    )
    losses = cx.run(scenario, probes=["churn_reasons"]).churn_reasons
    hit = losses.query("period == 3 and firm == 'Ann'").set_index("driver")
    assert hit.loc["price", "customers"] > 0.4 * hit.loc["price", "churned"]
    assert hit.loc["chance", "customers"] < 0.1 * hit.loc["chance", "churned"]


def test_survival_starts_at_one_and_never_rises(result):
    cohort = result.cohorts.dropna(subset=["survival"])
    assert (cohort.query("age == 0")["survival"] == 1).all()
    falls = cohort.groupby(["firm", "cohort"])["survival"].diff().dropna()
    assert (falls <= 0).all()


def test_a_cohort_is_who_joined_in_its_period(result):
    joined = result.cohorts.query("age == 0").set_index(["cohort", "firm"])["customers"]
    won = result.firms.set_index(["period", "firm"])["customers_acquired"]
    np.testing.assert_allclose(joined[won.index], won)


def test_realized_value_counts_margins_after_the_period_of_joining(result):
    assert (result.cohorts.query("age == 0").dropna()["realized_value"] == 0).all()
    assert result.cohorts.query("age == 20").dropna()["realized_value"].mean() > 0


def test_with_one_firm_and_no_turnover_realized_value_is_an_annuity():
    scenario = market(
        firms={"Only": firm(unit_cost=4.0)}, customers=100, periods=12, discount_rate=0.02
    )
    cohorts = cx.run(scenario, probes=["cohorts"]).cohorts.query("cohort == 0")
    annuity = 6.0 * sum(1.02**-age for age in range(1, 12))
    assert cohorts["realized_value"].iloc[-1] == pytest.approx(annuity)
    assert (cohorts["survival"] == 1).all()


def test_the_lifetime_switching_cost_adds_a_loss_that_ends_once_the_twin_has_caught_up(result):
    people = result.customers.query("supplier == 'Tailor'")
    assert people["switching_cost_lifetime"].mean() > people["switching_cost"].mean()
    none = result.customers.query("supplier == 'no_supplier'")
    assert (none["switching_cost_lifetime"] == 0).all()


def test_the_lead_over_the_best_rival_is_what_holds_a_customer(result):
    people = result.customers.query("supplier != 'no_supplier'")
    assert people["switching_cost_rival"].notna().mean() > 0.8
    assert people.query("supplier == 'Tailor'")["switching_cost_rival"].mean() > 0


def test_with_equal_rivals_the_lead_is_the_switching_cost_itself():
    scenario = market(customers=500, segments={"All": {"share": 1.0, "switching_cost": 1.25}})
    people = cx.run(scenario, probes=["customers"]).customers
    np.testing.assert_allclose(people["switching_cost_rival"], 1.25)


def test_a_monopolist_has_no_rival_to_lead():
    people = cx.run(market(firms={"Only": firm()}, customers=50), probes=["customers"]).customers
    assert people["switching_cost_rival"].isna().all()


def test_reach_counts_those_who_ever_bought(result):
    reach = result.purchase_frequency.set_index("firm")
    bought = result.customers["purchases_Tailor"]
    assert reach.loc["Tailor", "penetration"] == pytest.approx((bought > 0).mean())
    assert reach.loc["Tailor", "purchase_frequency"] == pytest.approx(bought[bought > 0].mean())


def test_cross_elasticities_are_positive_and_a_common_rise_moves_nobody_without_an_outside():
    scenario = market(customers=2000, segments={"All": {"share": 1.0, "price_sensitivity": 0.3}})
    frame = cx.run(scenario, probes=["price_elasticity"]).price_elasticities
    assert (frame.query("firm != price_of")["elasticity"] > 0).all()
    np.testing.assert_allclose(
        frame.groupby(["period", "firm"])["elasticity"].sum(), 0.0, atol=1e-12
    )


def test_purchases_since_arrival_are_counted_by_firm(result):
    columns = [f"purchases_{name}" for name in ("Mass", "Niche", "Tailor")]
    people = result.customers
    loyal = people[people["supplier"] != "no_supplier"]
    own = [row[f"purchases_{row['supplier']}"] for _, row in loyal.iterrows()]
    assert (np.array(own) >= loyal["tenure"].to_numpy()).all()
    assert (people[columns].sum(axis=1) <= 24).all()
