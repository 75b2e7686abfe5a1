"""Awareness: customers choose among the firms they know.

Whoever makes a firm known writes 1 to the column ``aware``: advertising, being told, being
the firm's customer; other mechanisms may, in the phase ``contact``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import CHUNK, Column, Measure, Mechanism, Pass, Total, chunks
from cxsim.mechanisms.word_of_mouth import FIRMS_PER_BYTE


def counts(scenario: Any) -> bool:
    """Whether customers have to know a firm to buy from it."""
    return scenario.word_of_mouth is not None and scenario.word_of_mouth.awareness


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, aware):
    """A newcomer knows no firm."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                aware[f, i] = 0


def narrow(n, n_firms, supplier, aware, open_option):
    """Close firms that the customer does not know; everybody knows its supplier."""
    for i in range(n):
        if supplier[i] >= 0:
            aware[supplier[i], i] = 1
    for f in range(n_firms):
        for i in range(n):
            open_option[f, i] = open_option[f, i] if aware[f, i] else 0


def hear_of(n, n_firms, news, aware, sum_aware):
    """Who is told about a firm, whatever is told, knows it from then on."""
    for f in range(n_firms):
        w = f // FIRMS_PER_BYTE
        b = f - w * FIRMS_PER_BYTE
        for i in range(n):
            aware[f, i] = aware[f, i] | ((news[w, i] >> b) & 1)
        for c in range(chunks(n)):
            start = c * CHUNK
            know = 0
            for k in range(min(CHUNK, n - start)):
                know += aware[f, start + k]
            sum_aware[c, f] += know


# --- measures ---------------------------------------------------------------------


def aware_share(b: Any) -> np.ndarray:
    """Share of all customers who know the firm at the end of the period."""
    return b.count("aware") / b.count("holders").sum(axis=1, keepdims=True)


AWARENESS = Mechanism(
    "awareness",
    doc="Customers choose among the firms they know",
    columns=(
        Column("aware", ("firm",), "i1", doc="1 once the customer knows of the firm", ge=0, le=1),
    ),
    totals=(Total("aware", doc="Customers who know the firm"),),
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(narrow, "adjust"),
        Pass(hear_of, "hear", after=("word_of_mouth.listen",)),
    ),
    measures=(
        Measure("awareness", "Customers who know the firm", "share", aware_share, summary="last"),
    ),
    active=counts,
)
