"""What has to hold for one-to-one to earn most: break-even values, one condition at a time."""

from __future__ import annotations

import numpy as np
import pytest

import cxsim as cx
from cxsim.analytic import service_worth
from cxsim.plot import alternative_text
from cxsim.runs.measures.profit import by_horizon
from cxsim.strategy.one_to_one import FACTORS, has_one_to_one

SEEDS = 2
FEW = {"customers": 300, "periods": 12}


def market(**changes):
    """The baseline with two firms, so that the rival is the same at every value."""
    base = cx.load("baseline", FEW | changes)
    return base.override({"firms.Niche": None, "firms.Targeted": None})


def lead(scenario, rival="Mass"):
    """Tailor's lead in net present value, mean over the seeds."""
    earned = [
        cx.run(scenario, seed=s).firms.pivot(index="period", columns="firm", values="profit")
        for s in range(SEEDS)
    ]
    rate = float(scenario.discount_rate)
    return np.mean([by_horizon((e["Tailor"] - e[rival]).to_numpy(), rate)[-1] for e in earned])


@pytest.fixture(scope="module")
def found():
    return cx.one_to_one_conditions(market(), seeds=SEEDS, confidence=0.5)


def row(found, factor):
    return found.table.set_index("factor").loc[factor]


def test_the_lead_now_is_that_of_the_market_as_it_is(found):
    assert found.firm == "Tailor"
    assert found.rival == "Mass"
    assert found.lead.mean == pytest.approx(lead(market()))
    now = found.curve[found.curve["multiple"] == 1.0]
    assert set(now["factor"]) == set(FACTORS)
    np.testing.assert_allclose(now["lead"], found.lead.mean)


@pytest.mark.parametrize("factor", ["market_size", "customization_cost"])
def test_nothing_is_gained_or_lost_at_a_break_even_value_that_is_exact(found, factor):
    """Profit is linear in market size and cost of customization where prices are fixed."""
    at = row(found, factor)
    times = at["value"] / at["now"]
    there = market().override(FACTORS[factor].changes(market(), times))
    assert abs(lead(there)) < 1e-6 * abs(found.lead.mean)


def test_a_horizon_is_read_from_the_long_run_and_equals_a_run_of_that_length(found):
    half = found.curve.set_index(["factor", "multiple"]).loc[("periods", 0.5)]
    assert half["lead"] == pytest.approx(lead(market(periods=6)))


def test_costs_pay_up_to_a_value_and_sizes_from_one(found):
    assert row(found, "customization_cost")["pays"] == "up to"
    assert row(found, "market_size")["pays"] == "from"


def test_the_interval_of_a_break_even_value_holds_the_value(found):
    known = found.table.dropna(subset=["value", "lower", "upper"])
    assert len(known) > 0
    assert (known["lower"] < known["value"]).all()
    assert (known["value"] < known["upper"]).all()


def test_the_closed_form_breaks_even_where_both_services_are_worth_the_same(found):
    """By hand: the worth of both services at the rival's sales, in a market of one segment."""
    alike = market(**{"segments.*.need_mean": [0.0, 0.0]})
    at = row(cx.one_to_one_conditions(alike, factors=["market_size"], seeds=SEEDS), "market_size")
    runs = [cx.run(alike, seed=s).firms.query("firm == 'Mass'") for s in range(SEEDS)]
    sold = np.mean([each["purchases"].mean() for each in runs])
    given = {
        "rate": sold / 1e5, "customers": at["closed_form"], "fit_weight": 1.5, "learning": 0.8,
        "ordering_effort": 2.0, "recognition": 0.9, "forgetting": 0.01, "exit_rate": 0.01,
        "segment_insight": 0.6, "customization_cost": 1.5, "interaction_cost": 1.0,
        "capability_cost": 15000.0,
    }  # fmt: skip
    one, mass = (service_worth(a, a, **given).net for a in (0.8, 0.1))
    assert float(one - mass) == pytest.approx(0.0, abs=1e-6)


def test_a_customer_buys_once_a_period_at_most(found):
    tried = found.curve.query("factor == 'purchase_rate'")["value"]
    assert tried.max() == 1.0


def test_what_is_zero_now_is_not_varied_and_what_pays_nowhere_is_said():
    free = market(**{"firms.*.customization_cost": 0.0, "segments.*.fit_weight": 0.0})
    found = cx.one_to_one_conditions(
        free, factors=["customization_cost", "need_variance"], multiples=(0.5, 2), seeds=SEEDS
    )
    assert found.table["pays"].tolist() == ["not varied", "nowhere"]
    assert "cost of customization not varied" in found.sentence()
    assert "variance of needs nowhere between 0.5 and 2 sq. distance" in found.sentence()
    assert "whichever condition changes" in found.finding()


def test_the_title_of_the_figure_is_the_answer(found):
    figure = cx.plot.one_to_one_conditions(found)
    title = " ".join(figure.get_suptitle().split())
    assert title.startswith("Tailor earns ")
    assert "; it would earn most with " in title
    assert alternative_text(figure) == found.sentence()


def test_a_firm_that_is_ahead_has_conditions_that_have_to_hold(found):
    large = market(market_size=3e5)
    ahead = cx.one_to_one_conditions(large, factors=["market_size"], seeds=SEEDS)
    assert found.lead.mean < 0 < ahead.lead.mean
    said = "more than its best rival, Mass (not significant), as long as each of these holds"
    assert said in ahead.finding()
    same = row(found, "market_size")["value"]  # whichever market it is looked for from
    assert row(ahead, "market_size")["value"] == pytest.approx(same)


def test_firms_factors_and_multiples_that_are_not_there_are_refused():
    alike = market(**{"firms.Tailor.customization": 0.1})
    with pytest.raises(ValueError, match="expected the name of a firm, because none"):
        cx.one_to_one_conditions(alike)
    with pytest.raises(ValueError, match="found 'Nobody'"):
        cx.one_to_one_conditions(market(), firm="Nobody")
    with pytest.raises(ValueError, match=r"factors: expected .* found 'fit_wieght'"):
        cx.one_to_one_conditions(market(), factors=["fit_wieght"])
    with pytest.raises(ValueError, match="multiples: expected a number above 0, found 0"):
        cx.one_to_one_conditions(market(), multiples=[0])
    with pytest.raises(ValueError, match="expected a rival of Tailor, found none"):
        cx.one_to_one_conditions(market().override({"firms.Mass": None}))


def test_segments_that_do_not_say_what_they_need_are_in_the_middle():
    silent = cx.load("crm_and_training", {"customers": 100, "periods": 12})
    assert all(segment.need_mean is None for segment in silent.segments.values())
    found = cx.one_to_one_conditions(silent, factors=["fit_weight"], multiples=(0.5, 2.0), seeds=2)
    assert list(found.table["factor"]) == ["fit_weight"]


def test_a_market_of_one_to_one_firms_alone_does_not_ask_what_has_to_hold():
    assert has_one_to_one(cx.load("baseline"))
    assert not has_one_to_one(cx.load("crm_and_training"))
    assert not has_one_to_one(cx.load("bad_service"))
