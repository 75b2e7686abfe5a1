"""Next best offer: an add-on for a customer whom the firm recognizes while it buys.

What the firm knows of the customer decides how well the add-on is chosen. Its price and margin
are lines of their own in the books: revenue stays the sum of prices paid for what was chosen
in the market. The customer pays what the add-on is worth to it: its surplus does not change.

Contacts are those of acquisition, by whichever firm. Those beyond what the customer's segment
puts up with lower what it tells any firm, and its experience of the firms that contacted
it. Add-ons offered while it buys are no interruption and do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cxsim.model.experience.perception import EXPERIENCE
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import Accumulator, Column, Draw, Measure, Mechanism, Pass, listed, tile
from cxsim.numerics.draws import uniform
from cxsim.parameters import Parameters, parameter

# -- Next best offer: an add-on for a customer whom the firm recognizes while it buys ----------


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
        0.0, doc="Chance that a fully known customer takes it", unit="per offer", ge=0, le=1
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
    n, first, buyer, seller, uncertainty_after, key_add_on, firm_next_best_offer_base_chance,
    firm_next_best_offer_known_chance, sum_add_on_offers, sum_add_ons,
):  # fmt: skip
    """Offer the add-on to buyers who were recognized, by what the firm now knows of them."""
    for k in range(listed(n, buyer)):
        f = seller[k]
        base = firm_next_best_offer_base_chance[f]
        if (
            base >= 0.0 and uncertainty_after[k] >= 0.0
        ):  # not a number where the firm offers nothing
            c = tile(buyer[k])
            chance = acceptance(
                base, firm_next_best_offer_known_chance[f], 1.0 - uncertainty_after[k]
            )
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
    accumulators=(
        Accumulator("add_on_offers", "Add-ons offered"),
        Accumulator("add_ons", "Add-ons taken"),
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


# -- Over-contacting: who is contacted more often than it likes tells firms less and resents them


class SegmentParameters(Parameters):
    """How many contacts customers put up with."""

    contact_tolerance: float | None = parameter(
        None,
        doc="Acquisition contacts that a customer puts up with (null: any number)",
        unit="contacts, fading",
        ge=0,
    )
    contact_reserve: float = parameter(
        0.2,
        doc="Share of what it tells firms that a customer keeps to itself for each contact "
        "beyond its tolerance (up to all of it)",
        unit="per contact",
        ge=0,
    )
    contact_resentment: float = parameter(
        0.05,
        doc="Experience lost with a firm by each contact beyond the tolerance",
        unit="experience per contact",
        ge=0,
    )


#: Share of past contacts that a customer still minds a period later.
MEMORY = 0.5


# --- rules ------------------------------------------------------------------------


def minded(before: float, now: float) -> float:
    """Return the contacts a customer minds: those of now and, fading, those before."""
    return MEMORY * before + now


def excess(contacts: float, tolerance: float) -> float:
    """Return the contacts beyond the tolerance; none where there is no limit (not a number)."""
    return max(0.0, contacts - tolerance) if tolerance >= 0.0 else 0.0


def reserved(disclosure: float, reserve: float, excess: float) -> float:
    """Return the share that a customer still tells who is contacted too often."""
    return disclosure * max(0.0, 1.0 - reserve * excess)


def resented(experience: float, resentment: float, excess: float) -> float:
    """Return the experience of a firm that contacts a customer too often."""
    return experience - resentment * excess


# --- passes -----------------------------------------------------------------------


def forget(n, arriving, pressure):
    """A newcomer has not been bothered yet."""
    for i in range(n):
        if arriving[i]:
            pressure[i] = 0.0


def add_contact_pressure(
    n, n_firms, segment, contacted, pressure, segment_contact_tolerance, sum_contacts_felt,
    sum_contacts_beyond,
):  # fmt: skip
    """Add this period's contacts to those before."""
    for i in range(n):
        calls = 0.0
        for f in range(n_firms):
            calls += contacted[f, i]
        pressure[i] = minded(pressure[i], calls)
        sum_contacts_felt[tile(i), 0] += calls
        if excess(pressure[i], segment_contact_tolerance[segment[i]]) > 0.0:
            sum_contacts_beyond[tile(i), 0] += 1.0


def withhold(n, segment, pressure, disclosure, segment_contact_tolerance, segment_contact_reserve):
    """Who had too many contacts tells less."""
    for i in range(n):
        g = segment[i]
        disclosure[i] = reserved(
            disclosure[i],
            segment_contact_reserve[g],
            excess(pressure[i], segment_contact_tolerance[g]),
        )


def add_resentment(
    n, n_firms, segment, contacted, pressure, experience, segment_contact_tolerance,
    segment_contact_resentment,
):  # fmt: skip
    """Who had too many contacts holds it against the firms that made the last."""
    for f in range(n_firms):
        for i in range(n):
            if contacted[f, i]:
                g = segment[i]
                experience[f, i] = resented(
                    experience[f, i],
                    segment_contact_resentment[g],
                    excess(pressure[i], segment_contact_tolerance[g]),
                )


# --- measures ---------------------------------------------------------------------


def contacts_per_customer(b: Any) -> np.ndarray:
    """Acquisition contacts per customer and period, by all firms."""
    return ratio(b.count("contacts_felt")[:, 0], b.count("customers_before").sum(axis=1))


def contacted_too_often(b: Any) -> np.ndarray:
    """Share of customers with more contacts than they put up with."""
    return ratio(b.count("contacts_beyond")[:, 0], b.count("customers_before").sum(axis=1))


def _limited(scenario: Any) -> bool:
    given = any(g.contact_tolerance is not None for g in scenario.segments.values())
    return given and any(f.acquisition is not None for f in scenario.firms.values())


CONTACT_TOLERANCE = Mechanism(
    "contact_tolerance",
    doc="Contacts beyond what customers put up with",
    segment=SegmentParameters,
    columns=(Column("pressure", doc="Acquisition contacts that the customer still minds", ge=0),),
    accumulators=(
        Accumulator("contacts_felt", "Acquisition contacts received", (1,)),
        Accumulator("contacts_beyond", "Customers with more than they put up with", (1,)),
    ),
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(add_contact_pressure, "contact", after=("acquisition.contact_unprofiled",)),
        Pass(withhold, "adjust"),
    ),
    measures=(
        Measure(
            "contacts_per_customer",
            "Acquisition contacts per customer",
            "per period",
            contacts_per_customer,
            level="market",
        ),
        Measure(
            "contacted_too_often",
            "Customers contacted too often",
            "share",
            contacted_too_often,
            level="market",
        ),
    ),
    active=_limited,
)


RESENTMENT = Mechanism(
    "resentment",
    doc="What contacts beyond tolerance do to experience",
    passes=(Pass(add_resentment, "survey"),),
    active=lambda scenario: _limited(scenario) and EXPERIENCE.active(scenario),
)
