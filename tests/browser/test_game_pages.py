"""Pages of a classroom game in a browser: narrow and wide, without other hosts, and by files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from games import ledger_of

from classroom.game.example import example_ledger
from classroom.game.folder import collect
from cxsim.cli.app import run as cxsim_command

pytestmark = pytest.mark.browser

WIDTHS = (360, 1024, 1440)

#: What assistive technology needs and a machine can see: fields and frames without a name,
#: headings that skip a level, references to nothing, tables without headers.
FLAWS = """() => {
  const found = [];
  const named = (e) => e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.title
    || (e.labels && e.labels.length) || e.textContent.trim();
  for (const e of document.querySelectorAll(
    'input:not([type=hidden]), textarea, select, button, a[href], meter'))
    if (!named(e)) found.push('no name: ' + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll('svg'))
    if (e.getAttribute('aria-hidden') !== 'true' && !e.querySelector('title')
        && !e.getAttribute('aria-label'))
      found.push('no text: ' + e.outerHTML.slice(0, 80));
  for (const name of ['aria-labelledby', 'aria-describedby', 'for'])
    for (const e of document.querySelectorAll('[' + name + ']'))
      for (const id of e.getAttribute(name).split(' '))
        if (!document.getElementById(id)) found.push(name + ' of nothing: ' + id);
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of new Set(ids))
    if (ids.filter((each) => each === id).length > 1) found.push('twice: ' + id);
  let level = 0;
  for (const e of document.querySelectorAll('h1, h2, h3, h4')) {
    const now = Number(e.tagName[1]);
    if (now > level + 1) found.push('heading: ' + e.textContent);
    level = now;
  }
  for (const e of document.querySelectorAll('table'))
    if (!e.querySelector('th[scope]')) found.push('table without headers');
  if (!document.documentElement.lang || !document.title || !document.querySelector('main'))
    found.push('no language, title or main part');
  return found;
}"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The folder of a game by files whose second round is open, with a wrong decision in it."""
    home = tmp_path_factory.mktemp("by file")
    ledger = ledger_of(home)
    collect(ledger, home / "shared", close=True)
    whole = {"round": 2, "token": ledger.token("team Otters"), "decision": {"price": "99"}}
    (home / "shared/round_2/Otters.json").write_text(json.dumps(whole))
    collect(ledger, home / "shared")
    yield ledger, home / "shared"
    ledger.close()


def opened(browser, path, width):
    """A page of a file; every request to a host is refused and noted."""
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))

    def refuse(route):
        wrong.append(route.request.url)
        route.abort()

    page.route("http*://**", refuse)
    page.goto(path.as_uri())
    return page, wrong


@pytest.mark.parametrize("width", WIDTHS)
def test_a_teams_page_fits_every_width_and_is_complete_without_a_host(browser, shared, width):
    page, wrong = opened(browser, shared[1] / "Otters/page.html", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(FLAWS) == []
    assert wrong == []
    page.close()


def test_a_page_by_file_saves_the_decision_that_is_then_collected(browser, shared):
    ledger, folder = shared
    page, wrong = opened(browser, folder / "Otters/page.html", 1024)
    assert "expected a number from 15 to 25, found 99" in page.inner_text("#problems")
    page.fill("#f-price", "18.5")
    with page.expect_download() as saved:
        page.click("button[type=submit]")
    assert saved.value.suggested_filename == "Otters.json"
    saved.value.save_as(folder / "round_2/Otters.json")
    assert collect(ledger, folder).stored == ["Otters"]
    assert ledger.state.decisions[2, "Otters"].values["price"] == 18.5
    page.reload()
    assert "Stored at" in page.inner_text(".done")
    assert wrong == []


def test_the_debrief_is_printed_for_the_class_and_for_each_team(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example_ledger("class.db", customers=200).close()
    assert cxsim_command(["game", "export", "class.db", "out", "--seeds", "0", "--pdf"]) == 0
    printed = {path.stem: path.read_bytes() for path in Path("out").glob("*.pdf")}
    assert printed.keys() == {path.stem for path in Path("out").glob("*.html")}
    assert all(data.startswith(b"%PDF-") and len(data) > 20_000 for data in printed.values())
