"""Relationships: what contacts teach, trust in the firm, and the units that a purchase comes to.

Contacts at touchpoints teach the firm what customers need, prospects included.

Trust is the customer's confidence in a firm's reliability and integrity (Morgan & Hunt 1994). It
follows the experience of the firm, and whoever trusts a firm less tells it less.

A customer chooses with the volume of its segment in mind. With a firm of which it has a good
experience, or that knows it, it then buys more: the depth of a relationship (Bolton, Lemon &
Verhoef 2004).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cxsim.model.core.learning import learned, precision
from cxsim.model.experience.journey import DISCOVER
from cxsim.model.experience.perception import EXPERIENCE
from cxsim.model.ledger import Ledger, ratio
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

# -- Contacts teach: what firms learn at touchpoints, beside what purchases tell them -----------


# --- rules ------------------------------------------------------------------------


def contact_precision(
    learning_rate: float, interaction: float, disclosure: float, informs: float
) -> float:
    """Return the precision of the signal of a contact at a touchpoint, rho A w nu.

    Parameters
    ----------
    learning_rate : float
        rho, precision of the signal of a purchase at full interaction and data sharing.
    interaction : float
        A, share.
    disclosure : float
        w, share of what the customer could tell that it tells.
    informs : float
        nu, what a contact at the touchpoint tells relative to a purchase.

    Returns
    -------
    float
        Relative to the prior.
    """
    return precision(learning_rate, interaction, disclosure) * informs


def interaction_there(interaction: float, relative: float) -> float:
    """Return the interaction in a contact at a touchpoint, at most 1, A w / mean w.

    Parameters
    ----------
    interaction : float
        A, of the firm, share.
    relative : float
        w / mean w, interaction at the touchpoint relative to the mean over visits.

    Returns
    -------
    float
        Share.
    """
    return min(1.0, interaction * relative)


# --- passes -----------------------------------------------------------------------


def weigh_interaction(
    met_at, touch_interaction, market_journey_visit_rate, firm_touchpoints_interaction_weight
):
    """Set the interaction at every touchpoint relative to the firm's mean over visits."""
    visits = np.where(met_at, market_journey_visit_rate, 0.0)
    weights = np.where(met_at, firm_touchpoints_interaction_weight, 0.0)
    total = visits.sum(axis=1, keepdims=True)
    mean = (visits * weights).sum(axis=1, keepdims=True) / np.where(total > 0.0, total, 1.0)
    touch_interaction[:] = np.where(mean > 0.0, weights / np.where(mean > 0.0, mean, 1.0), 1.0).T


def teach(
    n, first, n_firms, n_touchpoint, segment, supplier, shopper, visitor, visitors, open_option,
    uncertainty, recognition, interaction, disclosure, key_told, key_told_elsewhere,
    key_visit_elsewhere, touch_stage, touch_chance, touch_interaction, market_journey_informs,
    market_learning_rate,
    sum_told, sum_told_resolved,
):  # fmt: skip
    """Let firms learn from recognized visitors, touchpoint by touchpoint along the journey.

    Prospects who visited a firm in the stage discover are found by the draws of their visits.
    """
    shoppers = listed(n, shopper)
    for t in range(n_touchpoint):
        informs = market_journey_informs[0, t]
        if informs > 0.0:
            for k in range(visitors[t, 0]):
                i = visitor[t, k]
                f = supplier[i]
                if uniform(key_told[t], first + i) < recognition[f, i]:
                    before = uncertainty[f, i]
                    after = learned(
                        before,
                        contact_precision(
                            market_learning_rate[0],
                            interaction_there(interaction[f, i], touch_interaction[t, f]),
                            disclosure[f, i],
                            informs,
                        ),
                    )
                    uncertainty[f, i] = after
                    sum_told[tile(i), f] += 1.0
                    sum_told_resolved[tile(i), f] += before - after
            if touch_stage[t] == DISCOVER:
                for f in range(n_firms):
                    key = key_visit_elsewhere[t, f]
                    for k in range(shoppers):
                        i = shopper[k]
                        if (
                            supplier[i] != f
                            and open_option[f, i] > 0
                            and uniform(key, first + i) < touch_chance[t, segment[i], f]
                            and uniform(key_told_elsewhere[t, f], first + i) < recognition[f, i]
                        ):
                            before = uncertainty[f, i]
                            after = learned(
                                before,
                                contact_precision(
                                    market_learning_rate[0],
                                    interaction_there(interaction[f, i], touch_interaction[t, f]),
                                    disclosure[f, i],
                                    informs,
                                ),
                            )
                            uncertainty[f, i] = after
                            sum_told[tile(i), f] += 1.0
                            sum_told_resolved[tile(i), f] += before - after


# --- measures ---------------------------------------------------------------------


def informing_contacts(b: Ledger) -> np.ndarray:
    """Recognized contacts in the period from which the firm learned, prospects included."""
    return b.total("told")


def _informing(scenario: Any) -> bool:
    """Return whether any touchpoint tells firms about customers, now or by an event."""
    journey = scenario.journey or {}
    return any(touchpoint.informs > 0.0 for touchpoint in journey.values()) or any(
        change.level == "market" and change.keys[0] == "journey" and change.keys[-1] == "informs"
        for change in scenario.changes
    )


CONTACT_LEARNING = Mechanism(
    "contact_learning",
    doc="Contacts at touchpoints teach firms what customers need",
    draws=(Draw("told", ("touchpoint",)), Draw("told_elsewhere", ("touchpoint", "firm"))),
    accumulators=(
        Accumulator("told", "Recognized contacts from which the firm learned"),
        Accumulator("told_resolved", "Need variance resolved in them, summed"),
    ),
    tables=(("touch_interaction", ("touchpoint", "firm")),),
    passes=(
        Pass(weigh_interaction, "events", population=True, after=("touchpoints.set_up",)),
        Pass(teach, "join", after=("journey.visit",)),
    ),
    measures=(
        Measure(
            "informing_contacts",
            "Contacts that inform the firm",
            "per period",
            informing_contacts,
            summary="sum",
        ),
    ),
    active=_informing,
)


# -- Trust: made of experience, lost by breaches, it decides how much customers tell ------------


class MarketParameters(Parameters):
    """How trust in firms grows and is lost."""

    initial_trust: float = parameter(
        0.5, "Trust of a newcomer in every firm", "share", newcomers=True, source="assumption"
    )
    trust_adaptation: float = parameter(
        0.1,
        doc="Share of its distance to what experience warrants that trust moves in a period with "
        "contacts",
        unit="share",
        source="assumption",
    )
    trust_scale: float = parameter(
        0.2,
        doc="Experience of a firm at which full trust is warranted; minus as much warrants none",
        unit="experience",
        gt=0,
        source="the range in which experience lies in most markets; an assumption",
    )
    trust_loss: float = parameter(
        0.3,
        doc="Share of trust lost by a breach, a broken promise or a contact beyond tolerance",
        unit="share",
        source="Slovic 1993: trust is lost faster than it is built; the size is an assumption",
    )
    trust_tolerance: float = parameter(
        3.0,
        doc="How far performance in a contact may be below the brand promise before customers of "
        "the firm regard the promise as broken",
        unit="score 0-10",
        ge=0,
        source="assumption",
    )


class SegmentParameters(Parameters):
    """How much data sharing depends on trust in a segment."""

    trust_weight: float = parameter(
        0.0,
        doc="Share of its data sharing that a customer without any trust withholds (0: trust does "
        "not matter)",
        unit="share",
    )


class FirmParameters(Parameters):
    """Breaches of trust by a firm."""

    breaches: float = parameter(
        0.0,
        doc="Breaches of trust so far (a data leak, misuse of data): each rise by 1, by an event, "
        "costs the firm trust_loss of everybody's trust",
        unit="breaches",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def warranted(experience: float, scale: float) -> float:
    """Return the trust that an experience warrants, (1 + clip(E / s, -1, 1)) / 2.

    Parameters
    ----------
    experience : float
        E, about -1 to 1.
    scale : float
        s, experience of full trust, above 0.

    Returns
    -------
    float
        Share.
    """
    return 0.5 * (1.0 + max(-1.0, min(1.0, experience / scale)))


def trusting(trust: float, warranted: float, adaptation: float) -> float:
    """Return the trust after a period with contacts, T + a (M - T).

    Parameters
    ----------
    trust : float
        T, share.
    warranted : float
        M, what experience warrants (:func:`warranted`), share.
    adaptation : float
        a, share of the distance.

    Returns
    -------
    float
        Share.
    """
    return trust + adaptation * (warranted - trust)


def betrayed(trust: float, loss: float, breaches: float) -> float:
    """Return the trust that remains after breaches, T max(0, 1 - l b).

    Parameters
    ----------
    trust : float
        T, share.
    loss : float
        l, share of it lost by one breach.
    breaches : float
        b, 1 for one breach.

    Returns
    -------
    float
        Share.
    """
    return trust * max(0.0, 1.0 - loss * breaches)


def entrusted(disclosure: float, weight: float, trust: float) -> float:
    """Return the data sharing with a firm that is trusted so much, w (1 - g (1 - T)).

    Parameters
    ----------
    disclosure : float
        w, data sharing at full trust, share.
    weight : float
        g, share of it that no trust at all withholds.
    trust : float
        T, share.

    Returns
    -------
    float
        Share.
    """
    return disclosure * (1.0 - weight * (1.0 - trust))


# --- passes -----------------------------------------------------------------------


def meet(n, n_firms, arriving, trust_level, market_initial_trust):
    """Give newcomers the trust that everybody starts with."""
    for f in range(n_firms):
        for i in range(n):
            if arriving[i]:
                trust_level[f, i] = market_initial_trust[0]


def note_breaches(firm_breaches, breaches_before, new_breaches):
    """Find the breaches of this period: by how much their number has risen."""
    new_breaches[:] = np.maximum(0.0, firm_breaches - breaches_before)
    breaches_before[:] = firm_breaches


def breach(n, n_firms, new_breaches, trust_level, market_trust_loss):
    """Take trust from firms that breached it, with everybody."""
    for f in range(n_firms):
        if new_breaches[f] > 0.0:
            for i in range(n):
                trust_level[f, i] = betrayed(
                    trust_level[f, i], market_trust_loss[0], new_breaches[f]
                )


def disclose(
    n, n_firms, segment, trust_level, disclosure, segment_disclosure, segment_trust_weight
):
    """Let data sharing follow trust where trust matters; contacts beyond tolerance act on trust."""
    for f in range(n_firms):
        for i in range(n):
            g = segment[i]
            weight = segment_trust_weight[g]
            told = entrusted(segment_disclosure[g], weight, trust_level[f, i])
            disclosure[f, i] = told if weight > 0.0 else disclosure[f, i]


def trust_by_contacts(
    n, first, n_firms, n_touchpoint, segment, supplier, shopper, visitors, visitor, score,
    open_option, experience, trust_level, in_contact, key_visit_elsewhere, touch_stage,
    touch_chance, promise, market_trust_adaptation, market_trust_scale, market_trust_loss,
    market_trust_tolerance, sum_broken_promises,
):  # fmt: skip
    """Move the trust of all who had contacts, and lower it where a customer's promise was broken.

    Prospects who visited a firm in the stage discover are found by the draws of their visits.
    """
    adaptation = market_trust_adaptation[0]
    scale = market_trust_scale[0]
    for i in range(n):
        in_contact[i] = 0
    for t in range(n_touchpoint):
        for k in range(visitors[t, 0]):
            in_contact[visitor[t, k]] = 1
    for i in range(n):
        if in_contact[i]:
            f = supplier[i]
            trust_level[f, i] = trusting(
                trust_level[f, i], warranted(experience[f, i], scale), adaptation
            )
    for t in range(n_touchpoint):
        for k in range(visitors[t, 0]):
            i = visitor[t, k]
            f = supplier[i]
            if score[t, k] < promise[f] - market_trust_tolerance[0]:
                trust_level[f, i] = betrayed(trust_level[f, i], market_trust_loss[0], 1.0)
                sum_broken_promises[tile(i), f] += 1.0
    shoppers = listed(n, shopper)
    for f in range(n_firms):
        for k in range(shoppers):
            i = shopper[k]
            if supplier[i] == f or open_option[f, i] == 0:
                continue
            looked = False
            for t in range(n_touchpoint):
                if touch_stage[t] == DISCOVER:
                    chance = touch_chance[t, segment[i], f]
                    looked |= uniform(key_visit_elsewhere[t, f], first + i) < chance
            if looked:
                trust_level[f, i] = trusting(
                    trust_level[f, i], warranted(experience[f, i], scale), adaptation
                )


def count_trust(n, supplier, trust_level, disclosure, sum_trust):
    """Add up customers' trust in their supplier, and the data sharing with it."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_trust[tile(i), s, 0] += 1.0
            sum_trust[tile(i), s, 1] += trust_level[s, i]
            sum_trust[tile(i), s, 2] += disclosure[s, i]


# --- measures ---------------------------------------------------------------------


def mean_trust(b: Ledger) -> np.ndarray:
    """Mean trust that the firm's customers have in it at the end of the period."""
    customers, trust, _ = np.moveaxis(b.count("trust"), -1, 0)
    return ratio(trust, customers)


def mean_data_sharing(b: Ledger) -> np.ndarray:
    """Mean data sharing of the firm's customers with it in the period, given their trust."""
    customers, _, shared = np.moveaxis(b.count("trust"), -1, 0)
    return ratio(shared, customers)


def broken_promises(b: Ledger) -> np.ndarray:
    """Contacts of the firm's customers in the period in which it broke its brand promise."""
    return b.total("broken_promises")


def _changed(scenario: Any, level: str, *names: str) -> bool:
    """Return whether an event sets any of these parameters."""
    return any(change.level == level and change.keys[0] in names for change in scenario.changes)


def trust_matters(scenario: Any) -> bool:
    """Return whether data sharing of any segment depends on trust, now or by an event.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    bool
    """
    given = any(segment.trust_weight > 0.0 for segment in scenario.segments.values())
    return given or _changed(scenario, "segment", "trust_weight")


def _trust_has_a_base(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """Refuse trust without the journey that builds it, and breaches where no trust matters."""
    weights = {name: segment.trust_weight for name, segment in scenario.segments.items()}
    if scenario.journey is None:
        for name, weight in weights.items():
            if weight > 0.0:
                text = f"expected 0 without a journey, which builds trust, found {weight:g}"
                yield ("segments", name, "trust_weight"), text
    sets = [(number, path) for number, event in enumerate(scenario.events) for path in event.set]
    names = {path.rpartition(".")[2] for _, path in sets}
    if not any(weights.values()) and "trust_weight" not in names:
        for number, path in sets:
            if path.endswith(".breaches"):
                text = "expected a trust_weight above 0 in some segment, found none"
                yield ("events", number, "set", path), text


def _breaches_before(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    firms = [scenario.firms[name] for name in sorted(scenario.firms)]
    return {"breaches_before": np.array([float(firm.breaches) for firm in firms])}


TRUST = Mechanism(
    "trust",
    doc="Trust in firms, and data sharing that depends on it",
    market=MarketParameters,
    segment=SegmentParameters,
    firm=FirmParameters,
    columns=(
        Column("trust_level", ("firm",), doc="Trust T in a firm, share", ge=0, le=1),
        scratch("in_contact", "1 for a customer with contacts with the supplier", dtype="u1"),
    ),
    accumulators=(
        Accumulator("trust", "Customers, their trust and their data sharing", ("firm", 3)),
        Accumulator("broken_promises", "Contacts of customers in which the promise was broken"),
    ),
    tables=("new_breaches",),
    setup=_breaches_before,
    check=_trust_has_a_base,
    passes=(
        Pass(meet, "arrive", after=("people.arrive",)),
        Pass(note_breaches, "events", population=True),
        Pass(breach, "contact"),
        Pass(disclose, "adjust", after=("contact_tolerance.withhold",)),
        Pass(trust_by_contacts, "join", after=("journey.visit",)),
        Pass(count_trust, "account"),
    ),
    measures=(
        Measure("trust", "Trust", "share", mean_trust, summary="last", source="Morgan & Hunt 1994"),
        Measure("data_sharing", "Data sharing", "share", mean_data_sharing),
        Measure(
            "broken_promises",
            "Broken promises",
            "contacts per period",
            broken_promises,
            summary="sum",
        ),
    ),
    active=lambda scenario: scenario.journey is not None and trust_matters(scenario),
)


# -- Units: what a purchase comes to, given experience and knowledge ----------------------------


class VolumeParameters(Parameters):
    """Response of the units per purchase of a segment to experience and knowledge."""

    volume_response_experience: float = parameter(
        0.0,
        doc="Relative increase of the units per purchase per unit of experience of the firm",
        source="Bolton & Lemon 1999: satisfied customers use more; the size is an assumption",
    )
    volume_response_knowledge: float = parameter(
        0.0,
        doc="Relative increase of the units per purchase from a firm that recognizes the customer "
        "and knows it fully",
        source="assumption",
    )
    wallet: float | None = parameter(
        None,
        doc="Wallet: most units of the category that the customer can use on one occasion to buy "
        "(null: any number)",
        unit="units",
        gt=0,
    )


# --- rules ------------------------------------------------------------------------


def units_sold(
    volume: float,
    by_experience: float,
    experience: float,
    by_knowledge: float,
    knowledge: float,
    wallet: float,
) -> float:
    """Return the units that a purchase comes to, clip(v (1 + a E + b r K), 0, wallet).

    Parameters
    ----------
    volume : float
        v, units that the customer has in mind when it chooses.
    by_experience : float
        a, relative increase per unit of experience.
    experience : float
        E of the firm, about -1 to 1.
    by_knowledge : float
        b, relative increase at full knowledge.
    knowledge : float
        r K, recognition times knowledge, share.
    wallet : float
        Most units; NaN without a limit.

    Returns
    -------
    float
        Units.
    """
    units = max(0.0, volume * (1.0 + by_experience * experience + by_knowledge * knowledge))
    return min(units, wallet) if wallet > 0.0 else units


# --- passes -----------------------------------------------------------------------


def respond(
    n, n_firms, segment, volume, units, recognition, uncertainty,
    segment_volume_response_knowledge, segment_wallet,
):  # fmt: skip
    """Set the units that a purchase from each firm comes to, where there is no experience."""
    for f in range(n_firms):
        for i in range(n):
            g = segment[i]
            known = recognition[f, i] * (1.0 - uncertainty[f, i])
            units[f, i] = units_sold(
                volume[i], 0.0, 0.0, segment_volume_response_knowledge[g], known, segment_wallet[g]
            )


def respond_to_experience(
    n, n_firms, segment, volume, units, recognition, uncertainty, experience,
    segment_volume_response_experience, segment_volume_response_knowledge, segment_wallet,
):  # fmt: skip
    """Set the units that a purchase from each firm comes to."""
    for f in range(n_firms):
        for i in range(n):
            g = segment[i]
            units[f, i] = units_sold(
                volume[i],
                segment_volume_response_experience[g],
                experience[f, i],
                segment_volume_response_knowledge[g],
                recognition[f, i] * (1.0 - uncertainty[f, i]),
                segment_wallet[g],
            )


def count_units(
    n, segment, supplier, shopper, buyer, seller, units, segment_wallet, sum_units,
    sum_wallet_share,
):  # fmt: skip
    """Add up units sold, and of customers with a wallet their units and their wallets."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        sum_units[tile(i), f] += units[f, i]
        if f == supplier[i] and segment_wallet[segment[i]] > 0.0:
            sum_wallet_share[tile(i), f, 0] += units[f, i]
    for k in range(listed(n, shopper)):
        i = shopper[k]
        s = supplier[i]
        if s >= 0 and segment_wallet[segment[i]] > 0.0:  # NaN without a wallet
            sum_wallet_share[tile(i), s, 1] += segment_wallet[segment[i]]


# --- measures ---------------------------------------------------------------------


def sales_volume(b: Ledger) -> np.ndarray:
    """Units sold in the period."""
    return b.total("units")


def share_of_wallet(b: Ledger) -> np.ndarray:
    """Units that the firm's customers bought from it in the period, relative to their wallets.

    The wallets are those of all its customers at the start of the period who were in the market,
    wherever they bought; segments without a wallet are left out.
    """
    bought, wallets = np.moveaxis(b.count("wallet_share"), -1, 0)
    return ratio(bought, wallets)


def volume_responds(scenario: Any) -> bool:
    """Return whether units of any segment respond to anything, now or by an event.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    bool
    """
    names = tuple(VolumeParameters.model_fields)
    return _changed(scenario, "segment", *names) or any(
        segment.volume_response_experience != 0.0
        or segment.volume_response_knowledge != 0.0
        or segment.wallet is not None
        for segment in scenario.segments.values()
    )


def _volume_fits(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """Refuse a wallet below the volume, and a response to experience that nobody can have."""
    for name, segment in scenario.segments.items():
        response = segment.volume_response_experience
        if response != 0.0 and scenario.journey is None:
            text = f"expected 0 without a journey, which makes experience, found {response:g}"
            yield ("segments", name, "volume_response_experience"), text
        if segment.wallet is not None and segment.wallet < segment.volume:
            text = f"expected at least the volume ({segment.volume:g}), found {segment.wallet:g}"
            yield ("segments", name, "wallet"), text


VOLUME_RESPONSE = Mechanism(
    "volume_response",
    doc="Units per purchase that depend on the relationship",
    segment=VolumeParameters,
    accumulators=(
        Accumulator("units", "Units sold"),
        Accumulator(
            "wallet_share", "Units bought by the firm's customers from it, and wallets", ("firm", 2)
        ),
    ),
    check=_volume_fits,
    passes=(
        Pass(respond, "ask", before=("loyalty.redeem",)),
        Pass(count_units, "pay", after=("choice.buy",)),
    ),
    measures=(
        Measure("sales_volume", "Sales volume", "units per period", sales_volume, summary="sum"),
        Measure(
            "share_of_wallet",
            "Share of wallet",
            "share",
            share_of_wallet,
            source="Cooil et al. 2007",
        ),
    ),
    active=volume_responds,
)


EXPERIENCED_VOLUME = Mechanism(
    "experienced_volume",
    doc="Units per purchase that depend on experience too",
    passes=(Pass(respond_to_experience, "ask", replaces="volume_response.respond"),),
    active=lambda scenario: volume_responds(scenario) and EXPERIENCE.active(scenario),
)
