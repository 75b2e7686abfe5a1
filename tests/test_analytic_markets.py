"""Closed forms of whole markets: prices, retention, diffusion and repeat buying."""

from __future__ import annotations

import numpy as np
import pytest

from cxsim.analytic import logit_bertrand, logit_shares

# --- static prices ------------------------------------------------------------------------


@pytest.mark.parametrize("firms", [2, 3, 10])
def test_equal_firms_without_an_outside_option_charge_j_over_j_minus_one(firms):
    market = logit_bertrand(0.4, quality=np.full(firms, 3.0), price_sensitivity=0.5)
    assert market.price == pytest.approx(0.4 + firms / ((firms - 1) * 0.5), rel=1e-12)
    assert market.share == pytest.approx(1.0 / firms)


def test_two_firms_and_an_outside_option():
    price, share = logit_bertrand(1.0, quality=[1.0, 1.0], outside=0.0)
    assert price.round(6).tolist() == [2.226751, 2.226751]
    assert share[:2].round(6).tolist() == [0.184838, 0.184838]


@pytest.mark.parametrize("outside", [None, 0.5])
def test_no_firm_gains_by_another_price(outside):
    cost, quality = np.array([0.2, 1.0, 0.5]), np.array([1.0, 3.5, -0.6])
    a = 1.7
    price, share = logit_bertrand(cost, quality=quality, price_sensitivity=a, outside=outside)
    for firm in range(3):
        tried = np.tile(price, (20_001, 1))
        tried[:, firm] = cost[firm] + np.linspace(0.0, 10.0, 20_001)
        sold = logit_shares(quality - tried, price_sensitivity=a, outside=outside)[:, firm]
        profit = (tried[:, firm] - cost[firm]) * sold
        assert profit.max() <= (price[firm] - cost[firm]) * share[firm] * (1.0 + 1e-12)
        assert tried[profit.argmax(), firm] == pytest.approx(price[firm], abs=5.1e-4)


def test_a_monopolist_faces_the_outside_option_only():
    # a (p - c) = 1 + W(exp(a (d - c - v0) - 1)), with Lambert's function W.
    from scipy.special import lambertw

    price, share = logit_bertrand(0.5, quality=[2.0], price_sensitivity=2.0, outside=0.3)
    odds = lambertw(np.exp(2.0 * (2.0 - 0.5 - 0.3) - 1.0)).real
    assert price[0] == pytest.approx(0.5 + (1.0 + odds) / 2.0, rel=1e-12)
    assert share[0] == pytest.approx(odds / (1.0 + odds), rel=1e-12)


@pytest.mark.parametrize("lead", [0.0, 3.0, 40.0, 1e4])
@pytest.mark.parametrize("outside", [None, -2.0, 60.0])
def test_first_order_conditions_hold_however_unequal_firms_are(lead, outside):
    price, share = logit_bertrand(1.0, quality=[5.0 + lead, 5.0, 4.0], outside=outside)
    others = 1.0 - share[:3] if lead < 10 else np.append(share[1:].sum(), 1.0 - share[1:3])
    assert (price - 1.0) * others == pytest.approx(1.0, rel=1e-9)


def test_prices_of_many_markets_at_once_are_those_of_each():
    a, outside = np.array([0.5, 2.0]), np.array([[0.0], [1.0], [-3.0]])
    price, share = logit_bertrand(
        [1.0, 0.5], quality=[2.0, 1.0], price_sensitivity=a, outside=outside
    )
    assert (price.shape, share.shape) == ((3, 2, 2), (3, 2, 3))
    for i, j in np.ndindex(3, 2):
        one = logit_bertrand(
            [1.0, 0.5], quality=[2.0, 1.0], price_sensitivity=a[j], outside=outside[i, 0]
        )
        assert price[i, j] == pytest.approx(one.price, rel=1e-12)
        assert share[i, j] == pytest.approx(one.share, rel=1e-12)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"quality": [1.0]}, "quality: expected two firms or more without an outside option"),
        ({"quality": 1.0}, "quality: expected one number per firm"),
        ({"quality": [1.0, 1.0], "price_sensitivity": 0.0}, "price_sensitivity: expected finite"),
        ({"quality": [1.0, np.nan]}, "quality: expected finite numbers, found nan"),
        ({"quality": [1.0, 1.0], "outside": np.inf}, "outside: expected finite numbers"),
    ],
)
def test_price_equilibria_refuse_what_has_none(setting, message):
    with pytest.raises(ValueError, match=message):
        logit_bertrand(1.0, **setting)
