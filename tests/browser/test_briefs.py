"""Reports in a browser and on paper: nothing is cut, and no heading stands alone."""

from __future__ import annotations

import re

import pytest

from cxsim.cli.app import run as cxsim_command

pytestmark = pytest.mark.browser

WIDTHS = (390, 1024, 1440)

#: Texts that reach beyond the page, or out of what holds them where that cuts or does not scroll.
CUT = """() => {
  const found = [], page = document.documentElement.clientWidth;
  const scrolls = (e) => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walk.nextNode()) {
    const text = walk.currentNode, holder = text.parentElement;
    if (!text.data.trim() || holder.closest('style, script, thead') || !holder.checkVisibility())
      continue;
    let e = holder;
    while (e && !scrolls(e)) e = e.parentElement;
    const within = e && e.scrollWidth > e.clientWidth;
    range.selectNodeContents(text);
    const block = holder.closest('p, li, dd, dt, td, th, h1, h2, h3, h4, pre, summary, caption');
    const edge = (block || holder).getBoundingClientRect();
    for (const box of range.getClientRects()) {
      if (!box.width) continue;
      if (!within && (box.right > page + 1 || box.left < -1)) found.push('page: ' + text.data);
      if (!(block && scrolls(block)) && box.right > edge.right + 1) found.push('cut: ' + text.data);
    }
  }
  return found;
}"""

#: Anchors for headings and for what follows each, so that a printed page says where they are.
ANCHORS = """() => {
  const shown = [...document.querySelectorAll(
    'h1, h2, h3, h4, p, li, tr, dt, img, pre, summary')].filter((e) => e.checkVisibility()
    && e.getClientRects().length && e.getBoundingClientRect().height > 4);
  const nav = document.createElement('nav'), pairs = [];
  shown.forEach((e, k) => {
    if (!e.id) e.id = 'place-' + k;
    const a = document.createElement('a');
    a.href = '#' + e.id; a.textContent = '. ';
    nav.append(a);
    if (/^H[1-4]$/.test(e.tagName) && shown[k + 1])
      pairs.push([e.textContent, e.id, shown[k + 1].id || 'place-' + (k + 1)]);
  });
  document.body.append(nav);
  return pairs;
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a comparison of two small markets."""
    folder = tmp_path_factory.mktemp("compared") / "report"
    small = ["--seeds", "2", "-s", "customers=200", "-s", "periods=36", "--firm", "Tailor"]
    words = ["compare", "baseline", "copycat", *small, "--author", "Strategy", "-o", str(folder)]
    assert cxsim_command(words) == 0
    return folder / "report.html"


@pytest.fixture(scope="module")
def page(browser, report):
    """The report, open in a window of its own."""
    opened = browser.new_page(viewport={"width": 1024, "height": 900})
    opened.goto(report.as_uri())
    yield opened
    opened.close()


def pages_of(printed):
    """How many pages a PDF has, and the page of each anchor (page, height above its foot)."""
    order = [int(k) for k in re.findall(rb"(\d+) 0 obj\s*<</Type /Page\s", printed)]
    places = re.findall(rb"/(place-\d+|[\w-]+) \[(\d+) 0 R /XYZ \S+ (\S+)", printed)
    return len(order), {
        name.decode(): (order.index(int(where)), float(height)) for name, where, height in places
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_a_report_fits_every_width_and_no_text_is_cut(page, width, pictures):
    page.set_viewport_size({"width": width, "height": 900})
    page.screenshot(path=pictures / f"brief_{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []


def test_amounts_of_a_brief_stay_in_one_line(page):
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        amounts = page.locator(".cx-numbers dd:not(.cx-beside)", has_text=re.compile(r"EUR|points"))
        heights = [amounts.nth(k).bounding_box()["height"] for k in range(amounts.count())]
        assert len(heights) >= 4
        assert max(heights) < 30, width


def test_axe_finds_nothing_serious_and_every_picture_has_a_text(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    result = axe.run(page).response
    assert result["passes"], "axe looked at something"
    serious = [
        (each["id"], [node["html"][:100] for node in each["nodes"]][:3])
        for each in result["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    texts = page.eval_on_selector_all("img:not(.cx-logo)", "all => all.map((e) => e.alt)")
    assert texts
    assert all(len(text) > 40 and "No description" not in text for text in texts)


def test_what_is_folded_opens_by_keyboard(page):
    folds = page.locator("details")
    assert folds.count() >= 3
    for name in (".cx-terms", ".cx-fold"):
        page.focus(f"{name} > summary")
        assert not page.evaluate("document.activeElement.parentElement.open")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.parentElement.open")


def test_printed_headings_stay_with_what_follows_and_the_brief_is_on_one_page(page, pictures):
    paper = {"format": "A4", "margin": dict.fromkeys(("top", "bottom", "left", "right"), "15mm")}
    page.set_viewport_size({"width": 1024, "height": 900})
    page.pdf(path=pictures / "brief.pdf", **paper)
    page.emulate_media(media="print")
    pairs = page.evaluate(ANCHORS)
    number, places = pages_of(page.pdf(**paper))
    assert 3 <= number <= 12
    assert len(pairs) > 8
    alone = [text for text, here, after in pairs if places[here][0] != places[after][0]]
    assert alone == []
    figures = next(here for text, here, _ in pairs if text == "The answer in figures")
    assert places[figures][0] == 1, "the brief before it is on the first page"
