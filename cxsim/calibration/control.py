"""The control for spurious loyalty: the same purchases in an order that means nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxsim.calibration.estimate import Estimates, fit
from cxsim.calibration.panel import Panel

__all__ = ["Control", "shuffled_order"]


@dataclass(frozen=True)
class Control:
    """Loyalty found where there can be none.

    Attributes
    ----------
    table : DataFrame
        One row per shuffle: ``shuffle, loyalty, se`` (utils).
    """

    table: pd.DataFrame

    @property
    def loyalty(self) -> float:
        """Mean over shuffles, utils."""
        return float(self.table["loyalty"].mean())

    @property
    def error(self) -> float:
        """Standard error of one shuffle's estimate: the data's, which more shuffles keep."""
        return float(np.sqrt((self.table["se"] ** 2).mean()))


def shuffled_order(
    panel: Panel,
    *,
    first: str = "drop",
    form: str = "cost",
    tastes: bool = True,
    shuffles: int = 10,
    draws: int = 200,
    seed: int = 0,
    start: Estimates | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Control:
    """Estimate loyalty after each customer's purchases were put in random order.

    Prices move with the purchases they belong to. Loyalty that survives is taste that the
    model takes for loyalty (Dube, Hitsch & Rossi 2010).

    Parameters
    ----------
    panel, first, form, tastes, draws, start
        As for :func:`~cxsim.calibration.estimate.fit`.
    shuffles : int
    seed : int
        Of the orders.
    progress : callable, optional
        Called with (shuffles done, shuffles).
    """
    rows = []
    for number in range(shuffles):
        mixed = panel.shuffled(np.random.default_rng((seed, number)))
        found = fit(mixed, first=first, form=form, tastes=tastes, draws=draws, start=start)
        rows.append((number, float(found.values["loyalty"]), found.error("loyalty")))
        if progress is not None:
            progress(number + 1, shuffles)
    return Control(pd.DataFrame(rows, columns=["shuffle", "loyalty", "se"]))
