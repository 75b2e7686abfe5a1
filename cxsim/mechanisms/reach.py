"""Reach: whom word of mouth gets to, and who has ever bought."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import CHUNK, Column, Measure, Mechanism, Pass, Total, chunks
from cxsim.mechanisms.word_of_mouth import FIRMS_PER_BYTE

# --- passes -----------------------------------------------------------------------


def count(
    n, n_firms, n_tongue, news, any_news, experienced, sum_reached, sum_reached_by, sum_met
):  # fmt: skip
    """Count who was told anything, who about each firm, and who has met it."""
    for i in range(n):
        any_news[i] = 0
    for w in range(n_tongue):
        for i in range(n):
            any_news[i] = any_news[i] | news[w, i]
    for c in range(chunks(n)):
        start = c * CHUNK
        size = min(CHUNK, n - start)
        reached = 0
        for k in range(size):
            reached += any_news[start + k] != 0
        sum_reached[c, 0] += reached
        for f in range(n_firms):
            w = f // FIRMS_PER_BYTE
            b = f - w * FIRMS_PER_BYTE
            told = 0
            met = 0
            for k in range(size):
                told += (news[w, start + k] >> b) & 1
                met += experienced[f, start + k]
            sum_reached_by[c, f] += told
            sum_met[c, f] += met


# --- measures ---------------------------------------------------------------------


def reached(b: Any) -> np.ndarray:
    """Share of all customers who were told about any firm in the period."""
    return b.count("reached")[:, 0] / b.count("holders").sum(axis=1)


def reached_by(b: Any) -> np.ndarray:
    """Share of all customers who were told about the firm in the period."""
    return b.count("reached_by") / b.count("holders").sum(axis=1, keepdims=True)


def ever_bought(b: Any) -> np.ndarray:
    """Share of the customers now in the market who have ever bought from the firm."""
    return b.count("met") / b.count("holders").sum(axis=1, keepdims=True)


REACH = Mechanism(
    "reach",
    doc="Whom word of mouth gets to, and who has ever bought",
    columns=(
        Column("any_news", (), "u1", kept=False, doc="Not 0 for those who were told anything"),
    ),
    totals=(
        Total("reached", (1,), doc="Customers who were told anything"),
        Total("reached_by", doc="Customers who were told about the firm"),
        Total("met", doc="Customers who have ever bought from the firm"),
    ),
    passes=(Pass(count, "hear", after=("word_of_mouth.listen",)),),
    measures=(
        Measure("told_about", "Customers told about the firm", "share per period", reached_by),
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
