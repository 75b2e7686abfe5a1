"""A lesson in a real browser, as a learner goes through it."""

from __future__ import annotations

import csv

import pytest

from classroom.lessons import LESSONS

pytestmark = pytest.mark.browser
LESSON = "02_capability_matrix"

TOO_WIDE = """() => [...document.querySelectorAll('.jp-OutputArea-output')]
  .filter(e => e.scrollWidth > e.clientWidth + 2)
  .map(e => [e.scrollWidth, e.clientWidth, e.innerText.slice(0, 60)])"""


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open(f"course/{LESSON}.ipynb")
    page.get_by_text("once you have committed").first.wait_for(timeout=90_000)
    yield page
    assert lab.complaints(page) == []
    assert lab.outside == []
    lab.close(page)


def predict(page, number: int, sign: str, presses: int) -> None:
    """Choose a direction, move the slider and commit, in the so many-th prediction."""
    page.get_by_role("button", name=sign, exact=True).nth(number).click()
    handle = page.locator(".noUi-handle").nth(number)
    handle.focus()
    for _ in range(presses):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Commit").nth(number).click()


def test_nothing_is_given_away_before_the_predictions_are_committed(lab, page):
    assert page.locator("figure").count() == 0
    page.get_by_role("button", name="Commit").first.click()
    page.get_by_text("Choose a direction first").wait_for(timeout=30_000)
    page.get_by_role("button", name="Check").first.click()
    page.screenshot(path=lab.pictures / "course-before.png")


def test_committing_shows_the_result_and_what_the_prediction_was_worth(lab, page):
    predict(page, 0, "is lower", 12)
    page.get_by_text("is lower by 12").first.wait_for(timeout=30_000)
    assert page.locator("figure").count() == 0, "one of two is committed"
    predict(page, 1, "is higher", 20)
    page.locator("div.cx-wrong").first.wait_for(timeout=120_000)
    page.locator("figure").nth(2).wait_for(timeout=120_000)
    assert page.get_by_text("The direction is wrong").count() == 2
    (file,) = (lab.folder / "course" / "predictions").glob(f"{LESSON}-*.csv")
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    assert [row["predicted"] for row in rows] == ["-12", "20"]
    assert float(rows[0]["lower"]) > 0
    assert float(rows[1]["upper"]) < 0


def test_a_wrong_answer_is_told_why_and_a_right_one_that_it_is_right(lab, page):
    fields, checks = (
        page.get_by_placeholder("your answer"),
        page.get_by_role("button", name="Check"),
    )
    fields.nth(1).fill("8")
    checks.nth(1).click()
    page.get_by_text("You left out the costs of the two capabilities").wait_for(timeout=60_000)
    fields.nth(1).fill("6.0")
    checks.nth(1).click()
    page.get_by_text("Anything within 0.011").wait_for(timeout=60_000)
    page.get_by_role("button", name="Show the solution").nth(1).click()
    page.get_by_text("(serving) = 6 EUR").wait_for(timeout=60_000)


def test_a_prediction_cannot_be_changed_not_even_by_running_all_again(lab, page):
    page.evaluate(
        "async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }"
    )
    page.get_by_text("delete that file to predict again").first.wait_for(timeout=60_000)
    assert page.get_by_role("button", name="Commit").count() == 0


#: The first; the others are slow tests.
ALWAYS = ("01",)


@pytest.mark.parametrize(
    "lesson",
    [each if each.startswith(ALWAYS) else pytest.param(each, marks=pytest.mark.slow)
     for each in LESSONS],
)  # fmt: skip
def test_a_lesson_fits_the_screen_once_everything_is_shown(lab, lesson):
    page = lab.open(f"course/{lesson}.ipynb")
    page.locator("div.cx-wait, div.cx-wrong, div.cx-right").first.wait_for(timeout=90_000)
    page.set_viewport_size({"width": 1400, "height": 9000})  # all of it in one picture
    for number in range(page.get_by_role("button", name="Commit").count()):
        signs = page.locator(".widget-toggle-buttons").filter(has_text="the same").nth(number)
        signs.get_by_role("button").last.click()
        page.locator(".noUi-handle").nth(number).focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Commit").nth(number).click()
    page.get_by_text("once you have committed").first.wait_for(state="detached", timeout=120_000)
    page.get_by_text("is being simulated").first.wait_for(state="detached", timeout=120_000)
    assert page.locator("figure").count() >= 2
    for width in (1400, 1024):
        page.set_viewport_size({"width": width, "height": 9000})
        page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        page.wait_for_timeout(1500)
        page.screenshot(path=lab.pictures / f"course-{lesson[:2]}-{width}.png")
        assert page.evaluate(TOO_WIDE) == [], width
    assert lab.complaints(page) == []
    lab.close(page)
