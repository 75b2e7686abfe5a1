"""What holds the structure together: imports run downwards, and starting is light."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import cxsim as cx
from lab.house import FLOORS

PACKAGE = Path(cx.__file__).parent

FLOOR = {part: height for height, parts in enumerate(FLOORS) for part in parts}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_shipped" not in path.parts)


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Return the parts of the package that a module imports, wherever in the file it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
        found |= {name.split(".")[1] for name in names if name.startswith("cxsim.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downwards(path):
    part = part_of(path)
    if part == "__init__":
        assert imports_of(path) == {"_version"}
        return
    assert part in FLOOR, f"{part} stands on no floor: add it to FLOORS"
    for other in imports_of(path) - {part}:
        assert FLOOR[other] < FLOOR[part], f"{path.name} imports {other}, which is not below it"


def test_the_analytic_companions_import_nothing_of_the_simulation():
    for path in MODULES:
        if part_of(path) == "analytic":
            assert imports_of(path) <= {"analytic"}


def python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


BLOCK = """
import sys
class Block:
    names = {names!r}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ImportError(f"{{name}} is blocked")
sys.meta_path.insert(0, Block())
"""


#: What a scenario is read and checked with; all else is imported by what uses it.
AT_START = {"numpy", "pydantic", "ruamel"}


def test_a_scenario_is_read_without_any_other_library():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    lines = chain(project["dependencies"], *project["optional-dependencies"].values())
    ours = {canonicalize_name(Requirement(line).name) for line in lines}
    imported = {
        name
        for name, sources in importlib.metadata.packages_distributions().items()
        if ours & {canonicalize_name(source) for source in sources}
    }
    assert {"numba", "pandas", "mesa", "matplotlib", "sklearn"} <= imported
    blocked = BLOCK.format(names=imported - AT_START)
    done = python(blocked + "import cxsim as cx; print(cx.Scenario.load('baseline').name)")
    assert (done.returncode, done.stdout.strip()) == (0, "baseline"), done.stderr


#: Import names of packages that are called otherwise.
CALLED = {"scikit-learn": "sklearn", "pytest-xdist": "xdist"}


def test_nothing_optional_is_imported_at_start():
    """Starting, reading, listing and a run with agents do with what is always installed."""
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    always = {Requirement(line).name for line in project["dependencies"]}
    extras = {
        Requirement(line).name
        for extra in project["optional-dependencies"].values()
        for line in extra
    }
    optional = {CALLED.get(name, name.replace("-", "_")) for name in extras - always}
    assert {"SALib", "sklearn", "distributed", "hypothesis", "solara"} <= optional
    done = python(
        f"optional = {optional!r}\n"
        "import sys\n"
        "import cxsim as cx\n"
        "assert not optional & set(sys.modules), optional & set(sys.modules)\n"
        "small = {'customers': 10, 'periods': 2}\n"
        "cx.run('baseline', overrides=small, engine='agents')\n"
        "from cxsim.cli import main\n"
        "for words in (['list'], ['check', 'baseline'], ['check', 'copycat']):\n"
        "    try: main(words)\n"
        "    except SystemExit as end: assert not end.code\n"
        "assert not optional & set(sys.modules), optional & set(sys.modules)\n"
    )
    assert done.returncode == 0, done.stderr


def test_the_agents_engine_runs_where_numba_is_missing():
    blocked = BLOCK.format(names={"numba", "papermill", "matplotlib"})
    done = python(
        blocked
        + "import cxsim as cx\n"
        + "r = cx.run('baseline', overrides={'customers': 30, 'periods': 3}, engine='agents')\n"
        + "print(round(r.firms['market_share'].sum()))"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr


def test_every_public_name_is_there_and_documented():
    for name in cx.__all__:
        thing = getattr(cx, name)
        assert name == "__version__" or thing.__doc__


def test_type_checkers_and_editors_see_every_public_name():
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    homes = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {*homes, "load"} == set(cx.__all__)
    for name, home in homes.items():
        assert getattr(importlib.import_module(home), name) is getattr(cx, name)


def test_the_rules_do_not_read_the_quadrant():
    for path in MODULES:
        if part_of(path) in ("model", "engine") or path.name == "simulation.py":
            assert "quadrant" not in path.read_text(encoding="utf-8").replace(
                "No rule reads the quadrant", ""
            ), path


# --- the classroom -------------------------------------------------------------------


def test_the_classroom_imports_what_cxsim_makes_public_and_nothing_else():
    """A package of anybody's could do what it does."""
    asked = set()
    for path in sorted((PACKAGE.parent / "classroom").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                asked |= {(alias.name, None) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                asked |= {(node.module, alias.name) for alias in node.names}
    asked = {(module, name) for module, name in asked if module.partition(".")[0] == "cxsim"}
    assert len(asked) > 20
    for module, name in sorted(asked, key=str):
        assert name is not None or module == "cxsim", f"import {module}: expected names of it"
        assert module.count(".") <= 1, f"{module}.{name}: expected a name of a package's face"
        if name is not None:
            assert name in importlib.import_module(module).__all__, f"{module}.{name}"


def test_no_part_hides_a_function_of_the_same_name():
    parts = {path.stem for path in PACKAGE.iterdir()} - {"__init__"}
    assert parts & set(cx.__all__) == set(cx._MODULES)
    for part in ("charts", "report", "strategy", "study"):
        module = importlib.import_module(f"cxsim.{part}")
        modules = {path.stem for path in (PACKAGE / part).iterdir()}
        assert not modules & set(module.__all__), part
        assert all(hasattr(module, name) for name in module.__all__), part


def test_no_two_files_share_a_name_unless_they_are_two_sides_of_one_thing():
    names = [path.stem for path in MODULES if path.stem != "__init__"]
    twins = {name for name in names if names.count(name) > 1}
    assert twins <= {"choice", "learning", "calibrate", "decide", "sweep"}, twins
