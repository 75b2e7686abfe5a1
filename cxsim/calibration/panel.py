"""A purchase panel: who chose what, at which prices, in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

# -- A purchase panel: who chose what, at which prices, in which order -------------------------


#: Name of the option to buy nothing.
NO_PURCHASE = "no_purchase"


@dataclass(frozen=True)
class Panel:
    """Purchase occasions, those of a customer side by side and in order.

    Attributes
    ----------
    source : str
        Where it comes from, for messages and notes.
    firms : tuple of str, length F
    no_purchase : bool
        Whether buying nothing is an option; its number is F.
    choice : ndarray of int, shape (N,)
        Option taken.
    price : ndarray, shape (F, N)
        Prices asked, currency per unit; NaN where a firm's offer was not available.
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
    decisions : tuple of str
        How the table was read where it could have been read otherwise, a sentence each.
    recognized : ndarray, shape (N,), or None
        1 where the firm bought from recognized the customer (a card was shown), else 0; None
        where the panel does not say.
    money : {"usable", "doubtful", "not usable"}
        What is known of the prices: whether amounts in money can be estimated from them.
    stated : (float, float) or None
        Price sensitivity (1 / currency) and its standard error where they are stated: prices,
        each firm's mean, then say nothing of choices.
    """

    source: str
    firms: tuple[str, ...]
    no_purchase: bool
    choice: np.ndarray
    price: np.ndarray
    features: Mapping[str, np.ndarray]
    starts: np.ndarray
    period: np.ndarray | None = None
    currency: str = "EUR"
    period_length: str = "purchase"
    ignored: tuple[str, ...] = field(default=())
    decisions: tuple[str, ...] = field(default=())
    recognized: np.ndarray | None = None
    money: str = "usable"
    stated: tuple[float, float] | None = None

    @property
    def options(self) -> int:
        """Number of options, buying nothing included."""
        return len(self.firms) + self.no_purchase

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
        """Number of the firm last bought from before each occasion, -1 for none yet, shape (N,)."""
        bought = self.choice < len(self.firms)
        rows = np.arange(self.occasions)
        last = np.maximum.accumulate(np.where(bought, rows, -1))
        before = np.concatenate([[-1], last[:-1]])
        first = np.repeat(self.starts, self.counts)
        return np.where(before >= first, self.choice[np.maximum(before, 0)], -1)

    @property
    def is_first(self) -> np.ndarray:
        """Which occasions are the customer's first purchase in the panel, shape (N,)."""
        return (self.supplier < 0) & (self.choice < len(self.firms))

    @property
    def first_firm(self) -> np.ndarray:
        """Number of the firm of the customer's first purchase, -1 for none, shape (N,)."""
        taken = np.where(self.is_first, self.choice, -1)
        return np.repeat(np.maximum.reduceat(taken, self.starts), self.counts)

    @property
    def available(self) -> np.ndarray:
        """Whether each firm's offer was available, by occasions, shape (F, N)."""
        return ~np.isnan(self.price)

    @property
    def shares(self) -> np.ndarray:
        """Shares of purchases by firm, shape (F,)."""
        bought = np.bincount(self.choice, minlength=self.options)[: len(self.firms)]
        return bought / bought.sum()

    def repeat_purchase_rate(self) -> tuple[float, float]:
        """Return the share of purchases made from the supplier, with its standard error.

        Purchases of those who have a supplier count. The error is that of a ratio over
        customers, who are independent; occasions of one customer are not.
        """
        supplier = self.supplier
        counted = (supplier >= 0) & (self.choice < len(self.firms))
        return self.ratio(counted & (self.choice == supplier), counted)

    def ratio(self, part: np.ndarray, whole: np.ndarray) -> tuple[float, float]:
        """Return the share of some occasions in others, with its standard error over customers.

        Parameters
        ----------
        part, whole : ndarray of bool, shape (N,)
        """
        some, all_ = (np.add.reduceat(each.astype(float), self.starts) for each in (part, whole))
        if not all_.sum():
            return np.nan, np.nan
        value, n = some.sum() / all_.sum(), self.customers
        spread = np.sqrt(((some - value * all_) ** 2).sum() * n / max(n - 1, 1))
        return float(value), float(spread / all_.sum())

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
        rows : ndarray of int, shape (n,)
            Numbers of occasions; customers without one drop out.
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
            recognized=None if self.recognized is None else self.recognized[rows],
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


# -- Regular prices and price cuts, read off a series of prices --------------------------------


#: Cuts smaller than this share of the price are noise about one price.
_SMALLEST = 0.05


#: Share of the prices' variance that the split must explain to be one.
_EXPLAINED = 0.4


@dataclass(frozen=True)
class Cuts:
    """Two prices that stand for a series.

    Attributes
    ----------
    price : float
        Regular price, currency.
    chance : float
        Share of occasions at the cut price.
    depth : float
        What a cut takes off, as a share of the price.
    cut : ndarray of bool, shape (N,)
        Occasions at the cut price.
    """

    price: float
    chance: float
    depth: float
    cut: np.ndarray


def price_cuts(prices: np.ndarray) -> Cuts:
    """Split prices into regular and cut ones, where the variance left is least.

    Mean prices of the two parts become the regular and the cut price, so that the mean
    price is kept (a threshold after Otsu 1979, which is 2-means on a line).

    Parameters
    ----------
    prices : ndarray, shape (N,)
        Prices of one firm, currency; NaN where there was none.

    Returns
    -------
    Cuts
        Without cuts if the two parts are closer than 5 % of the price, or explain less
        than 40 % of the variance.
    """
    ordered = np.sort(prices[~np.isnan(prices)])
    n = len(ordered)
    mean = float(ordered.mean())
    none = Cuts(mean, 0.0, 0.0, np.zeros(n, dtype=bool))
    edges = np.flatnonzero(np.diff(ordered) > 0) + 1
    if not len(edges) or mean <= 0.0:
        return none
    below = np.cumsum(ordered)[edges - 1]
    low = below / edges
    high = (ordered.sum() - below) / (n - edges)
    between = edges * (n - edges) / n**2 * (high - low) ** 2
    best = int(between.argmax())
    depth = 1.0 - float(low[best] / high[best])
    if depth < _SMALLEST or between[best] < _EXPLAINED * ordered.var():
        return none
    cut = prices < ordered[edges[best]]
    return Cuts(float(high[best]), float(cut.sum() / n), depth, cut)


# -- Names of a panel's columns: those that are known, and those that a user gives -------------


#: Names by which columns are known; the first is that of panels this package writes.
#: Letter case and what stands between words do not matter: ``Customer ID`` is ``customer_id``.
CUSTOMER = (
    "customer", "customer_id", "customer_no", "customer_number", "cust_id", "household",
    "household_id", "household_key", "hh", "hhid", "hh_id", "panelist", "panelist_id", "panel_id",
    "consumer", "consumer_id", "client", "client_id", "shopper", "shopper_id", "buyer", "buyer_id",
    "user", "user_id", "member", "member_id", "account", "account_id", "subscriber",
    "subscriber_id", "kunde", "kunden_id", "kunden_nr", "kunden_nummer", "id",
)  # fmt: skip


PERIOD = ("period", "time", "week", "month", "day", "occasion", "trip", "t")


CHOICE = (
    "choice", "chosen", "choose", "purchase", "brand_chosen", "brand", "product", "firm",
    "supplier", "marke", "produkt",
)  # fmt: skip


#: Of a long panel.
CHOSEN = ("chosen", "choice", "choose", "purchase", "taken", "bought")


FIRM = ("firm", "brand", "alternative", "alt", "option", "supplier")


PRICE = ("price", "prices", "preis")


RECOGNIZED = ("recognized", "recognised")


#: Column of a panel made of an order log that says what its prices tell of amounts in money.
MONEY = "money"
#: What it says, where it says anything: little, or nothing.
NO_MONEY = "not usable"
VERDICTS = ("usable", "doubtful", NO_MONEY)


@dataclass(frozen=True)
class Columns:
    """Names of columns; None: the first known name that is there.

    Attributes
    ----------
    customer, period, choice, firm, price : str or None
        ``price`` is a column of a long panel, or what a wide panel's price columns start
        or end with. ``period`` is a column of numbers or of dates; ``"none"``: rows are in
        purchase order. ``firm`` makes the panel long.
    features : tuple of str or None
        Features to use; None: all that every firm has. An empty tuple: none.
    no_purchase : str or None
        Value of the choice that means that nothing was bought.
    recognized : str or None
        1 where the firm bought from recognized the customer (a card was shown), else 0.
    """

    customer: str | None = None
    period: str | None = None
    choice: str | None = None
    firm: str | None = None
    price: str | None = None
    features: tuple[str, ...] | None = None
    no_purchase: str | None = None
    recognized: str | None = None


#: What may stand between the name of a feature and that of a firm.
_SEPARATORS = (".", "_", ":", " ", "-")


def by_stem(
    names: Iterable[str],
    taken: Collection[str | None],
    columns: Columns,
    *,
    firm_first: bool = False,
) -> dict[str, dict[str, str]]:
    """Return columns called STEM.FIRM, by stem and firm.

    Parameters
    ----------
    names : iterable of str
        All columns.
    taken : collection of str
        Columns that say something else.
    columns : Columns
        Stems that are named here may hold separators themselves.
    firm_first : bool
        Whether they are called FIRM.STEM.
    """
    stems: dict[str, dict[str, str]] = {}
    for name in names:
        cut = _cut(name[::-1] if firm_first else name, columns, firm_first)
        if name not in taken and 0 < cut < len(name) - 1:
            if firm_first:
                cut = len(name) - 1 - cut
            parts = name[:cut], name[cut + 1 :]
            stem, firm = parts[::-1] if firm_first else parts
            stems.setdefault(stem, {})[firm] = name
    return stems


def _cut(name: str, columns: Columns, backwards: bool) -> int:
    """Return where the name of a feature ends and that of a firm begins, -1 for nowhere."""
    for stem in (columns.price, *(columns.features or ())):
        start = stem[::-1] if stem and backwards else stem
        if start and name.startswith(start) and name[len(start) : len(start) + 1] in _SEPARATORS:
            return len(start)
    return min((name.find(s) for s in _SEPARATORS if name.find(s) > 0), default=-1)


# -- What is wrong with data to calibrate to, said in one line ---------------------------------


class CalibrationError(ValueError):
    """A panel or a table of targets that cannot be used, or does not identify the model.

    ``str(error)`` is one line: which file, line and column, what was expected and found.
    """
