"""Expected demand: what a period would bring at some price, without anybody drawing anything.

The passes that prepare a choice and add up what options are worth run as they do in a
period; in place of a draw, everybody counts by the chance to be in the market and the
logit chance of each option. No part of a period: :mod:`cxsim.runs.firm_decisions` runs them for
policies that know demand.
"""

from __future__ import annotations

from cxsim.model.core.choice import weigh
from cxsim.model.core.money import asked, service_cost, unit_cost
from cxsim.model.mechanism import Column, Mechanism, Pass, Total, chunk

__all__ = ["DEMAND"]


# --- rules ------------------------------------------------------------------------


def chance_slope(price_sensitivity: float, amount: float, chance: float) -> float:
    """Return the change of a logit chance with the price, -a v m P (1 - P).

    ``amount`` is v m: what the purchase costs more where the price is one more.
    """
    return -price_sensitivity * amount * chance * (1.0 - chance)


def expected_slope(chance: float, slope: float, amount: float, margin: float) -> float:
    """Return the change with the price of chance times margin."""
    return chance * amount + slope * margin


# --- passes -----------------------------------------------------------------------


def everybody(
    n, n_firms, segment, in_market, shopper, open_option, value, market_outside_option,
    segment_outside_value, firm_active,
):  # fmt: skip
    """Reckon with everybody as if in the market; options are open and worth nothing yet."""
    for i in range(n):
        in_market[i] = 1
        shopper[i] = i
    for f in range(n_firms):
        for i in range(n):
            open_option[f, i] = 1 if firm_active[f] > 0.5 else 0
            for e in range(len(value)):
                value[e, f, i] = 0.0
    for i in range(n):
        open_option[n_firms, i] = 1 if market_outside_option[0] > 0.5 else 0
        for e in range(len(value)):
            value[e, n_firms, i] = segment_outside_value[segment[i]]


def expect(
    n, n_firms, in_market, open_option, chance_to_shop, price_sensitivity, value, volume,
    recognition, interaction, customization, uncertainty, price_asked, weighed, discount,
    firm_unit_cost, firm_customization_cost, firm_interaction_cost, firm_cost_to_serve,
    firm_service_saving, firm_personal_premium,
    sum_expected_purchases, sum_expected_margin, sum_expected_response, sum_expected_gain,
):  # fmt: skip
    """Add up what each firm can expect, and how that changes with its own price."""
    for i in range(n):
        if in_market[i] == 0:
            continue
        weight = weigh(i, n_firms + 1, open_option, price_sensitivity, value, weighed)
        if weight == 0.0:
            continue
        c = chunk(i)
        rate = chance_to_shop[i]
        for f in range(n_firms):
            p = weighed[f, i] / weight
            known = 1.0 - uncertainty[f, i]
            amount = volume[i] * asked(
                1.0, firm_personal_premium[f], customization[f, i], recognition[f, i], known,
                discount[f],
            )  # fmt: skip
            margin = (
                volume[i] * price_asked[f, i]
                - volume[i]
                * unit_cost(firm_unit_cost[f], firm_customization_cost[f], customization[f, i])
                - firm_interaction_cost[f] * interaction[f, i]
                - service_cost(
                    firm_cost_to_serve[f], firm_service_saving[f], recognition[f, i], known
                )
            )
            slope = chance_slope(price_sensitivity[i], amount, p)
            sum_expected_purchases[c, f] += rate * p
            sum_expected_margin[c, f] += rate * p * margin
            sum_expected_response[c, f] += rate * slope
            sum_expected_gain[c, f] += rate * expected_slope(p, slope, amount, margin)


DEMAND = Mechanism(
    "demand",
    doc="Expected demand, for benchmarks that know it",
    columns=(
        Column("weighed", ("option",), "f8", kept=False, doc="Weight of an option in the choice"),
    ),
    totals=(
        Total("expected_purchases", doc="Expected purchases"),
        Total("expected_margin", doc="Expected contribution, currency"),
        Total("expected_response", doc="Change of expected purchases with the own price"),
        Total("expected_gain", doc="Change of expected contribution with the own price"),
    ),
    passes=(
        Pass(everybody, "prepare", replaces="choice.enter"),
        Pass(expect, "expect"),
    ),
)
