"""Retention, diffusion and repeat buying in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from cxsim.analytic import (
    bass_diffusion,
    bass_peak,
    dirichlet_buying,
    dirichlet_switching,
    fit_survival,
    survival,
)

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
    runs, people, reach, message_rate, contacts, periods = 40, 10_000, 0.02, 0.15, 3, 15
    total = np.zeros((runs, periods))
    for run in range(runs):
        adopted = np.zeros(people, dtype=bool)
        for t in range(periods):
            met = rng.integers(people, size=(people, contacts))
            told = (adopted[met] & (rng.random(met.shape) < message_rate)).any(axis=1)
            adopted |= told | (rng.random(people) < reach)
            total[run, t] = adopted.sum()
    expected = np.cumsum(
        bass_diffusion(
            periods, reach=reach, message_rate=message_rate, contacts=contacts, market=people
        )
    )
    error = total.std(axis=0, ddof=1) / np.sqrt(runs)
    assert (error < 0.005 * people).all()
    assert (abs(total.mean(axis=0) - expected) < 4.0 * error).all()


def test_first_periods_of_diffusion_by_hand():
    # 10 % by advertising; then 90 left, each with a chance of 1 - .9 (1 - .5 .1)^2 = .18775.
    new = bass_diffusion(2, reach=0.1, message_rate=0.5, contacts=2, market=100.0)
    assert new == pytest.approx([10.0, 90.0 * 0.18775])


def test_in_short_periods_diffusion_is_basss_curve():
    p, q, step = 0.03, 0.38, 1e-3
    new = bass_diffusion(30_000, reach=p * step, message_rate=q * step)
    t = step * np.arange(1, 30_001)
    fallen = np.exp(-(p + q) * t)
    assert np.cumsum(new) == pytest.approx((1.0 - fallen) / (1.0 + q / p * fallen), abs=2e-4)
    assert t[new.argmax()] == pytest.approx(bass_peak(p, imitation=q), abs=2 * step)


def test_the_peak_is_at_the_start_where_few_imitate():
    assert bass_peak([0.1, 0.2], imitation=0.1).tolist() == [0.0, 0.0]
    assert bass_peak(0.03, imitation=0.38) == pytest.approx(np.log(0.38 / 0.03) / 0.41)


def test_nobody_adopts_what_nobody_hears_of():
    assert bass_diffusion(5, reach=0.0, message_rate=1.0).tolist() == [0.0] * 5


def test_diffusion_takes_many_markets_at_once():
    reach, message_rate = np.array([0.01, 0.2]), np.array([[0.3], [0.9], [0.0]])
    new = bass_diffusion(6, reach=reach, message_rate=message_rate, market=50.0)
    assert new.shape == (3, 2, 6)
    assert new[1, 0] == pytest.approx(bass_diffusion(6, reach=0.01, message_rate=0.9, market=50.0))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"reach": 1.1}, "reach: expected numbers from 0 to 1, found 1.1"),
        ({"message_rate": -0.1}, "message_rate: expected numbers from 0 to 1, found -0.1"),
        ({"periods": 2.5}, "periods: expected a whole number of at least 0, found 2.5"),
        ({"periods": -1}, "periods: expected a whole number of at least 0, found -1"),
    ],
)
def test_diffusion_refuses_what_is_no_chance(setting, message):
    chosen = {"periods": 3, "reach": 0.1, "message_rate": 0.2} | setting
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
