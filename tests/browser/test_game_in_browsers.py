"""A market played in class, in browsers: two teams, an instructor and the projector."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from games import ledger_of
from test_game_pages import FLAWS, WIDTHS

pytestmark = pytest.mark.browser

NAMES = ("Otters", "Herons", "instructor", "projector")


@pytest.fixture
def served(tmp_path):
    """A game, its links by whose they are, and the process that serves it."""
    ledger_of(tmp_path).close()
    words = [sys.executable, "-m", "cxsim", "game", "serve", "small.db", "--port", "0"]
    processes = []

    def start(port="0"):
        processes.append(
            subprocess.Popen([*words[:-1], port], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        )
        links = {}
        for line in processes[-1].stdout:
            if found := re.fullmatch(r"(\S+) +(http://\S+)\n", line):
                links[found[1]] = found[2]
            if "projector" in links:
                break
        return links, processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def pages_of(browser, links):
    """A page for each link, in a context of its own; what goes wrong or leaves is noted."""
    pages, wrong = {}, []
    for name in NAMES:
        width = 360 if name == "Otters" else 1024
        page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: (
                wrong.append(request.url)
                if "//127.0.0.1:" not in request.url and request.url.startswith("http")
                else None
            ),
        )
        page.goto(links[name])
        pages[name] = page
    return pages, wrong


def test_two_teams_play_a_round_in_browsers_and_go_on_after_a_kill(browser, served):
    links, process = served()
    pages, wrong = pages_of(browser, links)
    otters, herons, instructor, screen = (pages[name] for name in NAMES)
    instructor.click("text=Open round 1")
    otters.wait_for_selector("#form")
    otters.fill("#f-price", "18.25")
    otters.click("button[type=submit]")
    otters.wait_for_selector("#problems:focus")
    assert "expected steps of 0.5 from 15, found 18.25" in otters.inner_text("#p-price")
    otters.fill("#f-price", "18")
    otters.fill("[id='f-customization']", "0.4")
    otters.wait_for_selector("#room-text:has-text('of 50,000 EUR')")
    otters.click("button[type=submit]")
    otters.wait_for_selector(".done")
    screen.wait_for_selector("#stage:has-text('1 of 2 teams have decided')")

    process.kill()
    process.wait()
    herons.wait_for_selector("#line:not([hidden])")
    port = links["projector"].split(":")[2].split("/")[0]
    served(port)
    herons.wait_for_selector("#line[hidden]", state="attached", timeout=30_000)
    herons.fill("#f-price", "21")
    herons.click("button[type=submit]")
    herons.wait_for_selector(".done")
    instructor.wait_for_selector("#stage:has-text('2 of 2 teams have decided')")
    instructor.click("text=Close round 1")
    for page in (otters, herons):
        page.wait_for_selector("text=Your accounts")
    screen.wait_for_selector("svg[role=img]")
    assert otters.evaluate("document.documentElement.scrollWidth") <= 360
    assert not otters.query_selector("#form")
    assert wrong == []


def serious(page):
    """What axe calls serious or critical on a page, with the first places of each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    result = axe.run(page).response
    assert result["passes"], "axe looked at something"
    return [
        (each["id"], [node["html"][:100] for node in each["nodes"]][:3])
        for each in result["violations"]
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.slow
def test_axe_finds_nothing_serious_on_pages_of_team_instructor_and_projector(browser, served):
    links, _ = served()
    pages, _ = pages_of(browser, links)
    instructor = pages["instructor"]
    for button in ("Open round 1", "Close round 1", "End the game"):
        for name, page in pages.items():
            assert serious(page) == [], (name, button)
        instructor.click(f"text={button}")
        for page in pages.values():
            page.wait_for_timeout(1500)
    for name, page in pages.items():
        assert serious(page) == [], name
    for name, place in (("Otters", "debrief"), ("projector", "debrief"), ("instructor", "links")):
        pages[name].goto(pages[name].url + place)
        assert serious(pages[name]) == [], (name, place)


@pytest.mark.slow
def test_served_pages_fit_every_width_and_ask_no_other_host(browser, served):
    links, _ = served()
    pages, wrong = pages_of(browser, links)
    instructor = pages["instructor"]
    for button in ("Open round 1", "Close round 1", "End the game"):
        instructor.click(f"text={button}")
        instructor.wait_for_load_state()
        for page in pages.values():
            page.wait_for_timeout(500)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
            assert page.evaluate(FLAWS) == [], page.url
    assert wrong == []
