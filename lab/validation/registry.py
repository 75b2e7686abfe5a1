"""Rows of the page, where they come from, and what running one finds.

**To add a row**, write a function that takes a :class:`Size` and returns checks, put it into
a :class:`Row` in a module of ``lab/validation/rows/`` under ``ROWS``, and list the module in
``MODULES``. The number places the row: ``"2.3"`` is in section 2. Nothing else has to know.

    def _posted(size: Size) -> list[Check]:
        return pooled(posted_market, seeds=size.seeds("posted"), customers=size.customers(100_000))

    ROWS = (Row("2.7", claim="...", source="...", kind="derived", setting="...", run=_posted),)
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from zlib import crc32

from lab.validation.checks import Check

__all__ = [
    "FULL",
    "MODULES",
    "QUICK",
    "SECTIONS",
    "Outcome",
    "Row",
    "Size",
    "labelled",
    "rows",
    "run_row",
    "timed",
]

#: Modules of the package that hold rows.
MODULES = (
    "lab.validation.rows.choice",
    "lab.validation.rows.learning",
    "lab.validation.rows.lifetime",
    "lab.validation.rows.buying",
    "lab.validation.rows.prices",
    "lab.validation.rows.pricing",
    "lab.validation.rows.surveys",
    "lab.validation.rows.telling",
    "lab.validation.rows.panels",
)

#: Headings of the page.
SECTIONS = {
    1: "Exact reductions: mechanisms off",
    2: "Prices when customers have switching costs",
    3: "Real panels",
    4: "Claims of the customer-relationship literature",
}

#: Standard errors that are small enough to matter, for rows that do not ask for another.
SHARE_ERROR = 0.002


@dataclass(frozen=True)
class Size:
    """Size of a validation run: factor on customers, and number of seeds.

    Attributes
    ----------
    name : {"quick", "full"}
    factor : float
        Customers in terms of those that a row asks for.
    repeats : int
        Seeds.
    """

    name: Literal["quick", "full"]
    factor: float
    repeats: int

    def customers(self, usual: int) -> int:
        """Return the number of customers in place of the usual one."""
        return round(self.factor * usual)

    def seeds(self, label: str) -> tuple[int, ...]:
        """Return the seeds of a setting; other labels give others, independent of these."""
        # Labels that were reworded keep the seeds, and so the numbers, of their former wording.
        former = label.replace("without a no-purchase", "no outside")
        first = crc32(former.replace("no-purchase", "outside").encode())
        return tuple(first + k for k in range(self.repeats))


QUICK = Size("quick", 1.0, 1)
FULL = Size("full", 2.0, 5)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim and how it is checked.

    Attributes
    ----------
    number : str
        Section and place in it, ``"1.11"``.
    claim : str
        The expected result, in a sentence.
    source : str
        Who says so.
    kind : {"published", "derived", "recomputed"}
        Printed by the source; derived by us and confirmed by brute force; computed by us from
        data or a formula of the source.
    setting : str
        The market, or what is computed.
    run : callable
        Takes a :class:`Size`, returns a list of :class:`~lab.validation.checks.Check`.
    proofs : tuple of str
        Names of tests that confirm the expectation by brute force.
    precision : float or None
        Largest standard error that the full page may have; None where numbers are no shares.
    relative : float or None
        Likewise, as a share of the number expected.
    differs : str
        Why the row does not hold, where that is known. Without it, a row that differs is a failure.
    figures : tuple of callable
        Each takes checks by name and returns a figure; its file is called after the function.
    note : str
        What a reader should know beside it.
    """

    number: str
    claim: str
    source: str
    kind: Literal["published", "derived", "recomputed"]
    setting: str
    run: Callable[[Size], list[Check]]
    proofs: tuple[str, ...] = ()
    precision: float | None = SHARE_ERROR
    relative: float | None = None
    differs: str = ""
    figures: tuple[Callable[[dict[str, Check]], Any], ...] = ()
    note: str = ""

    @property
    def section(self) -> int:
        """Number of the section."""
        return int(self.number.split(".")[0])

    @property
    def place(self) -> tuple[int, ...]:
        """Key for sorting: 1.2 before 1.11."""
        return tuple(int(part) for part in self.number.split("."))


@dataclass(frozen=True)
class Outcome:
    """Results of a row. The verdict is computed from the numbers, never stated.

    Attributes
    ----------
    row : Row
    size : Size
    checks : list of Check
    """

    row: Row
    size: Size
    checks: list[Check] = field(default_factory=list)

    @property
    def wrong(self) -> list[Check]:
        """Numbers that chance and finite precision do not account for."""
        return [check for check in self.checks if not check.holds]

    @property
    def vague(self) -> list[Check]:
        """Numbers whose standard error is larger than the row allows, at full size."""
        if self.size.name != "full":
            return []
        return [check for check in self.checks if not self._sharp(check)]

    def _sharp(self, check: Check) -> bool:
        limits = [self.row.precision, self.row.relative and self.row.relative * abs(check.expected)]
        known = [limit for limit in limits if limit is not None]
        return not known or check.error <= max(known)

    @property
    def holds(self) -> bool:
        """Whether there are numbers, and all of them agree."""
        return bool(self.checks) and not self.wrong

    @property
    def fails(self) -> bool:
        """Whether the row should hold and does not, or is too vague to tell."""
        return bool(self.vague) or not (self.holds or self.row.differs)

    @property
    def verdict(self) -> str:
        """``holds``, ``differs``, or that chance blurs it too much to say."""
        if self.vague:
            return "too vague"
        return "holds" if self.holds else "differs"

    @property
    def farthest(self) -> float | None:
        """The largest difference in standard errors, None where chance plays no part."""
        off = [abs(check.errors_off) for check in self.checks if check.errors_off is not None]
        return max(off, default=None)


def rows(only: Iterable[str] = ()) -> list[Row]:
    """Return the rows in their order on the page.

    Parameters
    ----------
    only : iterable of str
        Numbers of rows, or of whole sections; default: all.

    Raises
    ------
    ValueError
        If a number is no row's or section's, or two rows share one.
    """
    found = [row for module in MODULES for row in importlib.import_module(module).ROWS]
    numbers = [row.number for row in found]
    twice = {number for number in numbers if numbers.count(number) > 1}
    if twice:
        raise ValueError(f"rows: expected each number once, found two of {min(twice)}")
    found.sort(key=lambda row: row.place)
    wanted = list(only)
    known = {*numbers, *(str(row.section) for row in found)}
    for number in wanted:
        if number not in known:
            there = ", ".join(row.number for row in found)
            raise ValueError(f"--only: expected a row ({there}) or a section, found {number!r}")
    return [row for row in found if not wanted or {row.number, str(row.section)} & set(wanted)]


def labelled(label: str, checks: Iterable[Check]) -> list[Check]:
    """Return checks whose names start with a label, so that settings of a row are told apart."""
    return [replace(check, what=f"{label}: {check.what}") for check in checks]


def timed(row: Row, size: Size) -> tuple[list[Check], float]:
    """Run a row and return what it found, and the processor time that took."""
    start = time.process_time()
    return row.run(size), time.process_time() - start


def run_row(number: str, size: Size) -> tuple[list[Check], float]:
    """Run a row by its number: rows hold functions that do not travel to other processes."""
    (row,) = (each for each in rows() if each.number == number)
    return timed(row, size)
