"""Attachment: what a good experience of a firm is worth to a customer, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cxsim.mechanisms.base import Column, Measure, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.measuring import ratio
from cxsim.parameters import Parameters, parameter

#: Shares of the price that customers are counted by, who would gain as much in experience.
REACH = (0.10, 0.15, 0.25)


class SegmentParameters(Parameters):
    """What experience is worth."""

    experience_value: float = parameter(
        0.0, doc="Worth of a unit of experience of a firm, per purchase", unit="currency"
    )
    spend_response: float = parameter(
        0.0,
        doc="Relative rise of the chance to be in the market per unit of experience of the "
        "supplier (Bolton 1998: satisfied customers stay longer and use more)",
    )


# --- rules ------------------------------------------------------------------------


def attraction(value: float, experience: float) -> float:
    """Return what the experience of a firm is worth, currency per purchase."""
    return value * experience


def moved(chance: float, response: float, experience: float) -> float:
    """Return the chance to be in the market, moved by the experience of the supplier."""
    return max(0.0, min(1.0, chance * (1.0 + response * experience)))


def share_of_price(value: float, lead: float, price: float) -> float:
    """Return what a lead in experience is worth as a share of the price of a purchase."""
    return value * lead / price if price > 0.0 else 0.0


# --- passes -----------------------------------------------------------------------


def respond(n, segment, supplier, experience, chance_to_shop, segment_spend_response):
    """A customer pleased with its supplier shops more often."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            chance_to_shop[i] = moved(
                chance_to_shop[i], segment_spend_response[segment[i]], experience[s, i]
            )


def attract(n, n_firms, segment, experience, liking, value, segment_experience_value):
    """Add what the customer's experience of each firm is worth."""
    for i in range(n):
        liking[i] = segment_experience_value[segment[i]]
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] += attraction(liking[i], experience[f, i])


def bond(
    n, n_firms, segment, supplier, experience, best_met, volume, switching_relational, firm_price,
    segment_experience_value, reach_shares, sum_reach,
):  # fmt: skip
    """Reckon what the experience of the supplier is worth, and what the best one would be.

    A twin of the supplier would offer nothing that the customer has lived through.
    """
    for i in range(n):
        best_met[i] = experience[0, i]
    for f in range(1, n_firms):
        for i in range(n):
            best_met[i] = max(best_met[i], experience[f, i])
    for i in range(n):
        s = max(0, supplier[i])
        own = experience[s, i]
        worth = segment_experience_value[segment[i]] if supplier[i] >= 0 else 0.0
        share = share_of_price(worth, best_met[i] - own, volume[i] * firm_price[s])
        switching_relational[i] += attraction(worth, own)
        if share >= reach_shares[0]:
            for k in range(len(reach_shares)):
                if share >= reach_shares[k]:
                    sum_reach[chunk(i), s, k] += 1.0


# --- measures ---------------------------------------------------------------------


def _reach(number: int) -> Callable[[Any], np.ndarray]:
    def reach(b: Any) -> np.ndarray:
        return ratio(b.count("reach")[:, :, number], b.count("emotions").sum(axis=2))

    reach.__doc__ = (
        "Share of the firm's customers to whom the best experience they know is worth "
        f"{REACH[number]:.0%} of the price more than the firm's."
    )
    return reach


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    return {"reach_shares": np.array(REACH)}


ATTACHMENT = Mechanism(
    "attachment",
    doc="What experience is worth to customers",
    segment=SegmentParameters,
    columns=(
        Column("liking", (), "f8", kept=False, doc="Worth of a unit of experience, currency"),
        Column("best_met", (), kept=False, doc="Best experience the customer has of a firm"),
    ),
    totals=(
        Total(
            "reach",
            ("firm", len(REACH)),
            doc="Customers to whom the best experience they know is worth 10, 15 and 25 % of the "
            "price more than the supplier's",
        ),
    ),
    setup=_setup,
    passes=(
        Pass(respond, "prepare", after=("choice.attend",), before=("choice.enter",)),
        Pass(attract, "add", term="experience"),
        Pass(bond, "account", after=("switching.count",), before=("switching.add_up",)),
    ),
    measures=tuple(
        Measure(
            f"worth_{share:.0%}".replace("%", ""),
            f"Customers to whom the best experience is worth {share:.0%} of the price",
            "share",
            _reach(number),
            summary="last",
        )
        for number, share in enumerate(REACH)
    ),
    active=lambda scenario: scenario.journey is not None,
)
