"""A study in a notebook: while it runs, one line says how far it is."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = pytest.mark.browser

#: Half of the points are no scenario, so that there are failures to be shown.
STUDY = """
scenario: baseline
overrides: {customers: 1000}
factors:
  segments.Comfort.share: [0.6, 0.5]
seeds: 1500
outputs: [market_share]
"""
LINE = re.compile(
    r"(?P<done>[\d,]+) of 3,000 runs, (?P<failed>[\d,]+) failed, (?P<rate>[\d,.]+) a second, "
    r"(?P<time>\d+:\d\d:\d\d left|in \d+:\d\d:\d\d)"
)
MIDDLE = "element => element.scrollIntoView({block: 'center'})"
PROGRESS = ".jp-OutputArea-output:has(progress)"


def number(text: str) -> float:
    return float(text.replace(",", ""))


def test_a_running_study_says_done_failed_rate_and_what_is_left(lab):
    (lab.folder / "watched.yaml").write_text(STUDY)
    notebook = json.loads((lab.folder / "sweep.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace('"prices"', '"watched.yaml"')
    (lab.folder / "watched.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    page = lab.open("watched.ipynb", wait=False)
    line = page.locator(PROGRESS).first
    line.wait_for(state="attached", timeout=240_000)
    seen = {}
    while (found := LINE.search(said := line.inner_text())) is None or "left" in found["time"]:
        if found is not None and found["done"] not in seen:
            seen[found["done"]] = found
            line.evaluate(MIDDLE)  # to run all cells leaves the page at the last one
            page.screenshot(path=lab.pictures / f"progress-{len(seen)}.png")
        assert "starting" in said or "of 3,000 runs" in said
        page.wait_for_timeout(200)
    page.evaluate("() => window.allRun")
    assert len(seen) >= 3
    done = [number(each["done"]) for each in seen.values()]
    assert done == sorted(done)
    assert all(number(each["rate"]) > 0 for each in seen.values())
    last = LINE.search(line.inner_text())
    assert (last["done"], last["failed"]) == ("3,000", "1,500")
    bar = line.locator("progress")
    assert (bar.get_attribute("value"), bar.get_attribute("max")) == ("3000", "3000")
    assert lab.complaints(page) == []
    line.evaluate(MIDDLE)
    page.screenshot(path=lab.pictures / "progress-done.png")
    lab.close(page)
