"""Prices that answer demand: noticed by prices before and after, corrected by costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from panels import choice_panel

from cxsim.calibration import CalibrationError, Columns, calibrate, read_panel
from cxsim.calibration.calibrate import DEMAND_T
from cxsim.calibration.estimate import Likelihood, design_of, fit
from cxsim.calibration.price_endogeneity import (
    RESIDUAL,
    clustered_by_period,
    common_stage,
    expected_chances,
    explained_prices,
    first_stage,
    lagged_prices,
    neighboring_prices,
    own_price_elasticity,
    residual_score_t,
)

HOW = {"initial_purchases": "use", "form": "cost"}


@pytest.fixture(scope="module")
def frame():
    return choice_panel(400, 12, unseen=0, answering_prices=0.3, shocks=1.0, seed=3)


@pytest.fixture(scope="module")
def small():
    return read_panel(choice_panel(60, 6, unseen=0, seed=1), columns=Columns(features=("cost",)))


# ------------------------------------------------------------------------- the first stage


def test_prices_are_regressed_by_period_and_not_by_purchase(small):
    panel = replace(small, features={})
    stage = first_stage(panel, [small.features["cost"]])
    periods, rows = np.unique(panel.period, return_index=True)
    cost, price = (each[:, rows] for each in (small.features["cost"], panel.price))
    gain = 0.0
    for k in range(3):
        left = price[k] - np.polyval(np.polyfit(cost[k], price[k], 1), cost[k])
        np.testing.assert_allclose(stage.residual[k, rows], left, atol=1e-9)
        within = (left**2).sum()
        without = ((price[k] - price[k].mean()) ** 2).sum()
        gain += (without - within) / (within / (len(periods) - 2))
    assert stage.f == pytest.approx(gain / 3)
    assert stage.periods == len(periods)


def test_lagged_prices_are_those_of_the_period_before(small):
    before = lagged_prices(small)
    periods = np.unique(small.period)
    for t in (1, 7, len(periods) - 1):
        here, last = (np.flatnonzero(small.period == periods[k])[0] for k in (t, t - 1))
        np.testing.assert_allclose(before[:, here], small.price[:, last])
    assert np.isnan(before[:, small.period == periods[0]]).all()


def test_neighboring_prices_share_slopes_and_each_firm_has_its_level(small):
    panel = replace(small, features={})
    before, after = neighboring_prices(panel)
    np.testing.assert_allclose(before[:, before[0] == before[0]],
                               lagged_prices(panel)[:, before[0] == before[0]])  # fmt: skip
    stage = common_stage(panel, [before, after])
    rows = np.unique(panel.period, return_index=True)[1]
    price = panel.price[:, rows]
    own = [each - each.mean(axis=1, keepdims=True)
           for each in (price[:, 1:-1], price[:, :-2], price[:, 2:])]  # fmt: skip
    values, columns = own[0].ravel(), np.column_stack([own[1].ravel(), own[2].ravel()])
    left = values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]
    np.testing.assert_allclose(stage.residual[:, rows[1:-1]].ravel(), left, atol=1e-9)
    assert not stage.residual[:, rows[[0, -1]]].any()
    free = len(values) - 3 - 2
    f = ((values @ values - left @ left) / 2) / (left @ left / free)
    assert stage.f == pytest.approx(f)


def test_costs_that_explain_prices_fully_leave_no_residual(small):
    panel = replace(small, features={"cost": 2.0 * small.price})
    same, _, check = explained_prices(panel, cost="cost")
    assert RESIDUAL not in same.features
    assert "cost" not in same.features
    assert "explained fully" in check.why_not


def test_a_column_of_costs_that_is_missing_is_named(small):
    with pytest.raises(CalibrationError, match=r"'costs.Ann'.*found none.*did you mean 'cost'"):
        explained_prices(small, cost="costs")
    with pytest.raises(CalibrationError, match="expected a column of periods"):
        explained_prices(replace(small, period=None), cost="cost")
    with pytest.raises(ValueError, match="instrument: expected 'lagged', found 'leading'"):
        explained_prices(small, instrument="leading")


# -------------------------------------------------------------------------------- errors


def test_chances_given_a_customers_choices_are_means_weighted_by_their_likelihood(small):
    design = design_of(replace(small, features={}), initial_purchases="use")
    at = np.linspace(0.3, 0.9, len(design.names) + len(design.taste_names))
    chance = expected_chances(design, at, draws=16)
    np.testing.assert_allclose(chance.sum(axis=0), 1.0, atol=1e-9)
    # The score of a linear parameter is what was chosen less what was expected.
    off = (design.chosen == np.arange(3)[:, None]) - chance
    scores = np.add.reduceat(np.einsum("kjn,jn->kn", design.columns, off), design.starts, axis=1)
    expected = Likelihood(design, draws=16).by_household(at)[1]
    np.testing.assert_allclose(scores.T, expected[:, : len(design.names)], atol=1e-8)


def test_errors_are_clustered_by_customer_and_by_period(small):
    panel = replace(small, features={})
    how = HOW | {"tastes": "none"}
    found = fit(panel, **how)
    design = design_of(panel, **how)
    worth = np.tensordot(found.values, design.columns, 1)
    chance = np.exp(worth) / np.exp(worth).sum(axis=0)
    off = (design.chosen == np.arange(3)[:, None]) - chance
    scores = np.einsum("kjn,jn->nk", design.columns, off)
    total = 0.0
    owner = np.repeat(np.arange(panel.customers), panel.counts)
    periods = len(np.unique(panel.period))
    for group, sign in ((owner, 1), (panel.period, periods / (periods - 1)), (np.arange(360), -1)):
        sums = np.array([scores[group == each].sum(axis=0) for each in np.unique(group)])
        total = total + sign * sums.T @ sums
    expected = found.covariance.to_numpy() @ total @ found.covariance.to_numpy()
    np.testing.assert_allclose(clustered_by_period(panel, found, **how), expected, rtol=1e-6)


def test_the_score_test_of_one_column_in_a_logit_is_the_one_of_the_textbook(small):
    panel = replace(small, features={})
    how = HOW | {"tastes": "none"}
    found = fit(panel, **how)
    column = np.random.default_rng(0).normal(size=panel.price.shape)
    design = design_of(panel, **how)
    worth = np.tensordot(found.values, design.columns, 1)
    chance = np.exp(worth) / np.exp(worth).sum(axis=0)
    columns = np.concatenate([design.columns, column[None]])
    off = (design.chosen == np.arange(3)[:, None]) - chance
    scores = np.einsum("kjn,jn->nk", columns, off)
    mean = np.einsum("kjn,jn->kn", columns, chance)
    curved = np.einsum("kjn,jn,ljn->kl", columns, chance, columns) - mean @ mean.T
    weight = np.append(-np.linalg.solve(curved[:-1, :-1], curved[:-1, -1]), 1.0)
    each = scores @ weight
    owner = np.repeat(np.arange(panel.customers), panel.counts)
    periods = len(np.unique(panel.period))
    variance = 0.0
    for group, sign in ((owner, 1), (panel.period, periods / (periods - 1)), (np.arange(360), -1)):
        variance += sign * sum(each[group == k].sum() ** 2 for k in np.unique(group))
    expected = each.sum() / np.sqrt(variance)
    assert residual_score_t(panel, found, column, **how) == pytest.approx(expected, rel=1e-4)


# ----------------------------------------------------------------- prices that answer demand


def test_prices_that_answer_demand_are_noticed_and_costs_correct_them(frame):
    naive = calibrate(
        frame, columns=Columns(features=()), initial_purchases="use", permutations=0, draws=32
    )
    assert naive.estimates.values["price_sensitivity"] < 0.6, "customers seem not to mind prices"
    assert "prices_answer_demand" in [each.code for each in naive.warnings]
    assert "(prices_answer_demand)" in naive.headline()
    corrected = calibrate(frame, cost="cost", initial_purchases="use", permutations=0, draws=32)
    value = corrected.estimates.values["price_sensitivity"]
    error = corrected.estimates.error("price_sensitivity")
    assert abs(value - 1.0) < 3 * error
    assert error < 0.2
    assert corrected.prices.f > 100
    assert corrected.prices.t > 4
    assert "prices_answer_demand" not in [each.code for each in corrected.warnings]
    scenario = corrected.scenario()
    assert "corrected for demand by a control function" in " ".join(scenario.notes.split())
    assert not any(firm.promotions.display_value for firm in scenario.firms.values())


def test_prices_that_do_not_answer_are_left_alone():
    frame = choice_panel(200, 10, unseen=0, shocks=0.5, seed=2)
    result = calibrate(
        frame, columns=Columns(features=()), initial_purchases="use", permutations=0, draws=32
    )
    assert result.prices.f > 10
    assert DEMAND_T[0] < result.prices.t < DEMAND_T[1]
    assert not [each for each in result.warnings if each.serious and "price" in each.code]


def test_a_bootstrap_of_both_stages_adds_the_error_of_the_first(small):
    how = {"initial_purchases": "use", "permutations": 0, "draws": 16, "cost": "cost"}
    one, both = (calibrate(small, bootstrap=samples, **how).estimates for samples in (0, 4))
    assert both.error("price_sensitivity") >= one.error("price_sensitivity")
    assert both.error(RESIDUAL) > one.error(RESIDUAL)


def test_without_periods_prices_cannot_be_tested(small):
    panel = replace(small, features={}, period=None)
    result = calibrate(panel, initial_purchases="use", permutations=0, draws=16)
    notes = [each for each in result.warnings if each.code == "prices_not_tested"]
    assert "only the order of purchases is known" in notes[0].text


# ------------------------------------------------------------------------------ elasticity


def test_equal_offers_of_alike_customers_have_the_elasticity_of_the_logit(small):
    panel = replace(small, features={}, price=np.full_like(small.price, 4.0))
    found = fit(small, draws=16, **HOW)
    values = found.values * 0.0
    values["price_sensitivity"] = 0.75
    alike = replace(found, values=values)
    assert own_price_elasticity(panel, alike) == pytest.approx(-0.75 * 4.0 * (1 - 1 / 3))
    values["loyalty"] = 50.0  # who has a supplier stays, whatever the price
    held = own_price_elasticity(panel, alike)
    first = np.isin(panel.place, 0).mean()
    assert held == pytest.approx(-0.75 * 4.0 * (1 - 1 / 3) * first)
