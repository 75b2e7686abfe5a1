"""Order logs of any size: how long a panel takes, and how much memory.

``python -m lab.benchmarks.order_logs 5000000`` writes a log of so many lines to a temporary folder,
makes a panel of it in a process of its own, and prints seconds and peak memory.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from cxsim.calibration import panel_from_log

#: Purchases of a customer, weeks, and chance of a return.
EACH, WEEKS, RETURNS = 30, 104, 0.028


def order_log(lines: int, *, seed: int = 1) -> pd.DataFrame:
    """Return a log of four large and twelve small brands, with returns, rows at random."""
    rng = np.random.default_rng(seed)
    count = int(lines / (1 + RETURNS))
    week = rng.integers(0, WEEKS, count)
    brand = rng.choice(16, count, p=[0.3, 0.25, 0.22, 0.19] + [0.04 / 12] * 12)
    price = np.round(rng.choice([4.0, 3.2], (WEEKS, 16), p=[0.7, 0.3]) + np.arange(16) * 0.1, 2)
    units = rng.choice([1, 2, 3], count, p=[0.7, 0.2, 0.1])
    day = np.datetime64("2023-01-02") + week * 7 + rng.integers(0, 7, count)
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(0, max(count // EACH, 2), count),
            "order_date": day,
            "brand": pd.Categorical.from_codes(brand, [f"B{k}" for k in range(16)]),
            "quantity": units,
            "amount": np.round(price[week, brand] * units, 2),
        }
    )
    back = log[rng.random(count) < RETURNS].copy()
    back["order_date"] += pd.to_timedelta(rng.integers(0, 20, len(back)), unit="D")
    back[["quantity", "amount"]] *= -1
    return pd.concat([log, back]).sample(frac=1.0, random_state=seed)


def measure(path: str) -> None:
    """Make a panel of a log and print time and memory."""
    start, used = time.perf_counter(), time.process_time()
    made = panel_from_log(path)
    spent, worked = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(made.headline())
    print(f"{spent:.1f} s, of which {worked:.1f} s of processor time; peak memory {peak:.2f} GiB")


def main(lines: int) -> None:
    """Write a log and measure it in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        order_log(lines).to_csv(path, index=False)
        print(f"{lines:,} lines, {path.stat().st_size / 2**20:.0f} MiB")
        code = f"from lab.benchmarks.order_logs import measure; measure({str(path)!r})"
        subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
