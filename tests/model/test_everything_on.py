"""With all mechanisms on, an insolvent firm leaves and the books close to the cent."""

from __future__ import annotations

import numpy as np
import pytest
from everything import everything
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import bought_units

from cxsim.model.mechanism_registry import registered
from cxsim.runs.measures.frames import CORE_COSTS
from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.simulation import Simulation
from examples import examples


def cents(ledger, mechanisms, name):
    (found,) = (m for m in measures("firm", mechanisms) if m.name == name)
    return found.function(ledger)


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
            "no_purchase_option": outside,
        }
    )
    simulation = Simulation(scenario, seed=seed, observers=("panel",))
    simulation.warm_up()
    firms = range(len(scenario.firms))
    gone = np.zeros(len(scenario.firms), bool)
    while not simulation.finished:
        simulation.step()
        ledger = simulation.ledger
        # Revenue is the sum of prices paid, in every period.
        choice, asked = simulation.customers("panel_choice"), simulation.customers("panel_price")
        amount = bought_units(simulation) * asked.astype(float)
        paid = [amount[f][choice == f].sum() for f in firms]
        assert ledger.count("revenue")[-1] == pytest.approx(paid, rel=1e-6, abs=1e-6)
        # Who has gone stays away: nobody buys from it, nobody has it as a supplier.
        active = ledger.firm("active")[-1] > 0
        assert not (active & gone).any()
        gone |= ~active
        assert not np.isin(choice, np.flatnonzero(gone)).any()
        assert not np.isin(simulation.customers("supplier"), np.flatnonzero(gone)).any()
    ledger, mechanisms = simulation.ledger, simulation.mechanisms
    # Revenue less all costs is profit, profits add up to cash, to the cent.
    lines = cents(ledger, mechanisms, "revenue").copy()
    for name in CORE_COSTS:
        lines -= cents(ledger, mechanisms, name)
    for measure in measures("firm", mechanisms):
        if measure.cost:
            lines += measure.function(ledger) * (1 if measure.income else -1)
    np.testing.assert_allclose(lines, cents(ledger, mechanisms, "profit"), atol=0.005)
    cash = ledger.firm("initial_cash") + np.cumsum(lines, axis=0)
    np.testing.assert_allclose(cash, cents(ledger, mechanisms, "cash"), atol=0.005)
    # Whoever left had been below its limit twice in a row, and earns and spends nothing since.
    away = ledger.firm("active") == 0
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
    place = simulation.ledger.firms.index("Niche")
    theirs = None
    while not simulation.finished:
        before = simulation.customers("supplier") == place
        simulation.step()
        if simulation.ledger.firm("active")[-1, place] == 0 and theirs is None:
            theirs = before
    assert theirs is not None
    assert theirs.any()
    anew = simulation.customers("supplier")[theirs]
    assert (anew != place).all()
    assert (anew >= 0).mean() > 0.5
