"""What customers of long standing do, beside those who joined lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cxsim.measures.books import Books
from cxsim.measures.buying import held_and_kept
from cxsim.mechanisms.base import Measure, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.lifetime import TENURE_BANDS
from cxsim.mechanisms.measuring import ratio

__all__ = ["tenure"]

#: Tenure bands of customers who joined lately (3 purchases at most), and of long standing.
RECENT = slice(0, TENURE_BANDS.index("4-7"))
LONG = slice(TENURE_BANDS.index("4-7"), None)


def earn_by_tenure(n, supplier, choice, tenure, margin, sum_tenure_margin, sum_tenure_bought):
    """Book what purchases from the supplier bring: by recent customers and others."""
    for i in range(n):
        s = supplier[i]
        if s >= 0 and choice[i] == s:
            band = 0 if tenure[i] <= 3 else 1
            sum_tenure_margin[chunk(i), s, band] += margin[i]
            sum_tenure_bought[chunk(i), s, band] += 1.0


def _retention(bands: slice) -> Callable[[Books], np.ndarray]:
    def measure(b: Books) -> np.ndarray:
        held, kept = (values[:, :, bands].sum(axis=2) for values in held_and_kept(b, "tenure"))
        return ratio(kept, held)

    return measure


def _margin(band: int) -> Callable[[Books], np.ndarray]:
    def measure(b: Books) -> np.ndarray:
        margin, bought = b.total("tenure_margin"), b.total("tenure_bought")
        return ratio(margin[:, :, band], bought[:, :, band])

    return measure


_TENURE = Mechanism(
    "tenure",
    doc="Retention and margin of recent customers and of those of long standing",
    totals=(
        Total("tenure_margin", ("firm", 2), doc="Margins of repeat purchases, by tenure"),
        Total("tenure_bought", ("firm", 2), doc="Repeat purchases, by tenure"),
    ),
    passes=(Pass(earn_by_tenure, "pay", after=("money.pay",)),),
    measures=(
        Measure("retention_recent", "Retention, up to 3 purchases", "share per period",
                _retention(RECENT),
                doc="Share of the customers with 1 to 3 purchases since joining who are still "
                "the firm's after the choice of the period; silence counts as staying"),
        Measure("retention_long", "Retention, 4 purchases and more", "share per period",
                _retention(LONG),
                doc="Share of the customers with 4 and more purchases since joining who are still "
                "the firm's after the choice of the period; silence counts as staying"),
        Measure("margin_recent", "Margin of a purchase, up to 3 purchases",
                "currency per purchase", _margin(0),
                doc="Mean contribution of a repeat purchase in the period by customers with 1 to "
                "3 purchases since joining"),
        Measure("margin_long", "Margin of a purchase, 4 purchases and more",
                "currency per purchase", _margin(1),
                doc="Mean contribution of a repeat purchase in the period by customers with 4 and "
                "more purchases since joining"),
    ),
)  # fmt: skip


def tenure(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Observe retention and margin by tenure with the supplier."""
    return _TENURE
