"""Reductions of pricing: prices of firms with a benchmark policy, and what leaving them costs.

Customers alike in everything make demand known, so that what chance leaves in prices comes
from how customers happen to be split, and from rounding.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from cxsim.analytic import logit_bertrand, loyalty_prices, posted_prices, switching_chances
from cxsim.firms.policies import Farsighted
from cxsim.runs import simulate
from lab.validation.checks import Check, proportions
from lab.validation.markets import market

#: Prices at equal bases without cost, price sensitivity 1, discount factor .9, no outside
#: option: the value of staying in utils, and the price.
POSTED = ((0.0, 2.0), (0.25, 1.8804), (0.5, 1.8198), (1.0, 1.8872), (1.5, 2.2718))


def duopoly(
    policy,
    *,
    loyalty=0.0,
    quality=(1.0, 1.0),
    cost=0.0,
    price=1.5,
    price_sensitivity=1.0,
    outside=None,
    form="cost",
    discount_factor=0.9,
    split=0.5,
    **world,
):
    """Return two firms and customers alike in everything but their supplier.

    ``policy`` is that of both firms, or one for each.
    """
    names = ("Ann", "Bob")
    policies = policy if isinstance(policy, tuple) else (policy, policy)
    return market(
        {
            name: {"price": price, "quality": d, "unit_cost": cost, "policy": {"pricing": p}}
            for name, d, p in zip(names, quality, policies, strict=True)
        },
        {
            "All": {
                "share": 1.0,
                "price_sensitivity": price_sensitivity,
                "switching_cost": loyalty / price_sensitivity,
                "no_purchase_value": outside or 0.0,
            }
        },
        no_purchase_option=outside is not None,
        switching_cost_form=form,
        discount_rate=1.0 / discount_factor - 1.0,
        initial={
            name: {"share": share, "tenure": 1}
            for name, share in zip(names, (split, 1.0 - split), strict=True)
        },
        **world,
    )


def _prices(simulation):
    return simulation.ledger.firm("price")


# --- firms that look at this period only --------------------------------------------------


def bertrand(
    *,
    firms=2,
    outside=None,
    price_sensitivity=1.0,
    quality=None,
    customers=60_000,
    seed=21,
    rules=None,
):
    """Row 4: best responses to rivals' last prices settle at the logit Bertrand equilibrium."""
    worth = np.full(firms, 1.0) if quality is None else np.array(quality)
    scenario = market(
        {
            f"Firm {k}": {
                "price": 1.5,
                "quality": d,
                "unit_cost": 1.0,
                "policy": {"pricing": "best_response"},
            }
            for k, d in enumerate(worth)
        },
        {
            "All": {
                "share": 1.0,
                "price_sensitivity": price_sensitivity,
                "no_purchase_value": outside or 0.0,
            }
        },
        no_purchase_option=outside is not None,
        customers=customers,
        periods=30,
    )
    simulation = simulate(scenario, seed=seed, rules=rules)
    expected = logit_bertrand(
        1.0, quality=worth, price_sensitivity=price_sensitivity, outside=outside
    )
    checks = [
        Check(f"price of firm {k}", p, obtained, rounding=1e-6 * p)
        for k, (p, obtained) in enumerate(zip(expected.price, _prices(simulation)[-1], strict=True))
    ]
    purchases = simulation.ledger.count("purchases")[-12:].sum(axis=(0, 1))
    if outside is None:
        purchases = purchases[:-1]
    return checks + proportions("share of option", expected.share, purchases)


def myopic(
    *,
    loyalty=1.0,
    price_sensitivity=2.0,
    cost=0.7,
    form="cost",
    customers=60_000,
    seed=22,
    rules=None,
):
    """Best responses where customers are loyal: p = c + 1 / (2 a q (1 - q)) at equal bases."""
    scenario = duopoly(
        "best_response",
        loyalty=loyalty,
        price_sensitivity=price_sensitivity,
        cost=cost,
        form=form,
        customers=customers,
        periods=30,
    )
    simulation = simulate(scenario, seed=seed, rules=rules)
    q = 1.0 / (1.0 + np.exp(-loyalty))
    expected = cost + 1.0 / (2.0 * price_sensitivity * q * (1.0 - q))
    # Chance splits customers a little unequally; that moves the two prices apart, not their mean.
    return [
        Check("mean price", expected, _prices(simulation)[-10:].mean(), rounding=1e-3 * expected)
    ]


# --- firms that look ahead ----------------------------------------------------------------


def farsighted(
    *,
    loyalty=1.0,
    price=None,
    split=0.5,
    quality=(1.0, 1.0),
    outside=None,
    form="cost",
    customers=200_000,
    seed=23,
):
    """Prices by the split of customers, and the next split that they bring."""
    setting = {"outside": outside, "form": form, "quality": quality}
    scenario = duopoly(
        "farsighted", loyalty=loyalty, split=split, customers=customers, periods=12, **setting
    )
    simulation = simulate(scenario, seed=seed)
    holders = simulation.ledger.count("customers_before")[:, 1:]
    prices = _prices(simulation)
    checks = []
    if price is not None:
        checks.append(
            Check("mean price at equal bases", price, prices.mean(), rounding=1e-4 + 5e-4 * price)
        )
    for period in (0, 1, 5):
        n = holders[period, 0] / customers
        game = posted_prices(loyalty, base=n, discount_factor=0.9, **setting)
        checks += [
            Check(f"price of {name} in period {period}", p, got, rounding=1e-6 * p)
            for name, p, got in zip(
                ("Ann", "Bob"), (game.own, game.rival), prices[period], strict=True
            )
        ]
        bought = simulation.ledger.count("purchases")[period, 1:]
        chances = switching_chances(
            np.array(quality) - [game.own, game.rival],
            switching_cost=loyalty,
            outside=outside,
            form=form,
        )
        for supplier, row in enumerate(chances):
            counts = bought[supplier] if outside is not None else bought[supplier, :-1]
            checks += proportions(f"from {supplier} in period {period} to", row, counts)
    return checks


def one_buyer(*, loyalty=1.0, discount_factor=0.9, cost=2.0, periods=4000, seed=24):
    """One customer and prices by whose customer it is: the closed form of the duopoly."""
    policy = {"name": "farsighted", "buyers": "one"}
    scenario = duopoly(
        policy,
        loyalty=loyalty,
        cost=cost,
        discount_factor=discount_factor,
        split=1.0,
        customers=1,
        market_size=1.0,
        periods=periods,
    )
    simulation = simulate(scenario, seed=seed)
    expected = loyalty_prices(loyalty, discount_factor=discount_factor, cost=cost)
    holder = simulation.ledger.count("customers_before")[:, 1:].argmax(axis=1)
    prices = _prices(simulation)
    own = prices[np.arange(periods), holder]
    rival = prices[np.arange(periods), 1 - holder]
    bought = simulation.ledger.count("purchases")[:, 1:, :-1].sum(axis=1).argmax(axis=1)
    again = np.array([(bought == holder).sum(), (bought != holder).sum()])
    q = float(expected.repeat)
    # Whether the customer repeats is independent between periods, and so is what it pays.
    spread = abs(float(expected.own - expected.rival)) * sqrt(q * (1.0 - q) / periods)
    paid = simulation.ledger.total("revenue").sum() / periods
    return [
        Check("price to the own customer", float(expected.own), own.mean(), rounding=1e-6),
        Check("price to the rival's customer", float(expected.rival), rival.mean(), rounding=1e-6),
        Check("price paid", float(expected.paid), paid, error=spread, rounding=1e-6),
        *proportions("repeat", [q, 1.0 - q], again),
    ]


class Deviant(Farsighted):
    """Ask something else than the equilibrium says: once, or in every period."""

    by: float = 0.0
    once: bool = True

    def decide(self, known):
        """Return the equilibrium price, off by some amount."""
        off = self.by if known.period == 0 or not self.once else 0.0
        return super().decide(known) + off


class Habitual(Deviant):
    """Ask a price that is no equilibrium's, and depart from it."""

    asks: float = 2.0

    def decide(self, known):
        """Return the habitual price, off by some amount."""
        return self.asks + (self.by if known.period == 0 or not self.once else 0.0)


def deviations(
    *,
    by=0.3,
    once=True,
    loyalty=1.0,
    quality=(1.0, 1.0),
    outside=None,
    form="cost",
    split=0.5,
    base="Deviant",
    asks=None,
    customers=20_000,
    periods=60,
    pairs=8,
    seed=0,
):
    """Gain of the first firm by prices other than the equilibrium's, in present value.

    Expected is what the deviation brings on the mean path of customers, which no firm that
    plays an equilibrium may like; obtained is the mean difference between paired runs, per
    customer.
    """
    B = 0.9
    setting = {"outside": outside, "form": form, "quality": quality}
    where = f"lab.validation.reductions.pricing:{base}"
    more = {} if asks is None else {"asks": asks}
    world = {"loyalty": loyalty, "split": split, "customers": customers, "periods": periods}
    weights = B ** np.arange(periods)
    rival = "farsighted" if asks is None else {"name": where, **more}
    gains = []
    for pair in range(seed, seed + pairs):
        values = []
        for off in (0.0, by):
            policy = {"name": where, "by": off, "once": once, **more}
            simulation = simulate(duopoly((policy, rival), **setting, **world), seed=pair)
            values.append(simulation.ledger.count("revenue")[:, 0] @ weights / customers)
        gains.append(values[1] - values[0])
    expected = _path(by, once, asks, loyalty, split, periods, B, setting) - _path(
        0.0, once, asks, loyalty, split, periods, B, setting
    )
    error = np.std(gains, ddof=1) / sqrt(pairs)
    what = f"gain by asking {by:+g} {'once' if once else 'always'}"
    return [Check(what, expected, float(np.mean(gains)), error=float(error))]


def _path(by, once, asks, loyalty, split, periods, discount_factor, setting):
    """Return the present value of the first firm's revenue on the mean path of customers."""
    n, value = split, 0.0
    for period in range(periods):
        if asks is None:
            game = posted_prices(loyalty, base=n, discount_factor=discount_factor, **setting)
            prices = np.array([float(game.own), float(game.rival)])
        else:
            prices = np.array([asks, asks])
        prices[0] += by if period == 0 or not once else 0.0
        chances = switching_chances(
            np.array(setting["quality"]) - prices,
            switching_cost=loyalty,
            outside=setting["outside"],
            form=setting["form"],
        )
        bases = np.array([n, 1.0 - n])
        value += discount_factor**period * prices[0] * (bases @ chances[:, 0])
        n = n + bases[1] * chances[1, 0] - bases[0] * chances[0, 1]
    return value


__all__ = [
    "POSTED",
    "bertrand",
    "deviations",
    "farsighted",
    "myopic",
    "one_buyer",
]
