"""Closed forms of whole markets: prices, retention, diffusion and repeat buying."""

from __future__ import annotations

import numpy as np
import pytest

from cxsim.analytic import (
    bass_diffusion,
    bass_peak,
    dirichlet_buying,
    dirichlet_switching,
    fit_survival,
    logit_bertrand,
    logit_shares,
    loyalty_prices,
    posted_prices,
    survival,
)

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
    own, rival, paid, repeat = loyalty_prices(
        loyalty, price_sensitivity=a, discount_factor=B, cost=cost
    )

    def stays(own, rival):
        return 1.0 / (1.0 + np.exp(-(loyalty - a * (own - rival))))

    q = stays(own, rival)
    assert q == pytest.approx(repeat, rel=1e-12)
    assert paid == pytest.approx(q * own + (1.0 - q) * rival)
    # What a firm is worth that has the customer, and one that has not, from the flows alone.
    flows = [q * (own - cost), (1.0 - q) * (rival - cost)]
    has, lacks = np.linalg.solve(np.eye(2) - B * np.array([[q, 1 - q], [1 - q, q]]), flows)
    tried = np.linspace(-30.0, 30.0, 1_200_001)
    keeps, wins = stays(tried, rival), 1.0 - stays(own, tried)
    as_owner = keeps * (tried - cost + B * has) + (1.0 - keeps) * B * lacks
    as_rival = wins * (tried - cost + B * has) + (1.0 - wins) * B * lacks
    assert as_owner.max() == pytest.approx(has, rel=1e-8)
    assert as_rival.max() == pytest.approx(lacks, rel=1e-8)
    assert tried[as_owner.argmax()] == pytest.approx(own, abs=6e-5)
    assert tried[as_rival.argmax()] == pytest.approx(rival, abs=6e-5)


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
    tried = np.linspace(game.own.min() - 1.0, game.own.max() + 3.0, 801)
    n, dearer = bases[:, None], tried - game.rival[:, None]
    stay = 1.0 / (1.0 + np.exp(a * dearer - loyalty))
    come = 1.0 / (1.0 + np.exp(a * dearer + loyalty))
    share = n * stay + (1.0 - n) * come
    margin = (tried - cost) * share
    value = np.zeros(len(bases))
    for _ in range(150):
        outcome = margin + B * np.interp(share, bases, value)
        value = outcome.max(axis=1)
    assert value == pytest.approx(game.value, rel=2e-4)
    # The grid's value is kinked at its points; the best price is known to about its steps.
    assert tried[outcome.argmax(axis=1)] == pytest.approx(game.own, abs=0.05)


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
    ],
)
def test_posted_prices_refuse_what_is_no_game(setting, message):
    chosen = {"loyalty": 0.5} | setting
    with pytest.raises(ValueError, match=message):
        posted_prices(chosen.pop("loyalty"), **chosen)


# --- retention ------------------------------------------------------------------------------

# Fader & Hardie (2007): customers left of 1000 after 0 to 12 years.
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173]


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.16), (REGULAR, 0.704, 1.182, -1680.27)],
)
def test_seven_years_of_fader_and_hardies_customers(survivors, alpha, beta, log_likelihood):
    fit = fit_survival(survivors[:8])
    assert (round(fit.alpha, 3), round(fit.beta, 3)) == (alpha, beta)
    assert round(fit.log_likelihood, 2) == log_likelihood
    # The five years that the fit has not seen, to 2 points.
    later = survival(np.arange(8, 13), alpha=fit.alpha, beta=fit.beta)
    assert later == pytest.approx(np.array(survivors[8:]) / 1000, abs=0.02)


def test_survival_of_high_end_customers():
    curve = survival([0, 1, 2, 3, 12], alpha=0.668, beta=3.806)
    assert curve.round(3).tolist() == [1.0, 0.851, 0.747, 0.670, 0.378]


def test_survival_is_that_of_customers_who_each_leave_at_their_own_rate():
    rng = np.random.default_rng(2)
    chance = rng.beta(0.9, 2.5, size=400_000)
    left_after = rng.geometric(chance)
    periods = np.arange(12)
    share = (left_after[:, None] > periods).mean(axis=0)
    error = np.sqrt(share * (1.0 - share) / len(chance))
    assert (abs(share - survival(periods, alpha=0.9, beta=2.5)) <= 4.0 * error).all()


def test_the_log_likelihood_is_that_of_the_beta_geometric_distribution():
    from scipy.special import betaln

    fit = fit_survival(REGULAR[:8])
    left = -np.diff(REGULAR[:8])
    t = np.arange(1, 8)
    base = betaln(fit.alpha, fit.beta)
    went = left @ (betaln(fit.alpha + 1.0, fit.beta + t - 1.0) - base)
    stayed = REGULAR[7] * (betaln(fit.alpha, fit.beta + 7.0) - base)
    assert fit.log_likelihood == pytest.approx(went + stayed, rel=1e-12)


@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 0.3), (0.7, 1.2), (3.0, 20.0), (40.0, 25.0)])
def test_a_fit_finds_the_parameters_a_curve_was_made_of(alpha, beta):
    fit = fit_survival(1e6 * survival(np.arange(9), alpha=alpha, beta=beta))
    assert (fit.alpha, fit.beta) == pytest.approx((alpha, beta), rel=1e-4)


def test_no_other_parameters_are_likelier():
    fit = fit_survival(HIGH_END)
    left, kept = -np.diff(HIGH_END), HIGH_END[-1]
    for alpha, beta in [(1.02, 1.0), (0.98, 1.0), (1.0, 1.02), (1.0, 0.98), (1.02, 1.02)]:
        curve = survival(np.arange(13), alpha=alpha * fit.alpha, beta=beta * fit.beta)
        other = left @ np.log(-np.diff(curve)) + kept * np.log(curve[-1])
        assert other < fit.log_likelihood


@pytest.mark.parametrize(
    ("survivors", "message"),
    [
        ([1000, 800], "survivors: expected counts at three times or more, found 2"),
        ([1000, 800, 900], "survivors: expected counts that never rise, found 900 after 800"),
        ([1000, 500, 250, 125], "survivors: expected a retention that rises with tenure"),
        ([1000, 900, 700, 400], "survivors: expected a retention that rises with tenure"),
        ([1000, 800, 800, 800], "survivors: expected customers who leave after the first period"),
        ([1000, 1000, 1000], "survivors: expected customers who leave after the first period"),
        ([1000, 0, 0], "survivors: expected customers who leave after the first period"),
        ([1000, -3, 0], "survivors: expected finite numbers of at least 0, found -3"),
    ],
)
def test_a_fit_refuses_counts_that_determine_no_curve(survivors, message):
    with pytest.raises(ValueError, match=message):
        fit_survival(survivors)


def test_survival_refuses_parameters_that_are_not_above_zero():
    with pytest.raises(ValueError, match="beta: expected finite numbers above 0, found 0"):
        survival(3, alpha=1.0, beta=0.0)


# --- diffusion --------------------------------------------------------------------------------


def test_diffusion_is_that_of_people_who_meet_at_random():
    rng = np.random.default_rng(3)
    runs, people, reach, tell_rate, contacts, periods = 40, 10_000, 0.02, 0.15, 3, 15
    total = np.zeros((runs, periods))
    for run in range(runs):
        adopted = np.zeros(people, dtype=bool)
        for t in range(periods):
            met = rng.integers(people, size=(people, contacts))
            told = (adopted[met] & (rng.random(met.shape) < tell_rate)).any(axis=1)
            adopted |= told | (rng.random(people) < reach)
            total[run, t] = adopted.sum()
    expected = np.cumsum(
        bass_diffusion(periods, reach=reach, tell_rate=tell_rate, contacts=contacts, market=people)
    )
    error = total.std(axis=0, ddof=1) / np.sqrt(runs)
    assert (error < 0.005 * people).all()
    assert (abs(total.mean(axis=0) - expected) < 4.0 * error).all()


def test_first_periods_of_diffusion_by_hand():
    # 10 % by advertising; then 90 left, each with a chance of 1 - .9 (1 - .5 .1)^2 = .18775.
    new = bass_diffusion(2, reach=0.1, tell_rate=0.5, contacts=2, market=100.0)
    assert new == pytest.approx([10.0, 90.0 * 0.18775])


def test_in_short_periods_diffusion_is_basss_curve():
    p, q, step = 0.03, 0.38, 1e-3
    new = bass_diffusion(30_000, reach=p * step, tell_rate=q * step)
    t = step * np.arange(1, 30_001)
    fallen = np.exp(-(p + q) * t)
    assert np.cumsum(new) == pytest.approx((1.0 - fallen) / (1.0 + q / p * fallen), abs=2e-4)
    assert t[new.argmax()] == pytest.approx(bass_peak(p, imitation=q), abs=2 * step)


def test_the_peak_is_at_the_start_where_few_imitate():
    assert bass_peak([0.1, 0.2], imitation=0.1).tolist() == [0.0, 0.0]
    assert bass_peak(0.03, imitation=0.38) == pytest.approx(np.log(0.38 / 0.03) / 0.41)


def test_nobody_adopts_what_nobody_hears_of():
    assert bass_diffusion(5, reach=0.0, tell_rate=1.0).tolist() == [0.0] * 5


def test_diffusion_takes_many_markets_at_once():
    reach, tell_rate = np.array([0.01, 0.2]), np.array([[0.3], [0.9], [0.0]])
    new = bass_diffusion(6, reach=reach, tell_rate=tell_rate, market=50.0)
    assert new.shape == (3, 2, 6)
    assert new[1, 0] == pytest.approx(bass_diffusion(6, reach=0.01, tell_rate=0.9, market=50.0))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"reach": 1.1}, "reach: expected numbers from 0 to 1, found 1.1"),
        ({"tell_rate": -0.1}, "tell_rate: expected numbers from 0 to 1, found -0.1"),
        ({"periods": 2.5}, "periods: expected a whole number of at least 0, found 2.5"),
        ({"periods": -1}, "periods: expected a whole number of at least 0, found -1"),
    ],
)
def test_diffusion_refuses_what_is_no_chance(setting, message):
    chosen = {"periods": 3, "reach": 0.1, "tell_rate": 0.2} | setting
    with pytest.raises(ValueError, match=message):
        bass_diffusion(chosen.pop("periods"), **chosen)


def test_the_peak_needs_somebody_who_starts():
    with pytest.raises(ValueError, match="innovation: expected finite numbers above 0, found 0"):
        bass_peak(0.0, imitation=0.4)


# --- repeat buying ------------------------------------------------------------------------------

SHAPES = np.array([0.6, 0.3, 0.2, 0.1])  # of brand tastes: shares .5, .25, .167, .083, S = 1.2


@pytest.mark.parametrize("purchases", [0.004, 0.5, 3.0, 40.0])
@pytest.mark.parametrize("rate_shape", [0.3, 0.6, 1.5, 20.0])
def test_penetration_is_the_sum_over_numbers_of_purchases(purchases, rate_shape):
    from scipy.stats import betabinom, nbinom

    n = np.arange(20_000)
    often = nbinom.pmf(n, rate_shape, rate_shape / (rate_shape + purchases))
    none_of_n = betabinom.pmf(0, n, SHAPES[:, None], SHAPES.sum() - SHAPES[:, None])
    market = dirichlet_buying(SHAPES, purchases=purchases, purchase_rate_shape=rate_shape)
    assert market.penetration == pytest.approx((1.0 - none_of_n) @ often, rel=1e-8)


@pytest.mark.parametrize(("share", "total"), [(0.3, 1e7), (0.01, 1e6), (0.9, 1e-7), (0.2, 1e-9)])
def test_customers_all_alike_or_each_loyal_to_one_firm_are_the_limits(share, total):
    shapes = total * np.array([share, 1.0 - share])
    market = dirichlet_buying(shapes, purchases=3.0, purchase_rate_shape=0.5)
    if total > 1.0:
        expected = 1.0 - (1.0 + 3.0 * share / 0.5) ** -0.5
    else:
        expected = share * (1.0 - (1.0 + 3.0 / 0.5) ** -0.5)
    assert market.penetration[0] == pytest.approx(expected, rel=1e-5)


def test_markets_on_which_a_hypergeometric_series_fails_are_right():
    # Beta-binomial purchases of a firm with a share of 1 % in a category bought very often.
    from scipy.stats import betabinom, nbinom

    n = np.arange(400)
    often = nbinom.pmf(n, 10.0, 10.0 / 40.0)
    expected = 1.0 - often @ betabinom.pmf(0, n, 0.5, 49.5)
    market = dirichlet_buying([0.5, 49.5], purchases=30.0, purchase_rate_shape=10.0)
    assert market.penetration[0] == pytest.approx(expected, rel=1e-9)


def test_repeat_buying_is_that_of_customers_with_log_gamma_tastes_and_gamma_rates():
    rng = np.random.default_rng(4)
    customers, occasions, purchases, rate_shape, a = 100_000, 60, 2.5, 0.8, 2.0
    taste = np.log(rng.gamma(SHAPES, size=(customers, len(SHAPES)))) / a
    rate = rng.gamma(rate_shape, purchases / rate_shape, size=customers)
    number = np.minimum(rng.poisson(rate), occasions)
    bought = np.zeros(taste.shape, dtype=int)
    moves = np.zeros((len(SHAPES), len(SHAPES)))
    before = None
    for k in range(number.max()):
        # Everybody has a favourite of the occasion; only who buys that often is counted.
        brand = (a * taste + rng.gumbel(size=taste.shape)).argmax(axis=1)
        buys = k < number
        bought[buys, brand[buys]] += 1
        if k == 1:
            np.add.at(moves, (before, brand), 1)
        before = brand
    expected = dirichlet_buying(SHAPES, purchases=purchases, purchase_rate_shape=rate_shape)
    penetration = (bought > 0).mean(axis=0)
    error = np.sqrt(penetration * (1.0 - penetration) / customers)
    assert (abs(penetration - expected.penetration) < 4.0 * error).all()
    for j in range(len(SHAPES)):
        often = bought[bought[:, j] > 0, j]
        error = often.std() / np.sqrt(len(often))
        assert abs(often.mean() - expected.frequency[j]) < 4.0 * error
    matrix = dirichlet_switching(SHAPES)
    rows = moves.sum(axis=1, keepdims=True)
    error = np.sqrt(matrix * (1.0 - matrix) / rows)
    assert (abs(moves / rows - matrix) < 4.0 * error).all()


def test_small_brands_have_fewer_buyers_who_buy_less_often():
    market = dirichlet_buying(SHAPES, purchases=4.0, purchase_rate_shape=1.0)
    assert (np.diff(market.penetration) < 0).all()  # double jeopardy: shares fall along the row
    assert (np.diff(market.frequency) < 0).all()
    assert market.penetration * market.frequency == pytest.approx(4.0 * SHAPES / SHAPES.sum())


def test_a_brand_alone_has_every_buyer_of_the_category():
    market = dirichlet_buying([0.7], purchases=3.0, purchase_rate_shape=0.5)
    assert market.penetration == pytest.approx(1.0 - (1.0 + 3.0 / 0.5) ** -0.5, rel=1e-12)


def test_switching_is_between_pure_chance_and_pure_loyalty():
    share = SHAPES / SHAPES.sum()
    assert dirichlet_switching(SHAPES).sum(axis=1) == pytest.approx(1.0)
    assert share @ dirichlet_switching(SHAPES) == pytest.approx(share)
    assert dirichlet_switching(1e9 * SHAPES) == pytest.approx(np.tile(share, (4, 1)))
    assert dirichlet_switching(1e-9 * SHAPES) == pytest.approx(np.eye(4), abs=1e-8)


def test_repeat_buying_takes_many_periods_at_once():
    market = dirichlet_buying(SHAPES, purchases=[0.1, 1.0, 9.0], purchase_rate_shape=1.0)
    assert market.penetration.shape == (3, 4)
    one = dirichlet_buying(SHAPES, purchases=9.0, purchase_rate_shape=1.0)
    assert market.frequency[2] == pytest.approx(one.frequency)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"taste_shape": [1.0, 0.0]}, "taste_shape: expected finite numbers above 0, found 0"),
        ({"taste_shape": 1.0}, "taste_shape: expected one number per firm, found shape"),
        ({"purchases": 0.0}, "purchases: expected finite numbers above 0, found 0"),
        ({"purchase_rate_shape": -1.0}, "purchase_rate_shape: expected finite numbers of at"),
    ],
)
def test_repeat_buying_refuses_what_is_no_market(setting, message):
    chosen = {"taste_shape": [1.0, 0.5], "purchases": 1.0, "purchase_rate_shape": 1.0} | setting
    with pytest.raises(ValueError, match=message):
        dirichlet_buying(chosen.pop("taste_shape"), **chosen)
