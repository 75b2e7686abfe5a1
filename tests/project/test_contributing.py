"""CONTRIBUTING.md walks through additions to the package; here they are made, in a copy of it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("classroom", "cxsim", "docs", "lab", "notebooks", "params", "tests")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of the checkout, in which to work."""
    left_out = shutil.ignore_patterns("__pycache__", "*.png", "generated")
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=left_out)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("*.txt")):
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(example):
    """Return the file that a block's first line names, and the rest of the block."""
    first, _, rest = example.parsed.partition("\n")
    assert first.startswith("# "), f"{example.path}:{example.line}: which file?"
    return Path(first[2:]), rest


def write(example):
    path, text = named(example)
    assert not path.exists(), f"{path} is there already"
    path.write_text(text, encoding="utf-8")


def change(example):
    path, diff = named(example)
    text = path.read_text(encoding="utf-8")
    for hunk in diff.rstrip("\n").split("\n@@\n"):
        lines = hunk.split("\n")
        old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        assert text.count(old) == 1, f"{path} has changed; CONTRIBUTING.md says otherwise:\n{old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def python(*words):
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"


def carry_out(example):
    for line in example.parsed.splitlines():
        program, *words = shlex.split(line.removeprefix("$ "))
        python(*(["-m", "cxsim"] if program == "cxsim" else []), *words)


WALK = Sybil(
    parsers=[
        CodeBlockParser(language="python", evaluator=write),
        CodeBlockParser(language="yaml", evaluator=write),
        CodeBlockParser(language="diff", evaluator=change),
        CodeBlockParser(language="console", evaluator=carry_out),
    ]
)


def test_what_contributing_says_can_be_done_step_by_step(checkout):
    before = set(checkout.rglob("*.py"))
    for example in WALK.parse(checkout / "CONTRIBUTING.md").examples():
        example.evaluate()
    new = sorted(set(checkout.rglob("*.py")) - before)
    assert len(new) > 5
    python("-m", "ruff", "check", *new)
    python("-m", "ruff", "format", "--check", *new)
