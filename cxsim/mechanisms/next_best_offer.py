"""Next best offer: an add-on for a customer whom the firm recognizes while it buys.

What the firm knows of the customer decides how well the add-on is chosen. Its price and margin
are lines of their own in the books: revenue stays the sum of prices paid for what was chosen
in the market. The customer pays what the add-on is worth to it: its surplus does not change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cxsim.draws import uniform
from cxsim.mechanisms.base import Draw, Measure, Mechanism, Pass, Total, chunk, listed
from cxsim.mechanisms.measuring import ratio
from cxsim.parameters import Parameters, parameter


class NextBestOffer(Parameters):
    """What a firm offers beside what is bought."""

    price: float = parameter(doc="Price of the add-on", unit="currency", ge=0)
    margin: float = parameter(
        doc="What an add-on sold leaves to the firm, at most its price", unit="currency", ge=0
    )
    base_chance: float = parameter(
        0.0,
        doc="Chance that a customer of whom nothing is known takes it",
        unit="per offer",
        ge=0,
        le=1,
    )
    known_chance: float = parameter(
        0.0,
        doc="Chance that a fully known customer takes it",
        unit="per offer",
        ge=0,
        le=1,
    )


class FirmParameters(Parameters):
    """Whether a firm offers add-ons."""

    next_best_offer: NextBestOffer | None = parameter(
        None, doc="An add-on offered to recognized customers"
    )


def _check(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, firm in scenario.firms.items():
        offer = firm.next_best_offer
        if offer is not None and offer.margin > offer.price:
            path = ("firms", name, "next_best_offer", "margin")
            yield path, f"expected at most the price ({offer.price:g}), found {offer.margin:g}"
        if offer is not None and offer.known_chance < offer.base_chance:
            path = ("firms", name, "next_best_offer", "known_chance")
            text = f"expected at least base_chance ({offer.base_chance:g})"
            yield path, f"{text}, found {offer.known_chance:g}"


# --- rules ------------------------------------------------------------------------


def acceptance(base: float, known: float, knowledge: float) -> float:
    """Return the chance that an add-on is taken, base + (known - base) K."""
    return base + (known - base) * knowledge


# --- passes -----------------------------------------------------------------------


def offer(
    n, first, buyer, seller, taught, key_add_on, firm_next_best_offer_base_chance,
    firm_next_best_offer_known_chance, sum_add_on_offers, sum_add_ons,
):  # fmt: skip
    """Offer the add-on to buyers who were recognized, by what the firm now knows of them."""
    for k in range(listed(n, buyer)):
        f = seller[k]
        base = firm_next_best_offer_base_chance[f]
        if base >= 0.0 and taught[k] >= 0.0:  # not a number where the firm offers nothing
            c = chunk(buyer[k])
            chance = acceptance(base, firm_next_best_offer_known_chance[f], 1.0 - taught[k])
            sum_add_on_offers[c, f] += 1.0
            if uniform(key_add_on[f], first + buyer[k]) < chance:
                sum_add_ons[c, f] += 1.0


# --- measures ---------------------------------------------------------------------


def add_on_revenue(b: Any) -> np.ndarray:
    """Prices paid for add-ons; no part of revenue."""
    return b.total("add_ons") * np.nan_to_num(b.firm("next_best_offer_price"))


def add_on_margin(b: Any) -> np.ndarray:
    """What add-ons leave to the firm."""
    return b.total("add_ons") * np.nan_to_num(b.firm("next_best_offer_margin"))


def add_on_acceptance(b: Any) -> np.ndarray:
    """Share of add-ons offered that were taken."""
    return ratio(b.count("add_ons"), b.count("add_on_offers"))


_PER_PERIOD = "currency per period"

NEXT_BEST_OFFER = Mechanism(
    "next_best_offer",
    doc="Add-ons for recognized customers",
    firm=FirmParameters,
    draws=(Draw("add_on", ("firm",)),),
    totals=(
        Total("add_on_offers", doc="Add-ons offered"),
        Total("add_ons", doc="Add-ons taken"),
    ),
    check=_check,
    passes=(Pass(offer, "update", after=("learning.learn",)),),
    measures=(
        Measure("add_on_revenue", "Revenue of add-ons", _PER_PERIOD, add_on_revenue, summary="sum"),
        Measure(
            "add_on_margin",
            "Margin of add-ons",
            _PER_PERIOD,
            add_on_margin,
            summary="sum",
            cost="contribution",
            income=True,
        ),
        Measure("add_on_acceptance", "Add-ons taken of those offered", "share", add_on_acceptance),
    ),
    active=lambda scenario: any(f.next_best_offer is not None for f in scenario.firms.values()),
)
