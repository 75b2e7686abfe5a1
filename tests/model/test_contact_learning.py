"""Contacts at touchpoints teach the firm what customers need, prospects included."""

from __future__ import annotations

import numpy as np
import pytest
from journeys import lived

import cxsim as cx

SURE = {
    "customers": 400,
    "periods": 6,
    "firms.*.identification": 1.0,
    "firms.*.interaction": 0.5,
    "firms.*.forgetting_rate": 0.0,
    "learning_rate": 0.8,
    "segments.*.disclosure": 1.0,
}


def told(touchpoint, informs, **changes):
    """A market in which one touchpoint informs firms."""
    return lived(**SURE).override({f"journey.{touchpoint}.informs": informs} | changes)


def knowledge(run):
    return run.firms.groupby("firm")["customer_knowledge"].mean()


def test_a_touchpoint_that_tells_nothing_changes_no_bit():
    plain = lived(**SURE)
    first = next(iter(plain.journey))
    assert cx.run(told(first, 0.0)).firms.equals(cx.run(plain).firms)


def test_knowledge_after_contacts_is_that_of_as_many_signals():
    used = next(name for name, each in lived(**SURE).journey.items() if each.stage == "use")
    alone = {
        f"journey.{used}.visit_rate": 1.0,
        "segments.*.journey": {},
        "segments.*.purchase_rate": 0.0,
        "segments.*.exit_rate": 0.0,
        "firms.*.channel_integration": 1.0,
        "warm_up": 0,
        "initial": {"Mass": {"share": 1.0, "tenure": 1, "knowledge": 0.0}},
    }
    run = cx.run(told(used, 0.5, **alone), probes=["customers"])
    known = run.customers.query("supplier == 'Mass'")["knowledge_Mass"].to_numpy()
    assert len(known) > 300
    contacts = run.scenario.periods
    np.testing.assert_allclose(known, 1 - 1 / (1 + contacts * 0.8 * 0.5 * 0.5), rtol=1e-6)


def test_interaction_by_touchpoint_has_the_firms_interaction_as_its_mean_over_visits():
    """Two touchpoints visited alike, one with three times the other's weight: 0.75 A and 0.25 A."""
    used, other = ("product", "hotline")
    alone = {
        **{f"journey.{name}.visit_rate": 0.0 for name in lived(**SURE).journey},
        f"journey.{used}.visit_rate": 1.0,
        f"journey.{other}.visit_rate": 1.0,
        "segments.*.journey": {},
        "segments.*.purchase_rate": 0.0,
        "segments.*.exit_rate": 0.0,
        "firms.*.channel_integration": 1.0,
        "warm_up": 0,
        "initial": {"Mass": {"share": 1.0, "tenure": 1, "knowledge": 0.0}},
        f"firms.Mass.touchpoints.{used}.interaction_weight": 3.0,
        f"journey.{other}.informs": 0.5,
    }
    run = cx.run(told(used, 0.5, **alone), probes=["customers"])
    known = run.customers.query("supplier == 'Mass'")["knowledge_Mass"].to_numpy()
    heard = run.scenario.periods * 0.8 * 0.5 * (0.75 + 0.25)
    np.testing.assert_allclose(known, 1 - 1 / (1 + heard), rtol=1e-6)


def test_equal_weights_of_interaction_change_no_bit():
    used = next(iter(lived(**SURE).journey))
    plain = told(used, 0.7)
    alike = plain.override({"firms.*.touchpoints.*.interaction_weight": 1.0})
    assert cx.run(plain).firms.equals(cx.run(alike).firms)


def test_fewer_visits_to_an_informing_touchpoint_lower_knowledge():
    plain = lived(**SURE)
    used = next(name for name, each in plain.journey.items() if each.stage == "use")
    often = knowledge(cx.run(told(used, 1.0, **{f"journey.{used}.visit_rate": 0.9})))
    seldom = knowledge(cx.run(told(used, 1.0, **{f"journey.{used}.visit_rate": 0.1})))
    assert (often > seldom + 0.02).all()


def test_a_firm_learns_about_prospects_who_look_at_it():
    plain = lived(**SURE)
    looked = next(name for name, each in plain.journey.items() if each.stage == "discover")
    runs = [cx.run(told(looked, informs), probes=["customers"]) for informs in (0.0, 2.0)]
    assert runs[1].firms["informing_contacts"].sum() > 0
    assert knowledge(runs[1]).sum() > knowledge(runs[0]).sum()


@pytest.mark.parametrize("seed", [0, 1])
def test_both_engines_learn_the_same(seed):
    on = told(next(iter(lived().journey)), 1.0, customers=120, periods=4)
    columnar, agents = (cx.run(on, seed=seed, engine=engine) for engine in ("columnar", "agents"))
    assert columnar.firms.equals(agents.firms)
