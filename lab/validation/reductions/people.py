"""Reductions of judgement: buying centers that vote, customers who are wrong about themselves."""

from __future__ import annotations

from itertools import product
from math import factorial, sqrt

import numpy as np

from cxsim.analytic import logit_shares
from cxsim.runs import simulate
from lab.validation.checks import Check, measured, proportions
from lab.validation.markets import market

__all__ = ["deciding", "discovering", "judged", "lived_with"]


def verdicts(chances, members, quorum):
    """Return the chance of each option to win a vote, that of no winner last."""
    won = np.zeros(len(chances) + 1)
    for votes in product(range(members + 1), repeat=len(chances)):
        if sum(votes) != members:
            continue
        ways = factorial(members) / np.prod([factorial(v) for v in votes])
        chance = ways * np.prod([p**v for p, v in zip(chances, votes, strict=True)])
        best = int(np.argmax(votes))
        alone = sorted(votes)[-2] < votes[best]
        won[best if alone and votes[best] >= quorum * members - 1e-9 else -1] += chance
    return won


def deciding(*, members=5, quorum=0.6, customers=100_000, seed=21, rules=None):
    """Members differ by chance alone: votes are multinomial, verdicts are counted by hand."""
    scenario = market(
        {"A": {"quality": 9.0, "price": 8.0}, "B": {"quality": 8.5, "price": 8.0}},
        {"All": {"share": 1.0, "buying_center": {"members": members, "quorum": quorum}}},
        no_purchase_option=True,
        customers=customers,
        periods=2,
    )
    simulation = simulate(scenario, seed=seed, rules=rules)
    chances = logit_shares(np.array([1.0, 0.5]), price_sensitivity=1.0, no_purchase=0.0)
    won = verdicts(chances, members, quorum)
    purchases = simulation.ledger.count("purchases")
    taken = purchases[0, 0]
    checks = proportions("verdict", won, np.append(taken, customers - taken.sum()))
    for s in range(2):  # without a winner, an account stays with its supplier
        stay = won[:3].copy()
        stay[s] += won[3]
        checks += proportions(f"with supplier {s}, verdict", stay, purchases[1, s + 1])
    cast = simulation.ledger.count("votes")[0]
    checks += proportions("vote", chances, cast)
    return checks


def discovering(
    *,
    sd=0.8,
    need_sd=1.2,
    rate=0.2,
    feedback=0.5,
    purchases=4,
    customers=50_000,
    seed=22,
    rules=None,
):
    """One firm, bought from every period: what customers get wrong shrinks by a factor.

    Perceived needs keep the variance v of needs, so that their mean square distance from them
    is 2 v (1 - c) in each dimension, with c = sqrt(1 - u^2) and u the part of the spread that is
    error.
    """
    D, rms = 2, []
    simulate(
        market(
            {"A": {"price": 1.0, "feedback": feedback}},
            {"All": {"share": 1.0, "need_sd": need_sd}},
            self_discovery={"initial_error_sd": sd, "discovery_rate": rate},
            needs=D,
            customers=customers,
            periods=purchases,
        ),
        seed=seed,
        rules=rules,
        each=lambda s: rms.append(measured(s, "self_knowledge_error")),
    )
    factor = 1.0 - min(1.0, rate * (1.0 + feedback))
    checks = []
    for n in range(purchases):
        ignorance = sd / need_sd * factor ** (n + 1)
        expected = need_sd * sqrt(2.0 * D * (1.0 - sqrt(1.0 - ignorance**2)))
        # The mean of D n squared normal variates, to the root.
        error = expected / sqrt(2.0 * D * customers)
        checks.append(Check(f"error after {n + 1}", expected, rms[n], error=error))
    return checks


def lived_with(
    *,
    error=0.6,
    member_sd=0.0,
    tailoring="account",
    members=1,
    customers=100_000,
    seed=23,
    rules=None,
):
    """Nobody learns or buys: what an offer, taught by one need, misses of another."""
    D, v, C, K = 2, 1.2, 0.8, 0.6
    center = {"members": members, "member_need_sd": member_sd, "tailoring": tailoring}
    simulation = simulate(
        market(
            {"A": {"price": 1.0, "customization": C}},
            {
                "All": {
                    "share": 1.0,
                    "need_sd": sqrt(v),
                    "purchase_rate": 0.0,
                    "buying_center": center,
                    "fit_weight": 1.0,
                }
            },
            self_discovery={"initial_error_sd": error},
            initial={"A": {"share": 1.0, "knowledge": K}},
            customers=customers,
            periods=1,
        ),
        seed=seed,
        rules=rules,
    )
    own, kept = member_sd**2, (1.0 - C * K) ** 2
    missed = kept * own if tailoring == "member" else own
    noise = C * C * K * (1.0 - K) * v
    told = (1.0 - C * K * sqrt(1.0 - error**2 / v)) ** 2  # needs that are taken for usual ones
    expected = D * (told * v + missed + (C * K * error) ** 2 + noise)
    untaught = D * (v + own)
    # Squares of 2 D normal variates and more; accounts are independent, members of one are not.
    spread = 2.0 * sqrt(D) * (told * v + missed + (C * K * error) ** 2)
    return [
        Check("fit gap", expected, measured(simulation, "fit_gap"), error=spread / sqrt(customers)),
        Check(
            "fit lost by moving to a twin",
            untaught - expected,
            measured(simulation, "switching_relational"),
            error=2.0 * sqrt(D) * untaught / sqrt(customers),
        ),
    ]


def judged(*, error=0.7, member_sd=0.5, need_sd=1.1, customers=200_000, seed=24, rules=None):
    """One dimension, no learning: shares are logit shares over what people take for their need."""
    weight, need, position = 0.9, 0.4, 1.0
    scenario = market(
        {"A": {"quality": 2.0, "price": 1.0, "position": [position]}},
        {
            "All": {
                "share": 1.0,
                "need_mean": [need],
                "need_sd": need_sd,
                "fit_weight": weight,
                "buying_center": {"members": 1, "member_need_sd": member_sd},
            }
        },
        self_discovery={"initial_error_sd": error},
        needs=1,
        no_purchase_option=True,
        customers=customers,
        periods=1,
    )
    simulation = simulate(scenario, seed=seed, rules=rules)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    distance = need - position + sqrt(need_sd**2 + member_sd**2) * nodes
    worth = 2.0 - 1.0 - weight * distance**2
    buys = float(weights @ (1.0 / (1.0 + np.exp(-worth))))
    checks = proportions("option", [buys, 1.0 - buys], simulation.ledger.count("purchases")[0, 0])
    # What it was worth: chance and the believed fit as in the choice, less what was not so. The
    # need is c times what it is taken for, and the rest independent of that.
    n_own, n_taken, n_rest = np.meshgrid(nodes, nodes, nodes, indexing="ij")
    joint = weights[:, None, None] * weights[:, None] * weights
    start = need - position + member_sd * n_own
    seen = start + need_sd * n_taken
    need_in_use = start + sqrt(need_sd**2 - error**2) * n_taken + error * n_rest
    utility = 1.0 - weight * seen**2
    surplus = np.log1p(np.exp(utility)) + np.euler_gamma
    regret = weight * (seen**2 - need_in_use**2) / (1.0 + np.exp(-utility))
    expected = float((joint * (surplus + regret)).sum())
    got = simulation.latest("market", "consumer_surplus") / scenario.market_size
    square = float((joint * (surplus + regret) ** 2).sum()) - expected**2 + np.pi**2 / 6.0 + 2.0
    checks.append(Check("surplus", expected, got, error=sqrt(square / customers)))
    return checks
