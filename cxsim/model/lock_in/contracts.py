"""Contracts with exit fees, subscriptions that continue until cancelled, entry, and leaving costs.

A contract begins when a customer joins and lasts a number of periods; leaving before its end
costs the exit fee. A subscriber buys every period and reconsiders with the chance of being in
the market. Choosing the no-purchase option then ends the subscription, and costs the fee if one is
due. Without a subscription the no-purchase option ends no relationship, so that no fee is due.
Customers at the start have no contract.

Customers without a supplier may enter at a rate of their own, and leaving a firm may take an effort
beyond the switching cost of the segment. Both are absent unless a scenario states them.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from cxsim.model.core.people import knowledge_band, tenure_band
from cxsim.model.mechanism import (
    NOWHERE,
    Accumulator,
    Column,
    Measure,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.parameters import Parameters, parameter


class Contracts(Parameters):
    """Terms of a firm's contracts."""

    length: int = parameter(12, doc="Duration of a contract from joining on", unit="periods", ge=0)
    exit_fee: float = parameter(
        0.0, "Exit fee: amount paid by a customer who leaves before the end", "currency", ge=0
    )


class FirmParameters(Parameters):
    """Contracts and billing of a firm."""

    contracts: Contracts | None = parameter(None, doc="Contracts with a duration and an exit fee")
    billing: Literal["per_purchase", "subscription"] = parameter(
        "per_purchase", "Whether customers pay when they buy, or every period until they cancel"
    )


# --- rules ------------------------------------------------------------------------


def exit_fee_due(periods_left: float, exit_fee: float) -> float:
    """Return the exit fee for leaving now: the full fee until the contract ends.

    Parameters
    ----------
    periods_left : float
        Periods until the contract ends.
    exit_fee : float
        Full fee, currency.

    Returns
    -------
    float
        Currency; 0 without a contract.
    """
    if periods_left > 0.0 and exit_fee > 0.0:
        return exit_fee
    return 0.0


def ends(goes_outside: bool, subscribed: bool) -> bool:
    """Return whether choosing the no-purchase option ends the relationship.

    Parameters
    ----------
    goes_outside : bool
        Whether the customer chooses the no-purchase option.
    subscribed : bool
        Whether the customer has a subscription.

    Returns
    -------
    bool
    """
    return goes_outside and subscribed


# --- passes -----------------------------------------------------------------------


def advance_term(n, arriving, contract_left):
    """Shorten contracts by a period; newcomers have none."""
    for i in range(n):
        if arriving[i]:
            contract_left[i] = 0
        elif contract_left[i] > 0:
            contract_left[i] -= 1


def subscribe(
    n, n_firms, supplier, in_market, shopper, open_option, renewing, firm_billing,
):  # fmt: skip
    """Let subscribers who do not reconsider buy again."""
    for i in range(n):
        s = max(0, supplier[i])
        renewing[i] = 0
        if (supplier[i] >= 0) & (in_market[i] == 0) & (firm_billing[s] > 0.5):
            renewing[i] = 1 if open_option[s, i] > 0 else 0
    for o in range(n_firms + 1):
        for i in range(n):
            shut = (renewing[i] == 1) & (o != supplier[i])
            open_option[o, i] = 0 if shut else open_option[o, i]
    shoppers = 0
    for i in range(n):
        in_market[i] |= renewing[i]
        shopper[shoppers] = i  # overwritten by the next unless this one is in the market
        shoppers += in_market[i]
    for k in range(shoppers, n):
        shopper[k] = NOWHERE


def add_exit_fee(
    n, n_firms, supplier, contract_left, open_option, fee_due, value, market_switching_cost_form,
    firm_contracts_exit_fee, firm_billing,
):  # fmt: skip
    """Subtract the exit fee from the value of all options that end the contract."""
    bonus = market_switching_cost_form[0] > 0.5
    for i in range(n):
        s = max(0, supplier[i])
        fee_due[i] = 0.0
        if (supplier[i] >= 0) & (open_option[s, i] > 0):
            fee_due[i] = exit_fee_due(contract_left[i], firm_contracts_exit_fee[s])
    sign = 1.0 if bonus else -1.0
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                applies = (f == supplier[i]) == bonus
                value[e, f, i] += sign * fee_due[i] if applies else 0.0
        if not bonus:
            for i in range(n):
                subscribed = firm_billing[max(0, supplier[i])] > 0.5
                value[e, n_firms, i] -= fee_due[i] if ends(True, subscribed) else 0.0


def charge(
    n, n_firms, shopper, choice, supplier, fee_due, experienced_utility, ended,
    market_switching_cost_form, firm_billing, sum_exit_fees, sum_ended,
):  # fmt: skip
    """Charge exit fees to customers who leave early, and note subscriptions ended."""
    bonus = market_switching_cost_form[0] > 0.5
    for i in range(n):
        ended[i] = 0
    for k in range(listed(n, shopper)):
        i = shopper[k]
        s = supplier[i]
        f = choice[i]
        if s < 0 or f < 0:
            continue
        if ends(f == n_firms, firm_billing[s] > 0.5):
            ended[i] = 1
            sum_ended[tile(i), s] += 1.0
        leaves = ended[i] == 1 or (f != s and f != n_firms)
        if bonus and (leaves or f == s):
            experienced_utility[i] -= fee_due[
                i
            ]  # of staying: the anticipation; of leaving: the fee
        if leaves:
            sum_exit_fees[tile(i), s] += fee_due[i]


def count_stayers(
    n, n_firms, supplier, choice, tenure, supplier_knowledge, ended, stays, knowledge_bands,
    tenure_bands, sum_stay,
):  # fmt: skip
    """Count customers with a supplier before the choice, and those who keep it."""
    for i in range(n):
        c = choice[i]
        same = (c == supplier[i]) | (c == -1) | (c == n_firms)
        stays[i] = 1 if same & (ended[i] == 0) else 0
        knowledge_bands[i] = knowledge_band(supplier_knowledge[i])
        tenure_bands[i] = tenure_band(tenure[i])
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_stay[tile(i), s, stays[i], knowledge_bands[i], tenure_bands[i]] += 1.0


def sign(n, n_firms, supplier, choice, ended, contract_left, firm_contracts_length):
    """Start the contract of customers who join a firm, which ends the previous one."""
    for i in range(n):
        f = choice[i]
        if 0 <= f < n_firms and f != supplier[i]:
            contract_left[i] = 0
            if firm_contracts_length[f] > 0.0:
                contract_left[i] = int(firm_contracts_length[f])
        elif ended[i]:
            contract_left[i] = 0


def cancel(n, ended, supplier, tenure):
    """Leave customers who ended a subscription without a supplier."""
    for i in range(n):
        if ended[i]:
            supplier[i] = -1
            tenure[i] = 0


def count(
    n, supplier, contract_left, forfeited, firm_contracts_exit_fee, firm_billing, sum_subscribers,
    sum_bound,
):  # fmt: skip
    """Count subscribers and customers under contract, and add exit fees to switching costs."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            if firm_billing[s] > 0.5:
                sum_subscribers[tile(i), s] += 1.0
            if contract_left[i] > 1:  # a period has passed when it can next be left
                sum_bound[tile(i), s] += 1.0
                forfeited[i] += exit_fee_due(contract_left[i], firm_contracts_exit_fee[s])


# --- measures ---------------------------------------------------------------------


def exit_fees(b: Any) -> np.ndarray:
    """Exit fees received in the period; not part of revenue, which is prices paid."""
    return b.total("exit_fees")


def subscribers(b: Any) -> np.ndarray:
    """Subscribers at the end of the period."""
    return b.total("subscribers")


def customers_under_contract(b: Any) -> np.ndarray:
    """Customers at the end of the period whose contract lasts into the next period."""
    return b.total("bound")


def subscriptions_ended(b: Any) -> np.ndarray:
    """Subscriptions ended in the period by choosing the no-purchase option."""
    return b.total("ended")


CONTRACTS = Mechanism(
    "contracts",
    doc="Contracts and subscriptions",
    firm=FirmParameters,
    columns=(
        Column("contract_left", dtype="i4", doc="Periods until the contract ends", ge=0),
        scratch("fee_due", "Exit fee due now, currency"),
        scratch("renewing", "1 for a subscriber who does not reconsider", dtype="i1"),
        scratch("ended", "1 for a customer who ends a subscription", dtype="i1"),
    ),
    accumulators=(
        Accumulator("exit_fees", "Exit fees paid, currency"),
        Accumulator("ended", "Subscriptions ended by choosing the no-purchase option"),
        Accumulator("subscribers", "Subscribers at the end of the period"),
        Accumulator("bound", "Customers under contract"),
    ),
    passes=(
        Pass(advance_term, "leave", after=("people.leave",)),
        Pass(subscribe, "prepare", after=("choice.enter",)),
        Pass(add_exit_fee, "add", term="exit fee"),
        Pass(
            charge,
            "pay",
            after=("choice.note_experienced_utility",),
            before=("retention_bands.count",),
        ),
        Pass(count_stayers, "pay", replaces="retention_bands.count"),
        Pass(sign, "update"),
        Pass(cancel, "join", after=("choice.join",)),
        Pass(count, "account", after=("switching.identical_rival",), before=("switching.count",)),
    ),
    measures=(
        Measure.of(
            exit_fees,
            "Exit fees received",
            "currency per period",
            "income",
            summary="sum",
            cost="contribution",
        ),
        Measure.of(subscribers, "Subscribers", "customers", summary="last"),
        Measure.of(
            customers_under_contract, "Customers under contract", "customers", summary="last"
        ),
        Measure.of(subscriptions_ended, "Subscriptions ended", "per period"),
    ),
    active=lambda scenario: any(
        f.contracts is not None or f.billing == "subscription" for f in scenario.firms.values()
    ),
)


# -- Entry: how soon customers without a supplier choose one ------------------------------------


class EntryParameters(Parameters):
    """Entry of customers without a supplier."""

    entry_rate: float | None = parameter(
        None,
        doc="Chance that a customer without a supplier is in the market in a period (default: that "
        "of customers with one, purchase_rate)",
        unit="share per period",
        ge=0,
        le=1,
    )


# --- rules ------------------------------------------------------------------------


def chance_of_entry(has_supplier: bool, chance: float, entry_rate: float) -> float:
    """Return the chance to be in the market: the entry rate until a customer has a supplier.

    A subscriber reconsiders once in many periods; who has no subscription yet needs one now.

    Parameters
    ----------
    has_supplier : bool
    chance : float
        Of a customer with a supplier, per period.
    entry_rate : float
        Of a customer without one, per period; NaN where it is not stated.

    Returns
    -------
    float
        Probability per period.
    """
    if not has_supplier and entry_rate >= 0.0:
        return entry_rate
    return chance


# --- passes -----------------------------------------------------------------------


def attend_first(n, segment, supplier, chance_to_shop, segment_entry_rate):
    """Give customers without a supplier their own chance to be in the market."""
    for i in range(n):
        chance_to_shop[i] = chance_of_entry(
            supplier[i] >= 0, chance_to_shop[i], segment_entry_rate[segment[i]]
        )


ENTRY = Mechanism(
    "entry",
    doc="Entry of customers without a supplier",
    segment=EntryParameters,
    passes=(Pass(attend_first, "prepare", after=("choice.attend",), before=("choice.enter",)),),
    active=lambda scenario: any(s.entry_rate is not None for s in scenario.segments.values()),
)


# -- Leaving cost: what leaving one firm takes beyond the switching cost of the segment ---------


class LeavingParameters(Parameters):
    """Switching cost that belongs to a firm."""

    leaving_cost: float | None = parameter(
        None,
        doc="Leaving cost: procedural switching cost of leaving this firm, beyond that of the "
        "segment",
        unit="currency",
        ge=0,
        source="procedural switching costs: Burnham, Frels & Mahajan 2003",
    )


# --- rules ------------------------------------------------------------------------


def leaving_cost_of(has_supplier: bool, leaving_cost: float) -> float:
    """Return what leaving the supplier takes beyond the segment's switching cost, currency.

    Parameters
    ----------
    has_supplier : bool
    leaving_cost : float
        Of the supplier, currency; NaN where it is not stated.

    Returns
    -------
    float
        Currency; 0 without a supplier.
    """
    if has_supplier and leaving_cost > 0.0:
        return leaving_cost
    return 0.0


# --- passes -----------------------------------------------------------------------


def hold(
    n, n_firms, supplier, procedural, barriers, left_cost, value, market_switching_cost_form,
    firm_leaving_cost,
):  # fmt: skip
    """Add the supplier's leaving cost to the procedural switching cost, and to its effects."""
    bonus = market_switching_cost_form[0] > 0.5
    sign = 1.0 if bonus else -1.0
    for i in range(n):
        left_cost[i] = leaving_cost_of(supplier[i] >= 0, firm_leaving_cost[max(0, supplier[i])])
        procedural[i] += left_cost[i]
    for f in range(n_firms):
        for i in range(n):
            applies = (f == supplier[i]) == bonus
            barriers[f, i] += sign * left_cost[i] if applies else 0.0
        for e in range(len(value)):
            for i in range(n):
                applies = (f == supplier[i]) == bonus
                value[e, f, i] += sign * left_cost[i] if applies else 0.0


def hold_now(
    n, segment, supplier, procedural, segment_switching_cost, firm_leaving_cost,
):  # fmt: skip
    """Set the procedural switching cost to that of leaving the supplier of the period's end."""
    for i in range(n):
        there = leaving_cost_of(supplier[i] >= 0, firm_leaving_cost[max(0, supplier[i])])
        procedural[i] = segment_switching_cost[segment[i]] + there


LEAVING_COST = Mechanism(
    "leaving_cost",
    doc="Leaving cost by firm",
    firm=LeavingParameters,
    columns=(scratch("left_cost", "Leaving cost of the supplier, currency"),),
    passes=(
        Pass(hold, "add", after=("switching.switch",), term="leaving cost"),
        Pass(hold_now, "account", before=("switching.count",)),
    ),
    active=lambda scenario: any(f.leaving_cost is not None for f in scenario.firms.values()),
)
