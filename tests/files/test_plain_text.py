"""Text of files does nothing to terminals and spreadsheets but stand there."""

from __future__ import annotations

import ast
import csv
import unicodedata
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxsim as cx
from cxsim.cli.app import run as command
from cxsim.messages import cell, cells, from_cell, visible

PACKAGE = Path(cx.__file__).parent

ACTING = {
    "colour": "\x1b[31mred",
    "title of the terminal": "\x1b]0;hello\x07",
    "clipboard": "\x1b]52;c;aGVsbG8=\x07",
    "one-byte sequence": "\x9b31m",
    "overwritten": "good\rbad",
    "turned round": "a\u202eb\u2066c",
    "rubbed out": "bad\x08\x08\x08",
}


# --- terminals ----------------------------------------------------------------------------


@given(st.text())
def test_nothing_that_acts_gets_through(text):
    for character in visible(text):
        kind = unicodedata.category(character)
        assert kind not in ("Cc", "Co", "Cs", "Cn", "Zl", "Zp") or character in "\n\t"
        assert kind != "Cf" or character in "\u200c\u200d"


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_letters_of_every_script_stay(text):
    assert visible(text) == text


@pytest.mark.parametrize("text", ACTING.values(), ids=ACTING)
def test_a_title_cannot_act_on_the_terminal(text, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    market = cx.load("baseline").to_dict() | {"title": f"{text}!"}
    cx.Scenario.from_dict(market).save("evil.yaml")
    assert command(["check", "evil.yaml"]) == 0
    said = capsys.readouterr().out
    assert text not in said
    assert "!" in said
    assert all(c.isprintable() or c == "\n" for c in said)


@pytest.mark.parametrize("text", ACTING.values(), ids=ACTING)
def test_an_error_cannot_act_on_the_terminal(text, capsys):
    assert command(["check", f"{text}.yaml"]) == 2
    assert command([f"{text}"]) == 2
    assert command(["run", "baseline", "-s", f"{text}=1"]) == 2
    assert command(["--debug", "run", "baseline", "-p", f"{text}=1"]) == 2
    said = capsys.readouterr().err
    assert text not in said
    assert all(c.isprintable() or c == "\n" for c in said)


def test_a_title_without_end_is_cut(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cx.Scenario.from_dict(cx.load("baseline").to_dict() | {"title": "x" * 100_000}).save("l.yaml")
    assert command(["check", "l.yaml"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) < 300


def test_whatever_is_printed_goes_through_one_function():
    """No module prints by itself; a program that starts too early for it says a constant."""
    by_itself = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if "_shipped" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            constant = bool(node.args) and all(isinstance(a, ast.Constant) for a in node.args)
            says = path.name == "terminal.py" and "visible(" in ast.unparse(node)
            printing = not says and name in (
                "print",
                "click.echo",
                "click.secho",
                "traceback.print_exception",
            )
            writing = name.endswith(("stdout.write", "stderr.write"))
            harmless = constant or "visible(" in ast.unparse(node)
            if printing or (writing and not harmless):
                by_itself.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {name}")
    assert by_itself == []


# --- spreadsheets -------------------------------------------------------------------------

FORMULAS = ["=1+1", "+cmd|' '!A1", "-2+3", "@SUM(1+1)", "\t=1", "\r=1", '=HYPERLINK("a")']


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_becomes_text_and_comes_back(text):
    assert cell(text) == f"'{text}"
    assert from_cell(cell(text)) == text


@pytest.mark.parametrize("value", [1, -2.5, None, "-2.5", "+3e5", "-inf", "Ann", "", "-", "a=b"])
def test_numbers_and_other_texts_stay_as_they_are(value):
    assert cell(value) == value


@given(st.text())
def test_every_text_comes_back_or_is_as_it_was(text):
    assert cell(cell(text)) == cell(text)
    assert from_cell(cell(text)) in (text, text[1:])
    assert text.startswith("'") or from_cell(cell(text)) == text


def test_a_table_keeps_its_numbers_and_loses_its_formulas():
    frame = pd.DataFrame({"firm": ["=1+1", "Ann"], "price": [-1.0, 2.0], "@n": [1, 2]})
    frame["kind"] = frame["firm"].astype("category")
    made = cells(frame)
    assert made.columns.tolist() == ["firm", "price", "'@n", "kind"]
    assert made["firm"].tolist() == made["kind"].tolist() == ["'=1+1", "Ann"]
    assert made["price"].tolist() == [-1.0, 2.0]
    assert frame["firm"].tolist() == ["=1+1", "Ann"]


def test_a_run_writes_no_formulas(tmp_path):
    firms = {"+cmd|' '!A1": {"price": 1}, "@SUM(1+1)": {"price": 2}}
    market = {"customers": 20, "periods": 2, "segments": {"-2+3": {"share": 1}}, "firms": firms}
    run = cx.run(cx.Scenario.from_dict(market))
    texts = []
    for path in run.to_csv(tmp_path):
        with path.open(encoding="utf-8", newline="") as file:
            texts += [text for row in csv.reader(file) for text in row]
    book = openpyxl.load_workbook(run.to_xlsx(tmp_path / "run.xlsx"))
    for sheet in book:
        for row in sheet.iter_rows():
            for each in row:
                assert each.data_type != "f"
                texts.append(each.value)
    assert "'@SUM(1+1)" in texts
    assert [text for text in texts if cell(text) != text] == []


def test_every_table_for_spreadsheets_is_written_from_cells():
    by_itself = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            to_file = node.func.attr == "to_excel" or (node.func.attr == "to_csv" and node.args)
            owner = ast.unparse(node.func.value)
            if to_file and not owner.startswith("cells("):
                own = owner in ("run", "result", "self")  # Run.to_csv, which does
                by_itself += [] if own else [f"{path.relative_to(PACKAGE)}:{node.lineno}"]
    assert by_itself == []
