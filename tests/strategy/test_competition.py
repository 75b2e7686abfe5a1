"""Policies against each other, copies of the one-to-one firm, and when one-to-one pays."""

from __future__ import annotations

import numpy as np
import pytest
from markets import lively

import cxsim as cx
from cxsim.analytic import (
    knowledge_after,
    mean_misfit,
    relationship_knowledge,
    service_worth,
    steady_uncertainty,
)
from cxsim.runs import simulate
from cxsim.runs.measures.measure_registry import summarize
from cxsim.strategy.copying import copying_effects
from cxsim.strategy.one_to_one import profit_map

SMALL = {"customers": 400}

# --- tournament -------------------------------------------------------------------


@pytest.fixture(scope="module")
def played():
    policies = {
        "stays": {},
        "dear": {"capability": {"name": "roadmap", "targets": [{"at": 0, "customization": 1.0}]}},
    }
    scenario = lively(customers=300).override({"firms.*.capability_cost": 1e6})
    return cx.tournament(scenario, policies, players=("Mass", "Niche"), seeds=3), scenario, policies


def test_every_policy_meets_every_policy_on_the_same_seeds(played):
    found, scenario, policies = played
    assert len(found.matches) == 4
    both = {f"firms.{name}.policy": policies["dear"] for name in ("Mass", "Niche")}
    match = scenario.override(both)
    earned = [summarize(simulate(match, seed=s))["Mass"]["net_present_value"] for s in range(3)]
    row = found.matches.set_index(["policy", "rival"]).loc[("dear", "dear")]
    assert row["value"] == pytest.approx(np.mean(earned))


def test_a_policy_that_ruins_itself_comes_last(played):
    table = played[0].table
    assert table["policy"].tolist() == ["stays", "dear"]
    assert table["best_against"].tolist() == [2, 0]
    assert table["behind"][0] == 0
    assert table["behind_lower"][1] > 0


def test_a_tournament_needs_two_firms_of_the_scenario():
    with pytest.raises(ValueError, match="found 'Nobody'"):
        cx.tournament(lively(), {"fixed": {}}, players=("Mass", "Nobody"))
    with pytest.raises(ValueError, match="expected two firms and a policy"):
        cx.tournament(lively(), {"fixed": {}}, players=("Mass", "Mass"))


# --- copying ----------------------------------------------------------------------


def test_a_copy_that_changes_nothing_takes_nothing():
    small = cx.load("baseline").override(SMALL)
    found = copying_effects(small, small, conditions={"none": {}}, seeds=2)
    assert (found.loc[found["outcome"] != "lost", "difference"] == 0).all()


def test_newcomers_are_shared_and_shares_converge_while_the_tenured_stay():
    found = copying_effects(conditions={"as it stands": {}}, seeds=6).set_index("outcome")
    assert found.loc["newcomers", "copied"] == pytest.approx(0.5, abs=0.05)
    assert found.loc["lead", "upper"] < 0
    assert found.loc["lost", "upper"] < 0.1


def test_portable_profiles_let_shares_converge_altogether():
    words = {"kept": {}, "portable": {"profile_portability": 1.0}}
    found = copying_effects(conditions=words, seeds=6).set_index(["condition", "outcome"])
    assert found.loc[("portable", "lead"), "copied"] < 0.02
    assert found.loc[("kept", "lead"), "copied"] > 0.02


def test_where_knowledge_is_worth_nothing_there_is_no_lead_to_lose():
    worthless = {"none": {"segments.*.fit_weight": 0.0, "segments.*.ordering_effort": 0.0}}
    found = copying_effects(conditions=worthless, seeds=4).set_index("outcome")
    assert np.isnan(found.loc["lost", "difference"])


# --- when one-to-one pays: the closed form ----------------------------------------


def test_without_turnover_and_fading_the_n_th_purchase_knows_n_contacts():
    known, weights = relationship_knowledge(0.7, rate=0.1, exit_rate=0.05)
    np.testing.assert_allclose(known[:6], knowledge_after(np.arange(6), precision=0.7))
    again = 0.1 / 0.15
    np.testing.assert_allclose(weights[:4], (1 - again) * again ** np.arange(4), rtol=1e-6)
    assert weights.sum() == pytest.approx(1)


def test_knowledge_settles_where_drift_and_learning_balance():
    known, _ = relationship_knowledge(1.0, rate=1.0, exit_rate=1e-3, need_drift=0.3)
    after = steady_uncertainty(1.0, drift=0.3)
    before_drift = 1 - (after + 0.3 * (1 - after))  # read before learning, after the drift
    assert known[-1] == pytest.approx(float(before_drift), abs=1e-6)


def test_the_worth_of_service_is_what_its_parts_are_worth():
    worth = service_worth(
        0.0, 0.5, rate=0.2, customers=1000, fit_weight=2.0, ordering_effort=3.0, need_variance=1.5,
        customization_cost=4.0, interaction_cost=9.0, capability_cost=100.0, volume=2.0,
    )  # fmt: skip
    assert worth.misfit == pytest.approx(4 * mean_misfit(0.0, customization=0.5, need_variance=1.5))
    assert worth.ordering_effort == pytest.approx(3.0)
    assert worth.unit == pytest.approx(4.0)
    assert worth.contact == 0
    assert worth.fixed == pytest.approx(100 * 0.25 / 200)
    parts = worth.misfit + worth.ordering_effort + worth.unit + worth.contact + worth.fixed
    assert worth.net == pytest.approx(-parts)


def test_the_worth_of_service_broadcasts_over_markets():
    variance, weight = np.array([[0.5], [2.0]]), np.array([0.0, 1.0, 3.0])
    given = {"rate": 0.1, "customers": 1000, "exit_rate": 0.02}
    all_at_once = service_worth(0.8, 0.8, need_variance=variance, fit_weight=weight, **given).net
    assert all_at_once.shape == (2, 3)
    one = service_worth(0.8, 0.8, need_variance=2.0, fit_weight=3.0, **given).net
    assert all_at_once[1, 2] == pytest.approx(float(one))


def test_the_more_needs_differ_the_more_one_to_one_is_worth():
    given = {"rate": 0.1, "customers": 1000, "exit_rate": 0.02, "fit_weight": 1.0}
    variance = np.linspace(0.0, 3.0, 7)
    gain = (
        service_worth(0.8, 0.8, need_variance=variance, **given).net
        - service_worth(0.1, 0.1, need_variance=variance, **given).net
    )
    assert (np.diff(gain) > 0).all()


def test_a_firm_that_sells_nothing_has_no_relationships():
    with pytest.raises(ValueError, match="rate: expected numbers above 0"):
        relationship_knowledge(1.0, rate=0.0, exit_rate=0.1)


# --- when one-to-one pays: the map ------------------------------------------------


def test_one_to_one_loses_where_fit_counts_nothing_and_the_closed_form_says_how_much():
    found = profit_map(
        need_variance=(1.0,), fit_weight=(0.0, 2.5), customization_cost=(0.5, 3.0), seeds=3
    ).set_index(["fit_weight", "customization_cost"])
    assert (found.loc[0.0, "upper"] < 0).all()
    assert found.loc[(2.5, 0.5), "lower"] > 0
    without = found.loc[0.0]
    np.testing.assert_allclose(without["worth"], without["gain"], rtol=0.12)
    assert (found["gain"].diff().dropna() != 0).all()


def test_the_map_refuses_firms_and_periods_that_are_not_there():
    with pytest.raises(ValueError, match="found 'Nobody'"):
        profit_map(firm="Nobody")
    with pytest.raises(ValueError, match="settled: expected a whole number from 0 to 59"):
        profit_map(settled=60)


def test_seeds_without_anybody_to_count_are_left_out_of_what_a_copy_does():
    """A share of nobody made the whole row read that there was no lead to lose."""
    small = {"customers": 100, "periods": 40}
    pair = [cx.load(name, small) for name in ("baseline", "copycat")]
    made = copying_effects(
        *pair, conditions={"nobody buys of Mass": {"firms.Mass.price": 500.0}}, seeds=2
    )
    seeds = made.set_index("outcome")["seeds"]
    assert seeds["lost"] == 0
    assert seeds["market_share"] == 2
    assert made.set_index("outcome")["difference"].notna()["retention_long_tenured"]
