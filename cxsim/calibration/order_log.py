"""The lines of an order log (who, when, which brand, how many, paid), and rules that read them.

A rule decides one thing from arrays: which purchase a return belongs to, how long a period is,
which brands stand for themselves. :mod:`cxsim.calibration.log_panel` puts them together.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cxsim.calibration.panel import CalibrationError, read_table
from cxsim.messages import found, hint, one_line

# -- Columns of a log, found by name ------------------------------------------------------------


#: Names of columns in letters and digits alone; the first that is there counts.
NAMES: dict[str, tuple[str, ...]] = {
    "customer": (
        "customer", "customerid", "customernumber", "client", "clientid", "household",
        "householdid", "householdkey", "hhid", "hh", "panelist", "consumer", "consumerid", "user",
        "userid", "member", "memberid", "custid", "id",
    ),
    "date": (
        "date", "orderdate", "invoicedate", "purchasedate", "transactiondate", "timestamp",
        "datetime", "boughtat", "orderedat", "day", "week", "month", "period", "time",
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


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


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
        What the time column tells: ``time``, ``day``, ``week``, ``month`` or ``number``.
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
        rows : ndarray of int or bool
        """
        names = ("customer", "brand", "store", "moment", "day", "quantity", "amount")
        some = {name: getattr(self, name)[rows] for name in names}
        lists = None if self.list_price is None else self.list_price[rows]
        return self._replace(**some, list_price=lists)


#: Formats of dates that are tried, with what they tell.
_FORMATS = {
    **{
        day + clock: "time" if clock else "day"
        for day in ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y")
        for clock in ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S")
    },
    "%Y%m%d": "day",
    "%Y-%m": "month",
    "%Y%m": "month",
    "%G-W%V-%u": "day",
    "%G-W%V": "week",
}

_EARLIEST, _LATEST = pd.Timestamp("1990-01-01"), pd.Timestamp("2035-12-31")


class Table:
    """One table on its way to lines."""

    def __init__(self, log: str | Path | pd.DataFrame, source: str | None):
        in_file = not isinstance(log, pd.DataFrame)
        self.in_file = in_file
        self.frame = read_table(log) if in_file else log.reset_index(drop=True)
        self.source = source or (Path(log).name if in_file else "log")
        names = [str(name) for name in self.frame.columns]
        self.frame = self.frame.set_axis(names, axis=1)
        twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
        if twice is not None:
            raise self.wrong(f"expected each column once, found {found(twice)} twice")
        if self.frame.empty:
            raise self.wrong("expected a row per purchase, found none")

    def wrong(self, text: str, column: str | None = None, row: int | None = None) -> Exception:
        """Return the error that says what was expected where."""
        where = self.source
        if row is not None:
            where += f":{row + 2}" if self.in_file else f": row {row}"
        return CalibrationError(one_line(": ".join(p for p in (where, column, text) if p)))

    def column(self, what: str, given: str | None, *, must: bool = True) -> str | None:
        """Return the column that says this: the one given, or the first known one."""
        there = {name: name for name in self.frame.columns}
        if given == "none":
            return None
        if given is not None:
            if given in there:
                return given
            near = hint(given, there, listed=12)
            raise self.wrong(f"expected a column {given!r} ({MEANING[what]}), found none{near}")
        plain = {_plain(name): name for name in reversed(there)}
        name = next((plain[name] for name in NAMES[what] if name in plain), None)
        if name is None and must:
            listed = ", ".join(map(found, list(there)[:12]))
            option = what.replace("_", "-")
            raise self.wrong(
                f"expected a column {what!r} ({MEANING[what]}; or name it with --{option}), "
                f"found {listed}"
            )
        return name

    def blank(self, column: str) -> np.ndarray:
        """Return where a column is empty."""
        raw = self.frame[column]
        empty = raw.isna().to_numpy()
        return empty | (raw == "").to_numpy(dtype=bool) if raw.dtype.kind not in "biufM" else empty

    def codes(self, column: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers and labels of a column of names; the labels in alphabetical order."""
        raw = self.frame[column]
        if rows.size < len(raw):
            raw = raw.iloc[rows]
        if raw.dtype.kind == "f" and (raw % 1 == 0).all():
            raw = raw.astype("int64")  # a whole number that a blank elsewhere made a fraction
        numbers, labels = pd.factorize(raw)
        texts = pd.Index(labels).astype(str).str.strip().to_numpy(dtype=object)
        unique, place = np.unique(texts.astype(str), return_inverse=True)
        return place[numbers].astype(np.int32), unique.astype(object)

    def numbers(self, column: str, rows: np.ndarray) -> np.ndarray:
        """Return a column of finite numbers."""
        raw = self.frame[column]
        if raw.dtype.kind in "iuf":
            values = raw.to_numpy(dtype=float)[rows]
        else:
            codes, labels = pd.factorize(raw)
            read = pd.to_numeric(pd.Series(labels, dtype=object), errors="coerce")
            values = np.append(read.to_numpy(dtype=float), np.nan)[codes][rows]
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(rows[bad.argmax()])
            raise self.wrong(f"expected a number, found {found(raw.iloc[row])}", column, row)
        return values

    def times(
        self, column: str, rows: np.ndarray, given: str | None
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """Return ranks of times, days (or numbers of periods), and what the column tells."""
        raw = self.frame[column].iloc[rows]
        if raw.dtype.kind == "M":
            stamps = raw.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
            unique, moment = np.unique(stamps, return_inverse=True)
            days = unique.astype("datetime64[D]").astype(np.int64)
            exact = bool((unique == unique.astype("datetime64[D]")).all())
            return moment, days[moment], "day" if exact else "time"
        codes, labels = pd.factorize(raw)
        texts = pd.Index(labels).map(str).str.strip()
        read, resolution = self._read_times(column, rows, codes, texts, given)
        unique, place = np.unique(read, return_inverse=True)
        if resolution == "number":
            return place[codes], unique.astype(np.int64)[place[codes]], resolution
        days = unique.astype("datetime64[D]").astype(np.int64)
        return place[codes], days[place[codes]], resolution

    def _read_times(
        self, column: str, rows: np.ndarray, codes: np.ndarray, texts: pd.Index, given: str | None
    ) -> tuple[np.ndarray, str]:
        """Return the times that different texts stand for, and what they tell."""
        integers = texts.str.fullmatch(r"\d{1,9}(\.0+)?").all()
        calendar = integers and texts.str.fullmatch(r"(19|20)\d{4}(\d\d)?").all()
        serial = integers and pd.to_numeric(texts).isin(range(32874, 49675)).all()
        if given == "number" or (given is None and integers and not calendar and not serial):
            numbers = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(dtype=float)
            bad = ~np.isfinite(numbers) | (numbers % 1 != 0)
            self._refuse(bad, "the number of a period", column, rows, codes, texts)
            return numbers, "number"
        if given == "excel":
            first = pd.Timestamp("1899-12-30")
            return (first + pd.to_timedelta(pd.to_numeric(texts), unit="D")).to_numpy(), "day"
        if serial and given is None:
            raise self.wrong(
                f"expected one reading of {texts[0]}, found two: a day as spreadsheets number "
                "them, or the number of a period (--dates excel, or --dates number)",
                column,
            )
        if given is not None:
            made = self._parsed(texts, given)
            self._refuse(made.isna(), f"a date like {given}", column, rows, codes, texts)
            return made.to_numpy(), _FORMATS.get(given, "time" if "%H" in given else "day")
        few = texts[:500]
        near = [form for form in _FORMATS if self._fits(self._parsed(few, form))]
        fits = {form: made for form in near if self._fits(made := self._parsed(texts, form))}
        if not fits:
            known = [self._parsed(texts, form).notna() for form in _FORMATS]
            best = max(known, key=lambda good: int(good.sum()))
            what = "a date, such as 2025-01-31 (or its format with --dates)"
            self._refuse(~best, what, column, rows, codes, texts)
            row = int(rows[0])
            raise self.wrong(f"expected dates from 1990 to 2035, found {texts[0]!r}", column, row)
        form, first = next(iter(fits.items()))
        for other, made in fits.items():
            if not made.equals(first):
                k = int((made != first).argmax())
                raise self.wrong(
                    f"expected one reading of {texts[k]!r}, found two: {form} and {other} "
                    f"(--dates {form}, or --dates {other})",
                    column,
                )
        return first.to_numpy(), _FORMATS[form]

    @staticmethod
    def _parsed(texts: pd.Index, form: str) -> pd.Series:
        if form == "%G-W%V":
            texts, form = texts + "-1", "%G-W%V-%u"
        length = {"%Y%m": 6, "%Y%m%d": 8}.get(form)  # else 202501 would be 2 January 2025
        made = pd.Series(pd.to_datetime(texts, format=form, errors="coerce"))
        return made.where(pd.Series(texts.str.len() == length)) if length else made

    @staticmethod
    def _fits(made: pd.Series) -> bool:
        return bool(made.notna().all() and made.min() >= _EARLIEST and made.max() <= _LATEST)

    def _refuse(
        self,
        bad: Any,
        what: str,
        column: str,
        rows: np.ndarray,
        codes: np.ndarray,
        texts: pd.Index,
    ) -> None:
        bad = np.asarray(bad)
        if bad.any():
            k = int(np.argmax(bad[codes]))
            raise self.wrong(f"expected {what}, found {texts[codes[k]]!r}", column, int(rows[k]))


def read_lines(
    log: str | Path | pd.DataFrame,
    *,
    source: str | None = None,
    dates: str | None = None,
    **columns: str | None,
) -> Lines:
    """Read the lines of an order log.

    Parameters
    ----------
    log : str, Path or DataFrame
        A row per line of an order.
    source : str, optional
        What to call it [default: the file's name].
    dates : str, optional
        Format of dates (``%d.%m.%Y``), ``number`` for numbers of periods, or ``excel``.
    **columns : str, optional
        Names of the columns ``customer, date, brand, quantity, amount, store, list_price``
        where they are not found by themselves; ``"none"``: not there.

    Raises
    ------
    CalibrationError
        If a column is missing, a cell cannot be read, or dates can be read in two ways.
    """
    reader = Table(log, source)
    frame = reader.frame
    must = ("customer", "date")
    names = {what: reader.column(what, columns.get(what), must=what in must) for what in NAMES}
    if names["amount"] is not None and names["amount"] == names["list_price"]:
        names["list_price"] = None
    needed = [name for what, name in names.items() if name and what not in ("store", "list_price")]
    empty = {name: reader.blank(name) for name in needed}
    rows = np.flatnonzero(~np.any(list(empty.values()), axis=0))
    if not rows.size:
        raise reader.wrong("expected a row per purchase, found a blank in each")
    customer, customers = reader.codes(str(names["customer"]), rows)
    moment, day, resolution = reader.times(str(names["date"]), rows, dates)

    def named(what: str) -> tuple[np.ndarray, np.ndarray]:
        name = names[what]
        if name is None:
            return np.zeros(rows.size, np.int32), np.array([""], dtype=object)
        return reader.codes(name, rows)

    def numeric(what: str, default: float) -> np.ndarray:
        name = names[what]
        return np.full(rows.size, default) if name is None else reader.numbers(name, rows)

    (brand, brands), (store, stores) = named("brand"), named("store")
    quantity, amount = numeric("quantity", 1.0), numeric("amount", 1.0)
    lists = numeric("list_price", 0.0) if names["list_price"] else None
    used = [name for name in names.values() if name]
    facts = {
        "rows": len(frame),
        "columns": names,
        "unused": [name for name in frame.columns if name not in used],
        "blank": {name: int(bad.sum()) for name, bad in empty.items() if bad.any()},
        "order": _row_order(customer, moment),
        "dated": [n for n in frame.columns if n not in used and frame[n].dtype.kind == "M"],
    }
    if names["quantity"] is None:  # a refund is the return of one unit
        quantity = np.where(amount < 0, -1.0, 1.0)
    lines = Lines(
        reader.source, customers, brands, stores, customer, brand, store, moment, day,
        quantity, amount, lists, resolution, facts,
    )  # fmt: skip
    lines = lines.take(_sorted(lines))
    same = np.ones(rows.size - 1, dtype=bool)
    for each in (lines.customer, lines.moment, lines.brand, lines.quantity, lines.amount):
        same &= each[1:] == each[:-1]
    facts["identical"] = int(same.sum())
    return lines


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


def periods_of(day: np.ndarray, length: str) -> np.ndarray:
    """Return the number of the period in which a day lies; weeks begin on Mondays.

    Parameters
    ----------
    day : ndarray of int, shape (N,)
        Days since 1970-01-01.
    length : {"day", "week", "month", "period"}
        ``period``: days are numbers of periods already.
    """
    if length == "week":
        return (day + 3) // 7
    if length == "month":
        return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return day


def first_day(period: np.ndarray, length: str) -> np.ndarray:
    """Return the day on which a period begins, in days since 1970-01-01.

    Parameters
    ----------
    period : ndarray of int
        As :func:`periods_of` numbers them.
    length : {"day", "week", "month", "period"}
    """
    if length == "week":
        return period * 7 - 3
    if length == "month":
        return period.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
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
