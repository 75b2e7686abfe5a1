"""Calibration to aggregates: targets are met, and what they leave open is named."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import market

import cxsim as cx
from cxsim.calibration import CalibrationError, match_moments
from cxsim.calibration.moment_matching import _weighting, truncated_normal
from cxsim.calibration.targets import read_targets
from cxsim.cli.app import run as command
from examples import examples

TRUE = {"firms.Ann.quality": 13.0, "segments.All.switching_cost": 1.5}
BOUNDS = {"firms.Ann.quality": [10, 16], "segments.All.switching_cost": [0, 4]}


def base(**more):
    firms = {"Ann": {"price": 10.0, "quality": 12.0}, "Bob": {"price": 10.0, "quality": 12.0}}
    segment = {"share": 1.0, "price_sensitivity": 0.5, "brand_taste_sd": 1.0, "need_sd": 0.0}
    return market(
        firms, {"All": segment}, **{"customers": 800, "periods": 12, "warm_up": 20, **more}
    )


def targets(scenario, *measures):
    """Return what a run of the scenario says of the measures, as targets."""
    firms = cx.run(scenario, seed=77).firms
    rows = []
    for name, firm in measures:
        value = float(firms.loc[firms["firm"] == firm, name].mean())
        rows.append({"measure": name, "firm": firm, "value": value, "se": 0.005})
    return rows


@pytest.fixture(scope="module")
def goals():
    measures = [
        ("market_share", "Ann"),
        ("repeat_purchase_rate", "Ann"),
        ("repeat_purchase_rate", "Bob"),
    ]
    return targets(base(customers=20_000).override(TRUE), *measures)


@pytest.fixture(scope="module")
def result(goals):
    return match_moments({"parameters": BOUNDS, "targets": goals}, base=base())


SHARE, REPEAT = "market_share of Ann", "repeat_purchase_rate of Ann"


def test_correlated_gaps_are_weighted_by_the_inverse_of_their_covariance():
    se, r = np.array([0.02, 0.01]), 0.6
    given = SimpleNamespace(se=se, seeds=2, targets=SimpleNamespace(correlations=((1, r), (r, 1))))
    weighted, matrix = _weighting(given, np.zeros((5, 2, 2)), se)
    gap = np.array([0.02, 0.01])  # one standard error each
    assert weighted(gap) @ weighted(gap) == pytest.approx(2 / (1 + r))
    assert weighted(gap * [1, -1]) @ weighted(gap * [1, -1]) == pytest.approx(2 / (1 - r))
    covariance = np.array([[4e-4, r * 2e-4], [r * 2e-4, 1e-4]])
    assert np.allclose(matrix.T @ matrix, np.linalg.inv(covariance))


def test_without_correlations_j_is_the_sum_of_squared_z(result):
    z = result.moments["z"].to_numpy()
    assert result.j == float(z @ z)


def test_pairs_and_a_matrix_of_correlations_say_the_same(goals):
    given = {"parameters": BOUNDS, "targets": goals}
    pairs = read_targets(given | {"correlations": [[SHARE, REPEAT, 0.4]]}, base=base())
    rows = [[1, 0.4, 0], [0.4, 1, 0], [0, 0, 1]]
    matrix = read_targets(given | {"correlations": rows}, base=base())
    assert pairs.correlations == matrix.correlations
    assert read_targets(given, base=base()).correlations is None


def test_targets_of_one_label_are_told_apart_by_their_periods(goals):
    early, late = ({**goals[0], "periods": when} for when in ([0, 5], [6, 11]))
    given = {"parameters": BOUNDS, "targets": [early, late]}
    named = [[f"{SHARE}, 0-5", f"{SHARE}, 6-11", 0.7]]
    read = read_targets(given | {"correlations": named}, base=base())
    assert read.correlations == ((1.0, 0.7), (0.7, 1.0))
    with pytest.raises(CalibrationError, match=r"found 2 called 'market_share of Ann' \(add"):
        read_targets(given | {"correlations": [[SHARE, SHARE, 0.7]]}, base=base())


def test_a_prior_that_is_narrow_holds_a_parameter(goals):
    given = {"parameters": BOUNDS, "targets": goals[:2]}
    small, narrow = base(customers=200, periods=4, warm_up=4), {"firms.Ann.quality": [12, 0.01]}
    result = match_moments(given | {"priors": narrow}, base=small, seeds=2, draws=50)
    row = result.parameters.set_index("path").loc["firms.Ann.quality"]
    assert row["estimate"] == pytest.approx(12, abs=0.05)
    assert row["se"] == pytest.approx(0.01, rel=0.3)


def test_parameters_are_found_again_from_shares_and_repeat_rates(result):
    for row in result.parameters.to_dict("records"):
        assert abs(row["estimate"] - TRUE[row["path"]]) < 4 * row["se"]
        assert row["se"] < 0.1 * (row["high"] - row["low"])
        assert row["pinned"]
    assert result.moments["z"].abs().max() < 3
    assert result.degrees == 1
    assert result.p > 0.001
    assert result.headline().startswith("3 targets are met")


def test_a_scenario_that_is_wrong_does_not_pass_for_right(goals):
    wrong = [
        {**goal, "value": goal["value"] + (0.1 if k else -0.1)} for k, goal in enumerate(goals)
    ]
    narrow = {"segments.All.switching_cost": [1.4, 1.6]}
    result = match_moments({"parameters": narrow, "targets": wrong}, base=base(), draws=5)
    assert result.j > 50
    assert result.p < 1e-6
    assert result.headline().startswith("The targets are not met: the worst")
    assert result.parameters["at_bound"].all() == ("at its bound" in result.text())


def test_what_targets_leave_open_is_named(goals):
    bounds = {**BOUNDS, "firms.Bob.quality": [10, 14]}
    result = match_moments({"parameters": bounds, "targets": goals}, base=base(), draws=100)
    open_ = result.directions[~result.directions["pinned"]]
    assert len(open_) == 1
    for name in ("firms.Ann.quality", "firms.Bob.quality"):
        assert name in open_["combination"].iloc[0]
    pinned = result.parameters.set_index("path")["pinned"]
    assert pinned["segments.All.switching_cost"]
    assert not pinned["firms.Bob.quality"]
    assert "do not pin down" in result.headline()
    draws = result.draws[["firms.Ann.quality", "firms.Bob.quality"]]
    assert draws.corr().iloc[0, 1] > 0.9
    assert draws["firms.Bob.quality"].between(10, 14).all()


def test_the_same_call_gives_the_same_numbers(goals, result):
    again = match_moments({"parameters": BOUNDS, "targets": goals}, base=base(), jobs=2)
    assert again.parameters.equals(result.parameters)
    assert again.draws.equals(result.draws)


def test_draws_are_overrides_that_a_scenario_takes(result):
    row = result.draws.iloc[0].to_dict()
    scenario = result.scenario.override(row)
    assert scenario.segments["All"].switching_cost == row["segments.All.switching_cost"]


def test_the_file_says_how_sure_its_numbers_are(result, tmp_path):
    path = result.save(tmp_path / "matched.yaml")
    scenario = cx.load(path)
    assert scenario == result.scenario.override({"notes": scenario.notes})
    text = path.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if "switching_cost:" in line]
    assert "# se 0.0" in line
    assert "Calibrated to targets." in scenario.notes


def test_a_truncated_normal_has_the_moments_it_should():
    from scipy.stats import truncnorm

    draws = truncated_normal(np.array([0.9, 0.5]), np.diag([25.0, 0.0]), 4000)
    one = truncnorm(-0.9 / 0.2, 0.1 / 0.2, loc=0.9, scale=0.2)
    assert draws[:, 0].mean() == pytest.approx(one.mean(), abs=4 * one.std() / 60)
    assert draws[:, 1].mean() == pytest.approx(0.5, abs=4 * 0.29 / 60)
    assert draws[:, 1].std() == pytest.approx(0.2887, abs=0.02)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"targets": []}, "targets: targets: expected a list of measure, firm, value and se"),
        ({"tragets": []}, "found 'tragets' (did you mean 'targets'?)"),
        ({"parameters": {"firms.Anne.quality": [0, 1]}}, "parameters.firms.Anne.quality: "),
        ({"parameters": {"firms.Ann.quality": [3, 1]}}, "expected a lowest below the highest"),
        ({"parameters": {"firms.Ann.quality": 3}}, "expected [lowest, highest], found 3"),
        ({"targets": [{"measure": "market_shares", "firm": "Ann", "value": 1, "se": 1}]},
         "measure of a firm, found 'market_shares' (did you mean 'market_share'?)"),
        ({"targets": [{"measure": "market_share", "firm": "An", "value": 1, "se": 1}]},
         "targets.0.firm: expected a firm, found 'An' (did you mean 'Ann'?)"),
        ({"targets": [{"measure": "market_share", "firm": "Ann", "value": 1, "se": 0}]},
         "targets.0.se: expected a standard error above 0, found 0"),
        ({"targets": [{"measure": "market_share", "firm": "Ann", "value": "big", "se": 1}]},
         "targets.0.value: expected a number, found 'big'"),
        ({"targets": [{"measure": "market_share", "firm": "Ann", "value": 1, "se": 1}]},
         "expected at least as many as parameters (2), found 1"),
        ({"correlations": 0.4}, "targets: correlations: expected a matrix, or a list of"),
        ({"correlations": [["market_share of An", REPEAT, 0.4]]},
         "correlations.0: expected a target, found 'market_share of An' (did you mean '" + SHARE),
        ({"correlations": [[SHARE, REPEAT]]}, "expected [target, target, correlation], found"),
        ({"correlations": [[SHARE, SHARE, 0.4]]}, "expected two targets, found 'market_share of"),
        ({"correlations": [[SHARE, REPEAT, 0.4], [REPEAT, SHARE, 0.3]]},
         "correlations.1: expected each pair once"),
        ({"correlations": [[SHARE, REPEAT, 1]]}, "correlation between -1 and 1, found 1"),
        ({"correlations": [[1, 0.5], [0.5, 1]]}, "a row and a column per target (3), found 2 rows"),
        ({"correlations": [[1, 0.5, 0], [0.4, 1, 0], [0, 0, 1]]},
         "correlations.0: expected a symmetric matrix, found 0.5 and 0.4 (targets 0 and 1)"),
        ({"correlations": [[2, 0, 0], [0, 1, 0], [0, 0, 1]]}, "expected 1 on the diagonal"),
        ({"correlations": [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]},
         "correlations: expected a positive definite matrix, found a smallest eigenvalue of -0.8"),
        ({"priors": {"firms.An.quality": [12, 1]}},
         "expected a free parameter, found 'firms.An.quality' (did you mean 'firms.Ann.quality'?)"),
        ({"priors": {"firms.Ann.quality": 12}}, "expected [mean, sd], found 12"),
        ({"priors": {"firms.Ann.quality": [12, 0]}}, "expected an sd above 0, found 0"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named_in_one_line(goals, change, said):
    with pytest.raises(CalibrationError) as caught:
        read_targets({"parameters": BOUNDS, "targets": goals, **change}, base=base())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(-3, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "base",
        "settings",
        "parameters",
        "targets",
        "title",
        "firm",
        "value",
        "correlations",
        "priors",
    ]
)


@settings(max_examples=examples(100), deadline=None)
@given(st.dictionaries(KEYS, JUNK))
def test_whatever_stands_in_a_file_of_targets_is_read_or_refused_in_one_line(data):
    said = ""
    try:
        read_targets(data, base=base())
    except (CalibrationError, cx.ScenarioError) as error:
        said = str(error)
    assert said
    assert "\n" not in said


def test_the_command_takes_targets_and_writes_a_scenario_and_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    base(customers=200, periods=6, warm_up=5).save(tmp_path / "mine.yaml")
    (tmp_path / "shares.csv").write_text(
        "measure,firm,value,se,periods\nmarket_share,Ann,0.6,0.01,\n"
        "brand_switching_rate,(market),0.42,0.02,2-5\n"
    )
    (tmp_path / "goals.yaml").write_text(
        "base: mine.yaml\ntargets: shares.csv\nparameters:\n  firms.Ann.quality: [10, 16]\n"
    )
    arguments = ["calibrate", "goals.yaml", "-o", "out.yaml", "--sample", "draws.csv"]
    assert command([*arguments, "--seeds", "2"]) == 0
    said = capsys.readouterr().out
    assert "brand_switching_rate" in said
    assert cx.load("out.yaml").firms["Ann"].quality > 12
    assert (tmp_path / "draws.csv").read_text().splitlines()[0] == "firms.Ann.quality"
    (tmp_path / "goals.yaml").write_text("targets: shares.csv\n")
    assert command(["calibrate", "goals.yaml"]) == 2
    assert "goals.yaml: base: expected a scenario to start from" in capsys.readouterr().err


@pytest.mark.slow
def test_targets_that_are_missed_end_with_exit_code_one_and_the_reason(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    base(customers=200, periods=6, warm_up=5).save(tmp_path / "mine.yaml")
    (tmp_path / "report.csv").write_text("firm;Market share (%);n\nann;90,0;2000\nbob;10,0;2000\n")
    (tmp_path / "goals.yaml").write_text(
        "base: mine.yaml\ntargets: report.csv\nparameters:\n  firms.Ann.quality: [10, 12.5]\n"
    )
    assert command(["calibrate", "goals.yaml", "-o", "out.yaml", "--seeds", "2"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "Market share (%): decimal commas" in said
    assert "Not met: market_share of Ann is 0." in said
    assert "firms.Ann.quality is at its bound 12.5" in said
    assert cx.load("out.yaml").firms["Ann"].quality > 12


# -- Where the search starts


QUALITY = {"firms.Tailor.quality": [24, 30]}
TAILOR = {"measure": "market_share", "firm": "Tailor", "value": 0.35, "se": 0.01}
NEAR = {"settings": {"customers": 200, "periods": 6}, "parameters": QUALITY, "targets": [TAILOR]}


def test_the_last_steps_meet_targets_in_a_larger_market():
    plan = NEAR | {"start": {"firms.Tailor.quality": 26}, "refine": 800}
    result = match_moments(plan, base="baseline", seeds=2)
    assert result.scenario.customers == 200
    large = result.scenario.override({"customers": 800})
    shares = [cx.run(large, seed=seed).firms for seed in range(2)]
    mean = sum(f.query("firm == 'Tailor'")["market_share"].mean() for f in shares) / 2
    assert result.moments["model"].iloc[0] == pytest.approx(mean, abs=1e-4)
    assert mean == pytest.approx(0.35, abs=0.01)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({}, "start.firms.Tailor.quality: expected a number from 24 to 30, found none"),
        ({"firms.Tailor.quality": 40}, "expected a number from 24 to 30, found 40"),
        ({"firms.Tailor.qualty": 26}, "expected a free parameter, found 'firms.Tailor.qualty'"),
    ],
)
def test_a_start_that_cannot_be_is_refused(start, said):
    with pytest.raises(CalibrationError) as error:
        read_targets(NEAR | {"start": start}, base="baseline")
    assert said in str(error.value)
