"""One study, killed twenty times in all the ways that there are, ends as if nothing had happened.

Real processes throughout: a runner of its own, loky's workers, a Dask scheduler and workers that
talk over TCP, and a disk that is really full (a small file system of its own where one may be
mounted, else a limit to what the runner may write). What dies, in which order and after how long
is drawn from a seed that is printed; ``CXSIM_TORTURE_SEED=7 make torture`` plays it again.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
import study_functions as functions
from places import SUPPORT

import cxsim as cx

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="kills and mounts as Linux has"
    ),
]

TESTS = Path(__file__).parent
KINDS = ("runner", "worker", "dask worker", "disk")
KILLS = 20
POINTS, SEEDS, WORKERS = 1500, 2, 2
#: Seconds of work that one kill may cost: two chunks a worker of 1.5 s, and two seconds unwritten.
LOST = WORKERS * (2 * 1.5 + 2.0)

RUNNER = f"""
import sys
sys.path[:0] = {[str(TESTS), str(SUPPORT)]!r}
import test_torture
from cxsim.study.store_folder import StoreError

try:
    test_torture.run(*sys.argv[1:])
except StoreError as error:
    sys.exit(str(error))
"""


def plan():
    factors = {"a": list(range(POINTS))}
    return cx.Study.from_dict({"factors": factors, "seeds": SEEDS}, model=functions.logged)


def run(store, executor, jobs, address=None):
    cx.sweep(plan(), store=store, executor=executor, jobs=int(jobs), address=address)


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def rows(folder):
    frame = pd.read_parquet(Path(folder) / "runs")
    passing = ["seconds", "worker", "finished"]
    return frame.drop(columns=passing).sort_values("run", ignore_index=True)


def until(found, what, seconds=90.0):
    """Wait for something, and say what was missing if it does not come."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)
    return answer


class Disk:
    """A place for the store that can be filled up."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
        mounts = os.geteuid() == 0 and shutil.which("mount")
        self.real = bool(mounts) and subprocess.run(command, check=False).returncode == 0

    def fill(self, runner: int) -> None:
        """Leave no byte free; without a file system of its own, the runner may write none."""
        if not self.real:
            resource.prlimit(runner, resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
            return
        filler = self.folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def empty(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        if self.real:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


class Ordeal:
    """A study that is killed and goes on: the lives of its runner, and what becomes of them."""

    def __init__(self, folder: Path, disk: Disk, address: str, nannies: list[int], draw):
        self.disk, self.address, self.nannies, self.draw = disk, address, nannies, draw
        self.store, self.log, self.said = disk.folder / "store", folder / "log", folder / "said"
        self.log.touch()
        self.life, self.executor, self.process = 0, "", None
        self.dead: set[str] = set()  # lives that are over

    # -- lives -----------------------------------------------------------------------

    def live(self, executor: str) -> None:
        """See to it that a runner of this kind is at work."""
        if self.process is not None and executor != self.executor:
            self.process.send_signal(signal.SIGINT)  # a stop by hand is no kill
            self.end()
        if self.process is None:
            self.begin(executor)
            until(lambda: self.over() or self.begun() > 4 * WORKERS, "the first runs of a life")
        time.sleep(self.draw.uniform(0.0, 4.0))
        assert not self.over(), f"the study ended too early:\n{self.said.read_text()}"

    def begin(self, executor: str, jobs: int = WORKERS) -> None:
        self.life, self.executor, self.since = self.life + 1, executor, time.time()
        words = [self.store, executor, jobs, *([self.address] if executor == "dask" else [])]
        self.process = started(words, self.log, str(self.life), self.said)

    def begun(self) -> int:
        """Return how many runs were begun since this life began."""
        return sum(note["when"] > self.since for note in notes(self.log))

    def over(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> int:
        code = self.process.wait(60)
        self.dead.add(str(self.life))
        self.process = None
        return code

    def stored(self) -> int:
        files = list((self.store / "runs").glob("*.parquet"))
        return sum(len(pd.read_parquet(file, columns=["run"])) for file in files)

    # -- deaths ----------------------------------------------------------------------

    def kill(self, what: str) -> None:
        executors = {"worker": "processes", "dask worker": "dask"}
        self.live(executors.get(what) or self.draw.choice(["processes", "dask"]))
        if what == "runner":
            self.process.kill()
            assert self.end() == -signal.SIGKILL
        elif what == "disk":
            self.disk.fill(self.process.pid)
            until(self.over, "a runner that notices a full disk")
            self.disk.empty()
            assert self.end() == 1
            assert "a file could not be written" in self.said.read_text()
            assert not list((self.store / "drafts").iterdir())
        else:
            at_work = self.workers if what == "worker" else self.dask_workers
            self.draw.choice(until(at_work, f"a {what} at work")).kill()
            moment = time.time()
            until(lambda: self.over() or self.finished_since(moment), "runs after a worker's death")

    def workers(self) -> list[psutil.Process]:
        """Return the workers of loky that have begun a run of this life."""
        seen = {n["pid"] for n in notes(self.log) if n["life"] == str(self.life)}
        children = psutil.Process(self.process.pid).children(recursive=True)
        return sorted((c for c in children if c.pid in seen), key=lambda child: child.pid)

    def dask_workers(self) -> list[psutil.Process]:
        return [
            child
            for nanny in self.nannies
            for child in psutil.Process(nanny).children()
            if "resource_tracker" not in " ".join(child.cmdline())
        ]

    def finished_since(self, moment: float) -> bool:
        newest = max((self.store / "runs").glob("*.parquet"), default=None)
        return (
            newest is not None
            and newest.stat().st_mtime > moment
            and pd.read_parquet(newest, columns=["finished"])["finished"].max() > moment
        )

    def finish(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.end()
        self.begin("processes", jobs=3 * WORKERS)  # each run is mostly a nap
        assert self.process.wait() == 0, self.said.read_text()


def started(words, log, life, said) -> subprocess.Popen:
    """Start a runner."""
    environment = {**os.environ, "CXSIM_TEST_LOG": str(log), "CXSIM_TEST_LIFE": life}
    with said.open("w") as out:
        return subprocess.Popen(
            [sys.executable, "-c", RUNNER, *map(str, words)],
            env=environment,
            stdout=out,
            stderr=out,
        )


def notes(log: Path) -> list[dict]:
    """Return which runs were begun: by whom, in which life of the runner, when."""
    found = []
    for line in log.read_text().splitlines():
        life, pid, when, a, seed = line.split()
        found.append({"life": life, "pid": int(pid), "when": int(when) / 1e9,
                      "which": (int(a), int(seed))})  # fmt: skip
    return found


def written(folder: Path) -> dict:
    """Return when each run was written; none was written twice."""
    when = {}
    for file in (folder / "runs").glob("*.parquet"):
        for a, seed in pd.read_parquet(file, columns=["a", "seed"]).to_numpy():
            assert (int(a), int(seed)) not in when
            when[int(a), int(seed)] = file.stat().st_mtime
    return when


@pytest.fixture
def disk(tmp_path):
    place = Disk(tmp_path / "disk")
    yield place
    place.close()


def test_a_study_killed_twenty_times_ends_as_if_nothing_had_happened(
    disk, tmp_path, monkeypatch, capsys
):
    from test_sweep_dask import started_cluster

    seed = int(os.environ.get("CXSIM_TORTURE_SEED") or time.time_ns() % 100_000)
    draw = random.Random(seed)
    deaths = [kind for kind in KINDS for _ in range(KILLS // len(KINDS))]
    draw.shuffle(deaths)
    monkeypatch.setenv("CXSIM_TEST_LOG", str(tmp_path / "log"))  # for the cluster
    monkeypatch.setenv("CXSIM_TEST_LIFE", "dask")
    with capsys.disabled():
        place = "a file system of its own" if disk.real else "a limit to what may be written"
        say(f"\nCXSIM_TORTURE_SEED={seed}; full disk: {place}")
        peace = tmp_path / "peace"
        peace.mkdir()
        words = [peace / "store", "processes", WORKERS]
        whole = started(words, peace / "log", "whole", peace / "said")
        with started_cluster(tmp_path) as (address, nannies):
            ordeal = Ordeal(tmp_path, disk, address, [n.pid for n in nannies], draw)
            for number, kind in enumerate(deaths, 1):
                ordeal.kill(kind)
                at = ordeal.stored()
                say(f"{number:2d} {kind:11s} in life {ordeal.life:2d}, {at:5,d} runs stored")
                assert at < POINTS * SEEDS
            ordeal.finish()
        assert whole.wait(180) == 0, (tmp_path / "said of the whole").read_text()
        shutil.copytree(ordeal.store, tmp_path / "copy")

        pd.testing.assert_frame_equal(rows(ordeal.store), rows(peace / "store"))
        assert (rows(ordeal.store)["status"] == "ok").all()
        begun, when = notes(ordeal.log), written(ordeal.store)
        assert len(when) == POINTS * SEEDS
        # A worker whose runner is dead does not know it until the end of its chunk.
        late = [n for n in begun if n["when"] > when[n["which"]] and n["life"] not in ordeal.dead]
        assert late == [], "runs were begun again that were written already"
        # Each was begun again because the chunk that it was in had not been written.
        again = len(begun) - len(when)
        each = pd.read_parquet(ordeal.store / "runs", columns=["seconds"])["seconds"].mean()
        lost = again * each / KILLS
        say(
            f"{len(when):,} runs equal an uninterrupted study row by row; {len(begun):,} begun, "
            f"{again:,} of them again, none that was written: {lost:.1f} s of work a kill"
        )
        assert lost < LOST
