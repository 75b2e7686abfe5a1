"""The customer journey: contacts at touchpoints, which change customers' experience of firms."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from cxsim.model.experience.perception import (
    adapted,
    blended,
    contact_experience,
    expectation_after_best,
)
from cxsim.model.experience.touchpoints import JOURNEY_STAGES
from cxsim.model.ledger import ratio
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
from cxsim.numerics.draws import bell, uniform
from cxsim.parameters import Parameters, parameter

# -- The customer journey: contacts at touchpoints ----------------------------------------------


#: Numbers of the stages (``touchpoints.STAGES``).
DISCOVER, BUY, USE, SUPPORT, RENEW = range(5)


# --- rules ------------------------------------------------------------------------


def performed(mean: float, sd: float, z: float) -> float:
    """Return the performance in one contact, mean + sd z, score 0-10.

    Parameters
    ----------
    mean : float
        m, mean performance at the touchpoint, score 0-10.
    sd : float
        Standard deviation over contacts, score.
    z : float
        Variate of mean 0 and standard deviation 1.

    Returns
    -------
    float
        Score; not limited to 0-10.
    """
    return mean + sd * z


def shortfall(performance: float, neutral: float) -> float:
    """Return by how much a contact falls short of neutral, (neutral - y) / neutral within 0 and 1.

    Parameters
    ----------
    performance : float
        y, actual performance, score 0-10.
    neutral : float
        Performance that is neither good nor bad, score 0-10, above 0.

    Returns
    -------
    float
        Share: 1 at a performance of 0 and below, 0 at neutral and above.
    """
    if performance >= neutral:
        return 0.0
    return 1.0 if performance <= 0.0 else (neutral - performance) / neutral


def triggered(chance: float, performance: float, neutral: float) -> float:
    """Return the chance that a contact leads to a visit elsewhere, c times its shortfall.

    Parameters
    ----------
    chance : float
        c, chance after a contact with performance 0.
    performance : float
        y, actual performance, score 0-10.
    neutral : float
        Performance that is neither good nor bad, score 0-10.

    Returns
    -------
    float
        Probability.
    """
    return chance * shortfall(performance, neutral)


# --- passes -----------------------------------------------------------------------


def list_likely_visitors(occasions, occasion, first, key, most, visit_draw, touchpoint_visitors):
    """List possible visitors: customers with an occasion whose draw is below the highest chance.

    Written without a branch; returns their number. Other conditions are checked for them only.

    Parameters
    ----------
    occasions : int
        Length of the list of customers with an occasion.
    occasion : ndarray, shape (n,)
        That list: indices in the block.
    first : int
        Number of the block's first customer in the market.
    key : int
        Key of the draws.
    most : float
        Highest chance of a visit over segments and firms.
    visit_draw : ndarray, shape (n,)
        Where draws in (0, 1) of the listed are written.
    touchpoint_visitors : ndarray, shape (n,)
        Where the list is written.

    Returns
    -------
    int
        Length of the list written.
    """
    for k in range(occasions):
        visit_draw[k] = uniform(key, first + occasion[k])
    n_visitors = 0
    for k in range(occasions):
        drawn = visit_draw[k]
        touchpoint_visitors[n_visitors] = occasion[k]  # overwritten by the next unless this one may
        visit_draw[n_visitors] = drawn
        n_visitors += drawn < most
    return n_visitors


def make_contacts(
    n_visitors, touchpoint_visitors, first, guest, firm, t, channel, key_luck, key_known, segment,
    supplier, luck, met, meetings, encounters, expectation, last_channel, felt_sum, score_sum,
    weight_sum, touch_weight, performance, unevenness, promise, firm_channel_integration, penalty,
    performance_weight, neutral, loss_aversion, adaptation, spillover, sum_contacts, sum_score,
):  # fmt: skip
    """Make a contact for each listed customer, at one firm or at the own supplier.

    Customers without an earlier contact in this turn join the list of those met; returns the
    length of that list.

    Arrays are columns of a block, shapes (n,) and (firm, n), tables of performance, shape (firm,
    touchpoint), scores 0-10, and accumulators, shape (tiles, firm, touchpoint, 2).
    """
    for k in range(n_visitors):
        luck[k] = bell(key_luck, first + touchpoint_visitors[k])
    for k in range(n_visitors):
        i = touchpoint_visitors[k]
        f = firm if guest else max(0, supplier[i])
        y = performed(performance[f, t], unevenness[f, t], luck[k])
        if (
            firm_channel_integration[f] < 1.0
            and last_channel[f, i] >= 0
            and last_channel[f, i] != channel
            and uniform(key_known, first + i) >= firm_channel_integration[f]
        ):
            y = repeated(y, penalty)
        last_channel[f, i] = channel
        promised = promise[f]
        x = expectation[f, i]
        x = x if x == x else promised
        weight = touch_weight[segment[i], t]
        felt_sum[i] += weight * contact_experience(y, x, performance_weight, neutral, loss_aversion)
        weight_sum[i] += weight
        if spillover > 0.0:
            score_sum[i] += weight * y
        expectation[f, i] = adapted(x, y, adaptation)
        luck[k] = y
        if encounters[i] == 0:
            met[meetings] = i
            meetings += 1
        encounters[i] = 1
        sum_contacts[tile(i), f, t, guest] += 1.0
        sum_score[tile(i), f, t, guest] += y
    return meetings


def visit(
    n, first, n_firms, n_touchpoint, segment, supplier, tenure, shopper, buyer, open_option,
    everybody, touchpoint_visitors, visit_draw, luck, visitors, visitor, score, met, encounters,
    experience, experienced, expectation, last_channel, felt_sum, score_sum, weight_sum, best_score,
    key_visit, key_performance, key_integration, key_visit_elsewhere, key_performance_elsewhere,
    key_integration_elsewhere, key_trigger, called, met_at, touch_stage, touch_channel,
    touch_triggers, touch_triggered, touch_chance, touch_most, touch_weight, performance,
    unevenness, promise, firm_channel_integration, market_journey_trigger_chance,
    market_repeat_penalty,
    market_performance_weight, market_neutral, market_loss_aversion,
    market_expectation_adaptation, market_expectation_spillover, market_experience_memory,
    sum_contacts, sum_score,
):  # fmt: skip
    """Let customers visit touchpoints in the order of the journey, and update their experience.

    First all customers at their own supplier, with one draw per touchpoint; then prospects firm
    by firm, with separate draws for each. Visitors of a touchpoint are listed, and then the list
    is processed. Bad contacts of customers with their supplier may lead to a later touchpoint.
    """
    shoppers = listed(n, shopper)
    buyers = listed(n, buyer)
    penalty = market_repeat_penalty[0]
    performance_weight = market_performance_weight[0]
    neutral = market_neutral[0]
    loss_aversion = market_loss_aversion[0]
    adaptation = market_expectation_adaptation[0]
    spillover = market_expectation_spillover[0]
    for i in range(n):
        everybody[i] = i
        encounters[i] = 0
        felt_sum[i] = 0.0
        score_sum[i] = 0.0
        weight_sum[i] = 0.0
        best_score[i] = -inf
    for t in range(n_touchpoint):
        if touch_triggered[t]:
            for i in range(n):
                called[t, i] = 0
    for turn in range(n_firms + 1):
        guest = 0 if turn == 0 else 1
        meetings = 0
        for t in range(n_touchpoint):
            stage = touch_stage[t]
            channel = touch_channel[t]
            most = touch_most[t]
            n_visitors = 0
            if turn == 0:
                key = key_visit[t]
                if touch_triggered[t]:
                    most = 1.0  # anybody may be called
                if stage == DISCOVER:
                    likely = list_likely_visitors(
                        shoppers, shopper, first, key, most, visit_draw, touchpoint_visitors
                    )
                elif stage in (BUY, RENEW):
                    likely = list_likely_visitors(
                        buyers, buyer, first, key, most, visit_draw, touchpoint_visitors
                    )
                else:
                    likely = list_likely_visitors(
                        n, everybody, first, key, most, visit_draw, touchpoint_visitors
                    )
                if touch_triggered[t]:
                    for k in range(likely):
                        if called[t, touchpoint_visitors[k]]:
                            visit_draw[k] = -1.0  # below every chance
                least = 2 if stage == RENEW else 0
                for k in range(likely):
                    i = touchpoint_visitors[k]
                    chance = touch_chance[t, segment[i], max(0, supplier[i])]
                    touchpoint_visitors[n_visitors] = i
                    n_visitors += (
                        (visit_draw[k] < chance) & (supplier[i] >= 0) & (tenure[i] >= least)
                    )
                meetings = make_contacts(
                    n_visitors, touchpoint_visitors, first, 0, 0, t, channel, key_performance[t],
                    key_integration[t], segment, supplier, luck, met, meetings, encounters,
                    expectation, last_channel, felt_sum, score_sum, weight_sum, touch_weight,
                    performance, unevenness, promise, firm_channel_integration, penalty,
                    performance_weight, neutral, loss_aversion, adaptation, spillover,
                    sum_contacts, sum_score,
                )  # fmt: skip
                target = touch_triggers[t]
                if target >= 0:
                    for k in range(n_visitors):
                        i = touchpoint_visitors[k]
                        if met_at[max(0, supplier[i]), target]:
                            chance = triggered(
                                market_journey_trigger_chance[0, t], luck[k], neutral
                            )
                            if uniform(key_trigger[t], first + i) < chance:
                                called[target, i] = 1
                visitors[t, 0] = n_visitors
                for k in range(n_visitors):
                    visitor[t, k] = touchpoint_visitors[k]
                    score[t, k] = luck[k]
            elif stage == DISCOVER:
                f = turn - 1
                key = key_visit_elsewhere[t, f]
                likely = list_likely_visitors(
                    shoppers, shopper, first, key, most, visit_draw, touchpoint_visitors
                )
                for k in range(likely):
                    i = touchpoint_visitors[k]
                    chance = touch_chance[t, segment[i], f]
                    touchpoint_visitors[n_visitors] = i
                    n_visitors += (
                        (visit_draw[k] < chance) & (supplier[i] != f) & (open_option[f, i] > 0)
                    )
                meetings = make_contacts(
                    n_visitors, touchpoint_visitors, first, 1, f, t, channel,
                    key_performance_elsewhere[t, f], key_integration_elsewhere[t, f], segment,
                    supplier, luck, met, meetings, encounters, expectation, last_channel, felt_sum,
                    score_sum, weight_sum, touch_weight, performance, unevenness, promise,
                    firm_channel_integration, penalty, performance_weight, neutral, loss_aversion,
                    adaptation, spillover, sum_contacts, sum_score,
                )  # fmt: skip
        for k in range(meetings):
            i = met[k]
            f = max(0, turn - 1 if guest else supplier[i])
            experienced[f, i] = 1
            if weight_sum[i] > 0.0:
                experience[f, i] = blended(
                    experience[f, i], felt_sum[i] / weight_sum[i], market_experience_memory[0]
                )
                if spillover > 0.0:
                    best_score[i] = max(best_score[i], score_sum[i] / weight_sum[i])
                    score_sum[i] = 0.0
            encounters[i] = 0
            felt_sum[i] = 0.0
            weight_sum[i] = 0.0
    if spillover > 0.0:
        for f in range(n_firms):
            for i in range(n):
                expectation[f, i] = expectation_after_best(
                    expectation[f, i], best_score[i], spillover
                )


def pay(total_contacts, met_at, firm_touchpoints_cost, sum_touchpoint_cost):
    """Book the cost of contacts at touchpoints, including those run by partners."""
    costs = np.where(met_at, firm_touchpoints_cost, 0.0) * total_contacts.sum(axis=2)
    sum_touchpoint_cost[0] = costs.sum(axis=1)


# --- measures ---------------------------------------------------------------------


def performance(b: Any) -> np.ndarray:
    """Mean actual performance over the period's contacts with the firm."""
    return ratio(b.count("score").sum(axis=(2, 3)), b.count("contacts").sum(axis=(2, 3)))


def contacts(b: Any) -> np.ndarray:
    """Contacts at touchpoints of the firm in the period."""
    return b.total("contacts").sum(axis=(2, 3))


def touchpoint_cost(b: Any) -> np.ndarray:
    """Cost of the period's contacts at touchpoints of the firm."""
    return b.total("touchpoint_cost")


JOURNEY = Mechanism(
    "journey",
    doc="Contacts along the customer journey",
    columns=(
        scratch("everybody", "All customers of the block, as a list", dtype="u4"),
        scratch("touchpoint_visitors", "Visitors of one touchpoint, as a list", dtype="u4"),
        scratch("visit_draw", "Draws of visits, by position in a list"),
        scratch(
            "visitor",
            "Visitors of touchpoints of the supplier, as lists by touchpoint",
            ("touchpoint",),
            "u4",
        ),
        scratch("visitors", "Number of these visitors, in the first place", ("touchpoint",), "i4"),
        scratch("score", "Performance in their contacts, by position in the list", ("touchpoint",)),
        scratch(
            "called",
            "1 for customers led there by another contact",
            ("touchpoint",),
            "u1",
        ),
        scratch("luck", "Random part, then performance, by position"),
        scratch("met", "Customers with a contact with one firm, as a list", dtype="u4"),
        scratch("encounters", "1 for customers on that list", dtype="u1"),
        scratch("felt_sum", "Weighted sum of experience in contacts"),
        scratch("score_sum", "Weighted sum of performances"),
        scratch("weight_sum", "Sum of the contacts' weights"),
        scratch("best_score", "Mean performance of the best firm visited"),
    ),
    draws=(
        Draw("visit", ("touchpoint",)),
        Draw("performance", ("touchpoint",)),
        Draw("integration", ("touchpoint",)),
        Draw("trigger", ("touchpoint",)),
        Draw("visit_elsewhere", ("touchpoint", "firm")),
        Draw("performance_elsewhere", ("touchpoint", "firm")),
        Draw("integration_elsewhere", ("touchpoint", "firm")),
    ),
    accumulators=(
        Accumulator(
            "contacts", "Contacts, of customers and of prospects", ("firm", "touchpoint", 2)
        ),
        Accumulator("score", "Performance, summed over contacts", ("firm", "touchpoint", 2)),
        Accumulator("touchpoint_cost", "Cost of contacts at touchpoints, currency"),
    ),
    passes=(Pass(visit, "join", after=("choice.join",)), Pass(pay, "close", population=True)),
    measures=(
        Measure.of(performance, "Actual performance", "score 0-10"),
        Measure.of(contacts, "Contacts at touchpoints", "per period"),
        Measure.of(
            touchpoint_cost,
            "Touchpoint cost",
            "currency per period",
            summary="sum",
            cost="contribution",
        ),
    ),
    active=lambda scenario: scenario.journey is not None,
)


# -- Channels: without integration, customers have to start again in another channel ------------


#: Number of the stage at which a purchase recognizes a customer.
BUY_STAGE = JOURNEY_STAGES.index("buy")


class MarketParameters(Parameters):
    """Loss of performance where a customer has to start again in another channel."""

    repeat_penalty: float = parameter(
        1.0,
        doc="Performance lost in a contact in which the customer has to repeat what another "
        "channel knows already",
        unit="score 0-10",
        ge=0,
    )


class FirmParameters(Parameters):
    """Integration of the firm's channels."""

    channel_integration: float = parameter(
        1.0,
        doc="Channel integration: chance to recognize a customer who comes from another channel",
        unit="share",
    )


# --- rules ------------------------------------------------------------------------


def repeated(performance: float, penalty: float) -> float:
    """Return the performance in a contact in which the customer has to start again, y - penalty.

    Parameters
    ----------
    performance : float
        y, score 0-10.
    penalty : float
        Loss from repeating what another channel knows, score.

    Returns
    -------
    float
        Score.
    """
    return performance - penalty


def recognized_across(recognition: float, integration: float) -> float:
    """Return the chance to be recognized by a firm last met in another channel, r i.

    Parameters
    ----------
    recognition : float
        r, chance to be recognized within a channel.
    integration : float
        i, integration of the firm's channels, share.

    Returns
    -------
    float
        Probability.
    """
    return recognition * integration


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, last_channel):
    """Reset the channels of newcomers."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                last_channel[f, i] = -1


def recognize(
    n, n_firms, n_touchpoint, recognition, last_channel, touch_channel, touch_stage,
    firm_channel_integration,
):  # fmt: skip
    """Lower recognition where the last contact was in another channel than that of purchases."""
    channel = -1
    for t in range(n_touchpoint - 1, -1, -1):
        if touch_stage[t] == BUY_STAGE:
            channel = touch_channel[t]
    if channel < 0:
        return
    for f in range(n_firms):
        share = firm_channel_integration[f]
        for i in range(n):
            elsewhere = (last_channel[f, i] >= 0) & (last_channel[f, i] != channel)
            recognition[f, i] = recognized_across(recognition[f, i], share if elsewhere else 1.0)


CHANNELS = Mechanism(
    "channels",
    doc="Integration of a firm's channels",
    market=MarketParameters,
    firm=FirmParameters,
    columns=(
        Column(
            "last_channel",
            ("firm",),
            "i1",
            fill=-1,
            doc="Channel of the customer's last contact with the firm, -1 for none",
        ),
    ),
    passes=(Pass(forget, "arrive"), Pass(recognize, "adjust")),
    active=lambda scenario: scenario.journey is not None,
)
