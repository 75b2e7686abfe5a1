"""The journey: customers live through contacts with firms, and what they felt stays with them."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from cxsim.draws import bell, uniform
from cxsim.mechanisms.base import Column, Draw, Measure, Mechanism, Pass, Total, chunk, listed
from cxsim.mechanisms.channels import repeated
from cxsim.mechanisms.measuring import ratio
from cxsim.mechanisms.perception import adapted, blended, felt, raised

#: Numbers of the stages (``touchpoints.STAGES``).
DISCOVER, _, USE, SUPPORT, RENEW = range(5)


# --- rules ------------------------------------------------------------------------


def performed(mean: float, sd: float, z: float) -> float:
    """Return the performance in one contact, mean + sd z, score 0-10."""
    return mean + sd * z


# --- passes -----------------------------------------------------------------------


def visit(
    n, first, n_firms, n_touchpoint, segment, supplier, tenure, shopper, buyer, seller, open_option,
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
    buyers = listed(n, buyer)
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
            elif turn == 0 and stage == DISCOVER:
                for k in range(shoppers):
                    i = shopper[k]
                    f = max(0, supplier[i])
                    u = uniform(key_visit[t, f], first + i)
                    due[k] = (u < touch_chance[segment[i], f, t]) & (supplier[i] >= 0)
                for k in range(shoppers):
                    caller[callers] = shopper[k]
                    callers += due[k]
            elif turn == 0:
                least = 2 if stage == RENEW else 1
                for k in range(buyers):
                    i = buyer[k]
                    u = uniform(key_visit[t, seller[k]], first + i)
                    due[k] = (u < touch_chance[segment[i], seller[k], t]) & (tenure[i] >= least)
                for k in range(buyers):
                    caller[callers] = buyer[k]
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
    columns=(
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
