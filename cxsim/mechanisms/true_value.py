"""True value: what a customer is worth to each firm, as nobody in the market can know it.

An oracle that ranks customers by it is what targeting rules are measured against. It leaves
out what firms do to customers one by one, so that being chosen does not raise it.
"""

from __future__ import annotations

from cxsim.elementary import exp
from cxsim.mechanisms.base import Column, Mechanism, Pass
from cxsim.mechanisms.offer import miss, prior, square
from cxsim.mechanisms.records import kept

# --- rules ------------------------------------------------------------------------


def plain_worth(
    volume: float, quality: float, taste: float, price: float, fit_weight: float, misfit: float
) -> float:
    """Return what a firm's offer is worth to a customer whom it does not know, currency."""
    return volume * (quality + taste - price - fit_weight * misfit)


def plain_margin(volume: float, price: float, unit_cost: float, cost_to_serve: float) -> float:
    """Return the contribution of a purchase at the price for everybody, currency."""
    return volume * (price - unit_cost) - cost_to_serve


def remaining(turnover: float, discount_rate: float) -> float:
    """Return the discounted periods, from this one, that a customer stays in the market."""
    return 1.0 / (1.0 - (1.0 - turnover) / (1.0 + discount_rate) + 1e-9)


# --- passes -----------------------------------------------------------------------


def reckon(
    n, n_firms, segment, need, price_sensitivity, brand_taste, purchase_rate, turnover,
    plain_option, plain_top, plain_weight, true_value, market_outside_option, market_discount_rate,
    segment_volume, segment_fit_weight, segment_need_mean, segment_outside_value, firm_active,
    firm_quality, firm_price, firm_position, firm_customization, firm_segment_insight,
    firm_unit_cost, firm_customization_cost, firm_interaction_cost, firm_interaction,
    firm_cost_to_serve,
):  # fmt: skip
    """Chance that the customer, known to no firm, takes it, times what that would bring.

    Firm by firm, so that the loops over customers are plain arithmetic.
    """
    outside = market_outside_option[0] > 0.5
    for i in range(n):
        worth = price_sensitivity[i] * segment_outside_value[segment[i]]
        plain_top[i] = worth if outside else -1e300
    for f in range(n_firms):
        active = firm_active[f] > 0.5
        for i in range(n):
            plain_option[f, i] = 0.0
        for d in range(len(need)):
            p = firm_position[f, d]
            for i in range(n):
                x = need[d, i]
                q = prior(p, firm_segment_insight[f], segment_need_mean[segment[i], d])
                missed = square(miss(x, x, p, q, firm_customization[f], 0.0), 0.0)
                plain_option[f, i] += missed
        for i in range(n):
            g = segment[i]
            worth = plain_worth(
                segment_volume[g], firm_quality[f], brand_taste[f, i], firm_price[f],
                segment_fit_weight[g], plain_option[f, i],
            )  # fmt: skip
            plain_option[f, i] = price_sensitivity[i] * worth
            plain_top[i] = max(plain_top[i], plain_option[f, i]) if active else plain_top[i]
    for i in range(n):
        worth = price_sensitivity[i] * segment_outside_value[segment[i]]
        plain_weight[i] = exp(worth - plain_top[i]) if outside else 0.0
    for f in range(n_firms):
        active = firm_active[f] > 0.5
        for i in range(n):
            plain_option[f, i] = exp(plain_option[f, i] - plain_top[i]) if active else 0.0
            plain_weight[i] += plain_option[f, i]
    for i in range(n):
        plain_top[i] = remaining(turnover[i], market_discount_rate[0])  # no more need of the other
    for f in range(n_firms):
        unit = firm_unit_cost[f] + firm_customization_cost[f] * firm_customization[f]
        service = firm_cost_to_serve[f] + firm_interaction_cost[f] * firm_interaction[f]
        for i in range(n):
            weight = plain_weight[i]
            chance = plain_option[f, i] / weight if weight > 0.0 else 0.0
            margin = plain_margin(segment_volume[segment[i]], firm_price[f], unit, service)
            true_value[f, i] = purchase_rate[i] * chance * margin * plain_top[i]


TRUE_VALUE = Mechanism(
    "true_value",
    doc="What customers are truly worth to each firm",
    columns=(
        Column("plain_option", ("firm",), "f8", kept=False, doc="Weight of a firm in the choice"),
        Column(
            "plain_top",
            (),
            "f8",
            kept=False,
            doc="Highest utility of an option; then periods to stay",
        ),
        Column("plain_weight", (), "f8", kept=False, doc="Weight of all options in the choice"),
        Column(
            "true_value",
            ("firm",),
            doc="Expected discounted contribution of a customer known to nobody, currency",
        ),
    ),
    passes=(Pass(reckon, "contact"),),
    active=kept,
)
