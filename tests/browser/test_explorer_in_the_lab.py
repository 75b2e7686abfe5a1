"""The explorer in a real browser: sliders answer, buttons work."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open("explore.ipynb")
    page.locator(".noUi-handle").first.wait_for(timeout=60_000)
    yield page
    assert lab.complaints(page) == []
    assert lab.outside == []
    lab.close(page)


def answer(page) -> str:
    return page.locator("p.cx-answer").first.inner_text()


def wait_until(page, said: str, seconds: float = 60) -> str:
    page.wait_for_function(
        "said => [...document.querySelectorAll('.jp-OutputArea p, .widget-html p')]"
        ".some(p => p.innerText.includes(said))",
        arg=said,
        timeout=1000 * seconds,
    )
    return answer(page)


def press(page, text: str) -> None:
    page.get_by_role("button", name=text).first.click()


def test_a_slider_moves_the_market_and_the_sentence_is_that_of_the_figure(lab, page):
    handle = page.locator(".noUi-handle").first
    handle.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    said = wait_until(page, "Mass's interaction 0.3 instead of 0.1")
    figure = page.locator("figure img").first.get_attribute("alt")
    share = said.split("market share ")[1].split(" points")[0]
    assert share.startswith(("rises by", "falls by"))
    assert "what-if" in figure
    page.set_viewport_size({"width": 1400, "height": 1900})  # all of it in one picture
    page.screenshot(path=lab.pictures / "explorer-moved.png")


def test_why_takes_the_difference_apart(lab, page):
    press(page, "Why?")
    page.get_by_text("contribution of each driver of choice").wait_for(timeout=120_000)
    page.screenshot(path=lab.pictures / "explorer-why.png")


def test_the_break_even_price_is_looked_for(lab, page):
    press(page, "Break-even price")
    wait_until(page, "Break-even price of Mass", 120)
    page.screenshot(path=lab.pictures / "explorer-break-even.png")


def test_a_scenario_is_saved_and_can_be_loaded(lab, page):
    import cxsim as cx

    press(page, "Save")
    wait_until(page, "Saved:")
    saved = cx.load(lab.folder / "what-if.yaml")
    assert saved.firms["Mass"].interaction == pytest.approx(0.3)


def test_a_report_is_made(lab, page):
    press(page, "Make report")
    wait_until(page, "Report:", 180)
    report = lab.folder / "results" / "what-if-what-if" / "report.html"
    assert "what-if" in report.read_text(encoding="utf-8")
