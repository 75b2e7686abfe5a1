"""Events of a run that is shortened, and the one meaning of ``events`` and ``replace_events``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings

import pytest

import cxsim as cx
from cxsim.report.report import Report
from cxsim.report.what_if import Question
from cxsim.scenario import EventsLeftOutWarning, Scenario, ScenarioError, shipped_scenarios
from cxsim.strategy.decide import plan_decision
from cxsim.study.study import Study

SHORT = {"periods": 10}
SMALL = {"customers": 60}
#: The one event of copycat, in a run of ten months.
NOTICE = "the run ends with month 9, so 1 event is left out: Mass copies Tailor \\(month 24\\)"
CUT = {"at": 3, "set": {"firms.Mass.price": 19.0}, "label": "a cut"}


def left_out():
    return pytest.warns(EventsLeftOutWarning, match=NOTICE)


# ------------------------------------------------------------- shortened runs


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_runs_for_ten_periods(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EventsLeftOutWarning)
        short = Scenario.load(name, SHORT)
    assert short.periods == 10
    assert all(change.at < 10 for change in short.changes)
    whole = Scenario.load(name)
    assert bool(short.left_out) == any(event.at >= 10 for event in whole.events)


def test_what_is_left_is_the_same_scenario_as_one_without_the_event():
    with left_out():
        short = cx.load("copycat", SHORT)
    assert short.events == ()
    assert short.changes == ()
    assert short.digest == cx.load("baseline", SHORT).digest
    assert "events" not in short.to_dict()
    assert Scenario.from_dict(short.to_dict()).digest == short.digest, "its file can be read"
    assert re.search(NOTICE, short.left_out)


def test_a_run_that_is_long_enough_again_has_its_events_back():
    whole = cx.load("copycat")
    with left_out():
        short = whole.override(SHORT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert short.override({"periods": 60}).digest == whole.digest
        assert short.override({"periods": 25}).changes == whole.changes
        assert short.override(SMALL).left_out, "nothing is said twice, and nothing is forgotten"


def test_a_ramp_under_way_at_the_end_stays_and_one_that_starts_later_goes():
    with pytest.warns(EventsLeftOutWarning, match="second capability \\(month 30\\)"):
        short = cx.load("two_roads", SHORT)
    assert {(change.at, change.over) for change in short.changes} == {(6, 12)}
    kept = cx.run("two_roads", overrides=SMALL).firms.query("period < 10")
    with pytest.warns(EventsLeftOutWarning):
        cut = cx.run("two_roads", overrides=SMALL | SHORT).firms
    paths = ["market_share", "purchases", "retention_rate"]
    assert kept[paths].reset_index(drop=True).equals(cut[paths].reset_index(drop=True))


def test_many_events_are_one_line():
    many = [{"at": at, "set": {"firms.Mass.price": 19.0}} for at in range(20, 30)]
    market = cx.load("baseline", {"events": many})
    with pytest.warns(EventsLeftOutWarning) as said:
        market.override(SHORT)
    (line,) = {str(each.message) for each in said}
    assert "10 events are left out: firms.Mass.price (month 20)" in line
    assert "and 7 more" in line


# -------------------------------------------------- every way to shorten a run


def test_overrides_in_python_as_mapping_and_as_texts():
    for given in (SHORT, ["periods=10"], "periods=10"):
        with left_out():
            assert not cx.load("copycat", given).changes
        with left_out():
            assert not cx.load("copycat").override(given).changes
    with left_out():
        Scenario.from_dict({"extends": "copycat"}, SHORT)


def test_runs_comparisons_and_mesa_models():
    with left_out():
        assert cx.run("copycat", overrides=SMALL | SHORT).scenario.periods == 10
    with left_out():
        result = cx.compare("baseline", "copycat", seeds=1, overrides=SMALL | SHORT)
    assert (result.table["difference"].dropna() == 0).all()
    with left_out():
        cx.Market("copycat", overrides=SMALL | SHORT)


def test_a_file_that_extends_another(write):
    write("short.yaml", "extends: copycat\nperiods: 10\n")
    with left_out():
        short = Scenario.load("short.yaml")
    assert short.changes == ()
    write("shorter.yaml", "extends: short.yaml\nperiods: 5\n")
    with pytest.warns(EventsLeftOutWarning):
        assert Scenario.load("shorter.yaml").changes == ()


def test_studies_by_their_overrides_and_by_a_factor(tmp_path):
    study = {
        "scenario": "copycat", "overrides": SMALL | SHORT, "outputs": ["market_share.Mass"],
        "factors": {"learning_rate": [0.2, 0.4]}, "design": "grid", "seeds": 1,
    }  # fmt: skip
    with left_out():
        swept = cx.sweep(study, store=tmp_path / "a", executor="inline")
    assert swept.frame["market_share.Mass"].notna().sum() == 2
    study |= {"overrides": SMALL, "factors": {"periods": {"values": [10, 30]}}}
    with left_out():
        swept = cx.sweep(study, store=tmp_path / "b", executor="inline")
    assert swept.frame["market_share.Mass"].notna().sum() == 2


def test_the_command_line_says_it_in_one_line_of_its_errors():
    done = subprocess.run(
        [sys.executable, "-m", "cxsim", "diff", "baseline", "copycat", "-s", "periods=10"],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0
    assert "have the same parameters" in done.stdout
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(f"cxsim: note: copycat: {NOTICE}", line)


def test_a_report_says_it_beneath_its_answer():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = Report("scenario", {})
        report.load("copycat", "periods=10")
    said = report.answer("Nothing happens.", seeds=[0]).data
    assert re.search(f"copycat: {NOTICE}", said)


def test_the_explorer_copies_within_a_shortened_run():
    with left_out():
        base = cx.load("copycat", SHORT)
    asked = Question(base, "Tailor", copycat="Niche", copies_at=24).scenario()
    assert {change.at for change in asked.changes} == {9}


def test_decisions():
    with left_out():
        plan = plan_decision("copycat", "Tailor", overrides=SMALL | SHORT, points=16, seeds=1)
    assert plan.base.periods == 10


# ------------------------------------------------ mistakes stay mistakes


def test_a_file_whose_own_event_lies_past_its_own_end_is_refused(write):
    write("late.yaml", "extends: baseline\nperiods: 10\nevents: [{at: 12, set: {needs: 2}}]\n")
    with pytest.raises(
        ScenarioError, match=r"late.yaml:3: events.0.at: expected a period below 10"
    ):
        Scenario.load("late.yaml")
    with pytest.raises(ScenarioError, match="expected a period below 5"):
        Scenario.load("late.yaml", {"periods": 5})


def test_an_event_given_past_the_end_is_refused():
    late = {"at": 70, "set": {"firms.Mass.price": 19.0}}
    for changes in ({"events": [late]}, {"replace_events": [late]}, SHORT | {"events": [late]}):
        with pytest.raises(ScenarioError, match="expected a period below"):
            cx.load("baseline", changes)
    with pytest.raises(ScenarioError, match="expected a period below 60"):
        cx.load("copycat", {"events.0.at": 60})
    with pytest.raises(ScenarioError, match="expected a period below 10"):
        cx.load("copycat", {"periods": 10, "events.0.at": 12})


# ------------------------------------------- `events` adds, `replace_events` replaces


def labels(scenario):
    return [change.label for change in scenario.changes]


def test_overrides_add_events_and_replace_them_by_another_word():
    market = cx.load("copycat")
    assert labels(market.override({"events": [CUT]})) == ["a cut", *labels(market)]
    assert labels(market.override({"replace_events": [CUT]})) == ["a cut"]
    assert labels(market.override({"replace_events": []})) == []
    assert labels(market.override({"events": []})) == labels(market)
    both = market.override({"replace_events": [CUT], "events": [CUT | {"at": 4}]})
    assert [change.at for change in both.changes] == [3, 4]
    text = f"events=[{json.dumps(CUT)}]"
    assert labels(cx.load("copycat", [text])) == ["a cut", *labels(market)]
    assert market.override({"events": [CUT]}).digest == cx.load(
        "baseline", {"events": [CUT, *market.to_dict()["events"]]}
    ).digest  # fmt: skip


def test_files_that_extend_add_and_replace_likewise(write):
    cut = "[{at: 3, set: {firms.Mass.price: 19}, label: a cut}]"
    write("more.yaml", f"extends: copycat\nevents: {cut}\n")
    write("other.yaml", f"extends: copycat\nreplace_events: {cut}\n")
    write("none.yaml", "extends: copycat\nreplace_events: []\n")
    market = cx.load("copycat")
    assert labels(Scenario.load("more.yaml")) == ["a cut", *labels(market)]
    assert labels(Scenario.load("other.yaml")) == ["a cut"]
    assert Scenario.load("none.yaml").digest == cx.load("baseline").digest
    more = Scenario.load("more.yaml").to_dict()
    assert labels(Scenario.from_dict(more)) == labels(Scenario.load("more.yaml"))


def test_problems_of_added_events_name_their_own_file_and_line(write):
    write("wrong.yaml", "extends: copycat\nevents:\n  - at: 3\n    set: {firms.Mas.price: 19}\n")
    with pytest.raises(ScenarioError, match=r"wrong.yaml:4: events.1.set.firms.Mas.price"):
        Scenario.load("wrong.yaml")


def test_there_is_nothing_to_replace_without_a_parent(write):
    write("alone.yaml", "replace_events: []\nfirms: {A: {price: 1}}\n")
    with pytest.raises(ScenarioError, match=r"alone.yaml:1: replace_events: expected only in"):
        Scenario.load("alone.yaml")


@pytest.mark.parametrize("word", ["events", "replace_events"])
@pytest.mark.parametrize("wrong", [None, 3, {"at": 3}, "none"])
def test_what_is_no_list_of_events_is_refused(word, wrong, write):
    with pytest.raises(ScenarioError, match=f"override: {word}: expected a list of events, found"):
        cx.load("copycat", {word: wrong})
    write("wrong.yaml", f"extends: copycat\n{word}: {json.dumps(wrong)}\n")
    with pytest.raises(ScenarioError, match=f"wrong.yaml:2: {word}: expected a list of events"):
        Scenario.load("wrong.yaml")


def test_strategies_and_options_add_to_the_markets_events():
    study = Study.from_dict(
        {
            "scenario": "copycat", "factors": {"learning_rate": [0.2, 0.4]}, "design": "grid",
            "seeds": 1, "outputs": ["market_share.Mass"],
            "strategies": {"cut": {"events": [CUT]}, "only the cut": {"replace_events": [CUT]}},
        }
    )  # fmt: skip
    market = cx.load("copycat")
    assert labels(study.scenario(0, "cut")) == ["a cut", *labels(market)]
    assert labels(study.scenario(0, "only the cut")) == ["a cut"]
    options = {"stay": {}, "cut": {"events": [CUT]}, "only the cut": {"replace_events": [CUT]}}
    plan = plan_decision("copycat", "Tailor", options=options, rival="none", points=16, seeds=1)
    assert labels(plan.scenario(0, "cut")) == ["a cut", *labels(market)]
    assert labels(plan.scenario(0, "only the cut")) == ["a cut"]
    plan = plan_decision("copycat", "Mass", options=options, rival="Niche", points=16, seeds=1)
    copied = "Niche copies Mass"
    assert set(labels(plan.scenario(0, "stay"))) == {copied, *labels(market)}
    assert set(labels(plan.scenario(0, "cut"))) == {copied, "a cut", *labels(market)}
    assert set(labels(plan.scenario(0, "only the cut"))) == {copied, "a cut"}


def test_the_explorers_copy_joins_the_markets_events():
    asked = Question(cx.load("copycat"), "Tailor", copycat="Niche").scenario()
    assert set(labels(asked)) == {"Mass copies Tailor", "Niche copies Tailor"}
