"""Lift of targeting rules over seeds, and the figures of targeting and value tiers."""

from __future__ import annotations

import pandas as pd
import pytest
from markets import valued

import cxsim as cx
from cxsim import plot
from cxsim.strategy.targeting_lift import acquisition_lift, service_lift


@pytest.fixture(scope="module")
def lifts():
    scenario = valued(customers=300, periods=5)
    return acquisition_lift(scenario, "Tailor", correlations=(0.0, 0.9), seeds=2)


def test_every_rule_has_its_lift_with_an_interval_at_every_correlation(lifts):
    assert list(lifts.columns) == ["correlation", "rule", "lift", "lower", "upper"]
    rules = ["random", "analytics", "predictive", "oracle", "predictive - analytics"]
    for _, one in lifts.groupby("correlation"):
        assert one["rule"].tolist() == rules
        by = one.set_index("rule")["lift"]
        assert by["predictive - analytics"] == pytest.approx(by["predictive"] - by["analytics"])
        assert by["oracle"] > by[["random", "analytics", "predictive"]].max()
    assert (lifts["lower"] <= lifts["lift"]).all()


def test_service_is_compared_by_capacity():
    lifts = service_lift(valued(customers=300, periods=5), "Tailor", capacities=(0.3,), seeds=2)
    assert lifts["capacity"].unique().tolist() == [0.3]


def test_a_firm_that_contacts_or_ranks_nobody_is_refused():
    with pytest.raises(ValueError, match="expected one with acquisition, found 'Mass'"):
        acquisition_lift("baseline", "Mass")
    with pytest.raises(ValueError, match="expected one with value_tiers, found 'Masse'"):
        service_lift("baseline", "Masse")


def test_the_figure_of_lifts_says_where_the_model_beats_the_books(lifts):
    rows = [
        (rho, rule, lift, lift - 0.1, lift + 0.1)
        for rho, gap in ((0.0, 0.0), (0.4, 0.3), (0.6, 0.2), (0.9, -0.2))
        for rule, lift in (("analytics", 1.2), ("predictive - analytics", gap))
    ]
    made = pd.DataFrame(rows, columns=list(lifts.columns))
    figure = plot.targeting_lift(made)
    said = figure.get_suptitle().replace("\n", " ")
    assert "beats the profile of the best customers at correlations from 0.4 to 0.6" in said
    assert "loses to it at 0.9" in said
    assert "oracle" in plot.alternative_text(plot.targeting_lift(lifts))
    none = plot.targeting_lift(made[made["correlation"] == 0.0]).get_suptitle()
    assert "no better customers" in none.replace("\n", " ")


def test_the_pyramid_shows_each_firm_that_ranks():
    tiers = cx.run(valued(customers=600)).frames["tiers"]
    said = plot.alternative_text(plot.value_tiers(tiers, show=["Niche", "Tailor"]))
    assert "Niche: top 5 %" in said
    assert "Mass" not in said
    with pytest.raises(ValueError, match="contribution"):
        plot.value_tiers(tiers.drop(columns="contribution_margin"))


def test_in_segmentation_lifts_stand_in_the_order_of_the_variance_explained():
    run = cx.run("segmentation", overrides={"customers": 6000})
    last = run.market.iloc[-1]
    explained = [
        last[f"need_variance_explained_{b}"] for b in ("firmographic", "behavioural", "segment")
    ]
    assert explained == sorted(explained)
    lifts = run.firms.groupby("firm", observed=True)["acquisition_lift"].mean()
    found = [lifts[name] for name in ("Firmographic", "Behavioural", "NeedsBased")]
    assert found == sorted(found)
    assert found[0] > 1.0
