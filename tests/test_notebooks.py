"""The notebooks that ship do what they promise, by themselves and through the package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.notebook.catalogue import shipped_notebooks
from cxsim.notebook.html import to_html
from cxsim.notebook.parameters import declared
from cxsim.notebook.runner import run_notebook
from cxsim.runs import Run
from cxsim.study.compare import Comparison

#: Small enough for a test; the copycat still has half of the time for itself.
SMALL = "customers=200, periods=40"
SETTINGS = {"customers": 200, "periods": 40}

PAPERS = {name: path for name, path in shipped_notebooks().items() if declared(path)}


# ---------------------------------------------------------- all of the notebooks


@pytest.mark.parametrize("path", PAPERS.values(), ids=PAPERS)
def test_every_parameter_is_explained_and_its_default_allowed(path):
    for parameter in declared(path).values():
        assert parameter.help, parameter.name
        assert parameter.value(parameter.default) == parameter.default
        if parameter.kind in (int, float):
            assert np.isfinite([parameter.low, parameter.high]).all(), f"{parameter.name}: no range"
    assert declared(path)["output"].default == "", "by itself a notebook writes no files"


@pytest.mark.parametrize("path", shipped_notebooks().values(), ids=shipped_notebooks())
def test_the_code_a_reader_meets_is_short(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert len(cells) <= 30
    for cell in cells:
        if cell["cell_type"] == "code":
            assert len(cell["source"]) <= 15, "".join(cell["source"])


@pytest.mark.parametrize("path", PAPERS.values(), ids=PAPERS)
def test_papermill_sees_the_same_parameters(path):
    import papermill

    seen = papermill.inspect_notebook(str(path))
    assert list(seen) == list(declared(path))


# ------------------------------------------------------------ compare.ipynb


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two folders: where plain papermill ran, and where the notebook wrote its data."""
    start, data = tmp_path_factory.mktemp("anywhere"), tmp_path_factory.mktemp("data") / "new"
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(PAPERS["compare"]), "out.ipynb", "-k", "python3",
         "-p", "scenarios", "baseline,copycat", "-p", "seeds", "3", "-p", "overrides", SMALL,
         "-p", "output", str(data)],
        cwd=start, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return start, data


@pytest.fixture(scope="module")
def page(compared):
    return to_html(compared[0] / "out.ipynb")


@pytest.fixture(scope="module")
def expected():
    return cx.compare("baseline", "copycat", seeds=3, overrides=SETTINGS)


def test_compare_runs_by_plain_papermill_from_any_folder(compared):
    start, data = compared
    assert [each.name for each in start.iterdir()] == ["out.ipynb"]
    assert sorted(each.name for each in data.iterdir()) == ["comparison", "summary.json"]


def test_compare_keeps_exactly_what_the_library_computes(compared, expected):
    kept = Comparison.load(compared[1] / "comparison")
    pd.testing.assert_frame_equal(kept.table, expected.table)
    assert kept.seeds == [0, 1, 2]


def test_the_summary_of_compare_says_how_it_was_made(compared, expected):
    summary = json.loads((compared[1] / "summary.json").read_text(encoding="utf-8"))
    assert summary["status"] == "ok"
    assert summary["headline"] == expected.headline()
    assert summary["parameters"]["overrides"] == SMALL
    assert summary["versions"]["cxsim"] == cx.__version__
    assert summary["digests"] == {
        name: cx.load(name, SETTINGS).digest for name in ("baseline", "copycat")
    }
    assert len(summary["table"]) == len(expected.table)


def test_the_report_answers_first_and_says_how_sure_it_is(page, expected):
    text = re.sub(r"<style.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).replace("\u00a0", " ")
    assert text.index(expected.headline()) < text.index("Share of purchases")
    assert "3 paired seeds, 40 months, 200 simulated customers" in text
    assert "95 % interval" in text
    assert "narrower by" in text
    for scenario in ("baseline", "copycat"):
        settings = cx.load(scenario, SETTINGS)
        assert f"digest {settings.digest}" in text
        assert " ".join(settings.claim.split())[:40] in text
    assert "events.24.firms.Mass.interaction" in text
    assert "cxsim compare baseline copycat --seeds 3" in text


def test_the_commands_of_the_report_make_the_same_scenarios(page, expected):
    (line,) = re.findall(r"result = (cx\.compare\(.*?\))</pre>", page.replace("&#x27;", "'"))
    again = eval(line, {"cx": cx})
    pd.testing.assert_frame_equal(again.table, expected.table)


def test_the_report_reads_offline_without_code_and_without_seeing(page):
    outside = re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#)([^"']*)""", page)
    assert outside == []
    assert "<script" not in page
    assert "url(" not in page
    assert "import cxsim" not in page.split("In Python")[0]
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) >= 6
    for image in images:
        alt = re.search(r'alt="([^"]*)"', image).group(1)
        assert len(alt) > 40, alt
    assert "Run All Cells" not in page
    assert 'name="viewport"' in page
    assert page.count("<caption") >= 3


# ----------------------------------------------------------- scenario.ipynb


def test_scenario_tells_one_market_and_keeps_its_run(tmp_path, capfd):
    given = {
        "scenario": "copycat", "overrides": SMALL, "seed": 7, "seeds": 3, "panel": 20, "svg": True
    }  # fmt: skip
    result = run_notebook("scenario", given, output_folder=tmp_path / "out")
    assert capfd.readouterr() == ("", ""), "no warnings"

    kept = Run.load(result.folder / "run")
    expected = cx.run("copycat", seed=7, overrides=SETTINGS, panel=20)
    pd.testing.assert_frame_equal(kept.firms, expected.firms)
    pd.testing.assert_frame_equal(kept.panel, expected.panel)

    means = pd.DataFrame(result.summary["means"]).set_index(["measure", "firm"])
    runs = [cx.run("copycat", seed=seed, overrides=SETTINGS).summary() for seed in (7, 8, 9)]
    retention = [run.set_index(["measure", "firm"])["value"]["retention", "Mass"] for run in runs]
    assert means["mean"]["retention", "Mass"] == pytest.approx(np.mean(retention))
    assert means["se"]["retention", "Mass"] == pytest.approx(np.std(retention, ddof=1) / 3**0.5)

    page = result.report.read_text(encoding="utf-8")
    assert kept.scenario.title in page
    assert "Refuted if" in page
    assert "events.24.firms.Mass.interaction" in page, "what differs from the baseline"
    assert "cxsim run copycat --seed 7 --seeds 3" in page
    for figure in ("matrix", "shares", "retention", "switching-costs", "brand-switching", "profit"):
        assert (result.folder / f"{figure}.svg").is_file(), figure


def test_the_first_notebook_runs_and_lists_what_is_there(tmp_path):
    page = run_notebook("00_start_here", output_folder=tmp_path / "out").report.read_text("utf-8")
    for name in ("baseline", "copycat", "two_roads", "broken_loop", "price_attack"):
        assert name in page
    for path in re.findall(r'href="([^"]+\.ipynb)"', page):
        assert (Path(shipped_notebooks()["00_start_here"]).parent / path).is_file()
