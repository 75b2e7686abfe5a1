"""The page on a mechanism of one's own is carried out as it stands, and beyond one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_contributing import ROOT, WALK

import cxsim as cx
from cxsim.cli.app import cli
from cxsim.model.mechanism_registry import registered, unregister
from cxsim.scenario import imports

PAGE = ROOT / "docs" / "howto" / "own_mechanism.md"
#: A study on Dask needs a main module that workers do not run again.
ON_DASK = """
import cxsim as cx
from distributed import LocalCluster

if __name__ == "__main__":
    study = cx.Study.load("discount.study.yaml")
    quiet = {"dashboard_address": None, "threads_per_worker": 1}
    with LocalCluster(n_workers=2, processes=True, protocol="tcp", **quiet) as cluster:
        far = cx.sweep(study, executor="dask", address=cluster.scheduler_address, store="far")
    near = cx.sweep(study, executor="inline", store="near")
    keys, kept = ["point", "seed"], ["market_share.Niche", "profit.Niche"]
    frames = [each.frame.sort_values(keys)[kept].to_numpy() for each in (far, near)]
    assert len(frames[0]) == 4
    assert (frames[0] == frames[1]).all()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which everything on the page was done; nothing else of the user's is touched."""
    place = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(place / "data"))
        patch.setenv("CXSIM_CACHE_DIR", os.environ.get("CXSIM_CACHE_DIR", ""))
        patch.chdir(place)
        for example in WALK.parse(PAGE).examples():
            example.evaluate()
        yield place


def done(folder, *words, **more):
    environment = os.environ | {"XDG_DATA_HOME": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment | more, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def here(folder, monkeypatch):
    """The folder, trusted, as the current one; what a test has brought in is forgotten again."""
    monkeypatch.setenv("CXSIM_TRUST", str(folder))
    monkeypatch.chdir(folder)
    before = {each.name for each in registered()}
    yield folder
    for each in registered():
        if each.name not in before:
            unregister(each.name)
    for name in ("season", "birthday", "forgot"):
        sys.modules.pop(name, None)
        imports._used.pop(name, None)


def test_everything_on_the_page_can_be_done(folder):
    assert "season" in (folder / "results/winter/report.html").read_text(encoding="utf-8")
    assert (folder / "results/discount").is_dir()


def test_a_module_may_be_named_on_the_command_line(here):
    shown = CliRunner().invoke(cli, ["run", "baseline", "--import", "seasn", "-s", "season=4"])
    assert "did you mean 'season'" in str(shown.exception or shown.output)
    given = ["imports=[season]", "season=4", "customers=100", "periods=12"]
    assert cx.load("baseline", given) == cx.load("winter.yaml", given[2:])


def test_workers_of_dask_over_tcp_import_the_module_and_agree_to_the_bit(folder):
    (folder / "on_dask.py").write_text(ON_DASK, encoding="utf-8")
    ended = done(folder, "on_dask.py")
    assert ended.returncode == 0, ended.stderr[-2000:]


def test_a_folder_that_is_not_trusted_is_refused_with_the_command_that_trusts_it(folder):
    ended = done(folder, "-m", "cxsim", "check", "winter.yaml", XDG_DATA_HOME=str(folder / "none"))
    assert ended.returncode != 0
    assert "winter.yaml:3: imports: expected code of a trusted folder" in ended.stderr
    assert f"cxsim trust {Path(folder).resolve()}" in ended.stderr


def test_a_scenario_extends_another_with_the_modules_of_both(here):
    text = "extends: winter.yaml\nimports: birthday\nfirms:\n  Niche: {birthday_discount: 0.5}\n"
    (here / "both.yaml").write_text(text, encoding="utf-8")
    both = cx.load("both.yaml")
    assert both.imports == ("season", "birthday")
    assert {"season", "birthday"} <= {each.name for each in both.mechanisms}
    alone = cx.load("baseline", {"imports": ["season"], "season": 4})
    assert alone.digest == cx.load("winter.yaml").digest


def test_a_module_that_registers_nothing_is_refused(here):
    text = (here / "season.py").read_text("utf-8").replace("cx.register(", "(")
    (here / "forgot.py").write_text(text.replace('"season"', '"forgot"'), encoding="utf-8")
    with pytest.raises(cx.ScenarioError, match="registers its mechanisms"):
        cx.load("baseline", {"imports": "forgot"})


@pytest.mark.slow
def test_a_layout_of_a_mechanism_passes_its_own_tests(folder):
    made = done(folder, "-m", "cxsim", "new", "--mechanism", "habit")
    assert made.returncode == 0, made.stderr
    tested = done(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_habit.py")
    assert "3 passed" in tested.stdout, tested.stdout[-2000:]
    again = done(folder, "-m", "cxsim", "new", "--mechanism", "habit")
    assert "expected no habit.py, found one" in again.stderr
    taken = done(folder, "-m", "cxsim", "new", "--mechanism", "learning")
    assert "expected a name that no mechanism has" in taken.stderr
