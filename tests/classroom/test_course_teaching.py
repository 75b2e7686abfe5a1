"""What those who teach rely on: expected answers, timing, slides, and the commands of the guide."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from classroom import answers
from classroom.case import Case
from classroom.lessons import LESSONS, plan_of
from lab.pages import course, slides

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GUIDE = (DOCS / "teaching.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_page_of_answers_is_what_the_model_computes(lesson):
    """If this fails after a change of the model: make course, and read what has changed."""
    page = (DOCS / "course_answers.md").read_text(encoding="utf-8")
    made = course.page(answers(lessons=[lesson]))
    assert made.strip() in page


def test_students_have_answers_of_their_own():
    lesson = ["07_when_one_to_one_loses"]
    book, other = (answers(student, seeds=3, lessons=lesson) for student in (0, 17))
    assert list(book["name"]) == list(other["name"]) == ["alone", "focus", "A", "B", "C"]
    assert (book["answer"] != other["answer"]).sum() >= 4
    assert not book["why"].str.contains("<").any(), "words, and no markup"


def test_the_guide_gives_each_lesson_the_minutes_that_the_lesson_says():
    rows = re.findall(r"^\| (\d) \| (.+?) \|.*\| (\d+) min", GUIDE, re.MULTILINE)
    plans = [plan_of(name) for name in LESSONS]
    assert [(int(k), int(minutes)) for k, _, minutes in rows] == [
        (k, plan.minutes) for k, plan in enumerate(plans, start=1)
    ]
    for (_, title, _), plan in zip(rows, plans, strict=True):
        assert plan.title.startswith(title.split(",")[0][:12])


def test_the_guide_names_what_there_is():
    for page in re.findall(r"\]\((\w+\.md)\)", GUIDE):
        assert (DOCS / page).is_file(), page
    for name in re.findall(r"\b\d\d_\w+", GUIDE):
        assert name in LESSONS or name == "00_the_course", name
    rows = re.findall(r"^\| .* \| (\d+) \| ", GUIDE, re.MULTILINE)
    assert sum(map(int, rows[-5:])) == 120, "points of the assessment add up"


@pytest.mark.slow
def test_the_guides_way_to_run_a_hand_in_of_the_last_lesson_works(tmp_path):
    import papermill

    from cxsim.report.notebooks import find_notebook

    given = dict(re.findall(r'-p (industry|predictions|answers) "([^"]+)"', GUIDE))
    assert len(given) == 3
    papermill.execute_notebook(
        str(find_notebook("08_your_own_industry")), str(tmp_path / "out.ipynb"),
        {**given, "student": 17, "seeds": 2, "overrides": "customers=200",
         "output": str(tmp_path / "out")},
        kernel_name="python3", progress_bar=False,
    )  # fmt: skip
    kept = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert kept["predictions"]["share"]["predicted"] == 3
    assert kept["exercises"]["B"]["given"] == "4"
    assert len(kept["rubric"]["computed"]) == 8


def test_slides_are_wide_large_and_described(tmp_path):
    case = Case(0, seeds=2, overrides="customers=200")
    files = slides.slides_of("06_blind_spot", case, tmp_path)
    names = {path.name for path in files}
    assert {"06-views.png", "06-views.svg", "06-gap.png", "06-counter.png"} <= names
    for path in files:
        if path.suffix == ".png":
            assert Image.open(path).size == (1920, 1080)
            assert len(path.with_suffix(".txt").read_text(encoding="utf-8")) > 40
