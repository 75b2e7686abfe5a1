"""Numbers carry their windows: which periods a summary is of, and where an event divides a run."""

from __future__ import annotations

import numpy as np
import pytest
from markets import lively

import cxsim as cx
from cxsim.runs.measures.measure_registry import measures, window_words
from cxsim.scenario.schema import TEXTS
from cxsim.study.comparison import divided, first_change

SMALL = {"customers": 200, "periods": 30}


def test_a_window_is_said_in_words():
    assert window_words("mean", 24, 59, "month") == "mean over months 24-59"
    assert window_words("sum", 0, 0, "week") == "sum over week 0"
    assert window_words("last", 0, 59, "month") == "month 59, the last"
    assert window_words("to_date", 0, 59, "month") == "months 0-59"


def test_an_event_that_only_one_scenario_has_divides_the_run():
    base = cx.load("baseline", SMALL)
    event = {"at": 12, "set": {"firms.Mass.price": 18}}
    moved = base.override({"events": [event], "name": "moved"})
    assert divided(base, moved) == 12
    assert first_change(moved) == 12
    assert divided(moved, moved.override({"events": [{**event, "at": 20}]})) == 20
    assert divided(moved, moved) == divided(base, base) == first_change(base) == 0


def test_what_a_scenario_only_says_does_not_set_it_apart():
    base = cx.load("baseline", SMALL)
    event = {"at": 12, "set": {"firms.Mass.price": 18}}
    rule = {"says": "Mass sells most", "rule": "market_share.Mass > market_share.others"}
    said = dict.fromkeys(TEXTS, "other words") | {"test": [rule], "currency": "USD"}
    moved = base.override({**said, "name": "moved", "events": [event]})
    assert divided(base, moved) == 12
    baseline, copycat = cx.load("baseline"), cx.load("copycat")
    assert divided(baseline, copycat) == first_change(copycat) == 24


def test_scenarios_that_differ_from_the_start_are_compared_over_the_whole_run():
    base = cx.load("baseline", SMALL)
    event = {"at": 12, "set": {"firms.Mass.price": 18}}
    assert divided(base, base.override({"firms.Mass.price": 19, "events": [event]})) == 0


def test_the_difference_that_an_event_makes_is_that_after_it_and_says_so():
    base = cx.load("baseline", SMALL)
    event = {"at": 20, "set": {"firms.Mass.price": 17}}
    moved = base.override({"events": [event], "name": "cheap"})
    table = cx.compare(base, moved, seeds=3).table.set_index(["firm", "measure"])
    share = table.loc[("Mass", "market_share")]
    assert share["window"] == "mean over months 20-29"
    paths = [
        [cx.run(each, seed=s).firms.query("firm == 'Mass'")["market_share"] for s in range(3)]
        for each in (base, moved)
    ]
    late = [[path.iloc[20:].mean() for path in each] for each in paths]
    assert share["difference"] == pytest.approx(np.mean(late[1]) - np.mean(late[0]))
    assert table.loc[("(market)", "no_purchase_share"), "window"] == "mean over months 20-29"
    assert table.loc[("Mass", "net_present_value"), "window"] == "months 0-29"
    assert table.loc[("Mass", "customers"), "window"] == "month 29, the last"


def test_frames_carry_the_definitions_of_their_columns():
    run = cx.run(lively(), seed=1)
    for frame in (run.firms, run.market):
        said = frame.attrs["definitions"]
        assert {name for name in frame if name in said} == set(frame) - {
            "period", "firm", "quadrant",
        }  # fmt: skip
    windows = run.summary().attrs["windows"]
    assert windows["market_share"] == "mean over months 0-5"


def test_every_measure_says_what_it_is_and_not_its_label_alone():
    for level in ("firm", "market"):
        for measure in measures(level):
            assert len(measure.definition.split()) > 2, measure.name
