"""A long run that is stopped goes on from its checkpoint as if nothing had happened."""

from __future__ import annotations

import subprocess
import sys
import time

import pandas as pd
import pytest

import cxsim as cx
from cxsim.checkpoint import Checkpoint, CheckpointError
from cxsim.runs.frames import FRAMES
from cxsim.simulation import Simulation

SMALL = {"customers": 3000, "periods": 40}
DETAIL = ["cohorts", "elasticity", "loss_reasons", "customers"]


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
    resumed = cx.run(scenario, seed=3, detail=DETAIL, checkpoint=file)
    same(resumed, cx.run(scenario, seed=3, detail=DETAIL))
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


def test_a_killed_process_loses_what_came_after_the_last_save(tmp_path):
    file = tmp_path / "run.ckpt"
    code = (
        "import sys, time, cxsim as cx\n"
        "def slow(done, total): time.sleep(0.05)\n"
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
