"""One firm's own log: closed forms of buying again, and statistics shared by data and runs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.analytic import fit_repeat_buying, repeat_log_likelihood, repeat_purchases
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
    assert mean == pytest.approx(repeat_purchases([6], **DIFFER)[0], rel=1e-12)


def test_without_leaving_and_without_differences_it_is_a_binomial():
    sure = {"buy_alpha": 3e6, "buy_beta": 7e6, "leave_alpha": 1e-9, "leave_beta": 1.0}
    made = repeat_log_likelihood([2], [4], [5], **sure)[0]
    assert made == pytest.approx(2 * np.log(0.3) + 3 * np.log(0.7), abs=1e-4)
    assert repeat_purchases([5], **sure)[0] == pytest.approx(1.5)


def test_chances_are_recovered_from_histories():
    histories = np.array([history(each) for each in customers(4000, 26)])
    found = fit_repeat_buying(*histories.T)
    assert found.buy == pytest.approx(0.25, abs=3 * found.buy_se)
    assert found.leave == pytest.approx(1.5 / 21.5, abs=3 * found.leave_se)
    assert found.buy_se < 0.01


def test_histories_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="expected purchases <= last <= periods"):
        repeat_log_likelihood([2], [1], [3], **DIFFER)
    with pytest.raises(ValueError, match="some periods with a purchase and some without"):
        fit_repeat_buying([0, 0], [0, 0], [3, 3])


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
    made = cx.own_log(pd.DataFrame({"customer": who, "period": when}), new_after=0, contracts=True)
    mean = made.contracts.alpha / (made.contracts.alpha + made.contracts.beta)
    assert mean == pytest.approx(1.5 / 13.5, rel=0.15)


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
