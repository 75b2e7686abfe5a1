"""Names of a panel's columns: those that are known, and those that a user gives."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CHOICE", "CUSTOMER", "FIRM", "PERIOD", "PRICE", "Columns"]

#: Names by which columns are known; the first is that of panels this package writes.
CUSTOMER = ("customer", "household", "hh", "hhid", "panelist", "consumer", "id")
PERIOD = ("period", "time", "week", "month", "day", "occasion", "trip", "t")
CHOICE = ("choice", "chosen", "choose", "purchase", "brand_chosen")
FIRM = ("firm", "brand", "alternative", "alt", "option", "supplier")
PRICE = ("price", "prices")


@dataclass(frozen=True)
class Columns:
    """Names of columns; None: the first known name that is there.

    Attributes
    ----------
    customer, period, choice, firm, price : str or None
        ``price`` is a column of a long panel, or what a wide panel's price columns start
        with. ``period="none"``: rows are in purchase order. ``firm`` makes the panel long.
    features : tuple of str or None
        Features to use; None: all that every firm has. An empty tuple: none.
    outside : str or None
        Value of the choice that means that nothing was bought.
    """

    customer: str | None = None
    period: str | None = None
    choice: str | None = None
    firm: str | None = None
    price: str | None = None
    features: tuple[str, ...] | None = None
    outside: str | None = None
