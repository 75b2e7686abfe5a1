"""The choice: a customer takes the best of the active firms and the outside option.

The passes that prepare a choice and add up what options are worth run as they do in a
period; in place of a draw, everybody counts by the chance to be in the market and the
logit chance of each option. No part of a period: :mod:`cxsim.runs.firm_decisions` runs them for
policies that know demand.
"""

from __future__ import annotations

from math import inf

from cxsim.model.core.money import asked, service_cost, unit_cost
from cxsim.model.mechanism import (
    NOWHERE,
    Accumulator,
    Column,
    Draw,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.numerics.draws import uniform
from cxsim.numerics.elementary import exp, gumbel
from cxsim.parameters import Ask, Parameters, parameter

__all__ = ["CHOICE", "DEMAND", "DEMAND_RULES"]


# -- The choice: a customer takes the best of the active firms and the outside option ----------


class MarketParameters(Parameters):
    """What customers may choose beside the firms."""

    outside_option: bool = parameter(
        False, doc="Whether customers in the market may buy from nobody", fixed=True, ask=Ask()
    )


class SegmentParameters(Parameters):
    """What buying from nobody is worth."""

    outside_value: float = parameter(0.0, doc="Worth of the outside option", unit="currency")


class FirmParameters(Parameters):
    """Whether a firm is in the market."""

    active: bool = parameter(True, doc="Whether the firm is in the market (entry and exit)")


# --- rules ------------------------------------------------------------------------


def utility(price_sensitivity: float, value: float, shock: float) -> float:
    """Return the utility of an option, a (worth in money) + e."""
    return price_sensitivity * value + shock


def consumer_surplus(
    value: float, shock: float, price_sensitivity: float, outside_value: float
) -> float:
    """Return what was taken, in money, relative to the outside value; 0 where a is 0."""
    if price_sensitivity > 0.0:
        return value + shock / price_sensitivity - outside_value
    return 0.0


def weigh(i, options, open_option, price_sensitivity, value, weights):
    """Write the logit weights of a customer's open options, and return their sum.

    Relative to the best option's, so that none overflows; 0 where no option is open.
    """
    a = price_sensitivity[i]
    top = -1e300
    for o in range(options):
        if open_option[o, i] and a * value[0, o, i] > top:
            top = a * value[0, o, i]
    whole = 0.0
    for o in range(options):
        weights[o, i] = 0.0
        if open_option[o, i]:
            weights[o, i] = exp(a * value[0, o, i] - top)
            whole += weights[o, i]
    return whole


# --- passes -----------------------------------------------------------------------


def attend(n, purchase_rate, chance_to_shop):
    """How likely each customer is to be in the market, before mechanisms."""
    for i in range(n):
        chance_to_shop[i] = purchase_rate[i]


def enter(
    n, first, n_firms, chance_to_shop, segment, in_market, shopper, open_option, value, key_enter,
    market_outside_option, segment_outside_value, firm_active,
):  # fmt: skip
    """Some customers are in the market this period; options are open and worth nothing yet."""
    key = key_enter[0]
    for i in range(n):
        in_market[i] = 1 if uniform(key, first + i) < chance_to_shop[i] else 0
    shoppers = 0
    for i in range(n):
        shopper[shoppers] = i  # written over by the next unless this one is in the market
        shoppers += in_market[i]
    for k in range(shoppers, n):
        shopper[k] = NOWHERE
    for f in range(n_firms + 1):
        is_open = firm_active[f] > 0.5 if f < n_firms else market_outside_option[0] > 0.5
        for i in range(n):
            open_option[f, i] = 1 if is_open else 0
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] = 0.0
        for i in range(n):
            value[e, n_firms, i] = segment_outside_value[segment[i]]


def decide(
    n, first, shopper, open_option, price_sensitivity, value, best_option, sensitivity, draw, best,
    taken, best_shock, shock, key_choice,
):  # fmt: skip
    """Each member takes the option of highest utility; ties go to the first in name order.

    Innermost loops run over those in the market, without a branch, several at a time.
    """
    shoppers = listed(n, shopper)
    for k in range(shoppers):
        sensitivity[k] = price_sensitivity[shopper[k]]
    for e in range(len(value)):
        for k in range(shoppers):
            best[k] = -inf
            taken[k] = -1
            best_shock[k] = 0.0
        for o in range(len(open_option)):
            key = key_choice[e, o]
            for k in range(shoppers):
                draw[k] = uniform(key, first + shopper[k])
            for k in range(shoppers):
                draw[k] = gumbel(draw[k])
            for k in range(shoppers):
                i = shopper[k]
                drawn = draw[k]
                most = best[k]
                u = utility(sensitivity[k], value[e, o, i], drawn)
                better = (u > most) & (open_option[o, i] > 0)
                best[k] = u if better else most
                taken[k] = o if better else taken[k]
                best_shock[k] = drawn if better else best_shock[k]
        for i in range(n):
            best_option[e, i] = -1
            shock[e, i] = 0.0
        for k in range(shoppers):
            best_option[e, shopper[k]] = taken[k]
            shock[e, shopper[k]] = best_shock[k]


def elect(n, best_option, choice):
    """The account takes what its only member prefers."""
    for i in range(n):
        choice[i] = best_option[0, i]


def buy(n, n_firms, shopper, choice, buyer, seller):
    """List who buys from a firm, and from which."""
    buyers = 0
    for k in range(listed(n, shopper)):
        i = shopper[k]
        f = choice[i]
        buyer[buyers] = i  # written over by the next unless this one buys
        seller[buyers] = max(0, f)
        buyers += 1 if 0 <= f < n_firms else 0
    for k in range(buyers, n):
        buyer[k] = NOWHERE


def note_experienced_utility(
    n, shopper, choice, segment, price_sensitivity, value, shock, experienced_utility,
    segment_outside_value,
):  # fmt: skip
    """Note what the choice was worth to the first member."""
    for i in range(n):
        experienced_utility[i] = 0.0
    for k in range(listed(n, shopper)):
        i = shopper[k]
        if choice[i] >= 0:
            experienced_utility[i] = consumer_surplus(
                value[0, choice[i], i],
                shock[0, i],
                price_sensitivity[i],
                segment_outside_value[segment[i]],
            )


def count(n, shopper, supplier, choice, sum_purchases, sum_customers_before):
    """Count who came from where and took what."""
    for i in range(n):
        sum_customers_before[tile(i), supplier[i] + 1] += 1.0
    for k in range(listed(n, shopper)):
        i = shopper[k]
        if choice[i] >= 0:
            sum_purchases[tile(i), supplier[i] + 1, choice[i]] += 1.0


def join(n, clock, buyer, seller, supplier, tenure, last_bought):
    """A buyer becomes the firm's customer; the outside option ends nothing."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        tenure[i] = tenure[i] + 1 if f == supplier[i] else 1
        supplier[i] = f
        last_bought[i] = clock[0]


def add_consumer_surplus(n, experienced_utility, sum_surplus):
    """Add up what customers got out of the market."""
    for i in range(n):
        sum_surplus[tile(i), 0] += experienced_utility[i]


CHOICE = Mechanism(
    "choice",
    doc="Discrete choice among firms and the outside option",
    core=True,
    market=MarketParameters,
    segment=SegmentParameters,
    firm=FirmParameters,
    columns=(
        scratch("chance_to_shop", "Chance to be in the market this period"),
        scratch("in_market", "1 for a customer who buys this period", dtype="i1"),
        scratch(
            "shopper",
            "Places in the block of those in the market, in order, then NOWHERE: a list is "
            "walked faster than a branch is guessed",
            dtype="u4",
        ),
        scratch("open_option", "1 for an option that can be taken", ("option",), "i4"),
        scratch("value", "Worth of an option before chance, currency", ("member", "option")),
        scratch("best_option", "Option of highest utility", ("member",), "i2"),
        scratch("best", "Highest utility so far, by place in the list"),
        scratch("taken", "Option that has it, by place in the list", dtype="i4"),
        scratch("sensitivity", "Price sensitivity, by place in the list"),
        scratch("draw", "An option's shock, by place in the list"),
        scratch("best_shock", "The best option's shock, by place in the list"),
        scratch("shock", "Chance's part of the favourite's utility", ("member",)),
        scratch("choice", "Option taken; -1 for none", dtype="i2"),
        scratch(
            "buyer",
            "Places in the block of those who buy from a firm, in order, then NOWHERE",
            dtype="u4",
        ),
        scratch("seller", "The firm, by place in the list of buyers", dtype="u4"),
        scratch("experienced_utility", "Experienced worth of the choice, currency"),
        Column("last_bought", dtype="i4", doc="Period of the last purchase from any firm"),
    ),
    draws=(Draw("enter"), Draw("choice", ("member", "option"))),
    accumulators=(
        Accumulator(
            "purchases",
            "Purchases, by supplier before and option taken",
            ("previous_supplier", "option"),
        ),
        Accumulator(
            "customers_before", "Customers, by supplier before the choice", ("previous_supplier",)
        ),
        Accumulator("surplus", "Experienced worth of choices, currency", (1,)),
    ),
    passes=(
        Pass(attend, "prepare"),
        Pass(enter, "prepare", after=("choice.attend",)),
        Pass(decide, "decide"),
        Pass(elect, "decide", after=("choice.decide",)),
        Pass(buy, "pay"),
        Pass(note_experienced_utility, "pay"),
        Pass(count, "pay"),
        Pass(join, "join"),
        Pass(add_consumer_surplus, "account"),
    ),
)


# -- Expected demand: what a period would bring at some price, without anybody drawing anything


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


def include_all_customers(
    n, n_firms, segment, in_market, shopper, open_option, value, market_outside_option,
    segment_outside_value, firm_active,
):  # fmt: skip
    """Take everybody as if in the market; options are open and worth nothing yet."""
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
        c = tile(i)
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


#: Rules that expected demand alone follows, by name.
DEMAND_RULES = frozenset({"choice.chance_slope", "choice.expected_slope"})

DEMAND = Mechanism(
    "demand",
    doc="Expected demand, for benchmarks that know it",
    columns=(scratch("weighed", "Weight of an option in the choice", ("option",)),),
    accumulators=(
        Accumulator("expected_purchases", "Expected purchases"),
        Accumulator("expected_margin", "Expected contribution, currency"),
        Accumulator("expected_response", "Change of expected purchases with the own price"),
        Accumulator("expected_gain", "Change of expected contribution with the own price"),
    ),
    passes=(
        Pass(include_all_customers, "prepare", replaces="choice.enter"),
        Pass(expect, "expect"),
    ),
)
