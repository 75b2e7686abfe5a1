"""Why customer equity changes: customers won, customers kept, and what they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CAUSES", "equity_changes"]

#: The causes, in the order of columns and figures; they add up to the change.
CAUSES = ("acquisition", "retention", "margin")


def equity_changes(firms: pd.DataFrame) -> pd.DataFrame:
    """Split the change of customer equity from period to period into its causes.

    Parameters
    ----------
    firms : DataFrame
        ``period, firm, customers, acquisitions, contribution, lifetime_value_present``, as
        ``run.firms`` has.

    Returns
    -------
    DataFrame
        ``period, firm, equity, change, acquisition, retention, margin``, in currency, from the
        second period on, and the two parts of retention: ``gone`` (customers who went) and
        ``stay`` (how long those there are expected to stay). ``acquisition + retention +
        margin`` is ``change``.

    Raises
    ------
    ValueError
        If a column is missing.

    Notes
    -----
    Customer equity is N m M: customers, contribution per customer and period, and the mean
    lifetime multiple r / (1 + d - r). The change of a product is split by the value of
    Shapley (1953): each factor changes first, second or last, and what its change adds is
    averaged over the orders. That is exact, leaves no interaction over, and does not depend
    on which factor is looked at first. What N contributes is split further in proportion to
    customers won and customers gone. Where a firm has no customers in one of two periods its
    margin and multiple are taken to be those of the other: all is acquisition, or customers gone.

    References
    ----------
    Blattberg & Deighton (1996), Manage marketing by the customer equity test, Harvard
    Business Review 74(4), for the three levers.
    """
    import pandas as pd

    value_of = "lifetime_value_present"
    wanted = ("period", "firm", "customers", "acquisitions", "contribution", value_of)
    missing = [name for name in wanted if name not in firms.columns]
    if missing:
        raise ValueError(f"firms: expected a column {missing[0]!r}, found none")
    names = list(dict.fromkeys(firms["firm"]))

    def by_period(column: str) -> np.ndarray:
        table = firms.pivot(index="period", columns="firm", values=column)
        return table[names].to_numpy(dtype=float)

    customers, won = by_period("customers"), by_period("acquisitions")
    value = by_period(value_of)
    with np.errstate(invalid="ignore", divide="ignore"):
        margin = by_period("contribution") / customers
        multiple = np.where(margin == 0, 0.0, value / margin)
    there = (customers > 0) & np.isfinite(value) & np.isfinite(margin)
    before, after = slice(None, -1), slice(1, None)
    n0, n1 = (np.where(there, customers, 0.0)[k] for k in (before, after))
    m0, m1 = _either(margin, there)
    x0, x1 = _either(multiple, there)
    of_customers = _weight(m0, m1, x0, x1)
    went = n0 + won[after] - n1  # to rivals, from the market, with an exit, or by ending it
    added = won[after] * of_customers
    gone = -went * of_customers
    stay = (x1 - x0) * _weight(n0, n1, m0, m1)
    periods = sorted(firms["period"].unique())[1:]
    parts = {
        "equity": n1 * m1 * x1,
        "change": n1 * m1 * x1 - n0 * m0 * x0,
        "acquisition": added,
        "retention": gone + stay,
        "margin": (m1 - m0) * _weight(n0, n1, x0, x1),
        "gone": gone,
        "stay": stay,
    }
    made = pd.DataFrame(
        {
            "period": np.repeat(periods, len(names)),
            "firm": names * len(periods),
            **{name: values.ravel() for name, values in parts.items()},
        }
    )
    made.attrs.update(firms.attrs)
    return made


def _either(values: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values of each period and the next; where one is not there, the other's for both."""
    known = np.where(there, values, np.nan)
    a, b = known[:-1], known[1:]
    first = np.where(np.isnan(a), b, a)
    second = np.where(np.isnan(b), a, b)
    return np.nan_to_num(first), np.nan_to_num(second)


def _weight(b0: np.ndarray, b1: np.ndarray, c0: np.ndarray, c1: np.ndarray) -> np.ndarray:
    """Return what a unit of one factor adds when two others change, over all six orders."""
    return (2 * b0 * c0 + b0 * c1 + b1 * c0 + 2 * b1 * c1) / 6
