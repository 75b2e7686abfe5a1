"""The lines of an order log (who, when, which brand, how many, paid), and rules that read them.

A rule decides one thing from arrays: which purchase a return belongs to, how long a period is,
which brands stand for themselves. :mod:`cxsim.calibration.log_panel` puts them together.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cxsim.calibration.cell_reading import named_like
from cxsim.calibration.panel import CalibrationError
from cxsim.calibration.table_reading import Table, first_named, read_table
from cxsim.messages import found, hint

# -- Columns of a log, found by name ------------------------------------------------------------


#: Names of columns in letters and digits alone; the first that is there counts.
NAMES: dict[str, tuple[str, ...]] = {
    "customer": (
        "customer", "customerid", "customernumber", "client", "clientid", "household",
        "householdid", "householdkey", "hhid", "hh", "panelist", "consumer", "consumerid", "user",
        "userid", "member", "memberid", "custid", "id",
    ),
    "date": (
        "date", "orderdate", "invoicedate", "purchasedate", "transactiondate", "transactiondt",
        "timestamp", "transactiontimestamp", "datetime", "boughtat", "orderedat", "day", "week",
        "month", "period", "time",
    ),
    "brand": (
        "brand", "firm", "supplier", "choice", "chosen", "product", "productname", "item", "sku",
    ),
    "quantity": ("quantity", "qty", "units", "pieces"),
    "amount": (
        "amount", "paid", "linetotal", "total", "sales", "salesvalue", "spend", "revenue", "value",
        "price", "unitprice",
    ),
    "store": ("store", "storeid", "shop", "shopid", "outlet"),
    "list_price": ("listprice", "shelfprice", "regularprice", "baseprice"),
}  # fmt: skip

#: What each column says, for messages.
MEANING = {
    "customer": "who buys",
    "date": "when",
    "brand": "what was bought",
    "quantity": "how many units; negative for returns",
    "amount": "what was paid",
    "store": "where",
    "list_price": "price before coupons",
}

#: Periods that a calendar has, the shortest first.
LENGTHS = ("day", "week", "month")


class Lines(NamedTuple):
    """Lines of a log, read and sorted by customer, time and everything else.

    Attributes
    ----------
    source : str
    customers, brands, stores : ndarray of str
        Labels, in order of the alphabet.
    customer, brand, store : ndarray of int, shape (N,)
        Numbers of them; a log without a column has one brand, one store.
    moment : ndarray of int, shape (N,)
        Rank of the time among all times.
    day : ndarray of int, shape (N,)
        Days since 1970-01-01; number of the period where the log counts periods.
    quantity, amount : ndarray, shape (N,)
        Units, and currency paid as the log has it; negative for returns.
    list_price : ndarray, shape (N,), or None
        Price per unit before coupons.
    resolution : str
        What the time column tells, as :func:`times_of` returns it.
    facts : dict
        What was seen on the way: rows, blanks, row order, columns used and not used.
    """

    source: str
    customers: np.ndarray
    brands: np.ndarray
    stores: np.ndarray
    customer: np.ndarray
    brand: np.ndarray
    store: np.ndarray
    moment: np.ndarray
    day: np.ndarray
    quantity: np.ndarray
    amount: np.ndarray
    list_price: np.ndarray | None
    resolution: str
    facts: dict[str, Any]

    def take(self, rows: np.ndarray) -> Lines:
        """Return some of the lines, in this order.

        Parameters
        ----------
        rows : ndarray of int or bool, shape (n,)
            Numbers of lines, or which ones.
        """
        names = ("customer", "brand", "store", "moment", "day", "quantity", "amount")
        some = {name: getattr(self, name)[rows] for name in names}
        lists = None if self.list_price is None else self.list_price[rows]
        return self._replace(**some, list_price=lists)


def column_of(table: Table, what: str, given: str | None, *, must: bool = True) -> str | None:
    """Return the column that says this: the one given, or the first known one.

    Parameters
    ----------
    table : Table
    what : str
        A key of :data:`NAMES`.
    given : str, optional
        Name of the column; ``"none"``: there is none.
    must : bool
        Whether it has to be there.

    Raises
    ------
    CalibrationError
        If it is not there.
    """
    if given == "none":
        return None
    if given is not None:
        if given in table.columns:
            return given
        near = hint(given, table.columns, listed=12)
        raise table.wrong(f"expected a column {given!r} ({MEANING[what]}), found none{near}")
    name = first_named(table.columns, NAMES[what])
    if name is None and must:
        listed = ", ".join(map(found, table.columns[:12]))
        raise table.wrong(
            f"expected a column {what!r} ({MEANING[what]}; or name it with --{what}), "
            f"found {listed}"
        )
    return name


def labels_of(table: Table, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers and labels of a column of names; labels in alphabetical order.

    Parameters
    ----------
    table : Table
    column : str

    Returns
    -------
    numbers : ndarray of int, shape (N,)
    labels : ndarray of str, shape (L,)
    """
    numbers, labels = pd.factorize(table.frame[column])
    texts = Table(table.source, pd.DataFrame({column: labels})).text(column)
    unique, place = np.unique(texts.astype(str), return_inverse=True)
    return place[numbers].astype(np.int32), unique.astype(object)


def labelled(labels: np.ndarray, numbers: pd.Series) -> Any:
    """Return labels by number, as text that is stored once.

    Parameters
    ----------
    labels : ndarray of str, shape (L,)
    numbers : Series of int, shape (N,)
    """
    return pd.Series(labels, dtype="str").array.take(numbers.to_numpy())


def per_cent(share: float) -> str:
    """Return a share in per cent, as sentences have it; small ones with a digit more.

    Parameters
    ----------
    share : float
        No unit.
    """
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def times_of(table: Table, column: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Return ranks of times, days since 1970-01-01, and what the column tells.

    Parameters
    ----------
    table : Table
    column : str

    Returns
    -------
    moment, day : ndarray of int, shape (N,)
    unit : str
        ``second``, ``day``, ``week``, ``month``, ``quarter``; or ``number`` for a column of
        numbers of periods, which then stand in place of days.
    """
    codes, labels = pd.factorize(table.frame[column])
    few = Table(table.source, pd.DataFrame({column: labels}), None, table.reading)
    numbers = pd.to_numeric(pd.Series(labels, dtype=object), errors="coerce").to_numpy(dtype=float)
    if few.holds_dates(column) or np.isnan(numbers).any():
        try:
            read = few.calendar(column)
        except CalibrationError:
            table.calendar(column)  # says the line as well
            raise
        table.decide(f"{column}: {read.said}")
        unique, place = np.unique(read.values, return_inverse=True)
        days = unique.astype("datetime64[D]").astype(np.int64)
        return place[codes], days[place[codes]], read.unit
    broken = np.flatnonzero(numbers % 1 != 0)
    if broken.size:
        text = f"expected a date, or the number of a period, found {numbers[broken[0]]:g}"
        raise table.wrong(text, column, int((codes == broken[0]).argmax()))
    unique, place = np.unique(numbers, return_inverse=True)
    return place[codes], unique.astype(np.int64)[place[codes]], "number"


def read_lines(log: str | Path | pd.DataFrame | Table, **given: Any) -> Lines:
    """Read the lines of an order log.

    Parameters
    ----------
    log : str, Path, DataFrame or Table
        A row per line of an order.
    **given
        Names of the columns ``customer, date, brand, quantity, amount, store, list_price``
        where they are not found by themselves (``"none"``: not there); all else goes to
        :func:`cxsim.calibration.table_reading.read_table`.

    Raises
    ------
    CalibrationError
        If a column is missing, a cell cannot be read, or something has two readings.
    """
    columns = {what: given.pop(what, None) for what in NAMES}
    if isinstance(log, pd.DataFrame):
        given = {**given, "source": given.get("source") or "log"}
    table = read_table(log, **given)
    if not len(table):
        raise table.wrong("expected a row per purchase, found none")
    must = ("customer", "date")
    names = {what: column_of(table, what, columns[what], must=what in must) for what in NAMES}
    _one_amount(table, names, columns["amount"])
    if names["amount"] == names["list_price"]:
        names["list_price"] = None
    needed = [name for what, name in names.items() if name and what not in ("store", "list_price")]
    empty = {name: _blank(table.frame[name]) for name in needed}
    rows, bad = len(table), np.any(list(empty.values()), axis=0)
    if bad.all():
        raise table.wrong("expected a row per purchase, found a blank in each")
    if bad.any():
        table.drop(bad)
    customer, customers = labels_of(table, str(names["customer"]))
    moment, day, resolution = times_of(table, str(names["date"]))

    def named(what: str) -> tuple[np.ndarray, np.ndarray]:
        name = names[what]
        if name is None:
            return np.zeros(len(table), np.int32), np.array([""], dtype=object)
        return labels_of(table, name)

    def numeric(what: str, default: float) -> np.ndarray:
        name = names[what]
        return np.full(len(table), default) if name is None else table.numbers(name)

    (brand, brands), (store, stores) = named("brand"), named("store")
    quantity, amount = numeric("quantity", 1.0), numeric("amount", 1.0)
    lists = numeric("list_price", 0.0) if names["list_price"] else None
    used = [name for name in names.values() if name]
    facts = {
        "rows": rows,
        "columns": names,
        "unused": [name for name in table.columns if name not in used],
        "readings": table.decisions,
        "blank": {name: int(bad.sum()) for name, bad in empty.items() if bad.any()},
        "order": _row_order(customer, moment),
        "dated": [name for name in table.columns if name not in used and table.holds_dates(name)],
    }
    if names["quantity"] is None:  # a refund is the return of one unit
        quantity = np.where(amount < 0, -1.0, 1.0)
    lines = Lines(
        table.source, customers, brands, stores, customer, brand, store, moment, day,
        quantity, amount, lists, resolution, facts,
    )  # fmt: skip
    lines = lines.take(_sorted(lines))
    same = np.ones(len(table) - 1, dtype=bool)
    for each in (lines.customer, lines.moment, lines.brand, lines.quantity, lines.amount):
        same &= each[1:] == each[:-1]
    facts["identical"] = int(same.sum())
    return lines


#: Parts of names of columns that hold money.
_MONEY = ("price", "paid", "sales", "spend", "revenue", "value")


def _one_amount(table: Table, names: dict[str, str | None], given: str | None) -> None:
    """Refuse a column called amount that may hold units, as there is another one of money."""
    amount = names["amount"]
    if given or amount is None or names["quantity"] or named_like(amount, *_MONEY):
        return
    others = [each for each in table.columns if named_like(each, *_MONEY)
              and each not in names.values()]  # fmt: skip
    if others:
        raise table.wrong(
            f"expected one column of what was paid, found {found(amount)}, which may be units, and "
            f"{found(others[0])} (--amount {others[0]} --quantity {amount}, or --amount {amount})"
        )


def _blank(raw: pd.Series) -> np.ndarray:
    """Return where a column is empty."""
    empty = raw.isna().to_numpy()
    return empty if raw.dtype.kind in "biufM" else empty | (raw == "").to_numpy(dtype=bool)


def _sorted(lines: Lines) -> np.ndarray:
    """Return rows by customer, time, purchases before returns, then all else that a line holds."""
    back = (lines.quantity < 0) | (lines.amount < 0)
    parts = [lines.customer, lines.moment, back, lines.brand, lines.store]
    sizes = [int(part.max()) + 1 for part in parts]
    rest = [lines.amount, lines.quantity]
    if lines.list_price is not None:
        rest.insert(0, lines.list_price)
    if math.prod(sizes) >= 2**62:
        return np.lexsort((*rest, *reversed(parts)))
    key = np.zeros(len(back), dtype=np.int64)
    for part, size in zip(parts, sizes, strict=True):
        key = key * size + part
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    ties = np.flatnonzero(np.r_[False, same] | np.r_[same, False])  # few: sorted on their own
    rows = order[ties]
    order[ties] = rows[np.lexsort((*(each[rows] for each in rest), key[rows]))]
    return order


def _row_order(customer: np.ndarray, moment: np.ndarray) -> str:
    """Return in words in which order the rows of a log stand."""
    if (np.diff(moment) >= 0).all():
        return "by time"
    if (np.diff(moment) <= 0).all():
        return "newest first"
    same = customer[1:] == customer[:-1]
    if same.sum() == len(customer) - len(np.unique(customer)):
        return "by customer" + (", then time" if (np.diff(moment)[same] >= 0).all() else "")
    return "neither by time nor by customer"


# -- Rules, each of which decides one thing -----------------------------------------------------


class Returns(NamedTuple):
    """Units left of each line after returns, and how many returns found their purchase.

    Attributes
    ----------
    left : ndarray, shape (N,)
        Units; 0 for returns.
    paired, partial : int
        Returns that found purchases for all of their units; purchases that kept some units.
    """

    left: np.ndarray
    paired: int
    partial: int


def pair_returns(group: np.ndarray, quantity: np.ndarray) -> Returns:
    """Take returned units off the latest earlier purchase of the same customer and brand.

    Where two returns meet one purchase, the earlier return comes first, and what the
    purchase does not cover goes on to the purchase before it.

    Parameters
    ----------
    group : ndarray of int, shape (N,)
        Customer and brand as one number.
    quantity : ndarray, shape (N,)
        Units, negative for returns, in order of time; at one time purchases come first.

    Examples
    --------
    >>> pair_returns(np.zeros(4, int), np.array([1.0, 2.0, -1.0, -2.0])).left
    array([0., 0., 0., 0.])
    """
    left = np.maximum(quantity, 0.0)
    back = np.flatnonzero(quantity < 0)
    open_ = -quantity[back]
    if not back.size:
        return Returns(left, 0, 0)
    touched = np.isin(group, np.unique(group[back]))
    bought = np.flatnonzero(touched & (quantity > 0))
    bought = bought[np.argsort(group[bought], kind="stable")]  # by group, then time
    size = len(quantity)
    while True:
        there = bought[left[bought] > 0]
        wait = np.flatnonzero(open_ > 0)
        if not there.size or not wait.size:
            break
        keys = group[there].astype(np.int64) * size + there
        mine = group[back[wait]].astype(np.int64) * size + back[wait]
        place = np.searchsorted(keys, mine) - 1
        fits = (place >= 0) & (group[there[place]] == group[back[wait]])
        wait, target = wait[fits], there[place[fits]]
        if not wait.size:
            break
        order = np.argsort(target, kind="stable")
        wait, target = wait[order], target[order]
        asked = np.cumsum(open_[wait])
        first = np.flatnonzero(np.r_[True, target[1:] != target[:-1]])
        before = np.repeat(np.r_[0.0, asked[first[1:] - 1]], np.diff(np.r_[first, len(wait)]))
        earlier = asked - before - open_[wait]
        taken = np.clip(left[target] - earlier, 0.0, open_[wait])
        open_[wait] -= taken
        np.subtract.at(left, target, taken)
    partial = int(((left > 0) & (left < quantity)).sum())
    return Returns(left, int((open_ <= 0).sum()), partial)


def quantity_slope(
    brand: np.ndarray, quantity: np.ndarray, amount: np.ndarray
) -> tuple[float, float]:
    """Return the slope of log amount on log quantity within brands, with its standard error.

    It is 1 where the amount is that of the line, 0 where it is that of a unit.

    Parameters
    ----------
    brand : ndarray of int, shape (N,)
    quantity, amount : ndarray, shape (N,)
        Of purchases, above 0.
    """
    x, y = np.log(quantity), np.log(amount)
    count = np.maximum(np.bincount(brand), 1)
    x = x - (np.bincount(brand, x) / count)[brand]
    y = y - (np.bincount(brand, y) / count)[brand]
    spread = float(x @ x)
    if spread <= 0.0:
        return math.nan, math.nan
    slope = float(x @ y) / spread
    rest = y - slope * x
    return slope, math.sqrt(float(rest @ rest) / max(len(x) - 2, 1) / spread)


#: Calendar periods of months.
_MONTHS = {"month": 1, "quarter": 3}


def periods_of(day: np.ndarray, length: str) -> np.ndarray:
    """Return the number of the period in which a day lies; weeks begin on Mondays.

    Parameters
    ----------
    day : ndarray of int, shape (N,)
        Days since 1970-01-01.
    length : {"day", "week", "month", "quarter", "period"}
        ``period``: days are numbers of periods already.
    """
    if length == "week":
        return (day + 3) // 7
    if length in _MONTHS:
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return month // _MONTHS[length]
    return day


def first_day(period: np.ndarray, length: str) -> np.ndarray:
    """Return the day on which a period begins, in days since 1970-01-01.

    Parameters
    ----------
    period : ndarray of int, shape (N,)
        As :func:`periods_of` numbers them.
    length : {"day", "week", "month", "quarter", "period"}
    """
    if length == "week":
        return period * 7 - 3
    if length in _MONTHS:
        month = (period * _MONTHS[length]).astype("datetime64[M]")
        return month.astype("datetime64[D]").astype(np.int64)
    return period


#: Most customer-periods that may hold purchases of two days, and least periods in which each
#: large brand is bought, for a length of periods to fit a log.
MOST_MIXED, LEAST_SEEN = 0.05, 0.8


def period_fit(
    customer: np.ndarray, brand: np.ndarray, day: np.ndarray, length: str
) -> tuple[float, float]:
    """Return how well a length of periods fits a log.

    Parameters
    ----------
    customer, brand, day : ndarray of int, shape (N,)
        Purchases, sorted by customer and day; brand is -1 for small brands.
    length : {"day", "week", "month"}

    Returns
    -------
    mixed : float
        Share of customer-periods with purchases on two or more days.
    seen : float
        Share of periods in which the large brand that is bought least often is bought.
    """
    period = periods_of(day, length)
    period = period - period.min()
    span = int(period.max()) + 1
    new = np.r_[True, (customer[1:] != customer[:-1]) | (period[1:] != period[:-1])]
    later = np.r_[False, day[1:] != day[:-1]] & ~new
    starts = np.flatnonzero(new)
    mixed = float(np.logical_or.reduceat(later, starts).mean())
    large = brand >= 0
    pairs = np.unique(brand[large].astype(np.int64) * span + period[large]) // span
    counts = np.bincount(pairs)
    return mixed, float(counts[counts > 0].min() / span) if counts.size else 0.0


def choose_period(fits: dict[str, tuple[float, float]]) -> tuple[str, bool]:
    """Return the shortest length of periods that fits a log, and whether one does.

    Parameters
    ----------
    fits : dict of str to (float, float)
        What :func:`period_fit` returns, by length, the shortest first.

    Examples
    --------
    >>> choose_period({"day": (0.0, 0.14), "week": (0.02, 1.0), "month": (0.6, 1.0)})
    ('week', True)
    """
    for length, (mixed, seen) in fits.items():
        if mixed <= MOST_MIXED and seen >= LEAST_SEEN:
            return length, True
    for length, (_, seen) in fits.items():
        if seen >= LEAST_SEEN:
            return length, False
    return list(fits)[-1], False


def large_brands(counts: np.ndarray, least: float, most: int) -> np.ndarray:
    """Return the numbers of brands that stand for themselves, in order of their numbers.

    Parameters
    ----------
    counts : ndarray of int, shape (B,)
        Purchases of each brand.
    least : float
        Smallest share of purchases.
    most : int
        Largest number of brands.
    """
    order = np.lexsort((np.arange(len(counts)), -counts))[:most]
    return np.sort(order[counts[order] >= max(least * counts.sum(), 1)])


def within_share(cell: np.ndarray, brand: np.ndarray, price: np.ndarray) -> float:
    """Return the share of brands' price variance that lies within cells (period and store).

    Parameters
    ----------
    cell, brand : ndarray of int, shape (N,)
    price : ndarray, shape (N,)

    Returns
    -------
    float
        Mean squares within cells over those within brands; NaN where prices are constant.
    """

    def squares(group: np.ndarray) -> float:
        if group.max() > 4 * len(group):
            group = pd.factorize(group)[0]
        count = np.bincount(group)
        rest = price - (np.bincount(group, price) / np.maximum(count, 1))[group]
        freedom = len(price) - np.count_nonzero(count)
        return float(rest @ rest) / freedom if freedom > 0 else math.nan

    all_ = squares(brand)
    if not all_ > 1e-12 * float(np.mean(price**2)):
        return math.nan
    wide = int(brand.max()) + 1
    return min(squares(cell.astype(np.int64) * wide + brand) / all_, 1.0)


def carried(table: np.ndarray, most: int) -> np.ndarray:
    """Return prices by period with gaps filled by the last price seen, over so many periods.

    Parameters
    ----------
    table : ndarray, shape (P, ...)
        NaN where no price was seen.
    most : int
        Longest way that a price is carried, in periods.
    """
    at = np.arange(len(table)).reshape(-1, *[1] * (table.ndim - 1))
    last = np.maximum.accumulate(np.where(np.isnan(table), -1, at), axis=0)
    fresh = (last >= 0) & (at - last <= most)
    return np.where(fresh, np.take_along_axis(table, np.maximum(last, 0), axis=0), np.nan)


# -- From lines to purchases by period ----------------------------------------------------------


class Decisions:
    """Decisions on the way to a panel, in the order in which they are taken."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, int, str, str]] = []

    def add(self, rule: str, count: Any, of: Any, decision: str, option: str = "") -> None:
        """Add a rule, how many of how many it met, what was decided, and the option for it."""
        self.rows.append((rule, int(count), int(of), decision, option))

    def table(self) -> pd.DataFrame:
        """Return ``rule, count, of, decision, option``, a row per decision."""
        return pd.DataFrame(self.rows, columns=["rule", "count", "of", "decision", "option"])


def clean(
    lines: Lines, said: Decisions, *, returns: str = "cancel", amount_is: str | None = None
) -> tuple[Lines, dict[str, Any]]:
    """Return purchases after returns, with the amount of each line for the units kept.

    Parameters
    ----------
    lines : Lines
    said : Decisions
    returns : {"cancel", "drop", "refuse"}
    amount_is : {"line", "unit"}, optional

    Returns
    -------
    lines : Lines
        ``quantity`` above 0, ``amount`` what was paid for the line.
    facts : dict
    """
    facts = dict(lines.facts)
    n = len(lines.customer)
    said.add("rows read", facts["rows"], facts["rows"], "sorted by time")
    if facts["rows"] > n:
        text = ", ".join(f"{name} {count:,}" for name, count in facts["blank"].items())
        said.add("rows with a blank", facts["rows"] - n, facts["rows"], f"left out ({text})")
    back = (lines.quantity < 0) | (lines.amount < 0)
    units = np.where(back, -np.abs(lines.quantity), lines.quantity)
    empty = units == 0
    if empty.any():
        said.add("lines of no units", empty.sum(), n, "left out")
    facts["returns"] = int((back & ~empty).sum())
    if returns == "refuse" and facts["returns"]:
        raise CalibrationError(
            f"{lines.source}: expected purchases, found {facts['returns']:,} returns "
            "(--returns cancel, or --returns drop)"
        )
    kind, slope = _amount_kind(lines, (units > 0) & (lines.amount > 0), amount_is)
    facts["slope"] = slope
    shown = "" if math.isnan(slope) else f" (slope on quantity {slope:.2f})"
    said.add("amount", n, n, f"of a {kind}{shown}", "amount_is")
    left = np.maximum(units, 0.0)
    if facts["returns"] and returns == "cancel":
        group = lines.customer.astype(np.int64) * len(lines.brands) + lines.brand
        made = pair_returns(group, units)
        left = made.left
        alone = facts["returns"] - made.paired
        text = f"purchase of each cancelled; {alone:,} without a purchase left out"
        said.add("returns", facts["returns"], n, text, "returns")
        facts |= {"returns_paired": made.paired, "returns_partial": made.partial}
        facts["cancelled"] = int(((units > 0) & (left <= 0)).sum())
        said.add("purchases returned whole", facts["cancelled"], int((units > 0).sum()), "left out")
        said.add("purchases returned in part", made.partial, int((units > 0).sum()), "fewer units")
    else:
        said.add("returns", facts["returns"], n, "left out", "returns")
    unit_price = lines.amount / np.where(units == 0, 1.0, units) if kind == "line" else lines.amount
    lines = lines._replace(quantity=left, amount=unit_price * left).take(left > 0)
    if not len(lines.customer):
        raise CalibrationError(f"{lines.source}: expected purchases, found returns alone")
    free = int((lines.amount <= 0).sum())
    if free:
        said.add("lines for free", free, len(lines.customer), "purchases, but no prices")
    return lines, facts


def _amount_kind(lines: Lines, rows: np.ndarray, given: str | None) -> tuple[str, float]:
    """Return whether amounts are those of lines or of units, and the slope that shows it."""
    if not rows.any():
        return given or "line", math.nan
    slope, se = quantity_slope(lines.brand[rows], lines.quantity[rows], lines.amount[rows])
    if given is not None or math.isnan(slope):
        return given or "line", slope
    near = [kind for kind, at in (("line", 1.0), ("unit", 0.0)) if abs(slope - at) <= 0.2]
    if not near or abs(slope - 0.5) < 2 * se:
        name = lines.facts["columns"]["amount"]
        raise CalibrationError(
            f"{lines.source}: {name}: expected the amount of a line or that of a unit, found "
            f"neither for sure (slope of log amount on log quantity {slope:.2f}, se {se:.2f}): "
            "--amount-is line, or --amount-is unit"
        )
    return near[0], slope


def chosen_length(
    lines: Lines, said: Decisions, given: str | None, brands: int, *, longest: bool = False
) -> tuple[str, bool]:
    """Return the length of a period, and whether none fits well.

    Parameters
    ----------
    lines : Lines
    said : Decisions
    given : {"day", "week", "month"}, optional
    brands : int
        Number of brands that stand for themselves.
    longest : bool
        Whether to take the longest length that fits, of which the log has 12 periods: so it is
        for the log of one firm, which has no prices to compare.
    """
    n = len(lines.customer)
    if lines.resolution == "number":
        said.add("period", n, n, "as the log numbers them", "dates")
        return "period", False
    if lines.resolution in ("week", "month", "quarter"):
        said.add("period", n, n, f"{lines.resolution}, as the log has it")
        return lines.resolution, False
    shares = np.bincount(lines.brand, minlength=brands) / n
    brand = np.where(shares[lines.brand] >= 0.02, lines.brand, -1)
    fits = {name: period_fit(lines.customer, brand, lines.day, name) for name in LENGTHS}
    length, good = choose_period(fits)
    if longest:
        spans = {name: np.ptp(periods_of(lines.day, name)) for name in LENGTHS}
        fitting = [k for k in LENGTHS if fits[k][0] <= MOST_MIXED and spans[k] >= 12]
        length, good = (fitting or ["day"])[-1], bool(fitting)
    if given is not None:
        length, good = given, True
    mixed, seen = fits[length]
    text = f"{length}: {100 * mixed:.1f} % of customer-{length}s hold two days of purchases"
    if not longest:
        text += f", every large brand is bought in {100 * seen:.0f} % of {length}s or more"
    said.add("period", n, n, text if good else f"{text}; no length fits well", "period")
    return length, not good


def numbered(
    lines: Lines, said: Decisions, length: str, last_period: str = "cut"
) -> tuple[Lines, np.ndarray, int]:
    """Return lines of whole periods, numbers of their periods from 0, and the first period.

    Parameters
    ----------
    lines : Lines
    said : Decisions
    length : {"day", "week", "month", "period"}
    last_period : {"cut", "keep"}
        Cut: a last period is left out that ends earlier than half of the others do.

    Returns
    -------
    lines : Lines
    number_of : ndarray of int, shape (N,)
    start : int
        Period of the log's own numbering that is 0.
    """
    period = periods_of(lines.day, length)
    start = int(period.min())
    number_of = period - start
    last = int(number_of.max())
    if length in ("week", "month") and last > 1 and lines.resolution in ("day", "second"):
        into = pd.Series(lines.day - first_day(period, length)).groupby(number_of).max()
        cut = int(into.iloc[-1]) < float(into.iloc[:-1].median())
        rows = number_of == last
        if cut:
            what = "left out: the log ends inside it" if last_period == "cut" else "kept"
            said.add(f"last {length}", rows.sum(), len(rows), what, "last_period")
            if last_period == "cut":
                lines, number_of = lines.take(~rows), number_of[~rows]
    return lines, number_of, start
