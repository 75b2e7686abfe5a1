"""A pilot says what long work will take, and refuses what memory cannot hold."""

from __future__ import annotations

import sys
import time

import pytest
from markets import firm, lively, market

import cxsim as cx
from cxsim.runs import simulate
from cxsim.runs.simulation import Simulation
from cxsim.study.pilot import (
    Estimate,
    NotEnoughMemoryError,
    available_memory,
    check_memory,
    column_bytes,
    estimate,
    held_memory,
    scratch_bytes,
    total_bytes,
)

GB = 10**9


# --- the formula is the allocation ---------------------------------------------------


@pytest.mark.parametrize("customers", [1, 1023, 1024, 1025, 4096, 4097, 30_000])
def test_bytes_of_columns_and_totals_are_those_of_a_real_allocation(customers):
    small = Simulation(lively(customers=10))
    real = Simulation(lively(customers=customers)).workspace
    assert column_bytes(small, customers) == real.population.nbytes
    assert scratch_bytes(small, customers) == sum(a.nbytes for a in real.scratch().values())
    assert total_bytes(small, customers) == real._totals.nbytes


def test_bytes_follow_the_mechanisms_that_take_part():
    needs = {f"n{k}": firm() for k in range(7)}
    wide = Simulation(market(firms=needs, customers=10, needs=5))
    narrow = Simulation(market(customers=10, needs=1))
    assert column_bytes(wide, 10_000) > 2 * column_bytes(narrow, 10_000)


def test_ten_million_customers_are_estimated_without_being_made():
    start, held = time.perf_counter(), held_memory()
    found = estimate(market(customers=10_000_000, periods=60))
    assert found.memory - found.held > 300e6
    assert held_memory() - held < 200e6
    assert time.perf_counter() - start < 60  # not a matter of speed: minutes would be a run


# --- the estimate lies near what comes out -----------------------------------------------


@pytest.mark.slow  # a busy machine changes its speed between estimate and run
def test_seconds_lie_within_a_factor_of_what_a_run_takes():
    scenario = cx.load("baseline").override({"customers": 60_000, "periods": 40})
    simulate(scenario.override({"customers": 10}))  # compiled
    for _ in range(4):  # others may be at work on this machine: one undisturbed go is enough
        expected = estimate(scenario).seconds
        start = time.perf_counter()
        simulate(scenario)
        if 0.5 < expected / (time.perf_counter() - start) < 2:
            return
    pytest.fail("four estimates were off by more than a factor of two")


def test_disk_lies_within_a_factor_of_two_of_what_a_saved_run_takes(tmp_path):
    scenario = cx.load("baseline")
    folder = cx.run(scenario).save(tmp_path / "run")
    real = sum(file.stat().st_size for file in folder.iterdir())
    assert 0.5 < estimate(scenario).disk / real < 2


def test_runs_add_up_and_jobs_share_them_out():
    scenario = market(customers=2000, periods=12)
    one, ten = estimate(scenario), estimate(scenario, runs=10)
    assert ten.disk == 10 * one.disk
    assert ten.memory - ten.held == one.memory - one.held
    both = estimate(scenario, runs=10, jobs=2)
    assert both.memory - both.held == 2 * (one.memory - one.held)
    more_jobs_than_runs = estimate(scenario, runs=1, jobs=8)
    assert more_jobs_than_runs.memory - more_jobs_than_runs.held == one.memory - one.held


def test_detail_takes_its_share_of_memory():
    scenario = market(customers=50_000)
    plain, rich = estimate(scenario), estimate(scenario, probes=["customers"])
    added = (rich.memory - rich.held) - (plain.memory - plain.held)
    detailed, usual = (
        Simulation(scenario, observers=probes).workspace.population.nbytes
        for probes in (["customers"], [])
    )
    assert 20 * 50_000 < detailed - usual < added < 2 * (detailed - usual)


def test_work_after_work_adds_time_and_disk_and_takes_the_larger_memory():
    small = Estimate(seconds=10, memory=2 * GB, disk=5, held=GB, what="small")
    large = Estimate(seconds=20, memory=6 * GB, disk=7, held=GB, what="large")
    assert small + large == Estimate(30, 6 * GB, 12, GB, "large")
    assert large + small == small + large


@pytest.mark.parametrize(("runs", "jobs"), [(0, 1), (1, 0), (-3, 1)])
def test_no_runs_or_no_jobs_are_refused(runs, jobs):
    with pytest.raises(ValueError, match=f"found {runs} and {jobs}"):
        estimate(market(), runs=runs, jobs=jobs)


# --- in words ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "memory", "disk", "words"),
    [
        (180, 1.2e9, 40e6, "about 3 minutes, 1.2 GB of memory, 40 MB on disk"),
        (0.1, 250e6, 12_000, "about half a second or less, 250 MB of memory, 12 kB on disk"),
        (0.8, 9.96e9, 999_000, "about a second, 10 GB of memory, 1.0 MB on disk"),
        (45, 3e9, 2.5e12, "about 45 seconds, 3.0 GB of memory, 2.5 TB on disk"),
        (6000, 64e9, 1e6, "about 1.7 hours, 64 GB of memory, 1.0 MB on disk"),
        (200_000, 1e9, 1, "about 2.3 days, 1.0 GB of memory, 1 kB on disk"),
    ],
)
def test_an_estimate_is_one_sentence(seconds, memory, disk, words):
    assert Estimate(seconds, int(memory), int(disk)).sentence() == words


# --- memory --------------------------------------------------------------------------------


def test_what_memory_cannot_hold_is_refused_with_sizes_and_a_way_out():
    work = Estimate(60, 9 * GB, 1, held=GB, what="90,000,000 customers, 8 firms, 1 at a time")
    with pytest.raises(NotEnoughMemoryError) as caught:
        check_memory(work, available=4 * GB)
    assert str(caught.value) == (
        "memory: expected work that fits in the 4.0 GB available, found one that takes 8.0 GB "
        "(90,000,000 customers, 8 firms, 1 at a time): fewer customers or fewer runs at a time"
    )
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, MemoryError)


def test_what_the_process_holds_already_is_not_asked_for_again():
    check_memory(Estimate(60, 9 * GB, 1, held=6 * GB), available=3 * GB)


def test_nothing_is_refused_where_nobody_says_what_is_available(monkeypatch):
    monkeypatch.setattr("cxsim.study.pilot.available_memory", lambda: None)
    check_memory(Estimate(60, 10**18, 1))


def test_a_run_beyond_any_machine_is_refused_on_this_one():
    if available_memory() is None:
        pytest.skip("this system does not say what memory it has")
    with pytest.raises(NotEnoughMemoryError, match="fewer customers"):
        check_memory(Estimate(1, 10**18, 1))


def test_this_process_holds_what_a_python_with_numpy_holds():
    assert 20e6 < held_memory() < 100e9


@pytest.fixture
def linux(tmp_path, monkeypatch):
    """A pretended Linux: returns (write a file, ask for the available memory)."""
    monkeypatch.setattr(sys, "platform", "linux")

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write("proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\n")
    return write, lambda: available_memory(proc=tmp_path / "proc", cgroup=tmp_path / "groups")


def test_the_system_says_what_is_available(linux):
    _, ask = linux
    assert ask() == 8_000_000 * 1024


def test_a_control_group_above_the_process_limits_it(linux):
    write, ask = linux
    write("proc/self/cgroup", "0::/batch/job7\n")
    write("groups/batch/memory.max", "3000000000\n")
    write("groups/batch/memory.current", "1200000000\n")
    write("groups/batch/memory.stat", "anon 5\ninactive_file 200000000\n")
    write("groups/batch/job7/memory.max", "max\n")
    assert ask() == 3_000_000_000 - 1_200_000_000 + 200_000_000


def test_inside_a_container_the_limit_stands_at_the_root(linux):
    write, ask = linux
    write("proc/self/cgroup", "0::/../outside\n")
    write("groups/memory.max", "2000000000\n")
    write("groups/memory.current", "500000000\n")
    assert ask() == 1_500_000_000


def test_control_groups_of_the_first_version_count_too(linux):
    write, ask = linux
    write("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/slurm/7\n0::/\n")
    write("groups/memory/slurm/7/memory.limit_in_bytes", "4000000000")
    write("groups/memory/slurm/7/memory.usage_in_bytes", "1000000000")
    write("groups/memory/memory.limit_in_bytes", "9223372036854771712")  # none
    assert ask() == 3_000_000_000


def test_a_group_that_is_full_leaves_nothing(linux):
    write, ask = linux
    write("proc/self/cgroup", "0::/\n")
    write("groups/memory.max", "1000")
    write("groups/memory.current", "2000")
    assert ask() == 0
