"""Rates of one firm's own log in markets that are known: ``python -m lab.validation.own_logs``.

A market of one firm is run, its purchases become a log, and the log is read as a user would read
it. The truth is that of the customers who count as new, with a first purchase in the later part of
the log: who leaves before buying is in no log, and who buys seldom may have been there before it
began. Results are kept in ``lab/validation/own_logs.json`` for the page ``docs/data_sets.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cxsim.calibration import own_log
from cxsim.runs import run
from lab.pages.page import table

__all__ = ["covered", "main", "section", "truth"]

KEPT = Path(__file__).with_suffix(".json")

#: Mean and shape of purchase rates, and the beta distribution of chances to leave, per period.
RATE, SHAPE, LEAVE = 0.3, 1.5, (1.2, 30.0)
PERIODS, NEW_AFTER, CUSTOMERS = 60, 15, 1500

MARKET = {
    "customers": CUSTOMERS,
    "periods": PERIODS,
    "firms": {"Shop": {"price": 10.0}},
    "segments": {
        "customers": {
            "share": 1.0, "purchase_rate": RATE, "purchase_rate_shape": SHAPE,
            "exit_rate_beta": list(LEAVE),
        }
    },
}  # fmt: skip


def truth(won: np.ndarray, points: int = 200) -> dict[str, float]:
    """Return the rates of customers who count as new, by quadrature over all customers.

    Of customers with chances p to buy and e to leave who come in period a, p q^k buy first in
    period a + k, q = (1 - p)(1 - e). As many come as leave: all in period 0, and later those who
    follow somebody.

    Parameters
    ----------
    won : ndarray of int, shape (T,)
        New customers by period, whose churn it is.
    points : int
        In each dimension.
    """
    from scipy.stats import beta, gamma

    nodes, weights = np.polynomial.legendre.leggauss(points)
    u, w = (nodes + 1.0) / 2.0, weights / 2.0
    buys = -np.expm1(-gamma.ppf(u, SHAPE, scale=RATE / SHAPE))[:, None]
    leaves = beta.ppf(u, *LEAVE)[None, :]
    share = w[:, None] * w * np.ones_like(buys * leaves)
    there = np.array([(share * (1.0 - leaves) ** k).sum() for k in range(PERIODS + 1)])
    come = np.ones(PERIODS)
    for t in range(1, PERIODS):
        ago = t - np.arange(t)
        come[t] = come[:t] @ (there[ago - 1] - there[ago])
    q = (1.0 - buys) * (1.0 - leaves)
    weight = np.zeros_like(q)
    for a in range(PERIODS):
        weight += come[a] * (q ** max(NEW_AFTER - a, 0) - q ** (PERIODS - a))
    weight *= share * buys / (1.0 - q)
    weight = weight / weight.sum()
    stays = np.array([(weight * (1.0 - leaves) ** k).sum() for k in range(len(won) + 1)])
    held = np.convolve(won, stays[:-1])[: len(won) - 1].sum()
    kept = np.convolve(won, stays[1:])[: len(won) - 1].sum()
    return {
        "purchase_rate": float((weight * buys).sum()),
        "exit_rate": float((weight * leaves).sum()),
        "churn": float(1.0 - kept / held),
        "retention_rate": float(kept / held),
    }


def covered(seed: int) -> dict[str, tuple[float, float, float]]:
    """Return estimate, standard error and truth of each rate in one market.

    Parameters
    ----------
    seed : int
    """
    market = {**MARKET, "firms": dict(MARKET["firms"])}  # type: ignore[call-overload]
    from cxsim.scenario import Scenario

    panel = run(Scenario.from_dict(market), seed=seed, panel=CUSTOMERS).panel
    log = own_log(panel[["customer", "period"]], new_after=NEW_AFTER, bootstrap=0, source="market")
    first = log.purchases.groupby("customer")["period"].min()
    won = np.bincount(first[first >= NEW_AFTER], minlength=PERIODS)
    real = truth(won)
    return {
        row.rate: (float(row.value), float(row.se), real[str(row.rate)])
        for row in log.rates.itertuples()
    }


def section() -> str:
    """Return the part of the page, from the results that are kept."""
    if not KEPT.is_file():
        return ""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    return _section(kept)


def _section(kept: Mapping[str, list[list[float]]]) -> str:
    rows, counts = [], []
    for name, values in kept.items():
        value, se, real = np.array(values).T
        inside = int((np.abs(value - real) <= 1.96 * se).sum())
        counts.append(inside)
        rows.append([
            name.replace("_", " "), f"{real.mean():.4f}", f"{value.mean():.4f}",
            f"{value.std(ddof=1):.4f}", f"{np.median(se):.4f}", f"{inside} of {len(values)}",
        ])  # fmt: skip
    n = len(next(iter(kept.values())))
    text = (
        f"{n} markets of one firm with known rates are run ({CUSTOMERS:,} customers, {PERIODS} "
        f"periods, the first {NEW_AFTER} of them to tell who is new; "
        "`python -m lab.validation.own_logs`), and their logs read by `cx.own_log`. The truth is "
        "that of the customers who count as new. Purchase rates are gamma distributed, so that the "
        "model that is fitted (BG/BB, beta distributed chances) is not the one that made the log. "
        f"95 % intervals hold the truth in {min(counts)} to {max(counts)} of {n} markets."
    )
    heads = ["rate", "truth", "mean", "sd", "median s.e.", "within 95 %"]
    head = "## One firm's own log: do the intervals hold?"
    return "\n\n".join([head, text, table(heads, rows, left=1)])


def main() -> None:
    """Run the markets and keep what came out."""
    parser = argparse.ArgumentParser(prog="python -m lab.validation.own_logs", description=__doc__)
    parser.add_argument("--markets", type=int, default=20, metavar="N")
    markets = parser.parse_args().markets
    kept: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(markets):
        for name, values in covered(seed).items():
            kept.setdefault(name, []).append(values)
        print(seed, {name: [round(v, 4) for v in each[-1]] for name, each in kept.items()})
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(section())


if __name__ == "__main__":
    main()
