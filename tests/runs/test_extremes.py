"""Every scenario that is accepted runs to its end, in numbers, however odd its own are."""

from __future__ import annotations

import numpy as np
import pytest
from everything import everything
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxsim.runs import run
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.validation import MOST
from cxsim.study.study import Study
from examples import examples

MARKET = everything(
    **{
        "customers": 60,
        "periods": 3,
        "firms.Tailor.value_tiers.goes_to": "analytics",
        "firms.Tailor.acquisition.targeting": "analytics",
        "firms.*.credit_limit": 0.0,
    }
).to_dict(defaults=True)

ODD = [0, -1, 5e-324, 1e-300, -1e-300, 1e-40, 1e-10, 0.999999999999, 1e3, 1e9, MOST, -MOST, 2**31]


def places(held, path=()):
    """Every place of a number."""
    if isinstance(held, dict):
        for key, value in held.items():
            yield from places(value, (*path, key))
    elif isinstance(held, (list, tuple)):
        for number, value in enumerate(held):
            yield from places(value, (*path, number))
    elif isinstance(held, (int, float)) and not isinstance(held, bool):
        yield path


def replaced(held, path, new):
    if not path:
        return new
    key, *rest = path
    if isinstance(held, (list, tuple)):
        return [replaced(each, rest, new) if k == key else each for k, each in enumerate(held)]
    return {**held, key: replaced(held[key], rest, new)}


#: How large a run is, is another question.
SIZES = ("customers", "periods", "warm_up")
PLACES = [path for path in places(MARKET) if path[0] not in SIZES]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@settings(max_examples=examples(240), suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), min_size=1, max_size=3
    ),
    seed=st.integers(0, 99),
)
def test_a_market_with_odd_numbers_anywhere_runs_or_is_refused(changes, seed):
    data = MARKET
    for path, value in changes:
        data = replaced(data, path, value)
    try:
        scenario = Scenario.from_dict(data)
    except ScenarioError:
        return
    result = run(scenario, seed=seed)
    for frame in (result.firms, result.market, result.brand_switching):
        numbers = frame.select_dtypes("number").to_numpy(dtype=float)
        assert not np.isinf(numbers).any()
    bought = result.firms.groupby("period")["purchases"].sum()
    assert bought.notna().all()


def test_most_of_these_markets_run():
    """Else the test above would show little."""
    ran = 0
    for number, path in enumerate(PLACES):
        try:
            Scenario.from_dict(replaced(MARKET, path, ODD[number % len(ODD)]))
        except ScenarioError:
            continue
        ran += 1
    assert ran > len(PLACES) / 3


@pytest.mark.parametrize("value", [1e16, -1e300, 10**20])
@pytest.mark.parametrize(
    "change",
    [
        lambda value: {"firms.Mass.quality": value},
        lambda value: {"segments.Comfort.need_mean": [value, 0.0]},
        lambda value: {"events": [{"at": 1, "set": {"firms.Mass.quality": value}}]},
    ],
    ids=["a number", "one in a list", "one of an event"],
)
def test_numbers_that_columns_could_not_hold_are_refused(change, value):
    with pytest.raises(ScenarioError, match=r"expected a number from -1e\+15 to 1e\+15, found"):
        Scenario.load("baseline", change(value))


def test_factors_are_held_to_the_same():
    with pytest.raises(
        ScenarioError, match=r"factors\.firms\.Mass\.quality.high: expected a number"
    ):
        Study.from_dict(
            {"scenario": "baseline", "factors": {"firms.Mass.quality": {"low": 0, "high": 1e16}}}
        )
