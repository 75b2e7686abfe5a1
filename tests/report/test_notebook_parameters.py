"""Parameters in a notebook's first cell: whatever put them in, they fit or the notebook stops."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cxsim.report.notebook_parameters import (
    Parameter,
    as_command,
    as_papermill,
    checked,
    read_parameters,
    split_overrides,
)
from cxsim.report.notebooks import NotebookInputError, shipped_notebooks

CELL = """\
scenarios: str = "baseline,copycat"  # names
seeds: int = 20  # paired seeds, 1 to 10000
confidence: float = 0.95  # of the intervals, 0.5 to 0.9999
overrides: str = ""  # other values
svg: bool = False  # also write the figures
"""


def notebook(put_in="", cell=CELL, more=()):
    """Return the globals of a notebook in which these cells have run, and what is made of them."""
    cells = ["", "import os", cell, *([f"# Parameters\n{put_in}\n"] if put_in else []), *more]
    variables = {"In": cells}
    for each in cells:
        exec(each, variables)
    variables["In"] = cells
    return variables, read_parameters(variables)


def refused(*given, **more):
    with pytest.raises(NotebookInputError) as error:
        notebook(*given, **more)
    return str(error.value)


def test_what_nobody_changed_is_as_it_stands_in_the_cell():
    variables, values = notebook()
    assert values["seeds"] == variables["seeds"] == 20
    assert list(values) == ["scenarios", "seeds", "confidence", "overrides", "svg"]


def test_texts_become_what_they_say_in_the_notebook_itself():
    variables, _ = notebook('seeds = "3"\nconfidence = "0.9"\nsvg = "yes"')
    assert (variables["seeds"], variables["confidence"], variables["svg"]) == (3, 0.9, True)
    assert notebook("seeds = 1e3")[1]["seeds"] == 1000


def test_a_misspelt_name_stops_the_notebook_with_the_nearest_one():
    assert refused("sedes = 2") == "sedes: found no parameter of this name (did you mean 'seeds'?)"
    both = refused("sedes = 2\nseeds = 0")
    assert len(both.splitlines()) == 2, "all that is wrong is said at once"


@pytest.mark.parametrize(
    ("put_in", "message"),
    [
        ("seeds = 0", "seeds: expected a whole number from 1 to 10000, found 0"),
        ('seeds = "five"', "seeds: expected a whole number from 1 to 10000, found 'five'"),
        ("seeds = [3]", "seeds: expected a whole number from 1 to 10000, found [3]"),
        ("seeds = True", "seeds: expected a whole number from 1 to 10000, found true"),
        ("confidence = 95", "confidence: expected a number from 0.5 to 0.9999, found 95"),
        ('svg = "perhaps"', "svg: expected true or false, found 'perhaps'"),
        ("scenarios = 3", "scenarios: expected a text, found 3"),
    ],
)
def test_ranges_and_types_are_checked_there_too(put_in, message):
    assert refused(put_in) == message


def test_scenarios_and_overrides_are_texts_lists_or_mappings():
    _, values = notebook(
        'scenarios = ["baseline", "copycat"]\n'
        'overrides = {"customers": 200, "firms.Tailor.price": 21.5}'
    )
    assert values["scenarios"] == "baseline,copycat"
    assert split_overrides(values["overrides"]) == ["customers=200", "firms.Tailor.price=21.5"]
    listed = notebook('overrides = ["customers=200", "segments.All.need_mean=[1, 2]"]')[1]
    assert split_overrides(listed["overrides"]) == [
        "customers=200", "segments.All.need_mean=[1, 2]",
    ]  # fmt: skip
    for wrong in ("scenarios = [1, 2]", 'scenarios = ["a,b"]', 'scenarios = {"a": 1}',
                  "overrides = [1]", 'overrides = {"a": len}'):  # fmt: skip
        assert "expected a text" in refused(wrong)


def test_values_of_a_mapping_arrive_as_they_were():
    event = {"at": 3, "set": {"firms.Mass.price": 19.0}, "label": "a cut, a price's"}
    text = Parameter("overrides", str, "").value(
        {"events": [event], "customers": np.int64(50), "title": "One, two"}
    )
    parts = dict(part.split("=", 1) for part in split_overrides(text))
    assert json.loads(parts["events"]) == [event]
    assert parts["customers"] == "50"
    assert json.loads(parts["title"]) == "One, two"
    options = Parameter("options", str, "").value({"stay": {}, "ask": {"firms.Mass.price": 22}})
    assert json.loads(options) == {"stay": {}, "ask": {"firms.Mass.price": 22}}


def test_the_same_is_taken_before_a_kernel_starts():
    path = shipped_notebooks()["compare"]
    given = {"scenarios": ["baseline", "copycat"], "overrides": {"customers": 200}, "seeds": "3"}
    values = checked(path, given)
    assert values == {"scenarios": "baseline,copycat", "overrides": "customers=200", "seeds": 3}


def test_the_commands_that_repeat_a_report_have_its_numbers():
    _, values = notebook('seeds = "3"\noverrides = {"customers": 200}')
    values.pop("svg")
    assert as_command("compare", values) == (
        "cxsim compare baseline copycat --seeds 3 --confidence 0.95 -s customers=200"
    )
    assert "-p seeds 3" in as_papermill("compare", values)


def test_the_notebook_that_ran_counts_not_the_one_that_ships():
    cell = CELL + "mine: int = 1  # my own, 1 to 3\n"
    assert notebook("mine = 2", cell=cell)[1]["mine"] == 2
    assert refused("mine = 4", cell=cell).startswith("mine: expected a whole number from 1 to 3")


def test_a_notebook_run_again_by_hand_knows_its_last_values():
    variables, _ = notebook("seeds = 3", more=[CELL.replace("20", "7")])
    assert variables["seeds"] == 7
    variables = {"In": ["", "x = 1"]}
    with pytest.raises(NotebookInputError, match="expected the cell of parameters to have run"):
        read_parameters(variables)


@pytest.mark.parametrize("name", [n for n in shipped_notebooks() if n != "00_start_here"])
def test_every_notebook_reads_its_parameters_in_the_first_cell_that_works(name):
    cells = json.loads(shipped_notebooks()[name].read_text(encoding="utf-8"))["cells"]
    cells = [cell for cell in cells if cell["cell_type"] == "code"]
    there = next(k for k, c in enumerate(cells) if "parameters" in c["metadata"].get("tags", ()))
    code = ["".join(cell["source"]) for cell in cells[there + 1 :]]
    first = next(source for source in code if "cxsim" in source)
    calls = [line for line in first.splitlines() if line and not line.startswith(("im", "from"))]
    assert calls[0] == "read_parameters(globals())"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sedes": 2}, "sedes: found no parameter of this name (did you mean 'seeds'?)"),
        pytest.param({"seeds": 0}, "seeds: expected a whole number", marks=pytest.mark.slow),
    ],
)
def test_plain_papermill_stops_in_the_first_cell(tmp_path, given, message):
    import papermill

    path, out = shipped_notebooks()["compare"], tmp_path / "out.ipynb"
    with pytest.raises(papermill.PapermillExecutionError) as error:
        papermill.execute_notebook(path, out, given, progress_bar=False)
    assert message in error.value.evalue
    cells = json.loads(out.read_text(encoding="utf-8"))["cells"]
    ran = [cell for cell in cells if cell["cell_type"] == "code" and cell["execution_count"]]
    assert "read_parameters" in "".join(ran[-1]["source"]), "nothing was simulated"
