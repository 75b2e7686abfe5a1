"""The support window of docs/compatibility.md holds what was tried and passed, and no more."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from lab.pages import compatibility as page

DOCS = Path(__file__).resolve().parents[2] / "docs"
ALLOWED = {
    "Python": SpecifierSet(">=3.11"),
    "mesa": SpecifierSet(">=3.3,<4"),
    "numpy": SpecifierSet(">=2.1"),
}
DAY = dt.date(2026, 11, 30)


@pytest.fixture
def case():
    """Makes up what came out of a case."""

    def made_up(python, mesa, numpy, *, passed=100, failed=0):
        versions = {"Python": python, "mesa": mesa, "numpy": numpy}
        return page.CaseResult("a case", versions, passed, 0, failed)

    return made_up


def test_the_window_runs_from_the_oldest_to_the_newest_version_that_passed(case):
    outcomes = [
        case("3.12.1", "3.5.1", "2.10.0"),
        case("3.11.7", "3.3.0", "2.1.0"),
        case("3.13.0", "3.5.1", "2.9.1"),
    ]
    assert page.window(outcomes, ALLOWED) == {
        "Python": ("3.11.7", "3.13.0"),
        "mesa": ("3.3.0", "3.5.1"),
        "numpy": ("2.1.0", "2.10.0"),
    }


@pytest.mark.parametrize("ended", [{"failed": 1}, {"passed": 0}])
def test_versions_of_a_case_that_fails_or_tests_nothing_do_not_count(case, ended):
    outcomes = [case("3.11.7", "3.3.0", "2.1.0"), case("3.13.0", "3.5.1", "2.9.1", **ended)]
    assert page.window(outcomes, ALLOWED) == {
        "Python": ("3.11.7", "3.11.7"),
        "mesa": ("3.3.0", "3.3.0"),
        "numpy": ("2.1.0", "2.1.0"),
    }


def test_a_case_beyond_what_is_allowed_does_not_count_though_it_passes(case):
    outcomes = [case("3.11.7", "3.3.0", "2.1.0"), case("3.12.1", "4.0.0a0", "2.9.1")]
    assert page.window(outcomes, ALLOWED)["mesa"] == ("3.3.0", "3.3.0")
    assert page.window(outcomes, ALLOWED)["numpy"] == ("2.1.0", "2.1.0")


def test_the_window_is_dated_and_says_what_is_allowed_beside_what_was_tried(case):
    outcomes = [case("3.11.7", "3.3.0", "2.1.0"), case("3.13.0", "3.5.1", "2.9.1")]
    made = page.of_window(outcomes, ALLOWED, DAY)
    assert made.startswith("Tried on 2026-11-30: Python 3.11 to 3.13, Mesa 3.3 to 3.5.\n")
    assert made.splitlines()[4:] == [
        "| Python | `>=3.11` | 3.11.7 | 3.13.0 |",
        "| Mesa | `>=3.3, <4` | 3.3.0 | 3.5.1 |",
        "| NumPy | `>=2.1` | 2.1.0 | 2.9.1 |",
    ]


def test_where_all_fails_the_window_says_so(case):
    made = page.of_window([case("3.11.7", "3.3.0", "2.1.0", failed=2)], ALLOWED, DAY)
    assert made.startswith("Tried on 2026-11-30: nothing passed.\n")
    assert "| NumPy | `>=2.1` | none | none |" in made


def test_every_library_that_is_always_installed_has_a_row():
    wanted = {page.Requirement(line).name for line in page.PROJECT["dependencies"]}
    assert set(page.bounds()) == {"Python", *wanted}


def test_oldest_and_newest_libraries_are_tried():
    assert {"oldest", "newest"} <= {case.libraries for case in page.CASES}


def test_the_page_is_written_between_its_marks_and_nowhere_else():
    text = page.PAGE.read_text(encoding="utf-8")
    for mark in ("window", "versions"):
        once = page.put(text, mark, "a table")
        assert f"<!-- {mark} -->\n\na table\n\n<!-- end of {mark} -->" in once
        before, after = text.split(f"<!-- {mark} -->")[0], text.split(f"<!-- end of {mark} -->")[1]
        assert once.startswith(before)
        assert once.endswith(after)
        assert page.put(once, mark, "a table") == once


def test_a_page_is_kept_where_nothing_could_be_tried(monkeypatch, tmp_path, capsys):
    kept = tmp_path / "page.md"
    kept.write_text("as it was", encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", kept)
    monkeypatch.setattr(page, "installed", lambda case: None)
    monkeypatch.setattr("sys.argv", ["compatibility"])
    assert page.main() == 1
    assert kept.read_text(encoding="utf-8") == "as it was"
    assert "stays as it is" in capsys.readouterr().err
