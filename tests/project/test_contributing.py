"""Two pages walk through changes to the package; here they are made, in a copy of it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("classroom", "cxsim", "docs", "lab", "notebooks", "params", "tests")
PAGE = "CONTRIBUTING.md"
HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)
#: The ten changes: name, address of the walk, files.
TABLE = re.findall(
    r"^\| \[(.+?)\]\((.+?)\) \| (.+) \|$", (ROOT / PAGE).read_text(encoding="utf-8"), re.MULTILINE
)


def copied(folder):
    """Copy the checkout to a folder, in which to work."""
    left_out = shutil.ignore_patterns("__pycache__", "*.png", "generated")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=left_out)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("*.txt")):
        shutil.copy(path, folder)
    return folder


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
        assert text.count(old) == 1, f"{path} has changed; the page says otherwise:\n{old}"
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


def slug(heading):
    """Return a heading's address within its page."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def steps(page):
    """Yield each block of a page that is carried out, with the address of its section."""
    text = page.read_text(encoding="utf-8")
    starts = {text[: found.start()].count("\n"): slug(found[1]) for found in HEADING.finditer(text)}
    for example in WALK.parse(page).examples():
        section = starts[max(line for line in starts if line < example.line)]
        yield f"{'' if page.name == PAGE else f'docs/{page.name}'}#{section}", example


def contents(folder):
    """Return the bytes of every file of the checkout, by path."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in paths
        if not {"__pycache__", ".pytest_cache", ".hypothesis"} & set(path.parts)
    }


@pytest.fixture(scope="module")
def touched(tmp_path_factory):
    """Every step of the pages, carried out in one copy; the files that each section touched."""
    with pytest.MonkeyPatch.context() as patch:
        checkout = copied(tmp_path_factory.mktemp("checkout"))
        patch.chdir(checkout)
        before, found = contents(checkout), {}
        todo = [*steps(checkout / PAGE), *steps(checkout / "docs" / "changes.md")]
        for section, blocks in groupby(todo, key=itemgetter(0)):
            for _, example in blocks:
                example.evaluate()
            after = contents(checkout)
            found[section] = {name for name in after if after[name] != before.get(name)}
            before = after
        code = sorted(name for name in set().union(*found.values()) if name.endswith(".py"))
        python("-m", "ruff", "check", *code)
        python("-m", "ruff", "format", "--check", *code)
    return found


def test_what_the_pages_say_can_be_done_step_by_step(touched):
    assert len(touched) > 10


def test_each_of_the_ten_changes_touches_the_files_that_the_table_names(touched):
    for change, section, files in TABLE:
        assert set(re.findall("`(.+?)`", files)) == touched[section], change


def test_a_change_touches_four_files_on_average_with_its_line_in_the_changelog():
    counts = {change: 1 + files.count("`") // 2 for change, _, files in TABLE}
    assert len(counts) == 10
    assert sum(counts.values()) <= 4 * len(counts), counts
    assert counts["a survey kind"] <= 4
    assert max(counts.values()) <= 5, counts
