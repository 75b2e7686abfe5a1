"""What commands cost in processor time, of all their processes, against an import of libraries.

``python -m lab.benchmarks.commands`` prints medians of seconds, and of ratios within a round, with
the ranges. Byte code and compiled passes are on disk; ``--cold`` also says how long ``cxsim warm``
takes from an empty cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from lab.benchmarks.timing import Timing, ratio, say, seconds_of
from lab.benchmarks.whole_path import CLI, Place

#: The libraries that any program with a simulation, a table and a figure imports.
LIBRARIES = "import numba, pandas, matplotlib.pyplot"

#: Arguments of each command, what it is compared with, and the ratio that is the goal.
COMMANDS: dict[str, tuple[tuple[str, ...], str, float]] = {
    "cxsim compare baseline copycat --seeds 20": (
        ("compare", "baseline", "copycat", "--seeds", "20", "-o", "compared"), "libraries", 2.5),
    "cxsim run baseline": (("run", "baseline", "-o", "run"), "libraries", 2.0),
    "cxsim --help": (("--help",), "nothing", 12.0),
}  # fmt: skip


def processor_seconds(action: Callable[[], object]) -> float:
    """Return the processor time, user's and system's, of the processes that an action waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def commands(place: Place, rounds: int) -> dict[str, list[float]]:
    """Return processor seconds by round of imports and commands, one after the other.

    Parameters
    ----------
    place : Place
        Where they run, and keep byte code and compiled passes.
    rounds : int
        One more comes first, which is not counted: it compiles.
    """
    actions: dict[str, Callable[[], object]] = {
        "nothing": lambda: place.python("pass"),
        "libraries": lambda: place.python(LIBRARIES),
    }
    for name, (words, _, _) in COMMANDS.items():
        actions[name] = lambda words=words: place.python(CLI, *words)
    found: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        say(f"round {number} of {rounds}")
        for name, action in actions.items():
            seconds = processor_seconds(action)
            if number:
                found[name].append(seconds)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m lab.benchmarks.commands", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true", help="also time cxsim warm, from nothing")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cxsim-benchmark-") as folder:
        place = Place(Path(folder))
        found = commands(place, given.rounds)
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
        sys.stdout.write(f"load (1, 5, 15 minutes): {load}\n")
        for name, seconds in found.items():
            told = Timing.of(seconds)
            line = f"{name:44}{told['median']:6.2f} s ({told['low']:.2f}-{told['high']:.2f})"
            if name in COMMANDS:
                _, base, goal = COMMANDS[name]
                part = ratio(seconds, found[base])
                line += f"  {part['median']:5.2f} times {base} (goal: at most {goal:g})"
            sys.stdout.write(f"{line}\n")
        if given.cold:
            place.empty_cache()
            passed = seconds_of(lambda: place.python(CLI, "warm"))
            sys.stdout.write(f"cxsim warm, from an empty cache: {passed:.1f} s of wall time\n")


if __name__ == "__main__":
    main()
