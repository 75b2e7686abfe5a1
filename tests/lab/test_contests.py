"""Contests out of sample: scores are log densities, and differences are paired over customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp

from cxsim.calibration import Columns, read_panel
from cxsim.calibration.estimate import design_of, fit
from lab.validation.contests import (
    ORDERS,
    Contest,
    bg_nbd,
    boosted,
    by_name,
    gains,
    log_density,
    order_contest,
    page,
    smoothed,
)
from lab.validation.published import MissingDataError, cdnow, recency
from lab.validation.simulated import Truth, draw


@pytest.fixture(scope="module")
def panel():
    frame = draw(Truth(), 80, 6, seed=3)
    return read_panel(frame, columns=Columns(features=()))


def test_gains_are_paired_over_customers():
    scores = pd.DataFrame({"a": [-1.0, -5.0, -9.0], "b": [-0.5, -4.5, -8.5]})
    found = gains(scores, "a").set_index("model")
    assert found.loc["b", "gain"] == pytest.approx(1.5)
    assert found.loc["b", "se"] == pytest.approx(0.0)  # all customers gain alike
    assert found.loc["a", "density"] == -15.0


def test_smoothed_loyalty_weighs_the_past_and_the_last_purchase(panel):
    found = smoothed(panel, 0.8)
    rows = panel.starts[0] + np.arange(3)
    first, second = panel.choice[rows[:2]]
    np.testing.assert_allclose(found[:, rows[0]], 1 / 3)
    expected = 0.8 * np.full(3, 1 / 3) + 0.2 * np.eye(3)[first]
    np.testing.assert_allclose(found[:, rows[1]], expected)
    np.testing.assert_allclose(found[:, rows[2]], 0.8 * expected + 0.2 * np.eye(3)[second])
    np.testing.assert_allclose(found.sum(axis=0), 1.0)


def test_without_brand_preferences_the_score_is_the_sum_of_later_logit_probabilities(panel):
    scores = log_density(panel, tastes=False, initial_purchases="use")
    first, rest = panel.split()
    found = fit(first, tastes=False, initial_purchases="use")
    design = design_of(panel, initial_purchases="use")
    assert set(found.values.index) == set(design.names)
    utility = np.tensordot(found.values[list(design.names)], design.columns, 1)
    chances = utility - logsumexp(utility, axis=0)
    said = chances[panel.choice, np.arange(panel.occasions)]
    assert scores.sum() == pytest.approx(said[rest].sum())


def test_parameters_move_to_another_firm_whose_intercept_is_zero():
    values = pd.Series({"loyalty": 1.0, "intercept.Bob": 0.5, "intercept.Cem": -0.2})
    names = ["loyalty", "intercept.Ann", "intercept.Cem"]
    np.testing.assert_allclose(by_name(values, names), [1.0, -0.5, -0.7])


@pytest.mark.slow
def test_trees_score_later_purchases_only(panel):
    scores = boosted(panel)
    assert scores.shape == (80,)
    assert (scores < 0).all()
    assert scores.sum() / (2 * 80) > np.log(1e-3)


@pytest.mark.parametrize("name", ORDERS)
def test_counts_of_later_orders_have_probabilities_that_sum_to_one(name):
    model, k = ORDERS[name], np.arange(200.0)[:, None]
    parameters = [np.array([[0.3]]), *([np.array([[0.2]])] if len(model.start) > 2 else [])]
    assert np.exp(model.later(*parameters, k, 26.0)).sum() == pytest.approx(1.0, abs=1e-6)


def test_the_closed_form_of_bg_nbd_is_the_mean_over_its_customers():
    at = np.log([0.8, 5.0, 0.9, 2.5])
    history = np.array([0.0, 2.0]), np.array([0.0, 20.0]), np.array([30.0, 35.0])
    model = ORDERS["BG/NBD"]
    weight, *parameters = model.points(at, 60)
    alive, left = model.life(*parameters, *(each[:, None] for each in history))
    mean = logsumexp(weight + np.logaddexp(alive, left), axis=1)
    np.testing.assert_allclose(mean, bg_nbd(at, *history), atol=0.01)


def test_bg_nbd_has_the_published_likelihood_on_cdnow():
    """Fader, Hardie & Lee (2005), table 2: r .243, alpha 4.414, a .793, b 2.426, LL -9582.4."""
    try:
        log = recency(cdnow(), "1997-09-30", "1998-06-30")
    except MissingDataError as error:
        pytest.skip(str(error))
    history = (log[name].to_numpy(float) for name in ("x", "tx", "T"))
    found = bg_nbd(np.log([0.243, 4.414, 0.793, 2.426]), *history)
    assert found.sum() == pytest.approx(-9582.4, abs=0.1)


def test_an_order_log_is_read_in_weeks():
    days = ["1997-01-01", "1997-01-15", "1997-03-01"]
    log = pd.DataFrame({"customer": [1, 1, 1], "date": pd.to_datetime(days)})
    found = recency(log, "1997-01-29", "1997-03-05").loc[1]
    assert found.to_list() == [1, 2.0, 4.0, 1, 5.0]


@pytest.mark.slow
def test_turnover_is_found_in_orders_of_customers_who_leave():
    rng = np.random.default_rng(1)
    size, until, t = 800, 39.0, 39.0
    rate, life = rng.gamma(1.0, 0.2, size), rng.exponential(20.0, size)
    rows = []
    for each, end in zip(rate, life, strict=True):
        at = np.cumsum(rng.exponential(1 / each, 200))
        at = at[at < min(end, until + t)]
        early = at[at < until]
        rows.append((len(early), early.max(initial=0.0), until, len(at) - len(early), t))
    log = pd.DataFrame(rows, columns=["x", "tx", "T", "later", "t"])
    found = gains(order_contest(log).scores, "gamma rates (NBD)").set_index("model")
    assert found.loc["gamma rates and turnover (cxsim)", "gain"] > 20


def test_the_page_says_where_the_package_loses():
    scores = pd.DataFrame(
        {"no loyalty": [-3.0, -3.0], "constant loyalty": [-2.0, -2.1], "trees": [-1.0, -1.2]}
    )
    text = page([Contest("Tea", scores, 4)], {"Tea": ["**Loyalty**: 1.00 utils."]}, {}, ["Soap"])
    assert "Tea: the best model of cxsim (constant loyalty) loses to trees by 1.9" in text
    assert "Left out for want of data: Soap." in text
    assert "- **Loyalty**: 1.00 utils." in text
