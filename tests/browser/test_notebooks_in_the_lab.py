"""Every notebook opens in JupyterLab, runs to its end, says nothing wrong, asks nobody outside."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.ipynb"))


#: Seen in every run of the tests; explorer, study and lessons are in files of their own beside
#: this one, and all run by papermill.
ALWAYS = ("00_start_here", "compare", "scenario", "template", "course/00_the_course")


@pytest.mark.parametrize(
    "notebook",
    [
        name if name.startswith(ALWAYS) else pytest.param(name, marks=pytest.mark.slow)
        for name in NOTEBOOKS
    ],
)
def test_a_notebook_opens_and_runs_all_its_cells(lab, notebook):
    page = lab.open(notebook)
    assert lab.not_run(page) == []
    assert lab.complaints(page) == []
    assert lab.outside == []
    lab.close(page)
