"""Switching costs: what stands between a customer and a rival, and what it is worth in money."""

from __future__ import annotations

from typing import Literal

from cxsim.model.core.offer import expected, fit_gap_cost, fit_gaps
from cxsim.model.mechanism import Accumulator, Mechanism, Pass, listed, scratch, tile
from cxsim.parameters import Parameters, parameter

# -- Switching costs: what stands between a customer and a rival, and what it is worth in money


class MarketParameters(Parameters):
    """How switching costs enter the choice."""

    switching_cost_form: Literal["cost", "bonus"] = parameter(
        "cost",
        doc="cost: rivals are worth less by the cost of moving to them; bonus: the supplier "
        "is worth more by what moving away would forfeit",
        fixed=True,
    )


class SegmentParameters(Parameters):
    """What changing suppliers costs a segment."""

    switching_cost: float = parameter(
        0.0, doc="Procedural cost of changing the supplier", unit="currency", ge=0
    )
    teaching_effort: float = parameter(
        0.0,
        doc="What it costs the customer to specify itself completely to a new firm",
        unit="currency",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def barrier(
    switching_cost: float,
    teaching_effort: float,
    customization: float,
    knowledge: float,
    knowledge_there: float,
) -> float:
    """Return what moving costs: k + h C max(0, K - K'), currency.

    The procedural cost, and the effort of teaching the other firm what the supplier
    knows already, as far as the other could use it.
    """
    missing = knowledge - knowledge_there
    if missing < 0.0:
        missing = 0.0
    return switching_cost + teaching_effort * customization * missing


def premium_saved(
    volume: float,
    price: float,
    premium: float,
    customization: float,
    recognition: float,
    knowledge: float,
) -> float:
    """Return the personal premium of a purchase that a firm knowing less would not charge."""
    return volume * price * premium * customization * recognition * knowledge


# --- passes -----------------------------------------------------------------------


def switch(
    n, n_firms, segment, supplier, customization, knowledge_shown, supplier_knowledge, procedural,
    effort, value, barriers, market_switching_cost_form, segment_switching_cost,
    segment_teaching_effort,
):  # fmt: skip
    """Put the switching cost between the customer and its rivals (or a bonus on staying)."""
    bonus = market_switching_cost_form[0] > 0.5
    sign = 1.0 if bonus else -1.0
    for i in range(n):
        procedural[i] = segment_switching_cost[segment[i]]
        effort[i] = segment_teaching_effort[segment[i]]
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
    """Count the procedural cost as it was borne, not the anticipated effort."""
    bonus = market_switching_cost_form[0] > 0.5
    sign = 1.0 if bonus else -1.0
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        borne = (supplier[i] >= 0) & ((supplier[i] == f) == bonus)
        experienced_utility[i] += (sign * procedural[i] if borne else 0.0) - barriers[f, i]


def identical_rival(n, rival_knowledge, forfeited):
    """An identical rival knows nothing yet, and moving forfeits nothing, before mechanisms."""
    for i in range(n):
        rival_knowledge[i] = 0.0
        forfeited[i] = 0.0


def count(
    n, supplier, supplier_or_zero, recognized, customized, supplier_knowledge, interaction,
    rival_knowledge, forfeited, need, standard_offer, prior_need, spread, volume, fit_weight,
    procedural, effort, hassle, gap_recognized, gap_unrecognized, fit_gap_next_offer,
    firm_price, firm_personal_premium,
    switching_procedural, switching_financial, switching_relational,
):  # fmt: skip
    """Measure what each customer would lose by moving to a rival identical to its supplier.

    Parts after Burnham, Frels & Mahajan (2003); they may be negative, and mechanisms may add
    to them. Follows ``offer.count``, which has noted what the supplier offers the customer now.
    """
    fit_gaps(
        n, need, spread, standard_offer, prior_need, customized, rival_knowledge,
        gap_recognized, gap_unrecognized,
    )  # fmt: skip
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
        fit_lost = fit_gap_cost(
            volume[i],
            fit_weight[i],
            expected(r, gap_recognized[i], gap_unrecognized[i]) - fit_gap_next_offer[i],
        )
        ease_lost = ordering_effort(hassle[i], r, interaction[f, i], there) - ordering_effort(
            hassle[i], r, interaction[f, i], here
        )
        switching_relational[i] = has * (fit_lost + ease_lost)


def add_up(
    n, supplier, switching_procedural, switching_financial, switching_relational,
    sum_switching_procedural, sum_switching_financial, sum_switching_relational,
    sum_switching_square,
):  # fmt: skip
    """Add up the parts, once mechanisms have had their say."""
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
    doc="What stands between a customer and a rival",
    core=True,
    market=MarketParameters,
    segment=SegmentParameters,
    columns=(
        scratch("procedural", "Procedural cost of the customer's segment"),
        scratch("effort", "Teaching effort of the customer's segment"),
        scratch("barriers", "What switching adds to an option, currency", ("firm",)),
        scratch("rival_knowledge", "What an identical rival would know"),
        scratch("forfeited", "Balance or fee that moving costs, currency"),
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
        Pass(count, "account", after=("switching.identical_rival", "offer.count")),
        Pass(add_up, "account", after=("switching.count",)),
    ),
)


# -- Hassle: the effort of ordering, which a firm that recognizes and remembers takes away -----


class OrderingParameters(Parameters):
    """What ordering costs the customer."""

    hassle: float = parameter(
        0.0,
        doc="Effort of ordering, which a firm that recognizes and remembers takes away",
        unit="currency per purchase",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def ordering_effort(
    hassle: float, recognition: float, interaction: float, knowledge: float
) -> float:
    """Return the effort of one order, u (1 - r A K), currency."""
    return hassle * (1.0 - recognition * interaction * knowledge)


# --- passes -----------------------------------------------------------------------


def order(
    n, n_firms, segment, recognition, interaction, knowledge_shown, hassle, value, segment_hassle,
):  # fmt: skip
    """Take the effort of ordering off the option's worth."""
    for i in range(n):
        hassle[i] = segment_hassle[segment[i]]
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] -= ordering_effort(
                    hassle[i], recognition[f, i], interaction[f, i], knowledge_shown[f, i]
                )


def count_ordering(
    n, buyer, seller, hassle, recognition, interaction, knowledge_shown, sum_hassle,
):  # fmt: skip
    """Add up the effort of the orders placed."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        sum_hassle[tile(i), f] += ordering_effort(
            hassle[i], recognition[f, i], interaction[f, i], knowledge_shown[f, i]
        )


ORDERING = Mechanism(
    "ordering",
    doc="Effort of ordering",
    core=True,
    segment=OrderingParameters,
    columns=(scratch("hassle", "Effort of ordering from a firm that knows nothing, currency"),),
    accumulators=(Accumulator("hassle", "Effort of the orders placed, currency"),),
    passes=(Pass(order, "add", term="hassle"), Pass(count_ordering, "pay")),
)
