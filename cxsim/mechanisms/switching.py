"""Switching costs: what stands between a customer and a rival, and what it is worth in money."""

from __future__ import annotations

from typing import Literal

from cxsim.mechanisms.base import Column, Mechanism, Pass, Total, chunk, listed
from cxsim.mechanisms.hassle import order_effort
from cxsim.mechanisms.offer import misfit_cost, misfit_of
from cxsim.parameters import Parameters, parameter


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
    n, n_firms, segment, supplier, uncertainty, customization, knowledge_shown, known, procedural,
    effort, value, barriers, market_switching_cost_form, segment_switching_cost,
    segment_teaching_effort,
):  # fmt: skip
    """Put the switching cost between the customer and its rivals (or a bonus on staying)."""
    bonus = market_switching_cost_form[0] > 0.5
    sign = 1.0 if bonus else -1.0
    for i in range(n):
        s = supplier[i]
        known[i] = 1.0 - uncertainty[s, i] if s >= 0 else 0.0
        procedural[i] = segment_switching_cost[segment[i]]
        effort[i] = segment_teaching_effort[segment[i]]
    for f in range(n_firms):
        for i in range(n):
            there = 0.0 if bonus else knowledge_shown[f, i]
            amount = barrier(procedural[i], effort[i], customization[f, i], known[i], there)
            applies = (supplier[i] >= 0) & ((f == supplier[i]) == bonus)
            barriers[f, i] = sign * amount if applies else 0.0
        for e in range(len(value)):
            for i in range(n):
                value[e, f, i] += barriers[f, i]


def experience(
    n, n_firms, shopper, segment, supplier, choice, barriers, enjoyed, market_switching_cost_form,
    segment_switching_cost,
):  # fmt: skip
    """Count the procedural cost as it was borne, not the anticipated effort."""
    bonus = market_switching_cost_form[0] > 0.5
    for k in range(listed(n, shopper)):
        i = shopper[k]
        f = choice[i]
        if f < 0 or f == n_firms:
            continue
        enjoyed[i] -= barriers[f, i]
        moved = supplier[i] >= 0 and supplier[i] != f
        if moved and not bonus:
            enjoyed[i] -= segment_switching_cost[segment[i]]
        if bonus and supplier[i] == f:
            enjoyed[i] += segment_switching_cost[segment[i]]


def twin(n, twin_knowledge):
    """A twin of the supplier knows nothing yet, before mechanisms."""
    for i in range(n):
        twin_knowledge[i] = 0.0


def count(
    n, segment, supplier, uncertainty, recognition, interaction, customization, twin_knowledge,
    need, misfit_now, segment_need_mean, segment_need_sd, segment_volume, segment_fit_weight,
    segment_hassle, segment_switching_cost, segment_teaching_effort, firm_position,
    firm_segment_insight, firm_price, firm_personal_premium,
    sum_switching_procedural, sum_switching_financial, sum_switching_relational,
    sum_switching_square, switching_procedural, switching_financial, switching_relational,
):  # fmt: skip
    """Measure what each customer would lose by moving to a twin of its supplier.

    Parts after Burnham, Frels & Mahajan (2003); they may be negative.
    """
    for i in range(n):
        s = supplier[i]
        switching_procedural[i] = 0.0
        switching_financial[i] = 0.0
        switching_relational[i] = 0.0
        if s < 0:
            continue
        g = segment[i]
        c = chunk(i)
        r = recognition[s, i]
        bend = customization[s, i]
        here = 1.0 - uncertainty[s, i]
        there = twin_knowledge[i]
        procedural = barrier(
            segment_switching_cost[g], segment_teaching_effort[g], bend, here, there
        )
        financial = -premium_saved(
            segment_volume[g], firm_price[s], firm_personal_premium[s], bend, r, here - there
        )
        misfit_there = misfit_of(
            i, g, s, r, bend, there, need, segment_need_mean, segment_need_sd, firm_position,
            firm_segment_insight,
        )  # fmt: skip
        fit_lost = misfit_cost(
            segment_volume[g], segment_fit_weight[g], misfit_there - misfit_now[i]
        )
        ease_lost = order_effort(segment_hassle[g], r, interaction[s, i], there) - order_effort(
            segment_hassle[g], r, interaction[s, i], here
        )
        relational = fit_lost + ease_lost
        total = procedural + financial + relational
        sum_switching_procedural[c, s] += procedural
        sum_switching_financial[c, s] += financial
        sum_switching_relational[c, s] += relational
        sum_switching_square[c, s] += total * total
        switching_procedural[i] = procedural
        switching_financial[i] = financial
        switching_relational[i] = relational


SWITCHING = Mechanism(
    "switching",
    doc="What stands between a customer and a rival",
    core=True,
    market=MarketParameters,
    segment=SegmentParameters,
    columns=(
        Column("known", (), "f8", kept=False, doc="What the supplier knows"),
        Column("procedural", (), "f8", kept=False, doc="Procedural cost of the customer's segment"),
        Column("effort", (), "f8", kept=False, doc="Teaching effort of the customer's segment"),
        Column(
            "barriers",
            ("firm",),
            "f8",
            kept=False,
            doc="What switching adds to an option, currency",
        ),
        Column(
            "twin_knowledge", (), "f8", kept=False, doc="What a twin of the supplier would know"
        ),
        Column(
            "switching_procedural", (), "f8", kept=False, doc="Procedural switching cost, currency"
        ),
        Column(
            "switching_financial", (), "f8", kept=False, doc="Financial switching cost, currency"
        ),
        Column(
            "switching_relational", (), "f8", kept=False, doc="Relational switching cost, currency"
        ),
    ),
    totals=(
        Total("switching_procedural", doc="Procedural switching costs, summed over customers"),
        Total("switching_financial", doc="Financial switching costs, summed over customers"),
        Total("switching_relational", doc="Relational switching costs, summed over customers"),
        Total("switching_square", doc="Squared switching costs, summed over customers"),
    ),
    passes=(
        Pass(switch, "add", term="switching cost"),
        Pass(experience, "pay"),
        Pass(twin, "account"),
        Pass(count, "account", after=("switching.twin", "offer.count")),
    ),
)
