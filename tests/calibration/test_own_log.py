"""One firm's own log: closed forms of buying again, and statistics shared by data and runs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.analytic import (
    PURCHASE_MODELS,
    chance_alive,
    expected_purchases,
    fit_purchases,
    repeat_log_likelihood,
    still_there,
)
from cxsim.calibration import CalibrationError, repeat_statistics
from cxsim.calibration.moment_matching import Moments
from cxsim.calibration.targets import read_targets
from cxsim.cli.app import run as command

DIFFER = {"buy_alpha": 1.2, "buy_beta": 0.75, "leave_alpha": 0.66, "leave_beta": 2.78}


def history(bought):
    """Return purchases, the last of them and periods, of 0 and 1 by period."""
    return sum(bought), max((k + 1 for k, b in enumerate(bought) if b), default=0), len(bought)


def customers(n, periods, *, seed=0, buy=(2.0, 6.0), leave=(1.5, 20.0)):
    """Return 0 and 1 by customer and period, of customers who differ in both chances."""
    rng = np.random.default_rng(seed)
    chance, out = rng.beta(*buy, n), rng.beta(*leave, n)
    there = (rng.random((n, periods)) >= out[:, None]).cumprod(axis=1)
    return (rng.random((n, periods)) < chance[:, None]) * there


def log_of(bought, *, since=0):
    """Return a log with a first purchase in period ``since``, spread over three periods."""
    who, when = np.nonzero(np.c_[np.ones(len(bought), int), bought])
    return pd.DataFrame({"customer": who, "period": when + since + who % 3})


# ------------------------------------------------------------------ closed forms


def test_chances_of_all_histories_add_up_to_one_and_give_the_mean():
    all_ = [history(each) for each in product([0, 1], repeat=6)]
    chance = np.exp(repeat_log_likelihood(*np.array(all_).T, **DIFFER))
    assert chance.sum() == pytest.approx(1.0, abs=1e-12)
    mean = chance @ [x for x, *_ in all_]
    assert mean == pytest.approx(expected_purchases("bg-bb", [6], DIFFER)[0], rel=1e-12)


def test_without_leaving_and_without_differences_it_is_a_binomial():
    sure = {"buy_alpha": 3e6, "buy_beta": 7e6, "leave_alpha": 1e-9, "leave_beta": 1.0}
    made = repeat_log_likelihood([2], [4], [5], **sure)[0]
    assert made == pytest.approx(2 * np.log(0.3) + 3 * np.log(0.7), abs=1e-4)
    assert expected_purchases("bg-bb", [5], sure)[0] == pytest.approx(1.5)


def test_chances_are_recovered_from_histories():
    histories = np.array([history(each) for each in customers(2000, 26)])
    found = fit_purchases("bg-bb", *histories.T)
    (buy, buy_se), (leave, leave_se) = found.rate(), found.leaving()
    assert buy == pytest.approx(0.25, abs=3 * buy_se)
    assert leave == pytest.approx(1.5 / 21.5, abs=3 * leave_se)
    assert buy_se < 0.012


def test_histories_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="expected purchases <= last <= periods"):
        repeat_log_likelihood([2], [1], [3], **DIFFER)
    with pytest.raises(ValueError, match="some periods with a purchase and some without"):
        fit_purchases("bg-bb", [0, 0], [0, 0], [3, 3])


# --------------------------------------------------- customers who buy and leave at any time


#: Fader, Hardie & Lee (2005), tables 2 and 3: CDNOW, weeks.
BG_NBD = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
PARETO = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
ANY_TIME = [("bg-nbd", BG_NBD), ("pareto-nbd", PARETO)]


@pytest.mark.parametrize(("model", "values"), ANY_TIME)
def test_chances_to_be_there_and_likelihoods_are_means_over_customers(model, values):
    """Closed forms against the mean over 200,000 customers, given rate and leaving of each."""
    rng, n, x, t, end = np.random.default_rng(0), 200_000, 2, 9.0, 14.0
    rate = rng.gamma(values["r"], 1 / values["alpha"], n)
    if model == "bg-nbd":
        p = rng.beta(values["a"], values["b"], n)
        there = rate**x * (1 - p) ** x * np.exp(-rate * end)
        gone = rate**x * p * (1 - p) ** (x - 1) * np.exp(-rate * t)
        stays = np.exp(-rate * p * end)
    else:
        mu = rng.gamma(values["s"], 1 / values["beta"], n)
        both = rate + mu
        there = rate**x * np.exp(-both * end)
        gone = rate**x * mu / both * (np.exp(-both * t) - np.exp(-both * end))
        stays = np.exp(-mu * end)
    likelihood = np.exp(PURCHASE_MODELS[model].log_likelihood(x, t, end, **values))[0]
    assert likelihood == pytest.approx((there + gone).mean(), rel=0.02)
    alive = chance_alive(model, x, t, end, values)[0]
    assert alive == pytest.approx(there.mean() / (there + gone).mean(), rel=0.02)
    assert still_there(model, end, values) == pytest.approx(stays.mean(), rel=0.01)


@pytest.mark.parametrize(("model", "values"), ANY_TIME)
def test_purchases_grow_by_the_mean_rate_of_those_who_are_there(model, values):
    first = expected_purchases(model, 1e-4, values) / 1e-4
    assert first == pytest.approx(values["r"] / values["alpha"], rel=1e-3)
    if model == "pareto-nbd":  # buying and leaving are independent
        weeks = np.linspace(0.0, 39.0, 4001)
        area = np.trapezoid(still_there(model, weeks, values), weeks)
        expected = values["r"] / values["alpha"] * area
        assert expected_purchases(model, 39.0, values) == pytest.approx(expected, rel=1e-6)


def test_a_customer_who_never_came_back_has_not_left_where_leaving_follows_purchases():
    assert chance_alive("bg-nbd", [0], [0.0], [39.0], BG_NBD)[0] == 1.0
    assert chance_alive("pareto-nbd", [0], [0.0], [39.0], PARETO)[0] < 0.6


def test_the_pareto_nbd_is_the_same_whichever_of_its_scales_is_larger():
    """Two forms of its integral meet where alpha is beta."""
    history = ([0, 3, 40], [0.0, 20.0, 38.0], [39.0, 39.0, 39.0])
    low, high = (
        PURCHASE_MODELS["pareto-nbd"].log_likelihood(
            *history, r=0.6, alpha=10.0, s=0.7, beta=10.0 * (1 + step)
        )
        for step in (-1e-9, 1e-9)
    )
    np.testing.assert_allclose(low, high, rtol=1e-6)


@pytest.mark.parametrize("model", ["bg-nbd", "pareto-nbd"])
def test_rates_are_recovered_from_a_log_of_days(model):
    """Customers who buy .2 times a week; leaving after a tenth of purchases or .03 a week."""
    rng, n, weeks = np.random.default_rng(3), 800, 52.0
    rate, start = rng.gamma(1.2, 0.2 / 1.2, n), rng.uniform(0.0, 20.0, n)
    gaps = rng.exponential(1.0, (n, 60)) / rate[:, None]
    when = start[:, None] + np.cumsum(np.c_[np.zeros(n), gaps], axis=1)
    if model == "bg-nbd":
        goes = rng.random((n, 61)) < rng.beta(1.0, 9.0, n)[:, None]
        there = np.c_[np.ones((n, 1), bool), (~goes[:, 1:-1]).cumprod(axis=1).astype(bool)]
        there = np.c_[there, there[:, -1:]]
    else:
        there = (
            when - start[:, None] < (rng.exponential(1.0, n) / rng.gamma(2.0, 0.015, n))[:, None]
        )
    there[:, 0] = True
    who, which = np.nonzero(there & (when < weeks))
    days = np.datetime64("2024-01-01") + (7 * when[who, which]).astype("timedelta64[D]")
    log = pd.DataFrame({"customer": who, "date": days, "amount": 5.0})
    made = cx.own_log(log, new_after=0, model=model, bootstrap=0, period="week")
    rates = made.rates.set_index("rate")
    assert rates["value"]["purchase_rate"] == pytest.approx(
        0.2, abs=3 * rates["se"]["purchase_rate"]
    )
    assert 0.0 < rates["se"]["purchase_rate"] < 0.02
    assert rates["value"]["churn"] + rates["value"]["retention_rate"] == pytest.approx(1.0)
    if model == "pareto-nbd":
        leaves = 1.0 - (1 / 0.015 / (1 / 0.015 + 1.0)) ** 2
        assert rates["value"]["exit_rate"] == pytest.approx(
            leaves, abs=3 * rates["se"]["exit_rate"]
        )


def test_a_model_of_days_is_refused_where_the_log_counts_periods():
    with pytest.raises(CalibrationError, match=r"expected a model of periods .* found pareto-nbd"):
        cx.own_log(log_of(customers(60, 20)), new_after=0, model="pareto-nbd", bootstrap=0)


def test_a_log_becomes_a_scenario_whose_customers_buy_and_leave_alike(tmp_path):
    made = cx.own_log(log_of(customers(300, 26)), new_after=0, bootstrap=0)
    market = cx.load(made.save_scenario(tmp_path / "shop.yaml", firm="Shop"))
    a, b = market.value("segments.customers.exit_rate_beta")
    fit = made.fit.values
    assert (a, b) == pytest.approx((fit["leave_alpha"], fit["leave_beta"]), rel=1e-3)
    rate, shape = (
        market.value(f"segments.customers.{name}")
        for name in ("purchase_rate", "purchase_rate_shape")
    )
    scale = rate / shape  # of gamma distributed rates: chances of a purchase, 1 - exp(-rate)
    assert 1 - (1 + scale) ** -shape == pytest.approx(made.fit.rate()[0], rel=1e-3)
    assert market.value("firms.Shop.price") == 1.0  # the log has no amounts, and the file says so


# ------------------------------------------------------------------ statistics


def test_statistics_are_counts_of_new_customers():
    bought = customers(300, 20)
    made = repeat_statistics(log_of(bought), periods=23, after=(4, 13)).set_index("statistic")
    early, longer = bought[:, :4].sum(axis=1), bought[:, :13].sum(axis=1)
    assert made["value"]["repeat_purchases_4"] == pytest.approx(early.mean())
    assert made["value"]["active_4"] == pytest.approx(bought[:, 3].mean())
    assert made["value"]["active_13"] == pytest.approx(bought[:, 10:13].any(axis=1).mean())
    assert made["value"]["never_back"] == pytest.approx((longer == 0).mean())
    assert made["value"]["dispersion"] == pytest.approx(longer.var() / longer.mean())
    assert made["se"]["repeat_purchases_4"] == pytest.approx(early.std() / 300**0.5, rel=0.2)
    assert set(made["customers"]) == {300}


def test_customers_from_before_are_not_new():
    both = pd.concat(
        [log_of(customers(50, 20)),
         log_of(customers(40, 20, seed=1), since=6).assign(customer=lambda f: f["customer"] + 99)]
    )  # fmt: skip
    made = repeat_statistics(both, new_after=5, after=(4,))
    assert set(made["customers"]) == {40}
    with pytest.raises(ValueError, match="expected 20 new customers or more"):
        repeat_statistics(both, new_after=20)


def test_one_function_reads_the_log_of_a_firm_and_the_panel_of_its_run():
    settings = {"customers": 300, "periods": 24}
    panel = cx.run("baseline", overrides=settings, panel=300).panel
    of_run = repeat_statistics(panel, firm="Mass", periods=24, new_after=3)
    ours = panel[panel["choice"] == "Mass"].sample(frac=1.0, random_state=0)
    log = cx.own_log(ours[["customer", "period"]].assign(units=1), new_after=3)
    pd.testing.assert_frame_equal(log.statistics, of_run)


def test_targets_of_a_log_are_met_by_the_market_that_it_came_from(tmp_path):
    market = cx.load("baseline").override({"customers": 200, "periods": 24})
    ours = cx.run(market, seed=0, panel=200).panel.query("choice == 'Mass'")
    log = cx.own_log(ours[["customer", "period"]].assign(units=1), new_after=3)
    goals = log.save(tmp_path / "goals.csv", firm="Mass")
    given = {
        "parameters": {"firms.Mass.price": [10.0, 30.0]},
        "targets": str(goals),
        "base": market,
    }
    moments = Moments(read_targets(given), seeds=2)
    price = market.value("firms.Mass.price")
    found = moments(np.array([(price - 10.0) / 20.0]))  # of seeds 0 and 1
    np.testing.assert_allclose(found[0], log.statistics["value"])
    assert not np.array_equal(found[0], found[1])


def test_statistics_of_a_log_need_their_window_and_a_length():
    row = {"firm": "Mass", "value": 0.4, "se": 0.1}
    given = {"base": "baseline", "parameters": {"segments.*.switching_cost": [0.0, 20.0]}}
    with pytest.raises(CalibrationError, match=r"periods: expected \[first of .* found none"):
        read_targets({**given, "targets": [{"measure": "active_4", **row}]})
    with pytest.raises(CalibrationError, match="expected repeat_purchases_K or active_K of Mass"):
        read_targets({**given, "targets": [{"measure": "never_back", "periods": [3, 20], **row}]})
    wide = {"measure": "active_4", "periods": [3, 20], **row, "se": 2.0}
    with pytest.raises(CalibrationError, match="standard error of a share, found 2"):
        read_targets({**given, "targets": [wide]})


def test_returns_are_taken_out_before_anything_is_counted():
    log = log_of(customers(60, 20)).assign(quantity=1)
    back = log.iloc[[5]].assign(quantity=-1)
    made = cx.own_log(pd.concat([log, back]), new_after=0)
    assert len(made.purchases) == len(log) - 1


def test_contracts_end_with_a_chance_that_differs_between_customers():
    rng = np.random.default_rng(2)
    stay = np.minimum(rng.geometric(rng.beta(1.5, 12.0, 800)), 30)
    who = np.repeat(np.arange(800), stay)
    when = np.arange(len(who)) - np.repeat(np.cumsum(stay) - stay, stay)
    made = cx.own_log(pd.DataFrame({"customer": who, "period": when}), new_after=0)
    assert made.fit.model == "sbg"  # paid in all periods from the first to the last
    mean, se = made.fit.leaving()
    assert mean == pytest.approx(1.5 / 13.5, abs=3 * se)
    assert se < 0.01


def test_the_command_writes_targets(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log_of(customers(200, 20)).to_csv("orders.csv", index=False)
    assert command(["panel", "orders.csv", "--own", "--new-after", "0", "-o", "goals.csv"]) == 0
    said = capsys.readouterr().out
    assert "never come back" in " ".join(said.split())
    assert "Targets: goals.csv" in said
    goals = pd.read_csv("goals.csv")
    assert list(goals) == ["measure", "firm", "value", "se", "periods"]
    assert "repeat_purchases_13" in set(goals["measure"])
    assert command(["panel", "orders.csv", "--own", "--new-after", "19"]) == 2
    assert "--new-after" in capsys.readouterr().err


def test_too_few_new_customers_are_refused():
    with pytest.raises(CalibrationError, match="expected 20 new customers or more"):
        cx.own_log(log_of(customers(10, 20)))
