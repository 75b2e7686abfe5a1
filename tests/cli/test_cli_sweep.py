"""The command line of studies: what it says, what it returns, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

STUDY = """
title: Two prices
scenario: baseline
overrides: {customers: 60, periods: 4}
factors:
  firms.Tailor.price: [18, 22]
seeds: 3
outputs: [market_share]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def command(*words):
    return [sys.executable, "-c", "from cxsim.cli import main; main()", *map(str, words)]


def test_a_dry_run_says_what_there_is_to_do_and_does_nothing(here, cxsim):
    code, _, err = cxsim("sweep", "study.yaml", "--dry-run")
    assert code == 0
    assert "6 runs, 0 stored, 6 to do: " in err
    assert not (here / "results").exists()


def test_a_sweep_runs_once_and_says_where_the_runs_are(here, cxsim):
    code, out, err = cxsim("sweep", "study.yaml")
    assert (code, "6 runs in" in out, "Store: results/sweep-study" in out) == (0, True, True)
    assert "6 of 6 runs" in err
    assert "\r" not in err
    assert len(pd.read_parquet("results/sweep-study/runs")) == 6
    code, out, _ = cxsim("sweep", "study.yaml")
    assert (code, "6 were stored already" in out) == (0, True)
    code, _, err = cxsim("sweep", "study.yaml", "--seeds", "4", "--dry-run")
    assert "8 runs, 6 stored, 2 to do" in err


def test_shards_run_their_part(here, cxsim):
    for part in ("1/2", "2/2"):
        code, out, _ = cxsim("sweep", "study.yaml", "--shard", part)
        assert (code, "3 runs in" in out) == (0, True)


def test_a_study_with_failed_runs_ends_with_one_and_says_how_to_look(here, cxsim):
    (here / "study.yaml").write_text(
        STUDY.replace("firms.Tailor.price: [18, 22]", "segments.Comfort.share: [0.5, 0.6]")
    )
    code, out, _ = cxsim("sweep", "study.yaml")
    assert code == 1
    assert "3 runs failed" in out
    replay = next(line for line in out.splitlines() if line.startswith("Repeat: ")).split()[2:]
    code, _, err = cxsim(*replay)
    assert code == 2
    assert "expected shares that sum to 1" in err


def test_a_run_is_replayed_by_its_digest(here, cxsim):
    cxsim("sweep", "study.yaml")
    row = pd.read_parquet("results/sweep-study/runs").iloc[0]
    code, out, err = cxsim("replay", row["run"][:10], "--store", "results/sweep-study")
    assert code == 0
    share = float(row["market_share.Mass"])
    assert re.search(rf"share\.Mass +{share!r} +{share!r}", out)
    assert "numbers are equal to the bit" in out
    assert "by cxsim " in err
    assert f"seed {row['seed']}" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sweep", "studi.yaml"], "expected a study file or the name of a study"),
        (["sweep", "study.yaml", "--shard", "3/2"], "expected I/N with I from 1 to N (3/20)"),
        (["sweep", "study.yaml", "--executor", "thread"], "(did you mean 'threads'?)"),
        (["replay", "abc", "--store", "nowhere"], "expected a store of runs, found none"),
        (["run", "baseline", "--resume"], "expected --checkpoint FILE"),
        (["run", "baseline", "--checkpoint", "x", "--resume"], "found no file x"),
        (["run", "baseline", "copycat"], "--all runs several"),
        (["run", "--all", "baseline", "copycta"], "did you mean 'copycat'?"),
        (["run", "--all", "baseline", "baseline"], "found baseline twice"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(here, cxsim, words, said):
    code, _, err = cxsim(*words)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_sweep_that_is_stopped_keeps_what_was_done_and_goes_on(here, cxsim):
    (here / "study.yaml").write_text(STUDY.replace("seeds: 3", "seeds: 5000"))
    process = subprocess.Popen(
        command("sweep", "study.yaml", "-j", "1"), stderr=subprocess.PIPE, text=True
    )
    runs = here / "results" / "sweep-study" / "runs"
    while not (runs.is_dir() and any(runs.iterdir())):
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "start again to continue" in err
    done = len(pd.read_parquet(runs))
    assert 0 < done < 10_000
    _, _, err = cxsim("sweep", "study.yaml", "--dry-run")
    assert f"10,000 runs, {done:,} stored" in err


def test_a_long_run_is_one_run_that_is_saved(here, cxsim):
    code, out, _ = cxsim("run", "baseline", "--checkpoint", "run.ckpt", "-s", "customers=60",
                         "-s", "periods=5", "-o", "long")  # fmt: skip
    assert (code, "Saved: long" in out) == (0, True)
    assert not (here / "run.ckpt").exists()


@pytest.mark.slow
def test_all_scenarios_get_a_report_each(here, cxsim):
    small = ["-s", "customers=60", "-s", "periods=30", "--seeds", "1"]
    code, out, _ = cxsim("run", "--all", "baseline", "copycat", "-j", "2", *small)
    assert code == 0
    for name in ("baseline", "copycat"):
        assert (here / "results" / f"run-{name}" / "report.html").is_file()
        assert name in out


@pytest.mark.slow
def test_a_report_of_a_study_is_a_page(here, cxsim):
    code, _, _ = cxsim("sweep", "study.yaml", "--report")
    assert code == 0
    page = (here / "results" / "sweep-study-report" / "report.html").read_text()
    assert "Two prices" in page


def test_sensitivity_runs_what_is_missing_and_says_what_results_rest_on(here, cxsim):
    code, out, _ = cxsim(
        "sensitivity", "study.yaml", "-a", "main_effects", "--output", "market_share.Mass"
    )
    assert code == 0
    assert out.startswith("market_share.Mass: ")
    assert "firms.Tailor.price" in out
    code, _, err = cxsim("sensitivity", "study.yaml", "-a", "sobl")
    assert (code, "did you mean 'sobol'?" in err) == (2, True)
    code, _, err = cxsim("sensitivity", "study.yaml")
    assert (code, "expected analyses in the study or by -a" in err) == (2, True)


def test_check_reads_studies_too(here, cxsim):
    code, out, _ = cxsim("check", "study.yaml")
    assert (code, "runs    6 at 2 points" in out) == (0, True)
    first_is_none = "segments.Comfort.share: [0.4, 0.5]"
    (here / "first.yaml").write_text(re.sub(r"(?m)(?<=^factors:\n  ).*$", first_is_none, STUDY))
    assert cxsim("check", "first.yaml")[0] == 0
    (here / "study.yaml").write_text(STUDY.replace("Tailor", "Tailr"))
    code, _, err = cxsim("check", "study.yaml")
    assert (code, "did you mean 'Tailor'?" in err) == (2, True)


def test_a_store_says_how_far_it_is_is_merged_and_checked(here, cxsim):
    for part in ("1/2", "2/2"):
        cxsim("sweep", "study.yaml", "--shard", part)
    code, out, _ = cxsim("store", "status", "results/sweep-study")
    assert code == 0
    assert re.search(r"study +6 +6 +0 +0", out)
    assert "6 runs in 2 files, 0 failed" in out
    code, out, _ = cxsim("store", "compact", "results/sweep-study")
    assert (code, out) == (0, "2 files merged into 1 file of 6 runs\n")
    code, out, _ = cxsim("store", "verify", "results/sweep-study", "--sample", "2")
    assert code == 0
    assert out == "1 file is as it was written; 2 runs made again: all equal to the bit\n"
    code, _, err = cxsim("store", "status", "results")
    assert code == 2
    assert "results: expected a store of runs, found none" in err
