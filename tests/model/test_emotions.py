"""Emotion clusters that act: choice, lapsing and service cost."""

from __future__ import annotations

import numpy as np
import pytest
from journeys import duel, lived
from markets import lively

import cxsim as cx
from cxsim.model.experience.perception import CLUSTERS
from cxsim.scenario import ScenarioError

SMALL = {"customers": 800, "periods": 8}

#: A market of two like firms where one disappoints everybody at once, at a fixed touchpoint.
LOW = {"firms.A.touchpoints.place.mean": 1.0, "experience_memory": 1.0}


def effects(**by_cluster):
    return {"emotion_effects": by_cluster}


# --- absence and neutrality --------------------------------------------------------------


def test_clusters_without_consequences_are_labels():
    plain = cx.run(lived(**SMALL)).firms
    neutral = cx.run(lived(**SMALL, **effects(**{name: {} for name in CLUSTERS}))).firms
    assert plain.equals(neutral[plain.columns])
    assert (neutral[["emotion_cost", "customers_lapsed_by_emotion"]] == 0).all(axis=None)


def test_firms_that_a_customer_has_no_experience_of_are_unaffected():
    """Experience of 0 falls into attention, and so would all firms in the first period."""
    attention = effects(attention={"worth": 5.0, "lapse": 1.0, "service_cost": 9.0})
    first = "period == 0"
    plain, acted = (cx.run(lived(**SMALL, **more)).firms.query(first) for more in ({}, attention))
    assert plain.equals(acted[plain.columns])


# --- what clusters do --------------------------------------------------------------------


def test_the_worth_of_a_cluster_is_that_of_as_much_quality():
    """Everybody has had a bad time with A, alone in the market, before B enters."""
    bad = {**LOW, "segments.*.exit_rate": 0.0, "firms.B.active": False, "periods": 2}
    quality = duel().firms["A"].quality
    entry = {"at": 1, "set": {"firms.B.active": True}}
    decline = {"at": 1, "set": {"firms.A.quality": quality - 1.0}}
    felt = cx.run(duel(**bad, events=[entry], **effects(destroying={"worth": -1.0}))).firms
    worse = cx.run(duel(**bad, events=[entry, decline])).firms
    assert 0.0 < felt["market_share"].iloc[2] < 0.5
    assert felt["market_share"].equals(worse["market_share"])


def test_the_chance_to_lapse_is_that_of_the_cluster():
    bad = {
        **LOW,
        "initial": {"A": {"share": 1.0, "tenure": 5, "knowledge": 0.0}},
        "segments.*.purchase_rate": 0.0,
        "segments.*.exit_rate": 0.0,
        "customers": 4000,
        "periods": 4,
    }
    run = cx.run(duel(**bad, **effects(destroying={"lapse": 0.2})))
    customers = run.firms.query("firm == 'A'")["customers"].to_numpy() / run.scenario.market_size
    assert customers == pytest.approx([1.0, 0.8, 0.64, 0.512], abs=0.03)


def test_customers_who_lapse_by_emotion_are_churn():
    bad = {**LOW, "initial": {"A": {"share": 1.0, "tenure": 5, "knowledge": 0.0}}}
    firms = cx.run(duel(**bad, **effects(destroying={"lapse": 0.3}))).firms
    a = firms.query("firm == 'A' and period > 0")
    assert (a["customers_lapsed_by_emotion"] > 0).all()
    assert (a["churn_lapsed"] > 0.2).any()
    np.testing.assert_allclose(a["retention_rate"], 1.0 - a["churn"])
    parts = a[["churn_rivals", "churn_lapsed", "churn_left"]].sum(axis=1)
    np.testing.assert_allclose(a["churn"], parts)
    assert (a["churn"] <= 1.0).all()


def test_service_cost_is_booked_for_each_customer_in_the_cluster():
    cost = effects(destroying={"service_cost": 3.0})
    run = cx.run(lived(**SMALL, **cost), probes=["customers"])
    firms = run.firms.set_index(["period", "firm"])
    before = (firms["destroying"] * firms["customers"]).unstack()
    booked = firms["emotion_cost"].unstack()
    gone = firms["customers_left_market"].unstack()
    for period in range(1, 8):
        high = 3.0 * before.loc[period - 1]
        low = 3.0 * (before.loc[period - 1] - gone.loc[period])
        assert ((booked.loc[period] <= high + 1e-6) & (booked.loc[period] >= low - 1e-6)).all()
    costs = {
        "cost_of_goods_sold",
        "contact_cost",
        "service_cost",
        "touchpoint_cost",
        "emotion_cost",
    }
    costs |= {"capability_overhead", "capability_investment"}
    left = firms["revenue"] - firms[sorted(costs & set(firms.columns))].sum(axis=1)
    np.testing.assert_allclose(firms["profit"], left)


@pytest.mark.parametrize(
    ("effect", "measure"),
    [({"worth": -3.0}, "market_share"), ({"lapse": 0.2}, "retention_rate"),
     ({"service_cost": 2.0}, "profit")],
)  # fmt: skip
def test_emotions_cost_a_firm_that_disappoints(effect, measure):
    bad = {**SMALL, "firms.Mass.touchpoints.product.mean": 1.0}
    for seed in range(3):
        labels, acting = (
            cx.run(lived(**bad, **more), seed=seed).firms.query("firm == 'Mass'")[measure].mean()
            for more in ({}, effects(destroying=effect))
        )
        assert acting < labels


# --- what is refused, and engines --------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"emotion_effects": {"destroing": {}}}, "did you mean 'destroying'"),
        ({"emotion_effects": {"destroying": {"lapse": 2.0}}}, "lapse: expected"),
    ],
)
def test_a_cluster_that_does_not_exist_is_refused(changes, message):
    with pytest.raises(ScenarioError, match=message):
        lived(**changes)


def test_effects_of_emotions_need_experience():
    with pytest.raises(ScenarioError, match="expected a journey or word_of_mouth"):
        lively(**effects(destroying={"worth": -1.0}))


def test_both_engines_agree_on_what_emotions_do():
    on = lived(
        customers=120,
        periods=5,
        **effects(
            destroying={"worth": -2.0, "lapse": 0.2, "service_cost": 1.0},
            advocacy={"worth": 1.0},
        ),
    )
    columnar, agents = (cx.run(on, engine=engine).firms for engine in ("columnar", "agents"))
    assert columnar.equals(agents)
    assert columnar["customers_lapsed_by_emotion"].sum() > 0
