"""No price runs away: what firms ask stays finite and below the limit that the scenario carries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markets import market

import cxsim as cx
from cxsim.firms.policy import PolicyError, PricingPolicy
from cxsim.model.core.money import price_limit
from cxsim.runs.simulation import Simulation
from examples import examples


class Greedy(PricingPolicy):
    """Ask more every period."""

    by: float = 1.5

    def decide(self, known):
        """Return the price."""
        return known.own["price"] * self.by


class Says(PricingPolicy):
    """Ask what one is told to."""

    price: float = 1.0

    def decide(self, known):
        """Return the price."""
        return ANSWERS.get(self.price, self.price)


class Sly(PricingPolicy):
    """Leave the price and ask for a premium."""

    def decide(self, known):
        """Return price and premium."""
        return {"price": 5.0, "personal_premium": 1e9}


#: What no file can hold, by what stands for it.
ANSWERS = {
    -1.0: math.nan,
    -2.0: math.inf,
    -3.0: -math.inf,
    -4.0: "dear",
    -5.0: {"price": [1, 2]},
    -6.0: 1e300,
}

GREEDY, SAYS, SLY = (f"{__name__}:{each.__name__}" for each in (Greedy, Says, Sly))


def duopoly(switching_cost=0.0, *, policy="best_response", firms="AB", world=None, **segment):
    segment = {"price_sensitivity": 1.0, "switching_cost": switching_cost, **segment}
    return cx.Scenario.from_dict(
        {
            "customers": 100,
            "periods": 40,
            "needs": 1,
            "firms": {
                name: {
                    "price": 5.0, "quality": 5.0, "unit_cost": 1.0, "policy": {"pricing": policy},
                }
                for name in firms
            },
            "segments": {"All": {"share": 1.0, **segment}},
        }
        | (world or {})
    )  # fmt: skip


def prices(scenario, **options):
    table = cx.run(scenario, seed=1, **options).firms.pivot(
        index="period", columns="firm", values="price"
    )
    return table.to_numpy()


def test_best_responses_to_locked_in_customers_climb_by_what_holds_them_and_no_faster():
    """Customers held by 10 EUR cannot be asked for more than some 10 EUR above the rival."""
    asked = prices(duopoly(10.0))
    rise = asked[1:] - asked[:-1].max(axis=1, keepdims=True)
    assert (rise < 10.0).all()
    assert asked[-1].max() < 500.0


def test_an_equilibrium_far_above_the_starting_price_is_not_cut_off():
    """Prices creep from 5 towards the fixed point of lasting lock-in, cost + 1 / (a s (1 - s))."""
    lock_in, cost = 5.0, 1.0
    scenario = duopoly(lock_in, world={"periods": 60, "customers": 300})
    asked = prices(scenario)
    stay = 1.0 / (1.0 + math.exp(-lock_in))
    equal = cost + 1.0 / (2.0 * stay * (1.0 - stay))  # 76, for firms of equal size
    assert 60.0 < asked[-1].mean() < 1.1 * equal
    assert (np.diff(asked.mean(axis=1)) > 0.0).mean() > 0.9
    assert equal < price_limit(scenario) / 10.0


def test_a_price_above_the_limit_stops_the_run_in_one_line():
    with pytest.raises(PolicyError) as caught:
        cx.run(duopoly(10.0, world={"price_limit": 50.0}))
    text = str(caught.value)
    assert text.startswith("firm 'A', pricing policy 'best_response', period ")
    assert "expected a price of at most 50 (price_limit), found 5" in text
    assert "no_purchase_option: true" in text
    assert "\n" not in text


@pytest.mark.parametrize("price", [1e12, -7.0, *ANSWERS])
def test_no_policy_of_a_users_own_asks_what_nobody_can_pay(price):
    with pytest.raises(PolicyError, match=r"firm 'A'.*period 0: expected a price of"):
        cx.run(duopoly(policy={"name": SAYS, "price": price}))


def test_a_premium_counts_as_price():
    with pytest.raises(
        PolicyError, match=r"expected a price of at most 5000 \(price_limit\), found 5"
    ):
        cx.run(duopoly(policy=SLY))


def test_what_the_file_states_is_within_the_default_limit_and_checked_against_a_stated_one():
    event = {"at": 3, "set": {"firms.A.price": 80_000.0}}
    scenario = duopoly(policy="fixed", world={"events": [event]})
    assert price_limit(scenario) == 8e7
    with pytest.raises(cx.ScenarioError, match=r"firms.A.price: expected a price of at most 100 "):
        duopoly(policy="fixed", world={"events": [event], "price_limit": 100.0})
    with pytest.raises(cx.ScenarioError, match=r"firms.B.price: expected a price of at most 4 "):
        duopoly(policy="fixed", world={"price_limit": 4.0})


def test_an_event_that_multiplies_price_and_premium_is_stopped_when_it_comes():
    event = {"at": 2, "set": {"firms.A.personal_premium": 30.0}}
    scenario = duopoly(policy="fixed", world={"events": [event], "price_limit": 100.0})
    with pytest.raises(PolicyError, match="firm 'A', period 2: expected a price of at most 100 "):
        cx.run(scenario)


def test_a_best_price_that_does_not_exist_is_refused_when_the_scenario_is_read():
    with pytest.raises(
        cx.ScenarioError, match="best_response: expected a rival or a no-purchase opt"
    ):
        duopoly(firms="A")
    duopoly(firms="A", world={"no_purchase_option": True})
    with pytest.raises(cx.ScenarioError, match=r"price_sensitivity of 0 \(segments.All\)"):
        duopoly(price_sensitivity=0.0)


# ---------------------------------------------------------------- whatever the market

POLICIES = {
    "best_response": {},
    "adaptive": {"step": st.sampled_from([0.02, 0.3]), "patience": st.sampled_from([1, 3])},
    GREEDY: {"by": st.sampled_from([0.9, 1.01, 1.5, 100.0])},
    SAYS: {"price": st.sampled_from([0.0, 7.0, 1e12, *ANSWERS])},
}


@st.composite
def markets(draw, policy, periods):
    number = st.floats(0.0, 20.0)
    settings = {name: draw(each) for name, each in POLICIES[policy].items()}
    names = [f"F{k}" for k in range(draw(st.integers(1, 3)))]
    outside = draw(st.booleans()) or (policy == "best_response" and len(names) == 1)
    rival = draw(st.sampled_from(["fixed", "adaptive"]))
    return cx.Scenario.from_dict(
        {
            "customers": 30,
            "periods": periods,
            "needs": 1,
            "no_purchase_option": outside,
            "firms": {
                name: {
                    "price": draw(number),
                    "quality": draw(number),
                    "unit_cost": draw(st.floats(0.0, 5.0)),
                    "interaction": draw(st.floats(0.0, 1.0)),
                    "policy": {
                        "pricing": {"name": policy, **settings} if k == 0 or draw(st.booleans())
                        else rival
                    },
                }
                for k, name in enumerate(names)
            },
            "segments": {
                name: {
                    "share": 0.5,
                    "price_sensitivity": draw(st.floats(0.05, 3.0)),
                    "price_sensitivity_cv": draw(st.sampled_from([0.0, 0.8])),
                    "switching_cost": draw(number),
                    "brand_taste_sd": draw(st.floats(0.0, 3.0)),
                    "exit_rate": draw(st.sampled_from([0.0, 0.05])),
                    "purchase_rate": draw(st.floats(0.05, 1.0)),
                }
                for name in ("One", "Two")
            },
        }
    )  # fmt: skip


def stays_in_bounds(scenario, seed):
    limit = price_limit(scenario)
    simulation = Simulation(scenario, seed=seed)
    arrays, stopped = simulation.workspace.tables.arrays, ""
    try:
        while not simulation.finished:
            simulation.step()
            assert np.isfinite(arrays["firm_price"]).all()
            assert (arrays["firm_price"] <= limit).all()
    except PolicyError as error:
        stopped = str(error)
    assert not stopped or "expected a price of" in stopped
    revenue = simulation.ledger.count("revenue")
    assert np.isfinite(revenue).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_prices_stay_below_the_limit_in_every_market(policy):
    @settings(max_examples=examples(8), suppress_health_check=list(HealthCheck), deadline=None)
    @given(scenario=markets(policy, 40), seed=st.integers(0, 10**6))
    def check(scenario, seed):
        stays_in_bounds(scenario, seed)

    check()


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_prices_stay_below_the_limit_for_a_thousand_periods(policy):
    @settings(max_examples=examples(6), suppress_health_check=list(HealthCheck), deadline=None)
    @given(scenario=markets(policy, 1000), seed=st.integers(0, 10**6))
    def check(scenario, seed):
        stays_in_bounds(scenario, seed)

    check()


@pytest.mark.parametrize(
    "periods", [60, pytest.param(1000, marks=pytest.mark.slow)], ids=["quick", "slow"]
)
@pytest.mark.parametrize("switching_cost", [0.0, 1.5])
def test_farsighted_prices_stay_below_the_limit(switching_cost, periods):
    asked = prices(
        duopoly(
            switching_cost,
            policy="farsighted",
            world={
                "periods": periods,
                "customers": 20,
                "initial": {name: {"share": 0.5} for name in "AB"},
            },
        )
    )
    assert np.isfinite(asked).all()
    assert asked.max() < 100.0


@pytest.mark.parametrize("start", [1.0, 5.0, 200.0])
def test_a_best_response_is_found_from_prices_at_which_hardly_anybody_buys(start):
    """Gains there are so small that the product of two of them is zero."""
    ann = {"price": start, "quality": 1.0, "unit_cost": 10.0}
    firms = {
        "Ann": ann | {"policy": {"pricing": "best_response"}},
        "Bob": {"price": 1.0, "quality": 0.0},
    }
    segment = {"All": {"share": 1.0, "price_sensitivity": 2.0}}
    world = {"customers": 100, "periods": 1, "no_purchase_option": True}
    found = cx.run(market(firms, segment, **world), seed=0).firms
    assert found.query("firm == 'Ann'")["price"].iloc[0] == pytest.approx(10.5, abs=1e-6)
