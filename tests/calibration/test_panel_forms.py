"""One market in the forms that panels have: each gives the same panel, or asks one question."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from cxsim.calibration import CalibrationError, Columns, read_panel

FIRMS = ["Alder", "Birch", "Cedar"]
MONDAY = dt.date(2025, 1, 13)


def market(customers=12, purchases=8, seed=3):
    """Return purchases in week, with prices of all firms, customer by customer."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(100, 100 + customers):
        weeks = np.sort(rng.choice(20, purchases, replace=False))
        for week in weeks:
            prices = [round(float(p), 1) for p in rng.choice([3.3, 4.0, 4.2], 3)]
            rows.append([customer, int(week), FIRMS[rng.integers(3)], *prices])
    return pd.DataFrame(rows, columns=["customer", "week", "choice", *FIRMS])


ROWS = market()


def wide(frame=ROWS, name="price.{}", **more):
    made = frame.rename(columns={firm: name.format(firm) for firm in FIRMS})
    return made.assign(**more)


def day(week):
    """Return a day of the week, which is not always the same one."""
    return MONDAY + dt.timedelta(days=7 * week + (3 * week) % 7)


def dated(name, form, frame=ROWS, **more):
    """Return purchases with dates in place of weeks, in random order."""
    days = [form(day(week)) for week in frame["week"]]
    made = wide(frame.drop(columns="week"), **more).assign(**{name: days})
    return made.sample(frac=1.0, random_state=4)


def history(panel):
    """Return choices and prices of each customer, in order, whatever the order of customers."""
    ends = np.append(panel.starts[1:], panel.occasions)
    return sorted(
        [(panel.firms[panel.choice[k]].casefold(), *panel.price[:, k]) for k in range(start, end)]
        for start, end in zip(panel.starts, ends, strict=True)
    )


WANTED = history(read_panel(wide()))


def long(frame=ROWS):
    rows = [
        (row.customer, row.week, firm, getattr(row, firm), str(firm == row.choice))
        for row in frame.itertuples()
        for firm in FIRMS
    ]
    return pd.DataFrame(rows, columns=["household_key", "week", "brand", "price", "chosen"])


FORMS = {
    "dates": dated("date", str),
    "timestamps": dated("bought_at", "{:%Y-%m-%dT09:30:00}".format),
    "German dates": dated("day", "{:%d.%m.%Y}".format),
    "calendar numbers": dated("day", "{:%Y%m%d}".format),
    "dates as such": dated("when", pd.Timestamp),
    "ISO weeks": dated("week", "{:%G-W%V}".format),
    "months that are weeks": dated("week", "{:%G%V}".format),
    "Customer ID": wide().rename(
        columns={"customer": "Customer ID", "week": "Week", "choice": "Brand"}
    ),
    "FIRM_price": wide(name="{}_price"),
    "PriceFIRM": wide(name="Price{}"),
    "FIRM price, by number": wide(name="{} price").replace(
        {"choice": {firm: str(k + 1) for k, firm in enumerate(FIRMS)}}
    ),
    "long, True and False": long(),
    "a running number of purchases": wide(
        ROWS.assign(week=np.arange(len(ROWS)) + 5000).sample(frac=1.0, random_state=2)
    ),
}


KINDS = [("csv", form) for form in FORMS] + [
    (kind, form)
    for kind in ("frame", "xlsx", "parquet")
    for form in ("dates as such", "calendar numbers")
]


@pytest.mark.parametrize(("kind", "form"), KINDS)
def test_the_same_market_gives_the_same_panel(kind, form, tmp_path):
    given, path = FORMS[form].reset_index(drop=True), tmp_path / f"m.{kind}"
    if kind == "csv":
        given.to_csv(path, index=False)
    elif kind == "xlsx":
        given.to_excel(path, index=False)
    elif kind == "parquet":
        given.to_parquet(path)
    panel = read_panel(given if kind == "frame" else path)
    assert history(panel) == WANTED
    assert panel.decisions


@pytest.mark.parametrize(
    ("period_length", "last"), [(None, 19), ("week", 19), ("day", None), ("month", None)]
)
def test_a_period_of_dates_is_a_stated_length(period_length, last):
    given = FORMS["dates"]
    if period_length == "month":
        with pytest.raises(CalibrationError, match="one purchase per customer and month, found tw"):
            read_panel(given, period_length="month")
        return
    panel = read_panel(given, period_length=period_length)
    assert panel.period_length == (period_length or "week")
    first, end = min(ROWS["week"]), max(ROWS["week"])
    span = (day(end) - day(first)).days if period_length == "day" else end - first
    assert panel.period.max() == span
    assert (panel.period == np.round(panel.period)).all()
    assert any("a period is a" in each for each in panel.decisions)
    with pytest.raises(CalibrationError, match="expected one of day, week, month, quarter"):
        read_panel(given, period_length="fortnight")


def said(given, **options):
    with pytest.raises(CalibrationError) as caught:
        read_panel(given, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_row_order_is_taken_for_time_only_where_it_is_said_and_no_date_contradicts():
    rows = wide(ROWS.drop(columns="week"))
    assert "rows are taken to be in order of purchase: no column tells the time (--period)" in (
        read_panel(rows).decisions
    )
    none = Columns(period="none")
    assert history(read_panel(FORMS["dates"].sort_values("date"), columns=none)) == WANTED
    asked = said(FORMS["dates"], columns=none)
    assert "date: expected dates in the order of rows, found 2025-" in asked
    assert asked.endswith("after a later one (--period date)")


def test_a_column_of_dates_that_a_period_contradicts_is_not_passed_over():
    given = FORMS["dates"].assign(week=range(len(ROWS)))
    asked = said(given)
    assert "expected dates in the order of week" in asked
    assert asked.endswith("(--period date, or --period week)")
    assert history(read_panel(given, columns=Columns(period="date"))) == WANTED
    panel = read_panel(given, columns=Columns(period="week"))
    assert "date: not in the order of week, which was asked for" in panel.decisions


def test_two_columns_of_dates_are_a_question_and_a_birthday_is_none():
    given = FORMS["dates"]
    asked = said(given.assign(shipped=given["date"]))
    assert "expected one column that tells the time, found 'date', 'shipped'" in asked
    born = [f"1990-01-{1 + customer % 28:02d}" for customer in given["customer"]]
    assert history(read_panel(given.assign(born=born))) == WANTED


def test_returns_are_refused_or_left_out_and_counted():
    back = wide(ROWS.iloc[[3, 40]].assign(week=30, quantity=-1))
    given = pd.concat([wide(quantity=1), back])
    asked = said(given)
    assert "quantity: expected purchases, found -1, one of 2 returns (--returns drop" in asked
    panel = read_panel(given, returns="drop")
    assert history(panel) == WANTED
    assert "quantity: 2 rows below 0 (returns) left out" in panel.decisions
    assert read_panel(given, returns="keep").occasions == len(ROWS) + 2


def test_a_missing_price_is_refused_or_the_purchase_left_out_and_counted():
    given = wide()
    given.loc[[2, 5], "price.Cedar"] = np.nan
    assert "price.Cedar: expected a number, found nothing (--blank-prices drop leaves such" in (
        said(given)
    )
    panel = read_panel(given, blank_prices="drop")
    assert panel.occasions == len(ROWS) - 2
    assert "2 purchases left out, as a price is missing (not on offer?)" in panel.decisions


def test_thousands_that_may_be_decimals_are_a_question():
    prices = {f"price.{firm}": ["1.170" if k % 2 else "990" for k in range(96)] for firm in FIRMS}
    given = wide().assign(**prices)
    assert "found '1.170': 1.17 (--decimal point) or 1170 (--decimal comma)?" in said(given)
    assert set(read_panel(given, decimal="comma").price[0]) == {990.0, 1170.0}


def test_a_log_of_purchases_is_named_as_what_it_is():
    log = ROWS[["customer", "week", "choice"]].assign(quantity=1, amount=3.5)
    asked = said(log)
    assert "expected a price column per firm, such as 'price." in asked
    assert "an order log, which does not say what the other firms charged: cxsim panel" in asked


def test_prices_of_nothing_are_said():
    given = wide()
    given.loc[[1], "price.Birch"] = 0.0
    assert "price of Birch: 1 prices of 0, taken as free" in read_panel(given).decisions
