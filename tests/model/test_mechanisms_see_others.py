"""What a mechanism may bring beside columns by firm: axes, optional groups, sight of others."""

from __future__ import annotations

import numpy as np
import pytest
from markets import lively, market
from playing import assert_same, played

import cxsim as cx
from cxsim.model.mechanism import Accumulator, Column, Draw, Measure, Mechanism, Pass, tile
from cxsim.model.mechanism_registry import unregister
from cxsim.numerics.draws import uniform
from cxsim.parameters import Parameters, parameter
from cxsim.scenario import ScenarioError

# --- gossip: customers hear at several places what the neighbours last bought -----------


class Place(Parameters):
    loudness: float = parameter(0.5, doc="Chance to hear the neighbour there", ge=0, le=1)


class Gossip(Parameters):
    weight: float = parameter(1.0, doc="Worth of what the neighbour bought", unit="currency")
    places: dict[str, Place] = parameter(doc="Where people meet", axes=("place",), min_length=1)


class MarketParameters(Parameters):
    gossip: Gossip | None = parameter(None, doc="Customers hear of each other")


class Appearance(Parameters):
    charm: float = parameter(1.0, doc="How much a firm gains by being heard of", ge=0)


class FirmParameters(Parameters):
    appearances: dict[str, Appearance] = parameter({}, doc="By place", axes=("place",))


def hear(
    n, first, n_firms, n_customers, n_place, heard, all_bought, sum_heard, key_hear,
    market_gossip_places_loudness,
):  # fmt: skip
    """Listen to the next customer in number, who may be in another block."""
    for i in range(n):
        neighbour = (first + i + 1) % n_customers
        for f in range(n_firms):
            heard[f, i] = 0.0
            for p in range(n_place):
                if uniform(key_hear[p], first + i) < market_gossip_places_loudness[0, p]:
                    heard[f, i] += all_bought[f, neighbour]
                    sum_heard[tile(i), f, p] += all_bought[f, neighbour]


def please(n, n_firms, n_place, heard, value, market_gossip_weight, firm_appearances_charm):
    for i in range(n):
        for f in range(n_firms):
            charm = 0.0
            for p in range(n_place):
                if firm_appearances_charm[f, p] > charm:
                    charm = firm_appearances_charm[f, p]
            value[0, f, i] += market_gossip_weight[0] * charm * heard[f, i]


def remember(n, n_firms, choice, bought):
    for i in range(n):
        for f in range(n_firms):
            bought[f, i] = 1.0 if choice[i] == f else 0.5 * bought[f, i]


def talk_of_the_town(n_firms, total_heard, talk, sum_press):
    """Note what everybody heard this period, and pay the press for it."""
    talk[:] = total_heard
    for f in range(n_firms):
        sum_press[0, f] = 3.0 * (talk[f].sum() > 0)


def _unknown_places(scenario):
    known = scenario.gossip.places if scenario.gossip else {}
    for name, firm in scenario.firms.items():
        for place in firm.appearances:
            if place not in known:
                yield ("firms", name, "appearances", place), f"expected a place, found {place!r}"


def _places(scenario):
    return {"place": tuple(scenario.gossip.places)}


GOSSIP = Mechanism(
    "gossip",
    market=MarketParameters,
    firm=FirmParameters,
    columns=(Column("bought", ("firm",), shared=True), Column("heard", ("firm",))),
    draws=(Draw("hear", ("place",)),),
    accumulators=(Accumulator("heard", axes=("firm", "place")), Accumulator("press")),
    tables=(("talk", ("firm", "place")),),
    passes=(
        Pass(please, "add", term="gossip"),
        Pass(remember, "update"),
        Pass(hear, "tell"),
        Pass(talk_of_the_town, "survey", population=True),
    ),
    measures=(
        Measure(
            "heard",
            "Heard of",
            "messages",
            lambda b: b.count("heard").sum(axis=2),
            doc="Messages heard in the period",
        ),
        Measure(
            "press",
            "Press",
            "currency",
            lambda b: b.count("press"),
            cost="profit",
            doc="What the press costs in the period",
        ),
    ),
    axes=_places,
    check=_unknown_places,
    active=lambda scenario: scenario.gossip is not None,
)


@pytest.fixture(autouse=True)
def gossip():
    cx.register(GOSSIP)
    yield
    unregister("gossip")


def talking(**world):
    return lively(
        gossip={"places": {"shop": {"loudness": 0.2}, "bar": {"loudness": 0.6}}, **world},
        customers=1200,
        events=[{"at": 2, "set": {"gossip.places.bar.loudness": 0.9}}],
    ).override({"firms.Mass.appearances": {"bar": {"charm": 2.0}}})


def test_both_engines_threads_and_blocks_agree_where_customers_read_of_each_other():
    scenario = talking()
    one = played(scenario)
    assert np.nansum(one.ledger.total("heard")) > 0
    for other in (
        played(scenario, engine="agents"),
        played(scenario, block=1024),
        played(scenario, block=1024, threads=2),
    ):
        assert_same(one, other)


def test_a_whole_pass_sees_the_totals_of_the_period():
    simulation = played(talking())
    ledger = next(s for s in simulation.schedule.steps if s.name == "gossip.talk_of_the_town")
    _, _, talk, _ = simulation.workspace.population_arguments(ledger)
    np.testing.assert_array_equal(talk, simulation.ledger.count("heard")[-1])


def test_a_cost_of_its_own_is_taken_off_profit():
    run = cx.run(talking(), seed=1)
    firms = run.firms
    known = firms.contribution_margin - firms.capability_overhead - firms.capability_investment
    np.testing.assert_allclose(firms.profit, known - firms.press)
    assert set(firms.press) == {3.0}


def test_an_event_reaches_one_place_of_one_firm():
    scenario = talking().override(
        {"events": [{"at": 1, "set": {"firms.Mass.appearances.bar.charm": 5.0}}]}
    )
    simulation = played(scenario)
    charm = simulation.workspace.tables.arrays["firm_appearances_charm"]
    row = simulation.workspace.tables.firms.index("Mass")
    np.testing.assert_array_equal(charm[row], [np.nan, 5.0])


def test_a_mechanism_checks_its_parts_against_each_other():
    with pytest.raises(ScenarioError, match=r"firms\.Ann\.appearances\.pub: expected a place"):
        market().override({"firms.Ann.appearances": {"pub": {}}})


def test_the_order_of_places_is_part_of_what_a_scenario_says():
    places = {"shop": {"loudness": 0.2}, "bar": {"loudness": 0.6}}
    turned = dict(reversed(places.items()))
    one, other = (market(gossip={"places": each}) for each in (places, turned))
    assert one.digest != other.digest


def test_absent_it_is_not_there_at_all():
    assert market().digest == market(gossip=None).digest
    assert "gossip" not in [m.name for m in market().mechanisms]
