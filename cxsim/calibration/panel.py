"""A purchase panel: who chose what, at which prices, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

__all__ = ["OUTSIDE", "Panel"]

#: Name of the option to buy nothing.
OUTSIDE = "outside"


@dataclass(frozen=True)
class Panel:
    """Purchase occasions, those of a customer side by side and in order.

    Attributes
    ----------
    source : str
        Where it comes from, for messages and notes.
    firms : tuple of str, length F
    outside : bool
        Whether buying nothing is an option; its number is F.
    choice : ndarray of int, shape (N,)
        Option taken.
    price : ndarray, shape (F, N)
        Prices asked, currency per unit.
    features : mapping of str to ndarray, shape (F, N)
        What else differs between firms and occasions, such as display.
    starts : ndarray of int, shape (H,)
        First occasion of each customer.
    period : ndarray of int, shape (N,), or None
        Period of the occasion; None where only the order is known.
    currency, period_length : str
        Labels.
    ignored : tuple of str
        Columns that were not used.
    """

    source: str
    firms: tuple[str, ...]
    outside: bool
    choice: np.ndarray
    price: np.ndarray
    features: Mapping[str, np.ndarray]
    starts: np.ndarray
    period: np.ndarray | None = None
    currency: str = "EUR"
    period_length: str = "purchase"
    ignored: tuple[str, ...] = field(default=())

    @property
    def options(self) -> int:
        """Number of options, buying nothing included."""
        return len(self.firms) + self.outside

    @property
    def customers(self) -> int:
        """Number of customers."""
        return len(self.starts)

    @property
    def occasions(self) -> int:
        """Number of occasions."""
        return len(self.choice)

    @property
    def counts(self) -> np.ndarray:
        """Occasions of each customer, shape (H,)."""
        return np.diff(np.append(self.starts, len(self.choice)))

    @property
    def place(self) -> np.ndarray:
        """Place of each occasion among its customer's, from 0, shape (N,)."""
        return np.arange(self.occasions) - np.repeat(self.starts, self.counts)

    @property
    def supplier(self) -> np.ndarray:
        """Firm last bought from before each occasion, -1 for none yet, shape (N,)."""
        bought = self.choice < len(self.firms)
        rows = np.arange(self.occasions)
        last = np.maximum.accumulate(np.where(bought, rows, -1))
        before = np.concatenate([[-1], last[:-1]])
        first = np.repeat(self.starts, self.counts)
        return np.where(before >= first, self.choice[np.maximum(before, 0)], -1)

    @property
    def shares(self) -> np.ndarray:
        """Shares of purchases by firm, shape (F,)."""
        bought = np.bincount(self.choice, minlength=self.options)[: len(self.firms)]
        return bought / bought.sum()

    def repeat_rate(self) -> tuple[float, float]:
        """Return the share of purchases made from the supplier, with its standard error.

        Purchases of those who have a supplier count. The error is that of a ratio over
        customers, who are independent; occasions of one customer are not.
        """
        supplier = self.supplier
        counted = (supplier >= 0) & (self.choice < len(self.firms))
        stayed = np.add.reduceat((counted & (self.choice == supplier)).astype(float), self.starts)
        total = np.add.reduceat(counted.astype(float), self.starts)
        rate = stayed.sum() / total.sum() if total.sum() else np.nan
        n = self.customers
        spread = np.sqrt(((stayed - rate * total) ** 2).sum() * n / max(n - 1, 1))
        return float(rate), float(spread / total.sum()) if total.sum() else np.nan

    def switching_counts(self) -> np.ndarray:
        """Return purchases by supplier before and firm taken, shape (F, F)."""
        supplier, size = self.supplier, len(self.firms)
        counted = (supplier >= 0) & (self.choice < size)
        pairs = supplier[counted] * size + self.choice[counted]
        return np.bincount(pairs, minlength=size * size).reshape(size, size)

    def take(self, rows: np.ndarray) -> Panel:
        """Return the panel of these occasions, in this order; those of a customer side by side.

        Parameters
        ----------
        rows : ndarray of int
            Occasions; customers without one drop out.
        """
        owner = np.repeat(np.arange(self.customers), self.counts)[rows]
        starts = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
        return replace(
            self,
            choice=self.choice[rows],
            price=self.price[:, rows],
            features={name: values[:, rows] for name, values in self.features.items()},
            starts=starts,
            period=None if self.period is None else self.period[rows],
        )

    def shuffled(self, rng: np.random.Generator) -> Panel:
        """Return the panel with each customer's occasions in random order, prices with them.

        Parameters
        ----------
        rng : numpy.random.Generator
        """
        owner = np.repeat(np.arange(self.customers), self.counts)
        return replace(self.take(np.lexsort((rng.random(self.occasions), owner))), period=None)

    def split(self, share: float = 2 / 3) -> tuple[Panel, np.ndarray]:
        """Return the first part of each customer's occasions, and which occasions it leaves.

        Parameters
        ----------
        share : float
            Of each customer's occasions, rounded down.

        Returns
        -------
        first : Panel
        rest : ndarray of bool, shape (N,)
        """
        rest = self.place >= np.repeat(np.floor(self.counts * share + 1e-9), self.counts)
        return self.take(np.flatnonzero(~rest)), rest
