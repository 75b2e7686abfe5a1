"""Published data sets go from the file to a scenario; what was not brought is skipped."""

from __future__ import annotations

import pandas as pd
import pytest

import cxsim as cx
from cxsim.analytic import fit_purchases
from lab.published_data import QUICK, SETS, DataSet, Outcome, go_through, hand_made, page
from lab.validation import own_logs
from lab.validation.published import MissingDataError, cdnow, published_file, recency

BY_NAME = {each.name: each for each in SETS}
SOON = ("Yogurt", "Ketchup")


def through(name, folder):
    try:
        return go_through(BY_NAME[name], folder, more=QUICK, report=False)
    except MissingDataError as error:
        pytest.skip(str(error))


def test_a_published_panel_becomes_a_scenario_that_runs(tmp_path):
    made = through("Yogurt", tmp_path)
    assert made.runs
    assert made.rows == 2412
    assert "% of the mean price" in made.result
    assert "columns: id (customer)" in made.decisions


def test_a_panel_that_lost_its_order_is_refused_in_one_line(tmp_path):
    made = through("Ketchup", tmp_path)
    assert not made.runs
    assert made.result.startswith("ketchup.csv: expected rows in purchase order, found")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BY_NAME if name not in SOON])
def test_every_data_set_goes_in_or_is_refused(name, tmp_path):
    made = through(name, tmp_path)
    assert made.runs or BY_NAME[name].refused


@pytest.mark.slow
def test_a_log_gives_the_panel_that_is_made_by_hand():
    """All prices, choices and weeks of a category of Complete Journey, exactly."""
    try:
        lines = BY_NAME["Soft drinks"].data()
    except MissingDataError as error:
        pytest.skip(str(error))
    made = cx.panel_from_log(lines, brand="manufacturer_id", store="none", period="week")
    frame = made.frame.drop(columns="money", errors="ignore")
    by_hand = hand_made(lines)
    assert len(frame) > 5_000
    pd.testing.assert_frame_equal(
        frame, by_hand[list(frame)], check_dtype=False, check_names=False, check_exact=True
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "published", "log_likelihood"),
    [
        ("bg-nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4),
        ("pareto-nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0),
    ],
)
def test_cdnow_has_the_published_parameters(model, published, log_likelihood):
    """Fader, Hardie & Lee (2005), tables 2 and 3."""
    try:
        log = recency(cdnow(), "1997-09-30", "1998-06-30")
    except MissingDataError as error:
        pytest.skip(str(error))
    found = fit_purchases(model, log["x"], log["tx"], log["T"])
    assert found.values == pytest.approx(published, abs=6e-4)
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=0.05)


def test_the_page_says_what_goes_in_and_what_is_refused():
    done = DataSet("Beer", "purchases of beer", "nobody", "beer.csv", pd.DataFrame, ("cxsim x",))
    lost = DataSet(
        "Wine", "one purchase each", "nobody", "wine.csv", pd.DataFrame, (), refused="no"
    )
    text = page(
        [Outcome(done, 7, ["a period is a week"], [], ["inelastic"], "1.0 utils", 2.0, True),
         Outcome(lost, 3, result="expected two purchases")], ["Tea"],
    )  # fmt: skip
    assert "Of 2 published data sets, 1 become a scenario" in text
    assert "| Wine | panel | .csv | 3 | refused: expected two purchases |" in text
    assert "left out: Tea" in text
    assert "- a period is a week" in text


def test_the_truth_of_new_customers_is_that_of_all_where_the_log_begins_with_them(monkeypatch):
    """If everybody buys at once, who buys first does not depend on rates."""
    monkeypatch.setattr(own_logs, "NEW_AFTER", 0)
    monkeypatch.setattr(own_logs, "RATE", 50.0)
    monkeypatch.setattr(own_logs, "SHAPE", 40.0)
    found = own_logs.truth([1] * own_logs.PERIODS)
    assert found["purchase_rate"] == pytest.approx(1.0, abs=1e-6)
    assert found["exit_rate"] == pytest.approx(1.2 / 31.2, rel=1e-3)
    assert found["churn"] + found["retention_rate"] == pytest.approx(1.0)


def test_files_that_were_not_brought_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr("lab.validation.published.DATA", tmp_path)
    with pytest.raises(MissingDataError, match=r"nothing\.csv: expected data, found none"):
        published_file("nothing.csv")
