"""Reductions of the choice: logit, brand switching, and every term at once."""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np

from cxsim.analytic import (
    logit_shares,
    logit_worth,
    mean_misfit,
    stationary_shares,
    switching_chances,
    switching_matrix,
)
from cxsim.runs import simulate
from lab.validation.checks import Check, exactly, measured, proportions
from lab.validation.markets import market

__all__ = ["known_customers", "logit", "switching"]

# --- logit --------------------------------------------------------------------------

#: Quality less price is worth 1.0, 0.5 and 0.8.
THREE_FIRMS = {
    "A": {"quality": 9.0, "price": 8.0},
    "B": {"quality": 8.5, "price": 8.0},
    "C": {"quality": 9.4, "price": 8.6},
}
WORTH = np.array([1.0, 0.5, 0.8])


def logit(*, outside=None, price_sensitivity=1.0, customers=200_000, seed=11, rules=None):
    """Row 1: quality, price and chance alone make a multinomial logit."""
    scenario = market(
        THREE_FIRMS,
        {
            "All": {
                "share": 1.0,
                "price_sensitivity": price_sensitivity,
                "no_purchase_value": outside or 0.0,
            }
        },
        no_purchase_option=outside is not None,
        customers=customers,
        periods=2,
    )
    simulation = simulate(scenario, seed=seed, rules=rules)
    purchases = simulation.ledger.count("purchases")
    if outside is None:
        purchases = purchases[..., :-1]
    expected = logit_shares(WORTH, price_sensitivity=price_sensitivity, outside=outside)
    checks = proportions("share", expected, purchases[0].sum(axis=0))
    for holder in range(1, len(THREE_FIRMS) + 1):
        # Nothing ties two periods together, so the last purchase says nothing about this one.
        checks += proportions(f"share with holder {holder}", expected, purchases[1, holder])
    if price_sensitivity > 0.0:
        surplus = simulation.latest("market", "consumer_surplus") / scenario.market_size
        worth = logit_worth(WORTH, price_sensitivity=price_sensitivity, outside=outside)
        error = pi / sqrt(6.0) / price_sensitivity / sqrt(customers)
        checks.append(Check("surplus", float(worth) - (outside or 0.0), surplus, error=error))
    return checks


# --- brand switching ----------------------------------------------------------------


def switching(
    *,
    worth=(1.0, 0.7),
    switching_cost=1.2,
    outside=None,
    form="cost",
    price_sensitivity=1.0,
    customers=100_000,
    seed=12,
    rules=None,
):
    """Row 2: a constant switching cost makes a Markov chain of suppliers."""
    setting = {
        "switching_cost": switching_cost,
        "price_sensitivity": price_sensitivity,
        "outside": outside,
        "form": form,
    }
    chain = switching_matrix(worth, **setting)
    chances = switching_chances(worth, **setting)
    suppliers = stationary_shares(chain)
    memory = np.sort(abs(np.linalg.eigvals(chain)))[-2]
    simulation = simulate(
        market(
            {f"Firm {k}": {"quality": v + 5.0, "price": 5.0} for k, v in enumerate(worth)},
            {
                "All": {
                    "share": 1.0,
                    "switching_cost": switching_cost,
                    "price_sensitivity": price_sensitivity,
                    "no_purchase_value": outside or 0.0,
                }
            },
            switching_cost_form=form,
            no_purchase_option=outside is not None,
            customers=customers,
            warm_up=int(log(1e-6) / log(memory)),  # the start is forgotten to a millionth
            periods=1,
        ),
        seed=seed,
        rules=rules,
    )
    holders = simulation.ledger.count("customers_before")[0]
    purchases = simulation.ledger.count("purchases")[0]
    if outside is None:
        purchases = purchases[..., :-1]
    checks = proportions("customers of", suppliers, holders[1:])
    checks += proportions("purchases of", suppliers @ chances, purchases.sum(axis=0))
    for k in range(len(worth)):
        checks += proportions(f"from {k} to", chances[k], purchases[k + 1])
    return checks


# --- all terms of one choice ----------------------------------------------------------


def known_customers(*, form="cost", customers=200_000, seed=13, rules=None):
    """Customers alike in everything, all known to firm 0: each term of the choice by hand."""
    volume, weight, hassle, teaching, moving, sensitivity = 2.0, 0.7, 0.9, 1.1, 0.4, 0.5
    outside, mean = 0.5, np.array([1.0, -0.5])
    quality, price = np.array([6.0, 6.2, 5.0]), np.array([5.0, 5.4, 4.2])
    premium, recognition = np.array([0.10, 0.20, 0.0]), np.array([0.85, 0.9, 0.5])
    interaction, customization = np.array([0.9, 0.3, 0.1]), np.array([0.7, 0.9, 0.2])
    insight, position = np.array([0.4, 0.8, 0.1]), np.array([[0.2, 0.0], [0.0, 0.5], [1.5, 0.0]])
    knowledge = np.array([0.8, 0.0, 0.0])
    scenario = market(
        {
            f"Firm {k}": {
                "quality": quality[k],
                "price": price[k],
                "personal_premium": premium[k],
                "identification": recognition[k],
                "interaction": interaction[k],
                "customization": customization[k],
                "segment_insight": insight[k],
                "position": position[k].tolist(),
            }
            for k in range(3)
        },
        {
            "All": {
                "share": 1.0,
                "need_mean": mean.tolist(),
                "need_sd": 0.0,
                "price_sensitivity": sensitivity,
                "volume": volume,
                "fit_weight": weight,
                "ordering_effort": hassle,
                "onboarding_effort": teaching,
                "switching_cost": moving,
                "no_purchase_value": outside,
            }
        },
        initial={"Firm 0": {"share": 1.0, "tenure": 5, "knowledge": 0.8}},
        learning_rate=0.0,
        switching_cost_form=form,
        no_purchase_option=True,
        customers=customers,
        periods=1,
    )
    simulation = simulate(scenario, seed=seed, rules=rules)

    def misfit(knowledge):
        return mean_misfit(
            knowledge,
            customization=customization,
            need_variance=0.0,
            gap=np.linalg.norm(mean - position, axis=1),
            segment_insight=insight,
            recognition=recognition,
        )

    asked = price * (1.0 + premium * customization * recognition * knowledge)
    worth = volume * (quality - weight * misfit(knowledge) - asked)
    worth -= hassle * (1.0 - recognition * interaction * knowledge)
    if form == "cost":
        worth[1:] -= moving + teaching * customization[1:] * knowledge[0]
    else:
        worth[0] += moving + teaching * customization[0] * knowledge[0]
    expected = logit_shares(worth, price_sensitivity=sensitivity, outside=outside)
    checks = proportions("option", expected, simulation.ledger.count("purchases")[0, 1])

    # What those who stayed would lose by moving to a twin of firm 0 that knows nothing yet.
    lost = {
        "switching_procedural": moving + teaching * customization[0] * knowledge[0],
        "switching_financial": -volume * (asked - price)[0],
        "switching_relational": volume * weight * (misfit(0.0 * knowledge) - misfit(knowledge))[0]
        + hassle * (recognition * interaction * knowledge)[0],
        "price_paid": volume * asked[0],
        "fit_gap": misfit(knowledge)[0],
    }
    checks += [exactly(what, value, measured(simulation, what)) for what, value in lost.items()]
    return checks
