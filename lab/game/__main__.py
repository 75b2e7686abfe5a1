"""Try the classroom market as a class would, and worse: ``make test-game``.

Servers run in processes of their own and are spoken to over HTTP and sockets on this machine.
Times are shown beside what is asked and fail nothing, because other work on the machine changes
them; what is lost, taken or sent that must not be fails the command.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from lab.game.trials import Row, course, failed, forged, killed


async def trials(folder: Path, *, full: bool, kills: int) -> list[Row]:
    """Run all trials, the short or the full form, and print rows as they come."""
    rows: list[Row] = []
    if full:
        large = {"members": 5, "customers": 10_000, "rounds": 5}
        asked = [
            lambda: course(folder, firms=8, label="eight", limit=180, **large),
            lambda: course(folder, firms=4, label="75 minutes", limit=60, **large),
            lambda: killed(folder, kills=kills),
            lambda: forged(folder, count=1000),
        ]
    else:
        small = {"members": 5, "customers": 500, "rounds": 2}
        asked = [
            lambda: course(folder, firms=4, label="short", limit=60, **small),
            lambda: killed(folder, kills=kills, forgeries_too=250),
        ]
    for each in asked:
        for row in await each():
            rows.append(row)
            sign = "ok  " if row.fine else ("slow" if row.timed else "FAIL")
            print(f"{sign}  {row.what:66}  {row.asked:22}  {row.found}", flush=True)
    return rows


def main() -> int:
    """Run the trials and say whether all is as asked."""
    parser = argparse.ArgumentParser(prog="python -m lab.game", description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="8 teams, 100 kills, 1,000 forgeries")
    parser.add_argument("--kills", type=int, help="how often a server is killed (2, full: 100)")
    given = parser.parse_args()
    kills = given.kills or (100 if given.full else 2)
    began = time.monotonic()
    for name in ("asyncio", "tornado"):  # of connections to servers that were killed
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        if hasattr(os, "getloadavg")
        else ""
    )
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(trials(Path(folder), full=given.full, kills=kills))
    wrong = len(list(failed(rows)))
    print(f"{time.monotonic() - began:.0f} seconds")
    print(f"{len(rows) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
