"""Every notebook opens in JupyterLab, runs to its end, says nothing wrong, asks nobody outside."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_opens_and_runs_all_its_cells(lab, notebook):
    page = lab.open(notebook)
    assert lab.not_run(page) == []
    assert lab.complaints(page) == []
    assert lab.outside == []
    page.close()
