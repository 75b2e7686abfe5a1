"""Order logs of simulated markets, with returns, second lines and small brands put in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import cxsim as cx
from cxsim.calibration import as_log
from lab.validation.reductions.panels import shop

#: Monday of the first week.
FIRST = np.datetime64("2024-01-01")


@dataclass(frozen=True)
class Messy:
    """A log as companies hold it, and what was put into it."""

    log: pd.DataFrame
    panel: pd.DataFrame
    returns: int
    second: int
    small: int


def market(*, customers: int = 300, periods: int = 26, seed: int = 1) -> pd.DataFrame:
    """Return the panel of a run of three firms with promotions, one price for all a week."""
    scenario = shop(customers=customers, periods=periods, tastes=0.5)
    return cx.run(scenario, seed=seed, panel=customers).panel


def messy(panel: pd.DataFrame, *, share: float = 0.04, unit: bool = False, seed: int = 0) -> Messy:
    """Return the log of a panel with mistakes and habits of customers put in, rows at random.

    ``share`` of purchases each are bought twice and returned once, a day later; have a second
    line of the same order; stand beside a stranger's purchase of one of twelve small brands.
    """
    rng = np.random.default_rng(seed)
    log = as_log(panel)
    log["quantity"] = rng.choice([1, 2, 3], len(log), p=[0.8, 0.15, 0.05])
    day = rng.integers(0, 4, len(log))
    log["date"] = FIRST + 7 * log["period"].to_numpy() + day
    log["amount"] = log["amount"].to_numpy() * (1 if unit else log["quantity"].to_numpy())
    part = np.floor(rng.random(len(log)) / share)
    again, second, third = (log[part == k] for k in range(3))
    back = again.assign(
        quantity=-again["quantity"],
        amount=again["amount"] * (1 if unit else -1),
        date=again["date"] + np.timedelta64(1, "D"),
    )
    tiny = rng.choice([f"Tiny{k}" for k in range(12)], len(third))
    stranger = third["customer"].astype(str) + "x"
    small = third.assign(customer=stranger, brand=tiny, quantity=1, amount=3.0)
    whole = pd.concat([log, again, back, second, small])
    whole = whole.drop(columns="period").sample(frac=1.0, random_state=seed)
    whole["date"] = whole["date"].dt.strftime("%d.%m.%Y")
    return Messy(whole.reset_index(drop=True), panel, len(back), len(second), len(small))
