"""Cross-selling by next best offers, and over-contacting by acquisition contacts.

The next best offer is a further product for a customer whom the firm recognizes at a purchase.
The better the firm knows the customer, the more likely the offer is accepted. Its price and margin
are lines of their own in the accounts: revenue remains the sum of prices paid for purchases in the
market. The customer pays its full willingness to pay, so its surplus does not change.

Over-contacting counts acquisition contacts by all firms. Contacts beyond the tolerance of the
segment lower the customer's data sharing with all firms, and its experience of the firms that
contacted it. Where data sharing depends on trust, they lower the trust in these firms instead, and
data sharing through it alone. Next best offers at a purchase are not an interruption and do not
count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cxsim.model.experience.perception import EXPERIENCE
from cxsim.model.experience.relationship import TRUST, betrayed
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import (
    Accumulator,
    Column,
    Draw,
    Measure,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.numerics.draws import uniform
from cxsim.parameters import Parameters, parameter

# -- Next best offer: cross-selling to customers recognized at a purchase -----------------------


class NextBestOffer(Parameters):
    """Price, margin and acceptance of a next best offer."""

    price: float = parameter(doc="Price of the next best offer", unit="currency", ge=0)
    margin: float = parameter(
        doc="Margin of the next best offer, at most its price", unit="currency", ge=0
    )
    base_chance: float = parameter(
        0.0, "Chance of acceptance by an unknown customer", "per offer", ge=0, le=1
    )
    known_chance: float = parameter(
        0.0, "Chance of acceptance by a fully known customer", "per offer", ge=0, le=1
    )
    experience_response: float = parameter(
        0.0,
        doc="Rise of the chance of acceptance per unit of the customer's experience of the firm",
        unit="per offer",
        source="assumption",
    )


class FirmParameters(Parameters):
    """Cross-selling of a firm."""

    next_best_offer: NextBestOffer | None = parameter(
        None, "Next best offer to recognized customers (cross-selling)"
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
        if offer is not None and offer.experience_response != 0.0 and scenario.journey is None:
            path = ("firms", name, "next_best_offer", "experience_response")
            text = "expected 0 without a journey, which makes experience"
            yield path, f"{text}, found {offer.experience_response:g}"


# --- rules ------------------------------------------------------------------------


def acceptance(base: float, known: float, knowledge: float) -> float:
    """Return the chance that a next best offer is accepted, base + (known - base) K.

    Parameters
    ----------
    base : float
        At no knowledge, per offer.
    known : float
        At full knowledge, per offer.
    knowledge : float
        K, share.

    Returns
    -------
    float
        Probability per offer.
    """
    return base + (known - base) * knowledge


def acceptance_after(chance: float, response: float, experience: float) -> float:
    """Return the chance of acceptance, given the experience of the firm, clip(q + e E, 0, 1).

    Parameters
    ----------
    chance : float
        q, at neutral experience (:func:`acceptance`), per offer.
    response : float
        e, rise per unit of experience.
    experience : float
        E, about -1 to 1.

    Returns
    -------
    float
        Probability per offer.
    """
    return max(0.0, min(1.0, chance + response * experience))


# --- passes -----------------------------------------------------------------------


def weigh_offer(
    n, buyer, seller, uncertainty_after, acceptance_chance, firm_next_best_offer_base_chance,
    firm_next_best_offer_known_chance,
):  # fmt: skip
    """Set the chance that a recognized buyer accepts, given the firm's present knowledge."""
    for k in range(listed(n, buyer)):
        f = seller[k]
        base = firm_next_best_offer_base_chance[f]
        acceptance_chance[k] = -1.0
        if base >= 0.0 and uncertainty_after[k] >= 0.0:  # NaN where the firm makes no offer
            acceptance_chance[k] = acceptance(
                base, firm_next_best_offer_known_chance[f], 1.0 - uncertainty_after[k]
            )


def weigh_experience(
    n, buyer, seller, experience, acceptance_chance, firm_next_best_offer_experience_response
):
    """Raise or lower the chance of acceptance by the buyer's experience of the firm."""
    for k in range(listed(n, buyer)):
        f = seller[k]
        if acceptance_chance[k] >= 0.0:
            acceptance_chance[k] = acceptance_after(
                acceptance_chance[k],
                firm_next_best_offer_experience_response[f],
                experience[f, buyer[k]],
            )


def offer(n, first, buyer, seller, acceptance_chance, key_add_on, sum_add_on_offers, sum_add_ons):
    """Make the next best offer to recognized buyers."""
    for k in range(listed(n, buyer)):
        f = seller[k]
        if acceptance_chance[k] >= 0.0:
            c = tile(buyer[k])
            sum_add_on_offers[c, f] += 1.0
            if uniform(key_add_on[f], first + buyer[k]) < acceptance_chance[k]:
                sum_add_ons[c, f] += 1.0


# --- measures ---------------------------------------------------------------------


def cross_sell_revenue(b: Any) -> np.ndarray:
    """Prices paid for next best offers in the period; not part of revenue."""
    return b.total("add_ons") * np.nan_to_num(b.firm("next_best_offer_price"))


def cross_sell_margin(b: Any) -> np.ndarray:
    """Margin of the next best offers sold in the period."""
    return b.total("add_ons") * np.nan_to_num(b.firm("next_best_offer_margin"))


def cross_sell_acceptance_rate(b: Any) -> np.ndarray:
    """Share of the period's next best offers that were accepted."""
    return ratio(b.count("add_ons"), b.count("add_on_offers"))


_PER_PERIOD = "currency per period"


NEXT_BEST_OFFER = Mechanism(
    "next_best_offer",
    doc="Cross-selling to recognized customers",
    firm=FirmParameters,
    columns=(
        scratch(
            "acceptance_chance",
            "Chance that the next best offer is accepted, by position in the list of buyers; -1 "
            "without an offer",
        ),
    ),
    draws=(Draw("add_on", ("firm",)),),
    accumulators=(
        Accumulator("add_on_offers", "Next best offers made"),
        Accumulator("add_ons", "Next best offers accepted"),
    ),
    check=_check,
    passes=(
        Pass(weigh_offer, "update", after=("learning.learn",)),
        Pass(offer, "update", after=("next_best_offer.weigh_offer",)),
    ),
    measures=(
        Measure.of(cross_sell_revenue, "Cross-selling revenue", _PER_PERIOD, summary="sum"),
        Measure.of(
            cross_sell_margin,
            "Cross-selling margin",
            _PER_PERIOD,
            "income",
            summary="sum",
            cost="contribution",
        ),
        Measure.of(cross_sell_acceptance_rate, "Cross-selling acceptance rate", "share"),
    ),
    active=lambda scenario: any(f.next_best_offer is not None for f in scenario.firms.values()),
)


def _felt(scenario: Any) -> bool:
    """Return whether acceptance depends on experience, now or by an event."""
    offers = [f.next_best_offer for f in scenario.firms.values() if f.next_best_offer is not None]
    return any(offer.experience_response != 0.0 for offer in offers) or any(
        change.keys[0] == "next_best_offer"
        and change.keys[-1] in ("next_best_offer", "experience_response")
        for change in scenario.changes
    )


EXPERIENCED_OFFER = Mechanism(
    "experienced_offer",
    doc="Cross-selling that depends on experience",
    passes=(
        Pass(
            weigh_experience,
            "update",
            after=("next_best_offer.weigh_offer",),
            before=("next_best_offer.offer",),
        ),
    ),
    active=lambda scenario: (
        NEXT_BEST_OFFER.active(scenario) and _felt(scenario) and EXPERIENCE.active(scenario)
    ),
)


# -- Over-contacting: contacts beyond tolerance lower data sharing and experience ---------------


class SegmentParameters(Parameters):
    """Tolerance of contacts, and effects of contacts beyond it."""

    contact_tolerance: float | None = parameter(
        None,
        doc="Acquisition contacts that a customer tolerates (null: any number)",
        unit="contacts, fading",
        ge=0,
    )
    contact_reserve: float = parameter(
        0.2,
        doc="Share of its data sharing that a customer withholds per contact beyond its "
        "tolerance (up to all of it)",
        unit="per contact",
        ge=0,
    )
    contact_resentment: float = parameter(
        0.05,
        doc="Experience of a firm lost per contact beyond the tolerance",
        unit="experience per contact",
        ge=0,
    )


#: Share of past contacts that still counts a period later.
MEMORY = 0.5


# --- rules ------------------------------------------------------------------------


def minded(before: float, now: float) -> float:
    """Return the contact pressure on a customer, m P + c: contacts now and, fading, earlier ones.

    Parameters
    ----------
    before : float
        P, pressure of the period before, contacts.
    now : float
        c, contacts of this period.

    Returns
    -------
    float
        Contacts, fading by :data:`MEMORY` per period.
    """
    return MEMORY * before + now


def excess(contacts: float, tolerance: float) -> float:
    """Return the contacts beyond the tolerance; 0 where there is no limit (NaN).

    Parameters
    ----------
    contacts : float
        Contact pressure, contacts.
    tolerance : float
        Contacts that the customer tolerates; NaN without a limit.

    Returns
    -------
    float
        Contacts.
    """
    return max(0.0, contacts - tolerance) if tolerance >= 0.0 else 0.0


def reserved(disclosure: float, reserve: float, excess: float) -> float:
    """Return the remaining data sharing of an over-contacted customer, w max(0, 1 - s x).

    Parameters
    ----------
    disclosure : float
        w, data sharing, share.
    reserve : float
        s, share of it withheld per contact too many.
    excess : float
        x, contacts beyond the tolerance.

    Returns
    -------
    float
        Share.
    """
    return disclosure * max(0.0, 1.0 - reserve * excess)


def resented(experience: float, resentment: float, excess: float) -> float:
    """Return the experience of a firm after over-contacting, E - s x.

    Parameters
    ----------
    experience : float
        E, about -1 to 1.
    resentment : float
        s, loss of experience per contact too many.
    excess : float
        x, contacts beyond the tolerance.

    Returns
    -------
    float
        Experience.
    """
    return experience - resentment * excess


# --- passes -----------------------------------------------------------------------


def forget(n, arriving, pressure):
    """Reset the contact pressure on newcomers."""
    for i in range(n):
        if arriving[i]:
            pressure[i] = 0.0


def add_contact_pressure(
    n, n_firms, segment, contacted, pressure, segment_contact_tolerance, sum_contacts_felt,
    sum_contacts_beyond,
):  # fmt: skip
    """Add this period's contacts to the fading earlier ones."""
    for i in range(n):
        calls = 0.0
        for f in range(n_firms):
            calls += contacted[f, i]
        pressure[i] = minded(pressure[i], calls)
        sum_contacts_felt[tile(i), 0] += calls
        if excess(pressure[i], segment_contact_tolerance[segment[i]]) > 0.0:
            sum_contacts_beyond[tile(i), 0] += 1.0


def withhold(
    n, n_firms, segment, pressure, disclosure, segment_contact_tolerance, segment_contact_reserve
):
    """Lower the data sharing of over-contacted customers with all firms."""
    for f in range(n_firms):
        for i in range(n):
            g = segment[i]
            disclosure[f, i] = reserved(
                disclosure[f, i],
                segment_contact_reserve[g],
                excess(pressure[i], segment_contact_tolerance[g]),
            )


def add_resentment(
    n, n_firms, segment, contacted, pressure, experience, segment_contact_tolerance,
    segment_contact_resentment,
):  # fmt: skip
    """Lower over-contacted customers' experience of the firms that contacted them last."""
    for f in range(n_firms):
        for i in range(n):
            if contacted[f, i]:
                g = segment[i]
                experience[f, i] = resented(
                    experience[f, i],
                    segment_contact_resentment[g],
                    excess(pressure[i], segment_contact_tolerance[g]),
                )


def intrude(
    n, n_firms, segment, contacted, pressure, trust_level, segment_contact_tolerance,
    market_trust_loss,
):  # fmt: skip
    """Take trust from the firms whose contacts of this period were beyond the tolerance."""
    for f in range(n_firms):
        for i in range(n):
            beyond = excess(pressure[i], segment_contact_tolerance[segment[i]]) > 0.0
            if contacted[f, i] and beyond:
                trust_level[f, i] = betrayed(trust_level[f, i], market_trust_loss[0], 1.0)


# --- measures ---------------------------------------------------------------------


def acquisition_contacts_per_customer(b: Any) -> np.ndarray:
    """Acquisition contacts by all firms in the period, mean over all customers."""
    return ratio(b.count("contacts_felt")[:, 0], b.count("customers_before").sum(axis=1))


def over_contacted_share(b: Any) -> np.ndarray:
    """Share of all customers in the period with more contacts than they tolerate."""
    return ratio(b.count("contacts_beyond")[:, 0], b.count("customers_before").sum(axis=1))


def _limited(scenario: Any) -> bool:
    given = any(g.contact_tolerance is not None for g in scenario.segments.values())
    return given and any(f.acquisition is not None for f in scenario.firms.values())


CONTACT_TOLERANCE = Mechanism(
    "contact_tolerance",
    doc="Contacts beyond the tolerance of customers",
    segment=SegmentParameters,
    columns=(Column("pressure", doc="Contact pressure: acquisition contacts, fading", ge=0),),
    accumulators=(
        Accumulator("contacts_felt", "Acquisition contacts received", (1,)),
        Accumulator("contacts_beyond", "Customers with contacts beyond their tolerance", (1,)),
    ),
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(add_contact_pressure, "contact", after=("acquisition.contact_unprofiled",)),
        Pass(withhold, "adjust"),
    ),
    measures=(
        Measure.of(
            acquisition_contacts_per_customer,
            "Acquisition contacts per customer",
            "per period",
            level="market",
        ),
        Measure.of(over_contacted_share, "Over-contacted customers", "share", level="market"),
    ),
    active=_limited,
)


RESENTMENT = Mechanism(
    "resentment",
    doc="Effect of contacts beyond tolerance on experience",
    passes=(Pass(add_resentment, "survey"),),
    active=lambda scenario: _limited(scenario) and EXPERIENCE.active(scenario),
)


INTRUSION = Mechanism(
    "intrusion",
    doc="Effect of contacts beyond tolerance on trust",
    passes=(Pass(intrude, "contact", after=("contact_tolerance.add_contact_pressure",)),),
    active=lambda scenario: _limited(scenario) and TRUST.active(scenario),
)
