"""What tells customers apart: the share of the variance of needs that each base explains.

Bases of segmentation after Wedel & Kamakura (2000): what customers are (firmographic), what
they do (behavioural), and what they need (segments). An attribute explains what a regression
of each need on it explains; segments explain the variance between them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cxsim.mechanisms.base import Measure, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.measuring import ratio

BASES = ("firmographic", "behavioural")

# --- rules ------------------------------------------------------------------------


def product(a: float, b: float) -> float:
    """Return the product, in doubles."""
    return a * b


# --- passes -----------------------------------------------------------------------


def count(
    n, segment, need, firmographic, behavioural, sum_needs, sum_needs_seen, sum_needs_segment,
):  # fmt: skip
    """Add up needs, attributes, their squares and products."""
    for i in range(n):
        c = chunk(i)
        g = segment[i]
        sum_needs_segment[c, g, 0] += 1.0
        for d in range(len(need)):
            x = need[d, i]
            sum_needs[c, d, 0] += 1.0
            sum_needs[c, d, 1] += x
            sum_needs[c, d, 2] += product(x, x)
            sum_needs_segment[c, g, 1 + d] += x
            for k in range(2):
                a = firmographic[d, i] if k == 0 else behavioural[d, i]
                sum_needs_seen[c, d, k, 0] += a
                sum_needs_seen[c, d, k, 1] += product(a, a)
                sum_needs_seen[c, d, k, 2] += product(a, x)


# --- measures ---------------------------------------------------------------------


def _spread(n: np.ndarray, x: np.ndarray, xx: np.ndarray) -> np.ndarray:
    """Return the summed squares of needs around their means; 0 where that is rounding."""
    around = (xx - x * x / n).sum(axis=1)
    return np.where(around > 1e-12 * (1.0 + xx.sum(axis=1)), around, 0.0)


def _by_attribute(base: int) -> Callable[[Any], np.ndarray]:
    def share(b: Any) -> np.ndarray:
        n, x, xx = np.moveaxis(b.count("needs"), -1, 0)
        a, aa, ax = np.moveaxis(b.count("needs_seen")[:, :, base], -1, 0)
        explained = ratio((ax - a * x / n) ** 2, aa - a * a / n).sum(axis=1)
        return ratio(explained, _spread(n, x, xx))

    share.__doc__ = f"Share of the variance of needs that {BASES[base]} attributes explain."
    return share


def by_segment(b: Any) -> np.ndarray:
    """Share of the variance of needs that lies between segments."""
    n, x, xx = np.moveaxis(b.count("needs"), -1, 0)
    members = b.count("needs_segment")
    within = np.nan_to_num(ratio(members[:, :, 1:] ** 2, members[:, :, :1])).sum(axis=1)
    between = (within - x * x / n).sum(axis=1)
    return ratio(between, _spread(n, x, xx))


EXPLAINED = Mechanism(
    "explained",
    doc="What tells customers apart",
    totals=(
        Total("needs", ("need", 3), doc="Customers, their needs, and squares"),
        Total("needs_seen", ("need", 2, 3), doc="Attributes, squares, products with needs"),
        Total("needs_segment", ("segment", "room_of_need"), doc="Customers and needs by segment"),
    ),
    axes=lambda scenario: {"room_of_need": ("customers", *map(str, range(scenario.needs)))},
    passes=(Pass(count, "account"),),
    measures=(
        *(
            Measure(
                f"needs_explained_{base}",
                f"Variance of needs explained by {base} attributes",
                "share",
                _by_attribute(k),
                level="market",
            )
            for k, base in enumerate(BASES)
        ),
        Measure(
            "needs_explained_segment",
            "Variance of needs explained by segments",
            "share",
            by_segment,
            level="market",
        ),
    ),
    active=lambda scenario: scenario.attributes is not None,
)
