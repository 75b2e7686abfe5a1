"""The house is in order: what is said in two places agrees, and nothing private is stored."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from cxsim._version import __version__

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, PYTEST = PYPROJECT["project"], PYPROJECT["tool"]["pytest"]["ini_options"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

#: Lock files of what an extra adds, by path.
LOCKS = {f"locks/{path.name}": path.stem for path in sorted((ROOT / "locks").glob("*.lock"))}

#: What conda-forge calls a package where it differs from PyPI's name.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


def requirements(lines):
    """Ranges of versions by name of package."""
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}


def stored_files():
    """Every text file that is stored in git or about to be, with its text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in sorted(filter(None, listed.stdout.decode().split("\0"))):
        path = ROOT / name
        if path.is_file() and b"\0" not in (data := path.read_bytes()):
            yield name, data.decode("utf-8")


def lines_with(pattern):
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in stored_files()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


# ------------------------------------------------------------- dependencies


def test_conda_users_get_the_same_ranges_as_pip_users():
    environment = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    lines = [line for line in environment["dependencies"] if isinstance(line, str)]
    conda = requirements(
        line.replace("python=3", "python==3") for line in lines if line != "pip"
    )  # conda's one equals sign means "this version and its patches"
    python = conda.pop("python")

    pypi = requirements(PROJECT["dependencies"])
    assert conda == {CONDA_NAMES.get(name, name): range_ for name, range_ in pypi.items()}

    (version,) = [item.version for item in python]
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    assert environment["channels"] == ["conda-forge"]
    assert "pip" in lines
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}


def test_every_dependency_is_pinned_within_its_range():
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        pin = Requirement(line)
        pinned.setdefault(canonicalize_name(pin.name), []).append(pin.specifier)
    extras = PROJECT["optional-dependencies"].values()
    for name, allowed in requirements(chain(PROJECT["dependencies"], *extras)).items():
        assert name in pinned, f"{name} is not in constraints.txt: make constraints"
        for pin in pinned[name]:
            (version,) = [item.version for item in pin]
            assert allowed.contains(version), f"{name}{pin} is outside {allowed}: make constraints"


@pytest.mark.parametrize("name", ["constraints.txt", "requirements.lock", *LOCKS])
def test_the_pins_say_versions_and_not_where_to_get_them(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=sha256:)", text, re.MULTILINE), (
        "an option such as an index"
    )
    assert " @ " not in text


@pytest.mark.parametrize(
    ("name", "extra"), [("requirements.lock", "dev"), *LOCKS.items()], ids=lambda text: text
)
def test_what_is_installed_is_locked_by_hashes_at_the_pinned_versions(name, extra):
    """One line of version and marker for each package, and below it the digests of its files."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    locked = {}
    for line in text.splitlines():
        pin, *hashes = line.split(" --hash=sha256:")
        assert hashes, f"{pin}: no hash"
        assert all(re.fullmatch(r"[0-9a-f]{64}", each.strip()) for each in hashes)
        requirement = Requirement(pin.strip())
        locked.setdefault(canonicalize_name(requirement.name), set()).add(requirement.specifier)
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        pin = Requirement(line)
        pinned.setdefault(canonicalize_name(pin.name), set()).add(pin.specifier)
    for package, versions in locked.items():
        assert versions <= pinned[package], f"{package}: make constraints"
    always = PROJECT["dependencies"] if name == "requirements.lock" else []
    wanted = chain(always, PROJECT["optional-dependencies"][extra])
    assert set(requirements(wanted)) <= set(locked), "make constraints"


# -------------------------------------------------------- what is stored


def test_no_stored_file_holds_the_address_of_a_package_registry():
    assert lines_with(r"//[^\s\"'/]*(?:pypi|pythonhosted|npmjs|anaconda|debian)\.") == []


def test_no_stored_file_holds_a_folder_of_somebodys_machine():
    assert lines_with(r"(?<![\w.])/(?:home|Users|root)/\w|[A-Z]:\\\\?Users") == []


def test_no_lock_file_is_stored_whose_entries_are_addresses():
    locks = {"uv.lock", "poetry.lock", "Pipfile.lock", "pylock.toml"}
    assert [name for name, _ in stored_files() if Path(name).name in locks] == []


# ------------------------------------------------------------------ version


def test_the_version_is_the_same_wherever_it_shows():
    released = re.findall(
        r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert PROJECT["dynamic"] == ["version"], "the version stands in cxsim/_version.py alone"
    assert not released or released[0] == __version__
    try:
        installed = importlib.metadata.version("cxsim")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("cxsim is not installed here")
    assert installed == __version__, "run make setup again"


# -------------------------------------------------------------------- wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Names of the files in the wheel, built from this checkout."""
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_notebooks_and_scenario_files_travel_inside_the_package(wheel):
    here = {name for name, _ in stored_files() if name.startswith(("notebooks/", "params/"))}
    assert {f"cxsim/_shipped/{name}" for name in here} <= wheel


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert tops == {"classroom", "cxsim", f"cxsim-{__version__}.dist-info"}
    assert {"cxsim/py.typed", "classroom/game/pages/team.html"} <= wheel
    assert not [name for name in wheel if "__pycache__" in name or ".ipynb_checkpoints" in name]


# ---------------------------------------------------------------- notebooks


def is_tagged(cell, tag="parameters"):
    return tag in cell["metadata"].get("tags", [])


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


@pytest.fixture(
    params=[path for path in NOTEBOOKS if not path.stem.startswith("00_")],
    ids=lambda path: path.stem,
)
def papermill_notebook(request):
    """One that is run with parameters: all but the pages to start from, 00_..."""
    return json.loads(request.param.read_text(encoding="utf-8"))


def test_notebooks_are_stored_without_outputs(notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
        assert not is_tagged(cell, "injected-parameters")
        assert "papermill" not in cell["metadata"]
    assert "papermill" not in notebook["metadata"]


def test_notebooks_start_with_a_title_and_run_in_any_environment(notebook):
    first = notebook["cells"][0]
    assert first["cell_type"] == "markdown"
    assert "".join(first["source"]).startswith("# ")
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)


def test_papermill_notebooks_have_one_cell_of_parameters_one_a_line(papermill_notebook):
    tagged = [cell for cell in papermill_notebook["cells"] if is_tagged(cell)]
    assert len(tagged) == 1
    (cell,) = tagged
    assert cell["cell_type"] == "code"
    statements = ast.parse("".join(cell["source"])).body
    assert statements
    for statement in statements:
        assert isinstance(statement, ast.AnnAssign), ast.unparse(statement)
        assert isinstance(statement.target, ast.Name)
        assert statement.lineno == statement.end_lineno
        ast.literal_eval(statement.value)


# ----------------------------------------------------------------- Makefile


def test_make_help_names_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1).split()
    explained = re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE)
    assert sorted(explained) == sorted(phony)


# ------------------------------------------------------------- what newcomers expect


def test_hooks_before_a_commit_check_what_make_lint_checks():
    target = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    checks = re.findall(r"@\$\(PY\) -m (.+)", target.group(1))
    hooks = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = hooks["repos"]
    assert local["repo"] == "local", "nothing is fetched from elsewhere"
    entries = [shlex.split(hook["entry"]) for hook in local["hooks"]]
    assert [entry[:2] for entry in entries] == [["sh", "-c"]] * len(checks)
    assert [entry[2].split("python -m ")[1] for entry in entries] == checks


def test_the_map_of_the_tests_names_each_folder_module_and_mark():
    page = (ROOT / "docs" / "tests.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\S+)` \|", page, re.MULTILINE))
    folders = {f"tests/{path.name}/" for path in (ROOT / "tests").iterdir() if path.is_dir()}
    modules = {path.stem for path in (ROOT / "tests" / "support").glob("*.py")}
    marks = {mark.split(":")[0] for mark in PYTEST["markers"]}
    assert named >= {name for name in folders if "__" not in name} | modules | marks
    gone = {name for name in named if name.startswith("tests/")} - folders
    assert not gone
