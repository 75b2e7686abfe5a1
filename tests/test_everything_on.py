"""With all mechanisms on, an insolvent firm leaves and the books close to the cent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journeys import heard

from cxsim.model.mechanism_registry import registered
from cxsim.runs.measures.frames import CORE_COSTS
from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.simulation import Simulation
from examples import examples

POINTS = {"points_per_currency": 1.0, "point_value": 0.05, "redemption_threshold": 15}
ROADMAP = {"name": "roadmap", "targets": [{"at": 1, "over": 2, "interaction": 0.9}]}

#: A segment whose accounts decide together cannot lack what the others have.
TOGETHER = {"members": 3, "member_need_sd": 0.5, "quorum": 0.5, "tailoring": "member"}


def everything(**changes):
    """A market in which every mechanism takes part."""
    talk = {
        "network": "small_world",
        "tell_rate": {"destroying": 0.6, "attention": 0.2, "advocacy": 0.4},
        "awareness": True,
    }
    return heard(
        **{
            "customers": 160,
            "periods": 8,
            "word_of_mouth": talk,
            "initial": {"Mass": {"share": 0.4, "tenure": 3, "knowledge": 0.2}},
            "segments.*.reputation_value": 2.0,
            "firms.*.advertising_reach": 0.6,
            "firms.*.advertising_cost": 5000.0,
            "profile_portability": 0.3,
            "segments.*.need_drift": 0.05,
            "self_discovery": {"initial_error_sd": 0.7, "discovery_rate": 0.3},
            "segments.Far.buying_center": TOGETHER,
            "firms.Tailor.organization": {"processes": 0.8},
            "attributes": {"firmographic": 0.4, "behavioural": 0.6},
            "segments.*.contact_tolerance": 0.5,
            "segments.*.contact_reserve": 1.0,
            "firms.Tailor.value_tiers": {
                "contact_capacity": 0.5,
                "goes_to": "predictive",
                "refit_every": 2,
                "individual_cost": 0.4,
            },
            "firms.Niche.value_tiers": {"contact_capacity": 0.8, "focus": ["Near"]},
            "firms.Mass.acquisition": {
                "contacts": 0.3,
                "trial_discount": 0.3,
                "cost_per_contact": 0.5,
            },
            "firms.Tailor.acquisition": {
                "contacts": 0.2,
                "targeting": "predictive",
                "refit_every": 2,
                "cost_per_contact": 0.5,
            },
            "firms.Tailor.next_best_offer": {
                "price": 3.0,
                "margin": 1.0,
                "base_chance": 0.1,
                "known_chance": 0.6,
            },
            "firms.Mass.loyalty_programme": POINTS,
            "firms.Tailor.loyalty_programme": POINTS,
            "firms.Niche.contracts": {"length": 3, "exit_fee": 4.0},
            "firms.Niche.billing": "subscription",
            "firms.*.capability_cost": 2000.0,
            "firms.*.capability_investment": 50000.0,
            "firms.Mass.policy": {"capability": ROADMAP, "pricing": "adaptive"},
            "firms.Niche.policy": {"capability": "imitate"},
            "firms.*.insolvency_periods": 2,
            **changes,
        }
    )


def cents(books, mechanisms, name):
    (found,) = (m for m in measures("firm", mechanisms) if m.name == name)
    return found.function(books)


def test_every_mechanism_takes_part():
    on = {mechanism.name for mechanism in everything(**{"firms.*.credit_limit": 0.0}).mechanisms}
    assert {mechanism.name for mechanism in registered()} <= on


@settings(max_examples=examples(24))
@given(
    seed=st.integers(0, 10**6),
    limit=st.floats(0, 2e6),
    price=st.floats(0.5, 9.0),
    form=st.sampled_from(["cost", "bonus"]),
    outside=st.booleans(),
)
def test_an_insolvent_firm_leaves_for_good_and_the_books_close_to_the_cent(
    seed, limit, price, form, outside
):
    scenario = everything(
        **{
            "firms.*.credit_limit": limit,
            "firms.Niche.price": price,
            "switching_cost_form": form,
            "outside_option": outside,
        }
    )
    simulation = Simulation(scenario, seed=seed, observers=("panel",))
    simulation.warm_up()
    volumes = np.array([scenario.segments[name].volume for name in sorted(scenario.segments)])
    firms = range(len(scenario.firms))
    gone = np.zeros(len(scenario.firms), bool)
    while not simulation.finished:
        simulation.step()
        books = simulation.books
        # Revenue is the sum of prices paid, in every period.
        choice, asked = simulation.customers("panel_choice"), simulation.customers("panel_price")
        amount = volumes[simulation.customers("segment")] * asked.astype(float)
        paid = [amount[f][choice == f].sum() for f in firms]
        assert books.count("revenue")[-1] == pytest.approx(paid, rel=1e-6, abs=1e-6)
        # Who has gone stays away: nobody buys from it, nobody has it as a supplier.
        active = books.firm("active")[-1] > 0
        assert not (active & gone).any()
        gone |= ~active
        assert not np.isin(choice, np.flatnonzero(gone)).any()
        assert not np.isin(simulation.customers("supplier"), np.flatnonzero(gone)).any()
    books, mechanisms = simulation.books, simulation.mechanisms
    # Revenue less all costs is profit, profits add up to cash, to the cent.
    lines = cents(books, mechanisms, "revenue").copy()
    for name in CORE_COSTS:
        lines -= cents(books, mechanisms, name)
    for measure in measures("firm", mechanisms):
        if measure.cost:
            lines += measure.function(books) * (1 if measure.income else -1)
    np.testing.assert_allclose(lines, cents(books, mechanisms, "profit"), atol=0.005)
    cash = books.firm("initial_cash") + np.cumsum(lines, axis=0)
    np.testing.assert_allclose(cash, cents(books, mechanisms, "cash"), atol=0.005)
    # Whoever left had been below its limit twice in a row, and earns and spends nothing since.
    away = books.firm("active") == 0
    for f in np.flatnonzero(away.any(axis=0)):
        left = int(np.argmax(away[:, f]))
        assert (cash[left - 2 : left, f] < -limit).all()
        assert (lines[left:, f] == 0).all()


def test_customers_of_the_firm_that_left_choose_anew():
    scenario = everything(
        **{"firms.Niche.price": 0.5, "firms.Niche.credit_limit": 0.0, "customers": 600}
    )
    simulation = Simulation(scenario, seed=1)
    simulation.warm_up()
    place = simulation.books.firms.index("Niche")
    theirs = None
    while not simulation.finished:
        before = simulation.customers("supplier") == place
        simulation.step()
        if simulation.books.firm("active")[-1, place] == 0 and theirs is None:
            theirs = before
    assert theirs is not None
    assert theirs.any()
    anew = simulation.customers("supplier")[theirs]
    assert (anew != place).all()
    assert (anew >= 0).mean() > 0.5
