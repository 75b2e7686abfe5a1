"""The walks of the page on architecture lead through the code as it is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import mesa
import pytest
from markets import lively

import cxsim as cx
from cxsim.engine.agents import AgentsEngine
from cxsim.runs.simulation import Simulation

PACKAGE = Path(cx.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
#: Files on the second walk that carry every parameter, and none by name.
CARRIERS = {
    "scenario/schema.py", "scenario/loading.py", "scenario/validation.py", "scenario/events.py",
    "engine/parameter_tables.py", "engine/workspace.py",
}  # fmt: skip


def walk(heading):
    """Return the steps of a walk and the files that they name."""
    (part,) = re.findall(rf"^### {re.escape(heading)}$(.*?)^#", PAGE, re.MULTILINE | re.DOTALL)
    steps = re.findall(r"^\d+\. ", part, re.MULTILINE)
    return len(steps), re.findall(r"`([\w/]+\.py)`", part)


@pytest.mark.parametrize("heading", re.findall(r"^### (.*)$", PAGE, re.MULTILINE))
def test_every_file_on_a_walk_is_there(heading):
    _, files = walk(heading)
    assert files
    for name in files:
        assert (PACKAGE / name).is_file(), name


def test_the_walk_of_a_purchase_names_every_file_of_the_core_that_a_customer_executes():
    steps, files = walk("One purchase")
    assert steps <= 12
    executed = set()

    def watch(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(str(PACKAGE)):
            executed.add(Path(frame.f_code.co_filename).relative_to(PACKAGE).as_posix())

    scenario = lively(customers=30, periods=2)
    engine = lambda workspace: AgentsEngine(workspace, model=mesa.Model(rng=1))  # noqa: E731
    simulation = Simulation(scenario, engine=engine)
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        simulation.step()
    finally:
        sys.setprofile(before)
    core = {name for name in executed if name.startswith("model/core/")}
    assert core == {name for name in files if name.startswith("model/core/")}
    rest = {"runs/simulation.py", "engine/workspace.py", "engine/agents.py"}
    assert rest <= executed & set(files)


def test_every_file_on_the_walk_of_a_parameter_has_to_do_with_it():
    steps, files = walk("One parameter: `interaction`")
    assert steps <= 12
    assert set(files) >= CARRIERS
    for name in set(files) - CARRIERS:
        assert "interaction" in (PACKAGE / name).read_text(encoding="utf-8"), name


#: Runs a command, and writes the files of the package that its process has imported.
TRACED = """
import json, sys
from pathlib import Path
from cxsim.cli.app import run
place, *words = sys.argv[1:]
code = run(words)
files = [m.__file__ for name, m in sys.modules.items() if name.startswith("cxsim.")]
Path(place).write_text(json.dumps(files))
sys.exit(code)
"""


def test_a_comparison_goes_through_few_files_of_its_own_process(tmp_path):
    words = ["compare", "baseline", "copycat", "--seeds", "2", "-s", "customers=200"]
    done = subprocess.run(
        [sys.executable, "-c", TRACED, "files.json", *words, "-s", "periods=5"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = map(Path, json.loads((tmp_path / "files.json").read_text(encoding="utf-8")))
    passed = {file.relative_to(PACKAGE).as_posix() for file in loaded if file.stem != "__init__"}
    assert len(passed) <= 60, sorted(passed)
    _, files = walk("One comparison: `cxsim compare baseline copycat`")
    assert {name for name in files if name.startswith("cli/")} <= passed
    for part in ("charts/", "engine/", "runs/", "study/"):
        assert not any(name.startswith(part) for name in passed), "left to the notebook's kernel"
