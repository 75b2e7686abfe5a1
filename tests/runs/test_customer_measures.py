"""Churn and retention; what a customer is worth; what a firm learns and tells apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markets import firm, lively, market

import cxsim as cx
from cxsim.calibration import match_moments
from cxsim.calibration.targets import read_targets
from cxsim.model.core.offer import squared_estimate_error
from cxsim.model.core.people import has_lapsed
from cxsim.runs.measures.measure_registry import measures, near

CAUSES = ["churn_rivals", "churn_lapsed", "churn_left"]


@pytest.fixture(scope="module")
def baseline():
    return cx.run("baseline", seed=1)


def segment(**parameters):
    return {"All": {"share": 1.0, **parameters}}


def mean(run, *names):
    return run.firms.groupby("firm")[list(names)].mean()


# --- churn and retention --------------------------------------------------------------


def test_a_customer_lapses_after_so_many_mean_intervals_without_a_purchase():
    assert not has_lapsed(7, 0.5, 4.0)  # a purchase every other period on average
    assert has_lapsed(8, 0.5, 4.0)
    assert not has_lapsed(1e6, 0.0, 4.0)  # who never shops is not silent


def test_churn_is_the_sum_of_its_causes_and_retention_the_rest(baseline):
    firms = baseline.firms.iloc[4:]  # nobody has a customer to lose before the first period
    np.testing.assert_allclose(firms[CAUSES].sum(axis=1), firms["churn"])
    np.testing.assert_allclose(firms["retention_rate"], 1.0 - firms["churn"])


def test_active_customers_of_a_period_are_those_that_the_next_can_lose():
    run = cx.run(lively(customers=2000, periods=20), seed=2)
    lost = run.firms["churn"] * run.firms.groupby("firm")["active_customers"].shift(1)
    moved = (
        run.firms.groupby("firm")["active_customers"].diff()
        - run.firms["customers_acquired"]
        - run.firms["returned"]
    )
    there = lost.notna()
    np.testing.assert_allclose(-moved[there], lost[there], atol=1e-6)


def test_silence_is_not_loyalty():
    """Almost everybody buys from nobody: few customers are taken by rivals, and most lapse."""
    quiet = cx.run("baseline", seed=1, overrides={"segments.*.no_purchase_value": 40})
    assert quiet.market["no_purchase_share"].mean() > 0.98
    seen = mean(quiet, "stayed", "retention_rate", "repeat_purchase_rate", "churn_lapsed")
    assert (seen["stayed"] > 0.98).all()  # what used to be called retention
    assert (seen["retention_rate"] < 0.9).all()
    assert (seen["churn_lapsed"] > 0.05).all()
    assert (seen["repeat_purchase_rate"] < 0.5).all()
    last = quiet.firms[quiet.firms["period"] == 59]
    assert (last["active_customers"] < 0.4 * last["customers"]).all()


def test_high_retention_and_much_switching_among_buyers_are_both_true(baseline):
    """Of Tailor's customers two in five buy in a month: the others are not lost by that."""
    tailor = mean(baseline, "retention_rate", "repeat_purchase_rate", "churn_rivals").loc["Tailor"]
    assert tailor["retention_rate"] > 0.75
    assert tailor["repeat_purchase_rate"] < 0.55
    firms = baseline.firms[baseline.firms["firm"] == "Tailor"]
    bought = baseline.brand_switching.query("origin == 'Tailor' and destination != 'no_purchase'")
    share = bought.groupby("period")["purchases"].sum() / firms.set_index("period")[
        "customers"
    ].shift(1)
    expected = share.mean() * (1 - tailor["repeat_purchase_rate"])
    assert tailor["churn_rivals"] == pytest.approx(expected, abs=0.02)


def test_a_customer_is_never_lapsed_whose_subscription_goes_on():
    offers = {name: firm(billing="subscription") for name in ("Ann", "Bob")}
    run = cx.run(market(offers, segment(purchase_rate=0.05), customers=500, periods=30), seed=1)
    assert run.firms["churn_lapsed"].fillna(0.0).eq(0.0).all()


def test_churn_that_a_user_types_comes_out_of_the_run_turnover_included():
    """1.1 % a month, in a market that loses 0.5 % a month as its exit rate already."""
    wanted = 0.011
    found = match_moments(
        {
            "base": "baseline",
            "settings": {
                "customers": 4000, "periods": 36, "market_size": 4000,
                "segments.*.exit_rate": 0.005, "no_purchase_option": False,
                "segments.*.purchase_rate": 1.0,
            },
            "parameters": {"segments.*.switching_cost": [5.0, 60.0]},
            "targets": [{"measure": "churn", "firm": "Mass", "value": wanted, "se": 0.0005,
                         "periods": [12, 35]}],
        },
        seeds=2, draws=10,
    )  # fmt: skip
    runs = [cx.run(found.scenario, seed=seed).firms for seed in (101, 102, 103)]
    measured = [r.query("firm == 'Mass' and period >= 12")["churn"].mean() for r in runs]
    error = np.std(measured, ddof=1) / 3**0.5
    assert np.mean(measured) == pytest.approx(wanted, abs=3 * error + 0.0007)
    left = np.mean([r.query("firm == 'Mass' and period >= 12")["churn_left"].mean() for r in runs])
    assert left == pytest.approx(0.005, abs=0.001)


def target_called(name):
    row = {"measure": name, "firm": "Mass", "value": 0.1, "se": 0.01}
    free = {"firms.Mass.price": [10, 30]}
    return read_targets({"base": "baseline", "parameters": free, "targets": [row]})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("churn_rate", "churn"), ("share", "market_share"), ("Churn rate", "churn")],
)
def test_names_from_elsewhere_are_understood_and_said(typed, meant):
    targets = target_called(typed)
    assert targets.targets[0].measure == meant
    assert f"{typed} is the measure {meant}" in targets.decisions


def test_a_name_that_means_two_measures_is_a_question():
    meant = "'customer_lifetime_value_present' or 'customer_lifetime_value_new'"
    with pytest.raises(cx.calibration.CalibrationError, match=f"did you mean {meant}"):
        target_called("lifetime_value")
    assert meant in near("lifetime_value", [m.name for m in measures("firm")])


# --- what a customer is worth ---------------------------------------------------------


def test_a_customer_newly_won_is_worth_what_cohorts_bring():
    """Followed for eight years, customers won in months 60 to 72 bring what was projected."""
    run = cx.run(
        "baseline", seed=0, overrides={"customers": 8000, "periods": 168}, probes=["cohorts"]
    )
    won = run.cohorts[run.cohorts["cohort"].between(60, 72)].set_index(["firm", "cohort"])
    last = won[won["age"] == 95]
    size = won[won["age"] == 0]["customers"]
    realized = (last["realized_value"] * size).groupby("firm").sum() / size.groupby("firm").sum()
    projected = run.firms[run.firms["period"].between(60, 72)].groupby("firm")
    new = projected["customer_lifetime_value_new"].mean()
    present = projected["customer_lifetime_value_present"].mean()
    np.testing.assert_allclose(new[realized.index], realized, rtol=0.06)
    assert (present > 1.5 * realized).all()  # what a bid for a new customer must not be taken from


def test_with_returns_a_customer_is_worth_what_it_brings_until_it_leaves_the_market():
    """Customers one by one, in a market whose choices depend on the last supplier alone."""
    periods, leaves, rate = 160, 0.05, 0.02
    offers = {"Ann": firm(price=10.0, unit_cost=6.0), "Bob": firm(price=10.0, unit_cost=6.0)}
    scenario = market(
        offers, segment(purchase_rate=0.6, exit_rate=leaves, switching_cost=1.0),
        customers=3000, periods=periods, market_size=3000, discount_rate=rate,
    )  # fmt: skip
    run = cx.run(scenario, seed=3, panel=3000)
    rows = run.panel
    first, worth = [], []
    for _, own in rows.groupby("customer"):
        when = own["period"].to_numpy()
        if when[0] < 40 or when[0] > 60 or own["choice"].iloc[0] != "Ann":
            continue
        later = own[own["choice"] == "Ann"]["period"].to_numpy()[1:]
        worth.append((4.0 * (1 + rate) ** -(later - when[0]).astype(float)).sum())
        first.append(when[0])
    realized, error = np.mean(worth), np.std(worth) / len(worth) ** 0.5
    ann = run.firms[(run.firms["firm"] == "Ann") & run.firms["period"].between(40, 60)]
    assert ann["customer_lifetime_value_migration"].mean() == pytest.approx(realized, abs=4 * error)
    assert (ann["customer_lifetime_value_migration"] > ann["customer_lifetime_value_new"]).all()


def test_without_rivals_who_is_won_stays_and_returns_add_nothing():
    offers = {"Ann": firm(price=10.0, unit_cost=6.0)}
    run = cx.run(
        market(offers, segment(exit_rate=0.1), customers=2000, periods=24, discount_rate=0.05)
    )
    last = run.firms.iloc[-1]
    assert last["customer_lifetime_value_migration"] == pytest.approx(
        last["customer_lifetime_value_new"], rel=1e-6
    )


def test_customer_equity_is_the_worth_of_those_there_are(baseline):
    firms = baseline.firms.dropna(subset=["customer_lifetime_value_present"])
    np.testing.assert_allclose(
        firms["customer_equity"], firms["customer_lifetime_value_present"] * firms["customers"]
    )


# --- the four steps -------------------------------------------------------------------


def test_interact_tells_a_mass_firm_from_a_one_to_one_firm(baseline):
    """Knowledge is .14, .15, .53 and .56; what one contact teaches follows the same order."""
    seen = mean(baseline, "need_variance_resolved", "customer_knowledge")
    assert (seen["need_variance_resolved"][["Mass", "Niche"]] < 0.1).all()
    assert (seen["need_variance_resolved"][["Targeted", "Tailor"]] > 0.2).all()
    assert (seen["customer_knowledge"][["Mass", "Niche"]] < 0.25).all()
    assert (seen["customer_knowledge"][["Targeted", "Tailor"]] > 0.45).all()


def test_differentiate_measures_what_a_firm_tells_apart_and_not_its_parameter(baseline):
    seen = mean(baseline, "need_variance_explained")["need_variance_explained"]
    insight = {name: f.segment_insight for name, f in baseline.scenario.firms.items()}
    assert insight["Mass"] == insight["Tailor"]
    assert seen["Tailor"] - seen["Mass"] > 0.25


def test_a_firm_that_knows_nobody_and_no_segment_tells_nobody_apart():
    blind = {"interaction": 0.0, "segment_insight": 0.0}
    run = cx.run(lively(customers=1000).override({f"firms.*.{k}": v for k, v in blind.items()}))
    np.testing.assert_allclose(run.firms["need_variance_explained"].dropna(), 0.0, atol=1e-7)
    assert (run.firms["need_variance_resolved"].dropna() == 0.0).all()


def test_a_firm_that_knows_everything_tells_everybody_apart():
    told = {"learning_rate": 1e9, "firms.*.interaction": 1.0, "firms.*.identification": 1.0}
    told |= {"firms.*.forgetting_rate": 0.0, "segments.*.purchase_rate": 1.0}
    told |= {"segments.Far.purchase_rate_shape": None, "segments.*.disclosure": 1.0}
    run = cx.run(lively(customers=500, periods=8).override(told))
    assert (run.firms["need_variance_explained"] > 0.999).all()


@given(
    gap=st.floats(-5, 5), sd=st.floats(0, 3), r=st.floats(0, 1), k=st.floats(0, 1)
)  # fmt: skip
def test_knowing_more_of_a_recognized_customer_sharpens_the_picture_on_average(gap, sd, r, k):
    """Over gaps of that spread: of a single customer near the prior a noisy signal may blur it."""
    blank = squared_estimate_error(gap, 0.0, sd, r, 0.0)
    assert blank == pytest.approx(gap * gap)
    typical = squared_estimate_error(sd, 0.0, sd, r, k)
    assert typical <= sd * sd * (1 + 1e-9)
    assert typical == pytest.approx(sd * sd * (1 - r * k))
