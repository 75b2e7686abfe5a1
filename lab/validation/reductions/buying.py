"""Reductions of repeat buying: tastes that differ, rates that differ, and no loyalty at all."""

from __future__ import annotations

from math import sqrt

import numpy as np

from cxsim.analytic import dirichlet_buying, dirichlet_switching
from cxsim.runs import simulate
from lab.validation.checks import Check, proportions
from lab.validation.markets import market

__all__ = ["TASTES", "dirichlet_market", "taste_switching"]

#: Shapes of the tastes for four brands: shares of 50, 30, 15 and 5 percent.
TASTES = {"Large": 0.60, "Medium": 0.36, "Small": 0.18, "Tiny": 0.06}


def dirichlet_market(
    *,
    purchases=3.0,
    rate=0.002,
    rate_shape=0.9,
    price_sensitivity=2.0,
    customers=20_000,
    seed=22,
    rules=None,
) -> list[Check]:
    """Row 11: log-gamma tastes and gamma purchase rates make the NBD-Dirichlet market.

    A period is so short that hardly anybody would have bought twice in it, which the chance
    1 - exp(-rate) of one purchase a period leaves out.
    """
    names = sorted(TASTES)  # firms are kept in name order
    shapes = np.array([TASTES[name] for name in names])
    simulation = simulate(
        market(
            {name: {"price": 5.0, "quality": 5.0} for name in names},
            {
                "All": {
                    "share": 1.0,
                    "price_sensitivity": price_sensitivity,
                    "brand_taste": "log_gamma",
                    "brand_taste_shape": TASTES,
                    "purchase_rate": rate,
                    "purchase_rate_shape": rate_shape,
                }
            },
            customers=customers,
            periods=round(purchases / rate),
        ),
        seed=seed,
        rules=rules,
        probes=("customers",),
    )
    bought = simulation.customers("bought")
    expected = dirichlet_buying(shapes, purchases=purchases, purchase_rate_shape=rate_shape)
    checks = []
    for j, name in enumerate(names):
        p, often = expected.penetration[j], bought[j][bought[j] > 0]
        checks += [
            Check(
                f"penetration of {name}",
                float(p),
                float((bought[j] > 0).mean()),
                error=sqrt(p * (1.0 - p) / customers),
            ),
            Check(
                f"purchases per buyer of {name}",
                float(expected.frequency[j]),
                float(often.mean()),
                error=float(often.std(ddof=1)) / sqrt(len(often)),
            ),
            Check(
                f"share of {name}",
                float(shapes[j] / shapes.sum()),
                float(bought[j].sum() / bought.sum()),
                error=_error_of_share(bought, j),
            ),
        ]
    return checks


def taste_switching(
    *, price_sensitivity=2.0, customers=200_000, seed=23, rules=None
) -> list[Check]:
    """Row 11: everybody buys twice; how often from the same firm is a matter of taste alone."""
    names = sorted(TASTES)
    simulation = simulate(
        market(
            {name: {"price": 5.0, "quality": 5.0} for name in names},
            {
                "All": {
                    "share": 1.0,
                    "price_sensitivity": price_sensitivity,
                    "brand_taste": "log_gamma",
                    "brand_taste_shape": TASTES,
                }
            },
            customers=customers,
            periods=2,
        ),
        seed=seed,
        rules=rules,
    )
    bought = simulation.ledger.count("purchases")[1, 1:, :-1]
    matrix = dirichlet_switching([TASTES[name] for name in names])
    return [
        Check(f"from {name} to {to}", row.expected, row.obtained, row.error)
        for j, name in enumerate(names)
        for to, row in zip(names, proportions("", matrix[j], bought[j]), strict=True)
    ]


def _error_of_share(bought: np.ndarray, firm: int) -> float:
    """Return the standard error of a ratio of two means over customers (delta method)."""
    total = bought.sum(axis=0)
    share = bought[firm].sum() / total.sum()
    off = (bought[firm] - share * total) / total.mean()
    return float(off.std(ddof=1)) / sqrt(len(total))
