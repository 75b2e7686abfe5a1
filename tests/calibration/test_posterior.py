"""The posterior of free parameters: closed forms, refusal without its libraries, calibration."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from cxsim.calibration import match_moments
from cxsim.calibration.posterior import Emulator, sampled
from cxsim.messages import LibraryMissingError
from lab.validation import sbc

NO_PRIORS = (np.empty(0, dtype=int), np.empty(0), np.empty(0))


def linear(matrix):
    """Return an emulator without error of moments that are linear in the parameters."""
    return lambda unit: (unit @ matrix.T, np.zeros((len(unit), len(matrix))))


def test_linear_targets_have_the_normal_posterior_of_least_squares():
    pytest.importorskip("emcee")
    matrix, truth = np.array([[1.0, 0.5], [0.0, 1.0], [1.0, -1.0]]), np.array([0.5, 0.4])
    covariance = 4e-4 * np.array([[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1.0]])
    how = {"near": np.full(2, 0.5), "draws": 4000}
    draws, _ = sampled(linear(matrix), matrix @ truth, covariance, priors=NO_PRIORS, **how)
    exact = np.linalg.inv(matrix.T @ np.linalg.inv(covariance) @ matrix)
    assert draws.mean(axis=0) == pytest.approx(truth, abs=0.003)
    assert np.cov(draws.T) == pytest.approx(exact, abs=0.15 * exact.max())


def test_a_normal_prior_and_a_target_share_their_precision():
    pytest.importorskip("emcee")
    prior = (np.array([0]), np.array([0.4]), np.array([0.05]))
    draws, _ = sampled(
        linear(np.eye(1)), np.array([0.6]), np.array([[0.05**2]]), priors=prior,
        near=np.array([0.5]), draws=4000,
    )  # fmt: skip
    assert draws.mean() == pytest.approx(0.5, abs=0.005)
    assert draws.std() == pytest.approx(0.05 / np.sqrt(2), rel=0.1)


def test_an_emulator_returns_smooth_moments_and_names_its_error():
    grid = np.linspace(0, 1, 24)[:, None]
    emulator = Emulator(grid, np.hstack([grid**2, np.sin(3 * grid)]))
    means, variances = emulator(np.array([[0.33], [0.71]]))
    assert means[:, 0] == pytest.approx([0.33**2, 0.71**2], abs=1e-3)
    assert (np.sqrt(variances) < 0.01).all()


def test_without_the_sampler_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "emcee", None)
    goals = [{"measure": "market_share", "firm": "Tailor", "value": 0.3, "se": 0.01}]
    given = {"parameters": {"firms.Tailor.quality": [22, 32]}, "targets": goals}
    with pytest.raises(LibraryMissingError, match=r"emcee, .*pip install 'cxsim\[inference\]'"):
        match_moments(given, base="baseline", posterior=True)


def test_the_figure_of_ranks_and_their_test_see_ranks_that_are_not_uniform():
    import pandas as pd

    rng = np.random.default_rng(0)
    even, narrow = rng.integers(0, sbc.DRAWS + 1, 200), np.repeat([2, 97], 100)
    parts = [
        pd.DataFrame({"way": way, "path": "p", "replicate": range(200), "rank": rank})
        for way, rank in (("right", even), ("too narrow", narrow))
    ]
    found = sbc.verdicts(pd.concat(parts)).set_index("way")
    assert found.loc["right", "p"] > 0.01
    assert abs(found.loc["right", "covered_80"] - 0.8) < 4 * found.loc["right", "se"]
    assert found.loc["too narrow", "p"] < 1e-6
    assert found.loc["too narrow", "covered_80"] == 0


@pytest.mark.slow
def test_the_posterior_of_a_small_market_draws_inside_the_bounds_and_says_how():
    pytest.importorskip("emcee")
    goals = [{"measure": "market_share", "firm": "Tailor", "value": 0.3, "se": 0.01}]
    given = {
        "settings": {"customers": 200, "periods": 6},
        "parameters": {"firms.Tailor.quality": [22, 32]},
        "targets": goals,
    }
    how = {"base": "baseline", "seeds": 2, "draws": 200, "points": 16}
    result, laplace = match_moments(given, posterior=True, **how), match_moments(given, **how)
    assert result.draws["firms.Tailor.quality"].between(22, 32).all()
    assert "posterior by synthetic likelihood (uniform priors within" in result.headline()
    apart = result.draws.mean() - laplace.draws.mean()
    assert abs(apart.iloc[0]) < laplace.draws.std().iloc[0]


@pytest.mark.slow
def test_ranks_of_true_values_do_not_refute_the_posterior():
    pytest.importorskip("emcee")
    found = sbc.verdicts(sbc.ranks(12, points=48, seeds=6), bins=4)
    assert (found.loc[found["way"] == sbc.WAYS[0], "p"] > 0.001).all()
