"""The journey: customers live through contacts with firms, and what they felt stays with them."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from cxsim.draws import bell, uniform
from cxsim.mechanisms.base import Column, Draw, Measure, Mechanism, Pass, Total, chunk, listed
from cxsim.mechanisms.measuring import ratio
from cxsim.mechanisms.perception import adapted, blended, felt, raised
from cxsim.parameters import Parameters, parameter

#: Numbers of the stages (``touchpoints.STAGES``).
DISCOVER, BUY, USE, SUPPORT, RENEW = range(5)


class MarketParameters(Parameters):
    """What it is like to start again in another channel."""

    repeat_penalty: float = parameter(
        1.0,
        doc="Performance lost in a contact in which the firm does not know what the customer "
        "said in another channel",
        unit="score 0-10",
        ge=0,
    )


class FirmParameters(Parameters):
    """How far the firm's channels know of each other."""

    channel_integration: float = parameter(
        1.0,
        doc="Chance to recognize a customer who comes from another channel as the same",
        unit="share",
        ge=0,
        le=1,
    )


# --- rules ------------------------------------------------------------------------


def performed(mean: float, sd: float, z: float) -> float:
    """Return the performance in one contact, mean + sd z, score 0-10."""
    return mean + sd * z


def repeated(performance: float, penalty: float) -> float:
    """Return the performance in a contact in which the customer has to start again."""
    return performance - penalty


def recognized_across(recognition: float, integration: float) -> float:
    """Return the chance to be recognized by a firm last met in another channel."""
    return recognition * integration


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, last_channel):
    """A newcomer has been to no channel."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                last_channel[f, i] = -1


def recognize(
    n, n_firms, n_touchpoint, recognition, last_channel, touch_channel, touch_stage,
    firm_channel_integration,
):  # fmt: skip
    """A firm last met elsewhere than where things are bought may not know who comes."""
    channel = -1
    for t in range(n_touchpoint - 1, -1, -1):
        if touch_stage[t] == BUY:
            channel = touch_channel[t]
    if channel < 0:
        return
    for f in range(n_firms):
        share = firm_channel_integration[f]
        for i in range(n):
            elsewhere = (last_channel[f, i] >= 0) & (last_channel[f, i] != channel)
            recognition[f, i] = recognized_across(recognition[f, i], share if elsewhere else 1.0)


def visit(
    n, first, n_firms, n_touchpoint, segment, supplier, choice, tenure, shopper, open_option,
    due, caller, called, luck, visitors, visitor, score, met, encounters, experience, experienced,
    expectation, last_channel, felt_sum, score_sum, weight_sum, best_score, key_visit,
    key_performance, key_integration, touch_stage, touch_channel, touch_chance, touch_weight,
    performance, unevenness, promise, firm_channel_integration, market_repeat_penalty,
    market_performance_weight, market_neutral, market_loss_aversion,
    market_expectation_adaptation, market_expectation_spillover, market_experience_memory,
    sum_contacts, sum_score,
):  # fmt: skip
    """Customers go through the journey in order, feel what they meet, and remember it.

    First everybody with the own supplier, then prospects firm by firm. Who goes to a touchpoint
    is noted as a list, without a branch to guess, and then the list is walked.
    """
    shoppers = listed(n, shopper)
    spillover = market_expectation_spillover[0]
    for i in range(n):
        encounters[i] = 0
        felt_sum[i] = 0.0
        score_sum[i] = 0.0
        weight_sum[i] = 0.0
        best_score[i] = -inf
    for turn in range(n_firms + 1):
        meetings = 0
        guest = 0 if turn == 0 else 1
        for t in range(n_touchpoint):
            stage = touch_stage[t]
            channel = touch_channel[t]
            callers = 0
            if turn == 0 and stage in (USE, SUPPORT):
                for i in range(n):
                    f = max(0, supplier[i])
                    u = uniform(key_visit[t, f], first + i)
                    due[i] = (u < touch_chance[segment[i], f, t]) & (supplier[i] >= 0)
                for i in range(n):
                    caller[callers] = i
                    callers += due[i]
            elif turn == 0:
                for k in range(shoppers):
                    i = shopper[k]
                    f = max(0, supplier[i])
                    u = uniform(key_visit[t, f], first + i)
                    due[k] = (u < touch_chance[segment[i], f, t]) & (supplier[i] >= 0)
                if stage != DISCOVER:
                    least = 2 if stage == RENEW else 1
                    for k in range(shoppers):
                        i = shopper[k]
                        due[k] &= (choice[i] == supplier[i]) & (tenure[i] >= least)
                for k in range(shoppers):
                    caller[callers] = shopper[k]
                    callers += due[k]
            elif stage == DISCOVER:
                f = turn - 1
                for k in range(shoppers):
                    i = shopper[k]
                    u = uniform(key_visit[t, f], first + i)
                    due[k] = (
                        (u < touch_chance[segment[i], f, t])
                        & (supplier[i] != f)
                        & (open_option[f, i] > 0)
                    )
                for k in range(shoppers):
                    caller[callers] = shopper[k]
                    callers += due[k]
                for k in range(callers):
                    called[k] = f
            if turn == 0:
                for k in range(callers):
                    called[k] = supplier[caller[k]]
                    visitor[t, k] = caller[k]
                visitors[t, 0] = callers
            for k in range(callers):
                luck[k] = bell(key_performance[t, called[k]], first + caller[k])
            for k in range(callers):
                i = caller[k]
                f = called[k]
                y = performed(performance[f, t], unevenness[f, t], luck[k])
                integration = firm_channel_integration[f]
                if (
                    integration < 1.0
                    and last_channel[f, i] >= 0
                    and last_channel[f, i] != channel
                    and uniform(key_integration[t, f], first + i) >= integration
                ):
                    y = repeated(y, market_repeat_penalty[0])
                last_channel[f, i] = channel
                x = expectation[f, i]
                x = x if x == x else promise[f]
                feeling = felt(
                    y,
                    x,
                    market_performance_weight[0],
                    market_neutral[0],
                    market_loss_aversion[0],
                )
                expectation[f, i] = adapted(x, y, market_expectation_adaptation[0])
                weight = touch_weight[segment[i], t]
                felt_sum[i] += weight * feeling
                score_sum[i] += weight * y
                weight_sum[i] += weight
                luck[k] = y
                if encounters[i] == 0:
                    encounters[i] = 1
                    met[meetings] = i
                    meetings += 1
                c = chunk(i)
                sum_contacts[c, f, t, guest] += 1.0
                sum_score[c, f, t, guest] += y
            if turn == 0:
                for k in range(callers):
                    score[t, k] = luck[k]
        for k in range(meetings):
            i = met[k]
            f = supplier[i] if turn == 0 else turn - 1
            experienced[f, i] = 1
            if weight_sum[i] > 0.0:
                experience[f, i] = blended(
                    experience[f, i], felt_sum[i] / weight_sum[i], market_experience_memory[0]
                )
                if spillover > 0.0:
                    best_score[i] = max(best_score[i], score_sum[i] / weight_sum[i])
            encounters[i] = 0
            felt_sum[i] = 0.0
            score_sum[i] = 0.0
            weight_sum[i] = 0.0
    if spillover > 0.0:
        for f in range(n_firms):
            for i in range(n):
                expectation[f, i] = raised(expectation[f, i], best_score[i], spillover)


def pay(total_contacts, met_at, firm_touchpoints_cost, sum_touchpoint_cost):
    """Every contact costs what its touchpoint costs, whoever runs it."""
    costs = np.where(met_at, firm_touchpoints_cost, 0.0) * total_contacts.sum(axis=2)
    sum_touchpoint_cost[0] = costs.sum(axis=1)


# --- measures ---------------------------------------------------------------------


def performance(b: Any) -> np.ndarray:
    """Mean performance in contacts with the firm, as customers met it."""
    return ratio(b.count("score").sum(axis=(2, 3)), b.count("contacts").sum(axis=(2, 3)))


def contacts(b: Any) -> np.ndarray:
    """Contacts at touchpoints of the firm."""
    return b.total("contacts").sum(axis=(2, 3))


def touchpoint_cost(b: Any) -> np.ndarray:
    """Cost of contacts at touchpoints."""
    return b.total("touchpoint_cost")


JOURNEY = Mechanism(
    "journey",
    doc="Contacts along the journey",
    market=MarketParameters,
    firm=FirmParameters,
    columns=(
        Column(
            "last_channel",
            ("firm",),
            "i1",
            fill=-1,
            doc="Channel in which the customer last met the firm, -1 for none",
        ),
        Column("due", (), "u4", kept=False, doc="1 for a customer who visits the touchpoint"),
        Column("caller", (), "u4", kept=False, doc="Visitors of one touchpoint, as a list"),
        Column("called", (), "u4", kept=False, doc="Firms they visit, by place in the list"),
        Column(
            "visitor",
            ("touchpoint",),
            "u4",
            kept=False,
            doc="Customers who met their supplier, as lists by touchpoint",
        ),
        Column(
            "visitors",
            ("touchpoint",),
            "i4",
            kept=False,
            doc="How many they are, in the first place",
        ),
        Column(
            "score", ("touchpoint",), "f8", kept=False, doc="Performance they met, by place there"
        ),
        Column("luck", (), "f8", kept=False, doc="Chance's part, then performance, by place"),
        Column("met", (), "u4", kept=False, doc="Customers who met one firm, as a list"),
        Column("encounters", (), "u4", kept=False, doc="1 for those on that list"),
        Column("felt_sum", (), "f8", kept=False, doc="Weighted sum of what contacts felt like"),
        Column("score_sum", (), "f8", kept=False, doc="Weighted sum of performances"),
        Column("weight_sum", (), "f8", kept=False, doc="Sum of the contacts' weights"),
        Column("best_score", (), "f8", kept=False, doc="Mean performance of the best firm met"),
    ),
    draws=(
        Draw("visit", ("touchpoint", "firm")),
        Draw("performance", ("touchpoint", "firm")),
        Draw("integration", ("touchpoint", "firm")),
    ),
    totals=(
        Total("contacts", ("firm", "touchpoint", 2), doc="Contacts, of customers and of prospects"),
        Total("score", ("firm", "touchpoint", 2), doc="Performance, summed over contacts"),
        Total("touchpoint_cost", doc="Cost of contacts, currency"),
    ),
    passes=(
        Pass(forget, "arrive"),
        Pass(recognize, "adjust"),
        Pass(visit, "join", after=("choice.join",)),
        Pass(pay, "close", whole=True),
    ),
    measures=(
        Measure("performance", "Performance at touchpoints", "score 0-10", performance),
        Measure("contacts", "Contacts", "per period", contacts),
        Measure(
            "touchpoint_cost",
            "Cost of touchpoints",
            "currency per period",
            touchpoint_cost,
            summary="sum",
            cost="contribution",
        ),
    ),
    active=lambda scenario: scenario.journey is not None,
)
