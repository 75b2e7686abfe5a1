"""The recovery table: panels of known truth, results kept as they are made, and its page."""

from __future__ import annotations

import numpy as np
import pytest

from lab.validation import estimation
from lab.validation.estimation import (
    ROWS,
    Row,
    available,
    estimate,
    kept_panels,
    page,
    run,
    summary,
)
from lab.validation.simulated import FIRMS, Truth, draw


def test_customers_of_the_simulator_stay_as_the_logit_says():
    truth = Truth(price=0.0, loyalty=1.5, taste_sd=0.0)
    frame = draw(truth, 2000, 8, unseen=5, seed=1)
    choice = frame["choice"].to_numpy().reshape(2000, 8)
    worth = np.exp([0.5, 0.0, -0.5])
    for k, firm in enumerate(FIRMS):
        before = choice[:, :-1] == firm
        stayed = (choice[:, 1:] == firm)[before]
        boost = worth[k] * np.exp(1.5)
        expected = boost / (boost + worth.sum() - worth[k])
        assert stayed.mean() == pytest.approx(expected, abs=4 * 0.5 / len(stayed) ** 0.5)


def test_knowledge_of_the_simulator_grows_as_its_closed_form():
    truth = Truth(learning=2.0, speed=0.5)
    for purchases in (1, 5):
        expected = 2.0 * 0.5 * purchases / (1 + 0.5 * purchases)
        assert truth.known_after(purchases) == pytest.approx(expected)


def test_prices_answer_demand_only_where_they_are_told_to():
    frames = [draw(Truth(shock=0.5, answer=a), 5, 200, seed=2) for a in (0.0, 0.6)]
    margins = [(f["price.Ann"] - f["cost.Ann"]).to_numpy() for f in frames]
    assert len(np.unique(margins[0].round(9))) == 2  # with a deal and without
    assert len(np.unique(margins[1].round(9))) > 50


def test_rows_have_names_of_their_own_and_say_what_they_need():
    assert len({row.name for row in ROWS}) == len(ROWS)
    odd = Row("odd", "an option that there is not", Truth(), how={"mood": 1})
    assert available(odd) == ["mood"]
    assert available(ROWS[0]) == []


def test_a_panel_is_estimated_as_a_user_would():
    row = Row("small", "small", Truth(), 60, 8, 0, {"initial_purchases": "use"})
    found = estimate(row, 1, draws=16)["found"]
    assert set(found) == {"price_sensitivity", "loyalty", "worth"}
    value, error = found["loyalty"]
    assert abs(value - 1.0) < 4 * error


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    made = []

    def pretend(row, seed, *, draws):
        made.append(seed)
        return {"seed": seed, "found": {"loyalty": [1.0 + seed, 1.0]}}

    monkeypatch.setattr(estimation, "estimate", pretend)
    row = Row("row", "a row", Truth())
    run(row, 2, folder=tmp_path)
    path = next(tmp_path.glob("*.jsonl"))
    path.write_text(path.read_text() + '{"seed": 2, "fou', "utf-8")  # stopped while writing
    run(row, 4, folder=tmp_path)
    results = run(row, 4, folder=tmp_path)
    assert made == [0, 1, 2, 3]
    assert [each["seed"] for each in results] == [0, 1, 2, 3]


def test_results_of_other_code_are_taken_over_where_todays_finds_the_same(tmp_path, monkeypatch):
    made = []

    def run_as(code, *, off):
        def pretend(row, seed, *, draws):
            made.append(seed)
            return {"seed": seed, "found": {"loyalty": [1.0 + seed + off, 1.0]}}

        monkeypatch.setattr(estimation, "estimate", pretend)
        monkeypatch.setattr(estimation, "_code", lambda: code)
        made.clear()
        run(Row("row", "a row", Truth()), 5, folder=tmp_path)
        return made

    assert run_as("earlier", off=0.0) == [0, 1, 2, 3, 4]
    assert run_as("same", off=1e-6) == [0, 1]  # two are tried again
    assert kept_panels(Row("row", "a row", Truth()), folder=tmp_path) == 5
    assert run_as("other", off=0.1) == [0, 0, 0, 1, 2, 3, 4]  # one of each file, then all anew


def test_coverage_counts_intervals_that_hold_the_truth():
    row = Row("row", "a row", Truth(loyalty=1.0))
    results = [{"seed": k, "found": {"loyalty": [1.0 + k, 1.0]}} for k in range(4)]
    (found,) = summary(row, [*results, {"seed": 9, "refused": "no"}])
    assert found["coverage"] == 0.5  # 1 and 2 of 1, 2, 3, 4
    assert found["mean"] == 2.5
    assert found["rejected"] == 0.75


def test_the_page_marks_coverage_that_is_off_and_lists_rows_that_were_not_run():
    results = [{"seed": k, "found": {"loyalty": [9.0, 1.0]}} for k in range(30)]
    text = page({"400x12": results})
    assert "**0 %**" in text
    assert "loyalty (400 customers, 12 purchases after 20 unseen)" in text
    assert "Not run" in text


def test_the_page_says_why_a_row_was_refused():
    row = next(row for row in ROWS if row.name == "400x2")
    refused = estimate(row, 0)
    assert "the firm last bought from is always the first one" in refused["refused"]
    text = page({row.name: [refused]})
    assert f"- {row.text}: {refused['refused']}" in text
