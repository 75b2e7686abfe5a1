"""Verdicts on claims: where one holds, fails or is open, and what turns it."""

from __future__ import annotations

import pytest
from test_analysis import NAMES, cube, problem, runs

from cxsim.study.analysis import verdict


def judged(function, *, points=200, noise=0.05, seeds=8):
    frame = runs(cube(points), function, noise=noise, seeds=seeds)
    return verdict(frame, problem(), output="share")


def test_a_claim_that_one_factor_turns_is_turned_at_its_value():
    found = judged(lambda x: x[1] - 0.3)
    facts = found.facts
    low, high = facts["value_interval"]
    assert (facts["word"], facts["factor"]) == ("depends", NAMES[1])
    assert low <= 0.3 <= high
    assert high - low < 0.1
    assert facts["below"] < 0.05 < 0.95 < facts["above"]
    low, high = facts["yes_interval"]
    assert low < facts["yes"] < high
    assert low < 0.7 < high


@pytest.mark.parametrize(
    ("value", "word"), [(0.5, "holds"), (-0.5, "fails"), (0.0, "open")], ids=str
)
def test_a_claim_that_nothing_turns_has_one_verdict(value, word):
    facts = judged(lambda x: value).facts
    assert facts["word"] == word
    assert facts["yes"] + facts["no"] + facts["open"] == pytest.approx(1.0)
    if word != "open":
        assert facts["value"] is None


def test_a_difference_of_exactly_nothing_is_no_success():
    facts = judged(lambda x: 0.0, noise=0.0).facts
    assert (facts["word"], facts["no"]) == ("fails", 1.0)


def test_no_factor_is_named_where_chance_splits_as_well():
    named = []
    for seed in range(20):
        frame = runs(cube(60, seed=seed), lambda x: 0.0, noise=0.05, seeds=8)
        named.append(verdict(frame, problem(), output="share", resamples=200).facts["factor"])
    assert sum(name is not None for name in named) <= 4  # 5 % of 20 is 1


def test_a_point_holds_fails_or_is_open_by_its_interval():
    frame = judged(lambda x: x[0] - 0.5, noise=0.2).frame
    assert (frame.query("holds == 'yes'")["lower"] > 0).all()
    assert (frame.query("holds == 'no'")["upper"] <= 0).all()
    rest = frame.query("holds == 'open'")
    assert len(rest)
    assert ((rest["lower"] <= 0) & (rest["upper"] > 0)).all()


def test_a_verdict_needs_seeds_to_tell_chance_by():
    with pytest.raises(ValueError, match="expected two seeds or more"):
        judged(lambda x: 1.0, seeds=1)
