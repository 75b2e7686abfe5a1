"""The explorer in a real browser: one screen, sliders that answer, buttons, work that stops."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

SIZES = [(1440, 900), (1024, 768)]
TOP = "document.querySelector('.cx-bench').scrollIntoView({block: 'start'})"
#: Where the panel and its parts stand, and whether something of them must be scrolled to.
PLACES = """() => {
  const panel = document.querySelector('.cx-bench');
  const window = panel.closest('.jp-WindowedPanel-outer').getBoundingClientRect();
  const part = (name) => {
    const found = panel.querySelector(name), box = found.getBoundingClientRect();
    return {name, top: box.top - window.top, bottom: window.bottom - box.bottom,
            right: window.right - box.right, height: box.height,
            hidden: Math.max(found.scrollHeight - found.clientHeight, 0)};
  };
  return ['.cx-levers', '.cx-said', '.cx-board', '.cx-more', '.cx-right > .cx-row:last-child']
    .map(part);
}"""
RUN = """async () => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const asked = kernel.requestExecute({code: "print('free')"});
  await asked.done;
  return document.querySelector('.cx-work').innerText;
}"""


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open("explore.ipynb")
    page.locator(".cx-board .main-svg").first.wait_for(timeout=90_000)
    yield page
    assert lab.complaints(page) == []
    assert lab.outside == []
    lab.close(page)


def wait_until(page, said: str, seconds: float = 60, where: str = ".cx-bench") -> str:
    page.wait_for_function(
        "([where, said]) => document.querySelector(where).innerText.includes(said)",
        arg=[where, said],
        timeout=1000 * seconds,
    )
    return page.locator("p.cx-answer").first.inner_text()


def press(page, text: str) -> None:
    page.locator(".cx-bench").get_by_role("button", name=text).first.click()


def slide(page, label: str, steps: int) -> None:
    handle = page.get_by_role("slider", name=label).first
    handle.focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")


def test_a_slider_moved_by_keyboard_changes_answer_and_picture(lab, page):
    slide(page, "Interaction", 10)
    said = wait_until(page, "Mass's interaction 0.3 instead of 0.1")
    assert "market share rises by" in said
    drawn = page.locator(".cx-pictures")
    page.wait_for_function(
        "() => document.querySelector('.cx-pictures').ariaLabel.includes('interaction 0.3')"
    )
    assert "(" in drawn.get_attribute("aria-label")
    assert drawn.get_attribute("role") == "img"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_sliders_answer_and_pictures_fit_one_screen(lab, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(TOP)
    page.wait_for_timeout(700)
    page.screenshot(path=lab.pictures / f"explorer-{width}.png")
    for part in page.evaluate(PLACES):
        assert part["top"] >= -1, part
        assert part["bottom"] >= -1, part
        assert part["right"] >= -1, part
        assert part["height"] > 15, part
        if part["name"] in (".cx-levers", ".cx-said", ".cx-board"):
            assert part["hidden"] <= 2, part


def test_a_move_is_undone_and_taken_again(page):
    last = page.locator("p.cx-answer").first.inner_text()
    press(page, "Undo")
    page.wait_for_function(
        "last => document.querySelector('p.cx-answer').innerText !== last", arg=last
    )
    press(page, "Redo")
    wait_until(page, "interaction 0.3 instead of 0.1")


def test_a_kept_what_if_is_compared_with_the_next(page):
    press(page, "Keep as A")
    slide(page, "Interaction", 5)
    wait_until(
        page, "B: With Mass's interaction 0.4 instead of 0.1. In B against A", where=".cx-more"
    )
    press(page, "Key figures")


def test_long_work_leaves_the_kernel_free_and_is_stopped(lab, page):
    press(page, "Decide")
    page.locator(".cx-work").wait_for(state="visible", timeout=20_000)
    wait_until(page, "Decide: ", where=".cx-work")
    assert "Decide" in page.evaluate(RUN)  # a cell has run meanwhile
    page.screenshot(path=lab.pictures / "explorer-work.png")
    press(page, "Stop")
    wait_until(page, "Decide: stopped, no result.", where=".cx-more")
    assert not page.locator(".cx-work").is_visible()


def test_a_what_if_is_saved_and_opened(lab, page):
    import cxsim as cx

    press(page, "Save")
    wait_until(page, "Saved:", where=".cx-more")
    saved = cx.load(lab.folder / "what-if.yaml")
    assert saved.firms["Mass"].interaction == pytest.approx(0.4)
    press(page, "Start again")
    wait_until(page, "Current situation of Mass")
    press(page, "Open")
    wait_until(page, "interaction 0.4 instead of 0.1")


@pytest.mark.slow
def test_why_takes_the_difference_apart(lab, page):
    press(page, "Why?")
    page.get_by_text("contribution of each driver of choice").wait_for(timeout=180_000)
    page.screenshot(path=lab.pictures / "explorer-why.png")


@pytest.mark.slow
def test_the_break_even_price_is_looked_for(lab, page):
    press(page, "Break-even price")
    wait_until(page, "Break-even price of Mass", 180, ".cx-more")
    page.screenshot(path=lab.pictures / "explorer-break-even.png")


@pytest.mark.slow
def test_a_report_is_made(lab, page):
    press(page, "Make report")
    wait_until(page, "Report:", 300, ".cx-more")
    report = lab.folder / "results" / "what-if-what-if" / "report.html"
    assert "what-if" in report.read_text(encoding="utf-8")
