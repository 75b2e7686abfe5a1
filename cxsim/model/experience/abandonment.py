"""Purchases given up at required touchpoints, between the choice and the purchase.

An order that goes badly may be given up: the customer then tries its next best option, or buys
nothing in the period. What happened up to there is experienced like any other contact.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

import numpy as np

from cxsim.model.core.choice import utility
from cxsim.model.experience.journey import BUY, make_contacts, performed, shortfall
from cxsim.model.experience.perception import blended
from cxsim.model.ledger import Ledger, ratio
from cxsim.model.lock_in.contracts import CONTRACTS
from cxsim.model.mechanism import (
    NONE,
    Accumulator,
    Draw,
    Measure,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.numerics.draws import bell, uniform
from cxsim.numerics.elementary import gumbel
from cxsim.parameters import Parameters, parameter

# -- Purchases given up at required touchpoints, and the second attempt -------------------------


class SegmentParameters(Parameters):
    """What customers of a segment do after giving up a purchase."""

    retry: float = parameter(
        0.0,
        doc="Chance that a customer who gave up a purchase takes the next best option, which "
        "succeeds; otherwise it buys nothing in the period",
        unit="share",
    )


def _may_retry(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """Check that retries follow something: several members have no next best option of theirs."""
    for name, segment in scenario.segments.items():
        if segment.retry > 0.0 and not _required(scenario):
            text = f"expected 0 without a required touchpoint, found {segment.retry:g}"
            yield ("segments", name, "retry"), text
        center = getattr(segment, "buying_center", None)
        if segment.retry > 0.0 and center is not None and center.members > 1:
            text = f"expected 0 beside a buying center of {center.members}, found {segment.retry:g}"
            yield ("segments", name, "retry"), text


# --- rules ------------------------------------------------------------------------


def chance_to_abandon(abandonment: float, performance: float, neutral: float) -> float:
    """Return the chance to give up a purchase in a contact, a clip((neutral - y) / neutral, 0, 1).

    Parameters
    ----------
    abandonment : float
        a, chance in a contact with performance 0.
    performance : float
        y, actual performance, score 0-10.
    neutral : float
        Performance that is neither good nor bad, score 0-10.

    Returns
    -------
    float
        Probability.
    """
    return abandonment * shortfall(performance, neutral)


# --- passes -----------------------------------------------------------------------


def expect_no_subscriber(n, subscribed):
    """Treat every purchase as an order, before mechanisms."""
    for i in range(n):
        subscribed[i] = 0


def exempt_subscribers(n, supplier, open_option, subscribed, firm_billing):
    """Note subscribers, who do not order to stay with their supplier."""
    for i in range(n):
        s = max(0, supplier[i])
        subscriber = (supplier[i] >= 0) & (firm_billing[s] > 0.5) & (open_option[s, i] > 0)
        subscribed[i] = 1 if subscriber else 0


def abandon(
    n, first, n_firms, n_touchpoint, shopper, segment, supplier, subscribed, choice, shock,
    open_option, price_sensitivity, value, abandoned_at, abandoned_firm, key_visit,
    key_performance, key_abandon, key_retry, key_choice, touch_chance, performance, unevenness,
    market_neutral, market_journey_required, market_journey_abandonment, segment_retry,
    sum_orders, sum_abandoned, sum_retried,
):  # fmt: skip
    """Let customers give up orders at required touchpoints, and take their next best option.

    Draws are those of the visit itself, so that customers who complete the order have had the
    contact that decided about it.
    """
    for i in range(n):
        abandoned_at[i] = -1
    for k in range(listed(n, shopper)):
        i = shopper[k]
        f = choice[i]
        s = supplier[i]
        if f < 0 or f >= n_firms or (f == s and subscribed[i]):
            continue
        who = first + i
        g = segment[i]
        sum_orders[tile(i), f] += 1.0
        for t in range(n_touchpoint):
            if (
                market_journey_required[0, t] > 0.5
                and abandoned_at[i] < 0
                and uniform(key_visit[t], who) < touch_chance[t, g, f]
            ):
                y = performed(performance[f, t], unevenness[f, t], bell(key_performance[t], who))
                chance = chance_to_abandon(market_journey_abandonment[0, t], y, market_neutral[0])
                if uniform(key_abandon[t], who) < chance:
                    abandoned_at[i] = t
        if abandoned_at[i] < 0:
            continue
        abandoned_firm[i] = f
        sum_abandoned[tile(i), f, abandoned_at[i]] += 1.0
        taken = s if subscribed[i] else NONE
        if uniform(key_retry[0], who) < segment_retry[g]:
            best = -inf
            for o in range(n_firms + 1):
                if o != f and open_option[o, i] > 0:
                    drawn = gumbel(uniform(key_choice[0, o], who))
                    u = utility(price_sensitivity[i], value[0, o, i], drawn)
                    if u > best:
                        best = u
                        taken = o
            if 0 <= taken < n_firms:
                sum_retried[tile(i), taken] += 1.0
        choice[i] = taken
        if taken >= 0:
            shock[0, i] = gumbel(uniform(key_choice[0, taken], who))


def experience_abandoned(
    n, first, n_firms, n_touchpoint, segment, supplier, shopper, abandoned_at, abandoned_firm,
    quitter, touchpoint_visitors, luck, met, encounters, experience, experienced, expectation,
    last_channel, felt_sum, score_sum, weight_sum, key_visit, key_performance, key_integration,
    touch_stage, touch_channel, touch_chance, touch_weight, performance, unevenness, promise,
    firm_channel_integration, market_repeat_penalty, market_performance_weight, market_neutral,
    market_loss_aversion, market_expectation_adaptation, market_experience_memory, sum_contacts,
    sum_score,
):  # fmt: skip
    """Let customers experience the contacts of a purchase up to where they gave it up."""
    quitters = 0
    for k in range(listed(n, shopper)):
        i = shopper[k]
        if abandoned_at[i] >= 0:
            quitter[quitters] = i
            quitters += 1
            encounters[i] = 0
            felt_sum[i] = 0.0
            weight_sum[i] = 0.0
    for f in range(n_firms):
        meetings = 0
        for t in range(n_touchpoint):
            if touch_stage[t] != BUY:
                continue
            for guest in range(2):
                n_visitors = 0
                for k in range(quitters):
                    i = quitter[k]
                    if (
                        abandoned_firm[i] == f
                        and abandoned_at[i] >= t
                        and (supplier[i] != f) == (guest == 1)
                        and uniform(key_visit[t], first + i) < touch_chance[t, segment[i], f]
                    ):
                        touchpoint_visitors[n_visitors] = i
                        n_visitors += 1
                meetings = make_contacts(
                    n_visitors, touchpoint_visitors, first, guest, f, t, touch_channel[t],
                    key_performance[t], key_integration[t], segment, supplier, luck, met, meetings,
                    encounters, expectation, last_channel, felt_sum, score_sum, weight_sum,
                    touch_weight, performance, unevenness, promise, firm_channel_integration,
                    market_repeat_penalty[0], market_performance_weight[0], market_neutral[0],
                    market_loss_aversion[0], market_expectation_adaptation[0], 0.0, sum_contacts,
                    sum_score,
                )  # fmt: skip
        for k in range(meetings):
            i = met[k]
            experienced[f, i] = 1
            if weight_sum[i] > 0.0:
                felt = felt_sum[i] / weight_sum[i]
                experience[f, i] = blended(experience[f, i], felt, market_experience_memory[0])


# --- measures ---------------------------------------------------------------------


def abandoned_purchases(b: Ledger) -> np.ndarray:
    """Purchases given up in the period at the firm's required touchpoints."""
    return b.total("abandoned").sum(axis=2)


def abandonment_rate(b: Ledger) -> np.ndarray:
    """Share of the orders begun with the firm in the period that were given up."""
    return ratio(b.count("abandoned").sum(axis=2), b.count("orders"))


def purchases_after_abandonment(b: Ledger) -> np.ndarray:
    """Purchases from the firm in the period by customers who had given up one elsewhere."""
    return b.total("retried")


def _required(scenario: Any) -> bool:
    """Return whether any touchpoint is required for a purchase."""
    journey = getattr(scenario, "journey", None) or {}
    return any(touchpoint.required for touchpoint in journey.values())


ABANDONMENT = Mechanism(
    "abandonment",
    doc="Purchases given up at required touchpoints",
    segment=SegmentParameters,
    columns=(
        scratch("subscribed", "1 for subscribers, who do not order to stay", dtype="u1"),
        scratch("abandoned_at", "Touchpoint of an abandoned purchase, -1 for none", dtype="i4"),
        scratch("abandoned_firm", "Number of the firm of that purchase", dtype="i4"),
        scratch("quitter", "Customers who gave up a purchase, as a list", dtype="u4"),
    ),
    draws=(Draw("abandon", ("touchpoint",)), Draw("retry")),
    accumulators=(
        Accumulator("orders", "Orders begun"),
        Accumulator("abandoned", "Purchases given up, by touchpoint", ("firm", "touchpoint")),
        Accumulator("retried", "Purchases by customers who gave up one elsewhere"),
    ),
    passes=(
        Pass(expect_no_subscriber, "prepare"),
        Pass(abandon, "decide", after=("choice.elect",)),
        Pass(experience_abandoned, "join", after=("choice.join",), before=("journey.visit",)),
    ),
    measures=(
        Measure(
            "abandoned_purchases",
            "Abandoned purchases",
            "per period",
            abandoned_purchases,
            summary="sum",
            own_ledger=True,
        ),
        Measure("abandonment_rate", "Abandonment rate of orders", "share", abandonment_rate),
        Measure(
            "purchases_after_abandonment",
            "Purchases after abandonment elsewhere",
            "per period",
            purchases_after_abandonment,
            summary="sum",
        ),
    ),
    check=_may_retry,
    active=_required,
)


# -- Subscribers do not order to stay with their supplier ---------------------------------------


SUBSCRIPTION_ORDERS = Mechanism(
    "subscription_orders",
    doc="Subscribers stay with their supplier without an order",
    passes=(Pass(exempt_subscribers, "adjust"),),
    active=lambda scenario: _required(scenario) and CONTRACTS.active(scenario),
)
