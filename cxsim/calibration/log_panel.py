"""An order log becomes a purchase panel, and says on the way what can be learned from it.

A log holds the price paid and nothing of the prices of the brands that were left. Making a panel
of it therefore takes decisions: how returns are paired, how long a period is, where the other
prices come from. Each is a line of the result with its count and the option that changes it.

Prices of brands not bought are a question of their own (Erdem, Keane & Sun 1999, Missing price
and coupon availability data in scanner panels, Journal of Econometrics 89): the customer's own
last price, or a mean over time, biases what price response is found. They are the median of what
all customers paid in the same period, and in the same store where the log has one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.calibration.order_log import (
    LEAST_SEEN,
    LENGTHS,
    MEANING,
    Decisions,
    Lines,
    carried,
    chosen_length,
    clean,
    column_of,
    first_day,
    labelled,
    labels_of,
    large_brands,
    numbered,
    per_cent,
    read_lines,
    times_of,
    within_share,
)
from cxsim.calibration.panel import MONEY, NO_MONEY, NO_PURCHASE, CalibrationError, Panel
from cxsim.calibration.panel_reading import read_panel
from cxsim.calibration.table_reading import read_table
from cxsim.messages import AttributeHints, cells, choice, found, hint, number, whole

# -- From lines to a panel ----------------------------------------------------------------------


#: Shares of price variance within periods: up to the first price response can be estimated, above
#: the second nothing can be said about money. Thresholds are conventions, not tested on panels.
DOUBTFUL, HOPELESS = 0.2, 0.5

#: Share of customers with one purchase from which on a log tells little about loyalty.
ONE_OFF = 0.6


@dataclass(frozen=True)
class LogPanel(AttributeHints):
    """A panel made of an order log, every decision on the way, and what can be learned from it.

    Attributes
    ----------
    source : str
    frame : DataFrame
        The panel: ``customer``, a column of periods named as they are long (``week``), ``choice``
        and ``price.BRAND`` for each brand, in currency per unit; sorted by customer and period.
        A column ``money`` says so where its prices tell little of amounts in money
        (``doubtful``) or nothing (``not usable``).
    decisions : DataFrame
        ``rule, count, of, decision, option``: a row per decision; ``option`` changes it.
    brands : DataFrame
        ``brand, purchases, share, lowest, median, highest, changes, seen, within``: prices per
        unit, changes of its median from period to period, share of periods in which it is
        bought, share of its price variance within periods (and stores).
    purchases : DataFrame
        ``period, begins, purchases, customers``: how many in each period, before customers with
        few purchases are left out.
    facts : dict
        Numbers of the diagnosis by name.
    period_length, currency : str
    """

    source: str
    frame: pd.DataFrame
    decisions: pd.DataFrame
    brands: pd.DataFrame
    purchases: pd.DataFrame
    facts: dict[str, Any] = field(repr=False)
    period_length: str
    currency: str

    @property
    def price_response(self) -> str:
        """``usable``, ``doubtful`` or ``none``: what the log says about prices."""
        within = self.facts["within"]
        if self.facts["price_list"]:
            return "usable"
        if not within <= HOPELESS:  # also where prices never change
            return "none"
        return "doubtful" if within > DOUBTFUL else "usable"

    def headline(self) -> str:
        """Return in one sentence what was made of the log."""
        made = self.facts
        return (
            f"{self.source}: {made['rows']:,} rows become {len(self.frame):,} occasions of "
            f"{self.frame['customer'].nunique():,} customers, {len(self.brands)} brands and "
            f"{len(self.purchases):,} {self.period_length}s."
        )

    def verdict(self) -> list[str]:
        """Return what the log can tell and what it cannot, a sentence each."""
        return _verdict(self)

    def diagnosis(self) -> list[str]:
        """Return what was read, a sentence each: the log before anything is estimated."""
        return _diagnosis(self)

    def save(self, path: str | Path) -> Path:
        """Write the panel as CSV and return where.

        Parameters
        ----------
        path : str or Path
        """
        from cxsim.files.whole import whole_file

        with whole_file(path) as draft:
            cells(self.frame).to_csv(draft, index=False, lineterminator="\n")
        return Path(path)

    def __repr__(self) -> str:
        return "\n".join([self.headline(), *self.diagnosis(), *self.verdict()])

    def _repr_html_(self) -> str:
        from html import escape

        said = "".join(f"<p>{escape(text)}</p>" for text in [self.headline(), *self.verdict()])
        return said + self.decisions.to_html(index=False)


def panel_from_log(
    log: str | Path | pd.DataFrame,
    *,
    customer: str | None = None,
    date: str | None = None,
    brand: str | None = None,
    quantity: str | None = None,
    amount: str | None = None,
    store: str | None = None,
    list_price: str | None = None,
    period: str | None = None,
    amount_is: str | None = None,
    returns: str = "cancel",
    small: str = "other",
    least_share: float = 0.02,
    most_brands: int = 8,
    prices: str | Path | pd.DataFrame | None = None,
    bought: str = "offered",
    carry: int = 4,
    missing: str = "drop",
    outside: bool = False,
    minimum_purchases: int = 2,
    last_period: str = "cut",
    sample: int | None = None,
    seed: int = 0,
    currency: str = "EUR",
    **reading: Any,
) -> LogPanel:
    """Make a purchase panel of an order log; every decision is named and counted.

    Parameters
    ----------
    log : str, Path or DataFrame
        A row per line of an order, in any order: customer, date, brand, paid, and where the log
        has them quantity (negative for returns), store and list price.
    customer, date, brand, quantity, amount, store, list_price : str, optional
        Columns that are not found by their names; ``"none"``: not there.
    period : {"day", "week", "month"}, optional
        Length of a period [default: the shortest in which at most 5 % of customer-periods
        hold purchases of two days and each large brand is bought in 80 % of periods].
    amount_is : {"line", "unit"}, optional
        What the amount is paid for [default: what the amounts themselves show].
    returns : {"cancel", "drop", "refuse"}
        Cancel the purchase that each belongs to; leave returns out; or refuse a log with any.
    small : {"other", "drop"}
        Small brands become one brand ``other``, unless that is a small one itself, or are left
        out.
    least_share : float
        Share of purchases from which on a brand stands for itself.
    most_brands : int
        Largest number of brands that do.
    prices : str, Path or DataFrame, optional
        Price list ``date, brand, price`` and where wanted ``store``; a price holds until
        the next. In place of the prices that others paid.
    bought : {"offered", "paid"}
        Price of the brand bought: as for the brands not bought, or what the customer paid.
        The second makes whoever got a low price look as if the price had decided.
    carry : int
        Periods over which a brand's last price is carried where nobody bought it; after
        that the brand counts as not on offer.
    missing : {"drop", "blank"}
        Occasions at which a brand was not on offer: left out, or kept with a blank price.
    outside : bool
        Add a row ``no_purchase`` for each period without a purchase, from a customer's first
        purchase to the last one and 95 % of gaps beyond.
    minimum_purchases : int
        Customers with fewer are left out of the panel.
    last_period : {"cut", "keep"}
        A last period that the log does not cover to its end.
    sample : int, optional
        Number of customers drawn at random, for a quicker estimation.
    seed : int
        Of the sample.
    currency : str
    **reading
        How to read the table where it can be read in two ways: ``dates``, ``decimal``,
        ``encoding``, ``separator``, ``sheet``, ``header``, ``total``; ``source``: its name.

    Returns
    -------
    LogPanel

    Raises
    ------
    CalibrationError
        If the log cannot be read, or something in it has two readings; the message names
        the option that decides.
    ValueError
        If an option is not one of those known.

    Notes
    -----
    Rows are sorted by time, then by everything else they hold: any order of rows gives the
    same panel to the byte.
    """
    if period is not None:
        choice(period, "period", LENGTHS)
    if amount_is is not None:
        choice(amount_is, "amount_is", ("line", "unit"))
    choice(returns, "returns", ("cancel", "drop", "refuse"))
    choice(small, "small", ("other", "drop"))
    choice(bought, "bought", ("paid", "offered"))
    choice(missing, "missing", ("drop", "blank"))
    choice(last_period, "last_period", ("cut", "keep"))
    least_share = number(least_share, "least_share", low=0, high=1)
    most_brands = whole(most_brands, "most_brands", low=2)
    carry = whole(carry, "carry", low=0)
    minimum_purchases = whole(minimum_purchases, "minimum_purchases", low=1)
    lines = read_lines(
        log, **reading, customer=customer, date=date, brand=brand,
        quantity=quantity, amount=amount, store=store, list_price=list_price,
    )  # fmt: skip
    _check_brands(lines)
    said = Decisions()
    lines, facts = clean(lines, said, returns=returns, amount_is=amount_is)
    lines, names = _grouped(lines, said, small=small, least=least_share, most=most_brands)
    length, unusual = chosen_length(lines, said, period, len(names))
    lines, number_of, start = numbered(lines, said, length, last_period)
    occasions = _occasions(lines, number_of, said, names)
    table = _price_table(lines, number_of, names, lists=lines.list_price is not None)
    offered = carried(table, carry)
    within = _variation(lines, number_of)
    brands = _brand_table(lines, number_of, names, table)
    gaps = _gaps(occasions)
    course = _course(occasions, int(number_of.max()) + 1, start, length)
    facts |= {
        "within": within, "gap_median": float(np.median(gaps)) if gaps.size else math.nan,
        "gap_95": float(np.quantile(gaps, 0.95)) if gaps.size else math.nan, "gaps": gaps,
        "price_list": prices is not None, "unusual": unusual, "stores": len(lines.stores),
        "changes": float(brands["changes"].sum()), "occasions": len(occasions),
    }  # fmt: skip
    occasions, facts["customers"], facts["one_off"] = _frequent(occasions, minimum_purchases, said)
    if outside:
        occasions = _with_outside(occasions, int(number_of.max()), facts["gap_95"], names, said)
    asked = _asked(occasions, lines, names, offered, table, prices, start, length, said, carry)
    if bought == "paid":
        took = np.flatnonzero(occasions["brand"] < len(names))
        asked[occasions["brand"].to_numpy()[took], took] = occasions["paid"].to_numpy()[took]
    what = {"paid": "as paid", "offered": "as for the other brands"}[bought]
    said.add("price of the brand bought", len(occasions), len(occasions), what, "bought")
    gone = np.isnan(asked).any(axis=0)
    kept = ~gone if missing == "drop" else np.ones(len(occasions), dtype=bool)
    what = {"drop": "occasions left out", "blank": "kept, with blank prices"}[missing]
    said.add("brands not on offer", gone.sum(), len(occasions), what, "missing")
    facts["not_on_offer"] = float(gone.mean()) if missing == "drop" else 0.0
    if kept.any() and not kept.all():
        counts = occasions[kept & (occasions["brand"] < len(names))].groupby("customer").size()
        few = occasions["customer"].map(counts).fillna(0).to_numpy() < minimum_purchases
        kept &= ~few
    if not kept.any():
        raise CalibrationError(f"{lines.source}: expected customers with two purchases, found none")
    occasions, asked = occasions[kept].reset_index(drop=True), asked[:, kept]
    if sample is not None:
        mine = _sampled(occasions["customer"].to_numpy(), sample, seed, said)
        occasions, asked = occasions[mine].reset_index(drop=True), asked[:, mine]
    first = occasions["customer"].nunique()
    said.add("first purchases", first, len(occasions),
             "set the supplier only (cxsim calibrate --initial-purchases)")  # fmt: skip
    column = length if length in LENGTHS else "period"
    options = np.array([*names, NO_PURCHASE], dtype=object)
    frame = pd.DataFrame(
        {
            "customer": labelled(lines.customers, occasions["customer"]),
            column: occasions["period"].to_numpy(),
            "choice": labelled(options, occasions["brand"]),
            **{f"price.{name}": asked[k] for k, name in enumerate(names)},
        }
    )
    frame.attrs |= {"currency": currency, "period_length": length}
    course.attrs["period_length"] = length
    made = LogPanel(lines.source, frame, said.table(), brands, course, facts, length, currency)
    if made.price_response != "usable":
        frame[MONEY] = NO_MONEY if made.price_response == "none" else "doubtful"
    return made


def _check_brands(lines: Lines) -> None:
    names = lines.facts["columns"]
    for what in ("brand", "amount"):
        if names[what] is None:
            there = ", ".join(map(found, [*lines.facts["unused"][:8]])) or "none besides"
            own = " (a log of one firm alone: cxsim panel --own)" if what == "brand" else ""
            raise CalibrationError(
                f"{lines.source}: expected a column {what!r} ({MEANING[what]}; or name it with "
                f"--{what}), found {there}{own}"
            )
    if len(lines.brands) < 2:
        raise CalibrationError(
            f"{lines.source}: {names['brand']}: expected two brands or more, found "
            f"{found(str(lines.brands[0]))} alone (a log of one firm: cxsim panel --own)"
        )


def _grouped(
    lines: Lines, said: Decisions, *, small: str, least: float, most: int
) -> tuple[Lines, tuple[str, ...]]:
    """Return lines by large brands, small ones as one brand or left out, and the names."""
    counts = np.bincount(lines.brand, minlength=len(lines.brands))
    large = large_brands(counts, least, most)
    rest = (counts > 0).sum() - len(large)
    names = [str(lines.brands[k]) for k in large]
    place = np.full(len(lines.brands), len(large))
    place[large] = np.arange(len(large))
    lines = lines._replace(brand=place[lines.brand])
    in_small = lines.brand == len(large)
    if rest:
        other = "other" if "other" not in names else "other brands"
        if in_small.mean() < least:
            small = "drop"  # together, they would be a small brand
        one = f"{rest} brands become {other!r}" if small == "other" else f"{rest} brands left out"
        said.add("purchases of small brands", in_small.sum(), len(in_small), one, "small")
        if small == "drop":
            lines = lines.take(~in_small)
        else:
            names.append(other)
    if len(names) < 2:
        raise CalibrationError(
            f"{lines.source}: expected two brands with {100 * least:g} % of purchases, found "
            f"{len(names)} (--least-share)"
        )
    return lines, tuple(names)


def _occasions(
    lines: Lines, number_of: np.ndarray, said: Decisions, names: tuple[str, ...]
) -> pd.DataFrame:
    """Return one occasion per customer and period: the brand with most money, and its price."""
    span, size = int(number_of.max()) + 1, len(names)
    key = (lines.customer.astype(np.int64) * span + number_of) * size + lines.brand
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    money = np.add.reduceat(lines.amount[order], starts)
    units = np.add.reduceat(lines.quantity[order], starts)
    where = key[starts]
    day, store = lines.day[order][starts], lines.store[order][starts]
    best = np.lexsort((where, -money, where // size))
    owner = (where // size)[best]
    first = best[np.r_[True, owner[1:] != owner[:-1]]]
    count = len(first)
    several = np.bincount(np.searchsorted(where[first] // size, key // size), minlength=count)
    said.add("lines of one customer and period", (several > 1).sum(), count,
             "one occasion, of the brand with most money")  # fmt: skip
    said.add("of them with two brands or more", len(where) - count and
             int((np.bincount(np.searchsorted(where[first] // size, where // size)) > 1).sum()),
             count, "the others' purchases are not seen")  # fmt: skip
    place = where[first] // size
    return pd.DataFrame(
        {
            "customer": place // span,
            "period": place % span,
            "brand": where[first] % size,
            "paid": np.where(money[first] > 0, money[first] / units[first], np.nan),
            "day": day[first],
            "store": store[first],
        }
    )


def _price_table(
    lines: Lines, number_of: np.ndarray, names: tuple[str, ...], *, lists: bool
) -> np.ndarray:
    """Return median prices per unit by period, store and brand; NaN where nobody bought."""
    shape = (int(number_of.max()) + 1, len(lines.stores), len(names))
    price = lines.list_price if lists else lines.amount / lines.quantity
    assert price is not None
    real = price > 0
    key = (number_of * shape[1] + lines.store) * shape[2] + lines.brand
    median = pd.Series(price[real]).groupby(key[real]).median()
    table = np.full(int(np.prod(shape)), np.nan)
    table[median.index.to_numpy()] = median.to_numpy()
    return table.reshape(shape)


def _variation(lines: Lines, number_of: np.ndarray) -> float:
    """Return the share of price variance within periods and stores."""
    real = lines.amount > 0
    price = lines.amount[real] / lines.quantity[real]
    cell = number_of[real] * len(lines.stores) + lines.store[real]
    return within_share(cell, lines.brand[real], price)


def _brand_table(
    lines: Lines, number_of: np.ndarray, names: tuple[str, ...], table: np.ndarray
) -> pd.DataFrame:
    real = lines.amount > 0
    price = lines.amount[real] / lines.quantity[real]
    brand, cell = lines.brand[real], number_of[real] * len(lines.stores) + lines.store[real]
    counts = np.bincount(lines.brand, minlength=len(names))
    rows = []
    for k, name in enumerate(names):
        mine = brand == k
        course = table[:, :, k]
        steps = np.diff(course, axis=0)
        known = ~np.isnan(course).all(axis=1)
        some = price[mine] if mine.any() else np.array([np.nan])
        rows.append(
            {
                "brand": name,
                "purchases": int(counts[k]),
                "share": counts[k] / counts.sum(),
                "lowest": float(some.min()),
                "median": float(np.median(some)),
                "highest": float(some.max()),
                "changes": int((np.abs(steps) > 1e-9).any(axis=1).sum()),
                "seen": float(known.mean()),
                "within": within_share(cell[mine], brand[mine], some) if mine.any() else math.nan,
            }
        )
    return pd.DataFrame(rows)


def _gaps(occasions: pd.DataFrame) -> np.ndarray:
    """Return periods between successive purchases of a customer."""
    customer, period = occasions["customer"].to_numpy(), occasions["period"].to_numpy()
    return np.diff(period)[customer[1:] == customer[:-1]]


def _course(occasions: pd.DataFrame, span: int, start: int, length: str) -> pd.DataFrame:
    """Return purchases and customers by period."""
    bought = np.bincount(occasions["period"], minlength=span)
    begins: Any = first_day(np.arange(span) + start, length)
    if length != "period":
        begins = begins.astype("datetime64[D]").astype("datetime64[s]")
    customers = occasions.groupby("customer")["period"].min()
    new = np.bincount(customers, minlength=span)
    return pd.DataFrame(
        {"period": np.arange(span), "begins": begins, "purchases": bought, "new_customers": new}
    )


def _frequent(
    occasions: pd.DataFrame, least: int, said: Decisions
) -> tuple[pd.DataFrame, int, float]:
    """Return occasions of customers with enough of them, all customers, share with one."""
    counts = np.bincount(occasions["customer"])
    customers, once = int((counts > 0).sum()), int((counts == 1).sum())
    few = (counts > 0) & (counts < least)
    what = f"fewer than {least} purchases: in shares and prices, not in the panel"
    said.add("customers with few purchases", few.sum(), customers, what, "minimum_purchases")
    kept = occasions[counts[occasions["customer"]] >= least].reset_index(drop=True)
    return kept, customers, once / customers


def _with_outside(
    occasions: pd.DataFrame, last: int, gap: float, names: tuple[str, ...], said: Decisions
) -> pd.DataFrame:
    """Return occasions with a row for each period without a purchase."""
    ends = occasions.groupby("customer")["period"].agg(["min", "max"])
    beyond = 0 if math.isnan(gap) else math.ceil(gap)
    stop = np.minimum(ends["max"].to_numpy() + beyond, last)
    counts = stop - ends["min"].to_numpy() + 1
    owner = np.repeat(ends.index.to_numpy(), counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    grid = pd.DataFrame(
        {"customer": owner, "period": np.repeat(ends["min"].to_numpy(), counts) + step}
    )
    both = grid.merge(occasions, on=["customer", "period"], how="left")
    none = both["brand"].isna()
    both["brand"] = both["brand"].fillna(len(names)).astype(int)
    both[["day", "store"]] = both[["day", "store"]].ffill().astype(int)
    text = f"rows {NO_PURCHASE!r} added, to {beyond} periods after a customer's last purchase"
    said.add("periods without a purchase", none.sum(), len(both), text, "outside")
    return both


def _asked(
    occasions: pd.DataFrame,
    lines: Lines,
    names: tuple[str, ...],
    offered: np.ndarray,
    seen: np.ndarray,
    prices: str | Path | pd.DataFrame | None,
    start: int,
    length: str,
    said: Decisions,
    carry: int,
) -> np.ndarray:
    """Return what each brand was offered for at each occasion, shape (F, N)."""
    period, store = occasions["period"].to_numpy(), occasions["store"].to_numpy()
    asked = offered[period, store].T.copy()
    fresh = seen[period, store].T
    if prices is not None:
        bought = (occasions["brand"] < len(names)).to_numpy()
        begin = first_day(period + start, length)
        day = np.where(bought, occasions["day"].to_numpy(), begin)
        listed = _listed(prices, lines, names, day, store)
        said.add("prices from the list", (~np.isnan(listed)).sum(), listed.size,
                 "where the list has none: what others paid", "prices")  # fmt: skip
        asked = np.where(np.isnan(listed), asked, listed)
        fresh = np.where(np.isnan(listed), fresh, listed)
    what = "median list price" if lines.list_price is not None else "median of what others paid"
    where = " and store" if len(lines.stores) > 1 else ""
    said.add("prices of that period", (~np.isnan(fresh)).sum(), asked.size,
             f"{what} in the period{where}", "prices")  # fmt: skip
    filled = (np.isnan(fresh) & ~np.isnan(asked)).sum()
    said.add(
        "prices carried on", filled, asked.size, f"last seen, at most {carry} periods", "carry"
    )
    said.add("prices missing", np.isnan(asked).sum(), asked.size, "not on offer", "missing")
    return asked


def _listed(
    prices: str | Path | pd.DataFrame,
    lines: Lines,
    names: tuple[str, ...],
    day: np.ndarray,
    store: np.ndarray,
) -> np.ndarray:
    """Return prices of a list at each occasion, shape (F, N); NaN where it has none."""
    has_store = len(lines.stores) > 1
    given = _price_list(prices, lines.resolution)
    number = {name: k for k, name in enumerate(names)}
    place = {str(name): k for k, name in enumerate(lines.stores)}
    made = np.full((len(names), len(day)), np.nan)
    brand = given["brand"].map(number)
    if brand.isna().all():
        first = str(given["brand"].iloc[0])
        where = Path(prices).name if not isinstance(prices, pd.DataFrame) else "prices"
        raise CalibrationError(
            f"{where}: brand: expected brands of the log, found {first!r}{hint(first, names)}"
        )
    for (k, at), part in (
        given.assign(number=brand).dropna(subset="number").groupby(["number", "store"])
    ):
        here = (store == place.get(str(at), -1)) if has_store and at != "" else slice(None)
        when = np.searchsorted(part["day"].to_numpy(), day[here], side="right") - 1
        value = np.where(when >= 0, part["price"].to_numpy()[np.maximum(when, 0)], np.nan)
        made[int(k), here] = value
    return made


def _price_list(prices: str | Path | pd.DataFrame, resolution: str) -> pd.DataFrame:
    """Return a price list: ``brand, store, day, price``, sorted by day."""
    options = {"source": "prices"} if isinstance(prices, pd.DataFrame) else {}
    table = read_table(prices, **options)
    date, brand, price = (str(column_of(table, what, None)) for what in ("date", "brand", "amount"))
    store = column_of(table, "store", None, must=False)
    _, day, unit = times_of(table, date)
    if (unit == "number") != (resolution == "number"):
        raise table.wrong(f"expected dates as in the log, found {found(unit)}s", date)
    codes, labels = labels_of(table, brand)
    made = {"brand": labels[codes], "store": "", "day": day, "price": table.numbers(price)}
    if store is not None:
        where, stores = labels_of(table, store)
        made["store"] = stores[where]
    return pd.DataFrame(made).sort_values("day", kind="stable")


def _sampled(customer: np.ndarray, sample: int, seed: int, said: Decisions) -> np.ndarray:
    """Return the rows of customers drawn at random; which ones depends on the seed alone."""
    everybody = np.unique(customer)
    size = min(whole(sample, "sample", low=2), len(everybody))
    drawn = np.random.default_rng(seed).choice(everybody, size, replace=False)
    said.add("sample of customers", size, len(everybody), f"at random, seed {seed}", "sample")
    return np.isin(customer, drawn)


# -- What a log can tell, before anything is estimated ------------------------------------------


def _buyers(facts: dict[str, Any]) -> str:
    return f"{facts['customers']:,} customers with {facts['occasions']:,} purchase occasions"


def _diagnosis(made: LogPanel) -> list[str]:
    facts, length = made.facts, made.period_length
    course = made.purchases
    begins = course["begins"]
    span = f"{len(course):,} {length}s"
    if length != "period":
        span += (
            f", the first from {begins.iloc[0]:%Y-%m-%d}, the last from {begins.iloc[-1]:%Y-%m-%d}"
        )
    paired = f", {facts['returns_paired']:,} paired" if "returns_paired" in facts else ""
    texts = [
        f"Read: {facts['rows']:,} rows, {_buyers(facts)}; {span}.",
        f"Between two purchases of a customer: {facts['gap_median']:g} {length}s in the median.",
        f"Of these gaps 95 % are {facts['gap_95']:g} {length}s or less.",
        f"Rows stood {facts['order']}; the panel is sorted by customer and time.",
        f"Returns: {facts['returns']:,} ({per_cent(facts['returns'] / facts['rows'])}){paired}.",
        f"Customers with one purchase: {per_cent(facts['one_off'])}.",
    ]
    within = facts["within"]
    if math.isnan(within):
        texts.append("Prices are constant.")
    else:
        where = f"the same {length}" + (" and store" if facts["stores"] > 1 else "")
        texts.append(
            f"Of the variance of a brand's prices, {per_cent(within)} lies within {where}."
        )
    rare = made.brands[made.brands["seen"] < LEAST_SEEN]
    if len(rare):
        listed = ", ".join(f"{r.brand} ({per_cent(r.seen)})" for r in rare.itertuples())
        texts.append(f"Not bought in every {length}: {listed}.")
    if facts["identical"]:
        texts.append(
            f"Identical lines: {facts['identical']:,}; taken for several units, not for copies."
        )
    if facts["unused"]:
        texts.append(f"Columns not used: {', '.join(facts['unused'][:12])}.")
    if facts["dated"]:
        texts.append(f"Columns with further dates, not used: {', '.join(facts['dated'])}.")
    return texts


def _verdict(made: LogPanel) -> list[str]:
    facts, texts = made.facts, []
    once = f"{per_cent(facts['one_off'])} of customers bought once"
    if facts["one_off"] > ONE_OFF:
        texts.append(f"Loyalty: few second purchases ({once}); expect wide intervals.")
    else:
        texts.append(f"Loyalty in units of utility can be estimated ({once}).")
    within = facts["within"]
    ways = "give a price list (--prices LIST.csv: date, brand, price), or a store column"
    if made.price_response == "usable":
        texts.append(
            "Price response and the worth of loyalty in money can be estimated: "
            + ("prices come from the list." if facts["price_list"] else
               f"{per_cent(1 - within)} of price variance lies over time, the same for all.")
        )  # fmt: skip
    elif made.price_response == "doubtful":
        texts.append(
            f"Price response is doubtful: {per_cent(within)} of price variance lies between "
            f"customers of the same period. Loyalty in utility is usable, its worth in money is "
            f"not; {ways}."
        )
    elif math.isnan(within):
        texts.append(
            "No price response: prices never change. Loyalty has no worth in money here; state a "
            'price response of your own (cxsim calibrate --price-response "5%: 8").'
        )
    else:
        texts.append(
            f"No worth in money: {per_cent(within)} of price variance lies between customers of "
            f"the same period, who saw other prices than those that the log holds. Loyalty in "
            "utility is usable with a price response of your own (cxsim calibrate "
            f'--price-response "5%: 8"); for more, {ways}.'
        )
    if facts["not_on_offer"] > 0.5:
        stores = (
            "--store none takes the prices of all stores together, " if facts["stores"] > 1 else ""
        )
        texts.append(
            f"{per_cent(facts['not_on_offer'])} of occasions are left out, as some brand had no "
            f"price there: {stores}--missing blank keeps them, --carry and --least-share have "
            "fewer such gaps."
        )
    if facts["unusual"]:
        texts.append(f"No length of periods fits well; {made.period_length}s are used (--period).")
    return texts


# -- The way back: the log that firms would hold of a simulated panel ---------------------------


def as_log(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the order log of a run's panel: the price paid, and none of the others.

    Parameters
    ----------
    panel : DataFrame
        ``customer, period, choice, price_FIRM``, as ``cx.run(..., panel=500).panel`` has.

    Returns
    -------
    DataFrame
        ``customer, period, brand, quantity, amount``, a row per purchase.
    """
    firms = [name.removeprefix("price_") for name in panel.columns if name.startswith("price_")]
    bought = panel[panel["choice"].isin(firms)].reset_index(drop=True)
    prices = bought[[f"price_{name}" for name in firms]].to_numpy()
    paid = prices[np.arange(len(bought)), pd.Index(firms).get_indexer(bought["choice"])]
    log = bought[["customer", "period"]].assign(brand=bought["choice"], quantity=1, amount=paid)
    log.attrs.clear()
    return log


# -- How long an estimation takes, before it starts ---------------------------------------------


#: Occasions from which on an estimation takes long enough to be announced.
MANY = 20_000

#: Occasions of the pilot from which time and standard error are projected.
_PILOT = 1_500


def estimation_plan(
    frame: pd.DataFrame | Panel, *, sample: int = 1000, seed: int = 0, **options: Any
) -> pd.DataFrame:
    """Return how long estimations would take, and how exact they would be, from a small one.

    A pilot is estimated on so many customers as have 1,500 occasions. Time is proportional to
    occasions, standard errors to one over their root.

    Parameters
    ----------
    frame : DataFrame or Panel
    sample : int
        Customers of a sample to compare all with.
    seed : int
        Of pilot and sample.
    **options
        As for ``cx.calibrate``.

    Returns
    -------
    DataFrame
        ``customers, occasions, seconds, loyalty_se`` (units of utility), of the pilot, the
        sample and all.

    Raises
    ------
    CalibrationError
        If the pilot does not identify loyalty.
    """
    from time import perf_counter

    from cxsim.calibration.calibrate import calibrate

    panel = read_panel(frame)
    order = np.random.default_rng(seed).permutation(panel.customers)
    drawn = np.cumsum(panel.counts[order])
    size = min(max(int(np.searchsorted(drawn, _PILOT)) + 1, 2), len(order))
    start = perf_counter()
    found = calibrate(drawn_customers(panel, size, seed=seed), seed=seed, **options)
    seconds = perf_counter() - start
    se = float(found.table.set_index("parameter")["robust_se"]["loyalty"])
    rows = []
    for customers in sorted({size, min(sample, len(order)), len(order)}):
        times = int(drawn[customers - 1]) / int(drawn[size - 1])
        rows.append((customers, int(drawn[customers - 1]), seconds * times, se / math.sqrt(times)))
    return pd.DataFrame(rows, columns=["customers", "occasions", "seconds", "loyalty_se"])


def drawn_customers(panel: Panel, customers: int, *, seed: int = 0) -> Panel:
    """Return the purchases of customers drawn at random; which ones depends on the seed alone.

    Parameters
    ----------
    panel : Panel
    customers : int
        How many; all, if there are not more.
    seed : int
    """
    order = np.random.default_rng(seed).permutation(panel.customers)
    mine = np.zeros(panel.customers, dtype=bool)
    mine[order[:customers]] = True
    return panel.take(np.flatnonzero(np.repeat(mine, panel.counts)))
