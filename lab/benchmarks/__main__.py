"""All benchmarks in one run: ``python -m lab.benchmarks [--quick]`` writes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lab.benchmarks.child import ROOT
from lab.benchmarks.goals import goals
from lab.benchmarks.plan import FULL, QUICK, Plan
from lab.benchmarks.timing import say


def measure(plan: Plan) -> dict[str, Any]:
    """Run every section and return what was found, as plain numbers and words."""
    from lab.benchmarks.engines import engines
    from lab.benchmarks.growth import growth
    from lab.benchmarks.machine import machine
    from lab.benchmarks.passes import passes
    from lab.benchmarks.race import race
    from lab.benchmarks.whole_path import whole_path

    return {
        "plan": plan.name,
        "machine": machine(),
        "passes": passes(),
        "engines": engines(plan),
        "peers": race(plan),
        "growth": growth(plan),
        "path": whole_path(plan),
    }


def publish(found: dict[str, Any], folder: Path) -> Path:
    """Write the page and its figures to a folder and return the page's path."""
    from lab.benchmarks.figures import draw
    from lab.benchmarks.page import page
    from lab.pages.page import Images, write

    figures = draw(found, Images(folder, "benchmarks"))
    return write(folder / "benchmarks.md", page(found, figures))


def main() -> None:
    """Measure, write the page, and print the goals."""
    parser = argparse.ArgumentParser(prog="python -m lab.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, smaller sizes")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where the page goes")
    parser.add_argument("--keep", type=Path, help="also write the raw numbers to this file")
    parser.add_argument("--from", dest="source", type=Path, help="measure nothing: read these")
    given = parser.parse_args()
    if given.source:
        found = json.loads(given.source.read_text(encoding="utf-8"))
    else:
        # Through JSON and back, so that a page from kept numbers is the same page.
        found = json.loads(json.dumps(measure(QUICK if given.quick else FULL)))
    if given.keep:
        given.keep.write_text(json.dumps(found, indent=1), encoding="utf-8")
    path = publish(found, given.docs)
    say(f"written: {path.name} and its figures")
    for goal in goals(found):
        print(f"  {goal.verdict.strip('*'):13} {goal.what}: {goal.obtained} (goal: {goal.goal})")


if __name__ == "__main__":
    main()
