"""The ledger of a run: totals and parameters of every period, from which measures are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.messages import choice
from cxsim.model.mechanism import Measure

if TYPE_CHECKING:
    import pandas as pd

# -- The periods of a year --------------------------------------------------------------------


#: Periods of a year, by what a period is called.
YEARS = {"day": 365, "week": 52, "fortnight": 26, "month": 12, "quarter": 4, "year": 1}


#: Periods that stand for the last year where the length of a period is unknown.
_UNKNOWN = 12


def year_of(period_length: str) -> int:
    """Return the periods of a year; 12 where the length of a period is unknown.

    Parameters
    ----------
    period_length : str
        As the scenario calls a period; singular or plural.

    Returns
    -------
    int
        Periods.

    Examples
    --------
    >>> year_of("week"), year_of("month"), year_of("purchase")
    (52, 12, 12)
    """
    return YEARS.get(period_length.strip().lower().removesuffix("s"), _UNKNOWN)


# -- The ledger of a run: totals and parameters of every period, from which measures are computed


class Ledger:
    """Totals over customers and parameters of firms, by period.

    Parameters
    ----------
    firms : tuple of str
        In name order, like every axis of firms here.
    scale : float
        Customers of the market for each one simulated.
    total_places : dict
        Column slice and shape of each total.
    row_names : tuple of str
        Parameters recorded by firm.
    start_rows : ndarray
        (k, F), their values before the first period.
    market : dict of str to float
        Market parameters at the start.
    costs : tuple of Measure
        Costs of mechanisms' own (:attr:`Measure.cost`).
    year : int
        Periods of a year.

    Attributes
    ----------
    first : int
        The period of the first row: 0, but in the ledger of a last period alone.

    Notes
    -----
    Arrays have periods first, then firms: (T, F).
    """

    def __init__(
        self,
        firms: tuple[str, ...],
        *,
        scale: float,
        total_places: dict[str, tuple[slice, tuple[int, ...]]],
        row_names: tuple[str, ...],
        start_rows: np.ndarray,
        market: dict[str, float],
        costs: tuple[Measure, ...] = (),
        year: int = 12,
    ):
        self.firms = firms
        self.scale = scale
        self.market = market
        self.year = year
        self._costs = costs
        self._places = total_places
        self._row_names = row_names
        self._start_rows = start_rows.copy()
        self._periods = 0
        self._totals = np.empty((0, 0))
        self._rows = np.empty((0, *start_rows.shape))
        self._whole: Ledger | None = None  # the ledger that this is a part of
        self.first = 0
        self._sums: dict[str, tuple[int, np.ndarray]] = {}  # by name: periods summed, and the sum

    def write(self, totals: np.ndarray, rows: np.ndarray) -> None:
        """Close a period.

        Parameters
        ----------
        totals : ndarray, shape (k,)
            Totals of the period over simulated customers, one after the other.
        rows : ndarray, shape (p, F)
            Parameters of the firms in the period, in the order of ``row_names``.
        """
        if self._periods == len(self._totals):  # full: go on in a ledger twice as thick
            size = max(1, 2 * self._periods)
            self._totals = _longer(self._totals, self._periods, (size, *totals.shape))
            self._rows = _longer(self._rows, self._periods, (size, *rows.shape))
        self._totals[self._periods] = totals
        self._rows[self._periods] = rows
        self._periods += 1

    def state(self) -> dict[str, np.ndarray]:
        """Return the pages that are written, as plain data.

        Returns
        -------
        dict of str to ndarray
            ``totals``, shape (T, k), and ``rows``, shape (T, p, F).
        """
        return {"totals": self._totals[: self._periods], "rows": self._rows[: self._periods]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what :meth:`state` has returned.

        Parameters
        ----------
        state : mapping of str to ndarray
        """
        self._totals, self._rows = np.array(state["totals"]), np.array(state["rows"])
        self._periods = len(self._totals)
        self._sums = {}

    @property
    def periods(self) -> int:
        """Periods written."""
        return self._periods

    def last(self) -> Ledger:
        """Return the ledger of the last period alone (the one before it as its start)."""
        return self._page(self.periods - 1)

    def _page(self, period: int) -> Ledger:
        made = Ledger(
            self.firms,
            scale=self.scale,
            total_places=self._places,
            row_names=self._row_names,
            start_rows=self._rows[period - 1] if period > 0 else self._start_rows,
            market=self.market,
            costs=self._costs,
            year=self.year,
        )
        made.write(self._totals[period], self._rows[period])
        made._whole, made.first = self, period
        return made

    def summed(self, name: str, function: Callable[[Ledger], np.ndarray]) -> np.ndarray:
        """Return a measure summed since period 0, (T, F).

        The ledger of a last period take the sum of those before from where it was left: a run
        that asks in each of its periods takes no longer for that in its last ones.

        Parameters
        ----------
        name : str
            By which the sum is kept.
        function : callable
            Of a ledger, (T, F).
        """
        own = np.cumsum(function(self), axis=0)
        if self._whole is None or self.first == 0:
            return own
        return self._whole._before(name, function, self.first) + own

    def _before(
        self, name: str, function: Callable[[Ledger], np.ndarray], period: int
    ) -> np.ndarray:
        """Return the sum of a measure up to a period, without it; in the order of cumsum."""
        done, total = self._sums.get(name, (0, np.zeros(len(self.firms))))
        for each in range(done, period):
            total = total + function(self._page(each))[0]
        self._sums[name] = (period, total)
        return total

    def has(self, name: str) -> bool:
        """Return whether a total of that name is kept.

        Parameters
        ----------
        name : str
        """
        return name in self._places

    def count(self, name: str) -> np.ndarray:
        """Return a total of the simulated customers, (T, *axes).

        Parameters
        ----------
        name : str
            Of an accumulator of a mechanism that takes part.

        Returns
        -------
        ndarray, shape (T, ...)
            In the unit of the accumulator.

        Raises
        ------
        KeyError
            If no mechanism that takes part keeps it.
        """
        place, shape = self._places[name]
        totals = self._totals[: self._periods, place]
        return totals.reshape(self._periods, *shape)

    def total(self, name: str) -> np.ndarray:
        """Return a total scaled to the whole market, (T, *axes).

        Parameters
        ----------
        name : str
            Of an accumulator of a mechanism that takes part.

        Returns
        -------
        ndarray, shape (T, ...)
            In the unit of the accumulator, for ``market_size`` customers.

        Raises
        ------
        KeyError
            If no mechanism that takes part keeps it.
        """
        return self.count(name) * self.scale

    def costs(self, taken_off: str) -> np.ndarray:
        """Return the costs, less incomes, that are taken off contribution or profit, (T, F).

        Parameters
        ----------
        taken_off : {"contribution", "profit"}

        Returns
        -------
        ndarray, shape (T, F)
            Currency per period; 0 where no mechanism has any.
        """
        own = [
            -cost.function(self) if cost.income else cost.function(self)
            for cost in self._costs
            if cost.cost == taken_off
        ]
        return sum(own, np.zeros((self.periods, len(self.firms))))

    def records(self, name: str) -> bool:
        """Return whether a parameter of that name is recorded by firm."""
        return name in self._row_names

    def firm(self, name: str) -> np.ndarray:
        """Return a parameter of the firms by period, (T, F).

        Parameters
        ----------
        name : str
            As in ``row_names``.

        Returns
        -------
        ndarray, shape (T, F)
            In the unit of the parameter.

        Raises
        ------
        ValueError
            If it is not recorded.
        """
        return self._rows[: self._periods, self._row_names.index(name), :]

    def firm_before(self, name: str) -> np.ndarray:
        """Return a parameter as it stood in the period before, (T, F).

        Parameters
        ----------
        name : str
            As in ``row_names``.

        Returns
        -------
        ndarray, shape (T, F)
            In the unit of the parameter.

        Raises
        ------
        ValueError
            If it is not recorded.
        """
        row = self._row_names.index(name)
        now = self.firm(name)
        return np.concatenate([self._start_rows[row][None], now[:-1]])


def _longer(array: np.ndarray, filled: int, shape: tuple[int, ...]) -> np.ndarray:
    made = np.empty(shape)
    if filled:
        made[:filled] = array[:filled]
    return made


# -- What measures need more than once ---------------------------------------------------------


def ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return top / bottom, NaN where there is nothing to divide by (or next to nothing).

    Parameters
    ----------
    top, bottom : array_like
        Of shapes that fit each other, (T, F) in measures.

    Returns
    -------
    ndarray
        Of the common shape, in the unit of the one per unit of the other.
    """
    top, bottom = np.broadcast_arrays(np.asarray(top, float), np.asarray(bottom, float))
    out = np.full(top.shape, np.nan)
    with np.errstate(over="ignore"):
        np.divide(top, bottom, out=out, where=bottom != 0)
    out[np.isinf(out)] = np.nan
    return out


def tidy(axes: Mapping[str, Sequence[Any]], **values: np.ndarray) -> pd.DataFrame:
    """Return arrays as columns of a frame, with a row for each place along their axes.

    Parameters
    ----------
    axes : mapping of str to sequence
        Names along each axis, by column.
    **values : ndarray
        One value for each place, by column.

    Returns
    -------
    DataFrame
        The columns of the axes, then those of the values.
    """
    import pandas as pd

    index = pd.MultiIndex.from_product(axes.values(), names=list(axes))
    columns = {name: np.ravel(value) for name, value in values.items()}
    return pd.DataFrame(columns, index=index).reset_index()


def by_firm(b: Ledger) -> np.ndarray:
    """Purchases from firms, by supplier before (none, firms) and firm bought from: (T, F+1, F).

    Parameters
    ----------
    b : Ledger

    Returns
    -------
    ndarray, shape (T, F + 1, F)
        Purchases per period, whole market.
    """
    return b.total("purchases")[:, :, :-1]


def customers_at_end(b: Ledger) -> np.ndarray:
    """Return customers at the period's end, by the firm that they last bought from: (T, F).

    Parameters
    ----------
    b : Ledger

    Returns
    -------
    ndarray, shape (T, F)
        Customers of the whole market, lapsed ones included.
    """
    bought, moved = by_firm(b), by_firm(b)[:, 1:, :]
    own = np.diagonal(moved, axis1=1, axis2=2)
    ended = b.total("ended") if b.has("ended") else 0.0
    acquired, lost = bought.sum(axis=1) - own, moved.sum(axis=2) - own
    return b.total("customers_before")[:, 1:] + acquired - lost - ended


def held_and_kept(b: Ledger, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Return customers before the choice and who of them stay, (T, F, bands).

    Parameters
    ----------
    b : Ledger
    by : {"knowledge", "tenure"}
        What the bands are of.

    Returns
    -------
    held, kept : ndarray, shape (T, F, bands)
        Customers, whole market.

    Raises
    ------
    ValueError
        If there are no such bands.
    """
    choice(by, "by", ("knowledge", "tenure"))
    stay = b.total("stay").sum(axis=4 if by == "knowledge" else 3)  # (T, F, stays, bands)
    return stay.sum(axis=2), stay[:, :, 1]
