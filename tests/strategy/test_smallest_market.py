"""The smallest market in which an investment pays: fixed costs do not grow with customers."""

from __future__ import annotations

import numpy as np
import pytest

import cxsim as cx
from cxsim.plot import alternative_text

SEEDS = 3
CHEAPER = {"changes": {"unit_cost": 10.0}, "one_off": 30_000, "running": 400, "start": 2}


def market(**changes):
    return cx.load("baseline", {"customers": 300, "periods": 24} | changes)


def with_programme(**changes):
    return market(**{"firms.Tailor.programmes.plant": CHEAPER | changes})


def smallest(invested, without=None, **given):
    return cx.smallest_market(without or market(), invested, firm="Tailor", seeds=SEEDS, **given)


def test_it_is_the_fixed_cost_over_the_gain_per_customer():
    # A lower unit cost changes no choice: the gain is the saving on what is sold anyway.
    firms = [cx.run(market(), seed=seed).firms.query("firm == 'Tailor'") for seed in range(SEEDS)]
    discount = 1.01 ** -np.arange(24)
    before = market().firms["Tailor"].unit_cost
    saved = np.where(np.arange(24) >= 2, before - 10.0, 0.0)
    gain = np.mean([(discount * saved * each["purchases"]).sum() for each in firms])
    spent = (30_000 * discount[2]) + 400 * discount[2:].sum()
    found = smallest(with_programme())
    assert found.fixed == pytest.approx(-spent)
    assert found.per_customer == pytest.approx(gain / 100_000)
    assert found.size == pytest.approx(100_000 * spent / gain)
    assert found.lower < found.size < found.upper


def test_a_market_of_that_size_breaks_even_when_it_is_simulated():
    found = smallest(with_programme())
    assert found.simulated.mean == pytest.approx(0.0, abs=1e-6)
    assert found.simulated.lower < 0.0 < found.simulated.upper


def test_a_gain_without_fixed_cost_pays_in_a_market_of_any_size():
    found = smallest(with_programme(one_off=0, running=0))
    assert found.size == 0.0
    assert "any size" in found.sentence()


def test_a_programme_that_costs_each_customer_money_pays_in_none():
    found = smallest(with_programme(changes={"unit_cost": 12.0}))
    assert found.size == np.inf
    assert "no size" in found.sentence()
    assert np.isnan(found.simulated.mean)


def test_the_figure_says_the_size_and_the_market_of_today():
    found = smallest(with_programme())
    assert alternative_text(cx.plot.market_size_curve(found)) == found.sentence()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"firms.Mass.policy.pricing": "adaptive"}, r"firms\.Mass: .* found a pricing policy"),
        ({"firms.Niche.credit_limit": 1000.0}, r"firms\.Niche: .* found a credit limit"),
    ],
)
def test_firms_that_decide_by_the_size_of_the_market_are_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        smallest(with_programme().override(changes), market(**changes))


def test_markets_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="market_size: expected the same in both"):
        smallest(with_programme().override({"market_size": 5_000}))
