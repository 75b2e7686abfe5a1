"""A class shares one folder of compiled code that nobody may write, and homes may be locked too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

#: Runs a scenario, and fails where anything has to be compiled.
USE = """
import os, sys
import cxsim as cx
from cxsim.engine import compiling
for folder in (*sys.argv[1:], os.environ["CXSIM_CACHE_DIR"]):
    assert not os.access(folder, os.W_OK), f"{folder} can be written"
def refuse(function, options):
    raise AssertionError(f"{function.__name__} was compiled")
compiling._with_compiled_rules = refuse
run = cx.run("baseline", overrides={"customers": 64, "periods": 4})
print(round(run.firms["share"].sum()))
"""


def as_anybody() -> list[str]:
    """Root may write what is read-only, unless it gives that right up."""
    if os.name == "nt":
        pytest.skip("folders of Windows are locked otherwise")
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root, and no setpriv to give up its rights")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.fixture
def home(tmp_path):
    """An empty home that cannot be written."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o555)
    yield folder
    folder.chmod(0o755)


def used(cache, home) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*as_anybody(), sys.executable, "-c", USE, str(home)],
        env={**os.environ, "CXSIM_CACHE_DIR": str(cache), "HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_compiled_code_is_used_from_a_folder_and_a_home_that_cannot_be_written(tmp_path, home):
    cache = tmp_path / "cache"
    environment = {**os.environ, "CXSIM_CACHE_DIR": str(cache)}
    code = "import cxsim as cx; cx.run('baseline', overrides={'customers': 64, 'periods': 4})"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    held = sorted(cache.rglob("*"))
    assert held
    cache.chmod(0o555)
    try:
        done = used(cache, home)
    finally:
        cache.chmod(0o755)
    assert (done.returncode, done.stdout.strip()) == (0, "4"), done.stderr
    assert sorted(cache.rglob("*")) == held


def test_the_test_above_would_notice_that_something_is_compiled(tmp_path, home):
    done = used(tmp_path / "none", home)
    assert done.returncode != 0
    assert "was compiled" in done.stderr
