"""Reductions of lifetime value: constant margin, constant retention."""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from cxsim.analytic import lifetime_multiple
from cxsim.runs import simulate
from lab.validation.checks import Check, exactly, measured
from lab.validation.markets import market

__all__ = ["lifetime_value", "perpetual_value", "realized_value"]

MARGIN = 2.0 * (10.0 - 4.0 - 1.5 * 0.6) - 0.8 * 0.5 - 1.2
#: Two units a purchase; unit and customization cost, a contact and the handling of an order.
EARNING = {
    "price": 10.0,
    "unit_cost": 4.0,
    "customization_cost": 1.5,
    "customization": 0.6,
    "interaction_cost": 0.8,
    "interaction": 0.5,
    "cost_to_serve": 1.2,
}


def lifetime_value(
    *, stay=0.95, exit_rate=0.05, discount_rate=0.1, customers=100_000, seed=18, rules=None
):
    """Row 8: two equal firms, a constant chance to stay and to leave the market."""
    simulation = simulate(
        market(
            {"A": EARNING, "B": EARNING},
            {
                "All": {
                    "share": 1.0,
                    "volume": 2.0,
                    "switching_cost": log(stay / (1.0 - stay)),
                    "exit_rate": exit_rate,
                }
            },
            learning_rate=0.0,
            discount_rate=discount_rate,
            customers=customers,
            periods=3,
        ),
        seed=seed,
        rules=rules,
    )
    r = stay * (1.0 - exit_rate)
    expected = MARGIN * float(lifetime_multiple(r, discount_rate=discount_rate))
    held, left = (simulation.ledger.count(name)[-1, 1:] for name in ("customers_before", "left"))
    checks = []
    for f in range(2):
        spread = (1.0 - exit_rate) ** 2 * stay * (1.0 - stay) / held[f]
        spread += stay**2 * exit_rate * (1.0 - exit_rate) / (held[f] + left[f])
        slope = MARGIN * (1.0 + discount_rate) / (1.0 + discount_rate - r) ** 2
        value, customers_held = (
            measured(simulation, n, f) for n in ("customer_lifetime_value_present", "customers")
        )
        checks += [
            Check(f"lifetime value at {f}", expected, value, error=slope * sqrt(spread)),
            exactly(
                f"customer equity of {f}",
                value * customers_held,
                measured(simulation, "customer_equity", f),
            ),
        ]
    return checks


def perpetual_value(*, discount_rate=0.1, customers=2_000, seed=19, rules=None):
    """Nobody leaves the only firm, which earns and saves by what it knows: margin / rate."""
    K, premium, saving, recognition = 0.7, 0.2, 0.3, 0.9
    simulation = simulate(
        market(
            {
                "A": {
                    **EARNING,
                    "identification": recognition,
                    "personal_premium": premium,
                    "service_saving": saving,
                }
            },
            {"All": {"share": 1.0, "volume": 2.0}},
            initial={"A": {"share": 1.0, "knowledge": K}},
            learning_rate=0.0,
            discount_rate=discount_rate,
            customers=customers,
            periods=2,
        ),
        seed=seed,
        rules=rules,
    )
    margin = MARGIN + 2.0 * 10.0 * premium * 0.6 * recognition * K + 1.2 * saving * recognition * K
    expected = margin * float(lifetime_multiple(1.0, discount_rate=discount_rate))
    return [
        exactly("lifetime value", expected, measured(simulation, "customer_lifetime_value_present"))
    ]


def realized_value(*, exit_rate=0.1, discount_rate=0.1, customers=20_000, seed=20, rules=None):
    """Actual contribution of a first cohort after its first purchase, customer by customer."""
    worth = np.zeros(customers)

    def earn(simulation):
        t = simulation.period - 1
        if t > 0:
            still = simulation.customers("entry_period") <= 0
            margin = measured(simulation, "contribution_margin") / measured(simulation, "customers")
            worth[still] += margin / (1.0 + discount_rate) ** t

    simulate(
        market(
            {"A": EARNING},
            {"All": {"share": 1.0, "volume": 2.0, "exit_rate": exit_rate}},
            learning_rate=0.0,
            customers=customers,
            periods=100,  # (.9 / 1.1)^100 is 2e-9 of it
        ),
        seed=seed,
        rules=rules,
        each=earn,
    )
    expected = MARGIN * float(lifetime_multiple(1.0 - exit_rate, discount_rate=discount_rate))
    error = worth.std(ddof=1) / sqrt(customers)
    return [Check("realized value", expected, worth.mean(), error=error)]
