"""The walks of the page on architecture lead through the code as it is."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import mesa
import pytest
from markets import lively
from walks import PACKAGE, PAGE, walk

from cxsim.engine.agents import AgentsEngine
from cxsim.runs.simulation import Simulation

#: Files on the second walk that carry every parameter, and none by name.
CARRIERS = {
    "scenario/schema.py", "scenario/loading.py", "scenario/validation.py", "scenario/events.py",
    "engine/parameter_tables.py", "engine/workspace.py",
}  # fmt: skip


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
