"""Sweeps side by side, and sweeps that are killed: nothing is run twice and nothing lost."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import psutil
import pytest
import study_functions as functions
from test_sweep import rows, start, study

import cxsim as cx
from cxsim.study.store import Leases, Store

# ----------------------------------------------------------------- two at the same time

SLOW = """
import sys
import cxsim as cx
import study_functions as functions
plan = cx.Study.from_dict(
    {"factors": {"a": list(range(40)), "b": [0.5]}, "seeds": 2}, model=functions.slow)
result = cx.sweep(plan, store=sys.argv[1], executor="inline")
print(result.report.done)
"""


def test_two_processes_on_one_store_share_the_work(tmp_path):
    both = [start(tmp_path / "s", SLOW), start(tmp_path / "s", SLOW)]
    done = [int(process.communicate(timeout=120)[0]) for process in both]
    assert sum(done) == 80
    assert len(rows(tmp_path / "s")) == 80


def test_two_sweeps_in_one_process_share_the_work(tmp_path):
    plan = study(functions.slow, points=40, seeds=2)

    def play(_):
        return cx.sweep(plan, store=tmp_path / "s", executor="inline").report.done

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(play, range(2)))
    assert sum(done) == 80
    assert min(done) > 0
    assert not rows(tmp_path / "s")["run"].duplicated().any()


def test_a_claim_outlasts_another_of_the_same_process_that_is_closed(tmp_path):
    first, second = (Leases(tmp_path / "claims.lock") for _ in range(2))
    assert first.acquire("a")
    assert not second.acquire("a")
    second.close()
    code = (
        "import sys\nfrom pathlib import Path\nfrom cxsim.study.store import Leases\n"
        "print(Leases(Path(sys.argv[1]) / 'claims.lock').acquire('a'))"
    )
    assert start(tmp_path, code).communicate(timeout=60)[0] == "False\n"
    first.close()
    assert start(tmp_path, code).communicate(timeout=60)[0] == "True\n"


def test_what_a_killed_process_had_leased_is_free_again(tmp_path):
    Store(tmp_path / "s")
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom cxsim.study.store import Leases\n"
        "leases = Leases(Path(sys.argv[1]) / 'claims.lock')\n"
        "print(leases.acquire('a'), flush=True)\n"
        "time.sleep(60)"
    )
    other = start(tmp_path / "s", code)
    assert other.stdout.readline() == "True\n"
    mine = Leases(tmp_path / "s" / "claims.lock")
    assert not mine.acquire("a")
    assert mine.acquire("b")
    other.kill()
    other.wait()
    assert mine.acquire("a")


# ------------------------------------------------------------------------------- killed


def finish_after_kills(tmp_path, kills, rng):
    whole = study(functions.slow, points=40, seeds=2)
    cx.sweep(whole, store=tmp_path / "whole", executor="inline")
    for _ in range(kills):
        process = start(tmp_path / "cut", SLOW)
        time.sleep(rng.uniform(0.5, 6.0))
        process.kill()
        process.wait()
    cx.sweep(whole, store=tmp_path / "cut", executor="inline")
    cut = rows(tmp_path / "cut")
    assert not cut["run"].duplicated().any()
    pd.testing.assert_frame_equal(cut, rows(tmp_path / "whole"))


def test_a_killed_study_goes_on_where_it_was(tmp_path):
    finish_after_kills(tmp_path, 2, np.random.default_rng(1))


@pytest.mark.slow
def test_a_study_killed_many_times_ends_as_if_nothing_had_happened(tmp_path):
    finish_after_kills(tmp_path, 12, np.random.default_rng(2))


# ------------------------------------------------------------------- workers that die


def loky_workers():
    """Return the workers of this process by number, those that end meanwhile left out."""
    found = {}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            line = " ".join(child.cmdline())
            if "loky" in line and "tracker" not in line:
                found[str(child.pid)] = child
    return found


def kill_workers(stop, rng, folder, killed):
    """Kill three workers of this process, one after the other.

    Only one whose runs are stored already: all that the last death cut off is done by then. A run
    is tried once more alone, and whoever kills that one too makes it a run that kills.
    """
    read, worked = set(), set()
    while len(killed) < 3 and not stop.wait(rng.uniform(0.5, 1.0)):
        for file in set(folder.glob("runs/*.parquet")) - read:
            read.add(file)
            names = pd.read_parquet(file, columns=["worker"])["worker"]
            worked |= {name.rsplit(":", 1)[1] for name in names}
        at_work = loky_workers()
        seasoned = sorted(at_work.keys() & worked)
        if seasoned:
            with contextlib.suppress(psutil.NoSuchProcess):
                at_work[seasoned[rng.integers(len(seasoned))]].kill()
                killed.append(1)


def finish_while_workers_die(tmp_path, points, rng):
    plan = study(functions.slow, points=points, seeds=2)
    stop, killed = threading.Event(), []
    killer = threading.Thread(target=kill_workers, args=(stop, rng, tmp_path / "cut", killed))
    killer.start()
    try:
        result = cx.sweep(plan, store=tmp_path / "cut", jobs=2)
    finally:
        stop.set()
        killer.join()
    cx.sweep(plan, store=tmp_path / "whole", executor="threads", jobs=8)
    assert result.failed.empty
    pd.testing.assert_frame_equal(rows(tmp_path / "cut"), rows(tmp_path / "whole"))
    return len(killed)


@pytest.mark.slow
def test_workers_that_are_killed_are_replaced_and_no_run_is_lost(tmp_path):
    assert finish_while_workers_die(tmp_path, 800, np.random.default_rng(3)) >= 2
