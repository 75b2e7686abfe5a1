"""Analyses of studies find what functions of known structure were made of, and no more."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from cxsim.study.analysis import (
    contrast,
    discovery,
    main_effects,
    morris,
    ranking,
    regional,
    sobol,
)
from cxsim.study.results import analyse

NAMES = ["firms.Tailor.interaction", "firms.Tailor.price", "segments.All.ordering_effort"]


def problem(names=NAMES, low=0.0, high=1.0):
    return {"num_vars": len(names), "names": list(names), "bounds": [[low, high]] * len(names)}


def runs(design, function, *, names=NAMES, seeds=4, noise=0.0, common=0.0, output="share"):
    """Return the frame of a study: a function of the factors, own noise, and what seeds share."""
    rng = np.random.default_rng(7)
    shared = common * rng.normal(size=seeds)
    rows = []
    for point, x in enumerate(np.asarray(design, float)):
        for seed in range(seeds):
            value = function(x) + shared[seed] + noise * rng.normal()
            rows.append(
                {"point": point, "seed": seed, **dict(zip(names, x, strict=True)), output: value}
            )
    return pd.DataFrame(rows)


def cube(points, width=3, seed=1):
    return qmc.LatinHypercube(width, rng=seed).random(points)


def of(finding, **where):
    """Return the one row of a finding."""
    frame = finding.frame
    for name, value in where.items():
        frame = frame[frame[name].isna() if value is None else frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


# --- main effects and interactions ------------------------------------------------------


def linear(x):
    return 1.0 + 2.0 * x[0] - 0.5 * x[1] + 3.0 * (x[0] - 0.5) * (x[1] - 0.5)


@pytest.mark.parametrize("design", [cube(60), list(product([0.0, 0.5, 1.0], repeat=3))])
def test_effects_of_a_linear_model_are_its_coefficients(design):
    found = main_effects(runs(design, linear), problem(), output="share")
    low, high = np.min(design, axis=0), np.max(design, axis=0)
    width, middle = high - low, (low + high) / 2 - 0.5
    slopes = [2.0 + 3.0 * middle[1], -0.5 + 3.0 * middle[0], 0.0]
    for name, slope, reach in zip(NAMES, slopes, width, strict=True):
        assert of(found, kind="main", factor=name)["effect"] == pytest.approx(
            slope * reach, abs=1e-9
        )
    pair = of(found, factor=NAMES[0], other=NAMES[1])
    assert pair["effect"] == pytest.approx(1.5 * width[0] * width[1])
    assert of(found, factor=NAMES[0], other=NAMES[2])["effect"] == pytest.approx(0.0, abs=1e-9)
    assert found.facts["explained"] == pytest.approx(1.0)
    assert "depends most on firms.Tailor.interaction" in found.sentence


@pytest.mark.parametrize(("points", "seeds", "noise"), [(40, 1, 0.5), (40, 6, 0.5), (8, 6, 0.5)])
def test_intervals_of_effects_cover_the_truth_as_often_as_they_say(points, seeds, noise):
    design = list(product([0.0, 1.0], repeat=3)) if points == 8 else cube(points)
    low, high = np.min(design, axis=0), np.max(design, axis=0)
    rng, hits, tries = np.random.default_rng(3), 0, 200
    base = runs(design, lambda x: 2.0 * x[0], seeds=seeds)
    for _ in range(tries):
        noisy = base.assign(share=base["share"] + noise * rng.normal(size=len(base)))
        row = of(main_effects(noisy, problem(), output="share"), kind="main", factor=NAMES[0])
        hits += row["lower"] <= 2.0 * (high - low)[0] <= row["upper"]
    # At 95 % within four standard errors, or above: clusters make intervals a little wide.
    assert hits / tries >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / tries)


def test_what_a_seed_does_at_every_point_widens_no_effect():
    quiet = main_effects(runs(cube(40), linear, noise=0.1), problem(), output="share")
    paired = main_effects(runs(cube(40), linear, noise=0.1, common=50.0), problem(), output="share")
    assert paired.frame["effect"].to_numpy() == pytest.approx(quiet.frame["effect"].to_numpy())
    assert (paired.frame["se"] < 1.0).all()


def test_a_factor_that_does_nothing_has_an_interval_around_zero():
    found = main_effects(runs(cube(80), linear, noise=0.3), problem(), output="share")
    row = of(found, kind="main", factor=NAMES[2])
    assert row["lower"] < 0.0 < row["upper"]


def test_one_seed_and_no_point_to_spare_give_no_interval():
    found = main_effects(
        runs([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], linear, seeds=1),
        problem(),
        output="share",
    )
    assert found.frame["lower"].isna().all()


# --- Sobol indices ----------------------------------------------------------------------


def ishigami(x):
    a, b = 7.0, 0.1
    z = -np.pi + 2.0 * np.pi * np.asarray(x)
    return np.sin(z[0]) + a * np.sin(z[1]) ** 2 + b * z[2] ** 4 * np.sin(z[0])


# Ishigami & Homma (1990): variances by hand.
_V1, _V2 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 7.0**2 / 8
_V13 = 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)
_V = _V1 + _V2 + _V13
FIRST = [_V1 / _V, _V2 / _V, 0.0]
TOTAL = [(_V1 + _V13) / _V, _V2 / _V, _V13 / _V]


def saltelli(size, *, second_order=True, width=3):
    from SALib.sample import sobol as sample

    names = [f"x{k}" for k in range(width)]
    return sample.sample(problem(names), size, calc_second_order=second_order, seed=5)


@pytest.fixture(scope="module")
def ishigami_runs():
    return runs(saltelli(1024), ishigami, seeds=1)


def test_sobol_indices_of_the_ishigami_function_lie_within_their_intervals(ishigami_runs):
    found = sobol(ishigami_runs, problem(), output="share")
    for name, first, total in zip(NAMES, FIRST, TOTAL, strict=True):
        for kind, expected in (("first", first), ("total", total)):
            row = of(found, kind=kind, factor=name)
            assert row["lower"] <= expected <= row["upper"]
            assert row["upper"] - row["lower"] < 0.25
    pair = of(found, kind="second", factor=NAMES[0], other=NAMES[2])
    assert pair["lower"] <= _V13 / _V <= pair["upper"]
    assert "unknown with one seed" in found.sentence


def test_first_order_designs_give_no_second_order_indices():
    found = sobol(
        runs(saltelli(256, second_order=False), ishigami, seeds=1), problem(), output="share"
    )
    assert set(found.frame["kind"]) == {"first", "total"}


def test_seeds_are_averaged_and_the_floor_says_how_much_is_noise():
    def noise(x):
        return 3.0 * x[0]

    frame = runs(saltelli(256), noise, seeds=4, noise=1.0, common=20.0)
    found = sobol(frame, problem(), output="share")
    truth = (1.0 / 4) / (9.0 / 12 + 1.0 / 4)  # what seeds share moves no point against another
    assert found.facts["noise"] == pytest.approx(truth, rel=0.1)
    for name in NAMES[1:]:
        row = of(found, kind="total", factor=name)
        assert row["lower"] <= found.facts["noise"] * 1.1  # an idle factor is not above the floor
    assert of(found, kind="first", factor=NAMES[0])["lower"] > found.facts["noise"]


def test_a_block_with_a_failed_run_is_left_out_whole(ishigami_runs):
    broken = ishigami_runs.copy()
    broken.loc[broken["point"] == 17, "share"] = np.nan
    gone = ishigami_runs[ishigami_runs["point"] != 17]
    whole = ishigami_runs[ishigami_runs["point"] // 8 != 2].copy()
    whole["point"] -= 8 * (whole["point"] > 23)
    expected = sobol(whole, problem(), output="share").frame
    for frame in (broken, gone):
        pd.testing.assert_frame_equal(sobol(frame, problem(), output="share").frame, expected)


def test_other_designs_are_refused_and_not_analysed_as_if():
    with pytest.raises(ValueError, match="expected a Saltelli design"):
        sobol(runs(cube(80), ishigami), problem(), output="share")
    with pytest.raises(ValueError, match="expected a Morris design"):
        morris(runs(cube(80), ishigami), problem(), output="share")


# --- Morris screening -------------------------------------------------------------------


def trajectories(size, levels=4):
    from SALib.sample import morris as sample

    return sample.sample(problem(), size, num_levels=levels, seed=5)


def test_morris_finds_slopes_and_tells_bends_from_lines():
    frame = runs(trajectories(40), lambda x: 5.0 * x[0] + 4.0 * (x[1] - 0.5) ** 2, seeds=1)
    found = morris(frame, problem(), output="share")
    straight = of(found, factor=NAMES[0])
    assert (straight["mu"], straight["mu_star"]) == (pytest.approx(5.0), pytest.approx(5.0))
    assert straight["sigma"] == pytest.approx(0.0, abs=1e-9)
    bent = of(found, factor=NAMES[1])
    assert bent["sigma"] > 0.5
    assert bent["mu_star"] > abs(bent["mu"])
    assert of(found, factor=NAMES[2])["mu_star"] == pytest.approx(0.0, abs=1e-12)
    assert found.frame["factor"].iloc[0] == NAMES[0]


def test_the_noise_floor_of_morris_is_what_an_idle_factor_shows():
    frame = runs(trajectories(200), lambda x: 5.0 * x[0], seeds=3, noise=1.0)
    found = morris(frame, problem(), output="share")
    idle = of(found, factor=NAMES[2])["mu_star"]
    assert idle == pytest.approx(found.facts["noise"], rel=0.15)


# --- regional sensitivity ---------------------------------------------------------------


def test_the_factor_that_decides_sets_points_of_interest_apart():
    frame = runs(cube(300), lambda x: x[0] + 0.1 * x[1])
    found = regional(frame, problem(), output="share", at_least=0.8)
    assert found.frame["factor"].iloc[0] == NAMES[0]
    decisive, idle = of(found, factor=NAMES[0]), of(found, factor=NAMES[2])
    assert decisive["p"] < 1e-6 < 0.05 < idle["p"]
    assert decisive["lower"] > 0.5
    assert idle["distance"] < found.facts["critical"]
    assert decisive["of_interest"] > decisive["rest"]
    assert (
        "factors that distinguish these points: firms.Tailor.interaction (median" in found.sentence
    )


def test_idle_factors_seem_decisive_no_more_often_than_stated():
    rng, alarms = np.random.default_rng(0), 0
    frame = runs(cube(120), lambda x: 0.0, seeds=1)
    for _ in range(200):
        noisy = frame.assign(share=rng.normal(size=len(frame)))
        found = regional(noisy, problem(), output="share", resamples=2)
        alarms += (found.frame["p"] < 0.05).any()
    assert alarms / 200 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)


# --- scenario discovery -----------------------------------------------------------------


def in_a_box(x):
    return -1.0 if x[0] > 0.6 and x[1] < 0.4 else 1.0


def test_a_constructed_box_is_discovered_with_its_limits():
    found = discovery(runs(cube(1200), in_a_box), problem(), output="share", at_most=0.0)
    (box,) = found.frame.to_dict("records")
    assert box[f"{NAMES[0]}.low"] == pytest.approx(0.6, abs=0.01)
    assert box[f"{NAMES[1]}.high"] == pytest.approx(0.4, abs=0.01)
    assert np.isinf(box[f"{NAMES[2]}.high"])
    assert (box["density"], box["coverage"]) == (
        pytest.approx(1, abs=0.03),
        pytest.approx(1, abs=0.03),
    )
    assert box["lower"] <= 1.0
    assert found.facts["base"] == pytest.approx(0.16, abs=0.03)
    assert box["rule"].startswith("firms.Tailor.interaction above 0.6")


def test_density_is_that_of_points_the_box_was_not_found_on():
    # Within the box 70 % lose, outside 10 %: density on other points is near that, not above.
    frame = runs(cube(1500), in_a_box, seeds=1)
    rng = np.random.default_rng(2)
    chance = np.where(frame["share"] < 0, 0.7, 0.1)
    frame["share"] = np.where(rng.uniform(size=len(frame)) < chance, -1.0, 1.0)
    found = discovery(frame, problem(), output="share", at_most=0.0)
    top = found.frame.iloc[0]
    assert top["lower"] <= 0.7 <= top["upper"]
    assert found.facts["base"] == pytest.approx(0.196, abs=0.06)


def test_where_nothing_matters_no_region_stands_out():
    rng = np.random.default_rng(5)
    frame = runs(cube(600), lambda x: 0.0, seeds=1)
    frame["share"] = rng.normal(size=len(frame))
    found = discovery(frame, problem(), output="share", at_most=-0.5)
    assert found.frame.empty
    assert "no region stands out" in found.sentence


def test_too_few_cases_are_refused():
    with pytest.raises(ValueError, match="at least 8 points of interest"):
        discovery(runs(cube(20), in_a_box), problem(), output="share", at_most=0)


# --- strategies -------------------------------------------------------------------------


def strategies(values, seeds=3, noise=0.0):
    """Return runs of strategies, given their output by point."""
    rng = np.random.default_rng(1)
    rows = []
    for name, series in values.items():
        for point, value in enumerate(series):
            rows += [
                {"point": point, "seed": s, "x": point / 10, "strategy": name,
                 "profit": value + noise * rng.normal()}
                for s in range(seeds)
            ]  # fmt: skip
    return pd.DataFrame(rows)


PAYOFFS = {
    "bold": [10.0, 0.0, 8.0, 10.0],
    "safe": [5.0, 5.0, 5.0, 5.0],
    "poor": [4.0, 1.0, 4.0, 4.0],
}


def test_criteria_are_those_of_the_payoff_table():
    found = ranking(strategies(PAYOFFS), output="profit", resamples=50)
    value = partial(of, found)
    assert value(criterion="mean", strategy="bold")["value"] == pytest.approx(7.0)
    assert value(criterion="worst", strategy="bold")["value"] == pytest.approx(0.0)
    assert value(criterion="largest_regret", strategy="bold")["value"] == pytest.approx(5.0)
    assert value(criterion="largest_regret", strategy="safe")["value"] == pytest.approx(5.0)
    assert value(criterion="mean_regret", strategy="safe")["value"] == pytest.approx(13.0 / 4)
    assert value(criterion="best_share", strategy="bold")["value"] == pytest.approx(0.75)
    assert value(criterion="mean", strategy="bold")["rank"] == 1
    assert value(criterion="worst", strategy="safe")["rank"] == 1
    assert value(criterion="mean", strategy="poor")["rank"] == 3
    assert "by mean bold, by maximum regret" in found.sentence


def test_where_less_is_better_the_order_turns_round():
    cost = {name: [-v for v in values] for name, values in PAYOFFS.items()}
    found = ranking(strategies(cost), output="profit", better="lower", resamples=50)
    assert of(found, criterion="mean", strategy="bold")["value"] == pytest.approx(-7.0)
    assert of(found, criterion="worst", strategy="bold")["value"] == pytest.approx(0.0)
    assert of(found, criterion="mean", strategy="bold")["rank"] == 1
    assert of(found, criterion="largest_regret", strategy="bold")["value"] == pytest.approx(5.0)


def test_worst_cases_without_noise_have_no_width_and_means_have_that_of_the_points():
    found = ranking(strategies(PAYOFFS), output="profit")
    worst = of(found, criterion="worst", strategy="bold")
    assert worst["lower"] == worst["upper"] == worst["value"]
    mean = of(found, criterion="mean", strategy="bold")
    assert mean["lower"] < 7.0 < mean["upper"]
    assert of(found, criterion="mean", strategy="safe")["upper"] == pytest.approx(5.0)


def test_equal_strategies_come_first_equally_often():
    draw = np.random.default_rng(0).normal(size=(2, 80))
    found = ranking(strategies({"a": draw[0], "b": draw[1]}), output="profit")
    assert 0.02 < of(found, criterion="mean", strategy="a")["first"] < 0.98
    regrets = found.frame[found.frame["criterion"] == "mean_regret"]
    assert (regrets["lower"] > 0).all()


def test_points_without_every_strategy_are_left_out():
    frame = strategies(PAYOFFS)
    frame = frame[~((frame["point"] == 1) & (frame["strategy"] == "safe") & (frame["seed"] == 0))]
    found = ranking(frame, output="profit", resamples=20)
    assert of(found, criterion="worst", strategy="bold")["value"] == pytest.approx(8.0)
    assert "1 points with failed or missing runs left out" in found.facts["points"]


def test_a_contrast_is_the_difference_in_every_point_and_seed():
    frame = strategies(PAYOFFS)
    against = contrast(frame, "profit", strategy="bold", against="safe")
    assert against.groupby("point")["profit"].first().tolist() == [5.0, -5.0, 3.0, 5.0]
    best = contrast(frame, "profit", strategy="poor")
    assert best.groupby("point")["profit"].first().tolist() == [-6.0, -4.0, -4.0, -6.0]
    assert "strategy" not in against


def test_where_a_strategy_loses_is_found():
    draw = cube(900)
    safe = runs(draw, lambda x: 0.5, output="profit").assign(strategy="safe")
    bold = runs(draw, lambda x: x[0], output="profit").assign(strategy="bold")
    found = analyse(
        pd.concat([bold, safe]),
        problem(),
        ["discovery", "ranking"],
        outputs=["profit"],
        strategy="bold",
    )
    assert [each.analysis for each in found] == ["discovery", "ranking"]
    assert found[0].output == "lead of bold over the best other in profit"
    assert found[0].frame.iloc[0][f"{NAMES[0]}.high"] == pytest.approx(0.5, abs=0.01)


# --- one call, and bad input ------------------------------------------------------------


def test_analyses_named_in_a_study_are_made_for_every_output():
    frame = runs(cube(100), linear).assign(profit=lambda f: -f["share"])
    found = analyse(
        frame, problem(), ["main_effects", "regional"], outputs=["share", "profit"],
        options={"main_effects": {"interactions": False}, "regional": {"resamples": 5}},
    )  # fmt: skip
    assert [(f.analysis, f.output) for f in found] == [
        ("main_effects", "share"), ("regional", "share"),
        ("main_effects", "profit"), ("regional", "profit"),
    ]  # fmt: skip
    assert set(found[0].frame["kind"]) == {"main"}


effects = partial(main_effects, problem=problem(), output="share")
FIRST_FACTOR = NAMES[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: analyse(f, problem(), ["sobl"], outputs=[]), r"found 'sobl' \(did you mean"),
        (lambda f: effects(f, output="shar"), r"found 'shar' \(did you mean 'share'"),
        (lambda f: effects(f, problem={"names": []}), "expected names of factors"),
        (lambda f: effects(f.assign(**{FIRST_FACTOR: "a"})), "a factor of numbers, found 'a'"),
        (lambda f: effects(f.assign(**{FIRST_FACTOR: 1.0})), "a factor that varies, found 1 only"),
        (lambda f: effects(pd.concat([f, f])), "found two"),
        (lambda f: effects(f.assign(share=np.nan)), "found none"),
        (lambda f: effects(f.query("point < 3")), "at least 4 points"),
        (lambda f: effects(f.assign(strategy=f["seed"].map(str))), "take a contrast"),
        (lambda f: regional(f, problem(), output="share", at_least=99.0), "found none of 40"),
        (lambda f: ranking(f, output="share"), "a column of the runs, found 'strategy'"),
        (lambda f: ranking(f.assign(strategy="a"), output="share"), "two to rank, found a"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as refused:
        call(runs(cube(40), linear))
    assert "\n" not in str(refused.value)


def test_a_library_that_is_missing_is_named_with_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "SALib.analyze.sobol", None)
    with pytest.raises(ImportError, match=r"sobol: needs SALib, .* pip install 'cxsim\[study\]'"):
        sobol(runs(cube(40), linear), problem(), output="share")


# --- importance from any design -------------------------------------------------------------


@pytest.mark.parametrize("analysis", ["delta", "pawn", "features"])
def test_importance_ranks_factors_and_knows_one_that_does_nothing(analysis):
    frame = runs(cube(150, seed=3), lambda x: np.sin(3.0 * x[0]) + 0.4 * x[1], noise=0.05)
    less = {"resamples": 8} | ({"trees": 20} if analysis == "features" else {})
    (found,) = analyse(frame, problem(), [analysis], outputs=["share"], options={analysis: less})
    assert list(found.frame["factor"]) == NAMES
    first, _, idle = found.frame.to_dict("records")
    assert first["lower"] > found.facts["noise"] > idle["lower"]
    assert (found.frame["lower"] <= found.frame["index"]).all()
    assert (found.frame["index"] <= found.frame["upper"]).all()
    assert found.sentence.startswith(f"share depends most on {NAMES[0]}: ")


def test_pawn_is_that_of_salib_called_directly():
    from SALib.analyze import pawn as salib

    x = cube(100, seed=5)
    frame = runs(x, lambda x: x[0] + x[1] ** 2, seeds=1)
    (found,) = analyse(
        frame, problem(), ["pawn"], outputs=["share"], options={"pawn": {"resamples": 3}}
    )
    direct = salib.analyze(problem(), x, x[:, 0] + x[:, 1] ** 2)
    ours = found.frame.set_index("factor")["index"]
    np.testing.assert_allclose([ours[name] for name in NAMES], direct["median"])


@pytest.mark.parametrize("analysis", ["delta", "pawn", "features"])
def test_importance_of_few_points_or_of_a_constant_is_refused(analysis):
    few, flat = runs(cube(12), lambda x: x[0]), runs(cube(40), lambda x: 1.0)
    with pytest.raises(ValueError, match="expected at least 30 points, found 12"):
        analyse(few, problem(), [analysis], outputs=["share"])
    with pytest.raises(ValueError, match="share: expected an output that varies, found 1 only"):
        analyse(flat, problem(), [analysis], outputs=["share"])
