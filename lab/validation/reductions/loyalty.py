"""Reductions of loyalty programmes, contracts and subscriptions."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np

from cxsim.analytic import logit_shares
from cxsim.runs import simulate
from lab.validation.checks import Check, exactly, measured, proportions
from lab.validation.markets import market

__all__ = ["binding", "collecting", "loyal"]


def collecting(*, rate=2.0, value=0.05, threshold=30.0, periods=8, seed=31, rules=None):
    """One firm, bought from every period: points and discounts of one customer, by hand."""
    price, volume, customers = 4.0, 2.0, 1000
    programme = {
        "points_per_currency": rate, "point_value": value, "redemption_threshold": threshold,
    }  # fmt: skip
    scenario = market(
        {"A": {"price": price, "loyalty_programme": programme}},
        {"All": {"share": 1.0, "volume": volume}},
        customers=customers,
        market_size=customers,
        periods=periods,
    )
    names = ("price_paid", "redemptions", "points_liability", "points_issued")
    rows = []
    simulate(
        scenario,
        seed=seed,
        rules=rules,
        each=lambda s: rows.append({name: measured(s, name) for name in names}),
    )
    points, checks = 0.0, []
    for n, row in enumerate(rows):
        discount = min(points * value, price * volume) if points >= threshold else 0.0
        paid = price * volume - discount
        points = points - discount / value + rate * paid
        expected = {
            "price_paid": paid,
            "redemptions": customers * discount,
            "points_issued": customers * rate * paid * value,
            "points_liability": customers * points * value,
        }
        checks += [exactly(f"{what} in {n}", e, row[what]) for what, e in expected.items()]
    return checks


def loyal(*, form="cost", threshold=0.0, customers=100_000, seed=32, rules=None):
    """Two firms, one gives points: shares in the first two periods are logit shares."""
    price, rate, value, outside = 5.0, 1.0, 0.1, 0.3
    quality = np.array([5.2, 5.5])
    programme = {
        "points_per_currency": rate, "point_value": value, "redemption_threshold": threshold,
    }  # fmt: skip
    simulation = simulate(
        market(
            {
                "A": {"quality": quality[0], "price": price, "loyalty_programme": programme},
                "B": {"quality": quality[1], "price": price},
            },
            {"All": {"share": 1.0, "no_purchase_value": outside}},
            no_purchase_option=True,
            switching_cost_form=form,
            customers=customers,
            periods=2,
        ),
        seed=seed,
        rules=rules,
    )
    plain = quality - price
    first = plain + np.array([rate * value * price, 0.0])
    held = rate * price * value  # what one purchase has brought
    discount = held if rate * price >= threshold else 0.0
    second = plain + np.array([rate * value * (price - discount), 0.0])
    second[0] += held if form == "bonus" else 0.0
    second[1] -= held if form == "cost" else 0.0
    purchases = simulation.ledger.count("purchases")
    expected = logit_shares(second, price_sensitivity=1.0, outside=outside)
    checks = proportions(
        "at first", logit_shares(first, price_sensitivity=1.0, outside=outside), purchases[0, 0]
    )
    checks += proportions("with a balance", expected, purchases[1, 1])
    checks += proportions(
        "with the other firm",
        logit_shares(first, price_sensitivity=1.0, outside=outside),
        purchases[1, 2],
    )
    moved = simulation.ledger.count("points_forfeited")[1, 0]
    checks.append(exactly("forfeited", held * purchases[1, 1, 1], float(moved)))
    return checks


def binding(
    *, length=3, fee=0.8, billing="subscription", form="cost", rate=0.4, customers=100_000,
    seed=33, rules=None,
):  # fmt: skip
    """Customers of A choose again while a contract may bind them."""
    quality, outside = np.array([1.4, 1.0]), 0.2
    simulation = simulate(
        market(
            {
                "A": {
                    "quality": quality[0] + 1.0,
                    "price": 1.0,
                    "billing": billing,
                    "contracts": {"length": length, "exit_fee": fee},
                },
                "B": {"quality": quality[1] + 1.0, "price": 1.0},
            },
            {"All": {"share": 1.0, "no_purchase_value": outside, "purchase_rate": rate}},
            no_purchase_option=True,
            switching_cost_form=form,
            customers=customers,
            market_size=customers,
            periods=2,
        ),
        seed=seed,
        rules=rules,
    )
    due = fee if length > 1 else 0.0
    subscribed = billing == "subscription"
    worth, alone = quality.copy(), outside
    if form == "bonus":
        worth[0] += due
    else:
        worth[1] -= due
        alone -= due if subscribed else 0.0
    weights = np.array([exp(worth[0]), exp(worth[1]), exp(alone)])
    again = rate * weights / weights.sum()
    if subscribed:
        again[0] += 1.0 - rate
    purchases = simulation.ledger.count("purchases")[1, 1]
    holders = simulation.ledger.count("customers_before")[1, 1]
    idle = holders - purchases.sum()
    checks = proportions(
        "customer of A takes", np.append(again, 1.0 - again.sum()), np.append(purchases, idle)
    )
    leaving = purchases[1] + (purchases[2] if subscribed else 0.0)
    ended = purchases[2] if subscribed else 0.0
    won = simulation.ledger.count("purchases")[1, :, 0]
    checks += [
        exactly("exit fees", due * leaving, measured(simulation, "exit_fees")),
        exactly("ended", ended, measured(simulation, "subscriptions_ended")),
        exactly(
            "customers", holders - leaving + won[0] + won[2], measured(simulation, "customers")
        ),
        exactly("subscribers", (holders - leaving + won[0] + won[2]) * subscribed,
                measured(simulation, "subscribers")),
    ]  # fmt: skip
    # Stay, or leave: the retention of A's customers, with its binomial error.
    stays = 1.0 - again[1] - (again[2] if subscribed else 0.0)
    error = sqrt(stays * (1.0 - stays) / holders)
    checks.append(Check("retention", stays, measured(simulation, "stayed"), error=error))
    return checks
