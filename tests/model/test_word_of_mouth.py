"""Word of mouth: who tells, who listens, what it changes and what it cannot change."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from markets import firm, lively, market
from playing import assert_same, played
from random_scenarios import LOUD, SILENCE, scenarios, word_of_mouth
from support_mood import moods

import cxsim as cx
from cxsim.model.word_of_mouth.network import KINDS, network
from cxsim.model.word_of_mouth.word_of_mouth import FIRMS_PER_BYTE, Kind
from cxsim.runs.simulation import Simulation
from cxsim.scenario import ScenarioError
from examples import examples

GOLDEN_SMALL_WORLD = [1997, 1999, 0, 1, 2, 1996, 1997, 1998]
GOLDEN_SCALE_FREE = [993, 1881, 1058, 1368, 1506, 115, 396, 1523]


@pytest.fixture(autouse=True)
def _moods():
    with moods():
        yield


def talking(**changes):
    """Three firms that please or annoy, in a market in which customers talk."""
    return lively(
        customers=changes.pop("customers", 2500),
        word_of_mouth={
            "network": changes.pop("network", "small_world"),
            "message_rate": {"destroying": 0.5, "attention": 0.2, "advocacy": 0.4},
        },
    ).override(
        {
            "firms.Mass.mood": -0.6,
            "firms.Niche.mood": 0.3,
            "firms.Tailor.mood": 0.8,
            "firms.*.mood_memory": 0.5,
            "segments.*.reputation_value": 2.0,
            **changes,
        }
    )


# --- networks ---------------------------------------------------------------------


def ties(kind, customers=2000, neighbours=6, rewiring=0.1, seed=1):
    return network(kind, customers=customers, neighbours=neighbours, rewiring=rewiring, seed=seed)


@pytest.mark.parametrize("kind", ["small_world", "scale_free"])
def test_a_network_ties_each_pair_both_ways_and_nobody_to_itself(kind):
    made = ties(kind)
    pairs = set(zip(made.whose.tolist(), made.others.tolist(), strict=True))
    assert len(pairs) == len(made.others)
    assert all((b, a) in pairs and a != b for a, b in pairs)
    assert np.diff(made.start).mean() == pytest.approx(6, abs=0.05)
    assert np.diff(made.start).min() >= 1, "everybody has somebody to listen to"
    for i in (0, 7, 1999):
        row = made.others[made.start[i] : made.start[i + 1]]
        assert (np.diff(row.astype(int)) > 0).all(), "neighbours stand in customer order"


def test_a_scale_free_network_has_hubs_and_a_small_world_none():
    most = {kind: np.diff(ties(kind).start).max() for kind in ("small_world", "scale_free")}
    assert most["small_world"] < 20 < 60 < most["scale_free"]


def test_without_rewiring_a_small_world_is_a_ring():
    made = ties("small_world", customers=10, neighbours=2, rewiring=0.0)
    assert made.others.reshape(10, 2).tolist() == [
        sorted([(i - 1) % 10, (i + 1) % 10]) for i in range(10)
    ]


def test_the_network_is_the_seeds_and_is_kept_for_the_next_run():
    assert ties("small_world") is ties("small_world")
    again = ties("small_world", seed=2)
    assert (ties("small_world").others[:500] != again.others[:500]).any()
    assert not again.others.flags.writeable


def test_the_network_is_that_of_every_machine_and_version():
    """A fixed seed gives fixed ties; where this fails, results of users have changed."""
    assert ties("small_world").others[-8:].tolist() == GOLDEN_SMALL_WORLD
    assert ties("scale_free").others[-8:].tolist() == GOLDEN_SCALE_FREE


def test_every_kind_of_network_that_a_scenario_may_name_can_be_built_and_no_other():
    assert get_args(Kind) == tuple(KINDS)
    with pytest.raises(ValueError, match=r"found 'smal_world' \(did you mean 'small_world'\?\)"):
        ties("smal_world")


@pytest.mark.parametrize("customers", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_a_few_customers_listen_to_whom_there_is(kind, customers):
    scenario = talking(network=kind, customers=customers)
    assert_same(played(scenario), played(scenario, engine="agents"))


@pytest.mark.slow
def test_a_small_world_of_a_million_is_built_within_ten_seconds():
    from time import process_time

    start = process_time()
    ties("small_world", customers=1_000_000, seed=77)
    assert process_time() - start < 10


# --- telling and listening ----------------------------------------------------------


def test_a_message_moves_a_reputation_by_its_weight_towards_what_the_teller_feels():
    scenario = market(
        firms={"Ann": firm(mood=-0.8)},
        customers=2,
        periods=3,
        word_of_mouth={"neighbours": 2, "message_weight": 0.25, "message_rate": LOUD},
    )
    simulation = played(scenario)
    expected = 0.0
    for _ in range(3):
        expected += 0.25 * (-0.8 - expected)
    np.testing.assert_allclose(simulation.customers("reputation"), expected, rtol=1e-6)
    assert simulation.ledger.count("messages")[:, 0].tolist() == [[2, 0, 0]] * 3


def test_listeners_hear_all_neighbours_who_tell_and_nobody_else():
    scenario = talking(network="scale_free").override({"periods": 1})
    simulation = played(scenario, seed=3)
    made = ties("scale_free", customers=2500, seed=3)
    tells = simulation.customers("sent")[0]
    heard = np.bitwise_or.reduceat(tells[made.others], made.start[:-1])
    for f in range(3):
        got = simulation.ledger.count("reached_by")[0, f]
        assert got == ((heard >> f) & 1).sum() > 0
        messages = ((tells[made.others] >> f) & 1).sum()
        assert simulation.ledger.count("messages")[0, f].sum() == messages


def told_of(firms, told, f):
    """Return what a teller says of a firm; what is told stands in the order of firms."""
    return float(told[(firms & ((1 << f) - 1)).bit_count()])


def test_newcomers_have_heard_nothing_and_keep_the_place_among_their_neighbours():
    """Neighbours are heard in customer order, by whoever stands in their midst."""
    scenario = talking().override(
        {"segments.*.exit_rate": 0.2, "segments.Far.exit_rate_beta": None}
    )
    simulation = Simulation(scenario, seed=5)
    made = ties("small_world", customers=2500, seed=5)
    expected = np.zeros((3, 2500), np.float32)
    for period in range(4):
        simulation.step()
        tells, valence = simulation.customers("sent")[0], simulation.customers("valence")
        expected[:, simulation.customers("entry_period") == period] = 0.0
        for i, other in zip(made.whose.tolist(), made.others.tolist(), strict=True):
            firms = int(tells[other])
            for f in range(3):
                if (firms >> f) & 1:
                    r = float(expected[f, i])
                    expected[f, i] = r + 0.2 * (told_of(firms, valence[:, other], f) - r)
        np.testing.assert_array_equal(simulation.customers("reputation"), expected)


def test_customers_tell_by_how_they_feel():
    rates = {"destroying": 1.0, "attention": 0.0, "recommendation": 0.0, "advocacy": 0.0}
    scenario = talking().override({"word_of_mouth.message_rate": rates, "firms.*.mood_memory": 1.0})
    messages = played(scenario).ledger.count("messages").sum(axis=0)
    assert messages[0, 0] > 0
    assert messages[0, 1:].sum() == messages[1:].sum() == 0


def test_more_than_eight_firms_are_told_of_too():
    names = [f"F{k:02d}" for k in range(19)]
    scenario = market(
        firms={name: firm(mood=k / 20 - 0.5) for k, name in enumerate(names)},
        customers=500,
        word_of_mouth={"message_rate": LOUD, "awareness": True},
    ).override({"firms.*.advertising_reach": 0.4})
    simulation = played(scenario)
    assert (simulation.ledger.count("reached_by")[-1] > 0).all()
    assert_same(simulation, played(scenario, engine="agents"))
    reputation = simulation.customers("reputation")
    for k in range(19):
        heard = reputation[k][reputation[k] != 0]
        assert np.sign(heard).tolist() == [np.sign(k / 20 - 0.5)] * len(heard)


def test_both_engines_threads_and_blocks_agree():
    for kind in ("well_mixed", "small_world", "scale_free"):
        scenario = talking(customers=1200, network=kind, **{"word_of_mouth.awareness": True})
        scenario = scenario.override({"firms.*.advertising_reach": 0.3})
        one = played(scenario)
        assert one.ledger.count("messages").sum() > 0
        assert_same(one, played(scenario, block=1024, threads=2))
        assert_same(one, played(scenario, engine="agents"))


def test_runs_of_one_seed_are_paired_whatever_is_told():
    loud, quiet = (talking(**{"word_of_mouth.message_rate.destroying": r}) for r in (0.5, 0.0))
    a, b = played(loud).ledger, played(quiet).ledger
    np.testing.assert_array_equal(a.count("purchases")[0], b.count("purchases")[0])
    assert (a.count("purchases")[-1] != b.count("purchases")[-1]).any()


# --- what holds in every market -------------------------------------------------------

anything = settings(
    max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck)
)
seeds = st.integers(0, 10**6)
engines = st.sampled_from(["columnar", "agents"])


@st.composite
def talkative(draw, **fixed):
    """Any market in which customers talk, with purchases that feel like something."""
    scenario = draw(scenarios())
    return scenario.override(
        {
            "word_of_mouth": {**draw(word_of_mouth()), **fixed},
            "periods": draw(st.integers(2, 4)),
            **{f"firms.{name}.mood": draw(st.floats(-1, 1)) for name in scenario.firms},
            "firms.*.mood_memory": draw(st.floats(0, 1)),
        }
    )


def undisturbed(scenario):
    """Without contacts by firms, which make known, value customers and may annoy them."""
    return scenario.override(
        {
            "firms.*.acquisition": None,
            "firms.*.value_tiers": None,
            "segments.*.contact_tolerance": None,
            "firms.*.advertising_cost": 0.0,
        }
    )


@anything
@given(scenario=talkative(), seed=st.integers(0, 2**40))
def test_engines_agree_on_everything_told_and_heard(scenario, seed):
    assert_same(played(scenario, seed=seed), played(scenario, seed=seed, engine="agents"))


@anything
@given(scenario=talkative(), seed=seeds, engine=st.sampled_from(["columnar", "agents"]))
def test_a_reputation_stays_within_what_was_told(scenario, seed, engine):
    low, high = np.zeros(len(scenario.firms)), np.zeros(len(scenario.firms))

    def listen(simulation):
        """What is told of the firms that somebody tells of is kept in their order, by bytes."""
        tells, valence = simulation.customers("sent"), simulation.customers("valence")
        for f in range(len(low)):
            byte, bit = divmod(f, FIRMS_PER_BYTE)
            tellers = np.flatnonzero(tells[byte] >> bit & 1)
            before = np.bitwise_count(tells[byte, tellers] & ((1 << bit) - 1))
            told = valence[byte * FIRMS_PER_BYTE + before, tellers]
            low[f], high[f] = min(low[f], *told, 0), max(high[f], *told, 0)

    simulation = played(scenario, seed=seed, engine=engine, each=listen)
    reputation = simulation.customers("reputation")
    assert (reputation.min(axis=1) >= low - 1e-6).all()
    assert (reputation.max(axis=1) <= high + 1e-6).all()


@anything
@given(scenario=talkative(), seed=seeds, engine=st.sampled_from(["columnar", "agents"]))
def test_word_of_mouth_changes_reputations_and_nobodys_own_experience(scenario, seed, engine):
    """With reputations worth nothing, telling moves reputations and nothing else at all."""
    scenario = scenario.override(
        {"segments.*.reputation_value": 0.0, "word_of_mouth.awareness": False}
    )
    silent = scenario.override({"word_of_mouth.message_rate": SILENCE})
    a = played(scenario, seed=seed, engine=engine)
    b = played(silent, seed=seed, engine=engine)
    assert (b.customers("reputation") == 0).all()
    for name in set(a.workspace.population.columns) - {"reputation", "sent", "valence"}:
        np.testing.assert_array_equal(a.customers(name), b.customers(name), err_msg=name)


@anything
@given(scenario=talkative(awareness=True), seed=seeds)
def test_advertising_moves_awareness_and_never_what_a_purchase_feels_like(scenario, seed):
    assume(scenario.journey is None)  # moods alone are felt
    scenario = undisturbed(scenario)
    loud = scenario.override({"firms.*.advertising_reach": 1.0})
    a, b = played(scenario, seed=seed), played(loud, seed=seed)
    active = b.workspace.tables.arrays["firm_active"] > 0.5  # not broke meanwhile
    assert (b.customers("aware")[active] == 1).all()
    for simulation in (a, b):
        experience, met = simulation.customers("experience"), simulation.customers("experienced")
        assert (experience[met == 0] == 0).all()
        for k, name in enumerate(simulation.ledger.firms):
            mood = scenario.firms[name].mood
            felt = experience[k]
            assert ((felt >= min(mood, 0) - 1e-6) & (felt <= max(mood, 0) + 1e-6)).all()


def guessing(scenario):
    """Without firms that know demand: they decide before anybody hears of them that period."""
    knowing = [
        name for name, firm in scenario.firms.items() if "best_response" in str(firm.policy.pricing)
    ]
    return scenario.override({f"firms.{name}.policy.pricing": "fixed" for name in knowing})


@anything
@given(scenario=talkative(awareness=True), seed=seeds)
def test_a_firm_that_nobody_knows_sells_nothing(scenario, seed):
    scenario = undisturbed(scenario)
    hidden = sorted(set(scenario.firms) - set(scenario.initial))
    quiet = scenario.override({f"firms.{name}.advertising_reach": 0.0 for name in hidden})
    simulation = played(quiet, seed=seed)
    for name in hidden:
        k = simulation.ledger.firms.index(name)
        assert simulation.ledger.count("purchases")[:, :, k].sum() == 0
        assert (simulation.customers("aware")[k] == 0).all()


@anything
@given(scenario=talkative(awareness=True, message_rate=SILENCE), seed=seeds)
def test_full_reach_and_no_telling_are_the_market_without_the_mechanism(scenario, seed):
    scenario = guessing(undisturbed(scenario))
    full = scenario.override({"firms.*.advertising_reach": 1.0, "firms.*.mood_memory": 0.0})
    with_it, without = (
        played(full, seed=seed),
        played(full.override({"word_of_mouth": None}), seed=seed),
    )
    assert len(with_it.mechanisms) > len(without.mechanisms)
    for name in without.workspace.population.columns:
        np.testing.assert_array_equal(
            with_it.customers(name), without.customers(name), err_msg=name
        )
    for name in without.workspace.total_places:
        np.testing.assert_array_equal(
            with_it.ledger.count(name), without.ledger.count(name), err_msg=name
        )


# --- awareness and advertising ----------------------------------------------------------


def test_the_firms_own_customers_know_it_from_the_start():
    scenario = market(
        customers=1000,
        initial={"Ann": {"share": 0.5}},
        word_of_mouth={"awareness": True, "message_rate": SILENCE},
    )
    firms = cx.run(scenario).firms.set_index(["firm", "period"])
    assert firms.loc["Ann", "awareness"].between(0.4, 0.6).all()
    assert (firms.loc["Ann", "awareness"].diff().dropna() == 0).all()
    assert (firms.loc["Bob", "purchases"] == 0).all()


def test_who_is_told_about_a_firm_knows_it():
    scenario = market(
        customers=3000,
        periods=12,
        initial={"Ann": {"share": 0.05}},
        word_of_mouth={"awareness": True, "message_rate": LOUD, "network": "well_mixed"},
    )
    firms = cx.run(scenario).firms
    ann = firms[firms.firm == "Ann"].awareness
    assert (ann.diff().dropna() >= 0).all()
    assert ann.iloc[0] < 0.4
    assert ann.iloc[-1] > 0.99


def test_advertising_costs_what_it_reaches_and_comes_off_profit():
    scenario = talking(**{"word_of_mouth.awareness": True}).override(
        {
            "firms.*.advertising_reach": 0.25,
            "firms.Mass.advertising_cost": 4000.0,
            "events": [{"at": 3, "set": {"firms.Mass.active": False}}],
        }
    )
    firms = cx.run(scenario).firms
    mass = firms[firms.firm == "Mass"].set_index("period")
    assert mass.advertising_spend.tolist() == [1000.0] * 3 + [0.0] * 3
    np.testing.assert_allclose(
        mass.profit,
        mass.contribution_margin - mass.capability_overhead - mass.capability_investment
        - mass.advertising_spend,
    )  # fmt: skip
    assert (firms[firms.firm != "Mass"].advertising_spend == 0).all()


def test_measures_count_messages_by_sign_and_whom_they_reach():
    result = cx.run(talking())
    firms = result.firms.set_index("firm")
    assert (firms.loc["Mass", "positive_messages"] == 0).all()
    assert (firms.loc["Tailor", "negative_messages"] == 0).all()
    np.testing.assert_allclose(
        firms.positive_messages + firms.negative_messages,
        firms.messages_received,
        err_msg="none is neutral",
    )
    late = firms[firms.period >= 2]
    assert (late.loc["Mass", "reputation"] < 0).all()
    assert (late.loc["Tailor", "reputation"] > 0).all()
    reach = result.market.word_of_mouth_reach_any_firm
    assert ((reach > firms.groupby("period").word_of_mouth_reach.max()) & (reach < 1)).all()
    assert (firms.groupby("firm").cumulative_penetration.last() > 0).all()


def test_a_better_reputation_sells_and_what_it_decided_stands_among_reasons_for_losses():
    scenario = talking(customers=8000)
    liked = scenario.override({"segments.*.reputation_value": 0.0})
    worth, worthless = cx.run(scenario, probes=["churn_reasons"]), cx.run(liked)
    last = [
        run.firms[run.firms.period == 5].set_index("firm").market_share
        for run in (worth, worthless)
    ]
    assert last[0]["Tailor"] > last[1]["Tailor"]
    assert last[0]["Mass"] < last[1]["Mass"]
    told = (
        worth.churn_reasons[worth.churn_reasons.driver == "word of mouth"]
        .groupby("firm")
        .customers.sum()
    )
    assert told["Mass"] > told["Tailor"]


# --- what a scenario may not say ---------------------------------------------------------


def test_neighbours_are_even_because_ties_have_two_ends():
    with pytest.raises(ScenarioError, match=r"word_of_mouth\.neighbours: expected an even number"):
        market(word_of_mouth={"neighbours": 5})


def test_a_misspelt_network_is_answered_with_the_nearest():
    with pytest.raises(ScenarioError, match=r"word_of_mouth\.network.*small_world"):
        market(word_of_mouth={"network": "smal_world"})


# --- what good and bad news do -----------------------------------------------------------


def test_news_weighs_more_the_further_the_chance_can_still_move():
    scenario = talking(customers=6000, **{"segments.*.switching_cost": 6.0})
    weighed = cx.run(scenario, probes=["word_of_mouth_effects"]).word_of_mouth_effects
    assert set(weighed.purchase_probability) == {"below one half", "one half or more"}
    known = weighed[weighed.customers > 0]
    unlikely = known[known.purchase_probability == "below one half"]
    assert (unlikely.positive_effect > unlikely.negative_effect).all()
    likely = known[known.purchase_probability == "one half or more"]
    assert (likely.positive_effect < likely.negative_effect).all()
    brought = weighed.groupby("firm")[["purchases_gained", "purchases_lost"]].sum()
    assert brought.loc["Mass", "purchases_lost"] > 0 == brought.loc["Mass", "purchases_gained"]
    assert brought.loc["Tailor", "purchases_gained"] > 0 == brought.loc["Tailor", "purchases_lost"]


def test_where_nobody_talks_there_is_nothing_to_weigh():
    assert cx.run(market(), probes=["word_of_mouth_effects"]).word_of_mouth_effects.empty
