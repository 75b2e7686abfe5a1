"""The last lesson in a real browser: a market of one's own, and the rubric counted by a click."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_points_are_counted_once_predictions_are_committed(lab):
    page = lab.open("course/08_your_own_industry.ipynb")
    page.set_viewport_size({"width": 1024, "height": 9000})
    page.get_by_text("Check this first").wait_for(timeout=90_000)
    count = page.get_by_role("button", name="Count my points")
    count.wait_for(timeout=90_000)
    count.click()
    page.get_by_text("First commit to your predictions").wait_for(timeout=30_000)
    for number in range(2):
        signs = page.locator(".widget-toggle-buttons").filter(has_text="the same").nth(number)
        signs.get_by_role("button").last.click()
        page.locator(".noUi-handle").nth(number).focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Commit").nth(number).click()
    page.get_by_text("once you have committed").first.wait_for(state="detached", timeout=120_000)
    page.get_by_role("button", name="in part").first.click()
    count.click()
    page.locator("table.cx-rubric").wait_for(timeout=120_000)
    table = page.locator("table.cx-rubric")
    assert "of 24 points" in table.inner_text()
    assert "2 of 2." in table.inner_text(), "both predictions count, right or wrong"
    assert "1 of 2" in table.inner_text(), "what one gave oneself"
    box = table.bounding_box()
    assert box["x"] + box["width"] <= 1024
    page.screenshot(path=lab.pictures / "course-rubric.png")
    assert lab.complaints(page) == []
    lab.close(page)
