"""Tables as people have them: CSV of any kind, Excel, Parquet and frames, read as text first.

What has one reading is read and written into ``Table.decisions``. What has two is refused, with
the option that settles it. Delimiter, title lines and header are found by rows of equal width:
``csv.Sniffer`` and clevercsv are misled by title lines and by decimal commas, and DuckDB's sniffer
is not available in a browser and does not know total rows and ``sep=`` lines either.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.calibration.cell_reading import (
    TRUTHS,
    Dates,
    Numbers,
    are_dates,
    day_of,
    first_unread,
    formats_of,
    option_of,
    read_numbers,
    readings_of,
    unit_of,
)
from cxsim.calibration.panel import CalibrationError
from cxsim.files.whole import MAX_TABLE_BYTES, TooLargeError, check_size, is_file
from cxsim.messages import found, hint, one_line

# -- What is read, and how the user may settle it ----------------------------------------------


_TEXTS = (".csv", ".tsv", ".tab", ".txt", ".dat")


_KINDS = (*_TEXTS, ".parquet", ".xlsx", ".xlsm")


#: What Windows-1252 hardly ever has: a sign between letters, or three letters beyond ASCII.
_UNLIKELY = re.compile(r"(?<=[A-Za-z])[^\w\s’`´–\x00-\x7f](?=[A-Za-z])|[^\W\d_\x00-\x7f]{3}")


#: Separators by the name they have on the command line.
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


#: A table whose columns are set apart by blanks is read as one with tabs.
_BLANKS = "blank"


@dataclass(frozen=True)
class Reading:
    """How to read a table where it can be read in two ways; None: as the table itself says.

    Attributes
    ----------
    encoding : str or None
        Of a text file, such as ``cp1250``.
    separator : {"comma", "semicolon", "tab", "bar", "blank"} or None
        ``blank``: any number of blanks.
    sheet : str or None
        Of a workbook.
    header : int or None
        Line with the names of the columns, from 1.
    total : {"drop", "keep"} or None
        What to do with a last row called total that does not add up.
    decimal : {"point", "comma"} or None
    dates : str or None
        ``day-first``, ``month-first``, or a format such as ``%d/%m/%Y``.
    """

    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    header: int | None = None
    total: str | None = None
    decimal: str | None = None
    dates: str | None = None


@dataclass
class Table:
    """A table whose columns are still text, or what the file says they are.

    Attributes
    ----------
    source : str
        For messages.
    frame : DataFrame, shape (N, C)
        Texts without blanks around them, ``""`` where there is nothing; numbers and dates of
        Parquet, Excel and frames as they are there.
    lines : ndarray of int, shape (N,), or None
        Line of each row in the file; None: a frame, whose rows are counted from 0.
    reading : Reading
    decided : dict of str to list of str
        What was decided, with the columns that it is about.
    """

    source: str
    frame: pd.DataFrame
    lines: np.ndarray | None = None
    reading: Reading = field(default_factory=Reading)
    decided: dict[str, list[str]] = field(default_factory=dict)
    _dates: dict[str, Dates | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [str(name).strip() for name in self.frame.columns]
        twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
        if twice is not None:
            raise self.wrong(f"expected each column once, found {found(twice)} twice")
        self.frame.columns = pd.Index(names)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def decisions(self) -> list[str]:
        """What was decided, a sentence each."""
        return [
            one_line(f"{', '.join(columns)}: {text}" if columns else text)
            for text, columns in self.decided.items()
        ]

    def decide(self, text: str, column: str | None = None) -> None:
        """Keep a sentence on what was decided, of a column or of the table, once.

        Parameters
        ----------
        text : str
        column : str, optional
            None: the whole table.
        """
        columns = self.decided.setdefault(text, [])
        if column is not None and column not in columns:
            columns.append(column)

    def wrong(
        self, text: str, column: str | None = None, row: int | None = None
    ) -> CalibrationError:
        """Return the error for a place of the table.

        Parameters
        ----------
        text : str
            What was expected and found.
        column : str, optional
        row : int, optional
            From 0.
        """
        where = self.source
        if row is not None:
            where += f": row {row}" if self.lines is None else f":{self.lines[row]}"
        return CalibrationError(one_line(": ".join(p for p in (where, column, text) if p)))

    def drop(self, rows: np.ndarray) -> None:
        """Leave rows out.

        Parameters
        ----------
        rows : ndarray of bool, shape (N,)
            Whether to leave out, no unit.
        """
        self.frame = self.frame.loc[~rows].reset_index(drop=True)
        self.lines = None if self.lines is None else self.lines[~rows]
        self._dates.clear()

    def text(self, column: str) -> np.ndarray:
        """Return a column as text, ``""`` where there is nothing: object, shape (N,), no unit.

        Parameters
        ----------
        column : str
            Name of the column.
        """
        return _texts(self.frame[column]).to_numpy(dtype=object)

    def numbers(self, column: str, *, blank: bool = False, percent: str = "same") -> np.ndarray:
        """Return a column of finite numbers, shape (N,).

        Parameters
        ----------
        column : str
        blank : bool
            Whether nothing may stand there, which becomes NaN.
        percent : {"same", "any"}
            Whether all cells have to have % if one has, which then are shares.

        Raises
        ------
        CalibrationError
            With the first cell that is no number, or that can be read in two ways.
        """
        raw = self.frame[column]
        if pd.api.types.is_datetime64_any_dtype(raw.dtype):
            raise self.wrong("expected numbers, found dates", column)
        if pd.api.types.is_numeric_dtype(raw.dtype) and raw.dtype != object:
            values = raw.to_numpy(dtype=float, na_value=np.nan)
            nothing = np.isnan(values)
        else:
            codes, unique = pd.factorize(raw)
            parsed = self._parsed(column, codes, list(unique), percent)
            values = np.append(parsed.values, np.nan)[codes]
            nothing = np.append(parsed.blank, True)[codes]
        bad = ~np.isfinite(values) & ~(nothing & blank)
        if bad.any():
            k = int(bad.argmax())
            what = "nothing" if nothing[k] else found(_plain(raw.iloc[k]))
            raise self.wrong(f"expected a number, found {what}", column, k)
        return values

    def _parsed(self, column: str, codes: np.ndarray, unique: list[Any], percent: str) -> Numbers:
        """Read the different values of a column, in the one way that they can be read."""
        read = read_numbers(unique)

        def row(k: int) -> int:
            return int((codes == k).argmax())

        if len(read.currencies) > 1:
            these = ", ".join(sorted(read.currencies))
            raise self.wrong(f"expected amounts in one currency, found {these}", column)
        bare = ~read.percent & ~read.blank & (read.point != 0.0)
        if percent == "same" and read.percent.any() and bare.any():
            k = int(bare.argmax())
            text = f"expected % in all cells or in none, found {found(_plain(unique[k]))}"
            raise self.wrong(text, column, row(k))
        decimal = self._decimal(column, read, unique, row)
        read.values = read.comma if decimal == "comma" else read.point
        if read.percent.any():
            read.values = np.where(read.percent, read.values / 100.0, read.values)
            self.decide("per cent, read as shares", column)
        return read

    def _decimal(self, column: str, read: Numbers, unique: list[Any], row: Any) -> str:
        given = self.reading.decimal
        if given is not None:
            return given
        point, comma = read.fits("point"), read.fits("comma")
        if point and not comma:
            return "point"
        if comma and not point:
            self.decide("decimal commas", column)
            return "comma"
        if not point:  # the first cell that is no number, or does not go with those before it
            return "point" if np.isnan(read.comma).sum() >= np.isnan(read.point).sum() else "comma"
        two = np.flatnonzero((read.point != read.comma) & ~read.blank)
        if not len(two):
            return "point"
        k = int(two[0])
        settled = self._settled
        if settled is None:
            raise self.wrong(
                f"expected a number with one reading, found {found(unique[k])}: "
                f"{read.point[k]:.15g} (--decimal point) or "
                f"{read.comma[k]:.15g} (--decimal comma)?",
                column,
                row(k),
            )
        self.decide(
            f"decimal {settled}s, as in other columns, so that {found(unique[k])} is "
            f"{(read.comma if settled == 'comma' else read.point)[k]:.15g}",
            column,
        )
        return settled

    @cached_property
    def _settled(self) -> str | None:
        """Which decimal sign the columns that have one reading agree on, if they do."""
        ways = set()
        for name in self.columns:
            unique = [each for each in pd.unique(self.frame[name]) if isinstance(each, str)]
            read = read_numbers(unique)
            fits = {way for way in ("point", "comma") if read.fits(way)}
            if unique and len(fits) == 1:
                ways |= fits
        return next(iter(ways)) if len(ways) == 1 else None

    def truths(self, column: str) -> np.ndarray:
        """Return a column of True and False, yes and no, or 1 and 0: bool, shape (N,), no unit.

        Parameters
        ----------
        column : str
            Name of the column.

        Raises
        ------
        CalibrationError
            With the first cell that is neither.
        """
        texts = self.text(column)
        values = np.array([TRUTHS.get(text.casefold(), -1) for text in texts])
        if (values < 0).any():
            k = int((values < 0).argmax())
            what = found(texts[k]) if texts[k] else "nothing"
            raise self.wrong(f"expected 0 or 1, True or False, yes or no, found {what}", column, k)
        if set(map(str.casefold, texts)) - {"0", "1", "0.0", "1.0"}:
            self.decide(f"{', '.join(sorted(set(texts))[:4])} read as 1 and 0", column)
        return values == 1

    def dates(self, column: str) -> np.ndarray:
        """Return a column of dates: datetime64[s], shape (N,), months and weeks by first day.

        Parameters
        ----------
        column : str
            Name of the column; what it holds gives the unit of time.

        Raises
        ------
        CalibrationError
            With the first cell that is no date, or that can be read in two ways.
        """
        return self.calendar(column).values

    def calendar(self, column: str) -> Dates:
        """Return a column of dates with the length of time that each stands for.

        Parameters
        ----------
        column : str
            Name of the column.

        Raises
        ------
        CalibrationError
            As for :meth:`dates`.
        """
        read = self._read_dates(column)
        if read is None:
            raw = self.text(column)
            made = formats_of(raw, self.reading.dates)
            bad = first_unread(raw, made)
            what = found(raw[bad]) if raw[bad] else "nothing"
            raise self.wrong(f"expected a date, found {what} (--dates FORMAT)", column, bad)
        self.decide(read.said, column)
        return read

    def holds_dates(self, column: str) -> bool:
        """Whether a column holds dates, in one reading or more.

        Parameters
        ----------
        column : str
            Name of the column.
        """
        try:
            return self._read_dates(column) is not None
        except CalibrationError:
            return True

    def _read_dates(self, column: str) -> Dates | None:
        if column not in self._dates:
            self._dates[column] = _dates(self, column)
        return self._dates[column]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _texts(raw: pd.Series) -> pd.Series:
    """Return a column as text; whole numbers without a point, nothing as ``""``."""
    if isinstance(raw.dtype, pd.StringDtype):
        return raw.fillna("").str.strip()
    if isinstance(raw.dtype, pd.CategoricalDtype):
        raw = raw.astype(object)
    if pd.api.types.is_float_dtype(raw.dtype):
        values = raw.dropna()
        if (values == values.round()).all() and (values.abs() < 1e15).all():
            raw = raw.astype("Int64")
    texts = raw.astype(object).where(raw.notna(), "")
    return texts.map(_text)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


# -- Dates of a column, if they have one reading ----------------------------------------------


def _dates(table: Table, column: str) -> Dates | None:
    """Return the dates of a column, None if it holds none.

    Raises
    ------
    CalibrationError
        If they can be read in two ways.
    """
    raw = table.frame[column]
    if isinstance(raw.dtype, pd.PeriodDtype):
        raw = raw.dt.to_timestamp()
    if pd.api.types.is_datetime64_any_dtype(raw.dtype) or are_dates(raw):
        made = pd.to_datetime(raw, utc=True, errors="coerce").dt.tz_localize(None)
        if made.isna().any():
            k = int(made.isna().to_numpy().argmax())
            raise table.wrong("expected a date, found nothing", column, k)
        values = made.to_numpy().astype("datetime64[s]")
        return Dates(values, unit_of(values), "dates")
    texts = table.text(column)
    codes, unique = pd.factorize(texts)
    unique = np.asarray(unique, dtype=object)
    if not len(unique) or "" in unique:
        filled = unique[unique != ""]
        if len(filled) and readings_of(filled, column, table.reading.dates):
            k = int((texts == "").argmax())
            raise table.wrong("expected a date, found nothing", column, k)
        return None
    readings = readings_of(unique, column, table.reading.dates)
    if not readings:
        return None
    first = readings[0]
    for other in readings[1:]:
        differ = other.values != first.values
        if differ.any():
            k = int(differ.argmax())
            row = int((codes == k).argmax())
            one, two = (f"{day_of(each.values[k])} ({option_of(each)})" for each in (first, other))
            text = f"expected dates with one reading, found {found(unique[k])}: {one} or {two}?"
            raise table.wrong(text, column, row)
    return Dates(first.values[codes], first.unit, first.said)


# -- Tables from files, whatever separates their columns ---------------------------------------


def read_table(path: str | Path | pd.DataFrame | Table, **options: Any) -> Table:
    """Read a table of any kind: CSV and its relatives, XLSX, Parquet, or a frame.

    Parameters
    ----------
    path : str, Path, DataFrame or Table
        A file (``.csv``, ``.tsv``, ``.txt``, ``.dat``, ``.xlsx``, ``.parquet``, also with
        ``.gz``), or a frame, whose index is a column if it has a name or holds dates.
    **options
        Fields of :class:`Reading`; ``source``: what to call a frame.

    Returns
    -------
    Table

    Raises
    ------
    CalibrationError
        If it cannot be read, or can be read in two ways.

    Notes
    -----
    An encoding is taken for granted only if it is marked (BOM), UTF-8 or Windows-1252 without
    anything that hardly any text in it has. Decimal signs, dates and total rows are settled
    where a column is read.

    Examples
    --------
    >>> table = read_table(pd.DataFrame({"paid": ["4,60", "1.234,50"]}))
    >>> [float(each) for each in table.numbers("paid")], table.decisions
    ([4.6, 1234.5], ['paid: decimal commas'])
    """
    source = options.pop("source", None)
    known = list(Reading.__dataclass_fields__)
    for name in options:
        if name not in known:
            raise TypeError(
                f"read_table() got an unexpected keyword argument {name!r}{hint(name, known)}"
            )
    reading = Reading(**options)
    _check(reading)
    if isinstance(path, Table):
        return path
    if isinstance(path, pd.DataFrame):
        return Table(source or "table", _framed(path), None, reading)
    made = _Opened(Path(path), reading).table(source)
    return _totalled(made)


def _check(reading: Reading) -> None:
    """Refuse options that are none."""
    for name, known in (
        ("separator", (*SEPARATORS, _BLANKS)),
        ("total", ("drop", "keep")),
        ("decimal", ("point", "comma")),
    ):
        value = getattr(reading, name)
        if value is not None and value not in known:
            expected = f"one of {', '.join(known)}"
            raise CalibrationError(f"--{name}: expected {expected}, found {found(value)}")
    if reading.dates not in (None, "day-first", "month-first") and "%" not in str(reading.dates):
        raise CalibrationError(
            "--dates: expected day-first, month-first or a format such as %d/%m/%Y, found "
            f"{found(reading.dates)}"
        )
    if reading.encoding is not None:
        try:
            codecs.lookup(reading.encoding)
        except (LookupError, ValueError):
            raise CalibrationError(
                f"--encoding: expected an encoding such as cp1252, found {found(reading.encoding)}"
            ) from None


def options_of(text: str, known: Iterable[str]) -> dict[str, Any]:
    """Return options that stand in one text, as notebooks have them.

    Parameters
    ----------
    text : str
        ``NAME: VALUE`` with commas between, such as ``decimal: comma, sheet: Q4``.
    known : iterable of str
        Names beside those of :class:`Reading`.

    Raises
    ------
    CalibrationError
        If it is something else.

    Examples
    --------
    >>> options_of("decimal: comma, header: 3", ())
    {'decimal': 'comma', 'header': 3}
    """
    from cxsim.scenario.yaml_text import YamlError, parse

    try:
        made = parse(f"{{{text}}}").value
    except YamlError:
        made = None
    if not isinstance(made, dict) or None in made.values():
        raise CalibrationError(
            "table: expected NAME: VALUE with commas between, such as 'decimal: comma, sheet: Q4', "
            f"found {found(text)}"
        )
    names = (*Reading.__dataclass_fields__, *known)
    for name in made:
        if name not in names:
            expected = f"table: expected a way to read a table, found {found(name)}"
            raise CalibrationError(f"{expected}{hint(str(name), names, listed=len(names))}")
    return {name: value if name == "header" else str(value) for name, value in made.items()}


def _framed(frame: pd.DataFrame) -> pd.DataFrame:
    index = frame.index
    keeps = isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)) or any(
        name is not None for name in index.names
    )
    made = frame.reset_index(drop=not keeps)
    return made.rename(columns={"index": "date"}) if keeps and index.names == [None] else made


class _Opened:
    """One file on its way to a table."""

    def __init__(self, path: Path, reading: Reading):
        self.path = path
        self.reading = reading
        self.decisions: list[str] = []
        zipped = path.suffix.lower() == ".gz"
        self.kind = (path.with_suffix("") if zipped else path).suffix.lower()

    def wrong(self, text: str, line: int | None = None) -> CalibrationError:
        where = str(self.path) if line is None else f"{self.path}:{line}"
        return CalibrationError(one_line(f"{where}: {text}"))

    def table(self, source: str | None) -> Table:
        kind, path = self.kind, self.path
        if kind not in _KINDS:
            old = " (save it as .xlsx)" if kind in (".xls", ".xlsb", ".ods", ".numbers") else ""
            raise self.wrong(
                f"expected a table ({', '.join(_KINDS)}), found {kind or 'no suffix'}{old}"
            )
        if path.exists() and not is_file(path) and not path.is_dir():
            raise self.wrong("expected a file, found something else")  # a pipe keeps us waiting
        try:
            check_size(path)
            if kind == ".parquet":
                frame = _framed(pd.read_parquet(BytesIO(path.read_bytes())))
                return Table(source or path.name, frame, np.arange(len(frame)), self.reading)
            if kind in (".xlsx", ".xlsm"):
                sheets = pd.read_excel(path, sheet_name=None, header=None, dtype=object)
            else:
                data = self._bytes()
        except TooLargeError as error:
            raise self.wrong(f"expected a table, found {error}") from None
        except CalibrationError:
            raise
        except OSError as error:
            said = (error.strerror or "none").lower()
            raise self.wrong(f"expected a file, found {said}") from None
        except Exception as error:  # noqa: BLE001 - what readers of these formats raise is open
            raise self.wrong(
                f"expected a {kind[1:]} file, found something else ({error})"
            ) from None
        if kind in _TEXTS:
            frame, lines = self._from_text(self._decoded(data))
        else:
            frame, lines = self._from_sheets(sheets)
        decided: dict[str, list[str]] = {text: [] for text in self.decisions}
        return Table(source or path.name, frame, lines, self.reading, decided)

    # -- text ---------------------------------------------------------------------

    def _bytes(self) -> bytes:
        data = self.path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            try:
                with gzip.open(BytesIO(data)) as file:
                    data = file.read(MAX_TABLE_BYTES + 1)
            except (EOFError, gzip.BadGzipFile, OSError) as error:
                raise self.wrong(f"expected a gzip file, found a damaged one ({error})") from None
            if len(data) > MAX_TABLE_BYTES:
                most = MAX_TABLE_BYTES >> 20
                raise self.wrong(f"expected a table, found more than the {most} MiB that are read")
            self.decisions.append("unpacked (gzip)")
        for start, what in ((b"PK\x03\x04", ".xlsx"), (b"PAR1", ".parquet")):
            if data.startswith(start):
                raise self.wrong(f"expected text, found a file of another kind ({what}?)")
        if not data.strip():
            raise self.wrong("expected a table, found an empty file")
        return data

    def _decoded(self, data: bytes) -> str:
        """Return the text, in the encoding that is given, marked, or beyond doubt."""
        given = self.reading.encoding
        marks = (
            (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
            (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
            (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
            (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
        )
        marked = next((each for each in marks if data.startswith(each[0])), None)
        name, label = (given, given) if given else marked[1:] if marked else ("utf-8", "UTF-8")
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, UnicodeError) as error:
            start = getattr(error, "start", 0)
            line = data[:start].count(b"\n") + 1
            if given or marked:
                raise self.wrong(f"expected {label}, found another encoding", line) from None
            text, label = self._eight_bits(data, line), "Windows-1252"
        if "\0" in text:
            raise self.wrong("expected text, found a file of another kind")
        if label != "UTF-8" and not given:
            word = next((w for w in re.findall(r"\w+", text) if not w.isascii()), "")
            example = f", such as {found(word)}" if word else ""
            self.decisions.append(one_line(f"encoding: {label}{example} (--encoding)"))
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _eight_bits(self, data: bytes, line: int) -> str:
        """Return Windows-1252 text, unless it hardly can be any.

        Signs between letters (M\u201dller), letters beyond ASCII in a row and codes without a
        character speak of another code page; which one it is remains a question.
        """
        try:
            text = data.decode("cp1252")
            odd = _UNLIKELY.search(text) is not None
        except UnicodeDecodeError:
            odd = True
        if not odd:
            return text
        from charset_normalizer import from_bytes

        best = from_bytes(data[: 1 << 16]).best()
        name = "NAME" if best is None or best.encoding == "ascii" else best.encoding
        like = "" if name == "NAME" else f", perhaps {name}"
        option = f"--encoding {name}"
        raise self.wrong(
            f"expected UTF-8 or Windows-1252, found another encoding{like} ({option})", line
        )

    def _from_text(self, text: str) -> tuple[pd.DataFrame, np.ndarray]:
        given = SEPARATORS.get(self.reading.separator or "")
        skipped = 0
        if match := re.match(r'\ufeff?"?sep=(.)"?\n', text, re.IGNORECASE):
            given = given or match[1]
            text, skipped = text[match.end() :], 1
            self.decisions.append(f"line 1 names the separator: {found(given)}")
        if self.reading.separator == _BLANKS or (given is None and _by_blanks(text)):
            text = "\n".join("\t".join(line.split()) for line in text.split("\n"))
            given = "\t"
            self.decisions.append("columns are separated by blanks (--separator)")
        mark, head = self._layout(text, given, skipped)
        begin = 0
        for _ in range(head):
            begin = text.find("\n", begin) + 1
        first = skipped + head + 1
        if head:
            title = found(" ".join(text[:begin].split()))
            self.decisions.append(f"title above the table: {head} lines left out, {title}")
        try:
            frame = pd.read_csv(
                StringIO(text[begin:]), sep=mark, header=None, dtype=str, keep_default_na=False,
                skipinitialspace=mark != "\t", skip_blank_lines=False,
            )  # fmt: skip
        except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
            said = " ".join(str(error).split())
            said = re.sub(
                r".*Expected (\d+) fields in line (\d+), saw (\d+).*",
                lambda m: f"line {int(m[2]) + first - 1} has {m[3]} cells, not {m[1]}",
                said,
            )
            raise self.wrong(f"expected rows of equal length, found: {said}") from None
        lines = np.arange(len(frame)) + first
        made, lines = self._headed(frame.iloc[1:], frame.iloc[0], lines[1:])
        cells = _cells(text[begin:], mark)
        if len(cells) == len(frame):  # a short row would be filled up with nothing
            short = cells[lines - first] < cells[0]
            if short.any():
                k = int(lines[short.argmax()])
                said = f"expected {cells[0]} cells, as in line {first}, found {cells[k - first]}"
                raise self.wrong(said, k)
        return made, lines

    def _layout(self, text: str, given: str | None, skipped: int) -> tuple[str, int]:
        """Return the separator and the number of lines above the names of the columns."""
        end = 0
        for _ in range(300):
            end = text.find("\n", end) + 1
            if not end:
                break
        sample = text[:end] if end else text
        found_: dict[str, tuple[int, int]] = {}
        for mark in (given,) if given else SEPARATORS.values():
            rows, starts = _rows(sample, mark)
            if self.reading.header is not None:
                line = self.reading.header - 1 - skipped
                if line not in starts or line < 0:
                    raise self.wrong(
                        f"--header: expected a line of the file, found {self.reading.header}"
                    )
                found_[mark] = (len(rows[starts.index(line)]), line)
                continue
            place = _header(rows)
            if place is not None:
                found_[mark] = (len(rows[place]), starts[place])
        if given:
            return given, found_.get(given, (1, 0))[1]
        # Decimal commas make rows of equal width, too, but not of the names above them.
        wide = {mark: place for mark, place in found_.items() if place[0] > 1}
        first = min((line for _, line in wide.values()), default=0)
        wide = {mark: place for mark, place in wide.items() if place[1] == first}
        if len(wide) > 1 and self.reading.header is None:
            names = {sign: name for name, sign in SEPARATORS.items()}
            these = " or ".join(f"--separator {names[mark]}" for mark in wide)
            raise self.wrong(f"expected one way to separate columns, found more ({these})")
        if wide:
            mark = max(wide, key=lambda each: wide[each][0])
            return mark, wide[mark][1]
        head = text.split("\n", 1)[0]
        return max(SEPARATORS.values(), key=head.count), 0

    def _headed(
        self, frame: pd.DataFrame, names: pd.Series, lines: np.ndarray
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Return rows under the names of their columns, without what stands around them."""
        frame = frame.reset_index(drop=True)
        names = names.where(names.notna(), "").map(_text)
        frame = frame.apply(_trimmed) if len(frame) else frame
        empty = frame.isna() | (frame == "")
        kept = [
            k for k in range(len(names)) if names.iloc[k] or not (len(frame) and empty[k].all())
        ]
        labels = [names.iloc[k] or f"(unnamed {k + 1})" for k in kept]
        twice = next((name for k, name in enumerate(labels) if name in labels[:k]), None)
        if twice is not None:
            raise self.wrong(f"expected each column once, found {found(twice)} twice")
        if len(frame):
            blank = empty[kept].all(axis=1).to_numpy()
            last = len(frame) - 1 - int((~blank)[::-1].argmax()) if not blank.all() else -1
            foot = last
            while foot > 0 and len(kept) > 2 and _is_note(frame.iloc[foot][kept], empty.iloc[foot]):
                foot -= 1
            if foot < last:
                said = found(_text(frame.iloc[foot + 1][kept[0]]))
                self.decisions.append(one_line(f"note below the table left out: {said}"))
            keep = ~blank & (np.arange(len(frame)) <= foot)
            frame, lines = frame.loc[keep].reset_index(drop=True), lines[keep]
        frame = frame[kept]
        frame.columns = pd.Index(labels)
        for name in frame.columns:
            frame[name] = _typed(frame[name])
        return frame, lines

    # -- workbooks ----------------------------------------------------------------

    def _from_sheets(self, sheets: dict[Any, pd.DataFrame]) -> tuple[pd.DataFrame, np.ndarray]:
        given = self.reading.sheet
        if given is not None and given not in sheets:
            near = hint(given, map(str, sheets), listed=12)
            raise self.wrong(f"--sheet: expected a sheet, found {found(given)}{near}")
        wanted = sheets if given is None else {given: sheets[given]}
        tables = {}
        for name, sheet in wanted.items():
            rows = [[None if pd.isna(v) else v for v in row] for row in sheet.head(300).to_numpy()]
            head = _header(rows) if self.reading.header is None else self.reading.header - 1
            if head is not None and head < len(sheet):
                tables[name] = (head, int(sheet.notna().to_numpy().sum()))
        if not tables:
            these = ", ".join(map(found, map(str, wanted)))
            raise self.wrong(f"expected a sheet with a table, found none (sheets: {these})")
        ordered = sorted(tables, key=lambda name: -tables[name][1])
        if len(ordered) > 1 and tables[ordered[1]][1] * 10 > tables[ordered[0]][1]:
            these = ", ".join(map(found, map(str, ordered)))
            raise self.wrong(f"expected one sheet with a table, found {these} (--sheet NAME)")
        name = ordered[0]
        head = tables[name][0]
        if len(sheets) > 1:
            others = ", ".join(str(each) for each in sheets if each != name)
            self.decisions.append(one_line(f"sheet {found(str(name))} read, not {others}"))
        if head:
            self.decisions.append(f"title above the table: {head} rows left out")
        sheet = sheets[name]
        lines = np.arange(len(sheet)) + 1
        return self._headed(sheet.iloc[head + 1 :], sheet.iloc[head], lines[head + 1 :])


def _by_blanks(text: str) -> bool:
    """Whether blanks alone separate columns: as many words in each line, and no other mark."""
    lines = [line for line in text[: 1 << 16].split("\n")[:300] if line.strip()][:-1]
    if len(lines) < 2 or any(mark in line for line in lines for mark in SEPARATORS.values()):
        return False
    widths = set(map(len, map(str.split, lines)))
    return len(widths) == 1 and widths.pop() > 1


def _trimmed(column: pd.Series) -> pd.Series:
    """Return a column without blanks around its texts."""
    if isinstance(column.dtype, pd.StringDtype):
        return column.str.strip()
    return column.map(lambda v: v.strip() if isinstance(v, str) else v)


def _typed(column: pd.Series) -> pd.Series:
    """Return a column of a workbook as numbers or dates if all of it is, with "" for nothing."""
    if column.dtype != object:
        return column
    return column.where(column.notna(), "") if column.isna().any() else column.infer_objects()


def _rows(text: str, mark: str) -> tuple[list[list[str]], list[int]]:
    """Return the rows of a text, and the line at which each starts, from 0."""
    rows, starts, line = [], [], 0
    reader = csv.reader(StringIO(text), delimiter=mark, skipinitialspace=mark != "\t")
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            break
        rows.append(row)
        starts.append(line)
        line = reader.line_num
    return rows, starts


def _cells(text: str, mark: str) -> np.ndarray:
    """Return the number of cells of each row of a text."""
    if '"' not in text:
        return np.array([line.count(mark) + 1 for line in text.removesuffix("\n").split("\n")])
    return np.array([len(row) for row in _rows(text, mark)[0]])


def _header(rows: Sequence[Sequence[Any]]) -> int | None:
    """Return the number of the row with the names of the columns, None if there is no table.

    It is the first as wide as most rows are, without an empty cell but for one; the
    rows below are as wide, and most of its cells are no numbers.
    """
    widths = Counter(len(row) for row in rows if any(_said(cell) for cell in row))
    if not widths:
        return None
    most = max(count for count in widths.values())
    width = max(w for w, count in widths.items() if 2 * count >= most)
    if width < 2:
        return None
    used = max(
        (sum(map(_said, row)) for row in rows[:300] if len(row) == width),
        default=width,
    )
    for k, row in enumerate(rows):
        names = [cell for cell in row if _said(cell)]
        if len(row) != width or len(names) < max(min(used, width) - 1, 2):
            continue
        below = [each for each in rows[k + 1 :] if any(map(_said, each))]
        equal = sum(len(each) == width for each in below)
        words = sum(isinstance(cell, str) and not _is_number(cell) for cell in names)
        return k if 2 * words >= len(names) and 10 * equal >= 9 * len(below) - 10 else None
    return None


def _said(cell: Any) -> bool:
    return cell is not None and bool(str(cell).strip())


def _is_number(text: str) -> bool:
    read = read_numbers([text])
    return not read.blank[0] and bool(np.isfinite([read.point[0], read.comma[0]]).any())


def _is_note(row: pd.Series, empty: pd.Series) -> bool:
    """Whether a row is one text in the first cell, such as a source below a table."""
    rest = [bool(empty[k]) for k in row.index[1:]]
    return all(rest) and not bool(empty[row.index[0]]) and not _is_number(_text(row.iloc[0]))


#: How rows of sums are called.
_TOTALS = re.compile(
    r"(grand |sub)?totals?|sums?|summe[n]?|gesamt(summe|ergebnis)?|insgesamt|somme|totale?|overall"
    r"|all( firms| customers)?|alle",
    re.IGNORECASE,
)


def _totalled(table: Table) -> Table:
    """Leave out a last row that holds the sums of the rows above it."""
    if len(table) < 2:
        return table
    last = table.frame.iloc[-1]
    label = next((_text(cell) for cell in last if _said(_plain(cell)) and not pd.isna(cell)), "")
    if not _TOTALS.fullmatch(label.rstrip(": ")):
        return table
    what = table.reading.total
    if what is None:
        gaps = any(
            not _said(cell) or pd.isna(cell)
            for cell, above in zip(last, table.frame.iloc[-2], strict=True)
            if _said(above) and not pd.isna(above)
        )
        if not gaps and not _adds_up(table):
            raise table.wrong(
                f"expected a row like those above, found {found(label)}, which may be their sum "
                "(--total drop or keep)",
                None,
                len(table) - 1,
            )
        what = "drop"
    if what == "drop":
        table.decide(f"last row {found(label)} left out: a total")
        table.drop(np.arange(len(table)) == len(table) - 1)
    return table


def _adds_up(table: Table) -> bool:
    """Whether the last row of some column is the sum of the others, but for rounding."""
    for name in table.columns:
        unique = list(table.frame[name])
        read = read_numbers(unique)
        for values in (read.point, read.comma):
            if np.isfinite(values).all() and values[-1]:
                gap = abs(values[:-1].sum() - values[-1])
                if gap <= 0.005 * abs(values[-1]):
                    return True
    return False


def normal(name: str) -> str:
    """Return the letters and digits of a name, in small letters: Customer ID is customerid."""
    return "".join(c for c in name.casefold() if c.isalnum())


def first_named(names: Iterable[str], known: Iterable[str]) -> str | None:
    """Return the first known name that is there, whatever stands between its words."""
    there = {normal(name): name for name in reversed(list(names))}
    return next((there[normal(name)] for name in known if normal(name) in there), None)
