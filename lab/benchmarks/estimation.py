"""Estimation: seconds of the panel logit, compiled, with its standard errors.

python -m lab.benchmarks.estimation [--quick]
"""

from __future__ import annotations

import sys
from time import perf_counter, process_time

import numpy as np

from cxsim.calibration import Panel, kernel
from cxsim.calibration.estimate import fit

__all__ = ["main", "random_panel"]


def random_panel(purchases: int, firms: int, *, each: int = 10, seed: int = 0) -> Panel:
    """Return purchases of customers with loyalty 1 and tastes of standard deviation 1."""
    rng = np.random.default_rng(seed)
    customers = purchases // each
    price, taste = (
        rng.choice([1.0, 2.0], (firms, customers, each)),
        rng.normal(size=(firms, customers)),
    )
    choice, last = np.empty((customers, each), dtype=int), np.full(customers, -1)
    for n in range(each):
        value = taste - price[:, :, n] + (last == np.arange(firms)[:, None])
        last = choice[:, n] = (value + rng.gumbel(size=value.shape)).argmax(axis=0)
    return Panel(
        "random", tuple(f"Firm {k}" for k in range(firms)), False, choice.ravel(),
        price.reshape(firms, -1), {}, np.arange(customers) * each,
        np.tile(np.arange(each), customers),
    )  # fmt: skip


def main(arguments: list[str]) -> None:
    """Print seconds of wall and processor for some sizes; a hundredth of them with --quick."""
    part = 100 if "--quick" in arguments else 1
    fit(random_panel(300, 3), draws=16)  # compiles, should that be needed
    print(f"{kernel.cores()} cores; wall and processor seconds, standard errors included")
    learns = {"learning": (0.5, 0.05), "random_loyalty": True, "random_price": True}
    free = {**learns, "learning": "free"}
    for purchases, firms, what, how in (
        (60_000, 5, "", {}),
        (64_000, 12, "", {}),
        (60_000, 5, ", learning tested", learns),
        (60_000, 5, ", learning estimated", free),
    ):
        panel = random_panel(purchases // part, firms)
        wall, busy = perf_counter(), process_time()
        fit(panel, initial_purchases="use", draws=256, **how)
        wall, busy = perf_counter() - wall, process_time() - busy
        said = f"{panel.occasions:,} purchases x {firms} firms, 256 draws{what}"
        print(f"{said}: {wall:.1f} s, {busy:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
