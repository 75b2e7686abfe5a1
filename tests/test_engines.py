"""Two engines, one behaviour; blocks, threads and what others do never show."""

from __future__ import annotations

import mesa
import numpy as np
import policies_of_users  # noqa: F401 - what this process has imported needs no trust
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journeys import journeys
from markets import firm, lively, market

from cxsim.engine.agents import AgentsEngine
from cxsim.engine.columnar import ColumnarEngine
from cxsim.model.mechanism_registry import OBSERVERS
from cxsim.runs.simulation import Simulation
from examples import examples

GOLDEN_PURCHASES = [3999.0, 5450.0, 8278.0, 4645.0]  # by firm in name order, outside last
GOLDEN_REVENUE = [50413.069829, 66564.746772, 92531.084573]


def played(
    scenario, *, seed=0, engine="columnar", threads=1, block=4096, each=lambda _: None, **options
):
    """Play a scenario to its end, looking at it after each period."""
    makers = {
        "columnar": lambda w: ColumnarEngine(w, threads=threads),
        "agents": lambda w: AgentsEngine(w, model=mesa.Model(rng=1)),
    }
    simulation = Simulation(scenario, seed=seed, engine=makers[engine], block=block, **options)
    simulation.warm_up()
    while not simulation.finished:
        simulation.step()
        each(simulation)
    return simulation


def assert_same(a, b):
    """Same state of every customer, same totals of every period, to the bit."""
    for name in a.workspace.population.columns:
        np.testing.assert_array_equal(a.customers(name), b.customers(name), err_msg=name)
    for name in a.workspace.total_places:
        np.testing.assert_array_equal(a.books.count(name), b.books.count(name), err_msg=name)


SILENCE = dict.fromkeys(("destroying", "attention", "recommendation", "advocacy"), 0.0)
LOUD = dict.fromkeys(SILENCE, 1.0)

numbers = st.floats(0, 1)
money = st.floats(0, 5)


def programmes():
    return st.fixed_dictionaries(
        {
            "points_per_currency": money,
            "point_value": st.floats(0, 0.5),
            "redemption_threshold": st.floats(0, 50),
        }
    )


#: How a firm without programme, contract and subscription deals with customers.
PLAIN = {"loyalty_programme": None, "contracts": None, "billing": "per_purchase"}


def terms():
    return st.fixed_dictionaries(
        {
            "loyalty_programme": st.none() | programmes(),
            "contracts": st.none() | contracts(),
            "billing": st.sampled_from(["per_purchase", "subscription"]),
        }
    )


def contracts():
    return st.fixed_dictionaries({"length": st.integers(0, 4), "exit_fee": money})


def value_tiers():
    return st.fixed_dictionaries(
        {
            "contact_capacity": numbers,
            "goes_to": st.sampled_from(["everyone", "analytics", "predictive"]),
            "refit_every": st.integers(1, 2),
            "focus": st.none() | st.sampled_from([[], ["s0"]]),
            "individual_cost": money,
        }
    )


def acquisition(attributes):
    rules = ["random", "analytics", "predictive"] if attributes else ["random"]
    return st.fixed_dictionaries(
        {
            "contacts": numbers,
            "targeting": st.sampled_from(rules),
            "by": st.sampled_from(["both", "firmographic", "behavioural", "segment"]),
            "refit_every": st.integers(1, 2),
            "rest": st.integers(0, 2),
            "trial_discount": numbers,
            "cost_per_contact": money,
        }
    )


def add_ons():
    return st.fixed_dictionaries(
        {
            "price": st.floats(2, 5),
            "margin": st.floats(0, 2),
            "base_chance": st.floats(0, 0.5),
            "known_chance": st.floats(0.5, 1),
        }
    )


@st.composite
def firms(draw):
    return firm(
        price=draw(st.floats(0, 20)),
        quality=draw(st.floats(-5, 20)),
        interaction=draw(numbers),
        customization=draw(numbers),
        identification=draw(numbers),
        segment_insight=draw(numbers),
        forgetting_rate=draw(numbers),
        position=[draw(st.floats(-2, 2)), draw(st.floats(-2, 2))],
        personal_premium=draw(numbers),
        active=draw(st.booleans()),
        promotions={"chance": draw(numbers), "depth": draw(numbers), "display_value": draw(money)},
        feedback=draw(money),
        **draw(st.just(dict(PLAIN)) | terms()),
        acquisition=None,
        next_best_offer=None,
        value_tiers=draw(st.none() | value_tiers()),
        unit_cost=draw(money),
        customization_cost=draw(money),
        interaction_cost=draw(money),
        cost_to_serve=draw(money),
        service_saving=draw(numbers),
        advertising_reach=draw(numbers),
        advertising_cost=draw(money),
    )


@st.composite
def segments(draw):
    one = {
        "share": 1.0,
        "need_mean": [draw(st.floats(-2, 2)), draw(st.floats(-2, 2))],
        "need_sd": draw(st.floats(0, 2)),
        "price_sensitivity": draw(st.floats(0, 2)),
        "price_sensitivity_cv": draw(numbers),
        "brand_taste_sd": draw(money),
        "brand_taste": draw(st.sampled_from(["normal", "log_gamma"])),
        "brand_taste_shape": draw(st.floats(0.1, 3)),
        "fit_weight": draw(money),
        "hassle": draw(money),
        "teaching_effort": draw(money),
        "switching_cost": draw(money),
        "disclosure": draw(numbers),
        "purchase_rate": draw(numbers),
        "turnover": draw(numbers),
        "volume": draw(st.floats(0.1, 5)),
        "outside_value": draw(st.floats(-5, 5)),
        "reputation_value": draw(money),
    }
    if draw(st.booleans()):
        one["purchase_rate_shape"] = draw(st.floats(0.2, 5))
    if draw(st.booleans()):
        one["turnover_beta"] = [draw(st.floats(0.2, 3)), draw(st.floats(0.2, 9))]
    if draw(st.booleans()):
        one["contact_tolerance"] = draw(numbers)
        one["contact_reserve"] = draw(numbers)
    if draw(st.booleans()):
        one["need_drift"] = draw(numbers)
    if draw(st.booleans()):
        one["buying_center"] = {
            "members": draw(st.integers(1, 5)),
            "member_need_sd": draw(st.floats(0, 2)),
            "quorum": draw(numbers),
            "tailoring": draw(st.sampled_from(["account", "member"])),
        }
    return one


def paid_otherwise(each):
    """Return whether prices are not all that a firm's customers pay or get."""
    bound = each["contracts"] is not None or each["billing"] == "subscription"
    beside = ("loyalty_programme", "acquisition", "next_best_offer")
    return bound or any(each[name] is not None for name in beside)


@st.composite
def policies(draw, prices_matter):
    """A policy of each kind; a best response only where some price is best."""
    pricing = ["fixed", "policies_of_users:Ratchet"] + ["best_response"] * prices_matter
    climb = {"name": "policies_of_users:Climb", "step": draw(st.floats(0.01, 0.5))}
    return {
        "pricing": draw(st.sampled_from(pricing)),
        "capability": draw(st.sampled_from(["fixed", climb])),
    }


@st.composite
def word_of_mouth(draw):
    return {
        "network": draw(st.sampled_from(["well_mixed", "small_world", "scale_free"])),
        "neighbours": draw(st.sampled_from([2, 4, 8])),
        "rewiring": draw(numbers),
        "contacts": draw(st.integers(0, 4)),
        "tell_rate": {emotion: draw(numbers) for emotion in SILENCE},
        "message_weight": draw(numbers),
        "awareness": draw(st.booleans()),
    }


@st.composite
def scenarios(draw):
    names = draw(st.lists(st.sampled_from(["Ann", "Bob", "Cy", "Di"]), min_size=1, unique=True))
    groups = draw(st.lists(segments(), min_size=1, max_size=3))
    for group in groups:
        group["share"] = 1.0 / len(groups)
    world = {
        "customers": draw(st.integers(1, 30)),
        "periods": draw(st.integers(1, 4)),
        "outside_option": draw(st.booleans()),
        "switching_cost_form": draw(st.sampled_from(["cost", "bonus"])),
        "learning_rate": draw(st.floats(0, 4)),
        "events": [{"at": 0, "over": 2, "set": {f"firms.{names[0]}.price": draw(money)}}],
    }
    if world["periods"] == 1:
        world["events"] = []
    if draw(st.booleans()):
        world["profile_portability"] = draw(numbers)
    competitors = {name: draw(firms()) for name in names}
    if draw(st.booleans()):
        world["attributes"] = {
            "firmographic": draw(st.floats(-1, 1)),
            "behavioural": draw(st.floats(-1, 1)),
        }
    if draw(st.booleans()):
        for each in competitors.values():
            each["acquisition"] = draw(st.none() | acquisition("attributes" in world))
            each["next_best_offer"] = draw(st.none() | add_ons())
    prices_matter = (
        world["outside_option"]
        and all(g["price_sensitivity"] > 0.01 for g in groups)
        and all(g.get("buying_center", {"members": 1})["members"] == 1 for g in groups)
        and not any(paid_otherwise(each) for each in competitors.values())
    )
    for each in competitors.values():
        each["policy"] = draw(policies(prices_matter))
        if draw(st.booleans()):
            each |= {"credit_limit": draw(st.floats(0, 1e5)), "insolvency_periods": 1}
    if draw(st.booleans()):
        world["self_discovery"] = {
            "initial_error_sd": draw(st.floats(0, 2)),
            "discovery_rate": draw(numbers),
        }
    if draw(st.booleans()):
        world["word_of_mouth"] = draw(word_of_mouth())
    if draw(st.booleans()):
        world["initial"] = {names[0]: {"share": draw(numbers), "tenure": 3, "knowledge": 0.4}}
    else:
        world["warm_up"] = draw(st.integers(0, 2))
    scenario = market(
        firms=competitors,
        segments={f"s{k}": group for k, group in enumerate(groups)},
        **world,
    )
    if draw(st.booleans()):
        scenario = scenario.override(draw(journeys(names, list(scenario.segments))))
    return scenario


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=scenarios(), seed=st.integers(0, 2**40))
def test_both_engines_agree_on_every_customer_and_total(scenario, seed):
    watch = tuple(OBSERVERS)
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
    watch = tuple(OBSERVERS)
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
        played(scenario, seed=4).books.count("revenue")
        != played(scenario, seed=5).books.count("revenue")
    ).any()


def test_the_numbers_are_those_of_every_machine_and_version():
    """A fixed seed gives fixed totals; where this fails, results of users have changed."""
    books = played(lively(customers=3000, periods=12), seed=17).books
    assert books.count("purchases").sum(axis=(0, 1)).tolist() == GOLDEN_PURCHASES
    assert books.count("revenue").sum(axis=0).round(6).tolist() == GOLDEN_REVENUE


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
    names = after.books.firms
    kept = [names.index(name) for name in before.books.firms]
    np.testing.assert_array_equal(
        before.books.count("revenue"), after.books.count("revenue")[:, kept]
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
    a, b = played(scenario).books, played(changed).books
    np.testing.assert_array_equal(a.count("revenue")[:3], b.count("revenue")[:3])
    assert (a.count("purchases")[3] != b.count("purchases")[3]).any()


def test_a_segment_nobody_belongs_to_changes_nothing():
    scenario = lively()
    more = scenario.override({"segments.Empty": {"share": 0.0, "price_sensitivity": 9.0}})
    a, b = played(scenario), played(more)
    for name in a.workspace.total_places:
        np.testing.assert_array_equal(a.books.count(name), b.books.count(name), err_msg=name)


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
    books = played(scenario).books
    assert books.firm("price")[:, 0].tolist() == [10.0, 10.0, 15.0, 20.0, 20.0, 20.0]
    assert books.firm("quality")[:, 1].tolist() == [12.0, 12.0, 12.0, 1.0, 1.0, 1.0]


def test_events_wait_for_the_warm_up_to_end():
    scenario = market(warm_up=4, events=[{"at": 0, "set": {"firms.Ann.price": 7.0}}])
    simulation = Simulation(scenario)
    simulation.warm_up()
    assert simulation.workspace.tables.arrays["firm_price"][0] == 10.0
    simulation.step()
    assert simulation.workspace.tables.arrays["firm_price"][0] == 7.0
    assert simulation.books.periods == 1


def test_more_customers_change_the_precision_and_nothing_else():
    steady = lively(periods=4).override({"firms.*.promotions": {"chance": 0.0}})
    few, many = steady.override({"customers": 4000}), steady.override({"customers": 64000})
    a = np.array([played(few, seed=s).books.total("revenue")[-1] for s in range(12)])
    b = np.array([played(many, seed=s).books.total("revenue")[-1] for s in range(6)])
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
    "nobody tells": ({"word_of_mouth": {"tell_rate": SILENCE}}, 5),
    "nothing to tell, and nobody heeds it": ({"word_of_mouth": {"tell_rate": LOUD}}, 5),
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
    "silence": ({"word_of_mouth": {"tell_rate": SILENCE}}, 5),
    # about nothing anybody has felt or heeds
    "idle talk": ({"word_of_mouth": {"tell_rate": LOUD}}, 5),
    "buying_center": ({"segments.*.buying_center": {"members": 1, "quorum": 1.0}}, 3),
}


@pytest.mark.parametrize(("changes", "more"), NEUTRAL.values(), ids=NEUTRAL.keys())
def test_neutral_values_of_a_mechanism_equal_its_absence(changes, more):
    scenario = lively(customers=500)
    watch = tuple(OBSERVERS)
    a, b = (played(each, observers=watch) for each in (scenario, scenario.override(changes)))
    assert len(b.mechanisms) == len(a.mechanisms) + more
    for column in a.workspace.population.columns:
        np.testing.assert_array_equal(a.customers(column), b.customers(column), err_msg=column)
    for total in set(a.workspace.total_places) - {"lost_by"}:  # which has a column for each term
        np.testing.assert_array_equal(a.books.count(total), b.books.count(total), err_msg=total)
