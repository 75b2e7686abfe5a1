"""The documentation site is built without a warning and opens without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built from a copy of the pages with warnings as errors."""
    for needed in ("furo", "myst_parser", "sphinx_click", "sphinx_copybutton", "sphinx_design"):
        pytest.importorskip(needed)
    home = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", home / "docs", ignore=shutil.ignore_patterns("generated"))
    for path in (*ROOT.glob("*.md"), ROOT / "CITATION.cff"):
        shutil.copy(path, home)
    (home / "cxsim").symlink_to(ROOT / "cxsim")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet",
         str(home / "docs"), str(home / "site")],
        cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return home / "site"


@pytest.mark.parametrize("width", [1400, 390], ids=["desktop", "phone"])
def test_pages_ask_nobody_for_anything_and_fit_the_window(site, browser, width, pictures):
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    written = [path for path in site.rglob("*.html") if path.parent.name != "generated"]
    for path in (*written, *sorted((site / "generated").glob("*.html"))[::20]):
        page.goto(path.as_uri(), wait_until="load")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if path.parent == site:
            page.screenshot(path=pictures / f"site_{path.stem}_{width}.png")
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []


def test_search_finds_without_a_server(site, browser):
    page = browser.new_page()
    page.goto(f"{(site / 'search.html').as_uri()}?q=forgetting_rate")
    page.wait_for_selector("#search-results ul li a")
    assert "model.html" in page.content()
    page.close()
