"""What a killed process leaves beside its results is gone after the next start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cxsim.files.whole import whole_folder

pytest.importorskip("fcntl")

DRAFTING = """
import sys, time
from cxsim.files.whole import whole_folder
with whole_folder(sys.argv[1], sign="sign") as draft:
    (draft / "half").touch()
    print("drafting", flush=True)
    sys.stdin.read()
"""


def drafting(path):
    process = subprocess.Popen(
        [sys.executable, "-c", DRAFTING, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "drafting\n"
    return process


def test_drafts_of_the_dead_go_and_those_of_the_living_stay(tmp_path):
    living, dead, other = (drafting(tmp_path / name) for name in ("out", "out", "elsewhere"))
    for process in (dead, other):
        process.kill()
        process.wait()
    mine = tmp_path / ".out-mine"  # a folder that only looks like a draft
    mine.mkdir()
    with whole_folder(tmp_path / "out", sign="sign") as draft:
        (draft / "sign").touch()
        names = {each.name for each in tmp_path.iterdir() if each.is_dir()}
        assert len([n for n in names if n.startswith(".out-") and n != mine.name]) == 2
        assert len([n for n in names if n.startswith(".elsewhere-")]) == 1
    assert (tmp_path / "out" / "sign").exists()
    assert mine.exists()
    living.kill()
    living.wait()
    for name in ("out", "elsewhere"):
        with whole_folder(tmp_path / name, sign="sign") as draft:
            (draft / "sign").touch()
    assert {each.name for each in tmp_path.iterdir()} == {"out", "elsewhere", mine.name}
