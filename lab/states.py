"""Compare the states of markets with those of an earlier version of the code, to the bit.

``python -m lab.states`` plays every shipped scenario with few customers, and looks whether every
column of its customers and every total of its periods holds the same bytes as ``lab/states.json``.
Names do not matter, so that a change of names can be distinguished from a change of numbers.
``--keep`` writes the file anew, where numbers are meant to change.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import cxsim as cx
from cxsim.model.mechanism_registry import PROBES
from cxsim.runs.simulation import Simulation
from cxsim.scenario.loading import shipped_scenarios

KEPT = Path(__file__).with_name("states.json")
CUSTOMERS, SEED = 2000, 5


def digest(values: Any) -> str:
    """Return a short digest of an array: its type, shape and bytes."""
    array = np.ascontiguousarray(values)
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()[:16]


def state(scenario: Any) -> dict[str, dict[str, str]]:
    """Return digests of the customers' columns and of the totals after a run of few customers."""
    few = scenario.override({"customers": CUSTOMERS})
    simulation = Simulation(few, seed=SEED, observers=tuple(PROBES))
    simulation.warm_up()
    while not simulation.finished:
        simulation.step()
    workspace = simulation.workspace
    return {
        "customers": {n: digest(simulation.customers(n)) for n in workspace.population.columns},
        "totals": {n: digest(simulation.ledger.count(n)) for n in workspace.total_places},
    }


def states() -> dict[str, dict[str, dict[str, str]]]:
    """Return the state of every shipped scenario by name."""
    return {name: state(cx.load(name)) for name in shipped_scenarios()}


def differences(
    before: dict[str, dict[str, dict[str, str]]], now: dict[str, dict[str, dict[str, str]]]
) -> list[str]:
    """Return a line for every column and total whose bytes are found on one side alone."""
    lines = [f"{name}: on one side alone" for name in sorted(before.keys() ^ now.keys())]
    for name in sorted(before.keys() & now.keys()):
        for kind in ("customers", "totals"):
            old, new = Counter(before[name][kind].values()), Counter(now[name][kind].values())
            for say, side, other in (("was", before, old - new), ("is", now, new - old)):
                lines += [
                    f"{name}: {kind}: {say} {key} {value}"
                    for key, value in side[name][kind].items()
                    if value in other
                ]
    return lines


def main() -> int:
    """Compare, or keep what is."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--keep", action="store_true", help="write lab/states.json anew")
    now = states()
    if parser.parse_args().keep:
        KEPT.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    found = differences(json.loads(KEPT.read_text(encoding="utf-8")), now)
    columns = sum(len(part) for one in now.values() for part in one.values())
    print("\n".join(found) or f"{len(now)} scenarios, {columns} columns and totals: no bit differs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
