"""Scenarios are compared over paired seeds, every number with its error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from markets import firm, lively

import cxsim as cx
from cxsim.numerics.statistics import half_width, mean_and_error, paired
from cxsim.runs import simulate
from cxsim.runs.measures.measure_registry import summarize
from cxsim.study.paired_seeds import contrast, counted, paths_of, summary_of
from cxsim.study.value_of_lead import estimate, interval


@pytest.fixture(scope="module")
def result():
    base = lively(customers=400)
    dear = base.override({"name": "dear", "firms.Tailor.price": 12.0})
    return cx.compare(base, dear, seeds=8)


def row(result, measure, firm):
    table = result.table
    return table[(table["measure"] == measure) & (table["firm"] == firm)].iloc[0]


def test_a_dearer_firm_loses_share(result):
    share = row(result, "market_share", "Tailor")
    assert share["upper"] < 0
    assert share["difference"] == pytest.approx(share["other"] - share["baseline"])
    assert share["baseline_se"] > 0


def test_pairing_narrows_the_interval(result):
    assert row(result, "market_share", "Tailor")["width_ratio"] > 1.5


def test_every_summarized_measure_of_firms_and_market_is_compared(result):
    run = cx.run(lively(customers=400))
    expected = len(run.summary())
    assert len(result.table) == expected


def test_means_are_those_of_single_runs(result):
    means = result.means.set_index(["scenario", "measure", "firm"])["mean"]
    shares = [
        cx.run(lively(customers=400), seed=s).firms.query("firm == 'Mass'")["market_share"].mean()
        for s in range(8)
    ]
    assert means["test", "market_share", "Mass"] == pytest.approx(np.mean(shares))


def test_the_headline_says_who_moves_most_and_how_surely(result):
    assert result.headline().startswith("In dear, Tailor loses ")
    assert "95 % interval" in result.headline()


def test_a_firm_that_gains_share_and_loses_money_is_said_to_do_both():
    small = {"customers": 300, "periods": 36}
    result = cx.compare(cx.load("baseline", small), cx.load("copycat", small), seeds=3)
    mass = result.table.query("firm == 'Mass' and measure == 'net_present_value'").iloc[0]
    assert mass["upper"] < 0
    said = result.headline()
    assert said.startswith("In copycat, Mass gains 4.0 points of market share against baseline")
    assert said.endswith(
        "but loses 311 thousand EUR of net present value (253 thousand to 369 thousand)."
    )


def test_settings_name_what_differs(result):
    assert result.settings["path"].tolist() == ["firms.Tailor.price"]


def test_courses_have_a_value_per_scenario_firm_and_period(result):
    share = result.series[result.series["measure"] == "market_share"]
    assert len(share) == 2 * 3 * 6
    assert (share["lower"] <= share["upper"]).all()


def test_two_jobs_give_the_numbers_of_one(result):
    base = lively(customers=400)
    dear = base.override({"name": "dear", "firms.Tailor.price": 12.0})
    pd.testing.assert_frame_equal(cx.compare(base, dear, seeds=8, jobs=2).table, result.table)


def test_scenarios_with_different_firms_compare_on_what_they_share():
    base = lively(customers=300)
    other = base.override({"name": "other", "firms.Niche": None, "firms.New": firm()})
    result = cx.compare(base, other, seeds=3)
    assert set(result.table["firm"]) == {"Mass", "Tailor", "(market)"}
    assert "New" in set(result.means["firm"])


def test_consumer_surplus_compares_within_one_form_of_switching_costs_only():
    base = lively(customers=100, periods=2)
    bonus = base.override({"name": "bonus", "switching_cost_form": "bonus"})
    assert "consumer_surplus" not in set(cx.compare(base, bonus, seeds=2).table["measure"])


def test_a_scenario_compared_with_itself_does_not_differ():
    base = lively(customers=100, periods=2)
    result = cx.compare(base, base, seeds=3)
    assert (result.table["difference"].fillna(0) == 0).all()
    assert result.scenarios == ["test (1)", "test (2)"]
    assert "do not differ" in result.headline()


def test_one_seed_gives_means_without_errors():
    base = lively(customers=100, periods=2)
    result = cx.compare(base, base.override({"name": "dear", "firms.Mass.price": 20}), seeds=[7])
    assert result.table["se"].isna().all()
    assert "one seed, so no interval" in result.headline()


def test_a_comparison_of_one_seed_saves_and_loads(tmp_path):
    base = lively(customers=100, periods=2)
    result = cx.compare(base, base.override({"name": "dear", "firms.Mass.price": 20}), seeds=1)
    again = cx.Comparison.load(result.save(tmp_path / "c"))
    pd.testing.assert_frame_equal(again.table, result.table)


def test_more_than_two_scenarios_are_each_compared_with_the_first():
    base = lively(customers=100, periods=2)
    others = [base.override({"name": f"at {p}", "firms.Mass.price": p}) for p in (11, 13)]
    result = cx.compare(base, *others, seeds=2)
    assert set(result.table["scenario"]) == {"at 11", "at 13"}


def test_a_comparison_saves_and_loads(result, tmp_path):
    again = cx.Comparison.load(result.save(tmp_path / "c"))
    pd.testing.assert_frame_equal(again.table, result.table)
    assert again.headline() == result.headline()
    assert "Tailor" in again._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (cx.compare, "at least two scenarios"),
        (lambda b: cx.compare(b, b, seeds=[]), "at least one seed"),
        (lambda b: cx.compare(b, b, seeds=[1, 1]), "each seed once"),
        (lambda b: cx.compare(b, b, confidence=95), "between 0 and 1"),
        (lambda b: cx.compare(b, b.override({"periods": 5})), "expected the same in all"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call(lively(customers=10))


def test_errors_and_intervals_are_the_textbooks():
    values = np.array([1.0, 2.0, 4.0])
    mean, error = mean_and_error(values)
    assert (mean, error) == (pytest.approx(7 / 3), pytest.approx(np.std(values, ddof=1) / 3**0.5))
    assert half_width(error, 3, 0.95) == pytest.approx(4.302653 * error, rel=1e-6)
    both = paired(values, values + 1.0, 0.95)
    assert both["difference"] == 1.0
    assert np.isnan(both["width_ratio"])


def test_paired_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        common = rng.normal(size=10)
        p = paired(common + rng.normal(size=10), common + 0.5 + rng.normal(size=10), 0.9)
        hits += p["lower"] <= 0.5 <= p["upper"]
    assert 0.85 < hits / 400 < 0.95


# --- the statistic of a question ----------------------------------------------------


def test_a_contrast_has_a_statistic_of_each_scenario_by_seed():
    base = lively(customers=100, periods=3)
    dear = base.override({"firms.Mass.price": 20})
    told = []
    found = contrast(
        {"base": base, ("dear", 20): dear}, summary_of("Mass", ["market_share", "profit"]), [4, 2],
        progress=lambda *done: told.append(done),
    )  # fmt: skip
    assert list(found) == ["base", ("dear", 20)]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    shares = [summarize(simulate(dear, seed=seed))["Mass"]["market_share"] for seed in (4, 2)]
    assert found["dear", 20]["market_share"].tolist() == shares
    gap = estimate(found["dear", 20]["market_share"] - found["base"]["market_share"])
    assert gap.row("gap") == {"gap": gap.mean, "se": gap.se, "lower": gap.lower, "upper": gap.upper}


def test_statistics_are_numbers_arrays_or_several_by_name():
    base = {"": lively(customers=100, periods=3)}
    assert contrast(base, lambda made: made.seed, 3)[""].tolist() == [0, 1, 2]
    assert contrast(base, lambda _: [1.0, 2.0], 3)[""].shape == (3, 2)
    paths = contrast(base, paths_of("Mass", ["profit", "market_share"]), 2)[""]
    assert {name: path.shape for name, path in paths.items()} == {
        "profit": (2, 3),
        "market_share": (2, 3),
    }
    with pytest.raises(ValueError, match="seeds: expected each seed once"):
        contrast(base, lambda _: 0.0, [1, 1])


def test_intervals_of_several_things_are_those_of_each():
    values = np.random.default_rng(0).normal(size=(7, 2))
    both = interval(values, 0.9, "gain")
    for k in range(2):
        one = estimate(values[:, k], 0.9).row("gain")
        assert {name: each[k] for name, each in both.items()} == pytest.approx(one)


def test_tasks_are_counted_whether_anybody_wants_to_know_or_not():
    told = []
    for step in (counted(None, 2), counted(lambda *done: told.append(done), 2)):
        step()
        step()
    assert told == [(1, 2), (2, 2)]
