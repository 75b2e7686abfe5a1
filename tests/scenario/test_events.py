"""Events are checked like files and spelt out as changes of one parameter each."""

from __future__ import annotations

import pytest

import cxsim as cx
from cxsim.scenario import ScenarioError


def with_events(market, *events):
    return market.override({"replace_events": list(events)})


def refusal(market, *events):
    with pytest.raises(ScenarioError) as caught:
        with_events(market, *events)
    return str(caught.value)


def test_changes_come_in_order_of_period_with_stars_spelt_out(market):
    scenario = with_events(
        market,
        {"at": 9, "set": {"learning_rate": 2}},
        {"at": 3, "over": 4, "set": {"firms.*.price": 8}, "label": "war"},
    )
    assert [(c.at, c.over, c.level, c.name, c.keys, c.value) for c in scenario.changes] == [
        (3, 4, "firm", "Mass", ("price",), 8.0),
        (3, 4, "firm", "Tailor", ("price",), 8.0),
        (9, 0, "market", "", ("learning_rate",), 2.0),
    ]
    assert [c.path for c in scenario.changes] == [
        "firms.Mass.price", "firms.Tailor.price", "learning_rate",
    ]  # fmt: skip
    assert scenario.changes[0].label == "war"


def test_a_step_holds_from_its_period_on_and_a_ramp_arrives_after_over_periods(market):
    scenario = with_events(
        market.override({"firms.Tailor.price": 12, "customers": 20, "periods": 12}),
        {"at": 3, "set": {"firms.Mass.price": 8}},
        {"at": 5, "over": 4, "set": {"firms.Tailor.price": 8}},
    )
    firms = cx.run(scenario, engine="agents").firms
    prices = firms.pivot(index="period", columns="firm", values="price")
    assert (prices["Mass"][:3] == market.firms["Mass"].price).all()
    assert (prices["Mass"][3:] == 8).all()
    assert prices["Tailor"].tolist() == [12] * 6 + [11, 10, 9] + [8] * 3


def test_every_kind_of_parameter_can_change(market):
    new = {
        "firms.Mass.active": False,
        "firms.Mass.position": [1, 2],
        "firms.Mass.promotions.depth": 0.5,
        "segments.Singles.need_mean.1": 3,
        "segments.Singles.brand_taste_sd.Mass": 2,
        "segments.Singles.brand_taste": "log_gamma",
        "segments.Singles.exit_rate_beta": [1, 1],
        "segments.Singles.brand_taste_shape": {"Mass": 2, "Tailor": 3},
        "learning_rate": 0.02,
    }
    changes = with_events(market, {"at": 1, "set": new}).changes
    assert {change.path: change.value for change in changes} == {
        **new,
        "firms.Mass.position": (1, 2),
        "segments.Singles.exit_rate_beta": (1, 1),
    }


def test_a_whole_number_given_for_a_number_becomes_one(market):
    (change,) = with_events(market, {"at": 1, "set": {"firms.Mass.price": 8}}).changes
    assert isinstance(change.value, float)


def test_an_event_may_rely_on_an_earlier_one(market):
    shape = {"at": 2, "set": {"segments.Singles.purchase_rate_shape": 1}}
    rate = {"at": 4, "set": {"segments.Singles.purchase_rate": 3}}
    assert len(with_events(market, rate, shape).changes) == 2
    assert "unless purchase_rate_shape is given" in refusal(market, rate)


def test_only_numbers_move_gradually(market):
    for path, value, before in [
        ("firms.Mass.active", False, None),
        ("firms.Mass.position", [1, 2], None),
        ("segments.Singles.purchase_rate_shape", 2.0, "null"),
    ]:
        message = refusal(market, {"at": 2, "over": 3, "set": {path: value}})
        if before:
            assert f"expected a number before the change over 3 periods, found {before}" in message
        else:
            assert "expected a number to change over 3 periods, found" in message


@pytest.mark.parametrize(
    "path",
    ["periods", "customers", "market_size", "needs", "warm_up", "title", "events", "initial",
     "segments.Singles.share", "firms.Mass.initial_cash", "switching_cost_form",
     "no_purchase_option", "initial.Mass.share", "events.0.at"],
)  # fmt: skip
def test_what_cannot_change_during_a_run(market, path):
    value = market.value(path) if path != "initial.Mass.share" else 0.5
    message = refusal(market, {"at": 1, "set": {path: value}})
    assert f"expected a parameter that may change during a run, found '{path}'" in message


def test_every_wrong_event_is_reported(market):
    message = refusal(
        market,
        {"at": 99, "set": {"firms.Mass.price": 1}},
        {"at": 1, "set": {"firms.Mass.prize": 1, "firms.*.interaction": 2}},
    )
    assert len(message.splitlines()) == 3


def test_an_event_must_say_when_and_what(market):
    assert "events.0.at: expected a whole number of at least 0 (period), found nothing" in refusal(
        market, {"set": {"firms.Mass.price": 1}}
    )
    assert "events.0.set: expected a mapping by name of at least 1, found an empty" in refusal(
        market, {"at": 1, "set": {}}
    )
    assert "events.0.when: expected a parameter of events, found 'when'" in refusal(
        market, {"at": 1, "set": {"firms.Mass.price": 1}, "when": 3}
    )
