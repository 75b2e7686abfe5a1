"""The page of checks: verdicts follow from numbers, and what fails cannot look well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.validation import programs, registry, rigor
from lab.validation.__main__ import main
from lab.validation.checks import Check, assert_agrees, at_most, pooled, printed
from lab.validation.page import number, page
from lab.validation.registry import FULL, QUICK, Row, RowResult, rows

DOCS = Path(__file__).resolve().parents[2] / "docs"


def made(checks, **changes):
    """Return what a row of these numbers found."""
    row = Row(
        number="1.1", claim="Two is two.", source="arithmetic", kind="derived",
        setting="none", run=lambda size: checks,
    )  # fmt: skip
    return RowResult(replace(row, **changes), FULL, checks)


# --- one number -----------------------------------------------------------------------


def test_a_number_holds_within_four_standard_errors():
    assert Check("share", 0.5, 0.539, error=0.01).holds
    assert not Check("share", 0.5, 0.541, error=0.01).holds


def test_a_number_that_chance_does_not_touch_has_no_room():
    assert not Check("share", 0.5, 0.5 + 1e-12).holds
    assert Check("share", 0.5, 0.5 + 1e-12, rounding=1e-11).holds


def test_a_printed_number_is_known_to_its_last_digit():
    assert printed("price", 2.23, 2.2349, digits=2).holds
    assert not printed("price", 2.23, 2.2351, digits=2).holds


def test_a_bound_is_missed_on_one_side_only():
    assert at_most("gain", 0.0, -5.0).holds
    assert not at_most("gain", 0.0, 1e-9).holds


def test_seeds_are_averaged_and_the_error_is_that_of_the_mean():
    obtained = {1: 0.52, 2: 0.48, 3: 0.50, 4: 0.54}
    (check,) = pooled(
        lambda seed: [Check("share", 0.5, obtained[seed], error=0.02)], seeds=(1, 2, 3, 4)
    )
    assert (check.obtained, check.error) == (pytest.approx(0.51), pytest.approx(0.01))


def test_among_seeds_what_chance_does_not_touch_shows_its_worst():
    (check,) = pooled(lambda seed: [Check("sum", 1.0, 1.0 + seed)], seeds=(0, 3, 1))
    assert check.obtained == 4.0


def test_no_number_at_all_is_no_proof():
    with pytest.raises(AssertionError, match="no number was checked"):
        assert_agrees([])
    assert not made([]).holds


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(0.613096, 0.00022, "0.61310"), (24.3, 0.31, "24.30"), (1234.5, 56.0, "1234"),
     (2.0, 0.0, "2"), (3e-9, 0.0, "3.0e-09")],
)  # fmt: skip
def test_a_number_is_printed_with_its_standard_error(value, error, text):
    assert number(value, error) == text


# --- one row --------------------------------------------------------------------------


def test_a_row_holds_only_if_every_number_does():
    good, bad = Check("a", 1.0, 1.0), Check("b", 1.0, 2.0)
    assert made([good]).verdict == "holds"
    assert made([good, bad]).verdict == "differs"
    assert made([good, bad]).fails


def test_a_difference_that_is_explained_is_shown_and_is_no_failure():
    outcome = made([Check("b", 1.0, 2.0)], differs="The source rounds.")
    assert (outcome.verdict, outcome.fails) == ("differs", False)
    assert "The source rounds." in page([outcome], {})


def test_a_row_blurred_by_chance_fails_on_the_full_page():
    vague = Check("share", 0.5, 0.51, error=0.01)
    assert made([vague]).verdict == "too vague"
    assert made([vague]).fails
    assert not RowResult(made([vague]).row, QUICK, [vague]).fails
    assert made([vague], relative=0.05).verdict == "holds"


#: Rows that take ten seconds and more even so; ``make validation`` and ``make test-slow`` run them.
LONG = {"1.10", "1.3", "1.4.2", "1.9.1", "2.5", "2.7", "2.8", "3.2", "3.6"}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.number, marks=[pytest.mark.slow] if row.number in LONG else [])
        for row in rows()
        if not row.differs
    ],
)
def test_every_row_that_should_hold_does_with_few_customers(row):
    assert_agrees(row.run(QUICK))


@pytest.mark.parametrize("row", [row for row in rows() if row.differs], ids=lambda row: row.number)
def test_a_row_that_is_said_to_differ_does_so_on_the_page(row):
    text = (DOCS / "validation.md").read_text(encoding="utf-8")
    part = text.partition(f"### {row.number} ")[2].partition("### ")[0]
    assert "- **Verdict**: **differs**" in part


# --- the command and the page ---------------------------------------------------------


def test_rows_are_found_by_number_and_by_section():
    assert [row.number for row in rows(["1.2"])] == ["1.2"]
    assert {row.section for row in rows(["2"])} == {2}
    numbers = [row.number for row in rows()]
    assert numbers.index("1.2") < numbers.index("1.11")


def test_an_unknown_row_is_bad_input(capsys):
    assert main(["--only", "9.9"]) == 2
    assert "found '9.9'" in capsys.readouterr().err


def test_the_command_writes_page_and_figures_and_says_that_all_is_well(tmp_path, capsys):
    assert main(["--quick", "--only", "1.7", "--docs", str(tmp_path)]) == 0
    text = (tmp_path / "validation.md").read_text(encoding="utf-8")
    assert "quick run" in text
    assert "images/validation/survivors.png" in text
    assert (tmp_path / "images/validation/survivors.png").stat().st_size > 10_000
    assert "holds" in capsys.readouterr().out


def test_a_row_that_should_hold_and_does_not_fails_the_command(tmp_path, monkeypatch, capsys):
    wrong = made([Check("two", 2.0, 3.0)]).row
    monkeypatch.setattr("lab.validation.__main__.rows", lambda only: [wrong])
    assert main(["--docs", str(tmp_path)]) == 1
    assert "**differs**: 1 of 1 numbers, not explained" in (tmp_path / "validation.md").read_text()
    assert "expected 2, obtained 3" in capsys.readouterr().out


def test_two_rows_of_one_number_are_refused(monkeypatch):
    monkeypatch.setattr(registry, "MODULES", ("lab.validation.rows.buying",) * 2)
    with pytest.raises(ValueError, match=r"found two of 1\.11"):
        rows()


def test_the_page_holds_every_row_and_its_verdict():
    text = (DOCS / "validation.md").read_text(encoding="utf-8")
    for row in rows():
        assert f"### {row.number} {row.claim}" in text, "run make validation again"
    assert text.count("- **Verdict**: holds") + text.count("- **Verdict**: **differs**") == len(
        rows()
    )
    assert "not explained" not in text
    assert "quick run" not in text
    for path in (DOCS / "images" / "validation").glob("*.png"):
        assert f"images/validation/{path.name}" in text


def test_tests_that_the_page_names_are_there():
    for row in rows():
        assert rigor.missing_tests(row.proofs) == []
    for items in rigor.CHECKLIST.values():
        for item in items:
            assert item.tests or item.met
            assert rigor.missing_tests(item.tests) == []


def test_a_test_that_is_not_there_is_missed():
    assert rigor.missing_tests(("test_that_nobody_wrote",)) == ["test_that_nobody_wrote"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xlogit", "biogeme"])
def test_other_programs_find_what_is_kept_of_them(name):
    python = programs.ENVIRONMENT / "bin" / "python"
    if not python.exists():
        pytest.skip("python -m lab.validation.programs makes the environment of other programs")
    found = programs.by_program(name, str(python))
    assert_agrees(programs.beside(found, programs.kept()[name], name))
