"""Who has to leave: cash below minus the credit limit for some periods in a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cxsim.snapshot import put_back

__all__ = ["Insolvency"]


class Insolvency:
    """Counts the periods for which firms have owed more than they can.

    Parameters
    ----------
    firms : int
        How many there are.

    Attributes
    ----------
    gone : ndarray of bool, shape (F,)
        Firms that have left; they never come back.
    """

    def __init__(self, firms: int):
        self.gone = np.zeros(firms, dtype=bool)
        self._periods = np.zeros(firms, dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Return who has gone, and for how long others have owed too much."""
        return {"gone": self.gone, "periods": self._periods}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what :meth:`state` has returned."""
        put_back(self.state(), state)

    def close(
        self, cash: np.ndarray, active: np.ndarray, limit: np.ndarray, patience: np.ndarray
    ) -> np.ndarray:
        """Take a period's end into account and return who has gone.

        Parameters
        ----------
        cash, active, limit, patience : ndarray, shape (F,)
            Cash at the end of the period, currency; whether the firm was in the market;
            credit limit, NaN for none; periods that it may be below it.
        """
        below = (active > 0.5) & (cash < -limit)  # false where there is no limit
        self._periods = np.where(below, self._periods + 1, 0)
        self.gone |= self._periods >= patience
        return self.gone
