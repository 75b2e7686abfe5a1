"""What a move of the explorer costs, in processor time, against its simulation alone.

``python -m lab.benchmarks.explorer`` prints both, their ratio, and what is sent to the browser.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median

import cxsim as cx
from cxsim.runs import simulate

REPEATS = 9


def processor_time(action: Callable[[int], object]) -> float:
    """Return the median of processor seconds of an action, which is given its number."""
    seconds = []
    for number in range(REPEATS):
        start = time.process_time()
        action(number)
        seconds.append(time.process_time() - start)
    return median(seconds)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        panel = cx.explore("baseline", firm="Mass")
        _ = panel.widget
        _, slider = panel._levers["firms.Mass.price"]
        slider.value = 15.0
        asked = panel.question

        def alone(number: int) -> None:
            market = asked.set("firms.Mass.price", 16.0 + number / 100).scenario()
            for seed in range(5):
                simulate(market, seed=seed)

        def move(number: int) -> None:
            slider.value = 16.0 + (number + 1) / 10

        simulation, whole = processor_time(alone), processor_time(move)
        board = panel._board
        sent = sum(len(each) for each in board.moving.values() if isinstance(each, (bytes, str)))
        sent += len(panel._result.value) + len(panel._table.value) + len(board.still["values"])
        sys.stdout.write(
            f"5 runs alone      {1000 * simulation:7.0f} ms\n"
            f"a move            {1000 * whole:7.0f} ms\n"
            f"ratio             {whole / simulation:7.2f}\n"
            f"sent to browser   {sent / 1024:7.1f} KiB\n"
        )
        os.chdir("/")


if __name__ == "__main__":
    main()
