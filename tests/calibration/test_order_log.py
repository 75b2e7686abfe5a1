"""An order log becomes a panel: each rule alone, all of them on a simulated log, and refusals."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from support.logs import market, messy

import cxsim as cx
from cxsim.calibration import CalibrationError, as_log, read_panel
from cxsim.calibration.order_log import (
    carried,
    choose_period,
    large_brands,
    pair_returns,
    period_fit,
    periods_of,
    quantity_slope,
    within_share,
)
from cxsim.cli.app import run as command
from cxsim.report.notebooks import shipped_notebooks

# ------------------------------------------------------------------ each rule alone


def test_a_return_cancels_the_latest_earlier_purchase():
    made = pair_returns(np.zeros(3, int), np.array([1.0, 2.0, -2.0]))
    assert made.left.tolist() == [1.0, 0.0, 0.0]
    assert (made.paired, made.partial) == (1, 0)


def test_what_a_purchase_does_not_cover_goes_on_to_the_one_before():
    made = pair_returns(np.zeros(4, int), np.array([2.0, 1.0, -1.0, -1.0]))
    assert made.left.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert (made.paired, made.partial) == (2, 1)


def test_a_return_without_a_purchase_or_before_it_cancels_nothing():
    made = pair_returns(np.array([0, 1, 1]), np.array([3.0, -1.0, 1.0]))
    assert made.left.tolist() == [3.0, 0.0, 1.0]
    assert made.paired == 0


def test_the_slope_of_amounts_on_quantities_is_one_for_lines_and_zero_for_units():
    brand, quantity = np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 1.0, 2.0])
    price = np.array([4.0, 4.0, 9.0, 9.0])
    assert quantity_slope(brand, quantity, price * quantity)[0] == pytest.approx(1.0)
    assert quantity_slope(brand, quantity, price)[0] == pytest.approx(0.0)


def test_weeks_begin_on_mondays_and_months_on_the_first():
    days = np.array(["2024-01-07", "2024-01-08", "2024-02-01"], "datetime64[D]").astype(int)
    assert np.diff(periods_of(days, "week")).tolist() == [1, 3]
    assert np.diff(periods_of(days, "month")).tolist() == [0, 1]


def test_a_weekly_market_is_read_in_weeks():
    day = np.tile(np.arange(0, 70, 7), 20)  # twenty customers, ten Thursdays
    customer, brand = np.repeat(np.arange(20), 10), np.arange(200) // 10 % 2
    fits = {name: period_fit(customer, brand, day, name) for name in ("day", "week", "month")}
    assert fits["day"] == (0.0, pytest.approx(10 / 64, rel=0.5))
    assert fits["month"][0] > 0.5
    assert choose_period(fits) == ("week", True)


def test_brands_are_large_by_share_and_by_number():
    counts = np.array([50, 1, 30, 19])
    assert large_brands(counts, 0.02, 8).tolist() == [0, 2, 3]
    assert large_brands(counts, 0.02, 2).tolist() == [0, 2]


def test_price_variance_is_split_into_periods_and_customers():
    rng = np.random.default_rng(0)
    cell = np.repeat(np.arange(50), 200)
    brand = np.zeros(len(cell), int)
    over, between = rng.normal(size=50)[cell], rng.normal(size=len(cell))
    assert within_share(cell, brand, over) == pytest.approx(0.0, abs=1e-12)
    assert within_share(cell, brand, between) == pytest.approx(1.0, abs=0.02)
    assert within_share(cell, brand, over + between) == pytest.approx(0.5, abs=0.1)
    assert np.isnan(within_share(cell, brand, np.ones(len(cell))))


def test_a_price_is_carried_on_for_a_while_and_no_longer():
    table = np.array([[2.0], [np.nan], [np.nan], [np.nan], [3.0]])
    np.testing.assert_array_equal(carried(table, 2)[:, 0], [2.0, 2.0, 2.0, np.nan, 3.0])


# ------------------------------------------------------------------ a simulated log


@pytest.fixture(scope="module")
def panel():
    return market(customers=150, periods=20)


@pytest.fixture(scope="module")
def log(panel):
    return messy(panel)


def count(made, rule):
    return made.decisions.set_index("rule")["count"][rule]


def test_what_was_put_into_a_log_is_counted_back(log):
    made = cx.panel_from_log(log.log)
    assert count(made, "returns") == made.facts["returns_paired"] == log.returns
    assert count(made, "purchases returned whole") == log.returns
    assert count(made, "lines of one customer and period") == log.second
    assert count(made, "purchases of small brands") == log.small
    assert list(made.brands["brand"]) == ["Ann", "Bob", "Cem", "other"]
    assert made.period_length == "week"


def test_the_panel_is_the_one_behind_the_log(panel, log):
    made = cx.panel_from_log(log.log, small="drop").frame
    truth = panel.assign(customer=panel["customer"].astype(str))
    both = truth.merge(made, left_on=["customer", "period"], right_on=["customer", "week"])
    assert len(both) == len(truth) == len(made)
    assert (both["choice_x"] == both["choice_y"]).all()
    for name in ("Ann", "Bob", "Cem"):
        np.testing.assert_allclose(both[f"price_{name}"], both[f"price.{name}"])


@pytest.mark.slow
def test_loyalty_is_that_of_the_panel(panel, log):
    made = cx.panel_from_log(log.log, small="drop").frame
    one, two = (
        cx.calibrate(each, permutations=0, draws=50).table.set_index("parameter")
        for each in (panel, made)
    )
    gap = one["estimate"]["loyalty"] - two["estimate"]["loyalty"]
    assert abs(gap) < one["se"]["loyalty"]


def test_any_order_of_rows_gives_the_same_bytes(log, tmp_path):
    orders = [log.log, log.log.iloc[::-1], log.log.sample(frac=1.0, random_state=7)]
    files = [
        cx.panel_from_log(each).save(tmp_path / f"{k}.csv").read_bytes()
        for k, each in enumerate(orders)
    ]
    assert files[0] == files[1] == files[2]


def test_amounts_of_units_are_told_from_amounts_of_lines(panel):
    lines, units = (cx.panel_from_log(messy(panel, unit=unit).log) for unit in (False, True))
    pd.testing.assert_frame_equal(lines.frame, units.frame)
    assert lines.facts["slope"] == pytest.approx(1.0, abs=0.05)
    assert units.facts["slope"] == pytest.approx(0.0, abs=0.05)


def test_amounts_that_could_be_either_are_a_question(panel):
    log = messy(panel).log
    half = log.assign(amount=log["amount"] / np.sqrt(log["quantity"].abs()))
    with pytest.raises(CalibrationError, match="--amount-is line, or --amount-is unit"):
        cx.panel_from_log(half)
    assert len(cx.panel_from_log(half, amount_is="line").frame)


def test_where_each_customer_saw_other_prices_nothing_is_said_about_money(panel, tmp_path):
    rng = np.random.default_rng(0)
    log = as_log(panel)
    log["amount"] = rng.choice([3.0, 4.0], len(log))
    made = cx.panel_from_log(log)
    assert made.price_response == "none"
    assert any("No worth in money" in text and "--prices" in text for text in made.verdict())
    assert cx.panel_from_log(as_log(panel)).price_response == "usable"
    path = made.save(tmp_path / "panel.csv")
    result = cx.calibrate(path, permutations=0, draws=16)
    assert "no_worth_in_money" in [each.code for each in result.warnings]
    assert result.table["worth"].isna().all()
    assert " EUR" not in result.headline()
    assert read_panel(path).ignored == ()


def test_a_price_list_is_used_in_place_of_what_others_paid(panel):
    log = as_log(panel)
    listed = pd.DataFrame({"period": [0, 10], "brand": "Ann", "price": [5.0, 7.0]})
    made = cx.panel_from_log(log, prices=listed)
    early = made.frame["period"] < 10
    assert set(made.frame["price.Ann"][early]) == {5.0}
    assert set(made.frame["price.Ann"][~early]) == {7.0}
    with pytest.raises(CalibrationError, match="did you mean 'Ann'"):
        cx.panel_from_log(log, prices=listed.assign(brand="ann"))


def test_prices_are_those_of_the_store():
    log = pd.DataFrame(
        {
            "customer": np.repeat(np.arange(40), 6),
            "period": np.tile(np.arange(6), 40),
            "brand": np.where(np.arange(240) % 7 < 4, "A", "B"),
            "store": np.where(np.arange(240) // 6 % 2 == 0, "north", "south"),
        }
    )
    log["amount"] = np.where(log["store"] == "north", 2.0, 3.0)
    made = cx.panel_from_log(log)
    north = made.frame["customer"].astype(int) % 2 == 0
    assert set(made.frame["price.A"][north]) == {2.0}
    assert set(made.frame["price.B"][~north]) == {3.0}
    assert not made.facts["within"] > 0


def test_a_brand_that_nobody_buys_for_long_is_not_on_offer(panel):
    log = as_log(panel)
    gone = log[(log["brand"] != "Cem") | (log["period"] < 8)]
    made = cx.panel_from_log(gone)
    assert made.frame["period"].max() == 11  # four periods of the last price
    assert (
        count(made, "brands not on offer")
        == (log["period"] > 11).sum() - ((log["brand"] == "Cem") & (log["period"] > 11)).sum()
    )
    kept = cx.panel_from_log(gone, missing="blank").frame
    assert kept["price.Cem"][kept["period"] > 11].isna().all()


def test_periods_without_a_purchase_are_rows_on_request():
    log = pd.DataFrame(
        {"customer": [1, 1, 2, 2, 2], "period": [0, 3, 0, 1, 9], "brand": list("ABABA"),
         "amount": 1.0}
    )  # fmt: skip
    made = cx.panel_from_log(log, outside=True, missing="blank").frame
    ours = made[made["customer"] == "1"]
    assert ours["choice"].tolist()[:4] == ["A", "no_purchase", "no_purchase", "B"]
    assert ours["period"].max() == 9  # 95 % of gaps beyond the last purchase, within the log


def test_a_last_week_that_the_log_does_not_cover_is_cut():
    day = np.arange("2024-01-01", "2024-02-07", dtype="datetime64[D]")  # ends on a Tuesday
    log = pd.DataFrame({"customer": 1, "date": day, "brand": list("AB") * 18 + ["A"], "amount": 2})
    made = cx.panel_from_log(log, period="week")
    assert count(made, "last week") == 2
    assert made.frame["week"].max() == 4
    kept = cx.panel_from_log(log, period="week", last_period="keep")
    assert kept.frame["week"].max() == 5


def test_a_sample_of_customers_follows_the_seed_and_not_the_rows(log):
    one = cx.panel_from_log(log.log, sample=50, seed=3).frame
    two = cx.panel_from_log(log.log.iloc[::-1], sample=50, seed=3).frame
    pd.testing.assert_frame_equal(one, two)
    assert one["customer"].nunique() == 50
    assert set(cx.panel_from_log(log.log, sample=50, seed=4).frame["customer"]) != set(
        one["customer"]
    )


def test_what_is_missing_in_a_log_is_named(panel):
    log = as_log(panel)
    for column, message in {
        "customer": "expected a column 'customer' .who buys; or name it with --customer",
        "period": "expected a column 'date' .when",
        "brand": "a log of one firm alone: cxsim panel --own",
        "amount": "expected a column 'amount'",
    }.items():
        with pytest.raises(CalibrationError, match=message):
            cx.panel_from_log(log.drop(columns=column))
    with pytest.raises(CalibrationError, match="found 'Ann' alone"):
        cx.panel_from_log(log[log["brand"] == "Ann"])
    with pytest.raises(ValueError, match="returns: expected one of cancel, drop, refuse"):
        cx.panel_from_log(log, returns="keep")


# ------------------------------------------------------------------ the command


def test_the_command_prints_decisions_and_what_comes_next(log, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log.log.to_csv("orders.csv", index=False)
    assert command(["panel", "orders.csv", "-o", "panel.csv", "--small", "drop"]) == 0
    said = capsys.readouterr().out
    assert f"returns: {log.returns} of" in said
    assert "(--amount-is)" in said
    assert "Price response and the worth of loyalty in money can be estimated" in said
    assert "Next: cxsim calibrate panel.csv --period-length week" in said
    assert max(map(len, said.splitlines())) <= 100
    assert (tmp_path / "panel.csv").read_text().startswith("customer,week,choice,price.Ann")
    assert command(["panel", "orders.csv", "--brand", "brnd"]) == 2
    assert "did you mean 'brand'?" in capsys.readouterr().err


# ------------------------------------------------------------------ figures and notebook


def test_figures_of_a_log_state_what_is_found(panel, log):
    made = cx.panel_from_log(log.log)
    prices, bought = cx.plot.log_prices(made.brands), cx.plot.log_purchases(made.purchases)
    assert prices.get_suptitle().startswith("Customers of a period see the same prices (0")
    assert "other constant" in cx.plot.alternative_text(prices)
    assert "purchases per week" in bought.get_suptitle()
    mixed = as_log(panel).assign(amount=np.random.default_rng(0).choice([3.0, 4.0], len(panel)))
    drawn = cx.plot.log_prices(cx.panel_from_log(mixed).brands)
    assert "lie between customers" in " ".join(drawn.get_suptitle().split())


@pytest.mark.slow
def test_the_notebook_makes_the_panel_by_plain_papermill(log, tmp_path):
    log.log.to_csv(tmp_path / "orders.csv", index=False)
    notebook = shipped_notebooks()["data"]
    assert len(json.loads(notebook.read_text("utf-8"))["cells"]) <= 12
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(notebook), "out.ipynb", "-k", "python3",
         "-p", "log", "orders.csv", "-p", "output", "kept"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    panel = cx.panel_from_log(tmp_path / "orders.csv").save(tmp_path / "again.csv")
    assert (tmp_path / "kept" / "panel.csv").read_bytes() == panel.read_bytes()
    summary = json.loads((tmp_path / "kept" / "summary.json").read_text("utf-8"))
    assert summary["price_response"] == "usable"
