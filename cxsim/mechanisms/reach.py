"""Reach: whom word of mouth gets to, and who has ever bought."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import CHUNK, Measure, Mechanism, Pass, Total, chunk

# --- passes -----------------------------------------------------------------------


def count(n, n_firms, n_tongue, news, experienced, sum_reached, sum_met):
    """Count who was told anything, and who has met each firm."""
    for start in range(0, n, CHUNK):
        c = chunk(start)
        end = min(start + CHUNK, n)
        reached = 0
        for i in range(start, end):
            any_news = 0
            for w in range(n_tongue):
                any_news = any_news | news[w, i]
            reached += any_news != 0
        sum_reached[c, 0] += reached
        for f in range(n_firms):
            met = 0
            for i in range(start, end):
                met += experienced[f, i]
            sum_met[c, f] += met


# --- measures ---------------------------------------------------------------------


def reached(b: Any) -> np.ndarray:
    """Share of all customers who were told about any firm in the period."""
    return b.count("reached")[:, 0] / b.count("holders").sum(axis=1)


def ever_bought(b: Any) -> np.ndarray:
    """Share of the customers now in the market who have ever bought from the firm."""
    return b.count("met") / b.count("holders").sum(axis=1, keepdims=True)


REACH = Mechanism(
    "reach",
    doc="Whom word of mouth gets to, and who has ever bought",
    totals=(
        Total("reached", (1,), doc="Customers who were told anything"),
        Total("met", doc="Customers who have ever bought from the firm"),
    ),
    passes=(Pass(count, "hear", after=("word_of_mouth.listen",)),),
    measures=(
        Measure(
            "ever_bought", "Customers who have ever bought", "share", ever_bought, summary="last"
        ),
        Measure(
            "reach_of_word_of_mouth",
            "Customers reached by word of mouth",
            "share per period",
            reached,
            level="market",
        ),
    ),
    active=lambda scenario: scenario.word_of_mouth is not None,
)
