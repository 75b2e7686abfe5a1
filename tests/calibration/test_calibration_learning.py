"""Learning and differences between customers, estimated from panels whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import cxsim as cx
from cxsim.calibration import Panel, calibrate, read_panel
from cxsim.calibration.estimate import (
    Likelihood,
    design_of,
    first_shares,
    fit,
    normal_table,
    scenario_tastes,
    taste_points,
)
from cxsim.calibration.firm_knowledge import History, bounded, known_after
from cxsim.calibration.learning import (
    Learning,
    Stated,
    estimate_learning,
    learning_parameters,
    newcomers,
    profile_interval,
)
from cxsim.model.core.learning import decayed, learned
from lab.validation.reductions.panels import shop


def panel_of(
    *, customers, purchases, worth=1.5, rate=0.5, forgetting=0.05, loyalty=0.5, loyalty_sd=0.0,
    price_spread=0.0, unseen=0, seed=0,
):  # fmt: skip
    """Return purchases of customers with tastes (sd 1) from three firms that learn."""
    rng = np.random.default_rng(seed)
    total = purchases + unseen
    shape = (3, customers, total)
    price, gap = rng.choice([1.0, 2.0], shape), rng.geometric(0.5, shape[1:])
    taste = rng.normal(size=(3, customers))
    stay = loyalty + loyalty_sd * rng.normal(size=customers)
    scale = np.exp(price_spread * rng.normal(size=customers) - price_spread**2 / 2)
    unknown, last = np.ones((3, customers)), np.full(customers, -1)
    choice, who = np.empty((customers, total), dtype=int), np.arange(customers)
    for n in range(total):
        mine = last == np.arange(3)[:, None]
        value = taste - price[:, :, n] + stay * mine + worth * (1 - unknown)
        last = choice[:, n] = (scale * value + rng.gumbel(size=value.shape)).argmax(axis=0)
        after = learned(unknown[last, who], rate)
        unknown = decayed(unknown, forgetting)
        unknown[last, who] = after
        unknown = 1 - (1 - unknown) * (1 - forgetting) ** (gap[:, n] - 1)
    period = np.cumsum(gap, axis=1) - gap
    kept = np.s_[:, unseen:]
    return Panel(
        "own", ("A", "B", "C"), False, choice[kept].ravel(),
        price[:, :, unseen:].reshape(3, -1), {}, np.arange(customers) * purchases,
        period[kept].ravel(),
    )  # fmt: skip


# ---------------------------------------------------------------------- the likelihood


EVERYTHING = {
    "initial_purchases": "equation", "tastes": "correlated", "random_price": True,
    "random_loyalty": True, "learning": "free", "recognition": 0.7,
}  # fmt: skip


@pytest.fixture(scope="module")
def gappy():
    """Return a panel in which some firms are not on offer now and then."""
    panel = panel_of(customers=70, purchases=6)
    gone = np.random.default_rng(1).random(panel.price.shape) < 0.2
    gone[panel.choice, np.arange(panel.occasions)] = False
    return replace(panel, price=np.where(gone, np.nan, panel.price))


def test_the_compiled_likelihood_is_that_of_numpy_and_its_slope_the_score(gappy):
    design = design_of(gappy, **EVERYTHING)
    fast, plain = (Likelihood(design, draws=16, compiled=each) for each in (True, False))
    at = np.linspace(-0.5, 1.0, len(fast.names))
    for one, other in zip(fast.by_household(at), plain.by_household(at), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)
    gradient = fast.negative(at)[1]
    for k in range(len(at)):
        step = np.zeros(len(at))
        step[k] = 1e-5
        slope = (fast.negative(at + step)[0] - fast.negative(at - step)[0]) / 2e-5
        assert slope == pytest.approx(gradient[k], rel=1e-6, abs=1e-6)


def test_two_threads_give_the_bits_of_one(gappy):
    design = design_of(gappy, **EVERYTHING)
    one, two = (Likelihood(design, draws=16, threads=n) for n in (1, 2))
    at = np.linspace(-0.5, 1.0, len(one.names))
    for a, b in zip(one.by_household(at), two.by_household(at), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "how",
    [
        {"tastes": "none"},
        {"initial_purchases": "use", "random_price": True},
        {**EVERYTHING, "initial_purchases": "wooldridge"},
    ],
    ids=["alike", "price", "everything"],
)
def test_second_derivatives_are_slopes_of_the_gradient_with_any_number_of_threads(gappy, how):
    one, two = (Likelihood(design_of(gappy, **how), draws=128, threads=n) for n in (1, 2))
    at = np.linspace(-0.5, 1.0, len(one.names))
    hessian = one.hessian(at)
    np.testing.assert_array_equal(hessian, two.hessian(at))
    np.testing.assert_array_equal(hessian, hessian.T)
    for k, row in enumerate(hessian):
        step = 1e-5 * (np.arange(len(at)) == k)
        slope = (one.negative(at - step)[1] - one.negative(at + step)[1]) / 2e-5
        np.testing.assert_allclose(row, slope, rtol=1e-6, atol=1e-6 * abs(hessian).max())


def test_second_derivatives_are_left_to_differences_where_first_purchases_have_a_factor(gappy):
    likelihood = Likelihood(design_of(gappy, **EVERYTHING), draws=16)
    assert likelihood.hessian(np.ones(len(likelihood.names))) is None


def test_a_firm_that_is_not_on_offer_is_never_chosen(gappy):
    design = design_of(gappy, initial_purchases="use", tastes="none")
    at = np.zeros(len(design.names))
    chances = -np.log(gappy.available.sum(axis=0))
    found = Likelihood(design).by_household(at)[0]
    np.testing.assert_allclose(found, np.add.reduceat(chances, gappy.starts), atol=1e-12)


def test_points_of_a_household_are_a_net_and_have_the_moments_of_a_normal():
    table = normal_table()
    assert table.mean() == pytest.approx(0.0, abs=1e-15)
    assert table.var() == pytest.approx(1.0)
    net, shift = taste_points(50, 64, 3, seed=1)
    for h in range(3):  # one point in each 64th
        for factor in range(3):
            places = (net[factor] ^ shift[h, factor]) // 64
            np.testing.assert_array_equal(np.sort(places), np.arange(64))
    with pytest.raises(ValueError, match=r"power of two up to 4096, found 200 \(did you mean 256"):
        fit(panel_of(customers=5, purchases=3), draws=200)


# --------------------------------------------------------------------------- knowledge


def test_knowledge_grows_by_purchases_and_decays_from_the_period_after():
    panel = Panel(
        "own", ("A", "B"), False, np.array([0, 0, 1, 0]), np.ones((2, 4)), {}, np.array([0]),
        np.array([0, 1, 2, 5]),
    )  # fmt: skip
    known = History.of(panel).knowledge(*bounded(0.5, 0.1))[0]
    assert known[0, :2] == pytest.approx([0.0, known_after(1, 0.5)])
    assert known[0, 2] == pytest.approx(known_after(2, 0.5))
    assert known[0, 3] == pytest.approx(known_after(2, 0.5) * 0.9**3)  # forgets while B is met
    assert known[1, 3] == pytest.approx(known_after(1, 0.5) * 0.9**2)
    unmet = replace(panel, recognized=np.array([0.0, 1.0, 1.0, 1.0]))
    assert History.of(unmet).knowledge(*bounded(0.5, 0.1))[0][0, 1] == 0.0


def test_knowledge_is_that_of_the_simulation():
    skills = {"interaction": 0.5, "forgetting_rate": 0.1, "identification": 1.0}
    changes = {f"firms.*.{name}": value for name, value in skills.items()}
    changes |= {"learning_rate": 0.8, "segments.*.disclosure": 1.0}
    scenario = shop(customers=60, periods=6).override(changes | {"segments.*.purchase_rate": 0.6})
    run = cx.run(scenario, engine="agents", panel=60, probes=["customers"])
    panel = read_panel(run.panel)
    known = History.of(panel).knowledge(*bounded(0.4, 0.1))[0]
    last = panel.period == 5
    before = known[panel.choice, np.arange(panel.occasions)][last]
    order = run.panel["customer"].drop_duplicates()  # that of the panel read
    buyers = order.to_frame().merge(run.panel.query("period == 5"), on="customer")
    customers = run.customers.set_index("customer")
    found = [
        customers.loc[int(who), f"knowledge_{firm}"]
        for who, firm in zip(buyers["customer"], buyers["choice"], strict=True)
    ]
    assert len(found) > 20
    np.testing.assert_allclose(found, 1.0 - learned(1.0 - before, 0.4), atol=1e-6)


# ------------------------------------------------------------------------ known truths


def test_learning_loyalty_and_price_are_recovered_together():
    panel = panel_of(customers=500, purchases=10, seed=3)
    found = fit(panel, initial_purchases="use", learning=(0.5, 0.05), random_loyalty=True, draws=64)
    truth = {"price_sensitivity": 1.0, "loyalty": 0.5, "learning": 1.5, "taste_sd.A": 1.0}
    for name, value in truth.items():
        assert abs(found.values[name] - value) < 3 * found.error(name), name


def test_differences_in_loyalty_and_in_price_sensitivity_are_recovered():
    panel = panel_of(
        customers=500, purchases=10, worth=0.0, loyalty=1.0, loyalty_sd=0.8, price_spread=0.6
    )
    found = fit(panel, initial_purchases="use", random_loyalty=True, random_price=True, draws=64)
    truth = {"loyalty": 1.0, "loyalty_sd": 0.8, "price_sensitivity_spread": 0.6}
    for name, value in truth.items():
        assert abs(found.values[name] - value) < 3 * found.error(name), name


@pytest.mark.slow
def test_a_term_for_the_first_purchase_frees_loyalty_of_taste_in_short_panels():
    panel = panel_of(customers=1000, purchases=4, worth=0.0, loyalty=1.0, unseen=20)
    for how in ("wooldridge", "equation"):
        found = fit(panel, initial_purchases=how)
        assert abs(found.values["loyalty"] - 1.0) < 3 * found.error("loyalty")
    tastes = scenario_tastes(fit(panel).values, panel.firms, first_shares(panel), no_purchase=False)
    np.testing.assert_allclose(tastes, 1.0, atol=0.3)
    dropped = fit(panel, initial_purchases="drop")
    assert dropped.values["loyalty"] > 1.0 + 3 * dropped.error("loyalty")


@pytest.mark.slow
def test_customers_who_differ_in_loyalty_are_not_taken_for_learning():
    panel = panel_of(customers=1000, purchases=12, worth=0.0, loyalty=1.0, loyalty_sd=0.7)
    found = estimate_learning(panel, start="first purchase")
    assert found.verdict == "none found"
    alike = fit(panel, initial_purchases="use", learning=(0.5, 0.05))
    assert alike.values["learning"] > 3 * alike.error("learning")


@pytest.mark.slow
def test_speeds_are_estimated_where_there_is_learning():
    panel = panel_of(customers=1000, purchases=12)
    found = estimate_learning(panel, start="first purchase")
    assert found.verdict == "estimated"
    table = found.table.set_index("quantity")
    truth = {
        "worth of knowledge after 5 purchases": 1.5 * known_after(5, 0.5), "loyalty": 0.5,
        "learning rate": 0.5, "forgetting rate": 0.05,
    }  # fmt: skip
    for name, value in truth.items():
        assert table.loc[name, "lower"] < value < table.loc[name, "upper"], name
    assert found.moved < 0.1


def test_poor_intervals_of_speeds_are_those_of_the_profile_likelihood():
    panel = panel_of(customers=150, purchases=8)
    how = {"initial_purchases": "use", "tastes": "none", "learning": "free"}
    found = fit(panel, **how)
    assert profile_interval(panel, found, "price_sensitivity", **how) is None, "symmetric"
    name = "logit_forgetting_rate"
    ends = profile_interval(panel, found, name, **how)
    value, error = found.values[name], found.error(name)
    assert ends[0] < value < ends[1]
    assert abs((ends[0] + ends[1]) / 2 - value) > 0.1 * error, "not symmetric"
    # At its ends the likelihood, maximized over all else, is 1.92 below the maximum.
    likelihood = Likelihood(design_of(panel, **how), draws=1)
    names = list(likelihood.names)

    def objective(values):
        at = pd.Series(values, names)
        prior = sum(((at[k] - mean) / sd) ** 2 / 2 for k, (mean, sd) in found.priors.items())
        return likelihood.negative(at.to_numpy())[0] + prior

    lowest, k = objective(found.values[names]), names.index(name)
    for end in ends:
        rest = minimize(
            lambda values, end=end: objective(np.insert(values, k, end)),
            np.delete(found.values[names].to_numpy(), k), method="BFGS",
        )  # fmt: skip
        assert 2 * (rest.fun - lowest) == pytest.approx(3.84, abs=0.06)
    learning = Learning("estimated", "", found, found, 0.0, panel, intervals={name: ends})
    row = learning.table.set_index("quantity").loc["forgetting rate"]
    assert row["lower"] == pytest.approx(1 / (1 + np.exp(-ends[0])))
    assert row["upper"] == pytest.approx(1 / (1 + np.exp(-ends[1])))


# ------------------------------------------------------------- what is said, and a scenario


def test_learning_is_not_asked_of_customers_whose_start_is_not_seen():
    panel = panel_of(customers=30, purchases=4)
    found = estimate_learning(panel)
    assert (found.verdict, found.best) == ("not asked", None)
    assert "start='first purchase'" in found.sentence()
    assert not newcomers(panel).any()
    late = replace(panel, period=panel.period + np.repeat(np.arange(30), 4) // 15 * 60)
    np.testing.assert_array_equal(newcomers(late), np.arange(30) >= 15)


def test_a_scenario_learns_as_estimated_only_with_what_the_user_states():
    stated = Stated(interaction=0.8, disclosure=0.5, identification=0.9)
    made = learning_parameters(1.8, 0.4, 0.03, 0.25, stated)
    assert made["learning_rate"] * 0.8 * 0.5 == pytest.approx(0.4)
    assert 0.25 * 0.9 * 0.8 * made["ordering_effort"] == pytest.approx(1.8)
    other = Stated(interaction=0.8, customization=0.5, through="onboarding_effort")
    made = learning_parameters(1.8, 0.4, 0.03, 0.25, other)
    assert 0.25 * 0.5 * made["onboarding_effort"] == pytest.approx(1.8)
    with pytest.raises(ValueError, match="customization: expected a share"):
        Stated(interaction=0.8, through="onboarding_effort")
    with pytest.raises(ValueError, match="interaction: expected a share above 0"):
        Stated(interaction=0.0)
    result = calibrate(
        panel_of(customers=150, purchases=8), learning="yes", start="first purchase",
        initial_purchases="use", permutations=0, draws=16, random_price=False,
    )  # fmt: skip
    scenario = result.scenario(stated=stated)
    rate, forgetting = result.learning.speeds
    assert scenario.learning_rate * 0.8 * 0.5 == pytest.approx(rate, rel=1e-3)
    assert scenario.firms["A"].forgetting_rate == pytest.approx(forgetting, rel=1e-3)
    assert scenario.segments["All"].ordering_effort > 0
    assert result.scenario().firms["A"].interaction == 0.0
    assert "worth" in result.learning.sentence()


def test_tastes_of_all_customers_are_wider_than_those_given_the_first_purchase():
    thirds = np.full(3, 1 / 3)
    values = {"taste_sd.A": 1.0, "taste_sd.B": 1.0, "taste_sd.C": 1.0, "first_purchase": 0.9}
    closed = scenario_tastes(values, ("A", "B", "C"), thirds, no_purchase=True)
    np.testing.assert_allclose(closed**2, 1 + 0.81 * (1 / 3) * (2 / 3))
    apart = scenario_tastes(values, ("A", "B", "C"), thirds, no_purchase=False)
    np.testing.assert_allclose(apart**2, 1 + 0.81 / 3)  # differences: 2 + 2 d^2 q
    loadings = {"taste.B.1": 1.0, "taste.C.1": 0.5, "taste.C.2": np.sqrt(0.75)}
    even = scenario_tastes(loadings, ("A", "B", "C"), thirds, no_purchase=False)
    np.testing.assert_allclose(even**2, 0.5)  # all differences have variance 1


# --------------------------------------------------------------------------- the reader


def test_blank_prices_are_refused_unless_they_are_said_to_mean_not_on_offer():
    frame = pd.DataFrame(
        {
            "customer": [1, 1, 2, 2], "period": [0, 1, 0, 1], "choice": ["A", "B", "A", "A"],
            "price.A": [1.0, np.nan, 2.0, 1.0], "price.B": [1.0, 2.0, 2.0, 1.0],
            "recognized": [1, 0, 1, 1],
        }
    )  # fmt: skip
    with pytest.raises(cx.CalibrationError, match=r"row 1: price\.A: expected a number"):
        read_panel(frame)
    panel = read_panel(frame, blank_prices="not on offer")
    assert panel.available.sum() == 7
    assert panel.recognized.tolist() == [1, 0, 1, 1]
    frame.loc[0, "price.A"] = np.nan
    with pytest.raises(cx.CalibrationError, match="row 0: price: expected a price of the firm"):
        read_panel(frame, blank_prices="not on offer")
    long = pd.DataFrame(
        {
            "customer": [1, 1, 1, 1], "period": [0, 0, 1, 2], "firm": ["A", "B", "B", "B"],
            "chosen": [1, 0, 1, 1], "price": [1.0, 2.0, 1.0, 2.0],
        }
    )  # fmt: skip
    with pytest.raises(cx.CalibrationError, match="expected every firm at every occasion"):
        read_panel(long)
    assert read_panel(long, blank_prices="not on offer").available.tolist() == [
        [True, False, False], [True] * 3
    ]  # fmt: skip
