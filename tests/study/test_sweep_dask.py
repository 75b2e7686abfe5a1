"""Sweeps on Dask: a real scheduler, and worker processes that talk to it over TCP."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
import study_functions as functions
from own_mechanisms import own_mechanisms
from places import ROOT, SUPPORT

import cxsim as cx
from cxsim.study.workers import PoolError

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

PASSING = ["seconds", "worker", "finished"]


def study(model, points=40, seeds=2):
    factors = {"a": list(range(points)), "b": [0.5]}
    return cx.Study.from_dict({"factors": factors, "seeds": seeds}, model=model)


def rows(folder):
    frame = pd.read_parquet(Path(folder) / "runs")
    return frame.drop(columns=PASSING).sort_values("run", ignore_index=True)


@contextlib.contextmanager
def started_cluster(tmp_path, package=ROOT):
    """Start a scheduler and two workers as processes of their own; give address and nannies."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(package), str(SUPPORT)]),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    }
    log = (tmp_path / "scheduler.log").open("w+")

    def begin(*words, out=subprocess.DEVNULL):
        command = [sys.executable, "-m", "distributed.cli.dask_scheduler", *words]
        if words[0].startswith("tcp"):
            command = [sys.executable, "-m", "distributed.cli.dask_worker", *words]
        return subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=tmp_path)

    processes = [begin("--host", "127.0.0.1", "--port", "0", "--no-dashboard", out=log)]
    address = None
    for _ in range(300):
        found = re.search(r"Scheduler at:\s+(tcp://\S+)", (tmp_path / "scheduler.log").read_text())
        if found:
            address = found.group(1)
            break
        time.sleep(0.1)
    assert address, (tmp_path / "scheduler.log").read_text()
    processes += [begin(address, "--nthreads", "1", "--no-dashboard") for _ in range(2)]
    try:
        yield address, processes[1:]
    finally:
        stop(processes)
        log.close()


def stop(processes):
    for process in processes[::-1]:
        family = (
            psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        )
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        for child in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        if process.poll() is None:
            process.kill()


@pytest.fixture
def cluster(tmp_path):
    with started_cluster(tmp_path) as found:
        yield found


def test_a_study_runs_unchanged_on_a_cluster(cluster, tmp_path):
    address, _ = cluster
    plan = {
        "scenario": "baseline", "overrides": {"customers": 60, "periods": 4},
        "factors": {"firms.Tailor.price": [18, 20, 22]}, "seeds": 4,
    }  # fmt: skip
    cx.sweep(plan, store=tmp_path / "here", executor="inline")
    result = cx.sweep(plan, store=tmp_path / "there", executor="dask", address=address)
    pd.testing.assert_frame_equal(rows(tmp_path / "here"), rows(tmp_path / "there"))
    assert len(set(result.runs["worker"])) >= 1
    assert not any(worker.endswith(f":{os.getpid()}") for worker in result.runs["worker"])


def test_a_mechanism_of_ones_own_runs_on_a_cluster_that_lacks_its_files(
    cluster, tmp_path, monkeypatch
):
    address, _ = cluster
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CXSIM_TRUST", str(folder))
    with own_mechanisms(folder) as names:
        assert {"season.py", "birthday.py", "gifts.yaml"} <= names
        cx.sweep("gifts.yaml", store=tmp_path / "here", executor="inline")
        for name in names:
            (folder / name).rename(folder / f"{name}.away")  # workers get them by value
        plan = cx.Store(tmp_path / "here").studies()
        (facts,) = plan.values()
        shutil.copy(folder / "seasons.yaml.away", folder / "seasons.yaml")
        study = cx.Study.from_dict(facts["study"], name=facts["name"])
        cx.sweep(study, store=tmp_path / "there", executor="dask", address=address)
    pd.testing.assert_frame_equal(rows(tmp_path / "here"), rows(tmp_path / "there"))
    assert set(rows(tmp_path / "there")["status"]) == {"ok"}


def test_workers_of_a_cluster_may_die_and_nothing_is_lost(cluster, tmp_path):
    address, nannies = cluster

    def kill_some():
        for nanny in nannies:
            time.sleep(2.0)
            for child in psutil.Process(nanny.pid).children():
                if "resource_tracker" not in " ".join(child.cmdline()):
                    child.send_signal(signal.SIGKILL)

    plan = study(functions.slow, points=200)
    killer = threading.Thread(target=kill_some)
    killer.start()
    cx.sweep(plan, store=tmp_path / "cut", executor="dask", address=address)
    killer.join()
    cx.sweep(plan, store=tmp_path / "whole", executor="inline")
    pd.testing.assert_frame_equal(rows(tmp_path / "cut"), rows(tmp_path / "whole"))


def test_a_run_that_kills_its_worker_is_a_row_on_a_cluster_of_this_machine(tmp_path):
    plan = study(functions.kills_its_process, points=6)
    result = cx.sweep(plan, store=tmp_path / "s", executor="dask", jobs=2)
    (row,) = result.failed.to_dict("records")
    assert (row["status"], row["a"], row["seed"]) == ("killed", 3, 1)
    assert len(result.frame) == 11


def test_a_cluster_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PoolError, match=r"127\.0\.0\.1:1"):
        cx.sweep(study(functions.plane), store=tmp_path / "s", executor="dask",
                 address="tcp://127.0.0.1:1")  # fmt: skip


def test_a_worker_with_another_measure_is_refused_by_name(tmp_path):
    """A stale image on one node: it would store half of every share under the right digest."""
    old = tmp_path / "old"
    for name in ("cxsim", "params", "notebooks"):
        shutil.copytree(ROOT / name, old / name)
    buying = old / "cxsim" / "runs" / "measures" / "purchases.py"
    line = "return ratio(purchases(b), purchases(b).sum"
    text = buying.read_text()
    assert line in text
    buying.write_text(text.replace(line, "return 0.5 * ratio(purchases(b), purchases(b).sum"))
    small = {
        "scenario": "baseline",
        "overrides": {"customers": 50, "periods": 4},
        "factors": {"firms.Tailor.price": [18, 22]},
        "seeds": 2,
        "outputs": ["market_share.Tailor"],
    }
    with started_cluster(tmp_path, old) as (address, _):
        with pytest.raises(
            PoolError, match=r"worker \S+:\d+ \(cxsim .*\): .*another \(measures\.market_share\)"
        ) as caught:
            cx.sweep(small, store=tmp_path / "s", executor="dask", address=address)
        assert "\n" not in str(caught.value)
    assert len(cx.Store(tmp_path / "s")) == 0


def test_a_scheduler_that_is_lost_is_told_in_one_line(cluster, tmp_path, capfd):
    address, _ = cluster
    (scheduler,) = [
        child
        for child in psutil.Process().children()
        if any("dask_scheduler" in w for w in child.cmdline())
    ]
    plan = study(functions.slow, points=200)

    def kill(report):
        if report.done >= 20:
            scheduler.kill()

    with pytest.raises(PoolError) as caught:
        cx.sweep(plan, store=tmp_path / "cut", executor="dask", address=address, progress=kill)
    stored = len(rows(tmp_path / "cut"))
    assert 20 <= stored < 400
    assert str(caught.value) == (
        f"the scheduler at {address} is gone; {stored} of 400 runs are stored; start again to go on"
    )
    assert "Traceback" not in capfd.readouterr().err
