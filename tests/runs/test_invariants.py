"""What holds in every market, and at its corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markets import bought_units, firm, lively, market
from playing import played
from random_scenarios import scenarios

import cxsim as cx
from cxsim.runs.measures.measure_registry import FIRM_MEASURES, measures
from cxsim.runs.simulation import Simulation
from examples import examples


@settings(max_examples=examples(60))
@given(scenario=scenarios(), seed=st.integers(0, 10**6))
def test_books_close_and_states_stay_in_range(scenario, seed):
    simulation = played(scenario, seed=seed)
    ledger, n = simulation.ledger, scenario.customers
    holders, purchases = ledger.count("customers_before"), ledger.count("purchases")
    assert (holders.sum(axis=1) == n).all()
    assert (purchases.sum(axis=2) <= holders).all()
    if "gone" in simulation.workspace.own:
        gone = simulation.workspace.own["gone"] > 0
        assert (ledger.firm("active")[-1, gone] == 0).all()
        assert not np.isin(simulation.customers("supplier"), np.flatnonzero(gone)).any()
    inactive = ledger.firm("active") == 0
    assert (purchases[:, :, :-1].sum(axis=1)[inactive] == 0).all()
    if not scenario.no_purchase_option:
        assert (purchases[:, :, -1] == 0).all()
    uncertainty, supplier = simulation.customers("uncertainty"), simulation.customers("supplier")
    assert ((uncertainty >= 0) & (uncertainty <= 1)).all()
    assert ((supplier >= -1) & (supplier < len(scenario.firms))).all()
    shares = {m.name: m.function(ledger) for m in FIRM_MEASURES}["market_share"]
    bought = purchases[:, :, :-1].sum(axis=(1, 2)) > 0
    np.testing.assert_allclose(shares[bought].sum(axis=1), 1.0)


#: Means over customers of whom there may be none, though their unit is one of counts.
MEANS = {"acquisition_contacts_per_customer"}

#: Shares of something that they may be more than, and differences of shares.
BEYOND_ONE = {"switching_cost_to_price", "fit_gap_closed", "need_variance_explained"}


@settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
@given(scenario=scenarios(), seed=st.integers(0, 10**6))
def test_measures_are_numbers_within_their_range(scenario, seed):
    """Counts, money and prices are always there; what has nothing to divide by is no number."""
    simulation = played(scenario, seed=seed)
    always = {"cash", "cumulative_profit", "price", "net_present_value", "points_liability"}
    for level in ("firm", "market"):
        for m in measures(level, simulation.mechanisms):
            values = np.asarray(m.function(simulation.ledger), dtype=float)
            assert not np.isinf(values).any(), m.name
            counted = m.unit in ("per period", "customers", "currency per period")
            if (counted and m.name not in MEANS) or m.name in always:
                assert not np.isnan(values).any(), m.name
            there = values[~np.isnan(values)]
            if m.unit in ("per period", "customers"):
                assert (there >= 0).all(), m.name
            if m.unit in ("share", "share per period") and m.name not in BEYOND_ONE:
                low = -1.0 if m.name.startswith("net_promoter_score") else 0.0
                assert (there >= low - 1e-9).all(), m.name
                assert (there <= 1 + 1e-9).all(), m.name
            if m.unit == "score 0-10" and m.name != "perception_gap":
                room = 9.0 * largest_spread(scenario)  # of contacts: the score does not limit them
                assert ((there >= -1e-6 - room) & (there <= 10 + 1e-6 + room)).all(), m.name


def largest_spread(scenario):
    """Return the largest standard deviation of performance in a contact."""
    given = [
        3.0 if place.sd is None else place.sd
        for firm in scenario.firms.values()
        for place in firm.touchpoints.values()
    ]
    return max(given, default=0.0)


def test_customers_of_a_period_are_the_holders_of_the_next_who_stayed_in_the_market():
    ledger = played(lively(customers=3000, periods=10)).ledger
    after = {m.name: m.function(ledger) for m in FIRM_MEASURES}["customers"]
    before = ledger.total("customers_before")[1:, 1:] + ledger.total("left")[1:, 1:]
    np.testing.assert_allclose(after[:-1], before)


@settings(max_examples=examples(60))
@given(scenario=scenarios(), seed=st.integers(0, 10**6))
def test_revenue_is_the_sum_of_prices_paid_in_every_period_of_every_market(scenario, seed):
    simulation = Simulation(scenario, seed=seed, observers=("panel",))
    simulation.warm_up()
    while not simulation.finished:
        simulation.step()
        choice, price = simulation.customers("panel_choice"), simulation.customers("panel_price")
        amount = bought_units(simulation) * price.astype(float)
        paid = [amount[f][choice == f].sum() for f in range(len(scenario.firms))]
        assert simulation.ledger.count("revenue")[-1] == pytest.approx(paid, rel=1e-6, abs=1e-6)


def test_revenue_is_the_sum_of_prices_paid():
    alike = lively(customers=700, periods=5).override({"segments.Far.volume": 1.0})
    result = cx.run(alike, panel=700)
    panel = result.panel[result.panel["choice"] != "no_purchase"]
    paid = panel.apply(lambda row: row[f"price_{row['choice']}"], axis=1)
    expected = paid.groupby([panel["period"], panel["choice"]]).sum() * (100000 / 700)
    got = result.firms.set_index(["period", "firm"])["revenue"]
    for place, value in expected.items():
        assert got[place] == pytest.approx(value, rel=1e-6)


def sizes(simulation):
    return np.bincount(simulation.customers("segment")).tolist()


@pytest.mark.parametrize("engine", ["columnar", "agents"])
def test_a_newcomer_belongs_to_the_segment_of_the_customer_it_replaces(engine):
    """A segment that customers leave keeps its size beside one that nobody leaves."""
    scenario = cx.Scenario.load(
        "baseline",
        {
            "customers": 300,
            "periods": 30,
            "segments.Comfort.exit_rate": 0.2,
            "segments.Performance.exit_rate": 0.0,
        },
    )
    run = cx.Market(scenario, engine=engine, rng=1).simulation
    start, entered = sizes(run), run.customers("entry_period").copy()
    assert min(start) > 100
    for _ in range(30):
        run.step()
        assert sizes(run) == start
    replaced = run.customers("entry_period") > entered
    comfort = run.customers("segment") == list(run.workspace.tables.segments).index("Comfort")
    assert replaced[comfort].mean() > 0.98
    assert not replaced[~comfort].any()


@settings(max_examples=examples(30))
@given(scenario=scenarios(), seed=st.integers(0, 10**6))
def test_segments_keep_their_sizes_in_every_market(scenario, seed):
    simulation = Simulation(scenario, seed=seed)
    start = simulation.customers("segment").copy()
    while not simulation.finished:
        simulation.step()
    np.testing.assert_array_equal(simulation.customers("segment"), start)


def test_uncertainty_never_rises_without_forgetting_or_drift():
    scenario = lively(customers=400).override(
        {
            "firms.*.forgetting_rate": 0.0,
            "segments.*.exit_rate": 0.0,
            "segments.Far.exit_rate_beta": None,
        }
    )
    simulation = Simulation(scenario)
    before = simulation.customers("uncertainty")
    while not simulation.finished:
        simulation.step()
        after = simulation.customers("uncertainty")
        assert (after <= before).all()
        before = after
    assert (before < 1).any()


def test_share_falls_in_the_own_price_and_rises_in_a_rivals():
    base = lively(customers=20000, periods=4)
    dearer = base.override({"firms.Tailor.price": 12.0})
    a, b = cx.run(base), cx.run(dearer)
    change = (
        b.firms.groupby("firm")["market_share"].mean()
        - a.firms.groupby("firm")["market_share"].mean()
    )
    assert change["Tailor"] < 0
    assert change["Mass"] > 0
    assert change["Niche"] > 0


def test_one_customer_and_one_firm():
    result = cx.run(market(firms={"Only": firm()}, customers=1))
    assert result.firms["market_share"].tolist() == [1.0] * 6


def test_no_price_sensitivity_is_pure_chance():
    scenario = market(
        firms={"Ann": firm(price=1.0), "Bob": firm(price=99.0)},
        segments={"All": {"share": 1.0, "price_sensitivity": 0.0}},
        customers=20000,
        periods=1,
    )
    share = cx.run(scenario).firms["market_share"].iloc[0]
    assert share == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(20000))


def test_a_switching_cost_so_large_that_nobody_moves():
    scenario = market(segments={"All": {"share": 1.0, "switching_cost": 1e6}}, customers=2000)
    assert cx.run(scenario).firms["customers_lost_to_rivals"].sum() == 0


def test_needs_without_variance_fit_a_product_at_their_place():
    scenario = market(
        segments={"All": {"share": 1.0, "need_sd": 0.0, "fit_weight": 1.0}}, customers=300
    )
    assert (cx.run(scenario).firms["fit_gap"] == 0).all()


def test_without_learning_nobody_knows_anybody():
    result = cx.run(lively(customers=500, learning_rate=0.0))
    assert (result.firms["customer_knowledge"] == 0).all()


@pytest.mark.parametrize("outside", [True, False])
def test_once_all_firms_have_left_nobody_buys(outside):
    scenario = market(
        no_purchase_option=outside,
        customers=500,
        events=[{"at": 2, "set": {"firms.*.active": False}}],
    )
    result = cx.run(scenario)
    late = result.firms[result.firms["period"] >= 2]
    assert (late["purchases"] == 0).all()
    assert (late["profit"] == 0).all()
    if outside:
        assert (result.market["no_purchase_share"][2:] == 1).all()
    else:
        assert result.market["no_purchase_share"][2:].isna().all()


def test_customers_with_identical_options_take_the_first_in_name_order_only_by_chance():
    scenario = market(firms={"Zoe": firm(), "Abe": firm()}, customers=20000, periods=1)
    share = cx.run(scenario).firms.set_index("firm")["market_share"]
    assert share["Zoe"] == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(20000))


def test_parts_of_the_switching_cost_add_up_and_may_be_negative():
    premium = lively(customers=2000, periods=12).override(
        {"firms.*.personal_premium": 0.8, "segments.*.switching_cost": 0.0}
    )
    firms = cx.run(premium).firms
    parts = firms[["switching_procedural", "switching_financial", "switching_relational"]]
    np.testing.assert_allclose(parts.sum(axis=1), firms["switching_cost"])
    assert (firms.query("firm == 'Tailor'")["switching_financial"] < 0).all()


@pytest.mark.parametrize("changes", [{}, {"self_discovery": {}}], ids=["core", "perceived_utility"])
def test_a_firms_switching_cost_is_the_mean_of_its_customers(changes):
    result = cx.run(lively(customers=900, **changes), probes=["customers"])
    each = result.customers.groupby("supplier")["switching_cost"].mean()
    last = result.firms[result.firms["period"] == 5].set_index("firm")["switching_cost"]
    for name in last.index:
        assert last[name] == pytest.approx(each[name], rel=1e-5)


def test_profit_is_what_revenue_leaves():
    scenario = lively(customers=1500).override(
        {
            "firms.*.capability_cost": 50.0,
            "firms.*.capability_investment": 1000.0,
            "events": [{"at": 2, "set": {"firms.Mass.interaction": 0.6}}],
        }
    )
    f = cx.run(scenario).firms
    costs = f[
        [
            "cost_of_goods_sold",
            "contact_cost",
            "service_cost",
            "capability_overhead",
            "capability_investment",
        ]
    ].sum(axis=1)
    np.testing.assert_allclose(f["profit"], f["revenue"] - costs)
    invested = f.query("firm == 'Mass'").set_index("period")["capability_investment"]
    assert invested[2] == pytest.approx(500.0)
    assert invested.drop(2).sum() == 0
    np.testing.assert_allclose(
        f.query("firm == 'Mass'")["capability_overhead"].iloc[0], 50.0 * (0.1**2 + 0.1**2)
    )


def test_consumer_surplus_falls_when_prices_rise():
    cheap = lively(customers=5000)
    dear = cheap.override({"firms.*.price": 14.0})
    assert (
        cx.run(dear).market["consumer_surplus"].sum()
        < cx.run(cheap).market["consumer_surplus"].sum()
    )


def test_every_measure_is_documented_and_named_once():
    for level in ("firm", "market"):
        names = [m.name for m in measures(level)]
        assert len(names) == len(set(names))
        for m in measures(level):
            assert m.label
            assert m.unit
            assert m.function.__doc__
