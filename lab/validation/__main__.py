"""All checks in one run: ``python -m lab.validation [--quick] [--only ROW]`` writes the page."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from lab.pages.page import DOCS, Images, write
from lab.validation.page import page
from lab.validation.registry import FULL, QUICK, Outcome, Row, Size, rows, run_row, timed
from lab.validation.rigor import CHECKLIST, missing_tests


def check(wanted: Sequence[Row], size: Size, jobs: int = 1) -> list[Outcome]:
    """Run rows, some at a time, and say what each found; one that fails stops no other."""
    if jobs == 1:
        found = list(_told([(row, partial(timed, row, size)) for row in wanted], size))
    else:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            begun = [(row, pool.submit(run_row, row.number, size)) for row in wanted]
            found = list(_told([(row, future.result) for row, future in begun], size))
    if len(found) < len(wanted):
        raise RuntimeError(f"{len(wanted) - len(found)} rows could not be run")
    return found


def _told(running: Sequence[tuple[Row, Callable[[], Any]]], size: Size) -> Iterator[Outcome]:
    """Yield outcomes in the order of rows, and print each."""
    for row, result in running:
        try:
            checks, took = result()
        except Exception:  # noqa: BLE001 - whatever it is, the other rows go on
            print(f"  failed    {row.number:6} {traceback.format_exc()}", flush=True)
            continue
        outcome = Outcome(row, size, checks)
        far = "" if outcome.farthest is None else f", farthest {outcome.farthest:.1f} s.e."
        print(
            f"  {outcome.verdict:9} {row.number:6} {len(outcome.checks):4d} numbers{far} "
            f"({took:.0f} s): {row.claim}",
            flush=True,
        )
        for wrong in outcome.wrong:
            print(f"            {wrong}")
        for vague in outcome.vague:
            print(f"            {vague.what}: standard error {vague.error:.2g} is too large")
        yield outcome


def publish(outcomes: Sequence[Outcome], docs: Path) -> Path:
    """Write the page and its figures to a folder and return the page's path."""
    from lab.validation.figures.differences import differences

    images = Images(docs, "validation")
    images.clear()
    figures: dict[str, list[str]] = {}
    for outcome in outcomes:
        by_name = {check.what: check for check in outcome.checks}
        for draw in outcome.row.figures:
            shown = images.add(draw(by_name), draw.__name__)
            figures.setdefault(outcome.row.number, []).append(shown)
    off = [c.errors_off for o in outcomes for c in o.checks if c.errors_off is not None]
    spread = images.add(differences(off), "differences") if off else ""
    return write(docs / "validation.md", page(outcomes, figures, spread=spread))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks, write the page if it is whole, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.validation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few customers, as in the tests")
    parser.add_argument(
        "--only", action="append", default=[], metavar="ROW",
        help="a row (1.2) or a section (1); may be given again; writes no page",
    )  # fmt: skip
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--docs", type=Path, help="where the page goes (default: docs, if whole)")
    given = parser.parse_args(arguments)
    try:
        wanted = rows(given.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    jobs = min(given.jobs, len(wanted))
    outcomes = check(wanted, QUICK if given.quick else FULL, jobs)
    names = [name for row in wanted for name in row.proofs]
    names += [name for items in CHECKLIST.values() for item in items for name in item.tests]
    gone = missing_tests(tuple(names))
    for name in gone:
        print(f"  no test is called {name}")
    docs = given.docs or (None if given.quick or given.only else DOCS)
    if docs:
        print(f"written: {publish(outcomes, docs).name} and its figures")
    failed = [outcome.row.number for outcome in outcomes if outcome.fails]
    if failed:
        print(f"{len(failed)} of {len(outcomes)} rows fail: {', '.join(failed)}")
    return 1 if failed or gone else 0


if __name__ == "__main__":
    sys.exit(main())
