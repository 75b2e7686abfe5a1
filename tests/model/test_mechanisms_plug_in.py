"""A mechanism is one file: three that live here plug in, and no file of the package knows them."""

from __future__ import annotations

import numpy as np
import pytest
from markets import lively, market
from playing import assert_same, played

import cxsim as cx
from cxsim.model.mechanism import Accumulator, Column, Measure, Mechanism, Pass, tile
from cxsim.model.mechanism_registry import registered, unregister
from cxsim.parameters import Parameters, parameter

# --- one that serves individually the tenth of customers who spent most ----------------


class Capacity(Parameters):
    contact_share: float | None = parameter(
        None, doc="Share of customers served individually", unit="share", ge=0, le=1
    )


def spend(n, n_firms, choice, price_asked, spent):
    for i in range(n):
        if 0 <= choice[i] < n_firms:
            spent[i] += price_asked[choice[i], i]


def rank(n, spent, singled_out, market_contact_share):
    """See the whole population: the best of all customers, ties by number."""
    best = np.argsort(-spent, kind="stable")[: int(market_contact_share[0] * n)]
    singled_out[:] = 0
    singled_out[best] = 1


def serve(n, n_firms, singled_out, recognition, sum_singled_out):
    for i in range(n):
        if singled_out[i]:
            sum_singled_out[tile(i), 0] += 1.0
        else:
            for f in range(n_firms):
                recognition[f, i] = 0.0


CAPACITY = Mechanism(
    "capacity",
    market=Capacity,
    columns=(Column("spent"), Column("singled_out", dtype="i1")),
    accumulators=(Accumulator("singled_out", axes=(1,)),),
    passes=(Pass(rank, "contact", population=True), Pass(serve, "adjust"), Pass(spend, "pay")),
    measures=(
        Measure(
            "singled_out",
            "Customers served individually",
            "customers",
            lambda b: b.total("singled_out")[:, 0],
            level="market",
            doc="Customers whom a firm served individually in the period",
        ),
    ),
    active=lambda scenario: scenario.contact_share is not None,
)

# --- one that adds a term to the no-purchase option -------------------------------------


class Weather(Parameters):
    good_weather: float | None = parameter(
        None, doc="What not shopping is worth on a fine day", unit="currency"
    )


def stay_out(n, n_firms, in_market, value, market_good_weather):
    for i in range(n):
        if in_market[i]:
            for e in range(len(value)):
                value[e, n_firms, i] += market_good_weather[0]


WEATHER = Mechanism(
    "weather",
    market=Weather,
    passes=(Pass(stay_out, "add", term="weather"),),
    active=lambda scenario: scenario.good_weather is not None,
)

# --- one with two evaluators per account -----------------------------------------------


class Couple(Parameters):
    couples: bool = parameter(False, doc="Two people judge for each account")


def agree(n, n_firms, best_option, supplier, choice):
    """Both want the same, or the account stays where it is, or buys nothing."""
    for i in range(n):
        if best_option[0, i] == best_option[1, i]:
            choice[i] = best_option[0, i]
        else:
            choice[i] = supplier[i]


COUPLE = Mechanism(
    "couple",
    market=Couple,
    passes=(Pass(agree, "decide", replaces="choice.elect"),),
    active=lambda scenario: scenario.couples,
    members=lambda scenario: 2,
)


@pytest.fixture(autouse=True)
def known():
    for mechanism in (CAPACITY, WEATHER, COUPLE):
        cx.register(mechanism)
    yield
    for mechanism in (CAPACITY, WEATHER, COUPLE):
        unregister(mechanism.name)


@pytest.mark.parametrize(
    "settings",
    [
        {"contact_share": 0.1},
        {"good_weather": 3.0},
        {"couples": True},
        {"contact_share": 0.1, "good_weather": 3.0, "couples": True, "profile_portability": 0.5},
    ],
    ids=["capacity", "weather", "couple", "all with portability"],
)
def test_both_engines_run_it_and_agree(settings):
    scenario = lively(customers=80, **settings)
    assert_same(played(scenario, seed=2), played(scenario, seed=2, engine="agents"))


def test_absent_means_the_core_to_the_bit():
    with_them = played(lively())
    for mechanism in (CAPACITY, WEATHER, COUPLE):
        unregister(mechanism.name)
    try:
        assert_same(with_them, played(lively()))
    finally:
        for mechanism in (CAPACITY, WEATHER, COUPLE):
            cx.register(mechanism)


def test_a_tenth_of_customers_is_served_individually_and_nobody_else_is_recognized():
    simulation = played(lively(customers=3000, contact_share=0.1))
    assert (simulation.ledger.count("singled_out")[:, 0] == 300).all()
    spent, served = simulation.customers("spent"), simulation.customers("singled_out")
    assert served.sum() == 300
    everybody = played(lively(customers=3000)).ledger.count("recognized").sum()
    assert simulation.ledger.count("recognized").sum() < 0.5 * everybody
    assert spent[served == 1].mean() > spent[served == 0].mean()


def test_its_measure_is_reported():
    result = cx.run(lively(customers=500, contact_share=0.1))
    assert (result.market["singled_out"] == 50 * 100000 / 500).all()


def test_a_term_of_the_outside_option_keeps_customers_out():
    base, fine = played(lively(customers=4000)), played(lively(customers=4000, good_weather=5.0))
    assert (
        fine.ledger.count("purchases")[..., -1].sum()
        > base.ledger.count("purchases")[..., -1].sum()
    )


def test_two_evaluators_keep_accounts_where_they_are():
    def losses(scenario):
        return cx.run(scenario).firms["customers_lost_to_rivals"].sum()

    assert losses(lively(customers=3000, couples=True)) < 0.7 * losses(lively(customers=3000))


def test_the_first_evaluator_of_two_draws_what_a_single_one_draws():
    one = played(market(periods=1, customers=3000))
    two = played(market(periods=1, customers=3000, couples=True))
    agreed = two.customers("supplier") >= 0
    assert agreed.mean() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(
        one.customers("supplier")[agreed], two.customers("supplier")[agreed]
    )


def test_its_parameters_have_the_face_of_any_other():
    with pytest.raises(cx.ScenarioError, match=r"contact_share: expected .* found 2"):
        market(contact_share=2)
    with pytest.raises(cx.ScenarioError, match="did you mean 'contact_share'"):
        market(contact_shar=0.1)
    paths = set(market().parameters()["path"])
    assert {"contact_share", "good_weather", "couples"} <= paths


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="'capacity' is registered already"):
        cx.register(Mechanism("capacity"))
    with pytest.raises(ValueError, match="no mechanism 'choice' that could be unregistered"):
        unregister("choice")


def test_a_pass_that_names_nothing_known_is_told_so():
    def odd(n, recogniton):
        pass

    odd_one = Mechanism("odd", passes=(Pass(odd, "adjust"),))
    cx.register(odd_one)
    try:
        with pytest.raises(
            ValueError, match=r"'odd.odd'.*found 'recogniton'.*did you mean 'recognition'"
        ):
            played(market())
    finally:
        unregister("odd")


def test_passes_that_ask_for_a_circle_are_refused():
    def a(n):
        pass

    def b(n):
        pass

    cx.register(
        Mechanism(
            "circle",
            passes=(
                Pass(a, "tell", before=("circle.b",)),
                Pass(b, "tell", before=("circle.a",)),
            ),
        )
    )
    try:
        with pytest.raises(ValueError, match="phase 'tell' ask for a circle"):
            played(market())
    finally:
        unregister("circle")


def test_the_core_is_registered_first():
    core = [m.core for m in registered()]
    assert core == sorted(core, reverse=True)
