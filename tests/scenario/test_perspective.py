"""The firm and the goal that results are about, and ranges of what data do not identify."""

from __future__ import annotations

import pytest

import cxsim as cx
from cxsim.strategy.decide import plan_decision

SMALL = {"customers": 100, "periods": 6}
TAILOR = {"perspective": {"firm": "Tailor", "goal": "market_share"}}


def test_a_perspective_and_ranges_leave_the_market_as_it_is():
    """Results are told to somebody: the digest, and so every stored run, stays."""
    uncertain = {"uncertain": {"segments.*.price_sensitivity": [0.1, 0.9]}}
    assert cx.load("baseline", TAILOR | uncertain).digest == cx.load("baseline").digest


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"perspective": {"firm": "Talor"}}, "expected a firm, found 'Talor' (did you mean 'Tai"),
        (
            {"uncertain": {"firms.X.price": [1.0, 2.0]}},
            "expected a path to one of firms",
        ),
        ({"uncertain": {"firms.Mass.prise": [1.0, 2.0]}}, "expected the path of a number"),
        ({"uncertain": {"firms.Mass.price": [2.0, 1.0]}}, "expected a lowest below the highest"),
    ],
)
def test_a_wrong_perspective_or_range_is_refused(given, said):
    with pytest.raises(cx.ScenarioError) as error:
        cx.load("baseline", given)
    assert said in str(error.value)


def test_a_decision_is_that_of_the_firm_and_goal_of_the_perspective():
    market = cx.load("baseline", SMALL | TAILOR)
    (output, *_) = plan_decision(market, points=4).outputs
    assert (output.measure, output.firms) == ("market_share", ("Tailor",))
    (output, *_) = plan_decision(market, "Mass", measure="net_present_value", points=4).outputs
    assert (output.measure, output.firms) == ("net_present_value", ("Mass",))


def test_a_range_of_the_scenario_takes_the_place_of_a_default_one():
    market = cx.load("baseline", SMALL | {"uncertain": {"segments.*.fit_weight": [1.0, 2.0]}})
    factors = {factor.name: factor for factor in plan_decision(market, points=4).factors}
    (move,) = factors["value of personalization"].moves
    assert move.path == "segments.*.fit_weight"


def test_a_comparison_is_headed_by_the_firm_of_the_perspective():
    cheap = {"firms.Mass.price": 15.0, "name": "cheap"}
    for view, firm in (({}, "Mass"), (TAILOR, "Tailor")):
        markets = (cx.load("baseline", SMALL | view | more) for more in ({}, cheap))
        assert cx.compare(*markets, seeds=2).headline().startswith(f"In cheap, {firm} ")
