"""Tables as people have them: what is read, and which questions are asked instead of guessed."""

from __future__ import annotations

import datetime as dt
import gzip

import numpy as np
import pandas as pd
import pytest
from babel.numbers import format_decimal
from openpyxl import Workbook

from cxsim.calibration import CalibrationError
from cxsim.calibration.table_reading import Table, read_table

N = 30
IDS = [f"{k:04d}" for k in range(1, N + 1)]
DAYS = [dt.date(2025, 1, 13) + dt.timedelta(days=k) for k in range(N)]
BRANDS = [["Müller", "Großmann", "Ann"][k % 3] for k in range(N)]
UNITS = [1 + k % 4 for k in range(N)]
PAID = [round(983.70 + 17.45 * k, 2) for k in range(N)]
NAMES = ["customer", "date", "brand", "quantity", "amount"]


def english(value):
    return f"{value:.2f}"


def german(value):
    return format_decimal(value, "#,##0.00", locale="de")


def rows(day, amount=english, units=str):
    return [[IDS[k], day(DAYS[k]), BRANDS[k], units(UNITS[k]), amount(PAID[k])] for k in range(N)]


def text(cells, mark=",", names=NAMES, quote=False):
    def cell(value):
        return f'"{value}"' if quote and mark in value else value

    return "\n".join(mark.join(map(cell, row)) for row in [names, *cells]) + "\n"


ISO = dt.date.isoformat
GERMAN_DAY = "{:%d.%m.%Y}".format
TOTAL = ["Total", "", "", str(sum(UNITS)), english(sum(PAID))]


def us_day(day):
    return f"{day.month}/{day.day}/{day.year}"


def serial(day):
    return str((day - dt.date(1899, 12, 30)).days)


def workbook(path):
    book = Workbook()
    book.active.title = "About"
    book.active.append(["Purchases of one store"])
    sheet = book.create_sheet("Data")
    for row in (["Exported on 1 March"], [], NAMES):
        sheet.append(row)
    for k in range(N):
        sheet.append([IDS[k], DAYS[k], BRANDS[k], UNITS[k], PAID[k]])
    book.save(path)


#: Name, content: each is the same table.
UGLY = {
    "semicolons.csv": text(rows(GERMAN_DAY, german), ";").encode(),
    "quoted_commas.csv": text(
        rows(ISO, lambda v: english(v).replace(".", ",")), quote=True
    ).encode(),
    "timestamps.tsv": text(rows("{:%Y-%m-%dT09:15:00}".format), "\t").encode(),
    "dollars.csv": text(rows(us_day, "${:,.2f}".format), quote=True).encode(),
    "bars.csv": text(rows("{:%Y%m%d}".format), "|").encode(),
    "titles_and_total.csv": (
        "Purchases, by line\nStore 12\n\n" + text([*rows(ISO), TOTAL])
    ).encode(),
    "sep_line.csv": ("sep=;\n" + text(rows(ISO, german), ";")).encode(),
    "packed.csv.gz": gzip.compress(text(rows(ISO)).encode()),
    "euros.csv": text(rows(GERMAN_DAY, lambda v: german(v) + " €"), ";").encode("cp1252"),
    "minus_behind.csv": text(rows(ISO, lambda v: german(v) + "-", lambda n: f"{n}-"), ";").encode(),
    "unicode_text.txt": text(rows(ISO), "\t").encode("utf-16"),
    "serials.csv": text(rows(serial)).encode(),
    "old_mac.csv": text(rows(ISO)).replace("\n", "\r").encode("utf-8-sig"),
    "accounting.csv": text(rows("{:%d-%b-%Y}".format, "({:,.2f})".format), quote=True).encode(),
}


@pytest.mark.parametrize("name", [*UGLY, "second_sheet.xlsx"])
def test_a_table_is_read_whatever_form_it_came_in(name, tmp_path):
    path = tmp_path / name
    if name.endswith(".xlsx"):
        workbook(path)
    else:
        path.write_bytes(UGLY[name])
    table = read_table(path)
    sign = -1 if name in ("minus_behind.csv", "accounting.csv") else 1
    assert table.text("customer").tolist() == IDS, "leading zeros are part of a name"
    assert table.dates("date").astype("datetime64[D]").tolist() == DAYS
    assert table.text("brand").tolist() == BRANDS
    assert np.abs(table.numbers("quantity")).tolist() == UNITS
    np.testing.assert_allclose(table.numbers("amount"), sign * np.array(PAID))


def test_what_was_decided_is_kept_in_sentences(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(UGLY["titles_and_total.csv"])
    table = read_table(path)
    table.dates("date")
    assert table.decisions == [
        "title above the table: 3 lines left out, 'Purchases, by line Store 12'",
        "last row 'Total' left out: a total",
        "date: dates of the form %Y-%m-%d",
    ]
    path.write_bytes(UGLY["euros.csv"])
    assert "encoding: Windows-1252, such as 'Müller' (--encoding)" in read_table(path).decisions


def test_rows_that_follow_say_in_which_line_they_stand(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Title\n\ncustomer,amount,week\n1,2.5,1\n\n2,cheap,2\n")
    with pytest.raises(
        CalibrationError, match=r"t.csv:6: amount: expected a number, found 'cheap'"
    ):
        read_table(path).numbers("amount")
    path.write_text("a,b,c\n1,2,3\n1,2\n4,5,6\n")
    with pytest.raises(CalibrationError, match=r"t.csv:3: expected 3 cells, as in line 1, found 2"):
        read_table(path)


def column(*cells, name="x", **options):
    return read_table(pd.DataFrame({name: list(cells)}), **options)


def asked(read):
    with pytest.raises(CalibrationError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234,56", "7"], [1234.56, 7]),
        (["1,234.56", "0.990"], [1234.56, 0.99]),
        (["1'234.50", "12.5"], [1234.5, 12.5]),
        (["1 234,5", "2,5"], [1234.5, 2.5]),
        (["CHF 12.50", "CHF 3"], [12.5, 3]),
        (["4,60 €", "-0,5 €"], [4.6, -0.5]),
        (["(4.60)", "\u22124.60", "4.60-", "+4.60"], [-4.6, -4.6, -4.6, 4.6]),
        (["42,0 %", "7 %"], [0.42, 0.07]),
        (["1,2E+03", "5"], [1200, 5]),
        ([1, 2.5, "3.5"], [1, 2.5, 3.5]),
        (["12,34,567.5", "1.5"], [1234567.5, 1.5]),
    ],
)
def test_numbers_are_read_as_people_write_them(cells, values):
    np.testing.assert_allclose(column(*cells).numbers("x"), values)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1.500", "990"], "found '1.500': 1.5 (--decimal point) or 1500 (--decimal comma)?"),
        (["1.5", "2,5"], "expected a number, found '"),
        (["10 %", "0.2"], "expected % in all cells or in none, found '0.2'"),
        (["$4.60", "€4.60"], "expected amounts in one currency, found $, €"),
        (["1.23.4"], "expected a number, found '1.23.4'"),
        (["n/a", "3"], "expected a number, found nothing"),
        (["1e999"], "expected a number, found '1e999'"),
    ],
)
def test_numbers_with_two_readings_or_none_are_refused(cells, said):
    assert said in asked(lambda: column(*cells).numbers("x"))


def test_the_option_or_another_column_settles_a_decimal_sign():
    assert column("1.500", "990", decimal="comma").numbers("x").tolist() == [1500, 990]
    assert column("1.500", "990", decimal="point").numbers("x").tolist() == [1.5, 990]
    table = read_table(pd.DataFrame({"x": ["1.500", "990"], "y": ["4,6", "5"]}))
    assert table.numbers("x").tolist() == [1500, 990]
    assert "decimal commas, as in other columns, so that '1.500' is 1500" in table.decisions[0]


@pytest.mark.parametrize(
    ("name", "cells", "days", "unit"),
    [
        ("d", ["13.01.2025", "01.02.2025"], ["2025-01-13", "2025-02-01"], "day"),
        ("d", ["13/01/2025", "01/02/2025"], ["2025-01-13", "2025-02-01"], "day"),
        ("d", ["1/13/2025 9:05 PM"], ["2025-01-13"], "second"),
        ("d", ["2025-01-13T23:30:00-02:00"], ["2025-01-14"], "second"),
        ("d", ["20250113", "20250201"], ["2025-01-13", "2025-02-01"], "day"),
        ("d", ["2024-W01", "2024-W04"], ["2024-01-01", "2024-01-22"], "week"),
        ("d", ["2025-01", "2025-12"], ["2025-01-01", "2025-12-01"], "month"),
        ("d", ["2025-Q1", "2025-Q4"], ["2025-01-01", "2025-10-01"], "quarter"),
        ("month", ["202401", "202404"], ["2024-01-01", "2024-04-01"], "month"),
        ("week", ["202401", "202404"], ["2024-01-01", "2024-01-22"], "week"),
        ("day", ["45670", "45671"], ["2025-01-13", "2025-01-14"], "day"),
        ("day", [pd.Timestamp("2025-01-13")], ["2025-01-13"], "day"),
    ],
)
def test_dates_are_read_with_the_length_of_time_they_stand_for(name, cells, days, unit):
    read = column(*cells, name=name).calendar(name)
    assert [str(day) for day in read.values.astype("datetime64[D]")] == days
    assert read.unit == unit


def test_dates_with_two_readings_are_asked_about():
    cells = ["01/02/2025", "03/04/2025"]
    said = asked(lambda: column(*cells).dates("x"))
    assert said == (
        "table: row 0: x: expected dates with one reading, found '01/02/2025': 2025-02-01 "
        "(--dates day-first) or 2025-01-02 (--dates month-first)?"
    )
    for way, day in (("day-first", "2025-02-01"), ("month-first", "2025-01-02")):
        assert str(column(*cells, dates=way).dates("x")[0])[:10] == day
    said = asked(lambda: column("202401", "202404", name="period").dates("period"))
    assert 'or 2024-01-01 (--dates "%Y%m")' in said or '(--dates "%G%V")' in said
    assert not column("12345", "20001", name="article").holds_dates("article")
    assert not column("1", "2", name="week").holds_dates("week")
    assert "expected a date, found 'soon'" in asked(lambda: column("2025-01-13", "soon").dates("x"))


def test_yes_and_true_are_ones_and_no_and_false_zeros():
    for cells in (["True", "False"], ["yes", "No"], ["ja", "nein"], [True, False], ["1", "0"]):
        assert column(*cells).truths("x").tolist() == [True, False]
    assert "True or False, yes or no, found 'maybe'" in asked(lambda: column("maybe").truths("x"))


def test_an_encoding_that_is_not_beyond_doubt_is_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    for name, encoding in (("Müller", "cp850"), ("Ольга", "cp1251")):
        path.write_bytes(f"customer,brand\n1,{name}\n2,{name}\n".encode(encoding))
        said = asked(lambda: read_table(path))
        assert "t.csv:2: expected UTF-8 or Windows-1252, found another encoding" in said
        assert "--encoding " in said
        assert read_table(path, encoding=encoding).text("brand")[0] == name


def test_a_firm_called_total_is_not_left_out_without_a_question(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("firm,share\nShell,0.4\nAral,0.3\nTotal,0.3\n")
    assert "'Total', which may be their sum (--total drop or keep)" in asked(
        lambda: read_table(path)
    )
    assert len(read_table(path, total="keep")) == 3
    assert len(read_table(path, total="drop")) == 2
    path.write_text("firm,share\nShell,0.4\nAral,0.6\nTotal,1.0\n")
    assert len(read_table(path)) == 2


def test_two_sheets_with_tables_are_a_question(tmp_path):
    book = Workbook()
    for k, sheet in enumerate((book.active, book.create_sheet("North"))):
        for row in (["customer", "week"], [1, k], [2, k]):
            sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    said = asked(lambda: read_table(tmp_path / "t.xlsx"))
    assert "expected one sheet with a table, found 'Sheet', 'North' (--sheet NAME)" in said
    assert read_table(tmp_path / "t.xlsx", sheet="North").numbers("week").tolist() == [1, 1]
    assert "(known: North, Sheet)" in asked(lambda: read_table(tmp_path / "t.xlsx", sheet="East"))


def test_the_index_of_a_frame_that_holds_dates_is_a_column():
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.to_datetime(["2025-01-13", "2025-01-14"]))
    assert read_table(frame).holds_dates("date")
    assert read_table(frame.rename_axis("day")).columns == ["day", "x"]
    assert read_table(pd.DataFrame({"x": [1, 2]}, index=[7, 9])).columns == ["x"]


def test_options_that_are_none_are_refused():
    assert "--decimal: expected one of point, comma, found 'dot'" in asked(
        lambda: column("1", decimal="dot")
    )
    assert "--encoding: expected an encoding" in asked(lambda: column("1", encoding="utf-9"))
    assert "--dates: expected day-first" in asked(lambda: column("1", dates="german"))
    with pytest.raises(TypeError, match="did you mean 'decimal'"):
        column("1", decimals="comma")


def test_plain_numbers_are_read_as_babel_reads_them():
    """The short way for numbers with a point or comma gives what the long way gives."""
    rng = np.random.default_rng(5)
    values = [f"{v:.{rng.integers(0, 6)}f}" for v in rng.lognormal(4, 4, 300)]
    from cxsim.calibration.cell_reading import _strict, read_numbers

    values += [value.replace(".", ",") for value in values]
    read = read_numbers(values)
    for k, value in enumerate(values):
        np.testing.assert_equal(read.point[k], _strict(value, "point"))
        np.testing.assert_equal(read.comma[k], _strict(value, "comma"))


def test_a_table_that_was_read_is_taken_as_it_is():
    table = column("1")
    assert read_table(table) is table
    assert isinstance(table, Table)
