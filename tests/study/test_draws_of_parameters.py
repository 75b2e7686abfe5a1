"""Draws of estimated parameters in comparisons, break-even and decisions: chance is kept apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from markets import market

import cxsim as cx
from cxsim.numerics.statistics import over_draws
from cxsim.study.comparison import Comparison
from cxsim.study.paired_seeds import read_draws

QUALITY, COST = "firms.Ann.quality", "segments.All.switching_cost"


def small(**more):
    firms = {
        "Ann": {"price": 10.0, "quality": 12.0, "unit_cost": 4.0},
        "Bob": {"price": 10.0, "quality": 12.0, "unit_cost": 4.0},
    }
    segment = {"share": 1.0, "price_sensitivity": 0.5, "switching_cost": 1.0, "need_sd": 0.0}
    return market(firms, {"All": segment}, **{"customers": 200, "periods": 4, **more})


@pytest.fixture
def draws():
    return pd.DataFrame({QUALITY: [11.0, 12.0, 13.0, 14.0], COST: [0.5, 1.5, 1.0, 2.0]})


# -- The statistic -----------------------------------------------------------------------------


def test_without_chance_all_spread_is_the_estimates():
    truth = np.array([1.0, 2.0, 3.0, -1.0])
    found = over_draws(np.repeat(truth[:, None], 3, axis=1), 0.95)
    assert found["mean"] == 1.25
    assert found["estimate_sd"] == pytest.approx(truth.std(ddof=1))
    assert found["se"] == pytest.approx(truth.std(ddof=1) / 2)  # four draws, no error of seeds
    assert found["share_of_draws"] == 0.75


def test_without_uncertain_estimates_all_spread_is_chance():
    chance = np.array([0.0, 1.0, 2.0])
    found = over_draws(np.repeat(chance[None], 5, axis=0), 0.95)
    assert found["estimate_sd"] == 0
    assert found["se"] == pytest.approx(chance.std(ddof=1) / np.sqrt(3))
    half = 4.302653 * found["se"]  # Student's with two degrees of freedom
    assert found["upper"] - found["mean"] == pytest.approx(half)


def test_variance_components_are_found_again():
    rng = np.random.default_rng(1)
    draw, seed = rng.normal(0, 2.0, (400, 1)), rng.normal(0, 1.0, (1, 50))
    found = over_draws(5.0 + draw + seed + rng.normal(0, 3.0, (400, 50)), 0.95)
    assert found["estimate_sd"] == pytest.approx(2.0, rel=0.1)
    assert found["se"] == pytest.approx(np.sqrt(2.0**2 / 400 + 1 / 50 + 9 / 20_000), rel=0.3)


# -- Reading draws -----------------------------------------------------------------------------


def test_draws_come_from_frames_files_and_calibrations(draws, tmp_path):
    from cxsim.files.sealed import DamagedError, write_text

    class Matched:
        def __init__(self, draws):
            self.draws = draws

    class Calibrated:
        def sample(self, count):
            return draws.head(count)

    write_text(tmp_path / "sealed.csv", draws.to_csv(index=False))
    draws.to_csv(tmp_path / "plain.csv", index=False)
    for given in (tmp_path / "sealed.csv", str(tmp_path / "plain.csv"), Matched(draws), draws):
        assert read_draws(given).equals(draws)
    assert read_draws(Calibrated(), count=3).equals(draws.head(3))
    assert read_draws("") is None
    damaged = tmp_path / "sealed.csv"
    damaged.write_bytes(damaged.read_bytes().replace(b"13.0", b"18.0"))
    with pytest.raises((DamagedError, ValueError), match="expected what was written"):
        read_draws(damaged)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda d: d.head(1), "draws: expected two rows or more"),
        (lambda d: d.assign(x=["a", 1, 2, 3]), "draws: row 0: x: expected a number, found 'a'"),
        (lambda d: d.assign(x=[1, np.nan, 2, 3]), "draws: row 1: x: expected a number, found .nan"),
        (lambda _: "none.csv", "draws: expected a table of draws, found no file 'none.csv'"),
        (lambda _: "none.txt", "draws: expected a file .csv or .parquet, found 'none.txt'"),
        (lambda d: d.assign(**{"firms.An.price": 1.0}),
         "draws: row 0.firms.An.price: expected the name of a firm, found 'An'"),
        (lambda d: d.assign(**{COST: [1, 1, -1, 1]}), "draws: row 2."),
        (lambda d: d.assign(customers=50.0), "overrides: customers: expected a parameter that is"),
        (lambda d: d.assign(**{"firms.Bob.price": 9.0}),
         "draws: firms.Bob.price: expected a parameter in which the scenarios agree, found 10.0"),
    ],
)  # fmt: skip
def test_draws_that_cannot_be_used_are_refused_in_one_line(
    draws, given, said, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    cheap = small().override({"firms.Bob.price": 8})
    with pytest.raises(ValueError, match="expected") as caught:
        cx.compare(small(), cheap, seeds=2, draws=given(draws), overrides={"customers": 100})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_seed_cannot_separate_chance(draws):
    with pytest.raises(ValueError, match="seeds: expected two or more with draws, found one"):
        cx.compare(small(), small(), seeds=1, draws=draws)


# -- Comparisons -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compared():
    table = pd.DataFrame({QUALITY: [11.0, 12.0, 13.0, 14.0], COST: [0.5, 1.5, 1.0, 2.0]})
    cheap = small(name="cheap").override({"firms.Bob.price": 8})
    return cx.compare(small(name="as it is"), cheap, seeds=3, draws=table), table, cheap


def test_a_comparison_over_draws_is_the_mean_of_those_of_each(compared):
    result, draws, cheap = compared
    row = result.table.query("measure == 'market_share' and firm == 'Bob'").iloc[0]
    each = []
    for draw in draws.to_dict("records"):
        found = cx.compare(small().override(draw), cheap.override(draw), seeds=3).table
        share = found.query("measure == 'market_share' and firm == 'Bob'").iloc[0]
        each.append(share["difference"])
    assert row["difference"] == pytest.approx(np.mean(each))
    assert row["share_of_draws"] == np.mean(np.array(each) > 0)
    assert row["seeds"] == 3
    assert 0 <= row["estimate_sd"] <= np.std(each, ddof=1)


def test_the_headline_names_both_errors_and_the_share_of_draws(compared):
    said = compared[0].headline()
    assert "over 4 draws of 2 estimated parameters: standard deviation" in said
    assert "from the estimates, Monte-Carlo error" in said
    assert "share in 100 % of the draws" in said


def test_the_draws_are_part_of_what_a_comparison_is(compared, tmp_path):
    result, draws, cheap = compared
    kept = Comparison.load(result.save(tmp_path / "kept"))
    assert kept.draws == result.draws
    assert kept.draws["paths"] == [QUALITY, COST]
    other = cx.compare(small(), cheap, seeds=2, draws=draws.head(2))
    assert other.draws["digest"] != result.draws["digest"]
    assert cx.compare(small(), cheap, seeds=2).draws is None


# -- Break-even --------------------------------------------------------------------------------


def test_a_break_even_that_the_draws_move_has_their_spread():
    better = small().override({"firms.Ann.price": 9.0})
    draws = pd.DataFrame({"firms.Bob.quality": [10.0, 14.0]})
    how = {"firm": "Ann", "low": 0.0, "high": 8.0, "seeds": 2, "points": 3}
    found = cx.break_even(small(), better, "firms.Ann.unit_cost", draws=draws, **how)
    row, moved = found.by_draw.iloc[0], {"firms.Bob.quality": 10.0}
    one = cx.break_even(
        small().override(moved), better.override(moved), "firms.Ann.unit_cost", **how
    )
    assert (row["value"], row["se"]) == pytest.approx(one.points[0])
    facts = found.uncertainty
    assert facts["mean"] == pytest.approx(found.by_draw["value"].mean())
    assert found.points[0] == pytest.approx(
        (facts["mean"], np.hypot(facts["se"], facts["estimate_sd"]))
    )
    assert "in 100 % of 2 draws of the estimates (standard deviation" in found.sentence()


def test_what_is_moved_cannot_be_drawn():
    draws = pd.DataFrame({"firms.Ann.unit_cost": [4.0, 5.0]})
    how = {"firm": "Ann", "low": 0, "high": 8, "seeds": 2, "draws": draws}
    with pytest.raises(ValueError, match="path: expected a parameter that is not drawn, found"):
        cx.break_even(small(), small(), "firms.Ann.unit_cost", **how)


# -- Decisions ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def decided():
    draws = pd.DataFrame({COST: np.linspace(0.5, 2.0, 8)})
    options = {"stay": {}, "cut": {"firms.Ann.price": 9}}
    ranges = {"market": {"path": "firms.Bob.quality", "low": 11, "high": 13}}
    how = {"options": options, "uncertainties": ranges, "rival": "none", "points": 8, "seeds": 2}
    return cx.decide(small(), "Ann", draws=draws, **how)


def test_a_decision_names_both_errors_and_the_share_of_draws(decided):
    found = decided.uncertainty
    wide = decided.frame.pivot(index=["point", "seed"], columns="strategy", values=decided.output)
    lead = wide[decided.recommended] - wide[decided.runner_up]
    assert found["mean"] == pytest.approx(lead.mean())
    assert found["share_of_draws"] == (lead.groupby("point").mean() > 0).mean()
    said = decided.sentences[-1]
    assert said.startswith("Over 8 draws of 1 estimated parameters, the lead over")
    assert "from the estimates and the other uncertain inputs and a Monte-Carlo error of" in said
    assert said.endswith("of the draws.")


def test_the_points_of_a_decision_are_its_draws(decided):
    assert decided.facts["drawn"] == [COST]
    assert sorted(decided.frame[COST].unique()) == pytest.approx(np.linspace(0.5, 2.0, 8))


def test_fewer_draws_than_points_are_refused():
    draws = pd.DataFrame({COST: [0.5, 1.0]})
    with pytest.raises(ValueError, match="draws: expected a row for each of 8 points, found 2"):
        cx.decide(small(), "Ann", draws=draws, points=8)


# -- The command -------------------------------------------------------------------------------


def test_the_command_refuses_a_file_of_draws_that_is_not_there(capsys):
    from cxsim.cli.app import run

    assert run(["compare", "baseline", "copycat", "--draws", "none.csv"]) == 2
    assert "--draws: expected a file, found none called 'none.csv'" in capsys.readouterr().err
