"""Every notebook opens in JupyterLab, runs to its end, says nothing wrong, asks nobody outside."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.ipynb"))


#: Lessons are alike: the first stands for them in every run of the tests.
LATER = [name for name in NOTEBOOKS if name.startswith("course/0") and name[8:9] not in "01"]


@pytest.mark.parametrize(
    "notebook",
    [pytest.param(n, marks=pytest.mark.slow) if n in LATER else n for n in NOTEBOOKS],
)
def test_a_notebook_opens_and_runs_all_its_cells(lab, notebook):
    page = lab.open(notebook)
    assert lab.not_run(page) == []
    assert lab.complaints(page) == []
    assert lab.outside == []
    page.close()
