"""Segments may prefer firms on average, beside what differs between their members."""

from __future__ import annotations

import numpy as np
import pytest

import cxsim as cx

SMALL = {"customers": 100, "periods": 4}


def _firms(more, engine="columnar"):
    return cx.run("baseline", seed=1, overrides=SMALL | more, engine=engine).firms


@pytest.mark.parametrize("form", ["normal", "log_gamma"])
def test_a_mean_of_zero_is_the_market_without_it_to_the_bit(form):
    same = {"segments.*.brand_taste": form, "segments.*.brand_taste_sd": 2.0}
    assert _firms(same).equals(_firms(same | {"segments.*.brand_taste_mean": 0.0}))


def test_a_mean_that_all_segments_share_is_quality():
    preferred = _firms({"segments.*.brand_taste_mean.Tailor": 3.0})
    quality = cx.load("baseline").firms["Tailor"].quality
    better = _firms({"firms.Tailor.quality": quality + 3.0})
    np.testing.assert_allclose(preferred["market_share"], better["market_share"], atol=1e-3)


def test_both_engines_agree():
    names = list(cx.load("baseline").segments)
    apart = {f"segments.{names[0]}.brand_taste_mean.Tailor": 4.0,
             f"segments.{names[1]}.brand_taste_mean.Tailor": -4.0}  # fmt: skip
    assert _firms(apart).equals(_firms(apart, engine="agents"))


def test_a_farsighted_policy_refuses_a_market_with_it():
    game = {
        "firms": {
            "Ann": {"quality": 5, "price": 4, "policy": {"pricing": {"kind": "farsighted"}}},
            "Bob": {"quality": 5, "price": 4},
        },
        "segments": {"All": {"share": 1.0, "brand_taste_mean": {"Ann": 1.0, "Bob": 0.0}}},
    }
    with pytest.raises(cx.ScenarioError, match="brand_taste_mean"):
        cx.run(game, overrides=SMALL)
