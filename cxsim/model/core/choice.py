"""Discrete choice among the active firms and the no-purchase option, and expected demand.

For expected demand the passes that prepare a choice and add up utility run as they do in a
period; instead of a draw, every customer counts with the probability of being in the market and
the logit probability of each option. They are not part of a period:
:mod:`cxsim.runs.firm_decisions` runs them for policies that know demand.
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

# -- Discrete choice among the active firms and the no-purchase option --------------------------


class MarketParameters(Parameters):
    """The no-purchase option of the market."""

    no_purchase_option: bool = parameter(
        False, "Whether customers in the market have the no-purchase option", fixed=True, ask=Ask()
    )


class SegmentParameters(Parameters):
    """Value of the no-purchase option to a segment."""

    no_purchase_value: float = parameter(
        0.0, doc="Value of the no-purchase option", unit="currency"
    )


class FirmParameters(Parameters):
    """Entry and exit of a firm."""

    active: bool = parameter(True, doc="Whether the firm is in the market (entry and exit)")


# --- rules ------------------------------------------------------------------------


def utility(price_sensitivity: float, value: float, shock: float) -> float:
    """Return the utility of an option, a (value in money) + e.

    A random utility with Gumbel shocks, so that choices are multinomial logit (McFadden 1974), with
    values in willingness to pay (Train & Weeks 2005).

    Parameters
    ----------
    price_sensitivity : float
        a, 1 / currency.
    value : float
        Value of the option without the random part, currency.
    shock : float
        e, standard Gumbel.

    Returns
    -------
    float
        U, without a unit.
    """
    return price_sensitivity * value + shock


def consumer_surplus(
    value: float, shock: float, price_sensitivity: float, no_purchase_value: float
) -> float:
    """Return the surplus of the chosen option over no purchase, v + e / a - v0, currency.

    0 where a is 0. Only differences between scenarios are meaningful (Small & Rosen 1981).

    Parameters
    ----------
    value : float
        v, experienced value of the option, currency.
    shock : float
        e, random part of its utility.
    price_sensitivity : float
        a, 1 / currency.
    no_purchase_value : float
        v0, value of the no-purchase option, currency.

    Returns
    -------
    float
        Currency per purchase.
    """
    if price_sensitivity > 0.0:
        return value + shock / price_sensitivity - no_purchase_value
    return 0.0


def weigh(i, options, open_option, price_sensitivity, value, weights):
    """Write the logit weights of a customer's open options, and return their sum.

    Weights are relative to the best option, so that none overflows; the sum is 0 where no option
    is open.

    Parameters
    ----------
    i : int
        Customer of the block.
    options : int
        Number of options.
    open_option : ndarray, shape (option, n)
        1 for an option that can be chosen.
    price_sensitivity : ndarray, shape (n,)
        a, 1 / currency.
    value : ndarray, shape (member, option, n)
        Values of options without the random part, currency; those of the first member count.
    weights : ndarray, shape (option, n)
        Where weights are written: exp(a (v - max v)), at most 1.

    Returns
    -------
    float
        Sum of the weights; the probability of an option is its weight divided by it.
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
    """Set each customer's chance to be in the market, which other mechanisms may change."""
    for i in range(n):
        chance_to_shop[i] = purchase_rate[i]


def enter(
    n, first, n_firms, chance_to_shop, segment, in_market, shopper, open_option, value, key_enter,
    market_no_purchase_option, segment_no_purchase_value, firm_active,
):  # fmt: skip
    """Draw the customers in the market this period, and open the options with value zero."""
    key = key_enter[0]
    for i in range(n):
        in_market[i] = 1 if uniform(key, first + i) < chance_to_shop[i] else 0
    shoppers = 0
    for i in range(n):
        shopper[shoppers] = i  # overwritten by the next unless this one is in the market
        shoppers += in_market[i]
    for k in range(shoppers, n):
        shopper[k] = NOWHERE
    for f in range(n_firms + 1):
        is_open = firm_active[f] > 0.5 if f < n_firms else market_no_purchase_option[0] > 0.5
        for i in range(n):
            open_option[f, i] = 1 if is_open else 0
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] = 0.0
        for i in range(n):
            value[e, n_firms, i] = segment_no_purchase_value[segment[i]]


def decide(
    n, first, shopper, open_option, price_sensitivity, value, best_option, sensitivity, draw, best,
    taken, best_shock, shock, key_choice,
):  # fmt: skip
    """Let each member choose the option of highest utility; ties go to the first by name.

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
    """Let the account take the option that its only member prefers."""
    for i in range(n):
        choice[i] = best_option[0, i]


def buy(n, n_firms, shopper, choice, buyer, seller):
    """List the customers who buy from a firm, with the firm."""
    buyers = 0
    for k in range(listed(n, shopper)):
        i = shopper[k]
        f = choice[i]
        buyer[buyers] = i  # overwritten by the next unless this one buys
        seller[buyers] = max(0, f)
        buyers += 1 if 0 <= f < n_firms else 0
    for k in range(buyers, n):
        buyer[k] = NOWHERE


def note_experienced_utility(
    n, shopper, choice, segment, price_sensitivity, value, shock, experienced_utility,
    segment_no_purchase_value,
):  # fmt: skip
    """Store the experienced value of the choice to the first member."""
    for i in range(n):
        experienced_utility[i] = 0.0
    for k in range(listed(n, shopper)):
        i = shopper[k]
        if choice[i] >= 0:
            experienced_utility[i] = consumer_surplus(
                value[0, choice[i], i],
                shock[0, i],
                price_sensitivity[i],
                segment_no_purchase_value[segment[i]],
            )


def count(n, shopper, supplier, choice, sum_purchases, sum_customers_before):
    """Count customers by previous supplier, and purchases by previous supplier and option."""
    for i in range(n):
        sum_customers_before[tile(i), supplier[i] + 1] += 1.0
    for k in range(listed(n, shopper)):
        i = shopper[k]
        if choice[i] >= 0:
            sum_purchases[tile(i), supplier[i] + 1, choice[i]] += 1.0


def join(n, clock, buyer, seller, supplier, tenure, last_bought):
    """Make buyers customers of the firm; the no-purchase option ends no relationship."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        tenure[i] = tenure[i] + 1 if f == supplier[i] else 1
        supplier[i] = f
        last_bought[i] = clock[0]


def add_consumer_surplus(n, experienced_utility, sum_surplus):
    """Add up consumer surplus."""
    for i in range(n):
        sum_surplus[tile(i), 0] += experienced_utility[i]


CHOICE = Mechanism(
    "choice",
    doc="Discrete choice among firms and the no-purchase option",
    core=True,
    market=MarketParameters,
    segment=SegmentParameters,
    firm=FirmParameters,
    columns=(
        scratch("chance_to_shop", "Chance to be in the market this period"),
        scratch("in_market", "1 for a customer who buys this period", dtype="i1"),
        scratch(
            "shopper",
            "Indices in the block of customers in the market, in order, then NOWHERE: a list "
            "takes less time than a branch",
            dtype="u4",
        ),
        scratch("open_option", "1 for an option that can be chosen", ("option",), "i4"),
        scratch(
            "value", "Value of an option without the random part, currency", ("member", "option")
        ),
        scratch("best_option", "Option of highest utility", ("member",), "i2"),
        scratch("best", "Highest utility so far, by position in the list"),
        scratch("taken", "Option with the highest utility, by position in the list", dtype="i4"),
        scratch("sensitivity", "Price sensitivity, by position in the list"),
        scratch("draw", "Random part of an option's utility, by position in the list"),
        scratch("best_shock", "Random part of the best option, by position in the list"),
        scratch("shock", "Random part of the utility of the best option", ("member",)),
        scratch("choice", "Chosen option; -1 for none", dtype="i2"),
        scratch(
            "buyer",
            "Indices in the block of customers who buy from a firm, in order, then NOWHERE",
            dtype="u4",
        ),
        scratch(
            "seller", "Number of the chosen firm, by position in the list of buyers", dtype="u4"
        ),
        scratch("experienced_utility", "Experienced value of the choice, currency"),
        Column("last_bought", dtype="i4", doc="Period of the last purchase from any firm"),
    ),
    draws=(Draw("enter"), Draw("choice", ("member", "option"))),
    accumulators=(
        Accumulator(
            "purchases",
            "Purchases, by previous supplier and chosen option",
            ("previous_supplier", "option"),
        ),
        Accumulator("customers_before", "Customers, by previous supplier", ("previous_supplier",)),
        Accumulator("surplus", "Consumer surplus: experienced value of choices, currency", (1,)),
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


# -- Expected demand of a period at given prices, without random draws --------------------------


# --- rules ------------------------------------------------------------------------


def chance_slope(price_sensitivity: float, amount: float, chance: float) -> float:
    """Return the derivative of a logit probability by the price, -a v m P (1 - P).

    Parameters
    ----------
    price_sensitivity : float
        a, 1 / currency.
    amount : float
        v m, increase of the amount paid per increase of the price, units.
    chance : float
        P, probability of the option.

    Returns
    -------
    float
        Probability per currency per unit.
    """
    return -price_sensitivity * amount * chance * (1.0 - chance)


def expected_slope(chance: float, slope: float, amount: float, margin: float) -> float:
    """Return the derivative of probability times margin by the price, P v m + P' M.

    Parameters
    ----------
    chance : float
        P, probability of the option.
    slope : float
        P', its derivative by the price (:func:`chance_slope`).
    amount : float
        v m, increase of the amount paid per increase of the price, units.
    margin : float
        M, contribution margin of a purchase, currency.

    Returns
    -------
    float
        Units: currency of margin per currency per unit of price.
    """
    return chance * amount + slope * margin


# --- passes -----------------------------------------------------------------------


def include_all_customers(
    n, n_firms, segment, in_market, shopper, open_option, value, market_no_purchase_option,
    segment_no_purchase_value, firm_active,
):  # fmt: skip
    """Treat all customers as in the market, and open the options with value zero."""
    for i in range(n):
        in_market[i] = 1
        shopper[i] = i
    for f in range(n_firms):
        for i in range(n):
            open_option[f, i] = 1 if firm_active[f] > 0.5 else 0
            for e in range(len(value)):
                value[e, f, i] = 0.0
    for i in range(n):
        open_option[n_firms, i] = 1 if market_no_purchase_option[0] > 0.5 else 0
        for e in range(len(value)):
            value[e, n_firms, i] = segment_no_purchase_value[segment[i]]


def expect(
    n, n_firms, in_market, open_option, chance_to_shop, price_sensitivity, value, volume, units,
    recognition, interaction, customization, uncertainty, price_asked, weighed, discount,
    firm_unit_cost, firm_customization_cost, firm_interaction_cost, firm_cost_to_serve,
    firm_service_saving, firm_personal_premium,
    sum_expected_purchases, sum_expected_margin, sum_expected_response, sum_expected_gain,
):  # fmt: skip
    """Add up each firm's expected purchases and margin, and their response to its own price."""
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
            paid = asked(
                1.0, firm_personal_premium[f], customization[f, i], recognition[f, i], known,
                discount[f],
            )  # fmt: skip
            margin = (
                units[f, i] * price_asked[f, i]
                - units[f, i]
                * unit_cost(firm_unit_cost[f], firm_customization_cost[f], customization[f, i])
                - firm_interaction_cost[f] * interaction[f, i]
                - service_cost(
                    firm_cost_to_serve[f], firm_service_saving[f], recognition[f, i], known
                )
            )
            slope = chance_slope(price_sensitivity[i], volume[i] * paid, p)
            sum_expected_purchases[c, f] += rate * p
            sum_expected_margin[c, f] += rate * p * margin
            sum_expected_response[c, f] += rate * slope
            sum_expected_gain[c, f] += rate * expected_slope(p, slope, units[f, i] * paid, margin)


#: Rules used by expected demand only, by name.
DEMAND_RULES = frozenset({"choice.chance_slope", "choice.expected_slope"})

DEMAND = Mechanism(
    "demand",
    doc="Expected demand, for benchmark policies that know it",
    columns=(scratch("weighed", "Logit weight of an option", ("option",)),),
    accumulators=(
        Accumulator("expected_purchases", "Expected purchases"),
        Accumulator("expected_margin", "Expected contribution margin, currency"),
        Accumulator("expected_response", "Derivative of expected purchases by the own price"),
        Accumulator("expected_gain", "Derivative of expected contribution margin by the own price"),
    ),
    passes=(
        Pass(include_all_customers, "prepare", replaces="choice.enter"),
        Pass(expect, "expect"),
    ),
)
