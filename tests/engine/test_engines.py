"""Two engines, one behaviour; blocks, threads and what others do never show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markets import firm, lively, market
from playing import assert_same, played
from random_scenarios import LOUD, SILENCE, scenarios

from cxsim.model.mechanism_registry import PROBES
from cxsim.runs.simulation import Simulation
from examples import examples

GOLDEN_PURCHASES = [3999.0, 5450.0, 8278.0, 4645.0]  # by firm in name order, outside last
GOLDEN_REVENUE = [50413.069829, 66564.746772, 92531.084573]


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=scenarios(), seed=st.integers(0, 2**40))
def test_both_engines_agree_on_every_customer_and_total(scenario, seed):
    watch = tuple(PROBES)
    columnar = played(scenario, seed=seed, observers=watch)
    agents = played(scenario, seed=seed, engine="agents", observers=watch)
    assert_same(columnar, agents)


@pytest.mark.parametrize("price_sensitivity", [1e-38, 1e-40, 1e-44, 1e-60])
def test_engines_agree_on_customers_all_but_blind_to_money(price_sensitivity):
    segment = {
        "share": 1.0, "price_sensitivity": price_sensitivity, "brand_taste": "log_gamma",
        "brand_taste_shape": 0.1,
    }  # fmt: skip
    scenario = market(segments={"All": segment}, customers=50, periods=2)
    watch = tuple(PROBES)
    columnar = played(scenario, observers=watch)
    assert_same(columnar, played(scenario, engine="agents", observers=watch))
    assert np.isfinite(columnar.customers("brand_taste")).all()


def test_engines_agree_beyond_one_chunk_of_customers():
    scenario = lively(customers=1500, periods=3)
    assert_same(played(scenario), played(scenario, engine="agents"))


@pytest.mark.parametrize(
    ("threads", "block"), [(1, 1024), (1, 3072), (2, 1024), (2, 2048), (3, 1024)]
)
def test_threads_and_blocks_do_not_show(threads, block):
    scenario = lively(customers=7001, periods=8)
    assert_same(played(scenario), played(scenario, threads=threads, block=block))


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    scenario = lively()
    assert_same(played(scenario, seed=4), played(scenario, seed=4))
    assert (
        played(scenario, seed=4).ledger.count("revenue")
        != played(scenario, seed=5).ledger.count("revenue")
    ).any()


def test_the_numbers_are_those_of_every_machine_and_version():
    """A fixed seed gives fixed totals; where this fails, results of users have changed."""
    ledger = played(lively(customers=3000, periods=12), seed=17).ledger
    assert ledger.count("purchases").sum(axis=(0, 1)).tolist() == GOLDEN_PURCHASES
    assert ledger.count("revenue").sum(axis=0).round(6).tolist() == GOLDEN_REVENUE


def test_the_order_of_firms_and_segments_in_the_file_does_not_matter():
    scenario = lively()
    data = scenario.to_dict()
    for key in ("firms", "segments"):
        data[key] = dict(reversed(data[key].items()))
    assert_same(played(scenario), played(type(scenario).from_dict(data)))


def test_a_firm_that_is_not_active_leaves_everybody_elses_choices_as_they_were():
    scenario = lively()
    with_more = scenario.override({"firms.Late": firm(active=False, quality=99.0)})
    before, after = played(scenario), played(with_more)
    names = after.ledger.firms
    kept = [names.index(name) for name in before.ledger.firms]
    np.testing.assert_array_equal(
        before.ledger.count("revenue"), after.ledger.count("revenue")[:, kept]
    )
    np.testing.assert_array_equal(
        before.customers("brand_taste"), after.customers("brand_taste")[kept]
    )
    np.testing.assert_array_equal(
        before.customers("uncertainty"), after.customers("uncertainty")[kept]
    )


def test_a_firm_moves_customers_to_itself_and_nobody_between_others():
    scenario = market(periods=1, customers=5000)
    with_more = scenario.override({"firms.Cy": firm(quality=11.0)})
    before, after = played(scenario), played(with_more)
    old, new = before.customers("supplier"), after.customers("supplier")
    assert (new == 2).any()
    np.testing.assert_array_equal(old[new != 2], new[new != 2])


def test_an_event_leaves_the_periods_before_it_as_they_were():
    scenario = lively()
    changed = scenario.override({"events": [{"at": 3, "set": {"firms.Tailor.price": 5.0}}]})
    a, b = played(scenario).ledger, played(changed).ledger
    np.testing.assert_array_equal(a.count("revenue")[:3], b.count("revenue")[:3])
    assert (a.count("purchases")[3] != b.count("purchases")[3]).any()


def test_a_segment_nobody_belongs_to_changes_nothing():
    scenario = lively()
    more = scenario.override({"segments.Empty": {"share": 0.0, "price_sensitivity": 9.0}})
    a, b = played(scenario), played(more)
    for name in a.workspace.total_places:
        np.testing.assert_array_equal(a.ledger.count(name), b.ledger.count(name), err_msg=name)


def test_a_further_segment_takes_customers_and_moves_nobody_between_the_others():
    one = market(segments={"A": {"share": 0.5}, "B": {"share": 0.5}}, customers=3000, periods=1)
    two = market(
        segments={"A": {"share": 0.4}, "B": {"share": 0.4}, "C": {"share": 0.2}},
        customers=3000,
        periods=1,
    )
    old, new = played(one).customers("segment"), played(two).customers("segment")
    assert (new == 2).mean() == pytest.approx(0.2, abs=0.03)
    np.testing.assert_array_equal(old[new < 2], new[new < 2])


def test_a_ramp_moves_a_parameter_by_equal_steps_and_a_step_at_once():
    scenario = market(
        periods=6,
        events=[
            {"at": 1, "over": 2, "set": {"firms.Ann.price": 20.0}},
            {"at": 3, "set": {"firms.*.quality": 1.0}},
        ],
    )
    ledger = played(scenario).ledger
    assert ledger.firm("price")[:, 0].tolist() == [10.0, 10.0, 15.0, 20.0, 20.0, 20.0]
    assert ledger.firm("quality")[:, 1].tolist() == [12.0, 12.0, 12.0, 1.0, 1.0, 1.0]


def test_events_wait_for_the_warm_up_to_end():
    scenario = market(warm_up=4, events=[{"at": 0, "set": {"firms.Ann.price": 7.0}}])
    simulation = Simulation(scenario)
    simulation.warm_up()
    assert simulation.workspace.tables.arrays["firm_price"][0] == 10.0
    simulation.step()
    assert simulation.workspace.tables.arrays["firm_price"][0] == 7.0
    assert simulation.ledger.periods == 1


def test_more_customers_change_the_precision_and_nothing_else():
    steady = lively(periods=4).override({"firms.*.promotions": {"chance": 0.0}})
    few, many = steady.override({"customers": 4000}), steady.override({"customers": 64000})
    a = np.array([played(few, seed=s).ledger.total("revenue")[-1] for s in range(12)])
    b = np.array([played(many, seed=s).ledger.total("revenue")[-1] for s in range(6)])
    error = np.sqrt(a.var(0, ddof=1) / len(a) + b.var(0, ddof=1) / len(b))
    assert (np.abs(a.mean(0) - b.mean(0)) < 4 * error).all()
    assert (a.std(0, ddof=1) > 2 * b.std(0, ddof=1)).all()


def test_initial_shares_tenure_and_knowledge_hold_at_the_start():
    scenario = market(
        customers=20000,
        initial={"Ann": {"share": 0.5, "tenure": 7, "knowledge": 0.25}, "Bob": {"share": 0.3}},
    )
    simulation = Simulation(scenario)
    supplier = simulation.customers("supplier")
    error = 4 * np.sqrt(0.25 / 20000)
    assert (supplier == 0).mean() == pytest.approx(0.5, abs=error)
    assert (supplier == -1).mean() == pytest.approx(0.2, abs=error)
    assert (simulation.customers("tenure")[supplier == 0] == 7).all()
    assert (simulation.customers("uncertainty")[0, supplier == 0] == 0.75).all()
    assert (simulation.customers("uncertainty")[1] == 1.0).all()


#: Values at which a mechanism does nothing, and how many mechanisms take part for it.
NEUTRAL = {
    "need_drift": ({"segments.*.need_drift": 0.0}, 1),
    "profile_portability": ({"profile_portability": 0.0}, 1),
    "self_discovery": ({"self_discovery": {"initial_error_sd": 0.0}}, 3),
    "nobody tells": ({"word_of_mouth": {"message_rate": SILENCE}}, 5),
    "nothing to tell, and nobody heeds it": ({"word_of_mouth": {"message_rate": LOUD}}, 5),
    "no points": ({"firms.*.loyalty_programme": {"points_per_currency": 0.0}}, 1),
    "worthless points": ({"firms.*.loyalty_programme": {"point_value": 0.0}}, 1),
    "room for everybody": ({"firms.*.value_tiers": {"contact_capacity": 1.0}}, 3),
    "attributes": ({"attributes": {"firmographic": 0.5}}, 2),
    "nobody is contacted": ({"firms.*.acquisition": {"trial_discount": 0.5}}, 3),
    "contacts that change nothing": ({"firms.*.acquisition": {"contacts": 0.3}}, 3),
    "tolerance of what does not come": (
        {"segments.*.contact_tolerance": 0.0, "firms.*.acquisition": {}},
        4,
    ),
    "add-ons for nobody": ({"firms.*.next_best_offer": {"price": 1.0, "margin": 1.0}}, 1),
    "no exit fee": ({"firms.*.contracts": {"exit_fee": 0.0}}, 1),
    "silence": ({"word_of_mouth": {"message_rate": SILENCE}}, 5),
    # about nothing anybody has felt or heeds
    "idle talk": ({"word_of_mouth": {"message_rate": LOUD}}, 5),
    "buying_center": ({"segments.*.buying_center": {"members": 1, "quorum": 1.0}}, 3),
}


@pytest.mark.parametrize(("changes", "more"), NEUTRAL.values(), ids=NEUTRAL.keys())
def test_neutral_values_of_a_mechanism_equal_its_absence(changes, more):
    scenario = lively(customers=500)
    watch = tuple(PROBES)
    a, b = (played(each, observers=watch) for each in (scenario, scenario.override(changes)))
    assert len(b.mechanisms) == len(a.mechanisms) + more
    for column in a.workspace.population.columns:
        np.testing.assert_array_equal(a.customers(column), b.customers(column), err_msg=column)
    for total in set(a.workspace.total_places) - {"lost_by"}:  # which has a column for each term
        np.testing.assert_array_equal(a.ledger.count(total), b.ledger.count(total), err_msg=total)
