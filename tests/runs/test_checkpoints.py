"""A long run that is stopped goes on from its checkpoint as if nothing had happened."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.files.sealed import DamagedWarning
from cxsim.runs.execution import Checkpoint, CheckpointError
from cxsim.runs.result import FRAMES
from cxsim.runs.simulation import Simulation
from cxsim.scenario import shipped_scenarios

SMALL = {"customers": 3000, "periods": 40}
DETAIL = ["cohorts", "price_elasticity", "churn_reasons", "customers"]


def same(a, b):
    for name in FRAMES:
        one, other = getattr(a, name), getattr(b, name)
        if one is not None or other is not None:
            pd.testing.assert_frame_equal(one, other, check_exact=True)
    pd.testing.assert_frame_equal(a.summary(), b.summary(), check_exact=True)


@pytest.mark.parametrize("stop", [1, 26, 39])
@pytest.mark.parametrize("name", ["baseline", "copycat", "two_roads", "b2b_suppliers", "points"])
def test_a_run_that_goes_on_equals_one_that_never_stopped(name, stop, tmp_path):
    scenario = cx.load(name, SMALL)
    file = tmp_path / "run.ckpt"
    cut = Simulation(scenario, seed=3, observers=tuple(DETAIL))
    for _ in range(stop):
        cut.step()
    Checkpoint(file).save(cut)
    del cut
    resumed = cx.run(scenario, seed=3, probes=DETAIL, checkpoint=file)
    same(resumed, cx.run(scenario, seed=3, probes=DETAIL))
    assert not file.exists()


def test_ramps_of_events_and_the_warm_up_go_on_too(tmp_path):
    ramp = {"at": 5, "over": 10, "set": {"firms.Mass.price": 15, "learning_rate": 0.5}}
    scenario = cx.load("baseline", {**SMALL, "warm_up": 8, "events": [ramp]})
    whole = cx.run(scenario, seed=1)
    for stop in (4, 18):
        file = tmp_path / "run.ckpt"
        cut = Simulation(scenario, seed=1)
        for _ in range(stop):
            cut.step()
        Checkpoint(file).save(cut)
        same(cx.run(scenario, seed=1, checkpoint=file), whole)


@pytest.mark.parametrize("policy", ["adaptive", "best_response"])
def test_firms_that_decide_go_on_with_what_they_remember(policy, tmp_path):
    market = {**SMALL, "customers": 300, "firms.Mass.policy": {"pricing": policy}}
    scenario = cx.load("baseline", market)
    file = tmp_path / "run.ckpt"
    cut = Simulation(scenario, seed=1)
    for _ in range(15):
        cut.step()
    Checkpoint(file).save(cut)
    same(cx.run(scenario, seed=1, checkpoint=file), cx.run(scenario, seed=1))


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_goes_on_to_the_bit(name, tmp_path):
    scenario = cx.load(name, {"customers": 100})
    file = tmp_path / "run.ckpt"
    cut = Simulation(scenario, seed=2)
    while cut.period < scenario.periods // 2:
        cut.step()
    Checkpoint(file).save(cut)
    same(cx.run(scenario, seed=2, checkpoint=file), cx.run(scenario, seed=2))


CAPABILITIES = {"roadmap": {"targets": [{"at": 4, "over": 8, "interaction": 0.9}]}, "adaptive": {},
                "imitate": {"lag": 3, "pace": 0.5}, "answer": {"lag": 1}}  # fmt: skip


@pytest.mark.parametrize("name", CAPABILITIES)
def test_firms_that_change_what_they_can_do_go_on_with_what_they_remember(name, tmp_path):
    policy = {"capability": {"name": name, **CAPABILITIES[name]}}
    scenario = cx.load("baseline", {"customers": 200, "periods": 30, "firms.Mass.policy": policy})
    file = tmp_path / "run.ckpt"
    for stop in (3, 9, 20):
        cut = Simulation(scenario, seed=1)
        while cut.period < stop:
            cut.step()
        Checkpoint(file).save(cut)
        same(cx.run(scenario, seed=1, checkpoint=file), cx.run(scenario, seed=1))


class Memory(cx.PricingPolicy):
    """Remembers whatever it is given to remember, and lets it decide."""

    step: float = 0.01
    plan: tuple[float, ...] = ()

    def begin(self):
        self.kept = GIVEN[0]
        self.late = False

    def decide(self, known):
        if known.period == 2:
            del self.late
            self.step *= 2  # a parameter that the policy changes is part of its memory
            self.plan = self.plan[:-1]
            self.more = [known.own["price"], (1, "a"), {3: None, "x": np.float32(0.1)}]
        if known.period < 3:
            return None
        self.more.append(float(known.period))
        assert isinstance(self.more[1], tuple)
        assert type(self.more[2]["x"]) is np.float32
        assert not hasattr(self, "late")
        return self.more[0] + self.step * len(self.more) * len(self.plan) + float(np.sum(self.kept))


GIVEN = [None]


def remembering(value):
    GIVEN[0] = value
    cx.register_policy(Memory)
    policy = {"pricing": {"name": "Memory", "plan": [1.0, 2.0, 3.0]}}
    return cx.load("baseline", {"customers": 100, "periods": 12, "firms.Mass.policy": policy})


def test_a_policys_memory_comes_back_as_what_it_was(tmp_path):
    scenario = remembering(np.arange(6.0).reshape(2, 3, order="F"))
    cut = Simulation(scenario, seed=1)
    while cut.period < 7:
        cut.step()
    Checkpoint(tmp_path / "c").save(cut)
    whole = cx.run(scenario, seed=1)
    assert whole.firms.query("firm == 'Mass'")["price"].nunique() > 5
    same(cx.run(scenario, seed=1, checkpoint=tmp_path / "c"), whole)


TWICE = [1.0]
SLICED = np.arange(4.0)


@pytest.mark.parametrize(
    ("value", "odd"),
    [
        (object(), r"kept: expected plain data .*, found object"),
        ({"a": [1, {2}]}, r"kept\['a'\]\[1\]: expected plain data .*, found set"),
        ([TWICE, TWICE], r"kept\[1\]: expected data of its own, found the same as kept\[0\]"),
        ([SLICED, SLICED[1:]], r"kept: expected arrays of their own, found two that share memory"),
        (np.array([None]), r"kept: expected plain data .*, found ndarray"),
        (lambda: 1, r"kept: expected plain data .*, found function"),
    ],
)
def test_a_policy_that_remembers_something_else_is_refused_by_name_at_the_start(
    value, odd, tmp_path
):
    scenario = remembering(value)
    who = r"firm 'Mass', pricing policy 'Memory': it cannot be kept in a checkpoint: "
    with pytest.raises(CheckpointError, match=who + odd):
        cx.run(scenario, checkpoint=tmp_path / "c")


def test_rules_of_a_notebook_are_given_again(tmp_path):
    rules = {"learning.decayed": lambda uncertainty, forgetting_rate: uncertainty}
    scenario = cx.load("baseline", {"customers": 200, "periods": 10})
    cut = Simulation(scenario, seed=1, rules=rules)
    while cut.period < 5:
        cut.step()
    Checkpoint(tmp_path / "c").save(cut)
    with pytest.raises(CheckpointError, match=r"made with another learning\.decayed, "):
        cx.run(scenario, seed=1, checkpoint=tmp_path / "c")
    whole = cx.run(scenario, seed=1, rules=rules)
    same(cx.run(scenario, seed=1, rules=rules, checkpoint=tmp_path / "c"), whole)


# ------------------------------------------------------------------------------ damage


@pytest.fixture
def saved(tmp_path):
    """Two checkpoints of one run, the later one at period 6."""
    file = tmp_path / "run.ckpt"
    simulation = Simulation(cx.load("baseline", {"customers": 50, "periods": 9}), seed=1)
    for _ in range(2):
        for _ in range(3):
            simulation.step()
        Checkpoint(file).save(simulation)
    return file


def gone_on(file):
    periods = []
    result = cx.run("baseline", seed=1, overrides={"customers": 50, "periods": 9}, checkpoint=file,
                    progress=lambda done, total: periods.append(done))  # fmt: skip
    return result, periods[0]


@pytest.mark.parametrize("data", [b"", b"cxsim checkpoint", None])
def test_where_the_last_checkpoint_is_damaged_the_one_before_is_taken(data, saved):
    saved.write_bytes(saved.read_bytes()[:-1] if data is None else data)
    with pytest.warns(DamagedWarning, match=r"run\.ckpt: expected .*goes on from run\.ckpt\.prev"):
        result, first = gone_on(saved)
    assert first == 4
    assert sorted(p.name for p in saved.parent.iterdir()) == ["run.ckpt.damaged"]
    same(result, cx.run("baseline", seed=1, overrides={"customers": 50, "periods": 9}))


def test_an_end_between_the_two_names_of_a_save_loses_nothing(saved):
    saved.unlink()
    _, first = gone_on(saved)
    assert first == 4


def test_two_damaged_checkpoints_are_an_error_that_names_both(saved):
    for file in (saved, Checkpoint(saved).previous):
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(
        CheckpointError, match=r"run\.ckpt: expected what.*ckpt\.previous: expected"
    ):
        gone_on(saved)


def test_a_forged_checkpoint_runs_no_code(tmp_path):
    file, sign = tmp_path / "run.ckpt", tmp_path / "ran"

    class Bomb:
        def __reduce__(self):
            return (Path.touch, (sign,))

    of = {"format": 1, "scenario": cx.load("baseline").digest, "seed": 0}
    file.write_bytes(json.dumps({"cxsim checkpoint": of}).encode() + b"\n" + pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match="of an earlier format, which is not read"):
        cx.run("baseline", checkpoint=file)
    assert not sign.exists()


def test_a_killed_process_loses_what_came_after_the_last_save(tmp_path):
    file = tmp_path / "run.ckpt"
    code = (
        "import sys, time, cxsim as cx\n"
        "def slow(done, total): time.sleep(0.2)\n"
        f"cx.run('baseline', seed=2, overrides={SMALL}, checkpoint=sys.argv[1], "
        "checkpoint_seconds=0, progress=slow)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(file)])
    while not file.exists():
        time.sleep(0.02)
        assert process.poll() is None
    time.sleep(0.3)
    process.kill()
    process.wait()
    assert file.exists()
    periods = []
    resumed = cx.run("baseline", seed=2, overrides=SMALL, checkpoint=file,
                     progress=lambda done, total: periods.append(done))  # fmt: skip
    assert periods[0] > 1
    same(resumed, cx.run("baseline", seed=2, overrides=SMALL))


@pytest.mark.parametrize(
    ("change", "odd"),
    [({"seed": 4}, "seed"), ({"overrides": {**SMALL, "periods": 41}}, "scenario")],
)
def test_a_checkpoint_of_another_run_is_refused(change, odd, tmp_path):
    file = tmp_path / "run.ckpt"
    Checkpoint(file).save(Simulation(cx.load("baseline", SMALL), seed=3))
    with pytest.raises(CheckpointError, match=f"found one with another {odd}"):
        cx.run("baseline", **{"seed": 3, "overrides": SMALL, **change}, checkpoint=file)


def test_another_file_is_no_checkpoint(tmp_path):
    (tmp_path / "run.ckpt").write_text("mine")
    with pytest.raises(CheckpointError, match="expected a checkpoint, found another file"):
        cx.run("baseline", overrides=SMALL, checkpoint=tmp_path / "run.ckpt")
    assert (tmp_path / "run.ckpt").read_text() == "mine"
