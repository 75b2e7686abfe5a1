"""Sweeps by notebooks: one executed notebook for each value, and all of them as one frame."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

import cxsim as cx
from cxsim.report.notebook_sweep import NotebookSweep, gather, points_of, recorded, values_of, vary
from cxsim.report.notebooks import NotebookInputError
from cxsim.scenario import ScenarioError

PARAMETERS = """scenario: str = "baseline"  # a name or a file
seeds: int = 2  # 1 to 100
firm: str = ""  # my firm
overrides: str = "customers=40, periods=3"  # with commas between
output: str = ""  # folder for data"""

WORK = """import cxsim as cx
from cxsim.report.notebook_parameters import read_parameters
from cxsim.report.report import Report

given = read_parameters(globals())
report = Report("small", given, output=output)
(market,) = report.load(scenario, overrides)
if market.firms["Tailor"].price > 90:
    raise ValueError("far too dear")
summary = cx.run(market, seed=0).summary()
share = summary[summary["measure"] == "market_share"]
means = share.rename(columns={"value": "mean"}).assign(se=0.01)
report.finish(title="Small", answer=f"{seeds} seeds", means=means)"""


def notebook(path, work=WORK):
    cells = [
        nbformat.v4.new_markdown_cell("# Small"),
        nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(work),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


PRICES = {"firms.Tailor.price": [18, 22]}


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> NotebookSweep:
    folder = tmp_path_factory.mktemp("small")
    source = notebook(folder / "small.ipynb")
    return vary(source, PRICES, folder=folder / "swept")


def test_values_are_listed_or_evenly_spaced():
    assert values_of("firms.Tailor.price=16..24/5") == ("firms.Tailor.price", [16, 18, 20, 22, 24])
    assert values_of("learning_rate=0..0.3/3") == ("learning_rate", [0, 0.15, 0.3])
    assert values_of("scenario=baseline, copycat") == ("scenario", ["baseline", "copycat"])
    assert values_of("segments.All.need_mean=[1, 2], [2, 3]")[1] == [(1, 2), (2, 3)]


@pytest.mark.parametrize("text", ["seeds", "seeds=", "=3", "seeds=3..3/4", "seeds=1..2/1"])
def test_values_that_say_nothing_are_refused(text):
    with pytest.raises(NotebookInputError, match=r"^vary: "):
        values_of(text)


def test_points_are_combinations_or_stand_in_a_file(tmp_path):
    assert points_of({"a": [1, 2], "b": "x"}) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    assert points_of([{"a": 1.5}, {"a": 2.0}]) == [{"a": 1.5}, {"a": 2}]
    (tmp_path / "grid.yaml").write_text("seeds: [2, 3]\n")
    (tmp_path / "points.csv").write_text("seeds,firm\n2,Mass\n3,Tailor\n")
    assert points_of(tmp_path / "grid.yaml") == [{"seeds": 2}, {"seeds": 3}]
    second = {"seeds": 3, "firm": "Tailor"}
    assert points_of(tmp_path / "points.csv") == [{"seeds": 2, "firm": "Mass"}, second]
    with pytest.raises(NotebookInputError, match="found none called"):
        points_of(tmp_path / "nowhere.yaml")


def test_every_value_has_its_notebook_and_its_report(swept):
    assert swept.failed == {}
    assert swept.sentence() == "2 notebooks: 2 executed, 0 were there already"
    for folder in swept.folders:
        assert (folder / "small.ipynb").is_file()
        assert (folder / "report.html").is_file()
    page = swept.index.read_text(encoding="utf-8")
    assert 'href="firms.Tailor.price_18/report.html"' in page
    assert "By firms.Tailor.price" in page
    assert (swept.folder / "results.csv").is_file()


def test_the_frame_holds_parameters_answers_means_and_errors(swept):
    frame = swept.frame
    assert len(frame) == 8
    assert set(frame["firms.Tailor.price"]) == {18, 22}
    assert set(frame["answer"]) == {"2 seeds"}
    assert (frame["customers"] == 40).all()
    assert "parameter.firm" in frame
    row = frame.query("firm == 'Tailor' and `firms.Tailor.price` == 22").iloc[0]
    market = cx.load("baseline", {"customers": 40, "periods": 3, "firms.Tailor.price": 22})
    summary = cx.run(market, seed=0).summary().set_index(["measure", "firm"])["value"]
    assert row["value"] == summary["market_share", "Tailor"]
    assert (row["se"], row["statistic"]) == (0.01, "mean")


def test_what_is_there_already_is_not_executed_again(swept):
    source = swept.folder.parent / "small.ipynb"
    again = vary(source, PRICES, folder=swept.folder)
    assert again.stored == 2
    longer = vary(source, {"firms.Tailor.price": [18, 22]}, folder=swept.folder,
                  parameters={"seeds": 3})  # fmt: skip
    assert longer.stored == 0
    assert set(longer.frame["answer"]) == {"3 seeds"}
    notebook(source, WORK.replace("0.01", "0.02"))
    other = vary(source, PRICES, folder=swept.folder, parameters={"seeds": 3})
    assert other.stored == 0


def test_a_value_that_fails_leaves_the_others_alone(tmp_path):
    source = notebook(tmp_path / "small.ipynb")
    with ThreadPoolExecutor(1) as threads:  # in kernels, as a process with threads is not copied
        sweep = vary(source, {"firms.Tailor.price": [99, 20]}, folder=tmp_path / "s",
                     executor=threads)  # fmt: skip
    assert list(sweep.failed) == [0]
    assert "ValueError: far too dear" in sweep.failed[0]
    assert sweep.sentence() == "2 notebooks: 1 executed, 0 were there already, 1 failed"
    assert "Failed: small.ipynb: cell 3 failed" in sweep.index.read_text(encoding="utf-8")
    assert set(sweep.frame["firms.Tailor.price"]) == {20}
    assert vary(source, {"firms.Tailor.price": [20]}, folder=tmp_path / "s").stored == 1


def test_notebooks_that_papermill_executed_are_gathered_too(tmp_path):
    papermill = pytest.importorskip("papermill")
    source = notebook(tmp_path / "small.ipynb")
    (tmp_path / "out").mkdir()
    papermill.execute_notebook(
        str(source), str(tmp_path / "out" / "one.ipynb"), {"seeds": 7}, progress_bar=False
    )
    frame = gather(tmp_path / "out")
    assert set(frame["answer"]) == {"7 seeds"}
    assert set(frame["seeds"]) == {7}
    held = recorded(tmp_path / "out" / "one.ipynb")
    assert (held["status"], held["parameters"]["seeds"]) == ("ok", 7)
    json.dumps(held, allow_nan=False)


def test_nothing_is_run_if_a_name_or_a_value_is_wrong(tmp_path):
    source = notebook(tmp_path / "small.ipynb")
    with pytest.raises(NotebookInputError, match=r"seedz: found no parameter .*'seeds'"):
        vary(source, {"seedz": [1]}, folder=tmp_path / "s")
    with pytest.raises(ScenarioError, match="'Tailor'"):
        vary(source, {"firms.Talor.price": [18]}, folder=tmp_path / "s")
    with pytest.raises(NotebookInputError, match="from 1 to 100, found 1000"):
        vary(source, {"seeds": [2, 1000]}, folder=tmp_path / "s")
    with pytest.raises(NotebookInputError, match="expected each point once"):
        vary(source, [{"seeds": 2}, {"seeds": 2}], folder=tmp_path / "s")
    assert not (tmp_path / "s").exists()
    with pytest.raises(NotebookInputError, match="expected executed notebooks with results"):
        gather(tmp_path)
