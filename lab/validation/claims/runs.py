"""Runs of a study side by side: one row per point and seed, a part for each strategy."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["Runs"]


class Runs:
    """Outputs of a study by strategy, paired by point and seed.

    Parameters
    ----------
    frame : DataFrame
        One row per run that went well.

    Attributes
    ----------
    keys : DataFrame
        ``point``, ``seed`` and the factors of the runs that every strategy has.
    """

    def __init__(self, frame: pd.DataFrame, factors: list[str]):
        self._parts = {
            str(name): part.set_index(["point", "seed"]).sort_index()
            for name, part in frame.groupby("strategy", sort=False)
        }
        index = None
        for part in self._parts.values():
            index = part.index if index is None else index.intersection(part.index)
        self._parts = {name: part.loc[index] for name, part in self._parts.items()}
        self.keys = next(iter(self._parts.values()))[factors].reset_index()

    def __call__(
        self, column: str, strategy: str | None = None, *, over: tuple[int, int] | None = None
    ) -> np.ndarray:
        """Return an output, one number a run.

        Parameters
        ----------
        column : str
            ``"market_share.Tailor"``.
        strategy : str, optional
            Default: the first.
        over : (int, int), optional
            Of an output by period: the mean over periods from the first to before the second.
        """
        part = self._parts[strategy or next(iter(self._parts))]
        if over is None:
            return part[column].to_numpy(float)
        courses = np.stack([np.asarray(v, float) for v in part[f"{column}@period"]])
        window = courses[:, slice(*over)]
        known = np.isfinite(window)
        total = np.where(known, window, 0.0).sum(axis=1)
        return np.divide(
            total, known.sum(axis=1), out=np.full(len(total), np.nan), where=known.any(axis=1)
        )
