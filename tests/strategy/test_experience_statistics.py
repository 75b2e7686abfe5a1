"""Five statistics on customer experience: said by a source, surveyed, and of a market."""

from __future__ import annotations

import math

import numpy as np
import pytest
from journeys import lived

import cxsim as cx
from cxsim.model.probes.purchase_probability import spending_ratio, within
from cxsim.plot import alternative_text

SMALL = {"customers": 600, "periods": 24}
PROBES = ["experience_statistics", "churn_reasons"]


@pytest.fixture(scope="module")
def found():
    return cx.experience_statistics(cx.load("bad_service", SMALL), seeds=3)


def of_market(frame, statistic):
    whole = frame[(frame["firm"] == "(market)") & (frame["statistic"] == statistic)]
    return whole.iloc[0]


# -- Rules ------------------------------------------------------------------------------------


def test_spending_of_two_equal_options_is_that_of_the_logit():
    """P = 1 / (1 + exp(-a v E)), and one half at a neutral experience."""
    a, worth = 0.2, 3.0
    chance = 1.0 / (1.0 + math.exp(-a * worth))
    assert spending_ratio(chance, a, worth, 0.0, 0.5) == pytest.approx(chance / 0.5)
    assert spending_ratio(chance, a, worth, 0.4, 0.5) == pytest.approx(chance / 0.5 * 1.2)


def test_experience_that_does_not_matter_changes_no_spending():
    assert spending_ratio(0.3, 0.2, 0.0, 0.0, 0.9) == pytest.approx(1.0)


def test_a_fifth_a_month_tell_others_within_a_year_as_often_as_the_binomial_says():
    assert within(0.2, 12) == pytest.approx(1.0 - 0.8**12)
    assert within(0.0, 12) == 0.0
    assert within(1.0, 1) == 1.0


# -- The market asked -------------------------------------------------------------------------


def test_churn_due_to_experience_is_that_of_the_churn_reasons():
    run = cx.run(lived(customers=1500, periods=12), probes=PROBES)
    reasons = run.churn_reasons.query("driver == 'experience'").set_index(["period", "firm"])
    firms = run.firms.set_index(["period", "firm"])["churn_due_to_experience"].dropna()
    there = reasons.loc[firms.index]
    np.testing.assert_allclose(firms, there["customers"] / there["churned"])
    assert firms.max() > 0.0


def test_where_experience_has_no_value_it_decides_nothing():
    indifferent = {"segments.*.experience_value": 0.0, "segments.*.spend_response": 0.0}
    flat = cx.experience_statistics(lived(customers=500, periods=12).override(indifferent), seeds=2)
    for statistic in ("spend_more", "pay_more", "switch"):
        assert of_market(flat, statistic)["share"] == 0.0


def test_without_word_of_mouth_nobody_can_be_asked_about_recommending():
    quiet = cx.load("blind_spot", {"customers": 300})
    silent = cx.experience_statistics(quiet, seeds=2)
    assert math.isnan(of_market(silent, "recommend")["share"])
    assert math.isnan(of_market(silent, "tell")["share"])
    assert of_market(silent, "spend_more")["share"] > 0.0


def test_all_with_a_bad_experience_tell_as_often_as_their_cluster_does(found):
    """Every experience below neutral is in the cluster that tells at a rate of .2 a month."""
    assert of_market(found, "tell")["share"] == pytest.approx(1.0 - 0.8**12)


def test_a_market_where_experience_counts_more_spends_and_switches_more_for_it(found):
    keen = cx.load("bad_service", SMALL).override({"segments.*.experience_value": 30.0})
    more = cx.experience_statistics(keen, seeds=3)
    for statistic in ("spend_more", "pay_more", "switch", "recommend"):
        assert of_market(more, statistic)["lower"] > of_market(found, statistic)["upper"]


def test_every_statistic_has_a_row_for_the_market_and_each_firm(found):
    assert list(found["statistic"].unique()) == [
        "spend_more", "pay_more", "switch", "recommend", "tell",
    ]  # fmt: skip
    assert set(found["firm"]) == {"(market)", "InHouse", "Outsourced"}
    assert found["survey_source"].notna().all()


def test_a_market_without_a_journey_is_refused():
    with pytest.raises(ValueError, match="expected a market with a journey, found one without"):
        cx.experience_statistics("baseline", seeds=1)


def test_the_figure_says_what_the_table_does(found):
    said = alternative_text(cx.plot.experience_statistics(found))
    share = 100 * of_market(found, "tell")["share"]
    assert f"tell others about a bad experience: {share:.0f} % (95 % said)" in said
