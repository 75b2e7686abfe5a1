"""Names of a panel's columns: those that are known, and those that a user gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

__all__ = ["CHOICE", "CUSTOMER", "FIRM", "PERIOD", "PRICE", "Columns", "by_stem"]

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


#: What may stand between the name of a feature and that of a firm.
_SEPARATORS = (".", "_", ":", " ", "-")


def by_stem(
    names: Iterable[str], taken: Collection[str | None], columns: Columns
) -> dict[str, dict[str, str]]:
    """Return columns called STEM.FIRM, by stem and firm.

    Parameters
    ----------
    names : iterable of str
        All columns.
    taken : collection of str
        Columns that say something else.
    columns : Columns
        Stems that are named here may hold separators themselves.
    """
    stems: dict[str, dict[str, str]] = {}
    for name in names:
        cut = _cut(name, columns)
        if name not in taken and 0 < cut < len(name) - 1:
            stems.setdefault(name[:cut], {})[name[cut + 1 :]] = name
    return stems


def _cut(name: str, columns: Columns) -> int:
    """Return where the name of a feature ends and that of a firm begins, -1 for nowhere."""
    for stem in (columns.price, *(columns.features or ())):
        if stem and name.startswith(stem) and name[len(stem) : len(stem) + 1] in _SEPARATORS:
            return len(stem)
    return min((name.find(s) for s in _SEPARATORS if name.find(s) > 0), default=-1)
