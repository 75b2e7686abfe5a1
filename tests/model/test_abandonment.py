"""Purchases given up at required touchpoints, and bad contacts that lead to others."""

from __future__ import annotations

import numpy as np
import pytest
from journeys import duel, lived
from markets import firm, market

import cxsim as cx
from cxsim.analytic import expected_abandonment
from cxsim.scenario import ScenarioError

REQUIRED = {"journey.store.required": True, "journey.store.abandonment": 1.0}

SMALL = {"customers": 400, "periods": 6}


def ordered(stage="buy", sd=2.0, **changes):
    """A market of one firm with one required touchpoint, where everybody buys every period."""
    place = {"stage": stage, "visit_rate": 1.0, "required": True, "abandonment": 0.8}
    return market(
        firms={"A": firm(touchpoints={"form": {"mean": 3.0, "sd": sd}})},
        journey={"form": place},
        customers=20_000,
        periods=1,
    ).override(changes)


# --- neutral and closed form -------------------------------------------------------------


def test_a_required_touchpoint_where_nobody_gives_up_changes_no_bit():
    plain = cx.run(lived(**SMALL)).firms
    never = cx.run(lived(**SMALL, **(REQUIRED | {"journey.store.abandonment": 0.0}))).firms
    assert plain.equals(never[plain.columns])
    assert (never["abandoned_purchases"] == 0).all()


@pytest.mark.parametrize(("mean", "sd"), [(1.0, 1.0), (3.0, 2.0), (6.0, 1.5), (3.0, 0.0)])
def test_lost_sales_are_what_the_mean_and_spread_of_performance_say(mean, sd):
    changes = {"firms.A.touchpoints.form.mean": mean, "firms.A.touchpoints.form.sd": sd}
    run = cx.run(ordered(**changes))
    expected = float(expected_abandonment(mean, sd=sd, abandonment=0.8))
    error = np.sqrt(expected * (1.0 - expected) / 20_000)
    assert run.firms["abandonment_rate"].iloc[0] == pytest.approx(expected, abs=4 * error)


def test_of_several_required_touchpoints_each_may_lose_the_sale():
    form = ordered().to_dict()["journey"]["form"]
    two = ordered(
        journey={"form": form, "payment": form},
        **{"firms.A.touchpoints": {name: {"mean": 3.0, "sd": 2.0} for name in ("form", "payment")}},
    )
    run = cx.run(two)
    one = float(expected_abandonment(3.0, sd=2.0, abandonment=0.8))
    lost = run.touchpoints.set_index("touchpoint")["abandoned_purchases"] / two.market_size
    assert lost["form"] == pytest.approx(one, abs=0.015)
    assert lost["payment"] == pytest.approx((1.0 - one) * one, abs=0.015)
    assert run.firms["abandoned_purchases"].sum() == lost.sum() * two.market_size


def test_only_purchases_that_pass_the_touchpoint_can_be_lost_there():
    often, half = (
        cx.run(ordered(**{"journey.form.visit_rate": rate})).firms["abandonment_rate"].iloc[0]
        for rate in (1.0, 0.5)
    )
    assert half == pytest.approx(often / 2, abs=0.015)


# --- who gives up, and what follows ------------------------------------------------------


def test_a_bad_order_page_loses_the_firms_sales():
    good, bad = (
        cx.run(lived(**SMALL, **REQUIRED, **{"firms.Mass.touchpoints.store.mean": mean}))
        for mean in (8.0, 1.0)
    )
    sales = [run.firms.groupby("firm")["purchases"].sum() for run in (good, bad)]
    assert sales[1]["Mass"] < 0.6 * sales[0]["Mass"]
    lost = bad.touchpoints.groupby(["firm", "touchpoint"])["abandoned_purchases"].sum()
    assert lost["Mass", "store"] > 10 * lost["Tailor", "store"]
    assert (lost.drop("store", level="touchpoint") == 0).all()


def test_those_who_try_again_buy_elsewhere():
    bad = {**REQUIRED, "firms.Mass.touchpoints.store.mean": 1.0}
    never, always = (
        cx.run(lived(**SMALL, **bad, **{"segments.*.retry": retry})).firms for retry in (0.0, 1.0)
    )
    assert never["purchases_after_abandonment"].sum() == 0
    rivals = "firm != 'Mass'"
    assert always.query(rivals)["purchases"].sum() > 1.1 * never.query(rivals)["purchases"].sum()
    assert always["purchases_after_abandonment"].sum() <= always["abandoned_purchases"].sum()


def test_a_purchase_that_failed_is_experienced():
    good, bad = (
        cx.run(ordered(sd=0.0, **{"periods": 3, "journey.form.abandonment": chance}))
        for chance in (0.0, 1.0)
    )
    for run in (good, bad):  # everybody has had the contact, whether it ended in a purchase or not
        assert set(run.touchpoints["contacts"]) == {run.scenario.market_size}
    assert bad.firms["abandonment_rate"].to_numpy() == pytest.approx(0.4, abs=0.02)


def test_customers_who_gave_up_keep_their_supplier():
    run = cx.run(
        ordered(
            sd=0.0,
            **{
                "firms.A.touchpoints.form.mean": 0.0,
                "journey.form.abandonment": 1.0,
                "initial": {"A": {"share": 1.0, "tenure": 3, "knowledge": 0.5}},
            },
        )
    )
    assert run.firms["purchases"].sum() == 0
    assert run.firms["customers"].iloc[0] == run.scenario.market_size
    assert run.firms["retention_rate"].iloc[0] == 1.0


def test_subscribers_do_not_order_to_stay():
    lost = ordered(
        sd=0.0,
        **{
            "firms.A.touchpoints.form.mean": 0.0,
            "journey.form.abandonment": 1.0,
            "firms.A.billing": "subscription",
            "initial": {"A": {"share": 0.5, "tenure": 3, "knowledge": 0.5}},
        },
    )
    firms = cx.run(lost).firms
    half = lost.market_size / 2
    assert firms["purchases"].iloc[0] == pytest.approx(half, rel=0.05)
    assert firms["abandoned_purchases"].iloc[0] == pytest.approx(half, rel=0.05)


def test_a_buying_center_that_gives_up_an_order_has_not_bought():
    center = {"segments.Near.buying_center": {"members": 3}, "customers": 400, "periods": 2}
    bad = {**center, **REQUIRED, "firms.*.touchpoints.store.mean": 2.0}
    decided, gave_up = (cx.run(lived(**each)).frame("decisions") for each in (center, bad))
    first = "period == 0"
    assert decided.query(first)["agreed"].equals(gave_up.query(first)["agreed"])
    assert gave_up.query(first)["bought"].sum() < 0.7 * decided.query(first)["bought"].sum()


def test_no_term_of_the_choice_is_the_reason_of_a_loss_by_an_abandoned_order():
    bad = {
        **REQUIRED,
        "firms.*.touchpoints.store.mean": 0.0,
        "firms.*.touchpoints.store.sd": 0.0,
        "journey.store.visit_rate": 1.0,
        "segments.*.retry": 1.0,
    }
    reasons = cx.run(lived(**SMALL, **bad), probes=["churn_reasons"]).frame("churn_reasons")
    assert reasons["churned"].sum() > 0
    assert reasons["customers"].sum() == 0


# --- bad contacts lead to others ---------------------------------------------------------

CALLS = {"journey.product.triggers": "hotline", "journey.product.trigger_chance": 0.5}


def calls(**changes):
    """Contacts at the hotline in a market where nobody calls unless something failed."""
    nobody = {"journey.hotline.visit_rate": 0.0, "segments.*.journey": {}, **changes}
    run = cx.run(lived(**SMALL, **nobody))
    return run.touchpoints.query("touchpoint == 'hotline'").groupby("firm")["contacts"].sum()


def test_a_touchpoint_that_leads_nowhere_changes_no_bit():
    plain = cx.run(lived(**SMALL)).firms
    assert plain.equals(
        cx.run(lived(**SMALL, **(CALLS | {"journey.product.trigger_chance": 0.0}))).firms
    )


def test_a_fault_calls_support():
    assert (calls() == 0).all()
    faulty = calls(**CALLS, **{"firms.Mass.touchpoints.product.mean": 2.0})
    assert faulty["Mass"] > 3 * faulty["Tailor"] > 0


def test_calls_per_contact_are_the_chance_times_the_shortfall():
    place = {"stage": "use", "visit_rate": 0.6, "triggers": "phone", "trigger_chance": 0.5}
    run = cx.run(
        duel(
            periods=3,
            customers=5000,
            journey={"place": place, "phone": {"stage": "support", "visit_rate": 0.0}},
            **{
                "firms.*.touchpoints": {
                    "place": {"mean": 2.0, "sd": 0.0}, "phone": {"mean": 6.0, "sd": 0.0},
                }
            },
        )
    )  # fmt: skip
    met = run.touchpoints.groupby("touchpoint")["contacts"].sum()
    assert met["phone"] / met["place"] == pytest.approx(0.5 * 0.6, abs=0.02)


# --- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"journey.product.required": True}, "journey.product.required: expected .* stage buy"),
        ({"journey.store.abandonment": 0.5}, "abandonment: expected 0 unless store is required"),
        (
            {"events": [{"at": 1, "set": {"journey.store.abandonment": 0.5}}]},
            "expected 0 unless store is required, found 0.5",
        ),
        ({"journey.product.triggers": "hotlin"}, "did you mean 'hotline'"),
        ({"journey.hotline.triggers": "product"}, "expected a later touchpoint"),
        ({"journey.product.triggers": "product"}, "expected a later touchpoint"),
        ({"journey.site.triggers": "store"}, "expected a later touchpoint of the stage use"),
        ({"journey.product.trigger_chance": 0.5}, "expected 0 unless product triggers"),
        ({**CALLS, "neutral": 0.0}, "neutral: expected more than 0"),
        ({"segments.*.retry": 0.5}, "retry: expected 0 without a required touchpoint"),
        (
            {**REQUIRED, "segments.Near.buying_center": {"members": 3}, "segments.*.retry": 0.5},
            "retry: expected 0 beside a buying center of 3",
        ),
    ],
)
def test_a_journey_that_makes_no_sense_is_refused_in_one_line(changes, message):
    with pytest.raises(ScenarioError, match=message) as refused:
        lived(**changes)
    assert all("\n" not in problem.text for problem in refused.value.problems)


# --- engines -------------------------------------------------------------------------------


def test_both_engines_lose_the_same_sales():
    bad = {
        **REQUIRED,
        **CALLS,
        "firms.*.touchpoints.store.mean": 3.0,
        "segments.*.retry": 0.5,
        "firms.Niche.billing": "subscription",
    }
    on = lived(customers=120, periods=4, **bad)
    columnar, agents = (cx.run(on, engine=engine) for engine in ("columnar", "agents"))
    assert columnar.firms.equals(agents.firms)
    assert columnar.touchpoints.equals(agents.touchpoints)
    assert columnar.firms["abandoned_purchases"].sum() > 0
