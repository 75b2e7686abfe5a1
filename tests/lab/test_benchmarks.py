"""The benchmarks compare like with like, count what they say, and publish what they found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import cxsim as cx
from lab.benchmarks.agreement import LIMIT, agreement, simulated
from lab.benchmarks.child import in_child
from lab.benchmarks.commands import processor_seconds
from lab.benchmarks.floor import streaming, traffic
from lab.benchmarks.goals import goals
from lab.benchmarks.growth import bend
from lab.benchmarks.markets import (
    ALONE,
    BESIDE,
    CENTERS,
    TOGETHER,
    five_firms,
    many_firms,
    untimed_mechanisms,
)
from lab.benchmarks.passes import passes
from lab.benchmarks.peers import plain
from lab.benchmarks.peers.mesa_model import Customer, MesaMarket
from lab.benchmarks.peers.numpy_model import NumpyMarket
from lab.benchmarks.plan import FULL, QUICK
from lab.benchmarks.race import code_lines, peers
from lab.benchmarks.timing import Timing, in_turn, ratio

DOCS = Path(__file__).resolve().parents[2] / "docs"

# --- peers are the same market ---------------------------------------------------------

SMALL = {"customers": 400, "periods": 8}


@pytest.fixture(scope="module")
def reference():
    """What the simulator gives over 200 seeds."""
    scenario = five_firms(**SMALL)
    return [simulated(scenario, seed) for seed in range(200)]


@pytest.mark.parametrize(
    ("name", "seeds"), [("mesa", 30), ("numpy64", 200), ("numpy32", 200), ("ambr", 60)]
)
def test_a_peer_gives_the_same_shares_retention_and_switching_costs(name, seeds, reference):
    if name not in peers():
        pytest.skip(f"{name} is not installed")
    found = agreement(name, peers()[name], five_firms(**SMALL), seeds=seeds, reference=reference)
    assert found.numbers == 81
    assert found.worst < LIMIT, found


def test_peers_agree_where_customers_leave_one_segment_only():
    """A newcomer belongs to the segment of the customer replaced, as the model page says."""
    leaving = {"segments.Comfort.exit_rate": 0.4, "segments.Performance.exit_rate": 0.0}
    scenario = five_firms(**SMALL).override(leaving)
    ours = [simulated(scenario, seed) for seed in range(100)]
    for name, seeds in (("mesa", 20), ("numpy64", 100)):
        found = agreement(name, peers()[name], scenario, seeds=seeds, reference=ours)
        assert found.worst < LIMIT, found


def test_a_peer_with_a_wrong_rule_is_found_out(reference, monkeypatch):
    monkeypatch.setattr(Customer, "switching_cost", lambda self, firm: 0.0)
    found = agreement("wrong", MesaMarket, five_firms(**SMALL), seeds=10, reference=reference)
    assert not found.agrees


def test_peers_report_few_measures_with_the_same_numbers():
    scenario = five_firms(**SMALL)
    for peer in (MesaMarket, NumpyMarket):
        few, every = (peer(scenario, measures=m, rng=3) for m in ("few", "all"))
        for _ in range(4):
            few.step()
            every.step()
        for name, values in few.history().items():
            np.testing.assert_array_equal(values, every.history()[name], err_msg=name)
        assert len(few.history()) < len(every.history())


@pytest.mark.parametrize(
    "change",
    [
        {"firms.Tailor.personal_premium": 0.1},
        {"firms.Mass.promotions.chance": 0.5},
        {"segments.Comfort.need_drift": 0.1},
        {"segments.Comfort.volume": 2.0},
        {"profile_portability": 0.5},
        {"no_purchase_option": False},
        {"warm_up": 3},
    ],
    ids=str,
)
def test_a_scenario_that_peers_do_not_know_whole_is_refused(change):
    plain(five_firms())
    with pytest.raises(ValueError, match="peers know"):
        plain(five_firms(**change))


def test_lines_of_code_are_counted_without_words():
    lines = code_lines(MesaMarket)
    everything = Path(cx.__file__).parents[1] / "lab" / "benchmarks" / "peers" / "mesa_model.py"
    assert 150 < lines < len(everything.read_text("utf-8").splitlines())


# --- what is counted and timed -----------------------------------------------------------


def test_the_floor_counts_the_columns_that_a_period_reads_and_writes():
    columns = traffic(five_firms())
    assert columns["uncertainty"] == {"read": 20.0, "written": 20.0}
    assert columns["need"] == {"read": 8.0, "written": 0.0}
    assert columns["supplier"]["written"] == columns["supplier"]["read"]
    assert "entry_period" not in columns, "only newcomers touch it"


def test_a_further_firm_costs_a_taste_and_an_uncertainty():
    def moved(firms):
        columns = traffic(many_firms(firms)).values()
        return sum(c["read"] + c["written"] for c in columns)

    assert moved(6) - moved(5) == 4 + 4 + 4  # a taste and an uncertainty read, the latter written


def test_the_floor_can_be_streamed():
    once = streaming({"a": {"read": 8.0, "written": 8.0}, "b": {"read": 4.0, "written": 0.0}}, 999)
    once()


def test_things_are_timed_in_turn_and_compared_within_rounds():
    order = []
    times = in_turn({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert order == list("ababab")
    assert [len(t) for t in times.values()] == [3, 3]
    assert ratio([2.0, 40.0, 9.0], [1.0, 10.0, 3.0]) == Timing.of([2.0, 4.0, 3.0])
    assert Timing.of([3.0, 1.0, 8.0], 2.0) == {
        "median": 6.0, "low": 2.0, "high": 16.0, "repeats": 3,
    }  # fmt: skip


def test_the_time_of_a_command_is_what_its_process_computes_and_not_what_it_waits():
    work = "import time\nwhile time.process_time() < 0.2: pass\ntime.sleep(0.2)"
    run = partial(subprocess.run, [sys.executable, "-c", work], check=True)
    assert 0.2 <= processor_seconds(run) < 0.4


def test_a_bend_is_the_largest_distance_from_a_straight_line():
    sizes = [1_000, 10_000, 100_000]
    assert bend(sizes, [5 + 0.1 * n for n in sizes]) == pytest.approx(0, abs=1e-9)
    assert bend(sizes, [n**1.2 for n in sizes]) > 0.15


def test_the_profile_names_every_pass_of_a_period():
    names = {row["name"] for row in passes()["rows"]}
    steps = cx.Simulation(five_firms(customers=10)).schedule.steps
    assert names == {step.name for step in steps if step.phase != "begin"}


def test_every_mechanism_of_the_package_is_timed():
    assert untimed_mechanisms() == [], "add a switch to lab/benchmarks/markets.py"


def test_markets_of_many_firms_spread_over_the_capability_matrix():
    firms = many_firms(9).firms.values()
    places = {(firm.interaction, firm.customization) for firm in firms}
    assert len(places) == 9
    assert many_firms(32, customers=7).customers == 7


def test_memory_is_measured_in_a_process_of_its_own():
    found = in_child(customers=1_000_000, periods=2)  # what the process has to spare is little
    assert found["columns"] < found["peak"] - found["base"] < 5 * found["columns"]


# --- what is published -------------------------------------------------------------------


def time_of(value):
    return {"median": value, "low": 0.9 * value, "high": 1.1 * value, "repeats": 3}


@pytest.fixture
def found():
    """What a run finds, with made-up numbers."""
    names = ("cxsim", "mesa", "numpy64", "numpy32", "floor")
    row = {"customers": 1000, "firms": 2, "periods": 6, "setup": 1.0, "period": 0.001,
           "peak": 3e8, "base": 2e8, "columns": 1e6}  # fmt: skip
    more = {**row, "customers": 10_000_000, "firms": 8, "period": 10.0, "peak": 1e9}
    checked = {"peer": "", "seeds": 9, "numbers": 81, "worst": 2.0, "where": "x", "agrees": True}
    return {
        "plan": "full",
        "machine": {"processor": "a fast one", "ambr": "not installed"},
        "passes": {"customers": 4096, "drawing": 9.0,
                   "rows": [{"name": f"p{k}", "time": k} for k in range(20)]},
        "engines": {"customers": 20_000, "firms": 5, "columnar": time_of(100),
                    "agents": time_of(100_000), "ratio": time_of(1000),
                    "plain": time_of(180), "plain_ratio": time_of(1.8)},
        "peers": {
            "customers": 100_000,
            "times": {n: time_of(100) for n in names},
            "ratios": {n: time_of(250 if n == "mesa" else 7) for n in names},
            "above_floor": time_of(11),
            "few": {"mesa": {"time": time_of(90), "ratio": time_of(200)}},
            "far": {"customers": 2_000_000, "cxsim": time_of(100), "floor": time_of(10),
                    "above_floor": time_of(10)},
            "columns": {"need": {"read": 8, "written": 0}, "supplier": {"read": 2, "written": 2}},
            "bytes": {"read": 10, "written": 2},
            "lines": {"mesa": 200},
            "agreement": {"mesa": checked, "numpy64": {**checked, "agrees": False}},
        },
        "growth": {
            "customers": {"rows": [row, more], "bend": 0.02},
            "peers": {"mesa": {"1000": 9.0}, "numpy64": {"1000": 5.0, "10000": 4.0}},
            "firms": {"rows": [row, more], "bend": 0.03},
            "periods": {"rows": [row, more], "swelling": 1.01},
            "memory": more,
            "threads": {"customers": 1_000_000, "cores": 4, "rows": [
                {"block": 4096, "one": time_of(100), "two": time_of(60), "gain": time_of(1.7),
                 "machine": time_of(2)},
                {"block": 16384, "one": time_of(100), "two": time_of(50), "gain": time_of(1.9),
                 "machine": time_of(2)},
            ]},
            "switches": {"customers": 1000, "rows": [
                {"name": name, "time": time_of(100), "ratio": time_of(1.1),
                 "beside": time_of(1.05) if name in BESIDE else None}
                for name in ("core", TOGETHER, *ALONE, *CENTERS.values())]},
        },
        "path": {
            "imports": {"times": {name: time_of(1) for name in (
                "python", "cxsim", "mesa", "cxsim, numba", "all that a run needs")},
                "cxsim_to_mesa": time_of(1.2)},
            "compile": {"first": time_of(20), "second": time_of(1.4),
                        "framed": time_of(2), "framed_to_imports": time_of(2),
                        "second_to_imports": time_of(1.4), "second_to_needed": time_of(1)},
            "small": {"simulate": time_of(9), "run": time_of(12), "frames": time_of(14)},
            "compare": {"seeds": 20, "compare": time_of(9), "help": time_of(0.3)},
            "notebook": None,
        },
    }  # fmt: skip


def test_goals_that_are_reached_are_met_and_others_are_not(found):
    assert all(goal.met for goal in goals(found))
    found["peers"]["ratios"]["numpy32"] = time_of(5.9)  # the quicker peer counts
    found["growth"]["firms"]["bend"] = 0.2
    found["path"]["small"]["frames"] = time_of(15.1)
    rows = {row["name"]: row for row in found["growth"]["switches"]["rows"]}
    rows["buying centers of one"]["ratio"] = time_of(1.21)
    rows["a journey, and firms that listen and improve"]["ratio"] = time_of(1.9)  # not by itself
    missed = {goal.what for goal in goals(found) if goal.met is False}
    assert {what.split()[0] for what in missed} == {"against", "growth", "small", "buying"}
    assert len(missed) == 4


def test_a_goal_that_a_run_was_too_small_for_is_neither_met_nor_missed(found):
    found["growth"]["threads"]["customers"] = 100_000
    found["growth"]["memory"]["customers"] = 1_000_000
    unsure = [goal for goal in goals(found) if goal.met is None]
    assert len(unsure) == 2
    assert {goal.verdict for goal in unsure} == {"not measured"}


def test_the_page_shows_every_goal_and_says_that_it_is_written(found, tmp_path):
    from lab.benchmarks.__main__ import publish

    path = publish(json.loads(json.dumps(found)), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "Written by `python -m lab.benchmarks`" in text
    for goal in goals(found):
        assert f"| {goal.what} | {goal.goal} | {goal.obtained} | {goal.verdict} |" in text
    assert "| **no** |" in text, "a peer that does not agree is shown"
    assert "What holds back" not in text
    pictures = re.findall(r"!\[.+?\]\((.+?)\)", text)
    assert len(pictures) == 6
    for picture in pictures:
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert "{" not in text
    found["peers"]["above_floor"] = time_of(60)
    found["growth"]["threads"]["rows"] = found["growth"]["threads"]["rows"][:1]
    held_back = publish(found, tmp_path).read_text(encoding="utf-8")
    assert "| against the streaming floor | arithmetic, not memory: only drawing" in held_back
    found["plan"] = "quick"
    assert "quick run" in publish(found, tmp_path).read_text(encoding="utf-8")


def test_the_quick_plan_is_nowhere_larger_than_the_full_one():
    for name, value in vars(QUICK).items():
        if name != "name":
            assert np.max(value) <= np.max(getattr(FULL, name)), name


def test_the_stored_page_is_of_a_full_run_and_has_its_figures():
    text = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert "quick run" not in text
    for picture in re.findall(r"!\[.+?\]\((.+?)\)", text):
        assert (DOCS / picture).exists(), picture
