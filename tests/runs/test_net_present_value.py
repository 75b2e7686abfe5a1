"""Net present value: within the horizon, with what follows it, and where its sign turns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markets import lively

import cxsim as cx
from cxsim.model.ledger import year_of
from cxsim.model.mechanism import Measure
from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.measures.profit import VALUES, by_horizon, turn_beyond, turns
from cxsim.study.paired_seeds import replicate
from cxsim.study.value_of_lead import value_of

PROFITS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40).map(np.array)
RATES = st.floats(0.0, 0.2)


@pytest.fixture(scope="module")
def run():
    return cx.run("baseline", seed=1, overrides={"customers": 300, "periods": 30})


def of_firm(run, name):
    return run.firms[run.firms["firm"] == name].set_index("period")


def test_net_present_value_of_a_period_is_the_discounted_profit_up_to_it(run):
    for name in run.scenario.firms:
        firm = of_firm(run, name)
        expected = (firm["profit"] * 1.01 ** -firm.index.to_numpy(float)).cumsum()
        np.testing.assert_allclose(firm["net_present_value"], expected, rtol=1e-12)


def test_its_last_row_is_the_summary_of_the_run(run):
    summary = run.summary().set_index(["measure", "firm"])["value"]
    for name in run.scenario.firms:
        for measure in VALUES:
            assert of_firm(run, name)[measure].iloc[-1] == summary[measure, name]


def test_the_last_years_profit_goes_on_for_ever(run):
    """The perpetuity is what a very long run of that profit would add."""
    firm = of_firm(run, "Tailor")
    goes_on = firm["profit"].iloc[-12:].mean()
    long = sum(goes_on * 1.01**-t for t in range(30, 4000))
    expected = firm["net_present_value"].iloc[-1] + long
    assert firm["net_present_value_perpetuity"].iloc[-1] == pytest.approx(expected, rel=1e-9)


def test_customer_equity_counts_at_the_end_discounted(run):
    firm = of_firm(run, "Tailor").iloc[-1]
    expected = firm["net_present_value"] + 1.01**-29 * firm["customer_equity"]
    assert firm["net_present_value_equity"] == pytest.approx(expected, rel=1e-12)


def test_money_that_is_worth_the_same_at_any_time_has_no_perpetuity():
    made = cx.run(lively(customers=100, periods=3, discount_rate=0.0)).firms
    assert made["net_present_value_perpetuity"].isna().all()
    np.testing.assert_allclose(made["net_present_value"], made["cumulative_profit"])


def test_a_run_asked_period_by_period_gives_the_same_values():
    """The data collector and policies ask for the last period only."""
    market = cx.Market("baseline", overrides={"customers": 100, "periods": 15}, rng=3)
    asked = []
    for _ in range(15):
        market.step()
        asked.append([market.simulation.latest("firm", name).copy() for name in VALUES])
    ledger = market.simulation.ledger
    known = {m.name: m for m in measures("firm")}
    for k, name in enumerate(VALUES):
        whole = known[name].function(ledger)
        np.testing.assert_allclose([each[k] for each in asked], whole, rtol=1e-12)


def test_a_year_is_counted_in_periods():
    assert [year_of(w) for w in ("week", "month", "Quarter", "years")] == [52, 12, 4, 1]
    assert year_of("purchase") == 12


@given(profit=PROFITS, rate=RATES)
def test_the_sign_differs_on_both_sides_of_a_turn(profit, rate):
    value = by_horizon(profit, rate)
    for at in turns(profit, rate):
        earlier = value[: at - 1][value[: at - 1] != 0.0]
        assert np.sign(value[at - 1]) == -np.sign(earlier[-1])


@given(profit=PROFITS, rate=RATES, year=st.integers(1, 12))
@example(profit=np.array([-2.0, 1.0]), rate=2.1e-156, year=1)
@example(profit=np.array([2.0, -1.0]), rate=1e-12, year=1)
def test_beyond_the_run_the_value_is_zero_where_its_sign_turns(profit, rate, year):
    at = turn_beyond(profit, rate, year)
    if math.isinf(at) or at > 2000:
        return
    goes_on = np.full(math.ceil(at) - len(profit), profit[-year:].mean())
    value = by_horizon(np.concatenate([profit, goes_on]), rate)
    scale = np.abs(profit).max()
    assert value[-1] * value[len(profit) - 1] <= 1e-9 * scale * scale
    if len(goes_on) > 1:
        assert value[-2] * value[len(profit) - 1] >= -1e-9 * scale * scale


@pytest.mark.parametrize("rate", [0.0, 5e-324, 2.1e-156, 1e-17, 1e-15, 1e-9])
def test_a_rate_too_small_to_matter_turns_the_value_where_no_rate_does(rate):
    assert turn_beyond(np.array([-5.0, 1.0]), rate, 1) == pytest.approx(6.0, rel=1e-6)


def test_a_lead_is_valued_within_the_horizon_and_beyond_with_its_turn():
    paths = np.array([[-100.0, 10.0, 10.0, 10.0, 10.0], [-110.0, 12.0, 12.0, 12.0, 12.0]])
    found = value_of(paths, np.array([50.0, 52.0]), discount_rate=0.05, period="quarter")
    assert found.within.mean < 0 < found.perpetuity.mean
    assert found.turns == ()
    said = found.sentence("The lead")
    assert "within 5 quarters" in said
    assert "in perpetuity" in said
    assert "customer equity" in said
    assert f"Its sign changes at about {found.beyond:.0f} quarters" in said


def test_a_lead_whose_sign_never_turns_is_said_to_keep_it():
    found = value_of(np.full((3, 5), 2.0), np.ones(3), discount_rate=0.01)
    assert "the same at every horizon" in found.sentence("It")


def test_the_horizon_decides_who_earns_most_in_the_baseline_and_the_report_says_so():
    """Behind at 60 months, ahead with the last year's profit in perpetuity: both are said."""
    runs = replicate(cx.load("baseline"), seeds=6)
    best, other, value = runs.lead()
    assert (best, other) == ("Mass", "Tailor")
    assert value.within.mean == pytest.approx(163_000, abs=60_000)
    assert value.perpetuity.mean < 0
    assert 60 < value.beyond < 200
    assert "changes at about" in value.sentence("Mass's lead over Tailor")


@pytest.mark.slow
def test_over_twenty_years_one_to_one_is_ahead_in_the_baseline():
    runs = replicate(cx.load("baseline", {"periods": 240}), seeds=6)
    best, other, value = runs.lead()
    assert (best, other) == ("Tailor", "Mass")
    assert value.within.mean == pytest.approx(204_000, abs=110_000)
    (turn,) = value.turns
    assert 60 < turn < 140


def test_comparisons_value_a_change_within_the_run_and_beyond():
    small = cx.load("baseline", {"customers": 300, "periods": 24})
    result = cx.compare(small, small.override({"firms.Mass.price": 22, "name": "dear"}), seeds=4)
    table = result.table.query("firm == 'Mass'").set_index("measure")["difference"]
    value = result.value("dear", "Mass")
    assert value.within.mean == table["net_present_value"]
    assert value.perpetuity.mean == table["net_present_value_perpetuity"]
    assert "within 24 months" in result.worth()


def test_a_payback_says_what_the_investment_is_worth_beyond_the_run():
    market = cx.load("baseline", {"customers": 200, "periods": 18})
    road = {"at": 3, "set": {"firms.Niche.interaction": 0.5}}
    found = cx.payback(market, market.override({"events": [road]}), firm="Niche", seeds=3)
    assert found.value.within.mean == pytest.approx(found.curve["difference"].iloc[-1])
    assert "within 18 months" in found.worth()


def test_a_break_even_says_where_it_lies_with_what_follows():
    market = cx.load("baseline", {"customers": 200, "periods": 12})
    better = market.override({"firms.Tailor.quality": 28})
    found = cx.break_even(
        market, better, "firms.Tailor.unit_cost", firm="Tailor", low=8, high=16, seeds=2
    )
    (at,) = found.continued("perpetuity")
    assert 8 < at < 16
    assert f"in perpetuity, break-even is at {at:.4g} EUR" in found.worth("EUR")


def test_a_decision_says_what_its_lead_is_worth_beyond_the_run():
    small = cx.load("baseline", {"customers": 100, "periods": 12})
    found = cx.decide(small, "Mass", points=8, seeds=2)
    assert found.value.within.mean == pytest.approx(found.advantage[0])
    assert "within 12 months" in found.worth()
    assert "in perpetuity" in found.worth()
    wants_share = cx.decide(small, "Mass", points=8, seeds=2, measure="market_share")
    assert wants_share.value is None
    assert wants_share.worth() == ""


def test_a_measure_without_a_definition_is_refused():
    with pytest.raises(ValueError, match="measure 'odd': expected a definition"):
        Measure("odd", "Odd", "1", lambda b: b.total("purchases"))


def test_customer_equity_that_is_not_known_is_not_zero():
    """In the first period nobody has had a chance to come back."""
    made = cx.run(lively(customers=100, periods=3)).firms
    first = made.groupby("firm").head(1)
    assert first["net_present_value_equity"].isna().all()
    assert made.groupby("firm").tail(1)["net_present_value_equity"].notna().all()
    found = value_of(np.ones((2, 1)), np.full(2, np.nan), discount_rate=0.05)
    assert "customer equity" not in found.sentence("The lead")


def test_a_firm_that_sold_nothing_in_a_year_has_no_customer_equity():
    market = lively(customers=100, periods=14)
    firm = next(iter(market.firms))
    made = cx.run(market.override({f"firms.{firm}.price": 1000.0})).firms
    last = made[made["firm"] == firm].iloc[-1]
    assert last["purchases"] == 0
    assert last["customer_equity"] == 0
    assert last["net_present_value_equity"] == last["net_present_value"]


def test_questions_refuse_a_measure_or_a_firm_that_is_not_there():
    market = lively(customers=50, periods=2)
    name = next(iter(market.firms))
    for asked in (
        lambda **how: cx.break_even(market, market, f"firms.{name}.price", low=1, high=2, **how),
        lambda **how: cx.driver_contributions(market, market, **how),
    ):
        with pytest.raises(ValueError, match=r"measure: .*found 'lifetime_valu'"):
            asked(firm=name, measure="lifetime_valu")
        with pytest.raises(ValueError, match=rf"firm: .*did you mean '{name}'"):
            asked(firm=f"{name}x", measure="market_share")
