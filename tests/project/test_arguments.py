"""Numbers, seeds and names as people give them: taken for what they say, or refused in one line."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import classroom
import cxsim as cx
from cxsim.messages import choice, names_of, number, seeds_of, whole
from cxsim.model.mechanism import Measure
from cxsim.model.word_of_mouth.network import network
from cxsim.strategy.decide import plan_decision
from cxsim.study.analysis.ranking import ranking
from cxsim.study.paired_seeds import replicate

SMALL = {"customers": 50, "periods": 4}


@given(st.integers(-(10**9), 10**9))
def test_a_whole_number_is_the_same_however_it_is_written(value):
    for written in (value, str(value), f" {value} ", float(value), np.int64(value), f"{value}.0"):
        made = whole(written, "n")
        assert made == value
        assert type(made) is int


@pytest.mark.parametrize(
    "wrong", ["five", "", "1.5", 1.5, True, None, [1], math.nan, math.inf, "x1"]
)
def test_what_is_no_whole_number_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=r"^seeds: expected a whole number, found "):
        whole(wrong, "seeds")


def test_ranges_are_said():
    with pytest.raises(ValueError, match="seeds: expected a whole number from 1 to 9, found '10'"):
        whole("10", "seeds", low=1, high=9)
    with pytest.raises(ValueError, match="confidence: expected a number between 0 and 1, found 1"):
        number(1, "confidence", low=0, high=1, strict=True)
    assert number("0.5", "confidence", low=0, high=1) == 0.5
    for wrong in ("half", True, math.nan, None):
        with pytest.raises(ValueError, match="x: expected a number, found"):
            number(wrong, "x")


def test_a_text_is_a_number_of_seeds_never_a_seed_for_each_letter():
    assert seeds_of("12") == seeds_of(12) == seeds_of(12.0) == list(range(12))
    assert seeds_of([3]) == seeds_of(np.array([3])) == seeds_of(["3"]) == [3]
    assert seeds_of(range(2, 4)) == [2, 3]
    for wrong in ("five", "3, 4", 0, "0", -1, 2.5, True, None):
        with pytest.raises(ValueError, match="seeds: expected a number of seeds of at least 1"):
            seeds_of(wrong)
    with pytest.raises(ValueError, match="seeds: expected at least one seed, found none"):
        seeds_of([])
    with pytest.raises(ValueError, match="seeds: expected each seed once"):
        seeds_of([1, 1])
    with pytest.raises(ValueError, match="seeds: expected a whole number, found 'one'"):
        seeds_of(["one"])


def test_a_text_is_one_name_or_several_never_its_letters():
    assert names_of("cohorts", "probes") == names_of(["cohorts"], "probes") == ["cohorts"]
    assert names_of(" a, b ,", "x") == ["a", "b"]
    assert names_of(None, "x") == names_of((), "x") == []
    with pytest.raises(ValueError, match="probes: expected names, found 3"):
        names_of(["a", 3], "probes")


# ------------------------------------------------------ public functions


def test_runs_take_texts_for_what_they_say():
    plain = cx.run("baseline", seed=3, overrides=SMALL, probes=["cohorts"])
    said = cx.run("baseline", seed="3", overrides="customers=50, periods=4", probes="cohorts")
    assert said.firms.equals(plain.firms)
    assert said.cohorts.equals(plain.cohorts)
    with pytest.raises(ValueError, match=r"seed: expected a whole number, found 1.5"):
        cx.run("baseline", seed=1.5, overrides=SMALL)
    with pytest.raises(ValueError, match=r"probes: expected any of .*'cohort' \(did you mean"):
        cx.run("baseline", overrides=SMALL, probes="cohort")


def test_comparisons_take_a_text_for_a_number_of_seeds():
    result = cx.compare("baseline", "baseline", seeds="12", overrides=SMALL)
    assert result.seeds == list(range(12))
    for wrong, what in (
        ({"seeds": "five"}, "seeds: expected a number of seeds"),
        ({"seeds": 0}, "seeds: expected a number of seeds"),
        ({"jobs": 0}, "jobs: expected a whole number of at least 1"),
        ({"confidence": 95}, "confidence: expected a number between 0 and 1, found 95"),
    ):
        with pytest.raises(ValueError, match=what):
            cx.compare("baseline", "baseline", overrides=SMALL, **wrong)


def markets():
    base = cx.load("baseline", SMALL)
    return base, base.override({"firms.Tailor.price": 21})


@pytest.mark.parametrize(
    "call",
    [
        lambda: cx.driver_contributions(*markets(), firm="Tailor", seeds="five"),
        lambda: cx.payback(*markets(), firm="Tailor", seeds="five"),
        lambda: cx.break_even(
            *markets(), "firms.Tailor.price", firm="Tailor", low=1, high=2, seeds="five"
        ),
        lambda: cx.tournament("baseline", {"a": {}}, players=("Mass", "Niche"), seeds="five"),
        lambda: plan_decision("baseline", "Mass", overrides=SMALL, seeds="five"),
        lambda: cx.explore("baseline", seeds="five"),
        lambda: replicate(markets()[0], seeds="five"),
        lambda: classroom.Lesson("03_idic", seeds="five"),
        lambda: cx.Study.load("prices").with_seeds("five"),
    ],
)
def test_every_public_function_refuses_seeds_that_are_no_number(call):
    with pytest.raises(ValueError, match=r"seeds: expected .*, found 'five'"):
        call()


def test_a_list_of_one_path_may_be_a_text():
    made = cx.market_class("baseline", "firms.Tailor.price")
    assert made(firms_Tailor_price=12, rng="1").seed == 1


def test_whole_numbers_of_scenarios_may_be_written_with_an_exponent(tmp_path):
    file = tmp_path / "big.yaml"
    file.write_text("extends: baseline\ncustomers: 1e3\nperiods: 12.0\n", encoding="utf-8")
    market = cx.load(file)
    assert (market.customers, market.periods) == (1000, 12)
    assert type(market.customers) is int
    assert market.digest == cx.load("baseline", {"customers": 1000, "periods": 12}).digest
    assert market.digest == cx.load("baseline", ["customers=1e3", "periods=1.2e1"]).digest
    assert cx.load("copycat", {"events.0.at": 12.0}).changes[0].at == 12
    with pytest.raises(cx.ScenarioError, match=r"customers: expected a whole number .* 1000.5"):
        cx.load("baseline", {"customers": 1000.5})


# --------------------------------- words that choose a branch: none falls through to another


def test_unknown_words_are_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"'smal_world' \(did you mean 'small_world'\?\)"):
        network("smal_world", customers=10, neighbours=2, rewiring=0.0, seed=0)
    with pytest.raises(ValueError, match="better: expected one of higher, lower, found 'max'"):
        ranking(pd.DataFrame(), output="share", better="max")
    for field in ("level", "summary", "cost"):
        with pytest.raises(ValueError, match=f"measure 'm': {field}: expected one of"):
            Measure("m", "M", "1", len, **{field: "frim"})
    with pytest.raises(ValueError, match=r"engine: expected one of .* \(did you mean 'agents'"):
        cx.run("baseline", overrides=SMALL, engine="agent")
    with pytest.raises(ValueError, match="x: expected one of a, b, found 3"):
        choice(3, "x", ["a", "b"])
