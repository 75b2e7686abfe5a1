"""A hundred thousand periods: what memory and time do as a run gets long (``make soak``).

A run keeps what it measures of each period, so that it can be asked for anything at its end:
its books grow by a fixed number of bytes a period. Nothing else may grow, and a late period
may take no longer than an early one. ``--periods 1000000`` goes on for longer.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["MARKETS", "Soaked", "soak"]

PERIODS = 100_000
CUSTOMERS = 200

#: Bytes that may come and go beside the books, also as a share of these (they are copied to a
#: book twice as thick now and then), and how much slower a late period may be.
SLACK, SHARE, SLOWER = 32 << 20, 0.1, 3.0


def _baseline(periods: int) -> Any:
    import cxsim as cx

    return cx.load("baseline").override({"customers": CUSTOMERS, "periods": periods})


def _rivals(periods: int) -> Any:
    """Firms that decide every period on all that their books hold."""
    import cxsim as cx

    return cx.load("two_roads_rivals").override({"customers": CUSTOMERS, "periods": periods})


def _lived(periods: int) -> Any:
    """A journey, firms that listen, word of mouth, value tiers, points and events."""
    from lab.benchmarks.markets import SWITCHES, five_firms

    wanted = ("a journey, and firms that listen and improve", "word of mouth, small world",
              "points from every firm", "a third of customers served individually",
              "needs drift")  # fmt: skip
    changes: dict[str, Any] = {}
    for words, _, switched, _ in SWITCHES:
        changes |= switched if words in wanted else {}
    events = [{"at": k * periods // 20, "set": {"firms.Mass.price": 20.0 + k}} for k in range(20)]
    return five_firms(customers=CUSTOMERS, periods=periods, events=events).override(changes)


#: What is run for long, by name.
MARKETS: dict[str, Callable[[int], Any]] = {
    "baseline": _baseline, "firms that decide": _rivals, "what customers live": _lived,
}  # fmt: skip


@dataclass(frozen=True)
class Soaked:
    """Time and memory of a long run.

    Attributes
    ----------
    market : str
    periods : int
    bytes_per_period : int
        That the books grow by.
    grown : int
        Bytes by which the process grew from a tenth of the run to its end, less the books.
    early, late : float
        Microseconds of processor time of a period in the second and in the last tenth of the run.
    peak : int
        Bytes of memory at the end.
    """

    market: str
    periods: int
    bytes_per_period: int
    grown: int
    early: float
    late: float
    peak: int

    @property
    def is_flat(self) -> bool:
        """Whether nothing but the books grew, and late periods are no slower."""
        most = SLACK + SHARE * self.bytes_per_period * self.periods
        return self.grown < most and self.late < SLOWER * self.early


def soak(market: str, periods: int = PERIODS) -> Soaked:
    """Run a market for long in a process of its own (Linux)."""
    command = [sys.executable, "-m", "lab.benchmarks.soak", "--child", market]
    done = subprocess.run(
        [*command, "--periods", str(periods)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return Soaked(**json.loads(done.stdout))


def _child(market: str, periods: int) -> Soaked:
    from cxsim.runs.simulation import Simulation

    simulation = Simulation(MARKETS[market](periods))
    simulation.warm_up()
    memory, times = {}, {}
    start = time.process_time()
    while not simulation.finished:
        simulation.step()
        if simulation.period % (periods // 10) == 0:
            times[simulation.period] = time.process_time() - start
            gc.collect()
            memory[simulation.period] = _memory()
            start = time.process_time()
    marks = sorted(memory)
    ledger = simulation.ledger
    book = sum(page.nbytes for page in (ledger.last()._totals, ledger.last()._rows))
    decided = sum(8 * len(each) for each in simulation.decisions._books.values())
    each = book + decided
    return Soaked(
        market=market, periods=periods, bytes_per_period=each,
        grown=memory[marks[-1]] - memory[marks[0]] - each * (marks[-1] - marks[0]),
        early=1e6 * times[marks[1]] / (periods // 10),
        late=1e6 * times[marks[-1]] / (periods // 10),
        peak=memory[marks[-1]],
    )  # fmt: skip


def _memory() -> int:
    """Return what the process holds in memory, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return 1024 * int(found.group(1))


def main() -> int:
    """Soak all markets and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m lab.benchmarks.soak", description=__doc__)
    parser.add_argument("--periods", type=int, default=PERIODS)
    parser.add_argument("--child", choices=MARKETS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(vars(_child(given.child, given.periods))))
        return 0
    print(f"{given.periods:,} periods of {CUSTOMERS} customers; memory in MB")
    print(f"{'market':22} {'bytes a period':>14} {'at the end':>10} {'growth beside':>13}"
          f" {'us a period, early':>18} {'late':>6}")  # fmt: skip
    flat = True
    for market in MARKETS:
        one = soak(market, given.periods)
        flat &= one.is_flat
        print(f"{market:22} {one.bytes_per_period:14,} {one.peak / 1e6:10.0f} "
              f"{one.grown / 1e6:13.1f} {one.early:18.0f} {one.late:6.0f}"
              f"{'' if one.is_flat else '   NOT FLAT'}", flush=True)  # fmt: skip
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
