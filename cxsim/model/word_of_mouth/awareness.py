"""Awareness, advertising, word-of-mouth reach and cumulative penetration.

With awareness customers choose only among the firms they know. Mechanisms that make a firm known
write 1 to the column ``aware``: advertising, word of mouth, being the firm's customer; others may
do so in the phase ``contact``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.model.mechanism import (
    TILE,
    Accumulator,
    Column,
    Draw,
    Measure,
    Mechanism,
    Pass,
    scratch,
    tiles,
)
from cxsim.model.word_of_mouth.word_of_mouth import FIRMS_PER_BYTE
from cxsim.numerics.draws import uniform
from cxsim.parameters import Ask, Parameters, parameter

# -- Awareness: customers choose among the firms they know -------------------------------------


def counts(scenario: Any) -> bool:
    """Return whether customers have to know a firm to buy from it.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    bool
    """
    return scenario.word_of_mouth is not None and scenario.word_of_mouth.awareness


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, aware):
    """Reset the awareness of newcomers."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                aware[f, i] = 0


def restrict_to_aware(n, n_firms, supplier, aware, open_option):
    """Close firms that the customer does not know; customers always know their supplier."""
    for i in range(n):
        if supplier[i] >= 0:
            aware[supplier[i], i] = 1
    for f in range(n_firms):
        for i in range(n):
            open_option[f, i] = open_option[f, i] if aware[f, i] else 0


def become_aware(n, n_firms, received, aware, sum_aware):
    """Make customers aware of firms about which they received a message, good or bad."""
    for f in range(n_firms):
        w = f // FIRMS_PER_BYTE
        b = f - w * FIRMS_PER_BYTE
        for i in range(n):
            aware[f, i] = aware[f, i] | ((received[w, i] >> b) & 1)
        for c in range(tiles(n)):
            start = c * TILE
            know = 0
            for k in range(min(TILE, n - start)):
                know += aware[f, start + k]
            sum_aware[c, f] += know


# --- measures ---------------------------------------------------------------------


def aware_share(b: Any) -> np.ndarray:
    """Share of all customers who know the firm at the end of the period."""
    return b.count("aware") / b.count("customers_before").sum(axis=1, keepdims=True)


AWARENESS = Mechanism(
    "awareness",
    doc="Customers choose among the firms they know",
    columns=(
        Column("aware", ("firm",), "i1", doc="1 once the customer knows of the firm", ge=0, le=1),
    ),
    accumulators=(Accumulator("aware", "Customers who know the firm"),),
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(restrict_to_aware, "adjust"),
        Pass(become_aware, "hear", after=("word_of_mouth.listen",)),
    ),
    measures=(Measure("awareness", "Awareness", "share", aware_share, summary="last"),),
    active=counts,
)


# -- Advertising: makes a firm known at a cost; it does not change experience -------------------


class FirmParameters(Parameters):
    """Reach (with ``awareness`` only) and cost of a firm's advertising."""

    advertising_reach: float = parameter(
        0.0,
        doc="Reach: chance that advertising makes the firm known to a customer",
        unit="per period",
        ge=0,
        le=1,
    )
    advertising_cost: float = parameter(
        0.0,
        doc="Cost of advertising at full reach (whole market); proportional to reach",
        unit="currency per period",
        ge=0,
        ask=Ask(free="advertising", beside=("advertising_reach",)),
    )


# --- passes -----------------------------------------------------------------------


def advertise(
    n, first, n_firms, aware, exposure, key_advertise, firm_advertising_reach, firm_active
):
    """Make customers reached by advertising aware of firms in the market."""
    for f in range(n_firms):
        reach = firm_advertising_reach[f] if firm_active[f] > 0.5 else 0.0
        if reach > 0.0:
            for i in range(n):
                exposure[i] = uniform(key_advertise[f], first + i)
            for i in range(n):
                aware[f, i] = aware[f, i] | (exposure[i] < reach)


# --- measures ---------------------------------------------------------------------


def advertising_cost(b: Any) -> np.ndarray:
    """Cost of advertising in the period; 0 for a firm that is not active."""
    return b.firm("advertising_cost") * b.firm("advertising_reach") * b.firm("active")


ADVERTISING = Mechanism(
    "advertising",
    doc="Advertising makes firms known",
    firm=FirmParameters,
    columns=(scratch("exposure", "Draw of each customer for exposure to advertising"),),
    draws=(Draw("advertise", ("firm",)),),
    passes=(Pass(advertise, "contact"),),
    measures=(
        Measure(
            "advertising_spend", "Advertising spend", "currency per period", advertising_cost,
            summary="sum", cost="profit",
        ),
    ),
    active=counts,
)  # fmt: skip


# -- Reach: word-of-mouth reach and cumulative penetration --------------------------------------


# --- passes -----------------------------------------------------------------------


def count(
    n, n_firms, n_message_byte, received, any_received, experienced, sum_reached, sum_reached_by,
    sum_met
):  # fmt: skip
    """Count customers who received messages, in all and by firm, and past buyers by firm."""
    for i in range(n):
        any_received[i] = 0
    for w in range(n_message_byte):
        for i in range(n):
            any_received[i] = any_received[i] | received[w, i]
    for c in range(tiles(n)):
        start = c * TILE
        size = min(TILE, n - start)
        reached = 0
        for k in range(size):
            reached += any_received[start + k] != 0
        sum_reached[c, 0] += reached
        for f in range(n_firms):
            w = f // FIRMS_PER_BYTE
            b = f - w * FIRMS_PER_BYTE
            told = 0
            met = 0
            for k in range(size):
                told += (received[w, start + k] >> b) & 1
                met += experienced[f, start + k]
            sum_reached_by[c, f] += told
            sum_met[c, f] += met


# --- measures ---------------------------------------------------------------------


def reached(b: Any) -> np.ndarray:
    """Share of all customers who received a message about any firm in the period."""
    return b.count("reached")[:, 0] / b.count("customers_before").sum(axis=1)


def reached_by(b: Any) -> np.ndarray:
    """Share of all customers who received a message about the firm in the period."""
    return b.count("reached_by") / b.count("customers_before").sum(axis=1, keepdims=True)


def cumulative_penetration(b: Any) -> np.ndarray:
    """Share of the customers now in the market who have ever bought from the firm."""
    return b.count("met") / b.count("customers_before").sum(axis=1, keepdims=True)


REACH = Mechanism(
    "reach",
    doc="Word-of-mouth reach and cumulative penetration",
    columns=(scratch("any_received", "Not 0 for customers who received any message", dtype="u1"),),
    accumulators=(
        Accumulator("reached", "Customers who received any message", (1,)),
        Accumulator("reached_by", "Customers who received a message about the firm"),
        Accumulator("met", "Customers who have ever bought from the firm"),
    ),
    passes=(Pass(count, "hear", after=("word_of_mouth.listen",)),),
    measures=(
        Measure("word_of_mouth_reach", "Word-of-mouth reach", "share per period", reached_by),
        Measure(
            "cumulative_penetration",
            "Cumulative penetration",
            "share",
            cumulative_penetration,
            summary="last",
        ),
        Measure(
            "word_of_mouth_reach_any_firm",
            "Word-of-mouth reach, any firm",
            "share per period",
            reached,
            level="market",
        ),
    ),
    active=lambda scenario: scenario.word_of_mouth is not None,
)
