"""A scenario is a value: it cannot change, compares by its parameters and has a digest."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from cxsim.model.mechanism import Mechanism
from cxsim.model.mechanism_registry import registered
from cxsim.parameters import Parameters, parameter
from cxsim.scenario import Scenario, ScenarioError

FIRMS = {"B": {"price": 2}, "A": {"price": 1, "quality": 3}}
SEGMENTS = {"S": {"share": 0.5}, "R": {"share": 0.5, "need_sd": 2}}


def reversed_order(mapping):
    return dict(reversed(mapping.items()))


def test_nothing_in_a_scenario_can_be_changed(market):
    tastes = market.override({"segments.Singles.brand_taste_sd.Mass": 1})
    attempts = [
        lambda: setattr(market, "periods", 3),
        lambda: delattr(market, "periods"),
        lambda: setattr(market.firms["Mass"], "price", 3),
        lambda: market.firms.update(New=market.firms["Mass"]),
        lambda: market.firms.pop("Mass"),
        lambda: market.firms.__setitem__("New", market.firms["Mass"]),
        market.initial.clear,
        lambda: market.events[0].set.update(x=1),
        lambda: tastes.segments["Singles"].brand_taste_sd.__delitem__("Mass"),
        lambda: market.segments["Families"].need_mean.append(3),
    ]
    digest = market.digest
    for attempt in attempts:
        with pytest.raises((AttributeError, TypeError, ValueError)):
            attempt()
    assert Scenario.from_dict(market.to_dict()).digest == market.digest == digest


def test_what_is_handed_out_as_a_dictionary_is_a_copy(market):
    for defaults in (False, True):
        market.to_dict(defaults)["firms"]["Mass"]["price"] = 99
        market.to_dict(defaults)["events"].clear()
    assert market.firms["Mass"].price == 10
    assert market.to_dict()["firms"]["Mass"]["price"] == 10
    assert len(market.to_dict()["events"]) == 1


def test_what_a_scenario_was_made_of_can_change_without_it():
    data = {"firms": {"A": {"price": 1}}, "segments": {"All": {"share": 1}}}
    scenario = Scenario.from_dict(data)
    data["firms"]["A"]["price"] = 2
    assert scenario.override({"periods": 9}).firms["A"].price == 1


def test_the_message_for_a_change_says_how_to_get_what_was_wanted(market):
    with pytest.raises(AttributeError, match=r"use scenario.override\({path: value}\)"):
        market.periods = 3
    with pytest.raises(AttributeError, match="a scenario has no parameter 'period'"):
        _ = market.period
    with pytest.raises(AttributeError, match="a scenario has no parameter 'model_dump'"):
        _ = market.model_dump


def test_copies_and_pickles_are_equal(market):
    assert copy.copy(market) is market
    assert copy.deepcopy({"kept": market})["kept"] is market
    again = pickle.loads(pickle.dumps(market))
    assert again == market
    assert hash(again) == hash(market)
    assert (again.name, again.title, again.changes) == (market.name, market.title, market.changes)
    assert again.override({"periods": 9}) == market.override({"periods": 9})


def test_frozen_mappings_can_be_copied_and_pickled(market):
    assert copy.deepcopy(market.firms) is market.firms
    tastes = market.override({"segments.Singles.brand_taste_sd.Mass": 1}).segments["Singles"]
    assert pickle.loads(pickle.dumps(tastes.brand_taste_sd)) == {"Tailor": 0, "Mass": 1}


def test_the_digest_is_the_same_in_another_process(market):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        assert executor.submit(digest_of, market).result() == market.digest


def digest_of(scenario):
    return scenario.digest


def test_the_digest_has_16_hex_digits_and_names_the_parameters(market):
    assert len(market.digest) == 16
    assert int(market.digest, 16) >= 0
    assert market.digest == Scenario.load("market.yaml").digest
    changed = {
        market.override(change).digest
        for change in (
            {"firms.Mass.price": 10.000001},
            {"periods": 25},
            {"customers": 2001},
            {"segments.Singles.exit_rate_beta": [1, 2]},
            {"initial.Mass.tenure": 4},
            {"events.0.at": 7},
            {"events.0.over": 1},
            {"events.0.set.firms.Mass.price": 7},
            {"replace_events": []},
            {"currency": "USD"},
        )
    }
    assert len(changed | {market.digest}) == 11


def test_the_order_of_firms_segments_and_keys_does_not_matter():
    one = Scenario.from_dict({"firms": FIRMS, "segments": SEGMENTS})
    two = Scenario.from_dict(
        {
            "segments": reversed_order(SEGMENTS),
            "firms": {name: reversed_order(firm) for name, firm in reversed_order(FIRMS).items()},
        }
    )
    assert list(one.firms) == ["B", "A"]
    assert list(two.firms) == ["A", "B"], "frames and figures follow the file"
    assert one == two
    assert one.digest == two.digest


def test_what_is_said_in_words_or_another_way_of_writing_does_not_matter(market):
    same = market.override(
        {
            "name": "other",
            "title": "Another",
            "claim": "x",
            "description": "x",
            "refuted_by": "x",
            "notes": "x",
            "events.0.label": "x",
            "firms.Mass.price": 10.0,
            "firms.Mass.quality": -0.0,
            "firms.Mass.active": True,
            "events.0.set.firms.Mass.price": 8.0,
        }
    )
    assert same == market
    assert same.digest == market.digest
    assert Scenario.from_dict(market.to_dict(defaults=True)) == market


def test_rules_are_part_of_the_digest_on_request(market):
    assert market.digest_with("") == market.digest
    assert market.digest_with("abc") != market.digest
    assert market.digest_with("abc") == market.digest_with("abc")


def test_a_mechanism_that_a_scenario_does_not_use_leaves_its_digest_alone(market):
    class SegmentParameters(Parameters):
        shyness: float = parameter(0.0, doc="Shyness", ge=0, le=1)

    shyness = Mechanism(
        "shyness",
        segment=SegmentParameters,
        active=lambda scenario: any(s.shyness for s in scenario.segments.values()),
    )
    more = Scenario.from_dict(market.to_dict(), mechanisms=(*registered(), shyness))
    assert more.digest == market.digest
    assert shyness not in more.mechanisms
    shy = more.override({"segments.Singles.shyness": 0.1})
    assert shy.digest != market.digest
    assert shy.mechanisms[-1] == shyness
    event = {"events": [{"at": 1, "set": {"segments.Singles.shyness": 0.2}}]}
    assert shy.override(event).digest != shy.digest
    with pytest.raises(ScenarioError, match="shyness does not: give shyness a value"):
        more.override(event)  # an event cannot bring in a mechanism


def test_scenarios_can_be_keys(market):
    assert {market: 1}[Scenario.load("market.yaml")] == 1
    assert market != "market"
    assert market.override({"periods": 9}) != market
