"""Equilibrium prices: static, for each customer, and posted with the customer base as state."""

from __future__ import annotations

import numpy as np
import pytest

from cxsim.analytic import logit_bertrand, loyalty_prices, posted_prices, switching_chances
from lab.validation.deviations import best_loyalty_prices, best_plan, best_static_price

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
    price, _ = logit_bertrand(cost, quality=quality, price_sensitivity=a, outside=outside)
    for firm in range(3):
        best = best_static_price(
            firm, price, quality=quality, cost=cost, price_sensitivity=a, outside=outside
        )
        assert best.gain <= 1e-12
        assert best.price == pytest.approx(price[firm], abs=5.1e-4)


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
        ({"quality": [1.0]}, "quality: expected two firms or more without a no-purchase option"),
        ({"quality": 1.0}, "quality: expected one number per firm"),
        ({"quality": [1.0, 1.0], "price_sensitivity": 0.0}, "price_sensitivity: expected finite"),
        ({"quality": [1.0, np.nan]}, "quality: expected finite numbers, found nan"),
        ({"quality": [1.0, 1.0], "outside": np.inf}, "outside: expected finite numbers"),
    ],
)
def test_price_equilibria_refuse_what_has_none(setting, message):
    with pytest.raises(ValueError, match=message):
        logit_bertrand(1.0, **setting)


# --- a price for every customer: two firms, a customer loyal to one ---------------------------

LOYALTY = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0])


@pytest.mark.parametrize(
    ("discount_factor", "margins"),
    [
        (0.9, [2, 1.7272, 1.5059, 1.1937, 1.0121, 0.9169, 0.8773, 0.8739, 0.9324, 1.0403]),
        (0.0, [2, 2.0277, 2.1095, 2.4201, 2.8912, 3.4802, 4.1532, 4.8864, 6.4737, 8.1643]),
    ],
)
def test_mean_margins_by_loyalty(discount_factor, margins):
    prices = loyalty_prices(
        LOYALTY, price_sensitivity=2.0, discount_factor=discount_factor, cost=0.3
    )
    assert (2.0 * (prices.paid - 0.3)).round(4).tolist() == margins


@pytest.mark.parametrize("loyalty", [0.0, 0.8, 2.5, 6.0])
@pytest.mark.parametrize("discount_factor", [0.0, 0.5, 0.9])
def test_no_price_for_one_customer_can_be_bettered(loyalty, discount_factor):
    a, cost, B = 1.5, 0.2, discount_factor
    setting = {"price_sensitivity": a, "discount_factor": B, "cost": cost}
    found = loyalty_prices(loyalty, **setting)
    own, rival, paid, repeat = found
    q = 1.0 / (1.0 + np.exp(-(loyalty - a * (own - rival))))
    assert q == pytest.approx(repeat, rel=1e-12)
    assert paid == pytest.approx(q * own + (1.0 - q) * rival)
    as_owner, as_rival = best_loyalty_prices(found, loyalty, **setting)
    assert (as_owner.gain, as_rival.gain) == (
        pytest.approx(0, abs=1e-8),
        pytest.approx(0, abs=1e-8),
    )
    assert as_owner.price == pytest.approx(own, abs=6e-5)
    assert as_rival.price == pytest.approx(rival, abs=6e-5)


def test_mean_price_falls_then_rises_in_loyalty():
    B, a = 0.9, 0.5
    x = np.sqrt((1.0 + B) / (1.0 - B))
    loyalty = np.linspace(0.0, 12.0, 120_001)
    paid = loyalty_prices(loyalty, price_sensitivity=a, discount_factor=B, cost=0.0).paid
    assert paid.min() == pytest.approx(2.0 / a * np.sqrt(1.0 - B**2), rel=1e-9)
    assert loyalty[paid.argmin()] == pytest.approx(np.log(x) + x - 1.0 / x, abs=2e-4)


def test_firms_that_do_not_look_ahead_charge_more_the_more_loyal_customers_are():
    paid = loyalty_prices(LOYALTY, price_sensitivity=1.0, discount_factor=0.0, cost=0.0).paid
    assert (np.diff(paid) > 0).all()


def test_extreme_loyalty_keeps_its_precision():
    huge = loyalty_prices(1e8, price_sensitivity=1.0, discount_factor=0.0, cost=0.0)
    assert huge.own - huge.rival == pytest.approx(1e8, rel=1e-6)
    small = loyalty_prices(1e-9, price_sensitivity=1.0, discount_factor=0.0, cost=0.0)
    assert small.own - small.rival == pytest.approx(2e-9 / 3.0, rel=1e-6)  # g = 3 ln x nearby


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"loyalty": -1.0}, "loyalty: expected finite numbers of at least 0, found -1"),
        ({"price_sensitivity": 0.0}, "price_sensitivity: expected finite numbers above 0"),
        ({"discount_factor": 1.0}, "discount_factor: expected numbers from 0 to below 1, found 1"),
        ({"discount_factor": 1.1}, "discount_factor: expected numbers from 0 to 1, found 1.1"),
    ],
)
def test_loyalty_prices_refuse_what_has_no_value(setting, message):
    usual = {"loyalty": 1.0, "price_sensitivity": 1.0, "discount_factor": 0.9, "cost": 0.0}
    chosen = usual | setting
    with pytest.raises(ValueError, match=message):
        loyalty_prices(chosen.pop("loyalty"), **chosen)


# --- one posted price: two firms, the customer base as state ----------------------------------


@pytest.mark.parametrize(
    ("loyalty", "price"),
    [(0.0, 2.0), (0.25, 1.8804), (0.5, 1.8198), (1.0, 1.8872), (1.5, 2.2718)],
)
def test_posted_prices_at_equal_bases(loyalty, price):
    game = posted_prices(loyalty, discount_factor=0.9)
    assert round(float(game.own), 4) == price
    assert (game.rival, game.share) == (pytest.approx(game.own), pytest.approx(0.5))
    assert game.value == pytest.approx(0.5 * price / 0.1, abs=1e-3)
    assert game.gain < 1e-6


@pytest.mark.parametrize("loyalty", [0.0, 0.5, 1.2])
def test_posted_prices_of_firms_that_do_not_look_ahead(loyalty):
    game = posted_prices(loyalty, price_sensitivity=2.0, discount_factor=0.0, cost=0.7)
    q = 1.0 / (1.0 + np.exp(-loyalty))
    assert game.own == pytest.approx(0.7 + 1.0 / (2.0 * 2.0 * q * (1.0 - q)), rel=1e-9)


@pytest.mark.parametrize(("loyalty", "discount_factor"), [(0.5, 0.9), (1.25, 0.8)])
def test_no_plan_of_prices_is_better_against_the_rivals(loyalty, discount_factor):
    # The firm's best plan by value iteration on a grid, which knows nothing of polynomials.
    bases = np.linspace(0.0, 1.0, 201)
    a, cost, B = 2.0, 0.4, discount_factor
    game = posted_prices(loyalty, base=bases, price_sensitivity=a, discount_factor=B, cost=cost)
    assert game.rival == pytest.approx(game.own[::-1], rel=1e-12)
    plan = best_plan(game, bases, loyalty, price_sensitivity=a, discount_factor=B, cost=cost)
    assert plan.value == pytest.approx(game.value, rel=2e-4)
    # The grid's value is kinked at its points; the best price is known to about its steps.
    assert plan.price == pytest.approx(game.own, abs=0.05)


@pytest.mark.parametrize("form", ["cost", "bonus"])
@pytest.mark.parametrize("outside", [None, 0.3])
@pytest.mark.parametrize(
    ("quality", "cost", "purchase_rate"), [((1.0, 1.0), 0.4, 1.0), ((1.5, 1.0), (0.6, 0.2), 0.6)]
)
def test_no_plan_of_prices_is_better_whatever_else_customers_may_do(
    form, outside, quality, cost, purchase_rate
):
    # As above, with the chances of the brand-switching chain in place of the solver's own.
    bases = np.linspace(0.0, 1.0, 101)
    a, k, B = 1.3, 0.6, 0.85
    rules = {"quality": quality, "cost": cost, "outside": outside, "form": form}
    more = {"price_sensitivity": a, "discount_factor": B, "purchase_rate": purchase_rate}
    game = posted_prices(a * k, base=bases, **rules, **more)
    assert game.gain < 1e-6
    mirrored = {name: np.broadcast_to(rules[name], 2)[::-1] for name in ("quality", "cost")}
    other = posted_prices(a * k, base=1.0 - bases, **(rules | mirrored), **more)
    assert game.rival == pytest.approx(other.own, rel=1e-8)
    tried = np.linspace(game.own.min() - 1.0, game.own.max() + 2.0, 601)
    shape = (len(bases), len(tried))
    worth = np.empty((*shape, 2))
    worth[..., 0] = quality[0] - tried
    worth[..., 1] = quality[1] - game.rival[:, None]
    chances = switching_chances(
        worth, switching_cost=k, price_sensitivity=a, outside=outside, form=form
    )
    n, r = bases[:, None], purchase_rate
    sold = r * (n * chances[..., 0, 0] + (1.0 - n) * chances[..., 1, 0])
    ahead = n + r * ((1.0 - n) * chances[..., 1, 0] - n * chances[..., 0, 1])
    margin = (tried - np.broadcast_to(cost, 2)[0]) * sold
    value = np.zeros(len(bases))
    for _ in range(150):
        outcome = margin + B * np.interp(ahead, bases, value)
        value = outcome.max(axis=1)
    assert value == pytest.approx(game.value, rel=5e-4)
    assert tried[outcome.argmax(axis=1)] == pytest.approx(game.own, abs=0.05)


def test_without_loyalty_prices_are_the_static_ones():
    setting = {"quality": [1.0, 0.4], "outside": 0.2, "price_sensitivity": 1.5}
    game = posted_prices(0.0, cost=0.3, **setting)
    static = logit_bertrand(0.3, **setting)
    assert [game.own, game.rival] == pytest.approx(static.price)


def test_the_firm_with_the_larger_base_asks_more_than_its_rival_and_shrinks():
    bases = np.linspace(0.5, 1.0, 11)[1:]
    game = posted_prices(1.0, base=bases)
    assert (game.own > game.rival).all()
    assert (game.share < bases).all()


# At 2.5 without foresight all first-order conditions hold, yet a firm gains .8 % by another price;
# at 4 not even those can be met by smooth prices.
@pytest.mark.parametrize(("loyalty", "discount_factor"), [(2.5, 0.0), (4.0, 0.9)])
def test_prices_that_are_no_equilibrium_are_refused(loyalty, discount_factor):
    with pytest.raises(ValueError, match="loyalty: expected one at which smooth prices are an"):
        posted_prices(loyalty, discount_factor=discount_factor)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"loyalty": -0.1}, "loyalty: expected finite numbers of at least 0, found -0.1"),
        ({"loyalty": [1.0]}, "loyalty: expected one number, found shape"),
        ({"price_sensitivity": 0.0}, "price_sensitivity: expected a number above 0, found 0"),
        ({"discount_factor": 1.0}, "discount_factor: expected a number from 0 to below 1"),
        ({"base": 1.2}, "base: expected numbers from 0 to 1, found 1.2"),
        ({"purchase_rate": 0.0}, "purchase_rate: expected a number above 0, found 0"),
        ({"form": "fee"}, "form: expected 'cost' or 'bonus', found 'fee'"),
        ({"quality": [1.0, 2.0, 3.0]}, "quality: expected one number or two, found shape"),
    ],
)
def test_posted_prices_refuse_what_is_no_game(setting, message):
    chosen = {"loyalty": 0.5} | setting
    with pytest.raises(ValueError, match=message):
        posted_prices(chosen.pop("loyalty"), **chosen)
