"""Switching costs in money, by part (procedural, financial, relational), and ordering effort."""

from __future__ import annotations

from typing import Literal

from cxsim.model.core.offer import expected, fit_gap_cost, fit_gaps, squared_gap
from cxsim.model.mechanism import Accumulator, Mechanism, Pass, listed, scratch, tile
from cxsim.parameters import Parameters, parameter

# -- Switching costs: procedural, financial and relational --------------------------------------


class MarketParameters(Parameters):
    """Form in which switching costs enter utility."""

    switching_cost_form: Literal["cost", "bonus"] = parameter(
        "cost",
        doc="cost: rivals lose the switching cost in value; bonus: the supplier gains in value "
        "what switching would forfeit",
        fixed=True,
    )


class SegmentParameters(Parameters):
    """Procedural switching cost and onboarding effort of a segment."""

    switching_cost: float = parameter(
        0.0, "Procedural switching cost of changing the supplier", "currency", ge=0
    )
    onboarding_effort: float = parameter(
        0.0,
        doc="Onboarding effort: effort of explaining all one's needs to a new firm",
        unit="currency",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def barrier(
    switching_cost: float,
    onboarding_effort: float,
    customization: float,
    knowledge: float,
    knowledge_there: float,
) -> float:
    """Return the procedural switching cost, k + h C max(0, K - K'), currency.

    It is the cost of the change itself, plus the onboarding effort of explaining to the other
    firm what the supplier knows already, as far as the other firm can use it.

    Parameters
    ----------
    switching_cost : float
        k, cost of the change itself, currency.
    onboarding_effort : float
        h, effort of explaining all needs, currency.
    customization : float
        C of the supplier, share.
    knowledge : float
        K, that the supplier has, share.
    knowledge_there : float
        K', that the other firm has or can take over, share.

    Returns
    -------
    float
        Currency; never below k.
    """
    missing = knowledge - knowledge_there
    if missing < 0.0:
        missing = 0.0
    return switching_cost + onboarding_effort * customization * missing


def premium_saved(
    volume: float,
    price: float,
    premium: float,
    customization: float,
    recognition: float,
    knowledge: float,
) -> float:
    """Return the premium of a purchase that a firm knowing less does not charge, v p m C r K.

    A financial switching cost with the sign turned (Burnham, Frels & Mahajan 2003).

    Parameters
    ----------
    volume : float
        v, units per purchase.
    price : float
        p, list price, currency per unit.
    premium : float
        m, personal premium, share of the price.
    customization : float
        C, share.
    recognition : float
        r, chance to be recognized.
    knowledge : float
        K, knowledge of the supplier beyond that of the other firm, share.

    Returns
    -------
    float
        Currency per purchase.
    """
    return volume * price * premium * customization * recognition * knowledge


# --- passes -----------------------------------------------------------------------


def switch(
    n, n_firms, segment, supplier, customization, knowledge_shown, supplier_knowledge, procedural,
    effort, value, barriers, market_switching_cost_form, segment_switching_cost,
    segment_onboarding_effort,
):  # fmt: skip
    """Subtract the switching cost from the value of rivals, or add a bonus to the supplier's."""
    bonus = market_switching_cost_form[0] > 0.5
    sign = 1.0 if bonus else -1.0
    for i in range(n):
        procedural[i] = segment_switching_cost[segment[i]]
        effort[i] = segment_onboarding_effort[segment[i]]
    for f in range(n_firms):
        for i in range(n):
            there = 0.0 if bonus else knowledge_shown[f, i]
            amount = barrier(
                procedural[i], effort[i], customization[f, i], supplier_knowledge[i], there
            )
            applies = (supplier[i] >= 0) & ((f == supplier[i]) == bonus)
            barriers[f, i] = sign * amount if applies else 0.0
        for e in range(len(value)):
            for i in range(n):
                value[e, f, i] += barriers[f, i]


def experience(
    n, buyer, seller, supplier, barriers, procedural, experienced_utility,
    market_switching_cost_form,
):  # fmt: skip
    """Count the procedural cost as incurred, not the anticipated onboarding effort."""
    bonus = market_switching_cost_form[0] > 0.5
    sign = 1.0 if bonus else -1.0
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        borne = (supplier[i] >= 0) & ((supplier[i] == f) == bonus)
        experienced_utility[i] += (sign * procedural[i] if borne else 0.0) - barriers[f, i]


def identical_rival(n, rival_knowledge, forfeited):
    """Reset the knowledge of an identical rival and what moving forfeits, before mechanisms."""
    for i in range(n):
        rival_knowledge[i] = 0.0
        forfeited[i] = 0.0


def note_fit_gaps(
    n, need, recognized, customized, supplier_knowledge, rival_knowledge, spread, standard_offer,
    prior_need, gap_recognized, gap_unrecognized, fit_gap_next_offer, fit_gap_rival,
    fit_gap_standard,
):  # fmt: skip
    """Compute the fit gap of the supplier's next offer, and of an identical rival's."""
    fit_gaps(
        n, need, spread, standard_offer, prior_need, customized, supplier_knowledge,
        gap_recognized, gap_unrecognized,
    )  # fmt: skip
    for i in range(n):
        fit_gap_next_offer[i] = expected(recognized[i], gap_recognized[i], gap_unrecognized[i])
        fit_gap_standard[i] = 0.0
    for d in range(len(need)):
        for i in range(n):
            fit_gap_standard[i] += squared_gap(need[d, i], standard_offer[d, i])
    fit_gaps(
        n, need, spread, standard_offer, prior_need, customized, rival_knowledge,
        gap_recognized, gap_unrecognized,
    )  # fmt: skip
    for i in range(n):
        fit_gap_rival[i] = expected(recognized[i], gap_recognized[i], gap_unrecognized[i])


def count(
    n, supplier, supplier_or_zero, recognized, customized, supplier_knowledge, interaction,
    rival_knowledge, forfeited, volume, fit_weight, fit_gap_next_offer, fit_gap_rival, procedural,
    effort, full_ordering_effort, firm_price, firm_personal_premium, switching_procedural,
    switching_financial, switching_relational,
):  # fmt: skip
    """Compute what each customer would lose by moving to a rival identical to its supplier.

    Parts after Burnham, Frels & Mahajan (2003); they may be negative, and mechanisms may add
    to them.
    """
    for i in range(n):
        f = supplier_or_zero[i]
        r = recognized[i]
        here = supplier_knowledge[i]
        there = rival_knowledge[i]
        has = 1.0 if supplier[i] >= 0 else 0.0
        switching_procedural[i] = has * barrier(
            procedural[i], effort[i], customized[i], here, there
        )
        switching_financial[i] = has * forfeited[i] - has * premium_saved(
            volume[i], firm_price[f], firm_personal_premium[f], customized[i], r, here - there
        )
        fit_lost = fit_gap_cost(volume[i], fit_weight[i], fit_gap_rival[i] - fit_gap_next_offer[i])
        ease_lost = ordering_effort(
            full_ordering_effort[i], r, interaction[f, i], there
        ) - ordering_effort(full_ordering_effort[i], r, interaction[f, i], here)
        switching_relational[i] = has * (fit_lost + ease_lost)


def add_up(
    n, supplier, switching_procedural, switching_financial, switching_relational,
    sum_switching_procedural, sum_switching_financial, sum_switching_relational,
    sum_switching_square,
):  # fmt: skip
    """Add up the parts, after mechanisms have contributed to them."""
    for i in range(n):
        s = supplier[i]
        if s < 0:
            continue
        c = tile(i)
        total = switching_procedural[i] + switching_financial[i] + switching_relational[i]
        sum_switching_procedural[c, s] += switching_procedural[i]
        sum_switching_financial[c, s] += switching_financial[i]
        sum_switching_relational[c, s] += switching_relational[i]
        sum_switching_square[c, s] += total * total


SWITCHING = Mechanism(
    "switching",
    doc="Switching costs and their parts",
    core=True,
    market=MarketParameters,
    segment=SegmentParameters,
    columns=(
        scratch("procedural", "Procedural switching cost of the segment, currency"),
        scratch("effort", "Onboarding effort of the segment, currency"),
        scratch(
            "barriers", "Switching cost or bonus in the value of an option, currency", ("firm",)
        ),
        scratch("rival_knowledge", "Knowledge that an identical rival would have"),
        scratch("fit_gap_rival", "Fit gap of the next offer of an identical rival"),
        scratch("forfeited", "Points or exit fee that moving costs, currency"),
        scratch("switching_procedural", "Procedural switching cost, currency"),
        scratch("switching_financial", "Financial switching cost, currency"),
        scratch("switching_relational", "Relational switching cost, currency"),
    ),
    accumulators=(
        Accumulator("switching_procedural", "Procedural switching costs, summed over customers"),
        Accumulator("switching_financial", "Financial switching costs, summed over customers"),
        Accumulator("switching_relational", "Relational switching costs, summed over customers"),
        Accumulator("switching_square", "Squared switching costs, summed over customers"),
    ),
    passes=(
        Pass(switch, "add", term="switching cost"),
        Pass(experience, "pay"),
        Pass(identical_rival, "account"),
        Pass(
            note_fit_gaps,
            "account",
            after=(
                "offer.note_supplier",
                "switching.identical_rival",
                "portability.portable_to_rival",
            ),
        ),
        Pass(count, "account", after=("switching.note_fit_gaps",)),
        Pass(add_up, "account", after=("switching.count",)),
    ),
)


# -- Ordering effort, which a firm that recognizes and knows the customer removes ---------------


class OrderingParameters(Parameters):
    """Ordering effort of a segment."""

    ordering_effort: float = parameter(
        0.0,
        doc="Ordering effort, which a firm that recognizes and knows the customer removes",
        unit="currency per purchase",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def ordering_effort(
    full_ordering_effort: float, recognition: float, interaction: float, knowledge: float
) -> float:
    """Return the ordering effort of one purchase, u (1 - r A K), currency.

    Parameters
    ----------
    full_ordering_effort : float
        u, effort of ordering from a firm that knows nothing, currency per purchase.
    recognition : float
        r, chance to be recognized.
    interaction : float
        A, share.
    knowledge : float
        K, share.

    Returns
    -------
    float
        Currency per purchase.
    """
    return full_ordering_effort * (1.0 - recognition * interaction * knowledge)


# --- passes -----------------------------------------------------------------------


def order(
    n, n_firms, segment, recognition, interaction, knowledge_shown, full_ordering_effort, value,
    segment_ordering_effort,
):  # fmt: skip
    """Subtract the ordering effort from the value of an option."""
    for i in range(n):
        full_ordering_effort[i] = segment_ordering_effort[segment[i]]
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] -= ordering_effort(
                    full_ordering_effort[i],
                    recognition[f, i],
                    interaction[f, i],
                    knowledge_shown[f, i],
                )


def count_ordering(
    n, buyer, seller, full_ordering_effort, recognition, interaction, knowledge_shown,
    sum_ordering_effort,
):  # fmt: skip
    """Add up the ordering effort of purchases."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        sum_ordering_effort[tile(i), f] += ordering_effort(
            full_ordering_effort[i], recognition[f, i], interaction[f, i], knowledge_shown[f, i]
        )


ORDERING = Mechanism(
    "ordering",
    doc="Ordering effort",
    core=True,
    segment=OrderingParameters,
    columns=(
        scratch(
            "full_ordering_effort", "Effort of ordering from a firm that knows nothing, currency"
        ),
    ),
    accumulators=(Accumulator("ordering_effort", "Ordering effort of purchases, currency"),),
    passes=(Pass(order, "add", term="ordering effort"), Pass(count_ordering, "pay")),
)
